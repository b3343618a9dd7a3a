/* SPDX-License-Identifier: MIT */
/*
 * Taking the time of a run's rows. Not what is measured, and not what is printed.
 *
 * Each row is timed in many short repeats, and the repeats of all rows are interleaved, so that a
 * machine that slows down slows all rows alike: the ratio of two rows can be trusted when neither
 * number can. How often a repeat does the operation is found first, so that it is long against the
 * clock and short against the slices of a scheduler. What it does first in each repeat is not
 * counted: caches are warm, as far as they hold the row's live things. Several threads are timed
 * from the first one's begin to the last one's end: what one of them waits for another, or for a
 * processor, counts.
 */
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <dmakit/boot.h>
#include <dmakit/kernel.h>

enum {
	REPEAT_NS = 20000, /* about what a repeat takes */
	REPEAT_NS_THREADS =
		500000, /* ... of several threads: they don't begin in the same instant */
	TIMES_THREADS =
		/*
		 * a row of several threads is timed that often in each repeat: it needs as many
		 * idle processors at once
		 */
		4,
	MOST = 1 << 22,
	WARM_LIVE = 32768, /* more live things than that are in no cache */
	WARM_FEW = 4096,
	SPINS = 2000, /* before a waiting thread lets others run */
	RANDOM_SEED = 0x1e3779b9,
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- processors ------------------------------------------------------------------------------- */

/* Where the program may run, as it was told at its start. */
static cpu_set_t allowed;

static void find_processors(void)
{
	if (!CPU_COUNT(&allowed) && sched_getaffinity(0, sizeof(allowed), &allowed))
		CPU_SET(0, &allowed);
}

/*
 * Each of a row's threads to a processor of its own, as long as there are some: a scheduler may
 * leave two on one for as long as a row takes.
 */
static void stay_on_one(unsigned int index)
{
	unsigned int skip = index % (unsigned int)CPU_COUNT(&allowed), cpu = 0;
	cpu_set_t one;

	while (!CPU_ISSET(cpu, &allowed) || skip--)
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void go_anywhere(void)
{
	sched_setaffinity(0, sizeof(allowed), &allowed);
}

/* --- threads ---------------------------------------------------------------------------------- */

/* The threads of a row: the main one, and helpers that wait between repeats. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t go, done;
	unsigned int round, left; /* of the lock */
	unsigned int wanted;      /* threads of this round; the lock's */
	unsigned int n;           /* set before a round, read in it */
	unsigned int begun, warm; /* atomic: how many came there in this round */
	struct work works[BENCH_THREADS];
	uint64_t start[BENCH_THREADS],
		/* one thread's each; read when all are done, which the lock orders */
		end[BENCH_THREADS];
	unsigned int nr_helpers;
} team = {.lock = PTHREAD_MUTEX_INITIALIZER,
	  .go = PTHREAD_COND_INITIALIZER,
	  .done = PTHREAD_COND_INITIALIZER};

/*
 * All of the row's threads are there before one goes on. The release of who comes last pairs with
 * the acquire of those who wait.
 */
static void meet(unsigned int *count, unsigned int threads)
{
	__atomic_add_fetch(count, 1, __ATOMIC_ACQ_REL);
	for (unsigned int spins = 0; __atomic_load_n(count, __ATOMIC_ACQUIRE) < threads; spins++) {
		if (spins > SPINS)
			sched_yield();
	}
}

/* Operations before those that are timed: enough that caches hold what lives, where they can. */
static unsigned int warm_up(const struct row *row)
{
	const unsigned int least = row->least ? row->least : 1;
	const unsigned int some = team.n / 4 > least ? team.n / 4 : least;

	if (row->live > WARM_LIVE)
		return some > WARM_FEW ? some : WARM_FEW;
	return some > 2 * row->live ? some : 2 * row->live;
}

static void run_one(unsigned int index)
{
	struct work *work = &team.works[index];
	const struct row *row = work->row;

	meet(&team.begun, row_threads(row));
	row->run(work, warm_up(row));
	if (row->settle)
		row->settle(work);
	meet(&team.warm, row_threads(row));
	team.start[index] = now_ns();
	row->run(work, team.n);
	team.end[index] = now_ns();
}

static void *help(void *arg)
{
	const unsigned int index = (unsigned int)(uintptr_t)arg;
	unsigned int seen = 0;

	stay_on_one(index);
	pthread_mutex_lock(&team.lock);
	for (;;) {
		while (team.round == seen)
			pthread_cond_wait(&team.go, &team.lock);
		seen = team.round;
		if (index >= team.wanted)
			continue;
		pthread_mutex_unlock(&team.lock);
		run_one(index);
		pthread_mutex_lock(&team.lock);
		if (!--team.left)
			pthread_cond_signal(&team.done);
	}
	return NULL;
}

static void need_helpers(unsigned int threads)
{
	while (team.nr_helpers + 1 < threads) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, help, (void *)(uintptr_t)++team.nr_helpers))
			bench_die("no thread to measure with");
		pthread_detach(thread);
	}
}

/*
 * Nanoseconds that each thread has for one operation: from when the first one began to when the
 * last one was done.
 */
