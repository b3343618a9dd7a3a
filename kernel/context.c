/* SPDX-License-Identifier: MIT */
/*
 * Threads that run driver code: who they are, where they are (interrupt, softirq, spinlocks held),
 * how they sleep and wake.
 *
 * Every thread is a CPU of its own, so the counts are the thread's and need no lock. A thread
 * becomes a task at its first call in and stops being one at its end. Sleeping is Linux's: set a
 * state, look at the condition, schedule(); who makes the condition true calls wake_up_process().
 * It is not a scheduler: the host has one.
 */
#include "internal.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <dmakit/kernel.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>

#define NSEC_PER_JIFFY TICK_NSEC
enum { EXITED_KEPT = 64, STOP_PATIENCE_SECONDS = 5 };

/* guards the lists, and refs and exited of the tasks on them */
static pthread_mutex_t tasks_lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(tasks);
static LIST_HEAD(exited); /* kthreads that returned and nobody has joined */
static unsigned int nr_exited;
/* by a thread; the lock's. Every thread is a CPU of its own for the core (dmakit/os.h). */
static bool cpus_taken[DMK_CPUS];
static unsigned int tasks_made; /* atomic */
static __thread struct dmk_task *self;
static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;

static struct dmk_task *to_task(struct task_struct *task)
{
	return task->dmk;
}

/* --- life ------------------------------------------------------------------------------------- */

struct mm_struct dmk_user_mm = {.mmap_lock = __RWSEM_INITIALIZER(dmk_user_mm.mmap_lock)};

static struct dmk_task *task_new(const char *name)
{
	struct dmk_task *task = calloc(1, sizeof(*task));
	pthread_condattr_t attr;

	if (!task)
		return NULL;

	task->task.dmk = task;
	task->task.mm = &dmk_user_mm;
	task->number = __atomic_fetch_add(&tasks_made, 1, __ATOMIC_RELAXED);
	task->refs = 1;
	snprintf(task->task.comm, sizeof(task->task.comm), "%s", name);
	pthread_mutex_init(&task->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&task->wake, &attr);
	pthread_condattr_destroy(&attr);
	return task;
}

static void task_free(struct dmk_task *task)
{
	pthread_cond_destroy(&task->wake);
	pthread_mutex_destroy(&task->lock);
	free(task);
}

static void task_put(struct dmk_task *task)
{
	bool last;

	pthread_mutex_lock(&tasks_lock);
	last = --task->refs == 0;
	pthread_mutex_unlock(&tasks_lock);
	if (last)
		task_free(task);
}

static bool can_settle(void)
{
	static int can = -1; /* the tasks' lock's */

	if (can < 0)
		can = !syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	return can;
}

/*
 * The lowest that no thread has, so that who comes finds what who went left at hand. With the lock;
 * 0: there are none, or what one kept could not be taken from it when it is all that is left.
 */
static unsigned int cpu_take(void)
{
	unsigned int cpu;

	if (!can_settle())
		return 0;
	for (cpu = 1; cpu < DMK_CPUS; cpu++) {
		if (!cpus_taken[cpu]) {
			cpus_taken[cpu] = true;
			return cpu;
		}
	}
	return 0;
}

static void task_enter(struct dmk_task *task)
{
	pthread_attr_t attr;
	void *low;
	size_t size;

	task->tid = syscall(SYS_gettid);
	task->task.pid = task->tid;
	task->task.tgid = getpid();
	if (!pthread_getattr_np(pthread_self(), &attr)) {
		if (!pthread_attr_getstack(&attr, &low, &size)) {
			task->stack_low = low;
			task->stack_high = (char *)low + size;
		}
		pthread_attr_destroy(&attr);
	}
	pthread_mutex_lock(&tasks_lock);
	list_add_tail(&task->link, &tasks);
	dmk_thread_cpu.slot = cpu_take();
	dmk_thread_cpu.number = task->number;
	task->cpu = &dmk_thread_cpu;
	pthread_mutex_unlock(&tasks_lock);
	self = task;
}

static void task_leave(struct dmk_task *task)
{
	pthread_mutex_lock(&tasks_lock);
	list_del_init(&task->link);
	cpus_taken[dmk_thread_cpu.slot] = false;
	dmk_thread_cpu.slot = 0;
	pthread_mutex_unlock(&tasks_lock);
	self = NULL;
}

/*
 * The barrier makes each thread of this program that runs have a full one: what it stores to .busy
 * afterwards it stores having seen what the caller had stored, and what it stored before is seen
 * here. A busy thread is in a few instructions that wait for nothing.
 */
