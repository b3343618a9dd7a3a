// SPDX-License-Identifier: MIT
/*
 * Mapping behind an IOMMU. The IOMMU here is the test's own: it walks the tables by the book (VT-d
 * specification 4.1, section 3.7), and remembers every translation it ever made until it is told to
 * forget it; a device's access goes through it, byte by byte.
 */
#include "unit.h"

#include "fake_iommu.h"

#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>

#include <stdio.h>
#include <time.h>

/* The rest of the kernel's part that <linux/mm.h> refers to. */
void *dmk_page_address_high(const struct page *page)
{
	return NULL;
}

enum { PAGE = 4096, CACHED = 4096 };

/* --- the IOMMU -------------------------------------------------------------------------------- */

static struct {
	bool same_group;
	struct {
		uint16_t id;
		uint64_t iova, phys;
		unsigned int prot;
	} cache[CACHED];
	unsigned int nr_cached, invalidations, syncs;
	bool deaf; /* invalidations are lost: what a core that forgets them looks like */
} box;

static uint32_t group_of(void *ctx, uint32_t requester)
{
	return box.same_group ? 7 : requester;
}

static void invalidate(void *ctx, uint16_t id, uint64_t first, uint64_t last, bool tables)
{
	box.invalidations++;
	for (unsigned int i = 0; i < box.nr_cached && !box.deaf; i++)
		if (box.cache[i].id == id && box.cache[i].iova + PAGE - 1 >= first &&
		    box.cache[i].iova <= last)
			box.cache[i--] = box.cache[--box.nr_cached];
}

static void invalidate_all(void *ctx, uint16_t id)
{
	invalidate(ctx, id, 0, ~0ULL, true);
}

static void sync_now(void *ctx)
{
	box.syncs++;
}

static const struct dmk_iommu_ops ops = {
	.group_of = group_of,
	.attach = fake_attach,
	.detach = fake_detach,
	.invalidate = invalidate,
	.invalidate_all = invalidate_all,
	.sync = sync_now,
};

static const struct dmk_iommu_region regions[] = {
	{DMK_REGION_RESERVED, DMK_REQUESTER_NONE, 0xfee00000, 0xfeefffff, true},
	{DMK_REGION_IDENTITY, 2, FAKE_LOW + 0x400000, FAKE_LOW + 0x400fff, true},
};

static const struct dmk_iommu iommu = {
	FAKE_IOMMU(&ops),
	.regions = regions,
	.nr_regions = 2,
};

/* Where an access of one byte ends; false: it faults. */
static bool translate(uint32_t requester, uint64_t iova, bool write, uint64_t *phys)
{
	const struct dmk_iommu_attach *to = &fake_box[requester].to;
	const uint64_t page = iova & ~(uint64_t)(PAGE - 1);
	unsigned int prot;

	if (!fake_box[requester].attached)
		return false;
	*phys = iova;
	if (to->passthrough)
		return true;
	for (unsigned int i = 0; i < box.nr_cached; i++) {
		if (box.cache[i].id != to->id || box.cache[i].iova != page)
			continue;
		*phys = box.cache[i].phys + (iova - page);
		return box.cache[i].prot & (write ? 2 : 1);
	}
	if (!fake_walk(to, page, phys, &prot))
		return false;
	assert_true(box.nr_cached < CACHED);
	box.cache[box.nr_cached].id = to->id;
	box.cache[box.nr_cached].iova = page;
	box.cache[box.nr_cached].phys = *phys;
	box.cache[box.nr_cached++].prot = prot;
	*phys += iova - page;
	return prot & (write ? 2 : 1);
}

static bool device_move(uint32_t requester, uint64_t iova, uint8_t *bytes, size_t size, bool write)
{
	uint64_t phys;

	for (size_t i = 0; i < size; i++) {
		if (!translate(requester, iova + i, write, &phys))
			return false;
		if (write)
			*(uint8_t *)fake_ram(phys) = bytes[i];
		else
			bytes[i] = *(uint8_t *)fake_ram(phys);
	}
	return true;
}

static bool device_reads(dma_addr_t dma, void *bytes, size_t size)
{
	return device_move(1, dma, bytes, size, false);
}

static bool device_writes(dma_addr_t dma, const void *bytes, size_t size)
{
	return device_move(1, dma, (uint8_t *)bytes, size, true);
}

/* --- the ground ------------------------------------------------------------------------------- */

static struct dmk_bus bus;
static struct dmk_dev dev, other;

static void start_as(const char *parameters, enum fake_bus kind)
{
	memset(&box, 0, sizeof(box));
	memset(fake_box, 0, sizeof(fake_box));
	assert_int_equal(fake_start(&(struct fake_options){.bus = kind, .parameters = parameters}),
			 0);
	bus = *fake_dev.bus;
	bus.iommu = &iommu;
	dmk_dev_init(&dev, "dev", &bus, NULL);
	dmk_dev_init(&other, "other", &bus, NULL);
	assert_int_equal(dmk_dev_attach(&dev, 1), 0);
}

static void start(const char *parameters)
{
	start_as(parameters, FAKE_IDENTITY);
}

static void end(void)
{
	dmk_dev_exit(&dev);
	if (other.bus)
		dmk_dev_exit(&other);
	fake_stop();
}

static dma_addr_t map(uint64_t phys, size_t size, enum dmk_direction dir)
{
	return dmk_map_phys(&dev, DMK_PHYS(phys), size, dir, 0, DMK_MAP_PHYS).v;
}

static void unmap(dma_addr_t dma, size_t size, enum dmk_direction dir)
{
	dmk_unmap(&dev, DMK_DMA(dma), size, dir, 0, DMK_MAP_PHYS);
}

/* --- one range -------------------------------------------------------------------------------- */

static void test_IOM_01_a_device_sees_what_was_mapped_and_nothing_else(void **state)
{
	uint8_t seen[600];
	dma_addr_t dma;

	start("");
	memset(fake_ram(LOW(0x1000)), 0x11, 0x3000);
	memset(fake_ram(LOW(0x1f00)), 0x22, 600);
	dma = map(LOW(0x1f00), 600, DMK_BIDIRECTIONAL);
	assert_int_not_equal(dma, DMK_MAPPING_ERROR.v);
	assert_int_equal(dma & 0xfff, 0xf00);
	assert_true(device_reads(dma, seen, 600));
	assert_memory_equal(seen, fake_ram(LOW(0x1f00)), 600);
	memset(seen, 0x33, 600);
	assert_true(device_writes(dma, seen, 600));
	assert_memory_equal(seen, fake_ram(LOW(0x1f00)), 600);
	assert_false(device_reads((dma & ~0xfffULL) - 1, seen, 1));
	assert_false(device_reads((dma & ~0xfffULL) + 0x2000, seen, 1));
	unmap(dma, 600, DMK_BIDIRECTIONAL);
	end();
}

