/* SPDX-License-Identifier: MIT */
/*
 * A report from its JSON, so that `dmakit check` can merge what several programs reported. The text
 * comes from a program that ran a driver and may have been damaged by it: anything of another type
 * than expected counts as not there.
 */
#include "report/json.h"
#include "report/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void read_stack(const json_t *array, struct dmk_report_stack *stack)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_report_frame *frame = dmk_report_grow(&stack->frame, &stack->n,
								 sizeof(*frame));

		if (!frame)
			return;
		read_frame(item, frame);
	}
}

static void read_history(const json_t *array, struct dmk_report_finding *finding)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_report_step *step = dmk_report_grow(&finding->history,
							       &finding->nr_history, sizeof(*step));

		if (!step)
			return;
		step->what = text_in(item, "what");
		read_stack(json_object_get(item, "where"), &step->where);
	}
}

static void read_finding(const json_t *item, struct dmk_report_finding *finding)
{
	const json_t *buffer = json_object_get(item, "buffer");
	const char *severity = json_string_value(json_object_get(item, "severity"));

	finding->rule = text_in(item, "rule");
	finding->title = text_in(item, "title");
	finding->warning = severity && !strcmp(severity, "warning");
	finding->count = number_in(item, "count");
	finding->device = text_in(item, "device");
	finding->driver = text_in(item, "driver");
	finding->what = text_in(item, "what");
	finding->mend = text_in(item, "mend");
	finding->mapped_label = text_in(item, "mapped_label");
	read_stack(json_object_get(item, "where"), &finding->where);
	read_stack(json_object_get(item, "mapped"), &finding->mapped);
	read_history(json_object_get(item, "history"), finding);
	finding->suppressed = text_in(item, "suppressed");
	if (!json_is_object(buffer))
		return;
	finding->buffer.known = true;
	finding->buffer.kind = text_in(buffer, "kind");
	finding->buffer.owner = text_in(buffer, "owner");
	finding->buffer.direction = text_in(buffer, "direction");
	finding->buffer.dma = number_in(buffer, "dma");
	finding->buffer.phys = number_in(buffer, "phys");
	finding->buffer.cpu = number_in(buffer, "cpu");
	finding->buffer.size = number_in(buffer, "size");
	finding->buffer.bounced = true_in(buffer, "bounced");
}

static void read_findings(const json_t *array, struct dmk_report_finding **list, size_t *n)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_report_finding *finding = dmk_report_grow(list, n, sizeof(*finding));

		if (!finding)
			return;
		read_finding(item, finding);
	}
}

static void read_suppressions(const json_t *array, struct dmk_report *report)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_report_suppression *told = dmk_report_grow(&report->suppression,
								      &report->nr_suppressions,
								      sizeof(*told));

		if (!told)
			return;
		told->name = text_in(item, "name");
		told->file = text_in(item, "file");
		told->line = number_in(item, "line");
		told->used = number_in(item, "used");
	}
}

static void read_totals(const json_t *totals, struct dmk_check_totals *out)
{
	out->maps = number_in(totals, "maps");
	out->unmaps = number_in(totals, "unmaps");
	out->syncs = number_in(totals, "syncs");
	out->bounced = number_in(totals, "bounced");
	out->allocs = number_in(totals, "allocs");
	out->frees = number_in(totals, "frees");
	out->device_accesses = number_in(totals, "device_accesses");
	out->bytes_mapped = number_in(totals, "bytes_mapped");
	out->bytes_bounced = number_in(totals, "bytes_bounced");
	out->leaks = number_in(totals, "leaks");
	out->lost_records = number_in(totals, "lost_records");
	out->live_high_water = number_in(totals, "live_high_water");
}

static void read_cells(const json_t *array, struct dmk_report_row *row)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_report_cell *cell = dmk_report_grow(&row->cell, &row->nr_cells,
							       sizeof(*cell));

		if (!cell)
			return;
		cell->number = json_is_number(item) ? json_number_value(item) : -1;
		cell->text = json_is_string(item) ? strdup(json_string_value(item)) : NULL;
	}
}

static void read_rows(const json_t *array, struct dmk_report_section *section)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_report_row *row = dmk_report_grow(&section->row, &section->nr_rows,
							     sizeof(*row));

		if (!row)
			return;
		row->advice = text_in(item, "advice");
		row->weight = number_in(item, "weight");
		read_stack(json_object_get(item, "where"), &row->where);
		read_cells(json_object_get(item, "cells"), row);
	}
}

static void read_columns(const json_t *array, struct dmk_report_section *section)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_report_column *column =
			dmk_report_grow(&section->column, &section->nr_columns, sizeof(*column));

		if (!column)
			return;
		column->id = text_in(item, "id");
		column->title = text_in(item, "title");
		column->kind = text_in(item, "kind");
		if (!column->kind)
			column->kind = strdup("text");
	}
}

