/* SPDX-License-Identifier: MIT */
/*
 * What the files of kernel/ share, and what kernel/device may call. Nothing here is for drivers or
 * for tools.
 *
 * Order of life: printk, context, page, slab, then the core, then time, softirq, work, interrupts,
 * then devices; the way down is the way up reversed (boot.c).
 */
#ifndef DMK_KERNEL_INTERNAL_H
#define DMK_KERNEL_INTERNAL_H

#include <pthread.h>
#include <stdarg.h>

#include <dmakit/fail.h>
#include <dmakit/observer.h>
#include <dmakit/os.h>
#include <dmakit/port.h>
#include <dmakit/types.h>
#include <linux/gfp_types.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/sched.h>

/** The driver's call that something happens for: a code address and the frame it was made from. */
struct dmk_place {
	const void *caller, *frame;
};
#define DMK_HERE ((struct dmk_place){ __builtin_return_address(0), __builtin_frame_address(0) })
/**
 * A call that asks who made it, and that others of its file make too: those must be seen to come
 * from here.
 */
#if __has_attribute(__noclone__)
#define DMK_ENTRY __attribute__((__noinline__, __noclone__))
#else /* clang makes no clones */
#define DMK_ENTRY __attribute__((__noinline__))
#endif
/** Whether an allocation is to fail on purpose. */
static inline bool dmk_memory_fails(gfp_t gfp, struct dmk_place place)
{
	return !(gfp & __GFP_NOFAIL) && dmk_should_fail(DMK_FAIL_MEMORY, place.caller);
}
#define DMK_AT(place) .caller = (place).caller, .frame = (place).frame

/* --- context.c: threads, and where they are --------------------------------------------------- */

/**
 * The part of a task that drivers do not see. Lives from the thread's first call to its end, and
 * longer while referenced.
 */
struct dmk_task {
	struct task_struct task; /* first */

	/* of the thread itself alone */
	unsigned int preempt;
	uint64_t points; /* of interleave.c, passed so far */
	bool irqs_off;
	unsigned int rcu_depth;
	/* system calls under way: written under lock, for dmk_tasks_interrupt() */
	unsigned int file_depth;

	pthread_mutex_t lock; /* guards the next three */
	pthread_cond_t wake;
	unsigned int state;
	bool signal;

	/* guarded by the list's lock */
	struct list_head link;
	int refs;
	bool exited;
	bool claimed; /* a kthread's: somebody joins it, or has */
	struct dmk_thread_cpu *cpu; /* the thread's own, while it is on the list */

	int tid;
	/* in the order in which they were made, the same in each run as far as that is */
	unsigned int number;
	const char *stack_low, *stack_high;

	/* a kthread's */
	int (*function)(void *data);
	void *data;
	bool should_stop; /* atomic */
	bool started;     /* atomic: its function is called, or it was stopped before */
	unsigned int bound; /* a CPU; set before it starts */
	bool stands_still;  /* the freezer's lock's */
	int result;
	pthread_t thread;
};

static inline struct dmk_task *dmk_self(void)
{
	return dmk_current()->dmk;
}

bool dmk_in_stack(const void *address);
bool dmk_context_atomic(void);
/** dmk_might_sleep_at - report a call that may sleep where nobody may (COH-06) */
void dmk_might_sleep_at(const char *function, struct dmk_place place);
/** tasklet_kill(), by who has said that it may sleep. */
struct tasklet_struct;
void dmk_tasklet_rest(struct tasklet_struct *tasklet);
/** dmaengine/copy.c: the threads that copy, if anybody has asked for a channel. */
void dmk_dma_copier_stop(void);
/** A thread of ours; ended by kthread_stop() or by returning. NULL: no memory. */
struct task_struct *dmk_thread_run(int (*function)(void *data), void *data, const char *name);
/** Stop and join what kthreads are left. */
void dmk_context_stop(void);
/** A system call begins and ends: in between the thread can be interrupted as by a signal. */
void dmk_task_enter_file(void);
void dmk_task_leave_file(void);
/** Make all system calls of threads other than the caller's return as if a signal had come. */
void dmk_tasks_interrupt(void);
/** For each thread; the list's lock is held. */
void dmk_tasks_each(void (*look)(struct dmk_task *task, void *ctx), void *ctx);
/**
 * freezer.c: stand still, if the machine is to sleep and the thread to stand still, until it is
 * awake, or until the thread is to stop. Return: it stood.
 */
bool dmk_stand_still(bool until_stopped);
/** A thread that stands still may have to stop. */
void dmk_freezer_wake(void);
/** current->mm of every thread that is no kthread: the memory of the programs that call drivers. */
extern struct mm_struct dmk_user_mm;
/** dmk_tasks_settle - dmk_os_ops.settle */
bool dmk_tasks_settle(void);

