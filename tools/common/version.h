/* SPDX-License-Identifier: MIT */
/*
 * The versions of Linux whose interface the headers can take, as the commands are told them:
 * --linux 6.12.
 */
#ifndef TOOLS_VERSION_H
#define TOOLS_VERSION_H

/**
 * tool_linux_version - "6.12" or "6.12.3" as LINUX_VERSION_CODE has it
 * @command: who says so, when it is not one, or one that the headers don't know
 *
 * Return: 0, or -1 (said, in one line).
 */
int tool_linux_version(const char *command, const char *text, unsigned int *code);

/** Versions that are worth a try, newest first, ended by NULL: those that distributions have. */
extern const char *const tool_linux_versions[];

#endif
