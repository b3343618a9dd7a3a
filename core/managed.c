/* SPDX-License-Identifier: MIT */
/*
 * What is undone when a driver lets go of its device, newest first (COH-09, POL-06). The list is the device's; each entry knows
 * how it is released and who it belongs to.
 */
#include "core.h"
#include "lock.h"

void dmk_managed_add(struct dmk_dev *dev, struct dmk_managed *managed)
{
	unsigned long flags = dmk_lock_take(&dev->lock);

	managed->next = dev->managed;
	dev->managed = managed;
	dmk_lock_drop(&dev->lock, flags);
}

bool dmk_managed_remove(struct dmk_dev *dev, struct dmk_managed *managed)
{
	unsigned long flags = dmk_lock_take(&dev->lock);
	struct dmk_managed **at = &dev->managed;
	bool found;

	while (*at && *at != managed)
		at = &(*at)->next;
	found = *at;
	if (found)
		*at = managed->next;
	dmk_lock_drop(&dev->lock, flags);
	return found;
}

static struct dmk_managed *take_newest(struct dmk_dev *dev)
{
	unsigned long flags = dmk_lock_take(&dev->lock);
	struct dmk_managed *managed = dev->managed;

	if (managed)
		dev->managed = managed->next;
	dmk_lock_drop(&dev->lock, flags);
	return managed;
}

void dmk_managed_release(struct dmk_dev *dev)
{
	struct dmk_managed *managed;

	while ((managed = take_newest(dev)))
		managed->release(dev, managed);
}
