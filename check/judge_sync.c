/* SPDX-License-Identifier: MIT */
/*
 * Syncs: of what is mapped, inside it, in its direction.
 *
 * A sync in another direction is reported under SYN-04, an unmap in one under DIR-04: both rules
 * forbid it, and one report is enough. A mapping of DMA_BIDIRECTIONAL may be synced with any
 * direction: that says which half of the work is wanted, and nothing goes wrong. A sync of
 * consistent memory does nothing and is no mistake worth a report.
 */
#include "findings.h"

#define ULL(value) ((unsigned long long)(value))

static bool for_cpu(const struct dmk_event *event)
{
	return event->kind == DMK_EVENT_SYNC_FOR_CPU;
}

static const char *call_of(const struct dmk_event *event)
{
	if (event->map_kind == DMK_MAP_SG)
		return for_cpu(event) ? "dma_sync_sg_for_cpu" : "dma_sync_sg_for_device";
	return for_cpu(event) ? "dma_sync_single_for_cpu" : "dma_sync_single_for_device";
}

static void report_stray(struct dmk_checker *checker, struct dmk_watched *device,
			 const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_past *past = dmk_past_touching(&checker->shadow, device, event->dma.v,
						  event->dma.v);
	struct dmk_finding *finding;

	if (device->lost || (past && past->excused))
		return;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_SYN_04,
							    .device = device,
							    .where = where,
							    .second = past ? past->unmapped : NULL,
							    .label = past ? "unmapped" : NULL,
							    .past = past});
	if (!finding)
		return;
	if (event->dma.v == DMK_MAPPING_ERROR.v) {
		dmk_say(finding, "%s is called for DMA_MAPPING_ERROR: the mapping had failed",
			call_of(event));
		dmk_mend(
			finding,
			"check the map with dma_mapping_error() and give the transfer up when it failed");
	} else if (past) {
		dmk_say(finding, "%s is called for DMA 0x%llx after it was unmapped",
			call_of(event), ULL(event->dma.v));
		dmk_mend(
			finding,
			"sync before the unmap, or leave the sync out: an unmap hands the buffer to the CPU by itself");
	} else {
		dmk_say(finding,
			"%s is called for DMA 0x%llx, where nothing is mapped for the device",
			call_of(event), ULL(event->dma.v));
		dmk_mend(
			finding,
			"pass the dma_addr_t that the map returned, and the device it was mapped for");
	}
}

static void report_beyond(struct dmk_checker *checker, const struct dmk_extent *extent,
			  const struct dmk_event *event, const struct dmk_trace *where)
{
	const struct dmk_record *record = extent->record;
	const uint64_t beyond = event->dma.v + event->size - 1 - extent->range.last;
	struct dmk_finding *finding = dmk_report(checker,
						 &(struct dmk_mistake){.rule = DMK_RULE_SYN_04,
								       .device = record->device,
								       .where = where,
								       .second = record->mapped,
								       .record = record});

	if (!finding)
		return;
	dmk_say(finding,
		"%s of %llu byte%s at DMA 0x%llx ends %llu byte%s beyond the mapping [0x%llx, 0x%llx]",
		call_of(event), ULL(event->size), dmk_plural(event->size), ULL(event->dma.v),
		ULL(beyond), dmk_plural(beyond), ULL(extent->range.first), ULL(extent->range.last));
	dmk_mend(finding, "sync no more than is mapped: at this address %llu byte%s at most",
		 ULL(extent->range.last - event->dma.v + 1),
		 dmk_plural(extent->range.last - event->dma.v + 1));
}

static void report_direction(struct dmk_checker *checker, const struct dmk_record *record,
			     const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(checker,
						 &(struct dmk_mistake){.rule = DMK_RULE_SYN_04,
								       .device = record->device,
								       .where = where,
								       .second = record->mapped,
								       .record = record});
	const char *why = "";

	if (!finding)
		return;
	if (for_cpu(event) && record->dir == DMK_TO_DEVICE)
		why = ", which the device only reads: there is nothing for the CPU to fetch";
	else if (!for_cpu(event) && record->dir == DMK_FROM_DEVICE)
		why = ", which the device only writes: there is nothing to bring to it";
	dmk_say(finding, "%s says %s of a buffer that was mapped %s%s", call_of(event),
		dmk_direction_name(event->dir), dmk_direction_name(record->dir), why);
	dmk_mend(
		finding,
		"pass %s, as the map did; if both sides write the buffer, map it DMA_BIDIRECTIONAL",
		dmk_direction_name(record->dir));
}

static bool same_direction(const struct dmk_record *record, const struct dmk_event *event)
{
	if (event->dir == record->dir)
		return true;
	return record->dir == DMK_BIDIRECTIONAL && event->dir != DMK_NONE;
}

static bool holds_all(const struct dmk_extent *extent, const struct dmk_event *event)
{
	return !event->size || extent->range.last - event->dma.v >= event->size - 1;
}

