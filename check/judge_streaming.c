/* SPDX-License-Identifier: MIT */
/*
 * Streaming mappings: what is mapped, how, and whether the unmap repeats it. Sync has a file of its own.
 *
 * One mistake, one report. A record whose mistake was reported is "excused": it stays in the shadow as far as it is still
 * mapped, but what follows from the mistake (a leak, a second unmap, a device that goes on) is not reported again.
 */
#include <dmakit/os.h>

#include "findings.h"

/* Linux's values; observer.h passes attributes as the driver gave them. */
#define ATTR_SKIP_CPU_SYNC   (1UL << 5)
#define ATTR_MMIO            (1UL << 10)
#define ATTR_LINES_MAY_SHARE (1UL << 11)

#define ULL(value) ((unsigned long long)(value))

struct dmk_watched *dmk_device_of(struct dmk_checker *checker, const struct dmk_event *event)
{
	struct dmk_watched *device = dmk_shadow_device(&checker->shadow, event->dev);

	return device ? device : &checker->shadow.nobody;
}

static bool is_direction(enum dmk_direction dir)
{
	return dir == DMK_BIDIRECTIONAL || dir == DMK_TO_DEVICE || dir == DMK_FROM_DEVICE;
}

static bool device_writes(enum dmk_direction dir)
{
	return dir != DMK_TO_DEVICE;
}

static uint64_t event_bytes(const struct dmk_event *event)
{
	uint64_t bytes = 0;

	if (event->map_kind != DMK_MAP_SG || !event->sg)
		return event->size;
	for (unsigned int i = 0; i < event->nents; i++)
		bytes += event->sg[i].length;
	return bytes;
}

/* The pieces of physical memory an event speaks of: entry @i of its list, or the one range. False: no such piece. */
static bool memory_piece(const struct dmk_event *event, unsigned int i, struct dmk_range *piece)
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

/* --- before a mapping --------------------------------------------------------------------------------------------- */

static void bad_direction(struct dmk_checker *checker, struct dmk_watched *device,
			  const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_DIR_01, .device = device, .where = where});

	if (!finding)
		return;
	dmk_say(finding, "%s was given direction %d (%s), which is none for a mapping",
		dmk_map_call(event->map_kind), (int)event->dir, dmk_direction_name(event->dir));
	dmk_mend(
		finding,
		"say who writes the buffer: DMA_TO_DEVICE if the CPU does, DMA_FROM_DEVICE if the device "
		"does, DMA_BIDIRECTIONAL if both do");
}

static void report_mask(struct dmk_checker *checker, struct dmk_watched *device,
			struct dmk_mask_state *mask, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(checker,
						 &(struct dmk_mistake){.rule = DMK_RULE_MSK_03,
								       .device = device,
								       .where = where,
								       .second = mask->where,
								       .label = "refused"});

	mask->said = true;
	if (!finding)
		return;
	dmk_say(finding,
		"DMA is done although the machine refused the device's mask 0x%llx and accepted no other",
		ULL(mask->mask));
	dmk_mend(
		finding,
		"look at what the mask call returns: try a mask the machine can serve, and leave probe with "
		"the error if there is none");
}

void dmk_judge_mask(struct dmk_checker *checker, struct dmk_watched *device,
		    struct dmk_mask_state *mask, const struct dmk_trace *where)
{
	mask->used = true;
	if (mask->refused)
		report_mask(checker, device, mask, where);
}

static bool maps_freed_memory(struct dmk_checker *checker, struct dmk_watched *device,
			      const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_freed *freed = NULL;
	struct dmk_finding *finding;
	struct dmk_range piece;

	if (event->map_kind == DMK_MAP_RESOURCE)
		return false;
	for (unsigned int i = 0; !freed && memory_piece(event, i, &piece); i++)
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
		dmk_map_call(event->map_kind), ULL(event_bytes(event)),
		dmk_plural(event_bytes(event)),
		ULL(event->map_kind == DMK_MAP_SG ? piece.first : event->phys.v), freed->name);
	dmk_mend(
		finding,
		"keep the memory until after its unmap: move the free behind the last use by the device");
	return true;
}

