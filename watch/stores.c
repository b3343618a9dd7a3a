/* SPDX-License-Identifier: MIT */
/* The store buffers: stores.h says what they are. */
#include "stores.h"

#include <dmakit/observer.h>

#include <stdlib.h>
#include <time.h>

/*
 * How long a thread's barrier takes at most while a device does what a register write before the
 * barrier told it, and how often in a run: a device may have dropped the work.
 */
enum { WAIT_MSEC = 50, WAITS = 100 };

bool dmk_watch_weak;
unsigned int dmk_watch_on_their_way;
pthread_mutex_t dmk_watch_stores_lock = PTHREAD_MUTEX_INITIALIZER;
struct dmk_watch_buffer *dmk_watch_buffers;
__thread struct dmk_watch_buffer *dmk_watch_own_buffer;

pthread_cond_t dmk_watch_answered = PTHREAD_COND_INITIALIZER;

static uint64_t last_cookie; /* atomic */
static unsigned int waits;   /* in this run; guarded by the lock */
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void count(unsigned int change)
{
	__atomic_fetch_add(&dmk_watch_on_their_way, change, __ATOMIC_RELAXED);
}

/* --- with the lock held ----------------------------------------------------------------------- */

void dmk_watch_forget(struct dmk_watch_buffer *buffer, unsigned int i)
{
	for (; i; i--)
		*dmk_watch_stored_at(buffer, i) = *dmk_watch_stored_at(buffer, i - 1);
	buffer->first = (buffer->first + 1) % DMK_WATCH_STORES;
	buffer->n--;
	count(-1u);
}

static void empty(struct dmk_watch_buffer *buffer)
{
	count(-buffer->n);
	buffer->n = 0;
	buffer->awaited = 0;
	buffer->fence = NULL;
}

/*
 * Bytes of memory that devices may write meanwhile, and the driver's threads: as its own loads of
 * them would be.
 */
static void load(uint8_t *to, uintptr_t from, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		to[i] = __atomic_load_n((const uint8_t *)from + i, __ATOMIC_RELAXED);
}

/* The thread has gone on: its last store, which may be several here, was done. */
static void last_is_done(struct dmk_watch_buffer *buffer)
{
	for (unsigned int i = buffer->n; i--;) {
		struct dmk_watch_stored *last = dmk_watch_stored_at(buffer, i);

		if (last->done)
			break;
		load(last->after, last->address, last->size);
		last->done = true;
	}
}

/*
 * Who stores to a page where another thread's stores are on their way was told of them by that
 * thread, one way or another: they are in memory.
 */
static void others_give_way(const struct dmk_watch_buffer *own, uint64_t phys)
{
	for (struct dmk_watch_buffer *at = dmk_watch_buffers; at; at = at->next) {
		if (at == own)
			continue;
		for (unsigned int i = at->n; i--;)
			if (dmk_watch_stored_at(at, i)->phys >> DMK_PAGE_SHIFT ==
			    phys >> DMK_PAGE_SHIFT)
				dmk_watch_forget(at, i);
	}
}

static void push(struct dmk_watch_buffer *buffer, uint64_t cookie, uintptr_t address, uint64_t phys,
		 unsigned int size)
{
	struct dmk_watch_stored *new;

	if (buffer->n == DMK_WATCH_STORES)
		dmk_watch_forget(buffer, 0);
	new = dmk_watch_stored_at(buffer, buffer->n++);
	*new = (struct dmk_watch_stored){.cookie = cookie,
					 .address = address,
					 .phys = phys,
					 .size = size,
					 .fence = buffer->fence};
	buffer->fence = NULL;
	load(new->before, address, size);
	count(1);
}

/* --- a thread's buffer ------------------------------------------------------------------------ */

static void end_buffer(void *own)
{
	struct dmk_watch_buffer **at = &dmk_watch_buffers;

	pthread_mutex_lock(&dmk_watch_stores_lock);
	while (*at != own)
		at = &(*at)->next;
	empty(own);
	*at = (*at)->next;
	pthread_mutex_unlock(&dmk_watch_stores_lock);
	/* What ends after it in this thread has none, or a new one. */
	dmk_watch_own_buffer = NULL;
	free(own);
}

static void make_key(void)
{
	if (pthread_key_create(&key, end_buffer))
		abort();
}

/* NULL: out of memory; then the thread's stores are seen at once. */
static struct dmk_watch_buffer *own_buffer(void)
{
	struct dmk_watch_buffer *new;

