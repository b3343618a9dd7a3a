/* SPDX-License-Identifier: MIT */
/*
 * Memory by other addresses than the direct map's: vmalloc(), vmap(), kmap() of high memory. All of
 * them are views that the machine makes, so the machine's table is given to the kernel part with
 * these two operations in between.
 *
 * Pages of views are counted as of interest as long as they are there: whether they are is seen on
 * a second look, at the memory behind.
 */
#include "watch.h"

#include <dmakit/watch.h>

#include <pthread.h>
#include <stdlib.h>

enum { BUCKETS = 1024 };

struct view_page {
	struct view_page *next;
	uintptr_t page; /* its number in the address space */
	uint64_t phys;
};

static struct dmk_port machine;  /* the machine's own table */
static struct dmk_port_ops ops;  /* and what is given out */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards bucket */
static struct view_page *bucket[BUCKETS];

static void count(uintptr_t page, uint32_t change)
{
	__atomic_fetch_add(&dmk_watch_pages[page % DMK_WATCH_PAGES], change, __ATOMIC_RELAXED);
}

/* Without memory the page is not known: less is found. */
static void add(uintptr_t page, uint64_t phys)
{
	struct view_page *new = malloc(sizeof(*new));

	if (!new)
		return;
	*new = (struct view_page){.next = bucket[page % BUCKETS], .page = page, .phys = phys};
	bucket[page % BUCKETS] = new;
	count(page, 1);
}

static void drop(uintptr_t page)
{
	for (struct view_page **at = &bucket[page % BUCKETS]; *at; at = &(*at)->next) {
		struct view_page *old = *at;

		if (old->page != page)
			continue;
		*at = old->next;
		free(old);
		count(page, -1u);
		return;
	}
}

static void *view_map(void *ctx, const dmk_phys *pages, size_t n, enum dmk_view kind)
{
	void *view = machine.ops->view_map(ctx, pages, n, kind);
	const uintptr_t first = (uintptr_t)view >> DMK_PAGE_SHIFT;

	/* The other kind is of memory that both sides share. */
	if (!view || kind != DMK_VIEW_CACHED)
		return view;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n; i++)
		add(first + i, pages[i].v);
	pthread_mutex_unlock(&lock);
	return view;
}

/* Forgotten first: the next view may have the same addresses. */
static void view_unmap(void *ctx, void *view, size_t n)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n; i++)
		drop(((uintptr_t)view >> DMK_PAGE_SHIFT) + i);
	pthread_mutex_unlock(&lock);
	machine.ops->view_unmap(ctx, view, n);
}

void dmk_watch_views(struct dmk_port *port)
{
	machine = *port;
	ops = *port->ops;
	ops.view_map = view_map;
	ops.view_unmap = view_unmap;
	port->ops = &ops;
}

void dmk_watch_views_end(void)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (bucket[i])
			drop(bucket[i]->page);
	}
}

bool dmk_watch_view_phys(uintptr_t address, uint64_t *phys)
{
	const uintptr_t page = address >> DMK_PAGE_SHIFT;
	const struct view_page *found;

	pthread_mutex_lock(&lock);
	found = bucket[page % BUCKETS];
	while (found && found->page != page)
		found = found->next;
	if (found)
		*phys = found->phys + (address & (DMK_PAGE_SIZE - 1));
	pthread_mutex_unlock(&lock);
	return found != NULL;
}
