/* SPDX-License-Identifier: MIT */
/*
 * A mapping that was made: of memory that may be mapped now, in segments that the device takes,
 * sharing nothing that matters; and whether anybody asked if it failed.
 *
 * One mistake, one report. A record whose mistake was reported is "excused": it stays in the shadow
 * as long as it is mapped, but what follows from the mistake (a leak, a second unmap, a device that
 * goes on) is not reported again.
 */
#include "findings.h"

/* Linux's values; observer.h passes attributes as the driver gave them. */

#define ULL(value) ((unsigned long long)(value))

uint64_t dmk_event_bytes(const struct dmk_event *event)
{
	uint64_t bytes = 0;

	if (event->map_kind != DMK_MAP_SG || !event->sg)
		return event->size;
	for (unsigned int i = 0; i < event->nents; i++)
		bytes += event->sg[i].length;
	return bytes;
}

bool dmk_memory_piece(const struct dmk_event *event, unsigned int i, struct dmk_range *piece)
{
	if (event->map_kind == DMK_MAP_SG && event->sg) {
		if (i >= event->nents)
			return false;
		dmk_range_set(piece, event->sg[i].phys.v, event->sg[i].length);
		return true;
	}
	dmk_range_set(piece, event->phys.v, event->size);
	return i == 0;
}

bool dmk_is_registers(enum dmk_map_kind kind, unsigned long attrs)
{
	return kind == DMK_MAP_RESOURCE || attrs & DMK_ATTR_MMIO;
}

static bool maps_freed_memory(struct dmk_checker *checker, struct dmk_watched *device,
			      const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_freed *freed = NULL;
	struct dmk_finding *finding;
	struct dmk_range piece;

	if (dmk_is_registers(event->map_kind, event->attrs))
		return false;
	for (unsigned int i = 0; !freed && dmk_memory_piece(event, i, &piece); i++)
		freed = dmk_memory_is_freed(&checker->shadow, piece.first,
					    piece.last - piece.first + 1);
	if (!freed)
		return false;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_MEM_05,
							    .device = device,
							    .where = where,
							    .second = freed->freed,
							    .label = "freed"});
	if (!finding)
		return true;
	finding->buffer = (struct dmk_buffer){
		.known = true,
		.kind = "memory",
		.phys = DMK_PHYS(freed->range.first),
		.cpu = event->cpu,
		.size = freed->range.last - freed->range.first + 1,
		.owner = "nobody",
	};
	dmk_say(finding,
		"%s maps %llu byte%s at physical 0x%llx for the device, of memory that was freed before (%s)",
		dmk_map_call(event->map_kind), ULL(dmk_event_bytes(event)),
		dmk_plural(dmk_event_bytes(event)),
		ULL(event->map_kind == DMK_MAP_SG ? piece.first : event->phys.v), freed->name);
	dmk_mend(
		finding,
		"keep the memory until after its unmap: move the free behind the last use by the device");
	return true;
}

/*
 * The consistent memory that the call maps, by pointer or by page. A list may have been made of it
 * by dma_get_sgtable(), and its page may be another device's to map: that is right.
 */
static struct dmk_record *consistent_in(struct dmk_checker *checker,
					const struct dmk_watched *device,
					const struct dmk_event *event)
{
	struct dmk_range *range, piece;
	struct dmk_record *record;

	if ((event->map_kind != DMK_MAP_SINGLE && event->map_kind != DMK_MAP_PAGE) ||
	    dmk_is_registers(event->map_kind, event->attrs))
		return NULL;
	dmk_range_set(&piece, event->phys.v, event->size);
	range = dmk_ranges_touching(&checker->shadow.consistent_memory, piece.first, piece.last,
				    NULL);
	record = range ? DMK_AROUND(range, struct dmk_extent, range)->record : NULL;
	return record && (event->map_kind == DMK_MAP_SINGLE || record->device == device) ? record
											 : NULL;
}

