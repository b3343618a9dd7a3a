/* SPDX-License-Identifier: MIT */
/*
 * What a driver that could not be built lacks: the compiler is asked again, for all headers that it
 * would include, and with the interfaces of other versions of Linux. Not what the linker said,
 * which is in build.c.
 */
#include "dmakit/misfit.h"
#include "common/source.h"
#include "common/version.h"
#include "dmakit/modules.h"

#include <dmakit/machine.h>

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All that a command writes; @of: its standard output or error. The caller's, of malloc. */
static char *output_of(const struct tool_args *args, int of, int *status)
{
	FILE *file = tmpfile(), *memory;
	const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char *text = NULL, piece[4096];
	size_t size, n;
	pid_t pid = -1;

	*status = 127;
	if (file && nowhere >= 0)
		pid = of == STDOUT_FILENO ? tool_start(args, fileno(file), nowhere)
					  : tool_start(args, nowhere, fileno(file));
	if (pid > 0)
		*status = tool_wait(pid);
	memory = open_memstream(&text, &size);
	if (file && memory) {
		rewind(file);
		while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
			fwrite(piece, 1, n, memory);
	}
	if (memory)
		fclose(memory);
	if (file)
		fclose(file);
	if (nowhere >= 0)
		close(nowhere);
	return text;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void add_flags(const struct tool_build *build, struct tool_args *args)
{
	for (size_t i = 0; i < build->flags.n; i++)
		tool_args_add(args, build->flags.item[i]);
}

/* --- headers ---------------------------------------------------------------------------------- */

struct wanted {
	struct tool_args missing; /* as they are written in #include */
	struct tool_args own;     /* the sources and headers of the driver itself */
};

static void note_missing(struct wanted *wanted, const char *name)
{
	if (!tool_args_has(&wanted->missing, name))
		tool_args_add(&wanted->missing, name);
}

/* "linux/dma-buf.h" of a file that is there for programs, and has nothing of a kernel's. */
static const char *programs_header(const char *path)
{
	const char *rest = path + strlen("/usr/include/");

	if (strncmp(path, "/usr/include/", strlen("/usr/include/")))
		return NULL;
	if (strstr(rest, "-linux-gnu/"))
		rest = strchr(rest, '/') + 1;
	return !strncmp(rest, "linux/", 6) || !strncmp(rest, "asm/", 4) ||
			       !strncmp(rest, "scsi/", 5)
		       ? rest
		       : NULL;
}

static void note_file(const struct tool_build *build, struct wanted *wanted, const char *name)
{
	const bool there = !access(name, F_OK);

	if (!there)
		note_missing(wanted, name);
	else if (programs_header(name))
		note_missing(wanted, programs_header(name));
	if (there && strncmp(name, build->paths->include, strlen(build->paths->include)) &&
	    strncmp(name, "/usr/", 5) && !tool_args_has(&wanted->own, name))
		tool_args_add(&wanted->own, name);
}

/* The compiler's list for make, in which a header that is not there is taken to be made later. */
static void ask_for_files(const struct tool_build *build, const char *source, struct wanted *wanted)
{
	struct tool_args args = {0};
	char *text, *save = NULL, *word;
	int status;

	tool_args_addf(&args, "%s/dmakit-cc", build->paths->bin);
	if (build->linux_version)
		tool_args_addf(&args, "--linux=%s", build->linux_version);
	add_flags(build, &args);
	tool_args_add(&args, "-M");
	tool_args_add(&args, "-MG");
	tool_args_add(&args, source);
	text = output_of(&args, STDOUT_FILENO, &status);
	word = text ? strtok_r(text, " \t\n\\", &save) : NULL; /* "card.o:" */
	while (word && (word = strtok_r(NULL, " \t\n\\", &save)))
		note_file(build, wanted, word);
	free(text);
	tool_args_free(&args);
}

/* The name in #include <...> or "...", with what it stands between. */
static bool include_of(const char *line, char *name, size_t size, bool *quoted)
{
	const char *at, *end;

	*quoted = false;
	if (tool_included(line, name, size))
		return true;
	at = line + strspn(line, " \t");
	if (*at != '#' || !(at = strstr(at, "include")))
		return false;
	at = strchr(at, '"');
	end = at ? strchr(at + 1, '"') : NULL;
	if (!end)
		return false;
	snprintf(name, size, "%.*s", (int)(end - at - 1), at + 1);
	*quoted = true;
	return true;
}

static void list_lines(FILE *out, const struct wanted *wanted, const char *header, bool *quoted)
{
	unsigned int n = 0;

	for (size_t i = 0; i < wanted->own.n; i++) {
		FILE *file = fopen(wanted->own.item[i], "r");
		char line[1024], name[256];
		bool here_quoted;

		for (int number = 1; file && fgets(line, sizeof(line), file); number++) {
			if (!include_of(line, name, sizeof(name), &here_quoted) ||
			    strcmp(name, header))
				continue;
			fprintf(out, "%s%s:%d", n++ ? ", " : " ", base_of(wanted->own.item[i]),
				number);
			*quoted = here_quoted;
		}
		if (file)
			fclose(file);
	}
}

/* Names in the sources that begin with @prefix and an underscore. */
static void add_names(const struct wanted *wanted, const char *prefix, struct tool_args *names)
{
	enum { ENOUGH = 6 };
	const size_t length = strlen(prefix);

	for (size_t i = 0; i < wanted->own.n; i++) {
		FILE *file = fopen(wanted->own.item[i], "r");
		char line[1024], name[64];

		while (file && fgets(line, sizeof(line), file)) {
			for (char *at = line; (at = strstr(at, prefix)); at += length) {
				if ((at > line &&
				     (isalnum((unsigned char)at[-1]) || at[-1] == '_')) ||
				    at[length] != '_' || strstr(line, "#include"))
					continue;
				sscanf(at, "%63[A-Za-z0-9_]", name);
				if (names->n < ENOUGH && !tool_args_has(names, name))
					tool_args_add(names, name);
			}
		}
		if (file)
			fclose(file);
	}
}

/* "linux/dma-buf.h" is known by dma_buf_, "linux/regulator/consumer.h" by regulator_ too. */
static void list_uses(FILE *out, const struct wanted *wanted, const char *header)
{
	struct tool_args names = {0};
	char copy[256], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", header);
	for (char *word = strtok_r(copy, "/", &save); word; word = strtok_r(NULL, "/", &save)) {
		word[strcspn(word, ".")] = '\0';
		for (char *c = word; *c; c++)
			*c = *c == '-' ? '_' : *c;
		if (strlen(word) > 2 && strcmp(word, "linux") && strcmp(word, "asm"))
			add_names(wanted, word, &names);
	}
	for (size_t i = 0; i < names.n; i++)
		fprintf(out, "%s%s", i ? ", " : "; for ", names.item[i]);
	tool_args_free(&names);
}

/* One of the same name elsewhere, or of nearly the same. */
static void list_nearest(FILE *out, const struct tool_build *build, const char *header)
{
	const char *names[2048] = {0}, *near;
	char path[PATH_MAX + 300];
	struct dirent **entry;
	int n;

	snprintf(path, sizeof(path), "%s/linux/%s", build->paths->include, base_of(header));
	if (!access(path, R_OK)) {
		fprintf(out, "; there is <linux/%s>", base_of(header));
		return;
	}
	snprintf(path, sizeof(path), "%s/linux", build->paths->include);
	n = scandir(path, &entry, NULL, alphasort);
	for (int i = 0; i < n && i < 2047; i++)
		names[i] = entry[i]->d_name;
	near = n > 0 && !strncmp(header, "linux/", 6) ? dmk_nearest(header + 6, names) : NULL;
	if (near && near[0] != '.')
		fprintf(out, "; did you mean <linux/%s>?", near);
	for (int i = 0; i < n; i++)
		free(entry[i]);
	if (n >= 0)
		free(entry);
}

/* One line; "" when none of the driver's own files includes it, but a header of a header does. */
static char *header_text(const struct tool_build *build, const struct wanted *wanted,
			 const char *header)
{
	char *lines = NULL, *text;
	size_t size;
	FILE *out = open_memstream(&lines, &size);
	bool quoted = false;

	if (!out)
		return NULL;
	list_lines(out, wanted, header, &quoted);
	fflush(out);
	if (size && !quoted) {
		list_uses(out, wanted, header);
		list_nearest(out, build, header);
	}
	fclose(out);
	text = lines[0] ? dmk_report_format(quoted ? "  \"%s\"%s\n" : "  <%s>%s\n", header, lines)
			: strdup("");
	free(lines);
	return text;
}

void tool_say_missing_headers(const struct tool_build *build, const struct tool_args *sources)
{
	struct wanted wanted = {0};
	bool any = false;

	for (size_t i = 0; i < sources->n; i++)
		ask_for_files(build, sources->item[i], &wanted);
	for (size_t i = 0; i < wanted.missing.n; i++) {
		char *text = header_text(build, &wanted, wanted.missing.item[i]);

		if (text && text[0])
			fprintf(stderr, "%s%s",
				any ? ""
				    : "dmakit: headers that are not there (dmakit has those around DMA):\n",
				text);
		any |= text && text[0];
		free(text);
	}
	tool_args_free(&wanted.missing);
	tool_args_free(&wanted.own);
}

/* --- other versions --------------------------------------------------------------------------- */

/* The functions that a compiler says are declared nowhere. */
static void read_undeclared(const char *text, struct tool_args *names)
{
	static const char *const signs[] = {"implicit declaration of function '",
					    "call to undeclared function '"};

	for (size_t i = 0; text && i < sizeof(signs) / sizeof(*signs); i++) {
		for (const char *at = text; (at = strstr(at, signs[i]));) {
			char name[128];

			at += strlen(signs[i]);
			snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "'"), at);
			if (!tool_args_has(names, name))
				tool_args_add(names, name);
		}
	}
}

