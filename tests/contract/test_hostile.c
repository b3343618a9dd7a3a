// SPDX-License-Identifier: MIT
/*
 * Every call of the API with what no driver should pass: no device, no bytes, too many, ranges that
 * wrap, handles that are garbage, pointers to nowhere. Each gives an error or one report, never a
 * crash; and nobody else notices: two mappings of another driver go on, and memory that is nobody's
 * business keeps what the CPU wrote there and no sync ever wrote out.
 *
 * Drivers that are wrong in a way a driver's author may well be are in tests/bugs; these are worse.
 */
#include "harness.h"

#include <stdlib.h>

enum { SIZE = 512 };

/* Of this driver: memory, not mapped; a handle that is good as long as @mapped; a list. */
static u8 *memory;
static dma_addr_t good;
static struct scatterlist list[2];
static struct page *page;

/* The handle of @memory, which is not mapped, and which the CPU wrote since it was. */
static dma_addr_t unmapped;

/* --- no device -------------------------------------------------------------------------------- */

static void expect_error(dma_addr_t dma)
{
	assert_true(dma_mapping_error(dev, dma));
}

static void null_map_single(void)
{
	expect_error(dma_map_single(NULL, memory, SIZE, DMA_TO_DEVICE));
}

static void null_map_page(void)
{
	expect_error(dma_map_page(NULL, page, 0, SIZE, DMA_TO_DEVICE));
}

static void null_map_phys(void)
{
	expect_error(dma_map_phys(NULL, virt_to_phys(memory), SIZE, DMA_TO_DEVICE, 0));
}

static void null_map_resource(void)
{
	expect_error(
		dma_map_resource(NULL, pci_resource_start(lab2->pdev, 0), 64, DMA_TO_DEVICE, 0));
}

static void null_map_sg(void)
{
	assert_int_equal(dma_map_sg(NULL, list, 2, DMA_TO_DEVICE), 0);
}

static void null_map_sgtable(void)
{
	struct sg_table table = {.sgl = list, .nents = 2, .orig_nents = 2};

	assert_int_equal(dma_map_sgtable(NULL, &table, DMA_TO_DEVICE, 0), -EINVAL);
}

static void null_unmap_single(void)
{
	dma_unmap_single(NULL, good, SIZE, DMA_BIDIRECTIONAL);
}

static void null_unmap_sg(void)
{
	dma_unmap_sg(NULL, list, 2, DMA_TO_DEVICE);
}

static void null_sync_for_cpu(void)
{
	dma_sync_single_for_cpu(NULL, good, SIZE, DMA_BIDIRECTIONAL);
}

static void null_sync_for_device(void)
{
	dma_sync_single_range_for_device(NULL, good, 16, 16, DMA_BIDIRECTIONAL);
}

static void null_sync_sg(void)
{
	dma_sync_sg_for_cpu(NULL, list, 2, DMA_TO_DEVICE);
}

static void null_alloc(void)
{
	dma_addr_t dma = 0;

	assert_null(dma_alloc_coherent(NULL, SIZE, &dma, GFP_KERNEL));
}

static void null_free(void)
{
	dma_free_coherent(NULL, SIZE, memory, good);
}

static void null_pool(void)
{
	assert_null(dma_pool_create("none", NULL, 64, 64, 0));
}

static void null_set_mask(void)
{
	assert_true(dma_set_mask(NULL, DMA_BIT_MASK(32)) < 0);
	assert_true(dma_set_coherent_mask(NULL, DMA_BIT_MASK(32)) < 0);
	assert_true(dma_set_mask_and_coherent(NULL, DMA_BIT_MASK(32)) < 0);
	assert_true(dma_coerce_mask_and_coherent(NULL, DMA_BIT_MASK(32)) < 0);
}

