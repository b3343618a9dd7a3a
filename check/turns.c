/* SPDX-License-Identifier: MIT */
/* Turns of CPU and device with a buffer's bytes: sets, and what each fact does to them. */
#include "turns.h"

#include <stddef.h>

/*
 * A buffer that is read here and there, in more pieces than that: which ones were read is then
 * forgotten, and less is found.
 */
enum { SEEN_MAX = 1024 };

static bool fresh(struct dmk_turns *turns, uint64_t first, uint64_t last)
{
	return dmk_spans_remove(&turns->unsynced, first, last) &&
	       dmk_spans_remove(&turns->seen, first, last) &&
	       dmk_spans_remove(&turns->written, first, last) &&
	       dmk_spans_remove(&turns->stale, first, last);
}

bool dmk_turns_to_cpu(struct dmk_turns *turns, uint64_t first, uint64_t last,
		      const struct dmk_trace *where)
{
	return fresh(turns, first, last) && dmk_spans_add(&turns->cpu, first, last, where);
}

bool dmk_turns_to_device(struct dmk_turns *turns, uint64_t first, uint64_t last)
{
	return fresh(turns, first, last) && dmk_spans_remove(&turns->cpu, first, last) &&
	       dmk_spans_remove(&turns->dirty, first, last);
}

bool dmk_turns_unsynced(struct dmk_turns *turns)
{
	return dmk_spans_add(&turns->unsynced, 0, ~0ULL, NULL);
}

bool dmk_turns_seen(struct dmk_turns *turns, uint64_t first, uint64_t last)
{
	if (turns->seen.n >= SEEN_MAX)
		dmk_spans_clear(&turns->seen);
	return dmk_spans_add(&turns->seen, first, last, NULL);
}

bool dmk_turns_dirtied(struct dmk_turns *turns, uint64_t first, uint64_t last,
		       const struct dmk_trace *where)
{
	return dmk_spans_add(&turns->dirty, first, last, where);
}

bool dmk_turns_written(struct dmk_turns *turns, uint64_t first, uint64_t last)
{
	const struct dmk_span *seen;
	uint64_t at = first;

	while (at <= last && (seen = dmk_spans_touching(&turns->seen, at, last))) {
		const uint64_t begin = seen->first > at ? seen->first : at,
			       end = seen->last < last ? seen->last : last;

		if (!dmk_spans_add(&turns->stale, begin, end, NULL))
			return false;
		if (end == ~0ULL)
			break;
		at = end + 1;
	}
	return dmk_spans_add(&turns->written, first, last, NULL);
}

bool dmk_turns_allow(const struct dmk_turns *turns, uint64_t *first, uint64_t last)
{
	uint64_t before;

	do {
		before = *first;
		if (dmk_spans_hold(&turns->cpu, first, last) ||
		    dmk_spans_hold(&turns->unsynced, first, last))
			return true;
	} while (*first != before);
	return false;
}

void dmk_turns_clear(struct dmk_turns *turns)
{
	dmk_spans_clear(&turns->cpu);
	dmk_spans_clear(&turns->unsynced);
	dmk_spans_clear(&turns->dirty);
	dmk_spans_clear(&turns->seen);
	dmk_spans_clear(&turns->written);
	dmk_spans_clear(&turns->stale);
}