static void test_DIR_03_a_device_does_what_the_direction_lets_it(void **state)
{
	static const struct {
		enum dmk_direction dir;
		bool reads, writes;
	} rows[] = {{DMK_TO_DEVICE, true, false},
		    {DMK_FROM_DEVICE, false, true},
		    {DMK_BIDIRECTIONAL, true, true}};
	for (unsigned int i = 0; i < 3; i++) {
		uint8_t byte = 0x77;
		dma_addr_t dma;

		start("");
		*(uint8_t *)fake_ram(LOW(0)) = 0x44;
		dma = map(LOW(0), 64, rows[i].dir);
		assert_int_equal(device_writes(dma, &byte, 1), rows[i].writes);
		assert_int_equal(*(uint8_t *)fake_ram(LOW(0)), rows[i].writes ? 0x77 : 0x44);
		assert_int_equal(device_reads(dma, &byte, 1), rows[i].reads);
		unmap(dma, 64, rows[i].dir);
		end();
	}
}

static void test_MSK_06_addresses_keep_to_the_mask(void **state)
{
	static const unsigned int bits[] = {16, 24, 28, 30, 32, 36, 40, 48, 64};

	start("");
	for (unsigned int i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		const uint64_t mask = bits[i] == 64 ? ~0ULL : (1ULL << bits[i]) - 1;
		dma_addr_t dma;

		assert_int_equal(dmk_set_mask(&dev, mask, true, true), 0);
		dma = map(HIGH(0), 0x2000, DMK_TO_DEVICE);
		assert_int_not_equal(dma, DMK_MAPPING_ERROR.v);
		assert_true(dma + 0x1fff <= mask);
		unmap(dma, 0x2000, DMK_TO_DEVICE);
	}
	assert_int_equal(dmk_set_mask(&dev, 0xfff, true, true), -EIO);
	assert_false(dmk_addressing_limited(&dev));
	assert_int_equal(dmk_max_mapping_size(&dev), ~(size_t)0);
	assert_int_equal(dmk_merge_boundary(&dev), 0xfff);
	end();
}

static void test_STR_05_addresses_run_out_and_come_again(void **state)
{
	dma_addr_t dma[32];
	unsigned int n = 0;

	start("");
	assert_int_equal(dmk_set_mask(&dev, 0xffff, true, true), 0);
	while ((dma[n] = map(LOW(n * PAGE), PAGE, DMK_TO_DEVICE)) != DMK_MAPPING_ERROR.v)
		n++;
	assert_int_equal(n, 15); /* of 16 granules the first is nobody's */
	unmap(dma[7], PAGE, DMK_TO_DEVICE);
	dma[7] = map(LOW(0), PAGE, DMK_TO_DEVICE);
	assert_int_not_equal(dma[7], DMK_MAPPING_ERROR.v);
	for (unsigned int i = 0; i < n; i++)
		unmap(dma[i], PAGE, DMK_TO_DEVICE);
	end();
}

static void test_STR_04_a_wrong_unmap_takes_nothing_of_others(void **state)
{
	dma_addr_t one, two;
	uint8_t byte;

	start("");
	one = map(LOW(0), PAGE, DMK_TO_DEVICE);
	two = map(LOW(PAGE), PAGE, DMK_TO_DEVICE);
	assert_int_equal(one, two + PAGE); /* neighbours: what makes a wrong size dangerous */
	unmap(two, 4 * PAGE, DMK_TO_DEVICE);
	assert_false(device_reads(two, &byte, 1));
	assert_true(device_reads(one, &byte, 1));
	unmap(two, PAGE, DMK_TO_DEVICE);
	unmap(0x123456000, PAGE, DMK_TO_DEVICE);
	assert_true(device_reads(one, &byte, 1));
	unmap(one, 1, DMK_TO_DEVICE);
	assert_false(device_reads(one, &byte, 1));
	end();
}

static void test_STR_01_registers_of_another_card_are_mapped_too(void **state)
{
	uint64_t phys;
	dma_addr_t dma;

	start("");
	dma = dmk_map_phys(&dev, DMK_PHYS(0xe0001000), PAGE, DMK_BIDIRECTIONAL, 0, DMK_MAP_RESOURCE)
		      .v;
	assert_int_not_equal(dma, DMK_MAPPING_ERROR.v);
	assert_true(translate(1, dma + 4, true, &phys));
	assert_int_equal(phys, 0xe0001004);
	dmk_unmap(&dev, DMK_DMA(dma), PAGE, DMK_BIDIRECTIONAL, 0, DMK_MAP_RESOURCE);
	assert_false(translate(1, dma + 4, true, &phys));
	end();
}

/* --- strict, lazy, passthrough ---------------------------------------------------------------- */

static void test_IOM_02_strict_after_unmap_no_translation_is_left(void **state)
{
	uint8_t byte = 1;
	dma_addr_t dma;

	start("iommu.strict=1");
	for (unsigned int i = 0; i < 50; i++) {
		dma = map(LOW(i * PAGE), PAGE, DMK_BIDIRECTIONAL);
		assert_true(device_writes(dma, &byte, 1));
		unmap(dma, PAGE, DMK_BIDIRECTIONAL);
		assert_false(device_writes(dma, &byte, 1));
	}
	assert_true(box.syncs >= 50);
	end();
}

/* The test of the test above: an IOMMU that is told nothing lets the device through. */
static void test_IOM_02_a_lost_invalidation_shows(void **state)
{
	uint8_t byte = 1;
	dma_addr_t dma;

	start("iommu.strict=1");
	box.deaf = true;
	dma = map(LOW(0), PAGE, DMK_BIDIRECTIONAL);
	assert_true(device_writes(dma, &byte, 1));
	unmap(dma, PAGE, DMK_BIDIRECTIONAL);
	assert_true(device_writes(dma, &byte, 1));
	end();
}

