/* SPDX-License-Identifier: MIT */
/*
 * Bounce buffers: the parameter, the bytes, the bounds, and a model.
 */
#include "unit.h"

enum { SLOT = 2048, SEGMENT = 256 << 10 };

#define NO_GROWTH "dmakit.swiotlb_max=0"

/* --- the parameter ---------------------------------------------------------------------------- */

static const struct parameter_row {
	const char *parameters;
	uint32_t caps;
	size_t total;
	bool maps_high; /* a device of 32 bits can be given memory above 4 GiB */
	bool bounces_low;
	bool warns;
} parameter_rows[] = {
	{"", 0, 0, false, false, false},
	{"", DMK_CAP_BOUNCE, 256, true, false, false}, /* a sixteenth of 8 MiB */
	{"quiet swiotlb=512 debug", DMK_CAP_BOUNCE, 512, true, false, false},
	{"swiotlb=100", DMK_CAP_BOUNCE, 128, true, false, false}, /* whole segments */
	{"swiotlb=512,4", DMK_CAP_BOUNCE, 512, true, false, false},
	{"swiotlb=force", 0, 256, true, true, false},
	{"swiotlb=512,force", 0, 512, true, true, false},
	{"swiotlb=512,2,force", 0, 512, true, true, false},
	{"swiotlb=noforce", DMK_CAP_BOUNCE, 0, false, false, false},
	{"swiotlb=512,noforce", DMK_CAP_BOUNCE, 0, false, false, false},
	{"swiotlb=noforce swiotlb=384", DMK_CAP_BOUNCE, 384, true, false,
	 false}, /* the last one holds */
	{"swiotlb=0", DMK_CAP_BOUNCE, 256, true, false, false},
	{"xswiotlb=noforce", DMK_CAP_BOUNCE, 256, true, false, false},
	{"swiotlb=noforced", DMK_CAP_BOUNCE, 256, true, false, true},
	{"swiotlb=", DMK_CAP_BOUNCE, 256, true, false, true},
	{"swiotlb=12x", DMK_CAP_BOUNCE, 256, true, false, true},
	{"swiotlb=1,2,3", DMK_CAP_BOUNCE, 256, true, false, true},
	{"swiotlb=force,noforce", DMK_CAP_BOUNCE, 256, true, false, true},
	{"swiotlb=99999999999999999999999", DMK_CAP_BOUNCE, 256, true, false, true},
};

