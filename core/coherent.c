/* SPDX-License-Identifier: MIT */
/*
 * Blocks of memory for devices. For a device whose bus is coherent they are pages in the direct
 * map; for another one they are seen through an uncached view, and no line of theirs may be left in
 * a cache, where it would hide or overwrite what the device does (COH-04).
 *
 * Where a block comes from:
 *
 *	the device names a restricted-dma-pool    that, whatever is asked for (BNC-05)
 *	it names a shared-dma-pool                consistent memory: that and nothing else (MEM-09)
 *	the caller may not sleep, and making      the atomic pool (COH-06)
 *	the memory takes that
 *	it is behind an IOMMU                     pages of the system's, in pieces
 *	else                                      pages of the system's, in one run
 */
#include "coherent.h"
#include "bounce.h"
#include "copy.h"
#include "domain.h"
#include "region.h"
#include "text.h"
#include "window.h"

#include <linux/scatterlist.h>

/*
 * The largest order of pages there is: above it memory is aligned to this at least, and to its size
 * where such memory is free.
 */
#define LARGEST_ORDER ((uint64_t)4 << 20)

/* --- views and sharing ------------------------------------------------------------------------ */

void *dmk_view_run(dmk_phys phys, size_t size, enum dmk_view kind, bool may_sleep)
{
	return dmk_block_view(&(struct dmk_block){.phys = phys, .size = size}, size, kind,
			      may_sleep);
}

void dmk_view_end(void *view, size_t size)
{
	dmk_core.port.ops->view_unmap(dmk_core.port.ctx, view, size >> DMK_PAGE_SHIFT);
}

bool dmk_memory_share(dmk_phys phys, size_t size, bool shared)
{
	const struct dmk_port *port = &dmk_core.port;
	struct dmk_text text = {.used = 0};

	if (!port->ops->memory_share(port->ctx, phys, size, shared))
		return true;
	dmk_text_number(&text, size);
	dmk_text_say(&text, " bytes at ");
	dmk_text_hex(&text, phys.v);
	dmk_text_say(&text, shared ? " can't be shared with devices"
				   : " can't be made private again: they stay out of use");
	dmk_log(DMK_LOG_ERR, NULL, text.data);
	return false;
}

/* --- pages of the system's -------------------------------------------------------------------- */

/* What is looked for, and how. */
struct wish {
	struct dmk_dev *dev;
	size_t size;
	uint64_t align;
	bool cached, atomic, may_sleep;
	bool hidden, listed, one_run, single; /* DMK_BLOCK_* */
};

static bool pages_in(struct dmk_range within, size_t size, uint64_t align, bool may_sleep,
		     struct dmk_block *block)
{
	const struct dmk_os *os = &dmk_core.os;
	const struct dmk_page_request request = {
		.size = size,
		.align = (size_t)align,
		.first = DMK_PHYS(within.first),
		.last = DMK_PHYS(within.last),
		.may_sleep = may_sleep,
	};

	if (dmk_range_bytes(within) < size ||
	    os->ops->pages_alloc(os->ctx, &request, &block->pages))
		return false;
	block->pages_size = size;
	return true;
}

/* How far bus addresses are from being aligned where physical ones are. */
static uint64_t window_skew(const struct dmk_window *window, uint64_t align)
{
	return (window->bus - window->phys.v) & (align - 1);
}

/*
 * Pages whose bus address is aligned. Where the window moves addresses by less than that, the
 * physical one is not: more is taken, and the block lies where it should in that. Memory that stays
 * cached has no address but the direct map's, and is aligned by that.
 */
static bool take_through(const struct dmk_window *window, struct dmk_range part,
			 const struct wish *wish, struct dmk_block *block)
{
	const uint64_t skew = wish->cached ? 0 : window_skew(window, wish->align);
	const uint64_t granule = skew ? skew & -skew : wish->align;
	const uint64_t size = wish->size + (wish->align - granule);

	if (granule < DMK_PAGE_SIZE || size < wish->size || size > ~(size_t)0 ||
	    !pages_in(part, (size_t)size, granule, wish->may_sleep, block))
		return false;
	block->phys = DMK_PHYS(dmk_align_up(block->pages.v + skew, wish->align) - skew);
	block->dma = DMK_DMA(window->bus + (block->phys.v - window->phys.v));
	return true;
}

