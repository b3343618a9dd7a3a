// SPDX-License-Identifier: MIT
/*
 * CHK-01 item by item: what Linux's dma-debug says of a driver is said here too, once, of a driver
 * that runs on a machine; and a driver that does nearly the same and is right is left in peace
 * (CHK-04). test_bugs.c goes by rules, this file by that list; an item that has a row there has
 * none here.
 */
#include "broken.h"

#include <stdlib.h>

/* --- map of an invalid address ---------------------------------------------------------------- */

static void map_must_fail(void *cpu, const char *rule)
{
	assert_true(dma_mapping_error(dev, dma_map_single(dev, cpu, 64, DMA_TO_DEVICE)));
	expect_finding(rule, 1);
}

static void test_CHK_01_STR_11_bug_maps_memory_of_the_c_library(void **state)
{
	void *memory = malloc(64);

	map_must_fail(memory, "STR-11");
	free(memory);
}

static void test_CHK_01_STR_11_bug_maps_null(void **state)
{
	map_must_fail(NULL, "STR-11");
}

/* Begins well, and runs out of the machine's memory. */
static void test_CHK_01_STR_11_bug_maps_more_than_there_is(void **state)
{
	void *memory = must_kmalloc(SIZE);

	assert_true(dma_mapping_error(dev, dma_map_single(dev, memory, 1ul << 42, DMA_TO_DEVICE)));
	expect_finding("STR-11", 1);
	kfree(memory);
}

static void test_CHK_01_MEM_03_bug_maps_code(void **state)
{
	map_must_fail((void *)map_must_fail, "MEM-03");
}

/* --- segments --------------------------------------------------------------------------------- */

/*
 * Of two pages, @size bytes from @offset on: in how many of the device's pages they are; 0: they
 * could not be mapped.
 */
static unsigned int map_part(size_t offset, size_t size)
{
	unsigned int pages = 0;
	u8 *memory = (u8 *)__get_free_pages(GFP_KERNEL, 1);
	struct scatterlist sg;
	int mapped;

	assert_non_null(memory);
	sg_init_one(&sg, memory + offset, size);
	mapped = dma_map_sg(dev, &sg, 1, DMA_TO_DEVICE);
	if (mapped) {
		pages = 1 + (sg_dma_address(&sg) % PAGE_SIZE + size - 1) / PAGE_SIZE;
		dma_unmap_sg(dev, &sg, 1, DMA_TO_DEVICE);
	}
	free_pages((unsigned long)memory, 1);
	return pages;
}

/*
 * A bounced one lies on one side of the boundary, or is refused: then there is nothing to report.
 */
static void test_CHK_01_MSK_08_bug_crosses_the_boundary(void **state)
{
	dma_set_seg_boundary(dev, PAGE_SIZE - 1);
	expect_finding("MSK-08", map_part(PAGE_SIZE - 8, 9) > 1 ? 1 : 0);
}

static void test_CHK_01_MSK_08_near_ends_at_the_boundary(void **state)
{
	dma_set_seg_boundary(dev, PAGE_SIZE - 1);
	assert_int_equal(map_part(PAGE_SIZE - 8, 8), 1);
	assert_int_equal(map_part(PAGE_SIZE, 8), 1);
}

/* --- unmap ------------------------------------------------------------------------------------ */

static void test_CHK_01_STR_04_bug_unmaps_what_is_not_mapped(void **state)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	dma_unmap_single(dev, buffer.dma ^ 0x10000000, SIZE, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	close_buffer(&buffer);
}

static void test_CHK_01_STR_04_bug_unmaps_a_part(void **state)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	dma_unmap_single(dev, buffer.dma + 64, SIZE - 64, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	close_buffer(&buffer);
}

static void test_CHK_01_STR_04_bug_unmaps_more_than_was_mapped(void **state)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	dma_unmap_single(dev, buffer.dma, SIZE + 1, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	kfree(buffer.memory);
}

