/* SPDX-License-Identifier: MIT */
/*
 * The shadow: what is mapped, allocated, freed and under way, as far as events told. Facts only;
 * what is right or wrong about them is judged in the judge_*.c files. What guards
 * it is said in gate.h and plain.c.
 */
#ifndef CHECK_SHADOW_H
#define CHECK_SHADOW_H

#include <dmakit/check.h>

#include "engine.h"
#include "ranges.h"
#include "stack.h"
#include "tables.h"
#include "turns.h"

enum dmk_record_kind {
	DMK_RECORD_MAPPING,
	DMK_RECORD_ALLOCATION,    /* consistent memory */
	/* of dma_alloc_pages(): both sides take turns, as with a mapping */
	DMK_RECORD_PAGES,
	DMK_RECORD_NONCONTIGUOUS, /* the same as a list */
	DMK_RECORD_BLOCK,     /* of a pool */
	DMK_RECORD_POOL_PAGE, /* memory that a pool carves its blocks from: nobody's by itself */
};

static inline bool dmk_is_allocation(enum dmk_record_kind kind)
{
	return kind == DMK_RECORD_ALLOCATION || kind == DMK_RECORD_PAGES ||
	       kind == DMK_RECORD_NONCONTIGUOUS;
}

/** Whether it has a direction, and is handed over with syncs. */
static inline bool dmk_takes_turns(enum dmk_record_kind kind)
{
	return kind == DMK_RECORD_MAPPING || kind == DMK_RECORD_PAGES ||
	       kind == DMK_RECORD_NONCONTIGUOUS;
}

/** One contiguous piece of a record: of bus addresses, or of physical ones. */
struct dmk_extent {
	struct dmk_range range;
	uint64_t offset; /* of its first byte in the buffer */
	struct dmk_record *record;
	struct dmk_extent *next;
};

struct dmk_watched_pool {
	struct dmk_link by_pointer;
	struct dmk_watched_pool *next, *previous; /* of the device */
	const void *pool;
	struct dmk_watched *device;
	char name[32];
	uint64_t size;
	const struct dmk_trace *created;
	bool excused;
};

/** Addresses that a driver took, to link memory into. */
struct dmk_space {
	struct dmk_link by_dma; /* key: the first */
	struct dmk_space *next, *previous; /* of the device */
	struct dmk_watched *device;
	struct dmk_range range;
	const struct dmk_trace *taken;
};

/** The last syncs of a buffer, either way. */
struct dmk_synced {
	const struct dmk_trace *for_cpu, *for_device; /* NULL: none */
	bool device_last;
};

/**
 * Something live: a mapping, an allocation, a block. In the order of what is looked at: a line of
 * the processor's cache for what is looked up by, two more for what a plain event asks, and the
 * rest.
 */
struct dmk_record {
	/*
	 * The first pieces; more hang at .next. A record has a piece of bus addresses, and it
	 * begins at .dma: by that the record is found.
	 */
	struct dmk_extent bus, memory;

	struct dmk_watched *device;
	enum dmk_record_kind kind;
	enum dmk_map_kind map_kind;
	enum dmk_direction dir;
	bool bounced;
	bool coherent; /* the device sees what is in the caches */
	bool crowded;  /* that something else lies in its cache lines was reported */
	bool no_sync;  /* the driver asked, and was told that syncs of it do nothing */
	bool by_managed; /* made by a call of the dmam_ family */
	bool checked; /* dma_mapping_error() was asked, or nobody needs to */
	/* a mistake with it was reported: what follows from that one is not reported again */
	bool excused;
	/* a mistake of the CPU's that the device's access showed, since the last sync */
	bool said_device;
	bool unsynced; /* linked, and dma_iova_sync() was not called */
	bool turned;   /* .turns hold something: dmk_record_turn() was called */
	uint64_t dma, phys, size;
	unsigned long attrs;

