/* SPDX-License-Identifier: MIT */
/*
 * Allocators of other people, measured in the same run as ours. Each may be missing at build time:
 * then .there is false, and its rows are left out and named at the end.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <stdbool.h>
#include <stddef.h>

struct peer {
	const char *name;
	const char *package;  /* that is missing, or NULL */
	bool (*start)(void);  /* once; false: it does not want to run here */
	void (*thread)(void); /* a thread is about to use it */
	void *(*make)(size_t block,
		      unsigned int live); /* an allocator for that many blocks; NULL: no memory */
	void (*end)(void *allocator);
	void *(*alloc)(void *allocator, size_t block);
	void (*free)(void *allocator, void *block);
	/**
	 * pairs - @n times alloc and free with nothing between: inlined, as a user of it would have
	 * it
	 */
	void (*pairs)(void *allocator, size_t block, unsigned int n);
	/** exchange - free @blocks[@at[i]], and alloc another in its place; inlined too */
	void (*exchange)(void *allocator, size_t block, void **blocks, const unsigned int *at,
			 unsigned int n);
};

extern const struct peer bench_dpdk, bench_mimalloc;

/**
 * bench_peer_missing - why a peer's rows are left out, in one line; NULL: they are not, or no such
 * @index
 */
const char *bench_peer_missing(unsigned int index);

#endif
