/* SPDX-License-Identifier: MIT */
/*
 * Bouncing behind an IOMMU. It maps whole granules, so what lies beside a buffer in its first and
 * last one would be in the reach of the device too: of one that is not trusted the bytes are copied
 * to memory of which nobody else has a part, zero around them (STR-10, BNC-02).
 *
 *	the buffer        ..........bbbbbbbb|bbbbbbbb|bb..............
 *	what is mapped    |00000000 bbbbbbbb|bbbbbbbb|bb00000000000000|      granules, slots of a pool or memory of their own
 *
 * The device's mask and windows do not matter for where they lie: the IOMMU leads there.
 *
 * Not here: which mappings these are, and their addresses (domain_map.c); how slots are found
 * (bounce_area.c). A sync is bounce.c's, by the physical address of a byte.
 */
#include "bounce_pool.h"
#include "bounce_slots.h"
#include "copy.h"

static const uint64_t no_boundary = ~0ULL;

/* Whole granules, from the one that the first byte is in to the one of the last. */
static struct dmk_range granules_of(uint64_t first, uint64_t size, uint64_t granule)
{
	const uint64_t base = first & ~(granule - 1);

	return (struct dmk_range){base, base + dmk_align_up(first - base + size, granule) - 1};
}

size_t dmk_bounce_most_granules(uint64_t granule)
{
	return (size_t)(DMK_SEGMENT_SIZE - granule);
}

/* The bytes around the buffer's. */
static void clear_around(const struct dmk_dev *dev, char *cpu, dmk_phys at, size_t size,
			 struct dmk_range whole)
{
	const size_t before = (size_t)(at.v - whole.first);
	const size_t after = (size_t)(whole.last - (at.v + (size - 1)));

	__builtin_memset(cpu - before, 0, before);
	__builtin_memset(cpu + size, 0, after);
	if (!dev->bus->coherent && before)
		dmk_cache_flush(DMK_PHYS(whole.first), before);
	if (!dev->bus->coherent && after)
		dmk_cache_flush(DMK_PHYS(at.v + size), after);
}

static bool take_in_pool(struct dmk_slot_pool *pool, struct dmk_dev *dev, struct dmk_wanted *wanted,
			 enum dmk_direction dir, dmk_phys *at)
{
	wanted->bus = pool->memory.first;
	wanted->slots = (struct dmk_range){0, pool->nr_slots - 1};
	wanted->all_slots = true;
	return dmk_slots_take(pool, dev, wanted, dir, at);
}

/* Slots of some pool; what lies low last. */
static struct dmk_slot_pool *take_in_pools(struct dmk_dev *dev, struct dmk_wanted *wanted,
					   enum dmk_direction dir, dmk_phys *at)
{
	const struct dmk_bounce *source = dev->bounce;
	/* Acquire: pairs with the release in dmk_bounce_add(). */
	const size_t n = __atomic_load_n(&source->nr_pools, __ATOMIC_ACQUIRE);

	for (unsigned int low = 0; low < 2; low++) {
		for (size_t i = 0; i < n; i++) {
			if (source->pools[i]->low == low &&
			    take_in_pool(source->pools[i], dev, wanted, dir, at))
				return source->pools[i];
		}
	}
	return NULL;
}

static enum dmk_reason map_beyond(struct dmk_dev *dev, const struct dmk_wanted *wanted,
				  enum dmk_direction dir, unsigned long attrs, dmk_phys *at)
{
	dmk_dma dma;

	if (dmk_bounce_ask_growth(dev->bounce, dev, false) &&
	    dmk_transient_take(dev->bounce, dev, wanted, dir, &dma)) {
		*at = DMK_PHYS(dma.v);
		return DMK_REASON_NONE;
	}
	dmk_bounce_refused(dev, wanted->size, attrs);
	return DMK_REASON_NO_ROOM;
}

enum dmk_reason dmk_bounce_map_granules(struct dmk_dev *dev, struct dmk_range phys,
					uint64_t granule, enum dmk_direction dir,
					unsigned long attrs, struct dmk_range *whole)
{
	struct dmk_wanted wanted = {.phys = phys.first,
				    .keep = granule - 1,
				    .granule = granule,
				    .boundary = no_boundary};
	const uint64_t size = dmk_range_bytes(phys);
	struct dmk_slot_pool *pool;
	enum dmk_reason reason;
	dmk_phys at;
	char *cpu;

	if (!dev->bounce || granule >= DMK_SEGMENT_SIZE)
		return DMK_REASON_UNREACHABLE;
	if (size > dmk_bounce_most_granules(granule))
		return DMK_REASON_TOO_LARGE;
	wanted.size = (size_t)size;
	pool = take_in_pools(dev, &wanted, dir, &at);
	if (!pool) {
		reason = map_beyond(dev, &wanted, dir, attrs, &at);
		if (reason != DMK_REASON_NONE)
			return reason;
	}
	cpu = pool ? pool->cpu + (at.v - pool->memory.first) : dmk_direct(at);
	*whole = granules_of(at.v, size, granule);
	clear_around(dev, cpu, at, wanted.size, *whole);
	/* Transient memory has the bytes already. */
	if (!pool || dmk_bounce_copy_in(dev, cpu, at, DMK_PHYS(phys.first), wanted.size))
		return DMK_REASON_NONE;
	dmk_slots_end_granules(pool, dev, DMK_PHYS(whole->first), false);
	return DMK_REASON_NO_ROOM;
}

bool dmk_bounce_has_granules(const struct dmk_dev *dev, struct dmk_range granules)
{
	const dmk_phys first = DMK_PHYS(granules.first);
	struct dmk_transient *transient;
	struct dmk_slot_pool *pool;
	dmk_phys buffer;
	bool found;
	char *cpu;

	if (!dev->bounce)
		return false;
	pool = dmk_pool_at(dev->bounce, first);
	if (pool)
		return dmk_slots_part(pool, dev, &granules, &buffer);
	transient = dmk_transient_at(dev->bounce, first);
	if (!transient)
		return false;
	found = dmk_transient_part(transient, dev, &granules, &buffer, &cpu);
	dmk_transient_put(transient);
	return found;
}

static void unmap_transient(struct dmk_dev *dev, struct dmk_range granules, bool copy)
{
	struct dmk_transient *transient = dmk_transient_at(dev->bounce, DMK_PHYS(granules.first));
	dmk_phys buffer;
	char *cpu;

	if (!transient)
		return;
	if (dmk_transient_part(transient, dev, &granules, &buffer, &cpu))
		dmk_transient_end(transient, dev, DMK_PHYS(granules.first), copy);
	dmk_transient_put(transient);
}

void dmk_bounce_unmap_granules(struct dmk_dev *dev, struct dmk_range granules,
			       enum dmk_direction dir, unsigned long attrs)
{
	const bool copy = dir != DMK_TO_DEVICE && !(attrs & DMK_ATTR_SKIP_CPU_SYNC);
	const dmk_phys first = DMK_PHYS(granules.first);
	struct dmk_slot_pool *pool = dmk_pool_at(dev->bounce, first);
	struct dmk_run *run;
	dmk_phys at;

	if (!pool) {
		unmap_transient(dev, granules, copy);
		return;
	}
	run = dmk_slots_end_granules(pool, dev, first, copy);
	if (!run)
		return;
	at = DMK_PHYS(first.v + run->offset);
	dmk_bounce_copy_out(dev, pool->cpu + (at.v - pool->memory.first), at, run->phys, run->size);
	dmk_slots_give(pool, run);
}
