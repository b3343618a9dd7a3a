/* SPDX-License-Identifier: MIT */
/*
 * Which way the bytes go, as the device sees it (DIR-01).
 */
#ifndef _LINUX_DMA_DIRECTION_H
#define _LINUX_DMA_DIRECTION_H

#include <dmakit/types.h>

enum dma_data_direction {
	DMA_BIDIRECTIONAL = DMK_BIDIRECTIONAL,
	DMA_TO_DEVICE = DMK_TO_DEVICE,
	DMA_FROM_DEVICE = DMK_FROM_DEVICE,
	DMA_NONE = DMK_NONE,
};

/**
 * valid_dma_direction - whether a mapping may be made with it: all but DMA_NONE and what is no
 * direction at all.
 */
static inline int valid_dma_direction(enum dma_data_direction dir)
{
	return (unsigned int)dir <= DMA_FROM_DEVICE;
}

#endif
