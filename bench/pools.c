/* SPDX-License-Identifier: MIT */
/*
 * dma_pool: blocks of consistent memory.
 */
#include "bench.h"
#include "handover.h"

#include <stdlib.h>

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>

struct block {
	void *cpu;
	dma_addr_t dma;
};

struct pooled {
	struct dma_pool *pool;
	struct handover *hand;
	unsigned int nr;
	struct block live[]; /* by thread */
};

static void take(struct pooled *pooled, struct block *block)
{
	block->cpu = dma_pool_alloc(pooled->pool, GFP_KERNEL, &block->dma);
	if (!block->cpu)
		bench_die("a pool is out of memory");
}

static void give(struct pooled *pooled, const struct block *block)
{
	dma_pool_free(pooled->pool, block->cpu, block->dma);
}

static void *prepare(const struct row *row)
{
	const unsigned int nr = row->live * row_threads(row);
	struct pooled *pooled = bench_calloc(1, sizeof(*pooled) + nr * sizeof(pooled->live[0]));

	pooled->pool = dma_pool_create("bench", bench_wide, row->bytes, row->bytes, 0);
	pooled->hand = handover_new();
	pooled->nr = nr;
	for (unsigned int i = 0; i < nr; i++)
		take(pooled, &pooled->live[i]);
	return pooled;
}

static void finish(const struct row *row, void *state)
{
	struct pooled *pooled = state;

	for (unsigned int i = 0; i < pooled->nr; i++)
		give(pooled, &pooled->live[i]);
	dma_pool_destroy(pooled->pool);
	free(pooled->hand);
	free(pooled);
}

static void pairs(struct work *work, unsigned int n)
{
	struct pooled *pooled = work->state;

	for (unsigned int i = 0; i < n; i++) {
		struct block block;

		take(pooled, &block);
		give(pooled, &block);
	}
}

static void exchange(struct work *work, unsigned int n)
{
	struct pooled *pooled = work->state;

	for (unsigned int i = 0; i < n; i++) {
		struct block *block = &pooled->live[bench_mine(work)];

		give(pooled, block);
		take(pooled, block);
	}
}

/* --- freed by another thread ------------------------------------------------------------------ */

static bool make_item(void *state, struct item *item)
{
	struct block block;

	take(state, &block);
	*item = (struct item){(uintptr_t)block.cpu, block.dma};
	return true;
}

static void take_item(void *state, const struct item *item)
{
	const struct block block = {(void *)(uintptr_t)item->what, item->more};

	give(state, &block);
}

static void hand_over(struct work *work, unsigned int n)
{
	handover_run(work, ((struct pooled *)work->state)->hand, n, work->state, make_item,
		     take_item);
}

/* --- the rows --------------------------------------------------------------------------------- */

#define SHARED(function, size) .run = function, .prepare = prepare, .finish = finish, .bytes = size
#define POOL(function, size)   .where = AT_PC, SHARED(function, size)
#define LIST                   .floor = "inline free list"
#define CURVE                  .curve = "dma_pool, 64 B"

static const struct row rows[] = {
	{.name = "pool alloc + free, 64 B",
	 POOL(pairs, 64),
	 LIST,
	 .goal = 6,
	 .peers = {"DPDK mempool, 64 B", "mimalloc, 64 B"},
	 CURVE,
	 .over_threads = true},
	{.name = "pool alloc + free, 64 B, 2 threads",
	 .threads = 2,
	 POOL(pairs, 64),
	 LIST,
	 .goal = 8,
	 .peers = {"DPDK mempool, 64 B, 2 threads", "mimalloc, 64 B, 2 threads"},
	 CURVE,
	 .over_threads = true},
	{.name = "pool alloc + free, 64 B, 4 threads",
	 .threads = 4,
	 POOL(pairs, 64),
	 LIST,
	 .peers = {"DPDK mempool, 64 B, 4 threads", "mimalloc, 64 B, 4 threads"},
	 CURVE,
	 .over_threads = true},
	{.name = "pool alloc, freed by another thread, 64 B",
	 .threads = 2,
	 POOL(hand_over, 64),
	 .floor = "handed to another thread",
	 .least = HANDOVER_LEAST,
	 .peers = {"DPDK mempool, 64 B, freed by another thread",
		   "mimalloc, 64 B, freed by another thread"}},
	{.name = "pool free + alloc, 64 B, 1 live", POOL(exchange, 64), LIST, .live = 1, CURVE},
	{.name = "pool free + alloc, 64 B, 1,024 live",
	 POOL(exchange, 64),
	 LIST,
	 .live = 1024,
	 CURVE},
	{.name = "pool free + alloc, 64 B, 16,384 live",
	 POOL(exchange, 64),
	 LIST,
	 .live = 16384,
	 CURVE},
	{.name = "pool free + alloc, 64 B, 1 M live",
	 POOL(exchange, 64),
	 LIST,
	 .live = 1 << 20,
	 CURVE},
	{.name = "pool free + alloc, 256 B, 16,384 live",
	 POOL(exchange, 256),
	 LIST,
	 .live = 16384,
	 .goal = 15,
	 .peers = {"DPDK mempool, 256 B, 16,384 live", "mimalloc, 256 B, 16,384 live"}},
	{.name = "checked pool alloc + free, 64 B", .where = AT_CHECK, SHARED(pairs, 64), LIST},
};

const struct rows bench_pools = BENCH_ROWS(rows);
