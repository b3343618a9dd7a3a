// SPDX-License-Identifier: MIT
/*
 * SYN: who owns a buffer between map and unmap, and what a sync does for it. SYN-05 is the ringcard
 * driver and its own test.
 */
#include "harness.h"

enum { SIZE = 512 };

struct buffer {
	u8 *memory;
	dma_addr_t dma;
	enum dma_data_direction dir;
};

static struct buffer map_buffer(enum dma_data_direction dir)
{
	struct buffer buffer = {.memory = must_kmalloc(SIZE), .dir = dir};

	fill_bytes(buffer.memory, SIZE, 1);
	buffer.dma = must_map(dev, buffer.memory, SIZE, dir);
	return buffer;
}

static void unmap_buffer(struct buffer *buffer)
{
	dma_unmap_single(dev, buffer->dma, SIZE, buffer->dir);
	kfree(buffer->memory);
}

static void device_writes(struct buffer *buffer, unsigned int salt)
{
	u8 bytes[SIZE];

	fill_bytes(bytes, SIZE, salt);
	assert_int_equal(lab_write(lab, buffer->dma, bytes, SIZE), 0);
}

static bool device_sees(struct buffer *buffer, unsigned int salt)
{
	u8 bytes[SIZE];

	assert_int_equal(lab_read(lab, buffer->dma, bytes, SIZE), 0);
	return bytes_are(bytes, SIZE, salt);
}

static void test_SYN_01_a_sync_hands_the_buffer_to_the_cpu_and_back(void **state)
{
	struct buffer buffer = map_buffer(DMA_BIDIRECTIONAL);

	device_writes(&buffer, 2);
	dma_sync_single_for_cpu(dev, buffer.dma, SIZE, DMA_BIDIRECTIONAL);
	assert_true(bytes_are(buffer.memory, SIZE, 2));
	fill_bytes(buffer.memory, SIZE, 3);
	dma_sync_single_for_device(dev, buffer.dma, SIZE, DMA_BIDIRECTIONAL);
	assert_true(device_sees(&buffer, 3));
	unmap_buffer(&buffer);
}

static void test_SYN_01_a_sync_of_a_range_hands_over_these_bytes(void **state)
{
	struct buffer buffer = map_buffer(DMA_FROM_DEVICE);

	device_writes(&buffer, 2);
	dma_sync_single_range_for_cpu(dev, buffer.dma, 128, 128, DMA_FROM_DEVICE);
	assert_memory_equal(buffer.memory + 128, ({
				    static u8 b[SIZE];
				    fill_bytes(b, SIZE, 2);
				    b + 128;
			    }),
			    128);
	dma_sync_single_range_for_device(dev, buffer.dma, 128, 128, DMA_FROM_DEVICE);
	dma_unmap_single(dev, buffer.dma, SIZE, DMA_FROM_DEVICE);
	assert_true(bytes_are(buffer.memory, SIZE, 2));
	kfree(buffer.memory);
}

static void test_SYN_01_a_list_is_synced_as_a_whole(void **state)
{
	u8 *parts[3], bytes[SIZE];
	struct scatterlist sg[3], *s;
	int i, mapped;

	sg_init_table(sg, 3);
	for (i = 0; i < 3; i++) {
		parts[i] = must_kmalloc(SIZE);
		sg_set_buf(&sg[i], parts[i], SIZE);
	}
	mapped = dma_map_sg(dev, sg, 3, DMA_FROM_DEVICE);
	assert_true(mapped > 0);
	for_each_sg(sg, s, mapped, i) {
		fill_bytes(bytes, SIZE, 10 + i);
		assert_int_equal(lab_write(lab, sg_dma_address(s), bytes,
					   min_t(size_t, SIZE, sg_dma_len(s))),
				 0);
	}
	dma_sync_sg_for_cpu(dev, sg, 3, DMA_FROM_DEVICE);
	assert_true(bytes_are(parts[0], SIZE, 10));
	dma_sync_sg_for_device(dev, sg, 3, DMA_FROM_DEVICE);
	dma_unmap_sg(dev, sg, 3, DMA_FROM_DEVICE);
	for (i = 0; i < 3; i++)
		kfree(parts[i]);
}

/*
 * Without a sync the CPU goes on with what it had: its cache's lines, or the buffer that the
 * bounced bytes have not been copied to. On a coherent machine that doesn't bounce nothing shows,
 * which is why drivers get away with it there.
 */
static void test_SYN_02_without_a_sync_for_the_cpu_it_reads_stale_bytes(void **state)
{
	struct buffer buffer;
	bool stale;
	int i;

	/* So that nothing bounces because the device is a small one. */
	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	buffer = map_buffer(DMA_FROM_DEVICE);

	/* The lines are in the cache: the CPU wrote them before it mapped, and reads them again. */
	for (i = 0; i < SIZE; i++)
		(void)READ_ONCE(buffer.memory[i]);
	device_writes(&buffer, 2);
	stale = !bytes_are(buffer.memory, SIZE, 2);
	if (machine_bounces_all())
		assert_true(stale);
	else if (machine_is_coherent())
		assert_false(stale);
	dma_sync_single_for_cpu(dev, buffer.dma, SIZE, DMA_FROM_DEVICE);
	assert_true(bytes_are(buffer.memory, SIZE, 2));
	unmap_buffer(&buffer);
	if (machine_is("arm-noncoherent"))
		assert_true(stale);
}

