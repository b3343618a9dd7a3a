// SPDX-License-Identifier: MIT
/*
 * IOM-01, COH-08: consistent memory behind an IOMMU, of pages that lie anywhere; and what devices
 * of one group leave behind. On machines whose IOMMU translates; where there is none, test_mem.c
 * says what holds.
 */
#include "harness.h"

#include <dmakit/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { SIZE = 1 << 20 };

static bool translates(void)
{
	return machine_bus()->iommu && !strstr(machine()->bootargs, "iommu.passthrough=1");
}

static size_t granule(void)
{
	const uint64_t sizes = machine_bus()->iommu->page_sizes;

	return (size_t)(sizes & -sizes);
}

/* All pages taken, and every other run of a granule given back: there is no longer one. */
static void *fragment(void)
{
	void *taken = NULL, *kept = NULL, *next;
	void **page;

	while ((page = (void **)__get_free_page(GFP_KERNEL | __GFP_NOWARN))) {
		*page = taken;
		taken = page;
	}
	for (; taken; taken = next) {
		next = *(void **)taken;
		if (virt_to_phys(taken) / granule() % 2) {
			free_page((unsigned long)taken);
			continue;
		}
		*(void **)taken = kept;
		kept = taken;
	}
	return kept;
}

static void give_all(void *taken)
{
	while (taken) {
		void *next = *(void **)taken;

		free_page((unsigned long)taken);
		taken = next;
	}
}

/* Both sides see each byte that the other one wrote. */
static void is_shared(dma_addr_t dma, u8 *memory, size_t size)
{
	static u8 bytes[LAB_BUFFER], other[LAB_BUFFER];

	for (size_t at = 0; at < size; at += LAB_BUFFER) {
		const size_t part = min_t(size_t, LAB_BUFFER, size - at);

		fill_bytes(memory + at, part, 1 + at / 4096);
		assert_int_equal(lab_read(lab, dma + at, bytes, part), 0);
		assert_true(bytes_are(bytes, part, 1 + at / 4096));
		fill_bytes(other, part, 77 + at / 4096);
		assert_int_equal(lab_write(lab, dma + at, other, part), 0);
	}
	for (size_t at = 0; at < size; at += LAB_BUFFER)
		assert_true(bytes_are(memory + at, min_t(size_t, LAB_BUFFER, size - at),
				      77 + at / 4096));
}

static void test_COH_08_IOM_01_a_mebibyte_is_had_where_no_run_is_longer_than_a_page(void **state)
{
	unsigned long before;
	dma_addr_t dma = 0;
	void *kept;
	u8 *memory;

	if (!translates())
		skip();
	kept = fragment();
	before = nr_free_pages();
	assert_null(dma_alloc_attrs(dev, SIZE, &dma, GFP_KERNEL | __GFP_NOWARN,
				    DMA_ATTR_FORCE_CONTIGUOUS));
	memory = dma_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL);
	assert_non_null(memory);
	assert_null(memchr_inv(memory, 0, SIZE));
	assert_int_equal(dma & (SIZE - 1), 0);
	assert_true(is_vmalloc_addr(memory));
	assert_false(virt_addr_valid(memory));
	is_shared(dma, memory, SIZE);
	dma_free_coherent(dev, SIZE, memory, dma);
	/* A table or two may be there that was not. */
	assert_in_range(nr_free_pages(), before - 40, before);
	assert_true(lab_write(lab, dma, "gone", 4) != 0 || strstr(machine()->bootargs, "strict=0"));
	expect_anything();
	give_all(kept);
}

static void test_COH_08_memory_is_given_back_to_the_page(void **state)
{
	static const unsigned long attrs[] = {0, DMA_ATTR_ALLOC_SINGLE_PAGES,
					      DMA_ATTR_NO_KERNEL_MAPPING,
					      DMA_ATTR_FORCE_CONTIGUOUS};
	unsigned long before = 0;
	dma_addr_t dma = 0;
	void *memory;

	for (unsigned int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(attrs); i++) {
			memory = dma_alloc_attrs(dev, 5 * SIZE + 1, &dma, GFP_KERNEL, attrs[i]);
			assert_non_null(memory);
			dma_free_attrs(dev, 5 * SIZE + 1, memory, dma, attrs[i]);
		}
		/* What is unmapped lazily, and tables that are empty, stay for a while. */
		msleep(50);
		for (unsigned int i = 0; i < 400 && nr_free_pages() < before; i++)
			msleep(5);
		assert_true(nr_free_pages() >= before);
		before = nr_free_pages();
	}
}

