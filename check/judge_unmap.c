/* SPDX-License-Identifier: MIT */
/*
 * The unmap: whether it repeats the map, comes once, and after the device is done. What an address
 * that fits nothing may have meant is told from the live records, the past ones and those of other
 * devices.
 */
#include "findings.h"


#define ULL(value) ((unsigned long long)(value))

/* Work of the device on @extent's bytes that nothing else keeps mapped. */
static struct dmk_transfer *work_on(const struct dmk_extent *extent)
{
	const struct dmk_watched *device = extent->record->device;
	const struct dmk_range *range = &extent->range;
	struct dmk_range *busy = NULL;

	while ((busy = dmk_ranges_touching(&device->transfers, range->first, range->last, busy))) {
		uint64_t first = busy->first > range->first ? busy->first : range->first;
		uint64_t last = busy->last < range->last ? busy->last : range->last;

		if (!dmk_live_without(device, first, last, extent->record))
			return DMK_AROUND(busy, struct dmk_transfer, range);
	}
	return NULL;
}

bool dmk_judge_busy(struct dmk_checker *checker, struct dmk_record *record,
		    const struct dmk_trace *where)
{
	struct dmk_transfer *transfer = NULL;
	struct dmk_finding *finding;

	if (!record->bus.record)
		return false;
	if (dmk_judge_descriptors(checker, record, where))
		return true;
	for (struct dmk_extent *extent = &record->bus; extent && !transfer; extent = extent->next)
		transfer = work_on(extent);
	if (!transfer || record->excused)
		return false;
	record->excused = true;
	finding = dmk_report(checker,
			     &(struct dmk_mistake){.rule = DMK_RULE_STR_07,
						   .device = record->device,
						   .where = where,
						   .second = record->mapped,
						   .record = record,
						   .label = record->kind == DMK_RECORD_MAPPING
								    ? "mapped"
								    : "allocated"});
	if (!finding)
		return true;
	dmk_say(finding,
		"the %s buffer at DMA 0x%llx, %llu byte%s, is %s while the device still works on [0x%llx, 0x%llx]",
		dmk_kind_name(record->kind, record->map_kind), ULL(record->dma), ULL(record->size),
		dmk_plural(record->size), record->kind == DMK_RECORD_MAPPING ? "unmapped" : "freed",
		ULL(transfer->range.first), ULL(transfer->range.last));
	dmk_mend(
		finding,
		"wait for the device first (its completion interrupt), or stop it and wait until it stands still, "
		"and take the buffer away then");
	return true;
}

/*
 * dma_map_single() and dma_map_page() are one kind, as in Linux; so are dma_map_resource() and
 * dma_map_phys() of registers.
 */
static enum dmk_map_kind kind_class(enum dmk_map_kind kind, unsigned long attrs)
{
	if (kind == DMK_MAP_PHYS && attrs & DMK_ATTR_MMIO)
		return DMK_MAP_RESOURCE;
	return kind == DMK_MAP_SINGLE ? DMK_MAP_PAGE : kind;
}

static bool same_kind(const struct dmk_record *record, const struct dmk_event *event)
{
	return kind_class(record->map_kind, record->attrs) ==
	       kind_class(event->map_kind, event->attrs);
}

/* Of the attributes only this one changes what an unmap does, if it is another than at the map. */
static bool same_attrs(const struct dmk_record *record, const struct dmk_event *event)
{
	return dmk_is_registers(record->map_kind, record->attrs) ==
	       dmk_is_registers(event->map_kind, event->attrs);
}

/* The attribute is forgotten, or too much: that is what is wrong, and not the kind. */
static bool kind_but_for_attrs(const struct dmk_record *record, const struct dmk_event *event)
{
	return record->map_kind == event->map_kind && !same_attrs(record, event);
}

static unsigned int likeness(const struct dmk_record *record, const struct dmk_event *event)
{
	unsigned int like = 0;

	if (record->kind == DMK_RECORD_MAPPING)
		like += 16;
	if (same_kind(record, event))
		like += 8;
	if (event->map_kind == DMK_MAP_SG ? record->nents == event->nents
					  : record->size == event->size)
		like += 4;
	if (record->dir == event->dir)
		like += 2;
	if (record->checked)
		like += 1;
	return like;
}

static struct dmk_record *list_of(struct dmk_checker *checker, const struct dmk_watched *device,
				  const struct dmk_event *event)
{
	struct dmk_record *record, *best = NULL;

	if (event->map_kind != DMK_MAP_SG || !event->cpu)
		return NULL;
	for (record = dmk_record_of_cpu(&checker->shadow, event->cpu); record;
	     record = dmk_record_of_cpu_more(record)) {
		if (record->device != device || record->kind != DMK_RECORD_MAPPING)
			continue;
		/* Two mappings of one list: its entries hold the addresses of the newest. */
		if (!best || record->serial > best->serial)
			best = record;
	}
	return best;
}

