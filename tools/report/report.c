/* SPDX-License-Identifier: MIT */
/* A report's life and the questions asked of it. Not how it looks: text.c and json_write.c. */
#include "report/report.h"
#include "report/timeline.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void *dmk_report_grow(void *array, size_t *n, size_t size)
{
	char **grown = array;
	char *memory;

	/* room is doubled at each power of two, so it need not be recorded */
	if (!(*n & (*n - 1))) {
		memory = realloc(*grown, (*n ? *n * 2 : 1) * size);
		if (!memory)
			return NULL;
		*grown = memory;
	}
	memory = *grown + *n * size;
	memset(memory, 0, size);
	++*n;
	return memory;
}

char *dmk_report_format(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return text;
}

void dmk_report_clear_stack(struct dmk_report_stack *stack)
{
	for (size_t i = 0; i < stack->n; i++) {
		free(stack->frame[i].function);
		free(stack->frame[i].file);
	}
	free(stack->frame);
}

void dmk_report_clear_finding(struct dmk_report_finding *finding)
{
	free(finding->rule);
	free(finding->title);
	free(finding->device);
	free(finding->driver);
	free(finding->what);
	free(finding->mend);
	free(finding->buffer.kind);
	free(finding->buffer.owner);
	free(finding->buffer.direction);
	free(finding->mapped_label);
	for (size_t i = 0; i < finding->nr_history; i++) {
		free(finding->history[i].what);
		dmk_report_clear_stack(&finding->history[i].where);
	}
	free(finding->history);
	free(finding->suppressed);
	dmk_report_clear_stack(&finding->where);
	dmk_report_clear_stack(&finding->mapped);
	memset(finding, 0, sizeof(*finding));
}

static void clear_row(struct dmk_report_row *row)
{
	for (size_t i = 0; i < row->nr_cells; i++)
		free(row->cell[i].text);
	free(row->cell);
	free(row->advice);
	dmk_report_clear_stack(&row->where);
}

static void clear_section(struct dmk_report_section *section)
{
	for (size_t i = 0; i < section->nr_columns; i++) {
		free(section->column[i].id);
		free(section->column[i].title);
		free(section->column[i].kind);
	}
	for (size_t i = 0; i < section->nr_rows; i++)
		clear_row(&section->row[i]);
	free(section->column);
	free(section->row);
	free(section->id);
	free(section->title);
	free(section->sentence);
}

static void clear_test(struct dmk_report_test *test)
{
	for (size_t i = 0; i < test->nr_failures; i++) {
		free(test->failure[i].text);
		free(test->failure[i].file);
	}
	free(test->failure);
	free(test->name);
	free(test->file);
}

static void clear_strings(char **string, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(string[i]);
	free(string);
}

void dmk_report_clear(struct dmk_report *report)
{
	for (size_t i = 0; i < report->nr_threads; i++) {
		free(report->thread[i].name);
		dmk_report_clear_stack(&report->thread[i].stack);
	}
	for (size_t i = 0; i < report->nr_live; i++)
		dmk_report_clear_finding(&report->live[i]);
	for (size_t i = 0; i < report->nr_findings; i++)
		dmk_report_clear_finding(&report->finding[i]);
	for (size_t i = 0; i < report->nr_suppressed; i++)
		dmk_report_clear_finding(&report->suppressed[i]);
	for (size_t i = 0; i < report->nr_suppressions; i++) {
		free(report->suppression[i].name);
		free(report->suppression[i].file);
	}
	for (size_t i = 0; i < report->nr_tests; i++)
		clear_test(&report->test[i]);
	for (size_t i = 0; i < report->nr_advice; i++)
		clear_section(&report->advice[i]);
	for (size_t i = 0; i < report->nr_log; i++)
		free(report->log[i].text);
	clear_strings(report->device, report->nr_devices);
	clear_strings(report->problem, report->nr_problems);
	dmk_timeline_free(report->timeline);
	dmk_report_clear_stack(&report->crash.stack);
	dmk_report_clear_stack(&report->fail.where);
	free(report->fail.kind);
	dmk_report_each_free(report->each);
	dmk_report_explore_free(report->explore);
	free(report->thread);
	free(report->live);
	free(report->finding);
	free(report->suppressed);
	free(report->suppression);
	free(report->test);
	free(report->advice);
	free(report->log);
	free(report->crash.signal);
	free(report->crash.text);
	free(report->machine_died);
	free(report->error);
	free(report->watched);
	for (size_t i = 0; i < report->unwatched.nr_places; i++)
		dmk_report_clear_stack(&report->unwatched.place[i].where);
	free(report->unwatched.place);
	free(report->machine);
	free(report->summary);
	free(report->append);
	memset(report, 0, sizeof(*report));
}

