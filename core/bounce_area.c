/* SPDX-License-Identifier: MIT */
/*
 * Slots of a pool, taken and given back. A CPU or thread begins at an area of its own, so that
 * threads meet at a lock only when one of the areas is full.
 *
 * What is free in a segment is 128 bits, and a place for a run comes out of a few shifts of them,
 * however many mappings there are. What a search in vain has learnt is kept as an upper bound, for
 * the segment and for the area, until a slot comes back; so a full area answers with one
 * comparison, without its lock.
 *
 * A run's record:
 *
 *	NONE --take--> HELD --end--> LEAVING --(bytes are out) give--> NONE
 *	                    --end, nothing to copy-------------------> NONE
 *
 * LEAVING keeps a second unmap of the same address from copying, and from freeing what the next
 * owner holds.
 *
 * Not here: whose pool, and the bytes (bounce.c); where a pool's memory is from (bounce_memory.c).
 */
#include "bits.h"
#include "bounce_slots.h"

/*
 * A search in one pool: the same offset and the same places in every segment, because segments are
 * a multiple of @keep.
 */
struct search {
	const struct dmk_wanted *wanted;
	size_t count;           /* slots */
	size_t offset;          /* of the first byte, in the first slot or granule */
	struct dmk_bits starts; /* of a segment: where a run may begin, by its address */
	unsigned int parities;  /* bit 0: it may begin at an even slot, bit 1: at an odd one */
	bool exact;             /* these two bits say it all */
	bool crossed;           /* a place was passed over because it crosses the boundary */
};

/* --- where a run can lie ---------------------------------------------------------------------- */

/*
 * A run may begin at each slot of which the bits of @keep are right: one in @stride of them. One of
 * whole granules begins where a granule does, wherever in it the buffer's first byte is.
 */
static bool search_make(const struct dmk_wanted *wanted, struct search *search)
{
	const uint64_t from = wanted->granule ? 0 : wanted->phys;
	const uint64_t ahead = (from - wanted->bus) & wanted->keep;
	const uint64_t stride = (wanted->keep >> DMK_SLOT_SHIFT) + 1;
	const unsigned int phase = (unsigned int)(ahead >> DMK_SLOT_SHIFT);

	if (stride > DMK_SEGMENT_SLOTS)
		return false;
	*search = (struct search){
		.wanted = wanted,
		.offset = ahead & (DMK_SLOT_SIZE - 1),
		.starts = dmk_bits_every((unsigned int)stride, phase),
		.parities = stride == 1 ? 3 : 1U << (phase & 1),
		.exact = stride <= 2,
	};
	if (wanted->granule)
		search->offset = wanted->phys & wanted->keep;
	search->count = (size_t)dmk_align_up(search->offset + wanted->size,
					     wanted->granule ? wanted->granule : DMK_SLOT_SIZE) >>
			DMK_SLOT_SHIFT;
	return search->count <= DMK_SEGMENT_SLOTS;
}

/* The bits of a segment at which a run that the device reaches may begin. */
static struct dmk_bits reached_starts(const struct search *search, size_t segment)
{
	const struct dmk_range slots = search->wanted->slots;
	const uint64_t first = (uint64_t)segment * DMK_SEGMENT_SLOTS;
	struct dmk_range part;

	if (slots.last + 1 < slots.first + search->count ||
	    !dmk_range_common((struct dmk_range){first, first + (DMK_SEGMENT_SLOTS - 1)},
			      (struct dmk_range){slots.first, slots.last + 1 - search->count},
			      &part))
		return (struct dmk_bits){0, 0};
	return dmk_bits_run((unsigned int)(part.first - first),
			    (unsigned int)dmk_range_bytes(part));
}

static bool crosses(const struct search *search, size_t slot)
{
	const struct dmk_wanted *wanted = search->wanted;
	const uint64_t first = wanted->bus + ((uint64_t)slot << DMK_SLOT_SHIFT) + search->offset;

	return (first ^ (first + (wanted->size - 1))) & ~wanted->boundary;
}

/* No run of @count begins at an even, at an odd slot of those: remember. */
static void learn(struct dmk_slot_pool *pool, size_t segment, struct dmk_bits runs, size_t count)
{
	const uint64_t even = 0x5555555555555555ULL, any = runs.low | runs.high;

	if (!(any & even) && pool->longest[0][segment] >= count)
		pool->longest[0][segment] = (uint8_t)(count - 1);
	if (!(any & ~even) && pool->longest[1][segment] >= count)
		pool->longest[1][segment] = (uint8_t)(count - 1);
}

