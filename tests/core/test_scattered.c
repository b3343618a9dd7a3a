// SPDX-License-Identifier: MIT
/*
 * Memory in pieces, for a device behind an IOMMU (COH-08, IOM-01). The IOMMU here remembers
 * nothing; its tables are walked by the book (VT-d specification 4.1, section 3.7). What it must be
 * told is in test_domain.c.
 */
#include "unit.h"

#include "fake_iommu.h"

#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>

/* The rest of the kernel's part that <linux/mm.h> refers to. */
void *dmk_page_address_high(const struct page *page)
{
	return NULL;
}

enum { PAGE = 4096, LARGE = 2 << 20 };
enum { CONTIGUOUS = 1 << 6, SINGLE = 1 << 7, NO_ADDRESS = 1 << 4 };

/* --- the ground ------------------------------------------------------------------------------- */

static const struct dmk_iommu_ops ops = {FAKE_IOMMU_OPS};
static const struct dmk_iommu iommu_4k = {FAKE_IOMMU(&ops)};
/* VMSAv8-64 with a granule of 64 KiB. */
static const struct dmk_iommu iommu_64k = {.name = "box",
					   .format = DMK_TABLE_LPAE,
					   .page_sizes = 0x10000 | 0x20000000,
					   .iova_bits = 48,
					   .phys_bits = 48,
					   .coherent_walk = true,
					   .ops = &ops};

static struct dmk_bus bus;
static struct dmk_dev dev, other;

static void start_as(const struct dmk_iommu *iommu, enum fake_bus kind)
{
	memset(fake_box, 0, sizeof(fake_box));
	assert_int_equal(fake_start(&(struct fake_options){.bus = kind}), 0);
	bus = *fake_dev.bus;
	bus.iommu = iommu;
	dmk_dev_init(&dev, "dev", &bus, NULL);
	dmk_dev_init(&other, "other", &bus, NULL);
	assert_int_equal(dmk_dev_attach(&dev, 1), 0);
	assert_int_equal(dmk_dev_attach(&other, 2), 0);
}

static void start(void)
{
	start_as(&iommu_4k, FAKE_IDENTITY);
}

static void end(void)
{
	dmk_dev_exit(&dev);
	dmk_dev_exit(&other);
	fake_stop();
}

static bool device_sees(dmk_dma dma, const void *bytes, size_t size)
{
	uint64_t phys;

	for (size_t at = 0; at < size; at += PAGE) {
		const size_t part = size - at < PAGE ? size - at : PAGE;

		if (!fake_walk(&fake_box[1].to, dma.v + at, &phys, NULL) ||
		    memcmp(fake_ram(phys), (const char *)bytes + at, part))
			return false;
	}
	return true;
}

static void fill(void *bytes, size_t size, unsigned int salt)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)bytes)[i] = (uint8_t)(salt + i * 7 + (i >> 12) * 13);
}

/* Every other of the pages that are left; [0] .. of @taken are those that are kept. */
static size_t fragment(dmk_phys *taken, size_t most)
{
	size_t n = 0, kept = 0;

	while (n < most && fake_take_page(&taken[n]))
		n++;
	for (size_t i = 0; i < n; i++) {
		if (taken[i].v / PAGE % 2)
			fake_give_page(taken[i]);
		else
			taken[kept++] = taken[i];
	}
	return kept;
}

/* --- what comes of it ------------------------------------------------------------------------- */

