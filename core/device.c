/* SPDX-License-Identifier: MIT */
/*
 * A device's state: what it can address, its limits. What it has mapped is kept where it is mapped.
 */
#include <dmakit/fail.h>
#include <linux/errno.h>

#include "allocation.h"
#include "bounce.h"
#include "coherent.h"
#include "core.h"
#include "domain.h"
#include "lent.h"
#include "pool.h"
#include "straight.h"
#include "window.h"

static const uint64_t mask_of_32_bits = 0xffffffffULL;

static void reset_limits(struct dmk_dev *dev)
{
	dev->streaming_mask = mask_of_32_bits;
	dev->coherent_dma_mask = mask_of_32_bits;
	dev->dma_mask = &dev->streaming_mask;
	dev->max_segment_size = 0;
	dev->segment_boundary = 0;
	dev->min_align_mask = 0;
	dev->streaming_refused = false;
	dev->coherent_refused = false;
}

void dmk_dev_init(struct dmk_dev *dev, const char *name, const struct dmk_bus *bus, void *owner)
{
	__builtin_memset(dev, 0, sizeof(*dev));
	dev->name = name;
	dev->bus = bus;
	dev->device = owner;
	dmk_bounce_attach(dev);
	dmk_straight_attach(dev);
	reset_limits(dev);
	if (bus && dmk_core.running)
		dmk_atomic_ready(dev);
}

void dmk_dev_tell_use(struct dmk_dev *dev)
{
	struct dmk_bounce_stats stats;
	struct dmk_use use;

	if (!dmk_observed())
		return;
	dmk_bounce_statistics(dev, &stats);
	use = (struct dmk_use){.slot_size = stats.slot_size,
			       .slots = stats.most,
			       .slots_most = stats.high_water,
			       .slots_refused = stats.refused};
	if (dev->domain) {
		use.granule = dmk_domain_granule(dev);
		use.iova_last = dmk_domain_last(dev);
	}
	dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_USE, .dev = dev, .use = &use});
}

void dmk_dev_unbound(struct dmk_dev *dev)
{
	reset_limits(dev);
}

void dmk_dev_exit(struct dmk_dev *dev)
{
	dmk_pools_forget_device(dev);
	dmk_allocations_forget_device(dev);
	dmk_lent_forget_device(dev);
	dmk_reserve_forget_device(dev);
	dmk_domain_detach(dev);
	/* Who calls with it all the same is told that it is no device. */
	dev->bus = NULL;
	dmk_straight_detach(dev);
}

/* Memory that a driver may get from an allocator, and map. */
static bool is_mappable(const struct dmk_memory *memory)
{
	return memory->kind == DMK_MEMORY_RAM || memory->kind == DMK_MEMORY_CONTIGUOUS;
}

/*
 * Whether it is memory that the device may be given: RAM, or the region that it is restricted to.
 */
static bool is_for(const struct dmk_dev *dev, const struct dmk_memory *memory)
{
	const struct dmk_memory *only = dmk_bounce_memory(dev);

	return only ? memory == only : is_mappable(memory);
}

/* Whether a device with this mask can be given at least one page of RAM to work with. */
static bool mask_serves(const struct dmk_dev *dev, uint64_t mask)
{
	const struct dmk_machine *machine = dmk_core.machine;
	const uint64_t limit = dev->bus_dma_limit && dev->bus_dma_limit < mask ? dev->bus_dma_limit
									       : mask;
	struct dmk_range part, ram, common;

	/* Addresses are given out from the second granule on. */
	if (dev->domain)
		return limit >= 2 * dmk_domain_granule(dev) - 1;
	for (unsigned int w = 0; w < dev->bus->nr_windows; w++) {
		if (!dmk_window_part(&dev->bus->windows[w], limit, &part))
			continue;
		for (unsigned int m = 0; m < machine->nr_memory; m++) {
			const struct dmk_memory *memory = &machine->memory[m];

			if (is_for(dev, memory) &&
			    dmk_range_make(memory->first.v, memory->size, &ram) &&
			    dmk_range_common(part, ram, &common) &&
			    dmk_range_bytes(common) >= DMK_PAGE_SIZE)
				return true;
		}
	}
	return false;
}

