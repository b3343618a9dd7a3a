// SPDX-License-Identifier: MIT
/*
 * A plain dereference of an ioremap() cookie (ADR-03): it is announced, and then does what it does
 * on a common PC, where registers can be dereferenced. On x86-64 the page is opened with the
 * register's value in it, the instruction is stepped over by the trap flag, and the page is closed
 * again; what the instruction stored is written to the register.
 *
 *	SIGSEGV:  open the page -> trap flag on        SIGTRAP:  forward the store -> close -> trap flag off
 *
 * One thread at a time is between the two. On other architectures the page stays open after the
 * first fault.
 */
#include "internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <ucontext.h>

#include <dmakit/kernel.h>
#include <dmakit/operand.h>
#include <linux/printk.h>

#include "../internal.h"

static struct sigaction earlier_segv, earlier_bus, earlier_trap;
static bool installed;

enum { STEP_PAGES = 2 }; /* an instruction such as movs touches two */

/* The dereference under way. */
static struct {
	int owner; /* thread id; 0: nobody */
	unsigned int n;
	struct {
		struct dmk_iomap *map;
		char *page;
		volatile char *address;
		unsigned int width;
		bool write;
	} access[STEP_PAGES];
} step;

static char *page_of(const volatile void *address)
{
	return (char *)((uintptr_t)address & ~(uintptr_t)(DMK_PAGE_SIZE - 1));
}

static void announce(const volatile void *address, unsigned int width, bool write,
		     const void *instruction, const void *frame)
{
	dmk_announce(&(struct dmk_event){
		.kind = DMK_EVENT_IOMEM_DEREFERENCE,
		.name = "dereference",
		.cpu = (const void *)address,
		.size = width,
		.write = write,
		.requester = DMK_REQUESTER_NONE,
		.caller = instruction,
		.frame = frame,
	});
}

/* Bytes from the register, in accesses as wide as the bus has them. */
static void fill(struct dmk_iomap *map, volatile char *address, unsigned int width)
{
	for (unsigned int done = 0; done < width;) {
		unsigned int n = width - done < 8 ? width - done : 8;
		uint64_t offset = address + done - map->cookie;
		uint64_t value = offset + n <= map->size ? dmk_iomap_read(map, offset, n) : ~0ULL;

		memcpy((char *)address + done, &value, n);
		done += n;
	}
}

static void forward(struct dmk_iomap *map, volatile char *address, unsigned int width)
{
	for (unsigned int done = 0; done < width;) {
		unsigned int n = width - done < 8 ? width - done : 8;
		uint64_t offset = address + done - map->cookie;
		uint64_t value = 0;

		memcpy(&value, (char *)address + done, n);
		if (offset + n <= map->size)
			dmk_iomap_write(map, offset, n, value);
		done += n;
	}
}

static void announce_as(const char *name, const volatile void *address, bool write,
			const void *instruction, const void *frame)
{
	dmk_announce(&(struct dmk_event){
		.kind = DMK_EVENT_IOMEM_DEREFERENCE,
		.name = name,
		.cpu = (const void *)address,
		.write = write,
		.requester = DMK_REQUESTER_NONE,
		.caller = instruction,
		.frame = frame,
	});
}

#if defined(__x86_64__)

enum { TRAP_FLAG = 0x100, ERROR_WRITE = 2 };

static void announce_nowhere(const void *address, ucontext_t *context)
{
	const greg_t *registers = context->uc_mcontext.gregs;

	/* As a return address: one past the first byte of the instruction. */
	announce_as("no mapping", address, registers[REG_ERR] & ERROR_WRITE,
		    (const char *)registers[REG_RIP] + 1, (const void *)registers[REG_RBP]);
}

static bool dereference(struct dmk_iomap *map, volatile char *address, ucontext_t *context)
{
	greg_t *registers = context->uc_mcontext.gregs;
	bool write = registers[REG_ERR] & ERROR_WRITE;
	struct dmk_operand operand = dmk_operand((const void *)registers[REG_RIP]);
	unsigned int i;

	if (map->kind != DMK_IOMAP_USER)
		announce(address, operand.width, write, (const void *)registers[REG_RIP],
			 (const void *)registers[REG_RBP]);
	dmk_step_take(&step.owner, gettid());
	if (step.n == STEP_PAGES)
		return false;
	i = step.n++;
	step.access[i].map = map;
	step.access[i].page = page_of(address);
	step.access[i].address = address;
	step.access[i].width = operand.width;
	step.access[i].write = write;
	/* An access that ends in the next page is not aligned, and no register is there. */
	if (page_of(address + operand.width - 1) != step.access[i].page)
		step.access[i].width =
			(unsigned int)(step.access[i].page + DMK_PAGE_SIZE - (char *)address);
	mprotect(step.access[i].page, DMK_PAGE_SIZE, PROT_READ | PROT_WRITE);
	if (!write || !operand.only_stores)
		fill(map, address, step.access[i].width);
	registers[REG_EFL] |= TRAP_FLAG;
	return true;
}

