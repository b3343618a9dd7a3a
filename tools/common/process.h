/* SPDX-License-Identifier: MIT */
/* Child processes, lists of arguments and temporary directories, as the commands need them. */
#ifndef TOOLS_PROCESS_H
#define TOOLS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** A list of arguments that grows; ended by NULL at any time. Strings are its own. */
struct tool_args {
	char **item;
	size_t n, room;
};

/** Add a copy. Out of memory ends the command with status 2. */
void tool_args_add(struct tool_args *args, const char *item);
void tool_args_addf(struct tool_args *args, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
void tool_args_free(struct tool_args *args);

/**
 * tool_start - run args; @out_fd, @err_fd: what becomes its standard output and error, -1: ours.
 * Return: pid, or -1 (said).
 */
pid_t tool_start(const struct tool_args *args, int out_fd, int err_fd);

/** tool_wait - exit status 0..255; 128 + signal when it was killed. */
int tool_wait(pid_t pid);

/** tool_run - start and wait; 127 when it could not be started. */
int tool_run(const struct tool_args *args);

/** tool_temp - make a temporary directory, below TMPDIR or /tmp. Return 0, or -1 (said). */
int tool_temp(char *path, size_t size);
/** tool_remove_tree - remove a directory and what is in it. */
void tool_remove_tree(const char *path);

#endif
