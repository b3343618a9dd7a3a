/* SPDX-License-Identifier: MIT */
/*
 * Timers in nanoseconds. Functions run on the timer thread, in hard or soft interrupt context as
 * the mode says.
 */
#ifndef _LINUX_HRTIMER_H
#define _LINUX_HRTIMER_H

#include <linux/version.h>
#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/timer.h>
#include <linux/types.h>

enum hrtimer_mode {
	HRTIMER_MODE_ABS = 0x00,
	HRTIMER_MODE_REL = 0x01,
	HRTIMER_MODE_PINNED = 0x02,
	HRTIMER_MODE_SOFT = 0x04,
	HRTIMER_MODE_HARD = 0x08,
	HRTIMER_MODE_ABS_PINNED = HRTIMER_MODE_ABS | HRTIMER_MODE_PINNED,
	HRTIMER_MODE_REL_PINNED = HRTIMER_MODE_REL | HRTIMER_MODE_PINNED,
	HRTIMER_MODE_ABS_SOFT = HRTIMER_MODE_ABS | HRTIMER_MODE_SOFT,
	HRTIMER_MODE_REL_SOFT = HRTIMER_MODE_REL | HRTIMER_MODE_SOFT,
	HRTIMER_MODE_ABS_HARD = HRTIMER_MODE_ABS | HRTIMER_MODE_HARD,
	HRTIMER_MODE_REL_HARD = HRTIMER_MODE_REL | HRTIMER_MODE_HARD,
};

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };

#ifndef CLOCK_MONOTONIC
#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_BOOTTIME 7
#endif

struct hrtimer {
	struct dmk_timer dmk;
	enum hrtimer_restart (*function)(struct hrtimer *timer);
	ktime_t expires;
	int clock;
	bool soft;
};

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define hrtimer_init(timer, clock, mode) dmk_hrtimer_init((timer), (clock), (mode))
#endif
void dmk_hrtimer_init(struct hrtimer *timer, int clock, enum hrtimer_mode mode);
void hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *timer),
		   int clock, enum hrtimer_mode mode) DMK_SYM(hrtimer_setup);
void hrtimer_start(struct hrtimer *timer, ktime_t time, enum hrtimer_mode mode)
	DMK_SYM(hrtimer_start);
#define hrtimer_start_range_ns(timer, time, slack, mode) hrtimer_start((timer), (time), (mode))
/**
 * hrtimer_cancel - 1: it was pending. Waits until the function is not running.
 * hrtimer_try_to_cancel: -1: it is running.
 */
int hrtimer_cancel(struct hrtimer *timer) DMK_SYM(hrtimer_cancel);
int hrtimer_try_to_cancel(struct hrtimer *timer) DMK_SYM(hrtimer_try_to_cancel);
bool hrtimer_active(const struct hrtimer *timer) DMK_SYM(hrtimer_active);
bool hrtimer_is_queued(struct hrtimer *timer) DMK_SYM(hrtimer_is_queued);
/**
 * hrtimer_forward - move the expiry on by whole intervals until it is after @now. Return: how many.
 */
u64 hrtimer_forward(struct hrtimer *timer, ktime_t now, ktime_t interval) DMK_SYM(hrtimer_forward);
u64 hrtimer_forward_now(struct hrtimer *timer, ktime_t interval) DMK_SYM(hrtimer_forward_now);
#define hrtimer_get_expires(timer) ((timer)->expires)
#define hrtimer_set_expires(timer, time) ((void)((timer)->expires = (time)))
#define hrtimer_cb_get_time(timer) ktime_get()
ktime_t hrtimer_get_remaining(const struct hrtimer *timer) DMK_SYM(hrtimer_get_remaining);

#endif
