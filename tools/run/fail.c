/* SPDX-License-Identifier: MIT */
/*
 * Failing on purpose (STR-12): the driver's calls that can fail are counted, and one of them does.
 * A call is the driver's when the code that made it is: what dmakit's own code asks for, on its own
 * behalf or while it serves a driver, does not count, so that a number means the same call as long
 * as the driver does the same.
 *
 * With one thread in the driver the numbers repeat; with several, which call is the N-th depends on
 * who comes first.
 */
#include <dmakit/fail.h>

#include "run/run.h"

#include <stdatomic.h>
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

void dmk_run_fail_begin(void)
{
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

void dmk_run_fail_collect(void)
{
	struct dmk_report *report = &dmk_run.report;
	uint64_t address;

	report->fail.wanted = dmk_run.options.fail;
	report->fail.calls = atomic_load(&failing.calls);
	report->fail.failed = dmk_run_failed_on_purpose();
	if (!report->fail.failed || report->fail.kind)
		return;
	report->fail.kind = strdup(kind_name(failing.kind));
	address = (uintptr_t)failing.caller;
	dmk_symbols_addresses(dmk_run.symbols, &address, 1, false, &report->fail.where);
}
