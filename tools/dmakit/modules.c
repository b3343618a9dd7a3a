/* SPDX-License-Identifier: MIT */
/*
 * Modules of one program: what the kernel's build tells by a Makefile is told by the files
 * themselves here, and what its loader does (exports, order, names that are a module's own) is done
 * before the link. Not the loading: kernel/device/module.c takes modules in the order of the link.
 */
#include "dmakit/modules.h"
#include "dmakit/dmakit.h"
#include "common/source.h"

#include <stdlib.h>
#include <string.h>

bool tool_is_object(const char *name)
{
	const size_t n = strlen(name);

	return (n > 2 && !strcmp(name + n - 2, ".o")) || (n > 3 && !strcmp(name + n - 3, ".ko"));
}

/* --- which files make one --------------------------------------------------------------------- */

static bool begins_module(const char *source)
{
	return tool_is_object(source) || tool_has_init(source);
}

static struct tool_module *add_module(struct tool_modules *modules, const char *source)
{
	struct tool_module *module = dmk_report_grow(&modules->item, &modules->n, sizeof(*module));

	if (!module)
		exit(tool_refuse("out of memory"));
	*module = (struct tool_module){0};
	tool_module_name(source, module->name, sizeof(module->name));
	return module;
}

static int check_name(const struct tool_modules *modules, const char *source)
{
	char name[sizeof(modules->item->name)];

	tool_module_name(source, name, sizeof(name));
	for (size_t i = 0; i < modules->n; i++) {
		if (!strcmp(modules->item[i].name, name))
			return tool_refuse(
				"two modules are called %s: %s and %s; a machine has one of a name",
				name, modules->item[i].sources.item[0], source);
	}
	return STATUS_CLEAN;
}

static size_t first_beginning(const struct tool_args *sources, size_t n)
{
	size_t i = 0;

	while (i < n && !begins_module(sources->item[i]))
		i++;
	return i;
}

int tool_modules_group(const struct tool_args *sources, size_t n, struct tool_modules *modules)
{
	const size_t first = first_beginning(sources, n);
	struct tool_module *module = NULL;

	/* The file that a module is named after comes first of its files. */
	if (first < n)
		module = add_module(modules, sources->item[first]);
	if (module)
		tool_args_add(&module->sources, sources->item[first]);
	for (size_t i = 0; i < n; i++) {
		const char *source = sources->item[i];

		if (i == first || tool_is_host_source(source))
			continue;
		if (!module || (i > first && begins_module(source))) {
			if (check_name(modules, source))
				return STATUS_REFUSED;
			module = add_module(modules, source);
		}
		tool_args_add(&module->sources, source);
	}
	return STATUS_CLEAN;
}

void tool_modules_free(struct tool_modules *modules)
{
	for (size_t i = 0; i < modules->n; i++) {
		tool_args_free(&modules->item[i].sources);
		tool_args_free(&modules->item[i].objects);
		tool_symbols_free(&modules->item[i].symbols);
	}
	free(modules->item);
	*modules = (struct tool_modules){0};
}

/* --- names that several have ------------------------------------------------------------------ */

static bool others_define(const struct tool_modules *modules, const struct tool_module *module,
			  const char *symbol)
{
	for (size_t i = 0; i < modules->n; i++) {
		if (&modules->item[i] != module &&
		    tool_args_has(&modules->item[i].symbols.defined, symbol))
			return true;
	}
	return false;
}

static int run_quietly(struct tool_args *args)
{
	const int status = tool_run(args);

	if (status)
		tool_refuse("%s failed", args->item[0]);
	tool_args_free(args);
	return status ? STATUS_REFUSED : STATUS_CLEAN;
}

/*
 * One object of all its objects, changed by objcopy with the options in @change; the options are
 * gone afterwards.
 */
static int make_one(struct tool_module *module, struct tool_args *change, const char *directory)
{
	static unsigned int number;
	struct tool_args link = {0}, all = {0};
	char out[PATH_MAX];

	snprintf(out, sizeof(out), "%s/one%u.o", directory, number++);
	tool_args_add(&link, "ld");
	tool_args_add(&link, "-r");
	tool_args_add(&link, "-o");
	tool_args_add(&link, out);
	for (size_t i = 0; i < module->objects.n; i++)
		tool_args_add(&link, module->objects.item[i]);
	tool_args_add(&all, "objcopy");
	for (size_t i = 0; i < change->n; i++)
		tool_args_add(&all, change->item[i]);
	tool_args_add(&all, out);
	tool_args_free(change);
	tool_args_free(&module->objects);
	tool_args_add(&module->objects, out);
	if (!run_quietly(&link))
		return run_quietly(&all);
	tool_args_free(&all);
	return STATUS_REFUSED;
}

int tool_modules_own_data(struct tool_modules *modules, const char *directory)
{
	static const char *const sections[] = {".data", ".data.rel", ".data.rel.local"};
	int status = STATUS_CLEAN;

	for (size_t i = 0; i < modules->n && !status; i++) {
		struct tool_args change = {0};

		for (size_t j = 0; j < sizeof(sections) / sizeof(*sections); j++)
			tool_args_addf(&change, "--rename-section=%s=dmk_data", sections[j]);
		tool_args_add(&change, "--rename-section=.bss=dmk_bss");
		status = make_one(&modules->item[i], &change, directory);
	}
	return status;
}

