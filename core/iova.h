/* SPDX-License-Identifier: MIT */
/*
 * I/O virtual addresses: who has which range. Not page tables, and no memory of what is mapped.
 */
#ifndef DMK_CORE_IOVA_H
#define DMK_CORE_IOVA_H

#include "iova_held.h"

/** Ranges of up to so many granules, as a power of two, lie ready to be taken again. */
enum { DMK_IOVA_READY_ORDER = 10 };

struct dmk_iova_space;

/**
 * dmk_iova_make - a space of [@first, @last], in granules of 1 << @shift bytes; NULL: no memory.
 * May sleep.
 */
struct dmk_iova_space *dmk_iova_make(uint64_t first, uint64_t last, unsigned int shift);
/** dmk_iova_free - NULL is good. Nobody uses it any more; what is out is forgotten. */
void dmk_iova_free(struct dmk_iova_space *space);

/**
 * dmk_iova_reserve - never hand out [@first, @last]; only before the first dmk_iova_take(). May
 * reach beyond the space.
 */
int dmk_iova_reserve(struct dmk_iova_space *space, uint64_t first, uint64_t last);

/**
 * dmk_iova_prefer - while there is room at or below @last, ranges come from there; only before the
 * first dmk_iova_take().
 */
void dmk_iova_prefer(struct dmk_iova_space *space, uint64_t last);

/**
 * dmk_iova_reuse - in which order ranges are taken again that were given back; not said: the newest
 * first. Other orders cost a lock and a search for each. Only before the first dmk_iova_take().
 */
void dmk_iova_reuse(struct dmk_iova_space *space, enum dmk_iova_reuse reuse, uint64_t seed);

/**
 * dmk_iova_take - @size bytes (a multiple of the granule) at a multiple of @align, all of it at or
 * below @limit and in no multiple of
 *                 @boundary + 1 (0: no such rule)
 * Any context; never sleeps; without a lock of the core's. A few instructions where the CPU has
 * such a range at hand, else logarithmic in the number of free runs; the first call that finds no
 * room gathers what CPUs have at hand, and those after it fail at once.
 * Return: false: there is none, and none was taken.
 */
bool dmk_iova_take(struct dmk_iova_space *space, uint64_t size, uint64_t align, uint64_t limit,
		   uint64_t boundary, uint64_t *first);
/** dmk_iova_give - back what was taken, whole, on whichever CPU. Any context; never fails. */
void dmk_iova_give(struct dmk_iova_space *space, uint64_t first, uint64_t size);

/**
 * dmk_iova_wrong - for tests, while nobody else uses it: NULL, or which invariant is broken; @used:
 * bytes that are out.
 */
const char *dmk_iova_wrong(struct dmk_iova_space *space, uint64_t *used);

#endif
