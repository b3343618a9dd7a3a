// SPDX-License-Identifier: MIT
/*
 * Registers that a program has mapped: nothing is there, each access faults, and is carried out in
 * the process that runs the driver. The page is opened with the register's value in it, the
 * instruction is stepped over by the trap flag, what it stored is sent, and the page is closed
 * again, as kernel/device/iofault.c does it there.
 *
 * One thread at a time is between fault and trap; the process has no other handler of these two
 * signals from the first such mapping on, but those that were there before are called for what is
 * not ours. x86-64 only.
 */
#include "client.h"

#include <dmakit/operand.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)

enum { WINDOWS = 32, PAGE = 4096, STEP_PAGES = 2, TRAP_FLAG = 0x100, ERROR_WRITE = 2 };

/* Written under the lock, read in the handler without: size is set last, and cleared first. */
static struct window {
	char *address;
	size_t size; /* 0: free */
	uint64_t mapping;
} windows[WINDOWS];
static pthread_mutex_t windows_lock = PTHREAD_MUTEX_INITIALIZER;

static struct sigaction earlier_segv, earlier_trap;

/* The access under way. */
static struct {
	int owner; /* thread id; 0: nobody */
	unsigned int n;
	struct {
		const struct window *window;
		char *at;
		unsigned int width;
		bool write;
	} access[STEP_PAGES];
} step;

static const struct window *find_window(const char *at)
{
	for (int i = 0; i < WINDOWS; i++) {
		const size_t size = __atomic_load_n(&windows[i].size, __ATOMIC_ACQUIRE);

		if (size && at >= windows[i].address && at < windows[i].address + size)
			return &windows[i];
	}
	return NULL;
}

static char *page_of(const char *at)
{
	return (char *)((uintptr_t)at & ~(uintptr_t)(PAGE - 1));
}

/* Bytes in accesses as wide as a bus has them: 8, 4, 2 or 1. */
static unsigned int piece_of(const char *at, unsigned int left)
{
	unsigned int width = 8;

	while (width > left || (uintptr_t)at % width)
		width /= 2;
	return width;
}

static void carry_out(enum dmk_remote_op op, const struct window *window, char *at,
		      unsigned int width)
{
	for (unsigned int done = 0, n; done < width; done += n) {
		uint64_t value = 0;

		n = piece_of(at + done, width - done);
		if (op == DMK_REMOTE_STORE)
			memcpy(&value, at + done, n);
		client_access(op, window->mapping, (uint64_t)(at + done - window->address), n,
			      &value);
		if (op == DMK_REMOTE_LOAD)
			memcpy(at + done, &value, n);
	}
}

static bool begin_access(const struct window *window, char *at, greg_t *registers)
{
	const struct dmk_operand operand = dmk_operand((const void *)registers[REG_RIP]);
	const bool write = registers[REG_ERR] & ERROR_WRITE;
	unsigned int i, width = operand.width;

	dmk_step_take(&step.owner, gettid());
	if (step.n == STEP_PAGES)
		return false;
	if (page_of(at + width - 1) != page_of(at))
		width = (unsigned int)(page_of(at) + PAGE - at);
	i = step.n++;
	step.access[i].window = window;
	step.access[i].at = at;
	step.access[i].width = width;
	step.access[i].write = write;
	mprotect(page_of(at), PAGE, PROT_READ | PROT_WRITE);
	if (!write || !operand.only_stores)
		carry_out(DMK_REMOTE_LOAD, window, at, width);
	registers[REG_EFL] |= TRAP_FLAG;
	return true;
}

static bool end_access(greg_t *registers)
{
	if (__atomic_load_n(&step.owner, __ATOMIC_RELAXED) != gettid() || !step.n)
		return false;
	for (unsigned int i = 0; i < step.n; i++) {
		if (step.access[i].write)
			carry_out(DMK_REMOTE_STORE, step.access[i].window, step.access[i].at,
				  step.access[i].width);
		madvise(page_of(step.access[i].at), PAGE, MADV_DONTNEED);
		mprotect(page_of(step.access[i].at), PAGE, PROT_NONE);
	}
	step.n = 0;
	registers[REG_EFL] &= ~(greg_t)TRAP_FLAG;
	__atomic_store_n(&step.owner, 0, __ATOMIC_RELEASE);
	return true;
}

/* With the default action the instruction is done once more, and nobody catches it. */
static void pass_on(const struct sigaction *earlier, int number, siginfo_t *info, void *context)
{
	if (earlier->sa_flags & SA_SIGINFO)
		earlier->sa_sigaction(number, info, context);
	else if (earlier->sa_handler != SIG_DFL && earlier->sa_handler != SIG_IGN)
		earlier->sa_handler(number);
	else
		sigaction(number, earlier, NULL);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	const struct window *window = info->si_code > 0 ? find_window(info->si_addr) : NULL;
	const int before = errno;

	if (!window || !begin_access(window, info->si_addr, registers))
		pass_on(&earlier_segv, number, info, context);
	errno = before;
}

static void on_trap(int number, siginfo_t *info, void *context)
{
	const int before = errno;

	if (!end_access(((ucontext_t *)context)->uc_mcontext.gregs))
		pass_on(&earlier_trap, number, info, context);
	errno = before;
}

static void catch_accesses(void)
{
	struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
	struct sigaction trap = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	sigaction(SIGSEGV, &fault, &earlier_segv);
	sigaction(SIGTRAP, &trap, &earlier_trap);
}

bool registers_add(void *address, size_t size, uint64_t mapping)
{
	static pthread_once_t caught = PTHREAD_ONCE_INIT;
	bool added = false;

	pthread_once(&caught, catch_accesses);
	/* What is there is ours to open and close; a mapping of no file may still be shared. */
	mprotect(address, size, PROT_NONE);
	pthread_mutex_lock(&windows_lock);
	for (int i = 0; i < WINDOWS && !added; i++) {
		if (windows[i].size)
			continue;
		windows[i].address = address;
		windows[i].mapping = mapping;
		__atomic_store_n(&windows[i].size, size, __ATOMIC_RELEASE);
		added = true;
	}
	pthread_mutex_unlock(&windows_lock);
	return added;
}

void registers_remove(void *address, size_t size)
{
	const char *first = address;

	pthread_mutex_lock(&windows_lock);
	for (int i = 0; i < WINDOWS; i++) {
		if (windows[i].size && windows[i].address >= first &&
		    windows[i].address + windows[i].size <= first + size)
			__atomic_store_n(&windows[i].size, 0, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&windows_lock);
}

#else

bool registers_add(void *address, size_t size, uint64_t mapping)
{
	return false;
}

void registers_remove(void *address, size_t size)
{
}

#endif
