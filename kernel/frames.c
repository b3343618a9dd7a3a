/* SPDX-License-Identifier: MIT */
/*
 * Page frames: zones by the machine's limits, free runs in each, and the records (struct page) in
 * memory that no device reaches. What drivers call stands in page.c; slab.c and vmalloc.c take
 * their frames here too.
 *
 * A run is 2^order frames at a multiple of its length. The first struct page of a free run says so,
 * and so does that of a run in use; the others say nothing, so a pointer to one of those finds its
 * head by looking at the places where one can be. Free runs of one order are a set by address
 * (runset.h): the smallest run that will do is taken, of those the lowest, which keeps long runs
 * whole.
 *
 * Zones are ranges of addresses. A request names the highest it can use, and falls back to the ones
 * below; each keeps back a little that only requests who can use no higher zone get (MEM-06), as
 * Linux's lowmem_reserve_ratio does. Memory that the machine keeps for long runs
 * (DMK_MEMORY_CONTIGUOUS) is a zone beside these. Pages here do not move, so nothing but the core's
 * consistent memory is ever in it, short runs only when there is no other room.
 *
 * One lock: short work, and no call sleeps or calls out with it held.
 */
#include "internal.h"
#include "runset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <dmakit/kernel.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/ratelimit.h>

enum { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_HIGH, ZONE_CONTIGUOUS, ZONES };
enum { ORDERS = 21 }; /* runs of 4 GiB for the core */
enum { POISON_FREED = 0x6a };
/* bytes: from here on a request goes to the contiguous memory first */
enum { LONG_RUN = 256 << 10 };
/* shorter requests are not looked for across the borders of runs */
enum { PIECED_FRAMES = 16 };
enum { RESERVE_RATIO = 256, RESERVE_RATIO_NORMAL = 32 };
#define FOUR_GIB (1ULL << 32)

struct zone {
	const char *name;
	unsigned long first, end;     /* frames that belong to it by their address */
	struct dmk_runset *runs;      /* by order; zones that are told apart by address share one */
	unsigned long nr_runs[ORDERS];
	unsigned long nr_free, present; /* frames */
	/* frames that stay free of requests whose highest zone is this one */
	unsigned long reserve[ZONE_CONTIGUOUS];
};

struct page *dmk_memmap;
const struct dmk_port *dmk_port_running;
pthread_mutex_t dmk_frames_lock = PTHREAD_MUTEX_INITIALIZER;

static struct zone zones[ZONES]; /* counts and runs: the lock's */
static unsigned long nr_frames;  /* of the address space that RAM lies in */
static uint64_t ram_limit;       /* mem=: no frame at or above it is given out */
static const struct dmk_machine *machine;

static struct dmk_runset ordinary[ORDERS], contiguous[ORDERS];
static bool contiguous_open; /* the lock's: not while the core takes what it keeps for good */
static uint64_t *words[2];   /* of these sets */
static unsigned long nr_words;

/* --- arithmetic ------------------------------------------------------------------------------- */

static unsigned long frame_of(const struct page *page)
{
	return page - dmk_memmap;
}

phys_addr_t dmk_page_phys(const struct page *page)
{
	return (phys_addr_t)frame_of(page) << PAGE_SHIFT;
}

bool dmk_page_real(const struct page *page)
{
	return dmk_memmap && page >= dmk_memmap && page < dmk_memmap + nr_frames &&
	       ((uintptr_t)page - (uintptr_t)dmk_memmap) % sizeof(*page) == 0;
}

void *dmk_page_cpu(const struct page *page)
{
	phys_addr_t phys = dmk_page_phys(page);

	return phys > machine->direct_last.v ? NULL : (char *)machine->direct_base + phys;
}

static bool is_owned(const struct dmk_memory *memory)
{
	return memory->kind == DMK_MEMORY_RAM || memory->kind == DMK_MEMORY_CONTIGUOUS;
}

static bool in_direct_map(const struct dmk_memory *memory)
{
	return memory->kind != DMK_MEMORY_RESERVED && !memory->no_map;
}

static bool any_memory(const struct dmk_memory *memory)
{
	return true;
}

/*
 * One of the machine's runs of memory holds all of it, or several that touch; each as @fits wants
 * it.
 */
static bool covered(phys_addr_t first, uint64_t size, bool (*fits)(const struct dmk_memory *memory))
{
	phys_addr_t last = first + size - 1, at = first;
	unsigned int i;

	if (!machine || !size || last < first)
		return false;
	for (i = 0; i < machine->nr_memory; i++) {
		const struct dmk_memory *memory = &machine->memory[i];

		if (at < memory->first.v || at - memory->first.v >= memory->size)
			continue;
		if (!fits(memory))
			return false;
		if (last - memory->first.v < memory->size)
			return true;
		at = memory->first.v + memory->size;
	}
	return false;
}

