// SPDX-License-Identifier: MIT
/*
 * The platform bus: the machine's own devices, from its devicetree, and those that drivers add.
 */
#include "internal.h"
#include "override.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/err.h>
#include <linux/io.h>
#include <linux/of.h>
#include <linux/of_device.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "../internal.h"

/* A device that was made here, with what hangs on it. */
struct made {
	struct platform_device pdev;
	struct device_node node;
	void *data;
	char name[];
};

static struct platform_device **machine_devices;
static unsigned int nr_machine_devices;
static int next_id;

static void release_made(struct device *dev)
{
	struct made *made = (struct made *)to_platform_device(dev);

	kfree(made->pdev.driver_override);
	free(made->pdev.resource);
	free(made->data);
	free(made);
}

struct platform_device *platform_device_alloc(const char *name, int id)
{
	struct made *made = name ? calloc(1, sizeof(*made) + strlen(name) + 1) : NULL;

	if (!made)
		return NULL;
	strcpy(made->name, name);
	made->pdev.name = made->name;
	made->pdev.id = id;
	made->pdev.dmk_allocation = made;
	made->pdev.dev.release = release_made;
	device_initialize(&made->pdev.dev);
	if (made->pdev.dev.p) {
		made->pdev.dev.p->made_here = true;
		return &made->pdev;
	}
	free(made);
	return NULL;
}

int platform_device_add_resources(struct platform_device *pdev, const struct resource *res,
				  unsigned int n)
{
	struct resource *copy = n ? calloc(n, sizeof(*copy)) : NULL;

	if (n && !copy)
		return -ENOMEM;
	if (n)
		memcpy(copy, res, n * sizeof(*copy));
	free(pdev->resource);
	pdev->resource = copy;
	pdev->num_resources = n;
	return 0;
}

int platform_device_add_data(struct platform_device *pdev, const void *data, size_t size)
{
	struct made *made = pdev->dmk_allocation;
	void *copy = data ? malloc(size ? size : 1) : NULL;

	if (!made || (data && !copy))
		return -ENOMEM;
	if (data)
		memcpy(copy, data, size);
	free(made->data);
	made->data = copy;
	pdev->dev.platform_data = copy;
	return 0;
}

/*
 * Claims of the device's windows, so that they stand in /proc/iomem; a window that overlaps stays
 * unclaimed, and is said.
 */
static void claim_resources(struct platform_device *pdev)
{
	for (unsigned int i = 0; i < pdev->num_resources; i++) {
		struct resource *res = &pdev->resource[i];
		unsigned long type = resource_type(res);

		if (!res->name)
			res->name = dev_name(&pdev->dev);
		if (type != IORESOURCE_MEM && type != IORESOURCE_IO)
			continue;
		if (request_resource(type == IORESOURCE_MEM ? &iomem_resource : &ioport_resource,
				     res))
			dev_warn(&pdev->dev, "window %u overlaps another device\n", i);
	}
}

static void drop_resources(struct platform_device *pdev)
{
	for (unsigned int i = 0; i < pdev->num_resources; i++)
		if (pdev->resource[i].parent)
			release_resource(&pdev->resource[i]);
}

static void name_device(struct platform_device *pdev)
{
	if (pdev->id == PLATFORM_DEVID_NONE)
		dev_set_name(&pdev->dev, "%s", pdev->name);
	else if (pdev->id == PLATFORM_DEVID_AUTO)
		dev_set_name(&pdev->dev, "%s.%d.auto", pdev->name,
			     __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED));
	else
		dev_set_name(&pdev->dev, "%s.%d", pdev->name, pdev->id);
}

int platform_device_add(struct platform_device *pdev)
{
	int error;

	if (!pdev || !pdev->name)
		return -EINVAL;
	pdev->dev.bus = &platform_bus_type;
	name_device(pdev);
	dmk_device_masters(&pdev->dev, dmk_device_bus(pdev->dev.parent), DMK_REQUESTER_NONE);
	claim_resources(pdev);
	error = device_add(&pdev->dev);
	if (error)
		drop_resources(pdev);
	return error;
}

void platform_device_del(struct platform_device *pdev)
{
	if (IS_ERR_OR_NULL(pdev))
		return;
	device_del(&pdev->dev);
	drop_resources(pdev);
}

void platform_device_put(struct platform_device *pdev)
{
	if (!IS_ERR_OR_NULL(pdev))
		put_device(&pdev->dev);
}

int platform_device_register(struct platform_device *pdev)
{
	device_initialize(&pdev->dev);
	return platform_device_add(pdev);
}

void platform_device_unregister(struct platform_device *pdev)
{
	platform_device_del(pdev);
	platform_device_put(pdev);
}

struct platform_device *platform_device_register_full(const struct platform_device_info *info)
{
	struct platform_device *pdev = platform_device_alloc(info->name, info->id);
	int error;

