/* SPDX-License-Identifier: MIT */
/*
 * Devices and what a driver does with one. The core's part (masks, bus view, what it holds) stands
 * first in struct device; the rest is the driver core's: who it is, who drives it, what is undone
 * when the driver lets go.
 */
#ifndef _LINUX_DEVICE_H
#define _LINUX_DEVICE_H

#include <linux/topology.h>
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/dev_printk.h>
#include <linux/ioport.h>
#include <linux/kobject.h>
#include <linux/pm.h>
#include <linux/device/bus.h>
#include <linux/device/class.h>
#include <linux/device/driver.h>
#include <dmakit/device.h>

struct device_node;
struct device_type;
struct dmk_device_private;
struct fwnode_handle;
struct module;

struct device_dma_parameters {
	unsigned int max_segment_size;
	unsigned int min_align_mask;
	unsigned long segment_boundary_mask;
};

struct device_type {
	const char *name;
	const struct attribute_group **groups;
	char *(*devnode)(const struct device *dev, umode_t *mode, void *uid, void *gid);
	void (*release)(struct device *dev);
	const struct dev_pm_ops *pm;
};

struct device {
	/*
	 * The core's part. Its first fields have the same names and sizes in Linux, where they are
	 * u64.
	 */
	union {
		struct dmk_dev dmk;
		struct {
			u64 *dma_mask;
			u64 coherent_dma_mask;
			u64 bus_dma_limit;
		};
	};
	/* buses of Linux point it somewhere; limits are in dmk */
	struct device_dma_parameters *dma_parms;

	struct kobject kobj; /* its name is the device's */
	struct device *parent;
	const char *init_name;
	const struct device_type *type;
	const struct bus_type *bus;
	struct device_driver *driver;
	void *platform_data;
	void *driver_data;
	struct dev_pm_info power;

	int numa_node;
	dev_t devt;
	u32 id;
	const struct class *class;
	const struct attribute_group **groups;
	struct device_node *of_node;
	struct fwnode_handle *fwnode;
	void (*release)(struct device *dev);
	bool offline_disabled;
	bool dma_coherent;

	struct dmk_device_private *p; /* the driver core's own: references, lists, lock */
};

_Static_assert(__builtin_offsetof(struct device, dma_mask) ==
			       __builtin_offsetof(struct device, dmk.dma_mask) &&
		       __builtin_offsetof(struct device, coherent_dma_mask) ==
			       __builtin_offsetof(struct device, dmk.coherent_dma_mask) &&
		       __builtin_offsetof(struct device, bus_dma_limit) ==
			       __builtin_offsetof(struct device, dmk.bus_dma_limit),
	       "a device's masks are the core's");

/* --- life ------------------------------------------------------------------------------------- */

/**
 * device_initialize - one reference, no name; @dev is zeroed by its owner. Ends in put_device().
 */
void device_initialize(struct device *dev) DMK_SYM(device_initialize);
/**
 * device_add - make it known: its bus probes it, its class and number make a file
 * Return: 0, -EINVAL (no name), -EEXIST (the bus or class has one of that name), -ENOMEM. On
 *         failure put_device() is due.
 */
int device_add(struct device *dev) DMK_SYM(device_add) __must_check;
void device_del(struct device *dev) DMK_SYM(device_del);
int device_register(struct device *dev) DMK_SYM(device_register) __must_check;
void device_unregister(struct device *dev) DMK_SYM(device_unregister);
struct device *get_device(struct device *dev) DMK_SYM(get_device);
void put_device(struct device *dev) DMK_SYM(put_device);
int dev_set_name(struct device *dev, const char *format, ...) DMK_SYM(dev_set_name) __printf(2, 3);
bool device_is_registered(struct device *dev) DMK_SYM(device_is_registered);
bool device_is_bound(struct device *dev) DMK_SYM(device_is_bound);

/* One lock a device, held around probe and remove. */
void device_lock(struct device *dev) DMK_SYM(device_lock);
int device_trylock(struct device *dev) DMK_SYM(device_trylock);
void device_unlock(struct device *dev) DMK_SYM(device_unlock);

/** device_attach - 1: bound, 0: no driver fits, or a negative errno. */
int device_attach(struct device *dev) DMK_SYM(device_attach) __must_check;
void device_release_driver(struct device *dev) DMK_SYM(device_release_driver);
int device_reprobe(struct device *dev) DMK_SYM(device_reprobe) __must_check;

int device_for_each_child(struct device *parent, void *data,
			  int (*fn)(struct device *dev, void *data)) DMK_SYM(device_for_each_child);

/**
 * device_create - a device in @class; with a device number it is the file /dev/<name>
 * Return: the device, or an ERR_PTR. Ends with device_destroy(@class, @devt).
 */
struct device *device_create(const struct class *class, struct device *parent, dev_t devt,
			     void *drvdata, const char *format, ...) DMK_SYM(device_create)
	__printf(5, 6);
struct device *device_create_with_groups(const struct class *class, struct device *parent,
					 dev_t devt, void *drvdata,
					 const struct attribute_group **groups, const char *format,
					 ...) DMK_SYM(device_create_with_groups) __printf(6, 7);
