/* SPDX-License-Identifier: MIT */
/*
 * Locks that sleep. The holder unlocks; nobody locks twice.
 */
#ifndef _LINUX_MUTEX_H
#define _LINUX_MUTEX_H

#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

struct mutex {
	spinlock_t wait_lock;
	const void *owner; /* the task that holds it; guarded by wait_lock */
	struct list_head wait_list;
};

#define __MUTEX_INITIALIZER(name)                                                                  \
	{                                                                                          \
		.wait_lock = __SPIN_LOCK_UNLOCKED(name), .owner = NULL,                            \
		.wait_list = LIST_HEAD_INIT((name).wait_list)                                      \
	}
#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(name)

void mutex_init(struct mutex *mutex) DMK_SYM(mutex_init);
void mutex_lock(struct mutex *mutex) DMK_SYM(mutex_lock);
/** Return: 0, or -EINTR: a signal came first. */
int mutex_lock_interruptible(struct mutex *mutex) DMK_SYM(mutex_lock_interruptible) __must_check;
int mutex_lock_killable(struct mutex *mutex) DMK_SYM(mutex_lock_killable) __must_check;
/** Return: 1: got it, 0: somebody has it. */
int mutex_trylock(struct mutex *mutex) DMK_SYM(mutex_trylock);
void mutex_unlock(struct mutex *mutex) DMK_SYM(mutex_unlock);
bool mutex_is_locked(struct mutex *mutex) DMK_SYM(mutex_is_locked);
void mutex_destroy(struct mutex *mutex) DMK_SYM(mutex_destroy);
#define mutex_lock_nested(mutex, subclass) mutex_lock(mutex)
#define mutex_lock_interruptible_nested(mutex, subclass) mutex_lock_interruptible(mutex)

DEFINE_GUARD(mutex, struct mutex *, mutex_lock(_T), mutex_unlock(_T))

#endif
