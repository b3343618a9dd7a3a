// SPDX-License-Identifier: MIT
/*
 * One machine: booted with cards in it, worked on by threads, taken apart, and the verdict.
 */
#include "torture.h"

#include <linux/delay.h>

#include <dmakit/boot.h>
#include <dmakit/kernel.h>

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SCRATCH = 512 << 10, STUCK_SECONDS = 60 };

const struct torture_options *torture_options;

static struct worker *workers;
static pthread_mutex_t wrong_lock = PTHREAD_MUTEX_INITIALIZER; /* guards what_is_wrong */
static char what_is_wrong[1024];
static int stops;                    /* 1: something is wrong */
static volatile sig_atomic_t enough; /* the user has seen enough */

/* --- the verdict ------------------------------------------------------------------------------ */

void torture_wrong(const char *format, ...)
{
	va_list args;

	pthread_mutex_lock(&wrong_lock);
	if (!what_is_wrong[0]) {
		va_start(args, format);
		vsnprintf(what_is_wrong, sizeof(what_is_wrong), format, args);
		va_end(args);
	}
	pthread_mutex_unlock(&wrong_lock);
	__atomic_store_n(&stops, 1, __ATOMIC_RELEASE);
}

bool torture_stops(void)
{
	return __atomic_load_n(&stops, __ATOMIC_ACQUIRE);
}

static void complain(void *ctx, const void *caller, const char *text)
{
	torture_wrong("a complaint: %s", text);
}

/* Memory runs out all the time: what drivers would be told of it is of no use here. */
static void no_log(void *ctx, int level, const char *text)
{
}

static void on_interrupt(int number)
{
	enough = 1;
}

/* --- work ------------------------------------------------------------------------------------- */

static uint64_t operations(void)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < torture_options->threads; i++)
		for (unsigned int kind = 0; kind < WORK_KINDS; kind++)
			n += __atomic_load_n(&workers[i].done[kind], __ATOMIC_RELAXED) +
			     __atomic_load_n(&workers[i].refused[kind], __ATOMIC_RELAXED);
	return n;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void show_progress(double seconds)
{
	char of[32] = "";

	if (!torture_options->progress)
		return;
	if (torture_options->seconds)
		snprintf(of, sizeof(of), " of %.0f", torture_options->seconds);
	fprintf(stderr, "\r%s: %.0f%s s, %llu operations ", torture_options->machine, seconds, of,
		(unsigned long long)operations());
	fflush(stderr);
}

/*
 * Until time or operations are used up, something is wrong, or nothing moves any more. Returns the
 * seconds it took.
 */
static double watch(void)
{
	const double start = now();
	double moved = start;
	uint64_t before = 0;

	for (;;) {
		uint64_t n = operations();

		if (n != before)
			moved = now();
		before = n;
		if (torture_stops() || enough ||
		    (torture_options->seconds && now() - start >= torture_options->seconds) ||
		    (torture_options->ops && n >= torture_options->ops))
			break;
		if (now() - moved > STUCK_SECONDS) {
			printf("%s: nothing has moved for %d s, after %llu operations\n",
			       torture_options->machine, STUCK_SECONDS, (unsigned long long)n);
			torture_repeat(torture_options, 0);
			fflush(stdout);
			_exit(1);
		}
		show_progress(now() - start);
		msleep(torture_options->progress ? 200 : 20);
	}
	if (torture_options->progress)
		fprintf(stderr, "\r\033[K");
	return now() - start;
}

static bool start_workers(void)
{
	for (unsigned int i = 0; i < torture_options->threads; i++) {
		struct worker *worker = &workers[i];

		worker->index = i;
		spin_lock_init(&worker->lock);
		worker->scratch = malloc(SCRATCH);
		if (!worker->scratch)
			abort();
		worker->task = kthread_run(torture_work, worker, "torture/%u", i);
		if (IS_ERR(worker->task))
			return false;
	}
	return true;
}

static void stop_workers(void)
{
	for (unsigned int i = 0; i < torture_options->threads; i++) {
		if (!IS_ERR_OR_NULL(workers[i].task))
			kthread_stop(workers[i].task);
		free(workers[i].scratch);
	}
}

static bool cards_there(void)
{
	for (unsigned int i = 0; i < TORTURE_GUEST; i++)
		if (torture_card[i].dev)
			return true;
	return false;
}

/* --- what it did ------------------------------------------------------------------------------ */

static void show_kinds(void)
{
	printf("  %-12s %12s %12s\n", "", "lent", "refused");
	for (unsigned int kind = 0; kind < torture_kinds; kind++) {
		uint64_t made = 0, not_made = 0;

		for (unsigned int i = 0; i < torture_options->threads; i++) {
			made += workers[i].made[kind];
			not_made += workers[i].not_made[kind];
		}
		if (made || not_made)
			printf("  %-12s %12llu %12llu\n", torture_kind[kind].name,
			       (unsigned long long)made, (unsigned long long)not_made);
	}
}

