/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_MISSED = 64 };

static struct {
	const char *path;
	FILE *file;
	json_t *root, *rows, *left_out;
	unsigned int met, nr_missed;
	const char *missed[MOST_MISSED];
} report;

static json_t *processor(void)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[256];
	json_t *name = NULL;

	while (file && !name && fgets(line, sizeof(line), file)) {
		char *at = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;

		if (!at)
			continue;
		line[strcspn(line, "\n")] = '\0';
		name = json_string(at + 2);
	}
	if (file)
		fclose(file);
	return name ? name : json_null();
}

void report_start(const char *json, unsigned int repeats)
{
	report.path = json;
	if (json) {
		report.file = fopen(json, "w");
		if (!report.file) {
			fprintf(stderr, "dmakit-bench: cannot write %s: %s\n", json,
				strerror(errno));
			exit(2);
		}
	}
	report.rows = json_array();
	report.left_out = json_array();
	report.root = json_pack("{s:s, s:i, s:i, s:o, s:i, s:s, s:o, s:o}", "format",
				"dmakit bench", "version", 1, "repeats", (int)repeats, "processor",
				processor(), "processors", (int)sysconf(_SC_NPROCESSORS_ONLN),
				"compiler", __VERSION__, "left_out", report.left_out, "rows",
				report.rows);
}

/* --- one run ---------------------------------------------------------------------------------- */

struct table {
	const struct run *run;
	const struct row *const *rows;
	const struct figures *figures;
	unsigned int nr;
};

static const struct figures *figures_of(const struct table *table, const char *name)
{
	for (unsigned int i = 0; name && i < table->nr; i++) {
		if (strcmp(table->rows[i]->name, name) == 0)
			return &table->figures[i];
	}
	return NULL;
}

static const char *who_is(const struct table *table, const struct row *row, const char *name)
{
	if (name == row->same)
		return row->same_is ? row->same_is : "1 thread";
	for (unsigned int i = 0; i < table->nr; i++) {
		if (strcmp(table->rows[i]->name, name) == 0)
			return table->rows[i]->who;
	}
	return name;
}

/* What the row should not exceed, in nanoseconds; 0: nothing is said. */
static double goal_of(const struct table *table, const struct row *row)
{
	const struct figures *floor = figures_of(table, row->floor),
			     *same = figures_of(table, row->same);

	if (row->goal_above > 0 && floor)
		return floor->min + row->goal_above;
	if (row->goal_times > 0 && same)
		return same->min * row->goal_times;
	return row->goal;
}

static json_t *beside_json(const char *name, const struct figures *mine,
			   const struct figures *other)
{
	return json_pack("{s:s, s:f, s:f, s:f, s:f}", "name", name, "min_ns", other->min,
			 "median_ns", other->median, "ratio_min", mine->min / other->min,
			 "ratio_median", mine->median / other->median);
}

static json_t *curve_json(const struct row *row)
{
	const char *const axis = row->over_threads    ? "threads"
				 : row->over_channels ? "channels"
						      : "live";

	if (!row->curve)
		return json_null();
	return json_pack("{s:s, s:s, s:i}", "name", row->curve, "axis", axis, "at",
			 (int)(row->over_threads ? row_threads(row) : row->live));
}

static json_t *goal_json(double goal, double min)
{
	if (goal <= 0)
		return json_null();
	return json_pack("{s:f, s:f, s:b}", "ns", goal, "ratio_min", min / goal, "met",
			 min <= goal);
}

static void add_json(const struct table *table, unsigned int index)
{
	static const char *const kinds[] = {
		[BENCH_OURS] = "ours", [BENCH_FLOOR] = "floor", [BENCH_PEER] = "peer"};
	const struct row *row = table->rows[index];
	const struct figures *mine = &table->figures[index];
	const char *const others[] = {row->floor, row->peers[0], row->peers[1], row->same};
	json_t *beside = json_array();

	for (unsigned int i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct figures *other = figures_of(table, others[i]);

		if (other)
			json_array_append_new(beside, beside_json(others[i], mine, other));
	}
	json_array_append_new(
		report.rows,
		json_pack("{s:s, s:s, s:s, s:b, s:i, s:i, s:i, s:f, s:f, s:o, s:o, s:o}", "name",
			  row->name, "kind", kinds[row->kind], "machine", table->run->name,
			  "checker", table->run->checker, "threads", (int)row_threads(row), "live",
			  (int)row->live, "bytes", (int)row->bytes, "min_ns", mine->min,
			  "median_ns", mine->median, "beside", beside, "goal",
			  goal_json(goal_of(table, row), mine->min), "curve", curve_json(row)));
}

static void print_beside(const struct table *table, const struct row *row,
			 const struct figures *mine)
{
	const char *const others[] = {row->floor, row->peers[0], row->peers[1], row->same};
	const char *comma = "";

	for (unsigned int i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct figures *other = figures_of(table, others[i]);

		if (!other)
			continue;
		printf("%s%.3gx %s %.3g", comma, mine->min / other->min,
		       who_is(table, row, others[i]), other->min);
		comma = ", ";
	}
}

static void count_goal(const struct row *row, bool met)
{
	report.met += met;
	if (!met && report.nr_missed < MOST_MISSED)
		report.missed[report.nr_missed++] = row->name;
}

static void print_ns(double ns)
{
	printf(" %9.*f", ns < 100 ? 2 : 0, ns);
}

static void print_row(const struct table *table, unsigned int index)
{
	const struct row *row = table->rows[index];
	const struct figures *mine = &table->figures[index];
	const double goal = goal_of(table, row);

	printf("%-54s", row->name);
	print_ns(mine->min);
	print_ns(mine->median);
	if (goal > 0)
		printf("  %5.4g %5.3gx %-4s  ", goal, mine->min / goal,
		       mine->min <= goal ? "met" : "OVER");
	else
		printf("  %17s  ", "");
	if (goal > 0)
		count_goal(row, mine->min <= goal);
	print_beside(table, row, mine);
	printf("\n");
}

void report_run(const struct run *run, const struct row *const *rows, const struct figures *figures,
		unsigned int nr)
{
	const struct table table = {run, rows, figures, nr};

	printf("\n%-54s %9s %9s  %-17s  %s\n", run->name, "min ns", "median", "goal, ratio",
	       "ratio to what stands beside it, and that");
	for (unsigned int i = 0; i < nr; i++) {
		add_json(&table, i);
		print_row(&table, i);
	}
	fflush(stdout);
}

/* --- the end ---------------------------------------------------------------------------------- */

void report_left_out(const char *what, const char *why)
{
	char text[640];

	snprintf(text, sizeof(text), "%s%s%s", what, why ? ": " : "", why ? why : "");
	json_array_append_new(report.left_out, json_string(text));
}

static void print_end(void)
{
	json_t *text;
	size_t i;

	printf("\n");
	json_array_foreach(report.left_out, i, text)
		printf("left out: %s\n", json_string_value(text));
	printf("goals: %u met, %u over\n", report.met, report.nr_missed);
	for (unsigned int missed = 0; missed < report.nr_missed; missed++)
		printf("    over: %s\n", report.missed[missed]);
}

void report_end(void)
{
	bool bad = false;

	print_end();
	if (report.file) {
		bad = json_dumpf(report.root, report.file, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
		bad |= fputc('\n', report.file) == EOF;
		bad |= fclose(report.file) != 0;
	}
	json_decref(report.root);
	if (bad) {
		fprintf(stderr, "dmakit-bench: cannot write all of %s\n", report.path);
		exit(2);
	}
}
