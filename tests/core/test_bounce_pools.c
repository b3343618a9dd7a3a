/* SPDX-License-Identifier: MIT */
/*
 * Bounce buffers beyond one pool: areas, growth, memory for one mapping, regions that devices are
 * restricted to, private memory; many threads on all of it.
 */
#include "unit.h"

#include <pthread.h>

#include "../../core/bounce.h"

enum { SLOT = 2048, SEGMENT = 256 << 10, NO_WARN = 1 << 8, SKIP_SYNC = 1 << 5 };

static dmk_dma map(struct dmk_dev *dev, uint64_t phys, size_t size, enum dmk_direction dir)
{
	return dmk_map_phys(dev, DMK_PHYS(phys), size, dir, NO_WARN, DMK_MAP_PAGE);
}

static void unmap(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir)
{
	dmk_unmap(dev, dma, size, dir, 0, DMK_MAP_PAGE);
}

static bool failed(dmk_dma dma)
{
	return dma.v == DMK_MAPPING_ERROR.v;
}

static struct dmk_bounce_stats stats_of(struct dmk_dev *dev)
{
	struct dmk_bounce_stats stats;

	dmk_bounce_statistics(dev, &stats);
	return stats;
}

/* --- areas ------------------------------------------------------------------------------------ */

static const struct area_row {
	const char *parameters;
	size_t slots, areas;
} area_rows[] = {
	{"swiotlb=1024,1", 1024, 1},
	{"swiotlb=1024,2", 1024, 2},
	{"swiotlb=1024,3", 1024, 4}, /* a power of two */
	{"swiotlb=1024,4", 1024, 4},
	{"swiotlb=1024,99999999999", 1024, 8}, /* no less than a segment */
	{"swiotlb=1024", 1024, 8},
	{"swiotlb=1024,0", 1024, 8},
	{"swiotlb=128", 128, 1},
	{"swiotlb=640,4", 640, 3}, /* of two segments, two, and one */
	{"swiotlb=0x400,02", 1024, 2},
};

static void test_BNC_01_areas(void **state)
{
	for (size_t i = 0; i < sizeof(area_rows) / sizeof(area_rows[0]); i++) {
		const struct area_row *row = &area_rows[i];
		struct dmk_bounce_pool_stats pool;

		fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE,
						  .parameters = row->parameters});
		ROW_EXPECT(row->parameters, !fake_warned);
		ROW_EXPECT(row->parameters, dmk_bounce_pool_statistics(&fake_dev, 0, &pool));
		ROW_EXPECT(row->parameters, pool.areas == row->areas);
		ROW_EXPECT(row->parameters, pool.total == row->slots);
		ROW_EXPECT(row->parameters, pool.kind == DMK_BOUNCE_MAIN);
		ROW_EXPECT(row->parameters, !dmk_bounce_pool_statistics(&fake_dev, 1, &pool));
		/* One thread has all areas, when its own is full; to the last slot. */
		for (size_t n = 0; n < row->slots; n++)
			ROW_EXPECT(row->parameters, !failed(map(&fake_dev, HIGH(n % 2 * SLOT), SLOT,
								DMK_TO_DEVICE)));
		ROW_EXPECT(row->parameters, failed(map(&fake_dev, HIGH(0), 1, DMK_TO_DEVICE)));
		ROW_EXPECT(row->parameters, stats_of(&fake_dev).used == row->slots);
		fake_stop();
	}
}

struct mapper {
	pthread_t thread;
	pthread_barrier_t *all_there;
	dmk_dma dma;
};

static void *map_one(void *argument)
{
	struct mapper *mapper = argument;

	pthread_barrier_wait(mapper->all_there);
	mapper->dma = map(&fake_dev, HIGH(0), 64, DMK_TO_DEVICE);
	return NULL;
}

