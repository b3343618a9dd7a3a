/* SPDX-License-Identifier: MIT */
/*
 * Stacks: walked from an event, kept once, bounded by the thread's stack whatever the frames hold.
 */
#include <pthread.h>

#include "stack.h"
#include "world.h"

char world_devices[4];

struct seen {
	const void *caller, *outer;
	struct dmk_stack stack;
};

/* Stands for a call of the core's: it announces the place that called it. */
__attribute__((noinline)) static void the_core(struct seen *seen, unsigned int depth)
{
	seen->caller = __builtin_return_address(0);
	dmk_stack_walk(&seen->stack, __builtin_return_address(0), __builtin_frame_address(0),
		       depth);
	__asm__ volatile("");
}

__attribute__((noinline)) static void the_driver(struct seen *seen, unsigned int depth)
{
	seen->outer = __builtin_return_address(0);
	the_core(seen, depth);
	__asm__ volatile("");
}

__attribute__((noinline)) static void deep(struct seen *seen, unsigned int depth, unsigned int more)
{
	if (more)
		deep(seen, depth, more - 1);
	else
		the_driver(seen, depth);
	__asm__ volatile("");
}

static void test_a_stack_starts_with_the_drivers_line_and_goes_outwards(void **state)
{
	struct seen seen;

	the_driver(&seen, 8);
	assert_true(seen.stack.depth >= 2);
	assert_ptr_equal(seen.stack.frame[0], seen.caller);
	assert_ptr_equal(seen.stack.frame[1], seen.outer);
}

static void test_a_stack_is_as_deep_as_asked_for(void **state)
{
	struct seen seen;

	deep(&seen, 5, 20);
	assert_int_equal(seen.stack.depth, 5);
	deep(&seen, DMK_STACK_MAX, 40);
	assert_int_equal(seen.stack.depth, DMK_STACK_MAX);
}

/* After a fault the frame is the faulting function's own: nothing is left out. */
__attribute__((noinline)) static void the_fault(struct seen *seen)
{
	seen->outer = __builtin_return_address(0);
	dmk_stack_walk(&seen->stack, (const void *)0x1234, __builtin_frame_address(0), 8);
	__asm__ volatile("");
}

static void test_a_fault_gives_the_instruction_and_its_callers(void **state)
{
	struct seen seen;

	the_fault(&seen);
	assert_ptr_equal(seen.stack.frame[0], (const void *)0x1234);
	assert_ptr_equal(seen.stack.frame[1], seen.outer);
}

static void test_odd_frames_are_not_followed(void **state)
{
	uintptr_t frame[4] = { 0, 0, 0, 0 };
	struct dmk_stack stack;
	const void *caller = (const void *)0x400000;
	const uintptr_t odd[] = {
		0, 1, 8, 0x1000, (uintptr_t)&frame + 3, ~(uintptr_t)7, ~(uintptr_t)0, 1ULL << 63};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		dmk_stack_walk(&stack, caller, (const void *)odd[i], 8);
		assert_int_equal(stack.depth, 1);
	}
	/* Frames that lead back, nowhere, or to themselves. */
	frame[1] = (uintptr_t)caller;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		frame[0] = odd[i];
		dmk_stack_walk(&stack, caller, frame, 8);
		assert_true(stack.depth <= 2);
	}
	frame[0] = (uintptr_t)frame;
	dmk_stack_walk(&stack, caller, frame, 8);
	assert_true(stack.depth <= 2);
	dmk_stack_walk(&stack, NULL, frame, 8);
	assert_int_equal(stack.depth, 0);
}

static void *in_thread(void *argument)
{
	deep(argument, 8, 3);
	return NULL;
}

static void test_a_threads_stack_is_walked_to_its_end(void **state)
{
	struct seen seen;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, in_thread, &seen), 0);
	pthread_join(thread, NULL);
	assert_true(seen.stack.depth >= 5);
	assert_ptr_equal(seen.stack.frame[0], seen.caller);
}

static bool below_0x2000(void *ctx, const void *code)
{
	return (uintptr_t)code < 0x2000;
}

static void test_equal_stacks_are_kept_once_without_the_librarys_frames(void **state)
{
	struct dmk_check_options options = { .is_library = below_0x2000 };
	struct dmk_stack stack = {{(void *)0x1000, (void *)0x1800, (void *)0x3000, (void *)0x1900},
				  4};
	const struct dmk_trace *trace;
	struct dmk_traces traces;

	assert_true(dmk_traces_init(&traces, &options));
	trace = dmk_trace_keep(&traces, &stack);
	assert_int_equal(trace->stack.depth, 2);
	assert_ptr_equal(trace->stack.frame[0], (void *)0x3000);
	assert_ptr_equal(dmk_trace_keep(&traces, &stack), trace);
	stack.frame[1] = (void *)0x1801;
	assert_ptr_not_equal(dmk_trace_keep(&traces, &stack), trace);
	/* Nothing but library: better than nothing at all. */
	stack.depth = 1;
	assert_int_equal(dmk_trace_keep(&traces, &stack)->stack.depth, 1);
	stack.depth = 0;
	assert_int_equal(dmk_trace_line(&traces, dmk_trace_keep(&traces, &stack)), 0);
	dmk_traces_exit(&traces);
}

/* Lines of 0x100 bytes; none is known below 0x2000. */
static uint64_t line_of(void *ctx, const void *code)
{
	(*(unsigned int *)ctx)++;
	return (uintptr_t)code < 0x2000 ? 0 : (uintptr_t)code >> 8;
}

static uint64_t line_at(struct dmk_traces *traces, uintptr_t code)
{
	struct dmk_stack stack = { { (void *)code }, 1 };

	return dmk_trace_line(traces, dmk_trace_keep(traces, &stack));
}

static void test_CHK_03_copies_of_a_line_are_one_place(void **state)
{
	unsigned int asked = 0;
	struct dmk_check_options options = { .line_of = line_of, .code_ctx = &asked };
	struct dmk_traces traces;

	assert_true(dmk_traces_init(&traces, &options));
	assert_int_equal(line_at(&traces, 0x3010), line_at(&traces, 0x3080));
	assert_int_not_equal(line_at(&traces, 0x3010), line_at(&traces, 0x3110));
	/* Without debug information each address is a place. */
	assert_int_not_equal(line_at(&traces, 0x1010), line_at(&traces, 0x1080));
	assert_int_equal(line_at(&traces, 0x1010), line_at(&traces, 0x1010));
	/* An event from a fault's handler is not asked about. */
	dmk_trace_is_line(dmk_trace_keep(&traces, &(struct dmk_stack){ { (void *)0x4010 }, 1 }));
	assert_int_equal(line_at(&traces, 0x4010), 0x4010);
	/* Asked once for each stack. */
	assert_int_equal(asked, 5);
	dmk_traces_exit(&traces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stack_starts_with_the_drivers_line_and_goes_outwards),
		cmocka_unit_test(test_a_stack_is_as_deep_as_asked_for),
		cmocka_unit_test(test_a_fault_gives_the_instruction_and_its_callers),
		cmocka_unit_test(test_odd_frames_are_not_followed),
		cmocka_unit_test(test_a_threads_stack_is_walked_to_its_end),
		cmocka_unit_test(test_equal_stacks_are_kept_once_without_the_librarys_frames),
		cmocka_unit_test(test_CHK_03_copies_of_a_line_are_one_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
