/* SPDX-License-Identifier: MIT */
/*
 * Wait queues, and completions on top of them.
 *
 * An entry is its waiter's, on its stack mostly. It is touched under the queue's lock alone, and
 * finish_wait() takes that lock always: so an entry is never looked at after its waiter went on.
 */
#include "internal.h"

#include <linux/completion.h>
#include <linux/kernel.h>
#include <linux/wait.h>

int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	return wake_up_state(entry->private, mode);
}

int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags,
			     void *key)
{
	int woken = default_wake_function(entry, mode, flags, key);

	if (woken)
		list_del_init(&entry->entry);
	return woken;
}

/* --- entries ---------------------------------------------------------------------------------- */

void add_wait_queue(struct wait_queue_head *queue, struct wait_queue_entry *entry)
{
	spin_lock(&queue->lock);
	entry->flags &= ~WQ_FLAG_EXCLUSIVE;
	list_add(&entry->entry, &queue->head);
	spin_unlock(&queue->lock);
}

void add_wait_queue_exclusive(struct wait_queue_head *queue, struct wait_queue_entry *entry)
{
	spin_lock(&queue->lock);
	entry->flags |= WQ_FLAG_EXCLUSIVE;
	list_add_tail(&entry->entry, &queue->head);
	spin_unlock(&queue->lock);
}

void remove_wait_queue(struct wait_queue_head *queue, struct wait_queue_entry *entry)
{
	spin_lock(&queue->lock);
	list_del(&entry->entry);
	spin_unlock(&queue->lock);
}

/*
 * Exclusive ones stand behind all others, so that a wake-up meets the others first. Called with the
 * lock held.
 */
static bool stand_in(struct wait_queue_head *queue, struct wait_queue_entry *entry)
{
	bool first = list_empty(&queue->head);

	if (!list_empty(&entry->entry))
		return false;
	if (entry->flags & WQ_FLAG_EXCLUSIVE)
		list_add_tail(&entry->entry, &queue->head);
	else
		list_add(&entry->entry, &queue->head);
	return first;
}

void prepare_to_wait(struct wait_queue_head *queue, struct wait_queue_entry *entry, int state)
{
	spin_lock(&queue->lock);
	entry->flags &= ~WQ_FLAG_EXCLUSIVE;
	stand_in(queue, entry);
	set_current_state(state);
	spin_unlock(&queue->lock);
}

bool prepare_to_wait_exclusive(struct wait_queue_head *queue, struct wait_queue_entry *entry,
			       int state)
{
	bool first;

	spin_lock(&queue->lock);
	entry->flags |= WQ_FLAG_EXCLUSIVE;
	first = stand_in(queue, entry);
	set_current_state(state);
	spin_unlock(&queue->lock);
	return first;
}

long prepare_to_wait_event(struct wait_queue_head *queue, struct wait_queue_entry *entry, int state)
{
	long result = 0;

	spin_lock(&queue->lock);
	if (signal_pending_state(state, current)) {
		/* Not on the queue, so that an exclusive wake-up is not spent on one who leaves. */
		list_del_init(&entry->entry);
		result = -ERESTARTSYS;
	} else {
		stand_in(queue, entry);
		set_current_state(state);
	}
	spin_unlock(&queue->lock);
	return result;
}

void finish_wait(struct wait_queue_head *queue, struct wait_queue_entry *entry)
{
	set_current_state(TASK_RUNNING);
	spin_lock(&queue->lock);
	list_del_init(&entry->entry);
	spin_unlock(&queue->lock);
}

bool waitqueue_active(struct wait_queue_head *queue)
{
	bool active;

	spin_lock(&queue->lock);
	active = !list_empty(&queue->head);
	spin_unlock(&queue->lock);
	return active;
}

/* --- waking ----------------------------------------------------------------------------------- */

static void wake(struct wait_queue_head *queue, unsigned int mode, int n, void *key)
{
	struct wait_queue_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &queue->head, entry) {
		bool exclusive = entry->flags & WQ_FLAG_EXCLUSIVE;

		if (entry->func(entry, mode, 0, key) && exclusive && --n == 0)
			return;
	}
}

void __wake_up(struct wait_queue_head *queue, unsigned int mode, int n, void *key)
{
	spin_lock(&queue->lock);
	wake(queue, mode, n, key);
	spin_unlock(&queue->lock);
}

void __wake_up_locked(struct wait_queue_head *queue, unsigned int mode, int n)
{
	wake(queue, mode, n, NULL);
}

/* --- completions ------------------------------------------------------------------------------ */

