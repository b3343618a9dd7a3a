/* SPDX-License-Identifier: MIT */
/*
 * A driver that crashes: where, and what was mapped at that moment.
 *
 * The handler can't know what state the process is in: the crash may lie inside malloc, or under
 * the checker's lock. So it works in two steps: a raw record made of nothing but system calls, then
 * the full report, under an alarm. Whoever waits for the report has the second, or at least the
 * first.
 */
#include "run/run.h"

#include <link.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
static _Atomic int crashed_tid;
static uint64_t program_bias;

static const char *name_of(int signal_number)
{
	switch (signal_number) {
	case SIGSEGV:
		return "SIGSEGV";
	case SIGBUS:
		return "SIGBUS";
	case SIGILL:
		return "SIGILL";
	case SIGFPE:
		return "SIGFPE";
	}
	return "SIGABRT";
}

/* --- the raw record --------------------------------------------------------------------------- */

static struct {
	char text[8192];
	size_t n;
} raw;

static void put(const char *text)
{
	size_t n = strlen(text);

	if (n > sizeof(raw.text) - raw.n)
		return;
	memcpy(raw.text + raw.n, text, n);
	raw.n += n;
}

static void put_hex(uint64_t value)
{
	char digits[19] = "0x0000000000000000";

	for (int i = 17; i > 1; i--, value >>= 4)
		digits[i] = "0123456789abcdef"[value & 15];
	put(digits);
}

static void put_plain(const char *text)
{
	char one[2] = "";

	for (; text && *text; text++) {
		one[0] = *text == '"' || *text == '\\' || (unsigned char)*text < ' ' || *text & 0x80
				 ? '?'
				 : *text;
		put(one);
	}
}

static void put_stack(const struct dmk_run_stack *stack)
{
	for (unsigned int i = 0; stack && i < stack->n; i++) {
		put(i ? "},{\"address\":\"" : "{\"address\":\"");
		put_hex(stack->address[i]);
		put("\"");
	}
	put(stack && stack->n ? "}" : "");
}

void dmk_run_raw_record(const char *outcome, const char *signal_name,
			const struct dmk_run_stack *stack)
{
	if (dmk_run.json_fd < 0 || dmk_run.json_fd == STDOUT_FILENO)
		return; /* what is on standard output can't be replaced */
	raw.n = 0;
	put("{\"format\":\"dmakit report\",\"version\":1,\"status\":1,\"runs\":[{\"machine\":\"");
	put_plain(dmk_run.options.machine);
	put("\",\"status\":1,\"outcome\":\"");
	put(outcome);
	put("\",\"crash\":{\"signal\":\"");
	put(signal_name);
	put("\",\"bias\":\"");
	put_hex(program_bias);
	put("\",\"stack\":[");
	put_stack(stack);
	put("]}}]}\n");
	if (write(dmk_run.json_fd, raw.text, raw.n) < 0)
		return;
}

