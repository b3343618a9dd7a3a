/* SPDX-License-Identifier: MIT */
/*
 * Bounce buffers. A pool is memory below the device's limit, cut into slots of 2 KiB and segments of 128 slots; a mapping is a run of
 * slots in one segment. What is known of a run is in records beside the pool, where no device can write.
 *
 * A slot's record:
 *
 *	FREE --map--> HELD --unmap--> LEAVING --(bytes are out)--> FREE
 *
 * The first record of a run has the mapping; the others say how far back it is. LEAVING keeps a second unmap of the same
 * address from copying, and from freeing what the next owner holds.
 *
 * Not here: whether to bounce (direct.c), and where the pool's size comes from (bounce_setup.c).
 */
#include "bounce.h"
#include "bounce_pool.h"
#include "copy.h"
#include "lock.h"
#include "text.h"
#include "window.h"

/* --- where a run can lie ------------------------------------------------------------------------------------------ */

/* What is looked for: @size bytes whose bus address agrees with the buffer's in the bits of @keep. */
struct wanted {
	uint64_t phys; /* the buffer's */
	size_t size;
	uint64_t keep;
	uint64_t boundary;      /* mask; no run crosses it */
	struct dmk_range slots; /* of the pool: those that the device reaches */
	uint64_t bus;           /* of the pool's first byte, if it were reached */
};

struct place {
	size_t slot; /* first of the run */
	size_t count;
	size_t offset; /* of the first byte, in its slot */
};

struct dmk_bounce *dmk_bounce_pool(const struct dmk_dev *dev, dmk_phys phys)
{
	struct dmk_bounce *pool;

	for (pool = dev->bounce; pool; pool = pool->next) {
		if (phys.v - pool->memory.first <= pool->memory.last - pool->memory.first)
			return pool;
	}
	return NULL;
}

/* Which slots of the pool the device can address, and at which bus address the pool stands for it. */
static bool reached_slots(const struct dmk_bounce *pool, const struct dmk_dev *dev,
			  struct wanted *wanted)
{
	const struct dmk_bus *bus = dev->bus;
	struct dmk_range part;

	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		const struct dmk_window *window = &bus->windows[i];

		if (!dmk_window_part(window, dmk_streaming_limit(dev), &part) ||
		    !dmk_range_common(part, pool->memory, &part))
			continue;
		wanted->slots.first = (part.first - pool->memory.first + DMK_SLOT_SIZE - 1) >>
				      DMK_SLOT_SHIFT;
		wanted->slots.last = (part.last - pool->memory.first + 1) >> DMK_SLOT_SHIFT;
		if (wanted->slots.last <= wanted->slots.first)
			continue;
		wanted->slots.last--;
		wanted->bus = window->bus + (pool->memory.first - window->phys.v);
		return true;
	}
	return false;
}

/* The first pool from @pool on that the device reaches some of; NULL: none. */
static struct dmk_bounce *reached_pool(struct dmk_bounce *pool, const struct dmk_dev *dev,
				       struct wanted *wanted)
{
	while (pool && !reached_slots(pool, dev, wanted))
		pool = pool->next;
	return pool;
}

/* Where to ask after @pool was full. What lies lower is kept for devices that don't reach all of this one. */
static struct dmk_bounce *next_pool(struct dmk_bounce *pool, const struct dmk_dev *dev,
				    struct wanted *wanted)
{
	if (wanted->slots.first == 0 && wanted->slots.last == pool->nr_slots - 1)
		return NULL;
	return reached_pool(pool->next, dev, wanted);
}

size_t dmk_bounce_max_mapping(const struct dmk_dev *dev)
{
	uint64_t lost = dmk_align_up(dev->min_align_mask, DMK_SLOT_SIZE);

	return lost < DMK_SEGMENT_SIZE ? DMK_SEGMENT_SIZE - lost : 0;
}

static uint64_t boundary_of(const struct dmk_dev *dev)
{
	return dev->segment_boundary ? dev->segment_boundary : 0xffffffffULL;
}

/*
 * The offset in the page is kept, so that a buffer that a device fetches in pages is fetched the same way; but for one that then
 * would not fit into a segment. What the device asked for by its min_align_mask is kept always.
 */
