/* SPDX-License-Identifier: MIT */
/*
 * The recorder: an observer that keeps a timeline of what happened to each buffer and device
 * (report/timeline.h). It stands before the checker, so that a finding comes after its event.
 *
 * What it keeps is bounded: the first half and the last half of as many events as it may have, and
 * how many were dropped between; besides, what is mapped now, and what a kept event names.
 */
#ifndef TOOLS_RUN_RECORD_H
#define TOOLS_RUN_RECORD_H

#include "report/timeline.h"

#include <dmakit/check.h>
#include <dmakit/observer.h>

enum { DMK_RECORDER_EVENTS = 100000 };

struct dmk_recorder_options {
	uint64_t limit; /* events kept, at least 2; 0: DMK_RECORDER_EVENTS */
	/* as in struct dmk_check_options: a site is the innermost call that is not the library's */
	bool (*is_library)(void *ctx, const void *code);
	void *code_ctx;
};

struct dmk_recorder;

/** dmk_recorder_new - time begins here. @options NULL: defaults. NULL: out of memory. */
struct dmk_recorder *dmk_recorder_new(const struct dmk_recorder_options *options);
void dmk_recorder_free(struct dmk_recorder *recorder);
/** To be installed before the checker; valid as long as the recorder. */
const struct dmk_observer *dmk_recorder_observer(struct dmk_recorder *recorder);
/** For struct dmk_check_options: .found, with the recorder as .found_ctx. */
void dmk_recorder_found(void *recorder, const struct dmk_found *found);

/**
 * dmk_recorder_timeline - what was kept until now; the recorder goes on
 * @symbols: for the names of sites; NULL: they have addresses only
 * Return: for dmk_timeline_free(); NULL: memory is out, or a thread that crashed holds the
 *         recorder.
 */
struct dmk_timeline *dmk_recorder_timeline(struct dmk_recorder *recorder,
					   struct dmk_symbols *symbols);

#endif
