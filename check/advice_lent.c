/* SPDX-License-Identifier: MIT */
/*
 * What is lent to devices, from the call that lends it to the one that ends it: counted on the
 * driver's call. Nothing is judged right or wrong; what fits nothing that is lent is left alone.
 *
 * Of a sync it is asked whether it was of use, as soon as the bytes change hands again:
 *
 *	map ---(CPU touched nothing)--- sync for device           the map had done it
 *	sync for CPU ---(CPU touched nothing)--- unmap            the unmap does it again
 *	(device wrote nothing) sync for CPU (CPU touched nothing) nobody needed it
 *	(CPU wrote nothing) sync for device (device touched nothing)
 *
 * A touch of any byte of a mapping counts for all of it: a sync is called of no use too rarely
 * rather than too often.
 */
#include "advice.h"
#include "findings.h"


/* Memory that consistent memory would do as well for is small, and changes hands all the time. */
enum { SHARED_SYNCS = 16, SHARED_BYTES = 16384 };

static uint64_t whole(uint64_t bytes, uint64_t unit)
{
	return unit ? (bytes + unit - 1) / unit * unit : bytes;
}

/* --- what is lent ----------------------------------------------------------------------------- */

static bool add_piece(struct dmk_advisor *advisor, struct dmk_ranges *ranges,
		      struct dmk_piece_lent *first, bool *has, struct dmk_lent *lent,
		      uint64_t address, uint64_t size, uint64_t offset)
{
	struct dmk_piece_lent *piece = first;

	if (!size)
		return true;
	if (*has) {
		piece = dmk_pile_get(&advisor->piece_pile);
		if (!piece)
			return false;
		piece->next = first->next;
		first->next = piece;
	}
	*has = true;
	piece->lent = lent;
	piece->offset = offset;
	dmk_range_set(&piece->range, address, size);
	dmk_ranges_insert(ranges, &piece->range);
	return true;
}

static void add_bus(struct dmk_advisor *advisor, struct dmk_lent *lent,
		    const struct dmk_event *event)
{
	struct dmk_ranges *bus = &lent->device->bus;
	uint64_t offset = 0;

	if (event->map_kind != DMK_MAP_SG || !event->sg || event->kind != DMK_EVENT_MAP) {
		add_piece(advisor, bus, &lent->bus, &lent->has_bus, lent, event->dma.v, lent->size,
			  0);
		return;
	}
	for (unsigned int i = 0; i < event->nents && i < event->mapped_nents; i++) {
		if (!add_piece(advisor, bus, &lent->bus, &lent->has_bus, lent, event->sg[i].dma.v,
			       event->sg[i].dma_length, offset))
			return;
		offset += event->sg[i].dma_length;
	}
}

static void add_memory(struct dmk_advisor *advisor, struct dmk_lent *lent,
		       const struct dmk_event *event)
{
	struct dmk_range piece;

	for (unsigned int i = 0; dmk_memory_piece(event, i, &piece); i++)
		if (piece.last > piece.first || event->size)
			add_piece(advisor, &advisor->memory, &lent->memory, &lent->has_memory, lent,
				  piece.first, piece.last - piece.first + 1, 0);
}

static void drop_pieces(struct dmk_advisor *advisor, struct dmk_ranges *ranges,
			struct dmk_piece_lent *first, bool has)
{
	struct dmk_piece_lent *piece, *next;

	if (!has)
		return;
	dmk_ranges_remove(ranges, &first->range);
	for (piece = first->next; piece; piece = next) {
		next = piece->next;
		dmk_ranges_remove(ranges, &piece->range);
		dmk_pile_put(&advisor->piece_pile, piece);
	}
}

static void drop(struct dmk_advisor *advisor, struct dmk_lent *lent)
{
	drop_pieces(advisor, &lent->device->bus, &lent->bus, lent->has_bus);
	drop_pieces(advisor, &advisor->memory, &lent->memory, lent->has_memory);
	lent->device->addresses -= lent->addresses;
	dmk_pile_put(&advisor->lent_pile, lent);
}

