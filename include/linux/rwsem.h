/* SPDX-License-Identifier: MIT */
/*
 * Sleeping read-write locks. A writer that waits holds new readers back.
 */
#ifndef _LINUX_RWSEM_H
#define _LINUX_RWSEM_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

struct rw_semaphore {
	spinlock_t wait_lock;
	int count; /* readers; -1: a writer */
	struct list_head wait_list;
};

#define __RWSEM_INITIALIZER(name)                                    \
	{                                                            \
		.wait_lock = __SPIN_LOCK_UNLOCKED(name), .count = 0, \
		.wait_list = LIST_HEAD_INIT((name).wait_list)        \
	}
#define DECLARE_RWSEM(name) struct rw_semaphore name = __RWSEM_INITIALIZER(name)

static inline void init_rwsem(struct rw_semaphore *sem)
{
	*sem = (struct rw_semaphore)__RWSEM_INITIALIZER(*sem);
}

void down_read(struct rw_semaphore *sem) DMK_SYM(down_read);
int down_read_interruptible(struct rw_semaphore *sem) DMK_SYM(down_read_interruptible) __must_check;
int down_read_trylock(struct rw_semaphore *sem) DMK_SYM(down_read_trylock);
void up_read(struct rw_semaphore *sem) DMK_SYM(up_read);
void down_write(struct rw_semaphore *sem) DMK_SYM(down_write);
int down_write_killable(struct rw_semaphore *sem) DMK_SYM(down_write_killable) __must_check;
int down_write_trylock(struct rw_semaphore *sem) DMK_SYM(down_write_trylock);
void up_write(struct rw_semaphore *sem) DMK_SYM(up_write);
void downgrade_write(struct rw_semaphore *sem) DMK_SYM(downgrade_write);

#endif
