/* SPDX-License-Identifier: MIT */
/*
 * A bus: how devices and drivers on it are matched, and what is called around probe and remove.
 */
#ifndef _LINUX_DEVICE_BUS_H
#define _LINUX_DEVICE_BUS_H

#include <linux/types.h>
#include <linux/compiler.h>

struct attribute_group;
struct device;
struct device_driver;
struct dev_pm_ops;

struct bus_type {
	const char *name;
	const char *dev_name; /* devices without a name of their own are called this and their id */
	const struct attribute_group **bus_groups;
	const struct attribute_group **dev_groups;
	const struct attribute_group **drv_groups;
	int (*match)(struct device *dev, const struct device_driver *drv);
	int (*probe)(struct device *dev);
	void (*remove)(struct device *dev);
	void (*shutdown)(struct device *dev);
	const struct dev_pm_ops *pm;
};

int bus_register(const struct bus_type *bus) DMK_SYM(bus_register) __must_check;
void bus_unregister(const struct bus_type *bus) DMK_SYM(bus_unregister);
int bus_for_each_dev(const struct bus_type *bus, struct device *start, void *data,
		     int (*fn)(struct device *dev, void *data)) DMK_SYM(bus_for_each_dev);
/**
 * bus_find_device - the first for which @match is true, with a reference for the caller; NULL: none
 */
struct device *bus_find_device(const struct bus_type *bus, struct device *start, const void *data,
			       int (*match)(struct device *dev, const void *data))
	DMK_SYM(bus_find_device);
struct device *bus_find_device_by_name(const struct bus_type *bus, struct device *start,
				       const char *name) DMK_SYM(bus_find_device_by_name);

#endif
