/* SPDX-License-Identifier: MIT */
/*
 * Spinning locks over compiler atomics and the system's interrupt mask.
 */
#include "core.h"
#include "lock.h"

unsigned long dmk_lock_take(struct dmk_lock *lock)
{
	const struct dmk_os *os = &dmk_core.os;
	unsigned long flags = os->ops->irq_save(os->ctx);

	/* Acquire: pairs with the release in dmk_lock_drop(). */
	while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE)) {
		while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
			os->ops->relax(os->ctx);
	}
	return flags;
}

void dmk_lock_drop(struct dmk_lock *lock, unsigned long flags)
{
	const struct dmk_os *os = &dmk_core.os;

	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
	os->ops->irq_restore(os->ctx, flags);
}
