/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks. Every thread is a CPU of its own here and interrupt handlers have theirs, so it is the
 * lock that keeps a handler out; the _irqsave forms also mark the thread as one that may not sleep.
 * Who holds one may not sleep (CTX-01).
 */
#ifndef _LINUX_SPINLOCK_H
#define _LINUX_SPINLOCK_H

#include <asm/processor.h>
#include <linux/bottom_half.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/rwlock.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

/* Not DMK_SYM() names: libc and other libraries have none of these, but programs do. */
void dmk_spin_lock(spinlock_t *lock);
bool dmk_spin_trylock(spinlock_t *lock);
void dmk_spin_unlock(spinlock_t *lock);

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->locked = 0;
	lock->owner = NULL;
}

static inline int spin_is_locked(spinlock_t *lock)
{
	return __atomic_load_n(&lock->locked, __ATOMIC_RELAXED);
}

static __always_inline void spin_lock(spinlock_t *lock)
{
	dmk_spin_lock(lock);
}

static __always_inline int spin_trylock(spinlock_t *lock)
{
	return dmk_spin_trylock(lock);
}

static __always_inline void spin_unlock(spinlock_t *lock)
{
	dmk_spin_unlock(lock);
}

static __always_inline void spin_lock_bh(spinlock_t *lock)
{
	local_bh_disable();
	dmk_spin_lock(lock);
}

static __always_inline void spin_unlock_bh(spinlock_t *lock)
{
	dmk_spin_unlock(lock);
	local_bh_enable();
}

static __always_inline void spin_lock_irq(spinlock_t *lock)
{
	local_irq_disable();
	dmk_spin_lock(lock);
}

static __always_inline void spin_unlock_irq(spinlock_t *lock)
{
	dmk_spin_unlock(lock);
	local_irq_enable();
}

static __always_inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	dmk_spin_unlock(lock);
	local_irq_restore(flags);
}

static __always_inline int spin_trylock_bh(spinlock_t *lock)
{
	local_bh_disable();
	if (dmk_spin_trylock(lock))
		return 1;
	local_bh_enable();
	return 0;
}

static __always_inline int spin_trylock_irq(spinlock_t *lock)
{
	local_irq_disable();
	if (dmk_spin_trylock(lock))
		return 1;
	local_irq_enable();
	return 0;
}

#define spin_lock_irqsave(lock, flags)                                                             \
	do {                                                                                       \
		local_irq_save(flags);                                                             \
		dmk_spin_lock(lock);                                                               \
	} while (0)
#define spin_trylock_irqsave(lock, flags)                                                          \
	({                                                                                         \
		bool dmk_got;                                                                      \
		local_irq_save(flags);                                                             \
		dmk_got = dmk_spin_trylock(lock);                                                  \
		if (!dmk_got)                                                                      \
			local_irq_restore(flags);                                                  \
		dmk_got;                                                                           \
	})
#define spin_lock_nested(lock, subclass) spin_lock(lock)
#define spin_lock_irqsave_nested(lock, flags, subclass) spin_lock_irqsave(lock, flags)
#define assert_spin_locked(lock) ((void)(lock))

#define raw_spin_lock_init(lock) spin_lock_init(lock)
#define raw_spin_lock(lock) spin_lock(lock)
#define raw_spin_trylock(lock) spin_trylock(lock)
#define raw_spin_unlock(lock) spin_unlock(lock)
#define raw_spin_lock_irq(lock) spin_lock_irq(lock)
#define raw_spin_unlock_irq(lock) spin_unlock_irq(lock)
#define raw_spin_lock_irqsave(lock, flags) spin_lock_irqsave(lock, flags)
#define raw_spin_unlock_irqrestore(lock, flags) spin_unlock_irqrestore(lock, flags)
#define raw_spin_lock_bh(lock) spin_lock_bh(lock)
#define raw_spin_unlock_bh(lock) spin_unlock_bh(lock)

DEFINE_LOCK_GUARD_1(spinlock, spinlock_t, spin_lock(_T->lock), spin_unlock(_T->lock))
DEFINE_LOCK_GUARD_1(spinlock_bh, spinlock_t, spin_lock_bh(_T->lock), spin_unlock_bh(_T->lock))
DEFINE_LOCK_GUARD_1(spinlock_irq, spinlock_t, spin_lock_irq(_T->lock), spin_unlock_irq(_T->lock))
DEFINE_LOCK_GUARD_1(spinlock_irqsave, spinlock_t, spin_lock_irqsave(_T->lock, _T->flags),
		    spin_unlock_irqrestore(_T->lock, _T->flags), unsigned long flags)

#endif
