// SPDX-License-Identifier: MIT
/*
 * MEM: which memory can be mapped, and which can't.
 */
#include "harness.h"

#include <linux/highmem.h>

static void can_be_mapped(void *memory, size_t size)
{
	u8 *seen = must_kmalloc(size);
	dma_addr_t dma;

	fill_bytes(memory, size, 3);
	dma = must_map(dev, memory, size, DMA_TO_DEVICE);
	assert_int_equal(lab_read(lab, dma, seen, size), 0);
	assert_true(bytes_are(seen, size, 3));
	dma_unmap_single(dev, dma, size, DMA_TO_DEVICE);
	kfree(seen);
}

static void test_MEM_01_memory_from_alloc_pages_can_be_mapped(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	assert_non_null(page);
	can_be_mapped(page_address(page), 2 * PAGE_SIZE);
	__free_pages(page, 1);
}

static void test_MEM_01_memory_from_get_free_pages_can_be_mapped(void **state)
{
	unsigned long memory = __get_free_pages(GFP_KERNEL, 0);

	assert_true(memory);
	can_be_mapped((void *)memory, PAGE_SIZE);
	free_pages(memory, 0);
}

static void test_MEM_01_memory_from_kmalloc_can_be_mapped_whatever_its_size(void **state)
{
	static const size_t sizes[] = {1, 7, 8, 64, 100, 512, 2048, 4096, 5000, 16384};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *memory = must_kmalloc(sizes[i]);

		can_be_mapped(memory, sizes[i]);
		kfree(memory);
	}
}

static void test_MEM_01_memory_from_a_kmem_cache_can_be_mapped(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("contract", 200, 0, SLAB_HWCACHE_ALIGN, NULL);
	void *memory;

	assert_non_null(cache);
	memory = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_non_null(memory);
	can_be_mapped(memory, 200);
	kmem_cache_free(cache, memory);
	kmem_cache_destroy(cache);
}

/* Reported once, and not mapped. */
static void cannot_be_mapped(void *memory, const char *rule)
{
	dma_addr_t dma = dma_map_single(dev, memory, 64, DMA_TO_DEVICE);

	assert_true(dma_mapping_error(dev, dma));
	expect_finding(rule, 1);
}

static void test_MEM_02_a_vmalloc_address_cannot_be_mapped(void **state)
{
	void *memory = vmalloc(2 * PAGE_SIZE);

	assert_non_null(memory);
	cannot_be_mapped(memory, "MEM-02");
	vfree(memory);
}

static void test_MEM_02_the_pages_of_a_vmalloc_area_can_be_mapped(void **state)
{
	void *memory = vmalloc(2 * PAGE_SIZE);
	u8 seen[100];

	assert_non_null(memory);
	fill_bytes(memory, 2 * PAGE_SIZE, 4);
	for (int i = 0; i < 2; i++) {
		dma_addr_t dma = dma_map_page(dev, vmalloc_to_page(memory + i * PAGE_SIZE), 50, 100,
					      DMA_TO_DEVICE);

		assert_false(dma_mapping_error(dev, dma));
		assert_int_equal(lab_read(lab, dma, seen, 100), 0);
		assert_memory_equal(seen, memory + i * PAGE_SIZE + 50, 100);
		dma_unmap_page(dev, dma, 100, DMA_TO_DEVICE);
	}
	vfree(memory);
}

static void test_MEM_03_a_stack_address_cannot_be_mapped(void **state)
{
	u8 on_stack[64];

	fill_bytes(on_stack, sizeof(on_stack), 5);
	cannot_be_mapped(on_stack, "MEM-03");
}

static void test_MEM_03_a_data_address_cannot_be_mapped(void **state)
{
	static u8 in_data[64] = {1};

	cannot_be_mapped(in_data, "MEM-03");
}

static void test_MEM_03_a_bss_address_cannot_be_mapped(void **state)
{
	static u8 in_bss[64];

	cannot_be_mapped(in_bss, "MEM-03");
}

