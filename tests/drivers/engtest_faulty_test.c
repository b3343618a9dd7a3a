// SPDX-License-Identifier: MIT
/*
 * Each fault of engtest_faulty.c's channels is found by the test of DMA engines, and told as what
 * it is; the channel without one passes.
 */
#include <errno.h>

#include "engtest_told.h"

static const struct {
	const char *fault;
	const char *told;        /* NULL: nothing is wrong */
	const char *told_polled; /* the same, when nobody is called back */
} rows[] = {
	{"a channel without a fault passes", NULL, NULL},
	{"a byte that is dropped", ": to be written", ": to be written"},
	{"a byte behind", "behind what was to be written", "behind what was to be written"},
	{"a byte before", "before what was to be written", "before what was to be written"},
	{"a source that is written", "of source 0 was written", "of source 0 was written"},
	{"an end before the bytes are there", ": to be written", ": to be written"},
	{"no end", "not ended after 100 ms: status 1", "not ended after 100 ms: status 1"},
	{"two ends", "called back for 2 times", NULL},
	{"an error", "result 2", ": to be written"},
	{"a wrong byte", ": to be written", ": to be written"},
};

static void judge(unsigned int i, unsigned int polled, const char *expected)
{
	char words[128], text[4096];
	int err;

	snprintf(words, sizeof(words),
		 "channel=dma0chan%u threads=1 iterations=40 size=16384 timeout=100 polled=%u run",
		 i, polled);
	err = told(words, text, sizeof(text));
	if (err != (expected ? -EIO : 0) || !strstr(text, expected ? expected : " 0 failures\n") ||
	    !strstr(text, "seed "))
		dmk_test_failed(__FILE__, __LINE__, "%s%s: %d, %s", rows[i].fault,
				polled ? ", polled" : "", err, text);
}

DMK_TEST(ENG_05_each_planted_fault_is_found)
{
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		judge(i, 0, rows[i].told);
}

DMK_TEST(ENG_05_and_by_who_asks)
{
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		judge(i, 1, rows[i].told_polled);
}
