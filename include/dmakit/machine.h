/* SPDX-License-Identifier: MIT */
/*
 * Opening a machine by name. Host world: what dmakit's own runner and tests use; a program of yours
 * may too.
 */
#ifndef DMAKIT_MACHINE_H
#define DMAKIT_MACHINE_H

#include <dmakit/port.h>
#include <dmakit/types.h>

enum { DMK_DEVICE_PROPERTIES = 16 };

/** A device to plug in: "edu,dma_mask=0xffffffff". Strings are the caller's. */
struct dmk_device_request {
	const char *model;
	struct {
		const char *name, *value;
	} property[DMK_DEVICE_PROPERTIES];
	unsigned int nr_properties;
};

struct dmk_machine_config {
	const char *machine; /* a profile's name, a QEMU board's, or the path of a .dts or .dtb */
	const char *append;  /* added to the machine's boot arguments; NULL: nothing */
	uint64_t seed;       /* of all that the machine decides by chance */
	const struct dmk_device_request *devices;
	unsigned int nr_devices;
	struct dmk_sink sink;
};

/**
 * dmk_machine_open - make a machine: memory, buses, devices; nothing runs on it yet
 * @error: at least 512 bytes; on failure one line, without newline, that says what is wrong and
 *         what would do (an unknown name lists the known ones, nearest first; a broken .dts names
 *         file and line)
 * Return: 0; -ENOENT no such machine, file or device model; -EINVAL a description or property that
 *         makes no sense; -ENODEV a program that is needed is missing (QEMU, dtc); -ENOMEM; -EIO it
 *         started and died. The machine is ended by port->ops->shutdown().
 */
int dmk_machine_open(const struct dmk_machine_config *config, struct dmk_port *port, char *error,
		     size_t error_size);

/** A machine that can be opened by name, for listings. */
struct dmk_machine_info {
	const char *name;
	const char *summary;
};
/** All of them, in the order a reader should see them, ended by a NULL name. */
const struct dmk_machine_info *dmk_machine_list(void);

/**
 * dmk_machine_model_for - the device model with PCI id @vendor:@device that @machine can plug in,
 * for automatic choice
 * @vendor: 0 walks all models of the machine: @device counts from 0
 * Return: the model's name, or NULL.
 */
const char *dmk_machine_model_for(const char *machine, uint16_t vendor, uint16_t device);

/**
 * dmk_machine_device - the device @index, from 0, that is soldered to a machine which has nothing
 * but such and which takes time to start: what a devicetree would call it
 * Return: its `compatible`; NULL: none, and for every @index on a machine that devices can be
 *         plugged into.
 */
const char *dmk_machine_device(const char *machine, unsigned int index);

/** dmk_machine_model_compatible - the same, of what a devicetree's node calls so */
const char *dmk_machine_model_compatible(const char *machine, const char *compatible);

/** The name in @names (ended by NULL) that is nearest to @word, or NULL when none is near. */
const char *dmk_nearest(const char *word, const char *const *names);

/* Each machine family's own entry, called by dmk_machine_open() alone. */
int dmk_sim_open(const struct dmk_machine_config *config, struct dmk_port *port, char *error,
		 size_t error_size);
int dmk_qemu_open(const struct dmk_machine_config *config, struct dmk_port *port, char *error,
		  size_t error_size);
/* As dmk_machine_model_for() and dmk_machine_device(), each family's; called by these alone. */
const char *dmk_sim_model_for(uint16_t vendor, uint16_t device);
const char *dmk_qemu_model_for(const char *machine, uint16_t vendor, uint16_t device);
const char *dmk_qemu_device(const char *machine, unsigned int index);
const char *dmk_sim_model_compatible(const char *compatible);
/* The simulation's profiles, ended by a NULL name; called by dmk_machine_list(). */
const struct dmk_machine_info *dmk_sim_profiles(void);
/* QEMU's boards, from 0. Return: whether there is one of this @index. As above. */
bool dmk_qemu_machine(unsigned int index, struct dmk_machine_info *info);

#endif
