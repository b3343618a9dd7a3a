/* SPDX-License-Identifier: MIT */
/*
 * What became of failing each call, for people: a row for each place that makes such calls, the
 * worst first, below a bad one what went wrong and the command that shows it again; then a line on
 * each machine, and one that sums up. A finding's stacks are in the report that the command gives.
 */
#include "report/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One place, on all machines together. */
struct row {
	const struct dmk_report_site *site; /* of the first machine that has it */
	enum dmk_trouble_kind worst;
	uint64_t failed, bad, unbound, untested, first_untested;
};

struct table {
	FILE *out;
	const struct dmk_text_options *options;
	const struct dmk_report *reports;
	size_t n;
	struct row *row;
	size_t nr_rows;
};

enum { DETAIL_COLUMN = 30 };

static const char *ink(const struct table *table, enum dmk_ink color)
{
	return dmk_text_ink(table->options, color);
}

/* --- rows ------------------------------------------------------------------------------------- */

static const struct dmk_report_site *twin_in(const struct dmk_report *report,
					     const struct dmk_report_site *site)
{
	for (size_t i = 0; report->each && i < report->each->nr_sites; i++) {
		if (dmk_report_same_site(&report->each->site[i], site))
			return &report->each->site[i];
	}
	return NULL;
}

static struct row *row_of(struct table *table, const struct dmk_report_site *site)
{
	struct row *row;

	for (size_t i = 0; i < table->nr_rows; i++) {
		if (dmk_report_same_site(table->row[i].site, site))
			return &table->row[i];
	}
	row = dmk_report_grow(&table->row, &table->nr_rows, sizeof(*row));
	if (row)
		*row = (struct row){.site = site, .worst = DMK_TROUBLE_KINDS};
	return row;
}

static void add_site(struct table *table, const struct dmk_report_site *site)
{
	const enum dmk_trouble_kind worst = dmk_report_worst(&site->trouble);
	struct row *row = row_of(table, site);

	if (!row)
		return;
	if (worst < row->worst)
		row->worst = worst;
	if (site->untested && (!row->untested || site->first_untested < row->first_untested))
		row->first_untested = site->first_untested;
	row->failed += site->failed;
	row->bad += site->bad;
	row->unbound += site->unbound;
	row->untested += site->untested;
}

static int compare(const void *x, const void *y)
{
	const struct row *a = x, *b = y;

	if (a->worst != b->worst)
		return a->worst < b->worst ? -1 : 1;
	if (!a->failed != !b->failed)
		return !a->failed ? 1 : -1;
	if (a->bad != b->bad)
		return a->bad > b->bad ? -1 : 1;
	if (a->site->calls && b->site->calls && a->site->number[0] != b->site->number[0])
		return a->site->number[0] < b->site->number[0] ? -1 : 1;
	return (a->site->calls < b->site->calls) - (a->site->calls > b->site->calls);
}

static void make_rows(struct table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct dmk_report_each *each = table->reports[i].each;

		for (size_t j = 0; each && j < each->nr_sites; j++)
			add_site(table, &each->site[j]);
	}
	if (table->nr_rows)
		qsort(table->row, table->nr_rows, sizeof(*table->row), compare);
}

/* --- what went wrong at a place --------------------------------------------------------------- */

/* A trouble and what has it: a site's on one machine, or what happened when no call failed. */
struct having {
	const struct dmk_report_troubles *list;
	const struct dmk_report *report;
	uint64_t failed;
};

static const struct dmk_report_trouble *trouble_in(const struct having *having,
						   const struct dmk_report_trouble *trouble)
{
	for (size_t i = 0; i < having->list->n; i++) {
		if (dmk_report_same_trouble(&having->list->item[i], trouble))
			return &having->list->item[i];
	}
	return NULL;
}

