/* SPDX-License-Identifier: MIT */
/*
 * Mappings that page mode can't watch, or not all of: they share pages with other memory. Counted
 * by the call that made them, so that a report can say where.
 */
#include "page.h"

#include <pthread.h>
#include <stdlib.h>

enum { CALLERS = 256, WALK_MAX = 8 };

/* Linux's value; observer.h passes attributes as the driver gave them. */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static struct dmk_watch_shared shared[CALLERS];
static size_t nr_shared;
static uint64_t mappings;
static struct dmk_watch_code code;

void dmk_watch_shared_reset(const struct dmk_watch_code *about)
{
	pthread_mutex_lock(&lock);
	code = *about;
	nr_shared = 0;
	mappings = 0;
	pthread_mutex_unlock(&lock);
}

static bool is_shared(uint64_t phys, uint64_t size)
{
	return (phys | size) & (DMK_PAGE_SIZE - 1);
}

static bool shares_pages(const struct dmk_event *event)
{
	if (event->map_kind != DMK_MAP_SG)
		return is_shared(event->phys.v, event->size);
	for (unsigned int i = 0; event->sg && i < event->nents; i++)
		if (is_shared(event->sg[i].phys.v, event->sg[i].length))
			return true;
	return false;
}

/* dmakit's own frames, which have frame pointers, say nothing to who reads a report. */
static const void *driver_of(const struct dmk_event *event)
{
	const void *caller = event->caller;
	const void *const *frame = event->frame;

	for (int i = 0; i < WALK_MAX && frame && code.is_library(code.ctx, caller); i++) {
		frame = frame[0];
		caller = frame ? frame[1] : event->caller;
	}
	return caller;
}

/* With the lock held. The first CALLERS of them have to do. */
static void count(const void *caller)
{
	size_t i = 0;

	while (i < nr_shared && shared[i].caller != caller)
		i++;
	if (i == CALLERS)
		return;
	if (i == nr_shared)
		shared[nr_shared++] = (struct dmk_watch_shared){0, caller};
	shared[i].mappings++;
}

void dmk_watch_map(const struct dmk_event *event)
{
	if (event->map_kind == DMK_MAP_RESOURCE || event->attrs & DMK_ATTR_MMIO)
		return;
	pthread_mutex_lock(&lock);
	mappings++;
	if (shares_pages(event))
		count(driver_of(event));
	pthread_mutex_unlock(&lock);
}

static int by_mappings(const void *a, const void *b)
{
	const struct dmk_watch_shared *x = a, *y = b;

	return (x->mappings < y->mappings) - (x->mappings > y->mappings);
}

bool dmk_watch_shared(size_t index, struct dmk_watch_shared *out)
{
	bool there;

	pthread_mutex_lock(&lock);
	if (!index)
		qsort(shared, nr_shared, sizeof(*shared), by_mappings);
	there = index < nr_shared;
	if (there)
		*out = shared[index];
	pthread_mutex_unlock(&lock);
	return there;
}

uint64_t dmk_watch_mappings(void)
{
	uint64_t n;

	pthread_mutex_lock(&lock);
	n = mappings;
	pthread_mutex_unlock(&lock);
	return n;
}
