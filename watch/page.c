/* SPDX-License-Identifier: MIT */
/*
 * Fences of pages: a page whose every byte is a device's can be neither read nor written, by any
 * address that the driver has of it. Who tries faults, and the access is announced and done
 * nevertheless: on x86-64 the page is opened, the instruction is stepped over with the trap flag,
 * and the page is closed again.
 *
 *	SIGSEGV:  whose is it? announce -> open -> trap flag on      SIGTRAP:  close -> trap flag off
 *
 * Elsewhere there is no such flag, and the page is left open until its next hand-over: for reading,
 * if it was read. So it is on x86-64 for a page that was met a thousand times since its last one.
 *
 * Threads: while one of them steps, the page is open for all, and what others do there in that
 * moment is not seen. dmk_frame.stepping counts them, under the fences' lock; what a thread itself
 * steps through is its own. The handler takes the fences' lock and, announcing, the checker's: who
 * holds one of these never touches the machine's memory.
 *
 * The handlers are the last but one: the kernel part, which puts its own in front of them, has
 * registers to look after, and passes on what is not its (kernel/device/iofault.c); who had them
 * before, a crash report say, hears of what is not ours either.
 */
#include "page.h"

#include "fences.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

/* An instruction reads and writes two places, each of which may lie in two pages; and some more. */
enum { STEP_PAGES = 8, FAULTS_MAX = 1000, VAIN_MAX = 100000 };

static struct dmk_watch_code code;
static struct sigaction earlier_segv, earlier_trap;
static bool installed;

/* The pages that this thread opened for the instruction that it is at. */
static _Thread_local struct {
	unsigned int n;
	unsigned int in_vain; /* faults in a row at what should be open */
	uint64_t phys[STEP_PAGES];
} step;

/* --- closing and opening ---------------------------------------------------------------------- */

/* Neighbours that get the same access: one call for them all. Guarded by the fences' lock. */
static struct {
	uintptr_t first;
	size_t size;
	int access;
} run;

/* If there are too many mappings for it the pages stay as they are: less is found. */
static void flush(void)
{
	if (run.size)
		mprotect((void *)run.first, run.size, run.access);
	run.size = 0;
}

static int access_of(const struct dmk_frame *frame)
{
	if (frame->bytes < DMK_PAGE_SIZE || frame->stepping)
		return PROT_READ | PROT_WRITE;
	return frame->left_open;
}

static void set(uintptr_t address, const struct dmk_frame *frame, unsigned int first,
		unsigned int last)
{
	const int access = access_of(frame);

	if (run.size && (run.first + run.size != address || run.access != access))
		flush();
	if (!run.size)
		run.first = address;
	run.access = access;
	run.size += DMK_PAGE_SIZE;
}

static const struct dmk_fence fence = {.set = set, .flush = flush};

/* --- the machine's part ----------------------------------------------------------------------- */

#if defined(__x86_64__)

enum { TRAP_FLAG = 0x100, ERROR_WRITE = 2 };
static const bool can_step = true;

static struct dmk_watch_at registers_of(const ucontext_t *context)
{
	return (struct dmk_watch_at){
		.pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP],
		.frame = (uintptr_t)context->uc_mcontext.gregs[REG_RBP],
	};
}

static bool is_write(const ucontext_t *context)
{
	return context->uc_mcontext.gregs[REG_ERR] & ERROR_WRITE;
}

