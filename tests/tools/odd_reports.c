/* SPDX-License-Identifier: MIT */
/*
 * Reports that a driver seldom gives, in one of the formats for other programs, for
 * test_reports.py: odd_reports FORMAT. A crash, a hang, a machine that was skipped, one that
 * refused; texts that are no text; a timeline with a gap.
 */
#include "report/junit.h"
#include "report/sarif.h"
#include "report/timeline.h"
#include "report/trace.h"

#include <stdlib.h>
#include <string.h>

#define ODD \
	"a\x01\x1b[31m <&>\"' ]]> {0} [x](y) \xff\xc0\x80\xed\xa0\x80 \xe2\x82\xac\xef\xbf\xbf\r\n\tend"

enum { REPORTS = 5 };

static void add_frame(struct dmk_report_stack *stack, const char *function, const char *file,
		      unsigned int line)
{
	struct dmk_report_frame *frame = dmk_report_grow(&stack->frame, &stack->n, sizeof(*frame));

	frame->function = function ? strdup(function) : NULL;
	frame->file = file ? strdup(file) : NULL;
	frame->line = line;
	frame->address = 0x1000;
}

static struct dmk_report_finding *add_finding(struct dmk_report *report, const char *rule)
{
	struct dmk_report_finding *finding = dmk_report_grow(&report->finding, &report->nr_findings,
							     sizeof(*finding));

	finding->rule = strdup(rule);
	finding->count = 2;
	finding->what = strdup(ODD);
	finding->mend = strdup(ODD);
	return finding;
}

static void add_log(struct dmk_report *report, const char *text)
{
	struct dmk_report_log *line = dmk_report_grow(&report->log, &report->nr_log, sizeof(*line));

	line->text = strdup(text);
}

static void add_problem(struct dmk_report *report, const char *text)
{
	char **problem = dmk_report_grow(&report->problem, &report->nr_problems, sizeof(*problem));

	*problem = strdup(text);
}

static void add_test(struct dmk_report *report)
{
	struct dmk_report_test *test = dmk_report_grow(&report->test, &report->nr_tests,
						       sizeof(*test));

	test->name = strdup("fails");
	test->file = strdup("/src/a b%/test.c");
	test->line = 3;
	test->failure = calloc(1, sizeof(*test->failure));
	test->failure[0].text = strdup(ODD);
	test->failure[0].file = strdup("/src/a b%/test.c");
	test->nr_failures = 1;
}

/* No place, nothing but a function, a name that a URI can't have as it is. */
static void fill_done(struct dmk_report *report)
{
	struct dmk_report_finding *finding;

	add_finding(report, "STR-10");
	finding = add_finding(report, "STR-04");
	add_frame(&finding->where, "no_debug_information", NULL, 0);
	finding = add_finding(report, "STR-04");
	add_frame(&finding->where, "f", "/src/a b%/\xc3\xa4.c", 7);
	add_frame(&finding->mapped, "g", "/else/where.c", 9);
	finding->warning = true;
	add_log(report, ODD);
	add_problem(report, ODD);
	report->totals.lost_records = 3;
	add_test(report);
}

static void fill_timeline(struct dmk_timeline *timeline)
{
	struct dmk_timeline_buffer *buffer =
		dmk_report_grow(&timeline->buffer, &timeline->nr_buffers, sizeof(*buffer));

	*buffer = (struct dmk_timeline_buffer){.device = -1,
					       .size = 5000,
					       .bounced = true,
					       .direction = -1,
					       .from = 100,
					       .until = DMK_TIMELINE_NEVER,
					       .site = -1,
					       .end_site = -1};
	for (uint64_t i = 0; i < 6; i++) {
		struct dmk_timeline_event *event =
			dmk_report_grow(&timeline->event, &timeline->nr_events, sizeof(*event));

		*event = (struct dmk_timeline_event){.what = i % 2 ? DMK_TIMELINE_TRANSFER_BEGIN
								   : DMK_TIMELINE_FINDING,
						     .time = 200 + 10 * i,
						     .count = 1,
						     .thread = -1,
						     .device = -1,
						     .buffer = (int)(i % 3) - 1,
						     .site = -1,
						     .direction = -1,
						     .id = i};
		event->buffer = event->buffer > 0 ? 0 : event->buffer;
	}
	timeline->end = 1000;
	timeline->seen = 100;
	timeline->dropped = 94;
	timeline->gap_from = 220;
	timeline->gap_until = 230;
}

static void fill(struct dmk_report *report)
{
	static const char *const machine[REPORTS] = {"done", "crashed", "hung", "skipped",
						     "refused \x02"};

	for (unsigned int i = 0; i < REPORTS; i++)
		report[i].machine = strdup(machine[i]);
	fill_done(&report[0]);
	report[0].timeline = calloc(1, sizeof(*report[0].timeline));
	fill_timeline(report[0].timeline);
	report[1].outcome = DMK_OUTCOME_CRASHED;
	report[1].crash.text = strdup(ODD);
	add_frame(&report[1].crash.stack, "card_read", "/src/card.c", 12);
	report[2].outcome = DMK_OUTCOME_HUNG;
	report[2].limit = 0.5;
	report[3].outcome = report[4].outcome = DMK_OUTCOME_REFUSED;
	report[3].skipped = true;
	report[3].error = strdup("nothing there");
	report[4].error = strdup(ODD);
}

int main(int argc, char **argv)
{
	static struct dmk_report report[REPORTS];
	const struct dmk_sarif_options options = {.version = "0",
						  .directory = "/src",
						  .source = "/src/card.c"};
	const char *format = argc > 1 ? argv[1] : "";
	int result = -1;

	fill(report);
	if (!strcmp(format, "sarif"))
		result = dmk_sarif_write(stdout, report, REPORTS, &options);
	else if (!strcmp(format, "junit"))
		result = dmk_junit_write(stdout, report, REPORTS, "/src");
	else if (!strcmp(format, "trace"))
		result = dmk_trace_write(stdout, report, REPORTS, "0");
	for (unsigned int i = 0; i < REPORTS; i++)
		dmk_report_clear(&report[i]);
	return result ? 1 : 0;
}
