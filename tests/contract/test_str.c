// SPDX-License-Identifier: MIT
/*
 * STR: streaming mappings, from map to unmap.
 */
#include "harness.h"

/* --- STR-01 ----------------------------------------------------------------------------------- */

static void map_in_every_way(void *argument)
{
	void *memory = argument;
	struct page *page = virt_to_page(memory);
	size_t offset = offset_in_page(memory);
	dma_addr_t dma;
	int *failures = (int *)((u8 *)memory + 512);

	dma = dma_map_single(dev, memory, 256, DMA_TO_DEVICE);
	*failures += dma_mapping_error(dev, dma) != 0;
	dma_unmap_single(dev, dma, 256, DMA_TO_DEVICE);

	dma = dma_map_page(dev, page, offset, 256, DMA_TO_DEVICE);
	*failures += dma_mapping_error(dev, dma) != 0;
	dma_unmap_page(dev, dma, 256, DMA_TO_DEVICE);

	dma = dma_map_single_attrs(dev, memory, 256, DMA_TO_DEVICE, DMA_ATTR_WEAK_ORDERING);
	*failures += dma_mapping_error(dev, dma) != 0;
	dma_unmap_single_attrs(dev, dma, 256, DMA_TO_DEVICE, DMA_ATTR_WEAK_ORDERING);

	dma = dma_map_page_attrs(dev, page, offset, 256, DMA_TO_DEVICE, DMA_ATTR_WEAK_ORDERING);
	*failures += dma_mapping_error(dev, dma) != 0;
	dma_unmap_page_attrs(dev, dma, 256, DMA_TO_DEVICE, DMA_ATTR_WEAK_ORDERING);
}

static void test_STR_01_every_map_call_works_in_a_thread(void **state)
{
	u8 *memory = kzalloc(1024, GFP_KERNEL);

	map_in_every_way(memory);
	assert_int_equal(*(int *)(memory + 512), 0);
	kfree(memory);
}

static void test_STR_01_every_map_call_works_in_an_interrupt(void **state)
{
	u8 *memory = kzalloc(1024, GFP_KERNEL);

	in_interrupt_call(map_in_every_way, memory);
	assert_int_equal(*(int *)(memory + 512), 0);
	kfree(memory);
}

static void test_STR_01_every_map_call_works_under_a_spinlock(void **state)
{
	u8 *memory = kzalloc(1024, GFP_KERNEL);
	DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	map_in_every_way(memory);
	spin_unlock(&lock);
	assert_int_equal(*(int *)(memory + 512), 0);
	kfree(memory);
}

/* Whether a window of the card's bus shows it @phys, which is no memory. */
static bool is_on_bus(phys_addr_t phys)
{
	for (unsigned int i = 0; i < machine_bus()->nr_windows; i++) {
		const struct dmk_window *window = &machine_bus()->windows[i];

		if (phys >= window->phys.v && phys - window->phys.v < window->size)
			return true;
	}
	return false;
}

/*
 * Registers can't be bounced: a device that must bounce, or whose bus has no way to them, is told
 * so.
 */
static void test_STR_01_a_register_of_another_card_can_be_mapped_as_a_resource(void **state)
{
	phys_addr_t phys = pci_resource_start(lab2->pdev, 1);
	const bool reached = is_on_bus(phys) && !machine_bounces_all();
	dma_addr_t dma;

	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	dma = dma_map_resource(dev, phys, 4096, DMA_BIDIRECTIONAL, 0);
	assert_int_equal(dma_mapping_error(dev, dma), reached ? 0 : -ENOMEM);
	if (reached)
		dma_unmap_resource(dev, dma, 4096, DMA_BIDIRECTIONAL, 0);
}

/* --- STR-02 ----------------------------------------------------------------------------------- */

static void map_unchecked(void *memory)
{
	dma_addr_t dma = dma_map_single(dev, memory, 64, DMA_TO_DEVICE);

	dma_unmap_single(dev, dma, 64, DMA_TO_DEVICE);
}

