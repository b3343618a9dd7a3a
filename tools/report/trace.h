/* SPDX-License-Identifier: MIT */
/*
 * Timelines in the Trace Event Format: for ui.perfetto.dev and chrome://tracing. docs/REPORTS.md
 * tells what is where.
 */
#ifndef TOOLS_REPORT_TRACE_H
#define TOOLS_REPORT_TRACE_H

#include "report/report.h"

/** dmk_trace_write - a process for each machine. Return: 0, or a negative errno. */
int dmk_trace_write(FILE *out, const struct dmk_report *reports, size_t n, const char *version);

#endif
