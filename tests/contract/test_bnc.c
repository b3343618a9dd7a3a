// SPDX-License-Identifier: MIT
/*
 * BNC: bounce buffers.
 */
#include "harness.h"

enum { SIZE = 1000 };

static struct dmk_bounce_stats stats_of(struct device *device)
{
	struct dmk_bounce_stats stats;

	memset(&stats, 0, sizeof(stats));
	dmk_bounce_statistics(&device->dmk, &stats);
	return stats;
}

static void test_BNC_01_force_bounces_every_mapping(void **state)
{
	void *memory = must_kmalloc(SIZE);
	dma_addr_t dma;
	size_t before = stats_of(dev).used;

	dma = must_map(dev, memory, SIZE, DMA_TO_DEVICE);
	assert_true(stats_of(dev).used > before);
	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	assert_int_equal(stats_of(dev).used, before);
	kfree(memory);
}

static void test_BNC_01_a_number_of_slots_is_the_number_of_slots(void **state)
{
	/* Behind a firewall there is the pool, and swiotlb= is for others. */
	if (machine_bus()->restricted_pool)
		skip();
	assert_int_equal(stats_of(dev).total, 128);
	assert_int_equal(stats_of(dev).slot_size, 2048);
}

static void test_BNC_01_noforce_takes_no_memory(void **state)
{
	if (machine_bus()->restricted_pool)
		skip();
	assert_int_equal(stats_of(dev).total, 0);
}

/* Memory that a mask of 32 bits doesn't reach; NULL: the machine has none, or gave out none in so many attempts. */
static struct page *high_page(void)
{
	enum { ATTEMPTS = 64 };
	struct page *kept[ATTEMPTS], *found = NULL;
	int n;

	for (n = 0; n < ATTEMPTS && !found; n++) {
		kept[n] = alloc_page(GFP_KERNEL);
		if (!kept[n])
			break;
		if (page_to_phys(kept[n]) > DMA_BIT_MASK(32)) {
			found = kept[n];
			break;
		}
	}
	while (n--)
		if (kept[n] != found)
			__free_page(kept[n]);
	return found;
}

static void test_BNC_01_with_noforce_a_mapping_that_needs_a_bounce_fails(void **state)
{
	struct page *page;
	dma_addr_t dma;

	if (!machine_is("pc"))
		skip();
	page = high_page();
	assert_non_null(page);
	dma = dma_map_page(dev, page, 0, 100, DMA_TO_DEVICE);
	assert_true(dma_mapping_error(dev, dma));
	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	dma = dma_map_page(dev, page, 0, 100, DMA_TO_DEVICE);
	assert_false(dma_mapping_error(dev, dma));
	dma_unmap_page(dev, dma, 100, DMA_TO_DEVICE);
	__free_page(page);
}

static void test_BNC_01_what_a_device_does_not_reach_is_bounced(void **state)
{
	struct page *page;
	dma_addr_t dma;
	u8 seen[100];

	if (!machine_is("pc"))
		skip();
	page = high_page();
	assert_non_null(page);
	fill_bytes(page_address(page), 100, 3);
	dma = dma_map_page(dev, page, 0, 100, DMA_TO_DEVICE);
	assert_false(dma_mapping_error(dev, dma));
	assert_true(dma + 99 <= DMA_BIT_MASK(32));
	assert_int_equal(lab_read(lab, dma, seen, 100), 0);
	assert_true(bytes_are(seen, 100, 3));
	dma_unmap_page(dev, dma, 100, DMA_TO_DEVICE);
	__free_page(page);
}

static void test_BNC_02_bytes_are_copied_in_at_map_and_at_sync_for_device(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	u8 seen[SIZE];
	dma_addr_t dma;

	fill_bytes(memory, SIZE, 1);
	dma = must_map(dev, memory, SIZE, DMA_TO_DEVICE);
	assert_int_equal(lab_read(lab, dma, seen, SIZE), 0);
	assert_true(bytes_are(seen, SIZE, 1));
	dma_sync_single_for_cpu(dev, dma, SIZE, DMA_TO_DEVICE);
	fill_bytes(memory, SIZE, 2);
	dma_sync_single_for_device(dev, dma, SIZE, DMA_TO_DEVICE);
	assert_int_equal(lab_read(lab, dma, seen, SIZE), 0);
	assert_true(bytes_are(seen, SIZE, 2));
	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	kfree(memory);
}

static void test_BNC_02_exactly_the_bytes_mapped_are_copied_out(void **state)
{
	u8 *memory = must_kmalloc(3 * SIZE);
	u8 bytes[SIZE];
	dma_addr_t dma;

	memset(memory, 0x77, 3 * SIZE);
	dma = must_map(dev, memory + SIZE, SIZE, DMA_FROM_DEVICE);
	fill_bytes(bytes, SIZE, 4);
	assert_int_equal(lab_write(lab, dma, bytes, SIZE), 0);
	dma_unmap_single(dev, dma, SIZE, DMA_FROM_DEVICE);
	assert_true(bytes_are(memory + SIZE, SIZE, 4));
	for (int i = 0; i < SIZE; i++) {
		assert_int_equal(memory[i], 0x77);
		assert_int_equal(memory[2 * SIZE + i], 0x77);
	}
	kfree(memory);
}

