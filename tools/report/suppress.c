/* SPDX-License-Identifier: MIT */
/*
 * Suppressions: which findings an entry is about, and what becomes of them. The file's form is
 * read in suppress_read.c.
 *
 * An entry's frames are compared with the driver's frames of a stack from the innermost on;
 * dmakit's own frames are passed over, and what comes after the last pattern is not looked at.
 */
#include "report/suppress_own.h"
#include "report/timeline.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- does an entry mean a finding? ------------------------------------------------------------ */

static bool matches(const char *pattern, const char *text)
{
	return !pattern || fnmatch(pattern, text ? text : "", 0) == 0;
}

/* A path that does not begin at the root is the end of one. */
static bool file_matches(const char *pattern, const char *file)
{
	char any[600];

	if (!file)
		return false;
	if (pattern[0] == '/' || pattern[0] == '*')
		return fnmatch(pattern, file, 0) == 0;
	if (!fnmatch(pattern, file, 0))
		return true;
	snprintf(any, sizeof(any), "*/%s", pattern);
	return fnmatch(any, file, 0) == 0;
}

static bool frame_matches(const struct suppress_frame *pattern,
			  const struct dmk_report_frame *frame)
{
	if (pattern->function)
		return frame->function && !fnmatch(pattern->function, frame->function, 0);
	if (pattern->line && pattern->line != frame->line)
		return false;
	return file_matches(pattern->file, frame->file);
}

/* The next frame that is the driver's, from @i on. */
static size_t driver_frame(const struct dmk_report_stack *stack, size_t i)
{
	while (i < stack->n && (stack->frame[i].ours || !stack->frame[i].function))
		i++;
	return i;
}

static bool frames_match(const struct suppress_frame *pattern, size_t n,
			 const struct dmk_report_stack *stack, size_t i)
{
	i = driver_frame(stack, i);
	if (!n)
		return true;
	if (!pattern->any)
		return i < stack->n && frame_matches(pattern, &stack->frame[i]) &&
		       frames_match(pattern + 1, n - 1, stack, i + 1);
	for (; i <= stack->n; i++)
		if (frames_match(pattern + 1, n - 1, stack, i))
			return true;
	return false;
}

/* Of a mistake that a device made, or of a leak, the only place is where the buffer comes from. */
static const struct dmk_report_stack *first_stack(const struct dmk_report_finding *finding)
{
	return finding->where.n ? &finding->where : &finding->mapped;
}

static bool is_meant(const struct suppress_entry *entry, const struct dmk_report *report,
		     const struct dmk_report_finding *finding)
{
	return matches(entry->rule, finding->rule) && matches(entry->driver, finding->driver) &&
	       matches(entry->device, finding->device) &&
	       matches(entry->machine, report->machine) &&
	       frames_match(entry->where.frame, entry->where.n, first_stack(finding), 0) &&
	       frames_match(entry->mapped.frame, entry->mapped.n, &finding->mapped, 0);
}

/* --- what becomes of a finding ---------------------------------------------------------------- */

static char *by_entry(struct dmk_suppressions *all, const struct dmk_report *report,
		      const struct dmk_report_finding *finding)
{
	for (size_t i = 0; i < all->nr_entries; i++) {
		if (!is_meant(&all->entry[i], report, finding))
			continue;
		all->entry[i].used++;
		return strdup(all->entry[i].name);
	}
	return NULL;
}

/* A finding without a driver is nobody else's. */
static char *by_driver(const struct dmk_suppressions *all, const struct dmk_report_finding *finding)
{
	if (!all->nr_drivers || !finding->driver || !finding->driver[0])
		return NULL;
	for (size_t i = 0; i < all->nr_drivers; i++)
		if (!fnmatch(all->driver[i], finding->driver, 0))
			return NULL;
	return dmk_report_format("not the chosen driver's, but %s's", finding->driver);
}

static char *by_limit(struct dmk_suppressions *all, const struct dmk_report_finding *finding)
{
	for (size_t i = 0; i < all->nr_limits; i++) {
		struct suppress_limit *limit = &all->limit[i];

		if (fnmatch(limit->rule, finding->rule ? finding->rule : "", 0))
			continue;
		if (limit->seen++ < limit->most)
			return NULL;
		return dmk_report_format("beyond the limit of %" PRIu64 " for %s", limit->most,
					 limit->rule);
	}
	return NULL;
}

