// SPDX-License-Identifier: MIT
/*
 * One broken driver for each rule that the checker reports, run for real: on a machine, with a card
 * that does what it is told. Each gives exactly one finding, of its rule; its near miss, which does
 * nearly the same and is right, gives none.
 *
 * tests/contract holds dmakit to the contract; this file holds the checker to its reports (CHK-01,
 * CHK-04).
 */
#include "broken.h"

#include <asm/dma.h>
#include <linux/highmem.h>
#include <linux/iopoll.h>
#include <linux/mutex.h>

static u8 bytes[2 * SIZE];

/* An address that may not be mapped: the call fails, and that is all. */
static inline void try_to_map(void *cpu)
{
	dma_addr_t dma = dma_map_single(dev, cpu, 64, DMA_TO_DEVICE);

	if (!dma_mapping_error(dev, dma))
		dma_unmap_single(dev, dma, 64, DMA_TO_DEVICE);
}

/* --- which memory ----------------------------------------------------------------------------- */

BROKEN(MEM_02, maps_vmalloc_memory)
{
	void *memory = vmalloc(2 * PAGE_SIZE);

	assert_non_null(memory);
	try_to_map(memory);
	vfree(memory);
	expect_finding("MEM-02", 1);
}

NEAR_MISS(MEM_02, maps_a_page_of_vmalloc_memory)
{
	void *kept = must_kmalloc(PAGE_SIZE), *memory;
	dma_addr_t dma = 0;

	/* Pages that were freed before are not freed any more. */
	kfree(kept);
	memory = vmalloc(2 * PAGE_SIZE);
	assert_non_null(memory);
	dma = dma_map_page(dev, vmalloc_to_page((char *)memory + PAGE_SIZE), 0, PAGE_SIZE,
			   DMA_TO_DEVICE);
	assert_false(dma_mapping_error(dev, dma));
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	vfree(memory);
}

BROKEN(MEM_02, maps_registers)
{
	try_to_map((__force void *)lab->regs);
	expect_finding("MEM-02", 1);
}

BROKEN(MEM_03, maps_the_stack)
{
	u8 command[64] = { 1 };

	try_to_map(command);
	expect_finding("MEM-03", 1);
}

BROKEN(MEM_03, maps_static_data)
{
	static u8 table[64];

	try_to_map(table);
	expect_finding("MEM-03", 1);
}

BROKEN(MEM_04, maps_a_kmap_address)
{
	struct page *page = alloc_pages(GFP_HIGHUSER, 0);

	assert_non_null(page);
	if (PageHighMem(page)) {
		try_to_map(kmap(page));
		expect_finding("MEM-04", 1);
		kunmap(page);
	}
	__free_pages(page, 0);
}

NEAR_MISS(MEM_03, maps_a_copy_of_static_data)
{
	static const u8 table[64] = {1};
	u8 *copy = kmemdup(table, sizeof(table), GFP_KERNEL);

	assert_non_null(copy);
	try_to_map(copy);
	kfree(copy);
}

NEAR_MISS(MEM_04, maps_a_highmem_page)
{
	struct page *page = alloc_pages(GFP_HIGHUSER, 0);
	dma_addr_t dma = 0;

	assert_non_null(page);
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
	assert_false(dma_mapping_error(dev, dma));
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	__free_pages(page, 0);
}

BROKEN(MEM_05, frees_mapped_memory)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	kfree(buffer.memory);
	dma_unmap_single(dev, buffer.dma, SIZE, DMA_TO_DEVICE);
	expect_finding("MEM-05", 1);
}

BROKEN(MEM_05, maps_freed_memory)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = 0;

	kfree(memory);
	dma = dma_map_single(dev, memory, SIZE, DMA_TO_DEVICE);
	if (!dma_mapping_error(dev, dma))
		dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	expect_finding("MEM-05", 1);
}

NEAR_MISS(MEM_05, maps_memory_that_came_back)
{
	for (int i = 0; i < 20; i++) {
		struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

		close_buffer(&buffer);
	}
}

/* --- cache lines ------------------------------------------------------------------------------ */

/* Two neighbours of a cache whose objects are aligned to @align. */
struct neighbours {
	struct kmem_cache *cache;
	u8 *a, *b;
};

static struct neighbours open_neighbours(unsigned int align)
{
	struct neighbours two = { .cache = kmem_cache_create("command", 16, align, 0, NULL) };

	assert_non_null(two.cache);
	two.a = kmem_cache_alloc(two.cache, GFP_KERNEL);
	two.b = kmem_cache_alloc(two.cache, GFP_KERNEL);
	assert_non_null(two.a);
	assert_non_null(two.b);
	return two;
}

static void close_neighbours(struct neighbours *two)
{
	kmem_cache_free(two->cache, two->b);
	kmem_cache_free(two->cache, two->a);
	kmem_cache_destroy(two->cache);
}

/* For a device that sees the caches there is nothing to share. */
static void expect_shared_lines(void)
{
	if (!machine_is_coherent())
		expect_finding("MEM-08", 1);
}

BROKEN(MEM_08, lends_one_of_two_objects_in_a_line)
{
	struct neighbours two = open_neighbours(8);
	dma_addr_t dma = must_map(dev, two.a, 16, DMA_FROM_DEVICE);

	two.b[0] = 1;
	dma_unmap_single(dev, dma, 16, DMA_FROM_DEVICE);
	close_neighbours(&two);
	expect_shared_lines();
}

BROKEN(MEM_08, lends_both_objects_in_a_line)
{
	struct neighbours two = open_neighbours(8);
	dma_addr_t a = must_map(dev, two.a, 16, DMA_BIDIRECTIONAL),
		   b = must_map(dev2, two.b, 16, DMA_TO_DEVICE);

	dma_unmap_single(dev2, b, 16, DMA_TO_DEVICE);
	dma_unmap_single(dev, a, 16, DMA_BIDIRECTIONAL);
	close_neighbours(&two);
	expect_shared_lines();
}

BROKEN(MEM_08, allocates_a_neighbour_meanwhile)
{
	struct neighbours two = open_neighbours(8);
	dma_addr_t dma = 0;

	kmem_cache_free(two.cache, two.b);
	dma = must_map(dev, two.a, 16, DMA_FROM_DEVICE);
	two.b = kmem_cache_alloc(two.cache, GFP_KERNEL);
	assert_non_null(two.b);
	dma_unmap_single(dev, dma, 16, DMA_FROM_DEVICE);
	close_neighbours(&two);
	expect_shared_lines();
}

NEAR_MISS(MEM_08, aligns_its_cache_to_lines)
{
	struct neighbours two = open_neighbours(max(dma_get_cache_alignment(), 8));
	dma_addr_t dma = must_map(dev, two.a, 16, DMA_FROM_DEVICE);

	two.b[0] = 1;
	dma_unmap_single(dev, dma, 16, DMA_FROM_DEVICE);
	close_neighbours(&two);
}

