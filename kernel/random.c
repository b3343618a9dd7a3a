/* SPDX-License-Identifier: MIT */
/*
 * Random numbers for drivers, from a seed: a run can be repeated. Not for secrets.
 */
#include "internal.h"

#include <string.h>

#include <linux/random.h>

static uint64_t state = 1; /* atomic */

void dmk_random_seed(uint64_t seed)
{
	__atomic_store_n(&state, seed, __ATOMIC_RELAXED);
}

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), the 64-bit mixer. */
uint64_t dmk_random_mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

u64 get_random_u64(void)
{
	return dmk_random_mix(__atomic_add_fetch(&state, 0x9e3779b97f4a7c15ULL, __ATOMIC_RELAXED));
}

u32 get_random_u32(void)
{
	return get_random_u64() >> 32;
}

u16 get_random_u16(void)
{
	return get_random_u64() >> 48;
}

u8 get_random_u8(void)
{
	return get_random_u64() >> 56;
}

u32 get_random_u32_below(u32 limit)
{
	return limit ? get_random_u32() * (u64)limit >> 32 : get_random_u32();
}

void get_random_bytes(void *to, size_t size)
{
	unsigned char *at = to;
	u64 word;

	while (size) {
		size_t n = size < sizeof(word) ? size : sizeof(word);

		word = get_random_u64();
		memcpy(at, &word, n);
		at += n;
		size -= n;
	}
}
