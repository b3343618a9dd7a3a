/* SPDX-License-Identifier: MIT */
/*
 * The atomic pool: pages, an uncached view of them where some bus is not coherent, and shared with
 * devices where memory is private; made beforehand for callers that may not sleep (COH-06). Not an
 * allocator of bytes: it gives out whole pages.
 *
 * It is a list of chunks, each within reach of some devices. A chunk is added at its head and stays
 * until the core stops, so the list is read without a lock. Whoever finds too little left for
 * devices like his leaves word of what he wanted, and a chunk of it is made in a context that may
 * sleep:
 *
 *	take -> too little is left -> wanted -> os->defer -> refill -> one chunk more
 */
#include "coherent.h"
#include "copy.h"
#include "lock.h"
#include "region.h"
#include "text.h"
#include "window.h"

enum {
	MOST_PAGES = 64, /* of a chunk that nobody asked more of: 256 KiB */
	LEAST_PAGES = 4, /* 16 KiB */
	PART_OF_MEMORY = 16, /* the pool grows to that part of the machine's memory */
};

/* What somebody could not have, or will not have next time. */
struct want {
	const struct dmk_bus *bus; /* NULL: nothing is wanted */
	uint64_t limit;            /* last bus address */
	size_t pages;
};

static struct {
	struct dmk_region *first; /* released when it is stored, acquired when it is loaded */
	size_t nominal;           /* pages of a chunk */
	size_t most;              /* pages of all of them together */
	struct dmk_deferred refill;

	struct dmk_lock lock; /* guards what follows */
	size_t total;         /* pages */
	struct want want;
} pool;

static struct dmk_region *first_chunk(void)
{
	/*
	 * Acquire: pairs with the release in add_chunk(), so that what a chunk says is seen with
	 * it.
	 */
	return __atomic_load_n(&pool.first, __ATOMIC_ACQUIRE);
}

static uint64_t ram_bytes(void)
{
	const struct dmk_machine *machine = dmk_core.machine;
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < machine->nr_memory; i++)
		bytes += machine->memory[i].kind == DMK_MEMORY_RAM ? machine->memory[i].size : 0;
	return bytes;
}

/* A thousandth of the memory or so: a power of two of pages. */
static size_t nominal_pages(uint64_t bytes)
{
	size_t pages = LEAST_PAGES;

	while (pages < MOST_PAGES && (uint64_t)pages << (DMK_PAGE_SHIFT + 8) <= bytes)
		pages *= 2;
	return pages;
}

/* --- making a chunk; may sleep ---------------------------------------------------------------- */

static size_t bytes_of(const struct dmk_region *chunk)
{
	return chunk->nr_pages << DMK_PAGE_SHIFT;
}

static void end_chunk(struct dmk_region *chunk)
{
	const dmk_phys first = DMK_PHYS(chunk->memory.first);

	if (chunk->uncached) {
		dmk_view_end(chunk->uncached, bytes_of(chunk));
		dmk_cache_invalidate(first, bytes_of(chunk));
	}
	if (!dmk_is_private() || dmk_memory_share(first, bytes_of(chunk), false))
		dmk_core.os.ops->pages_free(dmk_core.os.ctx, first, bytes_of(chunk));
	dmk_region_free(chunk);
}

static struct dmk_region *chunk_of(dmk_phys first, size_t size)
{
	struct dmk_region *chunk =
		dmk_region_new((struct dmk_range){first.v, first.v + (size - 1)}, true);

	if (!chunk)
		goto give_pages;
	if (dmk_is_private() && !dmk_memory_share(first, size, true))
		goto free_record;
	chunk->cached = dmk_direct(first);
	if (dmk_core.machine->cache_line > 1) {
		dmk_cache_flush(first, size);
		chunk->uncached = dmk_view_run(first, size, DMK_VIEW_UNCACHED, true);
		if (!chunk->uncached) {
			end_chunk(chunk);
			return NULL;
		}
	}
	return chunk;

free_record:
	dmk_region_free(chunk);
give_pages:
	dmk_core.os.ops->pages_free(dmk_core.os.ctx, first, size);
	return NULL;
}

static struct dmk_region *make_chunk(struct dmk_range within, size_t pages)
{
	const struct dmk_os *os = &dmk_core.os;
	const size_t size = pages << DMK_PAGE_SHIFT;
	dmk_phys first;

	if (dmk_range_bytes(within) < size ||
	    os->ops->pages_alloc(os->ctx,
				 &(struct dmk_page_request){.size = size,
							    .align = size,
							    .first = DMK_PHYS(within.first),
							    .last = DMK_PHYS(within.last),
							    .may_sleep = true},
				 &first))
		return NULL;
	return chunk_of(first, size);
}

static void add_chunk(struct dmk_region *chunk)
{
	unsigned long flags = dmk_lock_take(&pool.lock);

	pool.total += chunk->nr_pages;
	chunk->next = pool.first;
	/* Release: pairs with the acquire in first_chunk(). */
	__atomic_store_n(&pool.first, chunk, __ATOMIC_RELEASE);
	dmk_lock_drop(&pool.lock, flags);
}

/* A chunk of @pages, or of fewer down to @least. */
static bool add_within(struct dmk_range within, size_t pages, size_t least)
{
	struct dmk_region *chunk = NULL;

	for (; !chunk && pages >= least; pages /= 2)
		chunk = make_chunk(within, pages);
	if (chunk)
		add_chunk(chunk);
	return chunk;
}

static bool add_for(const struct dmk_bus *bus, uint64_t limit, size_t pages, size_t least)
{
	const struct dmk_range direct = {0, dmk_layout.direct_last};
	struct dmk_range part;

	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		if (dmk_window_part(&bus->windows[i], limit, &part) &&
		    dmk_range_common(part, direct, &part) && add_within(part, pages, least))
			return true;
	}
	return false;
}