static void test_IOM_02_lazy_addresses_are_not_used_again_before_the_flush(void **state)
{
	uint64_t seen[400];
	uint8_t byte = 1;
	unsigned int n;

	start("iommu.strict=0");
	for (n = 0; n < 400; n++) {
		const dma_addr_t dma = map(LOW(n % 16 * PAGE), PAGE, DMK_BIDIRECTIONAL);

		assert_int_not_equal(dma, DMK_MAPPING_ERROR.v);
		if (!box.invalidations)
			for (unsigned int i = 0; i < n; i++)
				assert_int_not_equal(dma, seen[i]);
		seen[n] = dma;
		assert_true(device_writes(dma, &byte, 1));
		unmap(dma, PAGE, DMK_BIDIRECTIONAL);
		if (!box.invalidations)
			assert_true(device_writes(dma, &byte, 1)); /* the window */
	}
	/* bounded in entries, and in time */
	assert_in_range(box.invalidations, 1, 2);
	assert_in_range(fake_run_deferred(), 1, 2); /* and what the tables' memory waits for */
	for (unsigned int i = 0; i < n; i++)
		assert_false(device_writes(seen[i], &byte, 1));
	for (unsigned int i = 0; i < 3; i++)
		fake_run_deferred();
	assert_int_equal(fake_run_deferred(), 0);
	end();
}

static void test_IOM_02_lazy_every_cpu_has_a_list_and_one_flush_is_for_all(void **state)
{
	dma_addr_t seen[3 * 250];
	uint8_t byte = 1;

	start("iommu.strict=0");
	for (unsigned int i = 0; i < 3 * 250; i++) {
		fake_be_cpu(1 + i / 250);
		seen[i] = map(LOW(0), PAGE, DMK_BIDIRECTIONAL);
		for (unsigned int before = 0; before < i; before++)
			assert_int_not_equal(seen[before], seen[i]);
		assert_true(device_writes(seen[i], &byte, 1));
		unmap(seen[i], PAGE, DMK_BIDIRECTIONAL);
	}
	assert_int_equal(box.invalidations, 0);
	fake_be_cpu(0);
	assert_int_equal(fake_run_deferred(), 1);
	assert_int_equal(box.invalidations, 1);
	for (unsigned int i = 0; i < 3 * 250; i++)
		assert_false(device_writes(seen[i], &byte, 1));
	end();
}

/*
 * CPUs that can't be waited for keep their addresses, but no device reaches what was unmapped; and
 * it is tried again.
 */
static void test_IOM_02_lazy_is_bounded_in_time_where_cpus_can_not_be_waited_for(void **state)
{
	unsigned int before;
	uint8_t byte = 1;
	dma_addr_t dma;

	start("iommu.strict=0");
	dma = map(LOW(0), PAGE, DMK_BIDIRECTIONAL);
	assert_true(device_writes(dma, &byte, 1));
	unmap(dma, PAGE, DMK_BIDIRECTIONAL);
	fake_cannot_settle = true;
	assert_int_equal(fake_run_deferred(), 1);
	assert_false(device_writes(dma, &byte, 1));
	fake_cannot_settle = false;
	before = fake_settled;
	assert_int_equal(fake_run_deferred(), 1);
	assert_int_equal(fake_settled, before + 1);
	end();
}

static void last_device_goes(void)
{
	fake_while_settling = NULL;
	dmk_dev_exit(&dev);
}

static void test_IOM_02_lazy_a_domain_may_end_while_it_is_flushed(void **state)
{
	start("iommu.strict=0");
	unmap(map(LOW(0), PAGE, DMK_BIDIRECTIONAL), PAGE, DMK_BIDIRECTIONAL);
	fake_while_settling = last_device_goes;
	assert_true(fake_run_deferred());
	assert_null(fake_while_settling);
	dmk_dev_init(&dev, "dev", &bus, NULL);
	end();
}

static void test_IOM_02_lazy_gives_addresses_back_when_they_are_out(void **state)
{
	start("iommu.strict=0");
	assert_int_equal(dmk_set_mask(&dev, 0xffff, true, true), 0);
	for (unsigned int i = 0; i < 100; i++) {
		const dma_addr_t dma = map(LOW(0), PAGE, DMK_TO_DEVICE);

		assert_int_not_equal(dma, DMK_MAPPING_ERROR.v);
		unmap(dma, PAGE, DMK_TO_DEVICE);
	}
	end();
}

static void test_IOM_02_passthrough_is_as_direct_and_not_for_who_is_not_trusted(void **state)
{
	dma_addr_t dma;

	start("iommu.passthrough=1");
	assert_true(fake_box[1].to.passthrough);
	dma = map(LOW(0x123), 64, DMK_TO_DEVICE);
	assert_int_equal(dma, LOW(0x123));
	unmap(dma, 64, DMK_TO_DEVICE);
	bus.untrusted = true;
	assert_int_equal(dmk_dev_attach(&other, 2), 0);
	assert_false(fake_box[2].to.passthrough);
	end();
}

static void test_MSK_05_addresses_come_from_the_top_or_from_below_4_gib(void **state)
{
	dma_addr_t dma;

	start("");
	assert_int_equal(dmk_set_mask(&dev, ~0ULL, true, true), 0);
	dma = map(LOW(0), PAGE, DMK_TO_DEVICE);
	assert_true(dma >> 32);
	unmap(dma, PAGE, DMK_TO_DEVICE);
	end();
	start("iommu.forcedac=0");
	assert_int_equal(dmk_set_mask(&dev, ~0ULL, true, true), 0);
	dma = map(LOW(0), PAGE, DMK_TO_DEVICE);
	assert_false(dma >> 32);
	unmap(dma, PAGE, DMK_TO_DEVICE);
	end();
}

/* --- regions, groups, life -------------------------------------------------------------------- */

static void test_IOM_03_regions_are_not_given_out_and_identity_is_mapped(void **state)
{
	uint8_t byte = 0x5a;

	start("");
	assert_int_equal(dmk_dev_attach(&other, 2), 0);
	assert_true(device_move(2, FAKE_LOW + 0x400010, &byte, 1, true));
	assert_int_equal(*(uint8_t *)fake_ram(FAKE_LOW + 0x400010), 0x5a);
	assert_false(device_move(1, FAKE_LOW + 0x400010, &byte, 1, true));
	assert_int_equal(dmk_set_mask(&dev, 0xfee0ffff, true, true), 0);
	for (unsigned int i = 0; i < 64; i++) {
		const dma_addr_t dma = map(LOW(i * PAGE), PAGE, DMK_TO_DEVICE);

		assert_true(dma < 0xfee00000);
	}
	end();
}

