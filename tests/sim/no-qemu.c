/* SPDX-License-Identifier: MIT */
/*
 * The list of machines knows QEMU; these tests do not need it.
 */
#include <dmakit/machine.h>

#include <errno.h>

int dmk_qemu_open(const struct dmk_machine_config *config, struct dmk_port *port, char *error,
		  size_t error_size)
{
	return -ENODEV;
}

bool dmk_qemu_machine(unsigned int index, struct dmk_machine_info *info)
{
	if (index)
		return false;
	*info = (struct dmk_machine_info){"qemu", "QEMU, but for this test"};
	return true;
}

const char *dmk_qemu_device(const char *machine, unsigned int index)
{
	return NULL;
}

const char *dmk_qemu_model_for(const char *machine, uint16_t vendor, uint16_t device)
{
	return vendor == 0x1234 && device == 0x11e8 ? "qemu's edu" : NULL;
}
