/* SPDX-License-Identifier: MIT */
/*
 * Buffers that were lent before: the same memory, lent by the same line to the same device, in the
 * same direction, and not given back in between. So that a slab that hands out one address again
 * and again is not taken for one buffer.
 */
#include "advice.h"

enum { KNOWN_MOST = 16384 };

static void forget(struct dmk_advisor *advisor, struct dmk_known *known)
{
	*(known->older ? &known->older->newer : &advisor->known_oldest) = known->newer;
	*(known->newer ? &known->newer->older : &advisor->known_newest) = known->older;
	dmk_ranges_remove(&advisor->known, &known->memory);
	dmk_pile_put(&advisor->known_pile, known);
	advisor->nr_known--;
}

static bool is_same(const struct dmk_known *known, const struct dmk_lent *lent, uint64_t phys)
{
	return known->memory.first == phys && known->size == lent->size &&
	       known->call == lent->call && known->device == lent->device &&
	       known->dir == lent->dir;
}

static void keep(struct dmk_advisor *advisor, const struct dmk_lent *lent, uint64_t phys,
		 uint64_t size)
{
	struct dmk_known *known;

	if (advisor->nr_known == KNOWN_MOST)
		forget(advisor, advisor->known_oldest);
	known = dmk_pile_get(&advisor->known_pile);
	if (!known)
		return;
	known->call = lent->call;
	known->device = lent->device;
	known->size = lent->size;
	known->dir = lent->dir;
	dmk_range_set(&known->memory, phys, size);
	dmk_ranges_insert(&advisor->known, &known->memory);
	known->older = advisor->known_newest;
	*(known->older ? &known->older->newer : &advisor->known_oldest) = known;
	advisor->known_newest = known;
	advisor->nr_known++;
}

bool dmk_known_before(struct dmk_advisor *advisor, const struct dmk_lent *lent, uint64_t phys,
		      uint64_t size)
{
	struct dmk_range *range = NULL;

	while ((range = dmk_ranges_at(&advisor->known, phys, range)))
		if (is_same(DMK_AROUND(range, struct dmk_known, memory), lent, phys))
			return true;
	keep(advisor, lent, phys, size);
	return false;
}

void dmk_known_freed(struct dmk_advisor *advisor, uint64_t phys, uint64_t size)
{
	struct dmk_range freed, *range;

	dmk_range_set(&freed, phys, size);
	while ((range = dmk_ranges_touching(&advisor->known, freed.first, freed.last, NULL)))
		forget(advisor, DMK_AROUND(range, struct dmk_known, memory));
}
