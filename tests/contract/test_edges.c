// SPDX-License-Identifier: MIT
/*
 * What the files of the groups leave out: second halves of rules, the calls that are used less,
 * what happens at the last byte.
 */
#include "harness.h"

#include <linux/highmem.h>

enum { SIZE = 512 };

/* --- ADR, MEM --------------------------------------------------------------------------------- */

static void test_ADR_03_a_plain_write_to_a_register_is_reported_and_arrives(void **state)
{
	volatile u32 *wrong = (__force volatile u32 *)(lab->regs + 4);

	*wrong = 0x600dcafe;
	assert_int_equal(readl(lab->regs + 4), 0x600dcafe);
	expect_finding("ADR-03", 1);
}

static void test_MEM_02_the_pages_of_a_vmalloc_area_can_be_mapped_as_a_list(void **state)
{
	u8 *memory = vmalloc(3 * PAGE_SIZE), *seen = must_kmalloc(PAGE_SIZE);
	struct scatterlist sg[3], *s;
	size_t total = 0;
	int i, mapped;

	assert_non_null(memory);
	fill_bytes(memory, 3 * PAGE_SIZE, 1);
	sg_init_table(sg, 3);
	for (i = 0; i < 3; i++)
		sg_set_page(&sg[i], vmalloc_to_page(memory + i * PAGE_SIZE), PAGE_SIZE, 0);
	mapped = dma_map_sg(dev, sg, 3, DMA_TO_DEVICE);
	assert_true(mapped > 0);
	for_each_sg(sg, s, mapped, i) {
		assert_int_equal(lab_read(lab, sg_dma_address(s), seen, sg_dma_len(s)), 0);
		assert_memory_equal(seen, memory + total, sg_dma_len(s));
		total += sg_dma_len(s);
	}
	assert_int_equal(total, 3 * PAGE_SIZE);
	dma_unmap_sg(dev, sg, 3, DMA_TO_DEVICE);
	kfree(seen);
	vfree(memory);
}

static void test_MEM_05_a_vmalloc_area_cannot_be_freed_while_a_page_of_it_is_mapped(void **state)
{
	u8 *memory = vmalloc(2 * PAGE_SIZE);
	dma_addr_t dma;

	assert_non_null(memory);
	dma = dma_map_page(dev, vmalloc_to_page(memory + PAGE_SIZE), 0, PAGE_SIZE, DMA_TO_DEVICE);
	assert_false(dma_mapping_error(dev, dma));
	vfree(memory);
	expect_finding("MEM-05", 1);
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
}

static void test_MEM_06_kmalloc_gives_memory_of_the_dma_zone_or_none(void **state)
{
	void *memory = kmalloc(100, GFP_KERNEL | GFP_DMA);

	if (!machine()->dma_zone_last) {
		assert_null(memory);
		return;
	}
	assert_non_null(memory);
	assert_true(virt_to_phys(memory) + 99 <= machine()->dma_zone_last);
	kfree(memory);
}

/* --- MSK -------------------------------------------------------------------------------------- */

/*
 * Not merely "no bad address": where the machine bounces, a device of 24 bits works, from wherever
 * the memory comes.
 */
static void test_MSK_05_a_device_of_24_bits_works_where_the_machine_bounces(void **state)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	u8 bytes[64], *at;
	dma_addr_t dma;

	assert_non_null(page);
	if (!machine_is("pc")) {
		__free_page(page);
		skip();
	}
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(24)), 0);
	dma = dma_map_page(dev, page, 4096 - 64, 64, DMA_FROM_DEVICE);
	assert_false(dma_mapping_error(dev, dma));
	assert_true(dma + 63 <= DMA_BIT_MASK(24));
	fill_bytes(bytes, 64, 8);
	assert_int_equal(lab_write(lab, dma, bytes, 64), 0);
	dma_unmap_page(dev, dma, 64, DMA_FROM_DEVICE);
	at = kmap_local_page(page);
	assert_true(bytes_are(at + 4096 - 64, 64, 8));
	kunmap_local(at);
	__free_page(page);
}

