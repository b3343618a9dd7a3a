/* SPDX-License-Identifier: MIT */
/*
 * Ranges of addresses, first byte to last: never empty, never wrapping. The one place that adds an
 * address and a length.
 */
#ifndef DMK_CORE_RANGE_H
#define DMK_CORE_RANGE_H

#include <dmakit/types.h>

struct dmk_range {
	uint64_t first, last;
};

/** dmk_range_make - false: no bytes, or more than the address space has from @first on. */
static inline bool dmk_range_make(uint64_t first, uint64_t size, struct dmk_range *range)
{
	*range = (struct dmk_range){first, first + (size - 1)};
	return size && range->last >= first;
}

/** dmk_range_within - every byte of @inner is one of @outer's */
static inline bool dmk_range_within(struct dmk_range inner, struct dmk_range outer)
{
	return inner.first >= outer.first && inner.last <= outer.last;
}

/** dmk_range_common - what both have; false: nothing. */
static inline bool dmk_range_common(struct dmk_range a, struct dmk_range b,
				    struct dmk_range *common)
{
	common->first = a.first > b.first ? a.first : b.first;
	common->last = a.last < b.last ? a.last : b.last;
	return common->first <= common->last;
}

/** dmk_range_bytes - 2^64 is written as ~0. */
static inline uint64_t dmk_range_bytes(struct dmk_range range)
{
	uint64_t before_last = range.last - range.first;

	return before_last == ~0ULL ? ~0ULL : before_last + 1;
}

/** dmk_align_up - to a power of two; 0: it wraps. */
static inline uint64_t dmk_align_up(uint64_t value, uint64_t align)
{
	return (value + (align - 1)) & ~(align - 1);
}

static inline bool dmk_is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

/**
 * dmk_bits_below - every bit up to the highest one of @value; without a compiler's helper on
 * machines that have no such instruction.
 */
static inline uint64_t dmk_bits_below(uint64_t value)
{
	for (unsigned int shift = 1; shift < 64; shift *= 2)
		value |= value >> shift;
	return value;
}

/** dmk_highest_bit - its number; @value is not 0. */
#if defined(__riscv) && !defined(__riscv_zbb)
static inline unsigned int dmk_highest_bit(uint64_t value)
{
	unsigned int bit = 0;

	for (unsigned int half = 32; half; half /= 2) {
		if (value >> half) {
			value >>= half;
			bit += half;
		}
	}
	return bit;
}
#elif __SIZEOF_POINTER__ < 8
static inline unsigned int dmk_highest_bit(uint64_t value)
{
	const unsigned int high = (unsigned int)(value >> 32);

	return (unsigned int)(high ? 63 - __builtin_clz(high)
				   : 31 - __builtin_clz((unsigned int)value));
}
#else
static inline unsigned int dmk_highest_bit(uint64_t value)
{
	return (unsigned int)(63 - __builtin_clzll(value));
}
#endif

/** dmk_power_of_two_for - the smallest that is not below @value; @value 1 .. 2^63. */
static inline uint64_t dmk_power_of_two_for(uint64_t value)
{
	return dmk_bits_below(value - 1) + 1;
}

#endif
