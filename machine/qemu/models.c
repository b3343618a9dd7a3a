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

/* --- cards of the ISA bus --------------------------------------------------------------------- */

/*
 * They have the names of the simulation, so that one --device does on both. What QEMU wants to have
 * behind a card, the host's sound or a disk, is an argument of its own.
 */
static const struct isa_card {
	const char *name, *device; /* ours, QEMU's */
	const char *port;          /* what QEMU calls the property of that name; NULL: has none */
	const char *behind;        /* QEMU's property that says which */
	const char *flag;          /* and the argument that makes it */
	const char *own[2];        /* our properties of that */
} isa_cards[] = {
	{"sb16", "sb16", "iobase", "audiodev", "-audiodev", {"wav"}},
	{"fdc", "floppy", NULL, "drive", "-drive", {"image", "readonly"}},
};

static const struct isa_card *find_isa_card(const struct dmk_device_request *request)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(isa_cards); i++)
		if (!strcmp(isa_cards[i].name, request->model))
			return &isa_cards[i];
	return NULL;
}

static bool is_own(const struct isa_card *card, const char *property)
{
	unsigned int i;

	for (i = 0; card && i < ARRAY_SIZE(card->own); i++)
		if (card->own[i] && !strcmp(card->own[i], property))
			return true;
	return false;
}

static const char *theirs(const struct isa_card *card, const char *property)
{
	return card && card->port && !strcmp(property, "port") ? card->port : property;
}

static const char *value_of(const struct dmk_device_request *request, const char *name)
{
	unsigned int i;

	for (i = 0; i < request->nr_properties; i++)
		if (!strcmp(request->property[i].name, name))
			return request->property[i].value;
	return NULL;
}

/* What is written to a disk stays in QEMU: the file is as it was. */
static void put_behind(FILE *out, const struct dmk_device_request *request, unsigned int index)
{
	const char *wav = value_of(request, "wav"), *image = value_of(request, "image");
	const char *readonly = value_of(request, "readonly");

	if (!strcmp(request->model, "fdc")) {
		fprintf(out, "if=none,id=dmakit-%u", index);
		if (image) {
			fputs(",format=raw,snapshot=on,file=", out);
			put_escaped(out, image);
		}
		if (readonly && strcmp(readonly, "0"))
			fputs(",readonly=on", out);
	} else if (wav) {
		fprintf(out, "wav,id=dmakit-%u,path=", index);
		put_escaped(out, wav);
	} else {
		fprintf(out, "none,id=dmakit-%u", index);
	}
}

const char *dmk_qemu_model_behind(const struct dmk_device_request *request, unsigned int index,
				  char **value)
{
	const struct isa_card *card = find_isa_card(request);
	FILE *out;
	size_t size;

	*value = NULL;
	if (!card)
		return NULL;
	out = open_memstream(value, &size);
	if (!out)
		return card->flag;
	put_behind(out, request, index);
	if (fclose(out)) {
		free(*value);
		*value = NULL;
	}
	return card->flag;
}

/* --- the option ------------------------------------------------------------------------------- */

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

char *dmk_qemu_model_option(const struct dmk_device_request *request, unsigned int index)
{
	const struct isa_card *card = find_isa_card(request);
	char *text = NULL;
	size_t size;
	unsigned int i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	put_escaped(out, card ? card->device : request->model);
	if (card)
		fprintf(out, ",%s=dmakit-%u", card->behind, index);
	for (i = 0; i < request->nr_properties; i++) {
		if (is_own(card, request->property[i].name))
			continue;
		fputc(',', out);
		put_escaped(out, theirs(card, request->property[i].name));
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
