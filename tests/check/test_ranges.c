/* SPDX-License-Identifier: MIT */
/* Ranges, the hash index and the record pile, against the plainest model: an array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ranges.h"
#include "tables.h"

enum { RANGES = 300, ROUNDS = 5000 };

static uint64_t random_below(uint64_t *seed, uint64_t limit)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*seed >> 33) % limit;
}

static bool later(const struct dmk_range *a, const struct dmk_range *b)
{
	if (a->first != b->first)
		return a->first > b->first;
	return a->last != b->last ? a->last > b->last : (uintptr_t)a > (uintptr_t)b;
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

static int model_count(struct dmk_range *range, const bool *in, uint64_t first)
{
	int n = 0;

	for (int i = 0; i < RANGES; i++)
		n += in[i] && range[i].first == first;
	return n;
}

static void count(void *n, struct dmk_range *range)
{
	++*(int *)n;
}

/* Each that begins there, once. */
static void ask_at(const struct dmk_ranges *ranges, uint64_t first, int expected)
{
	struct dmk_range *range = NULL;
	int found = 0;

	while ((range = dmk_ranges_at(ranges, first, range))) {
		assert_int_equal(range->first, first);
		found++;
	}
	assert_int_equal(found, expected);
}

/* How ranges lie: in units, so many of them in all, at most so long. */
struct lie {
	const char *sentence;
	uint64_t unit, room, longest, from;
};

static void play(const struct lie *lie, uint64_t seed)
{
	static struct dmk_range range[RANGES];
	static bool in[RANGES];
	struct dmk_ranges ranges = { NULL };
	int inside = 0, seen;

	memset(in, 0, sizeof(in));
	print_message("%s, seed %d\n", lie->sentence, (int)seed);
	for (int round = 0; round < ROUNDS; round++) {
		int i = random_below(&seed, RANGES);
		uint64_t first = lie->from + random_below(&seed, lie->room * lie->unit);
		uint64_t last = first + random_below(&seed, lie->longest * lie->unit);
		struct dmk_range *found = NULL, *expected;

		if (in[i]) {
			dmk_ranges_remove(&ranges, &range[i]);
		} else {
			dmk_range_set(&range[i],
				      lie->from + random_below(&seed, lie->room) * lie->unit,
				      1 + random_below(&seed, lie->longest * lie->unit));
			dmk_ranges_insert(&ranges, &range[i]);
		}
		in[i] = !in[i];
		inside += in[i] ? 1 : -1;
		do {
			expected = model_touching(range, in, first, last, found);
			found = dmk_ranges_touching(&ranges, first, last, found);
			assert_ptr_equal(found, expected);
		} while (found);
		assert_ptr_equal(dmk_ranges_above(&ranges, first), model_above(range, in, first));
		assert_ptr_equal(dmk_ranges_below(&ranges, first), model_below(range, in, first));
		ask_at(&ranges, range[i].first, model_count(range, in, range[i].first));
		seen = 0;
		dmk_ranges_each(&ranges, count, &seen);
		assert_int_equal(seen, inside);
		assert_int_equal(dmk_ranges_any(&ranges) != NULL, inside > 0);
	}
	dmk_ranges_exit(&ranges);
	assert_null(dmk_ranges_any(&ranges));
}

static void test_ranges_find_what_a_model_finds(void **state)
{
	static const struct lie lies[] = {
		{ "a crowd in a page", 1, 1000, 60, 0 },
		{ "buffers of some bytes, over two leaves", 64, 8192, 20, 0x40000 },
		{ "pages and their halves, over a few leaves", 2048, 512, 2, 0xfffc0000 },
		{ "a few pages each, among many leaves", 4096, 1 << 20, 24, 0 },
		{ "from nothing to much, all over the place", 1ULL << 30, 1 << 14, 64, 0 },
		{ "up to the end of the address space", 4096, 512, 4, -(516ULL << 12) },
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		play(&lies[i], 42 + i);
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
	dmk_ranges_insert(&ranges, &all);
	assert_ptr_equal(dmk_ranges_touching(&ranges, 1, ~0ULL - 1, NULL), &all);
	assert_non_null(dmk_ranges_touching(&ranges, 0, ~0ULL, &low));
	dmk_ranges_exit(&ranges);
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
