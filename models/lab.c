/* SPDX-License-Identifier: MIT */
/*
 * lab: a card for tests. It does what it is told, when it is told, at any address of 64 bits: one engine that copies between
 * memory and 64 KiB of its own, four interrupt vectors. It has no counterpart outside dmakit.
 *
 * On PCI it is 1234:11e9; on the platform bus its node says compatible = "dmakit,lab".
 * BAR 0 (reg 0), 4 KiB: the registers below, accessed with 4 bytes; DMA_ADDRESS with 8 too.
 * BAR 1 (reg 1), 64 KiB: the buffer, accessed with any width.
 *
 *	0x00  RO  ID: 0x0001ab00
 *	0x04  RW  SCRATCH: a word that does nothing
 *	0x08  RO  STATUS: bit 0 busy; bit 1 the last command failed
 *	0x0c  RO  ERROR: why it failed: 5 refused by the bus, 16 a command was given while busy, 22 it leaves the buffer
 *	0x10  RW  DMA_ADDRESS: bus address, 64 bits (high half at 0x14)
 *	0x18  RW  LENGTH: bytes
 *	0x1c  RW  OFFSET: where in the buffer
 *	0x20  WO  COMMAND: bit 0 start; bit 1 from the card to memory, else memory to the card; bit 2 raise VECTOR at the end
 *	0x24  RW  DELAY: microseconds from the command to the bytes' move; 0: they have moved when the register write returns
 *	0x28  RW  VECTOR: 0 .. 3, of the interrupt at the end
 *	0x2c  RO  IRQ_STATUS: a bit a vector, raised and not acknowledged
 *	0x30  WO  IRQ_RAISE: raise these
 *	0x34  WO  IRQ_ACK: acknowledge these
 *	0x38  RO  COMPLETED: commands that ended, well or not
 *	0x3c  WO  RESET: any write puts the card back to power-on
 *
 * With MSI-X each vector has its message. Without, one line (INTA#, or the platform device's interrupt 0) is up while any bit of
 * IRQ_STATUS is. What address, length, offset, direction and vector a command uses is settled when it is given. A command
 * given while one is under way is not done: it sets STATUS bit 1 and ERROR.
 */
#include <dmakit/model.h>

#include <errno.h>
#include <string.h>

enum {
	LAB_ID = 0x00,
	LAB_SCRATCH = 0x04,
	LAB_STATUS = 0x08,
	LAB_ERROR = 0x0c,
	LAB_DMA_ADDRESS = 0x10,
	LAB_DMA_ADDRESS_HIGH = 0x14,
	LAB_LENGTH = 0x18,
	LAB_OFFSET = 0x1c,
	LAB_COMMAND = 0x20,
	LAB_DELAY = 0x24,
	LAB_VECTOR = 0x28,
	LAB_IRQ_STATUS = 0x2c,
	LAB_IRQ_RAISE = 0x30,
	LAB_IRQ_ACK = 0x34,
	LAB_COMPLETED = 0x38,
	LAB_RESET = 0x3c,

	STATUS_BUSY = 1,
	STATUS_FAILED = 2,

	COMMAND_START = 1,
	COMMAND_TO_MEMORY = 2,
	COMMAND_RAISE = 4,

	LAB_VECTORS = 4,
	LAB_BUFFER = 64 << 10,
};

struct lab_command {
	uint64_t dma;
	uint32_t length, offset, command, vector;
};

struct lab {
	struct lab_command next, running;
	uint32_t scratch, status, error, delay, irq_status, completed;
	uint64_t cookie;
	uint8_t buffer[LAB_BUFFER];
};

static void lab_line(struct dmk_instance *card, const struct lab *lab)
{
	dmk_instance_irq(card, 0, lab->irq_status != 0);
}

static void lab_raise(struct dmk_instance *card, struct lab *lab, uint32_t vectors)
{
	vectors &= (1u << LAB_VECTORS) - 1;
	lab->irq_status |= vectors;
	for (unsigned int i = 0; i < LAB_VECTORS; i++)
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
	lab->status |= STATUS_FAILED;
	lab->error = error;
}

