// SPDX-License-Identifier: MIT
/*
 * STR-10, BNC-02 behind an IOMMU: a device that is not trusted sees no byte beside what was lent,
 * although the IOMMU maps whole granules: parts of them are bounced. On machines whose IOMMU
 * translates; a bus is not trusted where its devicetree says external-facing, or, as here, where
 * the test says so.
 */
#include "harness.h"

#include <stdlib.h>

enum { SECRET = 0x5a, STALE = 0x77 };

static bool translates(void)
{
	return machine_bus()->iommu && !strstr(machine()->bootargs, "iommu.passthrough=1");
}

static bool is_strict(void)
{
	return strstr(machine()->bootargs, "iommu.strict=1");
}

/* The description is constant to the core; it is the machine's, and the machine's memory. */
static void distrust(void)
{
	if (!translates())
		skip();
	((struct dmk_bus *)dev->dmk.bus)->untrusted = true;
}

static size_t granule(void)
{
	const uint64_t sizes = machine_bus()->iommu->page_sizes;

	return (size_t)(sizes & -sizes);
}

static size_t slots_used(void)
{
	struct dmk_bounce_stats stats;

	dmk_bounce_statistics(NULL, &stats);
	return stats.used;
}

/* How many mappings of less than a granule there can be at once. */
static size_t most_parts(void)
{
	struct dmk_bounce_stats stats;

	dmk_bounce_statistics(NULL, &stats);
	assert_int_equal(stats.total, stats.most);
	return stats.total * stats.slot_size / granule();
}

/* Whole granules, physically too, with a secret in each byte. */
static u8 *secrets(size_t granules)
{
	u8 *memory = (u8 *)__get_free_pages(GFP_KERNEL, get_order(granules * granule()));

	assert_non_null(memory);
	assert_int_equal(virt_to_phys(memory) & (granule() - 1), 0);
	memset(memory, SECRET, granules * granule());
	return memory;
}

static void give_back(u8 *memory, size_t granules)
{
	free_pages((unsigned long)memory, get_order(granules * granule()));
}

/* What the card sees in the granule around the address. */
static void see_around(dma_addr_t dma, u8 *bytes)
{
	for (size_t at = 0; at < granule(); at += 4096)
		assert_int_equal(lab_read(lab, (dma & ~(dma_addr_t)(granule() - 1)) + at,
					  bytes + at, 4096),
				 0);
}

static const struct {
	size_t offset, size;
} parts[] = {{0, 1}, {100, 60}, {2047, 2}, {2048, 2048}, {4000, 96}, {1, 4094}};

static void test_STR_10_BNC_02_it_sees_no_neighbour_and_no_earlier_byte(void **state)
{
	static u8 bytes[64 << 10];
	u8 *memory, *old;

	distrust();
	memory = secrets(1);
	old = secrets(1);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const size_t offset = parts[i].offset, size = parts[i].size;
		dma_addr_t dma;

		memset(old, STALE, granule());
		dma = must_map(dev, old + 1, 4095, DMA_TO_DEVICE);
		dma_unmap_single(dev, dma, 4095, DMA_TO_DEVICE);
		fill_bytes(memory + offset, size, i);
		dma = must_map(dev, memory + offset, size, DMA_TO_DEVICE);
		assert_int_equal(dma & (granule() - 1), offset);
		see_around(dma, bytes);
		for (size_t at = 0; at < granule(); at++) {
			if (at == offset)
				at += size - 1;
			else
				assert_int_equal(bytes[at], 0);
		}
		assert_true(bytes_are(bytes + offset, size, i));
		dma_unmap_single(dev, dma, size, DMA_TO_DEVICE);
		assert_int_equal(slots_used(), 0);
		memset(memory, SECRET, granule());
	}
	/* The checker reports the bytes beside the buffer, which were there to be read. */
	expect_anything();
	give_back(memory, 1);
	give_back(old, 1);
}

