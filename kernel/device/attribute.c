// SPDX-License-Identifier: MIT
/*
 * Attributes of devices, on top of sysfs.c; the text calls of all attributes; and how tests reach
 * an attribute by its device's name.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/device.h>
#include <linux/sprintf.h>

enum { ATTRIBUTE_BYTES = 4096 };

int device_create_file(struct device *dev, const struct device_attribute *attr)
{
	return dev && attr ? dmk_sysfs_add_file(&dev->kobj, &attr->attr) : -EINVAL;
}

void device_remove_file(struct device *dev, const struct device_attribute *attr)
{
	if (dev && attr)
		sysfs_remove_file(&dev->kobj, &attr->attr);
}

int device_create_bin_file(struct device *dev, const struct bin_attribute *attr)
{
	return dev && attr ? sysfs_create_bin_file(&dev->kobj, attr) : -EINVAL;
}

void device_remove_bin_file(struct device *dev, const struct bin_attribute *attr)
{
	if (dev && attr)
		sysfs_remove_bin_file(&dev->kobj, attr);
}

void device_remove_group(struct device *dev, const struct attribute_group *group)
{
	sysfs_remove_group(&dev->kobj, group);
}

int device_add_group(struct device *dev, const struct attribute_group *group)
{
	return group ? dmk_sysfs_add_group(&dev->kobj, group) : -EINVAL;
}

void device_remove_groups(struct device *dev, const struct attribute_group **groups)
{
	sysfs_remove_groups(&dev->kobj, groups);
}

int device_add_groups(struct device *dev, const struct attribute_group **groups)
{
	for (int i = 0; groups && groups[i]; i++) {
		int error = device_add_group(dev, groups[i]);

		if (!error)
			continue;
		while (i-- > 0)
			device_remove_group(dev, groups[i]);
		return error;
	}
	return 0;
}

struct group_record {
	const struct attribute_group **groups;
	const struct attribute_group *group;
};

static void remove_managed(struct device *dev, void *res)
{
	struct group_record *record = res;

	device_remove_groups(dev, record->groups);
	device_remove_group(dev, record->group);
}

static int add_managed(struct device *dev, struct group_record what)
{
	struct group_record *record = devres_alloc(remove_managed, sizeof(*record), 0);
	int error;

	if (!record)
		return -ENOMEM;
	*record = what;
	error = what.groups ? device_add_groups(dev, what.groups)
			    : device_add_group(dev, what.group);
	if (error)
		devres_free(record);
	else
		devres_add(dev, record);
	return error;
}

int devm_device_add_group(struct device *dev, const struct attribute_group *group)
{
	return add_managed(dev, (struct group_record){.group = group});
}

int devm_device_add_groups(struct device *dev, const struct attribute_group **groups)
{
	return add_managed(dev, (struct group_record){.groups = groups});
}

/* --- text ------------------------------------------------------------------------------------- */

static int emit(char *buf, int at, const char *format, __builtin_va_list arguments)
{
	int n;

	if (at < 0 || at >= ATTRIBUTE_BYTES)
		return 0;
	n = dmk_vsnprintf(buf + at, ATTRIBUTE_BYTES - at, format, arguments);
	return n < ATTRIBUTE_BYTES - at ? n : ATTRIBUTE_BYTES - at - 1;
}

int sysfs_emit(char *buf, const char *format, ...)
{
	__builtin_va_list arguments;
	int n;

	__builtin_va_start(arguments, format);
	n = emit(buf, 0, format, arguments);
	__builtin_va_end(arguments);
	return n;
}

int sysfs_emit_at(char *buf, int at, const char *format, ...)
{
	__builtin_va_list arguments;
	int n;

	__builtin_va_start(arguments, format);
	n = emit(buf, at, format, arguments);
	__builtin_va_end(arguments);
	return n;
}

bool sysfs_streq(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	if (*a == *b)
		return true;
	if (!*a && *b == '\n' && !b[1])
		return true;
	return *a == '\n' && !a[1] && !*b;
}

/* --- for tests -------------------------------------------------------------------------------- */

/* The device of that name that has the attribute, referenced. */
static struct device *next_named(struct device *from, const char *name)
{
	while ((from = dmk_device_next(from)) && strcmp(dev_name(from), name))
		;
	return from;
}

long dmk_device_attribute_show(const char *device, const char *attribute, char *buffer)
{
	struct device *dev = NULL;
	long n = -ENOENT;

	while (n == -ENOENT && (dev = next_named(dev, device)))
		n = dmk_sysfs_show(&dev->kobj, attribute, buffer);
	put_device(dev);
	return n;
}

long dmk_device_attribute_store(const char *device, const char *attribute, const char *text,
				size_t size)
{
	struct device *dev = NULL;
	long n = -ENOENT;

	while (n == -ENOENT && (dev = next_named(dev, device)))
		n = dmk_sysfs_store(&dev->kobj, attribute, text, size);
	put_device(dev);
	return n;
}
