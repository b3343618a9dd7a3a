/* SPDX-License-Identifier: MIT */
/*
 * At most so many in so long.
 */
#ifndef _LINUX_RATELIMIT_TYPES_H
#define _LINUX_RATELIMIT_TYPES_H

#include <linux/compiler.h>
#include <linux/param.h>
#include <linux/types.h>

#define DEFAULT_RATELIMIT_INTERVAL (5 * HZ)
#define DEFAULT_RATELIMIT_BURST 10

/** @interval in jiffies. Its first use starts the interval. */
struct ratelimit_state {
	int lock;
	int interval;
	int burst;
	int printed;
	int missed;
	unsigned long begin;
	unsigned long flags;
};

#define RATELIMIT_STATE_INIT(name, _interval, _burst) { .interval = (_interval), .burst = (_burst) }
#define DEFINE_RATELIMIT_STATE(name, interval, burst)                                              \
	struct ratelimit_state name = RATELIMIT_STATE_INIT(name, interval, burst)

/**
 * __ratelimit - true: go on; false: too often. Says how many were kept back when the next interval
 * begins.
 */
bool dmk_ratelimit(struct ratelimit_state *state, const char *function);
#define __ratelimit(state) dmk_ratelimit((state), __func__)

#endif
