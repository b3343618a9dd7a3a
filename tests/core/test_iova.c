// SPDX-License-Identifier: MIT
/*
 * I/O virtual addresses, alone: against a list of what is out, and for cost that doesn't grow with
 * it.
 */
#include "unit.h"

#include "../../core/iova.h"

#include <stdio.h>
#include <time.h>

enum { PAGE = 4096, CPUS = 3 };

static const struct fake_options plain = {.bus = FAKE_IDENTITY};

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 8;
}

static struct dmk_iova_space *space_of(uint64_t first, uint64_t last)
{
	struct dmk_iova_space *space;

	assert_int_equal(fake_start(&plain), 0);
	space = dmk_iova_make(first, last, 12);
	assert_non_null(space);
	return space;
}

static void end(struct dmk_iova_space *space)
{
	dmk_iova_free(space);
	fake_stop();
}

/* --- a table of sentences --------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint64_t size, align, limit, boundary;
	bool taken;
	uint64_t at; /* where, in a space of [64 KiB, 16 MiB) of which [1 MiB, 2 MiB) is reserved */
} rows[] = {
	{"a page comes from the top", PAGE, PAGE, ~0ULL, 0, true, 0xfff000},
	{"a limit is honoured, last byte included", PAGE, PAGE, 0x7fffff, 0, true, 0x7ff000},
	{"a limit in the middle of a page excludes it", 128 * PAGE, PAGE, 0x7ffffe, 0, true,
	 0x700000},
	{"and small ones, which come in blocks, too", PAGE, PAGE, 0x7ffffe, 0, true, 0x7ef000},
	{"what is reserved is stepped over", PAGE, PAGE, 0x1fffff, 0, true, 0x0ff000},
	{"a limit below the space leaves nothing", PAGE, PAGE, 0xffff, 0, false, 0},
	{"a range is aligned to its size", 3 * PAGE, PAGE, ~0ULL, 0, true, 0xffc000},
	{"alignment over the size", PAGE, 0x100000, ~0ULL, 0, true, 0xf00000},
	{"a large range", 0x800000, PAGE, ~0ULL, 0, true, 0x800000},
	{"more than there is in one piece", 0x1000000, PAGE, ~0ULL, 0, false, 0},
	{"a range within its boundary", 16 * PAGE, PAGE, ~0ULL, 0xffff, true, 0xff0000},
	{"a range longer than its boundary", 17 * PAGE, PAGE, ~0ULL, 0xffff, false, 0},
	{"nothing", 0, PAGE, ~0ULL, 0, false, 0},
	{"part of a granule", 100, PAGE, ~0ULL, 0, false, 0},
};

static void test_IOM_03_a_table_of_wishes(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dmk_iova_space *space = space_of(0x10000, 0xffffff);
		uint64_t at = 0;

		assert_int_equal(dmk_iova_reserve(space, 0x100000, 0x1fffff), 0);
		ROW_EXPECT(rows[i].name,
			   dmk_iova_take(space, rows[i].size, rows[i].align, rows[i].limit,
					 rows[i].boundary, &at) == rows[i].taken);
		ROW_EXPECT(rows[i].name, !rows[i].taken || at == rows[i].at);
		end(space);
	}
}

static void test_IOM_03_reserved_ranges_may_overlap_and_reach_beyond(void **state)
{
	struct dmk_iova_space *space = space_of(0x10000, 0xffffff);
	uint64_t at, n = 0;

	assert_int_equal(dmk_iova_reserve(space, 0, 0x1ffff), 0);
	assert_int_equal(dmk_iova_reserve(space, 0x18000, 0x3ffff), 0);
	assert_int_equal(dmk_iova_reserve(space, 0xff0000, ~0ULL), 0);
	while (dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &at)) {
		assert_in_range(at, 0x40000, 0xfef000);
		n++;
	}
	assert_int_equal(n, (0xff0000 - 0x40000) / PAGE);
	end(space);
}

/* --- a model ---------------------------------------------------------------------------------- */

enum { PAGES = 16384, STEPS = 16000, LIVE = 2000 };

struct range {
	uint64_t first, size;
};

/* Who has a page: 0: nobody. */
struct model {
	uint8_t page[PAGES];
	struct range live[LIVE];
	unsigned int n, quarter;
	uint64_t random, used, last_given;
	struct dmk_iova_space *space;
};

