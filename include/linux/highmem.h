/* SPDX-License-Identifier: MIT */
/*
 * Pages without a kernel address, and the moments in which they have one.
 */
#ifndef _LINUX_HIGHMEM_H
#define _LINUX_HIGHMEM_H

#include <linux/cacheflush.h>
#include <linux/compiler.h>
#include <linux/mm.h>
#include <linux/string.h>

/**
 * kmap - an address for @page until kunmap(); may sleep. Not to be given to dma_map_single()
 * (MEM-04).
 */
void *kmap(struct page *page) DMK_SYM(kmap);
void kunmap(struct page *page) DMK_SYM(kunmap);
/**
 * kmap_local_page - as kmap(), from any context; undone in reverse order, by the address, with
 * kunmap_local().
 */
void *kmap_local_page(struct page *page) DMK_SYM(kmap_local_page);
void dmk_kunmap_local(const void *address);
/** kmap_to_page - of an address that one of these returned */
struct page *kmap_to_page(void *address) DMK_SYM(kmap_to_page);
/** kmap_atomic - as kmap_local_page(); the thread may not sleep until kunmap_atomic(). */
void *kmap_atomic(struct page *page) DMK_SYM(kmap_atomic);
void dmk_kunmap_atomic(const void *address);

#define kunmap_local(address) dmk_kunmap_local(address)
#define kunmap_atomic(address) dmk_kunmap_atomic(address)

static inline void memcpy_from_page(char *to, struct page *page, size_t offset, size_t size)
{
	char *from = (char *)kmap_local_page(page);

	memcpy(to, from + offset, size);
	kunmap_local(from);
}

static inline void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t size)
{
	char *to = (char *)kmap_local_page(page);

	memcpy(to + offset, from, size);
	kunmap_local(to);
}

static inline void memzero_page(struct page *page, size_t offset, size_t size)
{
	char *at = (char *)kmap_local_page(page);

	memset(at + offset, 0, size);
	kunmap_local(at);
}

static inline void memset_page(struct page *page, size_t offset, int value, size_t size)
{
	char *at = (char *)kmap_local_page(page);

	memset(at + offset, value, size);
	kunmap_local(at);
}

static inline void memcpy_page(struct page *to, size_t to_offset, struct page *from,
			       size_t from_offset, size_t size)
{
	char *target = (char *)kmap_local_page(to), *source = (char *)kmap_local_page(from);

	memcpy(target + to_offset, source + from_offset, size);
	kunmap_local(source);
	kunmap_local(target);
}

static inline void clear_highpage(struct page *page)
{
	memzero_page(page, 0, PAGE_SIZE);
}

static inline void copy_highpage(struct page *to, struct page *from)
{
	char *target = (char *)kmap_local_page(to), *source = (char *)kmap_local_page(from);

	memcpy(target, source, PAGE_SIZE);
	kunmap_local(source);
	kunmap_local(target);
}

static inline void zero_user_segments(struct page *page, unsigned int start1, unsigned int end1,
				      unsigned int start2, unsigned int end2)
{
	if (end1 > start1)
		memzero_page(page, start1, end1 - start1);
	if (end2 > start2)
		memzero_page(page, start2, end2 - start2);
}

static inline void zero_user_segment(struct page *page, unsigned int start, unsigned int end)
{
	zero_user_segments(page, start, end, 0, 0);
}

static inline void zero_user(struct page *page, unsigned int start, unsigned int size)
{
	memzero_page(page, start, size);
}

#endif
