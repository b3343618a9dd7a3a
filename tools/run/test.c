/* SPDX-License-Identifier: MIT */
/*
 * The tests of <dmakit/test.h>: found by their linker section, run in the order they stand there.
 */
#include <dmakit/test.h>

#include "run/run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern const struct dmk_test *const __start_dmk_tests[] __attribute__((weak));
extern const struct dmk_test *const __stop_dmk_tests[] __attribute__((weak));

/* The running test, in the report; guarded by dmk_run.lock, since a test may have threads. */
static struct dmk_report_test *running;

unsigned int dmk_run_nr_tests(void)
{
	return (unsigned int)(__stop_dmk_tests - __start_dmk_tests);
}

static void note_failure(const char *file, int line, const char *text)
{
	struct dmk_report_failure *failure;

	running->passed = false;
	failure = dmk_report_grow(&running->failure, &running->nr_failures, sizeof(*failure));
	if (!failure)
		return;
	failure->text = strdup(text);
	failure->file = file ? realpath(file, NULL) : NULL;
	if (file && !failure->file)
		failure->file = strdup(file);
	failure->line = line > 0 ? (unsigned int)line : 0;
}

void dmk_test_failed(const char *file, int line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pthread_mutex_lock(&dmk_run.lock);
	if (running)
		note_failure(file, line, text);
	else
		dmk_run_problem("%s:%d: %s, noted when no test ran", file, line, text);
	pthread_mutex_unlock(&dmk_run.lock);
}

bool dmk_test_has_failed(void)
{
	bool failed;

	pthread_mutex_lock(&dmk_run.lock);
	failed = running && !running->passed;
	pthread_mutex_unlock(&dmk_run.lock);
	return failed;
}

static struct dmk_report_test *begin(const char *name, const char *file, int line)
{
	struct dmk_report_test *test;

	pthread_mutex_lock(&dmk_run.lock);
	test = dmk_report_grow(&dmk_run.report.test, &dmk_run.report.nr_tests, sizeof(*test));
	if (test) {
		test->name = strdup(name);
		test->file = file ? strdup(file) : NULL;
		test->line = line > 0 ? (unsigned int)line : 0;
		test->passed = true;
	}
	running = test;
	pthread_mutex_unlock(&dmk_run.lock);
	return test;
}

static void end(struct dmk_report_test *test, const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&dmk_run.lock);
	test->seconds = (double)(now.tv_sec - start->tv_sec) +
			(double)(now.tv_nsec - start->tv_nsec) / 1e9;
	running = NULL;
	pthread_mutex_unlock(&dmk_run.lock);
}

static bool stands_later(const struct dmk_test *a, const struct dmk_test *b)
{
	return strcmp(a->file, b->file) == 0 && a->line > b->line;
}

/*
 * A file's tests lie side by side in the section, but a compiler may put its last one first: back
 * into the file's order.
 */
static const struct dmk_test **tests_in_order(unsigned int n)
{
	const struct dmk_test **test = calloc(n + 1, sizeof(*test));

	for (unsigned int i = 0; test && i < n; i++) {
		unsigned int at = i;

		for (; at > 0 && stands_later(test[at - 1], __start_dmk_tests[i]); at--)
			test[at] = test[at - 1];
		test[at] = __start_dmk_tests[i];
	}
	return test;
}

void dmk_run_tests(void)
{
	const unsigned int n = dmk_run_nr_tests();
	const struct dmk_test **tests = tests_in_order(n);

	if (!tests) {
		dmk_run_problem("out of memory for the tests");
		return;
	}
	for (unsigned int i = 0; i < n && !dmk_kernel_died(); i++) {
		const struct dmk_test *test = tests[i];
		struct dmk_report_test *slot = begin(test->name, test->file, test->line);
		struct timespec start;

		if (!slot)
			break;
		clock_gettime(CLOCK_MONOTONIC, &start);
		test->run();
		end(slot, &start);
	}
	free(tests);
}

const char *dmk_test_machine(void)
{
	const struct dmk_machine *machine = dmk_kernel_machine();

	return machine ? machine->name : dmk_run.options.machine;
}

uint64_t dmk_test_seed(void)
{
	return dmk_run.options.seed;
}

unsigned int dmk_test_said(const char *text)
{
	unsigned int n = 0;

	pthread_mutex_lock(&dmk_run.lock);
	for (size_t i = 0; i < dmk_run.report.nr_log; i++)
		n += strstr(dmk_run.report.log[i].text, text) != NULL;
	pthread_mutex_unlock(&dmk_run.lock);
	return n;
}

void dmk_test_sleep(unsigned int ms)
{
	struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000L};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}
