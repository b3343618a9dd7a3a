/* SPDX-License-Identifier: MIT */
/*
 * PCI functions: configuration space, BARs, MSI, MSI-X, function-level reset. One function a slot
 * on the first bus; no bridges, so other buses are empty. PCI Local Bus Specification 3.0, chapter
 * 6; Advanced Features ECN for the reset.
 *
 * All of a function's configuration is guarded by its card's lock; where its BARs answer is copied
 * out, under decode_lock, for who looks an address up.
 */
#include "sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONFIG_SIZE = 256,
	CONFIG_ALL = 4096,

	VENDOR = 0x00,
	DEVICE = 0x02,
	COMMAND = 0x04,
	STATUS = 0x06,
	REVISION = 0x08,
	CLASS = 0x09,
	BAR0 = 0x10,
	SUBSYSTEM_VENDOR = 0x2c,
	SUBSYSTEM = 0x2e,
	CAPABILITIES = 0x34,
	INTERRUPT_LINE = 0x3c,
	INTERRUPT_PIN = 0x3d,
	FIRST_CAPABILITY = 0x40,

	COMMAND_IO = 1 << 0,
	COMMAND_MEMORY = 1 << 1,
	COMMAND_MASTER = 1 << 2,
	COMMAND_INTX_OFF = 1 << 10,
	STATUS_INTX = 1 << 3,
	STATUS_CAPABILITIES = 1 << 4,

	BAR_IO = 1,
	BAR_64 = 4,
	BAR_PREFETCH = 8,

	CAP_MSI = 0x05,
	CAP_MSIX = 0x11,
	CAP_AF = 0x13,

	MSI_CONTROL = 2,
	MSI_ADDRESS = 4,
	MSI_DATA = 12,
	MSI_SIZE = 14,
	MSI_ON = 1 << 0,
	MSI_64 = 1 << 7,

	MSIX_CONTROL = 2,
	MSIX_TABLE = 4,
	MSIX_PENDING = 8,
	MSIX_SIZE = 12,
	MSIX_MASK_ALL = 1 << 14,
	MSIX_ON = 1 << 15,
	MSIX_ENTRY = 16,
	MSIX_ENTRY_DATA = 8,
	MSIX_ENTRY_CONTROL = 12,
	MSIX_ENTRY_MASKED = 1,
	MSIX_PENDING_AT = 0x800, /* in its BAR */

	AF_CAPABILITIES = 3,
	AF_CONTROL = 4,
	AF_SIZE = 6,
	AF_HAS_RESET = 3, /* transactions pending, function-level reset */
	AF_RESET = 1,
};

static uint64_t get(const uint8_t *at, unsigned int width)
{
	uint64_t value = 0;

	while (width--)
		value = value << 8 | at[width];
	return value;
}

static void put(uint8_t *at, unsigned int width, uint64_t value)
{
	for (; width--; value >>= 8)
		*at++ = value;
}

static unsigned int config16(const struct sim_pci_function *f, unsigned int offset)
{
	return get(f->config + offset, 2);
}

/* --- making one ------------------------------------------------------------------------------- */

static bool bar_makes_sense(const struct dmk_model *model, unsigned int i)
{
	uint64_t size = model->bar[i].size;

	if (size < 16 || size & (size - 1))
		return false;
	if (model->bar[i].kind == DMK_BAR_IO)
		return size <= 256;
	if (model->bar[i].kind == DMK_BAR_MMIO32)
		return size <= 1u << 31;
	return i + 1 < DMK_MODEL_BARS && !model->bar[i + 1].kind;
}

