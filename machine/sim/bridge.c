/* SPDX-License-Identifier: MIT */
/*
 * The PCI host bridge from a devicetree: windows, pins, the doorbell, soldered cards.
 */
#include "reader.h"

enum {
	PCI_SPACE_IO = 1,
	PCI_SPACE_32 = 2,
	PCI_SPACE_64 = 3,
};
#define PCI_PREFETCHABLE 0x40000000u

/* --- PCI -------------------------------------------------------------------------------------- */

/* Where BARs of a kind go: the first window of that kind counts. */
static struct dmk_window *pci_window(struct sim_profile *p, uint32_t flags)
{
	switch (flags >> 24 & 3) {
	case PCI_SPACE_IO:
		return &p->pci.io;
	case PCI_SPACE_64:
		return &p->pci.mmio64;
	case PCI_SPACE_32:
		return flags & PCI_PREFETCHABLE && p->pci.mmio32.size ? &p->pci.mmio64
								      : &p->pci.mmio32;
	}
	return NULL;
}

static int pci_window_check(const struct reader *r, int node, const struct dmk_window *window,
			    unsigned int i)
{
	const struct sim_profile *p = r->profile;
	uint64_t last = window->bus + (window->size - 1);

	if (!window->size || wraps(window->bus, window->size) ||
	    wraps(window->phys.v, window->size))
		return dmk_tree_bad(&r->tree, node, "ranges", "entry %u is empty or wraps", i);
	if (window == &p->pci.mmio32 && last >> 32)
		return dmk_tree_bad(&r->tree, node, "ranges",
				    "entry %u has 32-bit space that ends at 0x%llx on the bus", i,
				    (unsigned long long)last);
	if (window == &p->pci.io && last >> 16)
		return dmk_tree_bad(&r->tree, node, "ranges", "entry %u has I/O ports over 0xffff",
				    i);
	if (window == &p->pci.io)
		return 0;
	for (unsigned int j = 0; j < p->nr_banks; j++)
		if (overlap(window->phys.v, window->size, p->banks[j].first, p->banks[j].size))
			return dmk_tree_bad(&r->tree, node, "ranges",
					    "entry %u covers memory at 0x%llx", i,
					    (unsigned long long)p->banks[j].first);
	return 0;
}

static int read_pci_ranges(struct reader *r, int node)
{
	int parent = fdt_parent_offset(r->tree.fdt, node);
	unsigned int parent_cells;
	struct tree_list list;
	int result = dmk_tree_cells(&r->tree, parent, "#address-cells", 2, 2, &parent_cells);

	result = result ? result
			: dmk_tree_list(&r->tree, node, "ranges", PCI_CELLS + parent_cells + 2,
					&list);
	if (!result && !list.n)
		return dmk_tree_bad(&r->tree, node, "ranges",
				    "it is missing or empty: no BAR can be placed");
	for (unsigned int i = 0; i < list.n && !result; i++) {
		const fdt32_t *entry = list.cells + i * list.entry;
		struct dmk_window *window = pci_window(r->profile, fdt32_ld(entry));
		uint64_t up = dmk_tree_value(entry + PCI_CELLS, parent_cells);
		uint64_t size = dmk_tree_value(entry + PCI_CELLS + parent_cells, 2);

		if (!window || window->size)
			continue;
		if (window != &r->profile->pci.io)
			result = dmk_tree_translate(&r->tree, node, parent, size, &up);
		*window = (struct dmk_window){.bus = dmk_tree_value(entry + 1, 2),
					      .phys = DMK_PHYS(up),
					      .size = size};
		result = result ? result : pci_window_check(r, node, window, i);
	}
	return result;
}

static int pin_add(struct sim_profile *p, struct sim_pin pin)
{
	p->pins = dmk_sim_grown(p, p->pins, p->nr_pins, sizeof(pin));
	if (!p->pins)
		return -ENOMEM;
	p->pins[p->nr_pins++] = pin;
	return 0;
}

