/* SPDX-License-Identifier: MIT */
/*
 * From a driver's sources to a program, by dmakit-cc. The compiler speaks for itself; what the
 * linker says is read, since a kernel function that is not there should be named with every place
 * that calls it, in words a driver's author uses.
 */
#include "dmakit/dmakit.h"
#include "dmakit/misfit.h"
#include "dmakit/modules.h"
#include "common/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- what the linker says --------------------------------------------------------------------- */

struct reference {
	char *symbol, *place, *function;
};

struct references {
	struct reference *item;
	size_t n;
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void add_reference(struct references *list, const char *symbol, const char *place,
			  const char *function)
{
	struct reference *item;

	for (size_t i = 0; i < list->n; i++) {
		if (!strcmp(list->item[i].symbol, symbol) && !strcmp(list->item[i].place, place))
			return;
	}
	item = dmk_report_grow(&list->item, &list->n, sizeof(*item));
	if (!item)
		exit(tool_refuse("out of memory"));
	*item = (struct reference){strdup(symbol), strdup(place), strdup(function)};
}

/* The word that starts after @before, up to a closing quote. */
static bool quoted_after(const char *line, const char *before, char *word, size_t size)
{
	const char *at = strstr(line, before);
	size_t n;

	if (!at)
		return false;
	at += strlen(before);
	at += strspn(at, "`'\"");
	n = strcspn(at, "`'\"\n");
	snprintf(word, size, "%.*s", (int)n, at);
	return n > 0;
}

/*
 * "/usr/bin/ld: dir/driver.c:12: undefined reference" -> "driver.c:12"; an object's section offset
 * is no place to name.
 */
static void place_in(char *line, char *place, size_t size)
{
	char *end = strstr(line, ": undefined reference");
	char *start = line, *skip;

	*end = '\0';
	while ((skip = strstr(start, ": ")))
		start = skip + 2;
	start = strrchr(start, '/') ? strrchr(start, '/') + 1 : start;
	snprintf(place, size, "%.*s", (int)size - 1, strstr(start, ".o:(") ? "" : start);
}

/* Returns whether every complaint was an undefined reference. */
static bool read_complaints(FILE *text, struct references *list)
{
	char line[4096], function[256] = "", symbol[256], place[256];
	bool only = true;

	while (fgets(line, sizeof(line), text)) {
		if (quoted_after(line, "in function ", function, sizeof(function)))
			continue;
		if (quoted_after(line, "undefined reference to ", symbol, sizeof(symbol))) {
			place_in(line, place, sizeof(place));
			add_reference(list, symbol, place, function);
		} else if (!strstr(line, "more undefined references") &&
			   !strstr(line, "ld returned 1") &&
			   !strstr(line, "linker command failed") && !strstr(line, "warning:") &&
			   !strstr(line, "NOTE:")) {
			only = false;
		}
	}
	return only;
}

static void print_place(FILE *out, const struct reference *reference, bool first)
{
	fputs(first ? " (" : "; ", out);
	if (reference->place[0])
		fprintf(out, "%s", reference->place);
	if (reference->function[0])
		fprintf(out, "%sin %s", reference->place[0] ? " " : "", reference->function);
	else if (!reference->place[0])
		fputs("in its data", out);
}

static void print_symbol(FILE *out, const struct references *list, size_t first, const char *header,
			 const char *include)
{
	bool any = false;
	char near[128];

	fprintf(out, "%s", list->item[first].symbol);
	if (header)
		fprintf(out, " of <%s>", header);
	for (size_t i = first; i < list->n; i++) {
		if (strcmp(list->item[i].symbol, list->item[first].symbol))
			continue;
		print_place(out, &list->item[i], !any);
		any = true;
	}
	if (any && !header &&
	    tool_nearest_declared(include, list->item[first].symbol, near, sizeof(near)) &&
	    strcmp(near, list->item[first].symbol))
		fprintf(out, "; did you mean %s?", near);
	fputs(any ? ")" : "", out);
}

static bool named_before(const struct references *list, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (!strcmp(list->item[i].symbol, list->item[index].symbol))
			return true;
	}
	return false;
}

