/* SPDX-License-Identifier: MIT */
/*
 * Findings of several machines, each mistake once: what the reports for other programs begin with.
 */
#ifndef TOOLS_REPORT_MERGE_H
#define TOOLS_REPORT_MERGE_H

#include "report/report.h"

struct dmk_merged {
	const struct dmk_report_finding *finding; /* as the first machine gave it */
	const struct dmk_report **on;             /* the reports that have it */
	size_t nr_on;
	uint64_t count; /* on all of them */
	/* the command that shows it, when that is one of many runs; or NULL */
	const char *repeat;
};

struct dmk_merged_list {
	struct dmk_merged *item;
	size_t n;
};

/**
 * dmk_merge - of all reports, and of the many runs of each; @suppressed: of those that don't count.
 * For dmk_merged_free().
 */
struct dmk_merged_list dmk_merge(const struct dmk_report *reports, size_t n, bool suppressed);
void dmk_merged_free(struct dmk_merged_list *list);

/**
 * dmk_source_line - the line's text without the blanks around it, from malloc; NULL: the file can't
 * be read, or has no such line.
 */
char *dmk_source_line(const char *file, unsigned int line);

/**
 * dmk_place_to_show - the frame to point at: where the rule was broken, or, when a device did it,
 * where the buffer was mapped; NULL: neither is known by file and line.
 */
const struct dmk_report_frame *dmk_place_to_show(const struct dmk_report_finding *finding);

#endif
