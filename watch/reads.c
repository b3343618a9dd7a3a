/* SPDX-License-Identifier: MIT */
/*
 * Loads that nothing keeps after an earlier one (COH-05): the driver polls a flag that the device
 * wrote to consistent memory, sees it, and goes on to what the device wrote before, with no barrier
 * for reads in between. A weakly ordered CPU may have done the second load first, and then it holds
 * what was there before. The loads themselves are the compiler's and get what there is: what is
 * seen here is that another value would have been allowed.
 *
 * Device writes to consistent memory are numbered. A thread knows up to which number it has waited
 * for them: whatever orders its loads, a barrier or a meeting with another thread or the device
 * (dmk_kernel_meetings()), brings that up to the last one. A load of bytes with a higher number has
 * found out by itself that they were written. The newest of those that it has seen so is its flag;
 * a load of other bytes of the same number is one too early.
 *
 * Only of bytes that the device wrote in one go with the flag is this said: what it wrote before
 * may be a flag of its own, which the driver polls as well and which has nothing to do with the
 * first.
 *
 * The table of writes: by address, one place for all words that share it; a word that loses its
 * place is not judged. Guarded by the lock of the store buffers, which the machine holds while a
 * device writes. What a thread knows is its own.
 */
#include "stores.h"

#include <dmakit/kernel.h>
#include <dmakit/observer.h>

#include <string.h>

enum { WORDS = 4096, WORD = 8 };

struct word {
	uint64_t number; /* of the write; 0: none */
	uint64_t phys;   /* a multiple of WORD */
	dmk_dma dma;     /* the device's address of it */
	uint32_t requester;
	uint8_t bytes; /* that it wrote, a bit each */
};
static struct word words[WORDS];
static bool is_numbered;    /* the access that is under way */
static uint64_t last_write; /* atomic: read without the lock, to see that there is nothing new */

struct flag {
	uint64_t number; /* 0: none */
	uint64_t phys, size, cookie;
	dmk_dma dma;
	const void *caller;
};

/* A thread's own. */
static __thread uint64_t ordered; /* the last write that its loads come after */
static __thread struct flag flag;
static __thread const char *fence; /* came after the flag, and orders nothing for devices */

static struct word *word_at(uint64_t phys)
{
	return &words[phys / WORD % WORDS];
}

static uint8_t bits(uint64_t word, uint64_t phys, uint64_t size)
{
	const uint64_t first = phys > word ? phys - word : 0;
	const uint64_t end = phys + size < word + WORD ? phys + size - word : WORD;

	return (uint8_t)((0xffu >> (WORD - (end - first))) << first);
}

/* --- with the lock held: what is written ------------------------------------------------------ */

void dmk_watch_access_begins(void)
{
	is_numbered = false;
}

/* One number an access, whatever parts it is done in. */
static uint64_t number_it(void)
{
	if (!is_numbered)
		__atomic_store_n(&last_write, last_write + 1, __ATOMIC_RELEASE);
	is_numbered = true;
	return last_write;
}

void dmk_watch_written(uint64_t phys, uint64_t size, const struct dmk_device_access *access,
		       size_t offset)
{
	uint64_t number;

	if (!dmk_watch_is_shared_memory(phys))
		return;
	number = number_it();
	for (uint64_t at = phys - phys % WORD; at < phys + size; at += WORD)
		*word_at(at) = (struct word){
			.number = number,
			.phys = at,
			.dma = DMK_DMA(access->dma.v + offset + (at - phys)),
			.requester = access->requester,
			.bytes = bits(at, phys, size),
		};
}

void dmk_watch_overwritten(uint64_t phys, uint64_t size)
{
	for (uint64_t at = phys - phys % WORD; at < phys + size; at += WORD)
		if (word_at(at)->phys == at)
			word_at(at)->bytes &= (uint8_t)~bits(at, phys, size);
}

/* The latest write of a device to bytes of the load that the thread has not waited for. */
static struct word latest(uint64_t phys, uint64_t size)
{
	struct word found = {.number = ordered};

	for (uint64_t at = phys - phys % WORD; at < phys + size; at += WORD) {
		const struct word *word = word_at(at);

		if (word->phys == at && word->number > found.number &&
		    word->bytes & bits(at, phys, size))
			found = *word;
	}
	return found;
}

/* What a load of these bytes is to this thread, and of which word. */
enum found { NOTHING_NEW, FLAG, EARLY };

/*
 * The same place in a loop over flags, each looked at for itself, is no load of what belongs to the
 * one before.
 */
static enum found judge(uint64_t phys, uint64_t size, const void *caller, struct word *word)
{
	*word = latest(phys, size);
	if (word->number == ordered)
		return NOTHING_NEW;
	if (word->number > flag.number)
		return FLAG;
	if (word->number < flag.number || (flag.phys < phys + size && phys < flag.phys + flag.size))
		return NOTHING_NEW;
	return caller == flag.caller ? FLAG : EARLY;
}

/* --- loads ------------------------------------------------------------------------------------ */

static void become_flag(const struct word *word, uint64_t phys, uint64_t size,
			const struct dmk_watch_place *place)
{
	flag = (struct flag){.number = word->number,
			     .phys = phys,
			     .size = size,
			     .cookie = dmk_watch_cookie(),
			     .dma = DMK_DMA(word->dma.v + phys - word->phys),
			     .caller = place->caller};
	fence = NULL;
	dmk_announce(&(struct dmk_event){
		.kind = DMK_EVENT_LOAD,
		.phys = DMK_PHYS(phys),
		.size = size,
		.cookie = flag.cookie,
		.name = place->call,
		.caller = place->caller,
		.frame = place->frame,
	});
}

static void announce_early(const struct word *word, uint64_t phys, uint64_t size,
			   const struct dmk_watch_place *place)
{
	const struct dmk_event_order order = {.earlier = flag.cookie,
					      .earlier_dma = flag.dma,
					      .earlier_size = flag.size};

	dmk_announce(&(struct dmk_event){
		.kind = DMK_EVENT_LOAD_EARLY,
		.requester = word->requester,
		.dma = DMK_DMA(word->dma.v + phys - word->phys),
		.phys = DMK_PHYS(phys),
		.size = size,
		.name = fence,
		.order = &order,
		.caller = place->caller,
		.frame = place->frame,
	});
}

void dmk_watch_load(uint64_t phys, uint64_t size, const struct dmk_watch_place *place)
{
	struct word word;
	enum found found;

	if (__atomic_load_n(&last_write, __ATOMIC_ACQUIRE) == ordered)
		return;
	pthread_mutex_lock(&dmk_watch_stores_lock);
	found = judge(phys, size, place->caller, &word);
	pthread_mutex_unlock(&dmk_watch_stores_lock);
	if (found == FLAG)
		become_flag(&word, phys, size, place);
	else if (found == EARLY)
		announce_early(&word, phys, size, place);
}

/* --- what orders them ------------------------------------------------------------------------- */

void dmk_watch_order_loads(void)
{
	ordered = __atomic_load_n(&last_write, __ATOMIC_ACQUIRE);
	flag.number = 0;
	flag.caller = NULL;
}

void dmk_watch_smp_fence(const char *name)
{
	fence = name;
}

/* --- life ------------------------------------------------------------------------------------- */

/* Numbers go on from run to run: what threads of the last one knew is old then, and no more. */
void dmk_watch_reads_start(void)
{
	memset(words, 0, sizeof(words));
	dmk_kernel_meetings(dmk_watch_order_loads);
}

void dmk_watch_reads_end(void)
{
	dmk_kernel_meetings(NULL);
}