static void enough(int signal_number)
{
	static const char words[] =
		"dmakit: the driver crashed or hung, and left too little whole for a full report\n";

	if (!dmk_run.options.quiet && write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
		_exit(1);
	_exit(1);
}

void dmk_run_last_words(unsigned int seconds)
{
	struct sigaction action = {.sa_handler = enough};
	sigset_t set;

	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	alarm(seconds);
}

/* --- the handler ------------------------------------------------------------------------------ */

static char *sentence(int signal_number, const siginfo_t *info)
{
	uint64_t address = (uintptr_t)info->si_addr;

	if (signal_number == SIGABRT)
		return dmk_report_format("the program aborted itself (SIGABRT)");
	if (signal_number == SIGFPE)
		return dmk_report_format("division by zero or its like (SIGFPE)");
	if (signal_number == SIGILL)
		return dmk_report_format("an instruction that is none (SIGILL)");
	if (address < 4096)
		return dmk_report_format("access through a NULL pointer, at address 0x%llx (%s)",
					 (unsigned long long)address, name_of(signal_number));
	if (info->si_code == SI_KERNEL)
		return dmk_report_format("access to an address that can't be one (%s)",
					 name_of(signal_number));
	return dmk_report_format("access to address 0x%llx, where nothing is (%s)",
				 (unsigned long long)address, name_of(signal_number));
}

/* One thread's crash is told. */
static void be_the_first(void)
{
	int tid = (int)syscall(SYS_gettid), nobody = 0;

	if (atomic_compare_exchange_strong(&crashed_tid, &nobody, tid))
		return;
	if (nobody == tid)
		_exit(1); /* the report itself crashed: the raw record stands */
	for (;;)
		pause(); /* another thread crashed first; it ends the process */
}

/* @exact: the stack begins with the instruction that crashed, not with a return address. */
static void full_report(const char *name, char *text, const struct dmk_run_stack *stack, bool exact)
{
	struct dmk_report *report = &dmk_run.report;

	report->outcome = DMK_OUTCOME_CRASHED;
	report->crash.signal = strdup(name);
	report->crash.text = text;
	report->crash.bias = program_bias;
	if (!dmk_run.symbols)
		dmk_run.symbols = dmk_symbols_self();
	dmk_symbols_addresses(dmk_run.symbols, stack->address, stack->n, exact,
			      &report->crash.stack);
	dmk_run_collect(true);
}

static void on_crash(int signal_number, siginfo_t *info, void *context)
{
	static struct dmk_run_stack stack;

	be_the_first();
	dmk_run_stack_of(context, &stack);
	dmk_run_raw_record("crashed", name_of(signal_number), &stack);
	dmk_run_last_words(10);
	full_report(name_of(signal_number), sentence(signal_number, info), &stack, true);
	_exit(dmk_run_finish());
}

/* --- AddressSanitizer's end ------------------------------------------------------------------- */

/* Of its runtime, where it is linked: <sanitizer/asan_interface.h>, which need not be there. */
#define OF_ASAN __attribute__((weak))
OF_ASAN void __sanitizer_set_death_callback(void (*callback)(void));
OF_ASAN int __asan_report_present(void);
OF_ASAN void *__asan_get_report_pc(void);
OF_ASAN void *__asan_get_report_bp(void);
OF_ASAN void *__asan_get_report_address(void);
OF_ASAN int __asan_get_report_access_type(void);
OF_ASAN size_t __asan_get_report_access_size(void);
OF_ASAN const char *__asan_get_report_description(void);

static char *asan_sentence(void)
{
	const size_t size = __asan_get_report_access_size();

	return dmk_report_format(
		"AddressSanitizer: %s, %zu byte%s %s at 0x%llx; it says more above",
		__asan_get_report_description(), size, size == 1 ? "" : "s",
		__asan_get_report_access_type() ? "written" : "read",
		(unsigned long long)(uintptr_t)__asan_get_report_address());
}

/* It has said on standard error what it found, and ends the process after this. */
static void on_asan_death(void)
{
	static struct dmk_run_stack stack;
	static const char name[] = "AddressSanitizer";

	if (!__asan_report_present())
		return;
	be_the_first();
	dmk_run_stack_from((uintptr_t)__asan_get_report_pc(), (uintptr_t)__asan_get_report_bp(),
			   &stack);
	dmk_run_raw_record("crashed", name, &stack);
	dmk_run_last_words(10);
	full_report(name, asan_sentence(), &stack, false);
	_exit(dmk_run_finish());
}

static int first_object(struct dl_phdr_info *info, size_t size, void *bias)
{
	*(uint64_t *)bias = info->dlpi_addr;
	return 1; /* the program itself comes first */
}

void dmk_run_catch_crashes(void)
{
	struct sigaction action = {.sa_sigaction = on_crash,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	/* to stand on when the thread's own stack is gone */
	static _Alignas(16) char memory[256 * 1024];
	stack_t alternate = {.ss_sp = memory, .ss_size = sizeof(memory)};

	if (__sanitizer_set_death_callback && __asan_report_present)
		__sanitizer_set_death_callback(on_asan_death);
	dmk_run_stack_prepare();
	dl_iterate_phdr(first_object, &program_bias);
	sigaltstack(&alternate, NULL);
	for (unsigned int i = 0; i < sizeof(crash_signals) / sizeof(*crash_signals); i++)
		sigaction(crash_signals[i], &action, NULL);
}
