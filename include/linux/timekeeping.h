/* SPDX-License-Identifier: MIT */
/*
 * The clocks: monotonic from boot, and of the wall.
 */
#ifndef _LINUX_TIMEKEEPING_H
#define _LINUX_TIMEKEEPING_H

#include <linux/compiler.h>
#include <linux/time64.h>
#include <linux/types.h>

ktime_t ktime_get(void) DMK_SYM(ktime_get);
ktime_t ktime_get_real(void) DMK_SYM(ktime_get_real);

#define ktime_get_raw() ktime_get()
#define ktime_get_boottime() ktime_get()
#define ktime_get_ns() ((u64)ktime_get())
#define ktime_get_raw_ns() ((u64)ktime_get())
#define ktime_get_boottime_ns() ((u64)ktime_get())
#define ktime_get_real_ns() ((u64)ktime_get_real())
#define ktime_get_mono_fast_ns() ((u64)ktime_get())
#define local_clock() ((u64)ktime_get())
#define sched_clock() ((u64)ktime_get())
#define ktime_get_seconds() ((time64_t)(ktime_get() / NSEC_PER_SEC))
#define ktime_get_real_seconds() ((time64_t)(ktime_get_real() / NSEC_PER_SEC))
#define ktime_get_ts64(ts) ((void)(*(ts) = ns_to_timespec64(ktime_get())))
#define ktime_get_real_ts64(ts) ((void)(*(ts) = ns_to_timespec64(ktime_get_real())))
#define ktime_get_coarse() ktime_get()

#endif
