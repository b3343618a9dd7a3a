/* SPDX-License-Identifier: MIT */
/*
 * The way of one access: a count for its page says whether there is anything to say at all; the
 * rest is in pages.c.
 *
 * The counts are indexed by page address modulo their number, whatever lies there: two pages with
 * one count cost time, never a mistake. They are read without order: who maps a buffer and then
 * touches it reads what it wrote itself, and who is handed a buffer by another thread was handed
 * that too.
 */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include <dmakit/port.h>
#include <dmakit/types.h>

enum { DMK_WATCH_PAGES = 1 << 16 };

/** How many ranges of interest have bytes in the pages of each index. */
extern uint32_t dmk_watch_pages[DMK_WATCH_PAGES];
/** How many of those are there for the order of accesses alone. */
extern uint32_t dmk_watch_shared_pages[DMK_WATCH_PAGES];

static inline void dmk_watch_count(uint32_t *counts, uintptr_t page, uint32_t change)
{
	__atomic_fetch_add(&counts[page % DMK_WATCH_PAGES], change, __ATOMIC_RELAXED);
}

/** An access of the driver's: where, and the call that does it, or NULL for an instruction. */
struct dmk_watch_place {
	const void *caller, *frame;
	const char *call;
};

/** The place that called the function this stands in. */
#define DMK_WATCH_HERE(name) \
	(&(struct dmk_watch_place){__builtin_return_address(0), __builtin_frame_address(0), name})

/** dmk_watch_access - announce what of [address, address + size) is RAM */
void dmk_watch_access(uintptr_t address, size_t size, bool write,
		      const struct dmk_watch_place *place);
/** dmk_watch_announce - the same, of RAM at @phys that somebody looked for already */
void dmk_watch_announce(uintptr_t address, uint64_t phys, uint64_t size, bool write,
			const struct dmk_watch_place *place);
/** dmk_watch_phys - the same, of memory that the driver has no address of in hand */
void dmk_watch_phys(uint64_t phys, size_t size, bool write, const struct dmk_watch_place *place);

/* --- the order of accesses: stores.c, reads.c, shared.c -------------------------------------- */

/**
 * Whether the machine shows devices stores out of order; how many are on their way. Both 0 where it
 * does not.
 */
extern bool dmk_watch_weak;
extern unsigned int dmk_watch_on_their_way;

/**
 * dmk_watch_store - the driver is about to write [address, + size) of memory that a device has too
 * @phys: where that is; at most the rest of a page
 */
void dmk_watch_store(uintptr_t address, uint64_t phys, size_t size,
		     const struct dmk_watch_place *place);
/** dmk_watch_load - the same for a read */
void dmk_watch_load(uint64_t phys, uint64_t size, const struct dmk_watch_place *place);
/** dmk_watch_order_loads - this thread's loads from now on come after all that devices wrote. */
void dmk_watch_order_loads(void);
/** dmk_watch_drain - all stores, of all threads, are in memory from now on. */
void dmk_watch_drain(void);
/** A call that writes registers and orders nothing, and its end. */
void dmk_watch_register_begin(const struct dmk_watch_place *place);
void dmk_watch_register_end(void);
/** dmk_watch_stores_start - of the machine that is about to run; _end: forget all. */
void dmk_watch_stores_start(bool weak, uint64_t seed);
void dmk_watch_stores_end(void);

/**
 * dmk_watch_shared_add - the page at @address, which is @phys, is memory that a device has too, and
 * needs no sync; _drop: no longer. dmk_watch_shared_phys - what it is; false: it is none
 */
void dmk_watch_shared_add(uintptr_t address, uint64_t phys);
void dmk_watch_shared_drop(uintptr_t address);
bool dmk_watch_shared_phys(uintptr_t address, uint64_t *phys);
/** dmk_watch_is_shared_memory - false: the page of @phys is none that was added */
bool dmk_watch_is_shared_memory(uint64_t phys);
void dmk_watch_shared_end(void);

/** dmk_watch_views - put the views that @port makes under watch; _end: none are left. */
void dmk_watch_views(struct dmk_port *port);
void dmk_watch_views_end(void);
/** dmk_watch_memory_phys - the memory behind a cached address; false: it is none. */
bool dmk_watch_memory_phys(uintptr_t address, uint64_t *phys);
/** dmk_watch_direct - the direct map's address of physical memory; 0: it is in none */
uintptr_t dmk_watch_direct(uint64_t phys);
/** dmk_watch_each_view - call @call with the address of each page of a view that shows @phys's. */
void dmk_watch_each_view(uint64_t phys, void (*call)(void *ctx, uintptr_t address), void *ctx);
/** dmk_watch_view_phys - the memory behind an address of a view; false: it is in none. */
bool dmk_watch_view_phys(uintptr_t address, uint64_t *phys);

/** dmk_watch_copies - see to it that the core's copies meet no fence; _end: they are over. */
void dmk_watch_copies(struct dmk_port *port);
void dmk_watch_copies_end(void);

static inline bool dmk_watch_is_near(uintptr_t address)
{
	return __builtin_expect(
		__atomic_load_n(&dmk_watch_pages[(address >> DMK_PAGE_SHIFT) % DMK_WATCH_PAGES],
				__ATOMIC_RELAXED) != 0,
		0);
}

/** dmk_watch_is_near_any - for ranges: one page after the other */
bool dmk_watch_is_near_any(uintptr_t address, size_t size);

#endif