/* An entry: 3 cells of function, 1 of pin, the controller, its unit address, its specifier. */
static int read_pin(struct reader *r, int node, const fdt32_t *cells, unsigned int left)
{
	const char *property = "interrupt-map";
	struct sim_profile *p = r->profile;
	struct sim_pin pin = {0};
	unsigned int unit = 0;
	int controller, result;

	if (left < 6)
		return dmk_tree_bad(&r->tree, node, property, "it ends within an entry");
	pin.devfn = fdt32_ld(cells) >> 8 & 0xff & p->pin_mask_devfn;
	pin.pin = fdt32_ld(cells + 3) & p->pin_mask_pin;
	controller = dmk_tree_phandle(&r->tree, node, property, fdt32_ld(cells + 4));
	if (controller < 0)
		return controller;
	result = dmk_tree_cells(&r->tree, controller, "#address-cells", 0, 3, &unit);
	if (result)
		return result;
	if (left < 5 + unit)
		return dmk_tree_bad(&r->tree, node, property, "it ends within an entry");
	result = dmk_sim_read_specifier(r, node, property, controller, cells + 5 + unit,
					left - 5 - unit, &pin.irq);
	if (result < 0)
		return result;
	return pin_add(p, pin) ? -ENOMEM : (int)(5 + unit) + result;
}

static int read_pins(struct reader *r, int node)
{
	struct sim_profile *p = r->profile;
	struct tree_list mask, map;
	int result = dmk_tree_list(&r->tree, node, "interrupt-map-mask", 4, &mask);

	p->pin_mask_devfn = mask.n ? fdt32_ld(mask.cells) >> 8 & 0xff : 0xff;
	p->pin_mask_pin = mask.n ? fdt32_ld(mask.cells + 3) : 7;
	result = result ? result : dmk_tree_list(&r->tree, node, "interrupt-map", 1, &map);
	for (unsigned int i = 0; i < map.n && result >= 0; i += result)
		result = read_pin(r, node, map.cells + i, map.n - i);
	return result < 0 ? result : 0;
}

/* The doorbell of message interrupts is the first reg of what msi-parent (or msi-map) names. */
static int read_doorbell(struct reader *r, int node)
{
	const char *property = dmk_tree_has(&r->tree, node, "msi-parent") ? "msi-parent"
									  : "msi-map";
	unsigned int at = !strcmp(property, "msi-map"), cells;
	struct tree_list list, reg;
	int controller, result = dmk_tree_list(&r->tree, node, property, 1, &list);

	if (result || !list.n)
		return result;
	if (list.n <= at)
		return dmk_tree_bad(&r->tree, node, property, "it ends within an entry");
	controller = dmk_tree_phandle(&r->tree, node, property, fdt32_ld(list.cells + at));
	if (controller < 0)
		return controller;
	result = dmk_tree_reg(&r->tree, controller, &reg, &cells);
	if (!result && !reg.n)
		return dmk_tree_bad(&r->tree, controller, "reg",
				    "it is missing: where do devices write their messages?");
	if (result)
		return result;
	r->profile->doorbell = dmk_tree_value(reg.cells, cells);
	r->profile->has_doorbell = true;
	return dmk_tree_translate(&r->tree, controller, fdt_parent_offset(r->tree.fdt, controller),
				  4, &r->profile->doorbell);
}

static int read_soldered(struct reader *r, int node)
{
	struct sim_profile *p = r->profile;
	struct sim_soldered card = {.node = node};
	struct tree_list reg;
	int result;

	if (!dmk_tree_has(&r->tree, node, "dmakit,model") || !dmk_tree_enabled(&r->tree, node))
		return 0;
	card.model = dmk_tree_text(&r->tree, node, "dmakit,model");
	if (!card.model)
		return dmk_tree_bad(&r->tree, node, "dmakit,model", "it is no text");
	if (dmk_sim_names_memory(r, node))
		return dmk_tree_bad(&r->tree, node, "memory-region",
				    "a PCI function has its host bridge's: name it there");
	result = dmk_tree_list(&r->tree, node, "reg", 1, &reg);
	if (!result && (reg.n < 1 || fdt32_ld(reg.cells) & 0xffff07ff))
		return dmk_tree_bad(&r->tree, node, "reg", "the first cell is not slot << 11");
	if (result)
		return result;
	card.slot = fdt32_ld(reg.cells) >> 11;
	p->soldered = dmk_sim_grown(p, p->soldered, p->nr_soldered, sizeof(card));
	if (!p->soldered)
		return -ENOMEM;
	p->soldered[p->nr_soldered++] = card;
	return 0;
}

