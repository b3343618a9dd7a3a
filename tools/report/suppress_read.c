/* SPDX-License-Identifier: MIT */
/*
 * A file of suppressions, line by line (docs/SUPPRESSIONS.md). What is wrong is told with file and
 * line, and what was expected there; half a file is never taken.
 */
#include "report/suppress_own.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

struct dmk_suppressions *dmk_suppressions_new(void)
{
	return calloc(1, sizeof(struct dmk_suppressions));
}

static void clear_stack(struct suppress_stack *stack)
{
	for (size_t i = 0; i < stack->n; i++) {
		free(stack->frame[i].function);
		free(stack->frame[i].file);
	}
	free(stack->frame);
}

static void clear_entry(struct suppress_entry *entry)
{
	free(entry->name);
	free(entry->file);
	free(entry->rule);
	free(entry->driver);
	free(entry->device);
	free(entry->machine);
	clear_stack(&entry->where);
	clear_stack(&entry->mapped);
}

/* Back to so many entries and limits. */
static void cut(struct dmk_suppressions *all, size_t entries, size_t limits)
{
	while (all->nr_entries > entries)
		clear_entry(&all->entry[--all->nr_entries]);
	while (all->nr_limits > limits)
		free(all->limit[--all->nr_limits].rule);
}

void dmk_suppressions_free(struct dmk_suppressions *all)
{
	if (!all)
		return;
	cut(all, 0, 0);
	while (all->nr_drivers)
		free(all->driver[--all->nr_drivers]);
	free(all->entry);
	free(all->limit);
	free(all->driver);
	free(all);
}

/* --- rules ------------------------------------------------------------------------------------ */

/* A pattern that no rule of the checker fits hides nothing, which is hardly what was meant. */
static bool is_rule(const char *pattern)
{
	for (const struct dmk_rule *rule = dmk_rules; rule->id; rule++)
		if (!fnmatch(pattern, rule->id, 0))
			return true;
	return false;
}

