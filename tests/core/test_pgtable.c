// SPDX-License-Identifier: MIT
/*
 * I/O page tables, alone: what an IOMMU that walks them by the book finds, against a list of what
 * was mapped. The walker here is the test's own, from the specifications, and shares nothing with
 * the code that writes the tables.
 */
#include "unit.h"

#include "../../core/pgtable.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#define KIB 1024ULL
#define MIB (1024 * KIB)

static const struct fake_options plain = {.bus = FAKE_IDENTITY};
static const struct fake_options noncoherent = {.bus = FAKE_NONCOHERENT};

/* What the IOMMU was told of. */
static struct {
	unsigned int times;
	uint64_t first, last;
	bool tables;
	struct dmk_pgtable *pages_of;
	size_t pages; /* at that time */
} told;

static void invalidate(void *ctx, uint16_t id, uint64_t first, uint64_t last, bool tables)
{
	__atomic_fetch_add(&told.times, 1, __ATOMIC_RELAXED);
	if (!told.pages_of)
		return;
	told.first = first;
	told.last = last;
	told.tables = tables;
	told.pages = dmk_pgtable_pages(told.pages_of);
}

static void sync_now(void *ctx)
{
}

static const struct dmk_iommu_ops ops = {.invalidate = invalidate, .sync = sync_now};

static const struct dmk_iommu vtd48 = {
	.name = "VT-d, 48 bits",
	.format = DMK_TABLE_VTD,
	.page_sizes = 4 * KIB | 2 * MIB | 1024 * MIB,
	.iova_bits = 48,
	.phys_bits = 46,
	.coherent_walk = true,
	.ops = &ops,
};
static const struct dmk_iommu vtd39 = {
	.name = "VT-d, 39 bits",
	.format = DMK_TABLE_VTD,
	.page_sizes = 4 * KIB | 2 * MIB | 1024 * MIB,
	.iova_bits = 39,
	.phys_bits = 46,
	.coherent_walk = true,
	.ops = &ops,
};
static const struct dmk_iommu lpae4k = {
	.name = "LPAE, 4 KiB",
	.format = DMK_TABLE_LPAE,
	.page_sizes = 4 * KIB | 2 * MIB | 1024 * MIB,
	.iova_bits = 48,
	.phys_bits = 48,
	.coherent_walk = true,
	.ops = &ops,
};
static const struct dmk_iommu lpae64k = {
	.name = "LPAE, 64 KiB",
	.format = DMK_TABLE_LPAE,
	.page_sizes = 64 * KIB | 512 * MIB,
	.iova_bits = 48,
	.phys_bits = 48,
	.coherent_walk = true,
	.ops = &ops,
};
static const struct dmk_iommu *const kinds[] = {&vtd48, &vtd39, &lpae4k, &lpae64k};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static uint64_t granule_of(const struct dmk_iommu *iommu)
{
	return iommu->page_sizes & -iommu->page_sizes;
}

/* --- an IOMMU by the book --------------------------------------------------------------------- */

static uint64_t read_entry(uint64_t table, uint64_t index)
{
	return __atomic_load_n((uint64_t *)fake_ram(table) + index, __ATOMIC_ACQUIRE);
}

/*
 * VT-d specification 4.1, section 3.7: bits 47..39, 38..30, 29..21, 20..12 of the address, from the
 * level that the root says.
 */
static bool walk_vtd(uint64_t table, unsigned int levels, uint64_t iova, uint64_t *phys,
		     unsigned int *prot)
{
	*prot = 3;
	for (unsigned int level = levels; level; level--) {
		const unsigned int shift = 12 + 9 * (level - 1);
		const uint64_t entry = read_entry(table, iova >> shift & 511);

		*prot &= entry & 3;
		if (!(entry & 3))
			return false;
		if (level == 1 || entry & 0x80) {
			const uint64_t mask = (1ULL << shift) - 1;

			assert_int_equal(entry & 0xffffffffff000ULL & mask, 0);
			*phys = (entry & 0xffffffffff000ULL) | (iova & mask);
			return true;
		}
		table = entry & 0xffffffffff000ULL;
	}
	return false;
}

/*
 * Arm ARM DDI 0487, D8.3: a descriptor is valid with bit 0; bit 1 makes it a table, or a page at
 * the last level.
 */
