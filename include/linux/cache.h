/* SPDX-License-Identifier: MIT */
/*
 * Alignment to cache lines.
 */
#ifndef _LINUX_CACHE_H
#define _LINUX_CACHE_H

#include <linux/compiler.h>

#define L1_CACHE_SHIFT 6
#define L1_CACHE_BYTES (1 << L1_CACHE_SHIFT)
#define SMP_CACHE_BYTES L1_CACHE_BYTES
#define ____cacheline_aligned __attribute__((aligned(L1_CACHE_BYTES)))
#define ____cacheline_aligned_in_smp ____cacheline_aligned
#define __cacheline_aligned ____cacheline_aligned
#define L1_CACHE_ALIGN(x) (((x) + L1_CACHE_BYTES - 1) & ~(unsigned long)(L1_CACHE_BYTES - 1))
#define cache_line_size() L1_CACHE_BYTES
/*
 * What a buffer inside a struct is aligned to so that it shares no cache line with what is beside
 * it, on every machine (MEM-08). The machine's own figure is dma_get_cache_alignment().
 */
#define ARCH_DMA_MINALIGN 128
#ifndef __read_mostly
#define __read_mostly
#endif
#define __ro_after_init

#endif