/*
 * Pages that the device reaches below its coherent mask, from the first of its windows that has
 * some.
 */
static bool take_aligned(const struct wish *wish, struct dmk_block *block)
{
	const struct dmk_range direct = {0, dmk_layout.direct_last};
	const struct dmk_bus *bus = wish->dev->bus;
	struct dmk_range part;

	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		if (dmk_window_part(&bus->windows[i], dmk_page_limit(wish->dev), &part) &&
		    dmk_range_common(part, direct, &part) &&
		    take_through(&bus->windows[i], part, wish, block))
			return true;
	}
	return false;
}

static bool take_pages(struct wish *wish, struct dmk_block *block)
{
	const uint64_t wanted = wish->align;

	while (!take_aligned(wish, block)) {
		if (wish->align <= LARGEST_ORDER) {
			wish->align = wanted;
			return false;
		}
		wish->align /= 2;
	}
	return true;
}

static void give_pages(const struct dmk_block *block)
{
	if (block->shared && !dmk_memory_share(block->pages, block->pages_size, false))
		return;
	dmk_core.os.ops->pages_free(dmk_core.os.ctx, block->pages, block->pages_size);
}

/* --- an address for the CPU ------------------------------------------------------------------- */

/* Addresses above the largest order are aligned to it, as the direct map is. */
static bool is_aligned(const void *address, uint64_t align)
{
	const uint64_t most = align < LARGEST_ORDER ? align : LARGEST_ORDER;

	return !((uintptr_t)address & (most - 1));
}

static bool in_direct_map(const struct dmk_block *block)
{
	return block->phys.v + (block->size - 1) <= dmk_layout.direct_last;
}

/*
 * Where the region's own view shows the block; NULL: it does not, or out of line with the bus
 * address.
 */
static void *address_in_region(const struct dmk_block *block, const struct wish *wish)
{
	const struct dmk_region *region = block->region;
	char *base = wish->dev->bus->coherent || wish->cached ? region->cached : region->uncached;
	char *at = base ? base + (block->phys.v - region->memory.first) : NULL;

	return at && is_aligned(at, wish->align) ? at : NULL;
}

static void *address_there_is(const struct dmk_block *block, const struct wish *wish)
{
	if (block->region)
		return address_in_region(block, wish);
	if (block->restricted && wish->dev->bus->coherent && !wish->cached)
		return dmk_bounce_address(wish->dev, block->phys);
	if (!in_direct_map(block) || (!wish->cached && !wish->dev->bus->coherent))
		return NULL;
	if (!wish->cached && !is_aligned(dmk_direct(block->phys), wish->align))
		return NULL;
	return dmk_direct(block->phys);
}

static enum dmk_view view_for(const struct wish *wish)
{
	return wish->dev->bus->coherent ? DMK_VIEW_CACHED : DMK_VIEW_UNCACHED;
}

/*
 * Pieces are side by side in a view only; what nobody looks at through one is zeroed where it lies.
 */
static bool give_address_of_pieces(const struct wish *wish, struct dmk_block *block)
{
	const bool unseen = wish->hidden || wish->listed;

	block->uncached = !wish->dev->bus->coherent && !wish->cached;
	if (unseen)
		dmk_scattered_zero(block);
	if (block->uncached)
		dmk_scattered_flush(block);
	if (unseen)
		return true;
	block->cpu = dmk_block_view(block, block->size, view_for(wish), wish->may_sleep);
	block->view = block->cpu;
	return block->cpu;
}

