/* SPDX-License-Identifier: MIT */
/*
 * From a devicetree to what the machine is made of: memory, buses, the PCI host bridge, platform devices, interrupts. The binding
 * is documented in docs/MACHINES.md. Nothing is made here; sim.c and the others do that from the description.
 *
 * Properties follow the Devicetree Specification 0.4 and the PCI bus binding; what those do not have is dmakit,*.
 */
#include "load.h"
#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PHYS_BITS = 46, /* as far as the direct map's address space goes */
	DEPTH_MAX = 16, /* buses inside buses */
	PCI_CELLS = 3,
	PCI_SPACE_IO = 1,
	PCI_SPACE_32 = 2,
	PCI_SPACE_64 = 3,
};
#define PCI_PREFETCHABLE 0x40000000u

struct reader {
	struct tree tree;
	struct sim_profile *profile;
	int pci_node;
	uint64_t direct_last;
};

void *dmk_sim_profile_alloc(struct sim_profile *profile, size_t n, size_t size)
{
	struct sim_chunk *chunk;

	if (size && n > (SIZE_MAX - sizeof(*chunk)) / size)
		return NULL;
	chunk = calloc(1, sizeof(*chunk) + n * size);
	if (!chunk)
		return NULL;
	chunk->next = profile->chunks;
	profile->chunks = chunk;
	return chunk + 1;
}

void dmk_sim_profile_free(struct sim_profile *profile)
{
	while (profile->chunks) {
		struct sim_chunk *chunk = profile->chunks;

		profile->chunks = chunk->next;
		free(chunk);
	}
	free(profile->fdt);
	profile->fdt = NULL;
}

/*
 * Room for entry @n of an array that is full with @n: the same array while it has room (capacities are powers of two, from 2 on), else
 * a larger copy; the old one stays with the chunks.
 */
static void *grown(struct sim_profile *profile, void *array, unsigned int n, size_t size)
{
	void *more;

	if (n == 1 || n & (n - 1))
		return array;
	more = dmk_sim_profile_alloc(profile, n ? 2 * (size_t)n : 2, size);
	if (more && n)
		memcpy(more, array, n * size);
	return more;
}

static char *copied(struct sim_profile *profile, const char *text)
{
	char *copy = dmk_sim_profile_alloc(profile, strlen(text) + 1, 1);

	return copy ? strcpy(copy, text) : NULL;
}

int dmk_sim_profile_number(const struct sim_profile *profile, int node, const char *name,
			   uint64_t *value)
{
	int size;
	const fdt32_t *cells = fdt_getprop(profile->fdt, node, name, &size);

	if (!cells)
		return -ENOENT;
	if (size != 4 && size != 8)
		return -EINVAL;
	*value = dmk_tree_value(cells, size / 4);
	return 0;
}

static bool wraps(uint64_t first, uint64_t size)
{
	return size && first + (size - 1) < first;
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a_size && b_size && a <= b + (b_size - 1) && b <= a + (a_size - 1);
}

static bool page_aligned(uint64_t value)
{
	return !(value & (DMK_PAGE_SIZE - 1));
}

/* --- RAM ---------------------------------------------------------------------------------------------------------- */

static int bank_add(struct reader *r, int node, uint64_t first, uint64_t size)
{
	struct sim_profile *p = r->profile;

	if (!size)
		return 0;
	if (!page_aligned(first) || !page_aligned(size))
		return dmk_tree_bad(&r->tree, node, "reg",
				    "0x%llx with 0x%llx bytes is not page aligned",
				    (unsigned long long)first, (unsigned long long)size);
	if (wraps(first, size) || (first + (size - 1)) >> PHYS_BITS)
		return dmk_tree_bad(&r->tree, node, "reg",
				    "0x%llx with 0x%llx bytes ends above 2^%d",
				    (unsigned long long)first, (unsigned long long)size, PHYS_BITS);
	for (unsigned int i = 0; i < p->nr_banks; i++)
		if (overlap(first, size, p->banks[i].first, p->banks[i].size))
			return dmk_tree_bad(&r->tree, node, "reg",
					    "0x%llx overlaps memory at 0x%llx",
					    (unsigned long long)first,
					    (unsigned long long)p->banks[i].first);
	p->banks = grown(p, p->banks, p->nr_banks, sizeof(*p->banks));
	if (!p->banks)
		return -ENOMEM;
	p->banks[p->nr_banks++] = (struct sim_bank){.first = first, .size = size};
	return 0;
}

