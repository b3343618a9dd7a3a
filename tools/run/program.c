/* SPDX-License-Identifier: MIT */
/*
 * A program as the test: it runs as it is, in a process of its own, with the driver's files in
 * place through the preload library. What it says by its exit status is a test's result; or, for
 * `dmakit run`, nobody's business but its caller's, who gets it in a file.
 */
#include "common/signals.h"
#include "run/run.h"

#include <dmakit/file.h>
#include <dmakit/remote.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* Our environment, with the two variables of the preload library; ended by NULL. */
static char **make_environment(const char *socket)
{
	const char *already = getenv("LD_PRELOAD");
	size_t n = 0, used = 0;
	char **list;

	while (environ[n])
		n++;
	list = calloc(n + 3, sizeof(*list));
	if (!list)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (strncmp(environ[i], "LD_PRELOAD=", 11))
			list[used++] = environ[i];
	}
	list[used] = dmk_report_format("LD_PRELOAD=%s%s%s", dmk_run.options.serve,
				       already && *already ? ":" : "", already ? already : "");
	list[used + 1] = dmk_report_format("%s=%s", DMK_REMOTE_ENVIRONMENT, socket);
	if (list[used] && list[used + 1])
		return list;
	free(list[used]);
	free(list[used + 1]);
	free(list);
	return NULL;
}

/* The two at its end were made; the others are ours. */
static void free_environment(char **list)
{
	size_t n = 0;

	while (list[n])
		n++;
	free(list[n - 1]);
	free(list[n - 2]);
	free(list);
}

static pid_t start(char **environment)
{
	pid_t runner = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != runner)
		_exit(126);
	execvpe(dmk_run.options.command[0], dmk_run.options.command, environment);
	_exit(127);
}

static char *verdict(int status)
{
	if (WIFSIGNALED(status))
		return dmk_report_format("the program was killed: %s", strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) == 127)
		return dmk_report_format(
			"the program could not be started, or ended with exit status 127");
	return dmk_report_format("the program ended with exit status %d", WEXITSTATUS(status));
}

static void judge(int status, const struct timespec *begin)
{
	struct dmk_report *report = &dmk_run.report;
	struct dmk_report_test *test = dmk_report_grow(&report->test, &report->nr_tests,
						       sizeof(*test));
	struct dmk_report_failure *failure;
	struct timespec now;

	if (!test)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	test->name = strdup(dmk_run.options.command[0]);
	test->seconds = (double)(now.tv_sec - begin->tv_sec) +
			(double)(now.tv_nsec - begin->tv_nsec) / 1e9;
	test->passed = status == 0;
	if (test->passed)
		return;
	failure = dmk_report_grow(&test->failure, &test->nr_failures, sizeof(*failure));
	if (failure)
		failure->text = verdict(status);
}

static volatile sig_atomic_t running; /* the program's process */

/* What a terminal sends it gets by itself. */
static void send_on(int signal_number, siginfo_t *info, void *context)
{
	if (running && info->si_code <= 0)
		kill(running, signal_number);
}

static void note_status(int status)
{
	FILE *file = fopen(dmk_run.options.program_status, "w");

	if (file)
		fprintf(file, "%d\n", status);
	if (!file || fclose(file))
		dmk_run_problem("the program's exit status can't be written: %s", strerror(errno));
}

/* Somebody sits there, and should know where they are. */
static void welcome(void)
{
	char name[64], *end = dmk_run.options.command[1];

	if (end || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "dmakit: %s, on machine %s; its files:", dmk_run.options.command[0],
		dmk_run.options.machine);
	for (unsigned int i = 0; dmk_device_file(i, name, sizeof(name)); i++)
		fprintf(stderr, " /dev/%s", name);
	fputc('\n', stderr);
}

static void run_with(const char *socket)
{
	char **environment = make_environment(socket);
	struct timespec begin;
	int status = 0;
	pid_t pid;

	if (!environment) {
		dmk_run_problem("out of memory for the program's environment");
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (dmk_run.options.program_status) {
		tool_catch_for_program(send_on);
		welcome();
	}
	pid = start(environment);
	running = pid > 0 ? pid : 0;
	free_environment(environment);
	if (pid < 0) {
		dmk_run_problem("the program could not be started: %s", strerror(errno));
		return;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	running = 0;
	if (dmk_run.options.program_status) {
		note_status(status);
		/* A driver that does not let go ends with the next Ctrl-C. */
		tool_catch_for_program(NULL);
	} else {
		judge(status, &begin);
	}
}

void dmk_run_program(void)
{
	const char *base = getenv("TMPDIR");
	char directory[PATH_MAX], socket[PATH_MAX];
	int result;

	snprintf(directory, sizeof(directory) - 16, "%s/dmakit-XXXXXX",
		 base && *base ? base : "/tmp");
	if (!mkdtemp(directory)) {
		dmk_run_problem("no temporary directory for a socket: %s", strerror(errno));
		return;
	}
	snprintf(socket, sizeof(socket), "%.*s/s", PATH_MAX - 8, directory);
	result = dmk_remote_start(socket);
	if (result < 0) {
		dmk_run_problem("the driver's files can't be served: %s", strerror(-result));
		goto remove_directory;
	}
	run_with(socket);
	dmk_remote_stop();
	unlink(socket);
remove_directory:
	rmdir(directory);
}
