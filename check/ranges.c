/* SPDX-License-Identifier: MIT */
/* Leaves of pages, their table, and what ranges.h offers out of them and a treap. */
#include "ranges.h"

#include <stdlib.h>
#include <string.h>

#include "leaf.h"
#include "range_tree.h"

enum { LEAST_SLOTS = 16, LINE = 64 };

void dmk_range_set(struct dmk_range *range, uint64_t first, uint64_t size)
{
	uint64_t reach = size ? size - 1 : 0;

	range->first = first;
	range->last = reach > ~0ULL - first ? ~0ULL : first + reach;
}

static bool is_in_leaf(const struct dmk_range *range)
{
	return range->right == range;
}

/* --- the table of leaves ---------------------------------------------------------------------- */

static struct dmk_leaf **slot_of(struct dmk_leaf **slot, size_t slots, uint64_t number)
{
	size_t at = dmk_leaf_slot(number, slots);

	while (slot[at] && slot[at]->number != number)
		at = (at + 1) & (slots - 1);
	return &slot[at];
}

/*
 * Room for one more leaf. Leaves stay when their last range goes: the next one comes to the same
 * pages. Those that are empty when the table is full are given back.
 */
static bool make_room(struct dmk_ranges *ranges)
{
	size_t used = 0, slots = LEAST_SLOTS;
	struct dmk_leaf **slot, *leaf;

	if (ranges->leaves < ranges->slots / 2)
		return true;
	for (size_t i = 0; i < ranges->slots; i++)
		used += ranges->slot[i] && ranges->slot[i]->used;
	while (slots < 4 * (used + 1))
		slots *= 2;
	slot = calloc(slots, sizeof(struct dmk_leaf *));
	if (!slot)
		return false;
	for (size_t i = 0; i < ranges->slots; i++) {
		leaf = ranges->slot[i];
		if (leaf && leaf->used)
			*slot_of(slot, slots, leaf->number) = leaf;
		else
			free(leaf);
	}
	free(ranges->slot);
	ranges->slot = slot;
	ranges->slots = slots;
	ranges->leaves = used;
	return true;
}

/* The leaf, which is made if need be; NULL: out of memory. */
static struct dmk_leaf *take_leaf(struct dmk_ranges *ranges, uint64_t number)
{
	struct dmk_leaf *leaf = dmk_leaf_find(ranges, number);

	if (leaf)
		return leaf;
	leaf = make_room(ranges) ? aligned_alloc(LINE, sizeof(*leaf)) : NULL;
	if (!leaf)
		return NULL;
	memset(leaf, 0, sizeof(*leaf));
	leaf->number = number;
	*slot_of(ranges->slot, ranges->slots, number) = leaf;
	ranges->leaves++;
	return leaf;
}

void dmk_ranges_exit(struct dmk_ranges *ranges)
{
	for (size_t i = 0; i < ranges->slots; i++)
		free(ranges->slot[i]);
	free(ranges->slot);
	memset(ranges, 0, sizeof(*ranges));
}

/* --- insert and remove ------------------------------------------------------------------------ */

void dmk_ranges_insert(struct dmk_ranges *ranges, struct dmk_range *range)
{
	struct dmk_leaf *leaf = NULL;

	if (dmk_is_small(range->first, range->last))
		leaf = take_leaf(ranges, dmk_leaf_number(range->first));
	if (leaf)
		dmk_leaf_push(leaf, range);
	else
		dmk_tree_insert(&ranges->root, range);
}

static bool any_goes_on(const struct dmk_range *range)
{
	while (range && !dmk_goes_on(range))
		range = range->left;
	return range != NULL;
}

void dmk_leaf_remove(struct dmk_leaf *leaf, struct dmk_range *range)
{
	const unsigned int cell = dmk_cell(range->first);
	struct dmk_range **at;

	for (at = &leaf->cell[cell]; *at != range; at = &(*at)->left)
		;
	*at = range->left;
	if (!leaf->cell[cell])
		leaf->used &= ~(1ULL << cell);
	if (dmk_goes_on(range) && !any_goes_on(leaf->cell[cell]))
		leaf->runs &= ~(2ULL << cell);
}