static void null_questions(void)
{
	assert_true(dma_get_mask(NULL) == DMA_BIT_MASK(32));
	assert_true(dma_get_required_mask(NULL) == 0);
	assert_true(dma_max_mapping_size(NULL) == SIZE_MAX);
	assert_true(dma_opt_mapping_size(NULL) == SIZE_MAX);
	assert_int_equal(dma_get_merge_boundary(NULL), 0);
	assert_true(dma_addressing_limited(NULL));
	assert_false(dma_need_sync(NULL, good));
	assert_false(dma_dev_need_sync(NULL));
	assert_int_equal(dma_get_max_seg_size(NULL), 65536);
	assert_true(dma_get_seg_boundary(NULL) == DMA_BIT_MASK(32));
	assert_int_equal(dma_get_seg_boundary_nr_pages(NULL, PAGE_SHIFT), 1 << 20);
	assert_int_equal(dma_get_min_align_mask(NULL), 0);
	assert_int_equal(dma_mapping_error(NULL, DMA_MAPPING_ERROR), -ENOMEM);
	assert_int_equal(dma_mapping_error(NULL, 0), 0);
}

static void null_limit(void)
{
	dma_set_max_seg_size(NULL, 512);
}

/* --- sizes ------------------------------------------------------------------------------------ */

static void no_bytes_page(void)
{
	expect_error(dma_map_page(dev, page, 100, 0, DMA_TO_DEVICE));
}

static void no_bytes_phys(void)
{
	expect_error(dma_map_phys(dev, virt_to_phys(memory), 0, DMA_TO_DEVICE, 0));
}

static void no_bytes_resource(void)
{
	expect_error(dma_map_resource(dev, pci_resource_start(lab2->pdev, 0), 0, DMA_TO_DEVICE, 0));
}

static void no_entries(void)
{
	assert_int_equal(dma_map_sg(dev, list, 0, DMA_TO_DEVICE), 0);
}

static void fewer_than_no_entries(void)
{
	assert_int_equal(dma_map_sg(dev, list, -1, DMA_TO_DEVICE), 0);
}

static void more_entries_than_the_list_has(void)
{
	assert_int_equal(dma_map_sg(dev, list, 3, DMA_TO_DEVICE), 0);
}

static void no_list(void)
{
	assert_int_equal(dma_map_sg(dev, NULL, 2, DMA_TO_DEVICE), 0);
}

static void minus_one_single(void)
{
	expect_error(dma_map_single(dev, memory, (size_t)-1, DMA_TO_DEVICE));
}

static void minus_one_phys(void)
{
	expect_error(dma_map_phys(dev, virt_to_phys(memory) + 64, (size_t)-1, DMA_TO_DEVICE, 0));
}

static void wraps_resource(void)
{
	expect_error(dma_map_resource(dev, ~0ULL - 15, 64, DMA_TO_DEVICE, 0));
}

static void more_than_there_is(void)
{
	expect_error(dma_map_phys(dev, virt_to_phys(memory), 1ULL << 46, DMA_TO_DEVICE, 0));
}

static void offset_that_leads_nowhere(void)
{
	expect_error(dma_map_page(dev, page, 1ULL << 50, SIZE, DMA_TO_DEVICE));
}

static void allocations_of_nonsense(void)
{
	static const size_t sizes[] = {(size_t)-1, (size_t)-4096, 1ULL << 62, 1ULL << 46};
	dma_addr_t dma = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_null(dma_alloc_coherent(dev, sizes[i], &dma, GFP_KERNEL | __GFP_NOWARN));
}

static void pools_of_nonsense(void)
{
	assert_null(dma_pool_create("none", dev, 0, 64, 0));
	assert_null(dma_pool_create("huge", dev, (size_t)-1, 64, 0));
	assert_null(dma_pool_create("odd", dev, 64, 63, 0));
	assert_null(dma_pool_create("small", dev, 64, 64, 32));
	assert_null(dma_pool_create("crooked", dev, 64, 64, 100));
}

/* --- wild pointers ---------------------------------------------------------------------------- */

static void map_null(void)
{
	expect_error(dma_map_single(dev, NULL, SIZE, DMA_TO_DEVICE));
}

static void map_small_number(void)
{
	expect_error(dma_map_single(dev, (void *)0x17, SIZE, DMA_TO_DEVICE));
}

static void map_error_pointer(void)
{
	expect_error(dma_map_single(dev, ERR_PTR(-ENOMEM), 4, DMA_TO_DEVICE));
}