static void test_IOM_07_a_group_shares_a_domain_until_its_last_device_goes(void **state)
{
	uint8_t byte;
	dma_addr_t dma;

	start("");
	dmk_dev_exit(&dev);
	box.same_group = true;
	dmk_dev_init(&dev, "dev", &bus, NULL);
	assert_int_equal(dmk_dev_attach(&dev, 1), 0);
	assert_int_equal(dmk_dev_attach(&other, 3), 0);
	assert_int_equal(fake_box[1].to.root.v, fake_box[3].to.root.v);
	assert_int_equal(fake_box[1].to.id, fake_box[3].to.id);
	dma = map(LOW(0), PAGE, DMK_TO_DEVICE);
	assert_true(device_move(3, dma, &byte, 1, false));
	dmk_dev_exit(&dev);
	assert_false(device_move(1, dma, &byte, 1, false));
	assert_false(device_move(3, dma, &byte, 1, false)); /* what it left went with it */
	dma = dmk_map_phys(&other, DMK_PHYS(LOW(PAGE)), PAGE, DMK_TO_DEVICE, 0, DMK_MAP_PHYS).v;
	assert_true(device_move(3, dma, &byte, 1, false));
	dmk_dev_exit(&other);
	assert_false(device_move(3, dma, &byte, 1, false));
	dmk_dev_init(&dev, "dev", &bus, NULL);
	dmk_dev_init(&other, "other", &bus, NULL);
	assert_int_equal(dmk_dev_attach(&dev, 1), 0);
	assert_false(device_reads(dma, &byte, 1));
	end();
}

static void test_IOM_07_a_device_that_can_not_be_attached_leaves_nothing(void **state)
{
	unsigned int n = 0;
	int result = -1;

	start("");
	assert_int_equal(dmk_dev_attach(&other, FAKE_REQUESTERS), -ENODEV);
	assert_null(other.domain);
	dmk_dev_exit(&other); /* detaches nothing: fake_box[] has no such entry */
	dmk_dev_init(&other, "other", &bus, NULL);
	for (; result; n++) {
		dmk_dev_exit(&other);
		dmk_dev_init(&other, "other", &bus, NULL);
		fake_fail_at(n + 1);
		result = dmk_dev_attach(&other, 3);
		fake_fail_at(0);
	}
	assert_in_range(n, 4, 40);
	end(); /* fake_stop() counts what was not given back */
}

static void test_IOM_04_a_fault_names_device_address_and_neighbour(void **state)
{
	struct dmk_iommu_fault fault = {.requester = 1,
					.write = true,
					.reason = DMK_FAULT_NOT_MAPPED};
	dma_addr_t dma;
	char text[17] = "";

	start("");
	dma = map(LOW(0), PAGE, DMK_TO_DEVICE);
	fault.iova = dma + PAGE + 16;
	dmk_iommu_fault(&fault);
	for (unsigned int i = 0; i < 16; i++) /* in hexadecimal, without its zeros in front */
		text[i] = "0123456789abcdef"[(dma + PAGE) >> (60 - 4 * i) & 15];
	assert_non_null(strstr(fake_log, "write to 0x"));
	assert_non_null(strstr(fake_log, text + strspn(text, "0")));
	assert_non_null(strstr(fake_log, "nothing is mapped"));
	fake_log_count = 0;
	for (unsigned int i = 0; i < 1000; i++)
		dmk_iommu_fault(&fault);
	assert_in_range(fake_log_count, 1, 40); /* not too often */
	unmap(dma, PAGE, DMK_TO_DEVICE);
	end();
}

/* --- lists ------------------------------------------------------------------------------------ */

static void set(struct scatterlist *sg, uint64_t phys, unsigned int length)
{
	sg_set_page(sg, phys_to_page(phys), length, phys & 4095);
}

static void test_IOM_01_SGL_04_scattered_pages_become_one_segment(void **state)
{
	struct scatterlist sg[8];
	uint8_t seen[8 * PAGE];

	start("");
	dmk_set_max_segment_size(&dev, 1 << 20);
	sg_init_table(sg, 8);
	for (unsigned int i = 0; i < 8; i++) {
		set(&sg[i], LOW((7 - i) * 3 * PAGE), PAGE);
		memset(fake_ram(LOW((7 - i) * 3 * PAGE)), 0x10 + i, PAGE);
	}
	assert_int_equal(dmk_map_sg(&dev, sg, 8, DMK_TO_DEVICE, 0), 1);
	assert_int_equal(sg_dma_len(&sg[0]), 8 * PAGE);
	assert_int_equal(sg_dma_len(&sg[1]), 0);
	assert_true(device_reads(sg_dma_address(&sg[0]), seen, sizeof(seen)));
	for (unsigned int i = 0; i < sizeof(seen); i++)
		assert_int_equal(seen[i], 0x10 + i / PAGE);
	dmk_unmap_sg(&dev, sg, 8, DMK_TO_DEVICE, 0);
	assert_false(device_reads(sg_dma_address(&sg[0]), seen, 1));
	end();
}

static void test_MSK_08_segments_keep_to_the_devices_limits(void **state)
{
	static const struct {
		const char *name;
		unsigned int entry, n, segment;
		uint64_t boundary;
		int segments;
	} rows[] = {
		{"all in one", PAGE, 8, 1 << 20, 0xffffffff, 1},
		{"two pages a segment", PAGE, 8, 2 * PAGE, 0xffffffff, 4},
		{"a limit that is no multiple", PAGE, 8, 3 * PAGE + 100, 0xffffffff, 3},
		{"entries that end within a page", 3000, 6, 1 << 20, 0xffffffff, 6},
		{"a boundary of four pages", PAGE, 8, 1 << 20, 4 * PAGE - 1, 2},
		{"entries of three pages and a boundary of four", 3 * PAGE, 3, 1 << 20,
		 4 * PAGE - 1, 3},
	};

	for (unsigned int r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		struct scatterlist sg[8], *entry;
		int n, i;

		start("");
		dmk_set_max_segment_size(&dev, rows[r].segment);
		dmk_set_segment_boundary(&dev, rows[r].boundary);
		sg_init_table(sg, rows[r].n);
		for (unsigned int k = 0; k < rows[r].n; k++)
			set(&sg[k], LOW((uint64_t)k * 5 * PAGE), rows[r].entry);
		n = dmk_map_sg(&dev, sg, (int)rows[r].n, DMK_TO_DEVICE, 0);
		ROW_EXPECT(rows[r].name, n == rows[r].segments);
		for_each_sg(sg, entry, n, i) {
			ROW_EXPECT(rows[r].name, sg_dma_len(entry) <= rows[r].segment);
			ROW_EXPECT(rows[r].name, (sg_dma_address(entry) & rows[r].boundary) +
								 sg_dma_len(entry) - 1 <=
							 rows[r].boundary);
		}
		dmk_unmap_sg(&dev, sg, (int)rows[r].n, DMK_TO_DEVICE, 0);
		for_each_sg(sg, entry, n, i) {
			uint8_t byte;

			ROW_EXPECT(rows[r].name, !device_reads(sg_dma_address(entry), &byte, 1));
		}
		end();
	}
}

