/* SPDX-License-Identifier: MIT */
/*
 * Pools of bounce slots as the bounce_*.c files see them.
 *
 *	source	what a device bounces in: the default one, or a restricted region. Some pools, and transient memory beside them
 *	pool	a run of memory, cut into slots of 2 KiB; 128 slots are a segment, and a mapping lies in one segment
 *	area	some whole segments of a pool, with a lock of their own
 *	run	the slots of one mapping
 *
 * Who owns what: a source's pools only ever become more while the core runs. pools[i] is written
 * before nr_pools is (release), and read after it was (acquire): a reader needs no lock, and a pool
 * that it found stays. A pool's description is constant; what is free in an area, and the records
 * of the runs there, belong to who holds the area's lock. Transient memory comes and goes, so it is
 * behind a lock and a count of users (bounce_transient.c).
 */
#ifndef DMK_CORE_BOUNCE_POOL_H
#define DMK_CORE_BOUNCE_POOL_H

#include "bits.h"
#include "bounce.h"
#include "window.h"

enum dmk_run_state {
	DMK_RUN_NONE,
	DMK_RUN_HELD,
	/* its bytes are on the way out: it is nobody's to unmap or sync, and not free yet */
	DMK_RUN_LEAVING,
	DMK_RUN_PAGES, /* consistent memory (dmk_bounce_take_pages): no mapping */
};

/* Of the slot that a run begins with. */
struct dmk_run {
	dmk_phys phys; /* of the buffer that the slots stand for */
	struct dmk_dev *dev;
	uint32_t size;   /* bytes */
	/* of the first byte, in the first slot; of whole granules, in the first of these */
	uint16_t offset;
	uint8_t count;   /* slots; of PAGES, @size says it */
	uint8_t state : 4, dir : 4;
};

struct dmk_area {
	struct dmk_lock lock;
	/*
	 * No run that begins at an even slot [0], at an odd one [1], is longer than this: the
	 * answer to a search in an area that is full, without its lock. Too large is harmless;
	 * raised by every slot that comes back. Written under the lock.
	 */
	unsigned int longest[2];
	size_t first, end;       /* segments */
	size_t used, high_water; /* slots; written under the lock, read without */
	size_t hot; /* segment: slots were given back there, and may still be in a cache */
	char apart
		/* from the next one's lock; in all a power of two, where pointers have 64 bits */
		[72];
};

struct dmk_slot_pool {
	struct dmk_range memory;          /* physical */
	char *cpu;                        /* of the first byte */
	const struct dmk_window *windows; /* of a bus on which all of it is in one piece, */
	uint64_t bus;                     /* from there on; NULL: none such is known */
	size_t nr_views; /* pages of the view that @cpu is; 0: it is in the direct map */
	enum dmk_bounce_pool_kind kind;
	bool low; /* for devices that don't reach all of the source's first pool */
	size_t nr_slots, nr_segments, nr_areas;
	unsigned int area_shift; /* segments of an area, a power of two */
	size_t meta_size;        /* of this and all that follows, in one piece */
	struct dmk_area *areas;
	struct dmk_run *runs;  /* a slot each */
	struct dmk_bits *free; /* a segment each */
	uint8_t *longest[2];   /* a segment each, as in an area */
	uint8_t *back;         /* a slot each: slots to the run's first, if it is in one */
	size_t used,
		/* slots; atomic, relaxed: numbers to look at, nothing depends on them */
		high_water;
};

/* More than growth needs: each pool is as large as all before it, but for when memory is short. */
enum { DMK_SLOT_POOLS = 16 };

struct dmk_bounce {
	struct dmk_slot_pool *pools[DMK_SLOT_POOLS];
	size_t nr_pools;                 /* see above */
	const struct dmk_memory *region; /* restricted-dma-pool; NULL: the default source */
	struct dmk_bounce *next;         /* of the restricted ones */
	size_t most_slots; /* transient ones included; not more than there are: it doesn't grow */
	size_t nr_areas;   /* of a pool that is made later */

