/* SPDX-License-Identifier: MIT */
/*
 * The kernel part's life, for who boots it: dmakit's runner, tests, programs of your own. Host
 * world.
 */
#ifndef DMAKIT_KERNEL_H
#define DMAKIT_KERNEL_H

#include <dmakit/port.h>
#include <dmakit/types.h>

/**
 * dmk_kernel_sink - where a machine sends its interrupts; give it to dmk_machine_open() in the
 * config
 */
struct dmk_sink dmk_kernel_sink(void);

/**
 * dmk_kernel_boot - start the driver's world on a machine: memory, core, interrupts, buses; devices
 * are found, none is probed
 * Return: 0, or a negative errno with one line in @error (at least 512 bytes).
 */
int dmk_kernel_boot(const struct dmk_port *port, char *error, size_t error_size);

/**
 * dmk_kernel_seed - of the driver's random numbers, and of what dmakit.interleave=N chooses, at
 * machines booted from now on; 1 at the start
 */
void dmk_kernel_seed(uint64_t seed);

/**
 * dmk_kernel_quarantine - so many bytes of memory that was freed wait before they are given out
 * again, at machines booted from now on; at most a 64th of their memory. 0, as at the start: none
 * The boot argument dmakit.quarantine=N says otherwise. When memory is short it all goes back
 * before an allocation fails.
 */
void dmk_kernel_quarantine(uint64_t bytes);

/**
 * dmk_kernel_meetings - who hears of each point where a driver's thread may learn what another one,
 * or a device, has done: locks, wakeups, register accesses, the begin of a handler; NULL: nobody
 * Called in that thread. Changed while no machine runs.
 */
void dmk_kernel_meetings(void (*hear)(void));

/**
 * dmk_kernel_shutdown - the opposite: threads stopped, devices gone, the core stopped, the machine
 * shut down.
 */
void dmk_kernel_shutdown(void);

/** The running machine, or NULL. */
const struct dmk_machine *dmk_kernel_machine(void);
const struct dmk_port *dmk_kernel_port(void);

/** Why the machine died, or NULL while it lives. */
const char *dmk_kernel_died(void);

/* --- modules ---------------------------------------------------------------------------------- */

/**
 * A module that is linked into this program; module_init() and friends put the parts of one into a
 * linker section.
 */
struct dmk_module_info {
	const char *name;
	bool loaded;
};

/**
 * dmk_module_next - walk the program's modules, in link order. @index from 0; false: no such index.
 */
bool dmk_module_get(unsigned int index, struct dmk_module_info *info);
/**
 * dmk_module_param - set a parameter before loading: "edu.debug", "1". Return 0, -ENOENT, -EINVAL.
 */
int dmk_module_param(const char *module_and_name, const char *value);
/**
 * dmk_module_param_name - walk the parameters of the program's modules: "edu.debug". false: no such
 * index.
 */
bool dmk_module_param_name(unsigned int index, char *name, size_t size);
/**
 * dmk_module_load - run init; probes what matches. Return what init returned; -ENOENT: no such
 * module. @name NULL: all, in link order, up to the first that fails: one that comes later may need
 * it.
 */
int dmk_module_load(const char *name);
/**
 * dmk_module_unload - run exit; removes the driver's devices. -EBUSY: files are open. @name NULL:
 * all, in reverse order.
 */
int dmk_module_unload(const char *name);

/**
 * PCI ids that the program's modules name in MODULE_DEVICE_TABLE(pci, …), and then those of the
 * drivers that were registered so far: false when there is no such index.
 */
bool dmk_module_pci_id(unsigned int index, uint16_t *vendor, uint16_t *device);

/**
 * What the program's modules name in MODULE_DEVICE_TABLE(of, …), as a devicetree's `compatible` has
 * it: NULL when there is no such index.
 */
const char *dmk_module_compatible(unsigned int index);

/**
 * dmk_sleep - the machine goes to sleep: freezable threads stand still, and each driver is told, as
 * when a laptop is closed (prepare, suspend, suspend_late, suspend_noirq), until dmk_wake()
 * Return: 0; -EBUSY: a thread did not stand still, or it sleeps already; or what a driver said that
 *         refuses, after all others were woken.
 */
int dmk_sleep(void);
/** dmk_wake - and wakes. Return: 0, or the first error that a driver's callback gave. */
int dmk_wake(void);

/** How many devices are bound to a driver now. */
unsigned int dmk_bound_devices(void);

/* --- what the driver said --------------------------------------------------------------------- */

/**
 * dmk_log_to - where printk goes: called with level 0..7 and the text, no newline. NULL: standard
 * error.
 */
void dmk_log_to(void (*write)(void *ctx, int level, const char *text), void *ctx);

/**
 * dmk_complaints_to - who hears of the driver's mistakes that are no rule's: WARN(), a double
 * kfree(), an interrupt handler that was never freed. They are in the log too. @caller is the code
 * address of the driver's call, or NULL. Any thread calls it.
 */
void dmk_complaints_to(void (*complain)(void *ctx, const void *caller, const char *text),
		       void *ctx);

/* --- memory ----------------------------------------------------------------------------------- */

/**
 * A zone of the running machine's page allocator: pages that it has, and those that are given out,
 * to whomever.
 */
struct dmk_zone_usage {
	const char *name; /* "DMA", "DMA32", "Normal", "HighMem", "Contiguous" */
	unsigned long pages, used;
};
/**
 * dmk_zone_usage - walk them; false: no such index. For tests that look for what is never given
 * back.
 */
bool dmk_zone_usage(unsigned int index, struct dmk_zone_usage *usage);

/**
 * What else is out: objects of kmalloc() and of caches, vmalloc() and vmap() areas, pages that
 * kmap() shows.
 */
struct dmk_object_usage {
	unsigned long objects, areas, kmaps;
};
struct dmk_object_usage dmk_object_usage(void);

/**
 * dmk_heap_watch - hears of the driver's heap, where objects share a page; or NULL: of @room bytes
 * at @memory the driver may use the first @asked, and none of the others, which it gave back
 * (@freed) or never had. Set before boot by who watches the driver; called with a lock held, from
 * any thread.
 */
extern void (*dmk_heap_watch)(const void *memory, size_t asked, size_t room, bool freed);

/* --- threads ---------------------------------------------------------------------------------- */

/**
 * dmk_threads_freeze - have the driver's freezable kthreads stand still, as when the machine goes
 * to sleep: those that called set_freezable(), where they wait for an event in the freezable way
 * or call try_to_freeze()
 *
 * Context: one at a time.
 * Return: 0: all stand still; -EBUSY: one did not within @patience_ms, which is told, and all go
 *         on.
 */
int dmk_threads_freeze(unsigned int patience_ms);
/** dmk_threads_thaw - they go on */
void dmk_threads_thaw(void);

/**
 * A thread that runs driver code: kthreads, workers, interrupt threads, and threads of a test that
 * called in.
 */
struct dmk_thread_info {
	const char *name;
	int tid; /* the host's thread id */
	const void *stack_low, *stack_high;
};
/**
 * dmk_operand_width - bytes that an instruction reads or writes, at least 1; 1 where instructions
 * can't be read. Any context.
 */
unsigned int dmk_operand_width(const void *instruction);

/** dmk_thread_get - walk them; false: no such index. For a report on a program that hangs. */
bool dmk_thread_get(unsigned int index, struct dmk_thread_info *info);

#endif