bool dmk_tasks_settle(void)
{
	struct dmk_task *task;

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0))
		return false;
	pthread_mutex_lock(&tasks_lock);
	list_for_each_entry(task, &tasks, link) {
		/* Acquire: pairs with the release in dmk_cpu_leave(). */
		while (__atomic_load_n(&task->cpu->busy, __ATOMIC_ACQUIRE))
			sched_yield();
	}
	pthread_mutex_unlock(&tasks_lock);
	return true;
}

static void foreign_thread_ends(void *data)
{
	struct dmk_task *task = data;

	task_leave(task);
	task_put(task);
}

static void make_key(void)
{
	pthread_key_create(&thread_key, foreign_thread_ends);
}

/* A thread of somebody else's calls in for the first time. */
static struct dmk_task *task_adopt(void)
{
	char name[TASK_COMM_LEN] = "";
	struct dmk_task *task;

	pthread_once(&thread_key_once, make_key);
	pthread_getname_np(pthread_self(), name, sizeof(name));
	task = task_new(name);
	if (!task) {
		fprintf(stderr, "dmakit: out of memory for a thread\n");
		abort();
	}
	task_enter(task);
	pthread_setspecific(thread_key, task);
	return task;
}

struct task_struct *dmk_current(void)
{
	struct dmk_task *task = self;

	if (__builtin_expect(!task, 0))
		task = task_adopt();
	return &task->task;
}

struct task_struct *get_task_struct(struct task_struct *task)
{
	pthread_mutex_lock(&tasks_lock);
	to_task(task)->refs++;
	pthread_mutex_unlock(&tasks_lock);
	return task;
}

void put_task_struct(struct task_struct *task)
{
	task_put(to_task(task));
}

/* --- where the thread is ---------------------------------------------------------------------- */

unsigned int dmk_preempt_count(void)
{
	return dmk_self()->preempt;
}

void dmk_preempt_add(int count)
{
	dmk_self()->preempt += count;
}

bool irqs_disabled(void)
{
	return dmk_self()->irqs_off;
}

unsigned long dmk_irq_save(void)
{
	struct dmk_task *task = dmk_self();
	bool was = task->irqs_off;

	task->irqs_off = true;
	return was;
}

void dmk_irq_restore(unsigned long flags)
{
	dmk_self()->irqs_off = flags;
}

bool dmk_context_atomic(void)
{
	struct dmk_task *task = dmk_self();

	return task->preempt || task->irqs_off;
}

void dmk_might_sleep_at(const char *function, struct dmk_place place)
{
	if (__builtin_expect(!dmk_context_atomic(), 1))
		return;
	if (!dmk_observed())
		return;
	dmk_announce(&(struct dmk_event){ .kind = DMK_EVENT_SLEEP_IN_ATOMIC, .name = function,
					  .interrupt = in_interrupt(), DMK_AT(place) });
}

void dmk_might_sleep(const char *function)
{
	dmk_might_sleep_at(function, DMK_HERE);
}

bool dmk_in_stack(const void *address)
{
	const char *at = address;
	struct dmk_task *task = dmk_self();
	bool found = at >= task->stack_low && at < task->stack_high;

	if (found)
		return true;
	pthread_mutex_lock(&tasks_lock);
	list_for_each_entry(task, &tasks, link)
		found |= at >= task->stack_low && at < task->stack_high;
	pthread_mutex_unlock(&tasks_lock);
	return found;
}

/* --- sleeping and waking ---------------------------------------------------------------------- */

void dmk_set_state(unsigned int state)
{
	struct dmk_task *task = dmk_self();

	pthread_mutex_lock(&task->lock);
	task->state = state;
	pthread_mutex_unlock(&task->lock);
}

/* Called with the task's lock held. */
static bool must_sleep(struct dmk_task *task)
{
	if (task->state == TASK_RUNNING)
		return false;
	return !(task->signal && (task->state & TASK_INTERRUPTIBLE));
}

static s64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Sleep until woken or @deadline (ns; negative: never). Return: ns left, 0: time is up. */
static s64 sleep_until(s64 deadline)
{
	struct timespec when = { deadline / 1000000000LL, deadline % 1000000000LL };
	struct dmk_task *task = dmk_self();
	bool late = false;
	s64 left;

	pthread_mutex_lock(&task->lock);
	while (must_sleep(task) && !late) {
		if (deadline < 0)
			pthread_cond_wait(&task->wake, &task->lock);
		else
			late = pthread_cond_timedwait(&task->wake, &task->lock, &when) == ETIMEDOUT;
	}
	task->state = TASK_RUNNING;
	pthread_mutex_unlock(&task->lock);
	dmk_interleave();
	left = late ? 0 : deadline - now_ns();
	return left > 0 ? left : 0;
}