/* "; 2 of 5 times", where it was not each time; and where more than one machine ran it, on which. */
static void show_spread(const struct table *table, const struct having *having, size_t n,
			const struct dmk_report_trouble *trouble)
{
	const char *before = " on ";
	uint64_t runs = 0, failed = 0;
	size_t machines = 0;

	for (size_t i = 0; i < n; i++) {
		const struct dmk_report_trouble *twin = trouble_in(&having[i], trouble);

		runs += twin ? twin->runs : 0;
		failed += having[i].failed;
		machines += twin != NULL;
	}
	if (runs < failed)
		fprintf(table->out, "; %" PRIu64 " of %" PRIu64 " times", runs, failed);
	for (size_t i = 0; i < n && machines < n; i++) {
		if (!trouble_in(&having[i], trouble))
			continue;
		fprintf(table->out, "%s%s", before, having[i].report->machine);
		before = ", ";
	}
}

static bool shown_before(const struct having *having, size_t i,
			 const struct dmk_report_trouble *trouble)
{
	while (i--) {
		if (trouble_in(&having[i], trouble))
			return true;
	}
	return false;
}

static void show_repeat(const struct table *table, const char *repeat)
{
	if (repeat)
		fprintf(table->out, "%*s%s%s%s\n", DETAIL_COLUMN, "", ink(table, INK_FAINT), repeat,
			ink(table, INK_NONE));
}

static void show_kind(const struct table *table, const struct having *having, size_t n,
		      enum dmk_trouble_kind kind, const char **repeat)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < having[i].list->n; j++) {
			const struct dmk_report_trouble *trouble = &having[i].list->item[j];

			if (trouble->kind != kind || shown_before(having, i, trouble))
				continue;
			if (*repeat && trouble->repeat && strcmp(*repeat, trouble->repeat))
				show_repeat(table, *repeat);
			*repeat = trouble->repeat;
			fprintf(table->out, "%*s", DETAIL_COLUMN, "");
			dmk_text_trouble(table->out, table->options, trouble);
			show_spread(table, having, n, trouble);
			fputc('\n', table->out);
		}
	}
}

/* Several things that one command shows have it once, below them. */
static void show_troubles(const struct table *table, const struct having *having, size_t n)
{
	const char *repeat = NULL;

	for (enum dmk_trouble_kind kind = 0; kind < DMK_TROUBLE_KINDS; kind++)
		show_kind(table, having, n, kind, &repeat);
	show_repeat(table, repeat);
}

static void show_row_troubles(const struct table *table, const struct row *row)
{
	struct having *having = calloc(table->n, sizeof(*having));
	size_t n = 0;

	for (size_t i = 0; having && i < table->n; i++) {
		const struct dmk_report_site *site = twin_in(&table->reports[i], row->site);

		if (site && site->failed)
			having[n++] = (struct having){&site->trouble, &table->reports[i],
						      site->failed};
	}
	show_troubles(table, having, n);
	free(having);
}

/* --- the table -------------------------------------------------------------------------------- */

static void show_row(const struct table *table, const struct row *row)
{
	const bool bad = row->worst < DMK_TROUBLE_KINDS;

	fprintf(table->out, "%s%-13s%s %6" PRIu64 " %6" PRIu64 "  ",
		ink(table, bad            ? INK_ERROR
			   : !row->failed ? INK_WARNING
					  : INK_GOOD),
		bad || row->failed ? dmk_trouble_name(row->worst) : "not reached",
		ink(table, INK_NONE), row->failed, row->bad);
	dmk_text_place(table->out, table->options, &row->site->where);
	fprintf(table->out, ", %s", row->site->kind ? row->site->kind : "a call");
	if (row->unbound)
		fputs("; its device was not taken then", table->out);
	if (row->untested)
		fprintf(table->out, "; a test failed then (--fail %" PRIu64 ")",
			row->first_untested);
	fputc('\n', table->out);
	if (bad)
		show_row_troubles(table, row);
}

static void show_unfailed(const struct table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct dmk_report *report = &table->reports[i];
		const struct having having = {report->each ? &report->each->trouble : NULL, report,
					      0};

		if (!having.list || !having.list->n)
			continue;
		fprintf(table->out, "%swithout a call that failed%s, on %s\n",
			ink(table, INK_ERROR), ink(table, INK_NONE), report->machine);
		show_troubles(table, &having, 1);
	}
}

