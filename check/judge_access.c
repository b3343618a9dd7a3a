/* SPDX-License-Identifier: MIT */
/*
 * Each device access, byte by byte, against what is live for that device: inside (STR-10), in time
 * (STR-07), in the mapping's direction (DIR-03). A byte is allowed if any live record allows it;
 * the first that none does is judged.
 */
#include "findings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ULL(value) ((unsigned long long)(value))

static bool allows(const struct dmk_record *record, bool write)
{
	if (record->kind == DMK_RECORD_POOL_PAGE)
		return false;
	if (!dmk_takes_turns(record->kind))
		return true;
	return record->dir != (write ? DMK_TO_DEVICE : DMK_FROM_DEVICE);
}

bool dmk_first_forbidden(const struct dmk_watched *device, bool write, uint64_t *at, uint64_t last)
{
	const uint64_t first = *at;
	struct dmk_extent *extent = NULL;

	while ((extent = dmk_live_touching(device, first, last, extent))) {
		if (!allows(extent->record, write))
			continue;
		if (extent->range.first > *at)
			return true;
		if (extent->range.last >= last)
			return false;
		if (extent->range.last >= *at)
			*at = extent->range.last + 1;
	}
	return true;
}

/* An access that nothing allows, and what is around it. */
struct stray {
	struct dmk_watched *device;
	const struct dmk_event *event;
	uint64_t first, last; /* of the access */
	uint64_t bad;         /* the first byte that is not allowed */
};

static const char *verb(const struct stray *stray)
{
	return stray->event->write ? "wrote" : "read";
}

static const char *refused(const struct stray *stray)
{
	switch (stray->event->result) {
	case 0:
		return "";
	case -EACCES:
		return "; the machine refused the access: it is outside the pool that the device is restricted to";
	case -EPERM:
		return "; the machine refused the access: the memory is private";
	default:
		return "; the machine refused the access";
	}
}

static void against_direction(struct dmk_checker *checker, const struct stray *stray,
			      const struct dmk_record *record)
{
	const bool mapping = record->kind == DMK_RECORD_MAPPING;
	struct dmk_finding *finding;

	if (record->excused)
		return;
	finding = dmk_report(checker,
			     &(struct dmk_mistake){.rule = DMK_RULE_DIR_03,
						   .device = stray->device,
						   .second = record->mapped,
						   .label = mapping ? "mapped" : "allocated",
						   .record = record});
	if (!finding)
		return;
	dmk_say(finding, "the device %s [0x%llx, 0x%llx], in a buffer that is %s %s%s", verb(stray),
		ULL(stray->bad), ULL(stray->last), mapping ? "mapped" : "allocated",
		dmk_direction_name(record->dir), refused(stray));
	dmk_mend(
		finding,
		"%s it %s if only the device %s it, DMA_BIDIRECTIONAL if both sides write; or the device was given the "
		"wrong buffer or command",
		mapping ? "map" : "allocate",
		stray->event->write ? "DMA_FROM_DEVICE" : "DMA_TO_DEVICE",
		stray->event->write ? "writes" : "reads");
}

/*
 * Whether the memory of @past was mapped anew since: then an access nearby is rather an overrun of
 * that mapping.
 */
static bool reused_since(const struct stray *stray, const struct dmk_past *past)
{
	struct dmk_extent *extent = NULL;
	uint64_t last = past->dma + (past->size ? past->size - 1 : 0);

	while ((extent = dmk_live_touching(stray->device, past->dma, last, extent)))
		if (extent->record->kind != DMK_RECORD_POOL_PAGE &&
		    extent->record->serial > past->serial)
			return true;
	return false;
}

static void after_unmap(struct dmk_checker *checker, const struct stray *stray,
			const struct dmk_past *past)
{
	const bool mapping = past->kind == DMK_RECORD_MAPPING;
	struct dmk_finding *finding;

	if (past->excused)
		return;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_STR_07,
							    .device = stray->device,
							    .second = past->unmapped,
							    .label = mapping ? "unmapped" : "freed",
							    .past = past});
	if (!finding)
		return;
	if (past->kind == DMK_RECORD_BLOCK)
		dmk_say(finding,
			"the device %s [0x%llx, 0x%llx], in a block of pool \"%s\" that was freed before%s",
			verb(stray), ULL(stray->bad), ULL(stray->last), past->pool_name,
			refused(stray));
	else
		dmk_say(finding,
			"the device %s [0x%llx, 0x%llx], in a %s buffer of %llu byte%s at 0x%llx that was %s before%s",
			verb(stray), ULL(stray->bad), ULL(stray->last),
			dmk_kind_name(past->kind, past->map_kind), ULL(past->size),
			dmk_plural(past->size), ULL(past->dma), mapping ? "unmapped" : "freed",
			refused(stray));
	dmk_mend(
		finding,
		"stop the device, or wait until it is done, before the buffer is %s; and take its address out of the "
		"device's descriptors",
		mapping ? "unmapped" : "freed");
}

