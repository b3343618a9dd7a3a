/* SPDX-License-Identifier: MIT */
/*
 * edu: the teaching card that QEMU has too, with the same registers (QEMU's document "EDU device",
 * docs/specs/edu), so that one driver runs here and there. Also the template for models: everything
 * a card does is in this file, and nothing of the machine is.
 *
 * BAR 0, 1 MiB. Registers below 0x80 take accesses of 4 bytes, from 0x80 on of 4 or 8; anything
 * else reads as all ones and is dropped.
 *
 *	0x00  RO  identification: 0x010000ed (version 1.0, then the letters)
 *	0x04  RW  liveness: reads back the complement of what was written
 *	0x08  RW  factorial: write n, and when status says it is done read n! modulo 2^32
 *	0x20  RW  status: bit 0 (RO) computing; bit 7 raise interrupt 0x001 when a factorial is done
 *	0x24  RO  interrupt status: what was raised and not acknowledged
 *	0x60  WO  raise: these bits are set in the interrupt status, and the interrupt sent
 *	0x64  WO  acknowledge: these bits are cleared
 *	0x80  RW  DMA source
 *	0x88  RW  DMA destination
 *	0x90  RW  DMA count, bytes
 *	0x98  RW  DMA command: bit 0 start (reads 1 while it runs); bit 1 from the card to memory, else memory to the card;
 *	          bit 2 raise interrupt 0x100 at the end
 *
 * One side of a transfer is a DMA address, the other lies in the card's buffer of 4 KiB, which the
 * card itself sees at 0x40000 (it is no register: reads there give all ones). The card drives as
 * many address lines as `dma_mask` says and loses the bits above, as cards do: a handle that does
 * not fit goes to the wrong place. Where QEMU's card stops the whole machine (a transfer that
 * leaves the buffer), this one moves nothing and ends the transfer.
 */
#include <dmakit/model.h>

#include <errno.h>

enum {
	EDU_ID = 0x00,
	EDU_LIVENESS = 0x04,
	EDU_FACTORIAL = 0x08,
	EDU_STATUS = 0x20,
	EDU_IRQ_STATUS = 0x24,
	EDU_IRQ_RAISE = 0x60,
	EDU_IRQ_ACK = 0x64,
	EDU_DMA_SRC = 0x80,
	EDU_DMA_DST = 0x88,
	EDU_DMA_COUNT = 0x90,
	EDU_DMA_COMMAND = 0x98,

	EDU_WIDE = 0x80, /* registers from here on may be accessed with 8 bytes */

	STATUS_COMPUTING = 0x01,
	STATUS_RAISE = 0x80,

	COMMAND_START = 1,
	COMMAND_TO_MEMORY = 2,
	COMMAND_RAISE = 4,

	IRQ_FACTORIAL = 0x001,
	IRQ_DMA = 0x100,

	BUFFER_AT = 0x40000,
	BUFFER_SIZE = 4096,
	FACTORIAL_USEC = 10,
};

struct edu {
	uint64_t dma_mask;
	unsigned int dma_usec;

	uint32_t liveness, factorial, status, irq_status;
	uint64_t src, dst, count, command;
	uint64_t cookie; /* of the transfer that runs */
	uint8_t buffer[BUFFER_SIZE];
};

static const struct dmk_model_property edu_properties[] = {
	{ "dma_mask", 0x0fffffff, "address bits that the card drives in DMA, as a mask" },
	{ "dma_usec", 20, "time a transfer takes, in microseconds, up to 10000000" },
	{ NULL },
};

static void edu_raise(struct dmk_instance *card, struct edu *edu, uint32_t bits)
{
	edu->irq_status |= bits;
	if (edu->irq_status && !dmk_instance_msi(card, 0))
		dmk_instance_irq(card, 0, true);
}

static void edu_acknowledge(struct dmk_instance *card, struct edu *edu, uint32_t bits)
{
	edu->irq_status &= ~bits;
	if (!edu->irq_status)
		dmk_instance_irq(card, 0, false);
}

/* --- factorial -------------------------------------------------------------------------------- */

static uint32_t factorial(uint32_t n)
{
	uint32_t product = 1;

	/* From 34! on there are 32 factors of two or more: nothing is left of it modulo 2^32. */
	if (n >= 34)
		return 0;
	for (; n > 1; n--)
		product *= n;
	return product;
}

static void edu_factorial_done(struct dmk_instance *card, void *state)
{
	struct edu *edu = state;

	edu->factorial = factorial(edu->factorial);
	edu->status &= ~STATUS_COMPUTING;
	if (edu->status & STATUS_RAISE)
		edu_raise(card, edu, IRQ_FACTORIAL);
}

static void edu_factorial_start(struct dmk_instance *card, struct edu *edu, uint32_t n)
{
	if (edu->status & STATUS_COMPUTING)
		return;
	edu->factorial = n;
	edu->status |= STATUS_COMPUTING;
	dmk_instance_after(card, FACTORIAL_USEC, edu_factorial_done);
}

/* --- DMA -------------------------------------------------------------------------------------- */

static bool edu_to_memory(const struct edu *edu)
{
	return edu->command & COMMAND_TO_MEMORY;
}

static uint64_t edu_memory_address(const struct edu *edu)
{
	return (edu_to_memory(edu) ? edu->dst : edu->src) & edu->dma_mask;
}

/* The card's side of the transfer, or NULL: it is not all in the buffer. */
static uint8_t *edu_card_side(struct edu *edu)
{
	uint64_t at = (edu_to_memory(edu) ? edu->src : edu->dst) - BUFFER_AT;

	if (at >= BUFFER_SIZE || edu->count > BUFFER_SIZE - at)
		return NULL;
	return edu->buffer + at;
}

