/* SPDX-License-Identifier: MIT */
/* The shadow's records: devices, what they hold live, what they held. Facts only, no rule. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shadow.h"

void dmk_text_copy(char *to, size_t size, const char *text)
{
	size_t length = text ? strnlen(text, size - 1) : 0;

	memcpy(to, text ? text : "", length);
	to[length] = '\0';
}

static void limits_reset(struct dmk_watched *device)
{
	device->max_segment = DMK_DEFAULT_MAX_SEGMENT;
	device->boundary = DMK_DEFAULT_BOUNDARY;
	memset(&device->streaming, 0, sizeof(device->streaming));
	memset(&device->coherent, 0, sizeof(device->coherent));
}

bool dmk_shadow_init(struct dmk_shadow *shadow, const struct dmk_check_options *options)
{
	memset(shadow, 0, sizeof(*shadow));
	shadow->cache_line = 1;
	shadow->max_live = options->max_records;
	shadow->memory = options->memory;
	shadow->turn = options->turn;
	shadow->memory_ctx = options->memory_ctx;
	dmk_pile_init(&shadow->device_pile, sizeof(struct dmk_watched));
	dmk_pile_init(&shadow->record_pile, sizeof(struct dmk_record));
	dmk_pile_init(&shadow->extent_pile, sizeof(struct dmk_extent));
	dmk_pile_init(&shadow->pool_pile, sizeof(struct dmk_watched_pool));
	dmk_pile_init(&shadow->transfer_pile, sizeof(struct dmk_transfer));
	dmk_pile_init(&shadow->freed_pile, sizeof(struct dmk_freed));
	dmk_pile_init(&shadow->object_pile, sizeof(struct dmk_object));
	dmk_pile_init(&shadow->space_pile, sizeof(struct dmk_space));
	dmk_text_copy(shadow->nobody.name, sizeof(shadow->nobody.name), "no device");
	limits_reset(&shadow->nobody);
	shadow->lost_slot = calloc(DMK_LOST_SLOTS, sizeof(*shadow->lost_slot));
	return dmk_index_init(&shadow->devices, 64) && dmk_index_init(&shadow->requesters, 64) &&
	       dmk_index_init(&shadow->by_cpu, 1024) && dmk_index_init(&shadow->pools, 64) &&
	       dmk_index_init(&shadow->transfers, 64) && dmk_index_init(&shadow->spaces, 64) &&
	       dmk_engine_init(&shadow->engine) && dmk_history_new(shadow) && shadow->lost_slot;
}

static void device_exit(struct dmk_watched *device)
{
	for (struct dmk_record *record = dmk_shadow_records(device); record; record = record->older)
		dmk_turns_clear(&record->turns);
	dmk_ranges_exit(&device->live);
	dmk_ranges_exit(&device->transfers);
	dmk_ranges_exit(&device->work);
}

void dmk_shadow_exit(struct dmk_shadow *shadow)
{
	struct dmk_history *history;

	for (struct dmk_watched *device = shadow->device_list; device; device = device->next)
		device_exit(device);
	device_exit(&shadow->nobody);
	dmk_ranges_exit(&shadow->mapped_memory);
	dmk_ranges_exit(&shadow->consistent_memory);
	dmk_ranges_exit(&shadow->shared_memory);
	dmk_ranges_exit(&shadow->freed);
	dmk_ranges_exit(&shadow->objects);
	dmk_engine_exit(&shadow->engine);
	dmk_index_exit(&shadow->devices);
	dmk_index_exit(&shadow->requesters);
	dmk_index_exit(&shadow->by_cpu);
	dmk_index_exit(&shadow->pools);
	dmk_index_exit(&shadow->transfers);
	dmk_index_exit(&shadow->spaces);
	dmk_pile_exit(&shadow->device_pile);
	dmk_pile_exit(&shadow->record_pile);
	dmk_pile_exit(&shadow->extent_pile);
	dmk_pile_exit(&shadow->pool_pile);
	dmk_pile_exit(&shadow->transfer_pile);
	dmk_pile_exit(&shadow->freed_pile);
	dmk_pile_exit(&shadow->object_pile);
	dmk_pile_exit(&shadow->space_pile);
	while ((history = shadow->history)) {
		shadow->history = history->other;
		free(history);
	}
	free(shadow->lost_slot);
}

/* --- devices ---------------------------------------------------------------------------------- */