static bool same_list(const struct dmk_record *record, const struct dmk_event *event)
{
	return record->kind == DMK_RECORD_MAPPING && record->map_kind == DMK_MAP_SG &&
	       record->nents == event->nents && event->sg && record->phys == event->sg[0].phys.v;
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
		event->nents, event->nents == 1 ? "y" : "ies",
		record->device == device ? "the same device" : record->device->name);
	dmk_mend(
		finding,
		"call dma_unmap_sg() before the list is mapped again, or give each mapping a list of its own");
	return true;
}

static bool may_share_lines(enum dmk_map_kind kind, unsigned long attrs)
{
	return kind == DMK_MAP_RESOURCE || attrs & (ATTR_SKIP_CPU_SYNC | ATTR_LINES_MAY_SHARE);
}

static void report_sharing(struct dmk_checker *checker, struct dmk_watched *device,
			   const struct dmk_event *event, const struct dmk_range *piece,
			   const struct dmk_extent *other, const struct dmk_trace *where)
{
	const struct dmk_record *record = other->record;
	struct dmk_finding *finding = dmk_report(checker,
						 &(struct dmk_mistake){.rule = DMK_RULE_STR_09,
								       .device = device,
								       .where = where,
								       .second = record->mapped,
								       .record = record});
	const bool bytes = piece->first <= other->range.last && other->range.first <= piece->last;

	if (!finding)
		return;
	dmk_say(finding,
		"physical [0x%llx, 0x%llx] is mapped %s while [0x%llx, 0x%llx] is, %s, for %s: %s",
		ULL(piece->first), ULL(piece->last), dmk_direction_name(event->dir),
		ULL(other->range.first), ULL(other->range.last), dmk_direction_name(record->dir),
		record->device == device ? "the same device" : record->device->name,
		bytes ? "they share bytes, and a device may write them"
		      : "they share a cache line, and what a device writes there can be lost");
	if (bytes)
		dmk_mend(
			finding,
			"unmap the first mapping before the memory is mapped again, or sync the one mapping between "
			"transfers");
	else
		dmk_mend(
			finding,
			"give each buffer cache lines of its own (%llu bytes here): a kmalloc() for each, or align "
			"start and size with dma_get_cache_alignment()",
			ULL(checker->shadow.cache_line));
}

/*
 * STR-09. The very buffer mapped again, by a driver that forgot to unmap, is reported here and not as a leak too: both
 * records are excused. Return: the new mapping is excused.
 */
