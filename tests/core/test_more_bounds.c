/* SPDX-License-Identifier: MIT */
/*
 * Where things end: the last byte of a window, a mask, a segment and the pool; and what two threads
 * do to one mapping or pool at once.
 */
#include <pthread.h>

#include "unit.h"

#include "../../core/core.h"

enum { SLOT = 2048, SEGMENT = 256 << 10, SEGMENT_SLOTS = 128, SKIP_SYNC = 1 << 5 };

static dmk_dma map_page(struct dmk_dev *dev, uint64_t phys, size_t size)
{
	return dmk_map_phys(dev, DMK_PHYS(phys), size, DMK_BIDIRECTIONAL, 0, DMK_MAP_PAGE);
}

static void unmap_page(struct dmk_dev *dev, dmk_dma dma, size_t size)
{
	dmk_unmap(dev, dma, size, DMK_BIDIRECTIONAL, 0, DMK_MAP_PAGE);
}

#define NO_GROWTH "dmakit.swiotlb_max=0"

static bool failed(dmk_dma dma)
{
	return dma.v == DMK_MAPPING_ERROR.v;
}

/* --- windows ---------------------------------------------------------------------------------- */

/*
 * Bus addresses end before the window does: what would lie beyond has no address, and no low one
 * either.
 */
static void test_MSK_06_a_window_across_the_last_bus_address(void **state)
{
	const struct dmk_window window = {~0ULL - 0xfff, {LOW(0)}, 0x2000};
	const struct dmk_bus bus = {"high", &window, 1, true};

	fake_start(&(struct fake_options){.bus = FAKE_IDENTITY});
	fake_dev.bus = &bus;
	fake_dev.streaming_mask = ~0ULL;
	assert_true(map_page(&fake_dev, LOW(0), 0x800).v == ~0ULL - 0xfff);
	assert_true(failed(map_page(&fake_dev, LOW(0xff0), 0x20)));
	assert_true(failed(map_page(&fake_dev, LOW(0x1000), 0x20)));
	fake_stop();
}

/*
 *	physical	LOW ........ LOW+1M ........ LOW+2M ........ LOW+3M
 *	bus		0x40000000 . 0x40100000 .... 0x40200000		one piece, of two windows
 *							0x80000000	a jump
 */
static const struct dmk_window three_windows[] = {
	{0x80000000, {LOW(0x200000)}, 0x100000},
	{0x40100000, {LOW(0x100000)}, 0x100000},
	{0x40000000, {LOW(0)}, 0x100000},
};

static const struct across_row {
	const char *what;
	uint64_t phys;
	size_t size;
	uint64_t dma; /* 0: refused */
} across_rows[] = {
	{"within the first", LOW(0x1000), 0x1000, 0x40001000},
	{"up to its end", LOW(0xff000), 0x1000, 0x400ff000},
	{"over the border of two that go on", LOW(0xff000), 0x2000, 0x400ff000},
	{"all of both", LOW(0), 0x200000, 0x40000000},
	{"over the border where the bus jumps", LOW(0x1ff000), 0x2000, 0},
	{"all three", LOW(0), 0x300000, 0},
	{"over the end of all", LOW(0x2ff000), 0x2000, 0},
	{"within the last", LOW(0x200000), 0x100000, 0x80000000},
};

static void test_MSK_06_ADR_02_windows_that_touch_on_both_sides_are_one(void **state)
{
	const struct dmk_bus bus = {"three", three_windows, 3, true};

	fake_start(&(struct fake_options){.bus = FAKE_IDENTITY});
	fake_dev.bus = &bus;
	for (size_t i = 0; i < sizeof(across_rows) / sizeof(across_rows[0]); i++) {
		const struct across_row *row = &across_rows[i];
		dmk_dma dma = map_page(&fake_dev, row->phys, row->size);

		ROW_EXPECT(row->what, dma.v == (row->dma ? row->dma : ~0ULL));
	}
	/* The mask ends in the second window. */
	assert_int_equal(dmk_set_mask(&fake_dev, 0x401fffff, true, true), 0);
	assert_true(map_page(&fake_dev, LOW(0xff000), 0x2000).v == 0x400ff000);
	*fake_dev.dma_mask = 0x4010007f;
	assert_true(failed(map_page(&fake_dev, LOW(0xff000), 0x2000)));
	fake_stop();
}

