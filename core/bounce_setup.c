/* SPDX-License-Identifier: MIT */
/*
 * How many bounce slots, and where: the parameters (BNC-01), the machine's memory and its buses,
 * and the regions that devices are restricted to (BNC-05).
 *
 *	swiotlb=[N[,M]][,force|,noforce]	N slots of 2 KiB, in M areas with a lock each
 *	dmakit.swiotlb_max=N			how many slots there may be after growth
 *
 * N goes up to whole segments of 128 slots, as in Linux, because a mapping lies in one; Linux then
 * goes on to a power of two, which nothing here needs. M becomes a power of two, and no area is
 * less than a segment. Numbers may be written as in C.
 *
 * Growth: who says N means it, and a test of what a driver does when there is no more room must be
 * able to rely on it. So N slots stay N slots, unless dmakit.swiotlb_max= allows more. Where N is
 * not said, there may be four times as many slots as at the start; dmakit.swiotlb_max=0, or any
 * number that is not more than there are, switches growth off.
 */
#include "bounce_pool.h"
#include "lock.h"
#include "parameters.h"
#include "text.h"

enum { DEFAULT_AREAS = 8, MOST_AREAS = 1024, GROWS_TO = 4 };

struct wish {
	uint64_t slots; /* 0: not said */
	uint64_t areas; /* 0: not said */
	uint64_t most;  /* ~0: not said */
	bool force, none;
};

/* --- the parameter ---------------------------------------------------------------------------- */

/* @value is what follows "swiotlb=". */
static bool parse_slots(const char *value, struct wish *wish)
{
	struct wish parsed = {.most = wish->most};
	uint64_t numbers[2] = {0, 0};
	unsigned int n = 0;

	for (;;) {
		if (dmk_parameter_take_word(&value, "force"))
			parsed.force = true;
		else if (dmk_parameter_take_word(&value, "noforce"))
			parsed.none = true;
		else if (n == 2 || !dmk_parameter_take_number(&value, &numbers[n++]))
			return false;
		if (*value != ',')
			break;
		value++;
	}
	if (parsed.force && parsed.none)
		return false;
	parsed.slots = numbers[0];
	parsed.areas = numbers[1];
	*wish = parsed;
	return true;
}

static bool parse_most(const char *value, struct wish *wish)
{
	uint64_t most;

	if (!dmk_parameter_take_number(&value, &most) || *value == ',')
		return false;
	wish->most = most;
	return true;
}

/* false: it is one of ours, and makes no sense. */
static bool parse_word(const char *at, struct wish *wish)
{
	const char *slots = dmk_parameter_value(at, "swiotlb=");
	const char *most = dmk_parameter_value(at, "dmakit.swiotlb_max=");

	if (slots)
		return parse_slots(slots, wish);
	return !most || parse_most(most, wish);
}

/* Of each kind, the last one that makes sense holds. */
static struct wish parse_parameters(const char *parameters)
{
	struct wish wish = {.most = ~0ULL};
	bool wrong = false;

	for (const char *at = parameters; *at; at = dmk_parameter_next(at))
		wrong |= !parse_word(at, &wish);
	if (wrong)
		dmk_log(DMK_LOG_WARNING, NULL,
			"a parameter is not understood and ignored: swiotlb=N[,M][,force|,noforce] or dmakit.swiotlb_max=N is expected");
	return wish;
}

/* --- pools ------------------------------------------------------------------------------------ */

/*
 * As low as it fits, because devices of 28 and 30 bits are common and the pool is of use to a
 * device only where it reaches; and smaller, when there is no run of memory that long.
 */
static struct dmk_slot_pool *pool_below(unsigned int bits, uint64_t nr_slots, size_t nr_areas)
{
	static const unsigned int widths[] = {28, 30, 32};
	struct dmk_slot_pool *pool;
	struct dmk_range low;

	for (; nr_slots >= DMK_SEGMENT_SLOTS;
	     nr_slots = nr_slots / 2 / DMK_SEGMENT_SLOTS * DMK_SEGMENT_SLOTS) {
		for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
			if (widths[i] > bits || !dmk_low_memory(widths[i], &low))
				continue;
			pool = dmk_slot_pool_new(DMK_BOUNCE_MAIN, nr_slots, nr_areas, low);
			if (pool)
				return pool;
		}
	}
	return NULL;
}

