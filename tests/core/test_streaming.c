/* SPDX-License-Identifier: MIT */
/*
 * Masks, windows and streaming mappings without bouncing.
 */
#include "unit.h"

#include <dmakit/fail.h>
#include <linux/scatterlist.h>

/* --- masks ------------------------------------------------------------------------------------ */

static void test_MSK_01_new_device_has_32_bits(void **state)
{
	fake_start(&(struct fake_options){0});
	assert_int_equal(*fake_dev.dma_mask, 0xffffffff);
	assert_int_equal(fake_dev.coherent_dma_mask, 0xffffffff);
	fake_stop();
}

static const struct mask_row {
	const char *what;
	enum fake_bus bus;
	uint64_t mask;
	int result;
} mask_rows[] = {
	{"64 bits reach all", FAKE_IDENTITY, ~0ULL, 0},
	{"48 bits", FAKE_IDENTITY, (1ULL << 48) - 1, 0},
	{"40 bits", FAKE_IDENTITY, (1ULL << 40) - 1, 0},
	{"36 bits", FAKE_IDENTITY, (1ULL << 36) - 1, 0},
	{"32 bits", FAKE_IDENTITY, 0xffffffff, 0},
	{"30 bits", FAKE_IDENTITY, 0x3fffffff, 0},
	{"28 bits", FAKE_IDENTITY, 0xfffffff, 0},
	{"24 bits reach the first 16 MiB", FAKE_IDENTITY, 0xffffff, 0},
	{"16 bits reach no RAM here", FAKE_IDENTITY, 0xffff, -EIO},
	{"the first page of RAM is enough", FAKE_IDENTITY, FAKE_LOW + 4095, 0},
	{"less than a page is not", FAKE_IDENTITY, FAKE_LOW + 4094, -EIO},
	{"a mask of nothing", FAKE_IDENTITY, 0, -EIO},
	{"32 bits reach a window at 2 GiB", FAKE_OFFSET, 0xffffffff, 0},
	{"30 bits don't", FAKE_OFFSET, 0x3fffffff, -EIO},
};

static void test_MSK_02_MSK_05_masks(void **state)
{
	for (size_t i = 0; i < sizeof(mask_rows) / sizeof(mask_rows[0]); i++) {
		const struct mask_row *row = &mask_rows[i];

		fake_start(&(struct fake_options){.bus = row->bus});
		ROW_EXPECT(row->what,
			   dmk_set_mask(&fake_dev, row->mask, true, true) == row->result);
		ROW_EXPECT(row->what, *fake_dev.dma_mask == (row->result ? 0xffffffff : row->mask));
		ROW_EXPECT(row->what,
			   fake_dev.coherent_dma_mask == (row->result ? 0xffffffff : row->mask));
		ROW_EXPECT(row->what, fake_dev.streaming_refused == !!row->result);
		ROW_EXPECT(row->what, fake_dev.coherent_refused == !!row->result);
		fake_stop();
	}
}

static void test_MSK_03_success_after_refusal_forgets_it(void **state)
{
	fake_start(&(struct fake_options){0});
	assert_int_equal(dmk_set_mask(&fake_dev, 0xff, true, false), -EIO);
	assert_true(fake_dev.streaming_refused && !fake_dev.coherent_refused);
	assert_int_equal(dmk_set_mask(&fake_dev, 0xffffff, true, false), 0);
	assert_false(fake_dev.streaming_refused);
	dmk_set_mask(&fake_dev, 0xff, false, true);
	dmk_dev_unbound(&fake_dev);
	assert_false(fake_dev.coherent_refused);
	assert_int_equal(*fake_dev.dma_mask, 0xffffffff);
	fake_stop();
}

static void test_MSK_04_each_mask_by_itself(void **state)
{
	fake_start(&(struct fake_options){0});
	assert_int_equal(dmk_set_mask(&fake_dev, ~0ULL, true, false), 0);
	assert_int_equal(fake_dev.coherent_dma_mask, 0xffffffff);
	assert_int_equal(dmk_set_mask(&fake_dev, 0xffffff, false, true), 0);
	assert_true(*fake_dev.dma_mask == ~0ULL);
	/* The driver may keep both in one place. */
	fake_dev.dma_mask = &fake_dev.coherent_dma_mask;
	assert_int_equal(dmk_set_mask(&fake_dev, 0xfffffff, true, true), 0);
	assert_int_equal(*fake_dev.dma_mask, 0xfffffff);
	fake_dev.dma_mask = NULL;
	assert_int_equal(dmk_set_mask(&fake_dev, 0xfffffff, true, false), -EIO);
	assert_int_equal(dmk_set_mask(NULL, 0xfffffff, true, false), -EIO);
	fake_stop();
}

