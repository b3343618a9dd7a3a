// SPDX-License-Identifier: MIT
/*
 * STR-12: each call of a driver's that can fail is asked whether it is to, once, whatever it stands
 * on; told to, it fails.
 */
#include <stdio.h>

#include <dmakit/fail.h>
#include <dmakit/test.h>

#include "questions.h"

static struct {
	unsigned int asked, fail_at;
} now;

static bool fail(void *ctx, enum dmk_fail_kind kind, const void *caller)
{
	const char *at = caller;

	if (at < __start_asking || at >= __stop_asking)
		return false;
	return ++now.asked == now.fail_at;
}

static int ask(const struct question *question, unsigned int fail_at)
{
	static const struct dmk_failer failer = {.fail = fail};
	int result;

	now.asked = 0;
	now.fail_at = fail_at;
	dmk_fail_with(&failer);
	result = question->call();
	dmk_fail_with(NULL);
	return result;
}

DMK_TEST(test_STR_12_a_call_is_asked_once_and_fails_when_told_to)
{
	for (const struct question *question = questions; question->name; question++) {
		int well = ask(question, 0), asked = (int)now.asked, told = ask(question, 1);

		if (well || asked != 1 || !told)
			printf("%s: asked %d times, returned %d, and %d when told to fail\n",
			       question->name, asked, well, told);
		DMK_EXPECT(well == 0);
		DMK_EXPECT(asked == 1);
		DMK_EXPECT(told < 0);
		DMK_EXPECT(ask(question, 0) == 0);
	}
}