static void show_work(double seconds)
{
	uint64_t bytes = 0, most = 0, done[WORK_KINDS] = {0};

	for (unsigned int i = 0; i < torture_options->threads; i++) {
		bytes += workers[i].bytes;
		most += workers[i].most_objects;
		for (unsigned int kind = 0; kind < WORK_KINDS; kind++)
			done[kind] += workers[i].done[kind];
	}
	printf("%s: %llu operations in %.1f s, %u thread%s, seed %llu; %llu MiB compared; at most %llu things at once\n",
	       torture_options->machine, (unsigned long long)operations(), seconds,
	       torture_options->threads, torture_options->threads == 1 ? "" : "s",
	       (unsigned long long)torture_options->seed, (unsigned long long)(bytes >> 20),
	       (unsigned long long)most);
	show_kinds();
	printf(" ");
	for (unsigned int kind = WORK_CARD_READS; kind < WORK_KINDS; kind++)
		printf(" %llu %s%s", (unsigned long long)done[kind], work_name[kind],
		       kind + 1 < WORK_KINDS ? "," : "\n");
}

static void show_bounce(void)
{
	struct dmk_bounce_stats stats = {0};

	for (unsigned int i = 0; i < TORTURE_GUEST; i++) {
		if (!torture_card[i].dev)
			continue;
		dmk_bounce_statistics(&torture_card[i].dev->dmk, &stats);
		if (stats.total)
			printf("  bounce slots of the card with %u bits: %zu, at most %zu in use, %zu now, %llu refused\n",
			       torture_card[i].bits, stats.total, stats.high_water, stats.used,
			       (unsigned long long)stats.refused);
	}
}

/* Findings: there must be none, because every driver and object here keeps the rules. */
static unsigned int show_findings(void)
{
	struct dmk_checker *checker = dmk_boot_checker();
	struct dmk_check_totals totals;
	size_t n = checker ? dmk_checker_findings(checker) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct dmk_finding *finding = dmk_checker_finding(checker, i);

		printf("%s: %s, %llu time%s: %s; %s\n", torture_options->machine, finding->rule->id,
		       (unsigned long long)finding->count, finding->count == 1 ? "" : "s",
		       finding->what, finding->mend);
	}
	if (!checker)
		return 0;
	dmk_checker_totals(checker, &totals);
	if (totals.lost_records)
		printf("%s: the checker lost %llu records\n", torture_options->machine,
		       (unsigned long long)totals.lost_records);
	return n + (totals.lost_records != 0);
}

void torture_repeat(const struct torture_options *o, uint64_t operations)
{
	printf("  again: dmakit torture --machine %s --seed %llu --threads %u", o->machine,
	       (unsigned long long)o->seed, o->threads);
	if (o->ops || operations)
		printf(" --ops %llu",
		       (unsigned long long)(o->ops ? o->ops : operations + o->threads));
	else
		printf(" --seconds %g", o->seconds);
	printf("%s%s%s%s\n", o->append ? " --append '" : "", o->append ? o->append : "",
	       o->append ? "'" : "", o->no_checker ? " --no-checker" : "");
	if (o->threads > 1)
		printf("  (how %u threads take turns is not part of the seed: it may take more than one try)\n",
		       o->threads);
}

/* --- all of it -------------------------------------------------------------------------------- */

static bool ours(void *ctx, const void *code)
{
	return false;
}

static int boot(void)
{
	static const struct dmk_check_options check = {.is_library = ours};
	struct dmk_device_request cards[TORTURE_CARDS];
	char error[512];
	struct dmk_boot_options options = {
		.machine = torture_options->machine,
		.append = torture_options->append,
		.seed = torture_options->seed,
		.devices = cards,
		.nr_devices = TORTURE_CARDS,
		.no_checker = torture_options->no_checker,
		.check = &check,
	};

	for (unsigned int i = 0; i < TORTURE_CARDS; i++)
		cards[i] = (struct dmk_device_request){.model = "lab"};
	if (!dmk_boot(&options, error, sizeof(error)))
		return 0;
	fprintf(stderr, "dmakit: torture: %s: %s\n", torture_options->machine, error);
	return 2;
}

static int judge(void)
{
	unsigned int findings = show_findings();

	if (what_is_wrong[0])
		printf("%s: WRONG: %s\n", torture_options->machine, what_is_wrong);
	if (!findings && !what_is_wrong[0]) {
		printf("  every byte was right%s\n",
		       torture_options->no_checker ? "" : ", nothing was reported");
		return 0;
	}
	torture_repeat(torture_options, operations());
	return 1;
}

int torture_machine(const struct torture_options *options)
{
	double seconds = 0;
	int status;

	torture_options = options;
	workers = calloc(options->threads, sizeof(*workers));
	if (!workers)
		abort();
	dmk_log_to(no_log, NULL);
	dmk_complaints_to(complain, NULL);
	status = boot();
	if (status)
		return status;
	signal(SIGINT, on_interrupt);
	signal(SIGTERM, on_interrupt);
	if (dmk_module_load(NULL) || !cards_there()) {
		fprintf(stderr,
			"dmakit: torture: %s: its cards can't be used: not enough memory, or no PCI bus\n",
			options->machine);
		status = 2;
	} else {
		if (!start_workers())
			torture_wrong("a thread could not be made");
		seconds = watch();
		stop_workers();
		show_work(seconds);
		show_bounce();
	}
	dmk_module_unload(NULL);
	dmk_shutdown();
	status = status ? status : judge();
	dmk_boot_end();
	fflush(stdout);
	return status;
}
