/* SPDX-License-Identifier: MIT */
/*
 * The report model without a machine: statuses, JSON there and back, names for addresses, and what
 * the text says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct dmk_report_frame *add_frame(struct dmk_report_stack *stack, const char *function,
					  const char *file, unsigned int line, bool ours)
{
	struct dmk_report_frame *frame = dmk_report_grow(&stack->frame, &stack->n, sizeof(*frame));

	frame->function = strdup(function);
	frame->file = file ? strdup(file) : NULL;
	frame->line = line;
	frame->address = 0x555500001000 + line;
	frame->ours = ours;
	return frame;
}

static void add_step(struct dmk_report_finding *finding, const char *what, unsigned int line)
{
	struct dmk_report_step *step = dmk_report_grow(&finding->history, &finding->nr_history,
						       sizeof(*step));

	step->what = strdup(what);
	add_frame(&step->where, "card_step", "/y/card.c", line, false);
}

static struct dmk_report_finding *add_finding(struct dmk_report *report, const char *rule,
					      unsigned int line)
{
	struct dmk_report_finding *finding = dmk_report_grow(&report->finding, &report->nr_findings,
							     sizeof(*finding));

	finding->rule = strdup(rule);
	finding->title = strdup("a title");
	finding->count = 3;
	finding->device = strdup("0000:00:01.0");
	finding->driver = strdup("card");
	finding->what = strdup("what \"happened\" here");
	finding->mend = strdup("mend it so");
	finding->mapped_label = strdup("mapped");
	finding->buffer.known = true;
	finding->buffer.kind = strdup("single");
	finding->buffer.owner = strdup("device");
	finding->buffer.direction = strdup("DMA_TO_DEVICE");
	finding->buffer.dma = 0xfffffffffffff000;
	finding->buffer.phys = 0x1000;
	finding->buffer.size = 256;
	finding->buffer.bounced = true;
	add_frame(&finding->where, "dma_unmap_single", "/x/include/linux/dma-mapping.h", 7, true)
		->inlined = true;
	add_frame(&finding->where, "card_read", "/y/card.c", line, false);
	add_frame(&finding->where, "dmk_vfs_read", "/x/kernel/file.c", 99, true);
	add_frame(&finding->mapped, "card_map", "/y/card.c", 40, false);
	add_step(finding, "mapped", 40);
	add_step(finding, "synced for the CPU", 44);
	return finding;
}

static struct dmk_report make(const char *machine)
{
	struct dmk_report report = {.machine = strdup(machine),
				    .seed = 0xfedcba9876543210,
				    .seconds = 1.5};

	return report;
}

static char *text_of(const struct dmk_report *reports, size_t n)
{
	struct dmk_text_options options = {.prefix = "/y"};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (reports[0].each)
		dmk_text_each(out, reports, n, &options);
	else
		dmk_text_reports(out, reports, n, &options);
	fclose(out);
	return text;
}

static unsigned int times(const char *text, const char *word)
{
	unsigned int n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

static void add_test(struct dmk_report *report, bool passed)
{
	struct dmk_report_test *test = dmk_report_grow(&report->test, &report->nr_tests,
						       sizeof(*test));
	struct dmk_report_failure *failure;

	test->name = strdup(passed ? "good" : "bad");
	test->file = strdup("/y/test.c");
	test->line = 12;
	test->passed = passed;
	if (passed)
		return;
	failure = dmk_report_grow(&test->failure, &test->nr_failures, sizeof(*failure));
	failure->text = strdup("expected: 1 == 2");
	failure->file = strdup("/y/test.c");
	failure->line = 14;
}

/* --- failing each call ------------------------------------------------------------------------ */

static const char map_kind[] = "a streaming mapping";

