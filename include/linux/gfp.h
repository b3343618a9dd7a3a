/* SPDX-License-Identifier: MIT */
/*
 * The page allocator's calls.
 */
#ifndef _LINUX_GFP_H
#define _LINUX_GFP_H

#include <asm/page.h>
#include <linux/compiler.h>
#include <linux/gfp_types.h>
#include <linux/mm_types.h>
#include <linux/numa.h>
#include <linux/types.h>

static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM;
}

/**
 * alloc_pages - 2^@order page frames side by side
 * @gfp: __GFP_DMA, __GFP_DMA32, __GFP_HIGHMEM choose the zone (MEM-06); no highmem without
 *         __GFP_HIGHMEM
 *
 * Context: may sleep with __GFP_DIRECT_RECLAIM (GFP_KERNEL), any without (GFP_ATOMIC).
 * Return:  NULL: the zone has no run that long, or is empty on this machine.
 * Rules:   MEM-01, MEM-06, MEM-07.
 */
struct page *alloc_pages(gfp_t gfp, unsigned int order) DMK_SYM(alloc_pages);
unsigned long __get_free_pages(gfp_t gfp, unsigned int order) DMK_SYM(__get_free_pages);
unsigned long get_zeroed_page(gfp_t gfp) DMK_SYM(get_zeroed_page);
/**
 * __free_pages - the opposite, with the same order. A page that was not handed out is refused, and
 * reported.
 */
void __free_pages(struct page *page, unsigned int order) DMK_SYM(__free_pages);
/** free_pages - by address; 0 is nothing. */
void free_pages(unsigned long address, unsigned int order) DMK_SYM(free_pages);
/**
 * alloc_pages_exact - as many pages as @size needs, no power of two; freed with free_pages_exact().
 */
void *alloc_pages_exact(size_t size, gfp_t gfp) DMK_SYM(alloc_pages_exact);
void free_pages_exact(void *address, size_t size) DMK_SYM(free_pages_exact);

#define alloc_page(gfp) alloc_pages((gfp), 0)
#define alloc_pages_node(node, gfp, order) ((void)(node), alloc_pages((gfp), (order)))
#define __get_free_page(gfp) __get_free_pages((gfp), 0)
#define __get_dma_pages(gfp, order) __get_free_pages((gfp) | GFP_DMA, (order))
#define __free_page(page) __free_pages((page), 0)
#define free_page(address) free_pages((address), 0)

#endif
