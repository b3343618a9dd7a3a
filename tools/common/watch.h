/* SPDX-License-Identifier: MIT */
/* How a driver's own accesses are seen, as both commands have it after --watch. */
#ifndef TOOLS_WATCH_H
#define TOOLS_WATCH_H

#include <stdbool.h>

enum tool_watch { TOOL_WATCH_NONE, TOOL_WATCH_INSTRUMENTED, TOOL_WATCH_ASAN, TOOL_WATCH_PAGE };

/** tool_watch_mode - "asan" -> TOOL_WATCH_ASAN; false: no such mode, which was said for @command. */
bool tool_watch_mode(const char *command, const char *name, enum tool_watch *mode);

#endif
