/* SPDX-License-Identifier: MIT */
/* Places and troubles in a few words, for the texts of many runs. */
#include "report/text.h"

void dmk_text_place(FILE *out, const struct dmk_text_options *options,
		    const struct dmk_report_stack *stack)
{
	const struct dmk_report_frame *frame = dmk_report_place(stack);

	if (!frame || (!frame->function && !frame->file)) {
		fputs("an unknown place", out);
		return;
	}
	fputs(frame->function ? frame->function : "?", out);
	if (frame->file && frame->line)
		fprintf(out, " (%s%s:%u%s)", dmk_text_ink(options, INK_BOLD),
			dmk_text_file(options, frame->file), frame->line,
			dmk_text_ink(options, INK_NONE));
}

static void finding(FILE *out, const struct dmk_text_options *options,
		    const struct dmk_report_finding *finding)
{
	const bool mapped = finding->mapped.n && !finding->where.n;

	fprintf(out, "%s %s", finding->rule, finding->title ? finding->title : "");
	if (mapped)
		fprintf(out, "; %s in ",
			finding->mapped_label && *finding->mapped_label ? finding->mapped_label
									: "mapped");
	else if (finding->where.n)
		fputs("; in ", out);
	if (mapped || finding->where.n)
		dmk_text_place(out, options, mapped ? &finding->mapped : &finding->where);
}

void dmk_text_trouble(FILE *out, const struct dmk_text_options *options,
		      const struct dmk_report_trouble *trouble)
{
	if (trouble->finding.rule) {
		finding(out, options, &trouble->finding);
		return;
	}
	fputs(trouble->text ? trouble->text : "", out);
	if (trouble->where.n) {
		fputs("; in ", out);
		dmk_text_place(out, options, &trouble->where);
	}
}

const char *dmk_text_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}