static struct dmk_watched *device_new(struct dmk_shadow *shadow, const struct dmk_dev *dev)
{
	struct dmk_watched *device = dmk_pile_get(&shadow->device_pile);

	if (!device)
		return NULL;
	device->dev = dev;
	device->id = ++shadow->device_ids;
	shadow->device_changes++;
	device->requester = DMK_REQUESTER_NONE;
	dmk_text_copy(device->name, sizeof(device->name), "a device");
	limits_reset(device);
	device->next = shadow->device_list;
	if (device->next)
		device->next->previous = device;
	shadow->device_list = device;
	dmk_index_add(&shadow->devices, &device->by_pointer, (uintptr_t)dev);
	return device;
}

struct dmk_watched *dmk_shadow_device(struct dmk_shadow *shadow, const struct dmk_dev *dev)
{
	struct dmk_link *link;

	if (!dev)
		return NULL;
	link = dmk_index_find(&shadow->devices, (uintptr_t)dev);
	if (link)
		return DMK_AROUND(link, struct dmk_watched, by_pointer);
	return device_new(shadow, dev);
}

struct dmk_watched *dmk_shadow_requester(const struct dmk_shadow *shadow, uint32_t requester)
{
	struct dmk_link *link;

	if (requester - DMK_REQUESTER_CHANNEL < DMK_ISA_CHANNELS)
		return shadow->channel[requester - DMK_REQUESTER_CHANNEL];
	link = dmk_index_find(&shadow->requesters, requester);
	return link ? DMK_AROUND(link, struct dmk_watched, by_requester) : NULL;
}

void dmk_shadow_name_channel(struct dmk_shadow *shadow, uint64_t channel,
			     struct dmk_watched *device)
{
	if (channel >= DMK_ISA_CHANNELS || shadow->channel[channel] == device)
		return;
	shadow->device_changes++;
	shadow->channel[channel] = device;
}

void dmk_shadow_name_requester(struct dmk_shadow *shadow, struct dmk_watched *device,
			       uint32_t requester)
{
	shadow->device_changes++;
	if (device->requester != DMK_REQUESTER_NONE)
		dmk_index_remove(&shadow->requesters, &device->by_requester);
	device->requester = requester;
	if (requester != DMK_REQUESTER_NONE)
		dmk_index_add(&shadow->requesters, &device->by_requester, requester);
}

static void transfer_drop(struct dmk_shadow *shadow, struct dmk_transfer *transfer)
{
	dmk_index_remove(&shadow->transfers, &transfer->by_cookie);
	dmk_ranges_remove(&transfer->device->transfers, &transfer->range);
	dmk_pile_put(&shadow->transfer_pile, transfer);
}

void dmk_shadow_device_gone(struct dmk_shadow *shadow, struct dmk_watched *device)
{
	struct dmk_range *range;

	dmk_engine_device_gone(&shadow->engine, device);
	while ((range = dmk_ranges_any(&device->transfers)))
		transfer_drop(shadow, DMK_AROUND(range, struct dmk_transfer, range));
	dmk_records_retire_all(shadow, device);
	while (device->pools)
		dmk_shadow_pool_gone(shadow, device->pools);
	dmk_shadow_name_requester(shadow, device, DMK_REQUESTER_NONE);
	for (unsigned int i = 0; i < DMK_ISA_CHANNELS; i++)
		if (shadow->channel[i] == device)
			dmk_shadow_name_channel(shadow, i, NULL);
	dmk_index_remove(&shadow->devices, &device->by_pointer);
	if (device->previous)
		device->previous->next = device->next;
	else
		shadow->device_list = device->next;
	if (device->next)
		device->next->previous = device->previous;
	shadow->lost -= device->lost;
	dmk_ranges_exit(&device->live);
	dmk_ranges_exit(&device->transfers);
	dmk_ranges_exit(&device->work);
	dmk_pile_put(&shadow->device_pile, device);
}

void dmk_shadow_device_unbound(struct dmk_watched *device)
{
	limits_reset(device);
	device->driver[0] = '\0';
	device->no_sync = false;
	device->cut = NULL;
}

/* --- what was lost ---------------------------------------------------------------------------- */