bool dmk_ram(phys_addr_t first, uint64_t size, bool owned)
{
	if (!owned)
		return covered(first, size, any_memory);
	return covered(first, size, is_owned) && first + (size - 1) < ram_limit;
}

struct page *dmk_page_of(phys_addr_t phys)
{
	if (!dmk_memmap || !dmk_ram(phys, 1, false))
		return NULL;
	return dmk_memmap + (phys >> PAGE_SHIFT);
}

bool dmk_direct(const void *address, size_t size, phys_addr_t *phys)
{
	uintptr_t offset;

	if (!machine || (uintptr_t)address < (uintptr_t)machine->direct_base)
		return false;
	offset = (uintptr_t)address - (uintptr_t)machine->direct_base;
	if (offset > machine->direct_last.v || (size && size - 1 > machine->direct_last.v - offset))
		return false;
	if (!covered(offset, size ? size : 1, in_direct_map))
		return false;
	*phys = offset;
	return true;
}

static unsigned int zone_of(unsigned long frame)
{
	unsigned int zone = ZONE_DMA;

	while (zone < ZONE_HIGH && frame >= zones[zone].end)
		zone++;
	return zone;
}

/* --- free runs: all with the lock held -------------------------------------------------------- */

static void link_free(unsigned long frame, unsigned int order, unsigned int zone)
{
	struct page *page = dmk_memmap + frame;

	page->flags = (page->flags & DMK_PAGE_FREED) | DMK_PAGE_FREE;
	page->order = order;
	page->zone = zone;
	page->refcount = 0;
	dmk_runset_add(&zones[zone].runs[order], frame >> order);
	zones[zone].nr_runs[order]++;
	zones[zone].nr_free += 1UL << order;
}

static void unlink_free(struct page *page)
{
	struct zone *zone = &zones[page->zone];

	dmk_runset_remove(&zone->runs[page->order], frame_of(page) >> page->order);
	zone->nr_runs[page->order]--;
	zone->nr_free -= 1UL << page->order;
	page->flags &= ~DMK_PAGE_FREE;
}

static bool is_free_run(const struct page *page, unsigned int order, unsigned int zone)
{
	return (page->flags & DMK_PAGE_FREE) && page->order == order && page->zone == zone;
}

/* Put a run back, joined with its buddy as long as that is free, whole, and of the same zone. */
static void release_run(unsigned long frame, unsigned int order, unsigned int zone)
{
	for (; order + 1 < ORDERS; order++) {
		unsigned long buddy = frame ^ (1UL << order);

		if (buddy + (1UL << order) > nr_frames ||
		    !is_free_run(dmk_memmap + buddy, order, zone))
			break;
		unlink_free(dmk_memmap + buddy);
		frame &= ~(1UL << order);
	}
	link_free(frame, order, zone);
}

static unsigned int aligned_order(unsigned long frame, unsigned long n)
{
	unsigned int order = 0;

	while (order + 1 < ORDERS && !(frame & (1UL << order)) && (2UL << order) <= n)
		order++;
	return order;
}

/* Any number of frames, as the largest aligned runs they are made of. */
static void release_frames(unsigned long frame, unsigned long n, unsigned int zone)
{
	while (n) {
		unsigned int order = aligned_order(frame, n);

		release_run(frame, order, zone);
		frame += 1UL << order;
		n -= 1UL << order;
	}
}

static void mark_used(unsigned long frame, unsigned int order, unsigned int zone,
		      unsigned int flags)
{
	struct page *page = dmk_memmap + frame;

	page->flags = DMK_PAGE_USED | flags;
	page->order = order;
	page->zone = zone;
	page->refcount = 1;
	page->private = 0;
	page->index = 0;
	page->mapping = NULL;
}

/* The run of this kind, free or in use, that @frame lies in; NULL: none. */
static struct page *run_around(unsigned long frame, unsigned int kind)
{
	unsigned int order;

	for (order = 0; order < ORDERS; order++) {
		struct page *head = dmk_memmap + (frame & ~((1UL << order) - 1));

		if ((head->flags & kind) && frame - frame_of(head) < 1UL << head->order)
			return head;
	}
	return NULL;
}

