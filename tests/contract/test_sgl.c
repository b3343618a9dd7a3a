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

/*
 * Neighbours in memory too are segments of their own, where nothing joins scattered ones: a driver
 * has what it asked for.
 */
static void test_SGL_04_nothing_is_merged_that_is_mapped_piece_by_piece(void **state)
{
	enum { PIECES = 4, PIECE = 1024 };
	u8 *memory = must_kmalloc(PIECES * PIECE);
	struct scatterlist list[PIECES], *sg;
	u8 seen[PIECE];
	int i;

	if (dma_get_merge_boundary(dev)) {
		kfree(memory);
		skip();
	}
	sg_init_table(list, PIECES);
	for (i = 0; i < PIECES; i++) {
		sg_set_buf(&list[i], memory + i * PIECE, PIECE);
		fill_bytes(memory + i * PIECE, PIECE, i);
	}
	assert_int_equal(dma_map_sg(dev, list, PIECES, DMA_TO_DEVICE), PIECES);
	for_each_sg(list, sg, PIECES, i) {
		assert_int_equal(sg_dma_len(sg), PIECE);
		assert_int_equal(lab_read(lab, sg_dma_address(sg), seen, PIECE), 0);
		assert_true(bytes_are(seen, PIECE, i));
	}
	dma_unmap_sg(dev, list, PIECES, DMA_TO_DEVICE);
	kfree(memory);
}

/*
 * What an IOMMU joins: pages from anywhere are one segment, as long as the device takes it, and
 * begin another where it would be longer or cross a boundary. Each case is a list of @n whole
 * granules.
 */
static const struct merge_row {
	const char *sentence;
	unsigned int n, longest, boundary; /* granules; 0: as many as there are */
	unsigned int segments;
} merge_rows[] = {
	{"pages from anywhere are one segment", 8, 0, 0, 1},
	{"a segment is as long as the device takes", 8, 4, 0, 2},
	{"and no longer", 7, 3, 0, 3},
	{"a device that takes one at a time gets one at a time", 5, 1, 0, 5},
	{"a segment crosses no boundary", 8, 0, 4, 2},
	{"whichever limit comes first", 8, 3, 4, 4},
};

static void merge(const struct merge_row *row, struct page **pages, size_t granule)
{
	struct scatterlist list[8], *sg;
	unsigned int i, nents = 0;
	int mapped;
	u8 seen[16];

	dma_set_max_seg_size(dev, row->longest ? row->longest * granule : UINT_MAX);
	dma_set_seg_boundary(dev, row->boundary ? row->boundary * granule - 1 : DMA_BIT_MASK(32));
	sg_init_table(list, row->n);
	/* From the last to the first, so that no two are neighbours in memory. */
	for (i = 0; i < row->n; i++)
		sg_set_page(&list[i], pages[row->n - 1 - i], granule, 0);
	mapped = dma_map_sg(dev, list, row->n, DMA_TO_DEVICE);
	assert_int_equal(mapped, row->segments);
	for_each_sg(list, sg, mapped, i) {
		assert_true(sg_dma_len(sg) <= dma_get_max_seg_size(dev));
		assert_false((sg_dma_address(sg) ^ (sg_dma_address(sg) + sg_dma_len(sg) - 1)) &
			     ~(u64)dma_get_seg_boundary(dev));
		for (size_t at = 0; at < sg_dma_len(sg); at += granule, nents++) {
			assert_int_equal(lab_read(lab, sg_dma_address(sg) + at, seen, 16), 0);
			assert_memory_equal(seen, page_address(pages[row->n - 1 - nents]), 16);
		}
	}
	assert_int_equal(nents, row->n);
	dma_unmap_sg(dev, list, row->n, DMA_TO_DEVICE);
}

