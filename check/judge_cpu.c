/* SPDX-License-Identifier: MIT */
/*
 * Whose turn it is. The CPU's accesses to a buffer that the device owns (STR-03), and the syncs
 * that were left out or too short, seen from both sides (SYN-02). All are judged by what was said
 * with map, sync and unmap: on a machine that is coherent too, where the bytes are right by luck.
 *
 * One mistake, one report: what the CPU does to a buffer after its first mistake there, and until
 * the next sync, follows from that, and is counted on it. Reading and writing are two.
 */
#include "findings.h"

#include <stdio.h>

#define ULL(value) ((unsigned long long)(value))

/** The part of an access that lies in one piece of a buffer, as offsets in the buffer. */
struct touch {
	struct dmk_record *record;
	const struct dmk_event *event;
	uint64_t first, last;
	uint64_t bad; /* the first byte that may not be accessed */
};

static const char *made(const struct dmk_record *record)
{
	return record->kind == DMK_RECORD_MAPPING ? "mapped" : "allocated";
}

static const char *sync_call(const struct dmk_record *record, bool for_cpu)
{
	if (record->kind == DMK_RECORD_NONCONTIGUOUS)
		return for_cpu ? "dma_sync_sgtable_for_cpu" : "dma_sync_sgtable_for_device";
	if (record->map_kind == DMK_MAP_SG && record->kind == DMK_RECORD_MAPPING)
		return for_cpu ? "dma_sync_sg_for_cpu" : "dma_sync_sg_for_device";
	return for_cpu ? "dma_sync_single_for_cpu" : "dma_sync_single_for_device";
}

static const struct dmk_trace *trace_of(struct dmk_checker *checker, const struct dmk_event *event)
{
	struct dmk_stack stack;

	dmk_stack_walk(&stack, event->caller, event->frame, checker->options.stack_depth);
	return dmk_trace_keep(&checker->traces, &stack);
}

/* --- the words -------------------------------------------------------------------------------- */

struct words {
	char text[160];
};

/* What the CPU has of the buffer: why these bytes are not the CPU's. */
static struct words turn_of(const struct touch *touch)
{
	const struct dmk_turns *turns = &touch->record->turns;
	const struct dmk_span *near = dmk_spans_touching(&turns->cpu, 0, touch->bad);
	struct words words;

	if (!near)
		near = dmk_spans_touching(&turns->cpu, touch->bad, ~0ULL);
	if (!near)
		snprintf(words.text, sizeof(words.text), "and no sync for the CPU came since");
	else if (near->last - near->first == ~0ULL)
		snprintf(words.text, sizeof(words.text), "and not the CPU's");
	else
		snprintf(words.text, sizeof(words.text),
			 "and the CPU's by a sync are bytes %llu to %llu only", ULL(near->first),
			 ULL(near->last));
	return words;
}

/* "wrote 4 bytes at offset 16 of a single buffer of 256 bytes (memcpy)" */
static struct words access_of(const struct touch *touch)
{
	const uint64_t size = touch->last - touch->bad + 1;
	const char *call = touch->event->name;
	struct words words;

	snprintf(words.text, sizeof(words.text),
		 "%s %llu byte%s at offset %llu of a %s buffer of %llu byte%s%s%s%s",
		 touch->event->write ? "wrote" : "read", ULL(size), dmk_plural(size),
		 ULL(touch->bad), dmk_kind_name(touch->record->kind, touch->record->map_kind),
		 ULL(touch->record->size), dmk_plural(touch->record->size), call ? " (" : "",
		 call ? call : "", call ? ")" : "");
	return words;
}

static void say_owned(struct dmk_finding *finding, const struct touch *touch)
{
	const struct dmk_record *record = touch->record;
	const struct words access = access_of(touch), turn = turn_of(touch);

	dmk_say(finding, "the CPU %s while it is the device's: %s %s, %s", access.text,
		made(record), dmk_direction_name(record->dir), turn.text);
	if (touch->event->write)
		dmk_mend(
			finding,
			"write it before it is %s, or after the unmap; or between %s() and %s(), while the device leaves it alone",
			record->kind == DMK_RECORD_MAPPING ? "mapped" : "synced for the device",
			sync_call(record, true), sync_call(record, false));
	else if (record->dir == DMK_TO_DEVICE)
		dmk_mend(
			finding,
			"read it before it is mapped or after the unmap, or keep a copy; or call %s() before, and %s() after it",
			sync_call(record, true), sync_call(record, false));
	else
		dmk_mend(
			finding,
			"read it after the unmap, or after %s(), once the device is done; what both sides poll belongs in "
			"dma_alloc_coherent() memory",
			sync_call(record, true));
}

