/* SPDX-License-Identifier: MIT */
/*
 * The plain case: a driver maps a buffer of a page or two, asks whether that failed, has the device
 * write it, and unmaps it as it was mapped. Nobody has anything to say about that, so nobody needs
 * the checker to himself: a thread goes in by the gate and works on two leaves of ranges, the one
 * of the bus address and the one of the memory, each with its own lock, one at a time.
 *
 * What is decided here is that there is nothing to decide. Each function looks for all that the
 * judge of its event looks for, and where any of it might be there it changes nothing, says false,
 * and the judge gets the event. So the rules are in the judges alone, and what is not sure to be
 * plain is not plain.
 *
 * Shared by those inside, and by what:
 *   a leaf's chains and bits, .checked, .turns and .turned of the records in a chain of bus
 *     addresses: the leaf's lock
 *   everything else of a record in a chain: nobody writes it
 *   a record in no chain, and all of a seat: its thread's
 *   the tables of leaves, treaps, devices, masks, traces, freed memory, transfers: nobody writes
 *     them
 * A map enters the memory first and the bus address then, an unmap leaves in the other order: by
 * its bus address a record is found with both, and who meets its memory alone finds it touched, and
 * closes the gate behind who is at it.
 *
 * Numbers of events (.serial) grow with what happens at one bus address, and from everything before
 * a closed gate to everything after it: a leaf has the last one given in it, as a seat has. Between
 * others they say nothing, and nothing is asked of them.
 */
#include "plain.h"

#include <string.h>

#include <dmakit/os.h>

#include "leaf.h"
#include "range_tree.h"

/* Linux's values; observer.h passes attributes as the driver gave them. */
#define ATTRS_TO_JUDGE                                                       \
	(DMK_ATTR_SKIP_CPU_SYNC | DMK_ATTR_MMIO | DMK_ATTR_CPU_CACHE_CLEAN | \
	 DMK_ATTR_REQUIRE_COHERENT)

enum {
	SPARE_MOST = 256,   /* records that a seat keeps */
	SPARE_TAKEN = 64,   /* how many it gets or gives at a time */
	UNCOUNTED_MOST = 32 /* records by which the count of the live ones may be behind, a seat */
};

/* --- what a thread has to do it with ---------------------------------------------------------- */

static struct dmk_extent *extent_of(struct dmk_range *range)
{
	return DMK_AROUND(range, struct dmk_extent, range);
}

/* A device came or went: what the seat knows of any may not be so. */
static void look_anew(const struct dmk_shadow *shadow, struct dmk_seat *seat)
{
	if (seat->devices == shadow->device_changes)
		return;
	seat->dev = NULL;
	seat->device = NULL; /* of a call without one, too */
	seat->master = NULL;
	seat->devices = shadow->device_changes;
}

static struct dmk_watched *device_of(const struct dmk_shadow *shadow, struct dmk_seat *seat,
				     const struct dmk_dev *dev)
{
	struct dmk_link *link;

	if (__builtin_expect(seat->dev == dev && seat->devices == shadow->device_changes, 1))
		return seat->device;
	link = dmk_index_find(&shadow->devices, (uintptr_t)dev);
	if (!link)
		return NULL;
	look_anew(shadow, seat);
	seat->dev = dev;
	seat->device = DMK_AROUND(link, struct dmk_watched, by_pointer);
	return seat->device;
}

/* The kept copy of its stack; NULL: there is none yet. */
static const struct dmk_trace *trace_of(const struct dmk_checker *checker, struct dmk_seat *seat,
					const struct dmk_stack *stack)
{
	const uintptr_t first = stack->depth ? (uintptr_t)stack->frame[0] : 0;
	const struct dmk_trace **mine = &seat->trace[(first ^ first >> 5) % DMK_SEAT_TRACES];
	const struct dmk_trace *trace;

	if (__builtin_expect(*mine && dmk_trace_is(*mine, stack), 1))
		return *mine;
	trace = dmk_trace_find(&checker->traces, stack);
	if (trace && stack->depth)
		*mine = trace;
	return trace;
}

static struct dmk_watched *master_of(const struct dmk_shadow *shadow, struct dmk_seat *seat,
				     uint32_t requester)
{
	if (__builtin_expect(seat->master && seat->requester == requester &&
				     seat->devices == shadow->device_changes,
			     1))
		return seat->master;
	look_anew(shadow, seat);
	seat->requester = requester;
	seat->master = dmk_shadow_requester(shadow, requester);
	return seat->master;
}

