/* SPDX-License-Identifier: MIT */
/*
 * What a descriptor of the DMA engine is given to read and write: mapped for the controller, whole,
 * in its direction, and until it is done (ENG-06, STR-07, ENG-04).
 *
 * An address that no record explains may be a register or memory of the machine's that nobody maps,
 * and is no mistake; it is one where RAM has that number, or where it can be told what was meant.
 */
#include "findings.h"

#include <stdio.h>

#define ULL(value) ((unsigned long long)(value))

/* A descriptor at a call of its client's. */
struct use {
	struct dmk_checker *checker;
	struct dmk_descriptor *descriptor;
	const struct dmk_trace *where;
	bool issued; /* it was prepared before, when all was well */
};

static const struct dmk_watched *device_of(const struct use *use)
{
	return use->descriptor->channel->device;
}

static const char *names(const struct dmk_piece *piece)
{
	return piece->write ? "writes" : "reads";
}

/* The new finding, or NULL. Of @record and @past one may be set. */
static struct dmk_finding *report(const struct use *use, const struct dmk_record *record,
				  const struct dmk_past *past)
{
	struct dmk_mistake mistake = {.rule = DMK_RULE_ENG_06,
				      .device = device_of(use),
				      .where = use->where,
				      .record = record,
				      .past = past};

	if (record) {
		mistake.second = record->mapped;
		mistake.label = record->kind == DMK_RECORD_MAPPING ? "mapped" : "allocated";
	} else if (past) {
		mistake.second = past->unmapped;
		mistake.label = past->kind == DMK_RECORD_MAPPING ? "unmapped" : "freed";
	}
	return dmk_report(use->checker, &mistake);
}

/* --- of another device ------------------------------------------------------------------------ */

static struct dmk_record *of_other_device(const struct use *use, const struct dmk_piece *piece)
{
	const struct dmk_watched *other = use->checker->shadow.device_list;
	struct dmk_extent *extent;

	for (; other; other = other->next) {
		extent = other == device_of(use) ? NULL
						 : dmk_live_holding(other, piece->range.first);
		if (extent && extent->record->kind != DMK_RECORD_POOL_PAGE)
			return extent->record;
	}
	return NULL;
}

static bool say_other_device(const struct use *use, struct dmk_record *record)
{
	const bool mapping = record->kind == DMK_RECORD_MAPPING;
	const char *what = mapping ? "mapped" : "allocated";
	struct dmk_finding *finding = report(use, record, NULL);

	if (!finding)
		return true;
	dmk_say(finding,
		"a descriptor of channel %s is given DMA 0x%llx, which is %s for %s: the transfer is done by %s",
		use->descriptor->channel->name, ULL(record->dma), what, record->device->name,
		device_of(use)->name);
	dmk_mend(finding,
		 "%s for the controller, not for the driver's own device: pass "
		 "dmaengine_get_dma_device(chan), which is chan->device->dev, to %s",
		 mapping ? "map" : "allocate",
		 mapping ? dmk_map_call(record->map_kind) : dmk_take_call(record->kind));
	return true;
}

/* --- of nobody -------------------------------------------------------------------------------- */

/* False: it may be a register, or memory that nobody has to map. */
static bool is_mistake(const struct dmk_piece *piece, const struct dmk_guess *guess)
{
	if (guess->kind == DMK_GUESS_NONE || guess->kind == DMK_GUESS_CUT)
		return piece->ram;
	return true;
}

static bool say_unmapped(const struct use *use, struct dmk_piece *piece)
{
	const struct dmk_guess guess = dmk_guess_address(&use->checker->shadow, device_of(use),
							 piece->range.first);
	struct dmk_finding *finding;

	if (!is_mistake(piece, &guess))
		return false;
	finding = report(use, guess.record, NULL);
	if (!finding)
		return true;
	dmk_say(finding,
		"a descriptor of channel %s %s [0x%llx, 0x%llx], where nothing is mapped for the controller %s",
		use->descriptor->channel->name, names(piece), ULL(piece->range.first),
		ULL(piece->range.last), device_of(use)->name);
	if (guess.kind == DMK_GUESS_NONE)
		dmk_mend(
			finding,
			"map the memory before the descriptor is prepared, for dmaengine_get_dma_device(chan), and give the "
			"descriptor the dma_addr_t that the map returned");
	else
		dmk_say_guess(finding, device_of(use), &guess);
	return true;
}

static bool say_gone(const struct use *use, const struct dmk_piece *piece,
		     const struct dmk_past *past)
{
	const bool mapping = past->kind == DMK_RECORD_MAPPING;
	struct dmk_finding *finding = past->excused ? NULL : report(use, NULL, past);

	if (!finding)
		return true;
	dmk_say(finding,
		"a descriptor of channel %s that %s [0x%llx, 0x%llx] is %s, and the buffer there was %s before",
		use->descriptor->channel->name, names(piece), ULL(piece->range.first),
		ULL(piece->range.last), use->issued ? "issued" : "prepared",
		mapping ? "unmapped" : "freed");
	dmk_mend(
		finding,
		"leave the buffer %s until the descriptor has ended (its callback) or dmaengine_terminate_sync() has returned",
		mapping ? "mapped" : "allocated");
	return true;
}