static enum dmk_reason set_mask(struct dmk_dev *dev, uint64_t mask, bool streaming, bool coherent,
				bool fail)
{
	if (!dev || !dev->bus || (streaming && !dev->dma_mask))
		return DMK_REASON_BAD_DEVICE;
	if (fail || !mask_serves(dev, mask)) {
		dev->streaming_refused |= streaming;
		dev->coherent_refused |= coherent;
		return DMK_REASON_UNREACHABLE;
	}
	if (streaming) {
		*dev->dma_mask = mask;
		dev->streaming_refused = false;
	}
	if (coherent) {
		dev->coherent_dma_mask = mask;
		dev->coherent_refused = false;
		dmk_atomic_ready(dev);
	}
	return DMK_REASON_NONE;
}

int dmk_set_mask(struct dmk_dev *dev, uint64_t mask, bool streaming, bool coherent)
{
	const bool fail = dmk_should_fail(DMK_FAIL_MASK, DMK_CALLER);
	enum dmk_reason reason = set_mask(dev, mask, streaming, coherent, fail);
	int result = reason == DMK_REASON_NONE ? 0 : -EIO;

	if (dmk_observed())
		dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_SET_MASK,
						 .dev = dev,
						 .mask = mask,
						 .streaming = streaming,
						 .coherent = coherent,
						 .reason = reason,
						 .result = result,
						 DMK_EVENT_HERE});
	return result;
}

/* The last bus address at which the device would see RAM, if its mask let it; 0: none at all. */
static uint64_t last_ram_on_bus(const struct dmk_dev *dev)
{
	const struct dmk_machine *machine = dmk_core.machine;
	struct dmk_range part, ram, common;
	uint64_t last = 0;

	for (unsigned int w = 0; w < dev->bus->nr_windows; w++) {
		const struct dmk_window *window = &dev->bus->windows[w];

		if (!dmk_window_part(window, ~0ULL, &part))
			continue;
		for (unsigned int m = 0; m < machine->nr_memory; m++) {
			const struct dmk_memory *memory = &machine->memory[m];

			if (!is_for(dev, memory) ||
			    !dmk_range_make(memory->first.v, memory->size, &ram) ||
			    !dmk_range_common(part, ram, &common))
				continue;
			if (window->bus + (common.last - window->phys.v) > last)
				last = window->bus + (common.last - window->phys.v);
		}
	}
	return last;
}

uint64_t dmk_get_required_mask(struct dmk_dev *dev)
{
	/* Behind an IOMMU every mask will do; the usual one is what Linux answers. */
	if (dev && dev->domain)
		return mask_of_32_bits;
	return dev && dev->bus ? dmk_bits_below(last_ram_on_bus(dev)) : 0;
}

bool dmk_addressing_limited(struct dmk_dev *dev)
{
	const struct dmk_machine *machine = dmk_core.machine;
	struct dmk_range ram;

	if (!dev || !dev->bus || !dev->dma_mask)
		return true;
	/*
	 * All memory is in reach; but by addresses that a mask as narrow has few of. Linux's answer
	 * too.
	 */
	if (dev->domain)
		return dmk_streaming_limit(dev) < mask_of_32_bits;
	for (unsigned int m = 0; m < machine->nr_memory; m++) {
		const struct dmk_memory *memory = &machine->memory[m];

		if (is_mappable(memory) && dmk_range_make(memory->first.v, memory->size, &ram) &&
		    !dmk_reaches_each(dev, ram))
			return true;
	}
	return false;
}

size_t dmk_max_mapping_size(struct dmk_dev *dev)
{
	if (dev && dmk_domain_may_bounce(dev))
		return dmk_bounce_most_granules(dmk_domain_granule(dev));
	if (!dev || dev->domain || !dev->bounce ||
	    !(dmk_bounce_forced(dev) || dmk_addressing_limited(dev)))
		return ~(size_t)0;
	return dmk_bounce_max_mapping(dev);
}