static bool walk_lpae(uint64_t table, unsigned int levels, unsigned int granule_shift,
		      uint64_t iova, uint64_t *phys, unsigned int *prot)
{
	const unsigned int bits = granule_shift - 3;
	const uint64_t address = 0xffffffffffffULL & ~((1ULL << granule_shift) - 1);

	for (unsigned int left = levels; left; left--) {
		const unsigned int shift = granule_shift + bits * (left - 1);
		const uint64_t entry = read_entry(table, iova >> shift & ((1ULL << bits) - 1));

		if (!(entry & 1))
			return false;
		if (left > 1 && entry & 2) {
			table = entry & address;
			continue;
		}
		if (left == 1)
			assert_true(entry & 2);
		assert_true(entry & 1 << 10); /* the access flag, or each access faults */
		*phys = (entry & address & ~((1ULL << shift) - 1)) | (iova & ((1ULL << shift) - 1));
		*prot = DMK_PROT_READ | (entry & 0x80 ? 0 : DMK_PROT_WRITE);
		return true;
	}
	return false;
}

static bool walk(const struct dmk_iommu *iommu, struct dmk_pgtable *table, uint64_t iova,
		 uint64_t *phys, unsigned int *prot)
{
	const uint64_t root = dmk_pgtable_root(table).v;

	return iommu->format == DMK_TABLE_VTD
		       ? walk_vtd(root, dmk_pgtable_levels(table), iova, phys, prot)
		       : walk_lpae(root, dmk_pgtable_levels(table),
				   granule_of(iommu) == 4 * KIB ? 12 : 16, iova, phys, prot);
}

static struct dmk_pgtable *table_of(const struct dmk_iommu *iommu,
				    const struct fake_options *options)
{
	struct dmk_pgtable *table;

	memset(&told, 0, sizeof(told));
	assert_int_equal(fake_start(options), 0);
	table = dmk_pgtable_make(iommu);
	assert_non_null(table);
	assert_int_equal(dmk_pgtable_pages(table), 1);
	return table;
}

static void end(struct dmk_pgtable *table)
{
	dmk_pgtable_free(table);
	fake_stop();
}

static uint64_t unmap(struct dmk_pgtable *table, uint64_t iova, uint64_t size)
{
	const uint64_t n = dmk_pgtable_unmap(table, iova, size);

	dmk_pgtable_prune(table, iova, size);
	return n;
}

/* Nobody maps for a while: what was emptied goes. */
static void quiet(void)
{
	while (fake_run_deferred())
		;
}

static int map(struct dmk_pgtable *table, uint64_t iova, uint64_t phys, uint64_t size)
{
	return dmk_pgtable_map(table, iova, DMK_PHYS(phys), size, DMK_PROT_READ | DMK_PROT_WRITE,
			       true);
}

/* --- sentences -------------------------------------------------------------------------------- */

static void test_IOM_01_each_byte_of_a_run_is_where_it_was_mapped(void **state)
{
	for (unsigned int k = 0; k < KINDS; k++) {
		const uint64_t granule = granule_of(kinds[k]), size = 700 * granule,
			       iova = 0x12340000ULL + 2 * MIB;
		struct dmk_pgtable *table = table_of(kinds[k], &plain);
		uint64_t phys;
		unsigned int prot;

		assert_int_equal(map(table, iova, 0x345670000ULL, size), 0);
		for (uint64_t at = 0; at < size; at += granule) {
			assert_true(walk(kinds[k], table, iova + at + 5, &phys, &prot));
			assert_int_equal(phys, 0x345670000ULL + at + 5);
		}
		assert_false(walk(kinds[k], table, iova - 1, &phys, &prot));
		assert_false(walk(kinds[k], table, iova + size, &phys, &prot));
		assert_int_equal(unmap(table, iova, size), size);
		assert_false(walk(kinds[k], table, iova, &phys, &prot));
		end(table);
	}
}