static struct dmk_piece_lent *piece_at(const struct dmk_seen *device, uint64_t dma,
				       const struct dmk_piece_lent *after)
{
	struct dmk_range *range = dmk_ranges_touching(&device->bus, dma, dma,
						      after ? &after->range : NULL);

	return range ? DMK_AROUND(range, struct dmk_piece_lent, range) : NULL;
}

/* What begins at @dma: of several, the one that is as the call says. */
static struct dmk_lent *lent_at(const struct dmk_seen *device, const struct dmk_event *event,
				bool mapping)
{
	struct dmk_lent *found = NULL;
	struct dmk_range *range = NULL;

	while ((range = dmk_ranges_at(&device->bus, event->dma.v, range))) {
		struct dmk_lent *lent = DMK_AROUND(range, struct dmk_piece_lent, range)->lent;

		if (lent->dma != event->dma.v || lent->mapping != mapping)
			continue;
		if (!found || (lent->dir == event->dir &&
			       (event->map_kind == DMK_MAP_SG || lent->size == event->size)))
			found = lent;
	}
	return found;
}

/* --- what it costs ---------------------------------------------------------------------------- */

/* Of @bytes that change hands, those that the machine has to copy, or to clean from its caches. */
static uint64_t moved(const struct dmk_lent *lent, uint64_t bytes)
{
	if (lent->bounced)
		return bytes < lent->bounced ? bytes : lent->bounced;
	return lent->coherent ? 0 : bytes;
}

static void count_bounced(struct dmk_call *call, const struct dmk_lent *lent,
			  const struct dmk_event *event)
{
	const struct dmk_use *use = &lent->device->use;

	call->bounced[event->cause].times++;
	call->bounced[event->cause].bytes += lent->bounced;
	call->mask = lent->device->mask;
	if (use->slot_size)
		call->slots += whole(lent->bounced, use->granule > use->slot_size
							    ? use->granule
							    : use->slot_size) /
			       use->slot_size;
}

static void count_addresses(struct dmk_call *call, struct dmk_lent *lent)
{
	const uint64_t granule = lent->device->use.granule;
	struct dmk_seen *device = lent->device;

	for (const struct dmk_piece_lent *piece = &lent->bus; piece && granule && lent->has_bus;
	     piece = piece->next)
		lent->addresses += whole(piece->range.first % granule + piece->range.last -
						 piece->range.first + 1,
					 granule);
	call->addresses += lent->addresses;
	device->addresses += lent->addresses;
	if (device->addresses > device->addresses_most)
		device->addresses_most = device->addresses;
}

static void count_begin(struct dmk_call *call, struct dmk_lent *lent, const struct dmk_event *event)
{
	call->times++;
	call->bytes += lent->size;
	call->device = lent->device;
	call->dir_varies |= call->dir != lent->dir;
	call->live++;
	call->live_bytes += lent->size;
	if (call->live > call->live_most)
		call->live_most = call->live;
	if (call->live_bytes > call->live_bytes_most)
		call->live_bytes_most = call->live_bytes;
	if (lent->bounced)
		count_bounced(call, lent, event);
	count_addresses(call, lent);
}

static void count_end(struct dmk_advisor *advisor, const struct dmk_lent *lent)
{
	const uint64_t held = advisor->options.now() - lent->since;
	struct dmk_call *call = lent->call;

	call->live--;
	call->live_bytes -= lent->size;
	call->ended++;
	call->held += held;
	if (held > call->held_longest)
		call->held_longest = held;
}

/* --- whether syncs were of use ---------------------------------------------------------------- */

enum next { NEXT_SYNC, NEXT_UNMAP, NEXT_END };

