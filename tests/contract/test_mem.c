// SPDX-License-Identifier: MIT
/*
 * MEM: which memory can be mapped, and which can't.
 */
#include "harness.h"

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

	/* An empty zone gives nothing; a machine without one has all its memory there, or says so by giving nothing. */
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
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