/* Take [frame, frame + n), which is free all along, out of the runs that it lies in. */
static void carve(unsigned long frame, unsigned long n)
{
	unsigned long at = frame, end = frame + n;

	while (at < end) {
		struct page *run = run_around(at, DMK_PAGE_FREE);
		unsigned long first = frame_of(run), run_end = first + (1UL << run->order);
		unsigned int zone = run->zone;

		unlink_free(run);
		release_frames(first, at - first, zone);
		if (run_end > end)
			release_frames(end, run_end - end, zone);
		at = run_end;
	}
}

/* --- by order: drivers ------------------------------------------------------------------------ */

static bool enough_left(const struct zone *zone, unsigned int highest, unsigned long n)
{
	return zone->nr_free >= n + zone->reserve[highest];
}

static struct page *take_from_zone(unsigned int index, unsigned int order, unsigned int flags)
{
	struct zone *zone = &zones[index];
	unsigned int larger;

	for (larger = order; larger < ORDERS; larger++) {
		unsigned long frame;

		if (!zone->nr_runs[larger])
			continue;
		/*
		 * One of this zone's is there, and none of another's lies between the zone's first
		 * frame and it.
		 */
		frame = dmk_runset_next(&zone->runs[larger],
					(zone->first + (1UL << larger) - 1) >> larger)
			<< larger;
		carve(frame, 1UL << order);
		mark_used(frame, order, index, flags);
		return dmk_memmap + frame;
	}
	return NULL;
}

/*
 * The highest zone that will do, or -1. A zone that the machine does not have is empty, and gives
 * nothing (MEM-06); but memory below 4 GiB is there also where no zone of that name is needed,
 * because all of it is.
 */
static int highest_zone(gfp_t gfp)
{
	if (gfp & __GFP_DMA)
		return machine->dma_zone_last ? ZONE_DMA : -1;
	if (!(gfp & __GFP_DMA32))
		return gfp & __GFP_HIGHMEM ? ZONE_HIGH : ZONE_NORMAL;
	if (machine->dma32_zone_last)
		return ZONE_DMA32;
	if (min((uint64_t)zones[ZONE_NORMAL].end, (uint64_t)nr_frames) <= FOUR_GIB >> PAGE_SHIFT)
		return ZONE_NORMAL;
	return machine->dma_zone_last ? ZONE_DMA : -1;
}

struct page *dmk_page_alloc(gfp_t gfp, unsigned int order, unsigned int flags)
{
	struct page *page = NULL;
	int zone, highest;

	if (!dmk_memmap || order >= ORDERS)
		return NULL;
	highest = highest_zone(gfp);
	pthread_mutex_lock(&dmk_frames_lock);
	for (zone = highest; zone >= 0 && !page; zone--)
		if ((gfp & (__GFP_MEMALLOC | __GFP_NOFAIL)) ||
		    enough_left(&zones[zone], highest, 1UL << order))
			page = take_from_zone(zone, order, flags);
	pthread_mutex_unlock(&dmk_frames_lock);
	return page;
}

struct page *dmk_page_head(const struct page *page)
{
	struct page *found;

	pthread_mutex_lock(&dmk_frames_lock);
	found = run_around(frame_of(page), DMK_PAGE_USED);
	pthread_mutex_unlock(&dmk_frames_lock);
	return found;
}

void dmk_page_split(struct page *page, unsigned int order)
{
	unsigned long i;

	pthread_mutex_lock(&dmk_frames_lock);
	for (i = 0; i < 1UL << order; i++)
		mark_used(frame_of(page) + i, 0, page->zone, 0);
	pthread_mutex_unlock(&dmk_frames_lock);
}

static void poison(struct page *page)
{
	void *cpu = dmk_page_cpu(page);

	if (cpu)
		memset(cpu, POISON_FREED, PAGE_SIZE << page->order);
}

void dmk_page_free(struct page *page, bool poisoned)
{
	if (poisoned)
		poison(page);
	pthread_mutex_lock(&dmk_frames_lock);
	page->flags = DMK_PAGE_FREED;
	release_run(frame_of(page), page->order, page->zone);
	pthread_mutex_unlock(&dmk_frames_lock);
	dmk_memory_released();
}

/* --- freed, and not yet free ------------------------------------------------------------------ */

bool dmk_page_wait(struct page *page)
{
	if (!dmk_quarantine_takes(PAGE_SIZE << page->order))
		return false;
	poison(page);
	pthread_mutex_lock(&dmk_frames_lock);
	page->flags |= DMK_PAGE_WAITING;
	pthread_mutex_unlock(&dmk_frames_lock);
	return true;
}

static void release_waiting(void *what)
{
	dmk_page_free(what, false);
}

