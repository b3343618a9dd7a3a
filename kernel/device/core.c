// SPDX-License-Identifier: MIT
/*
 * The driver core: which devices there are, which drivers, who drives what. It knows no bus; buses
 * say what matches.
 *
 * A device with a driver:  add -> (BIND -> probe -> PROBED) -> remove -> managed resources -> UNBIND.
 *
 * Two kinds of lock: the list lock, never held while a driver is called, and one lock a device,
 * held around its probe and remove.
 */
#include "../internal.h"
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dmakit/kernel.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/printk.h>

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct device *devices, *last_device;
static struct device_driver *drivers;
static __thread bool retrying;

/* --- events ----------------------------------------------------------------------------------- */

static void announce(enum dmk_event_kind kind, struct device *dev, const char *name, int result)
{
	if (!dmk_observed())
		return;
	dmk_announce(&(struct dmk_event){
		.kind = kind,
		.dev = &dev->dmk,
		.name = name,
		.result = result,
		.requester = dev->p ? dev->p->requester : DMK_REQUESTER_NONE,
	});
}

/* --- life ------------------------------------------------------------------------------------- */

static const struct dmk_window whole_memory = {0, {0}, ~0ULL};
static const struct dmk_bus plain_bus = {"plain", &whole_memory, 1, true};

const struct dmk_bus *dmk_device_bus(const struct device *parent)
{
	const struct dmk_machine *machine = dmk_device_port ? dmk_device_port->machine : NULL;

	for (; parent; parent = parent->parent)
		if (parent->p && parent->p->requester != DMK_REQUESTER_NONE)
			return parent->dmk.bus;
	if (machine && machine->nr_platform)
		return machine->platform[0].dma;
	if (machine && machine->pci)
		return machine->pci->dma;
	return machine && machine->isa ? machine->isa : &plain_bus;
}

