// SPDX-License-Identifier: MIT
/*
 * Files by path, for tests: see paths.h.
 */
#include "paths.h"

#include <fcntl.h>
#include <string.h>

#include <dmakit/file.h>

long read_file(const char *path, char *to, size_t room, size_t piece)
{
	struct dmk_file *file;
	long done = 0, n = dmk_open(path, O_RDONLY, &file);

	if (n)
		return n;
	do {
		n = dmk_read(file, to + done, piece < room - done - 1 ? piece : room - done - 1);
		done += n > 0 ? n : 0;
	} while (n > 0);
	to[done] = '\0';
	dmk_close(file);
	return n < 0 ? n : done;
}

long write_file(const char *path, const char *text)
{
	struct dmk_file *file;
	long n = dmk_open(path, O_WRONLY, &file);

	if (n)
		return n;
	n = dmk_write(file, text, strlen(text));
	dmk_close(file);
	return n;
}
