/* SPDX-License-Identifier: MIT */
/*
 * Atomic integers. Those that return a value are fully ordered but for _relaxed, _acquire,
 * _release; the others are not ordered. Names that <stdatomic.h> has as macros stand in parentheses
 * where they are defined; include it before this header.
 */
#ifndef _LINUX_ATOMIC_H
#define _LINUX_ATOMIC_H

#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/types.h>

#define ATOMIC64_INIT(value) { (value) }
#define ATOMIC_LONG_INIT(value) { (value) }

typedef atomic64_t atomic_long_t;

static inline int (atomic_read)(const atomic_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

static inline int (atomic_read_acquire)(const atomic_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE);
}

static inline void (atomic_set)(atomic_t *v, int value)
{
	__atomic_store_n(&v->counter, value, __ATOMIC_RELAXED);
}

static inline void (atomic_set_release)(atomic_t *v, int value)
{
	__atomic_store_n(&v->counter, value, __ATOMIC_RELEASE);
}

static inline void (atomic_add)(int i, atomic_t *v)
{
	__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);
}

static inline int (atomic_fetch_add)(int i, atomic_t *v)
{
	return __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic_sub)(int i, atomic_t *v)
{
	__atomic_fetch_sub(&v->counter, i, __ATOMIC_RELAXED);
}