static void test_CHK_01_STR_04_bug_unmaps_a_list_as_a_single(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	struct scatterlist sg;

	sg_init_one(&sg, memory, SIZE);
	assert_int_equal(dma_map_sg(dev, &sg, 1, DMA_TO_DEVICE), 1);
	dma_unmap_single(dev, sg_dma_address(&sg), SIZE, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	kfree(memory);
}

static void test_CHK_01_DIR_04_bug_unmaps_a_bidirectional_buffer_one_way(void **state)
{
	struct buffer buffer = open_buffer(DMA_BIDIRECTIONAL);

	buffer.dir = DMA_FROM_DEVICE;
	close_buffer(&buffer);
	expect_finding("DIR-04", 1);
}

static void test_CHK_01_DIR_04_bug_unmaps_a_list_in_another_direction(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	struct scatterlist sg;

	sg_init_one(&sg, memory, SIZE);
	assert_int_equal(dma_map_sg(dev, &sg, 1, DMA_TO_DEVICE), 1);
	dma_unmap_sg(dev, &sg, 1, DMA_FROM_DEVICE);
	expect_finding("DIR-04", 1);
	kfree(memory);
}

static void unmap_registers_with(unsigned long attrs, unsigned int findings)
{
	phys_addr_t phys = pci_resource_start(lab2->pdev, 1);
	dma_addr_t dma;

	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	dma = dma_map_phys(dev, phys, 4096, DMA_BIDIRECTIONAL, DMA_ATTR_MMIO);
	/*
	 * Where a card's bus shows it memory only, another card is out of its reach; and registers
	 * can't be bounced.
	 */
	if (dma_mapping_error(dev, dma)) {
		assert_true(machine_is("rpi-like") || machine_bounces_all());
		return;
	}
	dma_unmap_phys(dev, dma, 4096, DMA_BIDIRECTIONAL, attrs);
	expect_finding("STR-04", findings);
}

static void test_CHK_01_STR_04_bug_unmaps_registers_as_memory(void **state)
{
	unmap_registers_with(0, 1);
}

static void test_CHK_01_STR_04_near_unmaps_registers_as_such(void **state)
{
	unmap_registers_with(DMA_ATTR_MMIO, 0);
}

static void unmap_in_two_lines(dma_addr_t dma, bool first)
{
	if (first)
		dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	else
		dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
}

/* Once for each place that maps, wherever the address is used then. */
static void test_CHK_01_STR_02_bug_never_asks_and_unmaps_in_two_places(void **state)
{
	u8 *memory = must_kmalloc(SIZE);

	for (int i = 0; i < 4; i++)
		unmap_in_two_lines(dma_map_single(dev, memory, SIZE, DMA_TO_DEVICE), i & 1);
	expect_finding("STR-02", 4);
	assert_int_equal(dmk_checker_findings(dmk_boot_checker()), 1);
	kfree(memory);
}

static void test_CHK_01_STR_02_near_asks_late(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t first = dma_map_single(dev, memory, SIZE / 2, DMA_TO_DEVICE);
	dma_addr_t second = dma_map_single(dev, memory + SIZE / 2, SIZE / 2, DMA_TO_DEVICE);

	assert_false(dma_mapping_error(dev, first) || dma_mapping_error(dev, second));
	dma_unmap_single(dev, second, SIZE / 2, DMA_TO_DEVICE);
	dma_unmap_single(dev, first, SIZE / 2, DMA_TO_DEVICE);
	kfree(memory);
}

/* --- sync ------------------------------------------------------------------------------------- */

static void test_CHK_01_SYN_04_bug_syncs_nothing(void **state)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	dma_sync_single_for_cpu(dev, buffer.dma ^ 0x10000000, SIZE, DMA_FROM_DEVICE);
	expect_finding("SYN-04", 1);
	close_buffer(&buffer);
}

static void test_CHK_01_SYN_04_bug_syncs_a_byte_too_many(void **state)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	dma_sync_single_for_cpu(dev, buffer.dma, SIZE + 1, DMA_FROM_DEVICE);
	expect_finding("SYN-04", 1);
	close_buffer(&buffer);
}

