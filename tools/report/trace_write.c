/* SPDX-License-Identifier: MIT */
/*
 * Timelines in the Trace Event Format ("Trace Event Format", the Chromium project; Perfetto reads
 * it too). A machine is a process; its tracks are the driver's threads and, below, its devices. A
 * buffer's life is an asynchronous slice, what happens to it an instant in that slice and on the
 * track of who did it. Events are written in the order of time.
 */
#include "report/json.h"
#include "report/timeline.h"
#include "report/trace.h"

#include <errno.h>

/* Numbers of tracks in a process: threads from 1, devices from here. */
enum { DEVICE_TRACKS = 100000 };

enum { BOUNCE_SLOT = 2048, IOVA_GRANULE = 4096 };

struct trace {
	FILE *out;
	const struct dmk_report *report;
	const struct dmk_timeline *timeline;
	int process;
	bool first, failed;
	struct {
		int64_t mappings, mapped_bytes, allocated_bytes, slots, iova;
	} now;
};

/* --- one event -------------------------------------------------------------------------------- */

/* Microseconds, to the nanosecond. */
static json_t *time_of(uint64_t time)
{
	return json_real((double)time / 1000);
}

static void emit(struct trace *trace, json_t *event)
{
	char *text = event ? json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

	json_decref(event);
	if (!text || fprintf(trace->out, "%s\n%s", trace->first ? "" : ",", text) < 0)
		trace->failed = true;
	trace->first = false;
	free(text);
}

static json_t *event_of(const struct trace *trace, const char *phase, json_t *name, uint64_t time,
			int track)
{
	return json_pack("{s:s, s:o, s:o, s:i, s:i}", "ph", phase, "name", name, "ts",
			 time_of(time), "pid", trace->process, "tid", track);
}

static void emit_metadata(struct trace *trace, const char *what, int track, const char *key,
			  json_t *value)
{
	emit(trace, json_pack("{s:s, s:s, s:i, s:i, s:{s:o}}", "ph", "M", "name", what, "pid",
			      trace->process, "tid", track, "args", key, value));
}

/* --- words ------------------------------------------------------------------------------------ */

static json_t *place_of(const struct trace *trace, int site)
{
	const struct dmk_report_frame *frame;
	const char *file;

	if (site < 0)
		return json_null();
	frame = &trace->timeline->site[site];
	if (!frame->file)
		return frame->function ? text_of(frame->function) : hex_of(frame->address);
	file = strrchr(frame->file, '/');
	return json_sprintf("%s (%s:%u)", frame->function ? frame->function : "?",
			    file ? file + 1 : frame->file, frame->line);
}

static json_t *direction_of(int direction)
{
	return direction < 0 ? json_null()
			     : json_string(dmk_report_direction((enum dmk_direction)direction));
}

static json_t *device_name(const struct trace *trace, int device)
{
	return device < 0 ? json_null() : text_of(trace->timeline->device[device].name);
}

static int thread_track(int thread)
{
	return thread < 0 ? 0 : thread + 1;
}

static bool is_device_s(enum dmk_timeline_what what)
{
	return what == DMK_TIMELINE_DEVICE_READ || what == DMK_TIMELINE_DEVICE_WRITE ||
	       what == DMK_TIMELINE_TRANSFER_BEGIN || what == DMK_TIMELINE_TRANSFER_END;
}

static int track_of(const struct dmk_timeline_event *event)
{
	if (is_device_s(event->what) && event->device >= 0)
		return DEVICE_TRACKS + event->device;
	return thread_track(event->thread);
}

/* --- a buffer's life -------------------------------------------------------------------------- */

static json_t *buffer_name(const struct dmk_timeline_buffer *buffer)
{
	return json_sprintf("%s, %" PRIu64 " byte%s", dmk_timeline_kind_name(buffer->kind),
			    buffer->size, buffer->size == 1 ? "" : "s");
}

/* The same for all of a buffer's events, and nobody else's in the file. */
static void set_id(const struct trace *trace, json_t *event, const char *category, uint64_t number)
{
	json_object_set_new(event, "cat", json_string(category));
	json_object_set_new(event, "id",
			    json_sprintf("%d.%s.%" PRIu64, trace->process, category, number));
}

static bool is_mapping(const struct dmk_timeline_buffer *buffer)
{
	return buffer->kind <= DMK_TIMELINE_LINK;
}

