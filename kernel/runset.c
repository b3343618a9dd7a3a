/* SPDX-License-Identifier: MIT */
/*
 * Bitmaps above bitmaps: see runset.h.
 */
#include "runset.h"

static unsigned long words_of(unsigned long n)
{
	return n / 64 + !!(n % 64);
}

unsigned long dmk_runset_words(unsigned long n)
{
	unsigned long all = 0;

	while (n > 1) {
		n = words_of(n);
		all += n;
	}
	return all ? all : 1;
}

void dmk_runset_place(struct dmk_runset *set, unsigned long n, uint64_t *words)
{
	set->levels = 0;
	do {
		set->n[set->levels] = n;
		set->level[set->levels++] = words;
		n = words_of(n);
		words += n;
	} while (n > 1);
}

void dmk_runset_add(struct dmk_runset *set, unsigned long number)
{
	unsigned int level;

	for (level = 0; level < set->levels; level++, number /= 64) {
		uint64_t *word = &set->level[level][number / 64], before = *word;

		*word |= 1ULL << number % 64;
		if (before)
			return;
	}
}

void dmk_runset_remove(struct dmk_runset *set, unsigned long number)
{
	unsigned int level;

	for (level = 0; level < set->levels; level++, number /= 64) {
		uint64_t *word = &set->level[level][number / 64];

		*word &= ~(1ULL << number % 64);
		if (*word)
			return;
	}
}

bool dmk_runset_has(const struct dmk_runset *set, unsigned long number)
{
	return number < set->n[0] && set->level[0][number / 64] >> number % 64 & 1;
}

/* Up until a word has something at or behind the place, then down to the first in it. */
unsigned long dmk_runset_next(const struct dmk_runset *set, unsigned long from)
{
	unsigned int level;
	uint64_t rest;

	for (level = 0; level < set->levels && from < set->n[level]; level++) {
		rest = set->level[level][from / 64] & ~0ULL << from % 64;
		if (!rest) {
			from = from / 64 + 1;
			continue;
		}
		from = from / 64 * 64 + __builtin_ctzll(rest);
		while (level--)
			from = from * 64 + __builtin_ctzll(set->level[level][from]);
		return from;
	}
	return DMK_RUNSET_NONE;
}