static uint64_t below(struct model *model, uint64_t limit)
{
	return next(&model->random) % limit;
}

static uint64_t rounded(uint64_t pages)
{
	uint64_t size = 1;

	while (size < pages)
		size *= 2;
	return size;
}

/* What is out for so many pages. */
static uint64_t taken_for(uint64_t pages)
{
	return pages <= 1 << DMK_IOVA_READY_ORDER ? rounded(pages) : pages;
}

static bool is_free(const struct model *model, uint64_t first, uint64_t n)
{
	for (uint64_t i = first; i < first + n; i++)
		if (i >= PAGES || model->page[i])
			return false;
	return true;
}

/* Whether there is a place, to the last one. */
static bool has_place(const struct model *model, uint64_t pages, uint64_t align, uint64_t limit)
{
	const uint64_t n = taken_for(pages);

	if (align < rounded(pages))
		align = rounded(pages);
	for (uint64_t first = 0; first + n <= PAGES && (first + n) * PAGE - 1 <= limit;
	     first += align)
		if (is_free(model, first, n))
			return true;
	return false;
}

static void mark(struct model *model, const struct range *range, bool out)
{
	const uint64_t n = taken_for(range->size / PAGE);

	for (uint64_t i = 0; i < n; i++)
		model->page[range->first / PAGE + i] = out;
	model->used += out ? n * PAGE : -(n * PAGE);
}

/*
 * In the third quarter of the work single pages anywhere, so that nothing is refused and more lie
 * ready than one CPU keeps.
 */
static uint64_t some_size(struct model *model)
{
	if (model->quarter == 2)
		return 1;
	switch (below(model, 8)) {
	case 0:
		return 1 + below(model, 2048);
	case 1:
	case 2:
		return 64 + below(model, 193);
	default:
		return 1 + below(model, 16);
	}
}

/* None, any, or one about where a range lies ready. */
static uint64_t some_limit(struct model *model)
{
	if (model->quarter == 2)
		return ~0ULL;
	switch (below(model, 8)) {
	case 0:
		return below(model, PAGES * PAGE);
	case 1:
		return model->last_given - below(model, 2);
	default:
		return ~0ULL;
	}
}

static void model_take(struct model *model)
{
	const uint64_t pages = some_size(model);
	const uint64_t align = model->quarter == 2 || below(model, 10) ? 1 : 1 << below(model, 12);
	const uint64_t limit = some_limit(model);
	const uint64_t boundary = below(model, 6) ? 0 : (PAGE << below(model, 12)) - 1;
	struct range range = {.size = pages * PAGE};

	if (!dmk_iova_take(model->space, range.size, align * PAGE, limit, boundary, &range.first)) {
		assert_true((boundary && rounded(pages) * PAGE - 1 > boundary) ||
			    !has_place(model, pages, align, limit));
		return;
	}
	assert_true(range.first + range.size - 1 <= limit);
	assert_int_equal(range.first % (align * PAGE), 0);
	assert_int_equal(range.first % (rounded(pages) * PAGE), 0);
	assert_true(!boundary ||
		    (range.first & ~boundary) == ((range.first + range.size - 1) & ~boundary));
	assert_true(is_free(model, range.first / PAGE, taken_for(pages)));
	mark(model, &range, true);
	model->live[model->n++] = range;
}

static void model_give(struct model *model, unsigned int i)
{
	const struct range range = model->live[i];

	model->live[i] = model->live[--model->n];
	mark(model, &range, false);
	model->last_given = range.first + range.size - 1;
	dmk_iova_give(model->space, range.first, range.size);
}

static void model_check(const struct model *model)
{
	uint64_t used;
	const char *wrong = dmk_iova_wrong(model->space, &used);

	if (wrong)
		fail_msg("%s", wrong);
	assert_int_equal(used, model->used);
}

/* Reserved ranges are out for good. */
static void model_reserve(struct model *model)
{
	for (int i = 0; i < 3; i++) {
		const uint64_t first = below(model, PAGES), n = 1 + below(model, 200);

		assert_int_equal(
			dmk_iova_reserve(model->space, first * PAGE, (first + n) * PAGE - 1), 0);
		for (uint64_t page = first; page < first + n && page < PAGES; page++)
			model->page[page] = 1;
	}
}