static void test_IOM_01_aligned_runs_take_large_pages(void **state)
{
	uint64_t size, phys_at;
	unsigned int prot;
	dmk_phys phys;

	for (unsigned int k = 0; k < KINDS; k++) {
		const uint64_t granule = granule_of(kinds[k]),
			       large = kinds[k]->page_sizes & ~granule, page = large & -large;
		struct dmk_pgtable *table = table_of(kinds[k], &plain);

		assert_int_equal(
			map(table, page - granule, 5 * page - granule, 2 * page + 2 * granule), 0);
		assert_true(dmk_pgtable_walk(table, page - 1, &phys, &prot, &size));
		assert_int_equal(size, granule);
		assert_true(dmk_pgtable_walk(table, page + 7, &phys, &prot, &size));
		assert_int_equal(size, page);
		assert_int_equal(phys.v, 5 * page + 7);
		assert_true(walk(kinds[k], table, 2 * page + granule + 1, &phys_at, &prot));
		assert_int_equal(phys_at, 6 * page + granule + 1);
		assert_true(dmk_pgtable_walk(table, 3 * page, &phys, &prot, &size));
		assert_int_equal(size, granule);
		assert_int_equal(unmap(table, page - granule, 2 * page + 2 * granule),
				 2 * page + 2 * granule);
		quiet();
		assert_int_equal(dmk_pgtable_pages(table), 1);
		end(table);
	}
}

static void test_DIR_03_an_entry_says_what_the_device_may_do(void **state)
{
	static const struct {
		unsigned int prot, vtd, lpae;
	} rows[] = {
		{DMK_PROT_READ, DMK_PROT_READ, DMK_PROT_READ},
		{DMK_PROT_WRITE, DMK_PROT_WRITE,
		 DMK_PROT_READ | DMK_PROT_WRITE}, /* LPAE has no page that is written only */
		{DMK_PROT_READ | DMK_PROT_WRITE, DMK_PROT_READ | DMK_PROT_WRITE,
		 DMK_PROT_READ | DMK_PROT_WRITE},
	};

	for (unsigned int k = 0; k < KINDS; k++) {
		struct dmk_pgtable *table = table_of(kinds[k], &plain);

		for (unsigned int i = 0; i < 3; i++) {
			const uint64_t iova = (i + 1) * 0x100000ULL;
			uint64_t phys;
			unsigned int prot;

			assert_int_equal(dmk_pgtable_map(table, iova, DMK_PHYS(iova),
							 granule_of(kinds[k]), rows[i].prot, true),
					 0);
			assert_true(walk(kinds[k], table, iova, &phys, &prot));
			assert_int_equal(prot, kinds[k]->format == DMK_TABLE_VTD ? rows[i].vtd
										 : rows[i].lpae);
		}
		end(table);
	}
}

static void test_IOM_05_tables_go_with_their_last_entry(void **state)
{
	for (unsigned int k = 0; k < KINDS; k++) {
		const uint64_t granule = granule_of(kinds[k]);
		struct dmk_pgtable *table = table_of(kinds[k], &plain);
		const size_t chain = dmk_pgtable_levels(table);

		assert_int_equal(map(table, 0, 0, granule), 0);
		assert_int_equal(dmk_pgtable_pages(table), chain);
		assert_int_equal(map(table, granule, 0, granule), 0);
		assert_int_equal(dmk_pgtable_pages(table), chain);
		assert_int_equal(map(table, 1ULL << (kinds[k]->iova_bits - 1), 0, granule), 0);
		assert_in_range(dmk_pgtable_pages(table), chain + 1, 2 * chain - 1);
		assert_int_equal(unmap(table, 0, granule), granule);
		quiet();
		assert_in_range(dmk_pgtable_pages(table), chain + 1, 2 * chain - 1);
		assert_int_equal(unmap(table, granule, granule), granule);
		quiet();
		assert_int_equal(dmk_pgtable_pages(table), chain);
		assert_int_equal(unmap(table, 1ULL << (kinds[k]->iova_bits - 1), granule), granule);
		quiet();
		assert_int_equal(dmk_pgtable_pages(table), 1);
		end(table);
	}
}