static bool shares_lines(struct dmk_checker *checker, struct dmk_watched *device,
			 const struct dmk_event *event, const struct dmk_trace *where)
{
	const uint64_t line = checker->shadow.cache_line - 1;
	struct dmk_range piece, *range;
	bool excused = false;

	if (may_share_lines(event->map_kind, event->attrs))
		return false;
	for (unsigned int i = 0; memory_piece(event, i, &piece); i++) {
		range = NULL;
		while ((range = dmk_ranges_touching(&checker->shadow.mapped_memory,
						    piece.first & ~line, piece.last | line,
						    range))) {
			struct dmk_extent *other = DMK_AROUND(range, struct dmk_extent, range);
			const bool same = other->record->device == device &&
					  range->first == piece.first && range->last == piece.last;

			if (may_share_lines(other->record->map_kind, other->record->attrs))
				continue;
			if (!device_writes(event->dir) && !device_writes(other->record->dir))
				continue;
			if (!other->record->excused)
				report_sharing(checker, device, event, &piece, other, where);
			if (same) {
				other->record->excused = true;
				excused = true;
			}
		}
	}
	return excused;
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

struct address_words {
	enum dmk_rule_name rule;
	const char *what, *mend;
};

static const struct address_words *words_for_address(int kind)
{
	static const struct address_words words[] = {
		[DMK_ADDRESS_VMALLOC] =
			{DMK_RULE_MEM_02, "a vmalloc() address",
			 "allocate the buffer with kmalloc(), or map its pages one by one: "
			 "vmalloc_to_page() and dma_map_page(), or a scatterlist"},
		[DMK_ADDRESS_STACK] =
			{DMK_RULE_MEM_03, "on the stack",
			 "allocate the buffer with kmalloc(), or make it part of what probe allocates"},
		[DMK_ADDRESS_IMAGE] =
			{DMK_RULE_MEM_03, "in the driver's own code or static data",
			 "copy it into memory from kmalloc() (kmemdup()) and map that"},
		[DMK_ADDRESS_KMAP] =
			{DMK_RULE_MEM_04, "a kmap() address",
			 "map the page itself: dma_map_page(dev, page, offset, size, dir)"},
		[DMK_ADDRESS_IOMEM] =
			{DMK_RULE_MEM_02, "device registers from ioremap(), not memory",
			 "to let a device reach another's registers, use dma_map_resource() with the "
			 "physical address of the resource"},
		[DMK_ADDRESS_UNKNOWN] =
			{DMK_RULE_STR_11, "no memory of the machine",
			 "map memory that came from the kernel's allocators; check the pointer for NULL "
			 "and for having been freed"},
	};

	if (kind <= DMK_ADDRESS_DIRECT || kind > DMK_ADDRESS_UNKNOWN)
		return &words[DMK_ADDRESS_UNKNOWN];
	return &words[kind];
}

static void bad_address(struct dmk_checker *checker, struct dmk_watched *device,
			const struct dmk_event *event, const struct dmk_trace *where)
{
	const struct address_words *words = words_for_address(event->address_kind);
	struct dmk_finding *finding = dmk_report(checker, &(struct dmk_mistake){.rule = words->rule,
										.device = device,
										.where = where});

	if (!finding)
		return;
	finding->buffer = (struct dmk_buffer){
		.known = true,
		.kind = "memory",
		.cpu = event->cpu,
		.size = event->size,
		.dir = event->dir,
		.directed = true,
		.owner = "CPU",
	};
	dmk_say(finding, "%s was given %p (%llu byte%s), which is %s",
		dmk_map_call(event->map_kind), event->cpu, ULL(event->size),
		dmk_plural(event->size), words->what);
	dmk_mend(finding, "%s", words->mend);
}

static void not_memory(struct dmk_checker *checker, struct dmk_watched *device,
		       const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_STR_11, .device = device, .where = where});

	if (!finding)
		return;
	if (event->reason == DMK_REASON_NOT_RAM && event->map_kind == DMK_MAP_SG) {
		dmk_say(finding,
			"dma_map_sg was given a list of %u entr%s of which at least one is not in RAM",
			event->nents, event->nents == 1 ? "y" : "ies");
		dmk_mend(
			finding,
			"fill each entry with sg_set_page() or sg_set_buf() from memory of the kernel's "
			"allocators, after sg_init_table()");
	} else if (event->reason == DMK_REASON_NOT_RAM) {
		dmk_say(finding,
			"%s was given physical 0x%llx, %llu byte%s, and not all of it is RAM",
			dmk_map_call(event->map_kind), ULL(event->phys.v), ULL(event->size),
			dmk_plural(event->size));
		dmk_mend(
			finding,
			"map RAM only, from the page it starts in to its end; another device's registers are mapped "
			"with dma_map_resource()");
	} else if (event->map_kind == DMK_MAP_SG) {
		dmk_say(finding,
			"dma_map_sg was given a list of %u entr%s in which one, or all, have no bytes or wrap around",
			event->nents, event->nents == 1 ? "y" : "ies");
		dmk_mend(
			finding,
			"give each entry its length with sg_set_page() or sg_set_buf(), and pass the number of entries "
			"that have one");
	} else if (!event->size) {
		dmk_say(finding, "%s was asked to map 0 bytes", dmk_map_call(event->map_kind));
		dmk_mend(finding, "leave the transfer out when there is nothing to transfer");
	} else {
		dmk_say(finding,
			"%s was asked to map %llu bytes from 0x%llx, which wraps around the end of the address space",
			dmk_map_call(event->map_kind), ULL(event->size), ULL(event->phys.v));
		dmk_mend(
			finding,
			"check the length before it is used: a negative number was probably taken for a size");
	}
}

static void no_dma_device(struct dmk_checker *checker, struct dmk_watched *device,
			  const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_MSK_03, .device = device, .where = where});

	if (!finding)
		return;
	if (!event->dev)
		dmk_say(finding, "DMA is asked for without a device: NULL was given");
	else
		dmk_say(finding, "DMA is asked for a device that has no DMA mask at all");
	dmk_mend(
		finding,
		"pass the device that does the transfer (&pdev->dev), and set its mask in probe with "
		"dma_set_mask_and_coherent()");
}