/* All are alive at once, so each has a stack of its own. */
static void test_BNC_03_threads_begin_in_areas_of_their_own(void **state)
{
	enum { THREADS = 32 };
	struct mapper mappers[THREADS];
	struct dmk_bounce_pool_stats pool;
	pthread_barrier_t all_there;
	unsigned int seen = 0;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=1024,8"});
	dmk_bounce_pool_statistics(&fake_dev, 0, &pool);
	pthread_barrier_init(&all_there, NULL, THREADS);
	for (unsigned int i = 0; i < THREADS; i++) {
		mappers[i].all_there = &all_there;
		assert_int_equal(pthread_create(&mappers[i].thread, NULL, map_one, &mappers[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(mappers[i].thread, NULL);
		assert_false(failed(mappers[i].dma));
		seen |= 1U << (mappers[i].dma.v - pool.first.v) / SEGMENT;
	}
	pthread_barrier_destroy(&all_there);
	/* Of eight; a few may be nobody's. */
	assert_true(__builtin_popcount(seen) >= 4);
	fake_stop();
}

static void test_BNC_03_the_slots_used_last_are_used_next(void **state)
{
	dmk_dma first, second, again;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=512,1"});
	first = map(&fake_dev, HIGH(0), SEGMENT, DMK_TO_DEVICE);
	second = map(&fake_dev, HIGH(0), SEGMENT, DMK_TO_DEVICE);
	unmap(&fake_dev, first, SEGMENT, DMK_TO_DEVICE);
	unmap(&fake_dev, second, SEGMENT, DMK_TO_DEVICE);
	again = map(&fake_dev, HIGH(0), 100, DMK_TO_DEVICE);
	assert_true(again.v == second.v);
	fake_stop();
}

/* What a search in vain has learnt must be forgotten when a slot comes back, of either parity. */
static void test_BNC_03_STR_05_a_full_area_has_room_again(void **state)
{
	dmk_dma dma[128];

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=128"});
	for (size_t i = 0; i < 128; i++)
		dma[i] = map(&fake_dev, HIGH(i % 2 * SLOT), SLOT, DMK_TO_DEVICE);
	for (size_t i = 0; i < 128; i += 7) {
		const uint64_t same = HIGH(i % 2 * SLOT), other = HIGH((i + 1) % 2 * SLOT);

		assert_true(failed(map(&fake_dev, same, SLOT, DMK_TO_DEVICE)));
		assert_true(failed(map(&fake_dev, other, SLOT, DMK_TO_DEVICE)));
		unmap(&fake_dev, dma[i], SLOT, DMK_TO_DEVICE);
		assert_true(failed(map(&fake_dev, same, SLOT + 1, DMK_TO_DEVICE)));
		assert_true(failed(map(&fake_dev, other, SLOT, DMK_TO_DEVICE)));
		assert_true(map(&fake_dev, same, SLOT, DMK_TO_DEVICE).v == dma[i].v);
	}
	fake_stop();
}

/*
 * What was passed over for one device, which it would have led over its boundary, is there for a
 * device that has none.
 */
static void test_BNC_03_MSK_08_a_boundary_is_no_news_of_the_area(void **state)
{
	const uint64_t phys = HIGH(SLOT);
	dmk_dma dma[128], other;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=128,1"});
	for (size_t i = 0; i < 128; i++)
		dma[i] = map(&fake_dev, HIGH(i % 2 * SLOT), SLOT, DMK_TO_DEVICE);
	/* Two slots each time, in two pages. */
	for (size_t i = 0; i < 128; i++)
		if (dma[i].v / SLOT % 4 == 1 || dma[i].v / SLOT % 4 == 2)
			unmap(&fake_dev, dma[i], SLOT, DMK_TO_DEVICE);
	dmk_set_segment_boundary(&fake_dev, 4095);
	assert_true(failed(map(&fake_dev, phys, 2 * SLOT, DMK_TO_DEVICE)));
	other = map(&fake_other, phys, 2 * SLOT, DMK_TO_DEVICE);
	assert_false(failed(other));
	unmap(&fake_other, other, 2 * SLOT, DMK_TO_DEVICE);
	fake_stop();
}

static void *take_all(void *taken)
{
	static dmk_dma dma[1024];
	size_t n = 0, i;

	while (n < 1024) {
		dma[n] = map(&fake_dev, HIGH(n % 2 * SLOT), SLOT, DMK_TO_DEVICE);
		for (i = 0; i < n && dma[i].v != dma[n].v; i++)
			;
		if (failed(dma[n]) || i < n)
			break;
		n++;
	}
	*(size_t *)taken = n;
	return NULL;
}

/*
 * Areas are powers of two, and the last one ends where the pool does, whichever is looked into
 * first: of two threads that come one after the other each begins in another.
 */
static void test_BNC_01_BNC_03_the_last_area_is_a_short_one(void **state)
{
	for (unsigned int i = 0; i < 2; i++) {
		pthread_t thread;
		size_t n = 0;

		fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE,
						  .parameters = "swiotlb=640,2"});
		assert_int_equal(pthread_create(&thread, NULL, take_all, &n), 0);
		pthread_join(thread, NULL);
		assert_int_equal(n, 640);
		assert_int_equal(stats_of(&fake_dev).total, 640);
		assert_int_equal(stats_of(&fake_dev).used, 640);
		fake_stop();
	}
}

/* --- a model of where runs lie ---------------------------------------------------------------- */

enum { MODEL_LIVE = 40 };

struct shape {
	dmk_dma dma;
	size_t size;
	uint64_t phys;
};

static size_t slots_in(const struct shape *shape)
{
	return ((shape->dma.v & (SLOT - 1)) + shape->size + SLOT - 1) / SLOT;
}

/*
 * Whether a byte-by-byte look at what is taken finds a place in [first, last] with the alignment
 * and the boundary.
 */
static bool place_exists(const struct shape *all, uint64_t first, uint64_t last, uint64_t phys,
			 size_t size, uint64_t keep, uint64_t boundary)
{
	static bool taken[4096];

	memset(taken, 0, sizeof(taken));
	for (size_t i = 0; i < MODEL_LIVE; i++) {
		for (size_t n = 0; all[i].size && n < slots_in(&all[i]); n++)
			taken[(all[i].dma.v - first) / SLOT + n] = true;
	}
	for (uint64_t slot = first; slot <= last; slot += SLOT) {
		const uint64_t from = slot + ((phys - slot) & keep), to = from + size - 1;
		bool good = from < slot + SLOT && to <= last &&
			    from / (boundary + 1) == to / (boundary + 1) &&
			    (slot - first) / SEGMENT == (to - first) / SEGMENT;

		for (uint64_t at = slot; good && at <= to; at += SLOT)
			good = !taken[(at - first) / SLOT];
		if (good)
			return true;
	}
	return false;
}

static void limits_at_random(uint64_t *seed, uint64_t first, uint64_t last)
{
	static const uint32_t masks[] = {0, 0, 15, 511, 2047, 4095, 8191, 65535, 131071};
	static const uint64_t boundaries[] = {0,     0,    0,    SEGMENT - 1, 131071,
					      65535, 8191, 4095, 2047};

	dmk_set_min_align_mask(&fake_dev, masks[fake_below(seed, 9)]);
	dmk_set_segment_boundary(&fake_dev, boundaries[fake_below(seed, 9)]);
	fake_dev.streaming_mask = fake_below(seed, 3)
					  ? 0xffffffff
					  : first + fake_below(seed, (size_t)(last - first)) + SLOT;
}

/*
 * Never larger than dma_max_mapping_size(); never refused when there is a place; always where the
 * device reaches it.
 */
static void shape_map(uint64_t *seed, struct shape *all, struct shape *shape, uint64_t first,
		      uint64_t last)
{
	const size_t most = dmk_max_mapping_size(&fake_dev);
	const uint64_t reach = fake_dev.streaming_mask < last ? fake_dev.streaming_mask : last;
	const uint64_t whole = first + (reach + 1 - first) / SLOT * SLOT - 1;
	const uint64_t phys = HIGH(fake_below(seed, SEGMENT));
	const uint64_t boundary = fake_dev.segment_boundary ? fake_dev.segment_boundary
							    : 0xffffffff;
	const size_t size = fake_below(seed, 3) ? 1 + fake_below(seed, 9000)
						: 1 + fake_below(seed, SEGMENT + 4096);
	const dmk_dma dma = map(&fake_dev, phys, size, DMK_BIDIRECTIONAL);

	if (failed(dma)) {
		/*
		 * With the offset in the page, or without it: one of them was refused for want of a
		 * place.
		 */
		assert_true(size > most || !place_exists(all, first, whole, phys, size,
							 fake_dev.min_align_mask | 4095, boundary));
		return;
	}
	assert_true(size <= most || fake_dev.streaming_mask != 0xffffffff);
	assert_true(dma.v >= first && dma.v + size - 1 <= reach);
	assert_true(!((dma.v ^ phys) & fake_dev.min_align_mask));
	assert_true(dma.v / (boundary + 1) == (dma.v + size - 1) / (boundary + 1));
	if ((phys & 4095) + size <= SEGMENT && boundary >= SEGMENT - 1 &&
	    fake_dev.streaming_mask == 0xffffffff)
		assert_true(!((dma.v ^ phys) & 4095));
	assert_memory_equal(fake_device_ram(dma), fake_ram(phys), size);
	*shape = (struct shape){dma, size, phys};
	for (size_t i = 0; i < MODEL_LIVE; i++) {
		const struct shape *other = &all[i];

		assert_true(other == shape || !other->size ||
			    (dma.v & ~(SLOT - 1ULL)) > other->dma.v + other->size - 1 ||
			    (other->dma.v & ~(SLOT - 1ULL)) > dma.v + size - 1);
	}
}

static void test_BNC_03_MSK_08_places_against_a_model(void **state)
{
	uint64_t seed = fake_seed();

	for (int round = 0; round < 60; round++) {
		struct shape all[MODEL_LIVE] = {{{0}, 0, 0}};
		struct dmk_bounce_pool_stats pool;
		char parameters[32];
		uint64_t first, last;

		snprintf(parameters, sizeof(parameters), "swiotlb=%u,%u",
			 128 * (unsigned int)(1 + fake_below(&seed, 6)),
			 1U << fake_below(&seed, 3));
		fake_start(
			&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = parameters});
		dmk_bounce_pool_statistics(NULL, 0, &pool);
		first = pool.first.v;
		last = first + pool.total * SLOT - 1;
		for (int step = 0; step < 500; step++) {
			struct shape *shape = &all[fake_below(&seed, MODEL_LIVE)];
			size_t used = 0;

			if (!fake_below(&seed, 8))
				limits_at_random(&seed, first, last);
			if (shape->size) {
				unmap(&fake_dev, shape->dma, shape->size, DMK_BIDIRECTIONAL);
				shape->size = 0;
			} else {
				shape_map(&seed, all, shape, first, last);
			}
			for (size_t i = 0; i < MODEL_LIVE; i++)
				used += all[i].size ? slots_in(&all[i]) : 0;
			assert_int_equal(stats_of(NULL).used, used);
		}
		fake_stop();
	}
}

