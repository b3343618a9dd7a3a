/* SPDX-License-Identifier: MIT */
/*
 * Windows between a bus and memory: translation both ways, and what a device reaches through them
 * (ADR-02, MSK-06).
 */
#ifndef DMK_CORE_WINDOW_H
#define DMK_CORE_WINDOW_H

#include <dmakit/device.h>
#include <dmakit/port.h>

#include "range.h"

/**
 * dmk_window_translate - @range on the other side of the bus's windows: *@first. false: not all of
 * it is there, or not in one piece.
 */
bool dmk_window_translate(const struct dmk_bus *bus, bool to_bus, struct dmk_range range,
			  uint64_t *first);

/**
 * dmk_window_by_first - the same, where the first window says it at once; false: all must be asked.
 */
static inline bool dmk_window_by_first(const struct dmk_bus *bus, bool to_bus,
				       struct dmk_range range, uint64_t *first)
{
	const struct dmk_window *window = &bus->windows[0];
	const uint64_t from = to_bus ? window->phys.v : window->bus;
	const uint64_t to = to_bus ? window->bus : window->phys.v;
	const uint64_t offset = range.first - from, before_last = range.last - range.first;

	*first = to + offset;
	return range.first >= from && offset < window->size &&
	       before_last < window->size - offset && *first >= to &&
	       *first <= ~0ULL - before_last;
}

/**
 * dmk_window_to_bus - the bus address of a physical range; false: not all of it is on the bus, or
 * not in one piece.
 */
static inline bool dmk_window_to_bus(const struct dmk_bus *bus, struct dmk_range phys, dmk_dma *dma)
{
	return __builtin_expect(dmk_window_by_first(bus, true, phys, &dma->v), 1) ||
	       dmk_window_translate(bus, true, phys, &dma->v);
}

/** dmk_window_to_phys - the opposite */
static inline bool dmk_window_to_phys(const struct dmk_bus *bus, struct dmk_range dma,
				      dmk_phys *phys)
{
	return __builtin_expect(dmk_window_by_first(bus, false, dma, &phys->v), 1) ||
	       dmk_window_translate(bus, false, dma, &phys->v);
}

/**
 * dmk_window_part - the physical range behind the bus addresses of @window that are not above
 * @limit; false: none.
 */
bool dmk_window_part(const struct dmk_window *window, uint64_t limit, struct dmk_range *phys);

/** The last bus address that the device, and its bus, can drive. @dev has a dma_mask. */
static inline uint64_t dmk_streaming_limit(const struct dmk_dev *dev)
{
	/* A limit of 0 is none, and is all ones here. */
	return dev->bus_dma_limit - 1 < *dev->dma_mask ? dev->bus_dma_limit : *dev->dma_mask;
}
uint64_t dmk_coherent_limit(const struct dmk_dev *dev);
/**
 * dmk_page_limit - the last bus address at which pages for consistent memory may lie; behind an
 * IOMMU they may be anywhere
 */
uint64_t dmk_page_limit(const struct dmk_dev *dev);

/**
 * dmk_reaches - whether the device can address all of it in a streaming mapping, and how (MSK-06)
 */
static inline bool dmk_reaches(const struct dmk_dev *dev, struct dmk_range phys, dmk_dma *dma)
{
	return dmk_window_to_bus(dev->bus, phys, dma) &&
	       dma->v + (phys.last - phys.first) <= dmk_streaming_limit(dev);
}

/**
 * dmk_reaches_each - whether the device can address each byte, be it in one mapping or in several
 */
bool dmk_reaches_each(const struct dmk_dev *dev, struct dmk_range phys);

/**
 * dmk_low_memory - the physical range that every bus of the machine shows to a device of @bits
 * address bits
 * Return: false: there is no such range. Legacy (ISA) devices don't count.
 */
bool dmk_low_memory(unsigned int bits, struct dmk_range *phys);

#endif
