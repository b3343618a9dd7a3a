// SPDX-License-Identifier: MIT
/*
 * IOM: what the core must tell an IOMMU, on machines whose IOMMU forgets nothing by itself. A test
 * that passes with the core as it is fails with one that tells less: the last ones here take words
 * away and must notice.
 */
#include "harness.h"

enum { ROUNDS = 60, EACH = 3 };

static const struct dmk_iommu *iommu(void)
{
	return machine_bus()->iommu;
}

static bool is_strict(void)
{
	return strstr(machine()->bootargs, "iommu.strict=1");
}

/* How often a card reached a page after it was unmapped, or did not while it was mapped. */
static unsigned int slips(void)
{
	unsigned char *memory = must_kmalloc(PAGE_SIZE), *other = must_kmalloc(PAGE_SIZE);
	/*
	 * Stays, so that no table gets empty: what is said then covers for what was not said
	 * before.
	 */
	const dma_addr_t neighbour = must_map(dev, other, PAGE_SIZE, DMA_BIDIRECTIONAL);
	unsigned int n = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		dma_addr_t dma = must_map(dev, memory, PAGE_SIZE, DMA_BIDIRECTIONAL);

		n += lab_write(lab, dma, "mapped", 6) != 0;
		dma_unmap_single(dev, dma, PAGE_SIZE, DMA_BIDIRECTIONAL);
		n += lab_write(lab, dma, "gone", 4) == 0;
	}
	dma_unmap_single(dev, neighbour, PAGE_SIZE, DMA_BIDIRECTIONAL);
	kfree(other);
	kfree(memory);
	/* All of that was reported, or refused, or both. */
	expect_anything();
	return n;
}

static void test_IOM_02_an_address_is_dead_when_a_strict_unmap_returns(void **state)
{
	if (is_strict())
		assert_int_equal(slips(), 0);
}

