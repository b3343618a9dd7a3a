// SPDX-License-Identifier: MIT
/*
 * Page frames: which zone a request is served from, what is kept back, how long runs survive, and
 * what is said when there are none.
 */
#include "fake.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <dmakit/kernel.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../../kernel/internal.h"
#include "../../kernel/runset.h"

#define QUIET (GFP_ATOMIC | __GFP_NOWARN)
enum { FRAMES = 64 * 256 };

static const struct dmk_memory with_contiguous[] = {
	{ { 0 }, 20 * MIB, DMK_MEMORY_RAM, "" },
	{ { 20 * MIB }, 1 * MIB, DMK_MEMORY_SHARED_POOL, "pool" },
	{ { 21 * MIB }, 1 * MIB, DMK_MEMORY_RESTRICTED_POOL, "restricted" },
	{ { 22 * MIB }, 2 * MIB, DMK_MEMORY_RAM, "" },
	/* As long as two of the longest requests below, and aligned to no more than 2 MiB. */
	{ { 26 * MIB }, 16 * MIB, DMK_MEMORY_CONTIGUOUS, "cma" },
	{ { 42 * MIB }, 6 * MIB, DMK_MEMORY_RAM, "" },
};

static int boot(void **state)
{
	fake_boot("", 1);
	return 0;
}

static int boot_contiguous(void **state)
{
	fake_boot_on(with_contiguous, ARRAY_SIZE(with_contiguous), "", 1);
	return 0;
}

static int down(void **state)
{
	fake_shutdown();
	return 0;
}

static void audit(void)
{
	const char *wrong = dmk_frames_audit();

	if (wrong)
		fail_msg("%s", wrong);
}

static struct dmk_zone_usage usage_of(const char *name)
{
	struct dmk_zone_usage usage;
	unsigned int i;

	for (i = 0; dmk_zone_usage(i, &usage); i++)
		if (!strcmp(usage.name, name))
			return usage;
	fail_msg("no zone %s", name);
	return usage;
}

static int core_alloc(size_t size, size_t align, phys_addr_t *first)
{
	const struct dmk_page_request request = { .size = size, .align = align, .last = { ~0ULL } };

	return dmk_frames_alloc(&request, first);
}

/* --- sets ------------------------------------------------------------------------------------- */

static void a_set_of(unsigned long n)
{
	uint64_t *words = calloc(dmk_runset_words(n), sizeof(*words));
	bool *model = calloc(n, sizeof(*model));
	struct dmk_runset set;
	unsigned int step;

	dmk_runset_place(&set, n, words);
	for (step = 0; step < 3000; step++) {
		unsigned long i = fake_random(n), from = fake_random(n + 3), expect;

		if (fake_random(3))
			dmk_runset_remove(&set, i);
		else
			dmk_runset_add(&set, i);
		/* Few are in it most of the time: removing what is not there is nothing. */
		model[i] = dmk_runset_has(&set, i);
		for (expect = from; expect < n && !model[expect]; expect++)
			;
		assert_int_equal(dmk_runset_next(&set, from),
				 expect < n ? expect : DMK_RUNSET_NONE);
	}
	free(model);
	free(words);
}

static void test_a_set_of_runs_finds_the_next_one(void **state)
{
	static const unsigned long sizes[] = { 1, 2, 63, 64, 65, 128, 4095, 4096, 4097, 20000 };
	unsigned int i;

	fake_seed();
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		a_set_of(sizes[i]);
}

/* --- zones ------------------------------------------------------------------------------------ */

static unsigned int zone_at(phys_addr_t phys)
{
	return phys < 8 * MIB ? 0 : phys < 16 * MIB ? 1 : phys < 48 * MIB ? 2 : 3;
}

/* Until there are none left. @counts: of each zone. Zones are used up from the highest down. */
static void use_up(gfp_t gfp, unsigned int *counts)
{
	unsigned int last = 3;
	struct page *page;

	memset(counts, 0, 4 * sizeof(*counts));
	while ((page = alloc_page(gfp))) {
		unsigned int zone = zone_at(page_to_phys(page));

		assert_true(zone <= last);
		last = zone;
		counts[zone]++;
	}
	audit();
}

static void test_MEM_06_ordinary_memory_falls_back_from_the_highest_zone_down(void **state)
{
	unsigned int counts[4];

	use_up(QUIET, counts);
	assert_int_equal(counts[3], 0);
	/* The core has a few pages of its own. */
	assert_in_range(counts[2], 26 * 256, (4 + 23) * 256);
	assert_true(counts[1] > 1900 && counts[0] > 1900);
}