/*
 * Those that dmakit has, in a header that was not included, or those that it has not, or only for
 * another Linux (@elsewhere). Returns how many there are.
 */
static size_t list_undefined(FILE *out, const struct references *list, bool there,
			     const struct tool_args *elsewhere)
{
	struct tool_paths paths;
	char header[300];
	size_t n = 0;

	if (tool_paths(&paths) < 0)
		return 0;
	for (size_t i = 0; i < list->n; i++) {
		const char *symbol = list->item[i].symbol;

		if (named_before(list, i) ||
		    (!tool_args_has(elsewhere, symbol) &&
		     tool_declaring_header(paths.include, symbol, header, sizeof(header))) != there)
			continue;
		fputs(n++ ? ", " : "", out);
		print_symbol(out, list, i, there ? header : NULL, paths.include);
	}
	return n;
}

static char *undefined_text(const struct references *list, bool there,
			    const struct tool_args *elsewhere)
{
	char *text = NULL;
	size_t size, n;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	n = list_undefined(out, list, there, elsewhere);
	fclose(out);
	if (!n) {
		free(text);
		text = NULL;
	}
	return text;
}

static void say_undefined(const struct tool_build *build, const struct references *list)
{
	struct tool_other_linux other;
	char *missing, *undeclared;

	tool_find_other_linux(build, &other);
	missing = undefined_text(list, false, &other.names);
	undeclared = undefined_text(list, true, &other.names);
	if (build->sources.n == 1)
		fprintf(stderr, "dmakit: %s calls", base_of(build->sources.item[0]));
	else
		fprintf(stderr, "dmakit: the sources call");
	if (missing)
		fprintf(stderr, " kernel functions that dmakit does not have: %s%s", missing,
			undeclared ? "; and" : "");
	if (undeclared)
		fprintf(stderr, " kernel functions without including their headers: %s",
			undeclared);
	fputc('\n', stderr);
	tool_other_linux_say(&other);
	tool_other_linux_free(&other);
	free(missing);
	free(undeclared);
}

static void free_references(struct references *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->item[i].symbol);
		free(list->item[i].place);
		free(list->item[i].function);
	}
	free(list->item);
}

/*
 * The headers that the sources were compiled with are not those that the library was built from.
 * Returns whether that is so.
 */
static bool say_other_library(const struct tool_build *build, const struct references *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!tool_headers_declare(build->paths->include, list->item[i].symbol))
			continue;
		tool_refuse(
			"dmakit's library does not fit its headers: %s lacks %s, which they declare; build dmakit "
			"again (make), or install it again (make install)",
			build->paths->library, list->item[i].symbol);
		return true;
	}
	return false;
}

static int explain_link(const struct tool_build *build, FILE *text)
{
	struct references list = {0};
	char line[4096];
	bool only;

	rewind(text);
	only = read_complaints(text, &list);
	if (only && list.n) {
		if (!say_other_library(build, &list))
			say_undefined(build, &list);
	} else {
		rewind(text);
		while (fgets(line, sizeof(line), text))
			fputs(line, stderr);
		tool_refuse("the program does not link");
	}
	free_references(&list);
	return STATUS_REFUSED;
}

/* --- compiling and linking -------------------------------------------------------------------- */

/* "card" where there is a card.c is the commonest slip. */
static int refuse_source(const char *name, int error)
{
	char with_end[PATH_MAX];

	if (error == ENOENT &&
	    snprintf(with_end, sizeof(with_end), "%s.c", name) < (int)sizeof(with_end) &&
	    !access(with_end, R_OK))
		return tool_refuse("%s: %s; did you mean %s?", name, strerror(error), with_end);
	return tool_refuse("%s: %s", name, strerror(error));
}

