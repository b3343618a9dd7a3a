/* SPDX-License-Identifier: MIT */
/*
 * 64-bit division by name, as 32-bit machines need it.
 */
#ifndef _LINUX_MATH64_H
#define _LINUX_MATH64_H

#include <linux/math.h>
#include <linux/types.h>

#define div64_long(x, y) div64_s64((x), (y))
#define div64_ul(x, y) div64_u64((x), (y))
#define DIV64_U64_ROUND_UP(n, d) div64_u64((n) + (d) - 1, (d))
#define DIV_U64_ROUND_UP(n, d) div_u64((u64)(n) + (d) - 1, (d))
#define DIV64_U64_ROUND_CLOSEST(n, d) div64_u64((n) + (d) / 2, (d))
#define DIV_U64_ROUND_CLOSEST(n, d) div_u64((u64)(n) + (d) / 2, (d))

static inline u64 div64_u64(u64 dividend, u64 divisor)
{
	return dividend / divisor;
}

static inline s64 div64_s64(s64 dividend, s64 divisor)
{
	return dividend / divisor;
}

static inline u64 div64_u64_rem(u64 dividend, u64 divisor, u64 *remainder)
{
	*remainder = dividend % divisor;
	return dividend / divisor;
}

static inline u64 div_u64_rem(u64 dividend, u32 divisor, u32 *remainder)
{
	*remainder = dividend % divisor;
	return dividend / divisor;
}

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	return dividend / divisor;
}

static inline s64 div_s64(s64 dividend, s32 divisor)
{
	return dividend / divisor;
}

static inline u64 mul_u32_u32(u32 a, u32 b)
{
	return (u64)a * b;
}

static inline u64 mul_u64_u32_shr(u64 a, u32 mul, unsigned int shift)
{
	u64 low = (u64)(u32)a * mul, high = (a >> 32) * mul;

	return (low >> shift) + (shift <= 32 ? high << (32 - shift) : high >> (shift - 32));
}

#endif