static uint64_t rounded(uint64_t size, uint64_t unit)
{
	return size / unit + (size % unit != 0);
}

/* At least so many: where in its slot a piece begins is not known. */
static int64_t slots_of(const struct dmk_timeline_buffer *buffer)
{
	uint64_t slots = 0;

	if (!buffer->bounced)
		return 0;
	if (!buffer->nr_pieces)
		return (int64_t)rounded(buffer->size, BOUNCE_SLOT);
	for (size_t i = 0; i < buffer->nr_pieces; i++)
		slots += rounded(buffer->piece[i].size, BOUNCE_SLOT);
	return (int64_t)slots;
}

static uint64_t granules_of(uint64_t dma, uint64_t size)
{
	return size ? (dma + (size - 1)) / IOVA_GRANULE - dma / IOVA_GRANULE + 1 : 0;
}

/* Bytes of an IOMMU's addresses; what is linked, or a pool's block, lies in another's. */
static int64_t iova_of(const struct trace *trace, const struct dmk_timeline_buffer *buffer)
{
	uint64_t granules = 0;

	if (buffer->device < 0 || !trace->timeline->device[buffer->device].iommu ||
	    buffer->kind == DMK_TIMELINE_LINK || buffer->kind == DMK_TIMELINE_POOL_BLOCK)
		return 0;
	if (!buffer->nr_pieces)
		granules = granules_of(buffer->dma, buffer->size);
	for (size_t i = 0; i < buffer->nr_pieces; i++)
		granules += granules_of(buffer->piece[i].dma, buffer->piece[i].size);
	return (int64_t)granules * IOVA_GRANULE;
}

static void emit_counter(struct trace *trace, const char *name, uint64_t time, const char *key,
			 int64_t value)
{
	json_t *event = event_of(trace, "C", json_string(name), time, 0);

	json_object_set_new(event, "args", json_pack("{s:I}", key, (json_int_t)value));
	emit(trace, event);
}

/* @sign: 1 when the buffer comes, -1 when it goes. What does not change is not said again. */
static void count(struct trace *trace, const struct dmk_timeline_buffer *buffer, uint64_t time,
		  int64_t sign)
{
	const int64_t size = (int64_t)buffer->size, slots = slots_of(buffer),
		      iova = iova_of(trace, buffer);

	if (is_mapping(buffer)) {
		trace->now.mappings += sign;
		trace->now.mapped_bytes += sign * size;
		emit_counter(trace, "mappings live", time, "mappings", trace->now.mappings);
		emit_counter(trace, "bytes mapped", time, "bytes", trace->now.mapped_bytes);
	} else if (buffer->kind != DMK_TIMELINE_POOL_BLOCK &&
		   buffer->kind != DMK_TIMELINE_ADDRESSES) {
		trace->now.allocated_bytes += sign * size;
		emit_counter(trace, "bytes allocated for devices", time, "bytes",
			     trace->now.allocated_bytes);
	}
	trace->now.slots += sign * slots;
	trace->now.iova += sign * iova;
	if (slots)
		emit_counter(trace, "bounce slots in use", time, "slots", trace->now.slots);
	if (iova)
		emit_counter(trace, "IOVA in use", time, "bytes", trace->now.iova);
}

static int buffer_track(const struct dmk_timeline_buffer *buffer)
{
	return buffer->device < 0 ? 0 : DEVICE_TRACKS + buffer->device;
}

static void begin_buffer(struct trace *trace, size_t i)
{
	const struct dmk_timeline_buffer *buffer = &trace->timeline->buffer[i];
	json_t *event = event_of(trace, "b", buffer_name(buffer), buffer->from,
				 buffer_track(buffer));

	set_id(trace, event, "buffer", i);
	json_object_set_new(event, "args",
			    json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:b, s:o, s:o}", "device",
				      device_name(trace, buffer->device), "dma",
				      hex_of(buffer->dma), "phys", hex_of(buffer->phys), "cpu",
				      hex_of(buffer->cpu), "size", (json_int_t)buffer->size,
				      "direction", direction_of(buffer->direction), "bounced",
				      buffer->bounced, "from", place_of(trace, buffer->site),
				      "pool", text_of(buffer->pool)));
	emit(trace, event);
	count(trace, buffer, buffer->from, 1);
}

