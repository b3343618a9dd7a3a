/* SPDX-License-Identifier: MIT */
/*
 * Division with rounding, and roots.
 */
#ifndef _LINUX_MATH_H
#define _LINUX_MATH_H

#include <asm/div64.h>
#include <linux/types.h>

#undef roundup
#undef rounddown
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define DIV_ROUND_UP_POW2(n, d) ((n) / (d) + !!((n) & ((d) - 1)))
#define DIV_ROUND_UP_ULL(n, d) DIV_ROUND_UP((unsigned long long)(n), (unsigned long long)(d))
#define DIV_ROUND_DOWN_ULL(n, d) ((unsigned long long)(n) / (unsigned long long)(d))
#define DIV_ROUND_CLOSEST(x, divisor)                                                              \
	({                                                                                         \
		__typeof__(x) dmk_dividend = (x);                                                  \
		__typeof__(divisor) dmk_divisor = (divisor);                                       \
		((__typeof__(x))-1) > 0 || ((__typeof__(divisor))-1) > 0 ||                        \
				((dmk_dividend > 0) == (dmk_divisor > 0)) ?                        \
			(dmk_dividend + dmk_divisor / 2) / dmk_divisor :                           \
			(dmk_dividend - dmk_divisor / 2) / dmk_divisor;                            \
	})
#define DIV_ROUND_CLOSEST_ULL(x, divisor) (((u64)(x) + (u64)(divisor) / 2) / (u64)(divisor))
#define round_up(x, y) ((((x)-1) | ((__typeof__(x))((y)-1))) + 1)
#define round_down(x, y) ((x) & ~((__typeof__(x))((y)-1)))
#define roundup(x, y) ((((x) + ((y)-1)) / (y)) * (y))
#define rounddown(x, y) ((x) - ((x) % (y)))
#define mult_frac(x, n, d)                                                                         \
	({                                                                                         \
		__typeof__(x) dmk_x = (x);                                                         \
		__typeof__(n) dmk_n = (n);                                                         \
		__typeof__(d) dmk_d = (d);                                                         \
		dmk_x / dmk_d * dmk_n + dmk_x % dmk_d * dmk_n / dmk_d;                             \
	})
#define abs_diff(a, b)                                                                             \
	({                                                                                         \
		__auto_type dmk_a = (a);                                                           \
		__auto_type dmk_b = (b);                                                           \
		dmk_a > dmk_b ? dmk_a - dmk_b : dmk_b - dmk_a;                                     \
	})

/*
 * libc's, which declares it in <stdlib.h>: of an int. For wider types there is abs_diff(x, 0), and
 * clang warns of the rest.
 */
int abs(int x);

static inline unsigned long int_sqrt(unsigned long x)
{
	unsigned long root = 0, bit = 1UL << (BITS_PER_LONG - 2);

	while (bit > x)
		bit >>= 2;
	for (; bit; bit >>= 2) {
		if (x >= root + bit) {
			x -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}

static inline u32 int_sqrt64(u64 x)
{
	return (u32)int_sqrt(x);
}

#endif
