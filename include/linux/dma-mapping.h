/* SPDX-License-Identifier: MIT */
/*
 * The DMA API for devices: masks, consistent memory, streaming mappings. Thin wrappers over the
 * core (dmakit/dma.h), inlined into the driver always, so that what the core sees as its caller is
 * a line of the driver.
 */
#ifndef _LINUX_DMA_MAPPING_H
#define _LINUX_DMA_MAPPING_H

#include <dmakit/dma.h>
#include <linux/device.h>
#include <linux/dma-direction.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/types.h>
#include <linux/version.h>

/** Every bit of an address of @n bits, 1 .. 64. */
#define DMA_BIT_MASK(n) (((n) == 64) ? ~0ULL : ((1ULL << (n)) - 1))

/**
 * What a mapping returns when it failed: all ones. Found with dma_mapping_error(); 0 is a good
 * address.
 */
#define DMA_MAPPING_ERROR (~(dma_addr_t)0)

/* Attributes of a call. */
#define DMA_ATTR_WEAK_ORDERING (1UL << 1)
#define DMA_ATTR_WRITE_COMBINE (1UL << 2)
#define DMA_ATTR_NO_KERNEL_MAPPING (1UL << 4)
#define DMA_ATTR_SKIP_CPU_SYNC \
	(1UL << 5) /* the driver syncs by itself; nothing is done to caches at map or unmap */
#define DMA_ATTR_FORCE_CONTIGUOUS (1UL << 6)
#define DMA_ATTR_ALLOC_SINGLE_PAGES (1UL << 7)
#define DMA_ATTR_NO_WARN (1UL << 8) /* no message in the log when it fails */
#define DMA_ATTR_PRIVILEGED (1UL << 9)
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define DMA_ATTR_MMIO (1UL << 10) /* the physical address is another device's register, not RAM */
#endif
/* What DMA_ATTR_MMIO is where Linux has it; before, it is refused all the same. */
#define DMK_DMA_ATTR_MMIO (1UL << 10)
/*
 * Newer than 6.18. The first two are one attribute, which was renamed: mappings that share cache
 * lines are meant to; every one of them has to say so. The third: fail where caches would have to
 * be kept in step or the memory be bounced.
 */
#define DMA_ATTR_CPU_CACHE_CLEAN (1UL << 11)
#define DMA_ATTR_DEBUGGING_IGNORE_CACHELINES (1UL << 11)
#define DMA_ATTR_REQUIRE_COHERENT (1UL << 12)

static __always_inline struct dmk_dev *dmk_dma_dev(struct device *dev)
{
	return dev ? &dev->dmk : NULL;
}

/**
 * The zones are the core's choice, by the device's mask, and no page of these is part of a compound
 * one.
 */
static __always_inline unsigned int dmk_dma_alloc_flags(gfp_t gfp, gfp_t refused)
{
	return (gfpflags_allow_blocking(gfp) ? 0 : DMK_ALLOC_ATOMIC) |
	       (gfp & refused ? DMK_ALLOC_BAD_GFP : 0);
}

static __always_inline unsigned long dmk_dma_alloc_attrs(gfp_t gfp, unsigned long attrs)
{
	return gfp & __GFP_NOWARN ? attrs | DMA_ATTR_NO_WARN : attrs;
}

/* --- what the device can address: MSK --------------------------------------------------------- */

/**
 * dma_set_mask - say which addresses the device can drive in streaming mappings;
 * dma_set_coherent_mask - in consistent memory
 * @mask: the last address, 2^n - 1: DMA_BIT_MASK(n)
 *
 * Context: probe, before the first mapping; may be called several times, the last accepted one
 *         holds.
 * Return:  0, or -EIO: the machine has no memory that such a device reaches; nothing has changed.
 *         Try a wider mask, or give up.
 * Rules:   MSK-01..05.
 */
static __always_inline int dma_set_mask(struct device *dev, u64 mask)
{
	return dmk_set_mask(dmk_dma_dev(dev), mask, true, false);
}

static __always_inline int dma_set_coherent_mask(struct device *dev, u64 mask)
{
	return dmk_set_mask(dmk_dma_dev(dev), mask, false, true);
}

static __always_inline int dma_set_mask_and_coherent(struct device *dev, u64 mask)
{
	return dmk_set_mask(dmk_dma_dev(dev), mask, true, true);
}

/** dma_coerce_mask_and_coherent - the same, for a device whose bus gave it no dma_mask. */
static __always_inline int dma_coerce_mask_and_coherent(struct device *dev, u64 mask)
{
	if (dev)
		dev->dma_mask = &dev->coherent_dma_mask;
	return dmk_set_mask(dmk_dma_dev(dev), mask, true, true);
}

static inline u64 dma_get_mask(struct device *dev)
{
	return dev && dev->dma_mask && *dev->dma_mask ? *dev->dma_mask : DMA_BIT_MASK(32);
}

/** dma_get_required_mask - the mask that reaches all of the machine's memory (MSK-07) */
static __always_inline u64 dma_get_required_mask(struct device *dev)
{
	return dmk_get_required_mask(dmk_dma_dev(dev));
}

