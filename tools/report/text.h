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

#endif
