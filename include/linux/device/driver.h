/* SPDX-License-Identifier: MIT */
/*
 * A driver as the driver core knows it; pci_driver and platform_driver have one inside.
 */
#ifndef _LINUX_DEVICE_DRIVER_H
#define _LINUX_DEVICE_DRIVER_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/kobject.h>
#include <linux/pm.h>

struct acpi_device_id;
struct attribute_group;
struct bus_type;
struct dev_pm_ops;
struct device;
struct module;
struct of_device_id;

enum probe_type {
	PROBE_DEFAULT_STRATEGY,
	PROBE_PREFER_ASYNCHRONOUS,
	PROBE_FORCE_SYNCHRONOUS,
};

struct device_driver {
	const char *name;
	const struct bus_type *bus;
	struct module *owner;
	const char *mod_name;
	bool suppress_bind_attrs;
	enum probe_type probe_type;
	const struct of_device_id *of_match_table;
	const struct acpi_device_id *acpi_match_table;
	int (*probe)(struct device *dev);
	void (*sync_state)(struct device *dev);
	int (*remove)(struct device *dev);
	void (*shutdown)(struct device *dev);
	int (*suspend)(struct device *dev, pm_message_t state);
	int (*resume)(struct device *dev);
	const struct attribute_group **groups;
	const struct attribute_group **dev_groups;
	const struct dev_pm_ops *pm;
	void (*coredump)(struct device *dev);

	struct device_driver *dmk_next; /* the driver core's list */
	struct kobject dmk_kobj;        /* its directory */
	bool dmk_registered;
};

/**
 * driver_register - probe what matches. Return: 0, -EBUSY (the bus has a driver of that name),
 * -EINVAL (no bus).
 */
int driver_register(struct device_driver *drv) DMK_SYM(driver_register) __must_check;
void driver_unregister(struct device_driver *drv) DMK_SYM(driver_unregister);
/**
 * driver_set_override - keep @dev for the driver of a name: for a bus's match()
 * @override: where the name stands, from kmalloc(); the old one is freed. Empty: for no one driver
 * Return: 0, -EINVAL, -ENOMEM.
 */
int driver_set_override(struct device *dev, const char **override, const char *s, size_t len)
	DMK_SYM(driver_set_override);
struct device_driver *driver_find(const char *name, const struct bus_type *bus)
	DMK_SYM(driver_find);
int driver_for_each_device(struct device_driver *drv, struct device *start, void *data,
			   int (*fn)(struct device *dev, void *data))
	DMK_SYM(driver_for_each_device);
/**
 * driver_deferred_probe_check_state - what a driver returns when a thing it needs may still come
 */
void wait_for_device_probe(void) DMK_SYM(wait_for_device_probe);

#define module_driver(driver, register_fn, unregister_fn, ...)                                     \
	static int __init driver##_init(void)                                                      \
	{                                                                                          \
		return register_fn(&(driver), ##__VA_ARGS__);                                      \
	}                                                                                          \
	module_init(driver##_init);                                                                \
	static void __exit driver##_exit(void)                                                     \
	{                                                                                          \
		unregister_fn(&(driver), ##__VA_ARGS__);                                           \
	}                                                                                          \
	module_exit(driver##_exit)

#define builtin_driver(driver, register_fn, ...)                                                   \
	static int __init driver##_init(void)                                                      \
	{                                                                                          \
		return register_fn(&(driver), ##__VA_ARGS__);                                      \
	}                                                                                          \
	module_init(driver##_init)

#endif
