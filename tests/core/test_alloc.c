/* SPDX-License-Identifier: MIT */
/*
 * Memory for devices beside the plain case: windows out of line, the atomic pool that grows, pools
 * of the machine's, private memory, pages and lists.
 */
#include "unit.h"

#include <linux/scatterlist.h>

static bool is_zero(const void *at, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (((const uint8_t *)at)[i])
			return false;
	}
	return true;
}

static size_t order_of(size_t size)
{
	size_t order = 4096;

	while (order < size)
		order *= 2;
	return order;
}

/* --- COH-02 where the window is out of line --------------------------------------------------- */

static const uint64_t skews[] = {0x1000, 0x3000, 0x8000, 0x7000, 0x100000};
static const size_t sizes[] = {1, 4096, 5000, 8192, 20000, 65536, 300000};

static void test_COH_02_aligned_where_the_windows_offset_is_not(void **state)
{
	for (size_t s = 0; s < sizeof(skews) / sizeof(skews[0]); s++) {
		fake_start(&(struct fake_options){.skew = skews[s]});
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			const struct fake_held before = fake_held();
			const size_t size = sizes[i], order = order_of(size);
			dmk_dma dma;
			char *cpu = dmk_alloc(&fake_dev, size, &dma, 0, 0);
			struct fake_held after;

			assert_non_null(cpu);
			assert_int_equal(dma.v % order, 0);
			assert_int_equal((uintptr_t)cpu % order, 0);
			assert_true(is_zero(cpu, size));
			memset(cpu, 0x77, size);
			assert_memory_equal(cpu, fake_device_ram(dma), size);
			dmk_free(&fake_dev, size, cpu, dma, 0);
			after = fake_held();
			assert_memory_equal(&before, &after, sizeof(before));
			cpu = dmk_alloc(&fake_dev, size, &dma, DMK_ALLOC_ATOMIC, 1 << 8);
			if (!cpu)
				continue;
			assert_true(dma.v % order == 0 && (uintptr_t)cpu % order == 0);
			dmk_free(&fake_dev, size, cpu, dma, 0);
		}
		fake_stop();
	}
}

static void test_COH_02_each_step_can_fail_where_a_view_is_needed(void **state)
{
	for (unsigned int n = 1;; n++) {
		struct fake_held before, after;
		dmk_dma dma;
		void *cpu;

		fake_start(&(struct fake_options){.skew = 0x1000});
		before = fake_held();
		fake_fail_at(n);
		cpu = dmk_alloc(&fake_dev, 9000, &dma, 0, 1 << 8);
		fake_fail_at(0);
		after = fake_held();
		if (cpu)
			dmk_free(&fake_dev, 9000, cpu, dma, 0);
		else
			assert_memory_equal(&before, &after, sizeof(before));
		fake_stop();
		if (cpu) {
			assert_true(n > 3);
			return;
		}
	}
}

/* --- COH-06 ----------------------------------------------------------------------------------- */

static size_t take_atomic(void **cpu, dmk_dma *dma, size_t n, size_t most)
{
	while (n < most && (cpu[n] = dmk_alloc(&fake_dev, 4096, &dma[n], DMK_ALLOC_ATOMIC, 0)))
		n++;
	return n;
}

static void test_COH_06_the_pool_is_refilled_when_somebody_may_sleep(void **state)
{
	enum { MOST = 256 };
	static void *cpu[MOST];
	static dmk_dma dma[MOST];
	size_t n, first;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	fake_interrupt = true;
	first = take_atomic(cpu, dma, 0, MOST);
	assert_true(first > 0 && first < MOST);
	assert_non_null(strstr(fake_log, "atomic pool"));
	fake_interrupt = false;
	assert_int_equal(fake_run_deferred(), 1);
	fake_interrupt = true;
	n = take_atomic(cpu, dma, first, MOST);
	assert_true(n >= first + 8);
	/* As long as there is a sixteenth of the memory for it: 128 of 2048 pages. */
	for (int i = 0; i < 40; i++) {
		fake_interrupt = false;
		fake_run_deferred();
		fake_interrupt = true;
		n = take_atomic(cpu, dma, n, MOST);
	}
	assert_true(n <= 128 && n >= 96);
	fake_interrupt = false;
	for (size_t i = 0; i < n; i++) {
		assert_true(is_zero(cpu[i], 4096));
		dmk_free(&fake_dev, 4096, cpu[i], dma[i], 0);
	}
	/* And all of that is there from now on. */
	fake_interrupt = true;
	first = take_atomic(cpu, dma, 0, MOST);
	fake_interrupt = false;
	assert_int_equal(first, n);
	for (size_t i = 0; i < n; i++)
		dmk_free(&fake_dev, 4096, cpu[i], dma[i], 0);
	fake_stop();
}

