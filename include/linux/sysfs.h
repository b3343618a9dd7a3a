/* SPDX-License-Identifier: MIT */
/*
 * Attributes: named values that a driver shows. dmakit has no file tree; attributes of a device are
 * kept with it and a test reaches them by dmk_device_attribute_show() and
 * dmk_device_attribute_store() (dmakit's kernel/device/device.h).
 */
#ifndef _LINUX_SYSFS_H
#define _LINUX_SYSFS_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/stat.h>

struct kobject;
struct file;
struct bin_attribute;

struct attribute {
	const char *name;
	umode_t mode;
};

struct attribute_group {
	const char *name;
	umode_t (*is_visible)(struct kobject *kobj, struct attribute *attr, int index);
	umode_t (*is_bin_visible)(struct kobject *kobj, struct bin_attribute *attr, int index);
	struct attribute **attrs;
	struct bin_attribute **bin_attrs;
};

struct bin_attribute {
	struct attribute attr;
	size_t size;
	void *private;
	ssize_t (*read)(struct file *file, struct kobject *kobj, struct bin_attribute *attr,
			char *buf, loff_t offset, size_t size);
	ssize_t (*write)(struct file *file, struct kobject *kobj, struct bin_attribute *attr,
			 char *buf, loff_t offset, size_t size);
};

#define SYSFS_PREALLOC 010000

#define __ATTR(_name, _mode, _show, _store)                                                        \
	{                                                                                          \
		.attr = { .name = #_name, .mode = (_mode) }, .show = (_show), .store = (_store),   \
	}
#define __ATTR_RO(_name)                                                                           \
	{                                                                                          \
		.attr = { .name = #_name, .mode = 0444 }, .show = _name##_show,                    \
	}
#define __ATTR_WO(_name)                                                                           \
	{                                                                                          \
		.attr = { .name = #_name, .mode = 0200 }, .store = _name##_store,                  \
	}
#define __ATTR_RW(_name) __ATTR(_name, 0644, _name##_show, _name##_store)
#define __ATTR_NULL { .attr = { .name = NULL } }

#define __ATTRIBUTE_GROUPS(_name)                                                                  \
	static const struct attribute_group *_name##_groups[] = { &_name##_group, NULL }
#define ATTRIBUTE_GROUPS(_name)                                                                    \
	static const struct attribute_group _name##_group = { .attrs = _name##_attrs };            \
	__ATTRIBUTE_GROUPS(_name)

#define sysfs_attr_init(attr) ((void)(attr))
#define sysfs_bin_attr_init(attr) ((void)(attr))

/**
 * sysfs_emit - printf into a page-sized show() buffer; what does not fit is cut. Return: bytes
 * without the final NUL.
 */
int sysfs_emit(char *buf, const char *format, ...) DMK_SYM(sysfs_emit) __printf(2, 3);
int sysfs_emit_at(char *buf, int at, const char *format, ...) DMK_SYM(sysfs_emit_at) __printf(3, 4);
/** sysfs_streq - equal but for one newline at either's end */
bool sysfs_streq(const char *a, const char *b) DMK_SYM(sysfs_streq);

/* Calls on the kobject of a struct device. -EEXIST: the name is taken. */
int sysfs_create_group(struct kobject *kobj, const struct attribute_group *group)
	DMK_SYM(sysfs_create_group);
void sysfs_remove_group(struct kobject *kobj, const struct attribute_group *group)
	DMK_SYM(sysfs_remove_group);

#endif