static struct dmk_record *what_is_unmapped(struct dmk_checker *checker,
					   const struct dmk_watched *device,
					   const struct dmk_event *event)
{
	struct dmk_record *record, *best = list_of(checker, device, event);
	unsigned int like, most = 0;

	if (best)
		return best;
	for (record = dmk_record_at(device, event->dma.v); record;
	     record = dmk_record_at_more(record)) {
		if (record->kind == DMK_RECORD_POOL_PAGE)
			continue;
		like = likeness(record, event);
		if (!best || like > most || (like == most && record->serial > best->serial)) {
			best = record;
			most = like;
		}
	}
	return best;
}

/* SGL-05, of an unmap or a sync. */
void dmk_report_count(struct dmk_checker *checker, const struct dmk_record *record,
		      const struct dmk_event *event, const char *call,
		      const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(checker,
						 &(struct dmk_mistake){.rule = DMK_RULE_SGL_05,
								       .device = record->device,
								       .where = where,
								       .second = record->mapped,
								       .record = record});

	if (!finding)
		return;
	dmk_say(finding,
		"%s was given %u entr%s of a list that was mapped with %u (and became %u segment%s)",
		call, event->nents, event->nents == 1 ? "y" : "ies", record->nents,
		record->mapped_nents, dmk_plural(record->mapped_nents));
	if (event->nents == record->mapped_nents)
		dmk_mend(finding, "pass the %u entries given to dma_map_sg, not the %u it returned",
			 record->nents, record->mapped_nents);
	else
		dmk_mend(finding, "pass the %u entries given to dma_map_sg", record->nents);
}

void dmk_report_other_direction(struct dmk_checker *checker, const struct dmk_record *record,
				const struct dmk_event *event, const char *call,
				const struct dmk_trace *where)
{
	const char *made = record->map_kind == DMK_MAP_LINK ? "linked" : "mapped";
	struct dmk_finding *finding = dmk_report(checker,
						 &(struct dmk_mistake){.rule = DMK_RULE_DIR_04,
								       .device = record->device,
								       .where = where,
								       .second = record->mapped,
								       .label = made,
								       .record = record});

	if (!finding)
		return;
	dmk_say(finding, "%s says %s of a buffer that was %s %s: DMA 0x%llx, %llu byte%s", call,
		dmk_direction_name(event->dir), made, dmk_direction_name(record->dir),
		ULL(record->dma), ULL(record->size), dmk_plural(record->size));
	dmk_mend(
		finding,
		"pass %s, as the map did: the direction decides whether data is copied back and caches are cleaned",
		dmk_direction_name(record->dir));
}

/* "dma_unmap_single of ... with 100 bytes where 200 were mapped, and as page where ..." */
static void report_mismatch(struct dmk_checker *checker, struct dmk_record *record,
			    const struct dmk_event *event, const struct dmk_trace *where)
{
	const bool kind = !same_kind(record, event) && !kind_but_for_attrs(record, event);
	const bool size = event->map_kind != DMK_MAP_SG && record->map_kind != DMK_MAP_SG &&
			  event->size != record->size;
	struct dmk_finding *finding = dmk_report(checker,
						 &(struct dmk_mistake){.rule = DMK_RULE_STR_04,
								       .device = record->device,
								       .where = where,
								       .second = record->mapped,
								       .record = record});

	if (!finding)
		return;
	if (kind) {
		dmk_say(finding, "%s is called for DMA 0x%llx, which %s mapped",
			dmk_unmap_call(event->map_kind), ULL(record->dma),
			dmk_map_call(record->map_kind));
		dmk_mend(finding, "undo %s with %s", dmk_map_call(record->map_kind),
			 dmk_unmap_call(record->map_kind));
	} else if (size) {
		dmk_say(finding, "%s of DMA 0x%llx is told %llu byte%s, but %llu %s mapped%s",
			dmk_unmap_call(event->map_kind), ULL(record->dma), ULL(event->size),
			dmk_plural(event->size), ULL(record->size),
			record->size == 1 ? "was" : "were",
			event->dir != record->dir ? " (in another direction, too)" : "");
		dmk_mend(
			finding,
			"pass %llu, the size given to %s: keep it beside the address (DEFINE_DMA_UNMAP_LEN)",
			ULL(record->size), dmk_map_call(record->map_kind));
	} else {
		dmk_say(finding,
			"%s of DMA 0x%llx gives attributes 0x%lx, and it was mapped with 0x%lx",
			dmk_unmap_call(event->map_kind), ULL(record->dma), event->attrs,
			record->attrs);
		dmk_mend(finding, "pass the attributes of the map, 0x%lx", record->attrs);
	}
}