	uint64_t serial;
	const void *cpu;
	struct dmk_watched_pool *pool;
	const struct dmk_trace *mapped;
	struct dmk_synced synced;
	/* its memory was freed: the finding of that, until the device's late access was told */
	struct dmk_finding *freed;

	struct dmk_link by_cpu; /* key: CPU address; of a scatterlist mapping, the list's */
	struct dmk_record *older; /* in a list of dmk_shadow_records() */
	/*
	 * a mistake of the CPU's since the last sync, reading and writing: the others follow from
	 * it
	 */
	struct dmk_finding *said[2];
	unsigned int nents, mapped_nents;
	uint64_t bus_bytes, memory_bytes; /* in all pieces */

	struct dmk_turns turns; /* last: none in a record that is spare, and not cleared again */
};
_Static_assert(sizeof(void *) != 8 || offsetof(struct dmk_record, device) == 128, "2 lines");
_Static_assert(sizeof(void *) != 8 || offsetof(struct dmk_record, serial) == 192, "3 lines");
_Static_assert(sizeof(void *) != 8 || offsetof(struct dmk_record, by_cpu) == 256, "4 lines");

/**
 * Something that is no more: kept for a while, so that what comes too late can be told from what
 * never was.
 */
struct dmk_past {
	enum dmk_record_kind kind;
	enum dmk_map_kind map_kind;
	enum dmk_direction dir;
	bool bounced, excused;
	uint64_t dma, phys, size, serial; /* .serial of its end */
	uint64_t began;
	uint64_t device; /* its .id */
	const void *cpu;
	const struct dmk_trace *mapped, *unmapped;
	struct dmk_synced synced;
	const void *pool; /* NULL: of none, and .pool_name is not set */
	char pool_name[32];
};

enum { DMK_LENT_BITS = 65536 };
enum { DMK_PAST_KEPT = 2048, DMK_FREED_KEPT = 65536, DMK_LOST_SLOTS = 65536 };

/** What a search compares, side by side. */
struct dmk_past_key {
	uint64_t device, first, last;
};

/** A ring. There may be several, each filled by another thread. */
struct dmk_history {
	struct dmk_history *other; /* one more */
	unsigned int next;         /* where the next one goes */
	struct dmk_past_key key[DMK_PAST_KEPT];
	struct dmk_past past[DMK_PAST_KEPT];
};

/** What became of a device's masks since its driver was bound. */
struct dmk_mask_state {
	bool accepted; /* one was, at any time */
	bool refused;  /* one was, and none accepted */
	bool used;     /* DMA of this kind was done */
	bool said;     /* the mistake was reported */
	uint64_t mask; /* the refused one */
	const struct dmk_trace *where;
	const struct dmk_trace *first_use;
};

/* Limits that a driver did not set; 0 stands for them. */
#define DMK_DEFAULT_MAX_SEGMENT 65536ULL
#define DMK_DEFAULT_BOUNDARY    0xffffffffULL

struct dmk_watched {
	struct dmk_link by_pointer, by_requester;
	struct dmk_watched *next, *previous;
	const struct dmk_dev *dev;
	uint64_t id; /* never reused, as .dev may be */
	uint32_t requester;
	/* let_go: the driver that was bound last, if none is now */
	char name[64], driver[64], let_go[64];
	struct dmk_mask_state streaming, coherent;
	uint64_t max_segment, boundary; /* bytes; mask */
	struct dmk_ranges live;         /* extents by bus address */
	struct dmk_ranges transfers;
	struct dmk_ranges work; /* pieces of descriptors that a controller has */
	struct dmk_watched_pool *pools;
	bool no_sync;  /* the driver was told that syncs do nothing for it */
	bool freed;    /* memory was freed while it was mapped for it */
	/* its handles lose their upper bits: where else it goes then follows from that */
	struct dmk_finding *cut;
	struct dmk_space *spaces;
	uint64_t lost; /* records of it that were lost and may be live */
};

