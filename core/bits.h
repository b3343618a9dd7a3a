/* SPDX-License-Identifier: MIT */
/*
 * Sets of 128 things, a bit each. The compiler's own instructions where the machine has them, and
 * no helper of its library.
 */
#ifndef DMK_CORE_BITS_H
#define DMK_CORE_BITS_H

#include <dmakit/types.h>

/* Bit 0 of low is the first. */
struct dmk_bits {
	uint64_t low, high;
};

#if defined(__riscv) && !defined(__riscv_zbb)
/* The number of the lowest bit; @word is not 0. A machine without an instruction for it: halves. */
static inline unsigned int dmk_lowest_bit(uint64_t word)
{
	unsigned int bit = 0;

	for (unsigned int half = 32; half; half /= 2) {
		if (!(word << (64 - half))) {
			word >>= half;
			bit += half;
		}
	}
	return bit;
}
#elif __SIZEOF_POINTER__ < 8
static inline unsigned int dmk_lowest_bit(uint64_t word)
{
	const unsigned int low = (unsigned int)word;

	return (unsigned int)(low ? __builtin_ctz(low)
				  : 32 + __builtin_ctz((unsigned int)(word >> 32)));
}
#else
static inline unsigned int dmk_lowest_bit(uint64_t word)
{
	return (unsigned int)__builtin_ctzll(word);
}
#endif

static inline bool dmk_bits_any(struct dmk_bits bits)
{
	return bits.low | bits.high;
}

static inline struct dmk_bits dmk_bits_and(struct dmk_bits a, struct dmk_bits b)
{
	return (struct dmk_bits){a.low & b.low, a.high & b.high};
}

static inline struct dmk_bits dmk_bits_or(struct dmk_bits a, struct dmk_bits b)
{
	return (struct dmk_bits){a.low | b.low, a.high | b.high};
}

/** dmk_bits_without - those of @a that are not in @b */
static inline struct dmk_bits dmk_bits_without(struct dmk_bits a, struct dmk_bits b)
{
	return (struct dmk_bits){a.low & ~b.low, a.high & ~b.high};
}

/** dmk_bits_lowest - @bits is not empty. */
static inline unsigned int dmk_bits_lowest(struct dmk_bits bits)
{
	return bits.low ? dmk_lowest_bit(bits.low) : 64 + dmk_lowest_bit(bits.high);
}

/** dmk_bits_down - each bit @n places lower; @n 1 .. 64 */
static inline struct dmk_bits dmk_bits_down(struct dmk_bits bits, unsigned int n)
{
	if (n == 64)
		return (struct dmk_bits){bits.high, 0};
	return (struct dmk_bits){bits.low >> n | bits.high << (64 - n), bits.high >> n};
}

/** dmk_bits_run - @n bits from @first on; @n at least 1, @first + @n at most 128 */
static inline struct dmk_bits dmk_bits_run(unsigned int first, unsigned int n)
{
	const unsigned int end = first + n;
	struct dmk_bits bits = {0, 0};

	if (first < 64)
		bits.low = (end >= 64 ? ~0ULL : (1ULL << end) - 1) & (~0ULL << first);
	if (end > 64)
		bits.high = (end == 128 ? ~0ULL : (1ULL << (end - 64)) - 1) &
			    (first > 64 ? ~0ULL << (first - 64) : ~0ULL);
	return bits;
}

/** dmk_bits_flip - change @n bits from @first on; as in dmk_bits_run() */
static inline void dmk_bits_flip(struct dmk_bits *bits, unsigned int first, unsigned int n)
{
	struct dmk_bits run;

	if (first + n <= 64) {
		bits->low ^= (~0ULL >> (64 - n)) << first;
	} else if (first >= 64) {
		bits->high ^= (~0ULL >> (64 - n)) << (first - 64);
	} else {
		run = dmk_bits_run(first, n);
		bits->low ^= run.low;
		bits->high ^= run.high;
	}
}

/**
 * dmk_bits_every - one in @stride bits, from @phase on; @stride a power of two up to 128, @phase
 * below it
 */
static inline struct dmk_bits dmk_bits_every(unsigned int stride, unsigned int phase)
{
	static const uint64_t every[] = {
		~0ULL,
		0x5555555555555555ULL,
		0x1111111111111111ULL,
		0x0101010101010101ULL,
		0x0001000100010001ULL,
		0x0000000100000001ULL,
		1,
	};
	const unsigned int log = dmk_lowest_bit(stride);

	if (stride == 128)
		return dmk_bits_run(phase, 1);
	return (struct dmk_bits){every[log] << phase, every[log] << phase};
}

/** dmk_bits_runs - where @n bits in a row begin; @n 1 .. 128 */
static inline struct dmk_bits dmk_bits_runs(struct dmk_bits bits, unsigned int n)
{
	/* Each bit stands for as many in a row as @have says. */
	for (unsigned int have = 1, more; have < n; have += more) {
		more = have < n - have ? have : n - have;
		bits = dmk_bits_and(bits, dmk_bits_down(bits, more));
	}
	return bits;
}

#endif
