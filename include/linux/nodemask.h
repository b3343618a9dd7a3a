/* SPDX-License-Identifier: MIT */
/*
 * Which nodes of memory there are: number 0.
 */
#ifndef _LINUX_NODEMASK_H
#define _LINUX_NODEMASK_H

#include <linux/numa.h>

#define node_possible(node)        ((node) == 0)
#define node_online(node)          ((node) == 0)
#define num_online_nodes()         1
#define num_possible_nodes()       1
#define nr_node_ids                1U
#define nr_online_nodes            1U
#define first_online_node          0
#define first_memory_node          0
#define next_online_node(node)     (MAX_NUMNODES)
#define for_each_node(node)        for ((node) = 0; (node) < MAX_NUMNODES; (node)++)
#define for_each_online_node(node) for_each_node(node)

#endif
