/* SPDX-License-Identifier: MIT */
/*
 * dmakit check --explore N: the same run with N seeds, and with each seed another mixture of what
 * may happen in another order: which lines leave the cache, how many of them, at which points a
 * thread or a card is held up, and in which order addresses behind an IOMMU are taken again. What
 * the seed itself decides is the machine's affair; the rest is boot arguments (docs/MACHINES.md),
 * so that the command which shows a run again has nothing hidden in it.
 */
#include "dmakit/check_command.h"
#include "dmakit/jobs.h"
#include "dmakit/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct {
	const struct check *check;
	struct dmk_report report[CHECK_MACHINES];
	uint64_t started; /* machines times seeds */
	struct tool_progress progress;
} explore;

/* --- what a seed stands for ------------------------------------------------------------------- */

/* A word of the boot arguments that varies, unless the user has said what it is to be. */
struct knob {
	const char *name;
	const char *value[4]; /* NULL: as it is without */
};

static const struct knob knobs[] = {
	{"dmakit.iova_reuse=", {NULL, "oldest", "random", "last"}},
	{"dmakit.interleave=", {NULL, "100", "20", "4"}},
	{"dmakit.evictions=", {NULL, "16", "0", "64"}},
};
enum { KNOBS = sizeof(knobs) / sizeof(*knobs) };

static bool is_said(const char *append, const char *name)
{
	for (const char *at = append; at && (at = strstr(at, name)); at++) {
		if (at == append || at[-1] == ' ')
			return true;
	}
	return false;
}

/*
 * Four seeds in a row have each value of each knob, sixteen each pair of those of the first two.
 * The seed 1, and each 64th after it, leaves all as it is.
 */
static const char *value_of(unsigned int knob, uint64_t seed)
{
	const uint64_t turn = seed - 1;

	return knobs[knob].value[(turn + (knob ? turn >> 2 * knob : 0)) & 3];
}

static const char *variation(const struct check *check, uint64_t seed, char *text, size_t size)
{
	text[0] = '\0';
	for (unsigned int i = 0; i < KNOBS; i++) {
		const char *value = value_of(i, seed);
		const size_t used = strlen(text);

		if (!value || is_said(check->append, knobs[i].name))
			continue;
		snprintf(text + used, size - used, "%s%s%s", used ? " " : "", knobs[i].name, value);
		if (!strcmp(value, "random"))
			snprintf(text + strlen(text), size - strlen(text), ",%" PRIu64, seed);
	}
	return text;
}

/* --- runs ------------------------------------------------------------------------------------- */

static uint64_t seed_of(uint64_t number)
{
	return explore.check->seed + number / explore.check->nr_machines;
}

static bool next_seed(void *ctx, struct tool_job *job)
{
	const struct check *check = explore.check;
	const unsigned int machine = explore.started % check->nr_machines;
	const uint64_t seed = seed_of(explore.started);
	char text[256];

	if (explore.started == check->explore * check->nr_machines)
		return false;
	job->number = explore.started++;
	job->machine = check->machine[machine].name;
	tool_args_add(&job->args, "--seed");
	tool_args_addf(&job->args, "%" PRIu64, seed);
	tool_args_add(&job->args, "--append");
	tool_args_addf(&job->args, "%s%s%s", check->append ? check->append : "",
		       check->append ? " " : "", variation(check, seed, text, sizeof(text)));
	if (seed == check->seed)
		check_show_whole(check, &job->args);
	return true;
}

/* What is looked for in @run is taken from it, and the report on this machine needs all of it. */
static void keep_first(struct dmk_report *base, const struct dmk_report *run)
{
	struct dmk_report_explore *found = base->explore;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out && !dmk_json_write(out, run, 1) && !fflush(out))
		dmk_json_read(text, size, base);
	if (out)
		fclose(out);
	free(text);
	base->explore = found;
}

static void seed_done(void *ctx, struct tool_job *job)
{
	const unsigned int machine = job->number % explore.check->nr_machines;
	const uint64_t seed = seed_of(job->number);
	struct dmk_report *base = &explore.report[machine];
	enum dmk_trouble_kind worst = DMK_TROUBLE_KINDS;

	check_mark_skipped(explore.check, machine, &job->report);
	if (seed == explore.check->seed)
		keep_first(base, &job->report);
	if (!base->explore)
		base->explore = calloc(1, sizeof(*base->explore));
	if (base->explore && !job->report.skipped) {
		base->explore->runs += job->report.outcome != DMK_OUTCOME_REFUSED;
		worst = dmk_report_troubles_add(&base->explore->trouble, &job->report, NULL, seed);
		base->explore->clean += worst == DMK_TROUBLE_KINDS;
	}
	tool_progress_count(&explore.progress, worst);
}

static void show_seeds(void *ctx, const struct tool_job *job, unsigned int n)
{
	if (n)
		tool_progress_show(&explore.progress);
	else
		tool_progress_end(&explore.progress);
}

/* --- the end ---------------------------------------------------------------------------------- */

static char *again(const struct check *check, const char *machine, uint64_t seed)
{
	char text[256];
	char *option, *command;

	variation(check, seed, text, sizeof(text));
	option = text[0] ? dmk_report_format("--seed %" PRIu64 " --append '%s'", seed, text)
			 : dmk_report_format("--seed %" PRIu64, seed);
	command = check_again(check, machine, option);
	free(option);
	return command;
}

/* Stopped before the first seed's run was over, a machine has no report of its own. */
static void finish_machine(const struct check *check, const char *machine, struct dmk_report *base)
{
	struct dmk_report_explore *found = base->explore;

	if (!base->machine)
		base->machine = strdup(machine);
	if (!found)
		return;
	if (!found->runs) {
		dmk_report_explore_free(found);
		base->explore = NULL; /* it ran with no seed, and the report says why */
		return;
	}
	found->first = check->seed;
	found->seeds = check->explore;
	found->seconds = tool_seconds_since(&explore.progress.started);
	found->stopped = tool_stopped && found->runs < found->seeds;
	dmk_report_troubles_sort(&found->trouble);
	for (size_t i = 0; i < found->trouble.n; i++)
		found->trouble.item[i].repeat = again(check, machine, found->trouble.item[i].first);
}

int check_explore(struct check *check)
{
	struct tool_jobs jobs;
	int status;

	explore.check = check;
	check_jobs(check, &jobs);
	jobs.at_once = check->jobs ? check->jobs : tool_processors();
	jobs.silent = !check->verbose;
	jobs.next = next_seed;
	jobs.done = seed_done;
	jobs.tick = show_seeds;
	tool_progress_start(&explore.progress, !check_stdout_taken(check),
			    check->explore * check->nr_machines);
	tool_jobs_run(&jobs);
	for (unsigned int i = 0; i < check->nr_machines; i++)
		finish_machine(check, check->machine[i].name, &explore.report[i]);
	status = check_conclude(check, explore.report);
	for (unsigned int i = 0; i < check->nr_machines; i++)
		dmk_report_clear(&explore.report[i]);
	return status;
}