static void test_IOM_05_one_page_mapped_again_and_again_takes_no_memory(void **state)
{
	struct dmk_pgtable *table = table_of(&vtd48, &plain);

	assert_int_equal(map(table, 0x5000, 0x100000, 0x1000), 0);
	assert_int_equal(unmap(table, 0x5000, 0x1000), 0x1000);
	fake_fail_at(0);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(map(table, (i % 512) * 0x1000, 0x100000, 0x1000), 0);
		assert_int_equal(unmap(table, (i % 512) * 0x1000, 0x1000), 0x1000);
		/* Time passes: it was used since, so it stays. */
		if (i % 10 == 0)
			assert_int_equal(fake_run_deferred(), 1);
	}
	assert_int_equal(fake_fail_at(0), 0);
	assert_int_equal(told.times, 0);
	quiet();
	assert_int_equal(told.times, 1);
	assert_int_equal(dmk_pgtable_pages(table), 1);
	end(table);
}

static void test_IOM_05_few_empty_tables_are_in_hand(void **state)
{
	struct dmk_pgtable *table = table_of(&vtd48, &plain);

	for (uint64_t i = 0; i < 64; i++) {
		assert_int_equal(map(table, i * 3 * 1024 * MIB, 0x100000, 0x1000), 0);
		assert_int_equal(unmap(table, i * 3 * 1024 * MIB, 0x1000), 0x1000);
		assert_in_range(dmk_pgtable_pages(table), 1, 1 + 4 * 3);
	}
	/*
	 * One that is in use when it is looked at is no longer one of them, and is again when it is
	 * empty.
	 */
	assert_int_equal(map(table, 0, 0x100000, 0x1000), 0);
	assert_int_equal(unmap(table, 0, 0x1000), 0x1000);
	assert_int_equal(map(table, 0, 0x100000, 0x1000), 0);
	quiet();
	assert_int_equal(dmk_pgtable_pages(table), 4);
	assert_int_equal(unmap(table, 0, 0x1000), 0x1000);
	quiet();
	assert_int_equal(dmk_pgtable_pages(table), 1);
	end(table);
}

static void test_IOM_05_where_nothing_is_done_later_tables_go_at_once(void **state)
{
	struct dmk_pgtable *table = table_of(&vtd48, &plain);

	fake_defer_fails(true);
	assert_int_equal(map(table, 0x5000, 0x100000, 0x1000), 0);
	assert_int_equal(unmap(table, 0x5000, 0x1000), 0x1000);
	assert_int_equal(dmk_pgtable_pages(table), 1);
	fake_defer_fails(false);
	end(table);
}

/* What one unmap takes, two that are told to take it don't share. */
static void test_STR_04_what_begins_somewhere_is_taken_once_and_whole(void **state)
{
	const unsigned int rw = DMK_PROT_READ | DMK_PROT_WRITE;
	struct dmk_pgtable *table = table_of(&vtd48, &plain);
	const uint64_t at = 2 * MIB - 0x3000;
	uint64_t phys;
	unsigned int prot;

	/* over the end of a table, a gap in it that leads over another, and a large page */
	assert_int_equal(dmk_pgtable_map(table, at, DMK_PHYS(0x100000), 0x5000,
					 rw | DMK_PROT_FIRST | DMK_PROT_GAP, true),
			 0);
	assert_int_equal(dmk_pgtable_map(table, 6 * MIB + 0x1000, DMK_PHYS(0x200000), 0x1000,
					 rw | DMK_PROT_GAP, true),
			 0);
	assert_int_equal(dmk_pgtable_map(table, 8 * MIB, DMK_PHYS(0x400000), 2 * MIB,
					 rw | DMK_PROT_LAST, true),
			 0);
	assert_int_equal(dmk_pgtable_map(table, 10 * MIB, DMK_PHYS(0x100000), 0x1000,
					 rw | DMK_PROT_FIRST | DMK_PROT_LAST, true),
			 0);
	assert_int_equal(dmk_pgtable_extent(table, at), 10 * MIB - at);
	assert_int_equal(dmk_pgtable_take(table, at + 0x1000), 0);
	assert_int_equal(dmk_pgtable_take(table, at - 0x1000), 0);
	assert_int_equal(dmk_pgtable_take(table, ~0xfffULL), 0);
	assert_int_equal(dmk_pgtable_take(table, at), 10 * MIB - at);
	assert_int_equal(dmk_pgtable_take(table, at), 0);
	assert_false(walk(&vtd48, table, at, &phys, &prot));
	assert_false(walk(&vtd48, table, 6 * MIB + 0x1000, &phys, &prot));
	assert_false(walk(&vtd48, table, 9 * MIB, &phys, &prot));
	assert_true(walk(&vtd48, table, 10 * MIB, &phys, &prot));
	assert_int_equal(dmk_pgtable_take(table, 10 * MIB), 0x1000);
	dmk_pgtable_prune(table, at, 10 * MIB);
	quiet();
	assert_int_equal(dmk_pgtable_pages(table), 1);
	end(table);
}

