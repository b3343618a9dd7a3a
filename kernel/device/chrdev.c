// SPDX-License-Identifier: MIT
/*
 * Character device numbers: who claimed which, and the cdev that serves each. Misc devices are
 * cdevs of one major.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/cdev.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include "../internal.h"

enum { MAJOR_MAX = 511, FIRST_DYNAMIC = 234, LAST_DYNAMIC = 128, REGISTERED_MINORS = 256 };

struct region {
	struct region *next;
	dev_t first;
	unsigned int count;
	struct cdev *cdev; /* of register_chrdev() */
	char name[64];
};

static struct region *regions;
static struct cdev *cdevs;
static struct miscdevice *miscs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct class misc_class = {.name = "misc"};

static bool overlaps(dev_t a, unsigned int n, dev_t b, unsigned int m)
{
	return a < b + m && b < a + n;
}

static bool is_taken(dev_t first, unsigned int count)
{
	for (struct region *region = regions; region; region = region->next)
		if (overlaps(first, count, region->first, region->count))
			return true;
	return false;
}

static bool has_major(unsigned int major)
{
	return is_taken(MKDEV(major, 0), 1U << MINORBITS);
}

/* A major that nobody has any minor of; 0: none is left. */
static unsigned int free_major(void)
{
	for (unsigned int major = FIRST_DYNAMIC; major >= LAST_DYNAMIC; major--)
		if (!has_major(major))
			return major;
	for (unsigned int major = MAJOR_MAX; major > FIRST_DYNAMIC; major--)
		if (!has_major(major))
			return major;
	return 0;
}

static bool makes_sense(unsigned int major, unsigned int minor, unsigned int count)
{
	return major <= MAJOR_MAX && count && minor <= MINORMASK && count - 1 <= MINORMASK - minor;
}

/* Major 0: choose one. */
static int claim(dev_t *first, unsigned int count, const char *name)
{
	struct region *region;
	int error = 0;

	if (!name || !makes_sense(MAJOR(*first), MINOR(*first), count))
		return -EINVAL;
	region = calloc(1, sizeof(*region));
	if (!region)
		return -ENOMEM;
	snprintf(region->name, sizeof(region->name), "%s", name);
	pthread_mutex_lock(&lock);
	if (!MAJOR(*first))
		*first = MKDEV(free_major(), MINOR(*first));
	if (!MAJOR(*first) || is_taken(*first, count))
		error = -EBUSY;
	region->first = *first;
	region->count = count;
	region->next = regions;
	if (!error)
		regions = region;
	pthread_mutex_unlock(&lock);
	if (error)
		free(region);
	return error;
}

int register_chrdev_region(dev_t first, unsigned int count, const char *name)
{
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -ENOMEM;
	return MAJOR(first) ? claim(&first, count, name) : -EINVAL;
}

int alloc_chrdev_region(dev_t *first, unsigned int minor, unsigned int count, const char *name)
{
	dev_t chosen = MKDEV(0, minor);
	int error = dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER) ? -ENOMEM
								   : claim(&chosen, count, name);

	if (!error)
		*first = chosen;
	return error;
}

static struct region *unclaim(dev_t first, unsigned int count)
{
	struct region **at = &regions, *old;

	pthread_mutex_lock(&lock);
	while (*at && ((*at)->first != first || (*at)->count != count))
		at = &(*at)->next;
	old = *at;
	if (old)
		*at = old->next;
	pthread_mutex_unlock(&lock);
	return old;
}

void unregister_chrdev_region(dev_t first, unsigned int count)
{
	free(unclaim(first, count));
}