static void test_MEM_06_a_zone_keeps_something_for_those_who_can_use_no_higher_one(void **state)
{
	unsigned int counts[4];

	use_up(QUIET, counts);
	use_up(QUIET | GFP_DMA32, counts);
	assert_true(counts[1] > 0);
	use_up(QUIET | GFP_DMA, counts);
	assert_true(counts[0] > 0);
	use_up(QUIET | __GFP_HIGHMEM, counts);
	assert_int_equal(counts[3], 16 * 256);
}

static void test_MEM_06_highmem_is_for_those_who_ask(void **state)
{
	unsigned int i;

	assert_true(PageHighMem(alloc_page(GFP_HIGHUSER)));
	for (i = 0; i < 2000; i++) {
		void *memory = kmalloc(1 + 40 * i, GFP_KERNEL | __GFP_HIGHMEM | __GFP_NOWARN);
		unsigned long page = __get_free_page(QUIET | __GFP_HIGHMEM);

		assert_true(!memory || virt_to_phys(memory) < 48 * MIB);
		assert_true(!page || virt_to_phys((void *)page) < 48 * MIB);
	}
	assert_int_equal(totalhigh_pages(), 16 * 256);
}

static void test_MEM_06_a_machine_without_a_dma_zone_gives_none_and_says_so(void **state)
{
	fake_shutdown();
	fake_zones(0, 0);
	fake_boot("", 1);
	assert_null(alloc_page(GFP_KERNEL | GFP_DMA | __GFP_NOWARN));
	assert_string_equal(fake_log(), "");
	assert_null(kmalloc(100, GFP_KERNEL | GFP_DMA));
	assert_non_null(strstr(fake_log(), "this machine has no such zone"));
	/* All there is is below 4 GiB. */
	assert_non_null(alloc_page(GFP_KERNEL | GFP_DMA32));
	assert_non_null(kmalloc(100, GFP_KERNEL | GFP_DMA32));
	fake_zones(8 * MIB - 1, 16 * MIB - 1);
}

static void test_zones_say_how_much_of_them_is_used(void **state)
{
	unsigned long used = usage_of("Normal").used;
	struct page *page = alloc_pages(GFP_KERNEL, 3);
	struct sysinfo info;

	assert_int_equal(usage_of("Normal").used, used + 8);
	assert_int_equal(usage_of("DMA").pages, 8 * 256);
	assert_int_equal(usage_of("HighMem").pages, 16 * 256);
	si_meminfo(&info);
	assert_int_equal(info.totalram, 59 * 256);
	assert_int_equal(info.freeram, nr_free_pages());
	assert_int_equal(info.totalhigh, 16 * 256);
	assert_int_equal(info.mem_unit, PAGE_SIZE);
	__free_pages(page, 3);
	assert_int_equal(usage_of("Normal").used, used);
}

/* --- long runs -------------------------------------------------------------------------------- */

static struct page *held[FRAMES];
static unsigned int orders[FRAMES], nr_held;

/*
 * Random allocations and frees, until @part of a hundred of what drivers can have is used, in
 * pieces all over the place.
 */
static void fragment(unsigned int part)
{
	unsigned long all = nr_free_pages() -
			    (usage_of("Contiguous").pages - usage_of("Contiguous").used),
		      least = all - all * part / 100;
	unsigned long aside = usage_of("Contiguous").pages - usage_of("Contiguous").used, free;
	unsigned int step, i;

	nr_held = 0;
	for (step = 0; step < 60000; step++) {
		free = nr_free_pages() - aside;
		if (free > least && fake_random(8)) {
			orders[nr_held] = fake_random(6) ? 0 : fake_random(5);
			held[nr_held] = alloc_pages(QUIET | __GFP_HIGHMEM, orders[nr_held]);
			nr_held += !!held[nr_held];
		} else if (nr_held) {
			i = fake_random(nr_held);
			__free_pages(held[i], orders[i]);
			held[i] = held[--nr_held];
			orders[i] = orders[nr_held];
		}
	}
	audit();
}

