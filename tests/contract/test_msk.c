// SPDX-License-Identifier: MIT
/*
 * MSK: what a device can address, as its driver says it, and that no address beyond is ever handed out.
 */
#include "harness.h"

static const unsigned int widths[] = {16, 24, 28, 30, 32, 36, 40, 48, 64};

static void test_MSK_01_a_new_devices_masks_are_32_bits(void **state)
{
	assert_non_null(dev->dma_mask);
	assert_true(*dev->dma_mask == DMA_BIT_MASK(32));
	assert_true(dev->coherent_dma_mask == DMA_BIT_MASK(32));
}

static void test_MSK_01_the_next_driver_finds_new_masks(void **state)
{
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	lab_unbind();
	lab_bind();
	assert_true(*dev->dma_mask == DMA_BIT_MASK(32));
	assert_true(dev->coherent_dma_mask == DMA_BIT_MASK(32));
}

static void test_MSK_02_a_mask_that_is_served_is_set(void **state)
{
	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(48)), 0);
	assert_true(*dev->dma_mask == DMA_BIT_MASK(48));
	assert_true(dev->coherent_dma_mask == DMA_BIT_MASK(32));
	assert_int_equal(dma_set_coherent_mask(dev, DMA_BIT_MASK(40)), 0);
	assert_true(dev->coherent_dma_mask == DMA_BIT_MASK(40));
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	assert_true(*dev->dma_mask == DMA_BIT_MASK(64));
	assert_true(dev->coherent_dma_mask == DMA_BIT_MASK(64));
}

static void test_MSK_02_a_refused_call_changes_nothing(void **state)
{
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(40)), 0);
	assert_true(dma_set_mask(dev, DMA_BIT_MASK(8)) < 0);
	assert_true(dma_set_coherent_mask(dev, DMA_BIT_MASK(8)) < 0);
	assert_true(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(8)) < 0);
	assert_true(*dev->dma_mask == DMA_BIT_MASK(40));
	assert_true(dev->coherent_dma_mask == DMA_BIT_MASK(40));
}

static void test_MSK_03_dma_after_a_refused_mask_is_reported(void **state)
{
	void *memory = must_kmalloc(64);
	dma_addr_t dma;

	assert_true(dma_set_mask(dev, DMA_BIT_MASK(8)) < 0);
	dma = dma_map_single(dev, memory, 64, DMA_TO_DEVICE);
	if (!dma_mapping_error(dev, dma))
		dma_unmap_single(dev, dma, 64, DMA_TO_DEVICE);
	kfree(memory);
	expect_finding("MSK-03", 1);
}

static void test_MSK_03_dma_after_a_second_attempt_that_succeeded_is_fine(void **state)
{
	void *memory = must_kmalloc(64);
	dma_addr_t dma;

	assert_true(dma_set_mask(dev, DMA_BIT_MASK(8)) < 0);
	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(32)), 0);
	dma = must_map(dev, memory, 64, DMA_TO_DEVICE);
	dma_unmap_single(dev, dma, 64, DMA_TO_DEVICE);
	kfree(memory);
}

static void
test_MSK_04_the_coherent_mask_may_be_smaller_than_an_accepted_streaming_mask(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		if (dma_set_mask(dev, DMA_BIT_MASK(widths[i])))
			continue;
		assert_int_equal(dma_set_coherent_mask(dev, DMA_BIT_MASK(widths[i])), 0);
		if (widths[i] > 32)
			assert_int_equal(dma_set_coherent_mask(dev, DMA_BIT_MASK(32)), 0);
	}
}

/* Every byte of [dma, dma + size) is inside the mask, and inside one of the windows of the device's bus. */
static void assert_reachable(dma_addr_t dma, size_t size, u64 mask)
{
	const struct dmk_bus *bus = machine_bus();
	u64 last = dma + size - 1;
	bool in_window = false;

	assert_true(last >= dma);
	assert_true(last <= mask);
	for (unsigned int i = 0; i < bus->nr_windows; i++)
		in_window |= dma >= bus->windows[i].bus &&
			     last - bus->windows[i].bus <= bus->windows[i].size - 1;
	assert_true(in_window);
}

