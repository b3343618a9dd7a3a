/* SPDX-License-Identifier: MIT */
/*
 * Blocks of consistent memory. For a device whose bus is coherent they are pages in the direct map; for another one they are seen through
 * an uncached view, and no line of theirs may be left in a cache, where it would hide or overwrite what the device does (COH-04).
 */
#include "coherent.h"
#include "copy.h"
#include "window.h"

static int pages_in(struct dmk_range within, size_t size, size_t align, bool may_sleep,
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

	return os->ops->pages_alloc(os->ctx, &request, first);
}

/* Pages that the device reaches below its coherent mask, from the first of its windows that has some. */
static bool take_pages(const struct dmk_dev *dev, size_t size, size_t align, bool may_sleep,
		       struct dmk_block *block)
{
	const struct dmk_range direct = {0, dmk_layout.direct_last};
	struct dmk_range part;

	for (unsigned int i = 0; i < dev->bus->nr_windows; i++) {
		const struct dmk_window *window = &dev->bus->windows[i];

		if (!dmk_window_part(window, dmk_coherent_limit(dev), &part) ||
		    !dmk_range_common(part, direct, &part) || dmk_range_bytes(part) < size ||
		    pages_in(part, size, align, may_sleep, &block->phys))
			continue;
		block->dma = DMK_DMA(window->bus + (block->phys.v - window->phys.v));
		return true;
	}
	return false;
}

static void *uncached_view(dmk_phys phys, size_t size, bool may_sleep)
{
	const struct dmk_port *port = &dmk_core.port;
	const size_t n = size >> DMK_PAGE_SHIFT;
	dmk_phys *pages = dmk_meta_alloc(n * sizeof(*pages), may_sleep);
	void *view;

	if (!pages)
		return NULL;
	for (size_t i = 0; i < n; i++)
		pages[i] = DMK_PHYS(phys.v + (i << DMK_PAGE_SHIFT));
	view = port->ops->view_map(port->ctx, pages, n, DMK_VIEW_UNCACHED);
	dmk_meta_free(pages, n * sizeof(*pages));
	return view;
}

static bool give_address(const struct dmk_dev *dev, bool may_sleep, struct dmk_block *block)
{
	if (dev->bus->coherent) {
		block->cpu = dmk_direct(block->phys);
		return true;
	}
	dmk_cache_flush(block->phys, block->size);
	block->cpu = uncached_view(block->phys, block->size, may_sleep);
	block->view = true;
	return block->cpu;
}

static void give_pages(const struct dmk_block *block)
{
	dmk_core.os.ops->pages_free(dmk_core.os.ctx, block->phys, block->size);
}

enum dmk_reason dmk_block_take(struct dmk_dev *dev, size_t size, unsigned int flags,
			       struct dmk_block *block)
{
	const bool atomic = flags & DMK_ALLOC_ATOMIC, may_sleep = !atomic && !dmk_in_atomic();
	const uint64_t whole = dmk_align_up(size, DMK_PAGE_SIZE);
	size_t align;

	if (!size || !whole || whole > ~(size_t)0 / 2)
		return DMK_REASON_BAD_SIZE;
	align = (size_t)dmk_power_of_two_for(whole);
	*block = (struct dmk_block){.size = (size_t)whole};
	if (atomic && dmk_atomic_take(dev, block->size, align, block))
		goto zero;
	/* Making an uncached view takes time that such a caller has not. */
	if (atomic && !dev->bus->coherent)
		return DMK_REASON_NO_ROOM;
	if (!take_pages(dev, block->size, align, may_sleep, block))
		return DMK_REASON_NO_ROOM;
	if (!give_address(dev, may_sleep, block)) {
		give_pages(block);
		return DMK_REASON_NO_ROOM;
	}
zero:
	__builtin_memset(block->cpu, 0, block->size);
	return DMK_REASON_NONE;
}

void dmk_block_give(const struct dmk_block *block)
{
	const struct dmk_port *port = &dmk_core.port;

	if (block->atomic) {
		dmk_atomic_give(block);
		return;
	}
	if (block->view) {
		port->ops->view_unmap(port->ctx, block->cpu, block->size >> DMK_PAGE_SHIFT);
		dmk_cache_invalidate(block->phys, block->size);
	}
	give_pages(block);
}
