/* SPDX-License-Identifier: MIT */
/*
 * The next bit that is set, or is not.
 */
#ifndef _LINUX_FIND_H
#define _LINUX_FIND_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>

/** Return: number of the bit at or after @from, or @size: none. */
unsigned long find_next_bit(const unsigned long *bits, unsigned long size, unsigned long from)
	DMK_SYM(find_next_bit);
unsigned long find_next_zero_bit(const unsigned long *bits, unsigned long size, unsigned long from)
	DMK_SYM(find_next_zero_bit);
unsigned long find_last_bit(const unsigned long *bits, unsigned long size) DMK_SYM(find_last_bit);
#define find_first_bit(bits, size) find_next_bit((bits), (size), 0)
#define find_first_zero_bit(bits, size) find_next_zero_bit((bits), (size), 0)

#define for_each_set_bit(bit, bits, size)                            \
	for ((bit) = find_first_bit((bits), (size)); (bit) < (size); \
	     (bit) = find_next_bit((bits), (size), (bit) + 1))
#define for_each_set_bit_from(bit, bits, size)                                                     \
	for ((bit) = find_next_bit((bits), (size), (bit)); (bit) < (size);                         \
	     (bit) = find_next_bit((bits), (size), (bit) + 1))
#define for_each_clear_bit(bit, bits, size)                                                        \
	for ((bit) = find_first_zero_bit((bits), (size)); (bit) < (size);                          \
	     (bit) = find_next_zero_bit((bits), (size), (bit) + 1))

#endif