static void put_spare(struct dmk_seat *seat, struct dmk_record *record)
{
	record->bus.range.left = seat->spare ? &seat->spare->bus.range : NULL;
	seat->spare = record;
	seat->nr_spare++;
}

/* There is one. */
static struct dmk_record *take_spare(struct dmk_seat *seat)
{
	struct dmk_record *record = seat->spare;
	struct dmk_range *next = record->bus.range.left;

	seat->spare = next ? extent_of(next)->record : NULL;
	seat->nr_spare--;
	return record;
}

void dmk_plain_stock(struct dmk_checker *checker, struct dmk_seat *seat)
{
	struct dmk_pile *pile = &checker->shadow.record_pile;
	struct dmk_record *record;

	if (!seat->history)
		seat->history = dmk_history_new(&checker->shadow);
	while (seat->nr_spare > SPARE_MOST - SPARE_TAKEN) {
		record = take_spare(seat);
		dmk_pile_put(pile, record);
	}
	while (seat->nr_spare < SPARE_TAKEN && (record = dmk_pile_get(pile))) {
		record->bus.record = record;
		put_spare(seat, record);
	}
}

void dmk_plain_fold(struct dmk_checker *checker)
{
	struct dmk_check_totals *totals = &checker->totals;
	struct dmk_shadow *shadow = &checker->shadow;
	const uint32_t n = __atomic_load_n(&checker->gate.nr_seats, __ATOMIC_RELAXED);
	int64_t live = 0, peak = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct dmk_seat *seat = &checker->gate.seat[i];

		if (!seat->moved)
			continue;
		seat->moved = false;
		live += seat->live;
		peak += seat->peak;
		seat->live = 0;
		seat->peak = 0;
		if (seat->clock > shadow->serial)
			shadow->serial = seat->clock;
		totals->maps += seat->totals.maps;
		totals->unmaps += seat->totals.unmaps;
		totals->bytes_mapped += seat->totals.bytes_mapped;
		totals->bounced += seat->totals.bounced;
		totals->bytes_bounced += seat->totals.bytes_bounced;
		totals->device_accesses += seat->totals.device_accesses;
		memset(&seat->totals, 0, sizeof(seat->totals));
	}
	if (shadow->live + peak > totals->live_high_water)
		totals->live_high_water = shadow->live + peak;
	shadow->live += live;
}

/* A number for what happens in @leaf, whose lock is held: higher than all before it there. */
static uint64_t tick(const struct dmk_shadow *shadow, struct dmk_seat *seat, struct dmk_leaf *leaf)
{
	uint64_t now = seat->clock;

	if (now < leaf->clock)
		now = leaf->clock;
	if (now < shadow->serial)
		now = shadow->serial;
	leaf->clock = ++now;
	seat->clock = now;
	return now;
}

/* --- what may be in the way ------------------------------------------------------------------- */

/* The leaf of [first, last], if that is small; NULL: it has none, or is not. */
static inline struct dmk_leaf *leaf_of(const struct dmk_ranges *ranges, uint64_t first,
				       uint64_t last)
{
	return first <= last && dmk_is_small(first, last)
		       ? dmk_leaf_find(ranges, dmk_leaf_number(first))
		       : NULL;
}

/* Whether one of those that are in no leaf touches it. */
static bool is_in_tree(const struct dmk_ranges *ranges, uint64_t first, uint64_t last)
{
	return __builtin_expect(ranges->root != NULL, 0) &&
	       dmk_tree_touching(ranges->root, first, last, NULL);
}

static bool is_in_leaf(const struct dmk_leaf *leaf, uint64_t first, uint64_t last)
{
	for (uint64_t left = dmk_leaf_near(leaf, first, last); left; left &= left - 1)
		for (const struct dmk_range *range = leaf->cell[__builtin_ctzll(left)]; range;
		     range = range->left)
			if (range->first <= last && range->last >= first)
				return true;
	return false;
}

/* Of ranges that nobody changes while the gate is open. */
static inline bool is_any_there(const struct dmk_ranges *ranges, uint64_t first, uint64_t last)
{
	const struct dmk_leaf *leaf;

	if (!ranges->slots && !ranges->root)
		return false;
	leaf = dmk_leaf_find(ranges, dmk_leaf_number(first));
	return (leaf && is_in_leaf(leaf, first, last)) || is_in_tree(ranges, first, last);
}