void schedule(void)
{
	dmk_might_sleep_at("schedule", DMK_HERE);
	sleep_until(-1);
}

static long sleep_jiffies(long timeout)
{
	s64 left;

	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		sleep_until(-1);
		return timeout;
	}
	if (timeout < 0)
		timeout = 0;
	if (timeout > MAX_JIFFY_OFFSET / NSEC_PER_JIFFY)
		timeout = MAX_JIFFY_OFFSET / NSEC_PER_JIFFY;
	left = sleep_until(now_ns() + timeout * NSEC_PER_JIFFY);
	/* Rounded up: woken early means that something is left. */
	return (left + NSEC_PER_JIFFY - 1) / NSEC_PER_JIFFY;
}

long schedule_timeout(long timeout)
{
	dmk_might_sleep_at("schedule_timeout", DMK_HERE);
	return sleep_jiffies(timeout);
}

long schedule_timeout_interruptible(long timeout)
{
	dmk_might_sleep_at("schedule_timeout_interruptible", DMK_HERE);
	dmk_set_state(TASK_INTERRUPTIBLE);
	return sleep_jiffies(timeout);
}

long schedule_timeout_killable(long timeout)
{
	dmk_might_sleep_at("schedule_timeout_killable", DMK_HERE);
	dmk_set_state(TASK_KILLABLE);
	return sleep_jiffies(timeout);
}

long schedule_timeout_uninterruptible(long timeout)
{
	dmk_might_sleep_at("schedule_timeout_uninterruptible", DMK_HERE);
	dmk_set_state(TASK_UNINTERRUPTIBLE);
	return sleep_jiffies(timeout);
}

long io_schedule_timeout(long timeout)
{
	return schedule_timeout(timeout);
}

void io_schedule(void)
{
	schedule();
}

int cond_resched(void)
{
	dmk_might_sleep_at("cond_resched", DMK_HERE);
	return 0;
}

void yield(void)
{
	dmk_might_sleep_at("yield", DMK_HERE);
	sched_yield();
}

int wake_up_state(struct task_struct *task_struct, unsigned int state)
{
	struct dmk_task *task = to_task(task_struct);
	bool slept;

	pthread_mutex_lock(&task->lock);
	slept = task->state & state;
	if (slept) {
		task->state = TASK_RUNNING;
		pthread_cond_signal(&task->wake);
	}
	pthread_mutex_unlock(&task->lock);
	return slept;
}

int wake_up_process(struct task_struct *task)
{
	return wake_up_state(task, TASK_NORMAL);
}

/* --- signals ---------------------------------------------------------------------------------- */

static void interrupt_task(struct dmk_task *task)
{
	pthread_mutex_lock(&task->lock);
	task->signal = true;
	pthread_cond_signal(&task->wake);
	pthread_mutex_unlock(&task->lock);
}

int signal_pending(struct task_struct *task_struct)
{
	struct dmk_task *task = to_task(task_struct);
	bool pending;

	pthread_mutex_lock(&task->lock);
	pending = task->signal;
	pthread_mutex_unlock(&task->lock);
	return pending;
}

/* Nothing here kills: a program that is to end ends with its threads. */
int fatal_signal_pending(struct task_struct *task)
{
	return 0;
}

int signal_pending_state(unsigned int state, struct task_struct *task)
{
	return (state & TASK_INTERRUPTIBLE) && signal_pending(task);
}

void flush_signals(struct task_struct *task_struct)
{
	struct dmk_task *task = to_task(task_struct);

	pthread_mutex_lock(&task->lock);
	task->signal = false;
	pthread_mutex_unlock(&task->lock);
}

int send_sig(int signal, struct task_struct *task, int priv)
{
	interrupt_task(to_task(task));
	return 0;
}

void dmk_task_enter_file(void)
{
	struct dmk_task *task = dmk_self();

	pthread_mutex_lock(&task->lock);
	task->file_depth++;
	pthread_mutex_unlock(&task->lock);
}

void dmk_task_leave_file(void)
{
	struct dmk_task *task = dmk_self();

	pthread_mutex_lock(&task->lock);
	if (--task->file_depth == 0)
		task->signal = false;
	pthread_mutex_unlock(&task->lock);
}