static void edu_dma_done(struct dmk_instance *card, void *state)
{
	struct edu *edu = state;
	uint8_t *side = edu_card_side(edu);

	/*
	 * A refused access is announced by the machine; the card has no register to tell the
	 * driver.
	 */
	if (side && edu->count && edu_to_memory(edu))
		dmk_instance_write(card, edu_memory_address(edu), side, edu->count);
	else if (side && edu->count)
		dmk_instance_read(card, edu_memory_address(edu), side, edu->count);
	dmk_instance_end(card, edu->cookie);
	edu->command &= ~(uint64_t)COMMAND_START;
	if (edu->command & COMMAND_RAISE)
		edu_raise(card, edu, IRQ_DMA);
}

static void edu_dma_start(struct dmk_instance *card, struct edu *edu)
{
	edu->cookie = dmk_instance_begin(card, edu_memory_address(edu), edu->count,
					 edu_to_memory(edu));
	dmk_instance_after(card, edu->dma_usec, edu_dma_done);
}

static bool edu_dma_runs(const struct edu *edu)
{
	return edu->command & COMMAND_START;
}

/* --- registers -------------------------------------------------------------------------------- */

static bool edu_access_fits(uint64_t offset, unsigned int width)
{
	return width == 4 || (width == 8 && offset >= EDU_WIDE);
}

static uint64_t edu_read(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
			 unsigned int width)
{
	const struct edu *edu = state;

	if (!edu_access_fits(offset, width))
		return ~0ULL;
	switch (offset) {
	case EDU_ID:
		return 0x010000ed;
	case EDU_LIVENESS:
		return edu->liveness;
	case EDU_FACTORIAL:
		return edu->factorial;
	case EDU_STATUS:
		return edu->status;
	case EDU_IRQ_STATUS:
		return edu->irq_status;
	case EDU_DMA_SRC:
		return edu->src;
	case EDU_DMA_DST:
		return edu->dst;
	case EDU_DMA_COUNT:
		return edu->count;
	case EDU_DMA_COMMAND:
		return edu->command;
	}
	return ~0ULL;
}

static void edu_dma_write(struct dmk_instance *card, struct edu *edu, uint64_t offset,
			  uint64_t value)
{
	if (edu_dma_runs(edu))
		return;
	if (offset == EDU_DMA_SRC)
		edu->src = value;
	if (offset == EDU_DMA_DST)
		edu->dst = value;
	if (offset == EDU_DMA_COUNT)
		edu->count = value;
	if (offset == EDU_DMA_COMMAND && (value & COMMAND_START)) {
		edu->command = value;
		edu_dma_start(card, edu);
	}
}

static void edu_write(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		      unsigned int width, uint64_t value)
{
	struct edu *edu = state;

	if (!edu_access_fits(offset, width))
		return;
	switch (offset) {
	case EDU_LIVENESS:
		edu->liveness = ~value;
		break;
	case EDU_FACTORIAL:
		edu_factorial_start(card, edu, value);
		break;
	case EDU_STATUS:
		edu->status = (edu->status & STATUS_COMPUTING) | (value & STATUS_RAISE);
		break;
	case EDU_IRQ_RAISE:
		edu_raise(card, edu, value);
		break;
	case EDU_IRQ_ACK:
		edu_acknowledge(card, edu, value);
		break;
	case EDU_DMA_SRC:
	case EDU_DMA_DST:
	case EDU_DMA_COUNT:
	case EDU_DMA_COMMAND:
		edu_dma_write(card, edu, offset, value);
		break;
	}
}

/* --- life ------------------------------------------------------------------------------------- */

static int edu_start(struct dmk_instance *card, void *state)
{
	struct edu *edu = state;
	uint64_t usec = dmk_instance_property(card, "dma_usec");

	if (usec > 10000000) {
		dmk_instance_error(card, "dma_usec=%llu is over 10000000",
				   (unsigned long long)usec);
		return -EINVAL;
	}
	edu->dma_mask = dmk_instance_property(card, "dma_mask");
	edu->dma_usec = usec;
	return 0;
}

static void edu_reset(struct dmk_instance *card, void *state)
{
	struct edu *edu = state;

	dmk_instance_cancel(card, edu_factorial_done);
	dmk_instance_cancel(card, edu_dma_done);
	if (edu_dma_runs(edu))
		dmk_instance_end(card, edu->cookie);
	*edu = (struct edu){ .dma_mask = edu->dma_mask, .dma_usec = edu->dma_usec };
	dmk_instance_irq(card, 0, false);
}

static void edu_stop(struct dmk_instance *card, void *state)
{
}

const struct dmk_model dmk_model_edu = {
	.name = "edu",
	.summary = "QEMU's teaching card: factorials, a 4 KiB DMA buffer, 28 address bits",
	.pci = { .vendor = 0x1234,
		 .device = 0x11e8,
		 .subsystem_vendor = 0x1af4,
		 .subsystem = 0x1100,
		 .class_code = 0x00ff00,
		 .revision = 0x10 },
	.bar = { { DMK_BAR_MMIO32, 1 << 20 } },
	.intx = true,
	.msi_vectors = 1,
	.properties = edu_properties,
	.state_size = sizeof(struct edu),
	.start = edu_start,
	.reset = edu_reset,
	.stop = edu_stop,
	.read = edu_read,
	.write = edu_write,
};
