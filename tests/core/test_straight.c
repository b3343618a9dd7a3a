/* SPDX-License-Identifier: MIT */
/*
 * The way that is inlined into drivers, held to the way that asks everybody: for whatever a driver
 * calls with, both say the same.
 */
#include "unit.h"

#include <linux/dma-mapping.h>

#include <dmakit/fail.h>

static struct device dev;

static void start(const struct fake_options *options, uint64_t mask)
{
	fake_start(options);
	memset(&dev, 0, sizeof(dev));
	dmk_dev_init(&dev.dmk, "dev", fake_dev.bus, &dev);
	*dev.dma_mask = mask;
}

static bool is_straight(uint64_t phys, size_t size)
{
	dmk_dma dma;

	return dmk_map_straight(&dev.dmk, phys, size, DMK_TO_DEVICE, false, &dma);
}

static void test_STR_01_plain_memory_needs_no_call(void **state)
{
	start(&(struct fake_options){0}, ~0ULL);
	assert_true(is_straight(LOW(0), 1));
	assert_true(is_straight(LOW(0), FAKE_LOW_SIZE));
	assert_true(is_straight(HIGH(4095), 2));
	assert_true(is_straight(HIGH(FAKE_HIGH_SIZE - 1), 1));
	assert_true(dmk_nothing_to_end(&dev.dmk, LOW(0)));
	dmk_dev_exit(&dev.dmk);
	assert_false(is_straight(LOW(0), 1));
	assert_false(dmk_nothing_to_end(&dev.dmk, LOW(0)));
	fake_stop();
}

static bool fail_nothing(void *ctx, enum dmk_fail_kind kind, const void *caller)
{
	return false;
}

static void test_STR_12_who_watches_or_fails_is_asked(void **state)
{
	const struct dmk_failer failer = {fail_nothing, NULL};

	start(&(struct fake_options){0}, ~0ULL);
	dmk_fail_with(&failer);
	assert_false(is_straight(LOW(0), 1));
	dmk_fail_with(NULL);
	assert_true(is_straight(LOW(0), 1));
	fake_watch(true);
	assert_false(is_straight(LOW(0), 1));
	assert_false(dmk_nothing_to_end(&dev.dmk, LOW(0)));
	dma_unmap_single(&dev, dma_map_single(&dev, fake_ram(LOW(0)), 1, DMA_TO_DEVICE), 1,
			 DMA_TO_DEVICE);
	assert_int_equal(fake_nr_events, 2);
	fake_watch(false);
	assert_true(is_straight(LOW(0), 1));
	fake_stop();
}

