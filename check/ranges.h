/* SPDX-License-Identifier: MIT */
/*
 * Ordered address ranges that may overlap and repeat: insert, remove, and "which ranges touch these
 * bytes?". Intrusive: the caller owns the nodes. Not a lock.
 *
 *     address   [ 46 bits: leaf | 6 bits: cell | 12 bits ]
 *
 *     ranges.slot[hash(leaf)] --> leaf --> cell[0]   --> range --> range --> NULL
 *                                          cell[1]   --> NULL         (a page's: newest first)
 *                                          …
 *                                          cell[63]
 *     ranges.root ------------------------> a treap of all that are not small
 *
 * A small range lies in one leaf, in a cell or two that are neighbours, and is found in the chain
 * of the cell where it begins; whether one of a cell's ranges goes on into the next cell, that
 * one's bit in leaf.runs says. So what is asked of a page looks at one or two chains, however many
 * ranges there are: three cache lines, of the hash, the leaf and the range. Everything else, and
 * whatever finds no memory for its leaf, is in a treap ordered by first address, each of its nodes
 * knowing the highest last address below it: logarithmic, and never out of memory.
 */
#ifndef CHECK_RANGES_H
#define CHECK_RANGES_H

#include <dmakit/types.h>

struct dmk_leaf;

/** A range [first, last], both inclusive, so that it never wraps and is never empty. */
struct dmk_range {
	uint64_t first, last;
	struct dmk_range *left;  /* in a leaf: the next of its cell */
	struct dmk_range *right; /* in a leaf: the range itself, which no treap has there */
	uint64_t max_last;       /* of the treap only: of this node and all below it */
};

/** All zero: none. */
struct dmk_ranges {
	struct dmk_range *root;
	struct dmk_leaf **slot; /* open addressing; NULL: free */
	size_t slots;           /* a power of two, or 0 */
	size_t leaves;          /* at most half of them */
};

/**
 * dmk_range_set - [first, first + size), cut at the end of the address space; size 0 counts as 1.
 */
void dmk_range_set(struct dmk_range *range, uint64_t first, uint64_t size);

/** dmk_ranges_exit - the nodes are forgotten, and no range is in it any more. */
void dmk_ranges_exit(struct dmk_ranges *ranges);

void dmk_ranges_insert(struct dmk_ranges *ranges, struct dmk_range *range);
void dmk_ranges_remove(struct dmk_ranges *ranges, struct dmk_range *range);

/**
 * dmk_ranges_touching - the lowest range that touches [first, last] and comes after @after; NULL:
 * no more. By first address, and by last; equal ones in any order, but always the same.
 */
struct dmk_range *dmk_ranges_touching(const struct dmk_ranges *ranges, uint64_t first,
				      uint64_t last, const struct dmk_range *after);

/**
 * dmk_ranges_at - a range that begins at @first, and the next one after @after; NULL: no more. The
 * newest comes first, of those that are small and of the others.
 */
struct dmk_range *dmk_ranges_at(const struct dmk_ranges *ranges, uint64_t first,
				const struct dmk_range *after);

/**
 * dmk_ranges_below - of the ranges that start at or below @address, the last in order; NULL: none.
 * This and the next look at all leaves.
 */
struct dmk_range *dmk_ranges_below(const struct dmk_ranges *ranges, uint64_t address);
/** dmk_ranges_above - the first range that starts above @address; NULL: none. */
struct dmk_range *dmk_ranges_above(const struct dmk_ranges *ranges, uint64_t address);

/** dmk_ranges_each - calls @visit with each, in any order; it may not insert or remove. */
void dmk_ranges_each(const struct dmk_ranges *ranges,
		     void (*visit)(void *ctx, struct dmk_range *range), void *ctx);
/** dmk_ranges_any - one of them; NULL: there is none. */
struct dmk_range *dmk_ranges_any(const struct dmk_ranges *ranges);

#endif
