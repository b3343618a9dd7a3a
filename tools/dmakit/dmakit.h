/* SPDX-License-Identifier: MIT */
/*
 * The dmakit command: one function a verb, each with its own command line, returning the exit
 * status.
 */
#ifndef TOOLS_DMAKIT_H
#define TOOLS_DMAKIT_H

#include "common/paths.h"
#include "common/process.h"
#include "report/report.h"

#include <getopt.h>

enum { STATUS_CLEAN, STATUS_FOUND, STATUS_REFUSED, STATUS_NO_CALL };

int tool_check(int argc, char **argv);
int tool_run_program(int argc, char **argv);
int tool_make(int argc, char **argv);
/** tool_kbuild_dir - print the directory that stands in for a kernel's build directory */
int tool_kbuild_dir(void);
/**
 * tool_why - "--why SOURCE FLAGS...": of a source that did not compile with these, what it lacks;
 * for tools/kbuild
 */
int tool_why(int argc, char **argv);
int tool_torture(int argc, char **argv);
int tool_machines(int argc, char **argv);
int tool_explain(int argc, char **argv);

/**
 * tool_append - add what --append was given to *@all (malloc), or say what is wrong with it
 * Return: STATUS_CLEAN, also when nobody reads a word of it (said); STATUS_REFUSED: a value makes
 *         no sense (said).
 */
int tool_append(char **all, const char *text);

/** tool_refuse - one line on standard error. Return: STATUS_REFUSED. */
int tool_refuse(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/**
 * tool_bad_option - say what getopt_long() did not like, with the nearest option. Return:
 * STATUS_REFUSED.
 */
int tool_bad_option(const char *verb, int code, char *const *argv, const struct option *options);

/* --- building a program from sources ---------------------------------------------------------- */

struct tool_build {
	const struct tool_paths *paths;
	const char *linux_version; /* NULL: newest */
	const char *watch;         /* how the driver's accesses are seen, as dmakit-cc knows it */
	const char *directory;     /* where it may write */
	bool reload;               /* static data in sections of its own, to be made anew */
	struct tool_args sources;  /* the driver's, and after them tests */
	size_t nr_drivers;         /* how many of them are the driver's */
	struct tool_args flags;    /* the driver's own, for compiling */
	struct tool_args failed;   /* those that do not compile */
	struct tool_args warned;   /* ... that hand over functions of other types than are called */
	char program[PATH_MAX]; /* the result */
};

/** tool_build - compile and link; STATUS_CLEAN, or STATUS_REFUSED when all was said. */
int tool_build(struct tool_build *build);

/**
 * tool_declaring_header - "linux/delay.h" for "udelay": false when no header below @include/linux
 * declares it.
 */
bool tool_declaring_header(const char *include, const char *name, char *header, size_t size);

/**
 * tool_nearest_declared - the function or macro of dmakit's headers whose name is nearest to @name,
 * in @near. false: none is near.
 */
bool tool_nearest_declared(const char *include, const char *name, char *near, size_t size);

/**
 * tool_headers_declare - whether a header below @include declares what the link calls @symbol, as
 * in "dmk_udelay".
 */
bool tool_headers_declare(const char *include, const char *symbol);

/* --- the table of several machines ------------------------------------------------------------ */

struct tool_table {
	bool shown; /* there is a table at all */
	bool live;  /* on a terminal: what runs is shown below, and overwritten */
	bool color;
	int width; /* of the machine's column */
};

void tool_table_start(const struct tool_table *table);
void tool_table_row(const struct tool_table *table, const struct dmk_report *report);
/**
 * tool_table_running - on a terminal, how many are done, and what is under way, for how long; NULL:
 * nothing any more.
 */
void tool_table_running(const struct tool_table *table, const char *names, unsigned int done,
			unsigned int all);

#endif
