/* SPDX-License-Identifier: MIT */
/*
 * Bounce buffers: the calls. A mapping gets a run of slots in one of the pools that the device may
 * use, or, when these are full and there may be more, memory of its own; its bytes are copied there
 * and back.
 *
 * Not here: whether to bounce (direct.c), how slots are found (bounce_area.c), what pools there are
 * (bounce_setup.c, bounce_grow.c).
 */
#include "bounce_slots.h"
#include "copy.h"
#include "lock.h"
#include "text.h"

/* --- which pools ------------------------------------------------------------------------------ */

static inline struct dmk_slot_pool *pool_at(const struct dmk_bounce *source, dmk_phys phys)
{
	const size_t n = dmk_nr_pools(source);

	for (size_t i = 0; i < n; i++) {
		const struct dmk_range memory = source->pools[i]->memory;

		if (phys.v - memory.first <= memory.last - memory.first)
			return source->pools[i];
	}
	return NULL;
}

struct dmk_slot_pool *dmk_pool_at(const struct dmk_bounce *source, dmk_phys phys)
{
	return pool_at(source, phys);
}

bool dmk_bounce_has(const struct dmk_dev *dev, dmk_phys phys)
{
	struct dmk_transient *transient;

	if (!dev->bounce)
		return false;
	if (pool_at(dev->bounce, phys))
		return true;
	transient = dmk_transient_at(dev->bounce, phys);
	if (transient)
		dmk_transient_put(transient);
	return transient;
}

/* What is nearly always so: the device reaches the whole pool through its first window. */
static inline bool reaches_all(const struct dmk_slot_pool *pool, const struct dmk_dev *dev,
			       uint64_t limit, struct dmk_wanted *wanted)
{
	if (!dmk_window_by_first(dev->bus, true, pool->memory, &wanted->bus) ||
	    wanted->bus + (pool->memory.last - pool->memory.first) > limit)
		return false;
	wanted->slots = (struct dmk_range){0, pool->nr_slots - 1};
	wanted->all_slots = true;
	return true;
}

/*
 * Which slots of the pool the device can address, and at which bus address the pool stands for it.
 */
static __attribute__((__noinline__)) bool reached_slots(const struct dmk_slot_pool *pool,
							const struct dmk_dev *dev, uint64_t limit,
							struct dmk_wanted *wanted)
{
	const struct dmk_bus *bus = dev->bus;
	struct dmk_range part;

	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		const struct dmk_window *window = &bus->windows[i];

		if (!dmk_window_part(window, limit, &part) ||
		    !dmk_range_common(part, pool->memory, &part))
			continue;
		wanted->slots.first = (part.first - pool->memory.first + DMK_SLOT_SIZE - 1) >>
				      DMK_SLOT_SHIFT;
		wanted->slots.last = (part.last - pool->memory.first + 1) >> DMK_SLOT_SHIFT;
		if (wanted->slots.last <= wanted->slots.first)
			continue;
		wanted->slots.last--;
		wanted->all_slots = !wanted->slots.first &&
				    wanted->slots.last == pool->nr_slots - 1;
		wanted->bus = window->bus + (pool->memory.first - window->phys.v);
		return true;
	}
	return false;
}

struct dmk_slot_pool *dmk_pool_usable(const struct dmk_bounce *source, const struct dmk_dev *dev,
				      struct dmk_wanted *wanted)
{
	const uint64_t limit = dmk_streaming_limit(dev);
	const size_t n = dmk_nr_pools(source);

	while (wanted->next_pool < n) {
		struct dmk_slot_pool *pool = source->pools[wanted->next_pool++];
		const bool reached = reaches_all(pool, dev, limit, wanted) ||
				     reached_slots(pool, dev, limit, wanted);

		if (pool == source->pools[0])
			wanted->narrow = !reached || !wanted->all_slots;
		/* What lies low is kept for devices that have to have it. */
		if (reached && (!pool->low || wanted->narrow))
			return pool;
	}
	return NULL;
}

/* --- how much --------------------------------------------------------------------------------- */

/* The longest part of a range of bus addresses that crosses no boundary. */
static uint64_t longest_part(struct dmk_range bus, uint64_t boundary)
{
	uint64_t head, tail;

	if (!((bus.first ^ bus.last) & ~boundary))
		return dmk_range_bytes(bus);
	head = (bus.first | boundary) - bus.first + 1;
	tail = bus.last - (bus.first | boundary);
	if (tail > boundary)
		return boundary + 1;
	return head > tail ? head : tail;
}