NEAR_MISS(MEM_08, lends_one_of_two_objects_for_reading)
{
	struct neighbours two = open_neighbours(8);
	dma_addr_t dma = must_map(dev, two.a, 16, DMA_TO_DEVICE);

	dma_unmap_single(dev, dma, 16, DMA_TO_DEVICE);
	close_neighbours(&two);
}

NEAR_MISS(MEM_08, frees_the_neighbour_first)
{
	struct neighbours two = open_neighbours(8);
	dma_addr_t dma = 0;

	kmem_cache_free(two.cache, two.b);
	dma = must_map(dev, two.a, 16, DMA_FROM_DEVICE);
	dma_unmap_single(dev, dma, 16, DMA_FROM_DEVICE);
	two.b = kmem_cache_alloc(two.cache, GFP_KERNEL);
	assert_non_null(two.b);
	close_neighbours(&two);
}

/*
 * What leaves the rest of its own object alone is right, however its end lies in a line: a frame
 * behind its headroom.
 */
NEAR_MISS(MEM_08, lends_the_middle_of_an_object)
{
	u8 *a = must_kmalloc(SIZE), *b = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, a + 18, SIZE - 36, DMA_FROM_DEVICE);

	b[0] = 1;
	dma_unmap_single(dev, dma, SIZE - 36, DMA_FROM_DEVICE);
	kfree(b);
	kfree(a);
}

/* --- sizes ------------------------------------------------------------------------------------ */

BROKEN(STR_11, maps_nothing)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = dma_map_single(dev, memory, 0, DMA_TO_DEVICE);

	assert_true(dma_mapping_error(dev, dma));
	kfree(memory);
	expect_finding("STR-11", 1);
}

NEAR_MISS(STR_11, maps_one_byte)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory + SIZE - 1, 1, DMA_TO_DEVICE);

	dma_unmap_single(dev, dma, 1, DMA_TO_DEVICE);
	kfree(memory);
}

/* --- masks and limits ------------------------------------------------------------------------- */

BROKEN(MSK_03, goes_on_after_a_refused_mask)
{
	assert_true(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(8)) < 0);
	{
		u8 *memory = must_kmalloc(SIZE);
		dma_addr_t dma = dma_map_single(dev, memory, SIZE, DMA_TO_DEVICE);

		if (!dma_mapping_error(dev, dma))
			dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
		kfree(memory);
	}
	expect_finding("MSK-03", 1);
}

NEAR_MISS(MSK_03, tries_a_wider_mask)
{
	struct buffer buffer;

	assert_true(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(8)) < 0);
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32)), 0);
	buffer = open_buffer(DMA_TO_DEVICE);
	close_buffer(&buffer);
}

/* A card of which one part is off: what is used has a mask that was accepted. */
NEAR_MISS(MSK_03, goes_on_with_the_kind_that_was_accepted)
{
	dma_addr_t dma = 0;
	void *memory;

	assert_true(dma_set_mask(dev, DMA_BIT_MASK(8)) < 0);
	assert_int_equal(dma_set_coherent_mask(dev, DMA_BIT_MASK(32)), 0);
	memory = dma_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL);
	assert_non_null(memory);
	dma_free_coherent(dev, SIZE, memory, dma);
	lab_unbind();
	lab_bind();
}

static void map_segment(size_t size)
{
	u8 *memory = must_kmalloc(size);
	struct scatterlist sg;

	sg_init_one(&sg, memory, size);
	if (dma_map_sg(dev, &sg, 1, DMA_TO_DEVICE))
		dma_unmap_sg(dev, &sg, 1, DMA_TO_DEVICE);
	kfree(memory);
}

BROKEN(MSK_08, makes_a_segment_longer_than_the_card_takes)
{
	dma_set_max_seg_size(dev, 4096);
	map_segment(4097);
	expect_finding("MSK-08", 1);
}

NEAR_MISS(MSK_08, makes_a_segment_as_long_as_the_card_takes)
{
	dma_set_max_seg_size(dev, 4096);
	map_segment(4096);
}

/* --- direction -------------------------------------------------------------------------------- */

BROKEN(DIR_01, maps_in_no_direction)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = dma_map_single(dev, memory, SIZE, DMA_NONE);

	assert_true(dma_mapping_error(dev, dma));
	kfree(memory);
	expect_finding("DIR-01", 1);
}

NEAR_MISS(DIR_01, maps_in_each_of_the_three)
{
	for (enum dma_data_direction dir = DMA_BIDIRECTIONAL; dir < DMA_NONE; dir++) {
		struct buffer buffer = open_buffer(dir);

		close_buffer(&buffer);
	}
}

BROKEN(DIR_03, lets_the_card_write_what_it_may_read)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	lab_write(lab, buffer.dma, bytes, 16);
	close_buffer(&buffer);
	expect_finding("DIR-03", 1);
}

NEAR_MISS(DIR_03, lets_the_card_do_both)
{
	struct buffer buffer = open_buffer(DMA_BIDIRECTIONAL);

	lab_write(lab, buffer.dma, bytes, 16);
	lab_read(lab, buffer.dma, bytes, 16);
	close_buffer(&buffer);
}

BROKEN(DIR_04, unmaps_in_another_direction)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	buffer.dir = DMA_BIDIRECTIONAL;
	close_buffer(&buffer);
	expect_finding("DIR-04", 1);
}

NEAR_MISS(DIR_04, unmaps_each_of_two_in_its_direction)
{
	struct buffer out = open_buffer(DMA_TO_DEVICE), in = open_buffer(DMA_FROM_DEVICE);

	lab_read(lab, out.dma, bytes, SIZE);
	lab_write(lab, in.dma, bytes, SIZE);
	close_buffer(&out);
	close_buffer(&in);
}

/* --- addresses first, pages later ------------------------------------------------------------- */

/* A page of the IOMMU, linked into a space of one; false: nothing here translates addresses. */
struct linked {
	struct dma_iova_state iova;
	void *memory;
	size_t size;
};

static bool open_linked(struct linked *linked)
{
	*linked = (struct linked){ .size = dma_get_merge_boundary(dev) + 1 };
	if (!machine_translates())
		return false;
	linked->memory = (void *)__get_free_pages(GFP_KERNEL, get_order(linked->size));
	assert_non_null(linked->memory);
	assert_true(dma_iova_try_alloc(dev, &linked->iova, 0, linked->size));
	assert_int_equal(dma_iova_link(dev, &linked->iova, virt_to_phys(linked->memory), 0,
				       linked->size, DMA_TO_DEVICE, 0),
			 0);
	return true;
}

static void close_linked(struct linked *linked)
{
	dma_iova_destroy(dev, &linked->iova, linked->size, DMA_TO_DEVICE, 0);
	free_pages((unsigned long)linked->memory, get_order(linked->size));
}

