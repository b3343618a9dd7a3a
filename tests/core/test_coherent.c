/* SPDX-License-Identifier: MIT */
/*
 * Consistent memory and what is managed.
 */
#include "unit.h"

static void *alloc(struct dmk_dev *dev, size_t size, dmk_dma *dma, unsigned int flags)
{
	return dmk_alloc(dev, size, dma, flags, 0);
}

static bool is_zero(const void *at, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (((const uint8_t *)at)[i])
			return false;
	}
	return true;
}

static const size_t sizes[] = {1,     100,   4095,  4096,   4097,   8192,   12288,
			       65535, 65536, 65537, 131072, 300000, 1 << 20};

static void test_COH_01_COH_02_COH_08_alignment_and_zero(void **state)
{
	for (enum fake_bus bus = FAKE_IDENTITY; bus <= FAKE_NONCOHERENT; bus++) {
		fake_start(&(struct fake_options){.bus = bus});
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			size_t order = 4096;
			dmk_dma dma;
			char *cpu = alloc(&fake_dev, sizes[i], &dma, 0);

			while (order < sizes[i])
				order *= 2;
			if (bus == FAKE_OFFSET && order > 0x100000)
				continue;
			assert_non_null(cpu);
			assert_true(dma.v % order == 0);
			assert_true((uintptr_t)cpu % order == 0);
			assert_true(sizes[i] > 65536 ||
				    dma.v / 65536 == (dma.v + sizes[i] - 1) / 65536);
			assert_true(is_zero(cpu, sizes[i]));
			memset(cpu, 0x5a, sizes[i]);
			assert_memory_equal(cpu, fake_device_ram(dma), sizes[i]);
			dmk_free(&fake_dev, sizes[i], cpu, dma, 0);
		}
		fake_stop();
	}
}

static const struct below_row {
	const char *what;
	enum fake_bus bus;
	uint64_t streaming, coherent;
	uint64_t last; /* no handle above it; 0: none can be had */
} below_rows[] = {
	{"32 bits unless asked for more", FAKE_IDENTITY, ~0ULL, 0, 0xffffffff},
	{"64 bits: above 4 GiB too", FAKE_IDENTITY, ~0ULL, ~0ULL, HIGH(FAKE_HIGH_SIZE - 1)},
	{"24 bits", FAKE_IDENTITY, 0, 0xffffff, 0xffffff},
	{"just one page", FAKE_IDENTITY, 0, LOW(4095), LOW(4095)},
	{"through a window", FAKE_OFFSET, 0, 0, 0x803fffff},
	{"through half a window", FAKE_OFFSET, 0, 0x801fffff, 0x801fffff},
};

static void test_COH_03_MSK_06_below_the_coherent_mask(void **state)
{
	for (size_t i = 0; i < sizeof(below_rows) / sizeof(below_rows[0]); i++) {
		const struct below_row *row = &below_rows[i];
		dmk_dma dma;
		void *cpu;

		fake_start(&(struct fake_options){.bus = row->bus});
		if (row->streaming)
			assert_int_equal(dmk_set_mask(&fake_dev, row->streaming, true, false), 0);
		if (row->coherent)
			fake_dev.coherent_dma_mask = row->coherent;
		cpu = alloc(&fake_dev, 4096, &dma, 0);
		ROW_EXPECT(row->what, cpu && dma.v + 4095 <= row->last);
		dmk_free(&fake_dev, 4096, cpu, dma, 0);
		cpu = alloc(&fake_dev, 4096, &dma, DMK_ALLOC_ATOMIC);
		ROW_EXPECT(row->what, !cpu || dma.v + 4095 <= row->last);
		dmk_free(&fake_dev, 4096, cpu, dma, 0);
		fake_stop();
	}
}

static void test_COH_04_noncoherent_memory_is_uncached(void **state)
{
	struct fake_cache_op ops[4];
	dmk_dma dma;
	char *cpu;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	fake_cache_ops(ops, 4);
	cpu = alloc(&fake_dev, 8192, &dma, 0);
	assert_ptr_not_equal(cpu, fake_ram(dma.v));
	assert_int_equal(fake_cache_ops(ops, 4), 1);
	assert_true(ops[0].op == FAKE_FLUSH && ops[0].phys == dma.v && ops[0].size == 8192);
	strcpy(cpu + 5000, "seen");
	assert_string_equal((char *)fake_ram(dma.v) + 5000, "seen");
	assert_int_equal(fake_held().views, 2); /* and the atomic pool's */
	dmk_free(&fake_dev, 8192, cpu, dma, 0);
	assert_int_equal(fake_held().views, 1);
	fake_stop();
}

