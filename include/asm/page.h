/* SPDX-License-Identifier: MIT */
/*
 * Pages: 4 KiB on every machine so far.
 */
#ifndef _ASM_PAGE_H
#define _ASM_PAGE_H

#include <linux/const.h>
#include <linux/types.h>

#undef PAGE_SHIFT
#undef PAGE_SIZE
#undef PAGE_MASK
#define PAGE_SHIFT 12
#define PAGE_SIZE (_AC(1, UL) << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define clear_page(page) __builtin_memset((page), 0, PAGE_SIZE)
#define copy_page(to, from) __builtin_memcpy((to), (from), PAGE_SIZE)

/** get_order - the smallest order of pages that holds @size bytes; @size at least 1. */
static inline __attribute__((const)) int get_order(unsigned long size)
{
	return size <= PAGE_SIZE ? 0 : BITS_PER_LONG - __builtin_clzl((size - 1) >> PAGE_SHIFT);
}

#endif
