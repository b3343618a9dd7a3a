/* SPDX-License-Identifier: MIT */
/*
 * Memory from a devicetree: banks of RAM, what is reserved of them, and the runs that are left.
 */
#include "reader.h"

enum { PHYS_BITS = 46 }; /* as far as the direct map's address space goes */

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
	p->banks = dmk_sim_grown(p, p->banks, p->nr_banks, sizeof(*p->banks));
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

bool dmk_sim_is_memory_node(const struct tree *tree, int node)
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
		if (!result && dmk_sim_is_memory_node(&r->tree, node))
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
	all->entry = dmk_sim_grown(r->profile, all->entry, all->n, sizeof(*all->entry));
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

	return (struct reserved){.kind = pool ? DMK_MEMORY_SHARED_POOL : DMK_MEMORY_RESERVED,
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
		const fdt32_t *entry = ranges.n ? ranges.cells + i * ranges.entry : NULL;
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

	p->memory = dmk_sim_grown(p, p->memory, n, sizeof(*p->memory));
	p->no_direct = dmk_sim_grown(p, p->no_direct, n, sizeof(*p->no_direct));
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

int dmk_sim_read_memory(struct reader *r)
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
