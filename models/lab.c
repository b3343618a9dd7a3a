/* SPDX-License-Identifier: MIT */
/*
 * lab: a card for tests, which does what it is told, when it is told. Its registers are
 * dmakit/lab.h's.
 */
#include <dmakit/lab.h>
#include <dmakit/model.h>

#include <errno.h>
#include <string.h>

struct lab_command {
	uint64_t dma;
	uint32_t length, offset, command, vector, channel;
};

struct lab {
	struct lab_command next, running;
	uint32_t scratch, status, error, delay, irq_status, completed, moved;
	uint64_t cookie;
	uint8_t buffer[DMK_LAB_BUFFER];
};

static void lab_line(struct dmk_instance *card, const struct lab *lab)
{
	dmk_instance_irq(card, 0, lab->irq_status != 0);
}

static void lab_raise(struct dmk_instance *card, struct lab *lab, uint32_t vectors)
{
	vectors &= (1u << DMK_LAB_VECTORS) - 1;
	lab->irq_status |= vectors;
	for (unsigned int i = 0; i < DMK_LAB_VECTORS; i++)
		if (vectors & 1u << i)
			dmk_instance_msi(card, i);
	lab_line(card, lab);
}

static void lab_acknowledge(struct dmk_instance *card, struct lab *lab, uint32_t vectors)
{
	lab->irq_status &= ~vectors;
	lab_line(card, lab);
}

static void lab_fail(struct lab *lab, int error)
{
	lab->status |= DMK_LAB_FAILED;
	lab->error = error;
}

/* Where the bytes go, the controller knows. */
static void lab_move_channeled(struct dmk_instance *card, struct lab *lab)
{
	const struct lab_command *command = &lab->running;
	bool end;

	lab->moved = dmk_instance_channel(card, command->channel, lab->buffer + command->offset,
					  command->length, command->command & DMK_LAB_TO_MEMORY,
					  &end);
	if (end)
		lab->moved |= DMK_LAB_COUNT_REACHED;
}

static void lab_move(struct dmk_instance *card, void *state)
{
	struct lab *lab = state;
	const struct lab_command *command = &lab->running;
	uint8_t *bytes = lab->buffer + command->offset;
	int error = 0;

	if (command->command & DMK_LAB_CHANNELED)
		lab_move_channeled(card, lab);
	else if (command->length && (command->command & DMK_LAB_TO_MEMORY))
		error = dmk_instance_write(card, command->dma, bytes, command->length);
	else if (command->length)
		error = dmk_instance_read(card, command->dma, bytes, command->length);
	dmk_instance_end(card, lab->cookie);
	if (error)
		lab_fail(lab, -error);
	lab->status &= ~DMK_LAB_BUSY;
	lab->completed++;
	if (command->command & DMK_LAB_RAISE)
		lab_raise(card, lab, 1u << command->vector);
}

static bool lab_leaves_buffer(const struct lab_command *command)
{
	return command->offset > DMK_LAB_BUFFER ||
	       command->length > DMK_LAB_BUFFER - command->offset;
}

static void lab_command(struct dmk_instance *card, struct lab *lab, uint32_t command)
{
	if (!(command & DMK_LAB_START))
		return;
	if (lab->status & DMK_LAB_BUSY) {
		lab_fail(lab, EBUSY);
		return;
	}
	lab->status = 0;
	lab->error = 0;
	if (lab_leaves_buffer(&lab->next)) {
		lab_fail(lab, EINVAL);
		lab->completed++;
		return;
	}
	lab->running = lab->next;
	lab->running.command = command;
	lab->status = DMK_LAB_BUSY;
	/* Of a channel's transfer the card does not know where it is. */
	lab->cookie = dmk_instance_begin(card, lab->running.dma,
					 command & DMK_LAB_CHANNELED ? 0 : lab->running.length,
					 command & DMK_LAB_TO_MEMORY);
	if (lab->delay)
		dmk_instance_after(card, lab->delay, lab_move);
	else
		lab_move(card, lab);
}

static void lab_reset(struct dmk_instance *card, void *state)
{
	struct lab *lab = state;

	dmk_instance_cancel(card, lab_move);
	if (lab->status & DMK_LAB_BUSY)
		dmk_instance_end(card, lab->cookie);
	memset(lab, 0, sizeof(*lab));
	lab_line(card, lab);
}