static void test_COH_06_it_is_refilled_before_it_is_empty(void **state)
{
	void *cpu[16];
	dmk_dma dma[16];
	size_t n = 0;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	for (int round = 0; round < 6; round++) {
		for (int i = 0; i < 2; i++, n++) {
			fake_interrupt = true;
			cpu[n] = dmk_alloc(&fake_dev, 4096, &dma[n], DMK_ALLOC_ATOMIC, 0);
			fake_interrupt = false;
			assert_non_null(cpu[n]);
		}
		fake_run_deferred();
	}
	while (n--)
		dmk_free(&fake_dev, 4096, cpu[n], dma[n], 0);
	assert_int_equal(fake_warned, 0);
	fake_stop();
}

static void test_COH_06_more_than_a_page_and_more_than_a_chunk(void **state)
{
	dmk_dma dma;
	void *cpu;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	assert_null(dmk_alloc(&fake_dev, 200 << 10, &dma, DMK_ALLOC_ATOMIC, 0));
	assert_int_equal(fake_run_deferred(), 1);
	cpu = dmk_alloc(&fake_dev, 200 << 10, &dma, DMK_ALLOC_ATOMIC, 0);
	assert_non_null(cpu);
	assert_int_equal(dma.v % (256 << 10), 0);
	dmk_free(&fake_dev, 200 << 10, cpu, dma, 0);
	fake_stop();
}

/* A mask that leaves all of the pool out of reach brings pages that are not. */
static void test_COH_06_MSK_05_a_narrow_mask_has_pages_of_its_own(void **state)
{
	dmk_dma dma;
	void *cpu;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	assert_int_equal(dmk_set_mask(&fake_dev, LOW(0xfffff), true, true), 0);
	fake_interrupt = true;
	cpu = dmk_alloc(&fake_dev, 4096, &dma, DMK_ALLOC_ATOMIC, 0);
	fake_interrupt = false;
	assert_true(cpu && dma.v + 4095 <= LOW(0xfffff));
	dmk_free(&fake_dev, 4096, cpu, dma, 0);
	fake_stop();
}

/*
 * A device behind a firewall, without coherent caches: what was made for it beforehand, of its
 * region; more of it later.
 */
static void test_COH_06_BNC_05_a_restricted_device_is_served_in_an_interrupt(void **state)
{
	void *cpu[12];
	dmk_dma dma[12];
	size_t n = 0;

	fake_start(&(struct fake_options){
		.bus = FAKE_NONCOHERENT, .cage = true, .caps = DMK_CAP_BOUNCE});
	for (int tries = 0; n < 12 && tries < 40; tries++) {
		fake_interrupt = true;
		cpu[n] = dmk_alloc(&fake_caged, 4096, &dma[n], DMK_ALLOC_ATOMIC, 1 << 8);
		fake_interrupt = false;
		if (!cpu[n]) {
			assert_true(n > 0);
			fake_run_deferred();
			continue;
		}
		assert_true(dma[n].v >= FAKE_CAGE && dma[n].v < FAKE_CAGE + FAKE_CAGE_SIZE);
		assert_true(is_zero(cpu[n], 4096));
		memset(cpu[n], 0x20 + (int)n, 4096);
		n++;
	}
	assert_int_equal(n, 12);
	while (n--) {
		assert_int_equal(*(uint8_t *)cpu[n], 0x20 + n);
		dmk_free(&fake_caged, 4096, cpu[n], dma[n], 0);
	}
	fake_stop();
}