bool dmk_iomem_step(void *siginfo, void *ucontext)
{
	ucontext_t *context = ucontext;

	if (__atomic_load_n(&step.owner, __ATOMIC_RELAXED) != gettid() || !step.n)
		return false;
	for (unsigned int i = 0; i < step.n; i++) {
		if (step.access[i].write)
			forward(step.access[i].map, step.access[i].address, step.access[i].width);
		madvise(step.access[i].page, DMK_PAGE_SIZE, MADV_DONTNEED);
		mprotect(step.access[i].page, DMK_PAGE_SIZE, PROT_NONE);
	}
	step.n = 0;
	context->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
	__atomic_store_n(&step.owner, 0, __ATOMIC_RELEASE);
	return true;
}

#else

static void announce_nowhere(const void *address, ucontext_t *context)
{
	announce_as("no mapping", address, false, NULL, NULL);
}

static bool dereference(struct dmk_iomap *map, volatile char *address, ucontext_t *context)
{
	volatile char *word = (volatile char *)((uintptr_t)address & ~(uintptr_t)3);

	if (map->kind != DMK_IOMAP_USER)
		announce(address, 4, false, NULL, NULL);
	mprotect(page_of(address), DMK_PAGE_SIZE, PROT_READ | PROT_WRITE);
	if (word >= (volatile char *)map->cookie)
		fill(map, word, 4);
	return true;
}

bool dmk_iomem_step(void *siginfo, void *ucontext)
{
	return false;
}

#endif

/*
 * What dma_alloc_attrs() returned with DMA_ATTR_NO_KERNEL_MAPPING is no address. It is said, and
 * the fault is one.
 */
static bool is_nowhere(const void *address)
{
	return (uintptr_t)address >= (uintptr_t)dmk_nowhere &&
	       (uintptr_t)address - (uintptr_t)dmk_nowhere <= dmk_layout.direct_last;
}

bool dmk_iomem_fault(void *siginfo, void *ucontext)
{
	const siginfo_t *info = siginfo;
	struct dmk_iomap *map;
	int error = errno;
	bool taken;

	if (info->si_code <= 0)
		return false; /* sent by somebody */
	dmk_user_fault(info->si_addr);
	if (is_nowhere(info->si_addr)) {
		announce_nowhere(info->si_addr, ucontext);
		return false;
	}
	map = dmk_iomap_find(info->si_addr);
	if (!map)
		return false;
	taken = dereference(map, info->si_addr, ucontext);
	errno = error;
	return taken;
}

static void pass_on(const struct sigaction *earlier, int signal, siginfo_t *info, void *context)
{
	if (earlier->sa_flags & SA_SIGINFO) {
		earlier->sa_sigaction(signal, info, context);
	} else if (earlier->sa_handler == SIG_DFL || earlier->sa_handler == SIG_IGN) {
		/* The default action: the instruction faults once more, and nobody catches it. */
		struct sigaction plain = {.sa_handler = SIG_DFL};

		sigaction(signal, &plain, NULL);
		if (info->si_code <= 0 || signal == SIGTRAP)
			raise(signal);
	} else {
		earlier->sa_handler(signal);
	}
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	if (!dmk_iomem_fault(info, context))
		pass_on(signal == SIGBUS ? &earlier_bus : &earlier_segv, signal, info, context);
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
	if (!dmk_iomem_step(info, context))
		pass_on(&earlier_trap, signal, info, context);
}

int dmk_iofault_start(void)
{
	struct sigaction fault = {.sa_sigaction = on_fault,
				  .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	struct sigaction trap = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	if (installed)
		return 0;
	if (sigaction(SIGSEGV, &fault, &earlier_segv) || sigaction(SIGBUS, &fault, &earlier_bus) ||
	    sigaction(SIGTRAP, &trap, &earlier_trap))
		return -errno;
	installed = true;
	return 0;
}

static void restore(int signal, const struct sigaction *earlier)
{
	struct sigaction now;

	if (!sigaction(signal, NULL, &now) &&
	    (now.sa_sigaction == on_fault || now.sa_sigaction == on_trap))
		sigaction(signal, earlier, NULL);
}

void dmk_iofault_stop(void)
{
	if (!installed)
		return;
	restore(SIGSEGV, &earlier_segv);
	restore(SIGBUS, &earlier_bus);
	restore(SIGTRAP, &earlier_trap);
	installed = false;
}
