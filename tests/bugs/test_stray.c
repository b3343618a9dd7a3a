// SPDX-License-Identifier: MIT
/*
 * Drivers that send their card to a wrong place: half a handle, a physical address, a pointer, the
 * length of an entry, memory that is no longer theirs. What is reported is one thing; this file
 * looks too at whether the report names the cause, the buffer that was meant, and what happened to
 * it.
 */
#include "broken.h"

static u8 bytes[4 * PAGE_SIZE];

static void expect_buffer(const char *rule, dma_addr_t dma)
{
	assert_non_null(finding_of(rule));
	assert_int_equal(finding_of(rule)->buffer.dma.v, dma);
	assert_true(finding_of(rule)->mapped.depth);
}

/* --- half a handle ---------------------------------------------------------------------------- */

/* A page whose handle has more than 32 bits; 0: this machine gives none. */
static dma_addr_t map_high(struct page **page)
{
	dma_addr_t dma;

	*page = NULL;
	if (dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)))
		return 0;
	*page = alloc_page(GFP_HIGHUSER);
	assert_non_null(*page);
	dma = dma_map_page(dev, *page, 0, PAGE_SIZE, DMA_TO_DEVICE);
	assert_false(dma_mapping_error(dev, dma));
	if (dma >> 32)
		return dma;
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	__free_page(*page);
	return 0;
}

static void unmap_high(dma_addr_t dma, struct page *page)
{
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	__free_page(page);
}

BROKEN(STR_10, gives_the_card_half_a_handle)
{
	struct page *page;
	const dma_addr_t dma = map_high(&page);

	if (!dma)
		return;
	lab_read(lab, (u32)dma + 64, bytes, 16);
	expect_finding("STR-10", 1);
	expect_words("STR-10", "lost its upper bits");
	expect_words("STR-10", "upper_32_bits()");
	expect_buffer("STR-10", dma);
	unmap_high(dma, page);
}

BROKEN(STR_04, unmaps_half_a_handle)
{
	struct page *page;
	const dma_addr_t dma = map_high(&page);

	if (!dma)
		return;
	dma_unmap_page(dev, (u32)dma, PAGE_SIZE, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	expect_words("STR-04", "low 32 bits of the handle");
	expect_buffer("STR-04", dma);
	unmap_high(dma, page);
}

NEAR_MISS(STR_10, gives_the_card_both_halves)
{
	struct page *page;
	const dma_addr_t dma = map_high(&page);
	const u32 low = lower_32_bits(dma), high = upper_32_bits(dma);

	if (!dma)
		return;
	lab_read(lab, (u64)high << 32 | low, bytes, 16);
	unmap_high(dma, page);
}

/* A card of 24 address lines, whose driver never said so: on most machines it is lucky. */
BROKEN(STR_10, has_a_card_of_few_lines)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);
	const dma_addr_t seen = buffer.dma & DMA_BIT_MASK(24);

	if (seen != buffer.dma && seen >= PAGE_SIZE) {
		lab_read(lab, seen, bytes, SIZE);
		expect_finding("STR-10", 1);
		expect_words("STR-10", "dma_set_mask_and_coherent(dev, DMA_BIT_MASK(");
		expect_buffer("STR-10", buffer.dma);
	}
	close_buffer(&buffer);
}

BROKEN(MSK_01, never_says_how_many_lines_the_card_has)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	close_buffer(&buffer);
	lab_unbind();
	/* Of both cards one is used; it is the driver's mistake. */
	expect_finding("MSK-01", 1);
	assert_int_equal(finding_of("MSK-01")->rule->severity, DMK_SEVERITY_WARNING);
	assert_true(finding_of("MSK-01")->where.depth);
}

BROKEN(MSK_01, never_says_so_of_two_cards)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);
	dma_addr_t dma = must_map(dev2, buffer.memory, SIZE, DMA_TO_DEVICE);

	dma_unmap_single(dev2, dma, SIZE, DMA_TO_DEVICE);
	close_buffer(&buffer);
	lab_unbind();
	expect_finding("MSK-01", 2);
}