static void add_site(struct dmk_report_each *each, unsigned int line, const uint64_t *number,
		     size_t n)
{
	struct dmk_report_site *site = dmk_report_grow(&each->site, &each->nr_sites, sizeof(*site));

	site->kind = strdup(map_kind);
	add_frame(&site->where, "card_probe", "/y/card.c", line, false);
	for (size_t i = 0; i < n; i++)
		*(uint64_t *)dmk_report_grow(&site->number, &site->calls,
					     sizeof(*number)) = number[i];
	each->calls += n;
}

/* Calls 1 and 3 on line 10, call 2 on line 20. */
static void count_calls(struct dmk_report *report)
{
	report->each = calloc(1, sizeof(*report->each));
	add_site(report->each, 10, (const uint64_t[]){1, 3}, 2);
	add_site(report->each, 20, (const uint64_t[]){2}, 1);
}

/* A run in which the call on @line failed; 0: none did. */
static struct dmk_report failing(unsigned int line)
{
	struct dmk_report run = make("pc");

	run.fail.wanted = 1;
	run.fail.failed = line != 0;
	if (!line)
		return run;
	run.fail.kind = strdup(map_kind);
	add_frame(&run.fail.where, "card_probe", "/y/card.c", line, false);
	return run;
}

static enum dmk_trouble_kind add_run(struct dmk_report *base, struct dmk_report *run,
				     uint64_t number)
{
	const enum dmk_trouble_kind worst = dmk_report_each_add(base, run, number);

	dmk_report_clear(run);
	return worst;
}

/* Two runs leave the same behind, one crashes, in one nothing failed and the test did. */
static void fail_each(struct dmk_report *base)
{
	struct dmk_report run = failing(10);

	count_calls(base);
	add_finding(&run, "STR-06", 50);
	assert_int_equal(add_run(base, &run, 3), DMK_TROUBLE_LEAK);
	run = failing(10);
	add_finding(&run, "STR-06", 50);
	assert_int_equal(add_run(base, &run, 1), DMK_TROUBLE_LEAK);
	run = failing(20);
	run.outcome = DMK_OUTCOME_CRASHED;
	run.crash.signal = strdup("SIGSEGV");
	assert_int_equal(add_run(base, &run, 2), DMK_TROUBLE_CRASH);
	run = failing(0);
	add_test(&run, false);
	assert_int_equal(add_run(base, &run, 2), DMK_TROUBLE_TEST);
}

static void test_STR_12_a_mistake_of_several_failing_calls_is_one(void **state)
{
	struct dmk_report base = make("pc");
	const struct dmk_report_each *each;

	fail_each(&base);
	each = base.each;
	assert_int_equal(each->site[0].failed, 2);
	assert_int_equal(each->site[0].bad, 2);
	assert_int_equal(each->site[0].trouble.n, 1);
	assert_int_equal(each->site[0].trouble.item[0].runs, 2);
	assert_int_equal(each->site[0].trouble.item[0].first, 1);
	assert_int_equal(each->runs, 4);
	assert_int_equal(each->astray, 1);
	assert_int_equal(each->trouble.n, 1);
	dmk_report_each_sort(base.each);
	assert_string_equal(dmk_report_site_outcome(&each->site[0]), "crashed");
	assert_string_equal(dmk_report_site_outcome(&each->site[1]), "leaked");
	assert_int_equal(dmk_report_status(&base), 1);
	dmk_report_clear(&base);
}

/* With several threads call 1 may be another one each time: what failed counts. */
static void test_STR_12_the_place_that_failed_counts_not_the_number(void **state)
{
	struct dmk_report base = make("pc"), run = failing(20);
	char *text;

	count_calls(&base);
	assert_int_equal(add_run(&base, &run, 1), DMK_TROUBLE_KINDS);
	run = failing(77);
	add_finding(&run, "STR-06", 50);
	assert_int_equal(add_run(&base, &run, 3), DMK_TROUBLE_LEAK);
	assert_int_equal(base.each->astray, 2);
	assert_string_equal(dmk_report_site_outcome(&base.each->site[0]), "not reached");
	assert_string_equal(dmk_report_site_outcome(&base.each->site[1]), "coped");
	assert_int_equal(base.each->nr_sites, 3);
	text = text_of(&base, 1);
	assert_non_null(strstr(text, "in 2 runs the calls came in another order"));
	assert_non_null(strstr(text, "card_probe (card.c:77)"));
	assert_non_null(strstr(text, "not reached"));
	assert_non_null(strstr(text, "; 1 not reached"));
	free(text);
	dmk_report_clear(&base);
}

