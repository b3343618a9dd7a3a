/* SPDX-License-Identifier: MIT */
/*
 * Reports for programs: JSON, by jansson. docs/JSON.md and docs/report.schema.json describe it;
 * whatever is added here is added there. Addresses are strings in hexadecimal, since a JSON number
 * may not hold 64 bits.
 */
#include "report/json.h"
#include "report/timeline.h"

#include <errno.h>
#include <string.h>

static json_t *stack_of(const struct dmk_report_stack *stack)
{
	json_t *array = json_array();

	for (size_t i = 0; i < stack->n; i++)
		json_array_append_new(array, frame_of(&stack->frame[i]));
	return array;
}

static json_t *buffer_of(const struct dmk_report_finding *finding)
{
	if (!finding->buffer.known)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:b, s:o}", "kind",
			 text_of(finding->buffer.kind), "dma", hex_of(finding->buffer.dma), "phys",
			 hex_of(finding->buffer.phys), "cpu", hex_of(finding->buffer.cpu), "size",
			 (json_int_t)finding->buffer.size, "direction",
			 text_of(finding->buffer.direction), "bounced", finding->buffer.bounced,
			 "owner", text_of(finding->buffer.owner));
}

static json_t *history_of(const struct dmk_report_finding *finding)
{
	json_t *array = json_array();

	for (size_t i = 0; i < finding->nr_history; i++)
		json_array_append_new(array, json_pack("{s:o, s:o}", "what",
						       text_of(finding->history[i].what), "where",
						       stack_of(&finding->history[i].where)));
	return array;
}

static json_t *finding_of(const struct dmk_report_finding *finding)
{
	json_t *object =
		json_pack("{s:o, s:o, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			  "rule", text_of(finding->rule), "title", text_of(finding->title),
			  "severity", finding->warning ? "warning" : "error", "count",
			  (json_int_t)finding->count, "device", text_of(finding->device), "driver",
			  text_of(finding->driver), "what", text_of(finding->what), "mend",
			  text_of(finding->mend), "buffer", buffer_of(finding), "where",
			  stack_of(&finding->where), "mapped", stack_of(&finding->mapped),
			  "mapped_label", text_of(finding->mapped_label), "history",
			  history_of(finding));

	if (finding->suppressed)
		json_object_set_new(object, "suppressed", text_of(finding->suppressed));
	return object;
}

static json_t *findings_of(const struct dmk_report_finding *finding, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, finding_of(&finding[i]));
	return array;
}

static json_t *totals_of(const struct dmk_check_totals *totals)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "maps",
			 (json_int_t)totals->maps, "unmaps", (json_int_t)totals->unmaps, "syncs",
			 (json_int_t)totals->syncs, "bounced", (json_int_t)totals->bounced,
			 "allocs", (json_int_t)totals->allocs, "frees", (json_int_t)totals->frees,
			 "device_accesses", (json_int_t)totals->device_accesses, "bytes_mapped",
			 (json_int_t)totals->bytes_mapped, "bytes_bounced",
			 (json_int_t)totals->bytes_bounced, "leaks", (json_int_t)totals->leaks,
			 "lost_records", (json_int_t)totals->lost_records, "live_high_water",
			 (json_int_t)totals->live_high_water);
}

static json_t *cell_of(const struct dmk_report_column *column, const struct dmk_report_cell *cell)
{
	if (!strcmp(column->kind, "text"))
		return text_of(cell->text);
	if (cell->number < 0)
		return json_null();
	if (!strcmp(column->kind, "seconds"))
		return json_real(cell->number);
	return json_integer((json_int_t)cell->number);
}

static json_t *rows_of(const struct dmk_report_section *section)
{
	json_t *array = json_array();

	for (size_t i = 0; i < section->nr_rows; i++) {
		const struct dmk_report_row *row = &section->row[i];
		json_t *cells = json_array();

		for (size_t j = 0; j < row->nr_cells && j < section->nr_columns; j++)
			json_array_append_new(cells, cell_of(&section->column[j], &row->cell[j]));
		json_array_append_new(array, json_pack("{s:o, s:o, s:I, s:o}", "cells", cells,
						       "advice", text_of(row->advice), "weight",
						       (json_int_t)row->weight, "where",
						       stack_of(&row->where)));
	}
	return array;
}

static json_t *columns_of(const struct dmk_report_section *section)
{
	json_t *array = json_array();

	for (size_t i = 0; i < section->nr_columns; i++)
		json_array_append_new(array,
				      json_pack("{s:o, s:o, s:o}", "id",
						text_of(section->column[i].id), "title",
						text_of(section->column[i].title), "kind",
						text_of(section->column[i].kind)));
	return array;
}

static json_t *advice_of(const struct dmk_report *report)
{
	json_t *sections;

	if (!report->advised)
		return json_null();
	sections = json_array();
	for (size_t i = 0; i < report->nr_advice; i++) {
		const struct dmk_report_section *section = &report->advice[i];

		json_array_append_new(sections,
				      json_pack("{s:o, s:o, s:o, s:b, s:o, s:o}", "id",
						text_of(section->id), "title",
						text_of(section->title), "sentence",
						text_of(section->sentence), "agree", section->agree,
						"columns", columns_of(section), "rows",
						rows_of(section)));
	}
	return json_pack("{s:o}", "sections", sections);
}

