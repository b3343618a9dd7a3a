/* SPDX-License-Identifier: MIT */
/*
 * Addresses first, pages later (IOM-06): what is linked lies inside the space, on whole pages; it
 * is synced before a device uses it; and a space goes back once, by what was linked in it. A piece
 * that is linked is a mapping like any other, and judged as one; what is more about it is judged
 * here.
 */
#include "findings.h"

#define ULL(value) ((unsigned long long)(value))

static struct dmk_space *space_of(struct dmk_link *link)
{
	return link ? DMK_AROUND(link, struct dmk_space, by_dma) : NULL;
}

static struct dmk_space *space_at(const struct dmk_shadow *shadow, const struct dmk_watched *device,
				  uint64_t dma)
{
	struct dmk_link *link = dmk_index_find(&shadow->spaces, dma);

	while (link && space_of(link)->device != device)
		link = dmk_index_more(link);
	return space_of(link);
}

/* The device's space that holds the address. There are few at a time. */
static struct dmk_space *space_around(const struct dmk_watched *device, uint64_t dma)
{
	struct dmk_space *space = device->spaces;

	while (space && !(dma >= space->range.first && dma <= space->range.last))
		space = space->next;
	return space;
}

static uint64_t bytes_of(const struct dmk_space *space)
{
	return space->range.last - space->range.first + 1;
}

static void space_new(struct dmk_checker *checker, struct dmk_watched *device,
		      const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_space *space = dmk_pile_get(&checker->shadow.space_pile);

	if (!space) {
		checker->totals.lost_records++;
		return;
	}
	dmk_range_set(&space->range, event->dma.v, event->size);
	space->device = device;
	space->taken = where;
	space->next = device->spaces;
	if (space->next)
		space->next->previous = space;
	device->spaces = space;
	dmk_index_add(&checker->shadow.spaces, &space->by_dma, event->dma.v);
}

static void space_gone(struct dmk_shadow *shadow, struct dmk_space *space)
{
	if (space->previous)
		space->previous->next = space->next;
	else
		space->device->spaces = space->next;
	if (space->next)
		space->next->previous = space->previous;
	dmk_index_remove(&shadow->spaces, &space->by_dma);
	dmk_pile_put(&shadow->space_pile, space);
}

/* The next piece that is linked somewhere in the range. */
static struct dmk_record *link_in(const struct dmk_watched *device, uint64_t first, uint64_t last)
{
	struct dmk_extent *extent = NULL;

	while ((extent = dmk_live_touching(device, first, last, extent)))
		if (extent->record->kind == DMK_RECORD_MAPPING &&
		    extent->record->map_kind == DMK_MAP_LINK)
			return extent->record;
	return NULL;
}

/* --- link ------------------------------------------------------------------------------------- */

static void links_nowhere(struct dmk_checker *checker, struct dmk_watched *device,
			  const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_IOM_06, .device = device, .where = where});

	if (!finding)
		return;
	dmk_say(finding,
		"dma_iova_link is called for a state that has no addresses: dma_iova_try_alloc() did not give "
		"it any, or they were given back");
	dmk_mend(
		finding,
		"where dma_iova_try_alloc() says no, map with dma_map_phys(); dma_use_iova() tells which it was");
}

void dmk_judge_link_refused(struct dmk_checker *checker, const struct dmk_event *event,
			    const struct dmk_trace *where)
{
	struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_space *space = space_around(device, event->dma.v);
	struct dmk_finding *finding;
	uint64_t room;

	if (event->reason == DMK_REASON_NOT_FOUND && !space) {
		links_nowhere(checker, device, where);
		return;
	}
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_IOM_06,
							    .device = device,
							    .where = where,
							    .second = space ? space->taken : NULL,
							    .label = "taken"});
	if (!finding)
		return;
	room = space ? space->range.last - event->dma.v + 1 : 0;
	if (event->size > room) {
		dmk_say(finding,
			"dma_iova_link of %llu byte%s at DMA 0x%llx: the space that was taken has %llu byte%s left there",
			ULL(event->size), dmk_plural(event->size), ULL(event->dma.v), ULL(room),
			dmk_plural(room));
		dmk_mend(
			finding,
			"take a space for all pieces: the sum of their sizes goes to dma_iova_try_alloc()");
		return;
	}
	dmk_say(finding,
		"dma_iova_link of %llu byte%s, physical 0x%llx at DMA 0x%llx, was refused: another piece has part of the "
		"page, or it begins elsewhere in its page than the memory does",
		ULL(event->size), dmk_plural(event->size), ULL(event->phys.v), ULL(event->dma.v));
	dmk_mend(
		finding,
		"all pieces but the first begin, and all but the last end, at a multiple of "
		"dma_get_merge_boundary(dev) + 1, and dma_iova_try_alloc() is given the first one's address");
}

