/* SPDX-License-Identifier: MIT */
/*
 * Tasklets: short work that an interrupt handler leaves for right afterwards. One thread runs them,
 * in softirq context, in the order they were scheduled; so one never runs beside itself.
 *
 *	scheduled --> incoming (no lock) --> queue --> runs
 *
 * Scheduling is on the way of each completion, so it takes no lock: who sets `scheduled` pushes
 * the tasklet, which is nobody else's until the runner has moved it to the queue. The runner looks
 * at what is incoming after it said that it is asleep, and who pushes looks at that after the push
 * (both sequentially consistent), so that one of them sees the other.
 */
#include "internal.h"

#include <sched.h>

#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/kthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the queue and every tasklet */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER, idle = PTHREAD_COND_INITIALIZER;
static struct list_head *incoming; /* atomic: the newest; .next is the one before */
static LIST_HEAD(queue);
static bool asleep; /* atomic: the runner is, or is about to be */
static struct tasklet_struct *running;
static struct task_struct *runner;
/* atomic: nothing is scheduled before the start, or after the end */
static bool stopping = true;

/*
 * What is incoming goes to the queue, in its order. With the lock held. The acquire pairs with the
 * push.
 */
static void collect(void)
{
	struct list_head *link = __atomic_exchange_n(&incoming, NULL, __ATOMIC_ACQUIRE), *older;
	struct list_head *const at = queue.prev;

	/* From the newest to the oldest, each before the one that came after it. */
	for (; link; link = older) {
		older = link->next;
		list_add(link, at);
		container_of(link, struct tasklet_struct, link)->queued = true;
	}
}

static void unqueue(struct tasklet_struct *tasklet)
{
	list_del(&tasklet->link);
	tasklet->queued = false;
	/* An exchange: what was written before it was scheduled again, in vain, is seen. */
	(void)__atomic_exchange_n(&tasklet->scheduled, false, __ATOMIC_ACQ_REL);
}

/* The first that is not disabled; a disabled one keeps its place. */
static struct tasklet_struct *next_ready(void)
{
	struct tasklet_struct *tasklet;

	list_for_each_entry(tasklet, &queue, link)
		if (!tasklet->count)
			return tasklet;
	return NULL;
}

/* It may be freed by its own function, so it is not looked at afterwards. */
static void run(struct tasklet_struct *tasklet)
{
	unqueue(tasklet);
	running = tasklet;
	pthread_mutex_unlock(&lock);
	dmk_interleave();
	dmk_preempt_add(SOFTIRQ_OFFSET);
	if (tasklet->use_callback)
		tasklet->callback(tasklet);
	else
		tasklet->func(tasklet->data);
	dmk_preempt_add(-(int)SOFTIRQ_OFFSET);
	pthread_mutex_lock(&lock);
	running = NULL;
	pthread_cond_broadcast(&idle);
}

/* Until something is incoming, or else may have changed. With the lock held. */
static void wait_for_work(void)
{
	__atomic_store_n(&asleep, true, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&incoming, __ATOMIC_SEQ_CST))
		pthread_cond_wait(&changed, &lock);
	__atomic_store_n(&asleep, false, __ATOMIC_RELAXED);
}

static int tasklet_thread(void *data)
{
	struct tasklet_struct *tasklet;

	pthread_mutex_lock(&lock);
	while (!__atomic_load_n(&stopping, __ATOMIC_RELAXED)) {
		collect();
		tasklet = next_ready();
		if (tasklet)
			run(tasklet);
		else
			wait_for_work();
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

int dmk_softirq_start(void)
{
	pthread_mutex_lock(&lock);
	__atomic_store_n(&stopping, false, __ATOMIC_RELAXED);
	runner = dmk_thread_run(tasklet_thread, NULL, "softirq");
	pthread_mutex_unlock(&lock);
	return runner ? 0 : -ENOMEM;
}

void dmk_softirq_stop(void)
{
	struct tasklet_struct *tasklet, *next;

	pthread_mutex_lock(&lock);
	__atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	kthread_stop(runner);
	/*
	 * What is left is of drivers that forgot it: it can be scheduled again, should there be a
	 * next machine.
	 */
	pthread_mutex_lock(&lock);
	runner = NULL;
	collect();
	list_for_each_entry_safe(tasklet, next, &queue, link)
		unqueue(tasklet);
	pthread_mutex_unlock(&lock);
}

void tasklet_setup(struct tasklet_struct *tasklet, void (*callback)(struct tasklet_struct *tasklet))
{
	*tasklet = (struct tasklet_struct){.use_callback = true, .callback = callback};
}

void tasklet_init(struct tasklet_struct *tasklet, void (*func)(unsigned long data),
		  unsigned long data)
{
	*tasklet = (struct tasklet_struct){.func = func, .data = data};
}

static void push(struct list_head *link)
{
	link->next = __atomic_load_n(&incoming, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&incoming, &link->next, link, true, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED))
		;
}

void tasklet_schedule(struct tasklet_struct *tasklet)
{
	if (__atomic_load_n(&stopping, __ATOMIC_RELAXED) ||
	    __atomic_exchange_n(&tasklet->scheduled, true, __ATOMIC_ACQ_REL))
		return;
	push(&tasklet->link);
	if (!__atomic_load_n(&asleep, __ATOMIC_SEQ_CST))
		return;
	pthread_mutex_lock(&lock);
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
}

static void wait_until_idle(struct tasklet_struct *tasklet)
{
	while (running == tasklet && current != runner)
		pthread_cond_wait(&idle, &lock);
}

void tasklet_disable_nosync(struct tasklet_struct *tasklet)
{
	pthread_mutex_lock(&lock);
	tasklet->count++;
	pthread_mutex_unlock(&lock);
}

void tasklet_disable(struct tasklet_struct *tasklet)
{
	dmk_might_sleep_at("tasklet_disable", DMK_HERE);
	pthread_mutex_lock(&lock);
	tasklet->count++;
	wait_until_idle(tasklet);
	pthread_mutex_unlock(&lock);
}

void tasklet_enable(struct tasklet_struct *tasklet)
{
	pthread_mutex_lock(&lock);
	tasklet->count--;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
}

static bool is_scheduled(const struct tasklet_struct *tasklet)
{
	return __atomic_load_n(&tasklet->scheduled, __ATOMIC_ACQUIRE);
}

/* It is on the queue; or who scheduled it is about to push it: then let him. With the lock held. */
static void take_off(struct tasklet_struct *tasklet)
{
	collect();
	if (tasklet->queued) {
		unqueue(tasklet);
		return;
	}
	pthread_mutex_unlock(&lock);
	sched_yield();
	pthread_mutex_lock(&lock);
}

/* What is scheduled runs first, as in Linux; a disabled one would never, so it is taken off. */
void tasklet_kill(struct tasklet_struct *tasklet)
{
	dmk_might_sleep_at("tasklet_kill", DMK_HERE);
	dmk_tasklet_rest(tasklet);
}

void dmk_tasklet_rest(struct tasklet_struct *tasklet)
{
	pthread_mutex_lock(&lock);
	while ((is_scheduled(tasklet) && !tasklet->count) ||
	       (running == tasklet && current != runner))
		pthread_cond_wait(&idle, &lock);
	while (is_scheduled(tasklet))
		take_off(tasklet);
	pthread_mutex_unlock(&lock);
}
