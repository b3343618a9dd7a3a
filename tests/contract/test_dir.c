// SPDX-License-Identifier: MIT
/*
 * DIR: which way the bytes go.
 */
#include "harness.h"

#include <stdio.h>

enum { SIZE = 256 };

static void test_DIR_01_the_directions_have_linuxs_values(void **state)
{
	assert_int_equal(DMA_BIDIRECTIONAL, 0);
	assert_int_equal(DMA_TO_DEVICE, 1);
	assert_int_equal(DMA_FROM_DEVICE, 2);
	assert_int_equal(DMA_NONE, 3);
}

static void cannot_be_mapped(enum dma_data_direction dir)
{
	void *memory = must_kmalloc(SIZE);
	dma_addr_t dma = dma_map_single(dev, memory, SIZE, dir);

	assert_true(dma_mapping_error(dev, dma));
	kfree(memory);
	expect_finding("DIR-01", 1);
}

static void test_DIR_01_mapping_with_dma_none_fails_and_is_reported(void **state)
{
	cannot_be_mapped(DMA_NONE);
}

static void
test_DIR_01_mapping_with_a_number_that_is_no_direction_fails_and_is_reported(void **state)
{
	cannot_be_mapped((enum dma_data_direction)17);
}

static void test_DIR_02_bidirectional_serves_both_ways(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	u8 bytes[SIZE];
	dma_addr_t dma = 0;

	fill_bytes(memory, SIZE, 1);
	dma = must_map(dev, memory, SIZE, DMA_BIDIRECTIONAL);
	assert_int_equal(lab_read(lab, dma, bytes, SIZE), 0);
	assert_true(bytes_are(bytes, SIZE, 1));
	fill_bytes(bytes, SIZE, 2);
	assert_int_equal(lab_write(lab, dma, bytes, SIZE), 0);
	dma_unmap_single(dev, dma, SIZE, DMA_BIDIRECTIONAL);
	assert_true(bytes_are(memory, SIZE, 2));
	kfree(memory);
}

static void test_DIR_02_consistent_memory_serves_both_ways(void **state)
{
	dma_addr_t dma = 0;
	u8 *memory = dma_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL);
	u8 bytes[SIZE];

	assert_non_null(memory);
	fill_bytes(memory, SIZE, 1);
	assert_int_equal(lab_read(lab, dma, bytes, SIZE), 0);
	assert_true(bytes_are(bytes, SIZE, 1));
	fill_bytes(bytes, SIZE, 2);
	assert_int_equal(lab_write(lab, dma, bytes, SIZE), 0);
	assert_true(bytes_are(memory, SIZE, 2));
	dma_free_coherent(dev, SIZE, memory, dma);
}

/* Whether the fault was told: device, address, what was wrong. */
static bool fault_is_told(const char *access, dma_addr_t dma)
{
	char text[80];

	snprintf(text, sizeof(text), "IOMMU fault: %s 0x%llx", access, (unsigned long long)dma);
	return strstr(kernel_log(), text) && strstr(kernel_log(), dev_name(dev)) &&
	       strstr(kernel_log(), "it is mapped for the other direction");
}

/* Reported everywhere; where an IOMMU stands between, it is also stopped. */
static void test_DIR_03_a_card_that_writes_what_it_was_to_read(void **state)
{
	u8 *memory = must_kmalloc(SIZE), bytes[SIZE];
	dma_addr_t dma;
	int result;

	fill_bytes(memory, SIZE, 1);
	dma = must_map(dev, memory, SIZE, DMA_TO_DEVICE);
	fill_bytes(bytes, SIZE, 2);
	result = lab_write(lab, dma, bytes, SIZE);
	expect_finding("DIR-03", 1);
	if (machine_translates()) {
		assert_int_equal(result, -EIO);
		assert_true(fault_is_told("write to", dma));
		assert_int_equal(lab_read(lab, dma, bytes, SIZE), 0);
		assert_true(bytes_are(bytes, SIZE, 1));
	}
	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	if (machine_translates())
		assert_true(bytes_are(memory, SIZE, 1));
	kfree(memory);
}

/* Stage 1 of an SMMU has no page that can be written and not read: there the report is all. */
static void test_DIR_03_a_card_that_reads_what_it_was_to_write(void **state)
{
	const bool stopped = machine_translates() && machine_bus()->iommu->format == DMK_TABLE_VTD;
	u8 *memory = must_kmalloc(SIZE), bytes[SIZE];
	dma_addr_t dma;

	fill_bytes(memory, SIZE, 1);
	dma = must_map(dev, memory, SIZE, DMA_FROM_DEVICE);
	if (stopped) {
		assert_int_equal(lab_read(lab, dma, bytes, SIZE), -EIO);
		assert_false(bytes_are(bytes, SIZE, 1));
		assert_true(fault_is_told("read of", dma));
	} else {
		lab_read(lab, dma, bytes, SIZE);
	}
	expect_finding("DIR-03", 1);
	fill_bytes(bytes, SIZE, 2);
	assert_int_equal(lab_write(lab, dma, bytes, SIZE), 0);
	dma_unmap_single(dev, dma, SIZE, DMA_FROM_DEVICE);
	assert_true(bytes_are(memory, SIZE, 2));
	kfree(memory);
}

static void unmap_with(enum dma_data_direction mapped, enum dma_data_direction unmapped,
		       unsigned int findings)
{
	void *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory, SIZE, mapped);

	dma_unmap_single(dev, dma, SIZE, unmapped);
	expect_finding("DIR-04", findings);
	kfree(memory);
}

static void test_DIR_04_an_unmap_in_another_direction_is_reported(void **state)
{
	unmap_with(DMA_TO_DEVICE, DMA_FROM_DEVICE, 1);
}

static void test_DIR_04_an_unmap_as_bidirectional_of_one_direction_is_reported(void **state)
{
	unmap_with(DMA_FROM_DEVICE, DMA_BIDIRECTIONAL, 1);
}

static void test_DIR_04_an_unmap_in_the_same_direction_is_fine(void **state)
{
	unmap_with(DMA_TO_DEVICE, DMA_TO_DEVICE, 0);
	unmap_with(DMA_FROM_DEVICE, DMA_FROM_DEVICE, 0);
	unmap_with(DMA_BIDIRECTIONAL, DMA_BIDIRECTIONAL, 0);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_DIR_01_the_directions_have_linuxs_values),
		CONTRACT_TEST(test_DIR_01_mapping_with_dma_none_fails_and_is_reported),
		CONTRACT_TEST(
			test_DIR_01_mapping_with_a_number_that_is_no_direction_fails_and_is_reported),
		CONTRACT_TEST(test_DIR_02_bidirectional_serves_both_ways),
		CONTRACT_TEST_WITH(test_DIR_02_bidirectional_serves_both_ways, "swiotlb=force"),
		CONTRACT_TEST(test_DIR_02_consistent_memory_serves_both_ways),
		CONTRACT_TEST(test_DIR_03_a_card_that_writes_what_it_was_to_read),
		CONTRACT_TEST(test_DIR_03_a_card_that_reads_what_it_was_to_write),
		CONTRACT_TEST(test_DIR_04_an_unmap_in_another_direction_is_reported),
		CONTRACT_TEST(test_DIR_04_an_unmap_as_bidirectional_of_one_direction_is_reported),
		CONTRACT_TEST(test_DIR_04_an_unmap_in_the_same_direction_is_fine),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
