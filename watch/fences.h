/* SPDX-License-Identifier: MIT */
/*
 * Fences: keeping the CPU from memory while it is a device's. Which bytes that are is kept here,
 * page by page; how the CPU is kept from them is the mode's affair (asan.c, page.c).
 *
 * One lock guards it all; it is taken with the checker's lock held, and in a signal handler: with
 * it held nothing touches the machine's memory, so that no fault comes of it, and nothing is
 * announced.
 */
#ifndef WATCH_FENCES_H
#define WATCH_FENCES_H

#include "watch.h"

enum { DMK_FRAME_WORDS = DMK_PAGE_SIZE / 64 };

/** A page that has, or had, bytes of a device's. Never freed before dmk_fences_end(). */
struct dmk_frame {
	uint64_t device[DMK_FRAME_WORDS]; /* a bit for each byte */
	unsigned int bytes;               /* that are set */
	/* asan mode: bytes of the driver's heap that nobody has; of those, what was freed */
	uint64_t nobody[DMK_FRAME_WORDS], freed[DMK_FRAME_WORDS];
	/* page mode */
	uint16_t faults;   /* since the last hand-over */
	uint16_t stepping; /* threads in the middle of an access to it */
	uint8_t left_open; /* PROT_ bits that the CPU has until the next hand-over, all the same */
};

/** How the CPU is kept from bytes. Called with the lock held. */
struct dmk_fence {
	/*
	 * the page at @address has changed: in bytes [first, last] of it, if anywhere. @address is
	 * in the direct map (0: the page is not), or in a view.
	 */
	void (*set)(uintptr_t address, const struct dmk_frame *frame, unsigned int first,
		    unsigned int last);
	/* all of them were called: what can be done for several pages at once is */
	void (*flush)(void);
	bool outlives_memory; /* has to be taken away when the memory is gone */
};

/** By poison, once a source of the program is compiled for it; NULL: none is. */
extern const struct dmk_fence *dmk_watch_asan;

/** dmk_fences_start - for the machine of @direct; _end: no byte is kept from the CPU any more. */
void dmk_fences_start(const struct dmk_fence *fence);
void dmk_fences_end(void);

/** dmk_fences_lock - the page at @phys, with the lock held; NULL: no byte of it was a device's. */
struct dmk_frame *dmk_fences_lock(uint64_t phys);
/** dmk_fences_changed - set the fence of the page at @phys anew, everywhere. With the lock held. */
void dmk_fences_changed(uint64_t phys, const struct dmk_frame *frame);
void dmk_fences_unlock(void);

/** dmk_fences_view - a page of a view is there, or is about to go. Without the lock. */
void dmk_fences_view(uintptr_t address, uint64_t phys, bool there);

enum dmk_fenced { DMK_FENCED_NOT, DMK_FENCED_DEVICE, DMK_FENCED_NOBODY };

/**
 * dmk_fences_look - what keeps the CPU from bytes of one page; what nobody has comes first, if
 * there are such.
 */
enum dmk_fenced dmk_fences_look(uint64_t phys, size_t size);

/** dmk_fences_heap - dmk_heap_watch, in asan mode */
void dmk_fences_heap(const void *memory, size_t asked, size_t room, bool freed);

/** For calls that read or write memory: what the runtime has to say of it. NULL: no asan mode. */
extern void (*dmk_watch_look)(uintptr_t address, size_t size, bool write,
			      const struct dmk_watch_place *place);

#endif