static void test_STR_12_what_is_wrong_anyway_is_not_counted(void **state)
{
	struct dmk_report base = make("pc"), run = failing(10);

	count_calls(&base);
	add_finding(&base, "STR-06", 50);
	add_finding(&run, "STR-06", 50);
	assert_int_equal(add_run(&base, &run, 1), DMK_TROUBLE_KINDS);
	run = failing(10);
	add_finding(&run, "STR-06", 51);
	assert_int_equal(add_run(&base, &run, 1), DMK_TROUBLE_LEAK);
	assert_int_equal(base.each->site[0].bad, 1);
	dmk_report_clear(&base);
}

/* --- status ----------------------------------------------------------------------------------- */

static void no_change(struct dmk_report *report)
{
}

static void one_finding(struct dmk_report *report)
{
	add_finding(report, "STR-04", 1);
}

static void lost_record(struct dmk_report *report)
{
	report->totals.lost_records = 1;
}

static void failed_test(struct dmk_report *report)
{
	add_test(report, true);
	add_test(report, false);
}

static void passed_test(struct dmk_report *report)
{
	add_test(report, true);
}

static void crashed(struct dmk_report *report)
{
	report->outcome = DMK_OUTCOME_CRASHED;
}

static void hung(struct dmk_report *report)
{
	report->outcome = DMK_OUTCOME_HUNG;
}

static void refused(struct dmk_report *report)
{
	report->outcome = DMK_OUTCOME_REFUSED;
}

static void skipped(struct dmk_report *report)
{
	report->outcome = DMK_OUTCOME_REFUSED;
	report->skipped = true;
}

static void machine_died(struct dmk_report *report)
{
	report->machine_died = strdup("qemu: gone");
}

static void problem(struct dmk_report *report)
{
	char **text = dmk_report_grow(&report->problem, &report->nr_problems, sizeof(*text));

	*text = strdup("probe failed");
}

static const struct {
	const char *sentence;
	void (*change)(struct dmk_report *report);
	int status;
} statuses[] = {
	{"a clean run is a success", no_change, 0},
	{"a passed test is a success", passed_test, 0},
	{"a finding is none", one_finding, 1},
	{"CHK-05: a lost record is none, though nothing was found", lost_record, 1},
	{"a failed test is none", failed_test, 1},
	{"a crash is none", crashed, 1},
	{"a hang is none", hung, 1},
	{"a dead machine is none", machine_died, 1},
	{"a failed probe is none", problem, 1},
	{"what could not run is 2", refused, 2},
	{"a machine of `all` without a device for the driver does not count", skipped, 0},
};

static void test_CHK_05_status(void **state)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		struct dmk_report report = make("pc");
		int status;

		statuses[i].change(&report);
		status = dmk_report_status(&report);
		if (status != statuses[i].status)
			fail_msg("%s: status %d", statuses[i].sentence, status);
		dmk_report_clear(&report);
	}
}

/* --- JSON ------------------------------------------------------------------------------------- */

static char *json_of(const struct dmk_report *report, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	assert_int_equal(dmk_json_write(out, report, 1), 0);
	fclose(out);
	return text;
}