static void test_SGL_04_MSK_08_scattered_pages_are_joined_up_to_the_devices_limits(void **state)
{
	const size_t granule = machine_granule();
	struct page *pages[8];

	if (!granule)
		skip();
	for (int i = 0; i < 8; i++) {
		pages[i] = alloc_pages(GFP_KERNEL, get_order(granule));
		assert_non_null(pages[i]);
		fill_bytes(page_address(pages[i]), 16, i);
	}
	for (size_t i = 0; i < ARRAY_SIZE(merge_rows); i++) {
		print_message("%s\n", merge_rows[i].sentence);
		merge(&merge_rows[i], pages, granule);
	}
	for (int i = 0; i < 8; i++)
		__free_pages(pages[i], get_order(granule));
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

/*
 * The last entry is more than any bounce buffer takes, or than there are addresses; the ones before
 * it were mapped already.
 */
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
	scarce_addresses(2 * ENTRIES);
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

/* Whichever entry can't be mapped: nothing stays, and the list can be mapped when it is mended. */
static void test_SGL_07_each_entry_may_fail(void **state)
{
	struct dmk_bounce_stats before, after;

	for (int bad = 0; bad < ENTRIES; bad++) {
		struct sg_table table = {.nents = ENTRIES, .orig_nents = ENTRIES};
		struct list list;

		make_list(&list);
		table.sgl = list.sg;
		list.sg[bad].length = 0;
		dmk_bounce_statistics(&dev->dmk, &before);
		assert_int_equal(dma_map_sgtable(dev, &table, DMA_FROM_DEVICE, 0), -EINVAL);
		dmk_bounce_statistics(&dev->dmk, &after);
		assert_int_equal(after.used, before.used);
		assert_int_equal(table.nents, ENTRIES);
		for (int i = 0; i < ENTRIES; i++)
			assert_true(bytes_are(list.part[i], SIZE, i));
		list.sg[bad].length = SIZE;
		assert_int_equal(dma_map_sgtable(dev, &table, DMA_TO_DEVICE, 0), 0);
		device_gathers(&list, table.nents);
		dma_unmap_sgtable(dev, &table, DMA_TO_DEVICE, 0);
		free_list(&list);
	}
	expect_finding("STR-11", ENTRIES);
}

/*
 * More entries than there is room to bounce, or addresses: room, when it is there again, is enough.
 */
static void test_SGL_03_a_list_that_finds_no_room_says_so(void **state)
{
	enum { MANY = 400, LARGE = 64 << 10 };
	struct sg_table table[40], small;
	struct page *page = alloc_pages(GFP_KERNEL, 4);
	struct scatterlist *sg;
	unsigned int i;
	int mapped = 0, err = 0;

	if (!page) {
		assert_true(machine_is("tiny"));
		skip();
	}
	dma_set_max_seg_size(dev, LARGE);
	scarce_addresses(MANY);
	while (!err && mapped < 40) {
		assert_int_equal(sg_alloc_table(&table[mapped], MANY, GFP_KERNEL), 0);
		for_each_sgtable_sg(&table[mapped], sg, i)
			sg_set_page(sg, page, LARGE, 0);
		err = dma_map_sgtable(dev, &table[mapped], DMA_TO_DEVICE, 0);
		mapped += !err;
	}
	assert_int_equal(err, -ENOMEM);
	sg_free_table(&table[mapped]);
	while (mapped-- > 0) {
		dma_unmap_sgtable(dev, &table[mapped], DMA_TO_DEVICE, 0);
		sg_free_table(&table[mapped]);
	}
	assert_int_equal(sg_alloc_table_from_pages(&small, &page, 1, 0, 1000, GFP_KERNEL), 0);
	assert_int_equal(dma_map_sgtable(dev, &small, DMA_TO_DEVICE, 0), 0);
	dma_unmap_sgtable(dev, &small, DMA_TO_DEVICE, 0);
	sg_free_table(&small);
	__free_pages(page, 4);
}

static void test_SGL_02_a_list_with_memory_of_its_own(void **state)
{
	static const struct {
		unsigned long long length;
		unsigned int order, nents;
	} rows[] = {{1, 0, 1},     {4096, 0, 1},  {4097, 0, 2},
		    {20000, 0, 5}, {20000, 1, 3}, {16384, 2, 1}};
	struct scatterlist *sgl, more[2];
	unsigned int nents;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		sgl = sgl_alloc_order(rows[i].length, rows[i].order, false, GFP_KERNEL, &nents);
		assert_non_null(sgl);
		assert_int_equal(nents, rows[i].nents);
		assert_int_equal(sg_nents(sgl), nents);
		assert_int_equal(sg_nents_for_len(sgl, rows[i].length), nents);
		assert_int_equal(sg_nents_for_len(sgl, rows[i].length + 1), -EINVAL);
		assert_int_equal(sg_zero_buffer(sgl, nents, rows[i].length, 0), rows[i].length);
		sgl_free_order(sgl, rows[i].order);
	}
	assert_non_null(sgl = sgl_alloc(10000, GFP_KERNEL, NULL));
	sgl_free(sgl);

	/* With a place for a link at its end. */
	sgl = sgl_alloc_order(10000, 0, true, GFP_KERNEL, &nents);
	assert_non_null(sgl);
	assert_int_equal(nents, 3);
	sg_init_table(more, 2);
	sg_chain(sgl, nents + 1, more);
	assert_int_equal(sg_nents(sgl), nents + 2);
	sgl_free_n_order(sgl, nents, 0);

	assert_null(sgl_alloc(0, GFP_KERNEL, NULL));
	assert_null(sgl_alloc(~0ull, GFP_KERNEL, NULL));
	assert_null(sgl_alloc_order(4096, 63, false, GFP_KERNEL, NULL));
	assert_null(sgl_alloc(1ull << 32, GFP_KERNEL, NULL)); /* more memory than there is */
}

