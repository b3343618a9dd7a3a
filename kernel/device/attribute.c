// SPDX-License-Identifier: MIT
/*
 * Attributes of devices: kept in a list with their device, for tests to read and write. There is no
 * file tree.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/device.h>
#include <linux/sprintf.h>

enum { ATTRIBUTE_BYTES = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct dmk_attribute **find(struct device *dev, const char *group, const char *name)
{
	struct dmk_attribute **at = &dev->p->attributes;

	while (*at && (strcmp((*at)->attr->name, name) || strcmp((*at)->group, group)))
		at = &(*at)->next;
	return at;
}

static int add(struct device *dev, const char *group, const struct attribute *attr)
{
	struct dmk_attribute *new;
	int error = 0;

	if (!dev->p || !attr || !attr->name)
		return -EINVAL;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->group = group;
	new->attr = attr;
	pthread_mutex_lock(&lock);
	if (*find(dev, group, attr->name)) {
		error = -EEXIST;
		free(new);
	} else {
		*find(dev, group, attr->name) = new;
	}
	pthread_mutex_unlock(&lock);
	return error;
}

static void remove_one(struct device *dev, const char *group, const struct attribute *attr)
{
	struct dmk_attribute **at, *old;

	if (!dev->p || !attr || !attr->name)
		return;
	pthread_mutex_lock(&lock);
	at = find(dev, group, attr->name);
	old = *at;
	if (old)
		*at = old->next;
	pthread_mutex_unlock(&lock);
	free(old);
}

void dmk_attributes_free(struct device *dev)
{
	pthread_mutex_lock(&lock);
	while (dev->p->attributes) {
		struct dmk_attribute *old = dev->p->attributes;

		dev->p->attributes = old->next;
		free(old);
	}
	pthread_mutex_unlock(&lock);
}

int device_create_file(struct device *dev, const struct device_attribute *attr)
{
	return dev && attr ? add(dev, "", &attr->attr) : -EINVAL;
}

void device_remove_file(struct device *dev, const struct device_attribute *attr)
{
	if (dev && attr)
		remove_one(dev, "", &attr->attr);
}

static const char *group_name(const struct attribute_group *group)
{
	return group->name ? group->name : "";
}

void device_remove_group(struct device *dev, const struct attribute_group *group)
{
	for (struct attribute **attr = group ? group->attrs : NULL; attr && *attr; attr++)
		remove_one(dev, group_name(group), *attr);
}

int device_add_group(struct device *dev, const struct attribute_group *group)
{
	int error = 0;

	if (!group)
		return -EINVAL;
	for (int i = 0; group->attrs && group->attrs[i] && !error; i++) {
		struct attribute *attr = group->attrs[i];

		if (!group->is_visible || group->is_visible(&dev->kobj, attr, i))
			error = add(dev, group_name(group), attr);
	}
	if (error)
		device_remove_group(dev, group);
	return error;
}

void device_remove_groups(struct device *dev, const struct attribute_group **groups)
{
	for (; groups && *groups; groups++)
		device_remove_group(dev, *groups);
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

int sysfs_create_group(struct kobject *kobj, const struct attribute_group *group)
{
	return kobj ? device_add_group(kobj_to_dev(kobj), group) : -EINVAL;
}

void sysfs_remove_group(struct kobject *kobj, const struct attribute_group *group)
{
	if (kobj)
		device_remove_group(kobj_to_dev(kobj), group);
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

/* The device, referenced, and its attribute; NULL: no such thing. */
static struct device *look_up(const char *device, const char *attribute,
			      struct device_attribute **attr)
{
	struct device *dev = NULL;
	const char *slash = strchr(attribute, '/');
	const char *name = slash ? slash + 1 : attribute;
	char group[64] = "";

	if (slash && (size_t)(slash - attribute) < sizeof(group))
		memcpy(group, attribute, slash - attribute);
	while ((dev = dmk_device_next(dev))) {
		struct dmk_attribute *found;

		if (strcmp(dev_name(dev), device))
			continue;
		pthread_mutex_lock(&lock);
		found = *find(dev, group, name);
		*attr = found ? (struct device_attribute *)found->attr : NULL;
		pthread_mutex_unlock(&lock);
		if (found)
			return dev;
	}
	return NULL;
}

long dmk_device_attribute_show(const char *device, const char *attribute, char *buffer)
{
	struct device_attribute *attr;
	struct device *dev = look_up(device, attribute, &attr);
	long n = -EACCES;

	if (!dev)
		return -ENOENT;
	if (attr->show && (attr->attr.mode & 0444)) {
		memset(buffer, 0, ATTRIBUTE_BYTES);
		n = attr->show(dev, attr, buffer);
	}
	if (n >= ATTRIBUTE_BYTES)
		n = -EIO;
	if (n >= 0)
		buffer[n] = '\0';
	put_device(dev);
	return n;
}

long dmk_device_attribute_store(const char *device, const char *attribute, const char *text,
				size_t size)
{
	struct device_attribute *attr;
	struct device *dev = look_up(device, attribute, &attr);
	long n = -EACCES;
	char *copy;

	if (!dev)
		return -ENOENT;
	copy = calloc(1, size + 1);
	if (!copy)
		n = -ENOMEM;
	else if (attr->store && (attr->attr.mode & 0222))
		n = attr->store(dev, attr, memcpy(copy, text, size), size);
	free(copy);
	put_device(dev);
	return n;
}
