/* SPDX-License-Identifier: MIT */
/*
 * Old name of a part of <linux/dma-mapping.h>.
 */
#ifndef _ASM_DMA_MAPPING_H
#define _ASM_DMA_MAPPING_H

#include <linux/dma-mapping.h>

#endif
