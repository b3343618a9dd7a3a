/* SPDX-License-Identifier: MIT */
/*
 * Platform devices: what no bus can discover. The machine's own come from its devicetree; a driver
 * may add more.
 */
#ifndef _LINUX_PLATFORM_DEVICE_H
#define _LINUX_PLATFORM_DEVICE_H

#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/mod_devicetable.h>
#include <linux/version.h>

#define PLATFORM_DEVID_NONE (-1)
#define PLATFORM_DEVID_AUTO (-2)

struct property_entry;

struct platform_device {
	const char *name;
	int id;
	bool id_auto;
	struct device dev;
	u64 platform_dma_mask;
	u32 num_resources;
	struct resource *resource;
	const struct platform_device_id *id_entry;
	const char *driver_override;
	void *dmk_allocation; /* memory to free with the device */
};

#define to_platform_device(x) \
	((struct platform_device *)((char *)(x) - __builtin_offsetof(struct platform_device, dev)))

/*
 * remove() lost its meaningless result in Linux 6.11; remove_new() was its other name from 6.3 to
 * 6.12.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define DMK_PLATFORM_REMOVE void (*remove)(struct platform_device *pdev);
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define DMK_PLATFORM_REMOVE                                                                        \
	union {                                                                                    \
		void (*remove)(struct platform_device *pdev);                                      \
		void (*remove_new)(struct platform_device *pdev);                                  \
	};
#else
#define DMK_PLATFORM_REMOVE                                                                        \
	union {                                                                                    \
		int (*remove)(struct platform_device *pdev);                                       \
		void (*remove_new)(struct platform_device *pdev);                                  \
	};
#endif

struct platform_driver {
	int (*probe)(struct platform_device *pdev);
	DMK_PLATFORM_REMOVE
	void (*shutdown)(struct platform_device *pdev);
	int (*suspend)(struct platform_device *pdev, pm_message_t state);
	int (*resume)(struct platform_device *pdev);
	struct device_driver driver;
	const struct platform_device_id *id_table;
	bool prevent_deferred_probe;
	bool driver_managed_dma;
};

#define to_platform_driver(x)                     \
	((struct platform_driver *)((char *)(x) - \
				    __builtin_offsetof(struct platform_driver, driver)))

struct platform_device_info {
	struct device *parent;
	struct fwnode_handle *fwnode;
	bool of_node_reused;
	const char *name;
	int id;
	const struct resource *res;
	unsigned int num_res;
	const void *data;
	size_t size_data;
	u64 dma_mask;
	const struct property_entry *properties;
};

extern const struct bus_type platform_bus_type DMK_SYM(platform_bus_type);
extern struct device platform_bus DMK_SYM(platform_bus);

int dmk_platform_driver_register(struct platform_driver *drv, struct module *owner);
#define platform_driver_register(drv) dmk_platform_driver_register(drv, THIS_MODULE)
#define __platform_driver_register(drv, owner) dmk_platform_driver_register(drv, owner)
void platform_driver_unregister(struct platform_driver *drv) DMK_SYM(platform_driver_unregister);
/** platform_driver_probe - for devices that are there already; -ENODEV when none was bound */
int dmk_platform_driver_probe(struct platform_driver *drv,
			      int (*probe)(struct platform_device *pdev), struct module *owner);
#define platform_driver_probe(drv, probe) dmk_platform_driver_probe(drv, probe, THIS_MODULE)

#define module_platform_driver(driver) \
	module_driver(driver, platform_driver_register, platform_driver_unregister)
#define builtin_platform_driver(driver) builtin_driver(driver, platform_driver_register)

struct platform_device *platform_device_alloc(const char *name, int id)
	DMK_SYM(platform_device_alloc);
int platform_device_add_resources(struct platform_device *pdev, const struct resource *res,
				  unsigned int n) DMK_SYM(platform_device_add_resources);
int platform_device_add_data(struct platform_device *pdev, const void *data, size_t size)
	DMK_SYM(platform_device_add_data);
int platform_device_add(struct platform_device *pdev) DMK_SYM(platform_device_add);
void platform_device_del(struct platform_device *pdev) DMK_SYM(platform_device_del);
void platform_device_put(struct platform_device *pdev) DMK_SYM(platform_device_put);
int platform_device_register(struct platform_device *pdev) DMK_SYM(platform_device_register);
void platform_device_unregister(struct platform_device *pdev) DMK_SYM(platform_device_unregister);
/** The rest return the device or an ERR_PTR. */
struct platform_device *platform_device_register_full(const struct platform_device_info *info)
	DMK_SYM(platform_device_register_full);

static inline struct platform_device *
platform_device_register_resndata(struct device *parent, const char *name, int id,
				  const struct resource *res, unsigned int n, const void *data,
				  size_t size)
{
	struct platform_device_info info = {
		.parent = parent,
		.name = name,
		.id = id,
		.res = res,
		.num_res = n,
		.data = data,
		.size_data = size,
	};

	return platform_device_register_full(&info);
}

static inline struct platform_device *platform_device_register_simple(const char *name, int id,
								      const struct resource *res,
								      unsigned int n)
{
	return platform_device_register_resndata(NULL, name, id, res, n, NULL, 0);
}

static inline struct platform_device *platform_device_register_data(struct device *parent,
								    const char *name, int id,
								    const void *data, size_t size)
{
	return platform_device_register_resndata(parent, name, id, NULL, 0, data, size);
}

struct resource *platform_get_resource(struct platform_device *pdev, unsigned int type,
				       unsigned int index) DMK_SYM(platform_get_resource);
struct resource *platform_get_resource_byname(struct platform_device *pdev, unsigned int type,
					      const char *name)
	DMK_SYM(platform_get_resource_byname);
/** platform_get_irq - the number, -ENXIO (none; said in the log, but for _optional) */
int platform_get_irq(struct platform_device *pdev, unsigned int index) DMK_SYM(platform_get_irq);
int platform_get_irq_optional(struct platform_device *pdev, unsigned int index)
	DMK_SYM(platform_get_irq_optional);
int platform_get_irq_byname(struct platform_device *pdev, const char *name)
	DMK_SYM(platform_get_irq_byname);
int platform_get_irq_byname_optional(struct platform_device *pdev, const char *name)
	DMK_SYM(platform_get_irq_byname_optional);
int platform_irq_count(struct platform_device *pdev) DMK_SYM(platform_irq_count);
void __iomem *devm_platform_ioremap_resource(struct platform_device *pdev, unsigned int index)
	DMK_SYM(devm_platform_ioremap_resource);
void __iomem *devm_platform_ioremap_resource_byname(struct platform_device *pdev, const char *name)
	DMK_SYM(devm_platform_ioremap_resource_byname);
void __iomem *devm_platform_get_and_ioremap_resource(struct platform_device *pdev,
						     unsigned int index, struct resource **res)
	DMK_SYM(devm_platform_get_and_ioremap_resource);

static inline void *platform_get_drvdata(const struct platform_device *pdev)
{
	return pdev->dev.driver_data;
}

static inline void platform_set_drvdata(struct platform_device *pdev, void *data)
{
	pdev->dev.driver_data = data;
}

#define platform_get_device_id(pdev) ((pdev)->id_entry)

#endif
