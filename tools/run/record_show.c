/* SPDX-License-Identifier: MIT */
/* From what the recorder kept to a timeline, with names for the places. */
#include "run/recorder.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void show_site(struct dmk_timeline *timeline, struct dmk_symbols *symbols, const void *code)
{
	struct dmk_report_frame *site = dmk_report_grow(&timeline->site, &timeline->nr_sites,
							sizeof(*site));
	const uint64_t address = (uintptr_t)code;
	const struct dmk_report_frame *place;
	struct dmk_report_stack stack = {NULL, 0};

	if (!site)
		return;
	dmk_symbols_addresses(symbols, &address, 1, false, &stack);
	place = dmk_report_place(&stack);
	if (place)
		*site = (struct dmk_report_frame){.function = copy(place->function),
						  .file = copy(place->file),
						  .line = place->line,
						  .inlined = place->inlined,
						  .ours = place->ours};
	site->address = address;
	dmk_report_clear_stack(&stack);
}

static void show_devices(struct dmk_timeline *timeline, const struct dmk_recorder *recorder)
{
	for (size_t i = 0; i < recorder->nr_devices; i++) {
		struct dmk_timeline_device *device =
			dmk_report_grow(&timeline->device, &timeline->nr_devices, sizeof(*device));

		if (!device)
			return;
		*device = recorder->device[i].facts;
		device->name = copy(device->name);
		device->driver = copy(device->driver);
	}
}

static void show_threads(struct dmk_timeline *timeline, const struct dmk_recorder *recorder)
{
	for (size_t i = 0; i < recorder->nr_threads; i++) {
		struct dmk_timeline_thread *thread =
			dmk_report_grow(&timeline->thread, &timeline->nr_threads, sizeof(*thread));

		if (!thread)
			return;
		*thread = recorder->thread[i];
		thread->name = copy(thread->name);
	}
}

static void show_buffer(struct dmk_timeline *timeline, struct dmk_recorded_buffer *from)
{
	struct dmk_timeline_buffer *buffer =
		dmk_report_grow(&timeline->buffer, &timeline->nr_buffers, sizeof(*buffer));
	const size_t size = from->facts.nr_pieces * sizeof(*buffer->piece);

	from->index = buffer ? (int)timeline->nr_buffers - 1 : -1;
	if (!buffer)
		return;
	*buffer = from->facts;
	buffer->pool = copy(buffer->pool);
	buffer->piece = size ? malloc(size) : NULL;
	if (buffer->piece)
		memcpy(buffer->piece, from->facts.piece, size);
	else
		buffer->nr_pieces = 0;
}

static void show_events(struct dmk_timeline *timeline, const struct dmk_recorder *recorder)
{
	for (size_t i = 0; i < dmk_recorded_kept(recorder); i++) {
		const struct dmk_recorded_event *from = dmk_recorded_nth(recorder, i);
		struct dmk_timeline_event *event =
			dmk_report_grow(&timeline->event, &timeline->nr_events, sizeof(*event));

		if (!event)
			return;
		*event = from->facts;
		event->buffer = from->buffer ? from->buffer->index : -1;
	}
}

static void show_gap(struct dmk_timeline *timeline, const struct dmk_recorder *recorder)
{
	const size_t before = dmk_recorded_before_gap(recorder);

	timeline->limit = recorder->options.limit;
	timeline->seen = recorder->seen;
	timeline->dropped = recorder->seen - dmk_recorded_kept(recorder);
	if (!timeline->dropped)
		return;
	timeline->gap_from = dmk_recorded_nth(recorder, before - 1)->facts.time;
	timeline->gap_until = dmk_recorded_nth(recorder, before)->facts.time;
}

/* In a crash the lock may be held by the thread that crashed: then it never comes free. */
static bool lock_or_give_up(struct dmk_recorder *recorder)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 2;
	return pthread_mutex_timedlock(&recorder->lock, &until) == 0;
}

struct dmk_timeline *dmk_recorder_timeline(struct dmk_recorder *recorder,
					   struct dmk_symbols *symbols)
{
	struct dmk_timeline *timeline = calloc(1, sizeof(*timeline));

	if (!timeline || !lock_or_give_up(recorder)) {
		free(timeline);
		return NULL;
	}
	timeline->end = dmk_recorder_now(recorder);
	show_gap(timeline, recorder);
	for (size_t i = 0; i < recorder->nr_sites; i++)
		show_site(timeline, symbols, recorder->site[i]);
	show_devices(timeline, recorder);
	show_threads(timeline, recorder);
	for (struct dmk_recorded_buffer *buffer = recorder->oldest; buffer; buffer = buffer->newer)
		show_buffer(timeline, buffer);
	show_events(timeline, recorder);
	pthread_mutex_unlock(&recorder->lock);
	return timeline;
}