	if (!pdev)
		return ERR_PTR(-ENOMEM);
	pdev->dev.parent = info->parent;
	error = platform_device_add_resources(pdev, info->res, info->num_res);
	if (!error)
		error = platform_device_add_data(pdev, info->data, info->size_data);
	if (!error)
		error = platform_device_add(pdev);
	if (!error && info->dma_mask) {
		*pdev->dev.dma_mask = info->dma_mask;
		pdev->dev.coherent_dma_mask = info->dma_mask;
	}
	if (!error)
		return pdev;
	platform_device_put(pdev);
	return ERR_PTR(error);
}

/* --- what a driver asks ----------------------------------------------------------------------- */

struct resource *platform_get_resource(struct platform_device *pdev, unsigned int type,
				       unsigned int index)
{
	for (unsigned int i = 0; i < pdev->num_resources; i++)
		if (resource_type(&pdev->resource[i]) == type && index-- == 0)
			return &pdev->resource[i];
	return NULL;
}

struct resource *platform_get_resource_byname(struct platform_device *pdev, unsigned int type,
					      const char *name)
{
	int index;

	for (unsigned int i = 0; i < pdev->num_resources; i++) {
		struct resource *res = &pdev->resource[i];

		if (resource_type(res) == type && res->name && !strcmp(res->name, name))
			return res;
	}
	index = of_property_match_string(pdev->dev.of_node,
					 type == IORESOURCE_IRQ ? "interrupt-names" : "reg-names",
					 name);
	return index < 0 ? NULL : platform_get_resource(pdev, type, (unsigned int)index);
}

int platform_get_irq_optional(struct platform_device *pdev, unsigned int index)
{
	struct resource *res = platform_get_resource(pdev, IORESOURCE_IRQ, index);

	return res && res->start ? (int)res->start : -ENXIO;
}

int platform_get_irq(struct platform_device *pdev, unsigned int index)
{
	int irq = platform_get_irq_optional(pdev, index);

	if (irq < 0)
		dev_err(&pdev->dev, "interrupt %u not found\n", index);
	return irq;
}

int platform_get_irq_byname_optional(struct platform_device *pdev, const char *name)
{
	struct resource *res = platform_get_resource_byname(pdev, IORESOURCE_IRQ, name);

	return res ? (int)res->start : -ENXIO;
}

int platform_get_irq_byname(struct platform_device *pdev, const char *name)
{
	int irq = platform_get_irq_byname_optional(pdev, name);

	if (irq < 0)
		dev_err(&pdev->dev, "interrupt %s not found\n", name);
	return irq;
}

int platform_irq_count(struct platform_device *pdev)
{
	int n = 0;

	while (platform_get_resource(pdev, IORESOURCE_IRQ, (unsigned int)n))
		n++;
	return n;
}

DMK_ENTRY void __iomem *devm_platform_get_and_ioremap_resource(struct platform_device *pdev,
							       unsigned int index,
							       struct resource **res)
{
	struct resource *found = platform_get_resource(pdev, IORESOURCE_MEM, index);

	if (res)
		*res = found;
	if (dmk_should_fail(DMK_FAIL_IOMEM, DMK_CALLER))
		return ERR_PTR(-ENOMEM);
	return devm_ioremap_resource(&pdev->dev, found);
}

void __iomem *devm_platform_ioremap_resource(struct platform_device *pdev, unsigned int index)
{
	return dmk_should_fail(DMK_FAIL_IOMEM, DMK_CALLER)
		       ? ERR_PTR(-ENOMEM)
		       : devm_platform_get_and_ioremap_resource(pdev, index, NULL);
}

void __iomem *devm_platform_ioremap_resource_byname(struct platform_device *pdev, const char *name)
{
	if (dmk_should_fail(DMK_FAIL_IOMEM, DMK_CALLER))
		return ERR_PTR(-ENOMEM);
	return devm_ioremap_resource(&pdev->dev,
				     platform_get_resource_byname(pdev, IORESOURCE_MEM, name));
}

/* --- drivers ---------------------------------------------------------------------------------- */

static const struct platform_device_id *match_id(const struct platform_device_id *id,
						 const char *name)
{
	for (; id && id->name[0]; id++)
		if (!strcmp(id->name, name))
			return id;
	return NULL;
}

static int match(struct device *dev, const struct device_driver *drv)
{
	struct platform_device *pdev = to_platform_device(dev);
	struct platform_driver *pdrv = to_platform_driver(drv);

	if (pdev->driver_override)
		return !strcmp(pdev->driver_override, drv->name);
	if (dev->of_node)
		return of_match_node(drv->of_match_table, dev->of_node) != NULL;
	if (pdrv->id_table) {
		pdev->id_entry = match_id(pdrv->id_table, pdev->name);
		return pdev->id_entry != NULL;
	}
	return !strcmp(pdev->name, drv->name);
}

static int probe(struct device *dev)
{
	struct platform_driver *drv = to_platform_driver(dev->driver);
	int error = drv->probe ? drv->probe(to_platform_device(dev)) : 0;

	return error == -EPROBE_DEFER && drv->prevent_deferred_probe ? -ENXIO : error;
}