/* The longest run in one segment of a pool that the device reaches. */
static uint64_t room_in_pool(const struct dmk_wanted *wanted)
{
	const struct dmk_range slots = wanted->slots;
	uint64_t room = 0;

	for (uint64_t first = slots.first; first <= slots.last;) {
		const uint64_t in_segment = DMK_SEGMENT_SLOTS - first % DMK_SEGMENT_SLOTS;
		const uint64_t left = slots.last - first + 1;
		const uint64_t n = left < in_segment ? left : in_segment;
		const uint64_t bus = wanted->bus + (first << DMK_SLOT_SHIFT);
		const uint64_t part =
			longest_part((struct dmk_range){bus, bus + ((n << DMK_SLOT_SHIFT) - 1)},
				     wanted->boundary);

		room = part > room ? part : room;
		if (room >= dmk_longest_run(wanted->boundary))
			break;
		first += n;
	}
	return room;
}

/* 0: the device reaches no pool. */
static uint64_t room_for(const struct dmk_dev *dev)
{
	struct dmk_wanted wanted = {.boundary = dmk_boundary_of(dev)};
	uint64_t room = 0;

	if (!dev->bounce || !dev->bus || !dev->dma_mask)
		return 0;
	while (room < dmk_longest_run(wanted.boundary) &&
	       dmk_pool_usable(dev->bounce, dev, &wanted)) {
		const uint64_t of_pool = room_in_pool(&wanted);

		room = of_pool > room ? of_pool : room;
	}
	return room;
}

/*
 * What the device asked to be kept may move a run up from where it could begin; and a run begins at
 * a slot.
 */
static size_t what_fits(const struct dmk_dev *dev, uint64_t room)
{
	const uint64_t lost = dmk_align_up(dev->min_align_mask,
					   room < DMK_SLOT_SIZE ? 1 : DMK_SLOT_SIZE);

	return lost < room ? (size_t)(room - lost) : 0;
}

size_t dmk_bounce_max_mapping(const struct dmk_dev *dev)
{
	uint64_t room;

	if (!dev)
		return 0;
	room = room_for(dev);
	return what_fits(dev, room ? room : dmk_longest_run(dmk_boundary_of(dev)));
}

/*
 * The offset in the page is kept, so that a buffer that a device fetches in pages is fetched the
 * same way; but for one that then would not fit into a run. What the device asked for by its
 * min_align_mask is kept always.
 */
static uint64_t bits_to_keep(const struct dmk_dev *dev, const struct dmk_wanted *wanted)
{
	const uint64_t in_page = DMK_PAGE_SIZE - 1;

	if ((wanted->phys & in_page) + wanted->size > dmk_longest_run(wanted->boundary))
		return dev->min_align_mask;
	return dev->min_align_mask | in_page;
}

/* --- bytes ------------------------------------------------------------------------------------ */

void dmk_bounce_copy_out(const struct dmk_dev *dev, char *cpu, dmk_phys at, dmk_phys to,
			 size_t size)
{
	if (!dev->bus->coherent)
		dmk_cache_invalidate(at, size);
	if (!dmk_copy_to_phys(to, cpu, size))
		dmk_log(DMK_LOG_ERR, dev,
			"bounce buffer: no address space to copy received bytes to high memory");
}

static char *cpu_of(const struct dmk_slot_pool *pool, dmk_phys phys)
{
	return pool->cpu + (phys.v - pool->memory.first);
}

/* --- map -------------------------------------------------------------------------------------- */

/* dmk_pool_usable() from the first on, which is nearly always that one. */
static inline struct dmk_slot_pool *first_usable(const struct dmk_dev *dev,
						 struct dmk_wanted *wanted)
{
	const struct dmk_bounce *source = dev->bounce;

	wanted->next_pool = 0;
	if (!dmk_nr_pools(source) || source->pools[0]->low ||
	    !reaches_all(source->pools[0], dev, dmk_streaming_limit(dev), wanted))
		return dmk_pool_usable(source, dev, wanted);
	wanted->narrow = false;
	wanted->next_pool = 1;
	return source->pools[0];
}

/* NONE, or NO_ROOM, or UNREACHABLE: the device reaches no pool. */
static enum dmk_reason take_in_pools(struct dmk_dev *dev, struct dmk_wanted *wanted,
				     enum dmk_direction dir, struct dmk_slot_pool **pool,
				     dmk_phys *slots)
{
	enum dmk_reason reason = DMK_REASON_UNREACHABLE;

	for (*pool = first_usable(dev, wanted); *pool;
	     *pool = dmk_pool_usable(dev->bounce, dev, wanted)) {
		if (dmk_slots_take(*pool, dev, wanted, dir, slots))
			return DMK_REASON_NONE;
		reason = DMK_REASON_NO_ROOM;
	}
	return reason;
}

static enum dmk_reason take(struct dmk_dev *dev, struct dmk_wanted *wanted, enum dmk_direction dir,
			    struct dmk_slot_pool **pool, dmk_phys *slots)
{
	enum dmk_reason reason;
	uint64_t room;

