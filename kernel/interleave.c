/* SPDX-License-Identifier: MIT */
/*
 * Interleavings: where threads meet (a lock, a register, an interrupt, work, a wakeup), the one
 * that is there may let others go first, so that what is rare on a quiet host is not. Off unless
 * the machine was booted with
 *
 *	dmakit.interleave=N	about every N-th time
 *
 * What a thread does at its points follows from the seed, from which thread it is, in the order in
 * which they began, and from how many points it has passed: not from what others do. So a seed
 * means the same choices in each run. It does not mean the same run: which thread then goes on, and
 * how far, is the host's. Not a scheduler, and it finds no race that has no such point in it.
 */
#include "internal.h"

#include <dmakit/kernel.h>

#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SHORT_NSEC = 50 * 1000, LONG_NSEC = 500 * 1000 };

unsigned int dmk_interleaving; /* atomic */
static uint64_t seed = 1;
static unsigned int asked; /* dmakit.interleave=; 0: not */
static void (*heard)(void);

void dmk_interleave_seed(uint64_t value)
{
	seed = value;
}

static void settle(void)
{
	__atomic_store_n(&dmk_interleaving, asked | (heard ? DMK_MEETINGS_HEARD : 0),
			 __ATOMIC_RELAXED);
}

void dmk_interleave_start(const char *parameters)
{
	const char *value = dmk_boot_argument(parameters, "dmakit.interleave=");
	const unsigned long every = value ? strtoul(value, NULL, 0) : 0;

	asked = every < DMK_MEETINGS_HEARD ? (unsigned int)every : DMK_MEETINGS_HEARD - 1;
	settle();
}

void dmk_interleave_stop(void)
{
	asked = 0;
	settle();
}

void dmk_kernel_meetings(void (*hear)(void))
{
	heard = hear;
	settle();
}

static void wait_nsec(uint64_t nsec)
{
	nanosleep(&(struct timespec){.tv_nsec = (long)nsec}, NULL);
}

/* Also with a spinlock held and in handlers: there, too, a real CPU may be slow. */
void dmk_interleave_slowly(void)
{
	const unsigned int wanted = __atomic_load_n(&dmk_interleaving, __ATOMIC_RELAXED);
	const unsigned int every = wanted & ~DMK_MEETINGS_HEARD;
	struct dmk_task *self;
	uint64_t random;

	if (wanted & DMK_MEETINGS_HEARD)
		heard();
	if (!every)
		return;
	self = dmk_self();
	random = dmk_random_mix(seed + self->number * 0xd1342543de82ef95ULL +
				++self->points * 0x9e3779b97f4a7c15ULL);
	if (random % every)
		return;
	random = dmk_random_mix(random);
	if (random & 1)
		sched_yield();
	else if (random & 6)
		wait_nsec((random >> 8) % SHORT_NSEC);
	else
		wait_nsec((random >> 8) % LONG_NSEC);
}
