/* SPDX-License-Identifier: MIT */
/*
 * Softirqs kept away from this thread.
 */
#ifndef _LINUX_BOTTOM_HALF_H
#define _LINUX_BOTTOM_HALF_H

#include <linux/preempt.h>

#define local_bh_disable() dmk_preempt_add(SOFTIRQ_DISABLE_OFFSET)
#define local_bh_enable() dmk_preempt_add(-(int)SOFTIRQ_DISABLE_OFFSET)

#endif
