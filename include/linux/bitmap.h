/* SPDX-License-Identifier: MIT */
/*
 * Long runs of bits. Sizes in bits.
 */
#ifndef _LINUX_BITMAP_H
#define _LINUX_BITMAP_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/gfp_types.h>
#include <linux/string.h>
#include <linux/types.h>

unsigned long *bitmap_alloc(unsigned int bits, gfp_t gfp) DMK_SYM(bitmap_alloc);
unsigned long *bitmap_zalloc(unsigned int bits, gfp_t gfp) DMK_SYM(bitmap_zalloc);
void bitmap_free(const unsigned long *map) DMK_SYM(bitmap_free);
void bitmap_set(unsigned long *map, unsigned int start, unsigned int n) DMK_SYM(bitmap_set);
void bitmap_clear(unsigned long *map, unsigned int start, unsigned int n) DMK_SYM(bitmap_clear);
unsigned int dmk_bitmap_weight(const unsigned long *map, unsigned int bits);
#define bitmap_weight(map, bits) dmk_bitmap_weight((map), (bits))
bool bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned int bits)
	DMK_SYM(bitmap_equal);
bool bitmap_and(unsigned long *to, const unsigned long *a, const unsigned long *b,
		unsigned int bits) DMK_SYM(bitmap_and);
void bitmap_or(unsigned long *to, const unsigned long *a, const unsigned long *b, unsigned int bits)
	DMK_SYM(bitmap_or);
bool bitmap_intersects(const unsigned long *a, const unsigned long *b, unsigned int bits)
	DMK_SYM(bitmap_intersects);
/**
 * bitmap_find_next_zero_area - @n free bits from @start on, aligned to @align_mask + 1. Return: the
 * first, or over @size.
 */
unsigned long bitmap_find_next_zero_area(unsigned long *map, unsigned long size,
					 unsigned long start, unsigned int n,
					 unsigned long align_mask)
	DMK_SYM(bitmap_find_next_zero_area);
/** bitmap_find_free_region - 2^@order aligned bits, set. Return: the first, or -ENOMEM. */
int bitmap_find_free_region(unsigned long *map, unsigned int bits, int order)
	DMK_SYM(bitmap_find_free_region);
void bitmap_release_region(unsigned long *map, unsigned int start, int order)
	DMK_SYM(bitmap_release_region);

static inline void bitmap_zero(unsigned long *map, unsigned int bits)
{
	memset(map, 0, BITS_TO_LONGS(bits) * sizeof(long));
}

static inline void bitmap_fill(unsigned long *map, unsigned int bits)
{
	memset(map, 0xff, BITS_TO_LONGS(bits) * sizeof(long));
}

static inline void bitmap_copy(unsigned long *to, const unsigned long *from, unsigned int bits)
{
	memcpy(to, from, BITS_TO_LONGS(bits) * sizeof(long));
}

static inline bool bitmap_empty(const unsigned long *map, unsigned int bits)
{
	return find_first_bit(map, bits) >= bits;
}

static inline bool bitmap_full(const unsigned long *map, unsigned int bits)
{
	return find_first_zero_bit(map, bits) >= bits;
}

#endif
