// SPDX-License-Identifier: MIT
/*
 * The device half's beginning and end.
 */
#include "internal.h"
#include "tree.h"

#include <errno.h>
#include <stdio.h>

#include <dmakit/kernel.h>

const struct dmk_port *dmk_device_port;

static struct dmk_port running;

int dmk_devices_start(const struct dmk_port *port, char *error, size_t error_size)
{
	int result;

	if (dmk_device_port) {
		snprintf(error, error_size, "devices are running already");
		return -EBUSY;
	}
	running = *port;
	dmk_device_port = &running;
	dmk_kobject_start();
	result = dmk_iomap_start();
	if (!result)
		result = dmk_iofault_start();
	if (!result)
		result = dmk_resources_start(port->machine);
	if (!result)
		result = dmk_dma_files_start();
	if (result)
		snprintf(error, error_size, "can't set up register access");
	if (!result)
		result = dmk_pci_start(error, error_size);
	if (!result)
		result = dmk_platform_start(error, error_size);
	if (result)
		dmk_devices_stop();
	return result;
}

void dmk_devices_stop(void)
{
	dmk_wake();
	if (!dmk_device_port)
		return;
	dmk_areas_stop();
	dmk_pins_stop();
	dmk_files_stop();
	dmk_core_devices_stop();
	dmk_uio_stop();
	dmk_chrdev_stop();
	dmk_platform_stop();
	dmk_pci_stop();
	dmk_tree_stop();
	dmk_modules_stop();
	dmk_isa_dma_stop();
	dmk_resources_stop();
	dmk_iofault_stop();
	dmk_iomap_stop();
	dmk_device_port = NULL;
}