static void test_SGL_07_a_list_that_fails_leaves_nothing(void **state)
{
	unsigned int failed = 0;

	/* Whichever allocation of those that it makes. */
	for (unsigned int n = 0, made = 1; n < made; n++) {
		struct scatterlist sg[4];
		int result;

		start("");
		/* Far apart, so that each entry has tables of its own. */
		dmk_set_segment_boundary(&dev, 0xfff);
		sg_init_table(sg, 4);
		for (unsigned int i = 0; i < 4; i++)
			set(&sg[i], LOW(i * 3 * PAGE), PAGE);
		fake_fail_at(n + 1);
		result = dmk_map_sg(&dev, sg, 4, DMK_TO_DEVICE, 0);
		made = fake_fail_at(0);
		failed += result < 0;
		for (unsigned int i = 0; i < 4 && result < 0; i++)
			assert_int_equal(sg_dma_address(&sg[i]), DMK_MAPPING_ERROR.v);
		if (result > 0)
			dmk_unmap_sg(&dev, sg, 4, DMK_TO_DEVICE, 0);
		end();
	}
	assert_true(failed);
}

/* --- consistent memory ------------------------------------------------------------------------ */

static void test_COH_02_COH_03_consistent_memory_is_aligned_below_the_mask_and_seen(void **state)
{
	static const size_t sizes[] = {1, 4096, 5000, 65536, 300000};

	for (enum fake_bus kind = FAKE_IDENTITY; kind <= FAKE_NONCOHERENT;
	     kind += FAKE_NONCOHERENT) {
		start_as("", kind);
		for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			uint64_t order = PAGE;
			uint8_t byte;
			dmk_dma dma;
			uint8_t *cpu = dmk_alloc(&dev, sizes[i], &dma, i & 1 ? DMK_ALLOC_ATOMIC : 0,
						 0);

			while (order < sizes[i])
				order *= 2;
			/* the small fake's pool for those who can't sleep is small */
			if (!cpu && kind == FAKE_NONCOHERENT && i & 1 && sizes[i] > 16384)
				continue;
			assert_non_null(cpu);
			assert_true(dma.v + sizes[i] - 1 <= 0xffffffff);
			assert_int_equal(dma.v & (order - 1), 0);
			cpu[sizes[i] - 1] = 0x99;
			assert_true(device_reads(dma.v + sizes[i] - 1, &byte, 1));
			assert_int_equal(byte, 0x99);
			dmk_free(&dev, sizes[i], cpu, dma, 0);
			assert_false(device_reads(dma.v, &byte, 1));
		}
		end();
	}
}

/* --- caches ----------------------------------------------------------------------------------- */

static bool only_op(enum fake_cache op, uint64_t phys, size_t size)
{
	struct fake_cache_op ops[4];
	const size_t n = fake_cache_ops(ops, 4);

	if (!op)
		return n == 0;
	return n == 1 && ops[0].op == op && ops[0].phys == phys && ops[0].size == size;
}

/*
 * What the device was lent is dropped; what was not, or is not known to be, is written back first.
 */
static void test_STR_04_SYN_04_wrong_syncs_and_unmaps_lose_no_byte_of_a_neighbour(void **state)
{
	struct fake_cache_op ops[4];
	dma_addr_t one, two;

	start_as("", FAKE_NONCOHERENT);
	two = map(LOW(8 * PAGE), PAGE, DMK_FROM_DEVICE);
	one = map(LOW(0x40), 64, DMK_FROM_DEVICE);
	assert_int_equal((one & ~0xfffULL) + PAGE,
			 two); /* neighbours: a sync of one may reach the other */
	fake_cache_ops(ops, 4);
	dmk_sync_for_cpu(&dev, DMK_DMA(one + 8), 16, DMK_FROM_DEVICE);
	assert_true(only_op(FAKE_INVALIDATE, LOW(0x48), 16));
	dmk_sync_for_cpu(&dev, DMK_DMA(one), 128, DMK_FROM_DEVICE);
	assert_true(only_op(FAKE_FLUSH, LOW(0x40), 128)); /* too long, in the same page */
	dmk_sync_for_cpu(&dev, DMK_DMA(one), PAGE, DMK_FROM_DEVICE);
	assert_int_equal(fake_cache_ops(ops, 4), 2); /* too long, up to the neighbour */
	assert_true(ops[0].op == FAKE_FLUSH && ops[0].phys == LOW(0x40));
	assert_true(ops[1].op == FAKE_FLUSH && ops[1].phys == LOW(8 * PAGE) && ops[1].size == 64);
	dmk_sync_for_cpu(&dev, DMK_DMA(one), 64, DMK_TO_DEVICE);
	assert_true(only_op(0, 0, 0));
	unmap(two, 100, DMK_FROM_DEVICE); /* too short */
	assert_true(only_op(FAKE_FLUSH, LOW(8 * PAGE), 100));
	unmap(two, PAGE, DMK_FROM_DEVICE); /* again: it is nobody's */
	assert_true(only_op(0, 0, 0));
	unmap(one, 64, DMK_FROM_DEVICE);
	assert_true(only_op(FAKE_INVALIDATE, LOW(0x40), 64));
	end();
}