static void map_no_canonical_address(void)
{
	expect_error(dma_map_single(dev, (void *)0x8000dead00000000, SIZE, DMA_TO_DEVICE));
}

static void map_the_c_heap(void)
{
	void *heap = malloc(SIZE);

	expect_error(dma_map_single(dev, heap, SIZE, DMA_TO_DEVICE));
	free(heap);
}

static void map_registers_as_memory(void)
{
	expect_error(dma_map_phys(dev, pci_resource_start(lab2->pdev, 0), 64, DMA_TO_DEVICE, 0));
}

static void map_memory_as_registers(void)
{
	expect_error(dma_map_resource(dev, virt_to_phys(memory), 64, DMA_TO_DEVICE, 0));
}

static void map_memory_as_registers_by_attribute(void)
{
	expect_error(dma_map_phys(dev, virt_to_phys(memory), 64, DMA_TO_DEVICE, DMA_ATTR_MMIO));
}

static void map_a_page_as_registers(void)
{
	expect_error(dma_map_page_attrs(dev, page, 0, 64, DMA_TO_DEVICE, DMA_ATTR_MMIO));
}

static void free_what_was_never_allocated(void)
{
	dma_free_coherent(dev, SIZE, memory, unmapped);
}

static void free_a_small_number(void)
{
	dma_free_coherent(dev, SIZE, (void *)0x17, 0x17);
}

/* --- garbage handles -------------------------------------------------------------------------- */

static void unmap_garbage(void)
{
	dma_unmap_single(dev, 0xdeadbeefcafe, SIZE, DMA_FROM_DEVICE);
}

static void unmap_the_last_address(void)
{
	dma_unmap_page(dev, ~0ULL - 1, SIZE, DMA_FROM_DEVICE);
}

/* All of RAM that a handle can name, from what is nobody's on. */
static void unmap_all_that_follows(void)
{
	dma_unmap_phys(dev, unmapped, 64 << 10, DMA_FROM_DEVICE, 0);
}

static void unmap_never_mapped(void)
{
	dma_unmap_single(dev, unmapped, SIZE, DMA_FROM_DEVICE);
}

static void unmap_registers_never_mapped(void)
{
	dma_unmap_resource(dev, 0x1000, 64, DMA_BIDIRECTIONAL, 0);
}

static void unmap_wrapping(void)
{
	dma_unmap_single(dev, unmapped, (size_t)-1, DMA_FROM_DEVICE);
}

static void sync_never_mapped_for_cpu(void)
{
	dma_sync_single_for_cpu(dev, unmapped, SIZE, DMA_FROM_DEVICE);
}

static void sync_never_mapped_for_device(void)
{
	dma_sync_single_for_device(dev, unmapped, SIZE, DMA_FROM_DEVICE);
}

static void sync_garbage(void)
{
	dma_sync_single_range_for_cpu(dev, 0xdeadbeefcafe, 99, SIZE, DMA_FROM_DEVICE);
}

static void sync_wrapping(void)
{
	dma_sync_single_for_cpu(dev, good, (size_t)-1, DMA_BIDIRECTIONAL);
}

static void sync_with_an_offset_that_leads_out(void)
{
	dma_sync_single_range_for_cpu(dev, good, SIZE + 64, 64, DMA_BIDIRECTIONAL);
}

static void sync_a_list_never_mapped(void)
{
	dma_sync_sg_for_cpu(dev, list, 2, DMA_FROM_DEVICE);
}

static void unmap_a_list_never_mapped(void)
{
	dma_unmap_sg(dev, list, 2, DMA_FROM_DEVICE);
}

static void unmap_no_list(void)
{
	dma_unmap_sg(dev, NULL, 2, DMA_FROM_DEVICE);
}

static void unmap_in_no_direction(void)
{
	dma_addr_t dma = must_map(dev, memory, SIZE, DMA_TO_DEVICE);

	dma_unmap_single(dev, dma, SIZE, (enum dma_data_direction)77);
}

static bool others_begins_at(dma_addr_t dma);

