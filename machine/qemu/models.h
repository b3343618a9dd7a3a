/* SPDX-License-Identifier: MIT */
/*
 * QEMU device models that are known by their PCI ids, and what QEMU wants to hear of a device.
 */
#ifndef DMK_QEMU_MODELS_H
#define DMK_QEMU_MODELS_H

#include <dmakit/machine.h>

/** Names of the known models, ended by NULL. */
extern const char *const dmk_qemu_model_names[];

/**
 * dmk_qemu_model_option - the value of -device for a request, to be freed; NULL: out of memory
 * @index: its own among the requests
 */
char *dmk_qemu_model_option(const struct dmk_device_request *request, unsigned int index);

/**
 * dmk_qemu_model_behind - what has to be there before a card of the ISA bus: the host's sound, a
 * disk
 * @value: that argument's value, to be freed; NULL: out of memory
 * Return: the argument, "-drive"; NULL: nothing has to.
 */
const char *dmk_qemu_model_behind(const struct dmk_device_request *request, unsigned int index,
				  char **value);

#endif
