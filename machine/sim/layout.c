/* SPDX-License-Identifier: MIT */
/*
 * Memory from a devicetree: banks of RAM, and the runs they are cut into. What is kept back of them
 * is reserved.c's.
 */
#include "reader.h"

/* --- RAM -------------------------------------------------------------------------------------- */

static int bank_add(struct reader *r, int node, uint64_t first, uint64_t size)
{
	struct sim_profile *p = r->profile;

	if (!size)
		return 0;
	if (!page_aligned(first) || !page_aligned(size))
		return dmk_tree_bad(&r->tree, node, "reg",
				    "0x%llx with 0x%llx bytes is not page aligned",
				    (unsigned long long)first, (unsigned long long)size);
	if (wraps(first, size) || (first + (size - 1)) >> SIM_PHYS_BITS)
		return dmk_tree_bad(&r->tree, node, "reg",
				    "0x%llx with 0x%llx bytes ends above 2^%d",
				    (unsigned long long)first, (unsigned long long)size,
				    SIM_PHYS_BITS);
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

/* --- runs ------------------------------------------------------------------------------------- */

/* One reservation is one run, also where it lies across banks that touch. */
static bool goes_on(const struct sim_profile *p, uint64_t first, const struct sim_reserved *of)
{
	unsigned int n = p->machine.nr_memory;

	return of && n && p->memory_of[n - 1] == of &&
	       p->memory[n - 1].first.v + p->memory[n - 1].size == first;
}

static int run_add(struct sim_profile *p, uint64_t first, uint64_t last,
		   const struct sim_reserved *of)
{
	unsigned int n = p->machine.nr_memory;

	if (goes_on(p, first, of)) {
		p->memory[n - 1].size += last - first + 1;
		return 0;
	}
	p->memory = dmk_sim_grown(p, p->memory, n, sizeof(*p->memory));
	p->memory_of = dmk_sim_grown(p, p->memory_of, n, sizeof(*p->memory_of));
	if (!p->memory || !p->memory_of)
		return -ENOMEM;
	p->memory[n] = (struct dmk_memory){.first = DMK_PHYS(first),
					   .size = last - first + 1,
					   .kind = of ? of->kind : DMK_MEMORY_RAM,
					   .name = of ? of->name : "",
					   .no_map = of && (of->kind == DMK_MEMORY_RESERVED ||
							    of->no_map)};
	p->memory_of[n] = of;
	p->machine.nr_memory = n + 1;
	return 0;
}

/* RAM that nothing in the tree keeps back; from what mem= says on, it is kept back all the same. */
static int ram_add(struct reader *r, uint64_t first, uint64_t last)
{
	static const struct sim_reserved beyond = {.kind = DMK_MEMORY_RESERVED,
						   .node = -1,
						   .name = "mem"};
	uint64_t end = r->arguments.memory_last;
	int result = 0;

	if (last <= end)
		return run_add(r->profile, first, last, NULL);
	if (first <= end)
		result = run_add(r->profile, first, end, NULL);
	return result ? result : run_add(r->profile, first <= end ? end + 1 : first, last, &beyond);
}

/* The reservation that holds @at, or the next one above it. */
static const struct sim_reserved *reserved_from(const struct sim_reservations *all, uint64_t at)
{
	const struct sim_reserved *nearest = NULL;

	for (unsigned int i = 0; i < all->n; i++) {
		const struct sim_reserved *entry = all->entry[i];

		if (entry->first + (entry->size - 1) < at)
			continue;
		if (!nearest || entry->first < nearest->first)
			nearest = entry;
	}
	return nearest;
}

static int cut_bank(struct reader *r, const struct sim_bank *bank,
		    const struct sim_reservations *all)
{
	uint64_t at = bank->first, last = bank->first + (bank->size - 1);
	int result = 0;

	while (at <= last && !result) {
		const struct sim_reserved *next = reserved_from(all, at);
		bool inside = next && next->first <= at;
		uint64_t end = last;

		if (inside && next->first + (next->size - 1) < end)
			end = next->first + (next->size - 1);
		if (!inside && next && next->first <= end)
			end = next->first - 1;
		result = inside ? run_add(r->profile, at, end, next) : ram_add(r, at, end);
		at = end + 1;
	}
	return result;
}

int dmk_sim_read_memory(struct reader *r)
{
	struct sim_profile *p = r->profile;
	struct sim_reservations all = {0};
	bool any = false;
	int result = read_banks(r);

	result = result ? result : dmk_sim_read_reserved(r, &all);
	for (unsigned int i = 0; i < p->nr_banks && !result; i++)
		result = cut_bank(r, &p->banks[i], &all);
	for (unsigned int i = 0; i < p->machine.nr_memory; i++)
		any |= p->memory[i].kind == DMK_MEMORY_RAM;
	p->machine.memory = p->memory;
	if (!result && !any)
		return dmk_tree_bad(&r->tree, 0, NULL,
				    "all memory is reserved: nothing is left to run in%s",
				    r->arguments.memory_last != ~0ULL ? " (mem= takes some)" : "");
	return result;
}
