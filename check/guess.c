/* SPDX-License-Identifier: MIT */
/*
 * What a driver gave a device in place of an address or a length, told from the value that the
 * device put on the bus: half a handle, a physical address, a pointer, an entry's length. Guesses,
 * made only where nothing is mapped: they choose words and the buffer that a report shows, never
 * whether there is one.
 */
#include "findings.h"

#define ULL(value) ((unsigned long long)(value))

/* Widths of registers and masks that cut an address, widest first. */
static const unsigned char widths[] = {48, 40, 36, 32, 31, 30, 28, 24, 16};

static uint64_t low_bits(uint64_t value, unsigned int width)
{
	return value & ((1ULL << width) - 1);
}

/*
 * The address in [first, last] of which @seen is what a register of @width bits keeps; 0: there is
 * none. A narrow register keeps so little that only the first address of a buffer is taken for it,
 * and of 16 bits not that of a page: of sixteen pages one has it. A zero is what was never set,
 * unless it is half of an address.
 */
static uint64_t uncut(uint64_t first, uint64_t last, uint64_t seen, unsigned int width)
{
	const uint64_t full = first - low_bits(first, width) + seen;

	if (low_bits(seen, width) != seen || full == seen || (!seen && width < 32) ||
	    (width == 16 && !(seen % DMK_PAGE_SIZE)))
		return 0;
	return full == first || (width >= 32 && full > first && full <= last) ? full : 0;
}

/* True: it was cut less than the best guess so far, whose place it takes. */
static bool was_cut(struct dmk_guess *guess, uint64_t first, uint64_t last, uint64_t seen)
{
	for (unsigned int i = 0; i < sizeof(widths) && widths[i] > guess->width; i++) {
		const uint64_t full = uncut(first, last, seen, widths[i]);

		if (!full)
			continue;
		guess->full = full;
		guess->width = widths[i];
		return true;
	}
	return false;
}

static void cut_live(const struct dmk_watched *device, uint64_t seen, struct dmk_guess *guess)
{
	for (struct dmk_record *record = dmk_shadow_records(device); record;
	     record = record->older) {
		const struct dmk_extent *extent = record->bus.record ? &record->bus : NULL;

		for (; extent; extent = extent->next) {
			if (record->kind != DMK_RECORD_POOL_PAGE &&
			    was_cut(guess, extent->range.first, extent->range.last, seen))
				guess->record = record;
		}
	}
}

struct cut {
	const struct dmk_guess *best;
	uint64_t seen;
};

static bool was_cut_less(const struct dmk_past_key *key, const struct dmk_past *past, void *ctx)
{
	const struct cut *cut = ctx;
	struct dmk_guess guess = *cut->best;

	return was_cut(&guess, key->first, key->last, cut->seen);
}

/* Each that is found was cut less than the one before: there are not many widths. */
static void cut_past(const struct dmk_shadow *shadow, const struct dmk_watched *device,
		     uint64_t seen, struct dmk_guess *guess)
{
	struct cut cut = {guess, seen};
	const struct dmk_past *past;
	struct dmk_range range;

	while ((past = dmk_past_newest(shadow, device, was_cut_less, &cut))) {
		dmk_range_set(&range, past->dma, past->size);
		if (!was_cut(guess, range.first, range.last, seen))
			return;
		guess->past = past;
		guess->record = NULL;
	}
}

bool dmk_guess_cut(const struct dmk_shadow *shadow, const struct dmk_watched *device, uint64_t seen,
		   struct dmk_guess *guess)
{
	*guess = (struct dmk_guess){.kind = DMK_GUESS_CUT};
	cut_live(device, seen, guess);
	cut_past(shadow, device, seen, guess);
	return guess->width != 0;
}

/* Where in the buffer of @record the physical address lies; false: nowhere, or it is the handle. */
static bool is_phys_of(const struct dmk_record *record, uint64_t seen)
{
	const struct dmk_extent *extent = record->memory.record ? &record->memory : NULL;

	if (!extent && record->phys && record->phys != record->dma && seen >= record->phys &&
	    record->map_kind != DMK_MAP_SG && seen - record->phys < record->size)
		return true;
	for (; extent; extent = extent->next)
		if (seen >= extent->range.first && seen <= extent->range.last)
			return true;
	return false;
}

static bool is_pointer_to(const struct dmk_record *record, uint64_t seen)
{
	const uint64_t cpu = (uintptr_t)record->cpu;

	if (!cpu || record->kind == DMK_RECORD_NONCONTIGUOUS ||
	    (record->kind == DMK_RECORD_MAPPING && record->map_kind == DMK_MAP_SG))
		return false;
	return seen == cpu || (seen == low_bits(cpu, 32) && seen != record->dma);
}

static bool is_other_address(const struct dmk_watched *device, uint64_t seen,
			     struct dmk_guess *guess)
{
	for (struct dmk_record *record = dmk_shadow_records(device); record;
	     record = record->older) {
		if (record->kind == DMK_RECORD_POOL_PAGE)
			continue;
		guess->record = record;
		guess->kind = DMK_GUESS_PHYS;
		if (is_phys_of(record, seen))
			return true;
		guess->kind = DMK_GUESS_POINTER;
		if (is_pointer_to(record, seen))
			return true;
	}
	guess->record = NULL;
	return false;
}

