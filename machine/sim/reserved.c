/* SPDX-License-Identifier: MIT */
/*
 * What is kept back of RAM: /memreserve/, /reserved-memory, and what `cma=` asks for. Which of it
 * serves which device is pools.c's; how the banks are cut is layout.c's. Devicetree Specification
 * 0.4, section 3.5, and the bindings of shared-dma-pool and restricted-dma-pool.
 */
#include "reader.h"

static int reserve(struct reader *r, struct sim_reservations *all, int node,
		   struct sim_reserved add)
{
	struct sim_profile *p = r->profile;
	struct sim_reserved *entry = dmk_sim_profile_alloc(p, 1, sizeof(*entry));

	for (unsigned int i = 0; i < all->n; i++)
		if (node >= 0 &&
		    overlap(add.first, add.size, all->entry[i]->first, all->entry[i]->size))
			return dmk_tree_bad(&r->tree, node, "reg", "it overlaps %s",
					    *all->entry[i]->name ? all->entry[i]->name
								 : "a /memreserve/");
	all->entry = dmk_sim_grown(p, all->entry, all->n, sizeof(*all->entry));
	if (!all->entry || !entry)
		return -ENOMEM;
	*entry = add;
	all->entry[all->n++] = entry;
	return 0;
}

/* --- of which kind ---------------------------------------------------------------------------- */

/*
 * What the two kinds of pool can't be; Linux passes such a pool over, and its devices work without
 * one, or not at all.
 */
static const struct {
	enum dmk_memory_kind kind;
	const char *has, *with, *without; /* NULL: does not matter */
	const char *says;
} contradictions[] = {
	{DMK_MEMORY_RESTRICTED_POOL, "no-map", NULL, NULL,
	 "the CPU copies through a restricted-dma-pool: the direct map must have it"},
	{DMK_MEMORY_RESTRICTED_POOL, "reusable", NULL, NULL,
	 "a restricted-dma-pool is its devices' own"},
	{DMK_MEMORY_RESTRICTED_POOL, "linux,cma-default", NULL, NULL,
	 "a restricted-dma-pool is nobody's default"},
	{DMK_MEMORY_RESTRICTED_POOL, "linux,dma-default", NULL, NULL,
	 "a restricted-dma-pool is nobody's default"},
	{DMK_MEMORY_SHARED_POOL, "reusable", "no-map", NULL,
	 "memory that others use meanwhile is in the direct map: not together with no-map"},
	{DMK_MEMORY_SHARED_POOL, "linux,cma-default", NULL, "reusable",
	 "it needs reusable as well"},
	{DMK_MEMORY_SHARED_POOL, "linux,dma-default", "reusable", NULL,
	 "not together with reusable"},
};

static int contradicts(const struct reader *r, int node, enum dmk_memory_kind kind)
{
	for (unsigned int i = 0; i < sizeof(contradictions) / sizeof(contradictions[0]); i++) {
		const char *with = contradictions[i].with, *without = contradictions[i].without;

		if (contradictions[i].kind != kind ||
		    !dmk_tree_has(&r->tree, node, contradictions[i].has) ||
		    (with && !dmk_tree_has(&r->tree, node, with)) ||
		    (without && dmk_tree_has(&r->tree, node, without)))
			continue;
		return dmk_tree_bad(&r->tree, node, contradictions[i].has, "%s",
				    contradictions[i].says);
	}
	return 0;
}

static enum dmk_memory_kind kind_of(const struct tree *tree, int node)
{
	if (dmk_tree_compatible(tree, node, "restricted-dma-pool"))
		return DMK_MEMORY_RESTRICTED_POOL;
	return dmk_tree_compatible(tree, node, "shared-dma-pool") ? DMK_MEMORY_SHARED_POOL
								  : DMK_MEMORY_RESERVED;
}

static bool is_cma_default(const struct tree *tree, int node)
{
	return dmk_tree_has(tree, node, "linux,cma-default") &&
	       kind_of(tree, node) == DMK_MEMORY_SHARED_POOL;
}

static int reservation_of(const struct reader *r, int node, struct sim_reserved *reserved)
{
	const struct tree *tree = &r->tree;
	enum dmk_memory_kind kind = kind_of(tree, node);

	*reserved = (struct sim_reserved){
		.kind = is_cma_default(tree, node) ? DMK_MEMORY_CONTIGUOUS : kind,
		.no_map = dmk_tree_has(tree, node, "no-map"),
		.everybodys = dmk_tree_has(tree, node, "linux,dma-default") &&
			      kind == DMK_MEMORY_SHARED_POOL,
		.node = node,
		.name = fdt_get_name(tree->fdt, node, NULL),
	};
	return contradicts(r, node, kind);
}

/* --- with a place of its own ------------------------------------------------------------------ */

