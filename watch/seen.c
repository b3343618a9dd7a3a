/* SPDX-License-Identifier: MIT */
/*
 * What a device sees of stores that are on their way: stores.h says what those are.
 *
 * Of the stores that a read meets, the latest is seen and those before it are not, as far as that
 * may be: what is worst for a driver that left a barrier out, and nothing to one that did not. The
 * seed says how many of them are held back. Stores to the same bytes are seen in order. One that a
 * few reads have not seen arrives by itself, so that who waits for it goes on.
 *
 * A device that reads in answer to a register write which orders nothing, at once or by work that
 * it put off for that, sees none of the stores before it.
 */
#include "stores.h"

#include <dmakit/observer.h>
#include <dmakit/watch.h>

#include <string.h>

enum {
	PATIENCE = 4, /* reads that don't see a store */
	UNSEEN = 32,  /* of one read, that are told of */
};

/* What the access that holds the lock did not see. */
struct unseen {
	struct dmk_event event;
	struct dmk_event_order order;
	uint8_t bytes[DMK_WATCH_WIDTH];
};
static struct unseen unseen[UNSEEN];
static unsigned int nr_unseen;

static uint64_t random_state; /* not 0 */

/* The register write that this thread of the machine does its work for; 0: none. */
static __thread uint64_t reason;

void dmk_watch_seen_start(uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ULL | 1;
}

/* xorshift64*, after Vigna (2016). */
static unsigned int chance(unsigned int limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1dULL >> 33) % limit;
}

/* --- which stores an access meets ------------------------------------------------------------- */

/* A device that writes does so after the stores there. */
static void written(struct dmk_watch_buffer *buffer, uint64_t phys, size_t size)
{
	for (unsigned int i = buffer->n; i--;) {
		const struct dmk_watch_stored *store = dmk_watch_stored_at(buffer, i);

		if (store->phys < phys + size && phys < store->phys + store->size)
			dmk_watch_forget(buffer, i);
	}
}

static void met(struct dmk_watch_buffer *buffer, uint64_t phys, uint8_t *bytes, size_t size)
{
	for (unsigned int i = 0; i < buffer->n; i++) {
		struct dmk_watch_stored *store = dmk_watch_stored_at(buffer, i);
		const uint64_t first = store->phys > phys ? store->phys : phys;
		const uint64_t store_end = store->phys + store->size, end = phys + size;
		const uint64_t last = store_end < end ? store_end : end;

		if (first >= last)
			continue;
		store->bytes = bytes + (first - phys);
		store->from = first - store->phys;
		store->read = last - first;
	}
}

static bool overlap(const struct dmk_watch_stored *a, const struct dmk_watch_stored *b)
{
	return a->phys < b->phys + b->size && b->phys < a->phys + a->size;
}

static bool is_overwritten(struct dmk_watch_buffer *buffer, unsigned int i)
{
	for (unsigned int j = i + 1; j < buffer->n; j++)
		if (overlap(dmk_watch_stored_at(buffer, i), dmk_watch_stored_at(buffer, j)))
			return true;
	return false;
}

/* Somebody else has written there since: another than the driver, or a device. */
static bool is_gone(struct dmk_watch_buffer *buffer, unsigned int i)
{
	const struct dmk_watch_stored *store = dmk_watch_stored_at(buffer, i);

	return store->done && !is_overwritten(buffer, i) &&
	       memcmp(store->bytes, store->after + store->from, store->read);
}

static void forget_gone(struct dmk_watch_buffer *buffer)
{
	for (unsigned int i = buffer->n; i--;)
		if (dmk_watch_stored_at(buffer, i)->read && is_gone(buffer, i))
			dmk_watch_forget(buffer, i);
}

/* --- what is seen ----------------------------------------------------------------------------- */

/* The read meets it, and it makes a difference. */
static bool is_open(const struct dmk_watch_stored *store)
{
	return store->read && !store->seen &&
	       memcmp(store->bytes, store->before + store->from, store->read);
}