static void test_STR_10_BNC_02_what_it_writes_beside_the_buffer_is_lost(void **state)
{
	static u8 bytes[4096];
	u8 *memory;

	distrust();
	memory = secrets(1);
	memset(bytes, 0xee, sizeof(bytes));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const size_t offset = parts[i].offset, size = parts[i].size;
		dma_addr_t dma = must_map(dev, memory + offset, size, DMA_FROM_DEVICE);

		assert_int_equal(lab_write(lab, dma & ~(dma_addr_t)4095, bytes, 4096), 0);
		dma_unmap_single(dev, dma, size, DMA_FROM_DEVICE);
		for (size_t at = 0; at < granule(); at++)
			assert_int_equal(memory[at],
					 at >= offset && at < offset + size ? 0xee : SECRET);
		memset(memory, SECRET, granule());
	}
	expect_anything();
	give_back(memory, 1);
}

static void test_BNC_02_what_it_leaves_unwritten_stays_as_it_was(void **state)
{
	u8 *memory;
	dma_addr_t dma;

	distrust();
	memory = secrets(1);
	fill_bytes(memory + 300, 200, 4);
	dma = must_map(dev, memory + 300, 200, DMA_FROM_DEVICE);
	assert_int_equal(lab_write(lab, dma, "ten bytes!", 10), 0);
	dma_unmap_single(dev, dma, 200, DMA_FROM_DEVICE);
	assert_memory_equal(memory + 300, "ten bytes!", 10);
	fill_bytes(memory + 300, 10, 4);
	fill_bytes(memory + 600, 200, 4);
	assert_memory_equal(memory + 310, memory + 610, 190);
	give_back(memory, 1);
}

static void test_SYN_01_BNC_02_syncs_move_the_bytes_that_they_name(void **state)
{
	u8 bytes[256];
	u8 *memory;
	dma_addr_t dma;

	distrust();
	memory = secrets(1);
	fill_bytes(memory + 64, 256, 1);
	dma = must_map(dev, memory + 64, 256, DMA_BIDIRECTIONAL);
	assert_true(dma_need_sync(dev, dma));
	assert_int_equal(lab_read(lab, dma, bytes, 256), 0);
	assert_true(bytes_are(bytes, 256, 1));
	for (unsigned int round = 2; round < 6; round++) {
		fill_bytes(bytes, 256, round);
		assert_int_equal(lab_write(lab, dma, bytes, 256), 0);
		dma_sync_single_for_cpu(dev, dma, 256, DMA_BIDIRECTIONAL);
		assert_true(bytes_are(memory + 64, 256, round));
		fill_bytes(memory + 64, 256, round + 40);
		dma_sync_single_range_for_device(dev, dma, 128, 128, DMA_BIDIRECTIONAL);
		assert_int_equal(lab_read(lab, dma + 128, bytes + 128, 128), 0);
		assert_memory_equal(bytes + 128, memory + 64 + 128, 128);
		dma_sync_single_for_device(dev, dma, 256, DMA_BIDIRECTIONAL);
		assert_int_equal(lab_read(lab, dma, bytes, 256), 0);
		assert_true(bytes_are(bytes, 256, round + 40));
	}
	dma_unmap_single(dev, dma, 256, DMA_BIDIRECTIONAL);
	assert_int_equal(slots_used(), 0);
	give_back(memory, 1);
}

static void test_STR_10_whole_granules_are_lent_as_they_are(void **state)
{
	static u8 bytes[4096];
	u8 *memory;
	dma_addr_t dma;

	distrust();
	memory = secrets(2);
	dma = must_map(dev, memory, 2 * granule(), DMA_BIDIRECTIONAL);
	assert_int_equal(slots_used(), 0);
	memset(bytes, 0x11, sizeof(bytes));
	assert_int_equal(lab_write(lab, dma + granule(), bytes, sizeof(bytes)), 0);
	dma_unmap_single(dev, dma, 2 * granule(), DMA_BIDIRECTIONAL);
	assert_int_equal(memory[granule()], 0x11);
	assert_int_equal(memory[0], SECRET);
	give_back(memory, 2);
}

static void test_BNC_01_who_is_trusted_is_not_bounced_whatever_swiotlb_says(void **state)
{
	u8 *memory = must_kmalloc(64);
	dma_addr_t dma;

	if (!translates())
		skip();
	dma = must_map(dev, memory, 64, DMA_TO_DEVICE);
	assert_int_equal(slots_used(), 0);
	dma_unmap_single(dev, dma, 64, DMA_TO_DEVICE);
	kfree(memory);
}

