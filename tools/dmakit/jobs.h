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
	unsigned int slot; /* of those at once */
	uint64_t number;   /* whoever gives it knows what for */
	const char *machine;
	struct tool_args args; /* options of this run alone; the job's own */
	pid_t pid;             /* 0: not started, or done */
	struct timespec started;
	bool killed;
	struct dmk_report report; /* once it is done */
};

struct tool_jobs {
	const char *program;             /* as dmakit-cc made it */
	const char *directory;           /* where it may write */
	const struct tool_args *options; /* of every run, as the runner knows them */
	char **command;                  /* a program that uses the driver; NULL: none */
	const char *preload;             /* what that program gets loaded */
	bool verbose;
	bool silent;          /* what a run prints is for nobody */
	/*
	 * The command has standard input and output to itself: a file that gets its wait status.
	 * Signals sent to us are sent on to the run. NULL: it is a test.
	 */
	const char *through;
	double timeout;       /* seconds that a run may take by its own clock; 0: no limit */
	unsigned int at_once; /* 1 to TOOL_JOBS */

	/* The next one: its number, machine and args; false: there is none any more. */
	bool (*next)(void *ctx, struct tool_job *job);
	/* One ended; its report is for taking, and is cleared afterwards. */
	void (*done)(void *ctx, struct tool_job *job);
	/* Some times a second, at the start and at the end; those with a pid are under way. */
	void (*tick)(void *ctx, const struct tool_job *job, unsigned int n);
	void *ctx;
};

enum { TOOL_JOBS = 1024 };

/** tool_processors - that this process may use; at least 1, at most TOOL_JOBS */
unsigned int tool_processors(void);

/**
 * tool_jobs_run - run them all, or until tool_stopped; then those under way are ended, and nobody
 * hears of them.
 */
void tool_jobs_run(const struct tool_jobs *jobs);

/** tool_seconds_since - of the monotonic clock */
double tool_seconds_since(const struct timespec *start);

/** The signal that asked this command to end; 0: none did. */
extern volatile sig_atomic_t tool_stopped;

/** tool_catch_stop - from now on such a signal is noted only */
void tool_catch_stop(void);
/**
 * tool_send_on - while the run of jobs.through is under way, such a signal goes to it, if it was
 * sent to this process alone; one of the terminal the run gets by itself.
 */
void tool_send_on(void);

#endif