static void init_recursive(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

void device_initialize(struct device *dev)
{
	u64 *mask = dev->dma_mask;
	u64 coherent = dev->coherent_dma_mask;

	dmk_dev_init(&dev->dmk, NULL, dmk_device_bus(dev->parent), dev);
	dev->dma_mask = mask; /* NULL as a rule: such a device does no DMA */
	dev->coherent_dma_mask = coherent;
	dev->numa_node = -1;
	dev->kobj.ktype = &dmk_device_type;
	dev->kobj.dmk = NULL;
	dev->p = calloc(1, sizeof(*dev->p));
	if (!dev->p)
		return; /* device_add() says so */
	dev->p->references = 1;
	dev->p->requester = DMK_REQUESTER_NONE;
	init_recursive(&dev->p->lock);
	pthread_mutex_init(&dev->p->records_lock, NULL);
}

void dmk_device_masters(struct device *dev, const struct dmk_bus *bus, uint32_t requester)
{
	/* What it was given for its parent's bus it may not have on this one. */
	if (dev->p)
		dmk_dev_exit(&dev->dmk);
	dmk_dev_init(&dev->dmk, dev_name(dev), bus, dev);
	if (dev->p)
		dev->p->requester = requester;
	/* What it can't do then it has said. */
	if (requester != DMK_REQUESTER_NONE)
		dmk_dev_attach(&dev->dmk, requester);
}

struct device *get_device(struct device *dev)
{
	if (dev && dev->p)
		__atomic_add_fetch(&dev->p->references, 1, __ATOMIC_RELAXED);
	return dev;
}

/* The core's records of a device end; its memory is still there. */
static void forget(struct device *dev)
{
	struct dmk_device_private *p = dev->p;

	dmk_records_release(dev);
	announce(DMK_EVENT_DEVICE_REMOVE, dev, dev_name(dev), 0);
	dmk_dev_exit(&dev->dmk);
	dev->p = NULL;
	dev->kobj.name = NULL;
	dev->dmk.name = NULL;
	pthread_mutex_destroy(&p->lock);
	pthread_mutex_destroy(&p->records_lock);
	free(p->name);
	free(p);
}

void put_device(struct device *dev)
{
	void (*release)(struct device * dev);

	if (!dev || !dev->p)
		return;
	if (__atomic_sub_fetch(&dev->p->references, 1, __ATOMIC_ACQ_REL))
		return;
	release = dev->release                      ? dev->release
		  : dev->type && dev->type->release ? dev->type->release
		  : dev->class                      ? dev->class->dev_release
						    : NULL;
	if (!release)
		printk(KERN_WARNING "device %s has no release function\n", dev_name(dev));
	forget(dev);
	if (release)
		release(dev);
}

char *dmk_format_name(const char *format, __builtin_va_list arguments)
{
	char *name;

	return vasprintf(&name, format, arguments) < 0 ? NULL : name;
}

static int set_name(struct device *dev, char *name)
{
	if (!name || !dev->p) {
		free(name);
		return -ENOMEM;
	}
	free(dev->p->name);
	dev->p->name = name;
	dev->kobj.name = name;
	dev->dmk.name = name;
	return 0;
}

int dev_set_name(struct device *dev, const char *format, ...)
{
	__builtin_va_list arguments;
	char *name;

	__builtin_va_start(arguments, format);
	name = dmk_format_name(format, arguments);
	__builtin_va_end(arguments);
	return set_name(dev, name);
}

bool device_is_registered(struct device *dev)
{
	return dev->p && dev->p->added;
}

bool device_is_bound(struct device *dev)
{
	return dev->p && dev->p->bound;
}

void device_lock(struct device *dev)
{
	if (dev->p)
		pthread_mutex_lock(&dev->p->lock);
}

int device_trylock(struct device *dev)
{
	return !dev->p || pthread_mutex_trylock(&dev->p->lock) == 0;
}

void device_unlock(struct device *dev)
{
	if (dev->p)
		pthread_mutex_unlock(&dev->p->lock);
}

/* --- the lists -------------------------------------------------------------------------------- */

static void list_append(struct device *dev)
{
	dev->p->previous = last_device;
	dev->p->next = NULL;
	if (last_device)
		last_device->p->next = dev;
	else
		devices = dev;
	last_device = dev;
}

static void list_remove(struct device *dev)
{
	if (dev->p->next)
		dev->p->next->p->previous = dev->p->previous;
	else
		last_device = dev->p->previous;
	if (dev->p->previous)
		dev->p->previous->p->next = dev->p->next;
	else
		devices = dev->p->next;
	dev->p->next = NULL;
	dev->p->previous = NULL;
}

static bool name_is_taken(const struct device *dev)
{
	for (struct device *other = devices; other; other = other->p->next) {
		if ((dev->bus && other->bus == dev->bus) ||
		    (dev->class && other->class == dev->class))
			if (!strcmp(dev_name(other), dev_name(dev)))
				return true;
	}
	return false;
}

struct device *dmk_device_next(struct device *from)
{
	struct device *next;

	pthread_mutex_lock(&list_lock);
	next = get_device(!from ? devices : from->p->added ? from->p->next : NULL);
	pthread_mutex_unlock(&list_lock);
	put_device(from);
	return next;
}

struct device *dmk_device_by_number(dev_t devt, const char *name)
{
	struct device *dev = NULL;

	while ((dev = dmk_device_next(dev))) {
		if (!dev->devt || (devt && dev->devt != devt))
			continue;
		if (!name || !strcmp(dev_name(dev), name))
			return dev;
	}
	return NULL;
}

/*
 * Devices as they are now, each with a reference: a driver may add and remove some while we walk.
 */
struct snapshot {
	struct device **device;
	size_t n;
};

static struct snapshot take_snapshot(bool (*wanted)(const struct device *dev, const void *data),
				     const void *data)
{
	struct snapshot shot = {NULL, 0};
	size_t room = 0;

	pthread_mutex_lock(&list_lock);
	for (struct device *dev = devices; dev; dev = dev->p->next)
		room++;
	shot.device = calloc(room + 1, sizeof(*shot.device));
	for (struct device *dev = devices; dev && shot.device; dev = dev->p->next)
		if (wanted(dev, data))
			shot.device[shot.n++] = get_device(dev);
	pthread_mutex_unlock(&list_lock);
	return shot;
}

static void drop_snapshot(struct snapshot *shot)
{
	for (size_t i = 0; i < shot->n; i++)
		put_device(shot->device[i]);
	free(shot->device);
}

static bool any_device(const struct device *dev, const void *data)
{
	return true;
}

static bool is_on_bus(const struct device *dev, const void *bus)
{
	return dev->bus == bus;
}

static bool is_in_class(const struct device *dev, const void *class)
{
	return dev->class == class;
}

static bool is_driven_by(const struct device *dev, const void *drv)
{
	return dev->driver == drv;
}

static bool is_child_of(const struct device *dev, const void *parent)
{
	return dev->parent == parent;
}

static bool is_deferred(const struct device *dev, const void *data)
{
	return dev->p->deferred;
}

/* --- binding ---------------------------------------------------------------------------------- */

/*
 * The driver is gone, or never came: everything is as it was before its probe. The device's lock is
 * held.
 */
static void unbound(struct device *dev, const char *driver)
{
	dmk_records_release(dev);
	dev->driver = NULL;
	dev->driver_data = NULL;
	dev->p->bound = false;
	dmk_dev_tell_use(&dev->dmk);
	announce(DMK_EVENT_UNBIND, dev, driver, 0);
	dmk_dev_unbound(&dev->dmk);
}

static int call_probe(struct device *dev, struct device_driver *drv)
{
	int error = 0;

	if (dev->bus->probe)
		error = dev->bus->probe(dev);
	else if (drv->probe)
		error = drv->probe(dev);
	if (error > 0) {
		dev_warn(dev,
			 "probe of driver %s returned %d, which is neither success nor an error\n",
			 drv->name, error);
		error = 0;
	}
	return error;
}

static int bind(struct device *dev, struct device_driver *drv)
{
	int error;

	dev->driver = drv;
	announce(DMK_EVENT_BIND, dev, drv->name, 0);
	dmk_dev_tell_use(&dev->dmk);
	error = call_probe(dev, drv);
	announce(DMK_EVENT_PROBED, dev, drv->name, error);
	if (!error && drv->dev_groups) {
		error = device_add_groups(dev, drv->dev_groups);
		if (error && dev->bus->remove)
			dev->bus->remove(dev);
		else if (error && drv->remove)
			drv->remove(dev);
	}
	if (!error) {
		dev->p->bound = true;
		dmk_driver_has(drv, dev, true);
		dmk_module_bound(drv->owner);
		return 0;
	}
	unbound(dev, drv->name);
	if (error == -EPROBE_DEFER)
		dev->p->deferred = true;
	else if (error != -ENODEV && error != -ENXIO)
		dev_err(dev, "probe with driver %s failed with error %d\n", drv->name, error);
	return error;
}

/* 1: bound, 0: does not fit or is taken, else what probe returned. */
static int try_bind(struct device *dev, struct device_driver *drv)
{
	int result = 0;

	if (dev->bus != drv->bus || (dev->bus->match && dev->bus->match(dev, drv) <= 0))
		return 0;
	device_lock(dev);
	if (dev->p->added && !dev->driver) {
		result = bind(dev, drv);
		result = result ? result : 1;
	}
	device_unlock(dev);
	return result;
}

int dmk_device_bind(struct device *dev, struct device_driver *drv)
{
	int result = try_bind(dev, drv);

	return result > 0 ? 0 : result ? result : -ENODEV;
}

static struct device_driver *driver_after(struct device_driver *drv, const struct bus_type *bus)
{
	pthread_mutex_lock(&list_lock);
	drv = drv ? drv->dmk_next : drivers;
	while (drv && drv->bus != bus)
		drv = drv->dmk_next;
	pthread_mutex_unlock(&list_lock);
	return drv;
}

static int attach(struct device *dev)
{
	int result = 0;

	dev->p->deferred = false;
	for (struct device_driver *drv = driver_after(NULL, dev->bus); drv;
	     drv = driver_after(drv, dev->bus)) {
		result = try_bind(dev, drv);
		if (result > 0 || result == -EPROBE_DEFER)
			return result;
	}
	return 0;
}

/*
 * Something new is bound: whoever waited for another device may go on now. Ends when a round brings
 * nothing.
 */
static void retry_deferred(void)
{
	bool progress = !retrying;

	retrying = true;
	while (progress) {
		struct snapshot shot = take_snapshot(is_deferred, NULL);

		progress = false;
		for (size_t i = 0; i < shot.n; i++)
			progress |= attach(shot.device[i]) > 0;
		drop_snapshot(&shot);
		if (!progress)
			retrying = false;
	}
}

int device_attach(struct device *dev)
{
	int result;

	if (!dev->bus || !dev->p)
		return 0;
	if (dev->p->bound)
		return 1;
	result = attach(dev);
	if (result > 0)
		retry_deferred();
	return result;
}

void device_release_driver(struct device *dev)
{
	struct device_driver *drv;

	if (!dev->p)
		return;
	device_lock(dev);
	drv = dev->driver;
	if (dev->p->bound) {
		dev->p->bound = false;
		dmk_driver_has(drv, dev, false);
		if (drv->dev_groups)
			device_remove_groups(dev, drv->dev_groups);
		if (dev->bus && dev->bus->remove)
			dev->bus->remove(dev);
		else if (drv->remove)
			drv->remove(dev);
		unbound(dev, drv->name);
	}
	device_unlock(dev);
}

int device_reprobe(struct device *dev)
{
	device_release_driver(dev);
	return device_attach(dev) < 0 ? -ENODEV : 0;
}

/* --- adding and removing ---------------------------------------------------------------------- */

static int put_on_list(struct device *dev)
{
	int error = 0;

	pthread_mutex_lock(&list_lock);
	if (name_is_taken(dev)) {
		error = -EEXIST;
	} else {
		dev->p->added = true;
		dev->p->references++;
		list_append(dev);
	}
	pthread_mutex_unlock(&list_lock);
	return error;
}

/* What a device shows from the start: its bus's, its class's, its type's and its own. */
static int add_default_groups(struct device *dev)
{
	int error = dev->bus ? device_add_groups(dev, dev->bus->dev_groups) : 0;

	if (!error && dev->class)
		error = device_add_groups(dev, dev->class->dev_groups);
	if (!error && dev->type)
		error = device_add_groups(dev, dev->type->groups);
	return error ? error : device_add_groups(dev, dev->groups);
}

int device_add(struct device *dev)
{
	int error;

	if (!dev)
		return -EINVAL;
	if (!dev->p)
		return -ENOMEM;
	if (dev->p->added)
		return -EEXIST;
	if (dev->init_name) {
		error = dev_set_name(dev, "%s", dev->init_name);
		dev->init_name = NULL;
		if (error)
			return error;
	}
	if (!dev->p->name && dev->bus && dev->bus->dev_name)
		dev_set_name(dev, "%s%u", dev->bus->dev_name, dev->id);
	if (!dev->p->name || !*dev->p->name)
		return -EINVAL;
	error = put_on_list(dev);
	if (error) {
		printk(KERN_ERR "device %s: the name is taken\n", dev_name(dev));
		return error;
	}
	announce(DMK_EVENT_DEVICE_ADD, dev, dev_name(dev), 0);
	error = dmk_device_show(dev);
	if (!error)
		error = add_default_groups(dev);
	if (error) {
		device_del(dev);
		return error;
	}
	if (device_attach(dev) == -EPROBE_DEFER)
		dev_dbg(dev, "its driver waits for another device\n");
	return 0;
}

void device_del(struct device *dev)
{
	bool was_added;

	if (!dev || !dev->p)
		return;
	pthread_mutex_lock(&list_lock);
	was_added = dev->p->added;
	dev->p->added = false;
	if (was_added)
		list_remove(dev);
	pthread_mutex_unlock(&list_lock);
	if (!was_added)
		return;
	device_release_driver(dev);
	dmk_device_hide(dev);
	put_device(dev);
}

int device_register(struct device *dev)
{
	device_initialize(dev);
	return device_add(dev);
}

void device_unregister(struct device *dev)
{
	device_del(dev);
	put_device(dev);
}

static int for_each(bool (*wanted)(const struct device *, const void *), const void *which,
		    void *data, int (*fn)(struct device *dev, void *data))
{
	struct snapshot shot = take_snapshot(wanted, which);
	int result = 0;

	for (size_t i = 0; i < shot.n && !result; i++)
		result = fn(shot.device[i], data);
	drop_snapshot(&shot);
	return result;
}

static struct device *find(bool (*wanted)(const struct device *, const void *), const void *which,
			   const struct device *start, const void *data,
			   int (*match)(struct device *, const void *))
{
	struct snapshot shot = take_snapshot(wanted, which);
	struct device *found = NULL;
	bool passed = !start;

	for (size_t i = 0; i < shot.n && !found; i++) {
		if (passed && match(shot.device[i], data))
			found = get_device(shot.device[i]);
		passed |= shot.device[i] == start;
	}
	drop_snapshot(&shot);
	return found;
}

int device_for_each_child(struct device *parent, void *data,
			  int (*fn)(struct device *dev, void *data))
{
	return for_each(is_child_of, parent, data, fn);
}

/* --- drivers and buses ------------------------------------------------------------------------ */

struct device_driver *driver_find(const char *name, const struct bus_type *bus)
{
	struct device_driver *drv = NULL;

	while ((drv = driver_after(drv, bus)))
		if (!strcmp(drv->name, name))
			return drv;
	return NULL;
}

static void driver_append(struct device_driver *drv)
{
	struct device_driver **end = &drivers;

	pthread_mutex_lock(&list_lock);
	while (*end)
		end = &(*end)->dmk_next;
	*end = drv;
	drv->dmk_next = NULL;
	drv->dmk_registered = true;
	pthread_mutex_unlock(&list_lock);
}

int driver_register(struct device_driver *drv)
{
	struct snapshot shot;
	bool progress = false;
	int error;

	if (!drv || !drv->bus || !drv->name)
		return -EINVAL;
	if (drv->dmk_registered || driver_find(drv->name, drv->bus)) {
		printk(KERN_ERR "driver %s is registered already\n", drv->name);
		return -EBUSY;
	}
	error = dmk_driver_show(drv);
	if (error)
		return error;
	driver_append(drv);
	shot = take_snapshot(is_on_bus, drv->bus);
	for (size_t i = 0; i < shot.n; i++)
		progress |= try_bind(shot.device[i], drv) > 0;
	drop_snapshot(&shot);
	if (progress)
		retry_deferred();
	return 0;
}

void driver_unregister(struct device_driver *drv)
{
	struct snapshot shot;
	struct device_driver **at = &drivers;

	if (!drv || !drv->dmk_registered)
		return;
	pthread_mutex_lock(&list_lock);
	while (*at && *at != drv)
		at = &(*at)->dmk_next;
	if (*at)
		*at = drv->dmk_next;
	pthread_mutex_unlock(&list_lock);
	shot = take_snapshot(is_driven_by, drv);
	for (size_t i = shot.n; i > 0; i--)
		device_release_driver(shot.device[i - 1]);
	drop_snapshot(&shot);
	dmk_driver_hide(drv);
	drv->dmk_registered = false;
	drv->dmk_next = NULL;
}

int driver_for_each_device(struct device_driver *drv, struct device *start, void *data,
			   int (*fn)(struct device *dev, void *data))
{
	return for_each(is_driven_by, drv, data, fn);
}

void wait_for_device_probe(void)
{
}

int bus_register(const struct bus_type *bus)
{
	return bus && bus->name ? 0 : -EINVAL;
}

void bus_unregister(const struct bus_type *bus)
{
}

int bus_for_each_dev(const struct bus_type *bus, struct device *start, void *data,
		     int (*fn)(struct device *dev, void *data))
{
	return for_each(is_on_bus, bus, data, fn);
}

struct device *bus_find_device(const struct bus_type *bus, struct device *start, const void *data,
			       int (*match)(struct device *dev, const void *data))
{
	return find(is_on_bus, bus, start, data, match);
}

static int has_name(struct device *dev, const void *name)
{
	return !strcmp(dev_name(dev), name);
}

struct device *bus_find_device_by_name(const struct bus_type *bus, struct device *start,
				       const char *name)
{
	return bus_find_device(bus, start, name, has_name);
}

unsigned int dmk_bound_devices(void)
{
	unsigned int n = 0;

	pthread_mutex_lock(&list_lock);
	for (struct device *dev = devices; dev; dev = dev->p->next)
		n += dev->p->bound;
	pthread_mutex_unlock(&list_lock);
	return n;
}

/* --- classes ---------------------------------------------------------------------------------- */

int class_register(const struct class *class)
{
	return class && class->name ? dmk_class_show(class) : -EINVAL;
}

void class_unregister(const struct class *class)
{
	dmk_class_hide(class);
}

/* A class that was made here. */
struct made_class {
	struct class class; /* first */
	struct made_class *next;
};

static struct made_class *classes;

struct class *dmk_class_create(const char *name)
{
	struct made_class *made;

	if (!name)
		return ERR_PTR(-EINVAL);
	made = dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER) ? NULL : calloc(1, sizeof(*made));
	if (!made)
		return ERR_PTR(-ENOMEM);
	made->class.name = name;
	made->class.dmk_allocated = true;
	pthread_mutex_lock(&list_lock);
	made->next = classes;
	classes = made;
	pthread_mutex_unlock(&list_lock);
	return &made->class;
}