/* The pages behind the address are found as those of vmalloc() are. */
static void test_COH_08_ADR_04_the_pages_of_it_are_found(void **state)
{
	dma_addr_t dma = 0;
	u8 *memory = dma_alloc_coherent(dev, 5 * PAGE_SIZE, &dma, GFP_KERNEL);

	assert_non_null(memory);
	for (unsigned int i = 0; translates() && i < 5; i++) {
		struct page *page = vmalloc_to_page(memory + i * PAGE_SIZE);

		assert_non_null(page);
		memory[i * PAGE_SIZE] = 40 + i;
		if (machine_is_coherent())
			assert_int_equal(*(u8 *)page_address(page), 40 + i);
	}
	dma_free_coherent(dev, 5 * PAGE_SIZE, memory, dma);
}

static void test_MEM_02_consistent_memory_is_not_for_mapping(void **state)
{
	dma_addr_t dma = 0;
	void *memory = dma_alloc_coherent(dev, PAGE_SIZE, &dma, GFP_KERNEL);

	assert_non_null(memory);
	if (translates()) {
		assert_true(dma_mapping_error(dev, dma_map_single(dev, memory, 64, DMA_TO_DEVICE)));
		expect_finding("MEM-02", 1);
	}
	dma_free_coherent(dev, PAGE_SIZE, memory, dma);
}

struct atomic {
	void *memory;
	dma_addr_t dma;
};

static void allocate_atomic(void *argument)
{
	struct atomic *atomic = argument;

	atomic->memory = dma_alloc_coherent(dev, 2 * PAGE_SIZE, &atomic->dma, GFP_ATOMIC);
}

static void test_COH_06_in_an_interrupt_it_comes_from_what_was_made_beforehand(void **state)
{
	struct atomic atomic = {};

	in_interrupt_call(allocate_atomic, &atomic);
	assert_non_null(atomic.memory);
	is_shared(atomic.dma, atomic.memory, 2 * PAGE_SIZE);
	dma_free_coherent(dev, 2 * PAGE_SIZE, atomic.memory, atomic.dma);
}

/* --- shown to others -------------------------------------------------------------------------- */

static struct {
	void *cpu;
	struct sg_table *sgt;
	dma_addr_t dma;
	unsigned long attrs;
} shown;

static int mmap_it(struct file *file, struct vm_area_struct *vma)
{
	return shown.sgt ? dma_mmap_noncontiguous(dev, vma, SIZE, shown.sgt)
			 : dma_mmap_attrs(dev, vma, shown.cpu, shown.dma, SIZE, shown.attrs);
}

static const struct file_operations ops = {.owner = THIS_MODULE, .mmap = mmap_it};
static struct miscdevice misc = {.minor = MISC_DYNAMIC_MINOR, .name = "scatter", .fops = &ops};

/* From the second page on, across all the runs, to the last but one. */
static void see_it(void)
{
	const size_t size = SIZE - 2 * PAGE_SIZE;
	static u8 bytes[LAB_BUFFER];
	struct dmk_file *file;
	void *address;

	assert_int_equal(misc_register(&misc), 0);
	assert_int_equal(dmk_open("/dev/scatter", O_RDWR, &file), 0);
	assert_int_equal(
		dmk_mmap(file, size, PROT_READ | PROT_WRITE, MAP_SHARED, PAGE_SIZE, &address), 0);
	for (size_t at = 0; at < size; at += PAGE_SIZE)
		fill_bytes(address + at, PAGE_SIZE, at / PAGE_SIZE);
	if (shown.sgt)
		dma_sync_sgtable_for_device(dev, shown.sgt, DMA_TO_DEVICE);
	for (size_t at = 0; at < size; at += PAGE_SIZE) {
		assert_int_equal(lab_read(lab, shown.dma + PAGE_SIZE + at, bytes, PAGE_SIZE), 0);
		assert_true(bytes_are(bytes, PAGE_SIZE, at / PAGE_SIZE));
	}
	assert_int_equal(dmk_munmap(address, size), 0);
	dmk_close(file);
	misc_deregister(&misc);
}

