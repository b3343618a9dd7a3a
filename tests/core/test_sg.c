/* SPDX-License-Identifier: MIT */
/*
 * Scatterlists: the list, and mapping it. And the driver-facing wrappers, as far as they need no
 * more than the core.
 */
#include "unit.h"

#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/scatterlist.h>

/* The rest of the kernel's part that <linux/mm.h> refers to. */
void *dmk_page_address_high(const struct page *page)
{
	return NULL;
}

static void set(struct scatterlist *sg, uint64_t phys, unsigned int length)
{
	sg_set_page(sg, phys_to_page(phys), length, phys & 4095);
}

/* --- the list --------------------------------------------------------------------------------- */

static void test_SGL_01_layout(void **state)
{
	struct scatterlist sg = {0};

	assert_int_equal(sizeof(sg.dma_address), 8);
	sg.dma_length = 5;
	assert_int_equal(sg_dma_len(&sg), 5);
	sg_dma_address(&sg) = 1;
	assert_int_equal(sg.dma_address, 1);
	assert_int_equal(sg.page_link + sg.offset + sg.length, 0);
}

static void test_SGL_02_walking_over_chains(void **state)
{
	struct scatterlist first[4], second[3], third[2], *sg;
	unsigned int i, lengths = 0;

	fake_start(&(struct fake_options){0});
	sg_init_table(first, 4);
	sg_init_table(second, 3);
	sg_init_table(third, 2);
	sg_chain(first, 4, second);
	sg_chain(second, 3, third);
	for (i = 0; i < 3; i++)
		set(&first[i], LOW(i * 4096), 1);
	for (i = 0; i < 2; i++)
		set(&second[i], LOW((3 + i) * 4096), 10);
	for (i = 0; i < 2; i++)
		set(&third[i], LOW((5 + i) * 4096 + 7), 100);
	assert_int_equal(sg_nents(first), 7);
	assert_ptr_equal(sg_last(first, 7), &third[1]);
	assert_ptr_equal(sg_next(&first[2]), &second[0]);
	assert_ptr_equal(sg_next(&third[1]), NULL);
	for_each_sg(first, sg, 7, i) {
		assert_int_equal(sg_phys(sg) & ~4095ULL, LOW(i * 4096));
		lengths += sg->length;
	}
	assert_int_equal(lengths, 223);
	assert_int_equal(sg_nents_for_len(first, 0), 0);
	assert_int_equal(sg_nents_for_len(first, 3), 3);
	assert_int_equal(sg_nents_for_len(first, 4), 4);
	assert_int_equal(sg_nents_for_len(first, 223), 7);
	assert_int_equal(sg_nents_for_len(first, 224), -EINVAL);
	assert_ptr_equal(sg_virt(&third[0]), fake_ram(LOW(5 * 4096 + 7)));
	sg_init_one(third, fake_ram(LOW(12345)), 17);
	assert_int_equal(sg_phys(third), LOW(12345));
	assert_int_equal(third->length, 17);
	assert_true(sg_is_last(third));
	sg_unmark_end(third);
	assert_false(sg_is_last(third));
	sg_mark_end(third);
	sg_assign_page(third, phys_to_page(LOW(0)));
	assert_true(sg_is_last(third) && sg_page(third) == phys_to_page(LOW(0)));
	fake_stop();
}

/*
 * A driver that has the first entries mapped apart from the others: an unmap of these is none of
 * those.
 */
static void test_SGL_05_STR_04_parts_of_a_list_by_themselves(void **state)
{
	struct dmk_bounce_stats stats;
	struct scatterlist sg[4];
	size_t used;

	fake_start(&(struct fake_options){.parameters = "swiotlb=force"});
	sg_init_table(sg, 4);
	for (unsigned int i = 0; i < 4; i++)
		set(&sg[i], LOW(4096 * i), 100);
	dmk_bounce_statistics(&fake_dev, &stats);
	used = stats.used;
	assert_int_equal(dmk_map_sg(&fake_dev, sg, 2, DMK_TO_DEVICE, 0), 2);
	assert_int_equal(dmk_map_sg(&fake_dev, sg + 2, 2, DMK_TO_DEVICE, 0), 2);
	dmk_unmap_sg(&fake_dev, sg, 2, DMK_TO_DEVICE, 0);
	dmk_bounce_statistics(&fake_dev, &stats);
	assert_int_equal(stats.used, used + 2);
	dmk_unmap_sg(&fake_dev, sg + 2, 2, DMK_TO_DEVICE, 0);
	dmk_bounce_statistics(&fake_dev, &stats);
	assert_int_equal(stats.used, used);
	fake_stop();
}

static const unsigned int table_sizes[] = {1,
					   2,
					   100,
					   SG_MAX_SINGLE_ALLOC,
					   SG_MAX_SINGLE_ALLOC + 1,
					   SG_MAX_SINGLE_ALLOC * 2 - 1,
					   SG_MAX_SINGLE_ALLOC * 2,
					   1000};

