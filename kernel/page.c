/* SPDX-License-Identifier: MIT */
/*
 * The page allocator's calls, as drivers make them. A free of what is not the first page of a run
 * in use is refused and reported: it changes nothing. The frames themselves are frames.c's.
 */
#include "internal.h"

#include <string.h>

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mm.h>

enum { DRIVER_ORDERS = 11 }; /* up to 4 MiB, as in Linux */

void dmk_memory_event(enum dmk_event_kind kind, const char *name, const void *cpu, phys_addr_t phys,
		      size_t size, enum dmk_reason reason, struct dmk_place place)
{
	if (!dmk_observed())
		return;
	dmk_announce(&(struct dmk_event){.kind = kind,
					 .name = name,
					 .cpu = cpu,
					 .phys = DMK_PHYS(phys),
					 .size = size,
					 .reason = reason,
					 .interrupt = in_interrupt(),
					 DMK_AT(place)});
}

void dmk_memory_read(phys_addr_t phys, size_t size, const char *call, struct dmk_place place)
{
	if (!dmk_observed() || !size)
		return;
	dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_CPU_ACCESS,
					 .name = call,
					 .phys = DMK_PHYS(phys),
					 .size = size,
					 DMK_AT(place)});
}

struct page_request {
	gfp_t gfp;
	unsigned int order, flags;
};

static void *take(const void *request)
{
	const struct page_request *asked = request;

	return dmk_page_alloc(asked->gfp, asked->order, asked->flags);
}

struct page *dmk_page_insist(gfp_t gfp, unsigned int order, unsigned int flags, const char *call)
{
	const struct page_request request = { gfp, order, flags };

	return dmk_memory_insist(take, &request, call, PAGE_SIZE << order, gfp);
}

static void clear_pages(struct page *page, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		clear_highpage(page + i);
}

static struct page *alloc_at(gfp_t gfp, unsigned int order, struct dmk_place place)
{
	struct page *page;

	if (gfpflags_allow_blocking(gfp))
		dmk_might_sleep_at("alloc_pages", place);
	if (order >= DRIVER_ORDERS) {
		if (!(gfp & __GFP_NOWARN))
			dmk_complain(place.caller, "alloc_pages: order %u, and the largest is %u",
				     order, DRIVER_ORDERS - 1);
		return NULL;
	}
	if (dmk_memory_fails(gfp, place))
		return NULL;
	page = dmk_page_insist(gfp, order, 0, "alloc_pages");
	if (!page)
		return NULL;
	if (gfp & __GFP_ZERO)
		clear_pages(page, 1U << order);
	dmk_memory_event(DMK_EVENT_MEMORY_ALLOC, "alloc_pages", dmk_page_cpu(page),
			 dmk_page_phys(page), PAGE_SIZE << order, DMK_REASON_NONE, place);
	return page;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return alloc_at(gfp, order, DMK_HERE);
}

static unsigned long address_or_0(struct page *page)
{
	return page ? (unsigned long)dmk_page_cpu(page) : 0;
}

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	return address_or_0(alloc_at(gfp & ~__GFP_HIGHMEM, order, DMK_HERE));
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	return address_or_0(alloc_at((gfp & ~__GFP_HIGHMEM) | __GFP_ZERO, 0, DMK_HERE));
}

/* A pointer that is none into the table of pages is said to be so, and not followed. */
bool dmk_is_page(const struct page *page, const char *call, struct dmk_place place)
{
	if (dmk_page_real(page) && dmk_page_of(dmk_page_phys(page)))
		return true;
	dmk_complain(place.caller, "%s(%p): that is no struct page of memory", call, page);
	return false;
}

static void refuse(struct page *page, enum dmk_reason reason, const char *what,
		   struct dmk_place place)
{
	dmk_complain(place.caller, "bad free of the page at %#llx: %s",
		     (unsigned long long)dmk_page_phys(page), what);
	dmk_memory_event(DMK_EVENT_MEMORY_FREE, "alloc_pages", dmk_page_cpu(page),
			 dmk_page_phys(page), PAGE_SIZE, reason, place);
}

