/* SPDX-License-Identifier: MIT */
/*
 * Where a command finds what belongs to it: a file `dmakit.tree` beside the command says so in a
 * build tree; without it, the directories are those of an installation, relative to the command, so
 * that a prefix can be moved.
 */
#include "common/paths.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int own_directory(char *bin, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", bin, size - 1);
	char *slash;

	if (n <= 0)
		return -1;
	bin[n] = '\0';
	slash = strrchr(bin, '/');
	if (!slash)
		return -1;
	*slash = '\0';
	return 0;
}

static int join(char out[PATH_MAX], const char *directory, const char *rest)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", directory, rest);

	return n > 0 && n < PATH_MAX ? 0 : -1;
}

static char *field_of(struct tool_paths *paths, const char *name)
{
	if (!strcmp(name, "include"))
		return paths->include;
	if (!strcmp(name, "library"))
		return paths->library;
	if (!strcmp(name, "rules"))
		return paths->rules;
	if (!strcmp(name, "preload"))
		return paths->preload;
	if (!strcmp(name, "kbuild"))
		return paths->kbuild;
	return NULL;
}

static int read_tree(FILE *tree, struct tool_paths *paths)
{
	char line[PATH_MAX + 32];

	while (fgets(line, sizeof(line), tree)) {
		char *value = strchr(line, ' ');
		char *field;

		line[strcspn(line, "\n")] = '\0';
		if (!value)
			continue;
		*value++ = '\0';
		field = field_of(paths, line);
		if (field)
			snprintf(field, PATH_MAX, "%.*s", PATH_MAX - 1, value);
	}
	return paths->include[0] && paths->library[0] ? 0 : -1;
}

static int installed(struct tool_paths *paths)
{
	if (join(paths->include, paths->bin, DMAKIT_INCLUDEDIR) < 0 ||
	    join(paths->library, paths->bin, DMAKIT_LIBDIR "/libdmakit.a") < 0 ||
	    join(paths->rules, paths->bin, DMAKIT_DATADIR "/rules") < 0 ||
	    join(paths->kbuild, paths->bin, DMAKIT_DATADIR "/kbuild") < 0)
		return -1;
	return join(paths->preload, paths->bin, DMAKIT_LIBDIR "/dmakit/libdmakit-preload.so");
}

int tool_paths(struct tool_paths *paths)
{
	char name[PATH_MAX];
	FILE *tree;
	int result;

	memset(paths, 0, sizeof(*paths));
	if (own_directory(paths->bin, sizeof(paths->bin)) < 0 ||
	    join(name, paths->bin, "dmakit.tree") < 0) {
		fprintf(stderr, "dmakit: cannot tell where this command lies\n");
		return -1;
	}
	tree = fopen(name, "r");
	if (!tree) {
		result = installed(paths);
	} else {
		result = read_tree(tree, paths);
		fclose(tree);
	}
	if (result < 0)
		fprintf(stderr, "dmakit: cannot find dmakit's headers and library from %s\n",
			paths->bin);
	return result;
}
