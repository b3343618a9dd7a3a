/* SPDX-License-Identifier: MIT */
/*
 * Which CPUs are near which memory: all are near all of it.
 */
#ifndef _LINUX_TOPOLOGY_H
#define _LINUX_TOPOLOGY_H

#include <linux/cpumask.h>
#include <linux/nodemask.h>

static inline int cpu_to_node(int cpu)
{
	return 0;
}

static inline int numa_node_id(void)
{
	return 0;
}

#define cpu_to_mem(cpu)         cpu_to_node(cpu)
#define numa_mem_id()           numa_node_id()
#define node_distance(from, to) ((from) == (to) ? 10 : 20)

/** cpumask_of_node - the CPUs near a node. There is number 0; no node is near all of them. */
static inline const struct cpumask *cpumask_of_node(int node)
{
	return cpu_all_mask;
}

#endif