static void test_MEM_03_an_address_in_the_text_cannot_be_mapped(void **state)
{
	cannot_be_mapped((void *)cannot_be_mapped, "MEM-03");
}

static void test_MEM_05_freed_memory_cannot_be_mapped(void **state)
{
	void *memory = must_kmalloc(256);
	dma_addr_t dma;

	kfree(memory);
	dma = dma_map_single(dev, memory, 256, DMA_TO_DEVICE);
	if (!dma_mapping_error(dev, dma))
		dma_unmap_single(dev, dma, 256, DMA_TO_DEVICE);
	expect_finding("MEM-05", 1);
}

static void test_MEM_05_memory_cannot_be_freed_while_it_is_mapped(void **state)
{
	void *memory = must_kmalloc(256);
	dma_addr_t dma = must_map(dev, memory, 256, DMA_TO_DEVICE);

	kfree(memory);
	expect_finding("MEM-05", 1);
	dma_unmap_single(dev, dma, 256, DMA_TO_DEVICE);
}

static void test_MEM_05_pages_cannot_be_freed_while_they_are_mapped(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);

	assert_false(dma_mapping_error(dev, dma));
	__free_page(page);
	expect_finding("MEM-05", 1);
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
}

static void test_MEM_05_memory_may_be_freed_and_mapped_again_after_its_unmap(void **state)
{
	for (int i = 0; i < 3; i++) {
		void *memory = must_kmalloc(256);
		dma_addr_t dma = must_map(dev, memory, 256, DMA_TO_DEVICE);

		dma_unmap_single(dev, dma, 256, DMA_TO_DEVICE);
		kfree(memory);
	}
}

static void a_zone_gives_memory_below(gfp_t gfp, u64 last)
{
	unsigned long memory = __get_free_pages(GFP_KERNEL | gfp, 0);

	if (!last) {
		assert_true(memory == 0);
		return;
	}
	assert_true(memory);
	assert_true(virt_to_phys((void *)memory) + PAGE_SIZE - 1 <= last);
	free_pages(memory, 0);
}

static void test_MEM_06_gfp_dma_gives_memory_of_the_dma_zone_or_none(void **state)
{
	a_zone_gives_memory_below(GFP_DMA, machine()->dma_zone_last);
}

static void test_MEM_06_gfp_dma32_gives_memory_below_4_gib(void **state)
{
	unsigned long memory = __get_free_pages(GFP_KERNEL | GFP_DMA32, 0);

	/*
	 * An empty zone gives nothing; a machine without one has all its memory there, or says so
	 * by giving nothing.
	 */
	if (!memory) {
		assert_true(machine()->dma32_zone_last == 0);
		return;
	}
	assert_true(virt_to_phys((void *)memory) + PAGE_SIZE - 1 <= DMA_BIT_MASK(32));
	free_pages(memory, 0);
}

static void is_contiguous(const u8 *memory, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE_SIZE) {
		assert_true(virt_to_phys(memory + i) == virt_to_phys(memory) + i);
		assert_true(virt_to_page(memory + i) == virt_to_page(memory) + i / PAGE_SIZE);
	}
}

static void test_MEM_07_kmalloc_of_several_pages_is_physically_contiguous(void **state)
{
	u8 *memory = must_kmalloc(5 * PAGE_SIZE);

	is_contiguous(memory, 5 * PAGE_SIZE);
	can_be_mapped(memory, 5 * PAGE_SIZE);
	kfree(memory);
}

static void test_MEM_07_alloc_pages_of_an_order_is_physically_contiguous(void **state)
{
	struct page *pages = alloc_pages(GFP_KERNEL, 2);

	assert_non_null(pages);
	is_contiguous(page_address(pages), 4 * PAGE_SIZE);
	can_be_mapped(page_address(pages), 4 * PAGE_SIZE);
	__free_pages(pages, 2);
}

/* A page without a kernel address; NULL on a machine that has none. */
static struct page *highmem_page(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	assert_non_null(page);
	if (PageHighMem(page))
		return page;
	__free_page(page);
	return NULL;
}

