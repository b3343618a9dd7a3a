/* SPDX-License-Identifier: MIT */
/*
 * mimalloc. It knows no pools: a block is asked for by its size.
 */
#include "peers.h"

#include <mimalloc.h>

static bool start(void)
{
	return true;
}

static void thread(void)
{
}

static void *make(size_t block, unsigned int live)
{
	static char any;

	return &any;
}

static void end(void *allocator)
{
}

static void *get(void *allocator, size_t block)
{
	return mi_malloc(block);
}

static void put(void *allocator, void *block)
{
	mi_free(block);
}

static void pairs(void *allocator, size_t block, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		void *object = mi_malloc(block);

		__asm__ volatile("" : : "r"(object) : "memory");
		mi_free(object);
	}
}

static void exchange(void *allocator, size_t block, void **blocks, const unsigned int *at,
		     unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		mi_free(blocks[at[i]]);
		blocks[at[i]] = mi_malloc(block);
	}
}

const struct peer bench_mimalloc = {"mimalloc", NULL, start, thread, make,
				    end,        get,  put,   pairs,  exchange};