static void test_SYN_02_caches_of_a_list_follow_segment_by_segment(void **state)
{
	struct scatterlist sg[2];
	struct fake_cache_op ops[4];

	start_as("", FAKE_NONCOHERENT);
	sg_init_table(sg, 2);
	set(&sg[0], LOW(0), PAGE);
	set(&sg[1], LOW(4 * PAGE), 100);
	fake_cache_ops(ops, 4);
	assert_int_equal(dmk_map_sg(&dev, sg, 2, DMK_FROM_DEVICE, 0), 1);
	assert_int_equal(fake_cache_ops(ops, 4), 2);
	dmk_sync_sg_for_cpu(&dev, sg, 2, DMK_FROM_DEVICE);
	assert_int_equal(fake_cache_ops(ops, 4), 2);
	assert_true(ops[0].op == FAKE_INVALIDATE && ops[1].op == FAKE_INVALIDATE);
	dmk_unmap_sg(&dev, sg, 2, DMK_FROM_DEVICE, 0);
	assert_int_equal(fake_cache_ops(ops, 4), 2);
	assert_true(ops[0].op == FAKE_INVALIDATE && ops[0].phys == LOW(0) && ops[0].size == PAGE);
	assert_true(ops[1].op == FAKE_INVALIDATE && ops[1].phys == LOW(4 * PAGE) &&
		    ops[1].size == 100);
	dmk_unmap_sg(&dev, sg, 2, DMK_FROM_DEVICE, 0); /* once more */
	assert_true(only_op(0, 0, 0));
	end();
}

/* A sync that goes on into a neighbour which is no memory passes that over. */
static void test_STR_01_registers_beside_a_buffer_are_not_cached(void **state)
{
	struct fake_cache_op ops[4];
	dma_addr_t one, two;

	start_as("", FAKE_NONCOHERENT);
	two = dmk_map_phys(&dev, DMK_PHYS(0xe0001000), PAGE, DMK_BIDIRECTIONAL, 0, DMK_MAP_RESOURCE)
		      .v;
	one = map(LOW(0), PAGE, DMK_BIDIRECTIONAL);
	assert_int_equal(one + PAGE, two);
	fake_cache_ops(ops, 4);
	dmk_sync_for_device(&dev, DMK_DMA(one), 2 * PAGE, DMK_TO_DEVICE);
	assert_true(only_op(FAKE_CLEAN, LOW(0), PAGE));
	dmk_sync_for_cpu(&dev, DMK_DMA(one), 2 * PAGE, DMK_FROM_DEVICE);
	assert_true(only_op(FAKE_FLUSH, LOW(0), PAGE));
	dmk_unmap(&dev, DMK_DMA(two), PAGE, DMK_BIDIRECTIONAL, 0, DMK_MAP_RESOURCE);
	assert_true(only_op(0, 0, 0));
	unmap(one, PAGE, DMK_BIDIRECTIONAL);
	end();
}

/* --- addresses first, pages later ------------------------------------------------------------- */

static struct device card; /* what a driver has; its core's part is dev's */

static void start_card(const char *parameters, enum fake_bus kind)
{
	start_as(parameters, kind);
	memset(&card, 0, sizeof(card));
	dmk_dev_exit(&dev);
	dmk_dev_init(&card.dmk, "card", &bus, NULL);
	assert_int_equal(dmk_dev_attach(&card.dmk, 1), 0);
}

static void end_card(void)
{
	dmk_dev_exit(&card.dmk);
	dmk_dev_init(&dev, "dev", &bus, NULL);
	end();
}

static void test_IOM_06_pieces_are_linked_one_by_one_into_one_range(void **state)
{
	const enum dma_data_direction dir = DMA_BIDIRECTIONAL;
	struct dma_iova_state iova;
	uint8_t seen[300 + 2 * PAGE], byte;
	const char *const ways[] = {"iommu.strict=1", "iommu.strict=0"};

	for (unsigned int way = 0; way < 2; way++) {
		start_card(ways[way], FAKE_IDENTITY);
		memset(fake_ram(LOW(0)), 0x11, PAGE);
		memset(fake_ram(LOW(8 * PAGE)), 0x22, PAGE);
		memset(fake_ram(LOW(4 * PAGE)), 0x33, PAGE);
		assert_true(dma_iova_try_alloc(&card, &iova, LOW(PAGE - 300), sizeof(seen)));
		assert_true(dma_use_iova(&iova));
		assert_int_equal(dma_iova_size(&iova), sizeof(seen));
		assert_int_equal(iova.addr & 4095, PAGE - 300);
		assert_false(device_reads(iova.addr, seen, 1));
		assert_int_equal(dma_iova_link(&card, &iova, LOW(PAGE - 300), 0, 300, dir, 0), 0);
		assert_int_equal(dma_iova_link(&card, &iova, LOW(8 * PAGE), 300, PAGE, dir, 0), 0);
		assert_int_equal(
			dma_iova_link(&card, &iova, LOW(4 * PAGE), 300 + PAGE, PAGE, dir, 0), 0);
		assert_int_equal(dma_iova_sync(&card, &iova, 0, sizeof(seen)), 0);
		assert_true(device_reads(iova.addr, seen, sizeof(seen)));
		for (unsigned int i = 0; i < sizeof(seen); i++)
			assert_int_equal(seen[i], i < 300 ? 0x11 : i < 300 + PAGE ? 0x22 : 0x33);
		/*
		 * One piece out: dead at once, lazy or not; the others live. And another one in its
		 * place.
		 */
		dma_iova_unlink(&card, &iova, 300, PAGE, dir, 0);
		assert_false(device_reads(iova.addr + 300, &byte, 1));
		assert_true(device_reads(iova.addr + 300 + PAGE, &byte, 1));
		assert_int_equal(dma_iova_link(&card, &iova, LOW(4 * PAGE), 300, PAGE, dir, 0), 0);
		assert_true(device_reads(iova.addr + 300, &byte, 1));
		assert_int_equal(byte, 0x33);
		/* A stray unmap takes nothing of it. */
		dmk_unmap(&card.dmk, DMK_DMA(iova.addr + 300), PAGE, DMK_BIDIRECTIONAL, 0,
			  DMK_MAP_PAGE);
		assert_true(device_reads(iova.addr + 300, &byte, 1));
		dma_iova_destroy(&card, &iova, sizeof(seen), dir, 0);
		while (fake_run_deferred())
			;
		assert_false(device_reads(iova.addr, &byte, 1));
		assert_false(device_reads(iova.addr + 300 + PAGE, &byte, 1));
		end_card();
	}
}

