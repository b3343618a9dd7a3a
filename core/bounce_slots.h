/* SPDX-License-Identifier: MIT */
/*
 * The slots of most mappings, inlined: a run in the segment where slots were given back last, taken
 * and given back. What is unusual about a mapping, a pool or an area goes through bounce_area.c,
 * which this is a part of otherwise.
 */
#ifndef DMK_CORE_BOUNCE_SLOTS_H
#define DMK_CORE_BOUNCE_SLOTS_H

#include "bits.h"
#include "bounce_pool.h"
#include "copy.h"
#include "cpu.h"
#include "lock.h"

/** Slots of a pool, one after another. */
struct dmk_slots {
	size_t slot, count;
};

static inline struct dmk_area *dmk_area_of(const struct dmk_slot_pool *pool, size_t slot)
{
	return &pool->areas[slot / DMK_SEGMENT_SLOTS >> pool->area_shift];
}

/**
 * dmk_own_area - by the system's number and nothing that is another in each run, as a stack's
 * address would be
 */
static inline size_t dmk_own_area(const struct dmk_slot_pool *pool)
{
	const unsigned int number = dmk_cpu_number(), areas = (unsigned int)pool->nr_areas;

	return number < areas ? number : number % areas;
}

/* With the area's lock. */

/** dmk_place_take - free slots of one segment are taken; dmk_place_give - the opposite */
static inline void dmk_place_take(struct dmk_slot_pool *pool, struct dmk_area *area,
				  const struct dmk_slots *place)
{
	const size_t segment = place->slot / DMK_SEGMENT_SLOTS;

	dmk_bits_flip(&pool->free[segment], place->slot % DMK_SEGMENT_SLOTS,
		      (unsigned int)place->count);
	area->hot = segment;
	__atomic_store_n(&area->used, area->used + place->count, __ATOMIC_RELAXED);
	if (__builtin_expect(area->used > area->high_water, 0))
		__atomic_store_n(&area->high_water, area->used, __ATOMIC_RELAXED);
}

static inline void dmk_place_give(struct dmk_slot_pool *pool, struct dmk_area *area,
				  const struct dmk_slots *place)
{
	const size_t segment = place->slot / DMK_SEGMENT_SLOTS;

	dmk_bits_flip(&pool->free[segment], place->slot % DMK_SEGMENT_SLOTS,
		      (unsigned int)place->count);
	area->hot = segment;
	__atomic_store_n(&area->used, area->used - place->count, __ATOMIC_RELAXED);
	for (unsigned int parity = 0; parity < 2; parity++) {
		pool->longest[parity][segment] = DMK_SEGMENT_SLOTS;
		__atomic_store_n(&area->longest[parity], DMK_SEGMENT_SLOTS, __ATOMIC_RELAXED);
	}
}

/** dmk_run_begin - @like: .phys, .size, .offset */
static inline void dmk_run_begin(struct dmk_slot_pool *pool, struct dmk_dev *dev,
				 const struct dmk_run *like, const struct dmk_slots *place,
				 enum dmk_direction dir)
{
	pool->back[place->slot] = 0;
	for (size_t i = 1; i < place->count; i++)
		pool->back[place->slot + i] = (uint8_t)i;
	pool->runs[place->slot] = (struct dmk_run){
		.phys = like->phys,
		.dev = dev,
		.size = like->size,
		.offset = like->offset,
		.count = (uint8_t)place->count,
		.state = DMK_RUN_HELD,
		.dir = dir & 3,
	};
}

/** dmk_run_end - the run that begins at @slot */
static inline void dmk_run_end(struct dmk_slot_pool *pool, struct dmk_area *area, size_t slot)
{
	dmk_place_give(pool, area, &(struct dmk_slots){slot, pool->runs[slot].count});
	pool->runs[slot].state = DMK_RUN_NONE;
}

/* Without the lock. */

/**
 * dmk_slots_take_hot - dmk_slots_take() for a device that reaches all of the pool and asked for
 * nothing but the place in the page, where
 *			slots were given back last
 * @bus: of the pool's first byte; @at: of the first byte, in the pool
 * Both hold nearly always. Return: false: nothing was done, nothing was learnt.
 */