static void test_SGL_02_tables(void **state)
{
	for (size_t i = 0; i < sizeof(table_sizes) / sizeof(table_sizes[0]); i++) {
		for (unsigned int n = 1;; n++) {
			struct fake_held before;
			struct sg_table table;
			int error;

			fake_start(&(struct fake_options){0});
			before = fake_held();
			fake_fail_at(n);
			error = sg_alloc_table(&table, table_sizes[i], GFP_KERNEL);
			fake_fail_at(0);
			assert_true(error == 0 || error == -ENOMEM);
			if (!error) {
				assert_int_equal(table.orig_nents, table_sizes[i]);
				assert_int_equal(sg_nents(table.sgl), table_sizes[i]);
			}
			sg_free_table(&table);
			sg_free_table(&table);
			assert_int_equal(fake_held().metas, before.metas);
			fake_stop();
			if (!error)
				break;
		}
	}
	fake_start(&(struct fake_options){0});
	assert_int_equal(sg_alloc_table(&(struct sg_table){0}, 0, GFP_KERNEL), -EINVAL);
	fake_stop();
}

static void test_SGL_02_tables_from_pages(void **state)
{
	struct page *pages[6];
	struct scatterlist *sg;
	struct sg_table table;
	static const unsigned int frames[] = {0, 1, 2, 5, 6, 4};
	struct {
		uint64_t phys;
		unsigned int length;
	} expected[] = {{LOW(100), 3 * 4096 - 100}, {LOW(5 * 4096), 8192}, {LOW(4 * 4096), 50}};
	unsigned int i;

	fake_start(&(struct fake_options){0});
	for (i = 0; i < 6; i++)
		pages[i] = phys_to_page(LOW(frames[i] * 4096));
	assert_int_equal(
		sg_alloc_table_from_pages(&table, pages, 6, 100, 5 * 4096 - 50, GFP_KERNEL), 0);
	assert_int_equal(table.orig_nents, 3);
	for_each_sgtable_sg(&table, sg, i) {
		assert_int_equal(sg_phys(sg), expected[i].phys);
		assert_int_equal(sg->length, expected[i].length);
	}
	sg_free_table(&table);
	assert_int_equal(sg_alloc_table_from_pages_segment(&table, pages, 6, 0, 6 * 4096, 8192,
							   GFP_KERNEL),
			 0);
	assert_int_equal(table.orig_nents, 4);
	sg_free_table(&table);
	assert_int_equal(sg_alloc_table_from_pages(&table, pages, 6, 4096, 10, GFP_KERNEL),
			 -EINVAL);
	assert_int_equal(sg_alloc_table_from_pages(&table, pages, 6, 1, 6 * 4096, GFP_KERNEL),
			 -EINVAL);
	assert_int_equal(sg_alloc_table_from_pages(&table, pages, 0, 0, 1, GFP_KERNEL), -EINVAL);
	assert_int_equal(sg_alloc_table_from_pages_segment(&table, pages, 6, 0, 4096, 100,
							   GFP_KERNEL),
			 -EINVAL);
	fake_stop();
}

/*
 * Rows that Linux's own test of its lists has, in two portions or one: how many entries come of
 * which frames.
 */
static const struct pages_row {
	unsigned int frames[8], n;
	unsigned int more[8], n_more;
	unsigned int max_segment; /* in pages; 0: no limit */
	unsigned int expected;
} pages_rows[] = {
	{{0}, 1, {0}, 0, 0, 1},
	{{0, 1}, 2, {0}, 0, 0, 1},
	{{1, 0}, 2, {0}, 0, 0, 2},
	{{0, 2, 1}, 3, {0}, 0, 0, 3},
	{{0, 1, 3}, 3, {0}, 0, 0, 2},
	{{0, 1, 3, 4, 6}, 5, {0}, 0, 0, 3},
	{{0, 1, 2, 3, 4}, 5, {0}, 0, 2, 3},
	{{0, 2, 3, 4, 5, 6}, 6, {0}, 0, 2, 4},
	{{0, 1, 3, 4, 5, 6}, 6, {0}, 0, 2, 3},
	{{0}, 1, {1}, 1, 0, 1},
	{{0}, 1, {2}, 1, 0, 2},
	{{0, 1}, 2, {2, 3}, 2, 0, 1},
	{{0, 1}, 2, {2, 3}, 2, 2, 2},
	{{0, 1, 2}, 3, {3, 4}, 2, 2, 3},
	{{0, 2}, 2, {3, 7, 8}, 3, 0, 3},
};

