/* SPDX-License-Identifier: MIT */
/* dmakit: which verb. */
#include "dmakit/dmakit.h"

#include <dmakit/machine.h>

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} verbs[] = {
	{"check", tool_check, "run a driver on machines and report its DMA mistakes"},
	{"run", tool_run_program, "run a program of yours that uses a driver, or a shell"},
	{"make", tool_make, "build modules by their own Makefile, for check and run"},
	{"torture", tool_torture, "work on machines at random and compare every byte"},
	{"machines", tool_machines, "list the machines and what is special about each"},
	{"explain", tool_explain,
	 "tell what a rule asks for, and why, with a wrong and a right example"},
};
enum { VERBS = sizeof(verbs) / sizeof(*verbs) };

int tool_refuse(const char *format, ...)
{
	va_list args;

	fputs("dmakit: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return STATUS_REFUSED;
}

int tool_bad_option(const char *verb, int code, char *const *argv, const struct option *options)
{
	const char *given = optind > 0 && argv[optind - 1] ? argv[optind - 1] : "?", *near;
	const char *names[64];
	char word[64];
	unsigned int n = 0;

	if (code == ':')
		return tool_refuse("%s: %s wants a value", verb, given);
	for (; options[n].name && n + 1 < sizeof(names) / sizeof(*names); n++)
		names[n] = options[n].name;
	names[n] = NULL;
	snprintf(word, sizeof(word), "%s", given + strspn(given, "-"));
	word[strcspn(word, "=")] = '\0';
	near = dmk_nearest(word, names);
	if (near)
		return tool_refuse("%s: unknown option %s; did you mean --%s?", verb, given, near);
	return tool_refuse("%s: unknown option %s; `dmakit %s --help` lists them", verb, given,
			   verb);
}

static void help(FILE *out)
{
	fputs("usage: dmakit VERB [options]\n\n"
	      "The Linux DMA API outside the kernel: your driver, unmodified, on machines of every kind.\n\n",
	      out);
	for (unsigned int i = 0; i < VERBS; i++)
		fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].help);
	fputs("  version    print the version\n"
	      "  help       print this\n\n"
	      "`dmakit VERB --help` tells more. `dmakit-cc` is the compiler for programs of your own.\n",
	      out);
}

static int unknown(const char *word)
{
	const char *names[VERBS + 3] = {0}, *near;

	for (unsigned int i = 0; i < VERBS; i++)
		names[i] = verbs[i].name;
	names[VERBS] = "version";
	names[VERBS + 1] = "help";
	near = dmk_nearest(word, names);
	if (near)
		return tool_refuse("unknown verb \"%s\"; did you mean %s?", word, near);
	return tool_refuse(
		"unknown verb \"%s\"; there are check, run, make, torture, machines, explain, version and help",
		word);
}

static int obey(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (!*word)
		return tool_refuse(
			"say what to do: check, run, make, torture, machines, explain, version or help");
	if (!strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h")) {
		help(stdout);
		return STATUS_CLEAN;
	}
	if (!strcmp(word, "version") || !strcmp(word, "--version")) {
		printf("dmakit %s\n", DMAKIT_VERSION);
		return STATUS_CLEAN;
	}
	if (!strcmp(word, "--kbuild-dir"))
		return tool_kbuild_dir();
	if (!strcmp(word, "--why"))
		return tool_why(argc - 2, argv + 2);
	for (unsigned int i = 0; i < VERBS; i++) {
		if (!strcmp(word, verbs[i].name))
			return verbs[i].run(argc - 1, argv + 1);
	}
	return unknown(word);
}

/* A report that nobody got is no success: a full disk looks like a clean driver otherwise. */
int main(int argc, char **argv)
{
	const int status = obey(argc, argv);

	errno = 0;
	if (fflush(stdout) || ferror(stdout))
		return tool_refuse("cannot write to standard output%s%s", errno ? ": " : "",
				   errno ? strerror(errno) : "");
	return status;
}
