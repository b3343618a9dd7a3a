/* SPDX-License-Identifier: MIT */
/*
 * A row per machine, printed when the machine is done; on a terminal a last line says what is under
 * way.
 */
#include "dmakit/dmakit.h"

#include <inttypes.h>
#include <string.h>

static void clear_line(const struct tool_table *table)
{
	if (table->live)
		fputs("\r\033[K", stdout);
}

void tool_table_start(const struct tool_table *table)
{
	if (!table->shown)
		return;
	printf("%-*s %9s %9s %9s %6s %9s %8s\n", table->width, "machine", "maps", "bounced",
	       "synced", "leaks", "findings", "time");
	fflush(stdout);
}

static const char *remark(const struct dmk_report *report)
{
	static const char *const text[] = {"", "  crashed", "  hung", "  could not run"};

	if (report->skipped)
		return report->no_device ? "  no device there" : "  not installed";
	if (report->outcome != DMK_OUTCOME_DONE)
		return text[report->outcome];
	if (report->machine_died)
		return "  machine died";
	for (size_t i = 0; i < report->nr_tests; i++) {
		if (!report->test[i].passed && !report->fail.failed)
			return "  test failed";
	}
	if (report->nr_problems)
		return "  problem";
	if (report->totals.lost_records)
		return "  incomplete";
	return report->fail.wanted && !report->fail.failed ? "  no such call" : "";
}

static const char *ink(const struct tool_table *table, const struct dmk_report *report)
{
	if (!table->color)
		return "";
	if (report->skipped)
		return "\033[2m";
	return dmk_report_status(report) % STATUS_NO_CALL ? "\033[1;31m" : "\033[32m";
}

void tool_table_row(const struct tool_table *table, const struct dmk_report *report)
{
	const struct dmk_check_totals *totals = &report->totals;
	const char *plain = table->color ? "\033[0m" : "";

	if (!table->shown)
		return;
	clear_line(table);
	printf("%s%-*s%s", ink(table, report), table->width, report->machine, plain);
	if (report->outcome == DMK_OUTCOME_REFUSED)
		printf(" %9s %9s %9s %6s %9s %8s", "-", "-", "-", "-", "-", "-");
	else
		printf(" %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %6" PRIu64 " %s%9zu%s %6.1f s",
		       totals->maps, totals->bounced, totals->syncs, totals->leaks,
		       report->nr_findings ? ink(table, report) : "", report->nr_findings,
		       report->nr_findings ? plain : "", report->seconds);
	printf("%s%s%s\n", ink(table, report), remark(report), plain);
	fflush(stdout);
}

void tool_table_running(const struct tool_table *table, const char *names, unsigned int done,
			unsigned int all)
{
	if (!table->shown || !table->live)
		return;
	clear_line(table);
	if (names)
		printf("%u of %u done; on %s", done, all, names);
	fflush(stdout);
}
