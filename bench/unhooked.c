/* SPDX-License-Identifier: MIT */
/*
 * The very inline functions that a driver has, compiled with the word that says whether somebody
 * watches in the place of a constant 0: the variable below is this file's own, and the compiler
 * sees that nobody writes it.
 */
static unsigned int bench_nobody_watches;
#define dmk_attention bench_nobody_watches

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "bench.h"
#include "unhooked.h"

void bench_unhooked_pairs(struct device *dev, struct page *page, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		dma_addr_t dma = dma_map_page(dev, page, 0, 2048, DMA_TO_DEVICE);

		bench_keep(dma);
		dma_unmap_page(dev, dma, 2048, DMA_TO_DEVICE);
	}
}