/** dma_max_mapping_size - bytes that one mapping may have; SIZE_MAX without a limit */
static __always_inline size_t dma_max_mapping_size(struct device *dev)
{
	return dmk_max_mapping_size(dmk_dma_dev(dev));
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
static __always_inline size_t dma_opt_mapping_size(struct device *dev)
{
	return dmk_opt_mapping_size(dmk_dma_dev(dev));
}
#endif

static __always_inline unsigned long dma_get_merge_boundary(struct device *dev)
{
	return dmk_merge_boundary(dmk_dma_dev(dev));
}

static __always_inline bool dma_addressing_limited(struct device *dev)
{
	return dmk_addressing_limited(dmk_dma_dev(dev));
}

/**
 * dma_dev_need_sync - whether dma_sync_*() may do anything for some mapping of the device, made or
 * to be made
 */
static __always_inline bool dma_dev_need_sync(const struct device *dev)
{
	return dmk_dev_need_sync(dmk_dma_dev((struct device *)dev));
}

/**
 * dma_pci_p2pdma_supported - never: there are no pages of device memory here. dma_map_resource()
 * and DMA_ATTR_MMIO do the same work.
 */
static inline bool dma_pci_p2pdma_supported(struct device *dev)
{
	return false;
}

/** dma_need_sync - whether dma_sync_*() does anything for this mapping */
static __always_inline bool dma_need_sync(struct device *dev, dma_addr_t dma_addr)
{
	return dmk_need_sync(dmk_dma_dev(dev), DMK_DMA(dma_addr));
}

static __always_inline int dma_get_cache_alignment(void)
{
	return dmk_cache_alignment();
}

static inline unsigned int dma_get_max_seg_size(struct device *dev)
{
	return dev && dev->dmk.max_segment_size ? dev->dmk.max_segment_size : 65536;
}

static inline unsigned long dma_get_seg_boundary(struct device *dev)
{
	return dev && dev->dmk.segment_boundary ? dev->dmk.segment_boundary : DMA_BIT_MASK(32);
}

static inline unsigned long dma_get_seg_boundary_nr_pages(struct device *dev,
							  unsigned int page_shift)
{
	return (dma_get_seg_boundary(dev) >> page_shift) + 1;
}

static inline unsigned int dma_get_min_align_mask(struct device *dev)
{
	return dev ? dev->dmk.min_align_mask : 0;
}

/* Until 6.12 these returned an error for a device whose bus kept no limits. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
static __always_inline int dma_set_max_seg_size(struct device *dev, unsigned int size)
{
	return dmk_set_max_segment_size(dmk_dma_dev(dev), size);
}

static __always_inline int dma_set_seg_boundary(struct device *dev, unsigned long mask)
{
	return dmk_set_segment_boundary(dmk_dma_dev(dev), mask);
}

static __always_inline int dma_set_min_align_mask(struct device *dev, unsigned int min_align_mask)
{
	return dmk_set_min_align_mask(dmk_dma_dev(dev), min_align_mask);
}
#else
static __always_inline void dma_set_max_seg_size(struct device *dev, unsigned int size)
{
	dmk_set_max_segment_size(dmk_dma_dev(dev), size);
}

static __always_inline void dma_set_seg_boundary(struct device *dev, unsigned long mask)
{
	dmk_set_segment_boundary(dmk_dma_dev(dev), mask);
}

static __always_inline void dma_set_min_align_mask(struct device *dev, unsigned int min_align_mask)
{
	dmk_set_min_align_mask(dmk_dma_dev(dev), min_align_mask);
}
#endif

/* --- streaming mappings: STR ------------------------------------------------------------------ */

/**
 * dma_map_single_attrs - lend memory to a device, by its address in the direct map
 * @size: bytes, at least 1
 *
 * Owner:   the device, until dma_unmap_single_attrs() or dma_sync_single_for_cpu().
 * Context: any; never sleeps.
 * Return:  DMA address, or DMA_MAPPING_ERROR: bounce slots are out (retry after an unmap), the
 *          device can't reach the memory and bouncing is off, or the request makes no sense (never
 *          retry).
 * Rules:   STR-01, STR-02, STR-11, DIR-01, MEM-01..04, MSK-06.
 */
static __always_inline dma_addr_t dma_map_single_attrs(struct device *dev, void *ptr, size_t size,
						       enum dma_data_direction dir,
						       unsigned long attrs)
{
	dmk_dma dma;

	if (dmk_map_straight(dmk_dma_dev(dev),
			     (unsigned long)ptr - (unsigned long)dmk_layout.direct_base, size,
			     (enum dmk_direction)dir, attrs & DMK_DMA_ATTR_MMIO, &dma))
		return dma.v;
	return dmk_map_cpu(dmk_dma_dev(dev), ptr, size, (enum dmk_direction)dir, attrs).v;
}

static __always_inline void dma_unmap_single_attrs(struct device *dev, dma_addr_t addr, size_t size,
						   enum dma_data_direction dir, unsigned long attrs)
{
	if (!dmk_nothing_to_end(dmk_dma_dev(dev), addr))
		dmk_unmap(dmk_dma_dev(dev), DMK_DMA(addr), size, (enum dmk_direction)dir, attrs,
			  DMK_MAP_SINGLE);
}

/**
 * dma_map_page_attrs - the same, by page; @offset + @size may run past the page into those that
 * follow it physically.
 */
static __always_inline dma_addr_t dma_map_page_attrs(struct device *dev, struct page *page,
						     size_t offset, size_t size,
						     enum dma_data_direction dir,
						     unsigned long attrs)
{
	const phys_addr_t phys = page_to_phys(page) + offset;
	dmk_dma dma;

	if (dmk_map_straight(dmk_dma_dev(dev), phys, size, (enum dmk_direction)dir,
			     attrs & DMK_DMA_ATTR_MMIO, &dma))
		return dma.v;
	return dmk_map_phys(dmk_dma_dev(dev), DMK_PHYS(phys), size, (enum dmk_direction)dir, attrs,
			    DMK_MAP_PAGE)
		.v;
}

static __always_inline void dma_unmap_page_attrs(struct device *dev, dma_addr_t addr, size_t size,
						 enum dma_data_direction dir, unsigned long attrs)
{
	if (!dmk_nothing_to_end(dmk_dma_dev(dev), addr))
		dmk_unmap(dmk_dma_dev(dev), DMK_DMA(addr), size, (enum dmk_direction)dir, attrs,
			  DMK_MAP_PAGE);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
/** dma_map_phys - the same, by physical address; with DMA_ATTR_MMIO another device's registers. */
static __always_inline dma_addr_t dma_map_phys(struct device *dev, phys_addr_t phys, size_t size,
					       enum dma_data_direction dir, unsigned long attrs)
{
	dmk_dma dma;

	if (dmk_map_straight(dmk_dma_dev(dev), phys, size, (enum dmk_direction)dir,
			     attrs & DMK_DMA_ATTR_MMIO, &dma))
		return dma.v;
	return dmk_map_phys(dmk_dma_dev(dev), DMK_PHYS(phys), size, (enum dmk_direction)dir, attrs,
			    DMK_MAP_PHYS)
		.v;
}

static __always_inline void dma_unmap_phys(struct device *dev, dma_addr_t addr, size_t size,
					   enum dma_data_direction dir, unsigned long attrs)
{
	if (!dmk_nothing_to_end(dmk_dma_dev(dev), addr))
		dmk_unmap(dmk_dma_dev(dev), DMK_DMA(addr), size, (enum dmk_direction)dir, attrs,
			  DMK_MAP_PHYS);
}
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
/* --- addresses first, pages later: IOM-06 ----------------------------------------------------- */

/**
 * What a driver keeps between dma_iova_try_alloc() and dma_iova_destroy(): its first address, and a
 * size for dma_iova_size() only.
 */
struct dma_iova_state {
	dma_addr_t addr;
	u64 __size;
};

/**
 * In Linux a mark in .__size that something was bounced; never set here: who would have to bounce
 * gets no addresses.
 */
#define DMA_IOVA_USE_SWIOTLB (1ULL << 63)

static __always_inline size_t dma_iova_size(struct dma_iova_state *state)
{
	return (size_t)(state->__size & ~DMA_IOVA_USE_SWIOTLB);
}

/**
 * dma_use_iova - whether dma_iova_try_alloc() said yes, for who has to unmap the one or the other
 * way
 */
static __always_inline bool dma_use_iova(struct dma_iova_state *state)
{
	return state->__size != 0;
}

/**
 * dma_iova_try_alloc - take addresses for @size bytes, into which memory is then linked
 * @phys: of the first piece; only its place in a page counts, 0 will do for whole pages
 *
 * Return: false: there is no IOMMU, or no room: map with dma_map_phys() and its kin. @state says so
 *         too.
 * Context: any; never sleeps.
 * Rules:   IOM-06. Linux 6.16, core-api/dma-api, part Ie.
 */
static __always_inline bool dma_iova_try_alloc(struct device *dev, struct dma_iova_state *state,
					       phys_addr_t phys, size_t size)
{
	dmk_dma dma = DMK_DMA(0);
	const bool taken = dmk_iova_state_alloc(dmk_dma_dev(dev), DMK_PHYS(phys), size, &dma);

	state->addr = dma.v;
	state->__size = taken ? size : 0;
	return taken;
}

/** dma_iova_free - give addresses back in which nothing is linked */
static __always_inline void dma_iova_free(struct device *dev, struct dma_iova_state *state)
{
	dmk_iova_state_free(dmk_dma_dev(dev), DMK_DMA(state->addr), state->__size, 0,
			    DMK_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
}

/**
 * dma_iova_link - put a piece of memory behind the addresses from @offset on
 * @phys, @size: all pieces but the first begin, and all but the last end, at a multiple of
 * dma_get_merge_boundary() + 1
 *
 * Owner:   the device, after dma_iova_sync().
 * Return:  0, or -EINVAL (not in the space, or not on whole pages), -ENOMEM, -EIO; what was linked
 *	    before is as it was: undo it with dma_iova_destroy().
 * Context: any; never sleeps.
 * Rules:   IOM-06, DIR-01, STR-11.
 */
static __always_inline int dma_iova_link(struct device *dev, struct dma_iova_state *state,
					 phys_addr_t phys, size_t offset, size_t size,
					 enum dma_data_direction dir, unsigned long attrs)
{
	return dmk_iova_state_link(dmk_dma_dev(dev), DMK_DMA(state->addr), state->__size,
				   DMK_PHYS(phys), offset, size, (enum dmk_direction)dir, attrs);
}

/** dma_iova_sync - once all is linked, before the device is told. Return: 0 or -EINVAL. */
static __always_inline int dma_iova_sync(struct device *dev, struct dma_iova_state *state,
					 size_t offset, size_t size)
{
	return dmk_iova_state_sync(dmk_dma_dev(dev), DMK_DMA(state->addr), state->__size, offset,
				   size);
}

/** dma_iova_unlink - take memory out again; the addresses stay. On return no device reaches it. */
static __always_inline void dma_iova_unlink(struct device *dev, struct dma_iova_state *state,
					    size_t offset, size_t size, enum dma_data_direction dir,
					    unsigned long attrs)
{
	dmk_iova_state_unlink(dmk_dma_dev(dev), DMK_DMA(state->addr), state->__size, offset, size,
			      (enum dmk_direction)dir, attrs);
}

/**
 * dma_iova_destroy - unlink the @mapped_len bytes that are linked, from the first on, and give the
 * addresses back
 */
static __always_inline void dma_iova_destroy(struct device *dev, struct dma_iova_state *state,
					     size_t mapped_len, enum dma_data_direction dir,
					     unsigned long attrs)
{
	dmk_iova_state_free(dmk_dma_dev(dev), DMK_DMA(state->addr), state->__size, mapped_len,
			    (enum dmk_direction)dir, attrs);
}
#endif

/** dma_map_resource - another device's registers; RAM is refused. */
static __always_inline dma_addr_t dma_map_resource(struct device *dev, phys_addr_t phys_addr,
						   size_t size, enum dma_data_direction dir,
						   unsigned long attrs)
{
	return dmk_map_phys(dmk_dma_dev(dev), DMK_PHYS(phys_addr), size, (enum dmk_direction)dir,
			    attrs, DMK_MAP_RESOURCE)
		.v;
}

static __always_inline void dma_unmap_resource(struct device *dev, dma_addr_t addr, size_t size,
					       enum dma_data_direction dir, unsigned long attrs)
{
	dmk_unmap(dmk_dma_dev(dev), DMK_DMA(addr), size, (enum dmk_direction)dir, attrs,
		  DMK_MAP_RESOURCE);
}

/**
 * dma_mapping_error - 0, or -ENOMEM when a mapping failed. To be asked of every address before the
 * device gets it (STR-02).
 */
static __always_inline int dma_mapping_error(struct device *dev, dma_addr_t dma_addr)
{
	if (unlikely(dmk_attention))
		return dmk_mapping_error(dmk_dma_dev(dev), DMK_DMA(dma_addr));
	return unlikely(dma_addr == DMA_MAPPING_ERROR) ? -ENOMEM : 0;
}

/* --- ownership: SYN --------------------------------------------------------------------------- */

/**
 * dma_sync_single_for_cpu - the CPU may look at, and write, a mapped buffer;
 * dma_sync_single_for_device - the device may again
 * @dir: the direction of the map
 *
 * Context: any; never sleeps.
 * Rules:   SYN-01, SYN-02, SYN-04.
 */
static __always_inline void dma_sync_single_for_cpu(struct device *dev, dma_addr_t addr,
						    size_t size, enum dma_data_direction dir)
{
	if (!dmk_nothing_to_end(dmk_dma_dev(dev), addr))
		dmk_sync_for_cpu(dmk_dma_dev(dev), DMK_DMA(addr), size, (enum dmk_direction)dir);
}

static __always_inline void dma_sync_single_for_device(struct device *dev, dma_addr_t addr,
						       size_t size, enum dma_data_direction dir)
{
	if (!dmk_nothing_to_end(dmk_dma_dev(dev), addr))
		dmk_sync_for_device(dmk_dma_dev(dev), DMK_DMA(addr), size, (enum dmk_direction)dir);
}

static __always_inline void dma_sync_single_range_for_cpu(struct device *dev, dma_addr_t addr,
							  unsigned long offset, size_t size,
							  enum dma_data_direction dir)
{
	if (!dmk_nothing_to_end(dmk_dma_dev(dev), addr + offset))
		dmk_sync_for_cpu(dmk_dma_dev(dev), DMK_DMA(addr + offset), size,
				 (enum dmk_direction)dir);
}

static __always_inline void dma_sync_single_range_for_device(struct device *dev, dma_addr_t addr,
							     unsigned long offset, size_t size,
							     enum dma_data_direction dir)
{
	if (!dmk_nothing_to_end(dmk_dma_dev(dev), addr + offset))
		dmk_sync_for_device(dmk_dma_dev(dev), DMK_DMA(addr + offset), size,
				    (enum dmk_direction)dir);
}

static __always_inline void dma_sync_sg_for_cpu(struct device *dev, struct scatterlist *sg,
						int nents, enum dma_data_direction dir)
{
	dmk_sync_sg_for_cpu(dmk_dma_dev(dev), sg, nents, (enum dmk_direction)dir);
}

static __always_inline void dma_sync_sg_for_device(struct device *dev, struct scatterlist *sg,
						   int nents, enum dma_data_direction dir)
{
	dmk_sync_sg_for_device(dmk_dma_dev(dev), sg, nents, (enum dmk_direction)dir);
}

static __always_inline void dma_sync_sgtable_for_cpu(struct device *dev, struct sg_table *sgt,
						     enum dma_data_direction dir)
{
	dmk_sync_sg_for_cpu(dmk_dma_dev(dev), sgt->sgl, sgt->orig_nents, (enum dmk_direction)dir);
}

static __always_inline void dma_sync_sgtable_for_device(struct device *dev, struct sg_table *sgt,
							enum dma_data_direction dir)
{
	dmk_sync_sg_for_device(dmk_dma_dev(dev), sgt->sgl, sgt->orig_nents,
			       (enum dmk_direction)dir);
}

/* --- scatter/gather: SGL ---------------------------------------------------------------------- */

/**
 * dma_map_sg_attrs - lend a list of buffers
 * Return: the number of DMA segments, which may be fewer than @nents: that many have
 *         sg_dma_address() and sg_dma_len(). 0: nothing is mapped. Unmap with the @nents given here
 *         (SGL-05).
 */
static __always_inline unsigned int dma_map_sg_attrs(struct device *dev, struct scatterlist *sg,
						     int nents, enum dma_data_direction dir,
						     unsigned long attrs)
{
	int mapped = dmk_map_sg(dmk_dma_dev(dev), sg, nents, (enum dmk_direction)dir, attrs);

	return mapped < 0 ? 0 : mapped;
}

static __always_inline void dma_unmap_sg_attrs(struct device *dev, struct scatterlist *sg,
					       int nents, enum dma_data_direction dir,
					       unsigned long attrs)
{
	dmk_unmap_sg(dmk_dma_dev(dev), sg, nents, (enum dmk_direction)dir, attrs);
}

/**
 * dma_map_sgtable - the same for a table, which then knows its number of segments
 * Return: 0; -EINVAL: the request makes no sense; -ENOMEM: bounce slots are out, retry after an
 *         unmap; -EIO: the device can't reach some of the memory, or a buffer is larger than
 *         dma_max_mapping_size(): never retry.
 */
static __always_inline int dma_map_sgtable(struct device *dev, struct sg_table *sgt,
					   enum dma_data_direction dir, unsigned long attrs)
{
	int mapped = dmk_map_sg(dmk_dma_dev(dev), sgt->sgl, sgt->orig_nents,
				(enum dmk_direction)dir, attrs);

	if (mapped < 0)
		return mapped;
	sgt->nents = mapped;
	return 0;
}

static __always_inline void dma_unmap_sgtable(struct device *dev, struct sg_table *sgt,
					      enum dma_data_direction dir, unsigned long attrs)
{
	dmk_unmap_sg(dmk_dma_dev(dev), sgt->sgl, sgt->orig_nents, (enum dmk_direction)dir, attrs);
}

#define dma_map_single(dev, ptr, size, dir) dma_map_single_attrs((dev), (ptr), (size), (dir), 0)
#define dma_unmap_single(dev, addr, size, dir) \
	dma_unmap_single_attrs((dev), (addr), (size), (dir), 0)
#define dma_map_page(dev, page, offset, size, dir) \
	dma_map_page_attrs((dev), (page), (offset), (size), (dir), 0)
#define dma_unmap_page(dev, addr, size, dir) dma_unmap_page_attrs((dev), (addr), (size), (dir), 0)
#define dma_map_sg(dev, sg, nents, dir) dma_map_sg_attrs((dev), (sg), (nents), (dir), 0)
#define dma_unmap_sg(dev, sg, nents, dir) dma_unmap_sg_attrs((dev), (sg), (nents), (dir), 0)

/* --- consistent memory: COH ------------------------------------------------------------------- */

/**
 * dma_alloc_attrs - memory that the CPU and the device see alike, without syncs; zeroed
 * @size: bytes; both addresses are aligned to the smallest order of pages that holds it (4 MiB, if
 *         it is more)
 * @dma_handle: the device's address
 * @gfp: whether it may sleep; which zone is not the driver's choice but the mask's. __GFP_COMP is
 *         refused.
 * @attrs: DMA_ATTR_WRITE_COMBINE: the CPU's stores may be gathered on their way;
 *         DMA_ATTR_NO_KERNEL_MAPPING: what is returned is for dma_mmap_attrs() and dma_free_attrs()
 *         only, and is nowhere; DMA_ATTR_NO_WARN: no message when it fails;
 *         DMA_ATTR_FORCE_CONTIGUOUS: physically too, also behind an IOMMU;
 *         DMA_ATTR_ALLOC_SINGLE_PAGES: behind an IOMMU in its smallest pages; _WEAK_ORDERING and
 *         _PRIVILEGED ask for what is so here, or for nothing.
 *
 * Behind an IOMMU memory is of pages that lie anywhere, unless @gfp does not let it sleep: the
 * CPU's address is like one of vmalloc(), and nothing for virt_to_page() or virt_to_phys() (nowhere
 * it is).
 *
 * Owner:   both sides; back with dma_free_attrs() and the same attributes.
 * Context: may sleep with GFP_KERNEL; any with GFP_ATOMIC, which is served from a pool made
 *         beforehand that is refilled as it is used.
 * Return:  CPU address, or NULL: no such memory is free below the coherent mask; for a device with
 *         a shared-dma-pool: in that.
 * Rules:   COH-01..08, COH-10, MEM-09.
 */
static __always_inline void *dma_alloc_attrs(struct device *dev, size_t size,
					     dma_addr_t *dma_handle, gfp_t gfp, unsigned long attrs)
{
	dmk_dma dma;
	void *cpu_addr = dmk_alloc(dmk_dma_dev(dev), size, &dma,
				   dmk_dma_alloc_flags(gfp, __GFP_COMP),
				   dmk_dma_alloc_attrs(gfp, attrs));

	if (cpu_addr)
		*dma_handle = dma.v;
	return cpu_addr;
}

/**
 * dma_free_attrs - give it back, with all that it was allocated with; NULL is nothing
 * Context: not in interrupt context (COH-07).
 */
static __always_inline void dma_free_attrs(struct device *dev, size_t size, void *cpu_addr,
					   dma_addr_t dma_handle, unsigned long attrs)
{
	dmk_free(dmk_dma_dev(dev), size, cpu_addr, DMK_DMA(dma_handle), attrs);
}

static __always_inline void *dma_alloc_coherent(struct device *dev, size_t size,
						dma_addr_t *dma_handle, gfp_t gfp)
{
	return dma_alloc_attrs(dev, size, dma_handle, gfp, 0);
}

static __always_inline void dma_free_coherent(struct device *dev, size_t size, void *cpu_addr,
					      dma_addr_t dma_handle)
{
	dma_free_attrs(dev, size, cpu_addr, dma_handle, 0);
}

static __always_inline void *dma_alloc_wc(struct device *dev, size_t size, dma_addr_t *dma_handle,
					  gfp_t gfp)
{
	return dma_alloc_attrs(dev, size, dma_handle, gfp, DMA_ATTR_WRITE_COMBINE);
}

static __always_inline void dma_free_wc(struct device *dev, size_t size, void *cpu_addr,
					dma_addr_t dma_handle)
{
	dma_free_attrs(dev, size, cpu_addr, dma_handle, DMA_ATTR_WRITE_COMBINE);
}

/**
 * dmam_alloc_attrs - freed by itself when the driver lets go of the device (COH-09);
 * dmam_free_coherent() is for earlier, and
 *                    dma_free_coherent() is a mistake
 */
static __always_inline void *dmam_alloc_attrs(struct device *dev, size_t size,
					      dma_addr_t *dma_handle, gfp_t gfp,
					      unsigned long attrs)
{
	dmk_dma dma;
	void *cpu_addr = dmk_alloc(dmk_dma_dev(dev), size, &dma,
				   dmk_dma_alloc_flags(gfp, __GFP_COMP) | DMK_ALLOC_MANAGED,
				   dmk_dma_alloc_attrs(gfp, attrs));

	if (cpu_addr)
		*dma_handle = dma.v;
	return cpu_addr;
}

static __always_inline void *dmam_alloc_coherent(struct device *dev, size_t size,
						 dma_addr_t *dma_handle, gfp_t gfp)
{
	return dmam_alloc_attrs(dev, size, dma_handle, gfp, 0);
}

static __always_inline void dmam_free_coherent(struct device *dev, size_t size, void *cpu_addr,
					       dma_addr_t dma_handle)
{
	dmk_free_managed(dmk_dma_dev(dev), size, cpu_addr, DMK_DMA(dma_handle), 0);
}

/** dma_can_mmap - whether dma_mmap_attrs() can work for the device */
static inline bool dma_can_mmap(struct device *dev)
{
	return true;
}

/** Whether the pages that a program asked for lie in the first @all of something. */
static inline bool dmk_dma_in_area(const struct vm_area_struct *vma, unsigned long all)
{
	return vma->vm_pgoff < all && vma_pages(vma) <= all - vma->vm_pgoff;
}

/** Shows a program the part of consistent memory that it asked for, run by run. */
static inline int dmk_dma_show(struct device *dev, struct vm_area_struct *vma, void *cpu_addr,
			       dma_addr_t dma_addr, size_t size)
{
	const size_t asked = vma_pages(vma) << PAGE_SHIFT;
	dmk_phys phys;
	size_t run;
	int error = 0;

	for (size_t at = 0; at < asked && !error; at += run) {
		if (!dmk_alloc_find(dmk_dma_dev(dev), cpu_addr, DMK_DMA(dma_addr), size,
				    (vma->vm_pgoff << PAGE_SHIFT) + at, &phys, &run))
			return -ENXIO;
		run = min(run, asked - at);
		error = remap_pfn_range(vma, vma->vm_start + at, PHYS_PFN(phys.v), run,
					vma->vm_page_prot);
	}
	return error;
}

/**
 * dma_mmap_attrs - show an allocation to a program, cached or not as the machine needs it
 * @size: of the allocation; what the program asked for must lie in it
 *
 * Return: 0, -ENXIO (no such allocation, or the program asked for more), or what remap_pfn_range()
 *         returned.
 */
static inline int dma_mmap_attrs(struct device *dev, struct vm_area_struct *vma, void *cpu_addr,
				 dma_addr_t dma_addr, size_t size, unsigned long attrs)
{
	dmk_phys phys;
	size_t run;

	if (!dev || !dmk_dma_in_area(vma, PAGE_ALIGN(size) >> PAGE_SHIFT) ||
	    !dmk_alloc_find(dmk_dma_dev(dev), cpu_addr, DMK_DMA(dma_addr), size, 0, &phys, &run))
		return -ENXIO;
	if (!dev->dmk.bus->coherent)
		vma->vm_page_prot = attrs & DMA_ATTR_WRITE_COMBINE
					    ? pgprot_writecombine(vma->vm_page_prot)
					    : pgprot_dmacoherent(vma->vm_page_prot);
	return dmk_dma_show(dev, vma, cpu_addr, dma_addr, size);
}

#define dma_mmap_coherent(dev, vma, cpu_addr, dma_addr, size) \
	dma_mmap_attrs((dev), (vma), (cpu_addr), (dma_addr), (size), 0)
#define dma_mmap_wc(dev, vma, cpu_addr, dma_addr, size) \
	dma_mmap_attrs((dev), (vma), (cpu_addr), (dma_addr), (size), DMA_ATTR_WRITE_COMBINE)

/**
 * dma_get_sgtable_attrs - an allocation's pages as a list, for another device to map
 * @sgt: filled; given back with sg_free_table(), before or after the memory is
 *
 * The CPU's view of consistent memory and that of the pages in the list may differ where caches are
 * not coherent: the list is for dma_map_sgtable(), not for sg_virt().
 * Return: 0, -ENXIO (no such allocation of the device, or it is of a pool of the machine's: no
 *         other device reaches that), -ENOMEM.
 */
static inline int dma_get_sgtable_attrs(struct device *dev, struct sg_table *sgt, void *cpu_addr,
					dma_addr_t dma_addr, size_t size, unsigned long attrs)
{
	struct scatterlist *sg = NULL;
	unsigned int n = 0;
	dmk_phys phys;
	size_t run;
	int error;

	if (!dev || !size || PAGE_ALIGN(size) > ~0U || dev->dmk.bus->shared_pool ||
	    dev->dmk.bus->restricted_pool)
		return -ENXIO;
	for (size_t at = 0; at < size; at += run, n++)
		if (!dmk_alloc_find(dmk_dma_dev(dev), cpu_addr, DMK_DMA(dma_addr), size, at, &phys,
				    &run))
			return -ENXIO;
	error = sg_alloc_table(sgt, n, GFP_KERNEL);
	if (error)
		return error;
	for (size_t at = 0; at < size; at += run) {
		sg = sg ? sg_next(sg) : sgt->sgl;
		if (!sg || !dmk_alloc_find(dmk_dma_dev(dev), cpu_addr, DMK_DMA(dma_addr), size, at,
					   &phys, &run)) {
			sg_free_table(sgt);
			return -ENXIO;
		}
		run = min(run, (size_t)PAGE_ALIGN(size) - at);
		sg_set_page(sg, pfn_to_page(PHYS_PFN(phys.v)), (unsigned int)run, 0);
	}
	return 0;
}

#define dma_get_sgtable(dev, sgt, cpu_addr, dma_addr, size) \
	dma_get_sgtable_attrs((dev), (sgt), (cpu_addr), (dma_addr), (size), 0)

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 0, 0)
static __always_inline void *dma_zalloc_coherent(struct device *dev, size_t size,
						 dma_addr_t *dma_handle, gfp_t gfp)
{
	return dma_alloc_attrs(dev, size, dma_handle, gfp, 0);
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(4, 15, 0)
#define dma_alloc_writecombine dma_alloc_wc
#define dma_free_writecombine dma_free_wc
#endif

/* --- memory that both sides use in turns: COH-10 ---------------------------------------------- */

#define dmk_dma_page_gfp (__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM | __GFP_COMP)

/**
 * dma_alloc_noncoherent - memory that a device reaches without bouncing, cached and zeroed;
 * dma_alloc_pages - the same, by page
 * @dir: as of a mapping that lives as long as the memory
 *
 * Owner:   the CPU. dma_sync_single_for_device() before the device has it, also the first time;
 *          dma_sync_single_for_cpu() before the CPU looks.
 * Context: may sleep with GFP_KERNEL; any with GFP_ATOMIC.
 * Return:  NULL: no such memory is free below the coherent mask.
 * Rules:   COH-10, SYN-02.
 */
static __always_inline void *dma_alloc_noncoherent(struct device *dev, size_t size,
						   dma_addr_t *dma_handle,
						   enum dma_data_direction dir, gfp_t gfp)
{
	dmk_dma dma;
	void *vaddr = dmk_alloc_cached(dmk_dma_dev(dev), size, &dma, (enum dmk_direction)dir,
				       dmk_dma_alloc_flags(gfp, dmk_dma_page_gfp),
				       dmk_dma_alloc_attrs(gfp, 0));

	if (vaddr)
		*dma_handle = dma.v;
	return vaddr;
}

/**
 * dma_free_noncoherent, dma_free_pages - with all that it was allocated with; NULL is nothing. Not
 * in interrupt context.
 */
static __always_inline void dma_free_noncoherent(struct device *dev, size_t size, void *vaddr,
						 dma_addr_t dma_handle, enum dma_data_direction dir)
{
	dmk_free_cached(dmk_dma_dev(dev), size, vaddr, DMK_DMA(dma_handle),
			(enum dmk_direction)dir);
}

static __always_inline struct page *dma_alloc_pages(struct device *dev, size_t size,
						    dma_addr_t *dma_handle,
						    enum dma_data_direction dir, gfp_t gfp)
{
	void *vaddr = dma_alloc_noncoherent(dev, size, dma_handle, dir, gfp);

	return vaddr ? virt_to_page(vaddr) : NULL;
}

static __always_inline void dma_free_pages(struct device *dev, size_t size, struct page *page,
					   dma_addr_t dma_handle, enum dma_data_direction dir)
{
	dma_free_noncoherent(dev, size, page ? phys_to_virt(page_to_phys(page)) : NULL, dma_handle,
			     dir);
}

/**
 * dma_mmap_pages - show them to a program: 0, -ENXIO (it asked for more), or what remap_pfn_range()
 * returned.
 */
static inline int dma_mmap_pages(struct device *dev, struct vm_area_struct *vma, size_t size,
				 struct page *page)
{
	if (!dmk_dma_in_area(vma, PAGE_ALIGN(size) >> PAGE_SHIFT))
		return -ENXIO;
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(page) + vma->vm_pgoff,
			       vma_pages(vma) << PAGE_SHIFT, vma->vm_page_prot);
}

/**
 * dma_alloc_noncontiguous - memory as a list that is mapped for the device already: its segments,
 * with their DMA addresses
 * @attrs: DMA_ATTR_ALLOC_SINGLE_PAGES, in the IOMMU's smallest pages; or nothing
 *
 * Behind an IOMMU it has an entry for each run of pages, and one segment.
 * Owner:   the CPU, until dma_sync_sgtable_for_device(); the list is the API's: not for
 *         sg_free_table() or dma_unmap_sgtable().
 * Context: may sleep with GFP_KERNEL.
 * Return:  NULL: no such memory is free below the coherent mask.
 * Rules:   COH-10, SYN-02.
 */
static __always_inline struct sg_table *dma_alloc_noncontiguous(struct device *dev, size_t size,
								enum dma_data_direction dir,
								gfp_t gfp, unsigned long attrs)
{
	return dmk_alloc_noncontiguous(dmk_dma_dev(dev), size, (enum dmk_direction)dir,
				       dmk_dma_alloc_flags(gfp, dmk_dma_page_gfp),
				       dmk_dma_alloc_attrs(gfp, attrs));
}

/**
 * dma_free_noncontiguous - after its last view is gone; NULL is nothing. Not in interrupt context.
 */
static __always_inline void dma_free_noncontiguous(struct device *dev, size_t size,
						   struct sg_table *sgt,
						   enum dma_data_direction dir)
{
	dmk_free_noncontiguous(dmk_dma_dev(dev), size, sgt, (enum dmk_direction)dir);
}

/**
 * dma_vmap_noncontiguous - see it all at one address; dma_vunmap_noncontiguous - and no more
 * Context: may sleep. Return: NULL: no address space, or no list of the device's.
 *
 * The address is no address of the direct map: not for virt_to_page() or dma_map_single().
 */
static __always_inline void *dma_vmap_noncontiguous(struct device *dev, size_t size,
						    struct sg_table *sgt)
{
	return dmk_vmap_noncontiguous(dmk_dma_dev(dev), size, sgt);
}

static __always_inline void dma_vunmap_noncontiguous(struct device *dev, void *vaddr)
{
	dmk_vunmap_noncontiguous(dmk_dma_dev(dev), vaddr);
}

/**
 * dma_mmap_noncontiguous - show it to a program: 0, -ENXIO (no such list, or it asked for more), or
 * remap_pfn_range()'s error.
 */
static inline int dma_mmap_noncontiguous(struct device *dev, struct vm_area_struct *vma,
					 size_t size, struct sg_table *sgt)
{
	const unsigned long first = vma->vm_pgoff << PAGE_SHIFT, asked = vma_pages(vma)
									 << PAGE_SHIFT;
	unsigned long at = 0, from, run;
	struct scatterlist *sg;
	unsigned int i;
	int error = 0;

	if (!dev || !dmk_dma_in_area(vma, PAGE_ALIGN(size) >> PAGE_SHIFT) ||
	    !dmk_noncontiguous_good(dmk_dma_dev(dev), size, sgt))
		return -ENXIO;
	for_each_sgtable_sg(sgt, sg, i) {
		/*
		 * The entry is [at, at + length) of the memory, and the program sees [first, first
		 * + asked).
		 */
		from = max(at, first);
		if (from < at + sg->length && from < first + asked && !error) {
			run = min(at + sg->length, first + asked) - from;
			error = remap_pfn_range(vma, vma->vm_start + (from - first),
						page_to_pfn(sg_page(sg)) +
							((from - at) >> PAGE_SHIFT),
						run, vma->vm_page_prot);
		}
		at += sg->length;
	}
	return error;
}

/* --- what an unmap needs, where it needs anything: UNM-01 ------------------------------------- */

#ifdef CONFIG_NEED_DMA_MAP_STATE
#define DEFINE_DMA_UNMAP_ADDR(ADDR_NAME) dma_addr_t ADDR_NAME
#define DEFINE_DMA_UNMAP_LEN(LEN_NAME) __u32 LEN_NAME
#define dma_unmap_addr(PTR, ADDR_NAME) ((PTR)->ADDR_NAME)
#define dma_unmap_addr_set(PTR, ADDR_NAME, VAL) (((PTR)->ADDR_NAME) = (VAL))
#define dma_unmap_len(PTR, LEN_NAME) ((PTR)->LEN_NAME)
#define dma_unmap_len_set(PTR, LEN_NAME, VAL) (((PTR)->LEN_NAME) = (VAL))
#else
#define DEFINE_DMA_UNMAP_ADDR(ADDR_NAME)
#define DEFINE_DMA_UNMAP_LEN(LEN_NAME)
#define dma_unmap_addr(PTR, ADDR_NAME) ((void)(PTR), 0)
#define dma_unmap_addr_set(PTR, ADDR_NAME, VAL) do { } while (0)
#define dma_unmap_len(PTR, LEN_NAME) ((void)(PTR), 0)
#define dma_unmap_len_set(PTR, LEN_NAME, VAL) do { } while (0)
#endif

#endif