static void test_COH_08_memory_is_had_of_pages_that_lie_anywhere(void **state)
{
	static dmk_phys taken[4096];
	const size_t size = 1 << 20;
	size_t kept;
	dmk_dma dma;
	char *cpu;

	start();
	kept = fragment(taken, 4096);
	assert_null(dmk_alloc(&dev, size, &dma, 0, CONTIGUOUS));
	assert_null(dmk_alloc(&fake_dev, size, &dma, 0, 0));
	cpu = dmk_alloc(&dev, size, &dma, 0, 0);
	assert_non_null(cpu);
	assert_int_equal(dma.v & (size - 1), 0);
	assert_int_equal((uintptr_t)cpu & (size - 1), 0);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(cpu[i], 0);
	fill(cpu, size, 3);
	assert_true(device_sees(dma, cpu, size));
	dmk_free(&dev, size, cpu, dma, 0);
	assert_int_equal(fake_walk(&fake_box[1].to, dma.v, &(uint64_t){0}, NULL), 0);
	while (kept)
		fake_give_page(taken[--kept]);
	end();
}

static void test_IOM_01_large_pages_are_used_where_they_are_free(void **state)
{
	uint64_t phys;
	dmk_dma dma;
	void *cpu;

	start();
	cpu = dmk_alloc(&dev, LARGE + PAGE, &dma, 0, 0);
	assert_non_null(cpu);
	assert_int_equal(fake_walk(&fake_box[1].to, dma.v, &phys, NULL), LARGE);
	assert_int_equal(fake_walk(&fake_box[1].to, dma.v + LARGE, &phys, NULL), PAGE);
	assert_int_equal(fake_walk(&fake_box[1].to, dma.v + LARGE + PAGE, &phys, NULL), 0);
	dmk_free(&dev, LARGE + PAGE, cpu, dma, 0);
	cpu = dmk_alloc(&dev, LARGE, &dma, 0, SINGLE);
	assert_non_null(cpu);
	assert_int_equal(fake_walk(&fake_box[1].to, dma.v, &phys, NULL), PAGE);
	dmk_free(&dev, LARGE, cpu, dma, SINGLE);
	cpu = dmk_alloc(&dev, LARGE, &dma, 0, CONTIGUOUS);
	assert_non_null(cpu);
	assert_int_equal(fake_walk(&fake_box[1].to, dma.v, &phys, NULL), LARGE);
	assert_true(fake_ram(phys) == cpu);
	dmk_free(&dev, LARGE, cpu, dma, CONTIGUOUS);
	end();
}

static void
test_COH_04_a_device_that_does_not_look_into_caches_has_memory_without_lines(void **state)
{
	struct fake_cache_op done[64];
	size_t flushed = 0, dropped = 0, n;
	dmk_dma dma;
	void *cpu;

	start_as(&iommu_4k, FAKE_NONCOHERENT);
	fake_cache_ops(done, 64);
	cpu = dmk_alloc(&dev, 5 * PAGE, &dma, 0, 0);
	assert_non_null(cpu);
	n = fake_cache_ops(done, 64);
	for (size_t i = 0; i < n; i++)
		flushed += done[i].op == FAKE_FLUSH ? done[i].size : 0;
	assert_int_equal(flushed, 5 * PAGE);
	dmk_free(&dev, 5 * PAGE, cpu, dma, 0);
	n = fake_cache_ops(done, 64);
	for (size_t i = 0; i < n; i++)
		dropped += done[i].op == FAKE_INVALIDATE ? done[i].size : 0;
	assert_int_equal(dropped, 5 * PAGE);
	end();
}

static void test_COH_06_who_may_not_sleep_has_one_run(void **state)
{
	dmk_phys phys;
	dmk_dma dma;
	size_t run;
	void *cpu;

	start();
	fake_atomic = true;
	cpu = dmk_alloc(&dev, 3 * PAGE, &dma, DMK_ALLOC_ATOMIC, 0);
	fake_atomic = false;
	assert_non_null(cpu);
	assert_true(dmk_alloc_find(&dev, cpu, dma, 3 * PAGE, 0, &phys, &run));
	assert_int_equal(run, 3 * PAGE);
	fill(cpu, 3 * PAGE, 1);
	assert_true(device_sees(dma, cpu, 3 * PAGE));
	dmk_free(&dev, 3 * PAGE, cpu, dma, 0);
	end();
}