static void test_MSK_08_the_next_driver_finds_no_limits_of_the_last_one(void **state)
{
	assert_int_equal(dma_get_max_seg_size(dev), 65536);
	dma_set_max_seg_size(dev, 512);
	dma_set_seg_boundary(dev, 4095);
	dma_set_min_align_mask(dev, 4095);
	lab_unbind();
	lab_bind();
	assert_int_equal(dma_get_max_seg_size(dev), 65536);
	assert_true(dma_get_seg_boundary(dev) == DMA_BIT_MASK(32));
	assert_int_equal(dma_get_min_align_mask(dev), 0);
}

/* --- COH, POL --------------------------------------------------------------------------------- */

static void test_COH_02_both_addresses_have_the_alignment(void **state)
{
	static const size_t sizes[] = {1, 4096, 4097, 9000, 16385, 65536};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		const size_t align = PAGE_SIZE << get_order(sizes[i]);
		dma_addr_t dma = 0;
		void *memory = dma_alloc_coherent(dev, sizes[i], &dma, GFP_KERNEL);

		if (!memory) {
			assert_true(machine_is("tiny") && sizes[i] > 4096);
			continue;
		}
		assert_int_equal(dma & (align - 1), 0);
		assert_int_equal((uintptr_t)memory & (align - 1), 0);
		dma_free_coherent(dev, sizes[i], memory, dma);
	}
}

struct many {
	void *memory[512];
	dma_addr_t dma[512];
	int n;
};

static void allocate_until_null(void *argument)
{
	struct many *many = argument;

	while (many->n < 512) {
		many->memory[many->n] = dma_alloc_coherent(dev, PAGE_SIZE, &many->dma[many->n],
							   GFP_ATOMIC | __GFP_NOWARN);
		if (!many->memory[many->n])
			break;
		many->n++;
	}
}

/*
 * All of it is distinct, zeroed memory that the card reaches; what is given back can be had again.
 */
static void test_COH_06_the_pool_of_gfp_atomic_ends_with_null_and_recovers(void **state)
{
	static struct many many;
	u8 bytes[16];
	int first;

	many.n = 0;
	in_interrupt_call(allocate_until_null, &many);
	first = many.n;
	assert_true(first > 0);
	for (int i = 0; i < many.n; i++) {
		assert_null(memchr_inv(many.memory[i], 0, PAGE_SIZE));
		*(int *)many.memory[i] = i;
	}
	for (int i = 0; i < many.n; i++) {
		assert_int_equal(*(int *)many.memory[i], i);
		assert_int_equal(lab_read(lab, many.dma[i], bytes, sizeof(bytes)), 0);
		assert_int_equal(*(int *)bytes, i);
	}
	while (many.n)
		many.n--, dma_free_coherent(dev, PAGE_SIZE, many.memory[many.n], many.dma[many.n]);
	in_interrupt_call(allocate_until_null, &many);
	/* The pool may have grown meanwhile. */
	assert_true(many.n >= first);
	while (many.n)
		many.n--, dma_free_coherent(dev, PAGE_SIZE, many.memory[many.n], many.dma[many.n]);
}

struct fresh {
	struct dma_pool *pool;
	void *block;
	dma_addr_t dma;
};

static void allocate_fresh(void *argument)
{
	struct fresh *fresh = argument;

	fresh->block = dma_pool_alloc(fresh->pool, GFP_ATOMIC, &fresh->dma);
}

static void test_POL_04_an_empty_pool_takes_its_first_page_in_an_interrupt(void **state)
{
	struct fresh fresh = {.pool = dma_pool_create("fresh", dev, 64, 64, 0)};

	assert_non_null(fresh.pool);
	in_interrupt_call(allocate_fresh, &fresh);
	assert_non_null(fresh.block);
	memset(fresh.block, 1, 64);
	dma_pool_free(fresh.pool, fresh.block, fresh.dma);
	dma_pool_destroy(fresh.pool);
}

