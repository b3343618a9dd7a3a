/* SPDX-License-Identifier: MIT */
/*
 * A file that a command writes: that it can be is known before the work begins, and what was there
 * stays until all of the new one is.
 */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

struct tool_output {
	char name[PATH_MAX]; /* where it is to be; of a link, what it leads to */
	char temporary
		[PATH_MAX]; /* where it is written, beside that; "": .name itself, no plain file */
	FILE *file;         /* NULL: not open */
};

/**
 * tool_output_open - make a file beside the one that is wanted; what is no plain file (a pipe, a
 * device) is opened itself.
 * Return: 0, or a negative errno.
 */
int tool_output_open(struct tool_output *output, const char *name);
/** tool_output_keep - all is written: it takes its place. Return: 0, or a negative errno. */
int tool_output_keep(struct tool_output *output);
/** tool_output_drop - nothing was; does nothing to one that is not open. */
void tool_output_drop(struct tool_output *output);

#endif
