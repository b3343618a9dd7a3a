/* SPDX-License-Identifier: MIT */
/* Advice of several machines as people see it, and as JSON. What is advised is tests/check's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/report.h"

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

/* A machine whose report has one section of two columns: which call, and how much. */
static struct dmk_report make(const char *machine, bool agree)
{
	static const char *const columns[][3] = {{"call", "call", "text"},
						 {"bytes", "bytes", "bytes"},
						 {"held", "held", "seconds"}};
	struct dmk_report report = {.machine = strdup(machine), .advised = true};
	struct dmk_report_section *section = dmk_report_grow(&report.advice, &report.nr_advice,
							     sizeof(*section));

	section->id = strdup("syncs");
	section->title = strdup("syncs");
	section->sentence = strdup("What they moved.");
	section->agree = agree;
	for (int i = 0; i < 3; i++) {
		struct dmk_report_column *column =
			dmk_report_grow(&section->column, &section->nr_columns, sizeof(*column));

		column->id = strdup(columns[i][0]);
		column->title = strdup(columns[i][1]);
		column->kind = strdup(columns[i][2]);
	}
	return report;
}

static void add(struct dmk_report *report, unsigned int line, const char *advice, uint64_t bytes)
{
	struct dmk_report_section *section = &report->advice[0];
	struct dmk_report_row *row = dmk_report_grow(&section->row, &section->nr_rows,
						     sizeof(*row));
	struct dmk_report_frame *frame = dmk_report_grow(&row->where.frame, &row->where.n,
							 sizeof(*frame));

	frame->function = strdup("card_read");
	frame->file = strdup("/y/card.c");
	frame->line = line;
	row->advice = copy(advice);
	row->weight = bytes;
	for (int i = 0; i < 3; i++) {
		struct dmk_report_cell *cell = dmk_report_grow(&row->cell, &row->nr_cells,
							       sizeof(*cell));

		cell->text = i ? NULL : strdup("dma_sync_single_for_cpu");
		cell->number = i == 1 ? (double)bytes : i == 2 ? 0.001 * line : -1;
	}
}

static char *text_of(const struct dmk_report *reports, size_t n, enum dmk_advice_shown shown)
{
	struct dmk_text_options options = {.prefix = "/y", .advice = shown};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	dmk_text_advice(out, reports, n, &options);
	fclose(out);
	return text;
}

static void expect_text(const struct dmk_report *reports, size_t n, enum dmk_advice_shown shown,
			const char *expected)
{
	char *text = text_of(reports, n, shown);

	assert_string_equal(text ? text : "", expected);
	free(text);
}

static void clear(struct dmk_report *reports, size_t n)
{
	while (n--)
		dmk_report_clear(&reports[n]);
}

static void test_one_machine_short(void **state)
{
	struct dmk_report report = make("pc", false);

	add(&report, 10, "this is the least", 1);
	add(&report, 20, "this is the most", 1000);
	add(&report, 30, NULL, 5000);
	add(&report, 40, "this is in the middle", 50);
	expect_text(
		&report, 1, DMK_ADVICE_SHORT,
		"advice: what could be done with less, apart from findings; --advice all shows all numbers\n"
		"  card.c:20 in card_read\n"
		"    this is the most\n"
		"  card.c:40 in card_read\n"
		"    this is in the middle\n"
		"  card.c:10 in card_read\n"
		"    this is the least\n"
		"\n");
	expect_text(&report, 1, DMK_ADVICE_NONE, "");
	add(&report, 50, "this is little", 2);
	expect_text(
		&report, 1, DMK_ADVICE_SHORT,
		"advice: what could be done with less, apart from findings; the costliest 3 of 4, --advice all shows the "
		"others and all numbers\n"
		"  card.c:20 in card_read\n"
		"    this is the most\n"
		"  card.c:40 in card_read\n"
		"    this is in the middle\n"
		"  card.c:50 in card_read\n"
		"    this is little\n"
		"\n");
	clear(&report, 1);
}

static void test_nothing_to_say_says_nothing(void **state)
{
	struct dmk_report report = make("pc", true), other = {.machine = strdup("tiny")};

	add(&report, 10, NULL, 1);
	expect_text(&report, 1, DMK_ADVICE_SHORT, "");
	expect_text(&other, 1, DMK_ADVICE_ALL, "");
	clear(&report, 1);
	clear(&other, 1);
}