static void read_advice(const json_t *advice, struct dmk_report *report)
{
	const json_t *item;
	size_t i;

	report->advised = json_is_object(advice);
	json_array_foreach(json_object_get(advice, "sections"), i, item)
	{
		struct dmk_report_section *section =
			dmk_report_grow(&report->advice, &report->nr_advice, sizeof(*section));

		if (!section)
			return;
		section->id = text_in(item, "id");
		section->title = text_in(item, "title");
		section->sentence = text_in(item, "sentence");
		section->agree = true_in(item, "agree");
		read_columns(json_object_get(item, "columns"), section);
		read_rows(json_object_get(item, "rows"), section);
	}
}

static void read_failures(const json_t *array, struct dmk_report_test *test)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_report_failure *failure =
			dmk_report_grow(&test->failure, &test->nr_failures, sizeof(*failure));

		if (!failure)
			return;
		failure->text = text_in(item, "text");
		failure->file = text_in(item, "file");
		failure->line = number_in(item, "line");
	}
}

static void read_tests(const json_t *array, struct dmk_report *report)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_report_test *test = dmk_report_grow(&report->test, &report->nr_tests,
							       sizeof(*test));

		if (!test)
			return;
		test->name = text_in(item, "name");
		test->file = text_in(item, "file");
		test->line = number_in(item, "line");
		test->passed = true_in(item, "passed");
		test->seconds = json_number_value(json_object_get(item, "seconds"));
		read_failures(json_object_get(item, "failures"), test);
	}
}

static void read_strings(const json_t *array, char ***list, size_t *n)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		char **string = dmk_report_grow(list, n, sizeof(*string));

		if (string)
			*string = strdup(json_is_string(item) ? json_string_value(item) : "");
	}
}

static void read_threads(const json_t *array, struct dmk_report *report)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_report_thread *thread =
			dmk_report_grow(&report->thread, &report->nr_threads, sizeof(*thread));

		if (!thread)
			return;
		thread->name = text_in(item, "name");
		thread->tid = (int)number_in(item, "tid");
		read_stack(json_object_get(item, "stack"), &thread->stack);
	}
}

static void read_log(const json_t *array, struct dmk_report *report)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct dmk_report_log *line = dmk_report_grow(&report->log, &report->nr_log,
							      sizeof(*line));

		if (!line)
			return;
		line->level = (int)number_in(item, "level");
		line->text = text_in(item, "text");
	}
}

static void read_troubles(const json_t *array, struct dmk_report_troubles *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		const char *name = json_string_value(json_object_get(item, "kind"));
		const json_t *finding = json_object_get(item, "finding");
		struct dmk_report_trouble *trouble = dmk_report_grow(&list->item, &list->n,
								     sizeof(*trouble));

		if (!trouble)
			return;
		while (name && trouble->kind + 1 < DMK_TROUBLE_KINDS &&
		       strcmp(dmk_trouble_name(trouble->kind), name))
			trouble->kind++;
		trouble->runs = number_in(item, "runs");
		trouble->first = number_in(item, "first");
		trouble->text = text_in(item, "text");
		trouble->repeat = text_in(item, "repeat");
		read_stack(json_object_get(item, "where"), &trouble->where);
		if (json_is_object(finding))
			read_finding(finding, &trouble->finding);
	}
}

static void read_site(const json_t *item, struct dmk_report_site *site)
{
	const json_t *number;
	size_t i;

	site->kind = text_in(item, "kind");
	site->left_out = number_in(item, "left_out");
	site->failed = number_in(item, "failed");
	site->bad = number_in(item, "bad");
	site->unbound = number_in(item, "unbound");
	site->untested = number_in(item, "untested");
	site->first_untested = number_in(item, "first_untested");
	read_stack(json_object_get(item, "where"), &site->where);
	read_troubles(json_object_get(item, "troubles"), &site->trouble);
	json_array_foreach(json_object_get(item, "numbers"), i, number)
	{
		uint64_t *slot = dmk_report_grow(&site->number, &site->calls, sizeof(*slot));

		if (slot)
			*slot = (uint64_t)json_integer_value(number);
	}
}

static struct dmk_report_each *read_each(const json_t *object)
{
	struct dmk_report_each *each = json_is_object(object) ? calloc(1, sizeof(*each)) : NULL;
	const json_t *item;
	size_t i;

	if (!each)
		return NULL;
	each->calls = number_in(object, "calls");
	each->runs = number_in(object, "runs");
	each->left_out = number_in(object, "left_out");
	each->astray = number_in(object, "astray");
	each->seconds = json_number_value(json_object_get(object, "seconds"));
	each->stopped = true_in(object, "stopped");
	read_troubles(json_object_get(object, "troubles"), &each->trouble);
	json_array_foreach(json_object_get(object, "sites"), i, item)
	{
		struct dmk_report_site *site = dmk_report_grow(&each->site, &each->nr_sites,
							       sizeof(*site));

		if (site)
			read_site(item, site);
	}
	return each;
}

