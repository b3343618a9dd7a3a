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
	return dmk_bounce_active(dmk_dma_dev(dev));
}

/** is_swiotlb_force_bounce - whether each of its mappings is bounced, reach or not */
static inline bool is_swiotlb_force_bounce(struct device *dev)
{
	return dmk_bounce_force(dmk_dma_dev(dev));
}

/** is_swiotlb_for_alloc - whether its consistent memory is of a restricted-dma-pool too */
static inline bool is_swiotlb_for_alloc(struct device *dev)
{
	return dmk_bounce_for_alloc(dmk_dma_dev(dev));
}

/** is_swiotlb_buffer - whether there is bounce memory of the device at @paddr */
static inline bool is_swiotlb_buffer(struct device *dev, phys_addr_t paddr)
{
	return dmk_bounce_buffer(dmk_dma_dev(dev), DMK_PHYS(paddr));
}

static inline size_t swiotlb_max_mapping_size(struct device *dev)
{
	return dmk_bounce_max_mapping(dmk_dma_dev(dev));
}

#endif