/* --- growth ----------------------------------------------------------------------------------- */

static const struct bound_row {
	const char *parameters;
	size_t total, most;
} bound_rows[] = {
	{"", 256, 1024},
	{"swiotlb=128", 128, 128},
	{"dmakit.swiotlb_max=0", 256, 256},
	{"dmakit.swiotlb_max=300", 256, 300},
	{"swiotlb=128 dmakit.swiotlb_max=0x200", 128, 512},
	{"dmakit.swiotlb_max=512 swiotlb=128,2", 128, 512},
	{"dmakit.swiotlb_max=100", 256, 256},
};

static void test_BNC_04_how_far_it_grows(void **state)
{
	for (size_t i = 0; i < sizeof(bound_rows) / sizeof(bound_rows[0]); i++) {
		const struct bound_row *row = &bound_rows[i];
		size_t n = 0;

		fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE,
						  .parameters = row->parameters});
		ROW_EXPECT(row->parameters, !fake_warned);
		ROW_EXPECT(row->parameters, stats_of(&fake_dev).total == row->total);
		ROW_EXPECT(row->parameters, stats_of(&fake_dev).most == row->most);
		/* Two slots each: as many as a page. */
		while (!failed(map(&fake_dev, HIGH(0), 2 * SLOT, DMK_TO_DEVICE))) {
			const struct dmk_bounce_stats stats = stats_of(&fake_dev);

			ROW_EXPECT(row->parameters, stats.total + stats.transient <= row->most);
			ROW_EXPECT(row->parameters, ++n * 2 == stats.used + stats.transient);
			fake_run_deferred();
		}
		ROW_EXPECT(row->parameters, n == row->most / 2);
		ROW_EXPECT(row->parameters, stats_of(&fake_dev).refused == 1);
		fake_stop();
	}
}

static void test_BNC_01_bad_bounds_are_said_once(void **state)
{
	fake_start(&(struct fake_options){
		.caps = DMK_CAP_BOUNCE,
		.parameters = "dmakit.swiotlb_max= dmakit.swiotlb_max=x swiotlb=08 swiotlb=0x "
			      "dmakit.swiotlb_max=1,2 swiotlb=1,force,2,3"});
	assert_int_equal(fake_warned, 1);
	assert_int_equal(stats_of(&fake_dev).total, 256);
	assert_int_equal(stats_of(&fake_dev).most, 1024);
	fake_stop();
}

static void fill_pool(struct dmk_dev *dev)
{
	const size_t left = stats_of(dev).total - stats_of(dev).used;

	for (size_t i = 0; i < left; i++)
		assert_false(failed(map(dev, HIGH(i % 2 * SLOT), SLOT, DMK_TO_DEVICE)));
}

