// SPDX-License-Identifier: MIT
/*
 * The threads that copy: who does which channel's descriptors, when.
 *
 *	issue_pending --> a lane is incoming --> on the queue --> a thread takes it, does some of
 *	its descriptors in their order, calls back, and puts it at the queue's end if there are more
 *
 * A lane is incoming or on the queue, or a thread's, or idle: `busy` says which of the former
 * against the last, guarded by the channel's lock. So one thread at a time does a channel's
 * descriptors and calls back for them, and both happen in their order (ENG-04). There are as many
 * threads as processors, at most 4, whatever the number of channels (ENG-03).
 *
 * Who submits takes no lock but his channel's, unless a thread has to be woken. That takes longer
 * than copying 100 KiB, so a thread that has nothing to do looks on for a moment before it sleeps;
 * one does at a time, and none where there is a single processor. `ready` counts the threads that
 * will look at what is incoming soon: not those that sleep, and not those that copy much. Who
 * pushes a lane looks at `ready` after it, and who is ready no more looks at what is incoming after
 * that (all sequentially consistent): so one of them sees the other, and wakes a thread.
 *
 * A channel's lock may be taken with the queue's held, not the other way round.
 */
#include "copy.h"

#include <errno.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <linux/kthread.h>

enum {
	THREADS = 4,
	JOB = 4 << 10, /* what a job costs beside its copy, in bytes copied */
	LINE = 64,
	BATCH = 256 << 10, /* bytes, after which is called back */
	HEAVY = 256 << 10, /* bytes of a job whose end others had better not wait for */
	BACKLOG = 32,      /* batches that one thread does while others wait, before it wakes one */
	LOOKS = 64,        /* at what is incoming, between two at the clock */
	LOOK_NS = 20000,
};

static struct {
	struct list_head *incoming; /* atomic: the newest lane's; .next is the one before */
	unsigned int ready;         /* atomic */
	unsigned int waiting;       /* atomic, written with the lock held: lanes on the queue */
	bool ending;                /* the same */

	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t more, idle;
	struct list_head queue;
	unsigned int sleeping, woken; /* threads; of them those that are to get up */
	bool looking;

	struct task_struct *thread[THREADS];
	unsigned int nr;
	bool alone; /* there is one processor */
} threads = {.lock = PTHREAD_MUTEX_INITIALIZER,
	     .more = PTHREAD_COND_INITIALIZER,
	     .idle = PTHREAD_COND_INITIALIZER};

static bool is_ending(void)
{
	return __atomic_load_n(&threads.ending, __ATOMIC_RELAXED);
}

static bool is_incoming(void)
{
	return __atomic_load_n(&threads.incoming, __ATOMIC_SEQ_CST);
}

static bool others_wait(void)
{
	return is_incoming() || __atomic_load_n(&threads.waiting, __ATOMIC_RELAXED);
}

/* --- waking ----------------------------------------------------------------------------------- */

/* The thread counts as ready from now on: who pushes next need not wake one more. Lock held. */
static void wake_one(void)
{
	if (threads.sleeping == threads.woken)
		return;
	threads.woken++;
	__atomic_add_fetch(&threads.ready, 1, __ATOMIC_SEQ_CST);
	pthread_cond_signal(&threads.more);
}

static void wake_if_none_is_ready(void)
{
	if (__atomic_load_n(&threads.ready, __ATOMIC_SEQ_CST))
		return;
	pthread_mutex_lock(&threads.lock);
	wake_one();
	pthread_mutex_unlock(&threads.lock);
}

