/* SPDX-License-Identifier: MIT */
/*
 * The atomic pool: pages, and an uncached view of them where some bus is not coherent, made at the start for callers that may not
 * sleep. Not an allocator of bytes: it gives out whole pages.
 */
#include "coherent.h"
#include "copy.h"
#include "lock.h"
#include "text.h"
#include "window.h"

enum { MOST_PAGES = 64, LEAST_PAGES = 4 }; /* 256 KiB, 16 KiB */

static struct {
	struct dmk_range memory; /* physical; aligned to its size */
	size_t nr_pages;         /* 0: there is no pool */
	char *view;              /* uncached; NULL: none */
	struct dmk_lock lock;    /* guards taken */
	uint64_t taken;          /* a bit a page */
} pool;

_Static_assert(MOST_PAGES <= 64, "one word says which pages are taken");

/* A thousandth of the memory or so: a power of two of pages. */
static size_t wanted_pages(void)
{
	const struct dmk_machine *machine = dmk_core.machine;
	uint64_t bytes = 0;
	size_t pages = LEAST_PAGES;

	for (unsigned int i = 0; i < machine->nr_memory; i++)
		bytes += machine->memory[i].kind == DMK_MEMORY_RAM ? machine->memory[i].size : 0;
	while (pages < MOST_PAGES && (uint64_t)pages << (DMK_PAGE_SHIFT + 8) <= bytes)
		pages *= 2;
	return pages;
}

static bool take_memory(size_t nr_pages)
{
	static const unsigned int widths[] = {28, 30, 32};
	const struct dmk_os *os = &dmk_core.os;
	const size_t size = nr_pages << DMK_PAGE_SHIFT;
	struct dmk_range low;
	dmk_phys first;

	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		if (!dmk_low_memory(widths[i], &low))
			continue;
		if (os->ops->pages_alloc(os->ctx,
					 &(struct dmk_page_request){.size = size,
								    .align = size,
								    .first = DMK_PHYS(low.first),
								    .last = DMK_PHYS(low.last),
								    .may_sleep = true},
					 &first))
			continue;
		pool.memory = (struct dmk_range){first.v, first.v + (size - 1)};
		pool.nr_pages = nr_pages;
		return true;
	}
	return false;
}

static bool map_view(void)
{
	const struct dmk_port *port = &dmk_core.port;
	dmk_phys pages[MOST_PAGES];

	for (size_t i = 0; i < pool.nr_pages; i++)
		pages[i] = DMK_PHYS(pool.memory.first + (i << DMK_PAGE_SHIFT));
	dmk_cache_flush(pages[0], pool.nr_pages << DMK_PAGE_SHIFT);
	pool.view = port->ops->view_map(port->ctx, pages, pool.nr_pages, DMK_VIEW_UNCACHED);
	return pool.view;
}

static void give_memory(void)
{
	dmk_core.os.ops->pages_free(dmk_core.os.ctx, DMK_PHYS(pool.memory.first),
				    pool.nr_pages << DMK_PAGE_SHIFT);
	pool.nr_pages = 0;
}

bool dmk_atomic_start(void)
{
	size_t pages = wanted_pages();

	pool.taken = 0;
	pool.view = NULL;
	while (pages >= LEAST_PAGES && !take_memory(pages))
		pages /= 2;
	if (!pool.nr_pages)
		goto say;
	if (dmk_core.machine->cache_line > 1 && !map_view()) {
		give_memory();
		goto say;
	}
	return true;

say:
	dmk_log(DMK_LOG_WARNING, NULL, "no memory for the atomic pool: GFP_ATOMIC may fail");
	return false;
}

void dmk_atomic_stop(void)
{
	const struct dmk_port *port = &dmk_core.port;

	if (!pool.nr_pages)
		return;
	if (pool.view) {
		port->ops->view_unmap(port->ctx, pool.view, pool.nr_pages);
		dmk_cache_invalidate(DMK_PHYS(pool.memory.first), pool.nr_pages << DMK_PAGE_SHIFT);
	}
	give_memory();
}

static uint64_t pages_mask(size_t first, size_t n)
{
	return (n >= 64 ? ~0ULL : (1ULL << n) - 1) << first;
}

/* First of @n free pages at a multiple of @step that @dev reaches; -1: none. */
static int find_pages(const struct dmk_dev *dev, size_t n, size_t step, dmk_dma *dma)
{
	for (size_t i = 0; i + n <= pool.nr_pages; i += step) {
		const uint64_t first = pool.memory.first + (i << DMK_PAGE_SHIFT);
		const uint64_t before_last = (n << DMK_PAGE_SHIFT) - 1;

		if (!(pool.taken & pages_mask(i, n)) &&
		    dmk_window_to_bus(dev->bus, (struct dmk_range){first, first + before_last},
				      dma) &&
		    dma->v + before_last <= dmk_coherent_limit(dev))
			return (int)i;
	}
	return -1;
}

bool dmk_atomic_take(const struct dmk_dev *dev, size_t size, size_t align, struct dmk_block *block)
{
	const size_t n = size >> DMK_PAGE_SHIFT;
	unsigned long flags;
	int at;

	if (!pool.nr_pages || (!dev->bus->coherent && !pool.view))
		return false;
	flags = dmk_lock_take(&pool.lock);
	at = find_pages(dev, n, align >> DMK_PAGE_SHIFT, &block->dma);
	if (at >= 0)
		pool.taken |= pages_mask((size_t)at, n);
	dmk_lock_drop(&pool.lock, flags);
	if (at < 0)
		return false;
	block->phys = DMK_PHYS(pool.memory.first + ((uint64_t)at << DMK_PAGE_SHIFT));
	block->cpu = dev->bus->coherent ? dmk_direct(block->phys)
					: pool.view + ((size_t)at << DMK_PAGE_SHIFT);
	block->size = size;
	block->atomic = true;
	/* A coherent device may have had the pages before, through the cache. */
	if (!dev->bus->coherent)
		dmk_cache_flush(block->phys, size);
	return true;
}

void dmk_atomic_give(const struct dmk_block *block)
{
	unsigned long flags = dmk_lock_take(&pool.lock);

	pool.taken &= ~pages_mask((block->phys.v - pool.memory.first) >> DMK_PAGE_SHIFT,
				  block->size >> DMK_PAGE_SHIFT);
	dmk_lock_drop(&pool.lock, flags);
}
