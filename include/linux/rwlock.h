/* SPDX-License-Identifier: MIT */
/*
 * Spinning read-write locks.
 */
#ifndef _LINUX_RWLOCK_H
#define _LINUX_RWLOCK_H

#include <linux/bottom_half.h>
#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/spinlock_types.h>

void dmk_read_lock(rwlock_t *lock);
void dmk_read_unlock(rwlock_t *lock);
void dmk_write_lock(rwlock_t *lock);
void dmk_write_unlock(rwlock_t *lock);
bool dmk_read_trylock(rwlock_t *lock);
bool dmk_write_trylock(rwlock_t *lock);

static inline void rwlock_init(rwlock_t *lock)
{
	lock->state = 0;
	lock->owner = NULL;
}

#define read_lock(lock) dmk_read_lock(lock)
#define read_unlock(lock) dmk_read_unlock(lock)
#define write_lock(lock) dmk_write_lock(lock)
#define write_unlock(lock) dmk_write_unlock(lock)
#define read_trylock(lock) dmk_read_trylock(lock)
#define write_trylock(lock) dmk_write_trylock(lock)
#define read_lock_bh(lock) (local_bh_disable(), dmk_read_lock(lock))
#define read_unlock_bh(lock) (dmk_read_unlock(lock), local_bh_enable())
#define write_lock_bh(lock) (local_bh_disable(), dmk_write_lock(lock))
#define write_unlock_bh(lock) (dmk_write_unlock(lock), local_bh_enable())
#define read_lock_irq(lock) (local_irq_disable(), dmk_read_lock(lock))
#define read_unlock_irq(lock) (dmk_read_unlock(lock), local_irq_enable())
#define write_lock_irq(lock) (local_irq_disable(), dmk_write_lock(lock))
#define write_unlock_irq(lock) (dmk_write_unlock(lock), local_irq_enable())
#define read_lock_irqsave(lock, flags) (local_irq_save(flags), dmk_read_lock(lock))
#define read_unlock_irqrestore(lock, flags) (dmk_read_unlock(lock), local_irq_restore(flags))
#define write_lock_irqsave(lock, flags) (local_irq_save(flags), dmk_write_lock(lock))
#define write_unlock_irqrestore(lock, flags) (dmk_write_unlock(lock), local_irq_restore(flags))

#endif
