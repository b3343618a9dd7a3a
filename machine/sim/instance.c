/* SPDX-License-Identifier: MIT */
/*
 * Cards: how they come into the machine, what they may ask of it (<dmakit/model.h>), how they
 * leave. What a card does is its model's; how it reaches memory is access.c's.
 */
#include "sim.h"

#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MAX = 128 };

struct maker {
	struct sim *sim;
	const struct dmk_machine_config *config;
	char *error;
	size_t error_size;
};

DMK_PRINTF(3, 4)
static int refuse(const struct maker *m, int result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(m->error, m->error_size, format, args);
	va_end(args);
	return result;
}

/* " (did you mean X?); there are: A, B" */
static void list_names(const struct maker *m, const char *word, const char *const *names)
{
	const char *nearest = dmk_nearest(word, names);
	size_t at = strlen(m->error);

	at += snprintf(m->error + at, m->error_size - at, "; there are: %s",
		       nearest ? nearest : "");
	for (unsigned int i = 0; names[i] && at < m->error_size; i++)
		if (names[i] != nearest)
			at += snprintf(m->error + at, m->error_size - at, "%s%s",
				       i || nearest ? ", " : "", names[i]);
}

/* --- life ------------------------------------------------------------------------------------- */

static unsigned int property_count(const struct dmk_model *model)
{
	unsigned int n = 0;

	while (model->properties && model->properties[n].name)
		n++;
	return n;
}

static int find_property(const struct dmk_model *model, const char *name)
{
	for (unsigned int i = 0; i < property_count(model); i++)
		if (!strcmp(model->properties[i].name, name))
			return i;
	return -1;
}

static struct dmk_instance *instance_new(struct sim *sim, const struct dmk_model *model)
{
	unsigned int n = property_count(model);
	struct dmk_instance *card = calloc(1, sizeof(*card));

	if (!card)
		return NULL;
	card->state = calloc(1, model->state_size ? model->state_size : 1);
	card->values = calloc(n ? n : 1, sizeof(*card->values));
	card->files = calloc(n ? n : 1, sizeof(*card->files));
	if (!card->state || !card->values || !card->files) {
		free(card->state);
		free(card->values);
		free(card->files);
		free(card);
		return NULL;
	}
	card->sim = sim;
	card->model = model;
	pthread_mutex_init(&card->lock, NULL);
	for (unsigned int i = 0; i < n; i++)
		card->values[i] = model->properties[i].initial;
	*sim->last_instance = card;
	sim->last_instance = &card->next;
	return card;
}

static void instance_free(struct dmk_instance *card)
{
	for (unsigned int i = 0; i < property_count(card->model); i++)
		if (card->files[i].bytes)
			munmap(card->files[i].bytes, card->files[i].size);
	pthread_mutex_destroy(&card->lock);
	free(card->files);
	free(card->pci);
	free(card->values);
	free(card->state);
	free(card);
}

/* The first of a model's functions that is not there, or NULL. */
static const char *missing_function(const struct dmk_model *model)
{
	return !model->start   ? "start"
	       : !model->reset ? "reset"
	       : !model->stop  ? "stop"
	       : !model->read  ? "read"
	       : !model->write ? "write"
			       : NULL;
}

static int instance_start(const struct maker *m, struct dmk_instance *card)
{
	const char *missing = missing_function(card->model);
	char why[256] = "it gave no reason";
	int result;

	if (missing)
		return refuse(m, -EINVAL, "%s: its model has no %s(), and each function must be there",
			      card->name, missing);
	card->random = m->sim->seed + card->requester * 0x9e3779b97f4a7c15ULL;
	card->lateness = card->random ^ 0x6c617465;
	card->error = why;
	card->error_size = sizeof(why);
	pthread_mutex_lock(&card->lock);
	result = card->model->start(card, card->state);
	pthread_mutex_unlock(&card->lock);
	card->error = NULL;
	card->started = !result;
	return result ? refuse(m, result, "%s refuses to start: %s", card->name, why) : 0;
}

void dmk_sim_instances_end(struct sim *sim)
{
	dmk_sim_requests_end(sim);
	while (sim->instances) {
		struct dmk_instance *card = sim->instances;

		sim->instances = card->next;
		if (card->started) {
			pthread_mutex_lock(&card->lock);
			card->model->stop(card, card->state);
			pthread_mutex_unlock(&card->lock);
		}
		instance_free(card);
	}
	sim->last_instance = &sim->instances;
}