static void test_SGL_02_tables_that_grow(void **state)
{
	for (size_t i = 0; i < sizeof(pages_rows) / sizeof(pages_rows[0]); i++) {
		const struct pages_row *row = &pages_rows[i];
		const unsigned int most = row->max_segment ? row->max_segment * 4096 + 1 : ~0U;
		struct sg_append_table table = {.prv = NULL};
		struct page *pages[16];
		unsigned int n = 0, bytes = 0, j;
		struct scatterlist *sg;

		fake_start(&(struct fake_options){0});
		for (j = 0; j < row->n; j++)
			pages[n++] = phys_to_page(LOW(row->frames[j] * 4096));
		for (j = 0; j < row->n_more; j++)
			pages[n++] = phys_to_page(LOW(row->more[j] * 4096));
		assert_int_equal(sg_alloc_append_table_from_pages(&table, pages, row->n, 0,
								  row->n * 4096, most, row->n_more,
								  GFP_KERNEL),
				 0);
		if (row->n_more)
			assert_int_equal(sg_alloc_append_table_from_pages(&table, pages + row->n,
									  row->n_more, 0,
									  row->n_more * 4096, most,
									  0, GFP_KERNEL),
					 0);
		assert_int_equal(table.sgt.nents, row->expected);
		assert_int_equal(table.sgt.orig_nents, row->expected);
		assert_int_equal(sg_nents(table.sgt.sgl), row->expected);
		for_each_sgtable_sg(&table.sgt, sg, j)
			bytes += sg->length;
		assert_int_equal(bytes, n * 4096);
		assert_ptr_equal(table.prv, sg_last(table.sgt.sgl, row->expected));
		assert_int_equal(sg_alloc_append_table_from_pages(&table, pages, 1, 1, 10, most, 0,
								  GFP_KERNEL),
				 -EINVAL);
		assert_int_equal(sg_alloc_append_table_from_pages(&table, pages, 1, 0, 10, 4095, 0,
								  GFP_KERNEL),
				 -EINVAL);
		sg_free_append_table(&table);
		sg_free_append_table(&table);
		fake_stop();
	}
}

/* No memory for more: what there was is there still, and later it goes on. */
static void test_SGL_02_a_table_that_can_not_grow_stays(void **state)
{
	struct sg_append_table table = {.prv = NULL};
	struct page *pages[400];
	struct fake_held before;
	unsigned int failures = 0, i;

	fake_start(&(struct fake_options){0});
	before = fake_held();
	for (i = 0; i < 400; i++)
		pages[i] = phys_to_page(LOW(i * 8192));
	for (i = 0; i < 400; i += 50) {
		/* Told too little of what is to come. */
		for (unsigned int n = 1;; n++) {
			const unsigned int nents = table.sgt.orig_nents;
			int error;

			fake_fail_at(n);
			error = sg_alloc_append_table_from_pages(&table, pages + i, 50, 0,
								 50 * 4096, ~0U, 30, GFP_KERNEL);
			fake_fail_at(0);
			if (!error)
				break;
			failures++;
			assert_int_equal(error, -ENOMEM);
			assert_int_equal(table.sgt.orig_nents, nents);
		}
		assert_int_equal(table.sgt.orig_nents, i + 50);
	}
	assert_true(failures >= 4);
	for (struct scatterlist *sg = table.sgt.sgl; i-- > 0; sg = sg_next(sg))
		assert_ptr_equal(sg_page(sg), pages[399 - i]);
	/* As a plain table it is given back just as well. */
	sg_free_table(&table.sgt);
	assert_int_equal(fake_held().metas, before.metas);
	fake_stop();
}

static unsigned int chunks_out, chunks_left;

static struct scatterlist *own_alloc(unsigned int nents, gfp_t gfp)
{
	if (!chunks_left)
		return NULL;
	chunks_left--;
	chunks_out++;
	return malloc(nents * sizeof(struct scatterlist));
}

static void own_free(struct scatterlist *sgl, unsigned int nents)
{
	memset(sgl, 0xaa, nents * sizeof(*sgl));
	free(sgl);
	chunks_out--;
}

static void test_SGL_02_tables_of_a_drivers_chunks(void **state)
{
	struct scatterlist first[5];
	struct sg_table table;

	fake_start(&(struct fake_options){0});
	for (unsigned int nents = 1; nents < 60; nents++) {
		const bool own_first = nents % 2;
		int error = -ENOMEM;

		for (unsigned int chunks = 0; error && chunks < 30; chunks++) {
			chunks_left = chunks;
			error = __sg_alloc_table(&table, nents, 4, own_first ? first : NULL,
						 own_first ? 5 : 0, GFP_KERNEL, own_alloc);
			if (!error)
				assert_int_equal(sg_nents(table.sgl), nents);
			__sg_free_table(&table, 4, own_first ? 5 : 0, own_free, table.orig_nents);
			assert_int_equal(chunks_out, 0);
		}
		assert_int_equal(error, 0);
	}
	assert_int_equal(__sg_alloc_table(&table, 0, 4, NULL, 0, GFP_KERNEL, own_alloc), -EINVAL);
	assert_int_equal(__sg_alloc_table(&table, 4, 1, NULL, 0, GFP_KERNEL, own_alloc), -EINVAL);
	assert_int_equal(__sg_alloc_table(&table, 4, 4, first, 1, GFP_KERNEL, own_alloc), -EINVAL);
	/* The smallest parts that there are: an entry and a link each, and the last two entries. */
	chunks_left = 30;
	assert_int_equal(__sg_alloc_table(&table, 5, 2, NULL, 0, GFP_KERNEL, own_alloc), 0);
	assert_int_equal(sg_nents(table.sgl), 5);
	assert_int_equal(chunks_out, 4);
	__sg_free_table(&table, 2, 0, own_free, table.orig_nents);
	assert_int_equal(chunks_out, 0);
	/* Parts of one entry there are none, and who says so frees nothing. */
	chunks_left = 30;
	assert_int_equal(__sg_alloc_table(&table, 10, 4, NULL, 0, GFP_KERNEL, own_alloc), 0);
	__sg_free_table(&table, 1, 0, own_free, table.orig_nents);
	__sg_free_table(&table, 4, 1, own_free, table.orig_nents);
	assert_int_equal(chunks_out, 3);
	__sg_free_table(&table, 4, 0, own_free, table.orig_nents);
	assert_int_equal(chunks_out, 0);
	fake_stop();
}

