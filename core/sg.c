/* SPDX-License-Identifier: MIT */
/*
 * Mapping scatterlists: every entry by itself, none merged, because nothing here makes neighbours
 * of scattered pages. The list's own calls are in sglist.c.
 */
#include <dmakit/fail.h>
#include <linux/errno.h>
#include <linux/scatterlist.h>

#include "core.h"
#include "direct.h"
#include "domain.h"
#include "straight.h"
#include "window.h"

/* --- what an observer is told ----------------------------------------------------------------- */

enum {
	FEW_ENTRIES = 16, /* told from the stack */
	MOST_ENTRIES =
		1
		/* beyond it, a driver's count is taken for nonsense, and no entries are told */
		<< 20
};

struct told {
	struct dmk_event_sg few[FEW_ENTRIES];
	struct dmk_event_sg *entries; /* NULL: none, or no memory to tell them */
	size_t size;                  /* bytes of metadata memory, 0: none was needed */
};

/*
 * Copies the list for an event: @nents entries; where the list is shorter than the driver says, the
 * rest says so.
 */
static void tell_list(struct told *told, struct scatterlist *sg, int nents, int mapped_nents)
{
	told->entries = told->few;
	told->size = 0;
	if (!sg || nents <= 0 || nents > MOST_ENTRIES) {
		told->entries = NULL;
		return;
	}
	if (nents > FEW_ENTRIES) {
		told->size = (size_t)nents * sizeof(*told->entries);
		told->entries = dmk_meta_alloc(told->size, false);
		if (!told->entries)
			return;
	}
	for (int i = 0; i < nents; i++, sg = sg ? sg_next(sg) : NULL) {
		told->entries[i] = (struct dmk_event_sg){.phys = DMK_PHYS(sg ? 0 : ~0ULL)};
		if (!sg)
			continue;
		told->entries[i].phys = DMK_PHYS(sg_page(sg) ? sg_phys(sg) : 0);
		told->entries[i].length = sg->length;
		if (i >= mapped_nents)
			continue;
		told->entries[i].dma = DMK_DMA(sg_dma_address(sg));
		told->entries[i].dma_length = sg_dma_len(sg);
	}
}

static void tell_end(struct told *told)
{
	if (told->size)
		dmk_meta_free(told->entries, told->size);
}

/* Which of the entries are bounced, and why the first of them is. */
static void say_bounced(struct dmk_event *event)
{
	for (unsigned int i = 0; event->sg && i < event->nents; i++) {
		enum dmk_bounce_cause cause;
		struct dmk_range phys;

		if (!dmk_range_make(event->sg[i].phys.v, event->sg[i].length, &phys))
			continue;
		cause = dmk_bounce_cause(event->dev, phys);
		if (cause == DMK_CAUSE_NONE)
			continue;
		if (event->cause == DMK_CAUSE_NONE)
			event->cause = cause;
		event->bounced_bytes += event->sg[i].length;
	}
}

static __attribute__((__noinline__)) void announce_list(struct dmk_event *event,
							struct scatterlist *sg, int nents)
{
	struct told told;

	tell_list(&told, sg, nents, (int)event->mapped_nents);
	event->map_kind = DMK_MAP_SG;
	event->cpu = sg;
	event->sg = told.entries;
	event->nents = nents < 0 ? 0 : (unsigned int)nents;
	if (sg && event->mapped_nents)
		event->dma = DMK_DMA(sg_dma_address(sg));
	if (event->bounced)
		say_bounced(event);
	event->interrupt = dmk_in_interrupt();
	dmk_tell(event);
	tell_end(&told);
}

/* --- the calls -------------------------------------------------------------------------------- */

/* sg_next(), for the way that most lists go: the next entry in the array. */
static inline struct scatterlist *next_of(struct scatterlist *sg)
{
	if (__builtin_expect(!(sg->page_link & SG_PAGE_LINK_MASK) && dmk_sg_initialised(sg) &&
				     !sg_is_chain(sg + 1),
			     1))
		return sg + 1;
	return sg_next(sg);
}

static void unmap_entry(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir,
			unsigned long attrs)
{
	if (dev && dev->domain)
		dmk_domain_unmap(dev, dma, size, dir, attrs);
	else
		dmk_direct_unmap(dev, dma, size, dir, attrs);
}