static void test_BNC_01_without_slots_a_part_of_a_granule_can_not_be_lent(void **state)
{
	u8 *memory;
	dma_addr_t dma;

	distrust();
	memory = secrets(1);
	assert_true(dma_mapping_error(dev, dma_map_single(dev, memory, 64, DMA_TO_DEVICE)));
	dma = must_map(dev, memory, granule(), DMA_TO_DEVICE);
	dma_unmap_single(dev, dma, granule(), DMA_TO_DEVICE);
	give_back(memory, 1);
}

static void test_BNC_04_STR_05_when_slots_are_gone_an_unmap_makes_room(void **state)
{
	static dma_addr_t dma[4096];
	u8 *memory;
	size_t n = 0;

	distrust();
	memory = secrets(1);
	while (n < ARRAY_SIZE(dma)) {
		dma[n] = dma_map_single(dev, memory + 8, 8, DMA_TO_DEVICE);
		if (dma_mapping_error(dev, dma[n]))
			break;
		n++;
	}
	assert_int_equal(n, most_parts());
	assert_int_equal(slots_used(), n * granule() / 2048);
	dma_unmap_single(dev, dma[0], 8, DMA_TO_DEVICE);
	dma[0] = must_map(dev, memory + 8, 8, DMA_TO_DEVICE);
	while (n--)
		dma_unmap_single(dev, dma[n], 8, DMA_TO_DEVICE);
	assert_int_equal(slots_used(), 0);
	give_back(memory, 1);
}

static void test_MSK_07_the_largest_mapping_is_what_can_be_bounced(void **state)
{
	static u8 bytes[LAB_BUFFER];
	size_t most;
	dma_addr_t dma;
	u8 *memory;

	distrust();
	most = dma_max_mapping_size(dev);
	assert_in_range(most, 128 << 10, 256 << 10);
	assert_true(dma_opt_mapping_size(dev) <= most);
	memory = (u8 *)__get_free_pages(GFP_KERNEL, get_order(512 << 10));
	assert_non_null(memory);
	fill_bytes(memory + 4095, LAB_BUFFER, 3);
	dma = must_map(dev, memory + 4095, most, DMA_TO_DEVICE);
	assert_int_equal(lab_read(lab, dma, bytes, LAB_BUFFER), 0);
	assert_true(bytes_are(bytes, LAB_BUFFER, 3));
	dma_unmap_single(dev, dma, most, DMA_TO_DEVICE);
	assert_true(
		dma_mapping_error(dev, dma_map_single(dev, memory + 1, 256 << 10, DMA_TO_DEVICE)));
	free_pages((unsigned long)memory, get_order(512 << 10));
}

/* --- lists ------------------------------------------------------------------------------------ */

enum { ENTRIES = 5 };

static void test_SGL_03_BNC_02_each_entry_of_a_list_that_is_a_part_is_bounced(void **state)
{
	struct scatterlist list[ENTRIES], *sg;
	static u8 bytes[4096];
	size_t length[ENTRIES] = {200, 0, 1, 4096 - 64, 0};
	u8 *memory[ENTRIES];
	int n, i;

	distrust();
	sg_init_table(list, ENTRIES);
	for (i = 0; i < ENTRIES; i++) {
		memory[i] = secrets(1);
		if (!length[i])
			length[i] = granule();
		sg_set_buf(&list[i], memory[i] + (length[i] == granule() ? 0 : 64), length[i]);
		fill_bytes(sg_virt(&list[i]), min_t(size_t, 4096, length[i]), i);
	}
	n = dma_map_sg(dev, list, ENTRIES, DMA_BIDIRECTIONAL);
	assert_int_equal(n, ENTRIES);
	for_each_sg(list, sg, n, i) {
		const size_t size = min_t(size_t, 4096, length[i]);

		assert_int_equal(sg_dma_len(sg), length[i]);
		assert_int_equal(lab_read(lab, sg_dma_address(sg), bytes, size), 0);
		assert_true(bytes_are(bytes, size, i));
		fill_bytes(bytes, size, i + 30);
		assert_int_equal(lab_write(lab, sg_dma_address(sg), bytes, size), 0);
	}
	dma_sync_sg_for_cpu(dev, list, ENTRIES, DMA_BIDIRECTIONAL);
	for_each_sg(list, sg, ENTRIES, i)
		assert_true(bytes_are(sg_virt(sg), min_t(size_t, 4096, length[i]), i + 30));
	dma_sync_sg_for_device(dev, list, ENTRIES, DMA_BIDIRECTIONAL);
	dma_unmap_sg(dev, list, ENTRIES, DMA_BIDIRECTIONAL);
	assert_int_equal(slots_used(), 0);
	for (i = 0; i < ENTRIES; i++) {
		for (size_t at = 0; at < granule(); at++)
			if (length[i] != granule() && (at < 64 || at >= 64 + length[i]))
				assert_int_equal(memory[i][at], SECRET);
		give_back(memory[i], 1);
	}
}

