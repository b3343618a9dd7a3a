/* SPDX-License-Identifier: MIT */
/*
 * Ranges of addresses that were given back, and which of them is taken again first: for who wants
 * other orders than the quick one. Knows no lock: its user's guards it. Numbers are granules.
 */
#ifndef DMK_CORE_IOVA_HELD_H
#define DMK_CORE_IOVA_HELD_H

#include "free_tree.h"

enum dmk_iova_reuse {
	DMK_IOVA_NEWEST, /* what was given back last; nothing is held: caches do it */
	DMK_IOVA_OLDEST, /* what was given back first */
	DMK_IOVA_RANDOM, /* any, or what was never taken, as the seed decides */
	DMK_IOVA_LAST,   /* none, as long as there is what was never taken */
};

struct dmk_iova_held {
	enum dmk_iova_reuse reuse;
	uint64_t random;
	/* a ring, by when they came where that matters */
	struct dmk_iova_range {
		uint64_t first, n;
	} * range;
	uint64_t begin, nr, room; /* room is a power of two, or 0 */
};

/** dmk_iova_held_give - false: it is not held, for want of memory, or since nothing is */
bool dmk_iova_held_give(struct dmk_iova_held *held, uint64_t first, uint64_t n);
/** dmk_iova_held_take - one that was given back with this size; false: take from what is free */
bool dmk_iova_held_take(struct dmk_iova_held *held, const struct dmk_free_wish *wish,
			uint64_t *first);
/** dmk_iova_held_any - the one that came first, whatever its size; false: there is none */
bool dmk_iova_held_any(struct dmk_iova_held *held, struct dmk_iova_range *range);
/** Nobody has anything of it any more. */
void dmk_iova_held_end(struct dmk_iova_held *held);

#endif