BROKEN(IOM_06, lets_the_card_read_what_was_linked_and_not_synced)
{
	struct linked linked;

	if (!open_linked(&linked))
		return;
	lab_read(lab, linked.iova.addr, bytes, SIZE);
	close_linked(&linked);
	expect_finding("IOM-06", 1);
}

BROKEN(IOM_06, links_beyond_the_space)
{
	struct linked linked;

	if (!open_linked(&linked))
		return;
	assert_int_equal(dma_iova_link(dev, &linked.iova, virt_to_phys(linked.memory), linked.size,
				       linked.size, DMA_TO_DEVICE, 0),
			 -EINVAL);
	assert_int_equal(dma_iova_sync(dev, &linked.iova, 0, linked.size), 0);
	close_linked(&linked);
	expect_finding("IOM-06", 1);
}

NEAR_MISS(IOM_06, syncs_before_the_card_reads)
{
	struct linked linked;

	if (!open_linked(&linked))
		return;
	assert_int_equal(dma_iova_sync(dev, &linked.iova, 0, linked.size), 0);
	lab_read(lab, linked.iova.addr, bytes, SIZE);
	close_linked(&linked);
}

/* --- unmapping -------------------------------------------------------------------------------- */

BROKEN(STR_02, never_asks)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = dma_map_single(dev, memory, SIZE, DMA_TO_DEVICE);

	lab_read(lab, dma, bytes, SIZE);
	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	kfree(memory);
	expect_finding("STR-02", 1);
}

BROKEN(STR_04, unmaps_another_size)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	dma_unmap_single(dev, buffer.dma, SIZE / 2, DMA_FROM_DEVICE);
	kfree(buffer.memory);
	expect_finding("STR-04", 1);
}

BROKEN(STR_04, unmaps_twice)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	dma_unmap_single(dev, buffer.dma, SIZE, DMA_TO_DEVICE);
	close_buffer(&buffer);
	expect_finding("STR-04", 1);
}

BROKEN(STR_04, unmaps_for_another_card)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	dma_unmap_single(dev2, buffer.dma, SIZE, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	close_buffer(&buffer);
}

BROKEN(STR_04, unmaps_the_error)
{
	dma_unmap_single(dev, DMA_MAPPING_ERROR, SIZE, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
}

BROKEN(STR_04, unmaps_consistent_memory)
{
	dma_addr_t dma = 0;
	void *memory = dma_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL);

	assert_non_null(memory);
	dma_unmap_single(dev, dma, SIZE, DMA_BIDIRECTIONAL);
	expect_finding("STR-04", 1);
	dma_free_coherent(dev, SIZE, memory, dma);
}

NEAR_MISS(STR_04, unmaps_a_single_as_a_page)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	dma_unmap_page(dev, buffer.dma, SIZE, DMA_TO_DEVICE);
	kfree(buffer.memory);
}

static struct buffer left;
static void *left_memory;
static dma_addr_t left_dma;

BROKEN(STR_06, forgets_a_mapping)
{
	left = open_buffer(DMA_FROM_DEVICE);
	lab_unbind();
	expect_finding("STR-06", 1);
	kfree(left.memory);
}

BROKEN(STR_06, forgets_consistent_memory)
{
	left_memory = dma_alloc_coherent(dev, SIZE, &left_dma, GFP_KERNEL);
	assert_non_null(left_memory);
	lab_unbind();
	expect_finding("STR-06", 1);
}

NEAR_MISS(STR_06, has_managed_memory)
{
	assert_non_null(dmam_alloc_coherent(dev, SIZE, &left_dma, GFP_KERNEL));
	lab_unbind();
}

/* --- the card --------------------------------------------------------------------------------- */

BROKEN(STR_07, unmaps_while_the_card_writes)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	lab_begin(lab, buffer.dma, SIZE, 20000);
	dma_unmap_single(dev, buffer.dma, SIZE, DMA_FROM_DEVICE);
	lab_wait(lab);
	kfree(buffer.memory);
	expect_finding("STR-07", 1);
}

BROKEN(STR_07, lets_the_card_read_after_the_unmap)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	dma_unmap_single(dev, buffer.dma, SIZE, DMA_TO_DEVICE);
	lab_read(lab, buffer.dma, bytes, SIZE);
	kfree(buffer.memory);
	expect_finding("STR-07", 1);
}

NEAR_MISS(STR_07, unmaps_when_the_card_is_done)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	lab_begin(lab, buffer.dma, SIZE, 2000);
	lab_wait(lab);
	close_buffer(&buffer);
}

BROKEN(STR_09, maps_two_halves_of_a_line)
{
	u8 *memory = must_kmalloc(2 * SIZE);
	const unsigned int apart = machine_is_coherent() ? 8 : 16;
	dma_addr_t first = must_map(dev, memory, 16, DMA_FROM_DEVICE);
	dma_addr_t second = must_map(dev, memory + apart, 16, DMA_FROM_DEVICE);

	expect_finding("STR-09", 1);
	dma_unmap_single(dev, second, 16, DMA_FROM_DEVICE);
	dma_unmap_single(dev, first, 16, DMA_FROM_DEVICE);
	kfree(memory);
}

NEAR_MISS(STR_09, maps_neighbouring_lines)
{
	const unsigned int line = dma_get_cache_alignment();
	const unsigned int apart = line > 16 ? line : 16;
	u8 *memory = must_kmalloc(2 * SIZE);
	dma_addr_t first = must_map(dev, memory, 16, DMA_FROM_DEVICE);
	dma_addr_t second = must_map(dev, memory + apart, 16, DMA_FROM_DEVICE);

	dma_unmap_single(dev, second, 16, DMA_FROM_DEVICE);
	dma_unmap_single(dev, first, 16, DMA_FROM_DEVICE);
	kfree(memory);
}

BROKEN(STR_10, gives_the_card_too_long_a_length)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	lab_read(lab, buffer.dma, bytes, SIZE + 4);
	close_buffer(&buffer);
	expect_finding("STR-10", 1);
}

BROKEN(STR_10, gives_the_card_another_cards_buffer)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	lab_read(lab2, buffer.dma, bytes, SIZE);
	close_buffer(&buffer);
	expect_finding("STR-10", 1);
	assert_non_null(strstr(finding_of("STR-10")->mend, "another device"));
}

BROKEN(STR_10, gives_the_card_a_physical_address)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);
	const phys_addr_t phys = virt_to_phys(buffer.memory);

	if (phys != buffer.dma) {
		lab_read(lab, phys, bytes, SIZE);
		expect_finding("STR-10", 1);
		assert_non_null(strstr(finding_of("STR-10")->mend, "physical address"));
	}
	close_buffer(&buffer);
}

NEAR_MISS(STR_10, gives_the_card_all_of_the_buffer)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	assert_int_equal(lab_read(lab, buffer.dma, bytes, SIZE), 0);
	close_buffer(&buffer);
}

/* --- lists ------------------------------------------------------------------------------------ */

struct list {
	struct scatterlist sg[4];
	u8 *memory[4];
};

