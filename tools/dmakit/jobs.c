/* SPDX-License-Identifier: MIT */
/*
 * Runs of one program. A run leaves its report in a file of its own; when it could not even do
 * that, its end is told from the process's.
 */
#include "dmakit/jobs.h"
#include "common/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GRACE_SECONDS = 40 };

volatile sig_atomic_t tool_stopped;

static void on_signal(int signal_number)
{
	tool_stopped = signal_number;
}

void tool_catch_stop(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static volatile sig_atomic_t passed_through; /* its process */

static void on_signal_for_run(int signal_number, siginfo_t *info, void *context)
{
	if (!passed_through)
		tool_stopped = signal_number;
	else if (info->si_code <= 0)
		kill(passed_through, signal_number);
}

void tool_send_on(void)
{
	tool_catch_for_program(on_signal_for_run);
}

static void report_file(const struct tool_jobs *jobs, const struct tool_job *job, char *name,
			size_t size)
{
	snprintf(name, size, "%s/%u.json", jobs->directory, job->slot);
}

static void is_done(const struct tool_jobs *jobs, struct tool_job *job)
{
	job->pid = 0;
	jobs->done(jobs->ctx, job);
	dmk_report_clear(&job->report);
	tool_args_free(&job->args);
}

static void start_job(const struct tool_jobs *jobs, struct tool_job *job)
{
	const int nowhere = jobs->silent ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
	struct tool_args args = {0};
	char json[PATH_MAX];

	report_file(jobs, job, json, sizeof(json));
	tool_args_add(&args, jobs->program);
	for (size_t i = 0; i < jobs->options->n; i++)
		tool_args_add(&args, jobs->options->item[i]);
	for (size_t i = 0; i < job->args.n; i++)
		tool_args_add(&args, job->args.item[i]);
	tool_args_add(&args, "--machine");
	tool_args_add(&args, job->machine);
	tool_args_add(&args, "--json");
	tool_args_add(&args, json);
	tool_args_add(&args, "--quiet");
	if (jobs->verbose)
		tool_args_add(&args, "--verbose");
	if (jobs->through) {
		tool_args_add(&args, "--program-status");
		tool_args_add(&args, jobs->through);
	}
	if (jobs->command) {
		tool_args_add(&args, "--serve");
		tool_args_add(&args, jobs->preload);
		tool_args_add(&args, "--");
	}
	for (int i = 0; jobs->command && jobs->command[i]; i++)
		tool_args_add(&args, jobs->command[i]);
	clock_gettime(CLOCK_MONOTONIC, &job->started);
	/* what a test prints is no part of the report */
	job->pid = tool_start(&args,
			      nowhere >= 0    ? nowhere
			      : jobs->through ? -1
					      : STDERR_FILENO,
			      nowhere);
	if (jobs->through && job->pid > 0)
		passed_through = job->pid;
	tool_args_free(&args);
	if (nowhere >= 0)
		close(nowhere);
	if (job->pid < 0) {
		job->report.outcome = DMK_OUTCOME_REFUSED;
		job->report.error = strdup("the program could not be started");
		job->report.machine = strdup(job->machine);
		is_done(jobs, job);
	}
}

static int read_report(const struct tool_jobs *jobs, struct tool_job *job)
{
	char name[PATH_MAX], *text = NULL;
	size_t size = 0, n;
	char piece[65536];
	FILE *file, *memory;
	int result;

	report_file(jobs, job, name, sizeof(name));
	file = fopen(name, "r");
	if (!file)
		return -errno;
	memory = open_memstream(&text, &size);
	while (memory && (n = fread(piece, 1, sizeof(piece), file)) > 0)
		fwrite(piece, 1, n, memory);
	fclose(file);
	if (!memory)
		return -ENOMEM;
	fclose(memory);
	result = dmk_json_read(text, size, &job->report);
	free(text);
	unlink(name);
	return result;
}

/* The runner left a raw record only: its addresses get their names here. */
static void name_raw_stack(const struct tool_jobs *jobs, struct dmk_report *report)
{
	struct dmk_report_stack stack = report->crash.stack;
	struct dmk_symbols *symbols;
	uint64_t address[256];
	size_t n = 0;

	if (report->outcome != DMK_OUTCOME_CRASHED || !stack.n || stack.frame[0].function ||
	    report->crash.text)
		return;
	for (; n < stack.n && n < sizeof(address) / sizeof(*address); n++)
		address[n] = stack.frame[n].address;
	symbols = dmk_symbols_file(jobs->program, report->crash.bias);
	if (!symbols)
		return;
	free(stack.frame);
	report->crash.stack = (struct dmk_report_stack){0};
	dmk_symbols_addresses(symbols, address, n, true, &report->crash.stack);
	dmk_symbols_free(symbols);
}

static void explain_end(const struct tool_jobs *jobs, struct tool_job *job, int status)
{
	struct dmk_report *report = &job->report;

	dmk_report_clear(report);
	report->machine = strdup(job->machine);
	if (job->killed) {
		report->outcome = DMK_OUTCOME_HUNG;
		report->limit = jobs->timeout;
	} else if (WIFSIGNALED(status)) {
		report->outcome = DMK_OUTCOME_CRASHED;
		report->crash.signal = strdup(strsignal(WTERMSIG(status)));
		report->crash.text =
			dmk_report_format("the process was killed and left no report: %s",
					  strsignal(WTERMSIG(status)));
	} else if (WEXITSTATUS(status) == 2) {
		report->outcome = DMK_OUTCOME_REFUSED;
		report->error = strdup(""); /* it said why */
	} else {
		report->outcome = DMK_OUTCOME_DONE;
		dmk_report_grow(&report->problem, &report->nr_problems, sizeof(char *));
		report->problem[0] = dmk_report_format(
			"the program ended itself with exit status %d and left no report: is there an exit(), or a main() of "
			"its own?",
			WEXITSTATUS(status));
	}
}

double tool_seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void end_job(const struct tool_jobs *jobs, struct tool_job *job, int status)
{
	passed_through = 0;
	if (read_report(jobs, job) < 0)
		explain_end(jobs, job, status);
	name_raw_stack(jobs, &job->report);
	if (!job->report.seconds)
		job->report.seconds = tool_seconds_since(&job->started);
	is_done(jobs, job);
}

/* A runner ends by itself, even when its driver hangs; one that is past that too is killed. */
static void kill_late(const struct tool_jobs *jobs, struct tool_job *job)
{
	if (jobs->timeout > 0 && !job->killed &&
	    tool_seconds_since(&job->started) > jobs->timeout + GRACE_SECONDS) {
		job->killed = true;
		kill(job->pid, SIGKILL);
	}
}

/* Ctrl-C reaches the runs as well: what ends of it did not end by itself. */
static void poll_job(const struct tool_jobs *jobs, struct tool_job *job)
{
	int status;

	if (waitpid(job->pid, &status, WNOHANG) != job->pid)
		kill_late(jobs, job);
	else if (tool_stopped)
		job->pid = 0;
	else
		end_job(jobs, job, status);
}

static void stop_job(struct tool_job *job)
{
	if (job->pid) {
		kill(job->pid, SIGTERM);
		tool_wait(job->pid);
	}
	tool_args_free(&job->args);
}

/* One pass over all slots: what ended makes room. Returns how many are under way. */
static unsigned int turn(const struct tool_jobs *jobs, struct tool_job *job, bool *more)
{
	unsigned int running = 0;

	for (unsigned int i = 0; i < jobs->at_once && !tool_stopped; i++) {
		if (job[i].pid)
			poll_job(jobs, &job[i]);
		while (*more && !job[i].pid && !tool_stopped) {
			job[i] = (struct tool_job){.slot = i};
			*more = jobs->next(jobs->ctx, &job[i]);
			if (*more)
				start_job(jobs, &job[i]);
		}
		running += job[i].pid != 0;
	}
	return running;
}

void tool_jobs_run(const struct tool_jobs *jobs)
{
	struct tool_job *job = calloc(jobs->at_once, sizeof(*job));
	struct timespec told = {0};
	bool more = job != NULL;

	while (!tool_stopped && (turn(jobs, job, &more) || more)) {
		if (tool_seconds_since(&told) > 0.2) {
			jobs->tick(jobs->ctx, job, jobs->at_once);
			clock_gettime(CLOCK_MONOTONIC, &told);
		}
		nanosleep(&(struct timespec){0, 1000000L}, NULL);
	}
	for (unsigned int i = 0; job && i < jobs->at_once; i++)
		stop_job(&job[i]);
	jobs->tick(jobs->ctx, NULL, 0);
	free(job);
}

unsigned int tool_processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return n < 1 ? 1 : n > TOOL_JOBS ? TOOL_JOBS : (unsigned int)n;
}
