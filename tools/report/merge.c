/* SPDX-License-Identifier: MIT */
/* Findings of several machines, each mistake once; and the source lines that they are at. */
#include "report/merge.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static struct dmk_merged *slot_for(struct dmk_merged_list *list,
				   const struct dmk_report_finding *finding)
{
	struct dmk_merged *merged;

	for (size_t i = 0; i < list->n; i++)
		if (dmk_report_same(list->item[i].finding, finding))
			return &list->item[i];
	merged = dmk_report_grow(&list->item, &list->n, sizeof(*merged));
	if (merged)
		merged->finding = finding;
	return merged;
}

static struct dmk_merged *take(struct dmk_merged_list *list, const struct dmk_report *report,
			       const struct dmk_report_finding *finding)
{
	struct dmk_merged *merged = slot_for(list, finding);
	const struct dmk_report **on;

	if (!merged)
		return NULL;
	merged->count += finding->count;
	if (merged->nr_on && merged->on[merged->nr_on - 1] == report)
		return merged; /* another device of this machine */
	on = dmk_report_grow(&merged->on, &merged->nr_on, sizeof(*on));
	if (on)
		*on = report;
	return merged;
}

static bool is_in(const struct dmk_merged_list *list, const struct dmk_report *report,
		  const struct dmk_report_finding *finding)
{
	for (size_t i = 0; i < list->n; i++)
		if (dmk_report_same(list->item[i].finding, finding))
			return list->item[i].nr_on &&
			       list->item[i].on[list->item[i].nr_on - 1] == report;
	return false;
}

/* What other runs on the machine gave, with a call that failed or another seed. */
static void take_troubles(struct dmk_merged_list *list, const struct dmk_report *report,
			  const struct dmk_report_troubles *troubles)
{
	for (size_t i = 0; i < troubles->n; i++) {
		const struct dmk_report_finding *finding = &troubles->item[i].finding;
		const size_t before = list->n;
		struct dmk_merged *merged = NULL;

		if (finding->rule && !is_in(list, report, finding))
			merged = take(list, report, finding);
		if (merged && list->n > before)
			merged->repeat = troubles->item[i].repeat;
	}
}

static void take_many(struct dmk_merged_list *list, const struct dmk_report *report)
{
	for (size_t i = 0; report->each && i < report->each->nr_sites; i++)
		take_troubles(list, report, &report->each->site[i].trouble);
	if (report->each)
		take_troubles(list, report, &report->each->trouble);
	if (report->explore)
		take_troubles(list, report, &report->explore->trouble);
}

struct dmk_merged_list dmk_merge(const struct dmk_report *reports, size_t n, bool suppressed)
{
	struct dmk_merged_list list = {NULL, 0};

	for (size_t i = 0; i < n; i++) {
		const struct dmk_report *report = &reports[i];
		const size_t findings = suppressed ? report->nr_suppressed : report->nr_findings;

		for (size_t j = 0; j < findings; j++)
			take(&list, report,
			     suppressed ? &report->suppressed[j] : &report->finding[j]);
		if (!suppressed)
			take_many(&list, report);
	}
	return list;
}

void dmk_merged_free(struct dmk_merged_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->item[i].on);
	free(list->item);
	*list = (struct dmk_merged_list){NULL, 0};
}

char *dmk_source_line(const char *file, unsigned int line)
{
	FILE *source = file && line ? fopen(file, "r") : NULL;
	char *text = NULL, *start;
	size_t room = 0, end;
	ssize_t length = -1;

	while (source && line-- && (length = getline(&text, &room, source)) >= 0)
		;
	if (source)
		fclose(source);
	if (length < 0) {
		free(text);
		return NULL;
	}
	start = text + strspn(text, " \t\r\n");
	end = strlen(start);
	while (end && isspace((unsigned char)start[end - 1]))
		end--;
	memmove(text, start, end);
	text[end] = '\0';
	return text;
}

static bool is_shown(const struct dmk_report_frame *frame)
{
	return frame && frame->file && frame->line;
}

const struct dmk_report_frame *dmk_place_to_show(const struct dmk_report_finding *finding)
{
	const struct dmk_report_frame *where = dmk_report_place(&finding->where);
	const struct dmk_report_frame *mapped = dmk_report_place(&finding->mapped);

	if (is_shown(where))
		return where;
	return is_shown(mapped) ? mapped : NULL;
}
