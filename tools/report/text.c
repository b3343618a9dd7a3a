/* SPDX-License-Identifier: MIT */
/*
 * Reports for people: what a good compiler prints. First what makes the report itself doubtful
 * (lost records, a crash, a hang), then each finding once, then the tests, then a line that sums
 * up.
 */
#include "report/text.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct show {
	FILE *out;
	const struct dmk_text_options *options;
	const struct dmk_report *reports;
	size_t n;
	const char *seen; /* how often a finding was; NULL: counted */
};

const char *dmk_text_ink(const struct dmk_text_options *options, enum dmk_ink color)
{
	static const char *const code[] = {"\033[1;31m", "\033[1;35m", "\033[1m",
					   "\033[2m",    "\033[1;32m", "\033[0m"};

	return options->color ? code[color] : "";
}

static const char *ink(const struct show *show, enum dmk_ink color)
{
	return dmk_text_ink(show->options, color);
}

struct dmk_text_options dmk_text_options_for(FILE *out)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return (struct dmk_text_options){
		.color = isatty(fileno(out)) && !(no_color && *no_color) &&
			 !(term && !strcmp(term, "dumb")),
		.excerpt = true,
	};
}

/* --- stacks ----------------------------------------------------------------------------------- */

const char *dmk_text_file(const struct dmk_text_options *options, const char *file)
{
	size_t n = options->prefix ? strlen(options->prefix) : 0;

	if (n && !strncmp(file, options->prefix, n) && file[n] == '/')
		return file + n + 1;
	return file;
}

static const char *short_name(const struct show *show, const char *file)
{
	return dmk_text_file(show->options, file);
}

/* "edu_probe (edu.c:120)" */
static void show_name(const struct show *show, const struct dmk_report_frame *frame)
{
	if (frame->function)
		fprintf(show->out, "%s", frame->function);
	else
		fprintf(show->out, "0x%" PRIx64, frame->address);
	if (frame->file && frame->line)
		fprintf(show->out, " (%s%s:%u%s)", ink(show, INK_BOLD),
			short_name(show, frame->file), frame->line, ink(show, INK_NONE));
	else if (frame->file)
		fprintf(show->out, " (%s)", short_name(show, frame->file));
}

static void show_frame(const struct show *show, const char *label,
		       const struct dmk_report_frame *frame)
{
	fprintf(show->out, "  %-9s ", label);
	show_name(show, frame);
	fputs(frame->inlined ? " inlined\n" : "\n", show->out);
}

static void show_source(const struct show *show, const struct dmk_report_frame *frame)
{
	FILE *file = frame->file && frame->line ? dmk_report_source(frame->file) : NULL;
	char text[512];
	unsigned int line = 0;
	bool starts = true;

	if (!file)
		return;
	while (line < frame->line && fgets(text, sizeof(text), file)) {
		line += starts;
		starts = strchr(text, '\n') != NULL;
	}
	fclose(file);
	if (line != frame->line)
		return;
	text[strcspn(text, "\r\n")] = '\0';
	fprintf(show->out, "  %s%9u |%s %.*s\n", ink(show, INK_FAINT), frame->line,
		ink(show, INK_NONE), 160, text);
}

static void first_and_end(const struct dmk_report_stack *stack, size_t *first, size_t *end)
{
	*first = stack->n;
	*end = 0;
	for (size_t i = 0; i < stack->n; i++) {
		if (stack->frame[i].ours || !stack->frame[i].file)
			continue;
		if (*first == stack->n)
			*first = i;
		*end = i + 1;
	}
	if (*end)
		return;
	*first = 0;
	*end = stack->n;
}

/* How many frames from @i on are not the driver's. */
static size_t ours_from(const struct dmk_report_stack *stack, size_t i, size_t end)
{
	size_t n = 0;

	while (i + n < end && (stack->frame[i + n].ours || !stack->frame[i + n].file))
		n++;
	return n;
}

/*
 * The driver's part of a stack: dmakit's own frames above and below it are left out, those between
 * are counted.
 */
