/* SPDX-License-Identifier: MIT */
/*
 * How many bounce slots, and where: the swiotlb= parameter (BNC-01), the machine's memory and its buses.
 *
 *	swiotlb=[N[,M]][,force|,noforce]	N slots of 2 KiB; M, how many areas other systems make of them, changes nothing here
 */
#include "bounce_pool.h"
#include "lock.h"
#include "text.h"
#include "window.h"

struct wish {
	uint64_t slots; /* 0: not said */
	bool force, none;
};

/* --- the parameter ------------------------------------------------------------------------------------------------ */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Skips @word at *@at if it stands there whole; a word ends at a comma, a space or the end. */
static bool take_word(const char **at, const char *word)
{
	const char *p = *at;

	while (*word && *p == *word) {
		p++;
		word++;
	}
	if (*word || (*p && *p != ',' && !is_space(*p)))
		return false;
	*at = p;
	return true;
}

static bool take_number(const char **at, uint64_t *number)
{
	const char *p = *at;

	if (*p < '0' || *p > '9')
		return false;
	for (*number = 0; *p >= '0' && *p <= '9'; p++) {
		if (*number > 1ULL << 40)
			return false;
		*number = *number * 10 + (uint64_t)(*p - '0');
	}
	if (*p && *p != ',' && !is_space(*p))
		return false;
	*at = p;
	return true;
}

/* @value is what follows "swiotlb=". */
static bool parse_value(const char *value, struct wish *wish)
{
	struct wish parsed = {0};
	unsigned int numbers = 0;
	uint64_t number;

	for (;;) {
		if (take_word(&value, "force"))
			parsed.force = true;
		else if (take_word(&value, "noforce"))
			parsed.none = true;
		else if (numbers < 2 && take_number(&value, &number))
			parsed.slots = numbers++ ? parsed.slots : number;
		else
			return false;
		if (*value != ',')
			break;
		value++;
	}
	if (parsed.force && parsed.none)
		return false;
	*wish = parsed;
	return true;
}

/* The value of a word "swiotlb=..." that begins at @at; NULL: another word. */
static const char *swiotlb_value(const char *at)
{
	const char *name = "swiotlb=";

	while (*name && *at == *name) {
		at++;
		name++;
	}
	return *name ? NULL : at;
}

/* The last one that makes sense holds. */
static struct wish parse_parameters(const char *at)
{
	struct wish wish = {0};

	while (*at) {
		const char *value = swiotlb_value(at);

		if (value && !parse_value(value, &wish))
			dmk_log(DMK_LOG_WARNING, NULL,
				"swiotlb= is not understood: N[,M], force or noforce is expected; it is left alone");
		while (*at && !is_space(*at))
			at++;
		while (is_space(*at))
			at++;
	}
	return wish;
}

/* --- memory for a pool -------------------------------------------------------------------------------------------- */

static int pages_within(struct dmk_range within, uint64_t size, dmk_phys *first)
{
	const struct dmk_os *os = &dmk_core.os;
	const struct dmk_page_request request = {
		.size = (size_t)size,
		.align = DMK_PAGE_SIZE,
		.first = DMK_PHYS(within.first),
		.last = DMK_PHYS(within.last),
		.may_sleep = true,
	};

	return os->ops->pages_alloc(os->ctx, &request, first);
}

static size_t slots_size(size_t nr_slots)
{
	return nr_slots * sizeof(struct dmk_slot);
}

static struct dmk_bounce *pool_new(uint64_t nr_slots, struct dmk_range within)
{
	const struct dmk_os *os = &dmk_core.os;
	struct dmk_bounce *pool = dmk_meta_alloc(sizeof(*pool), true);
	dmk_phys first;

