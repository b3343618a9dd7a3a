/* SPDX-License-Identifier: MIT */
/*
 * What is no more, and was not long ago: rings of ended mappings and allocations. A ring has one
 * writer; who searches has the checker to itself.
 */
#include <stdlib.h>
#include <string.h>

#include "shadow.h"

struct dmk_history *dmk_history_new(struct dmk_shadow *shadow)
{
	struct dmk_history *history = calloc(1, sizeof(*history));

	if (!history)
		return NULL;
	/* Behind the first, which is that of the lock. */
	if (shadow->history) {
		history->other = shadow->history->other;
		shadow->history->other = history;
	} else {
		shadow->history = history;
	}
	return history;
}

void dmk_history_add(struct dmk_history *history, const struct dmk_record *record,
		     const struct dmk_extent *extent, const struct dmk_trace *where,
		     uint64_t serial)
{
	struct dmk_past *past = &history->past[history->next];
	struct dmk_past_key *key = &history->key[history->next];
	const struct dmk_range range = extent->range;

	history->next = (history->next + 1) % DMK_PAST_KEPT;
	key->device = record->device->id;
	key->first = range.first;
	key->last = range.last;
	past->kind = record->kind;
	past->map_kind = record->map_kind;
	past->dir = record->dir;
	past->bounced = record->bounced;
	past->excused = record->excused;
	past->device = key->device;
	past->dma = range.first;
	past->size = record->bus.next ? range.last - range.first + 1 : record->size;
	past->phys = record->phys;
	past->cpu = record->cpu;
	past->serial = serial;
	past->began = record->serial;
	past->mapped = record->mapped;
	past->unmapped = where;
	past->synced = record->synced;
	past->pool = record->pool ? record->pool->pool : NULL;
	if (record->pool)
		memcpy(past->pool_name, record->pool->name, sizeof(past->pool_name));
}

static struct dmk_past *newest_in(struct dmk_history *history, const struct dmk_watched *device,
				  bool (*fits)(const struct dmk_past_key *key,
					       const struct dmk_past *past, void *ctx),
				  void *ctx)
{
	unsigned int at = history->next;

	for (unsigned int i = 0; i < DMK_PAST_KEPT; i++) {
		at = (at + DMK_PAST_KEPT - 1) % DMK_PAST_KEPT;
		if ((!device || history->key[at].device == device->id) &&
		    fits(&history->key[at], &history->past[at], ctx))
			return &history->past[at];
	}
	return NULL;
}

struct dmk_past *dmk_past_newest(const struct dmk_shadow *shadow, const struct dmk_watched *device,
				 bool (*fits)(const struct dmk_past_key *key,
					      const struct dmk_past *past, void *ctx),
				 void *ctx)
{
	struct dmk_past *newest = NULL, *past;

	for (struct dmk_history *history = shadow->history; history; history = history->other) {
		past = newest_in(history, device, fits, ctx);
		if (past && (!newest || past->serial > newest->serial))
			newest = past;
	}
	return newest;
}

struct sought {
	uint64_t first, last;
	const void *cpu;
	unsigned int kinds;
};

static bool touches(const struct dmk_past_key *key, const struct dmk_past *past, void *ctx)
{
	const struct sought *sought = ctx;

	return key->first <= sought->last && key->last >= sought->first;
}

static bool begins(const struct dmk_past_key *key, const struct dmk_past *past, void *ctx)
{
	const struct sought *sought = ctx;

	return key->first == sought->first && sought->kinds >> past->kind & 1;
}

static bool has_cpu(const struct dmk_past_key *key, const struct dmk_past *past, void *ctx)
{
	const struct sought *sought = ctx;

	return past->cpu == sought->cpu && sought->kinds >> past->kind & 1;
}

struct dmk_past *dmk_past_touching(const struct dmk_shadow *shadow,
				   const struct dmk_watched *device, uint64_t first, uint64_t last)
{
	struct sought sought = {.first = first, .last = last};

	return dmk_past_newest(shadow, device, touches, &sought);
}

struct dmk_past *dmk_past_at(const struct dmk_shadow *shadow, const struct dmk_watched *device,
			     uint64_t dma, unsigned int kinds)
{
	struct sought sought = {.first = dma, .kinds = kinds};

	return dmk_past_newest(shadow, device, begins, &sought);
}

struct dmk_past *dmk_past_of_cpu(const struct dmk_shadow *shadow, const struct dmk_watched *device,
				 const void *cpu, unsigned int kinds)
{
	struct sought sought = {.cpu = cpu, .kinds = kinds};

	return dmk_past_newest(shadow, device, has_cpu, &sought);
}
