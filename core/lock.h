/* SPDX-License-Identifier: MIT */
/*
 * The core's lock: a spinning one that also keeps this CPU's interrupt handlers out, so that every
 * call may come from any context. Held for a few instructions; nothing that may sleep is called
 * under it. Where threads are the CPUs (cpu.h) there are no handlers to keep out, and the system is
 * not asked to.
 */
#ifndef DMK_CORE_LOCK_H
#define DMK_CORE_LOCK_H

#include "core.h"

#ifdef DMK_CPU_IS_THREAD
static inline unsigned long dmk_handlers_out(void)
{
	return 0;
}

static inline void dmk_handlers_in(unsigned long flags)
{
}
#else
static inline unsigned long dmk_handlers_out(void)
{
	return dmk_core.os.ops->irq_save(dmk_core.os.ctx);
}

static inline void dmk_handlers_in(unsigned long flags)
{
	dmk_core.os.ops->irq_restore(dmk_core.os.ctx, flags);
}
#endif

/** dmk_lock_wait - take a lock that somebody else has. */
void dmk_lock_wait(struct dmk_lock *lock);

/** dmk_lock_take - Return: what dmk_lock_drop() wants back. */
static inline unsigned long dmk_lock_take(struct dmk_lock *lock)
{
	const unsigned long flags = dmk_handlers_out();

	/* Acquire: pairs with the release in dmk_lock_drop(). */
	if (__builtin_expect(__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE), 0))
		dmk_lock_wait(lock);
	return flags;
}

static inline void dmk_lock_drop(struct dmk_lock *lock, unsigned long flags)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
	dmk_handlers_in(flags);
}

#endif
