/* SPDX-License-Identifier: MIT */
/* Ranges, the hash index and the record pile, against the plainest model: an array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ranges.h"
#include "tables.h"

enum { RANGES = 300, ROUNDS = 20000 };

static uint64_t random_below(uint64_t *seed, uint64_t limit)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*seed >> 33) % limit;
}

static bool later(const struct dmk_range *a, const struct dmk_range *b)
{
	return a->first != b->first ? a->first > b->first : (uintptr_t)a > (uintptr_t)b;
}

static struct dmk_range *model_touching(struct dmk_range *range, const bool *in, uint64_t first,
					uint64_t last, const struct dmk_range *after)
{
	struct dmk_range *best = NULL;

	for (int i = 0; i < RANGES; i++) {
		if (!in[i] || range[i].first > last || range[i].last < first ||
		    (after && !later(&range[i], after)))
			continue;
		if (!best || later(best, &range[i]))
			best = &range[i];
	}
	return best;
}

static struct dmk_range *model_above(struct dmk_range *range, const bool *in, uint64_t address)
{
	struct dmk_range *best = NULL;

	for (int i = 0; i < RANGES; i++)
		if (in[i] && range[i].first > address && (!best || later(best, &range[i])))
			best = &range[i];
	return best;
}

static struct dmk_range *model_below(struct dmk_range *range, const bool *in, uint64_t address)
{
	struct dmk_range *best = NULL;

	for (int i = 0; i < RANGES; i++)
		if (in[i] && range[i].first <= address && (!best || later(&range[i], best)))
			best = &range[i];
	return best;
}

static void test_ranges_find_what_a_model_finds(void **state)
{
	static struct dmk_range range[RANGES];
	static bool in[RANGES];
	struct dmk_ranges ranges = { NULL };
	uint64_t seed = 42;

	print_message("seed 42\n");
	for (int round = 0; round < ROUNDS; round++) {
		int i = random_below(&seed, RANGES);
		uint64_t first = random_below(&seed, 1000), last = first + random_below(&seed, 50);
		struct dmk_range *found = NULL, *expected;

		if (in[i]) {
			dmk_ranges_remove(&ranges, &range[i]);
		} else {
			dmk_range_set(&range[i], random_below(&seed, 1000),
				      1 + random_below(&seed, 60));
			dmk_ranges_insert(&ranges, &range[i]);
		}
		in[i] = !in[i];
		do {
			expected = model_touching(range, in, first, last, found);
			found = dmk_ranges_touching(&ranges, first, last, found);
			assert_ptr_equal(found, expected);
		} while (found);
		assert_ptr_equal(dmk_ranges_above(&ranges, first), model_above(range, in, first));
		assert_ptr_equal(dmk_ranges_below(&ranges, first), model_below(range, in, first));
	}
}

static void test_ranges_reach_the_ends_of_the_address_space(void **state)
{
	struct dmk_range low, high, all;
	struct dmk_ranges ranges = { NULL };

	dmk_range_set(&low, 0, 1);
	dmk_range_set(&high, ~0ULL, 100);
	dmk_range_set(&all, 0, ~0ULL);
	assert_true(low.first == 0 && low.last == 0);
	assert_true(high.first == ~0ULL && high.last == ~0ULL);
	assert_true(all.last == ~0ULL - 1);
	dmk_ranges_insert(&ranges, &low);
	dmk_ranges_insert(&ranges, &high);
	assert_ptr_equal(dmk_ranges_touching(&ranges, ~0ULL, ~0ULL, NULL), &high);
	assert_null(dmk_ranges_touching(&ranges, 1, ~0ULL - 1, NULL));
	assert_ptr_equal(dmk_ranges_below(&ranges, 5), &low);
	assert_ptr_equal(dmk_ranges_above(&ranges, 5), &high);
	assert_null(dmk_ranges_above(&ranges, ~0ULL));
}

static void test_the_index_keeps_equal_keys_newest_first_while_it_grows(void **state)
{
	static struct dmk_link link[3000];
	struct dmk_index index;
	struct dmk_link *found;

	assert_true(dmk_index_init(&index, 4));
	for (int i = 0; i < 3000; i++)
		dmk_index_add(&index, &link[i], i % 1000);
	for (int key = 0; key < 1000; key++) {
		found = dmk_index_find(&index, key);
		assert_ptr_equal(found, &link[2000 + key]);
		found = dmk_index_more(found);
		assert_ptr_equal(found, &link[1000 + key]);
		dmk_index_remove(&index, found);
		assert_ptr_equal(dmk_index_more(&link[2000 + key]), &link[key]);
		assert_null(dmk_index_more(&link[key]));
	}
	assert_null(dmk_index_find(&index, 1000));
	dmk_index_exit(&index);
}

static void test_the_pile_reuses_and_zeroes(void **state)
{
	struct dmk_pile pile;
	char *record, *again;

	dmk_pile_init(&pile, 40);
	record = dmk_pile_get(&pile);
	assert_non_null(record);
	for (int i = 0; i < 40; i++)
		record[i] = 1;
	dmk_pile_put(&pile, record);
	again = dmk_pile_get(&pile);
	assert_ptr_equal(again, record);
	for (int i = 0; i < 40; i++)
		assert_int_equal(again[i], 0);
	dmk_pile_exit(&pile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges_find_what_a_model_finds),
		cmocka_unit_test(test_ranges_reach_the_ends_of_the_address_space),
		cmocka_unit_test(test_the_index_keeps_equal_keys_newest_first_while_it_grows),
		cmocka_unit_test(test_the_pile_reuses_and_zeroes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