static void test_MEM_07_a_long_run_beside_fragmented_memory(void **state)
{
	phys_addr_t first, second, third;
	unsigned int i;

	fake_seed();
	fragment(90);
	for (i = 0; i < nr_held; i++)
		assert_true(
			page_to_phys(held[i]) < 20 * MIB || page_to_phys(held[i]) >= 42 * MIB ||
			(page_to_phys(held[i]) >= 22 * MIB && page_to_phys(held[i]) < 24 * MIB));
	assert_int_equal(core_alloc(8 * MIB, PAGE_SIZE, &first), 0);
	assert_true(first >= 26 * MIB && first + 8 * MIB <= 42 * MIB);
	assert_int_equal(core_alloc(8 * MIB, PAGE_SIZE, &second), 0);
	fake_forget();
	assert_int_equal(core_alloc(8 * MIB, PAGE_SIZE, &third), -ENOMEM);
	assert_non_null(strstr(fake_log(), "no 8388608 bytes side by side"));
	audit();
	dmk_frames_free(first, 8 * MIB);
	assert_int_equal(core_alloc(8 * MIB, PAGE_SIZE, &third), 0);
	assert_int_equal(third, first);
}

static void test_MEM_07_without_such_an_area_a_long_run_fails_and_says_so(void **state)
{
	unsigned long free;
	phys_addr_t first;

	fake_seed();
	fragment(90);
	free = nr_free_pages();
	fake_forget();
	assert_int_equal(core_alloc(8 * MIB, PAGE_SIZE, &first), -ENOMEM);
	assert_int_equal(nr_free_pages(), free);
	assert_non_null(strstr(fake_log(), "longest run"));
	audit();
}

static void test_ordinary_requests_never_use_the_contiguous_area(void **state)
{
	struct dmk_zone_usage before = usage_of("Contiguous");
	phys_addr_t first;

	assert_int_equal(before.pages, 16 * 256);
	while (alloc_page(QUIET | __GFP_HIGHMEM | __GFP_MOVABLE | __GFP_MEMALLOC))
		;
	assert_null(kmalloc(100000, QUIET));
	assert_int_equal(usage_of("Contiguous").used, 0);
	/*
	 * Not for one page either: there are always pages that can be freed; for a few there may be
	 * none side by side.
	 */
	assert_int_equal(core_alloc(PAGE_SIZE, PAGE_SIZE, &first), -ENOMEM);
	assert_int_equal(core_alloc(2 * PAGE_SIZE, PAGE_SIZE, &first), 0);
	assert_int_equal(usage_of("Contiguous").used, 2);
	audit();
}

static void test_a_run_across_the_borders_of_buddies_is_found(void **state)
{
	phys_addr_t first;

	/* 26 to 42 MiB is 2 + 4 + 8 + 2 MiB: no buddy is 14 MiB long. */
	assert_int_equal(core_alloc(14 * MIB, 2 * MIB, &first), 0);
	assert_true(first >= 26 * MIB && first + 14 * MIB <= 42 * MIB);
	assert_int_equal(first % (2 * MIB), 0);
	audit();
	dmk_frames_free(first, 14 * MIB);
	assert_int_equal(core_alloc(16 * MIB, PAGE_SIZE, &first), 0);
	assert_int_equal(first, 26 * MIB);
	audit();
}

static void test_MEM_09_pools_belong_to_their_devices(void **state)
{
	struct page *page;

	assert_true(dmk_ram(19 * MIB, MIB, true));
	assert_false(dmk_ram(20 * MIB, PAGE_SIZE, true));
	assert_false(dmk_ram(21 * MIB, PAGE_SIZE, true));
	assert_false(dmk_ram(20 * MIB - 4, 8, true));
	assert_true(dmk_ram(26 * MIB, 22 * MIB, true));
	assert_true(pfn_valid(PHYS_PFN(20 * MIB)));
	while ((page = alloc_page(QUIET | __GFP_HIGHMEM | __GFP_MEMALLOC)))
		assert_true(page_to_phys(page) < 20 * MIB || page_to_phys(page) >= 22 * MIB);
}

static void test_MEM_09_what_is_kept_back_has_no_address_in_the_direct_map(void **state)
{
	assert_true(virt_addr_valid(phys_to_virt(23 * MIB - 4 * MIB)));
	assert_false(virt_addr_valid(phys_to_virt(24 * MIB)));
	assert_int_equal(page_to_phys(pfn_to_page(PHYS_PFN(24 * MIB))), 24 * MIB);
	assert_false(dmk_ram(24 * MIB, PAGE_SIZE, true));
	/* A page of it was not handed out, so it can't be given back. */
	__free_page(pfn_to_page(PHYS_PFN(24 * MIB)));
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_NOT_FOUND);
	audit();
}