static void test_MEM_04_a_kmap_address_cannot_be_mapped(void **state)
{
	struct page *page = highmem_page();

	if (!page)
		skip();
	cannot_be_mapped(kmap(page), "MEM-04");
	kunmap(page);
	__free_page(page);
}

static void test_MEM_04_a_highmem_page_can_be_mapped(void **state)
{
	struct page *page = highmem_page();
	u8 bytes[300], seen[300];
	dma_addr_t dma;

	if (!page)
		skip();
	fill_bytes(bytes, sizeof(bytes), 6);
	memcpy_to_page(page, 100, (char *)bytes, sizeof(bytes));
	dma = dma_map_page(dev, page, 100, sizeof(bytes), DMA_BIDIRECTIONAL);
	assert_false(dma_mapping_error(dev, dma));
	assert_int_equal(lab_read(lab, dma, seen, sizeof(seen)), 0);
	assert_memory_equal(seen, bytes, sizeof(bytes));
	fill_bytes(bytes, sizeof(bytes), 7);
	assert_int_equal(lab_write(lab, dma, bytes, sizeof(bytes)), 0);
	dma_unmap_page(dev, dma, sizeof(bytes), DMA_BIDIRECTIONAL);
	memcpy_from_page((char *)seen, page, 100, sizeof(seen));
	assert_memory_equal(seen, bytes, sizeof(bytes));
	__free_page(page);
}

/* Whoever had it last: an address that was given out again is as good as new. */
static void test_MEM_05_memory_that_another_allocator_freed_can_be_mapped(void **state)
{
	for (int i = 0; i < 20; i++) {
		void *small[40], *area = vmalloc(5 * PAGE_SIZE);
		void *exact = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);
		struct page *pages;

		assert_non_null(area);
		assert_non_null(exact);
		for (int n = 0; n < 40; n++)
			small[n] = must_kmalloc(n * 40 + 1);
		vfree(area);
		free_pages_exact(exact, 3 * PAGE_SIZE);
		for (int n = 0; n < 40; n++)
			kfree(small[n]);
		pages = alloc_pages(GFP_KERNEL, 3);
		assert_non_null(pages);
		can_be_mapped(page_address(pages), 8 * PAGE_SIZE);
		__free_pages(pages, 3);
		exact = must_kmalloc(1 + i * 150);
		can_be_mapped(exact, 1 + i * 150);
		kfree(exact);
	}
}

/* Pages that were taken, linked through themselves. */
static void take_all(gfp_t gfp, void **taken)
{
	void **page;

	while ((page = (void **)__get_free_page(gfp | __GFP_NOWARN))) {
		*page = *taken;
		*taken = page;
	}
}

static void give_all(void *taken)
{
	while (taken) {
		void *next = *(void **)taken;

		free_page((unsigned long)taken);
		taken = next;
	}
}

static void test_MEM_06_ordinary_requests_leave_some_of_the_dma_zone(void **state)
{
	unsigned long reserve, low;
	void *taken = NULL;
	struct dmk_zone_usage dma, dma32, normal;

	assert_true(dmk_zone_usage(0, &dma) && dmk_zone_usage(1, &dma32) &&
		    dmk_zone_usage(2, &normal));
	reserve = (dma32.pages + normal.pages) / 256;
	if (!dma.pages || !reserve)
		skip();
	take_all(GFP_KERNEL, &taken);
	low = __get_free_page(GFP_KERNEL | GFP_DMA);
	assert_true(low);
	assert_true(virt_to_phys((void *)low) <= machine()->dma_zone_last);
	free_page(low);
	/*
	 * What the bounce buffers and the pools have is not there to be taken, so nothing is said
	 * of how much was.
	 */
	assert_non_null(taken);
	give_all(taken);
}

static void test_MEM_06_highmem_is_for_those_who_ask(void **state)
{
	void *taken = NULL;

	take_all(GFP_KERNEL, &taken);
	assert_null(kmalloc(3 * PAGE_SIZE, GFP_KERNEL | __GFP_HIGHMEM | __GFP_NOWARN));
	for (void **page = taken; page; page = *page)
		assert_true(virt_to_phys(page) <= machine()->direct_last.v);
	give_all(taken);
}

