/* SPDX-License-Identifier: MIT */
/*
 * Workqueues: queued work runs in threads that may sleep. Every queue has threads of its own, made
 * when there is work and nobody free, up to what it may run at a time; so work that waits for other
 * work finds a thread for it.
 *
 * One lock for all. A work is its driver's, and may be freed in its own function: once a thread has
 * taken it off its queue, only the thread's note of what it runs is looked at. The same work never
 * runs twice at a time, whatever queues it is put on.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

enum { WORKERS_MAX = 64, DRAIN_ROUNDS = 100 };

struct worker {
	struct list_head link; /* in its queue */
	struct workqueue_struct *queue;
	struct task_struct *task;
	struct work_struct *running; /* compared, never followed, once its function was called */
	u64 ticket;                  /* of what it runs, for flushes */
};

struct workqueue_struct {
	struct list_head link; /* in queues */
	char name[32];
	unsigned int max_workers;
	struct list_head works;
	struct list_head workers;
	unsigned int nr_workers, nr_idle;
	bool ending;
};

struct workqueue_struct *dmk_system_wq, *dmk_system_long_wq;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all of this, and every work */
static pthread_cond_t queued = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(queues);
static u64 tickets;

/* --- workers ---------------------------------------------------------------------------------- */

static struct worker *runs(const struct work_struct *work)
{
	struct workqueue_struct *queue;
	struct worker *worker;

	list_for_each_entry(queue, &queues, link)
		list_for_each_entry(worker, &queue->workers, link)
			if (worker->running == work)
				return worker;
	return NULL;
}

/* The first that is not running on another thread. */
static struct work_struct *next_work(struct workqueue_struct *queue)
{
	struct work_struct *work;

	list_for_each_entry(work, &queue->works, entry)
		if (!runs(work))
			return work;
	return NULL;
}

static bool add_worker(struct workqueue_struct *queue);

/*
 * With the lock held: what is queued may be what this thread is about to wait for, so there is a
 * thread for it too.
 */
static void want_worker(struct workqueue_struct *queue)
{
	if (!list_empty(&queue->works) && !queue->nr_idle &&
	    queue->nr_workers < queue->max_workers && !queue->ending)
		add_worker(queue);
}

static void run(struct worker *worker, struct work_struct *work)
{
	work_func_t function = work->func;

	list_del_init(&work->entry);
	work->pending = false;
	worker->running = work;
	worker->ticket = work->dmk_ticket;
	want_worker(worker->queue);
	pthread_mutex_unlock(&lock);
	dmk_interleave();
	function(work);
	if (dmk_self()->preempt || dmk_self()->irqs_off) {
		dmk_complain(NULL, "workqueue: %pS returned with a spinlock held or interrupts off",
			     function);
		dmk_self()->preempt = 0;
		dmk_self()->irqs_off = false;
	}
	pthread_mutex_lock(&lock);
	worker->running = NULL;
	/* Work that waited because it ran here may run now, anywhere. */
	pthread_cond_broadcast(&queued);
	pthread_cond_broadcast(&done);
}