static inline bool dmk_slots_take_hot(struct dmk_slot_pool *pool, struct dmk_dev *dev,
				      struct dmk_range phys, uint64_t bus, uint64_t boundary,
				      enum dmk_direction dir, uint64_t *at)
{
	const uint64_t ahead = (phys.first - bus) & (DMK_PAGE_SIZE - 1);
	const unsigned int parity = (unsigned int)(ahead >> DMK_SLOT_SHIFT);
	const uint64_t starts = 0x5555555555555555ULL << parity;
	const uint64_t offset = ahead & (DMK_SLOT_SIZE - 1), before_last = phys.last - phys.first;
	struct dmk_area *area = &pool->areas[dmk_own_area(pool)];
	struct dmk_slots place = {.count = (size_t)((offset + before_last) >> DMK_SLOT_SHIFT) + 1};
	struct dmk_bits runs;
	unsigned long flags;

	if (__atomic_load_n(&area->longest[parity], __ATOMIC_RELAXED) < place.count ||
	    place.count > DMK_SEGMENT_SLOTS)
		return false;
	flags = dmk_lock_take(&area->lock);
	runs = dmk_bits_runs(pool->free[area->hot], (unsigned int)place.count);
	runs = dmk_bits_and(runs, (struct dmk_bits){starts, starts});
	if (!dmk_bits_any(runs))
		goto drop;
	place.slot = area->hot * DMK_SEGMENT_SLOTS + dmk_bits_lowest(runs);
	*at = ((uint64_t)place.slot << DMK_SLOT_SHIFT) + offset;
	if (((bus + *at) ^ (bus + *at + before_last)) & ~boundary)
		goto drop;
	dmk_place_take(pool, area, &place);
	dmk_run_begin(pool, dev,
		      &(struct dmk_run){.phys = DMK_PHYS(phys.first),
					.size = (uint32_t)before_last + 1,
					.offset = (uint16_t)offset},
		      &place, dir);
	dmk_lock_drop(&area->lock, flags);
	return true;

drop:
	dmk_lock_drop(&area->lock, flags);
	return false;
}

/**
 * dmk_slots_end - the device's mapping whose first byte is at @phys, if there is one, ends
 * @copy: whether the caller has bytes to copy, should the mapping be one that the device may write
 * Return: the run, LEAVING, to be copied and given back; NULL: nothing is left to do.
 */
static inline __attribute__((__always_inline__)) struct dmk_run *
dmk_slots_end(struct dmk_slot_pool *pool, const struct dmk_dev *dev, dmk_phys phys, bool copy)
{
	const uint64_t at = phys.v - pool->memory.first;
	const size_t slot = (size_t)(at >> DMK_SLOT_SHIFT);
	struct dmk_area *area = dmk_area_of(pool, slot);
	struct dmk_run *run = &pool->runs[slot], *leaving = NULL;
	unsigned long flags = dmk_lock_take(&area->lock);

	/* A slot that a held run does not begin with has no held run. */
	if (run->state != DMK_RUN_HELD || run->dev != dev ||
	    run->offset != (at & (DMK_SLOT_SIZE - 1)))
		goto drop;
	if (copy && run->dir != DMK_TO_DEVICE) {
		run->state = DMK_RUN_LEAVING;
		leaving = run;
	} else {
		dmk_run_end(pool, area, slot);
	}
drop:
	dmk_lock_drop(&area->lock, flags);
	return leaving;
}

/* --- whole mappings --------------------------------------------------------------------------- */

/* Acquire: pairs with the release in dmk_bounce_add(). */
static inline size_t dmk_nr_pools(const struct dmk_bounce *source)
{
	return __atomic_load_n(&source->nr_pools, __ATOMIC_ACQUIRE);
}

static inline uint64_t dmk_boundary_of(const struct dmk_dev *dev)
{
	return dev->segment_boundary ? dev->segment_boundary : 0xffffffffULL;
}

/* What no run is longer than, wherever it lies. */
static inline uint64_t dmk_longest_run(uint64_t boundary)
{
	return boundary < DMK_SEGMENT_SIZE ? boundary + 1 : DMK_SEGMENT_SIZE;
}

