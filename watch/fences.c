/* SPDX-License-Identifier: MIT */
/* Which bytes are a device's, page by page, and the fences around them. */
#include "fences.h"

#include <dmakit/watch.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

const struct dmk_fence *dmk_watch_asan;
void (*dmk_watch_look)(uintptr_t address, size_t size, bool write,
		       const struct dmk_watch_place *place);

enum { BUCKETS = 4096 };

struct entry {
	struct entry *next;
	uint64_t number; /* of the page frame */
	struct dmk_frame frame;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static const struct dmk_fence *fence;                    /* NULL: none, and no frame either */
static struct entry *bucket[BUCKETS];

static struct entry *find(uint64_t number)
{
	struct entry *entry = bucket[number % BUCKETS];

	while (entry && entry->number != number)
		entry = entry->next;
	return entry;
}

/* Without memory its bytes are not fenced off: less is found. */
static struct entry *find_or_make(uint64_t number)
{
	struct entry *entry = find(number);

	if (entry)
		return entry;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->number = number;
	entry->next = bucket[number % BUCKETS];
	bucket[number % BUCKETS] = entry;
	return entry;
}

/* --- a page ----------------------------------------------------------------------------------- */

struct part {
	const struct dmk_frame *frame;
	unsigned int first, last;
};

static void set_view(void *ctx, uintptr_t address)
{
	const struct part *part = ctx;

	fence->set(address, part->frame, part->first, part->last);
}

static void set_everywhere(uint64_t number, struct part part)
{
	const uintptr_t address = dmk_watch_direct(number << DMK_PAGE_SHIFT);

	if (address)
		fence->set(address, part.frame, part.first, part.last);
	dmk_watch_each_view(number << DMK_PAGE_SHIFT, set_view, &part);
}

/* Bits [first, last] of a word. */
static uint64_t mask_of(unsigned int first, unsigned int last)
{
	return ~0ULL >> (63 - (last - first)) << first;
}

/* Sets or clears bits [first, last]; how many of them changed. */
static unsigned int change(uint64_t *bits, unsigned int first, unsigned int last, bool on)
{
	unsigned int changed = 0;

	for (unsigned int at = first, end; at <= last; at = end + 1) {
		uint64_t *word = &bits[at / 64], mask;

		end = (at | 63) < last ? at | 63 : last;
		mask = mask_of(at % 64, end % 64);
		changed += (unsigned int)__builtin_popcountll((on ? ~*word : *word) & mask);
		*word = on ? *word | mask : *word & ~mask;
	}
	return changed;
}

static bool has_any(const uint64_t *bits, unsigned int first, unsigned int last)
{
	for (unsigned int at = first; at <= last; at = (at | 63) + 1)
		if (bits[at / 64] & mask_of(at % 64, ((at | 63) < last ? at | 63 : last) % 64))
			return true;
	return false;
}

static void turn_in(uint64_t number, unsigned int first, unsigned int last, bool device)
{
	struct entry *entry = device ? find_or_make(number) : find(number);

	if (!entry)
		return;
	if (device)
		entry->frame.bytes += change(entry->frame.device, first, last, true);
	else
		entry->frame.bytes -= change(entry->frame.device, first, last, false);
	entry->frame.faults = 0;
	entry->frame.left_open = 0;
	set_everywhere(number, (struct part){&entry->frame, first, last});
}

void dmk_watch_turn(void *unused, uint64_t phys, uint64_t size, bool device)
{
	pthread_mutex_lock(&lock);
	for (uint64_t n; fence && size; phys += n, size -= n) {
		const unsigned int first = phys % DMK_PAGE_SIZE;

		n = DMK_PAGE_SIZE - first < size ? DMK_PAGE_SIZE - first : size;
		turn_in(phys >> DMK_PAGE_SHIFT, first, first + (unsigned int)n - 1, device);
	}
	if (fence)
		fence->flush();
	pthread_mutex_unlock(&lock);
}

/* --- for the modes ---------------------------------------------------------------------------- */

struct dmk_frame *dmk_fences_lock(uint64_t phys)
{
	struct entry *entry;

	pthread_mutex_lock(&lock);
	entry = find(phys >> DMK_PAGE_SHIFT);
	return entry ? &entry->frame : NULL;
}

void dmk_fences_changed(uint64_t phys, const struct dmk_frame *frame)
{
	set_everywhere(phys >> DMK_PAGE_SHIFT, (struct part){frame, 0, DMK_PAGE_SIZE - 1});
	fence->flush();
}

void dmk_fences_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void dmk_fences_view(uintptr_t address, uint64_t phys, bool there)
{
	static const struct dmk_frame nothing;
	struct entry *entry;

	pthread_mutex_lock(&lock);
	entry = find(phys >> DMK_PAGE_SHIFT);
	if (entry && fence) {
		fence->set(address, there ? &entry->frame : &nothing, 0, DMK_PAGE_SIZE - 1);
		fence->flush();
	}
	pthread_mutex_unlock(&lock);
}

enum dmk_fenced dmk_fences_look(uint64_t phys, size_t size)
{
	const unsigned int first = phys % DMK_PAGE_SIZE, last = first + (unsigned int)size - 1;
	const struct dmk_frame *frame = dmk_fences_lock(phys);
	enum dmk_fenced fenced = DMK_FENCED_NOT;

	if (frame && has_any(frame->nobody, first, last))
		fenced = DMK_FENCED_NOBODY;
	else if (frame && has_any(frame->device, first, last))
		fenced = DMK_FENCED_DEVICE;
	dmk_fences_unlock();
	return fenced;
}

/* --- the driver's heap ------------------------------------------------------------------------ */

static void heap_in(uint64_t number, unsigned int first, unsigned int last, bool nobody, bool freed)
{
	struct entry *entry = nobody ? find_or_make(number) : find(number);

	if (!entry)
		return;
	change(entry->frame.nobody, first, last, nobody);
	change(entry->frame.freed, first, last, nobody && freed);
	set_everywhere(number, (struct part){&entry->frame, first, last});
}

void dmk_fences_heap(const void *memory, size_t asked, size_t room, bool freed)
{
	uint64_t phys;

	if (!dmk_watch_memory_phys((uintptr_t)memory, &phys))
		return;
	pthread_mutex_lock(&lock);
	for (uint64_t n; fence && room; phys += n, room -= n) {
		const unsigned int first = phys % DMK_PAGE_SIZE;

		n = DMK_PAGE_SIZE - first;
		if (n > room)
			n = room;
		if (asked && asked < n)
			n = asked;
		heap_in(phys >> DMK_PAGE_SHIFT, first, first + (unsigned int)n - 1, !asked, freed);
		asked -= asked < n ? asked : n;
	}
	pthread_mutex_unlock(&lock);
}

/* --- life ------------------------------------------------------------------------------------- */

void dmk_fences_start(const struct dmk_fence *of_mode)
{
	pthread_mutex_lock(&lock);
	fence = of_mode;
	pthread_mutex_unlock(&lock);
}

void dmk_fences_end(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; fence && i < BUCKETS; i++) {
		while (bucket[i]) {
			struct entry *entry = bucket[i];

			bucket[i] = entry->next;
			memset(&entry->frame, 0, sizeof(entry->frame));
			if (fence->outlives_memory)
				set_everywhere(entry->number,
					       (struct part){&entry->frame, 0, DMK_PAGE_SIZE - 1});
			free(entry);
		}
	}
	fence = NULL;
	pthread_mutex_unlock(&lock);
}
