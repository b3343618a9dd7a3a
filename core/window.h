/* SPDX-License-Identifier: MIT */
/*
 * Windows between a bus and memory: translation both ways, and what a device reaches through them (ADR-02, MSK-06).
 */
#ifndef DMK_CORE_WINDOW_H
#define DMK_CORE_WINDOW_H

#include <dmakit/port.h>

#include "range.h"

struct dmk_dev;

/** dmk_window_to_bus - the bus address of a physical range; false: not all of it is on the bus, or not in one piece. */
bool dmk_window_to_bus(const struct dmk_bus *bus, struct dmk_range phys, dmk_dma *dma);
/** dmk_window_to_phys - the opposite */
bool dmk_window_to_phys(const struct dmk_bus *bus, struct dmk_range dma, dmk_phys *phys);
/** dmk_window_part - the physical range behind the bus addresses of @window that are not above @limit; false: none. */
bool dmk_window_part(const struct dmk_window *window, uint64_t limit, struct dmk_range *phys);

/** The last bus address that the device, and its bus, can drive. @dev has a dma_mask. */
uint64_t dmk_streaming_limit(const struct dmk_dev *dev);
uint64_t dmk_coherent_limit(const struct dmk_dev *dev);
/** dmk_page_limit - the last bus address at which pages for consistent memory may lie; behind an IOMMU they may be anywhere */
uint64_t dmk_page_limit(const struct dmk_dev *dev);

/** dmk_reaches - whether the device can address all of it in a streaming mapping, and how (MSK-06) */
bool dmk_reaches(const struct dmk_dev *dev, struct dmk_range phys, dmk_dma *dma);

/** dmk_reaches_each - whether the device can address each byte, be it in one mapping or in several */
bool dmk_reaches_each(const struct dmk_dev *dev, struct dmk_range phys);

/**
 * dmk_low_memory - the physical range that every bus of the machine shows to a device of @bits address bits
 * Return: false: there is no such range. Legacy (ISA) devices don't count.
 */
bool dmk_low_memory(unsigned int bits, struct dmk_range *phys);

#endif