static void judge_for_cpu(const struct dmk_advisor *advisor, const struct dmk_lent *lent,
			  enum next next)
{
	const struct dmk_turn_since *now = &lent->now;

	if (now->cpu_read || now->cpu_wrote)
		return;
	if (next == NEXT_UNMAP)
		now->sync->idle[DMK_IDLE_BESIDE_UNMAP]++;
	else if (advisor->sees_dma && !now->fresh)
		now->sync->idle[DMK_IDLE_NOBODY]++;
}

/* The bytes change hands: what of the sync that gave them to who had them so far? */
static void judge_last_sync(const struct dmk_advisor *advisor, struct dmk_lent *lent,
			    enum next next)
{
	const struct dmk_turn_since *now = &lent->now;

	if (!now->sync || !advisor->options.sees_cpu)
		return;
	if (now->sync->role == DMK_CALL_SYNC_CPU)
		judge_for_cpu(advisor, lent, next);
	else if (advisor->sees_dma && !now->cpu_wrote_before && !now->device_read &&
		 !now->device_wrote)
		now->sync->idle[DMK_IDLE_NOBODY]++;
}

/* True: it did what the map had done. */
static bool judge_beside_map(const struct dmk_advisor *advisor, const struct dmk_lent *lent,
			     struct dmk_call *sync)
{
	if (!advisor->options.sees_cpu || sync->role != DMK_CALL_SYNC_DEVICE || lent->now.sync ||
	    !lent->mapping || lent->skipped || lent->now.cpu_read || lent->now.cpu_wrote)
		return false;
	sync->idle[DMK_IDLE_BESIDE_MAP]++;
	return true;
}

static void hand_over(struct dmk_advisor *advisor, struct dmk_lent *lent, struct dmk_call *sync)
{
	const struct dmk_turn_since before = lent->now;
	const bool judged = judge_beside_map(advisor, lent, sync);

	judge_last_sync(advisor, lent, NEXT_SYNC);
	/* What is judged already counts as of use from now on. */
	lent->now = (struct dmk_turn_since){.sync = sync,
					    .fresh = before.device_wrote,
					    .cpu_wrote_before = before.cpu_wrote || judged};
}

static bool is_shared(const struct dmk_lent *lent)
{
	if (lent->syncs_cpu < SHARED_SYNCS || lent->size > SHARED_BYTES)
		return false;
	if (lent->dir == DMK_BIDIRECTIONAL)
		return lent->read && lent->written;
	return lent->dir == DMK_FROM_DEVICE && 2 * lent->syncs_stale >= lent->syncs_cpu;
}

/* --- events ----------------------------------------------------------------------------------- */

static enum dmk_call_role role_of(const struct dmk_event *event)
{
	return event->kind == DMK_EVENT_ALLOC || event->kind == DMK_EVENT_ALLOC_FAILED
		       ? DMK_CALL_ALLOC
		       : DMK_CALL_MAP;
}

void dmk_lent_refused(struct dmk_advisor *advisor, const struct dmk_event *event)
{
	struct dmk_call *call = dmk_call_of(advisor, event, role_of(event));

	if (call)
		call->failed++;
}

/* Once for each that is made: nothing here depends on who made it. */
static void fill(struct dmk_lent *lent, const struct dmk_event *event)
{
	const bool registers = dmk_is_registers(event->map_kind, event->attrs);

	lent->map_kind = event->map_kind;
	lent->dir = event->dir;
	lent->mapping = event->kind == DMK_EVENT_MAP;
	lent->turns = lent->mapping || event->alloc_kind != DMK_KIND_COHERENT;
	lent->skipped = event->attrs & DMK_ATTR_SKIP_CPU_SYNC;
	lent->coherent = event->coherent || registers || !lent->mapping;
	lent->dma = event->dma.v;
	lent->size = dmk_event_bytes(event);
	lent->bounced = event->bounced_bytes;
	lent->low = ~0ULL;
}

