/* SPDX-License-Identifier: MIT */
/*
 * Things made by one thread and taken by another: the first of a row's two threads fills batches,
 * the second empties them.
 *
 * A batch is the filling thread's until .full is stored with release, and the emptying one's until
 * it is cleared with release; each side's acquire pairs with the other's release. At the end of a
 * run all batches are empty.
 */
#ifndef BENCH_HANDOVER_H
#define BENCH_HANDOVER_H

#include "bench.h"

#include <sched.h>

enum { BATCH = 128, BATCHES = 8, HANDOVER_LEAST = BATCH, HANDOVER_SPINS = 2000 };

struct item {
	uint64_t what, more;
};

struct handover {
	struct {
		bool full __attribute__((__aligned__(128)));
		struct item item[BATCH];
	} batch[BATCHES];
};

static inline struct handover *handover_new(void)
{
	return bench_calloc(1, sizeof(struct handover));
}

static inline void handover_wait(const bool *full, bool wanted)
{
	for (unsigned int spins = 0; __atomic_load_n(full, __ATOMIC_ACQUIRE) != wanted; spins++) {
		if (spins > HANDOVER_SPINS)
			sched_yield();
	}
}

/** handover_run - @n items, a multiple of HANDOVER_LEAST: @make in thread 0, @take in thread 1 */
static inline __attribute__((__always_inline__)) void
handover_run(struct work *work, struct handover *hand, unsigned int n, void *state,
	     bool (*make)(void *, struct item *), void (*take)(void *, const struct item *))
{
	for (unsigned int b = 0; b < n / BATCH; b++) {
		bool *full = &hand->batch[b % BATCHES].full;
		struct item *item = hand->batch[b % BATCHES].item;

		handover_wait(full, work->index == 1);
		for (unsigned int i = 0; i < BATCH; i++) {
			if (work->index)
				take(state, &item[i]);
			else if (!make(state, &item[i]))
				bench_die("nothing left to hand over");
		}
		__atomic_store_n(full, work->index == 0, __ATOMIC_RELEASE);
	}
}

#endif
