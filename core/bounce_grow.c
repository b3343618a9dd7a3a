/* SPDX-License-Identifier: MIT */
/*
 * More slots when the pools are full: a further pool, made later in a thread that may sleep, and
 * kept until the core stops. What a mapping gets until then is in bounce_transient.c. How much
 * there may be at all: bounce_setup.c.
 */
#include "bounce_pool.h"
#include "lock.h"
#include "text.h"

static struct dmk_bounce *source_of(struct dmk_deferred *grow)
{
	return (struct dmk_bounce *)((char *)grow - __builtin_offsetof(struct dmk_bounce, grow));
}

/*
 * Where most devices reach it, if there is memory. A smaller one, when there is no run of memory
 * that long.
 */
static struct dmk_slot_pool *pool_in(const struct dmk_bounce *source, struct dmk_range want,
				     uint64_t slots)
{
	struct dmk_range low, both;
	struct dmk_slot_pool *pool = NULL;

	for (; slots >= DMK_SEGMENT_SLOTS && !pool;
	     slots = slots / 2 / DMK_SEGMENT_SLOTS * DMK_SEGMENT_SLOTS) {
		if (dmk_low_memory(32, &low) && dmk_range_common(low, want, &both))
			pool = dmk_slot_pool_new(DMK_BOUNCE_GROWN, slots, source->nr_areas, both);
		if (!pool)
			pool = dmk_slot_pool_new(DMK_BOUNCE_GROWN, slots, source->nr_areas, want);
	}
	return pool;
}

static void say_grown(const struct dmk_bounce *source, const struct dmk_slot_pool *pool)
{
	struct dmk_text text = {.used = 0};

	dmk_text_say(&text, "bounce buffer: grown by ");
	dmk_text_number(&text, pool->nr_slots);
	dmk_text_say(&text, " slots to ");
	dmk_text_number(&text, __atomic_load_n(&source->slots, __ATOMIC_RELAXED));
	dmk_text_say(&text, " (at most ");
	dmk_text_number(&text, source->most_slots);
	dmk_text_say(&text, ")");
	dmk_log(DMK_LOG_INFO, NULL, text.data);
}

static void end_growing(struct dmk_bounce *source, bool grown)
{
	unsigned long flags = dmk_lock_take(&source->lock);
	uint64_t times = 0;

	source->growing = false;
	/* Release: pairs with the acquire in left_of(). */
	__atomic_store_n(&source->coming, 0, __ATOMIC_RELEASE);
	if (!grown)
		times = ++source->not_grown;
	dmk_lock_drop(&source->lock, flags);
	if (dmk_log_due(times))
		dmk_log(DMK_LOG_WARNING, NULL,
			"bounce buffer: full, and no memory to make it larger");
}

static void grow(struct dmk_deferred *deferred)
{
	struct dmk_bounce *source = source_of(deferred);
	unsigned long flags = dmk_lock_take(&source->lock);
	const struct dmk_range want = source->want;
	const bool low = source->want_low;
	struct dmk_slot_pool *pool;
	size_t slots;

	dmk_lock_drop(&source->lock, flags);
	/* As many as there are already, as far as there may be. */
	slots = dmk_transient_reserve(source, source->slots);
	pool = pool_in(source, want, slots);
	if (pool) {
		pool->low = low;
		if (dmk_bounce_add(source, pool)) {
			say_grown(source, pool);
		} else {
			dmk_slot_pool_free(pool);
			pool = NULL;
		}
	}
	end_growing(source, pool || !slots);
}

/*
 * The memory that the device reaches through the first of its windows that shows some, as far as
 * the CPU has its address.
 */
static bool reach_of(const struct dmk_dev *dev, struct dmk_range *reach)
{
	const struct dmk_range direct = {0, dmk_layout.direct_last};

	for (unsigned int i = 0; i < dev->bus->nr_windows; i++) {
		if (dmk_window_part(&dev->bus->windows[i], dmk_streaming_limit(dev), reach) &&
		    dmk_range_common(*reach, direct, reach))
			return true;
	}
	return false;
}

bool dmk_bounce_ask_growth(struct dmk_bounce *source, const struct dmk_dev *dev, bool narrow)
{
	const struct dmk_os *os = &dmk_core.os;
	struct dmk_range reach;
	unsigned long flags;
	bool first;

	if (source->most_slots <= __atomic_load_n(&source->slots, __ATOMIC_RELAXED) ||
	    !reach_of(dev, &reach))
		return false;
	flags = dmk_lock_take(&source->lock);
	first = !source->growing && source->nr_pools < DMK_SLOT_POOLS &&
		dmk_transient_left(source) >= DMK_SEGMENT_SLOTS;
	if (first) {
		source->growing = true;
		source->want = reach;
		source->want_low = narrow;
		source->grow.run = grow;
	}
	dmk_lock_drop(&source->lock, flags);
	if (!first || os->ops->defer(os->ctx, &source->grow))
		return true;
	flags = dmk_lock_take(&source->lock);
	source->growing = false;
	dmk_lock_drop(&source->lock, flags);
	return true;
}
