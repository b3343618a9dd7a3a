// SPDX-License-Identifier: MIT
/*
 * The ISA bus: nothing on it can be found, so that a driver says how many devices it will try, and
 * match() which are there. A device drives 24 address bits.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

#include <linux/isa.h>

enum { ISA_MASK = 0xffffff };

struct isa_dev {
	struct device dev;
	struct isa_dev *next;
	unsigned int id;
	struct isa_driver *drv;
};

static struct isa_dev *of_device(struct device *dev)
{
	return (struct isa_dev *)dev;
}

static int match(struct device *dev, const struct device_driver *drv)
{
	struct isa_dev *isa = of_device(dev);

	if (&isa->drv->driver != drv)
		return 0;
	return !isa->drv->match || isa->drv->match(dev, isa->id);
}

/* The bus says what its devices drive: their drivers need not (MSK-01). */
static void announce_mask(struct device *dev)
{
	dmk_announce(&(struct dmk_event){
		.kind = DMK_EVENT_SET_MASK,
		.dev = &dev->dmk,
		.mask = ISA_MASK,
		.coherent = true,
		.streaming = true,
	});
}

static int probe(struct device *dev)
{
	struct isa_dev *isa = of_device(dev);

	announce_mask(dev);
	return isa->drv->probe ? isa->drv->probe(dev, isa->id) : 0;
}

static void remove_device(struct device *dev)
{
	struct isa_dev *isa = of_device(dev);

	if (isa->drv->remove)
		isa->drv->remove(dev, isa->id);
}

static const struct bus_type isa_bus_type = {
	.name = "isa",
	.match = match,
	.probe = probe,
	.remove = remove_device,
};

static void release_isa(struct device *dev)
{
	free(of_device(dev));
}

/* 0: it is there and bound; -ENODEV: it is not; else an error. */
static int add(struct isa_driver *drv, unsigned int id)
{
	struct isa_dev *isa = calloc(1, sizeof(*isa));
	int error = -ENOMEM;

	if (!isa)
		return -ENOMEM;
	isa->id = id;
	isa->drv = drv;
	isa->dev.bus = &isa_bus_type;
	isa->dev.release = release_isa;
	device_initialize(&isa->dev);
	if (!isa->dev.p) {
		free(isa);
		return -ENOMEM;
	}
	if (!dev_set_name(&isa->dev, "%s.%u", drv->driver.name, id)) {
		dmk_device_masters(&isa->dev, dmk_device_port->machine->isa, DMK_REQUESTER_NONE);
		*isa->dev.dma_mask = ISA_MASK;
		isa->dev.coherent_dma_mask = ISA_MASK;
		isa->dev.p->made_here = true;
		error = device_add(&isa->dev);
	}
	if (!error && !isa->dev.driver) {
		device_del(&isa->dev);
		error = -ENODEV;
	}
	if (error) {
		put_device(&isa->dev);
		return error;
	}
	isa->next = of_device(drv->devices);
	drv->devices = &isa->dev;
	return 0;
}

int isa_register_driver(struct isa_driver *drv, unsigned int ndev)
{
	int error;

	if (!dmk_device_port || !dmk_device_port->machine->isa)
		return -ENODEV;
	drv->driver.bus = &isa_bus_type;
	drv->devices = NULL;
	error = driver_register(&drv->driver);
	for (unsigned int id = 0; id < ndev && !error; id++) {
		error = add(drv, id);
		if (error == -ENODEV)
			error = 0;
	}
	if (!error && !drv->devices)
		error = -ENODEV;
	if (error)
		isa_unregister_driver(drv);
	return error;
}

void isa_unregister_driver(struct isa_driver *drv)
{
	while (drv->devices) {
		struct isa_dev *isa = of_device(drv->devices);

		drv->devices = isa->next ? &isa->next->dev : NULL;
		device_unregister(&isa->dev);
	}
	driver_unregister(&drv->driver);
}