/* Whether @page is a driver's run of that order; says why not. */
static bool may_free(struct page *page, unsigned int order, struct dmk_place place)
{
	unsigned int flags, has;

	pthread_mutex_lock(&dmk_frames_lock);
	flags = page->flags;
	has = page->order;
	pthread_mutex_unlock(&dmk_frames_lock);
	if (!(flags & DMK_PAGE_USED) && !(flags & DMK_PAGE_FREED))
		refuse(page, DMK_REASON_NOT_FOUND, "it was not handed out", place);
	else if (!(flags & DMK_PAGE_USED) || flags & DMK_PAGE_WAITING)
		refuse(page, DMK_REASON_DOUBLE_FREE, "it is free already", place);
	else if (flags & (DMK_PAGE_SLAB | DMK_PAGE_KMALLOC | DMK_PAGE_CORE | DMK_PAGE_VMALLOC))
		refuse(page, DMK_REASON_NOT_FOUND, "another allocator gave it out", place);
	else if (has != order)
		refuse(page, DMK_REASON_MISMATCH, "it was allocated with another order", place);
	else
		return true;
	return false;
}

static bool drop_reference(struct page *page)
{
	bool last;

	pthread_mutex_lock(&dmk_frames_lock);
	last = page->refcount > 0 && --page->refcount == 0;
	pthread_mutex_unlock(&dmk_frames_lock);
	return last;
}

static void free_at(struct page *page, unsigned int order, struct dmk_place place)
{
	if (!page || !dmk_is_page(page, "__free_pages", place) || !may_free(page, order, place) ||
	    !drop_reference(page))
		return;
	if (page->flags & DMK_PAGE_USER)
		dmk_user_page_ends(page, place);
	dmk_memory_event(DMK_EVENT_MEMORY_FREE, "alloc_pages", dmk_page_cpu(page),
			 dmk_page_phys(page), PAGE_SIZE << order, DMK_REASON_NONE, place);
	if (dmk_page_wait(page))
		dmk_page_retire(page);
	else
		dmk_page_free(page, true);
}

void __free_pages(struct page *page, unsigned int order)
{
	free_at(page, order, DMK_HERE);
}

static struct page *page_of_address(const void *address, struct dmk_place place)
{
	phys_addr_t phys;

	if (dmk_direct(address, 1, &phys) && !(phys & ~PAGE_MASK))
		return dmk_page_of(phys);
	dmk_complain(place.caller, "bad free of %p: no page of the page allocator", address);
	dmk_memory_event(DMK_EVENT_MEMORY_FREE, "alloc_pages", address, 0, PAGE_SIZE,
			 DMK_REASON_NOT_FOUND, place);
	return NULL;
}

void free_pages(unsigned long address, unsigned int order)
{
	if (address)
		free_at(page_of_address((void *)address, DMK_HERE), order, DMK_HERE);
}

/*
 * A run of the next order, of which the pages behind the end go back at once; what stays are single
 * pages.
 */
void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	unsigned int order, i, n = PFN_UP(size);
	struct dmk_place place = DMK_HERE;
	struct page *page;

	if (gfpflags_allow_blocking(gfp))
		dmk_might_sleep_at("alloc_pages_exact", place);
	if (!size || size > PAGE_SIZE << (DRIVER_ORDERS - 1) || dmk_memory_fails(gfp, place))
		return NULL;
	order = get_order(size);
	gfp &= ~__GFP_HIGHMEM;
	page = dmk_page_insist(gfp, order, 0, "alloc_pages_exact");
	if (!page)
		return NULL;
	dmk_page_split(page, order);
	for (i = n; i < 1U << order; i++)
		dmk_page_free(page + i, false);
	if (gfp & __GFP_ZERO)
		memset(dmk_page_cpu(page), 0, n * PAGE_SIZE);
	dmk_memory_event(DMK_EVENT_MEMORY_ALLOC, "alloc_pages", dmk_page_cpu(page),
			 dmk_page_phys(page), n * PAGE_SIZE, DMK_REASON_NONE, place);
	return dmk_page_cpu(page);
}