static uint16_t *lost_slot(struct dmk_shadow *shadow, const struct dmk_watched *device,
			   uint64_t dma)
{
	return &shadow->lost_slot[dmk_hash_more(device->id, dma) % DMK_LOST_SLOTS];
}

static void lose(struct dmk_shadow *shadow, struct dmk_watched *device, uint64_t dma)
{
	uint16_t *slot = lost_slot(shadow, device, dma);

	if (*slot < UINT16_MAX)
		(*slot)++;
	device->lost++;
	shadow->lost++;
}

bool dmk_lost_take(struct dmk_shadow *shadow, struct dmk_watched *device, uint64_t dma)
{
	uint16_t *slot = lost_slot(shadow, device, dma);

	if (!device->lost || !*slot)
		return false;
	if (*slot < UINT16_MAX)
		(*slot)--;
	device->lost--;
	shadow->lost--;
	return true;
}

/* --- records ---------------------------------------------------------------------------------- */

struct dmk_record *dmk_record_new(struct dmk_shadow *shadow, struct dmk_watched *device,
				  uint64_t dma)
{
	struct dmk_record *record = NULL;

	if (!shadow->max_live || shadow->live < shadow->max_live)
		record = dmk_pile_get(&shadow->record_pile);
	if (!record) {
		lose(shadow, device, dma);
		return NULL;
	}
	record->device = device;
	record->dma = dma;
	record->serial = ++shadow->serial;
	return record;
}

/* The first piece is part of the record, the others come from the pile. */
static struct dmk_extent *piece(struct dmk_shadow *shadow, struct dmk_extent *first,
				struct dmk_record *record)
{
	struct dmk_extent *extent = first;

	if (first->record) {
		extent = dmk_pile_get(&shadow->extent_pile);
		if (!extent)
			return NULL;
		extent->next = first->next;
		first->next = extent;
	}
	extent->record = record;
	return extent;
}

bool dmk_record_bus(struct dmk_shadow *shadow, struct dmk_record *record, uint64_t dma,
		    uint64_t size)
{
	struct dmk_extent *extent = piece(shadow, &record->bus, record);

	if (!extent)
		return false;
	extent->offset = record->bus_bytes;
	record->bus_bytes += size;
	dmk_range_set(&extent->range, dma, size);
	dmk_ranges_insert(&record->device->live, &extent->range);
	return true;
}

static struct dmk_ranges *memory_of(struct dmk_shadow *shadow, const struct dmk_record *record)
{
	if (record->kind == DMK_RECORD_ALLOCATION)
		return &shadow->consistent_memory;
	return record->kind == DMK_RECORD_MAPPING ? &shadow->mapped_memory : &shadow->shared_memory;
}

bool dmk_record_memory(struct dmk_shadow *shadow, struct dmk_record *record, uint64_t phys,
		       uint64_t size)
{
	struct dmk_extent *extent = piece(shadow, &record->memory, record);

	if (!extent)
		return false;
	extent->offset = record->memory_bytes;
	record->memory_bytes += size;
	dmk_range_set(&extent->range, phys, size);
	dmk_ranges_insert(memory_of(shadow, record), &extent->range);
	/* Who may access consistent memory is not asked. */
	if (shadow->memory && record->kind != DMK_RECORD_ALLOCATION) {
		shadow->memory(shadow->memory_ctx, extent->range.first,
			       extent->range.last - extent->range.first + 1, true);
		dmk_memory_lent(shadow, &extent->range);
	}
	return true;
}

void dmk_record_turn(struct dmk_shadow *shadow, struct dmk_record *record, bool known)
{
	record->turned = true;
	if (known)
		return;
	record->excused = true;
	shadow->forgotten++;
}

/* Other mappings are never looked for by CPU address, and many of them may have none. */
static bool is_found_by_cpu(const struct dmk_record *record)
{
	if (record->kind == DMK_RECORD_MAPPING)
		return record->map_kind == DMK_MAP_SG;
	return record->kind != DMK_RECORD_POOL_PAGE;
}

void dmk_record_live(struct dmk_shadow *shadow, struct dmk_record *record)
{
	if (!record->bus.record)
		dmk_record_bus(shadow, record, record->dma, record->size);
	if (is_found_by_cpu(record))
		dmk_index_add(&shadow->by_cpu, &record->by_cpu, (uintptr_t)record->cpu);
	shadow->live++;
	dmk_record_tell(shadow, record, 0, ~0ULL);
}