/* --- in part ---------------------------------------------------------------------------------- */

static bool say_direction(const struct use *use, const struct dmk_piece *piece,
			  struct dmk_record *record)
{
	const char *what = record->kind == DMK_RECORD_MAPPING ? "mapped" : "allocated";
	struct dmk_finding *finding = record->excused ? NULL : report(use, record, NULL);

	if (!finding)
		return true;
	dmk_say(finding,
		"a descriptor of channel %s %s [0x%llx, 0x%llx], in a buffer that is %s %s",
		use->descriptor->channel->name, names(piece), ULL(piece->range.first),
		ULL(piece->range.last), what, dmk_direction_name(record->dir));
	dmk_mend(
		finding,
		"map %s what the controller %s: DMA_MEM_TO_DEV and a copy's source are DMA_TO_DEVICE, DMA_DEV_TO_MEM and a "
		"copy's destination DMA_FROM_DEVICE",
		piece->write ? "DMA_FROM_DEVICE" : "DMA_TO_DEVICE", names(piece));
	return true;
}

static bool say_beyond(const struct use *use, const struct dmk_piece *piece, uint64_t bad,
		       const struct dmk_extent *extent)
{
	const struct dmk_record *record = extent->record;
	const uint64_t mapped = extent->range.last - extent->range.first + 1;
	const uint64_t beyond = piece->range.last - bad + 1;
	struct dmk_finding *finding = record->excused ? NULL : report(use, record, NULL);

	if (!finding)
		return true;
	dmk_say(finding,
		"a descriptor of channel %s %s %llu bytes at 0x%llx: the last %llu lie beyond the end of the %s buffer "
		"[0x%llx, 0x%llx]",
		use->descriptor->channel->name, names(piece),
		ULL(piece->range.last - piece->range.first + 1), ULL(piece->range.first),
		ULL(beyond), dmk_kind_name(record->kind, record->map_kind),
		ULL(extent->range.first), ULL(extent->range.last));
	dmk_mend(
		finding,
		"prepare what is mapped, %llu byte%s; of a list sg_dma_len(), not sg->length; or map all that is "
		"transferred",
		ULL(mapped), dmk_plural(mapped));
	return true;
}

/* --- a piece ---------------------------------------------------------------------------------- */

/* The first byte that nothing allows; false: there is none. */
static bool forbidden(const struct dmk_watched *device, const struct dmk_piece *piece,
		      uint64_t *bad)
{
	*bad = piece->range.first;
	if (!piece->sparse)
		return dmk_first_forbidden(device, piece->write, bad, piece->range.last);
	if (dmk_first_forbidden(device, piece->write, bad, piece->range.first))
		return true;
	*bad = piece->range.last;
	return dmk_first_forbidden(device, piece->write, bad, piece->range.last);
}

/* False: it may be no mistake. */
static bool judge_bad(const struct use *use, struct dmk_piece *piece, uint64_t bad)
{
	const struct dmk_watched *device = device_of(use);
	struct dmk_extent *extent = dmk_live_holding(device, bad);
	struct dmk_record *other;
	struct dmk_past *past;

	if (extent && extent->record->kind != DMK_RECORD_POOL_PAGE)
		return say_direction(use, piece, extent->record);
	extent = bad > piece->range.first ? dmk_live_holding(device, bad - 1) : NULL;
	if (extent && extent->record->kind != DMK_RECORD_POOL_PAGE)
		return say_beyond(use, piece, bad, extent);
	past = dmk_past_touching(&use->checker->shadow, device, bad, bad);
	other = of_other_device(use, piece);
	if (past && !(other && other->serial > past->serial))
		return say_gone(use, piece, past);
	return other ? say_other_device(use, other) : say_unmapped(use, piece);
}

/* One report for a descriptor: what else is wrong with it mostly has the same cause. */
static void judge_pieces(const struct use *use)
{
	const struct dmk_watched *device = device_of(use);
	bool said = false;
	uint64_t bad;

	if (!device || device->lost)
		return;
	for (struct dmk_piece *piece = use->descriptor->pieces; piece; piece = piece->next) {
		if (piece->bad || !forbidden(device, piece, &bad))
			continue;
		piece->bad = said || judge_bad(use, piece, bad);
		said |= piece->bad;
	}
}

/* --- a list ----------------------------------------------------------------------------------- */

static struct dmk_record *list_of(const struct use *use, const struct dmk_event *event)
{
	const struct dmk_piece *first = use->descriptor->pieces;
	struct dmk_record *record, *best = NULL;

	if (!event->cpu || !first)
		return NULL;
	for (record = dmk_record_of_cpu(&use->checker->shadow, event->cpu); record;
	     record = dmk_record_of_cpu_more(record))
		if (record->kind == DMK_RECORD_MAPPING && record->map_kind == DMK_MAP_SG &&
		    record->dma == first->range.first && (!best || record->serial > best->serial))
			best = record;
	return best;
}

