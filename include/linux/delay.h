/* SPDX-License-Identifier: MIT */
/*
 * Waiting, busily and asleep.
 */
#ifndef _LINUX_DELAY_H
#define _LINUX_DELAY_H

#include <linux/compiler.h>
#include <linux/math.h>
#include <linux/sched.h>
#include <linux/types.h>

/* These may be called from any context. */
void udelay(unsigned long us) DMK_SYM(udelay);
void ndelay(unsigned long ns) DMK_SYM(ndelay);
void mdelay(unsigned long ms) DMK_SYM(mdelay);
/* These sleep. */
void msleep(unsigned int ms) DMK_SYM(msleep);
/** Return: milliseconds that were left when a signal came. */
unsigned long msleep_interruptible(unsigned int ms) DMK_SYM(msleep_interruptible);
void usleep_range(unsigned long min_us, unsigned long max_us) DMK_SYM(usleep_range);
#define usleep_range_state(min_us, max_us, state) usleep_range((min_us), (max_us))
void ssleep(unsigned int seconds) DMK_SYM(ssleep);
void fsleep(unsigned long us) DMK_SYM(fsleep);

#endif