static void unlink_extents(struct dmk_shadow *shadow, struct dmk_extent *first,
			   struct dmk_ranges *ranges)
{
	struct dmk_extent *extent, *next;

	if (!first->record)
		return;
	dmk_ranges_remove(ranges, &first->range);
	for (extent = first->next; extent; extent = next) {
		next = extent->next;
		dmk_ranges_remove(ranges, &extent->range);
		dmk_pile_put(&shadow->extent_pile, extent);
	}
}

static void forget_memory(struct dmk_shadow *shadow, const struct dmk_record *record)
{
	if (!shadow->memory || !record->memory.record || record->kind == DMK_RECORD_ALLOCATION)
		return;
	for (const struct dmk_extent *extent = &record->memory; extent; extent = extent->next)
		shadow->memory(shadow->memory_ctx, extent->range.first,
			       extent->range.last - extent->range.first + 1, false);
}

void dmk_record_retire(struct dmk_shadow *shadow, struct dmk_record *record,
		       const struct dmk_trace *where)
{
	struct dmk_watched *device = record->device;

	if (record->kind != DMK_RECORD_POOL_PAGE && record->bus.record) {
		for (struct dmk_extent *extent = record->bus.next; extent; extent = extent->next)
			dmk_history_add(shadow->history, record, extent, where, ++shadow->serial);
		dmk_history_add(shadow->history, record, &record->bus, where, ++shadow->serial);
	}
	unlink_extents(shadow, &record->bus, &device->live);
	forget_memory(shadow, record);
	record->excused = true; /* its bytes are nobody's from here on */
	dmk_record_tell(shadow, record, 0, ~0ULL);
	unlink_extents(shadow, &record->memory, memory_of(shadow, record));
	dmk_turns_clear(&record->turns);
	if (is_found_by_cpu(record))
		dmk_index_remove(&shadow->by_cpu, &record->by_cpu);
	shadow->live--;
	dmk_pile_put(&shadow->record_pile, record);
}

void dmk_records_retire_all(struct dmk_shadow *shadow, struct dmk_watched *device)
{
	struct dmk_record *record, *older;

	for (record = dmk_shadow_records(device); record; record = older) {
		older = record->older;
		dmk_record_retire(shadow, record, record->mapped);
	}
}

/* The record that it is the first piece of; NULL: of none. */
static struct dmk_record *first_piece_of(struct dmk_range *range)
{
	struct dmk_extent *extent = DMK_AROUND(range, struct dmk_extent, range);

	return extent == &extent->record->bus ? extent->record : NULL;
}

static void list_record(void *list, struct dmk_range *range)
{
	struct dmk_record **head = list, *record = first_piece_of(range);

	if (!record)
		return;
	record->older = *head;
	*head = record;
}

/* Two lists, each newest first, into one. */
static struct dmk_record *merged(struct dmk_record *a, struct dmk_record *b)
{
	struct dmk_record *head = NULL, **end = &head;

	while (a && b) {
		struct dmk_record **newer = a->serial > b->serial ? &a : &b;

		*end = *newer;
		end = &(*newer)->older;
		*newer = *end;
	}
	*end = a ? a : b;
	return head;
}

/* Sorted by merging lists of 1, 2, 4, ... as they come: [i] is empty, or of 2^i. */
struct dmk_record *dmk_shadow_records(const struct dmk_watched *device)
{
	struct dmk_record *sorted[64] = {NULL}, *list = NULL, *record, *all = NULL;
	unsigned int i;

	dmk_ranges_each(&device->live, list_record, &list);
	while ((record = list)) {
		list = record->older;
		record->older = NULL;
		for (i = 0; sorted[i]; i++) {
			record = merged(sorted[i], record);
			sorted[i] = NULL;
		}
		sorted[i] = record;
	}
	for (i = 0; i < 64; i++)
		all = merged(sorted[i], all);
	return all;
}

static struct dmk_record *record_by_cpu(struct dmk_link *link)
{
	return link ? DMK_AROUND(link, struct dmk_record, by_cpu) : NULL;
}

