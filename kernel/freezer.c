/* SPDX-License-Identifier: MIT */
/*
 * Threads that stand still while the machine sleeps. Who has it sleep says so, wakes each freezable
 * kthread from its interruptible sleep, and waits until all stand still; a thread asks between the
 * store of its state and its sleep (linux/wait.h), so that it sees the one or is woken by the
 * other. It puts no device to sleep.
 */
#include "internal.h"

#include <errno.h>
#include <time.h>

#include <dmakit/kernel.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/string.h>

/* Guards sleeping's changes, and standing; pairs with itself alone. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool sleeping; /* atomic */

static bool is_freezable(const struct task_struct *task)
{
	return !(__atomic_load_n(&task->flags, __ATOMIC_ACQUIRE) & PF_NOFREEZE) &&
	       task->flags & PF_KTHREAD;
}

bool freezing(struct task_struct *task)
{
	return __atomic_load_n(&sleeping, __ATOMIC_SEQ_CST) && is_freezable(task);
}

bool frozen(struct task_struct *task)
{
	bool stands;

	pthread_mutex_lock(&lock);
	stands = task->dmk->stands_still;
	pthread_mutex_unlock(&lock);
	return stands;
}

bool dmk_stand_still(bool until_stopped)
{
	struct dmk_task *task = dmk_self();
	bool stood = false;

	if (!freezing(&task->task))
		return false;
	pthread_mutex_lock(&lock);
	while (sleeping && !(until_stopped && kthread_should_stop())) {
		task->stands_still = stood = true;
		pthread_cond_broadcast(&changed);
		pthread_cond_wait(&changed, &lock);
	}
	task->stands_still = false;
	pthread_mutex_unlock(&lock);
	dmk_set_state(TASK_RUNNING);
	return stood;
}

bool dmk_stood_still(void)
{
	return dmk_stand_still(false);
}

bool try_to_freeze(void)
{
	dmk_might_sleep_at("try_to_freeze", DMK_HERE);
	return dmk_stand_still(false);
}

bool set_freezable(void)
{
	__atomic_and_fetch(&current->flags, ~PF_NOFREEZE, __ATOMIC_SEQ_CST);
	return try_to_freeze();
}

void dmk_freezer_wake(void)
{
	pthread_mutex_lock(&lock);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* --- who has the machine sleep ---------------------------------------------------------------- */

struct round {
	unsigned int restless; /* that don't stand still yet */
	char name[TASK_COMM_LEN];
};

/* The lock is held, and the list's. */
static void look_at(struct dmk_task *task, void *ctx)
{
	struct round *round = ctx;

	if (!is_freezable(&task->task) || task->stands_still)
		return;
	if (!round->restless++)
		strscpy(round->name, task->task.comm, sizeof(round->name));
	wake_up_state(&task->task, TASK_INTERRUPTIBLE);
}

int dmk_threads_freeze(unsigned int patience_ms)
{
	struct round round;

	pthread_mutex_lock(&lock);
	__atomic_store_n(&sleeping, true, __ATOMIC_SEQ_CST);
	for (unsigned int waited = 0;; waited++) {
		round = (struct round){0};
		dmk_tasks_each(look_at, &round);
		if (!round.restless || waited == patience_ms)
			break;
		pthread_mutex_unlock(&lock);
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		pthread_mutex_lock(&lock);
	}
	pthread_mutex_unlock(&lock);
	if (!round.restless)
		return 0;
	dmk_threads_thaw();
	dmk_complain(NULL, "thread \"%s\" is freezable, and did not stand still within %u ms",
		     round.name, patience_ms);
	return -EBUSY;
}

void dmk_threads_thaw(void)
{
	__atomic_store_n(&sleeping, false, __ATOMIC_SEQ_CST);
	dmk_freezer_wake();
}
