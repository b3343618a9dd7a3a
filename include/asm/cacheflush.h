/* SPDX-License-Identifier: MIT */
/*
 * Cache maintenance by hand: what is left of it for drivers is nothing, because DMA's is the DMA
 * API's business.
 */
#ifndef _ASM_CACHEFLUSH_H
#define _ASM_CACHEFLUSH_H

#define flush_dcache_page(page) ((void)(page))
#define flush_kernel_vmap_range(address, size) ((void)(address), (void)(size))
#define invalidate_kernel_vmap_range(address, size) ((void)(address), (void)(size))
#define flush_icache_range(start, end) ((void)(start), (void)(end))

#endif
