/* SPDX-License-Identifier: MIT */
/*
 * Stores on their way, and what devices see of them (COH-05). A thread is a CPU, and has a store
 * buffer: the driver's latest stores to memory that a device has too, in the order of the program,
 * each with the bytes that were there before. The stores themselves are done as the compiler
 * wrote them; "not in memory yet" is said by the old bytes, which a device gets instead.
 *
 *	made      in the buffer, last; the device's next read may see it or not
 *	seen      a device saw it; it stays in the buffer while one before it is on its way, to be
 *	          told apart from a store that came in order
 *	in memory gone from the buffer: a barrier or a doorbell (orders.c), room for others, a few
 *	          reads that did not see it, a device that wrote there
 *
 * stores.c fills and drains the buffers, seen.c is what a device's read makes of them.
 *
 * Locks: one, for all buffers; held by a device from before its read to when it knows what it saw,
 * so that all of it is one picture: a store that a barrier put before another can't be missing
 * where the other is seen. Nothing is taken inside it but the machine's for its memory. Events are
 * announced without it.
 */
#ifndef WATCH_STORES_H
#define WATCH_STORES_H

#include "watch.h"

#include <pthread.h>

enum {
	DMK_WATCH_STORES = 64, /* of a thread; a power of two */
	DMK_WATCH_WIDTH = 8,   /* bytes that arrive at once, aligned */
	DMK_WATCH_ANSWERED = 4,
};

struct dmk_watch_stored {
	uint64_t cookie; /* of the driver's store, which may have several of these */
	uintptr_t address;
	uint64_t phys;
	unsigned int size;
	uint8_t before[DMK_WATCH_WIDTH], after[DMK_WATCH_WIDTH];
	bool done;           /* after is known: the thread has gone on */
	const char *fence;   /* a barrier before it that is none for devices; NULL: none */
	unsigned int missed; /* reads that did not see it */
	bool seen;
	uint64_t seen_at; /* the device's address of it */

	/* what the device reads of it that holds the lock: bytes [from, + read) arrive at bytes */
	uint8_t *bytes;
	unsigned int from, read; /* read 0: nothing */
	bool hidden;
};

struct dmk_watch_buffer {
	struct dmk_watch_buffer *next;
	struct dmk_watch_stored store[DMK_WATCH_STORES]; /* a ring */
	unsigned int first, n;
	const char *fence; /* came after the last store */
	/* the thread's own: cookie of the write that orders nothing and that it is in; 0: none */
	uint64_t register_write;
	/* the latest of them that a device put work off for */
	uint64_t answered[DMK_WATCH_ANSWERED];
	unsigned int next_answered;
	uint64_t awaited; /* the last of those, until the work is done; 0: it is */
};

/** Guards all buffers, and the list of them. */
extern pthread_mutex_t dmk_watch_stores_lock;
extern struct dmk_watch_buffer *dmk_watch_buffers;
/** This thread's; NULL: it has stored nothing yet. */
extern __thread struct dmk_watch_buffer *dmk_watch_own_buffer;

/* With the lock held: */
static inline struct dmk_watch_stored *dmk_watch_stored_at(struct dmk_watch_buffer *buffer,
							   unsigned int i)
{
	return &buffer->store[(buffer->first + i) % DMK_WATCH_STORES];
}

/** dmk_watch_forget - store @i of the buffer is in memory */
void dmk_watch_forget(struct dmk_watch_buffer *buffer, unsigned int i);
/** A device has done what it put off for the register write @cookie. */
extern pthread_cond_t dmk_watch_answered;

/* reads.c; with the lock held: */
/** dmk_watch_access_begins - a device's; what it writes is told next */
void dmk_watch_access_begins(void);
/** dmk_watch_written - a device is about to write [phys, + size): @access from byte @offset on */
void dmk_watch_written(uint64_t phys, uint64_t size, const struct dmk_device_access *access,
		       size_t offset);
/** dmk_watch_overwritten - the driver is about to */
void dmk_watch_overwritten(uint64_t phys, uint64_t size);

/** dmk_watch_cookie - of an access of the driver's that is told of; never 0 */
uint64_t dmk_watch_cookie(void);
/** dmk_watch_smp_fence - a barrier for what other CPUs see */
void dmk_watch_smp_fence(const char *name);
void dmk_watch_reads_start(void);
void dmk_watch_reads_end(void);

/** dmk_watch_seen_start - what a device sees is chosen by this seed */
void dmk_watch_seen_start(uint64_t seed);

#endif
