/* SPDX-License-Identifier: MIT */
/* A driver's sources as modules: which files make one, and in which order they are loaded. */
#ifndef TOOLS_MODULES_H
#define TOOLS_MODULES_H

#include "dmakit/objects.h"

struct tool_module {
	char name[64];
	struct tool_args sources; /* .c files, or one that is compiled already */
	struct tool_args objects; /* one of each source, added by whoever compiles them */
	struct tool_symbols symbols;
	bool placed; /* in the order of loading */
};

struct tool_modules {
	struct tool_module *item;
	size_t n;
};

/**
 * tool_modules_group - files to modules: one begins with each file that has a module_init(), and
 * with each that is compiled already; the others belong to the one before them, those at the
 * beginning to the first
 * @sources: the first @n of them count; tests of the host's among them are left out
 * Return: STATUS_CLEAN, or STATUS_REFUSED: two of one name (said).
 */
int tool_modules_group(const struct tool_args *sources, size_t n, struct tool_modules *modules);

/**
 * tool_modules_own_data - once there are objects: all static data of the modules into the sections
 * dmk_data and dmk_bss. Return: STATUS_CLEAN, or STATUS_REFUSED (said).
 */
int tool_modules_own_data(struct tool_modules *modules, const char *directory);

/**
 * tool_modules_arrange - once there are objects: into the order in which they are loaded (each
 * after those whose exports it uses, otherwise as they were given), with global names that several
 * have made each its own; what is used and not exported is said
 * @directory: where objects made on the way go
 * Return: STATUS_CLEAN, or STATUS_REFUSED (said).
 */
int tool_modules_arrange(struct tool_modules *modules, const char *directory);

void tool_modules_free(struct tool_modules *modules);

/** tool_is_object - "card.ko" or "card.o" */
bool tool_is_object(const char *name);

#endif