static int read_memory_node(struct reader *r, int node)
{
	struct tree_list reg;
	unsigned int cells;
	int result = dmk_tree_reg(&r->tree, node, &reg, &cells);

	if (!result && !reg.n)
		return dmk_tree_bad(&r->tree, node, "reg", "it is missing or empty");
	for (unsigned int i = 0; i < reg.n && !result; i++) {
		const fdt32_t *entry = reg.cells + i * reg.entry;

		result = bank_add(r, node, dmk_tree_value(entry, cells),
				  dmk_tree_value(entry + cells, reg.entry - cells));
	}
	return result;
}

static bool is_memory_node(const struct tree *tree, int node)
{
	const char *type = dmk_tree_text(tree, node, "device_type");

	return type && !strcmp(type, "memory") && dmk_tree_enabled(tree, node);
}

static int by_first(const void *a, const void *b)
{
	const struct sim_bank *left = a, *right = b;

	return left->first < right->first ? -1 : left->first > right->first;
}

static int read_banks(struct reader *r)
{
	struct sim_profile *p = r->profile;
	uint64_t offset = 0;
	int node, result = 0;

	fdt_for_each_subnode(node, r->tree.fdt, 0)
	{
		if (!result && is_memory_node(&r->tree, node))
			result = read_memory_node(r, node);
	}
	if (result)
		return result;
	if (!p->nr_banks)
		return dmk_tree_bad(
			&r->tree, 0, NULL,
			"no memory: a node with device_type = \"memory\" and a reg is needed");
	qsort(p->banks, p->nr_banks, sizeof(*p->banks), by_first);
	for (unsigned int i = 0; i < p->nr_banks; i++) {
		p->banks[i].offset = offset;
		offset += p->banks[i].size;
	}
	return 0;
}

/* --- reserved memory ---------------------------------------------------------------------------------------------- */

struct reserved {
	uint64_t first, size;
	enum dmk_memory_kind kind;
	bool no_map;
	const char *name;
};

struct reservations {
	struct reserved *entry;
	unsigned int n;
};

static int reserve(struct reader *r, struct reservations *all, int node, struct reserved add)
{
	for (unsigned int i = 0; i < all->n; i++)
		if (node >= 0 &&
		    overlap(add.first, add.size, all->entry[i].first, all->entry[i].size))
			return dmk_tree_bad(&r->tree, node, "reg", "it overlaps %s",
					    *all->entry[i].name ? all->entry[i].name
								: "a /memreserve/");
	all->entry = grown(r->profile, all->entry, all->n, sizeof(*all->entry));
	if (!all->entry)
		return -ENOMEM;
	all->entry[all->n++] = add;
	return 0;
}

static struct reserved reservation_of(const struct reader *r, int node)
{
	const struct tree *tree = &r->tree;
	bool pool = dmk_tree_compatible(tree, node, "shared-dma-pool") ||
		    dmk_tree_compatible(tree, node, "restricted-dma-pool");

	return (struct reserved){.kind = pool ? DMK_MEMORY_POOL : DMK_MEMORY_RESERVED,
				 .no_map = dmk_tree_has(tree, node, "no-map"),
				 .name = fdt_get_name(tree->fdt, node, NULL)};
}

static int reserve_fixed(struct reader *r, struct reservations *all, int node)
{
	struct tree_list reg;
	unsigned int cells;
	int result = dmk_tree_reg(&r->tree, node, &reg, &cells);

	for (unsigned int i = 0; i < reg.n && !result; i++) {
		const fdt32_t *entry = reg.cells + i * reg.entry;
		struct reserved add = reservation_of(r, node);

		add.first = dmk_tree_value(entry, cells);
		add.size = dmk_tree_value(entry + cells, reg.entry - cells);
		if (!add.size || !page_aligned(add.first) || !page_aligned(add.size) ||
		    wraps(add.first, add.size))
			return dmk_tree_bad(
				&r->tree, node, "reg",
				"0x%llx with 0x%llx bytes is empty, wraps or is not page aligned",
				(unsigned long long)add.first, (unsigned long long)add.size);
		result = reserve(r, all, node, add);
	}
	return result;
}

