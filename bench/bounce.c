/* SPDX-License-Identifier: MIT */
/*
 * Mapping memory that the device doesn't reach: a slot is found, and the bytes are copied there.
 */
#include "bench.h"

#include <stdlib.h>

#include <linux/device.h>
#include <linux/dma-mapping.h>

enum { SLOT = 2048, MOST_SLOTS = 1 << 16 };

static void pairs(struct work *work, unsigned int n)
{
	void *buffer = bench_far[work->index];
	const size_t bytes = work->row->bytes;

	for (unsigned int i = 0; i < n; i++) {
		dma_addr_t dma = dma_map_single(bench_narrow, buffer, bytes, DMA_TO_DEVICE);

		if (dma_mapping_error(bench_narrow, dma))
			bench_die("a bounced map failed");
		dma_unmap_single(bench_narrow, dma, bytes, DMA_TO_DEVICE);
	}
}

/* --- many live -------------------------------------------------------------------------------- */

static dma_addr_t map_small(void)
{
	dma_addr_t dma = dma_map_single(bench_narrow, bench_far[0], 64, DMA_TO_DEVICE);

	if (dma_mapping_error(bench_narrow, dma))
		bench_die("the bounce pool is full");
	return dma;
}

static void *prepare_live(const struct row *row)
{
	dma_addr_t *live = bench_calloc(row->live, sizeof(*live));

	for (unsigned int i = 0; i < row->live; i++)
		live[i] = map_small();
	return live;
}

static void finish_live(const struct row *row, void *state)
{
	dma_addr_t *live = state;

	for (unsigned int i = 0; i < row->live; i++)
		dma_unmap_single(bench_narrow, live[i], 64, DMA_TO_DEVICE);
	free(live);
}

static void exchange(struct work *work, unsigned int n)
{
	dma_addr_t *live = work->state;

	for (unsigned int i = 0; i < n; i++) {
		dma_addr_t *one = &live[bench_mine(work)];

		dma_unmap_single(bench_narrow, *one, 64, DMA_TO_DEVICE);
		*one = map_small();
	}
}

/* --- a search that fails ---------------------------------------------------------------------- */

struct fragmented {
	unsigned int nr;
	dma_addr_t dma[MOST_SLOTS];
};

/*
 * Every second slot is taken: half of the pool is free, and there is no room for what is longer
 * than a slot.
 */
static void *prepare_fragmented(const struct row *row)
{
	struct fragmented *all = bench_calloc(1, sizeof(*all));

	while (all->nr < MOST_SLOTS) {
		dma_addr_t dma = dma_map_single_attrs(bench_narrow, bench_far[0], SLOT,
						      DMA_TO_DEVICE, DMA_ATTR_NO_WARN);

		if (dma_mapping_error(bench_narrow, dma))
			break;
		all->dma[all->nr++] = dma;
	}
	if (all->nr < 64 || all->nr == MOST_SLOTS)
		bench_die("the bounce pool could not be filled");
	for (unsigned int i = 0; i < all->nr; i++) {
		if (!(all->dma[i] & SLOT))
			continue;
		dma_unmap_single(bench_narrow, all->dma[i], SLOT, DMA_TO_DEVICE);
		all->dma[i] = DMA_MAPPING_ERROR;
	}
	return all;
}

static void finish_fragmented(const struct row *row, void *state)
{
	struct fragmented *all = state;

	for (unsigned int i = 0; i < all->nr; i++) {
		if (all->dma[i] != DMA_MAPPING_ERROR)
			dma_unmap_single(bench_narrow, all->dma[i], SLOT, DMA_TO_DEVICE);
	}
	free(all);
}

static void failing(struct work *work, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		dma_addr_t dma = dma_map_single_attrs(bench_narrow, bench_far[0], 4096,
						      DMA_TO_DEVICE, DMA_ATTR_NO_WARN);

		if (!dma_mapping_error(bench_narrow, dma))
			bench_die("a map that can't work did");
	}
}

/* --- the rows --------------------------------------------------------------------------------- */

#define PAIRS(text, size, ...)                                                                  \
	.where = AT_PC, .run = pairs, .bytes = size, .floor = "memcpy " text, .goal_above = 25, \
	__VA_ARGS__
#define LIVE                                                                             \
	.where = AT_PC, .run = exchange, .prepare = prepare_live, .finish = finish_live, \
	.bytes = 64, .floor = "memcpy 64 B", .curve = "bounce map + unmap, 64 B"
#define CURVE .curve = "bounce map + unmap, 4 KiB", .over_threads = true

static const struct row rows[] = {
	{.name = "bounce map + unmap, 64 B", PAIRS("64 B", 64)},
	{.name = "bounce map + unmap, 512 B", PAIRS("512 B", 512)},
	{.name = "bounce map + unmap, 4 KiB", PAIRS("4 KiB", 4096, CURVE)},
	{.name = "bounce map + unmap, 64 KiB", PAIRS("64 KiB", 65536)},
	{.name = "bounce map + unmap, 4 KiB, 2 threads",
	 .where = AT_PC,
	 .threads = 2,
	 .run = pairs,
	 .bytes = 4096,
	 .floor = "memcpy 4 KiB",
	 .same = "bounce map + unmap, 4 KiB",
	 .goal_times = 1.2,
	 CURVE},
	{.name = "bounce map + unmap, 4 KiB, 4 threads",
	 .where = AT_PC,
	 .threads = 4,
	 .run = pairs,
	 .bytes = 4096,
	 .floor = "memcpy 4 KiB",
	 .same = "bounce map + unmap, 4 KiB",
	 CURVE},
	{.name = "bounce unmap + map, 64 B, 1 live", LIVE, .live = 1},
	{.name = "bounce unmap + map, 64 B, 1,024 live", LIVE, .live = 1024, .alone = true},
	{.name = "bounce unmap + map, 64 B, 16,384 live", LIVE, .live = 16384, .alone = true},
	{.name = "bounce: search that fails, pool fragmented",
	 .where = AT_FULL,
	 .run = failing,
	 .prepare = prepare_fragmented,
	 .finish = finish_fragmented,
	 .floor = "spinlock pair",
	 .goal = 100},
	{.name = "checked bounce map + unmap, 64 B",
	 .where = AT_CHECK,
	 .run = pairs,
	 .bytes = 64,
	 .floor = "memcpy 64 B"},
	{.name = "checked bounce map + unmap, 4 KiB",
	 .where = AT_CHECK,
	 .run = pairs,
	 .bytes = 4096,
	 .floor = "memcpy 4 KiB"},
};

const struct rows bench_bounce = BENCH_ROWS(rows);