static void test_SGL_02_tables_behind_a_first_chunk(void **state)
{
	static const int sizes[] = {1, 2, 5, 6, 132, 133, 134, 500};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (unsigned int n_first = 0; n_first <= 6; n_first += 1 + (n_first == 2) * 2) {
			for (unsigned int n = 1; n < 3; n++) {
				struct scatterlist first[6];
				struct sg_table table = {.sgl = first};
				struct fake_held before;
				int error;

				fake_start(&(struct fake_options){0});
				before = fake_held();
				fake_fail_at(n);
				error = sg_alloc_table_chained(&table, sizes[i], first, n_first);
				fake_fail_at(0);
				if (!error)
					assert_int_equal(sg_nents(table.sgl), sizes[i]);
				if (!error && n_first > 1)
					assert_ptr_equal(table.sgl, first);
				sg_free_table_chained(&table, n_first);
				assert_int_equal(fake_held().metas, before.metas);
				fake_stop();
			}
		}
	}
	fake_start(&(struct fake_options){0});
	assert_int_equal(sg_alloc_table_chained(&(struct sg_table){0}, 0, NULL, 0), -EINVAL);
	assert_int_equal(sg_alloc_table_chained(&(struct sg_table){0}, -1, NULL, 0), -EINVAL);
	assert_int_equal(sg_alloc_table(&(struct sg_table){0}, ~0U, GFP_KERNEL), -ENOMEM);
	sg_init_table(NULL, 0);
	assert_null(sg_next(NULL));
	fake_stop();
}

/* From a link on: told, and none the worse. */
static void test_SGL_02_a_link_is_no_piece(void **state)
{
	const unsigned int n = SG_MAX_SINGLE_ALLOC + 3;
	struct sg_table table;
	struct scatterlist *link;

	fake_start(&(struct fake_options){0});
	assert_int_equal(sg_alloc_table(&table, n, GFP_KERNEL), 0);
	link = &table.sgl[SG_MAX_SINGLE_ALLOC - 1];
	assert_true(sg_is_chain(link) && !sg_is_chain(link - 1));
	fake_watch(true);
	set(link, LOW(0), 10);
	assert_int_equal(fake_last_event()->kind, DMK_EVENT_LIST_MISTAKE);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_BAD_ARGUMENT);
	assert_ptr_equal(fake_last_event()->cpu, link);
	assert_null(sg_page(link));
	assert_int_equal(sg_dma_len(link), 0);
	assert_ptr_equal(sg_next(link), link + 1);
	assert_int_equal(fake_nr_events, 4);
	assert_null(sg_page(table.sgl - 1));
	assert_null(sg_page(&table.sgl[n + 1]));
	assert_int_equal(fake_last_event()->reason, DMK_REASON_BAD_SIZE);
	assert_int_equal(dmk_map_sg(&fake_dev, link, 2, DMK_TO_DEVICE, 0), -EINVAL);
	assert_int_equal(sg_nents(table.sgl), n);
	sg_free_table(&table);
	fake_stop();
}

