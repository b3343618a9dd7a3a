/* SPDX-License-Identifier: MIT */
/*
 * CPUs: every thread is one by itself; drivers see four of them (linux/cpumask.h).
 */
#ifndef _LINUX_SMP_H
#define _LINUX_SMP_H

#include <linux/cpumask.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#endif
