/* SPDX-License-Identifier: MIT */
/*
 * A report: all that one run of a driver on one machine gave, as plain data. The runner fills it
 * from the checker, the machine and the tests; text.c and json_write.c show it; json_read.c makes
 * one again, so that `dmakit check` can merge several.
 *
 * Every string is the report's own, from malloc, and may be NULL for "nothing known" unless a
 * comment says otherwise.
 */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include <dmakit/check.h>
#include <dmakit/types.h>

#include <stdio.h>

/** One line of a stack, with names. An inlined function is a frame of its own. */
struct dmk_report_frame {
	char *function;
	/* as the compiler was given it, made absolute; NULL without debug information */
	char *file;
	unsigned int line; /* 0: not known */
	uint64_t address;
	bool inlined;
	bool ours; /* dmakit's own code or a library's, not the driver's or the test's */
};

struct dmk_report_stack {
	struct dmk_report_frame *frame;
	size_t n;
};

/** One thing that happened to a finding's buffer. */
struct dmk_report_step {
	char *what; /* "mapped", "synced for the CPU", "unmapped" */
	struct dmk_report_stack where;
};

/** A finding, or (in live) something mapped at the moment of a crash or hang: then rule is "". */
struct dmk_report_finding {
	char *rule, *title;
	bool warning;
	uint64_t count;
	char *device, *driver;
	char *what, *mend;
	struct {
		bool known, bounced;
		char *kind, *owner, *direction; /* direction NULL: it has none */
		uint64_t dma, phys, cpu, size;
	} buffer;
	struct dmk_report_stack where, mapped;
	char *mapped_label;
	struct dmk_report_step *history; /* of the buffer, oldest first */
	size_t nr_history;
	char *suppressed; /* who said that it does not count; NULL: it does */
};

/** An entry of a file of suppressions that was read for this run. */
struct dmk_report_suppression {
	char *name, *file;
	unsigned int line;
	uint64_t used; /* findings that it took */
};

/**
 * Advice: tables of what a run did that could be done with less, or not at all. What is in them is
 * the advisor's (dmakit/advice.h): here they are names, numbers and sentences.
 */
struct dmk_report_column {
	char *id, *title;
	char *kind; /* of the cells: "text"; "count", "bytes", "seconds": numbers */
};

struct dmk_report_row {
	struct dmk_report_stack where; /* the call that the row is about; empty: no one call */
	/* a sentence on what to do; NULL: there is nothing to do, the row is a fact */
	char *advice;
	uint64_t weight; /* the higher, the more there is to gain: an order, no unit */
	struct dmk_report_cell {
		char *text;    /* of kind "text"; NULL: not known */
		double number; /* of the others; negative: not known */
	} * cell; /* one for each column */
	size_t nr_cells;
};

struct dmk_report_section {
	char *id, *title, *sentence;
	/* a row's advice is good only when each machine that ran the call gives it */
	bool agree;
	struct dmk_report_column *column;
	size_t nr_columns;
	struct dmk_report_row *row; /* those with advice first, the worst of them first */
	size_t nr_rows;
};

struct dmk_report_test {
	char *name, *file;
	unsigned int line;
	bool passed;
	double seconds;
	struct dmk_report_failure {
		char *text, *file;
		unsigned int line;
	} * failure;
	size_t nr_failures;
};

enum dmk_report_outcome {
	DMK_OUTCOME_DONE,    /* it ran to its end */
	/* the driver or test crashed: crash is filled, live is what was mapped */
	DMK_OUTCOME_CRASHED,
	DMK_OUTCOME_HUNG, /* the time limit passed: threads are filled, live is what was mapped */
	DMK_OUTCOME_REFUSED, /* it could not run at all: error says why, in one line */
};

struct dmk_report_thread {
	char *name;
	int tid;
	struct dmk_report_stack stack;
};

/** What went wrong in one of many runs, the worst first. */
enum dmk_trouble_kind {
	DMK_TROUBLE_CRASH, /* of the driver or the test; or the machine died */
	DMK_TROUBLE_HANG,
	DMK_TROUBLE_ADDRESS, /* the error of a mapping was taken for an address */
	DMK_TROUBLE_LEAK,    /* something stayed mapped or allocated */
	DMK_TROUBLE_FINDING, /* another rule was broken */
	DMK_TROUBLE_PROBLEM, /* a mistake that is no rule's */
	DMK_TROUBLE_TEST,    /* a test failed, and no call on purpose */
	DMK_TROUBLE_REFUSED, /* the run could not be made */
	DMK_TROUBLE_KINDS
};

