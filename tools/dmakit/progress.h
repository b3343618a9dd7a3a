/* SPDX-License-Identifier: MIT */
/*
 * How far many runs are: one line on standard error, written over again and again, and gone at the
 * end. Where that is no terminal there is nothing.
 */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include "report/report.h"

#include <time.h>

struct tool_progress {
	bool live;
	struct timespec started;
	uint64_t done, all;
	uint64_t of[DMK_TROUBLE_KINDS]; /* of those done: by the worst that they had */
};

/** tool_progress_start - the clock runs from here; @wanted: false keeps it silent anywhere */
void tool_progress_start(struct tool_progress *progress, bool wanted, uint64_t all);
/** tool_progress_count - one more is done; DMK_TROUBLE_KINDS: nothing was wrong with it */
void tool_progress_count(struct tool_progress *progress, enum dmk_trouble_kind worst);
void tool_progress_show(const struct tool_progress *progress);
/** tool_progress_say - these words instead, until the next show */
void tool_progress_say(const struct tool_progress *progress, const char *words);
/** tool_progress_left - seconds that the rest takes when it goes on like that; -1: who knows */
double tool_progress_left(const struct tool_progress *progress);
/** tool_progress_end - the line is empty again, for whatever is written next */
void tool_progress_end(const struct tool_progress *progress);

#endif
