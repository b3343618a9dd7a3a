/* SPDX-License-Identifier: MIT */
/*
 * Where a command finds dmakit's headers, library and rules: in a build tree, and installed
 * anywhere.
 */
#ifndef TOOLS_PATHS_H
#define TOOLS_PATHS_H

#include <limits.h>

struct tool_paths {
	char bin[PATH_MAX];     /* the directory of the running command */
	char include[PATH_MAX]; /* has linux/, asm/ and dmakit/ */
	char library[PATH_MAX]; /* libdmakit.a */
	char rules[PATH_MAX];   /* a page per rule */
	char preload[PATH_MAX]; /* libdmakit-preload.so */
	char kbuild[PATH_MAX];  /* stands in for a kernel's build directory */
};

/** tool_paths - 0, or -1 with one line on standard error. */
int tool_paths(struct tool_paths *paths);

#endif