/* At once, memory of its own; the next one finds a pool. */
static void test_BNC_04_growth(void **state)
{
	const uint64_t phys = HIGH(5 * 4096 + 321);
	const size_t size = 9000;
	struct dmk_bounce_pool_stats pool;
	struct fake_held before;
	uint8_t *ram, *device;
	dmk_dma dma, next;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
	ram = fake_ram(phys);
	fill_pool(&fake_dev);
	before = fake_held();
	memset(ram, 1, size);
	dma = map(&fake_dev, phys, size, DMK_BIDIRECTIONAL);
	assert_false(failed(dma));
	assert_true((dma.v & 4095) == 321 && dma.v + size - 1 <= 0xffffffff);
	assert_true(dmk_need_sync(&fake_dev, dma));
	assert_int_equal(stats_of(&fake_dev).transient, 6);
	assert_int_equal(stats_of(&fake_dev).transient_made, 1);
	assert_int_equal(stats_of(&fake_dev).total, 256);
	assert_int_equal(fake_held().pages, before.pages + 3);
	/* It is a mapping as any other. */
	device = fake_device_ram(dma);
	assert_memory_equal(device, ram, size);
	memset(ram, 2, size);
	dmk_sync_for_device(&fake_dev, DMK_DMA(dma.v + 5000), 1000, DMK_BIDIRECTIONAL);
	assert_true(device[4999] == 1 && device[5000] == 2 && device[5999] == 2 &&
		    device[6000] == 1);
	memset(device, 3, size);
	dmk_sync_for_cpu(&fake_dev, DMK_DMA(dma.v + 8000), 4000, DMK_BIDIRECTIONAL);
	assert_true(ram[7999] == 2 && ram[8000] == 3 && ram[8999] == 3 && ram[9000] != 3);
	/* The pool is made later, and there. */
	assert_int_equal(fake_run_deferred(), 1);
	assert_int_equal(stats_of(&fake_dev).grown, 1);
	assert_int_equal(stats_of(&fake_dev).total, 512);
	assert_true(dmk_bounce_pool_statistics(&fake_dev, 1, &pool));
	assert_true(pool.kind == DMK_BOUNCE_GROWN && pool.total == 256 && pool.used == 0);
	next = map(&fake_dev, HIGH(0), 64, DMK_TO_DEVICE);
	assert_true(next.v >= pool.first.v && next.v < pool.first.v + 256 * SLOT);
	assert_int_equal(stats_of(&fake_dev).transient_made, 1);
	assert_int_equal(fake_run_deferred(), 0);
	/* What was for one mapping goes with it, and takes its bytes out. */
	before = fake_held();
	unmap(&fake_dev, dma, size, DMK_BIDIRECTIONAL);
	assert_true(ram[0] == 3 && ram[8999] == 3);
	assert_int_equal(fake_held().pages, before.pages - 3);
	assert_int_equal(stats_of(&fake_dev).transient, 0);
	unmap(&fake_dev, next, 64, DMK_TO_DEVICE);
	assert_int_equal(stats_of(&fake_dev).used, 256);
	fake_stop();
}

/* Nothing of what a driver makes up does harm to memory of one mapping either. */
static void test_STR_04_invented_unmaps_of_memory_of_its_own(void **state)
{
	uint8_t *ram;
	dmk_dma dma;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .bus = FAKE_NONCOHERENT});
	fill_pool(&fake_dev);
	ram = fake_ram(HIGH(0));
	memset(ram, 1, 8192);
	dma = map(&fake_dev, HIGH(100), 5000, DMK_FROM_DEVICE);
	assert_int_equal(stats_of(&fake_dev).transient_made, 1);
	memset(fake_device_ram(dma), 2, 5000);
	unmap(&fake_other, dma, 5000, DMK_FROM_DEVICE);
	unmap(&fake_dev, DMK_DMA(dma.v + 1), 5000, DMK_FROM_DEVICE);
	unmap(&fake_dev, DMK_DMA(dma.v + 4999), 1, DMK_FROM_DEVICE);
	unmap(&fake_dev, DMK_DMA(dma.v - 100), 5100, DMK_FROM_DEVICE);
	unmap(&fake_dev, DMK_DMA(dma.v + 5000), 1, DMK_FROM_DEVICE);
	dmk_sync_for_cpu(&fake_other, dma, 5000, DMK_FROM_DEVICE);
	dmk_sync_for_cpu(&fake_dev, DMK_DMA(dma.v + 5000), 10, DMK_FROM_DEVICE);
	dmk_sync_for_cpu(&fake_dev, dma, 5000, DMK_NONE);
	assert_true(stats_of(&fake_dev).transient > 0);
	for (size_t i = 0; i < 8192; i++)
		assert_int_equal(ram[i], 1);
	/* The wrong size is the mapping's own, and once is once. */
	unmap(&fake_dev, dma, 1, DMK_FROM_DEVICE);
	assert_true(ram[99] == 1 && ram[100] == 2 && ram[5099] == 2 && ram[5100] == 1);
	assert_int_equal(stats_of(&fake_dev).transient, 0);
	unmap(&fake_dev, dma, 5000, DMK_FROM_DEVICE);
	fake_stop();
}

static void test_BNC_04_MSK_08_memory_of_its_own_has_the_limits_too(void **state)
{
	static const struct {
		uint64_t offset;
		size_t size;
		uint32_t min_align_mask;
		uint64_t boundary;
	} rows[] = {
		{0x1234, 4096, 0, 0},  {0x1f123, 4096, 0x1ffff, 0},   {100, SEGMENT, 0, 0},
		{3000, 8192, 0, 8191}, {0x7f0, 60000, 0x7ff, 0xffff}, {77, 20, 15, 63},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint64_t boundary = rows[i].boundary ? rows[i].boundary : 0xffffffff;
		dmk_dma dma;

		fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
		fill_pool(&fake_dev);
		dmk_set_min_align_mask(&fake_dev, rows[i].min_align_mask);
		dmk_set_segment_boundary(&fake_dev, rows[i].boundary);
		dma = map(&fake_dev, HIGH(rows[i].offset), rows[i].size, DMK_TO_DEVICE);
		assert_false(failed(dma));
		assert_int_equal(stats_of(&fake_dev).transient_made, 1);
		assert_true(!((dma.v ^ rows[i].offset) & rows[i].min_align_mask));
		assert_true(dma.v / (boundary + 1) == (dma.v + rows[i].size - 1) / (boundary + 1));
		assert_true(dma.v + rows[i].size - 1 <= 0xffffffff);
		assert_memory_equal(fake_device_ram(dma), fake_ram(HIGH(rows[i].offset)),
				    rows[i].size);
		unmap(&fake_dev, dma, rows[i].size, DMK_TO_DEVICE);
		fake_stop();
	}
}

/* A device that reaches none of the pools gets one of its own, which others leave to it. */
static void test_BNC_04_MSK_05_growth_where_the_device_reaches(void **state)
{
	struct dmk_bounce_pool_stats pool;
	dmk_dma dma;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
	assert_int_equal(dmk_set_mask(&fake_dev, LOW(0x2fffff), true, false), 0);
	dma = map(&fake_dev, HIGH(0), 4096, DMK_TO_DEVICE);
	assert_true(!failed(dma) && dma.v + 4095 <= LOW(0x2fffff));
	assert_int_equal(fake_run_deferred(), 1);
	assert_true(dmk_bounce_pool_statistics(&fake_dev, 0, &pool));
	assert_true(pool.kind == DMK_BOUNCE_GROWN &&
		    pool.first.v + pool.total * SLOT - 1 <= LOW(0x2fffff));
	assert_false(failed(map(&fake_dev, HIGH(0), 4096, DMK_TO_DEVICE)));
	assert_int_equal(stats_of(&fake_dev).used, 2);
	/* The other one reaches all of the first pool, and doesn't see this one. */
	assert_int_equal(stats_of(&fake_other).pools, 1);
	unmap(&fake_dev, dma, 4096, DMK_TO_DEVICE);
	fake_stop();
}

