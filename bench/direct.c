/* SPDX-License-Identifier: MIT */
/*
 * Mapping memory that the device reaches as it is, on a coherent machine; and what the hook for
 * whoever watches costs when nobody does.
 */
#include "bench.h"
#include "unhooked.h"

#include <stdlib.h>

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

enum { LIST = 256 };

static void *prepare_page(const struct row *row)
{
	return alloc_page(GFP_KERNEL);
}

static void finish_page(const struct row *row, void *state)
{
	__free_page(state);
}

static void pairs(struct work *work, unsigned int n)
{
	struct device *dev = bench_wide;
	struct page *page = work->state;

	for (unsigned int i = 0; i < n; i++) {
		dma_addr_t dma = dma_map_page(dev, page, 0, 2048, DMA_TO_DEVICE);

		bench_keep(dma);
		dma_unmap_page(dev, dma, 2048, DMA_TO_DEVICE);
	}
}

static void checked_pairs(struct work *work, unsigned int n)
{
	struct device *dev = bench_wide;
	struct page *page = work->state;

	for (unsigned int i = 0; i < n; i++) {
		dma_addr_t dma = dma_map_page(dev, page, 0, 2048, DMA_TO_DEVICE);

		if (dma_mapping_error(dev, dma))
			bench_die("a direct map failed");
		bench_keep(dma);
		dma_unmap_page(dev, dma, 2048, DMA_TO_DEVICE);
	}
}

static void unhooked(struct work *work, unsigned int n)
{
	bench_unhooked_pairs(bench_wide, work->state, n);
}

/* --- lists ------------------------------------------------------------------------------------ */

struct list {
	struct scatterlist sg[LIST];
	struct page *pages[LIST];
};

static void *prepare_list(const struct row *row)
{
	struct list *list = bench_calloc(1, sizeof(*list));

	sg_init_table(list->sg, LIST);
	for (unsigned int i = 0; i < LIST; i++) {
		list->pages[i] = alloc_page(GFP_KERNEL);
		sg_set_page(&list->sg[i], list->pages[i], 2048, 0);
	}
	return list;
}

static void finish_list(const struct row *row, void *state)
{
	struct list *list = state;

	for (unsigned int i = 0; i < LIST; i++)
		__free_page(list->pages[i]);
	free(list);
}

static void lists(struct work *work, unsigned int n)
{
	struct list *list = work->state;

	for (unsigned int i = 0; i < n; i++) {
		if (dma_map_sg(bench_wide, list->sg, LIST, DMA_TO_DEVICE) != LIST)
			bench_die("a list could not be mapped");
		dma_unmap_sg(bench_wide, list->sg, LIST, DMA_TO_DEVICE);
	}
}

/* --- the rows --------------------------------------------------------------------------------- */

#define PAIRS(function)                                                  \
	.run = function, .prepare = prepare_page, .finish = finish_page, \
	.floor = "address arithmetic"
#define CURVE .curve = "direct map + unmap", .over_threads = true

static const struct row rows[] = {
	{.name = "direct map + unmap", .where = AT_PC, PAIRS(pairs), .goal = 2, CURVE},
	{.name = "direct map + error check + unmap", .where = AT_PC, PAIRS(checked_pairs)},
	{.name = "direct map + unmap, 2 threads",
	 .where = AT_PC,
	 .threads = 2,
	 PAIRS(pairs),
	 .same = "direct map + unmap",
	 CURVE},
	{.name = "direct map + unmap, 4 threads",
	 .where = AT_PC,
	 .threads = 4,
	 PAIRS(pairs),
	 .same = "direct map + unmap",
	 CURVE},
	{.name = "direct map + unmap without the hooks", .where = AT_PC, PAIRS(unhooked)},
	{.name = "hooks of a checker that is off",
	 .where = AT_PC,
	 .less = "direct map + unmap",
	 .than = "direct map + unmap without the hooks",
	 .goal = 0.3},
	{.name = "direct list, per entry of 256",
	 .where = AT_PC,
	 .run = lists,
	 .parts = LIST,
	 .prepare = prepare_list,
	 .finish = finish_list,
	 .floor = "address arithmetic",
	 .goal = 2.5},
	{.name = "QEMU's memory, map + unmap", .where = AT_QEMU, PAIRS(pairs), .goal = 2},
};

const struct rows bench_direct = BENCH_ROWS(rows);