static void test_MSK_07_memory_behind_several_windows_is_reached(void **state)
{
	static const struct dmk_memory memory[] = {
		{{FAKE_LOW}, 0x300000, DMK_MEMORY_RAM, "behind the windows"},
		{{LOW(0x400000)}, 0x1000, DMK_MEMORY_RESERVED, "a pool, which nobody is given"},
	};
	const struct dmk_bus bus = {"three", three_windows, 3, true};
	const struct dmk_machine *whole;
	struct dmk_machine machine;

	fake_start(&(struct fake_options){.bus = FAKE_IDENTITY});
	fake_dev.bus = &bus;
	whole = dmk_core.machine;
	machine = *whole;
	machine.memory = memory;
	machine.nr_memory = 2;
	dmk_core.machine = &machine;
	assert_false(dmk_addressing_limited(&fake_dev));
	assert_int_equal(dmk_get_required_mask(&fake_dev), 0xffffffff);
	*fake_dev.dma_mask = 0x800ffffe;
	assert_true(dmk_addressing_limited(&fake_dev));
	*fake_dev.dma_mask = 0x7fffffff;
	assert_true(dmk_addressing_limited(&fake_dev));
	dmk_core.machine = whole;
	/* The rest of the machine's memory is behind no window. */
	*fake_dev.dma_mask = ~0ULL;
	assert_true(dmk_addressing_limited(&fake_dev));
	fake_stop();
}

static const struct sync_row {
	const char *what;
	enum fake_bus bus;
	uint32_t caps;
	const char *parameters;
	uint64_t mask;
	bool needed;
} sync_rows[] = {
	{"coherent, and all is in reach", FAKE_IDENTITY, DMK_CAP_BOUNCE, "", ~0ULL, false},
	{"some memory is bounced", FAKE_IDENTITY, DMK_CAP_BOUNCE, "", 0xffffffff, true},
	{"some memory is out of reach, and nothing bounces", FAKE_IDENTITY, 0, "", 0xffffffff,
	 false},
	{"bouncing is off", FAKE_IDENTITY, DMK_CAP_BOUNCE, "swiotlb=noforce", 0xffffffff, false},
	{"everything is bounced", FAKE_IDENTITY, DMK_CAP_BOUNCE, "swiotlb=force", ~0ULL, true},
	{"caches are not coherent", FAKE_NONCOHERENT, 0, "", ~0ULL, true},
};

static void test_MSK_07_whether_a_device_needs_syncs(void **state)
{
	for (size_t i = 0; i < sizeof(sync_rows) / sizeof(sync_rows[0]); i++) {
		const struct sync_row *row = &sync_rows[i];

		fake_start(&(struct fake_options){
			.bus = row->bus, .caps = row->caps, .parameters = row->parameters});
		*fake_dev.dma_mask = row->mask;
		ROW_EXPECT(row->what, dmk_dev_need_sync(&fake_dev) == row->needed);
		fake_stop();
	}
	assert_false(dmk_dev_need_sync(NULL));
}

/*
 * Memory that was kept back is nobody's to be given: a mask that reaches no other serves nothing.
 */
static void test_MSK_02_a_mask_that_reaches_kept_back_memory_only_is_refused(void **state)
{
	static const struct dmk_memory kept[] = {
		{{FAKE_LOW}, 0x100000, DMK_MEMORY_RESERVED, "kept"},
		{{FAKE_LOW + 0x100000}, FAKE_LOW_SIZE - 0x100000, DMK_MEMORY_RAM, "low"},
	};
	const struct dmk_machine *whole;
	struct dmk_machine machine;

	fake_start(&(struct fake_options){.bus = FAKE_IDENTITY});
	whole = dmk_core.machine;
	machine = *whole;
	machine.memory = kept;
	dmk_core.machine = &machine;
	assert_true(dmk_set_mask(&fake_dev, LOW(0xfffff), true, true) < 0);
	/* A part of a page is none to work with either. */
	assert_true(dmk_set_mask(&fake_dev, LOW(0x100ffe), true, true) < 0);
	assert_int_equal(dmk_set_mask(&fake_dev, LOW(0x100fff), true, true), 0);
	dmk_core.machine = whole;
	fake_stop();
}

