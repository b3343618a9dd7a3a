// SPDX-License-Identifier: MIT
/*
 * Mistakes that were found in drivers that people use, each as the smallest driver that makes it,
 * beside the one that does not. Others of the kind stand with their rules: an unmap right after the
 * start, no look for an error, no mask, a count taken for another, syncs one way only.
 */
#include "broken.h"

enum { SLOW_USEC = 30000, MOST = 128 };

static u8 bytes[SIZE];

/* --- a way out of write() that forgets -------------------------------------------------------- */

/* The card takes MOST bytes at once, which is found out a little late. */
static noinline long write_to_card(u8 *from, size_t size, bool unwinds)
{
	dma_addr_t dma = dma_map_single(dev, from, SIZE, DMA_TO_DEVICE);
	long result = size;

	if (dma_mapping_error(dev, dma))
		return -ENOMEM;
	if (size > MOST) {
		result = -EINVAL;
		if (unwinds)
			goto unmap;
		return result;
	}
	lab_read(lab, dma, bytes, size);
unmap:
	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	return result;
}

static void write_some(bool unwinds)
{
	u8 *memory = must_kmalloc(SIZE);

	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32)), 0);
	for (size_t size = 32; size <= SIZE; size *= 2)
		assert_int_equal(write_to_card(memory, size, unwinds),
				 size > MOST ? -EINVAL : (long)size);
	lab_unbind();
	if (!unwinds)
		expect_finding("STR-06", 1);
	kfree(memory);
}

BROKEN(STR_06, leaks_on_the_way_out_of_a_write)
{
	write_some(false);
}

NEAR_MISS(STR_06, unwinds_on_the_way_out_of_a_write)
{
	write_some(true);
}

/* --- a wait that ends early ------------------------------------------------------------------- */

/* A wait that a signal, or here the clock, ends, while the card still writes. */
static noinline int read_from_card(u8 *to, bool waits)
{
	dma_addr_t dma = must_map(dev, to, SIZE, DMA_FROM_DEVICE);
	DECLARE_COMPLETION_ONSTACK(done);
	long left;

	lab_begin(lab, dma, SIZE, SLOW_USEC);
	left = wait_for_completion_interruptible_timeout(&done, 1);
	if (left <= 0 && waits)
		lab_wait(lab);
	dma_unmap_single(dev, dma, SIZE, DMA_FROM_DEVICE);
	return left <= 0 ? -ERESTARTSYS : 0;
}

BROKEN(STR_07, returns_from_a_wait_that_was_cut_short)
{
	u8 *memory = must_kmalloc(SIZE);

	assert_int_equal(read_from_card(memory, false), -ERESTARTSYS);
	expect_finding("STR-07", 1);
	kfree(memory);
	lab_wait(lab);
}

NEAR_MISS(STR_07, lets_the_card_finish_when_a_wait_is_cut_short)
{
	u8 *memory = must_kmalloc(SIZE);

	assert_int_equal(read_from_card(memory, true), -ERESTARTSYS);
	kfree(memory);
}

/* --- consistent memory taken for memory of kmalloc()'s ---------------------------------------- */

BROKEN(MEM_02, maps_consistent_memory_by_its_pointer)
{
	dma_addr_t dma = 0, again;
	u8 *ring = dma_alloc_coherent(dev, PAGE_SIZE, &dma, GFP_KERNEL);

	assert_non_null(ring);
	again = dma_map_single(dev, ring + 64, 64, DMA_TO_DEVICE);
	if (!dma_mapping_error(dev, again))
		dma_unmap_single(dev, again, 64, DMA_TO_DEVICE);
	expect_finding("MEM-02", 1);
	dma_free_coherent(dev, PAGE_SIZE, ring, dma);
}

