/* SPDX-License-Identifier: MIT */
/*
 * Counting the instructions of a path by itself, under valgrind's callgrind. One file of a
 * program includes this.
 */
#ifndef COUNTS_COUNTED_H
#define COUNTS_COUNTED_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <valgrind/callgrind.h>

enum { TIMES = 4096, FEW = 64 };

static void must(bool is_good)
{
	if (!is_good) {
		fprintf(stderr, "a path did not do what it is counted for\n");
		exit(2);
	}
}

/*
 * Operations are counted between these; a path has FEW of them before, so that what is made once is
 * there.
 */
static const char *path_name;
static unsigned long path_times;

static void begin(void)
{
	CALLGRIND_START_INSTRUMENTATION;
	CALLGRIND_ZERO_STATS;
}

static void end(unsigned long times)
{
	CALLGRIND_DUMP_STATS_AT(path_name);
	CALLGRIND_STOP_INSTRUMENTATION;
	path_times = times;
}

#define COUNT(times, ...)                                   \
	do {                                                \
		for (unsigned long i = 0; i < FEW; i++)     \
			__VA_ARGS__;                        \
		begin();                                    \
		for (unsigned long i = 0; i < (times); i++) \
			__VA_ARGS__;                        \
		end(times);                                 \
	} while (0)

#endif
