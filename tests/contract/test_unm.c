// SPDX-License-Identifier: MIT
/*
 * UNM: what a driver must keep for unmap, and no more.
 */
#include "harness.h"

struct slot {
	int before;
	DEFINE_DMA_UNMAP_ADDR(dma);
	DEFINE_DMA_UNMAP_LEN(length);
};

static void test_UNM_01_the_unmap_state_holds_address_and_length(void **state)
{
	struct slot slot;

	dma_unmap_addr_set(&slot, dma, 0x123456789abull);
	dma_unmap_len_set(&slot, length, 4711);
#ifdef CONFIG_NEED_DMA_MAP_STATE
	assert_true(dma_unmap_addr(&slot, dma) == 0x123456789abull);
	assert_int_equal(dma_unmap_len(&slot, length), 4711);
#else
	assert_int_equal(sizeof(slot), sizeof(int));
#endif
}

static void test_UNM_01_a_buffer_is_unmapped_with_what_the_state_says(void **state)
{
	void *memory = must_kmalloc(300);
	struct slot slot;

	dma_unmap_addr_set(&slot, dma, must_map(dev, memory, 300, DMA_TO_DEVICE));
	dma_unmap_len_set(&slot, length, 300);
	dma_unmap_single(dev, dma_unmap_addr(&slot, dma), dma_unmap_len(&slot, length),
			 DMA_TO_DEVICE);
	kfree(memory);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_UNM_01_the_unmap_state_holds_address_and_length),
		CONTRACT_TEST(test_UNM_01_a_buffer_is_unmapped_with_what_the_state_says),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
