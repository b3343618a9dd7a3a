/* SPDX-License-Identifier: MIT */
/*
 * Words for the shadow's facts: directions, kinds, calls, buffers. The sentences themselves stand
 * with the judges.
 */
#include "findings.h"

const char *dmk_direction_name(enum dmk_direction dir)
{
	switch (dir) {
	case DMK_BIDIRECTIONAL:
		return "DMA_BIDIRECTIONAL";
	case DMK_TO_DEVICE:
		return "DMA_TO_DEVICE";
	case DMK_FROM_DEVICE:
		return "DMA_FROM_DEVICE";
	case DMK_NONE:
		return "DMA_NONE";
	}
	return "a number that is no direction";
}

const char *dmk_map_call(enum dmk_map_kind kind)
{
	static const char *const call[] = {
		[DMK_MAP_SINGLE] = "dma_map_single", [DMK_MAP_PAGE] = "dma_map_page",
		[DMK_MAP_SG] = "dma_map_sg",         [DMK_MAP_RESOURCE] = "dma_map_resource",
		[DMK_MAP_PHYS] = "dma_map_phys",     [DMK_MAP_LINK] = "dma_iova_link",
	};

	return kind <= DMK_MAP_LINK ? call[kind] : "a mapping call";
}

const char *dmk_unmap_call(enum dmk_map_kind kind)
{
	static const char *const call[] = {
		[DMK_MAP_SINGLE] = "dma_unmap_single", [DMK_MAP_PAGE] = "dma_unmap_page",
		[DMK_MAP_SG] = "dma_unmap_sg",         [DMK_MAP_RESOURCE] = "dma_unmap_resource",
		[DMK_MAP_PHYS] = "dma_unmap_phys",     [DMK_MAP_LINK] = "dma_iova_destroy",
	};

	return kind <= DMK_MAP_LINK ? call[kind] : "an unmap call";
}

const char *dmk_kind_name(enum dmk_record_kind kind, enum dmk_map_kind map_kind)
{
	static const char *const mapping[] = {
		[DMK_MAP_SINGLE] = "single",     [DMK_MAP_PAGE] = "page", [DMK_MAP_SG] = "sg",
		[DMK_MAP_RESOURCE] = "resource", [DMK_MAP_PHYS] = "phys", [DMK_MAP_LINK] = "linked",
	};

	switch (kind) {
	case DMK_RECORD_ALLOCATION:
		return "coherent";
	case DMK_RECORD_PAGES:
		return "noncoherent";
	case DMK_RECORD_NONCONTIGUOUS:
		return "noncontiguous";
	case DMK_RECORD_BLOCK:
		return "pool block";
	case DMK_RECORD_POOL_PAGE:
		return "pool page";
	case DMK_RECORD_MAPPING:
		break;
	}
	return map_kind <= DMK_MAP_LINK ? mapping[map_kind] : "mapping";
}

enum dmk_record_kind dmk_made_kind(enum dmk_alloc_kind kind)
{
	switch (kind) {
	case DMK_KIND_PAGES:
		return DMK_RECORD_PAGES;
	case DMK_KIND_NONCONTIGUOUS:
		return DMK_RECORD_NONCONTIGUOUS;
	case DMK_KIND_COHERENT:
		break;
	}
	return DMK_RECORD_ALLOCATION;
}

const char *dmk_take_call(enum dmk_record_kind kind)
{
	static const char *const call[] = {
		[DMK_RECORD_ALLOCATION] = "dma_alloc_coherent",
		[DMK_RECORD_PAGES] = "dma_alloc_pages",
		[DMK_RECORD_NONCONTIGUOUS] = "dma_alloc_noncontiguous",
		[DMK_RECORD_BLOCK] = "dma_pool_alloc",
		[DMK_RECORD_POOL_PAGE] = "dma_pool_alloc",
	};

	return call[kind] ? call[kind] : "a mapping call";
}

