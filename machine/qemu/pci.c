// SPDX-License-Identifier: MIT
/*
 * The q35's PCI host bridge. Registers and routing: Intel 3 Series Express Chipset Family datasheet
 * (PCIEXBAR, section 5.1) and Intel I/O Controller Hub 9 datasheet (interrupt pin and route
 * registers, section 10.1), as QEMU has them at reset.
 */
#include "pci.h"

#include <errno.h>

#include "doorbell.h"
#include "wire.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc, PCIEXBAR = 0x60, PCIEXBAR_ENABLE = 1 };
enum { BAR_IS_IO = 0x1, BAR_TYPE = 0x6, BAR_TYPE_64 = 0x4, BAR_FLAGS = 0xf, ROM_FLAGS = 0x7ff };
enum { SLOTS = 32, FUNCTIONS = 8 };

static char width_letter(unsigned int width)
{
	return width == 1 ? 'b' : width == 2 ? 'w' : 'l';
}

static uint32_t ecam(uint16_t bdf, unsigned int offset)
{
	return DMK_QEMU_ECAM + ((uint32_t)bdf << 12) + offset;
}

uint32_t dmk_qemu_pci_read(struct dmk_qemu_wire *wire, uint16_t bdf, unsigned int offset,
			   unsigned int width)
{
	uint64_t value;

	dmk_qemu_wire_ask(wire, &value, "read%c 0x%x", width_letter(width), ecam(bdf, offset));
	return value;
}

/* Waited for: a configuration write is not a posted one, on a real bus either. */
void dmk_qemu_pci_write(struct dmk_qemu_wire *wire, uint16_t bdf, unsigned int offset,
			unsigned int width, uint32_t value)
{
	dmk_qemu_wire_ask(wire, NULL, "write%c 0x%x 0x%x", width_letter(width), ecam(bdf, offset),
			  value);
}

/* --- who answers where ------------------------------------------------------------------------ */

/*
 * QEMU reads zero where no device answers, and a PC reads all ones, which is what drivers look for.
 * So a zero that was read in a window for BARs is looked at a second time: does a BAR lie there,
 * and is it decoded? The sizes are learnt once, before anybody else is on the bus; bases and
 * command registers are read again after they may have changed.
 */
static uint32_t bar_mask(struct dmk_qemu_wire *wire, uint16_t bdf, unsigned int offset)
{
	uint32_t mask;

	dmk_qemu_pci_write(wire, bdf, offset, 4, ~0u);
	mask = dmk_qemu_pci_read(wire, bdf, offset, 4);
	dmk_qemu_pci_write(wire, bdf, offset, 4, 0);
	return mask;
}

static void note_bar(struct dmk_qemu_pci *pci, uint16_t bdf, unsigned int offset, uint64_t mask,
		     bool wide)
{
	if (!mask || pci->nr_bars == DMK_QEMU_BARS_MAX)
		return;
	pci->bar[pci->nr_bars++] = (struct dmk_qemu_bar){
		.bdf = bdf,
		.offset = offset,
		.wide = wide,
		.size = ~mask + 1,
	};
}

/* Return: how many registers this BAR takes. */
static unsigned int learn_bar(struct dmk_qemu_pci *pci, uint16_t bdf, unsigned int offset)
{
	uint32_t low = bar_mask(pci->wire, bdf, offset);
	uint64_t high = ~0ULL << 32;
	bool wide = (low & BAR_TYPE) == BAR_TYPE_64;

	if (!low || low & BAR_IS_IO)
		return 1;
	if (wide)
		high = (uint64_t)bar_mask(pci->wire, bdf, offset + 4) << 32;
	note_bar(pci, bdf, offset, high | (low & ~BAR_FLAGS), wide);
	return wide ? 2 : 1;
}

static void learn_rom(struct dmk_qemu_pci *pci, uint16_t bdf)
{
	uint32_t mask = bar_mask(pci->wire, bdf, DMK_PCI_ROM) & ~ROM_FLAGS;

	if (mask)
		note_bar(pci, bdf, DMK_PCI_ROM, ~0ULL << 32 | mask, false);
}

static void learn_function(struct dmk_qemu_pci *pci, uint16_t bdf)
{
	unsigned int kind = dmk_qemu_pci_read(pci->wire, bdf, DMK_PCI_HEADER, 1) &
			    ~DMK_PCI_HEADER_MULTI;
	unsigned int i;

	if (kind)
		return;
	for (i = 0; i < DMK_PCI_BARS;)
		i += learn_bar(pci, bdf, DMK_PCI_BAR0 + 4 * i);
	learn_rom(pci, bdf);
}

