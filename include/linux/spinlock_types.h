/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks and read-write locks as data.
 */
#ifndef _LINUX_SPINLOCK_TYPES_H
#define _LINUX_SPINLOCK_TYPES_H

#include <linux/types.h>

typedef struct spinlock {
	int locked;
	const void *owner; /* the task that holds it, to see who waits for himself */
} spinlock_t;

typedef struct spinlock raw_spinlock_t;

typedef struct {
	int state; /* readers; -1: a writer */
	const void *owner;
} rwlock_t;

#define __SPIN_LOCK_UNLOCKED(name) { 0, NULL }
#define __RAW_SPIN_LOCK_UNLOCKED(name) { 0, NULL }
#define __RW_LOCK_UNLOCKED(name) { 0, NULL }
#define DEFINE_SPINLOCK(name) spinlock_t name = __SPIN_LOCK_UNLOCKED(name)
#define DEFINE_RAW_SPINLOCK(name) raw_spinlock_t name = __RAW_SPIN_LOCK_UNLOCKED(name)
#define DEFINE_RWLOCK(name) rwlock_t name = __RW_LOCK_UNLOCKED(name)

#endif