void dmk_page_retire(struct page *page)
{
	dmk_quarantine_add(release_waiting, page, PAGE_SIZE << page->order);
}

/* --- by bytes and limits: the core ------------------------------------------------------------ */

/* In frames. The window is that of the request and the zone at once. */
struct wish {
	unsigned long first, end, align, n;
};

/* Where the wish fits into [first, end), which is free. */
static bool fits(const struct wish *wish, unsigned long first, unsigned long end,
		 unsigned long *frame)
{
	first = ALIGN(max(first, wish->first), wish->align);
	end = min(end, wish->end);
	if (first >= end || end - first < wish->n)
		return false;
	*frame = first;
	return true;
}

static bool fits_run(const struct wish *wish, const struct page *run, unsigned long *frame)
{
	return fits(wish, frame_of(run), frame_of(run) + (1UL << run->order), frame);
}

/* The lowest run of this order that begins in the window and will do. */
static bool find_of_order(const struct zone *zone, const struct wish *wish, unsigned int order,
			  unsigned long *frame)
{
	unsigned long at = (wish->first + (1UL << order) - 1) >> order;

	if (!zone->nr_runs[order])
		return false;
	while ((at = dmk_runset_next(&zone->runs[order], at)) != DMK_RUNSET_NONE &&
	       at << order < wish->end) {
		if (fits_run(wish, dmk_memmap + (at << order), frame))
			return true;
		/*
		 * Only alignment can be wrong of a run that begins in the window: go where it is
		 * right.
		 */
		at = max(at + 1, ALIGN(at << order, wish->align) >> order);
	}
	return false;
}

static unsigned long span_first(unsigned long frame, unsigned int zone)
{
	unsigned int order = 0;

	while (order < ORDERS && !(frame & ((1UL << order) - 1)) && frame >= 1UL << order) {
		if (is_free_run(dmk_memmap + frame - (1UL << order), order, zone)) {
			frame -= 1UL << order;
			order = 0;
			continue;
		}
		order++;
	}
	return frame;
}

static unsigned long span_end(unsigned long frame, unsigned int zone)
{
	while (frame < nr_frames && (dmk_memmap[frame].flags & DMK_PAGE_FREE) &&
	       dmk_memmap[frame].zone == zone)
		frame += 1UL << dmk_memmap[frame].order;
	return frame;
}

/*
 * The lowest free run of @order or more that begins at @from or behind it; DMK_RUNSET_NONE: none.
 */
static unsigned long next_run(const struct zone *zone, unsigned int order, unsigned long from)
{
	unsigned long lowest = DMK_RUNSET_NONE;

	for (; order < ORDERS; order++) {
		unsigned long at = (from + (1UL << order) - 1) >> order;

		if (!zone->nr_runs[order])
			continue;
		at = dmk_runset_next(&zone->runs[order], at);
		if (at != DMK_RUNSET_NONE)
			lowest = min(lowest, at << order);
	}
	return lowest;
}

/*
 * The lowest place, in runs that touch, buddies or not. What is n frames long holds an aligned run
 * of a quarter of that or more, so only those are looked at.
 */
static bool find_pieced(unsigned int index, const struct wish *wish, unsigned long *frame)
{
	const unsigned int order = ilog2((wish->n + 1) / 2);
	const struct page *around = run_around(wish->first, DMK_PAGE_FREE);
	unsigned long at = around && around->zone == index ? frame_of(around) : wish->first, end;

	while ((at = next_run(&zones[index], order, at)) < wish->end) {
		end = span_end(at, index);
		if (fits(wish, span_first(at, index), end, frame))
			return true;
		at = end;
	}
	return false;
}

static bool find_wish(unsigned int index, const struct wish *wish, unsigned long *frame)
{
	struct page *around;
	unsigned int order;

	/*
	 * Where runs are to stay long, one after the other, so that what is left is in one piece.
	 */
	if (index == ZONE_CONTIGUOUS && wish->n >= LONG_RUN >> PAGE_SHIFT)
		return find_pieced(index, wish, frame);
	for (order = get_order(wish->n << PAGE_SHIFT); order < ORDERS; order++)
		if (find_of_order(&zones[index], wish, order, frame))
			return true;
	/* The window may begin inside a run. */
	around = run_around(wish->first, DMK_PAGE_FREE);
	if (around && around->zone == index && fits_run(wish, around, frame))
		return true;
	return wish->n >= PIECED_FRAMES && find_pieced(index, wish, frame);
}