const char *dmk_give_call(enum dmk_record_kind kind)
{
	static const char *const call[] = {
		[DMK_RECORD_ALLOCATION] = "dma_free_coherent",
		[DMK_RECORD_PAGES] = "dma_free_pages",
		[DMK_RECORD_NONCONTIGUOUS] = "dma_free_noncontiguous",
		[DMK_RECORD_BLOCK] = "dma_pool_free",
		[DMK_RECORD_POOL_PAGE] = "dma_pool_free",
	};

	return call[kind] ? call[kind] : "an unmap call";
}

static const char *owner_of(const struct dmk_record *record)
{
	if (!dmk_takes_turns(record->kind))
		return "both";
	return record->turns.cpu.n ? "CPU" : "device";
}

/* What a record of a list has as its CPU address is the list's, not the buffer's. */
static bool is_list(enum dmk_record_kind kind, enum dmk_map_kind map_kind)
{
	return (kind == DMK_RECORD_MAPPING && map_kind == DMK_MAP_SG) ||
	       kind == DMK_RECORD_NONCONTIGUOUS;
}

void dmk_describe_record(struct dmk_buffer *buffer, const struct dmk_record *record)
{
	*buffer = (struct dmk_buffer){
		.known = true,
		.kind = dmk_kind_name(record->kind, record->map_kind),
		.dma = DMK_DMA(record->dma),
		.phys = DMK_PHYS(record->phys),
		.cpu = is_list(record->kind, record->map_kind) ? NULL : record->cpu,
		.size = record->size,
		.dir = record->dir,
		.directed = dmk_takes_turns(record->kind),
		.bounced = record->bounced,
		.owner = owner_of(record),
	};
}

void dmk_describe_past(struct dmk_buffer *buffer, const struct dmk_past *past)
{
	*buffer = (struct dmk_buffer){
		.known = true,
		.kind = dmk_kind_name(past->kind, past->map_kind),
		.dma = DMK_DMA(past->dma),
		.phys = DMK_PHYS(past->phys),
		.cpu = is_list(past->kind, past->map_kind) ? NULL : past->cpu,
		.size = past->size,
		.dir = past->dir,
		.directed = dmk_takes_turns(past->kind),
		.bounced = past->bounced,
		.owner = "nobody",
	};
}

/* --- history ---------------------------------------------------------------------------------- */

static void step(struct dmk_finding *finding, const char *what, const struct dmk_trace *where)
{
	struct dmk_history_step *next = &finding->history[finding->nr_history];

	if (!where || finding->nr_history == DMK_HISTORY_MAX)
		return;
	next->what = what;
	next->where = where->stack;
	finding->nr_history++;
}

static void steps_synced(struct dmk_finding *finding, const struct dmk_synced *synced)
{
	if (synced->device_last)
		step(finding, "synced for the CPU", synced->for_cpu);
	step(finding, "synced for the device", synced->for_device);
	if (!synced->device_last)
		step(finding, "synced for the CPU", synced->for_cpu);
}

static const char *made(enum dmk_record_kind kind, enum dmk_map_kind map_kind)
{
	if (kind != DMK_RECORD_MAPPING)
		return "allocated";
	return map_kind == DMK_MAP_LINK ? "linked" : "mapped";
}

void dmk_describe_history(struct dmk_finding *finding, const struct dmk_record *record)
{
	step(finding, made(record->kind, record->map_kind), record->mapped);
	steps_synced(finding, &record->synced);
}

void dmk_describe_past_history(const struct dmk_shadow *shadow, struct dmk_finding *finding,
			       const struct dmk_past *past)
{
	const bool mapping = past->kind == DMK_RECORD_MAPPING;
	const struct dmk_freed *freed = NULL;

	step(finding, made(past->kind, past->map_kind), past->mapped);
	steps_synced(finding, &past->synced);
	step(finding, mapping ? "unmapped" : "freed", past->unmapped);
	if (mapping && past->phys)
		freed = dmk_memory_is_freed(shadow, past->phys, 1);
	step(finding, "its memory freed", freed ? freed->freed : NULL);
}

const char *dmk_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}
