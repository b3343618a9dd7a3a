/* SPDX-License-Identifier: MIT */
/*
 * Bits of words: set_bit() and its kin are atomic, __set_bit() and its kin are not.
 */
#ifndef _LINUX_BITOPS_H
#define _LINUX_BITOPS_H

#include <asm/barrier.h>
#include <linux/bits.h>
#include <linux/typecheck.h>
#include <linux/types.h>

static inline void set_bit(long n, volatile unsigned long *bits)
{
	__atomic_fetch_or(&bits[BIT_WORD(n)], BIT_MASK(n), __ATOMIC_SEQ_CST);
}

static inline void clear_bit(long n, volatile unsigned long *bits)
{
	__atomic_fetch_and(&bits[BIT_WORD(n)], ~BIT_MASK(n), __ATOMIC_SEQ_CST);
}

static inline void change_bit(long n, volatile unsigned long *bits)
{
	__atomic_fetch_xor(&bits[BIT_WORD(n)], BIT_MASK(n), __ATOMIC_SEQ_CST);
}

static inline bool test_and_set_bit(long n, volatile unsigned long *bits)
{
	return __atomic_fetch_or(&bits[BIT_WORD(n)], BIT_MASK(n), __ATOMIC_SEQ_CST) & BIT_MASK(n);
}

static inline bool test_and_clear_bit(long n, volatile unsigned long *bits)
{
	return __atomic_fetch_and(&bits[BIT_WORD(n)], ~BIT_MASK(n), __ATOMIC_SEQ_CST) & BIT_MASK(n);
}

static inline bool test_and_change_bit(long n, volatile unsigned long *bits)
{
	return __atomic_fetch_xor(&bits[BIT_WORD(n)], BIT_MASK(n), __ATOMIC_SEQ_CST) & BIT_MASK(n);
}

static inline bool test_bit(long n, const volatile unsigned long *bits)
{
	return __atomic_load_n(&bits[BIT_WORD(n)], __ATOMIC_RELAXED) & BIT_MASK(n);
}

static inline bool test_bit_acquire(long n, const volatile unsigned long *bits)
{
	return __atomic_load_n(&bits[BIT_WORD(n)], __ATOMIC_ACQUIRE) & BIT_MASK(n);
}

#define test_and_set_bit_lock(n, bits) test_and_set_bit((n), (bits))
#define clear_bit_unlock(n, bits) clear_bit((n), (bits))
#define smp_mb__before_clear_bit() smp_mb()
#define smp_mb__after_clear_bit() smp_mb()

static inline void __set_bit(long n, volatile unsigned long *bits)
{
	bits[BIT_WORD(n)] |= BIT_MASK(n);
}

static inline void __clear_bit(long n, volatile unsigned long *bits)
{
	bits[BIT_WORD(n)] &= ~BIT_MASK(n);
}

static inline void __change_bit(long n, volatile unsigned long *bits)
{
	bits[BIT_WORD(n)] ^= BIT_MASK(n);
}

static inline bool __test_and_set_bit(long n, volatile unsigned long *bits)
{
	bool was = bits[BIT_WORD(n)] & BIT_MASK(n);

	__set_bit(n, bits);
	return was;
}

static inline bool __test_and_clear_bit(long n, volatile unsigned long *bits)
{
	bool was = bits[BIT_WORD(n)] & BIT_MASK(n);

	__clear_bit(n, bits);
	return was;
}

#define assign_bit(n, bits, value) ((value) ? set_bit((n), (bits)) : clear_bit((n), (bits)))
#define __assign_bit(n, bits, value) ((value) ? __set_bit((n), (bits)) : __clear_bit((n), (bits)))

/* Numbered from 1; 0: no bit is set. libc has ffs() of its own, with the same meaning. */
int ffs(int x);
#define fls(x) dmk_fls(x)
#define fls64(x) dmk_fls64(x)
#define fls_long(x) dmk_fls64(x)

static inline __attribute__((const)) int dmk_fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline __attribute__((const)) int dmk_fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

/* Numbered from 0; undefined without a bit. */
#define __ffs(x) ((unsigned long)__builtin_ctzl(x))
#define __ffs64(x) ((unsigned long)__builtin_ctzll(x))
#define __fls(x) ((unsigned long)(BITS_PER_LONG - 1 - __builtin_clzl(x)))
#define ffz(x) __ffs(~(x))

#define hweight8(x) ((unsigned int)__builtin_popcount((u8)(x)))
#define hweight16(x) ((unsigned int)__builtin_popcount((u16)(x)))
#define hweight32(x) ((unsigned int)__builtin_popcount((u32)(x)))
#define hweight64(x) ((unsigned int)__builtin_popcountll(x))
#define hweight_long(x) ((unsigned long)__builtin_popcountl(x))

static inline u32 rol32(u32 x, unsigned int n)
{
	return x << (n & 31) | x >> (-n & 31);
}

static inline u32 ror32(u32 x, unsigned int n)
{
	return x >> (n & 31) | x << (-n & 31);
}

static inline u64 rol64(u64 x, unsigned int n)
{
	return x << (n & 63) | x >> (-n & 63);
}

static inline u64 ror64(u64 x, unsigned int n)
{
	return x >> (n & 63) | x << (-n & 63);
}

static inline s32 sign_extend32(u32 value, int sign_bit)
{
	return (s32)(value << (31 - sign_bit)) >> (31 - sign_bit);
}

static inline s64 sign_extend64(u64 value, int sign_bit)
{
	return (s64)(value << (63 - sign_bit)) >> (63 - sign_bit);
}

#include <linux/find.h>

#endif