	wanted->keep = bits_to_keep(dev, wanted);
	reason = take_in_pools(dev, wanted, dir, pool, slots);
	if (reason != DMK_REASON_NO_ROOM)
		return reason;
	room = room_for(dev);
	if (wanted->size > what_fits(dev, room))
		return DMK_REASON_TOO_LARGE;
	/*
	 * The device reaches so few slots that a run of this size has not always one with the
	 * page's offset.
	 */
	if (wanted->size + DMK_PAGE_SIZE > room && wanted->keep != dev->min_align_mask) {
		wanted->keep = dev->min_align_mask;
		return take_in_pools(dev, wanted, dir, pool, slots);
	}
	return reason;
}

/* The pools that the device may use are full, or it reaches none. */
static enum dmk_reason map_beyond(struct dmk_dev *dev, struct dmk_wanted *wanted,
				  enum dmk_direction dir, unsigned long attrs,
				  enum dmk_reason reason, dmk_dma *dma)
{
	const bool asked = dmk_bounce_ask_growth(dev->bounce, dev, wanted->narrow);

	if (asked && dmk_transient_take(dev->bounce, dev, wanted, dir, dma))
		return DMK_REASON_NONE;
	if (!asked && reason == DMK_REASON_UNREACHABLE)
		return reason;
	dmk_bounce_refused(dev, wanted->size, attrs);
	return DMK_REASON_NO_ROOM;
}

static enum dmk_reason map_anywhere(struct dmk_dev *dev, struct dmk_range phys,
				    enum dmk_direction dir, unsigned long attrs, dmk_dma *dma)
{
	struct dmk_wanted wanted = {.phys = phys.first, .boundary = dmk_boundary_of(dev)};
	const uint64_t bytes = dmk_range_bytes(phys);
	struct dmk_slot_pool *pool;
	enum dmk_reason reason;
	dmk_phys slots;

	if (bytes > what_fits(dev, dmk_longest_run(wanted.boundary)))
		return room_for(dev) ? DMK_REASON_TOO_LARGE : DMK_REASON_UNREACHABLE;
	wanted.size = (size_t)bytes;
	reason = take(dev, &wanted, dir, &pool, &slots);
	if (reason == DMK_REASON_TOO_LARGE)
		return reason;
	if (reason != DMK_REASON_NONE)
		return map_beyond(dev, &wanted, dir, attrs, reason, dma);
	if (!dmk_bounce_copy_in(dev, cpu_of(pool, slots), slots, DMK_PHYS(phys.first), wanted.size))
		goto undo_take;
	*dma = DMK_DMA(wanted.bus + (slots.v - pool->memory.first));
	return DMK_REASON_NONE;

undo_take:
	dmk_slots_end(pool, dev, slots, false);
	return DMK_REASON_NO_ROOM;
}

enum dmk_reason dmk_bounce_map(struct dmk_dev *dev, struct dmk_range phys, enum dmk_direction dir,
			       unsigned long attrs, dmk_dma *dma)
{
	enum dmk_reason reason;

	if (!dev->bounce)
		return DMK_REASON_UNREACHABLE;
	return dmk_bounce_map_hot(dev, phys, dir, dmk_streaming_limit(dev), false, &reason, dma)
		       ? reason
		       : map_anywhere(dev, phys, dir, attrs, dma);
}

/* --- unmap, sync ------------------------------------------------------------------------------ */

static bool unmap_transient(struct dmk_dev *dev, dmk_phys phys, bool copy)
{
	struct dmk_transient *transient = dmk_transient_at(dev->bounce, phys);

	if (!transient)
		return false;
	dmk_transient_end(transient, dev, phys, copy);
	dmk_transient_put(transient);
	return true;
}

bool dmk_bounce_unmap(struct dmk_dev *dev, dmk_phys phys, enum dmk_direction dir,
		      unsigned long attrs)
{
	const bool copy = dir != DMK_TO_DEVICE && !(attrs & DMK_ATTR_SKIP_CPU_SYNC);
	struct dmk_slot_pool *pool;
	struct dmk_run *run;

	if (!dev->bounce)
		return false;
	pool = pool_at(dev->bounce, phys);
	if (!pool)
		return unmap_transient(dev, phys, copy);
	run = dmk_slots_end(pool, dev, phys, copy);
	if (!run)
		return true;
	dmk_bounce_copy_out(dev, cpu_of(pool, phys), phys, run->phys, run->size);
	dmk_slots_give(pool, run);
	return true;
}

/* A part of a mapping that is to be copied. */
struct part {
	struct dmk_transient *held; /* to be put afterwards, or NULL */
	char *cpu;
	dmk_phys buffer;
	struct dmk_range slots;
	bool found;
};