/*
 * Behind an IOMMU each device may have an address of its own that is the same, and a granule is the
 * least it tells apart: then it is that which is unmapped (test_iommu.c). Here it is one that the
 * other device has nothing at.
 */
static void unmap_of_another_device(void)
{
	enum { MOST = 4 };
	dma_addr_t dma[MOST];
	int n = 0;

	do {
		assert_true(n < MOST);
		dma[n] = must_map(dev, memory, SIZE, DMA_TO_DEVICE);
	} while (others_begins_at(dma[n++]));
	dma_unmap_single(dev2, dma[n - 1], SIZE, DMA_TO_DEVICE);
	while (n--)
		dma_unmap_single(dev, dma[n], SIZE, DMA_TO_DEVICE);
}

static void pool_block_that_is_none(void)
{
	struct dma_pool *pool = dma_pool_create("pool", dev, 64, 64, 0);

	assert_non_null(pool);
	dma_pool_free(pool, memory, 0x17);
	dma_pool_destroy(pool);
}

static void no_pool(void)
{
	dma_addr_t dma = 0;

	assert_null(dma_pool_alloc(NULL, GFP_KERNEL, &dma));
	dma_pool_free(NULL, memory, good);
	dma_pool_destroy(NULL);
}

/* --- other kinds of memory -------------------------------------------------------------------- */

static struct sg_table nobodys; /* no call gave it */

static void null_pages(void)
{
	dma_addr_t dma = 0;

	assert_null(dma_alloc_pages(NULL, SIZE, &dma, DMA_TO_DEVICE, GFP_KERNEL));
}

static void null_noncoherent(void)
{
	dma_addr_t dma = 0;

	assert_null(dma_alloc_noncoherent(NULL, SIZE, &dma, DMA_TO_DEVICE, GFP_KERNEL));
}

static void null_noncontiguous(void)
{
	assert_null(dma_alloc_noncontiguous(NULL, SIZE, DMA_TO_DEVICE, GFP_KERNEL, 0));
}

static void pages_of_nonsense(void)
{
	static const size_t sizes[] = {(size_t)-1, (size_t)-4096, 1ULL << 62, 1ULL << 46};
	dma_addr_t dma = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_null(dma_alloc_pages(dev, sizes[i], &dma, DMA_TO_DEVICE,
					    GFP_KERNEL | __GFP_NOWARN));
		assert_null(dma_alloc_noncoherent(dev, sizes[i], &dma, DMA_TO_DEVICE,
						  GFP_KERNEL | __GFP_NOWARN));
		assert_null(dma_alloc_noncontiguous(dev, sizes[i], DMA_TO_DEVICE,
						    GFP_KERNEL | __GFP_NOWARN, 0));
	}
}

static void pages_in_no_direction(void)
{
	dma_addr_t dma = 0;

	assert_null(dma_alloc_pages(dev, SIZE, &dma, (enum dma_data_direction)77, GFP_KERNEL));
}

static void free_pages_never_allocated(void)
{
	dma_free_pages(dev, PAGE_SIZE, page, unmapped, DMA_TO_DEVICE);
}

static void free_noncoherent_never_allocated(void)
{
	dma_free_noncoherent(dev, PAGE_SIZE, memory, unmapped, DMA_TO_DEVICE);
}

static void free_noncontiguous_never_allocated(void)
{
	dma_free_noncontiguous(dev, PAGE_SIZE, &nobodys, DMA_TO_DEVICE);
}

static void free_no_noncontiguous(void)
{
	dma_free_noncontiguous(dev, PAGE_SIZE, NULL, DMA_TO_DEVICE);
}

static void view_of_nothing(void)
{
	assert_null(dma_vmap_noncontiguous(dev, PAGE_SIZE, &nobodys));
	dma_vunmap_noncontiguous(dev, NULL);
}

static void show_what_was_never_allocated(void)
{
	struct vm_area_struct vma = {.vm_start = 0x10000, .vm_end = 0x11000};

	assert_true(dma_mmap_coherent(dev, &vma, memory, unmapped, PAGE_SIZE) < 0);
}