static bool is_left(const struct dmk_timeline_buffer *buffer)
{
	return buffer->until == DMK_TIMELINE_NEVER;
}

static uint64_t end_of(const struct trace *trace, const struct dmk_timeline_buffer *buffer)
{
	return is_left(buffer) ? trace->timeline->end : buffer->until;
}

static void end_buffer(struct trace *trace, size_t i)
{
	const struct dmk_timeline_buffer *buffer = &trace->timeline->buffer[i];
	const uint64_t time = end_of(trace, buffer);
	json_t *event = event_of(trace, "e", buffer_name(buffer), time, buffer_track(buffer));

	set_id(trace, event, "buffer", i);
	json_object_set_new(event, "args",
			    json_pack("{s:b, s:o}", "left behind", is_left(buffer), "until",
				      place_of(trace, buffer->end_site)));
	emit(trace, event);
	count(trace, buffer, time, -1);
}

/* --- what happens ----------------------------------------------------------------------------- */

static const struct dmk_report_finding *finding_of(const struct trace *trace, uint64_t id)
{
	const struct dmk_report *report = trace->report;

	if (id < report->nr_findings)
		return &report->finding[id];
	id -= report->nr_findings;
	return id < report->nr_suppressed ? &report->suppressed[id] : NULL;
}

static const char *category_of(const struct dmk_timeline_event *event)
{
	switch (event->what) {
	case DMK_TIMELINE_MAP:
	case DMK_TIMELINE_UNMAP:
	case DMK_TIMELINE_MAP_FAILED:
		return event->result ? "map,failed" : "map";
	case DMK_TIMELINE_SYNC_FOR_CPU:
	case DMK_TIMELINE_SYNC_FOR_DEVICE:
	case DMK_TIMELINE_SYNC_LINKED:
		return "sync";
	case DMK_TIMELINE_DEVICE_READ:
	case DMK_TIMELINE_DEVICE_WRITE:
		return event->result ? "device,fault" : "device";
	case DMK_TIMELINE_CPU_READ:
	case DMK_TIMELINE_CPU_WRITE:
		return "cpu";
	case DMK_TIMELINE_FINDING:
		return "finding";
	default:
		if (dmk_timeline_is_driver_s(event->what))
			return "driver";
		return event->result ? "memory,failed" : "memory";
	}
}

static json_t *event_name(const struct trace *trace, const struct dmk_timeline_event *event)
{
	const struct dmk_report_finding *finding = event->what == DMK_TIMELINE_FINDING
							   ? finding_of(trace, event->id)
							   : NULL;
	const char *word = dmk_timeline_what_name(event->what);

	if (finding)
		return json_sprintf("%s: %s", finding->rule ? finding->rule : "?",
				    finding->title ? finding->title : "");
	if (event->result && is_device_s(event->what))
		return json_sprintf("%s refused", word);
	return json_string(word);
}

static void add_finding(const struct trace *trace, json_t *args, uint64_t id)
{
	const struct dmk_report_finding *finding = finding_of(trace, id);

	if (!finding)
		return;
	json_object_set_new(args, "what", text_of(finding->what));
	json_object_set_new(args, "mend", text_of(finding->mend));
	if (finding->suppressed)
		json_object_set_new(args, "suppressed", text_of(finding->suppressed));
}

static json_t *args_of(const struct trace *trace, const struct dmk_timeline_event *event)
{
	const struct dmk_timeline_buffer *buffer =
		event->buffer < 0 ? NULL : &trace->timeline->buffer[event->buffer];
	json_t *args = json_pack("{s:o, s:o}", "device", device_name(trace, event->device), "at",
				 place_of(trace, event->site));

	if (!dmk_timeline_is_driver_s(event->what))
		json_object_set_new(args, "size", json_integer((json_int_t)event->size));
	if (buffer) {
		json_object_set_new(args, "buffer", buffer_name(buffer));
		json_object_set_new(args, "dma", hex_of(buffer->dma));
		json_object_set_new(args, "offset", json_integer((json_int_t)event->at));
	} else if (!dmk_timeline_is_driver_s(event->what)) {
		json_object_set_new(args, "dma", hex_of(event->at));
	}
	if (event->direction >= 0)
		json_object_set_new(args, "direction", direction_of(event->direction));
	if (event->result)
		json_object_set_new(args, "errno", json_integer(-event->result));
	if (event->count > 1) {
		json_object_set_new(args, "times", json_integer((json_int_t)event->count));
		json_object_set_new(args, "over us", time_of(event->duration));
	}
	if (event->what == DMK_TIMELINE_FINDING)
		add_finding(trace, args, event->id);
	return args;
}

