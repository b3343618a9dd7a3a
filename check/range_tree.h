/* SPDX-License-Identifier: MIT */
/* The treap in ranges.h: for ranges.c alone. Of a range's fields it has .left .right .max_last. */
#ifndef CHECK_RANGE_TREE_H
#define CHECK_RANGE_TREE_H

#include "ranges.h"

/** dmk_range_before - the order: by first address, by last, and then by that of the node */
static inline bool dmk_range_before(const struct dmk_range *a, const struct dmk_range *b)
{
	if (a->first != b->first)
		return a->first < b->first;
	if (a->last != b->last)
		return a->last < b->last;
	return (uintptr_t)a < (uintptr_t)b;
}

void dmk_tree_insert(struct dmk_range **root, struct dmk_range *range);
void dmk_tree_remove(struct dmk_range **root, struct dmk_range *range);
struct dmk_range *dmk_tree_touching(struct dmk_range *root, uint64_t first, uint64_t last,
				    const struct dmk_range *after);
struct dmk_range *dmk_tree_below(struct dmk_range *root, uint64_t address);
struct dmk_range *dmk_tree_above(struct dmk_range *root, uint64_t address);

#endif
