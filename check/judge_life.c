/* SPDX-License-Identifier: MIT */
/*
 * A device's life: its masks and limits, its driver coming and going, and what is left behind
 * (MSK-03, STR-06, POL-05).
 */
#include <stdio.h>
#include <string.h>

#include <dmakit/port.h>

#include "findings.h"

#define ULL(value) ((unsigned long long)(value))

static void mask_answered(struct dmk_mask_state *mask, const struct dmk_event *event,
			  const struct dmk_trace *where)
{
	if (!event->result) {
		mask->accepted = true;
		mask->refused = false;
		return;
	}
	/*
	 * A second, narrower try that is refused leaves the device with the mask that was accepted
	 * (MSK-02, MSK-05).
	 */
	if (mask->accepted)
		return;
	mask->refused = true;
	mask->mask = event->mask;
	mask->where = where;
}

/*
 * MSK-08: the core refused it, and the driver can't see that: since Linux 6.12 the calls return
 * nothing.
 */
static void limit_refused(struct dmk_checker *checker, struct dmk_watched *device,
			  const struct dmk_event *event, const struct dmk_trace *where)
{
	const char *call = strstr(event->name, "bound") ? "dma_set_seg_boundary"
			   : strstr(event->name, "seg") ? "dma_set_max_seg_size"
							: "dma_set_min_align_mask";
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_MSK_08, .device = device, .where = where});

	if (!finding)
		return;
	if (!event->dev) {
		dmk_say(finding, "%s is called without a device: NULL was given", call);
		dmk_mend(finding, "pass the device that does the transfers (&pdev->dev)");
	} else {
		dmk_say(finding, "%s was given 0x%llx, which is no mask, 2^n - 1: it was not taken",
			call, ULL(event->mask));
		dmk_mend(finding,
			 "pass the mask: for a boundary or alignment of 0x%llx that is 0x%llx",
			 ULL(event->mask), ULL(event->mask - 1));
	}
}

static void limit_set(struct dmk_checker *checker, struct dmk_watched *device,
		      const struct dmk_event *event, const struct dmk_trace *where)
{
	if (!event->name)
		return;
	if (event->result) {
		limit_refused(checker, device, event, where);
		return;
	}
	if (strstr(event->name, "bound"))
		device->boundary = event->mask ? event->mask : DMK_DEFAULT_BOUNDARY;
	else if (strstr(event->name, "seg"))
		device->max_segment = event->size ? event->size : DMK_DEFAULT_MAX_SEGMENT;
}

/* --- leaks ------------------------------------------------------------------------------------ */

static bool is_leak(const struct dmk_record *record)
{
	if (record->excused)
		return false;
	return record->kind == DMK_RECORD_MAPPING || dmk_is_allocation(record->kind);
}

static bool same_site(const struct dmk_checker *checker, const struct dmk_record *a,
		      const struct dmk_record *b)
{
	return a->kind == b->kind &&
	       (a->mapped == b->mapped || dmk_trace_line(&checker->traces, a->mapped) ==
						  dmk_trace_line(&checker->traces, b->mapped));
}

static void report_leak(struct dmk_checker *checker, struct dmk_record *record, uint64_t count,
			uint64_t bytes, const char *when)
{
	const bool mapping = record->kind == DMK_RECORD_MAPPING;
	const bool coherent = record->kind == DMK_RECORD_ALLOCATION;
	struct dmk_finding *finding =
		dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_STR_06,
							  .device = record->device,
							  .second = record->mapped,
							  .count = count,
							  .label = mapping ? "mapped" : "allocated",
							  .record = record});

	if (!finding)
		return;
	if (mapping)
		dmk_say(finding,
			"%llu mapping%s made here by %s, %llu byte%s in all, %s still there %s",
			ULL(count), dmk_plural(count), dmk_map_call(record->map_kind), ULL(bytes),
			dmk_plural(bytes), count == 1 ? "is" : "are", when);
	else
		dmk_say(finding,
			"%llu piece%s of %s memory allocated here, %llu byte%s in all, %s still there %s",
			ULL(count), dmk_plural(count),
			coherent ? "consistent" : dmk_kind_name(record->kind, record->map_kind),
			ULL(bytes), dmk_plural(bytes), count == 1 ? "is" : "are", when);
	if (mapping)
		dmk_mend(
			finding,
			"call %s for each of them before remove() ends, and on each error path after the map",
			dmk_unmap_call(record->map_kind));
	else
		dmk_mend(finding, "call %s in remove() and on each error path%s",
			 dmk_give_call(record->kind),
			 coherent ? ", or allocate with dmam_alloc_coherent" : "");
}

