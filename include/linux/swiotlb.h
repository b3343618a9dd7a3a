/* SPDX-License-Identifier: MIT */
/*
 * What a driver may ask about bounce buffers. Their work is the DMA API's, not the driver's.
 */
#ifndef _LINUX_SWIOTLB_H
#define _LINUX_SWIOTLB_H

#include <linux/dma-mapping.h>

#define IO_TLB_SHIFT 11
#define IO_TLB_SIZE (1UL << IO_TLB_SHIFT)
#define IO_TLB_SEGSIZE 128

/** is_swiotlb_active - whether the device has somewhere to bounce */
static inline bool is_swiotlb_active(struct device *dev)
{
	struct dmk_bounce_stats stats;

	dmk_bounce_statistics(dmk_dma_dev(dev), &stats);
	return stats.total;
}

static inline size_t swiotlb_max_mapping_size(struct device *dev)
{
	size_t lost = (dma_get_min_align_mask(dev) + IO_TLB_SIZE) & ~(IO_TLB_SIZE - 1);

	return IO_TLB_SIZE * IO_TLB_SEGSIZE - (dma_get_min_align_mask(dev) ? lost : 0);
}

#endif
