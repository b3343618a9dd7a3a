/* SPDX-License-Identifier: MIT */
/*
 * A timeline as JSON, there and back. Events are rows of numbers under named columns, and a row
 * ends at its last value that says something, since there are many of them. What is read comes from
 * a program that a driver may have damaged: an index that names nothing is none, an event that is
 * no row is left out.
 */
#include "report/json.h"
#include "report/timeline.h"

enum column {
	TIME,
	WHAT,
	THREAD,
	DEVICE,
	BUFFER,
	AT,
	SIZE,
	SITE,
	DIRECTION,
	RESULT,
	ID,
	COUNT,
	DURATION,
	COLUMNS
};

static const char *const column_name[COLUMNS] = {
	[TIME] = "time",           [WHAT] = "what",     [THREAD] = "thread", [DEVICE] = "device",
	[BUFFER] = "buffer",       [AT] = "at",         [SIZE] = "size",     [SITE] = "site",
	[DIRECTION] = "direction", [RESULT] = "result", [ID] = "id",         [COUNT] = "count",
	[DURATION] = "duration",
};

/* --- there ------------------------------------------------------------------------------------ */

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *number_unless(uint64_t value, uint64_t usual)
{
	return value == usual ? json_null() : number(value);
}

static json_t *index_of(int index)
{
	return index < 0 ? json_null() : json_integer(index);
}

static json_t *direction_of(int direction)
{
	return direction < 0 ? json_null()
			     : json_string(dmk_report_direction((enum dmk_direction)direction));
}

static json_t *pieces_of(const struct dmk_timeline_buffer *buffer)
{
	json_t *array = json_array();

	for (size_t i = 0; i < buffer->nr_pieces; i++)
		json_array_append_new(array, json_pack("[o, o]", hex_of(buffer->piece[i].dma),
						       number(buffer->piece[i].size)));
	return array;
}

static json_t *buffer_of(const struct dmk_timeline_buffer *buffer)
{
	return json_pack(
		"{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"kind", dmk_timeline_kind_name(buffer->kind), "device", index_of(buffer->device),
		"dma", hex_of(buffer->dma), "phys", hex_of(buffer->phys), "cpu",
		hex_of(buffer->cpu), "size", number(buffer->size), "direction",
		direction_of(buffer->direction), "bounced", buffer->bounced, "from",
		number(buffer->from), "until", number_unless(buffer->until, DMK_TIMELINE_NEVER),
		"site", index_of(buffer->site), "end_site", index_of(buffer->end_site), "pool",
		text_of(buffer->pool), "pieces", pieces_of(buffer), "more_pieces",
		number(buffer->more_pieces));
}

static json_t *address_of(const struct dmk_timeline_event *event)
{
	if (dmk_timeline_is_driver_s(event->what))
		return json_null();
	return event->buffer < 0 ? hex_of(event->at) : number(event->at);
}

static json_t *event_of(const struct dmk_timeline_event *event)
{
	const bool has_id = event->what == DMK_TIMELINE_TRANSFER_BEGIN ||
			    event->what == DMK_TIMELINE_TRANSFER_END ||
			    event->what == DMK_TIMELINE_FINDING;
	json_t *row = json_array();

	json_array_append_new(row, number(event->time));
	json_array_append_new(row, json_integer(event->what));
	json_array_append_new(row, index_of(event->thread));
	json_array_append_new(row, index_of(event->device));
	json_array_append_new(row, index_of(event->buffer));
	json_array_append_new(row, address_of(event));
	json_array_append_new(row, dmk_timeline_is_driver_s(event->what) ? json_null()
									 : number(event->size));
	json_array_append_new(row, index_of(event->site));
	json_array_append_new(row, index_of(event->direction));
	json_array_append_new(row, event->result ? json_integer(event->result) : json_null());
	json_array_append_new(row, has_id ? number(event->id) : json_null());
	json_array_append_new(row, number_unless(event->count, 1));
	json_array_append_new(row, number_unless(event->duration, 0));
	while (json_is_null(json_array_get(row, json_array_size(row) - 1)))
		json_array_remove(row, json_array_size(row) - 1);
	return row;
}

static json_t *sites_of(const struct dmk_timeline *timeline)
{
	json_t *array = json_array();

	for (size_t i = 0; i < timeline->nr_sites; i++)
		json_array_append_new(array, frame_of(&timeline->site[i]));
	return array;
}

