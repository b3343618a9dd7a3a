/* SPDX-License-Identifier: MIT */
/*
 * Domains: the addresses of the devices of one group, and what they lead to. One group, one domain
 * (IOM-07).
 */
#ifndef DMK_CORE_DOMAIN_H
#define DMK_CORE_DOMAIN_H

#include "direct.h"
#include "iova.h"
#include "pgtable.h"

struct scatterlist;
struct dmk_piece;

/** dmk_domains_start - iommu.strict=, iommu.passthrough=, iommu= in @parameters */
void dmk_domains_start(const char *parameters);
void dmk_domains_stop(void);
/** dmk_domain_detach - the device's domain loses it, and ends with its last one. */
void dmk_domain_detach(struct dmk_dev *dev);

/**
 * dmk_domain_map - as dmk_direct_map(), behind an IOMMU. @mmio: another device's registers: not
 * cached.
 */
struct dmk_mapping dmk_domain_map(struct dmk_dev *dev, struct dmk_range phys,
				  enum dmk_direction dir, unsigned long attrs, bool mmio);
/**
 * dmk_domain_unmap - what was mapped at @dma, whatever @size is said; where nothing begins nothing
 * happens.
 */
void dmk_domain_unmap(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir,
		      unsigned long attrs);
void dmk_domain_sync_for_cpu(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir);
void dmk_domain_sync_for_device(struct dmk_dev *dev, dmk_dma dma, size_t size,
				enum dmk_direction dir);

/**
 * dmk_domain_map_list - a list whose entries are RAM, in one range of addresses: scattered pages
 * become neighbours (IOM-01), and
 *                       neighbours one segment, within the device's limits (SGL-04)
 * Return: segments, at least 1; 0 and @reason: nothing is mapped.
 */
int dmk_domain_map_list(struct dmk_dev *dev, struct scatterlist *list, int nents,
			enum dmk_direction dir, unsigned long attrs, enum dmk_reason *reason);
void dmk_domain_unmap_list(struct dmk_dev *dev, struct scatterlist *list, int nents,
			   enum dmk_direction dir, unsigned long attrs);

/**
 * dmk_domain_map_pieces - memory for consistent use, as one range, aligned, below the coherent mask
 * @pieces: whole granules each, but for one that is alone
 * Return: false: no room, and nothing is mapped.
 */
bool dmk_domain_map_pieces(struct dmk_dev *dev, const struct dmk_piece *pieces, size_t n,
			   uint64_t align, dmk_dma *dma);
/** dmk_domain_unmap_block - all of what was mapped at @dma, which is what the call above said */
void dmk_domain_unmap_block(struct dmk_dev *dev, dmk_dma dma);

/** What an IOMMU makes of masks and limits. */
uint64_t dmk_domain_granule(const struct dmk_dev *dev);
/** dmk_domain_last - the last address there is, whatever the device's mask */
uint64_t dmk_domain_last(const struct dmk_dev *dev);

/* --- domain_bounce.c: devices that are not trusted -------------------------------------------- */

/**
 * dmk_domain_may_bounce - whether some of the device's mappings are bounced: of those, parts of
 * granules
 */
bool dmk_domain_may_bounce(const struct dmk_dev *dev);
/** dmk_domain_is_bounced - whether the byte at the address is */
bool dmk_domain_is_bounced(struct dmk_dev *dev, dmk_dma dma);
/**
 * dmk_domain_apart - whether a list's entries are to be mapped one by one, because some of them are
 * bounced
 */
bool dmk_domain_apart(const struct dmk_dev *dev, struct scatterlist *list, int nents);
/**
 * dmk_domain_unmap_apart - a list of which that was so; false: it was not, and nothing was done.
 */
bool dmk_domain_unmap_apart(struct dmk_dev *dev, struct scatterlist *list, int nents,
			    enum dmk_direction dir, unsigned long attrs);

#endif
