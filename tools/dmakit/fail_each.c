/* SPDX-License-Identifier: MIT */
/*
 * dmakit check --fail each: a first run on each machine, in which no call fails, tells which calls
 * can; then comes one run for each of them, in which it does. What is asked first tells most: the
 * first call of each place, its last, its second; so whoever stops it early has seen every place.
 */
#include "dmakit/check_command.h"
#include "dmakit/jobs.h"
#include "dmakit/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	HANGS_ENOUGH = 3, /* at one place: each takes the whole time limit */
	LONG_SECONDS = 60,
};

struct attempt {
	unsigned int machine, round;
	uint64_t number;
};

static struct {
	const struct check *check;
	struct dmk_report report[CHECK_MACHINES];
	struct attempt *attempt;
	size_t nr_attempts, started;
	unsigned int counting; /* machines that were started */
	struct tool_progress progress;
	bool told; /* that it takes long */
} each;

/* --- how it is when no call fails ------------------------------------------------------------- */

static bool next_count(void *ctx, struct tool_job *job)
{
	if (each.counting == each.check->nr_machines)
		return false;
	job->number = each.counting;
	job->machine = each.check->machine[each.counting++].name;
	tool_args_add(&job->args, "--count-calls");
	check_show_whole(each.check, &job->args);
	return true;
}

static void count_done(void *ctx, struct tool_job *job)
{
	struct dmk_report *report = &each.report[job->number];

	*report = job->report;
	job->report = (struct dmk_report){0};
	check_mark_skipped(each.check, job->number, report);
	if (report->outcome == DMK_OUTCOME_DONE && !report->machine_died)
		return;
	/* what comes after that is anybody's guess */
	dmk_report_each_free(report->each);
	report->each = NULL;
}

static void show_counting(void *ctx, const struct tool_job *job, unsigned int n)
{
	if (n)
		tool_progress_say(&each.progress, "a first run, in which no call fails");
	else
		tool_progress_end(&each.progress);
}

/* --- which calls ------------------------------------------------------------------------------ */

