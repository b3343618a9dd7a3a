/* SPDX-License-Identifier: MIT */
/*
 * Pages of the calling program's memory: held, so that a driver maps them for a device. Part of
 * linux/mm.h.
 *
 * A page that is held is a page of the machine's RAM that stands for the user's. What either side
 * writes reaches the other when a system call on a driver's file begins and when one ends, and when
 * the page is given back: a program that waits for a device without such a call does not see it.
 */
#ifndef _LINUX_MM_PIN_H
#define _LINUX_MM_PIN_H

#include <linux/compiler.h>
#include <linux/mm_types.h>
#include <linux/mmap_lock.h>
#include <linux/types.h>
#include <linux/version.h>

#define FOLL_WRITE (1 << 0)
#define FOLL_FORCE (1 << 3)
#define FOLL_NOWAIT (1 << 4)
#define FOLL_LONGTERM (1 << 8)

/**
 * pin_user_pages - hold [@start, @start + @nr pages), @start rounded down to a page
 * @flags: FOLL_WRITE if a device or the driver will write to them; FOLL_LONGTERM if they are held
 *         for longer than a call
 *
 * get_user_pages() is for who looks at the page's own record; each page goes back by put_page()
 * then, and by unpin_user_page() here, and not the other way.
 * Context: may sleep; the caller holds mmap_read_lock(), but for the forms _fast and _unlocked.
 * Return:  pages held, perhaps fewer than @nr: those after it are no memory of the user's, or may
 *          not be written. -EFAULT: the first is so; -ENOMEM.
 */
int pin_user_pages_fast(unsigned long start, int nr, unsigned int flags, struct page **pages)
	DMK_SYM(pin_user_pages_fast);
long pin_user_pages_unlocked(unsigned long start, unsigned long nr, struct page **pages,
			     unsigned int flags) DMK_SYM(pin_user_pages_unlocked);
int dmk_get_user_pages_fast(unsigned long start, int nr, unsigned int flags, struct page **pages);
long get_user_pages_unlocked(unsigned long start, unsigned long nr, struct page **pages,
			     unsigned int flags) DMK_SYM(get_user_pages_unlocked);
long dmk_pin_user_pages(unsigned long start, unsigned long nr, unsigned int flags,
			struct page **pages);
long dmk_get_user_pages(unsigned long start, unsigned long nr, unsigned int flags,
			struct page **pages);

/* Up to Linux 6.4 the areas were asked for too; nobody in a driver did. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#define pin_user_pages(start, nr, flags, pages) dmk_pin_user_pages(start, nr, flags, pages)
#define get_user_pages(start, nr, flags, pages) dmk_get_user_pages(start, nr, flags, pages)
#else
#define pin_user_pages(start, nr, flags, pages, areas) \
	((void)(areas), dmk_pin_user_pages(start, nr, flags, pages))
#define get_user_pages(start, nr, flags, pages, areas) \
	((void)(areas), dmk_get_user_pages(start, nr, flags, pages))
#endif
/* Before 5.2 @flags was a truth value, which is FOLL_WRITE's. */
#define get_user_pages_fast(start, nr, flags, pages) \
	dmk_get_user_pages_fast(start, nr, flags, pages)

void unpin_user_page(struct page *page) DMK_SYM(unpin_user_page);
void unpin_user_pages(struct page **pages, unsigned long nr) DMK_SYM(unpin_user_pages);
/** unpin_user_pages_dirty_lock - @dirty: they were written, and must not be thrown away */
void unpin_user_pages_dirty_lock(struct page **pages, unsigned long nr, bool dirty)
	DMK_SYM(unpin_user_pages_dirty_lock);
/**
 * set_page_dirty - the page was written: due before it is given back, if a device wrote to it. True
 * if it was not so before.
 */
bool set_page_dirty(struct page *page) DMK_SYM(set_page_dirty);
int set_page_dirty_lock(struct page *page) DMK_SYM(set_page_dirty_lock);
#define SetPageDirty(page) ((void)set_page_dirty(page))

#endif