static void show_machine(const struct table *table, const struct dmk_report *report)
{
	const struct dmk_report_each *each = report->each;
	const uint64_t planned = each->calls - each->left_out;

	fprintf(table->out,
		"%s: %" PRIu64 " call%s that can fail, at %zu place%s; %" PRIu64
		" run%s, %.1f s, seed %" PRIu64 "\n",
		report->machine, each->calls, dmk_text_plural(each->calls), each->nr_sites,
		dmk_text_plural(each->nr_sites), each->runs, dmk_text_plural(each->runs),
		each->seconds, report->seed);
	if (each->stopped)
		fprintf(table->out,
			"  %sstopped%s after %" PRIu64 " of %" PRIu64
			" runs: what is above is what was found so far\n",
			ink(table, INK_ERROR), ink(table, INK_NONE), each->runs, planned);
	if (each->left_out)
		fprintf(table->out,
			"  %sleft out%s: %" PRIu64 " call%s of places that others were tried of\n",
			ink(table, INK_WARNING), ink(table, INK_NONE), each->left_out,
			dmk_text_plural(each->left_out));
	if (each->astray)
		fprintf(table->out,
			"  in %" PRIu64
			" run%s the calls came in another order than in the first, as with several threads they do: "
			"a row is about the place whose call did fail\n",
			each->astray, dmk_text_plural(each->astray));
}

static void show_sum(const struct table *table)
{
	size_t bad = 0, missed = 0, of[DMK_TROUBLE_KINDS + 1] = {0};
	const char *before = ": ";

	for (size_t i = 0; i < table->nr_rows; i++) {
		bad += table->row[i].worst < DMK_TROUBLE_KINDS;
		missed += !table->row[i].failed;
		of[table->row[i].worst]++;
	}
	if (!table->nr_rows)
		fputs("the driver made no call that can fail", table->out);
	else if (bad)
		fprintf(table->out, "%s%zu of %zu place%s where the driver does not cope%s",
			ink(table, INK_ERROR), bad, table->nr_rows, dmk_text_plural(table->nr_rows),
			ink(table, INK_NONE));
	else
		fprintf(table->out, "%s%s%s", ink(table, INK_GOOD),
			missed ? "the driver copes at each place that was tried"
			       : "the driver copes with each failure",
			ink(table, INK_NONE));
	for (enum dmk_trouble_kind kind = 0; kind < DMK_TROUBLE_KINDS; kind++) {
		if (!of[kind])
			continue;
		fprintf(table->out, "%s%zu %s", before, of[kind], dmk_trouble_name(kind));
		before = ", ";
	}
	if (missed && table->nr_rows)
		fprintf(table->out, "; %zu not reached", missed);
	fputc('\n', table->out);
}

static bool clean_alone(const struct dmk_report *report)
{
	struct dmk_report alone = *report;

	alone.each = NULL;
	return !report->skipped && dmk_report_status(&alone) == 0;
}

void dmk_text_each(FILE *out, const struct dmk_report *reports, size_t n,
		   const struct dmk_text_options *options)
{
	struct table table = {out, options, reports, n, NULL, 0};
	bool clean = true, tried = false;

	for (size_t i = 0; i < n; i++) {
		clean = clean && clean_alone(&reports[i]);
		tried = tried || reports[i].each;
	}
	if (!clean) {
		fprintf(out, "%swhen no call fails%s:\n", ink(&table, INK_BOLD),
			ink(&table, INK_NONE));
		dmk_text_reports(out, reports, n, options);
	}
	if (!tried) {
		fputs("\nno call was made to fail: first mend what is above\n", out);
		return;
	}
	if (!clean)
		fprintf(out, "\n%swhen a call fails%s, beside what is above:\n",
			ink(&table, INK_BOLD), ink(&table, INK_NONE));
	make_rows(&table);
	if (table.nr_rows)
		fprintf(out, "%-13s %6s %6s  %s\n", "", "failed", "wrong", "the call that failed");
	for (size_t i = 0; i < table.nr_rows; i++)
		show_row(&table, &table.row[i]);
	show_unfailed(&table);
	fputc('\n', out);
	for (size_t i = 0; i < n; i++) {
		if (reports[i].each)
			show_machine(&table, &reports[i]);
	}
	show_sum(&table);
	free(table.row);
}
