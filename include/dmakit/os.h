/* SPDX-License-Identifier: MIT */
/*
 * What the core needs from the system around it: page frames, metadata, context. In an ordinary program dmakit's own kernel
 * part fills this table; a kernel, hypervisor or firmware that links the core fills it with its own allocator and locks.
 *
 * Every hook is mandatory. Audience: who links the freestanding core.
 */
#ifndef DMAKIT_OS_H
#define DMAKIT_OS_H

#include <dmakit/types.h>

/** What kind of memory a CPU address is; the kinds other than DIRECT may not be given to dma_map_single(). */
enum dmk_address_kind {
	DMK_ADDRESS_DIRECT,  /* in the direct map, RAM behind every byte: phys is valid */
	DMK_ADDRESS_VMALLOC, /* MEM-02 */
	DMK_ADDRESS_STACK,   /* MEM-03 */
	DMK_ADDRESS_IMAGE,   /* text, data, bss of the program: MEM-03 */
	DMK_ADDRESS_KMAP,    /* MEM-04 */
	DMK_ADDRESS_IOMEM,   /* an ioremap() cookie */
	DMK_ADDRESS_UNKNOWN, /* not the machine's memory: the C heap, NULL, a wild pointer */
};

struct dmk_page_request {
	size_t size;      /* bytes, a multiple of the page size, at least one page */
	size_t align;     /* bytes, a power of two, at least one page */
	dmk_phys last;    /* no byte above this physical address */
	dmk_phys first;   /* no byte below this one */
	bool may_sleep;
};

/** Something to be done later, in a context that may sleep. Owned by the core, and not freed while it is queued or runs. */
struct dmk_deferred {
	void (*run)(struct dmk_deferred *self);
	unsigned int delay_usec; /* not before; set before it is given to defer() */
	uint64_t os[24]; /* the system's own record; zeroed before first use */
};

enum dmk_log_level { DMK_LOG_ERR = 3, DMK_LOG_WARNING = 4, DMK_LOG_INFO = 6 };

struct dmk_os_ops {
	/** meta_alloc - zeroed memory for the core's own records, aligned for any type; no device can reach it. NULL: none left. */
	void *(*meta_alloc)(void *ctx, size_t size, bool may_sleep);
	void (*meta_free)(void *ctx, void *memory, size_t size);

	/**
	 * pages_alloc - physically contiguous page frames, contents undefined
	 * Return: 0 and @first_page, or -ENOMEM. Free with the same size.
	 */
	int (*pages_alloc)(void *ctx, const struct dmk_page_request *request, dmk_phys *first_page);
	void (*pages_free)(void *ctx, dmk_phys first_page, size_t size);

	/** classify - what [address, address + size) is; fills @phys for DMK_ADDRESS_DIRECT only. */
	enum dmk_address_kind (*classify)(void *ctx, const void *address, size_t size, dmk_phys *phys);
	/**
	 * is_ram - whether every byte of the physical range is RAM that the system owns; of a range that is, every part is. What it says
	 * is RAM during dmk_core_start() stays RAM, with the address that classify() says, until the core stops: it is not asked again.
	 */
	bool (*is_ram)(void *ctx, dmk_phys first, size_t size);

	/** in_atomic - the caller may not sleep: interrupt, or a spinlock held. in_interrupt - an interrupt handler runs. */
	bool (*in_atomic)(void *ctx);
	bool (*in_interrupt)(void *ctx);

	/**
	 * cpu - a small number that the CPU or thread that asks keeps for a while, so that those that run at once have others
	 * What lies where is chosen by it, so a system whose runs are to be repeated gives it in an order that is. It is no index: any
	 * number will do, and several may have the same. Any context; must be cheap.
	 */
	unsigned int (*cpu)(void *ctx);

	/** irq_save/irq_restore - keep this CPU's interrupt handlers out while the core holds one of its locks. */
	unsigned long (*irq_save)(void *ctx);
	void (*irq_restore)(void *ctx, unsigned long flags);
	/** relax - called in a loop while waiting for a lock: pause, yield. */
	void (*relax)(void *ctx);

	/**
	 * defer - have @work->run called soon, once, in a thread that may sleep; queued already: nothing happens
	 * Any context. The system ends its deferred work before it calls dmk_core_stop(): what is still queued then never runs.
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