/* The share of takes in a hundred calls swings, so that the space runs full and empty in turn. */
static void random_work(uint64_t seed, enum dmk_iova_reuse reuse)
{
	static struct model model;

	model = (struct model){.random = seed * 2654435761u + 1};
	model.space = space_of(0, PAGES * PAGE - 1);
	dmk_iova_reuse(model.space, reuse, seed);
	model_reserve(&model);
	for (unsigned int step = 0; step < STEPS; step++) {
		const unsigned int share = step / 1000 % 2 ? 10 : 90;

		model.quarter = step / 4000;
		if (!below(&model, 50))
			fake_be_cpu(1 + (unsigned int)below(&model, CPUS));
		if (model.n < LIVE && below(&model, 100) < share)
			model_take(&model);
		else if (model.n)
			model_give(&model, (unsigned int)below(&model, model.n));
		model_check(&model);
	}
	while (model.n)
		model_give(&model, model.n - 1);
	model_check(&model);
	fake_be_cpu(0);
	end(model.space);
}

static void test_IOM_01_random_work_against_a_model(void **state)
{
	const uint64_t seed = time(NULL);

	print_message("seed %llu\n", (unsigned long long)seed);
	for (enum dmk_iova_reuse reuse = DMK_IOVA_NEWEST; reuse <= DMK_IOVA_LAST; reuse++)
		random_work(seed, reuse);
}

/* --- what is taken again ---------------------------------------------------------------------- */

enum { A, B, C, NEW, GIVEN };

/* Of three pages that were given back in this order: which comes next, and after it? */
static const struct {
	const char *name;
	enum dmk_iova_reuse reuse;
	unsigned int next[GIVEN];
} orders[] = {
	{"the newest first", DMK_IOVA_NEWEST, {C, B, A, NEW}},
	{"the oldest first", DMK_IOVA_OLDEST, {A, B, C, NEW}},
	{"none while there are others", DMK_IOVA_LAST, {NEW, NEW, NEW, NEW}},
};

static void take_and_give(struct dmk_iova_space *space, uint64_t *at)
{
	for (int i = A; i < NEW; i++)
		assert_true(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &at[i]));
	for (int i = A; i < NEW; i++)
		dmk_iova_give(space, at[i], PAGE);
}

static unsigned int which(const uint64_t *at, uint64_t first)
{
	unsigned int i = A;

	while (i < NEW && at[i] != first)
		i++;
	return i;
}

static void test_IOM_01_addresses_are_taken_again_in_the_order_that_is_wanted(void **state)
{
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct dmk_iova_space *space = space_of(0, 0xffffff);
		uint64_t at[NEW], first = 0;

		dmk_iova_reuse(space, orders[i].reuse, 1);
		fake_be_cpu(1);
		take_and_give(space, at);
		for (int j = 0; j < GIVEN; j++) {
			ROW_EXPECT(orders[i].name,
				   dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &first));
			ROW_EXPECT(orders[i].name, which(at, first) == orders[i].next[j]);
		}
		fake_be_cpu(0);
		end(space);
	}
}

/* A digit for each of the next ones, over some seeds. */
static unsigned int drawn(uint64_t seed)
{
	struct dmk_iova_space *space = space_of(0, 0xffffff);
	uint64_t at[NEW], first;
	unsigned int order = 0;

	dmk_iova_reuse(space, DMK_IOVA_RANDOM, seed);
	take_and_give(space, at);
	for (int i = A; i < NEW; i++) {
		assert_true(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &first));
		order = order * 10 + which(at, first);
	}
	end(space);
	return order;
}

static void test_IOM_01_a_seed_decides_which_address_is_taken_again(void **state)
{
	bool has_new = false, has_old = false, differs = false;

	for (uint64_t seed = 1; seed <= 32; seed++) {
		const unsigned int order = drawn(seed);

		assert_int_equal(order, drawn(seed));
		differs |= order != drawn(1);
		has_new |= order % 10 == NEW;
		has_old |= order % 10 != NEW;
	}
	assert_true(differs && has_new && has_old);
}

