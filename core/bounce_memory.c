/* SPDX-License-Identifier: MIT */
/*
 * The memory of pools: page frames or a region that was kept back, shared with devices where the
 * machine's memory is private, and the records, which no device can write. Not here: how large a
 * pool is (bounce_setup.c, bounce_grow.c).
 */
#include "bounce_pool.h"
#include "lock.h"
#include "text.h"

/* --- page frames ------------------------------------------------------------------------------ */

static bool memory_is_private(void)
{
	return dmk_core.machine->caps & DMK_CAP_PRIVATE;
}

static bool share(dmk_phys first, uint64_t size, bool shared)
{
	const struct dmk_port *port = &dmk_core.port;
	struct dmk_text text = {.used = 0};

	if (!memory_is_private() || !port->ops->memory_share(port->ctx, first, size, shared))
		return true;
	dmk_text_say(&text, "bounce buffer: the machine did not make ");
	dmk_text_number(&text, size);
	dmk_text_say(&text, " bytes at ");
	dmk_text_hex(&text, first.v);
	dmk_text_say(&text, shared ? " shared: they are not used"
				   : " private again: they are not given back");
	dmk_log(DMK_LOG_ERR, NULL, text.data);
	return false;
}

bool dmk_bounce_pages(struct dmk_range within, size_t size, size_t align, bool may_sleep,
		      dmk_phys *first)
{
	const struct dmk_os *os = &dmk_core.os;
	const struct dmk_page_request request = {
		.size = size,
		.align = align,
		.first = DMK_PHYS(within.first),
		.last = DMK_PHYS(within.last),
		.may_sleep = may_sleep,
	};

	/* Sharing may sleep. */
	if ((memory_is_private() && !may_sleep) || os->ops->pages_alloc(os->ctx, &request, first))
		return false;
	if (share(*first, size, true))
		return true;
	os->ops->pages_free(os->ctx, *first, size);
	return false;
}

/* What stays shared would be read and written by devices while somebody keeps secrets there. */
void dmk_bounce_pages_free(dmk_phys first, size_t size)
{
	if (share(first, size, false))
		dmk_core.os.ops->pages_free(dmk_core.os.ctx, first, size);
}

/* --- records ---------------------------------------------------------------------------------- */

static size_t meta_size(size_t nr_slots, size_t nr_segments, size_t nr_areas)
{
	return sizeof(struct dmk_slot_pool) + nr_areas * sizeof(struct dmk_area) +
	       nr_slots * (sizeof(struct dmk_run) + 1) +
	       nr_segments * (sizeof(struct dmk_bits) + 2);
}

/* The parts one after another, those that are aligned most first. */
static void lay_out(struct dmk_slot_pool *pool)
{
	pool->areas = (struct dmk_area *)(pool + 1);
	pool->free = (struct dmk_bits *)(pool->areas + pool->nr_areas);
	pool->runs = (struct dmk_run *)(pool->free + pool->nr_segments);
	pool->back = (uint8_t *)(pool->runs + pool->nr_slots);
	pool->longest[0] = pool->back + pool->nr_slots;
	pool->longest[1] = pool->longest[0] + pool->nr_segments;
}

static void all_are_free(struct dmk_slot_pool *pool)
{
	const size_t of_area = (size_t)1 << pool->area_shift;

	for (size_t i = 0; i < pool->nr_segments; i++)
		pool->free[i] = dmk_bits_run(0, DMK_SEGMENT_SLOTS);
	__builtin_memset(pool->longest[0], DMK_SEGMENT_SLOTS, 2 * pool->nr_segments);
	for (size_t i = 0; i < pool->nr_areas; i++) {
		struct dmk_area *area = &pool->areas[i];

		area->first = area->hot = i * of_area;
		area->end = i + 1 < pool->nr_areas ? area->first + of_area : pool->nr_segments;
		area->longest[0] = area->longest[1] = DMK_SEGMENT_SLOTS;
	}
}

/* Where most devices see it: those of the PCI bus. */
static void see_bus(struct dmk_slot_pool *pool)
{
	const struct dmk_pci_host *pci = dmk_core.machine->pci;

	if (pci && dmk_window_by_first(pci->dma, true, pool->memory, &pool->bus))
		pool->windows = pci->dma->windows;
}

/* Areas of 2^n segments, so that a shift says which one a slot is in. */
static struct dmk_slot_pool *records_new(enum dmk_bounce_pool_kind kind, dmk_phys first,
					 size_t nr_slots, size_t most_areas)
{
	const size_t nr_segments = (nr_slots + DMK_SEGMENT_SLOTS - 1) / DMK_SEGMENT_SLOTS;
	unsigned int shift = 0;
	struct dmk_slot_pool *pool;
	size_t nr_areas, size;

	while (most_areas << shift < nr_segments)
		shift++;
	nr_areas = (nr_segments + (((size_t)1 << shift) - 1)) >> shift;
	size = meta_size(nr_slots, nr_segments, nr_areas);
	pool = dmk_meta_alloc(size, true);
	if (!pool)
		return NULL;
	pool->kind = kind;
	pool->memory = (struct dmk_range){first.v,
					  first.v + (((uint64_t)nr_slots << DMK_SLOT_SHIFT) - 1)};
	pool->nr_slots = nr_slots;
	pool->nr_segments = nr_segments;
	pool->nr_areas = nr_areas;
	pool->area_shift = shift;
	pool->meta_size = size;
	see_bus(pool);
	lay_out(pool);
	all_are_free(pool);
	return pool;
}

