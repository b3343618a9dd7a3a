/* SPDX-License-Identifier: MIT */
/*
 * Choosing what counts (CHK-06): a file of suppressions, a limit for a rule, one driver of several.
 * What does not count stays in the report, under the name of who said so, and is told at its end.
 */
#ifndef TOOLS_SUPPRESS_H
#define TOOLS_SUPPRESS_H

#include "report/report.h"

struct dmk_suppressions;

/** dmk_suppressions_new - none yet; NULL: out of memory. */
struct dmk_suppressions *dmk_suppressions_new(void);
void dmk_suppressions_free(struct dmk_suppressions *all);

/*
 * Each of the next three returns NULL, or what is wrong in one line, from malloc. Nothing was taken
 * then.
 */

/** dmk_suppressions_read - all entries of a file. docs/SUPPRESSIONS.md has its form. */
char *dmk_suppressions_read(struct dmk_suppressions *all, const char *file);
/** dmk_suppressions_limit - "SYN-02=5": findings of the rule beyond so many of a run don't count */
char *dmk_suppressions_limit(struct dmk_suppressions *all, const char *text);
/** dmk_suppressions_driver - findings of other drivers don't count. May be called again. */
char *dmk_suppressions_driver(struct dmk_suppressions *all, const char *name);
/** dmk_suppressions_boot - the same, of dma_debug_driver=NAME among boot arguments */
void dmk_suppressions_boot(struct dmk_suppressions *all, const char *arguments);

/** dmk_suppressions_apply - move what does not count from .finding to .suppressed */
void dmk_suppressions_apply(struct dmk_suppressions *all, struct dmk_report *report);

/** dmk_suppressions_print - the entry that would suppress @finding, ready to paste. */
void dmk_suppressions_print(FILE *out, const struct dmk_report_finding *finding);
/** dmk_suppressions_print_all - those of all findings, each mistake once. */
void dmk_suppressions_print_all(FILE *out, const struct dmk_report *reports, size_t n);

#endif
