/* SPDX-License-Identifier: MIT */
/*
 * Timers in jiffies. Functions run on the timer thread, in softirq context.
 */
#ifndef _LINUX_TIMER_H
#define _LINUX_TIMER_H

#include <linux/version.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/stddef.h>
#include <linux/types.h>

/* One queue for both kinds of timer: kernel/timer.c. */
struct dmk_timer {
	struct list_head link;
	s64 due; /* ns, as ktime_get() */
	void (*fire)(struct dmk_timer *timer);
	bool queued;
};

struct timer_list {
	struct dmk_timer dmk;
	unsigned long expires;
	void (*function)(struct timer_list *timer);
	u32 flags;
};

#define TIMER_DEFERRABLE 0x00080000
#define TIMER_PINNED 0x00100000
#define TIMER_IRQSAFE 0x00200000

void dmk_timer_setup(struct timer_list *timer, void (*function)(struct timer_list *timer),
		     unsigned int flags);
void dmk_timer_fire(struct dmk_timer *timer);
#define timer_setup(timer, function, flags) dmk_timer_setup((timer), (function), (flags))
#define timer_setup_on_stack(timer, function, flags) dmk_timer_setup((timer), (function), (flags))
#define __TIMER_INITIALIZER(_function, _flags)                                                     \
	{ .dmk = { .fire = dmk_timer_fire }, .function = (_function), .flags = (_flags) }
#define DEFINE_TIMER(name, function) struct timer_list name = __TIMER_INITIALIZER(function, 0)
#define destroy_timer_on_stack(timer) ((void)(timer))
#define timer_destroy_on_stack(timer) ((void)(timer))

/** mod_timer - fire at @expires, in jiffies. Return: 1: it was pending. */
int mod_timer(struct timer_list *timer, unsigned long expires) DMK_SYM(mod_timer);
int mod_timer_pending(struct timer_list *timer, unsigned long expires) DMK_SYM(mod_timer_pending);
int timer_reduce(struct timer_list *timer, unsigned long expires) DMK_SYM(timer_reduce);
void add_timer(struct timer_list *timer) DMK_SYM(add_timer);
/**
 * timer_delete - 1: it was pending. _sync: also waits until the function is not running, without
 * sleeping.
 */
int dmk_timer_delete(void *timer);
int timer_delete_sync(struct timer_list *timer) DMK_SYM(timer_delete_sync);
/** timer_shutdown_sync - as timer_delete_sync(), and arming it again does nothing. */
int timer_shutdown_sync(struct timer_list *timer) DMK_SYM(timer_shutdown_sync);
int timer_shutdown(struct timer_list *timer) DMK_SYM(timer_shutdown);
bool timer_pending(const struct timer_list *timer) DMK_SYM(timer_pending);
/*
 * <time.h> has a timer_delete() of its own, which takes a void *: so this one does, and both may be
 * declared.
 */
#define timer_delete dmk_timer_delete
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define del_timer(timer) dmk_timer_delete(timer)
#define del_timer_sync(timer) timer_delete_sync(timer)
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define try_to_del_timer_sync(timer) timer_delete_sync(timer)
#else
#define timer_delete_sync_try(timer) timer_delete_sync(timer)
#endif

#define timer_container_of(variable, timer, member) \
	container_of(timer, __typeof__(*variable), member)
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define from_timer(variable, timer, member) timer_container_of(variable, timer, member)
#endif

#endif
