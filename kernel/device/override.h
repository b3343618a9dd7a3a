/* SPDX-License-Identifier: MIT */
/*
 * Devices that are kept for one driver by its name: what a bus shows of it.
 */
#ifndef DMK_KERNEL_DEVICE_OVERRIDE_H
#define DMK_KERNEL_DEVICE_OVERRIDE_H

#include <linux/device.h>
#include <linux/sysfs.h>

ssize_t dmk_override_show(struct device *dev, const char *const *override, char *buf);

/** dev_attr_driver_override: the file of a bus's device, for the field of that name. */
#define DMK_OVERRIDE_FILE(to_bus_device)                                                        \
	static ssize_t driver_override_show(struct device *dev, struct device_attribute *attr,  \
					    char *buf)                                          \
	{                                                                                       \
		return dmk_override_show(dev, &to_bus_device(dev)->driver_override, buf);       \
	}                                                                                       \
	static ssize_t driver_override_store(struct device *dev, struct device_attribute *attr, \
					     const char *buf, size_t count)                     \
	{                                                                                       \
		int error = driver_set_override(dev, &to_bus_device(dev)->driver_override, buf, \
						count);                                         \
		return error ? error : (ssize_t)count;                                          \
	}                                                                                       \
	static DEVICE_ATTR_RW(driver_override)

#endif
