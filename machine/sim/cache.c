/* SPDX-License-Identifier: MIT */
/*
 * Caches that are not coherent with devices, simulated with data. Not a timing model: there are no
 * sets and no ways, and a line leaves the cache when chance says so.
 *
 * There are three copies of RAM. The CPU's is what the direct map and cached views show; the
 * device's (dram) is what devices and uncached views reach; the base holds what a line of the CPU's
 * copy held when it was last in step with memory. Line by line:
 *
 *	CPU == base            clean, or not in the cache at all
 *	CPU != base            dirty
 *	clean                  a dirty line is written to memory, whole; base follows
 *	invalidate             the CPU's line becomes what memory holds; base follows; what was dirty in it is gone
 *	eviction               dirty: as clean. Otherwise: as when the line leaves the cache and is fetched again, the CPU's
 *	                       line becomes what memory holds
 *
 * A store of the value that was there already can't be told from none, so a line with such stores
 * alone counts as clean. A real cache would write that line back; the bytes it would write are the
 * ones the CPU read there.
 *
 * Stores of the CPU race with all of it: driver threads write the CPU's copy at any moment, with no
 * lock that is known here. Only this file and memory.c write dram and base, under memory.lock. No
 * racing store is lost, word by word (8 bytes, read and written in one piece):
 *
 *   - Clean reads the CPU's word once, and writes that value to dram and base. A store that comes
 *     later makes CPU != base: the line is still dirty, and the next clean or eviction carries it.
 *     Nothing is written to the CPU's copy.
 *   - The refill of an eviction replaces a word by compare-and-swap: the word goes from what was
 *     read to what memory holds, with the bytes in which the CPU differs from base left as the CPU
 *     has them. A store in between makes the swap fail and the merge is done over. Base becomes
 *     memory's word, so bytes of the CPU's that were kept differ from it: dirty. A byte stored with
 *     its old value may be replaced by a device's new one; that is the order store, then device,
 *     which the driver, racing with the device for this byte, could have met anyway.
 *   - Invalidate is meant to lose stores that came before it. A word is replaced by an exchange,
 *     and base is written before it: a store that comes after the exchange makes CPU != base. Words
 *     of a line fall one after the other, not at once: a driver that stores in a line while it is
 *     invalidated may keep a later store to one word and lose an earlier one to another.
 *
 * Evictions strike where something happened lately (a cache operation, a device's access): at the
 * ends of the range, where lines are shared with neighbours, and anywhere in its pages. They come
 * at each cache operation, each device access and each register access, as many as the profile
 * says, decided by the seed.
 */
#include "sim.h"

enum { WORD = 8 };

static uint64_t word(const uint8_t *copy, uint64_t offset)
{
	return __atomic_load_n((const uint64_t *)(copy + offset), __ATOMIC_ACQUIRE);
}

static void set_word(uint8_t *copy, uint64_t offset, uint64_t value)
{
	__atomic_store_n((uint64_t *)(copy + offset), value, __ATOMIC_RELEASE);
}

static bool line_is_dirty(const struct sim_memory *memory, uint64_t line)
{
	for (uint64_t at = line; at < line + memory->line; at += WORD)
		if (word(memory->cpu, at) != word(memory->base, at))
			return true;
	return false;
}

static void line_write_back(struct sim_memory *memory, uint64_t line)
{
	for (uint64_t at = line; at < line + memory->line; at += WORD) {
		uint64_t value = word(memory->cpu, at);

		set_word(memory->dram, at, value);
		set_word(memory->base, at, value);
	}
}

/* The bytes in which @now differs from @before, as a mask. */
static uint64_t changed_bytes(uint64_t now, uint64_t before)
{
	uint64_t mask = 0;

	for (unsigned int i = 0; i < WORD; i++)
		if ((now ^ before) >> 8 * i & 0xff)
			mask |= 0xffULL << 8 * i;
	return mask;
}