static void test_POL_05_a_handle_of_another_block_of_the_pool_is_wrong(void **state)
{
	struct dma_pool *pool = dma_pool_create("pairs", dev, 64, 64, 0);
	dma_addr_t dma[2];
	void *block[2];

	assert_non_null(pool);
	for (int i = 0; i < 2; i++) {
		block[i] = dma_pool_alloc(pool, GFP_KERNEL, &dma[i]);
		assert_non_null(block[i]);
	}
	dma_pool_free(pool, block[0], dma[1]);
	expect_finding("POL-05", 1);
	for (int i = 0; i < 2; i++)
		dma_pool_free(pool, block[i], dma[i]);
	dma_pool_destroy(pool);
}

/* --- DIR, STR --------------------------------------------------------------------------------- */

static void test_DIR_01_no_call_maps_in_no_direction(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	struct scatterlist sg;

	sg_init_one(&sg, memory, SIZE);
	assert_int_equal(dma_map_sg(dev, &sg, 1, DMA_NONE), 0);
	expect_finding("DIR-01", 1);
	assert_true(dma_mapping_error(dev, dma_map_page(dev, virt_to_page(memory), 0, 64,
							(enum dma_data_direction)4)));
	expect_finding("DIR-01", 1);
	assert_true(dma_mapping_error(dev, dma_map_resource(dev, pci_resource_start(lab2->pdev, 1),
							    64, DMA_NONE, 0)));
	expect_finding("DIR-01", 1);
	kfree(memory);
}

static void map_less_usual(void *argument)
{
	int *failures = argument;
	void *memory = kmalloc(SIZE, GFP_ATOMIC);
	struct scatterlist sg;
	dma_addr_t dma;

	dma = dma_map_phys(dev, virt_to_phys(memory), SIZE, DMA_TO_DEVICE, 0);
	*failures += dma_mapping_error(dev, dma) != 0;
	dma_unmap_phys(dev, dma, SIZE, DMA_TO_DEVICE, 0);
	sg_init_one(&sg, memory, SIZE);
	*failures += dma_map_sg_attrs(dev, &sg, 1, DMA_TO_DEVICE, DMA_ATTR_WEAK_ORDERING) != 1;
	dma_unmap_sg_attrs(dev, &sg, 1, DMA_TO_DEVICE, DMA_ATTR_WEAK_ORDERING);
	if (machine_is("pc")) {
		dma = dma_map_resource(dev, pci_resource_start(lab2->pdev, 0), 64,
				       DMA_BIDIRECTIONAL, 0);
		*failures += dma_mapping_error(dev, dma) != 0;
		dma_unmap_resource(dev, dma, 64, DMA_BIDIRECTIONAL, 0);
	}
	kfree(memory);
}

static void test_STR_01_lists_physical_addresses_and_registers_map_in_an_interrupt(void **state)
{
	int failures = 0;

	map_less_usual(&failures);
	in_interrupt_call(map_less_usual, &failures);
	assert_int_equal(failures, 0);
}

/*
 * One device has used up what it bounces in: another one, which reaches its memory, notices
 * nothing.
 */
static void test_STR_05_a_device_that_needs_no_slot_is_not_in_the_way_of_one_that_does(void **state)
{
	enum { MOST = 1000 };
	static dma_addr_t dma[MOST];
	u8 *memory = must_kmalloc(2048), seen[SIZE];
	dma_addr_t other;
	int n;

	if (!machine_is("pc")) {
		kfree(memory);
		skip();
	}
	fill_bytes(memory, SIZE, 7);
	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(24)), 0);
	assert_int_equal(dma_set_mask(dev2, DMA_BIT_MASK(64)), 0);
	for (n = 0; n < MOST; n++) {
		dma[n] = dma_map_single(dev, memory, 2048, DMA_TO_DEVICE);
		if (dma_mapping_error(dev, dma[n]))
			break;
	}

	assert_true(n > 0 && n < MOST);
	other = must_map(dev2, memory, SIZE, DMA_TO_DEVICE);
	assert_int_equal(lab_read(lab2, other, seen, SIZE), 0);
	assert_true(bytes_are(seen, SIZE, 7));
	dma_unmap_single(dev2, other, SIZE, DMA_TO_DEVICE);
	while (n--)
		dma_unmap_single(dev, dma[n], 2048, DMA_TO_DEVICE);
	kfree(memory);
}