static bool maps_consistent_memory(struct dmk_checker *checker, struct dmk_watched *device,
				   const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_record *record = consistent_in(checker, device, event);
	struct dmk_finding *finding;

	if (!record)
		return false;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_MEM_02,
							    .device = device,
							    .where = where,
							    .second = record->mapped,
							    .label = "allocated",
							    .record = record});
	if (!finding)
		return true;
	dmk_say(finding,
		"%s maps %llu byte%s of memory that came from %s: here its pages are found by its address, and "
		"elsewhere that is vmalloc()'s or an uncached view",
		dmk_map_call(event->map_kind), ULL(event->size), dmk_plural(event->size),
		dmk_take_call(record->kind));
	dmk_mend(
		finding,
		"the device has it already, at the handle that came with it (0x%llx): never map it, nor look up its pages "
		"(dma_mmap_coherent() and dma_get_sgtable() do)",
		ULL(record->dma));
	return true;
}

/*
 * Whether it begins with the same entry and the same memory, however many entries are mapped this
 * time.
 */
static bool same_list(const struct dmk_record *record, const struct dmk_event *event)
{
	return record->kind == DMK_RECORD_MAPPING && record->map_kind == DMK_MAP_SG &&
	       event->sg && record->phys == event->sg[0].phys.v;
}

static struct dmk_record *list_mapped_already(struct dmk_checker *checker,
					      const struct dmk_event *event)
{
	struct dmk_record *record;

	if (event->map_kind != DMK_MAP_SG || !event->cpu)
		return NULL;
	record = dmk_record_of_cpu(&checker->shadow, event->cpu);
	while (record && (!same_list(record, event) || record->excused))
		record = dmk_record_of_cpu_more(record);
	return record;
}

static bool maps_list_again(struct dmk_checker *checker, struct dmk_watched *device,
			    const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_record *record = list_mapped_already(checker, event);
	struct dmk_finding *finding;

	if (!record)
		return false;
	record->excused = true;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_SGL_06,
							    .device = device,
							    .where = where,
							    .second = record->mapped,
							    .record = record});
	if (!finding)
		return true;
	dmk_say(finding,
		"the list of %u entr%s is mapped already, for %s: this mapping overwrites the DMA addresses of the "
		"first, which can't be unmapped any more",
		record->nents, record->nents == 1 ? "y" : "ies",
		record->device == device ? "the same device" : record->device->name);
	dmk_mend(
		finding,
		"call dma_unmap_sg() before the list is mapped again, or give each mapping a list of its own");
	return true;
}

/* MSK-08, of the segments that the device will be given. */
static void judge_segments(struct dmk_checker *checker, struct dmk_watched *device,
			   const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	for (unsigned int i = 0; event->sg && i < event->mapped_nents; i++) {
		const uint64_t dma = event->sg[i].dma.v, length = event->sg[i].dma_length;
		const bool too_long = length > device->max_segment;
		const bool crosses = length && (dma & ~device->boundary) !=
						       ((dma + length - 1) & ~device->boundary);

		if (!too_long && !crosses)
			continue;
		finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_MSK_08,
								    .device = device,
								    .where = where});
		if (!finding)
			return;
		if (too_long) {
			dmk_say(finding,
				"segment %u of the list is %llu bytes long, and the device takes %llu at most",
				i, ULL(length), ULL(device->max_segment));
			dmk_mend(
				finding,
				"cut the list into entries of at most that size (sg_alloc_table_from_pages_segment()), "
				"or call dma_set_max_seg_size() in probe if the device can take more");
		} else {
			dmk_say(finding,
				"segment %u, DMA [0x%llx, 0x%llx], crosses the device's boundary of 0x%llx",
				i, ULL(dma), ULL(dma + length - 1), ULL(device->boundary + 1));
			dmk_mend(
				finding,
				"cut the entry at the boundary, or call dma_set_seg_boundary() in probe if the device "
				"has none there");
		}
		return;
	}
}

static uint64_t first_dma(const struct dmk_event *event)
{
	bool listed = event->map_kind == DMK_MAP_SG && event->sg && event->nents;

	return listed && event->kind == DMK_EVENT_MAP ? event->sg[0].dma.v : event->dma.v;
}