static inline void open_list(struct list *list)
{
	sg_init_table(list->sg, 4);
	for (int i = 0; i < 4; i++) {
		list->memory[i] = must_kmalloc(SIZE);
		sg_set_buf(&list->sg[i], list->memory[i], SIZE);
	}
	assert_int_not_equal(dma_map_sg(dev, list->sg, 4, DMA_FROM_DEVICE), 0);
}

static inline void close_list(struct list *list, int nents)
{
	dma_unmap_sg(dev, list->sg, nents, DMA_FROM_DEVICE);
	for (int i = 0; i < 4; i++)
		kfree(list->memory[i]);
}

/*
 * A table that is chained, over one page again and again. Where all of it must be bounced, that may
 * be too much: then it is not mapped.
 */
static bool chained_mapped;

static void open_chained(struct sg_table *table, struct page *page)
{
	struct scatterlist *sg;
	unsigned int i;

	assert_int_equal(sg_alloc_table(table, SG_MAX_SINGLE_ALLOC + 5, GFP_KERNEL), 0);
	for_each_sgtable_sg(table, sg, i)
		sg_set_page(sg, page, 16, 0);
	chained_mapped = !dma_map_sgtable(dev, table, DMA_TO_DEVICE, 0);
	assert_true(chained_mapped || machine_is("tiny"));
}

static void close_chained(struct sg_table *table)
{
	if (chained_mapped)
		dma_unmap_sgtable(dev, table, DMA_TO_DEVICE, 0);
	sg_free_table(table);
}

static dma_addr_t last_address;
static unsigned int last_length;

/* What a driver does to tell its card about a segment. */
static inline void program(struct scatterlist *sg)
{
	last_address = sg_dma_address(sg);
	last_length = sg_dma_len(sg);
}

BROKEN(SGL_02, walks_a_chained_list_as_an_array)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct scatterlist *sg;
	struct sg_table table;
	unsigned int i;

	open_chained(&table, page);
	sg = table.sgl;
	for (i = 0; i < table.nents; i++, sg++)
		program(sg);
	expect_finding("SGL-02", 1);
	close_chained(&table);
	__free_page(page);
}

NEAR_MISS(SGL_02, walks_a_chained_list_with_sg_next)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct sg_table table;
	struct scatterlist *sg;
	unsigned int i;

	open_chained(&table, page);
	for_each_sgtable_dma_sg(&table, sg, i)
		program(sg);
	close_chained(&table);
	__free_page(page);
}

/* As an array it is none the worse, as long as it is one. */
NEAR_MISS(SGL_02, indexes_a_list_of_one_part)
{
	struct list list;

	open_list(&list);
	for (int i = 0; i < 4; i++)
		program(&list.sg[i]);
	close_list(&list, 4);
}

BROKEN(SGL_02, fills_a_chained_list_as_an_array)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct sg_table table;

	assert_int_equal(sg_alloc_table(&table, SG_MAX_SINGLE_ALLOC + 5, GFP_KERNEL), 0);
	for (unsigned int i = 0; i < table.orig_nents; i++)
		sg_set_page(&table.sgl[i], page, 16, 0);
	expect_finding("SGL-02", 1);
	sg_free_table(&table);
	__free_page(page);
}

BROKEN(SGL_02, reads_behind_the_end_of_a_table)
{
	struct sg_table table;

	assert_int_equal(sg_alloc_table(&table, 3, GFP_KERNEL), 0);
	assert_null(sg_page(&table.sgl[3]));
	sg_free_table(&table);
	expect_finding("SGL-02", 1);
}

BROKEN(SGL_02, frees_a_list_of_its_own_as_a_table)
{
	struct scatterlist *sgl = must_kmalloc(4 * sizeof(*sgl));
	struct sg_table table = {.sgl = sgl, .nents = 4, .orig_nents = 4};

	sg_init_table(sgl, 4);
	sg_free_table(&table);
	expect_finding("SGL-02", 1);
	kfree(sgl);
}

NEAR_MISS(SGL_02, frees_a_table_twice)
{
	struct sg_table table;

	assert_int_equal(sg_alloc_table(&table, 3, GFP_KERNEL), 0);
	sg_free_table(&table);
	sg_free_table(&table);
}

BROKEN(COH_06, makes_a_table_with_a_lock_held)
{
	DEFINE_SPINLOCK(lock);
	struct sg_table table;

	spin_lock(&lock);
	assert_int_equal(sg_alloc_table(&table, 3, GFP_KERNEL), 0);
	spin_unlock(&lock);
	expect_finding("COH-06", 1);
	sg_free_table(&table);
}

NEAR_MISS(COH_06, makes_a_table_atomically_with_a_lock_held)
{
	DEFINE_SPINLOCK(lock);
	struct sg_table table;

	spin_lock(&lock);
	assert_int_equal(sg_alloc_table(&table, 3, GFP_ATOMIC), 0);
	spin_unlock(&lock);
	sg_free_table(&table);
}

/* A list of one entry that must not be mapped. */
static inline void try_to_map_list(struct scatterlist *sg, int nents)
{
	int mapped = dma_map_sg(dev, sg, nents, DMA_TO_DEVICE);

	assert_int_equal(mapped, 0);
}

BROKEN(STR_11, maps_more_entries_than_the_list_has)
{
	struct list list;

	open_list(&list);
	dma_unmap_sg(dev, list.sg, 4, DMA_FROM_DEVICE);
	try_to_map_list(list.sg, 5);
	expect_finding("STR-11", 1);
	for (int i = 0; i < 4; i++)
		kfree(list.memory[i]);
}

BROKEN(STR_11, maps_an_entry_of_no_bytes)
{
	struct scatterlist sg;
	u8 *memory = must_kmalloc(SIZE);

	sg_init_one(&sg, memory, 0);
	try_to_map_list(&sg, 1);
	expect_finding("STR-11", 1);
	kfree(memory);
}

BROKEN(STR_11, maps_a_list_it_never_filled)
{
	struct scatterlist sg[3];

	sg_init_table(sg, 3);
	try_to_map_list(sg, 3);
	expect_finding("STR-11", 1);
}

BROKEN(MEM_03, puts_the_stack_into_a_list)
{
	u8 command[64] = {1};
	struct scatterlist sg;

	sg_init_one(&sg, command, sizeof(command));
	try_to_map_list(&sg, 1);
	expect_finding("MEM-03", 1);
}

BROKEN(MEM_02, puts_vmalloc_memory_into_a_list)
{
	void *memory = vmalloc(PAGE_SIZE);
	struct scatterlist sg;

	assert_non_null(memory);
	sg_init_one(&sg, memory, 64);
	try_to_map_list(&sg, 1);
	vfree(memory);
	expect_finding("MEM-02", 1);
}

