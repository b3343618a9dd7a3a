/* SPDX-License-Identifier: MIT */
/*
 * dmakit check: build the driver into a program, run it once per machine, each in a process of its
 * own, two at a time, and merge what they report. What a driver does to its process (a crash, a
 * hang) ends that process and nothing else.
 */
#include "dmakit/dmakit.h"
#include "common/version.h"

#include <dmakit/machine.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 2, MACHINES = 64, GRACE_SECONDS = 40 };

struct job {
	const char *machine;
	pid_t pid; /* 0: not started, or done */
	struct timespec started;
	bool named; /* asked for by its name, and not as one of all */
	bool done, killed;
	struct dmk_report report;
};

static struct {
	struct tool_paths paths;
	char directory[PATH_MAX - 64]; /* ours, temporary */
	struct tool_build build;
	char **program;        /* a program after --; NULL: none */
	struct tool_args pass; /* options for each run, as the runner knows them */
	struct tool_args words; /* the command line without its machines */
	char *append;          /* boot arguments, all of them; NULL: none */
	struct job job[MACHINES];
	unsigned int nr_jobs;
	const char *json;
	double timeout;
	bool keep, verbose;
	struct tool_table table;
} check;

static volatile sig_atomic_t stopped;

static void on_signal(int signal_number)
{
	stopped = signal_number;
}

/* --- the command line ------------------------------------------------------------------------- */