void dmk_tasks_interrupt(void)
{
	struct dmk_task *mine = dmk_self(), *task;

	pthread_mutex_lock(&tasks_lock);
	list_for_each_entry(task, &tasks, link) {
		if (task == mine)
			continue;
		pthread_mutex_lock(&task->lock);
		if (task->file_depth) {
			task->signal = true;
			pthread_cond_signal(&task->wake);
		}
		pthread_mutex_unlock(&task->lock);
	}
	pthread_mutex_unlock(&tasks_lock);
}

/* --- kthreads --------------------------------------------------------------------------------- */

/*
 * A kthread is joined by kthread_stop(), or when it has returned and enough others after it: a stop
 * that comes late still finds the result of one of the last few, and later only who holds a
 * reference may call it. Who joins it claims it first, and drops the reference that it was made
 * with.
 */
static bool claim(struct dmk_task *task)
{
	if (task->claimed)
		return false;
	task->claimed = true;
	if (task->exited) {
		list_del_init(&task->link);
		nr_exited--;
	}
	return true;
}

static void join_exited(unsigned int keep)
{
	struct dmk_task *task;

	for (;;) {
		pthread_mutex_lock(&tasks_lock);
		task = nr_exited > keep ? list_first_entry(&exited, struct dmk_task, link) : NULL;
		if (task)
			claim(task);
		pthread_mutex_unlock(&tasks_lock);
		if (!task)
			return;
		pthread_join(task->thread, NULL);
		task_put(task);
	}
}

static void kthread_exits(struct dmk_task *task, int result)
{
	pthread_mutex_lock(&tasks_lock);
	task->result = result;
	task->exited = true;
	list_del_init(&task->link);
	if (!task->claimed) {
		list_add_tail(&task->link, &exited);
		nr_exited++;
	}
	pthread_mutex_unlock(&tasks_lock);
	self = NULL;
}

static void *kthread_main(void *data)
{
	struct dmk_task *task = data;
	int result = -EINTR;

	task_enter(task);
	pthread_setname_np(pthread_self(), task->task.comm);
	sleep_until(-1); /* for wake_up_process() */
	__atomic_store_n(&task->started, true, __ATOMIC_RELEASE);
	if (!__atomic_load_n(&task->should_stop, __ATOMIC_ACQUIRE))
		result = task->function(task->data);
	kthread_exits(task, result);
	return NULL;
}

static struct task_struct *kthread_new(int (*function)(void *data), void *data, const char *name)
{
	struct dmk_task *task;
	sigset_t all, old;
	int err;

	join_exited(EXITED_KEPT);
	task = task_new(name);
	if (!task)
		return ERR_PTR(-ENOMEM);

	task->task.flags = PF_KTHREAD | PF_NOFREEZE;
	task->task.mm = NULL;
	task->function = function;
	task->data = data;
	task->state = TASK_UNINTERRUPTIBLE;
	INIT_LIST_HEAD(&task->link);
	/* Signals are the program's: its own threads take them. Faults are not blocked by this. */
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGTRAP);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&task->thread, NULL, kthread_main, task);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		return &task->task;
	task_free(task);
	return ERR_PTR(-ENOMEM);
}

struct task_struct *dmk_kthread_create(int (*function)(void *data), void *data, const char *name,
				       ...)
{
	char text[TASK_COMM_LEN];
	va_list arguments;

	dmk_might_sleep_at("kthread_create", DMK_HERE);
	va_start(arguments, name);
	vsnprintf(text, sizeof(text), name, arguments);
	va_end(arguments);
	if (dmk_should_fail(DMK_FAIL_THREAD, DMK_CALLER))
		return ERR_PTR(-ENOMEM);
	return kthread_new(function, data, text);
}

struct task_struct *dmk_thread_run(int (*function)(void *data), void *data, const char *name)
{
	struct task_struct *task = kthread_new(function, data, name);

	if (IS_ERR(task))
		return NULL;
	wake_up_process(task);
	return task;
}

/* Somebody else joins it. */
static void wait_until_exited(struct dmk_task *task)
{
	bool exited_now;

	for (;;) {
		pthread_mutex_lock(&tasks_lock);
		exited_now = task->exited;
		pthread_mutex_unlock(&tasks_lock);
		if (exited_now)
			return;
		usleep(100);
	}
}