/* Each allocation that growth makes fails in turn: an error or a mapping, and nothing is lost. */
static void test_BNC_04_growth_without_memory(void **state)
{
	for (unsigned int n = 1; n <= 4; n++) {
		dmk_dma dma;

		fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
		fill_pool(&fake_dev);
		fake_fail_at(n);
		dma = map(&fake_dev, HIGH(0), 4096, DMK_TO_DEVICE);
		assert_true(failed(dma) == (n <= 2));
		fake_run_deferred();
		fake_fail_at(0);
		/* It is asked for again, if it could not be made. */
		dma = map(&fake_dev, HIGH(0), 4096, DMK_TO_DEVICE);
		assert_false(failed(dma));
		fake_run_deferred();
		assert_true(stats_of(&fake_dev).grown >= 1);
		fake_stop();
	}
}

/* No run of memory for a pool of any size: said once, and tried again when there is some. */
static void test_BNC_04_growth_in_vain(void **state)
{
	enum { MOST = 4096 };
	static void *cpu[MOST];
	static dmk_dma taken[MOST];
	unsigned int n = 0;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
	fill_pool(&fake_dev);
	assert_false(failed(map(&fake_dev, HIGH(0), 4096, DMK_TO_DEVICE)));
	while (n < MOST && (cpu[n] = dmk_alloc(&fake_dev, 4096, &taken[n], 0, 0)))
		n++;
	assert_true(n > 0 && n < MOST);
	fake_log[0] = '\0';
	fake_run_deferred();
	assert_int_equal(stats_of(&fake_dev).grown, 0);
	assert_non_null(strstr(fake_log, "full, and no memory to make it larger"));
	while (n--)
		dmk_free(&fake_dev, 4096, cpu[n], taken[n], 0);
	fake_log[0] = '\0';
	assert_false(failed(map(&fake_dev, HIGH(0), 4096, DMK_TO_DEVICE)));
	fake_run_deferred();
	assert_true(stats_of(&fake_dev).grown > 0);
	assert_null(strstr(fake_log, "no memory"));
	fake_stop();
}

static void test_BNC_02_BNC_04_no_view_of_the_buffer_fails_there_too(void **state)
{
	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .highmem = true});
	fill_pool(&fake_dev);
	/* The record, the page, the view of the buffer. */
	fake_fail_at(3);
	assert_true(failed(map(&fake_dev, HIGH(0), 64, DMK_TO_DEVICE)));
	fake_fail_at(0);
	assert_int_equal(stats_of(&fake_dev).transient, 0);
	fake_stop();
}

static void test_BNC_04_what_it_was_used_for_is_said_at_the_end(void **state)
{
	dmk_dma dma;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
	fake_log[0] = '\0';
	fake_stop();
	assert_string_equal(fake_log, "");
	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=128"});
	dma = map(&fake_dev, HIGH(0), 3 * SLOT, DMK_TO_DEVICE);
	unmap(&fake_dev, dma, 3 * SLOT, DMK_TO_DEVICE);
	fake_stop();
	assert_string_equal(fake_log, "bounce buffer: of 128 slots at most 3 were used at once");
	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
	fill_pool(&fake_dev);
	dma = map(&fake_dev, HIGH(0), 64, DMK_TO_DEVICE);
	fake_run_deferred();
	unmap(&fake_dev, dma, 64, DMK_TO_DEVICE);
	fake_stop();
	assert_string_equal(fake_log,
			    "bounce buffer: of 512 slots at most 256 were used at once, 256 are "
			    "still; grown 1 time; 1 mapping had memory of its own");
	fake_start(&(struct fake_options){.cage = true});
	while (!failed(map(&fake_caged, LOW(0), SLOT, DMK_TO_DEVICE)))
		;
	fake_stop();
	assert_non_null(strstr(fake_log, "bounce buffer cage: of 506 slots"));
	assert_non_null(strstr(fake_log, "; 1 mapping was refused"));
}

/* --- restricted regions ----------------------------------------------------------------------- */

static bool in_cage(dmk_dma dma, size_t size)
{
	return !failed(dma) && dma.v >= FAKE_CAGE && dma.v + size <= FAKE_CAGE + FAKE_CAGE_SIZE;
}

static void test_BNC_05_a_restricted_device_bounces_in_its_region(void **state)
{
	for (unsigned int no_map = 0; no_map < 2; no_map++) {
		struct dmk_bounce_pool_stats pool;
		dmk_dma dma;
		size_t n;

		fake_start(&(struct fake_options){
			.caps = DMK_CAP_BOUNCE, .cage = true, .cage_no_map = no_map});
		assert_true(dmk_bounce_force(&fake_caged) && dmk_bounce_for_alloc(&fake_caged));
		assert_true(dmk_bounce_active(&fake_caged));
		assert_false(dmk_bounce_force(&fake_dev) || dmk_bounce_for_alloc(&fake_dev));
		assert_true(dmk_bounce_pool_statistics(&fake_caged, 0, &pool));
		assert_true(pool.kind == DMK_BOUNCE_RESTRICTED && pool.first.v == FAKE_CAGE);
		assert_int_equal(pool.total, FAKE_CAGE_SIZE / SLOT);
		assert_int_equal(stats_of(&fake_caged).most, pool.total);
		/* Memory that it would reach, and memory that not. */
		memset(fake_ram(LOW(0)), 1, 100);
		dma = map(&fake_caged, LOW(0), 100, DMK_BIDIRECTIONAL);
		assert_true(in_cage(dma, 100));
		assert_true(dmk_bounce_buffer(&fake_caged, DMK_PHYS(dma.v)));
		assert_false(dmk_bounce_buffer(&fake_dev, DMK_PHYS(dma.v)));
		assert_memory_equal(fake_device_ram(dma), fake_ram(LOW(0)), 100);
		memset(fake_device_ram(dma), 2, 100);
		/* Another device's unmap of it is none. */
		unmap(&fake_dev, dma, 100, DMK_BIDIRECTIONAL);
		assert_int_equal(((uint8_t *)fake_ram(LOW(0)))[0], 1);
		unmap(&fake_caged, dma, 100, DMK_BIDIRECTIONAL);
		assert_int_equal(((uint8_t *)fake_ram(LOW(0)))[99], 2);
		/* It never grows, and is used to the last slot. */
		for (n = 0;
		     in_cage(map(&fake_caged, HIGH(n % 2 * SLOT), SLOT, DMK_TO_DEVICE), SLOT);)
			n++;
		assert_int_equal(n, pool.total);
		assert_true(failed(map(&fake_caged, HIGH(0), 1, DMK_TO_DEVICE)));
		assert_int_equal(fake_run_deferred(), 0);
		assert_int_equal(stats_of(&fake_caged).transient_made, 0);
		/* Nobody else is in need. */
		assert_int_equal(stats_of(&fake_dev).used, 0);
		assert_false(failed(map(&fake_dev, HIGH(0), SLOT, DMK_TO_DEVICE)));
		fake_stop();
	}
}

