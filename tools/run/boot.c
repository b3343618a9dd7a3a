/* SPDX-License-Identifier: MIT */
/*
 * Machine, kernel part and checker put together in the right order, and taken apart in the reverse.
 */
#include <dmakit/boot.h>
#include <dmakit/kernel.h>
#include <dmakit/watch.h>

#include "report/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct dmk_checker *checker;
static struct dmk_advisor *advisor;
static struct dmk_symbols *symbols; /* made once, for the life of the program */

/* Who listens, in this order. */
static struct {
	const struct dmk_observer *member[6];
	unsigned int n;
} audience;

static void tell_all(void *ctx, const struct dmk_event *event)
{
	for (unsigned int i = 0; i < audience.n; i++)
		audience.member[i]->event(audience.member[i]->ctx, event);
}

static const struct dmk_observer all = {.event = tell_all};

static void listen(const struct dmk_observer *observer)
{
	if (observer)
		audience.member[audience.n++] = observer;
}

/* By page not all that is mapped can be watched. */
static void note_map(void *ctx, const struct dmk_event *event)
{
	if (event->kind == DMK_EVENT_MAP)
		dmk_watch_map(event);
}

static const struct dmk_observer maps = {.event = note_map};

static void observe(void)
{
	dmk_observe(audience.n > 1 ? &all : audience.n ? audience.member[0] : NULL);
}

static void install(const struct dmk_boot_options *options)
{
	audience.n = 0;
	listen(options->before);
	listen(checker ? dmk_checker_observer(checker) : NULL);
	listen(advisor ? dmk_advisor_observer(advisor) : NULL);
	listen(options->also);
	listen(checker && dmk_watch_mode() == DMK_WATCH_PAGE ? &maps : NULL);
	observe();
}

static bool is_library(void *ctx, const void *code)
{
	return dmk_symbols_is_library(ctx, code);
}

static uint64_t line_of(void *ctx, const void *code)
{
	return dmk_symbols_line(ctx, code);
}

static struct dmk_symbols *own_symbols(void)
{
	if (!symbols)
		symbols = dmk_symbols_self();
	return symbols;
}

/*
 * What the checker asks about code is answered from the program's own debug information, unless the
 * caller has an answer.
 */
static struct dmk_checker *new_checker(const struct dmk_check_options *wanted)
{
	const enum dmk_watch_mode mode = dmk_watch_mode();
	struct dmk_check_options options = { .stack_depth = 0 };

	if (wanted)
		options = *wanted;
	if (!options.line_of) {
		options.is_library = is_library;
		options.line_of = line_of;
		options.code_ctx = own_symbols();
	}
	if (mode == DMK_WATCH_INSTRUMENTED || mode == DMK_WATCH_ASAN)
		options.memory = dmk_watch_memory;
	if (dmk_watch_has_fences())
		options.turn = dmk_watch_turn;
	return dmk_checker_new(&options);
}

/* It is the checker that says what memory the driver's accesses are seen to. */
static struct dmk_advisor *new_advisor(void)
{
	return dmk_advisor_new(
		&(struct dmk_advice_options){.is_library = is_library,
					     .line_of = line_of,
					     .code_ctx = own_symbols(),
					     .sees_cpu = checker && dmk_watch_mode() ==
								   DMK_WATCH_INSTRUMENTED});
}

static int start(const struct dmk_boot_options *options, char *error, size_t error_size)
{
	struct dmk_machine_config config = {
		.machine = options->machine ? options->machine : "pc",
		.append = options->append,
		.seed = options->seed ? options->seed : 1,
		.devices = options->devices,
		.nr_devices = options->nr_devices,
		.sink = dmk_kernel_sink(),
	};
	const struct dmk_watch_code code = {
		.is_library = own_symbols() ? is_library : NULL,
		.ctx = symbols,
		.width = dmk_operand_width,
	};
	struct dmk_port port;
	int result;

	config.sink.stores = dmk_watch_stores();
	result = dmk_machine_open(&config, &port, error, error_size);
	if (result < 0)
		return result;
	dmk_watch_start(&port, config.seed, &code);
	/* Nothing is announced yet: no kernel part runs. */
	listen(dmk_watch_observer());
	observe();
	dmk_kernel_seed(config.seed);
	result = dmk_kernel_boot(&port, error, error_size);
	if (result < 0) {
		port.ops->shutdown(port.ctx);
		dmk_watch_stop();
	}
	return result;
}

int dmk_boot(const struct dmk_boot_options *options, char *error, size_t error_size)
{
	int result;

	dmk_boot_end();
	error[0] = '\0';
	if (!options->no_checker) {
		checker = new_checker(options->check);
		if (!checker) {
			snprintf(error, error_size, "out of memory for the checker");
			return -ENOMEM;
		}
	}
	if (options->advice) {
		advisor = new_advisor();
		if (!advisor) {
			snprintf(error, error_size, "out of memory for advice");
			dmk_boot_end();
			return -ENOMEM;
		}
	}
	install(options);
	result = start(options, error, error_size);
	if (!result)
		return 0;
	dmk_observe(NULL);
	dmk_boot_end();
	return result;
}

void dmk_shutdown(void)
{
	dmk_kernel_shutdown();
	dmk_observe(NULL);
	dmk_watch_stop();
}

struct dmk_checker *dmk_boot_checker(void)
{
	return checker;
}

struct dmk_advisor *dmk_boot_advisor(void)
{
	return advisor;
}

void dmk_boot_end(void)
{
	dmk_advisor_free(advisor);
	advisor = NULL;
	if (checker)
		dmk_checker_free(checker);
	checker = NULL;
}
