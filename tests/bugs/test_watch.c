// SPDX-License-Identifier: MIT
/*
 * Drivers that touch a buffer when it is not their turn, or leave a sync out: one small broken
 * driver for each way to do it, and the one that does nearly the same and is right. This file is
 * compiled once for each way to watch (docs/WATCHING.md), as dmakit check compiles a driver; what
 * it finds is found on a machine where nothing goes wrong too.
 *
 * The table at the end says what of each driver shows in which mode; test_watch --list-cases prints
 * it, a line for each.
 */
#include "harness.h"

#include <dmakit/watch.h>

#include <linux/dmaengine.h>
#include <linux/highmem.h>
#include <linux/string.h>

/* By page only whole pages are watched. */
#ifdef BUFFER_OF_A_PAGE
enum { SIZE = PAGE_SIZE };
#else
enum { SIZE = 256 };
#endif

static void judge_case(const char *name);

#define CASE(name)                                   \
	static void name(void);                      \
	static void run_##name(void **state)         \
	{                                            \
		name();                              \
		judge_case(#name);                   \
	}                                            \
	static void name(void)
#define BROKEN(rule, what)    CASE(test_##rule##_bug_##what)
#define NEAR_MISS(rule, what) CASE(test_##rule##_near_##what)

static u8 bytes[2 * SIZE];

struct buffer {
	u8 *memory;
	dma_addr_t dma;
	enum dma_data_direction dir;
};

/* Read and written as a driver does: the compiler may not know better. */
#define LOOK(place)        (*(volatile typeof(place) *)&(place))
#define PUT(place, value)  (LOOK(place) = (value))

static noinline struct buffer open_buffer(enum dma_data_direction dir)
{
	struct buffer buffer = {.memory = must_kmalloc(SIZE), .dir = dir};

	memset(buffer.memory, 0x5a, SIZE);
	buffer.dma = must_map(dev, buffer.memory, SIZE, dir);
	return buffer;
}

static void close_buffer(struct buffer *buffer)
{
	dma_unmap_single(dev, buffer->dma, SIZE, buffer->dir);
	kfree(buffer->memory);
}

static void take(struct buffer *buffer, size_t size)
{
	dma_sync_single_for_cpu(dev, buffer->dma, size, buffer->dir);
}

static void give(struct buffer *buffer, size_t size)
{
	dma_sync_single_for_device(dev, buffer->dma, size, buffer->dir);
}

/* Whether all accesses are seen, with all their bytes. */
static bool is_exact(void)
{
	return dmk_watch_mode() == DMK_WATCH_INSTRUMENTED;
}

static void expect_words(const char *rule, const char *words)
{
	const struct dmk_finding *finding = finding_of(rule);

	if (!is_exact() && !finding)
		return; /* judge_case() knows whether it has to be there */
	assert_non_null(finding);
	if (is_exact() && !strstr(finding->what, words) && !strstr(finding->mend, words))
		fail_msg("\"%s\" is not in \"%s\" nor in \"%s\"", words, finding->what,
			 finding->mend);
	assert_true(finding->mapped.depth);
}

/* --- STR-03: while the device owns it --------------------------------------------------------- */

BROKEN(STR_03, writes_a_mapped_buffer)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	PUT(*(u32 *)(buffer.memory + 16), 1);
	close_buffer(&buffer);
	expect_words("STR-03", "wrote 4 bytes at offset 16 of a single buffer of 256 bytes");
}

BROKEN(STR_03, writes_many_times_in_one_place)
{
	struct buffer buffer = open_buffer(DMA_BIDIRECTIONAL);

	for (unsigned int i = 0; i < 10; i++)
		PUT(buffer.memory[i], i);
	close_buffer(&buffer);
}

BROKEN(STR_03, writes_in_two_places)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	PUT(buffer.memory[0], 1);
	PUT(buffer.memory[1], 2);
	close_buffer(&buffer);
}

NEAR_MISS(STR_03, writes_before_and_after)
{
	struct buffer buffer = {.memory = must_kmalloc(SIZE), .dir = DMA_BIDIRECTIONAL};

	memset(buffer.memory, 1, SIZE);
	buffer.dma = must_map(dev, buffer.memory, SIZE, buffer.dir);
	dma_unmap_single(dev, buffer.dma, SIZE, buffer.dir);
	memset(buffer.memory, 2, SIZE);
	assert_int_equal(LOOK(buffer.memory[SIZE - 1]), 2);
	kfree(buffer.memory);
}