static void test_BNC_05_without_swiotlb_the_region_serves_all_the_same(void **state)
{
	fake_start(&(struct fake_options){.parameters = "swiotlb=noforce", .cage = true});
	assert_true(in_cage(map(&fake_caged, LOW(0), 64, DMK_TO_DEVICE), 64));
	assert_false(dmk_bounce_active(&fake_dev));
	fake_stop();
}

static void test_BNC_05_MSK_02_a_mask_that_does_not_reach_the_region(void **state)
{
	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .cage = true});
	/* RAM is there, but not for this device. */
	assert_true(dmk_set_mask(&fake_caged, 0xffffff, true, true) < 0);
	assert_int_equal(dmk_set_mask(&fake_dev, 0xffffff, true, true), 0);
	assert_int_equal(dmk_set_mask(&fake_caged, 0x1ffffff, true, true), 0);
	assert_true(dmk_get_required_mask(&fake_caged) == 0x1ffffff);
	assert_true(dmk_max_mapping_size(&fake_caged) == SEGMENT);
	fake_stop();
	/* The window ends below it. */
	fake_start(
		&(struct fake_options){.caps = DMK_CAP_BOUNCE, .bus = FAKE_OFFSET, .cage = true});
	assert_true(dmk_set_mask(&fake_caged, ~0ULL, true, true) < 0);
	fake_watch(true);
	assert_true(failed(
		dmk_map_phys(&fake_caged, DMK_PHYS(LOW(0)), 64, DMK_TO_DEVICE, 0, DMK_MAP_PAGE)));
	assert_int_equal(fake_last_event()->reason, DMK_REASON_UNREACHABLE);
	assert_non_null(strstr(fake_log, "restricted-dma-pool"));
	fake_stop();
}

static void test_BNC_05_a_region_without_records_is_no_way_out(void **state)
{
	unsigned int n;

	for (n = 1; n < 8; n++) {
		if (fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE,
						      .cage = true,
						      .cage_no_map = true,
						      .fail_from = n,
						      .may_fail = true}))
			continue;
		fake_fail_at(0);
		dmk_dma dma = map(&fake_caged, LOW(0), 64, DMK_TO_DEVICE);

		assert_true(failed(dma) || in_cage(dma, 64));
		assert_true(dmk_bounce_force(&fake_caged));
		fake_stop();
	}
}

/* Against a list of what is out: disjoint, aligned, in the region, beside mappings. */
static void test_BNC_05_COH_02_pages_of_a_region(void **state)
{
	enum { OUT = 12 };
	struct {
		dmk_phys phys;
		size_t size;
		bool mapping;
	} out[OUT] = {{{0}, 0, false}};
	uint64_t seed = fake_seed();

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .cage = true});
	for (int step = 0; step < 6000; step++) {
		const size_t i = fake_below(&seed, OUT);
		size_t align = 4096UL << fake_below(&seed, 4);
		dmk_phys phys;

		if (out[i].size && out[i].mapping) {
			unmap(&fake_caged, DMK_DMA(out[i].phys.v), out[i].size, DMK_TO_DEVICE);
			out[i].size = 0;
			continue;
		}
		if (out[i].size) {
			assert_false(dmk_bounce_give_pages(&fake_dev, out[i].phys, out[i].size));
			assert_false(dmk_bounce_give_pages(&fake_caged, out[i].phys,
							   out[i].size + 4096));
			unmap(&fake_caged, DMK_DMA(out[i].phys.v), out[i].size, DMK_TO_DEVICE);
			assert_true(dmk_bounce_give_pages(&fake_caged, out[i].phys, out[i].size));
			assert_false(dmk_bounce_give_pages(&fake_caged, out[i].phys, out[i].size));
			out[i].size = 0;
			continue;
		}
		out[i].mapping = fake_below(&seed, 2);
		out[i].size =
			out[i].mapping
				? 1 + fake_below(&seed, 9000)
				: 4096 * (1 + fake_below(&seed, fake_below(&seed, 4) ? 4 : 90));
		if (out[i].mapping)
			phys.v = map(&fake_caged, HIGH(4096), out[i].size, DMK_TO_DEVICE).v;
		else if (!dmk_bounce_take_pages(&fake_caged, out[i].size, align, &phys))
			phys.v = ~0ULL;
		if (phys.v == ~0ULL) {
			out[i].size = 0;
			continue;
		}
		out[i].phys = phys;
		assert_true(in_cage(DMK_DMA(phys.v), out[i].size));
		assert_true(out[i].mapping || !(phys.v & (align - 1)));
		for (size_t n = 0; n < OUT; n++)
			assert_true(n == i || !out[n].size ||
				    phys.v >= ((out[n].phys.v + out[n].size + SLOT - 1) &
					       ~(SLOT - 1ULL)) ||
				    out[n].phys.v >=
					    ((phys.v + out[i].size + SLOT - 1) & ~(SLOT - 1ULL)));
	}
	fake_stop();
}

