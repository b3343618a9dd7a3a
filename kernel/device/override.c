// SPDX-License-Identifier: MIT
/*
 * Devices that are kept for one driver by its name: driver_override. The name is from kmalloc(),
 * and freed with the device.
 */
#include "override.h"

#include <errno.h>
#include <string.h>

#include <linux/slab.h>
#include <linux/string.h>

int driver_set_override(struct device *dev, const char **override, const char *s, size_t len)
{
	const char *fresh = NULL, *old;

	if (!override || !s || len >= 4096)
		return -EINVAL;
	len = strcspn(s, "\n") < len ? strcspn(s, "\n") : len;
	if (len) {
		fresh = kstrndup(s, len, GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
	}
	device_lock(dev);
	old = *override;
	*override = fresh;
	device_unlock(dev);
	kfree(old);
	return 0;
}

ssize_t dmk_override_show(struct device *dev, const char *const *override, char *buf)
{
	ssize_t n;

	device_lock(dev);
	n = sysfs_emit(buf, "%s\n", *override ? *override : "(null)");
	device_unlock(dev);
	return n;
}