static void test_CHK_01_SYN_04_bug_syncs_from_a_byte_before(void **state)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	dma_sync_single_for_cpu(dev, buffer.dma - 1, 2, DMA_FROM_DEVICE);
	expect_finding("SYN-04", 1);
	close_buffer(&buffer);
}

static void test_CHK_01_SYN_04_bug_fetches_from_a_device_that_only_reads(void **state)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	dma_sync_single_for_cpu(dev, buffer.dma, SIZE, DMA_FROM_DEVICE);
	expect_finding("SYN-04", 1);
	assert_non_null(strstr(finding_of("SYN-04")->what, "only reads"));
	close_buffer(&buffer);
}

static void test_CHK_01_SYN_04_bug_brings_to_a_device_that_only_writes(void **state)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	dma_sync_single_for_device(dev, buffer.dma, SIZE, DMA_TO_DEVICE);
	expect_finding("SYN-04", 1);
	assert_non_null(strstr(finding_of("SYN-04")->what, "only writes"));
	close_buffer(&buffer);
}

static void test_CHK_01_SYN_04_near_syncs_one_way_of_both(void **state)
{
	struct buffer buffer = open_buffer(DMA_BIDIRECTIONAL);

	dma_sync_single_for_cpu(dev, buffer.dma, SIZE, DMA_FROM_DEVICE);
	dma_sync_single_for_device(dev, buffer.dma, SIZE, DMA_TO_DEVICE);
	close_buffer(&buffer);
}

static void sync_list(enum dma_data_direction dir, int nents)
{
	u8 *memory = must_kmalloc(SIZE);
	struct scatterlist sg[2];

	sg_init_table(sg, 2);
	sg_set_buf(&sg[0], memory, SIZE / 2);
	sg_set_buf(&sg[1], memory + SIZE / 2, SIZE / 2);
	assert_true(dma_map_sg(dev, sg, 2, DMA_TO_DEVICE) > 0);
	dma_sync_sg_for_cpu(dev, sg, nents, DMA_TO_DEVICE);
	dma_sync_sg_for_device(dev, sg, 2, dir);
	dma_unmap_sg(dev, sg, 2, DMA_TO_DEVICE);
	kfree(memory);
}

static void test_CHK_01_SYN_04_bug_syncs_a_list_in_another_direction(void **state)
{
	sync_list(DMA_FROM_DEVICE, 2);
	expect_finding("SYN-04", 1);
}

static void test_CHK_01_SGL_05_bug_syncs_fewer_entries(void **state)
{
	sync_list(DMA_TO_DEVICE, 1);
	expect_finding("SGL-05", 1);
}

static void test_CHK_01_SGL_05_near_syncs_all_entries(void **state)
{
	sync_list(DMA_TO_DEVICE, 2);
}

/* --- masks ------------------------------------------------------------------------------------ */

static void test_CHK_01_MSK_03_bug_has_no_mask_at_all(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	u64 *mask = dev->dma_mask;

	dev->dma_mask = NULL;
	assert_true(dma_mapping_error(dev, dma_map_single(dev, memory, SIZE, DMA_TO_DEVICE)));
	dev->dma_mask = mask;
	expect_finding("MSK-03", 1);
	kfree(memory);
}

static void test_CHK_01_MSK_03_bug_has_no_device(void **state)
{
	u8 *memory = must_kmalloc(SIZE);

	assert_true(dma_mapping_error(NULL, dma_map_single(NULL, memory, SIZE, DMA_TO_DEVICE)));
	expect_finding("MSK-03", 1);
	kfree(memory);
}