static bool segment_may_fit(const struct dmk_slot_pool *pool, size_t segment,
			    const struct search *search)
{
	return (search->parities & 1 && pool->longest[0][segment] >= search->count) ||
	       (search->parities & 2 && pool->longest[1][segment] >= search->count);
}

static bool find_in_segment(struct dmk_slot_pool *pool, size_t segment, struct search *search,
			    struct dmk_slots *place)
{
	struct dmk_bits runs, starts;

	if (!segment_may_fit(pool, segment, search))
		return false;
	runs = dmk_bits_runs(pool->free[segment], (unsigned int)search->count);
	starts = dmk_bits_and(runs, search->starts);
	if (!search->wanted->all_slots)
		starts = dmk_bits_and(starts, reached_starts(search, segment));
	while (dmk_bits_any(starts)) {
		const unsigned int bit = dmk_bits_lowest(starts);
		const size_t slot = segment * DMK_SEGMENT_SLOTS + bit;

		if (!crosses(search, slot)) {
			*place = (struct dmk_slots){slot, search->count};
			return true;
		}
		search->crossed = true;
		starts = dmk_bits_without(starts, dmk_bits_run(bit, 1));
	}
	learn(pool, segment, runs, search->count);
	return false;
}

/* Where slots were given back last comes first: they may still be in a cache. */
static bool find_in_area(struct dmk_slot_pool *pool, const struct dmk_area *area,
			 struct search *search, struct dmk_slots *place)
{
	if (find_in_segment(pool, area->hot, search, place))
		return true;
	for (size_t segment = area->first; segment < area->end; segment++) {
		if (find_in_segment(pool, segment, search, place))
			return true;
	}
	return false;
}

/* --- an area ---------------------------------------------------------------------------------- */

/*
 * Relaxed: a thread sees what came back before its call by whatever told it so; other news may be
 * late.
 */
static bool area_may_fit(const struct dmk_area *area, const struct search *search)
{
	for (unsigned int parity = 0; parity < 2; parity++) {
		if (search->parities & (1U << parity) &&
		    __atomic_load_n(&area->longest[parity], __ATOMIC_RELAXED) >= search->count)
			return true;
	}
	return false;
}

static void area_learn(struct dmk_area *area, const struct search *search)
{
	if (!search->exact || !search->wanted->all_slots || search->crossed)
		return;
	for (unsigned int parity = 0; parity < 2; parity++) {
		if (search->parities & (1U << parity) && area->longest[parity] >= search->count)
			__atomic_store_n(&area->longest[parity], (unsigned int)search->count - 1,
					 __ATOMIC_RELAXED);
	}
}

size_t dmk_slots_used(const struct dmk_slot_pool *pool, size_t *high_water)
{
	size_t used = 0;

	*high_water = 0;
	for (size_t i = 0; i < pool->nr_areas; i++) {
		used += __atomic_load_n(&pool->areas[i].used, __ATOMIC_RELAXED);
		*high_water += __atomic_load_n(&pool->areas[i].high_water, __ATOMIC_RELAXED);
	}
	return used;
}

/* --- mappings --------------------------------------------------------------------------------- */

static bool take_in_area(struct dmk_slot_pool *pool, struct dmk_area *area, struct dmk_dev *dev,
			 struct search *search, enum dmk_direction dir, struct dmk_slots *place)
{
	unsigned long flags;
	bool found;

	if (!area_may_fit(area, search))
		return false;
	flags = dmk_lock_take(&area->lock);
	found = find_in_area(pool, area, search, place);
	if (found) {
		dmk_place_take(pool, area, place);
		dmk_run_begin(pool, dev,
			      &(struct dmk_run){.phys = DMK_PHYS(search->wanted->phys),
						.size = (uint32_t)search->wanted->size,
						.offset = (uint16_t)search->offset},
			      place, dir);
	} else {
		area_learn(area, search);
	}
	dmk_lock_drop(&area->lock, flags);
	return found;
}