static void list_of_what_was_never_allocated(void)
{
	struct sg_table table = {0};

	assert_true(dma_get_sgtable(dev, &table, memory, unmapped, PAGE_SIZE) < 0);
}

static const struct hostile {
	const char *sentence;
	void (*call)(void);
	const char *rule; /* of the one report; NULL: there is none, the error says it */
} hostile[] = {
	{"test_STR_11_map_single_without_a_device", null_map_single, "MSK-03"},
	{"test_STR_11_map_page_without_a_device", null_map_page, "MSK-03"},
	{"test_STR_11_map_phys_without_a_device", null_map_phys, "MSK-03"},
	{"test_STR_11_map_resource_without_a_device", null_map_resource, "MSK-03"},
	{"test_SGL_03_map_sg_without_a_device", null_map_sg, "MSK-03"},
	{"test_SGL_03_map_sgtable_without_a_device", null_map_sgtable, "MSK-03"},
	{"test_STR_04_unmap_without_a_device", null_unmap_single, "STR-04"},
	{"test_STR_04_unmap_sg_without_a_device", null_unmap_sg, "STR-04"},
	{"test_SYN_04_sync_for_cpu_without_a_device", null_sync_for_cpu, "SYN-04"},
	{"test_SYN_04_sync_for_device_without_a_device", null_sync_for_device, "SYN-04"},
	{"test_SYN_04_sync_sg_without_a_device", null_sync_sg, "SYN-04"},
	{"test_COH_01_allocation_without_a_device", null_alloc, "MSK-03"},
	{"test_COH_07_free_without_a_device", null_free, "COH-07"},
	{"test_POL_01_pool_without_a_device", null_pool, NULL},
	{"test_MSK_02_masks_without_a_device", null_set_mask, NULL},
	{"test_MSK_07_questions_without_a_device", null_questions, NULL},
	{"test_MSK_08_limit_without_a_device", null_limit, "MSK-08"},
	{"test_STR_11_map_page_of_no_bytes", no_bytes_page, "STR-11"},
	{"test_STR_11_map_phys_of_no_bytes", no_bytes_phys, "STR-11"},
	{"test_STR_11_map_resource_of_no_bytes", no_bytes_resource, "STR-11"},
	{"test_SGL_03_map_sg_of_no_entries", no_entries, "STR-11"},
	{"test_SGL_03_map_sg_of_fewer_than_no_entries", fewer_than_no_entries, "STR-11"},
	{"test_SGL_03_map_sg_of_more_entries_than_there_are", more_entries_than_the_list_has,
	 "STR-11"},
	{"test_SGL_03_map_sg_of_no_list", no_list, "STR-11"},
	{"test_STR_11_map_single_of_a_negative_size", minus_one_single, "STR-11"},
	{"test_STR_11_map_phys_of_a_negative_size", minus_one_phys, "STR-11"},
	{"test_STR_11_map_resource_that_wraps", wraps_resource, "STR-11"},
	{"test_STR_11_map_more_than_there_is", more_than_there_is, "STR-11"},
	{"test_STR_11_map_page_with_an_offset_out_of_ram", offset_that_leads_nowhere, "STR-11"},
	{"test_COH_01_allocations_of_nonsense", allocations_of_nonsense, NULL},
	{"test_POL_01_pools_of_nonsense", pools_of_nonsense, NULL},
	{"test_STR_11_map_null", map_null, "STR-11"},
	{"test_STR_11_map_a_small_number", map_small_number, "STR-11"},
	{"test_STR_11_map_an_error_pointer", map_error_pointer, "STR-11"},
	{"test_STR_11_map_an_address_that_can_be_none", map_no_canonical_address, "STR-11"},
	{"test_STR_11_map_memory_of_the_c_library", map_the_c_heap, "STR-11"},
	{"test_STR_11_map_registers_as_memory", map_registers_as_memory, "STR-11"},
	{"test_STR_11_map_memory_as_registers", map_memory_as_registers, "STR-11"},
	{"test_STR_11_map_memory_with_the_attribute_of_registers",
	 map_memory_as_registers_by_attribute, "STR-11"},
	{"test_STR_11_map_page_with_the_attribute_of_registers", map_a_page_as_registers, "STR-11"},
	{"test_COH_07_free_what_was_never_allocated", free_what_was_never_allocated, "COH-07"},
	{"test_COH_07_free_a_small_number", free_a_small_number, "COH-07"},
	{"test_STR_04_unmap_garbage", unmap_garbage, "STR-04"},
	{"test_STR_04_unmap_the_last_address", unmap_the_last_address, "STR-04"},
	{"test_STR_04_unmap_what_follows_too", unmap_all_that_follows, "STR-04"},
	{"test_STR_04_unmap_what_is_not_mapped", unmap_never_mapped, "STR-04"},
	{"test_STR_04_unmap_registers_that_are_not_mapped", unmap_registers_never_mapped, "STR-04"},
	{"test_STR_04_unmap_a_range_that_wraps", unmap_wrapping, "STR-04"},
	{"test_SYN_04_sync_for_cpu_of_what_is_not_mapped", sync_never_mapped_for_cpu, "SYN-04"},
	{"test_SYN_04_sync_for_device_of_what_is_not_mapped", sync_never_mapped_for_device,
	 "SYN-04"},
	{"test_SYN_04_sync_garbage", sync_garbage, "SYN-04"},
	{"test_SYN_04_sync_a_range_that_wraps", sync_wrapping, "SYN-04"},
	{"test_SYN_04_sync_behind_the_mapping", sync_with_an_offset_that_leads_out, "SYN-04"},
	{"test_SYN_04_sync_a_list_that_is_not_mapped", sync_a_list_never_mapped, "SYN-04"},
	{"test_STR_04_unmap_a_list_that_is_not_mapped", unmap_a_list_never_mapped, "STR-04"},
	{"test_STR_04_unmap_no_list", unmap_no_list, "STR-04"},
	{"test_DIR_04_unmap_in_no_direction", unmap_in_no_direction, "DIR-04"},
	{"test_STR_04_unmap_for_another_device", unmap_of_another_device, "STR-04"},
	{"test_POL_05_free_a_block_that_is_none", pool_block_that_is_none, "POL-05"},
	{"test_POL_05_no_pool", no_pool, NULL},
	{"test_COH_10_pages_without_a_device", null_pages, "MSK-03"},
	{"test_COH_10_noncoherent_memory_without_a_device", null_noncoherent, "MSK-03"},
	{"test_COH_10_noncontiguous_memory_without_a_device", null_noncontiguous, "MSK-03"},
	{"test_COH_10_pages_of_nonsense", pages_of_nonsense, NULL},
	{"test_DIR_01_pages_in_no_direction", pages_in_no_direction, "DIR-01"},
	{"test_COH_07_free_pages_that_were_never_allocated", free_pages_never_allocated, "COH-07"},
	{"test_COH_07_free_noncoherent_memory_that_was_never_allocated",
	 free_noncoherent_never_allocated, "COH-07"},
	{"test_COH_07_free_noncontiguous_memory_that_was_never_allocated",
	 free_noncontiguous_never_allocated, "COH-07"},
	{"test_COH_07_free_no_noncontiguous_memory", free_no_noncontiguous, NULL},
	{"test_COH_07_view_of_nothing", view_of_nothing, "COH-07"},
	{"test_COH_10_show_what_was_never_allocated", show_what_was_never_allocated, NULL},
	{"test_COH_10_list_of_what_was_never_allocated", list_of_what_was_never_allocated, NULL},
};

