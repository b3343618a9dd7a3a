/* SPDX-License-Identifier: MIT */
/*
 * Which pages are of interest, and what of an access is the machine's memory. Not what is right or
 * wrong about it: an access is announced, the checker knows.
 */
#include "fences.h"
#include "page.h"

#include <dmakit/observer.h>
#include <dmakit/watch.h>

#include <string.h>

uint32_t dmk_watch_pages[DMK_WATCH_PAGES], dmk_watch_shared_pages[DMK_WATCH_PAGES];

static bool instrumented, by_page;

/* The direct map of the machine that runs. Set while no driver's code does. */
static struct {
	uintptr_t first;
	uint64_t size; /* 0: no machine runs */
} direct;

/* Called by each watched object before main(). */
void dmk_watch_init(void);
void dmk_watch_init(void)
{
	instrumented = true;
}

void dmk_watch_by_page(void)
{
	by_page = true;
}

enum dmk_watch_mode dmk_watch_mode(void)
{
	if (instrumented)
		return DMK_WATCH_INSTRUMENTED;
	if (dmk_watch_asan)
		return DMK_WATCH_ASAN;
	return by_page ? DMK_WATCH_PAGE : DMK_WATCH_NONE;
}

bool dmk_watch_has_fences(void)
{
	return dmk_watch_asan || dmk_watch_mode() == DMK_WATCH_PAGE;
}

const char *dmk_watch_mode_name(enum dmk_watch_mode mode)
{
	static const char *const name[] = {
		[DMK_WATCH_NONE] = "none",
		[DMK_WATCH_INSTRUMENTED] = "instrumented",
		[DMK_WATCH_ASAN] = "asan",
		[DMK_WATCH_PAGE] = "page",
	};

	return name[mode];
}

static void forget_pages(void)
{
	memset(dmk_watch_pages, 0, sizeof(dmk_watch_pages));
	memset(dmk_watch_shared_pages, 0, sizeof(dmk_watch_shared_pages));
}

/* The order of stores is told where all of them are seen. */
void dmk_watch_start(struct dmk_port *port, uint64_t seed, const struct dmk_watch_code *code)
{
	const enum dmk_watch_mode mode = dmk_watch_mode();

	if (mode == DMK_WATCH_NONE)
		return;
	forget_pages();
	direct.first = (uintptr_t)port->machine->direct_base;
	direct.size = port->machine->direct_last.v + 1;
	dmk_watch_stores_start(instrumented && port->machine->caps & DMK_CAP_WEAK_ORDER, seed);
	dmk_watch_views(port);
	if (dmk_watch_asan)
		dmk_fences_start(dmk_watch_asan);
	else if (mode == DMK_WATCH_PAGE && code->is_library)
		dmk_watch_page_start(code);
	else
		return;
	dmk_watch_copies(port);
}

void dmk_watch_stop(void)
{
	dmk_watch_page_stop();
	dmk_fences_end();
	dmk_watch_copies_end();
	dmk_watch_views_end();
	dmk_watch_stores_end();
	dmk_watch_shared_end();
	direct.size = 0;
	forget_pages();
}

/*
 * Memory above the direct map is counted at the addresses that it would have there: who has a view
 * of it looks there too.
 */
void dmk_watch_memory(void *unused, uint64_t phys, uint64_t size, bool begins)
{
	const uintptr_t first = (direct.first + phys) >> DMK_PAGE_SHIFT;
	uintptr_t last = (direct.first + phys + (size - 1)) >> DMK_PAGE_SHIFT;

	if (!size)
		return;
	if (last - first >= DMK_WATCH_PAGES) /* each of them, once */
		last = first + DMK_WATCH_PAGES - 1;
	for (uintptr_t page = first; page <= last; page++)
		dmk_watch_count(dmk_watch_pages, page, begins ? 1 : -1u);
}

uintptr_t dmk_watch_direct(uint64_t phys)
{
	return phys < direct.size ? direct.first + phys : 0;
}

