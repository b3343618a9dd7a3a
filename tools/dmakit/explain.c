/* SPDX-License-Identifier: MIT */
/* dmakit explain: the page of a rule, from docs/rules or where it was installed. */
#include "dmakit/dmakit.h"

#include <dmakit/machine.h>

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};

struct ids {
	char **id; /* ended by NULL, ascending */
	size_t n;
};

/* "STR-04.md": three capitals, a dash, digits. */
static bool is_page(const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	size_t digits = name[n] == '-' ? strspn(name + n + 1, "0123456789") : 0;

	return n && digits && !strcmp(name + n + 1 + digits, ".md");
}

static int is_page_entry(const struct dirent *entry)
{
	return is_page(entry->d_name);
}

static int read_ids(const char *directory, struct ids *ids)
{
	struct dirent **entry;
	int n = scandir(directory, &entry, is_page_entry, alphasort);

	if (n < 0)
		return -1;
	ids->id = calloc((size_t)n + 1, sizeof(*ids->id));
	for (int i = 0; i < n; i++) {
		if (ids->id) {
			entry[i]->d_name[strlen(entry[i]->d_name) - 3] = '\0';
			ids->id[ids->n++] = strdup(entry[i]->d_name);
		}
		free(entry[i]);
	}
	free(entry);
	return ids->id ? 0 : -1;
}

static void free_ids(struct ids *ids)
{
	for (size_t i = 0; i < ids->n; i++)
		free(ids->id[i]);
	free(ids->id);
}

static FILE *open_page(const char *directory, const char *id)
{
	char name[PATH_MAX];

	if (snprintf(name, sizeof(name), "%s/%s.md", directory, id) >= (int)sizeof(name))
		return NULL;
	return fopen(name, "r");
}

/* The first heading, without its marks. */
static void print_title(const char *directory, const char *id)
{
	FILE *page = open_page(directory, id);
	char line[512];

	if (!page)
		return;
	while (fgets(line, sizeof(line), page)) {
		if (line[0] != '#')
			continue;
		fputs(line + 1 + strspn(line + 1, "# "), stdout);
		break;
	}
	fclose(page);
}

/* On a terminal a heading is bold and a fence is an indent; elsewhere the page stays what it is. */
static void print_page(FILE *page, bool terminal)
{
	char line[2048];
	bool code = false;

	while (fgets(line, sizeof(line), page)) {
		if (!terminal) {
			fputs(line, stdout);
		} else if (!strncmp(line, "```", 3)) {
			code = !code;
		} else if (code) {
			printf("    \033[36m%.*s\033[0m\n", (int)strcspn(line, "\n"), line);
		} else if (line[0] == '#') {
			const char *text = line + strspn(line, "# ");

			printf("\033[1m%.*s\033[0m\n", (int)strcspn(text, "\n"), text);
		} else {
			fputs(line, stdout);
		}
	}
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool line_has(const char *line, const char *word)
{
	const size_t length = strlen(word);

	for (const char *at = strcasestr(line, word); at; at = strcasestr(at + length, word)) {
		if ((at == line || !in_word(at[-1])) && !in_word(at[length]))
			return true;
	}
	return false;
}

static bool page_has(const char *directory, const char *id, const char *word)
{
	FILE *page = open_page(directory, id);
	char line[2048];
	bool found = false;

	while (page && !found && fgets(line, sizeof(line), page))
		found = line_has(line, word);
	if (page)
		fclose(page);
	return found;
}

/*
 * "STR", the rules of a group; "dma_map_sg", those whose pages have the word. Returns whether there
 * are any.
 */
static bool list_about(const char *directory, const struct ids *ids, const char *group,
		       const char *word)
{
	const size_t length = strlen(group);
	bool any = false;

	if (length < 3)
		return false;
	for (size_t i = 0; i < ids->n; i++) {
		if (strncmp(ids->id[i], group, length) || ids->id[i][length] != '-')
			continue;
		print_title(directory, ids->id[i]);
		any = true;
	}
	if (any)
		return true;
	for (size_t i = 0; i < ids->n; i++) {
		if (!page_has(directory, ids->id[i], word))
			continue;
		print_title(directory, ids->id[i]);
		any = true;
	}
	return any;
}

static int explain(const char *directory, const struct ids *ids, const char *word)
{
	struct dmk_text_options look = dmk_text_options_for(stdout);
	char id[32];
	const char *near;
	FILE *page;
	size_t n;

	for (n = 0; word[n] && n + 1 < sizeof(id); n++)
		id[n] = (char)toupper((unsigned char)word[n]);
	id[n] = '\0';
	for (n = 0; n < ids->n && strcmp(ids->id[n], id); n++)
		;
	page = n < ids->n ? open_page(directory, id) : NULL;
	if (page) {
		print_page(page, look.color);
		fclose(page);
		return STATUS_CLEAN;
	}
	if (list_about(directory, ids, id, word))
		return STATUS_CLEAN;
	near = dmk_nearest(id, (const char *const *)ids->id);
	if (near)
		return tool_refuse("no rule %s; did you mean %s? `dmakit explain` lists them all",
				   word, near);
	return tool_refuse(
		"no rule \"%s\", and none has that word in its page; `dmakit explain` lists them all",
		word);
}

int tool_explain(int argc, char **argv)
{
	struct tool_paths paths;
	struct ids ids = {0};
	int option, status = STATUS_CLEAN;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option != 'h')
			return tool_bad_option("explain", option, argv, options);
		puts("usage: dmakit explain [RULE | GROUP | WORD]...\n\n"
		     "Tells what a rule asks for, why it exists, and shows a wrong and a right example.\n"
		     "Of a group, as STR, it lists the rules; of any other word, as dma_map_sg, those whose pages\n"
		     "have it; without any, them all.");
		return STATUS_CLEAN;
	}
	if (tool_paths(&paths) < 0)
		return STATUS_REFUSED;
	if (read_ids(paths.rules, &ids) < 0)
		return tool_refuse("cannot read the rules in %s", paths.rules);
	if (optind == argc) {
		for (size_t i = 0; i < ids.n; i++)
			print_title(paths.rules, ids.id[i]);
	}
	for (int i = optind; i < argc && !status; i++)
		status = explain(paths.rules, &ids, argv[i]);
	free_ids(&ids);
	return status;
}