/* The call undid what it did. */
BROKEN(SGL_07, unmaps_a_list_that_was_not_mapped)
{
	struct scatterlist sg[2];
	u8 *memory = must_kmalloc(SIZE);

	sg_init_table(sg, 2);
	sg_set_buf(&sg[0], memory, SIZE);
	try_to_map_list(sg, 2);
	expect_finding("STR-11", 1);
	dma_unmap_sg(dev, sg, 2, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	kfree(memory);
}

BROKEN(SGL_06, maps_a_part_of_a_mapped_list)
{
	struct list list;

	open_list(&list);
	assert_int_not_equal(dma_map_sg(dev, list.sg, 2, DMA_FROM_DEVICE), 0);
	expect_finding("SGL-06", 1);
	close_list(&list, 4);
}

BROKEN(SGL_05, unmaps_another_number_of_entries)
{
	struct list list;

	open_list(&list);
	close_list(&list, 3);
	expect_finding("SGL-05", 1);
}

BROKEN(SGL_05, syncs_another_number_of_entries)
{
	struct list list;

	open_list(&list);
	dma_sync_sg_for_cpu(dev, list.sg, 2, DMA_FROM_DEVICE);
	close_list(&list, 4);
	expect_finding("SGL-05", 1);
}

BROKEN(SGL_06, maps_a_mapped_list)
{
	struct list list;

	open_list(&list);
	assert_int_not_equal(dma_map_sg(dev, list.sg, 4, DMA_FROM_DEVICE), 0);
	expect_finding("SGL-06", 1);
	close_list(&list, 4);
}

NEAR_MISS(SGL_06, maps_a_list_again_after_its_unmap)
{
	struct list list;

	open_list(&list);
	dma_sync_sg_for_cpu(dev, list.sg, 4, DMA_FROM_DEVICE);
	dma_unmap_sg(dev, list.sg, 4, DMA_FROM_DEVICE);
	assert_int_not_equal(dma_map_sg(dev, list.sg, 4, DMA_FROM_DEVICE), 0);
	lab_write(lab, sg_dma_address(&list.sg[3]), bytes, SIZE);
	close_list(&list, 4);
}

/* --- sync ------------------------------------------------------------------------------------- */

BROKEN(SYN_02, lets_the_card_read_what_the_cpu_has)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	dma_sync_single_for_cpu(dev, buffer.dma, SIZE, DMA_TO_DEVICE);
	buffer.memory[0] = 1;
	lab_read(lab, buffer.dma, bytes, SIZE);
	close_buffer(&buffer);
	expect_finding("SYN-02", 1);
}

NEAR_MISS(SYN_02, gives_it_back_first)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	dma_sync_single_for_cpu(dev, buffer.dma, SIZE, DMA_TO_DEVICE);
	buffer.memory[0] = 1;
	dma_sync_single_for_device(dev, buffer.dma, SIZE, DMA_TO_DEVICE);
	lab_read(lab, buffer.dma, bytes, SIZE);
	assert_int_equal(bytes[0], 1);
	close_buffer(&buffer);
}

BROKEN(SYN_04, syncs_beyond_the_end)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	dma_sync_single_for_cpu(dev, buffer.dma + 16, SIZE, DMA_FROM_DEVICE);
	close_buffer(&buffer);
	expect_finding("SYN-04", 1);
}

BROKEN(SYN_04, syncs_in_another_direction)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	dma_sync_single_for_device(dev, buffer.dma, SIZE, DMA_FROM_DEVICE);
	close_buffer(&buffer);
	expect_finding("SYN-04", 1);
}

NEAR_MISS(SYN_04, syncs_to_the_end)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	dma_sync_single_for_cpu(dev, buffer.dma + 16, SIZE - 16, DMA_FROM_DEVICE);
	dma_sync_single_for_device(dev, buffer.dma + 16, SIZE - 16, DMA_FROM_DEVICE);
	close_buffer(&buffer);
}

/* --- consistent memory and pools -------------------------------------------------------------- */

BROKEN(COH_07, frees_another_size)
{
	dma_addr_t dma = 0;
	void *memory = dma_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL);

	assert_non_null(memory);
	dma_free_coherent(dev, sizeof(memory), memory, dma);
	expect_finding("COH-07", 1);
}

BROKEN(COH_07, frees_twice)
{
	dma_addr_t dma = 0;
	void *memory = dma_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL);

	assert_non_null(memory);
	dma_free_coherent(dev, SIZE, memory, dma);
	dma_free_coherent(dev, SIZE, memory, dma);
	expect_finding("COH-07", 1);
}

NEAR_MISS(COH_07, frees_once)
{
	dma_addr_t dma = 0;
	void *memory = dma_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL);

	assert_non_null(memory);
	lab_write(lab, dma, bytes, SIZE);
	dma_free_coherent(dev, SIZE, memory, dma);
	dma_free_coherent(dev, SIZE, NULL, 0);
}

BROKEN(COH_07, frees_pages_as_consistent_memory)
{
	dma_addr_t dma = 0;
	void *memory = dma_alloc_noncoherent(dev, SIZE, &dma, DMA_TO_DEVICE, GFP_KERNEL);

	assert_non_null(memory);
	dma_free_coherent(dev, SIZE, memory, dma);
	expect_finding("COH-07", 1);
}

BROKEN(COH_07, frees_managed_memory_by_the_plain_call)
{
	dma_addr_t dma = 0;
	void *memory = dmam_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL);

	assert_non_null(memory);
	dma_free_coherent(dev, SIZE, memory, dma);
	expect_finding("COH-07", 1);
}

BROKEN(COH_07, frees_write_combined_memory_by_the_plain_call)
{
	dma_addr_t dma = 0;
	void *memory = dma_alloc_wc(dev, SIZE, &dma, GFP_KERNEL);

	assert_non_null(memory);
	dma_free_coherent(dev, SIZE, memory, dma);
	expect_finding("COH-07", 1);
}

BROKEN(COH_07, frees_pages_with_another_direction)
{
	dma_addr_t dma = 0;
	struct page *page = dma_alloc_pages(dev, SIZE, &dma, DMA_TO_DEVICE, GFP_KERNEL);

	assert_non_null(page);
	dma_free_pages(dev, SIZE, page, dma, DMA_FROM_DEVICE);
	expect_finding("COH-07", 1);
}

BROKEN(COH_07, frees_a_list_twice)
{
	struct sg_table *sgt = dma_alloc_noncontiguous(dev, SIZE, DMA_TO_DEVICE, GFP_KERNEL, 0);

	assert_non_null(sgt);
	dma_free_noncontiguous(dev, SIZE, sgt, DMA_TO_DEVICE);
	dma_free_noncontiguous(dev, SIZE, sgt, DMA_TO_DEVICE);
	expect_finding("COH-07", 1);
}

BROKEN(COH_07, frees_a_list_that_is_still_seen)
{
	struct sg_table *sgt = dma_alloc_noncontiguous(dev, SIZE, DMA_TO_DEVICE, GFP_KERNEL, 0);

	assert_non_null(sgt);
	assert_non_null(dma_vmap_noncontiguous(dev, SIZE, sgt));
	dma_free_noncontiguous(dev, SIZE, sgt, DMA_TO_DEVICE);
	expect_finding("COH-07", 1);
}