BROKEN(STR_03, reads_what_the_device_may_write)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	bytes[0] = LOOK(*(u64 *)(buffer.memory + 8));
	close_buffer(&buffer);
	expect_words("STR-03", "read 8 bytes at offset 8");
}

BROKEN(STR_03, reads_what_the_device_reads)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	bytes[0] = LOOK(buffer.memory[0]);
	close_buffer(&buffer);
}

BROKEN(STR_03, fills_it_too_late)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	memset(buffer.memory + 32, 0, 64);
	close_buffer(&buffer);
	expect_words("STR-03", "64 bytes at offset 32");
}

BROKEN(STR_03, copies_into_it_too_late)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	memcpy(buffer.memory, bytes, 200);
	close_buffer(&buffer);
	expect_words("STR-03", "wrote 200 bytes at offset 0");
}

struct message {
	u32 words[48];
};

BROKEN(STR_03, assigns_a_struct_too_late)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);
	static const struct message message;

	*(struct message *)buffer.memory = message;
	close_buffer(&buffer);
	expect_words("STR-03", "wrote 192 bytes at offset 0");
}

BROKEN(STR_03, counts_in_it_atomically)
{
	struct buffer buffer = open_buffer(DMA_BIDIRECTIONAL);

	atomic_inc((atomic_t *)(buffer.memory + 4));
	close_buffer(&buffer);
	expect_words("STR-03", "4 bytes at offset 4");
}

BROKEN(STR_03, writes_the_last_byte)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory, 100, DMA_TO_DEVICE);

	PUT(memory[99], 1);
	dma_unmap_single(dev, dma, 100, DMA_TO_DEVICE);
	kfree(memory);
}

NEAR_MISS(STR_03, writes_the_byte_behind)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory, 100, DMA_TO_DEVICE);

	PUT(memory[100], 1);
	dma_unmap_single(dev, dma, 100, DMA_TO_DEVICE);
	kfree(memory);
}

BROKEN(STR_03, writes_after_giving_it_back)
{
	struct buffer buffer = open_buffer(DMA_BIDIRECTIONAL);

	take(&buffer, SIZE);
	give(&buffer, SIZE);
	PUT(buffer.memory[0], 1);
	close_buffer(&buffer);
}

NEAR_MISS(STR_03, writes_in_its_turn)
{
	struct buffer buffer = open_buffer(DMA_BIDIRECTIONAL);

	for (unsigned int i = 0; i < 3; i++) {
		take(&buffer, SIZE);
		PUT(buffer.memory[0], LOOK(buffer.memory[0]) + 1);
		give(&buffer, SIZE);
		lab_read(lab, buffer.dma, bytes, SIZE);
		lab_write(lab, buffer.dma, bytes, SIZE);
	}
	close_buffer(&buffer);
}

BROKEN(STR_03, writes_one_entry_of_a_list)
{
	struct scatterlist sg[3];
	u8 *memory[3];

	sg_init_table(sg, 3);
	for (unsigned int i = 0; i < 3; i++) {
		memory[i] = must_kmalloc(SIZE);
		sg_set_buf(&sg[i], memory[i], SIZE);
	}
	assert_int_not_equal(dma_map_sg(dev, sg, 3, DMA_TO_DEVICE), 0);
	PUT(memory[1][10], 1);
	dma_unmap_sg(dev, sg, 3, DMA_TO_DEVICE);
	for (unsigned int i = 0; i < 3; i++)
		kfree(memory[i]);
	expect_words("STR-03", "offset 266 of a sg buffer of 768 bytes");
}

NEAR_MISS(STR_03, shares_coherent_memory)
{
	dma_addr_t dma = 0;
	u8 *memory = dma_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL);

	assert_non_null(memory);
	PUT(memory[0], 1);
	lab_write(lab, dma, bytes, SIZE);
	bytes[0] = LOOK(memory[0]);
	dma_free_coherent(dev, SIZE, memory, dma);
}

NEAR_MISS(STR_03, shares_a_pool_block)
{
	struct dma_pool *pool = dma_pool_create("watched", dev, 64, 64, 0);
	dma_addr_t dma = 0;
	u8 *memory;

	assert_non_null(pool);
	memory = dma_pool_alloc(pool, GFP_KERNEL, &dma);
	assert_non_null(memory);
	PUT(memory[0], 1);
	lab_write(lab, dma, bytes, 64);
	bytes[0] = LOOK(memory[0]);
	dma_pool_free(pool, memory, dma);
	dma_pool_destroy(pool);
}