static void unmap_entries(struct dmk_dev *dev, struct scatterlist *sg, int nents,
			  enum dmk_direction dir, unsigned long attrs)
{
	const bool straight = dev && dmk_straight_good(dev);

	if (dev && dmk_nothing_held(dev))
		return;
	for (int i = 0; sg && i < nents; i++, sg = next_of(sg)) {
		if (straight && !dmk_held_at(dev, sg_dma_address(sg)))
			continue;
		unmap_entry(dev, DMK_DMA(sg_dma_address(sg)), sg_dma_len(sg), dir, attrs);
	}
}

/*
 * Why memory that is no RAM is none: sg_set_buf() of an address that is not in the direct map left
 * the address to be found.
 */
static struct dmk_mapping not_ram(struct dmk_range phys)
{
	const struct dmk_os *os = &dmk_core.os;
	const void *cpu = (const void *)((uintptr_t)dmk_layout.direct_base + (uintptr_t)phys.first);
	struct dmk_mapping bad = {.dma = DMK_MAPPING_ERROR, .reason = DMK_REASON_NOT_RAM};
	enum dmk_address_kind kind;
	dmk_phys unused;

	kind = (os->ops->classify)(os->ctx, cpu, dmk_range_bytes(phys), &unused);
	if (kind != DMK_ADDRESS_DIRECT && kind != DMK_ADDRESS_UNKNOWN) {
		bad.reason = DMK_REASON_BAD_ADDRESS;
		bad.address_kind = kind;
	}
	return bad;
}

/* Whether the entry is memory that can be lent; else .reason says why not. */
static struct dmk_mapping judge_entry(struct scatterlist *sg, struct dmk_range *phys)
{
	struct dmk_mapping bad = {.dma = DMK_MAPPING_ERROR, .reason = DMK_REASON_BAD_SIZE};

	if (!sg)
		return bad;
	if (!sg_page(sg)) {
		bad.reason = DMK_REASON_NOT_RAM;
		return bad;
	}
	if (!dmk_range_make(sg_phys(sg), sg->length, phys))
		return bad;
	if (!dmk_is_ram(*phys))
		return not_ram(*phys);
	bad.reason = DMK_REASON_NONE;
	return bad;
}

static struct dmk_mapping map_entry(struct dmk_dev *dev, struct scatterlist *sg,
				    enum dmk_direction dir, unsigned long attrs)
{
	struct dmk_range phys;
	const struct dmk_mapping judged = judge_entry(sg, &phys);

	if (judged.reason != DMK_REASON_NONE)
		return judged;
	return dev->domain ? dmk_domain_map(dev, phys, dir, attrs, false)
			   : dmk_direct_map(dev, phys, dir, attrs);
}

/* What became of a list. */
struct outcome {
	enum dmk_reason reason;
	int address_kind;
	bool bounced;
	unsigned int entry; /* that could not be mapped */
	int segments;
};

/* No entry says that it is mapped. */
static void no_addresses(struct scatterlist *sg, int n)
{
	for (int i = 0; sg && i < n; i++, sg = sg_next(sg)) {
		sg_dma_address(sg) = DMK_MAPPING_ERROR.v;
		sg_dma_len(sg) = 0;
	}
}

/*
 * The first @n entries were mapped, and no longer are: nobody finds an address in them, nor in the
 * one that failed (SGL-07).
 */
static void undo_entries(struct dmk_dev *dev, struct scatterlist *list, int n,
			 enum dmk_direction dir, unsigned long attrs)
{
	unmap_entries(dev, list, n, dir, attrs | DMK_ATTR_SKIP_CPU_SYNC);
	no_addresses(list, n + 1);
}

/*
 * What stays the same from entry to entry of a list: the parts of memory that need arithmetic only,
 * as far as the device reaches.
 */
struct straight {
	struct dmk_straight parts[DMK_STRAIGHT_PARTS];
};

static struct straight straight_of(const struct dmk_dev *dev, unsigned long attrs)
{
	const uint64_t limit = dmk_streaming_limit(dev);
	struct straight straight = {.parts = {{0}}};

