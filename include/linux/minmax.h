/* SPDX-License-Identifier: MIT */
/*
 * Smaller, larger, between. Arguments are evaluated once; both must have comparable types, or name
 * one.
 */
#ifndef _LINUX_MINMAX_H
#define _LINUX_MINMAX_H

#include <linux/const.h>
#include <linux/types.h>
#include <linux/version.h>

#define dmk_compare(a, b, op, x, y)                                                                \
	({                                                                                         \
		__auto_type x = (a);                                                               \
		__auto_type y = (b);                                                               \
		x op y ? x : y;                                                                    \
	})
#define dmk_paste_(a, b) a##b
#define dmk_paste(a, b) dmk_paste_(a, b)
#define dmk_unique(name) dmk_paste(dmk_##name, __COUNTER__)

/* <sys/param.h> has macros MIN and MAX of the same meaning. */
#undef MIN
#undef MAX
#undef min
#undef max
#define min(a, b) dmk_compare(a, b, <, dmk_unique(x), dmk_unique(y))
#define max(a, b) dmk_compare(a, b, >, dmk_unique(x), dmk_unique(y))
#define umin(a, b) min((a) + 0ULL, (b) + 0ULL)
#define umax(a, b) max((a) + 0ULL, (b) + 0ULL)
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define min3(a, b, c) min((__typeof__(a))min(a, b), c)
#define max3(a, b, c) max((__typeof__(a))max(a, b), c)
/* Until Linux 6.10 each driver had its own. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define MIN_T(type, a, b) MIN((type)(a), (type)(b))
#define MAX_T(type, a, b) MAX((type)(a), (type)(b))
#endif
#define dmk_min_not_zero(a, b, x, y)                                                               \
	({                                                                                         \
		__auto_type x = (a);                                                               \
		__auto_type y = (b);                                                               \
		x == 0 ? y : (y == 0 ? x : min(x, y));                                             \
	})
#define min_not_zero(a, b) dmk_min_not_zero(a, b, dmk_unique(x), dmk_unique(y))
#define clamp(value, low, high) min((__typeof__(value))max(value, low), high)
#define clamp_t(type, value, low, high) min_t(type, max_t(type, value, low), high)
#define clamp_val(value, low, high) clamp_t(__typeof__(value), value, low, high)
#define in_range(value, start, length) ((value) - (start) < (length))
#define swap(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) dmk_swapped = (a);                                                   \
		(a) = (b);                                                                         \
		(b) = dmk_swapped;                                                                 \
	} while (0)

#endif
