/* SPDX-License-Identifier: MIT */
/*
 * How many CPUs a machine has: every thread is one by itself, and a driver that counts them or
 * binds threads to them sees these.
 */
#ifndef _LINUX_THREADS_H
#define _LINUX_THREADS_H

#define NR_CPUS        4
#define CONFIG_NR_CPUS NR_CPUS

#endif