/* An empty table that is in hand is not in the way of a large page. */
static void test_IOM_01_large_pages_take_the_place_of_empty_tables(void **state)
{
	struct dmk_pgtable *table = table_of(&vtd48, &plain);
	uint64_t phys;
	unsigned int prot;

	assert_int_equal(map(table, 4 * MIB, 0x100000, 0x1000), 0);
	assert_int_equal(unmap(table, 4 * MIB, 0x1000), 0x1000);
	assert_int_equal(map(table, 2 * MIB, 2 * MIB, 6 * MIB), 0);
	assert_true(walk(&vtd48, table, 5 * MIB + 1, &phys, &prot));
	assert_int_equal(phys, 5 * MIB + 1);
	assert_int_equal(told.times, 1); /* the IOMMU may have known the way to the empty one */
	assert_int_equal(unmap(table, 2 * MIB, 6 * MIB), 6 * MIB);
	quiet();
	assert_int_equal(dmk_pgtable_pages(table), 1);
	end(table);
}

static void test_IOM_02_a_table_goes_only_when_the_iommu_forgot_it(void **state)
{
	struct dmk_pgtable *table = table_of(&vtd48, &plain);

	assert_int_equal(map(table, 0x1000, 0x100000, 0x1000), 0);
	assert_int_equal(dmk_pgtable_unmap(table, 0x1000, 0x1000), 0x1000);
	assert_int_equal(dmk_pgtable_pages(table), 4);
	/* Used again meanwhile: the same tables, which the IOMMU may know the way to. */
	assert_int_equal(map(table, 0x2000, 0x200000, 0x1000), 0);
	assert_int_equal(dmk_pgtable_pages(table), 4);
	dmk_pgtable_prune(table, 0x1000, 0x1000);
	assert_int_equal(dmk_pgtable_pages(table), 4);
	assert_int_equal(told.times, 0);
	assert_int_equal(dmk_pgtable_unmap(table, 0x2000, 0x1000), 0x1000);
	told.pages_of = table;
	dmk_pgtable_prune(table, 0x2000, 0x1000);
	assert_int_equal(told.times, 0);
	quiet();
	assert_int_equal(told.times, 1);
	assert_true(told.tables);
	assert_int_equal(told.pages, 4); /* none was given back before */
	assert_int_equal(told.first, 0);
	assert_in_range(told.last, 0x1fffff, (1ULL << 48) - 1);
	assert_int_equal(dmk_pgtable_pages(table), 1);
	end(table);
}

static void test_STR_04_what_is_mapped_stays_when_somebody_maps_over_it(void **state)
{
	for (unsigned int k = 0; k < KINDS; k++) {
		const uint64_t granule = granule_of(kinds[k]),
			       page = kinds[k]->page_sizes & ~granule &
				      -(kinds[k]->page_sizes & ~granule);
		struct dmk_pgtable *table = table_of(kinds[k], &plain);
		uint64_t phys;
		unsigned int prot;

		assert_int_equal(map(table, page + 5 * granule, 0, granule), 0);
		/* a run that meets it; a large page over it; after a large page, a granule in it */
		assert_int_equal(map(table, page, page, 8 * granule), -EEXIST);
		assert_false(walk(kinds[k], table, page, &phys, &prot));
		assert_int_equal(map(table, page, 4 * page, page), -EEXIST);
		assert_true(walk(kinds[k], table, page + 5 * granule, &phys, &prot));
		assert_int_equal(phys, 0);
		assert_int_equal(unmap(table, page, page), granule);
		assert_int_equal(map(table, page, 4 * page, page), 0);
		assert_int_equal(map(table, page + granule, 0, granule), -EEXIST);
		assert_true(walk(kinds[k], table, page + granule, &phys, &prot));
		assert_int_equal(phys, 4 * page + granule);
		assert_int_equal(unmap(table, page, page), page);
		quiet();
		assert_int_equal(dmk_pgtable_pages(table), 1);
		end(table);
	}
}

