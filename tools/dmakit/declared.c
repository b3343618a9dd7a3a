/* SPDX-License-Identifier: MIT */
/*
 * What dmakit's headers declare, asked when a program does not link: the header of a Linux function
 * that a driver calls without including it, and whether a name of the link is one of dmakit's own,
 * so that its library, and not the driver, is what lacks it.
 */
#include "dmakit/dmakit.h"

#include <dmakit/machine.h>

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
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

/* "dmk_udelay": as a word, or as the link's name of udelay. */
static bool line_has_link_name(const char *line, const char *symbol)
{
	const size_t length = strlen(symbol);
	char declared[300];

	snprintf(declared, sizeof(declared), "DMK_SYM(%s)", symbol + strlen("dmk_"));
	if (strstr(line, declared))
		return true;
	for (const char *at = strstr(line, symbol); at; at = strstr(at + length, symbol)) {
		if ((at == line || !in_name(at[-1])) && !in_name(at[length]))
			return true;
	}
	return false;
}

static bool file_has_link_name(const char *path, const char *symbol)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (file && !found && getline(&line, &size, file) >= 0)
		found = line_has_link_name(line, symbol);
	free(line);
	if (file)
		fclose(file);
	return found;
}

static bool directory_has_link_name(const char *directory, const char *symbol)
{
	DIR *list = opendir(directory);
	char path[PATH_MAX + NAME_MAX + 2];
	struct dirent *entry;
	bool found = false;

	while (list && !found && (entry = readdir(list))) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		found = strstr(entry->d_name, ".h") && file_has_link_name(path, symbol);
	}
	if (list)
		closedir(list);
	return found;
}

bool tool_headers_declare(const char *include, const char *symbol)
{
	static const char *const below[] = {"dmakit",      "linux", "linux/device",
					    "linux/sched", "asm",   "scsi"};
	char path[PATH_MAX];

	if (strncmp(symbol, "dmk_", 4))
		return false;
	for (size_t i = 0; i < sizeof(below) / sizeof(*below); i++) {
		snprintf(path, sizeof(path), "%s/%s", include, below[i]);
		if (directory_has_link_name(path, symbol))
			return true;
	}
	return false;
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

/* The words before an opening parenthesis, on lines that declare or define. */
static void add_declared(const char *path, struct tool_args *names)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) >= 0) {
		const char *open = strchr(line, '('), *start = open;
		char name[128];

		while (start && start > line && in_name(start[-1]))
			start--;
		if (!start || start == open || open - start >= (int)sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(open - start), start);
		if (line_declares(line, name))
			tool_args_add(names, name);
	}
	free(line);
	if (file)
		fclose(file);
}

bool tool_nearest_declared(const char *include, const char *name, char *near, size_t size)
{
	struct tool_args names = {0};
	char path[PATH_MAX];
	struct dirent **entry;
	const char *found;
	int n;

	snprintf(path, sizeof(path), "%s/linux", include);
	n = scandir(path, &entry, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/linux/%s", include, entry[i]->d_name);
		if (strstr(entry[i]->d_name, ".h"))
			add_declared(path, &names);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	found = names.n ? dmk_nearest(name, (const char *const *)names.item) : NULL;
	if (found)
		snprintf(near, size, "%s", found);
	tool_args_free(&names);
	return found;
}