	if (!dmk_straight_good(dev) || attrs & DMK_ATTR_MMIO)
		return straight;
	for (unsigned int i = 0; i < DMK_STRAIGHT_PARTS; i++) {
		struct dmk_straight *part = &straight.parts[i];
		uint64_t bus;

		*part = dev->straight[i];
		bus = part->first + part->to_bus;
		if (part->size && (bus > limit || part->size - 1 > limit - bus))
			part->size = bus > limit ? 0 : limit - bus + 1;
	}
	return straight;
}

/* As dmk_map_straight(). */
static inline bool map_entry_straight(const struct straight *straight, struct scatterlist *sg)
{
	const struct dmk_straight *part;
	uint64_t phys, offset;

	if (!sg || sg->page_link <= SG_PAGE_LINK_MASK || sg_is_chain(sg) || !dmk_sg_initialised(sg))
		return false;
	phys = sg_phys(sg);
	part = &straight->parts[phys >= straight->parts[1].first];
	offset = phys - part->first;
	if (offset >= part->size || (uint64_t)sg->length - 1 >= part->size - offset)
		return false;
	sg->dma_address = phys + part->to_bus;
	sg_dma_len(sg) = sg->length;
	return true;
}

static struct outcome map_entries(struct dmk_dev *dev, struct scatterlist *list, int nents,
				  enum dmk_direction dir, unsigned long attrs)
{
	struct outcome outcome = {.reason = DMK_REASON_NONE, .segments = nents};
	const struct straight straight = straight_of(dev, attrs);
	struct scatterlist *sg = list;

	for (int i = 0; i < nents; i++, sg = next_of(sg)) {
		struct dmk_mapping mapping;

		if (__builtin_expect(map_entry_straight(&straight, sg), 1))
			continue;
		mapping = map_entry(dev, sg, dir, attrs);
		if (mapping.reason != DMK_REASON_NONE) {
			undo_entries(dev, list, i, dir, attrs);
			return (struct outcome){.reason = mapping.reason,
						.address_kind = mapping.address_kind,
						.entry = (unsigned int)i};
		}
		sg_dma_address(sg) = mapping.dma.v;
		sg_dma_len(sg) = sg->length;
		outcome.bounced |= mapping.bounced;
	}
	return outcome;
}

/* Behind an IOMMU a list is one thing, but for one of which parts are bounced. */
static struct outcome map_together(struct dmk_dev *dev, struct scatterlist *list, int nents,
				   enum dmk_direction dir, unsigned long attrs)
{
	struct outcome outcome = {.reason = DMK_REASON_NONE};
	struct scatterlist *sg = list;
	struct dmk_range phys;

	for (int i = 0; i < nents; i++, sg = sg_next(sg)) {
		const struct dmk_mapping judged = judge_entry(sg, &phys);

		if (judged.reason == DMK_REASON_NONE)
			continue;
		no_addresses(list, i + 1);
		return (struct outcome){.reason = judged.reason,
					.address_kind = judged.address_kind,
					.entry = (unsigned int)i};
	}
	outcome.segments = dmk_domain_map_list(dev, list, nents, dir, attrs, &outcome.reason);
	if (!outcome.segments)
		no_addresses(list, nents);
	return outcome;
}

static struct outcome map_list(struct dmk_dev *dev, struct scatterlist *sg, int nents,
			       enum dmk_direction dir, unsigned long attrs)
{
	if (!dmk_device_good(dev))
		return (struct outcome){.reason = DMK_REASON_BAD_DEVICE};
	if (!dmk_direction_good(dir))
		return (struct outcome){.reason = DMK_REASON_BAD_DIRECTION};
	if (!sg || nents <= 0)
		return (struct outcome){.reason = DMK_REASON_BAD_SIZE};
	if (dev->domain && !dmk_domain_apart(dev, sg, nents))
		return map_together(dev, sg, nents, dir, attrs);
	return map_entries(dev, sg, nents, dir, attrs);
}

