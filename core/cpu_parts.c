/* SPDX-License-Identifier: MIT */
/*
 * Parts of CPUs: made, closed, opened. How that keeps them apart is said in the header.
 */
#include "cpu_parts.h"

enum { LINE = 64 };

/* A part begins on a line; where its memory begins is written before it. */
static void *part_new(size_t size)
{
	char *memory = dmk_meta_alloc(size + 2 * LINE, false), *part;

	if (!memory)
		return NULL;
	part = memory + LINE + (-(uintptr_t)memory & (LINE - 1));
	((void **)part)[-1] = memory;
	return part;
}

void *dmk_cpu_parts_here(struct dmk_cpu_parts *parts, size_t size)
{
	const unsigned int cpu = dmk_cpu_ask();

	if (!cpu || parts->part[cpu])
		return parts->part[cpu];
	parts->part[cpu] = part_new(size);
	if (!parts->closed)
		__atomic_store_n(&parts->open[cpu], parts->part[cpu], __ATOMIC_RELEASE);
	return parts->part[cpu];
}

bool dmk_cpu_parts_gather(struct dmk_cpu_parts *parts, struct dmk_lock *lock, unsigned long *flags)
{
	bool settled;

	parts->closed = true;
	for (unsigned int cpu = 1; cpu < DMK_CPUS; cpu++)
		if (parts->part[cpu])
			__atomic_store_n(&parts->open[cpu], NULL, __ATOMIC_RELAXED);
	parts->waiting++;
	dmk_lock_drop(lock, *flags);
	settled = dmk_cpu_settle();
	*flags = dmk_lock_take(lock);
	parts->waiting--;
	return settled;
}

bool dmk_cpu_parts_open(struct dmk_cpu_parts *parts)
{
	if (parts->waiting)
		return false;
	parts->closed = false;
	/* Release: its CPU, which loads it with acquire, sees what was done to it. */
	for (unsigned int cpu = 1; cpu < DMK_CPUS; cpu++)
		if (parts->part[cpu])
			__atomic_store_n(&parts->open[cpu], parts->part[cpu], __ATOMIC_RELEASE);
	return true;
}

void dmk_cpu_parts_free(struct dmk_cpu_parts *parts, size_t size)
{
	for (unsigned int cpu = 1; cpu < DMK_CPUS; cpu++)
		if (parts->part[cpu])
			dmk_meta_free(((void **)parts->part[cpu])[-1], size + 2 * LINE);
}