static void destroy_made_class(struct made_class *made)
{
	struct made_class **at = &classes;

	pthread_mutex_lock(&list_lock);
	while (*at && *at != made)
		at = &(*at)->next;
	if (*at)
		*at = made->next;
	pthread_mutex_unlock(&list_lock);
	free(made);
}

void class_destroy(const struct class *class)
{
	if (IS_ERR_OR_NULL(class))
		return;
	dmk_class_hide(class);
	if (class->class_release)
		class->class_release(class);
	if (class->dmk_allocated)
		destroy_made_class((struct made_class *)class);
}

struct device *class_find_device(const struct class *class, const struct device *start,
				 const void *data,
				 int (*match)(struct device *dev, const void *data))
{
	return find(is_in_class, class, start, data, match);
}

static void free_made_device(struct device *dev)
{
	free(dev);
}

static struct device *create(const struct class *class, struct device *parent, dev_t devt,
			     void *drvdata, const struct attribute_group **groups, char *name)
{
	struct device *dev;
	int error;

	if (IS_ERR_OR_NULL(class) || !name) {
		free(name);
		return ERR_PTR(name ? -ENODEV : -ENOMEM);
	}
	dev = calloc(1, sizeof(*dev));
	if (!dev) {
		free(name);
		return ERR_PTR(-ENOMEM);
	}
	device_initialize(dev);
	dev->class = class;
	dev->parent = parent;
	dev->devt = devt;
	dev->driver_data = drvdata;
	dev->groups = groups;
	dev->release = free_made_device;
	error = set_name(dev, name);
	if (!error) {
		dev->p->made_here = true;
		error = device_add(dev);
	}
	if (!error)
		return dev;
	if (dev->p)
		put_device(dev);
	else
		free(dev);
	return ERR_PTR(error);
}