/* --- growing ---------------------------------------------------------------------------------- */

static bool may_grow(size_t pages)
{
	unsigned long flags = dmk_lock_take(&pool.lock);
	bool may = pool.total + pages <= pool.most;

	dmk_lock_drop(&pool.lock, flags);
	return may;
}

static void refill(struct dmk_deferred *self)
{
	unsigned long flags = dmk_lock_take(&pool.lock);
	const struct want want = pool.want;

	pool.want.bus = NULL;
	dmk_lock_drop(&pool.lock, flags);
	if (!want.bus)
		return;
	if (may_grow(want.pages > pool.nominal ? want.pages : pool.nominal))
		add_for(want.bus, want.limit,
			want.pages > pool.nominal ? want.pages : pool.nominal, want.pages);
}

static void want(const struct dmk_bus *bus, uint64_t limit, size_t pages)
{
	const struct dmk_os *os = &dmk_core.os;
	unsigned long flags;

	if (pages > pool.most)
		return;
	flags = dmk_lock_take(&pool.lock);
	/* Of several wishes the larger one; whose it was, asks again if it must. */
	if (!pool.want.bus || pool.want.pages <= pages)
		pool.want = (struct want){bus, limit, pages};
	dmk_lock_drop(&pool.lock, flags);
	os->ops->defer(os->ctx, &pool.refill);
}

/* Pages left in chunks that such a device reaches. */
static size_t left_for(const struct dmk_bus *bus, uint64_t limit)
{
	size_t left = 0;

	for (struct dmk_region *chunk = first_chunk(); chunk; chunk = chunk->next) {
		if (dmk_region_reached(chunk, bus, limit))
			left += dmk_region_left(chunk);
	}
	return left;
}

static bool is_served(const struct dmk_bus *bus, uint64_t limit)
{
	struct dmk_region *chunk = first_chunk();

	while (chunk && !dmk_region_reached(chunk, bus, limit))
		chunk = chunk->next;
	return chunk;
}

/* Whether devices of the bus never ask: their consistent memory is elsewhere. */
static bool has_its_own(const struct dmk_bus *bus)
{
	return bus->shared_pool || bus->restricted_pool;
}

void dmk_atomic_ready(struct dmk_dev *dev)
{
	const uint64_t limit = dmk_page_limit(dev);

	dmk_reserve_ready(dev);
	if (!pool.nominal || has_its_own(dev->bus) || is_served(dev->bus, limit))
		return;
	if (dmk_in_atomic())
		want(dev->bus, limit, LEAST_PAGES);
	else if (may_grow(LEAST_PAGES))
		add_for(dev->bus, limit, LEAST_PAGES, 1);
}

/* --- life ------------------------------------------------------------------------------------- */

/* One for everybody, as low as devices of few address bits need it. */
static void start_common(void)
{
	static const unsigned int widths[] = {28, 30, 32};
	struct dmk_range low;

	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		if (dmk_low_memory(widths[i], &low) &&
		    add_within(low, pool.nominal, LEAST_PAGES))
			return;
	}
}

static void start_for(const struct dmk_bus *bus, unsigned int bits)
{
	const uint64_t limit = (1ULL << bits) - 1;

	if (bus && !has_its_own(bus) && !is_served(bus, limit))
		add_for(bus, limit, pool.nominal, LEAST_PAGES);
}

bool dmk_atomic_start(void)
{
	const struct dmk_machine *machine = dmk_core.machine;
	const uint64_t bytes = ram_bytes();

	__builtin_memset(&pool, 0, sizeof(pool));
	pool.refill.run = refill;
	pool.nominal = nominal_pages(bytes);
	pool.most = (size_t)(bytes / PART_OF_MEMORY >> DMK_PAGE_SHIFT);
	start_common();
	start_for(machine->pci ? machine->pci->dma : NULL, 32);
	for (unsigned int i = 0; i < machine->nr_platform; i++)
		start_for(machine->platform[i].dma, 32);
	if (pool.first)
		return true;
	dmk_log(DMK_LOG_WARNING, NULL, "no memory for the atomic pool: GFP_ATOMIC may fail");
	return false;
}

void dmk_atomic_stop(void)
{
	while (pool.first) {
		struct dmk_region *chunk = pool.first;

		pool.first = chunk->next;
		end_chunk(chunk);
	}
	pool.nominal = 0;
}

/* --- take ------------------------------------------------------------------------------------- */

bool dmk_atomic_take(const struct dmk_dev *dev, size_t size, size_t align, struct dmk_block *block)
{
	const size_t pages = size >> DMK_PAGE_SHIFT;
	struct dmk_region_request request = {
		.dev = dev, .size = size, .align = align, .cpu_align = align};
	struct dmk_region *chunk;
	bool found = false;

	for (chunk = first_chunk(); chunk && !found; chunk = found ? chunk : chunk->next) {
		request.base = dev->bus->coherent ? chunk->cached : chunk->uncached;
		found = request.base &&
			dmk_region_take(chunk, &request, &block->phys, &block->dma);
	}
	if (!found)
		want(dev->bus, dmk_page_limit(dev), align >> DMK_PAGE_SHIFT);
	else if (left_for(dev->bus, dmk_page_limit(dev)) < pool.nominal / 2)
		want(dev->bus, dmk_page_limit(dev), pages);
	block->region = chunk;
	return found;
}

void dmk_atomic_pages(size_t *total, size_t *used)
{
	*total = 0;
	*used = 0;
	for (struct dmk_region *chunk = first_chunk(); chunk; chunk = chunk->next) {
		*total += chunk->nr_pages;
		*used += chunk->nr_pages - dmk_region_left(chunk);
	}
}