/* Held back is not lost: what touches is one again before a take fails. */
static void test_IOM_01_what_is_taken_last_is_there_when_nothing_else_is(void **state)
{
	struct dmk_iova_space *space = space_of(0, 64 * PAGE - 1);
	uint64_t at[64], whole;

	dmk_iova_reuse(space, DMK_IOVA_LAST, 1);
	for (unsigned int i = 0; i < 64; i++)
		assert_true(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &at[i]));
	assert_false(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &whole));
	for (unsigned int i = 0; i < 64; i++)
		dmk_iova_give(space, at[i], PAGE);
	assert_true(dmk_iova_take(space, 64 * PAGE, PAGE, ~0ULL, 0, &whole));
	end(space);
}

/* --- what lies ready -------------------------------------------------------------------------- */

/* All of a space of @pages, a page each; at most so many. */
static uint64_t take_all(struct dmk_iova_space *space, uint64_t *at, uint64_t pages)
{
	uint64_t n = 0;

	while (n < pages && dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &at[n]))
		n++;
	return n;
}

static void test_IOM_01_what_an_idle_cpu_kept_is_found(void **state)
{
	struct dmk_iova_space *space = space_of(0, 4096 * PAGE - 1);
	static uint64_t at[4097];
	uint64_t whole;

	fake_be_cpu(1);
	assert_int_equal(take_all(space, at, 4097), 4096);
	for (unsigned int i = 0; i < 4096; i++)
		dmk_iova_give(space, at[i], PAGE);
	/*
	 * A CPU that was never seen takes all of it in one piece, and the first one finds it gone.
	 */
	fake_be_cpu(2);
	assert_true(dmk_iova_take(space, 4096 * PAGE, PAGE, ~0ULL, 0, &whole));
	fake_be_cpu(1);
	assert_false(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, at));
	dmk_iova_give(space, whole, 4096 * PAGE);
	assert_true(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, at));
	fake_be_cpu(0);
	end(space);
}

static void test_IOM_01_other_cpus_are_asked_once_when_addresses_are_out(void **state)
{
	struct dmk_iova_space *space = space_of(0, 4096 * PAGE - 1);
	static uint64_t at[4097];
	unsigned int before;

	assert_int_equal(take_all(space, at, 4097), 4096);
	before = fake_settled;
	for (unsigned int i = 0; i < 1000; i++)
		assert_int_equal(take_all(space, &at[4096], 1), 0);
	assert_int_equal(fake_settled, before);
	/* And again only after many calls ended well. */
	dmk_iova_give(space, at[0], PAGE);
	assert_int_equal(take_all(space, at, 2), 1);
	assert_int_equal(fake_settled, before);
	end(space);
}

static void test_IOM_01_where_cpus_can_not_be_asked_nothing_is_lost(void **state)
{
	struct dmk_iova_space *space = space_of(0, 4096 * PAGE - 1);
	static uint64_t at[4097];

	fake_be_cpu(1);
	assert_int_equal(take_all(space, at, 4097), 4096);
	for (unsigned int i = 0; i < 4096; i++)
		dmk_iova_give(space, at[i], PAGE);
	fake_be_cpu(2);
	fake_cannot_settle = true;
	assert_true(take_all(space, at, 4097) < 4096);
	fake_cannot_settle = false;
	fake_be_cpu(0);
	end(space);
}

static void test_MSK_05_a_low_limit_is_served_among_high_ranges(void **state)
{
	struct dmk_iova_space *space = space_of(PAGE, (1ULL << 48) - 1);
	uint64_t high[300], low;

	for (unsigned int i = 0; i < 300; i++)
		assert_true(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &high[i]));
	for (unsigned int i = 0; i < 300; i++)
		dmk_iova_give(space, high[i], PAGE);
	assert_true(dmk_iova_take(space, PAGE, PAGE, 0xffffffff, 0, &low));
	assert_in_range(low, PAGE, 0xfffff000);
	dmk_iova_give(space, low, PAGE);
	/* It is at hand now, and good for everybody. */
	assert_true(dmk_iova_take(space, PAGE, PAGE, (1ULL << 39) - 1, 0, &high[0]));
	assert_int_equal(high[0], low);
	end(space);
}

