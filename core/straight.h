/* SPDX-License-Identifier: MIT */
/*
 * What makes a direct mapping arithmetic: where RAM is, found out once, and what of it a device
 * sees in line with its bus.
 */
#ifndef DMK_CORE_STRAIGHT_H
#define DMK_CORE_STRAIGHT_H

#include "core.h"

/**
 * dmk_straight_start - ask the system where RAM is; dmk_straight_stop - it may be elsewhere from
 * now on.
 */
void dmk_straight_start(void);
void dmk_straight_stop(void);

/**
 * dmk_straight_attach - a new device: what it has mapped without a call. Its bus, and where it
 * bounces, are known.
 */
void dmk_straight_attach(struct dmk_dev *dev);
/** dmk_straight_detach - nothing, from now on. */
void dmk_straight_detach(struct dmk_dev *dev);

/** dmk_straight_good - whether dev->straight speaks of the bus that the device is on. */
static inline bool dmk_straight_good(const struct dmk_dev *dev)
{
	return dev->straight_bus && dev->straight_bus == dev->bus;
}

/**
 * dmk_nothing_held - whether unmaps and syncs of this device's mappings have nothing to do,
 * wherever they are
 */
static inline bool dmk_nothing_held(const struct dmk_dev *dev)
{
	return dmk_straight_good(dev) && __atomic_load_n(&dev->held_first, __ATOMIC_RELAXED) >
						 __atomic_load_n(&dev->held_last, __ATOMIC_RELAXED);
}

/** dmk_is_held - whether they have, at all of these bus addresses */
static inline bool dmk_is_held(const struct dmk_dev *dev, struct dmk_range dma)
{
	const unsigned long first = (unsigned long)(dma.first >> DMK_PAGE_SHIFT);
	const unsigned long last = (unsigned long)(dma.last >> DMK_PAGE_SHIFT);

	return first <= last && first >= __atomic_load_n(&dev->held_first, __ATOMIC_RELAXED) &&
	       last <= __atomic_load_n(&dev->held_last, __ATOMIC_RELAXED);
}

/** dmk_hold - from now on they have, at these bus addresses. */
void dmk_hold(struct dmk_dev *dev, struct dmk_range dma);

#endif
