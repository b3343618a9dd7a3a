// SPDX-License-Identifier: MIT
/*
 * SGL-02: lists of every make, at random, against a plain list of bytes: whatever walks, copies,
 * cuts or maps a list comes by exactly those bytes, in that order. The seed is the run's.
 *
 * The model: the pages of the test in one row, with what each byte should be; and of a list, for
 * each of its bytes, the place in that row. A page may be in a list more than once.
 */
#include "harness.h"

#include <linux/highmem.h>

#include <stdlib.h>

enum {
	RUNS = 3,
	RUN_ORDER = 2,
	RUN_PAGES = 1 << RUN_ORDER,
	SINGLES =
		/* of each kind: in the direct map, highmem if there is any, and behind vmalloc() */
		4,
	PAGES = RUNS * RUN_PAGES + 3 * SINGLES,
	MOST_PIECES = 300,
	MOST_BYTES = 256 << 10,
	ROUNDS = 80,
	PARTS = 5,
};

static struct page *pages[PAGES];
static u8 shadow[PAGES * PAGE_SIZE];
static void *vmalloced;
static u64 random_state;

struct list {
	struct scatterlist *sgl;
	unsigned int nents, pages;
	size_t size;
	u32 at[MOST_BYTES]; /* in the shadow */
	bool repeats;       /* perhaps one byte is in it twice */

	/* what is to be given back */
	struct sg_table table;
	struct sg_append_table append;
	struct scatterlist *chunk[PARTS], first_chunk[SG_CHUNK_SIZE];
	unsigned int first;
};

static struct list list;

/* --- chance ----------------------------------------------------------------------------------- */

static u64 number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1dull >> 11;
}

static size_t below(size_t n)
{
	return n ? number() % n : 0;
}

/* --- the pages -------------------------------------------------------------------------------- */

static void rewrite(size_t page)
{
	for (size_t i = 0; i < PAGE_SIZE; i++)
		shadow[page * PAGE_SIZE + i] = (u8)number();
	memcpy_to_page(pages[page], 0, (char *)shadow + page * PAGE_SIZE, PAGE_SIZE);
}

static void get_pages(void)
{
	size_t n = 0;

	random_state = contract_seed() * 0x9e3779b97f4a7c15ull | 1;
	vmalloced = vmalloc(SINGLES * PAGE_SIZE);
	assert_non_null(vmalloced);
	for (int run = 0; run < RUNS; run++) {
		struct page *first = alloc_pages(GFP_KERNEL, RUN_ORDER);

		assert_non_null(first);
		for (int i = 0; i < RUN_PAGES; i++)
			pages[n++] = first + i;
	}
	for (int i = 0; i < SINGLES; i++) {
		pages[n++] = alloc_page(GFP_KERNEL);
		pages[n++] = alloc_page(GFP_HIGHUSER);
		pages[n++] = vmalloc_to_page((char *)vmalloced + i * PAGE_SIZE);
	}
	for (size_t i = 0; i < PAGES; i++) {
		assert_non_null(pages[i]);
		rewrite(i);
	}
}

static void put_pages(void)
{
	for (int run = 0; run < RUNS; run++)
		__free_pages(pages[run * RUN_PAGES], RUN_ORDER);
	for (int i = 0; i < SINGLES; i++) {
		__free_page(pages[RUNS * RUN_PAGES + 3 * i]);
		__free_page(pages[RUNS * RUN_PAGES + 3 * i + 1]);
	}
	vfree(vmalloced);
}

/* All memory is what the model says, bytes that no list has included. */
static void pages_are_right(void)
{
	static char bytes[PAGE_SIZE];

	for (size_t i = 0; i < PAGES; i++) {
		memcpy_from_page(bytes, pages[i], 0, PAGE_SIZE);
		assert_memory_equal(bytes, shadow + i * PAGE_SIZE, PAGE_SIZE);
	}
}

/* Pages from @page on that lie side by side. */
static size_t side_by_side(size_t page)
{
	size_t n = 1;

	while (page + n < PAGES && page_to_pfn(pages[page + n]) == page_to_pfn(pages[page]) + n)
		n++;
	return n;
}

/* --- making lists ----------------------------------------------------------------------------- */

static void expect_bytes(size_t page, size_t offset, size_t length)
{
	for (size_t i = 0; i < length; i++)
		list.at[list.size++] = (u32)(page * PAGE_SIZE + offset + i);
}

