/* SPDX-License-Identifier: MIT */
/*
 * Threads of a driver's own.
 */
#ifndef _LINUX_KTHREAD_H
#define _LINUX_KTHREAD_H

#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/sched.h>

/**
 * kthread_create - a thread that starts with wake_up_process(). Return: the task, or
 * ERR_PTR(-ENOMEM).
 */
struct task_struct *dmk_kthread_create(int (*function)(void *data), void *data, const char *name,
				       ...) __printf(3, 4);
#define kthread_create(function, data, name, ...) \
	dmk_kthread_create((function), (data), name, ##__VA_ARGS__)
#define kthread_create_on_node(function, data, node, name, ...)                                    \
	((void)(node), dmk_kthread_create((function), (data), name, ##__VA_ARGS__))
#define kthread_run(function, data, name, ...)                                        \
	({                                                                            \
		struct task_struct *dmk_thread = kthread_create(function, data, name, \
								##__VA_ARGS__);       \
		if (!IS_ERR(dmk_thread))                                              \
			wake_up_process(dmk_thread);                                  \
		dmk_thread;                                                           \
	})
/**
 * kthread_stop - ask it to end and wait. Return: what its function returned, -EINTR: it never ran.
 * Once for each thread that has
 *  not ended by itself; with a reference (get_task_struct()) also after that. */
int kthread_stop(struct task_struct *task) DMK_SYM(kthread_stop);
int kthread_stop_put(struct task_struct *task) DMK_SYM(kthread_stop_put);
bool kthread_should_stop(void) DMK_SYM(kthread_should_stop);
bool kthread_should_park(void) DMK_SYM(kthread_should_park);
bool kthread_freezable_should_stop(bool *was_frozen) DMK_SYM(kthread_freezable_should_stop);
/**
 * kthread_bind, kthread_bind_mask - which CPUs it sees itself on: before its first
 * wake_up_process(); later is a mistake that is reported and does nothing
 */
void kthread_bind(struct task_struct *task, unsigned int cpu) DMK_SYM(kthread_bind);
void kthread_bind_mask(struct task_struct *task, const struct cpumask *mask)
	DMK_SYM(kthread_bind_mask);

#include <linux/sched/task.h>

#endif
