/* SPDX-License-Identifier: MIT */
/*
 * Which CPU this is: so that what only one CPU uses needs no lock and no atomic operation.
 *
 * Two variants. Whoever builds the core for a program whose threads are the CPUs says
 * -DDMK_CPU_IS_THREAD: the number is the thread's, nothing interrupts a thread in the core to call
 * into the core, and so nothing has to be kept out. Else the system is asked, with this CPU's
 * interrupts kept out until the number is no longer used: then neither a handler nor another thread
 * gets between.
 */
#ifndef DMK_CORE_CPU_H
#define DMK_CORE_CPU_H

#include "core.h"

/**
 * dmk_cpu_enter - the number of this CPU, which stays this one's until dmk_cpu_leave(); 0: it has
 * none (yet). Between the two nothing sleeps, and no other context has the same number.
 */
#ifdef DMK_CPU_IS_THREAD
#define DMK_CPU_HERE __thread struct dmk_thread_cpu dmk_thread_cpu
static inline unsigned int dmk_cpu_enter(unsigned long *flags)
{
	*flags = 0;
	/*
	 * No fence for the processor: whoever looks at it has made all of them have one since it
	 * stored what this thread is to read next (dmk_cpu_settle()). So either that is read, or
	 * this is seen. The compiler keeps the order.
	 */
	__atomic_store_n(&dmk_thread_cpu.busy, 1, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return dmk_thread_cpu.slot;
}

/** dmk_cpu_number - what dmk_os_ops.cpu says: no index, but to choose places by */
static inline unsigned int dmk_cpu_number(void)
{
	return dmk_thread_cpu.slot ? dmk_thread_cpu.number
				   : dmk_core.os.ops->cpu(dmk_core.os.ctx);
}

static inline void dmk_cpu_leave(unsigned long flags)
{
	/* Release: pairs with the acquire of who waits for it in dmk_os_ops.settle. */
	__atomic_store_n(&dmk_thread_cpu.busy, 0, __ATOMIC_RELEASE);
}
#else
#define DMK_CPU_HERE _Static_assert(DMK_CPUS, "the system is asked")
static inline unsigned int dmk_cpu_enter(unsigned long *flags)
{
	const struct dmk_os *os = &dmk_core.os;
	unsigned int cpu;

	*flags = os->ops->irq_save(os->ctx);
	cpu = os->ops->cpu_slot(os->ctx);
	return cpu < DMK_CPUS ? cpu : 0;
}

static inline unsigned int dmk_cpu_number(void)
{
	return dmk_core.os.ops->cpu(dmk_core.os.ctx);
}

static inline void dmk_cpu_leave(unsigned long flags)
{
	dmk_core.os.ops->irq_restore(dmk_core.os.ctx, flags);
}
#endif

/**
 * dmk_cpu_ask - as dmk_cpu_enter() for who holds a lock of the core's; gives a thread its number if
 * it can have one.
 */
static inline unsigned int dmk_cpu_ask(void)
{
	const unsigned int cpu = dmk_core.os.ops->cpu_slot(dmk_core.os.ctx);

	return cpu < DMK_CPUS ? cpu : 0;
}

/**
 * dmk_cpu_settle - wait until no other CPU is between a dmk_cpu_enter() and a dmk_cpu_leave() that
 * it entered without seeing what the caller
 *		    stored before; false: can't be waited for here and now. Without a lock.
 */
static inline bool dmk_cpu_settle(void)
{
	return dmk_core.os.ops->settle(dmk_core.os.ctx);
}

#endif
