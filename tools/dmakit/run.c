/* SPDX-License-Identifier: MIT */
/*
 * dmakit run: the driver is there for a program's sake, which has the terminal to itself. Building,
 * options and files are `dmakit check`'s; what is different is whose the exit status and the
 * standard streams are.
 */
#include "dmakit/check_command.h"
#include "dmakit/jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct one_run {
	const struct check *check;
	struct dmk_report report;
	bool started;
};

static bool next_run(void *ctx, struct tool_job *job)
{
	struct one_run *run = ctx;

	if (run->started)
		return false;
	run->started = true;
	job->machine = run->check->machine[0].name;
	check_show_whole(run->check, &job->args);
	return true;
}

static void run_done(void *ctx, struct tool_job *job)
{
	struct one_run *run = ctx;

	run->report = job->report;
	job->report = (struct dmk_report){0};
}

static void no_tick(void *ctx, const struct tool_job *job, unsigned int n)
{
}

/* What the runner noted of its program, as wait(2) has it; -1: it came to no end. */
static int program_status(const char *name)
{
	FILE *file = fopen(name, "r");
	int status;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &status) != 1)
		status = -1;
	fclose(file);
	return status;
}

static int write_findings(const struct check *check, const struct dmk_report *report, int status)
{
	FILE *out = check->findings ? fopen(check->findings, "w") : stderr;
	struct dmk_text_options look;
	char directory[PATH_MAX];
	int failed;

	if (!out)
		return tool_refuse("cannot write %s: %s", check->findings, strerror(errno));
	look = dmk_text_options_for(out);
	look.prefix = getcwd(directory, sizeof(directory));
	look.unused = check->verbose;
	look.advice = check->advice;
	if (status || check->findings || check->advice != DMK_ADVICE_NONE)
		dmk_text_reports(out, report, 1, &look);
	if (check->gen_suppressions)
		dmk_suppressions_print_all(out, report, 1);
	if (!check->findings)
		return STATUS_CLEAN;
	failed = ferror(out) | fclose(out);
	return failed ? tool_refuse("cannot write %s", check->findings) : STATUS_CLEAN;
}

static int conclude(struct check *check, struct dmk_report *report, int program)
{
	const int status = dmk_report_status(report);

	if (report->outcome == DMK_OUTCOME_REFUSED) {
		if (report->error && report->error[0])
			tool_refuse("%s", report->error);
		return STATUS_REFUSED;
	}
	if (check_files_write(check, report) || write_findings(check, report, status))
		return STATUS_REFUSED;
	if (status)
		return status;
	if (program < 0)
		return STATUS_FOUND;
	return WIFSIGNALED(program) ? 128 + WTERMSIG(program) : WEXITSTATUS(program);
}

static int run_program(struct check *check)
{
	struct one_run run = {.check = check};
	char status_file[PATH_MAX];
	struct tool_jobs jobs;
	int status;

	if (check_build(check))
		return STATUS_REFUSED;
	snprintf(status_file, sizeof(status_file), "%s/status", check->directory);
	check_jobs(check, &jobs);
	jobs.at_once = 1;
	jobs.through = status_file;
	jobs.next = next_run;
	jobs.done = run_done;
	jobs.tick = no_tick;
	jobs.ctx = &run;
	tool_send_on();
	tool_jobs_run(&jobs);
	status = tool_stopped ? STATUS_REFUSED
			      : conclude(check, &run.report, program_status(status_file));
	dmk_report_clear(&run.report);
	return status;
}

/* A user's own shell; without one, and for scripts, the one that is everywhere. */
static char *shell(void)
{
	char *name = getenv("SHELL");

	return name && isatty(STDIN_FILENO) && !access(name, X_OK) ? name : "/bin/sh";
}

int tool_run_program(int argc, char **argv)
{
	static char *shell_alone[2];
	static struct check check = {
		.verb = "run", .seed = 1, .build.watch = "instrumented", .program = shell_alone};

	shell_alone[0] = shell();
	check.advice = DMK_ADVICE_NONE;
	tool_args_add(&check.pass, "--advice=none");
	tool_args_add(&check.pass, "--timeout=0");
	return check_command(&check, argc, argv, run_program);
}
