/* SPDX-License-Identifier: MIT */
/* What `dmakit check` shows and writes when every machine was run, and its exit status. */
#include "dmakit/check_command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of several machines, the first on which something was found: how to look at that alone. */
static void tell_how_to_repeat(const struct check *check, const struct dmk_report *reports)
{
	unsigned int i = 0;
	char *again;

	while (i < check->nr_machines && dmk_report_status(&reports[i]) != STATUS_FOUND)
		i++;
	if (check->nr_machines == 1 || i == check->nr_machines)
		return;
	again = check_again(check, reports[i].machine, NULL);
	printf("on one machine alone: %s\n", again);
	free(again);
}

static void write_text(const struct check *check, const struct dmk_report *reports)
{
	struct dmk_text_options look = dmk_text_options_for(stdout);
	char directory[PATH_MAX];

	look.prefix = getcwd(directory, sizeof(directory));
	look.unused = check->verbose;
	look.advice = check->advice;
	if (check->fail_each) {
		dmk_text_each(stdout, reports, check->nr_machines, &look);
		return;
	}
	if (check->explore) {
		dmk_text_explore(stdout, reports, check->nr_machines, &look);
		return;
	}
	if (check->table.shown)
		fputc('\n', stdout);
	dmk_text_reports(stdout, reports, check->nr_machines, &look);
	tell_how_to_repeat(check, reports);
	if (check->gen_suppressions)
		dmk_suppressions_print_all(stdout, reports, check->nr_machines);
}

/* Nothing to run anywhere: that is a refusal after all. */
static void refuse_if_all_skipped(const struct check *check, struct dmk_report *reports)
{
	for (unsigned int i = 0; i < check->nr_machines; i++) {
		if (!reports[i].skipped)
			return;
	}
	reports[0].skipped = false;
}

/* A machine may begin what it says with its own name. */
static void refuse_one(const struct dmk_report *report)
{
	const size_t length = strlen(report->machine);

	if (!strncmp(report->error, report->machine, length) && report->error[length] == ':')
		tool_refuse("%s", report->error);
	else
		tool_refuse("%s: %s", report->machine, report->error);
}

/* With an error that is "" it has said why itself. */
static bool is_refused(const struct dmk_report *report)
{
	return report->outcome == DMK_OUTCOME_REFUSED && !report->skipped;
}

int check_conclude(struct check *check, struct dmk_report *reports)
{
	int status = STATUS_CLEAN;
	unsigned int refused = 0;

	refuse_if_all_skipped(check, reports);
	for (unsigned int i = 0; i < check->nr_machines; i++) {
		int one = dmk_report_status(&reports[i]);

		status = i ? dmk_report_worse(status, one) : one;
		if (!is_refused(&reports[i]))
			continue;
		refused++;
		if (!reports[i].error || !reports[i].error[0])
			continue;
		if (check->nr_machines == 1)
			tool_refuse("%s", reports[i].error);
		else
			refuse_one(&reports[i]);
	}
	if (check_files_write(check, reports))
		status = STATUS_REFUSED;
	if (!check_stdout_taken(check) && !(check->nr_machines == 1 && refused))
		write_text(check, reports);
	return status;
}
