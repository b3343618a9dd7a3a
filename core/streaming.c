/* SPDX-License-Identifier: MIT */
/*
 * Streaming mappings of one buffer: what a driver asks for is judged here, done in direct.c, and
 * announced from here.
 */
#include <dmakit/fail.h>
#include <linux/errno.h>

#include "core.h"
#include "direct.h"
#include "domain.h"

static struct dmk_mapping refuse(enum dmk_reason reason)
{
	return (struct dmk_mapping){.dma = DMK_MAPPING_ERROR, .reason = reason};
}

static struct dmk_mapping refuse_address(enum dmk_address_kind kind)
{
	return (struct dmk_mapping){.dma = DMK_MAPPING_ERROR,
				    .reason = DMK_REASON_BAD_ADDRESS,
				    .address_kind = kind};
}

static void say_bounced(struct dmk_event *event)
{
	struct dmk_range phys;

	event->bounced_bytes = event->size;
	if (dmk_range_make(event->phys.v, event->size, &phys))
		event->cause = dmk_bounce_cause(event->dev, phys);
}

static void announce_map(struct dmk_event *event, const struct dmk_mapping *mapping)
{
	event->kind = mapping->reason == DMK_REASON_NONE ? DMK_EVENT_MAP : DMK_EVENT_MAP_FAILED;
	event->dma = mapping->dma;
	event->reason = mapping->reason;
	event->address_kind = mapping->address_kind;
	event->bounced = mapping->bounced;
	if (mapping->bounced)
		say_bounced(event);
	event->coherent = event->kind == DMK_EVENT_MAP && event->dev->bus->coherent;
	event->result = dmk_result_of(mapping->reason);
	event->interrupt = dmk_in_interrupt();
	dmk_tell(event);
}

/*
 * An address that is not known: the system says what it is. Its range, or why it can't be mapped.
 */
static __attribute__((__noinline__)) struct dmk_mapping ask(const void *cpu, size_t size,
							    dmk_phys *phys, struct dmk_range *range)
{
	const struct dmk_os *os = &dmk_core.os;
	enum dmk_address_kind kind;

	*phys = DMK_PHYS(0);
	if (!dmk_range_make((uintptr_t)cpu, size, range) || range->last > (uintptr_t)~0ULL)
		return refuse(DMK_REASON_BAD_SIZE);
	kind = os->ops->classify(os->ctx, cpu, size, phys);
	if (kind != DMK_ADDRESS_DIRECT)
		return refuse_address(kind);
	if (!dmk_range_make(phys->v, size, range))
		return refuse(DMK_REASON_BAD_SIZE);
	return (struct dmk_mapping){.reason = DMK_REASON_NONE};
}

static __attribute__((__noinline__)) struct dmk_mapping map_cpu(struct dmk_dev *dev, void *cpu,
								size_t size, enum dmk_direction dir,
								unsigned long attrs, dmk_phys *phys)
{
	struct dmk_range range;

	if (!dmk_device_good(dev))
		return refuse(DMK_REASON_BAD_DEVICE);
	if (!dmk_direction_good(dir))
		return refuse(DMK_REASON_BAD_DIRECTION);
	if (attrs & DMK_ATTR_MMIO)
		return refuse(DMK_REASON_BAD_ARGUMENT);
	*phys = DMK_PHYS((uintptr_t)cpu - (uintptr_t)dmk_layout.direct_base);
	if (__builtin_expect(!dmk_range_make(phys->v, size, &range) || !dmk_is_direct(range), 0)) {
		const struct dmk_mapping asked = ask(cpu, size, phys, &range);

		if (asked.reason != DMK_REASON_NONE)
			return asked;
	}
	return dev->domain ? dmk_domain_map(dev, range, dir, attrs, false)
			   : dmk_direct_map(dev, range, dir, attrs);
}

/* Somebody watches, or has calls fail. */
static __attribute__((__noinline__)) dmk_dma map_cpu_watched(struct dmk_dev *dev, void *cpu,
							     size_t size, enum dmk_direction dir,
							     unsigned long attrs,
							     struct dmk_place place)
{
	dmk_phys phys = DMK_PHYS((uintptr_t)cpu - (uintptr_t)dmk_layout.direct_base);
	struct dmk_mapping mapping = {.reason = DMK_REASON_NONE};

