/* SPDX-License-Identifier: MIT */
/*
 * Reports for people to look at and hand on: one page that needs nothing else. This writes the
 * page's frame and, in one block of data, what the page shows: the report as json_write.c has it,
 * the source lines around each place, and the rules' pages. How it looks is in html/, which the
 * build writes into this program (html/embed.py).
 */
#include "report/html_write.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
	AROUND = 5,         /* lines shown before and after a place */
	LINE_BYTES = 400,   /* of a source line; what is longer is cut */
	PAGE_BYTES = 65536, /* of a rule's page */
};

/* Text of whatever bytes: what is no UTF-8 is shown with its odd bytes replaced. */
static json_t *text_of(const char *bytes)
{
	json_t *text = json_string(bytes);
	char *clean;

	if (text)
		return text;
	clean = strdup(bytes);
	for (char *at = clean; at && *at; at++)
		*at = *at & 0x80 ? '?' : *at;
	text = clean ? json_string(clean) : json_null();
	free(clean);
	return text;
}

static json_t *words_of(const char *const *word, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, text_of(word[i]));
	return array;
}

/* --- what of the world beside the report is shown --------------------------------------------- */

/*
 * Places and rules are found by looking through the whole report for objects that name one, so that
 * what is added to the report needs nothing here.
 */
static void each_object(const json_t *value, void (*visit)(const json_t *object, json_t *found),
			json_t *found)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_object(value)) {
		visit(value, found);
		json_object_foreach((json_t *)value, key, item)
		{
			each_object(item, visit, found);
		}
	}
	json_array_foreach(value, i, item)
	{
		each_object(item, visit, found);
	}
}

/* A file, and which of its lines are wanted: {"lines": {"12": null, ...}}, until they are read. */
static void want_lines(const json_t *object, json_t *sources)
{
	const char *file = json_string_value(json_object_get(object, "file"));
	const json_int_t line = json_integer_value(json_object_get(object, "line"));
	json_t *source;
	char key[24];

	if (!file || line < 1 || line > INT_MAX || json_is_true(json_object_get(object, "dmakit")))
		return;
	source = json_object_get(sources, file);
	if (!source) {
		source = json_pack("{s:{}, s:n}", "lines", "error");
		json_object_set_new(sources, file, source);
	}
	for (json_int_t i = line > AROUND ? line - AROUND : 1; i <= line + AROUND; i++) {
		snprintf(key, sizeof(key), "%" JSON_INTEGER_FORMAT, i);
		json_object_set_new(json_object_get(source, "lines"), key, json_null());
	}
}

static void want_rule(const json_t *object, json_t *rules)
{
	const char *rule = json_string_value(json_object_get(object, "rule"));

	if (rule)
		json_object_set_new(rules, rule, json_null());
}

/* --- reading ---------------------------------------------------------------------------------- */

static void take_line(json_t *lines, unsigned int number, char *text)
{
	char key[24];

	snprintf(key, sizeof(key), "%u", number);
	if (!json_object_get(lines, key))
		return;
	text[strcspn(text, "\r\n")] = '\0';
	json_object_set_new(lines, key, text_of(text));
}

static void drop_missing_lines(json_t *lines)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(lines, next, key, value)
	{
		if (json_is_null(value))
			json_object_del(lines, key);
	}
}

static void read_source(const char *name, json_t *source)
{
	json_t *lines = json_object_get(source, "lines");
	FILE *file = dmk_report_source(name);
	char text[LINE_BYTES];
	unsigned int number = 0;
	bool starts = true;

	if (!file)
		json_object_set_new(source, "error", json_string(strerror(errno)));
	while (file && fgets(text, sizeof(text), file)) {
		const bool whole = strchr(text, '\n') != NULL;

		number += starts;
		if (starts)
			take_line(lines, number, text);
		starts = whole;
	}
	if (file)
		fclose(file);
	drop_missing_lines(lines);
}

static json_t *sources_of(const json_t *report)
{
	json_t *sources = json_object(), *source;
	const char *name;

	each_object(report, want_lines, sources);
	json_object_foreach(sources, name, source)
	{
		read_source(name, source);
	}
	return sources;
}

static json_t *rule_page(const char *directory, const char *rule)
{
	char name[PATH_MAX], *text = calloc(1, PAGE_BYTES);
	json_t *page = NULL;
	FILE *file = NULL;

	if (text && !strchr(rule, '/') &&
	    snprintf(name, sizeof(name), "%s/%s.md", directory, rule) < (int)sizeof(name))
		file = fopen(name, "r");
	if (file && fread(text, 1, PAGE_BYTES - 1, file))
		page = text_of(text);
	if (file)
		fclose(file);
	free(text);
	return page;
}

/* The pages of the rules that the report speaks of; one that can't be read is left out. */
static json_t *rules_of(const json_t *report, const char *directory)
{
	json_t *names = json_object(), *pages = json_object(), *unused;
	const char *rule;

	if (directory)
		each_object(report, want_rule, names);
	json_object_foreach(names, rule, unused)
	{
		json_object_set_new(pages, rule, rule_page(directory, rule));
	}
	json_decref(names);
	return pages;
}

/* --- writing ---------------------------------------------------------------------------------- */

/*
 * The data stands in an element of the page. In JSON these characters occur in strings only, where
 * an escape means the same: then no text of a driver can end the element, or the script that reads
 * it.
 */
static void write_escaped(FILE *out, const char *json)
{
	for (const char *at = json; *at; at++) {
		const unsigned char *byte = (const unsigned char *)at;

		if (*at == '<' || *at == '>' || *at == '&') {
			fprintf(out, "\\u%04x", *byte);
		} else if (byte[0] == 0xe2 && byte[1] == 0x80 && (byte[2] & 0xfe) == 0xa8) {
			fprintf(out, "\\u20%02x", byte[2] & 0x3f);
			at += 2;
		} else {
			fputc(*at, out);
		}
	}
}

static json_t *report_of(const struct dmk_report *reports, size_t n)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	json_t *report = NULL;

	if (!memory)
		return NULL;
	dmk_json_write(memory, reports, n);
	if (!fclose(memory))
		report = json_loadb(text, size, 0, NULL);
	free(text);
	return report;
}

static char *data_of(const struct dmk_report *reports, size_t n,
		     const struct dmk_html_options *options)
{
	json_t *report = report_of(reports, n), *data;
	char *text;

	if (!report)
		return NULL;
	data = json_object();
	json_object_set_new(data, "version", text_of(options->version));
	json_object_set_new(data, "directory", text_of(options->prefix ? options->prefix : ""));
	json_object_set_new(data, "command", words_of(options->command, options->nr_command));
	json_object_set_new(data, "words", words_of(options->words, options->nr_words));
	json_object_set_new(data, "rules", rules_of(report, options->rules));
	json_object_set_new(data, "sources", sources_of(report));
	json_object_set_new(data, "report", report);
	text = json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(9));
	json_decref(data);
	return text;
}

int dmk_html_write(FILE *out, const struct dmk_report *reports, size_t n,
		   const struct dmk_html_options *options)
{
	char *data = data_of(reports, n, options);

	if (!data)
		return -ENOMEM;
	fputs(dmk_html_before_data, out);
	write_escaped(out, data);
	fputs(dmk_html_after_data, out);
	free(data);
	return ferror(out) ? -EIO : 0;
}