/** Work that a device announced. */
struct dmk_transfer {
	struct dmk_range range;
	struct dmk_link by_cookie;
	struct dmk_watched *device;
	enum dmk_direction dir;
};

/** Memory that was given back and not given out again. */
struct dmk_freed {
	struct dmk_range range;
	struct dmk_freed *newer, *older;
	const struct dmk_trace *freed;
	bool watched; /* a device had its pages: the CPU's accesses are of interest */
	char name[32];
};

/** An object of the driver's world that is in use, and may share a cache line with others. */
struct dmk_object {
	struct dmk_range range;
	const struct dmk_trace *allocated;
	char name[32];
};

enum { DMK_ISA_CHANNELS = 8 };

struct dmk_shadow {
	/* bytes; 1 where all caches are coherent. Set at boot, before anybody else is there */
	uint64_t cache_line;
	uint64_t serial;
	uint64_t device_ids;
	uint64_t device_changes; /* how often one came, went or was named */
	size_t live, max_live;
	struct dmk_index devices, requesters, by_cpu, pools, transfers, spaces;
	struct dmk_watched *device_list;
	/* by ISA DMA channel: the device that it was last set up for, or NULL */
	struct dmk_watched *channel[DMK_ISA_CHANNELS];
	struct dmk_ranges mapped_memory; /* extents by physical address, of streaming mappings */
	struct dmk_ranges consistent_memory; /* of allocations that both sides have at once */
	struct dmk_ranges shared_memory; /* the same of allocations that both sides have in turns */
	struct dmk_history *history; /* the first is filled with the lock held */
	struct dmk_ranges freed;
	struct dmk_freed *newest_freed, *oldest_freed;
	size_t nr_freed;
	size_t nr_watched_freed;
	/* bits by hash of pages that were lent; only where the CPU's accesses are seen */
	uint64_t lent_page[DMK_LENT_BITS / 64];
	struct dmk_ranges objects; /* none touches another */
	struct dmk_pile device_pile, record_pile, extent_pile, pool_pile, transfer_pile, freed_pile,
		object_pile, space_pile;
	uint16_t *lost_slot;       /* lost records by hash of their address */
	uint64_t lost;             /* lost records that may be live */
	/* records of which it is not known whose turn it is, for want of memory */
	uint64_t forgotten;
	/* dmk_check_options.memory, or NULL */
	void (*memory)(void *ctx, uint64_t phys, uint64_t size, bool begins);
	void (*turn)(void *ctx, uint64_t phys, uint64_t size, bool device); /* the same */
	void *memory_ctx;
	struct dmk_engine engine;
	struct dmk_watched nobody; /* the device of calls without one */
};

bool dmk_shadow_init(struct dmk_shadow *shadow, const struct dmk_check_options *options);
void dmk_shadow_exit(struct dmk_shadow *shadow);

/* --- devices ---------------------------------------------------------------------------------- */

/**
 * The watched device; a device that was never announced is made up on the spot. NULL only for @dev
 * NULL or no memory.
 */
struct dmk_watched *dmk_shadow_device(struct dmk_shadow *shadow, const struct dmk_dev *dev);
struct dmk_watched *dmk_shadow_requester(const struct dmk_shadow *shadow, uint32_t requester);
/** The accesses of ISA DMA channel @channel are @device's from now on; NULL: nobody's. */
void dmk_shadow_name_channel(struct dmk_shadow *shadow, uint64_t channel,
			     struct dmk_watched *device);
void dmk_shadow_name_requester(struct dmk_shadow *shadow, struct dmk_watched *device,
			       uint32_t requester);
void dmk_shadow_device_gone(struct dmk_shadow *shadow, struct dmk_watched *device);
void dmk_shadow_device_unbound(struct dmk_watched *device);

/* --- records ---------------------------------------------------------------------------------- */