NEAR_MISS(COH_07, frees_each_by_its_own_call)
{
	struct sg_table *sgt = dma_alloc_noncontiguous(dev, SIZE, DMA_TO_DEVICE, GFP_KERNEL, 0);
	dma_addr_t dma[4] = {};
	void *coherent = dma_alloc_coherent(dev, SIZE, &dma[0], GFP_KERNEL);
	void *combined = dma_alloc_wc(dev, SIZE, &dma[1], GFP_KERNEL);
	void *managed = dmam_alloc_coherent(dev, SIZE, &dma[2], GFP_KERNEL);
	void *pages = dma_alloc_noncoherent(dev, SIZE, &dma[3], DMA_TO_DEVICE, GFP_KERNEL), *view;

	assert_true(sgt && coherent && combined && managed && pages);
	view = dma_vmap_noncontiguous(dev, SIZE, sgt);
	dma_vunmap_noncontiguous(dev, view);
	dma_free_noncontiguous(dev, SIZE, sgt, DMA_TO_DEVICE);
	dma_free_noncoherent(dev, SIZE, pages, dma[3], DMA_TO_DEVICE);
	dmam_free_coherent(dev, SIZE, managed, dma[2]);
	dma_free_wc(dev, SIZE, combined, dma[1]);
	dma_free_coherent(dev, SIZE, coherent, dma[0]);
}

BROKEN(STR_06, forgets_pages)
{
	dma_addr_t dma = 0;

	assert_non_null(dma_alloc_pages(dev, SIZE, &dma, DMA_TO_DEVICE, GFP_KERNEL));
	lab_unbind();
	expect_finding("STR-06", 1);
}

BROKEN(COH_10, asks_pages_of_a_zone)
{
	dma_addr_t dma = 0;

	assert_null(dma_alloc_pages(dev, SIZE, &dma, DMA_TO_DEVICE, GFP_KERNEL | __GFP_DMA));
	expect_finding("COH-10", 1);
}

NEAR_MISS(COH_10, asks_consistent_memory_of_a_zone)
{
	dma_addr_t dma = 0;
	void *memory = dma_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL | __GFP_DMA32);

	assert_non_null(memory);
	dma_free_coherent(dev, SIZE, memory, dma);
}

BROKEN(POL_05, frees_a_block_twice)
{
	struct dma_pool *pool = dma_pool_create("bugs", dev, 64, 64, 0);
	dma_addr_t dma = 0;
	void *block;

	assert_non_null(pool);
	block = dma_pool_alloc(pool, GFP_KERNEL, &dma);
	assert_non_null(block);
	dma_pool_free(pool, block, dma);
	dma_pool_free(pool, block, dma);
	dma_pool_destroy(pool);
	expect_finding("POL-05", 1);
}

BROKEN(POL_05, forgets_a_pool)
{
	assert_non_null(dma_pool_create("bugs", dev, 64, 64, 0));
	lab_unbind();
	expect_finding("POL-05", 1);
}

BROKEN(STR_07, lets_the_card_read_a_freed_block)
{
	struct dma_pool *pool = dma_pool_create("bugs", dev, 64, 64, 0);
	dma_addr_t dma = 0;
	void *block;

	assert_non_null(pool);
	block = dma_pool_alloc(pool, GFP_KERNEL, &dma);
	assert_non_null(block);
	dma_pool_free(pool, block, dma);
	lab_read(lab, dma, bytes, 64);
	dma_pool_destroy(pool);
	expect_finding("STR-07", 1);
}

NEAR_MISS(POL_05, has_a_managed_pool)
{
	struct dma_pool *pool = dmam_pool_create("bugs", dev, 64, 64, 0);
	dma_addr_t dma = 0;
	void *block;

	assert_non_null(pool);
	for (int i = 0; i < 3; i++) {
		block = dma_pool_alloc(pool, GFP_KERNEL, &dma);
		assert_non_null(block);
		lab_read(lab, dma, bytes, 64);
		dma_pool_free(pool, block, dma);
	}
	lab_unbind();
}

/* --- context and registers -------------------------------------------------------------------- */

static DEFINE_SPINLOCK(lock);
static DEFINE_MUTEX(mutex);

BROKEN(COH_06, allocates_with_a_lock_held)
{
	void *memory;

	spin_lock(&lock);
	memory = kmalloc(SIZE, GFP_KERNEL);
	spin_unlock(&lock);
	kfree(memory);
	expect_finding("COH-06", 1);
}

NEAR_MISS(COH_06, allocates_atomically_with_a_lock_held)
{
	dma_addr_t dma = 0;
	void *memory, *ring;

	spin_lock(&lock);
	memory = kmalloc(SIZE, GFP_ATOMIC);
	ring = dma_alloc_coherent(dev, SIZE, &dma, GFP_ATOMIC);
	spin_unlock(&lock);
	kfree(memory);
	if (ring)
		dma_free_coherent(dev, SIZE, ring, dma);
}

/* --- the ISA bus ------------------------------------------------------------------------------ */

/* What the machine has no channels for, it refuses: then there is nothing to get wrong. */
static inline void program_channel(unsigned int channel, dma_addr_t handle, size_t size)
{
	const unsigned long flags = claim_dma_lock();

	disable_dma(channel);
	clear_dma_ff(channel);
	set_dma_mode(channel, DMA_MODE_READ);
	set_dma_addr(channel, handle);
	set_dma_count(channel, size);
	enable_dma(channel);
	disable_dma(channel);
	release_dma_lock(flags);
}

BROKEN(ISA_01, masks_a_channel_that_it_has_not)
{
	const unsigned long flags = claim_dma_lock();

	disable_dma(3);
	release_dma_lock(flags);
	expect_finding("ISA-01", 1);
}

NEAR_MISS(ISA_01, goes_no_further_without_a_channel)
{
	if (request_dma(4, "a driver"))
		return;
	program_channel(4, 0x10000, 16);
}

BROKEN(ISA_02, masks_a_channel_without_the_lock)
{
	if (request_dma(3, "a driver"))
		return;
	disable_dma(3);
	expect_finding("ISA-02", 1);
	free_dma(3);
}

NEAR_MISS(ISA_02, programs_a_channel_under_the_lock)
{
	if (request_dma(3, "a driver"))
		return;
	program_channel(3, 0x10000, 16);
	free_dma(3);
}

BROKEN(ISA_04, programs_across_a_boundary)
{
	if (request_dma(3, "a driver"))
		return;
	program_channel(3, 0x1fff0, 17);
	expect_finding("ISA-04", 1);
	free_dma(3);
}

NEAR_MISS(ISA_04, programs_up_to_a_boundary)
{
	if (request_dma(3, "a driver"))
		return;
	program_channel(3, 0x1fff0, 16);
	free_dma(3);
}