static void test_MSK_07_questions(void **state)
{
	fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE});
	assert_int_equal(dmk_get_required_mask(&fake_dev), 0x1ffffffffULL);
	assert_true(dmk_addressing_limited(&fake_dev));
	assert_int_equal(dmk_max_mapping_size(&fake_dev), 256 << 10);
	assert_int_equal(dmk_set_min_align_mask(&fake_dev, 4095), 0);
	assert_int_equal(dmk_max_mapping_size(&fake_dev), (256 << 10) - 4096);
	dmk_set_mask(&fake_dev, ~0ULL, true, true);
	assert_false(dmk_addressing_limited(&fake_dev));
	assert_true(dmk_max_mapping_size(&fake_dev) == SIZE_MAX);
	assert_true(dmk_opt_mapping_size(&fake_dev) == SIZE_MAX);
	assert_int_equal(dmk_merge_boundary(&fake_dev), 0);
	assert_int_equal(dmk_cache_alignment(), 1);
	assert_false(dmk_need_sync(&fake_dev, DMK_DMA(LOW(0))));
	fake_dev.bus_dma_limit = 0xffffffff;
	assert_true(dmk_addressing_limited(&fake_dev));
	fake_stop();
	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	assert_int_equal(dmk_cache_alignment(), 64);
	assert_true(dmk_need_sync(&fake_dev, DMK_DMA(LOW(0))));
	fake_stop();
}

static void test_MSK_08_limits_are_kept(void **state)
{
	fake_start(&(struct fake_options){0});
	fake_watch(true);
	assert_int_equal(dmk_set_max_segment_size(&fake_dev, 4096), 0);
	assert_int_equal(fake_last_event()->kind, DMK_EVENT_SET_LIMIT);
	assert_int_equal(fake_dev.max_segment_size, 4096);
	assert_int_equal(dmk_set_segment_boundary(&fake_dev, 0xffff), 0);
	assert_int_equal(dmk_set_segment_boundary(&fake_dev, 0xfffe), -EINVAL);
	assert_int_equal(fake_last_event()->result, -EINVAL);
	assert_int_equal(fake_dev.segment_boundary, 0xffff);
	assert_int_equal(dmk_set_min_align_mask(&fake_dev, 5), -EINVAL);
	assert_int_equal(dmk_set_max_segment_size(NULL, 4096), -EIO);
	dmk_dev_unbound(&fake_dev);
	assert_int_equal(fake_dev.segment_boundary, 0);
	fake_stop();
}

/* --- mapping ---------------------------------------------------------------------------------- */

enum by { BY_CPU, BY_PHYS, BY_RESOURCE, BY_MMIO, BY_PAGE_MMIO, BY_CPU_MMIO };

