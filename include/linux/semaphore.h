/* SPDX-License-Identifier: MIT */
/*
 * Counting semaphores.
 */
#ifndef _LINUX_SEMAPHORE_H
#define _LINUX_SEMAPHORE_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

struct semaphore {
	spinlock_t lock;
	unsigned int count;
	struct list_head wait_list;
};

#define __SEMAPHORE_INITIALIZER(name, n)                          \
	{                                                         \
		.lock = __SPIN_LOCK_UNLOCKED(name), .count = (n), \
		.wait_list = LIST_HEAD_INIT((name).wait_list)     \
	}
#define DEFINE_SEMAPHORE(name, n) struct semaphore name = __SEMAPHORE_INITIALIZER(name, n)

static inline void sema_init(struct semaphore *semaphore, int count)
{
	*semaphore = (struct semaphore)__SEMAPHORE_INITIALIZER(*semaphore, count);
}

void down(struct semaphore *semaphore) DMK_SYM(down);
int down_interruptible(struct semaphore *semaphore) DMK_SYM(down_interruptible) __must_check;
int down_killable(struct semaphore *semaphore) DMK_SYM(down_killable) __must_check;
/** Return: 0: got it, 1: not. */
int down_trylock(struct semaphore *semaphore) DMK_SYM(down_trylock) __must_check;
/** @timeout in jiffies. Return: 0, or -ETIME. */
int down_timeout(struct semaphore *semaphore, long timeout) DMK_SYM(down_timeout) __must_check;
void up(struct semaphore *semaphore) DMK_SYM(up);

#endif