static uint64_t lab_register(const struct lab *lab, uint64_t offset)
{
	switch (offset) {
	case DMK_LAB_ID:
		return 0x0001ab00;
	case DMK_LAB_SCRATCH:
		return lab->scratch;
	case DMK_LAB_STATUS:
		return lab->status;
	case DMK_LAB_ERROR:
		return lab->error;
	case DMK_LAB_ADDRESS:
		return lab->next.dma & 0xffffffff;
	case DMK_LAB_ADDRESS_HIGH:
		return lab->next.dma >> 32;
	case DMK_LAB_LENGTH:
		return lab->next.length;
	case DMK_LAB_OFFSET:
		return lab->next.offset;
	case DMK_LAB_DELAY:
		return lab->delay;
	case DMK_LAB_VECTOR:
		return lab->next.vector;
	case DMK_LAB_IRQ_STATUS:
		return lab->irq_status;
	case DMK_LAB_COMPLETED:
		return lab->completed;
	case DMK_LAB_CHANNEL:
		return lab->next.channel;
	case DMK_LAB_MOVED:
		return lab->moved;
	}
	return 0xffffffff;
}

static uint64_t lab_read(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
			 unsigned int width)
{
	const struct lab *lab = state;
	uint64_t value = 0;

	if (bar == 1) {
		memcpy(&value, lab->buffer + offset, width);
		return value;
	}
	if (width == 8 && offset == DMK_LAB_ADDRESS)
		return lab->next.dma;
	return width == 4 ? lab_register(lab, offset) : ~0ULL;
}

static void lab_set_register(struct dmk_instance *card, struct lab *lab, uint64_t offset,
			     uint32_t value)
{
	switch (offset) {
	case DMK_LAB_SCRATCH:
		lab->scratch = value;
		break;
	case DMK_LAB_ADDRESS:
		lab->next.dma = (lab->next.dma & ~0xffffffffULL) | value;
		break;
	case DMK_LAB_ADDRESS_HIGH:
		lab->next.dma = (lab->next.dma & 0xffffffffULL) | (uint64_t)value << 32;
		break;
	case DMK_LAB_LENGTH:
		lab->next.length = value;
		break;
	case DMK_LAB_OFFSET:
		lab->next.offset = value;
		break;
	case DMK_LAB_COMMAND:
		lab_command(card, lab, value);
		break;
	case DMK_LAB_DELAY:
		lab->delay = value;
		break;
	case DMK_LAB_VECTOR:
		lab->next.vector = value % DMK_LAB_VECTORS;
		break;
	case DMK_LAB_IRQ_RAISE:
		lab_raise(card, lab, value);
		break;
	case DMK_LAB_IRQ_ACK:
		lab_acknowledge(card, lab, value);
		break;
	case DMK_LAB_CHANNEL:
		lab->next.channel = value % 8;
		break;
	case DMK_LAB_RESET:
		lab_reset(card, lab);
		break;
	}
}

static void lab_write(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		      unsigned int width, uint64_t value)
{
	struct lab *lab = state;

	if (bar == 1)
		memcpy(lab->buffer + offset, &value, width);
	else if (width == 8 && offset == DMK_LAB_ADDRESS)
		lab->next.dma = value;
	else if (width == 4)
		lab_set_register(card, lab, offset, value);
}

static int lab_start(struct dmk_instance *card, void *state)
{
	return 0;
}

static void lab_stop(struct dmk_instance *card, void *state)
{
}

const struct dmk_model dmk_model_lab = {
	.name = "lab",
	.summary = "a card for tests: copies at any 64-bit address, now or later; 4 vectors",
	.pci = { .vendor = 0x1234,
		 .device = 0x11e9,
		 .subsystem_vendor = 0x1234,
		 .subsystem = 0x0001,
		 .class_code = 0x00ff00,
		 .revision = 1 },
	.bar = { { DMK_BAR_MMIO32, 4096 }, { DMK_BAR_MMIO64_PREFETCH, DMK_LAB_BUFFER } },
	.intx = true,
	.msix_vectors = DMK_LAB_VECTORS,
	.compatible = "dmakit,lab",
	.state_size = sizeof(struct lab),
	.start = lab_start,
	.reset = lab_reset,
	.stop = lab_stop,
	.read = lab_read,
	.write = lab_write,
};
