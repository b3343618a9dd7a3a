// SPDX-License-Identifier: MIT
/*
 * What /sys shows of devices, drivers and classes: a directory each, links between them, and the
 * files by which a device is given to a driver or taken from it.
 *
 *	/sys/devices/pci0000:00/0000:00:01.0/   a device; children and devices of a class below it
 *	/sys/devices/virtual/CLASS/NAME/        one without a parent
 *	/sys/bus/BUS/devices/NAME               a link, and /sys/class/CLASS/NAME another
 *	/sys/bus/BUS/drivers/DRIVER/            bind, unbind, and a link to each device that it has
 */
#include "internal.h"
#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/device.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/sprintf.h>

#include "../internal.h"

enum { PATH_BYTES = 256 };

/* --- devices ---------------------------------------------------------------------------------- */

static ssize_t show_device(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct device_attribute *what = container_of(attr, struct device_attribute, attr);

	return what->show ? what->show(kobj_to_dev(kobj), what, buf) : -EIO;
}

static ssize_t store_device(struct kobject *kobj, struct attribute *attr, const char *buf,
			    size_t count)
{
	struct device_attribute *what = container_of(attr, struct device_attribute, attr);

	return what->store ? what->store(kobj_to_dev(kobj), what, buf, count) : -EIO;
}

static const struct sysfs_ops device_operations = {show_device, store_device};

const struct kobj_type dmk_device_type = {.sysfs_ops = &device_operations};

static ssize_t dev_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u:%u\n", MAJOR(dev->devt), MINOR(dev->devt));
}

static DEVICE_ATTR_RO(dev);

/* Where a device's directory is; made as far as it is missing. */
static struct dmk_node *place(const struct device *dev)
{
	const struct device *parent = dev->parent;
	char path[PATH_BYTES] = "/sys/devices";
	size_t n = strlen(path);

	if (parent && parent->kobj.dmk && (!dev->class || parent->class))
		return parent->kobj.dmk;
	if (parent && parent->kobj.dmk)
		dmk_node_path(parent->kobj.dmk, path, sizeof(path));
	else if (dev->class)
		snprintf(path + n, sizeof(path) - n, "/virtual");
	else if (dev->bus)
		snprintf(path + n, sizeof(path) - n, "/%s%s", dev->bus->name,
			 strcmp(dev->bus->name, "pci") ? "" : "0000:00");
	n = strlen(path);
	if (dev->class)
		snprintf(path + n, sizeof(path) - n, "/%s", dev->class->name);
	return dmk_node_directories(path);
}

/* "!" in a name is "/" to users. */
static struct dmk_node *kind_directory(const struct device *dev)
{
	char path[PATH_BYTES];

	if (dev->class)
		snprintf(path, sizeof(path), "sys/class/%s", dev->class->name);
	else if (dev->bus)
		snprintf(path, sizeof(path), "sys/bus/%s/devices", dev->bus->name);
	else
		return NULL;
	return dmk_node_directories(path);
}

static void remove_child(struct dmk_node *where, const char *name)
{
	struct dmk_node *node = IS_ERR_OR_NULL(where) ? NULL : dmk_node_child(where, name);

	dmk_node_remove(node);
	dmk_node_put(node);
}

static void link_to(struct dmk_node *where, const struct kobject *target, const char *name)
{
	if (!IS_ERR_OR_NULL(where))
		dmk_sysfs_link(where, target, name);
}

int dmk_device_show(struct device *dev)
{
	int error = dmk_kobject_directory(&dev->kobj, place(dev));
	char number[32];

	if (error)
		return error;
	link_to(kind_directory(dev), &dev->kobj, dev_name(dev));
	if (dev->class && dev->parent)
		link_to(dev->kobj.dmk, &dev->parent->kobj, "device");
	if (!dev->devt)
		return 0;
	snprintf(number, sizeof(number), "%u:%u", MAJOR(dev->devt), MINOR(dev->devt));
	link_to(dmk_node_directories("sys/dev/char"), &dev->kobj, number);
	return device_create_file(dev, &dev_attr_dev);
}

void dmk_device_hide(struct device *dev)
{
	char number[32];

	if (!dev->kobj.dmk)
		return;
	snprintf(number, sizeof(number), "%u:%u", MAJOR(dev->devt), MINOR(dev->devt));
	if (dev->devt)
		remove_child(dmk_node_directories("sys/dev/char"), number);
	remove_child(kind_directory(dev), dev_name(dev));
	dmk_node_remove(dev->kobj.dmk);
	dev->kobj.dmk = NULL;
}

/* --- drivers ---------------------------------------------------------------------------------- */

static struct device_driver *driver_of(struct kobject *kobj)
{
	return container_of(kobj, struct device_driver, dmk_kobj);
}

static ssize_t show_driver(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct driver_attribute *what = container_of(attr, struct driver_attribute, attr);

	return what->show ? what->show(driver_of(kobj), buf) : -EIO;
}

static ssize_t store_driver(struct kobject *kobj, struct attribute *attr, const char *buf,
			    size_t count)
{
	struct driver_attribute *what = container_of(attr, struct driver_attribute, attr);

	return what->store ? what->store(driver_of(kobj), buf, count) : -EIO;
}

static const struct sysfs_ops driver_operations = {show_driver, store_driver};
static const struct kobj_type driver_type = {.sysfs_ops = &driver_operations};

static struct device *find_written(const struct device_driver *drv, const char *buf)
{
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(buf, "\n"), buf);
	return bus_find_device_by_name(drv->bus, NULL, name);
}

static ssize_t bind_store(struct device_driver *drv, const char *buf, size_t count)
{
	struct device *dev = find_written(drv, buf);
	int error = dev ? dmk_device_bind(dev, drv) : -ENODEV;

	put_device(dev);
	return error ? error : (ssize_t)count;
}

