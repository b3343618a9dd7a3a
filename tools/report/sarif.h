/* SPDX-License-Identifier: MIT */
/*
 * A report as SARIF 2.1.0: what code hosts show on the lines. docs/REPORTS.md tells what is where.
 */
#ifndef TOOLS_REPORT_SARIF_H
#define TOOLS_REPORT_SARIF_H

#include "report/report.h"

struct dmk_sarif_options {
	const char *version;        /* dmakit's */
	const char *directory;      /* what files are named relative to; NULL: none */
	const char *rules;          /* the directory with a page per rule */
	const char *const *command; /* the command line */
	size_t nr_command;
	const char *source; /* a driver's: what belongs to no line is shown at it; or NULL */
};

/** dmk_sarif_write - one run with all machines. Return 0, or a negative errno. */
int dmk_sarif_write(FILE *out, const struct dmk_report *reports, size_t n,
		    const struct dmk_sarif_options *options);

#endif
