/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic that says when it wrapped.
 */
#ifndef _LINUX_OVERFLOW_H
#define _LINUX_OVERFLOW_H

#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/types.h>

#define check_add_overflow(a, b, sum) __builtin_add_overflow(a, b, sum)
#define check_sub_overflow(a, b, difference) __builtin_sub_overflow(a, b, difference)
#define check_mul_overflow(a, b, product) __builtin_mul_overflow(a, b, product)
#define check_shl_overflow(a, shift, result)                                                       \
	({                                                                                         \
		__typeof__(a) dmk_a = (a);                                                         \
		unsigned int dmk_shift = (shift);                                                  \
		bool dmk_bad = dmk_a < 0 || dmk_shift >= sizeof(*(result)) * 8;                    \
		*(result) = dmk_bad ? 0 : (__typeof__(*(result)))((u64)dmk_a << dmk_shift);        \
		dmk_bad || *(result) < 0 || (u64)*(result) >> dmk_shift != (u64)dmk_a;             \
	})
#define wrapping_add(type, a, b)                                                                   \
	({                                                                                         \
		type dmk_sum;                                                                      \
		(void)__builtin_add_overflow(a, b, &dmk_sum);                                      \
		dmk_sum;                                                                           \
	})

/* Sizes that stay at SIZE_MAX once they wrapped: an allocation of it fails. */
static inline size_t size_add(size_t a, size_t b)
{
	size_t sum;

	return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

static inline size_t size_sub(size_t a, size_t b)
{
	size_t difference;

	if (a == SIZE_MAX || b == SIZE_MAX || __builtin_sub_overflow(a, b, &difference))
		return SIZE_MAX;
	return difference;
}

static inline size_t size_mul(size_t a, size_t b)
{
	size_t product;

	return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

#define array_size(a, b) size_mul(a, b)
#define array3_size(a, b, c) size_mul(size_mul(a, b), c)
#define flex_array_size(p, member, count)                                                          \
	size_mul(count, sizeof(*(p)->member))
#define struct_size(p, member, count) size_add(sizeof(*(p)), flex_array_size(p, member, count))
#define struct_size_t(type, member, count) struct_size((type *)NULL, member, count)

#endif