static void test_BNC_05_pages_and_their_edges(void **state)
{
	enum { LONG = SEGMENT + SEGMENT / 4 };
	dmk_phys phys, more;
	size_t used;

	fake_start(&(struct fake_options){
		.caps = DMK_CAP_BOUNCE, .bus = FAKE_NONCOHERENT, .cage = true});
	assert_false(dmk_bounce_take_pages(&fake_dev, 4096, 4096, &phys));
	assert_false(dmk_bounce_take_pages(&fake_caged, 0, 4096, &phys));
	assert_false(dmk_bounce_take_pages(&fake_caged, 4096, 0, &phys));
	assert_false(dmk_bounce_take_pages(&fake_caged, 4095, 4096, &phys));
	assert_false(dmk_bounce_take_pages(&fake_caged, SIZE_MAX & ~4095UL, 4096, &phys));
	assert_false(dmk_bounce_give_pages(&fake_caged, DMK_PHYS(LOW(0)), 4096));
	assert_false(dmk_bounce_give_pages(&fake_caged, DMK_PHYS(FAKE_CAGE), 4096));
	/* More than a segment, aligned to half a one. */
	used = stats_of(&fake_caged).used;
	assert_true(dmk_bounce_take_pages(&fake_caged, LONG, SEGMENT / 2, &phys));
	assert_true(!(phys.v & (SEGMENT / 2 - 1)));
	assert_ptr_equal(dmk_bounce_address(&fake_caged, phys), fake_ram(phys.v));
	assert_false(dmk_bounce_take_pages(&fake_caged, 3 * LONG, SEGMENT / 2, &more));
	assert_int_equal(stats_of(&fake_caged).used, used + LONG / SLOT);
	/* Its caches are seen to as those of any memory that is synced. */
	fake_cache_ops(&(struct fake_cache_op){0, 0, 0}, 1);
	dmk_sync_for_cpu(&fake_caged, DMK_DMA(phys.v + SEGMENT + 4096), 64, DMK_FROM_DEVICE);
	assert_true(dmk_bounce_give_pages(&fake_caged, phys, LONG));
	assert_int_equal(stats_of(&fake_caged).used, used);
	/* Within the coherent mask: the two pages there, or what is left of them. */
	fake_caged.coherent_dma_mask = FAKE_CAGE + 0x1fff;
	for (int i = 0; i < 3; i++) {
		if (dmk_bounce_take_pages(&fake_caged, 4096, 4096, &phys))
			assert_true(i < 2 && phys.v + 4095 <= FAKE_CAGE + 0x1fff);
	}
	fake_stop();
}

/* --- private memory --------------------------------------------------------------------------- */

static void test_BNC_01_private_memory_is_always_bounced(void **state)
{
	dmk_dma dma, more;

	fake_start(&(struct fake_options){.caps = DMK_CAP_PRIVATE, .cage = true});
	assert_true(dmk_bounce_force(&fake_dev));
	assert_true(fake_shared() >= (stats_of(&fake_dev).total * SLOT + FAKE_CAGE_SIZE) / 4096);
	memset(fake_ram(LOW(0)), 1, 100);
	dma = map(&fake_dev, LOW(0), 100, DMK_FROM_DEVICE);
	assert_memory_equal(fake_device_ram(dma), fake_ram(LOW(0)), 100);
	unmap(&fake_dev, dma, 100, DMK_FROM_DEVICE);
	assert_false(failed(map(&fake_caged, LOW(0), 100, DMK_TO_DEVICE)));
	/*
	 * Nothing that sleeps at a mapping: it fails, and the next finds the pool that was made
	 * meanwhile.
	 */
	fill_pool(&fake_dev);
	fake_interrupt = true;
	dma = map(&fake_dev, LOW(0), 100, DMK_TO_DEVICE);
	fake_interrupt = false;
	assert_true(failed(dma));
	assert_int_equal(fake_run_deferred(), 1);
	more = map(&fake_dev, LOW(0), 100, DMK_TO_DEVICE);
	assert_false(failed(more));
	assert_memory_equal(fake_device_ram(more), fake_ram(LOW(0)), 100);
	fake_stop();
}

static void test_BNC_01_private_memory_and_noforce(void **state)
{
	fake_start(
		&(struct fake_options){.caps = DMK_CAP_PRIVATE, .parameters = "swiotlb=noforce"});
	assert_true(failed(
		dmk_map_phys(&fake_dev, DMK_PHYS(LOW(0)), 100, DMK_TO_DEVICE, 0, DMK_MAP_PAGE)));
	assert_non_null(strstr(fake_log, "swiotlb=noforce forbids it"));
	fake_stop();
}

static void test_BNC_01_memory_that_can_not_be_shared_is_not_used(void **state)
{
	fake_start(&(struct fake_options){.caps = DMK_CAP_PRIVATE});
	fill_pool(&fake_dev);
	assert_true(failed(map(&fake_dev, LOW(0), 100, DMK_TO_DEVICE)));
	fake_share_fails(true);
	fake_run_deferred();
	/* A smaller one was tried next, or another place. */
	assert_true(fake_warned >= 1);
	fake_stop();
}

/* --- threads ---------------------------------------------------------------------------------- */

enum { WORKERS = 8 };

struct worker {
	pthread_t thread;
	unsigned int index;
	uint64_t seed;
	const char *wrong;
	dmk_dma *
		/*
		 * an address of somebody's mapping, to be unmapped by whom it is none of their
		 * business
		 */
		heard;
};

#define WORK_EXPECT(worker, condition)                \
	do {                                          \
		if (!(condition) && !(worker)->wrong) \
			(worker)->wrong = #condition; \
	} while (0)

enum { HELD = 20 };

/*
 * Many at once, so that pools fill and memory of one mapping comes and goes; meanwhile others are
 * unmapped, in vain.
 */