/**
 * A zeroed record of @device with a serial; NULL: over the limit or out of memory, and @dma was
 * noted as lost.
 */
struct dmk_record *dmk_record_new(struct dmk_shadow *shadow, struct dmk_watched *device,
				  uint64_t dma);
/** dmk_record_bus/_memory - one more piece of it; false: out of memory, the piece is not known. */
bool dmk_record_bus(struct dmk_shadow *shadow, struct dmk_record *record, uint64_t dma,
		    uint64_t size);
bool dmk_record_memory(struct dmk_shadow *shadow, struct dmk_record *record, uint64_t phys,
		       uint64_t size);
/**
 * dmk_record_turn - what one of the dmk_turns_*() calls returned for @record: without memory,
 * nothing of it is judged any more
 */
void dmk_record_turn(struct dmk_shadow *shadow, struct dmk_record *record, bool known);
/**
 * dmk_record_is_judged - whether the CPU's accesses to it are: both sides have it in turns, and the
 * driver has to keep to them
 */
bool dmk_record_is_judged(const struct dmk_record *record);
/**
 * dmk_record_tell - for dmk_check_options.turn: whose bytes [first, last] of @record are, as
 * offsets in it, other records of the same memory included (told.c)
 */
void dmk_record_tell(const struct dmk_shadow *shadow, const struct dmk_record *record,
		     uint64_t first, uint64_t last);
/** dmk_record_live - all fields are set: from now on it is found. */
void dmk_record_live(struct dmk_shadow *shadow, struct dmk_record *record);
/** dmk_record_retire - it is no more; remembered as past unless it is a pool's page. */
void dmk_record_retire(struct dmk_shadow *shadow, struct dmk_record *record,
		       const struct dmk_trace *where);
/** dmk_records_retire_all - all of @device */
void dmk_records_retire_all(struct dmk_shadow *shadow, struct dmk_watched *device);

/**
 * dmk_shadow_records - all of @device, newest first, by .older; good until one is made or retired,
 * or they are asked for again. Sorts them: for reports, and what is rare.
 */
struct dmk_record *dmk_shadow_records(const struct dmk_watched *device);

/** Records of @device whose first DMA address is @dma, and the next one. */
struct dmk_record *dmk_record_at(const struct dmk_watched *device, uint64_t dma);
struct dmk_record *dmk_record_at_more(const struct dmk_record *record);
struct dmk_record *dmk_record_of_cpu(const struct dmk_shadow *shadow, const void *cpu);
struct dmk_record *dmk_record_of_cpu_more(const struct dmk_record *record);

/** Pieces of @device's live records that touch [first, last], lowest first. */
struct dmk_extent *dmk_live_touching(const struct dmk_watched *device, uint64_t first,
				     uint64_t last, const struct dmk_extent *after);
/**
 * A piece of a live mapping or allocation that holds @dma; pool pages count only when nothing else
 * does. NULL: none.
 */
struct dmk_extent *dmk_live_holding(const struct dmk_watched *device, uint64_t dma);

/** Whether every byte of [first, last] is live for @device by other records than @except. */
bool dmk_live_without(const struct dmk_watched *device, uint64_t first, uint64_t last,
		      const struct dmk_record *except);

/* --- the past --------------------------------------------------------------------------------- */

/** dmk_history_new - one more ring; NULL: out of memory. */
struct dmk_history *dmk_history_new(struct dmk_shadow *shadow);
/**
 * dmk_history_add - @extent of @record, which ends at @where, as the event of number @serial. Takes
 * nothing that is shared: @history is the caller's.
 */
void dmk_history_add(struct dmk_history *history, const struct dmk_record *record,
		     const struct dmk_extent *extent, const struct dmk_trace *where,
		     uint64_t serial);
