// SPDX-License-Identifier: MIT
/*
 * SGL: lists of memory pieces.
 */
#include "harness.h"

enum { ENTRIES = 4, SIZE = 700 };

struct list {
	struct scatterlist sg[ENTRIES];
	u8 *part[ENTRIES];
};

static void make_list(struct list *list)
{
	sg_init_table(list->sg, ENTRIES);
	for (int i = 0; i < ENTRIES; i++) {
		list->part[i] = must_kmalloc(SIZE);
		fill_bytes(list->part[i], SIZE, i);
		sg_set_buf(&list->sg[i], list->part[i], SIZE);
	}
}

static void free_list(struct list *list)
{
	for (int i = 0; i < ENTRIES; i++)
		kfree(list->part[i]);
}

static void test_SGL_01_an_entry_has_linuxs_fields(void **state)
{
	struct scatterlist sg;
	struct page *page = alloc_page(GFP_KERNEL);

	sg_init_table(&sg, 1);
	sg_set_page(&sg, page, 300, 100);
	assert_int_equal(sg.offset, 100);
	assert_int_equal(sg.length, 300);
	assert_true((sg.page_link & ~3ul) == (unsigned long)page);
	sg_dma_address(&sg) = 0x123456789ull;
	assert_true(sg.dma_address == 0x123456789ull);
	sg_dma_len(&sg) = 17;
	assert_int_equal(sg.dma_length, 17);
	assert_int_equal(sg.length, 300);
	__free_page(page);
}

/* The device gathers the segments, as many as were returned, and gets the list's bytes in order. */
static void device_gathers(struct list *list, int mapped)
{
	u8 seen[ENTRIES * SIZE];
	struct scatterlist *s;
	size_t total = 0;
	int i;

	for_each_sg(list->sg, s, mapped, i) {
		assert_true(total + sg_dma_len(s) <= sizeof(seen));
		assert_int_equal(lab_read(lab, sg_dma_address(s), seen + total, sg_dma_len(s)), 0);
		total += sg_dma_len(s);
	}
	assert_int_equal(total, sizeof(seen));
	for (i = 0; i < ENTRIES; i++)
		assert_true(bytes_are(seen + i * SIZE, SIZE, i));
}

static void test_SGL_03_map_sg_returns_the_number_of_segments_and_they_hold_all_bytes(void **state)
{
	struct list list;
	int mapped;

	make_list(&list);
	mapped = dma_map_sg(dev, list.sg, ENTRIES, DMA_TO_DEVICE);
	assert_true(mapped >= 1 && mapped <= ENTRIES);
	device_gathers(&list, mapped);
	dma_unmap_sg(dev, list.sg, ENTRIES, DMA_TO_DEVICE);
	free_list(&list);
}

static void test_SGL_03_map_sgtable_returns_0_and_sets_the_number_of_segments(void **state)
{
	struct sg_table table;
	struct list list;

	make_list(&list);
	memset(&table, 0, sizeof(table));
	table.sgl = list.sg;
	table.nents = table.orig_nents = ENTRIES;
	assert_int_equal(dma_map_sgtable(dev, &table, DMA_TO_DEVICE, 0), 0);
	assert_true(table.nents >= 1 && table.nents <= ENTRIES);
	device_gathers(&list, table.nents);
	dma_unmap_sgtable(dev, &table, DMA_TO_DEVICE, 0);
	free_list(&list);
}

static void test_SGL_03_received_bytes_are_in_the_lists_memory_after_unmap(void **state)
{
	struct list list;
	struct scatterlist *s;
	u8 bytes[ENTRIES * SIZE];
	size_t total = 0;
	int i, mapped;

	make_list(&list);
	for (i = 0; i < ENTRIES; i++)
		fill_bytes(bytes + i * SIZE, SIZE, 50 + i);
	mapped = dma_map_sg(dev, list.sg, ENTRIES, DMA_FROM_DEVICE);
	assert_true(mapped > 0);
	for_each_sg(list.sg, s, mapped, i) {
		assert_int_equal(lab_write(lab, sg_dma_address(s), bytes + total, sg_dma_len(s)),
				 0);
		total += sg_dma_len(s);
	}
	dma_unmap_sg(dev, list.sg, ENTRIES, DMA_FROM_DEVICE);
	for (i = 0; i < ENTRIES; i++)
		assert_true(bytes_are(list.part[i], SIZE, 50 + i));
	free_list(&list);
}

