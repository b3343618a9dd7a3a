/* SPDX-License-Identifier: MIT */
/*
 * Memory that was given back and not yet given out again: the ground of MEM-05. Only what was freed is known here, not what is
 * allocated: memory that nobody ever announced is nobody's mistake.
 *
 * The oldest are forgotten when there are DMK_FREED_KEPT of them: a mapping of memory freed that long ago is then not seen.
 */
#include "shadow.h"

static void unlist(struct dmk_shadow *shadow, struct dmk_freed *freed)
{
	if (freed->newer)
		freed->newer->older = freed->older;
	else
		shadow->newest_freed = freed->older;
	if (freed->older)
		freed->older->newer = freed->newer;
	else
		shadow->oldest_freed = freed->newer;
	shadow->nr_freed--;
}

static void list(struct dmk_shadow *shadow, struct dmk_freed *freed)
{
	freed->newer = NULL;
	freed->older = shadow->newest_freed;
	if (freed->older)
		freed->older->newer = freed;
	else
		shadow->oldest_freed = freed;
	shadow->newest_freed = freed;
	shadow->nr_freed++;
}

static void drop(struct dmk_shadow *shadow, struct dmk_freed *freed)
{
	unlist(shadow, freed);
	dmk_ranges_remove(&shadow->freed, &freed->range);
	dmk_pile_put(&shadow->freed_pile, freed);
}

static struct dmk_freed *add(struct dmk_shadow *shadow, uint64_t first, uint64_t last)
{
	struct dmk_freed *freed = dmk_pile_get(&shadow->freed_pile);

	if (!freed)
		return NULL;
	freed->range.first = first;
	freed->range.last = last;
	dmk_ranges_insert(&shadow->freed, &freed->range);
	list(shadow, freed);
	if (shadow->nr_freed > DMK_FREED_KEPT)
		drop(shadow, shadow->oldest_freed);
	return freed;
}

static struct dmk_freed *touching(const struct dmk_shadow *shadow, const struct dmk_range *range)
{
	struct dmk_range *found = dmk_ranges_touching(&shadow->freed, range->first, range->last,
						      NULL);

	return found ? DMK_AROUND(found, struct dmk_freed, range) : NULL;
}

/* What is left of @old on one side of what was taken out of it. */
static void keep_rest(struct dmk_shadow *shadow, const struct dmk_freed *old, uint64_t first,
		      uint64_t last)
{
	struct dmk_freed *rest = add(shadow, first, last);

	if (!rest)
		return;
	rest->freed = old->freed;
	dmk_text_copy(rest->name, sizeof(rest->name), old->name);
}

void dmk_memory_taken(struct dmk_shadow *shadow, uint64_t phys, uint64_t size)
{
	struct dmk_range taken;
	struct dmk_freed *freed, old;

	dmk_range_set(&taken, phys, size);
	while ((freed = touching(shadow, &taken))) {
		old = *freed;
		drop(shadow, freed);
		if (old.range.first < taken.first)
			keep_rest(shadow, &old, old.range.first, taken.first - 1);
		if (old.range.last > taken.last)
			keep_rest(shadow, &old, taken.last + 1, old.range.last);
	}
}

void dmk_memory_freed(struct dmk_shadow *shadow, uint64_t phys, uint64_t size,
		      const struct dmk_trace *where, const char *name)
{
	struct dmk_range range;
	struct dmk_freed *freed;

	dmk_memory_taken(shadow, phys, size);
	dmk_range_set(&range, phys, size);
	freed = add(shadow, range.first, range.last);
	if (!freed)
		return;
	freed->freed = where;
	dmk_text_copy(freed->name, sizeof(freed->name), name);
}

struct dmk_freed *dmk_memory_is_freed(const struct dmk_shadow *shadow, uint64_t phys, uint64_t size)
{
	struct dmk_range range;

	dmk_range_set(&range, phys, size);
	return touching(shadow, &range);
}