/* The highest free place of [first, last] in a bank, below @limit; reservations are walked down from the top. */
static bool place_in(const struct reservations *all, const struct sim_bank *bank, uint64_t first,
		     uint64_t last, uint64_t size, uint64_t align, uint64_t *place)
{
	uint64_t low = bank->first > first ? bank->first : first;
	uint64_t top = bank->first + (bank->size - 1) < last ? bank->first + (bank->size - 1)
							     : last;

	while (top >= low && top - low >= size - 1) {
		uint64_t at = (top - (size - 1)) & ~(align - 1);
		const struct reserved *in_the_way = NULL;

		if (at < low)
			return false;
		for (unsigned int i = 0; i < all->n; i++)
			if (overlap(at, size, all->entry[i].first, all->entry[i].size))
				in_the_way = &all->entry[i];
		if (!in_the_way) {
			*place = at;
			return true;
		}
		if (!in_the_way->first)
			return false;
		top = in_the_way->first - 1;
	}
	return false;
}

static bool place(const struct reader *r, const struct reservations *all, uint64_t first,
		  uint64_t last, uint64_t size, uint64_t align, uint64_t *at)
{
	const struct sim_profile *p = r->profile;

	for (unsigned int i = p->nr_banks; i--;)
		if (place_in(all, &p->banks[i], first, last, size, align, at))
			return true;
	return false;
}

/* A node without reg but with size: the system chooses the place. */
static int reserve_anywhere(struct reader *r, struct reservations *all, int node)
{
	struct reserved add = reservation_of(r, node);
	uint64_t align = DMK_PAGE_SIZE, first = 0, last = ~0ULL;
	int parent = fdt_parent_offset(r->tree.fdt, node), result;
	unsigned int address_cells, size_cells;
	struct tree_list ranges;

	if (dmk_tree_number(&r->tree, node, "size", &add.size))
		return dmk_tree_bad(&r->tree, node, "size",
				    "neither a reg nor a size of 4 or 8 bytes");
	result = dmk_tree_number(&r->tree, node, "alignment", &align);
	if (result && result != -ENOENT)
		return result;
	if (!add.size || !page_aligned(add.size))
		return dmk_tree_bad(&r->tree, node, "size", "0x%llx is not a number of pages",
				    (unsigned long long)add.size);
	if (!align || align & (align - 1))
		return dmk_tree_bad(&r->tree, node, "alignment", "0x%llx is no power of two",
				    (unsigned long long)align);
	if (align < DMK_PAGE_SIZE)
		align = DMK_PAGE_SIZE;
	result = dmk_tree_cells(&r->tree, parent, "#address-cells", 2, 2, &address_cells);
	result = result ? result
			: dmk_tree_cells(&r->tree, parent, "#size-cells", 1, 2, &size_cells);
	result = result ? result
			: dmk_tree_list(&r->tree, node, "alloc-ranges", address_cells + size_cells,
					&ranges);
	if (result)
		return result;
	for (unsigned int i = 0; i < (ranges.n ? ranges.n : 1); i++) {
		const fdt32_t *entry = ranges.cells + i * ranges.entry;
		uint64_t size = 0;

		if (ranges.n) {
			first = dmk_tree_value(entry, address_cells);
			size = dmk_tree_value(entry + address_cells, size_cells);
			last = first + (size - 1);
		}
		if (ranges.n && (!size || wraps(first, size)))
			return dmk_tree_bad(&r->tree, node, "alloc-ranges",
					    "entry %u is empty or wraps", i);
		if (place(r, all, first, last, add.size, align, &add.first))
			return reserve(r, all, node, add);
	}
	return dmk_tree_bad(&r->tree, node, "size", "no room for 0x%llx bytes",
			    (unsigned long long)add.size);
}

