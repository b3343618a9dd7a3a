/* SPDX-License-Identifier: MIT */
/*
 * Memory that stands for one buffer, and for no other after it: taken when the pools are full and
 * there may be more, given back by the unmap. It is what a driver gets while a larger pool is on
 * its way (bounce_grow.c). Mapping and unmapping never sleep; so there is no such memory on a
 * machine where sharing pages with devices may.
 *
 * A record is found by the address that a driver hands in, which may be made up, and while another
 * thread unmaps. So it lives as long as somebody uses it: one user is the mapping, until it ends,
 * and each call that has found it is another. Who puts it last frees it. The lock guards the table
 * and these counts; nothing is copied and nothing sleeps under it.
 *
 * While there is none, which is nearly always, a look-up is one load. Relaxed is enough there: the
 * thread that unmaps has the address from the one that mapped, and what ordered that has ordered
 * the count as well; who made an address up may miss.
 */
#include "bounce_slots.h"
#include "lock.h"

enum { BUCKETS = 256, GRANULE_SHIFT = 18 };

struct dmk_transient {
	struct dmk_transient *next; /* in its bucket */
	struct dmk_bounce *source;
	struct dmk_dev *dev;
	struct dmk_range memory;  /* whole pages */
	struct dmk_range mapping; /* the bytes in it that stand for the buffer */
	dmk_phys buffer;
	size_t slots; /* what it counts as */
	unsigned int users;
	bool ended; /* not in the table any more */
	uint8_t dir;
};

static struct {
	struct dmk_lock lock;
	struct dmk_transient *buckets[BUCKETS];
} table;

/*
 * Memory of one mapping is no longer than a granule: it is in the bucket of its first byte's, and
 * looked for there and in the one before.
 */
_Static_assert(DMK_SEGMENT_SIZE <= 1 << GRANULE_SHIFT, "it lies in two granules at most");

static struct dmk_transient **bucket_of(uint64_t granule)
{
	return &table.buckets[granule % BUCKETS];
}

static size_t bytes_of(const struct dmk_transient *transient)
{
	return (size_t)dmk_range_bytes(transient->memory);
}

/* --- the table; the lock is held -------------------------------------------------------------- */

/*
 * What there may still be. Under the lock never too much: what growth is about to add is counted
 * before it is there, and after that twice for a moment. Acquire: pairs with the release in
 * end_growing(), so that who doesn't see it coming sees that it came.
 */
static size_t left_of(const struct dmk_bounce *source)
{
	const size_t now = __atomic_load_n(&source->coming, __ATOMIC_ACQUIRE) +
			   __atomic_load_n(&source->slots, __ATOMIC_RELAXED) +
			   __atomic_load_n(&source->transient_slots, __ATOMIC_RELAXED);

	return now < source->most_slots ? source->most_slots - now : 0;
}

static void insert(struct dmk_transient *transient)
{
	struct dmk_transient **bucket = bucket_of(transient->memory.first >> GRANULE_SHIFT);

	transient->next = *bucket;
	*bucket = transient;
}

static void remove_from_table(struct dmk_transient *transient)
{
	struct dmk_transient **at = bucket_of(transient->memory.first >> GRANULE_SHIFT);

	while (*at != transient)
		at = &(*at)->next;
	*at = transient->next;
}

static struct dmk_transient *find_in(uint64_t granule, const struct dmk_bounce *source,
				     uint64_t phys)
{
	struct dmk_transient *transient = *bucket_of(granule);

	while (transient && !(transient->source == source && phys >= transient->memory.first &&
			      phys <= transient->memory.last))
		transient = transient->next;
	return transient;
}

static void count(struct dmk_bounce *source, size_t slots, bool more)
{
	const size_t by = more ? slots : (size_t)0 - slots, one = more ? 1 : (size_t)0 - 1;

	__atomic_store_n(&source->transient_slots, source->transient_slots + by, __ATOMIC_RELAXED);
	__atomic_store_n(&source->transients, source->transients + one, __ATOMIC_RELAXED);
}

/* --- making one ------------------------------------------------------------------------------- */

