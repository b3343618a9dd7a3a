/* SPDX-License-Identifier: MIT */
/*
 * dmakit-cc: the C compiler with dmakit's include paths, the flags of the driver's world, and
 * libdmakit.a at the link.
 *
 * Used as cc, also as CC= in a Makefile. What it adds depends on each source file: one that
 * includes <dmakit/…> and nothing from <linux/…>, <asm/…> or <scsi/…> is a test or a program (host
 * world: dmakit's headers come last); any other is a driver's (its headers are dmakit's,
 * __KERNEL__, MODULE and KBUILD_MODNAME are defined). So sources are compiled one at a time.
 * Everything it does not know is passed on. It is not a driver of compilers: the real one is
 * DMAKIT_CC, or cc.
 */
#include "common/paths.h"
#include "common/process.h"
#include "common/source.h"
#include "common/version.h"
#include "common/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum mode { MODE_LINK, MODE_OBJECT, MODE_OTHER /* -E, -S, -M: one pass, no file of its own */ };

struct request {
	enum mode mode;
	bool shared; /* -shared or -r: no library, no main */
	bool has_std, has_modname, has_basename, has_debug;
	enum tool_watch watch; /* how a driver's loads and stores are to be seen */
	unsigned int sanitizers; /* of the user's, that have loads and stores to themselves */
	bool silent;     /* -###, --version and the like: nothing is compiled */
	const char *out; /* after -o */
	const char *linux_version;
	struct tool_args sources; /* .c files, in order */
	struct tool_args flags;   /* for compiling and linking, without inputs and -o */
	struct tool_args
		/* all for the link but the flags: objects, libraries, in order; a source as "" */
		link;
};

static struct tool_paths paths;
static char temp[PATH_MAX];

static void cleanup(void)
{
	tool_remove_tree(temp);
}

