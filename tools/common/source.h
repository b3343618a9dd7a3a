/* SPDX-License-Identifier: MIT */
/* What can be told from a C source without compiling it. */
#ifndef TOOLS_SOURCE_H
#define TOOLS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * tool_included - the name in a line's #include <...>, in @name. Return: @name, or NULL: it is no
 * such line, or longer than that.
 */
char *tool_included(const char *line, char *name, size_t size);

/**
 * tool_is_host_source - a test or program of the host's: it includes <dmakit/...>, and nothing that
 * a kernel has. False of a file that can't be read, too.
 */
bool tool_is_host_source(const char *source);

/**
 * tool_has_init - whether a module begins in this file: a line of it starts with module_init(),
 * with a macro like module_pci_driver(), or with an initcall.
 */
bool tool_has_init(const char *source);

/** tool_module_name - "drivers/my-card.c" -> "my_card", as the kernel's build names modules. */
void tool_module_name(const char *source, char *name, size_t size);

#endif