static void show_stack(const struct show *show, const char *label,
		       const struct dmk_report_stack *stack)
{
	size_t first, end;

	first_and_end(stack, &first, &end);
	for (size_t i = first; i < end; i++) {
		size_t ours = ours_from(stack, i, end);

		if (i > first && ours > 1) {
			fprintf(show->out, "  %-9s %s... %zu frames of dmakit%s\n", "",
				ink(show, INK_FAINT), ours, ink(show, INK_NONE));
			i += ours - 1;
			continue;
		}
		show_frame(show, i == first ? label : "", &stack->frame[i]);
		if (i == first && show->options->excerpt)
			show_source(show, &stack->frame[i]);
	}
}

/* --- findings --------------------------------------------------------------------------------- */

/* "the device", "the CPU", but "both" and "nobody" */
static bool takes_article(const char *owner)
{
	return strcmp(owner, "nobody") && strcmp(owner, "both");
}

static void show_buffer(const struct show *show, const struct dmk_report_finding *finding)
{
	if (!finding->buffer.known)
		return;
	fprintf(show->out, "  %-9s %s, %" PRIu64 " byte%s at DMA 0x%" PRIx64, "buffer",
		finding->buffer.kind ? finding->buffer.kind : "memory", finding->buffer.size,
		finding->buffer.size == 1 ? "" : "s", finding->buffer.dma);
	if (finding->buffer.phys)
		fprintf(show->out, ", physical 0x%" PRIx64, finding->buffer.phys);
	if (finding->buffer.cpu)
		fprintf(show->out, ", CPU 0x%" PRIx64, finding->buffer.cpu);
	if (finding->buffer.direction)
		fprintf(show->out, ", %s", finding->buffer.direction);
	if (finding->buffer.bounced)
		fputs(", bounced", show->out);
	if (finding->buffer.owner && finding->buffer.owner[0])
		fprintf(show->out, "; owned by %s%s",
			takes_article(finding->buffer.owner) ? "the " : "", finding->buffer.owner);
	fputc('\n', show->out);
}

/* One line each; what was only made has its stack shown already. */
static void show_history(const struct show *show, const struct dmk_report_finding *finding)
{
	for (size_t i = 0; finding->nr_history > 1 && i < finding->nr_history; i++) {
		const struct dmk_report_step *step = &finding->history[i];
		const struct dmk_report_frame *place = dmk_report_place(&step->where);

		fprintf(show->out, "  %-9s %s", i ? "" : "history", step->what ? step->what : "?");
		if (place)
			fputs(": ", show->out);
		if (place)
			show_name(show, place);
		fputc('\n', show->out);
	}
}

static bool some(const char *text)
{
	return text && text[0];
}

static void show_device(const struct show *show, const struct dmk_report_finding *finding)
{
	if (!some(finding->device) && !some(finding->driver))
		return;
	fprintf(show->out, "  %-9s %s", "device", some(finding->device) ? finding->device : "none");
	if (some(finding->driver))
		fprintf(show->out, ", driver %s", finding->driver);
	fputc('\n', show->out);
}

static const struct dmk_report_finding *twin_in(const struct dmk_report *report,
						const struct dmk_report_finding *finding)
{
	for (size_t i = 0; i < report->nr_findings; i++) {
		if (dmk_report_same(&report->finding[i], finding))
			return &report->finding[i];
	}
	return NULL;
}

/*
 * On which machines a finding was seen: how many ran, how many have it, and the least and the most
 * times on one of them.
 */
struct spread {
	size_t ran, seen;
	uint64_t least, most;
};

static struct spread spread_of(const struct show *show, const struct dmk_report_finding *finding)
{
	struct spread spread = {.least = UINT64_MAX};

	for (size_t i = 0; i < show->n; i++) {
		const struct dmk_report_finding *twin = twin_in(&show->reports[i], finding);

		spread.ran += show->reports[i].outcome != DMK_OUTCOME_REFUSED;
		if (!twin)
			continue;
		spread.seen++;
		if (twin->count < spread.least)
			spread.least = twin->count;
		if (twin->count > spread.most)
			spread.most = twin->count;
	}
	return spread;
}

