/* SPDX-License-Identifier: MIT */
/* Consistent memory: freed once, as it was allocated, where that is allowed (COH-07). */
#include "findings.h"

/* Attributes that decide how the memory is made, so that the free must know them. Linux's values. */
#define ATTR_WRITE_COMBINE     (1UL << 2)
#define ATTR_NO_KERNEL_MAPPING (1UL << 4)
#define ATTR_FORCE_CONTIGUOUS  (1UL << 6)
#define ATTRS_THAT_COUNT       (ATTR_WRITE_COMBINE | ATTR_NO_KERNEL_MAPPING | ATTR_FORCE_CONTIGUOUS)

#define ULL(value) ((unsigned long long)(value))

void dmk_judge_alloc(struct dmk_checker *checker, const struct dmk_event *event,
		     const struct dmk_trace *where)
{
	struct dmk_shadow *shadow = &checker->shadow;
	struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_record *record;

	dmk_judge_mask(checker, device, &device->coherent, where);
	if (event->phys.v)
		dmk_memory_taken(shadow, event->phys.v, event->size);
	record = dmk_record_new(shadow, device, event->dma.v);
	if (!record) {
		checker->totals.lost_records++;
		return;
	}
	record->kind = DMK_RECORD_ALLOCATION;
	record->size = event->size;
	record->phys = event->phys.v;
	record->cpu = event->cpu;
	record->attrs = event->attrs;
	record->checked = true;
	record->mapped = where;
	dmk_record_bus(shadow, record, event->dma.v, event->size);
	dmk_record_live(shadow, record);
}

static struct dmk_record *allocation_at(struct dmk_checker *checker,
					const struct dmk_watched *device,
					const struct dmk_event *event)
{
	struct dmk_record *record = dmk_record_at(&checker->shadow, event->dma.v);

	while (record && (record->device != device || record->kind != DMK_RECORD_ALLOCATION))
		record = dmk_record_at_more(record);
	return record;
}

/* The allocation that the CPU address speaks of, whatever handle and device came with it. */
static struct dmk_record *allocation_of_cpu(struct dmk_checker *checker,
					    const struct dmk_event *event)
{
	struct dmk_record *record = dmk_record_of_cpu(&checker->shadow, event->cpu);

	while (record && record->kind != DMK_RECORD_ALLOCATION)
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
		"dma_free_coherent is called in interrupt context, where it may not be: it can need to change page "
		"tables on all CPUs");
	dmk_mend(
		finding,
		"free it from remove() or from a work item (schedule_work()); a dma_pool block may be freed here");
	return true;
}

/* A handle, a size, an address or attributes that are not those of the allocation. */
static bool judge_mismatch(struct dmk_checker *checker, struct dmk_record *record,
			   const struct dmk_event *event, const struct dmk_trace *where)
{
	const bool attrs = !event->managed && (event->attrs ^ record->attrs) & ATTRS_THAT_COUNT;
	struct dmk_finding *finding;

	if (record->excused || (event->size == record->size && event->cpu == record->cpu &&
				!attrs && event->dma.v == record->dma))
		return false;
	finding = report(checker, record->device, record, where);
	if (!finding)
		return true;
	if (event->dma.v != record->dma) {
		dmk_say(finding,
			"dma_free_coherent was given the handle 0x%llx with CPU address %p, whose handle is 0x%llx",
			ULL(event->dma.v), event->cpu, ULL(record->dma));
		dmk_mend(finding,
			 "pass the handle that dma_alloc_coherent stored for this memory, 0x%llx",
			 ULL(record->dma));
	} else if (event->cpu != record->cpu) {
		dmk_say(finding,
			"dma_free_coherent was given CPU address %p with the handle 0x%llx, whose memory is at %p",
			event->cpu, ULL(record->dma), record->cpu);
		dmk_mend(finding, "pass %p, the address that dma_alloc_coherent returned",
			 record->cpu);
	} else if (event->size != record->size) {
		dmk_say(finding, "dma_free_coherent was given %llu byte%s, and %llu were allocated",
			ULL(event->size), dmk_plural(event->size), ULL(record->size));
		dmk_mend(finding, "pass %llu, the size given to dma_alloc_coherent",
			 ULL(record->size));
	} else {
		dmk_say(finding,
			"the free gives attributes 0x%lx, and the memory was allocated with 0x%lx",
			event->attrs, record->attrs);
		dmk_mend(
			finding,
			"pass the attributes of the allocation, 0x%lx: call the free that mirrors it",
			record->attrs);
	}
	return true;
}

static void report_other_device(struct dmk_checker *checker, struct dmk_watched *device,
				struct dmk_record *record, const struct dmk_trace *where)
{
	struct dmk_finding *finding = report(checker, device, record, where);

	if (!finding)
		return;
	dmk_say(finding,
		"dma_free_coherent names device %s, and the memory at 0x%llx was allocated for %s",
		device->name, ULL(record->dma), record->device->name);
	dmk_mend(finding, "pass the struct device that was given to dma_alloc_coherent");
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
	dmk_say(finding, "the consistent memory at DMA 0x%llx, %llu bytes, is freed a second time",
		ULL(past->dma), ULL(past->size));
	dmk_mend(
		finding,
		"free it in one place only, and set the pointer to NULL there; memory from dmam_alloc_coherent is freed "
		"when the driver lets go of the device");
}

static void report_nothing(struct dmk_checker *checker, struct dmk_watched *device,
			   const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_extent *extent = dmk_live_holding(device, event->dma.v);
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
			"dma_free_coherent is called for DMA 0x%llx, which belongs to a %s buffer at 0x%llx",
			ULL(event->dma.v), dmk_kind_name(record->kind, record->map_kind),
			ULL(record->dma));
	else
		dmk_say(finding,
			"dma_free_coherent is called for DMA 0x%llx, %llu byte%s, which no dma_alloc_coherent gave this "
			"device",
			ULL(event->dma.v), ULL(event->size), dmk_plural(event->size));
	if (record && record->kind == DMK_RECORD_MAPPING)
		dmk_mend(finding, "undo %s with %s", dmk_map_call(record->map_kind),
			 dmk_unmap_call(record->map_kind));
	else if (record && record->kind == DMK_RECORD_BLOCK)
		dmk_mend(finding, "give a pool's block back with dma_pool_free");
	else
		dmk_mend(
			finding,
			"pass the four values of the allocation: device, size, CPU address and handle");
}

static void judge_stray_free(struct dmk_checker *checker, struct dmk_watched *device,
			     const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_past *past = dmk_past_at(&checker->shadow, device, event->dma.v,
					    1u << DMK_RECORD_ALLOCATION);
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
		report_other_device(checker, device, record, where);
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
	struct dmk_record *record;

	if (!event->cpu) /* freeing nothing is allowed, as with kfree() */
		return;
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