static uint64_t bits_to_keep(const struct dmk_dev *dev, uint64_t phys, size_t size)
{
	const uint64_t in_page = DMK_PAGE_SIZE - 1;

	if ((phys & in_page) + size > DMK_SEGMENT_SIZE)
		return dev->min_align_mask;
	return dev->min_align_mask | in_page;
}

/* Whether a run may begin in @slot, by address; fills @place. Whether its slots are free is another question. */
static bool fits_at(const struct wanted *wanted, size_t slot, struct place *place)
{
	const uint64_t slot_bus = wanted->bus + ((uint64_t)slot << DMK_SLOT_SHIFT);
	const uint64_t offset = (wanted->phys - slot_bus) & wanted->keep;
	const uint64_t first = slot_bus + offset;
	const uint64_t last = first + (wanted->size - 1);

	if (offset >= DMK_SLOT_SIZE || ((first ^ last) & ~wanted->boundary))
		return false;
	*place = (struct place){slot, (offset + wanted->size + DMK_SLOT_SIZE - 1) >> DMK_SLOT_SHIFT,
				offset};
	return slot >= wanted->slots.first && slot + place->count - 1 <= wanted->slots.last;
}

/* The last of the slots that is taken, or NULL: all are free. */
static const struct dmk_slot *last_taken(const struct dmk_bounce *pool, const struct place *place)
{
	for (size_t i = place->count; i-- > 0;) {
		if (pool->slots[place->slot + i].state != DMK_SLOT_FREE)
			return &pool->slots[place->slot + i];
	}
	return NULL;
}

static bool find_in_segment(const struct dmk_bounce *pool, size_t segment,
			    const struct wanted *wanted, struct place *place)
{
	const size_t end = (segment + 1) * DMK_SEGMENT_SLOTS;
	const struct dmk_slot *taken;
	size_t slot = segment * DMK_SEGMENT_SLOTS;

	while (slot < end) {
		if (!fits_at(wanted, slot, place)) {
			slot++;
			continue;
		}
		if (slot + place->count > end)
			return false;
		taken = last_taken(pool, place);
		if (!taken)
			return true;
		slot = taken - pool->slots + 1;
	}
	return false;
}

static bool find_place(const struct dmk_bounce *pool, const struct wanted *wanted,
		       struct place *place)
{
	const size_t needed = (wanted->size + DMK_SLOT_SIZE - 1) >> DMK_SLOT_SHIFT;

	for (size_t i = 0; i < pool->nr_segments; i++) {
		size_t segment = (pool->next_segment + i) % pool->nr_segments;

		if (pool->free_in_segment[segment] >= needed &&
		    find_in_segment(pool, segment, wanted, place))
			return true;
	}
	return false;
}

/* --- taking and giving back; the pool's lock is held -------------------------------------------------------------- */

static void take_run(struct dmk_bounce *pool, struct dmk_dev *dev, const struct wanted *wanted,
		     const struct place *place, enum dmk_direction dir)
{
	struct dmk_slot *head = &pool->slots[place->slot];

	for (size_t i = 0; i < place->count; i++) {
		head[i].state = DMK_SLOT_HELD;
		head[i].back = (uint8_t)i;
	}
	head->count = (uint8_t)place->count;
	head->offset = (uint16_t)place->offset;
	head->dir = (uint8_t)dir;
	head->size = (uint32_t)wanted->size;
	head->phys = DMK_PHYS(wanted->phys);
	head->dev = dev;
	pool->free_in_segment[place->slot / DMK_SEGMENT_SLOTS] -= (uint8_t)place->count;
	pool->next_segment = place->slot / DMK_SEGMENT_SLOTS;
	pool->used += place->count;
	if (pool->used > pool->high_water)
		pool->high_water = pool->used;
}

static void free_run(struct dmk_bounce *pool, struct dmk_slot *head)
{
	const size_t count = head->count;

	for (size_t i = 0; i < count; i++)
		head[i].state = DMK_SLOT_FREE;
	pool->free_in_segment[(head - pool->slots) / DMK_SEGMENT_SLOTS] += (uint8_t)count;
	pool->used -= count;
}

/* The run that the byte lies in, if the device holds one there. */
static struct dmk_slot *run_at(struct dmk_bounce *pool, const struct dmk_dev *dev,
			       uint64_t slot_phys)
{
	struct dmk_slot *slot = &pool->slots[(slot_phys - pool->memory.first) >> DMK_SLOT_SHIFT];
	struct dmk_slot *head = slot - slot->back;

	return slot->state == DMK_SLOT_HELD && head->dev == dev ? head : NULL;
}

