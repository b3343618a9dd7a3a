/* SPDX-License-Identifier: MIT */
/*
 * Reading a register until it says so. @sleep_us between reads (0: none), @timeout_us in all (0:
 * for ever); the condition is looked at once more after the time is up. Value: 0 or -ETIMEDOUT.
 */
#ifndef _LINUX_IOPOLL_H
#define _LINUX_IOPOLL_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/io.h>

/** Microseconds of a clock that only goes forward. */
u64 dmk_iopoll_now(void);

void dmk_might_sleep(const char *function);

#define dmk_poll_timeout(enter, pause, op, val, cond, us, timeout_us, first, args...)              \
	({                                                                                         \
		u64 dmk_timeout = (timeout_us);                                                    \
		unsigned long dmk_us = (us);                                                       \
		u64 dmk_end = dmk_iopoll_now() + dmk_timeout;                                      \
		enter(dmk_us);                                                                     \
		if ((first) && dmk_us)                                                             \
			pause(dmk_us);                                                             \
		for (;;) {                                                                         \
			(val) = op(args);                                                          \
			if (cond)                                                                  \
				break;                                                             \
			if (dmk_timeout && dmk_iopoll_now() > dmk_end) {                           \
				(val) = op(args);                                                  \
				break;                                                             \
			}                                                                          \
			if (dmk_us)                                                                \
				pause(dmk_us);                                                     \
		}                                                                                  \
		(cond) ? 0 : -ETIMEDOUT;                                                           \
	})

/* What may sleep says so each time, and not only when the register was not ready yet (CTX-01). */
#define dmk_poll_may_sleep(us) ((us) ? dmk_might_sleep("read_poll_timeout") : (void)0)
#define dmk_poll_spins(us) ((void)(us))
#define dmk_poll_sleep(us) usleep_range(((us) >> 2) + 1, us)

#define read_poll_timeout(op, val, cond, sleep_us, timeout_us, sleep_before_read, args...)         \
	dmk_poll_timeout(dmk_poll_may_sleep, dmk_poll_sleep, op, val, cond, sleep_us, timeout_us,  \
			 sleep_before_read, args)
#define read_poll_timeout_atomic(op, val, cond, delay_us, timeout_us, delay_before_read, args...)  \
	dmk_poll_timeout(dmk_poll_spins, udelay, op, val, cond, delay_us, timeout_us,              \
			 delay_before_read, args)
#define readx_poll_timeout(op, addr, val, cond, sleep_us, timeout_us)                              \
	read_poll_timeout(op, val, cond, sleep_us, timeout_us, false, addr)
#define readx_poll_timeout_atomic(op, addr, val, cond, delay_us, timeout_us)                       \
	read_poll_timeout_atomic(op, val, cond, delay_us, timeout_us, false, addr)

#define readb_poll_timeout(a, v, c, s, t) readx_poll_timeout(readb, a, v, c, s, t)
#define readw_poll_timeout(a, v, c, s, t) readx_poll_timeout(readw, a, v, c, s, t)
#define readl_poll_timeout(a, v, c, s, t) readx_poll_timeout(readl, a, v, c, s, t)
#define readq_poll_timeout(a, v, c, s, t) readx_poll_timeout(readq, a, v, c, s, t)
#define readb_poll_timeout_atomic(a, v, c, s, t) readx_poll_timeout_atomic(readb, a, v, c, s, t)
#define readw_poll_timeout_atomic(a, v, c, s, t) readx_poll_timeout_atomic(readw, a, v, c, s, t)
#define readl_poll_timeout_atomic(a, v, c, s, t) readx_poll_timeout_atomic(readl, a, v, c, s, t)
#define readq_poll_timeout_atomic(a, v, c, s, t) readx_poll_timeout_atomic(readq, a, v, c, s, t)
#define readl_relaxed_poll_timeout(a, v, c, s, t) readl_poll_timeout(a, v, c, s, t)
#define readl_relaxed_poll_timeout_atomic(a, v, c, s, t) readl_poll_timeout_atomic(a, v, c, s, t)

#endif
