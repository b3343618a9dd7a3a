/* SPDX-License-Identifier: MIT */
/*
 * Classes: what kind of thing a device is to its user. A device made in a class with a device
 * number is a file in /dev.
 */
#ifndef _LINUX_DEVICE_CLASS_H
#define _LINUX_DEVICE_CLASS_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/version.h>

struct attribute_group;
struct device;
struct dev_pm_ops;
struct kobj_uevent_env;
struct module;

/* A class's functions may not change the device from Linux 6.2 on. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define DMK_CLASS_DEVICE const struct device
#else
#define DMK_CLASS_DEVICE struct device
#endif

/* And its attributes' functions may not change the class from 6.4 on. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define DMK_CLASS_ATTRIBUTE(what) const struct what
#else
#define DMK_CLASS_ATTRIBUTE(what) struct what
#endif

struct class {
	const char *name;
	const struct attribute_group **class_groups;
	const struct attribute_group **dev_groups;
	int (*dev_uevent)(DMK_CLASS_DEVICE *dev, struct kobj_uevent_env *env);
	char *(*devnode)(DMK_CLASS_DEVICE *dev, umode_t *mode);
	void (*class_release)(const struct class *class);
	void (*dev_release)(struct device *dev);
	const struct dev_pm_ops *pm;
	bool dmk_allocated;
};

int class_register(const struct class *class) DMK_SYM(class_register) __must_check;
void class_unregister(const struct class *class) DMK_SYM(class_unregister);
/** Return: the class, or an ERR_PTR: -ENOMEM, -EINVAL (no name). Freed by class_destroy(). */
struct class *dmk_class_create(const char *name);
void class_destroy(const struct class *class) DMK_SYM(class_destroy);
struct device *class_find_device(const struct class *class, const struct device *start,
				 const void *data,
				 int (*match)(struct device *dev, const void *data))
	DMK_SYM(class_find_device);

/* Up to Linux 6.3 the owner came first. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
static inline struct class *class_create(const char *name)
{
	return dmk_class_create(name);
}
#else
static inline struct class *class_create(struct module *owner, const char *name)
{
	return dmk_class_create(name);
}
#endif

#endif