/* --- cards on PCI ----------------------------------------------------------------------------- */

static const struct dmk_bus *bus_of_slot(const struct dmk_pci_host *host, unsigned int slot)
{
	return host->slot_dma[slot] ? host->slot_dma[slot] : host->dma;
}

static int plug(const struct maker *m, const struct dmk_model *model, unsigned int slot,
		struct dmk_instance **result)
{
	struct sim *sim = m->sim;
	struct dmk_instance *card;

	if (!sim->profile.machine.pci)
		return refuse(m, -EINVAL, "%s: no PCI host bridge to plug \"%s\" into",
			      sim->profile.machine.name, model->name);
	if (!model->pci.vendor)
		return refuse(
			m, -EINVAL,
			"\"%s\" is no PCI card: a devicetree node with compatible = \"%s\" makes one",
			model->name, model->compatible ? model->compatible : "?");
	if (sim->slot[slot])
		return refuse(m, -EINVAL, "%s: PCI slot %u is taken by %s",
			      sim->profile.machine.name, slot, sim->slot[slot]->name);
	card = instance_new(sim, model);
	if (!card)
		return refuse(m, -ENOMEM, "out of memory");
	*result = card;
	card->bus = bus_of_slot(sim->profile.machine.pci, slot);
	snprintf(card->name, sizeof(card->name), "%.20s at %02x:%02x.0", model->name,
		 sim->profile.pci.first_bus, slot);
	if (dmk_sim_pci_plug(card, slot) == -ENOMEM)
		return refuse(m, -ENOMEM, "out of memory");
	return card->pci ? 0
			 : refuse(m, -EINVAL,
				  "model \"%s\": its BARs or vectors make no PCI function",
				  model->name);
}

static int unknown_model(const struct maker *m, const char *name)
{
	const char *names[NAMES_MAX + 1] = {NULL};
	unsigned int n = 0;

	for (const struct dmk_model *at = dmk_model_next(NULL); at; at = dmk_model_next(at))
		if (n < NAMES_MAX && (at->pci.vendor || at->compatible))
			names[n++] = at->name;
	refuse(m, 0, "no device model \"%.64s\"", name);
	list_names(m, name, names);
	return -ENOENT;
}

static int unknown_property(const struct maker *m, const struct dmk_model *model, const char *name)
{
	const char *names[NAMES_MAX + 1] = {NULL};

	for (unsigned int i = 0; i < property_count(model) && i < NAMES_MAX; i++)
		names[i] = model->properties[i].name;
	refuse(m, 0, "device %s has no property \"%.64s\"", model->name, name);
	if (names[0])
		list_names(m, name, names);
	return -EINVAL;
}

static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return *text && *text != '-' && !*end && !errno;
}

