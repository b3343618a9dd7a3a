/* SPDX-License-Identifier: MIT */
/*
 * A run for each call that can fail, merged by the places that make the calls. What counts is the
 * place whose call did fail, not the number that was asked for: with several threads in a driver
 * the number of a call may differ from run to run.
 */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

static void clear_site(struct dmk_report_site *site)
{
	free(site->kind);
	free(site->number);
	dmk_report_clear_stack(&site->where);
	dmk_report_troubles_clear(&site->trouble);
}

void dmk_report_each_free(struct dmk_report_each *each)
{
	for (size_t i = 0; each && i < each->nr_sites; i++)
		clear_site(&each->site[i]);
	if (each) {
		dmk_report_troubles_clear(&each->trouble);
		free(each->site);
	}
	free(each);
}

bool dmk_report_same_site(const struct dmk_report_site *a, const struct dmk_report_site *b)
{
	return dmk_report_same_place(&a->where, &b->where) &&
	       (a->kind == b->kind || (a->kind && b->kind && !strcmp(a->kind, b->kind)));
}

struct dmk_report_site *dmk_report_each_site(const struct dmk_report_each *each, uint64_t number)
{
	for (size_t i = 0; i < each->nr_sites; i++) {
		const struct dmk_report_site *site = &each->site[i];
		size_t low = 0, high = site->calls;

		while (low < high) {
			const size_t middle = low + (high - low) / 2;

			if (site->number[middle] < number)
				low = middle + 1;
			else
				high = middle;
		}
		if (low < site->calls && site->number[low] == number)
			return &each->site[i];
	}
	return NULL;
}

/* The site that the run's call was made at; a new one if nobody was there before. */
static struct dmk_report_site *site_of(struct dmk_report_each *each, struct dmk_report *run)
{
	const struct dmk_report_site wanted = {.kind = run->fail.kind, .where = run->fail.where};
	struct dmk_report_site *site;

	for (size_t i = 0; i < each->nr_sites; i++) {
		if (dmk_report_same_site(&each->site[i], &wanted))
			return &each->site[i];
	}
	site = dmk_report_grow(&each->site, &each->nr_sites, sizeof(*site));
	if (!site)
		return NULL;
	site->kind = run->fail.kind;
	site->where = run->fail.where;
	run->fail.kind = NULL;
	run->fail.where = (struct dmk_report_stack){0};
	return site;
}

static bool all_passed(const struct dmk_report *run)
{
	for (size_t i = 0; i < run->nr_tests; i++) {
		if (!run->test[i].passed)
			return false;
	}
	return true;
}

enum dmk_trouble_kind dmk_report_each_add(struct dmk_report *base, struct dmk_report *run,
					  uint64_t number)
{
	struct dmk_report_each *each = base->each;
	struct dmk_report_site *site = NULL;
	enum dmk_trouble_kind worst;

	each->runs++;
	if (run->fail.failed)
		site = site_of(each, run);
	if (!site || site != dmk_report_each_site(each, number))
		each->astray++;
	if (!site)
		return dmk_report_troubles_add(&each->trouble, run, base, number);
	site->failed++;
	worst = dmk_report_troubles_add(&site->trouble, run, base, number);
	if (worst < DMK_TROUBLE_KINDS)
		site->bad++;
	else if (run->bound < base->bound)
		site->unbound++;
	else if (!all_passed(run) && (!site->untested++ || number < site->first_untested))
		site->first_untested = number;
	return worst;
}

const char *dmk_report_site_outcome(const struct dmk_report_site *site)
{
	return site->failed ? dmk_trouble_name(dmk_report_worst(&site->trouble)) : "not reached";
}

static int compare(const void *x, const void *y)
{
	const struct dmk_report_site *a = x, *b = y;
	const int worst_a = dmk_report_worst(&a->trouble), worst_b = dmk_report_worst(&b->trouble);

	if (worst_a != worst_b)
		return worst_a < worst_b ? -1 : 1;
	if (a->bad != b->bad)
		return a->bad > b->bad ? -1 : 1;
	if (a->calls && b->calls && a->number[0] != b->number[0])
		return a->number[0] < b->number[0] ? -1 : 1;
	return (a->calls < b->calls) - (a->calls > b->calls);
}

void dmk_report_each_sort(struct dmk_report_each *each)
{
	if (each->nr_sites)
		qsort(each->site, each->nr_sites, sizeof(*each->site), compare);
}
