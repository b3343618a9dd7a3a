/* SPDX-License-Identifier: MIT */
/*
 * Tasks: the threads that run driver code.
 */
#ifndef _LINUX_SCHED_H
#define _LINUX_SCHED_H

#include <asm/processor.h>
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/param.h>
#include <linux/preempt.h>
#include <linux/spinlock_types.h>
#include <linux/time.h>
#include <linux/types.h>

#define TASK_RUNNING 0x0000
#define TASK_INTERRUPTIBLE 0x0001
#define TASK_UNINTERRUPTIBLE 0x0002
#define TASK_NEW 0x0800
#define TASK_WAKEKILL 0x0100
#define TASK_NOLOAD 0x0400
#define TASK_KILLABLE (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_IDLE (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)
#define TASK_NORMAL (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#define MAX_SCHEDULE_TIMEOUT __LONG_MAX__
#define TASK_COMM_LEN 16

struct dmk_task;
struct mm_struct;

/** A thread as a driver sees it. The rest is in dmakit's kernel/context.c. */
struct task_struct {
	pid_t pid, tgid;
	char comm[TASK_COMM_LEN];
	unsigned int flags;
	struct mm_struct *mm;
	struct dmk_task *dmk;
};

#define PF_KTHREAD 0x00200000
#define PF_EXITING 0x00000004
#define PF_NOFREEZE 0x00008000 /* set of a kthread that has not called set_freezable() */

struct task_struct *dmk_current(void);
#define current dmk_current()

void dmk_set_state(unsigned int state);
#define set_current_state(state) dmk_set_state(state)
#define __set_current_state(state) dmk_set_state(state)

/** schedule - sleep until woken, if a state other than TASK_RUNNING was set before */
void schedule(void) DMK_SYM(schedule);
/** Timeouts in jiffies. Return: jiffies that were left, 0: time is up. */
long schedule_timeout(long timeout) DMK_SYM(schedule_timeout);
long schedule_timeout_interruptible(long timeout) DMK_SYM(schedule_timeout_interruptible);
long schedule_timeout_killable(long timeout) DMK_SYM(schedule_timeout_killable);
long schedule_timeout_uninterruptible(long timeout) DMK_SYM(schedule_timeout_uninterruptible);
#define schedule_timeout_idle(timeout) schedule_timeout_uninterruptible(timeout)
long io_schedule_timeout(long timeout) DMK_SYM(io_schedule_timeout);
void io_schedule(void) DMK_SYM(io_schedule);
/** wake_up_process - 1: it slept. Starts a kthread that was created and not run. */
int wake_up_process(struct task_struct *task) DMK_SYM(wake_up_process);
int wake_up_state(struct task_struct *task, unsigned int state) DMK_SYM(wake_up_state);
int cond_resched(void) DMK_SYM(cond_resched);
void yield(void) DMK_SYM(yield);
#define need_resched() 0

#define task_pid_nr(task) ((task)->pid)
#define task_tgid_nr(task) ((task)->tgid)
#define get_task_comm(buffer, task) dmk_strscpy((buffer), (task)->comm, sizeof(buffer))

/** The CPU that the thread is bound to, by kthread_bind() or kthread_bind_mask(); others: 0. */
unsigned int dmk_processor_id(void);
#define smp_processor_id()           dmk_processor_id()
#define raw_smp_processor_id()       dmk_processor_id()
#define get_cpu()                    (preempt_disable(), dmk_processor_id())
#define put_cpu() preempt_enable()
#define sched_set_fifo(task) ((void)(task))
#define sched_set_fifo_low(task) ((void)(task))
#define sched_set_normal(task, nice) ((void)(task))
#define set_user_nice(task, nice) ((void)(task))

#include <linux/sched/signal.h>
#include <linux/string.h>

#endif
