/* SPDX-License-Identifier: MIT */
/*
 * A run that does not end: when its time is over, every thread that may run driver code is asked
 * for its stack by a signal, and the report says where each one stands and what is mapped.
 */
#include "run/run.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { HANG_THREADS = 64 };

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool running, over;
	double seconds;
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* What the signal handler fills: one thread at a time is asked. */
static struct dmk_run_stack answer;
static sem_t answered;
static _Atomic int asked_tid;

static int ask_signal(void)
{
	return SIGRTMIN + 6;
}

static void on_ask(int signal_number, siginfo_t *info, void *context)
{
	int error = errno;
	int tid = (int)syscall(SYS_gettid);

	if (atomic_compare_exchange_strong(&asked_tid, &tid, 0)) {
		dmk_run_stack_of(context, &answer);
		sem_post(&answered);
	}
	errno = error;
}

static bool ask(int tid, struct dmk_run_stack *stack)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1;
	atomic_store(&asked_tid, tid);
	if (syscall(SYS_tgkill, getpid(), tid, ask_signal()) < 0)
		return false;
	while (sem_timedwait(&answered, &until) < 0) {
		if (errno == EINTR)
			continue;
		/* it does not answer; should it do so just now, the answer is awaited */
		if (atomic_exchange(&asked_tid, 0) == tid)
			return false;
	}
	*stack = answer;
	return true;
}

static void add_thread(const char *name, int tid)
{
	struct dmk_report *report = &dmk_run.report;
	struct dmk_report_thread *thread = dmk_report_grow(&report->thread, &report->nr_threads,
							   sizeof(*thread));
	struct dmk_run_stack stack;

	if (!thread)
		return;
	thread->name = strdup(name ? name : "?");
	thread->tid = tid;
	if (ask(tid, &stack))
		dmk_symbols_addresses(dmk_run.symbols, stack.address, stack.n, true,
				      &thread->stack);
}

static void full_report(void)
{
	struct dmk_thread_info thread;
	bool main_seen = false;

	dmk_run.report.outcome = DMK_OUTCOME_HUNG;
	dmk_run.report.limit = watch.seconds;
	if (!dmk_run.symbols)
		dmk_run.symbols = dmk_symbols_self();
	for (unsigned int i = 0; i < HANG_THREADS && dmk_thread_get(i, &thread); i++) {
		main_seen |= thread.tid == dmk_run.main_tid;
		add_thread(thread.name, thread.tid);
	}
	if (!main_seen)
		add_thread("main", dmk_run.main_tid);
	if (dmk_boot_checker())
		dmk_checker_hung(dmk_boot_checker());
	dmk_run_collect(true);
}

static void *watcher(void *unused)
{
	struct timespec until;
	int result = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)watch.seconds;
	until.tv_nsec += (long)((watch.seconds - (double)(time_t)watch.seconds) * 1e9);
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&watch.lock);
	while (!watch.over && result != ETIMEDOUT)
		result = pthread_cond_timedwait(&watch.wake, &watch.lock, &until);
	if (watch.over)
		goto unlock;
	dmk_run_raw_record("hung", "", NULL);
	dmk_run_last_words(15);
	full_report();
	_exit(dmk_run_finish());
unlock:
	pthread_mutex_unlock(&watch.lock);
	return NULL;
}

void dmk_run_watch(double seconds)
{
	struct sigaction action = {.sa_sigaction = on_ask, .sa_flags = SA_SIGINFO | SA_RESTART};
	pthread_condattr_t attributes;

	if (seconds <= 0)
		return;
	sem_init(&answered, 0, 0);
	sigaction(ask_signal(), &action, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&watch.wake, &attributes);
	watch.seconds = seconds;
	watch.running = pthread_create(&watch.thread, NULL, watcher, NULL) == 0;
}

/*
 * When the limit passes during this very call, the report of a hang wins: the lock is never given
 * back.
 */
void dmk_run_unwatch(void)
{
	if (!watch.running)
		return;
	pthread_mutex_lock(&watch.lock);
	watch.over = true;
	pthread_cond_signal(&watch.wake);
	pthread_mutex_unlock(&watch.lock);
	pthread_join(watch.thread, NULL);
	watch.running = false;
}