static bool maps(struct dmk_dev *dev, uint64_t phys, size_t size, bool *bounced)
{
	dmk_dma dma = dmk_map_phys(dev, DMK_PHYS(phys), size, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);

	*bounced = dma.v != ~0ULL && dma.v != phys;
	if (dma.v == ~0ULL)
		return false;
	dmk_unmap(dev, dma, size, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	return true;
}

static void test_BNC_01_parameter(void **state)
{
	for (size_t i = 0; i < sizeof(parameter_rows) / sizeof(parameter_rows[0]); i++) {
		const struct parameter_row *row = &parameter_rows[i];
		struct dmk_bounce_stats stats;
		size_t pages;
		bool bounced;

		fake_start(
			&(struct fake_options){.caps = row->caps, .parameters = row->parameters});
		ROW_EXPECT(row->parameters, fake_warned == row->warns);
		pages = fake_held().pages;
		dmk_bounce_statistics(&fake_dev, &stats);
		ROW_EXPECT(row->parameters, stats.total == row->total);
		ROW_EXPECT(row->parameters, stats.slot_size == SLOT);
		ROW_EXPECT(row->parameters,
			   pages >= row->total / 2 && pages <= row->total / 2 + 64);
		ROW_EXPECT(row->parameters,
			   maps(&fake_dev, HIGH(0), 4096, &bounced) == row->maps_high);
		ROW_EXPECT(row->parameters, bounced == row->maps_high);
		ROW_EXPECT(row->parameters, maps(&fake_dev, LOW(0), 4096, &bounced));
		ROW_EXPECT(row->parameters, bounced == row->bounces_low);
		dmk_bounce_statistics(&fake_dev, &stats);
		ROW_EXPECT(row->parameters, stats.used == 0);
		fake_stop();
	}
}

static const struct cause_row {
	const char *what;
	struct fake_options options;
	uint64_t mask, limit; /* 0: as it is */
	uint64_t phys;
	enum dmk_bounce_cause cause;
} cause_rows[] = {
	{"reached", {.caps = DMK_CAP_BOUNCE}, 0, 0, LOW(0), DMK_CAUSE_NONE},
	{"above 32 bits", {.caps = DMK_CAP_BOUNCE}, 0, 0, HIGH(0), DMK_CAUSE_MASK},
	{"a wide mask, a narrow bus",
	 {.caps = DMK_CAP_BOUNCE},
	 ~0ULL,
	 HIGH(0) + 4094,
	 HIGH(0),
	 DMK_CAUSE_WINDOW},
	{"a wide mask, a bus that is as wide",
	 {.caps = DMK_CAP_BOUNCE},
	 ~0ULL,
	 HIGH(0) + 4095,
	 HIGH(0),
	 DMK_CAUSE_NONE},
	{"outside the window",
	 {.bus = FAKE_OFFSET, .caps = DMK_CAP_BOUNCE},
	 ~0ULL,
	 0,
	 FAKE_LOW + 0x400000,
	 DMK_CAUSE_WINDOW},
	{"forced, and reached",
	 {.caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=force"},
	 ~0ULL,
	 0,
	 LOW(0),
	 DMK_CAUSE_FORCED},
	{"private", {.caps = DMK_CAP_BOUNCE | DMK_CAP_PRIVATE}, ~0ULL, 0, LOW(0), DMK_CAUSE_FORCED},
};

static void expect_cause(const struct cause_row *row)
{
	const struct dmk_event *event;
	dmk_dma dma;

	fake_watch(true);
	dma = dmk_map_phys(&fake_dev, DMK_PHYS(row->phys), 4096, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	event = fake_last_event();
	ROW_EXPECT(row->what, event->kind == DMK_EVENT_MAP);
	ROW_EXPECT(row->what, event->cause == row->cause);
	ROW_EXPECT(row->what, event->bounced == (row->cause != DMK_CAUSE_NONE));
	ROW_EXPECT(row->what, event->bounced_bytes == (event->bounced ? 4096 : 0));
	dmk_unmap(&fake_dev, dma, 4096, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	fake_watch(false);
}

static void test_BNC_01_who_watches_is_told_why(void **state)
{
	for (size_t i = 0; i < sizeof(cause_rows) / sizeof(cause_rows[0]); i++) {
		const struct cause_row *row = &cause_rows[i];

		fake_start(&row->options);
		if (row->mask)
			assert_int_equal(dmk_set_mask(&fake_dev, row->mask, true, true), 0);
		fake_dev.bus_dma_limit = row->limit;
		expect_cause(row);
		fake_stop();
	}
}

static void test_BNC_05_who_watches_is_told_of_a_region(void **state)
{
	dmk_dma dma;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .cage = true});
	fake_watch(true);
	dma = dmk_map_phys(&fake_caged, DMK_PHYS(LOW(0)), 100, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	assert_int_equal(fake_last_event()->cause, DMK_CAUSE_RESTRICTED);
	assert_int_equal(fake_last_event()->bounced_bytes, 100);
	dmk_unmap(&fake_caged, dma, 100, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	fake_watch(false);
	fake_stop();
}

static struct dmk_use use_seen;

static void keep_use(void *ctx, const struct dmk_event *event)
{
	if (event->kind == DMK_EVENT_USE)
		use_seen = *event->use;
}

static void test_BNC_04_who_watches_is_told_of_what_is_finite(void **state)
{
	static const struct dmk_observer keeper = {.event = keep_use};
	struct dmk_bounce_stats stats;
	bool bounced;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
	assert_true(maps(&fake_dev, HIGH(0), 4096, &bounced));
	dmk_bounce_statistics(&fake_dev, &stats);
	dmk_observe(&keeper);
	dmk_dev_tell_use(&fake_dev);
	dmk_observe(NULL);
	assert_int_equal(use_seen.slot_size, SLOT);
	assert_int_equal(use_seen.slots, stats.most);
	assert_int_equal(use_seen.slots_most, 2);
	assert_int_equal(use_seen.granule, 0);
	fake_stop();
}

static void test_BNC_01_smaller_when_memory_is_short(void **state)
{
	struct dmk_bounce_stats stats;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=65536"});
	dmk_bounce_statistics(&fake_dev, &stats);
	assert_true(stats.total >= 1024 && stats.total < 65536);
	fake_stop();
}

static void test_MSK_05_a_lower_pool_for_24_bits(void **state)
{
	dmk_dma dma;

	/* The main pool, taken from above, is out of the zone's reach. */
	fake_start(&(struct fake_options){
		.caps = DMK_CAP_BOUNCE, .parameters = NO_GROWTH, .dma_zone_last = LOW(0x2fffff)});
	assert_int_equal(dmk_set_mask(&fake_dev, LOW(0x2fffff), true, false), 0);
	dma = dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(0)), 4096, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	/*
	 * The zone's sixteenth is less than a segment: there is no such pool, and no bad address
	 * either.
	 */
	assert_true(dma.v == ~0ULL);
	fake_stop();
	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .dma_zone_last = LOW(0x4fffff)});
	assert_int_equal(dmk_set_mask(&fake_dev, LOW(0x4fffff), true, false), 0);
	dma = dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(0)), 4096, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	assert_true(dma.v != ~0ULL && dma.v + 4095 <= LOW(0x4fffff));
	dmk_unmap(&fake_dev, dma, 4096, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	fake_stop();
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void fill(void *to, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = (uint8_t)(seed + i * 7);
}

static bool filled(const void *at, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++) {
		if (((const uint8_t *)at)[i] != (uint8_t)(seed + i * 7))
			return false;
	}
	return true;
}

static const struct bytes_row {
	const char *what;
	enum fake_bus bus;
	bool highmem;
	enum dmk_direction dir;
	bool in, out; /* what sync copies */
} bytes_rows[] = {
	{"to the device", FAKE_IDENTITY, false, DMK_TO_DEVICE, true, false},
	{"from the device", FAKE_IDENTITY, false, DMK_FROM_DEVICE, false, true},
	{"both ways", FAKE_IDENTITY, false, DMK_BIDIRECTIONAL, true, true},
	{"through a window", FAKE_OFFSET, false, DMK_BIDIRECTIONAL, true, true},
	{"not coherent", FAKE_NONCOHERENT, false, DMK_BIDIRECTIONAL, true, true},
	{"highmem, to the device", FAKE_IDENTITY, true, DMK_TO_DEVICE, true, false},
	{"highmem, both ways", FAKE_NONCOHERENT, true, DMK_BIDIRECTIONAL, true, true},
};

/* Across a page, at odd addresses. */
static void test_BNC_02_bytes(void **state)
{
	const uint64_t phys = HIGH(4096 * 3 + 3333);
	const size_t size = 9001;

	for (size_t i = 0; i < sizeof(bytes_rows) / sizeof(bytes_rows[0]); i++) {
		const struct bytes_row *row = &bytes_rows[i];
		uint8_t *ram, *device;
		dmk_dma dma;

		fake_start(&(struct fake_options){
			.bus = row->bus, .caps = DMK_CAP_BOUNCE, .highmem = row->highmem});
		ram = fake_ram(phys);
		fill(ram, size, 1);
		dma = dmk_map_phys(&fake_dev, DMK_PHYS(phys), size, row->dir, 0, DMK_MAP_PAGE);
		ROW_EXPECT(row->what, dma.v != ~0ULL && dma.v <= 0xffffffff);
		ROW_EXPECT(row->what, (dma.v & 4095) == (phys & 4095));
		ROW_EXPECT(row->what, dmk_need_sync(&fake_dev, dma));
		device = fake_device_ram(dma);
		/* What the device does not write comes back as it was. */
		ROW_EXPECT(row->what, filled(device, size, 1));
		/* Sync of a part, for the device. */
		fill(ram, size, 2);
		dmk_sync_for_device(&fake_dev, DMK_DMA(dma.v + 100), 5000, row->dir);
		ROW_EXPECT(row->what, filled(device, 100, 1));
		ROW_EXPECT(row->what, row->in == !memcmp(device + 100, ram + 100, 5000));
		ROW_EXPECT(row->what, memcmp(device + 5100, ram + 5100, size - 5100) != 0);
		/* Sync of a part, for the CPU. */
		fill(device, size, 3);
		dmk_sync_for_cpu(&fake_dev, DMK_DMA(dma.v + 200), 5000, row->dir);
		ROW_EXPECT(row->what, filled(ram, 200, 2));
		ROW_EXPECT(row->what, row->out == !memcmp(ram + 200, device + 200, 5000));
		ROW_EXPECT(row->what, ram[5200] != device[5200]);
		/* A sync that is too long is cut to the mapping. */
		ram[size] = 0x77;
		device[size] = 0x33;
		dmk_sync_for_cpu(&fake_dev, dma, size + 100, row->dir);
		dmk_sync_for_device(&fake_dev, dma, size + 100, row->dir);
		ROW_EXPECT(row->what, ram[size] == 0x77 && device[size] == 0x33);
		/* All of it, and no more. */
		fill(ram, size, 4);
		fill(device, size, 5);
		ram[-1] = 0x77;
		device[-1] = device[size] = 0x11;
		dmk_unmap(&fake_dev, dma, size, row->dir, 0, DMK_MAP_PAGE);
		ROW_EXPECT(row->what, filled(ram, size, row->out ? 5 : 4));
		ROW_EXPECT(row->what, ram[-1] == 0x77 && ram[size] == 0x77);
		fake_stop();
	}
}

static void test_BNC_02_skip_sync_at_unmap(void **state)
{
	dmk_dma dma;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
	fill(fake_ram(HIGH(0)), 64, 1);
	dma = dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(0)), 64, DMK_FROM_DEVICE, 1 << 5, DMK_MAP_PAGE);
	fill(fake_device_ram(dma), 64, 2);
	dmk_unmap(&fake_dev, dma, 64, DMK_FROM_DEVICE, 1 << 5, DMK_MAP_PAGE);
	assert_true(filled(fake_ram(HIGH(0)), 64, 1));
	fake_stop();
}

