/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <dmakit/types.h>

#include <stdlib.h>
#include <string.h>

struct dmk_watch_page {
	struct dmk_watch_page *next, *next_by_memory;
	uintptr_t page; /* its number in the address space */
	uint64_t phys;
};

/* Where the entry of the page hangs, or would. With the lock held. */
static struct dmk_watch_page **place_of(struct dmk_watch_table *table, uintptr_t page)
{
	struct dmk_watch_page **at = &table->bucket[page % DMK_WATCH_BUCKETS];

	while (*at && (*at)->page != page)
		at = &(*at)->next;
	return at;
}

/* The list of pages that show this memory, and perhaps others. */
static struct dmk_watch_page **showing(struct dmk_watch_table *table, uint64_t phys)
{
	return &table->by_memory[(phys >> DMK_PAGE_SHIFT) % DMK_WATCH_BUCKETS];
}

/* With the lock held. */
static void unlink_memory(struct dmk_watch_table *table, const struct dmk_watch_page *old)
{
	struct dmk_watch_page **at = showing(table, old->phys);

	while (*at != old)
		at = &(*at)->next_by_memory;
	*at = old->next_by_memory;
}

bool dmk_watch_table_add(struct dmk_watch_table *table, uintptr_t address, uint64_t phys)
{
	const uintptr_t page = address >> DMK_PAGE_SHIFT;
	struct dmk_watch_page *new = malloc(sizeof(*new)), **at;
	bool added = false;

	if (!new)
		return false;
	*new = (struct dmk_watch_page){.page = page, .phys = phys & ~(DMK_PAGE_SIZE - 1ULL)};
	pthread_mutex_lock(&table->lock);
	at = place_of(table, page);
	if (!*at) {
		*at = new;
		new->next_by_memory = *showing(table, phys);
		*showing(table, phys) = new;
		added = true;
	}
	pthread_mutex_unlock(&table->lock);
	if (!added)
		free(new);
	return added;
}

bool dmk_watch_table_drop(struct dmk_watch_table *table, uintptr_t address)
{
	struct dmk_watch_page **at, *old;

	pthread_mutex_lock(&table->lock);
	at = place_of(table, address >> DMK_PAGE_SHIFT);
	old = *at;
	if (old) {
		*at = old->next;
		unlink_memory(table, old);
	}
	pthread_mutex_unlock(&table->lock);
	free(old);
	return old != NULL;
}

bool dmk_watch_table_find(struct dmk_watch_table *table, uintptr_t address, uint64_t *phys)
{
	const struct dmk_watch_page *found;

	pthread_mutex_lock(&table->lock);
	found = *place_of(table, address >> DMK_PAGE_SHIFT);
	if (found)
		*phys = found->phys + (address & (DMK_PAGE_SIZE - 1));
	pthread_mutex_unlock(&table->lock);
	return found != NULL;
}

void dmk_watch_table_each(struct dmk_watch_table *table, uint64_t phys,
			  void (*call)(void *ctx, uintptr_t address), void *ctx)
{
	pthread_mutex_lock(&table->lock);
	for (struct dmk_watch_page *at = *showing(table, phys); at; at = at->next_by_memory)
		if (at->phys == (phys & ~(DMK_PAGE_SIZE - 1ULL)))
			call(ctx, at->page << DMK_PAGE_SHIFT);
	pthread_mutex_unlock(&table->lock);
}

void dmk_watch_table_clear(struct dmk_watch_table *table)
{
	memset(table->by_memory, 0, sizeof(table->by_memory));
	for (size_t i = 0; i < DMK_WATCH_BUCKETS; i++) {
		while (table->bucket[i]) {
			struct dmk_watch_page *old = table->bucket[i];

			table->bucket[i] = old->next;
			free(old);
		}
	}
}