NEAR_MISS(STR_03, syncs_by_itself)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = dma_map_single_attrs(dev, memory, SIZE, DMA_FROM_DEVICE,
					      DMA_ATTR_SKIP_CPU_SYNC);

	assert_false(dma_mapping_error(dev, dma));
	PUT(memory[0], 1);
	dma_sync_single_for_device(dev, dma, 64, DMA_FROM_DEVICE);
	lab_write(lab, dma, bytes, 64);
	dma_sync_single_for_cpu(dev, dma, 64, DMA_FROM_DEVICE);
	bytes[0] = LOOK(memory[0]);
	dma_unmap_single_attrs(dev, dma, SIZE, DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
	kfree(memory);
}

BROKEN(STR_03, writes_noncoherent_pages_of_the_device)
{
	dma_addr_t dma = 0;
	u8 *memory = dma_alloc_noncoherent(dev, PAGE_SIZE, &dma, DMA_TO_DEVICE, GFP_KERNEL);

	assert_non_null(memory);
	memset(memory, 1, PAGE_SIZE);
	dma_sync_single_for_device(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	PUT(memory[5], 1);
	dma_free_noncoherent(dev, PAGE_SIZE, memory, dma, DMA_TO_DEVICE);
	expect_words("STR-03", "noncoherent buffer");
}

/* --- by other addresses ----------------------------------------------------------------------- */

BROKEN(STR_03, writes_vmalloc_memory_whose_page_is_mapped)
{
	u8 *memory = vmalloc(2 * PAGE_SIZE);
	dma_addr_t dma = 0;

	assert_non_null(memory);
	dma = dma_map_page(dev, vmalloc_to_page(memory + PAGE_SIZE), 128, 64, DMA_TO_DEVICE);
	assert_false(dma_mapping_error(dev, dma));
	memset(memory + PAGE_SIZE - 64, 1, 64);
	PUT(memory[PAGE_SIZE + 127], 1);
	PUT(memory[PAGE_SIZE + 130], 1);
	dma_unmap_page(dev, dma, 64, DMA_TO_DEVICE);
	PUT(memory[PAGE_SIZE + 130], 1);
	vfree(memory);
	expect_words("STR-03", "wrote 1 byte at offset 2");
}

static struct page *open_page(dma_addr_t *dma, enum dma_data_direction dir)
{
	struct page *page = alloc_pages(GFP_HIGHUSER, 0);

	assert_non_null(page);
	*dma = dma_map_page(dev, page, 0, PAGE_SIZE, dir);
	assert_false(dma_mapping_error(dev, *dma));
	return page;
}

/* A copy of SIZE bytes by the controller that is on every machine, to its end. */
struct copy {
	struct dma_chan *chan;
	struct device *master;
	u8 *memory;
	dma_addr_t from, to;
};

static struct copy open_copy(void)
{
	dma_cap_mask_t mask;
	struct copy copy;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	copy.chan = dma_request_channel(mask, NULL, NULL);
	assert_non_null(copy.chan);
	copy.master = dmaengine_get_dma_device(copy.chan);
	copy.memory = must_kmalloc(2 * SIZE);
	copy.from = must_map(copy.master, copy.memory, SIZE, DMA_TO_DEVICE);
	copy.to = must_map(copy.master, copy.memory + SIZE, SIZE, DMA_FROM_DEVICE);
	return copy;
}

static void run_copy(struct copy *copy)
{
	struct dma_async_tx_descriptor *tx = dmaengine_prep_dma_memcpy(copy->chan, copy->to,
								       copy->from, SIZE, 0);

	assert_non_null(tx);
	assert_int_equal(dma_sync_wait(copy->chan, dmaengine_submit(tx)), DMA_COMPLETE);
}

static void close_copy(struct copy *copy)
{
	dma_unmap_single(copy->master, copy->from, SIZE, DMA_TO_DEVICE);
	dma_unmap_single(copy->master, copy->to, SIZE, DMA_FROM_DEVICE);
	kfree(copy->memory);
	dma_release_channel(copy->chan);
}

BROKEN(STR_03, writes_what_a_controller_copies)
{
	struct copy copy = open_copy();

	PUT(copy.memory[3], 1);
	run_copy(&copy);
	close_copy(&copy);
}

BROKEN(SYN_02, gives_a_controller_nothing_back)
{
	struct copy copy = open_copy();

	run_copy(&copy);
	dma_sync_single_for_cpu(copy.master, copy.from, SIZE, DMA_TO_DEVICE);
	PUT(copy.memory[3], 1);
	run_copy(&copy);
	close_copy(&copy);
	expect_words("SYN-02", "dma_sync_single_for_device");
}

NEAR_MISS(SYN_02, gives_it_back_to_a_controller)
{
	struct copy copy = open_copy();

	run_copy(&copy);
	dma_sync_single_for_cpu(copy.master, copy.from, SIZE, DMA_TO_DEVICE);
	PUT(copy.memory[3], 1);
	dma_sync_single_for_device(copy.master, copy.from, SIZE, DMA_TO_DEVICE);
	run_copy(&copy);
	close_copy(&copy);
}

BROKEN(SYN_02, reads_a_page_that_it_maps_for_itself)
{
	dma_addr_t dma = 0;
	struct page *page = open_page(&dma, DMA_FROM_DEVICE);
	u8 *memory;

	lab_write(lab, dma, bytes, SIZE);
	memory = kmap_local_page(page);
	memcpy(bytes, memory + 16, 32);
	kunmap_local(memory);
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	__free_pages(page, 0);
	expect_words("SYN-02", "read 32 bytes at offset 16");
}

NEAR_MISS(SYN_02, reads_a_page_that_it_maps_for_itself_in_time)
{
	dma_addr_t dma = 0;
	struct page *page = open_page(&dma, DMA_FROM_DEVICE);
	u8 *memory = kmap_local_page(page);

	lab_write(lab, dma, bytes, SIZE);
	dma_sync_single_for_cpu(dev, dma, SIZE, DMA_FROM_DEVICE);
	memcpy(bytes, memory + 16, 32);
	kunmap_local(memory);
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	__free_pages(page, 0);
}

/* --- SYN-02: what the device wrote ------------------------------------------------------------ */

BROKEN(SYN_02, reads_without_a_sync)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	lab_write(lab, buffer.dma, bytes, SIZE);
	bytes[0] = LOOK(buffer.memory[0]);
	bytes[1] = LOOK(buffer.memory[1]);
	close_buffer(&buffer);
	expect_words("SYN-02", "no sync for the CPU came since");
}