/* Where the address is no direct map's, the look-up itself is told, and there is no page. */
BROKEN(MEM_02, looks_up_the_page_of_consistent_memory)
{
	dma_addr_t dma = 0, again;
	u8 *ring = dma_alloc_coherent(dev, PAGE_SIZE, &dma, GFP_KERNEL);

	assert_non_null(ring);
	if (virt_addr_valid(ring)) {
		again = dma_map_page(dev, virt_to_page(ring), 0, 64, DMA_TO_DEVICE);
		assert_false(dma_mapping_error(dev, again));
		dma_unmap_page(dev, again, 64, DMA_TO_DEVICE);
		expect_finding("MEM-02", 1);
	} else {
		assert_ptr_not_equal(virt_to_page(ring), NULL);
		assert_non_null(strstr(kernel_log(), "is consistent memory"));
	}
	dma_free_coherent(dev, PAGE_SIZE, ring, dma);
}

/* What an exporter of buffers does. */
NEAR_MISS(MEM_02, lends_consistent_memory_to_another_card_as_a_list)
{
	struct sg_table table;
	dma_addr_t dma = 0;
	u8 *ring = dma_alloc_coherent(dev, PAGE_SIZE, &dma, GFP_KERNEL);

	assert_non_null(ring);
	/* A firewall's pool has no pages to give to others. */
	if (!dma_get_sgtable(dev, &table, ring, dma, PAGE_SIZE)) {
		if (!dma_map_sgtable(dev2, &table, DMA_BIDIRECTIONAL, 0))
			dma_unmap_sgtable(dev2, &table, DMA_BIDIRECTIONAL, 0);
		sg_free_table(&table);
	}
	dma_free_coherent(dev, PAGE_SIZE, ring, dma);
}

NEAR_MISS(MEM_02, maps_what_was_consistent_memory)
{
	dma_addr_t dma = 0;
	u8 *memory = dma_alloc_coherent(dev, PAGE_SIZE, &dma, GFP_KERNEL);

	assert_non_null(memory);
	dma_free_coherent(dev, PAGE_SIZE, memory, dma);
	for (unsigned int i = 0; i < 8; i++) {
		memory = must_kmalloc(PAGE_SIZE);
		dma = must_map(dev, memory, PAGE_SIZE, DMA_TO_DEVICE);
		dma_unmap_single(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
		kfree(memory);
	}
}

enum { PAGES = 16 };

/* Behind an IOMMU consistent memory may lie in pieces, with other memory in between. */
NEAR_MISS(MEM_02, maps_what_lies_between_pieces_of_consistent_memory)
{
	u8 *page[PAGES], *memory;
	dma_addr_t dma = 0, mapped;

	for (unsigned int i = 0; i < PAGES; i++)
		page[i] = must_kmalloc(PAGE_SIZE);
	for (unsigned int i = 0; i < PAGES; i += 2)
		kfree(page[i]);
	memory = dma_alloc_attrs(dev, PAGES / 2 * PAGE_SIZE, &dma, GFP_KERNEL,
				 DMA_ATTR_ALLOC_SINGLE_PAGES);
	assert_non_null(memory);
	for (unsigned int i = 1; i < PAGES; i += 2) {
		mapped = must_map(dev, page[i], PAGE_SIZE, DMA_TO_DEVICE);
		dma_unmap_single(dev, mapped, PAGE_SIZE, DMA_TO_DEVICE);
		kfree(page[i]);
	}
	dma_free_attrs(dev, PAGES / 2 * PAGE_SIZE, memory, dma, DMA_ATTR_ALLOC_SINGLE_PAGES);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_STR_06_bug_leaks_on_the_way_out_of_a_write),
		CONTRACT_TEST(test_STR_06_near_unwinds_on_the_way_out_of_a_write),
		CONTRACT_TEST(test_STR_07_bug_returns_from_a_wait_that_was_cut_short),
		CONTRACT_TEST(test_STR_07_near_lets_the_card_finish_when_a_wait_is_cut_short),
		CONTRACT_TEST(test_MEM_02_bug_maps_consistent_memory_by_its_pointer),
		CONTRACT_TEST(test_MEM_02_bug_looks_up_the_page_of_consistent_memory),
		CONTRACT_TEST(test_MEM_02_near_lends_consistent_memory_to_another_card_as_a_list),
		CONTRACT_TEST(test_MEM_02_near_maps_what_was_consistent_memory),
		CONTRACT_TEST(test_MEM_02_near_maps_what_lies_between_pieces_of_consistent_memory),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
