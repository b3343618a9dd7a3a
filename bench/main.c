/* SPDX-License-Identifier: MIT */
/*
 * dmakit-bench: what a call costs, in nanoseconds, beside floors and other people's allocators
 * measured in the same run. This file reads the command line and chooses rows. It is no test:
 * nothing fails because it is slow.
 */
#include "bench.h"
#include "peers.h"
#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dmakit/kernel.h>

enum { REPEATS = 51, QUICK_REPEATS = 11, MOST_ROWS = 256 };

struct options {
	unsigned int repeats;
	const char *only; /* rows whose name has this in it; NULL: all */
	const char *json;
	bool list;
};

void bench_die(const char *what)
{
	fprintf(stderr, "dmakit-bench: %s\n", what);
	exit(2);
}

/* What the kernel part says at boot belongs to nobody's figures. */
static void no_log(void *ctx, int level, const char *text)
{
	if (level <= 3)
		fprintf(stderr, "%s\n", text);
}

/* --- choice of rows --------------------------------------------------------------------------- */

static bool is_named(const struct row *row, const char *name)
{
	return name && strcmp(row->name, name) == 0;
}

static bool is_beside(const struct row *row, const struct row *other)
{
	bool beside = is_named(other, row->floor) || is_named(other, row->same) ||
		      is_named(other, row->less) || is_named(other, row->than);

	for (unsigned int i = 0; i < BENCH_PEERS; i++)
		beside |= is_named(other, row->peers[i]);
	return beside;
}

static bool is_asked_for(const struct options *options, const struct row *row)
{
	return !options->only || strstr(row->name, options->only);
}

/*
 * Floors and peers are measured where something of ours is compared with them, and by themselves on
 * the first machine.
 */
static bool is_wanted(const struct options *options, const struct run *run, const struct row *row)
{
	const struct row *other;

	if (!(row->where & run->where))
		return false;
	if (is_asked_for(options, row) && (row->kind == BENCH_OURS || run == &bench_runs[0]))
		return true;
	for (unsigned int i = 0; (other = bench_row(i)); i++) {
		if (other->where & run->where && other->kind == BENCH_OURS &&
		    is_asked_for(options, other) && is_beside(other, row))
			return true;
	}
	return false;
}

/* Appends the rows that stand alone, or those that don't. */
static unsigned int choose_some(const struct options *options, const struct run *run, bool alone,
				const struct row **rows, unsigned int nr)
{
	const struct row *row;

	for (unsigned int i = 0; (row = bench_row(i)); i++) {
		if (row->alone != alone || !is_wanted(options, run, row) ||
		    (!options->list && row->there && !row->there()))
			continue;
		if (nr == MOST_ROWS)
			bench_die("more rows than MOST_ROWS");
		rows[nr++] = row;
	}
	return nr;
}

static unsigned int choose(const struct options *options, const struct run *run,
			   const struct row **rows)
{
	return choose_some(options, run, true, rows, choose_some(options, run, false, rows, 0));
}

/* --- the command line ------------------------------------------------------------------------- */

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: dmakit-bench [--quick | --repeats N] [--only TEXT] [--json FILE]\n"
		"       dmakit-bench --list\n\n"
		"Nanoseconds of one operation and its opposite on simulated machines, beside floors and the allocators of\n"
		"others, measured in the same run. Ratios and goals are of the minima. docs/BENCHMARKS.md tells the method.\n\n"
		"  --quick       %d interleaved repeats, not %d\n"
		"  --repeats N   3 to %d\n"
		"  --only TEXT   rows whose name has TEXT in it, and what they are compared with\n"
		"  --json FILE   write the figures there too; bench/curves draws them\n"
		"  --list        name the rows of each machine, and measure nothing\n"
		"  --help        this\n\n"
		"Exit status: 0 measured; 2 a wrong argument, or something could not be measured.\n",
		QUICK_REPEATS, REPEATS, BENCH_REPEATS);
}

static void wrong_usage(const char *what, const char *argument)
{
	fprintf(stderr, "dmakit-bench: %s%s; --help says what there is\n", what, argument);
	exit(2);
}

static unsigned int read_repeats(const char *text)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || n < 3 || n > BENCH_REPEATS)
		wrong_usage("--repeats wants a number from 3 to 1001, not ", text);
	return (unsigned int)n;
}

static void read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{"repeats", required_argument, NULL, 'r'},
		{"json", required_argument, NULL, 'j'},
		{"only", required_argument, NULL, 'o'},
		{"quick", no_argument, NULL, 'q'},
		{"list", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
		switch (c) {
		case 'r':
			options->repeats = read_repeats(optarg);
			break;
		case 'j':
			options->json = optarg;
			break;
		case 'o':
			options->only = optarg;
			break;
		case 'q':
			options->repeats = QUICK_REPEATS;
			break;
		case 'l':
			options->list = true;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case ':':
			wrong_usage("an argument is missing after ", argv[optind - 1]);
			break;
		default:
			wrong_usage("there is no option ", argv[optind - 1]);
		}
	}
	if (optind != argc)
		wrong_usage("nothing is done with ", argv[optind]);
}

static void list_rows(const struct run *run, const struct row *const *rows, unsigned int nr)
{
	printf("%s\n", run->name);
	for (unsigned int i = 0; i < nr; i++)
		printf("    %s\n", rows[i]->name);
}

static void measure(const struct options *options, const struct run *run,
		    const struct row *const *rows, unsigned int nr)
{
	struct figures figures[MOST_ROWS];
	char error[512];

	if (bench_measure(run, rows, nr, options->repeats, figures, error)) {
		report_run(run, rows, figures, nr);
		return;
	}
	if (!run->optional)
		bench_die(error);
	report_left_out(run->name, error);
}

int main(int argc, char **argv)
{
	struct options options = {.repeats = REPEATS};
	unsigned int chosen = 0;

	read_options(argc, argv, &options);
	report_start(options.json, options.repeats);
	dmk_log_to(no_log, NULL);
	for (unsigned int i = 0; i < nr_bench_runs; i++) {
		const struct run *run = &bench_runs[i];
		const struct row *rows[MOST_ROWS];
		const unsigned int nr = choose(&options, run, rows);

		chosen += nr;
		if (nr && options.list)
			list_rows(run, rows, nr);
		else if (nr)
			measure(&options, run, rows, nr);
	}
	if (!chosen)
		wrong_usage(
			"no row that can be measured here has this in its name (--list has them): ",
			options.only);
	for (unsigned int i = 0; !options.list && i < BENCH_PEERS; i++) {
		if (bench_peer_missing(i))
			report_left_out(bench_peer_missing(i), NULL);
	}
	if (!options.list)
		report_end();
	return 0;
}
