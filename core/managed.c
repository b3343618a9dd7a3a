/* SPDX-License-Identifier: MIT */
/*
 * What is undone when a driver lets go of its device, newest first (COH-09, POL-06). The list is
 * the device's; each entry knows how it is released and who it belongs to.
 *
 * An entry is taken off by whoever finds it on the list, under the device's lock: so of a release
 * and an early free one has it.
 */
#include "core.h"
#include "lock.h"

void dmk_managed_add(struct dmk_dev *dev, struct dmk_managed *managed)
{
	unsigned long flags = dmk_lock_take(&dev->lock);

	managed->next = dev->managed;
	managed->at = &dev->managed;
	if (managed->next)
		managed->next->at = &managed->next;
	dev->managed = managed;
	dmk_lock_drop(&dev->lock, flags);
}

/* With the device's lock. */
static void unlink_managed(struct dmk_managed *managed)
{
	*managed->at = managed->next;
	if (managed->next)
		managed->next->at = managed->at;
	managed->at = NULL;
}

bool dmk_managed_remove(struct dmk_dev *dev, struct dmk_managed *managed)
{
	unsigned long flags = dmk_lock_take(&dev->lock);
	bool found = managed->at;

	if (found)
		unlink_managed(managed);
	dmk_lock_drop(&dev->lock, flags);
	return found;
}

static struct dmk_managed *take_newest(struct dmk_dev *dev)
{
	unsigned long flags = dmk_lock_take(&dev->lock);
	struct dmk_managed *managed = dev->managed;

	if (managed)
		unlink_managed(managed);
	dmk_lock_drop(&dev->lock, flags);
	return managed;
}

void dmk_managed_release(struct dmk_dev *dev)
{
	struct dmk_managed *managed;

	while ((managed = take_newest(dev)))
		managed->release(dev, managed);
}