void dmk_ranges_remove(struct dmk_ranges *ranges, struct dmk_range *range)
{
	if (is_in_leaf(range))
		dmk_leaf_remove(dmk_leaf_find(ranges, dmk_leaf_number(range->first)), range);
	else
		dmk_tree_remove(&ranges->root, range);
}

/* --- what touches ----------------------------------------------------------------------------- */

static struct dmk_range *lower(struct dmk_range *a, struct dmk_range *b)
{
	if (!a || !b)
		return a ? a : b;
	return dmk_range_before(a, b) ? a : b;
}

static struct dmk_range *higher(struct dmk_range *a, struct dmk_range *b)
{
	if (!a || !b)
		return a ? a : b;
	return dmk_range_before(a, b) ? b : a;
}

static struct dmk_range *lowest_in_cell(struct dmk_range *range, uint64_t first, uint64_t last,
					const struct dmk_range *after)
{
	struct dmk_range *lowest = NULL;

	for (; range; range = range->left)
		if (range->first <= last && range->last >= first &&
		    (!after || dmk_range_before(after, range)))
			lowest = lower(lowest, range);
	return lowest;
}

/* What begins in a lower cell is lower: the first cell that has one has the lowest. */
static struct dmk_range *lowest_in_leaf(const struct dmk_leaf *leaf, uint64_t first, uint64_t last,
					const struct dmk_range *after)
{
	unsigned int from = dmk_leaf_number(first) < leaf->number ? 0 : dmk_cell(first);
	const unsigned int to = dmk_leaf_number(last) > leaf->number ? DMK_CELLS - 1
								     : dmk_cell(last);
	struct dmk_range *lowest;
	uint64_t left;

	from -= leaf->runs >> from & 1;
	if (after && dmk_leaf_number(after->first) == leaf->number && dmk_cell(after->first) > from)
		from = dmk_cell(after->first);
	if (from > to)
		return NULL;
	for (left = leaf->used & dmk_cells(from, to); left; left &= left - 1) {
		lowest = lowest_in_cell(leaf->cell[__builtin_ctzll(left)], first, last, after);
		if (lowest)
			return lowest;
	}
	return NULL;
}

/* Over more leaves than there are: each of them is asked, not each that could be. */
static struct dmk_range *lowest_of_all(const struct dmk_ranges *ranges, uint64_t first,
				       uint64_t last, const struct dmk_range *after)
{
	struct dmk_range *lowest = NULL;

	for (size_t i = 0; i < ranges->slots; i++) {
		const struct dmk_leaf *leaf = ranges->slot[i];

		if (leaf && leaf->number >= dmk_leaf_number(first) &&
		    leaf->number <= dmk_leaf_number(last))
			lowest = lower(lowest, lowest_in_leaf(leaf, first, last, after));
	}
	return lowest;
}

static struct dmk_range *lowest_small(const struct dmk_ranges *ranges, uint64_t first,
				      uint64_t last, const struct dmk_range *after)
{
	const uint64_t from = after && after->first > first ? after->first : first;
	struct dmk_range *lowest = NULL;
	uint64_t number = dmk_leaf_number(from);

	if (from > last)
		return NULL;
	if (dmk_leaf_number(last) - number >= ranges->leaves + 1)
		return lowest_of_all(ranges, first, last, after);
	for (; !lowest && number <= dmk_leaf_number(last); number++) {
		const struct dmk_leaf *leaf = dmk_leaf_find(ranges, number);

		if (leaf)
			lowest = lowest_in_leaf(leaf, first, last, after);
	}
	return lowest;
}

struct dmk_range *dmk_ranges_touching(const struct dmk_ranges *ranges, uint64_t first,
				      uint64_t last, const struct dmk_range *after)
{
	struct dmk_range *small = lowest_small(ranges, first, last, after);

	return ranges->root ? lower(small, dmk_tree_touching(ranges->root, first, last, after))
			    : small;
}

struct dmk_range *dmk_ranges_at(const struct dmk_ranges *ranges, uint64_t first,
				const struct dmk_range *after)
{
	const struct dmk_leaf *leaf = after ? NULL : dmk_leaf_find(ranges, dmk_leaf_number(first));
	struct dmk_range *range = NULL;

	if (leaf)
		range = dmk_chain_at(leaf->cell[dmk_cell(first)], first);
	else if (after && is_in_leaf(after))
		range = dmk_chain_at(after->left, first);
	if (range)
		return range;
	/* What begins at an address comes, in the tree's order, after what begins before it. */
	range = after && !is_in_leaf(after) ? (struct dmk_range *)after : NULL;
	do
		range = dmk_tree_touching(ranges->root, first, first, range);
	while (range && range->first != first);
	return range;
}