static void everything(struct dmk_report *report)
{
	struct dmk_report_log *log = dmk_report_grow(&report->log, &report->nr_log, sizeof(*log));
	struct dmk_report_thread *thread = dmk_report_grow(&report->thread, &report->nr_threads,
							   sizeof(*thread));
	char **device = dmk_report_grow(&report->device, &report->nr_devices, sizeof(*device));

	add_finding(report, "STR-04", 10)->warning = true;
	add_finding(report, "CHK-01", 11)->buffer.known = false;
	failed_test(report);
	problem(report);
	machine_died(report);
	log->level = 4;
	log->text = strdup("not UTF-8: \xff, and a tab\t");
	thread->name = strdup("kworker");
	thread->tid = 77;
	add_frame(&thread->stack, "card_work", "/y/card.c", 5, false);
	*device = strdup("edu,dma_mask=0xff");
	report->append = strdup("swiotlb=force");
	report->summary = strdup("a machine");
	report->no_machine = true;
	report->exercised = true;
	report->exercised_files = 2;
	report->exercised_interfaces = 3;
	report->totals.maps = 1ULL << 40;
	report->totals.lost_records = 5;
	report->outcome = DMK_OUTCOME_HUNG;
	report->limit = 2.5;
	report->bound = 3;
	fail_each(report);
}

/* What is read and written again is the same text: nothing is lost or changed on the way. */
static void test_json_there_and_back(void **state)
{
	struct dmk_report report = make("pc"), again;
	char *first, *second;
	size_t size;

	everything(&report);
	first = json_of(&report, &size);
	assert_int_equal(dmk_json_read(first, size, &again), 0);
	second = json_of(&again, &size);
	assert_string_equal(first, second);
	assert_non_null(strstr(first, "\"dma\": \"0xfffffffffffff000\""));
	assert_non_null(strstr(first, "\"seed\": \"18364758544493064720\""));
	free(first);
	free(second);
	dmk_report_clear(&report);
	dmk_report_clear(&again);
}

static void test_json_of_another_kind_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "{", "[]", "7", "{\"runs\": 7}", "{\"runs\": []}", "{\"runs\": [7]}"};
	struct dmk_report report;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(dmk_json_read(wrong[i], strlen(wrong[i]), &report), -EINVAL);
}

/* A damaged report, cut anywhere or with a byte changed, is refused or read: never a crash. */
static void test_json_damaged(void **state)
{
	struct dmk_report report = make("pc"), again;
	uint64_t seed = 20261121;
	size_t size;
	char *text;

	everything(&report);
	text = json_of(&report, &size);
	for (size_t n = 0; n < size; n += 37) {
		if (dmk_json_read(text, n, &again) == 0)
			dmk_report_clear(&again);
	}
	for (unsigned int i = 0; i < 500; i++) {
		char kept;
		size_t at;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		at = (seed >> 33) % size;
		kept = text[at];
		text[at] = (char)(seed >> 25);
		if (dmk_json_read(text, size, &again) == 0)
			dmk_report_clear(&again);
		text[at] = kept;
	}
	free(text);
	dmk_report_clear(&report);
}

/* --- text ------------------------------------------------------------------------------------- */

static void test_CHK_03_text_says_all(void **state)
{
	struct dmk_report report = make("pc");
	char *text;

	add_finding(&report, "STR-04", 123);
	text = text_of(&report, 1);
	assert_non_null(strstr(text, "error STR-04: a title\n"));
	assert_non_null(strstr(text, "what \"happened\" here"));
	assert_non_null(strstr(text, "where     card_read (card.c:123)"));
	assert_non_null(strstr(text, "mapped    card_map (card.c:40)"));
	assert_non_null(
		strstr(text, "single, 256 bytes at DMA 0xfffffffffffff000, physical 0x1000"));
	assert_non_null(strstr(text, "bounced; owned by the device"));
	assert_non_null(strstr(text, "history   mapped: card_step (card.c:40)\n"));
	assert_non_null(strstr(text, "          synced for the CPU: card_step (card.c:44)\n"));
	assert_non_null(strstr(text, "0000:00:01.0, driver card"));
	assert_non_null(strstr(text, "mend      mend it so"));
	assert_non_null(strstr(text, "seen      3 times"));
	assert_non_null(strstr(text, "1 finding"));
	assert_null(strstr(text, "dmk_vfs_read"));
	assert_null(strchr(text, '\033'));
	free(text);
	dmk_report_clear(&report);
}

