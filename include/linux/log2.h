/* SPDX-License-Identifier: MIT */
/*
 * Powers of two.
 */
#ifndef _LINUX_LOG2_H
#define _LINUX_LOG2_H

#include <linux/types.h>

static inline __attribute__((const)) bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

static inline __attribute__((const)) int dmk_ilog2(u64 n)
{
	return n ? 63 - __builtin_clzll(n) : -1;
}

/* Constant for a constant; n of 0 gives -1. */
#define ilog2(n) \
	(__builtin_constant_p(n) ? ((n) ? 63 - __builtin_clzll((n) ? (n) : 1) : -1) : dmk_ilog2(n))
#define const_ilog2(n) (63 - __builtin_clzll(n))
#define order_base_2(n) (((u64)(n)) > 1 ? ilog2((u64)(n)-1) + 1 : 0)
#define bits_per(n) (ilog2((u64)(n)) < 1 ? 1 : ilog2((u64)(n)) + 1)
#define roundup_pow_of_two(n) \
	((__typeof__((n) + 0UL))(((u64)(n)) <= 1 ? 1 : 1ULL << (ilog2((u64)(n)-1) + 1)))
#define rounddown_pow_of_two(n) ((__typeof__((n) + 0UL))(1ULL << ilog2((u64)(n))))

#endif
