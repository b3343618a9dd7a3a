/* SPDX-License-Identifier: MIT */
/* Reports as one self-contained page. The command has it; a driver's program does not. */
#ifndef TOOLS_HTML_WRITE_H
#define TOOLS_HTML_WRITE_H

#include "report/report.h"

struct dmk_html_options {
	const char *version;
	const char *prefix; /* what file names are shown relative to; NULL: absolute */
	const char *rules;  /* the directory of the rules' pages; NULL: they are left out */
	/* the command line; and its words that choose no machine, without the command's name */
	const char *const *command, *const *words;
	size_t nr_command, nr_words;
};

/**
 * dmk_html_write - all of them in one page; the sources that it shows are read now, and what can't
 * be read is said to be so in the page.
 * Return: 0, -ENOMEM, -EIO.
 */
int dmk_html_write(FILE *out, const struct dmk_report *reports, size_t n,
		   const struct dmk_html_options *options);

/* The page without its data; made by html/embed.py. */
extern const char dmk_html_before_data[], dmk_html_after_data[];

#endif
