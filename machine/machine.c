/* SPDX-License-Identifier: MIT */
/*
 * The list of machines, and the one way to open any of them by name. What a machine is stands in
 * its own directory.
 */
#include <dmakit/machine.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MACHINES_MAX = 32 };

static struct dmk_machine_info machines[MACHINES_MAX + 1];
static const char *names[MACHINES_MAX + 1];
static pthread_once_t machines_once = PTHREAD_ONCE_INIT;

static void machines_fill(void)
{
	const struct dmk_machine_info *profile = dmk_sim_profiles();
	unsigned int n = 0;

	for (; profile->name && n < MACHINES_MAX; profile++)
		machines[n++] = *profile;
	for (unsigned int i = 0; n < MACHINES_MAX && dmk_qemu_machine(i, &machines[n]); i++)
		n++;
	for (unsigned int i = 0; i < n; i++)
		names[i] = machines[i].name;
}

const struct dmk_machine_info *dmk_machine_list(void)
{
	pthread_once(&machines_once, machines_fill);
	return machines;
}

static bool is_qemu(const char *machine)
{
	struct dmk_machine_info board;

	for (unsigned int i = 0; dmk_qemu_machine(i, &board); i++)
		if (!strcmp(board.name, machine))
			return true;
	return false;
}

static bool is_profile(const char *machine)
{
	for (const struct dmk_machine_info *m = dmk_sim_profiles(); m->name; m++)
		if (!strcmp(m->name, machine))
			return true;
	return false;
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && !strcmp(text + n - m, end);
}

static bool is_file(const char *machine)
{
	return strchr(machine, '/') || ends_in(machine, ".dts") || ends_in(machine, ".dtb");
}

/* Nearest first, then the rest in their usual order. */
static int unknown_machine(const char *machine, char *error, size_t error_size)
{
	const char *nearest;
	size_t at;

	dmk_machine_list();
	nearest = dmk_nearest(machine, names);
	at = snprintf(error, error_size, "no machine \"%.64s\"; there are: %s", machine,
		      nearest ? nearest : "");
	for (const char **name = names; *name && at < error_size; name++) {
		bool first = name == names && !nearest;

		if (*name != nearest)
			at += snprintf(error + at, error_size - at, "%s%s", first ? "" : ", ",
				       *name);
	}
	if (at < error_size)
		snprintf(error + at, error_size - at, ", or the path of a .dts or .dtb file");
	return -ENOENT;
}

int dmk_machine_open(const struct dmk_machine_config *config, struct dmk_port *port, char *error,
		     size_t error_size)
{
	const char *machine = config->machine ? config->machine : "";

	if (is_qemu(machine))
		return dmk_qemu_open(config, port, error, error_size);
	if (is_profile(machine) || is_file(machine))
		return dmk_sim_open(config, port, error, error_size);
	return unknown_machine(machine, error, error_size);
}

const char *dmk_machine_device(const char *machine, unsigned int index)
{
	return is_qemu(machine) ? dmk_qemu_device(machine, index) : NULL;
}

/* A board outside this process has what is soldered to it. */
const char *dmk_machine_model_compatible(const char *machine, const char *compatible)
{
	return is_qemu(machine) ? NULL : dmk_sim_model_compatible(compatible);
}

const char *dmk_machine_model_for(const char *machine, uint16_t vendor, uint16_t device)
{
	return is_qemu(machine) ? dmk_qemu_model_for(machine, vendor, device)
				: dmk_sim_model_for(vendor, device);
}