static void test_BNC_02_slots_of_a_noncoherent_device_are_kept_in_step(void **state)
{
	struct fake_cache_op ops[8];
	uint64_t slot;
	dmk_dma dma;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .bus = FAKE_NONCOHERENT});
	fake_cache_ops(ops, 8);
	dma = dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(10)), 64, DMK_FROM_DEVICE, 1 << 5,
			   DMK_MAP_PAGE);
	slot = dma.v;
	assert_int_equal(fake_cache_ops(ops, 8), 1);
	assert_true(ops[0].op == FAKE_FLUSH && ops[0].phys == slot && ops[0].size == 64);
	dmk_sync_for_cpu(&fake_dev, dma, 64, DMK_FROM_DEVICE);
	assert_int_equal(fake_cache_ops(ops, 8), 1);
	assert_true(ops[0].op == FAKE_INVALIDATE && ops[0].phys == slot && ops[0].size == 64);
	dmk_sync_for_device(&fake_dev, dma, 64, DMK_FROM_DEVICE);
	assert_int_equal(fake_cache_ops(ops, 8), 0);
	dmk_unmap(&fake_dev, dma, 64, DMK_FROM_DEVICE, 0, DMK_MAP_PAGE);
	assert_int_equal(fake_cache_ops(ops, 8), 1);
	assert_true(ops[0].op == FAKE_INVALIDATE && ops[0].phys == slot);
	fake_stop();
}

