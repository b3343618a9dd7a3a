/* SPDX-License-Identifier: MIT */
/*
 * Threads that stand still while the machine sleeps. It sleeps when a test has it do so
 * (dmk_threads_freeze() in dmakit/kernel.h): a kthread that called set_freezable() stops then where
 * it waits for an event in the freezable way, or calls try_to_freeze(); any other goes on.
 */
#ifndef _LINUX_FREEZER_H
#define _LINUX_FREEZER_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/version.h>
#include <linux/wait.h>

/** set_freezable - for a kthread, of itself. Return: it stood still meanwhile. */
bool set_freezable(void) DMK_SYM(set_freezable);
/** try_to_freeze - stand still until the machine is awake, if it is to sleep. Return: it was. */
bool try_to_freeze(void) DMK_SYM(try_to_freeze);
/** freezing - @task is to stand still, or does */
bool freezing(struct task_struct *task) DMK_SYM(freezing);
/** frozen - @task stands still */
bool frozen(struct task_struct *task) DMK_SYM(frozen);

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
static inline void freezable_schedule(void)
{
	schedule();
	try_to_freeze();
}

static inline long freezable_schedule_timeout(long timeout)
{
	long left = schedule_timeout(timeout);

	try_to_freeze();
	return left;
}

static inline long freezable_schedule_timeout_interruptible(long timeout)
{
	long left = schedule_timeout_interruptible(timeout);

	try_to_freeze();
	return left;
}
#endif

#endif
