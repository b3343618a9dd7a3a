// SPDX-License-Identifier: MIT
/*
 * POL: pools of small consistent blocks.
 */
#include "harness.h"

enum { SIZE = 48 };

static struct dma_pool *must_create(void)
{
	struct dma_pool *pool = dma_pool_create("contract", dev, SIZE, 16, 0);

	assert_non_null(pool);
	return pool;
}

static void *must_alloc(struct dma_pool *pool, dma_addr_t *dma)
{
	void *block = dma_pool_alloc(pool, GFP_KERNEL, dma);

	assert_non_null(block);
	return block;
}

static void test_POL_01_a_pool_needs_an_alignment_and_boundary_that_make_sense(void **state)
{
	static const struct {
		const char *why;
		size_t size, align, boundary;
		bool good;
	} table[] = {
		{"nothing asked for", 64, 0, 0, true},
		{"alignment 1", 64, 1, 0, true},
		{"an alignment larger than the size", 64, 256, 0, true},
		{"a boundary as large as the size", 64, 64, 64, true},
		{"a boundary of a page", 64, 64, 4096, true},
		{"no bytes", 0, 16, 0, false},
		{"an alignment that is no power of two", 64, 48, 0, false},
		{"a boundary that is no power of two", 64, 16, 1000, false},
		{"a boundary smaller than the size", 128, 16, 64, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct dma_pool *pool = dma_pool_create("contract", dev, table[i].size,
							table[i].align, table[i].boundary);

		if ((pool != NULL) != table[i].good)
			fail_msg("%s: pool %p", table[i].why, (void *)pool);
		if (pool)
			dma_pool_destroy(pool);
	}
}

static void blocks_keep(size_t size, size_t align, size_t boundary)
{
	enum { BLOCKS = 60 };
	struct dma_pool *pool = dma_pool_create("contract", dev, size, align, boundary);
	void *block[BLOCKS];
	dma_addr_t dma[BLOCKS];
	int n;

	assert_non_null(pool);
	for (n = 0; n < BLOCKS; n++) {
		block[n] = dma_pool_alloc(pool, GFP_KERNEL, &dma[n]);
		if (!block[n])
			break;
		assert_int_equal(dma[n] & (align - 1), 0);
		if (boundary)
			assert_true(dma[n] / boundary == (dma[n] + size - 1) / boundary);
		memset(block[n], n, size);
	}
	assert_true(n > 0);
	/* No two blocks overlap: each still has its own bytes. */
	while (n--) {
		for (size_t i = 0; i < size; i++)
			assert_int_equal(((u8 *)block[n])[i], n);
		dma_pool_free(pool, block[n], dma[n]);
	}
	dma_pool_destroy(pool);
}

static void test_POL_02_every_block_has_the_alignment_and_crosses_no_boundary(void **state)
{
	blocks_keep(48, 16, 0);
	blocks_keep(48, 64, 0);
	blocks_keep(48, 16, 128);
	blocks_keep(100, 4, 256);
	blocks_keep(1000, 8, 1024);
	blocks_keep(3000, 8, 4096);
}

static void test_POL_03_a_block_has_two_addresses_that_are_the_same_memory(void **state)
{
	struct dma_pool *pool = must_create();
	dma_addr_t dma = 0;
	u8 *block = must_alloc(pool, &dma);
	u8 bytes[SIZE];

	fill_bytes(block, SIZE, 1);
	assert_int_equal(lab_read(lab, dma, bytes, SIZE), 0);
	assert_true(bytes_are(bytes, SIZE, 1));
	fill_bytes(bytes, SIZE, 2);
	assert_int_equal(lab_write(lab, dma, bytes, SIZE), 0);
	assert_true(bytes_are(block, SIZE, 2));
	dma_pool_free(pool, block, dma);
	dma_pool_destroy(pool);
}

static void test_POL_03_zalloc_zeroes_a_block_that_was_used(void **state)
{
	struct dma_pool *pool = must_create();

	for (int i = 0; i < 5; i++) {
		dma_addr_t dma = 0;
		u8 *block = dma_pool_zalloc(pool, GFP_KERNEL, &dma);

		assert_non_null(block);
		for (int byte = 0; byte < SIZE; byte++)
			assert_int_equal(block[byte], 0);
		memset(block, 0xff, SIZE);
		dma_pool_free(pool, block, dma);
	}
	dma_pool_destroy(pool);
}

struct in_interrupt {
	struct dma_pool *pool;
	void *block, *fresh;
	dma_addr_t dma, fresh_dma;
};

static void free_and_alloc(void *argument)
{
	struct in_interrupt *work = argument;

	dma_pool_free(work->pool, work->block, work->dma);
	work->fresh = dma_pool_alloc(work->pool, GFP_ATOMIC, &work->fresh_dma);
}

static void test_POL_04_free_and_atomic_alloc_work_in_an_interrupt(void **state)
{
	struct in_interrupt work = {.pool = must_create()};

	work.block = must_alloc(work.pool, &work.dma);
	in_interrupt_call(free_and_alloc, &work);
	assert_non_null(work.fresh);
	dma_pool_free(work.pool, work.fresh, work.fresh_dma);
	dma_pool_destroy(work.pool);
}

static void destroy(void *argument)
{
	dma_pool_destroy(argument);
}

static void test_POL_04_destroying_a_pool_in_an_interrupt_is_reported(void **state)
{
	in_interrupt_call(destroy, must_create());
	expect_finding("POL-04", 1);
}

static void test_POL_05_destroying_a_pool_with_a_block_out_is_reported_with_its_name(void **state)
{
	struct dma_pool *pool = must_create();
	dma_addr_t dma = 0;

	must_alloc(pool, &dma);
	dma_pool_destroy(pool);
	assert_non_null(finding_of("POL-05"));
	assert_non_null(strstr(finding_of("POL-05")->what, "contract"));
	expect_finding("POL-05", 1);
}

/* After the mistake the pool still gives out distinct blocks. */
static void pool_is_sound(struct dma_pool *pool)
{
	dma_addr_t dma[8];
	void *block[8];

	for (int i = 0; i < 8; i++) {
		block[i] = must_alloc(pool, &dma[i]);
		memset(block[i], i, SIZE);
	}
	for (int i = 0; i < 8; i++) {
		assert_int_equal(((u8 *)block[i])[0], i);
		assert_int_equal(((u8 *)block[i])[SIZE - 1], i);
		dma_pool_free(pool, block[i], dma[i]);
	}
}

static void test_POL_05_freeing_a_block_twice_is_reported_and_the_pool_survives(void **state)
{
	struct dma_pool *pool = must_create();
	dma_addr_t dma = 0;
	void *block = must_alloc(pool, &dma);

	dma_pool_free(pool, block, dma);
	dma_pool_free(pool, block, dma);
	expect_finding("POL-05", 1);
	pool_is_sound(pool);
	dma_pool_destroy(pool);
}

static void test_POL_05_freeing_to_the_wrong_pool_is_reported_and_both_survive(void **state)
{
	struct dma_pool *pool = must_create(), *wrong = must_create();
	dma_addr_t dma = 0;
	void *block = must_alloc(pool, &dma);

	dma_pool_free(wrong, block, dma);
	expect_finding("POL-05", 1);
	pool_is_sound(pool);
	pool_is_sound(wrong);
	dma_pool_free(pool, block, dma);
	dma_pool_destroy(wrong);
	dma_pool_destroy(pool);
}

static void test_POL_05_freeing_with_the_wrong_handle_is_reported(void **state)
{
	struct dma_pool *pool = must_create();
	dma_addr_t dma = 0;
	void *block = must_alloc(pool, &dma);

	dma_pool_free(pool, block, dma + 16);
	expect_finding("POL-05", 1);
	pool_is_sound(pool);
	dma_pool_free(pool, block, dma);
	dma_pool_destroy(pool);
}

static void test_POL_06_a_managed_pool_goes_with_the_driver(void **state)
{
	struct dma_pool *pool = dmam_pool_create("managed", dev, SIZE, 16, 0);
	dma_addr_t dma = 0;
	void *block;

	assert_non_null(pool);
	block = must_alloc(pool, &dma);
	dma_pool_free(pool, block, dma);
	lab_unbind();
}

static void test_POL_06_a_managed_pool_may_be_destroyed_early(void **state)
{
	struct dma_pool *pool = dmam_pool_create("managed", dev, SIZE, 16, 0);

	assert_non_null(pool);
	dmam_pool_destroy(pool);
	lab_unbind();
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_POL_01_a_pool_needs_an_alignment_and_boundary_that_make_sense),
		CONTRACT_TEST(test_POL_02_every_block_has_the_alignment_and_crosses_no_boundary),
		CONTRACT_TEST(test_POL_03_a_block_has_two_addresses_that_are_the_same_memory),
		CONTRACT_TEST(test_POL_03_zalloc_zeroes_a_block_that_was_used),
		CONTRACT_TEST(test_POL_04_free_and_atomic_alloc_work_in_an_interrupt),
		CONTRACT_TEST(test_POL_04_destroying_a_pool_in_an_interrupt_is_reported),
		CONTRACT_TEST(
			test_POL_05_destroying_a_pool_with_a_block_out_is_reported_with_its_name),
		CONTRACT_TEST(test_POL_05_freeing_a_block_twice_is_reported_and_the_pool_survives),
		CONTRACT_TEST(test_POL_05_freeing_to_the_wrong_pool_is_reported_and_both_survive),
		CONTRACT_TEST(test_POL_05_freeing_with_the_wrong_handle_is_reported),
		CONTRACT_TEST(test_POL_06_a_managed_pool_goes_with_the_driver),
		CONTRACT_TEST(test_POL_06_a_managed_pool_may_be_destroyed_early),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
