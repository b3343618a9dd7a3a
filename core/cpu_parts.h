/* SPDX-License-Identifier: MIT */
/*
 * What each CPU has of a thing for itself, and others gather once in a long while.
 *
 *	its CPU						who gathers
 *
 *	dmk_cpu_enter()					with the lock: open[] = NULL, for all
 *	open[cpu]?  NULL: leave, take the lock		without it: dmk_cpu_settle()
 *	... use it ...					with the lock: use each part
 *	dmk_cpu_leave()					open[] = what there is
 *
 * A CPU that found its part open and has not left is waited for in dmk_cpu_settle(); one that comes
 * later finds NULL there, and takes the lock (cpu.h says why there is no third). With the lock a
 * CPU may use its own part whether it is open or not: who gathers uses it under that lock only.
 * What is gathered stays closed until dmk_cpu_parts_open(). A CPU or thread that is gone for good
 * leaves its part to who gets its number, and to who gathers.
 */
#ifndef DMK_CORE_CPU_PARTS_H
#define DMK_CORE_CPU_PARTS_H

#include "cpu.h"
#include "lock.h"

/** All zero: no parts, all open. By a CPU's number; [0] stays NULL. */
struct dmk_cpu_parts {
	void *open
		/* what a CPU may use without the lock; stored with the lock, loaded without */
		[DMK_CPUS];
	void *part[DMK_CPUS]; /* what there is; the lock's, as the rest */
	unsigned int waiting; /* callers of dmk_cpu_parts_gather() that wait */
	bool closed;
};

/**
 * dmk_cpu_parts_mine - between dmk_cpu_enter(), which gave @cpu, and dmk_cpu_leave(); NULL: take
 * the lock.
 */
static inline void *dmk_cpu_parts_mine(const struct dmk_cpu_parts *parts, unsigned int cpu)
{
	/* Acquire: pairs with the release of who opens it. */
	return __atomic_load_n(&parts->open[cpu], __ATOMIC_ACQUIRE);
}

/**
 * dmk_cpu_parts_here - this CPU's part, with the lock; made of @size zeroed bytes if it has none,
 * on cache lines of its own
 * Return: NULL: the CPU has no number, or there is no memory.
 */
void *dmk_cpu_parts_here(struct dmk_cpu_parts *parts, size_t size);
/**
 * dmk_cpu_parts_gather - with @lock, which is given up meanwhile: on return no CPU uses its part
 * without it, until dmk_cpu_parts_open(). No other lock is held. Return: false: other CPUs can't be
 * waited for here and now; parts are closed all the same, and not to be used.
 */
bool dmk_cpu_parts_gather(struct dmk_cpu_parts *parts, struct dmk_lock *lock, unsigned long *flags);
/** dmk_cpu_parts_open - with the lock; false: somebody gathers, and will do it. */
bool dmk_cpu_parts_open(struct dmk_cpu_parts *parts);
/** dmk_cpu_parts_free - all parts; nobody uses them any more. */
void dmk_cpu_parts_free(struct dmk_cpu_parts *parts, size_t size);

#endif