void free_pages_exact(void *address, size_t size)
{
	struct dmk_place place = DMK_HERE;
	struct page *page = page_of_address(address, place);
	unsigned int i, n = PFN_UP(size);

	for (i = 0; page && i < n; i++)
		free_at(page + i, 0, place);
}

void split_page(struct page *page, unsigned int order)
{
	struct dmk_place place = DMK_HERE;

	if (dmk_is_page(page, "split_page", place) && may_free(page, order, place))
		dmk_page_split(page, order);
}

struct page *compound_head(const struct page *page)
{
	struct page *head = dmk_is_page(page, "compound_head", DMK_HERE) ? dmk_page_head(page)
									 : NULL;

	return head ? head : (struct page *)page;
}

void get_page(struct page *page)
{
	struct page *head;

	if (!dmk_is_page(page, "get_page", DMK_HERE))
		return;
	head = compound_head(page);
	pthread_mutex_lock(&dmk_frames_lock);
	head->refcount++;
	pthread_mutex_unlock(&dmk_frames_lock);
}

void put_page(struct page *page)
{
	struct dmk_place place = DMK_HERE;
	struct page *head;

	if (!dmk_is_page(page, "put_page", place))
		return;
	head = dmk_page_head(page);
	if (!head) {
		refuse(page, DMK_REASON_DOUBLE_FREE, "it is free already", place);
		return;
	}
	if (head->flags & (DMK_PAGE_SLAB | DMK_PAGE_KMALLOC | DMK_PAGE_CORE | DMK_PAGE_VMALLOC)) {
		/* A reference that get_page() took; the allocator's own stays. */
		pthread_mutex_lock(&dmk_frames_lock);
		if (head->refcount > 1)
			head->refcount--;
		pthread_mutex_unlock(&dmk_frames_lock);
		return;
	}
	free_at(head, head->order, place);
}

int page_count(const struct page *page)
{
	struct page *head = dmk_is_page(page, "page_count", DMK_HERE) ? dmk_page_head(page) : NULL;
	int count;

	if (!head)
		return 0;
	pthread_mutex_lock(&dmk_frames_lock);
	count = head->refcount;
	pthread_mutex_unlock(&dmk_frames_lock);
	return count;
}

bool pfn_valid(unsigned long pfn)
{
	return dmk_page_of((phys_addr_t)pfn << PAGE_SHIFT);
}

/* What is kept back is somebody's: who reserved it. */
static bool is_anybodys(phys_addr_t phys)
{
	struct page *page = dmk_page_of(phys);

	return page && (!dmk_ram(phys, 1, true) || dmk_page_head(page));
}

void dmk_phys_used(const char *call, phys_addr_t phys, struct dmk_place place)
{
	if (dmk_observed() && !is_anybodys(phys))
		dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_PHYS_USED,
						 .name = call,
						 .phys = DMK_PHYS(phys),
						 DMK_AT(place)});
}

void dmk_phys_asked(const char *call, phys_addr_t phys)
{
	dmk_phys_used(call, phys, DMK_HERE);
}

/* Called from the driver's own code, in which virt_to_phys() and phys_to_virt() are inline. */
void dmk_wrong_address(const char *call, uint64_t address)
{
	if (call[0] == 'v' && dmk_is_core_view((const void *)(uintptr_t)address))
		dmk_complain(
			__builtin_return_address(0),
			"%s: %#llx is consistent memory, whose pages may lie anywhere: the device's address is the handle that came with "
			"it. What this gives is the address of nothing",
			call, (unsigned long long)address);
	else if (call[0] == 'v')
		dmk_complain(
			__builtin_return_address(0),
			"%s: %#llx is no address of kmalloc() or the page allocator: of vmalloc(), kmap(), a stack, a static "
			"variable? What this gives is the address of nothing",
			call, (unsigned long long)address);
	else
		dmk_complain(
			__builtin_return_address(0),
			"%s: %#llx is beyond the direct map: kmap() or memremap() have an address for it",
			call, (unsigned long long)address);
}

bool dmk_virt_addr_valid(const void *address)
{
	phys_addr_t phys;

	return dmk_direct(address, 1, &phys);
}