static void test_MSK_05_low_addresses_may_come_first(void **state)
{
	struct dmk_iova_space *space = space_of(0, (1ULL << 48) - 1);
	uint64_t at, large;

	dmk_iova_prefer(space, 0xffffffff);
	assert_true(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &at));
	assert_int_equal(at, 0xfffff000);
	assert_true(dmk_iova_take(space, 1ULL << 31, PAGE, ~0ULL, 0, &large));
	assert_int_equal(large, 0);
	/* What is no longer there comes from above, and back to below when it is. */
	assert_true(dmk_iova_take(space, 1ULL << 31, PAGE, ~0ULL, 0, &at));
	assert_int_equal(at, 0xffff80000000);
	assert_true(dmk_iova_take(space, 4096 * PAGE, PAGE, (1ULL << 39) - 1, 0, &at));
	assert_in_range(at, 0, 0xffffffff);
	end(space);
}

/* --- want of records -------------------------------------------------------------------------- */

static void test_STR_05_giving_back_needs_no_memory(void **state)
{
	struct dmk_iova_space *space = space_of(0, 0xffffffff);
	static uint64_t at[4000];
	uint64_t whole;

	for (unsigned int i = 0; i < 4000; i++)
		assert_true(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &at[i]));
	for (unsigned int i = 0; i < 4000; i++) {
		fake_fail_at(1);
		dmk_iova_give(space, at[(i * 1777) % 4000], PAGE);
	}
	fake_fail_at(0);
	assert_true(dmk_iova_take(space, 0x80000000, PAGE, ~0ULL, 0, &whole));
	end(space);
}

static void test_STR_05_a_take_without_a_record_takes_nothing(void **state)
{
	struct dmk_iova_space *space = space_of(0, 0xffffffff);
	uint64_t at, used;

	fake_no_memory = true;
	assert_false(dmk_iova_take(space, 2048 * PAGE, PAGE, ~0ULL, 0, &at));
	assert_false(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &at));
	assert_null(dmk_iova_wrong(space, &used));
	assert_int_equal(used, 0);
	fake_no_memory = false;
	assert_true(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &at));
	end(space);
}

static void test_STR_05_what_lies_ready_needs_no_memory(void **state)
{
	struct dmk_iova_space *space = space_of(0, 0xffffffff);
	uint64_t at;

	assert_true(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &at));
	fake_be_cpu(2);
	fake_no_memory = true;
	for (unsigned int i = 1; i < 16; i++)
		assert_true(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &at));
	fake_no_memory = false;
	fake_be_cpu(0);
	end(space);
}

/*
 * Each allocation of some work fails once: nothing is lost, and what was taken before is given
 * back.
 */
static void test_STR_05_any_allocation_may_fail(void **state)
{
	static uint64_t at[400];
	uint64_t used;

	for (unsigned int n = 1; n <= 40; n++) {
		struct dmk_iova_space *space = space_of(0, 0xffffffff);
		unsigned int taken = 0;

		fake_fail_at(n);
		for (unsigned int i = 0; i < 400; i++)
			taken += dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &at[taken]);
		while (taken--)
			dmk_iova_give(space, at[taken], PAGE);
		fake_fail_at(0);
		assert_null(dmk_iova_wrong(space, &used));
		assert_int_equal(used, 0);
		end(space);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_IOM_03_a_table_of_wishes),
		cmocka_unit_test(test_IOM_03_reserved_ranges_may_overlap_and_reach_beyond),
		cmocka_unit_test(test_IOM_01_random_work_against_a_model),
		cmocka_unit_test(test_IOM_01_addresses_are_taken_again_in_the_order_that_is_wanted),
		cmocka_unit_test(test_IOM_01_a_seed_decides_which_address_is_taken_again),
		cmocka_unit_test(test_IOM_01_what_is_taken_last_is_there_when_nothing_else_is),
		cmocka_unit_test(test_IOM_01_what_an_idle_cpu_kept_is_found),
		cmocka_unit_test(test_IOM_01_other_cpus_are_asked_once_when_addresses_are_out),
		cmocka_unit_test(test_IOM_01_where_cpus_can_not_be_asked_nothing_is_lost),
		cmocka_unit_test(test_MSK_05_a_low_limit_is_served_among_high_ranges),
		cmocka_unit_test(test_MSK_05_low_addresses_may_come_first),
		cmocka_unit_test(test_STR_05_giving_back_needs_no_memory),
		cmocka_unit_test(test_STR_05_a_take_without_a_record_takes_nothing),
		cmocka_unit_test(test_STR_05_what_lies_ready_needs_no_memory),
		cmocka_unit_test(test_STR_05_any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