static void test_SGL_02_a_split_that_can_not_be_leaves_nothing(void **state)
{
	static const size_t good[2] = {700, 1000}, empty[2] = {0, 10}, large[2] = {~0ul - 5, 10};
	struct scatterlist *out[2] = {NULL, NULL};
	struct list list;

	make_list(&list);
	assert_int_equal(sg_split(list.sg, 0, 0, 2, empty, out, NULL, GFP_KERNEL), -EINVAL);
	assert_int_equal(sg_split(list.sg, 0, 0, 2, large, out, NULL, GFP_KERNEL), -EINVAL);
	assert_int_equal(sg_split(list.sg, 0, 0, 0, good, out, NULL, GFP_KERNEL), -EINVAL);
	assert_int_equal(sg_split(list.sg, 0, -1, 2, good, out, NULL, GFP_KERNEL), -EINVAL);
	assert_int_equal(sg_split(list.sg, 0, ENTRIES * SIZE - 1699, 2, good, out, NULL,
				  GFP_KERNEL),
			 -EINVAL);
	assert_true(!out[0] && !out[1]);
	assert_int_equal(
		sg_split(list.sg, 0, ENTRIES * SIZE - 1700, 2, good, out, NULL, GFP_KERNEL), 0);
	assert_int_equal(sg_nents(out[1]), 2);
	kfree(out[0]);
	kfree(out[1]);
	free_list(&list);
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
		CONTRACT_TEST(test_SGL_02_a_list_with_memory_of_its_own),
		CONTRACT_TEST(test_SGL_02_a_split_that_can_not_be_leaves_nothing),
		CONTRACT_TEST_WITH(test_SGL_03_a_list_that_finds_no_room_says_so, "swiotlb=force"),
		CONTRACT_TEST(test_SGL_07_each_entry_may_fail),
		CONTRACT_TEST_WITH(test_SGL_07_each_entry_may_fail, "swiotlb=force"),
		CONTRACT_TEST(test_SGL_04_nothing_is_merged_that_is_mapped_piece_by_piece),
		CONTRACT_TEST(
			test_SGL_04_MSK_08_scattered_pages_are_joined_up_to_the_devices_limits),
		CONTRACT_TEST(test_SGL_05_an_unmap_with_another_count_is_reported),
		CONTRACT_TEST(test_SGL_05_a_sync_with_another_count_is_reported),
		CONTRACT_TEST(test_SGL_06_mapping_a_list_that_is_mapped_is_reported),
		CONTRACT_TEST(test_SGL_06_mapping_a_list_again_after_its_unmap_is_fine),
		CONTRACT_TEST_WITH(test_SGL_07_a_failure_part_way_leaves_nothing_mapped,
				   "swiotlb=force"),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
