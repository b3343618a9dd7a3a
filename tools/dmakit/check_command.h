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

enum { CHECK_MACHINES = 64 };

struct check {
	struct tool_paths paths;
	char directory[PATH_MAX - 64]; /* ours, temporary */
	struct tool_build build;
	char **program;         /* a program after --; NULL: none */
	struct tool_args pass;  /* options for each run, as the runner knows them */
	struct tool_args words; /* the command line without its machines */
	struct tool_args command; /* and as it was given */
	char *append;           /* boot arguments, all of them; NULL: none */
	struct check_machine {
		const char *name;
		bool named; /* asked for by its name, and not as one of all */
	} machine[CHECK_MACHINES];
	unsigned int nr_machines;
	const char *json; /* file; NULL: none; "-": standard output */
	const char *html; /* file; NULL: none */
	struct tool_output page;
	double timeout; /* seconds; 0: no limit */
	bool keep, verbose, gen_suppressions;
	struct dmk_suppressions *suppressions; /* read, to see that they can be; or NULL */
	struct tool_table table;
};

/**
 * check_options - read the command line into *@check
 * Return: STATUS_CLEAN, STATUS_REFUSED (said), or -1: help was asked for, and given.
 */
int check_options(struct check *check, int argc, char **argv);

/** check_keep_words - keep what of the command line chooses no machine, to be said again. */
void check_keep_words(struct tool_args *words, int argc, char **argv);
/** check_print_word - after a blank, as a shell reads it back */
void check_print_word(FILE *out, const char *word);

/** check_json_alone - whether the JSON goes to standard output, and so no text does */
bool check_json_alone(const struct check *check);
/**
 * check_conclude - show and write the reports, one of each machine
 * Return: the exit status that they stand for all together.
 */
int check_conclude(struct check *check, struct dmk_report *reports);

#endif
