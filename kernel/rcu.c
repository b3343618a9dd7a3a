/* SPDX-License-Identifier: MIT */
/*
 * Read-copy-update, as one read-write lock that readers share: a grace period is taking it for
 * writing once. Slow for writers, and right.
 */
#include "internal.h"

#include <stdlib.h>

#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

/* Readers pass waiting writers (the default kind), so a reader may read within a read. */
static pthread_rwlock_t readers = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list */
static struct rcu_head *first, **last = &first;

static void run_callbacks(struct work_struct *work);
static DECLARE_WORK(callbacks, run_callbacks);

void dmk_rcu_read_lock(void)
{
	if (!dmk_self()->rcu_depth++)
		pthread_rwlock_rdlock(&readers);
}

void dmk_rcu_read_unlock(void)
{
	if (!--dmk_self()->rcu_depth)
		pthread_rwlock_unlock(&readers);
}

static void grace_period(void)
{
	pthread_rwlock_wrlock(&readers);
	pthread_rwlock_unlock(&readers);
}

void synchronize_rcu(void)
{
	dmk_might_sleep_at("synchronize_rcu", DMK_HERE);
	grace_period();
}

static void run_callbacks(struct work_struct *work)
{
	struct rcu_head *head, *next;

	pthread_mutex_lock(&lock);
	head = first;
	first = NULL;
	last = &first;
	pthread_mutex_unlock(&lock);
	grace_period();
	for (; head; head = next) {
		next = head->next;
		head->func(head);
	}
}

void call_rcu(struct rcu_head *head, void (*function)(struct rcu_head *head))
{
	pthread_mutex_lock(&lock);
	head->next = NULL;
	head->func = function;
	*last = head;
	last = &head->next;
	pthread_mutex_unlock(&lock);
	schedule_work(&callbacks);
}

/*
 * The object to free is found from the head's place in it, which only the caller knows: a note of
 * our own carries it.
 */
struct note {
	struct rcu_head head;
	void *memory;
};

static void free_noted(struct rcu_head *head)
{
	struct note *note = (struct note *)head;

	kfree(note->memory);
	free(note);
}

void dmk_kfree_rcu(void *memory, struct rcu_head *head)
{
	struct note *note = malloc(sizeof(*note));

	if (note) {
		note->memory = memory;
		call_rcu(&note->head, free_noted);
		return;
	}
	synchronize_rcu();
	kfree(memory);
}

void rcu_barrier(void)
{
	flush_work(&callbacks);
}