static char *name_for(struct dmk_suppressions *all, const struct dmk_report *report,
		      const struct dmk_report_finding *finding)
{
	char *name = by_entry(all, report, finding);

	if (!name)
		name = by_driver(all, finding);
	return name ? name : by_limit(all, finding);
}

/* What was used, and what not, for whoever reads the report. */
static void tell_entries(const struct dmk_suppressions *all, struct dmk_report *report)
{
	for (size_t i = 0; i < all->nr_entries; i++) {
		struct dmk_report_suppression *told = dmk_report_grow(&report->suppression,
								      &report->nr_suppressions,
								      sizeof(*told));

		if (!told)
			return;
		told->name = strdup(all->entry[i].name);
		told->file = strdup(all->entry[i].file);
		told->line = all->entry[i].line;
		told->used = all->entry[i].used;
	}
}

/* A timeline names findings by where they stand: those that don't count come after the others. */
static void tell_timeline(struct dmk_report *report, const bool *moved, size_t n)
{
	size_t kept = 0, *place = report->timeline && moved ? calloc(n, sizeof(*place)) : NULL;

	for (size_t i = 0; place && i < n; i++)
		place[i] = moved[i] ? report->nr_findings + (i - kept) : kept++;
	if (place)
		dmk_timeline_findings_moved(report->timeline, place, n);
	free(place);
}

void dmk_suppressions_apply(struct dmk_suppressions *all, struct dmk_report *report)
{
	const size_t n = report->nr_findings;
	bool *gone = n ? calloc(n, sizeof(*gone)) : NULL;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct dmk_report_finding *finding = &report->finding[i], *moved = NULL;
		char *name = name_for(all, report, finding);

		if (name)
			moved = dmk_report_grow(&report->suppressed, &report->nr_suppressed,
						sizeof(*moved));
		if (!moved) { /* it counts; or memory is out, and then it does, too */
			free(name);
			report->finding[kept++] = *finding;
			continue;
		}
		*moved = *finding;
		moved->suppressed = name;
		if (gone)
			gone[i] = true;
	}
	report->nr_findings = kept;
	tell_timeline(report, gone, n);
	free(gone);
	tell_entries(all, report);
}

/* --- ready to paste --------------------------------------------------------------------------- */

/* A name may have what is special in a pattern: operator names, paths. */
static void print_literal(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("*?[]\\", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void print_field(FILE *out, const char *key, const char *text)
{
	if (!text || !text[0])
		return;
	fprintf(out, "   %s:", key);
	print_literal(out, text);
	fputc('\n', out);
}

/* Up to where the driver was called: what called it is another one the next time. */
static void print_frames(FILE *out, const struct dmk_report_stack *stack)
{
	for (size_t i = driver_frame(stack, 0); i < stack->n && !stack->frame[i].ours; i++)
		if (stack->frame[i].file)
			print_field(out, "fun", stack->frame[i].function);
}

void dmk_suppressions_print(FILE *out, const struct dmk_report_finding *finding)
{
	const struct dmk_report_frame *place = dmk_report_place(first_stack(finding));

	fprintf(out, "# %s\n{\n   %s in %s\n", finding->what ? finding->what : "", finding->rule,
		place && place->function ? place->function
		: finding->driver        ? finding->driver
					 : "a driver");
	print_field(out, "rule", finding->rule);
	print_field(out, "driver", finding->driver);
	print_frames(out, first_stack(finding));
	if (finding->where.n && driver_frame(&finding->mapped, 0) < finding->mapped.n) {
		fputs("   mapped:\n", out);
		print_frames(out, &finding->mapped);
	}
	fputs("}\n", out);
}

static bool printed_before(const struct dmk_report *reports, size_t report, size_t finding)
{
	for (size_t i = 0; i <= report; i++) {
		const size_t n = i == report ? finding : reports[i].nr_findings;

		for (size_t j = 0; j < n; j++)
			if (dmk_report_same(&reports[i].finding[j],
					    &reports[report].finding[finding]))
				return true;
	}
	return false;
}

void dmk_suppressions_print_all(FILE *out, const struct dmk_report *reports, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < reports[i].nr_findings; j++)
			if (!printed_before(reports, i, j))
				dmk_suppressions_print(out, &reports[i].finding[j]);
}