static char *trim(char *text)
{
	size_t n;

	while (isspace((unsigned char)*text))
		text++;
	n = strlen(text);
	while (n && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
	return text;
}

char *dmk_suppressions_limit(struct dmk_suppressions *all, const char *text)
{
	const char *number = strchr(text, '=');
	struct suppress_limit *limit;
	unsigned long long most;
	char *rule, *end;

	if (!number || number == text)
		return dmk_report_format("a limit looks like RULE=N, as SYN-02=5, not \"%s\"",
					 text);
	errno = 0;
	most = strtoull(number + 1, &end, 10);
	if (errno || !isdigit((unsigned char)number[1]) || *end || !most)
		return dmk_report_format("a limit wants a number from 1, not \"%s\"", number + 1);
	rule = strndup(text, (size_t)(number - text));
	if (!rule || !is_rule(rule)) {
		end = dmk_report_format("no rule \"%s\" is ever reported", rule ? rule : text);
		free(rule);
		return end;
	}
	limit = dmk_report_grow(&all->limit, &all->nr_limits, sizeof(*limit));
	if (!limit) {
		free(rule);
		return strdup("out of memory");
	}
	limit->rule = rule;
	limit->most = most;
	return NULL;
}

char *dmk_suppressions_driver(struct dmk_suppressions *all, const char *name)
{
	char **driver;

	if (!name[0])
		return strdup("a driver's name is expected");
	driver = dmk_report_grow(&all->driver, &all->nr_drivers, sizeof(*driver));
	if (!driver)
		return strdup("out of memory");
	*driver = strdup(name);
	return NULL;
}

void dmk_suppressions_boot(struct dmk_suppressions *all, const char *arguments)
{
	static const char word[] = "dma_debug_driver=";
	char *words = arguments ? strdup(arguments) : NULL, *rest = NULL;

	for (char *one = words ? strtok_r(words, " \t\n", &rest) : NULL; one;
	     one = strtok_r(NULL, " \t\n", &rest))
		if (!strncmp(one, word, sizeof(word) - 1))
			free(dmk_suppressions_driver(all, one + sizeof(word) - 1));
	free(words);
}

/* --- the file --------------------------------------------------------------------------------- */

struct reader {
	struct dmk_suppressions *all;
	const char *file;
	unsigned int line;
	struct suppress_entry *entry; /* the one that is open */
	bool named, mapped;           /* it has its name; its frames are the second stack's now */
};

static char *wrong(const struct reader *reader, const char *expected, const char *text)
{
	return dmk_report_format("%s:%u: %s, not \"%s\"", reader->file, reader->line, expected,
				 text);
}

/* "edu.c:120", or without a line */
static bool set_source(struct suppress_frame *frame, const char *text)
{
	const char *colon = strrchr(text, ':');
	char *end;

	frame->file = strdup(text);
	if (!colon || !frame->file)
		return text[0] && frame->file;
	if (!strcmp(colon, ":*")) {
		frame->file[colon - text] = '\0';
		return colon != text;
	}
	frame->line = (unsigned int)strtoul(colon + 1, &end, 10);
	frame->file[colon - text] = '\0';
	return colon != text && frame->line && !*end && isdigit((unsigned char)colon[1]);
}

static char *add_frame(struct reader *reader, const char *key, const char *value)
{
	struct suppress_stack *stack = reader->mapped ? &reader->entry->mapped
						      : &reader->entry->where;
	struct suppress_frame *frame = dmk_report_grow(&stack->frame, &stack->n, sizeof(*frame));

	if (!frame)
		return strdup("out of memory");
	if (!key)
		frame->any = true;
	else if (!strcmp(key, "fun"))
		frame->function = strdup(value);
	else if (!set_source(frame, value))
		return wrong(reader, "expected is src:FILE or src:FILE:LINE", value);
	return NULL;
}

static char *set_field(struct reader *reader, const char *key, const char *value)
{
	struct suppress_entry *entry = reader->entry;
	char **field = !strcmp(key, "rule")      ? &entry->rule
		       : !strcmp(key, "driver")  ? &entry->driver
		       : !strcmp(key, "device")  ? &entry->device
		       : !strcmp(key, "machine") ? &entry->machine
						 : NULL;

	if (!field)
		return wrong(
			reader,
			"expected is rule:, driver:, device:, machine:, fun:, src:, mapped:, ... or }",
			key);
	if (*field)
		return wrong(reader, "an entry has each of its fields once", key);
	if (field == &entry->rule && !is_rule(value))
		return wrong(reader, "expected is a rule that is reported, or a pattern of some",
			     value);
	*field = strdup(value);
	return NULL;
}

static char *line_of_entry(struct reader *reader, char *text)
{
	char *value = strchr(text, ':');

	if (!reader->named) {
		if (*text == '}' || *text == '{')
			return wrong(reader, "expected is the entry's name", text);
		reader->entry->name = strdup(text);
		reader->named = true;
		return NULL;
	}
	if (!strcmp(text, "..."))
		return add_frame(reader, NULL, NULL);
	if (!strcmp(text, "mapped:")) {
		reader->mapped = true;
		return NULL;
	}
	if (!value)
		return set_field(reader, text, "");
	*value = '\0';
	value = trim(value + 1);
	text = trim(text);
	if (!*value)
		return wrong(reader, "expected is something after the colon", text);
	if (!strcmp(text, "fun") || !strcmp(text, "src"))
		return add_frame(reader, text, value);
	return set_field(reader, text, value);
}

/* An entry that says nothing but its name would hide all that is ever found. */
static char *close_entry(struct reader *reader)
{
	const struct suppress_entry *entry = reader->entry;
	const bool all_rules = !entry->rule || !strcmp(entry->rule, "*");

	if (!reader->named)
		return wrong(reader, "expected is the entry's name", "}");
	if (all_rules && !entry->driver && !entry->device && !entry->machine && !entry->where.n &&
	    !entry->mapped.n)
		return wrong(
			reader,
			"expected is at least one field that narrows the entry: it would hide every finding",
			entry->name);
	reader->entry = NULL;
	return NULL;
}

static char *open_entry(struct reader *reader)
{
	reader->entry = dmk_report_grow(&reader->all->entry, &reader->all->nr_entries,
					sizeof(*reader->entry));
	if (!reader->entry)
		return strdup("out of memory");
	reader->entry->file = strdup(reader->file);
	reader->entry->line = reader->line;
	reader->named = false;
	reader->mapped = false;
	return NULL;
}

static char *one_line(struct reader *reader, char *text)
{
	char *why, *placed;

	text = trim(text);
	if (!*text || *text == '#')
		return NULL;
	if (reader->entry)
		return strcmp(text, "}") ? line_of_entry(reader, text) : close_entry(reader);
	if (!strcmp(text, "{"))
		return open_entry(reader);
	if (strncmp(text, "limit:", 6))
		return wrong(reader, "expected is {, limit:RULE=N or a # comment", text);
	why = dmk_suppressions_limit(reader->all, trim(text + 6));
	if (!why)
		return NULL;
	placed = dmk_report_format("%s:%u: %s", reader->file, reader->line, why);
	free(why);
	return placed;
}

static char *read_lines(struct reader *reader, FILE *in)
{
	char *line = NULL, *why = NULL;
	size_t room = 0;

	while (!why && getline(&line, &room, in) >= 0) {
		reader->line++;
		why = one_line(reader, line);
	}
	free(line);
	if (!why && reader->entry)
		why = dmk_report_format("%s:%u: expected is }, not the end of the file",
					reader->file, reader->line);
	return why;
}

char *dmk_suppressions_read(struct dmk_suppressions *all, const char *file)
{
	const size_t entries = all->nr_entries, limits = all->nr_limits;
	struct reader reader = {.all = all, .file = file};
	FILE *in = fopen(file, "r");
	char *why;

	if (!in)
		return dmk_report_format("cannot read %s: %s", file, strerror(errno));
	why = read_lines(&reader, in);
	if (!why && ferror(in))
		why = dmk_report_format("cannot read %s: %s", file, strerror(errno));
	fclose(in);
	if (why)
		cut(all, entries, limits);
	return why;
}