static void test_COH_06_atomic_comes_from_the_pool(void **state)
{
	for (enum fake_bus bus = FAKE_IDENTITY; bus <= FAKE_NONCOHERENT; bus++) {
		struct fake_held before;
		dmk_dma dma[64], many;
		size_t n = 0;
		void *cpu[64];

		fake_start(&(struct fake_options){.bus = bus});
		before = fake_held();
		fake_interrupt = true;
		while (n < 64 && fake_held().pages == before.pages &&
		       (cpu[n] = alloc(&fake_dev, 4096, &dma[n], DMK_ALLOC_ATOMIC))) {
			assert_true(is_zero(cpu[n], 4096));
			memset(cpu[n++], 0xee, 4096);
		}
		assert_true(n >= 4);
		/* A coherent device can have fresh pages without sleeping; another one can't. */
		assert_true((fake_held().pages == before.pages) == (bus == FAKE_NONCOHERENT));
		assert_int_equal(fake_held().views, before.views);
		fake_interrupt = false;
		for (size_t i = 0; i < n; i++)
			dmk_free(&fake_dev, 4096, cpu[i], dma[i], 0);
		cpu[0] = alloc(&fake_dev, 4096 * 3, &dma[0], DMK_ALLOC_ATOMIC);
		assert_true(cpu[0] && dma[0].v % (4096 * 4) == 0 && is_zero(cpu[0], 4096 * 3));
		assert_true(alloc(&fake_dev, 1 << 22, &many, DMK_ALLOC_ATOMIC) == NULL);
		fake_stop();
	}
}

static void test_COH_06_sleeping_where_nobody_may_is_told(void **state)
{
	dmk_dma dma;
	void *cpu;

	fake_start(&(struct fake_options){0});
	fake_watch(true);
	fake_atomic = true;
	cpu = alloc(&fake_dev, 64, &dma, 0);
	fake_atomic = false;
	assert_non_null(cpu);
	assert_int_equal(fake_events[0].kind, DMK_EVENT_SLEEP_IN_ATOMIC);
	assert_int_equal(fake_events[1].kind, DMK_EVENT_ALLOC);
	dmk_free(&fake_dev, 64, cpu, dma, 0);
	fake_watch(true);
	cpu = alloc(&fake_dev, 64, &dma, 0);
	assert_int_equal(fake_nr_events, 1);
	dmk_free(&fake_dev, 64, cpu, dma, 0);
	fake_stop();
}

static const struct free_row {
	const char *what;
	enum dmk_reason reason;
	bool other_dev, interrupt;
	size_t size;
	long cpu, dma; /* off by */
} free_rows[] = {
	{"another size", DMK_REASON_MISMATCH, false, false, 4000, 0, 0},
	{"another handle", DMK_REASON_MISMATCH, false, false, 5000, 0, 64},
	{"another CPU address", DMK_REASON_MISMATCH, false, false, 5000, 4096, 0},
	{"another device", DMK_REASON_MISMATCH, true, false, 5000, 0, 0},
	{"nothing of it", DMK_REASON_NOT_FOUND, false, false, 5000, 4096, 4096},
	{"in an interrupt", DMK_REASON_BAD_CONTEXT, false, true, 5000, 0, 0},
	{"as it was allocated", DMK_REASON_NONE, false, false, 5000, 0, 0},
};

static void test_COH_07_frees_that_do_not_agree(void **state)
{
	dmk_dma dma;
	char *cpu;

	fake_start(&(struct fake_options){0});
	fake_watch(true);
	cpu = alloc(&fake_dev, 5000, &dma, 0);
	memset(cpu, 0x42, 5000);
	for (size_t i = 0; i < sizeof(free_rows) / sizeof(free_rows[0]); i++) {
		const struct free_row *row = &free_rows[i];

		ROW_EXPECT(row->what, !fake_pages_free(dma.v, 8192) && cpu[4999] == 0x42);
		fake_interrupt = row->interrupt;
		dmk_free(row->other_dev ? &fake_other : &fake_dev, row->size, cpu + row->cpu,
			 DMK_DMA(dma.v + row->dma), 0);
		fake_interrupt = false;
		ROW_EXPECT(row->what, fake_last_event()->kind == DMK_EVENT_FREE);
		ROW_EXPECT(row->what, fake_last_event()->reason == row->reason);
	}
	assert_true(fake_pages_free(dma.v, 8192));
	dmk_free(&fake_dev, 5000, cpu, dma, 0);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_DOUBLE_FREE);
	dmk_free(NULL, 5000, cpu, dma, 0);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_BAD_DEVICE);
	fake_watch(true);
	dmk_free(&fake_dev, 5000, NULL, dma, 0);
	assert_int_equal(fake_nr_events, 0);
	fake_stop();
}

