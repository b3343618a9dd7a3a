/* SPDX-License-Identifier: MIT */
/*
 * Reference counts: a count that reached 0 stays there, and going below is reported.
 */
#ifndef _LINUX_REFCOUNT_H
#define _LINUX_REFCOUNT_H

#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/mutex.h>
#include <linux/types.h>

typedef struct refcount_struct {
	atomic_t refs;
} refcount_t;

#define REFCOUNT_INIT(n) { .refs = ATOMIC_INIT(n) }

static inline void refcount_set(refcount_t *count, int n)
{
	__atomic_store_n(&count->refs.counter, n, __ATOMIC_RELAXED);
}

static inline unsigned int refcount_read(const refcount_t *count)
{
	return __atomic_load_n(&count->refs.counter, __ATOMIC_RELAXED);
}

static inline __must_check bool refcount_inc_not_zero(refcount_t *count)
{
	int value = refcount_read(count);

	while (value && !__atomic_compare_exchange_n(&count->refs.counter, &value, value + 1, false,
						     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		;
	return value;
}

static inline void refcount_inc(refcount_t *count)
{
	WARN_ON(!refcount_inc_not_zero(count));
}

static inline void refcount_add(int n, refcount_t *count)
{
	WARN_ON(__atomic_fetch_add(&count->refs.counter, n, __ATOMIC_RELAXED) == 0);
}

static inline __must_check bool refcount_sub_and_test(int n, refcount_t *count)
{
	int value = __atomic_sub_fetch(&count->refs.counter, n, __ATOMIC_ACQ_REL);

	if (WARN_ON(value < 0))
		refcount_set(count, 0);
	return value == 0;
}

static inline __must_check bool refcount_dec_and_test(refcount_t *count)
{
	return refcount_sub_and_test(1, count);
}

static inline void refcount_dec(refcount_t *count)
{
	WARN_ON(refcount_sub_and_test(1, count));
}

static inline bool refcount_dec_not_one(refcount_t *count)
{
	int value = refcount_read(count);

	while (value != 1 &&
	       !__atomic_compare_exchange_n(&count->refs.counter, &value, value - 1, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
	return value != 1;
}

static inline bool refcount_dec_and_mutex_lock(refcount_t *count, struct mutex *lock)
{
	if (refcount_dec_not_one(count))
		return false;
	mutex_lock(lock);
	if (refcount_dec_and_test(count))
		return true;
	mutex_unlock(lock);
	return false;
}

#endif