/* --- a device that is not the driver's any more ----------------------------------------------- */

static struct device *gone; /* its driver has let go of it */
static dma_addr_t left;     /* a mapping of @memory that the driver forgot */
static struct dma_pool *left_pool;

static void gone_map(void)
{
	dma_addr_t dma = dma_map_single(gone, memory + SIZE, SIZE, DMA_TO_DEVICE);

	if (!dma_mapping_error(gone, dma))
		dma_unmap_single(gone, dma, SIZE, DMA_TO_DEVICE);
}

static void gone_map_sg(void)
{
	if (dma_map_sg(gone, list, 2, DMA_TO_DEVICE))
		dma_unmap_sg(gone, list, 2, DMA_TO_DEVICE);
}

static void gone_alloc(void)
{
	dma_addr_t dma;
	void *bytes = dma_alloc_coherent(gone, SIZE, &dma, GFP_KERNEL);

	if (bytes)
		dma_free_coherent(gone, SIZE, bytes, dma);
}

static void gone_pages(void)
{
	dma_addr_t dma;
	struct page *pages = dma_alloc_pages(gone, SIZE, &dma, DMA_TO_DEVICE, GFP_KERNEL);

	if (pages)
		dma_free_pages(gone, SIZE, pages, dma, DMA_TO_DEVICE);
}