/* True: the unmap does not repeat the map, and that was reported. */
static bool judge_mismatch(struct dmk_checker *checker, struct dmk_record *record,
			   const struct dmk_event *event, const struct dmk_trace *where)
{
	const bool sg = event->map_kind == DMK_MAP_SG;

	if (record->excused)
		return false;
	if (!same_kind(record, event) || (!sg && event->size != record->size) ||
	    !same_attrs(record, event))
		report_mismatch(checker, record, event, where);
	else if (sg && event->nents != record->nents)
		dmk_report_count(checker, record, event, "dma_unmap_sg", where);
	else if (event->dir != record->dir)
		dmk_report_other_direction(checker, record, event, dmk_unmap_call(event->map_kind),
					   where);
	else
		return false;
	return true;
}

static void unmaps_consistent(struct dmk_checker *checker, struct dmk_record *record,
			      const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	record->excused = true;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_STR_04,
							    .device = record->device,
							    .where = where,
							    .second = record->mapped,
							    .label = "allocated",
							    .record = record});
	if (!finding)
		return;
	dmk_say(finding, "%s is called for DMA 0x%llx, which came from %s",
		dmk_unmap_call(event->map_kind), ULL(event->dma.v), dmk_take_call(record->kind));
	dmk_mend(finding, "such memory is never mapped or unmapped: give it back with %s",
		 dmk_give_call(record->kind));
}

static void unmaps_error(struct dmk_checker *checker, struct dmk_watched *device,
			 const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_STR_04, .device = device, .where = where});

	if (!finding)
		return;
	dmk_say(finding,
		"%s is called for DMA_MAPPING_ERROR: the mapping had failed and there is nothing to unmap",
		dmk_unmap_call(event->map_kind));
	dmk_mend(
		finding,
		"check each map with dma_mapping_error() and leave out of the unwinding what was not mapped");
}

static void unmaps_twice(struct dmk_checker *checker, struct dmk_watched *device,
			 const struct dmk_event *event, struct dmk_past *past,
			 const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	if (past->excused)
		return;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_STR_04,
							    .device = device,
							    .where = where,
							    .second = past->unmapped,
							    .label = "unmapped",
							    .past = past});
	if (!finding)
		return;
	dmk_say(finding,
		"%s is called a second time for DMA 0x%llx, %llu byte%s: it was unmapped before",
		dmk_unmap_call(event->map_kind), ULL(past->dma), ULL(past->size),
		dmk_plural(past->size));
	dmk_mend(
		finding,
		"unmap in one place only, and forget the address there (set it to DMA_MAPPING_ERROR or clear a "
		"flag), so that no other path unmaps again");
}

static void unmaps_for_other(struct dmk_checker *checker, struct dmk_watched *device,
			     const struct dmk_event *event, struct dmk_record *record,
			     const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	record->excused = true;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_STR_04,
							    .device = device,
							    .where = where,
							    .second = record->mapped,
							    .record = record});
	if (!finding)
		return;
	dmk_say(finding, "%s names device %s for DMA 0x%llx, which was mapped for %s",
		dmk_unmap_call(event->map_kind), device->name, ULL(event->dma.v),
		record->device->name);
	dmk_mend(finding,
		 "pass the same struct device to map and unmap: the one that does the transfer");
}

static void unmaps_inside(struct dmk_checker *checker, struct dmk_watched *device,
			  const struct dmk_event *event, struct dmk_record *record,
			  const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	if (record->excused)
		return;
	record->excused = true;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_STR_04,
							    .device = device,
							    .where = where,
							    .second = record->mapped,
							    .record = record});
	if (!finding)
		return;
	dmk_say(finding,
		"%s is called for DMA 0x%llx, which is inside the %s buffer that starts at 0x%llx, %llu bytes",
		dmk_unmap_call(event->map_kind), ULL(event->dma.v),
		dmk_kind_name(record->kind, record->map_kind), ULL(record->dma), ULL(record->size));
	dmk_mend(finding,
		 "pass 0x%llx, the address that %s returned: a mapping is undone as a whole",
		 ULL(record->dma),
		 record->kind == DMK_RECORD_MAPPING ? dmk_map_call(record->map_kind)
						    : "the allocation");
}