static void test_IOM_02_a_lazy_unmap_is_done_after_a_while(void **state)
{
	unsigned char *memory = must_kmalloc(PAGE_SIZE);
	dma_addr_t dma = must_map(dev, memory, PAGE_SIZE, DMA_FROM_DEVICE);
	unsigned int turns = 0;

	assert_int_equal(lab_write(lab, dma, "mapped", 6), 0);
	dma_unmap_single(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	while (machine_translates() && turns++ < 2000 && !lab_write(lab, dma, "gone", 4))
		msleep(1);
	assert_true(turns <= 2000);
	kfree(memory);
	expect_anything();
}

/* Blocks of a page lie anywhere in a granule, which may be sixteen pages. */
static void test_IOM_02_freed_memory_is_out_of_reach_and_comes_again(void **state)
{
	enum { N = 6 };
	dma_addr_t dma[N];
	void *block[N];

	for (unsigned int round = 0; round < ROUNDS / 4; round++) {
		for (unsigned int i = 0; i < N; i++) {
			block[i] = dma_alloc_coherent(dev, PAGE_SIZE, &dma[i], GFP_KERNEL);
			assert_non_null(block[i]);
			assert_int_equal(lab_write(lab, dma[i], "here", 4), 0);
		}
		for (unsigned int i = 0; i < N; i++) {
			dma_free_coherent(dev, PAGE_SIZE, block[i], dma[i]);
			if (is_strict())
				assert_int_equal(lab_write(lab, dma[i], "gone", 4), -EIO);
		}
	}
	expect_anything();
}

static void test_IOM_03_addresses_are_never_those_of_messages_or_firmware(void **state)
{
	enum { N = 300 };
	static dma_addr_t dma[N];
	unsigned char *memory = must_kmalloc(PAGE_SIZE);

	for (unsigned int i = 0; machine_translates() && i < N; i++) {
		dma[i] = must_map(dev, memory, PAGE_SIZE, DMA_TO_DEVICE);
		for (unsigned int j = 0; j < iommu()->nr_regions; j++) {
			const struct dmk_iommu_region *region = &iommu()->regions[j];

			assert_true(dma[i] + PAGE_SIZE - 1 < region->first ||
				    dma[i] > region->last);
		}
	}
	for (unsigned int i = 0; machine_translates() && i < N; i++)
		dma_unmap_single(dev, dma[i], PAGE_SIZE, DMA_TO_DEVICE);
	kfree(memory);
}

static void test_IOM_03_firmwares_memory_is_reached_at_its_own_address(void **state)
{
	unsigned char seen[16];

	for (unsigned int j = 0; machine_translates() && j < iommu()->nr_regions; j++) {
		const struct dmk_iommu_region *region = &iommu()->regions[j];

		if (region->kind == DMK_REGION_IDENTITY &&
		    region->requester == pci_dev_id(lab->pdev)) {
			assert_int_equal(lab_read(lab, region->first, seen, sizeof(seen)), 0);
			assert_int_equal(lab_read(lab, region->last - 15, seen, sizeof(seen)), 0);
			assert_int_equal(lab_read(lab, region->last + 1, seen, 1), -EIO);
		}
	}
	expect_anything();
}

/* --- addresses first, pages later ------------------------------------------------------------- */

enum { PIECES = 3 };

static size_t granule(void)
{
	return dma_get_merge_boundary(dev) + 1;
}

/* Pieces that are whole for the IOMMU, far apart in memory. The last one is short. */
static unsigned char *pieces[PIECES];

static size_t piece_size(unsigned int i)
{
	return i + 1 < PIECES ? granule() : 100;
}

static void take_pieces(void)
{
	for (unsigned int i = 0; i < PIECES; i++) {
		pieces[i] = (void *)__get_free_pages(GFP_KERNEL, get_order(granule()));
		assert_non_null(pieces[i]);
		fill_bytes(pieces[i], piece_size(i), i);
	}
}

static void give_pieces(void)
{
	for (unsigned int i = 0; i < PIECES; i++)
		free_pages((unsigned long)pieces[i], get_order(granule()));
}

/* Return: bytes. */
static size_t link_pieces(struct dma_iova_state *state, enum dma_data_direction dir)
{
	size_t at = 0;

	for (unsigned int i = 0; i < PIECES; at += piece_size(i), i++)
		assert_int_equal(dma_iova_link(dev, state, virt_to_phys(pieces[i]), at,
					       piece_size(i), dir, 0),
				 0);
	return at;
}

/* In steps that end within a page: the card's own memory is small. */
static void card_moves(dma_addr_t dma, unsigned char *bytes, size_t size, bool write)
{
	enum { STEP = 60000 };

	for (size_t at = 0; at < size; at += STEP) {
		const size_t n = min_t(size_t, STEP, size - at);

		assert_int_equal(write ? lab_write(lab, dma + at, bytes + at, n)
				       : lab_read(lab, dma + at, bytes + at, n),
				 0);
	}
}

/* The way a driver is written that runs everywhere: the guide's. */
static void test_IOM_06_pieces_are_one_range_and_elsewhere_the_driver_maps(void **state)
{
	struct dma_iova_state iova;
	static unsigned char seen[3 << 16];
	size_t all = 0;
	dma_addr_t dma;

	if (!machine_translates()) {
		assert_false(dma_iova_try_alloc(dev, &iova, 0, PAGE_SIZE));
		assert_false(dma_use_iova(&iova));
		return;
	}
	take_pieces();
	for (unsigned int i = 0; i < PIECES; i++)
		all += piece_size(i);
	assert_true(dma_iova_try_alloc(dev, &iova, virt_to_phys(pieces[0]), all));
	dma = iova.addr;
	assert_int_equal(link_pieces(&iova, DMA_TO_DEVICE), all);
	assert_int_equal(dma_iova_sync(dev, &iova, 0, all), 0);
	card_moves(dma, seen, all, false);
	for (unsigned int i = 0; i < PIECES; i++)
		assert_true(bytes_are(seen + i * granule(), piece_size(i), i));
	dma_iova_destroy(dev, &iova, all, DMA_TO_DEVICE, 0);
	/* And the other way, into the same memory. */
	assert_true(dma_iova_try_alloc(dev, &iova, 0, all));
	assert_int_equal(link_pieces(&iova, DMA_FROM_DEVICE), all);
	assert_int_equal(dma_iova_sync(dev, &iova, 0, all), 0);
	fill_bytes(seen, all, 9);
	card_moves(iova.addr, seen, all, true);
	for (unsigned int i = 0, at = 0; i < PIECES; at += piece_size(i), i++) {
		dma_iova_unlink(dev, &iova, at, piece_size(i), DMA_FROM_DEVICE, 0);
		assert_memory_equal(pieces[i], seen + at, piece_size(i));
	}
	expect_no_findings();
	/* Unlinked is dead, lazy or not. */
	assert_int_equal(lab_write(lab, iova.addr, "gone", 4), -EIO);
	expect_finding("STR-07", 1);
	dma_iova_free(dev, &iova);
	give_pieces();
}

static void test_IOM_06_a_failed_link_leaves_what_was_linked(void **state)
{
	struct dma_iova_state iova;
	unsigned char seen[100];

	if (!machine_translates())
		return;
	take_pieces();
	assert_true(dma_iova_try_alloc(dev, &iova, 0, granule()));
	assert_int_equal(dma_iova_link(dev, &iova, virt_to_phys(pieces[0]), 0, granule(),
				       DMA_TO_DEVICE, 0),
			 0);
	assert_int_equal(dma_iova_link(dev, &iova, virt_to_phys(pieces[1]), granule(), granule(),
				       DMA_TO_DEVICE, 0),
			 -EINVAL);
	expect_finding("IOM-06", 1);
	assert_int_equal(dma_iova_sync(dev, &iova, 0, granule()), 0);
	assert_int_equal(lab_read(lab, iova.addr, seen, sizeof(seen)), 0);
	assert_memory_equal(seen, pieces[0], sizeof(seen));
	dma_iova_destroy(dev, &iova, granule(), DMA_TO_DEVICE, 0);
	give_pieces();
}

static void test_IOM_06_mistakes_are_seen_and_do_no_harm(void **state)
{
	struct dma_iova_state iova;
	unsigned char seen[100];

	if (!machine_translates())
		return;
	take_pieces();
	assert_true(dma_iova_try_alloc(dev, &iova, 0, PIECES * granule()));
	link_pieces(&iova, DMA_TO_DEVICE);
	lab_read(lab, iova.addr, seen, sizeof(seen));
	expect_finding("IOM-06", 1); /* no sync */
	dma_iova_destroy(dev, &iova, granule(), DMA_TO_DEVICE, 0);
	expect_finding("STR-04", 1); /* more is linked */
	dma_iova_destroy(dev, &iova, granule(), DMA_TO_DEVICE, 0);
	expect_finding("STR-04", 1); /* again */
	assert_true(dma_iova_try_alloc(dev, &iova, 0, granule()));
	expect_at_exit("STR-06", 1);
	give_pieces();
}

/* --- wrong unmaps: STR-04 --------------------------------------------------------------------- */

/*
 * Maps @memory for the other device at @dma, as its own allocator happens to choose the same;
 * false: it never does.
 */
static bool map_there_for_other(u8 *memory, dma_addr_t dma)
{
	enum { MOST = 16 };
	dma_addr_t tried[MOST];
	unsigned int n = 0;
	bool found = false;

	while (!found && n < MOST) {
		tried[n] = must_map(dev2, memory, PAGE_SIZE, DMA_TO_DEVICE);
		found = tried[n++] == dma;
	}
	for (unsigned int i = 0; i < n - found; i++)
		dma_unmap_single(dev2, tried[i], PAGE_SIZE, DMA_TO_DEVICE);
	return found;
}

/*
 * Each device has addresses of its own, unless they are in one group: one number may be a mapping
 * of either.
 */
static void test_STR_04_an_address_that_two_devices_have_is_that_of_the_device_named(void **state)
{
	/* At the same place in a granule. */
	const unsigned int order = get_order(machine_translates() ? machine_granule() : PAGE_SIZE);
	u8 *memory = (u8 *)__get_free_pages(GFP_KERNEL, order);
	u8 *others = (u8 *)__get_free_pages(GFP_KERNEL, order);
	const bool alone = machine_translates() && !machine_is("pc-iommu-39");
	dma_addr_t dma;
	u8 seen[64];

	assert_true(memory && others);
	fill_bytes(memory, PAGE_SIZE, 1);
	fill_bytes(others, PAGE_SIZE, 2);
	dma = must_map(dev, memory, PAGE_SIZE, DMA_TO_DEVICE);
	assert_int_equal(map_there_for_other(others, dma), alone);
	if (alone) {
		assert_int_equal(lab_read(lab2, dma, seen, sizeof(seen)), 0);
		assert_true(bytes_are(seen, sizeof(seen), 2));
		dma_unmap_single(dev2, dma, PAGE_SIZE, DMA_TO_DEVICE);
		expect_no_findings();
		/* Now it has none. */
		dma_unmap_single(dev2, dma, PAGE_SIZE, DMA_TO_DEVICE);
		expect_finding("STR-04", 1);
		assert_int_equal(lab_read(lab, dma, seen, sizeof(seen)), 0);
		assert_true(bytes_are(seen, sizeof(seen), 1));
	}
	dma_unmap_single(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	free_pages((unsigned long)others, order);
	free_pages((unsigned long)memory, order);
}

/*
 * A mapping is undone from its first granule; an address behind that is none at which one begins.
 */
static void test_STR_04_an_unmap_in_the_middle_is_told_and_takes_nothing(void **state)
{
	const size_t granule = machine_translates() ? machine_granule() : PAGE_SIZE;
	u8 *memory = (u8 *)__get_free_pages(GFP_KERNEL, get_order(2 * granule));
	dma_addr_t dma;
	u8 seen[64];

	assert_non_null(memory);
	fill_bytes(memory, 2 * granule, 1);
	dma = must_map(dev, memory, 2 * granule, DMA_TO_DEVICE);
	dma_unmap_single(dev, dma + granule, granule, DMA_TO_DEVICE);
	expect_finding("STR-04", 1);
	assert_int_equal(lab_read(lab, dma, seen, sizeof(seen)), 0);
	assert_true(bytes_are(seen, sizeof(seen), 1));
	assert_int_equal(lab_read(lab, dma + 2 * granule - sizeof(seen), seen, sizeof(seen)), 0);
	dma_unmap_single(dev, dma, 2 * granule, DMA_TO_DEVICE);
	free_pages((unsigned long)memory, get_order(2 * granule));
}

/* --- words taken away ------------------------------------------------------------------------- */

static const struct dmk_iommu_ops *real;
static unsigned int said,
	kept; /* invalidations, and those of them that the IOMMU did not hear of */
static bool keep_invalidations, keep_syncs;

static bool kept_back(void)
{
	if (++said % EACH || !keep_invalidations)
		return false;
	kept++;
	return true;
}

static void some_invalidate(void *ctx, uint16_t id, uint64_t first, uint64_t last, bool tables)
{
	if (!kept_back())
		real->invalidate(ctx, id, first, last, tables);
}

static void some_invalidate_all(void *ctx, uint16_t id)
{
	if (!kept_back())
		real->invalidate_all(ctx, id);
}

static void some_sync(void *ctx)
{
	if (!keep_syncs)
		real->sync(ctx);
}

static unsigned int slips_with(bool no_invalidations, bool no_syncs)
{
	/*
	 * The description is constant to the core; it is the machine's, and the machine's memory.
	 */
	struct dmk_iommu *mine = (struct dmk_iommu *)iommu();
	struct dmk_iommu_ops ops = *mine->ops;
	unsigned int n;

	real = mine->ops;
	said = kept = 0;
	keep_invalidations = no_invalidations;
	keep_syncs = no_syncs;
	ops.invalidate = some_invalidate;
	ops.invalidate_all = some_invalidate_all;
	ops.sync = some_sync;
	mine->ops = &ops;
	n = slips();
	mine->ops = real;
	return n;
}

static void test_IOM_02_a_missing_invalidation_is_caught(void **state)
{
	unsigned int n;

	if (!is_strict())
		return;
	assert_int_equal(slips_with(false, false), 0);
	assert_true(said >= ROUNDS);
	n = slips_with(true, false);
	assert_true(kept >= ROUNDS / EACH);
	/* Chance may put another translation into a place now and then. */
	assert_in_range(n, kept / 4, 2 * ROUNDS);
}

static void test_IOM_02_a_missing_wait_is_caught(void **state)
{
	if (is_strict())
		assert_in_range(slips_with(false, true), ROUNDS / 10, 2 * ROUNDS);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_IOM_02_an_address_is_dead_when_a_strict_unmap_returns),
		CONTRACT_TEST(test_IOM_02_a_lazy_unmap_is_done_after_a_while),
		CONTRACT_TEST(test_IOM_02_freed_memory_is_out_of_reach_and_comes_again),
		CONTRACT_TEST(test_IOM_03_addresses_are_never_those_of_messages_or_firmware),
		CONTRACT_TEST(test_IOM_03_firmwares_memory_is_reached_at_its_own_address),
		CONTRACT_TEST(test_IOM_06_pieces_are_one_range_and_elsewhere_the_driver_maps),
		CONTRACT_TEST(test_IOM_06_a_failed_link_leaves_what_was_linked),
		CONTRACT_TEST(test_IOM_06_mistakes_are_seen_and_do_no_harm),
		CONTRACT_TEST(
			test_STR_04_an_address_that_two_devices_have_is_that_of_the_device_named),
		CONTRACT_TEST(test_STR_04_an_unmap_in_the_middle_is_told_and_takes_nothing),
		CONTRACT_TEST(test_IOM_02_a_missing_invalidation_is_caught),
		CONTRACT_TEST(test_IOM_02_a_missing_wait_is_caught),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
