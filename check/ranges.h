/* SPDX-License-Identifier: MIT */
/*
 * Ordered address ranges that may overlap and repeat: insert, remove, and "which ranges touch these
 * bytes?" in logarithmic time. Intrusive: the caller owns the nodes. Not a lock, not an allocator.
 *
 * A treap ordered by first address, each node knowing the highest last address below it.
 */
#ifndef CHECK_RANGES_H
#define CHECK_RANGES_H

#include <dmakit/types.h>

/** A range [first, last], both inclusive, so that it never wraps and is never empty. */
struct dmk_range {
	uint64_t first, last;
	uint64_t max_last; /* of this node and all below it */
	struct dmk_range *left, *right;
	uint64_t priority;
};

struct dmk_ranges {
	struct dmk_range *root;
};

/**
 * dmk_range_set - [first, first + size), cut at the end of the address space; size 0 counts as 1.
 */
void dmk_range_set(struct dmk_range *range, uint64_t first, uint64_t size);

void dmk_ranges_insert(struct dmk_ranges *ranges, struct dmk_range *range);
void dmk_ranges_remove(struct dmk_ranges *ranges, struct dmk_range *range);

/**
 * dmk_ranges_touching - the lowest range that touches [first, last] and comes after @after; NULL:
 * no more.
 */
struct dmk_range *dmk_ranges_touching(const struct dmk_ranges *ranges, uint64_t first,
				      uint64_t last, const struct dmk_range *after);

/**
 * dmk_ranges_below - of the ranges that start at or below @address, the last in order; NULL: none.
 */
struct dmk_range *dmk_ranges_below(const struct dmk_ranges *ranges, uint64_t address);
/** dmk_ranges_above - the first range that starts above @address; NULL: none. */
struct dmk_range *dmk_ranges_above(const struct dmk_ranges *ranges, uint64_t address);

#endif
