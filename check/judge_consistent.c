/* SPDX-License-Identifier: MIT */
/*
 * Memory that was made for devices: it goes back once, as it was allocated, by the call that
 * mirrors its allocation, where that is allowed (COH-07).
 */
#include "findings.h"

/*
 * Attributes that decide how the memory is made, so that the free must know them. Linux's values.
 */
#define ATTRS_THAT_COUNT \
	(DMK_ATTR_WRITE_COMBINE | DMK_ATTR_NO_KERNEL_MAPPING | DMK_ATTR_FORCE_CONTIGUOUS)

#define ULL(value) ((unsigned long long)(value))

static const char *free_call(const struct dmk_event *event)
{
	return event->by_managed ? "dmam_free_coherent"
				 : dmk_give_call(dmk_made_kind(event->alloc_kind));
}

static const char *alloc_call_of(const struct dmk_record *record)
{
	return record->by_managed ? "dmam_alloc_coherent" : dmk_take_call(record->kind);
}

static const char *free_call_of(const struct dmk_record *record)
{
	return record->by_managed ? "dmam_free_coherent" : dmk_give_call(record->kind);
}

/* --- allocated -------------------------------------------------------------------------------- */

static void record_pieces(struct dmk_shadow *shadow, struct dmk_record *record,
			  const struct dmk_event *event)
{
	if (record->kind != DMK_RECORD_NONCONTIGUOUS) {
		dmk_record_bus(shadow, record, event->dma.v, event->size);
		for (unsigned int i = 0; event->sg && i < event->nents; i++)
			dmk_record_memory(shadow, record, event->sg[i].phys.v, event->sg[i].length);
		if (!event->sg && event->phys.v)
			dmk_record_memory(shadow, record, event->phys.v, event->size);
		return;
	}
	record->map_kind = DMK_MAP_SG;
	record->nents = event->nents;
	record->mapped_nents = event->mapped_nents;
	for (unsigned int i = 0; i < event->mapped_nents; i++)
		dmk_record_bus(shadow, record, event->sg[i].dma.v, event->sg[i].dma_length);
	for (unsigned int i = 0; i < event->nents; i++)
		dmk_record_memory(shadow, record, event->sg[i].phys.v, event->sg[i].length);
}

void dmk_judge_alloc(struct dmk_checker *checker, const struct dmk_event *event,
		     const struct dmk_trace *where)
{
	struct dmk_shadow *shadow = &checker->shadow;
	struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_record *record;

	dmk_judge_mask(checker, device, &device->coherent, where);
	dmk_memory_taken_by(shadow, event);
	record = dmk_record_new(shadow, device, event->dma.v);
	if (!record) {
		checker->totals.lost_records++;
		return;
	}
	record->kind = dmk_made_kind(event->alloc_kind);
	record->by_managed = event->by_managed;
	record->dir = event->dir;
	record->size = event->size;
	record->phys = event->phys.v;
	record->cpu = event->cpu;
	record->attrs = event->attrs;
	record->checked = true;
	record->mapped = where;
	/*
	 * The CPU has what both have in turns, until the first sync for the device: it was zeroed,
	 * through the cache.
	 */
	if (dmk_takes_turns(record->kind))
		dmk_record_turn(shadow, record, dmk_turns_to_cpu(&record->turns, 0, ~0ULL, where));
	record_pieces(shadow, record, event);
	dmk_record_live(shadow, record);
}

/* --- what a free means ------------------------------------------------------------------------ */

/* The allocation at the handle; if there are several, one of the call's own kind. */
static struct dmk_record *allocation_at(struct dmk_checker *checker,
					const struct dmk_watched *device,
					const struct dmk_event *event)
{
	struct dmk_record *record, *found = NULL;

	for (record = dmk_record_at(device, event->dma.v); record;
	     record = dmk_record_at_more(record)) {
		if (!dmk_is_allocation(record->kind))
			continue;
		if (!found || record->kind == dmk_made_kind(event->alloc_kind))
			found = record;
	}
	return found;
}

/*
 * The allocation that the CPU address, or the list, speaks of, whatever handle and device came with
 * it.
 */
