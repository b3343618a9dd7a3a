/* SPDX-License-Identifier: MIT */
/*
 * What many seeds gave, for people: each thing that went wrong once, with how many of the seeds had
 * it on which machine, and the command that shows it again; then a line on each machine.
 */
#include "report/text.h"

#include <inttypes.h>
#include <stdlib.h>

struct many {
	FILE *out;
	const struct dmk_text_options *options;
	const struct dmk_report *reports;
	size_t n;
};

static const struct dmk_report_trouble *twin_in(const struct dmk_report *report,
						const struct dmk_report_trouble *trouble)
{
	for (size_t i = 0; report->explore && i < report->explore->trouble.n; i++) {
		if (dmk_report_same_trouble(&report->explore->trouble.item[i], trouble))
			return &report->explore->trouble.item[i];
	}
	return NULL;
}

/* "with 3 of 100 seeds on pc, the first 17; 1 of 100 on tiny, 40". The caller frees it. */
static char *spread_of(const struct many *many, const struct dmk_report_trouble *trouble)
{
	const char *before = "with ", *first = "the first ";
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; out && i < many->n; i++) {
		const struct dmk_report *report = &many->reports[i];
		const struct dmk_report_trouble *twin = twin_in(report, trouble);

		if (!twin)
			continue;
		fprintf(out, "%s%" PRIu64 " of %" PRIu64 " seed%s", before, twin->runs,
			report->explore->runs, dmk_text_plural(report->explore->runs));
		if (many->n > 1)
			fprintf(out, " on %s", report->machine);
		fprintf(out, ", %s%" PRIu64, first, twin->first);
		before = "; ";
		first = "";
	}
	if (out)
		fclose(out);
	return text;
}

static void show_trouble(const struct many *many, const struct dmk_report_trouble *trouble)
{
	char *spread = spread_of(many, trouble);

	if (trouble->finding.rule) {
		dmk_text_finding(many->out, many->options, &trouble->finding, spread);
	} else {
		fprintf(many->out, "%s%s:%s ", dmk_text_ink(many->options, INK_ERROR),
			dmk_trouble_name(trouble->kind), dmk_text_ink(many->options, INK_NONE));
		dmk_text_trouble(many->out, many->options, trouble);
		fprintf(many->out, "\n  %-9s %s\n", "seen", spread ? spread : "");
	}
	if (trouble->repeat)
		fprintf(many->out, "  %-9s %s\n", "again", trouble->repeat);
	fputc('\n', many->out);
	free(spread);
}

static bool shown_before(const struct many *many, size_t i,
			 const struct dmk_report_trouble *trouble)
{
	while (i--) {
		if (twin_in(&many->reports[i], trouble))
			return true;
	}
	return false;
}

/* Returns how many different ones there are. */
static size_t show_troubles(const struct many *many)
{
	size_t n = 0;

	for (size_t i = 0; i < many->n; i++) {
		const struct dmk_report_explore *explore = many->reports[i].explore;

		for (size_t j = 0; explore && j < explore->trouble.n; j++) {
			if (shown_before(many, i, &explore->trouble.item[j]))
				continue;
			show_trouble(many, &explore->trouble.item[j]);
			n++;
		}
	}
	return n;
}

static void show_machine(const struct many *many, const struct dmk_report *report)
{
	const struct dmk_report_explore *explore = report->explore;

	fprintf(many->out,
		"%s: %" PRIu64 " seed%s from %" PRIu64 " on, %" PRIu64
		" with nothing wrong, %.1f s\n",
		report->machine, explore->runs, dmk_text_plural(explore->runs), explore->first,
		explore->clean, explore->seconds);
	if (explore->stopped)
		fprintf(many->out,
			"  %sstopped%s after %" PRIu64 " of %" PRIu64
			" seeds: what is above is what was found so far\n",
			dmk_text_ink(many->options, INK_ERROR),
			dmk_text_ink(many->options, INK_NONE), explore->runs, explore->seeds);
}

void dmk_text_explore(FILE *out, const struct dmk_report *reports, size_t n,
		      const struct dmk_text_options *options)
{
	const struct many many = {out, options, reports, n};
	size_t troubles = show_troubles(&many);

	for (size_t i = 0; i < n; i++) {
		if (reports[i].explore)
			show_machine(&many, &reports[i]);
		else if (reports[i].skipped)
			fprintf(out, "%s: %s\n", reports[i].machine,
				reports[i].no_device ? "no device there for this driver"
						     : reports[i].error);
	}
	fputs(dmk_text_ink(options, troubles ? INK_ERROR : INK_GOOD), out);
	if (troubles)
		fprintf(out, "%zu thing%s went wrong", troubles, dmk_text_plural(troubles));
	else
		fputs("no finding with any of these seeds", out);
	fprintf(out, "%s\n", dmk_text_ink(options, INK_NONE));
}