/* --- sync, and use without one ---------------------------------------------------------------- */

static void synced(struct dmk_checker *checker, struct dmk_watched *device,
		   const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_extent *extent = NULL;
	struct dmk_finding *finding;
	struct dmk_range range;

	dmk_range_set(&range, event->dma.v, event->size);
	while (event->size && (extent = dmk_live_touching(device, range.first, range.last, extent)))
		extent->record->unsynced = false;
	if (event->reason == DMK_REASON_NONE)
		return;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_IOM_06,
							    .device = device,
							    .where = where});
	if (!finding)
		return;
	dmk_say(finding,
		"dma_iova_sync of %llu byte%s at DMA 0x%llx is not inside a space that was taken",
		ULL(event->size), dmk_plural(event->size), ULL(event->dma.v));
	dmk_mend(finding, "sync what was linked: from its offset, and as many bytes");
}

/* Once for each link. */
static struct dmk_record *first_unsynced(const struct dmk_watched *device, uint64_t first,
					 uint64_t last)
{
	struct dmk_extent *extent = NULL;

	while ((extent = dmk_live_touching(device, first, last, extent))) {
		if (!extent->record->unsynced || extent->record->excused)
			continue;
		extent->record->unsynced = false;
		return extent->record;
	}
	return NULL;
}

void dmk_judge_unsynced(struct dmk_checker *checker, struct dmk_watched *device, uint64_t first,
			uint64_t last, bool write)
{
	struct dmk_record *record = device->spaces ? first_unsynced(device, first, last) : NULL;
	struct dmk_finding *finding;

	if (!record)
		return;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_IOM_06,
							    .device = device,
							    .second = record->mapped,
							    .label = "linked",
							    .record = record});
	if (!finding)
		return;
	dmk_say(finding,
		"the device %s [0x%llx, 0x%llx], which is linked, and dma_iova_sync() was not called: an IOMMU may still know "
		"that nothing is there",
		write ? "wrote" : "read", ULL(first), ULL(last));
	dmk_mend(finding,
		 "call dma_iova_sync() for all that was linked, before the device is told of it");
}

/* --- back ------------------------------------------------------------------------------------- */

static void retire(struct dmk_checker *checker, struct dmk_record *record,
		   const struct dmk_event *event, const struct dmk_trace *where)
{
	dmk_judge_busy(checker, record, where);
	if (!record->excused && event->size && record->dir != event->dir) {
		record->excused = true;
		dmk_report_other_direction(checker, record, event,
					   event->kind == DMK_EVENT_IOVA_FREE ? "dma_iova_destroy"
									      : "dma_iova_unlink",
					   where);
	}
	dmk_record_retire(&checker->shadow, record, where);
}

/* Retires all that lies in the range, if only in part. Return: its bytes. */
static uint64_t retire_links(struct dmk_checker *checker, struct dmk_watched *device,
			     const struct dmk_event *event, struct dmk_range range,
			     const struct dmk_trace *where)
{
	struct dmk_record *record;
	uint64_t bytes = 0;

	while ((record = link_in(device, range.first, range.last))) {
		bytes += record->size;
		/* The lowest was found: what is below it needs no second look. */
		if (record->bus.range.first > range.first)
			range.first = record->bus.range.first;
		retire(checker, record, event, where);
	}
	return bytes;
}

static void stray(struct dmk_checker *checker, struct dmk_watched *device, const char *call,
		  const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_STR_04, .device = device, .where = where});

	if (!finding)
		return;
	dmk_say(finding,
		"%s is called for DMA 0x%llx, where no addresses are taken: they were never, or went back before",
		call, ULL(event->dma.v));
	dmk_mend(finding,
		 "give a state back once, with dma_iova_destroy() or dma_iova_free(), and only if "
		 "dma_iova_try_alloc() said yes");
}