/* Room before the first byte: what is kept moves it up, at most so far. */
static size_t room_for(const struct dmk_wanted *wanted)
{
	const uint64_t in_page = DMK_PAGE_SIZE - 1, ahead = wanted->keep | in_page;

	if (wanted->granule)
		return (size_t)dmk_align_up((wanted->phys & wanted->keep) + wanted->size,
					    wanted->granule > DMK_PAGE_SIZE ? wanted->granule
									    : DMK_PAGE_SIZE);
	if (ahead == in_page)
		return (size_t)dmk_align_up((wanted->phys & wanted->keep) + wanted->size,
					    DMK_PAGE_SIZE);
	return (size_t)dmk_align_up(ahead + wanted->size, DMK_PAGE_SIZE);
}

/*
 * Where in @memory, which is at @bus, the buffer's first byte goes; false: it would cross a
 * boundary there.
 */
static bool place_in(struct dmk_transient *transient, const struct dmk_wanted *wanted, uint64_t bus)
{
	const uint64_t offset = (wanted->phys - bus) & wanted->keep, first = bus + offset;

	return !((first ^ (first + (wanted->size - 1))) & ~wanted->boundary) &&
	       dmk_range_make(transient->memory.first + offset, wanted->size,
			      &transient->mapping) &&
	       dmk_range_within(transient->mapping, transient->memory);
}

static size_t align_for(const struct dmk_wanted *wanted, size_t size)
{
	if (wanted->granule > DMK_PAGE_SIZE)
		return (size_t)wanted->granule;
	return wanted->boundary < 0xffffffffULL ? (size_t)dmk_power_of_two_for(size)
						: DMK_PAGE_SIZE;
}

/*
 * Memory in one of the device's windows, aligned so that it crosses no boundary if that can be. An
 * IOMMU leads to all that is in them.
 */
static bool take_memory(struct dmk_transient *transient, const struct dmk_wanted *wanted,
			dmk_dma *dma)
{
	const struct dmk_dev *dev = transient->dev;
	const uint64_t limit = wanted->granule ? ~0ULL : dmk_streaming_limit(dev);
	const size_t size = room_for(wanted);
	const struct dmk_range direct = {0, dmk_layout.direct_last};
	struct dmk_range part;
	dmk_phys first;
	uint64_t bus;

	for (unsigned int i = 0; i < dev->bus->nr_windows; i++) {
		const struct dmk_window *window = &dev->bus->windows[i];

		if (!dmk_window_part(window, limit, &part) ||
		    !dmk_range_common(part, direct, &part) ||
		    !dmk_bounce_pages(part, size, align_for(wanted, size), false, &first))
			continue;
		transient->memory = (struct dmk_range){first.v, first.v + (size - 1)};
		bus = wanted->granule ? first.v : window->bus + (first.v - window->phys.v);
		if (place_in(transient, wanted, bus)) {
			*dma = DMK_DMA(bus + (transient->mapping.first - first.v));
			return true;
		}
		dmk_bounce_pages_free(first, size);
	}
	return false;
}

static char *cpu_of(const struct dmk_transient *transient)
{
	return dmk_direct(DMK_PHYS(transient->mapping.first));
}

static bool publish(struct dmk_transient *transient)
{
	struct dmk_bounce *source = transient->source;
	unsigned long flags = dmk_lock_take(&table.lock);
	bool may = transient->slots <= left_of(source);

	if (may) {
		insert(transient);
		count(source, transient->slots, true);
		__atomic_store_n(&source->transient_made, source->transient_made + 1,
				 __ATOMIC_RELAXED);
	}
	dmk_lock_drop(&table.lock, flags);
	return may;
}