/* A device that writes less than it was lent: the rest of the buffer is what it was, and not somebody's old bytes. */
static void test_BNC_02_a_short_transfer_brings_back_no_stale_bytes(void **state)
{
	u8 *secret = must_kmalloc(SIZE), *memory = must_kmalloc(SIZE);
	u8 bytes[SIZE];
	dma_addr_t dma;

	memset(secret, 0x5e, SIZE);
	dma = must_map(dev, secret, SIZE, DMA_TO_DEVICE);
	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);

	memset(memory, 0x11, SIZE);
	fill_bytes(bytes, SIZE, 4);
	dma = must_map(dev, memory, SIZE, DMA_FROM_DEVICE);
	assert_int_equal(lab_write(lab, dma, bytes, 10), 0);
	dma_unmap_single(dev, dma, SIZE, DMA_FROM_DEVICE);
	assert_true(bytes_are(memory, 10, 4));
	for (int i = 10; i < SIZE; i++)
		assert_int_equal(memory[i], 0x11);
	kfree(memory);
	kfree(secret);
}

/* The log is rate limited, so that a driver in a loop doesn't fill it; the numbers are in the statistics. */
static void test_BNC_04_when_full_map_fails_and_the_statistics_say_so(void **state)
{
	enum { MANY = 4096 }; /* more than any pool has */
	static dma_addr_t dma[MANY];
	u8 *memory = must_kmalloc(2048);
	dma_addr_t failed;
	struct dmk_bounce_stats stats;
	/* Behind a firewall the pool has consistent memory in it, too. */
	u64 before = stats_of(dev).used;
	int n;

	for (n = 0; n < MANY; n++) {
		dma[n] = dma_map_single(dev, memory, 2048, DMA_TO_DEVICE);
		if (dma_mapping_error(dev, dma[n]))
			break;
	}
	assert_true(n > 0 && n < MANY);
	stats = stats_of(dev);
	assert_true(stats.used <= stats.total);
	assert_true(stats.used >= n);
	assert_true(stats.high_water >= stats.used);
	assert_int_equal(stats.refused, 1);

	failed = dma_map_single(dev2, memory, 2048, DMA_TO_DEVICE);
	assert_true(dma_mapping_error(dev2, failed));
	while (n--)
		dma_unmap_single(dev, dma[n], 2048, DMA_TO_DEVICE);
	assert_int_equal(stats_of(dev).used, before);
	assert_int_equal(stats_of(dev).high_water, stats.high_water);
	kfree(memory);
}

/* The card is given an address that no call returned for it. */
static void test_BNC_05_memory_that_was_not_mapped_is_refused_and_the_report_says_why(void **state)
{
	const char *why = machine_bus()->restricted_pool ? "pool that the device is restricted to"
							 : "the memory is private";
	u8 *memory = must_kmalloc(512), seen[512];

	if (!machine_bus()->restricted_pool && !(machine()->caps & DMK_CAP_PRIVATE)) {
		kfree(memory);
		skip();
	}
	fill_bytes(memory, 512, 1);
	assert_int_equal(lab_read(lab, virt_to_phys(memory), seen, 512), -EIO);
	assert_false(bytes_are(seen, 512, 1));
	expect_finding("STR-10", 1);
	assert_non_null(strstr(finding_of("STR-10")->what, why));
	fill_bytes(seen, 512, 2);
	assert_int_equal(lab_write(lab, virt_to_phys(memory), seen, 512), -EIO);
	expect_finding("STR-10", 1);
	assert_true(bytes_are(memory, 512, 1));
	kfree(memory);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST_WITH(test_BNC_01_force_bounces_every_mapping, "swiotlb=force"),
		CONTRACT_TEST_WITH(test_BNC_01_a_number_of_slots_is_the_number_of_slots,
				   "swiotlb=128,force"),
		CONTRACT_TEST_WITH(test_BNC_01_noforce_takes_no_memory, "swiotlb=noforce"),
		CONTRACT_TEST_WITH(test_BNC_01_with_noforce_a_mapping_that_needs_a_bounce_fails,
				   "swiotlb=noforce"),
		CONTRACT_TEST(test_BNC_01_what_a_device_does_not_reach_is_bounced),
		CONTRACT_TEST_WITH(test_BNC_02_bytes_are_copied_in_at_map_and_at_sync_for_device,
				   "swiotlb=force"),
		CONTRACT_TEST_WITH(test_BNC_02_exactly_the_bytes_mapped_are_copied_out,
				   "swiotlb=force"),
		CONTRACT_TEST_WITH(test_BNC_02_a_short_transfer_brings_back_no_stale_bytes,
				   "swiotlb=force"),
		CONTRACT_TEST_WITH(test_BNC_04_when_full_map_fails_and_the_statistics_say_so,
				   "swiotlb=128,force"),
		CONTRACT_TEST(
			test_BNC_05_memory_that_was_not_mapped_is_refused_and_the_report_says_why),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
