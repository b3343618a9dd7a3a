// SPDX-License-Identifier: MIT
/*
 * Page frames, slabs, scattered and high memory: what is given out, to whom, and what happens to
 * who gives back what is not his.
 */
#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../../kernel/internal.h"

static int boot(void **state)
{
	fake_boot("", 1);
	return 0;
}

static int boot_noncoherent(void **state)
{
	fake_boot("", 64);
	return 0;
}

static int boot_limited(void **state)
{
	fake_boot("quiet mem=10M", 1);
	return 0;
}

static int down(void **state)
{
	fake_shutdown();
	return 0;
}

/* --- pages ------------------------------------------------------------------------------------ */

static void test_MEM_06_zones_are_the_machines(void **state)
{
	struct page *page;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		page = alloc_page(GFP_KERNEL | GFP_DMA);
		assert_non_null(page);
		assert_true(page_to_phys(page) < 8 * MIB);
		page = alloc_page(GFP_KERNEL | GFP_DMA32);
		assert_true(page_to_phys(page) < 16 * MIB);
		page = alloc_page(GFP_KERNEL);
		assert_true(page_to_phys(page) < 48 * MIB);
	}
}

static void test_MEM_06_a_zone_that_is_used_up_or_missing_gives_NULL(void **state)
{
	while (alloc_pages(GFP_ATOMIC | GFP_DMA, 0))
		;
	assert_null(kmalloc(5000, GFP_ATOMIC | GFP_DMA));
	assert_non_null(alloc_page(GFP_ATOMIC | GFP_DMA32));
	fake_machine.dma_zone_last = 0;
	assert_null(alloc_page(GFP_ATOMIC | GFP_DMA));
}

static void test_MEM_07_runs_are_aligned_contiguous_and_disjoint(void **state)
{
	struct page *a = alloc_pages(GFP_KERNEL, 3), *b = alloc_pages(GFP_KERNEL, 3);

	assert_int_equal(page_to_pfn(a) % 8, 0);
	assert_ptr_equal((char *)page_address(a) + 7 * PAGE_SIZE, page_address(a + 7));
	assert_true(a + 8 <= b || b + 8 <= a);
	assert_ptr_equal(compound_head(a + 5), a);
	assert_null(alloc_pages(GFP_KERNEL, 11));
}

static void test_MEM_09_memory_kept_back_and_holes_are_not_given_out(void **state)
{
	struct page *page;

	while ((page = alloc_page(GFP_ATOMIC | __GFP_HIGHMEM | __GFP_MEMALLOC))) {
		phys_addr_t phys = page_to_phys(page);

		assert_true(phys < 20 * MIB || phys >= 25 * MIB);
		assert_true(phys < 64 * MIB);
	}
	assert_int_equal(nr_free_pages(), 0);
	assert_true(pfn_valid(PHYS_PFN(24 * MIB)));
	assert_false(pfn_valid(PHYS_PFN(21 * MIB)));
}

static void test_MEM_09_mem_limits_what_is_given_out(void **state)
{
	assert_int_equal(totalram_pages(), 10 * MIB / PAGE_SIZE);
	assert_non_null(alloc_page(GFP_KERNEL));
}

static void test_a_free_of_what_is_not_in_use_is_refused_and_reported(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);
	unsigned long free = nr_free_pages();

	fake_forget();
	__free_pages(page, 1);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_MISMATCH);
	__free_pages(page + 1, 0);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_NOT_FOUND);
	assert_int_equal(nr_free_pages(), free);
	__free_pages(page, 2);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_NONE);
	assert_int_equal(nr_free_pages(), free + 4);
	__free_pages(page, 2);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_DOUBLE_FREE);
	free_pages((unsigned long)&free, 0);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_NOT_FOUND);
	assert_int_equal(nr_free_pages(), free + 4);
}

static void test_references_keep_a_page(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long free = nr_free_pages();

	get_page(page);
	assert_int_equal(page_count(page), 2);
	__free_page(page);
	assert_int_equal(nr_free_pages(), free);
	put_page(page);
	assert_int_equal(nr_free_pages(), free + 1);
}

static void test_exact_allocations_give_the_rest_back(void **state)
{
	unsigned long free = nr_free_pages();
	void *memory = alloc_pages_exact(5 * PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);

	assert_int_equal(nr_free_pages(), free - 5);
	assert_null(memchr_inv(memory, 0, 5 * PAGE_SIZE));
	free_pages_exact(memory, 5 * PAGE_SIZE);
	assert_int_equal(nr_free_pages(), free);
}