static bool take_wish(unsigned int index, struct wish wish, phys_addr_t *first)
{
	const struct zone *zone = &zones[index];
	unsigned long frame, n = wish.n;
	unsigned int piece;

	wish.first = max(wish.first, zone->first);
	wish.end = min(wish.end, zone->end);
	if (!zone->nr_free || wish.first >= wish.end || wish.end - wish.first < wish.n ||
	    !find_wish(index, &wish, &frame))
		return false;
	carve(frame, n);
	*first = (phys_addr_t)frame << PAGE_SHIFT;
	for (; n; n -= 1UL << piece, frame += 1UL << piece) {
		piece = aligned_order(frame, n);
		mark_used(frame, piece, index, DMK_PAGE_CORE);
	}
	return true;
}

/*
 * Not highmem: the core looks at what it gets through the direct map. Scarce low memory last, and
 * not the last of it.
 */
static bool take_ordinary(const struct wish *wish, phys_addr_t *first)
{
	int highest, zone;

	for (highest = ZONE_NORMAL; highest > 0 && zones[highest].first >= wish->end; highest--)
		;
	for (zone = highest; zone >= 0; zone--)
		if (enough_left(&zones[zone], highest, wish->n) && take_wish(zone, *wish, first))
			return true;
	return false;
}

void dmk_frames_booted(void)
{
	pthread_mutex_lock(&dmk_frames_lock);
	contiguous_open = true;
	pthread_mutex_unlock(&dmk_frames_lock);
}

int dmk_frames_alloc(const struct dmk_page_request *request, phys_addr_t *first)
{
	bool is_long = request->size >= LONG_RUN, found = false;
	struct wish wish = {.first = PFN_UP(request->first.v),
			    .align = max(request->align >> PAGE_SHIFT, 1UL),
			    .n = request->size >> PAGE_SHIFT};

	if (!dmk_memmap || !wish.n || (request->size & ~PAGE_MASK))
		return -ENOMEM;
	wish.end = min(request->last.v == ~0ULL ? nr_frames : (request->last.v + 1) >> PAGE_SHIFT,
		       nr_frames);
	pthread_mutex_lock(&dmk_frames_lock);
	if (is_long && contiguous_open)
		found = take_wish(ZONE_CONTIGUOUS, wish, first);
	if (!found)
		found = take_ordinary(&wish, first);
	if (!found && !is_long && wish.n > 1 && contiguous_open)
		found = take_wish(ZONE_CONTIGUOUS, wish, first);
	pthread_mutex_unlock(&dmk_frames_lock);
	if (!found && is_long && !request->attempt)
		dmk_memory_short("consistent memory", request->size, 0);
	return found ? 0 : -ENOMEM;
}

void dmk_frames_free(phys_addr_t first, uint64_t size)
{
	unsigned long frame = first >> PAGE_SHIFT, n = PFN_UP(size);

	while (n) {
		struct page *page = dmk_memmap + frame;
		unsigned long run;

		if (!(page->flags & DMK_PAGE_USED) || (1UL << page->order) > n) {
			dmk_complain(NULL, "page frames at %#llx are freed, and are not in use",
				     (unsigned long long)frame << PAGE_SHIFT);
			return;
		}
		run = 1UL << page->order;
		dmk_page_free(page, false);
		frame += run;
		n -= run;
	}
}

/* --- none left -------------------------------------------------------------------------------- */

static pthread_cond_t released = PTHREAD_COND_INITIALIZER; /* with the frames' lock */
static unsigned int nr_waiting;                            /* atomic */
static unsigned long nr_released;                          /* the lock's */

/* Pairs with wait_begin(): who counts itself as waiting before it tries is not passed over here. */
void dmk_memory_released(void)
{
	if (!__atomic_load_n(&nr_waiting, __ATOMIC_SEQ_CST))
		return;
	pthread_mutex_lock(&dmk_frames_lock);
	nr_released++;
	pthread_cond_broadcast(&released);
	pthread_mutex_unlock(&dmk_frames_lock);
}

bool dmk_memory_awaited(void)
{
	return __atomic_load_n(&nr_waiting, __ATOMIC_SEQ_CST);
}

static unsigned long wait_begin(void)
{
	unsigned long seen;

	__atomic_fetch_add(&nr_waiting, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&dmk_frames_lock);
	seen = nr_released;
	pthread_mutex_unlock(&dmk_frames_lock);
	return seen;
}

static void wait_end(unsigned long seen, bool wait)
{
	pthread_mutex_lock(&dmk_frames_lock);
	while (wait && seen == nr_released)
		pthread_cond_wait(&released, &dmk_frames_lock);
	pthread_mutex_unlock(&dmk_frames_lock);
	__atomic_fetch_sub(&nr_waiting, 1, __ATOMIC_SEQ_CST);
}

