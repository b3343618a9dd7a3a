/* SPDX-License-Identifier: MIT */
/*
 * Clocks and delays. The clocks are the host's: time passes as it does.
 */
#include "internal.h"

#include <time.h>

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/timekeeping.h>

static s64 boot_ns; /* written once a boot, before any thread that reads it */

static s64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

int dmk_time_start(void)
{
	__atomic_store_n(&boot_ns, clock_ns(CLOCK_MONOTONIC), __ATOMIC_RELAXED);
	return 0;
}

ktime_t ktime_get(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

ktime_t ktime_get_real(void)
{
	return clock_ns(CLOCK_REALTIME);
}

unsigned long dmk_jiffies(void)
{
	return INITIAL_JIFFIES +
	       (clock_ns(CLOCK_MONOTONIC) - __atomic_load_n(&boot_ns, __ATOMIC_RELAXED)) /
		       TICK_NSEC;
}

/*
 * A host's thread that would only spin the time away gives it to others, but for the last few
 * microseconds.
 */
static void wait_ns(s64 ns)
{
	s64 end = ktime_get() + ns;

	if (ns > 100 * NSEC_PER_USEC) {
		s64 early = end - 60 * NSEC_PER_USEC;
		struct timespec when = { early / NSEC_PER_SEC, early % NSEC_PER_SEC };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
	}
	while (ktime_get() < end)
		cpu_relax();
}

void udelay(unsigned long us)
{
	wait_ns(us * NSEC_PER_USEC);
}

void ndelay(unsigned long ns)
{
	wait_ns(ns);
}

void mdelay(unsigned long ms)
{
	wait_ns(ms * NSEC_PER_MSEC);
}

static void sleep_ns(s64 ns, const char *function, struct dmk_place place)
{
	s64 end = ktime_get() + ns;
	struct timespec when = { end / NSEC_PER_SEC, end % NSEC_PER_SEC };

	dmk_might_sleep_at(function, place);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL))
		;
}

void msleep(unsigned int ms)
{
	sleep_ns(ms * NSEC_PER_MSEC, "msleep", DMK_HERE);
}

void ssleep(unsigned int seconds)
{
	sleep_ns(seconds * NSEC_PER_SEC, "ssleep", DMK_HERE);
}

void usleep_range(unsigned long min_us, unsigned long max_us)
{
	sleep_ns(min_us * NSEC_PER_USEC, "usleep_range", DMK_HERE);
}

void fsleep(unsigned long us)
{
	sleep_ns(us * NSEC_PER_USEC, "fsleep", DMK_HERE);
}

unsigned long msleep_interruptible(unsigned int ms)
{
	long left = msecs_to_jiffies(ms);

	dmk_might_sleep_at("msleep_interruptible", DMK_HERE);
	while (left && !signal_pending(current)) {
		set_current_state(TASK_INTERRUPTIBLE);
		left = schedule_timeout(left);
	}
	return jiffies_to_msecs(left);
}
