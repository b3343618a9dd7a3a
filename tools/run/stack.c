/* SPDX-License-Identifier: MIT */
/*
 * The stack of an interrupted thread, taken inside the signal handler: libgcc's unwinder first,
 * since it passes through libc, which has no frame pointers; by frame pointers where that fails, as
 * after a jump to nowhere. No names here, and no malloc.
 */
#include "run/run.h"

#include <execinfo.h>
#include <string.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

struct registers {
	uint64_t pc, frame, stack;
};

#if defined(__x86_64__)
static struct registers registers_of(const ucontext_t *context)
{
	return (struct registers){
		.pc = (uint64_t)context->uc_mcontext.gregs[REG_RIP],
		.frame = (uint64_t)context->uc_mcontext.gregs[REG_RBP],
		.stack = (uint64_t)context->uc_mcontext.gregs[REG_RSP],
	};
}
#elif defined(__aarch64__)
static struct registers registers_of(const ucontext_t *context)
{
	return (struct registers){
		.pc = context->uc_mcontext.pc,
		.frame = context->uc_mcontext.regs[29],
		.stack = context->uc_mcontext.sp,
	};
}
#else
static struct registers registers_of(const ucontext_t *context)
{
	return (struct registers){0};
}
#endif

/*
 * Two words of our own memory, or false: the kernel looks, so that a bad address is no second
 * fault.
 */
static bool peek(uint64_t address, uint64_t word[2])
{
	struct iovec local = {word, 2 * sizeof(*word)};
	struct iovec remote = {(void *)(uintptr_t)address, 2 * sizeof(*word)};

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)(2 * sizeof(*word));
}

static void add(struct dmk_run_stack *stack, uint64_t address)
{
	if (stack->n < DMK_RUN_STACK)
		stack->address[stack->n++] = address;
}

static void add_callers(uint64_t frame, struct dmk_run_stack *stack)
{
	uint64_t word[2];

	while (stack->n < DMK_RUN_STACK && frame && !(frame & 7) && peek(frame, word) && word[1]) {
		add(stack, word[1]);
		if (word[0] <= frame)
			break;
		frame = word[0];
	}
}

static void walk_frames(const struct registers *at, struct dmk_run_stack *stack)
{
	uint64_t word[2];

	add(stack, at->pc);
	if (!peek(at->pc, word) && peek(at->stack, word))
		add(stack, word[0]); /* a call to nowhere: its return address lies on top */
	add_callers(at->frame, stack);
}

void dmk_run_stack_from(uint64_t caller, uint64_t frame, struct dmk_run_stack *stack)
{
	uint64_t word[2];

	stack->n = 0;
	add(stack, caller);
	if (frame && !(frame & 7) && peek(frame, word) && word[1] == caller)
		frame = word[0]; /* the frame of who was called */
	add_callers(frame, stack);
}

void dmk_run_stack_of(void *context, struct dmk_run_stack *stack)
{
	struct registers at = registers_of(context);
	void *frame[DMK_RUN_STACK + 8];
	int n = backtrace(frame, DMK_RUN_STACK + 8);
	int first = 0;

	stack->n = 0;
	while (first < n && (uint64_t)(uintptr_t)frame[first] != at.pc)
		first++;
	if (n - first < 2) {
		walk_frames(&at, stack);
		return;
	}
	for (int i = first; i < n; i++)
		add(stack, (uintptr_t)frame[i]);
}

/* The first call of backtrace() loads libgcc, with malloc: not in a handler. */
void dmk_run_stack_prepare(void)
{
	void *frame[2];

	backtrace(frame, 2);
}