void *dmk_memory_insist(void *(*take)(const void *request), const void *request, const char *call,
			size_t size, gfp_t gfp)
{
	void *memory = take(request);
	unsigned long seen;

	if (!memory && dmk_quarantine_empty())
		memory = take(request);
	if (memory)
		return memory;
	dmk_memory_short(call, size, gfp);
	while (!memory && (gfp & __GFP_NOFAIL) && gfpflags_allow_blocking(gfp) &&
	       highest_zone(gfp) >= 0) {
		seen = wait_begin();
		dmk_quarantine_empty();
		memory = take(request);
		wait_end(seen, !memory);
	}
	return memory;
}

static DEFINE_RATELIMIT_STATE(often, 5 * HZ, 10);

static size_t print_zone(char *text, size_t size, unsigned int index, unsigned int highest)
{
	const struct zone *zone = &zones[index];
	int order = ORDERS - 1;

	while (order >= 0 && !zone->nr_runs[order])
		order--;
	if (!zone->present)
		return 0;
	return snprintf(text, size, "%s %s %lu of %lu KiB (%lu kept back), longest run %lu KiB",
			text[-1] == ':' ? "" : ";", zone->name, zone->nr_free * 4,
			zone->present * 4,
			highest < ZONE_CONTIGUOUS ? zone->reserve[highest] * 4 : 0,
			order < 0 ? 0 : 4UL << order);
}

void dmk_memory_short(const char *call, size_t size, gfp_t gfp)
{
	int highest = machine ? highest_zone(gfp) : -1;
	char text[600];
	size_t used;
	unsigned int i;

	if ((gfp & __GFP_NOWARN) || !machine || !__ratelimit(&often))
		return;
	used = snprintf(text, sizeof(text),
			"%s: no %zu bytes side by side (gfp %#x%s%s%s); free:", call, size, gfp,
			gfp & __GFP_DMA ? " GFP_DMA" : "", gfp & __GFP_DMA32 ? " GFP_DMA32" : "",
			gfp & __GFP_HIGHMEM ? " highmem" : "");
	if (highest < 0)
		snprintf(text + used, sizeof(text) - used,
			 " this machine has no such zone: a mask says what a device reaches");
	pthread_mutex_lock(&dmk_frames_lock);
	for (i = 0; highest >= 0 && i < ZONES; i++)
		used += print_zone(text + used, sizeof(text) - used, i, highest);
	pthread_mutex_unlock(&dmk_frames_lock);
	dmk_print(DMK_LOG_WARNING, NULL, text);
}

/* --- start and stop --------------------------------------------------------------------------- */

static void add_range(unsigned long frame, unsigned long end, unsigned int zone)
{
	release_frames(frame, end - frame, zone);
	zones[zone].present += end - frame;
}

static void add_memory(const struct dmk_memory *memory)
{
	unsigned long frame = PFN_UP(memory->first.v), end;
	unsigned int zone;

	end = min(memory->first.v + memory->size, ram_limit) >> PAGE_SHIFT;
	/* Highmem is no place for the core, so what is kept there would be for nobody. */
	if (memory->kind == DMK_MEMORY_CONTIGUOUS && frame < min(end, zones[ZONE_CONTIGUOUS].end)) {
		add_range(frame, min(end, zones[ZONE_CONTIGUOUS].end), ZONE_CONTIGUOUS);
		frame = min(end, zones[ZONE_CONTIGUOUS].end);
	}
	for (; frame < end; frame = min(end, zones[zone].end)) {
		zone = zone_of(frame);
		add_range(frame, min(end, zones[zone].end), zone);
	}
}

/* "mem=512M" among the parameters: the last one counts. */
static uint64_t parse_limit(const char *parameters)
{
	uint64_t limit = ~0ULL;
	const char *at = parameters;
	char *end;

	while ((at = strstr(at, "mem="))) {
		bool word = at == parameters || at[-1] == ' ';

		at += 4;
		if (!word)
			continue;
		limit = strtoull(at, &end, 0);
		switch (*end | 0x20) {
		case 'g':
			limit <<= 10; /* fall through */
		case 'm':
			limit <<= 10; /* fall through */
		case 'k':
			limit <<= 10;
		}
	}
	return limit ? limit : ~0ULL;
}

static unsigned long frames_up_to(uint64_t last)
{
	return last == ~0ULL ? ~0UL : (last + 1) >> PAGE_SHIFT;
}