int register_chrdev(unsigned int major, const char *name, const struct file_operations *fops)
{
	dev_t first = MKDEV(major, 0);
	struct cdev *cdev =
		dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER) ? NULL : cdev_alloc();
	int error;

	if (!cdev)
		return -ENOMEM;
	cdev->ops = fops;
	cdev->owner = fops ? fops->owner : NULL;
	error = fops ? claim(&first, REGISTERED_MINORS, name) : -EINVAL;
	if (!error) {
		error = cdev_add(cdev, first, REGISTERED_MINORS);
		if (error)
			unregister_chrdev_region(first, REGISTERED_MINORS);
	}
	if (error) {
		free(cdev);
		return error;
	}
	pthread_mutex_lock(&lock);
	for (struct region *region = regions; region; region = region->next)
		if (region->first == first)
			region->cdev = cdev;
	pthread_mutex_unlock(&lock);
	return major ? 0 : (int)MAJOR(first);
}

void unregister_chrdev(unsigned int major, const char *name)
{
	struct region *old = unclaim(MKDEV(major, 0), REGISTERED_MINORS);

	if (old && old->cdev)
		cdev_del(old->cdev);
	free(old);
}

/* --- cdevs ------------------------------------------------------------------------------------ */

void cdev_init(struct cdev *cdev, const struct file_operations *fops)
{
	memset(cdev, 0, sizeof(*cdev));
	INIT_LIST_HEAD(&cdev->list);
	cdev->ops = fops;
}

DMK_ENTRY struct cdev *cdev_alloc(void)
{
	struct cdev *cdev = dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER)
				    ? NULL
				    : calloc(1, sizeof(*cdev));

	if (!cdev)
		return NULL;
	INIT_LIST_HEAD(&cdev->list);
	cdev->dmk_allocated = true;
	return cdev;
}

DMK_ENTRY int cdev_add(struct cdev *cdev, dev_t first, unsigned int count)
{
	int error = 0;

	if (!cdev || !cdev->ops || !makes_sense(MAJOR(first), MINOR(first), count))
		return -EINVAL;
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -ENOMEM;
	pthread_mutex_lock(&lock);
	for (struct cdev *other = cdevs; other && !error; other = other->dmk_next)
		if (other == cdev || overlaps(first, count, other->dev, other->count))
			error = -EBUSY;
	if (!error) {
		cdev->dev = first;
		cdev->count = count;
		cdev->dmk_next = cdevs;
		cdevs = cdev;
	}
	pthread_mutex_unlock(&lock);
	return error;
}

void cdev_del(struct cdev *cdev)
{
	struct cdev **at = &cdevs;

	if (!cdev)
		return;
	pthread_mutex_lock(&lock);
	while (*at && *at != cdev)
		at = &(*at)->dmk_next;
	if (*at)
		*at = cdev->dmk_next;
	pthread_mutex_unlock(&lock);
	if (cdev->dmk_allocated)
		free(cdev);
}

int cdev_device_add(struct cdev *cdev, struct device *dev)
{
	int error = 0;

	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -ENOMEM;
	if (dev->devt) {
		error = cdev_add(cdev, dev->devt, 1);
		if (error)
			return error;
	}
	error = device_add(dev);
	if (error && dev->devt)
		cdev_del(cdev);
	return error;
}

void cdev_device_del(struct cdev *cdev, struct device *dev)
{
	device_del(dev);
	if (dev->devt)
		cdev_del(cdev);
}

struct cdev *dmk_cdev_find(dev_t devt)
{
	struct cdev *cdev;

	pthread_mutex_lock(&lock);
	cdev = cdevs;
	while (cdev && !(devt >= cdev->dev && devt - cdev->dev < cdev->count))
		cdev = cdev->dmk_next;
	pthread_mutex_unlock(&lock);
	return cdev;
}

/* The name of a number's region, and its place in it. */
static bool region_name(dev_t devt, char *name, size_t size)
{
	for (struct region *region = regions; region; region = region->next) {
		if (devt < region->first || devt - region->first >= region->count)
			continue;
		snprintf(name, size, "%.48s%u", region->name, (unsigned int)MINOR(devt));
		return true;
	}
	return false;
}