static void test_COH_10_it_is_found_run_by_run(void **state)
{
	const size_t size = 9 * PAGE - 100;
	size_t run, views;
	uint64_t phys;
	dmk_phys found;
	dmk_dma dma;
	void *cpu;

	start();
	views = fake_held().views;
	cpu = dmk_alloc(&dev, size, &dma, 0, NO_ADDRESS);
	assert_non_null(cpu);
	assert_int_equal(fake_held().views, views);
	for (size_t at = 0; at < 9 * PAGE; at += run) {
		assert_true(dmk_alloc_find(&dev, cpu, dma, size, at, &found, &run));
		assert_true(run && !(run & (PAGE - 1)));
		assert_true(fake_walk(&fake_box[1].to, dma.v + at, &phys, NULL));
		assert_int_equal(found.v, phys);
		for (size_t i = 0; i < run; i++)
			assert_int_equal(((char *)fake_ram(phys))[i], 0);
	}
	assert_false(dmk_alloc_find(&dev, cpu, dma, size, 9 * PAGE, &found, &run));
	dmk_free(&dev, size, cpu, dma, NO_ADDRESS);
	end();
}

/* The checker is told of all memory that is in use, wherever it lies. */
static void test_CHK_07_whoever_watches_is_told_each_run(void **state)
{
	const struct dmk_event *event;
	struct dmk_pool *pool;
	uint64_t phys, told = 0;
	dmk_dma dma;
	void *cpu;

	start();
	fake_watch(true);
	cpu = dmk_alloc(&dev, 4 * PAGE, &dma, 0, 0);
	assert_non_null(cpu);
	event = fake_last_event();
	assert_int_equal(event->kind, DMK_EVENT_ALLOC);
	assert_in_range(event->nents, 2, 4);
	for (unsigned int i = 0; i < event->nents; i++) {
		assert_true(fake_walk(&fake_box[1].to, dma.v + told, &phys, NULL));
		assert_int_equal(fake_event_sg[i].phys.v, phys);
		told += fake_event_sg[i].length;
	}
	assert_int_equal(told, 4 * PAGE);
	assert_int_equal(event->phys.v, fake_event_sg[0].phys.v);
	dmk_free(&dev, 4 * PAGE, cpu, dma, 0);
	pool = dmk_pool_create("large", &dev, 3 * PAGE, PAGE, 0, false);
	cpu = dmk_pool_alloc(pool, 0, false, &dma);
	assert_non_null(cpu);
	event = fake_last_event() - 1;
	assert_int_equal(event->kind, DMK_EVENT_POOL_PAGE);
	assert_in_range(event->nents, 2, 3);
	dmk_pool_free(pool, cpu, dma);
	dmk_pool_destroy(pool);
	fake_watch(false);
	end();
}

static void test_COH_10_a_list_has_an_entry_a_run_and_one_segment(void **state)
{
	const size_t size = 6 * PAGE - 1;
	struct sg_table *table;
	struct scatterlist *sg;
	uint64_t phys;
	size_t at = 0;
	char *view;
	int i;

	start();
	table = dmk_alloc_noncontiguous(&dev, size, DMK_BIDIRECTIONAL, 0, 0);
	assert_non_null(table);
	assert_int_equal(table->nents, 1);
	assert_in_range(table->orig_nents, 2, 6);
	assert_int_equal(sg_dma_len(table->sgl), 6 * PAGE);
	for_each_sgtable_sg(table, sg, i) {
		assert_true(
			fake_walk(&fake_box[1].to, sg_dma_address(table->sgl) + at, &phys, NULL));
		assert_int_equal(sg_phys(sg), phys);
		at += sg->length;
	}
	assert_int_equal(at, 6 * PAGE);
	assert_null(sg);
	view = dmk_vmap_noncontiguous(&dev, size, table);
	assert_non_null(view);
	fill(view, size, 9);
	assert_true(device_sees(DMK_DMA(sg_dma_address(table->sgl)), view, size));
	dmk_vunmap_noncontiguous(&dev, view);
	dmk_free_noncontiguous(&dev, size, table, DMK_BIDIRECTIONAL);
	table = dmk_alloc_noncontiguous(&fake_dev, size, DMK_BIDIRECTIONAL, 0, 0);
	assert_non_null(table);
	assert_int_equal(table->orig_nents, 1);
	dmk_free_noncontiguous(&fake_dev, size, table, DMK_BIDIRECTIONAL);
	end();
}

