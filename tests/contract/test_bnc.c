// SPDX-License-Identifier: MIT
/*
 * BNC: bounce buffers.
 */
#include "harness.h"

#include <linux/swiotlb.h>

enum { SIZE = 1000 };

static struct dmk_bounce_stats stats_of(struct device *device)
{
	struct dmk_bounce_stats stats;

	memset(&stats, 0, sizeof(stats));
	dmk_bounce_statistics(&device->dmk, &stats);
	return stats;
}

/* For tests of the slots themselves: behind an IOMMU nothing needs one. */
static void only_where_it_bounces(void)
{
	if (!machine_bounces_all())
		skip();
}

/*
 * An IOMMU reaches all memory, and is asked for none of it twice: as on Linux, what it translates
 * is not forced through slots.
 */
static void test_BNC_01_force_bounces_every_mapping(void **state)
{
	void *memory = must_kmalloc(SIZE);
	dma_addr_t dma;
	size_t before = stats_of(dev).used;

	dma = must_map(dev, memory, SIZE, DMA_TO_DEVICE);
	assert_int_equal(stats_of(dev).used > before, machine_bounces_all());
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

/*
 * Memory that a mask of 32 bits doesn't reach; NULL: the machine has none, or gave out none in so
 * many attempts.
 */
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

/*
 * A device that writes less than it was lent: the rest of the buffer is what it was, and not
 * somebody's old bytes.
 */
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

/* Nor does a device that looks where it is to write see what was there for another mapping. */
static void test_BNC_02_a_device_sees_no_stale_bytes(void **state)
{
	/* At the same place in a page, so that the same slot serves. */
	u8 *secret = must_kmalloc(PAGE_SIZE), *memory = must_kmalloc(PAGE_SIZE);
	u8 bytes[SIZE];
	unsigned int same = 0;

	only_where_it_bounces();
	memset(secret, 0x5e, SIZE);
	memset(memory, 0x11, SIZE);
	for (int round = 0; round < 8; round++) {
		dma_addr_t before = must_map(dev, secret, SIZE, DMA_TO_DEVICE), dma;

		dma_unmap_single(dev, before, SIZE, DMA_TO_DEVICE);
		dma = must_map(dev, memory, SIZE, DMA_FROM_DEVICE);
		same += dma == before;
		lab_read(lab, dma, bytes, SIZE);
		for (int i = 0; i < SIZE; i++)
			assert_int_not_equal(bytes[i], 0x5e);
		dma_unmap_single(dev, dma, SIZE, DMA_FROM_DEVICE);
	}
	expect_finding("DIR-03", 8);
	assert_true(same > 0);
	kfree(memory);
	kfree(secret);
}

/*
 * The log is rate limited, so that a driver in a loop doesn't fill it; the numbers are in the
 * statistics.
 */
static void test_BNC_04_when_full_map_fails_and_the_statistics_say_so(void **state)
{
	enum { MANY = 4096 }; /* more than any pool has */
	static dma_addr_t dma[MANY];
	u8 *memory = must_kmalloc(2048);
	dma_addr_t failed;
	struct dmk_bounce_stats stats;
	/* Of a restricted region, consistent memory for interrupts has its part from the first. */
	const size_t before = stats_of(dev).used;
	int n;

	only_where_it_bounces();
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

/* --- what each machine promises, whatever its buffer ------------------------------------------ */

/*
 * Every offset in a page and size that matter, each byte seen by the card, and no other byte of the
 * buffer's page touched.
 */
static void test_BNC_02_BNC_03_offsets_and_sizes(void **state)
{
	static const unsigned int offsets[] = { 0, 1, 63, 64, 2047, 2048, 2049, 4000, 4095 };
	static const unsigned int sizes[] = { 1, 2, 63, 64, 65, 2047, 2048, 2049, 4096, 5000 };
	u8 *memory = must_kmalloc(4 * PAGE_SIZE);
	u8 seen[5000];
	unsigned int o, s;

	for (o = 0; o < ARRAY_SIZE(offsets); o++) {
		for (s = 0; s < ARRAY_SIZE(sizes); s++) {
			u8 *buffer = memory + PAGE_SIZE + offsets[o];
			size_t size = sizes[s];
			dma_addr_t dma;

			memset(memory, 0x77, 4 * PAGE_SIZE);
			fill_bytes(buffer, size, o + s);
			dma = must_map(dev, buffer, size, DMA_BIDIRECTIONAL);
			assert_int_equal(dma & (PAGE_SIZE - 1), offsets[o]);
			assert_int_equal(lab_read(lab, dma, seen, size), 0);
			assert_true(bytes_are(seen, size, o + s));
			fill_bytes(seen, size, o + s + 50);
			assert_int_equal(lab_write(lab, dma, seen, size), 0);
			dma_unmap_single(dev, dma, size, DMA_BIDIRECTIONAL);
			assert_true(bytes_are(buffer, size, o + s + 50));
			assert_true(buffer[-1] == 0x77 && buffer[size] == 0x77);
		}
	}
	kfree(memory);
}

/* A sync of a part moves that part. */
static void test_BNC_02_a_sync_of_a_part_copies_that_part(void **state)
{
	enum { AT = 256, PART = 512 };
	u8 *memory = must_kmalloc(1024);
	u8 bytes[1024];
	dma_addr_t dma;

	memset(memory, 1, 1024);
	dma = must_map(dev, memory, 1024, DMA_BIDIRECTIONAL);
	memset(bytes, 2, 1024);
	assert_int_equal(lab_write(lab, dma, bytes, 1024), 0);
	dma_sync_single_for_cpu(dev, dma + AT, PART, DMA_BIDIRECTIONAL);
	assert_true(memory[AT] == 2 && memory[AT + PART - 1] == 2);
	memset(memory + AT, 3, PART);
	dma_sync_single_for_device(dev, dma + AT, PART, DMA_BIDIRECTIONAL);
	assert_int_equal(lab_read(lab, dma, bytes, 1024), 0);
	assert_true(bytes[AT - 1] == 2 && bytes[AT] == 3 && bytes[AT + PART - 1] == 3 &&
		    bytes[AT + PART] == 2);
	dma_unmap_single(dev, dma, 1024, DMA_BIDIRECTIONAL);
	assert_true(memory[0] == 2 && memory[AT] == 3 && memory[1023] == 2);
	kfree(memory);
}

/* What a device was not to write does not come back, and nothing comes back that is not to. */
static void test_BNC_02_skip_cpu_sync_copies_nothing_out(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	u8 bytes[SIZE];
	dma_addr_t dma;

	only_where_it_bounces();
	memset(memory, 1, SIZE);
	dma = must_map(dev, memory, SIZE, DMA_FROM_DEVICE);
	memset(bytes, 2, SIZE);
	assert_int_equal(lab_write(lab, dma, bytes, SIZE), 0);
	dma_unmap_single_attrs(dev, dma, SIZE, DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
	assert_int_equal(memory[0], 1);
	assert_int_equal(memory[SIZE - 1], 1);
	kfree(memory);
}

static void test_BNC_03_the_largest_mapping_and_one_byte_more(void **state)
{
	const size_t most = dma_max_mapping_size(dev);
	u8 *memory;
	dma_addr_t dma;

	only_where_it_bounces();
	assert_int_equal(most, 256 << 10);
	assert_int_equal(swiotlb_max_mapping_size(dev), most);
	memory = kmalloc(most + PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);
	if (!memory) {
		assert_true(machine_is("tiny"));
		skip();
	}
	dma = dma_map_single(dev, memory, most + 1, DMA_TO_DEVICE);
	assert_true(dma_mapping_error(dev, dma));
	dma = must_map(dev, memory, most, DMA_TO_DEVICE);
	dma_unmap_single(dev, dma, most, DMA_TO_DEVICE);
	dma_set_min_align_mask(dev, 4095);
	assert_int_equal(dma_max_mapping_size(dev), most - 4096);
	assert_int_equal(swiotlb_max_mapping_size(dev), most - 4096);
	kfree(memory);
}

static void test_BNC_03_MSK_08_min_align_mask_is_kept(void **state)
{
	static const unsigned int masks[] = { 15, 511, 4095, 16383 };
	u8 *memory = must_kmalloc(8 * PAGE_SIZE);
	unsigned int i, at;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		dma_set_min_align_mask(dev, masks[i]);
		for (at = 0; at < 7 * PAGE_SIZE; at += 2309) {
			dma_addr_t dma = must_map(dev, memory + at, SIZE, DMA_TO_DEVICE);
			u64 kept = masks[i];

			/* An IOMMU keeps what is below its granule. */
			if (machine_translates())
				kept &= machine_granule() - 1;
			assert_int_equal((dma ^ virt_to_phys(memory + at)) & kept, 0);
			dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
		}
	}
	kfree(memory);
}

/* --- growth ----------------------------------------------------------------------------------- */

/*
 * Beyond N, as far as it is allowed to; made by a work, while the driver sleeps. Then it is a slot
 * as any other.
 */
static void test_BNC_04_it_grows_when_it_is_allowed_to(void **state)
{
	enum { MANY = 190 };
	u8 *memory = must_kmalloc(2048);
	dma_addr_t dma[MANY];
	struct dmk_bounce_stats stats;
	int n;

	if (machine_is("restricted") || machine_is("tiny"))
		skip();
	only_where_it_bounces();
	for (n = 0; n < MANY; n++) {
		dma[n] = dma_map_single(dev, memory, 2048, DMA_TO_DEVICE);
		if (dma_mapping_error(dev, dma[n])) {
			/*
			 * Private memory is shared by who may sleep: the one that came first has to
			 * try again.
			 */
			assert_true(machine_is("confidential"));
			for (int wait = 0; stats_of(dev).grown == 0 && wait < 1000; wait++)
				msleep(1);
			dma[n] = must_map(dev, memory, 2048, DMA_TO_DEVICE);
		}
	}
	for (int wait = 0; stats_of(dev).grown == 0 && wait < 1000; wait++)
		msleep(1);
	stats = stats_of(dev);
	assert_true(stats.grown > 0);
	assert_true(stats.total > 128);
	assert_true(stats.total + stats.transient <= stats.most);
	while (n--)
		dma_unmap_single(dev, dma[n], 2048, DMA_TO_DEVICE);
	assert_int_equal(stats_of(dev).used, 0);
	assert_int_equal(stats_of(dev).transient, 0);
	kfree(memory);
}

/* --- restricted regions and private memory ---------------------------------------------------- */

static void test_BNC_05_a_restricted_device_reaches_its_region_only(void **state)
{
	const struct dmk_memory *region = machine_bus()->restricted_pool;
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma, consistent = 0;
	void *cpu;
	u8 bytes[16];

	if (!region) {
		assert_false(machine_is("restricted"));
		assert_false(is_swiotlb_for_alloc(dev));
		kfree(memory);
		skip();
	}
	assert_true(is_swiotlb_active(dev));
	assert_true(is_swiotlb_force_bounce(dev));
	assert_true(is_swiotlb_for_alloc(dev));
	dma = must_map(dev, memory, SIZE, DMA_TO_DEVICE);
	assert_true(dma >= region->first.v && dma + SIZE <= region->first.v + region->size);
	assert_true(is_swiotlb_buffer(dev, dma));
	assert_false(is_swiotlb_buffer(dev, virt_to_phys(memory)));
	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	cpu = dma_alloc_coherent(dev, PAGE_SIZE, &consistent, GFP_KERNEL);
	assert_non_null(cpu);
	assert_true(consistent >= region->first.v &&
		    consistent + PAGE_SIZE <= region->first.v + region->size);
	dma_free_coherent(dev, PAGE_SIZE, cpu, consistent);
	/* The hardware sees to it as well: the rest of memory is not there for it. */
	assert_int_equal(lab_read(lab, virt_to_phys(memory), bytes, 16), -EIO);
	expect_anything();
	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(24)), -EIO);
	kfree(memory);
}