static ssize_t unbind_store(struct device_driver *drv, const char *buf, size_t count)
{
	struct device *dev = find_written(drv, buf);
	bool is_ours = dev && dev->driver == drv;

	if (is_ours)
		device_release_driver(dev);
	put_device(dev);
	return is_ours ? (ssize_t)count : -ENODEV;
}

static struct driver_attribute driver_attr_bind = __ATTR_WO(bind);
static struct driver_attribute driver_attr_unbind = __ATTR_WO(unbind);

int dmk_driver_show(struct device_driver *drv)
{
	char path[PATH_BYTES];
	int error;

	snprintf(path, sizeof(path), "sys/bus/%s/drivers", drv->bus->name);
	drv->dmk_kobj = (struct kobject){
		.name = drv->name,
		.ktype = &driver_type,
		.kref = KREF_INIT(1),
	};
	error = dmk_kobject_directory(&drv->dmk_kobj, dmk_node_directories(path));
	if (!error && !drv->suppress_bind_attrs) {
		error = driver_create_file(drv, &driver_attr_bind);
		error = error ? error : driver_create_file(drv, &driver_attr_unbind);
	}
	for (int i = 0; !error && drv->groups && drv->groups[i]; i++)
		error = dmk_sysfs_add_group(&drv->dmk_kobj, drv->groups[i]);
	if (error)
		dmk_driver_hide(drv);
	return error;
}

void dmk_driver_hide(struct device_driver *drv)
{
	dmk_node_remove(drv->dmk_kobj.dmk);
	drv->dmk_kobj.dmk = NULL;
}

void dmk_driver_has(struct device_driver *drv, struct device *dev, bool has)
{
	if (!drv->dmk_kobj.dmk || !dev->kobj.dmk)
		return;
	if (has) {
		link_to(drv->dmk_kobj.dmk, &dev->kobj, dev_name(dev));
		link_to(dev->kobj.dmk, &drv->dmk_kobj, "driver");
		return;
	}
	remove_child(drv->dmk_kobj.dmk, dev_name(dev));
	remove_child(dev->kobj.dmk, "driver");
}

int driver_create_file(const struct device_driver *drv, const struct driver_attribute *attr)
{
	return drv && attr ? dmk_sysfs_add_file((struct kobject *)&drv->dmk_kobj, &attr->attr)
			   : -EINVAL;
}

void driver_remove_file(const struct device_driver *drv, const struct driver_attribute *attr)
{
	if (drv && attr)
		sysfs_remove_file((struct kobject *)&drv->dmk_kobj, &attr->attr);
}

/* --- classes ---------------------------------------------------------------------------------- */

/* The directory of a class that has attributes of its own. */
struct class_object {
	struct kobject kobj; /* first */
	const struct class *class;
	struct class_object *next;
};

static struct class_object *class_objects;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t show_class(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct class_attribute *what = container_of(attr, struct class_attribute, attr);

	return what->show ? what->show(((struct class_object *)kobj)->class, what, buf) : -EIO;
}

static ssize_t store_class(struct kobject *kobj, struct attribute *attr, const char *buf,
			   size_t count)
{
	struct class_attribute *what = container_of(attr, struct class_attribute, attr);

	return what->store ? what->store(((struct class_object *)kobj)->class, what, buf, count)
			   : -EIO;
}

static const struct sysfs_ops class_operations = {show_class, store_class};
static const struct kobj_type class_type = {.sysfs_ops = &class_operations};

static struct class_object *new_class_object(const struct class *class)
{
	struct class_object *object = calloc(1, sizeof(*object));
	char path[PATH_BYTES];

	if (!object)
		return NULL;
	snprintf(path, sizeof(path), "sys/class/%s", class->name);
	object->class = class;
	object->kobj.name = class->name;
	object->kobj.ktype = &class_type;
	object->kobj.dmk = dmk_node_directories(path);
	kref_init(&object->kobj.kref);
	object->next = class_objects;
	class_objects = object;
	return object;
}

static struct kobject *class_object(const struct class *class, bool make)
{
	struct class_object *object;

	pthread_mutex_lock(&lock);
	object = class_objects;
	while (object && object->class != class)
		object = object->next;
	if (!object && make)
		object = new_class_object(class);
	pthread_mutex_unlock(&lock);
	return object && !IS_ERR(object->kobj.dmk) ? &object->kobj : NULL;
}

int class_create_file(const struct class *class, const struct class_attribute *attr)
{
	struct kobject *kobj = class && attr ? class_object(class, true) : NULL;

	return kobj ? dmk_sysfs_add_file(kobj, &attr->attr) : -EINVAL;
}

void class_remove_file(const struct class *class, const struct class_attribute *attr)
{
	if (class && attr)
		sysfs_remove_file(class_object(class, false), &attr->attr);
}

int dmk_class_show(const struct class *class)
{
	int error = 0;

	for (int i = 0; !error && class->class_groups && class->class_groups[i]; i++)
		error = dmk_sysfs_add_group(class_object(class, true), class->class_groups[i]);
	return error;
}

void dmk_class_hide(const struct class *class)
{
	struct class_object **at = &class_objects, *old;

	remove_child(dmk_node_directories("sys/class"), class->name);
	pthread_mutex_lock(&lock);
	while (*at && (*at)->class != class)
		at = &(*at)->next;
	old = *at;
	if (old)
		*at = old->next;
	pthread_mutex_unlock(&lock);
	free(old);
}

void dmk_class_files_stop(void)
{
	while (class_objects)
		dmk_class_hide(class_objects->class);
}