static uint64_t run_first(const struct dmk_bounce *pool, const struct dmk_slot *head)
{
	return pool->memory.first + ((uint64_t)(head - pool->slots) << DMK_SLOT_SHIFT) +
	       head->offset;
}

/* --- bytes -------------------------------------------------------------------------------------------------------- */

/* The slots are always written out: a dirty line that stayed could be laid over what the device writes. */
static bool copy_in(const struct dmk_dev *dev, uint64_t slot_phys, dmk_phys from, size_t size)
{
	bool copied = dmk_copy_from_phys(dmk_direct(DMK_PHYS(slot_phys)), from, size);

	if (!dev->bus->coherent)
		dmk_cache_flush(DMK_PHYS(slot_phys), size);
	return copied;
}

static void copy_out(const struct dmk_dev *dev, uint64_t slot_phys, dmk_phys to, size_t size)
{
	if (!dev->bus->coherent)
		dmk_cache_invalidate(DMK_PHYS(slot_phys), size);
	if (!dmk_copy_to_phys(to, dmk_direct(DMK_PHYS(slot_phys)), size))
		dmk_log(DMK_LOG_ERR, dev,
			"bounce buffer: no address space to copy received bytes to high memory");
}

/* --- the calls ---------------------------------------------------------------------------------------------------- */

static void say_full(struct dmk_bounce *pool, const struct dmk_dev *dev, size_t size, size_t used,
		     uint64_t refused)
{
	struct dmk_text text = {.used = 0};

	if (!dmk_log_due(refused))
		return;
	dmk_text_say(&text, "bounce buffer is full: no room for ");
	dmk_text_number(&text, size);
	dmk_text_say(&text, " bytes, ");
	dmk_text_number(&text, used);
	dmk_text_say(&text, " of ");
	dmk_text_number(&text, pool->nr_slots);
	dmk_text_say(&text, " slots used, ");
	dmk_text_number(&text, refused);
	dmk_text_say(&text, " refused so far");
	dmk_log(DMK_LOG_WARNING, dev, text.data);
}

static bool take_place(struct dmk_bounce *pool, struct dmk_dev *dev, const struct wanted *wanted,
		       enum dmk_direction dir, struct place *place)
{
	unsigned long flags = dmk_lock_take(&pool->lock);
	bool found = find_place(pool, wanted, place);

	if (found)
		take_run(pool, dev, wanted, place, dir);
	dmk_lock_drop(&pool->lock, flags);
	return found;
}

static void count_refusal(struct dmk_bounce *pool, const struct dmk_dev *dev, size_t size,
			  unsigned long attrs)
{
	unsigned long flags = dmk_lock_take(&pool->lock);
	uint64_t refused = ++pool->refused;
	size_t used = pool->used;

	dmk_lock_drop(&pool->lock, flags);
	if (!(attrs & DMK_ATTR_NO_WARN))
		say_full(pool, dev, size, used, refused);
}

enum dmk_reason dmk_bounce_map(struct dmk_dev *dev, struct dmk_range phys, enum dmk_direction dir,
			       unsigned long attrs, dmk_dma *dma)
{
	struct wanted wanted = {.phys = phys.first, .boundary = boundary_of(dev)};
	struct dmk_bounce *first = reached_pool(dev->bounce, dev, &wanted), *pool = first;
	uint64_t slot_phys, bytes = dmk_range_bytes(phys);
	unsigned long flags;
	struct place place;

	if (!first)
		return DMK_REASON_UNREACHABLE;
	if (bytes > dmk_bounce_max_mapping(dev))
		return DMK_REASON_TOO_LARGE;
	wanted.size = (size_t)bytes;
	wanted.keep = bits_to_keep(dev, phys.first, wanted.size);
	while (pool && !take_place(pool, dev, &wanted, dir, &place))
		pool = next_pool(pool, dev, &wanted);
	if (!pool) {
		count_refusal(first, dev, wanted.size, attrs);
		return DMK_REASON_NO_ROOM;
	}
	slot_phys = run_first(pool, &pool->slots[place.slot]);
	if (!copy_in(dev, slot_phys, DMK_PHYS(phys.first), wanted.size))
		goto undo_take;
	*dma = DMK_DMA(wanted.bus + (slot_phys - pool->memory.first));
	return DMK_REASON_NONE;

undo_take:
	flags = dmk_lock_take(&pool->lock);
	free_run(pool, &pool->slots[place.slot]);
	dmk_lock_drop(&pool->lock, flags);
	return DMK_REASON_NO_ROOM;
}

