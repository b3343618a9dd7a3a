/* SPDX-License-Identifier: MIT */
/*
 * Telling whose turn it is, to who keeps the CPU from what is a device's (dmk_check_options.turn).
 * Of bytes that several records have, one that is a device's by any of them is.
 */
#include "shadow.h"

/* Linux's value; observer.h passes attributes as the driver gave them. */

bool dmk_record_is_judged(const struct dmk_record *record)
{
	return dmk_takes_turns(record->kind) && !record->excused && !record->no_sync &&
	       !record->device->no_sync && !(record->attrs & DMK_ATTR_REQUIRE_COHERENT);
}

/* Bytes from one on that are alike: up to @last, and no further. */
struct run {
	uint64_t last;
	bool device;
};

/* The end before the next span of @spans. */
static void cut(const struct dmk_spans *spans, uint64_t first, uint64_t *last)
{
	const struct dmk_span *span = dmk_spans_touching(spans, first, *last);

	if (span && span->first > first)
		*last = span->first - 1;
}

/* As one buffer has them, from offset @first on. */
static struct run run_of(const struct dmk_turns *turns, uint64_t first, uint64_t last)
{
	uint64_t bad = first;

	if (dmk_turns_allow(turns, &bad, last))
		return (struct run){last, false};
	if (bad > first)
		return (struct run){bad - 1, false};
	cut(&turns->cpu, first, &last);
	cut(&turns->unsynced, first, &last);
	return (struct run){last, true};
}

/* As the pieces in @memory have physical @first and what follows it. */
static struct run run_in(const struct dmk_ranges *memory, uint64_t first, uint64_t last)
{
	struct dmk_range *range = NULL;
	struct run run = {last, false};

	while ((range = dmk_ranges_touching(memory, first, run.last, range))) {
		const struct dmk_extent *extent = DMK_AROUND(range, struct dmk_extent, range);
		const uint64_t offset = extent->offset + (first - range->first);
		struct run own;

		if (range->first > first) {
			run.last = range->first - 1;
			break; /* they come in order */
		}
		if (range->last < run.last)
			run.last = range->last;
		if (!dmk_record_is_judged(extent->record))
			continue;
		own = run_of(&extent->record->turns, offset, offset + (run.last - first));
		run.last = first + (own.last - offset);
		if (own.device)
			return (struct run){run.last, true};
	}
	return run;
}

static void tell(const struct dmk_shadow *shadow, uint64_t first, uint64_t last)
{
	struct run run;

	for (;;) {
		run = run_in(&shadow->mapped_memory, first, last);
		if (!run.device)
			run = run_in(&shadow->shared_memory, first, run.last);
		shadow->turn(shadow->memory_ctx, first, run.last - first + 1, run.device);
		if (run.last == last)
			return;
		first = run.last + 1;
	}
}

void dmk_record_tell(const struct dmk_shadow *shadow, const struct dmk_record *record,
		     uint64_t first, uint64_t last)
{
	if (!shadow->turn || !record->memory.record || !dmk_takes_turns(record->kind))
		return;
	for (const struct dmk_extent *extent = &record->memory; extent; extent = extent->next) {
		const uint64_t size = extent->range.last - extent->range.first;
		const uint64_t end = last - extent->offset < size ? last - extent->offset : size;

		if (last < extent->offset || first > extent->offset + size)
			continue;
		tell(shadow,
		     extent->range.first + (first > extent->offset ? first - extent->offset : 0),
		     extent->range.first + end);
	}
}