static void lab_move(struct dmk_instance *card, void *state)
{
	struct lab *lab = state;
	const struct lab_command *command = &lab->running;
	uint8_t *bytes = lab->buffer + command->offset;
	int error = 0;

	if (command->length && (command->command & COMMAND_TO_MEMORY))
		error = dmk_instance_write(card, command->dma, bytes, command->length);
	else if (command->length)
		error = dmk_instance_read(card, command->dma, bytes, command->length);
	dmk_instance_end(card, lab->cookie);
	if (error)
		lab_fail(lab, -error);
	lab->status &= ~STATUS_BUSY;
	lab->completed++;
	if (command->command & COMMAND_RAISE)
		lab_raise(card, lab, 1u << command->vector);
}

static bool lab_leaves_buffer(const struct lab_command *command)
{
	return command->offset > LAB_BUFFER || command->length > LAB_BUFFER - command->offset;
}

static void lab_command(struct dmk_instance *card, struct lab *lab, uint32_t command)
{
	if (!(command & COMMAND_START))
		return;
	if (lab->status & STATUS_BUSY) {
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
	lab->status = STATUS_BUSY;
	lab->cookie = dmk_instance_begin(card, lab->running.dma, lab->running.length,
					 command & COMMAND_TO_MEMORY);
	if (lab->delay)
		dmk_instance_after(card, lab->delay, lab_move);
	else
		lab_move(card, lab);
}

static void lab_reset(struct dmk_instance *card, void *state)
{
	struct lab *lab = state;

	dmk_instance_cancel(card, lab_move);
	if (lab->status & STATUS_BUSY)
		dmk_instance_end(card, lab->cookie);
	memset(lab, 0, sizeof(*lab));
	lab_line(card, lab);
}

static uint64_t lab_register(const struct lab *lab, uint64_t offset)
{
	switch (offset) {
	case LAB_ID:
		return 0x0001ab00;
	case LAB_SCRATCH:
		return lab->scratch;
	case LAB_STATUS:
		return lab->status;
	case LAB_ERROR:
		return lab->error;
	case LAB_DMA_ADDRESS:
		return lab->next.dma & 0xffffffff;
	case LAB_DMA_ADDRESS_HIGH:
		return lab->next.dma >> 32;
	case LAB_LENGTH:
		return lab->next.length;
	case LAB_OFFSET:
		return lab->next.offset;
	case LAB_DELAY:
		return lab->delay;
	case LAB_VECTOR:
		return lab->next.vector;
	case LAB_IRQ_STATUS:
		return lab->irq_status;
	case LAB_COMPLETED:
		return lab->completed;
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
	if (width == 8 && offset == LAB_DMA_ADDRESS)
		return lab->next.dma;
	return width == 4 ? lab_register(lab, offset) : ~0ULL;
}

static void lab_set_register(struct dmk_instance *card, struct lab *lab, uint64_t offset,
			     uint32_t value)
{
	switch (offset) {
	case LAB_SCRATCH:
		lab->scratch = value;
		break;
	case LAB_DMA_ADDRESS:
		lab->next.dma = (lab->next.dma & ~0xffffffffULL) | value;
		break;
	case LAB_DMA_ADDRESS_HIGH:
		lab->next.dma = (lab->next.dma & 0xffffffffULL) | (uint64_t)value << 32;
		break;
	case LAB_LENGTH:
		lab->next.length = value;
		break;
	case LAB_OFFSET:
		lab->next.offset = value;
		break;
	case LAB_COMMAND:
		lab_command(card, lab, value);
		break;
	case LAB_DELAY:
		lab->delay = value;
		break;
	case LAB_VECTOR:
		lab->next.vector = value % LAB_VECTORS;
		break;
	case LAB_IRQ_RAISE:
		lab_raise(card, lab, value);
		break;
	case LAB_IRQ_ACK:
		lab_acknowledge(card, lab, value);
		break;
	case LAB_RESET:
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
	else if (width == 8 && offset == LAB_DMA_ADDRESS)
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
	.bar = { { DMK_BAR_MMIO32, 4096 }, { DMK_BAR_MMIO64_PREFETCH, LAB_BUFFER } },
	.intx = true,
	.msix_vectors = LAB_VECTORS,
	.compatible = "dmakit,lab",
	.state_size = sizeof(struct lab),
	.start = lab_start,
	.reset = lab_reset,
	.stop = lab_stop,
	.read = lab_read,
	.write = lab_write,
};
