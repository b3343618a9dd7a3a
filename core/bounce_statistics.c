/* SPDX-License-Identifier: MIT */
/*
 * Bounce buffers in numbers (BNC-04), and what is said when they are full.
 */
#include "bounce_pool.h"
#include "lock.h"
#include "text.h"

static void add_pool(struct dmk_bounce_stats *stats, const struct dmk_slot_pool *pool)
{
	size_t high_water;

	stats->pools++;
	stats->grown += pool->kind == DMK_BOUNCE_GROWN;
	stats->total += pool->nr_slots;
	stats->used += dmk_slots_used(pool, &high_water);
	stats->high_water += high_water;
}

static void add_source(struct dmk_bounce_stats *stats, struct dmk_bounce *source)
{
	unsigned long flags = dmk_lock_take(&source->lock);

	stats->refused = source->refused;
	dmk_lock_drop(&source->lock, flags);
	stats->most = source->most_slots;
	stats->transient = __atomic_load_n(&source->transient_slots, __ATOMIC_RELAXED);
	stats->transient_made = __atomic_load_n(&source->transient_made, __ATOMIC_RELAXED);
}

/* The @n-th pool of those that the device may use; of all, if there is no device. */
static struct dmk_slot_pool *nth_pool(const struct dmk_dev *dev, struct dmk_bounce *source,
				      struct dmk_wanted *wanted)
{
	if (dev && dev->bus && dev->dma_mask)
		return dmk_pool_usable(source, dev, wanted);
	if (wanted->next_pool < __atomic_load_n(&source->nr_pools, __ATOMIC_ACQUIRE))
		return source->pools[wanted->next_pool++];
	return NULL;
}

static struct dmk_bounce *source_of(const struct dmk_dev *dev)
{
	return dev ? dev->bounce : dmk_core.bounce;
}

void dmk_bounce_statistics(struct dmk_dev *dev, struct dmk_bounce_stats *stats)
{
	struct dmk_bounce *source = source_of(dev);
	struct dmk_wanted wanted = {.next_pool = 0};
	const struct dmk_slot_pool *pool;

	*stats = (struct dmk_bounce_stats){.slot_size = DMK_SLOT_SIZE};
	if (!source)
		return;
	while ((pool = nth_pool(dev, source, &wanted)))
		add_pool(stats, pool);
	add_source(stats, source);
}

bool dmk_bounce_pool_statistics(struct dmk_dev *dev, unsigned int index,
				struct dmk_bounce_pool_stats *stats)
{
	struct dmk_bounce *source = source_of(dev);
	struct dmk_wanted wanted = {.next_pool = 0};
	const struct dmk_slot_pool *pool = NULL;

	*stats = (struct dmk_bounce_pool_stats){.total = 0};
	for (unsigned int i = 0; source && i <= index; i++) {
		pool = nth_pool(dev, source, &wanted);
		if (!pool)
			return false;
	}
	if (!pool)
		return false;
	*stats = (struct dmk_bounce_pool_stats){
		.kind = pool->kind,
		.first = DMK_PHYS(pool->memory.first),
		.total = pool->nr_slots,
		.areas = pool->nr_areas,
	};
	stats->used = dmk_slots_used(pool, &stats->high_water);
	return true;
}

/* The numbers are those of the pools that this device may use: another one's may have room. */
static void say_full(struct dmk_dev *dev, size_t size, uint64_t refused)
{
	struct dmk_text text = {.used = 0};
	struct dmk_bounce_stats stats;

	dmk_bounce_statistics(dev, &stats);
	dmk_text_say(&text, "bounce buffer is full: no room for ");
	dmk_text_number(&text, size);
	dmk_text_say(&text, " bytes, ");
	dmk_text_number(&text, stats.used);
	dmk_text_say(&text, " of ");
	dmk_text_number(&text, stats.total);
	dmk_text_say(&text, " slots used, ");
	dmk_text_number(&text, refused);
	dmk_text_say(&text, " refused so far");
	dmk_log(DMK_LOG_WARNING, dev, text.data);
}

void dmk_bounce_refused(struct dmk_dev *dev, size_t size, unsigned long attrs)
{
	struct dmk_bounce *source = dev->bounce;
	unsigned long flags = dmk_lock_take(&source->lock);
	uint64_t refused = ++source->refused;

	dmk_lock_drop(&source->lock, flags);
	if (!(attrs & DMK_ATTR_NO_WARN) && dmk_log_due(refused))
		say_full(dev, size, refused);
}

void dmk_bounce_impossible(const struct dmk_dev *dev, struct dmk_range phys, enum dmk_reason reason,
			   unsigned long attrs, const char *why)
{
	static unsigned int times;
	struct dmk_text text = {.used = 0};

	/* NO_ROOM has been said, with the numbers, by the pool. */
	if (reason == DMK_REASON_NO_ROOM || attrs & DMK_ATTR_NO_WARN ||
	    !dmk_log_due(__atomic_add_fetch(&times, 1, __ATOMIC_RELAXED)))
		return;
	dmk_text_number(&text, dmk_range_bytes(phys));
	dmk_text_say(&text, " bytes at ");
	dmk_text_hex(&text, phys.first);
	dmk_text_say(&text, why);
	dmk_log(DMK_LOG_WARNING, dev, text.data);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void say_number(struct dmk_text *text, const char *before, uint64_t number,
		       const char *after)
{
	dmk_text_say(text, before);
	dmk_text_number(text, number);
	dmk_text_say(text, after);
}

void dmk_bounce_say_use(struct dmk_bounce *source)
{
	struct dmk_text text = {.used = 0};
	struct dmk_bounce_stats stats = {.total = 0};

	for (size_t i = 0; i < source->nr_pools; i++)
		add_pool(&stats, source->pools[i]);
	add_source(&stats, source);
	if (!stats.high_water && !stats.refused)
		return;
	dmk_text_say(&text, "bounce buffer");
	if (source->region) {
		dmk_text_say(&text, " ");
		dmk_text_say(&text, source->region->name);
	}
	say_number(&text, ": of ", stats.total, " slots");
	say_number(&text, " at most ", stats.high_water, " were used at once");
	if (stats.used)
		say_number(&text, ", ", stats.used, " are still");
	if (stats.grown)
		say_number(&text, "; grown ", stats.grown, stats.grown == 1 ? " time" : " times");
	if (stats.transient_made)
		say_number(&text, "; ", stats.transient_made,
			   stats.transient_made == 1 ? " mapping had memory of its own"
						     : " mappings had memory of their own");
	if (stats.refused)
		say_number(&text, "; ", stats.refused,
			   stats.refused == 1 ? " mapping was refused" : " mappings were refused");
	dmk_log(DMK_LOG_INFO, NULL, text.data);
}
