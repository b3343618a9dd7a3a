/* SPDX-License-Identifier: MIT */
/*
 * Character devices: a range of device numbers and the operations behind it.
 */
#ifndef _LINUX_CDEV_H
#define _LINUX_CDEV_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/kdev_t.h>
#include <linux/kobject.h>
#include <linux/list.h>

struct device;
struct file_operations;
struct inode;
struct module;

struct cdev {
	struct kobject kobj;
	struct module *owner;
	const struct file_operations *ops;
	struct list_head list;
	dev_t dev;
	unsigned int count;
	bool dmk_allocated;
	struct cdev *dmk_next;
};

void cdev_init(struct cdev *cdev, const struct file_operations *fops) DMK_SYM(cdev_init);
/** cdev_alloc - freed by cdev_del(). NULL: no memory. */
struct cdev *cdev_alloc(void) DMK_SYM(cdev_alloc);
/**
 * cdev_add - live at once. -EBUSY: part of the range has a cdev; -EINVAL: count 0, or no
 * operations.
 */
int cdev_add(struct cdev *cdev, dev_t first, unsigned int count) DMK_SYM(cdev_add);
/** cdev_del - no new opens; files that are open stay so, with the operations they have. */
void cdev_del(struct cdev *cdev) DMK_SYM(cdev_del);
int cdev_device_add(struct cdev *cdev, struct device *dev) DMK_SYM(cdev_device_add);
void cdev_device_del(struct cdev *cdev, struct device *dev) DMK_SYM(cdev_device_del);

static inline void cdev_set_parent(struct cdev *cdev, struct kobject *kobj)
{
	cdev->kobj.parent = kobj;
}

#endif