static bool is_plain_kind(const struct dmk_event *event)
{
	return event->map_kind == DMK_MAP_SINGLE || event->map_kind == DMK_MAP_PAGE ||
	       event->map_kind == DMK_MAP_PHYS;
}

/* Of dmk_judge_request(): a direction, memory, a mask, a driver. */
static bool is_good_request(const struct dmk_watched *device, const struct dmk_event *event)
{
	return (unsigned int)event->dir <= DMK_FROM_DEVICE &&
	       (event->map_kind != DMK_MAP_SINGLE || event->address_kind == DMK_ADDRESS_DIRECT) &&
	       !device->let_go[0] && device->streaming.used && !device->streaming.refused;
}

/* Of dmk_judge_neighbours(): the lines are its own, or don't matter. */
static bool has_own_lines(const struct dmk_shadow *shadow, const struct dmk_event *event)
{
	return event->coherent || !((event->phys.v | event->size) & (shadow->cache_line - 1));
}

/* --- map -------------------------------------------------------------------------------------- */

static void fill(struct dmk_record *record, struct dmk_watched *device,
		 const struct dmk_event *event, const struct dmk_trace *where)
{
	/* All but the turns: a spare record has none. */
	memset(record, 0, offsetof(struct dmk_record, turns));
	record->bus.range.first = event->dma.v;
	record->bus.range.last = event->dma.v + (event->size - 1);
	record->bus.record = record;
	record->memory.range.first = event->phys.v;
	record->memory.range.last = event->phys.v + (event->size - 1);
	record->memory.record = record;
	record->bus_bytes = event->size;
	record->memory_bytes = event->size;
	record->device = device;
	record->kind = DMK_RECORD_MAPPING;
	record->map_kind = event->map_kind;
	record->dir = event->dir;
	record->bounced = event->bounced;
	record->coherent = event->coherent;
	record->dma = event->dma.v;
	record->phys = event->phys.v;
	record->size = event->size;
	record->cpu = event->cpu;
	record->attrs = event->attrs;
	record->nents = event->nents;
	record->mapped_nents = event->mapped_nents;
	record->mapped = where;
}

/* STR-09: into the memory that is mapped, if nothing else is in its lines. */
static bool enter_memory(struct dmk_shadow *shadow, struct dmk_leaf *leaf,
			 struct dmk_record *record)
{
	struct dmk_range *range = &record->memory.range;
	const uint64_t line = shadow->cache_line - 1;
	bool alone;

	if (is_in_tree(&shadow->mapped_memory, range->first & ~line, range->last | line))
		return false;
	dmk_leaf_lock(leaf);
	alone = !is_in_leaf(leaf, range->first & ~line, range->last | line);
	if (alone)
		dmk_leaf_push(leaf, range);
	dmk_leaf_unlock(leaf);
	return alone;
}

static void count_map(struct dmk_seat *seat, const struct dmk_event *event)
{
	seat->moved = true;
	seat->totals.maps++;
	seat->totals.bytes_mapped += event->size;
	if (++seat->live > seat->peak)
		seat->peak = seat->live;
	if (!event->bounced)
		return;
	seat->totals.bounced++;
	seat->totals.bytes_bounced += event->size;
}

static bool map(struct dmk_checker *checker, struct dmk_seat *seat, const struct dmk_event *event,
		const struct dmk_stack *stack)
{
	struct dmk_shadow *shadow = &checker->shadow;
	struct dmk_watched *device = device_of(shadow, seat, event->dev);
	const uint64_t reach = event->size - 1, phys = event->phys.v, dma = event->dma.v;
	struct dmk_record *record = seat->spare;
	const struct dmk_trace *where;
	struct dmk_leaf *bus, *memory;

	if (!device || !record || !event->size || event->attrs & ATTRS_TO_JUDGE ||
	    seat->live >= UNCOUNTED_MOST || !is_good_request(device, event) ||
	    !has_own_lines(shadow, event))
		return false;
	bus = leaf_of(&device->live, dma, dma + reach);
	memory = leaf_of(&shadow->mapped_memory, phys, phys + reach);
	where = trace_of(checker, seat, stack);
	if (!bus || !memory || !where || is_any_there(&shadow->freed, phys, phys + reach) ||
	    is_any_there(&shadow->consistent_memory, phys, phys + reach))
		return false;
	take_spare(seat);
	fill(record, device, event, where);
	if (!enter_memory(shadow, memory, record)) {
		put_spare(seat, record);
		return false;
	}
	if (shadow->memory) {
		shadow->memory(shadow->memory_ctx, phys, event->size, true);
		dmk_memory_lent(shadow, &record->memory.range);
	}
	dmk_leaf_lock(bus);
	record->serial = tick(shadow, seat, bus);
	dmk_leaf_push(bus, &record->bus.range);
	dmk_leaf_unlock(bus);
	count_map(seat, event);
	return true;
}

