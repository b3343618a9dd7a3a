/* SPDX-License-Identifier: MIT */
/* Files that are whole or not there: written beside their place, and renamed. */
#include "common/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a link leads to is replaced, and not the link. */
static int resolve(struct tool_output *output, const char *name)
{
	if (realpath(name, output->name))
		return 0;
	if (strlen(name) >= sizeof(output->name))
		return -ENAMETOOLONG;
	strcpy(output->name, name);
	return errno == ENOENT ? 0 : -errno;
}

/* As open() would have made it. */
static void set_mode(int fd, const struct stat *before)
{
	const mode_t mask = umask(0);

	umask(mask);
	fchmod(fd, before ? before->st_mode & 0777 : 0666 & ~mask);
}

static int open_beside(struct tool_output *output, const struct stat *before)
{
	int fd;

	if (snprintf(output->temporary, sizeof(output->temporary), "%s.XXXXXX", output->name) >=
	    (int)sizeof(output->temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(output->temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	set_mode(fd, before);
	return fd;
}

static int open_it(struct tool_output *output)
{
	struct stat before;
	bool there = stat(output->name, &before) == 0;
	int fd;

	if (there && S_ISDIR(before.st_mode))
		return -EISDIR;
	if (!there || S_ISREG(before.st_mode)) {
		if (there && access(output->name, W_OK) < 0)
			return -errno;
		return open_beside(output, there ? &before : NULL);
	}
	fd = open(output->name, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int tool_output_open(struct tool_output *output, const char *name)
{
	int result;

	*output = (struct tool_output){0};
	result = resolve(output, name);
	if (!result)
		result = open_it(output);
	if (result < 0)
		return result;
	output->file = fdopen(result, "w");
	if (output->file)
		return 0;
	result = errno ? -errno : -ENOMEM;
	if (output->temporary[0])
		unlink(output->temporary);
	return result;
}

int tool_output_keep(struct tool_output *output)
{
	int result = ferror(output->file) ? -EIO : 0;

	if (fclose(output->file) == EOF && !result)
		result = -errno;
	output->file = NULL;
	if (!output->temporary[0])
		return result;
	if (!result && rename(output->temporary, output->name) < 0)
		result = -errno;
	if (result)
		unlink(output->temporary);
	return result;
}

void tool_output_drop(struct tool_output *output)
{
	if (!output->file)
		return;
	fclose(output->file);
	output->file = NULL;
	if (output->temporary[0])
		unlink(output->temporary);
}
