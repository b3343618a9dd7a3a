/* SPDX-License-Identifier: MIT */
/*
 * Misc devices: one file in /dev with the least ado.
 */
#ifndef _LINUX_MISCDEVICE_H
#define _LINUX_MISCDEVICE_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/kdev_t.h>

#define MISC_MAJOR 10
#define MISC_DYNAMIC_MINOR 255

struct file_operations;

struct miscdevice {
	int minor;
	const char *name;
	const struct file_operations *fops;
	struct list_head list;
	struct device *parent;
	struct device *this_device;
	const struct attribute_group **groups;
	const char *nodename;
	umode_t mode;
	struct miscdevice *dmk_next;
};

/**
 * misc_register - fills a dynamic minor in. -EBUSY: minor or name is taken; -EINVAL: no name or
 * operations.
 */
int misc_register(struct miscdevice *misc) DMK_SYM(misc_register);
void misc_deregister(struct miscdevice *misc) DMK_SYM(misc_deregister);

#define module_misc_device(misc) module_driver(misc, misc_register, misc_deregister)
#define builtin_misc_device(misc) builtin_driver(misc, misc_register)

#endif