/* --- did it fail? ----------------------------------------------------------------------------- */

static bool mapping_error(struct dmk_checker *checker, struct dmk_seat *seat,
			  const struct dmk_event *event)
{
	const struct dmk_watched *device = device_of(&checker->shadow, seat, event->dev);
	const uint64_t dma = event->dma.v;
	struct dmk_range *range;
	struct dmk_leaf *leaf;

	leaf = device ? dmk_leaf_find(&device->live, dmk_leaf_number(dma)) : NULL;
	if (!leaf || is_in_tree(&device->live, dma, dma))
		return false;
	dmk_leaf_lock(leaf);
	range = dmk_chain_at(leaf->cell[dmk_cell(dma)], dma);
	while (range && extent_of(range)->record->checked)
		range = dmk_chain_at(range->left, dma);
	if (range)
		extent_of(range)->record->checked = true;
	dmk_leaf_unlock(leaf);
	return true;
}

/* --- unmap ------------------------------------------------------------------------------------ */

static bool same_kind(enum dmk_map_kind a, enum dmk_map_kind b)
{
	return (a == DMK_MAP_PHYS) == (b == DMK_MAP_PHYS);
}

/* Of dmk_judge_unmap(): the unmap repeats the map, which was a plain one and was asked about. */
static bool repeats(const struct dmk_record *record, const struct dmk_event *event)
{
	return record->kind == DMK_RECORD_MAPPING && record->checked && !record->excused &&
	       record->map_kind <= DMK_MAP_PHYS && record->map_kind != DMK_MAP_SG &&
	       record->map_kind != DMK_MAP_RESOURCE &&
	       same_kind(record->map_kind, event->map_kind) && record->size == event->size &&
	       record->dir == event->dir && !(record->attrs & ATTRS_TO_JUDGE) && !record->freed &&
	       record->memory.range.right == &record->memory.range;
}

/* The one that is unmapped, out of its chain; NULL: judge it. The leaf's lock is held. */
static struct dmk_record *leave_bus(const struct dmk_watched *device, struct dmk_leaf *leaf,
				    const struct dmk_event *event)
{
	struct dmk_range *range = dmk_chain_at(leaf->cell[dmk_cell(event->dma.v)], event->dma.v);
	struct dmk_record *record = range ? extent_of(range)->record : NULL;

	if (!record || range != &record->bus.range || !repeats(record, event) ||
	    dmk_chain_at(range->left, event->dma.v) ||
	    is_any_there(&device->transfers, range->first, range->last) ||
	    is_any_there(&device->work, range->first, range->last))
		return NULL;
	dmk_leaf_remove(leaf, range);
	return record;
}

static void leave_memory(struct dmk_shadow *shadow, struct dmk_record *record)
{
	struct dmk_range *range = &record->memory.range;
	struct dmk_leaf *leaf = dmk_leaf_find(&shadow->mapped_memory,
					      dmk_leaf_number(range->first));

	if (shadow->memory)
		shadow->memory(shadow->memory_ctx, record->phys, record->size, false);
	dmk_leaf_lock(leaf);
	dmk_leaf_remove(leaf, range);
	dmk_leaf_unlock(leaf);
}

static bool unmap(struct dmk_checker *checker, struct dmk_seat *seat, const struct dmk_event *event,
		  const struct dmk_stack *stack)
{
	struct dmk_shadow *shadow = &checker->shadow;
	struct dmk_watched *device = device_of(shadow, seat, event->dev);
	const uint64_t dma = event->dma.v;
	const struct dmk_trace *where;
	struct dmk_record *record;
	struct dmk_leaf *leaf;
	uint64_t now;

	leaf = device ? dmk_leaf_find(&device->live, dmk_leaf_number(dma)) : NULL;
	where = trace_of(checker, seat, stack);
	if (!leaf || !where || !seat->history || event->attrs & ATTRS_TO_JUDGE ||
	    seat->nr_spare >= SPARE_MOST || seat->live <= -UNCOUNTED_MOST ||
	    is_in_tree(&device->live, dma, dma))
		return false;
	dmk_leaf_lock(leaf);
	record = leave_bus(device, leaf, event);
	now = record ? tick(shadow, seat, leaf) : 0;
	dmk_leaf_unlock(leaf);
	if (!record)
		return false;
	leave_memory(shadow, record);
	dmk_history_add(seat->history, record, &record->bus, where, now);
	if (record->turned)
		dmk_turns_clear(&record->turns);
	put_spare(seat, record);
	seat->moved = true;
	seat->live--;
	seat->totals.unmaps++;
	return true;
}

