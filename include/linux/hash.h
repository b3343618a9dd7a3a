/* SPDX-License-Identifier: MIT */
/*
 * Numbers spread over 2^bits slots by a multiplication (Knuth, The Art of Computer Programming,
 * volume 3, section 6.4): the multiplier is 2^32 or 2^64 times the golden ratio's fraction, made
 * odd. Which slot a number gets is nobody's to rely on.
 */
#ifndef _LINUX_HASH_H
#define _LINUX_HASH_H

#include <linux/types.h>

/** hash_32 - @bits from 1 to 32 */
static inline u32 hash_32(u32 value, unsigned int bits)
{
	return (u32)(value * 0x9e3779b9u) >> (32 - bits);
}

/** hash_64 - @bits from 1 to 32 */
static inline u32 hash_64(u64 value, unsigned int bits)
{
	return (u32)((value * 0x9e3779b97f4a7c15ull) >> (64 - bits));
}

#define hash_long(value, bits) hash_64((value), (bits))

static inline u32 hash_ptr(const void *pointer, unsigned int bits)
{
	return hash_64((unsigned long)pointer, bits);
}

#endif
