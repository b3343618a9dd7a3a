/* SPDX-License-Identifier: MIT */
/*
 * Whole maps behind an IOMMU: an address, the tables, and at the unmap what the IOMMU is told.
 * Beside an IOMMU that does nothing, which leaves the core's own work, the simulated one, which
 * keeps stale translations and forgets them when told: what that costs is the simulation's, not the
 * core's.
 */
#include "bench.h"
#include "null_iommu.h"

#include <stdlib.h>

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include <dmakit/kernel.h>

enum { LIST = 256, SLOTS = 24 };

struct behind {
	struct dmk_bus bus;
	struct device *dev;
	struct page *page;
	struct scatterlist sg[LIST];
	struct page *pages[LIST];
	unsigned int nr;
	dma_addr_t live[]; /* by thread */
};

static dma_addr_t map(struct behind *behind)
{
	dma_addr_t dma = dma_map_page(behind->dev, behind->page, 0, PAGE_SIZE, DMA_TO_DEVICE);

	if (dma_mapping_error(behind->dev, dma))
		bench_die("a map behind an IOMMU failed");
	return dma;
}

static void unmap(struct behind *behind, dma_addr_t dma)
{
	dma_unmap_page(behind->dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
}

/* A device in a slot of its own, alone in its domain. @iommu NULL: the machine's. */
static void *prepare(const struct row *row, const struct dmk_iommu *iommu)
{
	static uint32_t slot;
	const unsigned int nr = row->live * row_threads(row);
	struct behind *behind = bench_calloc(1, sizeof(*behind) + nr * sizeof(behind->live[0]));

	behind->bus = *dmk_kernel_machine()->pci->dma;
	if (iommu)
		behind->bus.iommu = iommu;
	behind->dev = bench_device_new(&behind->bus, DMA_BIT_MASK(64));
	if (dmk_dev_attach(&behind->dev->dmk, (1 + slot++ % SLOTS) << 3))
		bench_die("an IOMMU refuses a device");
	behind->page = alloc_page(GFP_KERNEL);
	sg_init_table(behind->sg, LIST);
	for (unsigned int i = 0; i < LIST; i++) {
		behind->pages[i] = alloc_page(GFP_KERNEL);
		sg_set_page(&behind->sg[i], behind->pages[i], PAGE_SIZE, 0);
	}
	behind->nr = nr;
	for (unsigned int i = 0; i < nr; i++)
		behind->live[i] = map(behind);
	return behind;
}

static void *prepare_null(const struct row *row)
{
	return prepare(row, &bench_null_iommu);
}

static void *prepare_simulated(const struct row *row)
{
	return prepare(row, NULL);
}

static void finish(const struct row *row, void *state)
{
	struct behind *behind = state;

	for (unsigned int i = 0; i < behind->nr; i++)
		unmap(behind, behind->live[i]);
	for (unsigned int i = 0; i < LIST; i++)
		__free_page(behind->pages[i]);
	__free_page(behind->page);
	bench_device_end(behind->dev);
	free(behind);
}

static void pairs(struct work *work, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		unmap(work->state, map(work->state));
}

static void exchange(struct work *work, unsigned int n)
{
	struct behind *behind = work->state;

	for (unsigned int i = 0; i < n; i++) {
		dma_addr_t *one = &behind->live[bench_mine(work)];

		unmap(behind, *one);
		*one = map(behind);
	}
}

static void lists(struct work *work, unsigned int n)
{
	struct behind *behind = work->state;

	for (unsigned int i = 0; i < n; i++) {
		if (dma_map_sg(behind->dev, behind->sg, LIST, DMA_TO_DEVICE) <= 0)
			bench_die("a list could not be mapped");
		dma_unmap_sg(behind->dev, behind->sg, LIST, DMA_TO_DEVICE);
	}
}

/* --- the rows --------------------------------------------------------------------------------- */

#define NULL_IOMMU(function) \
	.run = function, .prepare = prepare_null, .finish = finish, .floor = "spinlock pair"
#define SIMULATED(function) \
	.run = function, .prepare = prepare_simulated, .finish = finish, .floor = "spinlock pair"
#define CURVE .curve = "IOMMU map + unmap, 4 KiB, lazy"

static const struct row rows[] = {
	{.name = "IOMMU map + unmap, 4 KiB, lazy",
	 .where = AT_LAZY,
	 NULL_IOMMU(pairs),
	 .goal = 30,
	 CURVE,
	 .over_threads = true},
	{.name = "IOMMU map + unmap, 4 KiB, lazy, 2 threads",
	 .where = AT_LAZY,
	 .threads = 2,
	 NULL_IOMMU(pairs),
	 CURVE,
	 .over_threads = true,
	 .same = "IOMMU map + unmap, 4 KiB, lazy"},
	{.name = "IOMMU map + unmap, 4 KiB, lazy, 4 threads",
	 .where = AT_LAZY,
	 .threads = 4,
	 NULL_IOMMU(pairs),
	 CURVE,
	 .over_threads = true,
	 .same = "IOMMU map + unmap, 4 KiB, lazy"},
	{.name = "IOMMU unmap + map, 4 KiB, lazy, 1 live",
	 .where = AT_LAZY,
	 NULL_IOMMU(exchange),
	 .live = 1,
	 CURVE},
	{.name = "IOMMU unmap + map, 4 KiB, lazy, 1,024 live",
	 .where = AT_LAZY,
	 NULL_IOMMU(exchange),
	 .live = 1024,
	 CURVE},
	{.name = "IOMMU unmap + map, 4 KiB, lazy, 16,384 live",
	 .where = AT_LAZY,
	 NULL_IOMMU(exchange),
	 .live = 16384,
	 CURVE},
	{.name = "IOMMU unmap + map, 4 KiB, lazy, 1 M live",
	 .where = AT_LAZY,
	 NULL_IOMMU(exchange),
	 .live = 1 << 20,
	 CURVE},
	{.name = "IOMMU list, per page of 256, lazy",
	 .where = AT_LAZY,
	 NULL_IOMMU(lists),
	 .parts = LIST},
	{.name = "IOMMU map + unmap, 4 KiB, lazy, simulated",
	 .where = AT_LAZY,
	 SIMULATED(pairs),
	 .same = "IOMMU map + unmap, 4 KiB, lazy",
	 .same_is = "null IOMMU"},
	{.name = "IOMMU map + unmap, 4 KiB, strict", .where = AT_STRICT, NULL_IOMMU(pairs)},
	{.name = "IOMMU list, per page of 256, strict",
	 .where = AT_STRICT,
	 NULL_IOMMU(lists),
	 .parts = LIST},
	{.name = "IOMMU map + unmap, 4 KiB, strict, simulated",
	 .where = AT_STRICT,
	 SIMULATED(pairs),
	 .same = "IOMMU map + unmap, 4 KiB, strict",
	 .same_is = "null IOMMU"},
};

const struct rows bench_domain = BENCH_ROWS(rows);
