// SPDX-License-Identifier: MIT
/*
 * Parts of granules, lent to a device that is not trusted (STR-10, BNC-02): what it sees of them,
 * what fails, and many threads at once. The IOMMU remembers nothing; its tables are walked by the
 * book (VT-d specification 4.1, section 3.7).
 */
#include "unit.h"

#include "fake_iommu.h"

#include <pthread.h>

enum { PAGE = 4096, SECRET = 0x5a, THREADS = 4, STEPS = 1500 };

static const struct dmk_iommu_ops ops = {FAKE_IOMMU_OPS};
static const struct dmk_iommu iommu = {FAKE_IOMMU(&ops)};
static struct dmk_bus bus;
static struct dmk_dev dev;

/* The page that leads there, as the device sees it; NULL: it faults. */
static uint8_t *page_at(uint64_t iova)
{
	uint64_t phys;

	return fake_walk(&fake_box[1].to, iova, &phys, NULL)
		       ? fake_ram(phys & ~(uint64_t)(PAGE - 1))
		       : NULL;
}

static void start_with(enum fake_bus kind, const char *parameters)
{
	assert_int_equal(fake_start(&(struct fake_options){.bus = kind, .parameters = parameters}),
			 0);
	bus = *fake_dev.bus;
	bus.iommu = &iommu;
	bus.untrusted = true;
	dmk_dev_init(&dev, "dev", &bus, NULL);
	assert_int_equal(dmk_dev_attach(&dev, 1), 0);
}

static void end(void)
{
	dmk_dev_exit(&dev);
	fake_stop();
}

static size_t slots_used(void)
{
	struct dmk_bounce_stats stats;

	dmk_bounce_statistics(NULL, &stats);
	return stats.used + stats.transient;
}

static dmk_dma map(uint64_t phys, size_t size, enum dmk_direction dir)
{
	return dmk_map_phys(&dev, DMK_PHYS(phys), size, dir, 1 << 8, DMK_MAP_PHYS);
}

static void unmap(dmk_dma dma, size_t size, enum dmk_direction dir)
{
	dmk_unmap(&dev, dma, size, dir, 0, DMK_MAP_PHYS);
}

static void test_STR_10_BNC_02_nothing_but_the_bytes_is_seen(void **state)
{
	static const struct {
		const char *what;
		unsigned int offset, size;
	} rows[] = {
		{"a byte", 0, 1},
		{"the last byte", 4095, 1},
		{"the first slot", 0, 2048},
		{"the second slot", 2048, 2048},
		{"across slots", 2000, 100},
		{"across pages", 4000, 200},
		{"several pages", 17, 9000},
		{"from a page's begin", 0, 5000},
	};

	for (enum fake_bus kind = FAKE_IDENTITY; kind <= FAKE_NONCOHERENT; kind += 2) {
		start_with(kind, "swiotlb=force");
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const unsigned int first = rows[i].offset, end = first + rows[i].size;
			const unsigned int pages = (end + PAGE - 1) / PAGE;
			uint8_t *memory = fake_ram(LOW(0));
			dmk_dma dma;

			memset(memory, SECRET, 4 * PAGE);
			memset(memory + first, 0x11, rows[i].size);
			dma = map(LOW(first), rows[i].size, DMK_BIDIRECTIONAL);
			ROW_EXPECT(rows[i].what, dma.v != DMK_MAPPING_ERROR.v);
			ROW_EXPECT(rows[i].what, (dma.v & (PAGE - 1)) == first);
			for (unsigned int at = 0; at < pages * PAGE; at++) {
				uint8_t *seen = page_at(dma.v - first + at) + at % PAGE;

				ROW_EXPECT(rows[i].what,
					   *seen == (at >= first && at < end ? 0x11 : 0));
				*seen = 0x22;
			}
			ROW_EXPECT(rows[i].what, !page_at(dma.v - first + pages * PAGE));
			unmap(dma, rows[i].size, DMK_BIDIRECTIONAL);
			ROW_EXPECT(rows[i].what, !page_at(dma.v));
			for (unsigned int at = 0; at < 4 * PAGE; at++)
				ROW_EXPECT(rows[i].what,
					   memory[at] == (at >= first && at < end ? 0x22 : SECRET));
			ROW_EXPECT(rows[i].what, !slots_used());
		}
		end();
	}
}

/*
 * The pools are full, and may grow: memory of the mapping's own, seen and unmapped alike, with an
 * address that is said wrongly too.
 */