/* Each zone begins where the one below ends, so one that the machine does not have is empty. */
static void lay_out_zones(void)
{
	static const char *const name[ZONES] = {"DMA", "DMA32", "Normal", "HighMem", "Contiguous"};
	const uint64_t dma = machine->dma_zone_last, dma32 = machine->dma32_zone_last;
	unsigned long direct = frames_up_to(machine->direct_last.v), at = 0;
	unsigned long end[ZONES] = {dma ? frames_up_to(dma) : 0, dma32 ? frames_up_to(dma32) : 0,
				    direct, ~0UL, direct};
	unsigned int i;

	memset(zones, 0, sizeof(zones));
	for (i = 0; i < ZONES; i++) {
		struct zone *zone = &zones[i];

		zone->name = name[i];
		zone->first = i == ZONE_CONTIGUOUS ? 0 : at;
		zone->end = i < ZONE_NORMAL ? max(at, min(end[i], direct)) : end[i];
		zone->runs = i == ZONE_CONTIGUOUS ? contiguous : ordinary;
		at = zone->end;
	}
}

static void set_reserves(void)
{
	unsigned int zone, highest;
	unsigned long above;

	for (zone = 0; zone < ZONE_HIGH; zone++)
		for (above = 0, highest = zone + 1; highest < ZONE_CONTIGUOUS; highest++) {
			above += zones[highest].present;
			zones[zone].reserve[highest] =
				above / (zone < ZONE_NORMAL ? RESERVE_RATIO : RESERVE_RATIO_NORMAL);
		}
}

static bool has_contiguous(void)
{
	unsigned int i;

	for (i = 0; i < machine->nr_memory; i++)
		if (machine->memory[i].kind == DMK_MEMORY_CONTIGUOUS)
			return true;
	return false;
}

static void *address_space(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static bool make_sets(struct dmk_runset *sets, uint64_t **at)
{
	unsigned int order;
	uint64_t *word;

	for (nr_words = 0, order = 0; order < ORDERS; order++)
		nr_words += dmk_runset_words((nr_frames >> order) + 1);
	word = *at = address_space(nr_words * sizeof(*word));
	for (order = 0; word && order < ORDERS; order++) {
		dmk_runset_place(&sets[order], (nr_frames >> order) + 1, word);
		word += dmk_runset_words((nr_frames >> order) + 1);
	}
	return word;
}

int dmk_page_start(const struct dmk_port *port, const char *parameters, char *error,
		   size_t error_size)
{
	unsigned int i;
	uint64_t end = 0;

	dmk_port_running = port;
	machine = port->machine;
	ram_limit = parse_limit(parameters ? parameters : "");
	often.begin = 0;
	for (i = 0; i < machine->nr_memory; i++)
		end = max(end, machine->memory[i].first.v + machine->memory[i].size);
	nr_frames = end >> PAGE_SHIFT;
	dmk_memmap = address_space((nr_frames + 1) * sizeof(struct page));
	if (!dmk_memmap || !make_sets(ordinary, &words[0]) ||
	    (has_contiguous() && !make_sets(contiguous, &words[1]))) {
		snprintf(error, error_size, "no address space for the records of %lu page frames",
			 nr_frames);
		dmk_page_stop();
		return -ENOMEM;
	}

	pthread_mutex_lock(&dmk_frames_lock);
	lay_out_zones();
	contiguous_open = false;
	for (i = 0; i < machine->nr_memory; i++)
		if (is_owned(&machine->memory[i]) && machine->memory[i].first.v < ram_limit)
			add_memory(&machine->memory[i]);
	set_reserves();
	pthread_mutex_unlock(&dmk_frames_lock);
	return 0;
}

void dmk_page_stop(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (words[i])
			munmap(words[i], nr_words * sizeof(*words[i]));
		words[i] = NULL;
	}
	if (dmk_memmap)
		munmap(dmk_memmap, (nr_frames + 1) * sizeof(struct page));
	dmk_memmap = NULL;
	machine = NULL;
	dmk_port_running = NULL;
}

/* --- how much --------------------------------------------------------------------------------- */

static unsigned long sum(unsigned int first, unsigned int last, bool free)
{
	unsigned long n = 0;
	unsigned int i;

	pthread_mutex_lock(&dmk_frames_lock);
	for (i = first; i <= last; i++)
		n += free ? zones[i].nr_free : zones[i].present;
	pthread_mutex_unlock(&dmk_frames_lock);
	return n;
}

unsigned long totalram_pages(void)
{
	return sum(0, ZONES - 1, false);
}