static void test_SGL_02_copies(void **state)
{
	struct scatterlist sg[3];
	char buffer[64];

	/* The last piece lies in high memory, over the end of a page. */
	fake_start(&(struct fake_options){.highmem = true});
	sg_init_table(sg, 3);
	set(&sg[0], LOW(4090), 10);
	set(&sg[1], LOW(9000), 5);
	set(&sg[2], HIGH(4090), 10);
	assert_int_equal(sg_copy_from_buffer(sg, 3, "abcdefghijklmnopqrstuvwxyz", 26), 25);
	assert_memory_equal(fake_ram(LOW(4090)), "abcdefghij", 10);
	assert_memory_equal(fake_ram(LOW(9000)), "klmno", 5);
	assert_memory_equal(fake_ram(HIGH(4090)), "pqrstuvwxy", 10);
	assert_int_equal(sg_copy_to_buffer(sg, 3, buffer, sizeof(buffer)), 25);
	assert_memory_equal(buffer, "abcdefghijklmnopqrstuvwxy", 25);
	assert_int_equal(sg_pcopy_to_buffer(sg, 3, buffer, 7, 12), 7);
	assert_memory_equal(buffer, "mnopqrs", 7);
	assert_int_equal(sg_pcopy_to_buffer(sg, 3, buffer, 7, 25), 0);
	assert_int_equal(sg_pcopy_from_buffer(sg, 3, "XYZ", 3, 9), 3);
	assert_int_equal(sg_zero_buffer(sg, 3, 2, 14), 2);
	assert_int_equal(sg_copy_to_buffer(sg, 2, buffer, sizeof(buffer)), 15);
	assert_memory_equal(buffer, "abcdefghiXYZmn\0", 15);
	assert_int_equal(((char *)fake_ram(HIGH(4090)))[0], 0);
	fake_stop();
}

static void test_SGL_02_pages_of_a_list(void **state)
{
	struct sg_dma_page_iter dma_iter;
	struct sg_page_iter iter;
	struct scatterlist sg[3];
	unsigned int n = 0;

	fake_start(&(struct fake_options){0});
	sg_init_table(sg, 3);
	set(&sg[0], LOW(4000), 200);   /* pages 0, 1 */
	set(&sg[1], LOW(40960), 4096); /* page 10 */
	set(&sg[2], LOW(81920), 8193); /* pages 20, 21, 22 */
	static const unsigned int frames[] = {0, 1, 10, 20, 21, 22};
	for_each_sg_page(sg, &iter, 3, 0)
		assert_ptr_equal(sg_page_iter_page(&iter), phys_to_page(LOW(frames[n++] * 4096)));
	assert_int_equal(n, 6);
	n = 2;
	for_each_sg_page(sg, &iter, 3, 2)
		assert_ptr_equal(sg_page_iter_page(&iter), phys_to_page(LOW(frames[n++] * 4096)));
	assert_int_equal(n, 6);
	/* From the second page of the third entry. */
	n = 4;
	for_each_sg_page(sg, &iter, 3, 4)
		assert_ptr_equal(sg_page_iter_page(&iter), phys_to_page(LOW(frames[n++] * 4096)));
	assert_int_equal(n, 6);
	n = 0;
	for_each_sg_page(sg, &iter, 2, 0)
		n++;
	assert_int_equal(n, 3);
	sg_dma_address(&sg[1]) = 0x5000;
	sg_dma_len(&sg[1]) = 8192;
	n = 0;
	for_each_sg_dma_page(&sg[1], &dma_iter, 1, 0)
		assert_int_equal(sg_page_iter_dma_address(&dma_iter), 0x5000 + 4096 * n++);
	assert_int_equal(n, 2);
	fake_stop();
}

#ifdef CONFIG_DEBUG_SG
static void test_SGL_01_an_entry_knows_whether_it_was_initialised(void **state)
{
	struct scatterlist sg[2] = {{.length = 1}};

	fake_start(&(struct fake_options){0});
	fake_watch(true);
	set(&sg[0], LOW(0), 10);
	assert_int_equal(fake_last_event()->kind, DMK_EVENT_LIST_MISTAKE);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_NOT_FOUND);
	assert_null(sg_next(&sg[0]));
	assert_int_equal(dmk_map_sg(&fake_dev, sg, 1, DMK_TO_DEVICE, 0), -EINVAL);
	sg_init_table(sg, 2);
	fake_watch(true);
	set(&sg[0], LOW(0), 10);
	assert_ptr_equal(sg_next(&sg[0]), &sg[1]);
	assert_int_equal(fake_nr_events, 0);
	assert_int_equal(sg[1].sg_magic, SG_MAGIC);
	fake_stop();
}
#else
/* There is nothing to know it by. */
static void test_SGL_01_an_entry_knows_whether_it_was_initialised(void **state)
{
	assert_int_equal(sizeof(struct scatterlist), 32);
	assert_int_equal(SG_MAX_SINGLE_ALLOC, 128);
}
#endif

/* --- mapping it ------------------------------------------------------------------------------- */

