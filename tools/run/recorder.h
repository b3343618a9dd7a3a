/* SPDX-License-Identifier: MIT */
/*
 * The recorder's inside: record.c takes events, record_buffers.c knows what is mapped,
 * record_store.c keeps events, record_show.c hands them out. All with the recorder's lock held.
 */
#ifndef TOOLS_RUN_RECORDER_H
#define TOOLS_RUN_RECORDER_H

#include "run/intervals.h"
#include "run/record.h"

#include <pthread.h>

/** Known as long as it is live, or an event that is kept or a transfer names it. */
struct dmk_recorded_buffer {
	struct dmk_timeline_buffer facts;
	struct dmk_recorded_buffer *older, *newer;
	struct dmk_interval *piece; /* while it is live: .nr_dma by bus address, then by memory */
	unsigned int nr_dma, nr_memory;
	uint64_t references;
	uint64_t last; /* number of the latest event that names it, from 1; 0: none */
	int index;     /* in the timeline that is being made */
};

struct dmk_recorded_device {
	struct dmk_timeline_device facts;
	const struct dmk_dev *dev; /* NULL: removed, or only seen on the bus */
	struct dmk_interval *by_dma;
};

struct dmk_recorded_event {
	struct dmk_timeline_event facts; /* .buffer is not used */
	struct dmk_recorded_buffer *buffer;
};

struct dmk_recorded_transfer {
	uint64_t cookie;
	struct dmk_recorded_buffer *buffer;
	struct dmk_timeline_event facts;
};

struct dmk_recorder {
	struct dmk_observer observer;
	struct dmk_recorder_options options;
	pthread_mutex_t lock;
	uint64_t serial; /* of this recorder; threads know their number by it */
	uint64_t start;  /* of time, on CLOCK_MONOTONIC */

	struct dmk_recorded_device *device;
	size_t nr_devices;
	struct dmk_timeline_thread *thread;
	size_t nr_threads;
	const void **site;
	size_t nr_sites;
	int *site_index; /* a hash table of .site_room, -1: empty */
	size_t site_room;
	struct dmk_recorded_transfer *transfer;
	size_t nr_transfers;

	struct dmk_recorded_buffer *oldest, *newest;
	uint64_t serial_numbers; /* given out to intervals */
	struct dmk_interval *by_memory;

	struct dmk_recorded_event *event; /* .limit at most, grown on demand */
	size_t room;
	uint64_t seen;
};

/** Nanoseconds since the recorder began. */
uint64_t dmk_recorder_now(const struct dmk_recorder *recorder);

/* --- record_buffers.c ------------------------------------------------------------------------- */

/** A new live buffer from what @event says of it; NULL: out of memory. */
struct dmk_recorded_buffer *dmk_recorded_add(struct dmk_recorder *recorder,
					     const struct dmk_event *event,
					     enum dmk_timeline_kind kind, int device);
/** It is no more. The caller's pointer is good until dmk_recorded_put() of another reference. */
void dmk_recorded_end(struct dmk_recorder *recorder, struct dmk_recorded_buffer *buffer,
		      uint64_t time, int site);
void dmk_recorded_get(struct dmk_recorded_buffer *buffer);
void dmk_recorded_put(struct dmk_recorder *recorder, struct dmk_recorded_buffer *buffer);
/** Its memory alone: at the recorder's end. */
void dmk_recorded_free(struct dmk_recorded_buffer *buffer);

/** The newest live buffer that the device sees at @dma, or that lies in memory at @phys. */
struct dmk_recorded_buffer *dmk_recorded_at(struct dmk_recorder *recorder, int device,
					    uint64_t dma);
struct dmk_recorded_buffer *dmk_recorded_in_memory(struct dmk_recorder *recorder, uint64_t phys);
/** The newest live buffer that begins at @dma; of that kind, where there is one. */
struct dmk_recorded_buffer *dmk_recorded_begins(struct dmk_recorder *recorder, int device,
						uint64_t dma, enum dmk_timeline_kind kind);
/** A live buffer of that kind inside [dma, dma + size); NULL: none. */
struct dmk_recorded_buffer *dmk_recorded_inside(struct dmk_recorder *recorder, int device,
						uint64_t dma, uint64_t size,
						enum dmk_timeline_kind kind);
/** That whose list, or first byte, the CPU knows by this address. */
struct dmk_recorded_buffer *dmk_recorded_known_as(struct dmk_recorder *recorder, const void *cpu,
						  enum dmk_timeline_kind kind);
/** Bytes from the buffer's beginning to @dma (of the device's), to @phys (of memory's). */
uint64_t dmk_recorded_offset(const struct dmk_recorded_buffer *buffer, uint64_t dma);
uint64_t dmk_recorded_memory_offset(const struct dmk_recorded_buffer *buffer, uint64_t phys);

/* --- record_store.c --------------------------------------------------------------------------- */

/** One more event; with a buffer, which is held as long as the event is kept. */
void dmk_recorded_event(struct dmk_recorder *recorder, const struct dmk_timeline_event *facts,
			struct dmk_recorded_buffer *buffer);
/** The same for an access, which is one with the one before when it goes on where that ended. */
void dmk_recorded_access(struct dmk_recorder *recorder, const struct dmk_timeline_event *facts,
			 struct dmk_recorded_buffer *buffer);
/** The buffer that event @number names; NULL: it names none, or is not kept. */
struct dmk_recorded_buffer *dmk_recorded_by(const struct dmk_recorder *recorder, uint64_t number);
/** How many are kept, and the i-th of those. */
size_t dmk_recorded_kept(const struct dmk_recorder *recorder);
const struct dmk_recorded_event *dmk_recorded_nth(const struct dmk_recorder *recorder, size_t i);
/** How many of them come before the gap. */
size_t dmk_recorded_before_gap(const struct dmk_recorder *recorder);

#endif
