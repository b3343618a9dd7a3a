/* SPDX-License-Identifier: MIT */
/*
 * What was given back waits in a ring. A take looks through it from the oldest on, or from anywhere
 * when chance decides: linear, which is the price of choosing.
 */
#include "iova_held.h"

enum { FIRST_ROOM = 256 };

static struct dmk_iova_range *at(const struct dmk_iova_held *held, uint64_t i)
{
	return &held->range[(held->begin + i) & (held->room - 1)];
}

static bool make_room(struct dmk_iova_held *held)
{
	struct dmk_iova_range *range;
	const uint64_t room = held->room ? held->room * 2 : FIRST_ROOM;

	if (held->nr < held->room)
		return true;
	range = dmk_meta_alloc(room * sizeof(*range), false);
	if (!range)
		return false;
	for (uint64_t i = 0; i < held->nr; i++)
		range[i] = *at(held, i);
	dmk_meta_free(held->range, held->room * sizeof(*range));
	held->range = range;
	held->begin = 0;
	held->room = room;
	return true;
}

bool dmk_iova_held_give(struct dmk_iova_held *held, uint64_t first, uint64_t n)
{
	if (held->reuse == DMK_IOVA_NEWEST || !make_room(held))
		return false;
	*at(held, held->nr++) = (struct dmk_iova_range){first, n};
	return true;
}

/* Those before it move up. */
static void remove(struct dmk_iova_held *held, uint64_t i)
{
	for (; i; i--)
		*at(held, i) = *at(held, i - 1);
	held->begin++;
	held->nr--;
}

/* Knuth's 64-bit linear congruential generator; its upper half is good enough to choose by. */
static uint64_t draw(struct dmk_iova_held *held, uint64_t limit)
{
	held->random = held->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (held->random >> 33) % limit;
}

static bool fits(const struct dmk_iova_range *range, const struct dmk_free_wish *wish)
{
	return range->n == wish->n && !(range->first & (wish->align - 1)) &&
	       range->first + (range->n - 1) <= wish->limit;
}

bool dmk_iova_held_take(struct dmk_iova_held *held, const struct dmk_free_wish *wish,
			uint64_t *first)
{
	uint64_t start = 0;

	if (!held->nr || held->reuse == DMK_IOVA_LAST)
		return false;
	if (held->reuse == DMK_IOVA_RANDOM) {
		start = draw(held, held->nr + 1);
		if (start == held->nr)
			return false;
	}
	for (uint64_t step = 0; step < held->nr; step++) {
		const uint64_t i = (start + step) % held->nr;

		if (!fits(at(held, i), wish))
			continue;
		*first = at(held, i)->first;
		remove(held, i);
		return true;
	}
	return false;
}

bool dmk_iova_held_any(struct dmk_iova_held *held, struct dmk_iova_range *range)
{
	if (!held->nr)
		return false;
	*range = *at(held, 0);
	remove(held, 0);
	return true;
}

void dmk_iova_held_end(struct dmk_iova_held *held)
{
	dmk_meta_free(held->range, held->room * sizeof(*held->range));
	held->range = NULL;
	held->begin = held->nr = held->room = 0;
}