static void test_BNC_02_no_view_of_high_memory_fails(void **state)
{
	struct dmk_bounce_stats stats;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .highmem = true});
	fake_fail_at(2);
	assert_true(
		dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(4000)), 200, DMK_TO_DEVICE, 0, DMK_MAP_PAGE)
			.v == ~0ULL);
	dmk_bounce_statistics(&fake_dev, &stats);
	assert_int_equal(stats.used, 0);
	fake_stop();
}

/* --- mistakes --------------------------------------------------------------------------------- */

static void test_STR_04_wrong_unmaps_do_no_harm(void **state)
{
	struct dmk_bounce_stats stats;
	uint8_t *ram;
	dmk_dma dma;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
	ram = fake_ram(HIGH(0));
	fill(ram, 8192, 1);
	dma = dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(0)), 5000, DMK_FROM_DEVICE, 0, DMK_MAP_PAGE);
	fill(fake_device_ram(dma), 5000, 2);
	/* Of nothing, of a part, of another device, of a free slot, of the error cookie. */
	dmk_unmap(&fake_dev, DMK_DMA(dma.v + 2048), 100, DMK_FROM_DEVICE, 0, DMK_MAP_PAGE);
	dmk_unmap(&fake_dev, DMK_DMA(dma.v + 1), 100, DMK_FROM_DEVICE, 0, DMK_MAP_PAGE);
	dmk_unmap(&fake_other, dma, 5000, DMK_FROM_DEVICE, 0, DMK_MAP_PAGE);
	dmk_unmap(&fake_dev, DMK_DMA(dma.v + 6144), 100, DMK_FROM_DEVICE, 0, DMK_MAP_PAGE);
	dmk_unmap(&fake_dev, DMK_MAPPING_ERROR, 100, DMK_FROM_DEVICE, 0, DMK_MAP_PAGE);
	dmk_sync_for_cpu(&fake_other, dma, 5000, DMK_FROM_DEVICE);
	dmk_sync_for_cpu(&fake_dev, DMK_DMA(dma.v + 6144), 100, DMK_FROM_DEVICE);
	dmk_sync_for_cpu(&fake_dev, dma, 0, DMK_FROM_DEVICE);
	dmk_sync_for_cpu(&fake_dev, dma, 5000, DMK_NONE);
	dmk_bounce_statistics(&fake_dev, &stats);
	assert_int_equal(stats.used, 3);
	assert_true(filled(ram, 8192, 1));
	/* With a wrong size: the mapping's own. Twice: once. */
	dmk_unmap(&fake_dev, dma, 1, DMK_FROM_DEVICE, 0, DMK_MAP_PAGE);
	assert_true(filled(ram, 5000, 2) && ram[5000] == (uint8_t)(1 + 5000 * 7));
	dmk_unmap(&fake_dev, dma, 5000, DMK_FROM_DEVICE, 0, DMK_MAP_PAGE);
	dmk_bounce_statistics(&fake_dev, &stats);
	assert_int_equal(stats.used, 0);
	/* What was sent only does not come back, whatever direction the unmap says. */
	fill(ram, 5000, 3);
	dma = dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(0)), 5000, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	fill(fake_device_ram(dma), 5000, 4);
	dmk_unmap(&fake_dev, dma, 5000, DMK_FROM_DEVICE, 0, DMK_MAP_PAGE);
	assert_true(filled(ram, 5000, 3));
	/* Too long, and past the window. */
	dma = dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(0)), 5000, DMK_FROM_DEVICE, 0, DMK_MAP_PAGE);
	dmk_unmap(&fake_dev, dma, SIZE_MAX, DMK_FROM_DEVICE, 0, DMK_MAP_PAGE);
	dmk_bounce_statistics(&fake_dev, &stats);
	assert_int_equal(stats.used, 0);
	fake_stop();
}