static void test_COH_01_what_can_not_be_had(void **state)
{
	struct dmk_dev no_bus;
	dmk_dma dma;

	fake_start(&(struct fake_options){0});
	dmk_dev_init(&no_bus, "no bus", NULL, NULL);
	fake_watch(true);
	assert_null(alloc(&fake_dev, 0, &dma, 0));
	assert_int_equal(fake_last_event()->reason, DMK_REASON_BAD_SIZE);
	assert_null(alloc(&fake_dev, SIZE_MAX, &dma, 0));
	assert_null(alloc(&fake_dev, SIZE_MAX / 2 + 2, &dma, 0));
	assert_int_equal(fake_last_event()->reason, DMK_REASON_BAD_SIZE);
	assert_null(alloc(&fake_dev, 64 << 20, &dma, 0));
	assert_int_equal(fake_last_event()->kind, DMK_EVENT_ALLOC_FAILED);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_NO_ROOM);
	assert_int_equal(fake_last_event()->result, -ENOMEM);
	assert_null(alloc(NULL, 64, &dma, 0));
	assert_null(alloc(&no_bus, 64, &dma, 0));
	assert_int_equal(fake_last_event()->reason, DMK_REASON_BAD_DEVICE);
	fake_stop();
}

/* --- managed ---------------------------------------------------------------------------------- */

static char released[8];

struct mark {
	struct dmk_managed managed;
	char name;
};

static void release_mark(struct dmk_dev *dev, struct dmk_managed *self)
{
	const char name[2] = {((struct mark *)self)->name, '\0'};

	strcat(released, name);
}

static void test_COH_09_newest_goes_first(void **state)
{
	struct mark marks[4] = {{{.release = release_mark}, 'a'},
				{{.release = release_mark}, 'b'},
				{{.release = release_mark}, 'c'},
				{{.release = release_mark}, 'd'}};
	struct fake_held before;
	dmk_dma dma, early, plain;
	void *early_cpu, *plain_cpu;
	size_t frees = 0;

	fake_start(&(struct fake_options){0});
	before = fake_held();
	released[0] = '\0';
	dmk_managed_add(&fake_dev, &marks[0].managed);
	alloc(&fake_dev, 64, &dma, DMK_ALLOC_MANAGED);
	dmk_managed_add(&fake_dev, &marks[1].managed);
	early_cpu = alloc(&fake_dev, 64, &early, DMK_ALLOC_MANAGED);
	dmk_managed_add(&fake_dev, &marks[2].managed);
	plain_cpu = alloc(&fake_dev, 64, &plain, DMK_ALLOC_MANAGED);
	assert_true(dmk_managed_remove(&fake_dev, &marks[1].managed));
	assert_false(dmk_managed_remove(&fake_dev, &marks[1].managed));
	assert_false(dmk_managed_remove(&fake_dev, &marks[3].managed));
	dmk_free_managed(&fake_dev, 64, early_cpu, early, 0);
	/* By the other name: it is gone, and not freed again. */
	dmk_free(&fake_dev, 64, plain_cpu, plain, 0);
	fake_watch(true);
	dmk_managed_release(&fake_dev);
	assert_string_equal(released, "ca");
	for (size_t i = 0; i < fake_nr_events; i++)
		frees += fake_events[i].kind == DMK_EVENT_FREE && fake_events[i].managed &&
			 fake_events[i].dma.v == dma.v;
	assert_int_equal(frees, 1);
	assert_int_equal(fake_nr_events, 1);
	assert_int_equal(fake_held().pages, before.pages);
	assert_int_equal(fake_held().metas, before.metas);
	fake_stop();
}

static void test_COH_10_where_an_allocation_lies(void **state)
{
	dmk_phys phys;
	dmk_dma dma;
	size_t run;
	char *cpu;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	cpu = alloc(&fake_dev, 5000, &dma, 0);
	assert_true(dmk_alloc_find(&fake_dev, cpu, dma, 5000, 0, &phys, &run) && phys.v == dma.v);
	assert_int_equal(run, 8192);
	assert_true(dmk_alloc_find(&fake_dev, cpu, dma, 5000, 4096, &phys, &run) &&
		    phys.v == dma.v + 4096);
	assert_int_equal(run, 4096);
	assert_false(dmk_alloc_find(&fake_dev, cpu, dma, 5000, 8192, &phys, &run));
	assert_false(dmk_alloc_find(&fake_other, cpu, dma, 5000, 0, &phys, &run));
	assert_false(dmk_alloc_find(&fake_dev, cpu, dma, 8193, 0, &phys, &run));
	assert_false(dmk_alloc_find(&fake_dev, cpu + 4096, dma, 1, 0, &phys, &run));
	dmk_free(&fake_dev, 5000, cpu, dma, 0);
	fake_stop();
}