NEAR_MISS(MSK_01, says_what_a_new_card_has)
{
	struct buffer buffer;

	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32)), 0);
	buffer = open_buffer(DMA_TO_DEVICE);
	close_buffer(&buffer);
	lab_unbind();
	assert_null(finding_of("MSK-01"));
}

NEAR_MISS(MSK_01, does_no_dma)
{
	lab_unbind();
	assert_null(finding_of("MSK-01"));
}

/* --- another kind of address ------------------------------------------------------------------ */

BROKEN(STR_10, gives_the_card_a_physical_address_and_an_offset)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);
	const phys_addr_t phys = virt_to_phys(buffer.memory);

	if (phys != buffer.dma) {
		lab_read(lab, phys + 32, bytes, 16);
		expect_finding("STR-10", 1);
		expect_words("STR-10", "this is the physical address");
		expect_buffer("STR-10", buffer.dma);
	}
	close_buffer(&buffer);
}

BROKEN(STR_10, gives_the_card_the_physical_address_of_an_entry)
{
	struct scatterlist sg[2];
	u8 *memory[2];

	sg_init_table(sg, 2);
	for (unsigned int i = 0; i < 2; i++) {
		memory[i] = must_kmalloc(SIZE);
		sg_set_buf(&sg[i], memory[i], SIZE);
	}
	assert_int_not_equal(dma_map_sg(dev, sg, 2, DMA_TO_DEVICE), 0);
	if (sg_phys(&sg[1]) != sg_dma_address(&sg[1])) {
		lab_read(lab, sg_phys(&sg[1]), bytes, SIZE);
		expect_finding("STR-10", 1);
		expect_words("STR-10", "physical address");
	}
	dma_unmap_sg(dev, sg, 2, DMA_TO_DEVICE);
	kfree(memory[0]);
	kfree(memory[1]);
}

BROKEN(STR_10, gives_the_card_a_pointer)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	lab_read(lab, (uintptr_t)buffer.memory, bytes, SIZE);
	expect_finding("STR-10", 1);
	expect_words("STR-10", "the CPU's pointer to ");
	expect_buffer("STR-10", buffer.dma);
	close_buffer(&buffer);
}

BROKEN(STR_10, gives_the_card_nothing)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	lab_read(lab, 0, bytes, 16);
	expect_finding("STR-10", 1);
	expect_words("STR-10", "never filled in");
	close_buffer(&buffer);
}

/* --- lengths and counts of lists -------------------------------------------------------------- */

enum { ENTRIES = 4, TAIL = 256 };

struct list {
	struct scatterlist sg[ENTRIES];
	struct page *page[ENTRIES];
	unsigned int mapped;
};

/* Two whole pages and a part of one become one segment where an IOMMU merges; the last, another. */
static void open_list(struct list *list)
{
	static const unsigned int length[ENTRIES] = {PAGE_SIZE, PAGE_SIZE, 512, TAIL};

	sg_init_table(list->sg, ENTRIES);
	for (unsigned int i = 0; i < ENTRIES; i++) {
		list->page[i] = alloc_page(GFP_KERNEL);
		assert_non_null(list->page[i]);
		sg_set_page(&list->sg[i], list->page[i], length[i], 0);
	}
	list->mapped = dma_map_sg(dev, list->sg, ENTRIES, DMA_TO_DEVICE);
	assert_int_not_equal(list->mapped, 0);
}

static void close_list(struct list *list)
{
	dma_unmap_sg(dev, list->sg, ENTRIES, DMA_TO_DEVICE);
	for (unsigned int i = 0; i < ENTRIES; i++)
		__free_page(list->page[i]);
}

static void send(dma_addr_t dma, unsigned int length)
{
	assert_in_range(length, 1, sizeof(bytes));
	lab_read(lab, dma, bytes, length);
}