static struct dmk_slot *start_leaving(struct dmk_bounce *pool, const struct dmk_dev *dev,
				      dmk_phys slot_phys)
{
	unsigned long flags = dmk_lock_take(&pool->lock);
	struct dmk_slot *head = run_at(pool, dev, slot_phys.v);

	if (head && run_first(pool, head) != slot_phys.v)
		head = NULL;
	for (size_t i = 0; head && i < head->count; i++)
		head[i].state = DMK_SLOT_LEAVING;
	dmk_lock_drop(&pool->lock, flags);
	return head;
}

void dmk_bounce_unmap(struct dmk_bounce *pool, struct dmk_dev *dev, dmk_phys slot_phys,
		      enum dmk_direction dir, unsigned long attrs)
{
	struct dmk_slot *head = start_leaving(pool, dev, slot_phys);
	unsigned long flags;

	if (!head)
		return;
	if (head->dir != DMK_TO_DEVICE && dir != DMK_TO_DEVICE && !(attrs & DMK_ATTR_SKIP_CPU_SYNC))
		copy_out(dev, slot_phys.v, head->phys, head->size);
	flags = dmk_lock_take(&pool->lock);
	free_run(pool, head);
	dmk_lock_drop(&pool->lock, flags);
}

/* What of @slot_phys is in the device's mapping at its first byte, and where the buffer's bytes are. */
static bool mapped_part(struct dmk_bounce *pool, const struct dmk_dev *dev,
			struct dmk_range *slot_phys, dmk_phys *phys)
{
	unsigned long flags = dmk_lock_take(&pool->lock);
	const struct dmk_slot *head = run_at(pool, dev, slot_phys->first);
	struct dmk_range run;
	bool found = head && dmk_range_make(run_first(pool, head), head->size, &run) &&
		     dmk_range_common(run, *slot_phys, slot_phys);

	if (found)
		*phys = DMK_PHYS(head->phys.v + (slot_phys->first - run.first));
	dmk_lock_drop(&pool->lock, flags);
	return found;
}

void dmk_bounce_sync_for_cpu(struct dmk_bounce *pool, struct dmk_dev *dev,
			     struct dmk_range slot_phys, enum dmk_direction dir)
{
	dmk_phys phys;

	if ((dir == DMK_FROM_DEVICE || dir == DMK_BIDIRECTIONAL) &&
	    mapped_part(pool, dev, &slot_phys, &phys))
		copy_out(dev, slot_phys.first, phys, dmk_range_bytes(slot_phys));
}

void dmk_bounce_sync_for_device(struct dmk_bounce *pool, struct dmk_dev *dev,
				struct dmk_range slot_phys, enum dmk_direction dir)
{
	dmk_phys phys;

	if ((dir != DMK_TO_DEVICE && dir != DMK_BIDIRECTIONAL) ||
	    !mapped_part(pool, dev, &slot_phys, &phys))
		return;
	if (!copy_in(dev, slot_phys.first, phys, dmk_range_bytes(slot_phys)))
		dmk_log(DMK_LOG_ERR, dev,
			"bounce buffer: no address space to copy bytes to send from high memory");
}

void dmk_bounce_statistics(struct dmk_dev *dev, struct dmk_bounce_stats *stats)
{
	struct wanted wanted;
	struct dmk_bounce *pool = dev && dev->bus && dev->dma_mask
					  ? reached_pool(dev->bounce, dev, &wanted)
					  : dmk_core.bounce;
	unsigned long flags;

	*stats = (struct dmk_bounce_stats){.slot_size = DMK_SLOT_SIZE};
	if (!pool)
		return;
	flags = dmk_lock_take(&pool->lock);
	stats->total = pool->nr_slots;
	stats->used = pool->used;
	stats->high_water = pool->high_water;
	stats->refused = pool->refused;
	dmk_lock_drop(&pool->lock, flags);
}
