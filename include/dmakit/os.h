/* SPDX-License-Identifier: MIT */
/*
 * What the core needs from the system around it: page frames, metadata, context. In an ordinary
 * program dmakit's own kernel part fills this table; a kernel, hypervisor or firmware that links
 * the core fills it with its own allocator and locks.
 *
 * Every hook is mandatory. Audience: who links the freestanding core.
 */
#ifndef DMAKIT_OS_H
#define DMAKIT_OS_H

#include <dmakit/types.h>

/**
 * What kind of memory a CPU address is; the kinds other than DIRECT may not be given to
 * dma_map_single().
 */
enum dmk_address_kind {
	DMK_ADDRESS_DIRECT,  /* in the direct map, RAM behind every byte: phys is valid */
	DMK_ADDRESS_VMALLOC, /* MEM-02 */
	DMK_ADDRESS_STACK,   /* MEM-03 */
	DMK_ADDRESS_IMAGE,   /* text, data, bss of the program: MEM-03 */
	DMK_ADDRESS_KMAP,    /* MEM-04 */
	DMK_ADDRESS_IOMEM,   /* an ioremap() cookie */
	DMK_ADDRESS_UNKNOWN, /* not the machine's memory: the C heap, NULL, a wild pointer */
};

/**
 * Slots that CPUs have for themselves are below it, 0 is none; a record of the core's says in one
 * byte whose it is.
 */
enum { DMK_CPUS = 255 };

/**
 * A thread, in a program whose threads are the CPUs. The core's; there is none where it was built
 * without -DDMK_CPU_IS_THREAD.
 * @slot: 0: it has none yet. Written by dmk_os_ops.cpu_slot, and by whoever ends the thread, who
 *         sets it to 0.
 * @number: what dmk_os_ops.cpu would say; written with @slot.
 * @busy: it uses what is its slot's. Atomic; written by the core, read by dmk_os_ops.settle.
 */
struct dmk_thread_cpu {
	unsigned int slot, number, busy;
};
extern __thread struct dmk_thread_cpu dmk_thread_cpu __attribute__((__tls_model__("initial-exec")));

struct dmk_page_request {
	size_t size;      /* bytes, a multiple of the page size, at least one page */
	size_t align;     /* bytes, a power of two, at least one page */
	dmk_phys last;    /* no byte above this physical address */
	dmk_phys first;   /* no byte below this one */
	bool may_sleep;
	bool attempt;    /* there is another way when there are none: not worth a message */
};

/**
 * Something to be done later, in a context that may sleep. Owned by the core, and not freed while
 * it is queued or runs.
 */
struct dmk_deferred {
	void (*run)(struct dmk_deferred *self);
	unsigned int delay_usec; /* not before; set before it is given to defer() */
	uint64_t os[24]; /* the system's own record; zeroed before first use */
};

enum dmk_log_level { DMK_LOG_ERR = 3, DMK_LOG_WARNING = 4, DMK_LOG_INFO = 6 };

struct dmk_os_ops {
	/**
	 * meta_alloc - zeroed memory for the core's own records, aligned for any type; no device
	 * can reach it. NULL: none left.
	 */
	void *(*meta_alloc)(void *ctx, size_t size, bool may_sleep);
	void (*meta_free)(void *ctx, void *memory, size_t size);

	/**
	 * pages_alloc - physically contiguous page frames, contents undefined
	 * Return: 0 and @first_page, or -ENOMEM. Free with the same size.
	 */
	int (*pages_alloc)(void *ctx, const struct dmk_page_request *request, dmk_phys *first_page);
	void (*pages_free)(void *ctx, dmk_phys first_page, size_t size);

	/**
	 * classify - what [address, address + size) is; fills @phys for DMK_ADDRESS_DIRECT only.
	 */
	enum dmk_address_kind (*classify)(void *ctx, const void *address, size_t size,
					  dmk_phys *phys);
	/**
	 * is_ram - whether every byte of the physical range is RAM that the system owns; of a range
	 * that is, every part is. What it says is RAM during dmk_core_start() stays RAM, with the
	 * address that classify() says, until the core stops: it is not asked again.
	 */
	bool (*is_ram)(void *ctx, dmk_phys first, size_t size);

	/**
	 * in_atomic - the caller may not sleep: interrupt, or a spinlock held. in_interrupt - an
	 * interrupt handler runs.
	 */
	bool (*in_atomic)(void *ctx);
	bool (*in_interrupt)(void *ctx);

	/**
	 * cpu - a small number that the CPU or thread that asks keeps for a while, so that those
	 * that run at once have others. What lies where is chosen by it, so a system whose runs are
	 * to be repeated gives it in an order that is. It is no index: any number will do, and
	 * several may have the same. Any context; must be cheap.
	 */
	unsigned int (*cpu)(void *ctx);

	/**
	 * irq_save/irq_restore - keep this CPU's interrupt handlers out while the core holds one of
	 * its locks.
	 */
	unsigned long (*irq_save)(void *ctx);
	void (*irq_restore)(void *ctx, unsigned long flags);
	/**
	 * cpu_slot - what the CPU that runs this has for itself: 1 .. DMK_CPUS - 1; 0: it has none,
	 * and takes a lock where others need not. Of two contexts that can be in the core at the
	 * same time, or one of which can interrupt the other outside irq_save() and irq_restore(),
	 * no two have the same number, and between these two it stays what it is. A number may go
	 * to another CPU after the one that had it has stopped calling, and what that one did is
	 * visible to the next. Called with locks of the core held. Where the core was built with
	 * -DDMK_CPU_IS_THREAD it sets dmk_thread_cpu.slot too, once for each thread. Unlike cpu()
	 * it is an index.
	 */
	unsigned int (*cpu_slot)(void *ctx);
	/**
	 * settle - wait until each other CPU has been outside irq_save() and irq_restore() since
	 * the call began, and has seen what
	 *	    the caller stored before, and the caller sees what that CPU stored; where
	 *	    threads are the CPUs, until each has been not busy
	 * The core takes what other CPUs keep for themselves, when there is no memory left but
	 * that. Called without a lock of the core's, from any context that the core was called
	 * from. In a kernel: a call on every CPU that is waited for. A program: membarrier(2), and
	 * a look at each thread's dmk_thread_cpu.busy (acquire).
	 * Return: false: not here and now; the allocation then fails.
	 */
	bool (*settle)(void *ctx);
	/** relax - called in a loop while waiting for a lock: pause, yield. */
	void (*relax)(void *ctx);

	/**
	 * defer - have @work->run called soon, once, in a thread that may sleep; queued already:
	 * nothing happens. Any context. The system ends its deferred work before it calls
	 * dmk_core_stop(): what is still queued then never runs.
	 * Return: false: not at this time (the system is starting or ending).
	 */
	bool (*defer)(void *ctx, struct dmk_deferred *work);

	/** log - one message, no newline at its end. @device may be NULL. */
	void (*log)(void *ctx, enum dmk_log_level level, const char *device, const char *message);
};

struct dmk_os {
	const struct dmk_os_ops *ops;
	void *ctx;
};

#endif
