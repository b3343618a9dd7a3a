/* SPDX-License-Identifier: MIT */
/*
 * Mapping without an IOMMU. A coherent device that reaches the memory costs arithmetic only: no
 * lock, no record. Nothing is remembered of a direct mapping of such a device; a bounced one is
 * known to its pool, and what a device has that does not look into caches to lent.c.
 */
#include <linux/errno.h>

#include "bounce_slots.h"
#include "copy.h"
#include "direct.h"
#include "domain_private.h"
#include "lent.h"
#include "straight.h"
#include "window.h"

int dmk_result_of(enum dmk_reason reason)
{
	switch (reason) {
	case DMK_REASON_NONE:
		return 0;
	case DMK_REASON_NO_ROOM:
		return -ENOMEM;
	case DMK_REASON_UNREACHABLE:
	case DMK_REASON_TOO_LARGE:
		return -EIO;
	default:
		return -EINVAL;
	}
}

/* Whether the bus shows it to the device, and passes its address on. */
static bool on_bus(const struct dmk_dev *dev, struct dmk_range phys)
{
	dmk_dma dma;

	return dmk_window_to_bus(dev->bus, phys, &dma) &&
	       dma.v + (phys.last - phys.first) - 1 <= dev->bus_dma_limit - 1;
}

enum dmk_bounce_cause dmk_bounce_cause(const struct dmk_dev *dev, struct dmk_range phys)
{
	dmk_dma dma;

	if (dev->domain)
		return dmk_domain_bounces(dev, phys) ? DMK_CAUSE_PART : DMK_CAUSE_NONE;
	if (dmk_bounce_memory(dev))
		return DMK_CAUSE_RESTRICTED;
	if (dmk_bounce_forced(dev))
		return DMK_CAUSE_FORCED;
	if (dmk_reaches(dev, phys, &dma))
		return DMK_CAUSE_NONE;
	return on_bus(dev, phys) ? DMK_CAUSE_MASK : DMK_CAUSE_WINDOW;
}

static struct dmk_mapping mapped(dmk_dma dma, bool bounced)
{
	return (struct dmk_mapping){.dma = dma, .bounced = bounced};
}

static const char *why_refused(const struct dmk_dev *dev, enum dmk_reason reason)
{
	if (reason == DMK_REASON_TOO_LARGE)
		return " are more than can be bounced at once: see dma_max_mapping_size()";
	if (dmk_bounce_memory(dev))
		return " can't be bounced: the device does not reach its restricted-dma-pool, or that is not usable";
	if (dmk_core.bounce_none)
		return " would have to be bounced, and swiotlb=noforce forbids it";
	return " are out of the device's reach and there is nowhere to bounce";
}

/*
 * It was bounced to there, which whoever unmaps it will see. Looked at first: the line is every
 * mapping's, and they are written a few times.
 */
static inline void hold(struct dmk_dev *dev, dmk_dma dma, uint64_t before_last)
{
	const struct dmk_range range = {dma.v, dma.v + before_last};

	if (__builtin_expect(!dmk_is_held(dev, range), 0))
		dmk_hold(dev, range);
}

static struct dmk_mapping map_bounced(struct dmk_dev *dev, struct dmk_range phys,
				      enum dmk_direction dir, unsigned long attrs)
{
	enum dmk_reason reason;
	dmk_dma dma;

	reason = dmk_bounce_map(dev, phys, dir, attrs, &dma);
	if (reason == DMK_REASON_NONE) {
		hold(dev, dma, phys.last - phys.first);
		return mapped(dma, true);
	}
	dmk_bounce_impossible(dev, phys, reason, attrs, why_refused(dev, reason));
	return dmk_refused(reason);
}

dmk_dma dmk_direct_map_soon(struct dmk_dev *dev, uint64_t first, uint64_t last,
			    enum dmk_direction dir, unsigned long attrs)
{
	const struct dmk_range phys = {first, last};
	enum dmk_reason reason;
	uint64_t limit;
	dmk_dma dma;

	if (!dmk_device_good(dev) || dev->domain || !dev->bounce || !dmk_direction_good(dir) ||
	    attrs & (DMK_ATTR_MMIO | DMK_ATTR_REQUIRE_COHERENT) || !dmk_is_direct(phys))
		return DMK_MAPPING_ERROR;
	limit = dmk_streaming_limit(dev);
	if (!dmk_bounce_forced(dev) && dmk_window_to_bus(dev->bus, phys, &dma) &&
	    dma.v + (last - first) <= limit)
		return DMK_MAPPING_ERROR;
	if (!dmk_bounce_map_hot(dev, phys, dir, limit, true, &reason, &dma) ||
	    reason != DMK_REASON_NONE)
		return DMK_MAPPING_ERROR;
	hold(dev, dma, last - first);
	return dma;
}

