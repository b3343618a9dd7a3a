/* SPDX-License-Identifier: MIT */
/*
 * Pools of blocks.
 */
#include "unit.h"

static const struct create_row {
	const char *what;
	size_t size, align, boundary;
	bool good;
} create_rows[] = {
	{"plain", 64, 16, 0, true},
	{"no alignment asked for", 64, 0, 0, true},
	{"one byte", 1, 1, 0, true},
	{"odd size", 37, 8, 0, true},
	{"a page", 4096, 4096, 0, true},
	{"more than a page", 5000, 16, 0, true},
	{"aligned to more than a page", 100, 65536, 0, true},
	{"aligned to more than its boundary", 40, 128, 64, true},
	{"as long as the boundary", 1024, 4, 1024, true},
	{"nearly as long as the boundary", 1000, 4, 1024, true},
	{"a boundary of many pages", 100, 4, 65536, true},
	{"a boundary inside more pages than one", 9000, 4, 16384, true},
	{"no bytes", 0, 16, 0, false},
	{"alignment no power of two", 64, 24, 0, false},
	{"boundary no power of two", 64, 16, 100, false},
	{"boundary smaller than a block", 64, 16, 32, false},
	{"more than can be", SIZE_MAX, 16, 0, false},
	{"aligned to more than can be", 16, SIZE_MAX / 2 + 1, 0, false},
};

static void test_POL_01_POL_02_arguments(void **state)
{
	for (size_t i = 0; i < sizeof(create_rows) / sizeof(create_rows[0]); i++) {
		const struct create_row *row = &create_rows[i];
		struct dmk_pool *pool;
		dmk_dma dma[150];
		char *cpu[150];
		size_t n = row->size > 4000 || row->align > 4096 ? 10 : 150;

		fake_start(&(struct fake_options){0});
		fake_watch(true);
		pool = dmk_pool_create("blocks", &fake_dev, row->size, row->align, row->boundary,
				       false);
		ROW_EXPECT(row->what, !pool == !row->good);
		ROW_EXPECT(row->what, fake_last_event()->kind == DMK_EVENT_POOL_CREATE);
		ROW_EXPECT(row->what, fake_last_event()->result == (row->good ? 0 : -EINVAL));
		for (size_t b = 0; pool && b < n; b++) {
			cpu[b] = dmk_pool_alloc(pool, 0, false, &dma[b]);
			ROW_EXPECT(row->what, cpu[b] && cpu[b] == fake_ram(dma[b].v));
			ROW_EXPECT(row->what, !row->align || dma[b].v % row->align == 0);
			ROW_EXPECT(row->what, !row->boundary || dma[b].v / row->boundary ==
									(dma[b].v + row->size - 1) /
										row->boundary);
			for (size_t other = 0; other < b; other++)
				ROW_EXPECT(row->what, dma[b].v >= dma[other].v + row->size ||
							      dma[other].v >= dma[b].v + row->size);
		}
		for (size_t b = 0; pool && b < n; b++)
			dmk_pool_free(pool, cpu[b], dma[b]);
		dmk_pool_destroy(pool);
		fake_stop();
	}
}

static void test_POL_03_zeroed_when_asked(void **state)
{
	struct dmk_pool *pool;
	dmk_dma dma;
	char *cpu;

	fake_start(&(struct fake_options){0});
	pool = dmk_pool_create("blocks", &fake_dev, 64, 64, 0, false);
	cpu = dmk_pool_alloc(pool, 0, false, &dma);
	memset(cpu, 0x55, 64);
	dmk_pool_free(pool, cpu, dma);
	assert_ptr_equal(dmk_pool_alloc(pool, 0, false, &dma), cpu);
	assert_int_equal(cpu[63], 0x55);
	dmk_pool_free(pool, cpu, dma);
	assert_ptr_equal(dmk_pool_alloc(pool, 0, true, &dma), cpu);
	assert_int_equal(cpu[0] | cpu[63], 0);
	dmk_pool_free(pool, cpu, dma);
	dmk_pool_destroy(pool);
	fake_stop();
}