static json_t *devices_of(const struct dmk_timeline *timeline)
{
	json_t *array = json_array();

	for (size_t i = 0; i < timeline->nr_devices; i++)
		json_array_append_new(array,
				      json_pack("{s:o, s:o, s:I, s:b}", "name",
						text_of(timeline->device[i].name), "driver",
						text_of(timeline->device[i].driver), "requester",
						(json_int_t)timeline->device[i].requester, "iommu",
						timeline->device[i].iommu));
	return array;
}

static json_t *threads_of(const struct dmk_timeline *timeline)
{
	json_t *array = json_array();

	for (size_t i = 0; i < timeline->nr_threads; i++)
		json_array_append_new(array, json_pack("{s:o, s:i}", "name",
						       text_of(timeline->thread[i].name), "tid",
						       timeline->thread[i].tid));
	return array;
}

static json_t *words(const char *(*word)(int), int n)
{
	json_t *array = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(array, json_string(word(i)));
	return array;
}

static const char *what_word(int what)
{
	return dmk_timeline_what_name((enum dmk_timeline_what)what);
}

static const char *column_word(int column)
{
	return column_name[column];
}

static json_t *gap_of(const struct dmk_timeline *timeline)
{
	if (!timeline->dropped)
		return json_null();
	return json_pack("[o, o]", number(timeline->gap_from), number(timeline->gap_until));
}

json_t *dmk_timeline_json(const struct dmk_timeline *timeline)
{
	json_t *buffers, *events;

	if (!timeline)
		return json_null();
	buffers = json_array();
	events = json_array();
	for (size_t i = 0; i < timeline->nr_buffers; i++)
		json_array_append_new(buffers, buffer_of(&timeline->buffer[i]));
	for (size_t i = 0; i < timeline->nr_events; i++)
		json_array_append_new(events, event_of(&timeline->event[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "end",
			 number(timeline->end), "limit", number(timeline->limit), "seen",
			 number(timeline->seen), "dropped", number(timeline->dropped), "gap",
			 gap_of(timeline), "sites", sites_of(timeline), "devices",
			 devices_of(timeline), "threads", threads_of(timeline), "buffers", buffers,
			 "whats", words(what_word, DMK_TIMELINE_WHATS), "columns",
			 words(column_word, COLUMNS), "events", events);
}

/* --- and back --------------------------------------------------------------------------------- */

static uint64_t number_at(const json_t *row, enum column column, uint64_t usual)
{
	const json_t *value = json_array_get(row, column);

	if (json_is_string(value))
		return strtoull(json_string_value(value), NULL, 0);
	return json_is_integer(value) ? (uint64_t)json_integer_value(value) : usual;
}

static int as_index(const json_t *value, size_t n)
{
	const json_int_t index = json_is_integer(value) ? json_integer_value(value) : -1;

	return index < 0 || (uint64_t)index >= n ? -1 : (int)index;
}

static int index_in(const json_t *object, const char *key, size_t n)
{
	return as_index(json_object_get(object, key), n);
}

static int direction_in(const json_t *object)
{
	const char *text = json_string_value(json_object_get(object, "direction"));

	for (int i = 0; text && i <= DMK_NONE; i++)
		if (!strcmp(text, dmk_report_direction((enum dmk_direction)i)))
			return i;
	return -1;
}

static enum dmk_timeline_kind kind_in(const json_t *object)
{
	const char *text = json_string_value(json_object_get(object, "kind"));

	for (int i = 0; text && i < DMK_TIMELINE_KINDS; i++)
		if (!strcmp(text, dmk_timeline_kind_name((enum dmk_timeline_kind)i)))
			return (enum dmk_timeline_kind)i;
	return DMK_TIMELINE_SINGLE;
}

static void read_sites(const json_t *array, struct dmk_timeline *timeline)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_report_frame *frame =
			dmk_report_grow(&timeline->site, &timeline->nr_sites, sizeof(*frame));

		if (frame)
			read_frame(item, frame);
	}
}

static void read_devices(const json_t *array, struct dmk_timeline *timeline)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_timeline_device *device =
			dmk_report_grow(&timeline->device, &timeline->nr_devices, sizeof(*device));

		if (!device)
			return;
		device->name = text_in(item, "name");
		device->driver = text_in(item, "driver");
		device->requester = (uint32_t)number_in(item, "requester");
		device->iommu = true_in(item, "iommu");
	}
}