static int reserve_header(struct reader *r, struct reservations *all)
{
	int result = 0;

	for (int i = 0; i < fdt_num_mem_rsv(r->tree.fdt) && !result; i++) {
		uint64_t first, size, page = DMK_PAGE_SIZE - 1;

		fdt_get_mem_rsv(r->tree.fdt, i, &first, &size);
		if (!size || wraps(first, size) || (first + (size - 1)) >> PHYS_BITS)
			continue;
		size = ((first + size + page) & ~page) - (first & ~page);
		result = reserve(r, all, -1,
				 (struct reserved){.first = first & ~page,
						   .size = size,
						   .kind = DMK_MEMORY_RESERVED,
						   .name = ""});
	}
	return result;
}

static int read_reserved(struct reader *r, struct reservations *all)
{
	const void *fdt = r->tree.fdt;
	int parent = fdt_path_offset(fdt, "/reserved-memory"), node;
	int result = reserve_header(r, all);

	if (parent < 0 || result)
		return result;
	/* Those with a place of their own first: the others go where there is room. */
	fdt_for_each_subnode(node, fdt, parent)
	{
		if (!result && dmk_tree_enabled(&r->tree, node) &&
		    dmk_tree_has(&r->tree, node, "reg"))
			result = reserve_fixed(r, all, node);
	}
	fdt_for_each_subnode(node, fdt, parent)
	{
		if (!result && dmk_tree_enabled(&r->tree, node) &&
		    !dmk_tree_has(&r->tree, node, "reg"))
			result = reserve_anywhere(r, all, node);
	}
	return result;
}

static int run_add(struct sim_profile *p, uint64_t first, uint64_t last, const struct reserved *of)
{
	unsigned int n = p->machine.nr_memory;

	p->memory = grown(p, p->memory, n, sizeof(*p->memory));
	p->no_direct = grown(p, p->no_direct, n, sizeof(*p->no_direct));
	if (!p->memory || !p->no_direct)
		return -ENOMEM;
	p->memory[n] = (struct dmk_memory){.first = DMK_PHYS(first),
					   .size = last - first + 1,
					   .kind = of ? of->kind : DMK_MEMORY_RAM,
					   .name = of ? of->name : ""};
	p->no_direct[n] = of && (of->kind == DMK_MEMORY_RESERVED || of->no_map);
	p->machine.nr_memory = n + 1;
	return 0;
}

/* The reservation that holds @at, or the next one above it. */
static const struct reserved *reserved_from(const struct reservations *all, uint64_t at)
{
	const struct reserved *nearest = NULL;

	for (unsigned int i = 0; i < all->n; i++) {
		const struct reserved *entry = &all->entry[i];

		if (entry->first + (entry->size - 1) < at)
			continue;
		if (!nearest || entry->first < nearest->first)
			nearest = entry;
	}
	return nearest;
}

static int cut_bank(struct sim_profile *p, const struct sim_bank *bank,
		    const struct reservations *all)
{
	uint64_t at = bank->first, last = bank->first + (bank->size - 1);
	int result = 0;

	while (at <= last && !result) {
		const struct reserved *next = reserved_from(all, at);
		bool inside = next && next->first <= at;
		uint64_t end = last;

		if (inside && next->first + (next->size - 1) < end)
			end = next->first + (next->size - 1);
		if (!inside && next && next->first <= end)
			end = next->first - 1;
		result = run_add(p, at, end, inside ? next : NULL);
		at = end + 1;
	}
	return result;
}

static int read_memory(struct reader *r)
{
	struct sim_profile *p = r->profile;
	struct reservations all = {0};
	bool any = false;
	int result = read_banks(r);

	result = result ? result : read_reserved(r, &all);
	for (unsigned int i = 0; i < p->nr_banks && !result; i++)
		result = cut_bank(p, &p->banks[i], &all);
	for (unsigned int i = 0; i < p->machine.nr_memory; i++)
		any |= p->memory[i].kind == DMK_MEMORY_RAM;
	p->machine.memory = p->memory;
	if (!result && !any)
		return dmk_tree_bad(&r->tree, 0, NULL,
				    "all memory is reserved: nothing is left to run in");
	return result;
}

/* --- buses -------------------------------------------------------------------------------------------------------- */

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
	windows->entry = grown(p, windows->entry, windows->n, sizeof(add));
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

static bool is_pci(const struct tree *tree, int node)
{
	const char *type = dmk_tree_text(tree, node, "device_type");

	return (type && !strcmp(type, "pci")) ||
	       dmk_tree_compatible(tree, node, "pci-host-ecam-generic");
}