static const struct option options[] = {
	{"machine", required_argument, NULL, 'm'},
	{"device", required_argument, NULL, 'd'},
	{"append", required_argument, NULL, 'a'},
	{"seed", required_argument, NULL, 's'},
	{"json", required_argument, NULL, 'j'},
	{"linux", required_argument, NULL, 'l'},
	{"param", required_argument, NULL, 'p'},
	{"watch", required_argument, NULL, 'w'},
	{"fail", required_argument, NULL, 'f'},
	{"timeout", required_argument, NULL, 't'},
	{"keep", no_argument, NULL, 'k'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static void help(void)
{
	puts("usage: dmakit check [options] DRIVER.c... [-- TEST.c... | PROGRAM ARGS...]\n"
	     "\n"
	     "Compiles a Linux driver, unmodified, into a program; boots a machine, loads the driver, probes\n"
	     "the devices it names, runs the test, removes the driver, and reports each DMA mistake with its\n"
	     "place and its mend. Without a test the driver's files and disks get a default exercise.\n"
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
	     "  --watch MODE          how the driver's own loads and stores are seen: instrumented (default), none\n"
	     "  --linux VERSION       the API as it was in that Linux version, such as 6.1; from 4.14 to 6.18\n"
	     "  --json FILE           write the report as JSON too; with - to standard output, and no text\n"
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

static int add_machine(const char *name, bool named)
{
	if (check.nr_jobs == MACHINES)
		return tool_refuse("more than %d machines", MACHINES);
	for (unsigned int i = 0; i < check.nr_jobs; i++) {
		if (strcmp(check.job[i].machine, name))
			continue;
		check.job[i].named |= named;
		return STATUS_CLEAN;
	}
	check.job[check.nr_jobs].named = named;
	check.job[check.nr_jobs++].machine = name;
	return STATUS_CLEAN;
}

static int unknown_machine(const char *name)
{
	const char *names[MACHINES + 2], *near;
	char known[1024] = "";
	unsigned int n = 0;

	for (const struct dmk_machine_info *info = dmk_machine_list(); info->name && n < MACHINES;
	     info++) {
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

static int choose_machine(const char *name)
{
	bool all = !strcmp(name, "all");
	struct stat info;

	for (const struct dmk_machine_info *known = dmk_machine_list(); known->name; known++) {
		if (!all && strcmp(known->name, name))
			continue;
		if (add_machine(known->name, !all))
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
	return add_machine(name, true);
}

static void pass_on(const char *option, const char *value)
{
	tool_args_add(&check.pass, option);
	tool_args_add(&check.pass, value);
}

static int set_timeout(const char *text)
{
	char *end;

	check.timeout = strtod(text, &end);
	if (end == text || *end || !(check.timeout >= 0 && check.timeout <= 1e6))
		return tool_refuse("--timeout wants seconds, not \"%s\"", text);
	pass_on("--timeout", text);
	return STATUS_CLEAN;
}

static int set_seed(const char *text)
{
	char *end;

	errno = 0;
	strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-')
		return tool_refuse("--seed wants a number, not \"%s\"", text);
	pass_on("--seed", text);
	return STATUS_CLEAN;
}

static int set_fail(const char *text)
{
	char *end;

	errno = 0;
	if (!strtoull(text, &end, 10) || errno || *end || *text == '-')
		return tool_refuse("--fail wants the number of a call, from 1, not \"%s\"", text);
	pass_on("--fail", text);
	return STATUS_CLEAN;
}

static int set_watch(const char *mode)
{
	if (strcmp(mode, "instrumented") && strcmp(mode, "none"))
		return tool_refuse("--watch is instrumented or none, not \"%s\"", mode);
	check.build.watch = mode;
	return STATUS_CLEAN;
}

static int set_linux(const char *text)
{
	unsigned int code;

	if (tool_linux_version("dmakit", text, &code) < 0)
		return STATUS_REFUSED;
	check.build.linux_version = text;
	return STATUS_CLEAN;
}

static int set_json(const char *text)
{
	if (!*text)
		return tool_refuse("--json wants a file's name, or - for standard output");
	check.json = text;
	return STATUS_CLEAN;
}

static int one_option(int option, char **argv)
{
	switch (option) {
	case 'm':
		return choose_machine(optarg);
	case 'd':
		pass_on("--device", optarg);
		return STATUS_CLEAN;
	case 'a':
		return tool_append(&check.append, optarg);
	case 'p':
		pass_on("--param", optarg);
		return STATUS_CLEAN;
	case 's':
		return set_seed(optarg);
	case 'f':
		return set_fail(optarg);
	case 'l':
		return set_linux(optarg);
	case 'w':
		return set_watch(optarg);
	case 'j':
		return set_json(optarg);
	case 't':
		return set_timeout(optarg);
	case 'k':
		check.keep = true;
		return STATUS_CLEAN;
	case 'v':
		check.verbose = true;
		return STATUS_CLEAN;
	}
	return tool_bad_option("check", option, argv, options);
}

static bool is_c_source(const char *name)
{
	size_t n = strlen(name);

	return n > 2 && !strcmp(name + n - 2, ".c");
}

/* As execvp() will look: a name with a slash is a file, any other is looked for in PATH. */
static bool can_start(const char *program)
{
	char path[PATH_MAX], *list = NULL, *rest, *directory;
	bool found = false;

	if (strchr(program, '/'))
		return access(program, X_OK) == 0;
	if (getenv("PATH"))
		list = strdup(getenv("PATH"));
	rest = list;
	while (!found && rest && (directory = strsep(&rest, ":"))) {
		snprintf(path, sizeof(path), "%s/%s", directory[0] ? directory : ".", program);
		found = access(path, X_OK) == 0;
	}
	free(list);
	return found;
}

static int take_source(const char *source)
{
	for (size_t i = 0; i < check.build.sources.n; i++) {
		if (!strcmp(check.build.sources.item[i], source))
			return tool_refuse("check: \"%s\" is given twice", source);
	}
	tool_args_add(&check.build.sources, source);
	return STATUS_CLEAN;
}

static int take_test(char **after)
{
	int status = STATUS_CLEAN;

	if (!after[0])
		return tool_refuse("check: after -- comes a test, or a program with its arguments");
	if (!is_c_source(after[0])) {
		check.program = after;
		return can_start(after[0])
			       ? STATUS_CLEAN
			       : tool_refuse("check: \"%s\" is no program that can be started",
					     after[0]);
	}
	for (int i = 0; after[i] && !status; i++) {
		if (!is_c_source(after[i]))
			return tool_refuse("check: \"%s\" among the tests is no .c file", after[i]);
		status = take_source(after[i]);
	}
	return status;
}

static int take_sources(int argc, char **argv, int end)
{
	if (optind >= end)
		return tool_refuse(
			"check: which driver? usage: dmakit check [options] DRIVER.c... [-- TEST.c...]");
	for (int i = optind; i < end; i++) {
		if (!is_c_source(argv[i]) && access(argv[i], F_OK) == 0)
			return tool_refuse("check: \"%s\" is no .c file", argv[i]);
		if (take_source(argv[i]))
			return STATUS_REFUSED;
	}
	return end < argc ? take_test(&argv[end + 1]) : STATUS_CLEAN;
}

/* Options end at the first --; what comes after it is not looked at. */
static int parse(int argc, char **argv)
{
	int end = 1, option;
	char *dashes = NULL;

	while (end < argc && strcmp(argv[end], "--"))
		end++;
	if (end < argc) {
		dashes = argv[end];
		argv[end] = NULL;
	}
	opterr = 0;
	while ((option = getopt_long(end, argv, ":m:d:a:s:j:l:p:t:f:w:kvh", options, NULL)) != -1) {
		if (option == 'h') {
			help();
			return -1;
		}
		if (one_option(option, argv))
			return STATUS_REFUSED;
	}
	if (dashes)
		argv[end] = dashes;
	if (check.append)
		pass_on("--append", check.append);
	if (!check.nr_jobs && add_machine("pc", true))
		return STATUS_REFUSED;
	return take_sources(argc, argv, end);
}

/* --- running ---------------------------------------------------------------------------------- */

static void report_file(unsigned int index, char *name, size_t size)
{
	snprintf(name, size, "%s/%u.json", check.directory, index);
}

static void start_job(unsigned int index)
{
	struct job *job = &check.job[index];
	struct tool_args args = {0};
	char json[PATH_MAX];

	report_file(index, json, sizeof(json));
	tool_args_add(&args, check.build.program);
	for (size_t i = 0; i < check.pass.n; i++)
		tool_args_add(&args, check.pass.item[i]);
	tool_args_add(&args, "--machine");
	tool_args_add(&args, job->machine);
	tool_args_add(&args, "--json");
	tool_args_add(&args, json);
	tool_args_add(&args, "--quiet");
	if (check.verbose)
		tool_args_add(&args, "--verbose");
	if (check.program) {
		tool_args_add(&args, "--serve");
		tool_args_add(&args, check.paths.preload);
		tool_args_add(&args, "--");
	}
	for (int i = 0; check.program && check.program[i]; i++)
		tool_args_add(&args, check.program[i]);
	clock_gettime(CLOCK_MONOTONIC, &job->started);
	/* what a test prints is no part of the report */
	job->pid = tool_start(&args, STDERR_FILENO, -1);
	if (job->pid < 0) {
		job->pid = 0;
		job->done = true;
		job->report.outcome = DMK_OUTCOME_REFUSED;
		job->report.error = strdup("the program could not be started");
		job->report.machine = strdup(job->machine);
	}
	tool_args_free(&args);
}

static int read_report(unsigned int index, struct dmk_report *report)
{
	char name[PATH_MAX], *text = NULL;
	size_t size = 0, n;
	char piece[65536];
	FILE *file, *memory;
	int result;

	report_file(index, name, sizeof(name));
	file = fopen(name, "r");
	if (!file)
		return -errno;
	memory = open_memstream(&text, &size);
	while (memory && (n = fread(piece, 1, sizeof(piece), file)) > 0)
		fwrite(piece, 1, n, memory);
	fclose(file);
	if (!memory)
		return -ENOMEM;
	fclose(memory);
	result = dmk_json_read(text, size, report);
	free(text);
	return result;
}

/* The runner left a raw record only: its addresses get their names here. */
static void name_raw_stack(struct dmk_report *report)
{
	struct dmk_report_stack stack = report->crash.stack;
	struct dmk_symbols *symbols;
	uint64_t address[256];
	size_t n = 0;

	if (report->outcome != DMK_OUTCOME_CRASHED || !stack.n || stack.frame[0].function ||
	    report->crash.text)
		return;
	for (; n < stack.n && n < sizeof(address) / sizeof(*address); n++)
		address[n] = stack.frame[n].address;
	symbols = dmk_symbols_file(check.build.program, report->crash.bias);
	if (!symbols)
		return;
	free(stack.frame);
	report->crash.stack = (struct dmk_report_stack){0};
	dmk_symbols_addresses(symbols, address, n, true, &report->crash.stack);
	dmk_symbols_free(symbols);
}

static void explain_end(struct job *job, int status)
{
	struct dmk_report *report = &job->report;

	dmk_report_clear(report);
	report->machine = strdup(job->machine);
	if (job->killed) {
		report->outcome = DMK_OUTCOME_HUNG;
		report->limit = check.timeout;
	} else if (WIFSIGNALED(status)) {
		report->outcome = DMK_OUTCOME_CRASHED;
		report->crash.signal = strdup(strsignal(WTERMSIG(status)));
		report->crash.text =
			dmk_report_format("the process was killed and left no report: %s",
					  strsignal(WTERMSIG(status)));
	} else if (WEXITSTATUS(status) == 2) {
		report->outcome = DMK_OUTCOME_REFUSED;
		report->error = strdup(""); /* it said why */
	} else {
		report->outcome = DMK_OUTCOME_DONE;
		dmk_report_grow(&report->problem, &report->nr_problems, sizeof(char *));
		report->problem[0] = dmk_report_format(
			"the program ended itself with exit status %d and left no report: is there an exit(), or a main() of "
			"its own?",
			WEXITSTATUS(status));
	}
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void end_job(unsigned int index, int status)
{
	struct job *job = &check.job[index];

	job->pid = 0;
	job->done = true;
	if (read_report(index, &job->report) < 0)
		explain_end(job, status);
	name_raw_stack(&job->report);
	if (!job->report.seconds)
		job->report.seconds = seconds_since(&job->started);
	job->report.skipped = (job->report.no_device || job->report.no_machine) && !job->named;
}

/* A runner ends by itself, even when its driver hangs; one that is past that too is killed. */
static void kill_late(struct job *job)
{
	if (check.timeout > 0 && !job->killed &&
	    seconds_since(&job->started) > check.timeout + GRACE_SECONDS) {
		job->killed = true;
		kill(job->pid, SIGKILL);
	}
}

static unsigned int poll_jobs(void)
{
	unsigned int running = 0;
	int status;

	for (unsigned int i = 0; i < check.nr_jobs; i++) {
		struct job *job = &check.job[i];

		if (!job->pid)
			continue;
		if (waitpid(job->pid, &status, WNOHANG) == job->pid) {
			end_job(i, status);
			continue;
		}
		kill_late(job);
		running++;
	}
	return running;
}

static void show_running(void)
{
	char text[256] = "";
	unsigned int done = 0;

	for (unsigned int i = 0; i < check.nr_jobs; i++) {
		done += check.job[i].done;
		if (check.job[i].pid)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %.0f s",
				 text[0] ? ", " : "", check.job[i].machine,
				 seconds_since(&check.job[i].started));
	}
	tool_table_running(&check.table, text, done, check.nr_jobs);
}

static void stop_jobs(void)
{
	for (unsigned int i = 0; i < check.nr_jobs; i++) {
		if (!check.job[i].pid)
			continue;
		kill(check.job[i].pid, SIGTERM);
		tool_wait(check.job[i].pid);
		check.job[i].pid = 0;
	}
}

/* Rows come in the order of the machines: each as soon as all before it are there. */
static unsigned int show_done(unsigned int shown)
{
	for (; shown < check.nr_jobs && check.job[shown].done; shown++)
		tool_table_row(&check.table, &check.job[shown].report);
	return shown;
}

static void run_jobs(void)
{
	unsigned int started = 0, running = 0, shown = 0, ticks = 0;

	tool_table_start(&check.table);
	while (!stopped && (running || started < check.nr_jobs)) {
		while (running < AT_ONCE && started < check.nr_jobs) {
			start_job(started++);
			running++;
		}
		nanosleep(&(struct timespec){0, 5000000L}, NULL);
		running = poll_jobs();
		shown = show_done(shown);
		if (ticks++ % 40 == 0)
			show_running();
	}
	tool_table_running(&check.table, NULL, 0, 0);
	if (stopped)
		stop_jobs();
}

/* --- the result ------------------------------------------------------------------------------- */

static int write_json(const struct dmk_report *reports)
{
	bool to_stdout = !strcmp(check.json, "-");
	FILE *out = to_stdout ? stdout : fopen(check.json, "w");
	int result;

	if (!out)
		return tool_refuse("cannot write %s: %s", check.json, strerror(errno));
	result = dmk_json_write(out, reports, check.nr_jobs);
	if (!to_stdout && fclose(out) == EOF)
		result = -EIO;
	return result < 0 ? tool_refuse("cannot write %s", check.json) : STATUS_CLEAN;
}

/*
 * The words of the command line that choose no machine; of an option with its value in the next
 * word, both are left out.
 */
static void keep_words(int argc, char **argv)
{
	bool choosing = false, options = true;

	for (int i = 1; i < argc; i++) {
		const size_t length = strcspn(argv[i], "=");
		const bool named = options && length > 2 && !strncmp(argv[i], "--machine", length);

		options = options && strcmp(argv[i], "--");
		if (choosing || named || (options && !strncmp(argv[i], "-m", 2))) {
			choosing = !choosing && (named ? !argv[i][length] : !argv[i][2]);
			continue;
		}
		tool_args_add(&check.words, argv[i]);
	}
}

/* As a shell reads it back. */
static void print_word(const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,/:@%";

	if (*word && strspn(word, plain) == strlen(word)) {
		printf(" %s", word);
		return;
	}
	fputs(" '", stdout);
	for (; *word; word++)
		*word == '\'' ? fputs("'\\''", stdout) : fputc(*word, stdout);
	fputc('\'', stdout);
}

/* Of several machines, the first on which something was found: how to look at that alone. */
static void tell_how_to_repeat(const struct dmk_report *reports)
{
	unsigned int i = 0;

	while (i < check.nr_jobs && dmk_report_status(&reports[i]) != STATUS_FOUND)
		i++;
	if (check.nr_jobs == 1 || i == check.nr_jobs)
		return;
	fputs("on one machine alone: dmakit check --machine", stdout);
	print_word(reports[i].machine);
	for (size_t word = 0; word < check.words.n; word++)
		print_word(check.words.item[word]);
	fputc('\n', stdout);
}

static void write_text(const struct dmk_report *reports)
{
	struct dmk_text_options look = dmk_text_options_for(stdout);
	char directory[PATH_MAX];

	look.prefix = getcwd(directory, sizeof(directory));
	if (check.table.shown)
		fputc('\n', stdout);
	dmk_text_reports(stdout, reports, check.nr_jobs, &look);
	tell_how_to_repeat(reports);
}

/* Nothing to run anywhere: that is a refusal after all. */
static void refuse_if_all_skipped(struct dmk_report *reports)
{
	for (unsigned int i = 0; i < check.nr_jobs; i++) {
		if (!reports[i].skipped)
			return;
	}
	reports[0].skipped = false;
}

/* A machine may begin what it says with its own name. */
static void refuse_one(const struct dmk_report *report)
{
	const size_t length = strlen(report->machine);

	if (!strncmp(report->error, report->machine, length) && report->error[length] == ':')
		tool_refuse("%s", report->error);
	else
		tool_refuse("%s: %s", report->machine, report->error);
}

static int conclude(void)
{
	static struct dmk_report reports[MACHINES];
	int status = STATUS_CLEAN;

	for (unsigned int i = 0; i < check.nr_jobs; i++)
		reports[i] = check.job[i].report;
	refuse_if_all_skipped(reports);
	for (unsigned int i = 0; i < check.nr_jobs; i++) {
		int one = dmk_report_status(&reports[i]);

		status = i ? dmk_report_worse(status, one) : one;
		if (one == STATUS_REFUSED && reports[i].error && !reports[i].error[0])
			continue;
		if (one == STATUS_REFUSED && check.nr_jobs == 1)
			tool_refuse("%s", reports[i].error);
		else if (one == STATUS_REFUSED)
			refuse_one(&reports[i]);
	}
	if (check.json && write_json(reports))
		status = STATUS_REFUSED;
	if (!(check.json && !strcmp(check.json, "-")) &&
	    !(check.nr_jobs == 1 && status == STATUS_REFUSED))
		write_text(reports);
	for (unsigned int i = 0; i < check.nr_jobs; i++)
		dmk_report_clear(&reports[i]);
	return status;
}

/*
 * The longest name of a machine that is built in: the tables of several runs, one below the other,
 * stand in line.
 */
enum { MACHINE_COLUMN = sizeof("arm-noncoherent-128") - 1 };

static void prepare_table(void)
{
	check.table.shown = check.nr_jobs > 1 && !(check.json && !strcmp(check.json, "-"));
	check.table.live = isatty(STDOUT_FILENO);
	check.table.color = dmk_text_options_for(stdout).color;
	check.table.width = MACHINE_COLUMN;
	for (unsigned int i = 0; i < check.nr_jobs; i++) {
		int length = (int)strlen(check.job[i].machine);

		if (length > check.table.width)
			check.table.width = length;
	}
}

static int run_check(void)
{
	check.build.paths = &check.paths;
	check.build.directory = check.directory;
	if (tool_build(&check.build) || stopped)
		return STATUS_REFUSED;
	if (check.program && access(check.paths.preload, R_OK) < 0)
		return tool_refuse("cannot run a program: %s is missing", check.paths.preload);
	prepare_table();
	run_jobs();
	return stopped ? STATUS_REFUSED : conclude();
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int tool_check(int argc, char **argv)
{
	int status;

	check.timeout = 60;
	keep_words(argc, argv);
	check.build.watch = "instrumented";
	status = parse(argc, argv);
	if (status)
		return status < 0 ? STATUS_CLEAN : status;
	if (tool_paths(&check.paths) < 0 || tool_temp(check.directory, sizeof(check.directory)) < 0)
		return STATUS_REFUSED;
	catch_signals();
	status = run_check();
	if (check.keep)
		fprintf(stderr, "dmakit: the program is in %s\n", check.directory);
	else
		tool_remove_tree(check.directory);
	tool_args_free(&check.build.sources);
	tool_args_free(&check.pass);
	tool_args_free(&check.words);
	free(check.append);
	if (stopped) {
		signal(stopped, SIG_DFL);
		raise(stopped);
	}
	return status;
}
