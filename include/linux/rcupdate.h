/* SPDX-License-Identifier: MIT */
/*
 * Read-copy-update, simply: a grace period waits until no reader is left.
 */
#ifndef _LINUX_RCUPDATE_H
#define _LINUX_RCUPDATE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/preempt.h>
#include <linux/types.h>

void dmk_rcu_read_lock(void);
void dmk_rcu_read_unlock(void);
#define rcu_read_lock() dmk_rcu_read_lock()
#define rcu_read_unlock() dmk_rcu_read_unlock()
#define rcu_read_lock_bh() dmk_rcu_read_lock()
#define rcu_read_unlock_bh() dmk_rcu_read_unlock()
#define rcu_dereference(p) __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define rcu_dereference_check(p, condition) rcu_dereference(p)
#define rcu_dereference_protected(p, condition) (p)
#define rcu_dereference_raw(p) rcu_dereference(p)
#define rcu_access_pointer(p) __atomic_load_n(&(p), __ATOMIC_RELAXED)
#define rcu_assign_pointer(p, value) __atomic_store_n(&(p), (value), __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(p, value) __atomic_store_n(&(p), (value), __ATOMIC_RELAXED)
#define rcu_replace_pointer(p, value, condition) \
	__atomic_exchange_n(&(p), (value), __ATOMIC_ACQ_REL)

/**
 * synchronize_rcu - wait for the readers there are; sleeps. call_rcu - call @function after them,
 * in a worker.
 */
void synchronize_rcu(void) DMK_SYM(synchronize_rcu);
void call_rcu(struct rcu_head *head, void (*function)(struct rcu_head *head)) DMK_SYM(call_rcu);
/** rcu_barrier - wait until all call_rcu() functions have run. */
void rcu_barrier(void) DMK_SYM(rcu_barrier);
#define synchronize_net() synchronize_rcu()
/** kfree_rcu - @member is the object's struct rcu_head. */
#define kfree_rcu(pointer, member) dmk_kfree_rcu((pointer), &(pointer)->member)
void dmk_kfree_rcu(void *memory, struct rcu_head *head);

#endif
