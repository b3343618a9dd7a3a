/* SPDX-License-Identifier: MIT */
/*
 * Which memory is behind a page of addresses: a table from one to the other, with a lock of its
 * own. Not what the pages are good for.
 */
#ifndef WATCH_TABLE_H
#define WATCH_TABLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { DMK_WATCH_BUCKETS = 1024 };

struct dmk_watch_page;

struct dmk_watch_table {
	pthread_mutex_t lock;
	struct dmk_watch_page *bucket[DMK_WATCH_BUCKETS];    /* by address */
	struct dmk_watch_page *by_memory[DMK_WATCH_BUCKETS]; /* the same by what is behind */
};

#define DMK_WATCH_TABLE                           \
	{                                         \
		.lock = PTHREAD_MUTEX_INITIALIZER \
	}

/** dmk_watch_table_add - false: it is there already, or memory is out: less is found then */
bool dmk_watch_table_add(struct dmk_watch_table *table, uintptr_t address, uint64_t phys);
/** dmk_watch_table_drop - false: it was not there */
bool dmk_watch_table_drop(struct dmk_watch_table *table, uintptr_t address);
/** dmk_watch_table_find - the memory at @address, whose page is in the table; false: it is not */
bool dmk_watch_table_find(struct dmk_watch_table *table, uintptr_t address, uint64_t *phys);
/**
 * dmk_watch_table_each - call @call with the first address of each page that shows @phys's. With
 * the table's lock held: it calls nothing of the table's
 */
void dmk_watch_table_each(struct dmk_watch_table *table, uint64_t phys,
			  void (*call)(void *ctx, uintptr_t address), void *ctx);
void dmk_watch_table_clear(struct dmk_watch_table *table);

#endif