static void test_SGL_05_an_unmap_with_another_count_is_reported(void **state)
{
	struct list list;

	make_list(&list);
	assert_true(dma_map_sg(dev, list.sg, ENTRIES, DMA_TO_DEVICE) > 0);
	dma_unmap_sg(dev, list.sg, ENTRIES - 1, DMA_TO_DEVICE);
	expect_finding("SGL-05", 1);
	free_list(&list);
}

static void test_SGL_05_a_sync_with_another_count_is_reported(void **state)
{
	struct list list;

	make_list(&list);
	assert_true(dma_map_sg(dev, list.sg, ENTRIES, DMA_FROM_DEVICE) > 0);
	dma_sync_sg_for_cpu(dev, list.sg, ENTRIES - 1, DMA_FROM_DEVICE);
	expect_finding("SGL-05", 1);
	dma_unmap_sg(dev, list.sg, ENTRIES, DMA_FROM_DEVICE);
	free_list(&list);
}

static void test_SGL_06_mapping_a_list_that_is_mapped_is_reported(void **state)
{
	struct list list;

	make_list(&list);
	assert_true(dma_map_sg(dev, list.sg, ENTRIES, DMA_TO_DEVICE) > 0);
	assert_true(dma_map_sg(dev, list.sg, ENTRIES, DMA_TO_DEVICE) > 0);
	expect_finding("SGL-06", 1);
	dma_unmap_sg(dev, list.sg, ENTRIES, DMA_TO_DEVICE);
	free_list(&list);
}

static void test_SGL_06_mapping_a_list_again_after_its_unmap_is_fine(void **state)
{
	struct list list;

	make_list(&list);
	for (int i = 0; i < 3; i++) {
		assert_true(dma_map_sg(dev, list.sg, ENTRIES, DMA_TO_DEVICE) > 0);
		dma_unmap_sg(dev, list.sg, ENTRIES, DMA_TO_DEVICE);
	}
	free_list(&list);
}

/* The last entry is more than any bounce buffer takes; the ones before it were mapped already. */
static void test_SGL_07_a_failure_part_way_leaves_nothing_mapped(void **state)
{
	struct dmk_bounce_stats before, after;
	struct list list;
	void *large = (void *)__get_free_pages(GFP_KERNEL, 7);

	if (!large) {
		assert_true(machine_is("tiny"));
		skip();
	}
	make_list(&list);
	sg_set_buf(&list.sg[ENTRIES - 1], large, PAGE_SIZE << 7);
	dmk_bounce_statistics(&dev->dmk, &before);
	assert_int_equal(dma_map_sg(dev, list.sg, ENTRIES, DMA_TO_DEVICE), 0);
	dmk_bounce_statistics(&dev->dmk, &after);
	assert_int_equal(after.used, before.used);

	/* The same list, without the entry that can't be mapped. */
	sg_set_buf(&list.sg[ENTRIES - 1], list.part[ENTRIES - 1], SIZE);
	assert_true(dma_map_sg(dev, list.sg, ENTRIES, DMA_TO_DEVICE) > 0);
	dma_unmap_sg(dev, list.sg, ENTRIES, DMA_TO_DEVICE);
	free_list(&list);
	free_pages((unsigned long)large, 7);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_SGL_01_an_entry_has_linuxs_fields),
		CONTRACT_TEST(
			test_SGL_03_map_sg_returns_the_number_of_segments_and_they_hold_all_bytes),
		CONTRACT_TEST_WITH(
			test_SGL_03_map_sg_returns_the_number_of_segments_and_they_hold_all_bytes,
			"swiotlb=force"),
		CONTRACT_TEST(test_SGL_03_map_sgtable_returns_0_and_sets_the_number_of_segments),
		CONTRACT_TEST(test_SGL_03_received_bytes_are_in_the_lists_memory_after_unmap),
		CONTRACT_TEST_WITH(test_SGL_03_received_bytes_are_in_the_lists_memory_after_unmap,
				   "swiotlb=force"),
		CONTRACT_TEST(test_SGL_05_an_unmap_with_another_count_is_reported),
		CONTRACT_TEST(test_SGL_05_a_sync_with_another_count_is_reported),
		CONTRACT_TEST(test_SGL_06_mapping_a_list_that_is_mapped_is_reported),
		CONTRACT_TEST(test_SGL_06_mapping_a_list_again_after_its_unmap_is_fine),
		CONTRACT_TEST_WITH(test_SGL_07_a_failure_part_way_leaves_nothing_mapped,
				   "swiotlb=force"),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
