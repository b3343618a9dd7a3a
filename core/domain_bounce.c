/* SPDX-License-Identifier: MIT */
/*
 * Devices that are not trusted, behind an IOMMU: what does not fill whole granules is bounced, so
 * that they see no byte beside it (STR-10). Other mappings of theirs are as anybody's.
 *
 * Their domains are strict: an unmap returns when nothing leads to the memory any more, and only
 * then are its bytes copied out and the slots somebody else's. So what a device writes late is
 * lost, and is never read by another one.
 *
 * Of two threads that unmap one mapping, one finds it in the tables: it ends what was bounced.
 */
#include <linux/scatterlist.h>

#include "bounce.h"
#include "domain_private.h"
#include "lent.h"
#include "window.h"

static bool is_part(const struct dmk_dev *dev, struct dmk_range phys)
{
	return (phys.first | (phys.last + 1)) & (dev->domain->granule - 1);
}

bool dmk_domain_bounces(const struct dmk_dev *dev, struct dmk_range phys)
{
	return dev->bus->untrusted && is_part(dev, phys);
}

bool dmk_domain_may_bounce(const struct dmk_dev *dev)
{
	return dev->domain && dev->bus->untrusted && dev->bounce;
}

/* --- map -------------------------------------------------------------------------------------- */

static const char *why_refused(enum dmk_reason reason)
{
	if (reason == DMK_REASON_TOO_LARGE)
		return " fill no whole pages of the IOMMU, and for a device that is not trusted they are more than can be bounced: "
		       "see dma_max_mapping_size()";
	if (dmk_core.bounce_none)
		return " fill no whole pages of the IOMMU, and for a device that is not trusted they have to be bounced, which "
		       "swiotlb=noforce forbids";
	return " fill no whole pages of the IOMMU, and for a device that is not trusted they have to be bounced, and there are "
	       "no slots";
}

struct dmk_mapping dmk_domain_map_bounced(struct dmk_dev *dev, struct dmk_range phys,
					  enum dmk_direction dir, unsigned long attrs)
{
	struct dmk_domain *domain = dev->domain;
	const uint64_t offset = phys.first & (domain->granule - 1);
	struct dmk_range whole;
	enum dmk_reason reason;
	uint64_t dma;

	if (attrs & DMK_ATTR_REQUIRE_COHERENT)
		return dmk_refused(DMK_REASON_UNREACHABLE);
	reason = dmk_bounce_map_granules(dev, phys, domain->granule, dir, attrs, &whole);
	if (reason != DMK_REASON_NONE) {
		dmk_bounce_impossible(dev, phys, reason, attrs, why_refused(reason));
		return dmk_refused(reason);
	}
	reason = dmk_domain_map_range(domain, whole, domain->granule, dmk_streaming_limit(dev),
				      dmk_domain_prot(dev, dir, false), &dma);
	if (reason != DMK_REASON_NONE) {
		dmk_bounce_unmap_granules(dev, whole, DMK_TO_DEVICE, attrs);
		return dmk_refused(reason);
	}
	if (dmk_domain_is_shared(domain))
		dmk_lent_add(dev, DMK_DMA(dma), dmk_range_bytes(whole));
	return (struct dmk_mapping){.dma = DMK_DMA(dma + offset), .bounced = true};
}

/* --- unmap, sync ------------------------------------------------------------------------------ */

/*
 * The granules behind a mapping that begins at @iova; false: none begins there. They are side by
 * side if they are a bounced one's.
 */
static bool granules_at(struct dmk_domain *domain, uint64_t iova, struct dmk_range *granules)
{
	const uint64_t extent = dmk_pgtable_extent(domain->table, iova);
	unsigned int prot;
	uint64_t page;
	dmk_phys phys;

	return extent && dmk_pgtable_walk(domain->table, iova, &phys, &prot, &page) &&
	       dmk_range_make(phys.v, extent, granules);
}

bool dmk_domain_unmap_bounced(struct dmk_dev *dev, dmk_dma dma, enum dmk_direction dir,
			      unsigned long attrs)
{
	struct dmk_domain *domain = dev->domain;
	const uint64_t iova = dma.v & ~(domain->granule - 1);
	struct dmk_range granules;

	if (!dev->bounce || !granules_at(domain, iova, &granules) ||
	    !dmk_bounce_has_granules(dev, granules))
		return false;
	if (dmk_domain_is_shared(domain))
		dmk_lent_take(dev, DMK_DMA(iova), dmk_range_bytes(granules));
	if (dmk_domain_unmap_at(domain, iova))
		dmk_bounce_unmap_granules(dev, granules, dir, attrs);
	return true;
}

static bool phys_at(struct dmk_dev *dev, dmk_dma dma, dmk_phys *phys)
{
	unsigned int prot;
	uint64_t page;

	return dev->bounce && dmk_pgtable_walk(dev->domain->table, dma.v, phys, &prot, &page);
}

bool dmk_domain_sync_bounced(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir,
			     bool for_cpu)
{
	struct dmk_range slots;
	dmk_phys phys;

	if (!phys_at(dev, dma, &phys) || !dmk_range_make(phys.v, size, &slots))
		return false;
	return for_cpu ? dmk_bounce_sync_for_cpu(dev, slots, dir)
		       : dmk_bounce_sync_for_device(dev, slots, dir);
}

bool dmk_domain_is_bounced(struct dmk_dev *dev, dmk_dma dma)
{
	dmk_phys phys;

	return dmk_domain_may_bounce(dev) && phys_at(dev, dma, &phys) && dmk_bounce_has(dev, phys);
}

/* --- lists ------------------------------------------------------------------------------------ */

bool dmk_domain_apart(const struct dmk_dev *dev, struct scatterlist *list, int nents)
{
	struct dmk_range phys;

	for (int i = 0; dev->bus->untrusted && list && i < nents; i++, list = sg_next(list)) {
		if (sg_page(list) && dmk_range_make(sg_phys(list), list->length, &phys) &&
		    is_part(dev, phys))
			return true;
	}
	return false;
}

/*
 * The second entry says it: of a list that is one range it has no segment, or one in that range;
 * mapped by itself it is elsewhere. The only one of a list is mapped alike either way.
 */
static bool is_apart(const struct dmk_dev *dev, struct scatterlist *list, int nents)
{
	const uint64_t iova = sg_dma_address(list) & ~(dev->domain->granule - 1);
	const struct scatterlist *second = nents > 1 ? sg_next(list) : NULL;

	if (!second)
		return true;
	return sg_dma_len(second) &&
	       sg_dma_address(second) - iova >= dmk_pgtable_extent(dev->domain->table, iova);
}

bool dmk_domain_unmap_apart(struct dmk_dev *dev, struct scatterlist *list, int nents,
			    enum dmk_direction dir, unsigned long attrs)
{
	if (!is_apart(dev, list, nents))
		return false;
	for (int i = 0; list && i < nents; i++, list = sg_next(list)) {
		if (sg_dma_len(list))
			dmk_domain_unmap(dev, DMK_DMA(sg_dma_address(list)), sg_dma_len(list), dir,
					 attrs);
	}
	return true;
}