static bool is_present(struct dmk_qemu_pci *pci, uint16_t bdf)
{
	return (dmk_qemu_pci_read(pci->wire, bdf, DMK_PCI_VENDOR, 2) & 0xffff) != 0xffff;
}

static void learn_slot(struct dmk_qemu_pci *pci, unsigned int slot)
{
	unsigned int functions, i;

	if (slot == DMK_QEMU_DOORBELL_SLOT || !is_present(pci, slot << 3))
		return;
	functions = dmk_qemu_pci_read(pci->wire, slot << 3, DMK_PCI_HEADER, 1) &
				    DMK_PCI_HEADER_MULTI
			    ? FUNCTIONS
			    : 1;
	for (i = 0; i < functions; i++)
		if (is_present(pci, slot << 3 | i))
			learn_function(pci, slot << 3 | i);
}

static void refresh_bar(struct dmk_qemu_wire *wire, struct dmk_qemu_bar *bar)
{
	uint32_t flags = bar->offset == DMK_PCI_ROM ? ROM_FLAGS : BAR_FLAGS;
	uint32_t low = dmk_qemu_pci_read(wire, bar->bdf, bar->offset, 4);
	uint64_t high = bar->wide ? dmk_qemu_pci_read(wire, bar->bdf, bar->offset + 4, 4) : 0;
	uint32_t command = dmk_qemu_pci_read(wire, bar->bdf, DMK_PCI_COMMAND, 2);

	bar->base = high << 32 | (low & ~flags);
	bar->decoded = command & DMK_PCI_COMMAND_MEMORY && (bar->offset != DMK_PCI_ROM || low & 1);
}

static void refresh(struct dmk_qemu_pci *pci)
{
	unsigned int i;

	if (!pci->stale)
		return;
	for (i = 0; i < pci->nr_bars; i++)
		refresh_bar(pci->wire, &pci->bar[i]);
	pci->stale = false;
}

static bool in_window(uint64_t address)
{
	return address - DMK_QEMU_MMIO32 < DMK_QEMU_MMIO32_SIZE ||
	       address - DMK_QEMU_MMIO64 < DMK_QEMU_MMIO64_SIZE;
}

bool dmk_qemu_pci_nobody(struct dmk_qemu_pci *pci, uint64_t address)
{
	bool found = false;
	unsigned int i;

	if (!in_window(address))
		return false;
	pthread_mutex_lock(&pci->lock);
	refresh(pci);
	for (i = 0; i < pci->nr_bars && !found; i++)
		found = pci->bar[i].decoded && address - pci->bar[i].base < pci->bar[i].size;
	pthread_mutex_unlock(&pci->lock);
	return !found;
}

void dmk_qemu_pci_changed(struct dmk_qemu_pci *pci, unsigned int offset)
{
	if (offset >= DMK_PCI_ROM + 4)
		return;
	pthread_mutex_lock(&pci->lock);
	pci->stale = true;
	pthread_mutex_unlock(&pci->lock);
}

/* --- the rest --------------------------------------------------------------------------------- */

int dmk_qemu_pci_init(struct dmk_qemu_pci *pci, struct dmk_qemu_wire *wire)
{
	unsigned int slot;

	pthread_mutex_init(&pci->lock, NULL);
	pci->wire = wire;
	pci->stale = true;
	pci->nr_bars = 0;

	dmk_qemu_wire_ask(wire, NULL, "outl 0x%x 0x%x", CONFIG_ADDRESS, 0x80000000u | PCIEXBAR);
	if (dmk_qemu_wire_ask(wire, NULL, "outl 0x%x 0x%x", CONFIG_DATA,
			      DMK_QEMU_ECAM | PCIEXBAR_ENABLE)) {
		pthread_mutex_destroy(&pci->lock);
		return -EIO;
	}
	for (slot = 0; slot < SLOTS; slot++)
		learn_slot(pci, slot);
	return 0;
}

void dmk_qemu_pci_destroy(struct dmk_qemu_pci *pci)
{
	pthread_mutex_destroy(&pci->lock);
}

/*
 * Slots 0 .. 24 share PIRQE# .. PIRQH#, inputs 20 .. 23, turned by one a slot. The slots above have
 * a route register each, which is at reset INTA# to PIRQA# and so on: inputs 16 .. 19.
 */
unsigned int dmk_qemu_pci_pin(uint16_t bdf, unsigned int pin)
{
	unsigned int slot = bdf >> 3;

	if (slot >= SLOTS || pin < 1 || pin > 4)
		return 0;
	if (slot < 25)
		return 20 + (slot + pin - 1) % 4;
	return 16 + pin - 1;
}
