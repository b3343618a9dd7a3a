/* SPDX-License-Identifier: MIT */
/* Which of dmakit's headers declares a Linux function: for a driver that calls it and does not include that header. */
#include "dmakit/dmakit.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* A declaration or a macro stands at the beginning of its line, a use or a comment does not. */
static bool line_declares(const char *line, const char *name)
{
	const size_t length = strlen(name);
	const char *at = line;

	if (isspace((unsigned char)*line) || *line == '/' || strstr(line, "return"))
		return false;
	while ((at = strstr(at, name))) {
		if (at > line && !in_name(at[-1]) && at[length] == '(')
			return true;
		at += length;
	}
	return false;
}

static bool file_declares(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (file && !found && getline(&line, &size, file) >= 0)
		found = line_declares(line, name);
	free(line);
	if (file)
		fclose(file);
	return found;
}

bool tool_declaring_header(const char *include, const char *name, char *header, size_t size)
{
	char path[PATH_MAX];
	struct dirent **entry;
	bool found = false;
	int n;

	snprintf(path, sizeof(path), "%s/linux", include);
	n = scandir(path, &entry, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/linux/%s", include, entry[i]->d_name);
		if (!found && strstr(entry[i]->d_name, ".h") && file_declares(path, name)) {
			snprintf(header, size, "linux/%s", entry[i]->d_name);
			found = true;
		}
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	return found;
}