static void bar_make(struct sim_pci_function *f, unsigned int i, int bar, enum dmk_bar_kind kind,
		     uint64_t size)
{
	uint8_t *config = f->config + BAR0 + 4 * i, *writable = f->writable + BAR0 + 4 * i;
	bool wide = kind == DMK_BAR_MMIO64 || kind == DMK_BAR_MMIO64_PREFETCH;

	f->reg[i].bar = bar;
	f->reg[i].kind = kind;
	f->reg[i].size = size;
	*config = (kind == DMK_BAR_IO ? BAR_IO : 0) | (wide ? BAR_64 : 0) |
		  (kind == DMK_BAR_MMIO64_PREFETCH ? BAR_PREFETCH : 0);
	/*
	 * Address bits below the size are fixed at zero: writing ones and reading back tells the
	 * size.
	 */
	put(writable, wide ? 8 : 4, ~(size - 1));
}

/* A register that no BAR of the model uses, or -1. */
static int free_register(const struct sim_pci_function *f)
{
	for (unsigned int i = 0; i < DMK_MODEL_BARS; i++) {
		bool upper_half = i && f->reg[i - 1].kind >= DMK_BAR_MMIO64 &&
				  f->reg[i - 1].kind <= DMK_BAR_MMIO64_PREFETCH;

		if (!f->reg[i].kind && !upper_half)
			return i;
	}
	return -1;
}

static bool bars_make(struct sim_pci_function *f, const struct dmk_model *model)
{
	for (unsigned int i = 0; i < DMK_MODEL_BARS; i++)
		f->reg[i].bar = SIM_BAR_NONE;
	for (unsigned int i = 0; i < DMK_MODEL_BARS; i++) {
		if (!model->bar[i].kind)
			continue;
		if (!bar_makes_sense(model, i))
			return false;
		bar_make(f, i, i, model->bar[i].kind, model->bar[i].size);
	}
	return true;
}

struct capabilities {
	unsigned int next; /* free byte of the configuration space */
	uint8_t *link;     /* what points to the next capability */
};

static unsigned int capability_make(struct sim_pci_function *f, struct capabilities *all,
				    unsigned int id, unsigned int size)
{
	unsigned int at = all->next;

	f->config[at] = id;
	*all->link = at;
	all->link = f->config + at + 1;
	all->next = (at + size + 3) & ~3u;
	return at;
}

static unsigned int log2_of(unsigned int n)
{
	return 31 - __builtin_clz(n);
}

static void msi_make(struct sim_pci_function *f, struct capabilities *all, unsigned int vectors)
{
	f->msi = capability_make(f, all, CAP_MSI, MSI_SIZE);
	put(f->config + f->msi + MSI_CONTROL, 2, MSI_64 | log2_of(vectors) << 1);
	put(f->writable + f->msi + MSI_CONTROL, 2, MSI_ON | 7 << 4);
	put(f->writable + f->msi + MSI_ADDRESS, 8, ~3ULL);
	put(f->writable + f->msi + MSI_DATA, 2, 0xffff);
}

static bool msix_make(struct sim_pci_function *f, struct capabilities *all, unsigned int vectors)
{
	int reg = free_register(f);

	if (reg < 0)
		return false;
	bar_make(f, reg, SIM_BAR_MSIX, DMK_BAR_MMIO32, SIM_MSIX_BAR_SIZE);
	f->msix = capability_make(f, all, CAP_MSIX, MSIX_SIZE);
	put(f->config + f->msix + MSIX_CONTROL, 2, vectors - 1);
	put(f->writable + f->msix + MSIX_CONTROL, 2, MSIX_MASK_ALL | MSIX_ON);
	put(f->config + f->msix + MSIX_TABLE, 4, reg);
	put(f->config + f->msix + MSIX_PENDING, 4, MSIX_PENDING_AT | reg);
	return true;
}

static void msix_mask_all_entries(struct dmk_instance *card)
{
	struct sim_pci_function *f = card->pci;

	memset(f->msix_table, 0, sizeof(f->msix_table));
	f->msix_pending = 0;
	for (unsigned int i = 0; i < card->model->msix_vectors; i++)
		f->msix_table[i * MSIX_ENTRY + MSIX_ENTRY_CONTROL] = MSIX_ENTRY_MASKED;
}

