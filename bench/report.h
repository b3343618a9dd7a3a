/* SPDX-License-Identifier: MIT */
/* Figures as a table for people and as JSON for programs; docs/BENCHMARKS.md says what is in it. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "bench.h"

/**
 * report_start - @json: the file to write at the end, made now so that a wrong path is known at
 * once; NULL: none
 */
void report_start(const char *json, unsigned int repeats);
void report_run(const struct run *run, const struct row *const *rows, const struct figures *figures,
		unsigned int nr);
/** report_left_out - something that could not be measured, and why: in words, @why may be NULL */
void report_left_out(const char *what, const char *why);
void report_end(void);

#endif
