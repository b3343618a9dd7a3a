/* SPDX-License-Identifier: MIT */
/*
 * What the atomic pool is to others, for devices that are restricted to a region and not coherent:
 * a few pages of their region each, of which an uncached view was made beforehand (COH-06, BNC-05).
 * Coherent ones need none: their region is served in any context.
 *
 * A reserve is the device's, found by it in a list. Growing takes a view, and that sleep: so it is
 * done in three steps, and the device may go between them.
 *
 *	pages, with the lock -> a view, without -> added, with the lock; or the device is gone, and
 *	the view goes
 */
#include "bounce.h"
#include "coherent.h"
#include "copy.h"
#include "lock.h"
#include "region.h"
#include "window.h"

enum {
	CHUNK_PAGES = 4,
	MOST_PART = 8, /* of the region are kept for one device */
};

struct dmk_reserve {
	struct dmk_reserve *next;
	struct dmk_dev *dev;
	struct dmk_region *first; /* chunks, newest first; stay as long as the device */
	size_t pages;             /* in all chunks */
	size_t want;              /* pages of the next chunk; 0: none is wanted */
};

static struct {
	struct dmk_lock lock; /* guards all, and is taken before a bounce pool's and a region's */
	struct dmk_reserve *first;
	struct dmk_deferred refill;
} reserves;

static struct dmk_reserve *reserve_of(const struct dmk_dev *dev)
{
	struct dmk_reserve *reserve = reserves.first;

	while (reserve && reserve->dev != dev)
		reserve = reserve->next;
	return reserve;
}

static bool needs_one(const struct dmk_dev *dev)
{
	return dmk_bounce_memory(dev) && !dev->bus->coherent;
}

static size_t bytes_of(const struct dmk_region *chunk)
{
	return chunk->nr_pages << DMK_PAGE_SHIFT;
}

/* --- growing ---------------------------------------------------------------------------------- */

/*
 * Pages for the first reserve that wants some; false: none does, or can have them. With the lock.
 */
static bool take_wanted(struct dmk_dev **dev, dmk_phys *phys, size_t *size)
{
	for (struct dmk_reserve *reserve = reserves.first; reserve; reserve = reserve->next) {
		const size_t most = (size_t)(dmk_bounce_memory(reserve->dev)->size / MOST_PART);

		*size = reserve->want << DMK_PAGE_SHIFT;
		reserve->want = 0;
		if (!*size || (reserve->pages << DMK_PAGE_SHIFT) + *size > most ||
		    !dmk_bounce_take_pages(reserve->dev, *size, *size, phys))
			continue;
		*dev = reserve->dev;
		return true;
	}
	return false;
}

static struct dmk_region *see(dmk_phys phys, size_t size)
{
	struct dmk_region *chunk =
		dmk_region_new((struct dmk_range){phys.v, phys.v + (size - 1)}, true);

	if (!chunk)
		return NULL;
	dmk_cache_flush(phys, size);
	chunk->uncached = dmk_view_run(phys, size, DMK_VIEW_UNCACHED, true);
	if (chunk->uncached)
		return chunk;
	dmk_region_free(chunk);
	return NULL;
}

static void end_chunk(struct dmk_region *chunk)
{
	if (chunk->uncached)
		dmk_view_end(chunk->uncached, bytes_of(chunk));
	dmk_cache_invalidate(DMK_PHYS(chunk->memory.first), bytes_of(chunk));
	dmk_region_free(chunk);
}

static bool grow_one(void)
{
	unsigned long flags = dmk_lock_take(&reserves.lock);
	struct dmk_reserve *reserve;
	struct dmk_region *chunk;
	struct dmk_dev *dev;
	dmk_phys phys;
	size_t size;
	bool found = take_wanted(&dev, &phys, &size);

	dmk_lock_drop(&reserves.lock, flags);
	if (!found)
		return false;
	chunk = see(phys, size);
	flags = dmk_lock_take(&reserves.lock);
	reserve = reserve_of(dev);
	if (reserve && chunk) {
		chunk->next = reserve->first;
		reserve->first = chunk;
		reserve->pages += chunk->nr_pages;
		chunk = NULL;
	} else if (reserve) {
		dmk_bounce_give_pages(dev, phys, size);
	}
	dmk_lock_drop(&reserves.lock, flags);
	if (chunk)
		end_chunk(chunk);
	return true;
}