	if (dmk_should_fail(DMK_FAIL_MAP, place.caller)) {
		mapping = refuse(DMK_REASON_NO_ROOM);
		phys = DMK_PHYS(0);
	} else if (!dmk_is_straight(dev, phys.v, size, dir, attrs & DMK_ATTR_MMIO,
				    &mapping.dma)) {
		phys = DMK_PHYS(0);
		mapping = map_cpu(dev, cpu, size, dir, attrs, &phys);
	}
	if (dmk_heard())
		announce_map(&(struct dmk_event){.map_kind = DMK_MAP_SINGLE,
						 .dev = dev,
						 .cpu = cpu,
						 .phys = phys,
						 .size = size,
						 .dir = dir,
						 .attrs = attrs,
						 .caller = place.caller,
						 .frame = place.frame},
			     &mapping);
	return mapping.dma;
}

dmk_dma dmk_map_cpu(struct dmk_dev *dev, void *cpu, size_t size, enum dmk_direction dir,
		    unsigned long attrs)
{
	dmk_phys phys = DMK_PHYS((uintptr_t)cpu - (uintptr_t)dmk_layout.direct_base);
	struct dmk_range range;
	dmk_dma dma;

	if (__builtin_expect(dmk_attention != 0, 0))
		return map_cpu_watched(dev, cpu, size, dir, attrs, DMK_PLACE_HERE);
	if (dmk_range_make(phys.v, size, &range)) {
		dma = dmk_direct_map_soon(dev, range.first, range.last, dir, attrs);
		if (dma.v != DMK_MAPPING_ERROR.v)
			return dma;
	}
	return map_cpu(dev, cpu, size, dir, attrs, &phys).dma;
}

static bool is_mmio(enum dmk_map_kind kind, unsigned long attrs)
{
	return kind == DMK_MAP_RESOURCE || (kind == DMK_MAP_PHYS && attrs & DMK_ATTR_MMIO);
}

/*
 * A page or an address in the direct map is RAM: there are no registers that the attribute could
 * mean.
 */
static bool is_senseless(enum dmk_map_kind kind, unsigned long attrs)
{
	return attrs & DMK_ATTR_MMIO && kind != DMK_MAP_PHYS && kind != DMK_MAP_RESOURCE;
}

static __attribute__((__noinline__)) struct dmk_mapping
map_phys(struct dmk_dev *dev, dmk_phys phys, size_t size, enum dmk_direction dir,
	 unsigned long attrs, enum dmk_map_kind kind)
{
	struct dmk_range range;

	if (!dmk_device_good(dev))
		return refuse(DMK_REASON_BAD_DEVICE);
	if (!dmk_direction_good(dir))
		return refuse(DMK_REASON_BAD_DIRECTION);
	if (is_senseless(kind, attrs))
		return refuse(DMK_REASON_BAD_ARGUMENT);
	if (!dmk_range_make(phys.v, size, &range))
		return refuse(DMK_REASON_BAD_SIZE);
	if (is_mmio(kind, attrs) && dmk_is_ram(range))
		return refuse_address(DMK_ADDRESS_DIRECT);
	if (!is_mmio(kind, attrs) && !dmk_is_ram(range))
		return refuse(DMK_REASON_NOT_RAM);
	if (dev->domain)
		return dmk_domain_map(dev, range, dir, attrs, is_mmio(kind, attrs));
	return is_mmio(kind, attrs) ? dmk_direct_map_mmio(dev, range)
				    : dmk_direct_map(dev, range, dir, attrs);
}

static __attribute__((__noinline__)) dmk_dma
map_phys_watched(struct dmk_dev *dev, dmk_phys phys, size_t size, enum dmk_direction dir,
		 unsigned long attrs, enum dmk_map_kind kind, struct dmk_place place)
{
	struct dmk_mapping mapping = {.reason = DMK_REASON_NONE};

	if (dmk_should_fail(DMK_FAIL_MAP, place.caller))
		mapping = refuse(DMK_REASON_NO_ROOM);
	else if (kind == DMK_MAP_RESOURCE ||
		 !dmk_is_straight(dev, phys.v, size, dir, attrs & DMK_ATTR_MMIO, &mapping.dma))
		mapping = map_phys(dev, phys, size, dir, attrs, kind);
	if (dmk_heard())
		announce_map(&(struct dmk_event){.map_kind = kind,
						 .dev = dev,
						 .phys = phys,
						 .size = size,
						 .dir = dir,
						 .attrs = attrs,
						 .caller = place.caller,
						 .frame = place.frame},
			     &mapping);
	return mapping.dma;
}

