/* SPDX-License-Identifier: MIT */
/* Seats, given to threads and taken back at a thread's end; and the closing of the gate. */
#include "gate.h"

#include <sched.h>
#include <string.h>

/*
 * A seat is a thread's until the thread ends, or until it comes to another gate: it has one. Which
 * it is, only the thread knows; that its gate still is, the list says.
 */
static struct {
	pthread_mutex_t lock;
	struct dmk_gate *first;
	uint64_t ids;
} gates = {.lock = PTHREAD_MUTEX_INITIALIZER};

_Thread_local struct dmk_seated dmk_seated;

static pthread_key_t at_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* With the lock of the list. */
static void give_back(void)
{
	const struct dmk_gate *gate = gates.first;

	while (gate && gate->id != dmk_seated.gate)
		gate = gate->next;
	if (gate && dmk_seated.seat)
		dmk_seated.seat->taken = false;
	dmk_seated.gate = 0;
	dmk_seated.seat = NULL;
}

static void thread_ends(void *unused)
{
	pthread_mutex_lock(&gates.lock);
	give_back();
	pthread_mutex_unlock(&gates.lock);
}

static void make_key(void)
{
	pthread_key_create(&at_end, thread_ends);
}

struct dmk_seat *dmk_gate_take_seat(struct dmk_gate *gate)
{
	struct dmk_seat *seat = NULL;
	uint32_t i;

	pthread_once(&once, make_key);
	pthread_setspecific(at_end, &dmk_seated);
	pthread_mutex_lock(&gates.lock);
	give_back();
	for (i = 0; i < DMK_SEATS && gate->seat[i].taken; i++)
		;
	if (i < DMK_SEATS) {
		seat = &gate->seat[i];
		seat->taken = true;
		/* Before it is ever inside: who closes the gate from now on looks at it. */
		if (i >= gate->nr_seats)
			__atomic_store_n(&gate->nr_seats, i + 1, __ATOMIC_SEQ_CST);
	}
	dmk_seated.gate = gate->id;
	dmk_seated.seat = seat;
	pthread_mutex_unlock(&gates.lock);
	return seat;
}

void dmk_gate_init(struct dmk_gate *gate)
{
	memset(gate, 0, sizeof(*gate));
	pthread_mutex_init(&gate->lock, NULL);
	pthread_mutex_lock(&gates.lock);
	gate->id = ++gates.ids;
	gate->next = gates.first;
	gates.first = gate;
	pthread_mutex_unlock(&gates.lock);
}

void dmk_gate_exit(struct dmk_gate *gate)
{
	struct dmk_gate **at = &gates.first;

	pthread_mutex_lock(&gates.lock);
	while (*at != gate)
		at = &(*at)->next;
	*at = gate->next;
	pthread_mutex_unlock(&gates.lock);
	pthread_mutex_destroy(&gate->lock);
}

static void wait_for(const struct dmk_seat *seat)
{
	unsigned int spins = 0;

	/* SEQ_CST: it is not looked at before .closed was written. Pairs with dmk_gate_leave(). */
	while (__atomic_load_n(&seat->inside, __ATOMIC_SEQ_CST))
		if (++spins % 128 == 0)
			sched_yield();
}

void dmk_gate_close(struct dmk_gate *gate)
{
	uint32_t n;

	pthread_mutex_lock(&gate->lock);
	__atomic_exchange_n(&gate->closed, 1, __ATOMIC_SEQ_CST);
	n = __atomic_load_n(&gate->nr_seats, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < n; i++)
		wait_for(&gate->seat[i]);
}

void dmk_gate_open(struct dmk_gate *gate)
{
	__atomic_store_n(&gate->closed, 0, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&gate->lock);
}
