/* SPDX-License-Identifier: MIT */
/*
 * At most so many messages in so long.
 */
#ifndef _LINUX_RATELIMIT_H
#define _LINUX_RATELIMIT_H

#include <linux/ratelimit_types.h>
#include <linux/string.h>

static inline void ratelimit_state_init(struct ratelimit_state *state, int interval, int burst)
{
	memset(state, 0, sizeof(*state));
	state->interval = interval;
	state->burst = burst;
}

#endif