static uint64_t draw(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

static void try_call(unsigned int machine, uint64_t number, unsigned int round)
{
	struct attempt *attempt = dmk_report_grow(&each.attempt, &each.nr_attempts,
						  sizeof(*attempt));

	if (attempt)
		*attempt = (struct attempt){machine, round, number};
}

/* The first, the last and the second come in rounds of their own. */
static unsigned int round_of(size_t i, size_t calls)
{
	return i == 0 ? 0 : i == calls - 1 ? 1 : i == 1 ? 2 : 3;
}

/* @most of a place's calls: these three, and of the others each as likely as the rest. */
static void try_site(unsigned int machine, struct dmk_report_site *site, uint64_t most,
		     uint64_t *random)
{
	uint64_t wanted = most > 3 ? most - 3 : 0, left = site->calls > 3 ? site->calls - 3 : 0;

	for (size_t i = 0; i < site->calls; i++) {
		const unsigned int round = round_of(i, site->calls);
		bool chosen = round < 3 && round < most;

		if (round == 3) {
			chosen = draw(random) % left < wanted;
			wanted -= chosen;
			left--;
		}
		if (chosen)
			try_call(machine, site->number[i], round);
		else
			site->left_out++;
	}
}

static int by_round(const void *x, const void *y)
{
	const struct attempt *a = x, *b = y;

	if (a->round != b->round)
		return a->round < b->round ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return (a->machine > b->machine) - (a->machine < b->machine);
}

static void plan_machine(unsigned int machine)
{
	struct dmk_report_each *found = each.report[machine].each;
	uint64_t random = each.report[machine].seed, noted = 0;

	if (!found)
		return;
	for (size_t i = 0; i < found->nr_sites; i++) {
		struct dmk_report_site *site = &found->site[i];

		noted += site->calls;
		try_site(machine, site, each.check->per_site ? each.check->per_site : UINT64_MAX,
			 &random);
		found->left_out += site->left_out;
	}
	/* those after so many that the runner no longer took notes */
	found->left_out += found->calls - noted;
}

static void plan(void)
{
	for (unsigned int i = 0; i < each.check->nr_machines; i++)
		plan_machine(i);
	if (each.nr_attempts)
		qsort(each.attempt, each.nr_attempts, sizeof(*each.attempt), by_round);
}

/* --- a run for each --------------------------------------------------------------------------- */

static uint64_t hangs_at(const struct dmk_report_site *site)
{
	uint64_t hangs = 0;

	for (size_t i = 0; i < site->trouble.n; i++) {
		if (site->trouble.item[i].kind == DMK_TROUBLE_HANG)
			hangs += site->trouble.item[i].runs;
	}
	return hangs;
}

/* Of a place that has hung so often the rest would too. */
static bool is_hopeless(const struct attempt *attempt)
{
	struct dmk_report_each *found = each.report[attempt->machine].each;
	struct dmk_report_site *site = dmk_report_each_site(found, attempt->number);

	if (!site || hangs_at(site) < HANGS_ENOUGH)
		return false;
	site->left_out++;
	found->left_out++;
	tool_progress_count(&each.progress, DMK_TROUBLE_KINDS);
	return true;
}

static bool next_call(void *ctx, struct tool_job *job)
{
	const struct attempt *attempt;

	do {
		if (each.started == each.nr_attempts)
			return false;
		attempt = &each.attempt[each.started++];
	} while (is_hopeless(attempt));
	job->number = each.started - 1;
	job->machine = each.check->machine[attempt->machine].name;
	tool_args_add(&job->args, "--fail");
	tool_args_addf(&job->args, "%" PRIu64, attempt->number);
	return true;
}

static void call_done(void *ctx, struct tool_job *job)
{
	const struct attempt *attempt = &each.attempt[job->number];
	struct dmk_report *base = &each.report[attempt->machine];
	const enum dmk_trouble_kind worst = dmk_report_each_add(base, &job->report,
								attempt->number);

	tool_progress_count(&each.progress, worst);
}

static void tell_once_of_long(double left)
{
	uint64_t calls = 0;
	size_t sites = 0;

	if (each.told || each.check->per_site || left < LONG_SECONDS || !each.progress.live)
		return;
	for (unsigned int i = 0; i < each.check->nr_machines; i++) {
		calls += each.report[i].each ? each.report[i].each->calls : 0;
		sites += each.report[i].each ? each.report[i].each->nr_sites : 0;
	}
	if (calls < 10 * sites)
		return;
	each.told = true;
	tool_progress_end(&each.progress);
	fprintf(stderr,
		"dmakit: %" PRIu64
		" calls at %zu places; --per-site 5 tries no more than five of a place. Every place comes once "
		"first: Ctrl-C ends it with what was found\n",
		calls, sites);
}

static void show_calls(void *ctx, const struct tool_job *job, unsigned int n)
{
	if (!n) {
		tool_progress_end(&each.progress);
		return;
	}
	tell_once_of_long(tool_progress_left(&each.progress));
	tool_progress_show(&each.progress);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void add_repeats(const struct check *check, const char *machine,
			struct dmk_report_troubles *list)
{
	for (size_t i = 0; i < list->n; i++) {
		char *option = dmk_report_format("--fail %" PRIu64, list->item[i].first);

		list->item[i].repeat = check_again(check, machine, option);
		free(option);
	}
}

static void finish(const struct check *check, double seconds)
{
	for (unsigned int i = 0; i < check->nr_machines; i++) {
		struct dmk_report_each *found = each.report[i].each;

		if (!found)
			continue;
		found->seconds = seconds;
		found->stopped = tool_stopped && found->runs < found->calls - found->left_out;
		dmk_report_each_sort(found);
		add_repeats(check, check->machine[i].name, &found->trouble);
		for (size_t j = 0; j < found->nr_sites; j++)
			add_repeats(check, check->machine[i].name, &found->site[j].trouble);
	}
}

int check_fail_each(struct check *check)
{
	struct tool_jobs jobs;
	int status = STATUS_REFUSED;

	each.check = check;
	check_jobs(check, &jobs);
	jobs.at_once = check->jobs ? check->jobs : tool_processors();
	tool_progress_start(&each.progress, !check_stdout_taken(check), 0);
	jobs.next = next_count;
	jobs.done = count_done;
	jobs.tick = show_counting;
	tool_jobs_run(&jobs);
	if (tool_stopped)
		goto forget;
	plan();
	tool_progress_start(&each.progress, !check_stdout_taken(check), each.nr_attempts);
	jobs.silent = !check->verbose;
	jobs.next = next_call;
	jobs.done = call_done;
	jobs.tick = show_calls;
	tool_jobs_run(&jobs);
	finish(check, tool_seconds_since(&each.progress.started));
	status = check_conclude(check, each.report);
forget:
	for (unsigned int i = 0; i < check->nr_machines; i++)
		dmk_report_clear(&each.report[i]);
	free(each.attempt);
	return status;
}