static struct dmk_report_explore *read_explore(const json_t *object)
{
	struct dmk_report_explore *explore = json_is_object(object) ? calloc(1, sizeof(*explore))
								    : NULL;

	if (!explore)
		return NULL;
	explore->first = number_in(object, "first");
	explore->seeds = number_in(object, "seeds");
	explore->runs = number_in(object, "runs");
	explore->clean = number_in(object, "clean");
	explore->seconds = json_number_value(json_object_get(object, "seconds"));
	explore->stopped = true_in(object, "stopped");
	read_troubles(json_object_get(object, "troubles"), &explore->trouble);
	return explore;
}

static void read_unwatched(const json_t *from, struct dmk_report *report)
{
	const json_t *item;
	size_t i;

	report->unwatched.mappings = number_in(from, "mappings");
	json_array_foreach(json_object_get(from, "places"), i, item)
	{
		struct dmk_report_unwatched *place = dmk_report_grow(
			&report->unwatched.place, &report->unwatched.nr_places, sizeof(*place));

		if (!place)
			return;
		place->mappings = number_in(item, "mappings");
		read_stack(json_object_get(item, "where"), &place->where);
	}
}

static enum dmk_report_outcome outcome_in(const json_t *run)
{
	const char *text = json_string_value(json_object_get(run, "outcome"));

	if (text && !strcmp(text, "done"))
		return DMK_OUTCOME_DONE;
	if (text && !strcmp(text, "crashed"))
		return DMK_OUTCOME_CRASHED;
	if (text && !strcmp(text, "hung"))
		return DMK_OUTCOME_HUNG;
	return DMK_OUTCOME_REFUSED;
}

static void read_run(const json_t *run, struct dmk_report *report)
{
	const json_t *crash = json_object_get(run, "crash"), *hang = json_object_get(run, "hang");
	const json_t *exercise = json_object_get(run, "exercise");
	const json_t *fail = json_object_get(run, "fail");

	report->outcome = outcome_in(run);
	report->error = text_in(run, "error");
	report->watched = text_in(run, "watched");
	read_unwatched(json_object_get(run, "unwatched"), report);
	report->no_device = true_in(run, "no_device");
	report->no_machine = true_in(run, "no_machine");
	report->skipped = true_in(run, "skipped");
	report->machine = text_in(run, "machine");
	report->summary = text_in(run, "summary");
	report->append = text_in(run, "append");
	report->seed = number_in(run, "seed");
	read_strings(json_object_get(run, "devices"), &report->device, &report->nr_devices);
	report->bound = number_in(run, "bound_devices");
	report->seconds = json_number_value(json_object_get(run, "seconds"));
	report->crash.signal = text_in(crash, "signal");
	report->crash.text = text_in(crash, "text");
	report->crash.bias = number_in(crash, "bias");
	read_stack(json_object_get(crash, "stack"), &report->crash.stack);
	report->limit = json_number_value(json_object_get(hang, "limit"));
	read_threads(json_object_get(hang, "threads"), report);
	read_findings(json_object_get(run, "live"), &report->live, &report->nr_live);
	report->machine_died = text_in(run, "machine_died");
	read_findings(json_object_get(run, "findings"), &report->finding, &report->nr_findings);
	read_findings(json_object_get(run, "suppressed"), &report->suppressed,
		      &report->nr_suppressed);
	read_suppressions(json_object_get(run, "suppressions"), report);
	read_totals(json_object_get(run, "totals"), &report->totals);
	read_advice(json_object_get(run, "advice"), report);
	report->fail.wanted = number_in(fail, "wanted");
	report->fail.calls = number_in(fail, "calls");
	report->fail.failed = true_in(fail, "failed");
	report->fail.kind = text_in(fail, "kind");
	read_stack(json_object_get(fail, "where"), &report->fail.where);
	report->each = read_each(json_object_get(run, "fail_each"));
	report->explore = read_explore(json_object_get(run, "explore"));
	read_strings(json_object_get(run, "problems"), &report->problem, &report->nr_problems);
	read_tests(json_object_get(run, "tests"), report);
	report->exercised = json_is_object(exercise);
	report->exercised_files = number_in(exercise, "files");
	report->exercised_disks = number_in(exercise, "disks");
	report->exercised_interfaces = number_in(exercise, "interfaces");
	report->exercised_calls = number_in(exercise, "calls");
	read_log(json_object_get(run, "log"), report);
	report->log_dropped = number_in(run, "log_dropped");
	report->timeline = dmk_timeline_read(json_object_get(run, "timeline"));
}

int dmk_json_read(const char *text, size_t size, struct dmk_report *report)
{
	json_t *root = json_loadb(text, size, JSON_DISABLE_EOF_CHECK, NULL);
	const json_t *run = json_array_get(json_object_get(root, "runs"), 0);

	memset(report, 0, sizeof(*report));
	if (!json_is_object(run)) {
		json_decref(root);
		return -EINVAL;
	}
	read_run(run, report);
	json_decref(root);
	return 0;
}