void dmk_copy_push(struct lane *lane)
{
	struct list_head *link = &lane->link;

	link->next = __atomic_load_n(&threads.incoming, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&threads.incoming, &link->next, link, true,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	wake_if_none_is_ready();
}

static void not_ready(void)
{
	__atomic_sub_fetch(&threads.ready, 1, __ATOMIC_SEQ_CST);
	if (others_wait())
		wake_if_none_is_ready();
}

static void ready_again(void)
{
	__atomic_add_fetch(&threads.ready, 1, __ATOMIC_SEQ_CST);
}

static void tell_waiters(void)
{
	pthread_mutex_lock(&threads.lock);
	pthread_cond_broadcast(&threads.idle);
	pthread_mutex_unlock(&threads.lock);
}

/* --- one lane --------------------------------------------------------------------------------- */

/* Nobody is called back any more. Return: whether somebody waits for that. The lock is held. */
static bool stop_calls(struct lane *lane)
{
	const bool awaited = lane->awaited;

	__atomic_store_n(&lane->calls, NULL, __ATOMIC_RELAXED);
	lane->awaited = false;
	list_splice_init(&lane->returned, &lane->spare);
	lane->spares += lane->returns;
	lane->returns = 0;
	return awaited;
}

/* Others have their turn; the lane stays busy. */
static void pause_lane(struct lane *lane)
{
	bool awaited;

	spin_lock_irq(&lane->vc.lock);
	awaited = stop_calls(lane);
	spin_unlock_irq(&lane->vc.lock);
	if (awaited)
		tell_waiters();
}

/*
 * The first descriptor is the caller's, with those behind it. NULL: there is nothing to do, and the
 * lane is idle.
 */
static struct job *begin(struct lane *lane)
{
	struct virt_dma_desc *first;
	bool awaited;

	spin_lock_irq(&lane->vc.lock);
	awaited = stop_calls(lane);
	if (list_empty(&lane->taken))
		list_splice_init(&lane->vc.desc_issued, &lane->taken);
	first = list_first_entry_or_null(&lane->taken, struct virt_dma_desc, node);
	lane->active = first;
	lane->busy = first;
	spin_unlock_irq(&lane->vc.lock);
	if (awaited)
		tell_waiters();
	return first ? to_job(first) : NULL;
}

/* What is taken was dropped, and the thread is still the one that may look at it without a lock. */
static void end_transfers(struct lane *lane)
{
	struct virt_dma_desc *vd;

	list_for_each_entry(vd, &lane->taken, node) {
		dmk_copy_transfers_end(to_job(vd));
		__atomic_store_n(&to_job(vd)->done, 0, __ATOMIC_RELAXED);
	}
}

/* The descriptors up to @last are about to end. */
static void tell_ends(struct lane *lane, const struct job *last)
{
	struct virt_dma_desc *vd;

	list_for_each_entry(vd, &lane->taken, node) {
		dmk_engine_tell(DMK_ENGINE_ENDED, &vd->tx);
		if (vd == &last->vd)
			return;
	}
}

/* The channel's lock is held. */
static void end_locked(struct lane *lane, struct job *last, struct list_head *done)
{
	if (lane->dropped) {
		list_splice_tail_init(&lane->taken, &lane->vc.desc_terminated);
	} else {
		if (dmk_observed())
			tell_ends(lane, last);
		lane->vc.chan.completed_cookie = last->vd.tx.cookie;
		list_cut_position(done, &lane->taken, &last->vd.node);
	}
	lane->active = false;
	__atomic_store_n(&lane->dropped, false, __ATOMIC_RELAXED);
	__atomic_store_n(&lane->calls, current, __ATOMIC_RELAXED);
}

/*
 * The descriptors up to @last have ended, and go to @done; the caller calls back. Unless all that
 * are taken were dropped: nobody is called for those.
 */
static void end(struct lane *lane, struct job *last, struct list_head *done)
{
	bool awaited;

	spin_lock_irq(&lane->vc.lock);
	if (lane->dropped) {
		spin_unlock_irq(&lane->vc.lock);
		end_transfers(lane);
		spin_lock_irq(&lane->vc.lock);
	}
	awaited = lane->dropped && lane->awaited;
	end_locked(lane, last, done);
	spin_unlock_irq(&lane->vc.lock);
	if (awaited)
		tell_waiters();
}

static void note_failure(struct lane *lane, dma_cookie_t cookie)
{
	spin_lock_irq(&lane->vc.lock);
	lane->failed[lane->failures++ % FAILURES_KEPT] = cookie;
	spin_unlock_irq(&lane->vc.lock);
}

static void perform(struct lane *lane, struct job *job)
{
	enum dmaengine_tx_result result;

	if (job->size >= HEAVY)
		not_ready();
	result = dmk_copy_perform(job);
	if (job->size >= HEAVY)
		ready_again();
	dmk_copy_transfers_end(job);
	job->vd.tx_result.result = result;
	job->vd.tx_result.residue = result ? left_of(job) : 0;
	if (result)
		note_failure(lane, job->vd.tx.cookie);
}

/* A descriptor comes from another processor's cache: that takes as long as copying some KiB. */
static void prefetch(const struct job *job)
{
	for (unsigned int line = 0; line < sizeof(*job) / LINE; line++)
		__builtin_prefetch((const char *)job + line * LINE, 1);
}

/* NULL: it is the last that was taken. */
static struct job *after(struct lane *lane, struct job *job)
{
	if (list_is_last(&job->vd.node, &lane->taken))
		return NULL;
	return to_job(list_next_entry(&job->vd, node));
}

/* One after the other, until others should have a turn. Return: the last one that was done. */
static struct job *perform_some(struct lane *lane, struct job *job)
{
	struct job *last, *next = job;
	size_t work = 0;

	do {
		last = next;
		next = after(lane, last);
		if (next)
			prefetch(next);
		perform(lane, last);
		work += last->size + JOB;
	} while (next && work < BATCH && !__atomic_load_n(&lane->dropped, __ATOMIC_RELAXED));
	return last;
}

/* As a tasklet would, but without another thread to be woken. */
static void call_back(struct list_head *done)
{
	struct virt_dma_desc *vd;

	/* It may come again (DMA_CTRL_REUSE). */
	list_for_each_entry(vd, done, node) {
		vd->tx.cookie = 0;
		__atomic_store_n(&to_job(vd)->done, 0, __ATOMIC_RELAXED);
	}
	dmk_interleave();
	dmk_preempt_add(SOFTIRQ_OFFSET);
	dmk_vchan_call_back(done);
	dmk_preempt_add(-(int)SOFTIRQ_OFFSET);
}

/* Return: false: the lane is idle, and no longer the caller's. */
static bool serve(struct lane *lane)
{
	struct job *job = begin(lane);
	LIST_HEAD(done);

	if (!job)
		return false;
	end(lane, perform_some(lane, job), &done);
	call_back(&done);
	return true;
}

static bool is_active(struct lane *lane)
{
	bool active;

	spin_lock_irq(&lane->vc.lock);
	active = lane->dropped || (lane->calls && lane->calls != current);
	lane->awaited |= active;
	spin_unlock_irq(&lane->vc.lock);
	return active;
}

/*
 * Whoever ends what is waited for does it with the channel's lock held, and tells with the
 * threads': it is not missed.
 */
void dmk_copy_wait(struct lane *lane)
{
	pthread_mutex_lock(&threads.lock);
	while (is_active(lane))
		pthread_cond_wait(&threads.idle, &threads.lock);
	pthread_mutex_unlock(&threads.lock);
}

/* --- a thread --------------------------------------------------------------------------------- */

/* With the lock held, as all below but look(). */
static void enqueue(struct list_head *link, struct list_head *after)
{
	list_add(link, after);
	__atomic_store_n(&threads.waiting, threads.waiting + 1, __ATOMIC_RELAXED);
}

/* What is incoming goes to the queue, in its order. */
static void collect(void)
{
	struct list_head *link = __atomic_exchange_n(&threads.incoming, NULL, __ATOMIC_SEQ_CST);
	struct list_head *const after = threads.queue.prev, *older;

	/* From the newest to the oldest, each before the one that came after it. */
	for (; link; link = older) {
		older = link->next;
		enqueue(link, after);
	}
}

static struct lane *dequeue(void)
{
	struct lane *lane = list_first_entry_or_null(&threads.queue, struct lane, link);

	if (!lane)
		return NULL;
	list_del(&lane->link);
	__atomic_store_n(&threads.waiting, threads.waiting - 1, __ATOMIC_RELAXED);
	return lane;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* For a while. There may be fewer processors than threads that want one: they go first. */
static void look(void)
{
	const uint64_t limit = now_ns() + LOOK_NS;

	do {
		for (unsigned int i = 0; i < LOOKS; i++) {
			if (is_incoming() || is_ending())
				return;
			cpu_relax();
		}
		sched_yield();
	} while (now_ns() < limit);
}

/* Without the lock, as the only one. Return: whether there may be something to do now. */
static bool look_on(void)
{
	if (threads.alone || threads.looking)
		return false;
	threads.looking = true;
	pthread_mutex_unlock(&threads.lock);
	look();
	pthread_mutex_lock(&threads.lock);
	threads.looking = false;
	return others_wait() || is_ending();
}

static void sleep_until_woken(void)
{
	__atomic_sub_fetch(&threads.ready, 1, __ATOMIC_SEQ_CST);
	if (is_incoming()) {
		ready_again();
		return;
	}
	threads.sleeping++;
	while (!threads.woken && !is_ending())
		pthread_cond_wait(&threads.more, &threads.lock);
	threads.sleeping--;
	if (threads.woken)
		threads.woken--;
	else
		ready_again();
}

/* Others are let to it after a batch. @backlog: batches for which somebody had to wait. */
static void work_on(struct lane *lane, unsigned int *backlog)
{
	bool more;

	if (threads.waiting && ++*backlog % BACKLOG == 0)
		wake_one();
	pthread_mutex_unlock(&threads.lock);
	do
		more = serve(lane);
	while (more && !others_wait() && !is_ending());
	if (more)
		pause_lane(lane);
	pthread_mutex_lock(&threads.lock);
	if (more)
		enqueue(&lane->link, threads.queue.prev);
}

static int copy_thread(void *unused)
{
	unsigned int backlog = 0;
	struct lane *lane;

	pthread_mutex_lock(&threads.lock);
	ready_again();
	while (!is_ending()) {
		collect();
		lane = dequeue();
		if (lane) {
			work_on(lane, &backlog);
			continue;
		}
		backlog = 0;
		if (!look_on())
			sleep_until_woken();
	}
	pthread_mutex_unlock(&threads.lock);
	return 0;
}

/* --- life ------------------------------------------------------------------------------------- */

int dmk_copy_threads_start(void)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	const unsigned int wanted = processors < 1         ? 1
				    : processors < THREADS ? processors
							   : THREADS;

	INIT_LIST_HEAD(&threads.queue);
	threads.incoming = NULL;
	threads.ready = threads.waiting = threads.sleeping = threads.woken = 0;
	threads.ending = threads.looking = false;
	threads.alone = wanted == 1;
	for (threads.nr = 0; threads.nr < wanted; threads.nr++) {
		threads.thread[threads.nr] = dmk_thread_run(copy_thread, NULL, "dma-copy");
		if (!threads.thread[threads.nr])
			break;
	}
	return threads.nr ? 0 : -ENOMEM;
}

void dmk_copy_threads_stop(void)
{
	pthread_mutex_lock(&threads.lock);
	__atomic_store_n(&threads.ending, true, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&threads.more);
	pthread_mutex_unlock(&threads.lock);
	while (threads.nr)
		kthread_stop(threads.thread[--threads.nr]);
}