static inline int (atomic_fetch_sub)(int i, atomic_t *v)
{
	return __atomic_fetch_sub(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic_and)(int i, atomic_t *v)
{
	__atomic_fetch_and(&v->counter, i, __ATOMIC_RELAXED);
}

static inline int (atomic_fetch_and)(int i, atomic_t *v)
{
	return __atomic_fetch_and(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic_or)(int i, atomic_t *v)
{
	__atomic_fetch_or(&v->counter, i, __ATOMIC_RELAXED);
}

static inline int (atomic_fetch_or)(int i, atomic_t *v)
{
	return __atomic_fetch_or(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic_xor)(int i, atomic_t *v)
{
	__atomic_fetch_xor(&v->counter, i, __ATOMIC_RELAXED);
}

static inline int (atomic_fetch_xor)(int i, atomic_t *v)
{
	return __atomic_fetch_xor(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic_andnot)(int i, atomic_t *v)
{
	__atomic_fetch_and(&v->counter, ~i, __ATOMIC_RELAXED);
}

static inline int (atomic_add_return)(int i, atomic_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline int (atomic_add_return_relaxed)(int i, atomic_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_RELAXED);
}

static inline int (atomic_sub_return)(int i, atomic_t *v)
{
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline int (atomic_sub_return_relaxed)(int i, atomic_t *v)
{
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_RELAXED);
}

static inline void (atomic_inc)(atomic_t *v)
{
	__atomic_fetch_add(&v->counter, 1, __ATOMIC_RELAXED);
}

static inline int (atomic_inc_return)(atomic_t *v)
{
	return __atomic_add_fetch(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline int (atomic_fetch_inc)(atomic_t *v)
{
	return __atomic_fetch_add(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline bool (atomic_inc_and_test)(atomic_t *v)
{
	return __atomic_add_fetch(&v->counter, 1, __ATOMIC_SEQ_CST) == 0;
}

static inline void (atomic_dec)(atomic_t *v)
{
	__atomic_fetch_sub(&v->counter, 1, __ATOMIC_RELAXED);
}

static inline int (atomic_dec_return)(atomic_t *v)
{
	return __atomic_sub_fetch(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline int (atomic_fetch_dec)(atomic_t *v)
{
	return __atomic_fetch_sub(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline bool (atomic_dec_and_test)(atomic_t *v)
{
	return __atomic_sub_fetch(&v->counter, 1, __ATOMIC_SEQ_CST) == 0;
}

static inline bool (atomic_sub_and_test)(int i, atomic_t *v)
{
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST) == 0;
}

static inline bool (atomic_add_negative)(int i, atomic_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST) < 0;
}

static inline int (atomic_xchg)(atomic_t *v, int value)
{
	return __atomic_exchange_n(&v->counter, value, __ATOMIC_SEQ_CST);
}

static inline int (atomic_cmpxchg)(atomic_t *v, int old, int value)
{
	int expected = old;

	__atomic_compare_exchange_n(&v->counter, &expected, value, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	return expected;
}

static inline bool (atomic_try_cmpxchg)(atomic_t *v, int *old, int value)
{
	int found = atomic_cmpxchg(v, *old, value);
	bool done = found == *old;

	*old = found;
	return done;
}

static inline int (atomic_fetch_add_unless)(atomic_t *v, int i, int unless)
{
	int value = atomic_read(v);

	while (value != unless && !atomic_try_cmpxchg(v, &value, value + i))
		;
	return value;
}

static inline bool (atomic_add_unless)(atomic_t *v, int i, int unless)
{
	return atomic_fetch_add_unless(v, i, unless) != unless;
}

static inline bool (atomic_inc_not_zero)(atomic_t *v)
{
	return atomic_add_unless(v, 1, 0);
}

static inline int (atomic_dec_if_positive)(atomic_t *v)
{
	int value = atomic_read(v);

	while (value > 0 && !atomic_try_cmpxchg(v, &value, value - 1))
		;
	return value - 1;
}

static inline s64 (atomic64_read)(const atomic64_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

static inline s64 (atomic64_read_acquire)(const atomic64_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE);
}

static inline void (atomic64_set)(atomic64_t *v, s64 value)
{
	__atomic_store_n(&v->counter, value, __ATOMIC_RELAXED);
}

static inline void (atomic64_set_release)(atomic64_t *v, s64 value)
{
	__atomic_store_n(&v->counter, value, __ATOMIC_RELEASE);
}

static inline void (atomic64_add)(s64 i, atomic64_t *v)
{
	__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);
}

static inline s64 (atomic64_fetch_add)(s64 i, atomic64_t *v)
{
	return __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic64_sub)(s64 i, atomic64_t *v)
{
	__atomic_fetch_sub(&v->counter, i, __ATOMIC_RELAXED);
}

static inline s64 (atomic64_fetch_sub)(s64 i, atomic64_t *v)
{
	return __atomic_fetch_sub(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic64_and)(s64 i, atomic64_t *v)
{
	__atomic_fetch_and(&v->counter, i, __ATOMIC_RELAXED);
}

static inline s64 (atomic64_fetch_and)(s64 i, atomic64_t *v)
{
	return __atomic_fetch_and(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic64_or)(s64 i, atomic64_t *v)
{
	__atomic_fetch_or(&v->counter, i, __ATOMIC_RELAXED);
}

static inline s64 (atomic64_fetch_or)(s64 i, atomic64_t *v)
{
	return __atomic_fetch_or(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic64_xor)(s64 i, atomic64_t *v)
{
	__atomic_fetch_xor(&v->counter, i, __ATOMIC_RELAXED);
}

static inline s64 (atomic64_fetch_xor)(s64 i, atomic64_t *v)
{
	return __atomic_fetch_xor(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic64_andnot)(s64 i, atomic64_t *v)
{
	__atomic_fetch_and(&v->counter, ~i, __ATOMIC_RELAXED);
}

static inline s64 (atomic64_add_return)(s64 i, atomic64_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline s64 (atomic64_add_return_relaxed)(s64 i, atomic64_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_RELAXED);
}

static inline s64 (atomic64_sub_return)(s64 i, atomic64_t *v)
{
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline s64 (atomic64_sub_return_relaxed)(s64 i, atomic64_t *v)
{
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_RELAXED);
}

static inline void (atomic64_inc)(atomic64_t *v)
{
	__atomic_fetch_add(&v->counter, 1, __ATOMIC_RELAXED);
}

static inline s64 (atomic64_inc_return)(atomic64_t *v)
{
	return __atomic_add_fetch(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline s64 (atomic64_fetch_inc)(atomic64_t *v)
{
	return __atomic_fetch_add(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline bool (atomic64_inc_and_test)(atomic64_t *v)
{
	return __atomic_add_fetch(&v->counter, 1, __ATOMIC_SEQ_CST) == 0;
}

static inline void (atomic64_dec)(atomic64_t *v)
{
	__atomic_fetch_sub(&v->counter, 1, __ATOMIC_RELAXED);
}

static inline s64 (atomic64_dec_return)(atomic64_t *v)
{
	return __atomic_sub_fetch(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline s64 (atomic64_fetch_dec)(atomic64_t *v)
{
	return __atomic_fetch_sub(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline bool (atomic64_dec_and_test)(atomic64_t *v)
{
	return __atomic_sub_fetch(&v->counter, 1, __ATOMIC_SEQ_CST) == 0;
}

static inline bool (atomic64_sub_and_test)(s64 i, atomic64_t *v)
{
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST) == 0;
}

static inline bool (atomic64_add_negative)(s64 i, atomic64_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST) < 0;
}

static inline s64 (atomic64_xchg)(atomic64_t *v, s64 value)
{
	return __atomic_exchange_n(&v->counter, value, __ATOMIC_SEQ_CST);
}

static inline s64 (atomic64_cmpxchg)(atomic64_t *v, s64 old, s64 value)
{
	s64 expected = old;

	__atomic_compare_exchange_n(&v->counter, &expected, value, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	return expected;
}

static inline bool (atomic64_try_cmpxchg)(atomic64_t *v, s64 *old, s64 value)
{
	s64 found = atomic64_cmpxchg(v, *old, value);
	bool done = found == *old;

	*old = found;
	return done;
}

static inline s64 (atomic64_fetch_add_unless)(atomic64_t *v, s64 i, s64 unless)
{
	s64 value = atomic64_read(v);

	while (value != unless && !atomic64_try_cmpxchg(v, &value, value + i))
		;
	return value;
}

static inline bool (atomic64_add_unless)(atomic64_t *v, s64 i, s64 unless)
{
	return atomic64_fetch_add_unless(v, i, unless) != unless;
}

static inline bool (atomic64_inc_not_zero)(atomic64_t *v)
{
	return atomic64_add_unless(v, 1, 0);
}

static inline s64 (atomic64_dec_if_positive)(atomic64_t *v)
{
	s64 value = atomic64_read(v);

	while (value > 0 && !atomic64_try_cmpxchg(v, &value, value - 1))
		;
	return value - 1;
}

static inline long (atomic_long_read)(const atomic_long_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

static inline long (atomic_long_read_acquire)(const atomic_long_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE);
}

static inline void (atomic_long_set)(atomic_long_t *v, long value)
{
	__atomic_store_n(&v->counter, value, __ATOMIC_RELAXED);
}

static inline void (atomic_long_set_release)(atomic_long_t *v, long value)
{
	__atomic_store_n(&v->counter, value, __ATOMIC_RELEASE);
}

static inline void (atomic_long_add)(long i, atomic_long_t *v)
{
	__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);
}

static inline long (atomic_long_fetch_add)(long i, atomic_long_t *v)
{
	return __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic_long_sub)(long i, atomic_long_t *v)
{
	__atomic_fetch_sub(&v->counter, i, __ATOMIC_RELAXED);
}

static inline long (atomic_long_fetch_sub)(long i, atomic_long_t *v)
{
	return __atomic_fetch_sub(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic_long_and)(long i, atomic_long_t *v)
{
	__atomic_fetch_and(&v->counter, i, __ATOMIC_RELAXED);
}

static inline long (atomic_long_fetch_and)(long i, atomic_long_t *v)
{
	return __atomic_fetch_and(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic_long_or)(long i, atomic_long_t *v)
{
	__atomic_fetch_or(&v->counter, i, __ATOMIC_RELAXED);
}

static inline long (atomic_long_fetch_or)(long i, atomic_long_t *v)
{
	return __atomic_fetch_or(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic_long_xor)(long i, atomic_long_t *v)
{
	__atomic_fetch_xor(&v->counter, i, __ATOMIC_RELAXED);
}

static inline long (atomic_long_fetch_xor)(long i, atomic_long_t *v)
{
	return __atomic_fetch_xor(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline void (atomic_long_andnot)(long i, atomic_long_t *v)
{
	__atomic_fetch_and(&v->counter, ~i, __ATOMIC_RELAXED);
}

static inline long (atomic_long_add_return)(long i, atomic_long_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline long (atomic_long_add_return_relaxed)(long i, atomic_long_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_RELAXED);
}

static inline long (atomic_long_sub_return)(long i, atomic_long_t *v)
{
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline long (atomic_long_sub_return_relaxed)(long i, atomic_long_t *v)
{
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_RELAXED);
}

static inline void (atomic_long_inc)(atomic_long_t *v)
{
	__atomic_fetch_add(&v->counter, 1, __ATOMIC_RELAXED);
}

static inline long (atomic_long_inc_return)(atomic_long_t *v)
{
	return __atomic_add_fetch(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline long (atomic_long_fetch_inc)(atomic_long_t *v)
{
	return __atomic_fetch_add(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline bool (atomic_long_inc_and_test)(atomic_long_t *v)
{
	return __atomic_add_fetch(&v->counter, 1, __ATOMIC_SEQ_CST) == 0;
}

static inline void (atomic_long_dec)(atomic_long_t *v)
{
	__atomic_fetch_sub(&v->counter, 1, __ATOMIC_RELAXED);
}

static inline long (atomic_long_dec_return)(atomic_long_t *v)
{
	return __atomic_sub_fetch(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline long (atomic_long_fetch_dec)(atomic_long_t *v)
{
	return __atomic_fetch_sub(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline bool (atomic_long_dec_and_test)(atomic_long_t *v)
{
	return __atomic_sub_fetch(&v->counter, 1, __ATOMIC_SEQ_CST) == 0;
}

static inline bool (atomic_long_sub_and_test)(long i, atomic_long_t *v)
{
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST) == 0;
}

static inline bool (atomic_long_add_negative)(long i, atomic_long_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST) < 0;
}

static inline long (atomic_long_xchg)(atomic_long_t *v, long value)
{
	return __atomic_exchange_n(&v->counter, value, __ATOMIC_SEQ_CST);
}

static inline long (atomic_long_cmpxchg)(atomic_long_t *v, long old, long value)
{
	s64 expected = old;

	__atomic_compare_exchange_n(&v->counter, &expected, value, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	return expected;
}

static inline bool (atomic_long_try_cmpxchg)(atomic_long_t *v, long *old, long value)
{
	long found = atomic_long_cmpxchg(v, *old, value);
	bool done = found == *old;

	*old = found;
	return done;
}

static inline long (atomic_long_fetch_add_unless)(atomic_long_t *v, long i, long unless)
{
	long value = atomic_long_read(v);

	while (value != unless && !atomic_long_try_cmpxchg(v, &value, value + i))
		;
	return value;
}

static inline bool (atomic_long_add_unless)(atomic_long_t *v, long i, long unless)
{
	return atomic_long_fetch_add_unless(v, i, unless) != unless;
}

static inline bool (atomic_long_inc_not_zero)(atomic_long_t *v)
{
	return atomic_long_add_unless(v, 1, 0);
}

static inline long (atomic_long_dec_if_positive)(atomic_long_t *v)
{
	long value = atomic_long_read(v);

	while (value > 0 && !atomic_long_try_cmpxchg(v, &value, value - 1))
		;
	return value - 1;
}

#define xchg(pointer, value) __atomic_exchange_n((pointer), (value), __ATOMIC_SEQ_CST)
#define cmpxchg(pointer, old, value)                                                  \
	({                                                                            \
		__typeof__(*(pointer)) dmk_expected = (old);                          \
		__atomic_compare_exchange_n((pointer), &dmk_expected, (value), false, \
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);      \
		dmk_expected;                                                         \
	})
#define try_cmpxchg(pointer, old, value)                                                \
	__atomic_compare_exchange_n((pointer), (old), (value), false, __ATOMIC_SEQ_CST, \
				    __ATOMIC_SEQ_CST)
#define cmpxchg_relaxed(pointer, old, value) cmpxchg(pointer, old, value)
#define xchg_relaxed(pointer, value) xchg(pointer, value)

#endif