static struct dmk_record *allocation_of_cpu(struct dmk_checker *checker,
					    const struct dmk_event *event)
{
	struct dmk_record *record = dmk_record_of_cpu(&checker->shadow, event->cpu);

	while (record && !dmk_is_allocation(record->kind))
		record = dmk_record_of_cpu_more(record);
	return record;
}

static struct dmk_finding *report(struct dmk_checker *checker, struct dmk_watched *device,
				  const struct dmk_record *record, const struct dmk_trace *where)
{
	return dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_COH_07,
							 .device = device,
							 .where = where,
							 .second = record ? record->mapped : NULL,
							 .label = "allocated",
							 .record = record});
}

static bool judge_context(struct dmk_checker *checker, struct dmk_watched *device,
			  struct dmk_record *record, const struct dmk_event *event,
			  const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	if (event->managed || (!event->interrupt && event->reason != DMK_REASON_BAD_CONTEXT))
		return false;
	finding = report(checker, device, record, where);
	if (!finding)
		return true;
	dmk_say(finding,
		"%s is called in interrupt context, where it may not be: it can need to change page tables on all CPUs",
		free_call(event));
	dmk_mend(
		finding,
		"free it from remove() or from a work item (schedule_work()); a dma_pool block may be freed here");
	return true;
}

/* --- what does not agree ---------------------------------------------------------------------- */

static void say_other_call(struct dmk_finding *finding, const struct dmk_record *record,
			   const struct dmk_event *event)
{
	dmk_say(finding, "%s is called for memory of %s", free_call(event), alloc_call_of(record));
	if (record->by_managed)
		dmk_mend(
			finding,
			"leave it to the device's release, or free it early with dmam_free_coherent: else it is freed twice");
	else
		dmk_mend(finding, "give it back with %s", free_call_of(record));
}

static void say_other_address(struct dmk_finding *finding, const struct dmk_record *record,
			      const struct dmk_event *event)
{
	if (record->kind == DMK_RECORD_NONCONTIGUOUS) {
		dmk_say(finding, "%s was not given the table that %s returned", free_call(event),
			alloc_call_of(record));
		dmk_mend(finding, "keep the struct sg_table pointer, and pass that");
	} else if (event->dma.v != record->dma) {
		dmk_say(finding,
			"%s was given the handle 0x%llx with CPU address %p, whose handle is 0x%llx",
			free_call(event), ULL(event->dma.v), event->cpu, ULL(record->dma));
		dmk_mend(finding, "pass the handle that %s stored for this memory, 0x%llx",
			 alloc_call_of(record), ULL(record->dma));
	} else {
		dmk_say(finding,
			"%s was given CPU address %p with the handle 0x%llx, whose memory is at %p",
			free_call(event), event->cpu, ULL(record->dma), record->cpu);
		dmk_mend(finding, "pass %p, the address that %s returned", record->cpu,
			 alloc_call_of(record));
	}
}

static void say_other_size(struct dmk_finding *finding, const struct dmk_record *record,
			   const struct dmk_event *event)
{
	dmk_say(finding, "%s was given %llu byte%s, and %llu were allocated", free_call(event),
		ULL(event->size), dmk_plural(event->size), ULL(record->size));
	dmk_mend(finding, "pass %llu, the size given to %s", ULL(record->size),
		 alloc_call_of(record));
}

static void say_other_attrs(struct dmk_finding *finding, const struct dmk_record *record,
			    const struct dmk_event *event)
{
	dmk_say(finding, "the free gives attributes 0x%lx, and the memory was allocated with 0x%lx",
		event->attrs, record->attrs);
	dmk_mend(finding,
		 "pass the attributes of the allocation, 0x%lx: call the free that mirrors it",
		 record->attrs);
}

static void say_other_direction(struct dmk_finding *finding, const struct dmk_record *record,
				const struct dmk_event *event)
{
	dmk_say(finding, "%s says %s of memory that was allocated %s", free_call(event),
		dmk_direction_name(event->dir), dmk_direction_name(record->dir));
	dmk_mend(finding, "pass %s, as %s was told", dmk_direction_name(record->dir),
		 alloc_call_of(record));
}