/* --- how much --------------------------------------------------------------------------------- */

static uint64_t ram_bytes(uint64_t last)
{
	const struct dmk_machine *machine = dmk_core.machine;
	struct dmk_range ram, low;
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < machine->nr_memory; i++) {
		const struct dmk_memory *memory = &machine->memory[i];

		if (memory->kind == DMK_MEMORY_RAM &&
		    dmk_range_make(memory->first.v, memory->size, &ram) &&
		    dmk_range_common(ram, (struct dmk_range){0, last}, &low))
			bytes += dmk_range_bytes(low);
	}
	return bytes;
}

static uint64_t whole_segments(uint64_t slots)
{
	return (slots + DMK_SEGMENT_SLOTS - 1) / DMK_SEGMENT_SLOTS * DMK_SEGMENT_SLOTS;
}

/* A sixteenth of the memory, at most 64 MiB. */
static uint64_t default_slots(void)
{
	const uint64_t most = 64ULL << 20, share = ram_bytes(~0ULL) / 16;

	return whole_segments((share < most ? share : most) >> DMK_SLOT_SHIFT);
}

/*
 * For devices of 24 bits, where the main pool is out of their reach and the machine has such
 * memory: at most 1 MiB.
 */
static void add_lowest(struct dmk_bounce *source)
{
	const uint64_t zone_last = dmk_core.machine->dma_zone_last;
	const uint64_t share = ram_bytes(zone_last) / 16 >> DMK_SLOT_SHIFT;
	const uint64_t most = (1ULL << 20) >> DMK_SLOT_SHIFT;
	struct dmk_slot_pool *pool;

	if (!zone_last || source->pools[0]->memory.last <= zone_last || share < DMK_SEGMENT_SLOTS)
		return;
	pool = dmk_slot_pool_new(DMK_BOUNCE_LOW,
				 share < most ? share / DMK_SEGMENT_SLOTS * DMK_SEGMENT_SLOTS
					      : most,
				 source->nr_areas, (struct dmk_range){0, zone_last});
	if (!pool)
		return;
	pool->low = true;
	dmk_bounce_add(source, pool);
}

static void say_size(const struct dmk_slot_pool *pool, uint64_t asked)
{
	struct dmk_text text = {.used = 0};

	dmk_text_say(&text, "bounce buffer: ");
	dmk_text_number(&text, pool->nr_slots);
	dmk_text_say(&text, " slots of 2 KiB at ");
	dmk_text_hex(&text, pool->memory.first);
	if (pool->nr_slots < asked) {
		dmk_text_say(&text, "; no memory for the ");
		dmk_text_number(&text, asked);
		dmk_text_say(&text, " asked for");
	}
	dmk_log(pool->nr_slots < asked ? DMK_LOG_WARNING : DMK_LOG_INFO, NULL, text.data);
}

static size_t areas_of(const struct wish *wish)
{
	if (!wish->areas)
		return DEFAULT_AREAS;
	return wish->areas >= MOST_AREAS ? MOST_AREAS : (size_t)dmk_power_of_two_for(wish->areas);
}

static size_t most_slots(const struct wish *wish, size_t slots)
{
	if (wish->most != ~0ULL)
		return wish->most > slots ? (size_t)wish->most : slots;
	return wish->slots || slots > ~(size_t)0 / GROWS_TO ? slots : slots * GROWS_TO;
}

/* --- sources ---------------------------------------------------------------------------------- */

static void source_end(struct dmk_bounce *source)
{
	dmk_bounce_say_use(source);
	for (size_t i = 0; i < source->nr_pools; i++)
		dmk_slot_pool_free(source->pools[i]);
	dmk_meta_free(source, sizeof(*source));
}

static struct dmk_bounce *default_source(const struct wish *wish)
{
	const uint64_t slots = wish->slots ? whole_segments(wish->slots) : default_slots();
	struct dmk_bounce *source = dmk_meta_alloc(sizeof(*source), true);
	struct dmk_slot_pool *pool;