/* One report for each call site, whatever number of records came from it. */
static void report_leaks_like(struct dmk_checker *checker, struct dmk_record *first,
			      const char *when)
{
	uint64_t count = 0, bytes = 0;

	for (struct dmk_record *record = first; record; record = record->older) {
		if (!is_leak(record) || !same_site(checker, record, first))
			continue;
		count++;
		bytes += record->size;
		dmk_judge_unchecked(checker, record, NULL);
		record->excused = record != first;
	}
	checker->totals.leaks += count;
	report_leak(checker, first, count, bytes, when);
	first->excused = true;
}

static void report_pool(struct dmk_checker *checker, struct dmk_watched_pool *pool,
			const char *when)
{
	struct dmk_finding *finding;

	if (pool->excused)
		return;
	checker->totals.leaks++;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_POL_05,
							    .device = pool->device,
							    .second = pool->created,
							    .label = "created"});
	if (!finding)
		return;
	dmk_say(finding, "pool \"%s\" (blocks of %llu bytes) is still there %s", pool->name,
		ULL(pool->size), when);
	dmk_mend(
		finding,
		"call dma_pool_destroy in remove() and on each error path after its creation, or make it with "
		"dmam_pool_create");
}

static void judge_leaks(struct dmk_checker *checker, struct dmk_watched *device, const char *when)
{
	struct dmk_shadow *shadow = &checker->shadow;
	struct dmk_record *records;

	dmk_judge_spaces_left(checker, device, when);
	records = dmk_shadow_records(device);
	for (struct dmk_record *record = records; record; record = record->older)
		if (is_leak(record))
			report_leaks_like(checker, record, when);
	for (struct dmk_watched_pool *pool = device->pools; pool; pool = pool->next)
		report_pool(checker, pool, when);

	/* What follows from it is not reported again: it becomes past, and excused. */
	for (struct dmk_record *record = records; record; record = record->older)
		record->excused = true;
	while (device->pools)
		dmk_shadow_pool_gone(shadow, device->pools);
	dmk_records_retire_all(shadow, device);
}

/* --- masks at the end ------------------------------------------------------------------------- */

/*
 * A mask was refused and the driver went on with the other kind of memory, for which it had set
 * none: it did not look. One whose other mask was accepted did what it could, and uses no more
 * (MSK-05).
 */
static void judge_ignored(struct dmk_checker *checker, struct dmk_watched *device,
			  const struct dmk_mask_state *mask, const struct dmk_mask_state *other,
			  const char *kind)
{
	struct dmk_finding *finding;

	if (!mask->refused || mask->said || mask->used || !other->used || other->said ||
	    other->accepted)
		return;
	/*
	 * The kind that is used has a mask of its own, and the refused kind is left alone: a part
	 * of the card is off (MSK-05).
	 */
	if (other->accepted && !other->refused)
		return;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_MSK_03_IGNORED,
							    .device = device,
							    .where = mask->where});
	if (!finding)
		return;
	dmk_say(finding,
		"the machine refused the %s mask 0x%llx, no other was accepted, and the driver went on to do DMA",
		kind, ULL(mask->mask));
	dmk_mend(
		finding,
		"look at the result: try a mask the machine can serve, and leave probe with the error if there is none");
}

/* The finding is a driver's, however many devices it has. */
static struct dmk_finding *said_of_driver(const struct dmk_checker *checker, const char *driver)
{
	for (size_t i = 0; i < checker->nr_findings; i++)
		if (checker->findings[i]->rule == &dmk_rules[DMK_RULE_MSK_01] &&
		    !strcmp(checker->findings[i]->driver, driver))
			return checker->findings[i];
	return NULL;
}

