/* SPDX-License-Identifier: MIT */
/*
 * Stacks: walking them, and keeping each once. No symbols here: addresses become lines in tools/.
 */
#include <pthread.h>
#include <string.h>

#include "stack.h"

/*
 * Where a frame keeps its caller's frame and its return address, in words from the frame pointer.
 * x86 and Arm 64: the two words at the pointer. RISC-V: the two words below it.
 */
#if defined(__riscv)
enum { SAVED_FRAME = -2, SAVED_RETURN = -1 };
#else
enum { SAVED_FRAME = 0, SAVED_RETURN = 1 };
#endif

struct bounds {
	uintptr_t low, high;
	bool known;
};

static _Thread_local struct bounds thread_stack;

static const struct bounds *stack_bounds(void)
{
	pthread_attr_t attr;
	void *low;
	size_t size, guard = 0;

	if (thread_stack.known)
		return &thread_stack;
	thread_stack.known = true;
	if (pthread_getattr_np(pthread_self(), &attr))
		return &thread_stack;
	if (!pthread_attr_getstack(&attr, &low, &size)) {
		pthread_attr_getguardsize(&attr, &guard);
		thread_stack.low = (uintptr_t)low + guard;
		thread_stack.high = (uintptr_t)low + size;
	}
	pthread_attr_destroy(&attr);
	return &thread_stack;
}

/*
 * A frame that can be read: aligned, and its words inside the thread's stack with a little to
 * spare.
 */
static bool readable(const struct bounds *stack, uintptr_t frame)
{
	const uintptr_t words = 2 * sizeof(void *);

	if (frame % sizeof(void *) || stack->high - stack->low < 2 * words)
		return false;
	return frame >= stack->low + words && frame <= stack->high - words;
}

/*
 * Frames may lie beside what a sanitizer has fenced off: plain reads of our own stack are what is
 * meant here.
 */
#define PLAIN_READS __attribute__((no_sanitize_address, no_sanitize_thread))

static inline __attribute__((__always_inline__)) PLAIN_READS const void *word_at(uintptr_t frame,
									       int index)
{
	return *((const void *const *)frame + index);
}

PLAIN_READS void dmk_stack_walk(struct dmk_stack *stack, const void *caller, const void *frame,
		    unsigned int depth)
{
	const struct bounds *bounds;
	uintptr_t at = (uintptr_t)frame, next;
	const void *code;

	stack->depth = 0;
	if (!caller)
		return;
	stack->frame[stack->depth++] = caller;
	if (depth == 1)
		return;
	bounds = stack_bounds();
	if (!readable(bounds, at))
		return;
	/*
	 * The frame is that of the function called, which returns to @caller; or, after a fault,
	 * the caller's own.
	 */
	if (word_at(at, SAVED_RETURN) == caller) {
		next = (uintptr_t)word_at(at, SAVED_FRAME);
		if (next <= at)
			return;
		at = next;
	}
	while (stack->depth < depth && readable(bounds, at)) {
		code = word_at(at, SAVED_RETURN);
		next = (uintptr_t)word_at(at, SAVED_FRAME);
		if ((uintptr_t)code < DMK_PAGE_SIZE)
			break;
		stack->frame[stack->depth++] = code;
		if (next <= at)
			break;
		at = next;
	}
}

bool dmk_traces_init(struct dmk_traces *traces, const struct dmk_check_options *options)
{
	dmk_pile_init(&traces->pile, sizeof(struct dmk_trace));
	memset(&traces->none, 0, sizeof(traces->none));
	traces->is_library = options->is_library;
	traces->line_of = options->line_of;
	traces->ctx = options->code_ctx;
	return dmk_index_init(&traces->index, 256);
}

void dmk_traces_exit(struct dmk_traces *traces)
{
	dmk_index_exit(&traces->index);
	dmk_pile_exit(&traces->pile);
}

static uint64_t hash_of(const struct dmk_stack *stack)
{
	uint64_t hash = stack->depth;

	for (unsigned int i = 0; i < stack->depth; i++)
		hash = hash * 0x100000001b3ULL ^ (uintptr_t)stack->frame[i];
	return hash;
}

/*
 * The library's innermost frames say nothing to who reads a report; a stack of nothing else stays
 * whole.
 */
static unsigned int library_frames(const struct dmk_traces *traces, const struct dmk_stack *stack)
{
	unsigned int n = 0;

	if (!traces->is_library)
		return 0;
	while (n < stack->depth && traces->is_library(traces->ctx, stack->frame[n]))
		n++;
	return n < stack->depth ? n : 0;
}

static const struct dmk_trace *find(const struct dmk_traces *traces, const struct dmk_stack *stack,
				    uint64_t hash)
{
	const struct dmk_trace *trace;
	struct dmk_link *link;

	for (link = dmk_index_find(&traces->index, hash); link; link = dmk_index_more(link)) {
		trace = DMK_AROUND(link, struct dmk_trace, link);
		if (dmk_trace_is(trace, stack))
			return trace;
	}
	return NULL;
}

const struct dmk_trace *dmk_trace_find(const struct dmk_traces *traces,
				       const struct dmk_stack *stack)
{
	return stack->depth ? find(traces, stack, hash_of(stack)) : &traces->none;
}

const struct dmk_trace *dmk_trace_keep(struct dmk_traces *traces, const struct dmk_stack *stack)
{
	const struct dmk_trace *known;
	struct dmk_trace *trace;
	uint64_t hash;

	if (!stack->depth)
		return &traces->none;
	hash = hash_of(stack);
	known = find(traces, stack, hash);
	if (known)
		return known;
	trace = dmk_pile_get(&traces->pile);
	if (!trace)
		return &traces->none;
	trace->first = stack->frame[0];
	trace->dropped = library_frames(traces, stack);
	trace->stack.depth = stack->depth - trace->dropped;
	memcpy(trace->stack.frame, stack->frame + trace->dropped,
	       trace->stack.depth * sizeof(stack->frame[0]));
	dmk_index_add(&traces->index, &trace->link, hash);
	return trace;
}

/* Kept traces are const for others; the line is filled in when somebody asks. */
static struct dmk_trace *own(const struct dmk_trace *trace)
{
	return (struct dmk_trace *)trace;
}

void dmk_trace_is_line(const struct dmk_trace *trace)
{
	if (trace->stack.depth && !trace->line)
		own(trace)->line = (uintptr_t)trace->stack.frame[0];
}

uint64_t dmk_trace_line(const struct dmk_traces *traces, const struct dmk_trace *trace)
{
	if (trace->stack.depth && !trace->line && traces->line_of)
		own(trace)->line = traces->line_of(traces->ctx, trace->stack.frame[0]);
	dmk_trace_is_line(trace);
	return trace->line;
}