static noinline void map_and_forget(void *memory)
{
	must_map(dev, memory, 100, DMA_TO_DEVICE);
}

/* One report for the place, with how many and how much. */
static void test_STR_06_leaks_of_one_place_are_one_report_with_count_and_bytes(void **state)
{
	void *memory = must_kmalloc(SIZE);

	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32)), 0);
	for (int i = 0; i < 3; i++)
		map_and_forget(memory + i * 128);
	lab_unbind();
	expect_finding("STR-06", 3);
	assert_int_equal(dmk_checker_findings(dmk_boot_checker()), 1);
	assert_int_equal(finding_of("STR-06")->count, 3);
	assert_non_null(strstr(finding_of("STR-06")->what, "3 mappings"));
	assert_non_null(strstr(finding_of("STR-06")->what, "300 bytes"));
	kfree(memory);
}

/* Of a device that no driver let go of before the end. */
static void test_STR_06_what_is_mapped_when_the_program_ends_is_a_leak(void **state)
{
	map_and_forget(must_kmalloc(SIZE));
	expect_at_exit("STR-06", 1);
}

/*
 * RAM goes on behind the direct map where there is high memory: the direct map's addresses don't.
 */
static void test_STR_11_a_range_that_runs_out_of_low_memory_fails(void **state)
{
	u8 *end = (u8 *)machine()->direct_base + machine()->direct_last.v;

	assert_true(dma_mapping_error(dev, dma_map_single(dev, end, 2, DMA_TO_DEVICE)));
	expect_finding("STR-11", 1);
}

/* --- SGL, SYN --------------------------------------------------------------------------------- */

static void test_SGL_03_map_sgtable_says_why_it_failed(void **state)
{
	u8 *memory = must_kmalloc(SIZE);
	struct sg_table table;

	assert_int_equal(sg_alloc_table(&table, 2, GFP_KERNEL), 0);
	sg_set_buf(&table.sgl[0], memory, SIZE);
	assert_int_equal(dma_map_sgtable(dev, &table, DMA_TO_DEVICE, 0), -EINVAL);
	expect_finding("STR-11", 1);
	sg_set_buf(&table.sgl[1], memory, SIZE);
	assert_int_equal(dma_map_sgtable(dev, &table, DMA_NONE, 0), -EINVAL);
	expect_finding("DIR-01", 1);
	sg_free_table(&table);
	kfree(memory);
}

static void test_SGL_03_map_sgtable_out_of_slots_is_enomem_and_leaves_nothing(void **state)
{
	enum {
		ENTRIES = 1200
	/*
	 * of two slots each, of 128 that there are, or of 2048 behind a firewall; of a granule each
	 * where few have addresses
	 */
	};
	struct dmk_bounce_stats before, stats;
	u8 *memory = must_kmalloc(4096);
	struct sg_table table;
	struct scatterlist *s;
	int i;

	assert_int_equal(sg_alloc_table(&table, ENTRIES, GFP_KERNEL), 0);
	for_each_sgtable_sg(&table, s, i)
		sg_set_buf(s, memory, 4096);
	scarce_addresses(ENTRIES / 2);
	dmk_bounce_statistics(&dev->dmk, &before);
	assert_int_equal(dma_map_sgtable(dev, &table, DMA_TO_DEVICE, 0), -ENOMEM);
	dmk_bounce_statistics(&dev->dmk, &stats);
	assert_int_equal(stats.used, before.used);
	sg_free_table(&table);
	kfree(memory);
}

