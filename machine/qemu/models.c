// SPDX-License-Identifier: MIT
/*
 * QEMU device models that are known by their PCI ids (each is compared with the running QEMU by
 * tests/qemu). Any other model that QEMU has can be plugged in too, by name.
 */
#include "models.h"

#include "board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

struct model {
	uint16_t vendor, device;
	const char *name;
	const char *
		/* what QEMU insists on and a request may leave out: "name=value"; NULL: nothing */
		property;
};

/* In the order of their names; dmk_qemu_model_names has the same. */
static const struct model models[] = {
	{0x8086, 0x2415, "AC97", NULL},
	{0x1274, 0x5000, "ES1370", NULL},
	{0x8086, 0x100e, "e1000", NULL},
	{0x8086, 0x10d3, "e1000e", NULL},
	{0x1234, 0x11e8, "edu", NULL},
	{0x8086, 0x2922, "ich9-ahci", NULL},
	{0x8086, 0x2668, "intel-hda", NULL},
	{0x10ec, 0x8029, "ne2k_pci", NULL},
	{0x1b36, 0x0010, "nvme", "serial=dmakit"},
	{0x1b36, 0x0005, "pci-testdev", NULL},
	{0x1022, 0x2000, "pcnet", NULL},
	{0x1b36, 0x000d, "qemu-xhci", NULL},
	{0x10ec, 0x8139, "rtl8139", NULL},
	{0x1b36, 0x0007, "sdhci-pci", NULL},
	{0x1011, 0x0019, "tulip", NULL},
	{0x15ad, 0x07b0, "vmxnet3", NULL},
};

const char *const dmk_qemu_model_names[] = {
	"AC97",      "ES1370",    "e1000", "e1000e",      "edu",   "ich9-ahci",
	"intel-hda", "ne2k_pci",  "nvme",  "pci-testdev", "pcnet", "qemu-xhci",
	"rtl8139",   "sdhci-pci", "tulip", "vmxnet3",     NULL,
};

_Static_assert(ARRAY_SIZE(dmk_qemu_model_names) == ARRAY_SIZE(models) + 1,
	       "the same models in both");

const char *dmk_qemu_model_for(const char *machine, uint16_t vendor, uint16_t device)
{
	size_t i;

	if (!dmk_qemu_board_find(machine)->pci)
		return NULL;
	if (!vendor)
		return device < ARRAY_SIZE(models) ? models[device].name : NULL;
	for (i = 0; i < ARRAY_SIZE(models); i++)
		if (models[i].vendor == vendor && models[i].device == device)
			return models[i].name;
	return NULL;
}

/* Within -device a comma ends a value; two stand for one. */
static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++)
		fputs(*text == ',' ? ",," : (char[]){*text, '\0'}, out);
}

static bool names_property(const struct dmk_device_request *request, const char *name,
			   size_t length)
{
	unsigned int i;

	for (i = 0; i < request->nr_properties; i++)
		if (strlen(request->property[i].name) == length &&
		    !strncmp(request->property[i].name, name, length))
			return true;
	return false;
}

static void put_insisted(FILE *out, const struct dmk_device_request *request)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(models); i++) {
		const char *property = models[i].property;

		if (!property || strcmp(models[i].name, request->model))
			continue;
		if (!names_property(request, property, strchr(property, '=') - property))
			fprintf(out, ",%s", property);
	}
}

char *dmk_qemu_model_option(const struct dmk_device_request *request)
{
	char *text = NULL;
	size_t size;
	unsigned int i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	put_escaped(out, request->model);
	for (i = 0; i < request->nr_properties; i++) {
		fputc(',', out);
		put_escaped(out, request->property[i].name);
		fputc('=', out);
		put_escaped(out, request->property[i].value);
	}
	put_insisted(out, request);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