static void test_STR_02_a_result_that_was_never_checked_is_reported_once_for_its_place(void **state)
{
	void *memory = must_kmalloc(64);

	for (int i = 0; i < 5; i++)
		map_unchecked(memory);
	kfree(memory);
	assert_non_null(finding_of("STR-02"));
	expect_finding("STR-02", finding_of("STR-02")->count);
}

static void test_STR_02_a_checked_result_is_not_reported(void **state)
{
	void *memory = must_kmalloc(64);
	dma_addr_t dma = dma_map_single(dev, memory, 64, DMA_TO_DEVICE);

	assert_false(dma_mapping_error(dev, dma));
	dma_unmap_single(dev, dma, 64, DMA_TO_DEVICE);
	kfree(memory);
}

static void test_STR_02_failure_is_dma_mapping_error_and_address_0_is_not(void **state)
{
	assert_true(DMA_MAPPING_ERROR == ~(dma_addr_t)0);
	assert_true(dma_mapping_error(dev, DMA_MAPPING_ERROR));
	assert_false(dma_mapping_error(dev, 0));
}

/* --- STR-04 ----------------------------------------------------------------------------------- */

enum { SIZE = 512 };

/* A mapping to be unmapped wrongly, and another one beside it that must survive that. */
struct pair {
	u8 *memory, *other;
	dma_addr_t dma, other_dma;
};

static struct pair map_pair(void)
{
	struct pair pair = {.memory = must_kmalloc(SIZE), .other = must_kmalloc(SIZE)};

	fill_bytes(pair.memory, SIZE, 1);
	fill_bytes(pair.other, SIZE, 2);
	pair.dma = must_map(dev, pair.memory, SIZE, DMA_TO_DEVICE);
	pair.other_dma = must_map(dev, pair.other, SIZE, DMA_TO_DEVICE);
	return pair;
}

static void assert_other_is_unharmed(struct pair *pair)
{
	u8 seen[SIZE];

	assert_int_equal(lab_read(lab, pair->other_dma, seen, SIZE), 0);
	assert_true(bytes_are(seen, SIZE, 2));
	dma_unmap_single(dev, pair->other_dma, SIZE, DMA_TO_DEVICE);
	kfree(pair->other);
}

