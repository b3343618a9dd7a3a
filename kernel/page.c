/* SPDX-License-Identifier: MIT */
/*
 * Page frames: zones by the machine's limits, buddy lists in each, and the records (struct page) in memory that no device reaches.
 *
 * A run of free frames is on its zone's list of its order, and its first struct page says so. A run in use is marked at its first
 * page as well; the others say nothing, so a pointer to one of those finds its head by looking at the places where one can be. A free
 * of what is not the first page of a run in use is refused and reported: it changes nothing.
 *
 * One lock: the lists are short work, and no call sleeps or calls out with it held.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mm.h>

enum { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_HIGH, ZONES };
enum { ORDERS = 21, DRIVER_ORDERS = 11 }; /* runs of 4 GiB for the core; drivers get up to 4 MiB, as in Linux */
enum { POISON_FREED = 0x6a };

struct zone {
	struct list_head free[ORDERS];
	unsigned long nr_free; /* frames */
	unsigned long present;
};

struct page *dmk_memmap;
const struct dmk_port *dmk_port_running;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below, and flags, order, refcount of every page */
static struct zone zones[ZONES];
static unsigned long nr_frames; /* of the address space that RAM lies in */
static uint64_t ram_limit;      /* mem=: no frame at or above it is given out */
static const struct dmk_machine *machine;

/* --- arithmetic --------------------------------------------------------------------------------------------------- */

static unsigned long frame_of(const struct page *page)
{
	return page - dmk_memmap;
}

phys_addr_t dmk_page_phys(const struct page *page)
{
	return (phys_addr_t)frame_of(page) << PAGE_SHIFT;
}

void *dmk_page_cpu(const struct page *page)
{
	phys_addr_t phys = dmk_page_phys(page);

	return phys > machine->direct_last.v ? NULL : (char *)machine->direct_base + phys;
}

/* One of the machine's runs of memory holds all of it, or several that touch. @owned: RAM that is not kept back. */
bool dmk_ram(phys_addr_t first, uint64_t size, bool owned)
{
	phys_addr_t last = first + size - 1, at = first;
	unsigned int i;

	if (!size || last < first)
		return false;
	for (i = 0; i < machine->nr_memory; i++) {
		const struct dmk_memory *memory = &machine->memory[i];

		if (at < memory->first.v || at - memory->first.v >= memory->size)
			continue;
		if (owned && memory->kind == DMK_MEMORY_RESERVED)
			return false;
		if (last - memory->first.v < memory->size)
			return true;
		at = memory->first.v + memory->size;
	}
	return false;
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
	if (!dmk_ram(offset, size ? size : 1, false))
		return false;
	*phys = offset;
	return true;
}

static unsigned int zone_of(unsigned long frame)
{
	uint64_t phys = (uint64_t)frame << PAGE_SHIFT;

	if (machine->dma_zone_last && phys <= machine->dma_zone_last)
		return ZONE_DMA;
	if (phys > machine->direct_last.v)
		return ZONE_HIGH;
	if (machine->dma32_zone_last && phys <= machine->dma32_zone_last)
		return ZONE_DMA32;
	return ZONE_NORMAL;
}

/* --- free runs: all with the lock held ---------------------------------------------------------------------------- */

static void link_free(unsigned long frame, unsigned int order, unsigned int zone)
{
	struct page *page = dmk_memmap + frame;

	page->flags = (page->flags & DMK_PAGE_FREED) | DMK_PAGE_FREE;
	page->order = order;
	page->zone = zone;
	page->refcount = 0;
	list_add(&page->dmk_free, &zones[zone].free[order]);
	zones[zone].nr_free += 1UL << order;
}

static void unlink_free(struct page *page)
{
	list_del(&page->dmk_free);
	zones[page->zone].nr_free -= 1UL << page->order;
	page->flags &= ~DMK_PAGE_FREE;
}