/* --- neighbours ------------------------------------------------------------------------------- */

static struct dmk_range *below_in_leaf(const struct dmk_leaf *leaf, uint64_t address)
{
	const unsigned int to = dmk_leaf_number(address) > leaf->number ? DMK_CELLS - 1
									: dmk_cell(address);
	struct dmk_range *best = NULL;
	uint64_t left;
	unsigned int at;

	for (left = leaf->used & dmk_cells(0, to); left && !best; left &= ~(1ULL << at)) {
		at = DMK_CELLS - 1 - __builtin_clzll(left);
		for (struct dmk_range *range = leaf->cell[at]; range; range = range->left)
			if (range->first <= address)
				best = higher(best, range);
	}
	return best;
}

struct dmk_range *dmk_ranges_below(const struct dmk_ranges *ranges, uint64_t address)
{
	struct dmk_range *best = dmk_tree_below(ranges->root, address);

	for (size_t i = 0; i < ranges->slots; i++) {
		const struct dmk_leaf *leaf = ranges->slot[i];

		if (leaf && leaf->number <= dmk_leaf_number(address) &&
		    (!best || leaf->number >= dmk_leaf_number(best->first)))
			best = higher(best, below_in_leaf(leaf, address));
	}
	return best;
}

static struct dmk_range *above_in_leaf(const struct dmk_leaf *leaf, uint64_t address)
{
	const unsigned int from = dmk_leaf_number(address) < leaf->number ? 0 : dmk_cell(address);
	struct dmk_range *best = NULL;

	for (uint64_t left = leaf->used & dmk_cells(from, DMK_CELLS - 1); left && !best;
	     left &= left - 1)
		for (struct dmk_range *range = leaf->cell[__builtin_ctzll(left)]; range;
		     range = range->left)
			if (range->first > address)
				best = lower(best, range);
	return best;
}

struct dmk_range *dmk_ranges_above(const struct dmk_ranges *ranges, uint64_t address)
{
	struct dmk_range *best = dmk_tree_above(ranges->root, address);

	for (size_t i = 0; i < ranges->slots; i++) {
		const struct dmk_leaf *leaf = ranges->slot[i];

		if (leaf && leaf->number >= dmk_leaf_number(address) &&
		    (!best || leaf->number <= dmk_leaf_number(best->first)))
			best = lower(best, above_in_leaf(leaf, address));
	}
	return best;
}

/* --- all of them ------------------------------------------------------------------------------ */

static void each_in_tree(struct dmk_range *root, void (*visit)(void *ctx, struct dmk_range *range),
			 void *ctx)
{
	if (!root)
		return;
	each_in_tree(root->left, visit, ctx);
	visit(ctx, root);
	each_in_tree(root->right, visit, ctx);
}

static void each_in_leaf(const struct dmk_leaf *leaf,
			 void (*visit)(void *ctx, struct dmk_range *range), void *ctx)
{
	for (uint64_t left = leaf->used; left; left &= left - 1)
		for (struct dmk_range *range = leaf->cell[__builtin_ctzll(left)]; range;
		     range = range->left)
			visit(ctx, range);
}

void dmk_ranges_each(const struct dmk_ranges *ranges,
		     void (*visit)(void *ctx, struct dmk_range *range), void *ctx)
{
	each_in_tree(ranges->root, visit, ctx);
	for (size_t i = 0; i < ranges->slots; i++)
		if (ranges->slot[i])
			each_in_leaf(ranges->slot[i], visit, ctx);
}

struct dmk_range *dmk_ranges_any(const struct dmk_ranges *ranges)
{
	for (size_t i = 0; i < ranges->slots; i++) {
		const struct dmk_leaf *leaf = ranges->slot[i];

		if (leaf && leaf->used)
			return leaf->cell[__builtin_ctzll(leaf->used)];
	}
	return ranges->root;
}