static void say_viewed(struct dmk_finding *finding, const struct dmk_record *record,
		       const struct dmk_event *event)
{
	dmk_say(finding,
		"%s is called while %u view%s of dma_vmap_noncontiguous still show%s the memory",
		free_call(event), event->nents, dmk_plural(event->nents),
		event->nents == 1 ? "s" : "");
	dmk_mend(finding, "call dma_vunmap_noncontiguous first");
}

typedef void (*saying)(struct dmk_finding *finding, const struct dmk_record *record,
		       const struct dmk_event *event);

static bool other_call(const struct dmk_record *record, const struct dmk_event *event)
{
	return record->kind != dmk_made_kind(event->alloc_kind) ||
	       (!event->managed && event->by_managed != record->by_managed);
}

static bool other_address(const struct dmk_record *record, const struct dmk_event *event)
{
	if (event->cpu != record->cpu)
		return true;
	return record->kind != DMK_RECORD_NONCONTIGUOUS && event->dma.v != record->dma;
}

/* The first thing that does not agree; NULL: all does. */
static saying what_differs(const struct dmk_record *record, const struct dmk_event *event)
{
	const bool turns = dmk_takes_turns(record->kind);

	if (other_call(record, event))
		return say_other_call;
	if (other_address(record, event))
		return say_other_address;
	if (event->size != record->size)
		return say_other_size;
	if (!turns && !event->managed && (event->attrs ^ record->attrs) & ATTRS_THAT_COUNT)
		return say_other_attrs;
	if (turns && event->dir != record->dir)
		return say_other_direction;
	return record->kind == DMK_RECORD_NONCONTIGUOUS && event->nents ? say_viewed : NULL;
}

static bool judge_mismatch(struct dmk_checker *checker, struct dmk_record *record,
			   const struct dmk_event *event, const struct dmk_trace *where)
{
	const saying say = what_differs(record, event);
	struct dmk_finding *finding;

	if (record->excused || !say)
		return false;
	finding = report(checker, record->device, record, where);
	if (finding)
		say(finding, record, event);
	return true;
}

/* --- a free of what is not there -------------------------------------------------------------- */

static void report_other_device(struct dmk_checker *checker, struct dmk_watched *device,
				struct dmk_record *record, const struct dmk_event *event,
				const struct dmk_trace *where)
{
	struct dmk_finding *finding = report(checker, device, record, where);

	if (!finding)
		return;
	dmk_say(finding, "%s names device %s, and the memory at 0x%llx was allocated for %s",
		free_call(event), device->name, ULL(record->dma), record->device->name);
	dmk_mend(finding, "pass the struct device that was given to %s", alloc_call_of(record));
}

static void report_twice(struct dmk_checker *checker, struct dmk_watched *device,
			 const struct dmk_past *past, const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	if (past->excused)
		return;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_COH_07,
							    .device = device,
							    .where = where,
							    .second = past->unmapped,
							    .label = "freed",
							    .past = past});
	if (!finding)
		return;
	dmk_say(finding, "the %s memory at DMA 0x%llx, %llu bytes, is freed a second time",
		past->kind == DMK_RECORD_ALLOCATION ? "consistent"
						    : dmk_kind_name(past->kind, past->map_kind),
		ULL(past->dma), ULL(past->size));
	dmk_mend(
		finding,
		"free it in one place only, and set the pointer to NULL there; memory from dmam_alloc_coherent is freed "
		"when the driver lets go of the device");
}