/** dmk_past_newest - of @device, or of any (NULL), the newest that @fits; NULL: none remembered */
struct dmk_past *dmk_past_newest(const struct dmk_shadow *shadow, const struct dmk_watched *device,
				 bool (*fits)(const struct dmk_past_key *key,
					      const struct dmk_past *past, void *ctx),
				 void *ctx);
/**
 * dmk_past_touching - the newest past piece of @device that touches [first, last]; NULL: none
 * remembered.
 */
struct dmk_past *dmk_past_touching(const struct dmk_shadow *shadow,
				   const struct dmk_watched *device, uint64_t first, uint64_t last);
/**
 * dmk_past_at - the newest one that starts at @dma and is of one of @kinds (bits of enum
 * dmk_record_kind).
 */
struct dmk_past *dmk_past_at(const struct dmk_shadow *shadow, const struct dmk_watched *device,
			     uint64_t dma, unsigned int kinds);
/** dmk_past_of_cpu - the same, by CPU address */
struct dmk_past *dmk_past_of_cpu(const struct dmk_shadow *shadow, const struct dmk_watched *device,
				 const void *cpu, unsigned int kinds);

/* --- what was lost ---------------------------------------------------------------------------- */

/** dmk_lost_take - @dma was perhaps lost: take it for found, once. */
bool dmk_lost_take(struct dmk_shadow *shadow, struct dmk_watched *device, uint64_t dma);

/* --- pools ------------------------------------------------------------------------------------ */

struct dmk_watched_pool *dmk_shadow_pool(const struct dmk_shadow *shadow, const void *pool);
struct dmk_watched_pool *dmk_shadow_pool_new(struct dmk_shadow *shadow, struct dmk_watched *device,
					     const void *pool, const char *name);
/** The pool is gone, and its pages with it. Blocks must be retired already. */
void dmk_shadow_pool_gone(struct dmk_shadow *shadow, struct dmk_watched_pool *pool);

/* --- transfers -------------------------------------------------------------------------------- */

void dmk_transfer_begin(struct dmk_shadow *shadow, struct dmk_watched *device,
			const struct dmk_event *event);
void dmk_transfer_end(struct dmk_shadow *shadow, uint64_t cookie);

/* --- memory that was given back --------------------------------------------------------------- */

void dmk_memory_freed(struct dmk_shadow *shadow, uint64_t phys, uint64_t size,
		      const struct dmk_trace *where, const char *name);
void dmk_memory_taken(struct dmk_shadow *shadow, uint64_t phys, uint64_t size);
/** dmk_memory_taken_by - what an event says was made for a device, in one run or in .sg */
void dmk_memory_taken_by(struct dmk_shadow *shadow, const struct dmk_event *event);
/**
 * dmk_memory_taken_anywhere - memory was given out, and nobody said which: all that was freed may
 * be in use again.
 */
void dmk_memory_taken_anywhere(struct dmk_shadow *shadow);
/** dmk_memory_lent - a device has it from now on */
void dmk_memory_lent(struct dmk_shadow *shadow, const struct dmk_range *range);
struct dmk_freed *dmk_memory_is_freed(const struct dmk_shadow *shadow, uint64_t phys,
				      uint64_t size);

/* --- objects in use, where they can share a line ---------------------------------------------- */

/**
 * dmk_object_taken - memory was given out; NULL: it shares no line on this machine, or memory is
 * out: not kept.
 */
struct dmk_object *dmk_object_taken(struct dmk_shadow *shadow, uint64_t phys, uint64_t size,
				    const struct dmk_trace *where, const char *name);
void dmk_object_freed(struct dmk_shadow *shadow, uint64_t phys, uint64_t size);
/**
 * dmk_object_touching - the lowest object that touches [first, last] and comes after @after; NULL:
 * no more.
 */
struct dmk_object *dmk_object_touching(const struct dmk_shadow *shadow, uint64_t first,
				       uint64_t last, const struct dmk_object *after);

void dmk_text_copy(char *to, size_t size, const char *text);

#endif