static void work_once(struct worker *worker, struct dmk_dev *dev, struct dmk_dev *stranger)
{
	const uint64_t base = HIGH(worker->index * 0x40000);
	struct {
		dmk_dma dma;
		uint64_t phys;
		size_t size;
	} held[HELD];
	size_t n;

	for (n = 0; n < HELD; n++) {
		held[n].phys = base + n * 0x3000 + fake_below(&worker->seed, 4096);
		held[n].size = 1 + fake_below(&worker->seed, 8000);
		memset(fake_ram(held[n].phys), (int)(worker->index + n), held[n].size);
		held[n].dma = map(dev, held[n].phys, held[n].size, DMK_BIDIRECTIONAL);
		if (failed(held[n].dma))
			break;
		__atomic_store_n(&worker->heard->v, held[n].dma.v, __ATOMIC_RELAXED);
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t *device = fake_device_ram(held[i].dma);
		const dmk_dma made_up = {__atomic_load_n(&worker->heard->v, __ATOMIC_RELAXED) +
					 fake_below(&worker->seed, 3)};

		WORK_EXPECT(worker, device[0] == (uint8_t)(worker->index + i));
		WORK_EXPECT(worker, device[held[i].size - 1] == (uint8_t)(worker->index + i));
		device[0] = 99;
		unmap(stranger, made_up, 100, DMK_FROM_DEVICE);
		dmk_sync_for_cpu(dev, held[i].dma, 1, DMK_BIDIRECTIONAL);
		WORK_EXPECT(worker, *(uint8_t *)fake_ram(held[i].phys) == 99);
		device[held[i].size - 1] = 98;
		unmap(dev, held[i].dma, held[i].size, DMK_BIDIRECTIONAL);
		WORK_EXPECT(worker, ((uint8_t *)fake_ram(held[i].phys))[held[i].size - 1] == 98);
	}
}

/* A device of each worker's own, so that what another one makes up is nobody's mapping. */
static void *work(void *argument)
{
	struct worker *worker = argument;
	struct dmk_dev own;

	dmk_dev_init(&own, "own", fake_dev.bus, NULL);
	for (int round = 0; round < 60; round++)
		work_once(worker, &own, &fake_other);
	dmk_dev_exit(&own);
	return NULL;
}

static bool stop_growing;

static void *grow_meanwhile(void *argument)
{
	while (!__atomic_load_n(&stop_growing, __ATOMIC_RELAXED)) {
		struct dmk_bounce_stats stats = stats_of(&fake_dev);

		if (stats.total + stats.transient > stats.most)
			*(const char **)argument = "more slots than there may be";
		fake_run_deferred();
	}
	return NULL;
}

static void test_CTX_02_BNC_03_many_threads_while_pools_come(void **state)
{
	static const char *const parameters[] = {"swiotlb=128 dmakit.swiotlb_max=170",
						 "swiotlb=128 dmakit.swiotlb_max=400"};

	for (size_t i = 0; i < 2; i++) {
		struct worker workers[WORKERS];
		const char *wrong = NULL;
		dmk_dma heard = {0};
		pthread_t growth;

		fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE,
						  .bus = i ? FAKE_NONCOHERENT : FAKE_IDENTITY,
						  .parameters = parameters[i]});
		/*
		 * Full from the first: in the one case there is memory for single mappings only, in
		 * the other pools come.
		 */
		fill_pool(&fake_dev);
		stop_growing = false;
		assert_int_equal(pthread_create(&growth, NULL, grow_meanwhile, &wrong), 0);
		for (unsigned int n = 0; n < WORKERS; n++) {
			workers[n] =
				(struct worker){.index = n, .seed = 0x5eed + n, .heard = &heard};
			assert_int_equal(
				pthread_create(&workers[n].thread, NULL, work, &workers[n]), 0);
		}
		for (unsigned int n = 0; n < WORKERS; n++)
			pthread_join(workers[n].thread, NULL);
		__atomic_store_n(&stop_growing, true, __ATOMIC_RELAXED);
		pthread_join(growth, NULL);
		fake_run_deferred();
		for (unsigned int n = 0; n < WORKERS; n++) {
			if (workers[n].wrong)
				fail_msg("thread %u: expected %s", n, workers[n].wrong);
		}
		if (wrong)
			fail_msg("%s", wrong);
		assert_int_equal(stats_of(&fake_dev).used, 128);
		assert_int_equal(stats_of(&fake_dev).transient, 0);
		assert_true(stats_of(&fake_dev).transient_made > 0);
		assert_true(i ? stats_of(&fake_dev).grown : !stats_of(&fake_dev).grown);
		fake_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_BNC_01_areas),
		cmocka_unit_test(test_BNC_03_threads_begin_in_areas_of_their_own),
		cmocka_unit_test(test_BNC_03_the_slots_used_last_are_used_next),
		cmocka_unit_test(test_BNC_03_STR_05_a_full_area_has_room_again),
		cmocka_unit_test(test_BNC_03_MSK_08_a_boundary_is_no_news_of_the_area),
		cmocka_unit_test(test_BNC_01_BNC_03_the_last_area_is_a_short_one),
		cmocka_unit_test(test_BNC_03_MSK_08_places_against_a_model),
		cmocka_unit_test(test_BNC_04_how_far_it_grows),
		cmocka_unit_test(test_BNC_01_bad_bounds_are_said_once),
		cmocka_unit_test(test_BNC_04_growth),
		cmocka_unit_test(test_STR_04_invented_unmaps_of_memory_of_its_own),
		cmocka_unit_test(test_BNC_04_MSK_08_memory_of_its_own_has_the_limits_too),
		cmocka_unit_test(test_BNC_04_MSK_05_growth_where_the_device_reaches),
		cmocka_unit_test(test_BNC_04_growth_without_memory),
		cmocka_unit_test(test_BNC_04_growth_in_vain),
		cmocka_unit_test(test_BNC_02_BNC_04_no_view_of_the_buffer_fails_there_too),
		cmocka_unit_test(test_BNC_04_what_it_was_used_for_is_said_at_the_end),
		cmocka_unit_test(test_BNC_05_a_restricted_device_bounces_in_its_region),
		cmocka_unit_test(test_BNC_05_without_swiotlb_the_region_serves_all_the_same),
		cmocka_unit_test(test_BNC_05_MSK_02_a_mask_that_does_not_reach_the_region),
		cmocka_unit_test(test_BNC_05_a_region_without_records_is_no_way_out),
		cmocka_unit_test(test_BNC_05_COH_02_pages_of_a_region),
		cmocka_unit_test(test_BNC_05_pages_and_their_edges),
		cmocka_unit_test(test_BNC_01_private_memory_is_always_bounced),
		cmocka_unit_test(test_BNC_01_private_memory_and_noforce),
		cmocka_unit_test(test_BNC_01_memory_that_can_not_be_shared_is_not_used),
		cmocka_unit_test(test_CTX_02_BNC_03_many_threads_while_pools_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