static const struct map_row {
	const char *what;
	enum fake_bus bus;
	enum by by;
	uint64_t phys;
	size_t size;
	int dir;
	enum dmk_reason reason;
	uint64_t dma;
	uint64_t mask; /* 0: 64 bits */
	uint64_t bus_limit;
} map_rows[] = {
	{"memory by its address", FAKE_IDENTITY, BY_CPU, LOW(0x123), 100, DMK_TO_DEVICE, 0,
	 LOW(0x123)},
	{"memory by its page", FAKE_IDENTITY, BY_PHYS, LOW(0x123), 100, DMK_FROM_DEVICE, 0,
	 LOW(0x123)},
	{"one byte, the last", FAKE_IDENTITY, BY_PHYS, LOW(FAKE_LOW_SIZE - 1), 1, DMK_BIDIRECTIONAL,
	 0, LOW(FAKE_LOW_SIZE - 1)},
	{"memory above 4 GiB, 64 bits", FAKE_IDENTITY, BY_CPU, HIGH(0), 4096, DMK_TO_DEVICE, 0,
	 HIGH(0)},
	{"memory above 4 GiB, 32 bits", FAKE_IDENTITY, BY_CPU, HIGH(0), 4096, DMK_TO_DEVICE,
	 DMK_REASON_UNREACHABLE, 0, 0xffffffff},
	{"up to the mask", FAKE_IDENTITY, BY_PHYS, LOW(0), 0x1000, DMK_TO_DEVICE, 0, LOW(0),
	 LOW(0xfff)},
	{"one byte over the mask", FAKE_IDENTITY, BY_PHYS, LOW(0), 0x1001, DMK_TO_DEVICE,
	 DMK_REASON_UNREACHABLE, 0, LOW(0xfff)},
	{"one byte over the bus's limit", FAKE_IDENTITY, BY_PHYS, LOW(0), 0x1001, DMK_TO_DEVICE,
	 DMK_REASON_UNREACHABLE, 0, 0, LOW(0xfff)},
	{"a window moves it", FAKE_OFFSET, BY_CPU, LOW(0x2000), 64, DMK_TO_DEVICE, 0, 0x80002000},
	{"up to the window's end", FAKE_OFFSET, BY_PHYS, LOW(0x3ff000), 0x1000, DMK_TO_DEVICE, 0,
	 0x803ff000},
	{"one byte over the window's end", FAKE_OFFSET, BY_PHYS, LOW(0x3ff001), 0x1000,
	 DMK_TO_DEVICE, DMK_REASON_UNREACHABLE},
	{"behind no window", FAKE_OFFSET, BY_PHYS, LOW(0x500000), 64, DMK_TO_DEVICE,
	 DMK_REASON_UNREACHABLE},
	{"no bytes, by address", FAKE_IDENTITY, BY_CPU, LOW(0), 0, DMK_TO_DEVICE,
	 DMK_REASON_BAD_SIZE},
	{"no bytes, by page", FAKE_IDENTITY, BY_PHYS, LOW(0), 0, DMK_TO_DEVICE,
	 DMK_REASON_BAD_SIZE},
	{"a size that wraps, by address", FAKE_IDENTITY, BY_CPU, LOW(0), SIZE_MAX, DMK_TO_DEVICE,
	 DMK_REASON_BAD_SIZE},
	{"a size that wraps, by page", FAKE_IDENTITY, BY_PHYS, LOW(0), SIZE_MAX, DMK_TO_DEVICE,
	 DMK_REASON_BAD_SIZE},
	{"outside RAM, by address", FAKE_IDENTITY, BY_CPU, LOW(FAKE_LOW_SIZE), 1, DMK_TO_DEVICE,
	 DMK_REASON_BAD_ADDRESS},
	{"outside RAM, by page", FAKE_IDENTITY, BY_PHYS, LOW(FAKE_LOW_SIZE), 1, DMK_TO_DEVICE,
	 DMK_REASON_NOT_RAM},
	{"over the end of RAM", FAKE_IDENTITY, BY_PHYS, LOW(FAKE_LOW_SIZE - 1), 2, DMK_TO_DEVICE,
	 DMK_REASON_NOT_RAM},
	{"no direction", FAKE_IDENTITY, BY_CPU, LOW(0), 64, DMK_NONE, DMK_REASON_BAD_DIRECTION},
	{"direction 4", FAKE_IDENTITY, BY_PHYS, LOW(0), 64, 4, DMK_REASON_BAD_DIRECTION},
	{"direction -1", FAKE_IDENTITY, BY_PHYS, LOW(0), 64, -1, DMK_REASON_BAD_DIRECTION},
	{"another device's registers", FAKE_IDENTITY, BY_RESOURCE, 0xfe000000, 64, DMK_TO_DEVICE, 0,
	 0xfe000000},
	{"the same by dma_map_phys", FAKE_IDENTITY, BY_MMIO, 0xfe000000, 64, DMK_TO_DEVICE, 0,
	 0xfe000000},
	{"RAM as a register by dma_map_phys", FAKE_IDENTITY, BY_MMIO, LOW(0), 64, DMK_TO_DEVICE,
	 DMK_REASON_BAD_ADDRESS},
	{"registers by their page", FAKE_IDENTITY, BY_PAGE_MMIO, LOW(0), 64, DMK_TO_DEVICE,
	 DMK_REASON_BAD_ARGUMENT},
	{"registers by an address of memory", FAKE_IDENTITY, BY_CPU_MMIO, LOW(0), 64, DMK_TO_DEVICE,
	 DMK_REASON_BAD_ARGUMENT},
	{"RAM as a register", FAKE_IDENTITY, BY_RESOURCE, LOW(0), 64, DMK_TO_DEVICE,
	 DMK_REASON_BAD_ADDRESS},
	{"registers the device can't reach", FAKE_OFFSET, BY_RESOURCE, 0xfe000000, 64,
	 DMK_TO_DEVICE, DMK_REASON_UNREACHABLE},
};

static const int result_of[] = {
	[DMK_REASON_UNREACHABLE] = -EIO,      [DMK_REASON_BAD_SIZE] = -EINVAL,
	[DMK_REASON_BAD_ADDRESS] = -EINVAL,   [DMK_REASON_NOT_RAM] = -EINVAL,
	[DMK_REASON_BAD_DIRECTION] = -EINVAL, [DMK_REASON_BAD_ARGUMENT] = -EINVAL,
};

static dmk_dma map_row(const struct map_row *row)
{
	const unsigned long attrs = row->by >= BY_MMIO ? 1 << 10 : 0;

	if (row->by == BY_CPU || row->by == BY_CPU_MMIO)
		return dmk_map_cpu(&fake_dev, fake_ram(row->phys), row->size,
				   (enum dmk_direction)row->dir, attrs);
	return dmk_map_phys(&fake_dev, DMK_PHYS(row->phys), row->size, (enum dmk_direction)row->dir,
			    attrs,
			    row->by == BY_RESOURCE ? DMK_MAP_RESOURCE
			    : row->by == BY_MMIO   ? DMK_MAP_PHYS
						   : DMK_MAP_PAGE);
}

