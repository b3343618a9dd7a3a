/* SPDX-License-Identifier: MIT */
/*
 * Consistent memory, a page at a time.
 */
#include "bench.h"

#include <linux/device.h>
#include <linux/dma-mapping.h>

static void pairs(struct work *work, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		dma_addr_t dma;
		void *cpu = dma_alloc_coherent(bench_wide, 4096, &dma, GFP_KERNEL);

		if (!cpu)
			bench_die("a coherent allocation failed");
		dma_free_coherent(bench_wide, 4096, cpu, dma);
	}
}

static const struct row rows[] = {
	{.name = "coherent alloc + free, 4 KiB",
	 .where = AT_PC,
	 .run = pairs,
	 .floor = "inline free list"},
	{.name = "coherent alloc + free, 4 KiB, 2 threads",
	 .where = AT_PC,
	 .threads = 2,
	 .run = pairs,
	 .same = "coherent alloc + free, 4 KiB"},
	{.name = "checked coherent alloc + free, 4 KiB",
	 .where = AT_CHECK,
	 .run = pairs,
	 .floor = "inline free list"},
};

const struct rows bench_coherent = BENCH_ROWS(rows);
