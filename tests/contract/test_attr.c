// SPDX-License-Identifier: MIT
/*
 * The attributes of a mapping, each with its meaning, on machines that keep caches in step, that
 * don't, and that bounce (STR-01, STR-04, STR-09); and syncs of a part of a mapping (SYN-01).
 */
#include "harness.h"

enum { SIZE = 512 };

/* --- attributes that a mapping may have without being another one ----------------------------- */

static const struct plain_row {
	const char *sentence;
	unsigned long attrs;
} plain_rows[] = {
	{"without any", 0},
	{"weakly ordered", DMA_ATTR_WEAK_ORDERING},
	{"combined writes", DMA_ATTR_WRITE_COMBINE},
	{"no address for the kernel, which a mapping has anyway", DMA_ATTR_NO_KERNEL_MAPPING},
	{"in one piece, as it is anyway", DMA_ATTR_FORCE_CONTIGUOUS},
	{"of single pages", DMA_ATTR_ALLOC_SINGLE_PAGES},
	{"without a message", DMA_ATTR_NO_WARN},
	{"for the privileged alone", DMA_ATTR_PRIVILEGED},
	{"sharing lines on purpose", DMA_ATTR_CPU_CACHE_CLEAN},
	{"several at once", DMA_ATTR_WEAK_ORDERING | DMA_ATTR_NO_WARN | DMA_ATTR_PRIVILEGED},
};

static void test_STR_01_attributes_change_no_byte(void **state)
{
	u8 *memory = must_kmalloc(SIZE), bytes[SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(plain_rows); i++) {
		const unsigned long attrs = plain_rows[i].attrs;
		dma_addr_t dma;

		fill_bytes(memory, SIZE, i);
		dma = dma_map_single_attrs(dev, memory, SIZE, DMA_BIDIRECTIONAL, attrs);
		assert_false(dma_mapping_error(dev, dma));
		assert_int_equal(lab_read(lab, dma, bytes, SIZE), 0);
		assert_true(bytes_are(bytes, SIZE, i));
		fill_bytes(bytes, SIZE, i + 50);
		assert_int_equal(lab_write(lab, dma, bytes, SIZE), 0);
		dma_unmap_single_attrs(dev, dma, SIZE, DMA_BIDIRECTIONAL, attrs);
		assert_true(bytes_are(memory, SIZE, i + 50));
	}
	kfree(memory);
}

/* --- DMA_ATTR_SKIP_CPU_SYNC: the driver does it ----------------------------------------------- */