static json_t *test_of(const struct dmk_report_test *test)
{
	json_t *failures = json_array();

	for (size_t i = 0; i < test->nr_failures; i++)
		json_array_append_new(failures, json_pack("{s:o, s:o, s:I}", "text",
							  text_of(test->failure[i].text), "file",
							  text_of(test->failure[i].file), "line",
							  (json_int_t)test->failure[i].line));
	return json_pack("{s:o, s:o, s:I, s:b, s:f, s:o}", "name", text_of(test->name), "file",
			 text_of(test->file), "line", (json_int_t)test->line, "passed",
			 test->passed, "seconds", test->seconds, "failures", failures);
}

static json_t *tests_of(const struct dmk_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->nr_tests; i++)
		json_array_append_new(array, test_of(&report->test[i]));
	return array;
}

static json_t *strings_of(char *const *string, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, text_of(string[i]));
	return array;
}

static json_t *crash_of(const struct dmk_report *report)
{
	if (report->outcome != DMK_OUTCOME_CRASHED)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "signal", text_of(report->crash.signal), "text",
			 text_of(report->crash.text), "stack", stack_of(&report->crash.stack),
			 "bias", hex_of(report->crash.bias));
}

static json_t *hang_of(const struct dmk_report *report)
{
	json_t *threads;

	if (report->outcome != DMK_OUTCOME_HUNG)
		return json_null();
	threads = json_array();
	for (size_t i = 0; i < report->nr_threads; i++)
		json_array_append_new(threads, json_pack("{s:o, s:I, s:o}", "name",
							 text_of(report->thread[i].name), "tid",
							 (json_int_t)report->thread[i].tid, "stack",
							 stack_of(&report->thread[i].stack)));
	return json_pack("{s:f, s:o}", "limit", report->limit, "threads", threads);
}

static json_t *log_of(const struct dmk_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->nr_log; i++)
		json_array_append_new(array, json_pack("{s:i, s:o}", "level", report->log[i].level,
						       "text", text_of(report->log[i].text)));
	return array;
}

static json_t *exercise_of(const struct dmk_report *report)
{
	if (!report->exercised)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I}", "files", (json_int_t)report->exercised_files,
			 "disks", (json_int_t)report->exercised_disks, "interfaces",
			 (json_int_t)report->exercised_interfaces, "calls",
			 (json_int_t)report->exercised_calls);
}

static json_t *fail_of(const struct dmk_report *report)
{
	if (!report->fail.wanted)
		return json_null();
	return json_pack("{s:I, s:I, s:b, s:o, s:o}", "wanted", (json_int_t)report->fail.wanted,
			 "calls", (json_int_t)report->fail.calls, "failed", report->fail.failed,
			 "kind", text_of(report->fail.kind), "where",
			 stack_of(&report->fail.where));
}

static json_t *suppressions_of(const struct dmk_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->nr_suppressions; i++)
		json_array_append_new(array,
				      json_pack("{s:o, s:o, s:I, s:I}", "name",
						text_of(report->suppression[i].name), "file",
						text_of(report->suppression[i].file), "line",
						(json_int_t)report->suppression[i].line, "used",
						(json_int_t)report->suppression[i].used));
	return array;
}

static json_t *troubles_of(const struct dmk_report_troubles *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct dmk_report_trouble *trouble = &list->item[i];

		json_array_append_new(
			array, json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o}", "kind",
					 dmk_trouble_name(trouble->kind), "runs",
					 (json_int_t)trouble->runs,
					 /* a seed may have all 64 bits */
					 "first", json_sprintf("%" PRIu64, trouble->first), "text",
					 text_of(trouble->text), "finding",
					 trouble->finding.rule ? finding_of(&trouble->finding)
							       : json_null(),
					 "where", stack_of(&trouble->where), "repeat",
					 text_of(trouble->repeat)));
	}
	return array;
}

static json_t *numbers_of(const struct dmk_report_site *site)
{
	json_t *array = json_array();

	for (size_t i = 0; i < site->calls; i++)
		json_array_append_new(array, json_integer((json_int_t)site->number[i]));
	return array;
}

static json_t *sites_of(const struct dmk_report_each *each)
{
	json_t *array = json_array();

	for (size_t i = 0; i < each->nr_sites; i++) {
		const struct dmk_report_site *site = &each->site[i];

		json_array_append_new(
			array,
			json_pack("{s:o, s:o, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "kind",
				  text_of(site->kind), "where", stack_of(&site->where), "outcome",
				  dmk_report_site_outcome(site), "numbers", numbers_of(site),
				  "left_out", (json_int_t)site->left_out, "failed",
				  (json_int_t)site->failed, "bad", (json_int_t)site->bad, "unbound",
				  (json_int_t)site->unbound, "untested", (json_int_t)site->untested,
				  "first_untested", (json_int_t)site->first_untested, "troubles",
				  troubles_of(&site->trouble)));
	}
	return array;
}

