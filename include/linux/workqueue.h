/* SPDX-License-Identifier: MIT */
/*
 * Work for later, in threads that may sleep.
 */
#ifndef _LINUX_WORKQUEUE_H
#define _LINUX_WORKQUEUE_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>
#include <linux/timer.h>
#include <linux/types.h>

struct workqueue_struct;
struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

/** Guarded by kernel/work.c's lock. The work may free itself in its function. */
struct work_struct {
	bool pending;
	struct list_head entry;
	work_func_t func;
	struct workqueue_struct *dmk_queue; /* it is on, or was on last */
	u64 dmk_ticket;                     /* in the order of queueing */
	/* threads that cancel it and wait: nobody queues it meanwhile, itself neither */
	unsigned int dmk_cancelling;
};

struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
	struct workqueue_struct *wq;
};

#define __WORK_INITIALIZER(name, function)                                \
	{                                                                 \
		.entry = LIST_HEAD_INIT((name).entry), .func = (function) \
	}
#define DECLARE_WORK(name, function) struct work_struct name = __WORK_INITIALIZER(name, function)
#define __DELAYED_WORK_INITIALIZER(name, function)                      \
	{                                                               \
		.work = __WORK_INITIALIZER((name).work, function),      \
		.timer = __TIMER_INITIALIZER(dmk_delayed_work_timer, 0) \
	}
#define DECLARE_DELAYED_WORK(name, function)                                                       \
	struct delayed_work name = __DELAYED_WORK_INITIALIZER(name, function)
void dmk_delayed_work_timer(struct timer_list *timer);
void dmk_init_work(struct work_struct *work, work_func_t function);
void dmk_init_delayed_work(struct delayed_work *work, work_func_t function);
#define INIT_WORK(work, function) dmk_init_work((work), (function))
#define INIT_WORK_ONSTACK(work, function) dmk_init_work((work), (function))
#define INIT_DELAYED_WORK(work, function) dmk_init_delayed_work((work), (function))
#define INIT_DEFERRABLE_WORK(work, function) dmk_init_delayed_work((work), (function))
#define destroy_work_on_stack(work) ((void)(work))
#define destroy_delayed_work_on_stack(work) ((void)(work))

static inline struct delayed_work *to_delayed_work(struct work_struct *work)
{
	return container_of(work, struct delayed_work, work);
}

enum wq_flags {
	WQ_BH = 1 << 0,
	WQ_UNBOUND = 1 << 1,
	WQ_FREEZABLE = 1 << 2,
	WQ_MEM_RECLAIM = 1 << 3,
	WQ_HIGHPRI = 1 << 4,
	WQ_CPU_INTENSIVE = 1 << 5,
	WQ_SYSFS = 1 << 6,
	WQ_POWER_EFFICIENT = 1 << 7,
	WQ_PERCPU = 1 << 8,
	__WQ_ORDERED = 1 << 17,
};
#define WQ_MAX_ACTIVE 512
#define WQ_DFL_ACTIVE 256
#define WQ_UNBOUND_MAX_ACTIVE WQ_MAX_ACTIVE

/**
 * alloc_workqueue - @max_active works at a time, 0: the default. NULL: no memory. Ends with
 * destroy_workqueue().
 */
struct workqueue_struct *dmk_alloc_workqueue(const char *name, unsigned int flags, int max_active,
					     ...) __printf(1, 4);
#define alloc_workqueue(name, flags, max_active, ...)                                              \
	dmk_alloc_workqueue((name), (flags), (max_active), ##__VA_ARGS__)
#define alloc_ordered_workqueue(name, flags, ...)                                                  \
	dmk_alloc_workqueue((name), (flags) | WQ_UNBOUND | __WQ_ORDERED, 1, ##__VA_ARGS__)
#define create_workqueue(name) alloc_workqueue("%s", WQ_MEM_RECLAIM, 1, (name))
#define create_singlethread_workqueue(name) alloc_ordered_workqueue("%s", WQ_MEM_RECLAIM, (name))
#define create_freezable_workqueue(name) \
	alloc_workqueue("%s", WQ_FREEZABLE | WQ_UNBOUND | WQ_MEM_RECLAIM, 1, (name))
/** destroy_workqueue - what is queued is run first. */
void destroy_workqueue(struct workqueue_struct *queue) DMK_SYM(destroy_workqueue);

extern struct workqueue_struct *dmk_system_wq, *dmk_system_long_wq;
#define system_wq dmk_system_wq
#define system_percpu_wq dmk_system_wq
#define system_highpri_wq dmk_system_wq
#define system_unbound_wq dmk_system_wq
#define system_dfl_wq dmk_system_wq
#define system_freezable_wq dmk_system_wq
#define system_power_efficient_wq dmk_system_wq
#define system_long_wq dmk_system_long_wq

/** Return: true: it was not pending, and is now. From any context. */
bool queue_work(struct workqueue_struct *queue, struct work_struct *work) DMK_SYM(queue_work);
bool queue_delayed_work(struct workqueue_struct *queue, struct delayed_work *work,
			unsigned long delay) DMK_SYM(queue_delayed_work);
/** mod_delayed_work - true: it was pending and its time is changed. */
bool mod_delayed_work(struct workqueue_struct *queue, struct delayed_work *work,
		      unsigned long delay) DMK_SYM(mod_delayed_work);
#define queue_work_on(cpu, queue, work) ((void)(cpu), queue_work((queue), (work)))
#define queue_delayed_work_on(cpu, queue, work, delay) \
	((void)(cpu), queue_delayed_work((queue), (work), (delay)))
#define schedule_work(work) queue_work(system_wq, (work))
#define schedule_work_on(cpu, work) ((void)(cpu), queue_work(system_wq, (work)))
#define schedule_delayed_work(work, delay) queue_delayed_work(system_wq, (work), (delay))

/*
 * These sleep. flush: what was queued before has run. cancel: it is neither pending nor running.
 * Return: it was pending.
 */
bool flush_work(struct work_struct *work) DMK_SYM(flush_work);
bool flush_delayed_work(struct delayed_work *work) DMK_SYM(flush_delayed_work);
bool cancel_work_sync(struct work_struct *work) DMK_SYM(cancel_work_sync);
bool cancel_delayed_work_sync(struct delayed_work *work) DMK_SYM(cancel_delayed_work_sync);
/* These do not. */
bool cancel_work(struct work_struct *work) DMK_SYM(cancel_work);
bool cancel_delayed_work(struct delayed_work *work) DMK_SYM(cancel_delayed_work);
void flush_workqueue(struct workqueue_struct *queue) DMK_SYM(flush_workqueue);
void drain_workqueue(struct workqueue_struct *queue) DMK_SYM(drain_workqueue);
#define flush_scheduled_work() flush_workqueue(system_wq)

bool dmk_work_pending(struct work_struct *work);
unsigned int work_busy(struct work_struct *work) DMK_SYM(work_busy);
#define work_pending(work) dmk_work_pending(work)
#define delayed_work_pending(w) dmk_work_pending(&(w)->work)

#endif