static void header_make(struct sim_pci_function *f, const struct dmk_model *model)
{
	put(f->config + VENDOR, 2, model->pci.vendor);
	put(f->config + DEVICE, 2, model->pci.device);
	put(f->config + STATUS, 2, STATUS_CAPABILITIES);
	f->config[REVISION] = model->pci.revision;
	put(f->config + CLASS, 3, model->pci.class_code);
	put(f->config + SUBSYSTEM_VENDOR, 2, model->pci.subsystem_vendor);
	put(f->config + SUBSYSTEM, 2, model->pci.subsystem);
	f->config[INTERRUPT_PIN] = model->intx;
	put(f->writable + COMMAND, 2,
	    COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_INTX_OFF);
	f->writable[INTERRUPT_LINE] = 0xff;
}

static bool vectors_make_sense(const struct dmk_model *model)
{
	unsigned int msi = model->msi_vectors;

	return msi <= 32 && !(msi & (msi - 1)) && model->msix_vectors <= 64;
}

static bool function_make(struct sim_pci_function *f, const struct dmk_model *model)
{
	struct capabilities all = {FIRST_CAPABILITY, f->config + CAPABILITIES};

	header_make(f, model);
	if (!vectors_make_sense(model) || !bars_make(f, model))
		return false;
	if (model->msi_vectors)
		msi_make(f, &all, model->msi_vectors);
	if (model->msix_vectors && !msix_make(f, &all, model->msix_vectors))
		return false;
	f->af = capability_make(f, &all, CAP_AF, AF_SIZE);
	f->config[f->af + 2] = AF_SIZE;
	f->config[f->af + AF_CAPABILITIES] = AF_HAS_RESET;
	return true;
}

int dmk_sim_pci_plug(struct dmk_instance *card, unsigned int slot)
{
	struct sim_pci_function *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	if (!function_make(f, card->model)) {
		free(f);
		return -EINVAL;
	}
	f->bdf = card->sim->profile.pci.first_bus << 8 | slot << 3;
	card->requester = f->bdf;
	card->pci = f;
	msix_mask_all_entries(card);
	card->sim->slot[slot] = card;
	return 0;
}

/* --- where BARs answer ------------------------------------------------------------------------ */

/* Which window of the host bridge passes [bus, + size) down, and from which physical address. */
static bool window_up(const struct dmk_window *window, uint64_t bus, uint64_t size, uint64_t *phys)
{
	uint64_t into = bus - window->bus;

	if (into >= window->size || size > window->size - into)
		return false;
	*phys = window->phys.v + into;
	return true;
}

static struct sim_decode decode_of(const struct dmk_instance *card, unsigned int i)
{
	const struct sim_pci_function *f = card->pci;
	const struct dmk_pci_host *host = &card->sim->profile.pci;
	unsigned int command = config16(f, COMMAND);
	bool port = f->reg[i].kind == DMK_BAR_IO, wide = f->config[BAR0 + 4 * i] & BAR_64 && !port;
	uint64_t bus = get(f->config + BAR0 + 4 * i, wide ? 8 : 4) & (port ? ~3ULL : ~15ULL);
	uint64_t size = f->reg[i].size;
	struct sim_decode decode = {.port = port};

	if (!f->reg[i].kind || !(command & (port ? COMMAND_IO : COMMAND_MEMORY)))
		return decode;
	if (port) {
		decode.first = bus;
		decode.on = bus + size <= 0x10000;
	} else {
		decode.on = window_up(&host->mmio32, bus, size, &decode.first) ||
			    window_up(&host->mmio64, bus, size, &decode.first);
	}
	decode.last = decode.first + (size - 1);
	return decode;
}

static void decode_update(struct dmk_instance *card)
{
	pthread_mutex_lock(&card->sim->decode_lock);
	for (unsigned int i = 0; i < DMK_MODEL_BARS; i++)
		card->decode[i] = decode_of(card, i);
	pthread_mutex_unlock(&card->sim->decode_lock);
}

