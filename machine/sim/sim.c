/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine: the port's operations, and its life from open to shutdown. The parts are
 * in sim.h.
 */
#include "iommu.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* splitmix64, after Steele, Lea and Flood (2014): any seed does, zero too. */
uint64_t dmk_sim_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* --- registers -------------------------------------------------------------------------------- */

static bool is_width(unsigned int width)
{
	return width == 1 || width == 2 || width == 4 || width == 8;
}

static uint64_t all_ones(unsigned int width)
{
	return width >= 8 ? ~0ULL : (1ULL << 8 * width) - 1;
}

struct dmk_instance *dmk_sim_card_at(struct sim *sim, bool port, uint64_t first, uint64_t size,
				     unsigned int *bar, uint64_t *offset)
{
	struct dmk_instance *card;

	pthread_mutex_lock(&sim->decode_lock);
	for (card = sim->instances; card; card = card->next)
		for (unsigned int i = 0; i < DMK_MODEL_BARS; i++) {
			const struct sim_decode *decode = &card->decode[i];

			if (!decode->on || decode->port != port || first < decode->first ||
			    first > decode->last || decode->last - first < size - 1)
				continue;
			*bar = i;
			*offset = first - decode->first;
			goto found;
		}
found:
	pthread_mutex_unlock(&sim->decode_lock);
	return card;
}

static bool is_msix_table(const struct dmk_instance *card, unsigned int bar)
{
	return card->pci && card->pci->reg[bar].bar == SIM_BAR_MSIX;
}

uint64_t dmk_sim_bar_read(struct dmk_instance *card, unsigned int bar, uint64_t offset,
			  unsigned int width)
{
	return is_msix_table(card, bar)
		       ? dmk_sim_pci_msix_read(card, offset, width)
		       : card->model->read(card, card->state, bar, offset, width);
}

void dmk_sim_bar_write(struct dmk_instance *card, unsigned int bar, uint64_t offset,
		       unsigned int width, uint64_t value)
{
	if (is_msix_table(card, bar))
		dmk_sim_pci_msix_write(card, offset, width, value);
	else
		card->model->write(card, card->state, bar, offset, width, value);
}

/* The controllers' registers have a byte each. */
static uint64_t port_read(struct sim *sim, uint64_t port, unsigned int width)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < width; i++) {
		uint8_t byte = 0xff;

		dmk_sim_dma_read(sim, port + i, &byte);
		value |= (uint64_t)byte << 8 * i;
	}
	return value;
}

static void port_write(struct sim *sim, uint64_t port, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		dmk_sim_dma_write(sim, port + i, value >> 8 * i);
}

static uint64_t register_read(struct sim *sim, bool port, uint64_t address, unsigned int width)
{
	unsigned int bar;
	uint64_t offset, value;
	struct dmk_instance *card = dmk_sim_card_at(sim, port, address, width, &bar, &offset);

	if (!card)
		return port ? port_read(sim, address, width) : all_ones(width);
	pthread_mutex_lock(&card->lock);
	value = dmk_sim_bar_read(card, bar, offset, width);
	pthread_mutex_unlock(&card->lock);
	return value & all_ones(width);
}

static void register_write(struct sim *sim, bool port, uint64_t address, unsigned int width,
			   uint64_t value)
{
	unsigned int bar;
	uint64_t offset;
	struct dmk_instance *card = dmk_sim_card_at(sim, port, address, width, &bar, &offset);

	if (!card && port)
		port_write(sim, address, width, value);
	if (!card)
		return;
	pthread_mutex_lock(&card->lock);
	dmk_sim_bar_write(card, bar, offset, width, value & all_ones(width));
	pthread_mutex_unlock(&card->lock);
}

/* Models see aligned accesses only: a misaligned one is done byte by byte, in ascending order. */
static uint64_t io_read(struct sim *sim, bool port, uint64_t address, unsigned int width)
{
	uint64_t value = 0;

	dmk_sim_cache_chance(sim);
	dmk_sim_posts_deliver(sim);
	if (!is_width(width))
		return ~0ULL;
	if (!(address & (width - 1)))
		return register_read(sim, port, address, width);
	for (unsigned int i = 0; i < width; i++)
		value |= register_read(sim, port, address + i, 1) << 8 * i;
	return value;
}

static void io_write(struct sim *sim, bool port, uint64_t address, unsigned int width,
		     uint64_t value)
{
	dmk_sim_cache_chance(sim);
	dmk_sim_posts_deliver(sim);
	if (!is_width(width))
		return;
	if (!(address & (width - 1))) {
		register_write(sim, port, address, width, value);
		return;
	}
	for (unsigned int i = 0; i < width; i++)
		register_write(sim, port, address + i, 1, value >> 8 * i);
}

