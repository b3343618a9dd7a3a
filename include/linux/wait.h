/* SPDX-License-Identifier: MIT */
/*
 * Wait queues.
 */
#ifndef _LINUX_WAIT_H
#define _LINUX_WAIT_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define WQ_FLAG_EXCLUSIVE 0x01

struct wait_queue_entry;
typedef struct wait_queue_entry wait_queue_entry_t;
/**
 * Called by a wake-up with the queue's lock held. Return: nonzero: it was woken (counts for
 * exclusive ones).
 */
typedef int (*wait_queue_func_t)(struct wait_queue_entry *entry, unsigned int mode, int flags,
				 void *key);

struct wait_queue_entry {
	unsigned int flags;
	void *private; /* the task */
	wait_queue_func_t func;
	struct list_head entry;
};

struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
};
typedef struct wait_queue_head wait_queue_head_t;

int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
	DMK_SYM(default_wake_function);
int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags,
			     void *key) DMK_SYM(autoremove_wake_function);

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)                                                        \
	{ .lock = __SPIN_LOCK_UNLOCKED(name), .head = LIST_HEAD_INIT((name).head) }
#define DECLARE_WAIT_QUEUE_HEAD(name) \
	struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)
#define DECLARE_WAITQUEUE(name, task)                                                              \
	struct wait_queue_entry name = { .private = (task), .func = default_wake_function }
#define DEFINE_WAIT_FUNC(name, function)                                                           \
	struct wait_queue_entry name = { .private = current, .func = (function),                   \
					 .entry = LIST_HEAD_INIT((name).entry) }
#define DEFINE_WAIT(name) DEFINE_WAIT_FUNC(name, autoremove_wake_function)

static inline void init_waitqueue_head(struct wait_queue_head *queue)
{
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->head);
}

static inline void init_waitqueue_entry(struct wait_queue_entry *entry, struct task_struct *task)
{
	entry->flags = 0;
	entry->private = task;
	entry->func = default_wake_function;
}

static inline void init_waitqueue_func_entry(struct wait_queue_entry *entry,
					     wait_queue_func_t function)
{
	entry->flags = 0;
	entry->private = NULL;
	entry->func = function;
}

static inline void init_wait(struct wait_queue_entry *entry)
{
	entry->flags = 0;
	entry->private = current;
	entry->func = autoremove_wake_function;
	INIT_LIST_HEAD(&entry->entry);
}

void add_wait_queue(struct wait_queue_head *queue, struct wait_queue_entry *entry)
	DMK_SYM(add_wait_queue);
void add_wait_queue_exclusive(struct wait_queue_head *queue, struct wait_queue_entry *entry)
	DMK_SYM(add_wait_queue_exclusive);
void remove_wait_queue(struct wait_queue_head *queue, struct wait_queue_entry *entry)
	DMK_SYM(remove_wait_queue);
void prepare_to_wait(struct wait_queue_head *queue, struct wait_queue_entry *entry, int state)
	DMK_SYM(prepare_to_wait);
bool prepare_to_wait_exclusive(struct wait_queue_head *queue, struct wait_queue_entry *entry,
			       int state) DMK_SYM(prepare_to_wait_exclusive);
/** prepare_to_wait_event - 0, or -ERESTARTSYS: a signal is pending and @state lets it in. */
long prepare_to_wait_event(struct wait_queue_head *queue, struct wait_queue_entry *entry, int state)
	DMK_SYM(prepare_to_wait_event);
void finish_wait(struct wait_queue_head *queue, struct wait_queue_entry *entry)
	DMK_SYM(finish_wait);
bool waitqueue_active(struct wait_queue_head *queue) DMK_SYM(waitqueue_active);
#define wq_has_sleeper(queue) waitqueue_active(queue)

/** @n: exclusive waiters at most, 0: all of them. */
void __wake_up(struct wait_queue_head *queue, unsigned int mode, int n, void *key)
	DMK_SYM(__wake_up);
void __wake_up_locked(struct wait_queue_head *queue, unsigned int mode, int n)
	DMK_SYM(__wake_up_locked);
#define wake_up(queue) __wake_up((queue), TASK_NORMAL, 1, NULL)
#define wake_up_nr(queue, n) __wake_up((queue), TASK_NORMAL, (n), NULL)
#define wake_up_all(queue) __wake_up((queue), TASK_NORMAL, 0, NULL)
#define wake_up_locked(queue) __wake_up_locked((queue), TASK_NORMAL, 1)
#define wake_up_all_locked(queue) __wake_up_locked((queue), TASK_NORMAL, 0)
#define wake_up_interruptible(queue) __wake_up((queue), TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_interruptible_nr(queue, n) __wake_up((queue), TASK_INTERRUPTIBLE, (n), NULL)
#define wake_up_interruptible_all(queue) __wake_up((queue), TASK_INTERRUPTIBLE, 0, NULL)
#define wake_up_interruptible_sync(queue) wake_up_interruptible(queue)
#define wake_up_poll(queue, events) \
	__wake_up((queue), TASK_NORMAL, 1, (void *)(unsigned long)(events))
#define wake_up_interruptible_poll(queue, events)                                                  \
	__wake_up((queue), TASK_INTERRUPTIBLE, 1, (void *)(unsigned long)(events))