static int read_dma_ranges(struct reader *r, int node, const struct windows *high,
			   struct windows *windows)
{
	const struct tree *tree = &r->tree;
	unsigned int address_cells, size_cells, parent_cells, flags = is_pci(tree, node);
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

/* The nearest word on it, on the way up; without any, devices are not coherent (the specification's default for ARM). */
static bool is_coherent(const struct tree *tree, int node)
{
	for (; node >= 0; node = fdt_parent_offset(tree->fdt, node)) {
		if (dmk_tree_has(tree, node, "dma-noncoherent"))
			return false;
		if (dmk_tree_has(tree, node, "dma-coherent"))
			return true;
	}
	return false;
}

static int bus_get(struct reader *r, int node, bool coherent, const struct dmk_bus **result)
{
	struct sim_profile *p = r->profile;
	struct windows windows = {0};
	struct sim_bus *bus = p->buses;
	int wrong;

	while (bus && (bus->node != node || bus->bus.coherent != coherent))
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
	bus->bus = (struct dmk_bus){.name = node ? fdt_get_name(p->fdt, node, NULL) : "root",
				    .windows = windows.entry,
				    .nr_windows = windows.n,
				    .coherent = coherent};
	bus->next = p->buses;
	p->buses = bus;
	*result = &bus->bus;
	return 0;
}

/* --- interrupts --------------------------------------------------------------------------------------------------- */

/*
 * The machine's number of an interrupt specifier: the controller's own number where it is free (with a GIC's three cells: SPI n is
 * 32 + n, PPI n is 16 + n), else the next free one. Returns 0: no number is left.
 */
static unsigned int wired_number(struct sim_profile *p, int controller, const fdt32_t *spec,
				 unsigned int cells)
{
	uint32_t cell[3] = {0};
	uint32_t hardware;

	/* The last cell of two or three holds flags: edge or level, no part of the name. */
	for (unsigned int i = 0; i < (cells > 1 ? cells - 1 : 1); i++)
		cell[i] = fdt32_ld(spec + i);
	hardware = cells == 3 ? cell[1] + (cell[0] ? 16 : 32) : cell[0];
	for (unsigned int i = 1; i < SIM_WIRED_IRQS; i++)
		if (p->wired[i].controller == controller && p->wired[i].cell[0] == cell[0] &&
		    p->wired[i].cell[1] == cell[1])
			return i;
	if (hardware >= SIM_WIRED_IRQS)
		hardware = 0;
	for (unsigned int i = 0; i < SIM_WIRED_IRQS; i++) {
		unsigned int irq = (hardware + i) % SIM_WIRED_IRQS;

		if (!irq || p->wired[irq].controller)
			continue;
		p->wired[irq].controller = controller;
		memcpy(p->wired[irq].cell, cell, sizeof(cell));
		return irq;
	}
	return 0;
}

/* A specifier of @controller that starts at @spec, with @left cells to the end of the property. Return: cells, or -EINVAL. */
static int read_specifier(struct reader *r, int node, const char *property, int controller,
			  const fdt32_t *spec, unsigned int left, unsigned int *irq)
{
	uint64_t cells;

	if (dmk_tree_number(&r->tree, controller, "#interrupt-cells", &cells))
		return dmk_tree_bad(&r->tree, controller, "#interrupt-cells",
				    "it is missing, and %s needs it",
				    fdt_get_name(r->tree.fdt, node, NULL));
	if (cells < 1 || cells > 3)
		return dmk_tree_bad(&r->tree, controller, "#interrupt-cells",
				    "%llu is not 1, 2 or 3", (unsigned long long)cells);
	if (cells > left)
		return dmk_tree_bad(&r->tree, node, property,
				    "it ends within a specifier of %u cells", (unsigned int)cells);
	*irq = wired_number(r->profile, controller, spec, cells);
	if (!*irq)
		return dmk_tree_bad(&r->tree, node, property, "more than %d interrupt lines",
				    SIM_WIRED_IRQS - 1);
	return cells;
}

static int read_interrupts(struct reader *r, int node, struct dmk_platform_device *device)
{
	const char *property = "interrupts-extended";
	struct tree_list list;
	int controller = 0, result;
	bool extended = dmk_tree_has(&r->tree, node, property);

	if (!extended)
		property = "interrupts";
	result = dmk_tree_list(&r->tree, node, property, 1, &list);
	if (!result && list.n && !extended)
		result = controller = dmk_tree_interrupt_parent(&r->tree, node);
	for (unsigned int i = 0;
	     i < list.n && result >= 0 && device->nr_irqs < DMK_PLATFORM_IRQS;) {
		if (extended)
			result = controller = dmk_tree_phandle(&r->tree, node, property,
							       fdt32_ld(list.cells + i++));
		if (result < 0)
			break;
		result = read_specifier(r, node, property, controller, list.cells + i, list.n - i,
					&device->irq[device->nr_irqs]);
		if (result < 0)
			break;
		device->nr_irqs++;
		i += result;
	}
	return result < 0 ? result : 0;
}

/* --- platform devices --------------------------------------------------------------------------------------------- */

struct node_handle {
	const void *fdt;
	int node;
};

static const void *platform_property(const struct dmk_platform_device *device, const char *name,
				     size_t *size)
{
	const struct node_handle *handle = device->node;
	int length = 0;
	const void *value = fdt_getprop(handle->fdt, handle->node, name, &length);

	if (size)
		*size = value ? length : 0;
	return value;
}

static int read_registers(struct reader *r, int node, struct dmk_platform_device *device)
{
	struct tree_list reg;
	unsigned int cells;
	int parent = fdt_parent_offset(r->tree.fdt, node);
	int result = dmk_tree_reg(&r->tree, node, &reg, &cells);

	for (unsigned int i = 0; i < reg.n && i < DMK_PLATFORM_REGS && !result; i++) {
		const fdt32_t *entry = reg.cells + i * reg.entry;
		uint64_t first = dmk_tree_value(entry, cells);
		uint64_t size = dmk_tree_value(entry + cells, reg.entry - cells);

		if (!size || wraps(first, size))
			return dmk_tree_bad(&r->tree, node, "reg", "entry %u is empty or wraps", i);
		result = dmk_tree_translate(&r->tree, node, parent, size, &first);
		device->reg[i].first = DMK_PHYS(first);
		device->reg[i].size = size;
		device->nr_regs = i + 1;
	}
	return result;
}

static const char *platform_name(struct reader *r, int node,
				 const struct dmk_platform_device *device)
{
	const char *name = fdt_get_name(r->tree.fdt, node, NULL);
	int plain = strcspn(name, "@");
	char text[64];

	if (device->nr_regs)
		snprintf(text, sizeof(text), "%llx.%.*s",
			 (unsigned long long)device->reg[0].first.v, plain > 31 ? 31 : plain, name);
	else
		snprintf(text, sizeof(text), "%.63s", name);
	return copied(r->profile, text);
}

static int read_platform_device(struct reader *r, int node)
{
	struct sim_profile *p = r->profile;
	struct node_handle *handle = dmk_sim_profile_alloc(p, 1, sizeof(*handle));
	struct dmk_platform_device device = {.property = platform_property, .node = handle};
	unsigned int n = p->machine.nr_platform;
	int result;

	if (!handle)
		return -ENOMEM;
	*handle = (struct node_handle){p->fdt, node};
	for (unsigned int i = 0; i < DMK_PLATFORM_COMPATIBLES; i++)
		device.compatible[i] = fdt_stringlist_get(p->fdt, node, "compatible", i, NULL);
	result = read_registers(r, node, &device);
	result = result ? result : read_interrupts(r, node, &device);
	result = result ? result
			: bus_get(r, fdt_parent_offset(p->fdt, node), is_coherent(&r->tree, node),
				  &device.dma);
	if (result)
		return result;
	device.name = platform_name(r, node, &device);
	p->platform = grown(p, p->platform, n, sizeof(device));
	p->platform_node = grown(p, p->platform_node, n, sizeof(node));
	if (!p->platform || !p->platform_node || !device.name)
		return -ENOMEM;
	p->platform[n] = device;
	p->platform_node[n] = node;
	p->machine.nr_platform = n + 1;
	return 0;
}

/* --- PCI ---------------------------------------------------------------------------------------------------------- */

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
	p->pins = grown(p, p->pins, p->nr_pins, sizeof(pin));
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
	result = read_specifier(r, node, property, controller, cells + 5 + unit, left - 5 - unit,
				&pin.irq);
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
	result = dmk_tree_list(&r->tree, node, "reg", 1, &reg);
	if (!result && (reg.n < 1 || fdt32_ld(reg.cells) & 0xffff07ff))
		return dmk_tree_bad(&r->tree, node, "reg", "the first cell is not slot << 11");
	if (result)
		return result;
	card.slot = fdt32_ld(reg.cells) >> 11;
	p->soldered = grown(p, p->soldered, p->nr_soldered, sizeof(card));
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

static int read_pci(struct reader *r, int node)
{
	struct sim_profile *p = r->profile;
	int child, result;

	if (p->machine.pci)
		return dmk_tree_bad(
			&r->tree, node, NULL,
			"a second PCI host bridge; give one of them status = \"disabled\"");
	p->machine.pci = &p->pci;
	result = read_pci_buses(r, node);
	result = result ? result : read_pci_ranges(r, node);
	result = result ? result : read_pins(r, node);
	result = result ? result : read_doorbell(r, node);
	result = result ? result : bus_get(r, node, is_coherent(&r->tree, node), &p->pci.dma);
	fdt_for_each_subnode(child, p->fdt, node)
	{
		result = result ? result : read_soldered(r, child);
	}
	return result;
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

static bool is_no_device(const struct tree *tree, int node)
{
	return !dmk_tree_enabled(tree, node) || !dmk_tree_has(tree, node, "compatible") ||
	       dmk_tree_has(tree, node, "interrupt-controller") ||
	       dmk_tree_has(tree, node, "msi-controller") || is_memory_node(tree, node);
}

static bool is_isa(const struct tree *tree, int node)
{
	const char *type = dmk_tree_text(tree, node, "device_type");

	return dmk_tree_compatible(tree, node, "isa") || (type && !strcmp(type, "isa"));
}

static int read_bus(struct reader *r, int bus, unsigned int depth);

static int read_node(struct reader *r, int node, unsigned int depth)
{
	if (is_pci(&r->tree, node) && dmk_tree_enabled(&r->tree, node))
		return read_pci(r, node);
	if (is_no_device(&r->tree, node))
		return 0;
	if (is_isa(&r->tree, node))
		return bus_get(r, node, is_coherent(&r->tree, node), &r->profile->machine.isa);
	if (dmk_tree_compatible(&r->tree, node, "simple-bus"))
		return read_bus(r, node, depth + 1);
	return read_platform_device(r, node);
}

static int read_bus(struct reader *r, int bus, unsigned int depth)
{
	int node, result = 0;

	if (depth > DEPTH_MAX)
		return dmk_tree_bad(&r->tree, bus, NULL, "more than %d buses inside each other",
				    DEPTH_MAX);
	fdt_for_each_subnode(node, r->tree.fdt, bus)
	{
		result = result ? result : read_node(r, node, depth);
	}
	return result;
}

/* --- the machine itself ------------------------------------------------------------------------------------------- */

static const char *const line_properties[] = {"d-cache-line-size", "d-cache-block-size",
					      "cache-line-size"};

/* In /cpus, or in a cpu below it. */
static int read_cache_line(struct reader *r, uint64_t *line)
{
	int cpus = fdt_path_offset(r->tree.fdt, "/cpus"), node = cpus;

	while (node >= 0) {
		for (unsigned int i = 0; i < 3; i++) {
			int result = dmk_tree_number(&r->tree, node, line_properties[i], line);

			if (result == -ENOENT)
				continue;
			if (!result && (*line < 8 || *line > DMK_PAGE_SIZE || *line & (*line - 1)))
				return dmk_tree_bad(&r->tree, node, line_properties[i],
						    "%llu is no power of two from 8 to 4096",
						    (unsigned long long)*line);
			return result;
		}
		node = node == cpus ? fdt_first_subnode(r->tree.fdt, cpus)
				    : fdt_next_subnode(r->tree.fdt, node);
	}
	return 0;
}

static bool all_coherent(const struct sim_profile *p)
{
	for (const struct sim_bus *bus = p->buses; bus; bus = bus->next)
		if (!bus->bus.coherent)
			return false;
	return true;
}

static int read_root_number(struct reader *r, const char *name, uint64_t *value)
{
	int result = dmk_tree_number(&r->tree, 0, name, value);

	return result == -ENOENT ? 0 : result;
}

static int read_limits(struct reader *r)
{
	struct sim_profile *p = r->profile;
	const struct sim_bank *top = &p->banks[p->nr_banks - 1];
	uint64_t last = top->first + (top->size - 1), direct = last, line = 64, evictions = 2;
	int result = read_root_number(r, "dmakit,direct-map-last", &direct);

	result = result ? result
			: read_root_number(r, "dmakit,dma-zone-last", &p->machine.dma_zone_last);
	result = result ? result
			: read_root_number(r, "dmakit,dma32-zone-last",
					   &p->machine.dma32_zone_last);
	result = result ? result : read_root_number(r, "dmakit,cache-evictions", &evictions);
	result = result ? result : read_cache_line(r, &line);
	if (result)
		return result;
	if (!page_aligned(direct + 1) || direct < p->banks[0].first)
		return dmk_tree_bad(&r->tree, 0, "dmakit,direct-map-last",
				    "0x%llx is not the last byte of a page of memory",
				    (unsigned long long)direct);
	if (evictions > 64)
		return dmk_tree_bad(&r->tree, 0, "dmakit,cache-evictions", "%llu is more than 64",
				    (unsigned long long)evictions);
	p->machine.direct_last = DMK_PHYS(direct < last ? direct : last);
	p->machine.cache_line = all_coherent(p) ? 1 : line;
	p->evictions = evictions;
	return 0;
}

static int read_texts(struct reader *r, const char *name, const char *append)
{
	struct sim_profile *p = r->profile;
	int chosen = fdt_path_offset(p->fdt, "/chosen");
	const char *arguments = chosen < 0 ? NULL : dmk_tree_text(&r->tree, chosen, "bootargs");
	const char *file = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	const char *summary = dmk_tree_text(&r->tree, 0, "dmakit,summary");
	size_t n = (arguments ? strlen(arguments) : 0) + (append ? strlen(append) : 0) + 2;
	char *all = dmk_sim_profile_alloc(p, n, 1), *short_name = copied(p, file);

	if (chosen >= 0 && !arguments && dmk_tree_has(&r->tree, chosen, "bootargs"))
		return dmk_tree_bad(&r->tree, chosen, "bootargs", "it is no text");
	if (!all || !short_name)
		return -ENOMEM;
	snprintf(all, n, "%s%s%s", arguments ? arguments : "", arguments && append ? " " : "",
		 append ? append : "");
	if (strchr(short_name, '.') > short_name)
		*strrchr(short_name, '.') = 0;
	summary = summary ? summary : dmk_tree_text(&r->tree, 0, "model");
	p->machine.name = short_name;
	p->machine.summary = summary ? summary : "";
	p->machine.bootargs = all;
	return 0;
}

static void read_caps(struct reader *r)
{
	struct dmk_machine *machine = &r->profile->machine;

	machine->caps = DMK_CAP_SEES_DMA;
	if (dmk_tree_has(&r->tree, 0, "dmakit,bounce"))
		machine->caps |= DMK_CAP_BOUNCE;
	if (machine->isa || (machine->pci && machine->pci->io.size))
		machine->caps |= DMK_CAP_PORT_IO;
	machine->nr_irqs = SIM_IRQS;
	machine->platform = r->profile->platform;
}

int dmk_sim_profile_read(struct sim_profile *profile, const char *name, const char *append,
			 char *error, size_t error_size)
{
	struct reader r = {.profile = profile};
	int result = dmk_sim_load(name, &profile->fdt, error, error_size);

	if (result)
		return result;
	profile->file = copied(profile, name);
	if (!profile->file)
		return -ENOMEM;
	r.tree = (struct tree){profile->fdt, name, error, error_size};
	result = read_memory(&r);
	result = result ? result : read_bus(&r, 0, 0);
	result = result ? result : read_limits(&r);
	result = result ? result : read_texts(&r, name, append);
	if (result == -ENOMEM)
		snprintf(error, error_size, "%.96s: out of memory", name);
	if (!result)
		read_caps(&r);
	return result;
}