BROKEN(SYN_02, reads_beyond_a_short_sync)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	lab_write(lab, buffer.dma, bytes, SIZE);
	take(&buffer, 64);
	memcpy(bytes, buffer.memory, 128);
	close_buffer(&buffer);
	expect_words("SYN-02", "read 64 bytes at offset 64");
	expect_words("SYN-02", "bytes 0 to 63 only");
}

BROKEN(SYN_02, copies_without_a_sync)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	lab_write(lab, buffer.dma, bytes, SIZE);
	kfree(kmemdup(buffer.memory + 8, 32, GFP_KERNEL));
	close_buffer(&buffer);
	expect_words("SYN-02", "read 32 bytes at offset 8");
}

NEAR_MISS(SYN_02, reads_what_was_synced)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	lab_write(lab, buffer.dma, bytes, SIZE);
	take(&buffer, 64);
	memcpy(bytes, buffer.memory, 64);
	give(&buffer, 64);
	lab_write(lab, buffer.dma, bytes, SIZE);
	dma_sync_single_range_for_cpu(dev, buffer.dma, 64, 128, DMA_FROM_DEVICE);
	memcpy(bytes, buffer.memory + 64, 128);
	close_buffer(&buffer);
}

BROKEN(SYN_02, reads_again_after_the_next_frame)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	lab_write(lab, buffer.dma, bytes, SIZE);
	take(&buffer, SIZE);
	bytes[0] = LOOK(buffer.memory[0]);
	lab_write(lab, buffer.dma, bytes, SIZE);
	bytes[0] = LOOK(buffer.memory[0]);
	close_buffer(&buffer);
}

NEAR_MISS(SYN_02, polls_with_a_sync_each_time)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	for (unsigned int i = 0; i < 3; i++) {
		take(&buffer, 4);
		lab_write(lab, buffer.dma, bytes, 4);
		bytes[0] = LOOK(buffer.memory[0]);
	}
	close_buffer(&buffer);
}

/* --- SYN-02: what the CPU wrote --------------------------------------------------------------- */

