/* SPDX-License-Identifier: MIT */
/*
 * Views of scattered pages: vmalloc() and vmap(), and those that the core makes of consistent
 * memory, which are known here so that they are told from other addresses. The pages are real
 * frames, the view is the machine's (port->view_map).
 */
#include "internal.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

enum maker { BY_VMALLOC, BY_VMAP, BY_MAP_RAM, BY_CORE };

struct area {
	char *first;
	size_t n;      /* pages */
	size_t asked;  /* bytes */
	enum maker maker; /* whose opposite takes it away */
	/* vmap() with VM_MAP_PUT_PAGES: a reference to each page goes with the view */
	bool puts;
	struct page *page[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the tree */
static void *areas;                                      /* of struct area, by address */
static unsigned long nr_areas; /* but for the core's */

static uintptr_t last_of(const struct area *area)
{
	return (uintptr_t)area->first + area->n * PAGE_SIZE - 1;
}

/*
 * Equal is what overlaps: one page looks for the area that it is in. It may be the last that there
 * is, of an error pointer.
 */
static int by_address(const void *a, const void *b)
{
	const struct area *x = a, *y = b;

	if (last_of(x) < (uintptr_t)y->first)
		return -1;
	return last_of(y) < (uintptr_t)x->first;
}

/* With the lock held. The area itself does not change while it is in the tree. */
static struct area *area_of(const void *address)
{
	const struct area page = { .first = (char *)((uintptr_t)address & PAGE_MASK), .n = 1 };
	struct area **found = tfind(&page, &areas, by_address);

	return found ? *found : NULL;
}

static void *show(struct area *area, enum dmk_view view)
{
	const struct dmk_port *port = dmk_port_running;
	dmk_phys *phys = malloc(area->n * sizeof(*phys));
	bool known;
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
	known = tsearch(area, &areas, by_address);
	nr_areas += known && area->maker != BY_CORE;
	pthread_mutex_unlock(&lock);
	if (!known)
		port->ops->view_unmap(port->ctx, area->first, area->n);
	return known ? area->first : NULL;
}

/*
 * Neighbours in the view are no neighbours in memory: who takes it for contiguous finds other bytes
 * there.
 */
static int descending(const void *a, const void *b)
{
	const struct page *const *x = a, *const *y = b;

	return (*x < *y) - (*x > *y);
}

/*
 * Of a large view neighbours do come in short rows: each row is a mapping of the host's, which has
 * not so many (vm.max_map_count).
 */
enum { MOST_ROWS = 2048 };

static void scatter(struct page **page, size_t n)
{
	size_t row = (n + MOST_ROWS - 1) / MOST_ROWS;

	qsort(page, n, sizeof(*page), descending);
	for (size_t first = 0; first < n; first += row) {
		size_t last = (first + row < n ? first + row : n) - 1;

		for (size_t i = first; i < last; i++, last--) {
			struct page *other = page[i];

			page[i] = page[last];
			page[last] = other;
		}
	}
}

static void area_free(struct area *area)
{
	size_t i;

	for (i = 0; area->maker == BY_VMALLOC && i < area->n; i++)
		if (dmk_page_wait(area->page[i]))
			dmk_page_retire(area->page[i]);
		else
			dmk_page_free(area->page[i], true);
	for (i = 0; area->puts && i < area->n; i++)
		put_page(area->page[i]);
	free(area);
}

/* Page by page, because the area has no one physical address. */
static void announce(const struct area *area, enum dmk_event_kind kind, struct dmk_place place)
{
	size_t i, left = area->asked;

	for (i = 0; i < area->n && dmk_observed(); i++, left -= PAGE_SIZE)
		dmk_memory_event(kind, "vmalloc", area->first + i * PAGE_SIZE,
				 dmk_page_phys(area->page[i]), min(left, PAGE_SIZE),
				 DMK_REASON_NONE, place);
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
	area->asked = size;
	for (area->n = 0; area->n < n; area->n++) {
		area->page[area->n] =
			dmk_page_insist(gfp | (gfp & (__GFP_DMA | __GFP_DMA32) ? 0 : __GFP_HIGHMEM),
					0, DMK_PAGE_VMALLOC, "vmalloc");
		if (!area->page[area->n])
			goto free;
	}
	scatter(area->page, n);
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

static void *view_of(struct page **pages, unsigned int count, enum maker maker, bool puts,
		     enum dmk_view view, const char *call, struct dmk_place place)
{
	struct area *area;
	unsigned int i;

	dmk_might_sleep_at(call, place);
	if (!count || !pages || dmk_memory_fails(0, place))
		return NULL;
	for (i = 0; i < count; i++)
		if (!dmk_is_page(pages[i], call, place))
			return NULL;
	area = calloc(1, sizeof(*area) + count * sizeof(area->page[0]));
	if (!area)
		return NULL;
	memcpy(area->page, pages, count * sizeof(area->page[0]));
	area->n = count;
	area->asked = count * PAGE_SIZE;
	area->maker = maker;
	if (!show(area, view)) {
		free(area);
		return NULL;
	}
	area->puts = puts;
	return area->first;
}

void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot)
{
	return view_of(pages, count, BY_VMAP, flags & VM_MAP_PUT_PAGES,
		       pgprot_val(prot) & dmk_pgprot_uncached ? DMK_VIEW_UNCACHED : DMK_VIEW_CACHED,
		       "vmap", DMK_HERE);
}

void *vm_map_ram(struct page **pages, unsigned int count, int node)
{
	return view_of(pages, count, BY_MAP_RAM, false, DMK_VIEW_CACHED, "vm_map_ram", DMK_HERE);
}

/* vfree() is also for a vmap() whose pages go with it. */
static bool is_opposite(const struct area *area, enum maker maker)
{
	return area->maker == maker || (area->puts && maker == BY_VMALLOC);
}

/* @n: pages that the caller says it has, or 0. */
static void take_away(const void *address, enum maker maker, size_t n, const char *call,
		      struct dmk_place place)
{
	static const char *const opposite[] = {"vfree", "vunmap", "vm_unmap_ram",
					       "dma_free_coherent"};
	const struct dmk_port *port = dmk_port_running;
	const char *other = NULL;
	struct area *area;

	dmk_might_sleep_at(call, place);
	pthread_mutex_lock(&lock);
	area = area_of(address);
	if (area && area->first == address && !is_opposite(area, maker))
		other = opposite[area->maker];
	if (area && area->first == address && is_opposite(area, maker) && (!n || n == area->n)) {
		tdelete(area, &areas, by_address);
		nr_areas--;
	} else {
		area = NULL;
	}
	pthread_mutex_unlock(&lock);
	if (!area) {
		dmk_complain(place.caller, "%s(%p): %s%s", call, address,
			     other ? "its opposite is " : "no such area", other ? other : "");
		dmk_memory_event(DMK_EVENT_MEMORY_FREE, "vmalloc", address, 0, 0,
				 DMK_REASON_NOT_FOUND, place);
		return;
	}
	if (area->maker == BY_VMALLOC)
		announce(area, DMK_EVENT_MEMORY_FREE, place);
	port->ops->view_unmap(port->ctx, area->first, area->n);
	area_free(area);
}

void vfree(const void *address)
{
	if (address)
		take_away(address, BY_VMALLOC, 0, "vfree", DMK_HERE);
}

void vunmap(const void *address)
{
	if (address)
		take_away(address, BY_VMAP, 0, "vunmap", DMK_HERE);
}

void vm_unmap_ram(const void *address, unsigned int count)
{
	take_away(address, BY_MAP_RAM, count, "vm_unmap_ram", DMK_HERE);
}

/* --- the core's ------------------------------------------------------------------------------- */

void *dmk_core_view_map(void *ctx, const dmk_phys *pages, size_t n, enum dmk_view view)
{
	struct area *area = calloc(1, sizeof(*area) + n * sizeof(area->page[0]));
	size_t i;

	if (!area)
		return NULL;
	for (i = 0; i < n; i++)
		area->page[i] = dmk_memmap + (pages[i].v >> PAGE_SHIFT);
	area->n = n;
	area->asked = n * PAGE_SIZE;
	area->maker = BY_CORE;
	if (show(area, view))
		return area->first;
	free(area);
	return NULL;
}

void dmk_core_view_unmap(void *ctx, void *view, size_t n)
{
	const struct dmk_port *port = dmk_port_running;
	struct area *area;

	pthread_mutex_lock(&lock);
	area = area_of(view);
	if (area)
		tdelete(area, &areas, by_address);
	pthread_mutex_unlock(&lock);
	port->ops->view_unmap(port->ctx, view, n);
	free(area);
}

bool dmk_is_core_view(const void *address)
{
	struct area *area;
	bool is;

	pthread_mutex_lock(&lock);
	area = area_of(address);
	is = area && area->maker == BY_CORE;
	pthread_mutex_unlock(&lock);
	return is;
}

size_t dmk_vmalloc_size(const void *address)
{
	struct area *area;
	size_t size;

	pthread_mutex_lock(&lock);
	area = area_of(address);
	size = area && area->first == address ? area->asked : 0;
	pthread_mutex_unlock(&lock);
	return size;
}

unsigned long dmk_vmalloc_areas(void)
{
	unsigned long n;

	pthread_mutex_lock(&lock);
	n = nr_areas;
	pthread_mutex_unlock(&lock);
	return n;
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

static struct page *page_behind(const void *address, const char *call, struct dmk_place place)
{
	struct page *page = NULL;
	struct area *area;

	pthread_mutex_lock(&lock);
	area = area_of(address);
	if (area)
		page = area->page[((const char *)address - area->first) / PAGE_SIZE];
	pthread_mutex_unlock(&lock);
	if (!page)
		dmk_complain(
			place.caller,
			"%s(%p): no vmalloc() or vmap() address; virt_to_page() is for those of the direct map",
			call, address);
	return page;
}

struct page *vmalloc_to_page(const void *address)
{
	return page_behind(address, "vmalloc_to_page", DMK_HERE);
}

unsigned long vmalloc_to_pfn(const void *address)
{
	struct page *page = page_behind(address, "vmalloc_to_pfn", DMK_HERE);

	return page ? page - dmk_memmap : 0;
}

/* What drivers left behind. */
void dmk_vmalloc_stop(void)
{
	const struct dmk_port *port = dmk_port_running;
	struct area *area;

	while (areas) {
		area = *(struct area **)areas;
		tdelete(area, &areas, by_address);
		port->ops->view_unmap(port->ctx, area->first, area->n);
		area_free(area);
	}
	nr_areas = 0;
}