/* What a driver asked for is over when it lets go; the machine's own limit is not. */
static void test_MSK_08_limits_go_with_their_driver(void **state)
{
	fake_start(&(struct fake_options){.bus = FAKE_IDENTITY});
	fake_dev.bus_dma_limit = 0xffffffffULL;
	dmk_set_min_align_mask(&fake_dev, 4095);
	dmk_set_segment_boundary(&fake_dev, 0xffff);
	dmk_set_max_segment_size(&fake_dev, 512);
	dmk_dev_unbound(&fake_dev);
	assert_int_equal(fake_dev.min_align_mask, 0);
	assert_int_equal(fake_dev.segment_boundary, 0);
	assert_int_equal(fake_dev.max_segment_size, 0);
	assert_true(fake_dev.bus_dma_limit == 0xffffffffULL);
	fake_stop();
}

static void test_STR_01_registers_beyond_the_mask_are_refused(void **state)
{
	const uint64_t last = FAKE_HIGH - 1; /* no RAM is there */
	dmk_dma dma;

	fake_start(&(struct fake_options){.bus = FAKE_IDENTITY});
	dma = dmk_map_phys(&fake_dev, DMK_PHYS(last - 63), 64, DMK_BIDIRECTIONAL, 0,
			   DMK_MAP_RESOURCE);
	assert_true(dma.v == last - 63);
	dma = dmk_map_phys(&fake_dev, DMK_PHYS(FAKE_HIGH + FAKE_HIGH_SIZE), 64, DMK_BIDIRECTIONAL,
			   0, DMK_MAP_RESOURCE);
	assert_true(failed(dma));
	fake_stop();
}

/* --- what of the pool a device reaches -------------------------------------------------------- */

/* The main pool's first byte. */
static uint64_t pool_first(void)
{
	struct dmk_bounce_pool_stats stats;

	assert_true(dmk_bounce_pool_statistics(NULL, 0, &stats));
	return stats.first.v;
}

/*
 * All that it is given lies within [first, last], to the last byte; and it gets as many slots as
 * lie there.
 */
static void gets_slots(uint64_t first, uint64_t last, size_t count)
{
	dmk_dma dma;
	size_t n = 0;

	for (;; n++) {
		dma = map_page(&fake_dev, HIGH((first / SLOT + n) % 2 * SLOT), SLOT);
		if (failed(dma))
			break;
		assert_true(dma.v >= first && dma.v + SLOT - 1 <= last);
	}
	assert_int_equal(n, count);
}

static void test_MSK_06_the_mask_ends_within_the_pool(void **state)
{
	static const struct {
		size_t bytes, slots;
	} rows[] = {{6 * SLOT, 6}, {6 * SLOT - 1, 5}, {6 * SLOT + 1, 6}, {SLOT, 1}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t first;

		fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = NO_GROWTH});
		first = pool_first();
		fake_dev.streaming_mask = first + rows[i].bytes - 1;
		gets_slots(first, fake_dev.streaming_mask, rows[i].slots);
		fake_stop();
	}
}

/* A run, not only its first slot, lies within the mask. */
static void test_MSK_06_the_mask_ends_within_a_run(void **state)
{
	dmk_dma dma;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = NO_GROWTH});
	fake_dev.streaming_mask = pool_first() + 6 * SLOT - 1;
	assert_true(failed(map_page(&fake_dev, HIGH(0), 6 * SLOT + 1)));
	dma = map_page(&fake_dev, HIGH(0), 6 * SLOT);
	assert_false(failed(dma));
	assert_true(dma.v + 6 * SLOT - 1 <= fake_dev.streaming_mask);
	unmap_page(&fake_dev, dma, 6 * SLOT);
	fake_stop();
}

