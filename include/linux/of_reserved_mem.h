/* SPDX-License-Identifier: MIT */
/*
 * Memory of a device's own, named by its node's memory-region. It serves the device from the
 * beginning, with or without these calls (MEM-09, BNC-05): they answer whether there is some.
 */
#ifndef _LINUX_OF_RESERVED_MEM_H
#define _LINUX_OF_RESERVED_MEM_H

#include <linux/device.h>
#include <linux/errno.h>
#include <linux/of.h>

/**
 * of_reserved_mem_device_init - 0, or -ENODEV: the device names no pool, and its memory is the
 * system's.
 */
static inline int of_reserved_mem_device_init(struct device *dev)
{
	const struct dmk_bus *bus = dev ? dev->dmk.bus : NULL;

	return bus && (bus->shared_pool || bus->restricted_pool) ? 0 : -ENODEV;
}

/** of_reserved_mem_device_init_by_idx - the same; a device names one pool here: @idx 0. */
static inline int of_reserved_mem_device_init_by_idx(struct device *dev, struct device_node *np,
						     int idx)
{
	return idx ? -ENODEV : of_reserved_mem_device_init(dev);
}

static inline void of_reserved_mem_device_release(struct device *dev)
{
}

#endif