void device_destroy(const struct class *class, dev_t devt) DMK_SYM(device_destroy);

static inline const char *dev_name(const struct device *dev)
{
	return dev->init_name ? dev->init_name : dev->kobj.name ? dev->kobj.name : "(null)";
}

/** dev_driver_string - the driver's name, or the bus's or class's for an unbound device */
const char *dev_driver_string(const struct device *dev) DMK_SYM(dev_driver_string);
const char *dev_bus_name(const struct device *dev) DMK_SYM(dev_bus_name);

static inline void *dev_get_drvdata(const struct device *dev)
{
	return dev->driver_data;
}

static inline void dev_set_drvdata(struct device *dev, void *data)
{
	dev->driver_data = data;
}

static inline void *dev_get_platdata(const struct device *dev)
{
	return dev->platform_data;
}

static inline int dev_to_node(const struct device *dev)
{
	return dev->numa_node;
}

static inline void set_dev_node(struct device *dev, int node)
{
	dev->numa_node = node;
}

static inline struct device_node *dev_of_node(struct device *dev)
{
	return dev ? dev->of_node : NULL;
}

static inline struct device *kobj_to_dev(struct kobject *kobj)
{
	return (struct device *)((char *)kobj - __builtin_offsetof(struct device, kobj));
}

/* --- attributes ------------------------------------------------------------------------------- */

struct device_attribute {
	struct attribute attr;
	ssize_t (*show)(struct device *dev, struct device_attribute *attr, char *buf);
	ssize_t (*store)(struct device *dev, struct device_attribute *attr, const char *buf,
			 size_t count);
};

struct dev_ext_attribute {
	struct device_attribute attr;
	void *var;
};

struct driver_attribute {
	struct attribute attr;
	ssize_t (*show)(struct device_driver *driver, char *buf);
	ssize_t (*store)(struct device_driver *driver, const char *buf, size_t count);
};

#define DEVICE_ATTR(_name, _mode, _show, _store)                                                   \
	struct device_attribute dev_attr_##_name = __ATTR(_name, _mode, _show, _store)
#define DEVICE_ATTR_RO(_name) struct device_attribute dev_attr_##_name = __ATTR_RO(_name)
#define DEVICE_ATTR_WO(_name) struct device_attribute dev_attr_##_name = __ATTR_WO(_name)
#define DEVICE_ATTR_RW(_name) struct device_attribute dev_attr_##_name = __ATTR_RW(_name)
#define DRIVER_ATTR_RO(_name) struct driver_attribute driver_attr_##_name = __ATTR_RO(_name)
#define DRIVER_ATTR_WO(_name) struct driver_attribute driver_attr_##_name = __ATTR_WO(_name)
#define DRIVER_ATTR_RW(_name) struct driver_attribute driver_attr_##_name = __ATTR_RW(_name)

struct class_attribute {
	struct attribute attr;
	ssize_t (*show)(DMK_CLASS_ATTRIBUTE(class) *class,
			DMK_CLASS_ATTRIBUTE(class_attribute) *attr, char *buf);
	ssize_t (*store)(DMK_CLASS_ATTRIBUTE(class) *class,
			 DMK_CLASS_ATTRIBUTE(class_attribute) *attr, const char *buf, size_t count);
};
#define CLASS_ATTR_RO(_name) struct class_attribute class_attr_##_name = __ATTR_RO(_name)
#define CLASS_ATTR_WO(_name) struct class_attribute class_attr_##_name = __ATTR_WO(_name)
#define CLASS_ATTR_RW(_name) struct class_attribute class_attr_##_name = __ATTR_RW(_name)

int driver_create_file(const struct device_driver *drv, const struct driver_attribute *attr)
	DMK_SYM(driver_create_file) __must_check;
void driver_remove_file(const struct device_driver *drv, const struct driver_attribute *attr)
	DMK_SYM(driver_remove_file);
int class_create_file(const struct class *class, const struct class_attribute *attr)
	DMK_SYM(class_create_file) __must_check;
void class_remove_file(const struct class *class, const struct class_attribute *attr)
	DMK_SYM(class_remove_file);
int device_create_file(struct device *dev, const struct device_attribute *attr)
	DMK_SYM(device_create_file);
void device_remove_file(struct device *dev, const struct device_attribute *attr)
	DMK_SYM(device_remove_file);
int device_create_bin_file(struct device *dev, const struct bin_attribute *attr)
	DMK_SYM(device_create_bin_file) __must_check;
void device_remove_bin_file(struct device *dev, const struct bin_attribute *attr)
	DMK_SYM(device_remove_bin_file);
int device_add_groups(struct device *dev, const struct attribute_group **groups)
	DMK_SYM(device_add_groups);
void device_remove_groups(struct device *dev, const struct attribute_group **groups)
	DMK_SYM(device_remove_groups);
int device_add_group(struct device *dev, const struct attribute_group *group)
	DMK_SYM(device_add_group);
void device_remove_group(struct device *dev, const struct attribute_group *group)
	DMK_SYM(device_remove_group);