/* --- bounds ----------------------------------------------------------------------------------- */

static const struct bound_row {
	const char *what;
	uint64_t offset; /* above 4 GiB */
	size_t size;
	uint32_t min_align_mask;
	uint64_t boundary;
	enum dmk_reason reason;
} bound_rows[] = {
	{"the largest mapping", 0, SEGMENT, 0, 0, 0},
	{"the largest, at an odd place in the page", 1234, SEGMENT, 0, 0, 0},
	{"a byte more", 0, SEGMENT + 1, 0, 0, DMK_REASON_TOO_LARGE},
	{"the largest that keeps the page offset", 1234, SEGMENT - 4096, 4095, 0, 0},
	{"more than that", 0, SEGMENT - 4095, 4095, 0, DMK_REASON_TOO_LARGE},
	{"a wider alignment", 0x1f123, 4096, 0x1ffff, 0, 0},
	{"an alignment of 16 bytes", 0x1f12f, 4096, 15, 0, 0},
	{"no crossing of 4 KiB", 0, 4096, 0, 4095, 0},
	{"no crossing of 4 KiB, by leaving the offset", 100, 4096, 0, 4095, 0},
	{"a mapping that must cross 4 KiB", 100, 4096, 511, 4095, DMK_REASON_TOO_LARGE},
	{"the largest that need not", 511, 2048, 511, 4095, 0},
	{"no crossing of 256 KiB", 4096 * 3 + 77, SEGMENT, 0, SEGMENT - 1, 0},
	{"between boundaries of 512 bytes", 700, 512, 0, 511, 0},
	{"more than is between them", 0, 513, 0, 511, DMK_REASON_TOO_LARGE},
	{"nearly that, and aligned", 15, 512 - 15, 15, 511, 0},
	{"an alignment no mapping has", 0, 1, 0x7ffff, 0, DMK_REASON_TOO_LARGE},
};