static void record_pieces(struct dmk_shadow *shadow, struct dmk_record *record,
			  const struct dmk_event *event)
{
	struct dmk_range piece;

	if (event->map_kind == DMK_MAP_SG && event->sg) {
		for (unsigned int i = 0; i < event->mapped_nents; i++)
			dmk_record_bus(shadow, record, event->sg[i].dma.v, event->sg[i].dma_length);
	} else {
		dmk_record_bus(shadow, record, event->dma.v, event->size);
	}
	if (dmk_is_registers(event->map_kind, event->attrs))
		return;
	for (unsigned int i = 0; dmk_memory_piece(event, i, &piece); i++)
		dmk_record_memory(shadow, record, piece.first, piece.last - piece.first + 1);
}

void dmk_judge_map(struct dmk_checker *checker, const struct dmk_event *event,
		   const struct dmk_trace *where)
{
	struct dmk_shadow *shadow = &checker->shadow;
	struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_record *record;
	bool excused;

	checker->mistaken_entry = NULL;
	dmk_judge_request(checker, event, where);
	if (event->map_kind == DMK_MAP_SG)
		judge_segments(checker, device, event, where);
	excused = maps_freed_memory(checker, device, event, where) ||
		  maps_consistent_memory(checker, device, event, where) ||
		  maps_list_again(checker, device, event, where) ||
		  dmk_judge_lines(checker, device, event, where);

	record = dmk_record_new(shadow, device, first_dma(event));
	if (!record) {
		checker->totals.lost_records++;
		return;
	}
	record->kind = DMK_RECORD_MAPPING;
	record->map_kind = event->map_kind;
	record->dir = event->dir;
	record->bounced = event->bounced;
	record->coherent = event->coherent;
	record->checked = event->map_kind == DMK_MAP_SG || event->map_kind == DMK_MAP_LINK;
	record->unsynced = event->map_kind == DMK_MAP_LINK;
	record->excused = excused;
	record->size = dmk_event_bytes(event);
	record->phys = event->map_kind == DMK_MAP_SG && event->sg && event->nents
			       ? event->sg[0].phys.v
			       : event->phys.v;
	record->cpu = event->cpu;
	record->attrs = event->attrs;
	record->nents = event->nents;
	record->mapped_nents = event->mapped_nents;
	record->mapped = where;
	if (event->attrs & DMK_ATTR_SKIP_CPU_SYNC)
		dmk_record_turn(shadow, record, dmk_turns_unsynced(&record->turns));
	record_pieces(shadow, record, event);
	dmk_record_live(shadow, record);
	dmk_judge_neighbours(checker, record);
}

/*
 * The newest unasked mapping at the address: two mappings of one page may have one DMA address, and
 * each is asked about.
 */
void dmk_judge_mapping_error(struct dmk_checker *checker, const struct dmk_event *event)
{
	struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_record *record, *newest = NULL;

	for (record = dmk_record_at(device, event->dma.v); record;
	     record = dmk_record_at_more(record)) {
		if (record->checked)
			continue;
		if (!newest || record->serial > newest->serial)
			newest = record;
	}
	if (newest)
		newest->checked = true;
}

void dmk_judge_unchecked(struct dmk_checker *checker, struct dmk_record *record,
			 const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	if (record->kind != DMK_RECORD_MAPPING || record->checked || record->excused)
		return;
	record->checked = true;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_STR_02,
							    .device = record->device,
							    .where = where,
							    .second = record->mapped,
							    .record = record,
							    .once_per_second = true});
	if (!finding)
		return;
	dmk_say(finding,
		"the DMA address 0x%llx from %s was used, and nobody asked dma_mapping_error() about it: the call can "
		"fail, and then the device is sent to a wrong place",
		ULL(record->dma), dmk_map_call(record->map_kind));
	dmk_mend(finding,
		 "right after the map: if (dma_mapping_error(dev, dma)) { undo, return -ENOMEM; }");
}