/* "pc, tiny (3 times)": those that have it; or, without counts, those that ran and have it not. */
static void list_machines(const struct show *show, const struct dmk_report_finding *finding,
			  bool having)
{
	const char *separator = "";

	for (size_t i = 0; i < show->n; i++) {
		const struct dmk_report *report = &show->reports[i];
		const struct dmk_report_finding *twin = twin_in(report, finding);

		if (report->outcome == DMK_OUTCOME_REFUSED || (twin != NULL) != having)
			continue;
		fprintf(show->out, "%s%s", separator, report->machine);
		separator = ", ";
		if (twin && twin->count > 1)
			fprintf(show->out, " (%" PRIu64 " times)", twin->count);
	}
}

/* Where nearly all have it, those that have not say more than a list of all. */
static void show_spread(const struct show *show, const struct dmk_report_finding *finding)
{
	const struct spread spread = spread_of(show, finding);

	if (spread.ran < 4 || spread.ran - spread.seen > spread.ran / 4) {
		fputs("on ", show->out);
		list_machines(show, finding, true);
		return;
	}
	fputs("on all machines", show->out);
	if (spread.seen < spread.ran) {
		fputs(" but ", show->out);
		list_machines(show, finding, false);
	}
	if (spread.most == 1)
		return;
	if (spread.least == spread.most)
		fprintf(show->out, ", %" PRIu64 " times on each", spread.most);
	else
		fprintf(show->out, ", %" PRIu64 " to %" PRIu64 " times", spread.least, spread.most);
}

static void show_count(const struct show *show, const struct dmk_report_finding *finding)
{
	fprintf(show->out, "  %-9s ", "seen");
	if (show->seen)
		fputs(show->seen, show->out);
	else if (show->n == 1)
		fprintf(show->out, "%" PRIu64 " time%s", finding->count,
			finding->count == 1 ? "" : "s");
	else
		show_spread(show, finding);
	fputc('\n', show->out);
}

static void show_finding(const struct show *show, const struct dmk_report_finding *finding)
{
	fprintf(show->out, "%s%s %s:%s %s%s%s\n",
		ink(show, finding->warning ? INK_WARNING : INK_ERROR),
		finding->warning ? "warning" : "error", finding->rule, ink(show, INK_NONE),
		ink(show, INK_BOLD), finding->title ? finding->title : "", ink(show, INK_NONE));
	if (some(finding->what))
		fprintf(show->out, "  %s\n", finding->what);
	show_stack(show, "where", &finding->where);
	show_stack(show, some(finding->mapped_label) ? finding->mapped_label : "mapped",
		   &finding->mapped);
	show_buffer(show, finding);
	show_history(show, finding);
	show_device(show, finding);
	if (some(finding->mend))
		fprintf(show->out, "  %-9s %s\n", "mend", finding->mend);
	show_count(show, finding);
}

void dmk_text_finding(FILE *out, const struct dmk_text_options *options,
		      const struct dmk_report_finding *finding, const char *seen)
{
	const struct show show = {.out = out, .options = options, .seen = seen};

	show_finding(&show, finding);
}

static bool shown_before(const struct show *show, size_t report,
			 const struct dmk_report_finding *finding)
{
	for (size_t i = 0; i < report; i++) {
		if (twin_in(&show->reports[i], finding))
			return true;
	}
	return twin_in(&show->reports[report], finding) != finding;
}

/* Returns how many different ones there are. */
static size_t show_findings(const struct show *show)
{
	size_t different = 0;

	for (size_t i = 0; i < show->n; i++) {
		for (size_t j = 0; j < show->reports[i].nr_findings; j++) {
			if (shown_before(show, i, &show->reports[i].finding[j]))
				continue;
			show_finding(show, &show->reports[i].finding[j]);
			fputc('\n', show->out);
			different++;
		}
	}
	return different;
}

/* --- crashes, hangs, problems ----------------------------------------------------------------- */

static const char *on_machine(const struct show *show, const struct dmk_report *report, char *text,
			      size_t size)
{
	text[0] = '\0';
	if (show->n > 1)
		snprintf(text, size, " on %s", report->machine ? report->machine : "?");
	return text;
}