static void test_MSK_06_the_window_begins_within_a_slot(void **state)
{
	struct dmk_window window = {0, {0}, 0};
	const struct dmk_bus bus = {"late", &window, 1, true};
	uint64_t first;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = NO_GROWTH});
	first = pool_first();
	window = (struct dmk_window){first + 1, {first + 1}, 4 * SLOT};
	fake_dev.bus = &bus;
	gets_slots(first + SLOT, first + 4 * SLOT, 3);
	fake_stop();
}

/* The lower pool helps when what the device reaches of the main one is short. */
static void test_STR_05_the_lower_pool_takes_what_the_main_one_cannot(void **state)
{
	struct dmk_bounce_stats stats;
	dmk_dma dma;

	fake_start(&(struct fake_options){
		.caps = DMK_CAP_BOUNCE, .parameters = NO_GROWTH, .dma_zone_last = LOW(0x4fffff)});
	fake_dev.streaming_mask = pool_first() + 2 * SLOT - 1;
	dma = map_page(&fake_dev, HIGH(0), 4 * SLOT);
	assert_false(failed(dma));
	assert_true(dma.v + 4 * SLOT - 1 <= LOW(0x4fffff));
	unmap_page(&fake_dev, dma, 4 * SLOT);
	dma = map_page(&fake_dev, HIGH(0), SEGMENT + 1);
	assert_true(failed(dma));
	dmk_bounce_statistics(&fake_dev, &stats);
	assert_true(stats.used == 0 && stats.refused == 0);
	fake_stop();
}

/* It is scarce: who reaches all of the main pool waits for room there. */
static void test_STR_05_the_lower_pool_is_kept_for_who_needs_it(void **state)
{
	struct dmk_bounce_stats stats;

	fake_start(&(struct fake_options){
		.caps = DMK_CAP_BOUNCE, .parameters = NO_GROWTH, .dma_zone_last = LOW(0x4fffff)});
	dmk_bounce_statistics(&fake_dev, &stats);
	for (size_t i = 0; i < stats.total; i++)
		assert_true(map_page(&fake_dev, HIGH(i % 2 * SLOT), SLOT).v > LOW(0x4fffff));
	assert_true(failed(map_page(&fake_dev, HIGH(0), SLOT)));
	fake_stop();
}

/* --- within the pool -------------------------------------------------------------------------- */

static void test_BNC_03_no_run_goes_from_one_segment_to_the_next(void **state)
{
	dmk_dma one[SEGMENT_SLOTS], dma;
	uint64_t first;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=256"});
	for (size_t i = 0; i < SEGMENT_SLOTS - 1; i++)
		one[i] = map_page(&fake_dev, HIGH(i % 2 * SLOT), SLOT);
	first = one[0].v;
	assert_true(one[SEGMENT_SLOTS - 2].v == first + (SEGMENT_SLOTS - 2) * SLOT);
	/* Two are free in the first segment, and not side by side. */
	unmap_page(&fake_dev, one[0], SLOT);
	dma = map_page(&fake_dev, HIGH(SLOT), 2 * SLOT);
	assert_false(failed(dma));
	assert_true((dma.v - first) / SEGMENT == (dma.v + 2 * SLOT - 1 - first) / SEGMENT);
	fake_stop();
}

static void test_BNC_03_the_page_offset_is_kept_as_long_as_it_fits(void **state)
{
	dmk_dma dma;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
	dma = map_page(&fake_dev, HIGH(4095), SEGMENT - 4095);
	assert_int_equal(dma.v & 4095, 4095);
	fake_stop();
}

static void test_BNC_02_the_last_byte_of_the_pool(void **state)
{
	const size_t slots = 128;
	uint64_t last = 0;
	dmk_dma dma;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=128"});
	dma = map_page(&fake_dev, HIGH(0), slots * SLOT);
	last = dma.v + slots * SLOT - 1;
	*(uint8_t *)fake_device_ram(DMK_DMA(last)) = 0x42;
	dmk_sync_for_cpu(&fake_dev, DMK_DMA(last), 1, DMK_BIDIRECTIONAL);
	assert_int_equal(*(uint8_t *)fake_ram(HIGH(slots * SLOT - 1)), 0x42);
	assert_true(dmk_need_sync(&fake_dev, DMK_DMA(last)));
	fake_stop();
}

