/* SPDX-License-Identifier: MIT */
/*
 * A report as JUnit XML. A machine is a test suite. Its test cases are the driver's tests; one for
 * the run itself, which a crash, a hang or a refusal makes an error; and one for each rule of the
 * checker, so that they are the same ones from run to run, whatever is found.
 */
#include "report/junit.h"
#include "report/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct junit {
	FILE *out;
	const char *directory;
};

/* What a suite says of its cases. */
struct counts {
	size_t tests, failures, errors, skipped;
};

/* --- text as XML ------------------------------------------------------------------------------ */

/*
 * The character at *text in UTF-8, and how many bytes it has; 0: there is none, and *n is what to
 * pass over.
 */
static uint32_t character(const char *text, size_t *n)
{
	const unsigned char *at = (const unsigned char *)text;
	const size_t length = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t code = length == 1 ? at[0] : at[0] & (0x7f >> length);

	*n = 1;
	if (at[0] >= 0x80 && (at[0] < 0xc2 || at[0] > 0xf4))
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	if (code < least[length])
		return 0;
	*n = length;
	return code;
}

/* XML 1.0, production 2: what may not stand in a document, not even by number. */
static bool is_forbidden(uint32_t code)
{
	return (code < 0x20 && code != '\t' && code != '\n' && code != '\r') ||
	       (code >= 0xd800 && code < 0xe000) || code == 0xfffe || code == 0xffff ||
	       code > 0x10ffff;
}

/* Line ends in an attribute would become blanks: there they are written by number. */
static void put(FILE *out, const char *text, bool attribute)
{
	size_t n;

	for (; text && *text; text += n) {
		const uint32_t code = character(text, &n);

		if (is_forbidden(code))
			fputs("\357\277\275", out); /* U+FFFD */
		else if (code == '&')
			fputs("&amp;", out);
		else if (code == '<')
			fputs("&lt;", out);
		else if (code == '>')
			fputs("&gt;", out);
		else if (code == '"' && attribute)
			fputs("&quot;", out);
		else if (code == '\r' || (attribute && (code == '\n' || code == '\t')))
			fprintf(out, "&#%u;", (unsigned int)code);
		else
			fwrite(text, 1, n, out);
	}
}

static void attribute(const struct junit *junit, const char *name, const char *value)
{
	fprintf(junit->out, " %s=\"", name);
	put(junit->out, value, true);
	fputc('"', junit->out);
}

static const char *relative(const struct junit *junit, const char *file)
{
	const size_t n = junit->directory ? strlen(junit->directory) : 0;

	return n && !strncmp(file, junit->directory, n) && file[n] == '/' ? file + n + 1 : file;
}

/* --- cases ------------------------------------------------------------------------------------ */

static void open_case(const struct junit *junit, const struct dmk_report *report, const char *group,
		      const char *name, double seconds)
{
	char *class = dmk_report_format("dmakit.%s.%s", report->machine ? report->machine : "?",
					group);

	fputs("  <testcase", junit->out);
	attribute(junit, "name", name);
	attribute(junit, "classname", class);
	fprintf(junit->out, " time=\"%.6f\"", seconds);
	free(class);
}

static void place(const struct junit *junit, const char *file, unsigned int line)
{
	if (!file)
		return;
	attribute(junit, "file", relative(junit, file));
	if (line)
		fprintf(junit->out, " line=\"%u\"", line);
}

static void open_result(const struct junit *junit, const char *element, const char *type,
			const char *message)
{
	fprintf(junit->out, "   <%s", element);
	attribute(junit, "type", type);
	attribute(junit, "message", message);
	fputc('>', junit->out);
}

static void close_result(const struct junit *junit, const char *element)
{
	fprintf(junit->out, "</%s>\n", element);
}

/* @text: nothing, when the message says it all */
static void result(const struct junit *junit, const char *element, const char *type,
		   const char *message, const char *text)
{
	open_result(junit, element, type, message);
	put(junit->out, text, false);
	close_result(junit, element);
}