	struct dmk_lock lock;  /* guards what follows, and the adding of pools */
	struct dmk_range want; /* where the next pool is to lie */
	bool want_low, growing;
	struct dmk_deferred grow;
	uint64_t refused, not_grown;

	size_t slots; /* of all pools; atomic, written under the lock */

	/* Atomic, written under the lock of bounce_transient.c. */
	size_t coming;          /* slots that a pool is being made of */
	size_t transients;      /* mappings that have a piece of memory of their own */
	size_t transient_slots; /* what that is in slots */
	size_t transient_made;  /* mappings so far */
};

/*
 * What is looked for: @size bytes whose bus address agrees with the buffer's in the bits of @keep.
 */
struct dmk_wanted {
	uint64_t phys; /* the buffer's */
	size_t size;
	uint64_t keep;     /* 2^n - 1 */
	uint64_t boundary; /* mask; no run crosses it */
	/* behind an IOMMU: whole ones, and .bus and .keep speak of physical addresses; 0: slots */
	uint64_t granule;

	/* Of the pool that is looked at: dmk_pool_usable(). */
	size_t next_pool;
	bool narrow;            /* the device doesn't reach all of the first pool */
	struct dmk_range slots; /* those that it reaches, */
	bool all_slots;         /* which are all */
	uint64_t bus;           /* of the pool's first byte, if it were reached */
};

/* --- bounce.c --------------------------------------------------------------------------------- */

/**
 * dmk_pool_usable - the next pool that the device reaches some of and may use; NULL: that was the
 * last one.
 */
struct dmk_slot_pool *dmk_pool_usable(const struct dmk_bounce *source, const struct dmk_dev *dev,
				      struct dmk_wanted *wanted);

/** dmk_pool_at - of the source's pools the one that the byte is in; NULL: none. */
struct dmk_slot_pool *dmk_pool_at(const struct dmk_bounce *source, dmk_phys phys);

/**
 * Bytes from memory that stands for a buffer back into that (bounce_slots.h: there), and the caches
 * of the former. @cpu and @at are one place.
 */
void dmk_bounce_copy_out(const struct dmk_dev *dev, char *cpu, dmk_phys at, dmk_phys to,
			 size_t size);

/* --- bounce_area.c ---------------------------------------------------------------------------- */

/** dmk_slots_take - a run for a mapping, whose first byte is at @first; false: no room. */
bool dmk_slots_take(struct dmk_slot_pool *pool, struct dmk_dev *dev,
		    const struct dmk_wanted *wanted, enum dmk_direction dir, dmk_phys *first);
void dmk_slots_give(struct dmk_slot_pool *pool, struct dmk_run *run);
/**
 * dmk_slots_end_granules - dmk_slots_end() of a run of whole granules, whose first slot is at
 * @first
 */
struct dmk_run *dmk_slots_end_granules(struct dmk_slot_pool *pool, const struct dmk_dev *dev,
				       dmk_phys first, bool copy);
/** dmk_slots_used - slots in use, and the most that were at once in each area */
size_t dmk_slots_used(const struct dmk_slot_pool *pool, size_t *high_water);
/**
 * dmk_slots_part - what of @slots is in the device's mapping at its first byte, and where the
 * buffer's bytes are.
 */
bool dmk_slots_part(struct dmk_slot_pool *pool, const struct dmk_dev *dev, struct dmk_range *slots,
		    dmk_phys *phys);

/**
 * dmk_slots_take_pages - @size bytes at a multiple of @align, whole slots of those in @slots;
 * false: no room. No mapping.
 */
bool dmk_slots_take_pages(struct dmk_slot_pool *pool, struct dmk_dev *dev, size_t size,
			  size_t align, struct dmk_range slots, dmk_phys *phys);
