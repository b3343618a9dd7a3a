/* SPDX-License-Identifier: MIT */
/*
 * Counters of 64 bits with one writer and many readers. On a 64-bit machine a counter is read
 * whole, so the sequence count is nothing; a set of counters is then not of one moment, in Linux
 * neither.
 */
#ifndef _LINUX_U64_STATS_SYNC_H
#define _LINUX_U64_STATS_SYNC_H

#include <linux/compiler.h>
#include <linux/types.h>

typedef struct {
	u64 v;
} u64_stats_t;

struct u64_stats_sync {
	char unused[0];
};

static inline u64 u64_stats_read(const u64_stats_t *counter)
{
	return __atomic_load_n(&counter->v, __ATOMIC_RELAXED);
}

static inline void u64_stats_set(u64_stats_t *counter, u64 value)
{
	__atomic_store_n(&counter->v, value, __ATOMIC_RELAXED);
}

/* One writer: no more is atomic than each access. */
static inline void u64_stats_add(u64_stats_t *counter, unsigned long n)
{
	u64_stats_set(counter, counter->v + n);
}

static inline void u64_stats_inc(u64_stats_t *counter)
{
	u64_stats_add(counter, 1);
}

static inline void u64_stats_init(struct u64_stats_sync *sync)
{
}

static inline void u64_stats_update_begin(struct u64_stats_sync *sync)
{
}

static inline void u64_stats_update_end(struct u64_stats_sync *sync)
{
}

static inline unsigned int u64_stats_fetch_begin(const struct u64_stats_sync *sync)
{
	return 0;
}

static inline bool u64_stats_fetch_retry(const struct u64_stats_sync *sync, unsigned int start)
{
	return false;
}

#define u64_stats_update_begin_irqsave(sync) (u64_stats_update_begin(sync), 0UL)
#define u64_stats_update_end_irqrestore(sync, flags) ((void)(flags), u64_stats_update_end(sync))
#define u64_stats_fetch_begin_irq(sync) u64_stats_fetch_begin(sync)
#define u64_stats_fetch_retry_irq(sync, start) u64_stats_fetch_retry((sync), (start))

#endif
