/* SPDX-License-Identifier: MIT */
/*
 * Locks: spinning ones, which count as "may not sleep", and sleeping ones, which are built on tasks
 *         that sleep and wake.
 *
 * A thread that takes a lock it holds waits for ever, as on the real machine; it says so first.
 */
#include "internal.h"

#include <sched.h>

#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/spinlock.h>

enum { SPINS = 200 };

/* --- spinlocks -------------------------------------------------------------------------------- */

/* The host has fewer CPUs than we have threads: after a while let the holder run. */
static void relax(unsigned int *spins)
{
	if (++*spins < SPINS)
		cpu_relax();
	else
		sched_yield();
}

static bool take(spinlock_t *lock)
{
	return !__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE);
}

static void say_deadlock(const char *what, const void *lock, const void *caller)
{
	dmk_complain(
		caller,
		"deadlock: %s takes the %s at %p, which it holds already; it now waits for ever",
		current->comm, what, lock);
}

/* Not inlined: a lock that is free is taken without saving what this needs. */
static __attribute__((__noinline__)) void wait_and_take(spinlock_t *lock)
{
	unsigned int spins = 0;

	do
		while (__atomic_load_n(&lock->locked, __ATOMIC_RELAXED))
			relax(&spins);
	while (!take(lock));
}

void dmk_spin_lock(spinlock_t *lock)
{
	struct dmk_task *self = dmk_self();

	dmk_interleave();
	self->preempt += PREEMPT_OFFSET;
	if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == &self->task)
		say_deadlock("spinlock", lock, __builtin_return_address(0));
	if (!take(lock))
		wait_and_take(lock);
	__atomic_store_n(&lock->owner, &self->task, __ATOMIC_RELAXED);
	dmk_interleave();
}

bool dmk_spin_trylock(spinlock_t *lock)
{
	const struct task_struct *me = current;

	dmk_interleave();
	dmk_preempt_add(PREEMPT_OFFSET);
	if (!take(lock)) {
		dmk_preempt_add(-(int)PREEMPT_OFFSET);
		return false;
	}
	__atomic_store_n(&lock->owner, me, __ATOMIC_RELAXED);
	return true;
}