/* --- the device ------------------------------------------------------------------------------- */

/* The one live piece that touches [first, last], if it holds all of it; NULL: judge it. */
static struct dmk_record *sole_holder(const struct dmk_leaf *leaf, uint64_t first, uint64_t last)
{
	struct dmk_range *holder = NULL;

	for (uint64_t left = dmk_leaf_near(leaf, first, last); left; left &= left - 1)
		for (struct dmk_range *range = leaf->cell[__builtin_ctzll(left)]; range;
		     range = range->left) {
			if (range->first > last || range->last < first)
				continue;
			if (holder || range->first > first || range->last < last)
				return NULL;
			holder = range;
		}
	return holder ? extent_of(holder)->record : NULL;
}

static bool may(const struct dmk_record *record, bool write)
{
	return record->kind == DMK_RECORD_MAPPING && !record->bus.next &&
	       record->dir != (write ? DMK_TO_DEVICE : DMK_FROM_DEVICE);
}

/*
 * Of dmk_judge_turn(): the CPU has done nothing to it since it was mapped, and what the device
 * reads was handed over.
 */
static bool is_all_the_device_s(const struct dmk_record *record, bool write)
{
	const struct dmk_turns *turns = &record->turns;

	return !record->turned || (!turns->cpu.n && !turns->dirty.n && !turns->seen.n &&
				   (write || !turns->unsynced.n));
}

static bool device_access(struct dmk_checker *checker, struct dmk_seat *seat,
			  const struct dmk_event *event)
{
	const struct dmk_watched *device = master_of(&checker->shadow, seat, event->requester);
	const uint64_t first = event->dma.v, last = first + (event->size - 1);
	struct dmk_record *record;
	struct dmk_leaf *leaf;
	bool done;

	if (!device || !event->size || event->result || device->spaces || device->freed)
		return false;
	leaf = leaf_of(&device->live, first, last);
	if (!leaf || is_in_tree(&device->live, first, last))
		return false;
	dmk_leaf_lock(leaf);
	record = sole_holder(leaf, first, last);
	done = record && may(record, event->write) && is_all_the_device_s(record, event->write);
	if (done && event->write && dmk_record_is_judged(record)) {
		record->turned = true;
		done = dmk_turns_written(&record->turns, first - record->dma, last - record->dma);
	}
	dmk_leaf_unlock(leaf);
	if (!done)
		return false;
	seat->moved = true;
	seat->totals.device_accesses++;
	return true;
}

/* --- the gate --------------------------------------------------------------------------------- */

static bool inside(struct dmk_checker *checker, struct dmk_seat *seat,
		   const struct dmk_event *event, const struct dmk_stack *stack)
{
	/*
	 * After a list mistake the next event that is no part of it must be seen, and after torn
	 * stores what their device does next.
	 */
	if (checker->mistaken_entry || checker->order.nr_torn)
		return false;
	switch (event->kind) {
	case DMK_EVENT_MAP:
		return map(checker, seat, event, stack);
	case DMK_EVENT_MAPPING_ERROR:
		return mapping_error(checker, seat, event);
	case DMK_EVENT_UNMAP:
		return unmap(checker, seat, event, stack);
	default:
		return device_access(checker, seat, event);
	}
}

bool dmk_plain(struct dmk_checker *checker, struct dmk_seat *seat, const struct dmk_event *event,
	       const struct dmk_stack *stack)
{
	bool done;

	if (event->kind != DMK_EVENT_DEVICE_ACCESS && event->kind != DMK_EVENT_MAPPING_ERROR &&
	    !is_plain_kind(event))
		return false;
	if (!dmk_gate_enter(&checker->gate, seat))
		return false;
	done = inside(checker, seat, event, stack);
	dmk_gate_leave(seat);
	return done;
}
