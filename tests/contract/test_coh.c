// SPDX-License-Identifier: MIT
/*
 * COH: consistent memory, which both sides may use at any time.
 */
#include "harness.h"

static void test_COH_01_an_allocation_has_two_addresses_and_is_zeroed(void **state)
{
	static const size_t sizes[] = {1, 16, 4096, 4097, 8192};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		dma_addr_t dma = DMA_MAPPING_ERROR;
		u8 *memory = dma_alloc_coherent(dev, sizes[i], &dma, GFP_KERNEL);

		assert_non_null(memory);
		assert_true(dma != DMA_MAPPING_ERROR);
		for (size_t byte = 0; byte < sizes[i]; byte++)
			assert_int_equal(memory[byte], 0);
		/* So that the next one has something to be zeroed. */
		memset(memory, 0xff, sizes[i]);
		dma_free_coherent(dev, sizes[i], memory, dma);
	}
}

static void test_COH_01_more_than_the_machine_has_gives_null(void **state)
{
	dma_addr_t dma = 0;

	assert_null(dma_alloc_coherent(dev, 1ul << 40, &dma, GFP_KERNEL | __GFP_NOWARN));
}

static void test_COH_02_both_addresses_are_aligned_to_the_order_that_holds_the_size(void **state)
{
	static const struct {
		size_t size, align;
	} table[] = {
		{1, 4096}, {4096, 4096}, {4097, 8192}, {9000, 16384}, {16385, 32768},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		dma_addr_t dma = 0;
		void *memory = dma_alloc_coherent(dev, table[i].size, &dma, GFP_KERNEL);

		/* Where memory is that short, that is an answer too. */
		if (!memory) {
			assert_true(machine_is("tiny") && table[i].size > 4096);
			continue;
		}
		assert_int_equal(dma & (table[i].align - 1), 0);
		assert_int_equal((uintptr_t)memory & (4096 - 1), 0);
		dma_free_coherent(dev, table[i].size, memory, dma);
	}
}

static void test_COH_02_no_region_of_64_kib_or_less_crosses_a_64_kib_boundary(void **state)
{
	void *memory[6];
	dma_addr_t dma[6];
	size_t n;

	for (n = 0; n < ARRAY_SIZE(memory); n++) {
		memory[n] = dma_alloc_coherent(dev, 12 << 10, &dma[n], GFP_KERNEL);
		if (!memory[n])
			break;
		assert_true(dma[n] >> 16 == (dma[n] + (12 << 10) - 1) >> 16);
	}
	assert_true(n > 0);
	while (n--)
		dma_free_coherent(dev, 12 << 10, memory[n], dma[n]);
}

static void test_COH_03_without_a_wider_coherent_mask_the_handle_is_below_4_gib(void **state)
{
	dma_addr_t dma = 0;
	void *memory;

	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	memory = dma_alloc_coherent(dev, 4096, &dma, GFP_KERNEL);
	assert_non_null(memory);
	assert_true(dma + 4095 <= DMA_BIT_MASK(32));
	dma_free_coherent(dev, 4096, memory, dma);
}

static void test_COH_04_each_side_sees_the_others_stores_without_a_sync(void **state)
{
	dma_addr_t dma = 0;
	u8 *memory = dma_alloc_coherent(dev, 4096, &dma, GFP_KERNEL);
	u8 bytes[4096];

	assert_non_null(memory);
	for (unsigned int round = 0; round < 8; round++) {
		fill_bytes(memory, 4096, round);
		assert_int_equal(lab_read(lab, dma, bytes, 4096), 0);
		assert_true(bytes_are(bytes, 4096, round));

		fill_bytes(bytes, 4096, round + 100);
		assert_int_equal(lab_write(lab, dma, bytes, 4096), 0);
		assert_true(bytes_are(memory, 4096, round + 100));
	}
	dma_free_coherent(dev, 4096, memory, dma);
}

struct atomic_allocation {
	void *memory;
	dma_addr_t dma;
};

static void allocate_atomic(void *argument)
{
	struct atomic_allocation *allocation = argument;

	allocation->memory = dma_alloc_coherent(dev, 256, &allocation->dma, GFP_ATOMIC);
}

static void test_COH_06_gfp_atomic_is_served_in_an_interrupt(void **state)
{
	struct atomic_allocation allocation = {};
	u8 bytes[256];

	in_interrupt_call(allocate_atomic, &allocation);
	assert_non_null(allocation.memory);
	fill_bytes(allocation.memory, 256, 9);
	assert_int_equal(lab_read(lab, allocation.dma, bytes, 256), 0);
	assert_true(bytes_are(bytes, 256, 9));
	dma_free_coherent(dev, 256, allocation.memory, allocation.dma);
}

