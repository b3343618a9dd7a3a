/* SPDX-License-Identifier: MIT */
/*
 * shared-dma-pools: memory that the machine keeps for the consistent memory of the devices that
 * name it (MEM-09). Each is a region, made when the core starts and seen as a whole, so that a
 * driver that may not sleep is served as any other.
 */
#include "coherent.h"
#include "copy.h"
#include "region.h"
#include "text.h"

static struct {
	struct dmk_region *first;
} pools;

static bool is_direct(const struct dmk_region *region)
{
	return region->cached == dmk_direct(DMK_PHYS(region->memory.first));
}

static size_t bytes_of(const struct dmk_region *region)
{
	return region->nr_pages << DMK_PAGE_SHIFT;
}

/* The view that devices of @bus need; false: no address space. */
static bool see(struct dmk_region *region, const struct dmk_bus *bus)
{
	const struct dmk_memory *memory = bus->shared_pool;
	char **base = bus->coherent ? &region->cached : &region->uncached;

	if (*base)
		return true;
	if (bus->coherent && !memory->no_map && region->memory.last <= dmk_layout.direct_last) {
		*base = dmk_direct(memory->first);
		return true;
	}
	if (!bus->coherent && !memory->no_map)
		dmk_cache_flush(memory->first, bytes_of(region));
	*base = dmk_view_run(memory->first, bytes_of(region),
			     bus->coherent ? DMK_VIEW_CACHED : DMK_VIEW_UNCACHED, true);
	return *base;
}

static void let_go(struct dmk_region *region)
{
	const dmk_phys first = DMK_PHYS(region->memory.first);

	if (region->cached && !is_direct(region))
		dmk_view_end(region->cached, bytes_of(region));
	if (region->uncached)
		dmk_view_end(region->uncached, bytes_of(region));
	if (dmk_is_private())
		dmk_memory_share(first, bytes_of(region), false);
	dmk_region_free(region);
}

static struct dmk_region *find(const struct dmk_memory *memory)
{
	struct dmk_region *region = pools.first;

	while (region && region->memory.first != memory->first.v)
		region = region->next;
	return region;
}

static struct dmk_region *make(const struct dmk_memory *memory)
{
	struct dmk_range range;
	struct dmk_region *region;

	if (!dmk_range_make(memory->first.v, memory->size, &range))
		return NULL;
	region = dmk_region_new(range, true);
	if (!region)
		return NULL;
	if (dmk_is_private() && !dmk_memory_share(memory->first, bytes_of(region), true)) {
		dmk_region_free(region);
		return NULL;
	}
	region->next = pools.first;
	pools.first = region;
	return region;
}

/* While the core starts, by one thread. */
static void start_pool(const struct dmk_bus *bus)
{
	struct dmk_text text = {.used = 0};
	struct dmk_region *region;

	if (!bus || !bus->shared_pool)
		return;
	region = find(bus->shared_pool);
	if (!region)
		region = make(bus->shared_pool);
	if (region && see(region, bus))
		return;
	dmk_text_say(&text, "the shared-dma-pool ");
	dmk_text_say(&text, bus->shared_pool->name);
	dmk_text_say(&text, " can't be used: its devices get no consistent memory");
	dmk_log(DMK_LOG_WARNING, NULL, text.data);
}

void dmk_shared_pools_start(void)
{
	const struct dmk_machine *machine = dmk_core.machine;

	pools.first = NULL;
	start_pool(machine->pci ? machine->pci->dma : NULL);
	start_pool(machine->isa);
	for (unsigned int i = 0; i < machine->nr_platform; i++)
		start_pool(machine->platform[i].dma);
}

void dmk_shared_pools_stop(void)
{
	while (pools.first) {
		struct dmk_region *region = pools.first;

		pools.first = region->next;
		let_go(region);
	}
}

/*
 * Every bus of the machine's was looked at in the beginning, and regions stay: nothing changes
 * here, and there is nothing to lock.
 */
struct dmk_region *dmk_shared_pool_of(const struct dmk_bus *bus)
{
	struct dmk_region *region = find(bus->shared_pool);

	return region && (bus->coherent ? region->cached : region->uncached) ? region : NULL;
}
