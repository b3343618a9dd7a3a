/* SPDX-License-Identifier: MIT */
/*
 * The events that are kept: the first half of the limit for good, the last half in a ring. Numbers
 * of events count from 1 and go on where events are dropped.
 */
#include "run/recorder.h"

#include <stdlib.h>

static uint64_t first_half(const struct dmk_recorder *recorder)
{
	return recorder->options.limit - recorder->options.limit / 2;
}

static uint64_t slot_of(const struct dmk_recorder *recorder, uint64_t number)
{
	const uint64_t half = first_half(recorder), ring = recorder->options.limit - half;

	return number <= half ? number - 1 : half + (number - 1 - half) % ring;
}

static bool is_kept(const struct dmk_recorder *recorder, uint64_t number)
{
	const uint64_t half = first_half(recorder), ring = recorder->options.limit - half;

	return number && number <= recorder->seen &&
	       (number <= half || number + ring > recorder->seen);
}

static bool make_room(struct dmk_recorder *recorder, uint64_t slot)
{
	size_t room = recorder->room ? recorder->room * 2 : 256;
	struct dmk_recorded_event *event;

	if (slot < recorder->room)
		return true;
	if (room > recorder->options.limit)
		room = recorder->options.limit;
	event = realloc(recorder->event, room * sizeof(*event));
	if (!event)
		return false;
	recorder->event = event;
	recorder->room = room;
	return true;
}

void dmk_recorded_event(struct dmk_recorder *recorder, const struct dmk_timeline_event *facts,
			struct dmk_recorded_buffer *buffer)
{
	const uint64_t number = recorder->seen + 1, slot = slot_of(recorder, number);
	struct dmk_recorded_buffer *displaced = NULL;

	if (!make_room(recorder, slot)) {
		/* nothing more is to be had: what there is becomes the limit */
		recorder->options.limit = recorder->room < 2 ? 2 : recorder->room;
		return;
	}
	if (number > recorder->options.limit)
		displaced = recorder->event[slot].buffer;
	recorder->event[slot] = (struct dmk_recorded_event){.facts = *facts, .buffer = buffer};
	recorder->seen = number;
	if (buffer) {
		dmk_recorded_get(buffer);
		buffer->last = number;
	}
	if (displaced)
		dmk_recorded_put(recorder, displaced);
}

/* Both in the same buffer; touching, or one in the other. */
static bool touches(const struct dmk_timeline_event *a, const struct dmk_timeline_event *b)
{
	return a->at <= b->at + b->size && b->at <= a->at + a->size;
}

static bool goes_on(const struct dmk_timeline_event *last, const struct dmk_timeline_event *facts)
{
	return last->what == facts->what && last->device == facts->device &&
	       last->thread == facts->thread && last->site == facts->site && !last->result &&
	       !facts->result && touches(last, facts);
}

static void extend(struct dmk_timeline_event *last, const struct dmk_timeline_event *facts)
{
	const uint64_t end = last->at + last->size, more = facts->at + facts->size;

	if (facts->at < last->at)
		last->at = facts->at;
	last->size = (more > end ? more : end) - last->at;
	last->duration = facts->time - last->time;
	last->count += facts->count;
}

void dmk_recorded_access(struct dmk_recorder *recorder, const struct dmk_timeline_event *facts,
			 struct dmk_recorded_buffer *buffer)
{
	struct dmk_recorded_event *last = NULL;

	if (buffer && is_kept(recorder, buffer->last))
		last = &recorder->event[slot_of(recorder, buffer->last)];
	if (last && goes_on(&last->facts, facts))
		extend(&last->facts, facts);
	else
		dmk_recorded_event(recorder, facts, buffer);
}

struct dmk_recorded_buffer *dmk_recorded_by(const struct dmk_recorder *recorder, uint64_t number)
{
	return is_kept(recorder, number) ? recorder->event[slot_of(recorder, number)].buffer : NULL;
}

size_t dmk_recorded_kept(const struct dmk_recorder *recorder)
{
	return recorder->seen < recorder->options.limit ? recorder->seen : recorder->options.limit;
}

size_t dmk_recorded_before_gap(const struct dmk_recorder *recorder)
{
	const uint64_t half = first_half(recorder);

	return recorder->seen < half ? recorder->seen : half;
}

const struct dmk_recorded_event *dmk_recorded_nth(const struct dmk_recorder *recorder, size_t i)
{
	const uint64_t dropped = recorder->seen - dmk_recorded_kept(recorder);

	if (i >= first_half(recorder))
		i += dropped;
	return &recorder->event[slot_of(recorder, i + 1)];
}