static void test_BNC_04_memory_of_its_own_when_slots_are_out(void **state)
{
	enum { MOST = 2000 };
	static dmk_dma dma[MOST];
	struct dmk_bounce_stats stats;
	size_t n = 0;

	start_with(FAKE_IDENTITY, "swiotlb=force dmakit.swiotlb_max=4096");
	memset(fake_ram(LOW(0)), SECRET, PAGE);
	do {
		dma[n] = map(LOW(3000), 8, DMK_BIDIRECTIONAL);
		assert_true(dma[n].v != DMK_MAPPING_ERROR.v && n < MOST - 1);
		dmk_bounce_statistics(NULL, &stats);
		n++;
	} while (stats.transient < 8);
	for (size_t i = n - 4; i < n; i++) {
		uint8_t *page = page_at(dma[i].v);

		assert_int_equal(page[2999], 0);
		assert_int_equal(page[3000], SECRET);
		assert_int_equal(page[3008], 0);
		page[3001] = 0x33;
	}
	dmk_sync_for_cpu(&dev, dma[n - 1], 8, DMK_BIDIRECTIONAL);
	assert_int_equal(*(uint8_t *)fake_ram(LOW(3001)), 0x33);
	while (n--)
		unmap(n % 2 ? dma[n] : DMK_DMA(dma[n].v - 2000), 8, DMK_BIDIRECTIONAL);
	assert_int_equal(*(uint8_t *)fake_ram(LOW(2999)), SECRET);
	assert_int_equal(slots_used(), 0);
	end();
}

static void test_STR_12_whatever_fails_nothing_is_left_mapped(void **state)
{
	unsigned int failed = 0;

	start_with(FAKE_IDENTITY, "swiotlb=force");
	for (unsigned int n = 1, asked = n; asked + 1 >= n;) {
		dmk_dma dma;

		fake_fail_at(n++);
		dma = map(LOW(100), 5000, DMK_TO_DEVICE);
		asked = fake_fail_at(0);
		failed += dma.v == DMK_MAPPING_ERROR.v;
		unmap(dma, 5000, DMK_TO_DEVICE);
		assert_int_equal(slots_used(), 0);
	}
	/* Addresses are out: slots that were taken go back. */
	assert_int_equal(dmk_set_mask(&dev, 0x1fff, true, false), 0);
	assert_true(map(LOW(100), 5000, DMK_TO_DEVICE).v == DMK_MAPPING_ERROR.v);
	assert_int_equal(slots_used(), 0);
	end();
}

static void test_BNC_01_nowhere_to_bounce_is_said(void **state)
{
	start_with(FAKE_IDENTITY, "swiotlb=noforce");
	assert_true(dmk_map_phys(&dev, DMK_PHYS(LOW(1)), 8, DMK_TO_DEVICE, 0, DMK_MAP_PHYS).v ==
		    DMK_MAPPING_ERROR.v);
	assert_non_null(strstr(fake_log, "swiotlb=noforce"));
	unmap(map(LOW(0), PAGE, DMK_TO_DEVICE), PAGE, DMK_TO_DEVICE);
	end();
}

/* --- many threads ----------------------------------------------------------------------------- */

/*
 * Parts of pages that threads share, and consistent memory in pieces: no thread sees a byte of
 * another's.
 */
static void *work(void *argument)
{
	const unsigned int number = (unsigned int)(uintptr_t)argument;
	uint64_t seed = fake_seed() + number;

	for (unsigned int i = 0; i < STEPS; i++) {
		const uint64_t page = fake_below(&seed, 8) * PAGE;
		const size_t size = 1 + fake_below(&seed, 200);
		const unsigned int offset = number * 1024 + (unsigned int)fake_below(&seed, 800);
		uint8_t *memory = fake_ram(LOW(page + offset)), *seen, *cpu;
		dmk_dma dma;

		if (!fake_below(&seed, 8)) {
			cpu = dmk_alloc(&dev, 3 * PAGE, &dma, 0, 1 << 8);
			if (!cpu)
				continue;
			memset(cpu, (int)number + 1, 3 * PAGE);
			assert_int_equal(page_at(dma.v + 2 * PAGE)[PAGE - 1], number + 1);
			dmk_free(&dev, 3 * PAGE, cpu, dma, 0);
			continue;
		}
		memset(memory, (int)(i & 0x7f), size);
		dma = map(LOW(page + offset), size, DMK_BIDIRECTIONAL);
		if (dma.v == DMK_MAPPING_ERROR.v)
			continue;
		seen = page_at(dma.v);
		for (unsigned int at = 0; at < PAGE; at++)
			assert_int_equal(seen[at],
					 at >= offset && at < offset + size ? i & 0x7f : 0);
		seen[offset] = 0xee;
		unmap(dma, size, DMK_BIDIRECTIONAL);
		assert_int_equal(memory[0], 0xee);
	}
	return NULL;
}

static void test_CTX_02_STR_10_many_threads_see_their_own_bytes(void **state)
{
	pthread_t threads[THREADS];

	start_with(FAKE_IDENTITY, "swiotlb=force");
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(slots_used(), 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_STR_10_BNC_02_nothing_but_the_bytes_is_seen),
		cmocka_unit_test(test_BNC_04_memory_of_its_own_when_slots_are_out),
		cmocka_unit_test(test_STR_12_whatever_fails_nothing_is_left_mapped),
		cmocka_unit_test(test_BNC_01_nowhere_to_bounce_is_said),
		cmocka_unit_test(test_CTX_02_STR_10_many_threads_see_their_own_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