dmk_dma dmk_map_phys(struct dmk_dev *dev, dmk_phys phys, size_t size, enum dmk_direction dir,
		     unsigned long attrs, enum dmk_map_kind kind)
{
	struct dmk_range range;
	dmk_dma dma;

	if (__builtin_expect(dmk_attention != 0, 0))
		return map_phys_watched(dev, phys, size, dir, attrs, kind, DMK_PLACE_HERE);
	if (kind != DMK_MAP_RESOURCE && dmk_range_make(phys.v, size, &range)) {
		dma = dmk_direct_map_soon(dev, range.first, range.last, dir, attrs);
		if (dma.v != DMK_MAPPING_ERROR.v)
			return dma;
	}
	return map_phys(dev, phys, size, dir, attrs, kind).dma;
}

static __attribute__((__noinline__)) void
announce_unmap(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir,
	       unsigned long attrs, enum dmk_map_kind kind, struct dmk_place place)
{
	dmk_tell(&(struct dmk_event){.kind = DMK_EVENT_UNMAP,
				     .map_kind = kind,
				     .dev = dev,
				     .dma = dma,
				     .size = size,
				     .dir = dir,
				     .attrs = attrs,
				     .interrupt = dmk_in_interrupt(),
				     .caller = place.caller,
				     .frame = place.frame});
}

void dmk_unmap(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir,
	       unsigned long attrs, enum dmk_map_kind kind)
{
	if (dmk_heard()) {
		announce_unmap(dev, dma, size, dir, attrs, kind, DMK_PLACE_HERE);
		if (dev && !dmk_held_at(dev, dma.v))
			return;
	}
	if (dev && dev->domain)
		dmk_domain_unmap(dev, dma, size, dir, attrs);
	else if (!is_mmio(kind, attrs))
		dmk_direct_unmap(dev, dma, size, dir, attrs);
}

int dmk_mapping_error(struct dmk_dev *dev, dmk_dma dma)
{
	int result = dma.v == DMK_MAPPING_ERROR.v ? -ENOMEM : 0;

	if (dmk_observed())
		dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_MAPPING_ERROR,
						 .dev = dev,
						 .dma = dma,
						 .result = result,
						 DMK_EVENT_HERE});
	return result;
}

static __attribute__((__noinline__)) void
announce_sync(enum dmk_event_kind kind, struct dmk_dev *dev, dmk_dma dma, size_t size,
	      enum dmk_direction dir, struct dmk_place place)
{
	dmk_tell(&(struct dmk_event){.kind = kind,
				     .map_kind = DMK_MAP_SINGLE,
				     .dev = dev,
				     .dma = dma,
				     .size = size,
				     .dir = dir,
				     .interrupt = dmk_in_interrupt(),
				     .caller = place.caller,
				     .frame = place.frame});
}

void dmk_sync_for_cpu(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir)
{
	if (dev && dev->domain)
		dmk_domain_sync_for_cpu(dev, dma, size, dir);
	else
		dmk_direct_sync_for_cpu(dev, dma, size, dir);
	if (dmk_heard())
		announce_sync(DMK_EVENT_SYNC_FOR_CPU, dev, dma, size, dir, DMK_PLACE_HERE);
}

/* Announced first: once it is done the device may be at it already. */
void dmk_sync_for_device(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir)
{
	if (dmk_heard())
		announce_sync(DMK_EVENT_SYNC_FOR_DEVICE, dev, dma, size, dir, DMK_PLACE_HERE);
	if (dev && dev->domain)
		dmk_domain_sync_for_device(dev, dma, size, dir);
	else
		dmk_direct_sync_for_device(dev, dma, size, dir);
}