/* Whether it compiles as that version's; what it calls and is not there goes into @undeclared. */
static bool fits(const struct tool_build *build, const char *version, const char *source,
		 struct tool_args *undeclared)
{
	struct tool_args args = {0};
	char *text;
	int status;

	tool_args_addf(&args, "%s/dmakit-cc", build->paths->bin);
	tool_args_addf(&args, "--linux=%s", version);
	add_flags(build, &args);
	tool_args_add(&args, "-fsyntax-only");
	tool_args_add(&args, "-fdiagnostics-color=never");
	tool_args_add(&args, "-Wimplicit-function-declaration");
	tool_args_add(&args, "-Wno-error=implicit-function-declaration");
	tool_args_add(&args, "-Werror=incompatible-pointer-types");
	tool_args_add(&args, source);
	text = output_of(&args, STDERR_FILENO, &status);
	read_undeclared(text, undeclared);
	free(text);
	tool_args_free(&args);
	return !status;
}

static bool all_fit(const struct tool_build *build, const char *version,
		    const struct tool_args *sources, struct tool_args *undeclared)
{
	for (size_t i = 0; i < sources->n; i++) {
		if (!tool_is_object(sources->item[i]) && !tool_is_host_source(sources->item[i]) &&
		    !fits(build, version, sources->item[i], undeclared))
			return false;
	}
	return true;
}

