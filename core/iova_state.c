/* SPDX-License-Identifier: MIT */
/*
 * Addresses first, pages later (IOM-06): what <linux/dma-mapping.h> calls dma_iova_*(). A driver
 * takes a space of addresses, links memory into it piece by piece, and gives all of it back at
 * once. Only behind an IOMMU, and only for a device that is trusted: part of a page of one that is
 * not would have to be bounced. Elsewhere there is no space, and the driver maps as ever.
 *
 * The driver's state is the driver's memory, so what it says is believed only where a record here
 * says the same: no space goes back twice, and nothing is linked beside it. What was linked is
 * remembered by the tables alone. No entry is marked as the beginning of anything, so an unmap by
 * address takes nothing of it.
 *
 * Each bucket has its own lock, which guards its list and nothing that a record says: that never
 * changes. A driver that gives a space back while it links into it is wrong; the tables stay whole,
 * and the addresses are flushed before they are used again.
 */
#include <dmakit/fail.h>
#include <linux/errno.h>

#include "copy.h"
#include "domain_private.h"
#include "lent.h"
#include "lock.h"
#include "window.h"

enum { BUCKETS = 64 };

struct space {
	struct space *next;
	struct dmk_domain *domain;
	struct dmk_range dma; /* what the driver has; whole granules around it are taken */
};

static struct {
	struct dmk_lock lock;
	struct space *first;
} buckets[BUCKETS];

static unsigned int bucket_of(const struct dmk_domain *domain, dmk_dma dma)
{
	return (unsigned int)(dma.v >> domain->shift) % BUCKETS;
}

/* With the lock. */
static struct space **find(const struct dmk_domain *domain, dmk_dma dma, uint64_t size)
{
	struct space **at = &buckets[bucket_of(domain, dma)].first;

	while (*at && !((*at)->domain == domain && (*at)->dma.first == dma.v &&
			dmk_range_bytes((*at)->dma) == size))
		at = &(*at)->next;
	return at;
}

static bool is_space(const struct dmk_dev *dev, dmk_dma dma, uint64_t size)
{
	unsigned long flags;
	bool found;

	if (!dev || !dev->domain)
		return false;
	flags = dmk_lock_take(&buckets[bucket_of(dev->domain, dma)].lock);
	found = *find(dev->domain, dma, size);
	dmk_lock_drop(&buckets[bucket_of(dev->domain, dma)].lock, flags);
	return found;
}

static bool space_remove(struct dmk_domain *domain, dmk_dma dma, uint64_t size)
{
	unsigned long flags = dmk_lock_take(&buckets[bucket_of(domain, dma)].lock);
	struct space **at = find(domain, dma, size), *space = *at;

	if (space)
		*at = space->next;
	dmk_lock_drop(&buckets[bucket_of(domain, dma)].lock, flags);
	dmk_meta_free(space, sizeof(*space));
	return space;
}

static void space_add(struct space *space)
{
	const unsigned int bucket = bucket_of(space->domain, DMK_DMA(space->dma.first));
	unsigned long flags = dmk_lock_take(&buckets[bucket].lock);

	space->next = buckets[bucket].first;
	buckets[bucket].first = space;
	dmk_lock_drop(&buckets[bucket].lock, flags);
}

void dmk_iova_states_forget(const struct dmk_domain *domain)
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		unsigned long flags = dmk_lock_take(&buckets[i].lock);

		for (struct space **at = &buckets[i].first; *at;) {
			struct space *space = *at;

			if (space->domain != domain) {
				at = &space->next;
				continue;
			}
			*at = space->next;
			dmk_meta_free(space, sizeof(*space));
		}
		dmk_lock_drop(&buckets[i].lock, flags);
	}
}

/* The granules that a range lies in. */
static struct dmk_range granules(const struct dmk_domain *domain, struct dmk_range range)
{
	return (struct dmk_range){range.first & ~(domain->granule - 1),
				  range.last | (domain->granule - 1)};
}

/* --- addresses -------------------------------------------------------------------------------- */

static bool state_alloc(struct dmk_dev *dev, dmk_phys phys, size_t size, dmk_dma *dma)
{
	struct dmk_domain *domain = dmk_device_good(dev) ? dev->domain : NULL;
	struct space *space;
	struct dmk_range range;
	uint64_t iova;

	if (!domain || dev->bus->untrusted ||
	    !dmk_range_make(phys.v & (domain->granule - 1), size, &range) || range.last >> 63)
		return false;
	range = granules(domain, range);
	space = dmk_meta_alloc(sizeof(*space), false);
	if (!space)
		return false;
	if (!dmk_domain_take_iova(domain, dmk_range_bytes(range), domain->granule,
				  dmk_streaming_limit(dev), 0, &iova)) {
		dmk_meta_free(space, sizeof(*space));
		return false;
	}
	dma->v = iova + (phys.v & (domain->granule - 1));
	space->domain = domain;
	dmk_range_make(dma->v, size, &space->dma);
	space_add(space);
	return true;
}

