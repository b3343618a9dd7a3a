/* SPDX-License-Identifier: MIT */
/*
 * What can be told from a C source without compiling it: its #include lines. Not a preprocessor:
 * conditions are not looked at.
 */
#include "common/source.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *past_space(const char *at)
{
	while (isspace((unsigned char)*at))
		at++;
	return at;
}

char *tool_included(const char *line, char *name, size_t size)
{
	const char *at = past_space(line);
	size_t n;

	if (*at != '#')
		return NULL;
	at = past_space(at + 1);
	if (strncmp(at, "include", 7))
		return NULL;
	at = past_space(at + 7);
	n = strcspn(at, ">\n");
	if (*at != '<' || at[n] != '>' || n >= size)
		return NULL;
	snprintf(name, size, "%.*s", (int)n - 1, at + 1);
	return name;
}