BROKEN(SYN_02, gives_nothing_back)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	take(&buffer, SIZE);
	PUT(buffer.memory[0], 1);
	lab_read(lab, buffer.dma, bytes, SIZE);
	close_buffer(&buffer);
	expect_words("SYN-02", "which the CPU has written here");
}

BROKEN(SYN_02, gives_too_little_back_of_what_both_write)
{
	struct buffer buffer = open_buffer(DMA_BIDIRECTIONAL);

	take(&buffer, SIZE);
	memset(buffer.memory, 1, 128);
	give(&buffer, 64);
	lab_read(lab, buffer.dma, bytes, SIZE);
	close_buffer(&buffer);
	expect_words("SYN-02", "bytes 64 to 127");
}

NEAR_MISS(SYN_02, gives_back_what_it_wrote)
{
	struct buffer buffer = open_buffer(DMA_BIDIRECTIONAL);

	take(&buffer, SIZE);
	memset(buffer.memory, 1, 64);
	give(&buffer, 64);
	lab_read(lab, buffer.dma, bytes, SIZE);
	close_buffer(&buffer);
}

BROKEN(SYN_02, lets_the_device_write_over_its_own_writes)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	take(&buffer, SIZE);
	memset(buffer.memory, 0, 16);
	lab_write(lab, buffer.dma, bytes, SIZE);
	close_buffer(&buffer);
}

/* --- MEM-05: freed while mapped, and what comes after ----------------------------------------- */

BROKEN(MEM_05, frees_what_the_device_still_writes)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	kfree(buffer.memory);
	lab_write(lab, buffer.dma, bytes, SIZE);
	dma_unmap_single(dev, buffer.dma, SIZE, DMA_FROM_DEVICE);
}

BROKEN(MEM_05, writes_what_it_has_freed)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	close_buffer(&buffer);
	PUT(*(u32 *)(buffer.memory + 8), 1);
	expect_words("MEM-05", "the CPU wrote 4 bytes at physical");
	if (!is_exact())
		return;
	assert_string_equal(finding_of("MEM-05")->mapped_label, "freed");
	assert_int_equal(finding_of("MEM-05")->nr_history, 3);
}

BROKEN(MEM_05, copies_out_of_a_page_that_it_has_freed)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);
	dma_addr_t dma = must_map(dev, page_address(page) + PAGE_SIZE, 64, DMA_FROM_DEVICE);

	dma_unmap_single(dev, dma, 64, DMA_FROM_DEVICE);
	__free_pages(page, 1);
	memcpy(bytes, page_address(page), 16);
	expect_words("MEM-05", "(memcpy)");
}

NEAR_MISS(MEM_05, writes_what_it_was_given_again)
{
	for (unsigned int i = 0; i < 40; i++) {
		struct buffer buffer = open_buffer(DMA_TO_DEVICE);

		dma_unmap_single(dev, buffer.dma, SIZE, buffer.dir);
		PUT(buffer.memory[i], i);
		kfree(buffer.memory);
	}
}

NEAR_MISS(MEM_05, writes_beside_what_it_has_freed)
{
	struct buffer a = open_buffer(DMA_TO_DEVICE), b = open_buffer(DMA_TO_DEVICE);

	close_buffer(&a);
	dma_unmap_single(dev, b.dma, SIZE, b.dir);
	PUT(b.memory[0], 1);
	PUT(b.memory[SIZE - 1], 1);
	kfree(b.memory);
}

static void constructor(void *object)
{
	PUT(*(u8 *)object, 1);
}

/* Its pages are those that were freed: what the constructor writes is nobody's any more. */
NEAR_MISS(MEM_05, constructs_objects_in_what_it_has_freed)
{
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t dma = must_map(dev, page_address(page), 64, DMA_TO_DEVICE);
	struct kmem_cache *cache;
	void *object;

	dma_unmap_single(dev, dma, 64, DMA_TO_DEVICE);
	__free_page(page);
	cache = kmem_cache_create("constructed", 64, 0, 0, constructor);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_ptr_equal(virt_to_page(object), page);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
}

/* --- ADR-01: back from a handle --------------------------------------------------------------- */

static void *back;

/*
 * Where memory lies at the number, too, nobody can tell; nor where the two are the same; and who is
 * compiled as he is does not ask.
 */