static void allocate_sleeping(void *argument)
{
	struct atomic_allocation *allocation = argument;

	allocation->memory = dma_alloc_coherent(dev, 256, &allocation->dma, GFP_KERNEL);
}

static void test_COH_06_an_allocation_that_may_sleep_is_reported_in_an_interrupt(void **state)
{
	struct atomic_allocation allocation = {};

	in_interrupt_call(allocate_sleeping, &allocation);
	expect_finding("COH-06", 1);
	if (allocation.memory)
		dma_free_coherent(dev, 256, allocation.memory, allocation.dma);
}

static void test_COH_06_an_allocation_that_may_sleep_is_reported_under_a_spinlock(void **state)
{
	struct atomic_allocation allocation = {};
	DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	allocate_sleeping(&allocation);
	spin_unlock(&lock);
	expect_finding("COH-06", 1);
	if (allocation.memory)
		dma_free_coherent(dev, 256, allocation.memory, allocation.dma);
}

/* Each mistake is reported, and the right free afterwards still works. */
static void free_wrongly(size_t size, ptrdiff_t cpu_off, ptrdiff_t dma_off, struct device **owner)
{
	dma_addr_t dma = 0;
	u8 *memory = dma_alloc_coherent(dev, 4096, &dma, GFP_KERNEL);

	assert_non_null(memory);
	dma_free_coherent(*owner, size, memory + cpu_off, dma + dma_off);
	expect_finding("COH-07", 1);
	fill_bytes(memory, 4096, 1);
	dma_free_coherent(dev, 4096, memory, dma);
}

static void test_COH_07_a_free_with_another_size_is_reported(void **state)
{
	free_wrongly(8192, 0, 0, &dev);
}

static void test_COH_07_a_free_with_another_cpu_address_is_reported(void **state)
{
	free_wrongly(4096, 64, 0, &dev);
}

static void test_COH_07_a_free_with_another_handle_is_reported(void **state)
{
	free_wrongly(4096, 0, 64, &dev);
}

static void test_COH_07_a_free_by_another_device_is_reported(void **state)
{
	free_wrongly(4096, 0, 0, &dev2);
}

static void test_COH_07_a_double_free_is_reported(void **state)
{
	dma_addr_t dma = 0;
	void *memory = dma_alloc_coherent(dev, 4096, &dma, GFP_KERNEL);

	assert_non_null(memory);
	dma_free_coherent(dev, 4096, memory, dma);
	dma_free_coherent(dev, 4096, memory, dma);
	expect_finding("COH-07", 1);
}

static void free_it(void *argument)
{
	struct atomic_allocation *allocation = argument;

	dma_free_coherent(dev, 256, allocation->memory, allocation->dma);
}

static void test_COH_07_a_free_in_an_interrupt_is_reported(void **state)
{
	struct atomic_allocation allocation;

	allocation.memory = dma_alloc_coherent(dev, 256, &allocation.dma, GFP_KERNEL);
	assert_non_null(allocation.memory);
	in_interrupt_call(free_it, &allocation);
	expect_finding("COH-07", 1);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_COH_01_an_allocation_has_two_addresses_and_is_zeroed),
		CONTRACT_TEST(test_COH_01_more_than_the_machine_has_gives_null),
		CONTRACT_TEST(
			test_COH_02_both_addresses_are_aligned_to_the_order_that_holds_the_size),
		CONTRACT_TEST(test_COH_02_no_region_of_64_kib_or_less_crosses_a_64_kib_boundary),
		CONTRACT_TEST(test_COH_03_without_a_wider_coherent_mask_the_handle_is_below_4_gib),
		CONTRACT_TEST(test_COH_04_each_side_sees_the_others_stores_without_a_sync),
		CONTRACT_TEST(test_COH_06_gfp_atomic_is_served_in_an_interrupt),
		CONTRACT_TEST(test_COH_06_an_allocation_that_may_sleep_is_reported_in_an_interrupt),
		CONTRACT_TEST(
			test_COH_06_an_allocation_that_may_sleep_is_reported_under_a_spinlock),
		CONTRACT_TEST(test_COH_07_a_free_with_another_size_is_reported),
		CONTRACT_TEST(test_COH_07_a_free_with_another_cpu_address_is_reported),
		CONTRACT_TEST(test_COH_07_a_free_with_another_handle_is_reported),
		CONTRACT_TEST(test_COH_07_a_free_by_another_device_is_reported),
		CONTRACT_TEST(test_COH_07_a_double_free_is_reported),
		CONTRACT_TEST(test_COH_07_a_free_in_an_interrupt_is_reported),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