bool dmk_cdev_unnamed(unsigned int index, struct dmk_region_name *result)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (struct cdev *cdev = cdevs; cdev && !found; cdev = cdev->dmk_next) {
		unsigned int n = cdev->count < REGISTERED_MINORS ? cdev->count : REGISTERED_MINORS;

		if (MAJOR(cdev->dev) == MISC_MAJOR)
			continue;
		if (index >= n) {
			index -= n;
			continue;
		}
		result->devt = cdev->dev + index;
		found = region_name(result->devt, result->name, sizeof(result->name));
		if (!found)
			break;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

/* --- misc devices ----------------------------------------------------------------------------- */

static bool minor_is_taken(int minor)
{
	for (struct miscdevice *misc = miscs; misc; misc = misc->dmk_next)
		if (misc->minor == minor)
			return true;
	return false;
}

static int take_minor(struct miscdevice *misc)
{
	int error = 0;

	pthread_mutex_lock(&lock);
	if (misc->minor == MISC_DYNAMIC_MINOR)
		for (misc->minor = MISC_DYNAMIC_MINOR + 1; minor_is_taken(misc->minor);)
			misc->minor++;
	else if (minor_is_taken(misc->minor))
		error = -EBUSY;
	if (!error) {
		misc->dmk_next = miscs;
		miscs = misc;
	}
	pthread_mutex_unlock(&lock);
	return error;
}

static void drop_minor(struct miscdevice *misc)
{
	struct miscdevice **at = &miscs;

	pthread_mutex_lock(&lock);
	while (*at && *at != misc)
		at = &(*at)->dmk_next;
	if (*at)
		*at = misc->dmk_next;
	pthread_mutex_unlock(&lock);
}

int misc_register(struct miscdevice *misc)
{
	bool dynamic;
	struct cdev *cdev;
	int error;

	if (!misc || !misc->name || !misc->fops || misc->minor < 0)
		return -EINVAL;
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -ENOMEM;
	dynamic = misc->minor == MISC_DYNAMIC_MINOR;
	INIT_LIST_HEAD(&misc->list);
	error = take_minor(misc);
	if (error)
		return error;
	cdev = cdev_alloc();
	error = -ENOMEM;
	if (!cdev)
		goto drop;
	cdev->ops = misc->fops;
	error = cdev_add(cdev, MKDEV(MISC_MAJOR, misc->minor), 1);
	if (error)
		goto free_cdev;
	misc->this_device = device_create_with_groups(&misc_class, misc->parent,
						      MKDEV(MISC_MAJOR, misc->minor), misc,
						      misc->groups, "%s",
						      misc->nodename ? misc->nodename : misc->name);
	if (!IS_ERR(misc->this_device))
		return 0;
	error = (int)PTR_ERR(misc->this_device);
	misc->this_device = NULL;
	cdev_del(cdev);
	cdev = NULL;
free_cdev:
	free(cdev);
drop:
	drop_minor(misc);
	if (dynamic)
		misc->minor = MISC_DYNAMIC_MINOR;
	return error;
}

void misc_deregister(struct miscdevice *misc)
{
	if (!misc || !misc->this_device)
		return;
	device_destroy(&misc_class, MKDEV(MISC_MAJOR, misc->minor));
	misc->this_device = NULL;
	cdev_del(dmk_cdev_find(MKDEV(MISC_MAJOR, misc->minor)));
	drop_minor(misc);
	if (misc->minor > MISC_DYNAMIC_MINOR)
		misc->minor = MISC_DYNAMIC_MINOR;
}

/* What drivers left behind; their memory may be gone already, but for what is ours. */
void dmk_chrdev_stop(void)
{
	while (regions) {
		struct region *old = regions;

		regions = old->next;
		free(old);
	}
	while (cdevs) {
		struct cdev *old = cdevs;

		cdevs = old->dmk_next;
		if (old->dmk_allocated)
			free(old);
	}
	miscs = NULL;
}