static bool is_told(const struct buffer *buffer)
{
	return dmk_watch_mode() != DMK_WATCH_PAGE && buffer->dma != virt_to_phys(buffer->memory) &&
	       !pfn_valid(PHYS_PFN(buffer->dma));
}

BROKEN(ADR_01, takes_a_handle_for_a_physical_address)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	if (is_told(&buffer)) {
		back = phys_to_virt(buffer.dma);
		expect_finding("ADR-01", 1);
		expect_words("ADR-01", "phys_to_virt is given 0x");
	}
	close_buffer(&buffer);
}

BROKEN(ADR_01, looks_up_the_page_of_a_handle)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	if (is_told(&buffer)) {
		back = pfn_to_page(PHYS_PFN(buffer.dma));
		expect_finding("ADR-01", 1);
	}
	close_buffer(&buffer);
}

BROKEN(ADR_01, makes_a_view_of_a_handle)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	if (is_told(&buffer)) {
		assert_null(memremap(buffer.dma, SIZE, MEMREMAP_WB));
		expect_finding("ADR-01", 1);
	}
	close_buffer(&buffer);
}

NEAR_MISS(ADR_01, goes_back_from_a_physical_address)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);
	const phys_addr_t phys = virt_to_phys(buffer.memory);

	assert_ptr_equal(phys_to_virt(phys), buffer.memory);
	assert_ptr_equal(page_address(pfn_to_page(PHYS_PFN(phys))) + offset_in_page(phys),
			 buffer.memory);
	close_buffer(&buffer);
}

/* --- what shows in which mode ----------------------------------------------------------------- */

enum {
	HIDDEN = 0,
	ITSELF = 253, /* not on every machine: the case says where */
	ENDS = 254, /* the runtime of that mode reports it, and ends the program: not run here */
	MANY = 255, /* once or more */
};