static json_t *each_of(const struct dmk_report_each *each)
{
	if (!each)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:f, s:b, s:o, s:o}", "calls",
			 (json_int_t)each->calls, "runs", (json_int_t)each->runs, "left_out",
			 (json_int_t)each->left_out, "astray", (json_int_t)each->astray, "seconds",
			 each->seconds, "stopped", each->stopped, "sites", sites_of(each),
			 "troubles", troubles_of(&each->trouble));
}

static json_t *explore_of(const struct dmk_report_explore *explore)
{
	if (!explore)
		return json_null();
	return json_pack("{s:o, s:I, s:I, s:I, s:f, s:b, s:o}", "first",
			 json_sprintf("%" PRIu64, explore->first), "seeds",
			 (json_int_t)explore->seeds, "runs", (json_int_t)explore->runs, "clean",
			 (json_int_t)explore->clean, "seconds", explore->seconds, "stopped",
			 explore->stopped, "troubles", troubles_of(&explore->trouble));
}

static json_t *unwatched_of(const struct dmk_report *report)
{
	json_t *places = json_array();

	for (size_t i = 0; i < report->unwatched.nr_places; i++)
		json_array_append_new(
			places, json_pack("{s:I, s:o}", "mappings",
					  (json_int_t)report->unwatched.place[i].mappings, "where",
					  stack_of(&report->unwatched.place[i].where)));
	return json_pack("{s:I, s:o}", "mappings", (json_int_t)report->unwatched.mappings, "places",
			 places);
}

static json_t *run_of(const struct dmk_report *report)
{
	static const char *const outcome[] = {"done", "crashed", "hung", "refused"};
	json_t *run = json_object();

	json_object_set_new(run, "machine", text_of(report->machine));
	json_object_set_new(run, "summary", text_of(report->summary));
	json_object_set_new(run, "append", text_of(report->append));
	/* a seed may have all 64 bits */
	json_object_set_new(run, "seed", json_sprintf("%" PRIu64, report->seed));
	json_object_set_new(run, "devices", strings_of(report->device, report->nr_devices));
	json_object_set_new(run, "bound_devices", json_integer(report->bound));
	json_object_set_new(run, "seconds", json_real(report->seconds));
	json_object_set_new(run, "status", json_integer(dmk_report_status(report)));
	json_object_set_new(run, "outcome", json_string(outcome[report->outcome]));
	json_object_set_new(run, "error", text_of(report->error));
	json_object_set_new(run, "watched", text_of(report->watched));
	json_object_set_new(run, "unwatched", unwatched_of(report));
	json_object_set_new(run, "no_device", json_boolean(report->no_device));
	json_object_set_new(run, "no_machine", json_boolean(report->no_machine));
	json_object_set_new(run, "skipped", json_boolean(report->skipped));
	json_object_set_new(run, "crash", crash_of(report));
	json_object_set_new(run, "hang", hang_of(report));
	json_object_set_new(run, "live", findings_of(report->live, report->nr_live));
	json_object_set_new(run, "machine_died", text_of(report->machine_died));
	json_object_set_new(run, "findings", findings_of(report->finding, report->nr_findings));
	json_object_set_new(run, "suppressed",
			    findings_of(report->suppressed, report->nr_suppressed));
	json_object_set_new(run, "suppressions", suppressions_of(report));
	json_object_set_new(run, "totals", totals_of(&report->totals));
	json_object_set_new(run, "advice", advice_of(report));
	json_object_set_new(run, "fail", fail_of(report));
	json_object_set_new(run, "fail_each", each_of(report->each));
	json_object_set_new(run, "explore", explore_of(report->explore));
	json_object_set_new(run, "problems", strings_of(report->problem, report->nr_problems));
	json_object_set_new(run, "tests", tests_of(report));
	json_object_set_new(run, "exercise", exercise_of(report));
	json_object_set_new(run, "log", log_of(report));
	json_object_set_new(run, "log_dropped", json_integer((json_int_t)report->log_dropped));
	json_object_set_new(run, "timeline", dmk_timeline_json(report->timeline));
	return run;
}

int dmk_json_write(FILE *out, const struct dmk_report *reports, size_t n)
{
	json_t *runs = json_array(), *root;
	int status = n ? dmk_report_status(&reports[0]) : 0, result;
	size_t layout = JSON_INDENT(1);

	for (size_t i = 0; i < n; i++) {
		/* a line for each number of each event would be no help to anybody */
		if (reports[i].timeline)
			layout = JSON_COMPACT;
		status = dmk_report_worse(status, dmk_report_status(&reports[i]));
		json_array_append_new(runs, run_of(&reports[i]));
	}
	root = json_pack("{s:s, s:i, s:i, s:o}", "format", "dmakit report", "version", 1, "status",
			 status, "runs", runs);
	if (!root)
		return -ENOMEM;
	result = json_dumpf(root, out, layout | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
	json_decref(root);
	if (result < 0 || fputc('\n', out) == EOF || fflush(out) == EOF)
		return -EIO;
	return 0;
}