/* Put a run back, joined with its buddy as long as that is free, whole, and of the same zone. */
static void release_run(unsigned long frame, unsigned int order, unsigned int zone)
{
	for (; order + 1 < ORDERS; order++) {
		unsigned long buddy = frame ^ (1UL << order);
		struct page *page = dmk_memmap + buddy;

		if (buddy + (1UL << order) > nr_frames || !(page->flags & DMK_PAGE_FREE) || page->order != order ||
		    page->zone != zone)
			break;
		unlink_free(page);
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

static void mark_used(unsigned long frame, unsigned int order, unsigned int zone, unsigned int flags)
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

/* Take [frame, frame + n) out of the free run that it lies in. */
static void carve(struct page *run, unsigned long frame, unsigned long n)
{
	unsigned long first = frame_of(run), end = first + (1UL << run->order);
	unsigned int zone = run->zone;

	unlink_free(run);
	release_frames(first, frame - first, zone);
	release_frames(frame + n, end - frame - n, zone);
}

/* --- by order: drivers -------------------------------------------------------------------------------------------- */

static struct page *take_from_zone(unsigned int zone, unsigned int order, unsigned int flags)
{
	unsigned int larger;

	for (larger = order; larger < ORDERS; larger++) {
		struct page *run = list_first_entry_or_null(&zones[zone].free[larger], struct page, dmk_free);

		if (!run)
			continue;
		carve(run, frame_of(run), 1UL << order);
		mark_used(frame_of(run), order, zone, flags);
		return run;
	}
	return NULL;
}

/* The zone that is asked for is the highest that will do; a zone that the machine does not have gives nothing (MEM-06). */
static int highest_zone(gfp_t gfp)
{
	if (gfp & __GFP_DMA)
		return machine->dma_zone_last ? ZONE_DMA : -1;
	if (gfp & __GFP_DMA32)
		return machine->dma32_zone_last ? ZONE_DMA32 : -1;
	return gfp & __GFP_HIGHMEM ? ZONE_HIGH : ZONE_NORMAL;
}

struct page *dmk_page_alloc(gfp_t gfp, unsigned int order, unsigned int flags)
{
	struct page *page = NULL;
	int zone;

	if (!dmk_memmap || order >= ORDERS)
		return NULL;
	pthread_mutex_lock(&lock);
	for (zone = highest_zone(gfp); zone >= 0 && !page; zone--)
		page = take_from_zone(zone, order, flags);
	pthread_mutex_unlock(&lock);
	return page;
}

struct page *dmk_page_head(const struct page *page)
{
	unsigned long frame = frame_of(page);
	struct page *found = NULL;
	unsigned int order;

	pthread_mutex_lock(&lock);
	for (order = 0; order < ORDERS && !found; order++) {
		struct page *head = dmk_memmap + (frame & ~((1UL << order) - 1));

		if ((head->flags & DMK_PAGE_USED) && frame - frame_of(head) < 1UL << head->order)
			found = head;
	}
	pthread_mutex_unlock(&lock);
	return found;
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
	pthread_mutex_lock(&lock);
	page->flags = DMK_PAGE_FREED;
	release_run(frame_of(page), page->order, page->zone);
	pthread_mutex_unlock(&lock);
}

/* --- by bytes and limits: the core -------------------------------------------------------------------------------- */

struct wish {
	uint64_t first, last; /* physical, both included */
	uint64_t align;
	uint64_t size;
};

/* Where in a free run the wish fits, or 0 frames. */
static bool fits(struct page *run, const struct wish *wish, unsigned long *frame)
{
	uint64_t start = dmk_page_phys(run), end = start + (PAGE_SIZE << run->order) - 1, at;

	at = start > wish->first ? start : wish->first;
	if (at + wish->align - 1 < at)
		return false;
	at = ALIGN(at, wish->align);
	if (end > wish->last)
		end = wish->last;
	if (at > end || end - at < wish->size - 1)
		return false;
	*frame = at >> PAGE_SHIFT;
	return true;
}

static bool take_wish(unsigned int zone, const struct wish *wish, phys_addr_t *first)
{
	unsigned int order, start = get_order(wish->size), piece;
	unsigned long frame, n;
	struct page *run;

	/* A run one order smaller than the size rounded up can't hold it, unless the size is no power of two: still too small. */
	for (order = start; order < ORDERS; order++) {
		list_for_each_entry(run, &zones[zone].free[order], dmk_free) {
			if (!fits(run, wish, &frame))
				continue;
			n = wish->size >> PAGE_SHIFT;
			carve(run, frame, n);
			*first = (phys_addr_t)frame << PAGE_SHIFT;
			for (; n; n -= 1UL << piece, frame += 1UL << piece) {
				piece = aligned_order(frame, n);
				mark_used(frame, piece, zone, DMK_PAGE_CORE);
			}
			return true;
		}
	}
	return false;
}

int dmk_frames_alloc(const struct dmk_page_request *request, phys_addr_t *first)
{
	struct wish wish = { request->first.v, request->last.v, request->align, request->size };
	bool found = false;
	int zone;

	if (!dmk_memmap || !request->size || (request->size & ~PAGE_MASK))
		return -ENOMEM;
	if (wish.align < PAGE_SIZE)
		wish.align = PAGE_SIZE;
	pthread_mutex_lock(&lock);
	/* Not highmem: the core looks at what it gets through the direct map. Scarce low memory last. */
	for (zone = ZONE_NORMAL; zone >= 0 && !found; zone--)
		found = take_wish(zone, &wish, first);
	pthread_mutex_unlock(&lock);
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

/* --- start and stop ----------------------------------------------------------------------------------------------- */

static void add_memory(uint64_t first, uint64_t end)
{
	unsigned long frame = PFN_UP(first), last = end >> PAGE_SHIFT;

	while (frame < last) {
		unsigned int zone = zone_of(frame), order = aligned_order(frame, last - frame);

		/* A run lies in one zone. */
		while (order && zone_of(frame + (1UL << order) - 1) != zone)
			order--;
		release_run(frame, order, zone);
		zones[zone].present += 1UL << order;
		frame += 1UL << order;
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

int dmk_page_start(const struct dmk_port *port, const char *parameters, char *error, size_t error_size)
{
	const struct dmk_memory *memory;
	unsigned int i, order;
	uint64_t end = 0;

	dmk_port_running = port;
	machine = port->machine;
	ram_limit = parse_limit(parameters ? parameters : "");
	for (i = 0; i < machine->nr_memory; i++)
		end = max(end, machine->memory[i].first.v + machine->memory[i].size);
	nr_frames = end >> PAGE_SHIFT;
	dmk_memmap = mmap(NULL, (nr_frames + 1) * sizeof(struct page), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (dmk_memmap == MAP_FAILED) {
		snprintf(error, error_size, "no address space for the records of %lu page frames", nr_frames);
		dmk_memmap = NULL;
		return -ENOMEM;
	}

	memset(zones, 0, sizeof(zones));
	for (i = 0; i < ZONES; i++)
		for (order = 0; order < ORDERS; order++)
			INIT_LIST_HEAD(&zones[i].free[order]);
	pthread_mutex_lock(&lock);
	for (i = 0; i < machine->nr_memory; i++) {
		memory = &machine->memory[i];
		if (memory->kind == DMK_MEMORY_RAM && memory->first.v < ram_limit)
			add_memory(memory->first.v, min(memory->first.v + memory->size, ram_limit));
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

void dmk_page_stop(void)
{
	munmap(dmk_memmap, (nr_frames + 1) * sizeof(struct page));
	dmk_memmap = NULL;
	machine = NULL;
	dmk_port_running = NULL;
}

/* --- what drivers call -------------------------------------------------------------------------------------------- */

void dmk_memory_event(enum dmk_event_kind kind, const char *name, const void *cpu, phys_addr_t phys, size_t size,
		      enum dmk_reason reason, struct dmk_place place)
{
	if (!dmk_observed())
		return;
	dmk_announce(&(struct dmk_event){ .kind = kind, .name = name, .cpu = cpu, .phys = DMK_PHYS(phys), .size = size,
					  .reason = reason, .interrupt = in_interrupt(), DMK_AT(place) });
}

static struct page *alloc_at(gfp_t gfp, unsigned int order, struct dmk_place place)
{
	struct page *page;

	if (gfpflags_allow_blocking(gfp))
		dmk_might_sleep_at("alloc_pages", place);
	if (order >= DRIVER_ORDERS)
		return NULL;
	page = dmk_page_alloc(gfp, order, 0);
	if (!page)
		return NULL;
	if (gfp & __GFP_ZERO) {
		unsigned int i;

		for (i = 0; i < 1U << order; i++)
			clear_highpage(page + i);
	}
	dmk_memory_event(DMK_EVENT_MEMORY_ALLOC, "alloc_pages", dmk_page_cpu(page), dmk_page_phys(page), PAGE_SIZE << order,
			 DMK_REASON_NONE, place);
	return page;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return alloc_at(gfp, order, DMK_HERE);
}

static unsigned long address_or_0(struct page *page)
{
	return page ? (unsigned long)dmk_page_cpu(page) : 0;
}

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	return address_or_0(alloc_at(gfp & ~__GFP_HIGHMEM, order, DMK_HERE));
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	return address_or_0(alloc_at((gfp & ~__GFP_HIGHMEM) | __GFP_ZERO, 0, DMK_HERE));
}

static void refuse(struct page *page, enum dmk_reason reason, const char *what, struct dmk_place place)
{
	dmk_complain(place.caller, "bad free of the page at %#llx: %s", (unsigned long long)dmk_page_phys(page), what);
	dmk_memory_event(DMK_EVENT_MEMORY_FREE, "alloc_pages", dmk_page_cpu(page), dmk_page_phys(page), PAGE_SIZE, reason,
			 place);
}

/* Whether @page is a driver's run of that order; says why not. */
static bool may_free(struct page *page, unsigned int order, struct dmk_place place)
{
	unsigned int flags, has;

	pthread_mutex_lock(&lock);
	flags = page->flags;
	has = page->order;
	pthread_mutex_unlock(&lock);
	if (!(flags & DMK_PAGE_USED))
		refuse(page, flags & DMK_PAGE_FREED ? DMK_REASON_DOUBLE_FREE : DMK_REASON_NOT_FOUND,
		       flags & DMK_PAGE_FREED ? "it is free already" : "it was not handed out", place);
	else if (flags & (DMK_PAGE_SLAB | DMK_PAGE_KMALLOC | DMK_PAGE_CORE | DMK_PAGE_VMALLOC))
		refuse(page, DMK_REASON_NOT_FOUND, "another allocator gave it out", place);
	else if (has != order)
		refuse(page, DMK_REASON_MISMATCH, "it was allocated with another order", place);
	else
		return true;
	return false;
}

static bool drop_reference(struct page *page)
{
	bool last;

	pthread_mutex_lock(&lock);
	last = page->refcount > 0 && --page->refcount == 0;
	pthread_mutex_unlock(&lock);
	return last;
}

static void free_at(struct page *page, unsigned int order, struct dmk_place place)
{
	if (!page || !may_free(page, order, place) || !drop_reference(page))
		return;
	dmk_memory_event(DMK_EVENT_MEMORY_FREE, "alloc_pages", dmk_page_cpu(page), dmk_page_phys(page), PAGE_SIZE << order,
			 DMK_REASON_NONE, place);
	dmk_page_free(page, true);
}

void __free_pages(struct page *page, unsigned int order)
{
	free_at(page, order, DMK_HERE);
}

static struct page *page_of_address(const void *address, struct dmk_place place)
{
	phys_addr_t phys;

	if (dmk_direct(address, 1, &phys) && !(phys & ~PAGE_MASK))
		return dmk_page_of(phys);
	dmk_complain(place.caller, "bad free of %p: no page of the page allocator", address);
	dmk_memory_event(DMK_EVENT_MEMORY_FREE, "alloc_pages", address, 0, PAGE_SIZE, DMK_REASON_NOT_FOUND, place);
	return NULL;
}

void free_pages(unsigned long address, unsigned int order)
{
	if (address)
		free_at(page_of_address((void *)address, DMK_HERE), order, DMK_HERE);
}

/* A run of the next order, of which the pages behind the end go back at once; what stays are single pages. */
void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	unsigned int order = get_order(size), i, n = PFN_UP(size);
	struct dmk_place place = DMK_HERE;
	struct page *page;

	if (gfpflags_allow_blocking(gfp))
		dmk_might_sleep_at("alloc_pages_exact", place);
	if (!size || order >= DRIVER_ORDERS)
		return NULL;
	page = dmk_page_alloc(gfp & ~__GFP_HIGHMEM, order, 0);
	if (!page)
		return NULL;
	split_page(page, order);
	for (i = n; i < 1U << order; i++)
		dmk_page_free(page + i, false);
	if (gfp & __GFP_ZERO)
		memset(dmk_page_cpu(page), 0, n * PAGE_SIZE);
	dmk_memory_event(DMK_EVENT_MEMORY_ALLOC, "alloc_pages", dmk_page_cpu(page), dmk_page_phys(page), n * PAGE_SIZE,
			 DMK_REASON_NONE, place);
	return dmk_page_cpu(page);
}

void free_pages_exact(void *address, size_t size)
{
	struct dmk_place place = DMK_HERE;
	struct page *page = page_of_address(address, place);
	unsigned int i, n = PFN_UP(size);

	for (i = 0; page && i < n; i++)
		free_at(page + i, 0, place);
}

void split_page(struct page *page, unsigned int order)
{
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < 1U << order; i++)
		mark_used(frame_of(page) + i, 0, page->zone, 0);
	pthread_mutex_unlock(&lock);
}

struct page *compound_head(const struct page *page)
{
	struct page *head = dmk_page_head(page);

	return head ? head : (struct page *)page;
}

void get_page(struct page *page)
{
	struct page *head = compound_head(page);

	pthread_mutex_lock(&lock);
	head->refcount++;
	pthread_mutex_unlock(&lock);
}

void put_page(struct page *page)
{
	struct dmk_place place = DMK_HERE;
	struct page *head = dmk_page_head(page);

	if (!head) {
		refuse(page, DMK_REASON_DOUBLE_FREE, "it is free already", place);
		return;
	}
	if (head->flags & (DMK_PAGE_SLAB | DMK_PAGE_KMALLOC | DMK_PAGE_CORE | DMK_PAGE_VMALLOC)) {
		/* A reference that get_page() took; the allocator's own stays. */
		pthread_mutex_lock(&lock);
		if (head->refcount > 1)
			head->refcount--;
		pthread_mutex_unlock(&lock);
		return;
	}
	free_at(head, head->order, place);
}

int page_count(const struct page *page)
{
	struct page *head = dmk_page_head(page);
	int count;

	if (!head)
		return 0;
	pthread_mutex_lock(&lock);
	count = head->refcount;
	pthread_mutex_unlock(&lock);
	return count;
}

bool pfn_valid(unsigned long pfn)
{
	return dmk_page_of((phys_addr_t)pfn << PAGE_SHIFT);
}

bool dmk_virt_addr_valid(const void *address)
{
	phys_addr_t phys;

	return dmk_direct(address, 1, &phys);
}

unsigned long totalram_pages(void)
{
	unsigned long n = 0;
	unsigned int i;

	for (i = 0; i < ZONES; i++)
		n += zones[i].present;
	return n;
}

unsigned long nr_free_pages(void)
{
	unsigned long n = 0;
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < ZONES; i++)
		n += zones[i].nr_free;
	pthread_mutex_unlock(&lock);
	return n;
}
