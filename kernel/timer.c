/* SPDX-License-Identifier: MIT */
/*
 * Timers, of jiffies and of nanoseconds: one queue in order of time, one thread that runs what is
 * due.
 *
 * A timer is its driver's memory and is touched under the lock alone; the thread forgets it before
 * its function runs, because the function may arm it again, or free it. Who cancels and waits looks
 * at "running".
 */
#include "internal.h"

#include <time.h>

#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/timer.h>

#define TIMER_SHUT 0x80000000u /* in timer_list.flags: arming does nothing */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the queue and every timer */
static pthread_cond_t changed, idle;
static LIST_HEAD(queue);
static struct dmk_timer *running;
/* threads that wait for running to end: nothing runs before they saw that */
static unsigned int waiters;
static struct task_struct *runner;
static bool stopping = true; /* no timer is armed before the start, or after the end */

static void enqueue(struct dmk_timer *timer)
{
	struct dmk_timer *later;

	if (stopping)
		return;
	/* Mostly it is the last to come. */
	list_for_each_entry_reverse(later, &queue, link)
		if (later->due <= timer->due)
			break;
	list_add(&timer->link, &later->link);
	timer->queued = true;
	if (queue.next == &timer->link)
		pthread_cond_signal(&changed);
}

static bool dequeue(struct dmk_timer *timer)
{
	bool was = timer->queued;

	if (was)
		list_del(&timer->link);
	timer->queued = false;
	return was;
}

static bool on_timer_thread(void)
{
	return current == runner;
}

/*
 * Waits with the lock held; a timer's own function does not wait for itself. One that arms itself
 * again is due again at once, maybe.
 */
static void wait_until_idle(struct dmk_timer *timer)
{
	if (running != timer || on_timer_thread())
		return;
	waiters++;
	while (running == timer)
		pthread_cond_wait(&idle, &lock);
	waiters--;
	pthread_cond_signal(&changed);
}

static void run_due(struct dmk_timer *timer)
{
	dequeue(timer);
	running = timer;
	timer->fire(timer); /* lets the lock go for the driver's function */
	running = NULL;
	pthread_cond_broadcast(&idle);
}

static int timer_thread(void *data)
{
	struct dmk_timer *first;
	struct timespec when;

	pthread_mutex_lock(&lock);
	while (!stopping) {
		first = list_first_entry_or_null(&queue, struct dmk_timer, link);
		if (!first || waiters) {
			pthread_cond_wait(&changed, &lock);
			continue;
		}
		if (first->due <= ktime_get()) {
			run_due(first);
			continue;
		}
		when = (struct timespec){ first->due / NSEC_PER_SEC, first->due % NSEC_PER_SEC };
		pthread_cond_timedwait(&changed, &lock, &when);
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

int dmk_timer_start(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &attr);
	pthread_cond_init(&idle, NULL);
	pthread_condattr_destroy(&attr);
	pthread_mutex_lock(&lock);
	stopping = false;
	runner = dmk_thread_run(timer_thread, NULL, "timers");
	pthread_mutex_unlock(&lock);
	return runner ? 0 : -ENOMEM;
}

void dmk_timer_stop(void)
{
	struct dmk_timer *timer, *next;

	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	kthread_stop(runner);
	/*
	 * The timers that are left are of drivers that forgot them: they can be armed again, should
	 * there be a next machine.
	 */
	pthread_mutex_lock(&lock);
	runner = NULL;
	list_for_each_entry_safe(timer, next, &queue, link)
		dequeue(timer);
	pthread_mutex_unlock(&lock);
	pthread_cond_destroy(&changed);
	pthread_cond_destroy(&idle);
}

/* --- in jiffies ------------------------------------------------------------------------------- */

void dmk_timer_setup(struct timer_list *timer, void (*function)(struct timer_list *timer),
		     unsigned int flags)
{
	*timer = (struct timer_list)__TIMER_INITIALIZER(function, flags);
}

void dmk_timer_fire(struct dmk_timer *dmk)
{
	struct timer_list *timer = container_of(dmk, struct timer_list, dmk);
	void (*function)(struct timer_list *timer) = timer->function;

	pthread_mutex_unlock(&lock);
	dmk_preempt_add(SOFTIRQ_OFFSET);
	dmk_interleave();
	function(timer);
	dmk_preempt_add(-(int)SOFTIRQ_OFFSET);
	pthread_mutex_lock(&lock);
}

static s64 due_at(unsigned long expires)
{
	long ticks = expires - jiffies;

	return ktime_get() + (ticks > 0 ? ticks : 0) * TICK_NSEC;
}

static int rearm(struct timer_list *timer, unsigned long expires, bool only_pending,
		 bool only_sooner)
{
	bool was;

	pthread_mutex_lock(&lock);
	was = timer->dmk.queued;
	if ((timer->flags & TIMER_SHUT) || (only_pending && !was) ||
	    (only_sooner && was && !time_before(expires, timer->expires)))
		goto unlock;
	dequeue(&timer->dmk);
	timer->expires = expires;
	timer->dmk.due = due_at(expires);
	enqueue(&timer->dmk);
unlock:
	pthread_mutex_unlock(&lock);
	return was;
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	return rearm(timer, expires, false, false);
}

int mod_timer_pending(struct timer_list *timer, unsigned long expires)
{
	return rearm(timer, expires, true, false);
}

int timer_reduce(struct timer_list *timer, unsigned long expires)
{
	return rearm(timer, expires, false, true);
}

void add_timer(struct timer_list *timer)
{
	rearm(timer, timer->expires, false, false);
}

static int disarm(struct timer_list *timer, bool wait, unsigned int flags)
{
	bool was;

	pthread_mutex_lock(&lock);
	timer->flags |= flags;
	was = dequeue(&timer->dmk);
	if (wait)
		wait_until_idle(&timer->dmk);
	/* Its function may have armed it again while we waited. */
	was |= dequeue(&timer->dmk);
	pthread_mutex_unlock(&lock);
	return was;
}

int dmk_timer_delete(void *timer)
{
	return disarm(timer, false, 0);
}

int timer_delete_sync(struct timer_list *timer)
{
	return disarm(timer, true, 0);
}

int timer_shutdown(struct timer_list *timer)
{
	return disarm(timer, false, TIMER_SHUT);
}

int timer_shutdown_sync(struct timer_list *timer)
{
	return disarm(timer, true, TIMER_SHUT);
}

bool timer_pending(const struct timer_list *timer)
{
	bool pending;

	pthread_mutex_lock(&lock);
	pending = timer->dmk.queued;
	pthread_mutex_unlock(&lock);
	return pending;
}

/* --- in nanoseconds --------------------------------------------------------------------------- */

static s64 clock_offset(const struct hrtimer *timer)
{
	return timer->clock == CLOCK_REALTIME ? ktime_get_real() - ktime_get() : 0;
}

static void hrtimer_fire(struct dmk_timer *dmk)
{
	struct hrtimer *timer = container_of(dmk, struct hrtimer, dmk);
	enum hrtimer_restart (*function)(struct hrtimer *timer) = timer->function;
	unsigned int context = timer->soft ? SOFTIRQ_OFFSET : HARDIRQ_OFFSET;
	enum hrtimer_restart again;

	pthread_mutex_unlock(&lock);
	dmk_preempt_add(context);
	dmk_interleave();
	again = function(timer);
	dmk_preempt_add(-(int)context);
	pthread_mutex_lock(&lock);
	/*
	 * Armed in its function or by another thread meanwhile: that counts. Not restarted, it may
	 * be freed by now.
	 */
	if (again != HRTIMER_RESTART || timer->dmk.queued)
		return;
	timer->dmk.due = timer->expires - clock_offset(timer);
	enqueue(&timer->dmk);
}

void hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *timer),
		   int clock, enum hrtimer_mode mode)
{
	*timer = (struct hrtimer){ .dmk.fire = hrtimer_fire, .function = function, .clock = clock,
				   .soft = mode & HRTIMER_MODE_SOFT };
}

