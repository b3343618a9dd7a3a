// SPDX-License-Identifier: MIT
/* Sets of bytes against the plainest model there is: an array with a place for each byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "spans.h"

enum { BYTES = 64, ROUNDS = 20000 };

static uint64_t state;

static unsigned int below(unsigned int n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % n;
}

#define PLACE(n) ((const struct dmk_trace *)(uintptr_t)(n))

/* 0: not in the set; else the number of its place. */
static void compare(const struct dmk_spans *spans, const unsigned char *model)
{
	for (uint64_t i = 0; i < BYTES; i++) {
		const struct dmk_span *span = dmk_spans_touching(spans, i, i);

		assert_int_equal(span != NULL, model[i] != 0);
		if (span)
			assert_ptr_equal(span->where, PLACE(model[i]));
	}
	for (uint32_t i = 0; i + 1 < spans->n; i++) {
		assert_true(spans->span[i].last < spans->span[i + 1].first);
		assert_false(spans->span[i].last + 1 == spans->span[i + 1].first &&
			     spans->span[i].where == spans->span[i + 1].where);
	}
}

static void compare_hold(const struct dmk_spans *spans, const unsigned char *model, uint64_t first,
			 uint64_t last)
{
	uint64_t found = first, at = first;

	while (at <= last && model[at])
		at++;
	assert_int_equal(dmk_spans_hold(spans, &found, last), at > last);
	if (at <= last)
		assert_int_equal(found, at);
}

static void test_CHK_02_a_set_of_bytes_is_what_was_put_in(void **unused)
{
	struct dmk_spans spans = {0};
	unsigned char model[BYTES] = {0};

	(void)unused;
	state = 20260101;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		const unsigned int first = below(BYTES), last = first + below(BYTES - first),
				   place = 1 + below(3);
		const bool add = below(2);

		assert_true(add ? dmk_spans_add(&spans, first, last, PLACE(place))
				: dmk_spans_remove(&spans, first, last));
		memset(model + first, add ? (int)place : 0, last - first + 1);
		compare(&spans, model);
		compare_hold(&spans, model, below(first + 1), last);
	}
	dmk_spans_clear(&spans);
}

static void test_CHK_02_a_set_holds_all_there_is(void **unused)
{
	struct dmk_spans spans = {0};
	uint64_t first = 5;

	(void)unused;
	assert_true(dmk_spans_add(&spans, 0, ~0ULL, PLACE(1)));
	assert_true(dmk_spans_hold(&spans, &first, ~0ULL));
	assert_true(dmk_spans_remove(&spans, ~0ULL, ~0ULL));
	assert_false(dmk_spans_hold(&spans, &first, ~0ULL));
	assert_true(first == ~0ULL);
	dmk_spans_clear(&spans);
	assert_null(dmk_spans_touching(&spans, 0, ~0ULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_CHK_02_a_set_of_bytes_is_what_was_put_in),
		cmocka_unit_test(test_CHK_02_a_set_holds_all_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