BROKEN(STR_10, takes_the_length_of_an_entry_for_a_segments)
{
	struct scatterlist *sg;
	struct list list;
	int i;

	open_list(&list);
	for_each_sg(list.sg, sg, list.mapped, i)
		send(sg_dma_address(sg), sg->length);
	if (list.mapped < ENTRIES) {
		expect_finding("STR-10", 1);
		expect_words("STR-10", "sg->length of entry 1");
		expect_words("STR-10", "sg_dma_len()");
	}
	close_list(&list);
}

BROKEN(STR_10, walks_the_entries_of_a_merged_list)
{
	struct scatterlist *sg;
	struct list list;
	int i;

	open_list(&list);
	for_each_sg(list.sg, sg, ENTRIES, i)
		send(sg_dma_address(sg), sg_dma_len(sg) ? sg_dma_len(sg) : TAIL);
	if (list.mapped < ENTRIES) {
		expect_finding("STR-10", ENTRIES - list.mapped);
		expect_words("STR-10", "walk the 2 segments");
	}
	close_list(&list);
}

NEAR_MISS(STR_10, walks_the_segments_of_a_list)
{
	struct scatterlist *sg;
	struct list list;
	int i;

	open_list(&list);
	for_each_sg(list.sg, sg, list.mapped, i)
		send(sg_dma_address(sg), sg_dma_len(sg));
	close_list(&list);
}

/* --- the bytes of a slot ---------------------------------------------------------------------- */

static void send_unsynced(size_t synced)
{
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = dma_map_single_attrs(dev, memory, SIZE, DMA_TO_DEVICE,
					      DMA_ATTR_SKIP_CPU_SYNC);

	assert_false(dma_mapping_error(dev, dma));
	memset(memory, 0x77, SIZE);
	if (synced)
		dma_sync_single_for_device(dev, dma, synced, DMA_TO_DEVICE);
	lab_read(lab, dma, bytes, SIZE);
	dma_unmap_single_attrs(dev, dma, SIZE, DMA_TO_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
	kfree(memory);
}

BROKEN(SYN_02, lets_the_card_read_a_slot_that_nobody_filled)
{
	send_unsynced(0);
	if (machine_bounces_all()) {
		expect_finding("SYN-02", 1);
		expect_words("SYN-02", "somebody who had it before");
	}
}

BROKEN(SYN_02, fills_a_part_of_a_slot)
{
	send_unsynced(SIZE / 2);
	if (machine_bounces_all())
		expect_finding("SYN-02", 1);
}

NEAR_MISS(SYN_02, fills_the_slot_by_a_sync)
{
	send_unsynced(SIZE);
	assert_int_equal(bytes[SIZE - 1], 0x77);
}

/* --- where it was, and what happened to it ---------------------------------------------------- */

BROKEN(STR_10, lets_the_card_read_behind_a_buffer)
{
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	lab_read(lab, buffer.dma + SIZE + 24, bytes, 8);
	expect_finding("STR-10", 1);
	expect_words("STR-10", "it is 24 bytes behind its end");
	close_buffer(&buffer);
}

static void expect_step(const struct dmk_finding *finding, unsigned int i, const char *what)
{
	assert_in_range(i + 1, 1, finding->nr_history);
	assert_string_equal(finding->history[i].what, what);
	assert_true(finding->history[i].where.depth);
}

BROKEN(STR_07, lets_the_card_come_after_the_memory_was_freed)
{
	struct buffer buffer = open_buffer(DMA_BIDIRECTIONAL);
	const struct dmk_finding *finding;

	dma_sync_single_for_cpu(dev, buffer.dma, SIZE, buffer.dir);
	dma_sync_single_for_device(dev, buffer.dma, SIZE, buffer.dir);
	close_buffer(&buffer);
	lab_write(lab, buffer.dma, bytes, SIZE);
	expect_finding("STR-07", 1);
	finding = finding_of("STR-07");
	expect_step(finding, 0, "mapped");
	expect_step(finding, 1, "synced for the CPU");
	expect_step(finding, 2, "synced for the device");
	expect_step(finding, 3, "unmapped");
	expect_step(finding, 4, "its memory freed");
}

/*
 * Without the wait the memory, and with it often the address, is the next buffer's, and the card is
 * right by luck. Where addresses are given out apart from memory, they may be the same all the
 * same: then nobody can tell.
 */
BROKEN(STR_07, lets_the_card_come_when_the_next_buffer_is_there)
{
	struct buffer old = open_buffer(DMA_FROM_DEVICE), new;

	close_buffer(&old);
	new = open_buffer(DMA_FROM_DEVICE);
	assert_ptr_not_equal(old.memory, new.memory);
	lab_write(lab, old.dma, bytes, SIZE);
	if (old.dma != new.dma) {
		expect_finding("STR-07", 1);
		expect_step(finding_of("STR-07"), 2, "its memory freed");
		assert_int_equal(new.memory[0], 0x5a);
	}
	close_buffer(&new);
}

BROKEN(MEM_05, frees_memory_that_the_card_writes_later)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	kfree(buffer.memory);
	lab_write(lab, buffer.dma, bytes, SIZE);
	dma_unmap_single(dev, buffer.dma, SIZE, buffer.dir);
	expect_finding("MEM-05", 1);
	expect_words("MEM-05", "and after that the device wrote");
}