BROKEN(CTX_01, takes_a_mutex_with_a_lock_held)
{
	spin_lock(&lock);
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	spin_unlock(&lock);
	expect_finding("CTX-01", 1);
}

/* The register is ready at once: nobody sleeps this time, and the next card is slower. */
BROKEN(CTX_01, polls_and_may_sleep_with_a_lock_held)
{
	u32 id;

	spin_lock(&lock);
	assert_int_equal(readl_poll_timeout(lab->regs, id, id, 10, 1000), 0);
	spin_unlock(&lock);
	expect_finding("CTX-01", 1);
}

NEAR_MISS(CTX_01, polls_and_spins_with_a_lock_held)
{
	u32 id;

	spin_lock(&lock);
	assert_int_equal(readl_poll_timeout_atomic(lab->regs, id, id, 10, 1000), 0);
	assert_int_equal(readl_poll_timeout(lab->regs, id, id, 0, 1000), 0);
	spin_unlock(&lock);
}

static void destroy_pool(void *pool)
{
	dma_pool_destroy(pool);
}

static void dma_pool_once(void *pool)
{
	dma_addr_t dma = 0;
	void *block = dma_pool_alloc(pool, GFP_ATOMIC, &dma);

	if (block)
		dma_pool_free(pool, block, dma);
}

BROKEN(POL_04, destroys_a_pool_in_an_interrupt)
{
	struct dma_pool *pool = dma_pool_create("bugs", dev, 64, 64, 0);

	assert_non_null(pool);
	in_interrupt_call(destroy_pool, pool);
	expect_finding("POL-04", 1);
}

NEAR_MISS(CTX_01, takes_a_mutex_before_the_lock)
{
	mutex_lock(&mutex);
	spin_lock(&lock);
	spin_unlock(&lock);
	mutex_unlock(&mutex);
}

NEAR_MISS(POL_04, destroys_a_pool_when_the_interrupt_is_over)
{
	struct dma_pool *pool = dma_pool_create("bugs", dev, 64, 64, 0);

	assert_non_null(pool);
	in_interrupt_call(dma_pool_once, pool);
	dma_pool_destroy(pool);
}

BROKEN(ADR_05, asks_for_the_bus_address_itself)
{
	u8 *memory = must_kmalloc(SIZE);

	(void)virt_to_bus(memory);
	expect_finding("ADR-05", 1);
	assert_int_equal(finding_of("ADR-05")->rule->severity, DMK_SEVERITY_WARNING);
	kfree(memory);
}

NEAR_MISS(ADR_05, asks_for_the_physical_address)
{
	u8 *memory = must_kmalloc(SIZE);

	assert_ptr_equal(phys_to_virt(virt_to_phys(memory)), memory);
	kfree(memory);
}

BROKEN(ADR_03, reads_a_register_by_a_plain_pointer)
{
	volatile u32 *regs = (__force volatile u32 *)lab->regs;

	(void)regs[0];
	expect_finding("ADR-03", 1);
}

/* What is left when nobody looked whether ioremap() gave an address. */
BROKEN(ADR_03, writes_behind_a_null_pointer)
{
	void __iomem *regs = NULL;

	writel(1, regs + 0x10);
	expect_finding("ADR-03", 1);
}

