/* SPDX-License-Identifier: MIT */
/* What an object file of a driver defines, wants, exports, and is said to need. */
#ifndef TOOLS_OBJECTS_H
#define TOOLS_OBJECTS_H

#include "common/process.h"

struct tool_symbols {
	struct tool_args defined;  /* global ones, with code or data behind them */
	struct tool_args wanted;   /* used and not defined in the same object */
	struct tool_args exported; /* EXPORT_SYMBOL() */
	struct tool_args softdep;  /* texts of MODULE_SOFTDEP() */
	bool has_init;             /* module_init() or an initcall is in it */
	bool is_kernels;           /* a module that a kernel's build made, for a kernel */
	bool watched;              /* compiled so that its loads and stores are seen */
};

/** tool_symbols_read - add those of @object. Return: 0, or -1: it is no object file. */
int tool_symbols_read(const char *object, struct tool_symbols *symbols);
void tool_symbols_free(struct tool_symbols *symbols);

/** tool_is_static - whether a file is a program that asks for no dynamic linker; not a script */
bool tool_is_static(const char *program);

/** tool_args_has - whether the word is among them */
bool tool_args_has(const struct tool_args *args, const char *word);

#endif