static const struct dmk_memory *memory_of(enum dmk_memory_kind kind)
{
	for (unsigned int i = 0; i < machine()->nr_memory; i++)
		if (machine()->memory[i].kind == kind)
			return &machine()->memory[i];
	return NULL;
}

/* All pages taken, and every other one given back: no run is longer than a page. */
static void *fragment(void)
{
	void *taken = NULL, *kept = NULL, *next;

	take_all(GFP_KERNEL, &taken);
	for (unsigned int i = 0; taken; i++, taken = next) {
		next = *(void **)taken;
		if (virt_to_phys(taken) / PAGE_SIZE % 2) {
			free_page((unsigned long)taken);
			continue;
		}
		*(void **)taken = kept;
		kept = taken;
	}
	return kept;
}

enum { LONG = 8 << 20 };

static void test_MEM_07_a_long_run_is_had_where_memory_is_set_aside_for_it(void **state)
{
	dma_addr_t dma = 0;
	void *kept, *cpu;
	u8 *bytes;

	/* With cma= among the boot arguments, see meson.build. */
	if (!memory_of(DMK_MEMORY_CONTIGUOUS))
		skip();
	bytes = must_kmalloc(1000);
	kept = fragment();
	for (int i = 0; i < 3; i++) {
		cpu = dma_alloc_coherent(dev, LONG, &dma, GFP_KERNEL);
		assert_non_null(cpu);
		fill_bytes(bytes, 1000, i);
		assert_int_equal(lab_write(lab, dma + LONG - 1000, bytes, 1000), 0);
		assert_true(bytes_are(cpu + LONG - 1000, 1000, i));
		dma_free_coherent(dev, LONG, cpu, dma);
	}
	kfree(bytes);
	give_all(kept);
}

/* Behind an IOMMU memory need not be in a run: test_scatter.c. */
static void test_MEM_07_a_long_run_that_is_not_there_is_NULL(void **state)
{
	const unsigned long attrs = DMA_ATTR_FORCE_CONTIGUOUS;
	void *kept;
	dma_addr_t dma = 0;

	if (memory_of(DMK_MEMORY_CONTIGUOUS))
		skip();
	kept = fragment();
	assert_null(dma_alloc_attrs(dev, LONG, &dma, GFP_KERNEL, attrs));
	if (!machine_bus()->iommu)
		assert_null(dma_alloc_coherent(dev, LONG, &dma, GFP_KERNEL));
	give_all(kept);
}

/* What the CPU does with one is not lost to what the device does with the other. */
static void test_MEM_08_two_small_kmallocs_share_no_line(void **state)
{
	for (size_t size = 1; size < 300; size += 23) {
		u8 *a = must_kmalloc(size), *b = must_kmalloc(size);
		u8 *bytes = must_kmalloc(size);
		dma_addr_t dma;

		assert_int_equal((unsigned long)a % dma_get_cache_alignment(), 0);
		assert_true((unsigned long)(a > b ? a - b : b - a) >= dma_get_cache_alignment());
		fill_bytes(bytes, size, 8);
		fill_bytes(b, size, 1);
		dma = must_map(dev, a, size, DMA_FROM_DEVICE);
		fill_bytes(b, size, 9);
		assert_int_equal(lab_write(lab, dma, bytes, size), 0);
		fill_bytes(b, size, 10);
		dma_unmap_single(dev, dma, size, DMA_FROM_DEVICE);
		assert_true(bytes_are(a, size, 8));
		assert_true(bytes_are(b, size, 10));
		kfree(a);
		kfree(b);
		kfree(bytes);
	}
}

/*
 * Two objects in one line, of which the device writes one and the CPU the other: reported, naming
 * both, and one of the two loses bytes unless they are bounced. Where caches are coherent all is
 * well.
 */