static void test_case(const struct junit *junit, const struct dmk_report *report,
		      const struct dmk_report_test *test)
{
	open_case(junit, report, "tests", test->name ? test->name : "?", test->seconds);
	place(junit, test->file, test->line);
	if (test->passed) {
		fputs("/>\n", junit->out);
		return;
	}
	fputs(">\n", junit->out);
	open_result(junit, "failure", "expectation",
		    test->nr_failures && test->failure[0].text ? test->failure[0].text : "failed");
	for (size_t i = 0; i < test->nr_failures; i++) {
		const struct dmk_report_failure *failure = &test->failure[i];

		if (failure->file) {
			put(junit->out, relative(junit, failure->file), false);
			fprintf(junit->out, ":%u: ", failure->line);
		}
		put(junit->out, failure->text, false);
		fputc('\n', junit->out);
	}
	close_result(junit, "failure");
	fputs("  </testcase>\n", junit->out);
}

/* --- findings --------------------------------------------------------------------------------- */

static bool has_foreign(const struct dmk_report_stack *stack)
{
	for (size_t i = 0; i < stack->n; i++)
		if (!stack->frame[i].ours)
			return true;
	return false;
}

/* The driver's frames, and the test's; where there are none, all. */
static void put_stack(const struct junit *junit, const char *label,
		      const struct dmk_report_stack *stack)
{
	const bool all = !has_foreign(stack);

	for (size_t i = 0; i < stack->n; i++) {
		const struct dmk_report_frame *frame = &stack->frame[i];

		if (frame->ours && !all)
			continue;
		fprintf(junit->out, "  %-9s ", label);
		label = "";
		put(junit->out, frame->function ? frame->function : "?", false);
		if (frame->file) {
			fputs(" (", junit->out);
			put(junit->out, relative(junit, frame->file), false);
			fprintf(junit->out, ":%u)", frame->line);
		}
		fputc('\n', junit->out);
	}
}

static void put_finding(const struct junit *junit, const struct dmk_report_finding *finding)
{
	put(junit->out, finding->warning ? "warning: " : "error: ", false);
	put(junit->out, finding->what, false);
	fputc('\n', junit->out);
	if (finding->device && finding->device[0]) {
		put(junit->out, "  device    ", false);
		put(junit->out, finding->device, false);
		fputc('\n', junit->out);
	}
	put_stack(junit, "at", &finding->where);
	put_stack(junit, finding->mapped_label ? finding->mapped_label : "mapped",
		  &finding->mapped);
	put(junit->out, "  mend      ", false);
	put(junit->out, finding->mend, false);
	fprintf(junit->out, "\n  count     %" PRIu64 "\n", finding->count);
}

static bool is_of(const struct dmk_report_finding *finding, const char *rule)
{
	return finding->rule && !strcmp(finding->rule, rule);
}

static const struct dmk_report_finding *first_of(const struct dmk_report_finding *finding, size_t n,
						 const char *rule)
{
	for (size_t i = 0; i < n; i++)
		if (is_of(&finding[i], rule))
			return &finding[i];
	return NULL;
}

static void put_findings(const struct junit *junit, const struct dmk_report_finding *finding,
			 size_t n, const char *rule)
{
	for (size_t i = 0; i < n; i++)
		if (is_of(&finding[i], rule))
			put_finding(junit, &finding[i]);
}

static void rule_case(const struct junit *junit, const struct dmk_report *report,
		      const struct dmk_rule *rule)
{
	const struct dmk_report_finding *found = first_of(report->finding, report->nr_findings,
							  rule->id);
	const struct dmk_report_finding *hidden = first_of(report->suppressed,
							   report->nr_suppressed, rule->id);
	const struct dmk_report_frame *frame = found ? dmk_report_place(&found->where) : NULL;
	char *name = dmk_report_format("%s: %s", rule->id, rule->title);

	open_case(junit, report, "checker", name ? name : rule->id, 0);
	free(name);
	if (found && !frame)
		frame = dmk_report_place(&found->mapped);
	if (frame)
		place(junit, frame->file, frame->line);
	if (!found && !hidden) {
		fputs("/>\n", junit->out);
		return;
	}
	fputs(">\n", junit->out);
	if (found) {
		open_result(junit, "failure", rule->id, found->what);
		put_findings(junit, report->finding, report->nr_findings, rule->id);
		close_result(junit, "failure");
	}
	if (hidden) {
		fputs("   <system-out>suppressed:\n", junit->out);
		put_findings(junit, report->suppressed, report->nr_suppressed, rule->id);
		fputs("</system-out>\n", junit->out);
	}
	fputs("  </testcase>\n", junit->out);
}

/* The table has a row for each form of a rule. */
static bool is_first_row(const struct dmk_rule *rule)
{
	for (const struct dmk_rule *before = dmk_rules; before < rule; before++)
		if (!strcmp(before->id, rule->id))
			return false;
	return true;
}