/* What a module exports stays as it is: if another has that name too, the link says so. */
static int separate(const struct tool_modules *modules, struct tool_module *module,
		    const char *directory)
{
	struct tool_args names = {0};

	for (size_t i = 0; i < module->symbols.defined.n; i++) {
		const char *symbol = module->symbols.defined.item[i];

		if (!tool_args_has(&module->symbols.exported, symbol) &&
		    others_define(modules, module, symbol))
			tool_args_addf(&names, "--localize-symbol=%s", symbol);
	}
	return names.n ? make_one(module, &names, directory) : STATUS_CLEAN;
}

/* --- the order -------------------------------------------------------------------------------- */

/* The first word after "pre:" or "post:" that is the name, as the loader reads names. */
static bool softdep_names(const char *text, const char *kind, const char *name)
{
	char *copy = strdup(text), *save = NULL;
	bool counts = false, found = false;

	for (char *word = copy ? strtok_r(copy, " \t", &save) : NULL; word && !found;
	     word = strtok_r(NULL, " \t", &save)) {
		if (word[strlen(word) - 1] == ':') {
			counts = !strcmp(word, kind);
			continue;
		}
		for (char *c = word; *c; c++)
			*c = *c == '-' ? '_' : *c;
		found = counts && !strcmp(word, name);
	}
	free(copy);
	return found;
}

static bool has_softdep(const struct tool_module *module, const char *kind, const char *name)
{
	for (size_t i = 0; i < module->symbols.softdep.n; i++) {
		if (softdep_names(module->symbols.softdep.item[i], kind, name))
			return true;
	}
	return false;
}

static const char *first_used(const struct tool_module *user, const struct tool_module *of)
{
	for (size_t i = 0; i < user->symbols.wanted.n; i++) {
		const char *symbol = user->symbols.wanted.item[i];

		if (!tool_args_has(&user->symbols.defined, symbol) &&
		    tool_args_has(&of->symbols.defined, symbol))
			return symbol;
	}
	return NULL;
}

static bool comes_after(const struct tool_module *module, const struct tool_module *other)
{
	return first_used(module, other) || has_softdep(module, "pre:", other->name) ||
	       has_softdep(other, "post:", module->name);
}

static bool can_be_next(const struct tool_modules *modules, const struct tool_module *module)
{
	if (module->placed)
		return false;
	for (size_t i = 0; i < modules->n; i++) {
		const struct tool_module *other = &modules->item[i];

		if (other != module && !other->placed && comes_after(module, other))
			return false;
	}
	return true;
}

/* The next in the order; of modules that need each other the first that was given. */
static struct tool_module *next_of(struct tool_modules *modules)
{
	struct tool_module *left = NULL;

	for (size_t i = 0; i < modules->n; i++) {
		if (can_be_next(modules, &modules->item[i]))
			return &modules->item[i];
		if (!left && !modules->item[i].placed)
			left = &modules->item[i];
	}
	return left;
}

static void sort(struct tool_modules *modules)
{
	struct tool_module *sorted = calloc(modules->n, sizeof(*sorted));

	if (!sorted)
		exit(tool_refuse("out of memory"));
	for (size_t i = 0; i < modules->n; i++) {
		struct tool_module *next = next_of(modules);

		next->placed = true;
		sorted[i] = *next;
	}
	free(modules->item);
	modules->item = sorted;
}

/* --- all of it -------------------------------------------------------------------------------- */

static void say_not_exported(const struct tool_module *user, const struct tool_module *of)
{
	char *text = NULL;
	size_t size, n = 0;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; out && i < user->symbols.wanted.n; i++) {
		const char *symbol = user->symbols.wanted.item[i];

		if (!tool_args_has(&user->symbols.defined, symbol) &&
		    tool_args_has(&of->symbols.defined, symbol) &&
		    !tool_args_has(&of->symbols.exported, symbol))
			fprintf(out, "%s%s", n++ ? ", " : "", symbol);
	}
	if (out)
		fclose(out);
	if (n)
		tool_refuse("%s uses %s of %s, which does not export %s: a kernel would not load "
			    "%s",
			    user->name, text, of->name, n == 1 ? "it" : "them", user->name);
	free(text);
}

int tool_modules_arrange(struct tool_modules *modules, const char *directory)
{
	int status = STATUS_CLEAN;

	if (modules->n < 2)
		return STATUS_CLEAN;
	for (size_t i = 0; i < modules->n; i++) {
		struct tool_module *module = &modules->item[i];

		for (size_t j = 0; j < module->objects.n; j++) {
			if (tool_symbols_read(module->objects.item[j], &module->symbols))
				return tool_refuse("%s is no object file", module->objects.item[j]);
		}
	}
	sort(modules);
	for (size_t i = 0; i < modules->n; i++) {
		for (size_t j = 0; j < modules->n; j++) {
			if (i != j)
				say_not_exported(&modules->item[i], &modules->item[j]);
		}
	}
	for (size_t i = 0; i < modules->n && !status; i++)
		status = separate(modules, &modules->item[i], directory);
	return status;
}
