/* SPDX-License-Identifier: MIT */
/* A rule's page: "# ID: title", a blank line, a paragraph that says it all, and more. */
#include "report/rule_page.h"
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

static char *read_all(const char *name)
{
	FILE *file = fopen(name, "r"), *memory;
	char *text = NULL, piece[4096];
	size_t size = 0, n;

	memory = file ? open_memstream(&text, &size) : NULL;
	while (memory && (n = fread(piece, 1, sizeof(piece), file)) > 0)
		fwrite(piece, 1, n, memory);
	if (memory)
		fclose(memory);
	if (file)
		fclose(file);
	return text;
}

static char *title_in(const char *text)
{
	const char *colon = text[0] == '#' ? strchr(text, ':') : NULL;
	const char *end = strchrnul(text, '\n');

	if (!colon || colon > end)
		return NULL;
	colon += 1 + strspn(colon + 1, " ");
	return strndup(colon, (size_t)(end - colon));
}

static char *summary_in(const char *text)
{
	const char *begin = strstr(text, "\n\n"), *end;
	char *summary;

	if (!begin)
		return NULL;
	begin += strspn(begin, "\n");
	end = strstr(begin, "\n\n");
	summary = strndup(begin, end ? (size_t)(end - begin) : strlen(begin));
	for (char *at = summary; at && *at; at++)
		if (*at == '\n')
			*at = ' ';
	return summary;
}

struct dmk_rule_page dmk_rule_page(const char *directory, const char *id)
{
	struct dmk_rule_page page = {NULL, NULL, NULL, NULL};

	page.file = directory ? dmk_report_format("%s/%s.md", directory, id) : NULL;
	page.text = page.file ? read_all(page.file) : NULL;
	if (!page.text)
		return page;
	page.title = title_in(page.text);
	page.summary = summary_in(page.text);
	return page;
}

void dmk_rule_page_free(struct dmk_rule_page *page)
{
	free(page->file);
	free(page->text);
	free(page->title);
	free(page->summary);
}