/* However much is asked for in interrupts: some of the region stays for what is mapped. */
static void test_COH_06_BNC_05_interrupts_do_not_take_all_of_a_region(void **state)
{
	static void *cpu[512];
	static dmk_dma dma[512];
	unsigned int in_vain = 0;
	size_t n = 0;
	dmk_dma mapped;

	fake_start(&(struct fake_options){
		.bus = FAKE_NONCOHERENT, .cage = true, .caps = DMK_CAP_BOUNCE});
	while (in_vain < 3 && n < 512) {
		fake_interrupt = true;
		cpu[n] = dmk_alloc(&fake_caged, 4096, &dma[n], DMK_ALLOC_ATOMIC, 1 << 8);
		fake_interrupt = false;
		in_vain = cpu[n] ? 0 : in_vain + 1;
		n += cpu[n] != NULL;
		fake_run_deferred();
	}
	assert_true(n > 0 && n * 4096 <= FAKE_CAGE_SIZE / 8);
	mapped = dmk_map_phys(&fake_caged, DMK_PHYS(FAKE_LOW), 4096, DMK_TO_DEVICE, 0,
			      DMK_MAP_PAGE);
	assert_true(mapped.v >= FAKE_CAGE && mapped.v < FAKE_CAGE + FAKE_CAGE_SIZE);
	dmk_unmap(&fake_caged, mapped, 4096, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	while (n--)
		dmk_free(&fake_caged, 4096, cpu[n], dma[n], 0);
	fake_stop();
}

/* --- MEM-09 ----------------------------------------------------------------------------------- */

static void drain_pool(unsigned int flags)
{
	void *cpu[65];
	dmk_dma dma[65];
	size_t n = 0;

	while (n < 65 && (cpu[n] = dmk_alloc(&fake_dev, 4096, &dma[n], flags, 0))) {
		assert_true(dma[n].v >= FAKE_POOL && dma[n].v < FAKE_POOL + FAKE_POOL_SIZE);
		assert_true(is_zero(cpu[n], 4096));
		memset(cpu[n], 0x11 + (int)n, 4096);
		assert_memory_equal(fake_device_ram(dma[n]), cpu[n], 4096);
		n++;
	}
	assert_int_equal(n, 64);
	assert_non_null(strstr(fake_log, "in its pool pool"));
	while (n--)
		dmk_free(&fake_dev, 4096, cpu[n], dma[n], 0);
}

static void test_MEM_09_consistent_memory_is_of_the_shared_pool_alone(void **state)
{
	for (enum fake_bus bus = FAKE_IDENTITY; bus <= FAKE_NONCOHERENT; bus += 2) {
		for (int no_map = 0; no_map < 2; no_map++) {
			struct fake_held before, after;
			dmk_dma dma;
			char *cpu;

			fake_start(&(struct fake_options){
				.bus = bus, .shared_pool = true, .no_map = no_map});
			before = fake_held();
			drain_pool(0);
			fake_log[0] = '\0';
			fake_interrupt = true;
			cpu = dmk_alloc(&fake_dev, 12288, &dma, DMK_ALLOC_ATOMIC, 0);
			fake_interrupt = false;
			assert_true(cpu && dma.v % 16384 == 0 && (uintptr_t)cpu % 16384 == 0);
			dmk_free(&fake_dev, 12288, cpu, dma, 0);
			/* Pages that both sides use in turns are not consistent memory. */
			cpu = dmk_alloc_cached(&fake_dev, 4096, &dma, DMK_TO_DEVICE, 0, 0);
			assert_true(cpu &&
				    (dma.v < FAKE_POOL || dma.v >= FAKE_POOL + FAKE_POOL_SIZE));
			dmk_free_cached(&fake_dev, 4096, cpu, dma, DMK_TO_DEVICE);
			/* Out of reach is as good as not there. */
			fake_dev.coherent_dma_mask = FAKE_POOL - 1;
			assert_null(dmk_alloc(&fake_dev, 4096, &dma, 0, 0));
			after = fake_held();
			assert_memory_equal(&before, &after, sizeof(before));
			fake_stop();
		}
	}
}

/* --- private memory --------------------------------------------------------------------------- */

static void test_COH_04_private_memory_is_shared_and_made_private_again(void **state)
{
	struct fake_options options = {.caps = DMK_CAP_PRIVATE};
	const size_t rounds[] = {1, 4096, 5000, 100000};

	fake_start(&options);
	for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++) {
		const struct fake_held before = fake_held();
		const size_t shared = fake_shared();
		const size_t size = rounds[i];
		struct sg_table *table;
		struct fake_held after;
		dmk_dma dma;
		char *cpu;

		cpu = dmk_alloc(&fake_dev, size, &dma, 0, 0);
		assert_true(cpu && is_zero(cpu, size));
		assert_int_equal(fake_shared() - shared, (size + 4095) / 4096);
		dmk_free(&fake_dev, size, cpu, dma, 0);
		cpu = dmk_alloc_cached(&fake_dev, size, &dma, DMK_TO_DEVICE, 0, 0);
		assert_true(cpu && is_zero(cpu, size));
		dmk_free_cached(&fake_dev, size, cpu, dma, DMK_TO_DEVICE);
		table = dmk_alloc_noncontiguous(&fake_dev, size, DMK_TO_DEVICE, 0, 0);
		assert_non_null(table);
		assert_int_equal(fake_shared() - shared, (size + 4095) / 4096);
		dmk_free_noncontiguous(&fake_dev, size, table, DMK_TO_DEVICE);
		after = fake_held();
		assert_memory_equal(&before, &after, sizeof(before));
		assert_int_equal(fake_shared(), shared);
		/* Sharing may sleep: in an interrupt there is what was shared before. */
		fake_interrupt = true;
		cpu = dmk_alloc_cached(&fake_dev, 4096, &dma, DMK_TO_DEVICE, DMK_ALLOC_ATOMIC, 0);
		fake_interrupt = false;
		assert_true(cpu && is_zero(cpu, 4096));
		assert_int_equal(fake_shared(), shared);
		dmk_free_cached(&fake_dev, 4096, cpu, dma, DMK_TO_DEVICE);
	}
	fake_stop();
}