/** One thing that went wrong, in some of many runs. */
struct dmk_report_trouble {
	enum dmk_trouble_kind kind;
	uint64_t runs;  /* that had it */
	uint64_t first; /* the lowest of their numbers: of the call that failed, or the seed */
	char *text;     /* one line; of a finding NULL */
	struct dmk_report_finding finding; /* its rule is NULL where it is none */
	struct dmk_report_stack where;     /* of a crash or a hang */
	char *repeat;                      /* the command that shows it again */
};

struct dmk_report_troubles {
	struct dmk_report_trouble *item;
	size_t n;
};

/** A place in the driver that makes calls of a kind that can fail. */
struct dmk_report_site {
	char *kind; /* what they ask for: "a streaming mapping" */
	struct dmk_report_stack where;
	/* which of the driver's calls they were, when none failed; ascending */
	uint64_t *number;
	size_t calls;
	uint64_t left_out; /* of these: not tried */
	uint64_t failed;   /* runs in which one of its calls failed */
	uint64_t bad;      /* of these: with troubles */
	/* of the others: a device that no driver took, that one took else; with a failed test */
	uint64_t unbound, untested;
	uint64_t first_untested; /* the number of the call in the first of these */
	struct dmk_report_troubles trouble;
};

/** --fail each: one run for each call of the driver that can fail, in which it does. */
struct dmk_report_each {
	uint64_t calls; /* that the driver made, when none failed */
	uint64_t runs;  /* that were made */
	uint64_t left_out;
	/* runs in which another place's call failed than when none did, or no call at all */
	uint64_t astray;
	double seconds; /* for all of them */
	bool stopped;   /* by the user, before all were made */
	struct dmk_report_site *site;
	size_t nr_sites;
	struct dmk_report_troubles trouble; /* of runs in which no call failed */
};

/** --explore N: the same run with N seeds. */
struct dmk_report_explore {
	uint64_t first, seeds; /* asked for: first, first + 1, ... */
	uint64_t runs, clean;  /* that were made; of these: with nothing wrong */
	double seconds;        /* for all of them */
	bool stopped;          /* by the user, before all were made */
	struct dmk_report_troubles trouble;
};

struct dmk_report {
	enum dmk_report_outcome outcome;
	char *error;
	char *watched; /* how the driver's own loads and stores were seen: "none", "page", … */
	bool no_device;  /* refused since nothing there is for this driver */
	bool no_machine; /* refused since a program is missing that the machine needs */
	bool skipped;    /* one of these, on a machine that was not asked for by name: no failure */
	char *machine, *summary, *append;
	uint64_t seed;
	char **device; /* as --device would say it */
	size_t nr_devices;
	unsigned int bound; /* devices that a driver took */
	double seconds;

	struct {
		char *signal, *text;
		struct dmk_report_stack stack;
		uint64_t bias; /* of the program's addresses, when the stack has addresses only */
	} crash;
	double limit; /* seconds; of a hang */
	struct dmk_report_thread *thread;
	size_t nr_threads;
	struct dmk_report_finding *live;
	size_t nr_live;
	char *machine_died;

	struct dmk_report_finding *finding;
	size_t nr_findings;
	/* findings that do not count, in the order they were seen (CHK-06) */
	struct dmk_report_finding *suppressed;
	size_t nr_suppressed;
	struct dmk_report_suppression *suppression; /* all of them, used or not */
	size_t nr_suppressions;
	/* mappings that share pages with other memory, where they are watched by page */
	struct {
		uint64_t mappings; /* all that were made, those too */
		struct dmk_report_unwatched {
			uint64_t mappings;
			struct dmk_report_stack where; /* the call that made them */
		} * place; /* most mappings first */
		size_t nr_places;
	} unwatched;
	struct dmk_check_totals totals;
	struct dmk_report_section *advice; /* never counts for the status */
	size_t nr_advice;
	bool advised; /* it was asked for; else there are no sections */