static void test_MEM_08_two_objects_in_one_line_are_reported_and_lose_bytes(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("contract", 16, 8, 0, NULL);
	u8 *a = kmem_cache_alloc(cache, GFP_KERNEL), *b = kmem_cache_alloc(cache, GFP_KERNEL),
	   bytes[16];
	bool lost = false;

	assert_non_null(a);
	assert_non_null(b);
	fill_bytes(bytes, 16, 7);
	for (unsigned int i = 0; i < 200 && !lost; i++) {
		dma_addr_t dma;

		memset(a, 0, 16);
		fill_bytes(b, 16, i);
		dma = must_map(dev, a, 16, DMA_FROM_DEVICE);
		fill_bytes(b, 16, i + 1);
		assert_int_equal(lab_write(lab, dma, bytes, 16), 0);
		fill_bytes(b, 16, i + 2);
		dma_unmap_single(dev, dma, 16, DMA_FROM_DEVICE);
		lost = !bytes_are(a, 16, 7) || !bytes_are(b, 16, i + 2);
	}
	if (!machine_is_coherent()) {
		const struct dmk_finding *finding = finding_of("MEM-08");
		char neighbour[32];

		assert_non_null(finding);
		snprintf(neighbour, sizeof(neighbour), "0x%llx (contract)",
			 (unsigned long long)virt_to_phys(b));
		assert_non_null(strstr(finding->what, neighbour));
		assert_true(finding->buffer.known);
		assert_int_equal(finding->buffer.size, 16);
		assert_int_equal(lost, !finding->buffer.bounced);
		expect_finding("MEM-08", finding->count);
	} else {
		assert_false(lost);
	}
	kmem_cache_free(cache, b);
	kmem_cache_free(cache, a);
	kmem_cache_destroy(cache);
}

static bool within(u64 phys, const struct dmk_memory *memory)
{
	return memory && phys >= memory->first.v && phys - memory->first.v < memory->size;
}

static void test_MEM_09_memory_kept_back_is_not_given_out(void **state)
{
	static const enum dmk_memory_kind kinds[] = {DMK_MEMORY_RESERVED, DMK_MEMORY_SHARED_POOL,
						     DMK_MEMORY_RESTRICTED_POOL};
	void *taken = NULL;

	take_all(GFP_KERNEL, &taken);
	for (void **page = taken; page; page = *page)
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			assert_false(within(virt_to_phys(page), memory_of(kinds[i])));
	give_all(taken);
}

static void test_MEM_09_memory_kept_back_is_reached_by_memremap(void **state)
{
	const struct dmk_memory *kept = memory_of(DMK_MEMORY_RESERVED);
	static const unsigned long flags[] = {MEMREMAP_WB, MEMREMAP_WT, MEMREMAP_WC};
	u8 *view;

	assert_non_null(kept);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		view = memremap(kept->first.v + 64, 2 * PAGE_SIZE, flags[i]);
		assert_non_null(view);
		fill_bytes(view, 2 * PAGE_SIZE, i);
		assert_true(bytes_are(view, 2 * PAGE_SIZE, i));
		assert_false(virt_addr_valid(view));
		memunmap(view);
	}
	view = devm_memremap(dev, kept->first.v, PAGE_SIZE, MEMREMAP_WC);
	assert_false(IS_ERR(view));
	fill_bytes(view, PAGE_SIZE, 5);
	devm_memunmap(dev, view);
	assert_true(pfn_valid(PHYS_PFN(kept->first.v)));
	assert_true(page_to_phys(pfn_to_page(PHYS_PFN(kept->first.v))) == kept->first.v);
	assert_false(virt_addr_valid((char *)machine()->direct_base + kept->first.v));
}

static void test_MEM_09_memory_kept_back_is_nobodys_to_map(void **state)
{
	const struct dmk_memory *kept = memory_of(DMK_MEMORY_RESERVED);
	dma_addr_t dma = dma_map_page(dev, pfn_to_page(PHYS_PFN(kept->first.v)), 0, 64,
				      DMA_TO_DEVICE);

	assert_true(dma_mapping_error(dev, dma));
	expect_finding("STR-11", 1);
}

