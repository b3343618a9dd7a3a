/* SPDX-License-Identifier: MIT */
/*
 * Failing on purpose (STR-12): the driver's calls that can fail are counted, and one of them does.
 * A call is the driver's when the code that made it is: what dmakit's own code asks for, on its own
 * behalf or while it serves a driver, does not count, so that a number means the same call as long
 * as the driver does the same.
 *
 * With one thread in the driver the numbers repeat; with several, which call is the N-th depends on
 * who comes first.
 *
 * A run may also count only: then each call is noted with its place, so that others can fail each.
 */
#include <dmakit/fail.h>

#include "run/run.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct {
	_Atomic uint64_t calls;
	_Atomic bool failed; /* kind and caller are set */
	enum dmk_fail_kind kind;
	const void *caller;
} failing;

/* The program's own code; the linker sets the two. */
extern const char __executable_start[], etext[];

static bool is_driver(const void *code)
{
	return (const char *)code >= __executable_start && (const char *)code < etext &&
	       !dmk_symbols_is_library(dmk_run.symbols, code);
}

static bool fail(void *ctx, enum dmk_fail_kind kind, const void *caller)
{
	if (!is_driver(caller) ||
	    atomic_fetch_add(&failing.calls, 1) + 1 != dmk_run.options.fail)
		return false;
	failing.kind = kind;
	failing.caller = caller;
	/* pairs with the load in dmk_run_failed_on_purpose() */
	atomic_store(&failing.failed, true);
	return true;
}

static const struct dmk_failer failer = {.fail = fail};

/* --- counting only ---------------------------------------------------------------------------- */

enum { CALLS_NOTED = 1000000, BUCKETS = 1024 };

struct counted {
	struct counted *next;
	enum dmk_fail_kind kind;
	const void *caller;
	uint64_t *number; /* ascending */
	size_t calls;
};

static struct {
	pthread_mutex_t lock; /* guards all of this, and the number of a call with its note */
	uint64_t calls;
	struct counted *bucket[BUCKETS];
} counting = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct counted *counted_at(enum dmk_fail_kind kind, const void *caller)
{
	struct counted **bucket = &counting.bucket[((uintptr_t)caller >> 2) % BUCKETS], *site;

	for (site = *bucket; site; site = site->next) {
		if (site->caller == caller && site->kind == kind)
			return site;
	}
	site = calloc(1, sizeof(*site));
	if (!site)
		return NULL;
	*site = (struct counted){.next = *bucket, .kind = kind, .caller = caller};
	*bucket = site;
	return site;
}

static bool count(void *ctx, enum dmk_fail_kind kind, const void *caller)
{
	struct counted *site = NULL;
	uint64_t *number = NULL;

	if (!is_driver(caller))
		return false;
	pthread_mutex_lock(&counting.lock);
	counting.calls++;
	if (counting.calls <= CALLS_NOTED)
		site = counted_at(kind, caller);
	if (site)
		number = dmk_report_grow(&site->number, &site->calls, sizeof(*number));
	if (number)
		*number = counting.calls;
	pthread_mutex_unlock(&counting.lock);
	return false;
}

static const struct dmk_failer counter = {.fail = count};

static void forget_counted(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		while (counting.bucket[i]) {
			struct counted *site = counting.bucket[i];

			counting.bucket[i] = site->next;
			free(site->number);
			free(site);
		}
	}
	counting.calls = 0;
}

/* --- both ------------------------------------------------------------------------------------- */

void dmk_run_fail_begin(void)
{
	if (dmk_run.options.count_calls) {
		forget_counted();
		dmk_fail_with(&counter);
	}
	if (!dmk_run.options.fail)
		return;
	atomic_store(&failing.calls, 0);
	dmk_fail_with(&failer);
}

void dmk_run_fail_end(void)
{
	dmk_fail_with(NULL);
}

bool dmk_run_failed_on_purpose(void)
{
	return atomic_load(&failing.failed);
}

static const char *kind_name(enum dmk_fail_kind kind)
{
	static const char *const names[DMK_FAIL_KINDS] = {
		[DMK_FAIL_MAP] = "a streaming mapping",
		[DMK_FAIL_ALLOC] = "an allocation of consistent memory",
		[DMK_FAIL_POOL] = "a pool, or a block of one",
		[DMK_FAIL_MASK] = "a mask",
		[DMK_FAIL_MEMORY] = "an allocation of memory",
		[DMK_FAIL_IRQ] = "an interrupt",
		[DMK_FAIL_IOMEM] = "registers",
		[DMK_FAIL_DEVICE] = "a device, a file or a number",
		[DMK_FAIL_THREAD] = "a thread, or a work queue",
	};

	return (unsigned int)kind < DMK_FAIL_KINDS ? names[kind] : "a call";
}

static int ascending(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* One of a line may be several in the code: inlined, or unrolled. */
static void collect_site(struct dmk_report_each *each, const struct counted *counted)
{
	struct dmk_report_site found = {.kind = strdup(kind_name(counted->kind))}, *site = NULL;
	const uint64_t address = (uintptr_t)counted->caller;

	dmk_symbols_addresses(dmk_run.symbols, &address, 1, false, &found.where);
	for (size_t i = 0; i < each->nr_sites && !site; i++) {
		if (dmk_report_same_site(&each->site[i], &found))
			site = &each->site[i];
	}
	if (site) {
		free(found.kind);
		dmk_report_clear_stack(&found.where);
	} else {
		site = dmk_report_grow(&each->site, &each->nr_sites, sizeof(*site));
		if (!site)
			return;
		*site = found;
	}
	for (size_t i = 0; i < counted->calls; i++) {
		uint64_t *number = dmk_report_grow(&site->number, &site->calls, sizeof(*number));

		if (number)
			*number = counted->number[i];
	}
	qsort(site->number, site->calls, sizeof(*site->number), ascending);
}

static void collect_counted(struct dmk_report *report)
{
	report->each = calloc(1, sizeof(*report->each));
	if (!report->each)
		return;
	report->each->calls = counting.calls;
	for (unsigned int i = 0; i < BUCKETS; i++) {
		for (struct counted *site = counting.bucket[i]; site; site = site->next)
			collect_site(report->each, site);
	}
}

void dmk_run_fail_collect(void)
{
	struct dmk_report *report = &dmk_run.report;
	uint64_t address;

	if (dmk_run.options.count_calls && !report->each)
		collect_counted(report);
	report->fail.wanted = dmk_run.options.fail;
	report->fail.calls = atomic_load(&failing.calls);
	report->fail.failed = dmk_run_failed_on_purpose();
	if (!report->fail.failed || report->fail.kind)
		return;
	report->fail.kind = strdup(kind_name(failing.kind));
	address = (uintptr_t)failing.caller;
	dmk_symbols_addresses(dmk_run.symbols, &address, 1, false, &report->fail.where);
}