/*
 * Bytes that are missing because of a mistake that was reported before, or that nobody knows of,
 * are no other one.
 */
static bool is_known(const struct dmk_checker *checker, const struct dmk_watched *device,
		     struct dmk_range range)
{
	const struct dmk_past *past = dmk_past_touching(&checker->shadow, device, range.first,
							range.last);

	return device->lost || (past && past->excused && past->map_kind == DMK_MAP_LINK);
}

static void unlinked(struct dmk_checker *checker, struct dmk_watched *device,
		     const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding;
	struct dmk_range range;
	uint64_t bytes;
	bool known;

	if (event->reason != DMK_REASON_NONE) {
		stray(checker, device, "dma_iova_unlink", event, where);
		return;
	}
	dmk_range_set(&range, event->dma.v, event->size);
	known = is_known(checker, device, range);
	bytes = retire_links(checker, device, event, range, where);
	if (bytes == event->size || known)
		return;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_STR_04,
							    .device = device,
							    .where = where});
	if (!finding)
		return;
	dmk_say(finding,
		"dma_iova_unlink of %llu byte%s at DMA 0x%llx, where %llu byte%s %s linked",
		ULL(event->size), dmk_plural(event->size), ULL(event->dma.v), ULL(bytes),
		dmk_plural(bytes), bytes == 1 ? "is" : "are");
	dmk_mend(
		finding,
		"unlink what dma_iova_link() was given, from the same offset and with the same size");
}

static void ended(struct dmk_checker *checker, struct dmk_watched *device,
		  const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_space *space = space_at(&checker->shadow, device, event->dma.v);
	const char *call = event->size ? "dma_iova_destroy" : "dma_iova_free";
	struct dmk_finding *finding;
	uint64_t bytes;
	bool known;

	if (event->reason != DMK_REASON_NONE || !space) {
		if (event->reason != DMK_REASON_NONE)
			stray(checker, device, call, event, where);
		return;
	}
	known = is_known(checker, device, space->range);
	bytes = retire_links(checker, device, event, space->range, where);
	if (bytes != event->size && !known) {
		finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_STR_04,
								    .device = device,
								    .where = where,
								    .second = space->taken,
								    .label = "taken"});
		if (finding) {
			dmk_say(finding, "%s is told that %llu byte%s %s linked, and %llu %s", call,
				ULL(event->size), dmk_plural(event->size),
				event->size == 1 ? "is" : "are", ULL(bytes),
				bytes == 1 ? "is" : "are");
			dmk_mend(
				finding,
				"add up what dma_iova_link() took, one piece after another, and pass that to "
				"dma_iova_destroy()");
		}
	}
	space_gone(&checker->shadow, space);
}

void dmk_judge_iova(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where)
{
	struct dmk_watched *device = dmk_device_of(checker, event);

	switch (event->kind) {
	case DMK_EVENT_IOVA_ALLOC:
		space_new(checker, device, event, where);
		break;
	case DMK_EVENT_IOVA_SYNC:
		synced(checker, device, event, where);
		break;
	case DMK_EVENT_IOVA_UNLINK:
		unlinked(checker, device, event, where);
		break;
	default:
		ended(checker, device, event, where);
		break;
	}
}

void dmk_judge_spaces_left(struct dmk_checker *checker, struct dmk_watched *device,
			   const char *when)
{
	while (device->spaces) {
		struct dmk_space *space = device->spaces;
		struct dmk_extent *extent = NULL;
		struct dmk_finding *finding;

		/* What is linked in it follows from it. */
		while ((extent = dmk_live_touching(device, space->range.first, space->range.last,
						   extent)))
			extent->record->excused = true;
		checker->totals.leaks++;
		finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_STR_06,
								    .device = device,
								    .second = space->taken,
								    .label = "taken"});
		if (finding) {
			dmk_say(finding,
				"%llu byte%s of addresses taken here by dma_iova_try_alloc are still there %s",
				ULL(bytes_of(space)), dmk_plural(bytes_of(space)), when);
			dmk_mend(
				finding,
				"call dma_iova_destroy() before remove() ends, and dma_iova_destroy() or "
				"dma_iova_free() on each error path");
		}
		space_gone(&checker->shadow, space);
	}
}
