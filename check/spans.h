/* SPDX-License-Identifier: MIT */
/*
 * Sets of bytes: disjoint spans in order, each with the place that made it what it is. For what a
 * buffer's bytes are (handed to the CPU, written, …), where a few spans do; ranges.h is for many
 * ranges that overlap.
 */
#ifndef CHECK_SPANS_H
#define CHECK_SPANS_H

#include <stdbool.h>
#include <stdint.h>

struct dmk_trace;

/** Bytes [first, last], both inclusive. */
struct dmk_span {
	uint64_t first, last;
	const struct dmk_trace *where; /* may be NULL */
};

/** All zero is an empty set. Owned by whoever embeds it, who calls dmk_spans_clear() at its end. */
struct dmk_spans {
	struct dmk_span *span;
	uint32_t n, room;
};

/**
 * dmk_spans_add - @where takes the place of what was there. False: out of memory, and the set is as
 * it was.
 */
bool dmk_spans_add(struct dmk_spans *spans, uint64_t first, uint64_t last,
		   const struct dmk_trace *where);
/** dmk_spans_remove - False: out of memory (a hole makes two of one), and the set is as it was. */
bool dmk_spans_remove(struct dmk_spans *spans, uint64_t first, uint64_t last);
/** dmk_spans_touching - the lowest span that has a byte in [first, last]; NULL: none. */
struct dmk_span *dmk_spans_touching(const struct dmk_spans *spans, uint64_t first, uint64_t last);
/**
 * dmk_spans_hold - whether all bytes of [*first, last] are in the set; if not, *first is the first
 * that is not.
 */
bool dmk_spans_hold(const struct dmk_spans *spans, uint64_t *first, uint64_t last);
void dmk_spans_clear(struct dmk_spans *spans);

#endif