static void test_SGL_03_maps_each(void **state)
{
	struct scatterlist sg[40];

	for (enum fake_bus bus = FAKE_IDENTITY; bus <= FAKE_NONCOHERENT; bus++) {
		for (int n = 1; n <= 40; n += 13) {
			struct dmk_bounce_stats stats;

			fake_start(&(struct fake_options){.bus = bus, .caps = DMK_CAP_BOUNCE});
			sg_init_table(sg, n);
			for (int i = 0; i < n; i++)
				set(&sg[i], i % 2 ? HIGH(i * 4096 + 5) : LOW(i * 4096 + 5),
				    100 + i);
			fake_watch(true);
			assert_int_equal(dmk_map_sg(&fake_dev, sg, n, DMK_BIDIRECTIONAL, 0), n);
			assert_int_equal(fake_last_event()->kind, DMK_EVENT_MAP);
			assert_int_equal(fake_last_event()->map_kind, DMK_MAP_SG);
			assert_int_equal(fake_last_event()->nents, n);
			assert_int_equal(fake_last_event()->mapped_nents, n);
			assert_int_equal(fake_last_event()->bounced, n > 1);
			assert_int_equal(fake_last_event()->cause, n == 1 ? DMK_CAUSE_NONE
								   : bus == FAKE_OFFSET
									   ? DMK_CAUSE_WINDOW
									   : DMK_CAUSE_MASK);
			assert_int_equal(fake_last_event()->bounced_bytes, n / 2 * (100 + n / 2));
			assert_ptr_equal(fake_last_event()->cpu, sg);
			for (int i = 0; i < n; i++) {
				assert_int_equal(sg_dma_len(&sg[i]), 100 + i);
				assert_memory_equal(fake_device_ram(
							    DMK_DMA(sg_dma_address(&sg[i]))),
						    fake_ram(sg_phys(&sg[i])), 100 + i);
				assert_int_equal(fake_event_sg[i].phys.v, sg_phys(&sg[i]));
				assert_int_equal(fake_event_sg[i].length, 100 + i);
				assert_int_equal(fake_event_sg[i].dma.v, sg_dma_address(&sg[i]));
				assert_int_equal(fake_event_sg[i].dma_length, 100 + i);
				memset(fake_device_ram(DMK_DMA(sg_dma_address(&sg[i]))), i, 100);
			}
			dmk_sync_sg_for_cpu(&fake_dev, sg, n, DMK_BIDIRECTIONAL);
			assert_int_equal(fake_last_event()->kind, DMK_EVENT_SYNC_FOR_CPU);
			for (int i = 0; i < n; i++) {
				assert_int_equal(((char *)fake_ram(sg_phys(&sg[i])))[99], i);
				memset(fake_ram(sg_phys(&sg[i])), i + 1, 100);
			}
			dmk_sync_sg_for_device(&fake_dev, sg, n, DMK_BIDIRECTIONAL);
			for (int i = 0; i < n; i++)
				assert_int_equal(((char *)fake_device_ram(
							 DMK_DMA(sg_dma_address(&sg[i]))))[99],
						 i + 1);
			dmk_unmap_sg(&fake_dev, sg, n, DMK_BIDIRECTIONAL, 0);
			assert_int_equal(fake_last_event()->kind, DMK_EVENT_UNMAP);
			dmk_bounce_statistics(&fake_dev, &stats);
			assert_int_equal(stats.used, 0);
			fake_stop();
		}
	}
}

static const struct sg_row {
	const char *what;
	uint64_t phys; /* of the third entry of four; the others are 2000 bytes of high memory */
	unsigned int length;
	int nents, dir;
	int result;
	enum dmk_reason reason;
} sg_rows[] = {
	{"an entry of no bytes", LOW(0), 0, 4, DMK_TO_DEVICE, -EINVAL, DMK_REASON_BAD_SIZE},
	{"an entry that is no RAM", LOW(FAKE_LOW_SIZE), 16, 4, DMK_TO_DEVICE, -EINVAL,
	 DMK_REASON_NOT_RAM},
	{"an entry that can't be bounced", HIGH(0), 300000, 4, DMK_TO_DEVICE, -EIO,
	 DMK_REASON_TOO_LARGE},
	{"no room left", HIGH(0), 200000, 4, DMK_TO_DEVICE, -ENOMEM, DMK_REASON_NO_ROOM},
	{"no entries", LOW(0), 16, 0, DMK_TO_DEVICE, -EINVAL, DMK_REASON_BAD_SIZE},
	{"less than none", LOW(0), 16, -1, DMK_TO_DEVICE, -EINVAL, DMK_REASON_BAD_SIZE},
	{"more entries than there are", LOW(0), 16, 5, DMK_TO_DEVICE, -EINVAL, DMK_REASON_BAD_SIZE},
	{"no direction", LOW(0), 16, 4, DMK_NONE, -EINVAL, DMK_REASON_BAD_DIRECTION},
};

