/* SPDX-License-Identifier: MIT */
/*
 * kmap(): an address for a page that has none, for a moment. Each mapping is a view of one page; a page that is mapped twice has one
 * view and two users.
 */
#include "internal.h"

#include <stdlib.h>

#include <linux/highmem.h>
#include <linux/kernel.h>

struct kmapped {
	struct list_head link;
	struct page *page;
	char *view;
	unsigned int users;
	bool lasting; /* at least one of them by kmap(): page_address() finds it */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list and what is on it */
static LIST_HEAD(kmaps);
static unsigned int nr_kmaps; /* atomic: nearly always 0, so most addresses need no look */

static bool in_view(const struct kmapped *kmapped, const void *address)
{
	return (const char *)address >= kmapped->view && (const char *)address < kmapped->view + PAGE_SIZE;
}

/* With the lock held. By page, or when that is NULL by address. */
static struct kmapped *find(const struct page *page, const void *address)
{
	struct kmapped *kmapped;

	list_for_each_entry(kmapped, &kmaps, link)
		if (page ? kmapped->page == page : in_view(kmapped, address))
			return kmapped;
	return NULL;
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
	list_add(&kmapped->link, &kmaps);
	__atomic_fetch_add(&nr_kmaps, 1, __ATOMIC_RELAXED);
	return kmapped;
}

static void *map(struct page *page, bool lasting)
{
	void *cpu = dmk_page_cpu(page);
	struct kmapped *kmapped;

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
	const struct dmk_port *port = dmk_port_running;

	list_del(&kmapped->link);
	__atomic_fetch_sub(&nr_kmaps, 1, __ATOMIC_RELAXED);
	port->ops->view_unmap(port->ctx, kmapped->view, 1);
	free(kmapped);
}

static void unmap(const struct page *page, const void *address, const char *call, const void *caller)
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
	return map(page, true);
}

void kunmap(struct page *page)
{
	if (!dmk_page_cpu(page))
		unmap(page, NULL, "kunmap", __builtin_return_address(0));
}

void *kmap_local_page(struct page *page)
{
	return map(page, false);
}

static void unmap_address(const void *address, const char *call, const void *caller)
{
	phys_addr_t phys;

	if (!dmk_direct(address, 1, &phys))
		unmap(NULL, address, call, caller);
}

void dmk_kunmap_local(const void *address)
{
	unmap_address(address, "kunmap_local", __builtin_return_address(0));
}

void *kmap_atomic(struct page *page)
{
	dmk_preempt_add(PREEMPT_OFFSET);
	return map(page, false);
}

void dmk_kunmap_atomic(const void *address)
{
	unmap_address(address, "kunmap_atomic", __builtin_return_address(0));
	dmk_preempt_add(-(int)PREEMPT_OFFSET);
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

void dmk_highmem_stop(void)
{
	struct kmapped *kmapped, *next;

	list_for_each_entry_safe(kmapped, next, &kmaps, link)
		drop(kmapped);
}