static void test_SGL_07_a_map_that_fails_leaves_nothing(void **state)
{
	uint64_t phys;
	unsigned int prot, n = 0;

	for (bool failed = true; failed; n++) {
		struct dmk_pgtable *table = table_of(&vtd48, &plain);

		fake_fail_at(n + 1);
		failed = map(table, 0x1ff000, 0, 0x402000) == -ENOMEM;
		fake_fail_at(0);
		if (failed) {
			for (uint64_t at = 0; at < 0x402000; at += 0x1000)
				assert_false(walk(&vtd48, table, 0x1ff000 + at, &phys, &prot));
			quiet();
			assert_int_equal(dmk_pgtable_pages(table), 1);
		}
		end(table);
	}
	assert_in_range(n, 5, 40);
}

static void test_COH_04_an_iommu_that_sees_no_cache_has_entries_cleaned_for_it(void **state)
{
	struct dmk_iommu blind = vtd48;
	struct dmk_pgtable *table;
	struct fake_cache_op ops[16];
	bool leaf = false;
	size_t n;

	blind.coherent_walk = false;
	table = table_of(&blind, &noncoherent);
	assert_int_equal(map(table, 0x5000, 0x100000, 0x1000), 0);
	fake_cache_ops(ops, 16);
	assert_int_equal(map(table, 0x6000, 0x101000, 0x3000), 0);
	n = fake_cache_ops(ops, 16);
	for (size_t i = 0; i < n; i++)
		leaf |= ops[i].op == FAKE_CLEAN && (ops[i].phys & 0xfff) == 6 * 8 &&
			ops[i].size == 3 * 8;
	assert_true(leaf);
	assert_int_equal(unmap(table, 0x5000, 0x4000), 0x4000);
	quiet();
	n = fake_cache_ops(ops, 16);
	assert_true(n >= 4); /* the entries, and each link that went */
	end(table);
}

/* --- a model ---------------------------------------------------------------------------------- */

enum { LIVE = 64, STEPS = 3000 };

struct range {
	uint64_t iova, phys, size;
};

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 8;
}

static bool overlap(const struct range *a, const struct range *b)
{
	return a->iova < b->iova + b->size && b->iova < a->iova + a->size;
}

static void check_range(const struct dmk_iommu *iommu, struct dmk_pgtable *table,
			const struct range *range, uint64_t at)
{
	unsigned int prot;
	uint64_t phys;

	assert_true(walk(iommu, table, range->iova + at, &phys, &prot));
	assert_int_equal(phys, range->phys + at);
}

static void random_work(const struct dmk_iommu *iommu, uint64_t seed)
{
	const uint64_t granule = granule_of(iommu),
		       page = iommu->page_sizes & ~granule & -(iommu->page_sizes & ~granule);
	struct dmk_pgtable *table = table_of(iommu, &plain);
	struct range live[LIVE];
	uint64_t random = seed * 2654435761u + 1;
	unsigned int n = 0;

	for (unsigned int step = 0; step < STEPS; step++) {
		if (n < LIVE && next(&random) % 2) {
			const bool large = next(&random) % 8 == 0;
			struct range new = {
				.iova = next(&random) % (64 * page) &
					~((large ? page : granule) - 1),
				.phys = next(&random) % (1ULL << 40) &
					~((large ? page : granule) - 1),
				.size = large ? page * (1 + next(&random) % 3)
					      : granule * (1 + next(&random) % 40),
			};
			bool taken = false;

			for (unsigned int i = 0; i < n; i++)
				taken |= overlap(&new, &live[i]);
			assert_int_equal(map(table, new.iova, new.phys, new.size),
					 taken ? -EEXIST : 0);
			if (!taken)
				live[n++] = new;
		} else if (n) {
			const unsigned int i = next(&random) % n;

			check_range(iommu, table, &live[i], next(&random) % live[i].size);
			check_range(iommu, table, &live[i], 0);
			check_range(iommu, table, &live[i], live[i].size - 1);
			assert_int_equal(unmap(table, live[i].iova, live[i].size), live[i].size);
			live[i] = live[--n];
		}
		if (next(&random) % 128 == 0)
			fake_run_deferred();
	}
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(unmap(table, live[i].iova, live[i].size), live[i].size);
	quiet();
	assert_int_equal(dmk_pgtable_pages(table), 1);
	end(table);
}