static void set_random_piece(struct scatterlist *sg)
{
	size_t page = below(PAGES), room = side_by_side(page) * PAGE_SIZE, offset = below(room);
	size_t length = 1 + below(min_t(size_t, room - offset, below(8) ? 700 : 9000));

	if (length > (MOST_BYTES - list.size) / 2)
		length = 1;
	sg_set_page(sg, pages[page], length, offset);
	expect_bytes(page, offset, length);
	list.repeats = true;
}

static void set_random_pieces(struct scatterlist *sgl, unsigned int nents)
{
	struct scatterlist *sg;
	unsigned int i;

	list.sgl = sgl;
	list.nents = nents;
	for_each_sg(sgl, sg, nents, i)
		set_random_piece(sg);
}

static void make_table(void)
{
	unsigned int n = 1 + below(below(2) ? 12 : MOST_PIECES);

	assert_int_equal(sg_alloc_table(&list.table, n, GFP_KERNEL), 0);
	set_random_pieces(list.table.sgl, n);
}

/* A request's own entries, and what goes beyond them. */
static void make_chained_table(void)
{
	unsigned int n = 1 + below(below(2) ? 12 : MOST_PIECES);

	list.first = below(3) ? 1 + below(SG_CHUNK_SIZE) : 0;
	list.table.sgl = list.first_chunk;
	assert_int_equal(sg_alloc_table_chained(&list.table, n, list.first_chunk, list.first), 0);
	assert_int_equal(list.table.nents, n);
	assert_int_equal(list.table.sgl == list.first_chunk, n <= list.first || list.first > 1);
	set_random_pieces(list.table.sgl, n);
}

/* Arrays of the driver's, linked by hand. */
static void make_linked_arrays(void)
{
	unsigned int parts = 1 + below(PARTS), total = 0, before = 0;

	for (unsigned int i = 0; i < parts; i++) {
		unsigned int entries = 2 + below(20);

		list.chunk[i] = must_kmalloc(entries * sizeof(struct scatterlist));
		sg_init_table(list.chunk[i], entries);
		if (i)
			sg_chain(list.chunk[i - 1], before, list.chunk[i]);
		total += i + 1 < parts ? entries - 1 : entries;
		before = entries;
	}
	set_random_pieces(list.chunk[0], total);
}

static size_t choose_pages(struct page **chosen, size_t *index)
{
	size_t n = 1 + below(40), at = below(PAGES);

	for (size_t i = 0; i < n; i++) {
		index[i] = at;
		chosen[i] = pages[at];
		at = below(4) && at + 1 < PAGES ? at + 1 : below(PAGES);
	}
	list.repeats = true;
	return n;
}

static void expect_pages(const size_t *index, size_t offset, size_t size)
{
	for (size_t i = 0; size; i++) {
		size_t part = min_t(size_t, PAGE_SIZE - offset, size);

		expect_bytes(index[i], offset, part);
		size -= part;
		offset = 0;
	}
}

/* As few entries as physical neighbours and the longest segment allow. */
static void entries_are_merged(unsigned int max_segment)
{
	struct scatterlist *sg, *before = NULL;
	unsigned int i;

	max_segment &= PAGE_MASK;
	for_each_sg(list.sgl, sg, list.nents, i) {
		assert_true(sg->length && sg->length <= max_segment);
		if (before && sg_phys(before) + before->length == sg_phys(sg))
			assert_true(before->length + PAGE_SIZE > max_segment - before->offset);
		before = sg;
	}
	assert_true(sg_is_last(before));
}

static void make_from_pages(void)
{
	struct page *chosen[40];
	size_t index[40], n = choose_pages(chosen, index);
	unsigned int max_segment = below(2) ? UINT_MAX : PAGE_SIZE * (1 + below(4)) + below(100);
	size_t offset = below(3) ? 0 : below(PAGE_SIZE), size = 1 + below(n * PAGE_SIZE - offset);

	assert_int_equal(sg_alloc_table_from_pages_segment(&list.table, chosen, n, offset, size,
							   max_segment, GFP_KERNEL),
			 0);
	assert_int_equal(list.table.nents, list.table.orig_nents);
	list.sgl = list.table.sgl;
	list.nents = list.table.nents;
	expect_pages(index, offset, size);
	entries_are_merged(max_segment);
}

/*
 * In portions, of which the first may begin and the last end inside a page; sometimes the driver
 * misjudges what is left.
 */
