/* SPDX-License-Identifier: MIT */
/* Page mode: fences of the MMU's, and whose an access was that met one. */
#ifndef WATCH_PAGE_H
#define WATCH_PAGE_H

#include <dmakit/watch.h>

#include "watch.h"

/** dmk_watch_page_start - from now on pages are closed; _stop: after the machine's end. */
void dmk_watch_page_start(const struct dmk_watch_code *code);
void dmk_watch_page_stop(void);

/** Registers of an interrupted thread. */
struct dmk_watch_at {
	uintptr_t pc, frame;
};

/**
 * dmk_watch_page_who - whether the access was the driver's: its own instruction; libc's, called by
 * it; or the kernel part's in a call that works on the driver's buffer
 * @place: filled. Called in a signal handler.
 */
bool dmk_watch_page_who(const struct dmk_watch_code *code, struct dmk_watch_at at,
			struct dmk_watch_place *place);
/** dmk_watch_page_prepare - outside of one, before: what the first call would allocate is there. */
void dmk_watch_page_prepare(void);

/** dmk_watch_shared_reset - no mapping was counted yet. @code: which code is the driver's */
void dmk_watch_shared_reset(const struct dmk_watch_code *code);

#endif
