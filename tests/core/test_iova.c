// SPDX-License-Identifier: MIT
/*
 * I/O virtual addresses, alone: against a list of what is out, and for cost that doesn't grow with it.
 */
#include "unit.h"

#include "../../core/iova.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { PAGE = 4096, LIVE = 600, STEPS = 60000 };

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

/* --- a table of sentences --------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint64_t size, align, limit, boundary;
	bool taken;
	uint64_t at; /* where, in a space of [64 KiB, 16 MiB) of which [1 MiB, 2 MiB) is reserved */
} rows[] = {
	{"a page comes from the top", PAGE, PAGE, ~0ULL, 0, true, 0xfff000},
	{"a limit is honoured, last byte included", PAGE, PAGE, 0x7fffff, 0, true, 0x7ff000},
	{"a limit in the middle of a page excludes it", PAGE, PAGE, 0x7ffffe, 0, true, 0x7fe000},
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

/* --- a model --------------------------------------------------------------------------------------------------------- */

struct range {
	uint64_t first, size;
};

static bool overlap(const struct range *a, const struct range *b)
{
	return a->first < b->first + b->size && b->first < a->first + a->size;
}

static void random_work(uint64_t seed, uint64_t first, uint64_t last)
{
	struct dmk_iova_space *space = space_of(first, last);
	static struct range live[LIVE];
	uint64_t random = seed * 2654435761u + 1, used, high;
	unsigned int n = 0;

	for (unsigned int step = 0; step < STEPS; step++) {
		if (n < LIVE && next(&random) % 100 < 52) {
			const uint64_t pages = 1 + next(&random) % (next(&random) % 8 ? 16 : 3000);
			const uint64_t limit = next(&random) % 4
						       ? last
						       : first + next(&random) % (last - first);
			struct range range = {.size = pages * PAGE};

			if (!dmk_iova_take(space, range.size, PAGE, limit, 0, &range.first))
				continue;
			assert_true(range.first >= first && range.first + range.size - 1 <= limit);
			for (unsigned int i = 0; i < n; i++)
				assert_false(overlap(&range, &live[i]));
			live[n++] = range;
		} else if (n) {
			const unsigned int i = next(&random) % n;

			dmk_iova_give(space, live[i].first, live[i].size);
			live[i] = live[--n];
		}
	}
	while (n--)
		dmk_iova_give(space, live[n].first, live[n].size);
	dmk_iova_usage(space, &used, &high);
	assert_int_equal(used, 0);
	/* All of it is one piece again. */
	assert_true(dmk_iova_take(space, (last + 1) / 2, PAGE, ~0ULL, 0, &used));
	end(space);
}

static void test_IOM_01_random_work_against_a_list(void **state)
{
	const uint64_t seed = time(NULL);

	print_message("seed %llu\n", (unsigned long long)seed);
	random_work(seed, 0, 0x0fffffff);                /* runs out now and then */
	random_work(seed + 1, 0x1000, (1ULL << 48) - 1); /* never */
}

/* --- want of records ---------------------------------------------------------------------------------------------------- */

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
	uint64_t at, used, high;

	fake_fail_at(1);
	assert_false(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &at));
	dmk_iova_usage(space, &used, &high);
	assert_int_equal(used, 0);
	fake_fail_at(0);
	assert_true(dmk_iova_take(space, PAGE, PAGE, ~0ULL, 0, &at));
	end(space);
}

/* --- threads ------------------------------------------------------------------------------------------------------------ */

struct job {
	struct dmk_iova_space *space;
	uint64_t random;
	uint8_t *owner; /* a byte a page: who has it */
	uint8_t me;
};

static void *work(void *data)
{
	struct job *job = data;
	struct range live[32];
	unsigned int n = 0;

	for (unsigned int step = 0; step < 8000; step++) {
		if (n < 32 && next(&job->random) % 2) {
			live[n].size = (1 + next(&job->random) % 8) * PAGE;
			if (!dmk_iova_take(job->space, live[n].size, PAGE, ~0ULL, 0,
					   &live[n].first))
				continue;
			for (uint64_t i = 0; i < live[n].size / PAGE; i++)
				assert_int_equal(
					__atomic_exchange_n(&job->owner[live[n].first / PAGE + i],
							    job->me, __ATOMIC_RELAXED),
					0);
			n++;
		} else if (n) {
			n--;
			for (uint64_t i = 0; i < live[n].size / PAGE; i++)
				__atomic_store_n(&job->owner[live[n].first / PAGE + i], 0,
						 __ATOMIC_RELAXED);
			dmk_iova_give(job->space, live[n].first, live[n].size);
		}
	}
	return NULL;
}

static void test_CTX_02_threads_never_share_a_range(void **state)
{
	struct dmk_iova_space *space = space_of(0, 0x3ffffff);
	uint8_t *owner = calloc(1, 0x4000000 / PAGE);
	struct job job[4];
	pthread_t thread[4];

	for (unsigned int i = 0; i < 4; i++) {
		job[i] = (struct job){space, 77 + i, owner, (uint8_t)(i + 1)};
		pthread_create(&thread[i], NULL, work, &job[i]);
	}
	for (unsigned int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	free(owner);
	end(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_IOM_03_a_table_of_wishes),
		cmocka_unit_test(test_IOM_03_reserved_ranges_may_overlap_and_reach_beyond),
		cmocka_unit_test(test_IOM_01_random_work_against_a_list),
		cmocka_unit_test(test_STR_05_giving_back_needs_no_memory),
		cmocka_unit_test(test_STR_05_a_take_without_a_record_takes_nothing),
		cmocka_unit_test(test_CTX_02_threads_never_share_a_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