static void say_unsynced(struct dmk_finding *finding, const struct touch *touch, bool stale)
{
	const struct dmk_record *record = touch->record;
	const struct words access = access_of(touch), turn = turn_of(touch);

	dmk_say(finding, "the CPU %s, which the device has written%s%s", access.text,
		stale ? " since the last sync for the CPU" : ", ", stale ? "" : turn.text);
	dmk_mend(
		finding,
		"after the device is done and before the CPU reads: %s(), of at least bytes %llu to %llu, %s; or the unmap",
		sync_call(record, true), ULL(touch->bad), ULL(touch->last),
		dmk_direction_name(record->dir));
}

/* --- the CPU ---------------------------------------------------------------------------------- */

static struct dmk_mistake mistake_of(const struct touch *touch, enum dmk_rule_name rule,
				     const struct dmk_trace *where)
{
	return (struct dmk_mistake){
		.rule = rule,
		.device = touch->record->device,
		.where = where,
		.second = touch->record->mapped,
		.label = made(touch->record),
		.record = touch->record,
	};
}

/*
 * The same line may come too early one time and without a sync another time: that depends on the
 * device, and is one mistake.
 */
static struct dmk_finding *known_as(struct dmk_checker *checker, const struct dmk_mistake *mistake,
				    enum dmk_rule_name rule)
{
	struct dmk_mistake other = *mistake;

	other.rule = rule;
	return dmk_known(checker, &other);
}

static void report(struct dmk_checker *checker, const struct touch *touch, enum dmk_rule_name rule,
		   bool stale)
{
	struct dmk_finding **said = &touch->record->said[touch->event->write];
	struct dmk_finding *finding = *said;
	struct dmk_mistake mistake;

	if (!finding) {
		mistake = mistake_of(touch, rule, trace_of(checker, touch->event));
		finding = known_as(checker, &mistake, DMK_RULE_STR_03);
		if (!finding)
			finding = known_as(checker, &mistake, DMK_RULE_SYN_02);
	}
	if (finding) {
		*said = finding;
		finding->count++;
		return;
	}
	finding = dmk_report(checker, &mistake);
	*said = dmk_known(checker, &mistake);
	if (!finding)
		return;
	if (rule == DMK_RULE_SYN_02)
		say_unsynced(finding, touch, stale);
	else
		say_owned(finding, touch);
}

static enum dmk_rule_name rule_of(const struct touch *touch)
{
	if (touch->event->write)
		return DMK_RULE_STR_03;
	if (dmk_spans_touching(&touch->record->turns.written, touch->bad, touch->last))
		return DMK_RULE_SYN_02;
	return touch->record->dir == DMK_TO_DEVICE ? DMK_RULE_STR_03_READ : DMK_RULE_STR_03;
}

/*
 * The place of a write goes with its bytes. A loop's next write is at the same place: its stack
 * need not be walked again.
 */
static void note_write(struct dmk_checker *checker, const struct touch *touch)
{
	struct dmk_turns *turns = &touch->record->turns;
	const struct dmk_span *near =
		dmk_spans_touching(&turns->dirty, touch->first ? touch->first - 1 : 0, touch->last);
	const struct dmk_trace *where;

	if (near && near->where->first == touch->event->caller) {
		if (near->first <= touch->first && near->last >= touch->last)
			return;
		where = near->where;
	} else {
		where = trace_of(checker, touch->event);
	}
	dmk_record_turn(&checker->shadow, touch->record,
			dmk_turns_dirtied(turns, touch->first, touch->last, where));
}

static void note_read(struct dmk_checker *checker, struct touch *touch)
{
	struct dmk_turns *turns = &touch->record->turns;
	const struct dmk_span *stale = dmk_spans_touching(&turns->stale, touch->first, touch->last);

	if (stale) {
		if (stale->first > touch->first)
			touch->bad = stale->first;
		report(checker, touch, DMK_RULE_SYN_02, true);
	} else if (touch->record->dir != DMK_TO_DEVICE) {
		dmk_record_turn(&checker->shadow, touch->record,
				dmk_turns_seen(turns, touch->first, touch->last));
	}
}

static void judge_touch(struct dmk_checker *checker, struct touch *touch)
{
	touch->bad = touch->first;
	if (!dmk_turns_allow(&touch->record->turns, &touch->bad, touch->last)) {
		report(checker, touch, rule_of(touch), false);
		return;
	}
	touch->bad = touch->first;
	if (touch->event->write)
		note_write(checker, touch);
	else
		note_read(checker, touch);
}