static const char *current_linux(const struct tool_build *build)
{
	return build->linux_version ? build->linux_version : tool_linux_versions[0];
}

void tool_other_linux_free(struct tool_other_linux *other)
{
	tool_args_free(&other->names);
	*other = (struct tool_other_linux){0};
}

/* Those of @now that are not among @then. */
static void take_found(const struct tool_args *now, const struct tool_args *then,
		       struct tool_args *found)
{
	for (size_t i = 0; i < now->n; i++) {
		if (!tool_args_has(then, now->item[i]))
			tool_args_add(found, now->item[i]);
	}
}

void tool_find_other_linux(const struct tool_build *build, struct tool_other_linux *other)
{
	struct tool_args now = {0};

	*other = (struct tool_other_linux){0};
	all_fit(build, current_linux(build), &build->sources, &now);
	other->all = now.n;
	for (size_t i = 0; tool_linux_versions[i] && other->names.n < now.n; i++) {
		struct tool_args then = {0}, found = {0};

		if (all_fit(build, tool_linux_versions[i], &build->sources, &then))
			take_found(&now, &then, &found);
		if (found.n > other->names.n) {
			const struct tool_args old = other->names;

			other->names = found;
			other->version = tool_linux_versions[i];
			found = old;
		}
		tool_args_free(&found);
		tool_args_free(&then);
	}
	tool_args_free(&now);
}

void tool_other_linux_say(const struct tool_other_linux *other)
{
	const size_t n = other->names.n;
	char *text = NULL;
	size_t size;
	FILE *out;

	if (!n)
		return;
	if (n == other->all) {
		tool_refuse("%s there with --linux %s", n == 1 ? "it is" : "all of them are",
			    other->version);
		return;
	}
	out = open_memstream(&text, &size);
	for (size_t i = 0; out && i < n; i++)
		fprintf(out, "%s%s", i ? ", " : "", other->names.item[i]);
	if (out)
		fclose(out);
	tool_refuse("%s there with --linux %s: %s", n == 1 ? "one of them is" : "some of them are",
		    other->version, text ? text : "");
	free(text);
}

void tool_say_other_linux(const struct tool_build *build, const struct tool_args *sources,
			  bool warned)
{
	char *list = NULL;
	size_t size;
	unsigned int n = 0;
	FILE *out = open_memstream(&list, &size);

	for (size_t i = 0; out && tool_linux_versions[i]; i++) {
		struct tool_args undeclared = {0};

		if (strcmp(tool_linux_versions[i], current_linux(build)) &&
		    all_fit(build, tool_linux_versions[i], sources, &undeclared))
			fprintf(out, "%s%s", n++ ? ", " : "", tool_linux_versions[i]);
		tool_args_free(&undeclared);
	}
	if (out)
		fclose(out);
	if (n)
		tool_refuse("%s: written for another kernel than %s; compiles %swith --linux %s",
			    sources->n == 1 ? sources->item[0] : "the driver", current_linux(build),
			    warned ? "without these warnings " : "", list);
	free(list);
}
