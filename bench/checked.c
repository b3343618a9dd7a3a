/* SPDX-License-Identifier: MIT */
/*
 * What the checker costs: mapping, looking for the error and unmapping with somebody who writes it
 * all down.
 */
#include "bench.h"

#include <stdlib.h>

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include <dmakit/observer.h>

enum { SIZE = 2048, REQUESTER = 8 };

struct mapped {
	unsigned int nr;
	struct {
		struct page *page;
		dma_addr_t dma;
	} live[]; /* by thread */
};

static enum dma_data_direction direction(const struct row *row)
{
	return row->bytes == SIZE ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

static inline __attribute__((__always_inline__)) dma_addr_t map(struct page *page,
								enum dma_data_direction dir)
{
	dma_addr_t dma = dma_map_page(bench_wide, page, 0, SIZE, dir);

	if (dma_mapping_error(bench_wide, dma))
		bench_die("a direct map failed");
	return dma;
}

static void *prepare(const struct row *row)
{
	const unsigned int nr = row->live * row_threads(row);
	struct mapped *mapped = bench_calloc(1, sizeof(*mapped) + nr * sizeof(mapped->live[0]));

	mapped->nr = nr;
	for (unsigned int i = 0; i < nr; i++) {
		mapped->live[i].page = alloc_page(GFP_KERNEL);
		if (!mapped->live[i].page)
			bench_die("the machine has too few pages");
		mapped->live[i].dma = map(mapped->live[i].page, direction(row));
	}
	return mapped;
}

static void finish(const struct row *row, void *state)
{
	struct mapped *mapped = state;

	for (unsigned int i = 0; i < mapped->nr; i++) {
		dma_unmap_page(bench_wide, mapped->live[i].dma, SIZE, direction(row));
		__free_page(mapped->live[i].page);
	}
	free(mapped);
}

static inline __attribute__((__always_inline__)) void one(struct work *work,
							  enum dma_data_direction dir)
{
	struct mapped *mapped = work->state;
	const unsigned int at = bench_mine(work);

	dma_unmap_page(bench_wide, mapped->live[at].dma, SIZE, dir);
	mapped->live[at].dma = map(mapped->live[at].page, dir);
}

static void exchange(struct work *work, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		one(work, DMA_TO_DEVICE);
}

static void exchange_from(struct work *work, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		one(work, DMA_FROM_DEVICE);
}

/* A device's write into one of them, as a machine announces it, then the same. */
static void written(struct work *work, unsigned int n)
{
	struct mapped *mapped = work->state;

	for (unsigned int i = 0; i < n; i++) {
		const unsigned int at = bench_mine(work);
		const struct dmk_event event = {
			.kind = DMK_EVENT_DEVICE_ACCESS,
			.requester = bench_wide->dmk.requester,
			.dma = DMK_DMA(mapped->live[at].dma),
			.size = SIZE,
			.write = true,
		};

		dmk_announce(&event);
		dma_unmap_page(bench_wide, mapped->live[at].dma, SIZE, DMA_FROM_DEVICE);
		mapped->live[at].dma = map(mapped->live[at].page, DMA_FROM_DEVICE);
	}
}

/* --- a driver's five frames ------------------------------------------------------------------- */

#define FRAME(name, calls)                                                                      \
	static __attribute__((__noinline__)) void name(struct work *work)                       \
	{                                                                                       \
		calls;                                                                          \
		__asm__ volatile(""); /* the call above is not the last thing: a frame stays */ \
	}
FRAME(frame_1, one(work, DMA_TO_DEVICE))
FRAME(frame_2, frame_1(work))
FRAME(frame_3, frame_2(work))
FRAME(frame_4, frame_3(work))
FRAME(frame_5, frame_4(work))

static void deep(struct work *work, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		frame_5(work);
}

/* --- the rows --------------------------------------------------------------------------------- */

#define CHECKED(function)                                                     \
	.run = function, .prepare = prepare, .finish = finish, .bytes = SIZE, \
	.floor = "spinlock pair"
#define FROM(function) \
	.run = function, .prepare = prepare, .finish = finish, .bytes = 0, .floor = "spinlock pair"
#define CURVE .curve = "checked map + unmap"

static const struct row rows[] = {
	{.name = "checked map + check + unmap, 1 live",
	 .where = AT_WATCHED,
	 CHECKED(exchange),
	 .live = 1,
	 CURVE},
	{.name = "checked map + check + unmap, 1,024 live",
	 .where = AT_WATCHED,
	 CHECKED(exchange),
	 .live = 1024,
	 .goal = 35,
	 CURVE},
	{.name = "checked map + check + unmap, 16,384 live",
	 .where = AT_WATCHED,
	 CHECKED(exchange),
	 .live = 16384,
	 .alone = true,
	 CURVE},
	{.name = "checked map + check + unmap, 1 M live",
	 .where = AT_WATCHED,
	 CHECKED(exchange),
	 .live = 1 << 20,
	 .alone = true,
	 CURVE},
	{.name = "checked, 60,000 live, device writes",
	 .where = AT_WATCHED,
	 FROM(exchange_from),
	 .live = 60000,
	 .alone = true,
	 .goal = 150},
	{.name = "checked, 60,000 live, each write seen",
	 .where = AT_WATCHED,
	 FROM(written),
	 .live = 60000,
	 .alone = true,
	 .goal = 150},
	{.name = "checked, 256 live, 1 thread",
	 .where = AT_WATCHED,
	 CHECKED(exchange),
	 .live = 256,
	 CURVE,
	 .over_threads = true},
	{.name = "checked, 256 live, 2 threads",
	 .where = AT_WATCHED,
	 .threads = 2,
	 CHECKED(exchange),
	 .live = 256,
	 .goal = 40,
	 CURVE,
	 .over_threads = true},
	{.name = "checked, 256 live, 4 threads",
	 .where = AT_WATCHED,
	 .threads = 4,
	 CHECKED(exchange),
	 .live = 256,
	 CURVE,
	 .over_threads = true},
	{.name = "checked, 5 frames kept, 1,024 live",
	 .where = AT_WATCHED_5,
	 CHECKED(deep),
	 .live = 1024,
	 .goal = 45},
	{.name = "checked, as dmakit check has it, 1,024 live",
	 .where = AT_CHECK,
	 CHECKED(deep),
	 .live = 1024},
};

const struct rows bench_checked = BENCH_ROWS(rows);