/* True: the descriptor was given the list's entries where it has fewer segments. */
static bool judge_entries(const struct use *use, const struct dmk_event *event)
{
	struct dmk_record *record = list_of(use, event);
	struct dmk_finding *finding;

	if (!record || record->device != device_of(use) || event->nents <= record->mapped_nents)
		return false;
	for (struct dmk_piece *piece = use->descriptor->pieces; piece; piece = piece->next)
		piece->bad = true;
	finding = record->excused ? NULL : report(use, record, NULL);
	if (!finding)
		return true;
	dmk_say(finding,
		"a descriptor of channel %s is given %u entr%s of a list that dma_map_sg() made %u segment%s of",
		use->descriptor->channel->name, event->nents, event->nents == 1 ? "y" : "ies",
		record->mapped_nents, dmk_plural(record->mapped_nents));
	dmk_mend(finding,
		 "prepare the %u that dma_map_sg() returned (sgt->nents), and unmap with %u",
		 record->mapped_nents, record->nents);
	return true;
}

void dmk_judge_pieces(struct dmk_checker *checker, struct dmk_descriptor *descriptor,
		      const struct dmk_event *event, const struct dmk_trace *where)
{
	const struct use use = {checker, descriptor, where, false};

	if (!judge_entries(&use, event))
		judge_pieces(&use);
}

void dmk_judge_issued(struct dmk_checker *checker, struct dmk_descriptor *descriptor,
		      const struct dmk_trace *where)
{
	judge_pieces(&(struct use){checker, descriptor, where, true});
}

/* --- memory that goes while it is worked on --------------------------------------------------- */

/* What a descriptor does with @extent's bytes, which nothing else keeps mapped. */
static struct dmk_piece *work_on(const struct dmk_extent *extent)
{
	const struct dmk_watched *device = extent->record->device;
	const struct dmk_range *range = &extent->range;
	struct dmk_range *work = NULL;

	while ((work = dmk_ranges_touching(&device->work, range->first, range->last, work))) {
		uint64_t first = work->first > range->first ? work->first : range->first;
		uint64_t last = work->last < range->last ? work->last : range->last;

		if (!dmk_live_without(device, first, last, extent->record))
			return DMK_AROUND(work, struct dmk_piece, range);
	}
	return NULL;
}

static void say_busy(struct dmk_finding *finding, const struct dmk_record *record,
		     const struct dmk_piece *piece)
{
	const char *what = record->kind == DMK_RECORD_MAPPING ? "unmapped" : "freed";
	const struct dmk_descriptor *descriptor = piece->descriptor;
	const bool terminated = descriptor->state == DMK_DESCRIPTOR_TERMINATED;

	dmk_say(finding, "the %s buffer at DMA 0x%llx, %llu byte%s, is %s while %s channel %s %s",
		dmk_kind_name(record->kind, record->map_kind), ULL(record->dma), ULL(record->size),
		dmk_plural(record->size), what,
		descriptor->cyclic ? "a cyclic descriptor of" : "a descriptor of",
		descriptor->channel->name,
		terminated ? "that works on it is terminated, and perhaps not at rest yet"
			   : "works on it");
	if (terminated)
		dmk_mend(finding,
			 "call dmaengine_synchronize() after dmaengine_terminate_async(), or "
			 "dmaengine_terminate_sync() in place of both, before the buffer is %s",
			 what);
	else
		dmk_mend(
			finding,
			"the buffer is the controller's until the descriptor's callback%s; or end it first, with "
			"dmaengine_terminate_sync()",
			descriptor->cyclic ? ", and a cyclic one's until it is terminated" : "");
}

bool dmk_judge_descriptors(struct dmk_checker *checker, struct dmk_record *record,
			   const struct dmk_trace *where)
{
	const struct dmk_piece *piece = NULL;
	const struct dmk_descriptor *descriptor;
	struct dmk_finding *finding;

	for (struct dmk_extent *extent = &record->bus; extent && !piece; extent = extent->next)
		piece = work_on(extent);
	if (!piece || record->excused)
		return false;
	record->excused = true;
	descriptor = piece->descriptor;
	finding = dmk_report(checker, &(struct dmk_mistake){
					      .rule = descriptor->state == DMK_DESCRIPTOR_TERMINATED
							      ? DMK_RULE_ENG_04
							      : DMK_RULE_STR_07,
					      .device = record->device,
					      .where = where,
					      .second = descriptor->submitted,
					      .label = "submitted",
					      .record = record});
	if (finding)
		say_busy(finding, record, piece);
	return true;
}

bool dmk_is_of_bad_piece(const struct dmk_watched *device, uint64_t first, uint64_t last)
{
	struct dmk_range *work = NULL;

	while ((work = dmk_ranges_touching(&device->work, first, last, work)))
		if (DMK_AROUND(work, struct dmk_piece, range)->bad)
			return true;
	return false;
}