/* --- pools ------------------------------------------------------------------------------------ */

struct dmk_slot_pool *dmk_slot_pool_new(enum dmk_bounce_pool_kind kind, uint64_t nr_slots,
					size_t nr_areas, struct dmk_range within)
{
	const uint64_t size = nr_slots << DMK_SLOT_SHIFT;
	struct dmk_slot_pool *pool;
	dmk_phys first;

	/*
	 * Aligned, if that can be had, so that a device that may cross no 256 KiB can still have as
	 * much at once.
	 */
	if (size > ~(size_t)0 / 2 ||
	    (!dmk_bounce_pages(within, (size_t)size, DMK_SEGMENT_SIZE, true, &first) &&
	     !dmk_bounce_pages(within, (size_t)size, DMK_PAGE_SIZE, true, &first)))
		return NULL;
	pool = records_new(kind, first, (size_t)nr_slots, nr_areas);
	if (!pool) {
		dmk_bounce_pages_free(first, (size_t)size);
		return NULL;
	}
	pool->cpu = dmk_direct(first);
	return pool;
}

/* The address of a region: in the direct map, if it is there. */
static bool region_address(struct dmk_slot_pool *pool, const struct dmk_memory *region)
{
	const struct dmk_port *port = &dmk_core.port;
	const size_t n = (size_t)(dmk_range_bytes(pool->memory) >> DMK_PAGE_SHIFT);
	dmk_phys *pages;

	if (!region->no_map && pool->memory.last <= dmk_layout.direct_last) {
		pool->cpu = dmk_direct(region->first);
		return true;
	}
	pages = dmk_meta_alloc(n * sizeof(*pages), true);
	if (!pages)
		return false;
	for (size_t i = 0; i < n; i++)
		pages[i] = DMK_PHYS(region->first.v + ((uint64_t)i << DMK_PAGE_SHIFT));
	pool->cpu = port->ops->view_map(port->ctx, pages, n, DMK_VIEW_CACHED);
	pool->nr_views = pool->cpu ? n : 0;
	dmk_meta_free(pages, n * sizeof(*pages));
	return pool->cpu;
}

/* The last segment may be shorter: the slots that are not there are taken for ever. */
static void cut_last_segment(struct dmk_slot_pool *pool)
{
	const unsigned int there = pool->nr_slots % DMK_SEGMENT_SLOTS;

	if (there)
		pool->free[pool->nr_segments - 1] = dmk_bits_run(0, there);
}

/*
 * One area: a restricted region is one device's or a few ones', and long runs are asked of it
 * (dmk_bounce_take_pages()).
 */
struct dmk_slot_pool *dmk_slot_pool_of(const struct dmk_memory *region)
{
	const uint64_t nr_slots = region->size >> DMK_SLOT_SHIFT;
	struct dmk_slot_pool *pool;

	if (!nr_slots || region->size > ~(size_t)0 / 2 || !share(region->first, region->size, true))
		return NULL;
	pool = records_new(DMK_BOUNCE_RESTRICTED, region->first, (size_t)nr_slots, 1);
	if (!pool)
		goto undo_share;
	cut_last_segment(pool);
	if (!region_address(pool, region))
		goto free_pool;
	return pool;

free_pool:
	dmk_meta_free(pool, pool->meta_size);
undo_share:
	share(region->first, region->size, false);
	return NULL;
}

void dmk_slot_pool_free(struct dmk_slot_pool *pool)
{
	const struct dmk_port *port = &dmk_core.port;
	const dmk_phys first = DMK_PHYS(pool->memory.first);
	const size_t size = pool->nr_slots << DMK_SLOT_SHIFT;

	if (pool->nr_views)
		port->ops->view_unmap(port->ctx, pool->cpu, pool->nr_views);
	if (pool->kind == DMK_BOUNCE_RESTRICTED)
		share(first, size, false);
	else
		dmk_bounce_pages_free(first, size);
	dmk_meta_free(pool, pool->meta_size);
}

bool dmk_bounce_add(struct dmk_bounce *source, struct dmk_slot_pool *pool)
{
	unsigned long flags = dmk_lock_take(&source->lock);
	const size_t n = source->nr_pools;

	if (n < DMK_SLOT_POOLS) {
		source->pools[n] = pool;
		__atomic_store_n(&source->slots, source->slots + pool->nr_slots, __ATOMIC_RELAXED);
		/* Release: pairs with the acquire in dmk_bounce_pools(). */
		__atomic_store_n(&source->nr_pools, n + 1, __ATOMIC_RELEASE);
	}
	dmk_lock_drop(&source->lock, flags);
	return n < DMK_SLOT_POOLS;
}