void complete(struct completion *completion)
{
	spin_lock(&completion->wait.lock);
	if (completion->done != UINT_MAX)
		completion->done++;
	wake(&completion->wait, TASK_NORMAL, 1, NULL);
	spin_unlock(&completion->wait.lock);
}

void complete_all(struct completion *completion)
{
	spin_lock(&completion->wait.lock);
	completion->done = UINT_MAX;
	wake(&completion->wait, TASK_NORMAL, 0, NULL);
	spin_unlock(&completion->wait.lock);
}

bool completion_done(struct completion *completion)
{
	bool done;

	spin_lock(&completion->wait.lock);
	done = completion->done;
	spin_unlock(&completion->wait.lock);
	return done;
}

static bool take_done(struct completion *completion)
{
	if (!completion->done)
		return false;
	if (completion->done != UINT_MAX)
		completion->done--;
	return true;
}

bool try_wait_for_completion(struct completion *completion)
{
	bool done;

	spin_lock(&completion->wait.lock);
	done = take_done(completion);
	spin_unlock(&completion->wait.lock);
	return done;
}

static void timed_out_at(const void *what, struct dmk_place place)
{
	if (dmk_observed())
		dmk_announce(&(
			struct dmk_event){.kind = DMK_EVENT_TIMED_OUT,
					  .cpu = what,
					  /* What lies on a stack may be beside anything. */
					  .size = dmk_in_stack(what) ? 0 : DMK_PAGE_SIZE,
					  DMK_AT(place)});
}

void dmk_timed_out(const void *what)
{
	timed_out_at(what, DMK_HERE);
}

/*
 * The lock is held when done is seen, so complete() has let go of the completion, which may end
 * with its waiter's stack.
 * Return: jiffies left, at least 1; 0; -ERESTARTSYS.
 */
static long wait_done(struct completion *completion, long timeout, unsigned int state,
		      struct dmk_place place)
{
	struct wait_queue_entry entry;
	long result;

	dmk_might_sleep_at("wait_for_completion", place);
	init_wait(&entry);
	entry.flags = WQ_FLAG_EXCLUSIVE;
	spin_lock(&completion->wait.lock);
	for (;;) {
		result = timeout > 0 ? timeout : 1;
		if (take_done(completion))
			break;
		result = signal_pending_state(state, current) ? -ERESTARTSYS : 0;
		if (result || !timeout)
			break;
		stand_in(&completion->wait, &entry);
		set_current_state(state);
		spin_unlock(&completion->wait.lock);
		timeout = schedule_timeout(timeout);
		spin_lock(&completion->wait.lock);
	}
	list_del_init(&entry.entry);
	spin_unlock(&completion->wait.lock);
	if (!result)
		timed_out_at(completion, place);
	return result;
}

static long as_timeout(unsigned long timeout)
{
	return timeout > MAX_SCHEDULE_TIMEOUT ? MAX_SCHEDULE_TIMEOUT : timeout;
}

void wait_for_completion(struct completion *completion)
{
	wait_done(completion, MAX_SCHEDULE_TIMEOUT, TASK_UNINTERRUPTIBLE, DMK_HERE);
}

void wait_for_completion_io(struct completion *completion)
{
	wait_done(completion, MAX_SCHEDULE_TIMEOUT, TASK_UNINTERRUPTIBLE, DMK_HERE);
}

int wait_for_completion_interruptible(struct completion *completion)
{
	long result = wait_done(completion, MAX_SCHEDULE_TIMEOUT, TASK_INTERRUPTIBLE, DMK_HERE);

	return result < 0 ? result : 0;
}

int wait_for_completion_killable(struct completion *completion)
{
	long result = wait_done(completion, MAX_SCHEDULE_TIMEOUT, TASK_KILLABLE, DMK_HERE);

	return result < 0 ? result : 0;
}

unsigned long wait_for_completion_timeout(struct completion *completion, unsigned long timeout)
{
	return wait_done(completion, as_timeout(timeout), TASK_UNINTERRUPTIBLE, DMK_HERE);
}

unsigned long wait_for_completion_io_timeout(struct completion *completion, unsigned long timeout)
{
	return wait_done(completion, as_timeout(timeout), TASK_UNINTERRUPTIBLE, DMK_HERE);
}

long wait_for_completion_interruptible_timeout(struct completion *completion, unsigned long timeout)
{
	return wait_done(completion, as_timeout(timeout), TASK_INTERRUPTIBLE, DMK_HERE);
}

long wait_for_completion_killable_timeout(struct completion *completion, unsigned long timeout)
{
	return wait_done(completion, as_timeout(timeout), TASK_KILLABLE, DMK_HERE);
}
