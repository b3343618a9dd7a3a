/* SPDX-License-Identifier: MIT */
/*
 * Attributes: files below /sys with a value each, which an object's functions show and store. A
 * test opens them with dmk_open("/sys/class/edu/edu0/speed"), a program as any file.
 */
#ifndef _LINUX_SYSFS_H
#define _LINUX_SYSFS_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/stat.h>
#include <linux/version.h>

struct kobject;
struct file;
struct attribute;
struct bin_attribute;
struct vm_area_struct;

/* From Linux 6.16 on nobody changes a binary attribute. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
typedef const struct bin_attribute dmk_bin_attribute;
typedef const struct bin_attribute *const dmk_bin_attribute_list;
#else
typedef struct bin_attribute dmk_bin_attribute;
typedef struct bin_attribute *dmk_bin_attribute_list;
#endif

struct sysfs_ops {
	ssize_t (*show)(struct kobject *kobj, struct attribute *attr, char *buf);
	ssize_t (*store)(struct kobject *kobj, struct attribute *attr, const char *buf,
			 size_t count);
};

struct attribute {
	const char *name;
	umode_t mode;
};

struct attribute_group {
	const char *name;
	umode_t (*is_visible)(struct kobject *kobj, struct attribute *attr, int index);
	umode_t (*is_bin_visible)(struct kobject *kobj, dmk_bin_attribute *attr, int index);
	struct attribute **attrs;
	dmk_bin_attribute_list *bin_attrs;
};

struct bin_attribute {
	struct attribute attr;
	size_t size;
	void *private;
	ssize_t (*read)(struct file *file, struct kobject *kobj, dmk_bin_attribute *attr, char *buf,
			loff_t offset, size_t size);
	ssize_t (*write)(struct file *file, struct kobject *kobj, dmk_bin_attribute *attr,
			 char *buf, loff_t offset, size_t size);
	int (*mmap)(struct file *file, struct kobject *kobj, dmk_bin_attribute *attr,
		    struct vm_area_struct *vma);
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

#define __BIN_ATTR(_name, _mode, _read, _write, _size)                                             \
	{                                                                                          \
		.attr = { .name = #_name, .mode = (_mode) }, .read = (_read), .write = (_write),   \
		.size = (_size),                                                                   \
	}
#define BIN_ATTR(_name, _mode, _read, _write, _size)                                               \
	struct bin_attribute bin_attr_##_name = __BIN_ATTR(_name, _mode, _read, _write, _size)
#define BIN_ATTR_RO(_name, _size)                                                                  \
	struct bin_attribute bin_attr_##_name =                                                    \
		__BIN_ATTR(_name, 0444, _name##_read, NULL, _size)
#define BIN_ATTR_WO(_name, _size)                                                                  \
	struct bin_attribute bin_attr_##_name =                                                    \
		__BIN_ATTR(_name, 0200, NULL, _name##_write, _size)
#define BIN_ATTR_RW(_name, _size)                                                                  \
	struct bin_attribute bin_attr_##_name =                                                    \
		__BIN_ATTR(_name, 0644, _name##_read, _name##_write, _size)

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

/**
 * Files of an object that has a directory. 0, -EEXIST: the name is taken, -EINVAL: no name, or no
 * directory, -ENOMEM. Who removes one waits until nobody is in its functions any more.
 */
int sysfs_create_file(struct kobject *kobj, const struct attribute *attr)
	DMK_SYM(sysfs_create_file) __must_check;
void sysfs_remove_file(struct kobject *kobj, const struct attribute *attr)
	DMK_SYM(sysfs_remove_file);
/** sysfs_create_files - all of a list that ends with NULL, or none */
int sysfs_create_files(struct kobject *kobj, const struct attribute *const *attrs)
	DMK_SYM(sysfs_create_files) __must_check;
void sysfs_remove_files(struct kobject *kobj, const struct attribute *const *attrs)
	DMK_SYM(sysfs_remove_files);
/** sysfs_create_bin_file - bytes at offsets; size 0: as many as the function gives */
int sysfs_create_bin_file(struct kobject *kobj, const struct bin_attribute *attr)
	DMK_SYM(sysfs_create_bin_file) __must_check;
void sysfs_remove_bin_file(struct kobject *kobj, const struct bin_attribute *attr)
	DMK_SYM(sysfs_remove_bin_file);
/** A group with a name is a directory of its own. */
int sysfs_create_group(struct kobject *kobj, const struct attribute_group *group)
	DMK_SYM(sysfs_create_group) __must_check;
void sysfs_remove_group(struct kobject *kobj, const struct attribute_group *group)
	DMK_SYM(sysfs_remove_group);
int sysfs_create_groups(struct kobject *kobj, const struct attribute_group **groups)
	DMK_SYM(sysfs_create_groups) __must_check;
void sysfs_remove_groups(struct kobject *kobj, const struct attribute_group **groups)
	DMK_SYM(sysfs_remove_groups);
int sysfs_create_link(struct kobject *kobj, struct kobject *target, const char *name)
	DMK_SYM(sysfs_create_link) __must_check;
void sysfs_remove_link(struct kobject *kobj, const char *name) DMK_SYM(sysfs_remove_link);

#endif