static void test_STR_04_an_unmap_with_another_size_is_reported_once(void **state)
{
	struct pair pair = map_pair();

	dma_unmap_single(dev, pair.dma, SIZE / 2, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	assert_other_is_unharmed(&pair);
	kfree(pair.memory);
}

static void test_STR_04_a_double_unmap_is_reported_once(void **state)
{
	struct pair pair = map_pair();

	dma_unmap_single(dev, pair.dma, SIZE, DMA_TO_DEVICE);
	dma_unmap_single(dev, pair.dma, SIZE, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	assert_other_is_unharmed(&pair);
	kfree(pair.memory);
}

static void test_STR_04_an_unmap_of_what_was_never_mapped_is_reported_once(void **state)
{
	struct pair pair = map_pair();

	dma_unmap_single(dev, pair.dma + 0x10000000, SIZE, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	assert_other_is_unharmed(&pair);
	dma_unmap_single(dev, pair.dma, SIZE, DMA_TO_DEVICE);
	kfree(pair.memory);
}

static void test_STR_04_an_unmap_by_another_device_is_reported_once(void **state)
{
	struct pair pair = map_pair();

	dma_unmap_single(dev2, pair.dma, SIZE, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	assert_other_is_unharmed(&pair);
	dma_unmap_single(dev, pair.dma, SIZE, DMA_TO_DEVICE);
	kfree(pair.memory);
}

static void test_STR_04_an_unmap_of_another_kind_is_reported_once(void **state)
{
	struct pair pair = map_pair();
	struct scatterlist sg;

	sg_init_one(&sg, pair.memory, SIZE);
	sg_dma_address(&sg) = pair.dma;
	sg_dma_len(&sg) = SIZE;
	dma_unmap_sg(dev, &sg, 1, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	assert_other_is_unharmed(&pair);
	kfree(pair.memory);
}

static void test_STR_04_an_unmap_of_the_error_cookie_is_reported_once(void **state)
{
	struct pair pair = map_pair();

	dma_unmap_single(dev, DMA_MAPPING_ERROR, SIZE, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	assert_other_is_unharmed(&pair);
	dma_unmap_single(dev, pair.dma, SIZE, DMA_TO_DEVICE);
	kfree(pair.memory);
}

/* Linux has one call for both. */
static void test_STR_04_what_was_mapped_as_single_may_be_unmapped_as_page(void **state)
{
	struct pair pair = map_pair();

	dma_unmap_page(dev, pair.dma, SIZE, DMA_TO_DEVICE);
	assert_other_is_unharmed(&pair);
	kfree(pair.memory);
}

/* --- STR-05 ----------------------------------------------------------------------------------- */

enum { MANY = 4096, CHUNK = 4096 };

/* Through bounce buffers, or with few addresses, so that mapping really uses something up. */
static void test_STR_05_when_bounce_slots_are_gone_map_fails_and_an_unmap_makes_room(void **state)
{
	static dma_addr_t dma[MANY];
	u8 *memory = must_kmalloc(CHUNK);
	u8 seen[CHUNK];
	size_t n, mapped;
	dma_addr_t others;

	scarce_addresses(100);
	fill_bytes(memory, CHUNK, 6);
	for (n = 0; n < MANY; n++) {
		dma[n] = dma_map_single(dev, memory, CHUNK, DMA_TO_DEVICE);
		if (dma_mapping_error(dev, dma[n]))
			break;
	}
	mapped = n;
	assert_true(mapped > 1 && mapped < MANY);

	/* Earlier mappings work on; other devices do as far as they need no slot. */
	assert_int_equal(lab_read(lab, dma[0], seen, CHUNK), 0);
	assert_true(bytes_are(seen, CHUNK, 6));
	if (machine_translates()) {
		others = must_map(dev2, memory, CHUNK, DMA_TO_DEVICE);
		dma_unmap_single(dev2, others, CHUNK, DMA_TO_DEVICE);
	}

	dma_unmap_single(dev, dma[0], CHUNK, DMA_TO_DEVICE);
	dma[0] = must_map(dev, memory, CHUNK, DMA_TO_DEVICE);
	for (n = 0; n < mapped; n++)
		dma_unmap_single(dev, dma[n], CHUNK, DMA_TO_DEVICE);
	kfree(memory);
}

static void test_STR_05_ten_thousand_maps_with_their_unmaps_use_nothing_up(void **state)
{
	void *memory = must_kmalloc(256);

	for (int i = 0; i < 10000; i++) {
		dma_addr_t dma = must_map(dev, memory, 256, DMA_TO_DEVICE);

		dma_unmap_single(dev, dma, 256, DMA_TO_DEVICE);
	}
	kfree(memory);
}

/* --- STR-06 ----------------------------------------------------------------------------------- */

static void *leaked;

static void test_STR_06_what_is_mapped_when_the_driver_goes_is_a_leak(void **state)
{
	leaked = must_kmalloc(300);
	must_map(dev, leaked, 300, DMA_TO_DEVICE);
	must_map(dev, leaked, 200, DMA_TO_DEVICE);
	lab_unbind();
	assert_non_null(finding_of("STR-06"));
	expect_finding("STR-06", 2);
	assert_true(finding_of("STR-06")->mapped.depth > 0);
}

static dma_addr_t to_unmap;

static void unmap_in_remove(struct lab_card *card)
{
	if (card == lab)
		dma_unmap_single(card->dev, to_unmap, 300, DMA_TO_DEVICE);
}

static void test_STR_06_what_remove_unmaps_is_no_leak(void **state)
{
	void *memory = must_kmalloc(300);

	to_unmap = must_map(dev, memory, 300, DMA_TO_DEVICE);
	lab_on_remove = unmap_in_remove;
	lab_unbind();
	kfree(memory);
}

/* --- STR-07 ----------------------------------------------------------------------------------- */

static void test_STR_07_an_unmap_while_the_device_transfers_is_reported(void **state)
{
	void *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory, SIZE, DMA_FROM_DEVICE);

	lab_begin(lab, dma, SIZE, 150000);
	dma_unmap_single(dev, dma, SIZE, DMA_FROM_DEVICE);
	expect_finding("STR-07", 1);
	/* That the bytes come after the unmap is the same mistake, and not said again. */
	lab_wait(lab);
	kfree(memory);
}

static void test_STR_07_an_unmap_after_the_transfer_is_fine(void **state)
{
	void *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory, SIZE, DMA_FROM_DEVICE);

	lab_begin(lab, dma, SIZE, 5000);
	lab_wait(lab);
	dma_unmap_single(dev, dma, SIZE, DMA_FROM_DEVICE);
	kfree(memory);
}

static void test_STR_07_a_device_access_after_unmap_is_reported(void **state)
{
	void *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory, SIZE, DMA_TO_DEVICE);
	u8 seen[SIZE];

	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	lab_read(lab, dma, seen, SIZE);
	expect_finding("STR-07", 1);
	kfree(memory);
}

/* --- STR-08 ----------------------------------------------------------------------------------- */

static void test_STR_08_one_mapping_serves_many_transfers_with_sync_in_between(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory, SIZE, DMA_BIDIRECTIONAL);
	u8 bytes[SIZE];

	for (unsigned int i = 0; i < 20; i++) {
		fill_bytes(bytes, SIZE, i);
		assert_int_equal(lab_write(lab, dma, bytes, SIZE), 0);
		dma_sync_single_for_cpu(dev, dma, SIZE, DMA_BIDIRECTIONAL);
		assert_true(bytes_are(memory, SIZE, i));
		fill_bytes(memory, SIZE, i + 100);
		dma_sync_single_for_device(dev, dma, SIZE, DMA_BIDIRECTIONAL);
		assert_int_equal(lab_read(lab, dma, bytes, SIZE), 0);
		assert_true(bytes_are(bytes, SIZE, i + 100));
	}
	dma_unmap_single(dev, dma, SIZE, DMA_BIDIRECTIONAL);
	kfree(memory);
}

/* --- STR-10 ----------------------------------------------------------------------------------- */

static void reach(ptrdiff_t offset, size_t size, bool inside)
{
	u8 *memory = must_kmalloc(2048);
	u8 seen[2048];
	dma_addr_t dma;

	memset(memory, 0x55, 2048);
	dma = must_map(dev, memory + 700, 600, DMA_TO_DEVICE);
	lab_read(lab, dma + offset, seen, size);
	expect_finding("STR-10", inside ? 0 : 1);
	dma_unmap_single(dev, dma, 600, DMA_TO_DEVICE);
	kfree(memory);
}

static void test_STR_10_a_device_may_access_any_byte_of_the_mapping(void **state)
{
	reach(0, 600, true);
	reach(599, 1, true);
	reach(17, 100, true);
}

static void test_STR_10_an_access_one_byte_beyond_the_mapping_is_reported(void **state)
{
	reach(0, 601, false);
}

static void test_STR_10_an_access_one_byte_before_the_mapping_is_reported(void **state)
{
	reach(-1, 2, false);
}

/* --- STR-11 ----------------------------------------------------------------------------------- */

static void test_STR_11_a_map_of_no_bytes_fails(void **state)
{
	void *memory = must_kmalloc(64);
	dma_addr_t dma = dma_map_single(dev, memory, 0, DMA_TO_DEVICE);

	assert_true(dma_mapping_error(dev, dma));
	kfree(memory);
	expect_finding("STR-11", 1);
}

static void test_STR_11_a_size_that_wraps_fails(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t dma = dma_map_page(dev, page, 64, SIZE_MAX - 32, DMA_TO_DEVICE);

	assert_true(dma_mapping_error(dev, dma));
	__free_page(page);
	expect_finding("STR-11", 1);
}

static void test_STR_11_memory_that_is_not_ram_fails(void **state)
{
	struct page *page = pfn_to_page((DMA_BIT_MASK(44)) >> PAGE_SHIFT);
	dma_addr_t dma = dma_map_page(dev, page, 0, 64, DMA_TO_DEVICE);

	assert_true(dma_mapping_error(dev, dma));
	expect_finding("STR-11", 1);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_STR_01_every_map_call_works_in_a_thread),
		CONTRACT_TEST(test_STR_01_every_map_call_works_in_an_interrupt),
		CONTRACT_TEST(test_STR_01_every_map_call_works_under_a_spinlock),
		CONTRACT_TEST(test_STR_01_a_register_of_another_card_can_be_mapped_as_a_resource),
		CONTRACT_TEST(
			test_STR_02_a_result_that_was_never_checked_is_reported_once_for_its_place),
		CONTRACT_TEST(test_STR_02_a_checked_result_is_not_reported),
		CONTRACT_TEST(test_STR_02_failure_is_dma_mapping_error_and_address_0_is_not),
		CONTRACT_TEST(test_STR_04_an_unmap_with_another_size_is_reported_once),
		CONTRACT_TEST(test_STR_04_a_double_unmap_is_reported_once),
		CONTRACT_TEST(test_STR_04_an_unmap_of_what_was_never_mapped_is_reported_once),
		CONTRACT_TEST(test_STR_04_an_unmap_by_another_device_is_reported_once),
		CONTRACT_TEST(test_STR_04_an_unmap_of_another_kind_is_reported_once),
		CONTRACT_TEST(test_STR_04_an_unmap_of_the_error_cookie_is_reported_once),
		CONTRACT_TEST(test_STR_04_what_was_mapped_as_single_may_be_unmapped_as_page),
		CONTRACT_TEST_WITH(
			test_STR_05_when_bounce_slots_are_gone_map_fails_and_an_unmap_makes_room,
			"swiotlb=64,force"),
		CONTRACT_TEST(test_STR_05_ten_thousand_maps_with_their_unmaps_use_nothing_up),
		CONTRACT_TEST_WITH(test_STR_05_ten_thousand_maps_with_their_unmaps_use_nothing_up,
				   "swiotlb=64,force"),
		CONTRACT_TEST(test_STR_06_what_is_mapped_when_the_driver_goes_is_a_leak),
		CONTRACT_TEST(test_STR_06_what_remove_unmaps_is_no_leak),
		CONTRACT_TEST(test_STR_07_an_unmap_while_the_device_transfers_is_reported),
		CONTRACT_TEST(test_STR_07_an_unmap_after_the_transfer_is_fine),
		CONTRACT_TEST(test_STR_07_a_device_access_after_unmap_is_reported),
		CONTRACT_TEST(test_STR_08_one_mapping_serves_many_transfers_with_sync_in_between),
		CONTRACT_TEST_WITH(
			test_STR_08_one_mapping_serves_many_transfers_with_sync_in_between,
			"swiotlb=force"),
		CONTRACT_TEST(test_STR_10_a_device_may_access_any_byte_of_the_mapping),
		CONTRACT_TEST(test_STR_10_an_access_one_byte_beyond_the_mapping_is_reported),
		CONTRACT_TEST(test_STR_10_an_access_one_byte_before_the_mapping_is_reported),
		CONTRACT_TEST(test_STR_11_a_map_of_no_bytes_fails),
		CONTRACT_TEST(test_STR_11_a_size_that_wraps_fails),
		CONTRACT_TEST(test_STR_11_memory_that_is_not_ram_fails),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