/* --- configuration space ---------------------------------------------------------------------- */

static struct dmk_instance *function_at(struct sim *sim, uint16_t bdf)
{
	bool ours = sim->profile.machine.pci && bdf >> 8 == sim->profile.pci.first_bus &&
		    !(bdf & 7);

	return ours ? sim->slot[bdf >> 3 & (SIM_PCI_SLOTS - 1)] : NULL;
}

static bool config_access_fits(unsigned int offset, unsigned int width)
{
	return (width == 1 || width == 2 || width == 4) && offset <= CONFIG_ALL - width;
}

static uint32_t ones(unsigned int width)
{
	return width == 1 ? 0xff : width == 2 ? 0xffff : 0xffffffff;
}

uint32_t dmk_sim_pci_config_read(struct sim *sim, uint16_t bdf, unsigned int offset,
				 unsigned int width)
{
	struct dmk_instance *card = function_at(sim, bdf);
	uint32_t value = 0;

	if (!card || !config_access_fits(offset, width))
		return ones(width);
	/* The extended space is there and holds nothing. */
	if (offset + width > CONFIG_SIZE)
		return 0;
	pthread_mutex_lock(&card->lock);
	value = get(card->pci->config + offset, width);
	pthread_mutex_unlock(&card->lock);
	return value;
}

static void function_reset(struct dmk_instance *card)
{
	struct sim_pci_function *f = card->pci;

	for (unsigned int i = 0; i < CONFIG_SIZE; i++)
		f->config[i] &= ~f->writable[i];
	msix_mask_all_entries(card);
	card->model->reset(card, card->state);
	card->level = 0;
}

static void msix_flush(struct dmk_instance *card);

static void config_written(struct dmk_instance *card, unsigned int offset, unsigned int width,
			   uint32_t value)
{
	struct sim_pci_function *f = card->pci;
	unsigned int reset_at = f->af + AF_CONTROL;

	if (offset <= reset_at && reset_at < offset + width &&
	    value >> 8 * (reset_at - offset) & AF_RESET)
		function_reset(card);
	decode_update(card);
	dmk_sim_instance_lines(card);
	msix_flush(card);
}

void dmk_sim_pci_config_write(struct sim *sim, uint16_t bdf, unsigned int offset,
			      unsigned int width, uint32_t value)
{
	struct dmk_instance *card = function_at(sim, bdf);

	if (!card || !config_access_fits(offset, width) || offset + width > CONFIG_SIZE)
		return;
	pthread_mutex_lock(&card->lock);
	for (unsigned int i = 0; i < width; i++) {
		uint8_t *byte = card->pci->config + offset + i;
		uint8_t writable = card->pci->writable[offset + i];

		*byte = (*byte & ~writable) | (value >> 8 * i & writable);
	}
	config_written(card, offset, width, value);
	pthread_mutex_unlock(&card->lock);
}

/* --- interrupts ------------------------------------------------------------------------------- */

unsigned int dmk_sim_pci_intx(const struct sim *sim, uint16_t bdf, unsigned int pin)
{
	const struct sim_profile *profile = &sim->profile;

	for (unsigned int i = 0; i < profile->nr_pins; i++)
		if ((bdf & profile->pin_mask_devfn) == profile->pins[i].devfn &&
		    (pin & profile->pin_mask_pin) == profile->pins[i].pin)
			return profile->pins[i].irq;
	return 0;
}

bool dmk_sim_pci_may_master(const struct dmk_instance *card)
{
	return !card->pci || config16(card->pci, COMMAND) & COMMAND_MASTER;
}

static bool msi_on(const struct sim_pci_function *f)
{
	return f->msi && config16(f, f->msi + MSI_CONTROL) & MSI_ON;
}

