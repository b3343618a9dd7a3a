/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a lock: looking at it, and letting others run.
 */
#include "lock.h"

void dmk_lock_wait(struct dmk_lock *lock)
{
	const struct dmk_os *os = &dmk_core.os;

	do {
		while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
			os->ops->relax(os->ctx);
		/* Acquire: as in dmk_lock_take(). */
	} while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE));
}
