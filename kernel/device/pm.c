// SPDX-License-Identifier: MIT
/*
 * Runtime power management: a count of users, and the driver's callbacks at its edges. Everything
 * happens in the caller's thread, under the device's lock.
 */
#include "internal.h"

#include <errno.h>

#include <linux/pm_runtime.h>

static int call(struct device *dev, bool resume)
{
	const struct dev_pm_ops *ops = dev->driver && dev->driver->pm ? dev->driver->pm : NULL;
	int (*callback)(struct device *) = !ops     ? NULL
					   : resume ? ops->runtime_resume
						    : ops->runtime_suspend;
	int error = callback ? callback(dev) : 0;

	if (!error)
		dev->power.runtime_suspended = !resume;
	return error;
}

int dmk_pm_get(struct device *dev, bool count, bool resume)
{
	int result = 1;

	device_lock(dev);
	if (count)
		dev->power.usage_count.counter++;
	if (resume && !dev->power.runtime_enabled && dev->power.runtime_suspended)
		result = -EACCES;
	else if (resume && dev->power.runtime_suspended)
		result = call(dev, true);
	device_unlock(dev);
	return result;
}

int dmk_pm_put(struct device *dev, bool count, bool suspend)
{
	int result = 0;

	device_lock(dev);
	if (count && dev->power.usage_count.counter > 0)
		dev->power.usage_count.counter--;
	else if (count)
		dev_warn(dev, "runtime PM usage count underflow\n");
	if (suspend && dev->power.usage_count.counter > 0)
		result = -EAGAIN;
	else if (suspend && !dev->power.runtime_enabled)
		result = -EACCES;
	else if (suspend && !dev->power.runtime_suspended)
		result = call(dev, false);
	device_unlock(dev);
	/* A user that is not the last one put its count correctly. */
	return count && result == -EAGAIN ? 0 : result;
}

static void enable(struct device *dev, bool on)
{
	device_lock(dev);
	dev->power.runtime_enabled = on;
	device_unlock(dev);
}

void pm_runtime_enable(struct device *dev)
{
	enable(dev, true);
}

void pm_runtime_disable(struct device *dev)
{
	enable(dev, false);
}

static void disable_managed(void *dev)
{
	pm_runtime_disable(dev);
}

int devm_pm_runtime_enable(struct device *dev)
{
	pm_runtime_enable(dev);
	return devm_add_action_or_reset(dev, disable_managed, dev);
}

int pm_runtime_set_active(struct device *dev)
{
	dev->power.runtime_suspended = false;
	return 0;
}

int pm_runtime_set_suspended(struct device *dev)
{
	dev->power.runtime_suspended = true;
	return 0;
}