static void test_all_has_the_tables(void **state)
{
	struct dmk_report reports[2] = {make("pc", false), make("tiny", false)};

	add(&reports[0], 10, NULL, 7);
	add(&reports[1], 10, NULL, 7);
	add(&reports[1], 20, NULL, 12345);
	expect_text(
		reports, 2, DMK_ADVICE_ALL,
		"advice: what could be done with less, apart from findings\n"
		"\n"
		"syncs: What they moved.\n"
		"                          call                     bytes       held  on\n"
		"  card.c:10 in card_read  dma_sync_single_for_cpu      7  10.000 ms  pc, tiny\n"
		"  card.c:20 in card_read  dma_sync_single_for_cpu  12345  20.000 ms  tiny\n"
		"\n");
	clear(reports, 2);
}

/* The numbers are those of the machine on which it costs most. */
static void test_two_machines_say_it_once(void **state)
{
	struct dmk_report reports[3] = {make("pc", false), make("tiny", false),
					make("rpi-like", false)};

	add(&reports[0], 10, "copies 5", 5);
	add(&reports[1], 10, "copies 50", 50);
	add(&reports[1], 20, "another line", 2);
	expect_text(
		reports, 3, DMK_ADVICE_SHORT,
		"advice: what could be done with less, apart from findings; --advice all shows all numbers\n"
		"  card.c:10 in card_read\n"
		"    copies 50\n"
		"    on pc, tiny\n"
		"  card.c:20 in card_read\n"
		"    another line\n"
		"    on tiny\n"
		"\n");
	add(&reports[2], 10, "copies 6", 6);
	expect_text(
		reports, 3, DMK_ADVICE_SHORT,
		"advice: what could be done with less, apart from findings; --advice all shows all numbers\n"
		"  card.c:10 in card_read\n"
		"    copies 50\n"
		"    on all 3 machines\n"
		"  card.c:20 in card_read\n"
		"    another line\n"
		"    on tiny\n"
		"\n");
	clear(reports, 3);
}

/* What does nothing on one machine may be needed on another: nobody is told to leave that out. */
static void test_machines_that_must_agree(void **state)
{
	struct dmk_report reports[2] = {make("pc", true), make("rpi-like", true)};
	char *text;

	add(&reports[0], 10, "leave it out", 5);
	expect_text(
		reports, 1, DMK_ADVICE_SHORT,
		"advice: what could be done with less, apart from findings; --advice all shows all numbers\n"
		"  card.c:10 in card_read\n"
		"    leave it out\n"
		"    --machine all tells whether another machine needs it\n"
		"\n");
	expect_text(
		reports, 2, DMK_ADVICE_SHORT,
		"advice: what could be done with less, apart from findings; --advice all shows all numbers\n"
		"  card.c:10 in card_read\n"
		"    leave it out\n"
		"    on pc\n"
		"\n");
	add(&reports[1], 10, NULL, 5);
	expect_text(reports, 2, DMK_ADVICE_SHORT, "");
	text = text_of(reports, 2, DMK_ADVICE_ALL);
	assert_non_null(
		strstr(text, "    leave it out\n    on pc; but not on rpi-like: keep it\n"));
	free(text);
	clear(reports, 2);
}

static void test_long_sentences_are_broken_between_words(void **state)
{
	struct dmk_report report = make("pc", false);
	char *text;

	add(&report, 10,
	    "1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 12345678 x",
	    1);
	text = text_of(&report, 1, DMK_ADVICE_SHORT);
	assert_non_null(strstr(text, "    1234567890 1234567890 1234567890 1234567890 1234567890 "
				     "1234567890 1234567890 1234567890 12345678\n    x\n"));
	free(text);
	clear(&report, 1);
}

static char *json_of(const struct dmk_report *report, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	assert_int_equal(dmk_json_write(out, report, 1), 0);
	fclose(out);
	return text;
}

static void test_json_there_and_back(void **state)
{
	struct dmk_report report = make("pc", true), again;
	char *first, *second;
	size_t size;

	add(&report, 10, "leave it out", 5);
	add(&report, 20, NULL, 1ull << 40);
	report.advice[0].row[1].cell[1].number = -1;
	first = json_of(&report, &size);
	assert_int_equal(dmk_json_read(first, size, &again), 0);
	second = json_of(&again, &size);
	assert_string_equal(first, second);
	assert_non_null(strstr(first, "\"agree\": true"));
	assert_non_null(strstr(first, "\"weight\": 1099511627776"));
	assert_non_null(strstr(first, "\"advice\": \"leave it out\""));
	free(first);
	free(second);
	clear(&report, 1);
	clear(&again, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_machine_short),
		cmocka_unit_test(test_nothing_to_say_says_nothing),
		cmocka_unit_test(test_all_has_the_tables),
		cmocka_unit_test(test_two_machines_say_it_once),
		cmocka_unit_test(test_machines_that_must_agree),
		cmocka_unit_test(test_long_sentences_are_broken_between_words),
		cmocka_unit_test(test_json_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