	/*
	 * A call that was to fail on purpose: number .wanted of the .calls that the driver made and
	 * that can fail; 0: none was.
	 */
	struct {
		uint64_t wanted, calls;
		bool failed; /* there was such a call */
		char *kind;  /* what it asked for: "a streaming mapping" */
		struct dmk_report_stack where;
	} fail;
	struct dmk_report_each *each; /* NULL: this was not asked for */
	struct dmk_report_explore
		*explore; /* the same; the run itself is that with the first seed */

	char **problem; /* one line each: a module that would not load, a probe that failed */
	size_t nr_problems;
	struct dmk_report_test *test;
	size_t nr_tests;
	bool exercised; /* there was no test: the default exercise ran */
	unsigned int exercised_files, exercised_disks, exercised_interfaces, exercised_calls;

	struct dmk_report_log {
		int level;
		char *text;
	} * log;
	size_t nr_log;
	uint64_t log_dropped;

	struct dmk_timeline *timeline; /* timeline.h; NULL: none was recorded */
};

/**
 * The exit status that a report stands for: 0 nothing wrong, 1 something was, 2 it could not run, 3
 * nothing wrong, and there was no such call to fail
 */
int dmk_report_status(const struct dmk_report *report);
/** dmk_report_worse - the status of two runs together: 3 only when both are. */
int dmk_report_worse(int a, int b);

/** Free all that the report owns, not the report; it is empty afterwards. */
void dmk_report_clear(struct dmk_report *report);
void dmk_report_clear_finding(struct dmk_report_finding *finding);
void dmk_report_clear_stack(struct dmk_report_stack *stack);

/**
 * dmk_report_grow - room for one more zeroed element of *@array, which has *@n of @size bytes.
 * NULL: out of memory.
 */
void *dmk_report_grow(void *array, size_t *n, size_t size);
/**
 * dmk_report_source - a source to read; NULL, and errno says why. Debug information may name
 * anything, a pipe say, which nobody waits for: EINVAL.
 */
FILE *dmk_report_source(const char *name);
/** Printf-style, into fresh memory. */
char *dmk_report_format(const char *format, ...) DMK_PRINTF(1, 2);

/**
 * Whether two findings are the same mistake at the same place: on two machines they are shown once.
 */
bool dmk_report_same(const struct dmk_report_finding *a, const struct dmk_report_finding *b);

/** Whether two stacks have the same place: file and line, or without these the function. */
bool dmk_report_same_place(const struct dmk_report_stack *a, const struct dmk_report_stack *b);
/** First frame that is not dmakit's own, or NULL. */
const struct dmk_report_frame *dmk_report_place(const struct dmk_report_stack *stack);

const char *dmk_report_direction(enum dmk_direction dir);

/* --- many runs -------------------------------------------------------------------------------- */

/** dmk_trouble_name - a word or two, as in a table: "leaked" */
const char *dmk_trouble_name(enum dmk_trouble_kind kind);

/**
 * dmk_report_troubles_add - what went wrong in @run, with this @number: each thing that is not in
 * @base (NULL: nothing is) becomes one of *@list, or one more run of the one that is there. A test
 * that failed is such a thing unless a call failed on purpose. Takes parts of @run for itself.
 * Return: the worst of them; DMK_TROUBLE_KINDS: nothing went wrong.
 */
enum dmk_trouble_kind dmk_report_troubles_add(struct dmk_report_troubles *list,
					      struct dmk_report *run, const struct dmk_report *base,
					      uint64_t number);
/** Whether it is the same: on two machines it is shown once. */
bool dmk_report_same_trouble(const struct dmk_report_trouble *a,
			     const struct dmk_report_trouble *b);
void dmk_report_troubles_clear(struct dmk_report_troubles *list);
/** The worst of them; DMK_TROUBLE_KINDS: there is none. */
enum dmk_trouble_kind dmk_report_worst(const struct dmk_report_troubles *list);

/**
 * dmk_report_each_add - @run, in which call @number of the driver's was to fail, to what @base has
 * of such runs: @base->each, and @base is how it is when no call fails. Takes parts of @run.
 * Return: the worst that went wrong; DMK_TROUBLE_KINDS: nothing did.
 */
enum dmk_trouble_kind dmk_report_each_add(struct dmk_report *base, struct dmk_report *run,
					  uint64_t number);