/* The conditions are evaluated any number of times, in the waiting thread. */
#define dmk_wait_event(queue, condition, state, exclusive, result, sleep)                          \
	({                                                                                         \
		struct wait_queue_entry dmk_entry;                                                 \
		long dmk_result = (result);                                                        \
		init_wait(&dmk_entry);                                                             \
		dmk_entry.flags = (exclusive) ? WQ_FLAG_EXCLUSIVE : 0;                             \
		for (;;) {                                                                         \
			long dmk_signal = prepare_to_wait_event(&(queue), &dmk_entry, (state));    \
			if (condition)                                                             \
				break;                                                             \
			if (dmk_signal) {                                                          \
				dmk_result = dmk_signal;                                           \
				break;                                                             \
			}                                                                          \
			sleep;                                                                     \
		}                                                                                  \
		finish_wait(&(queue), &dmk_entry);                                                 \
		dmk_result;                                                                        \
	})
/* Condition, or time is up; leaves what was left, at least 1 when the condition came true. */
#define dmk_wait_timed(condition)                                                                  \
	({                                                                                         \
		bool dmk_true = (condition);                                                       \
		if (dmk_true && !dmk_left)                                                         \
			dmk_left = 1;                                                              \
		dmk_true || !dmk_left;                                                             \
	})
/* @stood: true: instead of sleeping, something else was waited for. */
#define dmk_wait_event_timeout(queue, condition, state, timeout, stood)                           \
	({                                                                                        \
		long dmk_left = (timeout);                                                        \
		long dmk_why = 0;                                                                 \
		dmk_might_sleep("wait_event_timeout");                                            \
		if (!dmk_wait_timed(condition))                                                   \
			dmk_why = dmk_wait_event(queue, dmk_wait_timed(condition), (state), 0, 0, \
						 if (!(stood))                                    \
							 dmk_left = schedule_timeout(dmk_left));  \
		if (!dmk_why && !dmk_left)                                                        \
			dmk_timed_out(&(queue));                                                  \
		dmk_why ? dmk_why : dmk_left;                                                     \
	})
#define dmk_wait_event_plain(queue, condition, state, exclusive, stood)                          \
	({                                                                                       \
		int dmk_why = 0;                                                                 \
		dmk_might_sleep("wait_event");                                                   \
		if (!(condition))                                                                \
			dmk_why = (int)dmk_wait_event(queue, condition, (state), (exclusive), 0, \
						      if (!(stood)) schedule());                 \
		dmk_why;                                                                         \
	})

void dmk_might_sleep(const char *function);
/** A wait for it has come to its limit: who watches is told. */
void dmk_timed_out(const void *what);

#define wait_event(queue, condition) \
	((void)dmk_wait_event_plain(queue, condition, TASK_UNINTERRUPTIBLE, 0, false))
#define io_wait_event(queue, condition) wait_event(queue, condition)
#define wait_event_exclusive_cmd(queue, condition, before, after)                               \
	((void)dmk_wait_event(queue, condition, TASK_UNINTERRUPTIBLE, 1, 0, before; schedule(); \
			      after))
/** Return: 0, or -ERESTARTSYS. */
#define wait_event_interruptible(queue, condition) \
	dmk_wait_event_plain(queue, condition, TASK_INTERRUPTIBLE, 0, false)
#define wait_event_interruptible_exclusive(queue, condition) \
	dmk_wait_event_plain(queue, condition, TASK_INTERRUPTIBLE, 1, false)
#define wait_event_killable(queue, condition) \
	dmk_wait_event_plain(queue, condition, TASK_KILLABLE, 0, false)
/*
 * As the interruptible ones; a freezable kthread stands still in them while the machine sleeps
 * (linux/freezer.h). Whether it is to, it asks when who freezes would wake it.
 */
bool dmk_stood_still(void);
#define wait_event_freezable(queue, condition) \
	dmk_wait_event_plain(queue, condition, TASK_INTERRUPTIBLE, 0, dmk_stood_still())
#define wait_event_freezable_timeout(queue, condition, timeout) \
	dmk_wait_event_timeout(queue, condition, TASK_INTERRUPTIBLE, timeout, dmk_stood_still())
#define wait_event_idle(queue, condition) wait_event(queue, condition)
/**
 * Return: jiffies left, at least 1: the condition is true; 0: time is up and it is not;
 * -ERESTARTSYS.
 */
#define wait_event_timeout(queue, condition, timeout) \
	dmk_wait_event_timeout(queue, condition, TASK_UNINTERRUPTIBLE, timeout, false)
#define wait_event_idle_timeout(queue, condition, timeout) \
	wait_event_timeout(queue, condition, timeout)
#define wait_event_interruptible_timeout(queue, condition, timeout) \
	dmk_wait_event_timeout(queue, condition, TASK_INTERRUPTIBLE, timeout, false)
#define wait_event_killable_timeout(queue, condition, timeout) \
	dmk_wait_event_timeout(queue, condition, TASK_KILLABLE, timeout, false)

/* The lock is held by the caller, let go while sleeping, and held again for the condition. */
#define dmk_wait_event_lock(queue, condition, state, unlock, lock)                                 \
	dmk_wait_event(queue, condition, (state), 0, 0, unlock; schedule(); lock)
#define wait_event_lock_irq(queue, condition, lock)                        \
	((void)dmk_wait_event_lock(queue, condition, TASK_UNINTERRUPTIBLE, \
				   spin_unlock_irq(&(lock)), spin_lock_irq(&(lock))))
#define wait_event_interruptible_lock_irq(queue, condition, lock)                                  \
	((int)dmk_wait_event_lock(queue, condition, TASK_INTERRUPTIBLE, spin_unlock_irq(&(lock)),  \
				  spin_lock_irq(&(lock))))
#define wait_event_cmd(queue, condition, before, after)                                         \
	((void)dmk_wait_event(queue, condition, TASK_UNINTERRUPTIBLE, 0, 0, before; schedule(); \
			      after))

#endif