bool dmk_iova_state_alloc(struct dmk_dev *dev, dmk_phys phys, size_t size, dmk_dma *dma)
{
	const bool taken = !dmk_should_fail(DMK_FAIL_MAP, DMK_CALLER) &&
			   state_alloc(dev, phys, size, dma);

	if (taken && dmk_observed())
		dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_IOVA_ALLOC,
						 .dev = dev,
						 .dma = *dma,
						 .size = size,
						 DMK_EVENT_HERE});
	return taken;
}

/* The caches of what was linked, by the records of what the device was lent. */
static void give_to_cpu(struct dmk_dev *dev, struct dmk_range dma, enum dmk_direction dir,
			unsigned long attrs)
{
	const bool lent = dmk_lent_take_within(dev, dma);

	if (!(attrs & DMK_ATTR_SKIP_CPU_SYNC) && dmk_direction_good(dir))
		dmk_domain_for_cpu(dev, dma.first, dmk_range_bytes(dma), dir, lent);
}

static bool unmap(struct dmk_dev *dev, struct dmk_range range)
{
	return dmk_pgtable_unmap(dev->domain->table, range.first, dmk_range_bytes(range));
}

/*
 * All of the space, whatever the driver says is linked in it. The addresses go where those of other
 * mappings go.
 */
static void end_space(struct dmk_dev *dev, struct dmk_range dma, size_t linked,
		      enum dmk_direction dir, unsigned long attrs)
{
	struct dmk_domain *domain = dev->domain;
	const struct dmk_range range = granules(domain, dma);
	const struct dmk_leaving leaving = {.iova = range.first, .size = dmk_range_bytes(range)};
	struct dmk_range part;

	if (!dev->bus->coherent) {
		if (dmk_range_make(dma.first, linked, &part) && dmk_range_within(part, dma))
			give_to_cpu(dev, part, dir, attrs);
		dmk_lent_take_within(dev, dma);
	}
	if (unmap(dev, range))
		dmk_domain_leave(domain, &leaving);
	else
		dmk_iova_give(domain->space, leaving.iova, leaving.size);
}

void dmk_iova_state_free(struct dmk_dev *dev, dmk_dma dma, uint64_t size, size_t linked,
			 enum dmk_direction dir, unsigned long attrs)
{
	const bool good = is_space(dev, dma, size);

	if (dmk_observed())
		dmk_announce(
			&(struct dmk_event){.kind = DMK_EVENT_IOVA_FREE,
					    .dev = dev,
					    .dma = dma,
					    .size = linked,
					    .dir = dir,
					    .attrs = attrs,
					    .reason = good ? DMK_REASON_NONE : DMK_REASON_NOT_FOUND,
					    DMK_EVENT_HERE});
	/* Of two that give it back at once one finds it. */
	if (good && space_remove(dev->domain, dma, size))
		end_space(dev, (struct dmk_range){dma.v, dma.v + (size - 1)}, linked, dir, attrs);
}

/* --- memory ----------------------------------------------------------------------------------- */

/*
 * [@offset, + @size) of the state's addresses; false: there is no such space, or no such part of
 * it.
 */
static bool part_of(const struct dmk_dev *dev, dmk_dma dma, uint64_t all, uint64_t offset,
		    uint64_t size, struct dmk_range *part)
{
	return is_space(dev, dma, all) && offset < all && size - 1 < all - offset &&
	       dmk_range_make(dma.v + offset, size, part);
}

static bool is_mmio(unsigned long attrs)
{
	return attrs & DMK_ATTR_MMIO;
}

static enum dmk_reason judge(const struct dmk_dev *dev, struct dmk_range phys, struct dmk_range dma,
			     enum dmk_direction dir, unsigned long attrs)
{
	if (!dmk_direction_good(dir))
		return DMK_REASON_BAD_DIRECTION;
	if ((phys.first ^ dma.first) & (dev->domain->granule - 1))
		return DMK_REASON_BAD_ARGUMENT;
	if (is_mmio(attrs) == dmk_is_ram(phys))
		return is_mmio(attrs) ? DMK_REASON_BAD_ADDRESS : DMK_REASON_NOT_RAM;
	if (!dev->bus->coherent && !is_mmio(attrs) && attrs & DMK_ATTR_REQUIRE_COHERENT)
		return DMK_REASON_UNREACHABLE;
	return DMK_REASON_NONE;
}

/* Whole granules: one that another piece has part of is taken, and the piece is refused. */
static enum dmk_reason link_range(struct dmk_dev *dev, struct dmk_range phys, struct dmk_range dma,
				  enum dmk_direction dir, unsigned long attrs)
{
	struct dmk_domain *domain = dev->domain;
	const struct dmk_range range = granules(domain, dma);
	const enum dmk_reason reason = judge(dev, phys, dma, dir, attrs);
	int result;

