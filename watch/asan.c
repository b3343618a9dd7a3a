/* SPDX-License-Identifier: MIT */
/*
 * Fences by AddressSanitizer: in its shadow, bytes of a device's are poisoned, and so are those of
 * the driver's heap that nobody may touch, behind an object and in a freed one. Code that was
 * compiled with <dmakit/watched_asan.h> looks there before each access, and comes here when it
 * finds something: what is a device's is announced, all else is the runtime's to report, which ends
 * the program as its users know it.
 *
 * The shadow has one byte for eight of memory, and can say "the first n are good" of them. Of eight
 * bytes of which one is a device's all are fenced off, and sorted out here: so no access to one of
 * a device's is missed, and the others next to it are not taken for it.
 *
 * Shadow: AddressSanitizerAlgorithm, https://github.com/google/sanitizers/wiki. In a program that
 * has no such code this file is not linked.
 */
#include "fences.h"

#include <dmakit/kernel.h>
#include <dmakit/watch.h>

#include <stdio.h>
#include <string.h>

/* Only watched code calls them, by other names. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

/* The runtime's interface; not by <sanitizer/asan_interface.h>, which need not be there. */
void __asan_init(void);
void __asan_report_error(void *pc, void *frame, void *stack, void *address, int write, size_t size);
void *__asan_region_is_poisoned(void *first, size_t size);
void __asan_get_shadow_mapping(size_t *scale, size_t *offset);
const char *__asan_default_options(void);

/* What the runtime itself writes there, so that its reports have the right words. */
enum { SHADOW_GOOD = 0, SHADOW_BEHIND = 0xfa, SHADOW_FREED = 0xfd, SHADOW_DEVICE = 0xf7 };
enum { GRANULE = 8 };

static size_t shadow_scale, shadow_offset;

/* --- the shadow ------------------------------------------------------------------------------- */

static unsigned int byte_of(const uint64_t *bits, unsigned int granule)
{
	return bits[granule / 8] >> granule % 8 * 8 & 0xff;
}

static uint8_t shadow_of(const struct dmk_frame *frame, unsigned int granule)
{
	const unsigned int none = byte_of(frame->nobody, granule);

	if (byte_of(frame->device, granule))
		return SHADOW_DEVICE;
	if (!none)
		return SHADOW_GOOD;
	if (none == 0xff)
		return byte_of(frame->freed, granule) ? SHADOW_FREED : SHADOW_BEHIND;
	return (uint8_t)__builtin_ctz(none);
}

static void set(uintptr_t address, const struct dmk_frame *frame, unsigned int first,
		unsigned int last)
{
	uint8_t *shadow = (uint8_t *)((address >> shadow_scale) + shadow_offset);

	for (unsigned int i = first / GRANULE; i <= last / GRANULE; i++)
		__atomic_store_n(&shadow[i], shadow_of(frame, i), __ATOMIC_RELAXED);
}

static void flush(void)
{
}

static const struct dmk_fence fence = {.set = set, .flush = flush, .outlives_memory = true};

/* --- accesses --------------------------------------------------------------------------------- */

/* As the runtime does for its own calls: all of the size, from the first byte that is wrong. */
static void report(uintptr_t address, size_t size, bool write, const struct dmk_watch_place *place)
{
	const uintptr_t wrong = (uintptr_t)__asan_region_is_poisoned((void *)address, size);

	__asan_report_error((void *)place->caller, (void *)place->frame, (void *)place->frame,
			    (void *)(wrong ? wrong : address), write, size);
}

/* The part of an access that is in one page of the machine's memory. */
static void judge_page(uintptr_t address, uint64_t phys, size_t size, bool write, bool announced,
		       const struct dmk_watch_place *place)
{
	const enum dmk_fenced fenced = dmk_fences_look(phys, size);

	if (fenced == DMK_FENCED_DEVICE && !announced)
		dmk_watch_announce(address, phys, size, write, place);
	else if (fenced == DMK_FENCED_NOBODY)
		report(address, size, write, place);
}

/*
 * A shadow says that something is the matter with it. @announced: what of it is the machine's is
 * known to the checker already.
 */
static void judge(uintptr_t address, size_t size, bool write, bool announced,
		  const struct dmk_watch_place *place)
{
	uint64_t phys;
	size_t n;

	if (!dmk_watch_memory_phys(address, &phys)) {
		report(address, size, write, place);
		return;
	}
	for (; size && dmk_watch_memory_phys(address, &phys); address += n, size -= n) {
		n = DMK_PAGE_SIZE - address % DMK_PAGE_SIZE;
		if (n > size)
			n = size;
		judge_page(address, phys, n, write, announced, place);
	}
}

static bool is_fenced(uintptr_t address, size_t size)
{
	return size && __asan_region_is_poisoned((void *)address, size);
}

/* Calls announce what they do by themselves. */
static void look(uintptr_t address, size_t size, bool write, const struct dmk_watch_place *place)
{
	if (is_fenced(address, size))
		judge(address, size, write, true, place);
}

/* Those that looked by themselves, and those that leave it to the call. */
#define MEETS(name, arguments, size, write)                                  \
	void dmk_watch_asan_##name arguments                                 \
	{                                                                    \
		judge(at, size, write, false, DMK_WATCH_HERE(NULL));         \
	}                                                                    \
	void dmk_watch_asan_any_##name arguments                             \
	{                                                                    \
		if (is_fenced(at, size))                                     \
			judge(at, size, write, false, DMK_WATCH_HERE(NULL)); \
	}
#define MEETS_BYTES(bytes)                               \
	MEETS(load##bytes, (uintptr_t at), bytes, false) \
	MEETS(store##bytes, (uintptr_t at), bytes, true)

MEETS_BYTES(1)
MEETS_BYTES(2)
MEETS_BYTES(4)
MEETS_BYTES(8)
MEETS_BYTES(16)
MEETS(load_n, (uintptr_t at, size_t size), size, false)
MEETS(store_n, (uintptr_t at, size_t size), size, true)

/* --- life ------------------------------------------------------------------------------------- */

/*
 * dmakit's own code goes by the same names of C's calls, and may well touch what is fenced off: so
 * the runtime leaves these alone, and for the driver they are looked at here. Of what a driver
 * never gives back the checker and the kernel part know more: the driver's memory is no heap of the
 * runtime's. ASAN_OPTIONS has the last word.
 */
const char *__asan_default_options(void)
{
	return "replace_intrin=0:replace_str=0:intercept_strlen=0:intercept_memcmp=0:"
	       "intercept_strcmp=0:intercept_strchr=0:intercept_memmem=0:intercept_strndup=0:detect_leaks=0";
}

/* Called by each watched object before main(), in the place of the runtime's. */
void dmk_watch_asan_init(void);
void dmk_watch_asan_init(void)
{
	__asan_init();
	if (dmk_watch_asan)
		return;
	__asan_get_shadow_mapping(&shadow_scale, &shadow_offset);
	dmk_watch_asan = &fence;
	dmk_watch_look = look;
	dmk_heap_watch = dmk_fences_heap;
}
