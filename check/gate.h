/* SPDX-License-Identifier: MIT */
/*
 * Who may be in the checker: any number of threads that do something plain, each in its seat, or
 * one that has it to itself.
 *
 *     a thread, plain                          who closes the gate
 *       seat.inside = 1       (exchange)         lock; closed = 1         (exchange)
 *       closed?  yes: inside = 0, and close      each seat: wait until it is not inside
 *       … one leaf's lock at a time …            … everything …
 *       seat.inside = 0       (release)          closed = 0  (release); unlock
 *
 * Both write before they look, in one order that all threads agree on: so one of two sees the
 * other, and it is never the case that a thread is inside and the gate is closed for somebody.
 * What was written inside is seen by who waited for .inside (acquire), what was written behind a
 * closed gate by who finds it open (acquire). A thread that goes in writes nothing but its own
 * seat's line: two of them don't slow each other down.
 */
#ifndef CHECK_GATE_H
#define CHECK_GATE_H

#include <pthread.h>

#include <dmakit/check.h>

struct dmk_dev;
struct dmk_history;
struct dmk_record;
struct dmk_trace;
struct dmk_watched;

enum { DMK_SEATS = 64, DMK_SEAT_TRACES = 32 };

/** A thread's. All but .inside is its own while it is inside, else whose the closed gate is. */
struct dmk_seat {
	_Alignas(128) uint32_t inside;
	bool taken; /* guarded by a lock of gate.c */
	bool moved; /* something below has changed since the gate was closed */
	/* the device of the last event, as long as no device came or went */
	const struct dmk_dev *dev;
	struct dmk_watched *device;
	uint32_t requester;
	struct dmk_watched *master;
	uint64_t devices;
	uint64_t clock;           /* the last number that was given to something that happened */
	int64_t live, peak;       /* records made, less those retired, and the most of that */
	struct dmk_record *spare; /* their turns are none */
	unsigned int nr_spare;
	struct dmk_history *history;
	struct dmk_check_totals totals;
	/* stacks it came with before, by a hash of the first frame */
	const struct dmk_trace *trace[DMK_SEAT_TRACES];
};

struct dmk_gate {
	pthread_mutex_t lock;
	uint64_t id;
	struct dmk_gate *next; /* of all there are */
	_Alignas(128) uint32_t closed;
	uint32_t nr_seats; /* that were ever taken */
	struct dmk_seat seat[DMK_SEATS];
};

void dmk_gate_init(struct dmk_gate *gate);
void dmk_gate_exit(struct dmk_gate *gate);

/** The seat that the calling thread has, and the gate's .id. */
struct dmk_seated {
	uint64_t gate;
	struct dmk_seat *seat;
};
extern _Thread_local struct dmk_seated dmk_seated;

struct dmk_seat *dmk_gate_take_seat(struct dmk_gate *gate);

/** dmk_gate_seat - the calling thread's; NULL: all are taken. */
static inline struct dmk_seat *dmk_gate_seat(struct dmk_gate *gate)
{
	const struct dmk_seated *here = &dmk_seated;

	return __builtin_expect(here->gate == gate->id, 1) ? here->seat : dmk_gate_take_seat(gate);
}

/** dmk_gate_close - alone, until dmk_gate_open() */
void dmk_gate_close(struct dmk_gate *gate);
void dmk_gate_open(struct dmk_gate *gate);

static inline void dmk_gate_leave(struct dmk_seat *seat)
{
	__atomic_store_n(&seat->inside, 0, __ATOMIC_RELEASE);
}

/** dmk_gate_enter - false: it is closed, or being closed. */
static inline bool dmk_gate_enter(struct dmk_gate *gate, struct dmk_seat *seat)
{
	__atomic_exchange_n(&seat->inside, 1, __ATOMIC_SEQ_CST);
	if (__builtin_expect(!__atomic_load_n(&gate->closed, __ATOMIC_SEQ_CST), 1))
		return true;
	dmk_gate_leave(seat);
	return false;
}

#endif