static bool give_address(const struct wish *wish, struct dmk_block *block)
{
	if (block->nr_pieces)
		return give_address_of_pieces(wish, block);
	/* A coherent device, or the CPU, may have had the pages before, through the cache. */
	block->uncached = !wish->dev->bus->coherent && !wish->cached;
	if (block->uncached)
		dmk_cache_flush(block->phys, block->size);
	block->cpu = address_there_is(block, wish);
	if (block->cpu)
		return true;
	/*
	 * Memory that stays cached is known by its page, and that is in the direct map or nowhere.
	 */
	if (wish->atomic || wish->cached)
		return false;
	block->cpu = dmk_view_run(block->phys, block->size, view_for(wish), wish->may_sleep);
	block->view = block->cpu;
	return block->cpu;
}

/* What stands for memory that the driver wants no address of. */
static void hide(struct dmk_block *block)
{
	if (block->view)
		dmk_view_end(block->cpu, block->size);
	block->view = false;
	block->cpu = dmk_core.nowhere ? (void *)(dmk_core.nowhere + block->phys.v)
				      : (void *)pfn_to_page(block->phys.v >> DMK_PAGE_SHIFT);
}

/* --- take and give ---------------------------------------------------------------------------- */

static bool take_from_pool(struct dmk_region *region, const struct wish *wish,
			   struct dmk_block *block)
{
	const char *base = wish->dev->bus->coherent ? region->cached : region->uncached;
	struct dmk_region_request request = {.dev = wish->dev,
					     .size = wish->size,
					     .align = wish->align,
					     .cpu_align = wish->align,
					     .base = base};

	/* Aligned for the CPU too, if that can be: else such a block has a view of its own. */
	if (!dmk_region_take(region, &request, &block->phys, &block->dma)) {
		request.cpu_align = 1;
		if (wish->atomic || !dmk_region_take(region, &request, &block->phys, &block->dma))
			return false;
	}
	block->region = region;
	return true;
}

static bool take_restricted(const struct wish *wish, struct dmk_block *block)
{
	struct dmk_dev *dev = wish->dev;

	if (wish->atomic && !wish->cached && !dev->bus->coherent)
		return dmk_reserve_take(dev, wish->size, (size_t)wish->align, block);
	if (wish->may_sleep)
		dmk_reserve_ready(dev);
	block->restricted = dmk_bounce_take_pages(dev, wish->size, (size_t)wish->align,
						  &block->phys);
	if (!block->restricted)
		return false;
	if (dmk_window_to_bus(dev->bus,
			      (struct dmk_range){block->phys.v, block->phys.v + (wish->size - 1)},
			      &block->dma))
		return true;
	dmk_block_give(dev, block);
	return false;
}

/* Whether memory has to be made for the device in a way that takes sleep. */
static bool takes_sleep(const struct wish *wish)
{
	return dmk_is_private() || (!wish->cached && !wish->dev->bus->coherent);
}

static bool share(struct dmk_block *block)
{
	if (!dmk_is_private() || block->region || block->restricted || block->nr_pieces)
		return true;
	block->shared = dmk_memory_share(block->pages, block->pages_size, true);
	return block->shared;
}

/*
 * Behind an IOMMU memory is where its domain says. Addresses are aligned as pages are: to less
 * where such are out.
 */
static bool translate(const struct wish *wish, struct dmk_block *block)
{
	struct dmk_piece whole;
	uint64_t align = wish->align;

	if (!wish->dev->domain)
		return true;
	whole = (struct dmk_piece){.first = block->phys, .size = block->size};
	while (!dmk_domain_map_pieces(wish->dev, block->nr_pieces ? block->pieces : &whole,
				      block->nr_pieces ? block->nr_pieces : 1, align,
				      &block->dma)) {
		if (align <= LARGEST_ORDER)
			return false;
		align /= 2;
	}
	block->translated = true;
	return true;
}

/* Who may not sleep, and memory that is known by its page, have one run. */
static bool may_scatter(const struct wish *wish)
{
	return wish->dev->domain && !wish->one_run && !dmk_is_private() &&
	       (wish->listed || (!wish->cached && !wish->atomic));
}

