// SPDX-License-Identifier: MIT
/*
 * STR-03 and SYN-02 as a driver meets them: an access out of turn is reported on every machine, and
 * where caches are not coherent, or the buffer is bounced, the data really is another. Compiled to
 * be watched. Each way to break the rules has its driver in tests/bugs/test_watch.c.
 */
#include "harness.h"

enum { SIZE = 512 };

#define LOOK(place)       (*(volatile typeof(place) *)&(place))
#define PUT(place, value) (LOOK(place) = (value))

static u8 bytes[SIZE];

/* Whether CPU and card have one copy of what is mapped. */
static bool one_copy(void)
{
	return machine_is_coherent() && !machine_bounces_all() && !dma_addressing_limited(dev);
}

static const enum dma_data_direction directions[] = {DMA_TO_DEVICE, DMA_FROM_DEVICE,
						     DMA_BIDIRECTIONAL};

static void test_STR_03_a_mapped_buffer_is_not_written(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++) {
		u8 *memory = must_kmalloc(SIZE);
		dma_addr_t dma = must_map(dev, memory, SIZE, directions[i]);

		PUT(memory[i], 1);
		dma_unmap_single(dev, dma, SIZE, directions[i]);
		kfree(memory);
	}
	/* one line of this function, one map: one mistake */
	expect_finding("STR-03", ARRAY_SIZE(directions));
}

static void test_STR_03_what_is_written_too_late_does_not_arrive(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = 0;

	memset(memory, 1, SIZE);
	dma = must_map(dev, memory, SIZE, DMA_TO_DEVICE);
	PUT(memory[100], 2);
	lab_read(lab, dma, bytes, SIZE);
	if (one_copy())
		assert_int_equal(LOOK(bytes[100]), 2);
	else if (machine_bounces_all())
		/* a cache may have written it back by then */
		assert_int_equal(LOOK(bytes[100]), 1);
	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	kfree(memory);
	expect_finding("STR-03", 1);
}

static void test_STR_03_a_mapped_buffer_is_not_read_either(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++) {
		u8 *memory = must_kmalloc(SIZE);
		dma_addr_t dma = must_map(dev, memory, SIZE, directions[i]);

		bytes[i] = LOOK(memory[i]);
		dma_unmap_single(dev, dma, SIZE, directions[i]);
		kfree(memory);
	}
	expect_finding("STR-03", ARRAY_SIZE(directions));
}

static void test_STR_03_SYN_01_between_syncs_it_is_the_cpus(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory, SIZE, DMA_BIDIRECTIONAL);

	for (unsigned int i = 0; i < 4; i++) {
		dma_sync_single_for_cpu(dev, dma, SIZE, DMA_BIDIRECTIONAL);
		PUT(memory[i], LOOK(memory[i]) + 1);
		dma_sync_single_for_device(dev, dma, SIZE, DMA_BIDIRECTIONAL);
		lab_read(lab, dma, bytes, SIZE);
		lab_write(lab, dma, bytes, SIZE);
	}
	dma_unmap_single(dev, dma, SIZE, DMA_BIDIRECTIONAL);
	kfree(memory);
}

static void test_SYN_02_what_the_device_wrote_is_not_read_before_a_sync(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = 0;

	memset(memory, 1, SIZE);
	dma = must_map(dev, memory, SIZE, DMA_FROM_DEVICE);
	memset(bytes, 2, SIZE);
	lab_write(lab, dma, bytes, SIZE);
	if (one_copy())
		assert_int_equal(LOOK(memory[9]), 2);
	else
		bytes[0] = LOOK(memory[9]);
	dma_sync_single_for_cpu(dev, dma, SIZE, DMA_FROM_DEVICE);
	assert_int_equal(LOOK(memory[9]), 2);
	dma_unmap_single(dev, dma, SIZE, DMA_FROM_DEVICE);
	kfree(memory);
	expect_finding("SYN-02", 1);
}

static void test_SYN_02_what_the_cpu_wrote_is_not_read_before_a_sync(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory, SIZE, DMA_TO_DEVICE);

	dma_sync_single_for_cpu(dev, dma, SIZE, DMA_TO_DEVICE);
	memset(memory, 2, 100);
	lab_read(lab, dma, bytes, SIZE);
	dma_sync_single_for_device(dev, dma, SIZE, DMA_TO_DEVICE);
	lab_read(lab, dma, bytes, SIZE);
	assert_int_equal(LOOK(bytes[99]), 2);
	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	kfree(memory);
	expect_finding("SYN-02", 1);
}

static void test_SYN_02_a_sync_of_a_part_is_for_that_part(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory, SIZE, DMA_FROM_DEVICE);

	lab_write(lab, dma, bytes, SIZE);
	for (size_t at = 0; at < SIZE; at += 128) {
		dma_sync_single_range_for_cpu(dev, dma, at, 64, DMA_FROM_DEVICE);
		for (size_t i = 0; i < 64; i++)
			bytes[0] = LOOK(memory[at + i]);
	}
	expect_no_findings();
	bytes[0] = LOOK(memory[64]);
	dma_unmap_single(dev, dma, SIZE, DMA_FROM_DEVICE);
	kfree(memory);
	expect_finding("SYN-02", 1);
}

/* The answer is the machine's; a driver that goes by it is right. */
static void test_SYN_02_who_is_told_that_no_sync_is_needed_may_leave_it_out(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory, SIZE, DMA_FROM_DEVICE);
	const bool needed = dma_need_sync(dev, dma);

	memset(bytes, 3, SIZE);
	lab_write(lab, dma, bytes, SIZE);
	if (needed)
		dma_sync_single_for_cpu(dev, dma, SIZE, DMA_FROM_DEVICE);
	assert_int_equal(LOOK(memory[9]), 3);
	dma_unmap_single(dev, dma, SIZE, DMA_FROM_DEVICE);
	kfree(memory);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_STR_03_a_mapped_buffer_is_not_written),
		CONTRACT_TEST(test_STR_03_what_is_written_too_late_does_not_arrive),
		CONTRACT_TEST_WITH(test_STR_03_what_is_written_too_late_does_not_arrive,
				   "swiotlb=force"),
		CONTRACT_TEST(test_STR_03_a_mapped_buffer_is_not_read_either),
		CONTRACT_TEST(test_STR_03_SYN_01_between_syncs_it_is_the_cpus),
		CONTRACT_TEST(test_SYN_02_what_the_device_wrote_is_not_read_before_a_sync),
		CONTRACT_TEST(test_SYN_02_what_the_cpu_wrote_is_not_read_before_a_sync),
		CONTRACT_TEST(test_SYN_02_a_sync_of_a_part_is_for_that_part),
		CONTRACT_TEST(test_SYN_02_who_is_told_that_no_sync_is_needed_may_leave_it_out),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