static void test_IOM_01_random_work_against_a_list(void **state)
{
	const uint64_t seed = time(NULL);

	print_message("seed %llu\n", (unsigned long long)seed);
	for (unsigned int k = 0; k < KINDS; k++)
		random_work(kinds[k], seed + k);
}

/* --- threads ---------------------------------------------------------------------------------- */

struct job {
	struct dmk_pgtable *table;
	uint64_t random;
	unsigned int me, steps, tables;
};

/*
 * Each thread has pages of its own in tables that all share: four threads' pages lie side by side.
 */
static void *work(void *data)
{
	struct job *job = data;

	for (unsigned int step = 0; step < job->steps; step++) {
		const uint64_t table = next(&job->random) % job->tables * 2 * MIB,
			       iova = table + (next(&job->random) % 128 * 4 + job->me) * 0x1000,
			       phys = next(&job->random) % (1ULL << 30) & ~0xfffULL;
		uint64_t seen;
		unsigned int prot;

		assert_int_equal(map(job->table, iova, phys, 0x1000), 0);
		assert_true(walk(&vtd48, job->table, iova, &seen, &prot));
		assert_int_equal(seen, phys);
		assert_int_equal(unmap(job->table, iova, 0x1000), 0x1000);
	}
	return NULL;
}

static bool ended;

/* What the system does later, while others map. */
static void *work_later(void *unused)
{
	while (!__atomic_load_n(&ended, __ATOMIC_RELAXED)) {
		fake_run_deferred();
		sched_yield();
	}
	return NULL;
}

/*
 * @tables: 1: one that is made, emptied and found again all the time; more than are kept in hand:
 * they come and go
 */
static void share(unsigned int tables, unsigned int steps)
{
	struct dmk_pgtable *table = table_of(&vtd48, &plain);
	struct job job[4];
	pthread_t thread[4], later;

	ended = false;
	pthread_create(&later, NULL, work_later, NULL);
	for (unsigned int i = 0; i < 4; i++) {
		job[i] = (struct job){table, 99 + i, i, steps, tables};
		pthread_create(&thread[i], NULL, work, &job[i]);
	}
	for (unsigned int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	__atomic_store_n(&ended, true, __ATOMIC_RELAXED);
	pthread_join(later, NULL);
	quiet();
	assert_int_equal(dmk_pgtable_pages(table), 1);
	end(table);
}

static void test_CTX_02_threads_share_tables_that_come_and_go(void **state)
{
	share(1, 4000);
	share(3, 4000);
	share(9, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_IOM_01_each_byte_of_a_run_is_where_it_was_mapped),
		cmocka_unit_test(test_IOM_01_aligned_runs_take_large_pages),
		cmocka_unit_test(test_DIR_03_an_entry_says_what_the_device_may_do),
		cmocka_unit_test(test_IOM_05_tables_go_with_their_last_entry),
		cmocka_unit_test(test_IOM_05_one_page_mapped_again_and_again_takes_no_memory),
		cmocka_unit_test(test_IOM_05_few_empty_tables_are_in_hand),
		cmocka_unit_test(test_IOM_05_where_nothing_is_done_later_tables_go_at_once),
		cmocka_unit_test(test_STR_04_what_begins_somewhere_is_taken_once_and_whole),
		cmocka_unit_test(test_IOM_01_large_pages_take_the_place_of_empty_tables),
		cmocka_unit_test(test_IOM_02_a_table_goes_only_when_the_iommu_forgot_it),
		cmocka_unit_test(test_STR_04_what_is_mapped_stays_when_somebody_maps_over_it),
		cmocka_unit_test(test_SGL_07_a_map_that_fails_leaves_nothing),
		cmocka_unit_test(
			test_COH_04_an_iommu_that_sees_no_cache_has_entries_cleaned_for_it),
		cmocka_unit_test(test_IOM_01_random_work_against_a_list),
		cmocka_unit_test(test_CTX_02_threads_share_tables_that_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
