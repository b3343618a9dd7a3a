/* SPDX-License-Identifier: MIT */
/*
 * Many runs of one program, merged: what went wrong in some of them, each thing once, with how many
 * runs had it and the first that did. Not how it looks.
 */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

const char *dmk_trouble_name(enum dmk_trouble_kind kind)
{
	static const char *const name[DMK_TROUBLE_KINDS + 1] = {
		[DMK_TROUBLE_CRASH] = "crashed",       [DMK_TROUBLE_HANG] = "hung",
		[DMK_TROUBLE_ADDRESS] = "bad address", [DMK_TROUBLE_LEAK] = "leaked",
		[DMK_TROUBLE_FINDING] = "finding",     [DMK_TROUBLE_PROBLEM] = "problem",
		[DMK_TROUBLE_TEST] = "test failed",    [DMK_TROUBLE_REFUSED] = "could not run",
		[DMK_TROUBLE_KINDS] = "coped",
	};

	return name[kind < DMK_TROUBLE_KINDS ? kind : DMK_TROUBLE_KINDS];
}

static void clear_trouble(struct dmk_report_trouble *trouble)
{
	free(trouble->text);
	free(trouble->repeat);
	dmk_report_clear_finding(&trouble->finding);
	dmk_report_clear_stack(&trouble->where);
}

void dmk_report_troubles_clear(struct dmk_report_troubles *list)
{
	for (size_t i = 0; i < list->n; i++)
		clear_trouble(&list->item[i]);
	free(list->item);
	*list = (struct dmk_report_troubles){0};
}

enum dmk_trouble_kind dmk_report_worst(const struct dmk_report_troubles *list)
{
	enum dmk_trouble_kind worst = DMK_TROUBLE_KINDS;

	for (size_t i = 0; i < list->n; i++) {
		if (list->item[i].kind < worst)
			worst = list->item[i].kind;
	}
	return worst;
}

static int compare(const void *x, const void *y)
{
	const struct dmk_report_trouble *a = x, *b = y;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->runs != b->runs)
		return a->runs > b->runs ? -1 : 1;
	return (a->first > b->first) - (a->first < b->first);
}

void dmk_report_troubles_sort(struct dmk_report_troubles *list)
{
	if (list->n)
		qsort(list->item, list->n, sizeof(*list->item), compare);
}

void dmk_report_explore_free(struct dmk_report_explore *explore)
{
	if (explore)
		dmk_report_troubles_clear(&explore->trouble);
	free(explore);
}

/* --- one more --------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* What a crash says may have addresses in it, which differ from run to run: its place counts. */
bool dmk_report_same_trouble(const struct dmk_report_trouble *a, const struct dmk_report_trouble *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->finding.rule && b->finding.rule)
		return dmk_report_same(&a->finding, &b->finding);
	if (a->where.n || b->where.n)
		return dmk_report_same_place(&a->where, &b->where);
	return same_text(a->text, b->text);
}

/* What one run adds to, and the worst that it had. */
struct adding {
	struct dmk_report_troubles *list;
	struct dmk_report *run;
	const struct dmk_report *base;
	uint64_t number;
	enum dmk_trouble_kind worst;
};

/* Takes @trouble, and what it has. */
static void add(struct adding *adding, struct dmk_report_trouble *trouble)
{
	struct dmk_report_troubles *list = adding->list;
	struct dmk_report_trouble *item;

	trouble->runs = 1;
	trouble->first = adding->number;
	if (trouble->kind < adding->worst)
		adding->worst = trouble->kind;
	for (size_t i = 0; i < list->n; i++) {
		item = &list->item[i];
		if (!dmk_report_same_trouble(item, trouble))
			continue;
		item->runs++;
		if (trouble->first < item->first)
			item->first = trouble->first;
		clear_trouble(trouble);
		return;
	}
	item = dmk_report_grow(&list->item, &list->n, sizeof(*item));
	if (item)
		*item = *trouble;
	else
		clear_trouble(trouble);
}

/* --- what a run has --------------------------------------------------------------------------- */

/* The thread that is in the driver's code, if one is. */
static struct dmk_report_stack *hanging_stack(struct dmk_report *run)
{
	for (size_t i = 0; i < run->nr_threads; i++) {
		const struct dmk_report_frame *place = dmk_report_place(&run->thread[i].stack);

		if (place && !place->ours && place->file)
			return &run->thread[i].stack;
	}
	return NULL;
}

static struct dmk_report_stack take_stack(struct dmk_report_stack *stack)
{
	struct dmk_report_stack taken = {0};

	if (stack) {
		taken = *stack;
		*stack = (struct dmk_report_stack){0};
	}
	return taken;
}