/* Each entry, both ways. */
static void test_SYN_01_a_sync_of_a_list_hands_over_every_entry(void **state)
{
	struct scatterlist sg[3], *s;
	u8 *part[3], bytes[SIZE];
	int i;

	sg_init_table(sg, 3);
	for (i = 0; i < 3; i++) {
		part[i] = must_kmalloc(SIZE);
		sg_set_buf(&sg[i], part[i], SIZE);
	}
	assert_int_equal(dma_map_sg(dev, sg, 3, DMA_BIDIRECTIONAL), 3);
	for_each_sg(sg, s, 3, i) {
		fill_bytes(bytes, SIZE, 20 + i);
		assert_int_equal(lab_write(lab, sg_dma_address(s), bytes, SIZE), 0);
	}
	dma_sync_sg_for_cpu(dev, sg, 3, DMA_BIDIRECTIONAL);
	for (i = 0; i < 3; i++) {
		assert_true(bytes_are(part[i], SIZE, 20 + i));
		fill_bytes(part[i], SIZE, 30 + i);
	}
	dma_sync_sg_for_device(dev, sg, 3, DMA_BIDIRECTIONAL);
	for_each_sg(sg, s, 3, i) {
		assert_int_equal(lab_read(lab, sg_dma_address(s), bytes, SIZE), 0);
		assert_true(bytes_are(bytes, SIZE, 30 + i));
	}
	dma_unmap_sg(dev, sg, 3, DMA_BIDIRECTIONAL);
	for (i = 0; i < 3; i++)
		kfree(part[i]);
}

/* --- the card --------------------------------------------------------------------------------- */

static void test_configuration_space_ends_where_it_ends(void **state)
{
	u32 value = 0;
	u16 half = 0;

	assert_int_equal(pci_read_config_dword(lab->pdev, lab->pdev->cfg_size - 4, &value), 0);
	value = 0;
	assert_true(pci_read_config_dword(lab->pdev, lab->pdev->cfg_size, &value));
	assert_true(value == ~0u);
	assert_true(pci_read_config_word(lab->pdev, -2, &half));
	assert_true(pci_write_config_dword(lab->pdev, lab->pdev->cfg_size, 1));
	assert_true(pci_read_config_dword(lab->pdev, 2, &value));
}

static void test_no_more_vectors_are_given_than_the_card_has(void **state)
{
	/* pc-isa has lines only. */
	int given = machine_is("pc-isa") ? -ENOSPC : 4;

	assert_int_equal(pci_msix_vec_count(lab->pdev), 4);
	assert_int_equal(pci_alloc_irq_vectors(lab->pdev, 5, 64, PCI_IRQ_MSIX), -ENOSPC);
	assert_int_equal(pci_alloc_irq_vectors(lab->pdev, 1, 64, PCI_IRQ_MSIX), given);
	pci_free_irq_vectors(lab->pdev);
}

struct vector {
	int calls;
	struct completion called;
};

static irqreturn_t vector_interrupt(int irq, void *data)
{
	struct vector *vector = data;

	writel(3, lab->regs + DMK_LAB_IRQ_ACK);
	vector->calls++;
	complete(&vector->called);
	return IRQ_HANDLED;
}

/*
 * What came for a number that was given back is not for its next owner. Interrupts are called in
 * the order they came, so what was left over would be called before the second vector's.
 */
static void test_a_vector_that_was_given_back_leaves_no_interrupt_behind(void **state)
{
	struct vector vector[2] = {};

	if (pci_alloc_irq_vectors(lab->pdev, 2, 2, PCI_IRQ_MSIX) != 2)
		skip();
	writel(1, lab->regs + DMK_LAB_IRQ_RAISE);
	writel(1, lab->regs + DMK_LAB_IRQ_ACK);
	pci_free_irq_vectors(lab->pdev);

	assert_int_equal(pci_alloc_irq_vectors(lab->pdev, 2, 2, PCI_IRQ_MSIX), 2);
	for (int i = 0; i < 2; i++) {
		init_completion(&vector[i].called);
		assert_int_equal(request_irq(pci_irq_vector(lab->pdev, i), vector_interrupt, 0,
					     "vector", &vector[i]),
				 0);
	}
	writel(2, lab->regs + DMK_LAB_IRQ_RAISE);
	assert_true(wait_for_completion_timeout(&vector[1].called, msecs_to_jiffies(5000)) > 0);
	for (int i = 0; i < 2; i++)
		free_irq(pci_irq_vector(lab->pdev, i), &vector[i]);
	pci_free_irq_vectors(lab->pdev);
	assert_int_equal(vector[0].calls, 0);
	assert_int_equal(vector[1].calls, 1);
}

