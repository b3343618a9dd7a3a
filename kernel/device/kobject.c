// SPDX-License-Identifier: MIT
/*
 * Kernel objects: their life, and their directories below /sys. A device's object is the driver
 * core's (core.c); its count of users is the device's.
 */
#include "internal.h"
#include "tree.h"

#include <errno.h>
#include <stdlib.h>

#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/slab.h>

#include "../internal.h"

static struct kobject kernel_object, firmware_object;
struct kobject *kernel_kobj = &kernel_object;
struct kobject *firmware_kobj = &firmware_object;

void dmk_kobject_start(void)
{
	kernel_object = (struct kobject){.name = "kernel",
					 .kref = KREF_INIT(1),
					 .dmk = dmk_node_directories("sys/kernel")};
	firmware_object = (struct kobject){.name = "firmware",
					   .kref = KREF_INIT(1),
					   .dmk = dmk_node_directories("sys/firmware")};
}

void kobject_init(struct kobject *kobj, const struct kobj_type *ktype)
{
	kref_init(&kobj->kref);
	kobj->ktype = ktype;
	kobj->dmk = NULL;
}

static int set_name(struct kobject *kobj, const char *format, __builtin_va_list arguments)
{
	char *name = dmk_format_name(format, arguments);

	if (!name)
		return -ENOMEM;
	free(kobj->dmk_name);
	kobj->dmk_name = name;
	kobj->name = name;
	return 0;
}

int kobject_set_name(struct kobject *kobj, const char *format, ...)
{
	__builtin_va_list arguments;
	int error;

	__builtin_va_start(arguments, format);
	error = set_name(kobj, format, arguments);
	__builtin_va_end(arguments);
	return error;
}

int dmk_kobject_directory(struct kobject *kobj, struct dmk_node *where)
{
	struct dmk_node *node = IS_ERR_OR_NULL(where) ? ERR_PTR(-EINVAL)
						      : dmk_node_make(where, kobj->name,
								      S_IFDIR | 0755, NULL, NULL);

	if (IS_ERR(node))
		return (int)PTR_ERR(node);
	kobj->dmk = node;
	return 0;
}

/* It has its name. */
static int add(struct kobject *kobj, struct kobject *parent)
{
	const struct attribute_group **group = kobj->ktype ? kobj->ktype->default_groups : NULL;
	int error;

	kobj->parent = parent;
	error = dmk_kobject_directory(kobj, parent ? parent->dmk : dmk_node_directories("sys"));
	if (error)
		return error;
	kobj->dmk->is_drivers = true;
	kobject_get(parent);
	for (; group && *group && !error; group++)
		error = dmk_sysfs_add_group(kobj, *group);
	if (error)
		kobject_del(kobj);
	return error;
}

int kobject_add(struct kobject *kobj, struct kobject *parent, const char *format, ...)
{
	__builtin_va_list arguments;
	int error;

	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -ENOMEM;
	__builtin_va_start(arguments, format);
	error = set_name(kobj, format, arguments);
	__builtin_va_end(arguments);
	return error ? error : add(kobj, parent);
}

int kobject_init_and_add(struct kobject *kobj, const struct kobj_type *ktype,
			 struct kobject *parent, const char *format, ...)
{
	__builtin_va_list arguments;
	int error;

	kobject_init(kobj, ktype);
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -ENOMEM;
	__builtin_va_start(arguments, format);
	error = set_name(kobj, format, arguments);
	__builtin_va_end(arguments);
	return error ? error : add(kobj, parent);
}

static ssize_t show_attribute(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct kobj_attribute *what = container_of(attr, struct kobj_attribute, attr);

	return what->show ? what->show(kobj, what, buf) : -EIO;
}

static ssize_t store_attribute(struct kobject *kobj, struct attribute *attr, const char *buf,
			       size_t count)
{
	struct kobj_attribute *what = container_of(attr, struct kobj_attribute, attr);

	return what->store ? what->store(kobj, what, buf, count) : -EIO;
}

const struct sysfs_ops kobj_sysfs_ops = {show_attribute, store_attribute};

static void free_created(struct kobject *kobj)
{
	kfree(kobj);
}

static const struct kobj_type created_type = {
	.release = free_created,
	.sysfs_ops = &kobj_sysfs_ops,
};

struct kobject *kobject_create_and_add(const char *name, struct kobject *parent)
{
	struct kobject *kobj;

	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return NULL;
	kobj = kzalloc(sizeof(*kobj), GFP_KERNEL);
	if (!kobj)
		return NULL;
	kobject_init(kobj, &created_type);
	if (!name || kobject_set_name(kobj, "%s", name) || add(kobj, parent)) {
		kobject_put(kobj);
		return NULL;
	}
	return kobj;
}

void kobject_del(struct kobject *kobj)
{
	struct kobject *parent;

	if (!kobj || !kobj->dmk)
		return;
	parent = kobj->parent;
	dmk_node_remove(kobj->dmk);
	kobj->dmk = NULL;
	kobj->parent = NULL;
	kobject_put(parent);
}

struct kobject *kobject_get(struct kobject *kobj)
{
	if (!kobj)
		return NULL;
	if (kobj->ktype == &dmk_device_type)
		get_device(kobj_to_dev(kobj));
	else
		kref_get(&kobj->kref);
	return kobj;
}

static void release(struct kref *kref)
{
	struct kobject *kobj = container_of(kref, struct kobject, kref);
	char *name = kobj->dmk_name;

	kobject_del(kobj);
	if (kobj->ktype && kobj->ktype->release)
		kobj->ktype->release(kobj);
	else
		dmk_complain(NULL, "kobject '%s' has no release function", name ? name : "");
	free(name);
}

void kobject_put(struct kobject *kobj)
{
	if (!kobj)
		return;
	if (kobj->ktype == &dmk_device_type)
		put_device(kobj_to_dev(kobj));
	else
		kref_put(&kobj->kref, release);
}