void dmk_hrtimer_init(struct hrtimer *timer, int clock, enum hrtimer_mode mode)
{
	hrtimer_setup(timer, NULL, clock, mode);
}

void hrtimer_start(struct hrtimer *timer, ktime_t time, enum hrtimer_mode mode)
{
	s64 offset = clock_offset(timer);

	pthread_mutex_lock(&lock);
	dequeue(&timer->dmk);
	timer->expires = mode & HRTIMER_MODE_REL ? ktime_get() + offset + time : time;
	timer->dmk.due = timer->expires - offset;
	enqueue(&timer->dmk);
	pthread_mutex_unlock(&lock);
}

int hrtimer_try_to_cancel(struct hrtimer *timer)
{
	int result;

	pthread_mutex_lock(&lock);
	result = running == &timer->dmk ? -1 : dequeue(&timer->dmk);
	pthread_mutex_unlock(&lock);
	return result;
}

int hrtimer_cancel(struct hrtimer *timer)
{
	bool was;

	pthread_mutex_lock(&lock);
	was = dequeue(&timer->dmk);
	wait_until_idle(&timer->dmk);
	was |= dequeue(&timer->dmk);
	pthread_mutex_unlock(&lock);
	return was;
}

bool hrtimer_is_queued(struct hrtimer *timer)
{
	bool queued;

	pthread_mutex_lock(&lock);
	queued = timer->dmk.queued;
	pthread_mutex_unlock(&lock);
	return queued;
}

bool hrtimer_active(const struct hrtimer *timer)
{
	bool active;

	pthread_mutex_lock(&lock);
	active = timer->dmk.queued || running == &timer->dmk;
	pthread_mutex_unlock(&lock);
	return active;
}

u64 hrtimer_forward(struct hrtimer *timer, ktime_t now, ktime_t interval)
{
	u64 intervals;

	if (interval <= 0 || now < timer->expires)
		return 0;
	intervals = (now - timer->expires) / interval + 1;
	timer->expires += intervals * interval;
	return intervals;
}

u64 hrtimer_forward_now(struct hrtimer *timer, ktime_t interval)
{
	return hrtimer_forward(timer, ktime_get() + clock_offset(timer), interval);
}

ktime_t hrtimer_get_remaining(const struct hrtimer *timer)
{
	return timer->expires - ktime_get() - clock_offset(timer);
}