/** dmk_slots_are_pages - whether the byte is in such pages of the device */
bool dmk_slots_are_pages(struct dmk_slot_pool *pool, const struct dmk_dev *dev, dmk_phys phys);
/** dmk_slots_give_pages - false: the device has no @size bytes there. */
bool dmk_slots_give_pages(struct dmk_slot_pool *pool, const struct dmk_dev *dev, dmk_phys phys,
			  size_t size);

/* --- bounce_memory.c -------------------------------------------------------------------------- */

/**
 * dmk_bounce_pages - page frames in @within, shared with devices; false: none. Sleeps if
 * @may_sleep.
 */
bool dmk_bounce_pages(struct dmk_range within, size_t size, size_t align, bool may_sleep,
		      dmk_phys *first);
/**
 * dmk_bounce_pages_free - made private again, and given back. Any context but for a machine with
 * private memory.
 */
void dmk_bounce_pages_free(dmk_phys first, size_t size);

/** dmk_slot_pool_new - slots in @within; NULL: no memory. Sleeps. */
struct dmk_slot_pool *dmk_slot_pool_new(enum dmk_bounce_pool_kind kind, uint64_t nr_slots,
					size_t nr_areas, struct dmk_range within);
/**
 * dmk_slot_pool_of - slots in a region that is kept back for them; NULL: no memory for the records,
 * or no address space.
 */
struct dmk_slot_pool *dmk_slot_pool_of(const struct dmk_memory *region);
void dmk_slot_pool_free(struct dmk_slot_pool *pool);
/**
 * dmk_bounce_add - the source has one pool more; it owns it. false: it has as many as it can have.
 */
bool dmk_bounce_add(struct dmk_bounce *source, struct dmk_slot_pool *pool);

/* --- bounce_grow.c ---------------------------------------------------------------------------- */

/**
 * dmk_bounce_ask_growth - have a pool made that the device reaches, soon; one that is asked for
 * already will do
 * @narrow: the device doesn't reach all of the first pool
 * Context: any. Return: false: this source has all that it may have.
 */
bool dmk_bounce_ask_growth(struct dmk_bounce *source, const struct dmk_dev *dev, bool narrow);

/* --- bounce_transient.c ----------------------------------------------------------------------- */

/**
 * dmk_transient_take - memory for this mapping alone; false: there is none to be had here and now.
 * Bytes are copied in.
 * @dma: of the first byte; with .granule, its physical address
 */
bool dmk_transient_take(struct dmk_bounce *source, struct dmk_dev *dev,
			const struct dmk_wanted *wanted, enum dmk_direction dir, dmk_dma *dma);

void dmk_transients_stop(void);
/** dmk_transient_left - slots that there may still be, as of now */
size_t dmk_transient_left(const struct dmk_bounce *source);
/**
 * dmk_transient_reserve - slots for a pool, at most @most, whole segments, which memory of one
 * mapping then leaves alone; 0: none
 */
size_t dmk_transient_reserve(struct dmk_bounce *source, size_t most);

struct dmk_transient;
/** dmk_transient_at - the one that the byte lies in, which stays until it is put; NULL: none. */
struct dmk_transient *dmk_transient_at(struct dmk_bounce *source, dmk_phys phys);
void dmk_transient_put(struct dmk_transient *transient);
/**
 * The device's mapping that starts at @phys ends. It is another one's, or starts elsewhere: nothing
 * happens.
 */
void dmk_transient_end(struct dmk_transient *transient, const struct dmk_dev *dev, dmk_phys phys,
		       bool copy);
/** What of @slots is in the device's mapping, and its buffer; the CPU's address of it. */
bool dmk_transient_part(struct dmk_transient *transient, const struct dmk_dev *dev,
			struct dmk_range *slots, dmk_phys *phys, char **cpu);

/* --- bounce_statistics.c ---------------------------------------------------------------------- */

/** dmk_bounce_refused - count it, and say so */
void dmk_bounce_refused(struct dmk_dev *dev, size_t size, unsigned long attrs);
/** dmk_bounce_say_use - what it was used for, at the end; nothing, if it was not */
void dmk_bounce_say_use(struct dmk_bounce *source);

#endif
