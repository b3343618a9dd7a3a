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

/** How many ranges of interest have bytes in the pages of each index. Written by pages.c. */
extern uint32_t dmk_watch_pages[DMK_WATCH_PAGES];

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
/** dmk_watch_phys - the same, of memory that the driver has no address of in hand */
void dmk_watch_phys(uint64_t phys, size_t size, bool write, const struct dmk_watch_place *place);

/** dmk_watch_views - put the views that @port makes under watch; _end: none are left. */
void dmk_watch_views(struct dmk_port *port);
void dmk_watch_views_end(void);
/** dmk_watch_view_phys - the memory behind an address of a view; false: it is in none. */
bool dmk_watch_view_phys(uintptr_t address, uint64_t *phys);

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