static void begins_again(struct dmk_advisor *advisor, struct dmk_lent *lent)
{
	const struct dmk_range *memory = &lent->memory.range;

	if (!lent->has_memory || !lent->mapping)
		return;
	if (dmk_known_before(advisor, lent, memory->first, memory->last - memory->first + 1))
		lent->call->again++;
	else
		lent->call->buffers++;
}

void dmk_lent_begin(struct dmk_advisor *advisor, const struct dmk_event *event)
{
	struct dmk_call *call = dmk_call_of(advisor, event, role_of(event));
	struct dmk_seen *device = dmk_seen_of(advisor, event->dev);
	struct dmk_lent *lent = call && device ? dmk_pile_get(&advisor->lent_pile) : NULL;

	if (!lent)
		return;
	lent->call = call;
	lent->device = device;
	fill(lent, event);
	lent->since = advisor->options.now();
	add_bus(advisor, lent, event);
	if (lent->turns && !dmk_is_registers(event->map_kind, event->attrs))
		add_memory(advisor, lent, event);
	count_begin(call, lent, event);
	begins_again(advisor, lent);
	if (lent->mapping && !lent->skipped)
		call->moved += moved(lent, lent->size);
}

static void end(struct dmk_advisor *advisor, struct dmk_lent *lent, enum next next)
{
	struct dmk_call *call = lent->call;
	uint64_t last = 0;

	judge_last_sync(advisor, lent, next);
	count_end(advisor, lent);
	if (next == NEXT_UNMAP && lent->dir != DMK_TO_DEVICE)
		last = moved(lent, lent->size);
	call->moved += last;
	call->last_moved += last;
	if (is_shared(lent)) {
		call->shared++;
		call->shared_syncs += lent->syncs;
		call->shared_moved += lent->syncs_moved;
	}
	drop(advisor, lent);
}

void dmk_lent_end(struct dmk_advisor *advisor, const struct dmk_event *event)
{
	const bool mapping = event->kind == DMK_EVENT_UNMAP;
	struct dmk_seen *device = dmk_seen_of(advisor, event->dev);
	struct dmk_lent *lent = device ? lent_at(device, event, mapping) : NULL;

	if (lent && event->reason == DMK_REASON_NONE)
		end(advisor, lent,
		    mapping && !(event->attrs & DMK_ATTR_SKIP_CPU_SYNC) ? NEXT_UNMAP : NEXT_END);
}

void dmk_lent_end_links(struct dmk_advisor *advisor, const struct dmk_event *event)
{
	struct dmk_seen *device = dmk_seen_of(advisor, event->dev);
	struct dmk_range all, *range = NULL;

	if (!device || event->reason != DMK_REASON_NONE || !event->size)
		return;
	dmk_range_set(&all, event->dma.v, event->size);
	while ((range = dmk_ranges_touching(&device->bus, all.first, all.last, range))) {
		struct dmk_lent *lent = DMK_AROUND(range, struct dmk_piece_lent, range)->lent;

		if (lent->map_kind != DMK_MAP_LINK || !lent->mapping)
			continue;
		end(advisor, lent, NEXT_UNMAP);
		range = NULL;
	}
}

void dmk_lent_forget(struct dmk_advisor *advisor, struct dmk_seen *device)
{
	struct dmk_range *range;

	while ((range = dmk_ranges_any(&device->bus)))
		drop(advisor, DMK_AROUND(range, struct dmk_piece_lent, range)->lent);
}

/* A list's is what begins there; else the one that holds the bytes. */
static struct dmk_lent *lent_synced(const struct dmk_seen *device, const struct dmk_event *event)
{
	struct dmk_piece_lent *piece = NULL;

	while ((piece = piece_at(device, event->dma.v, piece)))
		if (piece->lent->turns &&
		    (event->map_kind != DMK_MAP_SG || piece->lent->dma == event->dma.v))
			return piece->lent;
	return NULL;
}