/* --- frames.c, page.c ------------------------------------------------------------------------- */

enum dmk_page_flags {
	DMK_PAGE_FREE = 1 << 0, /* first of a free run */
	DMK_PAGE_USED = 1 << 1, /* first of a run that was handed out */
	DMK_PAGE_SLAB = 1 << 2, /* first page of a slab */
	/* kmalloc() of more than half a page; index: bytes asked for */
	DMK_PAGE_KMALLOC = 1 << 3,
	/* was the first of a run before it was freed: a second free is told apart by it */
	DMK_PAGE_FREED = 1 << 4,
	DMK_PAGE_CORE = 1 << 5, /* the core's, not a driver's */
	DMK_PAGE_VMALLOC = 1 << 6,
	/* freed, and not yet free: it waits in the quarantine */
	DMK_PAGE_WAITING = 1 << 7,
	/* stands for a page of user memory that a driver pinned (device/pin.c) */
	DMK_PAGE_USER = 1 << 8,
};

/** The last reference to a page of user memory goes: what was written to it goes to the user. */
void dmk_user_page_ends(struct page *page, struct dmk_place place);

int dmk_page_start(const struct dmk_port *port, const char *parameters, char *error,
		   size_t error_size);
void dmk_page_stop(void);
extern struct page *dmk_memmap;
/**
 * Addresses that stand for memory without one: this plus the physical address
 * (DMA_ATTR_NO_KERNEL_MAPPING).
 */
extern void *const dmk_nowhere;
extern pthread_mutex_t dmk_frames_lock; /* guards flags, order, refcount of every page */
/** The allocator without an announcement. NULL: none. @flags as above. Never waits. */
struct page *dmk_page_alloc(gfp_t gfp, unsigned int order, unsigned int flags);
/**
 * As dmk_page_alloc(), and says why not, and waits when it may not fail. No lock held. @call: what
 * the driver called.
 */
struct page *dmk_page_insist(gfp_t gfp, unsigned int order, unsigned int flags, const char *call);
/** @page is the first of a run in use. */
void dmk_page_free(struct page *page, bool poison);
/** The run in use that begins here becomes single pages. */
void dmk_page_split(struct page *page, unsigned int order);
/** Whether it points at an entry of the table of pages. */
bool dmk_page_real(const struct page *page);
/** The same, and memory has that page; else the caller is told. */
bool dmk_is_page(const struct page *page, const char *call, struct dmk_place place);
/** The first page of the run that @page is in, or NULL: it is not in use. */
struct page *dmk_page_head(const struct page *page);
phys_addr_t dmk_page_phys(const struct page *page);
/** The address in the direct map; NULL for highmem. */
void *dmk_page_cpu(const struct page *page);
/** The page of a physical address; NULL: no RAM there. */
struct page *dmk_page_of(phys_addr_t phys);
/**
 * Physical address of a pointer into the direct map with memory that it shows behind [address,
 * address + size).
 */
bool dmk_direct(const void *address, size_t size, phys_addr_t *phys);
/** dmk_phys_used - the same as dmk_phys_asked(), of the call at @place */
void dmk_phys_used(const char *call, phys_addr_t phys, struct dmk_place place);
/** A conversion was given an address that it is not for. */
void dmk_wrong_address(const char *call, uint64_t address);
/**
 * Memory of any kind all along. @owned: memory that the page allocator has, or gave out; neither
 * kept back nor a pool.
 */
bool dmk_ram(phys_addr_t first, uint64_t size, bool owned);
/**
 * What a call does that found no memory: say so, with what is free (unless __GFP_NOWARN). @size:
 * bytes.
 */
void dmk_memory_short(const char *call, size_t size, gfp_t gfp);
/** @take until it gives something, when it may not fail (__GFP_NOFAIL); else once. No lock held. */
void *dmk_memory_insist(void *(*take)(const void *request), const void *request, const char *call,
			size_t size, gfp_t gfp);
/** Somebody may find memory who found none. */
void dmk_memory_released(void);
/** Whether somebody waits for memory. */
bool dmk_memory_awaited(void);
/**
 * dmk_page_wait - a run in use was freed and announced: it is no longer anybody's
 * Return: true: dmk_page_retire() gives it back, with no lock held; false: dmk_page_free() does.
 */
bool dmk_page_wait(struct page *page);
/** dmk_page_retire - it is given out again, some time later */
void dmk_page_retire(struct page *page);
/** What is wrong with the lists of free frames, or NULL. Slow: for tests. */
const char *dmk_frames_audit(void);
/**
 * What the core took until here it keeps; from now on its long runs come from the memory that the
 * machine keeps for them.
 */
void dmk_frames_booted(void);
int dmk_frames_alloc(const struct dmk_page_request *request, phys_addr_t *first);
void dmk_frames_free(phys_addr_t first, uint64_t size);
extern const struct dmk_port *dmk_port_running; /* NULL: not booted */

