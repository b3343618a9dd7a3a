/* SPDX-License-Identifier: MIT */
/* Sets of bytes, in an array: found by bisection, changed by moving what comes after. */
#include "spans.h"

#include <stdlib.h>
#include <string.h>

/* The first span that ends at @at or behind it. */
static uint32_t from(const struct dmk_spans *spans, uint64_t at)
{
	uint32_t low = 0, high = spans->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (spans->span[middle].last < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool make_room(struct dmk_spans *spans, uint32_t more)
{
	uint32_t room = spans->room ? spans->room : 4;
	struct dmk_span *span;

	while (room < spans->n + more)
		room *= 2;
	if (room == spans->room)
		return true;
	span = realloc(spans->span, room * sizeof(*span));
	if (!span)
		return false;
	spans->span = span;
	spans->room = room;
	return true;
}

/* [at, at + old) makes room for @new of them. There is room. */
static void splice(struct dmk_spans *spans, uint32_t at, uint32_t old, uint32_t new)
{
	memmove(&spans->span[at + new], &spans->span[at + old],
		(spans->n - at - old) * sizeof(spans->span[0]));
	spans->n += new - old;
}

/*
 * What is left of the spans that touch [first, last] on either side of it; their places are taken
 * by @middle, if that is any.
 */
static bool replace(struct dmk_spans *spans, uint64_t first, uint64_t last,
		    const struct dmk_span *middle)
{
	struct dmk_span fresh[3];
	uint32_t at = from(spans, first), end = at, n = 0;

	while (end < spans->n && spans->span[end].first <= last)
		end++;
	if (end > at && spans->span[at].first < first) {
		fresh[n] = spans->span[at];
		fresh[n++].last = first - 1;
	}
	if (middle)
		fresh[n++] = *middle;
	if (end > at && spans->span[end - 1].last > last) {
		fresh[n] = spans->span[end - 1];
		fresh[n++].first = last + 1;
	}
	if (n > end - at && !make_room(spans, n - (end - at)))
		return false;
	splice(spans, at, end - at, n);
	for (uint32_t i = 0; i < n; i++)
		spans->span[at + i] = fresh[i];
	return true;
}

static bool joins(const struct dmk_span *a, const struct dmk_span *b)
{
	return a->where == b->where && a->last + 1 == b->first;
}

/* The span that begins at @first, and the one that follows, become one with what is before them. */
static void join(struct dmk_spans *spans, uint64_t first)
{
	uint32_t at = from(spans, first);

	at -= at > 0;
	for (unsigned int i = 0; i < 2 && at + 1 < spans->n; i++) {
		if (!joins(&spans->span[at], &spans->span[at + 1])) {
			at++;
			continue;
		}
		spans->span[at].last = spans->span[at + 1].last;
		splice(spans, at + 1, 1, 0);
	}
}

/*
 * What is read or written in order, byte after byte, makes one span longer. False: it is not as
 * simple as that.
 */
static bool extend(struct dmk_spans *spans, uint64_t first, uint64_t last,
		   const struct dmk_trace *where)
{
	const uint32_t at = from(spans, first ? first - 1 : 0);
	struct dmk_span *span = &spans->span[at];

	if (at == spans->n || span->where != where || span->first > first)
		return false;
	if (span->last >= last)
		return true;
	if (at + 1 < spans->n && span[1].first - 1 <= last)
		return false;
	span->last = last;
	return true;
}

bool dmk_spans_add(struct dmk_spans *spans, uint64_t first, uint64_t last,
		   const struct dmk_trace *where)
{
	const struct dmk_span span = {.first = first, .last = last, .where = where};

	if (!spans->n) { /* mostly */
		if (!make_room(spans, 1))
			return false;
		spans->span[0] = span;
		spans->n = 1;
		return true;
	}
	if (extend(spans, first, last, where))
		return true;
	if (!replace(spans, first, last, &span))
		return false;
	join(spans, first);
	return true;
}

bool dmk_spans_remove(struct dmk_spans *spans, uint64_t first, uint64_t last)
{
	return !spans->n || replace(spans, first, last, NULL);
}

struct dmk_span *dmk_spans_touching(const struct dmk_spans *spans, uint64_t first, uint64_t last)
{
	uint32_t at = from(spans, first);

	return at < spans->n && spans->span[at].first <= last ? &spans->span[at] : NULL;
}

bool dmk_spans_hold(const struct dmk_spans *spans, uint64_t *first, uint64_t last)
{
	for (uint32_t i = from(spans, *first); i < spans->n && spans->span[i].first <= *first;
	     i++) {
		if (spans->span[i].last >= last)
			return true;
		*first = spans->span[i].last + 1;
	}
	return false;
}

void dmk_spans_clear(struct dmk_spans *spans)
{
	if (!spans->room)
		return;
	free(spans->span);
	*spans = (struct dmk_spans){0};
}
