/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <dmakit/types.h>

#include <stdlib.h>

struct dmk_watch_page {
	struct dmk_watch_page *next;
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
	if (old)
		*at = old->next;
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

void dmk_watch_table_clear(struct dmk_watch_table *table)
{
	for (size_t i = 0; i < DMK_WATCH_BUCKETS; i++) {
		while (table->bucket[i]) {
			struct dmk_watch_page *old = table->bucket[i];

			table->bucket[i] = old->next;
			free(old);
		}
	}
}