/* A warning: nothing went wrong yet, because the other mask is what this driver uses. */
static void test_CHK_01_MSK_03_bug_ignores_a_refused_mask(void **state)
{
	struct buffer buffer;

	assert_true(dma_set_coherent_mask(dev, DMA_BIT_MASK(8)) < 0);
	buffer = open_buffer(DMA_TO_DEVICE);
	close_buffer(&buffer);
	lab_unbind();
	expect_finding("MSK-03", 1);
	assert_int_equal(finding_of("MSK-03")->rule->severity, DMK_SEVERITY_WARNING);
}

static void test_CHK_01_MSK_03_near_gives_up_after_a_refused_mask(void **state)
{
	assert_true(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(8)) < 0);
	lab_unbind();
}

static void test_CHK_01_MSK_03_near_keeps_the_wider_mask(void **state)
{
	struct buffer buffer;

	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(32)), 0);
	assert_true(dma_set_mask(dev, DMA_BIT_MASK(8)) < 0);
	buffer = open_buffer(DMA_TO_DEVICE);
	close_buffer(&buffer);
}

/* --- consistent memory ------------------------------------------------------------------------ */

static void test_CHK_01_COH_07_bug_frees_with_other_attributes(void **state)
{
	dma_addr_t dma = 0;
	void *memory = dma_alloc_wc(dev, SIZE, &dma, GFP_KERNEL);

	assert_non_null(memory);
	dma_free_coherent(dev, SIZE, memory, dma);
	expect_finding("COH-07", 1);
}

static void test_CHK_01_COH_07_near_frees_with_its_attributes(void **state)
{
	dma_addr_t dma = 0;
	void *memory = dma_alloc_wc(dev, SIZE, &dma, GFP_KERNEL);

	assert_non_null(memory);
	dma_free_wc(dev, SIZE, memory, dma);
}

static void test_CHK_01_COH_07_bug_frees_what_was_mapped(void **state)
{
	struct buffer buffer = open_buffer(DMA_BIDIRECTIONAL);

	dma_free_coherent(dev, SIZE, buffer.memory, buffer.dma);
	expect_finding("COH-07", 1);
	close_buffer(&buffer);
}

static void test_CHK_01_MSK_03_bug_allocates_for_no_device(void **state)
{
	dma_addr_t dma = 0;

	assert_null(dma_alloc_coherent(NULL, SIZE, &dma, GFP_KERNEL));
	expect_finding("MSK-03", 1);
}

static DEFINE_SPINLOCK(lock);

static void test_CHK_01_CTX_01_bug_frees_consistent_memory_with_a_lock_held(void **state)
{
	dma_addr_t dma = 0;
	void *memory = dma_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL);

	assert_non_null(memory);
	spin_lock(&lock);
	dma_free_coherent(dev, SIZE, memory, dma);
	spin_unlock(&lock);
	expect_finding("CTX-01", 1);
}

static void test_CHK_01_CTX_01_bug_makes_a_pool_with_a_lock_held(void **state)
{
	struct dma_pool *pool;

	spin_lock(&lock);
	pool = dma_pool_create("list", dev, 64, 64, 0);
	spin_unlock(&lock);
	assert_non_null(pool);
	expect_finding("CTX-01", 1);
	dma_pool_destroy(pool);
}

static void test_CHK_01_CTX_01_bug_destroys_a_pool_with_a_lock_held(void **state)
{
	struct dma_pool *pool = dma_pool_create("list", dev, 64, 64, 0);

	assert_non_null(pool);
	spin_lock(&lock);
	dma_pool_destroy(pool);
	spin_unlock(&lock);
	expect_finding("CTX-01", 1);
}

/* A block is what may be given back there. */
static void test_CHK_01_CTX_01_near_frees_a_block_with_a_lock_held(void **state)
{
	struct dma_pool *pool = dma_pool_create("list", dev, 64, 64, 0);
	dma_addr_t dma = 0;
	void *block;

	assert_non_null(pool);
	spin_lock(&lock);
	block = dma_pool_alloc(pool, GFP_ATOMIC, &dma);
	if (block)
		dma_pool_free(pool, block, dma);
	spin_unlock(&lock);
	dma_pool_destroy(pool);
}

