/* SPDX-License-Identifier: MIT */
/* From the checker's findings, the machine and the log to a report with names in it. */
#include "run/run.h"

#include <dmakit/watch.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void dmk_run_problem(const char *format, ...)
{
	char text[600];
	char **problem;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	problem = dmk_report_grow(&dmk_run.report.problem, &dmk_run.report.nr_problems,
				  sizeof(*problem));
	if (problem)
		*problem = strdup(text);
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void copy_history(const struct dmk_finding *from, struct dmk_report_finding *to)
{
	for (unsigned int i = 0; i < from->nr_history; i++) {
		struct dmk_report_step *step = dmk_report_grow(&to->history, &to->nr_history,
							       sizeof(*step));

		if (!step)
			return;
		step->what = copy(from->history[i].what);
		dmk_symbols_stack(dmk_run.symbols, &from->history[i].where, false, &step->where);
	}
}

static void copy_finding(const struct dmk_finding *from, struct dmk_report_finding *to)
{
	to->rule = copy(from->rule ? from->rule->id : "");
	to->title = copy(from->rule ? from->rule->title : "");
	to->warning = from->rule && from->rule->severity == DMK_SEVERITY_WARNING;
	to->count = from->count;
	to->device = copy(from->device);
	to->driver = copy(from->driver);
	to->what = copy(from->what);
	to->mend = copy(from->mend);
	to->mapped_label = copy(from->mapped_label);
	to->buffer.known = from->buffer.known;
	to->buffer.bounced = from->buffer.bounced;
	to->buffer.kind = copy(from->buffer.kind);
	to->buffer.owner = copy(from->buffer.owner);
	to->buffer.direction = from->buffer.directed ? copy(dmk_report_direction(from->buffer.dir))
						     : NULL;
	to->buffer.dma = from->buffer.dma.v;
	to->buffer.phys = from->buffer.phys.v;
	to->buffer.cpu = (uintptr_t)from->buffer.cpu;
	to->buffer.size = from->buffer.size;
	dmk_symbols_stack(dmk_run.symbols, &from->where, false, &to->where);
	dmk_symbols_stack(dmk_run.symbols, &from->mapped, false, &to->mapped);
	copy_history(from, to);
}

static void collect_findings(struct dmk_checker *checker)
{
	struct dmk_report *report = &dmk_run.report;

	for (size_t i = 0; i < dmk_checker_findings(checker); i++) {
		const struct dmk_finding *finding = dmk_checker_finding(checker, i);
		struct dmk_report_finding *slot =
			dmk_report_grow(&report->finding, &report->nr_findings, sizeof(*slot));

		if (finding && slot)
			copy_finding(finding, slot);
	}
	dmk_checker_totals(checker, &report->totals);
}

static void collect_live(struct dmk_checker *checker)
{
	struct dmk_report *report = &dmk_run.report;
	struct dmk_finding live;

	memset(&live, 0, sizeof(live));
	for (size_t i = 0; dmk_checker_live(checker, i, &live); i++) {
		struct dmk_report_finding *slot = dmk_report_grow(&report->live, &report->nr_live,
								  sizeof(*slot));

		if (slot)
			copy_finding(&live, slot);
		memset(&live, 0, sizeof(live));
	}
}

static void collect_complaint(const struct dmk_run_complaint *complaint)
{
	const uint64_t address = (uintptr_t)complaint->caller;
	struct dmk_report_finding found = {0}; /* for its stack */
	const struct dmk_report_frame *frame = NULL;
	char times[32] = "", place[400] = "";

	if (address)
		dmk_symbols_addresses(dmk_run.symbols, &address, 1, false, &found.where);
	frame = dmk_report_place(&found.where);
	if (frame && frame->function && frame->file)
		snprintf(place, sizeof(place), ", in %s (%s:%u)", frame->function,
			 strrchr(frame->file, '/') ? strrchr(frame->file, '/') + 1 : frame->file,
			 frame->line);
	if (complaint->count > 1)
		snprintf(times, sizeof(times), ", %" PRIu64 " times", complaint->count);
	dmk_run_problem("%s%s%s", complaint->text ? complaint->text : "", place, times);
	dmk_report_clear_finding(&found);
}

static void collect_complaints(void)
{
	for (size_t i = 0; i < dmk_run.nr_complaints; i++) {
		collect_complaint(&dmk_run.complaint[i]);
		free(dmk_run.complaint[i].text);
	}
	dmk_run.nr_complaints = 0;
}

static void collect_timeline(void)
{
	if (!dmk_run.recorder)
		return;
	dmk_run.report.timeline = dmk_recorder_timeline(dmk_run.recorder, dmk_run.symbols);
	if (!dmk_run.report.timeline)
		dmk_run_problem("what was recorded for the timeline can't be had: memory is out, "
				"or the recorder itself was interrupted");
}

/* By page, what shares its pages is not watched: the report says what that is. */
static void collect_unwatched(void)
{
	struct dmk_report *report = &dmk_run.report;
	struct dmk_watch_shared shared;

	if (dmk_watch_mode() != DMK_WATCH_PAGE)
		return;
	report->unwatched.mappings = dmk_watch_mappings();
	for (size_t i = 0; dmk_watch_shared(i, &shared); i++) {
		struct dmk_report_unwatched *place =
			dmk_report_grow(&report->unwatched.place, &report->unwatched.nr_places,
					sizeof(*place));
		const uint64_t address = (uintptr_t)shared.caller;

		if (!place)
			return;
		place->mappings = shared.mappings;
		dmk_symbols_addresses(dmk_run.symbols, &address, 1, false, &place->where);
	}
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

void dmk_run_collect(bool live)
{
	struct dmk_checker *checker = dmk_boot_checker();

	if (!dmk_run.symbols)
		dmk_run.symbols = dmk_symbols_self();
	if (checker && live)
		collect_live(checker);
	if (checker)
		collect_findings(checker);
	collect_timeline();
	dmk_suppressions_apply(dmk_run.options.suppressions, &dmk_run.report);
	collect_complaints();
	dmk_run_advice_collect();
	collect_unwatched();
	dmk_run_fail_collect();
	dmk_run.report.seconds = seconds_since(&dmk_run.started);
}

/* The file may hold a raw record by now; the full report takes its place. */
static bool write_json(void)
{
	char *text = NULL;
	size_t size = 0, done = 0;
	FILE *memory = open_memstream(&text, &size);
	int result = memory ? dmk_json_write(memory, &dmk_run.report, 1) : -1;

	if (memory)
		fclose(memory);
	if (result == 0 && dmk_run.json_fd != STDOUT_FILENO &&
	    (lseek(dmk_run.json_fd, 0, SEEK_SET) < 0 || ftruncate(dmk_run.json_fd, 0) < 0))
		clearerr(stderr); /* a pipe: what was there has been read */
	while (result == 0 && done < size) {
		ssize_t n = write(dmk_run.json_fd, text + done, size - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	free(text);
	return result == 0 && done == size;
}

static void write_text(void)
{
	struct dmk_text_options options = dmk_text_options_for(stdout);
	char directory[4096];

	options.prefix = getcwd(directory, sizeof(directory));
	options.advice = dmk_run.options.advice;
	options.unused = dmk_run.options.verbose;
	dmk_text_reports(stdout, &dmk_run.report, 1, &options);
	if (dmk_run.options.gen_suppressions)
		dmk_suppressions_print_all(stdout, &dmk_run.report, 1);
	fflush(stdout);
}

int dmk_run_finish(void)
{
	int status = dmk_report_status(&dmk_run.report);

	if (dmk_run.json_fd >= 0 && !write_json()) {
		fprintf(stderr, "dmakit: cannot write the report to %s\n", dmk_run.options.json);
		status = 2;
	}
	if (!dmk_run.options.quiet && status != 2)
		write_text();
	if (!dmk_run.options.quiet && dmk_run.report.outcome == DMK_OUTCOME_REFUSED)
		fprintf(stderr, "dmakit: %s\n", dmk_run.report.error);
	return status;
}
