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

struct filled {
	const struct dmk_advice_section *from;
	struct dmk_report_section *to;
};

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
	const struct filled *filled = ctx;
	struct dmk_report_row *row = dmk_report_grow(&filled->to->row, &filled->to->nr_rows,
						     sizeof(*row));

	if (!row)
		return false;
	row->advice = from->advice[0] ? strdup(from->advice) : NULL;
	row->weight = from->weight;
	dmk_symbols_stack(dmk_run.symbols, &from->where, false, &row->where);
	for (unsigned int i = 0; i < filled->from->nr_columns; i++)
		copy_cell(from, i, filled->from->column[i].kind, row);
	return true;
}

static void copy_section(struct dmk_advisor *advisor, unsigned int index,
			 const struct dmk_advice_section *from)
{
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
	dmk_advisor_rows(advisor, index, copy_row, &(struct filled){from, to});
}

void dmk_run_advice_collect(void)
{
	struct dmk_advisor *advisor = dmk_boot_advisor();
	const struct dmk_advice_section *section;

	if (!advisor)
		return;
	dmk_run.report.advised = true;
	for (unsigned int i = 0; (section = dmk_advice_section(i)); i++)
		copy_section(advisor, i, section);
}