static int read_pci_buses(struct reader *r, int node)
{
	struct sim_profile *p = r->profile;
	struct tree_list range;
	int result = dmk_tree_list(&r->tree, node, "bus-range", 2, &range);
	uint32_t first = 0, last = 255;

	if (result)
		return result;
	if (range.n) {
		first = fdt32_ld(range.cells);
		last = fdt32_ld(range.cells + 1);
	}
	if (range.n > 1 || first > last || last > 255)
		return dmk_tree_bad(&r->tree, node, "bus-range",
				    "two numbers up to 255 were expected");
	p->pci.first_bus = first;
	p->pci.last_bus = last;
	return 0;
}

/* --- what stands between a slot and memory ---------------------------------------------------- */

/* A node below the bridge that is this slot, or -1. */
static int node_of_slot(const struct tree *tree, int node, unsigned int slot)
{
	int child;

	fdt_for_each_subnode(child, tree->fdt, node)
	{
		int size;
		const fdt32_t *reg = fdt_getprop(tree->fdt, child, "reg", &size);

		if (reg && size >= 4 && fdt32_ld(reg) == slot << 11 &&
		    dmk_tree_enabled(tree, child))
			return child;
	}
	return -1;
}

static bool slot_says(const struct tree *tree, int node, int slot_node, const char *name)
{
	return dmk_tree_has(tree, node, name) ||
	       (slot_node >= 0 && dmk_tree_has(tree, slot_node, name));
}

static int read_slot(struct reader *r, int node, unsigned int slot)
{
	struct sim_profile *p = r->profile;
	const int slot_node = node_of_slot(&r->tree, node, slot);
	struct sim_between between = {
		.untrusted = slot_says(&r->tree, node, slot_node, "external-facing")};
	int result = dmk_sim_iommu_of_slot(
		r, node, p->pci.first_bus << 8 | slot << 3,
		slot_says(&r->tree, node, slot_node, "dmakit,no-acs"), &between.iommu);

	return result ? result
		      : dmk_sim_bus_get(r, node, node, between, &p->pci.slot_dma[slot]);
}

/*
 * The bridge's own is what slots have that have no node; a slot is told apart where it has
 * something else.
 */
static int read_slots(struct reader *r, int node)
{
	struct dmk_pci_host *host = &r->profile->pci;
	unsigned int plain = 0;
	int result = 0;

	for (unsigned int slot = 0; slot < SIM_PCI_SLOTS && !result; slot++)
		result = read_slot(r, node, slot);
	while (plain < SIM_PCI_SLOTS - 1 && node_of_slot(&r->tree, node, plain) >= 0)
		plain++;
	host->dma = host->slot_dma[plain];
	for (unsigned int slot = 0; slot < SIM_PCI_SLOTS; slot++)
		if (host->slot_dma[slot] == host->dma)
			host->slot_dma[slot] = NULL;
	return result;
}

int dmk_sim_read_pci(struct reader *r, int node)
{
	struct sim_profile *p = r->profile;
	int child, result;

	if (p->machine.pci)
		return dmk_tree_bad(
			&r->tree, node, NULL,
			"a second PCI host bridge; give one of them status = \"disabled\"");
	p->machine.pci = &p->pci;
	p->pci_node = node;
	result = read_pci_buses(r, node);
	result = result ? result : read_pci_ranges(r, node);
	result = result ? result : read_pins(r, node);
	result = result ? result : read_doorbell(r, node);
	result = result ? result : read_slots(r, node);
	fdt_for_each_subnode(child, p->fdt, node)
	{
		result = result ? result : read_soldered(r, child);
	}
	return result;
}
