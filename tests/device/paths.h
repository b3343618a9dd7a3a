/* SPDX-License-Identifier: MIT */
/*
 * Files by path, read and written whole.
 */
#ifndef TESTS_DEVICE_PATHS_H
#define TESTS_DEVICE_PATHS_H

#include <stddef.h>

/** All of a file, in pieces of @piece bytes, ended by a NUL. Bytes, or the first error. */
long read_file(const char *path, char *to, size_t room, size_t piece);
/** Bytes that were taken, or the first error. */
long write_file(const char *path, const char *text);

#endif
