/* SPDX-License-Identifier: MIT */
/* A report as JUnit XML, as CI systems read it. docs/REPORTS.md tells what is where. */
#ifndef TOOLS_REPORT_JUNIT_H
#define TOOLS_REPORT_JUNIT_H

#include "report/report.h"

/**
 * dmk_junit_write - a test suite for each machine
 * @directory: what files are named relative to; NULL: none
 * Return: 0, or a negative errno.
 */
int dmk_junit_write(FILE *out, const struct dmk_report *reports, size_t n, const char *directory);

#endif