/* The mistake was said when it was made: that the block is missing afterwards is the same one. */
static void test_CHK_01_POL_05_bug_gives_a_block_to_the_wrong_pool_and_ends_both(void **state)
{
	struct dma_pool *pool = dma_pool_create("list", dev, 64, 64, 0);
	struct dma_pool *other = dma_pool_create("other", dev, 64, 64, 0);
	dma_addr_t dma = 0;

	assert_non_null(pool);
	assert_non_null(other);
	dma_pool_free(other, dma_pool_alloc(pool, GFP_KERNEL, &dma), dma);
	dma_pool_destroy(other);
	dma_pool_destroy(pool);
	expect_finding("POL-05", 1);
}

/* --- mappings side by side, and again --------------------------------------------------------- */

static void test_CHK_01_STR_09_near_maps_memory_twice_and_syncs_by_itself(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t first = dma_map_single_attrs(dev, memory, SIZE, DMA_FROM_DEVICE,
						DMA_ATTR_SKIP_CPU_SYNC);
	dma_addr_t second;

	assert_false(dma_mapping_error(dev, first));
	second = must_map(dev, memory, SIZE, DMA_FROM_DEVICE);
	dma_unmap_single(dev, second, SIZE, DMA_FROM_DEVICE);
	dma_unmap_single_attrs(dev, first, SIZE, DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
	kfree(memory);
}

/* One variable for one list after another: what it held was put by. */
static void test_CHK_01_SGL_06_near_maps_another_list_in_the_same_place(void **state)
{
	u8 *one = must_kmalloc(SIZE), *two = must_kmalloc(SIZE);
	struct scatterlist sg, put_by;

	sg_init_one(&sg, one, SIZE);
	assert_int_equal(dma_map_sg(dev, &sg, 1, DMA_TO_DEVICE), 1);
	put_by = sg;
	sg_init_one(&sg, two, SIZE);
	assert_int_equal(dma_map_sg(dev, &sg, 1, DMA_TO_DEVICE), 1);
	dma_unmap_sg(dev, &sg, 1, DMA_TO_DEVICE);
	sg = put_by;
	dma_unmap_sg(dev, &sg, 1, DMA_TO_DEVICE);
	kfree(two);
	kfree(one);
}

/* The CPU may have only looked at it. */
static void test_CHK_01_SYN_02_near_looks_at_a_buffer_that_both_write(void **state)
{
	struct buffer buffer = open_buffer(DMA_BIDIRECTIONAL);
	u8 seen[16];

	dma_sync_single_for_cpu(dev, buffer.dma, SIZE, DMA_BIDIRECTIONAL);
	lab_read(lab, buffer.dma, seen, sizeof(seen));
	close_buffer(&buffer);
}

static noinline void map_and_forget(void *memory)
{
	must_map(dev, memory, 32, DMA_TO_DEVICE);
}

static void test_CHK_01_STR_06_bug_leaks_in_each_life(void **state)
{
	u8 *memory = must_kmalloc(SIZE);

	for (int life = 0; life < 2; life++) {
		assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32)), 0);
		map_and_forget(memory);
		map_and_forget(memory + 128);
		lab_unbind();
		lab_bind();
	}
	expect_finding("STR-06", 4);
	assert_int_equal(dmk_checker_findings(dmk_boot_checker()), 1);
	kfree(memory);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_CHK_01_STR_11_bug_maps_memory_of_the_c_library),
		CONTRACT_TEST(test_CHK_01_STR_11_bug_maps_null),
		CONTRACT_TEST(test_CHK_01_STR_11_bug_maps_more_than_there_is),
		CONTRACT_TEST(test_CHK_01_MEM_03_bug_maps_code),
		CONTRACT_TEST(test_CHK_01_MSK_08_bug_crosses_the_boundary),
		CONTRACT_TEST(test_CHK_01_MSK_08_near_ends_at_the_boundary),
		CONTRACT_TEST(test_CHK_01_STR_04_bug_unmaps_what_is_not_mapped),
		CONTRACT_TEST(test_CHK_01_STR_04_bug_unmaps_a_part),
		CONTRACT_TEST(test_CHK_01_STR_04_bug_unmaps_more_than_was_mapped),
		CONTRACT_TEST(test_CHK_01_STR_04_bug_unmaps_a_list_as_a_single),
		CONTRACT_TEST(test_CHK_01_DIR_04_bug_unmaps_a_bidirectional_buffer_one_way),
		CONTRACT_TEST(test_CHK_01_DIR_04_bug_unmaps_a_list_in_another_direction),
		CONTRACT_TEST(test_CHK_01_STR_04_bug_unmaps_registers_as_memory),
		CONTRACT_TEST(test_CHK_01_STR_04_near_unmaps_registers_as_such),
		CONTRACT_TEST(test_CHK_01_STR_02_bug_never_asks_and_unmaps_in_two_places),
		CONTRACT_TEST(test_CHK_01_STR_02_near_asks_late),
		CONTRACT_TEST(test_CHK_01_SYN_04_bug_syncs_nothing),
		CONTRACT_TEST(test_CHK_01_SYN_04_bug_syncs_a_byte_too_many),
		CONTRACT_TEST(test_CHK_01_SYN_04_bug_syncs_from_a_byte_before),
		CONTRACT_TEST(test_CHK_01_SYN_04_bug_fetches_from_a_device_that_only_reads),
		CONTRACT_TEST(test_CHK_01_SYN_04_bug_brings_to_a_device_that_only_writes),
		CONTRACT_TEST(test_CHK_01_SYN_04_near_syncs_one_way_of_both),
		CONTRACT_TEST(test_CHK_01_SYN_04_bug_syncs_a_list_in_another_direction),
		CONTRACT_TEST(test_CHK_01_SGL_05_bug_syncs_fewer_entries),
		CONTRACT_TEST(test_CHK_01_SGL_05_near_syncs_all_entries),
		CONTRACT_TEST(test_CHK_01_MSK_03_bug_has_no_mask_at_all),
		CONTRACT_TEST(test_CHK_01_MSK_03_bug_has_no_device),
		CONTRACT_TEST(test_CHK_01_MSK_03_bug_ignores_a_refused_mask),
		CONTRACT_TEST(test_CHK_01_MSK_03_near_gives_up_after_a_refused_mask),
		CONTRACT_TEST(test_CHK_01_MSK_03_near_keeps_the_wider_mask),
		CONTRACT_TEST(test_CHK_01_COH_07_bug_frees_with_other_attributes),
		CONTRACT_TEST(test_CHK_01_COH_07_near_frees_with_its_attributes),
		CONTRACT_TEST(test_CHK_01_COH_07_bug_frees_what_was_mapped),
		CONTRACT_TEST(test_CHK_01_MSK_03_bug_allocates_for_no_device),
		CONTRACT_TEST(test_CHK_01_CTX_01_bug_frees_consistent_memory_with_a_lock_held),
		CONTRACT_TEST(test_CHK_01_CTX_01_bug_makes_a_pool_with_a_lock_held),
		CONTRACT_TEST(test_CHK_01_CTX_01_bug_destroys_a_pool_with_a_lock_held),
		CONTRACT_TEST(test_CHK_01_CTX_01_near_frees_a_block_with_a_lock_held),
		CONTRACT_TEST(test_CHK_01_POL_05_bug_gives_a_block_to_the_wrong_pool_and_ends_both),
		CONTRACT_TEST(test_CHK_01_STR_09_near_maps_memory_twice_and_syncs_by_itself),
		CONTRACT_TEST(test_CHK_01_SGL_06_near_maps_another_list_in_the_same_place),
		CONTRACT_TEST(test_CHK_01_SYN_02_near_looks_at_a_buffer_that_both_write),
		CONTRACT_TEST(test_CHK_01_STR_06_bug_leaks_in_each_life),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