/* --- the port --------------------------------------------------------------------------------- */

static void *op_view_map(void *ctx, const dmk_phys *pages, size_t n, enum dmk_view view)
{
	return dmk_sim_view_map(ctx, pages, n, view);
}

static void op_view_unmap(void *ctx, void *view, size_t n)
{
	dmk_sim_view_unmap(ctx, view, n);
}

static void op_cache_clean(void *ctx, dmk_phys phys, size_t size)
{
	dmk_sim_cache(ctx, phys.v, size, SIM_CLEAN);
}

static void op_cache_invalidate(void *ctx, dmk_phys phys, size_t size)
{
	dmk_sim_cache(ctx, phys.v, size, SIM_INVALIDATE);
}

static void op_cache_flush(void *ctx, dmk_phys phys, size_t size)
{
	dmk_sim_cache(ctx, phys.v, size, SIM_FLUSH);
}

static int op_memory_share(void *ctx, dmk_phys phys, size_t size, bool shared)
{
	return dmk_sim_memory_share(ctx, phys.v, size, shared);
}

static uint64_t op_mmio_read(void *ctx, dmk_phys address, unsigned int width)
{
	return io_read(ctx, false, address.v, width);
}

static void op_mmio_write(void *ctx, dmk_phys address, unsigned int width, uint64_t value)
{
	io_write(ctx, false, address.v, width, value);
}

static uint32_t op_port_in(void *ctx, uint16_t port, unsigned int width)
{
	return width > 4 ? ~0u : io_read(ctx, true, port, width);
}

static void op_port_out(void *ctx, uint16_t port, unsigned int width, uint32_t value)
{
	if (width <= 4)
		io_write(ctx, true, port, width, value);
}

static uint32_t op_config_read(void *ctx, uint16_t bdf, unsigned int offset, unsigned int width)
{
	return dmk_sim_pci_config_read(ctx, bdf, offset, width);
}

static void op_config_write(void *ctx, uint16_t bdf, unsigned int offset, unsigned int width,
			    uint32_t value)
{
	dmk_sim_posts_deliver(ctx);
	dmk_sim_pci_config_write(ctx, bdf, offset, width, value);
}

static unsigned int op_intx_irq(void *ctx, uint16_t bdf, unsigned int pin)
{
	return dmk_sim_pci_intx(ctx, bdf, pin);
}

static int op_msi_alloc(void *ctx, uint16_t bdf, unsigned int n, bool contiguous,
			struct dmk_msi_message *messages)
{
	return dmk_sim_msi_alloc(ctx, n, contiguous, messages);
}

static void op_msi_free(void *ctx, unsigned int first_irq, unsigned int n)
{
	dmk_sim_msi_free(ctx, first_irq, n);
}

static void op_irq_enable(void *ctx, unsigned int irq, bool enable)
{
	dmk_sim_irq_enable(ctx, irq, enable);
}

static bool op_quiesce(void *ctx, unsigned int usec)
{
	return dmk_sim_clock_quiesce(ctx, usec);
}

/* --- life ------------------------------------------------------------------------------------- */

static struct sim *sim_new(const struct dmk_machine_config *config)
{
	struct sim *sim = calloc(1, sizeof(*sim));
	pthread_condattr_t monotonic;
	pthread_rwlockattr_t fair;

	if (!sim)
		return NULL;
	sim->seed = config->seed;
	sim->sink = config->sink;
	sim->last_instance = &sim->instances;
	sim->memory.cpu_fd = -1;
	sim->memory.dram_fd = -1;
	pthread_mutex_init(&sim->memory.lock, NULL);
	/* Cards that never rest don't keep a guest from taking its memory back. */
	pthread_rwlockattr_init(&fair);
	pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&sim->memory.share_lock, &fair);
	pthread_rwlockattr_destroy(&fair);
	pthread_mutex_init(&sim->irq_lock, NULL);
	dmk_sim_posts_start(sim);
	dmk_sim_dma_start(sim);
	pthread_mutex_init(&sim->decode_lock, NULL);
	pthread_mutex_init(&sim->clock.lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&sim->clock.wake, &monotonic);
	pthread_cond_init(&sim->clock.quiet, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return sim;
}

