/* SPDX-License-Identifier: MIT */
/*
 * Time in nanoseconds.
 */
#ifndef _LINUX_KTIME_H
#define _LINUX_KTIME_H

#include <linux/compiler.h>
#include <linux/time.h>
#include <linux/types.h>

#define KTIME_MAX ((s64)~((u64)1 << 63))
#define KTIME_MIN (-KTIME_MAX - 1)
#define KTIME_SEC_MAX (KTIME_MAX / NSEC_PER_SEC)

static inline ktime_t ktime_set(s64 seconds, unsigned long ns)
{
	return seconds * NSEC_PER_SEC + (s64)ns;
}

#define ktime_sub(a, b) ((a) - (b))
#define ktime_add(a, b) ((a) + (b))
#define ktime_add_ns(a, ns) ((a) + (ns))
#define ktime_sub_ns(a, ns) ((a) - (ns))
#define ktime_to_ns(t) (t)
#define ns_to_ktime(ns) ((ktime_t)(ns))
#define us_to_ktime(us) ((ktime_t)(us) * NSEC_PER_USEC)
#define ms_to_ktime(ms) ((ktime_t)(ms) * NSEC_PER_MSEC)
#define ktime_to_timespec64(t) ns_to_timespec64(t)
#define timespec64_to_ktime(ts) timespec64_to_ns(&(ts))

static inline s64 ktime_to_us(ktime_t t)
{
	return t / NSEC_PER_USEC;
}

static inline s64 ktime_to_ms(ktime_t t)
{
	return t / NSEC_PER_MSEC;
}

static inline s64 ktime_divns(ktime_t t, s64 divisor)
{
	return t / divisor;
}

static inline int ktime_compare(ktime_t a, ktime_t b)
{
	return (a > b) - (a < b);
}

static inline bool ktime_after(ktime_t a, ktime_t b)
{
	return a > b;
}

static inline bool ktime_before(ktime_t a, ktime_t b)
{
	return a < b;
}

static inline ktime_t ktime_add_us(ktime_t t, u64 us)
{
	return t + (s64)us * NSEC_PER_USEC;
}

static inline ktime_t ktime_add_ms(ktime_t t, u64 ms)
{
	return t + (s64)ms * NSEC_PER_MSEC;
}

static inline s64 ktime_us_delta(ktime_t later, ktime_t earlier)
{
	return (later - earlier) / NSEC_PER_USEC;
}

static inline s64 ktime_ms_delta(ktime_t later, ktime_t earlier)
{
	return (later - earlier) / NSEC_PER_MSEC;
}

#include <linux/timekeeping.h>

#endif