static void make_by_appending(void)
{
	unsigned int max_segment = below(2) ? UINT_MAX : PAGE_SIZE * (1 + below(4));
	size_t index[40], done = 0, n, offset, size;
	struct page *chosen[40];

	n = choose_pages(chosen, index);
	offset = below(3) ? 0 : below(PAGE_SIZE);
	size = (n - 1) * PAGE_SIZE - (n > 1 ? offset : 0) + 1 +
	       below(n > 1 ? PAGE_SIZE : PAGE_SIZE - offset);
	expect_pages(index, offset, size);
	while (done < n) {
		size_t part = 1 + below(n - done), left = n - done - part;
		size_t bytes = min_t(size_t, size, part * PAGE_SIZE - offset);

		if (left && !below(3))
			left = below(left);
		assert_int_equal(sg_alloc_append_table_from_pages(&list.append, chosen + done, part,
								  offset, bytes, max_segment, left,
								  GFP_KERNEL),
				 0);
		size -= bytes;
		offset = 0;
		done += part;
	}
	assert_int_equal(size, 0);
	assert_true(list.append.total_nents >= list.append.sgt.orig_nents);
	list.sgl = list.append.sgt.sgl;
	list.nents = list.append.sgt.nents;
	entries_are_merged(max_segment);
}

/* Memory for a card to write: no byte twice. */
static void make_of_each_page_once(void)
{
	unsigned int n = 1 + below(PAGES);

	assert_int_equal(sg_alloc_table(&list.table, n, GFP_KERNEL), 0);
	list.sgl = list.table.sgl;
	list.nents = n;
	for (unsigned int i = 0; i < n; i++) {
		size_t offset = below(PAGE_SIZE), length = 1 + below(PAGE_SIZE - offset);

		sg_set_page(&list.sgl[i], pages[i], length, offset);
		expect_bytes(i, offset, length);
	}
}

static void make_list(void)
{
	static void (*const ways[])(void) = {make_table,         make_chained_table,
					     make_linked_arrays, make_from_pages,
					     make_by_appending,  make_of_each_page_once};

	memset(&list, 0, sizeof(list));
	ways[below(ARRAY_SIZE(ways))]();
}

static void drop_list(void)
{
	sg_free_append_table(&list.append);
	if (list.table.sgl && (list.first || list.table.sgl == list.first_chunk))
		sg_free_table_chained(&list.table, list.first);
	else
		sg_free_table(&list.table);
	for (int i = 0; i < PARTS; i++)
		kfree(list.chunk[i]);
}

/* --- what a list is good for ------------------------------------------------------------------ */

/* Physical address of a byte of the model. */
static phys_addr_t place(size_t byte)
{
	return page_to_phys(pages[list.at[byte] / PAGE_SIZE]) + list.at[byte] % PAGE_SIZE;
}

static void is_walked(void)
{
	struct scatterlist *sg, *last = NULL;
	size_t seen = 0, enough;
	unsigned int i;

	assert_int_equal(sg_nents(list.sgl), list.nents);
	for_each_sg(list.sgl, sg, list.nents, i) {
		for (size_t byte = 0; byte < sg->length; byte += 1 + below(400))
			assert_int_equal(sg_phys(sg) + byte, place(seen + byte));
		seen += sg->length;
		last = sg;
	}
	assert_int_equal(seen, list.size);
	assert_ptr_equal(sg_last(list.sgl, list.nents), last);
	assert_true(sg_is_last(last) && !sg_next(last));
	enough = 1 + below(list.size);
	seen = 0;
	for (i = 0, sg = list.sgl; seen < enough; i++, sg = sg_next(sg))
		seen += sg->length;
	assert_int_equal(sg_nents_for_len(list.sgl, enough), i);
	assert_int_equal(sg_nents_for_len(list.sgl, list.size + 1), -EINVAL);
}

static void is_walked_by_pages(void)
{
	static struct page *expected[MOST_PIECES * (RUN_PAGES + 1)];
	size_t n = 0, first = below(20), at = first;
	struct sg_page_iter iter;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sg(list.sgl, sg, list.nents, i)
		for (size_t page = 0; page < PAGE_ALIGN(sg->offset + sg->length) >> PAGE_SHIFT;
		     page++)
			expected[n++] = sg_page(sg) + page;
	for_each_sg_page(list.sgl, &iter, list.nents, first)
		assert_ptr_equal(sg_page_iter_page(&iter), expected[at++]);
	assert_int_equal(at, max(n, first));
}

