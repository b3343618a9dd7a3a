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

bool tool_is_host_source(const char *source)
{
	bool dmakit = false, kernel = false;
	FILE *file = fopen(source, "r");
	char line[1024], header[256];

	if (!file)
		return false; /* the compiler will say so */
	while (fgets(line, sizeof(line), file)) {
		if (!tool_included(line, header, sizeof(header)))
			continue;
		dmakit |= !strncmp(header, "dmakit/", 7);
		kernel |= !strncmp(header, "linux/", 6) || !strncmp(header, "asm/", 4) ||
			  !strncmp(header, "scsi/", 5);
	}
	fclose(file);
	return dmakit && !kernel;
}

static bool ends_with(const char *word, size_t length, const char *end)
{
	const size_t n = strlen(end);

	return length >= n && !strncmp(word + length - n, end, n);
}

/* Macros at the beginning of a line; what is called in a function is indented. */
static bool line_has_init(const char *line)
{
	size_t n = 0;

	while (isalnum((unsigned char)line[n]) || line[n] == '_')
		n++;
	if (*past_space(line + n) != '(')
		return false;
	if (!strncmp(line, "module_", 7))
		return strncmp(line, "module_param", 12) && strncmp(line, "module_exit", 11);
	return ends_with(line, n, "initcall") || ends_with(line, n, "initcall_sync");
}

bool tool_has_init(const char *source)
{
	FILE *file = fopen(source, "r");
	char line[1024];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = line_has_init(line);
	if (file)
		fclose(file);
	return found;
}

void tool_module_name(const char *source, char *name, size_t size)
{
	const char *base = strrchr(source, '/');
	size_t n = 0;

	base = base ? base + 1 : source;
	for (; *base && strcmp(base, ".c") && strcmp(base, ".o") && strcmp(base, ".ko") &&
	       n + 1 < size;
	     base++)
		name[n++] = isalnum((unsigned char)*base) ? *base : '_';
	name[n] = '\0';
}