NEAR_MISS(ADR_03, reads_a_register_with_readl)
{
	assert_int_not_equal(readl(lab->regs), ~0u);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_MEM_02_bug_maps_vmalloc_memory),
		CONTRACT_TEST(test_MEM_02_near_maps_a_page_of_vmalloc_memory),
		CONTRACT_TEST(test_MEM_02_bug_maps_registers),
		CONTRACT_TEST(test_MEM_03_bug_maps_the_stack),
		CONTRACT_TEST(test_MEM_03_bug_maps_static_data),
		CONTRACT_TEST(test_MEM_03_near_maps_a_copy_of_static_data),
		CONTRACT_TEST(test_MEM_04_bug_maps_a_kmap_address),
		CONTRACT_TEST(test_MEM_04_near_maps_a_highmem_page),
		CONTRACT_TEST(test_MEM_05_bug_frees_mapped_memory),
		CONTRACT_TEST(test_MEM_05_bug_maps_freed_memory),
		CONTRACT_TEST(test_MEM_05_near_maps_memory_that_came_back),
		CONTRACT_TEST(test_MEM_08_bug_lends_one_of_two_objects_in_a_line),
		CONTRACT_TEST(test_MEM_08_bug_lends_both_objects_in_a_line),
		CONTRACT_TEST(test_MEM_08_bug_allocates_a_neighbour_meanwhile),
		CONTRACT_TEST(test_MEM_08_near_aligns_its_cache_to_lines),
		CONTRACT_TEST(test_MEM_08_near_lends_one_of_two_objects_for_reading),
		CONTRACT_TEST(test_MEM_08_near_frees_the_neighbour_first),
		CONTRACT_TEST(test_MEM_08_near_lends_the_middle_of_an_object),
		CONTRACT_TEST(test_STR_11_bug_maps_nothing),
		CONTRACT_TEST(test_STR_11_near_maps_one_byte),
		CONTRACT_TEST(test_MSK_03_bug_goes_on_after_a_refused_mask),
		CONTRACT_TEST(test_MSK_03_near_tries_a_wider_mask),
		CONTRACT_TEST(test_MSK_03_near_goes_on_with_the_kind_that_was_accepted),
		CONTRACT_TEST(test_MSK_08_bug_makes_a_segment_longer_than_the_card_takes),
		CONTRACT_TEST(test_MSK_08_near_makes_a_segment_as_long_as_the_card_takes),
		CONTRACT_TEST(test_DIR_01_bug_maps_in_no_direction),
		CONTRACT_TEST(test_DIR_01_near_maps_in_each_of_the_three),
		CONTRACT_TEST(test_DIR_03_bug_lets_the_card_write_what_it_may_read),
		CONTRACT_TEST(test_DIR_03_near_lets_the_card_do_both),
		CONTRACT_TEST(test_DIR_04_bug_unmaps_in_another_direction),
		CONTRACT_TEST(test_DIR_04_near_unmaps_each_of_two_in_its_direction),
		CONTRACT_TEST(test_IOM_06_bug_lets_the_card_read_what_was_linked_and_not_synced),
		CONTRACT_TEST(test_IOM_06_bug_links_beyond_the_space),
		CONTRACT_TEST(test_IOM_06_near_syncs_before_the_card_reads),
		CONTRACT_TEST(test_STR_02_bug_never_asks),
		CONTRACT_TEST(test_STR_04_bug_unmaps_another_size),
		CONTRACT_TEST(test_STR_04_bug_unmaps_twice),
		CONTRACT_TEST(test_STR_04_bug_unmaps_for_another_card),
		CONTRACT_TEST(test_STR_04_bug_unmaps_the_error),
		CONTRACT_TEST(test_STR_04_bug_unmaps_consistent_memory),
		CONTRACT_TEST(test_STR_04_near_unmaps_a_single_as_a_page),
		CONTRACT_TEST(test_STR_06_bug_forgets_a_mapping),
		CONTRACT_TEST(test_STR_06_bug_forgets_consistent_memory),
		CONTRACT_TEST(test_STR_06_near_has_managed_memory),
		CONTRACT_TEST(test_STR_07_bug_unmaps_while_the_card_writes),
		CONTRACT_TEST(test_STR_07_bug_lets_the_card_read_after_the_unmap),
		CONTRACT_TEST(test_STR_07_near_unmaps_when_the_card_is_done),
		CONTRACT_TEST(test_STR_07_bug_lets_the_card_read_a_freed_block),
		CONTRACT_TEST(test_STR_09_bug_maps_two_halves_of_a_line),
		CONTRACT_TEST(test_STR_09_near_maps_neighbouring_lines),
		CONTRACT_TEST(test_STR_10_bug_gives_the_card_too_long_a_length),
		CONTRACT_TEST(test_STR_10_bug_gives_the_card_another_cards_buffer),
		CONTRACT_TEST(test_STR_10_bug_gives_the_card_a_physical_address),
		CONTRACT_TEST(test_STR_10_near_gives_the_card_all_of_the_buffer),
		CONTRACT_TEST(test_SGL_02_bug_walks_a_chained_list_as_an_array),
		CONTRACT_TEST(test_SGL_02_near_walks_a_chained_list_with_sg_next),
		CONTRACT_TEST(test_SGL_02_near_indexes_a_list_of_one_part),
		CONTRACT_TEST(test_SGL_02_bug_fills_a_chained_list_as_an_array),
		CONTRACT_TEST(test_SGL_02_bug_reads_behind_the_end_of_a_table),
		CONTRACT_TEST(test_SGL_02_bug_frees_a_list_of_its_own_as_a_table),
		CONTRACT_TEST(test_SGL_02_near_frees_a_table_twice),
		CONTRACT_TEST(test_COH_06_bug_makes_a_table_with_a_lock_held),
		CONTRACT_TEST(test_COH_06_near_makes_a_table_atomically_with_a_lock_held),
		CONTRACT_TEST(test_STR_11_bug_maps_more_entries_than_the_list_has),
		CONTRACT_TEST(test_STR_11_bug_maps_an_entry_of_no_bytes),
		CONTRACT_TEST(test_STR_11_bug_maps_a_list_it_never_filled),
		CONTRACT_TEST(test_MEM_03_bug_puts_the_stack_into_a_list),
		CONTRACT_TEST(test_MEM_02_bug_puts_vmalloc_memory_into_a_list),
		CONTRACT_TEST(test_SGL_07_bug_unmaps_a_list_that_was_not_mapped),
		CONTRACT_TEST(test_SGL_06_bug_maps_a_part_of_a_mapped_list),
		CONTRACT_TEST(test_SGL_05_bug_unmaps_another_number_of_entries),
		CONTRACT_TEST(test_SGL_05_bug_syncs_another_number_of_entries),
		CONTRACT_TEST(test_SGL_06_bug_maps_a_mapped_list),
		CONTRACT_TEST(test_SGL_06_near_maps_a_list_again_after_its_unmap),
		CONTRACT_TEST(test_SYN_02_bug_lets_the_card_read_what_the_cpu_has),
		CONTRACT_TEST(test_SYN_02_near_gives_it_back_first),
		CONTRACT_TEST(test_ISA_01_bug_masks_a_channel_that_it_has_not),
		CONTRACT_TEST(test_ISA_01_near_goes_no_further_without_a_channel),
		CONTRACT_TEST(test_ISA_02_bug_masks_a_channel_without_the_lock),
		CONTRACT_TEST(test_ISA_02_near_programs_a_channel_under_the_lock),
		CONTRACT_TEST(test_ISA_04_bug_programs_across_a_boundary),
		CONTRACT_TEST(test_ISA_04_near_programs_up_to_a_boundary),
		CONTRACT_TEST(test_SYN_04_bug_syncs_beyond_the_end),
		CONTRACT_TEST(test_SYN_04_bug_syncs_in_another_direction),
		CONTRACT_TEST(test_SYN_04_near_syncs_to_the_end),
		CONTRACT_TEST(test_COH_07_bug_frees_another_size),
		CONTRACT_TEST(test_COH_07_bug_frees_twice),
		CONTRACT_TEST(test_COH_07_near_frees_once),
		CONTRACT_TEST(test_COH_07_bug_frees_pages_as_consistent_memory),
		CONTRACT_TEST(test_COH_07_bug_frees_managed_memory_by_the_plain_call),
		CONTRACT_TEST(test_COH_07_bug_frees_write_combined_memory_by_the_plain_call),
		CONTRACT_TEST(test_COH_07_bug_frees_pages_with_another_direction),
		CONTRACT_TEST(test_COH_07_bug_frees_a_list_twice),
		CONTRACT_TEST(test_COH_07_bug_frees_a_list_that_is_still_seen),
		CONTRACT_TEST(test_COH_07_near_frees_each_by_its_own_call),
		CONTRACT_TEST(test_STR_06_bug_forgets_pages),
		CONTRACT_TEST(test_COH_10_bug_asks_pages_of_a_zone),
		CONTRACT_TEST(test_COH_10_near_asks_consistent_memory_of_a_zone),
		CONTRACT_TEST(test_POL_04_bug_destroys_a_pool_in_an_interrupt),
		CONTRACT_TEST(test_POL_05_bug_frees_a_block_twice),
		CONTRACT_TEST(test_POL_05_bug_forgets_a_pool),
		CONTRACT_TEST(test_POL_05_near_has_a_managed_pool),
		CONTRACT_TEST(test_COH_06_bug_allocates_with_a_lock_held),
		CONTRACT_TEST(test_COH_06_near_allocates_atomically_with_a_lock_held),
		CONTRACT_TEST(test_CTX_01_bug_takes_a_mutex_with_a_lock_held),
		CONTRACT_TEST(test_CTX_01_bug_polls_and_may_sleep_with_a_lock_held),
		CONTRACT_TEST(test_CTX_01_near_polls_and_spins_with_a_lock_held),
		CONTRACT_TEST(test_CTX_01_near_takes_a_mutex_before_the_lock),
		CONTRACT_TEST(test_POL_04_near_destroys_a_pool_when_the_interrupt_is_over),
		CONTRACT_TEST(test_ADR_05_bug_asks_for_the_bus_address_itself),
		CONTRACT_TEST(test_ADR_05_near_asks_for_the_physical_address),
		CONTRACT_TEST(test_ADR_03_bug_reads_a_register_by_a_plain_pointer),
		CONTRACT_TEST(test_ADR_03_bug_writes_behind_a_null_pointer),
		CONTRACT_TEST(test_ADR_03_near_reads_a_register_with_readl),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