static bool was_asked(const struct dmk_mask_state *mask)
{
	return mask->accepted || mask->refused;
}

/* MSK-01: DMA was done, and no mask call ever made: the 32 bits of a new device are a guess. */
static void judge_no_mask(struct dmk_checker *checker, struct dmk_watched *device)
{
	const struct dmk_trace *first = device->streaming.used ? device->streaming.first_use
							       : device->coherent.first_use;
	struct dmk_finding *finding;

	if (!device->driver[0] || !(device->streaming.used || device->coherent.used) ||
	    was_asked(&device->streaming) || was_asked(&device->coherent))
		return;
	finding = said_of_driver(checker, device->driver);
	if (finding) {
		finding->count++;
		return;
	}
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_MSK_01,
							    .device = device,
							    .where = first});
	if (!finding)
		return;
	dmk_say(finding,
		"driver %s does DMA, first here, and never called dma_set_mask_and_coherent(): the device is taken to drive "
		"32 address bits, whatever it has",
		device->driver);
	dmk_mend(
		finding,
		"in probe, before the first map or allocation: err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(n)), with "
		"the n of the device's manual, also when it is 32; if (err) return err");
}

static void unbound(struct dmk_checker *checker, struct dmk_watched *device)
{
	char when[128];

	snprintf(when, sizeof(when), "after driver %s let go of the device",
		 device->driver[0] ? device->driver : "code");
	judge_ignored(checker, device, &device->streaming, &device->coherent, "streaming");
	judge_ignored(checker, device, &device->coherent, &device->streaming, "coherent");
	judge_no_mask(checker, device);
	judge_leaks(checker, device, when);
	dmk_judge_channels_left(checker, device, when);
	dmk_text_copy(device->let_go, sizeof(device->let_go),
		      device->driver[0] ? device->driver : "code");
	dmk_shadow_device_unbound(device);
}

static void all_ended(struct dmk_checker *checker)
{
	struct dmk_shadow *shadow = &checker->shadow;

	for (struct dmk_watched *device = shadow->device_list; device; device = device->next)
		judge_leaks(checker, device, "at the end of the program");
	judge_leaks(checker, &shadow->nobody, "at the end of the program");
	dmk_judge_channels_left(checker, NULL, "at the end of the program");
}

static void added(struct dmk_checker *checker, struct dmk_watched *device,
		  const struct dmk_event *event)
{
	dmk_text_copy(device->name, sizeof(device->name), event->name ? event->name : "a device");
	dmk_shadow_name_requester(&checker->shadow, device, event->requester);
}

static void booted(struct dmk_checker *checker, const struct dmk_event *event)
{
	if (event->machine && event->machine->cache_line)
		checker->shadow.cache_line = event->machine->cache_line;
}

void dmk_judge_life(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where)
{
	struct dmk_watched *device = dmk_device_of(checker, event);

	switch (event->kind) {
	case DMK_EVENT_BOOT:
		booted(checker, event);
		break;
	case DMK_EVENT_SHUTDOWN:
		all_ended(checker);
		break;
	case DMK_EVENT_DEVICE_ADD:
		added(checker, device, event);
		break;
	case DMK_EVENT_DEVICE_REMOVE:
		judge_leaks(checker, device, "when the device went away");
		if (event->dev)
			dmk_shadow_device_gone(&checker->shadow, device);
		break;
	case DMK_EVENT_BIND:
		dmk_shadow_device_unbound(device);
		device->let_go[0] = '\0';
		dmk_text_copy(device->driver, sizeof(device->driver), event->name);
		break;
	case DMK_EVENT_UNBIND:
		unbound(checker, device);
		break;
	case DMK_EVENT_SET_MASK:
		if (event->streaming)
			mask_answered(&device->streaming, event, where);
		if (event->coherent)
			mask_answered(&device->coherent, event, where);
		break;
	case DMK_EVENT_SET_LIMIT:
		limit_set(checker, device, event, where);
		break;
	default:
		break;
	}
}