static void test_POL_03_POL_04_atomic_and_out_of_memory(void **state)
{
	struct dmk_pool *pool;
	dmk_dma dma, first;
	void *cpu;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	pool = dmk_pool_create("blocks", &fake_dev, 2048, 1, 0, false);
	fake_interrupt = true;
	cpu = dmk_pool_alloc(pool, DMK_ALLOC_ATOMIC, false, &first);
	assert_non_null(cpu);
	while (dmk_pool_alloc(pool, DMK_ALLOC_ATOMIC, false, &dma))
		;
	dmk_pool_free(pool, cpu, first);
	assert_ptr_equal(dmk_pool_alloc(pool, DMK_ALLOC_ATOMIC, false, &dma), cpu);
	/* Not to be ended here. */
	fake_watch(true);
	dmk_pool_destroy(pool);
	assert_int_equal(fake_last_event()->kind, DMK_EVENT_POOL_DESTROY);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_BAD_CONTEXT);
	fake_interrupt = false;
	dmk_pool_free(pool, cpu, first);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_NONE);
	fake_stop();
}

static void test_POL_04_sleeping_where_nobody_may_is_told(void **state)
{
	struct dmk_pool *pool;
	dmk_dma dma;

	fake_start(&(struct fake_options){0});
	pool = dmk_pool_create("blocks", &fake_dev, 64, 64, 0, false);
	fake_watch(true);
	fake_atomic = true;
	assert_non_null(dmk_pool_alloc(pool, 0, false, &dma));
	fake_atomic = false;
	assert_int_equal(fake_events[0].kind, DMK_EVENT_SLEEP_IN_ATOMIC);
	assert_int_equal(fake_events[1].kind, DMK_EVENT_POOL_PAGE);
	assert_int_equal(fake_events[1].result, 1);
	assert_int_equal(fake_events[2].kind, DMK_EVENT_POOL_ALLOC);
	fake_stop();
}

static void free_and_expect(const char *what, struct dmk_pool *pool, void *cpu, uint64_t dma,
			    enum dmk_reason reason)
{
	dmk_pool_free(pool, cpu, DMK_DMA(dma));
	ROW_EXPECT(what, fake_last_event()->kind == DMK_EVENT_POOL_FREE);
	ROW_EXPECT(what, fake_last_event()->reason == reason);
}

static void test_POL_05_wrong_frees(void **state)
{
	struct dmk_pool *pool, *other;
	dmk_dma a, b, elsewhere;
	char *at_a, *at_b, *at_elsewhere;

	fake_start(&(struct fake_options){0});
	pool = dmk_pool_create("blocks", &fake_dev, 100, 4, 0, false);
	other = dmk_pool_create("other", &fake_dev, 100, 4, 0, false);
	at_a = dmk_pool_alloc(pool, 0, false, &a);
	at_b = dmk_pool_alloc(pool, 0, false, &b);
	at_elsewhere = dmk_pool_alloc(other, 0, false, &elsewhere);
	fake_watch(true);
	free_and_expect("another block's handle", pool, at_a, b.v, DMK_REASON_MISMATCH);
	free_and_expect("inside a block", pool, at_a + 4, a.v + 4, DMK_REASON_MISMATCH);
	free_and_expect("another CPU address", pool, at_a + 4, a.v, DMK_REASON_MISMATCH);
	free_and_expect("the end of the page", pool, at_a + 4090, a.v + 4090, DMK_REASON_MISMATCH);
	free_and_expect("a block never given out", pool, at_a + 1000, a.v + 1000,
			DMK_REASON_DOUBLE_FREE);
	free_and_expect("another pool's", pool, at_elsewhere, elsewhere.v, DMK_REASON_MISMATCH);
	free_and_expect("nobody's", pool, fake_ram(LOW(0)), LOW(0), DMK_REASON_NOT_FOUND);
	free_and_expect("nowhere", pool, NULL, ~0ULL, DMK_REASON_NOT_FOUND);
	free_and_expect("its own", pool, at_a, a.v, DMK_REASON_NONE);
	free_and_expect("its own again", pool, at_a, a.v, DMK_REASON_DOUBLE_FREE);
	free_and_expect("the other one", pool, at_b, b.v, DMK_REASON_NONE);
	free_and_expect("where it belongs", other, at_elsewhere, elsewhere.v, DMK_REASON_NONE);
	/* The pool is as it was. */
	assert_ptr_equal(dmk_pool_alloc(pool, 0, false, &b), at_b);
	assert_ptr_equal(dmk_pool_alloc(pool, 0, false, &a), at_a);
	assert_string_equal(fake_last_event()->name, "blocks");
	fake_stop();
}

