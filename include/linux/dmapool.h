/* SPDX-License-Identifier: MIT */
/*
 * Pools of small blocks of consistent memory: descriptors, command blocks.
 */
#ifndef _LINUX_DMAPOOL_H
#define _LINUX_DMAPOOL_H

#include <linux/dma-mapping.h>
#include <linux/gfp.h>

struct device;
struct dma_pool;

/**
 * dma_pool_create - a pool of blocks of @size bytes for a device
 * @align: a power of two; @boundary: 0, or a power of two not smaller than @size that no block
 *         crosses
 *
 * Context: may sleep.
 * Return:  NULL: arguments that can't be met, or no memory.
 * Rules:   POL-01, POL-02.
 */
static __always_inline struct dma_pool *dma_pool_create(const char *name, struct device *dev,
							size_t size, size_t align, size_t boundary)
{
	return (struct dma_pool *)dmk_pool_create(name, dmk_dma_dev(dev), size, align, boundary,
						  false);
}

/** dma_pool_destroy - every block must be back; NULL is nothing. Not in interrupt context. */
static __always_inline void dma_pool_destroy(struct dma_pool *pool)
{
	dmk_pool_destroy((struct dmk_pool *)pool);
}

/**
 * dma_pool_alloc - a block, and its address for the device in @handle
 * Context: any with GFP_ATOMIC; may sleep with GFP_KERNEL.
 * Return:  NULL: no memory.
 */
static __always_inline void *dma_pool_alloc(struct dma_pool *pool, gfp_t gfp, dma_addr_t *handle)
{
	dmk_dma dma;
	void *block = dmk_pool_alloc((struct dmk_pool *)pool, dmk_dma_alloc_flags(gfp, 0),
				     gfp & __GFP_ZERO, &dma);

	if (block)
		*handle = dma.v;
	return block;
}

static __always_inline void *dma_pool_zalloc(struct dma_pool *pool, gfp_t gfp, dma_addr_t *handle)
{
	return dma_pool_alloc(pool, gfp | __GFP_ZERO, handle);
}

/** dma_pool_free - give a block back, with both its addresses. Context: any. */
static __always_inline void dma_pool_free(struct dma_pool *pool, void *vaddr, dma_addr_t addr)
{
	dmk_pool_free((struct dmk_pool *)pool, vaddr, DMK_DMA(addr));
}

/** dmam_pool_create - a pool that goes with the device (POL-06) */
static __always_inline struct dma_pool *dmam_pool_create(const char *name, struct device *dev,
							 size_t size, size_t align, size_t boundary)
{
	return (struct dma_pool *)dmk_pool_create(name, dmk_dma_dev(dev), size, align, boundary,
						  true);
}

static __always_inline void dmam_pool_destroy(struct dma_pool *pool)
{
	dmk_pool_destroy((struct dmk_pool *)pool);
}

#endif