/* On the track of who did it. */
static void emit_instant(struct trace *trace, const struct dmk_timeline_event *event)
{
	json_t *instant = event_of(trace, "i", event_name(trace, event), event->time,
				   track_of(event));

	json_object_set_new(instant, "cat", json_string(category_of(event)));
	json_object_set_new(instant, "s",
			    json_string(event->what == DMK_TIMELINE_FINDING ? "p" : "t"));
	json_object_set_new(instant, "args", args_of(trace, event));
	emit(trace, instant);
}

/* In the slice of the buffer, while that is there; the instant on the track says the rest. */
static void emit_inside(struct trace *trace, const struct dmk_timeline_event *event)
{
	const struct dmk_timeline_buffer *buffer;
	json_t *inside;

	if (event->buffer < 0)
		return;
	buffer = &trace->timeline->buffer[event->buffer];
	if (event->time < buffer->from || event->time > end_of(trace, buffer) ||
	    event->time == buffer->from || event->time == buffer->until)
		return;
	inside = event_of(trace, "n", event_name(trace, event), event->time, buffer_track(buffer));
	set_id(trace, inside, "buffer", (uint64_t)event->buffer);
	emit(trace, inside);
}

/* A transfer is a slice of its own, if both its ends were kept. */
static void emit_transfer(struct trace *trace, const struct dmk_timeline_event *event)
{
	const bool begins = event->what == DMK_TIMELINE_TRANSFER_BEGIN;
	json_t *slice = event_of(trace, begins ? "b" : "e", json_string("transfer"), event->time,
				 track_of(event));

	set_id(trace, slice, "transfer", event->id);
	json_object_set_new(slice, "args", args_of(trace, event));
	emit(trace, slice);
}

/* --- in the order of time --------------------------------------------------------------------- */

/* At the same time what begins comes first, what ends last. */
enum rank { BEGINS, HAPPENS, ENDS };

struct moment {
	uint64_t time;
	enum rank rank;
	size_t index; /* of the buffer that begins or ends, of the event */
};

static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static struct moment *moments_of(const struct trace *trace, size_t *n)
{
	const struct dmk_timeline *timeline = trace->timeline;
	const size_t all = 2 * timeline->nr_buffers + timeline->nr_events;
	struct moment *moment = calloc(all + 1, sizeof(*moment));

	*n = 0;
	if (!moment)
		return NULL;
	for (size_t i = 0; i < timeline->nr_buffers; i++) {
		const struct dmk_timeline_buffer *buffer = &timeline->buffer[i];

		moment[(*n)++] = (struct moment){buffer->from, BEGINS, i};
		moment[(*n)++] = (struct moment){end_of(trace, buffer), ENDS, i};
	}
	for (size_t i = 0; i < timeline->nr_events; i++)
		moment[(*n)++] = (struct moment){timeline->event[i].time, HAPPENS, i};
	qsort(moment, *n, sizeof(*moment), by_time);
	return moment;
}

