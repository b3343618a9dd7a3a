/* SPDX-License-Identifier: MIT */
/*
 * Call stacks: walked by frame pointers, kept once each. A record holds a pointer to its stack, two
 * equal stacks are one.
 */
#ifndef CHECK_STACK_H
#define CHECK_STACK_H

#include <dmakit/check.h>

#include "tables.h"

/** A stack that is kept; lives as long as the checker. */
struct dmk_trace {
	struct dmk_link link;
	struct dmk_stack stack; /* without the library's own innermost frames */
	uint64_t line;          /* which source line frame[0] is of; 0: nobody has asked yet */
	unsigned int dropped;   /* frames of the library that were left out */
	const void *first;      /* as walked, for comparison */
};

struct dmk_traces {
	struct dmk_index index;
	struct dmk_pile pile;
	struct dmk_trace none; /* the empty stack */
	bool (*is_library)(void *ctx, const void *code);
	uint64_t (*line_of)(void *ctx, const void *code);
	void *ctx;
};

bool dmk_traces_init(struct dmk_traces *traces, const struct dmk_check_options *options);
void dmk_traces_exit(struct dmk_traces *traces);

/** dmk_trace_is - whether @trace is the kept copy of @stack, which is not empty */
static inline bool dmk_trace_is(const struct dmk_trace *trace, const struct dmk_stack *stack)
{
	const unsigned int kept = trace->stack.depth, dropped = trace->dropped;

	if (kept + dropped != stack->depth || trace->first != stack->frame[0])
		return false;
	for (unsigned int i = kept; i--;)
		if (trace->stack.frame[i] != stack->frame[dropped + i])
			return false;
	return true;
}

/** dmk_trace_find - the kept copy of @stack; NULL: there is none. Changes nothing. */
const struct dmk_trace *dmk_trace_find(const struct dmk_traces *traces,
				       const struct dmk_stack *stack);
/** dmk_trace_keep - the one kept copy of @stack; the empty one when memory is out. */
const struct dmk_trace *dmk_trace_keep(struct dmk_traces *traces, const struct dmk_stack *stack);

/**
 * dmk_trace_line - a number for the source line that the stack starts at: by it places are told
 * apart. The empty stack has 0.
 */
uint64_t dmk_trace_line(const struct dmk_traces *traces, const struct dmk_trace *trace);
/**
 * dmk_trace_is_line - let the code address stand for the line, without asking
 * For events from a fault's handler, which may run on a small stack of its own: whoever knows lines
 * needs more than that.
 */
void dmk_trace_is_line(const struct dmk_trace *trace);

#endif