/*
 * What lies in a page of the IOMMU's beside the memory would be the device's too: it is all the
 * memory's own.
 */
static void test_STR_10_a_large_granule_holds_nothing_else(void **state)
{
	struct fake_held before;
	dmk_phys found;
	dmk_dma dma;
	size_t run;
	void *cpu;

	start_as(&iommu_64k, FAKE_IDENTITY);
	before = fake_held();
	cpu = dmk_alloc(&dev, PAGE, &dma, 0, 0);
	assert_non_null(cpu);
	assert_true(fake_held().pages >= before.pages + 16);
	assert_true(dmk_alloc_find(&dev, cpu, dma, PAGE, 0, &found, &run));
	assert_int_equal(run, PAGE);
	assert_int_equal(found.v & 0xffff, 0);
	dmk_free(&dev, PAGE, cpu, dma, 0);
	bus.untrusted = true;
	cpu = dmk_alloc(&dev, PAGE, &dma, 0, CONTIGUOUS);
	assert_non_null(cpu);
	assert_true(dmk_alloc_find(&dev, cpu, dma, PAGE, 0, &found, &run));
	assert_int_equal(found.v & 0xffff, 0);
	assert_false(fake_pages_free(found.v + 15 * PAGE, PAGE));
	dmk_free(&dev, PAGE, cpu, dma, CONTIGUOUS);
	assert_true(fake_pages_free(found.v + 15 * PAGE, PAGE));
	end();
}

/* --- what goes wrong -------------------------------------------------------------------------- */

/* Tables that are empty stay in hand for a while. */
static struct fake_held settled(void)
{
	for (unsigned int i = 0; i < 4; i++)
		fake_run_deferred();
	return fake_held();
}

static bool same(struct fake_held a, struct fake_held b)
{
	return a.metas == b.metas && a.pages == b.pages && a.views == b.views;
}

/*
 * Each page, record, table and view that it takes fails once: nothing is left of what was taken
 * before.
 */
static void test_STR_12_whatever_fails_nothing_is_left_behind(void **state)
{
	static const unsigned long attrs[] = {0, SINGLE, NO_ADDRESS, CONTIGUOUS};
	const size_t size = LARGE + 9 * PAGE;
	unsigned int failed = 0;
	dmk_dma dma;
	void *cpu;

	start();
	/* What is made once and stays. */
	for (size_t i = 0; i < 2; i++) {
		cpu = dmk_alloc(&dev, size, &dma, 0, attrs[i]);
		dmk_free(&dev, size, cpu, dma, attrs[i]);
	}
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		const struct fake_held before = settled();

		for (unsigned int n = 1, asked = n; asked + 1 >= n;) {
			fake_fail_at(n++);
			cpu = dmk_alloc(&dev, size, &dma, 0, attrs[i] | 1 << 8);
			asked = fake_fail_at(0);
			failed += !cpu;
			if (cpu)
				dmk_free(&dev, size, cpu, dma, attrs[i]);
			assert_true(same(settled(), before));
		}
	}
	assert_in_range(failed, 60, 1000);
	end();
}

