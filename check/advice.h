/* SPDX-License-Identifier: MIT */
/*
 * What the advisor keeps: the driver's calls, what is lent to devices, and buffers that were lent
 * before. Not what it says about them: that is advice_tables.c. All of it is guarded by the
 * advisor's lock.
 */
#ifndef CHECK_ADVICE_H
#define CHECK_ADVICE_H

#include <pthread.h>

#include <dmakit/advice.h>

#include "ranges.h"
#include "tables.h"

enum dmk_call_role {
	DMK_CALL_MAP,
	DMK_CALL_ALLOC,
	DMK_CALL_SYNC_CPU,
	DMK_CALL_SYNC_DEVICE,
	DMK_CALL_ROLES
};

enum { DMK_CAUSES = DMK_CAUSE_PART + 1 };

/** Why a sync was of no use. */
enum dmk_idle {
	DMK_IDLE_BESIDE_MAP,   /* the map had just done the same */
	DMK_IDLE_BESIDE_UNMAP, /* the unmap that came next did it again */
	DMK_IDLE_NOBODY,       /* nobody touched the bytes */
	DMK_IDLES
};

/** One line of the driver that maps, allocates or syncs, and all that came of it. */
struct dmk_call {
	struct dmk_link by_line;
	struct dmk_call *next; /* in the order of first sight */
	enum dmk_call_role role;
	const void *code;
	struct dmk_stack where;
	const char *name; /* "dma_map_single" */
	enum dmk_direction dir;
	bool dir_varies;

	uint64_t times, failed, bytes; /* what failed is not in the others */
	uint64_t moved;                /* bytes copied to and from slots, or cleaned from caches */

	/* MAP, ALLOC */
	uint64_t live, live_most, live_bytes, live_bytes_most;
	uint64_t ended, held, held_longest; /* nanoseconds */
	uint64_t slots, addresses;          /* taken in all: bounce slots; bytes of addresses */
	uint64_t last_moved;                /* of .moved, what unmaps did */
	struct {
		uint64_t times, bytes;
	} bounced[DMK_CAUSES];
	uint64_t mask;                   /* of the device, when it was bounced for it */
	uint64_t again, buffers;         /* maps of what was mapped here before; different ones */
	uint64_t touched, read, written; /* mappings, of those that ended: by the device */
	/* of the touched ones: their bytes, those from the first to the last touched one */
	uint64_t touched_of, touched_bytes;
	uint64_t shared, shared_syncs, shared_moved; /* as consistent memory should be */
	const struct dmk_seen *device;               /* the last one */

	/* SYNC */
	uint64_t idle[DMK_IDLES];
};

/** A code address, and the line it is of. */
struct dmk_alias {
	struct dmk_link by_code;
	struct dmk_call *call; /* NULL: it is the library's, the stack must be walked */
};

/** A device. */
struct dmk_seen {
	struct dmk_link by_dev, by_requester;
	struct dmk_seen *next;
	const struct dmk_dev *dev;
	char name[64];
	bool masters; /* it is known by its requester */
	uint64_t mask; /* of streaming mappings */
	struct dmk_use use;
	struct dmk_ranges bus;              /* what it has, by its addresses */
	uint64_t addresses, addresses_most; /* bytes of granules that are out */
};

struct dmk_lent;

/** A contiguous piece of what is lent: of bus addresses or of memory. */
struct dmk_piece_lent {
	struct dmk_range range;
	uint64_t offset; /* in the buffer */
	struct dmk_lent *lent;
	struct dmk_piece_lent *next;
};

/** A buffer that was mapped, and whose memory was not given back since. */
struct dmk_known {
	struct dmk_range memory; /* its first piece */
	struct dmk_known *older, *newer;
	const struct dmk_call *call;
	const struct dmk_seen *device;
	uint64_t size;
	enum dmk_direction dir;
};

/** Who had the bytes last, and what happened to them since. */
struct dmk_turn_since {
	struct dmk_call *sync; /* the call that handed them over; NULL: the map */
	bool fresh;            /* the device wrote them before that */
	bool cpu_wrote_before;
	bool cpu_read, cpu_wrote, device_read, device_wrote;
};

/** Something lent: a mapping, or memory made for a device. */
struct dmk_lent {
	struct dmk_call *call;
	struct dmk_seen *device;
	enum dmk_map_kind map_kind;
	enum dmk_direction dir;
	bool mapping;  /* no allocation */
	bool turns;    /* handed over by syncs */
	bool skipped;  /* the map left the caches alone */
	bool coherent; /* the device sees what is in the caches */
	bool read, written;
	uint64_t dma, size, bounced, addresses, since;
	uint64_t low, high; /* offsets of what the device touched; low > high: nothing */
	uint64_t syncs_cpu, syncs_stale, syncs, syncs_moved;
	struct dmk_turn_since now;
	struct dmk_piece_lent bus, memory; /* the first pieces; more hang at .next */
	bool has_bus, has_memory;
};

struct dmk_advisor {
	struct dmk_observer observer;
	pthread_mutex_t lock; /* guards all below */
	struct dmk_advice_options options;
	struct dmk_index aliases, lines, devices, requesters;
	struct dmk_call *calls, **calls_end;
	struct dmk_seen *seen;
	struct dmk_ranges memory; /* pieces of what is lent, by physical address */
	struct dmk_ranges known;
	struct dmk_known *known_oldest, *known_newest;
	size_t nr_known;
	bool sees_dma;
	struct dmk_pile call_pile, alias_pile, seen_pile, lent_pile, piece_pile, known_pile;
};

/**
 * dmk_call_of - the line of the driver that an event comes from; NULL: out of memory.
 */
struct dmk_call *dmk_call_of(struct dmk_advisor *advisor, const struct dmk_event *event,
			     enum dmk_call_role role);
/** dmk_seen_of - the device of an event, known from now on; NULL: none, or out of memory. */
struct dmk_seen *dmk_seen_of(struct dmk_advisor *advisor, const struct dmk_dev *dev);

/* --- advice_lent.c: what is lent, from the call that lends it to the one that ends it --------- */

void dmk_lent_begin(struct dmk_advisor *advisor, const struct dmk_event *event);
void dmk_lent_refused(struct dmk_advisor *advisor, const struct dmk_event *event);
void dmk_lent_end(struct dmk_advisor *advisor, const struct dmk_event *event);
/** All that was linked in the addresses an event names. */
void dmk_lent_end_links(struct dmk_advisor *advisor, const struct dmk_event *event);
/** The device is gone, and all it has. */
void dmk_lent_forget(struct dmk_advisor *advisor, struct dmk_seen *device);
void dmk_lent_sync(struct dmk_advisor *advisor, const struct dmk_event *event);
void dmk_lent_touched(struct dmk_advisor *advisor, const struct dmk_event *event);
void dmk_lent_touched_by_cpu(struct dmk_advisor *advisor, const struct dmk_event *event);

/* --- advice_known.c: what was lent before ----------------------------------------------------- */

/** dmk_known_before - whether the call mapped the same before; from now on it has. */
bool dmk_known_before(struct dmk_advisor *advisor, const struct dmk_lent *lent, uint64_t phys,
		      uint64_t size);
/** The memory was given back: what is there next is another buffer. */
void dmk_known_freed(struct dmk_advisor *advisor, uint64_t phys, uint64_t size);

#endif