static bool take_memory(struct wish *wish, struct dmk_block *block)
{
	const struct dmk_bus *bus = wish->dev->bus;
	struct dmk_region *region;

	if (dmk_bounce_memory(wish->dev))
		return take_restricted(wish, block);
	if (bus->shared_pool && !wish->cached) {
		region = dmk_shared_pool_of(bus);
		return region && take_from_pool(region, wish, block);
	}
	if (wish->atomic && (takes_sleep(wish) || !wish->cached) &&
	    dmk_atomic_take(wish->dev, wish->size, (size_t)wish->align, block))
		return true;
	if (wish->atomic && takes_sleep(wish))
		return false;
	if (may_scatter(wish))
		return dmk_scattered_take(wish->dev, wish->single, wish->may_sleep, block);
	return take_pages(wish, block);
}

/*
 * Whole pages. What shares a page of the IOMMU's with the block is in the device's reach as well;
 * of a device that is not trusted that has to be the block's own.
 */
static uint64_t whole_pages(const struct dmk_dev *dev, size_t size)
{
	const uint64_t whole = dmk_align_up(size, DMK_PAGE_SIZE);

	return dev->domain && dev->bus->untrusted && dmk_domain_granule(dev) > DMK_PAGE_SIZE
		       ? dmk_align_up(whole, dmk_domain_granule(dev))
		       : whole;
}

enum dmk_reason dmk_block_take(struct dmk_dev *dev, size_t size, unsigned int flags,
			       struct dmk_block *block)
{
	const uint64_t whole = whole_pages(dev, size);
	struct wish wish = {.dev = dev,
			    .cached = flags & DMK_BLOCK_CACHED,
			    .atomic = flags & DMK_ALLOC_ATOMIC,
			    .may_sleep = !(flags & DMK_ALLOC_ATOMIC) && !dmk_in_atomic(),
			    .hidden = flags & DMK_BLOCK_HIDDEN,
			    .listed = flags & DMK_BLOCK_LISTED,
			    .one_run = flags & DMK_BLOCK_ONE_RUN,
			    .single = flags & DMK_BLOCK_SINGLE};

	if (!size || !whole || whole > ~(size_t)0 / 4)
		return DMK_REASON_BAD_SIZE;
	wish.size = (size_t)whole;
	wish.align = dmk_power_of_two_for(whole);
	*block = (struct dmk_block){.size = wish.size};
	if (!take_memory(&wish, block))
		return DMK_REASON_NO_ROOM;
	if (!share(block) || !give_address(&wish, block) || !translate(&wish, block)) {
		dmk_block_give(dev, block);
		return DMK_REASON_NO_ROOM;
	}
	if (block->cpu)
		__builtin_memset(block->cpu, 0, block->size);
	if (wish.hidden)
		hide(block);
	return DMK_REASON_NONE;
}

void dmk_block_give(struct dmk_dev *dev, const struct dmk_block *block)
{
	/*
	 * First: no device may reach what goes back. Of a device that is gone the whole domain
	 * went.
	 */
	if (block->translated && dev)
		dmk_domain_unmap_block(dev, block->dma);
	if (block->view)
		dmk_view_end(block->cpu, block->size);
	/*
	 * Of a device that is gone it stays out of use: nothing says that the device stands still.
	 */
	if (block->restricted && !dev)
		return;
	if (block->restricted && !block->region) {
		dmk_bounce_give_pages(dev, block->phys, block->size);
		return;
	}
	if (block->region) {
		dmk_region_give(block->region, block->phys, block->size);
		return;
	}
	if (block->uncached && !block->nr_pieces)
		dmk_cache_invalidate(block->phys, block->size);
	else if (block->uncached)
		dmk_scattered_invalidate(block);
	if (block->nr_pieces)
		dmk_scattered_give(block);
	else
		give_pages(block);
}

void dmk_block_detach(struct dmk_dev *dev, struct dmk_block *block)
{
	if (block->translated)
		dmk_domain_unmap_block(dev, block->dma);
	block->translated = false;
}
