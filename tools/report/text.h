/* SPDX-License-Identifier: MIT */
/* What the texts of one run and of many share. */
#ifndef TOOLS_REPORT_TEXT_H
#define TOOLS_REPORT_TEXT_H

#include "report/report.h"

enum dmk_ink { INK_ERROR, INK_WARNING, INK_BOLD, INK_FAINT, INK_GOOD, INK_NONE };

/** What switches a terminal to that colour; "" where there is none. */
const char *dmk_text_ink(const struct dmk_text_options *options, enum dmk_ink color);

/** A file's name as it is shown: relative to the prefix where it lies below that. */
const char *dmk_text_file(const struct dmk_text_options *options, const char *file);

/** "card_probe (card.c:30)" */
void dmk_text_place(FILE *out, const struct dmk_text_options *options,
		    const struct dmk_report_stack *stack);

/** dmk_text_trouble - in a line, without its end */
void dmk_text_trouble(FILE *out, const struct dmk_text_options *options,
		      const struct dmk_report_trouble *trouble);

/** dmk_text_finding - in full, as in the report of a run, with @seen for how often it was */
void dmk_text_finding(FILE *out, const struct dmk_text_options *options,
		      const struct dmk_report_finding *finding, const char *seen);

/** "" or "s" */
const char *dmk_text_plural(uint64_t n);

#endif