/* --- COH-10 ----------------------------------------------------------------------------------- */

static void test_COH_10_a_list_is_one_run_with_views(void **state)
{
	struct sg_table *table, *other;
	char *view;

	fake_start(&(struct fake_options){.bus = FAKE_OFFSET});
	table = dmk_alloc_noncontiguous(&fake_dev, 9000, DMK_BIDIRECTIONAL, 0, 0);
	other = dmk_alloc_noncontiguous(&fake_dev, 100, DMK_BIDIRECTIONAL, 0, 0);
	assert_true(table && other);
	assert_int_equal(table->nents, 1);
	assert_int_equal(table->orig_nents, 1);
	assert_int_equal(sg_dma_len(table->sgl), 12288);
	assert_true(sg_is_last(table->sgl));
	view = dmk_vmap_noncontiguous(&fake_dev, 9000, table);
	assert_true(view && is_zero(view, 9000));
	strcpy(view + 8500, "seen");
	assert_string_equal((char *)fake_device_ram(DMK_DMA(sg_dma_address(table->sgl))) + 8500,
			    "seen");
	assert_null(dmk_vmap_noncontiguous(&fake_dev, 12289, table));
	assert_null(dmk_vmap_noncontiguous(&fake_other, 9000, table));
	assert_null(dmk_vmap_noncontiguous(&fake_dev, 0, table));
	assert_true(dmk_noncontiguous_good(&fake_dev, 12288, table));
	assert_false(dmk_noncontiguous_good(&fake_other, 9000, table));
	fake_watch(true);
	dmk_vunmap_noncontiguous(&fake_other, view);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_NOT_FOUND);
	dmk_free_noncontiguous(&fake_dev, 8999, table, DMK_BIDIRECTIONAL);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_MISMATCH);
	/* With a view left: it goes too, and that is told. */
	dmk_free_noncontiguous(&fake_dev, 9000, table, DMK_BIDIRECTIONAL);
	assert_int_equal(fake_last_event()->nents, 1);
	assert_int_equal(fake_held().views, 0);
	dmk_free_noncontiguous(&fake_dev, 9000, table, DMK_BIDIRECTIONAL);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_DOUBLE_FREE);
	dmk_free_noncontiguous(&fake_dev, 100, other, DMK_BIDIRECTIONAL);
	fake_stop();
}

static void test_COH_07_each_family_has_its_own_free(void **state)
{
	dmk_dma coherent_dma, pages_dma;
	void *coherent, *pages;

	fake_start(&(struct fake_options){0});
	coherent = dmk_alloc(&fake_dev, 4096, &coherent_dma, 0, 0);
	pages = dmk_alloc_cached(&fake_dev, 4096, &pages_dma, DMK_TO_DEVICE, 0, 0);
	fake_watch(true);
	dmk_free(&fake_dev, 4096, pages, pages_dma, 0);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_MISMATCH);
	dmk_free_cached(&fake_dev, 4096, coherent, coherent_dma, DMK_TO_DEVICE);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_MISMATCH);
	dmk_free_noncontiguous(&fake_dev, 4096, coherent, DMK_TO_DEVICE);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_MISMATCH);
	dmk_free(&fake_dev, 4096, coherent, coherent_dma, 0);
	dmk_free_cached(&fake_dev, 4096, pages, pages_dma, DMK_TO_DEVICE);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_NONE);
	fake_stop();
}

