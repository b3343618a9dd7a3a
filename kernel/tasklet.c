/* SPDX-License-Identifier: MIT */
/*
 * Tasklets: short work that an interrupt handler leaves for right afterwards. One thread runs them,
 * in softirq context, in the order they were scheduled; so one never runs beside itself.
 */
#include "internal.h"

#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/kthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the queue and every tasklet */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER, idle = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(queue);
static struct tasklet_struct *running;
static struct task_struct *runner;
static bool stopping = true; /* nothing is scheduled before the start, or after the end */

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
	struct tasklet_struct copy = *tasklet;

	list_del(&tasklet->link);
	tasklet->scheduled = false;
	running = tasklet;
	pthread_mutex_unlock(&lock);
	dmk_interleave();
	dmk_preempt_add(SOFTIRQ_OFFSET);
	if (copy.use_callback)
		copy.callback(tasklet);
	else
		copy.func(copy.data);
	dmk_preempt_add(-(int)SOFTIRQ_OFFSET);
	pthread_mutex_lock(&lock);
	running = NULL;
	pthread_cond_broadcast(&idle);
}

static int tasklet_thread(void *data)
{
	struct tasklet_struct *tasklet;

	pthread_mutex_lock(&lock);
	while (!stopping) {
		tasklet = next_ready();
		if (tasklet)
			run(tasklet);
		else
			pthread_cond_wait(&changed, &lock);
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

int dmk_softirq_start(void)
{
	pthread_mutex_lock(&lock);
	stopping = false;
	runner = dmk_thread_run(tasklet_thread, NULL, "softirq");
	pthread_mutex_unlock(&lock);
	return runner ? 0 : -ENOMEM;
}

void dmk_softirq_stop(void)
{
	struct tasklet_struct *tasklet, *next;

	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	kthread_stop(runner);
	/*
	 * What is left is of drivers that forgot it: it can be scheduled again, should there be a
	 * next machine.
	 */
	pthread_mutex_lock(&lock);
	runner = NULL;
	list_for_each_entry_safe(tasklet, next, &queue, link) {
		list_del(&tasklet->link);
		tasklet->scheduled = false;
	}
	pthread_mutex_unlock(&lock);
}

void tasklet_setup(struct tasklet_struct *tasklet, void (*callback)(struct tasklet_struct *tasklet))
{
	*tasklet = (struct tasklet_struct){ .use_callback = true, .callback = callback };
}

void tasklet_init(struct tasklet_struct *tasklet, void (*func)(unsigned long data),
		  unsigned long data)
{
	*tasklet = (struct tasklet_struct){ .func = func, .data = data };
}

void tasklet_schedule(struct tasklet_struct *tasklet)
{
	pthread_mutex_lock(&lock);
	if (!tasklet->scheduled && !stopping) {
		tasklet->scheduled = true;
		list_add_tail(&tasklet->link, &queue);
		pthread_cond_signal(&changed);
	}
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

/* What is scheduled runs first, as in Linux; a disabled one would never, so it is taken off. */
void tasklet_kill(struct tasklet_struct *tasklet)
{
	dmk_might_sleep_at("tasklet_kill", DMK_HERE);
	pthread_mutex_lock(&lock);
	while ((tasklet->scheduled && !tasklet->count) || (running == tasklet && current != runner))
		pthread_cond_wait(&idle, &lock);
	if (tasklet->scheduled) {
		list_del(&tasklet->link);
		tasklet->scheduled = false;
	}
	pthread_mutex_unlock(&lock);
}
