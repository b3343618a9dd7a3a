/* SPDX-License-Identifier: MIT */
/*
 * How far many runs are: one line on standard error, written over again and again, and gone at the
 * end. Where that is no terminal there is nothing.
 */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct tool_progress {
	bool live;
	struct timespec started;
};

/** tool_progress_start - the clock runs from here; @wanted: false keeps it silent anywhere */
void tool_progress_start(struct tool_progress *progress, bool wanted);
/**
 * tool_progress_show - @done of @all, and @note (may be ""), what was found. With @all 0, the note
 * alone.
 */
void tool_progress_show(const struct tool_progress *progress, uint64_t done, uint64_t all,
			const char *note);
/** tool_progress_left - seconds that the rest takes when it goes on like that; -1: who knows */
double tool_progress_left(const struct tool_progress *progress, uint64_t done, uint64_t all);
/** tool_progress_end - the line is empty again, for whatever is written next */
void tool_progress_end(const struct tool_progress *progress);

#endif
