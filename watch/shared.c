/* SPDX-License-Identifier: MIT */
/*
 * Which memory a device has at the same time as the CPU, with no sync in between: consistent memory
 * and the pages of pools. Known where the order of stores is of interest (COH-05), and nowhere
 * else.
 *
 * Where devices don't look into the caches it is made of views that are not cached (views.c). Where
 * they do it is plain memory, and what becomes of it is heard from the core: for that an observer.
 */
#include "table.h"
#include "watch.h"

#include <dmakit/observer.h>
#include <dmakit/watch.h>

#include <string.h>

static struct dmk_watch_table shared = DMK_WATCH_TABLE;

/* How many of its pages are in memory of each index. */
static uint32_t memory[DMK_WATCH_PAGES];

static void count(uintptr_t address, uint64_t phys, uint32_t change)
{
	dmk_watch_count(memory, phys >> DMK_PAGE_SHIFT, change);
	dmk_watch_count(dmk_watch_shared_pages, address >> DMK_PAGE_SHIFT, change);
	dmk_watch_count(dmk_watch_pages, address >> DMK_PAGE_SHIFT, change);
}

void dmk_watch_shared_add(uintptr_t address, uint64_t phys)
{
	if (dmk_watch_weak && dmk_watch_table_add(&shared, address, phys))
		count(address, phys, 1);
}

void dmk_watch_shared_drop(uintptr_t address)
{
	uint64_t phys;

	if (dmk_watch_weak && dmk_watch_table_find(&shared, address, &phys) &&
	    dmk_watch_table_drop(&shared, address))
		count(address, phys, -1u);
}

bool dmk_watch_is_shared_memory(uint64_t phys)
{
	return __atomic_load_n(&memory[(phys >> DMK_PAGE_SHIFT) % DMK_WATCH_PAGES],
			       __ATOMIC_RELAXED);
}

bool dmk_watch_shared_phys(uintptr_t address, uint64_t *phys)
{
	return dmk_watch_table_find(&shared, address, phys);
}

/* --- what the core says ----------------------------------------------------------------------- */

/* Views that are not cached are known from their making. */
static void note_memory(const struct dmk_event *event, bool begins)
{
	const uintptr_t first = (uintptr_t)event->cpu;
	uint64_t phys;

	for (uint64_t at = 0; first && at < event->size; at += DMK_PAGE_SIZE) {
		if (!begins)
			dmk_watch_shared_drop(first + at);
		else if (dmk_watch_memory_phys(first + at, &phys))
			dmk_watch_shared_add(first + at, phys);
	}
}

static void on_event(void *ctx, const struct dmk_event *event)
{
	switch (event->kind) {
	case DMK_EVENT_ALLOC:
	case DMK_EVENT_FREE:
		/* What is given or taken back is written by others than the driver. */
		dmk_watch_drain();
		if (event->alloc_kind == DMK_KIND_COHERENT && !event->reason)
			note_memory(event, event->kind == DMK_EVENT_ALLOC);
		break;
	case DMK_EVENT_POOL_PAGE:
		dmk_watch_drain();
		note_memory(event, event->result);
		break;
	case DMK_EVENT_POOL_ALLOC:
	case DMK_EVENT_POOL_FREE:
		dmk_watch_drain();
		break;
	default:
		break;
	}
}

const struct dmk_observer *dmk_watch_observer(void)
{
	static const struct dmk_observer observer = {.event = on_event};

	return dmk_watch_weak ? &observer : NULL;
}

void dmk_watch_shared_end(void)
{
	dmk_watch_table_clear(&shared);
	memset(memory, 0, sizeof(memory));
}