static void count_sync(struct dmk_call *call, struct dmk_lent *lent, uint64_t bytes)
{
	const bool for_cpu = call->role == DMK_CALL_SYNC_CPU;
	uint64_t cost = 0;

	/* For a device that only writes there is nothing to copy, but caches to clean. */
	if (for_cpu ? lent->dir != DMK_TO_DEVICE : lent->dir != DMK_FROM_DEVICE || !lent->bounced)
		cost = moved(lent, bytes);
	call->moved += cost;
	lent->syncs++;
	lent->syncs_moved += cost;
	if (!for_cpu)
		return;
	lent->syncs_cpu++;
	lent->syncs_stale += !lent->now.device_wrote;
}

void dmk_lent_sync(struct dmk_advisor *advisor, const struct dmk_event *event)
{
	struct dmk_call *call = dmk_call_of(advisor, event,
					    event->kind == DMK_EVENT_SYNC_FOR_CPU
						    ? DMK_CALL_SYNC_CPU
						    : DMK_CALL_SYNC_DEVICE);
	struct dmk_seen *device = dmk_seen_of(advisor, event->dev);
	struct dmk_lent *lent = device ? lent_synced(device, event) : NULL;
	const uint64_t bytes = dmk_event_bytes(event);

	if (!call)
		return;
	call->times++;
	call->bytes += bytes;
	call->device = device;
	if (!lent)
		return;
	count_sync(call, lent, bytes);
	hand_over(advisor, lent, call);
}

/* --- who touches it --------------------------------------------------------------------------- */

static uint64_t extent(const struct dmk_lent *lent)
{
	return lent->low > lent->high ? 0 : lent->high - lent->low + 1;
}

static void touch(struct dmk_lent *lent, bool write, uint64_t first, uint64_t last)
{
	const bool first_time = lent->low > lent->high;
	struct dmk_call *call = lent->call;
	bool *way = write ? &lent->written : &lent->read;

	if (first_time) {
		call->touched++;
		call->touched_of += lent->size;
	}
	if (!*way)
		*(write ? &call->written : &call->read) += 1;
	*way = true;
	*(write ? &lent->now.device_wrote : &lent->now.device_read) = true;
	call->touched_bytes -= extent(lent);
	if (first < lent->low)
		lent->low = first;
	if (first_time || last > lent->high)
		lent->high = last;
	call->touched_bytes += extent(lent);
}

void dmk_lent_touched(struct dmk_advisor *advisor, const struct dmk_event *event)
{
	struct dmk_link *link = dmk_index_find(&advisor->requesters, event->requester);
	struct dmk_range access, *range = NULL;
	const struct dmk_seen *device;

	if (!link || event->result || !event->size)
		return;
	device = DMK_AROUND(link, struct dmk_seen, by_requester);
	dmk_range_set(&access, event->dma.v, event->size);
	while ((range = dmk_ranges_touching(&device->bus, access.first, access.last, range))) {
		const struct dmk_piece_lent *piece = DMK_AROUND(range, struct dmk_piece_lent,
								range);
		const uint64_t first = access.first > range->first ? access.first : range->first;
		const uint64_t last = access.last < range->last ? access.last : range->last;

		touch(piece->lent, event->write, piece->offset + first - range->first,
		      piece->offset + last - range->first);
	}
}

void dmk_lent_touched_by_cpu(struct dmk_advisor *advisor, const struct dmk_event *event)
{
	struct dmk_range access, *range = NULL;

	if (!event->size)
		return;
	dmk_range_set(&access, event->phys.v, event->size);
	while ((range = dmk_ranges_touching(&advisor->memory, access.first, access.last, range))) {
		struct dmk_turn_since *now =
			&DMK_AROUND(range, struct dmk_piece_lent, range)->lent->now;

		*(event->write ? &now->cpu_wrote : &now->cpu_read) = true;
	}
}