static void lend(const struct dmk_dev *dev, struct dmk_range phys, dmk_dma dma,
		 enum dmk_direction dir, unsigned long attrs)
{
	dmk_lent_add(dev, dma, dmk_range_bytes(phys));
	if (!(attrs & DMK_ATTR_SKIP_CPU_SYNC))
		dmk_cache_for_device(DMK_PHYS(phys.first), dmk_range_bytes(phys), dir);
}

struct dmk_mapping dmk_direct_map(struct dmk_dev *dev, struct dmk_range phys,
				  enum dmk_direction dir, unsigned long attrs)
{
	dmk_dma dma;

	if (dmk_bounce_forced(dev) || !dmk_reaches(dev, phys, &dma))
		return attrs & DMK_ATTR_REQUIRE_COHERENT ? dmk_refused(DMK_REASON_UNREACHABLE)
							 : map_bounced(dev, phys, dir, attrs);
	if (!dev->bus->coherent && attrs & DMK_ATTR_REQUIRE_COHERENT)
		return dmk_refused(DMK_REASON_UNREACHABLE);
	if (!dev->bus->coherent)
		lend(dev, phys, dma, dir, attrs);
	return mapped(dma, false);
}

struct dmk_mapping dmk_direct_map_mmio(struct dmk_dev *dev, struct dmk_range phys)
{
	dmk_dma dma;

	if (dmk_bounce_forced(dev) || !dmk_reaches(dev, phys, &dma))
		return dmk_refused(DMK_REASON_UNREACHABLE);
	return mapped(dma, false);
}

/*
 * The memory behind an address as a driver names it; false: it is none that can have been mapped.
 * Of @size only the first byte counts here: what a wrong size means is for who has the record.
 */
static inline bool behind(const struct dmk_dev *dev, dmk_dma dma, dmk_phys *phys)
{
	return dmk_device_good(dev) && dma.v != DMK_MAPPING_ERROR.v &&
	       dmk_window_to_phys(dev->bus, (struct dmk_range){dma.v, dma.v}, phys);
}

/* Whether there is nothing to do for any mapping of this device. */
static bool nothing_to_do(const struct dmk_dev *dev)
{
	return dev && dev->bus && dev->bus->coherent && !dev->bounce;
}

/*
 * Whether caches must follow, and may: a range that a driver made up is not let loose on memory
 * that is none.
 */
static bool cached(const struct dmk_dev *dev, dmk_phys phys, size_t size, enum dmk_direction dir)
{
	struct dmk_range range;

	return !dev->bus->coherent && dmk_direction_good(dir) &&
	       dmk_range_make(phys.v, size, &range) && dmk_cache_holds(dev, range);
}

void dmk_direct_unmap(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir,
		      unsigned long attrs)
{
	dmk_phys phys;
	bool lent;

	/*
	 * No mapping has no bytes: it is an entry of a list that is not mapped, and its address may
	 * be another's.
	 */
	if (!size)
		return;
	if (nothing_to_do(dev) || !behind(dev, dma, &phys) ||
	    dmk_bounce_unmap_hot(dev, phys, dir, attrs) ||
	    dmk_bounce_unmap(dev, phys, dir, attrs) || dev->bus->coherent)
		return;
	lent = dmk_lent_take(dev, dma, size);
	if (!(attrs & DMK_ATTR_SKIP_CPU_SYNC) && cached(dev, phys, size, dir))
		dmk_cache_for_cpu(phys, size, dir, lent);
}

void dmk_direct_sync_for_cpu(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir)
{
	struct dmk_range range;
	dmk_phys phys;

	if (nothing_to_do(dev) || !behind(dev, dma, &phys) || !dmk_range_make(phys.v, size, &range))
		return;
	if (!dmk_bounce_sync_for_cpu(dev, range, dir) && cached(dev, phys, size, dir))
		dmk_cache_for_cpu(phys, size, dir,
				  dmk_range_make(dma.v, size, &range) &&
					  dmk_lent_holds(dev, range));
}

void dmk_direct_sync_for_device(struct dmk_dev *dev, dmk_dma dma, size_t size,
				enum dmk_direction dir)
{
	struct dmk_range range;
	dmk_phys phys;

	if (nothing_to_do(dev) || !behind(dev, dma, &phys) || !dmk_range_make(phys.v, size, &range))
		return;
	if (!dmk_bounce_sync_for_device(dev, range, dir) && cached(dev, phys, size, dir))
		dmk_cache_for_device(phys, size, dir);
}
