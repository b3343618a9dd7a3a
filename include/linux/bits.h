/* SPDX-License-Identifier: MIT */
/*
 * Single bits and runs of them.
 */
#ifndef _LINUX_BITS_H
#define _LINUX_BITS_H

#include <linux/const.h>
#include <linux/types.h>

#define BITS_PER_LONG_LONG 64
#define BITS_PER_TYPE(type) (sizeof(type) * BITS_PER_BYTE)
#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define BIT_MASK(n) (1UL << ((n) % BITS_PER_LONG))
#define BIT_WORD(n) ((n) / BITS_PER_LONG)
#define BIT_ULL_MASK(n) (1ULL << ((n) % BITS_PER_LONG_LONG))
#define BIT_ULL_WORD(n) ((n) / BITS_PER_LONG_LONG)
#define BITS_PER_TYPE_OF(x) BITS_PER_TYPE(__typeof__(x))

/* Bits high .. low, both included. */
#define GENMASK(high, low) ((~0UL << (low)) & (~0UL >> (BITS_PER_LONG - 1 - (high))))
#define GENMASK_ULL(high, low) ((~0ULL << (low)) & (~0ULL >> (BITS_PER_LONG_LONG - 1 - (high))))
#define GENMASK_U8(high, low) ((u8)GENMASK(high, low))
#define GENMASK_U16(high, low) ((u16)GENMASK(high, low))
#define GENMASK_U32(high, low) ((u32)GENMASK(high, low))
#define GENMASK_U64(high, low) ((u64)GENMASK_ULL(high, low))
#define BIT_U8(n) ((u8)BIT(n))
#define BIT_U16(n) ((u16)BIT(n))
#define BIT_U32(n) ((u32)BIT(n))
#define BIT_U64(n) ((u64)BIT_ULL(n))

#endif