NEAR_MISS(MEM_05, frees_memory_that_the_card_wrote_before)
{
	struct buffer buffer = open_buffer(DMA_FROM_DEVICE);

	lab_write(lab, buffer.dma, bytes, SIZE);
	close_buffer(&buffer);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST_WITH(test_STR_10_bug_gives_the_card_half_a_handle,
				   "iommu.forcedac=1"),
		CONTRACT_TEST_WITH(test_STR_04_bug_unmaps_half_a_handle, "iommu.forcedac=1"),
		CONTRACT_TEST_WITH(test_STR_10_near_gives_the_card_both_halves, "iommu.forcedac=1"),
		CONTRACT_TEST(test_STR_10_bug_has_a_card_of_few_lines),
		CONTRACT_TEST(test_MSK_01_bug_never_says_how_many_lines_the_card_has),
		CONTRACT_TEST(test_MSK_01_bug_never_says_so_of_two_cards),
		CONTRACT_TEST(test_MSK_01_near_says_what_a_new_card_has),
		CONTRACT_TEST(test_MSK_01_near_does_no_dma),
		CONTRACT_TEST(test_STR_10_bug_gives_the_card_a_physical_address_and_an_offset),
		CONTRACT_TEST(test_STR_10_bug_gives_the_card_the_physical_address_of_an_entry),
		CONTRACT_TEST(test_STR_10_bug_gives_the_card_a_pointer),
		CONTRACT_TEST(test_STR_10_bug_gives_the_card_nothing),
		CONTRACT_TEST(test_STR_10_bug_takes_the_length_of_an_entry_for_a_segments),
		CONTRACT_TEST(test_STR_10_bug_walks_the_entries_of_a_merged_list),
		CONTRACT_TEST(test_STR_10_near_walks_the_segments_of_a_list),
		CONTRACT_TEST_WITH(test_SYN_02_bug_lets_the_card_read_a_slot_that_nobody_filled,
				   "swiotlb=force"),
		CONTRACT_TEST_WITH(test_SYN_02_bug_fills_a_part_of_a_slot, "swiotlb=force"),
		CONTRACT_TEST_WITH(test_SYN_02_near_fills_the_slot_by_a_sync, "swiotlb=force"),
		CONTRACT_TEST(test_STR_10_bug_lets_the_card_read_behind_a_buffer),
		CONTRACT_TEST(test_STR_07_bug_lets_the_card_come_after_the_memory_was_freed),
		CONTRACT_TEST_WITH(test_STR_07_bug_lets_the_card_come_when_the_next_buffer_is_there,
				   "dmakit.quarantine=65536"),
		CONTRACT_TEST(test_MEM_05_bug_frees_memory_that_the_card_writes_later),
		CONTRACT_TEST(test_MEM_05_near_frees_memory_that_the_card_wrote_before),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