static void test_STR_01_not_for_these_devices(void **state)
{
	static const struct {
		const char *who;
		struct fake_options options;
	} rows[] = {
		{"one that does not look into caches", {.bus = FAKE_NONCOHERENT}},
		{"one that must bounce",
		 {.caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=128,force"}},
		{"one of a confidential guest", {.caps = DMK_CAP_BOUNCE | DMK_CAP_PRIVATE}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(&rows[i].options, ~0ULL);
		ROW_EXPECT(rows[i].who, !is_straight(LOW(0), 1));
		ROW_EXPECT(rows[i].who, !is_straight(HIGH(0), 1));
		fake_stop();
	}
}

static void test_BNC_02_what_bounced_is_ended(void **state)
{
	uint8_t *ram;
	dma_addr_t dma;

	start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=128"},
	      DMA_BIT_MASK(32));
	ram = fake_ram(HIGH(0));
	assert_true(dmk_nothing_to_end(&dev.dmk, LOW(0)));
	dma = dma_map_single(&dev, ram, 8, DMA_FROM_DEVICE);
	assert_false(dma_mapping_error(&dev, dma));
	/* The driver widens its mask: what it has is bounced all the same. */
	assert_int_equal(dma_set_mask(&dev, DMA_BIT_MASK(64)), 0);
	assert_true(is_straight(HIGH(0), 8));
	memset(fake_device_ram(DMK_DMA(dma)), 0x5c, 8);
	dma_sync_single_for_cpu(&dev, dma, 4, DMA_FROM_DEVICE);
	assert_int_equal(ram[3], 0x5c);
	dma_unmap_single(&dev, dma, 8, DMA_FROM_DEVICE);
	assert_int_equal(ram[7], 0x5c);
	fake_stop();
}

/* What bounced leaves other mappings of the device as they were: nothing, and no call. */
static void test_BNC_02_STR_04_beside_what_bounced_nothing_is_ended(void **state)
{
	enum { N = 40, SIZE = 6144 /* not whole pages: two of them lie in one */ };
	dma_addr_t near, far[N];

	start(&(struct fake_options){.caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=128"},
	      DMA_BIT_MASK(32));
	near = dma_map_single(&dev, fake_ram(LOW(0)), 8, DMA_TO_DEVICE);
	for (unsigned int i = 0; i < N; i++) {
		far[i] = dma_map_single(&dev, fake_ram(HIGH(SIZE * i)), SIZE, DMA_TO_DEVICE);
		assert_false(dma_mapping_error(&dev, far[i]));
		for (unsigned int k = 0; k <= i; k++) {
			assert_false(dmk_nothing_to_end(&dev.dmk, far[k]));
			assert_false(dmk_nothing_to_end(&dev.dmk, far[k] + SIZE - 1));
		}
		assert_true(dmk_nothing_to_end(&dev.dmk, near));
	}
	dma_unmap_single(&dev, near, 8, DMA_TO_DEVICE);
	for (unsigned int i = 0; i < N; i++)
		dma_unmap_single(&dev, far[i], SIZE, DMA_TO_DEVICE);
	dmk_dev_exit(&dev.dmk);
	assert_false(dmk_nothing_to_end(&dev.dmk, near));
	fake_stop();
}

/* An address near an end of something, as a number: that is where the two ways could part. */
static uint64_t edge(uint64_t *seed)
{
	static const uint64_t edges[] = {
		0,     LOW(0),       LOW(FAKE_LOW_SIZE), HIGH(0),  HIGH(FAKE_HIGH_SIZE),
		~0ULL, LOW(4 << 20), 0x80000000ULL,      LOW(4096)};

	return edges[fake_below(seed, sizeof(edges) / sizeof(edges[0]))] + fake_below(seed, 9) - 4;
}

static uint64_t any_size(uint64_t *seed)
{
	const uint64_t end = edge(seed);

	switch (fake_below(seed, 3)) {
	case 0:
		return fake_below(seed, 6);
	case 1:
		return end - edge(seed);
	default:
		return 1 + fake_below(seed, 9000);
	}
}

static void compare(uint64_t phys, size_t size, enum dma_data_direction dir, unsigned long attrs,
		    unsigned int *straight)
{
	struct dmk_dev *dmk = &dev.dmk;
	dmk_dma dma = {0}, called;

	if (!dmk_map_straight(dmk, phys, size, (enum dmk_direction)dir, attrs & DMK_DMA_ATTR_MMIO,
			      &dma))
		return;
	(*straight)++;
	called = dmk_map_phys(dmk, DMK_PHYS(phys), size, (enum dmk_direction)dir, attrs,
			      DMK_MAP_PAGE);
	if (called.v != dma.v)
		fail_msg("page %#llx + %#zx: inlined %#llx, called %#llx", (unsigned long long)phys,
			 size, (unsigned long long)dma.v, (unsigned long long)called.v);
	called = dmk_map_cpu(dmk, (char *)dmk_layout.direct_base + phys, size,
			     (enum dmk_direction)dir, attrs);
	if (called.v != dma.v)
		fail_msg("address of %#llx + %#zx: inlined %#llx, called %#llx",
			 (unsigned long long)phys, size, (unsigned long long)dma.v,
			 (unsigned long long)called.v);
}

static void compare_list(uint64_t phys, size_t size, uint64_t second)
{
	struct scatterlist sg[2];
	dmk_dma dma;

	if (size > UINT32_MAX || phys > HIGH(FAKE_HIGH_SIZE) || second > HIGH(FAKE_HIGH_SIZE))
		return;
	sg_init_table(sg, 2);
	sg_set_page(&sg[0], phys_to_page(phys), (unsigned int)size, phys % 4096);
	sg_set_page(&sg[1], phys_to_page(second), 1, second % 4096);
	if (dma_map_sg(&dev, sg, 2, DMA_TO_DEVICE) != 2)
		return;
	dma = dmk_map_phys(&dev.dmk, DMK_PHYS(phys), size, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	assert_true(sg_dma_address(&sg[0]) == dma.v && sg_dma_len(&sg[0]) == size);
	dma = dmk_map_phys(&dev.dmk, DMK_PHYS(second), 1, DMK_TO_DEVICE, 0, DMK_MAP_PAGE);
	assert_true(sg_dma_address(&sg[1]) == dma.v && sg_dma_len(&sg[1]) == 1);
	dma_unmap_sg(&dev, sg, 2, DMA_TO_DEVICE);
}

static void test_STR_11_both_ways_say_the_same(void **state)
{
	static const struct fake_options options[] = {
		{0},
		{.bus = FAKE_OFFSET},
		{.skew = 0x1000},
		{.highmem = true},
		{.skew = ~0ULL << 32},
		{.shared_pool = true},
		{.cage = true},
	};
	uint64_t seed = fake_seed();

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		unsigned int straight = 0;

		start(&options[i], ~0ULL);
		for (unsigned int round = 0; round < 20000; round++) {
			const uint64_t phys = fake_below(&seed, 2)
						      ? edge(&seed)
						      : LOW(fake_below(&seed, FAKE_LOW_SIZE));

			dev.dmk.streaming_mask = fake_below(&seed, 3) ? ~0ULL : edge(&seed) - 1;
			dev.bus_dma_limit = fake_below(&seed, 3) ? 0 : edge(&seed);
			dev.dmk.dma_mask = fake_below(&seed, 9) ? &dev.dmk.streaming_mask : NULL;
			compare(phys, any_size(&seed),
				(enum dma_data_direction)fake_below(&seed, 5),
				fake_below(&seed, 4) ? 0 : 1UL << fake_below(&seed, 13), &straight);
			if (dev.dmk.dma_mask)
				compare_list(phys, any_size(&seed), edge(&seed));
		}
		/* The comparison compared something. */
		assert_in_range(straight, 1000, 20000);
		dev.bus_dma_limit = 0;
		fake_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_STR_01_plain_memory_needs_no_call),
		cmocka_unit_test(test_STR_12_who_watches_or_fails_is_asked),
		cmocka_unit_test(test_STR_01_not_for_these_devices),
		cmocka_unit_test(test_BNC_02_what_bounced_is_ended),
		cmocka_unit_test(test_BNC_02_STR_04_beside_what_bounced_nothing_is_ended),
		cmocka_unit_test(test_STR_11_both_ways_say_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