/* --- by chance -------------------------------------------------------------------------------- */

enum { SLOTS = 120 };

struct slot {
	unsigned long first, n;
	struct page *page; /* NULL: the core's */
};

static unsigned char owned[FRAMES];

static void own(const struct slot *slot, unsigned char before, unsigned char after)
{
	unsigned long i;

	for (i = slot->first; i < slot->first + slot->n; i++) {
		assert_int_equal(owned[i], before);
		owned[i] = after;
	}
}

static bool get_pages(struct slot *slot)
{
	static const gfp_t zone[] = { 0, GFP_DMA, GFP_DMA32, __GFP_HIGHMEM };
	static const unsigned long end[] = { 48, 8, 16, 64 };
	unsigned int order = fake_random(7), kind = fake_random(4);

	slot->page = alloc_pages(QUIET | zone[kind], order);
	if (!slot->page)
		return false;
	slot->first = page_to_pfn(slot->page);
	slot->n = 1UL << order;
	assert_true(slot->first + slot->n <= end[kind] * 256);
	return true;
}

static bool get_frames(struct slot *slot)
{
	uint64_t first = fake_random(64) * MIB, length = (1 + fake_random(64)) * MIB;
	struct dmk_page_request request = {.size = (1 + fake_random(fake_random(8) ? 40 : 3000)) *
						   PAGE_SIZE,
					   .align = PAGE_SIZE << fake_random(8),
					   .first = {fake_random(2) ? first : 0},
					   .last = {fake_random(2) ? first + length - 1 : ~0ULL}};
	phys_addr_t at;

	if (dmk_frames_alloc(&request, &at))
		return false;
	assert_int_equal(at % request.align, 0);
	assert_true(at >= request.first.v && at + request.size - 1 <= request.last.v &&
		    at + request.size <= 48 * MIB);
	slot->page = NULL;
	slot->first = PHYS_PFN(at);
	slot->n = request.size / PAGE_SIZE;
	return true;
}

static void put(struct slot *slot)
{
	own(slot, 1, 0);
	if (slot->page)
		__free_pages(slot->page, ilog2(slot->n));
	else
		dmk_frames_free(slot->first * PAGE_SIZE, slot->n * PAGE_SIZE);
	slot->n = 0;
}

/* The lists are looked at after every step. */
static void test_MEM_01_frames_by_chance_keep_the_books_right(void **state)
{
	static struct slot slot[SLOTS];
	unsigned long free = nr_free_pages();
	unsigned int step, i;

	fake_seed();
	memset(slot, 0, sizeof(slot));
	memset(owned, 0, sizeof(owned));
	for (step = 0; step < 4000; step++) {
		i = fake_random(SLOTS);
		if (slot[i].n)
			put(&slot[i]);
		else if (fake_random(2) ? get_pages(&slot[i]) : get_frames(&slot[i]))
			own(&slot[i], 0, 1);
		audit();
	}
	for (i = 0; i < SLOTS; i++)
		if (slot[i].n)
			put(&slot[i]);
	assert_int_equal(nr_free_pages(), free);
	audit();
}

static void *churn(void *argument)
{
	uint64_t state = (uintptr_t)argument * 0x9e3779b97f4a7c15ULL + 1;
	struct page *page[16] = { NULL };
	unsigned int order[16], step, i;

	for (step = 0; step < 3000; step++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		i = state >> 60;
		if (page[i]) {
			assert_int_equal(*(uintptr_t *)page_address(page[i]), (uintptr_t)argument);
			__free_pages(page[i], order[i]);
			page[i] = NULL;
			continue;
		}
		order[i] = state >> 57 & 3;
		page[i] = alloc_pages(GFP_KERNEL, order[i]);
		if (page[i])
			*(uintptr_t *)page_address(page[i]) = (uintptr_t)argument;
	}
	for (i = 0; i < 16; i++)
		if (page[i])
			__free_pages(page[i], order[i]);
	return NULL;
}

static void test_MEM_01_threads_get_pages_of_their_own(void **state)
{
	unsigned long free = nr_free_pages();
	pthread_t thread[4];
	uintptr_t i;

	for (i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, churn, (void *)(i + 1));
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(nr_free_pages(), free);
	audit();
}

