/* SPDX-License-Identifier: MIT */
/*
 * DPDK's mempool with its caches of each core, on ordinary pages (--no-huge).
 */
#include "peers.h"

#include <sched.h>
#include <stdio.h>

#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

enum { CACHE = 256, THREADS = 8 };

/*
 * It binds the thread that starts it to a processor: undone at once, as the rows' threads are to go
 * where the system wants.
 */
static bool start(void)
{
	static char cores[32];
	static char *argv[] = {"bench",
			       "--no-huge",
			       "--no-pci",
			       "--no-telemetry",
			       "--no-shconf",
			       "-m",
			       "128",
			       cores,
			       "-d",
			       "librte_mempool_ring.so.23",
			       "--log-level=*:error",
			       NULL};
	cpu_set_t mine;
	int first = 0, result;

	if (sched_getaffinity(0, sizeof(mine), &mine))
		return false;
	while (first < CPU_SETSIZE - 1 && !CPU_ISSET(first, &mine))
		first++;
	snprintf(cores, sizeof(cores), "--lcores=0@%d", first);
	result = rte_eal_init(sizeof(argv) / sizeof(argv[0]) - 1, argv);
	sched_setaffinity(0, sizeof(mine), &mine);
	return result >= 0;
}

static void thread(void)
{
	rte_thread_register();
}

static void *make(size_t block, unsigned int live)
{
	static unsigned int number;
	char name[16];

	snprintf(name, sizeof(name), "bench%u", number++);
	return rte_mempool_create(name, live + 2 * THREADS * CACHE - 1, (unsigned int)block, CACHE,
				  0, NULL, NULL, NULL, NULL, SOCKET_ID_ANY, 0);
}

static void end(void *allocator)
{
	rte_mempool_free(allocator);
}

static void *get(void *allocator, size_t block)
{
	void *object;

	return rte_mempool_get(allocator, &object) ? NULL : object;
}

static void put(void *allocator, void *block)
{
	rte_mempool_put(allocator, block);
}

static void pairs(void *allocator, size_t block, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		void *object = get(allocator, block);

		__asm__ volatile("" : : "r"(object) : "memory");
		put(allocator, object);
	}
}

static void exchange(void *allocator, size_t block, void **blocks, const unsigned int *at,
		     unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		put(allocator, blocks[at[i]]);
		blocks[at[i]] = get(allocator, block);
	}
}

const struct peer bench_dpdk = {"DPDK's mempool", NULL, start, thread, make, end, get, put, pairs,
				exchange};