static void test_MEM_09_ordinary_memory_is_no_resource_and_has_one_view(void **state)
{
	void *memory = must_kmalloc(PAGE_SIZE);
	u64 phys = virt_to_phys(memory);

	assert_null(request_mem_region(phys, PAGE_SIZE, "mine"));
	assert_ptr_equal(memremap(phys, PAGE_SIZE, MEMREMAP_WB), memory);
	memunmap(memory);
	assert_null(memremap(phys, PAGE_SIZE, MEMREMAP_WC));
	assert_null(memremap(phys, 0, MEMREMAP_WB));
	assert_null(memremap(phys, PAGE_SIZE, 0));
	assert_null(memremap(~0ULL - 100, 200, MEMREMAP_WB));
	kfree(memory);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_MEM_01_memory_from_alloc_pages_can_be_mapped),
		CONTRACT_TEST(test_MEM_01_memory_from_get_free_pages_can_be_mapped),
		CONTRACT_TEST(test_MEM_01_memory_from_kmalloc_can_be_mapped_whatever_its_size),
		CONTRACT_TEST(test_MEM_01_memory_from_a_kmem_cache_can_be_mapped),
		CONTRACT_TEST(test_MEM_02_a_vmalloc_address_cannot_be_mapped),
		CONTRACT_TEST(test_MEM_02_the_pages_of_a_vmalloc_area_can_be_mapped),
		CONTRACT_TEST(test_MEM_03_a_stack_address_cannot_be_mapped),
		CONTRACT_TEST(test_MEM_03_a_data_address_cannot_be_mapped),
		CONTRACT_TEST(test_MEM_03_a_bss_address_cannot_be_mapped),
		CONTRACT_TEST(test_MEM_03_an_address_in_the_text_cannot_be_mapped),
		CONTRACT_TEST(test_MEM_05_freed_memory_cannot_be_mapped),
		CONTRACT_TEST(test_MEM_05_memory_cannot_be_freed_while_it_is_mapped),
		CONTRACT_TEST(test_MEM_05_pages_cannot_be_freed_while_they_are_mapped),
		CONTRACT_TEST(test_MEM_05_memory_may_be_freed_and_mapped_again_after_its_unmap),
		CONTRACT_TEST(test_MEM_06_gfp_dma_gives_memory_of_the_dma_zone_or_none),
		CONTRACT_TEST(test_MEM_06_gfp_dma32_gives_memory_below_4_gib),
		CONTRACT_TEST(test_MEM_07_kmalloc_of_several_pages_is_physically_contiguous),
		CONTRACT_TEST(test_MEM_07_alloc_pages_of_an_order_is_physically_contiguous),
		CONTRACT_TEST(test_MEM_04_a_kmap_address_cannot_be_mapped),
		CONTRACT_TEST(test_MEM_04_a_highmem_page_can_be_mapped),
		CONTRACT_TEST(test_MEM_05_memory_that_another_allocator_freed_can_be_mapped),
		CONTRACT_TEST(test_MEM_06_ordinary_requests_leave_some_of_the_dma_zone),
		CONTRACT_TEST(test_MEM_06_highmem_is_for_those_who_ask),
		CONTRACT_TEST(test_MEM_07_a_long_run_is_had_where_memory_is_set_aside_for_it),
		CONTRACT_TEST(test_MEM_07_a_long_run_that_is_not_there_is_NULL),
		CONTRACT_TEST(test_MEM_08_two_small_kmallocs_share_no_line),
		CONTRACT_TEST(test_MEM_08_two_objects_in_one_line_are_reported_and_lose_bytes),
		CONTRACT_TEST_WITH(test_MEM_09_memory_kept_back_is_not_given_out, "mem=48M"),
		CONTRACT_TEST_WITH(test_MEM_09_memory_kept_back_is_reached_by_memremap, "mem=48M"),
		CONTRACT_TEST_WITH(test_MEM_09_memory_kept_back_is_nobodys_to_map, "mem=48M"),
		CONTRACT_TEST(test_MEM_09_ordinary_memory_is_no_resource_and_has_one_view),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
