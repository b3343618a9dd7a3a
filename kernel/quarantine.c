/* SPDX-License-Identifier: MIT */
/*
 * Memory that was freed waits before it is given out again, so that a device that comes too late
 * meets nobody's memory, and is seen to be late (STR-07, MEM-05). Otherwise the same address would
 * often be the next buffer's, and the device's access right by luck.
 *
 * It is the allocators' own, and knows nothing of who watches: which memory a driver gets is the
 * same with the checker and without it (CHK-07). So it takes all that is freed, not only what was
 * mapped: on most machines nobody but the checker keeps a list of that. It is bounded in bytes and
 * in number, and not in time: which memory is given out next would depend on the clock, and a seed
 * would repeat nothing. When memory is short it all goes back before an allocation fails.
 *
 *	dmakit.quarantine=N	bytes, 0: none. Without it what dmk_kernel_quarantine() said; 0
 *
 * Locks: its own guards the ring. What is given back is given back without it, since that takes the
 * allocators' locks; no lock of theirs is held by callers.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#include <dmakit/kernel.h>
#include <linux/kernel.h>
#include <linux/mm.h>

enum { WAITING_MOST = 4096, SHARE_OF_MEMORY = 64 };

struct waiting {
	void (*release)(void *what);
	void *what;
	size_t size;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct waiting ring[WAITING_MOST]; /* the oldest at .first */
static unsigned int first, nr;
static size_t held;    /* bytes in the ring */
static unsigned int releasing; /* out of the ring, and not given back yet */
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static _Thread_local bool is_releasing; /* this thread is one of them */
static uint64_t limit; /* bytes; set at boot, before anybody else is there */
static uint64_t by_default;

void dmk_kernel_quarantine(uint64_t bytes)
{
	by_default = bytes;
}

void dmk_quarantine_start(const char *parameters)
{
	const char *value = dmk_boot_argument(parameters, "dmakit.quarantine=");

	limit = min(by_default, (uint64_t)totalram_pages() * PAGE_SIZE / SHARE_OF_MEMORY);
	if (value)
		limit = strtoull(value, NULL, 0);
}

bool dmk_quarantine_takes(size_t size)
{
	return size <= limit / 4 && !dmk_memory_awaited();
}

/* The oldest; false: there is none. With the lock held. */
static bool take_oldest(struct waiting *oldest)
{
	if (!nr)
		return false;
	*oldest = ring[first];
	first = (first + 1) % WAITING_MOST;
	nr--;
	held -= oldest->size;
	return true;
}

static void give_back(const struct waiting *oldest)
{
	const bool was_releasing = is_releasing;

	is_releasing = true;
	oldest->release(oldest->what);
	is_releasing = was_releasing;
	pthread_mutex_lock(&lock);
	releasing--;
	pthread_cond_broadcast(&released);
	pthread_mutex_unlock(&lock);
}

/* Gives the oldest back until at most @most bytes wait. True: it gave any back. */
static bool shrink(size_t most, unsigned int entries)
{
	struct waiting oldest = {0};
	bool any = false, more;

	do {
		pthread_mutex_lock(&lock);
		more = (held > most || nr > entries) && take_oldest(&oldest);
		releasing += more;
		pthread_mutex_unlock(&lock);
		if (more)
			give_back(&oldest);
		any |= more;
	} while (more);
	return any;
}

/* What others have taken out is back too, but for a release that itself wants it all back. */
bool dmk_quarantine_empty(void)
{
	bool any = shrink(0, 0);

	if (is_releasing)
		return any;
	pthread_mutex_lock(&lock);
	while (releasing) {
		any = true;
		pthread_cond_wait(&released, &lock);
	}
	pthread_mutex_unlock(&lock);
	return any;
}

/*
 * Who waits for memory counts itself, and empties the ring after that: it finds what was put there
 * before, and is seen here by who puts something there later.
 */
void dmk_quarantine_add(void (*release)(void *what), void *what, size_t size)
{
	shrink(limit > size ? limit - size : 0, WAITING_MOST - 1);
	pthread_mutex_lock(&lock);
	if (nr < WAITING_MOST) {
		ring[(first + nr++) % WAITING_MOST] = (struct waiting){release, what, size};
		held += size;
		release = NULL;
	}
	pthread_mutex_unlock(&lock);
	if (release) /* others filled it meanwhile */
		release(what);
	else if (dmk_memory_awaited())
		dmk_quarantine_empty();
}