static void test_CHK_03_same_mistake_on_two_machines_is_shown_once(void **state)
{
	struct dmk_report reports[2] = {make("pc"), make("tiny")};
	char *text;

	add_finding(&reports[0], "STR-04", 123);
	add_finding(&reports[1], "STR-04", 123)->count = 1;
	add_finding(&reports[1], "STR-04", 124); /* another place */
	add_finding(&reports[1], "CHK-01", 123); /* another rule */
	text = text_of(reports, 2);
	assert_int_equal(times(text, "error STR-04"), 2);
	assert_int_equal(times(text, "error CHK-01"), 1);
	assert_non_null(strstr(text, "on pc (3 times), tiny\n"));
	assert_non_null(strstr(text, "3 findings"));
	free(text);
	dmk_report_clear(&reports[0]);
	dmk_report_clear(&reports[1]);
}

/*
 * With many machines the shorter list is shown: those that have the finding, or those that ran and
 * have it not.
 */
static void test_CHK_03_where_a_mistake_was_seen(void **state)
{
	static const char *const machine[] = {"pc", "tiny", "restricted", "pc-isa", "qemu"};
	static const struct {
		const char *what, *counts; /* a digit for each machine; '-': it did not run */
		const char *seen, *sum;
	} row[] = {
		{"all", "1111-", "seen      on all machines\n", "1 finding on all 4 machines"},
		{"all, as often", "33333", "seen      on all machines, 3 times on each\n",
		 "1 finding on all 5 machines"},
		{"all, less and more often", "1532-", "seen      on all machines, 1 to 5 times\n",
		 "1 finding on all 4 machines"},
		{"all but one", "12011", "seen      on all machines but restricted, 1 to 2 times\n",
		 "1 finding on 4 of 5 machines"},
		{"half", "0022-", "seen      on restricted (2 times), pc-isa (2 times)\n",
		 "1 finding on 2 of 4 machines"},
		{"few machines", "11---", "seen      on pc, tiny\n", "1 finding on all 2 machines"},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct dmk_report reports[5];
		char *text;

		for (size_t m = 0; m < 5; m++) {
			reports[m] = make(machine[m]);
			if (row[i].counts[m] == '-')
				reports[m].outcome = DMK_OUTCOME_REFUSED;
			else if (row[i].counts[m] > '0')
				add_finding(&reports[m], "STR-04", 123)->count = row[i].counts[m] -
										 '0';
		}
		text = text_of(reports, 5);
		if (!strstr(text, row[i].seen) || !strstr(text, row[i].sum))
			fail_msg("%s: %s", row[i].what, text);
		free(text);
		for (size_t m = 0; m < 5; m++)
			dmk_report_clear(&reports[m]);
	}
}

static void test_CHK_05_lost_records_come_first(void **state)
{
	struct dmk_report report = make("pc");
	char *text;

	add_finding(&report, "STR-04", 123);
	report.totals.lost_records = 9;
	text = text_of(&report, 1);
	assert_int_equal(strncmp(text, "incomplete: 9 records were lost", 31), 0);
	free(text);
	dmk_report_clear(&report);
}

static void test_clean_run_says_so(void **state)
{
	struct dmk_report report = make("pc");
	char *text;

	add_test(&report, true);
	text = text_of(&report, 1);
	assert_non_null(strstr(text, "no finding, 1 test passed"));
	assert_null(strstr(text, "not clean"));
	free(text);
	dmk_report_clear(&report);
}

static void test_failed_test_names_place_and_seed(void **state)
{
	struct dmk_report report = make("pc");
	char *text;

	add_test(&report, false);
	text = text_of(&report, 1);
	assert_non_null(strstr(text, "test failed: bad"));
	assert_non_null(strstr(text, "test.c:14: expected: 1 == 2"));
	assert_non_null(strstr(text, "--seed 18364758544493064720"));
	assert_non_null(strstr(text, "not clean"));
	free(text);
	dmk_report_clear(&report);
}