static int worker_thread(void *data)
{
	struct worker *worker = data;
	struct workqueue_struct *queue = worker->queue;
	struct work_struct *work;

	pthread_mutex_lock(&lock);
	for (;;) {
		work = next_work(queue);
		if (work) {
			run(worker, work);
			continue;
		}
		if (queue->ending)
			break;
		queue->nr_idle++;
		pthread_cond_wait(&queued, &lock);
		queue->nr_idle--;
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

/*
 * With the lock held. One thread always exists; that another can't be made then only means that it
 * takes longer.
 */
static bool add_worker(struct workqueue_struct *queue)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return false;
	worker->queue = queue;
	worker->task = dmk_thread_run(worker_thread, worker, queue->name);
	if (!worker->task) {
		free(worker);
		return false;
	}
	list_add_tail(&worker->link, &queue->workers);
	queue->nr_workers++;
	return true;
}

/* --- queues ----------------------------------------------------------------------------------- */

struct workqueue_struct *dmk_alloc_workqueue(const char *name, unsigned int flags, int max_active,
					     ...)
{
	struct workqueue_struct *queue = dmk_should_fail(DMK_FAIL_THREAD, DMK_CALLER)
						 ? NULL
						 : calloc(1, sizeof(*queue));
	va_list arguments;
	bool made;

	dmk_might_sleep_at("alloc_workqueue", DMK_HERE);
	if (!queue)
		return NULL;
	va_start(arguments, max_active);
	dmk_vsnprintf(queue->name, sizeof(queue->name), name, arguments);
	va_end(arguments);
	queue->max_workers = max_active ? clamp(max_active, 1, (int)WORKERS_MAX) : WORKERS_MAX;
	INIT_LIST_HEAD(&queue->works);
	INIT_LIST_HEAD(&queue->workers);
	pthread_mutex_lock(&lock);
	made = add_worker(queue);
	if (made)
		list_add_tail(&queue->link, &queues);
	pthread_mutex_unlock(&lock);
	if (made)
		return queue;
	free(queue);
	return NULL;
}

static void queue_free(struct workqueue_struct *queue)
{
	struct worker *worker, *next;

	pthread_mutex_lock(&lock);
	queue->ending = true;
	pthread_cond_broadcast(&queued);
	pthread_mutex_unlock(&lock);
	/* Workers are added by queue_work() alone, and nobody queues on what is being destroyed. */
	list_for_each_entry(worker, &queue->workers, link)
		kthread_stop(worker->task);
	pthread_mutex_lock(&lock);
	list_del(&queue->link);
	pthread_mutex_unlock(&lock);
	list_for_each_entry_safe(worker, next, &queue->workers, link)
		free(worker);
	free(queue);
}

void destroy_workqueue(struct workqueue_struct *queue)
{
	dmk_might_sleep_at("destroy_workqueue", DMK_HERE);
	drain_workqueue(queue);
	queue_free(queue);
}

/* --- work ------------------------------------------------------------------------------------- */

void dmk_init_work(struct work_struct *work, work_func_t function)
{
	*work = (struct work_struct){ .func = function };
	INIT_LIST_HEAD(&work->entry);
}

static bool is_alive(const struct workqueue_struct *queue)
{
	const struct workqueue_struct *at;

	list_for_each_entry(at, &queues, link)
		if (at == queue)
			return !at->ending;
	return false;
}

/*
 * With the lock held, and pending set. A queue that ends takes no more, or work that queues itself
 * would keep it from ending.
 */
static void put_on(struct workqueue_struct *queue, struct work_struct *work)
{
	if (!is_alive(queue)) {
		work->pending = false;
		return;
	}
	work->dmk_queue = queue;
	work->dmk_ticket = ++tickets;
	list_add_tail(&work->entry, &queue->works);
	want_worker(queue);
	pthread_cond_broadcast(&queued);
}

/* With the lock held: make it pending, unless it is, or is being cancelled. */
static bool claim(struct work_struct *work)
{
	if (work->pending || work->dmk_cancelling)
		return false;
	work->pending = true;
	return true;
}

bool queue_work(struct workqueue_struct *queue, struct work_struct *work)
{
	bool mine;

	pthread_mutex_lock(&lock);
	mine = claim(work);
	if (mine)
		put_on(queue, work);
	pthread_mutex_unlock(&lock);
	dmk_interleave();
	return mine;
}

/*
 * With the lock held: off its queue, if it is on one. A delayed work that waits for its time is
 * pending and on none.
 */
static bool take_off(struct work_struct *work)
{
	bool was = work->pending;

	if (was && !list_empty(&work->entry))
		list_del_init(&work->entry);
	work->pending = false;
	pthread_cond_broadcast(&done);
	return was;
}

static bool is_own(const struct worker *worker)
{
	return worker && worker->task == current;
}

bool cancel_work(struct work_struct *work)
{
	bool was;

	pthread_mutex_lock(&lock);
	was = take_off(work);
	pthread_mutex_unlock(&lock);
	return was;
}

bool cancel_work_sync(struct work_struct *work)
{
	struct worker *worker;
	bool was;

	dmk_might_sleep_at("cancel_work_sync", DMK_HERE);
	pthread_mutex_lock(&lock);
	work->dmk_cancelling++;
	was = take_off(work);
	while ((worker = runs(work)) && !is_own(worker))
		pthread_cond_wait(&done, &lock);
	work->dmk_cancelling--;
	pthread_mutex_unlock(&lock);
	return was;
}

/*
 * The ticket of a work that is on a queue, or 0. It is found there, since one that ran may have
 * freed itself.
 */
static u64 ticket_queued(const struct work_struct *work)
{
	const struct workqueue_struct *queue;
	const struct work_struct *at;

	list_for_each_entry(queue, &queues, link)
		list_for_each_entry(at, &queue->works, entry)
			if (at == work)
				return at->dmk_ticket;
	return 0;
}

static bool is_up_to(u64 ticket, u64 last)
{
	return ticket && ticket <= last;
}

/*
 * With the lock held: until what is queued now, or runs, has run. What it queues in between is not
 * waited for.
 */
static bool wait_for_work(const struct work_struct *work)
{
	u64 last = tickets;
	bool waited = false;
	struct worker *worker;

	for (;;) {
		worker = runs(work);
		if (is_own(worker) ||
		    !(is_up_to(ticket_queued(work), last) || (worker && worker->ticket <= last)))
			break;
		waited = true;
		pthread_cond_wait(&done, &lock);
	}
	return waited;
}

bool flush_work(struct work_struct *work)
{
	bool waited;

	dmk_might_sleep_at("flush_work", DMK_HERE);
	pthread_mutex_lock(&lock);
	waited = wait_for_work(work);
	pthread_mutex_unlock(&lock);
	return waited;
}

/* Whether it has work to do that was queued up to @last. */
static bool busy(struct workqueue_struct *queue, u64 last)
{
	struct work_struct *work;
	struct worker *worker;

	list_for_each_entry(work, &queue->works, entry)
		if (work->dmk_ticket <= last)
			return true;
	list_for_each_entry(worker, &queue->workers, link)
		if (worker->running && worker->ticket <= last && worker->task != current)
			return true;
	return false;
}

/* With the lock held. What is queued meanwhile is not waited for. */
static void flush_queue(struct workqueue_struct *queue)
{
	u64 last = tickets;

	while (busy(queue, last))
		pthread_cond_wait(&done, &lock);
}

void flush_workqueue(struct workqueue_struct *queue)
{
	dmk_might_sleep_at("flush_workqueue", DMK_HERE);
	pthread_mutex_lock(&lock);
	flush_queue(queue);
	pthread_mutex_unlock(&lock);
}

/* Work may queue more, but has to come to an end. */
void drain_workqueue(struct workqueue_struct *queue)
{
	unsigned int rounds = 0;

	dmk_might_sleep_at("drain_workqueue", DMK_HERE);
	pthread_mutex_lock(&lock);
	while (busy(queue, ~0ULL)) {
		flush_queue(queue);
		if (++rounds == DRAIN_ROUNDS)
			printk(KERN_ERR
			       "workqueue %s: its work was run %d times and is there again; who drains it waits on\n",
			       queue->name, DRAIN_ROUNDS);
	}
	pthread_mutex_unlock(&lock);
}

bool dmk_work_pending(struct work_struct *work)
{
	bool pending;

	pthread_mutex_lock(&lock);
	pending = work->pending;
	pthread_mutex_unlock(&lock);
	return pending;
}

unsigned int work_busy(struct work_struct *work)
{
	unsigned int state;

	pthread_mutex_lock(&lock);
	state = (work->pending ? 1 : 0) | (runs(work) ? 2 : 0);
	pthread_mutex_unlock(&lock);
	return state;
}

/* --- later work ------------------------------------------------------------------------------- */

void dmk_init_delayed_work(struct delayed_work *work, work_func_t function)
{
	*work = (struct delayed_work){ .wq = NULL };
	dmk_init_work(&work->work, function);
	timer_setup(&work->timer, dmk_delayed_work_timer, 0);
}

/* Its time has come, unless it was cancelled in this very moment. */
void dmk_delayed_work_timer(struct timer_list *timer)
{
	struct delayed_work *work = timer_container_of(work, timer, timer);

	pthread_mutex_lock(&lock);
	if (work->work.pending && list_empty(&work->work.entry))
		put_on(work->wq, &work->work);
	pthread_mutex_unlock(&lock);
}

/* The timer is armed under the lock: who cancels the work after this finds it armed. */
bool queue_delayed_work(struct workqueue_struct *queue, struct delayed_work *work,
			unsigned long delay)
{
	bool mine;

	if (!delay)
		return queue_work(queue, &work->work);
	pthread_mutex_lock(&lock);
	mine = claim(&work->work);
	if (mine) {
		work->wq = queue;
		mod_timer(&work->timer, jiffies + delay);
	}
	pthread_mutex_unlock(&lock);
	return mine;
}

bool mod_delayed_work(struct workqueue_struct *queue, struct delayed_work *work,
		      unsigned long delay)
{
	bool was = cancel_delayed_work(work);

	queue_delayed_work(queue, work, delay);
	return was;
}

bool cancel_delayed_work(struct delayed_work *work)
{
	timer_delete(&work->timer);
	return cancel_work(&work->work);
}

bool cancel_delayed_work_sync(struct delayed_work *work)
{
	bool was;

	dmk_might_sleep_at("cancel_delayed_work_sync", DMK_HERE);
	/*
	 * The timer's function may queue it, so the timer goes first; the work can't start the
	 * timer again meanwhile.
	 */
	pthread_mutex_lock(&lock);
	work->work.dmk_cancelling++;
	pthread_mutex_unlock(&lock);
	was = timer_delete_sync(&work->timer);
	was |= cancel_work_sync(&work->work);
	pthread_mutex_lock(&lock);
	work->work.dmk_cancelling--;
	pthread_mutex_unlock(&lock);
	return was;
}

bool flush_delayed_work(struct delayed_work *work)
{
	dmk_might_sleep_at("flush_delayed_work", DMK_HERE);
	if (timer_delete_sync(&work->timer))
		dmk_delayed_work_timer(&work->timer);
	return flush_work(&work->work);
}

/* --- start and stop --------------------------------------------------------------------------- */

int dmk_work_start(void)
{
	dmk_system_wq = alloc_workqueue("events", 0, 0);
	dmk_system_long_wq = alloc_workqueue("events_long", 0, 0);
	if (dmk_system_wq && dmk_system_long_wq)
		return 0;
	if (dmk_system_wq)
		queue_free(dmk_system_wq);
	return -ENOMEM;
}

void dmk_work_stop(void)
{
	struct workqueue_struct *queue;

	rcu_barrier();
	while ((queue = list_first_entry_or_null(&queues, struct workqueue_struct, link))) {
		if (queue != dmk_system_wq && queue != dmk_system_long_wq)
			dmk_complain(NULL, "workqueue %s was never destroyed", queue->name);
		queue_free(queue);
	}
	dmk_system_wq = dmk_system_long_wq = NULL;
}
