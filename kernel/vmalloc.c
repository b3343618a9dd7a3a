/* SPDX-License-Identifier: MIT */
/*
 * Views of scattered pages: vmalloc() and vmap(). The pages are real frames, the view is the machine's (port->view_map).
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

struct area {
	struct list_head link;
	char *first;
	size_t n;      /* pages */
	size_t asked;  /* bytes */
	bool owns;     /* vmalloc(): the pages go with the view */
	struct page *page[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list */
static LIST_HEAD(areas);

/* With the lock held. The area itself does not change while it is on the list. */
static struct area *area_of(const void *address)
{
	const char *at = address;
	struct area *area;

	list_for_each_entry(area, &areas, link)
		if (at >= area->first && at < area->first + area->n * PAGE_SIZE)
			return area;
	return NULL;
}

static void *show(struct area *area, enum dmk_view view)
{
	const struct dmk_port *port = dmk_port_running;
	dmk_phys *phys = malloc(area->n * sizeof(*phys));
	size_t i;

	if (!phys)
		return NULL;
	for (i = 0; i < area->n; i++)
		phys[i] = DMK_PHYS(dmk_page_phys(area->page[i]));
	area->first = port->ops->view_map(port->ctx, phys, area->n, view);
	free(phys);
	if (!area->first)
		return NULL;
	pthread_mutex_lock(&lock);
	list_add(&area->link, &areas);
	pthread_mutex_unlock(&lock);
	return area->first;
}

/* Neighbours in the view are no neighbours in memory: who takes it for contiguous finds other bytes there. */
static int descending(const void *a, const void *b)
{
	const struct page *const *x = a, *const *y = b;

	return (*x < *y) - (*x > *y);
}

static void area_free(struct area *area)
{
	size_t i;

	for (i = 0; area->owns && i < area->n; i++)
		dmk_page_free(area->page[i], true);
	free(area);
}

/* Page by page, because the area has no one physical address. */
static void announce(const struct area *area, enum dmk_event_kind kind, struct dmk_place place)
{
	size_t i, left = area->asked;

	for (i = 0; i < area->n && dmk_observed(); i++, left -= PAGE_SIZE)
		dmk_memory_event(kind, "vmalloc", area->first + i * PAGE_SIZE, dmk_page_phys(area->page[i]),
				 min(left, PAGE_SIZE), DMK_REASON_NONE, place);
}

static void *vmalloc_at(size_t size, gfp_t gfp, struct dmk_place place)
{
	size_t n = size / PAGE_SIZE + !!(size % PAGE_SIZE);
	struct area *area;

	if (gfpflags_allow_blocking(gfp))
		dmk_might_sleep_at("vmalloc", place);
	if (!size || n > totalram_pages() || dmk_memory_fails(gfp, place))
		return NULL;
	area = calloc(1, sizeof(*area) + n * sizeof(area->page[0]));
	if (!area)
		return NULL;
	area->owns = true;
	area->asked = size;
	for (area->n = 0; area->n < n; area->n++) {
		area->page[area->n] = dmk_page_alloc(gfp | (gfp & (__GFP_DMA | __GFP_DMA32) ? 0 : __GFP_HIGHMEM), 0,
						     DMK_PAGE_VMALLOC);
		if (!area->page[area->n])
			goto free;
	}
	qsort(area->page, n, sizeof(area->page[0]), descending);
	if (!show(area, DMK_VIEW_CACHED))
		goto free;
	if (gfp & __GFP_ZERO)
		memset(area->first, 0, n * PAGE_SIZE);
	announce(area, DMK_EVENT_MEMORY_ALLOC, place);
	return area->first;
free:
	area_free(area);
	return NULL;
}

void *vmalloc(unsigned long size)
{
	return vmalloc_at(size, GFP_KERNEL, DMK_HERE);
}

void *vzalloc(unsigned long size)
{
	return vmalloc_at(size, GFP_KERNEL | __GFP_ZERO, DMK_HERE);
}

void *vmalloc_user(unsigned long size)
{
	return vmalloc_at(size, GFP_KERNEL | __GFP_ZERO, DMK_HERE);
}

void *vmalloc_32(unsigned long size)
{
	return vmalloc_at(size, GFP_KERNEL | __GFP_DMA32, DMK_HERE);
}

void *__vmalloc(unsigned long size, gfp_t gfp)
{
	return vmalloc_at(size, gfp, DMK_HERE);
}

void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot)
{
	struct area *area;

	dmk_might_sleep_at("vmap", DMK_HERE);
	if (!count || dmk_should_fail(DMK_FAIL_MEMORY, DMK_CALLER))
		return NULL;
	area = calloc(1, sizeof(*area) + count * sizeof(area->page[0]));
	if (!area)
		return NULL;
	memcpy(area->page, pages, count * sizeof(area->page[0]));
	area->n = count;
	if (show(area, pgprot_val(prot) & dmk_pgprot_uncached ? DMK_VIEW_UNCACHED : DMK_VIEW_CACHED))
		return area->first;
	free(area);
	return NULL;
}

static void take_away(const void *address, bool owns, const char *call, struct dmk_place place)
{
	const struct dmk_port *port = dmk_port_running;
	struct area *area;

	dmk_might_sleep_at(call, place);
	pthread_mutex_lock(&lock);
	area = area_of(address);
	if (area && area->first == address && area->owns == owns)
		list_del(&area->link);
	else
		area = NULL;
	pthread_mutex_unlock(&lock);
	if (!area) {
		dmk_complain(place.caller, "%s(%p): no such area", call, address);
		dmk_memory_event(DMK_EVENT_MEMORY_FREE, "vmalloc", address, 0, 0, DMK_REASON_NOT_FOUND, place);
		return;
	}
	if (owns)
		announce(area, DMK_EVENT_MEMORY_FREE, place);
	port->ops->view_unmap(port->ctx, area->first, area->n);
	area_free(area);
}

void vfree(const void *address)
{
	if (address)
		take_away(address, true, "vfree", DMK_HERE);
}

void vunmap(const void *address)
{
	if (address)
		take_away(address, false, "vunmap", DMK_HERE);
}

bool is_vmalloc_addr(const void *address)
{
	bool is;

	pthread_mutex_lock(&lock);
	is = area_of(address);
	pthread_mutex_unlock(&lock);
	return is;
}

bool is_vmalloc_or_module_addr(const void *address)
{
	return is_vmalloc_addr(address);
}

struct page *vmalloc_to_page(const void *address)
{
	struct page *page = NULL;
	struct area *area;

	pthread_mutex_lock(&lock);
	area = area_of(address);
	if (area)
		page = area->page[((const char *)address - area->first) / PAGE_SIZE];
	pthread_mutex_unlock(&lock);
	return page;
}

unsigned long vmalloc_to_pfn(const void *address)
{
	struct page *page = vmalloc_to_page(address);

	return page ? page - dmk_memmap : 0;
}

/* What drivers left behind. */
void dmk_vmalloc_stop(void)
{
	const struct dmk_port *port = dmk_port_running;
	struct area *area, *next;

	list_for_each_entry_safe(area, next, &areas, link) {
		port->ops->view_unmap(port->ctx, area->first, area->n);
		area_free(area);
	}
	INIT_LIST_HEAD(&areas);
}
