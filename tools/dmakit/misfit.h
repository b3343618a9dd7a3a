/* SPDX-License-Identifier: MIT */
/* What a driver that could not be built lacks, and which Linux it may be for. */
#ifndef TOOLS_MISFIT_H
#define TOOLS_MISFIT_H

#include "dmakit/dmakit.h"

/**
 * tool_say_missing_headers - all headers that the sources include and that are not there, each with
 * the lines that want it, on standard error; nothing when all are there
 */
void tool_say_missing_headers(const struct tool_build *build, const struct tool_args *sources);

/**
 * tool_say_other_linux - the --linux with which sources would compile that do not, if there is one
 * @warned: they do, but hand over functions of other types than are called
 */
void tool_say_other_linux(const struct tool_build *build, const struct tool_args *sources,
			  bool warned);

/** Functions that a driver calls and this Linux has not, and which Linux has most of them. */
struct tool_other_linux {
	const char *version;    /* NULL: none has any */
	struct tool_args names; /* those that it has */
	size_t all;             /* how many there are that this one has not */
};

/** tool_find_other_linux - for sources that compile; tool_other_linux_free() in any case */
void tool_find_other_linux(const struct tool_build *build, struct tool_other_linux *other);
void tool_other_linux_say(const struct tool_other_linux *other);
void tool_other_linux_free(struct tool_other_linux *other);

#endif