/* false: it is no bounce memory. */
static bool part_find(const struct dmk_dev *dev, struct dmk_range slots, struct part *part)
{
	struct dmk_slot_pool *pool;

	*part = (struct part){.slots = slots};
	if (!dev->bounce)
		return false;
	pool = pool_at(dev->bounce, DMK_PHYS(slots.first));
	if (pool) {
		part->found = dmk_slots_part(pool, dev, &part->slots, &part->buffer);
		part->cpu = cpu_of(pool, DMK_PHYS(part->slots.first));
		/* Memory that the device was given as it is has its caches seen to as any other. */
		return part->found || pool->kind != DMK_BOUNCE_RESTRICTED ||
		       !dmk_slots_are_pages(pool, dev, DMK_PHYS(slots.first));
	}
	part->held = dmk_transient_at(dev->bounce, DMK_PHYS(slots.first));
	part->found = part->held &&
		      dmk_transient_part(part->held, dev, &part->slots, &part->buffer, &part->cpu);
	return part->held;
}

static void part_put(struct part *part)
{
	if (part->held)
		dmk_transient_put(part->held);
}

bool dmk_bounce_sync_for_cpu(struct dmk_dev *dev, struct dmk_range slots, enum dmk_direction dir)
{
	struct part part;

	if (!part_find(dev, slots, &part))
		return false;
	if (part.found && (dir == DMK_FROM_DEVICE || dir == DMK_BIDIRECTIONAL))
		dmk_bounce_copy_out(dev, part.cpu, DMK_PHYS(part.slots.first), part.buffer,
				    dmk_range_bytes(part.slots));
	part_put(&part);
	return true;
}

bool dmk_bounce_sync_for_device(struct dmk_dev *dev, struct dmk_range slots, enum dmk_direction dir)
{
	struct part part;

	if (!part_find(dev, slots, &part))
		return false;
	if (part.found && (dir == DMK_TO_DEVICE || dir == DMK_BIDIRECTIONAL) &&
	    !dmk_bounce_copy_in(dev, part.cpu, DMK_PHYS(part.slots.first), part.buffer,
				dmk_range_bytes(part.slots)))
		dmk_log(DMK_LOG_ERR, dev,
			"bounce buffer: no address space to copy bytes to send from high memory");
	part_put(&part);
	return true;
}

/* --- consistent memory of a restricted region ------------------------------------------------- */

/* Which slots the device reaches with its coherent mask. */
static struct dmk_slot_pool *pages_pool(const struct dmk_dev *dev, struct dmk_wanted *wanted)
{
	if (!dev || !dev->bus || !dmk_bounce_memory(dev) || !dmk_nr_pools(dev->bounce) ||
	    !reached_slots(dev->bounce->pools[0], dev, dmk_coherent_limit(dev), wanted))
		return NULL;
	return dev->bounce->pools[0];
}

bool dmk_bounce_take_pages(struct dmk_dev *dev, size_t size, size_t align, dmk_phys *phys)
{
	struct dmk_wanted wanted;
	struct dmk_slot_pool *pool = pages_pool(dev, &wanted);

	if (!pool || !size || (size | align) & (DMK_PAGE_SIZE - 1) || !dmk_is_power_of_two(align) ||
	    size > dmk_range_bytes(pool->memory) || align > dmk_range_bytes(pool->memory))
		return false;
	return dmk_slots_take_pages(pool, dev, size, align, wanted.slots, phys);
}

bool dmk_bounce_give_pages(struct dmk_dev *dev, dmk_phys phys, size_t size)
{
	struct dmk_slot_pool *pool;

	if (!dev || !dev->bus || !dmk_bounce_memory(dev))
		return false;
	pool = pool_at(dev->bounce, phys);
	return pool && dmk_slots_give_pages(pool, dev, phys, size);
}

void *dmk_bounce_address(const struct dmk_dev *dev, dmk_phys phys)
{
	struct dmk_slot_pool *pool = pool_at(dev->bounce, phys);

	return pool ? cpu_of(pool, phys) : NULL;
}

/* --- questions -------------------------------------------------------------------------------- */

bool dmk_bounce_active(const struct dmk_dev *dev)
{
	return dev && dev->bounce && dmk_nr_pools(dev->bounce);
}

bool dmk_bounce_force(const struct dmk_dev *dev)
{
	return dev && dev->bounce && dmk_bounce_forced(dev);
}

bool dmk_bounce_for_alloc(const struct dmk_dev *dev)
{
	return dev && dev->bus && dmk_bounce_memory(dev);
}

bool dmk_bounce_buffer(const struct dmk_dev *dev, dmk_phys phys)
{
	return dev && dmk_bounce_has(dev, phys);
}