static void report_nothing(struct dmk_checker *checker, struct dmk_watched *device,
			   const struct dmk_event *event, const struct dmk_trace *where)
{
	const bool listed = event->alloc_kind == DMK_KIND_NONCONTIGUOUS;
	const char *from = dmk_take_call(dmk_made_kind(event->alloc_kind));
	struct dmk_extent *extent = listed ? NULL : dmk_live_holding(device, event->dma.v);
	struct dmk_record *record = extent ? extent->record : NULL;
	struct dmk_finding *finding;

	if (record && record->excused)
		return;
	finding = report(checker, device, record, where);
	if (record)
		record->excused = true;
	if (!finding)
		return;
	if (record)
		dmk_say(finding,
			"%s is called for DMA 0x%llx, which belongs to a %s buffer at 0x%llx",
			free_call(event), ULL(event->dma.v),
			dmk_kind_name(record->kind, record->map_kind), ULL(record->dma));
	else if (listed)
		dmk_say(finding, "%s is called for a table that no %s gave this device",
			free_call(event), from);
	else
		dmk_say(finding,
			"%s is called for DMA 0x%llx, %llu byte%s, which no %s gave this device",
			free_call(event), ULL(event->dma.v), ULL(event->size),
			dmk_plural(event->size), from);
	if (record && record->kind == DMK_RECORD_MAPPING)
		dmk_mend(finding, "undo %s with %s", dmk_map_call(record->map_kind),
			 dmk_unmap_call(record->map_kind));
	else if (record && record->kind == DMK_RECORD_BLOCK)
		dmk_mend(finding, "give a pool's block back with dma_pool_free");
	else
		dmk_mend(finding, "pass what the allocation was given and gave: device, size, %s",
			 listed ? "table and direction" : "CPU address and handle");
}

/* A table has no handle of its own: the newest that was freed at its address. */
static struct dmk_past *past_of(struct dmk_checker *checker, const struct dmk_watched *device,
				const struct dmk_event *event)
{
	const unsigned int kinds = 1u << DMK_RECORD_ALLOCATION | 1u << DMK_RECORD_PAGES |
				   1u << DMK_RECORD_NONCONTIGUOUS;

	return event->alloc_kind == DMK_KIND_NONCONTIGUOUS
		       ? dmk_past_of_cpu(&checker->shadow, device, event->cpu,
					 1u << DMK_RECORD_NONCONTIGUOUS)
		       : dmk_past_at(&checker->shadow, device, event->dma.v, kinds);
}

static void judge_stray_free(struct dmk_checker *checker, struct dmk_watched *device,
			     const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_past *past = past_of(checker, device, event);
	struct dmk_record *record = allocation_of_cpu(checker, event);

	if (dmk_lost_take(&checker->shadow, device, event->dma.v))
		return;
	if (record && past && past->serial > record->serial)
		record = NULL;
	if (record && record->excused)
		return;
	if (record && record->device == device)
		judge_mismatch(checker, record, event, where);
	else if (record)
		report_other_device(checker, device, record, event, where);
	else if (past)
		report_twice(checker, device, past, where);
	else
		report_nothing(checker, device, event, where);
	if (record)
		record->excused = true;
}

void dmk_judge_free(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where)
{
	struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_record *record = NULL;

	if (!event->cpu) /* freeing nothing is allowed, as with kfree() */
		return;
	/* What the free of a table names no handle of, its CPU address says. */
	if (event->alloc_kind == DMK_KIND_NONCONTIGUOUS)
		record = allocation_of_cpu(checker, event);
	if (record && record->device != device)
		record = NULL;
	if (!record)
		record = allocation_at(checker, device, event);
	if (!record) {
		judge_stray_free(checker, device, event, where);
		return;
	}
	if (judge_context(checker, device, record, event, where) ||
	    judge_mismatch(checker, record, event, where))
		record->excused = true;
	else
		dmk_judge_busy(checker, record, where);
	if (event->reason == DMK_REASON_NONE)
		dmk_record_retire(&checker->shadow, record, where);
}

/* --- views ------------------------------------------------------------------------------------ */

void dmk_judge_alloc_view(struct dmk_checker *checker, const struct dmk_event *event,
			  const struct dmk_trace *where)
{
	struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_finding *finding;

	if (event->reason != DMK_REASON_NOT_FOUND && event->reason != DMK_REASON_BAD_DEVICE)
		return;
	finding = report(checker, device, NULL, where);
	if (!finding)
		return;
	if (event->result) {
		dmk_say(finding,
			"dma_vmap_noncontiguous was given a table that is not this device's, or %llu bytes of a smaller one",
			ULL(event->size));
		dmk_mend(
			finding,
			"pass the table that dma_alloc_noncontiguous returned, its device and its size");
	} else {
		dmk_say(finding,
			"dma_vunmap_noncontiguous is called for %p, which dma_vmap_noncontiguous did not return or "
			"which is unmapped already",
			event->cpu);
		dmk_mend(finding, "call it once, with the address of the view");
	}
}