	if (dmk_watch_own_buffer)
		return dmk_watch_own_buffer;
	pthread_once(&key_once, make_key);
	new = calloc(1, sizeof(*new));
	if (!new)
		return NULL;
	pthread_setspecific(key, new);
	pthread_mutex_lock(&dmk_watch_stores_lock);
	new->next = dmk_watch_buffers;
	dmk_watch_buffers = new;
	pthread_mutex_unlock(&dmk_watch_stores_lock);
	dmk_watch_own_buffer = new;
	return new;
}

/* --- stores ----------------------------------------------------------------------------------- */

uint64_t dmk_watch_cookie(void)
{
	return __atomic_add_fetch(&last_cookie, 1, __ATOMIC_RELAXED);
}

static uint64_t announce(uint64_t phys, size_t size, const struct dmk_watch_place *place)
{
	const uint64_t cookie = dmk_watch_cookie();

	dmk_announce(&(struct dmk_event){
		.kind = DMK_EVENT_STORE,
		.phys = DMK_PHYS(phys),
		.size = size,
		.cookie = cookie,
		.name = place->call,
		.caller = place->caller,
		.frame = place->frame,
	});
	return cookie;
}

void dmk_watch_store(uintptr_t address, uint64_t phys, size_t size,
		     const struct dmk_watch_place *place)
{
	struct dmk_watch_buffer *own = own_buffer();
	const size_t most = DMK_WATCH_STORES * DMK_WATCH_WIDTH;
	const uint64_t cookie = announce(phys, size, place);
	size_t n;

	if (!own)
		return;
	pthread_mutex_lock(&dmk_watch_stores_lock);
	last_is_done(own);
	others_give_way(own, phys);
	dmk_watch_overwritten(phys, size);
	/* Of a long one the first bytes have left the buffer when the last ones come. */
	if (size > most) {
		address += size - most;
		phys += size - most;
		size = most;
	}
	for (; size; address += n, phys += n, size -= n) {
		n = DMK_WATCH_WIDTH - address % DMK_WATCH_WIDTH;
		if (n > size)
			n = size;
		push(own, cookie, address, phys, n);
	}
	pthread_mutex_unlock(&dmk_watch_stores_lock);
}

/*
 * The barrier comes after a register write that it should have come before: the device, which was
 * told, may look before it is done. It gets the time to.
 */
static void wait_for_answer(const struct dmk_watch_buffer *own)
{
	struct timespec until;

	if (!own || !own->n || !own->awaited || waits == WAITS)
		return;
	waits++;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += WAIT_MSEC * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	while (own->awaited &&
	       !pthread_cond_timedwait(&dmk_watch_answered, &dmk_watch_stores_lock, &until))
		;
}

void dmk_watch_drain(void)
{
	if (!__atomic_load_n(&dmk_watch_on_their_way, __ATOMIC_RELAXED))
		return;
	pthread_mutex_lock(&dmk_watch_stores_lock);
	wait_for_answer(dmk_watch_own_buffer);
	for (struct dmk_watch_buffer *at = dmk_watch_buffers; at; at = at->next)
		empty(at);
	pthread_mutex_unlock(&dmk_watch_stores_lock);
}

/* --- registers -------------------------------------------------------------------------------- */

void dmk_watch_register_begin(const struct dmk_watch_place *place)
{
	struct dmk_watch_buffer *own = dmk_watch_own_buffer;
	uint64_t cookie;

	if (!own || !__atomic_load_n(&dmk_watch_on_their_way, __ATOMIC_RELAXED))
		return;
	cookie = announce(0, 0, place);
	pthread_mutex_lock(&dmk_watch_stores_lock);
	last_is_done(own);
	pthread_mutex_unlock(&dmk_watch_stores_lock);
	own->register_write = cookie;
}

void dmk_watch_register_end(void)
{
	struct dmk_watch_buffer *own = dmk_watch_own_buffer;

	if (own)
		own->register_write = 0;
}

/* --- life ------------------------------------------------------------------------------------- */

void dmk_watch_stores_start(bool weak, uint64_t seed)
{
	waits = 0;
	dmk_watch_weak = weak;
	dmk_watch_seen_start(seed);
	if (weak)
		dmk_watch_reads_start();
}

void dmk_watch_stores_end(void)
{
	dmk_watch_drain();
	if (dmk_watch_weak)
		dmk_watch_reads_end();
	dmk_watch_weak = false;
}
