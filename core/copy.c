/* SPDX-License-Identifier: MIT */
/*
 * Moving bytes between physical memory and an address. RAM below direct_last is copied as it is;
 * highmem a page at a time. And which memory caches hold.
 */
#include "copy.h"

enum copy_way { COPY_FROM_PHYS, COPY_TO_PHYS, COPY_ZERO };

static void copy_bytes(enum copy_way way, char *memory, char *buffer, size_t size)
{
	if (way == COPY_FROM_PHYS)
		__builtin_memcpy(buffer, memory, size);
	else if (way == COPY_TO_PHYS)
		__builtin_memcpy(memory, buffer, size);
	else
		__builtin_memset(memory, 0, size);
}

static bool copy_page_part(enum copy_way way, dmk_phys phys, char *buffer, size_t size)
{
	const struct dmk_port *port = &dmk_core.port;
	const dmk_phys page = DMK_PHYS(phys.v & ~(uint64_t)(DMK_PAGE_SIZE - 1));
	char *view = port->ops->view_map(port->ctx, &page, 1, DMK_VIEW_OWN);

	if (!view)
		return false;
	copy_bytes(way, view + (phys.v - page.v), buffer, size);
	port->ops->view_unmap(port->ctx, view, 1);
	return true;
}

static bool copy_phys(enum copy_way way, dmk_phys phys, char *buffer, size_t size)
{
	struct dmk_range range;

	if (!dmk_range_make(phys.v, size, &range))
		return !size;
	if (range.last <= dmk_layout.direct_last) {
		copy_bytes(way, dmk_copy_address(phys), buffer, size);
		return true;
	}
	while (size) {
		size_t left = DMK_PAGE_SIZE - (phys.v & (DMK_PAGE_SIZE - 1));
		size_t part = size < left ? size : left;

		if (!copy_page_part(way, phys, buffer, part))
			return false;
		phys.v += part;
		buffer = buffer ? buffer + part : NULL;
		size -= part;
	}
	return true;
}

bool dmk_copy_from_views(void *to, dmk_phys from, size_t size)
{
	return copy_phys(COPY_FROM_PHYS, from, to, size);
}

bool dmk_copy_to_views(dmk_phys to, const void *from, size_t size)
{
	return copy_phys(COPY_TO_PHYS, to, (char *)from, size);
}

bool dmk_zero_phys(dmk_phys to, size_t size)
{
	return copy_phys(COPY_ZERO, to, NULL, size);
}

/*
 * Memory that the device has for itself, which the system doesn't own: dma_alloc_pages() gives it
 * out with caches on.
 */
static bool in_own_region(const struct dmk_dev *dev, struct dmk_range phys)
{
	const struct dmk_memory *const own[] = {dev->bus->shared_pool, dev->bus->restricted_pool};
	struct dmk_range region;

	for (unsigned int i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (own[i] && dmk_range_make(own[i]->first.v, own[i]->size, &region) &&
		    dmk_range_within(phys, region))
			return true;
	return false;
}

bool dmk_cache_holds(const struct dmk_dev *dev, struct dmk_range phys)
{
	return dmk_is_ram(phys) || in_own_region(dev, phys);
}
