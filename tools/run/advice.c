/* SPDX-License-Identifier: MIT */
/* From the advisor's tables to a report's, with names and lines in them. */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

bool dmk_run_wants_advice(void)
{
	return dmk_run.options.advice != DMK_ADVICE_NONE && !dmk_run.options.no_checker &&
	       !dmk_run.options.fail && !dmk_run.options.count_calls;
}

static const char *const kind_name[] = {
	[DMK_ADVICE_TEXT] = "text",
	[DMK_ADVICE_COUNT] = "count",
	[DMK_ADVICE_BYTES] = "bytes",
	[DMK_ADVICE_NANOSECONDS] = "seconds",
};

/* A line has a row in several sections, and names take time: each stack is looked up once. */
struct named {
	struct dmk_stack code;
	struct dmk_report_stack names; /* a row's */
};

struct filled {
	const struct dmk_advice_section *from;
	struct dmk_report_section *to;
	struct named *named;
	size_t nr_named;
};

static void copy_names(const struct dmk_report_stack *from, struct dmk_report_stack *to)
{
	for (size_t i = 0; i < from->n; i++) {
		struct dmk_report_frame *frame = dmk_report_grow(&to->frame, &to->n,
								 sizeof(*frame));

		if (!frame)
			return;
		*frame = from->frame[i];
		frame->function = frame->function ? strdup(frame->function) : NULL;
		frame->file = frame->file ? strdup(frame->file) : NULL;
	}
}

static bool same_code(const struct dmk_stack *a, const struct dmk_stack *b)
{
	return a->depth == b->depth && !memcmp(a->frame, b->frame, a->depth * sizeof(a->frame[0]));
}

static void name(struct filled *filled, const struct dmk_stack *code, struct dmk_report_stack *to)
{
	struct named *named;

	for (size_t i = 0; i < filled->nr_named; i++) {
		if (!same_code(&filled->named[i].code, code))
			continue;
		copy_names(&filled->named[i].names, to);
		return;
	}
	dmk_symbols_stack(dmk_run.symbols, code, false, to);
	named = dmk_report_grow(&filled->named, &filled->nr_named, sizeof(*named));
	if (named)
		*named = (struct named){*code, *to};
}

static void copy_cell(const struct dmk_advice_row *from, unsigned int i, enum dmk_advice_kind kind,
		      struct dmk_report_row *to)
{
	struct dmk_report_cell *cell = dmk_report_grow(&to->cell, &to->nr_cells, sizeof(*cell));
	const uint64_t number = from->cell[i].number;

	if (!cell)
		return;
	cell->number = number == DMK_ADVICE_UNKNOWN     ? -1
		       : kind == DMK_ADVICE_NANOSECONDS ? (double)number / 1e9
							: (double)number;
	if (kind == DMK_ADVICE_TEXT)
		cell->text = strdup(from->cell[i].text);
}

static bool copy_row(void *ctx, const struct dmk_advice_row *from)
{
	struct filled *filled = ctx;
	struct dmk_report_row *row = dmk_report_grow(&filled->to->row, &filled->to->nr_rows,
						     sizeof(*row));

	if (!row)
		return false;
	row->advice = from->advice[0] ? strdup(from->advice) : NULL;
	row->weight = from->weight;
	name(filled, &from->where, &row->where);
	for (unsigned int i = 0; i < filled->from->nr_columns; i++)
		copy_cell(from, i, filled->from->column[i].kind, row);
	return true;
}

static void copy_section(struct dmk_advisor *advisor, unsigned int index, struct filled *filled)
{
	const struct dmk_advice_section *from = filled->from;
	struct dmk_report *report = &dmk_run.report;
	struct dmk_report_section *to = dmk_report_grow(&report->advice, &report->nr_advice,
							sizeof(*to));

	if (!to)
		return;
	to->id = strdup(from->id);
	to->title = strdup(from->title);
	to->sentence = strdup(from->sentence);
	to->agree = from->agree;
	for (unsigned int i = 0; i < from->nr_columns; i++) {
		struct dmk_report_column *column = dmk_report_grow(&to->column, &to->nr_columns,
								   sizeof(*column));

		if (!column)
			return;
		column->id = strdup(from->column[i].id);
		column->title = strdup(from->column[i].title);
		column->kind = strdup(kind_name[from->column[i].kind]);
	}
	filled->to = to;
	dmk_advisor_rows(advisor, index, copy_row, filled);
}

void dmk_run_advice_collect(void)
{
	struct dmk_advisor *advisor = dmk_boot_advisor();
	struct filled filled = {.named = NULL};

	if (!advisor)
		return;
	dmk_run.report.advised = true;
	for (unsigned int i = 0; (filled.from = dmk_advice_section(i)); i++)
		copy_section(advisor, i, &filled);
	free(filled.named);
}