static void test_COH_10_a_program_sees_all_the_runs(void **state)
{
	void *kept;

	if (!translates())
		skip();
	kept = fragment();
	for (unsigned int i = 0; i < 2; i++) {
		shown.attrs = i ? DMA_ATTR_NO_KERNEL_MAPPING : 0;
		shown.cpu = dma_alloc_attrs(dev, SIZE, &shown.dma, GFP_KERNEL, shown.attrs);
		assert_non_null(shown.cpu);
		see_it();
		dma_free_attrs(dev, SIZE, shown.cpu, shown.dma, shown.attrs);
	}
	shown.sgt = dma_alloc_noncontiguous(dev, SIZE, DMA_TO_DEVICE, GFP_KERNEL, 0);
	assert_non_null(shown.sgt);
	shown.dma = sg_dma_address(shown.sgt->sgl);
	see_it();
	dma_free_noncontiguous(dev, SIZE, shown.sgt, DMA_TO_DEVICE);
	shown.sgt = NULL;
	give_all(kept);
}

static void test_COH_10_another_device_maps_a_table_of_all_the_runs(void **state)
{
	dma_addr_t dma = 0;
	struct scatterlist *sg;
	struct sg_table sgt;
	static u8 bytes[LAB_BUFFER];
	size_t at = 0;
	void *kept;
	u8 *memory;
	int i;

	if (!translates())
		skip();
	kept = fragment();
	memory = dma_alloc_coherent(dev, 128 << 10, &dma, GFP_KERNEL);
	assert_non_null(memory);
	fill_bytes(memory, 64 << 10, 5);
	fill_bytes(memory + (64 << 10), 64 << 10, 6);
	assert_int_equal(dma_get_sgtable(dev, &sgt, memory, dma, 128 << 10), 0);
	assert_int_equal(sgt.orig_nents, (128 << 10) / granule());
	assert_int_equal(dma_map_sgtable(dev2, &sgt, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC), 0);
	for_each_sgtable_dma_sg(&sgt, sg, i) {
		for (size_t in = 0; in < sg_dma_len(sg); in += PAGE_SIZE, at += PAGE_SIZE) {
			assert_int_equal(lab_read(lab2, sg_dma_address(sg) + in,
						  bytes + at % LAB_BUFFER, PAGE_SIZE),
					 0);
			if ((at + PAGE_SIZE) % LAB_BUFFER == 0)
				assert_true(bytes_are(bytes, LAB_BUFFER, 5 + at / LAB_BUFFER));
		}
	}
	assert_int_equal(at, 128 << 10);
	dma_unmap_sgtable(dev2, &sgt, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(&sgt);
	dma_free_coherent(dev, 128 << 10, memory, dma);
	give_all(kept);
}

static void test_COH_10_a_list_is_one_segment_of_many_runs(void **state)
{
	struct sg_table *sgt;
	void *kept;
	u8 *view;

	if (!translates())
		skip();
	kept = fragment();
	sgt = dma_alloc_noncontiguous(dev, SIZE, DMA_BIDIRECTIONAL, GFP_KERNEL,
				      DMA_ATTR_ALLOC_SINGLE_PAGES);
	assert_non_null(sgt);
	assert_int_equal(sgt->nents, 1);
	assert_int_equal(sgt->orig_nents, SIZE / granule());
	assert_int_equal(sg_dma_len(sgt->sgl), SIZE);
	view = dma_vmap_noncontiguous(dev, SIZE, sgt);
	assert_non_null(view);
	assert_true(is_vmalloc_addr(view));
	fill_bytes(view, SIZE, 8);
	dma_sync_sgtable_for_device(dev, sgt, DMA_BIDIRECTIONAL);
	for (size_t at = 0; at < SIZE; at += LAB_BUFFER) {
		static u8 bytes[LAB_BUFFER];

		assert_int_equal(lab_read(lab, sg_dma_address(sgt->sgl) + at, bytes, LAB_BUFFER),
				 0);
		assert_memory_equal(bytes, view + at, LAB_BUFFER);
		fill_bytes(bytes, LAB_BUFFER, at >> 16);
		assert_int_equal(lab_write(lab, sg_dma_address(sgt->sgl) + at, bytes, LAB_BUFFER),
				 0);
	}
	dma_sync_sgtable_for_cpu(dev, sgt, DMA_BIDIRECTIONAL);
	for (size_t at = 0; at < SIZE; at += LAB_BUFFER)
		assert_true(bytes_are(view + at, LAB_BUFFER, at >> 16));
	dma_vunmap_noncontiguous(dev, view);
	dma_free_noncontiguous(dev, SIZE, sgt, DMA_BIDIRECTIONAL);
	give_all(kept);
}

/* --- what is left behind ---------------------------------------------------------------------- */

static uint32_t labs_group;

static uint32_t one_group(void *ctx, uint32_t requester)
{
	return labs_group;
}

/*
 * A device of the first card's group, with a requester that no card has, comes, takes memory in
 * every way, and goes.
 */
static void test_IOM_07_what_a_device_leaves_behind_is_out_of_its_groups_reach(void **state)
{
	enum { STRANGER = 0xf8, LEFT = 5 };
	struct dmk_iommu *iommu = (struct dmk_iommu *)machine_bus()->iommu;
	const struct dmk_iommu_ops *real;
	struct dmk_iommu_ops ops;
	struct dmk_dev stranger;
	struct sg_table *table;
	dma_addr_t mine;
	dmk_dma left[LEFT];
	u8 *memory, byte;

	if (!translates())
		skip();
	real = iommu->ops;
	ops = *real;
	labs_group = real->group_of(iommu->ctx, pci_dev_id(lab->pdev));
	ops.group_of = one_group;
	memory = must_kmalloc(PAGE_SIZE);
	dmk_dev_init(&stranger, "stranger", dev->dmk.bus, NULL);
	iommu->ops = &ops;
	assert_int_equal(dmk_dev_attach(&stranger, STRANGER), 0);
	assert_ptr_equal(stranger.domain, dev->dmk.domain);
	assert_non_null(dmk_alloc(&stranger, 3 * PAGE_SIZE, &left[0], 0, 0));
	assert_non_null(dmk_alloc(&stranger, 100, &left[1], DMK_ALLOC_ATOMIC, 0));
	table = dmk_alloc_noncontiguous(&stranger, 2 * PAGE_SIZE, DMK_BIDIRECTIONAL, 0, 0);
	assert_non_null(table);
	left[2] = DMK_DMA(sg_dma_address(table->sgl));
	assert_non_null(dmk_pool_alloc(dmk_pool_create("left", &stranger, 64, 4, 0, false), 0, true,
				       &left[3]));
	left[4] = dmk_map_cpu(&stranger, memory, PAGE_SIZE, DMK_BIDIRECTIONAL, 0);
	mine = must_map(dev, memory, PAGE_SIZE, DMA_BIDIRECTIONAL);
	for (int i = 0; i < LEFT; i++)
		assert_int_equal(lab_read(lab, left[i].v, &byte, 1), 0);
	dmk_dev_exit(&stranger);
	iommu->ops = real;
	msleep(strstr(machine()->bootargs, "strict=0") ? 100 : 0);
	for (int i = 0; i < LEFT; i++)
		assert_int_not_equal(lab_read(lab, left[i].v, &byte, 1), 0);
	assert_int_equal(lab_read(lab, mine, &byte, 1), 0);
	dma_unmap_single(dev, mine, PAGE_SIZE, DMA_BIDIRECTIONAL);
	kfree(memory);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(
			test_COH_08_IOM_01_a_mebibyte_is_had_where_no_run_is_longer_than_a_page),
		CONTRACT_TEST(test_COH_08_memory_is_given_back_to_the_page),
		CONTRACT_TEST(test_COH_08_ADR_04_the_pages_of_it_are_found),
		CONTRACT_TEST(test_MEM_02_consistent_memory_is_not_for_mapping),
		CONTRACT_TEST(test_COH_06_in_an_interrupt_it_comes_from_what_was_made_beforehand),
		CONTRACT_TEST(test_COH_10_a_program_sees_all_the_runs),
		CONTRACT_TEST(test_COH_10_another_device_maps_a_table_of_all_the_runs),
		CONTRACT_TEST(test_COH_10_a_list_is_one_segment_of_many_runs),
		/* The stranger is none of the kernel's devices. */
		{"test_IOM_07_what_a_device_leaves_behind_is_out_of_its_groups_reach",
		 test_IOM_07_what_a_device_leaves_behind_is_out_of_its_groups_reach, NULL, true},
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