static int by_id(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The transfers that have both ends: their ids, ascending. */
static uint64_t *whole_transfers(const struct dmk_timeline *timeline, size_t *n)
{
	uint64_t *id = calloc(timeline->nr_events + 1, sizeof(*id));
	size_t all = 0;

	*n = 0;
	for (size_t i = 0; id && i < timeline->nr_events; i++)
		if (timeline->event[i].what == DMK_TIMELINE_TRANSFER_BEGIN ||
		    timeline->event[i].what == DMK_TIMELINE_TRANSFER_END)
			id[all++] = timeline->event[i].id;
	if (all)
		qsort(id, all, sizeof(*id), by_id);
	for (size_t i = 1; i < all; i++)
		if (id[i] == id[i - 1])
			id[(*n)++] = id[i];
	return id;
}

static void emit_event(struct trace *trace, const struct dmk_timeline_event *event,
		       const uint64_t *whole, size_t nr_whole)
{
	const bool transfer = event->what == DMK_TIMELINE_TRANSFER_BEGIN ||
			      event->what == DMK_TIMELINE_TRANSFER_END;

	if (!transfer) {
		emit_instant(trace, event);
		emit_inside(trace, event);
	} else if (nr_whole && bsearch(&event->id, whole, nr_whole, sizeof(*whole), by_id)) {
		emit_transfer(trace, event);
	} else {
		emit_instant(trace, event);
	}
}

static void emit_gap(struct trace *trace)
{
	const struct dmk_timeline *timeline = trace->timeline;
	json_t *gap = event_of(trace, "X", json_string("events were dropped"), timeline->gap_from,
			       0);

	json_object_set_new(gap, "cat", json_string("gap"));
	json_object_set_new(gap, "dur", time_of(timeline->gap_until - timeline->gap_from));
	json_object_set_new(gap, "args",
			    json_pack("{s:I, s:I}", "dropped", (json_int_t)timeline->dropped,
				      "kept", (json_int_t)timeline->nr_events));
	emit(trace, gap);
}

static void emit_timeline(struct trace *trace)
{
	const struct dmk_timeline *timeline = trace->timeline;
	bool gap = timeline->dropped > 0;
	size_t n, nr_whole;
	struct moment *moment = moments_of(trace, &n);
	uint64_t *whole = whole_transfers(timeline, &nr_whole);

	trace->failed |= !moment || !whole;
	for (size_t i = 0; i < n; i++) {
		if (gap && moment[i].time >= timeline->gap_from) {
			emit_gap(trace);
			gap = false;
		}
		if (moment[i].rank == BEGINS)
			begin_buffer(trace, moment[i].index);
		else if (moment[i].rank == ENDS)
			end_buffer(trace, moment[i].index);
		else
			emit_event(trace, &timeline->event[moment[i].index], whole, nr_whole);
	}
	free(moment);
	free(whole);
}

/* --- processes and tracks --------------------------------------------------------------------- */

static void emit_tracks(struct trace *trace)
{
	const struct dmk_timeline *timeline = trace->timeline;

	emit_metadata(trace, "thread_name", 0, "name", json_string("recorder"));
	emit_metadata(trace, "thread_sort_index", 0, "sort_index", json_integer(2 * DEVICE_TRACKS));
	for (size_t i = 0; i < timeline->nr_threads; i++) {
		const int track = thread_track((int)i);

		emit_metadata(trace, "thread_name", track, "name",
			      json_sprintf("thread %s", timeline->thread[i].name
								? timeline->thread[i].name
								: "?"));
		emit_metadata(trace, "thread_sort_index", track, "sort_index", json_integer(track));
	}
	for (size_t i = 0; i < timeline->nr_devices; i++) {
		const struct dmk_timeline_device *device = &timeline->device[i];
		const int track = DEVICE_TRACKS + (int)i;

		emit_metadata(trace, "thread_name", track, "name",
			      json_sprintf("device %s%s%s", device->name ? device->name : "?",
					   device->driver ? ", driver " : "",
					   device->driver ? device->driver : ""));
		emit_metadata(trace, "thread_sort_index", track, "sort_index", json_integer(track));
	}
}

static void emit_machine(struct trace *trace, const struct dmk_report *report)
{
	trace->report = report;
	trace->timeline = report->timeline;
	trace->process++;
	memset(&trace->now, 0, sizeof(trace->now));
	emit_metadata(trace, "process_name", 0, "name", text_of(report->machine));
	emit_metadata(trace, "process_sort_index", 0, "sort_index", json_integer(trace->process));
	if (report->summary)
		emit_metadata(trace, "process_labels", 0, "labels", text_of(report->summary));
	if (!trace->timeline)
		return; /* it did not come so far */
	emit_tracks(trace);
	emit_timeline(trace);
}

int dmk_trace_write(FILE *out, const struct dmk_report *reports, size_t n, const char *version)
{
	struct trace trace = {.out = out, .first = true};

	fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"producer\":\"dmakit ", out);
	fputs(version, out);
	fputs("\"},\"traceEvents\":[", out);
	for (size_t i = 0; i < n; i++)
		emit_machine(&trace, &reports[i]);
	fputs("\n]}\n", out);
	if (fflush(out) == EOF || ferror(out))
		return -EIO;
	return trace.failed ? -ENOMEM : 0;
}