bool dmk_watch_is_near_any(uintptr_t address, size_t size)
{
	const uintptr_t first = address >> DMK_PAGE_SHIFT,
			last = (address + (size - 1)) >> DMK_PAGE_SHIFT;

	for (uintptr_t page = first; size && page <= last; page++)
		if (dmk_watch_is_near(page << DMK_PAGE_SHIFT))
			return true;
	return false;
}

static uint32_t count_at(const uint32_t *counts, uintptr_t address)
{
	return __atomic_load_n(&counts[(address >> DMK_PAGE_SHIFT) % DMK_WATCH_PAGES],
			       __ATOMIC_RELAXED);
}

void dmk_watch_announce(uintptr_t address, uint64_t phys, uint64_t size, bool write,
			const struct dmk_watch_place *place)
{
	dmk_announce(&(struct dmk_event){
		.kind = DMK_EVENT_CPU_ACCESS,
		.cpu = (const void *)address,
		.phys = DMK_PHYS(phys),
		.size = size,
		.write = write,
		.name = place->call,
		.caller = place->caller,
		.frame = place->frame,
	});
}

/* Bytes from @address on that are in its page, at most @size. */
static size_t in_page(uintptr_t address, size_t size)
{
	const size_t left = DMK_PAGE_SIZE - address % DMK_PAGE_SIZE;

	return left < size ? left : size;
}

/* Page by page: neighbours in a view are no neighbours in memory. */
static void view_access(uintptr_t address, size_t size, bool write,
			const struct dmk_watch_place *place)
{
	uint64_t phys;
	size_t n;

	for (; size; address += n, size -= n) {
		n = in_page(address, size);
		if (dmk_watch_is_near(address) && dmk_watch_view_phys(address, &phys) &&
		    dmk_watch_is_near(direct.first + phys))
			dmk_watch_announce(address, phys, n, write, place);
	}
}

bool dmk_watch_memory_phys(uintptr_t address, uint64_t *phys)
{
	*phys = address - direct.first;
	return *phys < direct.size || dmk_watch_view_phys(address, phys);
}

/* Page by page: what a device has too is known so. */
static void in_order(uintptr_t address, size_t size, bool write,
		     const struct dmk_watch_place *place)
{
	uint64_t phys;
	size_t n;

	for (; size; address += n, size -= n) {
		n = in_page(address, size);
		if (!count_at(dmk_watch_shared_pages, address) ||
		    !dmk_watch_shared_phys(address, &phys))
			continue;
		if (write)
			dmk_watch_store(address, phys, n, place);
		else
			dmk_watch_load(phys, n, place);
	}
}

/* Both of its ends lie in pages that are of interest for the order of accesses alone. */
static bool is_shared_only(uintptr_t address, size_t size)
{
	const uintptr_t last = address + (size - 1);

	return size <= DMK_PAGE_SIZE &&
	       count_at(dmk_watch_pages, address) == count_at(dmk_watch_shared_pages, address) &&
	       count_at(dmk_watch_pages, last) == count_at(dmk_watch_shared_pages, last);
}

void dmk_watch_access(uintptr_t address, size_t size, bool write,
		      const struct dmk_watch_place *place)
{
	const uint64_t phys = address - direct.first;

	if (!direct.size || !size)
		return;
	if (dmk_watch_weak)
		in_order(address, size, write, place);
	if (dmk_watch_weak && is_shared_only(address, size))
		return;
	if (phys >= direct.size)
		view_access(address, size, write, place);
	else
		dmk_watch_announce(address, phys,
				   size < direct.size - phys ? size : direct.size - phys, write,
				   place);
}

void dmk_watch_phys(uint64_t phys, size_t size, bool write, const struct dmk_watch_place *place)
{
	if (direct.size && dmk_watch_is_near_any(direct.first + phys, size))
		dmk_watch_announce(0, phys, size, write, place);
}
