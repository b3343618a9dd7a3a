/* SPDX-License-Identifier: MIT */
/*
 * Memory by other addresses than the direct map's: vmalloc(), vmap(), kmap() of high memory. All of
 * them are views that the machine makes, so the machine's table is given to the kernel part with
 * operations in between; and so with those by which the kernel part orders what a device sees, on a
 * machine where it does not see all in order (COH-05).
 *
 * Pages of views are counted as of interest as long as they are there: whether they are is seen on
 * a second look, at the memory behind. Views that are not cached are consistent memory.
 */
#include "fences.h"
#include "table.h"

#include <dmakit/watch.h>

static struct dmk_port machine; /* the machine's own table */
static struct dmk_port_ops ops; /* and what is given out */
static struct dmk_watch_table views = DMK_WATCH_TABLE;

static void add(uintptr_t address, uint64_t phys)
{
	if (dmk_watch_table_add(&views, address, phys))
		dmk_watch_count(dmk_watch_pages, address >> DMK_PAGE_SHIFT, 1);
	dmk_fences_view(address, phys, true);
}

static void drop(uintptr_t address)
{
	uint64_t phys;
	const bool known = dmk_watch_table_find(&views, address, &phys);

	/* Out of the table first: nobody fences it again. */
	if (dmk_watch_table_drop(&views, address))
		dmk_watch_count(dmk_watch_pages, address >> DMK_PAGE_SHIFT, -1u);
	if (known)
		dmk_fences_view(address, phys, false);
	dmk_watch_shared_drop(address);
}

static void *view_map(void *ctx, const dmk_phys *pages, size_t n, enum dmk_view kind)
{
	const uintptr_t view = (uintptr_t)machine.ops->view_map(ctx, pages, n, kind);

	for (size_t i = 0; view && i < n; i++) {
		if (kind == DMK_VIEW_CACHED)
			add(view + i * DMK_PAGE_SIZE, pages[i].v);
		else if (kind == DMK_VIEW_UNCACHED)
			dmk_watch_shared_add(view + i * DMK_PAGE_SIZE, pages[i].v);
	}
	return (void *)view;
}

/* Forgotten first: the next view may have the same addresses. */
static void view_unmap(void *ctx, void *view, size_t n)
{
	dmk_watch_drain();
	for (size_t i = 0; i < n; i++)
		drop((uintptr_t)view + i * DMK_PAGE_SIZE);
	machine.ops->view_unmap(ctx, view, n);
}

bool dmk_watch_view_phys(uintptr_t address, uint64_t *phys)
{
	return dmk_watch_table_find(&views, address, phys);
}

void dmk_watch_each_view(uint64_t phys, void (*call)(void *ctx, uintptr_t address), void *ctx)
{
	dmk_watch_table_each(&views, phys, call, ctx);
}

/* --- what orders stores ----------------------------------------------------------------------- */

/* A cache is not cleaned before the stores to it are done. */
static void cache_clean(void *ctx, dmk_phys phys, size_t size)
{
	dmk_watch_drain();
	machine.ops->cache_clean(ctx, phys, size);
}

static void cache_invalidate(void *ctx, dmk_phys phys, size_t size)
{
	dmk_watch_drain();
	machine.ops->cache_invalidate(ctx, phys, size);
}

static void cache_flush(void *ctx, dmk_phys phys, size_t size)
{
	dmk_watch_drain();
	machine.ops->cache_flush(ctx, phys, size);
}

static int memory_share(void *ctx, dmk_phys phys, size_t size, bool shared)
{
	dmk_watch_drain();
	return machine.ops->memory_share(ctx, phys, size, shared);
}

/* Done by an ordered access to registers. */
static void config_write(void *ctx, uint16_t bdf, unsigned int offset, unsigned int width,
			 uint32_t value)
{
	dmk_watch_drain();
	machine.ops->config_write(ctx, bdf, offset, width, value);
}

/* --- life ------------------------------------------------------------------------------------- */

void dmk_watch_views(struct dmk_port *port)
{
	machine = *port;
	ops = *port->ops;
	ops.view_map = view_map;
	ops.view_unmap = view_unmap;
	if (dmk_watch_weak) {
		ops.cache_clean = cache_clean;
		ops.cache_invalidate = cache_invalidate;
		ops.cache_flush = cache_flush;
		ops.memory_share = memory_share;
		ops.config_write = config_write;
	}
	port->ops = &ops;
}

void dmk_watch_views_end(void)
{
	dmk_watch_table_clear(&views);
}