/* The live record that the access ran out of, if its last allowed byte was in one. */
static struct dmk_extent *run_out_of(const struct stray *stray)
{
	struct dmk_extent *extent;

	if (stray->bad == stray->first)
		return NULL;
	extent = dmk_live_holding(stray->device, stray->bad - 1);
	return extent && extent->record->kind != DMK_RECORD_POOL_PAGE ? extent : NULL;
}

static void beyond_end(struct dmk_checker *checker, const struct stray *stray,
		       const struct dmk_extent *extent)
{
	const struct dmk_record *record = extent->record;
	const uint64_t mapped = extent->range.last - extent->range.first + 1;
	const uint64_t beyond = stray->last - stray->bad + 1;
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_STR_10,
				      .device = stray->device,
				      .second = record->mapped,
				      .record = record,
				      .label = record->kind == DMK_RECORD_MAPPING ? "mapped"
										  : "allocated"});
	unsigned int index;

	if (!finding)
		return;
	dmk_say(finding,
		"the device %s %llu byte%s at 0x%llx: the last %llu lie beyond the end of the %s buffer "
		"[0x%llx, 0x%llx]%s",
		verb(stray), ULL(stray->event->size), dmk_plural(stray->event->size),
		ULL(stray->first), ULL(beyond), dmk_kind_name(record->kind, record->map_kind),
		ULL(extent->range.first), ULL(extent->range.last), refused(stray));
	if (dmk_guess_length(extent, stray->first, stray->event->size, &index))
		dmk_mend(
			finding,
			"%llu is sg->length of entry %u of the list, and segment %u has %llu byte%s: entries were merged. Give the "
			"device sg_dma_len(), with sg_dma_address()",
			ULL(stray->event->size), index, index, ULL(mapped), dmk_plural(mapped));
	else
		dmk_mend(
			finding,
			"give the device the length that is mapped, %llu byte%s, or map all that it will touch",
			ULL(mapped), dmk_plural(mapped));
}

static uint64_t distance(const struct dmk_extent *extent, uint64_t address)
{
	if (address < extent->range.first)
		return extent->range.first - address;
	return address > extent->range.last ? address - extent->range.last : 0;
}

static struct dmk_extent *extent_of(struct dmk_range *range)
{
	return range ? DMK_AROUND(range, struct dmk_extent, range) : NULL;
}

/* The live buffer nearest to the address. Pool pages stand for their pool. */
static struct dmk_extent *nearest(const struct stray *stray)
{
	struct dmk_extent *below = extent_of(dmk_ranges_below(&stray->device->live, stray->bad));
	struct dmk_extent *above = extent_of(dmk_ranges_above(&stray->device->live, stray->bad));

	if (!below || !above)
		return below ? below : above;
	return distance(below, stray->bad) <= distance(above, stray->bad) ? below : above;
}

/* "24 bytes behind its end" */
struct place {
	char text[64];
};

static struct place place_of(const struct stray *stray, const struct dmk_range *range)
{
	const uint64_t address = stray->bad;
	struct place place;
	uint64_t bytes;

	if (address > range->last) {
		bytes = address - range->last - 1;
		snprintf(place.text, sizeof(place.text),
			 bytes ? "%llu byte%s behind its end" : "right behind its end", ULL(bytes),
			 dmk_plural(bytes));
	} else if (stray->last < range->first) {
		bytes = range->first - stray->last - 1;
		snprintf(place.text, sizeof(place.text),
			 bytes ? "%llu byte%s before its start" : "right before its start",
			 ULL(bytes), dmk_plural(bytes));
	} else {
		bytes = range->first - address;
		snprintf(place.text, sizeof(place.text), "from %llu byte%s before its start on",
			 ULL(bytes), dmk_plural(bytes));
	}
	return place;
}

static void say_near(struct dmk_finding *finding, const struct stray *stray,
		     const struct dmk_extent *near)
{
	const struct dmk_record *record = near->record;
	const struct place place = place_of(stray, &near->range);

	if (record->kind == DMK_RECORD_POOL_PAGE && !distance(near, stray->bad))
		dmk_say(finding,
			"the device %s [0x%llx, 0x%llx], in the memory of pool \"%s\" and in none of its blocks%s",
			verb(stray), ULL(stray->bad), ULL(stray->last), record->pool->name,
			refused(stray));
	else
		dmk_say(finding,
			"the device %s [0x%llx, 0x%llx], where nothing is mapped for it; the nearest is the %s buffer "
			"[0x%llx, 0x%llx]: it is %s%s",
			verb(stray), ULL(stray->bad), ULL(stray->last),
			dmk_kind_name(record->kind, record->map_kind), ULL(near->range.first),
			ULL(near->range.last), place.text, refused(stray));
}