static void remove_device(struct device *dev)
{
	struct platform_driver *drv = to_platform_driver(dev->driver);

	if (drv->remove)
		drv->remove(to_platform_device(dev));
}

DMK_OVERRIDE_FILE(to_platform_device);

static struct attribute *device_attributes[] = {&dev_attr_driver_override.attr, NULL};
static const struct attribute_group device_group = {.attrs = device_attributes};
static const struct attribute_group *device_groups[] = {&device_group, NULL};

const struct bus_type platform_bus_type = {
	.name = "platform",
	.dev_groups = device_groups,
	.match = match,
	.probe = probe,
	.remove = remove_device,
};

struct device platform_bus = {.init_name = "platform"};

int dmk_platform_driver_register(struct platform_driver *drv, struct module *owner)
{
	if (!drv)
		return -EINVAL;
	drv->driver.owner = owner;
	drv->driver.bus = &platform_bus_type;
	return driver_register(&drv->driver);
}

void platform_driver_unregister(struct platform_driver *drv)
{
	if (drv)
		driver_unregister(&drv->driver);
}

static int count_bound(struct device *dev, void *count)
{
	++*(int *)count;
	return 0;
}

int dmk_platform_driver_probe(struct platform_driver *drv,
			      int (*call)(struct platform_device *pdev), struct module *owner)
{
	int bound = 0, error;

	drv->probe = call;
	drv->prevent_deferred_probe = true;
	error = dmk_platform_driver_register(drv, owner);
	if (error)
		return error;
	driver_for_each_device(&drv->driver, NULL, &bound, count_bound);
	if (bound)
		return 0;
	platform_driver_unregister(drv);
	return -ENODEV;
}

/* --- the machine's devices -------------------------------------------------------------------- */

static int add_resources(struct platform_device *pdev, const struct dmk_platform_device *from)
{
	struct resource res[DMK_PLATFORM_REGS + DMK_PLATFORM_IRQS];
	unsigned int n = 0;

	for (unsigned int i = 0; i < from->nr_regs && i < DMK_PLATFORM_REGS; i++)
		res[n++] = DEFINE_RES_NAMED(from->reg[i].first.v, from->reg[i].size, NULL,
					    from->reg[i].is_port ? IORESOURCE_IO : IORESOURCE_MEM);
	for (unsigned int i = 0; i < from->nr_irqs && i < DMK_PLATFORM_IRQS; i++)
		res[n++] = DEFINE_RES_IRQ(from->irq[i]);
	return platform_device_add_resources(pdev, res, n);
}

static int add_machine_device(unsigned int index)
{
	const struct dmk_platform_device *from = &dmk_device_port->machine->platform[index];
	struct platform_device *pdev = platform_device_alloc(from->name, PLATFORM_DEVID_NONE);
	struct made *made;
	int error;

	if (!pdev)
		return -ENOMEM;
	made = pdev->dmk_allocation;
	made->node = (struct device_node){.name = made->name, .full_name = made->name, .dmk = from};
	made->node.fwnode.dev = &pdev->dev;
	pdev->dev.of_node = &made->node;
	pdev->dev.fwnode = &made->node.fwnode;
	pdev->dev.bus = &platform_bus_type;
	pdev->dev.p->ours = true;
	error = add_resources(pdev, from);
	if (!error)
		error = dev_set_name(&pdev->dev, "%s", from->name);
	if (error) {
		put_device(&pdev->dev);
		return error;
	}
	dmk_device_masters(&pdev->dev, from->dma, DMK_REQUESTER_PLATFORM + index);
	claim_resources(pdev);
	machine_devices[nr_machine_devices++] = pdev;
	return device_add(&pdev->dev);
}

int dmk_platform_start(char *error, size_t error_size)
{
	unsigned int n = dmk_device_port->machine->nr_platform;
	int result = 0;

	next_id = 0;
	machine_devices = calloc(n + 1, sizeof(*machine_devices));
	if (!machine_devices)
		result = -ENOMEM;
	for (unsigned int i = 0; i < n && !result; i++)
		result = add_machine_device(i);
	if (result)
		snprintf(error, error_size, "can't add the machine's platform devices");
	return result;
}

void dmk_platform_stop(void)
{
	while (nr_machine_devices)
		platform_device_unregister(machine_devices[--nr_machine_devices]);
	free(machine_devices);
	machine_devices = NULL;
}

struct platform_device *of_find_device_by_node(struct device_node *node)
{
	for (unsigned int i = 0; i < nr_machine_devices; i++)
		if (machine_devices[i]->dev.of_node == node)
			return to_platform_device(get_device(&machine_devices[i]->dev));
	return NULL;
}

struct device_node *of_find_node_by_phandle(phandle handle)
{
	for (unsigned int i = 0; handle && i < nr_machine_devices; i++) {
		struct device_node *node = machine_devices[i]->dev.of_node;
		u32 own;

		if (node && !of_property_read_u32(node, "phandle", &own) && own == handle)
			return node;
	}
	return NULL;
}