static void gone_pool(void)
{
	struct dma_pool *pool = dma_pool_create("late", gone, 64, 64, 0);
	dma_addr_t dma;
	void *block = pool ? dma_pool_alloc(pool, GFP_KERNEL, &dma) : NULL;

	if (block)
		dma_pool_free(pool, block, dma);
	dma_pool_destroy(pool);
}

/* What follows from what was forgotten is not reported again; and it may still be put right. */
static void gone_sync(void)
{
	dma_sync_single_for_cpu(gone, left, SIZE, DMA_TO_DEVICE);
	dma_sync_single_for_device(gone, left, SIZE, DMA_TO_DEVICE);
}

static void gone_sync_of_nothing(void)
{
	dma_sync_single_for_cpu(gone, 0x17, SIZE, DMA_TO_DEVICE);
}

static void gone_unmap_of_nothing(void)
{
	dma_unmap_single(gone, 0x17, SIZE, DMA_TO_DEVICE);
}

static void gone_mask(void)
{
	dma_set_mask_and_coherent(gone, DMA_BIT_MASK(32));
}

static const struct hostile late[] = {
	{"test_STR_06_map_after_remove", gone_map, "STR-06"},
	{"test_STR_06_map_sg_after_remove", gone_map_sg, "STR-06"},
	{"test_STR_06_allocation_after_remove", gone_alloc, "STR-06"},
	{"test_STR_06_pages_after_remove", gone_pages, "STR-06"},
	{"test_STR_06_pool_after_remove", gone_pool, "STR-06"},
	{"test_STR_06_sync_after_remove_of_what_was_forgotten", gone_sync, NULL},
	{"test_SYN_04_sync_after_remove_of_what_is_not_mapped", gone_sync_of_nothing, "SYN-04"},
	{"test_STR_04_unmap_after_remove_of_what_is_not_mapped", gone_unmap_of_nothing, "STR-04"},
	{"test_MSK_02_masks_after_remove", gone_mask, NULL},
};

/* --- the bystanders --------------------------------------------------------------------------- */

/* Another driver's, on its own card. */
static struct {
	u8 *read, *written, *loose;
	dma_addr_t read_dma, written_dma;
} other;

static void open_bystanders(void)
{
	other.read = must_kmalloc(SIZE);
	other.written = must_kmalloc(SIZE);
	other.loose = must_kmalloc(SIZE);
	fill_bytes(other.read, SIZE, 1);
	other.read_dma = must_map(dev2, other.read, SIZE, DMA_TO_DEVICE);
	other.written_dma = must_map(dev2, other.written, SIZE, DMA_FROM_DEVICE);
}

static bool others_begins_at(dma_addr_t dma)
{
	const dma_addr_t mask = ~(dma_addr_t)(machine_granule() - 1);

	return machine_translates() && ((dma & mask) == (other.read_dma & mask) ||
					(dma & mask) == (other.written_dma & mask));
}