static void test_STR_01_STR_02_STR_11_DIR_01_MSK_06_ADR_02_maps(void **state)
{
	for (size_t i = 0; i < sizeof(map_rows) / sizeof(map_rows[0]); i++) {
		const struct map_row *row = &map_rows[i];
		dmk_dma dma;

		fake_start(&(struct fake_options){.bus = row->bus});
		*fake_dev.dma_mask = row->mask ? row->mask : ~0ULL;
		fake_dev.bus_dma_limit = row->bus_limit;
		fake_watch(true);
		dma = map_row(row);
		ROW_EXPECT(row->what, dma.v == (row->reason ? ~0ULL : row->dma));
		ROW_EXPECT(row->what, fake_nr_events == 1);
		ROW_EXPECT(row->what, fake_last_event()->kind ==
					      (row->reason ? DMK_EVENT_MAP_FAILED : DMK_EVENT_MAP));
		ROW_EXPECT(row->what, fake_last_event()->reason == row->reason);
		ROW_EXPECT(row->what,
			   fake_last_event()->result == (row->reason ? result_of[row->reason] : 0));
		ROW_EXPECT(row->what, !row->reason == !dmk_mapping_error(&fake_dev, dma));
		ROW_EXPECT(row->what, !fake_last_event()->bounced);
		/* Whatever it was, to unmap it does no harm. */
		dmk_unmap(&fake_dev, dma, row->size, (enum dmk_direction)row->dir, 0, DMK_MAP_PAGE);
		fake_stop();
	}
}

static const struct coherent_row {
	const char *what;
	enum fake_bus bus;
	uint64_t mask, phys;
	bool bounce, reached;
} coherent_rows[] = {
	{"memory that the device shares as it is", FAKE_IDENTITY, ~0ULL, LOW(0), false, true},
	{"caches are not in step", FAKE_NONCOHERENT, ~0ULL, LOW(0), false, false},
	{"out of reach", FAKE_IDENTITY, 0xffffffff, HIGH(0), false, false},
	{"out of reach, and it could be bounced", FAKE_IDENTITY, 0xffffffff, HIGH(0), true, false},
};

/* DMA_ATTR_REQUIRE_COHERENT: as it is, or not at all. */
static void test_STR_01_memory_that_has_to_be_shared_as_it_is(void **state)
{
	for (size_t i = 0; i < sizeof(coherent_rows) / sizeof(coherent_rows[0]); i++) {
		const struct coherent_row *row = &coherent_rows[i];
		dmk_dma dma;

		fake_start(&(struct fake_options){.bus = row->bus,
						  .caps = row->bounce ? DMK_CAP_BOUNCE : 0});
		*fake_dev.dma_mask = row->mask;
		dma = dmk_map_phys(&fake_dev, DMK_PHYS(row->phys), 64, DMK_FROM_DEVICE, 1 << 12,
				   DMK_MAP_PHYS);
		ROW_EXPECT(row->what, dma.v == (row->reached ? row->phys : ~0ULL));
		dmk_unmap(&fake_dev, dma, 64, DMK_FROM_DEVICE, 1 << 12, DMK_MAP_PHYS);
		fake_stop();
	}
}

static void test_MEM_02_MEM_03_MEM_04_odd_addresses(void **state)
{
	static const enum dmk_address_kind kinds[] = {DMK_ADDRESS_VMALLOC, DMK_ADDRESS_STACK,
						      DMK_ADDRESS_IMAGE,   DMK_ADDRESS_KMAP,
						      DMK_ADDRESS_IOMEM,   DMK_ADDRESS_UNKNOWN};
	char odd[8];

	fake_start(&(struct fake_options){0});
	fake_watch(true);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		fake_classify_as(odd, kinds[i]);
		assert_true(dmk_map_cpu(&fake_dev, odd, 8, DMK_TO_DEVICE, 0).v == ~0ULL);
		assert_int_equal(fake_last_event()->reason, DMK_REASON_BAD_ADDRESS);
		assert_int_equal(fake_last_event()->address_kind, kinds[i]);
		assert_ptr_equal(fake_last_event()->cpu, odd);
	}
	assert_true(dmk_map_cpu(&fake_dev, NULL, 8, DMK_TO_DEVICE, 0).v == ~0ULL);
	fake_stop();
}

