// SPDX-License-Identifier: MIT
/*
 * dmakit torture: random work on machines, every byte compared with what it must be. Each machine
 * has a process of its own, so that a crash is one more thing to report.
 */
#include "dmakit/dmakit.h"
#include "torture/verb.h"

#include <dmakit/machine.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MACHINES = 64, THREADS_MOST = 64 };

static struct torture_options torture;
static const char *machine[MACHINES];
static unsigned int nr_machines;

static const struct option options[] = {
	{"machine", required_argument, NULL, 'm'}, {"append", required_argument, NULL, 'a'},
	{"seed", required_argument, NULL, 's'},    {"seconds", required_argument, NULL, 't'},
	{"ops", required_argument, NULL, 'o'},     {"threads", required_argument, NULL, 'j'},
	{"no-checker", no_argument, NULL, 'n'},    {"spoil", required_argument, NULL, 'x'},
	{"help", no_argument, NULL, 'h'},          {0},
};

static void help(void)
{
	puts("usage: dmakit torture [options]\n"
	     "\n"
	     "Works on a machine at random: threads that allocate memory of every kind, lend it to cards of\n"
	     "different reach, let them read and write it, sync, change, take back and free it, in threads,\n"
	     "under locks and in interrupt handlers, until memory and bounce slots run out and again after.\n"
	     "Every byte is compared with a model; the checker watches. Drivers come and go meanwhile.\n"
	     "\n"
	     "  --machine NAME|FILE.dts|all\n"
	     "                    the machine (default: pc); may be repeated\n"
	     "  --seconds S       how long on each machine (default: 10, or no limit with --ops)\n"
	     "  --ops N           how many operations on each machine\n"
	     "  --threads T       1 to 64 (default: 4)\n"
	     "  --seed N          of all that is decided by chance (default: the time, and it is printed)\n"
	     "  --append TEXT     add to the machine's boot arguments: --append 'swiotlb=64,force'\n"
	     "  --no-checker      compare bytes only: faster\n"
	     "  --spoil N         from operation N on change bytes behind the model's back, to see that it is seen\n"
	     "\n"
	     "What is wrong is printed with the command that repeats it. With one thread the same seed is the\n"
	     "same work, but for what fails because a pool was not refilled in time; how several take turns\n"
	     "is not part of it.\n"
	     "\n"
	     "Exit status: 0 all was right, 1 something was not, 2 it could not run.");
}

/* --- the command line ------------------------------------------------------------------------- */

static bool is_qemu(const char *name)
{
	return !strncmp(name, "qemu", 4);
}

static int add_machine(const char *name)
{
	if (is_qemu(name))
		return tool_refuse(
			"torture: %s has no card that can be told what to do; the simulated machines do: dmakit machines",
			name);
	for (unsigned int i = 0; i < nr_machines; i++)
		if (!strcmp(machine[i], name))
			return STATUS_CLEAN;
	if (nr_machines == MACHINES)
		return tool_refuse("torture: more than %d machines", MACHINES);
	machine[nr_machines++] = name;
	return STATUS_CLEAN;
}

static int add_machines(const char *name)
{
	if (strcmp(name, "all"))
		return add_machine(name);
	for (const struct dmk_machine_info *info = dmk_machine_list(); info->name; info++)
		if (!is_qemu(info->name) && add_machine(info->name))
			return STATUS_REFUSED;
	return STATUS_CLEAN;
}

static int number(const char *option, const char *text, uint64_t least, uint64_t most,
		  uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	if (*text < '0' || *text > '9' || *end || errno || *value < least || *value > most)
		return tool_refuse("torture: %s wants a number from %llu to %llu, not \"%s\"",
				   option, (unsigned long long)least, (unsigned long long)most,
				   text);
	return STATUS_CLEAN;
}

static int set_seconds(const char *text)
{
	char *end;

	torture.seconds = strtod(text, &end);
	if (*text < '0' || *text > '9' || *end || !(torture.seconds > 0 && torture.seconds < 1e9))
		return tool_refuse("torture: --seconds wants a number over 0, not \"%s\"", text);
	return STATUS_CLEAN;
}

static int set_threads(const char *text)
{
	uint64_t n;
	int status = number("--threads", text, 1, THREADS_MOST, &n);

	if (!status)
		torture.threads = (unsigned int)n;
	return status;
}

static int set_option(int code, char *const *argv)
{
	switch (code) {
	case 'm':
		return add_machines(optarg);
	case 'a':
		return tool_append(&torture.append, optarg);
	case 's':
		return number("--seed", optarg, 1, ~0ULL, &torture.seed);
	case 't':
		return set_seconds(optarg);
	case 'o':
		return number("--ops", optarg, 1, ~0ULL >> 1, &torture.ops);
	case 'j':
		return set_threads(optarg);
	case 'n':
		torture.no_checker = true;
		return STATUS_CLEAN;
	case 'x':
		return number("--spoil", optarg, 1, ~0ULL, &torture.spoil);
	}
	return tool_bad_option("torture", code, argv, options);
}

static uint64_t seed_of_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return ((uint64_t)now.tv_sec << 20 ^ (uint64_t)now.tv_nsec) % 1000000007 + 1;
}

static int parse(int argc, char **argv)
{
	int code;

	opterr = 0;
	while ((code = getopt_long(argc, argv, ":m:a:s:t:o:j:h", options, NULL)) != -1) {
		if (code == 'h')
			return -1;
		if (set_option(code, argv))
			return STATUS_REFUSED;
	}
	if (optind < argc)
		return tool_refuse(
			"torture: takes no argument, and there is \"%s\"; a driver is for `dmakit check`",
			argv[optind]);
	if (!nr_machines)
		machine[nr_machines++] = "pc";
	if (!torture.threads)
		torture.threads = 4;
	if (!torture.seconds && !torture.ops)
		torture.seconds = 10;
	if (!torture.seed)
		torture.seed = seed_of_time();
	torture.progress = isatty(STDERR_FILENO);
	return STATUS_CLEAN;
}

/* --- a process for each machine --------------------------------------------------------------- */

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return STATUS_REFUSED;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	printf("%s: crashed: %s\n", torture.machine, strsignal(WTERMSIG(status)));
	torture_repeat(&torture, 0);
	return STATUS_FOUND;
}

static int on_machine(const char *name)
{
	pid_t pid;

	torture.machine = name;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return tool_refuse("torture: no process: %s", strerror(errno));
	if (!pid)
		exit(torture_machine(&torture));
	return wait_for(pid);
}

int tool_torture(int argc, char **argv)
{
	int status = parse(argc, argv), worst = STATUS_CLEAN;

	if (status) {
		if (status < 0)
			help();
		return status < 0 ? STATUS_CLEAN : status;
	}
	/* ^C is for the machine's process, which says how far it came. */
	signal(SIGINT, SIG_IGN);
	for (unsigned int i = 0; i < nr_machines; i++) {
		status = on_machine(machine[i]);
		worst = status > worst ? status : worst;
	}
	return worst;
}
