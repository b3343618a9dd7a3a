/* SPDX-License-Identifier: MIT */
/*
 * dmakit check: build the driver into a program, run it once per machine, two at a time, and merge
 * what they report. Not the processes (jobs.c), nor how a report looks.
 */
#include "dmakit/check_command.h"
#include "dmakit/jobs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AT_ONCE = 2 };

/* One run a machine, and a row of the table for each. */
struct machines_run {
	const struct check *check;
	struct tool_jobs jobs;
	struct tool_job job[CHECK_MACHINES];
	unsigned int shown;
};

/*
 * The longest name of a machine that is built in: the tables of several runs, one below the other,
 * stand in line.
 */
enum { MACHINE_COLUMN = sizeof("arm-noncoherent-128") - 1 };

static void prepare_table(struct check *check)
{
	check->table.shown = check->nr_machines > 1 && !check_json_alone(check);
	check->table.live = isatty(STDOUT_FILENO);
	check->table.color = dmk_text_options_for(stdout).color;
	check->table.width = MACHINE_COLUMN;
	for (unsigned int i = 0; i < check->nr_machines; i++) {
		int length = (int)strlen(check->machine[i].name);

		if (length > check->table.width)
			check->table.width = length;
	}
}

static void show_running(void *ctx)
{
	const struct machines_run *run = ctx;
	const struct tool_jobs *jobs = &run->jobs;
	char text[256] = "";
	unsigned int done = 0;

	for (unsigned int i = 0; i < jobs->n; i++) {
		done += jobs->job[i].done;
		if (jobs->job[i].pid)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %.0f s",
				 text[0] ? ", " : "", jobs->job[i].machine,
				 tool_seconds_since(&jobs->job[i].started));
	}
	tool_table_running(&run->check->table, text, done, jobs->n);
}

/* Rows come in the order of the machines: each as soon as all before it are there. */
static void machine_done(void *ctx, struct tool_job *job)
{
	struct machines_run *run = ctx;
	const bool named = run->check->machine[job - run->job].named;

	job->report.skipped = (job->report.no_device || job->report.no_machine) && !named;
	for (; run->shown < run->jobs.n && run->job[run->shown].done; run->shown++)
		tool_table_row(&run->check->table, &run->job[run->shown].report);
}

static void describe_jobs(const struct check *check, struct tool_jobs *jobs)
{
	*jobs = (struct tool_jobs){
		.program = check->build.program,
		.directory = check->directory,
		.options = &check->pass,
		.command = check->program,
		.preload = check->paths.preload,
		.verbose = check->verbose,
		.timeout = check->timeout,
		.at_once = AT_ONCE,
	};
}

static int run_machines(struct check *check)
{
	static struct dmk_report reports[CHECK_MACHINES];
	static struct machines_run run;
	int status = STATUS_REFUSED;

	run.check = check;
	describe_jobs(check, &run.jobs);
	run.jobs.job = run.job;
	run.jobs.n = check->nr_machines;
	run.jobs.done = machine_done;
	run.jobs.tick = show_running;
	run.jobs.ctx = &run;
	for (unsigned int i = 0; i < run.jobs.n; i++)
		run.job[i].machine = check->machine[i].name;
	tool_table_start(&check->table);
	tool_jobs_run(&run.jobs);
	tool_table_running(&check->table, NULL, 0, 0);
	for (unsigned int i = 0; i < run.jobs.n; i++)
		reports[i] = run.job[i].report;
	if (!tool_stopped)
		status = check_conclude(check, reports);
	for (unsigned int i = 0; i < run.jobs.n; i++)
		dmk_report_clear(&reports[i]);
	return status;
}

static int run_check(struct check *check)
{
	int result = check->html ? tool_output_open(&check->page, check->html) : 0;

	if (result < 0)
		return tool_refuse("cannot write %s: %s", check->html, strerror(-result));
	check->build.paths = &check->paths;
	check->build.directory = check->directory;
	if (tool_build(&check->build) || tool_stopped)
		return STATUS_REFUSED;
	if (check->program && access(check->paths.preload, R_OK) < 0)
		return tool_refuse("cannot run a program: %s is missing", check->paths.preload);
	prepare_table(check);
	return run_machines(check);
}

/* Before getopt() puts the words into another order. */
static void keep_command(struct tool_args *command, int argc, char **argv)
{
	tool_args_add(command, "dmakit");
	for (int i = 0; i < argc; i++)
		tool_args_add(command, argv[i]);
}

int tool_check(int argc, char **argv)
{
	static struct check check = {.timeout = 60, .build.watch = "instrumented"};
	int status;

	keep_command(&check.command, argc, argv);
	check_keep_words(&check.words, argc, argv);
	status = check_options(&check, argc, argv);
	if (status)
		return status < 0 ? STATUS_CLEAN : status;
	if (tool_paths(&check.paths) < 0 || tool_temp(check.directory, sizeof(check.directory)) < 0)
		return STATUS_REFUSED;
	tool_catch_stop();
	status = run_check(&check);
	tool_output_drop(&check.page);
	if (check.keep)
		fprintf(stderr, "dmakit: the program is in %s\n", check.directory);
	else
		tool_remove_tree(check.directory);
	tool_args_free(&check.build.sources);
	tool_args_free(&check.pass);
	tool_args_free(&check.words);
	tool_args_free(&check.command);
	free(check.append);
	dmk_suppressions_free(check.suppressions);
	if (tool_stopped) {
		signal(tool_stopped, SIG_DFL);
		raise(tool_stopped);
	}
	return status;
}