/** dmk_boot_argument - what follows @name, which ends in "=", the last time; NULL: nowhere */
const char *dmk_boot_argument(const char *arguments, const char *name);

/* --- interleave.c ----------------------------------------------------------------------------- */

/* 0: no point is one; DMK_MEETINGS_HEARD: somebody hears of each, whatever the rest */
extern unsigned int dmk_interleaving;
#define DMK_MEETINGS_HEARD (1u << 31)
void dmk_interleave_seed(uint64_t seed);
void dmk_interleave_start(const char *parameters);
void dmk_interleave_stop(void);
void dmk_interleave_slowly(void);

/** dmk_interleave - a point where threads meet. No lock of our own held; a driver's may be. */
static inline void dmk_interleave(void)
{
	if (__builtin_expect(__atomic_load_n(&dmk_interleaving, __ATOMIC_RELAXED) != 0, 0))
		dmk_interleave_slowly();
}

/* --- quarantine.c ----------------------------------------------------------------------------- */

void dmk_quarantine_start(const char *parameters);
/** Whether so many bytes that are freed now are to wait. Any lock may be held. */
bool dmk_quarantine_takes(size_t size);
/** dmk_quarantine_add - @release will be called, once, with @what. No lock held. */
void dmk_quarantine_add(void (*release)(void *what), void *what, size_t size);
/** dmk_quarantine_empty - all goes back now. True: there was something. No lock held. */
bool dmk_quarantine_empty(void);

/* --- slab.c, vmalloc.c, highmem.c ------------------------------------------------------------- */

int dmk_slab_start(const struct dmk_machine *machine);
void dmk_slab_stop(void);
/**
 * kmalloc() and kfree() on behalf of the call at @place: for functions of ours that a driver calls.
 */
void *dmk_kmalloc_at(size_t size, gfp_t gfp, struct dmk_place place);
void dmk_kfree_at(const void *memory, struct dmk_place place);

/** Objects in use, of all caches and of kmalloc(). */
unsigned long dmk_slab_objects(void);
/** What is wrong with the slabs, or NULL. Slow: for tests. */
const char *dmk_slab_audit(void);

/** Bytes that the area at @address, its first, was asked for; 0: no such area. */
size_t dmk_vmalloc_size(const void *address);
unsigned long dmk_vmalloc_areas(void);
/**
 * The machine's view_map and view_unmap as the core has them: what it maps is known as vmalloc()'s
 * addresses are. Any context.
 */
void *dmk_core_view_map(void *ctx, const dmk_phys *pages, size_t n, enum dmk_view view);
void dmk_core_view_unmap(void *ctx, void *view, size_t n);
/** Whether the core made a view there: of consistent memory. */
bool dmk_is_core_view(const void *address);
unsigned long dmk_kmaps(void);
void dmk_vmalloc_stop(void);
void dmk_highmem_stop(void);
bool dmk_is_kmap(const void *address);

/** Announce memory that a driver got or gives back. */
/**
 * dmk_memory_read - the rest of the kernel looks at what a driver handed it in @call: an access of
 * the CPU's, made where @place is
 */
void dmk_memory_read(phys_addr_t phys, size_t size, const char *call, struct dmk_place place);
void dmk_memory_event(enum dmk_event_kind kind, const char *name, const void *cpu, phys_addr_t phys,
		      size_t size, enum dmk_reason reason, struct dmk_place place);

/* --- os.c, printk.c, format.c ----------------------------------------------------------------- */

struct dmk_os dmk_os_table(void);
void dmk_print(int level, const char *device, const char *text);
/**
 * A mistake of the driver's that is no rule's: into the log, and to who asked for complaints.
 * @caller: its call, or NULL.
 */
void dmk_complain(const void *caller, const char *format, ...) __printf(2, 3);
#define DMK_MESSAGE_MAX 1024

/* --- time, softirq, work, interrupts ---------------------------------------------------------- */

int dmk_time_start(void);
int dmk_timer_start(void);
void dmk_timer_stop(void);
int dmk_softirq_start(void);
void dmk_softirq_stop(void);
int dmk_work_start(void);
void dmk_work_stop(void);
int dmk_irq_start(const struct dmk_port *port);
void dmk_irq_stop(void);
/** From the machine, any thread, never blocks for long. */
void dmk_irq_changed(unsigned int irq, bool level, bool edge);
void dmk_random_seed(uint64_t seed);
/** dmk_random_mix - a number that looks like any other, always the same for @z */
uint64_t dmk_random_mix(uint64_t z);
int dmk_network_start(void);
void dmk_network_stop(void);

/**
 * What kernel/device calls: interrupt numbers that messages arrive on are edges; forget what
 * arrived before they were freed.
 */
void dmk_irq_forget(unsigned int first, unsigned int n);

#endif
