/* SPDX-License-Identifier: MIT */
/*
 * Intervals of addresses that may overlap, to be asked which of them hold an address: a treap that
 * knows the greatest end below each node. Not for several threads at once.
 */
#ifndef TOOLS_RUN_INTERVALS_H
#define TOOLS_RUN_INTERVALS_H

#include <stdbool.h>
#include <stdint.h>

/** Part of who owns it; the fields are this file's until dmk_intervals_remove(). */
struct dmk_interval {
	struct dmk_interval *left, *right;
	uint64_t first, last; /* addresses, both in it */
	uint64_t serial; /* the greater, the newer; of equal beginnings the older comes first */
	uint64_t max;    /* the greatest .last from here downwards */
	uint32_t weight;
	void *owner;
};

/** dmk_intervals_add - @node: .first, .last, .serial (nobody else's) and .owner are filled. */
void dmk_intervals_add(struct dmk_interval **root, struct dmk_interval *node);
void dmk_intervals_remove(struct dmk_interval **root, struct dmk_interval *node);

/**
 * dmk_intervals_find - the newest interval that holds @address and that @wanted agrees to
 * @wanted: NULL: all are wanted
 * Return: NULL: none.
 */
struct dmk_interval *dmk_intervals_find(struct dmk_interval *root, uint64_t address,
					bool (*wanted)(const void *owner, const void *ctx),
					const void *ctx);

/** dmk_intervals_inside - some interval that lies wholly in [@first, @last]; NULL: none. */
struct dmk_interval *dmk_intervals_inside(struct dmk_interval *root, uint64_t first, uint64_t last,
					  bool (*wanted)(const void *owner, const void *ctx),
					  const void *ctx);

#endif
