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
	struct dmk_report report[CHECK_MACHINES];
	bool done[CHECK_MACHINES];
	unsigned int started, ended, shown;
};

/*
 * The longest name of a machine that is built in: the tables of several runs, one below the other,
 * stand in line.
 */
enum { MACHINE_COLUMN = sizeof("arm-noncoherent-128") - 1 };

static void prepare_table(struct check *check)
{
	check->table.shown = check->nr_machines > 1 && !check_stdout_taken(check);
	check->table.live = isatty(STDOUT_FILENO);
	check->table.color = dmk_text_options_for(stdout).color;
	check->table.width = MACHINE_COLUMN;
	for (unsigned int i = 0; i < check->nr_machines; i++) {
		int length = (int)strlen(check->machine[i].name);

		if (length > check->table.width)
			check->table.width = length;
	}
}

static void show_running(void *ctx, const struct tool_job *job, unsigned int n)
{
	const struct machines_run *run = ctx;
	char text[256] = "";

	for (unsigned int i = 0; i < n; i++) {
		if (job[i].pid && strlen(text) + 1 < sizeof(text))
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %.0f s",
				 text[0] ? ", " : "", job[i].machine,
				 tool_seconds_since(&job[i].started));
	}
	tool_table_running(&run->check->table, n ? text : NULL, run->ended,
			   run->check->nr_machines);
}

void check_show_whole(const struct check *check, struct tool_args *args)
{
	if (check->events)
		tool_args_addf(args, "--timeline=%u", check->events);
}

static bool next_machine(void *ctx, struct tool_job *job)
{
	struct machines_run *run = ctx;

	if (run->started == run->check->nr_machines)
		return false;
	job->number = run->started;
	job->machine = run->check->machine[run->started++].name;
	check_show_whole(run->check, &job->args);
	return true;
}

void check_mark_skipped(const struct check *check, unsigned int machine, struct dmk_report *report)
{
	report->skipped = (report->no_device || report->no_machine) &&
			  !check->machine[machine].named;
}

/* Rows come in the order of the machines: each as soon as all before it are there. */
static void machine_done(void *ctx, struct tool_job *job)
{
	struct machines_run *run = ctx;

	check_mark_skipped(run->check, job->number, &job->report);
	run->report[job->number] = job->report;
	job->report = (struct dmk_report){0};
	run->done[job->number] = true;
	run->ended++;
	for (; run->shown < run->check->nr_machines && run->done[run->shown]; run->shown++)
		tool_table_row(&run->check->table, &run->report[run->shown]);
}

void check_jobs(const struct check *check, struct tool_jobs *jobs)
{
	*jobs = (struct tool_jobs){
		.program = check->build.program,
		.directory = check->directory,
		.options = &check->pass,
		.command = check->program,
		.preload = check->paths.preload,
		.verbose = check->verbose,
		.timeout = check->timeout,
		.at_once = check->jobs,
	};
}

static int run_machines(struct check *check)
{
	static struct machines_run run;
	struct tool_jobs jobs;
	int status = STATUS_REFUSED;

	run.check = check;
	check_jobs(check, &jobs);
	jobs.at_once = check->jobs ? check->jobs : AT_ONCE;
	jobs.next = next_machine;
	jobs.done = machine_done;
	jobs.tick = show_running;
	jobs.ctx = &run;
	tool_table_start(&check->table);
	tool_jobs_run(&jobs);
	if (!tool_stopped)
		status = check_conclude(check, run.report);
	for (unsigned int i = 0; i < check->nr_machines; i++)
		dmk_report_clear(&run.report[i]);
	return status;
}

int check_build(struct check *check)
{
	if (check_files_open(check))
		return STATUS_REFUSED;
	check->build.paths = &check->paths;
	check->build.directory = check->directory;
	if (tool_build(&check->build) || tool_stopped)
		return STATUS_REFUSED;
	if (check->program && access(check->paths.preload, R_OK) < 0)
		return tool_refuse("cannot run a program: %s is missing", check->paths.preload);
	return STATUS_CLEAN;
}

static int run_check(struct check *check)
{
	if (check_build(check))
		return STATUS_REFUSED;
	if (check->fail_each)
		return check_fail_each(check);
	if (check->explore)
		return check_explore(check);
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

int check_command(struct check *check, int argc, char **argv, int (*work)(struct check *check))
{
	int status;

	keep_command(&check->command, argc, argv);
	status = check_options(check, argc, argv);
	if (status)
		return status < 0 ? STATUS_CLEAN : status;
	if (tool_paths(&check->paths) < 0 ||
	    tool_temp(check->directory, sizeof(check->directory)) < 0)
		return STATUS_REFUSED;
	tool_catch_stop();
	status = work(check);
	check_files_drop(check);
	if (check->keep)
		fprintf(stderr, "dmakit: the program is in %s\n", check->directory);
	else
		tool_remove_tree(check->directory);
	tool_args_free(&check->build.sources);
	tool_args_free(&check->pass);
	tool_args_free(&check->command);
	free(check->append);
	dmk_suppressions_free(check->suppressions);
	if (tool_stopped) {
		fflush(stdout);
		signal(tool_stopped, SIG_DFL);
		raise(tool_stopped);
	}
	return status;
}

int tool_check(int argc, char **argv)
{
	static struct check check = {
		.verb = "check", .timeout = 60, .seed = 1, .build.watch = "instrumented"};

	return check_command(&check, argc, argv, run_check);
}