int dmk_map_sg(struct dmk_dev *dev, struct scatterlist *sg, int nents, enum dmk_direction dir,
	       unsigned long attrs)
{
	const struct outcome outcome = dmk_should_fail(DMK_FAIL_MAP, DMK_CALLER)
					       ? (struct outcome){.reason = DMK_REASON_NO_ROOM}
					       : map_list(dev, sg, nents, dir, attrs);
	const bool mapped = outcome.reason == DMK_REASON_NONE;

	if (dmk_heard())
		announce_list(
			&(struct dmk_event){.kind = mapped ? DMK_EVENT_MAP : DMK_EVENT_MAP_FAILED,
					    .dev = dev,
					    .dir = dir,
					    .attrs = attrs,
					    .mapped_nents = mapped ? (unsigned int)outcome.segments
								   : 0,
					    .bounced = outcome.bounced,
					    .coherent = mapped && dev->bus->coherent,
					    .reason = outcome.reason,
					    .address_kind = outcome.address_kind,
					    .entry = outcome.entry,
					    .result = dmk_result_of(outcome.reason),
					    DMK_EVENT_HERE},
			sg, nents);
	return mapped ? outcome.segments : dmk_result_of(outcome.reason);
}

void dmk_unmap_sg(struct dmk_dev *dev, struct scatterlist *sg, int nents, enum dmk_direction dir,
		  unsigned long attrs)
{
	if (dmk_heard())
		announce_list(&(struct dmk_event){.kind = DMK_EVENT_UNMAP,
						  .dev = dev,
						  .dir = dir,
						  .attrs = attrs,
						  .mapped_nents = nents < 0 ? 0
									    : (unsigned int)nents,
						  DMK_EVENT_HERE},
			      sg, nents);
	if (dev && dev->domain)
		dmk_domain_unmap_list(dev, sg, nents, dir, attrs);
	else
		unmap_entries(dev, sg, nents, dir, attrs);
}

/* A list's segments; what has none is left alone. */
static void sync_entry(struct dmk_dev *dev, struct scatterlist *sg, enum dmk_direction dir,
		       bool cpu)
{
	const dmk_dma dma = DMK_DMA(sg_dma_address(sg));
	const size_t size = sg_dma_len(sg);

	if (dev && dev->domain && cpu)
		dmk_domain_sync_for_cpu(dev, dma, size, dir);
	else if (dev && dev->domain)
		dmk_domain_sync_for_device(dev, dma, size, dir);
	else if (cpu)
		dmk_direct_sync_for_cpu(dev, dma, size, dir);
	else
		dmk_direct_sync_for_device(dev, dma, size, dir);
}

static void sync_entries(struct dmk_dev *dev, struct scatterlist *sg, int nents,
			 enum dmk_direction dir, bool cpu)
{
	const bool straight = dev && !dev->domain && dmk_straight_good(dev);

	if (straight && dmk_nothing_held(dev))
		return;
	for (int i = 0; sg && i < nents; i++, sg = next_of(sg)) {
		if (!straight || dmk_held_at(dev, sg_dma_address(sg)))
			sync_entry(dev, sg, dir, cpu);
	}
}

static void announce_sync(enum dmk_event_kind kind, struct dmk_dev *dev, struct scatterlist *sg,
			  int nents, enum dmk_direction dir, struct dmk_place place)
{
	announce_list(&(struct dmk_event){.kind = kind,
					  .dev = dev,
					  .dir = dir,
					  .mapped_nents = nents < 0 ? 0 : (unsigned int)nents,
					  .caller = place.caller,
					  .frame = place.frame},
		      sg, nents);
}

void dmk_sync_sg_for_cpu(struct dmk_dev *dev, struct scatterlist *sg, int nents,
			 enum dmk_direction dir)
{
	sync_entries(dev, sg, nents, dir, true);
	if (dmk_heard())
		announce_sync(DMK_EVENT_SYNC_FOR_CPU, dev, sg, nents, dir, DMK_PLACE_HERE);
}

void dmk_sync_sg_for_device(struct dmk_dev *dev, struct scatterlist *sg, int nents,
			    enum dmk_direction dir)
{
	if (dmk_heard())
		announce_sync(DMK_EVENT_SYNC_FOR_DEVICE, dev, sg, nents, dir, DMK_PLACE_HERE);
	sync_entries(dev, sg, nents, dir, false);
}