static void show_live(const struct show *show, const struct dmk_report *report)
{
	if (!report->nr_live) {
		fprintf(show->out, "  Nothing was mapped or allocated at that moment.\n\n");
		return;
	}
	fprintf(show->out, "  Mapped or allocated at that moment (%zu):\n", report->nr_live);
	for (size_t i = 0; i < report->nr_live; i++) {
		show_buffer(show, &report->live[i]);
		show_device(show, &report->live[i]);
		show_stack(show,
			   some(report->live[i].mapped_label) ? report->live[i].mapped_label
							      : "mapped",
			   &report->live[i].mapped);
	}
	fputc('\n', show->out);
}

static void show_crash(const struct show *show, const struct dmk_report *report)
{
	char where[80];

	fprintf(show->out, "%scrash%s:%s %s%s\n", ink(show, INK_ERROR),
		on_machine(show, report, where, sizeof(where)), ink(show, INK_NONE),
		report->crash.text ? report->crash.text : report->crash.signal,
		report->crash.stack.n ? "" : " (its stack could not be read)");
	show_stack(show, "where", &report->crash.stack);
	show_live(show, report);
}

static bool has_driver_frame(const struct dmk_report_stack *stack)
{
	for (size_t i = 0; i < stack->n; i++) {
		if (!stack->frame[i].ours && stack->frame[i].file)
			return true;
	}
	return false;
}

static void show_hang(const struct show *show, const struct dmk_report *report)
{
	char where[80];
	size_t idle = 0;

	fprintf(show->out,
		"%shang%s:%s it was not done after %g seconds (--timeout sets the limit)\n",
		ink(show, INK_ERROR), on_machine(show, report, where, sizeof(where)),
		ink(show, INK_NONE), report->limit);
	for (size_t i = 0; i < report->nr_threads; i++) {
		const struct dmk_report_thread *thread = &report->thread[i];

		if (!has_driver_frame(&thread->stack)) {
			idle++;
			continue;
		}
		fprintf(show->out, "  thread %s (%d)\n", thread->name ? thread->name : "?",
			thread->tid);
		show_stack(show, "in", &thread->stack);
	}
	if (idle)
		fprintf(show->out, "  %zu other thread%s outside the driver's code\n", idle,
			idle == 1 ? "" : "s");
	show_live(show, report);
}

/* Which call was made to fail, or that there was none. */
static void show_fail(const struct show *show, const struct dmk_report *report)
{
	char where[80];

	if (!report->fail.wanted || report->outcome == DMK_OUTCOME_REFUSED)
		return;
	on_machine(show, report, where, sizeof(where));
	if (!report->fail.failed) {
		fprintf(show->out,
			"%sno call failed on purpose%s:%s --fail %" PRIu64
			", and the driver made %" PRIu64 " call%s that can fail\n\n",
			ink(show, INK_FAINT), where, ink(show, INK_NONE), report->fail.wanted,
			report->fail.calls, report->fail.calls == 1 ? "" : "s");
		return;
	}
	fprintf(show->out, "%sfailed on purpose%s:%s call %" PRIu64 ", %s\n", ink(show, INK_BOLD),
		where, ink(show, INK_NONE), report->fail.wanted,
		report->fail.kind ? report->fail.kind : "?");
	show_stack(show, "failed", &report->fail.where);
	fputc('\n', show->out);
}

static void show_trouble(const struct show *show, const struct dmk_report *report)
{
	char where[80];

	on_machine(show, report, where, sizeof(where));
	show_fail(show, report);
	if (report->outcome == DMK_OUTCOME_CRASHED)
		show_crash(show, report);
	if (report->outcome == DMK_OUTCOME_HUNG)
		show_hang(show, report);
	if (report->machine_died)
		fprintf(show->out, "%smachine died%s:%s %s\n\n", ink(show, INK_ERROR), where,
			ink(show, INK_NONE), report->machine_died);
	for (size_t i = 0; i < report->nr_problems; i++)
		fprintf(show->out, "%sproblem%s:%s %s\n\n", ink(show, INK_ERROR), where,
			ink(show, INK_NONE), report->problem[i]);
}

/*
 * Of --machine all: those that are not there, each with what would bring it, and those that have no
 * device for the driver, in one line.
 */
