/* SPDX-License-Identifier: MIT */
/* The page of a rule in docs/rules, or where it was installed, taken apart. */
#ifndef TOOLS_REPORT_RULE_PAGE_H
#define TOOLS_REPORT_RULE_PAGE_H

/** All from malloc; NULL: there is none. */
struct dmk_rule_page {
	char *file;    /* with its whole path */
	char *text;    /* Markdown */
	char *title;   /* the heading, without the rule's id */
	char *summary; /* the first paragraph, in one line */
};

/** dmk_rule_page - of @id in @directory, which may be NULL; for dmk_rule_page_free(). */
struct dmk_rule_page dmk_rule_page(const char *directory, const char *id);
void dmk_rule_page_free(struct dmk_rule_page *page);

#endif