/* --- failures and a model --------------------------------------------------------------------- */

/*
 * Whatever fails at a start, the core starts or says that it can't, and holds nothing afterwards.
 */
static void test_COH_06_BNC_01_start_when_memory_is_out(void **state)
{
	for (unsigned int n = 1; n < 20; n++) {
		struct fake_options options = {.bus = FAKE_NONCOHERENT,
					       .caps = DMK_CAP_BOUNCE,
					       .fail_from = n,
					       .may_fail = true,
					       .dma_zone_last = LOW(0x4fffff)};
		int error = fake_start(&options);

		assert_true(error == (n == 1 ? -ENOMEM : 0));
		fake_stop();
	}
}

static void test_COH_01_each_step_can_fail(void **state)
{
	for (enum fake_bus bus = FAKE_IDENTITY; bus <= FAKE_NONCOHERENT; bus += 2) {
		for (unsigned int n = 1;; n++) {
			struct fake_held before, after;
			dmk_dma dma;
			void *cpu;

			fake_start(&(struct fake_options){.bus = bus});
			before = fake_held();
			fake_fail_at(n);
			cpu = alloc(&fake_dev, 9000, &dma, DMK_ALLOC_MANAGED);
			fake_fail_at(0);
			after = fake_held();
			if (!cpu)
				assert_memory_equal(&before, &after, sizeof(before));
			dmk_managed_release(&fake_dev);
			fake_stop();
			if (cpu) {
				assert_int_equal(n, bus == FAKE_NONCOHERENT ? 5 : 3);
				break;
			}
		}
	}
}

enum { LIVE = 40 };

struct live {
	char *cpu;
	dmk_dma dma;
	size_t size;
	unsigned char byte;
};

static void test_COH_07_against_a_model(void **state)
{
	static struct live all[LIVE];
	uint64_t seed = fake_seed();
	struct fake_held before;

	for (enum fake_bus bus = FAKE_IDENTITY; bus <= FAKE_NONCOHERENT; bus++) {
		fake_start(&(struct fake_options){.bus = bus});
		before = fake_held();
		for (int step = 0; step < 3000; step++) {
			struct live *live = &all[fake_below(&seed, LIVE)];

			if (!live->cpu) {
				live->size = 1 + fake_below(&seed,
							    fake_below(&seed, 2) ? 5000 : 200000);
				live->byte = (unsigned char)fake_random(&seed);
				live->cpu = dmk_alloc(&fake_dev, live->size, &live->dma,
						      fake_below(&seed, 3) ? 0 : DMK_ALLOC_ATOMIC,
						      1 << 8);
				if (live->cpu)
					memset(live->cpu, live->byte, live->size);
				continue;
			}
			for (size_t i = 0; i < live->size; i += 509)
				assert_true((unsigned char)live->cpu[i] == live->byte);
			dmk_free(&fake_dev, live->size + 1, live->cpu, live->dma, 0);
			dmk_free(&fake_dev, live->size, live->cpu, live->dma, 0);
			dmk_free(&fake_dev, live->size, live->cpu, live->dma, 0);
			live->cpu = NULL;
		}
		for (size_t i = 0; i < LIVE; i++) {
			if (all[i].cpu)
				dmk_free(&fake_dev, all[i].size, all[i].cpu, all[i].dma, 0);
			all[i].cpu = NULL;
		}
		assert_int_equal(fake_held().pages, before.pages);
		assert_int_equal(fake_held().metas, before.metas);
		assert_int_equal(fake_held().views, before.views);
		fake_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_COH_01_COH_02_COH_08_alignment_and_zero),
		cmocka_unit_test(test_COH_03_MSK_06_below_the_coherent_mask),
		cmocka_unit_test(test_COH_04_noncoherent_memory_is_uncached),
		cmocka_unit_test(test_COH_06_atomic_comes_from_the_pool),
		cmocka_unit_test(test_COH_06_sleeping_where_nobody_may_is_told),
		cmocka_unit_test(test_COH_07_frees_that_do_not_agree),
		cmocka_unit_test(test_COH_01_what_can_not_be_had),
		cmocka_unit_test(test_COH_09_newest_goes_first),
		cmocka_unit_test(test_COH_10_where_an_allocation_lies),
		cmocka_unit_test(test_COH_06_BNC_01_start_when_memory_is_out),
		cmocka_unit_test(test_COH_01_each_step_can_fail),
		cmocka_unit_test(test_COH_07_against_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