static int check_source(const char *name)
{
	struct stat info;

	if (stat(name, &info) < 0 || access(name, R_OK) < 0)
		return refuse_source(name, errno);
	if (!S_ISREG(info.st_mode))
		return tool_refuse("%s: not a file", name);
	return STATUS_CLEAN;
}

static void add_compiler(const struct tool_build *build, struct tool_args *args)
{
	tool_args_addf(args, "%s/dmakit-cc", build->paths->bin);
	if (build->linux_version)
		tool_args_addf(args, "--linux=%s", build->linux_version);
	if (build->watch)
		tool_args_addf(args, "--watch=%s", build->watch);
}

/* What the compiler says is shown as it is, and looked through. Returns its exit status. */
static int run_compiler(struct tool_args *args, bool *warned)
{
	const char *no_color = getenv("NO_COLOR");
	FILE *text = tmpfile();
	char line[4096];
	int status = 127;
	pid_t pid;

	if (!text)
		return tool_run(args);
	if (isatty(STDERR_FILENO) && !(no_color && *no_color))
		tool_args_add(args, "-fdiagnostics-color=always");
	pid = tool_start(args, -1, fileno(text));
	if (pid > 0)
		status = tool_wait(pid);
	rewind(text);
	while (fgets(line, sizeof(line), text)) {
		fputs(line, stderr);
		*warned |= strstr(line, "-Wincompatible-") && strstr(line, "pointer-types");
	}
	fclose(text);
	return status;
}

/* @module: whose part it is; NULL: the source is a module of its own, or none. */
static int compile(struct tool_build *build, const char *source, const char *object,
		   const char *module)
{
	struct tool_args args = {0};
	bool warned = false;
	int status;

	add_compiler(build, &args);
	if (module)
		tool_args_addf(&args, "-DKBUILD_MODNAME=\"%s\"", module);
	/* a function that is not there is named at the link, with all its callers */
	tool_args_add(&args, "-Wno-implicit-function-declaration");
	tool_args_add(&args, "-O1");
	tool_args_add(&args, "-c");
	tool_args_add(&args, "-o");
	tool_args_add(&args, object);
	tool_args_add(&args, source);
	status = run_compiler(&args, &warned);
	tool_args_free(&args);
	if (status == 127)
		return STATUS_REFUSED; /* which has been said */
	if (status)
		tool_args_add(&build->failed, source);
	else if (warned)
		tool_args_add(&build->warned, source);
	return STATUS_CLEAN;
}

/* All that did not compile, at once. */
static int say_failed(const struct tool_build *build)
{
	tool_say_missing_headers(build, &build->failed);
	tool_say_other_linux(build, &build->failed, false);
	for (size_t i = 0; i < build->failed.n; i++)
		tool_refuse("%s does not compile", build->failed.item[i]);
	return STATUS_REFUSED;
}

static int link_program(const struct tool_build *build, const struct tool_args *objects)
{
	struct tool_args args = {0};
	int status = STATUS_REFUSED;
	FILE *text = tmpfile();
	pid_t pid;

	if (!text)
		return tool_refuse("no temporary file: %s", strerror(errno));
	add_compiler(build, &args);
	tool_args_add(&args, "-o");
	tool_args_add(&args, build->program);
	for (size_t i = 0; i < objects->n; i++)
		tool_args_add(&args, objects->item[i]);
	pid = tool_start(&args, -1, fileno(text));
	if (pid < 0)
		goto close_text;
	status = tool_wait(pid) ? explain_link(build, text) : STATUS_CLEAN;
close_text:
	fclose(text);
	tool_args_free(&args);
	return status;
}

static bool wants_watch(const struct tool_build *build)
{
	return build->watch &&
	       (!strcmp(build->watch, "instrumented") || !strcmp(build->watch, "asan"));
}