static void test_IOM_06_a_link_that_fails_leaves_what_was_linked(void **state)
{
	const enum dma_data_direction dir = DMA_TO_DEVICE;
	static const struct {
		const char *what;
		uint64_t phys;
		size_t offset, size;
		enum dma_data_direction dir;
		int result;
	} rows[] = {
		{"one byte too long", LOW(0), PAGE, 3 * PAGE + 1, DMA_TO_DEVICE, -EINVAL},
		{"behind the end", LOW(0), 4 * PAGE, 1, DMA_TO_DEVICE, -EINVAL},
		{"around the end of all", LOW(0), PAGE, ~(size_t)0, DMA_TO_DEVICE, -EINVAL},
		{"nothing", LOW(0), PAGE, 0, DMA_TO_DEVICE, -EINVAL},
		{"over another piece", LOW(0), 0, 2 * PAGE, DMA_TO_DEVICE, -EINVAL},
		{"elsewhere in its page", LOW(64), PAGE, PAGE, DMA_TO_DEVICE, -EINVAL},
		{"no direction", LOW(0), PAGE, PAGE, DMA_NONE, -EINVAL},
		{"no memory", 0x500000000, PAGE, PAGE, DMA_TO_DEVICE, -EINVAL},
	};
	struct dma_iova_state iova, other;
	uint8_t byte;
	int result;

	start_card("", FAKE_IDENTITY);
	assert_true(dma_iova_try_alloc(&card, &iova, 0, 4 * PAGE));
	assert_int_equal(dma_iova_link(&card, &iova, LOW(8 * PAGE), 0, PAGE, dir, 0), 0);
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		result = dma_iova_link(&card, &iova, rows[i].phys, rows[i].offset, rows[i].size,
				       rows[i].dir, 0);
		ROW_EXPECT(rows[i].what, result == rows[i].result);
		ROW_EXPECT(rows[i].what, device_reads(iova.addr, &byte, 1));
		ROW_EXPECT(rows[i].what, !device_reads(iova.addr + PAGE, &byte, 1));
	}
	/* No memory for a table, as far from the first piece as it takes. */
	assert_true(dma_iova_try_alloc(&card, &other, 0, 4 << 20));
	result = 0;
	for (unsigned int n = 1; n < 8 && !result; n++) {
		fake_fail_at(n);
		result = dma_iova_link(&card, &other, LOW(0), 0, 2 * PAGE, dir, 0);
		fake_fail_at(0);
		if (!result)
			dma_iova_unlink(&card, &other, 0, 2 * PAGE, dir, 0);
	}
	assert_int_equal(result, -ENOMEM);
	assert_false(device_reads(other.addr, &byte, 1));
	assert_true(device_reads(iova.addr, &byte, 1));
	dma_iova_free(&card, &other);
	dma_iova_destroy(&card, &iova, PAGE, dir, 0);
	end_card();
}

/* What a driver says of its state is believed only where it is so. */
static void test_IOM_06_addresses_go_back_once(void **state)
{
	struct dma_iova_state iova, made_up, other;

	start_card("", FAKE_IDENTITY);
	assert_int_equal(dmk_set_mask(&card.dmk, 0xffff, true, true), 0);
	assert_false(dma_iova_try_alloc(&card, &iova, 0, 0));
	assert_false(dma_iova_try_alloc(&card, &iova, 0, ~(size_t)0));
	assert_false(dma_iova_try_alloc(&card, &iova, 1, SIZE_MAX / 2));
	assert_false(dma_iova_try_alloc(&card, &iova, 0, 64 * PAGE)); /* more than the mask has */
	assert_false(dma_use_iova(&iova));
	dma_iova_free(&card, &iova);
	assert_int_equal(dma_iova_link(&card, &iova, LOW(0), 0, PAGE, DMA_TO_DEVICE, 0), -EINVAL);
	assert_int_equal(dma_iova_sync(&card, &iova, 0, PAGE), -EINVAL);
	dma_iova_unlink(&card, &iova, 0, PAGE, DMA_TO_DEVICE, 0);
	for (unsigned int i = 0; i < 40; i++) {
		assert_true(dma_iova_try_alloc(&card, &iova, 0, 2 * PAGE));
		assert_true(dma_iova_try_alloc(&card, &other, 0, 2 * PAGE));
		made_up = (struct dma_iova_state){iova.addr, 3 * PAGE};
		dma_iova_free(&card, &made_up);
		made_up = (struct dma_iova_state){iova.addr + PAGE, PAGE};
		dma_iova_destroy(&card, &made_up, PAGE, DMA_TO_DEVICE, 0);
		dma_iova_free(&card, &iova);
		dma_iova_free(&card, &iova); /* again */
		assert_true(dma_iova_try_alloc(&card, &iova, 0, 2 * PAGE));
		assert_true(iova.addr + 2 * PAGE <= other.addr ||
			    other.addr + 2 * PAGE <= iova.addr);
		dma_iova_free(&card, &iova);
		dma_iova_destroy(&card, &other, 0, DMA_TO_DEVICE, 0);
	}
	assert_true(dma_iova_try_alloc(&card, &iova, 0,
				       PAGE)); /* and one that stays: the domain's end takes it */
	end_card();
}

static void test_IOM_06_there_are_no_addresses_without_an_iommu_or_trust(void **state)
{
	struct dma_iova_state iova = {.addr = 5, .__size = 5};

	start_card("iommu.passthrough=1", FAKE_IDENTITY);
	assert_false(dma_iova_try_alloc(&card, &iova, 0, PAGE));
	assert_false(dma_use_iova(&iova));
	assert_false(dma_iova_try_alloc(NULL, &iova, 0, PAGE));
	end_card();
	start_card("", FAKE_IDENTITY);
	bus.untrusted = true;
	assert_false(dma_iova_try_alloc(&card, &iova, 0, PAGE));
	end_card();
}

static void test_IOM_06_caches_follow_each_piece(void **state)
{
	const enum dma_data_direction dir = DMA_FROM_DEVICE;
	struct dma_iova_state iova;
	struct fake_cache_op ops[4];

	start_card("", FAKE_NONCOHERENT);
	assert_true(dma_iova_try_alloc(&card, &iova, 0, PAGE + 100));
	fake_cache_ops(ops, 4);
	assert_int_equal(dma_iova_link(&card, &iova, LOW(4 * PAGE), 0, PAGE, dir, 0), 0);
	assert_true(only_op(FAKE_FLUSH, LOW(4 * PAGE), PAGE));
	assert_int_equal(dma_iova_link(&card, &iova, LOW(0), PAGE, 100, dir, 0), 0);
	assert_true(only_op(FAKE_FLUSH, LOW(0), 100));
	dma_iova_unlink(&card, &iova, PAGE, 100, dir, 0);
	assert_true(only_op(FAKE_INVALIDATE, LOW(0), 100));
	assert_int_equal(
		dma_iova_link(&card, &iova, LOW(0), PAGE, 100, dir, DMA_ATTR_SKIP_CPU_SYNC), 0);
	assert_true(only_op(0, 0, 0));
	dma_iova_destroy(&card, &iova, PAGE + 100, dir, 0);
	assert_int_equal(fake_cache_ops(ops, 4), 2);
	assert_true(ops[0].op == FAKE_INVALIDATE && ops[0].phys == LOW(4 * PAGE) &&
		    ops[0].size == PAGE);
	assert_true(ops[1].op == FAKE_INVALIDATE && ops[1].phys == LOW(0) && ops[1].size == 100);
	end_card();
}