static void on_signal(int signal_number)
{
	cleanup();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

/* --- the command line ------------------------------------------------------------------------- */

/* Options whose value is the next argument. */
static bool takes_value(const char *option)
{
	static const char *const list[] = {
		"-I",
		"-D",
		"-U",
		"-L",
		"-l",
		"-x",
		"-include",
		"-imacros",
		"-isystem",
		"-iquote",
		"-idirafter",
		"-isysroot",
		"-iprefix",
		"-iwithprefix",
		"-MF",
		"-MT",
		"-MQ",
		"-T",
		"-u",
		"-z",
		"-Xlinker",
		"-Xassembler",
		"-Xpreprocessor",
		"-Xclang",
		"-aux-info",
		"--param",
		"-target",
		"-mllvm",
		"-arch",
		"-e",
		"-A",
		"-G",
		"-wrapper",
		"-dumpbase",
		"-dumpdir",
		NULL,
	};

	for (unsigned int i = 0; list[i]; i++) {
		if (!strcmp(option, list[i]))
			return true;
	}
	return false;
}

static bool is_source(const char *name)
{
	size_t n = strlen(name);

	return n > 2 && !strcmp(name + n - 2, ".c");
}

static bool belongs_to_link(const char *option)
{
	return !strncmp(option, "-l", 2) || !strncmp(option, "-Wl,", 4) ||
	       !strncmp(option, "-L", 2) || !strcmp(option, "-T") || !strcmp(option, "-u") ||
	       !strcmp(option, "-z") || !strcmp(option, "-Xlinker");
}

static bool only_asks(const char *option)
{
	return !strcmp(option, "--version") || !strcmp(option, "-###") ||
	       !strncmp(option, "-print-", 7) || !strncmp(option, "--print-", 8) ||
	       !strncmp(option, "-dump", 5) || !strncmp(option, "--help", 6);
}

enum { SANITIZES_ADDRESSES = 1, SANITIZES_ELSE = 2 };

/* The sanitizers the text asks for that see each load and store. */
static unsigned int sanitizers_in(const char *text)
{
	static const char *const others[] = {"memory", "thread", "leak", NULL};
	const char *list = strstr(text, "-fsanitize=");
	unsigned int found = 0;

	if (!list)
		return 0;
	if (strstr(list, "address"))
		found = SANITIZES_ADDRESSES;
	for (unsigned int i = 0; others[i]; i++) {
		if (strstr(list, others[i]))
			found |= SANITIZES_ELSE;
	}
	return found;
}

static void note_definition(struct request *request, const char *definition)
{
	request->has_modname |= !strncmp(definition, "KBUILD_MODNAME", 14);
	request->has_basename |= !strncmp(definition, "KBUILD_BASENAME", 15);
}

static void note_mode(struct request *request, const char *option)
{
	if (!strcmp(option, "-c"))
		request->mode = MODE_OBJECT;
	else if (!strcmp(option, "-E") || !strcmp(option, "-S") || !strcmp(option, "-M") ||
		 !strcmp(option, "-MM") || !strcmp(option, "-fsyntax-only"))
		request->mode = MODE_OTHER;
	else if (!strcmp(option, "-shared") || !strcmp(option, "-r"))
		request->shared = true;
	else if (!strncmp(option, "-std=", 5) || !strcmp(option, "-ansi"))
		request->has_std = true;
	else if (!strncmp(option, "-D", 2))
		note_definition(request, option + 2);
	else if (!strncmp(option, "-g", 2))
		request->has_debug = true;
	else if (sanitizers_in(option))
		request->sanitizers |= sanitizers_in(option);
	else if (only_asks(option))
		request->silent = true;
}

static int set_watch(struct request *request, const char *mode)
{
	return tool_watch_mode("dmakit-cc", mode, &request->watch) ? 1 : -1;
}

/*
 * How it is done: a sanitizer that was asked for has its way, and AddressSanitizer is one of the
 * ways to watch.
 */
static enum tool_watch watch_of(const struct request *request)
{
	const char *cc = getenv("DMAKIT_CC");
	const unsigned int sanitizers = request->sanitizers | (cc ? sanitizers_in(cc) : 0);

	if (request->watch == TOOL_WATCH_NONE || request->watch == TOOL_WATCH_PAGE)
		return request->watch;
	if (sanitizers & SANITIZES_ADDRESSES)
		return TOOL_WATCH_ASAN;
	return sanitizers & SANITIZES_ELSE ? TOOL_WATCH_NONE : request->watch;
}

static int option_of_ours(struct request *request, char **argv, int *i)
{
	if (!strcmp(argv[*i], "--watch"))
		return set_watch(request, "instrumented");
	if (!strncmp(argv[*i], "--watch=", 8))
		return set_watch(request, argv[*i] + 8);
	if (!strncmp(argv[*i], "--linux=", 8)) {
		request->linux_version = argv[*i] + 8;
		return 1;
	}
	if (strcmp(argv[*i], "--linux"))
		return 0;
	if (!argv[*i + 1]) {
		fprintf(stderr, "dmakit-cc: --linux wants a version, such as 6.12\n");
		return -1;
	}
	request->linux_version = argv[++*i];
	return 1;
}

static int parse(struct request *request, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int ours = option_of_ours(request, argv, &i);

		if (ours < 0)
			return -1;
		if (ours)
			continue;
		if (argv[i][0] != '-' || !argv[i][1]) {
			tool_args_add(&request->link, is_source(argv[i]) ? "" : argv[i]);
			if (is_source(argv[i]))
				tool_args_add(&request->sources, argv[i]);
			continue;
		}
		if (!strncmp(argv[i], "-o", 2)) {
			request->out = argv[i][2] ? argv[i] + 2 : argv[i + 1] ? argv[++i] : NULL;
			if (request->out)
				continue;
			fprintf(stderr, "dmakit-cc: -o wants a file name\n");
			return -1;
		}
		note_mode(request, argv[i]);
		if (!strcmp(argv[i], "-D") && argv[i + 1])
			note_definition(request, argv[i + 1]);

		struct tool_args *to = belongs_to_link(argv[i]) ? &request->link : &request->flags;

		if (!strcmp(argv[i], "-c"))
			continue; /* added again where it is meant */
		tool_args_add(to, argv[i]);
		if (takes_value(argv[i]) && argv[i + 1])
			tool_args_add(to, argv[++i]);
	}
	return 0;
}

/* --- one source ------------------------------------------------------------------------------- */

/*
 * The callbacks that the compiler puts in for a sanitizer become dmakit's by the header, in the
 * assembler; ThreadSanitizer's runtime is not linked, AddressSanitizer's is. What the compiler
 * would do in place is left a call, so that it is seen.
 */
