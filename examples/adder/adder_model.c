/* SPDX-License-Identifier: MIT */
/*
 * A card of one's own, modelled: it reads memory by DMA, adds up its bytes, and raises an
 * interrupt. A template: registers, one transfer, one interrupt, and nothing of the machine's.
 *
 *	dmakit check adder.c adder_model.c
 *
 * BAR 0, 4 KiB, registers of 4 bytes:
 *
 *	0x00  RO  identification: 0x0add
 *	0x04  WO  address, low half      0x08  WO  address, high half
 *	0x0c  WO  length in bytes, up to 65536
 *	0x10  WO  1: start
 *	0x14  RO  1: done, 2: failed; the interrupt stays while one is set    WO  ones clear
 *	0x18  RO  the sum
 */
#include <dmakit/model.h>

enum {
	REG_ID = 0x00,
	REG_ADDRESS = 0x04,
	REG_ADDRESS_HIGH = 0x08,
	REG_LENGTH = 0x0c,
	REG_START = 0x10,
	REG_STATUS = 0x14,
	REG_SUM = 0x18,

	STATUS_DONE = 1,
	STATUS_FAILED = 2,
};
enum { LENGTH_MOST = 65536, WORK_USEC = 20 };

struct adder {
	uint64_t mask, address;
	uint32_t length, status, sum;
	bool at_work;
	uint64_t cookie; /* of the work that is under way */
	uint8_t buffer[LENGTH_MOST];
};

static const struct dmk_model_property adder_properties[] = {
	{"dma_mask", 0xffffffffffULL, "address bits that the card drives in DMA, as a mask"},
	{NULL},
};

/* MSI when the driver has enabled it, the line INTA# otherwise. */
static void adder_interrupt(struct dmk_instance *card)
{
	if (!dmk_instance_msi(card, 0))
		dmk_instance_irq(card, 0, true);
}

/* Some time after the start, as on a real card: a driver that does not wait is seen. */
static void adder_work(struct dmk_instance *card, void *state)
{
	struct adder *adder = state;
	int error = dmk_instance_read(card, adder->address & adder->mask, adder->buffer,
				      adder->length);

	dmk_instance_end(card, adder->cookie);
	adder->sum = 0;
	for (uint32_t i = 0; i < adder->length; i++)
		adder->sum += adder->buffer[i];
	adder->at_work = false;
	adder->status |= error ? STATUS_FAILED : STATUS_DONE;
	adder_interrupt(card);
}

static void adder_start_work(struct dmk_instance *card, struct adder *adder)
{
	if (adder->at_work || !adder->length || adder->length > LENGTH_MOST)
		return;
	adder->at_work = true;
	/* From here on the memory is the card's: an unmap before the end is a finding. */
	adder->cookie = dmk_instance_begin(card, adder->address & adder->mask, adder->length,
					   false);
	dmk_instance_after(card, WORK_USEC, adder_work);
}

static uint64_t adder_read(struct dmk_instance *card, void *state, unsigned int bar,
			   uint64_t offset, unsigned int width)
{
	const struct adder *adder = state;

	switch (offset) {
	case REG_ID:
		return 0x0add;
	case REG_STATUS:
		return adder->status;
	case REG_SUM:
		return adder->sum;
	}
	return ~0ULL;
}

static void adder_write(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
			unsigned int width, uint64_t value)
{
	struct adder *adder = state;

	if (offset == REG_ADDRESS)
		adder->address = (adder->address & ~0xffffffffULL) | (uint32_t)value;
	if (offset == REG_ADDRESS_HIGH)
		adder->address = (adder->address & 0xffffffffULL) | value << 32;
	if (offset == REG_LENGTH)
		adder->length = (uint32_t)value;
	if (offset == REG_START && (value & 1))
		adder_start_work(card, adder);
	if (offset == REG_STATUS)
		adder->status &= ~(uint32_t)value;
	if (offset == REG_STATUS && !adder->status)
		dmk_instance_irq(card, 0, false);
}

/* Power on, and whenever the bus is reset; the end, too. */
static void adder_reset(struct dmk_instance *card, void *state)
{
	struct adder *adder = state;

	dmk_instance_cancel(card, adder_work);
	if (adder->at_work)
		dmk_instance_end(card, adder->cookie);
	*adder = (struct adder){.mask = dmk_instance_property(card, "dma_mask")};
	dmk_instance_irq(card, 0, false);
}

static int adder_plugged_in(struct dmk_instance *card, void *state)
{
	adder_reset(card, state);
	return 0;
}

static const struct dmk_model adder_model = {
	.name = "adder",
	.summary = "adds up bytes in memory",
	.pci = {.vendor = 0x1234, .device = 0x0add, .class_code = 0x00ff00},
	.bar = {{DMK_BAR_MMIO32, 4096}},
	.intx = true,
	.msi_vectors = 1,
	.properties = adder_properties,
	.state_size = sizeof(struct adder),
	.start = adder_plugged_in,
	.reset = adder_reset,
	.stop = adder_reset,
	.read = adder_read,
	.write = adder_write,
};
DMK_MODEL(adder_model);