static void test_SGL_07_a_list_that_finds_no_slot_leaves_nothing_mapped(void **state)
{
	struct scatterlist *sg;
	struct sg_table sgt;
	u8 *memory;
	int i;

	distrust();
	memory = secrets(1);
	assert_int_equal(sg_alloc_table(&sgt, most_parts() + 1, GFP_KERNEL), 0);
	for_each_sgtable_sg(&sgt, sg, i)
		sg_set_buf(sg, memory + i, 1);
	assert_int_equal(dma_map_sgtable(dev, &sgt, DMA_TO_DEVICE, 0), -ENOMEM);
	assert_int_equal(slots_used(), 0);
	sg_free_table(&sgt);
	give_back(memory, 1);
}

/* --- what is gone ----------------------------------------------------------------------------- */

static void test_IOM_02_after_the_unmap_neither_the_buffer_nor_its_slots_are_reached(void **state)
{
	u8 *memory, *next;
	dma_addr_t dma, other;

	distrust();
	if (!is_strict())
		skip();
	memory = secrets(1);
	next = secrets(1);
	for (unsigned int i = 0; i < 20; i++) {
		dma = must_map(dev, memory + 32, 64, DMA_BIDIRECTIONAL);
		assert_int_equal(lab_write(lab, dma, "mine", 4), 0);
		dma_unmap_single(dev, dma, 64, DMA_BIDIRECTIONAL);
		/*
		 * The same slots, most likely; and, for who is of the same group, the same address.
		 */
		other = must_map(dev2, next + 32, 64, DMA_BIDIRECTIONAL);
		if (other != dma || dev->dmk.domain != dev2->dmk.domain)
			assert_int_not_equal(lab_write(lab, dma, "evil", 4), 0);
		dma_unmap_single(dev2, other, 64, DMA_BIDIRECTIONAL);
		assert_memory_equal(memory + 32, "mine", 4);
		assert_int_equal(next[32], SECRET);
	}
	expect_anything();
	give_back(memory, 1);
	give_back(next, 1);
}

static void test_STR_04_wrong_unmaps_cost_no_slot_for_good(void **state)
{
	u8 *memory;
	dma_addr_t dma;

	distrust();
	memory = secrets(1);
	for (unsigned int i = 0; i < 20; i++) {
		dma = must_map(dev, memory + 32, 64, DMA_TO_DEVICE);
		dma_unmap_single(dev, dma + 4096, 64, DMA_TO_DEVICE);
		dma_unmap_single(dev, dma + (i % 2 ? 5 : 0), 4, DMA_TO_DEVICE);
		dma_unmap_single(dev, dma, 64, DMA_TO_DEVICE);
		dma_sync_single_for_cpu(dev, dma, 64, DMA_FROM_DEVICE);
	}
	expect_anything();
	assert_int_equal(slots_used(), 0);
	give_back(memory, 1);
}

/* --- at random -------------------------------------------------------------------------------- */

enum { LIVE = 24, AREA = 512 };

struct lent {
	dma_addr_t dma;
	size_t offset, size; /* in the area */
	enum dma_data_direction dir;
};

static u32 chance(u64 *state, u32 below)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(*state >> 33) % below;
}

/*
 * Buffers side by side in the same granules, lent and taken back in any order: each byte is what
 * the model says.
 */