static void test_the_core_gets_frames_by_size_alignment_and_limits(void **state)
{
	struct dmk_page_request request = {.size = 3 * PAGE_SIZE,
					   .align = 16 * PAGE_SIZE,
					   .first = {9 * MIB},
					   .last = {10 * MIB - 1}};
	unsigned long free = nr_free_pages();
	phys_addr_t first, second;

	assert_int_equal(dmk_frames_alloc(&request, &first), 0);
	assert_int_equal(dmk_frames_alloc(&request, &second), 0);
	assert_int_equal(first % request.align, 0);
	assert_true(first >= 9 * MIB && second >= 9 * MIB && first < 10 * MIB &&
		    second < 10 * MIB && first != second);
	assert_int_equal(nr_free_pages(), free - 6);
	dmk_frames_free(first, request.size);
	dmk_frames_free(second, request.size);
	assert_int_equal(nr_free_pages(), free);

	request = (struct dmk_page_request){.size = 12 * MIB, .align = PAGE_SIZE, .last = {~0ULL}};
	assert_int_equal(dmk_frames_alloc(&request, &first), 0);
	dmk_frames_free(first, request.size);
	request.last.v = 4 * MIB;
	assert_int_not_equal(dmk_frames_alloc(&request, &first), 0);
	assert_int_equal(nr_free_pages(), free);
}

/* The model: who owns each frame. */
static void test_MEM_01_pages_by_chance_are_nobody_elses(void **state)
{
	enum { SLOTS = 300 };
	static unsigned char owned[64 * 1024 * 1024 / 4096];
	static struct {
		unsigned long first, n;
		struct page *page; /* NULL: the core's */
	} slot[SLOTS];
	unsigned long free = nr_free_pages(), i, n;
	unsigned int step;

	fake_seed();
	memset(slot, 0, sizeof(slot));
	memset(owned, 0, sizeof(owned));
	for (step = 0; step < 20000; step++) {
		i = fake_random(SLOTS);
		if (slot[i].n) {
			for (n = 0; n < slot[i].n; n++)
				owned[slot[i].first + n] = 0;
			if (slot[i].page)
				__free_pages(slot[i].page, ilog2(slot[i].n));
			else
				dmk_frames_free(slot[i].first * PAGE_SIZE, slot[i].n * PAGE_SIZE);
			slot[i].n = 0;
			continue;
		}
		if (fake_random(2)) {
			unsigned int order = fake_random(7);

			slot[i].page = alloc_pages(
				GFP_ATOMIC | (fake_random(2) ? __GFP_HIGHMEM : 0), order);
			if (!slot[i].page)
				continue;
			slot[i].first = page_to_pfn(slot[i].page);
			slot[i].n = 1UL << order;
		} else {
			struct dmk_page_request request = {.size = (1 + fake_random(40)) *
								   PAGE_SIZE,
							   .align = PAGE_SIZE << fake_random(6),
							   .last = {~0ULL}};
			phys_addr_t first;

			if (dmk_frames_alloc(&request, &first))
				continue;
			assert_int_equal(first % request.align, 0);
			slot[i].page = NULL;
			slot[i].first = PHYS_PFN(first);
			slot[i].n = request.size / PAGE_SIZE;
		}
		for (n = 0; n < slot[i].n; n++) {
			assert_int_equal(owned[slot[i].first + n], 0);
			owned[slot[i].first + n] = 1;
		}
	}
	for (i = 0; i < SLOTS; i++) {
		if (slot[i].n && slot[i].page)
			__free_pages(slot[i].page, ilog2(slot[i].n));
		else if (slot[i].n)
			dmk_frames_free(slot[i].first * PAGE_SIZE, slot[i].n * PAGE_SIZE);
	}
	assert_int_equal(nr_free_pages(), free);
	/* All joined again: the largest runs can be had. */
	assert_non_null(alloc_pages(GFP_KERNEL, 10));
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void test_MEM_01_kmalloc_is_in_the_direct_map(void **state)
{
	struct dmk_os os = dmk_os_table();
	dmk_phys phys;
	void *memory = kmalloc(100, GFP_KERNEL);

	assert_int_equal(os.ops->classify(NULL, memory, 100, &phys), DMK_ADDRESS_DIRECT);
	assert_int_equal(phys.v, virt_to_phys(memory));
	assert_ptr_equal(phys_to_virt(phys.v), memory);
	kfree(memory);
}

static void test_MEM_07_large_kmalloc_is_contiguous(void **state)
{
	char *memory = kmalloc(300 * 1024, GFP_KERNEL);

	assert_int_equal(virt_to_phys(memory + 300 * 1024 - 1) - virt_to_phys(memory),
			 300 * 1024 - 1);
	assert_int_equal((unsigned long)memory % PAGE_SIZE, 0);
	kfree(memory);
	assert_null(kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL));
	assert_null(kcalloc(SIZE_MAX / 2, 4, GFP_KERNEL));
}