/* --- a model ---------------------------------------------------------------------------------- */

enum { LIVE = 24, STEPS = 4000, ROOM = 16 * PAGE };

struct live {
	uint64_t phys;
	size_t size;
	dma_addr_t dma;
};

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 8;
}

static void random_work(const char *parameters, uint64_t seed)
{
	uint64_t random = seed * 2654435761u + 1;
	struct live live[LIVE];
	unsigned int n = 0, slot_of[LIVE], free_slots[LIVE], nr_free = LIVE;
	static uint8_t bytes[ROOM];

	start(parameters);
	for (unsigned int i = 0; i < LIVE; i++)
		free_slots[i] = i;
	for (unsigned int step = 0; step < STEPS; step++) {
		if (n < LIVE && next(&random) % 2) {
			struct live *new = &live[n];
			const unsigned int slot = free_slots[--nr_free];

			new->size = 1 + next(&random) % (ROOM / 2);
			new->phys = LOW((uint64_t)slot * ROOM + next(&random) % (ROOM / 2));
			new->dma = map(new->phys, new->size, DMK_BIDIRECTIONAL);
			assert_int_not_equal(new->dma, DMK_MAPPING_ERROR.v);
			slot_of[n++] = slot;
		} else if (n) {
			const unsigned int i = next(&random) % n;
			const size_t at = next(&random) % live[i].size,
				     size = 1 + next(&random) % (live[i].size - at);

			for (size_t k = 0; k < size; k++)
				bytes[k] = (uint8_t)next(&random);
			assert_true(device_writes(live[i].dma + at, bytes, size));
			assert_memory_equal(fake_ram(live[i].phys + at), bytes, size);
			if (next(&random) % 2)
				continue;
			unmap(live[i].dma, live[i].size, DMK_BIDIRECTIONAL);
			free_slots[nr_free++] = slot_of[i];
			live[i] = live[--n];
			slot_of[i] = slot_of[n];
		}
		if (next(&random) % 64 == 0)
			fake_run_deferred();
	}
	while (n--)
		unmap(live[n].dma, live[n].size, DMK_BIDIRECTIONAL);
	fake_run_deferred();
	end();
}

static void test_IOM_01_random_work_byte_by_byte(void **state)
{
	const uint64_t seed = time(NULL);

	print_message("seed %llu\n", (unsigned long long)seed);
	random_work("iommu.strict=1", seed);
	random_work("iommu.strict=0", seed + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_IOM_01_a_device_sees_what_was_mapped_and_nothing_else),
		cmocka_unit_test(test_DIR_03_a_device_does_what_the_direction_lets_it),
		cmocka_unit_test(test_MSK_06_addresses_keep_to_the_mask),
		cmocka_unit_test(test_STR_05_addresses_run_out_and_come_again),
		cmocka_unit_test(test_STR_04_a_wrong_unmap_takes_nothing_of_others),
		cmocka_unit_test(test_STR_01_registers_of_another_card_are_mapped_too),
		cmocka_unit_test(test_IOM_02_strict_after_unmap_no_translation_is_left),
		cmocka_unit_test(test_IOM_02_a_lost_invalidation_shows),
		cmocka_unit_test(test_IOM_02_lazy_addresses_are_not_used_again_before_the_flush),
		cmocka_unit_test(test_IOM_02_lazy_every_cpu_has_a_list_and_one_flush_is_for_all),
		cmocka_unit_test(
			test_IOM_02_lazy_is_bounded_in_time_where_cpus_can_not_be_waited_for),
		cmocka_unit_test(test_IOM_02_lazy_a_domain_may_end_while_it_is_flushed),
		cmocka_unit_test(test_IOM_02_lazy_gives_addresses_back_when_they_are_out),
		cmocka_unit_test(
			test_IOM_02_passthrough_is_as_direct_and_not_for_who_is_not_trusted),
		cmocka_unit_test(test_MSK_05_addresses_come_from_the_top_or_from_below_4_gib),
		cmocka_unit_test(test_IOM_03_regions_are_not_given_out_and_identity_is_mapped),
		cmocka_unit_test(test_IOM_07_a_group_shares_a_domain_until_its_last_device_goes),
		cmocka_unit_test(test_IOM_07_a_device_that_can_not_be_attached_leaves_nothing),
		cmocka_unit_test(test_IOM_04_a_fault_names_device_address_and_neighbour),
		cmocka_unit_test(test_IOM_01_SGL_04_scattered_pages_become_one_segment),
		cmocka_unit_test(test_MSK_08_segments_keep_to_the_devices_limits),
		cmocka_unit_test(test_SGL_07_a_list_that_fails_leaves_nothing),
		cmocka_unit_test(
			test_COH_02_COH_03_consistent_memory_is_aligned_below_the_mask_and_seen),
		cmocka_unit_test(
			test_STR_04_SYN_04_wrong_syncs_and_unmaps_lose_no_byte_of_a_neighbour),
		cmocka_unit_test(test_SYN_02_caches_of_a_list_follow_segment_by_segment),
		cmocka_unit_test(test_STR_01_registers_beside_a_buffer_are_not_cached),
		cmocka_unit_test(test_IOM_06_pieces_are_linked_one_by_one_into_one_range),
		cmocka_unit_test(test_IOM_06_a_link_that_fails_leaves_what_was_linked),
		cmocka_unit_test(test_IOM_06_addresses_go_back_once),
		cmocka_unit_test(test_IOM_06_there_are_no_addresses_without_an_iommu_or_trust),
		cmocka_unit_test(test_IOM_06_caches_follow_each_piece),
		cmocka_unit_test(test_IOM_01_random_work_byte_by_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