/* A copy of the file's bytes: what the card writes stays with it. */
static int map_file(const struct maker *m, struct dmk_instance *card, int at, const char *path)
{
	const char *name = card->model->properties[at].name;
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat stat;
	void *bytes;
	int result = fd < 0 || fstat(fd, &stat) ? -errno : 0;

	if (!result && (!S_ISREG(stat.st_mode) || !stat.st_size))
		result = -EINVAL;
	if (!result) {
		bytes = mmap(NULL, stat.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		result = bytes == MAP_FAILED ? -errno : 0;
	}
	if (fd >= 0)
		close(fd);
	if (result)
		return refuse(m, -EINVAL, "device %s: %s=%.200s: %s", card->model->name, name, path,
			      result == -EINVAL ? "no file, or an empty one" : strerror(-result));
	card->files[at] = (struct sim_file){bytes, stat.st_size};
	card->values[at] = 1;
	return 0;
}

static int set_properties(const struct maker *m, struct dmk_instance *card,
			  const struct dmk_device_request *request)
{
	for (unsigned int i = 0; i < request->nr_properties; i++) {
		const char *name = request->property[i].name, *value = request->property[i].value;
		int at = find_property(card->model, name);

		if (at < 0)
			return unknown_property(m, card->model, name);
		if (card->model->properties[at].is_file) {
			int result = map_file(m, card, at, value ? value : "");

			if (result)
				return result;
			continue;
		}
		if (!value || !parse_number(value, &card->values[at]))
			return refuse(m, -EINVAL, "device %s: %s=%.64s is no number",
				      card->model->name, name, value ? value : "");
	}
	return 0;
}

static unsigned int free_slot(const struct sim *sim)
{
	unsigned int slot = 1;

	while (slot < SIM_PCI_SLOTS && sim->slot[slot])
		slot++;
	return slot;
}

static void name_isa_card(struct dmk_instance *card)
{
	snprintf(card->name, sizeof(card->name), "%.20s at port 0x%llx", card->model->name,
		 (unsigned long long)dmk_instance_property(card, "port"));
}

static int plug_isa(const struct maker *m, const struct dmk_model *model,
		    const struct dmk_device_request *request)
{
	struct sim *sim = m->sim;
	struct dmk_instance *card;
	int result;

	if (!sim->profile.machine.isa)
		return refuse(m, -EINVAL,
			      "%s: no ISA bus to plug \"%s\" into: the machine pc-isa has one",
			      sim->profile.machine.name, model->name);
	card = instance_new(sim, model);
	if (!card)
		return refuse(m, -ENOMEM, "out of memory");
	card->isa = true;
	card->bus = sim->profile.machine.isa;
	card->requester = DMK_REQUESTER_NONE;
	result = set_properties(m, card, request);
	name_isa_card(card);
	result = result ? result : dmk_sim_isa_plug(card, m->error, m->error_size);
	return result ? result : instance_start(m, card);
}

static int plug_requested(const struct maker *m, const struct dmk_device_request *request)
{
	const struct dmk_model *model = dmk_model_find(request->model);
	unsigned int slot = free_slot(m->sim);
	struct dmk_instance *card;
	int result;

	if (!model)
		return unknown_model(m, request->model);
	if (model->isa.is_card)
		return plug_isa(m, model, request);
	if (dmk_sim_is_soldered(model))
		return 0; /* graft.c has made its node */
	if (slot == SIM_PCI_SLOTS)
		return refuse(m, -EINVAL, "no PCI slot is free for \"%s\"", model->name);
	result = plug(m, model, slot, &card);
	result = result ? result : set_properties(m, card, request);
	return result ? result : instance_start(m, card);
}

/* Properties of a node have dashes where a model's have underscores. */
static int node_properties(const struct maker *m, struct dmk_instance *card, int node)
{
	const struct sim_profile *profile = &m->sim->profile;

	for (unsigned int i = 0; i < property_count(card->model); i++) {
		char name[48];

		snprintf(name, sizeof(name), "%s", card->model->properties[i].name);
		for (char *at = name; *at; at++)
			if (*at == '_')
				*at = '-';
		if (card->model->properties[i].is_file) {
			const char *path = fdt_getprop(profile->fdt, node, name, NULL);
			int result = path ? map_file(m, card, i, path) : 0;

			if (result)
				return result;
			continue;
		}
		if (dmk_sim_profile_number(profile, node, name, &card->values[i]) == -EINVAL)
			return refuse(m, -EINVAL,
				      "%.96s: %s: %s: a number of 4 or 8 bytes was expected",
				      profile->file, fdt_get_name(profile->fdt, node, NULL), name);
	}
	return 0;
}

static int plug_soldered(const struct maker *m, const struct sim_soldered *soldered)
{
	const struct dmk_model *model = dmk_model_find(soldered->model);
	struct dmk_instance *card;
	int result;

	if (!model)
		return unknown_model(m, soldered->model);
	result = plug(m, model, soldered->slot, &card);
	result = result ? result : node_properties(m, card, soldered->node);
	return result ? result : instance_start(m, card);
}

/* --- cards on the platform bus ---------------------------------------------------------------- */

static const struct dmk_model *model_for(const struct dmk_platform_device *device)
{
	for (unsigned int i = 0; i < DMK_PLATFORM_COMPATIBLES && device->compatible[i]; i++)
		for (const struct dmk_model *m = dmk_model_next(NULL); m; m = dmk_model_next(m))
			if (m->compatible && !strcmp(m->compatible, device->compatible[i]))
				return m;
	return NULL;
}

static int place_registers(const struct maker *m, struct dmk_instance *card)
{
	const struct dmk_platform_device *device = card->platform;

	for (unsigned int i = 0; i < DMK_MODEL_BARS; i++) {
		uint64_t size = card->model->bar[i].kind ? card->model->bar[i].size : 0;

		if (!size)
			continue;
		if (i >= DMK_PLATFORM_REGS || i >= device->nr_regs || device->reg[i].size < size)
			return refuse(
				m, -EINVAL,
				"%.96s: %s: reg: entry %u of 0x%llx bytes or more is needed by model %s",
				m->sim->profile.file, device->name, i, (unsigned long long)size,
				card->model->name);
		card->decode[i] = (struct sim_decode){.on = true,
						      .first = device->reg[i].first.v,
						      .last = device->reg[i].first.v + (size - 1)};
	}
	return 0;
}

static int request_properties(const struct maker *m, struct dmk_instance *card, int node)
{
	uint64_t index;

	if (dmk_sim_profile_number(&m->sim->profile, node, SIM_GRAFTED, &index) ||
	    index >= m->config->nr_devices)
		return 0;
	return set_properties(m, card, &m->config->devices[index]);
}

static void set_value(struct dmk_instance *card, const char *name, uint64_t value)
{
	int at = find_property(card->model, name);

	if (at >= 0)
		card->values[at] = value;
}

/* A card of the ISA bus in the tree: its ports and its line are in the node's own properties. */
static int place_isa(const struct maker *m, struct dmk_instance *card, int node)
{
	const struct dmk_platform_device *device = card->platform;
	int result = node_properties(m, card, node);

	if (result)
		return result;
	card->isa = true;
	set_value(card, "port", device->reg[0].first.v - card->model->isa.at[0]);
	if (device->nr_irqs)
		set_value(card, "irq", device->irq[0]);
	for (unsigned int i = 0; i < DMK_MODEL_BARS; i++) {
		const uint64_t first = device->reg[0].first.v - card->model->isa.at[0] +
				       card->model->isa.at[i];
		const uint64_t size = card->model->bar[i].kind ? card->model->bar[i].size : 0;

		if (!size || (i < device->nr_regs && device->reg[i].is_port &&
			      device->reg[i].first.v == first && device->reg[i].size == size))
			continue;
		return refuse(
			m, -EINVAL,
			"%.96s: %s: reg: entry %u is <1 0x%llx 0x%llx> for model %s at this place",
			m->sim->profile.file, device->name, i, (unsigned long long)first,
			(unsigned long long)size, card->model->name);
	}
	return dmk_sim_isa_plug(card, m->error, m->error_size);
}

static int place_platform(const struct maker *m, unsigned int index)
{
	const struct dmk_platform_device *device = &m->sim->profile.platform[index];
	const struct dmk_model *model = model_for(device);
	const int node = m->sim->profile.platform_node[index];
	struct dmk_instance *card;
	int result;

	/* A board has many devices that nobody models: their registers read as all ones. */
	if (!model)
		return 0;
	card = instance_new(m->sim, model);
	if (!card)
		return refuse(m, -ENOMEM, "out of memory");
	card->platform = device;
	card->bus = device->dma;
	card->requester = DMK_REQUESTER_PLATFORM + index;
	snprintf(card->name, sizeof(card->name), "%.47s", device->name);
	if (model->isa.is_card && device->nr_regs)
		return place_isa(m, card, node);
	result = place_registers(m, card);
	result = result ? result : node_properties(m, card, node);
	return result ? result : request_properties(m, card, node);
}

/* All are there before the first one drives a line to another. */
static int make_platform(const struct maker *m)
{
	int result = 0;

	for (unsigned int i = 0; i < m->sim->profile.machine.nr_platform && !result; i++)
		result = place_platform(m, i);
	result = result ? result : dmk_sim_requests_wire(m->sim, m->error, m->error_size);
	for (struct dmk_instance *at = m->sim->instances; at && !result; at = at->next)
		result = instance_start(m, at);
	return result;
}

int dmk_sim_instances_make(struct sim *sim, const struct dmk_machine_config *config, char *error,
			   size_t error_size)
{
	const struct maker m = {sim, config, error, error_size};
	const struct sim_profile *profile = &sim->profile;
	int result = make_platform(&m);

	for (unsigned int i = 0; i < profile->nr_soldered && !result; i++)
		result = plug_soldered(&m, &profile->soldered[i]);
	for (unsigned int i = 0; i < config->nr_devices && !result; i++)
		result = plug_requested(&m, &config->devices[i]);
	return result;
}

/* --- properties and chance -------------------------------------------------------------------- */

uint64_t dmk_instance_property(const struct dmk_instance *card, const char *name)
{
	int at = find_property(card->model, name);

	return at < 0 ? 0 : card->values[at];
}

uint8_t *dmk_instance_file(const struct dmk_instance *card, const char *name, size_t *size)
{
	int at = find_property(card->model, name);

	*size = at < 0 ? 0 : card->files[at].size;
	return at < 0 ? NULL : card->files[at].bytes;
}

void dmk_instance_error(struct dmk_instance *card, const char *format, ...)
{
	va_list args;

	if (!card->error)
		return;
	va_start(args, format);
	vsnprintf(card->error, card->error_size, format, args);
	va_end(args);
}

uint64_t dmk_instance_random(struct dmk_instance *card, uint64_t limit)
{
	return dmk_sim_random(&card->random) % limit;
}

/* --- transfers -------------------------------------------------------------------------------- */

uint64_t dmk_instance_begin(struct dmk_instance *card, uint64_t dma, uint64_t size,
			    bool writes_memory)
{
	struct sim_clock *clock = &card->sim->clock;
	struct dmk_event event = {
		.kind = DMK_EVENT_TRANSFER_BEGIN,
		.requester = card->requester,
		.dma = DMK_DMA(dma),
		.size = size,
		.dir = writes_memory ? DMK_FROM_DEVICE : DMK_TO_DEVICE,
		.write = writes_memory,
	};

	pthread_mutex_lock(&clock->lock);
	event.cookie = ++clock->cookie;
	clock->under_way++;
	pthread_mutex_unlock(&clock->lock);
	dmk_announce(&event);
	return event.cookie;
}

void dmk_instance_end(struct dmk_instance *card, uint64_t cookie)
{
	struct sim_clock *clock = &card->sim->clock;
	const struct dmk_event event = {.kind = DMK_EVENT_TRANSFER_END,
					.requester = card->requester,
					.cookie = cookie};

	dmk_announce(&event);
	pthread_mutex_lock(&clock->lock);
	if (clock->under_way)
		clock->under_way--;
	pthread_cond_broadcast(&clock->quiet);
	pthread_mutex_unlock(&clock->lock);
}

/* --- interrupts ------------------------------------------------------------------------------- */

static unsigned int line_of(const struct dmk_instance *card, unsigned int vector)
{
	if (card->pci)
		return vector ? 0 : dmk_sim_pci_intx(card->sim, card->pci->bdf, 1);
	if (card->isa)
		return card->sim->profile.isa_lines & 1u << vector ? vector : 0;
	return vector < card->platform->nr_irqs ? card->platform->irq[vector] : 0;
}

void dmk_sim_instance_lines(struct dmk_instance *card)
{
	uint32_t wanted = card->level;

	if (card->pci) {
		dmk_sim_pci_status_intx(card, card->level & 1);
		if (dmk_sim_pci_messages_on(card) || dmk_sim_pci_intx_off(card))
			wanted = 0;
	}
	for (unsigned int i = 0; i < 32; i++) {
		uint32_t bit = 1u << i;

		if (!((wanted ^ card->asserting) & bit))
			continue;
		card->asserting ^= bit;
		if (card->isa)
			dmk_sim_irq_rise(card->sim, line_of(card, i), wanted & bit);
		else
			dmk_sim_irq_level(card->sim, line_of(card, i), wanted & bit);
	}
}

void dmk_instance_irq(struct dmk_instance *card, unsigned int vector, bool level)
{
	if (vector >= 32 || (card->pci && !card->model->intx))
		return;
	if (level)
		card->level |= 1u << vector;
	else
		card->level &= ~(1u << vector);
	dmk_sim_instance_lines(card);
}

bool dmk_instance_msi(struct dmk_instance *card, unsigned int vector)
{
	return card->pci && dmk_sim_pci_message(card, vector);
}

/* --- time ------------------------------------------------------------------------------------- */

void dmk_instance_after(struct dmk_instance *card, unsigned int usec,
			void (*fn)(struct dmk_instance *card, void *state))
{
	dmk_sim_clock_set(card, usec, fn);
}

void dmk_instance_cancel(struct dmk_instance *card,
			 void (*fn)(struct dmk_instance *card, void *state))
{
	dmk_sim_clock_cancel(card, fn);
}
