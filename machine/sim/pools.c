/* SPDX-License-Identifier: MIT */
/*
 * Which pools serve a bus or a device: what its node's memory-region names, and the pool that is
 * everybody's. Reserved memory of other kinds may be named as well; it is between the driver and
 * its device, and nothing here knows of it.
 */
#include "reader.h"

static const struct dmk_memory *run_of(const struct sim_profile *p, int node)
{
	for (unsigned int i = 0; i < p->machine.nr_memory; i++)
		if (p->memory_of[i] && p->memory_of[i]->node == node)
			return &p->memory[i];
	return NULL;
}

static bool in_reach(const struct dmk_bus *bus, const struct dmk_memory *pool)
{
	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		const struct dmk_window *window = &bus->windows[i];

		if (window->size == ~0ULL ||
		    overlap(window->phys.v, window->size, pool->first.v, pool->size))
			return true;
	}
	return false;
}

static bool is_pool(const struct tree *tree, int node)
{
	return dmk_tree_compatible(tree, node, "shared-dma-pool") ||
	       dmk_tree_compatible(tree, node, "restricted-dma-pool");
}

static int bus_pool(struct reader *r, int node, int pool, struct dmk_bus *bus)
{
	const struct dmk_memory *run = run_of(r->profile, pool);
	const char *name = fdt_get_name(r->tree.fdt, pool, NULL), *property = "memory-region";

	if (!is_pool(&r->tree, pool) || !dmk_tree_enabled(&r->tree, pool))
		return 0;
	/* A default for long runs that `cma=` replaced is memory as any other. */
	if (!run && dmk_tree_has(&r->tree, pool, "reusable"))
		return 0;
	if (!run)
		return dmk_tree_bad(&r->tree, node, property, "%s lies where no memory is", name);
	if (!in_reach(bus, run))
		return dmk_tree_bad(&r->tree, node, property, "%s is out of the device's reach",
				    name);
	if (run->kind == DMK_MEMORY_RESTRICTED_POOL && !bus->restricted_pool)
		bus->restricted_pool = run;
	if (run->kind == DMK_MEMORY_SHARED_POOL && !bus->shared_pool)
		bus->shared_pool = run;
	return 0;
}

bool dmk_sim_names_memory(const struct reader *r, int node)
{
	return node && dmk_tree_has(&r->tree, node, "memory-region");
}

int dmk_sim_read_pools(struct reader *r, int node, struct dmk_bus *bus)
{
	int parent = fdt_path_offset(r->tree.fdt, "/reserved-memory");
	struct tree_list list;
	int result = dmk_tree_list(&r->tree, node, "memory-region", 1, &list);

	for (unsigned int i = 0; i < list.n && !result; i++) {
		int pool = dmk_tree_phandle(&r->tree, node, "memory-region",
					    fdt32_ld(list.cells + i));

		if (pool < 0)
			return pool;
		if (parent < 0 || fdt_parent_offset(r->tree.fdt, pool) != parent)
			return dmk_tree_bad(&r->tree, node, "memory-region",
					    "%s is not in /reserved-memory",
					    fdt_get_name(r->tree.fdt, pool, NULL));
		result = bus_pool(r, node, pool, bus);
	}
	return result;
}

/*
 * linux,dma-default: where devices that are not coherent have consistent memory from, unless they
 * name a pool.
 */
int dmk_sim_everybodys_pool(struct reader *r)
{
	struct sim_profile *p = r->profile;
	const struct dmk_memory *pool = NULL;

	for (unsigned int i = 0; i < p->machine.nr_memory; i++) {
		if (!p->memory_of[i] || !p->memory_of[i]->everybodys)
			continue;
		if (pool)
			return dmk_tree_bad(&r->tree, p->memory_of[i]->node, "linux,dma-default",
					    "%s is the default already", pool->name);
		pool = &p->memory[i];
	}
	for (struct sim_bus *bus = p->buses; pool && bus; bus = bus->next)
		if (!bus->bus.shared_pool && !bus->bus.coherent && in_reach(&bus->bus, pool))
			bus->bus.shared_pool = pool;
	return 0;
}

/* The CPU copies to and from it without asking for a view first. */
int dmk_sim_check_restricted(const struct reader *r)
{
	const struct sim_profile *p = r->profile;

	for (unsigned int i = 0; i < p->machine.nr_memory; i++) {
		const struct dmk_memory *run = &p->memory[i];

		if (run->kind == DMK_MEMORY_RESTRICTED_POOL &&
		    run->first.v + (run->size - 1) > p->machine.direct_last.v)
			return dmk_tree_bad(
				&r->tree, p->memory_of[i]->node, "reg",
				"a restricted-dma-pool lies in the direct map, which ends at 0x%llx",
				(unsigned long long)p->machine.direct_last.v);
	}
	return 0;
}