static void test_COH_10_memory_without_an_address_is_zeroed_and_flushed(void **state)
{
	for (enum fake_bus bus = FAKE_IDENTITY; bus <= FAKE_NONCOHERENT; bus++) {
		size_t views, run;
		dmk_phys phys;
		dmk_dma dma;
		void *cookie;

		fake_start(&(struct fake_options){.bus = bus});
		views = fake_held().views;
		cookie = dmk_alloc(&fake_dev, 5000, &dma, 0, 1 << 4);
		assert_non_null(cookie);
		assert_int_equal(fake_held().views, views);
		assert_true(is_zero(fake_device_ram(dma), 5000));
		assert_true(dmk_alloc_find(&fake_dev, cookie, dma, 5000, 0, &phys, &run));
		dmk_free(&fake_dev, 5000, cookie, dma, 1 << 4);
		fake_stop();
	}
}

/* Many at once, in an order that is nobody's: the hash grows, and every one is found. */
static void test_COH_07_a_thousand_are_found(void **state)
{
	enum { N = 1000 };
	static void *cpu[N];
	static dmk_dma dma[N];
	struct fake_held before;

	fake_start(&(struct fake_options){0});
	before = fake_held();
	for (int i = 0; i < N; i++) {
		cpu[i] = dmk_alloc(i % 3 ? &fake_dev : &fake_other, 64, &dma[i],
				   i % 2 ? DMK_ALLOC_MANAGED : 0, 0);
		assert_non_null(cpu[i]);
	}
	for (int i = 0; i < N; i++) {
		const int at = i * 7 % N;

		if (at % 2 == 0)
			dmk_free(at % 3 ? &fake_dev : &fake_other, 64, cpu[at], dma[at], 0);
	}
	for (int i = 1; i < N; i += 4)
		dmk_free_managed(i % 3 ? &fake_dev : &fake_other, 64, cpu[i], dma[i], 0);
	dmk_managed_release(&fake_dev);
	dmk_managed_release(&fake_other);
	assert_int_equal(fake_held().pages, before.pages);
	assert_int_equal(fake_held().metas, before.metas);
	fake_stop();
}

static void test_COH_10_a_device_that_is_gone_is_none(void **state)
{
	dmk_dma dma;

	fake_start(&(struct fake_options){0});
	dmk_dev_exit(&fake_other);
	fake_watch(true);
	assert_null(dmk_alloc(&fake_other, 64, &dma, 0, 0));
	assert_null(dmk_alloc_cached(&fake_other, 64, &dma, DMK_TO_DEVICE, 0, 0));
	assert_null(dmk_alloc_noncontiguous(&fake_other, 64, DMK_TO_DEVICE, 0, 0));
	assert_int_equal(fake_last_event()->reason, DMK_REASON_BAD_DEVICE);
	fake_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_COH_02_aligned_where_the_windows_offset_is_not),
		cmocka_unit_test(test_COH_02_each_step_can_fail_where_a_view_is_needed),
		cmocka_unit_test(test_COH_06_the_pool_is_refilled_when_somebody_may_sleep),
		cmocka_unit_test(test_COH_06_it_is_refilled_before_it_is_empty),
		cmocka_unit_test(test_COH_06_more_than_a_page_and_more_than_a_chunk),
		cmocka_unit_test(test_COH_06_MSK_05_a_narrow_mask_has_pages_of_its_own),
		cmocka_unit_test(test_COH_06_BNC_05_a_restricted_device_is_served_in_an_interrupt),
		cmocka_unit_test(test_COH_06_BNC_05_interrupts_do_not_take_all_of_a_region),
		cmocka_unit_test(test_MEM_09_consistent_memory_is_of_the_shared_pool_alone),
		cmocka_unit_test(test_COH_04_private_memory_is_shared_and_made_private_again),
		cmocka_unit_test(test_COH_10_a_list_is_one_run_with_views),
		cmocka_unit_test(test_COH_07_each_family_has_its_own_free),
		cmocka_unit_test(test_COH_10_memory_without_an_address_is_zeroed_and_flushed),
		cmocka_unit_test(test_COH_07_a_thousand_are_found),
		cmocka_unit_test(test_COH_10_a_device_that_is_gone_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