static void add_watch(struct tool_args *args, enum tool_watch watch)
{
	static const char *const calls[] = {"memcpy", "memmove", "memset",  "memcmp",
					    "memchr", "strcpy",  "strncpy", NULL};
	const bool asan = watch == TOOL_WATCH_ASAN;

	if (watch != TOOL_WATCH_INSTRUMENTED && !asan)
		return;
	tool_args_add(args, asan ? "-fsanitize=address" : "-fsanitize=thread");
	for (unsigned int i = 0; calls[i]; i++)
		tool_args_addf(args, "-fno-builtin-%s", calls[i]);
	tool_args_add(args, "-include");
	tool_args_addf(args, "%s/dmakit/watched%s.h", paths.include, asan ? "_asan" : "");
}

static void add_world(struct tool_args *args, const struct request *request, const char *source)
{
	char name[256];

	if (tool_is_host_source(source)) {
		tool_args_add(args, "-idirafter");
		tool_args_add(args, paths.include);
		tool_args_add(args, "-D_GNU_SOURCE");
		return;
	}
	tool_args_add(args, "-isystem");
	tool_args_add(args, paths.include);
	/* A provider of DMA channels says #include "virt-dma.h", as in the kernel's tree. */
	tool_args_add(args, "-idirafter");
	tool_args_addf(args, "%s/drivers/dma", paths.include);
	tool_args_add(args, "-D__KERNEL__");
	tool_args_add(args, "-DMODULE");
	tool_args_add(args, "-fno-strict-aliasing");
	tool_args_add(args, "-fno-builtin-printf");
	add_watch(args, watch_of(request));
	tool_module_name(source, name, sizeof(name));
	if (!request->has_modname)
		tool_args_addf(args, "-DKBUILD_MODNAME=\"%s\"", name);
	if (!request->has_basename)
		tool_args_addf(args, "-DKBUILD_BASENAME=\"%s\"", name);
}