/* --- none left -------------------------------------------------------------------------------- */

static void test_a_failure_says_what_was_asked_for_and_what_is_free(void **state)
{
	unsigned int counts[4];

	use_up(QUIET, counts);
	fake_forget();
	assert_null(alloc_pages(QUIET, 2));
	assert_null(kmalloc(9000, QUIET));
	assert_string_equal(fake_log(), "");
	assert_null(alloc_pages(GFP_KERNEL, 2));
	assert_non_null(strstr(fake_log(), "alloc_pages: no 16384 bytes side by side"));
	assert_non_null(strstr(fake_log(), "free: DMA "));
	assert_null(kmalloc(9000, GFP_KERNEL));
	assert_non_null(strstr(fake_log(), "kmalloc: no 9000 bytes side by side"));
	fake_forget();
	assert_null(alloc_pages(GFP_KERNEL, 11));
	assert_non_null(strstr(fake_log(), "the largest is 10"));
}

static struct page *given_later[64];

static void *give_back_later(void *argument)
{
	unsigned int i;

	usleep(20000);
	for (i = 0; i < 64; i++)
		__free_page(given_later[i]);
	return NULL;
}

static void test_nofail_waits_until_there_is_some(void **state)
{
	unsigned int counts[4], i;
	pthread_t thread;
	void *memory;

	for (i = 0; i < 64; i++)
		given_later[i] = alloc_page(GFP_KERNEL);
	use_up(QUIET | __GFP_MEMALLOC, counts);
	assert_null(alloc_page(QUIET | __GFP_NOFAIL));
	pthread_create(&thread, NULL, give_back_later, NULL);
	assert_non_null(alloc_page(GFP_KERNEL | __GFP_NOFAIL | __GFP_NOWARN));
	memory = kmalloc(100, GFP_KERNEL | __GFP_NOFAIL);
	assert_non_null(memory);
	pthread_join(thread, NULL);
	kfree(memory);
	audit();
}

static void test_ADR_04_pointers_that_are_no_pages_are_refused(void **state)
{
	struct page *wild[] = {(struct page *)&wild, dmk_memmap - 5, dmk_memmap + FRAMES + 100,
			       (struct page *)((char *)dmk_memmap + 1),
			       pfn_to_page(PHYS_PFN(22 * MIB))};
	unsigned long free = nr_free_pages();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wild); i++) {
		fake_forget();
		__free_page(wild[i]);
		assert_non_null(strstr(fake_log(), "no struct page of memory"));
		put_page(wild[i]);
		get_page(wild[i]);
		assert_int_equal(page_count(wild[i]), 0);
		split_page(wild[i], 1);
	}
	assert_int_equal(nr_free_pages(), free);
	audit();
}

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, boot, down)
#define CONTIGUOUS(test) cmocka_unit_test_setup_teardown(test, boot_contiguous, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_set_of_runs_finds_the_next_one),
		BOOTED(test_MEM_06_ordinary_memory_falls_back_from_the_highest_zone_down),
		BOOTED(test_MEM_06_a_zone_keeps_something_for_those_who_can_use_no_higher_one),
		BOOTED(test_MEM_06_highmem_is_for_those_who_ask),
		BOOTED(test_MEM_06_a_machine_without_a_dma_zone_gives_none_and_says_so),
		BOOTED(test_zones_say_how_much_of_them_is_used),
		CONTIGUOUS(test_MEM_07_a_long_run_beside_fragmented_memory),
		BOOTED(test_MEM_07_without_such_an_area_a_long_run_fails_and_says_so),
		CONTIGUOUS(test_ordinary_requests_never_use_the_contiguous_area),
		CONTIGUOUS(test_a_run_across_the_borders_of_buddies_is_found),
		CONTIGUOUS(test_MEM_09_pools_belong_to_their_devices),
		BOOTED(test_MEM_09_what_is_kept_back_has_no_address_in_the_direct_map),
		BOOTED(test_MEM_01_frames_by_chance_keep_the_books_right),
		CONTIGUOUS(test_MEM_01_frames_by_chance_keep_the_books_right),
		BOOTED(test_MEM_01_threads_get_pages_of_their_own),
		BOOTED(test_a_failure_says_what_was_asked_for_and_what_is_free),
		BOOTED(test_nofail_waits_until_there_is_some),
		BOOTED(test_ADR_04_pointers_that_are_no_pages_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
