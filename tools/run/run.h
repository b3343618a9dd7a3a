/* SPDX-License-Identifier: MIT */
/*
 * The runner: what a program made by dmakit-cc does when it has no main of its own. One run in a
 * process, so its state is one object; the parts of the runner share it.
 */
#ifndef TOOLS_RUN_H
#define TOOLS_RUN_H

#include <dmakit/boot.h>
#include <dmakit/kernel.h>

#include "report/report.h"
#include "report/suppress.h"
#include "run/record.h"

#include <pthread.h>
#include <signal.h>

enum { DMK_RUN_DEVICES = 16, DMK_RUN_PARAMS = 32 };

struct dmk_run_options {
	const char *machine;
	const char *append;
	uint64_t seed;
	uint64_t fail; /* number of the call that fails on purpose, from 1; 0: none */
	bool count_calls; /* note which calls can fail, and let none */
	unsigned long reload; /* how often the modules are unloaded, loaded and used again */
	struct dmk_device_request device[DMK_RUN_DEVICES];
	const char *device_text[DMK_RUN_DEVICES];
	unsigned int nr_devices;
	struct {
		const char *name, *value;
	} param[DMK_RUN_PARAMS];
	unsigned int nr_params;
	const char *json; /* file; NULL: none; "-": standard output */
	bool quiet;       /* no text */
	bool verbose;     /* the log as it comes */
	bool no_checker;
	enum dmk_advice_shown advice;
	uint64_t timeline; /* events that the recorder keeps; 0: no timeline */
	double timeout; /* seconds; 0: no limit */
	struct dmk_suppressions *suppressions;
	bool gen_suppressions; /* print an entry for each finding */
	const char *
		/* a socket: offer the driver's files there, and run the program in command */
		serve;
	char **command;
	const char *program_status; /* a file for its wait status, which is then no test's */
};

/**
 * dmk_run_options - 0: go on; otherwise 1 + the exit status, and all was said. Strings point into
 * argv, which is changed.
 */
int dmk_run_options(struct dmk_run_options *options, int argc, char **argv);

enum { DMK_RUN_COMPLAINTS = 100 };

/** What the kernel part said of a driver that is no rule's: dmk_complaints_to(). */
struct dmk_run_complaint {
	const void *caller; /* the driver's call, or NULL */
	char *text;
	uint64_t count;
};

struct dmk_run {
	struct dmk_run_options options;
	struct dmk_report report;
	pthread_mutex_t lock; /* guards report.log, complaint and the running test */
	struct dmk_symbols *symbols;
	struct dmk_recorder *recorder; /* NULL: no timeline is wanted */
	int main_tid;
	struct timespec started;
	int json_fd; /* -1: none */
	unsigned int probes, probes_failed;
	struct dmk_run_complaint complaint[DMK_RUN_COMPLAINTS];
	size_t nr_complaints;
};
extern struct dmk_run dmk_run;

/** Fill the report from checker and machine; on a crash or hang also what is mapped. */
void dmk_run_collect(bool live);
/** Whether a run is advised on: not one in which a call fails on purpose, or nobody watches. */
bool dmk_run_wants_advice(void);
/** The advisor's tables, into the report. */
void dmk_run_advice_collect(void);
/**
 * The driver's static data, as it is before the first load: dmk_run_data_again() makes it so again.
 * Of a program whose modules were not put together for that nothing is known, and nothing done.
 */
void dmk_run_data_keep(void);
void dmk_run_data_again(void);
/** Show it and write it; returns the exit status. */
int dmk_run_finish(void);
/** Note one line that makes the run no success. */
void dmk_run_problem(const char *format, ...) DMK_PRINTF(1, 2);

/** The program's tests: how many, and all of them run. */
unsigned int dmk_run_nr_tests(void);
void dmk_run_tests(void);
/**
 * Calls from the driver's code are counted from now on, and the wanted one fails;
 * dmk_run_fail_end(): no more.
 */
void dmk_run_fail_begin(void);
void dmk_run_fail_end(void);
/** Whether a call has failed on purpose: what the driver then says of it is no problem. */
bool dmk_run_failed_on_purpose(void);
/** What became of it, into the report. */
void dmk_run_fail_collect(void);
/** The default exercise of all character devices, and of all disks and network interfaces. */
void dmk_run_exercise(void);
/** That of the disks, that of the interfaces; how many calls it was. */
unsigned int dmk_run_exercise_disks(void);
unsigned int dmk_run_exercise_net(void);
/** A program that uses the driver through the preload library, as a test. */
void dmk_run_program(void);

/* --- crashes and hangs ------------------------------------------------------------------------ */

enum { DMK_RUN_STACK = 48 };

struct dmk_run_stack {
	uint64_t address[DMK_RUN_STACK];
	unsigned int n;
};

/**
 * The stack of the thread that @context, of a signal handler, interrupted. Async-signal-safe after
 * dmk_run_stack_prepare().
 */
void dmk_run_stack_of(void *context, struct dmk_run_stack *stack);
/**
 * dmk_run_stack_from - from a return address and the frame of the function that was called, or of
 * the caller
 */
void dmk_run_stack_from(uint64_t caller, uint64_t frame, struct dmk_run_stack *stack);
void dmk_run_stack_prepare(void);

void dmk_run_catch_crashes(void);
/**
 * A first, small record for whoever waits for the report, made without malloc: in case the full one
 * can't be.
 */
void dmk_run_raw_record(const char *outcome, const char *signal_name,
			const struct dmk_run_stack *stack);
/** From now on the process ends within @seconds, whatever happens. */
void dmk_run_last_words(unsigned int seconds);

/** Start and stop the time limit. */
void dmk_run_watch(double seconds);
void dmk_run_unwatch(void);

#endif