int devm_device_add_group(struct device *dev, const struct attribute_group *group)
	DMK_SYM(devm_device_add_group);
int devm_device_add_groups(struct device *dev, const struct attribute_group **groups)
	DMK_SYM(devm_device_add_groups);

/* --- managed resources: released newest first when the driver lets go ------------------------- */

void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp) DMK_SYM(devm_kmalloc);
void *devm_kzalloc(struct device *dev, size_t size, gfp_t gfp) DMK_SYM(devm_kzalloc);
void *devm_kmalloc_array(struct device *dev, size_t n, size_t size, gfp_t gfp)
	DMK_SYM(devm_kmalloc_array);
void *devm_kcalloc(struct device *dev, size_t n, size_t size, gfp_t gfp) DMK_SYM(devm_kcalloc);
void *devm_krealloc(struct device *dev, void *memory, size_t size, gfp_t gfp)
	DMK_SYM(devm_krealloc);
void devm_kfree(struct device *dev, const void *memory) DMK_SYM(devm_kfree);
char *devm_kstrdup(struct device *dev, const char *s, gfp_t gfp) DMK_SYM(devm_kstrdup);
void *devm_kmemdup(struct device *dev, const void *memory, size_t size, gfp_t gfp)
	DMK_SYM(devm_kmemdup);
char *devm_kasprintf(struct device *dev, gfp_t gfp, const char *format, ...) DMK_SYM(devm_kasprintf)
	__printf(3, 4);
unsigned long devm_get_free_pages(struct device *dev, gfp_t gfp, unsigned int order)
	DMK_SYM(devm_get_free_pages);
void devm_free_pages(struct device *dev, unsigned long address) DMK_SYM(devm_free_pages);

/**
 * devm_add_action - call @action(@data) at unbind. 0 or -ENOMEM; the _or_reset form calls it at
 * once on failure.
 */
int devm_add_action(struct device *dev, void (*action)(void *data), void *data)
	DMK_SYM(devm_add_action);
int devm_add_action_or_reset(struct device *dev, void (*action)(void *data), void *data)
	DMK_SYM(devm_add_action_or_reset);
void devm_remove_action(struct device *dev, void (*action)(void *data), void *data)
	DMK_SYM(devm_remove_action);
void devm_release_action(struct device *dev, void (*action)(void *data), void *data)
	DMK_SYM(devm_release_action);

typedef void (*dr_release_t)(struct device *dev, void *res);
typedef int (*dr_match_t)(struct device *dev, void *res, void *match_data);

void *devres_alloc(dr_release_t release, size_t size, gfp_t gfp) DMK_SYM(devres_alloc);
void devres_free(void *res) DMK_SYM(devres_free);
void devres_add(struct device *dev, void *res) DMK_SYM(devres_add);
void *devres_find(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
	DMK_SYM(devres_find);
/** devres_remove - take it off without a release; the caller frees it. NULL: not there. */
void *devres_remove(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
	DMK_SYM(devres_remove);
/** devres_destroy - take it off and free it, devres_release - release it too. 0 or -ENOENT. */
int devres_destroy(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
	DMK_SYM(devres_destroy);
int devres_release(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
	DMK_SYM(devres_release);

void __iomem *devm_ioremap(struct device *dev, resource_size_t offset, resource_size_t size)
	DMK_SYM(devm_ioremap);
void __iomem *devm_ioremap_uc(struct device *dev, resource_size_t offset, resource_size_t size)
	DMK_SYM(devm_ioremap_uc);
void __iomem *devm_ioremap_wc(struct device *dev, resource_size_t offset, resource_size_t size)
	DMK_SYM(devm_ioremap_wc);
void devm_iounmap(struct device *dev, void __iomem *address) DMK_SYM(devm_iounmap);
/**
 * devm_ioremap_resource - claim and map. An ERR_PTR: -EINVAL (no memory resource), -EBUSY
 * (claimed), -ENOMEM.
 */
void __iomem *devm_ioremap_resource(struct device *dev, const struct resource *res)
	DMK_SYM(devm_ioremap_resource);

/** dev_num_vf - virtual functions that are on: no device here has any */
static inline int dev_num_vf(struct device *dev)
{
	return 0;
}

static inline void device_set_wakeup_capable(struct device *dev, bool capable)
{
	dev->power.can_wakeup = capable;
}

static inline int device_set_wakeup_enable(struct device *dev, bool enable)
{
	dev->power.wakeup = enable;
	return 0;
}

static inline int device_init_wakeup(struct device *dev, bool enable)
{
	device_set_wakeup_capable(dev, enable);
	return device_set_wakeup_enable(dev, enable);
}

static inline bool device_may_wakeup(struct device *dev)
{
	return dev->power.can_wakeup && dev->power.wakeup;
}

#define MODULE_ALIAS_CHARDEV(major, minor) MODULE_ALIAS("char-major-" #major "-" #minor)
#define MODULE_ALIAS_CHARDEV_MAJOR(major) MODULE_ALIAS("char-major-" #major "-*")

#endif
