/* SPDX-License-Identifier: MIT */
/* The modes' names. */
#include "common/watch.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[TOOL_WATCH_NONE] = "none",
	[TOOL_WATCH_INSTRUMENTED] = "instrumented",
	[TOOL_WATCH_ASAN] = "asan",
	[TOOL_WATCH_PAGE] = "page",
};

enum { MODES = sizeof(names) / sizeof(*names) };

/* "instrument", "pages", "address": no two begin alike. */
static const char *near(const char *name)
{
	for (int i = 0; i < MODES; i++)
		if (*name && tolower((unsigned char)*name) == names[i][0])
			return names[i];
	return NULL;
}

bool tool_watch_mode(const char *command, const char *name, enum tool_watch *mode)
{
	for (int i = 0; i < MODES; i++) {
		if (strcmp(name, names[i]))
			continue;
		*mode = (enum tool_watch)i;
		return true;
	}
	fprintf(stderr, "%s: --watch is instrumented, asan, page or none, not \"%s\"", command,
		name);
	if (near(name))
		fprintf(stderr, "; did you mean %s?", near(name));
	fputc('\n', stderr);
	return false;
}