static struct dmk_record *record_at(const struct dmk_watched *device, uint64_t dma,
				    const struct dmk_range *after)
{
	struct dmk_range *range = dmk_ranges_at(&device->live, dma, after);

	while (range && !first_piece_of(range))
		range = dmk_ranges_at(&device->live, dma, range);
	return range ? first_piece_of(range) : NULL;
}

struct dmk_record *dmk_record_at(const struct dmk_watched *device, uint64_t dma)
{
	return record_at(device, dma, NULL);
}

struct dmk_record *dmk_record_at_more(const struct dmk_record *record)
{
	return record_at(record->device, record->dma, &record->bus.range);
}

struct dmk_record *dmk_record_of_cpu(const struct dmk_shadow *shadow, const void *cpu)
{
	return record_by_cpu(dmk_index_find(&shadow->by_cpu, (uintptr_t)cpu));
}

struct dmk_record *dmk_record_of_cpu_more(const struct dmk_record *record)
{
	return record_by_cpu(dmk_index_more(&record->by_cpu));
}

struct dmk_extent *dmk_live_touching(const struct dmk_watched *device, uint64_t first,
				     uint64_t last, const struct dmk_extent *after)
{
	struct dmk_range *range = dmk_ranges_touching(&device->live, first, last,
						      after ? &after->range : NULL);

	return range ? DMK_AROUND(range, struct dmk_extent, range) : NULL;
}

struct dmk_extent *dmk_live_holding(const struct dmk_watched *device, uint64_t dma)
{
	struct dmk_extent *extent = NULL, *page = NULL;

	while ((extent = dmk_live_touching(device, dma, dma, extent))) {
		if (extent->record->kind != DMK_RECORD_POOL_PAGE)
			return extent;
		page = extent;
	}
	return page;
}

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

/* --- pools ------------------------------------------------------------------------------------ */

struct dmk_watched_pool *dmk_shadow_pool(const struct dmk_shadow *shadow, const void *pool)
{
	struct dmk_link *link = dmk_index_find(&shadow->pools, (uintptr_t)pool);

	return link ? DMK_AROUND(link, struct dmk_watched_pool, by_pointer) : NULL;
}

struct dmk_watched_pool *dmk_shadow_pool_new(struct dmk_shadow *shadow, struct dmk_watched *device,
					     const void *pool, const char *name)
{
	struct dmk_watched_pool *watched = dmk_pile_get(&shadow->pool_pile);

	if (!watched)
		return NULL;
	watched->pool = pool;
	watched->device = device;
	dmk_text_copy(watched->name, sizeof(watched->name), name);
	watched->next = device->pools;
	if (watched->next)
		watched->next->previous = watched;
	device->pools = watched;
	dmk_index_add(&shadow->pools, &watched->by_pointer, (uintptr_t)pool);
	return watched;
}

void dmk_shadow_pool_gone(struct dmk_shadow *shadow, struct dmk_watched_pool *pool)
{
	struct dmk_record *record, *older;

	for (record = dmk_shadow_records(pool->device); record; record = older) {
		older = record->older;
		if (record->pool == pool)
			dmk_record_retire(shadow, record, record->mapped);
	}
	dmk_index_remove(&shadow->pools, &pool->by_pointer);
	if (pool->previous)
		pool->previous->next = pool->next;
	else
		pool->device->pools = pool->next;
	if (pool->next)
		pool->next->previous = pool->previous;
	dmk_pile_put(&shadow->pool_pile, pool);
}

/* --- transfers -------------------------------------------------------------------------------- */

void dmk_transfer_begin(struct dmk_shadow *shadow, struct dmk_watched *device,
			const struct dmk_event *event)
{
	struct dmk_transfer *transfer = dmk_pile_get(&shadow->transfer_pile);

	if (!transfer)
		return;
	transfer->device = device;
	transfer->dir = event->dir;
	dmk_range_set(&transfer->range, event->dma.v, event->size);
	dmk_ranges_insert(&device->transfers, &transfer->range);
	dmk_index_add(&shadow->transfers, &transfer->by_cookie, event->cookie);
}

void dmk_transfer_end(struct dmk_shadow *shadow, uint64_t cookie)
{
	struct dmk_link *link = dmk_index_find(&shadow->transfers, cookie);

	if (link)
		transfer_drop(shadow, DMK_AROUND(link, struct dmk_transfer, by_cookie));
}
