/* SPDX-License-Identifier: MIT */
/*
 * A set of numbers from 0 to n - 1 that answers "which is the next one from here" in a few steps,
 * however sparse: a bitmap, and above it bitmaps of which of its words are not 0. The page
 * allocator keeps the free runs of each order in one, so that it finds the lowest in a range of
 * addresses without walking a list.
 *
 * No lock of its own.
 */
#ifndef DMK_KERNEL_RUNSET_H
#define DMK_KERNEL_RUNSET_H

#include <stdbool.h>
#include <stdint.h>

enum { DMK_RUNSET_LEVELS = 8 };
#define DMK_RUNSET_NONE (~0UL)

struct dmk_runset {
	uint64_t *level[DMK_RUNSET_LEVELS];
	unsigned long n[DMK_RUNSET_LEVELS]; /* bits of each level */
	unsigned int levels;
};

/**
 * How many zeroed words a set of @n numbers needs; dmk_runset_place - make one of them. Its words
 * stay the caller's.
 */
unsigned long dmk_runset_words(unsigned long n);
void dmk_runset_place(struct dmk_runset *set, unsigned long n, uint64_t *words);
void dmk_runset_add(struct dmk_runset *set, unsigned long number);
void dmk_runset_remove(struct dmk_runset *set, unsigned long number);
bool dmk_runset_has(const struct dmk_runset *set, unsigned long number);
/**
 * The smallest number in the set that is @from or more, or DMK_RUNSET_NONE. @from may be anything.
 */
unsigned long dmk_runset_next(const struct dmk_runset *set, unsigned long from);

#endif