static void test_POL_05_destroyed_with_blocks_out(void **state)
{
	struct fake_held before;
	struct dmk_pool *pool;
	dmk_dma a, b, c;
	void *at_a, *at_b;

	fake_start(&(struct fake_options){0});
	before = fake_held();
	pool = dmk_pool_create("blocks", &fake_dev, 64, 64, 0, false);
	at_a = dmk_pool_alloc(pool, 0, false, &a);
	at_b = dmk_pool_alloc(pool, 0, false, &b);
	fake_watch(true);
	dmk_pool_destroy(pool);
	assert_int_equal(fake_last_event()->kind, DMK_EVENT_POOL_DESTROY);
	assert_int_equal(fake_last_event()->nents, 2);
	assert_non_null(strstr(fake_log, "pool blocks is destroyed with 2 blocks out"));
	assert_false(fake_pages_free(a.v & ~4095ULL, 4096));
	assert_null(dmk_pool_alloc(pool, 0, false, &c));
	dmk_pool_destroy(pool);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_DOUBLE_FREE);
	dmk_pool_free(pool, at_a, a);
	dmk_pool_free(pool, at_b, b);
	assert_int_equal(fake_held().pages, before.pages);
	assert_int_equal(fake_held().metas, before.metas);
	/* A pointer to what is gone is not followed. */
	dmk_pool_destroy(pool);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_NOT_FOUND);
	dmk_pool_destroy(NULL);
	fake_stop();
}

static void test_POL_05_device_gone_before_its_pool(void **state)
{
	struct dmk_pool *pool;
	dmk_dma dma;
	void *cpu;

	fake_start(&(struct fake_options){0});
	pool = dmk_pool_create("blocks", &fake_other, 64, 64, 0, false);
	cpu = dmk_pool_alloc(pool, 0, false, &dma);
	dmk_dev_exit(&fake_other);
	assert_null(dmk_pool_alloc(pool, 0, false, &dma));
	dmk_pool_free(pool, cpu, dma);
	dmk_pool_destroy(pool);
	fake_stop();
}

static void test_POL_06_managed(void **state)
{
	struct fake_held before;
	struct dmk_pool *pool;

	fake_start(&(struct fake_options){0});
	before = fake_held();
	dmk_pool_create("first", &fake_dev, 64, 64, 0, true);
	pool = dmk_pool_create("second", &fake_dev, 64, 64, 0, true);
	dmk_pool_destroy(pool);
	fake_watch(true);
	dmk_managed_release(&fake_dev);
	assert_int_equal(fake_nr_events, 1);
	assert_true(fake_last_event()->managed);
	assert_int_equal(fake_held().metas, before.metas);
	fake_stop();
}

static void test_POL_07_pages_are_used_again(void **state)
{
	uint64_t seed = fake_seed();
	struct dmk_pool *pool;
	static void *cpu[1000];
	static dmk_dma dma[1000];
	size_t pages;

	fake_start(&(struct fake_options){0});
	pages = fake_held().pages;
	pool = dmk_pool_create("blocks", &fake_dev, 60, 4, 0, false);
	for (int i = 0; i < 1000; i++)
		cpu[i] = dmk_pool_alloc(pool, 0, false, &dma[i]);
	for (int i = 0; i < 300000; i++) {
		size_t at = fake_below(&seed, 1000);

		dmk_pool_free(pool, cpu[at], dma[at]);
		cpu[at] = dmk_pool_alloc(pool, 0, false, &dma[at]);
	}
	assert_int_equal(fake_held().pages - pages, (1000 + 67) / 68);
	for (int i = 0; i < 1000; i++)
		dmk_pool_free(pool, cpu[i], dma[i]);
	assert_int_equal(fake_held().pages - pages, (1000 + 67) / 68);
	dmk_pool_destroy(pool);
	assert_int_equal(fake_held().pages, pages);
	fake_stop();
}

