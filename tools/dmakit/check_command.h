/* SPDX-License-Identifier: MIT */
/*
 * What the parts of `dmakit check` share: the command line in check_options.c, the processes in
 * jobs.c, what is shown and written at the end in check_result.c, and check.c, which calls them.
 */
#ifndef TOOLS_CHECK_COMMAND_H
#define TOOLS_CHECK_COMMAND_H

#include "common/output.h"
#include "dmakit/dmakit.h"
#include "report/suppress.h"

struct tool_jobs;

enum { CHECK_MACHINES = 64 };
enum check_file_kind { CHECK_JSON, CHECK_HTML, CHECK_SARIF, CHECK_JUNIT, CHECK_TRACE, CHECK_FILES };

struct check {
	const char *verb; /* "check", or "run": one machine, and a program that has it to itself */
	struct tool_paths paths;
	char directory[PATH_MAX - 64]; /* ours, temporary */
	struct tool_build build;
	char **program;           /* a program after --; NULL: none */
	const char *findings;     /* a file for the text of a "run"; NULL: standard error */
	struct tool_args pass;    /* options for each run, as the runner knows them */
	struct tool_args command; /* the command line as it was given */
	char *append;             /* boot arguments, all of them; NULL: none */
	struct check_machine {
		const char *name;
		bool named; /* asked for by its name, and not as one of all */
	} machine[CHECK_MACHINES];
	unsigned int nr_machines;
	struct check_file {
		const char *name; /* NULL: none; "-": standard output */
		struct tool_output output;
	} file[CHECK_FILES];
	bool timeline; /* asked for beside the files that need it */
	enum dmk_advice_shown advice;
	double timeout; /* seconds; 0: no limit */
	bool keep, verbose, gen_suppressions;
	struct dmk_suppressions *suppressions; /* read, to see that they can be; or NULL */
	unsigned int jobs;                     /* at once; 0: not said */
	bool fail_each;                        /* a run for each call that can fail */
	unsigned long per_site;                /* at most so many calls of one place; 0: all */
	unsigned int events;                   /* of a machine's timeline; 0: none */
	unsigned long explore;                 /* seeds; 0: one run */
	uint64_t seed;                         /* the first */
	struct tool_table table;
};

/**
 * check_command - the whole of a verb: its command line into *@check, @work, and all put away again
 * Return: the exit status.
 */
int check_command(struct check *check, int argc, char **argv, int (*work)(struct check *check));

/** check_is_run - whether the verb is "run" */
bool check_is_run(const struct check *check);

/**
 * check_options - read the command line into *@check
 * Return: STATUS_CLEAN, STATUS_REFUSED (said), or -1: help was asked for, and given.
 */
int check_options(struct check *check, int argc, char **argv);

/** check_words - add the words of the command line that choose no machine, without its name */
void check_words(const struct check *check, struct tool_args *words);
/**
 * check_again - the command line as a shell reads it, on this machine alone, for the same once more
 * @also: options that are added; NULL: none, and all that chose no machine stays. With them what
 *	asks for many runs, and where reports go, is left out.
 * Return: the caller's, of malloc.
 */
char *check_again(const struct check *check, const char *machine, const char *also);

/** check_file_choose - STATUS_CLEAN, or STATUS_REFUSED: said */
int check_file_choose(struct check *check, enum check_file_kind kind, const char *name);
/** check_stdout_taken - whether one of the files is standard output, and so no text goes there */
bool check_stdout_taken(const struct check *check);
/** check_wants_timeline - whether the runs are to record what happened when */
bool check_wants_timeline(const struct check *check);
/** check_files_open - before the work begins; STATUS_CLEAN, or STATUS_REFUSED: said */
int check_files_open(struct check *check);
/** check_files_write - all that were chosen; STATUS_CLEAN, or STATUS_REFUSED: said */
int check_files_write(struct check *check, const struct dmk_report *reports);
/** check_files_drop - of those that were not written nothing is left */
void check_files_drop(struct check *check);

/** check_build - files opened, the program made. STATUS_CLEAN, or STATUS_REFUSED: said. */
int check_build(struct check *check);

/**
 * check_conclude - show and write the reports, one of each machine
 * Return: the exit status that they stand for all together.
 */
int check_conclude(struct check *check, struct dmk_report *reports);

/** check_jobs - what all runs have in common, of this command */
void check_jobs(const struct check *check, struct tool_jobs *jobs);

/** check_show_whole - options of a run whose report is shown, and is not only one of many */
void check_show_whole(const struct check *check, struct tool_args *args);
/** check_mark_skipped - whether a run that could not be is none to be counted: one of "all" */
void check_mark_skipped(const struct check *check, unsigned int machine, struct dmk_report *report);

/** check_explore - all of --explore. Return: the exit status. */
int check_explore(struct check *check);
/** check_fail_each - all of --fail each. Return: the exit status. */
int check_fail_each(struct check *check);

#endif
