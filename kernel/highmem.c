/* SPDX-License-Identifier: MIT */
/*
 * kmap(): an address for a page that has none, for a moment. Each mapping is a view of one page; a
 * page that is mapped twice has one view and two users.
 */
#include "internal.h"

#include <search.h>
#include <stdlib.h>

#include <linux/highmem.h>
#include <linux/kernel.h>

struct kmapped {
	struct page *page;
	char *view;
	unsigned int users;
	bool lasting; /* at least one of them by kmap(): page_address() finds it */
};

/* As many as a thread of Linux's can have at a time. */
enum { LOCAL_MAX = 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the trees and what is in them */
static void *pages, *views;                              /* of struct kmapped */
static unsigned int nr_kmaps; /* atomic: nearly always 0, so most addresses need no look */

/* The thread's kmap_local_page() of highmem, the last one on top: it is the first to go. */
static __thread struct {
	const char *view[LOCAL_MAX];
	unsigned int depth;
} local;

static int by_page(const void *a, const void *b)
{
	const struct kmapped *x = a, *y = b;

	return (x->page > y->page) - (x->page < y->page);
}

static int by_view(const void *a, const void *b)
{
	const struct kmapped *x = a, *y = b;

	return (x->view > y->view) - (x->view < y->view);
}

/* With the lock held. By page, or when that is NULL by address. */
static struct kmapped *find(const struct page *page, const void *address)
{
	const struct kmapped key = {.page = (struct page *)page,
				    .view = (char *)((uintptr_t)address & PAGE_MASK)};
	struct kmapped **found = page ? tfind(&key, &pages, by_page) : tfind(&key, &views, by_view);

	return found ? *found : NULL;
}

static void forget(struct kmapped *kmapped)
{
	const struct dmk_port *port = dmk_port_running;

	tdelete(kmapped, &pages, by_page);
	tdelete(kmapped, &views, by_view);
	port->ops->view_unmap(port->ctx, kmapped->view, 1);
	free(kmapped);
}

static struct kmapped *map_new(struct page *page)
{
	const struct dmk_port *port = dmk_port_running;
	struct kmapped *kmapped = calloc(1, sizeof(*kmapped));
	dmk_phys phys = DMK_PHYS(dmk_page_phys(page));