	if (reason != DMK_REASON_NONE)
		return reason;
	result = dmk_pgtable_map(domain->table, range.first,
				 DMK_PHYS(phys.first - (dma.first - range.first)),
				 dmk_range_bytes(range), dmk_domain_prot(dev, dir, is_mmio(attrs)),
				 false);
	if (result)
		return result == -EEXIST ? DMK_REASON_BAD_ARGUMENT : DMK_REASON_NO_ROOM;
	if (dev->bus->coherent || is_mmio(attrs))
		return DMK_REASON_NONE;
	dmk_lent_add(dev, DMK_DMA(dma.first), dmk_range_bytes(dma));
	if (!(attrs & DMK_ATTR_SKIP_CPU_SYNC))
		dmk_cache_for_device(DMK_PHYS(phys.first), dmk_range_bytes(phys), dir);
	return DMK_REASON_NONE;
}

static enum dmk_reason state_link(struct dmk_dev *dev, dmk_dma dma, uint64_t all, dmk_phys phys,
				  size_t offset, size_t size, enum dmk_direction dir,
				  unsigned long attrs)
{
	struct dmk_range from, to;

	if (!dmk_range_make(phys.v, size, &from))
		return DMK_REASON_BAD_SIZE;
	if (!is_space(dev, dma, all))
		return DMK_REASON_NOT_FOUND;
	if (!part_of(dev, dma, all, offset, size, &to))
		return DMK_REASON_BAD_ARGUMENT;
	return link_range(dev, from, to, dir, attrs);
}

int dmk_iova_state_link(struct dmk_dev *dev, dmk_dma dma, uint64_t all, dmk_phys phys,
			size_t offset, size_t size, enum dmk_direction dir, unsigned long attrs)
{
	const enum dmk_reason reason = dmk_should_fail(DMK_FAIL_MAP, DMK_CALLER)
					       ? DMK_REASON_NO_ROOM
					       : state_link(dev, dma, all, phys, offset, size, dir,
							    attrs);
	const bool linked = reason == DMK_REASON_NONE;

	if (dmk_observed())
		dmk_announce(
			&(struct dmk_event){.kind = linked ? DMK_EVENT_MAP : DMK_EVENT_MAP_FAILED,
					    .map_kind = DMK_MAP_LINK,
					    .dev = dev,
					    .dma = DMK_DMA(dma.v + offset),
					    .phys = phys,
					    .size = size,
					    .dir = dir,
					    .attrs = attrs,
					    .coherent = linked && dev->bus->coherent,
					    .reason = reason,
					    .result = dmk_result_of(reason),
					    .interrupt = dmk_in_interrupt(),
					    DMK_EVENT_HERE});
	return dmk_result_of(reason);
}

int dmk_iova_state_sync(struct dmk_dev *dev, dmk_dma dma, uint64_t all, size_t offset, size_t size)
{
	struct dmk_range part;
	const bool good = part_of(dev, dma, all, offset, size, &part);
	struct dmk_range range;

	if (good) {
		range = granules(dev->domain, part);
		dmk_domain_tell_mapped(dev->domain, range.first, dmk_range_bytes(range));
	}
	if (dmk_observed())
		dmk_announce(
			&(struct dmk_event){.kind = DMK_EVENT_IOVA_SYNC,
					    .dev = dev,
					    .dma = DMK_DMA(dma.v + offset),
					    .size = size,
					    .reason = good ? DMK_REASON_NONE : DMK_REASON_NOT_FOUND,
					    DMK_EVENT_HERE});
	return good ? 0 : -EINVAL;
}

/*
 * The addresses may be linked to other memory next, so that this is forgotten at once, also where
 * unmaps are lazy.
 */
static void unlink_range(struct dmk_dev *dev, struct dmk_range dma, enum dmk_direction dir,
			 unsigned long attrs)
{
	const struct dmk_iommu *iommu = dev->domain->iommu;
	const struct dmk_range range = granules(dev->domain, dma);

	if (!dev->bus->coherent)
		give_to_cpu(dev, dma, dir, attrs);
	if (!unmap(dev, range))
		return;
	iommu->ops->invalidate(iommu->ctx, dev->domain->id, range.first, range.last, false);
	iommu->ops->sync(iommu->ctx);
	dmk_pgtable_prune(dev->domain->table, range.first, dmk_range_bytes(range));
}

void dmk_iova_state_unlink(struct dmk_dev *dev, dmk_dma dma, uint64_t all, size_t offset,
			   size_t size, enum dmk_direction dir, unsigned long attrs)
{
	struct dmk_range part;
	const bool good = part_of(dev, dma, all, offset, size, &part);

	if (dmk_observed())
		dmk_announce(
			&(struct dmk_event){.kind = DMK_EVENT_IOVA_UNLINK,
					    .dev = dev,
					    .dma = DMK_DMA(dma.v + offset),
					    .size = size,
					    .dir = dir,
					    .attrs = attrs,
					    .reason = good ? DMK_REASON_NONE : DMK_REASON_NOT_FOUND,
					    DMK_EVENT_HERE});
	if (good)
		unlink_range(dev, part, dir, attrs);
}