static void test_MEM_08_objects_share_no_cache_line(void **state)
{
	unsigned int i;

	for (i = 1; i < 3000; i += 7) {
		char *a = kmalloc(i, GFP_KERNEL), *b = kmalloc(i, GFP_KERNEL);

		assert_int_equal((unsigned long)a % 64, 0);
		assert_true(labs(a - b) >= (long)ALIGN(i, 64));
	}
}

static void test_powers_of_two_are_aligned_to_themselves(void **state)
{
	size_t size;

	for (size = 8; size <= 65536; size *= 2)
		assert_int_equal((unsigned long)kmalloc(size, GFP_KERNEL) % min(size, PAGE_SIZE),
				 0);
}

static void test_MEM_05_bad_frees_are_refused_and_reported(void **state)
{
	char *memory = kmalloc(100, GFP_KERNEL), *keeper = kmalloc(100, GFP_KERNEL),
	     *large = kmalloc(9000, GFP_KERNEL);
	char on_stack[16];

	fake_forget();
	kfree(memory + 8);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_NOT_FOUND);
	kfree(on_stack);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_NOT_FOUND);
	kfree(memory);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_NONE);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).size, 100);
	kfree(memory);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_DOUBLE_FREE);
	assert_non_null(strstr(fake_log(), "it is free already"));
	kfree(large + PAGE_SIZE);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_NOT_FOUND);
	kfree(large);
	kfree(large);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_DOUBLE_FREE);
	free_pages((unsigned long)keeper & PAGE_MASK, 0);
	assert_int_not_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_NONE);
	memset(keeper, 1, 100);
	kfree(keeper);
	kfree(NULL);
	kfree(kmalloc(0, GFP_KERNEL));
}

static void test_freed_bytes_do_not_stay(void **state)
{
	char *memory = kmalloc(64, GFP_KERNEL);

	memset(memory, 0x11, 64);
	kfree(memory);
	assert_int_not_equal(memory[0], 0x11);
	assert_int_not_equal(memory[63], 0x11);
}

/* The model: what was written into each object. */
static void test_MEM_01_kmalloc_by_chance_keeps_every_byte(void **state)
{
	enum { SLOTS = 500 };
	static struct {
		unsigned char *memory, fill;
		size_t size;
	} slot[SLOTS];
	unsigned long free = nr_free_pages();
	unsigned int step, i;

	fake_seed();
	memset(slot, 0, sizeof(slot));
	for (step = 0; step < 60000; step++) {
		i = fake_random(SLOTS);
		if (slot[i].memory && fake_random(4)) {
			assert_null(memchr_inv(slot[i].memory, slot[i].fill, slot[i].size));
			kfree(slot[i].memory);
			slot[i].memory = NULL;
			continue;
		}
		if (slot[i].memory) {
			size_t size = 1 + fake_random(3000), kept = min(size, slot[i].size);
			unsigned char *memory = krealloc(slot[i].memory, size, GFP_KERNEL);

			assert_null(memchr_inv(memory, slot[i].fill, kept));
			memset(memory, slot[i].fill, size);
			slot[i].memory = memory;
			slot[i].size = size;
			continue;
		}
		slot[i].size = 1 + fake_random(fake_random(10) ? 300 : 9000);
		slot[i].memory = kzalloc(slot[i].size, GFP_KERNEL);
		slot[i].fill = step;
		assert_non_null(slot[i].memory);
		assert_true(ksize(slot[i].memory) >= slot[i].size);
		assert_null(memchr_inv(slot[i].memory, 0, slot[i].size));
		memset(slot[i].memory, slot[i].fill, slot[i].size);
	}
	for (i = 0; i < SLOTS; i++)
		kfree(slot[i].memory);
	/* One empty slab a size is kept. */
	assert_true(free - nr_free_pages() < 100);
}