static void add_end(struct adding *adding)
{
	struct dmk_report *run = adding->run;
	struct dmk_report_trouble trouble = {0};

	switch (run->outcome) {
	case DMK_OUTCOME_DONE:
		return;
	case DMK_OUTCOME_CRASHED:
		trouble.kind = DMK_TROUBLE_CRASH;
		trouble.text = dmk_report_format("%s", run->crash.text     ? run->crash.text
						       : run->crash.signal ? run->crash.signal
									   : "it crashed");
		trouble.where = take_stack(&run->crash.stack);
		break;
	case DMK_OUTCOME_HUNG:
		trouble.kind = DMK_TROUBLE_HANG;
		trouble.text = dmk_report_format("it was not done after %g seconds", run->limit);
		trouble.where = take_stack(hanging_stack(run));
		break;
	case DMK_OUTCOME_REFUSED:
		trouble.kind = DMK_TROUBLE_REFUSED;
		trouble.text = dmk_report_format("%s", run->error && *run->error
							       ? run->error
							       : "it could not run");
		break;
	}
	add(adding, &trouble);
}

/* Whose address is the error itself. */
static bool is_bad_address(const struct dmk_report_finding *finding)
{
	static const char name[] = "DMA_MAPPING_ERROR", start[] = "the address is ";

	return (finding->what && strstr(finding->what, name)) ||
	       (finding->mend && !strncmp(finding->mend, start, sizeof(start) - 1) &&
		strstr(finding->mend, name));
}

/* A pool that nobody destroyed breaks the rule that blocks come back: the totals tell. */
static bool is_leak(const struct dmk_report *run, const struct dmk_report_finding *finding)
{
	return !strcmp(finding->rule, "STR-06") ||
	       (!strcmp(finding->rule, "POL-05") && run->totals.leaks);
}

/*
 * What is wrong of a mapping that nobody asked about is the map, wherever the first use of it is
 * that tells.
 */
static bool is_same_mistake(const struct dmk_report_finding *a, const struct dmk_report_finding *b)
{
	return dmk_report_same(a, b) ||
	       (!strcmp(b->rule, "STR-02") && same_text(a->rule, b->rule) &&
		dmk_report_same_place(&a->mapped, &b->mapped));
}

static bool has_finding(const struct dmk_report *base, const struct dmk_report_finding *finding)
{
	for (size_t i = 0; base && i < base->nr_findings; i++) {
		if (is_same_mistake(&base->finding[i], finding))
			return true;
	}
	return false;
}

static void add_findings(struct adding *adding)
{
	struct dmk_report *run = adding->run;

	for (size_t i = 0; i < run->nr_findings; i++) {
		struct dmk_report_finding *finding = &run->finding[i];
		struct dmk_report_trouble trouble = {.kind = DMK_TROUBLE_FINDING};

		if (!finding->rule || has_finding(adding->base, finding))
			continue;
		if (is_bad_address(finding))
			trouble.kind = DMK_TROUBLE_ADDRESS;
		else if (is_leak(run, finding))
			trouble.kind = DMK_TROUBLE_LEAK;
		trouble.finding = *finding;
		memset(finding, 0, sizeof(*finding));
		add(adding, &trouble);
	}
}

static bool has_problem(const struct dmk_report *base, const char *problem)
{
	for (size_t i = 0; base && i < base->nr_problems; i++) {
		if (same_text(base->problem[i], problem))
			return true;
	}
	return false;
}

static void add_line(struct adding *adding, enum dmk_trouble_kind kind, char *text)
{
	struct dmk_report_trouble trouble = {.kind = kind, .text = text};

	add(adding, &trouble);
}

static void add_problems(struct adding *adding)
{
	const struct dmk_report *run = adding->run;

	if (run->machine_died)
		add_line(adding, DMK_TROUBLE_CRASH,
			 dmk_report_format("the machine died: %s", run->machine_died));
	if (run->totals.lost_records)
		add_line(adding, DMK_TROUBLE_PROBLEM,
			 dmk_report_format("records were lost: mistakes may be missing"));
	for (size_t i = 0; i < run->nr_problems; i++) {
		if (!has_problem(adding->base, run->problem[i]))
			add_line(adding, DMK_TROUBLE_PROBLEM,
				 dmk_report_format("%s", run->problem[i]));
	}
}

static void add_tests(struct adding *adding)
{
	for (size_t i = 0; i < adding->run->nr_tests; i++) {
		const struct dmk_report_test *test = &adding->run->test[i];

		if (!test->passed)
			add_line(adding, DMK_TROUBLE_TEST,
				 dmk_report_format("%s: %s", test->name ? test->name : "a test",
						   test->nr_failures && test->failure[0].text
							   ? test->failure[0].text
							   : "it failed"));
	}
}

enum dmk_trouble_kind dmk_report_troubles_add(struct dmk_report_troubles *list,
					      struct dmk_report *run, const struct dmk_report *base,
					      uint64_t number)
{
	struct adding adding = {list, run, base, number, DMK_TROUBLE_KINDS};

	add_end(&adding);
	add_findings(&adding);
	add_problems(&adding);
	if (!run->fail.failed)
		add_tests(&adding);
	return adding.worst;
}
