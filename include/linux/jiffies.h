/* SPDX-License-Identifier: MIT */
/*
 * The clock in ticks. It starts five minutes before its low 32 bits wrap, so that code which can't
 * bear that shows it.
 */
#ifndef _LINUX_JIFFIES_H
#define _LINUX_JIFFIES_H

#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/param.h>
#include <linux/types.h>

#define INITIAL_JIFFIES ((unsigned long)(unsigned int)(-300 * HZ))
#define MAX_JIFFY_OFFSET ((LONG_MAX >> 1) - 1)
#define TICK_NSEC (1000000000L / HZ)

unsigned long dmk_jiffies(void);
#define jiffies dmk_jiffies()
#define get_jiffies_64() ((u64)dmk_jiffies())
#define jiffies_64 ((u64)dmk_jiffies())

#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)
#define time_in_range(a, b, c) (time_after_eq(a, b) && time_before_eq(a, c))
#define time_in_range_open(a, b, c) (time_after_eq(a, b) && time_before(a, c))
#define time_after64(a, b) ((s64)((b) - (a)) < 0)
#define time_before64(a, b) time_after64(b, a)
#define time_after_eq64(a, b) ((s64)((a) - (b)) >= 0)
#define time_before_eq64(a, b) time_after_eq64(b, a)
#define time_is_before_jiffies(a) time_after(jiffies, a)
#define time_is_after_jiffies(a) time_before(jiffies, a)
#define time_is_before_eq_jiffies(a) time_after_eq(jiffies, a)
#define time_is_after_eq_jiffies(a) time_before_eq(jiffies, a)

static inline unsigned long msecs_to_jiffies(unsigned int ms)
{
	return (int)ms < 0 ? MAX_JIFFY_OFFSET : ((u64)ms * HZ + 999) / 1000;
}

static inline unsigned long usecs_to_jiffies(unsigned int us)
{
	return ((u64)us * HZ + 999999) / 1000000;
}

static inline unsigned long nsecs_to_jiffies(u64 ns)
{
	return ns / TICK_NSEC;
}

static inline unsigned int jiffies_to_msecs(unsigned long ticks)
{
	return ticks * (1000 / HZ);
}

static inline unsigned int jiffies_to_usecs(unsigned long ticks)
{
	return ticks * (1000000 / HZ);
}

static inline u64 jiffies_to_nsecs(unsigned long ticks)
{
	return (u64)ticks * TICK_NSEC;
}

static inline unsigned long secs_to_jiffies(unsigned long seconds)
{
	return seconds * HZ;
}

/* Rounding to whole seconds saves a real machine's power; here it changes nothing. */
#define round_jiffies(ticks) (ticks)
#define round_jiffies_relative(ticks) (ticks)

#endif