	if (!source)
		return NULL;
	source->nr_areas = areas_of(wish);
	pool = pool_below(32, slots, source->nr_areas);
	if (!pool) {
		dmk_meta_free(source, sizeof(*source));
		return NULL;
	}
	dmk_bounce_add(source, pool);
	say_size(pool, slots);
	add_lowest(source);
	source->most_slots = most_slots(wish, source->slots);
	return source;
}

/*
 * Without its memory it is there all the same, so that its devices reach no other. It never grows.
 */
static void start_restricted(const struct dmk_memory *region)
{
	struct dmk_bounce *source = dmk_meta_alloc(sizeof(*source), true);
	struct dmk_slot_pool *pool = source ? dmk_slot_pool_of(region) : NULL;
	struct dmk_text text = {.used = 0};

	if (source) {
		source->region = region;
		source->next = dmk_core.restricted;
		dmk_core.restricted = source;
	}
	if (pool) {
		dmk_bounce_add(source, pool);
		source->most_slots = source->slots;
		return;
	}
	dmk_text_say(&text, "restricted-dma-pool ");
	dmk_text_say(&text, region->name);
	dmk_text_say(&text, " can not be used: no memory for its records; its devices get no DMA");
	dmk_log(DMK_LOG_ERR, NULL, text.data);
}

/* What a device of a region that could not even be recorded has: nothing. */
static struct dmk_bounce nowhere;

static struct dmk_bounce *source_of_region(const struct dmk_memory *region)
{
	for (struct dmk_bounce *source = dmk_core.restricted; source; source = source->next) {
		if (source->region == region)
			return source;
	}
	return &nowhere;
}

void dmk_bounce_attach(struct dmk_dev *dev)
{
	const struct dmk_memory *region = dev->bus ? dev->bus->restricted_pool : NULL;

	dev->bounce = region ? source_of_region(region) : dmk_core.bounce;
	dev->force_bounce = region;
}

static bool is_untrusted(const struct dmk_bus *bus)
{
	return bus && bus->iommu && bus->untrusted;
}

/* Whether parts of granules will have to be bounced, whatever devices reach. */
static bool any_is_untrusted(const struct dmk_machine *machine)
{
	for (unsigned int i = 0; machine->pci && i < DMK_PCI_SLOTS; i++) {
		if (is_untrusted(machine->pci->slot_dma[i]))
			return true;
	}
	for (unsigned int i = 0; i < machine->nr_platform; i++) {
		if (is_untrusted(machine->platform[i].dma))
			return true;
	}
	return machine->pci && is_untrusted(machine->pci->dma);
}

bool dmk_bounce_start(const char *parameters)
{
	const struct dmk_machine *machine = dmk_core.machine;
	const struct wish wish = parse_parameters(parameters);
	const bool needed = machine->caps & DMK_CAP_PRIVATE;

	dmk_core.bounce_force = wish.force || needed;
	dmk_core.bounce_none = wish.none;
	for (unsigned int i = 0; i < machine->nr_memory; i++) {
		if (machine->memory[i].kind == DMK_MEMORY_RESTRICTED_POOL)
			start_restricted(&machine->memory[i]);
	}
	if (wish.none || !(dmk_core.bounce_force || machine->caps & DMK_CAP_BOUNCE ||
			   any_is_untrusted(machine)))
		return true;
	dmk_core.bounce = default_source(&wish);
	if (dmk_core.bounce)
		return true;
	dmk_log(DMK_LOG_ERR, NULL,
		"bounce buffer: no memory that devices reach; what would bounce will fail");
	return false;
}

void dmk_bounce_stop(void)
{
	struct dmk_bounce *source = dmk_core.bounce;

	dmk_transients_stop();
	dmk_core.bounce = NULL;
	dmk_core.bounce_force = dmk_core.bounce_none = false;
	if (source)
		source_end(source);
	while (dmk_core.restricted) {
		source = dmk_core.restricted;
		dmk_core.restricted = source->next;
		source_end(source);
	}
}