unsigned long nr_free_pages(void)
{
	return sum(0, ZONES - 1, true);
}

unsigned long totalhigh_pages(void)
{
	return sum(ZONE_HIGH, ZONE_HIGH, false);
}

unsigned long nr_free_highpages(void)
{
	return sum(ZONE_HIGH, ZONE_HIGH, true);
}

void si_meminfo(struct sysinfo *info)
{
	*info = (struct sysinfo){.totalram = totalram_pages(),
				 .freeram = nr_free_pages(),
				 .totalhigh = totalhigh_pages(),
				 .freehigh = nr_free_highpages(),
				 .mem_unit = PAGE_SIZE};
}

bool dmk_zone_usage(unsigned int index, struct dmk_zone_usage *usage)
{
	if (index >= ZONES)
		return false;
	pthread_mutex_lock(&dmk_frames_lock);
	*usage = (struct dmk_zone_usage){ .name = zones[index].name, .pages = zones[index].present,
					  .used = zones[index].present - zones[index].nr_free };
	pthread_mutex_unlock(&dmk_frames_lock);
	return true;
}

/* --- for tests -------------------------------------------------------------------------------- */

struct audit {
	unsigned long nr_runs[ZONES][ORDERS], nr_free[ZONES], present[ZONES];
};

/* One run, which begins at @frame; what is wrong with it, or NULL. */
static const char *audit_run(unsigned long frame, struct audit *audit)
{
	const struct page *page = dmk_memmap + frame;
	unsigned long buddy = frame ^ (1UL << page->order);
	unsigned int zone = page->zone;

	if (!(page->flags & (DMK_PAGE_FREE | DMK_PAGE_USED)))
		return "a frame is neither free nor in use";
	if ((page->flags & DMK_PAGE_FREE) && (page->flags & DMK_PAGE_USED))
		return "a frame is free and in use";
	if (zone >= ZONES || page->order >= ORDERS || frame & ((1UL << page->order) - 1))
		return "a run is not where runs are";
	if (frame < zones[zone].first || frame + (1UL << page->order) > zones[zone].end)
		return "a run is in a zone that it does not belong to";
	audit->present[zone] += 1UL << page->order;
	if (!(page->flags & DMK_PAGE_FREE))
		return page->refcount > 0 || page->flags & DMK_PAGE_WAITING
			       ? NULL
			       : "a run in use has no user";
	audit->nr_free[zone] += 1UL << page->order;
	audit->nr_runs[zone][page->order]++;
	if (!dmk_runset_has(&zones[zone].runs[page->order], frame >> page->order))
		return "a free run is not in its set";
	if (page->order + 1 < ORDERS && buddy + (1UL << page->order) <= nr_frames &&
	    is_free_run(dmk_memmap + buddy, page->order, zone))
		return "two free runs should be one";
	return NULL;
}

static const char *audit_counts(const struct audit *audit)
{
	unsigned int i;

	for (i = 0; i < ZONES; i++) {
		if (audit->present[i] != zones[i].present)
			return "frames are lost, or there are too many";
		if (audit->nr_free[i] != zones[i].nr_free)
			return "the count of free frames is wrong";
		if (memcmp(audit->nr_runs[i], zones[i].nr_runs, sizeof(zones[i].nr_runs)) != 0)
			return "the count of free runs is wrong";
	}
	return NULL;
}

/* A run may go on from one piece of memory into the next, and was looked at then. */
static unsigned long first_run_in(unsigned long frame)
{
	const struct page *run = run_around(frame, DMK_PAGE_FREE | DMK_PAGE_USED);

	return run && frame_of(run) < frame ? frame_of(run) + (1UL << run->order) : frame;
}

const char *dmk_frames_audit(void)
{
	struct audit audit = { 0 };
	const char *wrong = NULL;
	unsigned long frame, end;
	unsigned int i;

	pthread_mutex_lock(&dmk_frames_lock);
	for (i = 0; i < machine->nr_memory && !wrong; i++) {
		const struct dmk_memory *memory = &machine->memory[i];

		if (!is_owned(memory) || memory->first.v >= ram_limit)
			continue;
		end = min(memory->first.v + memory->size, ram_limit) >> PAGE_SHIFT;
		frame = first_run_in(PFN_UP(memory->first.v));
		for (; frame < end && !wrong; frame += 1UL << dmk_memmap[frame].order)
			wrong = audit_run(frame, &audit);
	}
	if (!wrong)
		wrong = audit_counts(&audit);
	pthread_mutex_unlock(&dmk_frames_lock);
	return wrong;
}