static const struct watch_case {
	struct contract_test test;
	const char *rule; /* NULL: a near miss, silent in all modes */
	/* how often it is reported */
	unsigned int instrumented, asan, page;
} cases[] = {
#define SHOWS(id, rule, what, instrumented, asan, page)                              \
	{                                                                            \
		{"test_" #id "_bug_" #what, run_test_##id##_bug_##what, NULL, false}, \
			rule, instrumented, asan, page                               \
	}
#define SILENT(id, what)                                                               \
	{                                                                              \
		{"test_" #id "_near_" #what, run_test_##id##_near_##what, NULL, false}, \
			NULL, 0, 0, 0                                                  \
	}
	SHOWS(STR_03, "STR-03", writes_a_mapped_buffer, 1, 1, 1),
	SHOWS(STR_03, "STR-03", writes_many_times_in_one_place, 10, 10, 10),
	SHOWS(STR_03, "STR-03", writes_in_two_places, 2, 2, 2),
	SILENT(STR_03, writes_before_and_after),
	SHOWS(STR_03, "STR-03", writes_what_a_controller_copies, 1, 1, 1),
	SHOWS(SYN_02, "SYN-02", gives_a_controller_nothing_back, 1, 1, 1),
	SILENT(SYN_02, gives_it_back_to_a_controller),
	SHOWS(STR_03, "STR-03", reads_what_the_device_may_write, 1, 1, 1),
	SHOWS(STR_03, "STR-03", reads_what_the_device_reads, 1, 1, 1),
	SHOWS(STR_03, "STR-03", fills_it_too_late, 1, 1, MANY),
	SHOWS(STR_03, "STR-03", copies_into_it_too_late, 1, 1, MANY),
	SHOWS(STR_03, "STR-03", assigns_a_struct_too_late, MANY, MANY, MANY),
	SHOWS(STR_03, "STR-03", counts_in_it_atomically, MANY, MANY, MANY),
	SHOWS(STR_03, "STR-03", writes_the_last_byte, 1, 1, HIDDEN),
	SILENT(STR_03, writes_the_byte_behind),
	SHOWS(STR_03, "STR-03", writes_after_giving_it_back, 1, 1, 1),
	SILENT(STR_03, writes_in_its_turn),
	SHOWS(STR_03, "STR-03", writes_one_entry_of_a_list, 1, 1, 1),
	SILENT(STR_03, shares_coherent_memory),
	SILENT(STR_03, shares_a_pool_block),
	SILENT(STR_03, syncs_by_itself),
	SHOWS(STR_03, "STR-03", writes_noncoherent_pages_of_the_device, 1, 1, 1),
	SHOWS(STR_03, "STR-03", writes_vmalloc_memory_whose_page_is_mapped, 1, 1, HIDDEN),
	SHOWS(SYN_02, "SYN-02", reads_a_page_that_it_maps_for_itself, 1, 1, MANY),
	SILENT(SYN_02, reads_a_page_that_it_maps_for_itself_in_time),
	SHOWS(SYN_02, "SYN-02", reads_without_a_sync, 2, 2, 2),
	SHOWS(SYN_02, "SYN-02", reads_beyond_a_short_sync, 1, 1, HIDDEN),
	SHOWS(SYN_02, "SYN-02", copies_without_a_sync, 1, 1, MANY),
	SILENT(SYN_02, reads_what_was_synced),
	SHOWS(SYN_02, "SYN-02", reads_again_after_the_next_frame, 1, HIDDEN, HIDDEN),
	SILENT(SYN_02, polls_with_a_sync_each_time),
	SHOWS(SYN_02, "SYN-02", gives_nothing_back, 1, 1, 1),
	SHOWS(SYN_02, "SYN-02", gives_too_little_back_of_what_both_write, 1, 1, HIDDEN),
	SILENT(SYN_02, gives_back_what_it_wrote),
	SHOWS(SYN_02, "SYN-02", lets_the_device_write_over_its_own_writes, 1, 1, HIDDEN),
	SHOWS(MEM_05, "MEM-05", frees_what_the_device_still_writes, 1, 1, 1),
	SHOWS(MEM_05, "MEM-05", writes_what_it_has_freed, 1, ENDS, HIDDEN),
	SHOWS(MEM_05, "MEM-05", copies_out_of_a_page_that_it_has_freed, 1, 1, HIDDEN),
	SILENT(MEM_05, writes_what_it_was_given_again),
	SILENT(MEM_05, writes_beside_what_it_has_freed),
	SILENT(MEM_05, constructs_objects_in_what_it_has_freed),
	SHOWS(ADR_01, "ADR-01", takes_a_handle_for_a_physical_address, ITSELF, ITSELF, HIDDEN),
	SHOWS(ADR_01, "ADR-01", looks_up_the_page_of_a_handle, ITSELF, ITSELF, HIDDEN),
	SHOWS(ADR_01, "ADR-01", makes_a_view_of_a_handle, ITSELF, ITSELF, HIDDEN),
	SILENT(ADR_01, goes_back_from_a_physical_address),
};

static unsigned int shown_in(const struct watch_case *watched, enum dmk_watch_mode mode)
{
	return mode == DMK_WATCH_PAGE ? watched->page
	       : mode == DMK_WATCH_ASAN ? watched->asan
					: watched->instrumented;
}

static void judge_case(const char *name)
{
	const struct watch_case *watched = cases;
	const struct dmk_finding *finding;
	unsigned int shown;

	while (strcmp(watched->test.name, name))
		watched++;
	shown = shown_in(watched, dmk_watch_mode());
	finding = watched->rule ? finding_of(watched->rule) : NULL;
	if (shown && shown != ITSELF)
		expect_finding(watched->rule,
			       shown == MANY && finding ? (unsigned int)finding->count : shown);
}

static void list_cases(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		print_message("%s %s %u %u %u\n", cases[i].test.name, cases[i].rule ? cases[i].rule : "-",
		       cases[i].instrumented, cases[i].asan, cases[i].page);
}

/* Once more with less memory that waits before it is given out again. */
static const struct contract_test again[] = {
	{"test_MEM_05_bug_writes_what_it_has_freed", run_test_MEM_05_bug_writes_what_it_has_freed,
	 "dmakit.quarantine=65536", false},
	{"test_MEM_05_near_writes_what_it_was_given_again",
	 run_test_MEM_05_near_writes_what_it_was_given_again, "dmakit.quarantine=4096", false},
};

int main(int argc, char **argv)
{
	static struct contract_test tests[ARRAY_SIZE(cases) + ARRAY_SIZE(again)];
	size_t n = 0;

	if (argc == 2 && !strcmp(argv[1], "--list-cases")) {
		list_cases();
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (shown_in(&cases[i], dmk_watch_mode()) != ENDS)
			tests[n++] = cases[i].test;
	for (size_t i = 0; i < ARRAY_SIZE(again) && dmk_watch_mode() == DMK_WATCH_INSTRUMENTED; i++)
		tests[n++] = again[i];
	return contract_main(argc, argv, tests, n);
}