/* Of each buffer: which may be seen, which not. */
struct choice {
	unsigned int last; /* the latest store that was seen, now or before */
	uint64_t answers;  /* the register write of the buffer's that the read answers; 0: none */
};

static uint64_t answered_by(const struct dmk_watch_buffer *buffer)
{
	if (buffer == dmk_watch_own_buffer && buffer->register_write)
		return buffer->register_write;
	for (unsigned int i = 0; i < DMK_WATCH_ANSWERED && reason; i++)
		if (buffer->answered[i] == reason)
			return reason;
	return 0;
}

static struct choice choose_last(struct dmk_watch_buffer *buffer)
{
	struct choice choice = {.answers = answered_by(buffer)};

	for (unsigned int i = 0; i < buffer->n && !choice.answers; i++) {
		const struct dmk_watch_stored *store = dmk_watch_stored_at(buffer, i);

		if (store->seen || is_open(store))
			choice.last = i;
	}
	return choice;
}

/* Whether a later store to the same bytes is seen: then this one is, too. */
static bool is_settled(struct dmk_watch_buffer *buffer, unsigned int i)
{
	const struct dmk_watch_stored *store = dmk_watch_stored_at(buffer, i);

	for (unsigned int j = i + 1; j < buffer->n; j++) {
		const struct dmk_watch_stored *later = dmk_watch_stored_at(buffer, j);

		if (later->seen && overlap(store, later))
			return true;
	}
	return false;
}

static void see(struct dmk_watch_stored *store, const struct dmk_device_access *access)
{
	store->seen = true;
	store->seen_at = access->dma.v + (store->bytes - access->bytes);
}

/*
 * From the latest to the first: whether one is held back depends on those after it. One in eight is
 * seen though it need not be, the first one never: so one run finds what there is to find.
 */
static void choose(struct dmk_watch_buffer *buffer, const struct choice *choice,
		   const struct dmk_device_access *access)
{
	for (unsigned int i = buffer->n; i--;) {
		struct dmk_watch_stored *store = dmk_watch_stored_at(buffer, i);

		store->hidden = false;
		if (!is_open(store))
			continue;
		store->hidden = choice->answers ? store->cookie < choice->answers
						: i < choice->last;
		if (is_settled(buffer, i) || store->missed == PATIENCE ||
		    (i && store->hidden && !chance(8)))
			store->hidden = false;
		if (store->hidden)
			store->missed++;
		else
			see(store, access);
	}
}

static const char *fence_between(struct dmk_watch_buffer *buffer, unsigned int i, unsigned int j)
{
	const char *fence = NULL;

	while (++i <= j && !fence)
		fence = dmk_watch_stored_at(buffer, i)->fence;
	return fence;
}

static void note_unseen(struct dmk_watch_buffer *buffer, unsigned int i,
			const struct choice *choice, const struct dmk_device_access *access)
{
	const struct dmk_watch_stored *store = dmk_watch_stored_at(buffer, i), *later = NULL;
	struct unseen *new = &unseen[nr_unseen];
	unsigned int last = buffer->n - 1;

	if (nr_unseen == UNSEEN)
		return;
	nr_unseen++;
	if (!choice->answers) {
		last = choice->last;
		later = dmk_watch_stored_at(buffer, last);
	}
	memcpy(new->bytes, store->before + store->from, store->read);
	new->order = (struct dmk_event_order){
		.later = later ? later->cookie : choice->answers,
		.earlier = store->cookie,
		.is_register = !later,
		.later_dma = DMK_DMA(later ? later->seen_at : 0),
		.later_size = later ? later->size : 0,
		.earlier_dma = DMK_DMA(access->dma.v + (store->bytes - access->bytes)),
		.earlier_size = store->read,
		.bytes = new->bytes,
	};
	new->event = (struct dmk_event){
		.kind = DMK_EVENT_STORE_UNSEEN,
		.requester = access->requester,
		.dma = access->dma,
		.size = access->size,
		.cpu = access->bytes,
		.name = fence_between(buffer, i, last),
		.order = &new->order,
	};
	if (!later && buffer->fence)
		new->event.name = buffer->fence;
}