static void refill(struct dmk_deferred *self)
{
	while (grow_one())
		;
}

/* --- life ------------------------------------------------------------------------------------- */

void dmk_reserves_start(void)
{
	__builtin_memset(&reserves, 0, sizeof(reserves));
	reserves.refill.run = refill;
}

static bool has_one(const struct dmk_dev *dev)
{
	unsigned long flags = dmk_lock_take(&reserves.lock);
	bool has = reserve_of(dev);

	dmk_lock_drop(&reserves.lock, flags);
	return has;
}

void dmk_reserve_ready(struct dmk_dev *dev)
{
	const bool may_sleep = !dmk_in_atomic();
	struct dmk_reserve *reserve;
	unsigned long flags;

	if (!needs_one(dev) || has_one(dev))
		return;
	reserve = dmk_meta_alloc(sizeof(*reserve), may_sleep);
	if (!reserve)
		return;
	reserve->dev = dev;
	reserve->want = CHUNK_PAGES;
	flags = dmk_lock_take(&reserves.lock);
	if (!reserve_of(dev)) {
		reserve->next = reserves.first;
		reserves.first = reserve;
		reserve = NULL;
	}
	dmk_lock_drop(&reserves.lock, flags);
	dmk_meta_free(reserve, sizeof(*reserve));
	if (may_sleep)
		refill(&reserves.refill);
	else
		dmk_core.os.ops->defer(dmk_core.os.ctx, &reserves.refill);
}

/* Pages that are still taken are the device's to write to, and are not given to others. */
static void end_reserve(struct dmk_reserve *reserve)
{
	while (reserve->first) {
		struct dmk_region *chunk = reserve->first;

		reserve->first = chunk->next;
		if (!chunk->used)
			dmk_bounce_give_pages(reserve->dev, DMK_PHYS(chunk->memory.first),
					      bytes_of(chunk));
		end_chunk(chunk);
	}
	dmk_meta_free(reserve, sizeof(*reserve));
}

void dmk_reserve_forget_device(struct dmk_dev *dev)
{
	unsigned long flags = dmk_lock_take(&reserves.lock);
	struct dmk_reserve **at = &reserves.first, *reserve;

	while (*at && (*at)->dev != dev)
		at = &(*at)->next;
	reserve = *at;
	if (reserve)
		*at = reserve->next;
	dmk_lock_drop(&reserves.lock, flags);
	if (reserve)
		end_reserve(reserve);
}

void dmk_reserves_stop(void)
{
	while (reserves.first)
		dmk_reserve_forget_device(reserves.first->dev);
}

/* --- take ------------------------------------------------------------------------------------- */

bool dmk_reserve_take(struct dmk_dev *dev, size_t size, size_t align, struct dmk_block *block)
{
	struct dmk_region_request request = {
		.dev = dev, .size = size, .align = align, .cpu_align = align};
	unsigned long flags = dmk_lock_take(&reserves.lock);
	struct dmk_reserve *reserve = reserve_of(dev);
	struct dmk_region *chunk = reserve ? reserve->first : NULL;
	size_t left = 0;
	bool found = false;

	for (; chunk && !found; chunk = found ? chunk : chunk->next) {
		request.base = chunk->uncached;
		found = dmk_region_take(chunk, &request, &block->phys, &block->dma);
		left += dmk_region_left(chunk);
	}
	if (reserve && left < CHUNK_PAGES / 2 + 1)
		reserve->want = align >> DMK_PAGE_SHIFT > CHUNK_PAGES ? align >> DMK_PAGE_SHIFT
								      : CHUNK_PAGES;
	else if (reserve && !found)
		reserve->want = align >> DMK_PAGE_SHIFT;
	dmk_lock_drop(&reserves.lock, flags);
	if (!reserve)
		dmk_reserve_ready(dev);
	if (reserve && (!found || left < CHUNK_PAGES / 2 + 1))
		dmk_core.os.ops->defer(dmk_core.os.ctx, &reserves.refill);
	block->region = chunk;
	block->restricted = found;
	return found;
}