/*
 * Without an IOMMU nothing is faster for small mappings than for large ones; with one, sizes for
 * which addresses lie ready.
 */
size_t dmk_opt_mapping_size(struct dmk_dev *dev)
{
	const size_t most = dmk_max_mapping_size(dev);
	size_t ready;

	if (!dev || !dev->domain)
		return most;
	ready = (size_t)dmk_domain_granule(dev) << DMK_IOVA_READY_ORDER;
	return ready < most ? ready : most;
}

/*
 * 0: neighbours are never merged, because without an IOMMU nothing makes scattered pages contiguous
 * for a device.
 */
uint64_t dmk_merge_boundary(struct dmk_dev *dev)
{
	return dev && dev->domain ? dmk_domain_granule(dev) - 1 : 0;
}

/* Who hears that no sync is needed may leave them all out. */
static bool need_sync_told(struct dmk_dev *dev, dmk_dma dma, bool needed)
{
	if (dmk_observed())
		dmk_announce(&(struct dmk_event){
			.kind = DMK_EVENT_NEED_SYNC, .dev = dev, .dma = dma, .result = needed});
	return needed;
}

bool dmk_dev_need_sync(struct dmk_dev *dev)
{
	if (!dev || !dev->bus)
		return false;
	return need_sync_told(dev, DMK_MAPPING_ERROR,
			      !dev->bus->coherent || dmk_domain_may_bounce(dev) ||
				      (!dev->domain && dev->bounce &&
				       (dmk_bounce_forced(dev) || dmk_addressing_limited(dev))));
}

static bool needs_sync(struct dmk_dev *dev, dmk_dma dma)
{
	dmk_phys phys;

	if (!dev || !dev->bus)
		return false;
	if (!dev->bus->coherent || dmk_domain_is_bounced(dev, dma))
		return true;
	return !dev->domain && dev->bounce &&
	       dmk_window_to_phys(dev->bus, (struct dmk_range){dma.v, dma.v}, &phys) &&
	       dmk_bounce_has(dev, phys);
}

bool dmk_need_sync(struct dmk_dev *dev, dmk_dma dma)
{
	return need_sync_told(dev, dma, needs_sync(dev, dma));
}

unsigned int dmk_cache_alignment(void)
{
	return dmk_core.machine ? dmk_core.machine->cache_line : 1;
}

static int limit_set(struct dmk_dev *dev, const char *name, uint64_t size, uint64_t mask,
		     int result, struct dmk_place place)
{
	if (dmk_observed())
		dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_SET_LIMIT,
						 .dev = dev,
						 .name = name,
						 .size = size,
						 .mask = mask,
						 .result = result,
						 .caller = place.caller,
						 .frame = place.frame});
	return result;
}

int dmk_set_max_segment_size(struct dmk_dev *dev, unsigned int size)
{
	if (dev)
		dev->max_segment_size = size;
	return limit_set(dev, "max_segment_size", size, 0, dev ? 0 : -EIO, DMK_PLACE_HERE);
}

int dmk_set_segment_boundary(struct dmk_dev *dev, uint64_t mask)
{
	bool good = dev && !(mask & (mask + 1));

	if (good)
		dev->segment_boundary = mask;
	return limit_set(dev, "segment_boundary", 0, mask,
			 good  ? 0
			 : dev ? -EINVAL
			       : -EIO,
			 DMK_PLACE_HERE);
}

int dmk_set_min_align_mask(struct dmk_dev *dev, unsigned int mask)
{
	bool good = dev && !(mask & (mask + 1));

	if (good)
		dev->min_align_mask = mask;
	return limit_set(dev, "min_align_mask", 0, mask,
			 good  ? 0
			 : dev ? -EINVAL
			       : -EIO,
			 DMK_PLACE_HERE);
}