/* True: it is half the handle of a live mapping, which was reported. The leak follows from it. */
static bool unmaps_cut(struct dmk_checker *checker, struct dmk_watched *device,
		       const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding;
	struct dmk_guess guess;

	if (!dmk_guess_cut(&checker->shadow, device, event->dma.v, &guess) || !guess.record ||
	    guess.record->dma != guess.full)
		return false;
	guess.record->excused = true;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_STR_04,
							    .device = device,
							    .where = where,
							    .second = guess.record->mapped,
							    .record = guess.record});
	if (!finding)
		return true;
	dmk_say(finding,
		"%s is called for DMA 0x%llx, where nothing is mapped: these are the low %u bits of the handle 0x%llx",
		dmk_unmap_call(event->map_kind), ULL(event->dma.v), guess.width, ULL(guess.full));
	dmk_mend(
		finding,
		"keep the handle in a dma_addr_t all the way: a variable or field on it is too narrow");
	return true;
}

static void unmaps_nothing(struct dmk_checker *checker, struct dmk_watched *device,
			   const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_STR_04, .device = device, .where = where});

	if (!finding)
		return;
	dmk_say(finding,
		"%s is called for DMA 0x%llx, %llu byte%s, where nothing is mapped for the device",
		dmk_unmap_call(event->map_kind), ULL(event->dma.v), ULL(event->size),
		dmk_plural(event->size));
	dmk_mend(
		finding,
		"pass the dma_addr_t that the map returned, unchanged and in full width: no pointer, no physical "
		"address, no 32-bit copy");
}

/* The newest mapping of a device that the unmap would fit; @best: of those seen before. */
static struct dmk_record *newest_like(const struct dmk_watched *device,
				      const struct dmk_event *event, struct dmk_record *best)
{
	struct dmk_record *record;

	for (record = dmk_record_at(device, event->dma.v); record;
	     record = dmk_record_at_more(record))
		if (!record->excused && likeness(record, event) >= 16 + 8 + 4 + 2 &&
		    (!best || record->serial > best->serial))
			best = record;
	return best;
}

static struct dmk_record *same_of_other_device(struct dmk_checker *checker,
					       const struct dmk_watched *device,
					       const struct dmk_event *event)
{
	const struct dmk_watched *other, *nobody = &checker->shadow.nobody;
	struct dmk_record *best = device == nobody ? NULL : newest_like(nobody, event, NULL);

	for (other = checker->shadow.device_list; other; other = other->next)
		if (other != device)
			best = newest_like(other, event, best);
	return best;
}

/* Nothing is mapped at the address for this device: what did the driver mean? */
static void judge_stray_unmap(struct dmk_checker *checker, struct dmk_watched *device,
			      const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_shadow *shadow = &checker->shadow;
	struct dmk_past *past = dmk_past_at(shadow, device, event->dma.v, 1u << DMK_RECORD_MAPPING),
			*near;
	struct dmk_record *other = same_of_other_device(checker, device, event);
	struct dmk_extent *inside = dmk_live_holding(device, event->dma.v);
	uint64_t ended = past ? past->serial : 0;

	if (dmk_lost_take(shadow, device, event->dma.v))
		return;
	if (other && other->serial > ended) {
		unmaps_for_other(checker, device, event, other, where);
		return;
	}
	if (inside && inside->record->serial > ended) {
		unmaps_inside(checker, device, event, inside->record, where);
		return;
	}
	if (past) {
		unmaps_twice(checker, device, event, past, where);
		return;
	}
	near = dmk_past_touching(shadow, device, event->dma.v, event->dma.v);
	if ((near && near->excused) || unmaps_cut(checker, device, event, where))
		return;
	unmaps_nothing(checker, device, event, where);
}

void dmk_judge_unmap(struct dmk_checker *checker, const struct dmk_event *event,
		     const struct dmk_trace *where)
{
	struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_record *record;

	checker->mistaken_entry = NULL;
	if (event->dma.v == DMK_MAPPING_ERROR.v) {
		unmaps_error(checker, device, event, where);
		return;
	}
	record = what_is_unmapped(checker, device, event);
	if (!record) {
		judge_stray_unmap(checker, device, event, where);
		return;
	}
	if (record->kind != DMK_RECORD_MAPPING) {
		unmaps_consistent(checker, record, event, where);
		return;
	}
	dmk_judge_unchecked(checker, record, where);
	dmk_judge_busy(checker, record, where);
	if (judge_mismatch(checker, record, event, where))
		record->excused = true;
	dmk_record_retire(&checker->shadow, record, where);
}
