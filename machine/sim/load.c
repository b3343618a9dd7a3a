/* SPDX-License-Identifier: MIT */
/*
 * Where a devicetree comes from: built in, a .dtb file, or a .dts file that dtc compiles. What is
 * in it is profile.c's.
 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TREE_MAX = 4 << 20 }; /* bytes; a board's is some tens of KiB */

struct load {
	const char *file;
	char *error;
	size_t error_size;
};

DMK_PRINTF(3, 4)
static int fail(const struct load *load, int result, const char *format, ...)
{
	char what[360];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(load->error, load->error_size, "%.120s: %s", load->file, what);
	return result;
}

/* All of an open file, ended by a NUL that is not counted. */
static char *read_all(int fd, size_t *size)
{
	struct stat stat;
	char *bytes;
	ssize_t n = 0;
	size_t at = 0;

	if (fstat(fd, &stat) || stat.st_size < 0 || stat.st_size > TREE_MAX)
		return NULL;
	bytes = malloc(stat.st_size + 1);
	for (; bytes && at < (size_t)stat.st_size; at += n) {
		n = pread(fd, bytes + at, stat.st_size - at, at);
		if (n <= 0)
			break;
	}
	if (bytes)
		bytes[at] = 0;
	*size = at;
	return bytes;
}

/* --- .dts ------------------------------------------------------------------------------------- */

/*
 * dtc's words for what is wrong: "Error: FILE:LINE.COLUMN-COLUMN message",
 * "FILE:LINE.COLUMN-COLUMN: ERROR (check): message", or "FATAL ERROR: message" where no line is to
 * blame. The first that names a place is the one to show.
 */
static char *first_complaint(char *said)
{
	char *fatal = NULL, *save = NULL;

	for (char *line = strtok_r(said, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "Error: ", 7))
			return line + 7;
		if (strstr(line, ": ERROR ("))
			return line;
		if (!fatal)
			fatal = line;
	}
	return fatal;
}

static int spawn_dtc(const char *path, int out, int err, pid_t *pid)
{
	/* Warnings are the board's affair; errors are ours. */
	char *const arguments[] = {"dtc", "-q", "-I", "dts", "-O", "dtb", "--", (char *)path, NULL};
	posix_spawn_file_actions_t actions;
	int result = posix_spawn_file_actions_init(&actions);

	if (result)
		return result;
	result = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	result = result ? result : posix_spawn_file_actions_adddup2(&actions, out, 1);
	result = result ? result : posix_spawn_file_actions_adddup2(&actions, err, 2);
	result = result ? result : posix_spawnp(pid, "dtc", &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	return result;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int complain(const struct load *load, int err)
{
	size_t size = 0;
	char *said = read_all(err, &size);
	char *line = said ? first_complaint(said) : NULL;

	/* dtc names the file with the line, and the file of an /include/ where it is in there. */
	if (line)
		snprintf(load->error, load->error_size, "%.480s", line);
	else
		fail(load, -EINVAL, "dtc can't read it, and does not say why");
	free(said);
	return -EINVAL;
}

static int compile(const struct load *load, int out, int err)
{
	pid_t pid;
	int result = spawn_dtc(load->file, out, err, &pid);

	if (result == ENOENT)
		return fail(load, -ENODEV,
			    "dtc is needed to read a .dts and is not installed "
			    "(Debian: device-tree-compiler)");
	if (result)
		return fail(load, -ENODEV, "dtc does not start: %s", strerror(result));
	result = wait_for(pid);
	if (result == 127)
		return fail(load, -ENODEV, "dtc does not start");
	return result ? complain(load, err) : 0;
}

static int load_source(const struct load *load, void **tree, size_t *size)
{
	int out = memfd_create("dmakit-dtb", MFD_CLOEXEC), err = memfd_create("dtc", MFD_CLOEXEC);
	int result = out < 0 || err < 0 ? -ENOMEM : compile(load, out, err);

	if (!result) {
		*tree = read_all(out, size);
		result = *tree ? 0 : -ENOMEM;
	}
	if (out >= 0)
		close(out);
	if (err >= 0)
		close(err);
	return result;
}

/* --- .dtb and all ----------------------------------------------------------------------------- */

static int load_binary(const struct load *load, int fd, void **tree, size_t *size)
{
	*tree = read_all(fd, size);
	return *tree ? 0 : fail(load, -EINVAL, "too large for a devicetree, or not readable");
}

static bool is_source(const char *path)
{
	size_t n = strlen(path);

	return n > 4 && !strcmp(path + n - 4, ".dts");
}

static int load_file(const struct load *load, void **tree, size_t *size)
{
	int fd = open(load->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat stat;
	int result;

	if (fd < 0)
		return fail(load, errno == ENOENT || errno == ENOTDIR ? -ENOENT : -EINVAL, "%s",
			    strerror(errno));
	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode))
		result = fail(load, -EINVAL, "not a file");
	else if (is_source(load->file))
		result = load_source(load, tree, size);
	else
		result = load_binary(load, fd, tree, size);
	close(fd);
	return result;
}

static int load_builtin(const struct sim_builtin *builtin, void **tree, size_t *size)
{
	*tree = malloc(builtin->size);
	if (!*tree)
		return -ENOMEM;
	memcpy(*tree, builtin->dtb, builtin->size);
	*size = builtin->size;
	return 0;
}

int dmk_sim_load(const char *name, void **tree, char *error, size_t error_size)
{
	const struct load load = {name, error, error_size};
	const struct sim_builtin *builtin = dmk_sim_builtins;
	size_t size = 0;
	int result;

	*tree = NULL;
	while (builtin->name && strcmp(builtin->name, name))
		builtin++;
	result = builtin->name ? load_builtin(builtin, tree, &size) : load_file(&load, tree, &size);
	if (!result) {
		int wrong = fdt_check_full(*tree, size);

		if (wrong)
			result = fail(&load, -EINVAL, "no devicetree blob: %s",
				      fdt_strerror(wrong));
	}
	if (result == -ENOMEM)
		fail(&load, 0, "out of memory");
	if (!result)
		return 0;
	free(*tree);
	*tree = NULL;
	return result;
}