static void test_STR_12_a_list_that_fails_leaves_nothing_behind(void **state)
{
	const size_t size = 20 * PAGE;
	unsigned int failed = 0;
	struct sg_table *table;
	void *view;

	start();
	table = dmk_alloc_noncontiguous(&dev, size, DMK_TO_DEVICE, 0, 0);
	dmk_free_noncontiguous(&dev, size, table, DMK_TO_DEVICE);
	for (unsigned int n = 1, asked = n; asked + 1 >= n;) {
		const struct fake_held before = settled();

		fake_fail_at(n++);
		table = dmk_alloc_noncontiguous(&dev, size, DMK_TO_DEVICE, 0, 1 << 8);
		view = table ? dmk_vmap_noncontiguous(&dev, size, table) : NULL;
		asked = fake_fail_at(0);
		failed += !table || !view;
		if (view)
			dmk_vunmap_noncontiguous(&dev, view);
		dmk_free_noncontiguous(&dev, size, table, DMK_TO_DEVICE);
		assert_true(same(settled(), before));
	}
	assert_in_range(failed, 20, 100);
	end();
}

static void test_COH_03_no_address_above_the_coherent_mask(void **state)
{
	dmk_dma dma;
	void *cpu;

	start();
	assert_int_equal(dmk_set_mask(&dev, 0xffff, false, true), 0);
	assert_null(dmk_alloc(&dev, 16 * PAGE, &dma, 0, 1 << 8));
	cpu = dmk_alloc(&dev, 4 * PAGE, &dma, 0, 0);
	assert_non_null(cpu);
	assert_true(dma.v + 4 * PAGE - 1 <= 0xffff);
	dmk_free(&dev, 4 * PAGE, cpu, dma, 0);
	end();
}

/* --- who goes --------------------------------------------------------------------------------- */

static void test_IOM_07_what_a_device_leaves_behind_is_out_of_its_groups_reach(void **state)
{
	struct scatterlist list[2];
	struct sg_table *table;
	dmk_dma dma[7], kept, gone;
	struct dmk_pool *pool;
	uint64_t phys;
	void *cpu;

	start();
	assert_int_equal(fake_box[1].to.root.v, fake_box[2].to.root.v);
	assert_non_null(dmk_alloc(&dev, 3 * PAGE, &dma[0], 0, 0));
	assert_non_null(dmk_alloc(&dev, PAGE, &dma[1], 0, CONTIGUOUS));
	table = dmk_alloc_noncontiguous(&dev, 2 * PAGE, DMK_TO_DEVICE, 0, 0);
	assert_non_null(table);
	dma[2] = DMK_DMA(sg_dma_address(table->sgl));
	cpu = dmk_alloc(&other, PAGE, &kept, 0, 0);
	assert_non_null(cpu);
	pool = dmk_pool_create("left", &dev, 100, 4, 0, false);
	assert_non_null(dmk_pool_alloc(pool, 0, false, &dma[3]));
	dma[4] = dmk_map_cpu(&dev, fake_ram(LOW(5 * PAGE)), 100, DMK_TO_DEVICE, 0);
	sg_init_table(list, 2);
	sg_set_page(&list[0], phys_to_page(LOW(0)), PAGE, 0);
	sg_set_page(&list[1], phys_to_page(LOW(9 * PAGE)), PAGE, 0);
	assert_int_equal(dmk_map_sg(&dev, list, 2, DMK_TO_DEVICE, 0), 1);
	dma[5] = DMK_DMA(sg_dma_address(list));
	bus.untrusted = true;
	dma[6] = dmk_map_cpu(&dev, fake_ram(LOW(7 * PAGE)), PAGE, DMK_TO_DEVICE, 0);
	gone = dmk_map_cpu(&other, fake_ram(LOW(5 * PAGE)), PAGE, DMK_TO_DEVICE, 0);
	dmk_unmap(&other, gone, PAGE, DMK_TO_DEVICE, 0, DMK_MAP_SINGLE);
	gone = dmk_map_cpu(&other, fake_ram(LOW(5 * PAGE)), PAGE, DMK_TO_DEVICE, 0);
	for (int i = 0; i < 7; i++)
		assert_true(fake_walk(&fake_box[2].to, dma[i].v, &phys, NULL));
	dmk_dev_exit(&dev);
	assert_true(fake_walk(&fake_box[2].to, gone.v, &phys, NULL));
	for (int i = 0; i < 7; i++)
		assert_false(fake_walk(&fake_box[2].to, dma[i].v, &phys, NULL));
	assert_true(fake_walk(&fake_box[2].to, kept.v, &phys, NULL));
	dmk_free(&other, PAGE, cpu, kept, 0);
	dmk_dev_exit(&other);
	/* The memory itself stays out of use. */
	assert_true(fake_held().pages >= 6);
	dmk_dev_exit(&fake_other);
	dmk_dev_exit(&fake_dev);
	dmk_core_stop();
}