static void read_threads(const json_t *array, struct dmk_timeline *timeline)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_timeline_thread *thread =
			dmk_report_grow(&timeline->thread, &timeline->nr_threads, sizeof(*thread));

		if (!thread)
			return;
		thread->name = text_in(item, "name");
		thread->tid = (int)number_in(item, "tid");
	}
}

static void read_pieces(const json_t *array, struct dmk_timeline_buffer *buffer)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_timeline_piece *piece =
			dmk_report_grow(&buffer->piece, &buffer->nr_pieces, sizeof(*piece));

		if (!piece)
			return;
		piece->dma = number_at(item, 0, 0);
		piece->size = number_at(item, 1, 0);
	}
}

static void read_buffer(const json_t *item, const struct dmk_timeline *timeline,
			struct dmk_timeline_buffer *buffer)
{
	buffer->kind = kind_in(item);
	buffer->device = index_in(item, "device", timeline->nr_devices);
	buffer->dma = number_in(item, "dma");
	buffer->phys = number_in(item, "phys");
	buffer->cpu = number_in(item, "cpu");
	buffer->size = number_in(item, "size");
	buffer->direction = direction_in(item);
	buffer->bounced = json_is_true(json_object_get(item, "bounced"));
	buffer->from = number_in(item, "from");
	buffer->until = json_is_integer(json_object_get(item, "until")) ? number_in(item, "until")
									: DMK_TIMELINE_NEVER;
	buffer->site = index_in(item, "site", timeline->nr_sites);
	buffer->end_site = index_in(item, "end_site", timeline->nr_sites);
	buffer->pool = text_in(item, "pool");
	read_pieces(json_object_get(item, "pieces"), buffer);
	buffer->more_pieces = number_in(item, "more_pieces");
}

static void read_event(const json_t *row, const struct dmk_timeline *timeline,
		       struct dmk_timeline_event *event)
{
	event->what = (enum dmk_timeline_what)number_at(row, WHAT, 0);
	event->time = number_at(row, TIME, 0);
	event->thread = as_index(json_array_get(row, THREAD), timeline->nr_threads);
	event->device = as_index(json_array_get(row, DEVICE), timeline->nr_devices);
	event->buffer = as_index(json_array_get(row, BUFFER), timeline->nr_buffers);
	event->at = number_at(row, AT, 0);
	event->size = number_at(row, SIZE, 0);
	event->site = as_index(json_array_get(row, SITE), timeline->nr_sites);
	event->direction = as_index(json_array_get(row, DIRECTION), DMK_NONE + 1);
	event->result = (int)number_at(row, RESULT, 0);
	event->id = number_at(row, ID, 0);
	event->count = number_at(row, COUNT, 1);
	event->duration = number_at(row, DURATION, 0);
}

static void read_events(const json_t *array, struct dmk_timeline *timeline)
{
	const json_t *row;
	size_t i;

	json_array_foreach(array, i, row)
	{
		struct dmk_timeline_event *event;

		if (as_index(json_array_get(row, WHAT), DMK_TIMELINE_WHATS) < 0)
			continue;
		event = dmk_report_grow(&timeline->event, &timeline->nr_events, sizeof(*event));
		if (!event)
			return;
		read_event(row, timeline, event);
	}
}

struct dmk_timeline *dmk_timeline_read(const json_t *object)
{
	struct dmk_timeline *timeline;
	const json_t *gap, *item;
	size_t i;

	if (!json_is_object(object))
		return NULL;
	timeline = calloc(1, sizeof(*timeline));
	if (!timeline)
		return NULL;
	gap = json_object_get(object, "gap");
	timeline->end = number_in(object, "end");
	timeline->limit = number_in(object, "limit");
	timeline->seen = number_in(object, "seen");
	timeline->dropped = number_in(object, "dropped");
	timeline->gap_from = number_at(gap, 0, 0);
	timeline->gap_until = number_at(gap, 1, 0);
	read_sites(json_object_get(object, "sites"), timeline);
	read_devices(json_object_get(object, "devices"), timeline);
	read_threads(json_object_get(object, "threads"), timeline);
	json_array_foreach(json_object_get(object, "buffers"), i, item)
	{
		struct dmk_timeline_buffer *buffer =
			dmk_report_grow(&timeline->buffer, &timeline->nr_buffers, sizeof(*buffer));

		if (buffer)
			read_buffer(item, timeline, buffer);
	}
	read_events(json_object_get(object, "events"), timeline);
	return timeline;
}
