/* SPDX-License-Identifier: MIT */
/*
 * The command line of a program made by dmakit-cc. `dmakit check` has one of its own and calls
 * programs with this one.
 */
#include "run/run.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct option list[] = {
	{"machine", required_argument, NULL, 'm'},
	{"device", required_argument, NULL, 'd'},
	{"append", required_argument, NULL, 'a'},
	{"seed", required_argument, NULL, 's'},
	{"param", required_argument, NULL, 'p'},
	{"fail", required_argument, NULL, 'f'},
	{"count-calls", no_argument, NULL, 'c'},
	{"reload", required_argument, NULL, 'R'},
	{"json", required_argument, NULL, 'j'},
	{"timeline", optional_argument, NULL, 'T'},
	{"advice", required_argument, NULL, 'A'},
	{"timeout", required_argument, NULL, 't'},
	{"serve", required_argument, NULL, 'S'},
	{"program-status", required_argument, NULL, 'W'},
	{"suppressions", required_argument, NULL, 'U'},
	{"limit", required_argument, NULL, 'L'},
	{"driver", required_argument, NULL, 'D'},
	{"gen-suppressions", no_argument, NULL, 'G'},
	{"no-checker", no_argument, NULL, 'n'},
	{"quiet", no_argument, NULL, 'q'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static void help(const char *program)
{
	printf("usage: %s [options]\n"
	       "\n"
	       "A Linux driver as a program, made by dmakit-cc: it boots a machine, loads the driver, runs the\n"
	       "tests (or uses the driver's character devices), unloads it, and reports each DMA mistake.\n"
	       "\n"
	       "  --machine NAME|FILE   the machine (default: pc); `dmakit machines` lists them\n"
	       "  --device MODEL[,PROPERTY=VALUE]...\n"
	       "                        plug in a device; may be repeated (default: what the driver's ids name)\n"
	       "  --append TEXT         add to the boot arguments: 'swiotlb=force'\n"
	       "  --seed N              of all that the machine decides by chance (default: 1)\n"
	       "  --param MODULE.NAME=VALUE\n"
	       "                        set a module parameter; may be repeated\n"
	       "  --fail N              let the driver's N-th call that can fail do so, once\n"
	       "  --reload N            unload, load and use the driver N times more\n"
	       "  --suppressions FILE   findings that its entries name don't count; may be repeated\n"
	       "  --gen-suppressions    print such an entry for each finding\n"
	       "  --limit RULE=N        findings of the rule beyond N don't count\n"
	       "  --driver NAME         findings of other drivers don't count\n"
	       "  --count-calls         note which calls could, in the JSON report, and let none fail\n"
	       "  --json FILE           write the report as JSON; - is standard output, without the text\n"
	       "  --timeline[=N]        with --json: what happened to each buffer too, N events at most (default: 100000)\n"
	       "  --advice MODE         what could be done with less: none, short (default), all\n"
	       "  --timeout SECONDS     report a hang after this time (default: 60; 0: never)\n"
	       "  --no-checker          only run\n"
	       "  --quiet               no text\n"
	       "  --verbose             the driver's log as it comes\n"
	       "\n"
	       "Exit status: 0 nothing wrong, 1 something was, 2 it could not run,\n"
	       "3 with --fail N: nothing wrong, and the driver made fewer calls than N.\n",
	       program);
}

static int refuse(const char *format, const char *value)
{
	fputs("dmakit: ", stderr);
	fprintf(stderr, format, value);
	fputc('\n', stderr);
	return 1 + 2;
}

/* "edu,dma_mask=0xffff" is cut into words in place. */
static int add_device(struct dmk_run_options *options, char *text)
{
	struct dmk_device_request *device = &options->device[options->nr_devices];
	char *save = NULL, *word;

	if (options->nr_devices == DMK_RUN_DEVICES)
		return refuse("more devices than a machine takes, at %s", text);
	if (strstr(text, ",,") || (*text && text[strlen(text) - 1] == ','))
		return refuse("a property is missing between commas in \"%s\"", text);
	options->device_text[options->nr_devices] = strdup(text);
	device->model = strtok_r(text, ",", &save);
	if (!device->model)
		return refuse("--device wants MODEL[,PROPERTY=VALUE]..., not \"%s\"", text);
	while ((word = strtok_r(NULL, ",", &save))) {
		char *value = strchr(word, '=');

		if (!value || value == word || device->nr_properties == DMK_DEVICE_PROPERTIES)
			return refuse("a device's property looks like NAME=VALUE, not \"%s\"",
				      word);
		*value = '\0';
		device->property[device->nr_properties].name = word;
		device->property[device->nr_properties].value = value + 1;
		device->nr_properties++;
	}
	options->nr_devices++;
	return 0;
}

static int add_param(struct dmk_run_options *options, char *text)
{
	char *value = strchr(text, '=');

	if (!value || !strchr(text, '.') || strchr(text, '.') > value ||
	    options->nr_params == DMK_RUN_PARAMS)
		return refuse("a module parameter looks like MODULE.NAME=VALUE, not \"%s\"", text);
	*value = '\0';
	options->param[options->nr_params].name = text;
	options->param[options->nr_params].value = value + 1;
	options->nr_params++;
	return 0;
}

static int set_seed(struct dmk_run_options *options, const char *text)
{
	char *end;

	errno = 0;
	options->seed = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-')
		return refuse("--seed wants a number, not \"%s\"", text);
	return 0;
}

static int set_fail(struct dmk_run_options *options, const char *text)
{
	char *end;

	errno = 0;
	options->fail = strtoull(text, &end, 10);
	if (!strcmp(text, "each"))
		return refuse(
			"--fail %s runs a program many times, which `dmakit check` does; here it wants a number",
			text);
	if (!options->fail || errno || *end || *text == '-')
		return refuse("--fail wants the number of a call, from 1, not \"%s\"", text);
	return 0;
}

static int set_timeline(struct dmk_run_options *options, const char *text)
{
	char *end;

	options->timeline = DMK_RECORDER_EVENTS;
	if (!text)
		return 0;
	errno = 0;
	options->timeline = strtoull(text, &end, 10);
	if (options->timeline < 2 || options->timeline > 100000000 || errno || *end || *text == '-')
		return refuse(
			"--timeline wants a number of events, from 2 to 100000000, not \"%s\"",
			text);
	return 0;
}

static int set_advice(struct dmk_run_options *options, const char *text)
{
	return dmk_advice_shown_named(text, &options->advice)
		       ? 0
		       : refuse("--advice is none, short or all, not \"%s\"", text);
}

static int set_timeout(struct dmk_run_options *options, const char *text)
{
	char *end;

	options->timeout = strtod(text, &end);
	if (end == text || *end || !(options->timeout >= 0 && options->timeout <= 1e6))
		return refuse("--timeout wants seconds, not \"%s\"", text);
	return 0;
}

/* @why is what was wrong with a choice of findings, or NULL. */
static int chosen(char *why)
{
	int result = why ? refuse("%s", why) : 0;

	free(why);
	return result;
}

static int one(struct dmk_run_options *options, int option, const char *program)
{
	switch (option) {
	case 'm':
		options->machine = optarg;
		return 0;
	case 'd':
		return add_device(options, optarg);
	case 'a':
		options->append = optarg;
		return 0;
	case 's':
		return set_seed(options, optarg);
	case 'p':
		return add_param(options, optarg);
	case 'j':
		options->json = optarg;
		return 0;
	case 'f':
		return set_fail(options, optarg);
	case 'R':
		options->reload = strtoul(optarg, NULL, 10);
		return 0;
	case 'T':
		return set_timeline(options, optarg);
	case 'c':
		options->count_calls = true;
		return 0;
	case 'A':
		return set_advice(options, optarg);
	case 't':
		return set_timeout(options, optarg);
	case 'S':
		options->serve = optarg;
		return 0;
	case 'W':
		options->program_status = optarg;
		return 0;
	case 'U':
		return chosen(dmk_suppressions_read(options->suppressions, optarg));
	case 'L':
		return chosen(dmk_suppressions_limit(options->suppressions, optarg));
	case 'D':
		return chosen(dmk_suppressions_driver(options->suppressions, optarg));
	case 'G':
		options->gen_suppressions = true;
		return 0;
	case 'n':
		options->no_checker = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case 'h':
		help(program);
		return 1;
	}
	return 1 + 2; /* getopt said why */
}

int dmk_run_options(struct dmk_run_options *options, int argc, char **argv)
{
	int option;

	*options = (struct dmk_run_options){.machine = "pc", .seed = 1, .timeout = 60};
	options->suppressions = dmk_suppressions_new();
	if (!options->suppressions)
		return refuse("%s", "out of memory");
	while ((option = getopt_long(argc, argv, "+m:d:a:s:p:j:t:f:nqvh", list, NULL)) != -1) {
		int result = one(options, option, argv[0]);

		if (result)
			return result;
	}
	if (options->json && !strcmp(options->json, "-"))
		options->quiet = true;
	dmk_suppressions_boot(options->suppressions, options->append);
	options->command = &argv[optind];
	if (argv[optind] && !options->serve)
		return refuse("there is nothing to do with \"%s\"; --help tells the options",
			      argv[optind]);
	return 0;
}
