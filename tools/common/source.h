/* SPDX-License-Identifier: MIT */
/* What can be told from a C source without compiling it. */
#ifndef TOOLS_SOURCE_H
#define TOOLS_SOURCE_H

#include <stddef.h>

/**
 * tool_included - the name in a line's #include <...>, in @name. Return: @name, or NULL: it is no
 * such line, or longer than that.
 */
char *tool_included(const char *line, char *name, size_t size);

#endif