void dmk_judge_map_failed(struct dmk_checker *checker, const struct dmk_event *event,
			  const struct dmk_trace *where)
{
	struct dmk_watched *device = dmk_device_of(checker, event);

	switch (event->reason) {
	case DMK_REASON_BAD_DIRECTION:
		bad_direction(checker, device, event, where);
		break;
	case DMK_REASON_BAD_ADDRESS:
		bad_address(checker, device, event, where);
		break;
	case DMK_REASON_NOT_RAM:
	case DMK_REASON_BAD_SIZE:
		not_memory(checker, device, event, where);
		break;
	case DMK_REASON_BAD_DEVICE:
		no_dma_device(checker, device, event, where);
		break;
	case DMK_REASON_MASK:
		report_mask(checker, device, &device->streaming, where);
		break;
	default: /* room, reach, size: what a machine may answer, and a driver handles */
		break;
	}
}

void dmk_judge_alloc_failed(struct dmk_checker *checker, const struct dmk_event *event,
			    const struct dmk_trace *where)
{
	struct dmk_watched *device = dmk_device_of(checker, event);

	if (event->reason == DMK_REASON_BAD_DEVICE)
		no_dma_device(checker, device, event, where);
	if (event->reason == DMK_REASON_MASK)
		report_mask(checker, device, &device->coherent, where);
}

/* --- map ---------------------------------------------------------------------------------------------------------- */

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
	if (event->map_kind == DMK_MAP_RESOURCE)
		return;
	for (unsigned int i = 0; memory_piece(event, i, &piece); i++)
		dmk_record_memory(shadow, record, piece.first, piece.last - piece.first + 1);
}

void dmk_judge_map(struct dmk_checker *checker, const struct dmk_event *event,
		   const struct dmk_trace *where)
{
	struct dmk_shadow *shadow = &checker->shadow;
	struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_record *record;
	bool excused;

	if (!is_direction(event->dir))
		bad_direction(checker, device, event, where);
	if (event->map_kind == DMK_MAP_SINGLE && event->address_kind != DMK_ADDRESS_DIRECT)
		bad_address(checker, device, event, where);
	dmk_judge_mask(checker, device, &device->streaming, where);
	if (event->map_kind == DMK_MAP_SG)
		judge_segments(checker, device, event, where);
	excused = maps_freed_memory(checker, device, event, where);
	if (!excused && !maps_list_again(checker, device, event, where))
		excused = shares_lines(checker, device, event, where);

	record = dmk_record_new(shadow, device, first_dma(event));
	if (!record) {
		checker->totals.lost_records++;
		return;
	}
	record->kind = DMK_RECORD_MAPPING;
	record->map_kind = event->map_kind;
	record->dir = event->dir;
	record->bounced = event->bounced;
	record->checked = event->map_kind == DMK_MAP_SG;
	record->excused = excused;
	record->size = event_bytes(event);
	record->phys = event->map_kind == DMK_MAP_SG && event->sg && event->nents
			       ? event->sg[0].phys.v
			       : event->phys.v;
	record->cpu = event->cpu;
	record->attrs = event->attrs;
	record->nents = event->nents;
	record->mapped_nents = event->mapped_nents;
	record->mapped = where;
	record_pieces(shadow, record, event);
	dmk_record_live(shadow, record);
}