/* @page is mapped and its bytes arrive at the device, or mapping fails: nothing else. */
static void try_page(struct page *page, u64 mask)
{
	dma_addr_t dma = dma_map_page(dev, page, 100, 3000, DMA_TO_DEVICE);
	u8 seen[3000];

	if (dma_mapping_error(dev, dma))
		return;
	assert_reachable(dma, 3000, mask);
	assert_int_equal(lab_read(lab, dma, seen, sizeof(seen)), 0);
	assert_memory_equal(seen, page_address(page) + 100, sizeof(seen));
	dma_unmap_page(dev, dma, 3000, DMA_TO_DEVICE);
}

/* Consistent memory obeys its mask likewise. */
static void try_coherent(u64 mask)
{
	dma_addr_t dma;
	void *memory = dma_alloc_coherent(dev, 3000, &dma, GFP_KERNEL);

	if (!memory)
		return;
	assert_reachable(dma, 3000, mask);
	dma_free_coherent(dev, 3000, memory, dma);
}

static void test_MSK_05_masks_of_the_usual_widths_can_be_probed_one_after_the_other(void **state)
{
	void *memory = must_kmalloc(64);

	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		int err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(widths[i]));

		/* 32 bits and more reach some memory of every machine; what a narrower one reaches is the machine's matter. */
		if (widths[i] >= 32)
			assert_int_equal(err, 0);
		if (!err)
			assert_true(*dev->dma_mask == DMA_BIT_MASK(widths[i]));
	}
	kfree(memory);
}

static void test_MSK_05_a_sound_card_may_play_with_32_bits_and_record_with_24(void **state)
{
	int err;

	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(32)), 0);
	err = dma_set_mask(dev, DMA_BIT_MASK(24));
	if (!err)
		assert_true(*dev->dma_mask == DMA_BIT_MASK(24));
	else
		assert_true(*dev->dma_mask == DMA_BIT_MASK(32));
}

/* Pages from wherever the allocator has some, so that high memory is among them where the machine has it. */
static void test_MSK_06_no_address_is_handed_out_beyond_mask_or_window(void **state)
{
	enum { PAGES = 8 };
	struct page *pages[PAGES];

	for (int i = 0; i < PAGES; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		assert_non_null(pages[i]);
		fill_bytes(page_address(pages[i]), PAGE_SIZE, i);
	}
	for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
		u64 mask = DMA_BIT_MASK(widths[w]);

		if (dma_set_mask_and_coherent(dev, mask))
			continue;
		for (int i = 0; i < PAGES; i++)
			try_page(pages[i], mask);
		try_coherent(mask);
	}
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	for (int i = 0; i < PAGES; i++)
		__free_page(pages[i]);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_MSK_01_a_new_devices_masks_are_32_bits),
		CONTRACT_TEST(test_MSK_01_the_next_driver_finds_new_masks),
		CONTRACT_TEST(test_MSK_02_a_mask_that_is_served_is_set),
		CONTRACT_TEST(test_MSK_02_a_refused_call_changes_nothing),
		CONTRACT_TEST(test_MSK_03_dma_after_a_refused_mask_is_reported),
		CONTRACT_TEST(test_MSK_03_dma_after_a_second_attempt_that_succeeded_is_fine),
		CONTRACT_TEST(
			test_MSK_04_the_coherent_mask_may_be_smaller_than_an_accepted_streaming_mask),
		CONTRACT_TEST(
			test_MSK_05_masks_of_the_usual_widths_can_be_probed_one_after_the_other),
		CONTRACT_TEST(test_MSK_05_a_sound_card_may_play_with_32_bits_and_record_with_24),
		CONTRACT_TEST(test_MSK_06_no_address_is_handed_out_beyond_mask_or_window),
		CONTRACT_TEST_WITH(test_MSK_06_no_address_is_handed_out_beyond_mask_or_window,
				   "swiotlb=force"),
		CONTRACT_TEST_WITH(test_MSK_06_no_address_is_handed_out_beyond_mask_or_window,
				   "swiotlb=noforce"),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