static void test_SGL_03_SGL_07_failures_leave_nothing(void **state)
{
	for (size_t i = 0; i < sizeof(sg_rows) / sizeof(sg_rows[0]); i++) {
		const struct sg_row *row = &sg_rows[i];
		struct dmk_bounce_stats stats;
		struct scatterlist sg[4];
		dmk_dma blocker;

		fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE,
						  .parameters = "swiotlb=256"});
		blocker = dmk_map_phys(&fake_other, DMK_PHYS(HIGH(0)), 200000, DMK_TO_DEVICE, 0,
				       DMK_MAP_PAGE);
		assert_true(blocker.v != ~0ULL);
		dmk_map_phys(&fake_other, DMK_PHYS(HIGH(0)), 200000, DMK_TO_DEVICE, 0,
			     DMK_MAP_PAGE);
		sg_init_table(sg, 4);
		for (int entry = 0; entry < 4; entry++)
			set(&sg[entry], HIGH(entry * 8192), 2000);
		set(&sg[2], row->phys, row->length);
		fake_watch(true);
		ROW_EXPECT(row->what, dmk_map_sg(&fake_dev, sg, row->nents,
						 (enum dmk_direction)row->dir, 0) == row->result);
		ROW_EXPECT(row->what, fake_last_event()->kind == DMK_EVENT_MAP_FAILED);
		ROW_EXPECT(row->what, fake_last_event()->reason == row->reason);
		dmk_bounce_statistics(&fake_dev, &stats);
		ROW_EXPECT(row->what, stats.used == 2 * 98);
		dmk_unmap_sg(&fake_dev, sg, row->nents, (enum dmk_direction)row->dir, 0);
		dmk_sync_sg_for_cpu(&fake_dev, sg, row->nents, DMK_FROM_DEVICE);
		dmk_sync_sg_for_device(&fake_dev, sg, row->nents, DMK_TO_DEVICE);
		fake_stop();
	}
	fake_start(&(struct fake_options){0});
	assert_int_equal(dmk_map_sg(&fake_dev, NULL, 1, DMK_TO_DEVICE, 0), -EINVAL);
	assert_int_equal(dmk_map_sg(NULL, NULL, 1, DMK_TO_DEVICE, 0), -EINVAL);
	dmk_unmap_sg(&fake_dev, NULL, 1, DMK_TO_DEVICE, 0);
	fake_stop();
}

/*
 * Whichever of the entries it is: those before it are unmapped, and no address is left in any that
 * was tried.
 */
static void test_SGL_07_each_entry_may_fail(void **state)
{
	enum { N = 140 }; /* chained */
	struct sg_table table;
	struct scatterlist *sg;
	unsigned int i;

	for (unsigned int bad = 0; bad < N; bad += 1 + bad / 8) {
		for (enum fake_bus bus = FAKE_IDENTITY; bus <= FAKE_NONCOHERENT; bus++) {
			struct dmk_bounce_stats stats;

			fake_start(&(struct fake_options){.bus = bus, .caps = DMK_CAP_BOUNCE});
			assert_int_equal(sg_alloc_table(&table, N, GFP_KERNEL), 0);
			for_each_sgtable_sg(&table, sg, i)
				set(sg, i % 2 ? HIGH(i * 64) : LOW(i * 64), i == bad ? 0 : 64);
			fake_watch(true);
			assert_int_equal(dmk_map_sg(&fake_dev, table.sgl, N, DMK_TO_DEVICE, 0),
					 -EINVAL);
			assert_int_equal(fake_last_event()->entry, bad);
			dmk_bounce_statistics(&fake_dev, &stats);
			assert_int_equal(stats.used, 0);
			for_each_sgtable_sg(&table, sg, i)
				assert_true(i > bad || sg_dma_address(sg) == ~0ULL);
			sg = sg_last(table.sgl, bad + 1);
			sg->length = 64;
			assert_int_equal(dmk_map_sg(&fake_dev, table.sgl, N, DMK_TO_DEVICE, 0), N);
			dmk_unmap_sg(&fake_dev, table.sgl, N, DMK_TO_DEVICE, 0);
			dmk_bounce_statistics(&fake_dev, &stats);
			assert_int_equal(stats.used, 0);
			sg_free_table(&table);
			fake_stop();
		}
	}
}

/* An entry that was never set has no page. */
static void test_SGL_07_empty_entry(void **state)
{
	struct scatterlist sg[2];

	fake_start(&(struct fake_options){0});
	sg_init_table(sg, 2);
	set(&sg[0], LOW(0), 10);
	assert_int_equal(dmk_map_sg(&fake_dev, sg, 2, DMK_TO_DEVICE, 0), -EINVAL);
	fake_stop();
}

/* --- the wrappers ----------------------------------------------------------------------------- */

static void test_DIR_01_values(void **state)
{
	assert_int_equal(DMA_BIDIRECTIONAL, 0);
	assert_int_equal(DMA_TO_DEVICE, 1);
	assert_int_equal(DMA_FROM_DEVICE, 2);
	assert_int_equal(DMA_NONE, 3);
	assert_true(valid_dma_direction(DMA_FROM_DEVICE) && !valid_dma_direction(DMA_NONE));
	assert_int_equal(DMA_ATTR_SKIP_CPU_SYNC, 1 << 5);
	assert_int_equal(DMA_ATTR_NO_WARN, 1 << 8);
	assert_int_equal(DMA_ATTR_MMIO, 1 << 10);
	assert_true(DMA_BIT_MASK(64) == ~0ULL && DMA_BIT_MASK(24) == 0xffffff);
}