static bool all_tests_passed(const struct dmk_report *report)
{
	for (size_t i = 0; i < report->nr_tests; i++) {
		if (!report->test[i].passed)
			return false;
	}
	return true;
}

static int status_alone(const struct dmk_report *report)
{
	if (report->outcome == DMK_OUTCOME_REFUSED)
		return report->skipped ? 0 : 2;
	if (report->outcome != DMK_OUTCOME_DONE || report->nr_findings || report->nr_problems ||
	    report->machine_died || report->totals.lost_records)
		return 1;
	/*
	 * A test knows nothing of the call that failed on purpose: what it makes of that is no
	 * mistake of the driver.
	 */
	if (report->fail.failed)
		return 0;
	if (!all_tests_passed(report))
		return 1;
	return report->fail.wanted ? 3 : 0;
}

int dmk_report_worse(int a, int b)
{
	static const int rank[] = {1, 2, 3, 0};

	return rank[a & 3] > rank[b & 3] ? a : b;
}

static int status_of_troubles(const struct dmk_report_troubles *list)
{
	int status = 0;

	for (size_t i = 0; i < list->n; i++)
		status = dmk_report_worse(status,
					  list->item[i].kind == DMK_TROUBLE_REFUSED ? 2 : 1);
	return status;
}

int dmk_report_status(const struct dmk_report *report)
{
	const struct dmk_report_each *each = report->each;
	int status = status_alone(report);

	if (each)
		status = dmk_report_worse(status, status_of_troubles(&each->trouble));
	if (report->explore)
		status = dmk_report_worse(status, status_of_troubles(&report->explore->trouble));
	for (size_t i = 0; each && i < each->nr_sites; i++)
		status = dmk_report_worse(status, status_of_troubles(&each->site[i].trouble));
	return status;
}

const struct dmk_report_frame *dmk_report_place(const struct dmk_report_stack *stack)
{
	for (size_t i = 0; i < stack->n; i++) {
		if (!stack->frame[i].ours && stack->frame[i].file)
			return &stack->frame[i];
	}
	return stack->n ? &stack->frame[0] : NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool dmk_report_same_place(const struct dmk_report_stack *a, const struct dmk_report_stack *b)
{
	const struct dmk_report_frame *x = dmk_report_place(a), *y = dmk_report_place(b);

	if (!x || !y)
		return x == y;
	if (!x->file && !y->file)
		return same_text(x->function, y->function);
	return x->line == y->line && same_text(x->file, y->file);
}

/*
 * Addresses differ from machine to machine, so the sentence can't be compared; where no stack tells
 * the place (a device did it), the place of the mapping does.
 */
bool dmk_report_same(const struct dmk_report_finding *a, const struct dmk_report_finding *b)
{
	return same_text(a->rule, b->rule) && same_text(a->driver, b->driver) &&
	       dmk_report_same_place(&a->where, &b->where) &&
	       dmk_report_same_place(&a->mapped, &b->mapped);
}

const char *dmk_report_direction(enum dmk_direction dir)
{
	switch (dir) {
	case DMK_BIDIRECTIONAL:
		return "DMA_BIDIRECTIONAL";
	case DMK_TO_DEVICE:
		return "DMA_TO_DEVICE";
	case DMK_FROM_DEVICE:
		return "DMA_FROM_DEVICE";
	case DMK_NONE:
		return "DMA_NONE";
	}
	return "no direction";
}

FILE *dmk_report_source(const char *name)
{
	struct stat info;

	if (stat(name, &info) < 0)
		return NULL;
	errno = EINVAL;
	return S_ISREG(info.st_mode) ? fopen(name, "r") : NULL;
}