/* Also for a machine that got only half way. */
static void sim_end(struct sim *sim)
{
	dmk_sim_clock_stop(sim);
	dmk_sim_instances_end(sim);
	dmk_sim_posts_end(sim);
	dmk_sim_dma_end(sim);
	dmk_sim_iommus_close(sim);
	dmk_sim_memory_close(sim);
	dmk_sim_profile_free(&sim->profile);
	pthread_cond_destroy(&sim->clock.quiet);
	pthread_cond_destroy(&sim->clock.wake);
	pthread_mutex_destroy(&sim->clock.lock);
	pthread_mutex_destroy(&sim->decode_lock);
	pthread_mutex_destroy(&sim->irq_lock);
	pthread_rwlock_destroy(&sim->memory.share_lock);
	pthread_mutex_destroy(&sim->memory.lock);
	free(sim);
}

static void op_shutdown(void *ctx)
{
	sim_end(ctx);
}

static const struct dmk_port_ops sim_ops = {
	.view_map = op_view_map,
	.view_unmap = op_view_unmap,
	.cache_clean = op_cache_clean,
	.cache_invalidate = op_cache_invalidate,
	.cache_flush = op_cache_flush,
	.memory_share = op_memory_share,
	.mmio_read = op_mmio_read,
	.mmio_write = op_mmio_write,
	.port_in = op_port_in,
	.port_out = op_port_out,
	.config_read = op_config_read,
	.config_write = op_config_write,
	.intx_irq = op_intx_irq,
	.msi_alloc = op_msi_alloc,
	.msi_free = op_msi_free,
	.irq_enable = op_irq_enable,
	.quiesce = op_quiesce,
	.shutdown = op_shutdown,
};

static int sim_make(struct sim *sim, const struct dmk_machine_config *config, char *error,
		    size_t error_size)
{
	int result = dmk_sim_profile_read(&sim->profile, config, error, error_size);

	if (result)
		return result;
	if (sim->profile.machine.caps & DMK_CAP_WEAK_ORDER)
		sim->stores = config->sink.stores;
	result = dmk_sim_memory_open(sim);
	if (result) {
		snprintf(error, error_size, "%.96s: no room for the machine's memory",
			 config->machine);
		return result;
	}
	result = dmk_sim_iommus_open(sim);
	if (result) {
		snprintf(error, error_size, "out of memory");
		return result;
	}
	result = dmk_sim_instances_make(sim, config, error, error_size);
	if (result)
		return result;
	result = dmk_sim_clock_start(sim);
	if (result)
		snprintf(error, error_size, "no thread for the machine's devices");
	return result;
}

int dmk_sim_open(const struct dmk_machine_config *config, struct dmk_port *port, char *error,
		 size_t error_size)
{
	struct sim *sim = sim_new(config);
	int result;

	if (!sim) {
		snprintf(error, error_size, "out of memory");
		return -ENOMEM;
	}
	result = sim_make(sim, config, error, error_size);
	if (result) {
		sim_end(sim);
		return result;
	}
	*port = (struct dmk_port){&sim_ops, sim, &sim->profile.machine};
	return 0;
}

/* --- what there is ---------------------------------------------------------------------------- */

enum { PROFILES_MAX = 24 };

static struct dmk_machine_info profiles[PROFILES_MAX + 1];
static pthread_once_t profiles_once = PTHREAD_ONCE_INIT;

static void profiles_fill(void)
{
	for (unsigned int i = 0; dmk_sim_builtins[i].name && i < PROFILES_MAX; i++) {
		const char *summary = fdt_getprop(dmk_sim_builtins[i].dtb, 0, "dmakit,summary",
						  NULL);

		profiles[i] = (struct dmk_machine_info){dmk_sim_builtins[i].name,
							summary ? summary : ""};
	}
}

const struct dmk_machine_info *dmk_sim_profiles(void)
{
	pthread_once(&profiles_once, profiles_fill);
	return profiles;
}

static bool model_fits(const struct dmk_model *model, uint16_t vendor, uint16_t device)
{
	return model->pci.vendor && model->pci.vendor == vendor && model->pci.device == device;
}

const char *dmk_sim_model_for(uint16_t vendor, uint16_t device)
{
	unsigned int index = device;

	for (const struct dmk_model *m = dmk_model_next(NULL); m; m = dmk_model_next(m)) {
		if (vendor ? model_fits(m, vendor, device) : !index--)
			return m->name;
	}
	return NULL;
}

const char *dmk_sim_model_compatible(const char *compatible)
{
	for (const struct dmk_model *m = dmk_model_next(NULL); m; m = dmk_model_next(m))
		if (dmk_sim_is_soldered(m) && !strcmp(m->compatible, compatible))
			return m->name;
	return NULL;
}