static void test_BNC_03_MSK_08_bounds(void **state)
{
	for (size_t i = 0; i < sizeof(bound_rows) / sizeof(bound_rows[0]); i++) {
		const struct bound_row *row = &bound_rows[i];
		const uint64_t phys = HIGH(row->offset);
		dmk_dma dma;

		fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
		dmk_set_min_align_mask(&fake_dev, row->min_align_mask);
		if (row->boundary)
			dmk_set_segment_boundary(&fake_dev, row->boundary);
		ROW_EXPECT(row->what, (row->size <= dmk_max_mapping_size(&fake_dev)) ==
					      (row->reason != DMK_REASON_TOO_LARGE));
		fake_watch(true);
		dma = dmk_map_phys(&fake_dev, DMK_PHYS(phys), row->size, DMK_TO_DEVICE, 0,
				   DMK_MAP_PAGE);
		ROW_EXPECT(row->what, fake_last_event()->reason == row->reason);
		ROW_EXPECT(row->what, fake_last_event()->bounced == !row->reason);
		if (!row->reason) {
			ROW_EXPECT(row->what, !((dma.v ^ phys) & row->min_align_mask));
			ROW_EXPECT(row->what, !row->boundary || dma.v / (row->boundary + 1) ==
									(dma.v + row->size -
									 1) / (row->boundary + 1));
			ROW_EXPECT(row->what,
				   !memcmp(fake_device_ram(dma), fake_ram(phys), row->size));
			dmk_unmap(&fake_dev, dma, row->size, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
		}
		fake_stop();
	}
}

static void test_BNC_04_STR_05_full_and_room_again(void **state)
{
	struct dmk_bounce_stats stats;
	dmk_dma dma[256], more;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = NO_GROWTH});
	fake_log_count = 0;
	for (int i = 0; i < 256; i++) {
		dma[i] = dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(i * 2048)), 2048, DMK_TO_DEVICE, 0,
				      DMK_MAP_PAGE);
		assert_true(dma[i].v != ~0ULL);
	}
	fake_watch(true);
	for (int i = 0; i < 100; i++) {
		more = dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(0)), 1, DMK_TO_DEVICE, 0,
				    DMK_MAP_PAGE);
		assert_true(more.v == ~0ULL);
	}
	assert_int_equal(fake_last_event()->reason, DMK_REASON_NO_ROOM);
	assert_int_equal(fake_last_event()->result, -ENOMEM);
	assert_int_equal(fake_log_count, 7); /* 1, 2, 4 .. 64 */
	assert_non_null(strstr(fake_log, "256 of 256 slots used"));
	dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(0)), 1, DMK_TO_DEVICE, 1 << 8, DMK_MAP_PAGE);
	assert_int_equal(fake_log_count, 7);
	dmk_bounce_statistics(&fake_dev, &stats);
	assert_true(stats.used == 256 && stats.high_water == 256 && stats.refused == 101);
	/* Another device's memory, and what needs no bounce, go on. */
	assert_true(
		dmk_map_phys(&fake_other, DMK_PHYS(LOW(0)), 64, DMK_TO_DEVICE, 0, DMK_MAP_PAGE).v ==
		LOW(0));
	dmk_unmap(&fake_dev, dma[77], 2048, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	more = dmk_map_phys(&fake_other, DMK_PHYS(HIGH(2048 * 77)), 2048, DMK_TO_DEVICE, 0,
			    DMK_MAP_PAGE);
	assert_int_equal(more.v, dma[77].v);
	fake_stop();
}

/* --- a model ---------------------------------------------------------------------------------- */

enum { LIVE = 24 };

struct live {
	struct dmk_dev *dev;
	dmk_dma dma;
	uint64_t phys;
	size_t size;
	enum dmk_direction dir;
	uint8_t device[20000], cpu[20000]; /* what each side must see */
};

static size_t slots_of(const struct live *live)
{
	return ((live->dma.v & 2047) + live->size + 2047) / 2048;
}

static void expect_disjoint(const struct live *live, const struct live *all)
{
	for (size_t i = 0; i < LIVE; i++) {
		const struct live *other = &all[i];

		if (other != live && other->dev)
			assert_true((live->dma.v & ~2047ULL) >= other->dma.v + other->size ||
				    (other->dma.v & ~2047ULL) >= live->dma.v + live->size);
	}
}

