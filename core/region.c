/* SPDX-License-Identifier: MIT */
/*
 * Runs of pages in a piece of memory: first fit over a bitmap.
 */
#include "region.h"
#include "lock.h"
#include "window.h"

struct dmk_region *dmk_region_new(struct dmk_range memory, bool may_sleep)
{
	const size_t nr_pages = (size_t)(dmk_range_bytes(memory) >> DMK_PAGE_SHIFT);
	const size_t size = sizeof(struct dmk_region) + (nr_pages + 63) / 64 * sizeof(uint64_t);
	struct dmk_region *region = dmk_meta_alloc(size, may_sleep);

	if (!region)
		return NULL;
	region->memory = memory;
	region->nr_pages = nr_pages;
	region->record_size = size;
	return region;
}

void dmk_region_free(struct dmk_region *region)
{
	if (region)
		dmk_meta_free(region, region->record_size);
}

static bool is_taken(const struct dmk_region *region, size_t page)
{
	return region->taken[page / 64] >> (page % 64) & 1;
}

static void mark(struct dmk_region *region, size_t first, size_t n, bool taken)
{
	for (size_t page = first; page < first + n; page++) {
		const uint64_t bit = 1ULL << (page % 64);

		if (taken)
			region->taken[page / 64] |= bit;
		else
			region->taken[page / 64] &= ~bit;
	}
}

/* One past the last taken page of [@first, @first + @n); @first: all are free. */
static size_t after_taken(const struct dmk_region *region, size_t first, size_t n)
{
	for (size_t page = first + n; page-- > first;) {
		if (is_taken(region, page))
			return page + 1;
	}
	return first;
}

/* Whether the run that starts at page @page is aligned by both its addresses, and reached. */
static bool suits(const struct dmk_region *region, const struct dmk_region_request *request,
		  size_t page, dmk_dma *dma)
{
	const uint64_t offset = (uint64_t)page << DMK_PAGE_SHIFT, before_last = request->size - 1;
	const uint64_t first = region->memory.first + offset;

	return dmk_window_to_bus(request->dev->bus,
				 (struct dmk_range){first, first + before_last}, dma) &&
	       dma->v + before_last <= dmk_page_limit(request->dev) &&
	       !(dma->v & (request->align - 1)) &&
	       !(((uintptr_t)request->base + offset) & (request->cpu_align - 1));
}

bool dmk_region_take(struct dmk_region *region, const struct dmk_region_request *request,
		     dmk_phys *phys, dmk_dma *dma)
{
	const size_t n = request->size >> DMK_PAGE_SHIFT;
	unsigned long flags;
	bool found = false;
	size_t page = 0, next;

	if (n > region->nr_pages)
		return false;
	flags = dmk_lock_take(&region->lock);
	while (!found && n <= region->nr_pages - region->used && page + n <= region->nr_pages) {
		next = after_taken(region, page, n);
		found = next == page && suits(region, request, page, dma);
		if (!found)
			page = next == page ? page + 1 : next;
	}
	if (found) {
		mark(region, page, n, true);
		region->used += n;
		*phys = DMK_PHYS(region->memory.first + ((uint64_t)page << DMK_PAGE_SHIFT));
	}
	dmk_lock_drop(&region->lock, flags);
	return found;
}

void dmk_region_give(struct dmk_region *region, dmk_phys phys, size_t size)
{
	const size_t n = size >> DMK_PAGE_SHIFT;
	unsigned long flags = dmk_lock_take(&region->lock);

	mark(region, (size_t)((phys.v - region->memory.first) >> DMK_PAGE_SHIFT), n, false);
	region->used -= n;
	dmk_lock_drop(&region->lock, flags);
}

bool dmk_region_reached(const struct dmk_region *region, const struct dmk_bus *bus, uint64_t limit)
{
	dmk_dma dma;

	return dmk_window_to_bus(bus, region->memory, &dma) &&
	       dma.v + (region->memory.last - region->memory.first) <= limit;
}

size_t dmk_region_left(struct dmk_region *region)
{
	unsigned long flags = dmk_lock_take(&region->lock);
	size_t left = region->nr_pages - region->used;

	dmk_lock_drop(&region->lock, flags);
	return left;
}
