/* SPDX-License-Identifier: MIT */
/*
 * Free runs of numbers by address: the highest place for any size, alignment and limit in
 * logarithmic time. Knows no bytes, no lock and no cache; numbers are granules, below 2^63.
 *
 * Giving a range back must not fail, and may need a node: so each range that is out has one laid
 * by.
 */
#ifndef DMK_CORE_FREE_TREE_H
#define DMK_CORE_FREE_TREE_H

#include "core.h"

/** A free run. */
struct dmk_free_run {
	struct dmk_free_run *left, *right;
	uint64_t first, last;
	uint32_t weight; /* a heap by it: random, so that the tree is balanced */
	/*
	 * Orders of the largest blocks, each at a multiple of its size, in this run; and in any run
	 * here and below.
	 */
	uint8_t block, most;
};

/** All zero but @random is an empty one. */
struct dmk_free_tree {
	struct dmk_free_run *root;
	struct dmk_free_run *spare; /* by left */
	uint64_t nr_spare, nr_runs;
	uint64_t out; /* ranges that were taken, by what they are given back as */
	uint32_t random;
};

/** What is looked for. */
struct dmk_free_wish {
	uint64_t n;     /* how many, at a multiple of @align and at or below @limit */
	uint64_t align; /* a power of two, not below @n */
	uint64_t limit;
	unsigned int order; /* of the largest power of two that is not above @n */
};

/**
 * dmk_free_tree_ready - nodes, so that @more ranges can be taken and all given back; false: no
 * memory. Never sleeps unless it may.
 */
bool dmk_free_tree_ready(struct dmk_free_tree *tree, uint64_t more, bool may_sleep);
/**
 * dmk_free_tree_take - the highest place, as @pieces ranges to be given back each for itself;
 * false: there is none. After ready().
 */
bool dmk_free_tree_take(struct dmk_free_tree *tree, const struct dmk_free_wish *wish,
			uint64_t pieces, uint64_t *first);
/** dmk_free_tree_give - one of them back */
void dmk_free_tree_give(struct dmk_free_tree *tree, uint64_t first, uint64_t last);
/** dmk_free_tree_add - numbers that were never taken; after ready(). */
void dmk_free_tree_add(struct dmk_free_tree *tree, uint64_t first, uint64_t last);
/** dmk_free_tree_reserve - what is free of it never will be again; -ENOMEM: only some of it. */
int dmk_free_tree_reserve(struct dmk_free_tree *tree, uint64_t first, uint64_t last);
/** dmk_free_tree_total - how many numbers are free */
uint64_t dmk_free_tree_total(const struct dmk_free_tree *tree);
/** dmk_free_tree_has_any - whether any of them is free */
bool dmk_free_tree_has_any(const struct dmk_free_tree *tree, uint64_t first, uint64_t last);
/** dmk_free_tree_trim - nodes that are many too many go back to the system, a few at a time */
void dmk_free_tree_trim(struct dmk_free_tree *tree);
void dmk_free_tree_end(struct dmk_free_tree *tree);
/** dmk_free_tree_wrong - NULL, or what of the above does not hold */
const char *dmk_free_tree_wrong(const struct dmk_free_tree *tree);

#endif
