/* SPDX-License-Identifier: MIT */
/*
 * Child processes, lists of arguments and temporary directories. Not a shell: nothing is quoted,
 * nothing is expanded.
 */
#include "common/process.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *must(void *memory)
{
	if (memory)
		return memory;
	fprintf(stderr, "dmakit: out of memory\n");
	exit(2);
}

void tool_args_add(struct tool_args *args, const char *item)
{
	if (args->n + 2 > args->room) {
		args->room = args->room ? args->room * 2 : 32;
		args->item = must(realloc(args->item, args->room * sizeof(*args->item)));
	}
	args->item[args->n++] = must(strdup(item));
	args->item[args->n] = NULL;
}

void tool_args_addf(struct tool_args *args, const char *format, ...)
{
	char *item = NULL;
	va_list list;
	int n;

	va_start(list, format);
	n = vasprintf(&item, format, list);
	va_end(list);
	must(n < 0 ? NULL : item);
	tool_args_add(args, item);
	free(item);
}

void tool_args_free(struct tool_args *args)
{
	for (size_t i = 0; i < args->n; i++)
		free(args->item[i]);
	free(args->item);
	memset(args, 0, sizeof(*args));
}

pid_t tool_start(const struct tool_args *args, int out_fd, int err_fd)
{
	pid_t pid = fork();

	if (pid < 0) {
		fprintf(stderr, "dmakit: cannot start %s: %s\n", args->item[0], strerror(errno));
		return -1;
	}
	if (pid)
		return pid;
	signal(SIGPIPE, SIG_DFL);
	if (out_fd >= 0)
		dup2(out_fd, STDOUT_FILENO);
	if (err_fd >= 0)
		dup2(err_fd, STDERR_FILENO);
	execvp(args->item[0], args->item);
	fprintf(stderr, "dmakit: cannot start %s: %s\n", args->item[0], strerror(errno));
	_exit(127);
}

int tool_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 127;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int tool_run(const struct tool_args *args)
{
	pid_t pid = tool_start(args, -1, -1);

	return pid < 0 ? 127 : tool_wait(pid);
}

int tool_temp(char *path, size_t size)
{
	const char *base = getenv("TMPDIR");
	int n = snprintf(path, size, "%s/dmakit-XXXXXX", base && *base ? base : "/tmp");

	if (n > 0 && (size_t)n < size && mkdtemp(path))
		return 0;
	fprintf(stderr, "dmakit: cannot make a temporary directory %s: %s\n", path,
		strerror(errno));
	path[0] = '\0';
	return -1;
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *where)
{
	return remove(path);
}

void tool_remove_tree(const char *path)
{
	if (path[0])
		nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