/* --- the run itself --------------------------------------------------------------------------- */

static bool has_trouble(const struct dmk_report *report)
{
	return report->nr_problems || report->machine_died || report->totals.lost_records;
}

static void put_line(const struct junit *junit, const char *text)
{
	put(junit->out, text, false);
	fputc('\n', junit->out);
}

static void put_trouble(const struct junit *junit, const struct dmk_report *report)
{
	if (report->totals.lost_records)
		fprintf(junit->out, "%" PRIu64 " records were lost: mistakes may be missing\n",
			report->totals.lost_records);
	if (report->machine_died)
		put_line(junit, report->machine_died);
	for (size_t i = 0; i < report->nr_problems; i++)
		put_line(junit, report->problem[i]);
}

static void put_hang(const struct junit *junit, const struct dmk_report *report)
{
	char message[80];

	snprintf(message, sizeof(message), "it did not end within %g seconds", report->limit);
	open_result(junit, "error", "hang", message);
	for (size_t i = 0; i < report->nr_threads; i++) {
		put(junit->out, "thread ", false);
		put_line(junit, report->thread[i].name);
		put_stack(junit, "at", &report->thread[i].stack);
	}
	close_result(junit, "error");
}

static void put_end(const struct junit *junit, const struct dmk_report *report)
{
	const char *error = report->error ? report->error : "";

	if (report->skipped) {
		fputs("   <skipped", junit->out);
		attribute(junit, "message", error);
		fputs("/>\n", junit->out);
	} else if (report->outcome == DMK_OUTCOME_REFUSED) {
		result(junit, "error", "refused", error, NULL);
	} else if (report->outcome == DMK_OUTCOME_CRASHED) {
		open_result(junit, "error", "crash",
			    report->crash.text ? report->crash.text : "it crashed");
		put_stack(junit, "at", &report->crash.stack);
		close_result(junit, "error");
	} else if (report->outcome == DMK_OUTCOME_HUNG) {
		put_hang(junit, report);
	} else {
		open_result(junit, "failure", "problem",
			    report->nr_problems ? report->problem[0] : "not all went well");
		put_trouble(junit, report);
		close_result(junit, "failure");
	}
}

static void run_case(const struct junit *junit, const struct dmk_report *report)
{
	open_case(junit, report, "run", "the driver is loaded, used and removed", report->seconds);
	if (report->outcome == DMK_OUTCOME_DONE && !has_trouble(report)) {
		fputs("/>\n", junit->out);
		return;
	}
	fputs(">\n", junit->out);
	put_end(junit, report);
	fputs("  </testcase>\n", junit->out);
}

/* --- many runs -------------------------------------------------------------------------------- */

/* A trouble a line, and the command that shows it. */
static void put_troubles(const struct junit *junit, const struct dmk_report_troubles *list)
{
	const struct dmk_text_options options = {.prefix = junit->directory};

	for (size_t i = 0; i < list->n; i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		if (!out)
			return;
		fprintf(out, "%s: ", dmk_trouble_name(list->item[i].kind));
		dmk_text_trouble(out, &options, &list->item[i]);
		fprintf(out, "\n  %s", list->item[i].repeat ? list->item[i].repeat : "");
		fclose(out);
		put_line(junit, text);
		free(text);
	}
}

static void many_case(const struct junit *junit, const struct dmk_report *report, const char *group,
		      const char *name, const struct dmk_report_troubles *list)
{
	open_case(junit, report, group, name, 0);
	if (!list->n) {
		fputs("/>\n", junit->out);
		return;
	}
	fputs(">\n", junit->out);
	open_result(junit, "failure", group, dmk_trouble_name(dmk_report_worst(list)));
	put_troubles(junit, list);
	close_result(junit, "failure");
	fputs("  </testcase>\n", junit->out);
}

static void site_case(const struct junit *junit, const struct dmk_report *report,
		      const struct dmk_report_site *site)
{
	const struct dmk_report_frame *frame = dmk_report_place(&site->where);
	char *name = dmk_report_format("the driver copes when %s fails in %s (%s:%u)",
				       site->kind ? site->kind : "a call",
				       frame && frame->function ? frame->function : "?",
				       frame && frame->file ? relative(junit, frame->file) : "?",
				       frame ? frame->line : 0);

	many_case(junit, report, "fail", name ? name : "the driver copes", &site->trouble);
	free(name);
}