static void model_map(uint64_t *seed, struct live *live, struct live *all, size_t index)
{
	live->size = 1 + fake_below(seed, fake_below(seed, 4) ? 3000 : sizeof(live->cpu));
	live->phys = HIGH(index * 65536 + fake_below(seed, 40000));
	live->dir = (enum dmk_direction)fake_below(seed, 3);
	live->dev = fake_below(seed, 2) ? &fake_dev : &fake_other;
	fill(fake_ram(live->phys), live->size, (unsigned int)fake_random(seed));
	memcpy(live->cpu, fake_ram(live->phys), live->size);
	memcpy(live->device, live->cpu, live->size);
	live->dma = dmk_map_phys(live->dev, DMK_PHYS(live->phys), live->size, live->dir, 1 << 8,
				 DMK_MAP_PAGE);
	if (live->dma.v == ~0ULL) {
		live->dev = NULL;
		return;
	}
	expect_disjoint(live, all);
	assert_true((live->dma.v & 4095) == (live->phys & 4095));
}

/* The device scribbles, and the CPU does: what the other side sees follows from syncs only. */
static void model_work(uint64_t *seed, struct live *live)
{
	const size_t at = fake_below(seed, live->size),
		     part = 1 + fake_below(seed, live->size - at);
	uint8_t *device = fake_device_ram(live->dma), *cpu = fake_ram(live->phys);

	switch (fake_below(seed, 4)) {
	case 0:
		fill(device + at, part, (unsigned int)fake_random(seed));
		memcpy(live->device + at, device + at, part);
		break;
	case 1:
		fill(cpu + at, part, (unsigned int)fake_random(seed));
		memcpy(live->cpu + at, cpu + at, part);
		break;
	case 2:
		dmk_sync_for_cpu(live->dev, DMK_DMA(live->dma.v + at), part, live->dir);
		if (live->dir != DMK_TO_DEVICE)
			memcpy(live->cpu + at, live->device + at, part);
		break;
	default:
		dmk_sync_for_device(live->dev, DMK_DMA(live->dma.v + at), part, live->dir);
		if (live->dir != DMK_FROM_DEVICE)
			memcpy(live->device + at, live->cpu + at, part);
		break;
	}
}

static void model_unmap(struct live *live)
{
	dmk_unmap(live->dev, live->dma, live->size, live->dir, 0, DMK_MAP_PAGE);
	assert_memory_equal(fake_ram(live->phys),
			    live->dir == DMK_TO_DEVICE ? live->cpu : live->device, live->size);
	live->dev = NULL;
}

static void test_BNC_02_BNC_03_against_a_model(void **state)
{
	static struct live all[LIVE];
	uint64_t seed = fake_seed();
	struct dmk_bounce_stats stats;

	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=128"});
	for (int step = 0; step < 40000; step++) {
		const size_t index = fake_below(&seed, LIVE);
		struct live *live = &all[index];
		size_t used = 0;

		if (!live->dev)
			model_map(&seed, live, all, index);
		else if (fake_below(&seed, 3))
			model_work(&seed, live);
		else
			model_unmap(live);
		if (live->dev) {
			assert_memory_equal(fake_device_ram(live->dma), live->device, live->size);
			assert_memory_equal(fake_ram(live->phys), live->cpu, live->size);
		}
		for (size_t i = 0; i < LIVE; i++)
			used += all[i].dev ? slots_of(&all[i]) : 0;
		dmk_bounce_statistics(&fake_dev, &stats);
		assert_int_equal(stats.used, used);
	}
	for (size_t i = 0; i < LIVE; i++) {
		if (all[i].dev)
			model_unmap(&all[i]);
	}
	dmk_bounce_statistics(&fake_dev, &stats);
	assert_int_equal(stats.used, 0);
	fake_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_BNC_01_parameter),
		cmocka_unit_test(test_BNC_01_who_watches_is_told_why),
		cmocka_unit_test(test_BNC_05_who_watches_is_told_of_a_region),
		cmocka_unit_test(test_BNC_04_who_watches_is_told_of_what_is_finite),
		cmocka_unit_test(test_BNC_01_smaller_when_memory_is_short),
		cmocka_unit_test(test_MSK_05_a_lower_pool_for_24_bits),
		cmocka_unit_test(test_BNC_02_bytes),
		cmocka_unit_test(test_BNC_02_skip_sync_at_unmap),
		cmocka_unit_test(test_BNC_02_slots_of_a_noncoherent_device_are_kept_in_step),
		cmocka_unit_test(test_BNC_02_no_view_of_high_memory_fails),
		cmocka_unit_test(test_STR_04_wrong_unmaps_do_no_harm),
		cmocka_unit_test(test_BNC_03_MSK_08_bounds),
		cmocka_unit_test(test_BNC_04_STR_05_full_and_room_again),
		cmocka_unit_test(test_BNC_02_BNC_03_against_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