static void show_skipped(const struct show *show)
{
	const char *before = "not run on ";

	for (size_t i = 0; i < show->n; i++) {
		if (show->reports[i].skipped && !show->reports[i].no_device)
			fprintf(show->out, "%snot run%s: %s\n\n", ink(show, INK_FAINT),
				ink(show, INK_NONE), show->reports[i].error);
	}
	for (size_t i = 0; i < show->n; i++) {
		if (!show->reports[i].skipped || !show->reports[i].no_device)
			continue;
		fprintf(show->out, "%s%s%s%s", ink(show, INK_FAINT), before, ink(show, INK_NONE),
			show->reports[i].machine);
		before = ", ";
	}
	if (before[0] == ',')
		fputs(": no device there for this driver\n\n", show->out);
}

/* How much of what was mapped could not be watched by page, and where that is mapped. */
static void show_unwatched(const struct show *show, const struct dmk_report *report)
{
	enum { SHOWN = 5 };
	uint64_t shared = 0;
	char where[80];

	for (size_t i = 0; i < report->unwatched.nr_places; i++)
		shared += report->unwatched.place[i].mappings;
	fprintf(show->out,
		"%snot watched%s:%s %" PRIu64 " of %" PRIu64
		" mappings share a page with other memory, and could not be watched there; build "
		"the driver with --watch instrumented\n",
		ink(show, INK_WARNING), on_machine(show, report, where, sizeof(where)),
		ink(show, INK_NONE), shared, report->unwatched.mappings);
	for (size_t i = 0; i < report->unwatched.nr_places && i < SHOWN; i++) {
		const struct dmk_report_unwatched *place = &report->unwatched.place[i];
		const struct dmk_report_frame *frame = dmk_report_place(&place->where);

		if (!frame)
			continue;
		fprintf(show->out, "  %" PRIu64 ": ", place->mappings);
		show_name(show, frame);
		fputc('\n', show->out);
	}
	if (report->unwatched.nr_places > SHOWN)
		fprintf(show->out, "  and %zu more calls, all of them in the JSON\n",
			report->unwatched.nr_places - SHOWN);
	fputc('\n', show->out);
}

/* On every machine it is the same calls: the first that has any says it. */
static void show_all_unwatched(const struct show *show)
{
	for (size_t i = 0; i < show->n; i++) {
		if (!show->reports[i].unwatched.nr_places)
			continue;
		show_unwatched(show, &show->reports[i]);
		return;
	}
}

/* --- tests and the log ------------------------------------------------------------------------ */

static void show_test(const struct show *show, const struct dmk_report *report,
		      const struct dmk_report_test *test)
{
	char where[80];

	fprintf(show->out, "%stest failed%s:%s %s\n", ink(show, INK_ERROR),
		on_machine(show, report, where, sizeof(where)), ink(show, INK_NONE), test->name);
	for (size_t i = 0; i < test->nr_failures; i++) {
		if (test->failure[i].file)
			fprintf(show->out, "  %s%s:%u%s: ", ink(show, INK_BOLD),
				short_name(show, test->failure[i].file), test->failure[i].line,
				ink(show, INK_NONE));
		else
			fputs("  ", show->out);
		fprintf(show->out, "%s\n", test->failure[i].text);
	}
	fprintf(show->out,
		"  the machine's seed was %" PRIu64 "; --seed %" PRIu64 " repeats the run\n\n",
		report->seed, report->seed);
}

static size_t show_tests(const struct show *show, size_t *passed)
{
	size_t failed = 0;

	*passed = 0;
	for (size_t i = 0; i < show->n; i++) {
		for (size_t j = 0; j < show->reports[i].nr_tests; j++) {
			if (show->reports[i].test[j].passed) {
				++*passed;
				continue;
			}
			if (show->reports[i].fail.failed)
				continue; /* as it should: the call was needed */
			show_test(show, &show->reports[i], &show->reports[i].test[j]);
			failed++;
		}
	}
	return failed;
}