static void many_cases(const struct junit *junit, const struct dmk_report *report)
{
	for (size_t i = 0; report->each && i < report->each->nr_sites; i++)
		site_case(junit, report, &report->each->site[i]);
	if (report->explore)
		many_case(junit, report, "explore", "the driver is clean with each seed",
			  &report->explore->trouble);
}

static void count_many(const struct dmk_report *report, struct counts *counts)
{
	for (size_t i = 0; report->each && i < report->each->nr_sites; i++) {
		counts->tests++;
		counts->failures += report->each->site[i].trouble.n != 0;
	}
	if (!report->explore)
		return;
	counts->tests++;
	counts->failures += report->explore->trouble.n != 0;
}

/* --- suites ----------------------------------------------------------------------------------- */

static bool was_checked(const struct dmk_report *report)
{
	return report->outcome != DMK_OUTCOME_REFUSED;
}

static struct counts count(const struct dmk_report *report)
{
	struct counts counts = {.tests = 1 + report->nr_tests};

	for (size_t i = 0; i < report->nr_tests; i++)
		counts.failures += !report->test[i].passed;
	for (const struct dmk_rule *rule = dmk_rules; was_checked(report) && rule->id; rule++) {
		if (!is_first_row(rule))
			continue;
		counts.tests++;
		counts.failures += first_of(report->finding, report->nr_findings, rule->id) != NULL;
	}
	count_many(report, &counts);
	if (report->skipped)
		counts.skipped++;
	else if (report->outcome != DMK_OUTCOME_DONE)
		counts.errors++;
	else
		counts.failures += has_trouble(report);
	return counts;
}

static void put_counts(const struct junit *junit, const struct counts *counts, double seconds)
{
	fprintf(junit->out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%.6f\"",
		counts->tests, counts->failures, counts->errors, seconds);
}

static void property(const struct junit *junit, const char *name, const char *value)
{
	if (!value)
		return;
	fputs("   <property", junit->out);
	attribute(junit, "name", name);
	attribute(junit, "value", value);
	fputs("/>\n", junit->out);
}

static void properties(const struct junit *junit, const struct dmk_report *report)
{
	char seed[24];

	snprintf(seed, sizeof(seed), "%" PRIu64, report->seed);
	fputs("  <properties>\n", junit->out);
	property(junit, "machine", report->machine);
	property(junit, "summary", report->summary);
	property(junit, "append", report->append);
	property(junit, "seed", seed);
	for (size_t i = 0; i < report->nr_devices; i++)
		property(junit, "device", report->device[i]);
	fputs("  </properties>\n", junit->out);
}

static void log_text(const struct junit *junit, const struct dmk_report *report)
{
	if (!report->nr_log)
		return;
	fputs("  <system-out>", junit->out);
	for (size_t i = 0; i < report->nr_log; i++) {
		fprintf(junit->out, "[%d] ", report->log[i].level);
		put_line(junit, report->log[i].text);
	}
	fputs("</system-out>\n", junit->out);
}

static void suite(const struct junit *junit, const struct dmk_report *report)
{
	const struct counts counts = count(report);

	fputs(" <testsuite", junit->out);
	attribute(junit, "name", report->machine ? report->machine : "?");
	put_counts(junit, &counts, report->seconds);
	fprintf(junit->out, " skipped=\"%zu\">\n", counts.skipped);
	properties(junit, report);
	run_case(junit, report);
	for (size_t i = 0; i < report->nr_tests; i++)
		test_case(junit, report, &report->test[i]);
	for (const struct dmk_rule *rule = dmk_rules; was_checked(report) && rule->id; rule++)
		if (is_first_row(rule))
			rule_case(junit, report, rule);
	many_cases(junit, report);
	log_text(junit, report);
	fputs(" </testsuite>\n", junit->out);
}

int dmk_junit_write(FILE *out, const struct dmk_report *reports, size_t n, const char *directory)
{
	const struct junit junit = {out, directory};
	struct counts all = {0};
	double seconds = 0;

	for (size_t i = 0; i < n; i++) {
		const struct counts one = count(&reports[i]);

		all.tests += one.tests;
		all.failures += one.failures;
		all.errors += one.errors;
		seconds += reports[i].seconds;
	}
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dmakit\"", out);
	put_counts(&junit, &all, seconds);
	fputs(">\n", out);
	for (size_t i = 0; i < n; i++)
		suite(&junit, &reports[i]);
	fputs("</testsuites>\n", out);
	return fflush(out) == EOF || ferror(out) ? -EIO : 0;
}