struct device *device_create(const struct class *class, struct device *parent, dev_t devt,
			     void *drvdata, const char *format, ...)
{
	__builtin_va_list arguments;
	char *name;

	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return ERR_PTR(-ENOMEM);
	__builtin_va_start(arguments, format);
	name = dmk_format_name(format, arguments);
	__builtin_va_end(arguments);
	return create(class, parent, devt, drvdata, NULL, name);
}

struct device *device_create_with_groups(const struct class *class, struct device *parent,
					 dev_t devt, void *drvdata,
					 const struct attribute_group **groups, const char *format,
					 ...)
{
	__builtin_va_list arguments;
	char *name;

	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return ERR_PTR(-ENOMEM);
	__builtin_va_start(arguments, format);
	name = dmk_format_name(format, arguments);
	__builtin_va_end(arguments);
	return create(class, parent, devt, drvdata, groups, name);
}

static int has_number(struct device *dev, const void *devt)
{
	return dev->devt == *(const dev_t *)devt;
}

void device_destroy(const struct class *class, dev_t devt)
{
	struct device *dev = class_find_device(class, NULL, &devt, has_number);

	if (!dev)
		return;
	device_unregister(dev);
	put_device(dev);
}

/* --- names and messages ----------------------------------------------------------------------- */

const char *dev_bus_name(const struct device *dev)
{
	return dev->bus ? dev->bus->name : dev->class ? dev->class->name : "";
}

const char *dev_driver_string(const struct device *dev)
{
	return dev->driver ? dev->driver->name : dev_bus_name(dev);
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Drivers that nobody unregistered are taken out; devices go, youngest first, whoever made them. */
void dmk_core_devices_stop(void)
{
	struct snapshot shot;

	while (drivers)
		driver_unregister(drivers);
	shot = take_snapshot(any_device, NULL);
	for (size_t i = shot.n; i > 0; i--) {
		struct device *dev = shot.device[i - 1];

		if (!dev->p->added || dev->p->ours)
			continue;
		dmk_complain(NULL, "device %s was left behind by its driver", dev_name(dev));
		device_del(dev);
		if (dev->p->made_here)
			put_device(dev);
	}
	drop_snapshot(&shot);
	dmk_class_files_stop();
	while (classes)
		destroy_made_class(classes);
}