static void show_log(const struct show *show, const struct dmk_report *report)
{
	if (!report->nr_log)
		return;
	fprintf(show->out, "log of %s:\n", report->machine ? report->machine : "the run");
	if (report->log_dropped)
		fprintf(show->out, "  (%" PRIu64 " more lines were not kept)\n",
			report->log_dropped);
	for (size_t i = 0; i < report->nr_log; i++)
		fprintf(show->out, "  <%d> %s\n", report->log[i].level, report->log[i].text);
	fputc('\n', show->out);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* CHK-05: a report that is not complete says so before anything else. */
static void show_lost(const struct show *show)
{
	for (size_t i = 0; i < show->n; i++) {
		char where[80];
		uint64_t lost = show->reports[i].totals.lost_records;

		if (lost)
			fprintf(show->out,
				"%sincomplete%s:%s %" PRIu64
				" record%s lost; mistakes may be missing below\n",
				ink(show, INK_ERROR),
				on_machine(show, &show->reports[i], where, sizeof(where)),
				ink(show, INK_NONE), lost, lost == 1 ? " was" : "s were");
	}
}

static bool all_well(const struct show *show)
{
	for (size_t i = 0; i < show->n; i++) {
		if (dmk_report_status(&show->reports[i]) % 3)
			return false;
	}
	return true;
}

static void show_exercise(FILE *out, const struct dmk_report *report)
{
	fprintf(out, ", default exercise of %u file%s", report->exercised_files,
		report->exercised_files == 1 ? "" : "s");
	if (report->exercised_disks)
		fprintf(out, " and %u disk%s", report->exercised_disks,
			report->exercised_disks == 1 ? "" : "s");
	if (report->exercised_interfaces)
		fprintf(out, " and %u network interface%s", report->exercised_interfaces,
			report->exercised_interfaces == 1 ? "" : "s");
}

/* Of several, the first that did; machines that have no device for the driver tell nothing. */
static const struct dmk_report *first_that_ran(const struct show *show)
{
	for (size_t i = 0; i < show->n; i++) {
		if (show->reports[i].outcome != DMK_OUTCOME_REFUSED)
			return &show->reports[i];
	}
	return &show->reports[0];
}

static void show_what_ran(const struct show *show, size_t passed, size_t failed)
{
	const struct dmk_report *report = first_that_ran(show);

	if (passed + failed) {
		fprintf(show->out, ", %zu test%s passed", passed, passed == 1 ? "" : "s");
		if (failed)
			fprintf(show->out, ", %zu failed", failed);
	} else if (report->exercised) {
		show_exercise(show->out, report);
	}
}

/* --- what does not count ---------------------------------------------------------------------- */

static bool hidden_before(const struct show *show, size_t report, size_t finding)
{
	const struct dmk_report_finding *this = &show->reports[report].suppressed[finding];

	for (size_t i = 0; i <= report; i++) {
		const size_t n = i == report ? finding : show->reports[i].nr_suppressed;

		for (size_t j = 0; j < n; j++)
			if (dmk_report_same(&show->reports[i].suppressed[j], this))
				return true;
	}
	return false;
}

/* How many different ones @name took; NULL: all of them. */
static size_t count_hidden(const struct show *show, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < show->n; i++)
		for (size_t j = 0; j < show->reports[i].nr_suppressed; j++)
			n += !hidden_before(show, i, j) &&
			     (!name || !strcmp(show->reports[i].suppressed[j].suppressed, name));
	return n;
}

/* Whether one of the same name was hidden before: names are listed once. */
static bool is_listed(const struct show *show, size_t report, size_t finding)
{
	const char *name = show->reports[report].suppressed[finding].suppressed;

	for (size_t i = 0; i <= report; i++) {
		const size_t n = i == report ? finding : show->reports[i].nr_suppressed;

		for (size_t j = 0; j < n; j++)
			if (!strcmp(show->reports[i].suppressed[j].suppressed, name))
				return true;
	}
	return false;
}

/* CHK-05: what is not shown is told. */
static void show_hidden(const struct show *show)
{
	const size_t all = count_hidden(show, NULL);

	if (!all)
		return;
	fprintf(show->out, "%s%zu finding%s %s not shown%s:\n", ink(show, INK_WARNING), all,
		all == 1 ? "" : "s", all == 1 ? "is" : "are", ink(show, INK_NONE));
	for (size_t i = 0; i < show->n; i++)
		for (size_t j = 0; j < show->reports[i].nr_suppressed; j++) {
			const char *name = show->reports[i].suppressed[j].suppressed;

			if (!is_listed(show, i, j) && count_hidden(show, name))
				fprintf(show->out, "  %zu: %s\n", count_hidden(show, name), name);
		}
	fputc('\n', show->out);
}