static void judge_memory(struct dmk_checker *checker, const struct dmk_event *event,
			 const struct dmk_ranges *memory)
{
	struct dmk_range access, *range = NULL;

	dmk_range_set(&access, event->phys.v, event->size);
	while ((range = dmk_ranges_touching(memory, access.first, access.last, range))) {
		const struct dmk_extent *extent = DMK_AROUND(range, struct dmk_extent, range);
		const uint64_t first = access.first > range->first ? access.first : range->first;
		const uint64_t last = access.last < range->last ? access.last : range->last;
		struct touch touch = {
			.record = extent->record,
			.event = event,
			.first = extent->offset + (first - range->first),
			.last = extent->offset + (last - range->first),
		};

		if (dmk_record_is_judged(extent->record))
			judge_touch(checker, &touch);
	}
}

/* --- after its end ---------------------------------------------------------------------------- */

static bool had(const struct dmk_past_key *key, const struct dmk_past *past, void *phys)
{
	const uint64_t byte = *(uint64_t *)phys;

	return past->phys && byte >= past->phys && byte - past->phys < past->size;
}

/* The newest mapping that had the byte, and the device it was for. */
static const struct dmk_past *past_of(const struct dmk_shadow *shadow, uint64_t phys,
				      const struct dmk_watched **device)
{
	const struct dmk_past *past = dmk_past_newest(shadow, NULL, had, &phys);

	*device = past ? shadow->device_list : NULL;
	while (*device && (*device)->id != past->device)
		*device = (*device)->next;
	return past;
}

/* MEM-05: the driver's own use of memory that a device had, and that was freed. */
static void judge_freed(struct dmk_checker *checker, const struct dmk_event *event)
{
	const struct dmk_freed *freed = dmk_memory_is_freed(&checker->shadow, event->phys.v,
							    event->size);
	struct dmk_mistake mistake = {.rule = DMK_RULE_MEM_05, .label = "freed"};
	struct dmk_finding *finding;

	if (!freed || !freed->watched)
		return;
	mistake.where = trace_of(checker, event);
	mistake.second = freed->freed;
	mistake.past = past_of(&checker->shadow, event->phys.v, &mistake.device);
	finding = dmk_report(checker, &mistake);
	if (!finding)
		return;
	dmk_say(finding,
		"the CPU %s %llu byte%s at physical 0x%llx%s%s%s, in memory that was freed (%s)",
		event->write ? "wrote" : "read", ULL(event->size), dmk_plural(event->size),
		ULL(event->phys.v), event->name ? " (" : "", event->name ? event->name : "",
		event->name ? ")" : "", freed->name);
	dmk_mend(
		finding,
		"free the memory behind its last use, and let nobody come back to it: clear the pointer, stop the timer, "
		"work or interrupt that has it");
}

void dmk_judge_cpu(struct dmk_checker *checker, const struct dmk_event *event)
{
	if (!event->size)
		return;
	if (checker->shadow.nr_watched_freed)
		judge_freed(checker, event);
	judge_memory(checker, event, &checker->shadow.mapped_memory);
	judge_memory(checker, event, &checker->shadow.shared_memory);
}

/* --- the device ------------------------------------------------------------------------------- */

/*
 * Where the CPU wrote is where the sync should follow; where its writes are not seen, where it took
 * the buffer.
 */
static void report_device(struct dmk_checker *checker, const struct touch *touch,
			  const struct dmk_span *span, bool written)
{
	struct dmk_record *record = touch->record;
	const struct dmk_mistake mistake = mistake_of(touch, DMK_RULE_SYN_02, span->where);
	const uint64_t first = span->first > touch->first ? span->first : touch->first;
	const uint64_t last = span->last < touch->last ? span->last : touch->last;
	struct dmk_finding *finding = dmk_report(checker, &mistake);

	if (!finding)
		return;
	if (written)
		dmk_say(finding,
			"the device %s bytes %llu to %llu of the buffer, which the CPU has written here, and no sync for the device came after that",
			touch->event->write ? "wrote" : "read", ULL(first), ULL(last));
	else
		dmk_say(finding,
			"the device read [0x%llx, 0x%llx] while the buffer was the CPU's, since %s",
			ULL(touch->event->dma.v), ULL(touch->event->dma.v + touch->event->size - 1),
			span->where == record->mapped ? "it was allocated"
						      : "this sync for the CPU");
	dmk_mend(
		finding,
		"after the CPU's writes, and before the device is told: %s(), of at least bytes %llu to %llu, %s",
		sync_call(record, false), ULL(first), ULL(last), dmk_direction_name(record->dir));
}