/** The site that made call @number when none failed, or NULL. */
struct dmk_report_site *dmk_report_each_site(const struct dmk_report_each *each, uint64_t number);
/** dmk_report_troubles_sort - the worst first, and of these what most runs had */
void dmk_report_troubles_sort(struct dmk_report_troubles *list);
void dmk_report_explore_free(struct dmk_report_explore *explore);
/** Worst sites first. */
void dmk_report_each_sort(struct dmk_report_each *each);
void dmk_report_each_free(struct dmk_report_each *each);
/** One or two words: its worst trouble, "coped", or "not reached": none of its calls failed. */
const char *dmk_report_site_outcome(const struct dmk_report_site *site);
/** Whether two sites, of two reports, are the same place with the same kind of call. */
bool dmk_report_same_site(const struct dmk_report_site *a, const struct dmk_report_site *b);

/* --- symbols ---------------------------------------------------------------------------------- */

struct dmk_symbols;

/**
 * dmk_symbols_self - of the running process; NULL: none can be had, and stacks have addresses only.
 */
struct dmk_symbols *dmk_symbols_self(void);
/**
 * dmk_symbols_file - of @program as it was loaded with @bias added to its addresses, when it is
 * gone.
 */
struct dmk_symbols *dmk_symbols_file(const char *program, uint64_t bias);
void dmk_symbols_free(struct dmk_symbols *symbols);
/**
 * dmk_symbols_is_library - whether a code address lies in dmakit's own object code. Quick, and any
 * thread may ask.
 */
bool dmk_symbols_is_library(const struct dmk_symbols *symbols, const void *code);
/**
 * dmk_symbols_stack - @exact: the first address is an instruction itself, as the rest never are.
 */
/**
 * dmk_symbols_line - a number for the source line of the call before @code; 0: no debug
 * information. Any thread may ask.
 */
uint64_t dmk_symbols_line(struct dmk_symbols *symbols, const void *code);
void dmk_symbols_stack(struct dmk_symbols *symbols, const struct dmk_stack *stack, bool exact,
		       struct dmk_report_stack *out);
void dmk_symbols_addresses(struct dmk_symbols *symbols, const uint64_t *address, size_t n,
			   bool exact, struct dmk_report_stack *out);

/* --- showing ---------------------------------------------------------------------------------- */

enum dmk_advice_shown { DMK_ADVICE_SHORT, DMK_ADVICE_NONE, DMK_ADVICE_ALL };
/** dmk_advice_shown_named - by its name: "none", "short", "all"; false: there is none of it. */
bool dmk_advice_shown_named(const char *name, enum dmk_advice_shown *shown);

struct dmk_text_options {
	bool color;
	bool verbose; /* the driver's log too */
	enum dmk_advice_shown advice;
	bool unused;  /* suppressions that took nothing */
	/* the source line of the first frame of each stack, where the file can be read */
	bool excerpt;
	const char *
		/* what file names are shown relative to: the working directory; NULL: absolute */
		prefix;
};

/** dmk_text_options_for - colour when @out is a terminal and NO_COLOR is not set. */
struct dmk_text_options dmk_text_options_for(FILE *out);

/** dmk_text_reports - all of them, merged: a finding that several machines gave is shown once. */
void dmk_text_reports(FILE *out, const struct dmk_report *reports, size_t n,
		      const struct dmk_text_options *options);

/**
 * dmk_text_each - what became of failing each call: the reports have .each, or were not run. Before
 * it, how it is when no call fails, if that is not clean.
 */
void dmk_text_each(FILE *out, const struct dmk_report *reports, size_t n,
		   const struct dmk_text_options *options);

/** dmk_text_advice - what it says of advice; nothing where none was given. */
void dmk_text_advice(FILE *out, const struct dmk_report *reports, size_t n,
		     const struct dmk_text_options *options);
/** dmk_text_explore - what many seeds gave: the reports have .explore, or were not run. */
void dmk_text_explore(FILE *out, const struct dmk_report *reports, size_t n,
		      const struct dmk_text_options *options);

/** dmk_json_write - docs/JSON.md. Return 0, or a negative errno. */
int dmk_json_write(FILE *out, const struct dmk_report *reports, size_t n);
/**
 * dmk_json_read - what dmk_json_write() wrote of one report. Return 0, -EINVAL (no such thing),
 * -ENOMEM.
 */
int dmk_json_read(const char *text, size_t size, struct dmk_report *report);

#endif