/* --- at random -------------------------------------------------------------------------------- */

struct held {
	size_t size;
	unsigned long attrs;
	unsigned int salt;
	dmk_dma dma;
	char *cpu;
};

static void check_one(const struct held *held)
{
	static char wanted[300 << 10];

	fill(wanted, held->size, held->salt);
	assert_true(device_sees(held->dma, wanted, held->size));
	assert_memory_equal(held->cpu, wanted, held->size);
}

/* A model of what is held and what is in it; some of it fails on the way. */
static void test_COH_08_at_random(void **state)
{
	static const unsigned long attrs[] = {0, 0, SINGLE, CONTIGUOUS};
	uint64_t seed = fake_seed();
	struct held held[24] = {};
	struct fake_held before;

	start();
	before = fake_held();
	for (unsigned int i = 0; i < 1500; i++) {
		struct held *one = &held[fake_below(&seed, 24)];

		if (one->cpu) {
			check_one(one);
			dmk_free(&dev, one->size, one->cpu, one->dma, one->attrs);
			one->cpu = NULL;
			continue;
		}
		one->size = 1 + fake_below(&seed, 1 << (6 + fake_below(&seed, 13)));
		one->attrs = attrs[fake_below(&seed, 4)];
		one->salt = i;
		fake_fail_at(fake_below(&seed, 8) ? 0 : 1 + (unsigned int)fake_below(&seed, 30));
		one->cpu = dmk_alloc(&dev, one->size, &one->dma, 0, one->attrs | 1 << 8);
		fake_fail_at(0);
		if (one->cpu)
			fill(one->cpu, one->size, one->salt);
	}
	for (unsigned int i = 0; i < 24; i++) {
		if (!held[i].cpu)
			continue;
		check_one(&held[i]);
		dmk_free(&dev, held[i].size, held[i].cpu, held[i].dma, held[i].attrs);
	}
	assert_int_equal(fake_held().views, before.views);
	end(); /* fake_stop() counts the rest */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_COH_08_memory_is_had_of_pages_that_lie_anywhere),
		cmocka_unit_test(test_IOM_01_large_pages_are_used_where_they_are_free),
		cmocka_unit_test(
			test_COH_04_a_device_that_does_not_look_into_caches_has_memory_without_lines),
		cmocka_unit_test(test_COH_06_who_may_not_sleep_has_one_run),
		cmocka_unit_test(test_COH_10_it_is_found_run_by_run),
		cmocka_unit_test(test_CHK_07_whoever_watches_is_told_each_run),
		cmocka_unit_test(test_COH_10_a_list_has_an_entry_a_run_and_one_segment),
		cmocka_unit_test(test_STR_10_a_large_granule_holds_nothing_else),
		cmocka_unit_test(test_STR_12_whatever_fails_nothing_is_left_behind),
		cmocka_unit_test(test_STR_12_a_list_that_fails_leaves_nothing_behind),
		cmocka_unit_test(test_COH_03_no_address_above_the_coherent_mask),
		cmocka_unit_test(
			test_IOM_07_what_a_device_leaves_behind_is_out_of_its_groups_reach),
		cmocka_unit_test(test_COH_08_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
