/* SPDX-License-Identifier: MIT */
/*
 * The command line of `dmakit check`: read into one object, and parts of it kept as words, since a
 * report ends with what to type next. Not what the options do.
 */
#include "dmakit/check_command.h"
#include "dmakit/jobs.h"
#include "dmakit/modules.h"
#include "common/version.h"
#include "common/watch.h"

#include <dmakit/machine.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* On the timelines of all machines together: more would make a page slow to load. */
enum { EVENTS = 150000 };

static const struct option options[] = {
	{"machine", required_argument, NULL, 'm'},
	{"device", required_argument, NULL, 'd'},
	{"append", required_argument, NULL, 'a'},
	{"seed", required_argument, NULL, 's'},
	{"json", required_argument, NULL, 'j'},
	{"html", required_argument, NULL, 'H'},
	{"sarif", required_argument, NULL, 'S'},
	{"junit", required_argument, NULL, 'X'},
	{"trace", required_argument, NULL, 'T'},
	{"timeline", no_argument, NULL, 'C'},
	{"linux", required_argument, NULL, 'l'},
	{"param", required_argument, NULL, 'p'},
	{"watch", required_argument, NULL, 'w'},
	{"fail", required_argument, NULL, 'f'},
	{"advice", required_argument, NULL, 'A'},
	{"timeout", required_argument, NULL, 't'},
	{"suppressions", required_argument, NULL, 'U'},
	{"limit", required_argument, NULL, 'L'},
	{"driver", required_argument, NULL, 'D'},
	{"gen-suppressions", no_argument, NULL, 'G'},
	{"per-site", required_argument, NULL, 'P'},
	{"reload", required_argument, NULL, 'R'},
	{"explore", required_argument, NULL, 'E'},
	{"jobs", required_argument, NULL, 'J'},
	{"findings", required_argument, NULL, 'F'},
	{"keep", no_argument, NULL, 'k'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* Of those, what makes sense for one run that a program has to itself. */
static const char *const run_options[] = {
	"machine", "device",       "append",  "seed",  "json",   "html",  "sarif",   "junit",
	"trace",   "timeline",     "linux",   "param", "watch",  "advice", "timeout", "suppressions",
	"limit",   "driver",       "gen-suppressions", "keep",   "verbose", "help",  "findings",
	NULL,
};

static void run_help(void)
{
	puts("usage: dmakit run [options] DRIVER.c|MODULE.ko... [-- PROGRAM ARGS...]\n"
	     "\n"
	     "Compiles a Linux driver, unmodified, boots a machine, loads the driver, probes its devices, and\n"
	     "runs a program that finds /dev/NAME in place, and what the driver has below /sys and /proc. The\n"
	     "program has standard input, output and error to itself. Without a program: a shell.\n"
	     "\n"
	     "What is wrong with the driver's DMA is told at the end, on standard error; nothing is, when there\n"
	     "is nothing wrong.\n"
	     "\n"
	     "  --findings FILE       write that to FILE instead, the summary of a clean run included\n"
	     "  --timeout SECONDS     report a hang after this time (default: never)\n"
	     "  --advice MODE         what could be done with less: none (default), short, all\n"
	     "\n"
	     "and of `dmakit check`, one machine only: --machine, --device, --append, --param, --seed, --watch,\n"
	     "--linux, --suppressions, --gen-suppressions, --limit, --driver, --json, --html, --sarif, --junit,\n"
	     "--trace, --timeline, --keep, --verbose.\n"
	     "\n"
	     "Programs are dynamically linked; a static one, and system calls made directly, see no driver.\n"
	     "\n"
	     "Exit status: the program's (128 + N when signal N killed it); 1 when there were findings, whatever\n"
	     "the program's; 2 when it could not run.");
}

static void help(void)
{
	puts("usage: dmakit check [options] DRIVER.c|MODULE.ko... [-- TEST.c... | PROGRAM ARGS...]\n"
	     "\n"
	     "Compiles a Linux driver, unmodified, into a program; boots a machine, loads the driver, probes\n"
	     "the devices it names, runs the test, removes the driver, and reports each DMA mistake with its\n"
	     "place and its mend. Without a test the driver's files and disks get a default exercise.\n"
	     "A module begins with each file that has a module_init(); the files after it without one are its\n"
	     "own. Several modules are loaded in the order of what they export and use. card.ko and card.o,\n"
	     "made with dmakit-cc, do in place of sources.\n"
	     "\n"
	     "  --machine NAME|FILE.dts|qemu|all\n"
	     "                        the machine (default: pc); may be repeated; `dmakit machines` lists them\n"
	     "  --device MODEL[,PROPERTY=VALUE]...\n"
	     "                        plug in a device; may be repeated (default: what the driver's ids name)\n"
	     "  --append TEXT         add to the machine's boot arguments: --append 'swiotlb=force'\n"
	     "  --param MODULE.NAME=VALUE\n"
	     "                        set a module parameter; may be repeated\n"
	     "  --seed N              of all that a machine decides by chance (default: 1)\n"
	     "  --fail N              let the driver's N-th call that can fail do so, once: a mapping, an\n"
	     "                        allocation, a mask, an interrupt, registers; and look what becomes of it\n"
	     "  --fail each           a run for each such call, in which it fails; then a row for each place that\n"
	     "                        makes them: what became of it, and the command that shows it again\n"
	     "  --per-site N          with --fail each: at most N calls of each place (default: all)\n"
	     "  --explore N           N runs with N seeds, with more or less that happens in another order; then each\n"
	     "                        finding once, how many of the seeds had it, and the command that shows it again\n"
	     "  --jobs N              so many runs at once (default: 2; of --fail each and --explore one a processor)\n"
	     "  --reload N            unload the driver, load it and use it again, N times, on the same machine\n"
	     "  --watch MODE          how the driver's own loads and stores are seen: instrumented (default),\n"
	     "                        asan, page or none\n"
	     "  --linux VERSION       the API as it was in that Linux version, such as 6.1; from 4.14 to 6.18\n"
	     "  --suppressions FILE   findings that its entries name don't count; may be repeated\n"
	     "  --gen-suppressions    print such an entry for each finding, ready to paste\n"
	     "  --limit RULE=N        findings of the rule beyond N don't count, on each machine\n"
	     "  --driver NAME         findings of other drivers don't count; may be repeated\n"
	     "  --json FILE           write the report as JSON too; with - to standard output, and no text\n"
	     "  --html FILE           write the report as one page for a browser too: sources, timeline, filters\n"
	     "  --sarif FILE          write the findings as SARIF 2.1.0 too, for a code host\n"
	     "  --junit FILE          write tests and findings as JUnit XML too, for CI\n"
	     "  --trace FILE          write what happened to each buffer too, for ui.perfetto.dev\n"
	     "  --timeline            put that into the JSON as well\n"
	     "  --advice MODE         what could be done with less, apart from findings: none, short (default), all\n"
	     "  --timeout SECONDS     report a hang after this time on a machine (default: 60; 0: never)\n"
	     "  --keep                keep the directory with the program, and say where it is\n"
	     "  --verbose             the driver's log as it comes\n"
	     "\n"
	     "TEST.c is written against <dmakit/test.h>. A PROGRAM is run with the driver's /dev files in place.\n"
	     "Environment: DMAKIT_CC, the compiler, options may follow it: \"clang -Iinclude\" (default: cc);\n"
	     "NO_COLOR; TMPDIR.\n"
	     "\n"
	     "Exit status: 0 nothing found, 1 findings or a failed test, 2 it could not run,\n"
	     "3 with --fail N: nothing found, and the driver made fewer calls than N.");
}

static int add_machine(struct check *check, const char *name, bool named)
{
	if (check->nr_machines == CHECK_MACHINES)
		return tool_refuse("more than %d machines", CHECK_MACHINES);
	for (unsigned int i = 0; i < check->nr_machines; i++) {
		if (strcmp(check->machine[i].name, name))
			continue;
		check->machine[i].named |= named;
		return STATUS_CLEAN;
	}
	check->machine[check->nr_machines++] = (struct check_machine){name, named};
	return STATUS_CLEAN;
}

static int unknown_machine(const char *name)
{
	const char *names[CHECK_MACHINES + 2], *near;
	char known[1024] = "";
	unsigned int n = 0;

	for (const struct dmk_machine_info *info = dmk_machine_list();
	     info->name && n < CHECK_MACHINES; info++) {
		names[n++] = info->name;
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
			 known[0] ? ", " : "", info->name);
	}
	names[n] = "all";
	names[n + 1] = NULL;
	near = dmk_nearest(name, names);
	if (near)
		return tool_refuse(
			"no machine \"%s\"; did you mean %s? There are %s, all of them with \"all\", and your "
			"own .dts files",
			name, near, known);
	return tool_refuse(
		"no machine \"%s\"; there are %s, all of them with \"all\", and your own .dts files",
		name, known);
}

static int choose_machine(struct check *check, const char *name)
{
	bool all = !strcmp(name, "all");
	struct stat info;

	for (const struct dmk_machine_info *known = dmk_machine_list(); known->name; known++) {
		if (!all && strcmp(known->name, name))
			continue;
		if (add_machine(check, known->name, !all))
			return STATUS_REFUSED;
		if (!all)
			return STATUS_CLEAN;
	}
	if (all)
		return STATUS_CLEAN;
	if (!strchr(name, '/') && !strchr(name, '.'))
		return unknown_machine(name);
	if (stat(name, &info) < 0)
		return tool_refuse("%s: %s", name, strerror(errno));
	return add_machine(check, name, true);
}

static void pass_on(struct check *check, const char *option, const char *value)
{
	tool_args_add(&check->pass, option);
	tool_args_add(&check->pass, value);
}

static int set_timeout(struct check *check, const char *text)
{
	char *end;

	check->timeout = strtod(text, &end);
	if (end == text || *end || !(check->timeout >= 0 && check->timeout <= 1e6))
		return tool_refuse("--timeout wants seconds, not \"%s\"", text);
	pass_on(check, "--timeout", text);
	return STATUS_CLEAN;
}

static int set_advice(struct check *check, const char *text)
{
	if (!dmk_advice_shown_named(text, &check->advice))
		return tool_refuse("--advice is none, short or all, not \"%s\"", text);
	pass_on(check, "--advice", text);
	return STATUS_CLEAN;
}

static int set_seed(struct check *check, const char *text)
{
	char *end;

	errno = 0;
	check->seed = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-')
		return tool_refuse("--seed wants a number, not \"%s\"", text);
	pass_on(check, "--seed", text);
	return STATUS_CLEAN;
}

static int set_fail(struct check *check, const char *text)
{
	const char *const words[] = {"each", NULL};
	char *end;

	check->fail_each = !strcmp(text, "each");
	if (check->fail_each)
		return STATUS_CLEAN;
	if (dmk_nearest(text, words))
		return tool_refuse(
			"--fail is each or the number of a call, not \"%s\"; did you mean each?",
			text);
	errno = 0;
	if (!strtoull(text, &end, 10) || errno || *end || *text == '-')
		return tool_refuse("--fail wants the number of a call, from 1, or each, not \"%s\"",
				   text);
	pass_on(check, "--fail", text);
	return STATUS_CLEAN;
}

/* Of things to be had at least one. */
static int set_count(const char *option, const char *text, unsigned long most, unsigned long *count)
{
	char *end;

	errno = 0;
	*count = strtoul(text, &end, 10);
	if (!*count || errno || *end || strchr(text, '-') || *count > most)
		return tool_refuse("%s wants a number from 1 to %lu, not \"%s\"", option, most,
				   text);
	return STATUS_CLEAN;
}

static int set_jobs(struct check *check, const char *text)
{
	unsigned long jobs;

	if (set_count("--jobs", text, TOOL_JOBS, &jobs))
		return STATUS_REFUSED;
	check->jobs = (unsigned int)jobs;
	return STATUS_CLEAN;
}

static int set_watch(struct check *check, const char *mode)
{
	enum tool_watch known;

	if (!tool_watch_mode("dmakit", mode, &known))
		return STATUS_REFUSED;
	check->build.watch = mode;
	return STATUS_CLEAN;
}

/* What is wrong is told before anything is built; the programs read it anew. */
static int set_choice(struct check *check, const char *option, const char *value,
		      char *(*take)(struct dmk_suppressions *all, const char *value))
{
	char *why;

	if (!check->suppressions)
		check->suppressions = dmk_suppressions_new();
	why = check->suppressions ? take(check->suppressions, value) : strdup("out of memory");
	if (why)
		tool_refuse("%s", why);
	free(why);
	pass_on(check, option, value);
	return why ? STATUS_REFUSED : STATUS_CLEAN;
}

static int set_linux(struct check *check, const char *text)
{
	unsigned int code;

	if (tool_linux_version("dmakit", text, &code) < 0)
		return STATUS_REFUSED;
	check->build.linux_version = text;
	return STATUS_CLEAN;
}

static int one_option(struct check *check, int option, char **argv)
{
	switch (option) {
	case 'm':
		return choose_machine(check, optarg);
	case 'd':
		pass_on(check, "--device", optarg);
		return STATUS_CLEAN;
	case 'a':
		return tool_append(&check->append, optarg);
	case 'p':
		pass_on(check, "--param", optarg);
		return STATUS_CLEAN;
	case 's':
		return set_seed(check, optarg);
	case 'f':
		return set_fail(check, optarg);
	case 'P':
		return set_count("--per-site", optarg, 1000000, &check->per_site);
	case 'R':
		check->build.reload = true;
		pass_on(check, "--reload", optarg);
		return set_count("--reload", optarg, 1000000, &(unsigned long){0});
	case 'E':
		return set_count("--explore", optarg, 1000000, &check->explore);
	case 'J':
		return set_jobs(check, optarg);
	case 'l':
		return set_linux(check, optarg);
	case 'w':
		return set_watch(check, optarg);
	case 'j':
		return check_file_choose(check, CHECK_JSON, optarg);
	case 'H':
		return check_file_choose(check, CHECK_HTML, optarg);
	case 'S':
		return check_file_choose(check, CHECK_SARIF, optarg);
	case 'X':
		return check_file_choose(check, CHECK_JUNIT, optarg);
	case 'T':
		return check_file_choose(check, CHECK_TRACE, optarg);
	case 'C':
		check->timeline = true;
		return STATUS_CLEAN;
	case 'A':
		return set_advice(check, optarg);
	case 't':
		return set_timeout(check, optarg);
	case 'U':
		return set_choice(check, "--suppressions", optarg, dmk_suppressions_read);
	case 'L':
		return set_choice(check, "--limit", optarg, dmk_suppressions_limit);
	case 'D':
		return set_choice(check, "--driver", optarg, dmk_suppressions_driver);
	case 'G':
		check->gen_suppressions = true;
		return STATUS_CLEAN;
	case 'F':
		check->findings = optarg;
		return STATUS_CLEAN;
	case 'k':
		check->keep = true;
		return STATUS_CLEAN;
	case 'v':
		check->verbose = true;
		return STATUS_CLEAN;
	}
	return tool_bad_option(check->verb, option, argv, options);
}

bool check_is_run(const struct check *check)
{
	return !strcmp(check->verb, "run");
}

static bool is_listed(const char *const *list, const char *word)
{
	for (; *list; list++) {
		if (!strcmp(*list, word))
			return true;
	}
	return false;
}

/* The options of the verb. */
static const struct option *options_of(const struct check *check)
{
	static struct option list[sizeof(options) / sizeof(*options)];
	size_t n = 0;

	for (const struct option *option = options; option->name; option++) {
		const bool is_run = is_listed(run_options, option->name);

		if (check_is_run(check) ? is_run : option->val != 'F')
			list[n++] = *option;
	}
	list[n] = (struct option){0};
	return list;
}

static bool is_c_source(const char *name)
{
	size_t n = strlen(name);

	return n > 2 && !strcmp(name + n - 2, ".c");
}

/* As execvp() will look: a name with a slash is a file, any other is looked for in PATH. */
static bool can_start(const char *program, char path[PATH_MAX])
{
	char *list = NULL, *rest, *directory;
	bool found = false;

	snprintf(path, PATH_MAX, "%s", program);
	if (strchr(program, '/'))
		return access(program, X_OK) == 0;
	if (getenv("PATH"))
		list = strdup(getenv("PATH"));
	rest = list;
	while (!found && rest && (directory = strsep(&rest, ":"))) {
		snprintf(path, PATH_MAX, "%s/%s", directory[0] ? directory : ".", program);
		found = access(path, X_OK) == 0;
	}
	free(list);
	return found;
}

static int take_source(struct check *check, const char *source)
{
	for (size_t i = 0; i < check->build.sources.n; i++) {
		if (!strcmp(check->build.sources.item[i], source))
			return tool_refuse("%s: \"%s\" is given twice", check->verb, source);
	}
	tool_args_add(&check->build.sources, source);
	return STATUS_CLEAN;
}

static int take_program(struct check *check, char **after)
{
	char path[PATH_MAX];

	check->program = after;
	if (!can_start(after[0], path))
		return tool_refuse("%s: \"%s\" is no program that can be started", check->verb,
				   after[0]);
	if (tool_is_static(path))
		return tool_refuse("%s: \"%s\" is linked statically and would see no driver; link it "
				   "dynamically",
				   check->verb, after[0]);
	return STATUS_CLEAN;
}

static int take_test(struct check *check, char **after)
{
	int status = STATUS_CLEAN;

	if (!after[0])
		return tool_refuse("%s: after -- comes a %sprogram with its arguments", check->verb,
				   check_is_run(check) ? "" : "test, or a ");
	if (!is_c_source(after[0]) || check_is_run(check)) {
		return take_program(check, after);
	}
	for (int i = 0; after[i] && !status; i++) {
		if (!is_c_source(after[i]))
			return tool_refuse("check: \"%s\" among the tests is no .c file", after[i]);
		status = take_source(check, after[i]);
	}
	return status;
}

static int take_sources(struct check *check, int argc, char **argv, int end)
{
	if (optind >= end)
		return tool_refuse(
			"%s: which driver? usage: dmakit %s [options] DRIVER.c|MODULE.ko... [-- %s...]",
			check->verb, check->verb, check_is_run(check) ? "PROGRAM" : "TEST.c");
	for (int i = optind; i < end; i++) {
		if (!is_c_source(argv[i]) && !tool_is_object(argv[i]) &&
		    access(argv[i], F_OK) == 0)
			return tool_refuse("%s: \"%s\" is no .c file, and no .ko or .o",
					   check->verb, argv[i]);
		if (take_source(check, argv[i]))
			return STATUS_REFUSED;
	}
	check->build.nr_drivers = check->build.sources.n;
	return end < argc ? take_test(check, &argv[end + 1]) : STATUS_CLEAN;
}

/* Whether the runs get that option. */
static bool check_has(const struct check *check, const char *option)
{
	return tool_args_has(&check->pass, option);
}

/* Options end at the first --; what comes after it is not looked at. */
int check_options(struct check *check, int argc, char **argv)
{
	const struct option *list = options_of(check);
	int end = 1, option;
	char *dashes = NULL;

	while (end < argc && strcmp(argv[end], "--"))
		end++;
	if (end < argc) {
		dashes = argv[end];
		argv[end] = NULL;
	}
	opterr = 0;
	while ((option = getopt_long(end, argv,
				     check_is_run(check) ? ":m:d:a:s:j:l:p:t:w:kvh"
							 : ":m:d:a:s:j:l:p:t:f:w:kvh",
				     list, NULL)) != -1) {
		if (option == 'h') {
			check_is_run(check) ? run_help() : help();
			return -1;
		}
		if (one_option(check, option, argv))
			return STATUS_REFUSED;
	}
	if (dashes)
		argv[end] = dashes;
	if (check->gen_suppressions && check_stdout_taken(check))
		return tool_refuse(
			"--gen-suppressions prints text, and with a report as - there is none: give a file");
	if (check_is_run(check) && check_stdout_taken(check))
		return tool_refuse(
			"run: standard output is the program's; name a file for the report");
	if (check_is_run(check) && check->nr_machines > 1)
		return tool_refuse("run: a program runs on one machine, and %u are named",
				   check->nr_machines);
	if (check->append)
		pass_on(check, "--append", check->append);
	if (check->per_site && !check->fail_each)
		return tool_refuse("check: --per-site goes with --fail each");
	if (check->build.reload && (check->fail_each || check_has(check, "--fail")))
		return tool_refuse("check: --reload does not go with --fail: a call fails once");
	if (check->explore && check->fail_each)
		return tool_refuse(
			"check: --explore and --fail each are two kinds of many runs, and are not multiplied: take one, or --explore with --fail N");
	if (!check->nr_machines && add_machine(check, "pc", true))
		return STATUS_REFUSED;
	if (check_wants_timeline(check))
		check->events = EVENTS / check->nr_machines;
	return take_sources(check, argc, argv, end);
}

/* --- said again ------------------------------------------------------------------------------- */

/* Which option a word of the command line is, as getopt_long() takes it; NULL: none. */
static const struct option *option_of(const char *word)
{
	const size_t length = strcspn(word, "=");
	const struct option *found = NULL;

	if (word[0] != '-' || !word[1])
		return NULL;
	for (const struct option *option = options; option->name; option++) {
		if (word[1] != '-' && option->val == word[1])
			return option;
		if (word[1] != '-' || strncmp(word + 2, option->name, length - 2))
			continue;
		found = option;
		if (strlen(option->name) == length - 2)
			break;
	}
	return found;
}

/* Its value is in the next word. */
static bool takes_next(const struct option *option, const char *word)
{
	if (option->has_arg == no_argument)
		return false;
	return word[1] == '-' ? !strchr(word, '=') : !word[2];
}

/* As a shell reads it back. */
static void print_word(FILE *out, const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,/:@%";

	if (*word && strspn(word, plain) == strlen(word)) {
		fprintf(out, " %s", word);
		return;
	}
	fputs(" '", out);
	for (; *word; word++)
		*word == '\'' ? fputs("'\\''", out) : fputc(*word, out);
	fputc('\'', out);
}

static void keep_words(const struct check *check, const char *without, struct tool_args *words)
{
	char *const *word = check->command.item;
	size_t i = 2; /* after "dmakit check" */

	for (; i < check->command.n && strcmp(word[i], "--"); i++) {
		const struct option *option = option_of(word[i]);
		const bool dropped = option && strchr(without, option->val);
		const bool two = option && takes_next(option, word[i]);

		if (!dropped)
			tool_args_add(words, word[i]);
		i += two;
		if (two && !dropped && i < check->command.n)
			tool_args_add(words, word[i]);
	}
	for (; i < check->command.n; i++)
		tool_args_add(words, word[i]);
}

void check_words(const struct check *check, struct tool_args *words)
{
	keep_words(check, "m", words);
}

/*
 * Of one run of many: what chooses machines, asks for many runs, or says where reports go; of a
 * whole check on one machine: what chooses machines alone.
 */
static const char *left_out(const struct check *check, bool one_of_many)
{
	if (!one_of_many)
		return "m";
	if (check->explore)
		return "mjJPHSXTCEs";
	return check->fail_each ? "mjJPHSXTCf" : "mjJPHSXTC";
}

char *check_again(const struct check *check, const char *machine, const char *also)
{
	struct tool_args words = {0};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	keep_words(check, left_out(check, also), &words);
	fprintf(out, "dmakit %s", check->verb);
	if (!also || strcmp(machine, "pc")) {
		fputs(" --machine", out);
		print_word(out, machine);
	}
	if (also)
		fprintf(out, " %s", also);
	for (size_t i = 0; i < words.n; i++)
		print_word(out, words.item[i]);
	fclose(out);
	tool_args_free(&words);
	return text;
}