static void test_BNC_01_private_memory_bounces_without_being_told(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	u8 seen[SIZE];
	dma_addr_t dma;

	if (!(machine()->caps & DMK_CAP_PRIVATE)) {
		kfree(memory);
		skip();
	}
	assert_true(is_swiotlb_force_bounce(dev));
	assert_false(is_swiotlb_for_alloc(dev));
	fill_bytes(memory, SIZE, 9);
	dma = must_map(dev, memory, SIZE, DMA_TO_DEVICE);
	assert_true(dma != virt_to_phys(memory));
	assert_int_equal(lab_read(lab, dma, seen, SIZE), 0);
	assert_true(bytes_are(seen, SIZE, 9));
	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	kfree(memory);
}

/*
 * Addresses that a driver made up: inside the buffer, but nobody's; and another device's. Each is
 * reported, none does harm.
 */
static void test_BNC_02_STR_04_invented_unmaps_do_no_harm(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	u8 bytes[SIZE];
	dma_addr_t dma;
	size_t used;

	only_where_it_bounces();
	expect_anything();
	memset(memory, 1, SIZE);
	dma = must_map(dev, memory, SIZE, DMA_FROM_DEVICE);
	used = stats_of(dev).used;
	memset(bytes, 2, SIZE);
	assert_int_equal(lab_write(lab, dma, bytes, SIZE), 0);
	dma_unmap_single(dev, dma + 64, SIZE - 64, DMA_FROM_DEVICE);
	dma_unmap_single(dev2, dma, SIZE, DMA_FROM_DEVICE);
	dma_sync_single_for_cpu(dev2, dma, SIZE, DMA_FROM_DEVICE);
	dma_unmap_single(dev, dma + 8192, SIZE, DMA_FROM_DEVICE);
	/*
	 * As an entry of a list that was never mapped says, where the address that it happens to
	 * hold is somebody's.
	 */
	dma_unmap_single(dev, dma, 0, DMA_FROM_DEVICE);
	assert_int_equal(memory[0], 1);
	assert_int_equal(stats_of(dev).used, used);
	dma_unmap_single(dev, dma, SIZE, DMA_FROM_DEVICE);
	assert_int_equal(memory[SIZE - 1], 2);
	assert_int_equal(stats_of(dev).used, used - 1);
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
		CONTRACT_TEST_WITH(test_BNC_02_a_device_sees_no_stale_bytes, "swiotlb=128,1,force"),
		CONTRACT_TEST_WITH(test_BNC_04_when_full_map_fails_and_the_statistics_say_so,
				   "swiotlb=128,force"),
		CONTRACT_TEST(
			test_BNC_05_memory_that_was_not_mapped_is_refused_and_the_report_says_why),
		CONTRACT_TEST_WITH(test_BNC_02_BNC_03_offsets_and_sizes, "swiotlb=force"),
		CONTRACT_TEST_WITH(test_BNC_02_a_sync_of_a_part_copies_that_part, "swiotlb=force"),
		CONTRACT_TEST_WITH(test_BNC_02_skip_cpu_sync_copies_nothing_out, "swiotlb=force"),
		CONTRACT_TEST_WITH(test_BNC_03_the_largest_mapping_and_one_byte_more,
				   "swiotlb=force"),
		CONTRACT_TEST_WITH(test_BNC_03_MSK_08_min_align_mask_is_kept, "swiotlb=force"),
		CONTRACT_TEST_WITH(test_BNC_04_it_grows_when_it_is_allowed_to,
				   "swiotlb=128,force dmakit.swiotlb_max=2048"),
		CONTRACT_TEST(test_BNC_05_a_restricted_device_reaches_its_region_only),
		CONTRACT_TEST(test_BNC_01_private_memory_bounces_without_being_told),
		CONTRACT_TEST_WITH(test_BNC_02_STR_04_invented_unmaps_do_no_harm, "swiotlb=force"),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