static void say_cut(struct dmk_finding *finding, const struct stray *stray,
		    const struct dmk_guess *guess)
{
	dmk_say(finding,
		"the device %s [0x%llx, 0x%llx], where nothing is mapped for it: the handle 0x%llx%s lost its upper bits on "
		"the way to the device, which has the low %u of them%s",
		verb(stray), ULL(stray->bad), ULL(stray->last), ULL(guess->full),
		guess->past ? ", which is unmapped by now," : "", guess->width, refused(stray));
}

static bool is_mapping(const struct dmk_mistake *mistake)
{
	if (mistake->record)
		return mistake->record->kind == DMK_RECORD_MAPPING;
	return mistake->past && mistake->past->kind == DMK_RECORD_MAPPING;
}

/* Which buffer is meant: what was guessed, or else the nearest that is live, or the last. */
static void outside(struct dmk_checker *checker, const struct stray *stray)
{
	struct dmk_mistake mistake = {.rule = DMK_RULE_STR_10, .device = stray->device};
	struct dmk_extent *near = nearest(stray);
	struct dmk_finding *finding;
	struct dmk_guess guess;

	if (stray->device->cut) {
		stray->device->cut->count++;
		return;
	}
	guess = dmk_guess_address(&checker->shadow, stray->device, stray->first);
	mistake.record = guess.record;
	mistake.past = guess.past;
	if (!mistake.past && !mistake.record && near)
		mistake.record = near->record;
	if (!mistake.past && !mistake.record)
		mistake.past = dmk_past_touching(&checker->shadow, stray->device, 0, UINT64_MAX);
	mistake.label = is_mapping(&mistake) ? "mapped" : "allocated";
	if (mistake.record || mistake.past)
		mistake.second = mistake.record ? mistake.record->mapped : mistake.past->mapped;
	finding = dmk_report(checker, &mistake);
	if (guess.kind == DMK_GUESS_CUT)
		stray->device->cut = dmk_known(checker, &mistake);
	if (!finding)
		return;
	if (guess.kind == DMK_GUESS_CUT)
		say_cut(finding, stray, &guess);
	else if (near)
		say_near(finding, stray, near);
	else
		dmk_say(finding,
			"the device %s [0x%llx, 0x%llx], and nothing at all is mapped for it%s%s",
			verb(stray), ULL(stray->bad), ULL(stray->last),
			mistake.past ? " any more" : "", refused(stray));
	dmk_say_guess(finding, stray->device, &guess);
}

static void judge_stray(struct dmk_checker *checker, const struct stray *stray)
{
	struct dmk_extent *extent = dmk_live_holding(stray->device, stray->bad);
	struct dmk_past *past;

	/* That the controller was told to is reported. */
	if (dmk_is_of_bad_piece(stray->device, stray->bad, stray->bad))
		return;
	if (extent && extent->record->kind != DMK_RECORD_POOL_PAGE) {
		against_direction(checker, stray, extent->record);
		return;
	}
	if (stray->device->lost)
		return;
	extent = run_out_of(stray);
	past = dmk_past_touching(&checker->shadow, stray->device, stray->bad, stray->bad);
	if (past && !(extent && extent->record->serial > past->serial) &&
	    !reused_since(stray, past)) {
		after_unmap(checker, stray, past);
		return;
	}
	if (extent)
		beyond_end(checker, stray, extent);
	else
		outside(checker, stray);
}

/* MEM-05: the memory went back while it was mapped, and now the device comes. Told once. */
static void judge_late(struct dmk_watched *device, const struct dmk_event *event)
{
	const uint64_t first = event->dma.v, last = first + event->size - 1;
	struct dmk_extent *extent = NULL;
	size_t length;

	while ((extent = dmk_live_touching(device, first, last, extent))) {
		struct dmk_finding *freed = extent->record->freed;

		extent->record->freed = NULL;
		if (!freed || strstr(freed->what, "; and after that"))
			continue;
		length = strlen(freed->what);
		snprintf(freed->what + length, sizeof(freed->what) - length,
			 "; and after that the device %s [0x%llx, 0x%llx] there",
			 event->write ? "wrote" : "read", ULL(first), ULL(last));
	}
}

void dmk_judge_access(struct dmk_checker *checker, const struct dmk_event *event)
{
	struct stray stray = {.device = dmk_shadow_requester(&checker->shadow, event->requester),
			      .event = event};
	struct dmk_range range;
	bool explained;

	if (!stray.device || !event->size)
		return;
	explained = dmk_judge_believed(checker, stray.device, event);
	dmk_range_set(&range, event->dma.v, event->size);
	stray.first = range.first;
	stray.bad = range.first;
	stray.last = range.last;
	if (dmk_first_forbidden(stray.device, event->write, &stray.bad, range.last)) {
		if (!explained)
			judge_stray(checker, &stray);
	} else {
		dmk_judge_unsynced(checker, stray.device, stray.first, stray.last, event->write);
		dmk_judge_turn(checker, stray.device, event);
		if (stray.device->freed)
			judge_late(stray.device, event);
	}
}
