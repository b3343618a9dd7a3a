// SPDX-License-Identifier: MIT
/*
 * Context, locks, waiting, time, later work and interrupts. Threads and times: a test waits for
 * what must come, and never concludes from what did not come within a moment unless it can't come
 * at all.
 */
#include "fake.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/smp.h>
#include <linux/semaphore.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../../kernel/internal.h"

#include <dmakit/kernel.h>

static int boot(void **state)
{
	fake_boot("", 1);
	return 0;
}

/* Each second time a thread is where others may be, it is held up. */
static int boot_held_up(void **state)
{
	fake_boot("dmakit.interleave=2", 1);
	return 0;
}

static int down_machine(void **state)
{
	fake_shutdown();
	return 0;
}

/* Wait for what must come, a good while. */
#define EVENTUALLY(condition)                                                                      \
	do {                                                                                       \
		int tries;                                                                         \
		for (tries = 0; tries < 20000 && !(condition); tries++)                            \
			usleep(500);                                                               \
		assert_true(condition);                                                            \
	} while (0)

static int get(int *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static void set(int *at, int value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

/* --- context ---------------------------------------------------------------------------------- */

static void test_CTX_01_a_held_spinlock_is_atomic(void **state)
{
	DEFINE_SPINLOCK(lock);
	unsigned long flags;

	assert_false(in_atomic());
	spin_lock(&lock);
	assert_true(in_atomic());
	assert_false(in_interrupt());
	spin_unlock(&lock);
	spin_lock_irqsave(&lock, flags);
	assert_true(irqs_disabled());
	spin_unlock_irqrestore(&lock, flags);
	assert_false(irqs_disabled());
	spin_lock_bh(&lock);
	assert_true(in_interrupt());
	assert_true(in_task());
	spin_unlock_bh(&lock);
	assert_false(in_atomic());
}

static void test_COH_06_sleeping_in_atomic_context_is_reported(void **state)
{
	DEFINE_SPINLOCK(lock);
	DEFINE_MUTEX(mutex);

	fake_forget();
	kfree(kmalloc(10, GFP_KERNEL));
	msleep(1);
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	assert_int_equal(fake_count(DMK_EVENT_SLEEP_IN_ATOMIC), 0);

	spin_lock(&lock);
	kfree(kmalloc(10, GFP_ATOMIC));
	assert_int_equal(fake_count(DMK_EVENT_SLEEP_IN_ATOMIC), 0);
	kfree(kmalloc(10, GFP_KERNEL));
	assert_int_equal(fake_count(DMK_EVENT_SLEEP_IN_ATOMIC), 1);
	assert_string_equal(fake_last(DMK_EVENT_SLEEP_IN_ATOMIC).name, "kmalloc");
	mutex_lock(&mutex);
	assert_string_equal(fake_last(DMK_EVENT_SLEEP_IN_ATOMIC).name, "mutex_lock");
	mutex_unlock(&mutex);
	usleep_range(1, 2);
	assert_string_equal(fake_last(DMK_EVENT_SLEEP_IN_ATOMIC).name, "usleep_range");
	udelay(1);
	assert_int_equal(fake_count(DMK_EVENT_SLEEP_IN_ATOMIC), 3);
	spin_unlock(&lock);
}

static bool is_listed(const char *name, const void *on_its_stack)
{
	struct dmk_thread_info info;
	unsigned int i;

	for (i = 0; dmk_thread_get(i, &info); i++)
		if (name ? !strcmp(info.name, name)
			 : on_its_stack >= info.stack_low && on_its_stack < info.stack_high)
			return true;
	return false;
}

static void test_threads_are_listed_with_their_stacks(void **state)
{
	(void)current;
	assert_true(is_listed(NULL, __builtin_frame_address(0)));
	assert_false(is_listed("nobody", NULL));
	EVENTUALLY(is_listed("interrupts", NULL)); /* a thread lists itself when it starts */
}

/* --- locks: many threads count ---------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 5000 };

struct counting {
	spinlock_t spin;
	rwlock_t rwlock;
	struct mutex mutex;
	struct semaphore semaphore;
	struct rw_semaphore rwsem;
	long by_spin, by_rwlock, by_mutex, by_semaphore, by_rwsem, seen;
};

static void *count(void *data)
{
	struct counting *counting = data;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		spin_lock(&counting->spin);
		counting->by_spin++;
		spin_unlock(&counting->spin);
		write_lock(&counting->rwlock);
		counting->by_rwlock++;
		write_unlock(&counting->rwlock);
		read_lock(&counting->rwlock);
		assert_true(counting->by_rwlock > 0);
		read_unlock(&counting->rwlock);
		mutex_lock(&counting->mutex);
		counting->by_mutex++;
		mutex_unlock(&counting->mutex);
		down(&counting->semaphore);
		counting->by_semaphore++;
		up(&counting->semaphore);
		down_write(&counting->rwsem);
		counting->by_rwsem++;
		up_write(&counting->rwsem);
		down_read(&counting->rwsem);
		assert_true(counting->by_rwsem > 0);
		up_read(&counting->rwsem);
	}
	assert_int_equal(preempt_count(), 0);
	return NULL;
}

static void test_CTX_02_locks_exclude(void **state)
{
	struct counting counting = { 0 };
	pthread_t thread[THREADS];
	int i;

	spin_lock_init(&counting.spin);
	rwlock_init(&counting.rwlock);
	mutex_init(&counting.mutex);
	sema_init(&counting.semaphore, 1);
	init_rwsem(&counting.rwsem);
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, count, &counting);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(counting.by_spin, THREADS * ROUNDS);
	assert_int_equal(counting.by_rwlock, THREADS * ROUNDS);
	assert_int_equal(counting.by_mutex, THREADS * ROUNDS);
	assert_int_equal(counting.by_semaphore, THREADS * ROUNDS);
	assert_int_equal(counting.by_rwsem, THREADS * ROUNDS);
}

/*
 * A thread that uses what is its slot's, as the core does between dmk_cpu_enter() and
 * dmk_cpu_leave().
 */
struct busy {
	int began, settling, settled;
	int was_settled;
};

static void *is_busy(void *data)
{
	struct busy *busy = data;
	int i;

	dmk_current();
	__atomic_store_n(&dmk_thread_cpu.busy, 1, __ATOMIC_RELAXED);
	set(&busy->began, 1);
	EVENTUALLY(get(&busy->settling));
	/* It cannot come while this thread is busy: however long that is. */
	for (i = 0; i < 20; i++)
		sched_yield();
	busy->was_settled = get(&busy->settled);
	__atomic_store_n(&dmk_thread_cpu.busy, 0, __ATOMIC_RELEASE);
	return NULL;
}

static void test_CTX_02_settling_waits_for_threads_that_are_busy(void **state)
{
	struct busy busy = { 0 };
	pthread_t thread;

	pthread_create(&thread, NULL, is_busy, &busy);
	EVENTUALLY(get(&busy.began));
	set(&busy.settling, 1);
	assert_true(dmk_tasks_settle());
	set(&busy.settled, 1);
	pthread_join(thread, NULL);
	assert_int_equal(busy.was_settled, 0);
	/* And not for one that has ended. */
	assert_true(dmk_tasks_settle());
}

static void *has_slot(void *data)
{
	dmk_current();
	*(unsigned int *)data = dmk_thread_cpu.slot;
	return NULL;
}

/* Of more threads than there are slots, one after the other, each has one. */
static void test_CTX_02_a_slot_is_one_threads_until_it_ends(void **state)
{
	unsigned int mine, others;
	pthread_t thread;

	dmk_current();
	mine = dmk_thread_cpu.slot;
	assert_int_not_equal(mine, 0);
	for (unsigned int i = 0; i < 2 * DMK_CPUS; i++) {
		pthread_create(&thread, NULL, has_slot, &others);
		pthread_join(thread, NULL);
		assert_int_not_equal(others, 0);
		assert_int_not_equal(others, mine);
	}
	assert_int_equal(dmk_thread_cpu.slot, mine);
}

static void test_locks_that_are_taken_say_so(void **state)
{
	DEFINE_MUTEX(mutex);
	DEFINE_SPINLOCK(lock);
	struct semaphore semaphore;

	mutex_lock(&mutex);
	assert_false(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
	assert_true(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
	spin_lock(&lock);
	assert_false(spin_trylock(&lock));
	assert_int_equal(preempt_count(), 1);
	spin_unlock(&lock);
	sema_init(&semaphore, 1);
	assert_int_equal(down_trylock(&semaphore), 0);
	assert_int_equal(down_trylock(&semaphore), 1);
	assert_int_equal(down_timeout(&semaphore, 2), -ETIME);
	up(&semaphore);
	assert_int_equal(down_timeout(&semaphore, 2), 0);
	fake_forget();
	mutex_unlock(&mutex);
	assert_non_null(strstr(fake_log(), "does not hold it"));
}

/* --- waiting ---------------------------------------------------------------------------------- */

static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_COMPLETION(completion);
static int flag, woken, result;

static int waits_for_flag(void *data)
{
	wait_event(queue, get(&flag));
	__atomic_fetch_add(&woken, 1, __ATOMIC_RELEASE);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 7;
}

static void test_wait_event_wakes_when_the_condition_is_true(void **state)
{
	struct task_struct *task[3];
	int i;

	set(&flag, 0);
	set(&woken, 0);
	for (i = 0; i < 3; i++)
		task[i] = kthread_run(waits_for_flag, NULL, "waiter%d", i);
	EVENTUALLY(waitqueue_active(&queue));
	wake_up(&queue);
	assert_int_equal(get(&woken), 0);
	set(&flag, 1);
	wake_up(&queue);
	EVENTUALLY(get(&woken) == 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(kthread_stop(task[i]), 7);
}

static void test_timeouts_say_what_was_left(void **state)
{
	unsigned long before = jiffies;

	set(&flag, 0);
	assert_int_equal(wait_event_timeout(queue, get(&flag), 3), 0);
	assert_true(time_after_eq(jiffies, before + 3));
	set(&flag, 1);
	assert_int_equal(wait_event_timeout(queue, get(&flag), 100), 100);
	assert_true(wait_event_timeout(queue, get(&flag), 0) >= 1);
	reinit_completion(&completion);
	assert_int_equal(wait_for_completion_timeout(&completion, 2), 0);
	complete(&completion);
	assert_true(wait_for_completion_timeout(&completion, 100) >= 1);
	assert_false(completion_done(&completion));
	complete_all(&completion);
	wait_for_completion(&completion);
	wait_for_completion(&completion);
	assert_true(try_wait_for_completion(&completion));
}

static void *reads_a_file(void *data)
{
	dmk_task_enter_file();
	set(&flag, 1);
	set(&result, wait_event_interruptible(queue, false));
	assert_true(signal_pending(current));
	dmk_task_leave_file();
	assert_false(signal_pending(current));
	return NULL;
}

static void test_a_signal_ends_an_interruptible_wait(void **state)
{
	pthread_t thread;

	set(&flag, 0);
	pthread_create(&thread, NULL, reads_a_file, NULL);
	EVENTUALLY(get(&flag));
	dmk_tasks_interrupt();
	pthread_join(thread, NULL);
	assert_int_equal(get(&result), -ERESTARTSYS);
}

static int completes_on_the_stack(void *data)
{
	complete(data);
	return 0;
}

/* The completion is gone as soon as the waiter goes on: complete() must not touch it then. */
static void test_completions_may_live_on_the_stack(void **state)
{
	int i;

	for (i = 0; i < 300; i++) {
		DECLARE_COMPLETION_ONSTACK(done);

		assert_false(IS_ERR(kthread_run(completes_on_the_stack, &done, "completer")));
		wait_for_completion(&done);
		memset(&done, 0xaa, sizeof(done));
	}
}

static int returns_3(void *data)
{
	return 3;
}

/* It ended by itself, and many others after it, so that it was joined long ago. */
static void test_a_kthread_with_a_reference_may_be_stopped_late(void **state)
{
	struct task_struct *task = kthread_create(returns_3, NULL, "early"), *stopped_twice;
	int i;

	get_task_struct(task);
	wake_up_process(task);
	for (i = 0; i < 200; i++)
		assert_false(IS_ERR(kthread_run(returns_3, NULL, "later")));
	assert_int_equal(kthread_stop_put(task), 3);

	stopped_twice = kthread_create(returns_3, NULL, "twice");
	get_task_struct(stopped_twice);
	assert_int_equal(kthread_stop(stopped_twice), -EINTR);
	assert_int_equal(kthread_stop_put(stopped_twice), -EINTR);
}

static void test_a_kthread_that_never_ran_gives_EINTR(void **state)
{
	struct task_struct *task = kthread_create(waits_for_flag, NULL, "idle");

	assert_int_equal(kthread_stop(task), -EINTR);
}

/* --- time ------------------------------------------------------------------------------------- */

static struct timer_list timer;
static struct hrtimer hrtimer;
static int fired, in_softirq_there;

static void timer_function(struct timer_list *t)
{
	assert_ptr_equal(t, &timer);
	set(&in_softirq_there, in_softirq() && !in_task());
	if (__atomic_add_fetch(&fired, 1, __ATOMIC_ACQ_REL) < 3)
		mod_timer(t, jiffies + 1);
}

static void test_timers_fire_in_softirq_context(void **state)
{
	unsigned long start = jiffies;

	set(&fired, 0);
	timer_setup(&timer, timer_function, 0);
	assert_int_equal(mod_timer(&timer, jiffies + 2), 0);
	EVENTUALLY(get(&fired) == 3);
	assert_true(time_after_eq(jiffies, start + 4));
	assert_true(get(&in_softirq_there));
	assert_int_equal(timer_delete_sync(&timer), 0);
	assert_int_equal(mod_timer(&timer, jiffies + 1000), 0);
	assert_int_equal(mod_timer(&timer, jiffies + 2000), 1);
	assert_true(timer_pending(&timer));
	assert_int_equal(timer_delete(&timer), 1);
	assert_int_equal(timer_shutdown_sync(&timer), 0);
	mod_timer(&timer, jiffies);
	assert_false(timer_pending(&timer));
}

static void rearms_late(struct timer_list *t)
{
	__atomic_fetch_add(&fired, 1, __ATOMIC_ACQ_REL);
	usleep(500);
	mod_timer(t, jiffies);
}

static struct timer_list restless;

static void *deletes(void *data)
{
	timer_delete_sync(&restless);
	set(&flag, 1);
	return NULL;
}

/* It is due again as soon as its function returns. */
static void test_CTX_02_a_timer_that_arms_itself_is_deleted(void **state)
{
	pthread_t thread;
	int i, round, seen;

	for (round = 0; round < 5; round++) {
		set(&fired, 0);
		set(&flag, 0);
		timer_setup(&restless, rearms_late, 0);
		mod_timer(&restless, jiffies);
		EVENTUALLY(get(&fired) > 3);
		pthread_create(&thread, NULL, deletes, NULL);
		for (i = 0; i < 2000 && !get(&flag); i++)
			usleep(1000);
		if (!get(&flag))
			fail_msg("deleting waits for ever");
		pthread_join(thread, NULL);
		seen = get(&fired);
		msleep(3);
		assert_int_equal(get(&fired), seen);
	}
}

static enum hrtimer_restart hrtimer_function(struct hrtimer *t)
{
	if (__atomic_add_fetch(&fired, 1, __ATOMIC_ACQ_REL) == 5)
		return HRTIMER_NORESTART;
	assert_int_equal(hrtimer_forward_now(t, ms_to_ktime(1)) >= 1, 1);
	return HRTIMER_RESTART;
}

static void test_hrtimers_restart(void **state)
{
	ktime_t start = ktime_get();

	set(&fired, 0);
	hrtimer_setup(&hrtimer, hrtimer_function, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	hrtimer_start(&hrtimer, ms_to_ktime(1), HRTIMER_MODE_REL);
	EVENTUALLY(get(&fired) == 5);
	assert_true(ktime_ms_delta(ktime_get(), start) >= 5);
	assert_int_equal(hrtimer_cancel(&hrtimer), 0);
	hrtimer_start(&hrtimer, ms_to_ktime(10000), HRTIMER_MODE_REL);
	assert_int_equal(hrtimer_cancel(&hrtimer), 1);
}

static void test_delays_last(void **state)
{
	ktime_t start = ktime_get();

	udelay(300);
	assert_true(ktime_us_delta(ktime_get(), start) >= 300);
	start = ktime_get();
	msleep(3);
	assert_true(ktime_ms_delta(ktime_get(), start) >= 3);
	assert_int_equal(msecs_to_jiffies(1), 1);
	assert_int_equal(msecs_to_jiffies(2000), 2 * HZ);
	assert_int_equal(jiffies_to_msecs(HZ), 1000);
}

/* --- standing still --------------------------------------------------------------------------- */

/* A thread that waits for an event again and again. */
struct walker {
	wait_queue_head_t queue;
	int event;  /* there is one */
	int rounds; /* it made */
	int stood;  /* kthread_freezable_should_stop() said so */
	bool freezable, timed, asks;
};

#define WALKER(name, ...)                                                                         \
	struct walker name = {.queue = __WAIT_QUEUE_HEAD_INITIALIZER((name).queue), __VA_ARGS__}; \
	struct task_struct *task = kthread_run(walk, &(name), #name);                             \
	assert_false(IS_ERR(task))

static void wait_somehow(struct walker *walker)
{
	if (walker->asks)
		msleep(1);
	else if (walker->timed)
		wait_event_freezable_timeout(walker->queue, kthread_should_stop(), 1);
	else
		wait_event_freezable(walker->queue, get(&walker->event) || kthread_should_stop());
}

static int walk(void *data)
{
	struct walker *walker = data;
	bool stood = false;

	if (walker->freezable)
		set_freezable();
	while (!(walker->asks ? kthread_freezable_should_stop(&stood) : kthread_should_stop())) {
		if (stood)
			set(&walker->stood, 1);
		wait_somehow(walker);
		set(&walker->event, 0);
		set(&walker->rounds, get(&walker->rounds) + 1);
	}
	return 0;
}

static void walk_one_round(struct walker *walker)
{
	int before = get(&walker->rounds);

	EVENTUALLY(waitqueue_active(&walker->queue));
	set(&walker->event, 1);
	wake_up(&walker->queue);
	EVENTUALLY(get(&walker->rounds) > before);
}

static void test_a_freezable_thread_stands_still_until_the_machine_is_awake(void **state)
{
	WALKER(walker, .freezable = true);
	int before;

	walk_one_round(&walker);
	assert_false(freezing(task));
	assert_int_equal(dmk_threads_freeze(10000), 0);
	assert_true(frozen(task));
	assert_true(freezing(task));
	before = get(&walker.rounds);
	set(&walker.event, 1);
	wake_up(&walker.queue);
	usleep(20000);
	assert_int_equal(get(&walker.rounds), before);
	dmk_threads_thaw();
	EVENTUALLY(get(&walker.rounds) > before);
	assert_false(frozen(task));
	assert_int_equal(kthread_stop(task), 0);
}

static void test_a_thread_is_not_freezable_unless_it_says_so(void **state)
{
	WALKER(walker, .freezable = false);

	assert_int_equal(dmk_threads_freeze(10000), 0);
	assert_false(freezing(task));
	walk_one_round(&walker);
	assert_false(frozen(task));
	dmk_threads_thaw();
	assert_int_equal(kthread_stop(task), 0);
}

static void test_freezing_catches_threads_at_any_point(void **state)
{
	WALKER(walker, .freezable = true, .timed = true);

	for (int i = 0; i < 50; i++) {
		int before = get(&walker.rounds);

		EVENTUALLY(get(&walker.rounds) > before);
		assert_int_equal(dmk_threads_freeze(10000), 0);
		assert_true(frozen(task));
		dmk_threads_thaw();
	}
	assert_int_equal(kthread_stop(task), 0);
}

static void test_a_thread_that_stands_still_may_be_told_to_stop(void **state)
{
	WALKER(walker, .freezable = true, .asks = true);

	EVENTUALLY(get(&walker.rounds) > 0);
	assert_int_equal(dmk_threads_freeze(10000), 0);
	dmk_threads_thaw();
	EVENTUALLY(get(&walker.stood));
	assert_int_equal(dmk_threads_freeze(10000), 0);
	assert_int_equal(kthread_stop(task), 0);
	dmk_threads_thaw();
}

static int sleep_deeply(void *data)
{
	set_freezable();
	set(data, 1);
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return 0;
}

static void test_a_freezable_thread_that_never_stands_still_is_told_of(void **state)
{
	int runs = 0;
	struct task_struct *task = kthread_run(sleep_deeply, &runs, "deep");

	EVENTUALLY(get(&runs));
	assert_int_equal(dmk_threads_freeze(5), -EBUSY);
	assert_false(freezing(task));
	assert_int_equal(kthread_stop(task), 0);
}

static int where_am_i(void *data)
{
	set(data, (int)smp_processor_id());
	return 0;
}

static void test_a_bound_thread_is_on_its_cpu(void **state)
{
	struct task_struct *task;
	struct cpumask mask;
	int cpu = -1;

	cpumask_clear(&mask);
	cpumask_set_cpu(3, &mask);
	cpumask_set_cpu(2, &mask);
	task = get_task_struct(kthread_create(where_am_i, &cpu, "bound"));
	kthread_bind_mask(task, &mask);
	wake_up_process(task);
	EVENTUALLY(get(&cpu) >= 0);
	assert_int_equal(get(&cpu), 2);
	kthread_bind(task, 1); /* too late: told, and nothing else */
	assert_int_equal(kthread_stop_put(task), 0);
	cpu = -1;
	task = get_task_struct(kthread_create_on_node(where_am_i, &cpu, 0, "free"));
	wake_up_process(task);
	EVENTUALLY(get(&cpu) >= 0);
	assert_int_equal(get(&cpu), 0);
	assert_int_equal(kthread_stop_put(task), 0);
}

/* --- later work ------------------------------------------------------------------------------- */

struct my_work {
	struct work_struct work;
	int *ran;
	int running;
};

static void work_function(struct work_struct *work)
{
	struct my_work *mine = container_of(work, struct my_work, work);

	assert_int_equal(__atomic_fetch_add(&mine->running, 1, __ATOMIC_ACQ_REL), 0);
	assert_false(in_atomic());
	usleep_range(100, 200);
	__atomic_fetch_add(mine->ran, 1, __ATOMIC_ACQ_REL);
	__atomic_fetch_sub(&mine->running, 1, __ATOMIC_ACQ_REL);
}

static void test_work_runs_once_for_each_queueing_and_never_beside_itself(void **state)
{
	struct workqueue_struct *wq = alloc_workqueue("mine-%d", WQ_UNBOUND, 0, 1);
	struct my_work work = { .ran = &fired };
	int i, queued = 0;

	set(&fired, 0);
	INIT_WORK(&work.work, work_function);
	for (i = 0; i < 50; i++) {
		queued += queue_work(i % 2 ? wq : system_wq, &work.work);
		usleep(50);
	}
	flush_work(&work.work);
	assert_int_equal(get(&fired), queued);
	assert_false(work_pending(&work.work));
	queue_work(wq, &work.work);
	destroy_workqueue(wq);
	assert_int_equal(get(&fired), queued + 1);
	assert_false(cancel_work_sync(&work.work));
}

static void frees_itself(struct work_struct *work)
{
	kfree(work);
	__atomic_fetch_add(&fired, 1, __ATOMIC_ACQ_REL);
}

static void test_work_may_free_itself(void **state)
{
	int i;

	set(&fired, 0);
	for (i = 0; i < 200; i++) {
		struct work_struct *work = kmalloc(sizeof(*work), GFP_KERNEL);

		INIT_WORK(work, frees_itself);
		schedule_work(work);
	}
	flush_scheduled_work();
	assert_int_equal(get(&fired), 200);
}

static DECLARE_COMPLETION(inner_done);
static void inner(struct work_struct *work)
{
	complete(&inner_done);
}
static DECLARE_WORK(inner_work, inner);
static void outer(struct work_struct *work)
{
	schedule_work(&inner_work);
	wait_for_completion(&inner_done);
}

static void test_work_may_wait_for_other_work(void **state)
{
	struct work_struct work;

	INIT_WORK(&work, outer);
	schedule_work(&work);
	assert_true(flush_work(&work) || true);
	assert_false(work_busy(&work));
}

static void rearms(struct work_struct *work)
{
	__atomic_fetch_add(&fired, 1, __ATOMIC_ACQ_REL);
	schedule_delayed_work(to_delayed_work(work), 1);
}

static void test_delayed_work_is_cancelled_for_good(void **state)
{
	struct delayed_work work;
	int seen;

	set(&fired, 0);
	INIT_DELAYED_WORK(&work, rearms);
	assert_true(schedule_delayed_work(&work, 1));
	EVENTUALLY(get(&fired) >= 3);
	cancel_delayed_work_sync(&work);
	seen = get(&fired);
	msleep(20);
	assert_int_equal(get(&fired), seen);
	schedule_delayed_work(&work, 100000);
	assert_true(delayed_work_pending(&work));
	assert_false(schedule_delayed_work(&work, 1));
	assert_true(cancel_delayed_work(&work));
	schedule_delayed_work(&work, 100000);
	assert_true(mod_delayed_work(system_wq, &work, 1));
	EVENTUALLY(get(&fired) > seen);
	cancel_delayed_work_sync(&work);
}

/*
 * Two are queued at once, and the first waits for the second: one thread for both would wait for
 * ever.
 */
static DECLARE_COMPLETION(second_ran);
static void waits_for_second(struct work_struct *work)
{
	set(&result, wait_for_completion_timeout(&second_ran, 2 * HZ) > 0);
}
static void is_second(struct work_struct *work)
{
	complete(&second_ran);
}

static void test_work_may_wait_for_work_that_was_queued_with_it(void **state)
{
	struct work_struct first, second;
	int i;

	INIT_WORK(&first, waits_for_second);
	INIT_WORK(&second, is_second);
	for (i = 0; i < 20; i++) {
		struct workqueue_struct *wq = alloc_workqueue("pair", 0, 2);

		/* its thread is idle */
		usleep(1000);
		reinit_completion(&second_ran);
		queue_work(wq, &first);
		queue_work(wq, &second);
		destroy_workqueue(wq);
		assert_true(get(&result));
	}
}

static void queues_itself_late(struct work_struct *work)
{
	__atomic_fetch_add(&fired, 1, __ATOMIC_ACQ_REL);
	usleep(500);
	schedule_work(work);
}

static struct work_struct eternal;

static void *cancels(void *data)
{
	flush_work(&eternal);
	flush_workqueue(system_wq);
	cancel_work_sync(&eternal);
	set(&flag, 1);
	return NULL;
}

/* There is hardly a moment in which it is queued and does not run. */
static void test_CTX_02_work_that_queues_itself_is_flushed_and_cancelled(void **state)
{
	pthread_t thread;
	int i, seen;

	set(&flag, 0);
	set(&fired, 0);
	INIT_WORK(&eternal, queues_itself_late);
	schedule_work(&eternal);
	EVENTUALLY(get(&fired) > 3);
	pthread_create(&thread, NULL, cancels, NULL);
	for (i = 0; i < 3000 && !get(&flag); i++)
		usleep(1000);
	if (!get(&flag))
		fail_msg("flush or cancel waits for ever");
	pthread_join(thread, NULL);
	seen = get(&fired);
	msleep(5);
	assert_int_equal(get(&fired), seen);
	schedule_work(&eternal);
	EVENTUALLY(get(&fired) > seen);
	cancel_work_sync(&eternal);
}

static int arming;

static void *arms(void *data)
{
	while (get(&arming))
		schedule_delayed_work(data, 1);
	return NULL;
}

/*
 * After a cancel nothing of the delayed work is left in any queue, so it may be freed; here it is
 * overwritten.
 */
static void test_CTX_02_delayed_work_is_armed_and_cancelled_at_once(void **state)
{
	struct delayed_work *work = kzalloc(sizeof(*work), GFP_KERNEL);
	pthread_t thread;
	int i;

	INIT_DELAYED_WORK(work, rearms);
	for (i = 0; i < 100; i++) {
		set(&arming, 1);
		pthread_create(&thread, NULL, arms, work);
		usleep(i * 10);
		cancel_delayed_work_sync(work);
		set(&arming, 0);
		pthread_join(thread, NULL);
		cancel_delayed_work_sync(work);
		assert_false(timer_pending(&work->timer));
		assert_false(delayed_work_pending(work));
	}
	kfree(work);
}

static struct tasklet_struct tasklet;

static void tasklet_function(struct tasklet_struct *t)
{
	set(&in_softirq_there, in_serving_softirq());
	__atomic_fetch_add(&fired, 1, __ATOMIC_ACQ_REL);
}

static void test_tasklets_run_in_softirq_context(void **state)
{
	set(&fired, 0);
	tasklet_setup(&tasklet, tasklet_function);
	tasklet_disable(&tasklet);
	tasklet_schedule(&tasklet);
	tasklet_schedule(&tasklet);
	msleep(5);
	assert_int_equal(get(&fired), 0);
	tasklet_enable(&tasklet);
	EVENTUALLY(get(&fired) == 1);
	assert_true(get(&in_softirq_there));
	tasklet_kill(&tasklet);
}

static void rcu_function(struct rcu_head *head)
{
	__atomic_fetch_add(&fired, 1, __ATOMIC_ACQ_REL);
}

static void test_rcu_waits_for_readers(void **state)
{
	struct rcu_head head;
	struct object {
		struct rcu_head head;
		int value;
	} *object = kmalloc(sizeof(*object), GFP_KERNEL);

	set(&fired, 0);
	rcu_read_lock();
	rcu_read_lock();
	call_rcu(&head, rcu_function);
	kfree_rcu(object, head);
	object->value = 3;
	rcu_read_unlock();
	msleep(5);
	assert_int_equal(get(&fired), 0);
	assert_int_equal(object->value, 3);
	rcu_read_unlock();
	rcu_barrier();
	assert_int_equal(get(&fired), 1);
	synchronize_rcu();
}

/* --- interrupts ------------------------------------------------------------------------------- */

static int handled, threaded, context_ok, answers;

static irqreturn_t handler(int irq, void *data)
{
	set(&context_ok, in_hardirq() && in_interrupt() && !in_task() && irqs_disabled());
	if (!get(&answers))
		return IRQ_NONE;
	__atomic_fetch_add(&handled, 1, __ATOMIC_ACQ_REL);
	if (__atomic_sub_fetch(&answers, 1, __ATOMIC_ACQ_REL) == 0)
		fake_line(irq, false);
	return IRQ_HANDLED;
}

static irqreturn_t not_mine(int irq, void *data)
{
	return IRQ_NONE;
}

static irqreturn_t wakes(int irq, void *data)
{
	__atomic_fetch_add(&handled, 1, __ATOMIC_ACQ_REL);
	return IRQ_WAKE_THREAD;
}

static irqreturn_t thread_handler(int irq, void *data)
{
	set(&context_ok, !in_interrupt() && !in_atomic());
	msleep(2);
	/* The line is kept back meanwhile: the hard handler ran as often as the thread began. */
	assert_int_equal(get(&handled), __atomic_add_fetch(&threaded, 1, __ATOMIC_ACQ_REL));
	if (get(&threaded) == 3)
		fake_line(irq, false);
	return IRQ_HANDLED;
}

static void test_CTX_01_a_level_is_served_until_it_is_down(void **state)
{
	int a, b;

	set(&handled, 0);
	set(&answers, 5);
	assert_int_equal(request_irq(3, handler, IRQF_SHARED, "a", &a), 0);
	assert_int_equal(request_irq(3, not_mine, IRQF_SHARED, "b", &b), 0);
	assert_int_equal(request_irq(3, not_mine, 0, "c", &b), -EBUSY);
	assert_int_equal(request_irq(3, not_mine, IRQF_SHARED, "c", NULL), -EINVAL);
	assert_int_equal(request_irq(16, handler, 0, "d", &a), -EINVAL);
	assert_true(fake_enabled[3]);
	fake_line(3, true);
	EVENTUALLY(get(&handled) == 5);
	assert_true(get(&context_ok));
	assert_string_equal(free_irq(3, &b), "b");
	assert_true(fake_enabled[3]);
	free_irq(3, &a);
	assert_false(fake_enabled[3]);
	fake_forget();
	assert_null(free_irq(3, &a));
	assert_non_null(strstr(fake_log(), "no such handler"));
}

static void test_disabled_interrupts_wait(void **state)
{
	set(&handled, 0);
	set(&answers, 100);
	assert_int_equal(request_irq(4, handler, 0, "edge", NULL), 0);
	disable_irq(4);
	disable_irq(4);
	fake_message(4);
	fake_message(4);
	enable_irq(4);
	msleep(5);
	assert_int_equal(get(&handled), 0);
	enable_irq(4);
	EVENTUALLY(get(&handled) == 1);
	fake_message(4);
	EVENTUALLY(get(&handled) == 2);
	synchronize_irq(4);
	free_irq(4, NULL);
	fake_message(4);
}

static void test_threaded_handlers_hold_a_oneshot_line(void **state)
{
	set(&handled, 0);
	set(&threaded, 0);
	assert_int_equal(request_threaded_irq(5, NULL, thread_handler, 0, "bad", NULL), -EINVAL);
	assert_int_equal(request_threaded_irq(5, wakes, thread_handler, IRQF_ONESHOT, "slow", NULL),
			 0);
	fake_line(5, true);
	EVENTUALLY(get(&threaded) == 3);
	assert_true(get(&context_ok));
	synchronize_irq(5);
	assert_int_equal(get(&handled), 3);
	free_irq(5, NULL);
}

static void test_a_level_that_nobody_answers_is_masked(void **state)
{
	assert_int_equal(request_irq(6, not_mine, 0, "deaf", NULL), 0);
	fake_line(6, true);
	EVENTUALLY(!__atomic_load_n(&fake_enabled[6], __ATOMIC_RELAXED));
	free_irq(6, NULL);
	assert_non_null(strstr(fake_log(), "nobody cared"));
	fake_line(6, false);
}

static irqreturn_t always(int irq, void *data)
{
	__atomic_fetch_add(&handled, 1, __ATOMIC_ACQ_REL);
	return IRQ_HANDLED;
}

static void *frees(void *data)
{
	synchronize_irq(8);
	disable_irq(8);
	enable_irq(8);
	free_irq(8, data);
	set(&flag, 1);
	return NULL;
}

/*
 * A card that nobody told to be quiet: its handler says that it was its own, and the line stays up.
 */
static void test_CTX_02_a_line_that_stays_up_lets_go_of_its_handler(void **state)
{
	pthread_t thread;
	bool freed;
	int i;

	set(&handled, 0);
	set(&flag, 0);
	assert_int_equal(request_irq(8, always, 0, "stuck", &handled), 0);
	fake_line(8, true);
	EVENTUALLY(get(&handled) > 100);
	pthread_create(&thread, NULL, frees, &handled);
	for (i = 0; i < 2000 && !get(&flag); i++)
		usleep(1000);
	freed = get(&flag);
	fake_line(8, false);
	pthread_join(thread, NULL);
	assert_true(freed);
}

static void *disables(void *data)
{
	disable_irq_nosync(9);
	return NULL;
}

static void test_CTX_02_the_machine_hears_last_what_was_said_last(void **state)
{
	pthread_t thread;
	int i;

	assert_int_equal(request_irq(9, always, 0, "crossing", &handled), 0);
	__atomic_store_n(&fake_slow_disable, 2000, __ATOMIC_RELAXED);
	for (i = 0; i < 20; i++) {
		pthread_create(&thread, NULL, disables, NULL);
		usleep(i * 100);
		fake_forget();
		enable_irq(9);
		pthread_join(thread, NULL);
		/* It came too early. */
		if (*fake_log())
			enable_irq(9);
		assert_true(__atomic_load_n(&fake_enabled[9], __ATOMIC_RELAXED));
	}
	__atomic_store_n(&fake_slow_disable, 0, __ATOMIC_RELAXED);
	free_irq(9, &handled);
}

static void *requests_and_frees(void *data)
{
	int i;

	for (i = 0; i < 300; i++) {
		assert_int_equal(request_irq(7, not_mine, IRQF_SHARED, "x", data), 0);
		fake_message(7);
		free_irq(7, data);
	}
	return NULL;
}

static void test_CTX_02_handlers_come_and_go_under_fire(void **state)
{
	pthread_t thread[2];
	int cookie[2];
	int a, i;

	for (i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, requests_and_frees, &cookie[i]);
	for (a = 0; a < 2000; a++)
		fake_message(7);
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

/* --- the end ---------------------------------------------------------------------------------- */

static int forgets_to_stop(void *data)
{
	while (!kthread_should_stop())
		wait_event_interruptible(queue, kthread_should_stop());
	return 0;
}

static void test_CTX_03_what_drivers_leave_is_ended_and_said(void **state)
{
	unsigned int threads = fake_threads(), i;

	for (i = 0; i < 5; i++) {
		fake_boot("", 1);
		kthread_run(forgets_to_stop, NULL, "forgotten");
		assert_non_null(alloc_workqueue("left", 0, 0));
		assert_int_equal(request_threaded_irq(2, wakes, thread_handler, IRQF_ONESHOT,
						      "left", NULL),
				 0);
		timer_setup(&timer, timer_function, 0);
		mod_timer(&timer, jiffies + 100000);
		fake_shutdown();
		assert_non_null(strstr(fake_log(), "workqueue left was never destroyed"));
		assert_non_null(strstr(fake_log(), "the handler \"left\" was never freed"));
	}
	assert_int_equal(fake_threads(), threads);
}

static void counts_timer(struct timer_list *t)
{
	__atomic_fetch_add(&fired, 1, __ATOMIC_ACQ_REL);
}

static void counts_tasklet(struct tasklet_struct *t)
{
	__atomic_fetch_add(&fired, 1, __ATOMIC_ACQ_REL);
}

static void counts_work(struct work_struct *work)
{
	__atomic_fetch_add(&fired, 1, __ATOMIC_ACQ_REL);
}

static DEFINE_TIMER(left_timer, counts_timer);
static DECLARE_TASKLET(left_tasklet, counts_tasklet);
static DECLARE_DELAYED_WORK(left_work, counts_work);
static DECLARE_WORK(left_restless, queues_itself_late);

/* Static ones outlive the machine in one program: what was left armed on one works on the next. */
static void test_CTX_03_what_was_left_armed_works_on_the_next_machine(void **state)
{
	int i;

	for (i = 0; i < 3; i++) {
		fake_boot("", 1);
		set(&fired, 0);
		mod_timer(&left_timer, jiffies + 1);
		tasklet_schedule(&left_tasklet);
		schedule_delayed_work(&left_work, 1);
		EVENTUALLY(get(&fired) == 3);
		mod_timer(&left_timer, jiffies + 100000);
		tasklet_disable(&left_tasklet);
		tasklet_schedule(&left_tasklet);
		/* still waiting when its queue has gone, and the timers have not */
		schedule_delayed_work(&left_work, 1);
		schedule_work(&left_restless);
		EVENTUALLY(get(&fired) > 3);
		fake_shutdown();
		left_tasklet.count = 0; /* its thread has ended: nobody else looks at it now */
		/* nothing takes these any more */
		mod_timer(&left_timer, jiffies);
		tasklet_schedule(&left_tasklet);
		cancel_delayed_work(&left_work);
	}
}

static void test_a_thread_is_held_up_by_the_seed_alone(void **state)
{
	struct dmk_task *self = dmk_self();
	const uint64_t before = self->points;

	for (int i = 0; i < 100; i++)
		dmk_interleave();
	assert_int_equal(self->points, before + 100);
	dmk_interleave_stop();
	dmk_interleave();
	assert_int_equal(self->points, before + 100);
}

static void test_random_numbers_follow_the_seed(void **state)
{
	u64 first;

	dmk_kernel_seed(7);
	first = get_random_u64();
	assert_true(get_random_u64() != first);
	dmk_kernel_seed(8);
	assert_true(get_random_u64() != first);
	dmk_kernel_seed(7);
	assert_true(get_random_u64() == first);
}

#define HELD_UP(test) cmocka_unit_test_setup_teardown(test, boot_held_up, down_machine)
#define BOOTED(test) cmocka_unit_test_setup_teardown(test, boot, down_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(test_CTX_01_a_held_spinlock_is_atomic),
		BOOTED(test_COH_06_sleeping_in_atomic_context_is_reported),
		BOOTED(test_threads_are_listed_with_their_stacks),
		BOOTED(test_CTX_02_locks_exclude),
		BOOTED(test_CTX_02_settling_waits_for_threads_that_are_busy),
		BOOTED(test_CTX_02_a_slot_is_one_threads_until_it_ends),
		HELD_UP(test_a_thread_is_held_up_by_the_seed_alone),
		HELD_UP(test_work_may_wait_for_other_work),
		HELD_UP(test_completions_may_live_on_the_stack),
		HELD_UP(test_CTX_02_a_timer_that_arms_itself_is_deleted),
		BOOTED(test_random_numbers_follow_the_seed),
		BOOTED(test_locks_that_are_taken_say_so),
		BOOTED(test_wait_event_wakes_when_the_condition_is_true),
		BOOTED(test_timeouts_say_what_was_left),
		BOOTED(test_a_signal_ends_an_interruptible_wait),
		BOOTED(test_completions_may_live_on_the_stack),
		BOOTED(test_a_kthread_with_a_reference_may_be_stopped_late),
		BOOTED(test_a_kthread_that_never_ran_gives_EINTR),
		BOOTED(test_a_freezable_thread_stands_still_until_the_machine_is_awake),
		BOOTED(test_a_thread_is_not_freezable_unless_it_says_so),
		BOOTED(test_freezing_catches_threads_at_any_point),
		HELD_UP(test_freezing_catches_threads_at_any_point),
		BOOTED(test_a_thread_that_stands_still_may_be_told_to_stop),
		BOOTED(test_a_freezable_thread_that_never_stands_still_is_told_of),
		BOOTED(test_a_bound_thread_is_on_its_cpu),
		BOOTED(test_timers_fire_in_softirq_context),
		BOOTED(test_CTX_02_a_timer_that_arms_itself_is_deleted),
		BOOTED(test_hrtimers_restart),
		BOOTED(test_delays_last),
		BOOTED(test_work_runs_once_for_each_queueing_and_never_beside_itself),
		BOOTED(test_work_may_free_itself),
		BOOTED(test_work_may_wait_for_other_work),
		BOOTED(test_delayed_work_is_cancelled_for_good),
		BOOTED(test_work_may_wait_for_work_that_was_queued_with_it),
		BOOTED(test_CTX_02_work_that_queues_itself_is_flushed_and_cancelled),
		BOOTED(test_CTX_02_delayed_work_is_armed_and_cancelled_at_once),
		BOOTED(test_tasklets_run_in_softirq_context),
		BOOTED(test_rcu_waits_for_readers),
		BOOTED(test_CTX_01_a_level_is_served_until_it_is_down),
		BOOTED(test_disabled_interrupts_wait),
		BOOTED(test_threaded_handlers_hold_a_oneshot_line),
		BOOTED(test_a_level_that_nobody_answers_is_masked),
		BOOTED(test_CTX_02_handlers_come_and_go_under_fire),
		BOOTED(test_CTX_02_a_line_that_stays_up_lets_go_of_its_handler),
		BOOTED(test_CTX_02_the_machine_hears_last_what_was_said_last),
		cmocka_unit_test(test_CTX_03_what_drivers_leave_is_ended_and_said),
		cmocka_unit_test(test_CTX_03_what_was_left_armed_works_on_the_next_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