/* --- symbols ---------------------------------------------------------------------------------- */

__attribute__((noinline)) static const void *here(void)
{
	return __builtin_return_address(0);
}

static const void *place_in_middle;

static inline __attribute__((always_inline)) void inner(void)
{
	place_in_middle = here();
}

static inline __attribute__((always_inline)) void middle(void)
{
	inner();
}

/*
 * Inlined functions are frames of their own, each with the line it was called from, out to the one
 * that holds them.
 */
static void test_symbols_of_inlined_functions(void **state)
{
	static const char *const names[] = {"inner", "middle", "test_symbols_of_inlined_functions"};
	struct dmk_symbols *symbols = dmk_symbols_self();
	struct dmk_report report = {0};
	struct dmk_stack raw = {.depth = 1};
	unsigned int line;

	assert_non_null(symbols);
	line = __LINE__ + 1;
	middle();
	raw.frame[0] = place_in_middle;
	dmk_symbols_stack(symbols, &raw, false, &report.crash.stack);
	assert_int_equal(report.crash.stack.n, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_string_equal(report.crash.stack.frame[i].function, names[i]);
		assert_int_equal(report.crash.stack.frame[i].inlined, i < 2);
	}
	assert_int_equal(report.crash.stack.frame[2].line, line);
	dmk_report_clear(&report);
	dmk_symbols_free(symbols);
}

static void test_symbols_of_this_program(void **state)
{
	struct dmk_symbols *symbols = dmk_symbols_self();
	struct dmk_report_stack stack = {0};
	struct dmk_stack raw = {.depth = 1};
	unsigned int line;

	assert_non_null(symbols);
	line = __LINE__ + 1;
	raw.frame[0] = here();
	dmk_symbols_stack(symbols, &raw, false, &stack);
	assert_true(stack.n >= 1);
	assert_string_equal(stack.frame[0].function, "test_symbols_of_this_program");
	assert_non_null(stack.frame[0].file);
	assert_non_null(strstr(stack.frame[0].file, "tests/tools/test_report.c"));
	assert_int_equal(stack.frame[0].line, line);
	assert_false(stack.frame[0].ours);
	assert_false(dmk_symbols_is_library(symbols, raw.frame[0]));
	assert_true(dmk_symbols_is_library(symbols, (const char *)(uintptr_t)dmk_report_clear + 1));

	/* a wild address is a frame without a name */
	dmk_symbols_addresses(symbols, &(uint64_t){1}, 1, true, &stack);
	assert_null(stack.frame[stack.n - 1].function);
	for (size_t i = 0; i < stack.n; i++) {
		free(stack.frame[i].function);
		free(stack.frame[i].file);
	}
	free(stack.frame);
	dmk_symbols_free(symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_CHK_05_status),
		cmocka_unit_test(test_json_there_and_back),
		cmocka_unit_test(test_json_of_another_kind_is_refused),
		cmocka_unit_test(test_json_damaged),
		cmocka_unit_test(test_CHK_03_text_says_all),
		cmocka_unit_test(test_CHK_03_same_mistake_on_two_machines_is_shown_once),
		cmocka_unit_test(test_CHK_03_where_a_mistake_was_seen),
		cmocka_unit_test(test_CHK_05_lost_records_come_first),
		cmocka_unit_test(test_clean_run_says_so),
		cmocka_unit_test(test_failed_test_names_place_and_seed),
		cmocka_unit_test(test_STR_12_a_mistake_of_several_failing_calls_is_one),
		cmocka_unit_test(test_STR_12_the_place_that_failed_counts_not_the_number),
		cmocka_unit_test(test_STR_12_what_is_wrong_anyway_is_not_counted),
		cmocka_unit_test(test_symbols_of_this_program),
		cmocka_unit_test(test_symbols_of_inlined_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