/*
 * Mapped with DMA_ATTR_SKIP_CPU_SYNC, and never synced: nothing was copied into the slot. Where no
 * slot is, the memory may well be right: others that have it mapped may have synced it.
 */
static bool reads_stale_slot(struct dmk_checker *checker, const struct touch *touch)
{
	const struct dmk_record *record = touch->record;
	const struct dmk_span *span;
	struct dmk_finding *finding;
	struct dmk_mistake mistake;

	if (touch->event->write || !record->bounced)
		return false;
	span = dmk_spans_touching(&record->turns.unsynced, touch->first, touch->last);
	if (!span)
		return false;
	mistake = mistake_of(touch, DMK_RULE_SYN_02, NULL);
	finding = dmk_report(checker, &mistake);
	if (!finding)
		return true;
	dmk_say(finding,
		"the device read [0x%llx, 0x%llx] of a buffer that is bounced, was mapped with DMA_ATTR_SKIP_CPU_SYNC, and was "
		"not synced since: what the bounce slot has there is of somebody who had it before",
		ULL(touch->event->dma.v), ULL(touch->event->dma.v + touch->event->size - 1));
	dmk_mend(finding, "call %s() before the device is told, or map without the attribute",
		 sync_call(record, false));
	return true;
}

/*
 * The driver took a DMA_TO_DEVICE buffer for the CPU (it can only want to write it), and the device
 * reads it before it was handed back. Where the device writes, the CPU may well have only looked,
 * and no hand-over is needed: there only its writes are judged, where they are seen. A device that
 * writes over them is in the same way: the CPU's lines may be written back over the device's bytes.
 */
static void judge_device_touch(struct dmk_checker *checker, const struct touch *touch)
{
	const struct dmk_turns *turns = &touch->record->turns;
	const struct dmk_span *span = dmk_spans_touching(&turns->dirty, touch->first, touch->last);
	const bool written = span != NULL;

	if (touch->record->said_device)
		return;
	if (reads_stale_slot(checker, touch)) {
		touch->record->said_device = true;
		return;
	}
	if (!span && !touch->event->write && touch->record->dir == DMK_TO_DEVICE)
		span = dmk_spans_touching(&turns->cpu, touch->first, touch->last);
	if (!span)
		return;
	report_device(checker, touch, span, written);
	touch->record->said_device = true;
}

/* Of two mappings of the same bytes it can't be told which one the device means. */
static bool is_one_buffer(const struct dmk_watched *device, uint64_t first, uint64_t last)
{
	struct dmk_extent *extent = dmk_live_touching(device, first, last, NULL);
	const struct dmk_record *record = extent ? extent->record : NULL;

	while (extent && extent->record == record)
		extent = dmk_live_touching(device, first, last, extent);
	return record && !extent;
}

void dmk_judge_turn(struct dmk_checker *checker, struct dmk_watched *device,
		    const struct dmk_event *event)
{
	struct dmk_extent *extent = NULL;
	struct dmk_range access;

	dmk_range_set(&access, event->dma.v, event->size);
	if (event->result || !is_one_buffer(device, access.first, access.last))
		return;
	while ((extent = dmk_live_touching(device, access.first, access.last, extent))) {
		const struct dmk_range *range = &extent->range;
		const uint64_t first = access.first > range->first ? access.first : range->first;
		const uint64_t last = access.last < range->last ? access.last : range->last;
		const struct touch touch = {
			.record = extent->record,
			.event = event,
			.first = extent->offset + (first - range->first),
			.last = extent->offset + (last - range->first),
		};

		if (!dmk_record_is_judged(extent->record))
			continue;
		judge_device_touch(checker, &touch);
		if (event->write)
			dmk_record_turn(&checker->shadow, extent->record,
					dmk_turns_written(&extent->record->turns, touch.first,
							  touch.last));
	}
}

/* --- who need not sync ------------------------------------------------------------------------ */

/*
 * A driver that asked, and was told that syncs do nothing here, may leave them out: there is no
 * saying then what it would do elsewhere.
 */
void dmk_judge_need_sync(struct dmk_checker *checker, const struct dmk_event *event)
{
	struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_record *record;

	if (event->result)
		return;
	if (event->dma.v == DMK_MAPPING_ERROR.v) {
		device->no_sync = true;
		for (record = dmk_shadow_records(device); record; record = record->older)
			dmk_record_tell(&checker->shadow, record, 0, ~0ULL);
		return;
	}
	for (record = dmk_record_at(device, event->dma.v); record;
	     record = dmk_record_at_more(record)) {
		record->no_sync = true;
		dmk_record_tell(&checker->shadow, record, 0, ~0ULL);
	}
}
