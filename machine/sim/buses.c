/* SPDX-License-Identifier: MIT */
/*
 * Buses from a devicetree: how what sits on one sees memory, through all buses above it.
 */
#include "reader.h"

/* --- buses ------------------------------------------------------------------------------------ */

struct windows {
	struct dmk_window *entry;
	unsigned int n;
};

/* Last address of a window's side; a size of ~0 stands for 2^64. */
static uint64_t side_last(uint64_t first, uint64_t size)
{
	return size == ~0ULL ? ~0ULL : first + (size - 1);
}

static int window_add(struct sim_profile *p, struct windows *windows, struct dmk_window add)
{
	windows->entry = dmk_sim_grown(p, windows->entry, windows->n, sizeof(add));
	if (!windows->entry)
		return -ENOMEM;
	windows->entry[windows->n++] = add;
	return 0;
}

/* The parts of @low (one bus down) that @high carries on. */
static int windows_compose(struct sim_profile *p, const struct dmk_window *low,
			   const struct windows *high, struct windows *result)
{
	for (unsigned int i = 0; i < high->n; i++) {
		const struct dmk_window *up = &high->entry[i];
		uint64_t first = low->phys.v > up->bus ? low->phys.v : up->bus;
		uint64_t low_last = side_last(low->phys.v, low->size);
		uint64_t up_last = side_last(up->bus, up->size);
		uint64_t last = low_last < up_last ? low_last : up_last;

		if (first > last)
			continue;
		if (window_add(p, result,
			       (struct dmk_window){.bus = low->bus + (first - low->phys.v),
						   .phys = DMK_PHYS(up->phys.v + (first - up->bus)),
						   .size = last - first + 1 ? last - first + 1
									    : ~0ULL}))
			return -ENOMEM;
	}
	return 0;
}

bool dmk_sim_is_pci(const struct tree *tree, int node)
{
	const char *type = dmk_tree_text(tree, node, "device_type");

	return (type && !strcmp(type, "pci")) ||
	       dmk_tree_compatible(tree, node, "pci-host-ecam-generic");
}

static int read_dma_ranges(struct reader *r, int node, const struct windows *high,
			   struct windows *windows)
{
	const struct tree *tree = &r->tree;
	unsigned int address_cells, size_cells, parent_cells, flags = dmk_sim_is_pci(tree, node);
	struct tree_list list;
	int result = dmk_tree_cells(tree, node, "#address-cells", 2, PCI_CELLS, &address_cells);

	result = result ? result : dmk_tree_cells(tree, node, "#size-cells", 1, 2, &size_cells);
	result = result ? result
			: dmk_tree_cells(tree, fdt_parent_offset(tree->fdt, node), "#address-cells",
					 2, 2, &parent_cells);
	result = result ? result
			: dmk_tree_list(tree, node, "dma-ranges",
					address_cells + parent_cells + size_cells, &list);
	if (!result && flags && address_cells != PCI_CELLS)
		return dmk_tree_bad(tree, node, "#address-cells", "PCI has three");
	for (unsigned int i = 0; i < list.n && !result; i++) {
		const fdt32_t *entry = list.cells + i * list.entry;
		struct dmk_window low = {
			.bus = dmk_tree_value(entry + flags, address_cells - flags),
			.phys = DMK_PHYS(dmk_tree_value(entry + address_cells, parent_cells)),
			.size = dmk_tree_value(entry + address_cells + parent_cells, size_cells),
		};

		if (!low.size || wraps(low.bus, low.size) || wraps(low.phys.v, low.size))
			return dmk_tree_bad(tree, node, "dma-ranges", "entry %u is empty or wraps",
					    i);
		for (unsigned int j = 0; j < windows->n; j++)
			if (overlap(low.bus, low.size, windows->entry[j].bus,
				    windows->entry[j].size))
				return dmk_tree_bad(tree, node, "dma-ranges",
						    "entry %u overlaps another on the bus", i);
		result = windows_compose(r->profile, &low, high, windows);
	}
	return result;
}

/* How what sits on bus @node sees physical memory, through all buses above. */
static int windows_of(struct reader *r, int node, unsigned int depth, struct windows *windows)
{
	struct windows high = {0};
	int size, result;
	const void *ranges = fdt_getprop(r->tree.fdt, node, "dma-ranges", &size);

	if (depth > DEPTH_MAX)
		return dmk_tree_bad(&r->tree, node, NULL, "more than %d buses inside each other",
				    DEPTH_MAX);
	if (node == 0)
		return window_add(r->profile, windows, (struct dmk_window){.size = ~0ULL});
	result = windows_of(r, fdt_parent_offset(r->tree.fdt, node), depth + 1, &high);
	if (result)
		return result;
	/* None, or an empty one: addresses pass unchanged. */
	if (!ranges || !size) {
		*windows = high;
		return 0;
	}
	result = read_dma_ranges(r, node, &high, windows);
	if (!result && !windows->n)
		return dmk_tree_bad(&r->tree, node, "dma-ranges",
				    "nothing of it passes the buses above");
	return result;
}

/*
 * The nearest word on it, on the way up; without any, devices are not coherent (the specification's
 * default for ARM).
 */
bool dmk_sim_is_coherent(const struct tree *tree, int node)
{
	for (; node >= 0; node = fdt_parent_offset(tree->fdt, node)) {
		if (dmk_tree_has(tree, node, "dma-noncoherent"))
			return false;
		if (dmk_tree_has(tree, node, "dma-coherent"))
			return true;
	}
	return false;
}

static bool is_between(const struct dmk_bus *bus, struct sim_between between)
{
	return bus->iommu == between.iommu && bus->untrusted == between.untrusted;
}

int dmk_sim_bus_get(struct reader *r, int node, int device, struct sim_between between,
		    const struct dmk_bus **result)
{
	struct sim_profile *p = r->profile;
	bool coherent = dmk_sim_is_coherent(&r->tree, device);
	int owner = dmk_sim_names_memory(r, device) ? device : -1, wrong;
	struct windows windows = {0};
	struct sim_bus *bus = p->buses;

	while (bus && (bus->node != node || bus->owner != owner ||
		       bus->bus.coherent != coherent || !is_between(&bus->bus, between)))
		bus = bus->next;
	if (bus) {
		*result = &bus->bus;
		return 0;
	}
	bus = dmk_sim_profile_alloc(p, 1, sizeof(*bus));
	wrong = bus ? windows_of(r, node, 0, &windows) : -ENOMEM;
	if (wrong)
		return wrong;
	bus->node = node;
	bus->owner = owner;
	bus->bus = (struct dmk_bus){.name = node ? fdt_get_name(p->fdt, node, NULL) : "root",
				    .windows = windows.entry,
				    .nr_windows = windows.n,
				    .coherent = coherent,
				    .iommu = between.iommu,
				    .untrusted = between.untrusted};
	wrong = owner >= 0 ? dmk_sim_read_pools(r, device, &bus->bus) : 0;
	if (wrong)
		return wrong;
	bus->next = p->buses;
	p->buses = bus;
	*result = &bus->bus;
	return 0;
}
