/* SPDX-License-Identifier: MIT */
/* Where drivers of newer kernels look for the calls of <asm/dma.h>. */
#ifndef _LINUX_ISA_DMA_H
#define _LINUX_ISA_DMA_H

#include <asm/dma.h>

#endif