bool dmk_transient_take(struct dmk_bounce *source, struct dmk_dev *dev,
			const struct dmk_wanted *wanted, enum dmk_direction dir, dmk_dma *dma)
{
	struct dmk_transient *transient;

	if (dmk_core.machine->caps & DMK_CAP_PRIVATE ||
	    room_for(wanted) >> DMK_SLOT_SHIFT > left_of(source))
		return false;
	transient = dmk_meta_alloc(sizeof(*transient), false);
	if (!transient)
		return false;
	*transient = (struct dmk_transient){.source = source,
					    .dev = dev,
					    .buffer = DMK_PHYS(wanted->phys),
					    .users = 1,
					    .dir = (uint8_t)dir};
	if (!take_memory(transient, wanted, dma))
		goto free_record;
	transient->slots = bytes_of(transient) >> DMK_SLOT_SHIFT;
	if (!dmk_bounce_copy_in(dev, cpu_of(transient), DMK_PHYS(transient->mapping.first),
				transient->buffer, wanted->size) ||
	    !publish(transient))
		goto free_memory;
	return true;

free_memory:
	dmk_bounce_pages_free(DMK_PHYS(transient->memory.first), bytes_of(transient));
free_record:
	dmk_meta_free(transient, sizeof(*transient));
	return false;
}

/* --- using and ending one --------------------------------------------------------------------- */

struct dmk_transient *dmk_transient_at(struct dmk_bounce *source, dmk_phys phys)
{
	const uint64_t granule = phys.v >> GRANULE_SHIFT;
	struct dmk_transient *transient;
	unsigned long flags;

	if (__builtin_expect(!__atomic_load_n(&source->transients, __ATOMIC_RELAXED), 1))
		return NULL;
	flags = dmk_lock_take(&table.lock);
	transient = find_in(granule, source, phys.v);
	if (!transient)
		transient = find_in(granule - 1, source, phys.v);
	if (transient)
		transient->users++;
	dmk_lock_drop(&table.lock, flags);
	return transient;
}

void dmk_transient_put(struct dmk_transient *transient)
{
	unsigned long flags = dmk_lock_take(&table.lock);
	bool last = !--transient->users;

	if (last)
		count(transient->source, transient->slots, false);
	dmk_lock_drop(&table.lock, flags);
	if (!last)
		return;
	dmk_bounce_pages_free(DMK_PHYS(transient->memory.first), bytes_of(transient));
	dmk_meta_free(transient, sizeof(*transient));
}

void dmk_transient_end(struct dmk_transient *transient, const struct dmk_dev *dev, dmk_phys phys,
		       bool copy)
{
	unsigned long flags = dmk_lock_take(&table.lock);
	bool ends = transient->dev == dev && transient->mapping.first == phys.v &&
		    !transient->ended;

	if (ends) {
		remove_from_table(transient);
		transient->ended = true;
	}
	dmk_lock_drop(&table.lock, flags);
	if (!ends)
		return;
	if (copy && transient->dir != DMK_TO_DEVICE)
		dmk_bounce_copy_out(dev, cpu_of(transient), phys, transient->buffer,
				    (size_t)dmk_range_bytes(transient->mapping));
	/* The mapping was a user too. */
	dmk_transient_put(transient);
}

bool dmk_transient_part(struct dmk_transient *transient, const struct dmk_dev *dev,
			struct dmk_range *slots, dmk_phys *phys, char **cpu)
{
	uint64_t ahead;

	if (transient->dev != dev || !dmk_range_common(transient->mapping, *slots, slots))
		return false;
	ahead = slots->first - transient->mapping.first;
	*phys = DMK_PHYS(transient->buffer.v + ahead);
	*cpu = cpu_of(transient) + ahead;
	return true;
}

size_t dmk_transient_left(const struct dmk_bounce *source)
{
	return left_of(source);
}

size_t dmk_transient_reserve(struct dmk_bounce *source, size_t most)
{
	unsigned long flags = dmk_lock_take(&table.lock);
	const size_t left = left_of(source);
	/* Half of it, if that is something: until the pool is there, mappings live on the rest. */
	const size_t part = left >= 2 * DMK_SEGMENT_SLOTS ? left / 2 : left;
	const size_t slots = (most < part ? most : part) / DMK_SEGMENT_SLOTS * DMK_SEGMENT_SLOTS;

	__atomic_store_n(&source->coming, slots, __ATOMIC_RELAXED);
	dmk_lock_drop(&table.lock, flags);
	return slots;
}

/* Mappings that nobody ended: the machine is going away, and with it the devices that had them. */
void dmk_transients_stop(void)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (table.buckets[i]) {
			struct dmk_transient *transient = table.buckets[i];

			table.buckets[i] = transient->next;
			transient->ended = true;
			dmk_transient_put(transient);
		}
	}
}