/* What is compiled already is as it is, if it is for us at all. */
static int check_object(const struct tool_build *build, const char *object)
{
	struct tool_symbols symbols = {0};
	int status = STATUS_CLEAN;

	if (tool_symbols_read(object, &symbols))
		status = tool_refuse("%s is no object file", object);
	else if (symbols.is_kernels)
		status = tool_refuse("%s was built for a kernel; build it with `dmakit make`",
				     object);
	else if (wants_watch(build) && !symbols.watched)
		tool_refuse("%s was compiled without --watch: its own loads and stores are not "
			    "seen; with --watch page they are, in whole pages",
			    object);
	if (build->linux_version && !status)
		tool_refuse("%s is compiled already: --linux %s is too late for it", object,
			    build->linux_version);
	tool_symbols_free(&symbols);
	return status;
}

static int compile_next(struct tool_build *build, const char *source, const char *module,
			struct tool_args *objects)
{
	static unsigned int number;

	if (tool_is_object(source)) {
		tool_args_add(objects, source);
		return check_object(build, source);
	}
	tool_args_addf(objects, "%s/%u.o", build->directory, number++);
	return compile(build, source, objects->item[objects->n - 1], module);
}

static int compile_modules(struct tool_build *build, struct tool_modules *modules)
{
	int status = STATUS_CLEAN;

	for (size_t i = 0; i < modules->n; i++) {
		struct tool_module *module = &modules->item[i];

		for (size_t j = 0; j < module->sources.n && !status; j++)
			status = compile_next(build, module->sources.item[j],
					      j ? module->name : NULL, &module->objects);
	}
	return status;
}

/* What is among the driver's sources and no part of it, and what was given as tests. */
static int compile_tests(struct tool_build *build, struct tool_args *objects)
{
	int status = STATUS_CLEAN;

	for (size_t i = 0; i < build->sources.n && !status; i++) {
		if (i >= build->nr_drivers || tool_is_host_source(build->sources.item[i]))
			status = compile_next(build, build->sources.item[i], NULL, objects);
	}
	return status;
}

static int compile_all(struct tool_build *build, struct tool_modules *modules,
		       struct tool_args *tests)
{
	int status = compile_modules(build, modules);

	if (!status)
		status = compile_tests(build, tests);
	if (!status && build->failed.n)
		return say_failed(build);
	if (!status && build->warned.n)
		tool_say_other_linux(build, &build->warned, true);
	return status;
}

static int build_modules(struct tool_build *build, struct tool_modules *modules)
{
	struct tool_args objects = {0}, tests = {0};
	int status = compile_all(build, modules, &tests);

	if (!status)
		status = tool_modules_arrange(modules, build->directory);
	if (!status && build->reload)
		status = tool_modules_own_data(modules, build->directory);
	for (size_t i = 0; i < modules->n; i++) {
		for (size_t j = 0; j < modules->item[i].objects.n; j++)
			tool_args_add(&objects, modules->item[i].objects.item[j]);
	}
	for (size_t i = 0; i < tests.n; i++)
		tool_args_add(&objects, tests.item[i]);
	if (!status && snprintf(build->program, sizeof(build->program), "%s/program",
				build->directory) >= (int)sizeof(build->program))
		status = tool_refuse("the path of the temporary directory is too long");
	if (!status)
		status = link_program(build, &objects);
	tool_args_free(&objects);
	tool_args_free(&tests);
	return status;
}

int tool_build(struct tool_build *build)
{
	struct tool_modules modules = {0};
	int status = STATUS_CLEAN;

	setenv("LC_ALL", "C", 1); /* the linker's words are read */
	for (size_t i = 0; i < build->sources.n && !status; i++)
		status = check_source(build->sources.item[i]);
	if (!status)
		status = tool_modules_group(&build->sources, build->nr_drivers, &modules);
	if (!status)
		status = build_modules(build, &modules);
	tool_modules_free(&modules);
	tool_args_free(&build->failed);
	tool_args_free(&build->warned);
	return status;
}