static unsigned int constructed;

static void construct(void *object)
{
	*(int *)object = 77;
	constructed++;
}

static void test_MEM_01_caches_of_a_drivers_own(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("things", 40, 32, 0, construct), *other;
	int *a, *b;

	constructed = 0;
	a = kmem_cache_alloc(cache, GFP_KERNEL);
	b = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_true(constructed >= 2);
	assert_int_equal(*a, 77);
	assert_int_equal((unsigned long)b % 32, 0);
	other = kmem_cache_create("others", 40, 0, 0, NULL);
	fake_forget();
	kmem_cache_free(other, a);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_MISMATCH);
	assert_string_equal(fake_last(DMK_EVENT_MEMORY_FREE).name, "things");
	kmem_cache_free(cache, a);
	kmem_cache_destroy(cache);
	assert_non_null(strstr(fake_log(), "1 objects are in use"));
	*b = 1;
	kmem_cache_destroy(other);
	assert_null(kmem_cache_create("bad", 0, 0, 0, NULL));
	assert_null(kmem_cache_create("bad", 8, 24, 0, NULL));
}

/* --- scattered and high ----------------------------------------------------------------------- */

static void test_ADR_04_vmalloc_is_scattered_pages_side_by_side(void **state)
{
	struct dmk_os os = dmk_os_table();
	char *area = vzalloc(10 * PAGE_SIZE + 1);
	unsigned long free = nr_free_pages();
	dmk_phys phys;
	unsigned int i;

	assert_null(memchr_inv(area, 0, 11 * PAGE_SIZE));
	for (i = 0; i < 10; i++)
		assert_int_not_equal(vmalloc_to_pfn(area + i * PAGE_SIZE) + 1,
				     vmalloc_to_pfn(area + (i + 1) * PAGE_SIZE));
	area[3 * PAGE_SIZE + 5] = 42;
	char *page = kmap_local_page(vmalloc_to_page(area + 3 * PAGE_SIZE));
	assert_int_equal(page[5], 42);
	kunmap_local(page);
	assert_int_equal(os.ops->classify(NULL, area + 5, 1, &phys), DMK_ADDRESS_VMALLOC);
	assert_true(is_vmalloc_addr(area + 10 * PAGE_SIZE));
	vfree(area);
	assert_false(is_vmalloc_addr(area));
	assert_int_equal(nr_free_pages(), free + 11);
	fake_forget();
	vfree(area);
	assert_int_equal(fake_last(DMK_EVENT_MEMORY_FREE).reason, DMK_REASON_NOT_FOUND);
}

/* The host has 65,530 mappings for all there is. */
static void test_ADR_04_a_large_vmalloc_is_scattered_rows(void **state)
{
	enum { PAGES = 6000 };
	char *area = vmalloc(PAGES * PAGE_SIZE);
	unsigned int rows = 1;

	assert_non_null(area);
	for (unsigned int i = 1; i < PAGES; i++)
		rows += vmalloc_to_pfn(area + i * PAGE_SIZE) !=
			vmalloc_to_pfn(area + (i - 1) * PAGE_SIZE) + 1;
	assert_in_range(rows, PAGES / 4, PAGES / 2);
	vfree(area);
}

static void test_vmap_shows_pages_that_stay_the_callers(void **state)
{
	struct page *pages[2] = { alloc_page(GFP_KERNEL), alloc_page(GFP_KERNEL) };
	char *view = vmap(pages, 2, VM_MAP, PAGE_KERNEL);

	view[PAGE_SIZE] = 9;
	assert_int_equal(*(char *)page_address(pages[1]), 9);
	vunmap(view);
	assert_int_equal(page_count(pages[1]), 1);
}

static void test_ADR_04_highmem_has_an_address_while_it_is_mapped(void **state)
{
	struct dmk_os os = dmk_os_table();
	struct page *page;
	dmk_phys phys;
	char *address, *second;

	while (!PageHighMem(page = alloc_page(GFP_KERNEL | __GFP_HIGHMEM)))
		;
	assert_null(page_address(page));
	address = kmap(page);
	second = kmap_local_page(page);
	assert_ptr_equal(page_address(page), address);
	*address = 3;
	assert_int_equal(*second, 3);
	assert_int_equal(os.ops->classify(NULL, address, 1, &phys), DMK_ADDRESS_KMAP);
	kunmap_local(second);
	kunmap(page);
	assert_null(page_address(page));
}

