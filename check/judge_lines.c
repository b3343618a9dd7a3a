/* SPDX-License-Identifier: MIT */
/*
 * Who shares a cache line with a mapping while a device may write it: another mapping (STR-09), or
 * another object of the driver's world, mapped or not (MEM-08).
 *
 * The other fields of a struct, of which a part is mapped, are no finding: whether the CPU writes
 * them meanwhile is not to be seen in any event, and drivers that leave them alone are right (a
 * packet behind its headroom begins in the middle of a line).
 */
#include "findings.h"

/* Linux's values; observer.h passes attributes as the driver gave them. */

#define ULL(value) ((unsigned long long)(value))

static bool device_writes(enum dmk_direction dir)
{
	return dir != DMK_TO_DEVICE;
}

/*
 * Whoever looks after the caches itself, or has none to look after, may share lines with anybody.
 */
static bool may_share_lines(enum dmk_map_kind kind, unsigned long attrs)
{
	return dmk_is_registers(kind, attrs) ||
	       attrs & (DMK_ATTR_SKIP_CPU_SYNC | DMK_ATTR_REQUIRE_COHERENT);
}

/* The promise that the CPU writes none of the line is one that all who share it have to make. */
static bool both_promise(unsigned long a, unsigned long b)
{
	return a & b & DMK_ATTR_CPU_CACHE_CLEAN;
}

static bool share_bytes(const struct dmk_range *a, const struct dmk_range *b)
{
	return a->first <= b->last && b->first <= a->last;
}

/*
 * No cache is cleaned or emptied for devices that see it; and what MEM-08 said of a mapping is not
 * said again.
 */
static bool is_line_no_matter(const struct dmk_event *event, const struct dmk_record *other)
{
	return (event->coherent && other->coherent) || other->crowded;
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
	const bool bytes = share_bytes(piece, &other->range);

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
 * STR-09. The very buffer mapped again, by a driver that forgot to unmap, is reported here and not
 * as a leak too: both records are excused. Return: the new mapping is excused.
 */
bool dmk_judge_lines(struct dmk_checker *checker, struct dmk_watched *device,
		     const struct dmk_event *event, const struct dmk_trace *where)
{
	const uint64_t line = checker->shadow.cache_line - 1;
	struct dmk_range piece, *range;
	bool excused = false;

	if (may_share_lines(event->map_kind, event->attrs))
		return false;
	for (unsigned int i = 0; dmk_memory_piece(event, i, &piece); i++) {
		range = NULL;
		while ((range = dmk_ranges_touching(&checker->shadow.mapped_memory,
						    piece.first & ~line, piece.last | line,
						    range))) {
			struct dmk_extent *other = DMK_AROUND(range, struct dmk_extent, range);
			const bool same = other->record->device == device &&
					  range->first == piece.first && range->last == piece.last;

			if (may_share_lines(other->record->map_kind, other->record->attrs) ||
			    both_promise(event->attrs, other->record->attrs))
				continue;
			if (!device_writes(event->dir) && !device_writes(other->record->dir))
				continue;
			if (!share_bytes(&piece, range) && is_line_no_matter(event, other->record))
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

/* --- MEM-08 ----------------------------------------------------------------------------------- */

static struct dmk_range lines_of(const struct dmk_shadow *shadow, const struct dmk_range *bytes)
{
	const uint64_t line = shadow->cache_line - 1;

	return (struct dmk_range){.first = bytes->first & ~line, .last = bytes->last | line};
}

/* Whether the lines it lies in must be its own. */
static bool wants_lines(const struct dmk_record *record)
{
	return record->kind == DMK_RECORD_MAPPING && device_writes(record->dir) &&
	       !record->coherent && !record->excused &&
	       !may_share_lines(record->map_kind, record->attrs) &&
	       !(record->attrs & DMK_ATTR_CPU_CACHE_CLEAN);
}

/* Once for each mapping: the other neighbours are there for the same reason. */
static void report_neighbour(struct dmk_checker *checker, struct dmk_record *record,
			     const struct dmk_range *piece, const struct dmk_object *object)
{
	const uint64_t size = object->range.last - object->range.first + 1;
	struct dmk_finding *finding;

	if (record->crowded)
		return;
	record->crowded = true;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_MEM_08,
							    .device = record->device,
							    .where = record->mapped,
							    .second = object->allocated,
							    .label = "neighbour allocated",
							    .record = record});
	if (!finding)
		return;
	dmk_say(finding,
		"physical [0x%llx, 0x%llx] is mapped %s, and %llu byte%s at 0x%llx (%s), another object, lie in the same "
		"cache line: what the device writes there, or the CPU, can be lost",
		ULL(piece->first), ULL(piece->last), dmk_direction_name(record->dir), ULL(size),
		dmk_plural(size), ULL(object->range.first), object->name);
	dmk_mend(
		finding,
		"give the buffer cache lines of its own (%llu bytes here): kmalloc() it, or create its cache with an "
		"alignment of dma_get_cache_alignment()",
		ULL(checker->shadow.cache_line));
}

/* Whether the bytes that @object has in @lines are mapped as well: that is for STR-09 to judge. */
static bool is_mapped_there(const struct dmk_shadow *shadow, const struct dmk_object *object,
			    const struct dmk_range *lines)
{
	const uint64_t first = object->range.first, last = object->range.last;

	return dmk_ranges_touching(&shadow->mapped_memory,
				   first > lines->first ? first : lines->first,
				   last < lines->last ? last : lines->last, NULL) != NULL;
}

/* At one end of a piece: before its first byte, or behind its last. */
static void judge_end(struct dmk_checker *checker, struct dmk_record *record,
		      const struct dmk_range *piece, uint64_t first, uint64_t last)
{
	const struct dmk_range beside = {.first = first, .last = last};
	struct dmk_object *object = NULL;

	while ((object = dmk_object_touching(&checker->shadow, first, last, object)))
		if (!share_bytes(&object->range, piece) &&
		    !is_mapped_there(&checker->shadow, object, &beside))
			report_neighbour(checker, record, piece, object);
}

void dmk_judge_neighbours(struct dmk_checker *checker, struct dmk_record *record)
{
	const struct dmk_extent *extent;

	if (checker->shadow.cache_line == 1 || !wants_lines(record) || !record->memory.record)
		return;
	for (extent = &record->memory; extent; extent = extent->next) {
		const struct dmk_range *piece = &extent->range;
		const struct dmk_range lines = lines_of(&checker->shadow, piece);

		if (lines.first < piece->first)
			judge_end(checker, record, piece, lines.first, piece->first - 1);
		if (piece->last < lines.last)
			judge_end(checker, record, piece, piece->last + 1, lines.last);
	}
}

void dmk_judge_new_neighbour(struct dmk_checker *checker, const struct dmk_object *object)
{
	const struct dmk_range lines = lines_of(&checker->shadow, &object->range);
	struct dmk_range *range = NULL;

	while ((range = dmk_ranges_touching(&checker->shadow.mapped_memory, lines.first, lines.last,
					    range))) {
		struct dmk_extent *extent = DMK_AROUND(range, struct dmk_extent, range);

		if (!share_bytes(range, &object->range) && wants_lines(extent->record))
			report_neighbour(checker, extent->record, range, object);
	}
}