/*
 * Nobody's old bytes are for the device to see, or come back, also where the driver syncs by
 * itself.
 */
static void test_BNC_02_skipping_the_sync_skips_no_copy_in(void **state)
{
	dmk_dma dma;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
	memset(fake_ram(HIGH(0)), 0x5e, 64);
	unmap_page(&fake_other, map_page(&fake_other, HIGH(0), 64), 64);
	memset(fake_ram(HIGH(4096)), 0x11, 64);
	dma = dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(4096)), 64, DMK_FROM_DEVICE, SKIP_SYNC,
			   DMK_MAP_PAGE);
	assert_memory_equal(fake_device_ram(dma), fake_ram(HIGH(4096)), 64);
	dmk_sync_for_cpu(&fake_dev, dma, 64, DMK_FROM_DEVICE);
	assert_int_equal(*(uint8_t *)fake_ram(HIGH(4096)), 0x11);
	fake_stop();
}

/* --- consistent memory ------------------------------------------------------------------------ */

/* What is behind the bytes asked for, up to the page's end, is for the device to see as well. */
static void test_COH_01_the_rest_of_the_page_is_zeroed_too(void **state)
{
	dmk_dma dma;
	void *cpu;

	fake_start(&(struct fake_options){.bus = FAKE_IDENTITY});
	cpu = dmk_alloc(&fake_dev, 1, &dma, 0, 0);
	assert_non_null(cpu);
	for (size_t i = 0; i < 4096; i++)
		assert_int_equal(((uint8_t *)fake_ram(dma.v))[i], 0);
	dmk_free(&fake_dev, 1, cpu, dma, 0);
	fake_stop();
}

/*
 * Every page of the atomic pool, the last one too; each flushed, because another device may have
 * used it through the cache.
 */
static void test_COH_06_all_of_the_atomic_pool_is_given_out(void **state)
{
	struct fake_cache_op ops[4];
	dmk_dma dma;
	size_t n = 0;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	fake_cache_ops(ops, 4);
	while (dmk_alloc(&fake_dev, 4096, &dma, DMK_ALLOC_ATOMIC, 1 << 8)) {
		assert_int_equal(fake_cache_ops(ops, 4), 1);
		assert_true(ops[0].op == FAKE_FLUSH && ops[0].phys == dma.v && ops[0].size == 4096);
		n++;
	}
	assert_int_equal(n, 16); /* of 8 MiB of RAM */
	fake_stop();
}

static void test_COH_02_COH_06_atomic_memory_is_aligned_too(void **state)
{
	dmk_dma dma;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	assert_non_null(dmk_alloc(&fake_dev, 4096, &dma, DMK_ALLOC_ATOMIC, 0));
	assert_non_null(dmk_alloc(&fake_dev, 8192, &dma, DMK_ALLOC_ATOMIC, 0));
	assert_int_equal(dma.v % 8192, 0);
	assert_non_null(dmk_alloc(&fake_dev, 12288, &dma, DMK_ALLOC_ATOMIC, 0));
	assert_int_equal(dma.v % 16384, 0);
	fake_stop();
}

/* --- two at once ------------------------------------------------------------------------------ */

struct unmapper {
	pthread_barrier_t *start;
	dmk_dma dma;
	size_t size;
};

static void *unmap_now(void *argument)
{
	struct unmapper *unmapper = argument;

	pthread_barrier_wait(unmapper->start);
	unmap_page(&fake_dev, unmapper->dma, unmapper->size);
	return NULL;
}

/*
 * Of two unmaps of one mapping one does it, also while the other copies: slowly, because it is high
 * memory, a page at a time.
 */