	if (!pool)
		return NULL;
	if (pages_within(within, nr_slots << DMK_SLOT_SHIFT, &first))
		goto free_pool;
	pool->nr_slots = (size_t)nr_slots;
	pool->nr_segments = (size_t)nr_slots / DMK_SEGMENT_SLOTS;
	pool->memory = (struct dmk_range){first.v, first.v + ((nr_slots << DMK_SLOT_SHIFT) - 1)};
	pool->slots = dmk_meta_alloc(slots_size(pool->nr_slots), true);
	if (!pool->slots)
		goto free_pages;
	pool->free_in_segment = dmk_meta_alloc(pool->nr_segments, true);
	if (!pool->free_in_segment)
		goto free_slots;
	__builtin_memset(pool->free_in_segment, DMK_SEGMENT_SLOTS, pool->nr_segments);
	return pool;

free_slots:
	dmk_meta_free(pool->slots, slots_size(pool->nr_slots));
free_pages:
	os->ops->pages_free(os->ctx, first, (size_t)(nr_slots << DMK_SLOT_SHIFT));
free_pool:
	dmk_meta_free(pool, sizeof(*pool));
	return NULL;
}

static void pool_free(struct dmk_bounce *pool)
{
	const struct dmk_os *os = &dmk_core.os;

	dmk_meta_free(pool->free_in_segment, pool->nr_segments);
	os->ops->pages_free(os->ctx, DMK_PHYS(pool->memory.first),
			    pool->nr_slots << DMK_SLOT_SHIFT);
	dmk_meta_free(pool->slots, slots_size(pool->nr_slots));
	dmk_meta_free(pool, sizeof(*pool));
}

/*
 * As low as it fits, because devices of 28 and 30 bits are common and the pool is of use to a device only where it reaches; and
 * smaller, when there is no run of memory that long.
 */
static struct dmk_bounce *pool_below(unsigned int bits, uint64_t nr_slots)
{
	static const unsigned int widths[] = {28, 30, 32};
	struct dmk_bounce *pool;
	struct dmk_range low;

	for (; nr_slots >= DMK_SEGMENT_SLOTS;
	     nr_slots = nr_slots / 2 / DMK_SEGMENT_SLOTS * DMK_SEGMENT_SLOTS) {
		for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
			if (widths[i] > bits || !dmk_low_memory(widths[i], &low))
				continue;
			pool = pool_new(nr_slots, low);
			if (pool)
				return pool;
		}
	}
	return NULL;
}

/* --- how much ----------------------------------------------------------------------------------------------------- */

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

/* For devices of 24 bits, where the main pool is out of their reach and the machine has such memory: at most 1 MiB. */
static struct dmk_bounce *lowest_pool(const struct dmk_bounce *main_pool)
{
	const uint64_t zone_last = dmk_core.machine->dma_zone_last;
	const uint64_t share = ram_bytes(zone_last) / 16 >> DMK_SLOT_SHIFT;
	const uint64_t most = (1ULL << 20) >> DMK_SLOT_SHIFT;

	if (!zone_last || main_pool->memory.last <= zone_last || share < DMK_SEGMENT_SLOTS)
		return NULL;
	return pool_new(share < most ? share / DMK_SEGMENT_SLOTS * DMK_SEGMENT_SLOTS : most,
			(struct dmk_range){0, zone_last});
}

static void say_size(const struct dmk_bounce *pool, uint64_t asked)
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

bool dmk_bounce_start(const char *parameters)
{
	const struct wish wish = parse_parameters(parameters);
	uint64_t slots = wish.slots ? whole_segments(wish.slots) : default_slots();

	dmk_core.bounce_force = wish.force;
	if (wish.none || !(wish.force || dmk_core.machine->caps & DMK_CAP_BOUNCE))
		return true;
	dmk_core.bounce = pool_below(32, slots);
	if (!dmk_core.bounce) {
		dmk_log(DMK_LOG_ERR, NULL,
			"bounce buffer: no memory that devices reach; what would bounce will fail");
		return false;
	}
	say_size(dmk_core.bounce, slots);
	dmk_core.bounce->next = lowest_pool(dmk_core.bounce);
	return true;
}

void dmk_bounce_stop(void)
{
	struct dmk_bounce *pool = dmk_core.bounce;

	dmk_core.bounce = NULL;
	dmk_core.bounce_force = false;
	while (pool) {
		struct dmk_bounce *next = pool->next;

		pool_free(pool);
		pool = next;
	}
}
