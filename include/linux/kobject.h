/* SPDX-License-Identifier: MIT */
/*
 * Kernel objects: something with a name, a parent, a count of users, and a directory below /sys.
 * Sets of them and their events to user space are not provided.
 */
#ifndef _LINUX_KOBJECT_H
#define _LINUX_KOBJECT_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/kref.h>
#include <linux/sysfs.h>

struct dmk_node;
struct kobject;

struct kobj_type {
	void (*release)(struct kobject *kobj);
	const struct sysfs_ops *sysfs_ops;
	const struct attribute_group **default_groups;
};

struct kobject {
	const char *name;
	struct kobject *parent;
	const struct kobj_type *ktype;
	struct kref kref;
	char *dmk_name;       /* name, if kobject_set_name() made it */
	struct dmk_node *dmk; /* the directory, while it is there */
};

/** An attribute of an object that is nothing else: the functions get the object. */
struct kobj_attribute {
	struct attribute attr;
	ssize_t (*show)(struct kobject *kobj, struct kobj_attribute *attr, char *buf);
	ssize_t (*store)(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			 size_t count);
};

/** Calls show and store of a struct kobj_attribute. */
extern const struct sysfs_ops kobj_sysfs_ops DMK_SYM(kobj_sysfs_ops);
/** /sys/kernel, and /sys/firmware */
extern struct kobject *kernel_kobj DMK_SYM(kernel_kobj);
extern struct kobject *firmware_kobj DMK_SYM(firmware_kobj);

/** kobject_init - one user, no name; ends in kobject_put(), which calls @ktype's release */
void kobject_init(struct kobject *kobj, const struct kobj_type *ktype) DMK_SYM(kobject_init);
/**
 * kobject_add - name it and make its directory in @parent's (NULL: /sys itself)
 * Return: 0, -EEXIST, -EINVAL (no name), -ENOMEM. On failure kobject_put() is due.
 */
int kobject_add(struct kobject *kobj, struct kobject *parent, const char *format, ...)
	DMK_SYM(kobject_add) __printf(3, 4) __must_check;
int kobject_init_and_add(struct kobject *kobj, const struct kobj_type *ktype,
			 struct kobject *parent, const char *format, ...)
	DMK_SYM(kobject_init_and_add) __printf(4, 5) __must_check;
/**
 * kobject_create_and_add - one that kobject_put() frees; its attributes are struct kobj_attribute.
 * NULL: failed.
 */
struct kobject *kobject_create_and_add(const char *name, struct kobject *parent)
	DMK_SYM(kobject_create_and_add);
int kobject_set_name(struct kobject *kobj, const char *format, ...) DMK_SYM(kobject_set_name)
	__printf(2, 3);
/** kobject_del - its directory goes, with all in it; nobody is in an attribute's call after it */
void kobject_del(struct kobject *kobj) DMK_SYM(kobject_del);
struct kobject *kobject_get(struct kobject *kobj) DMK_SYM(kobject_get);
void kobject_put(struct kobject *kobj) DMK_SYM(kobject_put);

static inline const char *kobject_name(const struct kobject *kobj)
{
	return kobj->name;
}

#endif