static void test_CTX_02_STR_04_two_threads_unmap_one_mapping(void **state)
{
	struct dmk_bounce_stats stats;
	pthread_barrier_t start;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .highmem = true});
	pthread_barrier_init(&start, NULL, 2);
	for (int round = 0; round < 60; round++) {
		struct unmapper unmapper = {&start, map_page(&fake_dev, HIGH(0), SEGMENT), SEGMENT};
		pthread_t other;

		assert_false(failed(unmapper.dma));
		assert_int_equal(pthread_create(&other, NULL, unmap_now, &unmapper), 0);
		unmap_now(&unmapper);
		pthread_join(other, NULL);
		dmk_bounce_statistics(&fake_dev, &stats);
		assert_int_equal(stats.used, 0);
	}
	pthread_barrier_destroy(&start);
	fake_stop();
}

struct last_block {
	struct dmk_pool *pool;
	void *cpu;
	dmk_dma dma;
	size_t held_after; /* records, when the block was back and destroy had not returned */
};

static void *free_it(void *argument)
{
	struct last_block *last = argument;

	dmk_pool_free(last->pool, last->cpu, last->dma);
	return NULL;
}

static void free_while_destroyed(void *ctx, const struct dmk_event *event)
{
	struct last_block *last = ctx;
	pthread_t other;

	if (event->kind != DMK_EVENT_POOL_DESTROY)
		return;
	assert_int_equal(pthread_create(&other, NULL, free_it, last), 0);
	pthread_join(other, NULL);
	last->held_after = fake_held().metas;
}

/*
 * A pool that is destroyed with its last block out stays until both the destroy and that block's
 * free are done.
 */
static void test_CTX_02_POL_05_the_last_block_comes_back_during_destroy(void **state)
{
	struct last_block last = {NULL};
	const struct dmk_observer observer = {free_while_destroyed, &last};
	size_t before, with;

	fake_start(&(struct fake_options){.bus = FAKE_IDENTITY});
	before = fake_held().metas;
	last.pool = dmk_pool_create("late", &fake_dev, 64, 64, 0, false);
	last.cpu = dmk_pool_alloc(last.pool, 0, false, &last.dma);
	assert_non_null(last.cpu);
	with = fake_held().metas;
	dmk_observe(&observer);
	dmk_pool_destroy(last.pool);
	dmk_observe(NULL);
	assert_int_equal(last.held_after, with);
	assert_int_equal(fake_held().metas, before);
	fake_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_MSK_06_a_window_across_the_last_bus_address),
		cmocka_unit_test(test_MSK_06_ADR_02_windows_that_touch_on_both_sides_are_one),
		cmocka_unit_test(test_MSK_07_memory_behind_several_windows_is_reached),
		cmocka_unit_test(test_MSK_07_whether_a_device_needs_syncs),
		cmocka_unit_test(test_MSK_02_a_mask_that_reaches_kept_back_memory_only_is_refused),
		cmocka_unit_test(test_MSK_08_limits_go_with_their_driver),
		cmocka_unit_test(test_STR_01_registers_beyond_the_mask_are_refused),
		cmocka_unit_test(test_MSK_06_the_mask_ends_within_the_pool),
		cmocka_unit_test(test_MSK_06_the_mask_ends_within_a_run),
		cmocka_unit_test(test_MSK_06_the_window_begins_within_a_slot),
		cmocka_unit_test(test_STR_05_the_lower_pool_takes_what_the_main_one_cannot),
		cmocka_unit_test(test_STR_05_the_lower_pool_is_kept_for_who_needs_it),
		cmocka_unit_test(test_BNC_03_no_run_goes_from_one_segment_to_the_next),
		cmocka_unit_test(test_BNC_03_the_page_offset_is_kept_as_long_as_it_fits),
		cmocka_unit_test(test_BNC_02_the_last_byte_of_the_pool),
		cmocka_unit_test(test_BNC_02_skipping_the_sync_skips_no_copy_in),
		cmocka_unit_test(test_COH_01_the_rest_of_the_page_is_zeroed_too),
		cmocka_unit_test(test_COH_06_all_of_the_atomic_pool_is_given_out),
		cmocka_unit_test(test_COH_02_COH_06_atomic_memory_is_aligned_too),
		cmocka_unit_test(test_CTX_02_STR_04_two_threads_unmap_one_mapping),
		cmocka_unit_test(test_CTX_02_POL_05_the_last_block_comes_back_during_destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