static void expect_slice(const u8 *bytes, size_t first, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != shadow[list.at[first + i]])
			fail_msg("byte %zu of the list is 0x%02x, expected 0x%02x", first + i,
				 bytes[i], shadow[list.at[first + i]]);
}

static u8 bytes[MOST_BYTES + 100];

static void is_copied(void)
{
	size_t skip = below(list.size + 10), wanted = below(list.size + 10);
	size_t there = skip < list.size ? min_t(size_t, wanted, list.size - skip) : 0;

	memset(bytes, 0xee, sizeof(bytes));
	assert_int_equal(sg_pcopy_to_buffer(list.sgl, list.nents, bytes, wanted, skip), there);
	expect_slice(bytes, skip, there);
	assert_int_equal(bytes[there], 0xee);
	for (size_t i = 0; i < there; i++)
		bytes[i] = (u8)number();
	assert_int_equal(sg_pcopy_from_buffer(list.sgl, list.nents, bytes, wanted, skip), there);
	for (size_t i = 0; i < there; i++)
		shadow[list.at[skip + i]] = bytes[i];
	wanted = below(100);
	there = skip < list.size ? min_t(size_t, wanted, list.size - skip) : 0;
	assert_int_equal(sg_zero_buffer(list.sgl, list.nents, wanted, skip), there);
	for (size_t i = 0; i < there; i++)
		shadow[list.at[skip + i]] = 0;
}

/* Reads and writes each part, leaves some of it, skips. */
static void is_mapped_piece_by_piece(void)
{
	static const unsigned int ways[] = {0, SG_MITER_ATOMIC, SG_MITER_LOCAL};
	const unsigned int way = ways[below(ARRAY_SIZE(ways))];
	struct sg_mapping_iter miter;
	size_t seen = 0;

	sg_miter_start(&miter, list.sgl, list.nents, SG_MITER_TO_SG | SG_MITER_FROM_SG | way);
	while (sg_miter_next(&miter)) {
		u8 *part = miter.addr;

		assert_true(miter.length && offset_in_page(part) + miter.length <= PAGE_SIZE);
		assert_int_equal(in_atomic(), way == SG_MITER_ATOMIC);
		assert_int_equal(page_to_phys(miter.page) + offset_in_page(part), place(seen));
		expect_slice(part, seen, miter.length);
		if (!below(3))
			miter.consumed = below(miter.length + 1);
		for (size_t i = 0; i < miter.consumed; i += 1 + below(50)) {
			part[i] = (u8)number();
			shadow[list.at[seen + i]] = part[i];
		}
		seen += miter.consumed;
		if (!below(5)) {
			size_t skip = below(2000);
			bool more = sg_miter_skip(&miter, skip);

			assert_int_equal(more, seen + skip <= list.size);
			seen += skip;
			if (!more)
				break;
		}
		if (!below(60))
			break;
	}
	sg_miter_stop(&miter);
	sg_miter_stop(&miter);
	assert_false(in_atomic());
}

/* Sizes of parts, and where the first begins; they end inside the list. */
static size_t choose_parts(size_t *size, int parts)
{
	size_t skip = below(list.size / 2 + 1), left = list.size - skip;

	for (int i = 0; i < parts; i++) {
		size[i] = 1 + below((left - (parts - i - 1)) / (parts - i));
		left -= size[i];
	}
	return skip;
}

static void is_cut(void)
{
	int parts = 1 + below(PARTS);
	struct scatterlist *out[PARTS];
	size_t size[PARTS], skip, at;

	if (list.size < 2 * PARTS)
		return;
	at = skip = choose_parts(size, parts);
	assert_int_equal(sg_split(list.sgl, 0, skip, parts, size, out, NULL, GFP_KERNEL), 0);
	for (int i = 0; i < parts; i++) {
		assert_int_equal(sg_nents_for_len(out[i], size[i] + 1), -EINVAL);
		assert_int_equal(sg_copy_to_buffer(out[i], sg_nents(out[i]), bytes, sizeof(bytes)),
				 size[i]);
		expect_slice(bytes, at, size[i]);
		at += size[i];
		kfree(out[i]);
	}
	size[parts - 1] += list.size;
	assert_int_equal(sg_split(list.sgl, 0, skip, parts, size, out, NULL, GFP_KERNEL), -EINVAL);
}

