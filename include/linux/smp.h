/* SPDX-License-Identifier: MIT */
/*
 * CPUs: every thread is one.
 */
#ifndef _LINUX_SMP_H
#define _LINUX_SMP_H

#include <linux/preempt.h>
#include <linux/sched.h>

#define num_online_cpus() 4U
#define num_possible_cpus() 4U
#define nr_cpu_ids 4U

#endif