/* Called by one who knows that the task exists. */
static int stop_and_join(struct dmk_task *task)
{
	bool mine;
	int result;

	pthread_mutex_lock(&tasks_lock);
	mine = claim(task);
	pthread_mutex_unlock(&tasks_lock);
	__atomic_store_n(&task->should_stop, true, __ATOMIC_RELEASE);
	pthread_mutex_lock(&task->lock);
	task->state = TASK_RUNNING;
	pthread_cond_signal(&task->wake);
	pthread_mutex_unlock(&task->lock);
	dmk_freezer_wake();
	if (mine)
		pthread_join(task->thread, NULL);
	else
		wait_until_exited(task);

	pthread_mutex_lock(&tasks_lock);
	result = task->result;
	pthread_mutex_unlock(&tasks_lock);
	if (mine)
		task_put(task);
	return result;
}

int kthread_stop(struct task_struct *task)
{
	dmk_might_sleep_at("kthread_stop", DMK_HERE);
	return stop_and_join(to_task(task));
}

int kthread_stop_put(struct task_struct *task)
{
	int result;

	dmk_might_sleep_at("kthread_stop_put", DMK_HERE);
	result = stop_and_join(to_task(task));
	put_task_struct(task);
	return result;
}

bool kthread_should_stop(void)
{
	return __atomic_load_n(&dmk_self()->should_stop, __ATOMIC_ACQUIRE);
}

bool kthread_should_park(void)
{
	return false;
}

bool kthread_freezable_should_stop(bool *was_frozen)
{
	bool stood = dmk_stand_still(true);

	if (was_frozen)
		*was_frozen = stood;
	return kthread_should_stop();
}

/* The host decides where a thread runs: what a driver binds is what it is told then. */
static void bind(struct task_struct *task, const struct cpumask *mask, const char *call,
		 const void *caller)
{
	unsigned int cpu = cpumask_first(mask);

	if (__atomic_load_n(&to_task(task)->started, __ATOMIC_ACQUIRE))
		dmk_complain(caller, "%s: thread \"%s\" runs already, and stays where it is", call,
			     task->comm);
	else if (cpu >= nr_cpu_ids)
		dmk_complain(caller, "%s: thread \"%s\" is given no CPU that there is", call,
			     task->comm);
	else
		to_task(task)->bound = cpu;
}

void kthread_bind(struct task_struct *task, unsigned int cpu)
{
	bind(task, cpumask_of(cpu), "kthread_bind", DMK_CALLER);
}

void kthread_bind_mask(struct task_struct *task, const struct cpumask *mask)
{
	bind(task, mask, "kthread_bind_mask", DMK_CALLER);
}

unsigned int dmk_processor_id(void)
{
	return dmk_self()->bound;
}

/*
 * A kthread that no driver stopped: the machine goes away under it, so it is asked, and waited for,
 * but not for ever.
 */
static struct dmk_task *kthread_left(void)
{
	struct dmk_task *task;

	list_for_each_entry(task, &tasks, link)
		if (task->task.flags & PF_KTHREAD)
			return task;
	return NULL;
}

void dmk_context_stop(void)
{
	struct dmk_task *task;
	unsigned int waited;
	char text[128] = "";

	dmk_threads_thaw();
	for (waited = 0; waited < STOP_PATIENCE_SECONDS * 1000; waited++) {
		pthread_mutex_lock(&tasks_lock);
		task = kthread_left();
		if (task) {
			__atomic_store_n(&task->should_stop, true, __ATOMIC_RELEASE);
			interrupt_task(task);
			wake_up_process(&task->task);
			snprintf(text, sizeof(text),
				 "thread \"%s\" was never stopped, and does not end when asked",
				 task->task.comm);
		}
		pthread_mutex_unlock(&tasks_lock);
		if (!task)
			break;
		usleep(1000);
	}
	if (task)
		dmk_print(3, NULL, text);
	join_exited(0);
}

void dmk_tasks_each(void (*look)(struct dmk_task *task, void *ctx), void *ctx)
{
	struct dmk_task *task;

	pthread_mutex_lock(&tasks_lock);
	list_for_each_entry(task, &tasks, link)
		look(task, ctx);
	pthread_mutex_unlock(&tasks_lock);
}

bool dmk_thread_get(unsigned int index, struct dmk_thread_info *info)
{
	struct dmk_task *task, *found = NULL;

	pthread_mutex_lock(&tasks_lock);
	list_for_each_entry(task, &tasks, link) {
		if (index--)
			continue;
		found = task;
		*info = (struct dmk_thread_info){task->task.comm, task->tid, task->stack_low,
						 task->stack_high};
		break;
	}
	pthread_mutex_unlock(&tasks_lock);
	return found;
}