bool dmk_slots_take(struct dmk_slot_pool *pool, struct dmk_dev *dev,
		    const struct dmk_wanted *wanted, enum dmk_direction dir, dmk_phys *first)
{
	struct search search;
	struct dmk_slots place;
	size_t area;

	if (!search_make(wanted, &search))
		return false;
	area = dmk_own_area(pool);
	for (size_t i = 0; i < pool->nr_areas; i++) {
		if (take_in_area(pool, &pool->areas[area], dev, &search, dir, &place)) {
			*first = DMK_PHYS(pool->memory.first +
					  ((uint64_t)place.slot << DMK_SLOT_SHIFT) + search.offset);
			return true;
		}
		area = area + 1 < pool->nr_areas ? area + 1 : 0;
	}
	return false;
}

static uint64_t run_first(const struct dmk_slot_pool *pool, const struct dmk_run *run)
{
	return pool->memory.first + ((uint64_t)(run - pool->runs) << DMK_SLOT_SHIFT) + run->offset;
}

/*
 * The run that a slot is in, if the device holds it. What a slot says of the way back may be old;
 * but a run that reaches as far as to this slot is the one that it is in, because no two have a
 * slot in common.
 */
static struct dmk_run *run_at(const struct dmk_slot_pool *pool, const struct dmk_dev *dev,
			      size_t slot)
{
	const size_t back = pool->back[slot];
	struct dmk_run *run = &pool->runs[slot - back];

	return run->state == DMK_RUN_HELD && run->dev == dev && back < run->count ? run : NULL;
}

static size_t slot_at(const struct dmk_slot_pool *pool, uint64_t phys)
{
	return (size_t)((phys - pool->memory.first) >> DMK_SLOT_SHIFT);
}

struct dmk_run *dmk_slots_end_granules(struct dmk_slot_pool *pool, const struct dmk_dev *dev,
				       dmk_phys first, bool copy)
{
	const size_t slot = slot_at(pool, first.v);
	struct dmk_area *area = dmk_area_of(pool, slot);
	struct dmk_run *run = &pool->runs[slot], *leaving = NULL;
	unsigned long flags = dmk_lock_take(&area->lock);

	if (run->state == DMK_RUN_HELD && run->dev == dev && copy && run->dir != DMK_TO_DEVICE) {
		run->state = DMK_RUN_LEAVING;
		leaving = run;
	} else if (run->state == DMK_RUN_HELD && run->dev == dev) {
		dmk_run_end(pool, area, slot);
	}
	dmk_lock_drop(&area->lock, flags);
	return leaving;
}

void dmk_slots_give(struct dmk_slot_pool *pool, struct dmk_run *run)
{
	const size_t slot = (size_t)(run - pool->runs);
	struct dmk_area *area = dmk_area_of(pool, slot);
	unsigned long flags = dmk_lock_take(&area->lock);

	dmk_run_end(pool, area, slot);
	dmk_lock_drop(&area->lock, flags);
}

bool dmk_slots_part(struct dmk_slot_pool *pool, const struct dmk_dev *dev, struct dmk_range *slots,
		    dmk_phys *phys)
{
	const size_t slot = slot_at(pool, slots->first);
	struct dmk_area *area = dmk_area_of(pool, slot);
	unsigned long flags = dmk_lock_take(&area->lock);
	const struct dmk_run *run = run_at(pool, dev, slot);
	struct dmk_range mapping;
	bool found = run && dmk_range_make(run_first(pool, run), run->size, &mapping) &&
		     dmk_range_common(mapping, *slots, slots);

	if (found)
		*phys = DMK_PHYS(run->phys.v + (slots->first - mapping.first));
	dmk_lock_drop(&area->lock, flags);
	return found;
}

/* --- pages ------------------------------------------------------------------------------------ */

/* What of @place lies in the segment that its first slot is in. */
static struct dmk_slots piece_of(const struct dmk_slots *place)
{
	const size_t left = DMK_SEGMENT_SLOTS - place->slot % DMK_SEGMENT_SLOTS;

	return (struct dmk_slots){place->slot, place->count < left ? place->count : left};
}

static bool all_free(const struct dmk_slot_pool *pool, struct dmk_slots place)
{
	while (place.count) {
		const struct dmk_slots piece = piece_of(&place);
		const struct dmk_bits bits = dmk_bits_run(piece.slot % DMK_SEGMENT_SLOTS,
							  (unsigned int)piece.count);

		if (dmk_bits_any(
			    dmk_bits_without(bits, pool->free[piece.slot / DMK_SEGMENT_SLOTS])))
			return false;
		place.slot += piece.count;
		place.count -= piece.count;
	}
	return true;
}