static void trap(ucontext_t *context, bool on)
{
	if (on)
		context->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
	else
		context->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

#elif defined(__aarch64__)

/* Arm ARM D17.2.37: in the syndrome of a data abort, bit 6 says that it was a write. */
enum { SYNDROME_WRITE = 1 << 6 };
static const bool can_step;

static struct dmk_watch_at registers_of(const ucontext_t *context)
{
	return (struct dmk_watch_at){
		.pc = context->uc_mcontext.pc,
		.frame = context->uc_mcontext.regs[29],
	};
}

/* The kernel's list of records behind the registers; without a syndrome there it is a read. */
static bool is_write(const ucontext_t *context)
{
	const char *at = (const char *)context->uc_mcontext.__reserved;
	const char *end = at + sizeof(context->uc_mcontext.__reserved);
	struct _aarch64_ctx head;
	uint64_t syndrome = 0;

	for (; end - at >= (ptrdiff_t)(sizeof(head) + sizeof(syndrome)); at += head.size) {
		memcpy(&head, at, sizeof(head));
		if (head.magic == ESR_MAGIC)
			memcpy(&syndrome, at + sizeof(head), sizeof(syndrome));
		if (!head.magic || !head.size)
			break;
	}
	return syndrome & SYNDROME_WRITE;
}

static void trap(ucontext_t *context, bool on)
{
}

#else

static const bool can_step;

static struct dmk_watch_at registers_of(const ucontext_t *context)
{
	return (struct dmk_watch_at){0, 0};
}

/* Not known: the page is opened for both. */
static bool is_write(const ucontext_t *context)
{
	return true;
}

static void trap(ucontext_t *context, bool on)
{
}

#endif

/* --- the access ------------------------------------------------------------------------------- */

/* An access met the page at @phys: it may be made. With the lock held. */
static void open_for(uint64_t phys, struct dmk_frame *frame, bool write)
{
	if (can_step && step.n < STEP_PAGES && ++frame->faults < FAULTS_MAX) {
		step.phys[step.n++] = phys;
		frame->stepping++;
	} else {
		frame->left_open |= write ? PROT_READ | PROT_WRITE : PROT_READ;
	}
	dmk_fences_changed(phys, frame);
}

/* The instruction is done. */
static void close_again(void)
{
	for (; step.n; step.n--) {
		const uint64_t phys = step.phys[step.n - 1];
		struct dmk_frame *frame = dmk_fences_lock(phys);

		if (frame) {
			frame->stepping--;
			dmk_fences_changed(phys, frame);
		}
		dmk_fences_unlock();
	}
}

/*
 * libc moves a buffer in many instructions: those that go on where the last one ended, in one call,
 * are one access. It is said once, with the bytes that the first one touched.
 */
static bool goes_on(const struct dmk_watch_place *place, uintptr_t address, unsigned int width)
{
	static _Thread_local struct {
		const void *caller, *frame;
		uintptr_t first, last;
	} before;
	enum { NEAR = 128 }; /* it looks at the end first, and works in some strides at once */
	const bool same = place->call && before.caller == place->caller &&
			  before.frame == place->frame && address + NEAR >= before.first &&
			  address <= before.last + NEAR;

	if (!same)
		before.first = before.last = address;
	before.caller = place->caller;
	before.frame = place->frame;
	if (address < before.first)
		before.first = address;
	if (address + width - 1 > before.last)
		before.last = address + width - 1;
	return same;
}

static void announce(uintptr_t address, uint64_t phys, bool write, struct dmk_watch_at at)
{
	unsigned int width = code.width ? code.width((const void *)at.pc) : 1;
	struct dmk_watch_place place;

	if (!dmk_watch_page_who(&code, at, &place) || goes_on(&place, address, width))
		return;
	/* What lies in the next page is met there. */
	if (address % DMK_PAGE_SIZE + width > DMK_PAGE_SIZE)
		width = (unsigned int)(DMK_PAGE_SIZE - address % DMK_PAGE_SIZE);
	dmk_watch_announce(address, phys, width, write, &place);
}

/* Whether the page is closed to it. With the lock held. */
static bool is_closed(const struct dmk_frame *frame, bool write)
{
	return !(access_of(frame) & (write ? PROT_WRITE : PROT_READ));
}

/* False: it has nothing to do with us. */
static bool take(const siginfo_t *info, ucontext_t *context)
{
	const uintptr_t address = (uintptr_t)info->si_addr;
	const bool write = is_write(context);
	struct dmk_frame *frame;
	uint64_t phys;
	bool closed;

	if (info->si_code != SEGV_ACCERR || !dmk_watch_memory_phys(address, &phys))
		return false;
	frame = dmk_fences_lock(phys);
	closed = frame && is_closed(frame, write);
	dmk_fences_unlock();
	if (!frame)
		return false;
	if (!closed) /* another thread opened it meanwhile: once more */
		return ++step.in_vain < VAIN_MAX;
	step.in_vain = 0;
	announce(address, phys, write, registers_of(context));
	frame = dmk_fences_lock(phys);
	if (frame && is_closed(frame, write))
		open_for(phys & ~(uint64_t)(DMK_PAGE_SIZE - 1), frame, write);
	dmk_fences_unlock();
	if (step.n)
		trap(context, true);
	return true;
}

/* --- handlers --------------------------------------------------------------------------------- */

static void pass_on(const struct sigaction *earlier, int signal, siginfo_t *info, void *context)
{
	if (earlier->sa_flags & SA_SIGINFO) {
		earlier->sa_sigaction(signal, info, context);
	} else if (earlier->sa_handler == SIG_DFL || earlier->sa_handler == SIG_IGN) {
		/* Its default action: the instruction is done once more, and nobody catches it. */
		const struct sigaction plain = {.sa_handler = SIG_DFL};

		sigaction(signal, &plain, NULL);
		if (info->si_code <= 0 || signal == SIGTRAP)
			raise(signal);
	} else {
		earlier->sa_handler(signal);
	}
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	const int error = errno;

	if (!take(info, context))
		pass_on(&earlier_segv, signal, info, context);
	errno = error;
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
	const int error = errno;

	if (step.n) {
		close_again();
		trap(context, false);
	} else {
		pass_on(&earlier_trap, signal, info, context);
	}
	errno = error;
}

void dmk_watch_page_start(const struct dmk_watch_code *about)
{
	struct sigaction fault = {.sa_sigaction = on_fault,
				  .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	struct sigaction trap_action = {.sa_sigaction = on_trap,
					.sa_flags = SA_SIGINFO | SA_ONSTACK};

	code = *about;
	dmk_watch_page_prepare();
	dmk_watch_shared_reset(about);
	if (sigaction(SIGSEGV, &fault, &earlier_segv))
		return;
	if (sigaction(SIGTRAP, &trap_action, &earlier_trap)) {
		sigaction(SIGSEGV, &earlier_segv, NULL);
		return;
	}
	installed = true;
	dmk_fences_start(&fence);
}

static void restore(int signal, const struct sigaction *earlier)
{
	struct sigaction now;

	if (!sigaction(signal, NULL, &now) &&
	    (now.sa_sigaction == on_fault || now.sa_sigaction == on_trap))
		sigaction(signal, earlier, NULL);
}

void dmk_watch_page_stop(void)
{
	if (!installed)
		return;
	restore(SIGSEGV, &earlier_segv);
	restore(SIGTRAP, &earlier_trap);
	installed = false;
}