static void test_UNM_01_holds_the_values(void **state)
{
	struct {
		DEFINE_DMA_UNMAP_ADDR(addr);
		DEFINE_DMA_UNMAP_LEN(len);
	} slot;

	dma_unmap_addr_set(&slot, addr, 0x123456789aULL);
	dma_unmap_len_set(&slot, len, 77);
	assert_true(dma_unmap_addr(&slot, addr) == 0x123456789aULL &&
		    dma_unmap_len(&slot, len) == 77);
}

static void test_STR_01_wrappers(void **state)
{
	static struct device dev;
	struct scatterlist sg[2];
	struct sg_table table = {sg, 2, 2};
	struct dma_pool *pool;
	dma_addr_t dma;
	void *cpu;

	fake_start(&(struct fake_options){0});
	dmk_dev_init(&dev.dmk, "dev", fake_dev.bus, &dev);
	assert_int_equal(dma_set_mask_and_coherent(&dev, DMA_BIT_MASK(64)), 0);
	assert_true(dma_get_mask(&dev) == DMA_BIT_MASK(64));
	dma = dma_map_single(&dev, fake_ram(LOW(64)), 64, DMA_TO_DEVICE);
	assert_true(!dma_mapping_error(&dev, dma) && dma == LOW(64));
	dma_sync_single_range_for_cpu(&dev, dma, 8, 8, DMA_TO_DEVICE);
	dma_unmap_single(&dev, dma, 64, DMA_TO_DEVICE);
	assert_true(dma_map_page(&dev, phys_to_page(LOW(8192)), 5000, 64, DMA_TO_DEVICE) ==
		    LOW(13192));
	assert_true(dma_map_phys(&dev, LOW(100), 64, DMA_TO_DEVICE, 0) == LOW(100));
	assert_true(dma_map_resource(&dev, 0xfe000000, 64, DMA_TO_DEVICE, 0) == 0xfe000000);
	sg_init_table(sg, 2);
	set(&sg[0], LOW(0), 10);
	set(&sg[1], HIGH(0), 10);
	assert_int_equal(dma_map_sgtable(&dev, &table, DMA_TO_DEVICE, 0), 0);
	assert_int_equal(table.nents, 2);
	dma_unmap_sgtable(&dev, &table, DMA_TO_DEVICE, 0);
	assert_int_equal(dma_map_sg(&dev, sg, 2, DMA_TO_DEVICE), 2);
	assert_int_equal(dma_map_sg(&dev, sg, 2, DMA_NONE), 0);
	sg[0].length = 0;
	assert_int_equal(dma_map_sgtable(&dev, &table, DMA_TO_DEVICE, 0), -EINVAL);
	cpu = dma_alloc_coherent(&dev, 100, &dma, GFP_KERNEL);
	assert_ptr_equal(cpu, fake_ram(dma));
	dma_free_coherent(&dev, 100, cpu, dma);
	cpu = dmam_alloc_coherent(&dev, 100, &dma, GFP_ATOMIC);
	assert_non_null(cpu);
	pool = dmam_pool_create("pool", &dev, 64, 64, 0);
	cpu = dma_pool_zalloc(pool, GFP_ATOMIC, &dma);
	assert_non_null(cpu);
	dma_pool_free(pool, cpu, dma);
	dma_set_max_seg_size(&dev, 4096);
	dma_set_seg_boundary(&dev, 0xffff);
	assert_int_equal(dma_get_max_seg_size(&dev), 4096);
	assert_int_equal(dma_get_seg_boundary(&dev), 0xffff);
	dmk_managed_release(&dev.dmk);
	dmk_dev_exit(&dev.dmk);
	fake_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_SGL_01_layout),
		cmocka_unit_test(test_SGL_01_an_entry_knows_whether_it_was_initialised),
		cmocka_unit_test(test_SGL_02_walking_over_chains),
		cmocka_unit_test(test_SGL_05_STR_04_parts_of_a_list_by_themselves),
		cmocka_unit_test(test_SGL_02_tables),
		cmocka_unit_test(test_SGL_02_tables_from_pages),
		cmocka_unit_test(test_SGL_02_tables_that_grow),
		cmocka_unit_test(test_SGL_02_a_table_that_can_not_grow_stays),
		cmocka_unit_test(test_SGL_02_tables_of_a_drivers_chunks),
		cmocka_unit_test(test_SGL_02_tables_behind_a_first_chunk),
		cmocka_unit_test(test_SGL_02_a_link_is_no_piece),
		cmocka_unit_test(test_SGL_07_each_entry_may_fail),
		cmocka_unit_test(test_SGL_02_copies),
		cmocka_unit_test(test_SGL_02_pages_of_a_list),
		cmocka_unit_test(test_SGL_03_maps_each),
		cmocka_unit_test(test_SGL_03_SGL_07_failures_leave_nothing),
		cmocka_unit_test(test_SGL_07_empty_entry),
		cmocka_unit_test(test_DIR_01_values),
		cmocka_unit_test(test_UNM_01_holds_the_values),
		cmocka_unit_test(test_STR_01_wrappers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