/*
 * Longer than a segment, if need be, and so looked for one place after another: it is not done
 * often.
 */
static bool find_pages(const struct dmk_slot_pool *pool, const struct dmk_area *area, size_t align,
		       struct dmk_range slots, struct dmk_slots *place)
{
	const uint64_t step = align >> DMK_SLOT_SHIFT, base = pool->memory.first >> DMK_SLOT_SHIFT;
	struct dmk_range all;

	if (!dmk_range_common((struct dmk_range){area->first * DMK_SEGMENT_SLOTS,
						 area->end * DMK_SEGMENT_SLOTS - 1},
			      slots, &all))
		return false;
	place->slot = (size_t)(dmk_align_up(base + all.first, step) - base);
	while (place->slot + place->count - 1 <= all.last) {
		if (all_free(pool, *place))
			return true;
		place->slot += (size_t)step;
	}
	return false;
}

/* Each slot says whose it is, so that any byte's does. @dev NULL: nobody's. */
static void mark_pages(struct dmk_slot_pool *pool, struct dmk_dev *dev,
		       const struct dmk_slots *place)
{
	for (size_t i = 0; i < place->count; i++)
		pool->runs[place->slot + i] =
			(struct dmk_run){.dev = dev, .state = dev ? DMK_RUN_PAGES : DMK_RUN_NONE};
}

static void change_pages(struct dmk_slot_pool *pool, struct dmk_area *area, struct dmk_slots place,
			 void (*change)(struct dmk_slot_pool *, struct dmk_area *,
					const struct dmk_slots *))
{
	while (place.count) {
		const struct dmk_slots piece = piece_of(&place);

		change(pool, area, &piece);
		place.slot += piece.count;
		place.count -= piece.count;
	}
}

bool dmk_slots_take_pages(struct dmk_slot_pool *pool, struct dmk_dev *dev, size_t size,
			  size_t align, struct dmk_range slots, dmk_phys *phys)
{
	struct dmk_slots place = {.count = size >> DMK_SLOT_SHIFT};
	bool found = false;

	for (size_t i = 0; i < pool->nr_areas && !found; i++) {
		struct dmk_area *area = &pool->areas[i];
		unsigned long flags = dmk_lock_take(&area->lock);

		found = find_pages(pool, area, align, slots, &place);
		if (found) {
			change_pages(pool, area, place, dmk_place_take);
			mark_pages(pool, dev, &place);
			pool->runs[place.slot].size = (uint32_t)size;
		}
		dmk_lock_drop(&area->lock, flags);
	}
	if (!found)
		return false;
	*phys = DMK_PHYS(pool->memory.first + ((uint64_t)place.slot << DMK_SLOT_SHIFT));
	return true;
}

bool dmk_slots_are_pages(struct dmk_slot_pool *pool, const struct dmk_dev *dev, dmk_phys phys)
{
	const size_t slot = slot_at(pool, phys.v);
	struct dmk_area *area = dmk_area_of(pool, slot);
	unsigned long flags = dmk_lock_take(&area->lock);
	bool pages = pool->runs[slot].state == DMK_RUN_PAGES && pool->runs[slot].dev == dev;

	dmk_lock_drop(&area->lock, flags);
	return pages;
}

bool dmk_slots_give_pages(struct dmk_slot_pool *pool, const struct dmk_dev *dev, dmk_phys phys,
			  size_t size)
{
	const size_t slot = slot_at(pool, phys.v);
	struct dmk_area *area = dmk_area_of(pool, slot);
	struct dmk_run *run = &pool->runs[slot];
	const struct dmk_slots place = {slot, size >> DMK_SLOT_SHIFT};
	unsigned long flags = dmk_lock_take(&area->lock);
	bool found = run->state == DMK_RUN_PAGES && run->dev == dev && run->size == size &&
		     !((phys.v - pool->memory.first) & (DMK_SLOT_SIZE - 1));

	if (found) {
		change_pages(pool, area, place, dmk_place_give);
		mark_pages(pool, NULL, &place);
	}
	dmk_lock_drop(&area->lock, flags);
	return found;
}
