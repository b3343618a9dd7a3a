/* SPDX-License-Identifier: MIT */
/*
 * The inside of ranges.h, for ranges.c and for who works on single leaves, several threads at once
 * (plain.c).
 *
 * Who has the checker to itself does as it likes. Of the others each takes the lock of the one leaf
 * it works on, and finds leaves in a table that only who has the checker to itself changes; the
 * same goes for the treap.
 */
#ifndef CHECK_LEAF_H
#define CHECK_LEAF_H

#include <sched.h>

#include "ranges.h"

enum { DMK_CELL_SHIFT = 12, DMK_CELLS = 64, DMK_LEAF_SHIFT = 18 };

struct dmk_leaf {
	uint64_t number; /* first address >> DMK_LEAF_SHIFT */
	uint64_t used;   /* bit by cell: it has ranges */
	uint64_t runs;   /* bit by cell: a range of the cell before goes on into it */
	uint64_t clock;  /* what happened here last, as a number that grows with each */
	uint32_t lock;
	_Alignas(64) struct dmk_range *cell[DMK_CELLS];
};

static inline uint64_t dmk_leaf_number(uint64_t address)
{
	return address >> DMK_LEAF_SHIFT;
}

static inline unsigned int dmk_cell(uint64_t address)
{
	return address >> DMK_CELL_SHIFT & (DMK_CELLS - 1);
}

/** Whether it can be in a leaf: in a cell, or in two neighbours. */
static inline bool dmk_is_small(uint64_t first, uint64_t last)
{
	return dmk_leaf_number(first) == dmk_leaf_number(last) &&
	       dmk_cell(last) - dmk_cell(first) <= 1;
}

static inline bool dmk_goes_on(const struct dmk_range *range)
{
	return dmk_cell(range->first) != dmk_cell(range->last);
}

/** Bits of the cells @first to @last. */
static inline uint64_t dmk_cells(unsigned int first, unsigned int last)
{
	return ~0ULL << first & ~0ULL >> (DMK_CELLS - 1 - last);
}

/** Where the search for a leaf begins, in a table of 2^n slots. */
static inline size_t dmk_leaf_slot(uint64_t number, size_t slots)
{
	return (number * 0x9e3779b97f4a7c15ULL >> 32) & (slots - 1);
}

/** dmk_leaf_find - NULL: there is none */
static inline struct dmk_leaf *dmk_leaf_find(const struct dmk_ranges *ranges, uint64_t number)
{
	size_t at;

	if (!ranges->slots)
		return NULL;
	for (at = dmk_leaf_slot(number, ranges->slots);
	     ranges->slot[at] && ranges->slot[at]->number != number;)
		at = (at + 1) & (ranges->slots - 1);
	return ranges->slot[at];
}

static inline void dmk_leaf_push(struct dmk_leaf *leaf, struct dmk_range *range)
{
	const unsigned int cell = dmk_cell(range->first);

	range->right = range;
	range->left = leaf->cell[cell];
	leaf->cell[cell] = range;
	leaf->used |= 1ULL << cell;
	if (dmk_goes_on(range))
		leaf->runs |= 2ULL << cell;
}

void dmk_leaf_remove(struct dmk_leaf *leaf, struct dmk_range *range);

/** The cells whose ranges may touch [first, last], which the leaf has all of. */
static inline uint64_t dmk_leaf_near(const struct dmk_leaf *leaf, uint64_t first, uint64_t last)
{
	const unsigned int from = dmk_cell(first) - (leaf->runs >> dmk_cell(first) & 1);

	return leaf->used & dmk_cells(from, dmk_cell(last));
}

/**
 * dmk_chain_at - from @range on in its chain, which has the newest first, the first that begins at
 * @first; NULL: none.
 */
static inline struct dmk_range *dmk_chain_at(struct dmk_range *range, uint64_t first)
{
	while (range && range->first != first)
		range = range->left;
	return range;
}

/*
 * A lock that is held for some instructions. Its acquire pairs with the release of who had it
 * before; who finds that it was not let go of for long has met a thread that does not run.
 */
static inline void dmk_leaf_lock(struct dmk_leaf *leaf)
{
	unsigned int spins = 0;

	while (__atomic_exchange_n(&leaf->lock, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&leaf->lock, __ATOMIC_RELAXED))
			if (++spins % 128 == 0)
				sched_yield();
}

static inline void dmk_leaf_unlock(struct dmk_leaf *leaf)
{
	__atomic_store_n(&leaf->lock, 0, __ATOMIC_RELEASE);
}

#endif