/* From the latest to the first: what was there before the first is what remains. */
static void hide(struct dmk_watch_buffer *buffer)
{
	for (unsigned int i = buffer->n; i--;) {
		const struct dmk_watch_stored *store = dmk_watch_stored_at(buffer, i);

		if (store->hidden)
			memcpy(store->bytes, store->before + store->from, store->read);
	}
}

/* What was seen stays only to be told apart from what is before it. */
static void forget_seen(struct dmk_watch_buffer *buffer)
{
	while (buffer->n && dmk_watch_stored_at(buffer, 0)->seen)
		dmk_watch_forget(buffer, 0);
}

static void see_buffer(struct dmk_watch_buffer *buffer, const struct dmk_device_access *access)
{
	struct choice choice;

	forget_gone(buffer);
	choice = choose_last(buffer);
	choose(buffer, &choice, access);
	for (unsigned int i = 0; i < buffer->n; i++)
		if (dmk_watch_stored_at(buffer, i)->hidden)
			note_unseen(buffer, i, &choice, access);
	hide(buffer);
	for (unsigned int i = 0; i < buffer->n; i++) {
		dmk_watch_stored_at(buffer, i)->read = 0;
		dmk_watch_stored_at(buffer, i)->hidden = false;
	}
	forget_seen(buffer);
}

/* --- dmk_stores ------------------------------------------------------------------------------- */

static void begin(void *ctx, const struct dmk_device_access *access)
{
	pthread_mutex_lock(&dmk_watch_stores_lock);
	dmk_watch_access_begins();
}

static void part(void *ctx, const struct dmk_device_access *access, size_t offset, dmk_phys phys,
		 size_t size)
{
	if (access->write)
		dmk_watch_written(phys.v, size, access, offset);
	for (struct dmk_watch_buffer *at = dmk_watch_buffers; at; at = at->next) {
		if (access->write)
			written(at, phys.v, size);
		else
			met(at, phys.v, access->bytes + offset, size);
	}
}

static void end(void *ctx, const struct dmk_device_access *access)
{
	struct unseen told[UNSEEN];
	unsigned int n;

	nr_unseen = 0;
	for (struct dmk_watch_buffer *at = dmk_watch_buffers; at && !access->write; at = at->next)
		see_buffer(at, access);
	n = nr_unseen;
	memcpy(told, unseen, n * sizeof(*told));
	pthread_mutex_unlock(&dmk_watch_stores_lock);
	for (unsigned int i = 0; i < n; i++) {
		told[i].order.bytes = told[i].bytes;
		told[i].event.order = &told[i].order;
		dmk_announce(&told[i].event);
	}
}

static uint64_t cause(void *ctx)
{
	struct dmk_watch_buffer *own = dmk_watch_own_buffer;
	uint64_t cookie = own ? own->register_write : 0;

	if (!cookie)
		return reason;
	pthread_mutex_lock(&dmk_watch_stores_lock);
	own->answered[own->next_answered++ % DMK_WATCH_ANSWERED] = cookie;
	own->awaited = cookie;
	pthread_mutex_unlock(&dmk_watch_stores_lock);
	return cookie;
}

static void because(void *ctx, uint64_t cookie)
{
	const uint64_t done = cookie ? 0 : reason;

	reason = cookie;
	if (!done)
		return;
	pthread_mutex_lock(&dmk_watch_stores_lock);
	for (struct dmk_watch_buffer *at = dmk_watch_buffers; at; at = at->next)
		if (at->awaited == done)
			at->awaited = 0;
	pthread_cond_broadcast(&dmk_watch_answered);
	pthread_mutex_unlock(&dmk_watch_stores_lock);
}

const struct dmk_stores *dmk_watch_stores(void)
{
	static const struct dmk_stores stores = {begin, part, end, cause, because, NULL};

	return dmk_watch_mode() == DMK_WATCH_INSTRUMENTED ? &stores : NULL;
}