static void judge_bystanders(void)
{
	u8 bytes[SIZE];

	assert_int_equal(lab_read(lab2, other.read_dma, bytes, SIZE), 0);
	assert_true(bytes_are(bytes, SIZE, 1));
	fill_bytes(bytes, SIZE, 2);
	assert_int_equal(lab_write(lab2, other.written_dma, bytes, SIZE), 0);
	dma_unmap_single(dev2, other.read_dma, SIZE, DMA_TO_DEVICE);
	dma_unmap_single(dev2, other.written_dma, SIZE, DMA_FROM_DEVICE);
	assert_true(bytes_are(other.written, SIZE, 2));
	assert_true(bytes_are(other.read, SIZE, 1));
	assert_true(bytes_are(other.loose, SIZE, 3));
	kfree(other.read);
	kfree(other.written);
	kfree(other.loose);
}

/* This driver's good mapping is still what it was. */
static void judge_good(u8 *mapped)
{
	u8 bytes[SIZE];

	fill_bytes(bytes, SIZE, 5);
	assert_int_equal(lab_write(lab, good, bytes, SIZE), 0);
	dma_unmap_single(dev, good, SIZE, DMA_BIDIRECTIONAL);
	assert_true(bytes_are(mapped, SIZE, 5));
}

static void run_hostile(void **state)
{
	const struct contract_test *test = *state;
	const struct hostile *row = hostile;
	u8 *mapped = must_kmalloc(SIZE);

	while (strcmp(row->sentence, test->name))
		row++;
	memory = (u8 *)__get_free_pages(GFP_KERNEL, 4);
	if (!memory)
		memory = (u8 *)__get_free_page(GFP_KERNEL);
	assert_non_null(memory);
	page = virt_to_page(memory);
	good = must_map(dev, mapped, SIZE, DMA_BIDIRECTIONAL);
	sg_init_table(list, 2);
	sg_set_buf(&list[0], memory, SIZE);
	sg_set_buf(&list[1], memory + SIZE, SIZE);
	open_bystanders();
	unmapped = must_map(dev, memory, SIZE, DMA_TO_DEVICE);
	dma_unmap_single(dev, unmapped, SIZE, DMA_TO_DEVICE);
	/* Written last: in the caches alone, where there are some. */
	fill_bytes(other.loose, SIZE, 3);
	fill_bytes(memory, 2 * SIZE, 4);
	row->call();
	if (row->rule)
		expect_finding(row->rule, 1);
	assert_true(bytes_are(memory, 2 * SIZE, 4));
	judge_bystanders();
	judge_good(mapped);
	kfree(mapped);
	expect_no_findings();
}

static void run_late(void **state)
{
	const struct contract_test *test = *state;
	const struct hostile *row = late;

	while (strcmp(row->sentence, test->name))
		row++;
	memory = must_kmalloc(3 * SIZE);
	sg_init_table(list, 2);
	sg_set_buf(&list[0], memory + SIZE, SIZE);
	sg_set_buf(&list[1], memory + 2 * SIZE, SIZE);
	gone = get_device(dev);
	left = must_map(dev, memory, SIZE, DMA_TO_DEVICE);
	left_pool = dma_pool_create("left", dev, 64, 64, 0);
	assert_non_null(left_pool);
	lab_unbind();
	expect_finding("POL-05", 1);
	expect_finding("STR-06", 1);

	row->call();
	if (row->rule)
		expect_finding(row->rule, 1);
	expect_no_findings();
	dma_unmap_single(gone, left, SIZE, DMA_TO_DEVICE);
	dma_pool_destroy(left_pool);
	kfree(memory);
	put_device(gone);

	/* The next driver finds nothing of it. */
	lab_bind();
	memory = must_kmalloc(SIZE);
	good = must_map(dev, memory, SIZE, DMA_BIDIRECTIONAL);
	judge_good(memory);
	kfree(memory);
}

int main(int argc, char **argv)
{
	static struct contract_test tests[2 * ARRAY_SIZE(hostile) + ARRAY_SIZE(late)];

	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		tests[2 * i] = (struct contract_test){.name = hostile[i].sentence,
						      .run = run_hostile};
		tests[2 * i + 1] = tests[2 * i];
		tests[2 * i + 1].append = "swiotlb=force";
	}
	for (size_t i = 0; i < ARRAY_SIZE(late); i++)
		tests[2 * ARRAY_SIZE(hostile) + i] =
			(struct contract_test){.name = late[i].sentence, .run = run_late};
	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