static void test_POL_03_each_step_can_fail(void **state)
{
	for (enum fake_bus bus = FAKE_IDENTITY; bus <= FAKE_NONCOHERENT; bus += 2) {
		unsigned int served = 0;

		for (unsigned int n = 1;; n++) {
			unsigned int allocations;
			struct fake_held before;
			struct dmk_pool *pool;
			void *block = NULL;
			dmk_dma dma;

			fake_start(&(struct fake_options){.bus = bus});
			before = fake_held();
			fake_fail_at(n);
			pool = dmk_pool_create("blocks", &fake_dev, 64, 64, 0, true);
			if (pool)
				block = dmk_pool_alloc(pool, 0, false, &dma);
			allocations = fake_fail_at(0);
			served += block != NULL;
			if (block)
				dmk_pool_free(pool, block, dma);
			dmk_managed_release(&fake_dev);
			assert_int_equal(fake_held().metas, before.metas);
			assert_int_equal(fake_held().pages, before.pages);
			fake_stop();
			/*
			 * All were failed once. A cache is the only one that a pool can do without.
			 */
			if (n > allocations) {
				assert_int_equal(allocations, bus == FAKE_NONCOHERENT ? 7 : 5);
				assert_int_equal(served, 2);
				break;
			}
		}
	}
}

/* Many pages, so that the hash grows; a page's table of blocks must be found in all of them. */
static void test_POL_02_against_a_model(void **state)
{
	enum { LIVE = 1200 };
	static struct {
		uint8_t *cpu;
		dmk_dma dma;
		uint8_t byte;
	} live[LIVE];
	uint64_t seed = fake_seed();
	struct dmk_pool *pool;

	for (enum fake_bus bus = FAKE_IDENTITY; bus <= FAKE_NONCOHERENT; bus++) {
		fake_start(&(struct fake_options){.bus = bus});
		pool = dmk_pool_create("blocks", &fake_dev, 1500, 4, 4096, false);
		for (int step = 0; step < 30000; step++) {
			const size_t at = fake_below(&seed, LIVE);

			if (live[at].cpu) {
				for (size_t i = 0; i < 1500; i += 499)
					assert_int_equal(live[at].cpu[i], live[at].byte);
				assert_memory_equal(live[at].cpu, fake_device_ram(live[at].dma),
						    1500);
				dmk_pool_free(pool, live[at].cpu, live[at].dma);
				dmk_pool_free(pool, live[at].cpu, live[at].dma);
				live[at].cpu = NULL;
				continue;
			}
			live[at].cpu = dmk_pool_alloc(pool, 0, false, &live[at].dma);
			assert_non_null(live[at].cpu);
			assert_true(live[at].dma.v / 4096 == (live[at].dma.v + 1499) / 4096);
			live[at].byte = (uint8_t)fake_random(&seed);
			memset(live[at].cpu, live[at].byte, 1500);
		}
		for (size_t at = 0; at < LIVE; at++) {
			if (live[at].cpu)
				dmk_pool_free(pool, live[at].cpu, live[at].dma);
			live[at].cpu = NULL;
		}
		dmk_pool_destroy(pool);
		fake_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_POL_01_POL_02_arguments),
		cmocka_unit_test(test_POL_03_zeroed_when_asked),
		cmocka_unit_test(test_POL_03_POL_04_atomic_and_out_of_memory),
		cmocka_unit_test(test_POL_04_sleeping_where_nobody_may_is_told),
		cmocka_unit_test(test_POL_05_wrong_frees),
		cmocka_unit_test(test_POL_05_destroyed_with_blocks_out),
		cmocka_unit_test(test_POL_05_device_gone_before_its_pool),
		cmocka_unit_test(test_POL_06_managed),
		cmocka_unit_test(test_POL_07_pages_are_used_again),
		cmocka_unit_test(test_POL_03_each_step_can_fail),
		cmocka_unit_test(test_POL_02_against_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
