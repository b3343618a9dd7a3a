/* SPDX-License-Identifier: MIT */
/*
 * The files that `dmakit check` writes, one for each format. That they can be written is known
 * before anything is built, and each is there whole or not at all.
 */
#include "dmakit/check_command.h"
#include "report/html_write.h"
#include "report/junit.h"
#include "report/sarif.h"
#include "report/trace.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *const option[CHECK_FILES] = {
	[CHECK_JSON] = "--json",   [CHECK_HTML] = "--html",   [CHECK_SARIF] = "--sarif",
	[CHECK_JUNIT] = "--junit", [CHECK_TRACE] = "--trace",
};

static bool is_stdout(const char *name)
{
	return name && !strcmp(name, "-");
}

bool check_stdout_taken(const struct check *check)
{
	for (unsigned int i = 0; i < CHECK_FILES; i++)
		if (is_stdout(check->file[i].name))
			return true;
	return false;
}

int check_file_choose(struct check *check, enum check_file_kind kind, const char *name)
{
	if (!*name)
		return tool_refuse("%s wants a file's name%s", option[kind],
				   kind == CHECK_HTML ? "" : ", or - for standard output");
	if (kind == CHECK_HTML && is_stdout(name))
		return tool_refuse("--html wants a file's name");
	for (unsigned int i = 0; i < CHECK_FILES; i++) {
		if (i == kind || !check->file[i].name || strcmp(check->file[i].name, name))
			continue;
		return tool_refuse("%s and %s both go to %s", option[i], option[kind],
				   is_stdout(name) ? "standard output" : name);
	}
	check->file[kind].name = name;
	return STATUS_CLEAN;
}

/* Who shows when things happened needs the runs to record it. */
bool check_wants_timeline(const struct check *check)
{
	return check->timeline || check->file[CHECK_HTML].name || check->file[CHECK_TRACE].name;
}

int check_files_open(struct check *check)
{
	for (unsigned int i = 0; i < CHECK_FILES; i++) {
		struct check_file *file = &check->file[i];
		int result;

		if (!file->name || is_stdout(file->name))
			continue;
		result = tool_output_open(&file->output, file->name);
		if (result < 0)
			return tool_refuse("cannot write %s: %s", file->name, strerror(-result));
	}
	return STATUS_CLEAN;
}

void check_files_drop(struct check *check)
{
	for (unsigned int i = 0; i < CHECK_FILES; i++)
		tool_output_drop(&check->file[i].output);
}

/* --- the formats ------------------------------------------------------------------------------ */

static const char *directory_here(void)
{
	static char directory[PATH_MAX];

	return getcwd(directory, sizeof(directory));
}

static int write_html(const struct check *check, FILE *out, const struct dmk_report *reports)
{
	struct tool_args words = {0};
	struct dmk_html_options options = {
		.version = DMAKIT_VERSION,
		.prefix = directory_here(),
		.rules = check->paths.rules,
		.command = (const char *const *)check->command.item,
		.nr_command = check->command.n,
	};
	int result;

	check_words(check, &words);
	options.words = (const char *const *)words.item;
	options.nr_words = words.n;
	result = dmk_html_write(out, reports, check->nr_machines, &options);
	tool_args_free(&words);
	return result;
}

static int write_sarif(const struct check *check, FILE *out, const struct dmk_report *reports)
{
	const struct dmk_sarif_options options = {
		.version = DMAKIT_VERSION,
		.directory = directory_here(),
		.rules = check->paths.rules,
		.command = (const char *const *)check->command.item,
		.nr_command = check->command.n,
		.source = check->build.sources.n ? check->build.sources.item[0] : NULL,
	};

	return dmk_sarif_write(out, reports, check->nr_machines, &options);
}

static int write_one(const struct check *check, enum check_file_kind kind, FILE *out,
		     const struct dmk_report *reports)
{
	switch (kind) {
	case CHECK_JSON:
		return dmk_json_write(out, reports, check->nr_machines);
	case CHECK_HTML:
		return write_html(check, out, reports);
	case CHECK_SARIF:
		return write_sarif(check, out, reports);
	case CHECK_JUNIT:
		return dmk_junit_write(out, reports, check->nr_machines, directory_here());
	case CHECK_TRACE:
		return dmk_trace_write(out, reports, check->nr_machines, DMAKIT_VERSION);
	case CHECK_FILES:
		break;
	}
	return -EINVAL;
}

static int write_file(struct check *check, enum check_file_kind kind,
		      const struct dmk_report *reports)
{
	struct tool_output *output = &check->file[kind].output;
	int result;

	if (is_stdout(check->file[kind].name))
		return write_one(check, kind, stdout, reports);
	result = write_one(check, kind, output->file, reports);
	if (result < 0)
		tool_output_drop(output);
	return result < 0 ? result : tool_output_keep(output);
}

int check_files_write(struct check *check, const struct dmk_report *reports)
{
	int status = STATUS_CLEAN;

	for (unsigned int i = 0; i < CHECK_FILES; i++) {
		int result = check->file[i].name ? write_file(check, i, reports) : 0;

		if (result < 0)
			status = tool_refuse("cannot write %s: %s",
					     is_stdout(check->file[i].name) ? "to standard output"
									    : check->file[i].name,
					     strerror(-result));
	}
	return status;
}