/* All runs read the same files. */
static void show_unused(const struct show *show)
{
	const struct dmk_report *first = &show->reports[0];

	for (size_t i = 0; show->options->unused && i < first->nr_suppressions; i++) {
		uint64_t used = 0;

		for (size_t j = 0; j < show->n; j++)
			if (i < show->reports[j].nr_suppressions)
				used += show->reports[j].suppression[i].used;
		if (!used)
			fprintf(show->out, "suppression never used: %s (%s:%u)\n",
				first->suppression[i].name, first->suppression[i].file,
				first->suppression[i].line);
	}
}

/* "on 2 of 14 machines", of those that have a device for the driver. */
static void show_on_how_many(const struct show *show)
{
	size_t having = 0, ran = 0;

	for (size_t i = 0; i < show->n; i++) {
		ran += show->reports[i].outcome != DMK_OUTCOME_REFUSED;
		having += show->reports[i].nr_findings != 0;
	}
	if (show->n > 1 && having == ran)
		fprintf(show->out, " on all %zu machines", ran);
	else if (show->n > 1)
		fprintf(show->out, " on %zu of %zu machines", having, ran);
}

static void show_totals(const struct show *show)
{
	const struct dmk_check_totals *totals = &show->reports[0].totals;
	const char *watched = show->reports[0].watched;
	const bool is_default = !watched || !strcmp(watched, "instrumented") ||
				!strcmp(watched, "none");

	if (show->n != 1 || show->reports[0].outcome == DMK_OUTCOME_REFUSED)
		return;
	fprintf(show->out,
		"%s: %" PRIu64 " map%s (%" PRIu64 " bounced), %" PRIu64 " sync%s, %" PRIu64
		" allocation%s, %" PRIu64 " device access%s, seed %" PRIu64 "%s%s\n",
		show->reports[0].machine, totals->maps, totals->maps == 1 ? "" : "s",
		totals->bounced, totals->syncs, totals->syncs == 1 ? "" : "s", totals->allocs,
		totals->allocs == 1 ? "" : "s", totals->device_accesses,
		totals->device_accesses == 1 ? "" : "es", show->reports[0].seed,
		is_default ? "" : ", --watch ", is_default ? "" : watched);
}

/* "No finding" says little of a driver whose DMA was not reached. */
static void show_nothing_done(const struct show *show)
{
	for (size_t i = 0; i < show->n; i++) {
		const struct dmk_report *report = &show->reports[i];

		if (report->outcome != DMK_OUTCOME_REFUSED &&
		    (report->totals.maps || report->totals.allocs || report->fail.wanted ||
		     !report->bound))
			return;
	}
	fputs("nothing was mapped or allocated for a device: what ran did not reach the driver's DMA; a test of your own "
	      "may (-- TEST.c)\n",
	      show->out);
}

void dmk_text_reports(FILE *out, const struct dmk_report *reports, size_t n,
		      const struct dmk_text_options *options)
{
	struct show show = {out, options, reports, n};
	size_t findings, failed, passed;

	if (!n)
		return;
	show_lost(&show);
	for (size_t i = 0; i < n; i++)
		show_trouble(&show, &reports[i]);
	show_skipped(&show);
	findings = show_findings(&show);
	failed = show_tests(&show, &passed);
	for (size_t i = 0; options->verbose && i < n; i++)
		show_log(&show, &reports[i]);
	dmk_text_advice(out, reports, n, options);
	show_all_unwatched(&show);
	show_hidden(&show);
	show_unused(&show);
	show_totals(&show);
	fprintf(out, "%s%s%s", ink(&show, all_well(&show) ? INK_GOOD : INK_ERROR),
		findings          ? ""
		: all_well(&show) ? "no finding"
				  : "not clean: no finding",
		ink(&show, INK_NONE));
	if (findings) {
		fprintf(out, "%s%zu finding%s%s", ink(&show, INK_ERROR), findings,
			findings == 1 ? "" : "s", ink(&show, INK_NONE));
		show_on_how_many(&show);
	}
	show_what_ran(&show, passed, failed);
	if (findings)
		fputs("; `dmakit explain RULE` tells more", out);
	fputc('\n', out);
	if (!findings && all_well(&show))
		show_nothing_done(&show);
}