static void test_SYN_02_without_a_sync_for_the_device_it_reads_stale_bytes(void **state)
{
	struct buffer buffer;
	bool seen;

	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	buffer = map_buffer(DMA_TO_DEVICE);
	assert_true(device_sees(&buffer, 1));
	dma_sync_single_for_cpu(dev, buffer.dma, SIZE, DMA_TO_DEVICE);
	fill_bytes(buffer.memory, SIZE, 2);
	seen = device_sees(&buffer, 2);
	if (machine_bounces_all())
		assert_false(seen);
	else if (machine_is_coherent())
		assert_true(seen);
	if (machine_is("arm-noncoherent"))
		assert_false(seen);
	/* The device read what the CPU owned. */
	expect_finding("SYN-02", 1);
	dma_sync_single_for_device(dev, buffer.dma, SIZE, DMA_TO_DEVICE);
	assert_true(device_sees(&buffer, 2));
	unmap_buffer(&buffer);
}

static void test_SYN_02_a_bouncing_machine_gives_stale_bytes_without_a_sync(void **state)
{
	struct buffer buffer;

	/* An IOMMU shows the card the memory itself. */
	if (machine_translates() && machine_is_coherent())
		skip();
	buffer = map_buffer(DMA_FROM_DEVICE);
	device_writes(&buffer, 2);
	assert_false(bytes_are(buffer.memory, SIZE, 2));
	dma_sync_single_for_cpu(dev, buffer.dma, SIZE, DMA_FROM_DEVICE);
	assert_true(bytes_are(buffer.memory, SIZE, 2));
	unmap_buffer(&buffer);
}

static void test_SYN_03_no_sync_is_needed_where_the_cpu_looks_only_after_unmap(void **state)
{
	struct buffer buffer = map_buffer(DMA_FROM_DEVICE);

	for (unsigned int i = 0; i < 10; i++)
		device_writes(&buffer, 40 + i);
	dma_unmap_single(dev, buffer.dma, SIZE, DMA_FROM_DEVICE);
	assert_true(bytes_are(buffer.memory, SIZE, 49));
	kfree(buffer.memory);
}

static void test_SYN_04_a_sync_beyond_the_mapping_is_reported(void **state)
{
	struct buffer buffer = map_buffer(DMA_FROM_DEVICE);

	dma_sync_single_for_cpu(dev, buffer.dma + 64, SIZE, DMA_FROM_DEVICE);
	expect_finding("SYN-04", 1);
	unmap_buffer(&buffer);
}

static void test_SYN_04_a_sync_up_to_the_last_byte_is_fine(void **state)
{
	struct buffer buffer = map_buffer(DMA_FROM_DEVICE);

	dma_sync_single_for_cpu(dev, buffer.dma + 64, SIZE - 64, DMA_FROM_DEVICE);
	dma_sync_single_for_device(dev, buffer.dma + 64, SIZE - 64, DMA_FROM_DEVICE);
	unmap_buffer(&buffer);
}

static void test_SYN_04_a_sync_of_what_is_not_mapped_is_reported(void **state)
{
	struct buffer buffer = map_buffer(DMA_FROM_DEVICE);

	dma_unmap_single(dev, buffer.dma, SIZE, DMA_FROM_DEVICE);
	dma_sync_single_for_cpu(dev, buffer.dma, SIZE, DMA_FROM_DEVICE);
	expect_finding("SYN-04", 1);
	kfree(buffer.memory);
}

static void test_SYN_04_a_sync_in_another_direction_is_reported(void **state)
{
	struct buffer buffer = map_buffer(DMA_FROM_DEVICE);

	dma_sync_single_for_cpu(dev, buffer.dma, SIZE, DMA_TO_DEVICE);
	expect_finding("SYN-04", 1);
	unmap_buffer(&buffer);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_SYN_01_a_sync_hands_the_buffer_to_the_cpu_and_back),
		CONTRACT_TEST_WITH(test_SYN_01_a_sync_hands_the_buffer_to_the_cpu_and_back,
				   "swiotlb=force"),
		CONTRACT_TEST(test_SYN_01_a_sync_of_a_range_hands_over_these_bytes),
		CONTRACT_TEST_WITH(test_SYN_01_a_sync_of_a_range_hands_over_these_bytes,
				   "swiotlb=force"),
		CONTRACT_TEST(test_SYN_01_a_list_is_synced_as_a_whole),
		CONTRACT_TEST(test_SYN_02_without_a_sync_for_the_cpu_it_reads_stale_bytes),
		CONTRACT_TEST(test_SYN_02_without_a_sync_for_the_device_it_reads_stale_bytes),
		CONTRACT_TEST_WITH(test_SYN_02_a_bouncing_machine_gives_stale_bytes_without_a_sync,
				   "swiotlb=force"),
		CONTRACT_TEST(test_SYN_03_no_sync_is_needed_where_the_cpu_looks_only_after_unmap),
		CONTRACT_TEST_WITH(
			test_SYN_03_no_sync_is_needed_where_the_cpu_looks_only_after_unmap,
			"swiotlb=force"),
		CONTRACT_TEST(test_SYN_04_a_sync_beyond_the_mapping_is_reported),
		CONTRACT_TEST(test_SYN_04_a_sync_up_to_the_last_byte_is_fine),
		CONTRACT_TEST(test_SYN_04_a_sync_of_what_is_not_mapped_is_reported),
		CONTRACT_TEST(test_SYN_04_a_sync_in_another_direction_is_reported),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