static int releases;

static void count_release(struct device *device, void *res)
{
	releases++;
}

static void test_COH_09_what_was_taken_out_of_the_managed_resources_is_not_released(void **state)
{
	void *kept = devres_alloc(count_release, 16, GFP_KERNEL);
	void *taken = devres_alloc(count_release, 16, GFP_KERNEL);

	releases = 0;
	devres_add(dev, taken);
	assert_ptr_equal(devres_remove(dev, count_release, NULL, NULL), taken);
	assert_null(devres_remove(dev, count_release, NULL, NULL));
	devres_add(dev, kept);
	lab_unbind();
	assert_int_equal(releases, 1);
	devres_free(taken);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_ADR_03_a_plain_write_to_a_register_is_reported_and_arrives),
		CONTRACT_TEST(test_MEM_02_the_pages_of_a_vmalloc_area_can_be_mapped_as_a_list),
		CONTRACT_TEST(
			test_MEM_05_a_vmalloc_area_cannot_be_freed_while_a_page_of_it_is_mapped),
		CONTRACT_TEST(test_MEM_06_kmalloc_gives_memory_of_the_dma_zone_or_none),
		CONTRACT_TEST(test_MSK_05_a_device_of_24_bits_works_where_the_machine_bounces),
		CONTRACT_TEST(test_MSK_08_the_next_driver_finds_no_limits_of_the_last_one),
		CONTRACT_TEST(test_COH_02_both_addresses_have_the_alignment),
		CONTRACT_TEST(test_COH_06_the_pool_of_gfp_atomic_ends_with_null_and_recovers),
		CONTRACT_TEST(test_POL_04_an_empty_pool_takes_its_first_page_in_an_interrupt),
		CONTRACT_TEST(test_POL_05_a_handle_of_another_block_of_the_pool_is_wrong),
		CONTRACT_TEST(test_DIR_01_no_call_maps_in_no_direction),
		CONTRACT_TEST(
			test_STR_01_lists_physical_addresses_and_registers_map_in_an_interrupt),
		CONTRACT_TEST_WITH(
			test_STR_05_a_device_that_needs_no_slot_is_not_in_the_way_of_one_that_does,
			"swiotlb=128"),
		CONTRACT_TEST(test_STR_06_leaks_of_one_place_are_one_report_with_count_and_bytes),
		CONTRACT_TEST(test_STR_06_what_is_mapped_when_the_program_ends_is_a_leak),
		CONTRACT_TEST(test_STR_11_a_range_that_runs_out_of_low_memory_fails),
		CONTRACT_TEST(test_SGL_03_map_sgtable_says_why_it_failed),
		CONTRACT_TEST_WITH(
			test_SGL_03_map_sgtable_out_of_slots_is_enomem_and_leaves_nothing,
			"swiotlb=128,force"),
		CONTRACT_TEST(test_SYN_01_a_sync_of_a_list_hands_over_every_entry),
		CONTRACT_TEST_WITH(test_SYN_01_a_sync_of_a_list_hands_over_every_entry,
				   "swiotlb=force"),
		CONTRACT_TEST(test_configuration_space_ends_where_it_ends),
		CONTRACT_TEST(test_no_more_vectors_are_given_than_the_card_has),
		CONTRACT_TEST(test_a_vector_that_was_given_back_leaves_no_interrupt_behind),
		CONTRACT_TEST(
			test_COH_09_what_was_taken_out_of_the_managed_resources_is_not_released),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