static double run_row(const struct row *row, void *state, unsigned int n)
{
	const unsigned int threads = row_threads(row);
	const unsigned int parts = row->parts ? row->parts : 1;
	uint64_t start, end;

	need_helpers(threads);
	for (unsigned int i = 0; i < threads; i++) {
		team.works[i].row = row;
		team.works[i].index = i;
		team.works[i].state = state;
		if (!team.works[i].random)
			team.works[i].random = RANDOM_SEED + i;
	}
	team.n = n;
	team.begun = team.warm = 0;
	if (threads > 1) {
		stay_on_one(0);
		pthread_mutex_lock(&team.lock);
		team.wanted = threads;
		team.left = threads - 1;
		team.round++;
		pthread_cond_broadcast(&team.go);
		pthread_mutex_unlock(&team.lock);
	}
	run_one(0);
	if (threads > 1) {
		pthread_mutex_lock(&team.lock);
		while (team.left)
			pthread_cond_wait(&team.done, &team.lock);
		pthread_mutex_unlock(&team.lock);
		go_anywhere();
	}
	start = team.start[0];
	end = team.end[0];
	for (unsigned int i = 1; i < threads; i++) {
		start = team.start[i] < start ? team.start[i] : start;
		end = team.end[i] > end ? team.end[i] : end;
	}
	return (double)(end - start) / ((double)n * parts);
}

/*
 * How often a repeat is to do the operation: a power of two. By one thread's own time: that they
 * begin apart must not look like work.
 */
static unsigned int find_n(const struct row *row, void *state)
{
	const double wanted = row_threads(row) > 1 ? REPEAT_NS_THREADS : REPEAT_NS;
	const unsigned int most = row->most ? row->most : MOST;
	unsigned int n = row->least ? row->least : 1;

	do {
		run_row(row, state, n);
	} while ((double)(team.end[0] - team.start[0]) < wanted / 2 && n < most && (n *= 2));
	return n;
}

/* --- one run of the machine ------------------------------------------------------------------- */

struct measured {
	void *state;
	unsigned int n;
	double *ns; /* of each time that it was timed */
	unsigned int nr;
};

/* On a terminal all the time, in a log one line. */
static void say_progress(const struct run *run, unsigned int rows, unsigned int done,
			 unsigned int all)
{
	if (isatty(STDERR_FILENO) && done < all)
		fprintf(stderr, "\r%s: row %u, repeat %u of %u\033[K", run->name, rows, done + 1,
			all);
	else if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	else if (done == all)
		fprintf(stderr, "measured %u rows on %s\n", rows, run->name);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The rows from @first to before @end, interleaved. */
static void take_times(const struct run *run, const struct row *const *rows, struct measured *all,
		       unsigned int first, unsigned int end, unsigned int repeats)
{
	for (unsigned int i = first; i < end; i++) {
		if (rows[i]->prepare)
			all[i].state = rows[i]->prepare(rows[i]);
		if (rows[i]->run)
			all[i].n = find_n(rows[i], all[i].state);
	}
	for (unsigned int r = 0; r < repeats; r++) {
		say_progress(run, end, r, repeats);
		for (unsigned int i = first; i < end; i++) {
			const unsigned int times = !rows[i]->run              ? 0
						   : row_threads(rows[i]) > 1 ? TIMES_THREADS
									      : 1;

			for (unsigned int k = 0; k < times; k++)
				all[i].ns[all[i].nr++] = run_row(rows[i], all[i].state, all[i].n);
		}
	}
	for (unsigned int i = first; i < end; i++) {
		if (rows[i]->finish)
			rows[i]->finish(rows[i], all[i].state);
	}
}

/* Those that stand alone are the last ones. */
static void take_all_times(const struct run *run, const struct row *const *rows,
			   struct measured *all, unsigned int nr, unsigned int repeats)
{
	unsigned int together = nr;

	while (together && rows[together - 1]->alone)
		together--;
	take_times(run, rows, all, 0, together, repeats);
	for (unsigned int i = together; i < nr; i++)
		take_times(run, rows, all, i, i + 1, repeats);
	say_progress(run, nr, repeats, repeats);
}

static void find_figures(const struct row *const *rows, struct measured *all, unsigned int nr,
			 struct figures *figures)
{
	for (unsigned int i = 0; i < nr; i++) {
		qsort(all[i].ns, all[i].nr, sizeof(double), compare);
		figures[i] = (struct figures){all[i].ns[0], all[i].ns[all[i].nr / 2]};
	}
	for (unsigned int i = 0; i < nr; i++) {
		for (unsigned int k = 0; rows[i]->less && k < nr; k++) {
			const double sign = strcmp(rows[k]->name, rows[i]->less) == 0   ? 1
					    : strcmp(rows[k]->name, rows[i]->than) == 0 ? -1
											: 0;

			figures[i].min += sign * figures[k].min;
			figures[i].median += sign * figures[k].median;
		}
	}
}

bool bench_measure(const struct run *run, const struct row *const *rows, unsigned int nr,
		   unsigned int repeats, struct figures *figures, char *error)
{
	const struct dmk_check_options check = {.stack_depth = run->stack_depth};
	const struct dmk_boot_options options = {.machine = run->machine,
						 .append = run->append,
						 .no_checker = !run->checker,
						 .check = &check};
	struct measured *all;

	find_processors();
	if (dmk_boot(&options, error, 512))
		return false;
	all = bench_calloc(nr, sizeof(*all));
	for (unsigned int i = 0; i < nr; i++)
		all[i].ns = bench_calloc(TIMES_THREADS * repeats, sizeof(double));
	bench_rig_start();
	take_all_times(run, rows, all, nr, repeats);
	bench_rig_end();
	dmk_shutdown();
	dmk_boot_end();
	find_figures(rows, all, nr, figures);
	for (unsigned int i = 0; i < nr; i++)
		free(all[i].ns);
	free(all);
	return true;
}