static void test_BNC_02_at_random(void **state)
{
	static u8 model[LIVE * AREA], bytes[AREA];
	struct lent lent[LIVE] = {};
	u64 seed = contract_seed() * 77 + 1;
	u8 *memory;

	distrust();
	memory = (u8 *)__get_free_pages(GFP_KERNEL, get_order(sizeof(model)));
	assert_non_null(memory);
	fill_bytes(memory, sizeof(model), 1);
	memcpy(model, memory, sizeof(model));
	for (unsigned int i = 0; i < 600; i++) {
		const unsigned int n = chance(&seed, LIVE);
		struct lent *one = &lent[n];
		size_t at, part;

		if (!one->size) {
			/* Lines are the buffer's own, as a driver has it. */
			one->size = 1 + chance(&seed, AREA - 128);
			one->offset = n * AREA + 128 * chance(&seed, 2);
			one->dir = (enum dma_data_direction)chance(&seed, 3);
			one->dma = must_map(dev, memory + one->offset, one->size, one->dir);
			continue;
		}
		at = chance(&seed, one->size);
		part = 1 + chance(&seed, one->size - at);
		if (one->dir != DMA_FROM_DEVICE) {
			assert_int_equal(lab_read(lab, one->dma + at, bytes, part), 0);
			assert_memory_equal(bytes, model + one->offset + at, part);
		}
		if (one->dir != DMA_TO_DEVICE) {
			fill_bytes(bytes, part, i);
			assert_int_equal(lab_write(lab, one->dma + at, bytes, part), 0);
			memcpy(model + one->offset + at, bytes, part);
		}
		if (chance(&seed, 3)) {
			dma_sync_single_for_cpu(dev, one->dma, one->size, one->dir);
			assert_memory_equal(memory + one->offset, model + one->offset, one->size);
			dma_sync_single_for_device(dev, one->dma, one->size, one->dir);
			continue;
		}
		dma_unmap_single(dev, one->dma, one->size, one->dir);
		assert_memory_equal(memory + one->offset, model + one->offset, one->size);
		one->size = 0;
	}
	for (unsigned int n = 0; n < LIVE; n++)
		if (lent[n].size)
			dma_unmap_single(dev, lent[n].dma, lent[n].size, lent[n].dir);
	assert_memory_equal(memory, model, sizeof(model));
	assert_int_equal(slots_used(), 0);
	free_pages((unsigned long)memory, get_order(sizeof(model)));
}

/* Slots are there on every machine with this; it has no other meaning behind an IOMMU. */
#define FORCED(function) CONTRACT_TEST_WITH(function, "swiotlb=force")

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		FORCED(test_STR_10_BNC_02_it_sees_no_neighbour_and_no_earlier_byte),
		FORCED(test_STR_10_BNC_02_what_it_writes_beside_the_buffer_is_lost),
		FORCED(test_BNC_02_what_it_leaves_unwritten_stays_as_it_was),
		FORCED(test_SYN_01_BNC_02_syncs_move_the_bytes_that_they_name),
		FORCED(test_STR_10_whole_granules_are_lent_as_they_are),
		FORCED(test_BNC_01_who_is_trusted_is_not_bounced_whatever_swiotlb_says),
		CONTRACT_TEST_WITH(test_BNC_01_without_slots_a_part_of_a_granule_can_not_be_lent,
				   "swiotlb=noforce"),
		CONTRACT_TEST_WITH(test_BNC_04_STR_05_when_slots_are_gone_an_unmap_makes_room,
				   "swiotlb=128,force"),
		FORCED(test_MSK_07_the_largest_mapping_is_what_can_be_bounced),
		FORCED(test_SGL_03_BNC_02_each_entry_of_a_list_that_is_a_part_is_bounced),
		CONTRACT_TEST_WITH(test_SGL_07_a_list_that_finds_no_slot_leaves_nothing_mapped,
				   "swiotlb=128,force"),
		FORCED(test_IOM_02_after_the_unmap_neither_the_buffer_nor_its_slots_are_reached),
		FORCED(test_STR_04_wrong_unmaps_cost_no_slot_for_good),
		FORCED(test_BNC_02_at_random),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