/*
 * The slots are always written out: a dirty line that stayed could be laid over what the device
 * writes.
 */
static inline bool dmk_bounce_copy_in(const struct dmk_dev *dev, char *cpu, dmk_phys at,
				      dmk_phys from, size_t size)
{
	bool copied = dmk_copy_from_phys(cpu, from, size);

	if (!dev->bus->coherent)
		dmk_cache_flush(at, size);
	return copied;
}

/**
 * dmk_pool_bus - where the whole pool is on the device's bus, not above @limit: *@bus; false:
 * nowhere in one piece.
 */
static inline bool dmk_pool_bus(const struct dmk_slot_pool *pool, const struct dmk_dev *dev,
				uint64_t limit, uint64_t *bus)
{
	if (__builtin_expect(dev->bus->windows == pool->windows, 1))
		*bus = pool->bus;
	else if (!dmk_window_by_first(dev->bus, true, pool->memory, bus))
		return false;
	return *bus + (pool->memory.last - pool->memory.first) <= limit;
}

/**
 * dmk_bounce_map_hot - dmk_bounce_map() for a device with no wish of its own, all of its source's
 * first pool in its reach, and room where
 *			there was some last. The device has a source
 * @limit: dmk_streaming_limit(); @direct: all of @phys is in the direct map
 * Return: false: nothing was done, and dmk_bounce_map() must be called; true: @reason says what
 *         became of it.
 */
static inline __attribute__((__always_inline__)) bool
dmk_bounce_map_hot(struct dmk_dev *dev, struct dmk_range phys, enum dmk_direction dir,
		   uint64_t limit, bool direct, enum dmk_reason *reason, dmk_dma *dma)
{
	const uint64_t boundary = dmk_boundary_of(dev), before_last = phys.last - phys.first;
	struct dmk_slot_pool *pool;
	uint64_t bus, at;
	dmk_phys slots;

	if (dev->min_align_mask || boundary < DMK_SEGMENT_SIZE - 1 ||
	    before_last >= DMK_SEGMENT_SIZE - (phys.first & (DMK_PAGE_SIZE - 1)) ||
	    !dmk_nr_pools(dev->bounce))
		return false;
	pool = dev->bounce->pools[0];
	if (pool->low || !dmk_pool_bus(pool, dev, limit, &bus) ||
	    !dmk_slots_take_hot(pool, dev, phys, bus, boundary, dir, &at))
		return false;
	*dma = DMK_DMA(bus + at);
	*reason = DMK_REASON_NONE;
	slots = DMK_PHYS(pool->memory.first + at);
	if (direct && __builtin_expect(dev->bus->coherent, 1))
		__builtin_memcpy(pool->cpu + at, dmk_copy_address(DMK_PHYS(phys.first)),
				 (size_t)before_last + 1);
	else if (!dmk_bounce_copy_in(dev, pool->cpu + at, slots, DMK_PHYS(phys.first),
				     (size_t)before_last + 1))
		goto undo_take;
	return true;

undo_take:
	dmk_slots_end(pool, dev, slots, false);
	*reason = DMK_REASON_NO_ROOM;
	return true;
}

/**
 * dmk_bounce_unmap_hot - dmk_bounce_unmap() of what is in the source's first pool; false: it is not
 * there, and nothing was done.
 */
static inline bool dmk_bounce_unmap_hot(struct dmk_dev *dev, dmk_phys phys, enum dmk_direction dir,
					unsigned long attrs)
{
	const bool copy = dir != DMK_TO_DEVICE && !(attrs & DMK_ATTR_SKIP_CPU_SYNC);
	struct dmk_slot_pool *pool;
	struct dmk_run *run;

	if (!dev->bounce || !dmk_nr_pools(dev->bounce))
		return false;
	pool = dev->bounce->pools[0];
	if (phys.v - pool->memory.first > pool->memory.last - pool->memory.first)
		return false;
	run = dmk_slots_end(pool, dev, phys, copy);
	if (__builtin_expect(run != NULL, 0)) {
		dmk_bounce_copy_out(dev, pool->cpu + (phys.v - pool->memory.first), phys, run->phys,
				    run->size);
		dmk_slots_give(pool, run);
	}
	return true;
}

#endif
