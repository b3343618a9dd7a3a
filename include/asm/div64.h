/* SPDX-License-Identifier: MIT */
/*
 * Division of 64 bits by 32, in place.
 */
#ifndef _ASM_DIV64_H
#define _ASM_DIV64_H

#include <linux/types.h>

/** do_div - @n, a variable of 64 bits, becomes the quotient. Return: the remainder. */
#define do_div(n, base)                                  \
	({                                               \
		u32 dmk_base = (base);                   \
		u32 dmk_remainder = (u64)(n) % dmk_base; \
		(n) = (u64)(n) / dmk_base;               \
		dmk_remainder;                           \
	})

#endif