static void test_SYN_02_a_driver_that_skips_the_sync_does_it_itself(void **state)
{
	u8 *memory = must_kmalloc(SIZE), bytes[SIZE];
	dma_addr_t dma = dma_map_single_attrs(dev, memory, SIZE, DMA_BIDIRECTIONAL,
					      DMA_ATTR_SKIP_CPU_SYNC);

	assert_false(dma_mapping_error(dev, dma));
	for (unsigned int i = 0; i < 4; i++) {
		dma_sync_single_for_cpu(dev, dma, SIZE, DMA_BIDIRECTIONAL);
		fill_bytes(memory, SIZE, i);
		dma_sync_single_for_device(dev, dma, SIZE, DMA_BIDIRECTIONAL);
		assert_int_equal(lab_read(lab, dma, bytes, SIZE), 0);
		assert_true(bytes_are(bytes, SIZE, i));
		fill_bytes(bytes, SIZE, i + 50);
		assert_int_equal(lab_write(lab, dma, bytes, SIZE), 0);
		dma_sync_single_for_cpu(dev, dma, SIZE, DMA_BIDIRECTIONAL);
		assert_true(bytes_are(memory, SIZE, i + 50));
	}
	dma_unmap_single_attrs(dev, dma, SIZE, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
	assert_true(bytes_are(memory, SIZE, 53));
	kfree(memory);
}

/* The usual use: received, looked at, and unmapped when nothing of it matters any more. */
static void test_SYN_02_an_unmap_that_skips_the_sync_takes_nothing_back(void **state)
{
	u8 *memory = must_kmalloc(SIZE), bytes[SIZE];
	dma_addr_t dma = must_map(dev, memory, SIZE, DMA_FROM_DEVICE);

	fill_bytes(bytes, SIZE, 1);
	assert_int_equal(lab_write(lab, dma, bytes, SIZE), 0);
	dma_sync_single_for_cpu(dev, dma, SIZE, DMA_FROM_DEVICE);
	assert_true(bytes_are(memory, SIZE, 1));
	dma_unmap_single_attrs(dev, dma, SIZE, DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
	assert_true(bytes_are(memory, SIZE, 1));
	kfree(memory);
}

/* --- DMA_ATTR_REQUIRE_COHERENT ---------------------------------------------------------------- */

static void test_STR_01_memory_is_shared_as_it_is_or_not_at_all(void **state)
{
	u8 *memory = must_kmalloc(SIZE), seen = 0;
	dma_addr_t dma;

	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	dma = dma_map_single_attrs(dev, memory, SIZE, DMA_BIDIRECTIONAL, DMA_ATTR_REQUIRE_COHERENT);
	if (dma_mapping_error(dev, dma)) {
		assert_true(dma_dev_need_sync(dev) || dma_addressing_limited(dev));
		kfree(memory);
		return;
	}
	assert_true(machine_is_coherent());
	assert_false(dma_need_sync(dev, dma));
	*(volatile u8 *)memory = 0x42; /* seen without a sync */
	assert_int_equal(lab_read(lab, dma, &seen, 1), 0);
	assert_int_equal(seen, 0x42);
	dma_unmap_single_attrs(dev, dma, SIZE, DMA_BIDIRECTIONAL, DMA_ATTR_REQUIRE_COHERENT);
	kfree(memory);
}

static void test_STR_01_what_has_to_be_coherent_is_never_bounced(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	const dma_addr_t dma = dma_map_single_attrs(dev, memory, SIZE, DMA_TO_DEVICE,
						    DMA_ATTR_REQUIRE_COHERENT);
	/* There is no need to, where an IOMMU shows coherent memory. */
	const bool good = machine_translates() && machine_is_coherent();

	assert_int_equal(!dma_mapping_error(dev, dma), good);
	if (good)
		dma_unmap_single_attrs(dev, dma, SIZE, DMA_TO_DEVICE, DMA_ATTR_REQUIRE_COHERENT);
	kfree(memory);
}

/* --- lines that are shared: STR-09 ------------------------------------------------------------ */

/* Two halves of one cache line. */
static void share_a_line(unsigned long first, unsigned long second, unsigned int findings)
{
	u8 *memory = must_kmalloc(256);
	dma_addr_t a, b;

	a = dma_map_single_attrs(dev, memory, 16, DMA_FROM_DEVICE, first);
	assert_false(dma_mapping_error(dev, a));
	b = dma_map_single_attrs(dev, memory + 16, 16, DMA_FROM_DEVICE, second);
	assert_false(dma_mapping_error(dev, b));
	dma_unmap_single_attrs(dev, b, 16, DMA_FROM_DEVICE, second);
	dma_unmap_single_attrs(dev, a, 16, DMA_FROM_DEVICE, first);
	expect_finding("STR-09", machine()->cache_line >= 32 ? findings : 0);
	kfree(memory);
}

static void test_STR_09_two_mappings_in_one_line_are_reported(void **state)
{
	share_a_line(0, 0, 1);
}

static void test_STR_09_two_that_both_promise_to_leave_it_clean_are_not(void **state)
{
	share_a_line(DMA_ATTR_CPU_CACHE_CLEAN, DMA_ATTR_CPU_CACHE_CLEAN, 0);
	share_a_line(DMA_ATTR_DEBUGGING_IGNORE_CACHELINES,
		     DMA_ATTR_CPU_CACHE_CLEAN | DMA_ATTR_NO_WARN, 0);
}

static void test_STR_09_the_promise_of_one_is_not_enough(void **state)
{
	share_a_line(DMA_ATTR_CPU_CACHE_CLEAN, 0, 1);
}

static void test_STR_09_a_driver_that_syncs_by_itself_may_share(void **state)
{
	share_a_line(DMA_ATTR_SKIP_CPU_SYNC, 0, 0);
	share_a_line(0, DMA_ATTR_SKIP_CPU_SYNC, 0);
}

static void test_STR_09_what_devices_only_read_may_be_mapped_twice(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t a = must_map(dev, memory, SIZE, DMA_TO_DEVICE);
	dma_addr_t b = must_map(dev2, memory + 16, 64, DMA_TO_DEVICE);

	dma_unmap_single(dev2, b, 64, DMA_TO_DEVICE);
	dma_unmap_single(dev, a, SIZE, DMA_TO_DEVICE);
	kfree(memory);
}

/* --- registers: DMA_ATTR_MMIO ----------------------------------------------------------------- */

/* The other card's registers; the machine may have no way there. */
static bool map_registers(dma_addr_t *dma, bool by_phys)
{
	const phys_addr_t phys = pci_resource_start(lab2->pdev, 1);

	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	*dma = by_phys ? dma_map_phys(dev, phys, 4096, DMA_BIDIRECTIONAL, DMA_ATTR_MMIO)
		       : dma_map_resource(dev, phys, 4096, DMA_BIDIRECTIONAL, 0);
	return !dma_mapping_error(dev, *dma);
}

static void test_STR_04_registers_may_be_unmapped_by_either_call(void **state)
{
	dma_addr_t dma;

	if (!map_registers(&dma, false))
		return;
	dma_unmap_phys(dev, dma, 4096, DMA_BIDIRECTIONAL, DMA_ATTR_MMIO);
	assert_true(map_registers(&dma, true));
	dma_unmap_resource(dev, dma, 4096, DMA_BIDIRECTIONAL, 0);
}

static void test_STR_04_an_unmap_that_forgets_that_it_is_registers_is_reported(void **state)
{
	dma_addr_t dma;

	if (!map_registers(&dma, true))
		return;
	dma_unmap_phys(dev, dma, 4096, DMA_BIDIRECTIONAL, 0);
	expect_finding("STR-04", 1);
}

static void test_STR_04_an_unmap_of_memory_as_registers_is_reported(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = dma_map_phys(dev, virt_to_phys(memory), SIZE, DMA_TO_DEVICE, 0);

	assert_false(dma_mapping_error(dev, dma));
	dma_unmap_phys(dev, dma, SIZE, DMA_TO_DEVICE, DMA_ATTR_MMIO);
	expect_finding("STR-04", 1);
	kfree(memory);
}

static void test_ADR_03_a_card_reaches_another_cards_registers_by_dma(void **state)
{
	u8 bytes[256], back[sizeof(bytes)];
	dma_addr_t dma;

	if (!map_registers(&dma, false))
		return;
	/* The bytes that an access begins and ends with are part of a word. */
	memset_io(lab2->buffer, 0xee, 4096);
	fill_bytes(bytes, sizeof(bytes), 1);
	assert_int_equal(lab_write(lab, dma + 33, bytes, sizeof(bytes) - 3), 0);
	memcpy_fromio(back, lab2->buffer + 33, sizeof(back) - 3);
	assert_memory_equal(back, bytes, sizeof(back) - 3);
	assert_int_equal(readb(lab2->buffer + 32), 0xee);
	assert_int_equal(readb(lab2->buffer + 33 + sizeof(bytes) - 3), 0xee);

	fill_bytes(bytes, sizeof(bytes), 2);
	memcpy_toio(lab2->buffer + 512, bytes, sizeof(bytes));
	assert_int_equal(lab_read(lab, dma + 512, back, sizeof(back)), 0);
	assert_memory_equal(back, bytes, sizeof(back));
	dma_unmap_resource(dev, dma, 4096, DMA_BIDIRECTIONAL, 0);
}

static void test_ADR_03_a_cards_read_of_a_peer_finds_what_it_wrote_there(void **state)
{
	dma_addr_t dma;

	if (!map_registers(&dma, true))
		return;
	for (unsigned int i = 0; i < 100; i++) {
		u8 bytes[16], back[16];

		fill_bytes(bytes, sizeof(bytes), i);
		assert_int_equal(lab_write(lab, dma + 64, bytes, sizeof(bytes)), 0);
		assert_int_equal(lab_read(lab, dma + 64, back, sizeof(back)), 0);
		assert_memory_equal(back, bytes, sizeof(back));
	}
	dma_unmap_phys(dev, dma, 4096, DMA_BIDIRECTIONAL, DMA_ATTR_MMIO);
}

/* The doorbell of one card rung by the other: the peer does at once what its register is for. */
static void test_ADR_03_a_card_starts_a_transfer_of_another_card(void **state)
{
	const phys_addr_t phys = pci_resource_start(lab2->pdev, 0);
	u8 *memory = must_kmalloc(64);
	__le32 command = cpu_to_le32(3); /* start, to memory */
	dma_addr_t registers, dma;

	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	registers = dma_map_resource(dev, phys, 4096, DMA_FROM_DEVICE, 0);
	if (dma_mapping_error(dev, registers)) {
		kfree(memory);
		return;
	}
	dma = must_map(dev2, memory, 64, DMA_FROM_DEVICE);
	memset_io(lab2->buffer, 0x5a, 64);
	writeq(dma, lab2->regs + 0x10);
	writel(64, lab2->regs + 0x18);
	writel(0, lab2->regs + 0x1c);
	assert_int_equal(lab_write(lab, registers + 0x20, &command, 4), 0);
	assert_int_equal(readl(lab2->regs + 0x08), 0);
	dma_unmap_single(dev2, dma, 64, DMA_FROM_DEVICE);
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(memory[i], 0x5a);
	dma_unmap_resource(dev, registers, 4096, DMA_FROM_DEVICE, 0);
	kfree(memory);
}

static void test_STR_07_an_access_to_registers_after_their_unmap_is_reported(void **state)
{
	u8 bytes[16] = {0};
	dma_addr_t dma;

	if (!map_registers(&dma, false))
		return;
	assert_int_equal(lab_write(lab, dma, bytes, sizeof(bytes)), 0);
	dma_unmap_resource(dev, dma, 4096, DMA_BIDIRECTIONAL, 0);
	lab_write(lab, dma, bytes, sizeof(bytes));
	expect_finding("STR-07", 1);
}

static void test_STR_10_an_access_that_leaves_the_peers_registers_is_refused(void **state)
{
	static u8 bytes[64];
	dma_addr_t dma;

	if (!map_registers(&dma, false))
		return;
	/* The BAR is 64 KiB, and what follows belongs to nobody, or to another BAR. */
	assert_int_equal(lab_write(lab, dma + LAB_BUFFER - 32, bytes, sizeof(bytes)), -EIO);
	assert_int_equal(lab_read(lab, dma + LAB_BUFFER - 32, bytes, sizeof(bytes)), -EIO);
	expect_anything();
	dma_unmap_resource(dev, dma, 4096, DMA_BIDIRECTIONAL, 0);
}

/* --- parts of a mapping: SYN-01 --------------------------------------------------------------- */

static void test_SYN_01_a_part_can_be_handed_over_and_back(void **state)
{
	const size_t part = 2 * machine()->cache_line, size = 8 * part;
	u8 *memory = must_kmalloc(size), *bytes = must_kmalloc(size);
	dma_addr_t dma;

	fill_bytes(memory, size, 1);
	dma = must_map(dev, memory, size, DMA_BIDIRECTIONAL);
	for (size_t at = 0; at < size; at += part) {
		fill_bytes(bytes, part, 10 + at / part);
		assert_int_equal(lab_write(lab, dma + at, bytes, part), 0);
		dma_sync_single_range_for_cpu(dev, dma, at, part, DMA_BIDIRECTIONAL);
		assert_true(bytes_are(memory + at, part, 10 + at / part));
		fill_bytes(memory + at, part, 20 + at / part);
		dma_sync_single_range_for_device(dev, dma, at, part, DMA_BIDIRECTIONAL);
		assert_int_equal(lab_read(lab, dma + at, bytes, part), 0);
		assert_true(bytes_are(bytes, part, 20 + at / part));
	}
	dma_unmap_single(dev, dma, size, DMA_BIDIRECTIONAL);
	for (size_t at = 0; at < size; at += part)
		assert_true(bytes_are(memory + at, part, 20 + at / part));
	kfree(bytes);
	kfree(memory);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_STR_01_attributes_change_no_byte),
		CONTRACT_TEST_WITH(test_STR_01_attributes_change_no_byte, "swiotlb=force"),
		CONTRACT_TEST(test_SYN_02_a_driver_that_skips_the_sync_does_it_itself),
		CONTRACT_TEST_WITH(test_SYN_02_a_driver_that_skips_the_sync_does_it_itself,
				   "swiotlb=force"),
		CONTRACT_TEST(test_SYN_02_an_unmap_that_skips_the_sync_takes_nothing_back),
		CONTRACT_TEST_WITH(test_SYN_02_an_unmap_that_skips_the_sync_takes_nothing_back,
				   "swiotlb=force"),
		CONTRACT_TEST(test_STR_01_memory_is_shared_as_it_is_or_not_at_all),
		CONTRACT_TEST_WITH(test_STR_01_what_has_to_be_coherent_is_never_bounced,
				   "swiotlb=force"),
		CONTRACT_TEST(test_STR_09_two_mappings_in_one_line_are_reported),
		CONTRACT_TEST(test_STR_09_two_that_both_promise_to_leave_it_clean_are_not),
		CONTRACT_TEST(test_STR_09_the_promise_of_one_is_not_enough),
		CONTRACT_TEST(test_STR_09_a_driver_that_syncs_by_itself_may_share),
		CONTRACT_TEST(test_STR_09_what_devices_only_read_may_be_mapped_twice),
		CONTRACT_TEST(test_STR_04_registers_may_be_unmapped_by_either_call),
		CONTRACT_TEST(test_ADR_03_a_card_reaches_another_cards_registers_by_dma),
		CONTRACT_TEST(test_ADR_03_a_cards_read_of_a_peer_finds_what_it_wrote_there),
		CONTRACT_TEST(test_ADR_03_a_card_starts_a_transfer_of_another_card),
		CONTRACT_TEST(test_STR_07_an_access_to_registers_after_their_unmap_is_reported),
		CONTRACT_TEST(test_STR_10_an_access_that_leaves_the_peers_registers_is_refused),
		CONTRACT_TEST(test_STR_04_an_unmap_that_forgets_that_it_is_registers_is_reported),
		CONTRACT_TEST(test_STR_04_an_unmap_of_memory_as_registers_is_reported),
		CONTRACT_TEST(test_SYN_01_a_part_can_be_handed_over_and_back),
		CONTRACT_TEST_WITH(test_SYN_01_a_part_can_be_handed_over_and_back, "swiotlb=force"),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