	if (!kmapped)
		return NULL;
	kmapped->view = port->ops->view_map(port->ctx, &phys, 1, DMK_VIEW_CACHED);
	if (!kmapped->view) {
		free(kmapped);
		return NULL;
	}
	kmapped->page = page;
	if (!tsearch(kmapped, &pages, by_page) || !tsearch(kmapped, &views, by_view)) {
		forget(kmapped);
		return NULL;
	}
	__atomic_fetch_add(&nr_kmaps, 1, __ATOMIC_RELAXED);
	return kmapped;
}

static void *map(struct page *page, bool lasting, const char *call, struct dmk_place place)
{
	struct kmapped *kmapped;
	void *cpu;

	if (!dmk_is_page(page, call, place))
		return NULL;
	cpu = dmk_page_cpu(page);
	if (cpu)
		return cpu;
	pthread_mutex_lock(&lock);
	kmapped = find(page, NULL);
	if (!kmapped)
		kmapped = map_new(page);
	BUG_ON(!kmapped); /* no address space left: Linux would wait for ever */
	kmapped->users++;
	kmapped->lasting |= lasting;
	cpu = kmapped->view;
	pthread_mutex_unlock(&lock);
	return cpu;
}

static void drop(struct kmapped *kmapped)
{
	__atomic_fetch_sub(&nr_kmaps, 1, __ATOMIC_RELAXED);
	forget(kmapped);
}

static void unmap(const struct page *page, const void *address, const char *call,
		  const void *caller)
{
	struct kmapped *kmapped;

	pthread_mutex_lock(&lock);
	kmapped = find(page, address);
	if (kmapped && --kmapped->users == 0)
		drop(kmapped);
	pthread_mutex_unlock(&lock);
	if (!kmapped)
		dmk_complain(caller, "%s: the page is not mapped", call);
}

void *kmap(struct page *page)
{
	dmk_might_sleep_at("kmap", DMK_HERE);
	return map(page, true, "kmap", DMK_HERE);
}

void kunmap(struct page *page)
{
	if (dmk_is_page(page, "kunmap", DMK_HERE) && !dmk_page_cpu(page))
		unmap(page, NULL, "kunmap", __builtin_return_address(0));
}

static void *map_local(struct page *page, const char *call, struct dmk_place place)
{
	char *view = map(page, false, call, place);

	if (!view || dmk_page_cpu(page))
		return view;
	if (local.depth == LOCAL_MAX)
		dmk_complain(place.caller,
			     "%s: %u are mapped by this thread already; is kunmap_local() missing?",
			     call, LOCAL_MAX);
	else
		local.view[local.depth++] = view;
	return view;
}

/* Pages of the direct map have their address anyway, and nothing is undone. */
static void unmap_local(const void *address, const char *call, struct dmk_place place)
{
	const char *view = (const char *)((uintptr_t)address & PAGE_MASK);
	unsigned int i = local.depth;
	phys_addr_t phys;

	if (dmk_direct(address, 1, &phys))
		return;
	while (i && local.view[i - 1] != view)
		i--;
	if (i && i != local.depth)
		dmk_complain(
			place.caller,
			"%s: another page was mapped after this one, and must be unmapped before it",
			call);
	if (i) {
		for (local.depth--; i <= local.depth; i++)
			local.view[i - 1] = local.view[i];
	}
	unmap(NULL, address, call, place.caller);
}

void *kmap_local_page(struct page *page)
{
	return map_local(page, "kmap_local_page", DMK_HERE);
}

void dmk_kunmap_local(const void *address)
{
	unmap_local(address, "kunmap_local", DMK_HERE);
}

void *kmap_atomic(struct page *page)
{
	dmk_preempt_add(PREEMPT_OFFSET);
	return map_local(page, "kmap_atomic", DMK_HERE);
}

void dmk_kunmap_atomic(const void *address)
{
	unmap_local(address, "kunmap_atomic", DMK_HERE);
	dmk_preempt_add(-(int)PREEMPT_OFFSET);
}

struct page *kmap_to_page(void *address)
{
	struct kmapped *kmapped;
	struct page *page;
	phys_addr_t phys;

	if (dmk_direct(address, 1, &phys))
		return dmk_page_of(phys);
	pthread_mutex_lock(&lock);
	kmapped = find(NULL, address);
	page = kmapped ? kmapped->page : NULL;
	pthread_mutex_unlock(&lock);
	if (!page)
		dmk_complain(__builtin_return_address(0),
			     "kmap_to_page(%p): no page is mapped there", address);
	return page;
}

void *dmk_page_address_high(const struct page *page)
{
	struct kmapped *kmapped;
	void *address;

	if (!__atomic_load_n(&nr_kmaps, __ATOMIC_RELAXED))
		return NULL;
	pthread_mutex_lock(&lock);
	kmapped = find(page, NULL);
	address = kmapped && kmapped->lasting ? kmapped->view : NULL;
	pthread_mutex_unlock(&lock);
	return address;
}

bool dmk_is_kmap(const void *address)
{
	bool is;

	if (!__atomic_load_n(&nr_kmaps, __ATOMIC_RELAXED))
		return false;
	pthread_mutex_lock(&lock);
	is = find(NULL, address);
	pthread_mutex_unlock(&lock);
	return is;
}

unsigned long dmk_kmaps(void)
{
	return __atomic_load_n(&nr_kmaps, __ATOMIC_RELAXED);
}

/* What drivers left behind. */
void dmk_highmem_stop(void)
{
	while (pages)
		drop(*(struct kmapped **)pages);
	local.depth = 0;
}