static void add_compiler(struct tool_args *args)
{
	const char *cc = getenv("DMAKIT_CC");
	char *copy = strdup(cc && *cc ? cc : "cc");
	char *save = NULL;

	/* "ccache gcc" and "clang -m32" are words */
	for (char *word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
		tool_args_add(args, word);
	free(copy);
}

static int add_compile_flags(struct tool_args *args, const struct request *request,
			     const char *source)
{
	unsigned int code;

	add_compiler(args);
	if (!request->has_std)
		tool_args_add(args, "-std=gnu11");
	if (!request->has_debug)
		tool_args_add(args, "-g");
	tool_args_add(args, "-fno-omit-frame-pointer");
	tool_args_add(args, "-fno-optimize-sibling-calls");
	add_world(args, request, source);
	if (request->linux_version) {
		if (tool_linux_version("dmakit-cc", request->linux_version, &code) < 0)
			return -1;
		tool_args_addf(args, "-DDMK_LINUX_VERSION=%u", code);
	}
	for (size_t i = 0; i < request->flags.n; i++)
		tool_args_add(args, request->flags.item[i]);
	/* The driver goes on after an access to what is the device's, whatever the flags say. */
	if (watch_of(request) == TOOL_WATCH_ASAN && !tool_is_host_source(source))
		tool_args_add(args, "-fsanitize-recover=address");
	return 0;
}

static int compile(const struct request *request, const char *source, const char *out)
{
	struct tool_args args = {0};
	int status = 2;

	if (add_compile_flags(&args, request, source) < 0)
		goto free_args;
	if (request->mode != MODE_OTHER)
		tool_args_add(&args, "-c");
	if (out) {
		tool_args_add(&args, "-o");
		tool_args_add(&args, out);
	}
	tool_args_add(&args, source);
	status = tool_run(&args);
free_args:
	tool_args_free(&args);
	return status;
}

static int compile_all(const struct request *request)
{
	int worst = 0;

	if (request->out && request->sources.n > 1) {
		fprintf(stderr, "dmakit-cc: -o names one file, and %zu sources are given\n",
			request->sources.n);
		return 2;
	}
	for (size_t i = 0; i < request->sources.n; i++) {
		int status = compile(request, request->sources.item[i], request->out);

		worst = worst ? worst : status;
	}
	return worst;
}

/* --- the link --------------------------------------------------------------------------------- */

static void add_library(struct tool_args *args)
{
	char *copy = strdup(DMAKIT_LIBS);
	char *save = NULL;

	tool_args_add(args, "-x");
	tool_args_add(args, "none");
	tool_args_add(args, paths.library);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		tool_args_add(args, word);
	free(copy);
}

static int compile_sources(const struct request *request, struct tool_args *objects)
{
	if (request->sources.n && tool_temp(temp, sizeof(temp)) < 0)
		return 2;
	for (size_t i = 0; i < request->sources.n; i++) {
		int status;

		tool_args_addf(objects, "%s/%zu.o", temp, i);
		status = compile(request, request->sources.item[i], objects->item[i]);
		if (status)
			return status;
	}
	return 0;
}

static int link_all(const struct request *request)
{
	struct tool_args objects = {0}, args = {0};
	size_t next = 0;
	int status;

	status = compile_sources(request, &objects);
	if (status)
		goto free_args;
	add_compiler(&args);
	for (size_t i = 0; i < request->flags.n; i++)
		tool_args_add(&args, request->flags.item[i]);
	if (request->out) {
		tool_args_add(&args, "-o");
		tool_args_add(&args, request->out);
	}
	for (size_t i = 0; i < request->link.n; i++)
		tool_args_add(&args, *request->link.item[i] ? request->link.item[i]
							    : objects.item[next++]);
	if (watch_of(request) == TOOL_WATCH_ASAN)
		tool_args_add(&args, "-fsanitize=address");
	if (!request->shared && request->watch == TOOL_WATCH_PAGE)
		tool_args_add(&args, "-Wl,-u,dmk_watch_asks_for_page");
	if (!request->shared)
		add_library(&args);
	status = tool_run(&args);
free_args:
	tool_args_free(&objects);
	tool_args_free(&args);
	return status;
}

/* Questions, "-" as input, an assembler file: the compiler's own business. */
static int pass_on(const struct request *request, char **argv)
{
	struct tool_args args = {0};
	int status;

	add_compiler(&args);
	if (!request->silent) {
		tool_args_add(&args, "-isystem");
		tool_args_add(&args, paths.include);
	}
	for (int i = 1; argv[i]; i++) {
		if (!strncmp(argv[i], "--watch", 7))
			continue;
		if (!strncmp(argv[i], "--linux", 7)) {
			i += !argv[i][7] && argv[i + 1];
			continue;
		}
		tool_args_add(&args, argv[i]);
	}
	status = tool_run(&args);
	tool_args_free(&args);
	return status;
}

static void usage(void)
{
	puts("usage: dmakit-cc [--linux VERSION] [--watch[=MODE]] [the C compiler's own options] FILE...\n"
	     "\n"
	     "The C compiler, with what a Linux driver needs to become a program: dmakit's headers, the\n"
	     "flags of a kernel module, and libdmakit.a at the link. Works as CC= in a Makefile.\n"
	     "\n"
	     "  --linux VERSION   the API as it was in that Linux version, such as 5.10, 6.1 or 6.12; from 4.14\n"
	     "                    to 6.18, which it is if nothing is said\n"
	     "  --watch           the driver's own loads and stores are seen by the checker; with =asan by\n"
	     "                    AddressSanitizer, which looks after the rest of the driver too; with =page\n"
	     "                    in whole pages, and of objects that were compiled in any way. Compiling and\n"
	     "                    linking both want it\n"
	     "\n"
	     "A source that includes <dmakit/...> and nothing from <linux/...>, <asm/...> or <scsi/...> is compiled as\n"
	     "an ordinary program's (a test); any other as a driver's.\n"
	     "\n"
	     "Environment: DMAKIT_CC, the compiler to use (default: cc).");
}

int main(int argc, char **argv)
{
	struct request request = {.mode = MODE_LINK};
	int status;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		usage();
		return 0;
	}
	if (tool_paths(&paths) < 0 || parse(&request, argc, argv) < 0)
		return 2;
	atexit(cleanup);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);

	if (request.silent ||
	    (!request.sources.n && (!request.link.n || request.mode != MODE_LINK)))
		status = pass_on(&request, argv);
	else if (request.mode == MODE_LINK)
		status = link_all(&request);
	else
		status = compile_all(&request);

	tool_args_free(&request.sources);
	tool_args_free(&request.flags);
	tool_args_free(&request.link);
	return status;
}