/* The newest unasked mapping at the address: two mappings of one page may have one DMA address, and each is asked about. */
void dmk_judge_mapping_error(struct dmk_checker *checker, const struct dmk_event *event)
{
	struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_record *record, *newest = NULL;

	for (record = dmk_record_at(&checker->shadow, event->dma.v); record;
	     record = dmk_record_at_more(record)) {
		if (record->device != device || record->checked)
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

/* --- unmap -------------------------------------------------------------------------------------------------------- */

bool dmk_live_without(const struct dmk_watched *device, uint64_t first, uint64_t last,
		      const struct dmk_record *except)
{
	struct dmk_extent *extent = NULL;

	while ((extent = dmk_live_touching(device, first, last, extent))) {
		if (extent->record == except || extent->record->kind == DMK_RECORD_POOL_PAGE)
			continue;
		if (extent->range.first > first)
			return false;
		if (extent->range.last >= last)
			return true;
		if (extent->range.last >= first)
			first = extent->range.last + 1;
	}
	return false;
}

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

/* dma_map_single() and dma_map_page() are one kind, as in Linux. */
static enum dmk_map_kind kind_class(enum dmk_map_kind kind)
{
	return kind == DMK_MAP_SINGLE ? DMK_MAP_PAGE : kind;
}

static bool same_attrs(unsigned long a, unsigned long b)
{
	return !((a ^ b) & ATTR_MMIO);
}

static unsigned int likeness(const struct dmk_record *record, const struct dmk_event *event)
{
	unsigned int like = 0;

	if (record->kind == DMK_RECORD_MAPPING)
		like += 16;
	if (kind_class(record->map_kind) == kind_class(event->map_kind))
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
	for (record = dmk_record_at(&checker->shadow, event->dma.v); record;
	     record = dmk_record_at_more(record)) {
		if (record->device != device || record->kind == DMK_RECORD_POOL_PAGE)
			continue;
		like = likeness(record, event);
		if (!best || like > most) {
			best = record;
			most = like;
		}
	}
	return best;
}

static void report_count(struct dmk_checker *checker, struct dmk_record *record,
			 const struct dmk_event *event, const struct dmk_trace *where)
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
		"dma_unmap_sg was given %u entr%s of a list that was mapped with %u (and became %u segment%s)",
		event->nents, event->nents == 1 ? "y" : "ies", record->nents, record->mapped_nents,
		dmk_plural(record->mapped_nents));
	if (event->nents == record->mapped_nents)
		dmk_mend(finding, "pass the %u entries given to dma_map_sg, not the %u it returned",
			 record->nents, record->mapped_nents);
	else
		dmk_mend(finding, "pass the %u entries given to dma_map_sg", record->nents);
}

static void report_direction(struct dmk_checker *checker, struct dmk_record *record,
			     const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(checker,
						 &(struct dmk_mistake){.rule = DMK_RULE_DIR_04,
								       .device = record->device,
								       .where = where,
								       .second = record->mapped,
								       .record = record});

	if (!finding)
		return;
	dmk_say(finding, "%s says %s of a buffer that was mapped %s: DMA 0x%llx, %llu byte%s",
		dmk_unmap_call(event->map_kind), dmk_direction_name(event->dir),
		dmk_direction_name(record->dir), ULL(record->dma), ULL(record->size),
		dmk_plural(record->size));
	dmk_mend(
		finding,
		"pass %s, as the map did: the direction decides whether data is copied back and caches are cleaned",
		dmk_direction_name(record->dir));
}

/* "dma_unmap_single of ... with 100 bytes where 200 were mapped, and as page where ..." */
static void report_mismatch(struct dmk_checker *checker, struct dmk_record *record,
			    const struct dmk_event *event, const struct dmk_trace *where)
{
	const bool kind = kind_class(event->map_kind) != kind_class(record->map_kind);
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
		dmk_say(finding, "%s of DMA 0x%llx gives %llu byte%s, and %llu %s mapped%s",
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
	if (kind_class(event->map_kind) != kind_class(record->map_kind) ||
	    (!sg && event->size != record->size) || !same_attrs(event->attrs, record->attrs))
		report_mismatch(checker, record, event, where);
	else if (sg && event->nents != record->nents)
		report_count(checker, record, event, where);
	else if (event->dir != record->dir)
		report_direction(checker, record, event, where);
	else
		return false;
	return true;
}

static void unmaps_consistent(struct dmk_checker *checker, struct dmk_record *record,
			      const struct dmk_event *event, const struct dmk_trace *where)
{
	const char *from = record->kind == DMK_RECORD_BLOCK ? "dma_pool_alloc"
							    : "dma_alloc_coherent";
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
		dmk_unmap_call(event->map_kind), ULL(event->dma.v), from);
	dmk_mend(finding, "consistent memory is never mapped or unmapped: give it back with %s",
		 record->kind == DMK_RECORD_BLOCK ? "dma_pool_free" : "dma_free_coherent");
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

static struct dmk_record *same_of_other_device(struct dmk_checker *checker,
					       const struct dmk_watched *device,
					       const struct dmk_event *event)
{
	struct dmk_record *record = dmk_record_at(&checker->shadow, event->dma.v);

	while (record && (record->device == device || record->excused ||
			  likeness(record, event) < 16 + 8 + 4 + 2))
		record = dmk_record_at_more(record);
	return record;
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
	if (near && near->excused)
		return;
	unmaps_nothing(checker, device, event, where);
}

void dmk_judge_unmap(struct dmk_checker *checker, const struct dmk_event *event,
		     const struct dmk_trace *where)
{
	struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_record *record;

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