void dmk_spin_unlock(spinlock_t *lock)
{
	if (!__atomic_load_n(&lock->locked, __ATOMIC_RELAXED)) {
		dmk_complain(__builtin_return_address(0),
			     "the spinlock at %p is unlocked, and nobody holds it", lock);
		return;
	}
	__atomic_store_n(&lock->owner, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
	dmk_preempt_add(-(int)PREEMPT_OFFSET);
	dmk_interleave();
}

/* --- read-write spinlocks --------------------------------------------------------------------- */

static bool take_read(rwlock_t *lock)
{
	int state = __atomic_load_n(&lock->state, __ATOMIC_RELAXED);

	return state >= 0 && __atomic_compare_exchange_n(&lock->state, &state, state + 1, false,
							 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static bool take_write(rwlock_t *lock)
{
	int none = 0;

	return __atomic_compare_exchange_n(&lock->state, &none, -1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

void dmk_read_lock(rwlock_t *lock)
{
	unsigned int spins = 0;

	dmk_interleave();
	dmk_preempt_add(PREEMPT_OFFSET);
	if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == current)
		say_deadlock("rwlock", lock, __builtin_return_address(0));
	while (!take_read(lock))
		relax(&spins);
}

bool dmk_read_trylock(rwlock_t *lock)
{
	dmk_preempt_add(PREEMPT_OFFSET);
	if (take_read(lock))
		return true;
	dmk_preempt_add(-(int)PREEMPT_OFFSET);
	return false;
}

void dmk_read_unlock(rwlock_t *lock)
{
	__atomic_fetch_sub(&lock->state, 1, __ATOMIC_RELEASE);
	dmk_preempt_add(-(int)PREEMPT_OFFSET);
	dmk_interleave();
}

void dmk_write_lock(rwlock_t *lock)
{
	unsigned int spins = 0;

	dmk_interleave();
	dmk_preempt_add(PREEMPT_OFFSET);
	if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == current)
		say_deadlock("rwlock", lock, __builtin_return_address(0));
	while (!take_write(lock))
		relax(&spins);
	__atomic_store_n(&lock->owner, (const void *)current, __ATOMIC_RELAXED);
}

bool dmk_write_trylock(rwlock_t *lock)
{
	dmk_preempt_add(PREEMPT_OFFSET);
	if (!take_write(lock)) {
		dmk_preempt_add(-(int)PREEMPT_OFFSET);
		return false;
	}
	__atomic_store_n(&lock->owner, (const void *)current, __ATOMIC_RELAXED);
	return true;
}

void dmk_write_unlock(rwlock_t *lock)
{
	__atomic_store_n(&lock->owner, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->state, 0, __ATOMIC_RELEASE);
	dmk_preempt_add(-(int)PREEMPT_OFFSET);
	dmk_interleave();
}

/* --- sleeping: waiters in order, each told when the lock is his ------------------------------- */

/*
 * On its thread's stack, on a list under the lock's spinlock; the one who grants it is done with it
 * when he lets that go.
 */
struct waiter {
	struct list_head link;
	struct task_struct *task;
	bool granted;
	bool writer;
};

/*
 * Called with @lock held, and returns with it held. Return: 0, -EINTR, -ETIME. @timeout in jiffies.
 */
static int wait_for_grant(spinlock_t *lock, struct list_head *list, struct waiter *waiter,
			  unsigned int state, long timeout)
{
	int err = 0;

	waiter->task = current;
	waiter->granted = false;
	list_add_tail(&waiter->link, list);
	while (!waiter->granted) {
		if (signal_pending_state(state, current))
			err = -EINTR;
		else if (timeout <= 0)
			err = -ETIME;
		if (err) {
			list_del(&waiter->link);
			break;
		}
		set_current_state(state);
		dmk_spin_unlock(lock);
		timeout = schedule_timeout(timeout);
		dmk_spin_lock(lock);
	}
	set_current_state(TASK_RUNNING);
	return err;
}

static void grant(struct waiter *waiter)
{
	list_del(&waiter->link);
	waiter->granted = true;
	wake_up_process(waiter->task);
}

/* --- mutexes ---------------------------------------------------------------------------------- */

void mutex_init(struct mutex *mutex)
{
	spin_lock_init(&mutex->wait_lock);
	mutex->owner = NULL;
	INIT_LIST_HEAD(&mutex->wait_list);
}

void mutex_destroy(struct mutex *mutex)
{
	if (mutex_is_locked(mutex))
		dmk_complain(NULL, "the mutex at %p is destroyed while it is held", mutex);
}

static int mutex_take(struct mutex *mutex, unsigned int state, struct dmk_place place)
{
	struct waiter waiter;
	int err = 0;

	dmk_might_sleep_at("mutex_lock", place);
	dmk_spin_lock(&mutex->wait_lock);
	if (mutex->owner == current)
		say_deadlock("mutex", mutex, place.caller);
	if (!mutex->owner)
		mutex->owner = current;
	else
		err = wait_for_grant(&mutex->wait_lock, &mutex->wait_list, &waiter, state,
				     MAX_SCHEDULE_TIMEOUT);
	dmk_spin_unlock(&mutex->wait_lock);
	return err;
}

void mutex_lock(struct mutex *mutex)
{
	mutex_take(mutex, TASK_UNINTERRUPTIBLE, DMK_HERE);
}

int mutex_lock_interruptible(struct mutex *mutex)
{
	return mutex_take(mutex, TASK_INTERRUPTIBLE, DMK_HERE);
}

int mutex_lock_killable(struct mutex *mutex)
{
	return mutex_take(mutex, TASK_KILLABLE, DMK_HERE);
}

int mutex_trylock(struct mutex *mutex)
{
	bool got;

	dmk_spin_lock(&mutex->wait_lock);
	got = !mutex->owner;
	if (got)
		mutex->owner = current;
	dmk_spin_unlock(&mutex->wait_lock);
	return got;
}

void mutex_unlock(struct mutex *mutex)
{
	struct waiter *next;

	dmk_spin_lock(&mutex->wait_lock);
	if (mutex->owner != current)
		dmk_complain(__builtin_return_address(0),
			     "the mutex at %p is unlocked by one who does not hold it", mutex);
	next = list_first_entry_or_null(&mutex->wait_list, struct waiter, link);
	mutex->owner = next ? next->task : NULL;
	if (next)
		grant(next);
	dmk_spin_unlock(&mutex->wait_lock);
}

bool mutex_is_locked(struct mutex *mutex)
{
	bool locked;

	dmk_spin_lock(&mutex->wait_lock);
	locked = mutex->owner;
	dmk_spin_unlock(&mutex->wait_lock);
	return locked;
}

/* --- semaphores ------------------------------------------------------------------------------- */

static int semaphore_take(struct semaphore *semaphore, unsigned int state, long timeout,
			  struct dmk_place place)
{
	struct waiter waiter;
	int err = 0;

	dmk_might_sleep_at("down", place);
	dmk_spin_lock(&semaphore->lock);
	if (semaphore->count)
		semaphore->count--;
	else
		err = wait_for_grant(&semaphore->lock, &semaphore->wait_list, &waiter, state,
				     timeout);
	dmk_spin_unlock(&semaphore->lock);
	return err;
}

void down(struct semaphore *semaphore)
{
	semaphore_take(semaphore, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT, DMK_HERE);
}

int down_interruptible(struct semaphore *semaphore)
{
	return semaphore_take(semaphore, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT, DMK_HERE);
}

int down_killable(struct semaphore *semaphore)
{
	return semaphore_take(semaphore, TASK_KILLABLE, MAX_SCHEDULE_TIMEOUT, DMK_HERE);
}

int down_timeout(struct semaphore *semaphore, long timeout)
{
	return semaphore_take(semaphore, TASK_UNINTERRUPTIBLE, timeout, DMK_HERE);
}

int down_trylock(struct semaphore *semaphore)
{
	bool got;

	dmk_spin_lock(&semaphore->lock);
	got = semaphore->count;
	if (got)
		semaphore->count--;
	dmk_spin_unlock(&semaphore->lock);
	return !got;
}

void up(struct semaphore *semaphore)
{
	struct waiter *next;

	dmk_spin_lock(&semaphore->lock);
	next = list_first_entry_or_null(&semaphore->wait_list, struct waiter, link);
	if (next)
		grant(next);
	else
		semaphore->count++;
	dmk_spin_unlock(&semaphore->lock);
}

/* --- read-write semaphores -------------------------------------------------------------------- */

/*
 * The first waiter, and when that is a reader all readers up to the next writer. Called with the
 * lock held.
 */
static void rwsem_grant(struct rw_semaphore *sem)
{
	struct waiter *next;

	while ((next = list_first_entry_or_null(&sem->wait_list, struct waiter, link))) {
		if (next->writer ? sem->count != 0 : sem->count < 0)
			return;
		sem->count = next->writer ? -1 : sem->count + 1;
		grant(next);
	}
}

static int rwsem_take(struct rw_semaphore *sem, bool writer, unsigned int state,
		      struct dmk_place place)
{
	struct waiter waiter = { .writer = writer };
	bool free;
	int err = 0;

	dmk_might_sleep_at(writer ? "down_write" : "down_read", place);
	dmk_spin_lock(&sem->wait_lock);
	free = writer ? sem->count == 0 : sem->count >= 0 && list_empty(&sem->wait_list);
	if (free)
		sem->count = writer ? -1 : sem->count + 1;
	else
		err = wait_for_grant(&sem->wait_lock, &sem->wait_list, &waiter, state,
				     MAX_SCHEDULE_TIMEOUT);
	if (err)
		rwsem_grant(sem); /* who gave up may have held others back */
	dmk_spin_unlock(&sem->wait_lock);
	return err;
}

static bool rwsem_try(struct rw_semaphore *sem, bool writer)
{
	bool free;

	dmk_spin_lock(&sem->wait_lock);
	free = writer ? sem->count == 0 : sem->count >= 0 && list_empty(&sem->wait_list);
	if (free)
		sem->count = writer ? -1 : sem->count + 1;
	dmk_spin_unlock(&sem->wait_lock);
	return free;
}

static void rwsem_release(struct rw_semaphore *sem, int change)
{
	dmk_spin_lock(&sem->wait_lock);
	sem->count += change;
	rwsem_grant(sem);
	dmk_spin_unlock(&sem->wait_lock);
}

void down_read(struct rw_semaphore *sem)
{
	rwsem_take(sem, false, TASK_UNINTERRUPTIBLE, DMK_HERE);
}

int down_read_interruptible(struct rw_semaphore *sem)
{
	return rwsem_take(sem, false, TASK_INTERRUPTIBLE, DMK_HERE);
}

int down_read_trylock(struct rw_semaphore *sem)
{
	return rwsem_try(sem, false);
}

void up_read(struct rw_semaphore *sem)
{
	rwsem_release(sem, -1);
}

void down_write(struct rw_semaphore *sem)
{
	rwsem_take(sem, true, TASK_UNINTERRUPTIBLE, DMK_HERE);
}

int down_write_killable(struct rw_semaphore *sem)
{
	return rwsem_take(sem, true, TASK_KILLABLE, DMK_HERE);
}

int down_write_trylock(struct rw_semaphore *sem)
{
	return rwsem_try(sem, true);
}

void up_write(struct rw_semaphore *sem)
{
	rwsem_release(sem, 1);
}

void downgrade_write(struct rw_semaphore *sem)
{
	rwsem_release(sem, 2);
}