/* --- what an address is ----------------------------------------------------------------------- */

static int in_data;

static void test_MEM_03_addresses_are_told_apart(void **state)
{
	struct dmk_os os = dmk_os_table();
	void *heap = malloc(10);
	int on_stack;
	dmk_phys phys;

	assert_int_equal(os.ops->classify(NULL, &on_stack, 4, &phys), DMK_ADDRESS_STACK);
	assert_int_equal(os.ops->classify(NULL, &in_data, 4, &phys), DMK_ADDRESS_IMAGE);
	assert_int_equal(os.ops->classify(NULL, (void *)boot, 4, &phys), DMK_ADDRESS_IMAGE);
	assert_int_equal(os.ops->classify(NULL, heap, 4, &phys), DMK_ADDRESS_UNKNOWN);
	assert_int_equal(os.ops->classify(NULL, NULL, 4, &phys), DMK_ADDRESS_UNKNOWN);
	/* In the direct map's hole, and from RAM into it. */
	assert_int_not_equal(os.ops->classify(NULL, phys_to_virt(21 * MIB), 4, &phys),
			     DMK_ADDRESS_DIRECT);
	assert_int_not_equal(os.ops->classify(NULL, phys_to_virt(20 * MIB - 4), 8, &phys),
			     DMK_ADDRESS_DIRECT);
	assert_int_equal(os.ops->classify(NULL, phys_to_virt(20 * MIB - 4), 4, &phys),
			 DMK_ADDRESS_DIRECT);
	assert_false(os.ops->is_ram(NULL, DMK_PHYS(24 * MIB), 4));
	assert_true(os.ops->is_ram(NULL, DMK_PHYS(63 * MIB), MIB));
	assert_false(os.ops->is_ram(NULL, DMK_PHYS(63 * MIB), MIB + 1));
	free(heap);
}

static void test_CTX_03_a_thousand_boots_leave_nothing(void **state)
{
	unsigned int threads = fake_threads(), i;

	for (i = 0; i < 1000; i++) {
		fake_boot("", 1);
		kmalloc(100, GFP_KERNEL);
		vmalloc(100);
		fake_shutdown();
	}
	assert_int_equal(fake_threads(), threads);
}

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, boot, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(test_MEM_06_zones_are_the_machines),
		BOOTED(test_MEM_06_a_zone_that_is_used_up_or_missing_gives_NULL),
		BOOTED(test_MEM_07_runs_are_aligned_contiguous_and_disjoint),
		BOOTED(test_MEM_09_memory_kept_back_and_holes_are_not_given_out),
		cmocka_unit_test_setup_teardown(test_MEM_09_mem_limits_what_is_given_out,
						boot_limited, down),
		BOOTED(test_a_free_of_what_is_not_in_use_is_refused_and_reported),
		BOOTED(test_references_keep_a_page),
		BOOTED(test_exact_allocations_give_the_rest_back),
		BOOTED(test_the_core_gets_frames_by_size_alignment_and_limits),
		BOOTED(test_MEM_01_pages_by_chance_are_nobody_elses),
		BOOTED(test_MEM_01_kmalloc_is_in_the_direct_map),
		BOOTED(test_MEM_07_large_kmalloc_is_contiguous),
		cmocka_unit_test_setup_teardown(test_MEM_08_objects_share_no_cache_line,
						boot_noncoherent, down),
		BOOTED(test_powers_of_two_are_aligned_to_themselves),
		BOOTED(test_MEM_05_bad_frees_are_refused_and_reported),
		BOOTED(test_freed_bytes_do_not_stay),
		BOOTED(test_MEM_01_kmalloc_by_chance_keeps_every_byte),
		BOOTED(test_MEM_01_caches_of_a_drivers_own),
		BOOTED(test_ADR_04_vmalloc_is_scattered_pages_side_by_side),
		BOOTED(test_ADR_04_a_large_vmalloc_is_scattered_rows),
		BOOTED(test_vmap_shows_pages_that_stay_the_callers),
		BOOTED(test_ADR_04_highmem_has_an_address_while_it_is_mapped),
		BOOTED(test_MEM_03_addresses_are_told_apart),
		cmocka_unit_test(test_CTX_03_a_thousand_boots_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