static bool msix_on(const struct sim_pci_function *f)
{
	return f->msix && config16(f, f->msix + MSIX_CONTROL) & MSIX_ON;
}

bool dmk_sim_pci_messages_on(const struct dmk_instance *card)
{
	return msi_on(card->pci) || msix_on(card->pci);
}

bool dmk_sim_pci_intx_off(const struct dmk_instance *card)
{
	return config16(card->pci, COMMAND) & COMMAND_INTX_OFF;
}

void dmk_sim_pci_status_intx(struct dmk_instance *card, bool up)
{
	uint8_t *status = card->pci->config + STATUS;

	*status = up ? *status | STATUS_INTX : *status & ~STATUS_INTX;
}

/* A message is a write by the device: without bus mastering it goes nowhere, as on hardware. */
static void message_send(struct dmk_instance *card, uint64_t address, uint32_t data)
{
	if (dmk_sim_pci_may_master(card))
		dmk_sim_msi_write(card->sim, address, data);
}

static void msi_send(struct dmk_instance *card, unsigned int vector)
{
	const struct sim_pci_function *f = card->pci;
	unsigned int enabled = 1u << (config16(f, f->msi + MSI_CONTROL) >> 4 & 7);
	uint32_t data = config16(f, f->msi + MSI_DATA);

	/*
	 * The function puts the vector in the low bits; with fewer messages than it has, they
	 * share.
	 */
	data = (data & ~(enabled - 1)) | (vector & (enabled - 1));
	message_send(card, get(f->config + f->msi + MSI_ADDRESS, 8), data);
}

static bool msix_masked(const struct sim_pci_function *f, unsigned int vector)
{
	return config16(f, f->msix + MSIX_CONTROL) & MSIX_MASK_ALL ||
	       f->msix_table[vector * MSIX_ENTRY + MSIX_ENTRY_CONTROL] & MSIX_ENTRY_MASKED;
}

static void msix_send(struct dmk_instance *card, unsigned int vector)
{
	struct sim_pci_function *f = card->pci;
	const uint8_t *entry = f->msix_table + vector * MSIX_ENTRY;

	if (msix_masked(f, vector)) {
		f->msix_pending |= 1ULL << vector;
		return;
	}
	f->msix_pending &= ~(1ULL << vector);
	message_send(card, get(entry, 8), get(entry + MSIX_ENTRY_DATA, 4));
}

/* What waited for its mask to go. */
static void msix_flush(struct dmk_instance *card)
{
	struct sim_pci_function *f = card->pci;

	for (unsigned int i = 0; f->msix_pending && msix_on(f) && i < card->model->msix_vectors;
	     i++)
		if (f->msix_pending >> i & 1 && !msix_masked(f, i))
			msix_send(card, i);
}

bool dmk_sim_pci_message(struct dmk_instance *card, unsigned int vector)
{
	if (msix_on(card->pci)) {
		if (vector < card->model->msix_vectors)
			msix_send(card, vector);
		return true;
	}
	if (!msi_on(card->pci))
		return false;
	if (vector < card->model->msi_vectors)
		msi_send(card, vector);
	return true;
}

uint64_t dmk_sim_pci_msix_read(struct dmk_instance *card, uint64_t offset, unsigned int width)
{
	uint8_t pending[8];

	put(pending, 8, card->pci->msix_pending);
	if (offset >= MSIX_PENDING_AT && offset - MSIX_PENDING_AT < sizeof(pending))
		return get(pending + (offset - MSIX_PENDING_AT), width);
	return get(card->pci->msix_table + offset, width);
}

void dmk_sim_pci_msix_write(struct dmk_instance *card, uint64_t offset, unsigned int width,
			    uint64_t value)
{
	/* Beyond the table there is nothing to write: the pending bits are read-only. */
	if (offset >= card->model->msix_vectors * MSIX_ENTRY)
		return;
	put(card->pci->msix_table + offset, width, value);
	msix_flush(card);
}
