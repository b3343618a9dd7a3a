// SPDX-License-Identifier: MIT
/*
 * The machine "qemu": a q35 PC of QEMU's, whose device models run outside this process.
 */
#include <errno.h>
#include <stdio.h>

#include <dmakit/machine.h>

int dmk_qemu_open(const struct dmk_machine_config *config, struct dmk_port *port, char *error,
		  size_t error_size)
{
	snprintf(error, error_size, "qemu: this build can't start QEMU");
	return -ENODEV;
}

const char *dmk_qemu_model_for(uint16_t vendor, uint16_t device)
{
	return NULL;
}
