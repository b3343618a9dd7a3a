// SPDX-License-Identifier: MIT
/*
 * What a user of /dev/engtest does: all channels that there are, called back and polled, small and
 * large; and what is wrong with what is asked for is said.
 */
#include <errno.h>

#include "engtest_told.h"

/* A busy host is late; what never ends takes this long to be noticed. */
#define PATIENCE "timeout=20000 "

static void expect_good(const char *words)
{
	char text[4096];

	if (told(words, text, sizeof(text)) || !strstr(text, " 0 failures\n"))
		dmk_test_failed(__FILE__, __LINE__, "%s: %s", words, text);
}

DMK_TEST(ENG_05_each_channel_does_what_it_is_told_and_no_more)
{
	expect_good(PATIENCE "channels=4 threads=2 iterations=25 size=8000 run");
}

DMK_TEST(ENG_05_who_asks_is_told_the_same)
{
	expect_good(PATIENCE "polled=1 channels=8 threads=1 size=4096 iterations=10 run");
	expect_good("polled=0 run");
}

DMK_TEST(ENG_05_short_ones_and_one_operation_at_a_time)
{
	expect_good(PATIENCE "size=256 threads=4 iterations=40 channels=2 run");
	expect_good(PATIENCE "operations=1 sources=1 size=20000 iterations=8 threads=2 run");
}

DMK_TEST(what_is_wrong_is_refused)
{
	char text[4096];

	DMK_EXPECT(told("threads=0", text, sizeof(text)) == -EINVAL);
	DMK_EXPECT(told("size=many", text, sizeof(text)) == -EINVAL);
	DMK_EXPECT(told("speed=9", text, sizeof(text)) == -EINVAL);
	DMK_EXPECT(told("faster", text, sizeof(text)) == -EINVAL);
	DMK_EXPECT(told("channel=nowhere run", text, sizeof(text)) == -ENODEV);
	DMK_EXPECT(told("channel= size=256 iterations=2 run", text, sizeof(text)) == 0);
}
