/* SPDX-License-Identifier: MIT */
/*
 * Runs of bits.
 */
#include "internal.h"

#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/slab.h>

static unsigned long find(const unsigned long *bits, unsigned long size, unsigned long from,
			  unsigned long invert)
{
	unsigned long word, at;

	if (from >= size)
		return size;
	word = (bits[BIT_WORD(from)] ^ invert) & ~0UL << from % BITS_PER_LONG;
	at = from - from % BITS_PER_LONG;
	while (!word) {
		at += BITS_PER_LONG;
		if (at >= size)
			return size;
		word = bits[BIT_WORD(at)] ^ invert;
	}
	return min(at + __ffs(word), size);
}

unsigned long find_next_bit(const unsigned long *bits, unsigned long size, unsigned long from)
{
	return find(bits, size, from, 0);
}

unsigned long find_next_zero_bit(const unsigned long *bits, unsigned long size, unsigned long from)
{
	return find(bits, size, from, ~0UL);
}

unsigned long find_last_bit(const unsigned long *bits, unsigned long size)
{
	unsigned long n;

	for (n = size; n--;)
		if (test_bit(n, bits))
			return n;
	return size;
}

unsigned long *bitmap_alloc(unsigned int bits, gfp_t gfp)
{
	return dmk_kmalloc_at(BITS_TO_LONGS(bits) * sizeof(long), gfp, DMK_HERE);
}

unsigned long *bitmap_zalloc(unsigned int bits, gfp_t gfp)
{
	return dmk_kmalloc_at(BITS_TO_LONGS(bits) * sizeof(long), gfp | __GFP_ZERO, DMK_HERE);
}

void bitmap_free(const unsigned long *map)
{
	dmk_kfree_at(map, DMK_HERE);
}

void bitmap_set(unsigned long *map, unsigned int start, unsigned int n)
{
	while (n--)
		__set_bit(start++, map);
}

void bitmap_clear(unsigned long *map, unsigned int start, unsigned int n)
{
	while (n--)
		__clear_bit(start++, map);
}

unsigned int dmk_bitmap_weight(const unsigned long *map, unsigned int bits)
{
	unsigned long bit;
	unsigned int n = 0;

	for_each_set_bit(bit, map, bits)
		n++;
	return n;
}

bool bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < bits; i++)
		if (test_bit(i, a) != test_bit(i, b))
			return false;
	return true;
}

bool bitmap_and(unsigned long *to, const unsigned long *a, const unsigned long *b,
		unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < BITS_TO_LONGS(bits); i++)
		to[i] = a[i] & b[i];
	return !bitmap_empty(to, bits);
}

void bitmap_or(unsigned long *to, const unsigned long *a, const unsigned long *b, unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < BITS_TO_LONGS(bits); i++)
		to[i] = a[i] | b[i];
}

bool bitmap_intersects(const unsigned long *a, const unsigned long *b, unsigned int bits)
{
	unsigned long bit;

	for_each_set_bit(bit, a, bits)
		if (test_bit(bit, b))
			return true;
	return false;
}

unsigned long bitmap_find_next_zero_area(unsigned long *map, unsigned long size,
					 unsigned long start, unsigned int n,
					 unsigned long align_mask)
{
	unsigned long first, used;

	for (;;) {
		first = (find_next_zero_bit(map, size, start) + align_mask) & ~align_mask;
		if (first > size || n > size - first)
			return size + 1;
		used = find_next_bit(map, first + n, first);
		if (used >= first + n)
			return first;
		start = used + 1;
	}
}

int bitmap_find_free_region(unsigned long *map, unsigned int bits, int order)
{
	unsigned long first = bitmap_find_next_zero_area(map, bits, 0, 1U << order,
							 (1UL << order) - 1);

	if (first >= bits)
		return -ENOMEM;
	bitmap_set(map, first, 1U << order);
	return first;
}

void bitmap_release_region(unsigned long *map, unsigned int start, int order)
{
	bitmap_clear(map, start, 1U << order);
}