static void word_refill(struct sim_memory *memory, uint64_t at)
{
	uint64_t fresh = word(memory->dram, at), before = word(memory->base, at);
	uint64_t seen = word(memory->cpu, at), merged;

	if (fresh == before)
		return;
	do {
		uint64_t kept = changed_bytes(seen, before);

		merged = (seen & kept) | (fresh & ~kept);
	} while (!__atomic_compare_exchange_n((uint64_t *)(memory->cpu + at), &seen, merged, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	set_word(memory->base, at, fresh);
}

void dmk_sim_lines_clean(struct sim_memory *memory, uint64_t offset, uint64_t size)
{
	for (uint64_t line = offset; line < offset + size; line += memory->line)
		if (line_is_dirty(memory, line))
			line_write_back(memory, line);
}

void dmk_sim_lines_invalidate(struct sim_memory *memory, uint64_t offset, uint64_t size)
{
	for (uint64_t at = offset; at < offset + size; at += WORD) {
		uint64_t fresh = word(memory->dram, at);

		if (word(memory->cpu, at) == fresh && word(memory->base, at) == fresh)
			continue;
		set_word(memory->base, at, fresh);
		__atomic_exchange_n((uint64_t *)(memory->cpu + at), fresh, __ATOMIC_ACQ_REL);
	}
}

void dmk_sim_lines_evict(struct sim_memory *memory, uint64_t line)
{
	if (line_is_dirty(memory, line)) {
		line_write_back(memory, line);
		return;
	}
	for (uint64_t at = line; at < line + memory->line; at += WORD)
		word_refill(memory, at);
}

/* --- chance ----------------------------------------------------------------------------------- */

void dmk_sim_cache_note(struct sim_memory *memory, uint64_t offset, uint64_t size)
{
	memory->recent[memory->next_recent].offset = offset;
	memory->recent[memory->next_recent].size = size;
	memory->next_recent = (memory->next_recent + 1) % SIM_RECENT;
	if (memory->nr_recent < SIM_RECENT)
		memory->nr_recent++;
}

static uint64_t chance(struct sim_memory *memory, uint64_t limit)
{
	return dmk_sim_random(&memory->random) % limit;
}

/* A line at one end of the range, or beside it; or one anywhere in its pages. */
static uint64_t choose_line(struct sim_memory *memory, uint64_t offset, uint64_t size)
{
	uint64_t first = offset & ~(uint64_t)(DMK_PAGE_SIZE - 1);
	uint64_t pages = (offset + size - first + DMK_PAGE_SIZE - 1) / DMK_PAGE_SIZE;
	uint64_t line = memory->line;

	switch (chance(memory, 4)) {
	case 0:
		return offset - offset % line;
	case 1:
		return (offset + size - 1) / line * line;
	case 2:
		return offset / line * line + chance(memory, 3) * line - line;
	default:
		return first + chance(memory, pages * DMK_PAGE_SIZE / line) * line;
	}
}

void dmk_sim_cache_strike(struct sim *sim)
{
	struct sim_memory *memory = &sim->memory;

	if (!memory->nr_recent)
		return;
	for (unsigned int i = 0; i < sim->profile.evictions; i++) {
		unsigned int which = chance(memory, memory->nr_recent);
		uint64_t line = choose_line(memory, memory->recent[which].offset,
					    memory->recent[which].size);

		/* A line below the first one wraps to a number that no memory has. */
		if (line < memory->size && !memory->uncached[line >> DMK_PAGE_SHIFT])
			dmk_sim_lines_evict(memory, line);
	}
}

void dmk_sim_cache_chance(struct sim *sim)
{
	if (!sim->memory.base)
		return;
	pthread_mutex_lock(&sim->memory.lock);
	dmk_sim_cache_strike(sim);
	pthread_mutex_unlock(&sim->memory.lock);
}

/* --- the operations --------------------------------------------------------------------------- */

static void cache_run(struct sim *sim, uint64_t offset, uint64_t size, enum sim_cache_op op)
{
	struct sim_memory *memory = &sim->memory;
	uint64_t first = offset / memory->line * memory->line;
	uint64_t whole = (offset + size - first + memory->line - 1) / memory->line * memory->line;

	if (op & SIM_CLEAN)
		dmk_sim_lines_clean(memory, first, whole);
	if (op & SIM_INVALIDATE)
		dmk_sim_lines_invalidate(memory, first, whole);
	dmk_sim_cache_note(memory, offset, size);
}

void dmk_sim_cache(struct sim *sim, uint64_t phys, uint64_t size, enum sim_cache_op op)
{
	uint64_t offset, run;

	if (!sim->memory.base)
		return;
	pthread_mutex_lock(&sim->memory.lock);
	/*
	 * Before and after: a line that was about to leave, and one that is fetched back at once.
	 */
	dmk_sim_cache_strike(sim);
	while (size && dmk_sim_memory_offset(sim, phys, &offset, &run)) {
		if (run > size)
			run = size;
		cache_run(sim, offset, run, op);
		phys += run;
		size -= run;
	}
	dmk_sim_cache_strike(sim);
	pthread_mutex_unlock(&sim->memory.lock);
}
