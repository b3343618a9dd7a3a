/* SPDX-License-Identifier: MIT */
/*
 * dmakit make: make(1), with dmakit's build directory in the place of a kernel's, whatever a
 * Makefile calls it. What is done there is tools/kbuild's.
 */
#include "dmakit/dmakit.h"
#include "dmakit/misfit.h"
#include "common/version.h"
#include "common/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void help(void)
{
	puts("usage: dmakit make [--linux VERSION] [--watch MODE] [make's own arguments]\n"
	     "\n"
	     "Builds out-of-tree modules by their own Makefile, unchanged: where that calls a kernel's build\n"
	     "(make -C /lib/modules/$(uname -r)/build M=$PWD modules), dmakit's is called, which understands obj-m,\n"
	     "NAME-objs, NAME-y, ccflags-y and directories. The .ko files are for dmakit check and dmakit run.\n"
	     "\n"
	     "The same by hand: make -C $(dmakit --kbuild-dir) M=$PWD modules\n"
	     "\n"
	     "Exit status: make's; 2 when it could not be started.");
}

/* The names that Makefiles have for it; a value of the command line wins over theirs. */
static const char *const names[] = {"KDIR",      "KERNELDIR", "KERNEL_DIR", "KERNEL_SRC", "KSRC",
				    "KERNELSRC", "KERN_DIR",  "KBUILD_DIR", "KPATH",      "KBUILD"};

static char *find_make(char path[PATH_MAX])
{
	char *list = getenv("PATH") ? strdup(getenv("PATH")) : NULL, *rest = list, *directory;
	bool found = false;

	while (!found && rest && (directory = strsep(&rest, ":"))) {
		snprintf(path, PATH_MAX, "%.4000s/make", *directory ? directory : ".");
		found = !access(path, X_OK);
	}
	free(list);
	return found ? path : NULL;
}

static int take_option(const char *option, const char *value)
{
	enum tool_watch watch;
	unsigned int code;

	if (!value)
		return tool_refuse("make: %s wants a value", option);
	if (!strcmp(option, "--linux")) {
		setenv("DMAKIT_LINUX", value, 1);
		return tool_linux_version("dmakit", value, &code) ? STATUS_REFUSED : STATUS_CLEAN;
	}
	setenv("DMAKIT_WATCH", value, 1);
	return tool_watch_mode("dmakit", value, &watch) ? STATUS_CLEAN : STATUS_REFUSED;
}

static bool is_option(const char *word)
{
	return !strcmp(word, "--linux") || !strcmp(word, "--watch");
}

static int call_make(const struct tool_paths *paths, char **rest)
{
	struct tool_args args = {0};
	const char *path = getenv("PATH");
	char make[PATH_MAX], here[PATH_MAX], *with_ours = NULL;

	if (!find_make(make))
		return tool_refuse("make: make is not installed: apt-get install make");
	if (asprintf(&with_ours, "%s/bin:%s", paths->kbuild, path) < 0)
		return tool_refuse("out of memory");
	setenv("PATH", with_ours, 1);
	free(with_ours);
	/* M=$(PWD): where this is, whoever called it */
	if (getcwd(here, sizeof(here)))
		setenv("PWD", here, 1);
	setenv("DMAKIT_MAKE", make, 1);
	setenv("DMAKIT_KBUILD", paths->kbuild, 1);
	tool_args_add(&args, "make");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		tool_args_addf(&args, "%s=%s", names[i], paths->kbuild);
	for (; *rest; rest++)
		tool_args_add(&args, *rest);
	execv(make, args.item);
	return tool_refuse("make: cannot start %s: %s", make, strerror(errno));
}

int tool_make(int argc, char **argv)
{
	struct tool_paths paths;
	int i = 1;

	for (; i < argc && is_option(argv[i]); i += 2) {
		if (take_option(argv[i], argv[i + 1]))
			return STATUS_REFUSED;
	}
	if (i < argc && !strcmp(argv[i], "--help")) {
		help();
		return STATUS_CLEAN;
	}
	if (tool_paths(&paths) < 0)
		return STATUS_REFUSED;
	return call_make(&paths, &argv[i]);
}

int tool_kbuild_dir(void)
{
	struct tool_paths paths;

	if (tool_paths(&paths) < 0)
		return STATUS_REFUSED;
	puts(paths.kbuild);
	return STATUS_CLEAN;
}

int tool_why(int argc, char **argv)
{
	struct tool_args sources = {0};
	struct tool_build build = {0};
	struct tool_paths paths;

	if (argc < 1 || tool_paths(&paths) < 0)
		return STATUS_REFUSED;
	setenv("LC_ALL", "C", 1); /* the compiler's words are read */
	build.paths = &paths;
	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--linux=", 8))
			build.linux_version = argv[i] + 8;
		else if (strncmp(argv[i], "--watch=", 8))
			tool_args_add(&build.flags, argv[i]);
	}
	tool_args_add(&sources, argv[0]);
	tool_say_missing_headers(&build, &sources);
	tool_say_other_linux(&build, &sources, false);
	tool_args_free(&sources);
	tool_args_free(&build.flags);
	return STATUS_FOUND;
}