static struct dmk_record *merged_list(const struct dmk_watched *device)
{
	for (struct dmk_record *record = dmk_shadow_records(device); record; record = record->older)
		if (record->kind == DMK_RECORD_MAPPING && record->map_kind == DMK_MAP_SG &&
		    record->mapped_nents < record->nents)
			return record;
	return NULL;
}

static bool is_of_other_device(const struct dmk_shadow *shadow, const struct dmk_watched *device,
			       uint64_t seen)
{
	const struct dmk_watched *other = shadow->device_list;

	while (other && (other == device || !dmk_live_holding(other, seen)))
		other = other->next;
	return other != NULL;
}

struct dmk_guess dmk_guess_address(const struct dmk_shadow *shadow,
				   const struct dmk_watched *device, uint64_t seen)
{
	struct dmk_guess guess;

	if (seen && dmk_guess_cut(shadow, device, seen, &guess) && guess.width >= 32)
		return guess;
	guess = (struct dmk_guess){.kind = DMK_GUESS_ERROR};
	if (seen == DMK_MAPPING_ERROR.v || seen < DMK_PAGE_SIZE) {
		guess.record = merged_list(device);
		if (guess.record)
			guess.kind = DMK_GUESS_ENTRIES;
		else if (seen < DMK_PAGE_SIZE)
			guess.kind = DMK_GUESS_ZERO;
		return guess;
	}
	if (is_other_address(device, seen, &guess))
		return guess;
	if (dmk_guess_cut(shadow, device, seen, &guess))
		return guess;
	guess.kind = is_of_other_device(shadow, device, seen) ? DMK_GUESS_OTHER_DEVICE
							      : DMK_GUESS_NONE;
	return guess;
}

/* The piece that starts at byte @offset of the buffer, and how many start before it. */
static const struct dmk_extent *piece_at(const struct dmk_extent *first, uint64_t offset,
					 unsigned int *index)
{
	const struct dmk_extent *found = NULL;

	*index = 0;
	for (; first; first = first->next) {
		*index += first->offset < offset;
		if (first->offset == offset)
			found = first;
	}
	return found;
}

static const struct dmk_extent *entry_of(const struct dmk_record *record, unsigned int index)
{
	const struct dmk_extent *extent = record->memory.record ? &record->memory : NULL;
	unsigned int before;

	for (; extent; extent = extent->next) {
		piece_at(&record->memory, extent->offset, &before);
		if (before == index)
			return extent;
	}
	return NULL;
}

bool dmk_guess_length(const struct dmk_extent *segment, uint64_t first, uint64_t size,
		      unsigned int *index)
{
	const struct dmk_record *record = segment->record;
	const struct dmk_extent *entry;

	if (record->kind != DMK_RECORD_MAPPING || record->map_kind != DMK_MAP_SG ||
	    record->mapped_nents == record->nents || first != segment->range.first)
		return false;
	piece_at(&record->bus, segment->offset, index);
	entry = entry_of(record, *index);
	return entry && entry->range.last - entry->range.first + 1 == size;
}

void dmk_say_guess(struct dmk_finding *finding, const struct dmk_watched *device,
		   const struct dmk_guess *guess)
{
	switch (guess->kind) {
	case DMK_GUESS_NONE:
		dmk_mend(
			finding,
			"give the device only addresses that a map or allocation returned for it, with their length");
		break;
	case DMK_GUESS_ERROR:
		dmk_mend(
			finding,
			"the address is DMA_MAPPING_ERROR: check the map with dma_mapping_error() before the device gets it");
		break;
	case DMK_GUESS_ZERO:
		dmk_mend(
			finding,
			"the address is 0 or next to it: the descriptor or register was never filled in, or the device was "
			"started before it was");
		break;
	case DMK_GUESS_ENTRIES:
		dmk_mend(
			finding,
			"walk the %u segments that dma_map_sg() returned, not the %u entries it was given "
			"(for_each_sgtable_dma_sg, with sg_dma_address and sg_dma_len)",
			guess->record->mapped_nents, guess->record->nents);
		break;
	case DMK_GUESS_OTHER_DEVICE:
		dmk_mend(
			finding,
			"the address is mapped for another device: map it for the device that does the transfer");
		break;
	case DMK_GUESS_PHYS:
		dmk_mend(
			finding,
			"this is the physical address of a mapped buffer, or half the CPU's pointer to it: give the device the "
			"dma_addr_t of the map");
		break;
	case DMK_GUESS_POINTER:
		dmk_mend(
			finding,
			"this is the CPU's pointer to a mapped buffer, or its low half: give the device the dma_addr_t of the map");
		break;
	case DMK_GUESS_CUT:
		if (guess->width < 32 || !device->streaming.accepted)
			dmk_mend(
				finding,
				"tell how many bits the device drives before anything is mapped: "
				"dma_set_mask_and_coherent(dev, DMA_BIT_MASK(%u)); or keep the handle in a dma_addr_t all the "
				"way to two registers",
				guess->width);
		else
			dmk_mend(
				finding,
				"keep the handle in a dma_addr_t all the way, and write both halves, lower_32_bits() and "
				"upper_32_bits(), to two registers; or set a mask of %u bits",
				guess->width);
		break;
	}
}
