/* SPDX-License-Identifier: MIT */
/*
 * Runs of one program, each in a process of its own, some at a time, and the reports that they
 * leave. What a driver does to its process (a crash, a hang) ends that process and nothing else.
 */
#ifndef TOOLS_JOBS_H
#define TOOLS_JOBS_H

#include "dmakit/dmakit.h"

#include <signal.h>
#include <time.h>

struct tool_job {
	const char *machine;
	struct tool_args args; /* options of this run alone; the job's own */
	pid_t pid;             /* 0: not started, or done */
	struct timespec started;
	bool done, killed;
	struct dmk_report report; /* once it is done; whoever takes it clears it */
};

struct tool_jobs {
	const char *program;             /* as dmakit-cc made it */
	const char *directory;           /* where it may write */
	const struct tool_args *options; /* of every run, as the runner knows them */
	char **command;                  /* a program that uses the driver; NULL: none */
	const char *preload;             /* what that program gets loaded */
	bool verbose;
	double timeout; /* seconds that a run may take by its own clock; 0: no limit */
	unsigned int at_once;

	struct tool_job *job;
	unsigned int n;
	unsigned int started,
		ended; /* those before started have been; those before ended are done */

	void (*done)(void *ctx, struct tool_job *job); /* one ended, and its report is there */
	void (*tick)(void *ctx);                       /* some times a second, and at the start */
	void *ctx;
};

/** tool_jobs_run - run them all, or until tool_stopped; then those under way are ended. */
void tool_jobs_run(struct tool_jobs *jobs);

/** tool_seconds_since - of the monotonic clock */
double tool_seconds_since(const struct timespec *start);

/** The signal that asked this command to end; 0: none did. */
extern volatile sig_atomic_t tool_stopped;

/** tool_catch_stop - from now on such a signal is noted only */
void tool_catch_stop(void);

#endif