/* Of the mappings that hold the first byte, the one that fits the call best. */
static struct dmk_extent *what_is_synced(const struct dmk_watched *device,
					 const struct dmk_event *event)
{
	struct dmk_extent *extent = NULL, *best = NULL;
	unsigned int fit, most = 0;

	while ((extent = dmk_live_touching(device, event->dma.v, event->dma.v, extent))) {
		if (extent->record->kind == DMK_RECORD_POOL_PAGE)
			continue;
		fit = 1 + 2 * same_direction(extent->record, event) + 4 * holds_all(extent, event);
		if (fit > most) {
			best = extent;
			most = fit;
		}
	}
	return best;
}

static bool is_listed(const struct dmk_record *record)
{
	return record->map_kind == DMK_MAP_SG && dmk_takes_turns(record->kind);
}

/*
 * Behind an IOMMU the list's pages lie anywhere, and a sync by address would reach the first run of
 * them.
 */
static void report_single(struct dmk_checker *checker, struct dmk_record *record,
			  const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(checker,
						 &(struct dmk_mistake){.rule = DMK_RULE_SYN_04,
								       .device = record->device,
								       .where = where,
								       .second = record->mapped,
								       .label = "allocated",
								       .record = record});

	record->excused = true;
	if (!finding)
		return;
	dmk_say(finding,
		"%s is called for memory of dma_alloc_noncontiguous, whose pages need not lie side by side",
		call_of(event));
	dmk_mend(finding, "sync the list: %s(dev, sgt, dir)",
		 for_cpu(event) ? "dma_sync_sgtable_for_cpu" : "dma_sync_sgtable_for_device");
}

static struct dmk_record *list_of(struct dmk_checker *checker, const struct dmk_watched *device,
				  const struct dmk_event *event)
{
	struct dmk_record *record = NULL;

	if (event->cpu)
		record = dmk_record_of_cpu(&checker->shadow, event->cpu);
	while (record && (record->device != device || !is_listed(record)))
		record = dmk_record_of_cpu_more(record);
	if (record)
		return record;
	record = dmk_record_at(device, event->dma.v);
	while (record && !is_listed(record))
		record = dmk_record_at_more(record);
	return record;
}

/*
 * Offsets [@first, @last] of the buffer change hands. What is said of the CPU from now on is
 * another mistake.
 */
static void hand_over(struct dmk_checker *checker, struct dmk_record *record,
		      const struct dmk_event *event, uint64_t first, uint64_t last,
		      const struct dmk_trace *where)
{
	bool known;

	record->synced.device_last = !for_cpu(event);
	if (for_cpu(event)) {
		record->synced.for_cpu = where;
		known = dmk_turns_to_cpu(&record->turns, first, last, where);
	} else {
		record->synced.for_device = where;
		known = dmk_turns_to_device(&record->turns, first, last);
	}
	dmk_record_turn(&checker->shadow, record, known);
	dmk_record_tell(&checker->shadow, record, first, last);
	record->said[false] = NULL;
	record->said[true] = NULL;
	record->said_device = false;
}

/* A sync that goes on beyond the end of what is mapped: as far as it is mapped. */
static void hand_over_bytes(struct dmk_checker *checker, const struct dmk_extent *extent,
			    const struct dmk_event *event, const struct dmk_trace *where)
{
	const uint64_t first = extent->offset + (event->dma.v - extent->range.first);
	const uint64_t left = extent->range.last - event->dma.v;

	if (event->size)
		hand_over(checker, extent->record, event, first,
			  first + (event->size - 1 < left ? event->size - 1 : left), where);
}

static void judge_list(struct dmk_checker *checker, struct dmk_watched *device,
		       const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_record *record = list_of(checker, device, event);

	if (!record) {
		report_stray(checker, device, event, where);
		return;
	}
	hand_over(checker, record, event, 0, ~0ULL, where);
	if (record->excused)
		return;
	if (event->nents != record->nents)
		dmk_report_count(checker, record, event, call_of(event), where);
	else if (!same_direction(record, event))
		report_direction(checker, record, event, where);
}

void dmk_judge_sync(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where)
{
	struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_extent *extent;

	if (event->map_kind == DMK_MAP_SG) {
		judge_list(checker, device, event, where);
		return;
	}
	extent = what_is_synced(device, event);
	if (!extent) {
		report_stray(checker, device, event, where);
		return;
	}
	if (!dmk_takes_turns(extent->record->kind))
		return;
	hand_over_bytes(checker, extent, event, where);
	if (extent->record->excused)
		return;
	dmk_judge_unchecked(checker, extent->record, where);
	if (extent->record->kind == DMK_RECORD_NONCONTIGUOUS)
		report_single(checker, extent->record, event, where);
	else if (!holds_all(extent, event))
		report_beyond(checker, extent, event, where);
	else if (!same_direction(extent->record, event))
		report_direction(checker, extent->record, event, where);
}