/* A segment may be longer than the card takes at a time, where entries are merged. */
static void card_reads(dma_addr_t dma, u8 *to, size_t size)
{
	for (size_t part; size; size -= part, dma += part, to += part) {
		part = min_t(size_t, size, LAB_BUFFER);
		assert_int_equal(lab_read(lab, dma, to, part), 0);
	}
}

static void card_writes(dma_addr_t dma, const u8 *from, size_t size)
{
	for (size_t part; size; size -= part, dma += part, from += part) {
		part = min_t(size_t, size, LAB_BUFFER);
		assert_int_equal(lab_write(lab, dma, from, part), 0);
	}
}

static size_t card_reads_list(struct scatterlist *sgl, int segments)
{
	struct scatterlist *sg;
	size_t seen = 0;
	int i;

	for_each_sg(sgl, sg, segments, i) {
		card_reads(sg_dma_address(sg), bytes + seen, sg_dma_len(sg));
		seen += sg_dma_len(sg);
	}
	return seen;
}

/*
 * Where much is bounced and little room, a list may be too long: that is no mistake, and leaves
 * nothing behind.
 */
static int map_list(enum dma_data_direction dir)
{
	struct dmk_bounce_stats before, after;
	int mapped;

	dmk_bounce_statistics(&dev->dmk, &before);
	mapped = dma_map_sg(dev, list.sgl, list.nents, dir);
	if (mapped)
		return mapped;
	dmk_bounce_statistics(&dev->dmk, &after);
	assert_int_equal(after.used, before.used);
	return 0;
}

static void is_read_by_the_card(void)
{
	struct scatterlist *out[PARTS];
	int mapped = map_list(DMA_TO_DEVICE), parts = 1 + below(PARTS), segments[PARTS];
	size_t size[PARTS], at;

	if (!mapped)
		return;
	assert_int_equal(card_reads_list(list.sgl, mapped), list.size);
	expect_slice(bytes, 0, list.size);
	if (list.size >= 2 * PARTS) {
		at = choose_parts(size, parts);
		assert_int_equal(
			sg_split(list.sgl, mapped, at, parts, size, out, segments, GFP_KERNEL), 0);
		for (int i = 0; i < parts; i++) {
			assert_int_equal(card_reads_list(out[i], segments[i]), size[i]);
			expect_slice(bytes, at, size[i]);
			at += size[i];
			kfree(out[i]);
		}
	}
	dma_unmap_sg(dev, list.sgl, list.nents, DMA_TO_DEVICE);
}

static void is_written_by_the_card(void)
{
	struct scatterlist *sg;
	size_t seen = 0;
	int i, mapped;

	if (list.repeats)
		return;
	mapped = map_list(DMA_BIDIRECTIONAL);
	for_each_sg(list.sgl, sg, mapped, i) {
		for (unsigned int byte = 0; byte < sg_dma_len(sg); byte++)
			shadow[list.at[seen + byte]] = bytes[byte] = (u8)number();
		card_writes(sg_dma_address(sg), bytes, sg_dma_len(sg));
		seen += sg_dma_len(sg);
	}
	if (mapped && below(2)) {
		dma_sync_sg_for_cpu(dev, list.sgl, list.nents, DMA_BIDIRECTIONAL);
		is_copied();
		dma_sync_sg_for_device(dev, list.sgl, list.nents, DMA_BIDIRECTIONAL);
		assert_int_equal(card_reads_list(list.sgl, mapped), list.size);
		expect_slice(bytes, 0, list.size);
	}
	if (mapped)
		dma_unmap_sg(dev, list.sgl, list.nents, DMA_BIDIRECTIONAL);
}

static void test_SGL_02_lists_of_every_make_hold_the_bytes_of_the_model(void **state)
{
	static void (*const uses[])(void) = {is_walked,
					     is_walked_by_pages,
					     is_copied,
					     is_cut,
					     is_mapped_piece_by_piece,
					     is_read_by_the_card,
					     is_written_by_the_card};

	get_pages();
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32)), 0);
	dma_set_max_seg_size(dev, UINT_MAX);
	for (int round = 0; round < ROUNDS; round++) {
		make_list();
		for (int i = 0; i < 12; i++)
			uses[below(ARRAY_SIZE(uses))]();
		drop_list();
		pages_are_right();
	}
	put_pages();
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_SGL_02_lists_of_every_make_hold_the_bytes_of_the_model),
		CONTRACT_TEST_WITH(test_SGL_02_lists_of_every_make_hold_the_bytes_of_the_model,
				   "swiotlb=force"),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