static void test_STR_02_no_device(void **state)
{
	struct dmk_dev no_bus;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	dmk_dev_init(&no_bus, "no bus", NULL, NULL);
	fake_watch(true);
	assert_true(dmk_map_cpu(NULL, fake_ram(LOW(0)), 8, DMK_TO_DEVICE, 0).v == ~0ULL);
	assert_int_equal(fake_last_event()->reason, DMK_REASON_BAD_DEVICE);
	assert_true(dmk_map_phys(&no_bus, DMK_PHYS(LOW(0)), 8, DMK_TO_DEVICE, 0, DMK_MAP_PAGE).v ==
		    ~0ULL);
	fake_dev.dma_mask = NULL;
	assert_true(
		dmk_map_phys(&fake_dev, DMK_PHYS(LOW(0)), 8, DMK_TO_DEVICE, 0, DMK_MAP_PAGE).v ==
		~0ULL);
	dmk_unmap(NULL, DMK_DMA(LOW(0)), 8, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	dmk_unmap(&no_bus, DMK_DMA(LOW(0)), 8, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	dmk_sync_for_cpu(NULL, DMK_DMA(LOW(0)), 8, DMK_FROM_DEVICE);
	dmk_sync_for_device(&no_bus, DMK_DMA(LOW(0)), 8, DMK_FROM_DEVICE);
	assert_int_equal(dmk_mapping_error(NULL, DMK_DMA(0)), 0);
	assert_int_equal(dmk_mapping_error(NULL, DMK_MAPPING_ERROR), -ENOMEM);
	fake_stop();
}

/* --- caches ----------------------------------------------------------------------------------- */

static const struct cache_row {
	const char *what;
	enum dmk_direction dir;
	enum fake_cache map, for_cpu, for_device, unmap; /* 0: nothing */
} cache_rows[] = {
	{"to the device: written out", DMK_TO_DEVICE, FAKE_CLEAN, 0, FAKE_CLEAN, 0},
	{"from the device: forgotten", DMK_FROM_DEVICE, FAKE_FLUSH, FAKE_INVALIDATE, FAKE_FLUSH,
	 FAKE_INVALIDATE},
	{"both", DMK_BIDIRECTIONAL, FAKE_FLUSH, FAKE_INVALIDATE, FAKE_FLUSH, FAKE_INVALIDATE},
};

static bool only_op(enum fake_cache op, uint64_t phys, size_t size)
{
	struct fake_cache_op ops[4];
	size_t n = fake_cache_ops(ops, 4);

	if (!op)
		return n == 0;
	return n == 1 && ops[0].op == op && ops[0].phys == phys && ops[0].size == size;
}

static void test_SYN_02_caches_follow(void **state)
{
	for (size_t i = 0; i < sizeof(cache_rows) / sizeof(cache_rows[0]); i++) {
		const struct cache_row *row = &cache_rows[i];
		dmk_dma dma;

		fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
		only_op(0, 0, 0); /* what the start did */
		dma = dmk_map_cpu(&fake_dev, fake_ram(LOW(64)), 100, row->dir, 0);
		ROW_EXPECT(row->what, only_op(row->map, LOW(64), 100));
		dmk_sync_for_cpu(&fake_dev, DMK_DMA(dma.v + 4), 8, row->dir);
		ROW_EXPECT(row->what, only_op(row->for_cpu, LOW(68), 8));
		dmk_sync_for_device(&fake_dev, DMK_DMA(dma.v + 4), 8, row->dir);
		ROW_EXPECT(row->what, only_op(row->for_device, LOW(68), 8));
		dmk_unmap(&fake_dev, dma, 100, row->dir, 0, DMK_MAP_SINGLE);
		ROW_EXPECT(row->what, only_op(row->unmap, LOW(64), 100));
		/* The driver does it itself. */
		dma = dmk_map_cpu(&fake_dev, fake_ram(LOW(64)), 100, row->dir, 1 << 5);
		dmk_unmap(&fake_dev, dma, 100, row->dir, 1 << 5, DMK_MAP_SINGLE);
		ROW_EXPECT(row->what, only_op(0, 0, 0));
		fake_stop();
	}
}

/* What nobody was lent is not thrown away: it is written back. */
static void test_STR_04_SYN_04_wrong_unmaps_and_syncs_lose_no_byte(void **state)
{
	dmk_dma dma;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	only_op(0, 0, 0);
	dmk_unmap(&fake_dev, DMK_DMA(LOW(64)), 64, DMK_FROM_DEVICE, 0, DMK_MAP_SINGLE);
	assert_true(only_op(FAKE_FLUSH, LOW(64), 64));
	dmk_sync_for_cpu(&fake_dev, DMK_DMA(LOW(64)), 64, DMK_FROM_DEVICE);
	assert_true(only_op(FAKE_FLUSH, LOW(64), 64));

	dma = dmk_map_cpu(&fake_dev, fake_ram(LOW(64)), 8192, DMK_FROM_DEVICE, 0);
	only_op(0, 0, 0);
	dmk_sync_for_cpu(&fake_dev, DMK_DMA(dma.v + 5000), 100, DMK_FROM_DEVICE);
	assert_true(only_op(FAKE_INVALIDATE, LOW(5064), 100));
	dmk_sync_for_cpu(&fake_dev, DMK_DMA(dma.v + 5000), 4096, DMK_FROM_DEVICE);
	assert_true(only_op(FAKE_FLUSH, LOW(5064), 4096)); /* beyond its end */
	dmk_sync_for_cpu(&fake_other, dma, 100, DMK_FROM_DEVICE);
	assert_true(only_op(FAKE_FLUSH, LOW(64), 100));
	dmk_unmap(&fake_other, dma, 8192, DMK_FROM_DEVICE, 0, DMK_MAP_SINGLE);
	assert_true(only_op(FAKE_FLUSH, LOW(64), 8192));
	dmk_unmap(&fake_dev, dma, 8192, DMK_FROM_DEVICE, 0, DMK_MAP_SINGLE);
	assert_true(only_op(FAKE_INVALIDATE, LOW(64), 8192));
	dmk_unmap(&fake_dev, dma, 8192, DMK_FROM_DEVICE, 0, DMK_MAP_SINGLE);
	assert_true(only_op(FAKE_FLUSH, LOW(64), 8192));
	fake_stop();
}

/* Two mappings of one address are two; each unmap takes its own. */
static void test_STR_04_mappings_of_one_address_are_told_apart(void **state)
{
	const struct dmk_bus *bus;
	dmk_dma dma;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	bus = fake_dev.bus;
	dma = dmk_map_cpu(&fake_dev, fake_ram(LOW(0)), 64, DMK_FROM_DEVICE, 0);
	dmk_map_cpu(&fake_dev, fake_ram(LOW(0)), 256, DMK_FROM_DEVICE, 0);
	only_op(0, 0, 0);
	dmk_unmap(&fake_dev, dma, 64, DMK_FROM_DEVICE, 0, DMK_MAP_SINGLE);
	assert_true(only_op(FAKE_INVALIDATE, LOW(0), 64));
	dmk_unmap(&fake_dev, dma, 256, DMK_FROM_DEVICE, 0, DMK_MAP_SINGLE);
	assert_true(only_op(FAKE_INVALIDATE, LOW(0), 256));
	dmk_map_cpu(&fake_dev, fake_ram(LOW(0)), 64, DMK_FROM_DEVICE, 0);
	dmk_dev_exit(&fake_dev); /* gone with what it had: the next one at its place has nothing */
	dmk_dev_init(&fake_dev, "next", bus, NULL);
	only_op(0, 0, 0);
	dmk_unmap(&fake_dev, dma, 64, DMK_FROM_DEVICE, 0, DMK_MAP_SINGLE);
	assert_true(only_op(FAKE_FLUSH, LOW(0), 64));
	fake_stop();
}

/* Without memory for a record a mapping is made all the same. */
static void test_STR_01_a_mapping_needs_no_memory(void **state)
{
	dmk_dma dma;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	fake_fail_at(1);
	dma = dmk_map_cpu(&fake_dev, fake_ram(LOW(0)), 64, DMK_FROM_DEVICE, 0);
	assert_true(dma.v == LOW(0));
	only_op(0, 0, 0);
	dmk_unmap(&fake_dev, dma, 64, DMK_FROM_DEVICE, 0, DMK_MAP_SINGLE);
	assert_true(only_op(FAKE_FLUSH, LOW(0), 64));
	fake_stop();
}

static void test_STR_04_made_up_unmaps_leave_caches_alone(void **state)
{
	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	only_op(0, 0, 0);
	dmk_unmap(&fake_dev, DMK_MAPPING_ERROR, 64, DMK_FROM_DEVICE, 0, DMK_MAP_SINGLE);
	dmk_unmap(&fake_dev, DMK_DMA(0x500), 64, DMK_FROM_DEVICE, 0, DMK_MAP_SINGLE);
	dmk_unmap(&fake_dev, DMK_DMA(LOW(0)), SIZE_MAX, DMK_FROM_DEVICE, 0, DMK_MAP_SINGLE);
	dmk_unmap(&fake_dev, DMK_DMA(LOW(0)), 0, DMK_FROM_DEVICE, 0, DMK_MAP_SINGLE);
	dmk_unmap(&fake_dev, DMK_DMA(LOW(0)), 64, DMK_NONE, 0, DMK_MAP_SINGLE);
	dmk_sync_for_cpu(&fake_dev, DMK_DMA(LOW(FAKE_LOW_SIZE - 8)), 16, DMK_FROM_DEVICE);
	dmk_sync_for_device(&fake_dev, DMK_DMA(LOW(0)), 64, (enum dmk_direction)9);
	assert_true(only_op(0, 0, 0));
	fake_stop();
}

static void test_STR_01_registers_are_not_cached(void **state)
{
	dmk_dma dma;

	fake_start(&(struct fake_options){.bus = FAKE_NONCOHERENT});
	only_op(0, 0, 0);
	dma = dmk_map_phys(&fake_dev, DMK_PHYS(0xfe000000), 64, DMK_FROM_DEVICE, 0,
			   DMK_MAP_RESOURCE);
	assert_int_equal(dma.v, 0xfe000000);
	dmk_unmap(&fake_dev, dma, 64, DMK_FROM_DEVICE, 0, DMK_MAP_RESOURCE);
	assert_true(only_op(0, 0, 0));
	fake_stop();
}

/* --- events ----------------------------------------------------------------------------------- */

static noinline const void *here(void)
{
	__asm__ volatile(""); /* two calls are two */
	return __builtin_return_address(0);
}

static void test_CHK_03_events_say_where(void **state)
{
	const char *before, *after;
	dmk_dma dma;

	fake_start(&(struct fake_options){0});
	fake_watch(true);
	before = here();
	dma = dmk_map_cpu(&fake_dev, fake_ram(LOW(8)), 16, DMK_TO_DEVICE, 1 << 8);
	dmk_unmap(&fake_dev, dma, 16, DMK_TO_DEVICE, 1 << 8, DMK_MAP_SINGLE);
	dmk_sync_for_cpu(&fake_dev, dma, 16, DMK_TO_DEVICE);
	dmk_sync_for_device(&fake_dev, dma, 16, DMK_TO_DEVICE);
	dmk_set_segment_boundary(&fake_dev, 0xffff);
	dmk_set_mask(&fake_dev, ~0ULL, true, false);
	dmk_mapping_error(&fake_dev, dma);
	after = here();
	assert_int_equal(fake_nr_events, 7);
	for (size_t i = 0; i < fake_nr_events; i++) {
		assert_true((const char *)fake_events[i].caller > before &&
			    (const char *)fake_events[i].caller < after);
		assert_non_null(fake_events[i].frame);
		assert_ptr_equal(fake_events[i].dev, &fake_dev);
	}
	assert_int_equal(fake_events[0].kind, DMK_EVENT_MAP);
	assert_int_equal(fake_events[0].phys.v, LOW(8));
	assert_int_equal(fake_events[0].size, 16);
	assert_int_equal(fake_events[0].attrs, 1 << 8);
	assert_int_equal(fake_events[1].kind, DMK_EVENT_UNMAP);
	assert_int_equal(fake_events[2].kind, DMK_EVENT_SYNC_FOR_CPU);
	assert_int_equal(fake_events[3].kind, DMK_EVENT_SYNC_FOR_DEVICE);
	assert_int_equal(fake_events[6].kind, DMK_EVENT_MAPPING_ERROR);
	fake_interrupt = true;
	dmk_map_cpu(&fake_dev, fake_ram(LOW(8)), 16, DMK_TO_DEVICE, 0);
	fake_interrupt = false;
	assert_true(fake_last_event()->interrupt);
	fake_stop();
}

/* --- the log ---------------------------------------------------------------------------------- */

static void test_STR_02_refusals_are_said_seldom(void **state)
{
	unsigned int said;

	fake_start(&(struct fake_options){.highmem = true});
	for (int i = 0; i < 1000; i++)
		dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(0)), 16, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	said = fake_log_count;
	assert_true(said >= 1 && said <= 12);
	assert_non_null(strstr(fake_log, "0x100000000"));
	for (int i = 0; i < 5000; i++)
		dmk_map_phys(&fake_dev, DMK_PHYS(HIGH(0)), 16, DMK_TO_DEVICE, 1 << 8, DMK_MAP_PAGE);
	assert_int_equal(fake_log_count, said);
	fake_stop();
}

/* --- failing on purpose ----------------------------------------------------------------------- */

struct refuser {
	enum dmk_fail_kind kind;
	unsigned int asked, refused;
	const void *caller;
};

static bool refuse_one_kind(void *ctx, enum dmk_fail_kind kind, const void *caller)
{
	struct refuser *refuser = ctx;

	refuser->asked++;
	refuser->caller = caller;
	refuser->refused += kind == refuser->kind;
	return kind == refuser->kind;
}

/*
 * Every call of the core that can fail; each of them, when it succeeds, is undone. @failed has a
 * bit for each.
 */
static unsigned int call_all(void)
{
	struct scatterlist sg;
	unsigned int failed = 0;
	struct dmk_pool *pool;
	dmk_dma dma;
	void *cpu;

	dma = dmk_map_cpu(&fake_dev, fake_ram(LOW(0)), 16, DMK_TO_DEVICE, 0);
	failed |= (dma.v == ~0ULL) << 0;
	dma = dmk_map_phys(&fake_dev, DMK_PHYS(LOW(0)), 16, DMK_TO_DEVICE, 0, DMK_MAP_PHYS);
	failed |= (dma.v == ~0ULL) << 1;
	sg_init_table(&sg, 1);
	sg_set_page(&sg, pfn_to_page(LOW(0) >> DMK_PAGE_SHIFT), 16, 0);
	failed |= (dmk_map_sg(&fake_dev, &sg, 1, DMK_TO_DEVICE, 0) == -ENOMEM) << 2;
	cpu = dmk_alloc(&fake_dev, 64, &dma, 0, 0);
	failed |= !cpu << 3;
	dmk_free(&fake_dev, 64, cpu, dma, 0);
	pool = dmk_pool_create("one", &fake_dev, 64, 64, 0, false);
	failed |= !pool << 4;
	dmk_pool_destroy(pool);
	failed |= (dmk_set_mask(&fake_dev, 0xffffffff, true, true) == -EIO) << 5;
	return failed;
}

static void test_STR_12_each_call_of_the_core_can_be_made_to_fail(void **state)
{
	static const struct {
		const char *what;
		enum dmk_fail_kind kind;
		unsigned int failed, times;
	} rows[] = {
		{"mappings", DMK_FAIL_MAP, 7, 3},
		{"consistent memory", DMK_FAIL_ALLOC, 8, 1},
		{"pools", DMK_FAIL_POOL, 16, 1},
		{"masks", DMK_FAIL_MASK, 32, 1},
		{"what the core has not", DMK_FAIL_IRQ, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct refuser refuser = {rows[i].kind};
		const struct dmk_failer failer = {refuse_one_kind, &refuser};

		fake_start(&(struct fake_options){0});
		dmk_fail_with(&failer);
		ROW_EXPECT(rows[i].what, call_all() == rows[i].failed);
		ROW_EXPECT(rows[i].what, refuser.refused == rows[i].times);
		ROW_EXPECT(rows[i].what, refuser.asked == 6);
		dmk_fail_with(NULL);
		ROW_EXPECT(rows[i].what, call_all() == 0);
		ROW_EXPECT(rows[i].what, refuser.asked == 6);
		fake_stop();
	}
}

static void test_STR_12_a_block_of_a_pool_can_be_made_to_fail(void **state)
{
	struct refuser refuser = {DMK_FAIL_POOL};
	const struct dmk_failer failer = {refuse_one_kind, &refuser};
	struct dmk_pool *pool;
	dmk_dma dma;
	void *block;

	fake_start(&(struct fake_options){0});
	pool = dmk_pool_create("one", &fake_dev, 64, 64, 0, false);
	dmk_fail_with(&failer);
	assert_null(dmk_pool_alloc(pool, 0, false, &dma));
	dmk_fail_with(NULL);
	block = dmk_pool_alloc(pool, 0, false, &dma);
	assert_non_null(block);
	dmk_pool_free(pool, block, dma);
	dmk_pool_destroy(pool);
	fake_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_MSK_01_new_device_has_32_bits),
		cmocka_unit_test(test_MSK_02_MSK_05_masks),
		cmocka_unit_test(test_MSK_03_success_after_refusal_forgets_it),
		cmocka_unit_test(test_MSK_04_each_mask_by_itself),
		cmocka_unit_test(test_MSK_07_questions),
		cmocka_unit_test(test_MSK_08_limits_are_kept),
		cmocka_unit_test(test_STR_01_STR_02_STR_11_DIR_01_MSK_06_ADR_02_maps),
		cmocka_unit_test(test_STR_01_memory_that_has_to_be_shared_as_it_is),
		cmocka_unit_test(test_MEM_02_MEM_03_MEM_04_odd_addresses),
		cmocka_unit_test(test_STR_02_no_device),
		cmocka_unit_test(test_SYN_02_caches_follow),
		cmocka_unit_test(test_STR_04_SYN_04_wrong_unmaps_and_syncs_lose_no_byte),
		cmocka_unit_test(test_STR_04_mappings_of_one_address_are_told_apart),
		cmocka_unit_test(test_STR_01_a_mapping_needs_no_memory),
		cmocka_unit_test(test_STR_04_made_up_unmaps_leave_caches_alone),
		cmocka_unit_test(test_STR_01_registers_are_not_cached),
		cmocka_unit_test(test_CHK_03_events_say_where),
		cmocka_unit_test(test_STR_02_refusals_are_said_seldom),
		cmocka_unit_test(test_STR_12_each_call_of_the_core_can_be_made_to_fail),
		cmocka_unit_test(test_STR_12_a_block_of_a_pool_can_be_made_to_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