static int reserve_fixed(struct reader *r, struct sim_reservations *all, int node)
{
	struct tree_list reg;
	struct sim_reserved add;
	unsigned int cells;
	int result = dmk_tree_reg(&r->tree, node, &reg, &cells);

	result = result ? result : reservation_of(r, node, &add);
	if (!result && reg.n > 1 && add.kind != DMK_MEMORY_RESERVED)
		return dmk_tree_bad(&r->tree, node, "reg", "a pool is one run of memory, not %u",
				    reg.n);
	for (unsigned int i = 0; i < reg.n && !result; i++) {
		const fdt32_t *entry = reg.cells + i * reg.entry;

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

static int reserve_header(struct reader *r, struct sim_reservations *all)
{
	int result = 0;

	for (int i = 0; i < fdt_num_mem_rsv(r->tree.fdt) && !result; i++) {
		uint64_t first, size, page = DMK_PAGE_SIZE - 1;

		fdt_get_mem_rsv(r->tree.fdt, i, &first, &size);
		if (!size || wraps(first, size) || (first + (size - 1)) >> SIM_PHYS_BITS)
			continue;
		size = ((first + size + page) & ~page) - (first & ~page);
		result = reserve(r, all, -1,
				 (struct sim_reserved){.first = first & ~page,
						       .size = size,
						       .kind = DMK_MEMORY_RESERVED,
						       .node = -1,
						       .name = ""});
	}
	return result;
}

/* --- where there is room ---------------------------------------------------------------------- */

/* The highest free place of [first, last] in a bank; reservations are walked down from the top. */
static bool place_in(const struct sim_reservations *all, const struct sim_bank *bank,
		     uint64_t first, uint64_t last, uint64_t size, uint64_t align, uint64_t *place)
{
	uint64_t low = bank->first > first ? bank->first : first;
	uint64_t top = bank->first + (bank->size - 1) < last ? bank->first + (bank->size - 1)
							     : last;

	while (top >= low && top - low >= size - 1) {
		uint64_t at = (top - (size - 1)) & ~(align - 1);
		const struct sim_reserved *in_the_way = NULL;

		if (at < low)
			return false;
		for (unsigned int i = 0; i < all->n; i++)
			if (overlap(at, size, all->entry[i]->first, all->entry[i]->size))
				in_the_way = all->entry[i];
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

static bool place(const struct reader *r, const struct sim_reservations *all, uint64_t first,
		  uint64_t last, uint64_t size, uint64_t align, uint64_t *at)
{
	const struct sim_profile *p = r->profile;
	uint64_t end = r->arguments.memory_last < last ? r->arguments.memory_last : last;

	for (unsigned int i = p->nr_banks; i--;)
		if (place_in(all, &p->banks[i], first, end, size, align, at))
			return true;
	return false;
}

/* A node without reg but with size: the system chooses the place. */
static int reserve_anywhere(struct reader *r, struct sim_reservations *all, int node)
{
	struct sim_reserved add;
	uint64_t align = DMK_PAGE_SIZE, first = 0, last = ~0ULL;
	int parent = fdt_parent_offset(r->tree.fdt, node);
	int result = reservation_of(r, node, &add);
	unsigned int address_cells, size_cells;
	struct tree_list ranges;

	if (result)
		return result;
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

/* --- cma= ------------------------------------------------------------------------------------- */

/*
 * Where nothing is said: in reach of the direct map, and of devices of 32 bits where the machine
 * has a zone for them.
 */
static uint64_t contiguous_last(const struct reader *r)
{
	uint64_t direct = ~0ULL, zone = 0;

	dmk_tree_number(&r->tree, 0, "dmakit,direct-map-last", &direct);
	dmk_tree_number(&r->tree, 0, "dmakit,dma32-zone-last", &zone);
	return zone && zone < direct ? zone : direct;
}

static int reserve_contiguous(struct reader *r, struct sim_reservations *all)
{
	const struct sim_arguments *want = &r->arguments;
	struct sim_reserved add = {.kind = DMK_MEMORY_CONTIGUOUS, .node = -1, .name = "cma"};
	uint64_t last = want->contiguous_last ? want->contiguous_last : contiguous_last(r);
	uint64_t align = DMK_PAGE_SIZE;

	if (!want->contiguous)
		return 0;
	while (align < SIM_CONTIGUOUS_ALIGN && 2 * align <= want->contiguous)
		align *= 2;
	if (want->contiguous_fixed)
		align = DMK_PAGE_SIZE;
	add.size = want->contiguous;
	if (!place(r, all, want->contiguous_first, last, add.size, align, &add.first))
		return dmk_sim_argument_bad(r, want->contiguous_word, "no room for it");
	return reserve(r, all, -1, add);
}

/* --- all of it -------------------------------------------------------------------------------- */

/* `cma=` takes the place of what the tree says of it: that node is then as if it were not there. */
static bool is_wanted(const struct reader *r, int node)
{
	/* IOVAs alone, of no memory: iommu_tree.c's. */
	if (dmk_tree_has(&r->tree, node, "iommu-addresses") &&
	    !dmk_tree_has(&r->tree, node, "reg") && !dmk_tree_has(&r->tree, node, "size"))
		return false;
	return dmk_tree_enabled(&r->tree, node) &&
	       !(r->arguments.contiguous_word && is_cma_default(&r->tree, node));
}

int dmk_sim_read_reserved(struct reader *r, struct sim_reservations *all)
{
	const void *fdt = r->tree.fdt;
	int parent = fdt_path_offset(fdt, "/reserved-memory"), node;
	int result = reserve_header(r, all);

	if (result)
		return result;
	if (parent < 0)
		return reserve_contiguous(r, all);
	/* Those with a place of their own first: the others go where there is room. */
	fdt_for_each_subnode(node, fdt, parent)
	{
		if (!result && is_wanted(r, node) && dmk_tree_has(&r->tree, node, "reg"))
			result = reserve_fixed(r, all, node);
	}
	fdt_for_each_subnode(node, fdt, parent)
	{
		if (!result && is_wanted(r, node) && !dmk_tree_has(&r->tree, node, "reg"))
			result = reserve_anywhere(r, all, node);
	}
	return result ? result : reserve_contiguous(r, all);
}
