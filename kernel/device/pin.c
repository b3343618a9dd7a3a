// SPDX-License-Identifier: MIT
/*
 * Pages of user memory that drivers hold: get_user_pages(), pin_user_pages() and what ends them.
 *
 * A held page is a frame of the machine's RAM that stands for a page of the calling program, which
 * may be another process. Beside it is a copy of what both last agreed on: a byte of the frame that
 * differs was written by a device or the driver and goes to the user, else one of the user's that
 * differs goes to the frame. So nothing that either did not write is ever written, and what else
 * lies in the user's page (the heap of this process, as a rule) is left alone.
 *
 * One record for each page of a user, however often it is held. The lock guards the records; the
 * page's references are the page allocator's, and with the last of them the record goes.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/uaccess.h>

#include "../internal.h"

enum { BUCKETS = 256 };

struct pinned {
	struct pinned *next;
	struct page *page;
	struct dmk_user user; /* pid 0: this process */
	char *address;        /* the user's */
	unsigned long pins;   /* by pin_user_pages() and not given back */
	bool writes, dirty;
	const void *caller; /* who held it first */
	char agreed[DMK_PAGE_SIZE];
};

static struct pinned *bucket[BUCKETS];
static unsigned int nr_pinned;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct pinned **bucket_of(const struct page *page)
{
	return &bucket[page_to_pfn(page) % BUCKETS];
}

/* The lock is held. */
static struct pinned *find(const struct page *page)
{
	struct pinned *pinned = *bucket_of(page);

	while (pinned && pinned->page != page)
		pinned = pinned->next;
	return pinned;
}

static int calling_pid(void)
{
	const struct dmk_user *user = dmk_user_get();

	return user ? user->pid : 0;
}

/* The lock is held. */
static struct pinned *find_user(const char *address)
{
	int pid = calling_pid();

	for (unsigned int i = 0; i < BUCKETS && nr_pinned; i++)
		for (struct pinned *pinned = bucket[i]; pinned; pinned = pinned->next)
			if (pinned->address == address && pinned->user.pid == pid)
				return pinned;
	return NULL;
}

/* --- both sides ------------------------------------------------------------------------------- */

/* Bytes that the frame's side wrote, to the user, in runs. */
static bool give(struct pinned *pinned, const char *frame)
{
	bool any = false;

	for (size_t i = 0, n; i < DMK_PAGE_SIZE; i += n) {
		for (n = 0; i + n < DMK_PAGE_SIZE && frame[i + n] != pinned->agreed[i + n];)
			n++;
		any |= n > 0;
		if (n && !copy_to_user(pinned->address + i, frame + i, n))
			memcpy(pinned->agreed + i, frame + i, n);
		n = n ? n : 1;
	}
	return any;
}

/* Bytes that the user wrote, to the frame. */
static void take(struct pinned *pinned, char *frame)
{
	char theirs[DMK_PAGE_SIZE];

	if (!dmk_user_read_page(theirs, pinned->address))
		return; /* unmapped meanwhile: the frame is all that is left */
	if (!memcmp(theirs, pinned->agreed, DMK_PAGE_SIZE))
		return;
	for (size_t i = 0; i < DMK_PAGE_SIZE; i++) {
		if (theirs[i] == pinned->agreed[i] || frame[i] != pinned->agreed[i])
			continue;
		pinned->agreed[i] = theirs[i];
		frame[i] = theirs[i];
	}
}

/* The lock is held. True: the frame was written. */
static bool exchange(struct pinned *pinned, bool both)
{
	const struct dmk_user *before = dmk_user_set(pinned->user.pid ? &pinned->user : NULL);
	char *frame = kmap_local_page(pinned->page);
	bool written = memcmp(frame, pinned->agreed, DMK_PAGE_SIZE);

	if (written && pinned->writes)
		give(pinned, frame);
	if (both)
		take(pinned, frame);
	kunmap_local(frame);
	dmk_user_set(before);
	return written;
}

void dmk_pins_sync(void)
{
	int pid;

	if (!__atomic_load_n(&nr_pinned, __ATOMIC_ACQUIRE))
		return;
	pid = calling_pid();
	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < BUCKETS; i++)
		for (struct pinned *pinned = bucket[i]; pinned; pinned = pinned->next)
			if (pinned->user.pid == pid)
				exchange(pinned, true);
	pthread_mutex_unlock(&lock);
}

/* --- holding ---------------------------------------------------------------------------------- */

static void fill(struct pinned *pinned)
{
	char *frame = kmap_local_page(pinned->page);

	memcpy(frame, pinned->agreed, DMK_PAGE_SIZE);
	kunmap_local(frame);
}

/* A new record and its frame, with one reference. The lock is held. NULL: no memory. */
static struct pinned *make(char *address, const char *bytes, struct dmk_place place)
{
	struct pinned *pinned = calloc(1, sizeof(*pinned));

	if (!pinned)
		return NULL;
	pinned->page = dmk_page_insist(GFP_HIGHUSER, 0, DMK_PAGE_USER, "pin_user_pages");
	if (!pinned->page) {
		free(pinned);
		return NULL;
	}
	pinned->user.pid = calling_pid();
	pinned->address = address;
	pinned->caller = place.caller;
	memcpy(pinned->agreed, bytes, DMK_PAGE_SIZE);
	fill(pinned);
	pinned->next = *bucket_of(pinned->page);
	*bucket_of(pinned->page) = pinned;
	__atomic_store_n(&nr_pinned, nr_pinned + 1, __ATOMIC_RELEASE);
	dmk_memory_event(DMK_EVENT_MEMORY_ALLOC, "pin_user_pages", dmk_page_cpu(pinned->page),
			 dmk_page_phys(pinned->page), DMK_PAGE_SIZE, DMK_REASON_NONE, place);
	return pinned;
}

/* What a hold is: of which kind, and for what. */
struct hold {
	bool pin, write;
	struct dmk_place place;
};

/* The page that stands for the user's at @address, with a reference. 0, -EFAULT, -ENOMEM. */
static int hold_one(char *address, const struct hold *hold, struct page **page)
{
	char bytes[DMK_PAGE_SIZE];
	struct pinned *pinned;
	int area = calling_pid() ? 0 : dmk_area_page((uintptr_t)address, hold->write, page);

	if (area)
		return area < 0 ? area : 0;
	if (!dmk_user_read_page(bytes, address) ||
	    (hold->write && !dmk_user_can_write((uintptr_t)address)))
		return -EFAULT;
	if (dmk_memory_fails(GFP_HIGHUSER, hold->place))
		return -ENOMEM;
	pthread_mutex_lock(&lock);
	pinned = find_user(address);
	if (pinned) {
		get_page(pinned->page);
		exchange(pinned, true);
	} else {
		pinned = make(address, bytes, hold->place);
	}
	if (pinned) {
		pinned->pins += hold->pin;
		pinned->writes |= hold->write;
		*page = pinned->page;
	}
	pthread_mutex_unlock(&lock);
	return pinned ? 0 : -ENOMEM;
}

static long hold_pages(unsigned long start, unsigned long nr, struct page **pages, bool pin,
		       unsigned int flags, struct dmk_place place)
{
	struct hold hold = {pin, flags & FOLL_WRITE, place};
	struct page *page;
	int error = 0;
	unsigned long n;

	dmk_might_sleep_at(pin ? "pin_user_pages" : "get_user_pages", place);
	start &= ~(unsigned long)(DMK_PAGE_SIZE - 1);
	if (!nr)
		return 0;
	if (current->flags & PF_KTHREAD || nr > ~0UL / DMK_PAGE_SIZE ||
	    !access_ok((void *)start, nr * DMK_PAGE_SIZE))
		return -EFAULT;
	for (n = 0; n < nr; n++) {
		error = hold_one((char *)start + n * DMK_PAGE_SIZE, &hold, &page);
		if (error)
			break;
		if (pages)
			pages[n] = page;
		else
			put_page(page);
	}
	return n ? (long)n : error;
}

int pin_user_pages_fast(unsigned long start, int nr, unsigned int flags, struct page **pages)
{
	return nr < 0 || !pages
		       ? -EINVAL
		       : (int)hold_pages(start, (unsigned long)nr, pages, true, flags, DMK_HERE);
}

long pin_user_pages_unlocked(unsigned long start, unsigned long nr, struct page **pages,
			     unsigned int flags)
{
	return pages ? hold_pages(start, nr, pages, true, flags, DMK_HERE) : -EINVAL;
}

int dmk_get_user_pages_fast(unsigned long start, int nr, unsigned int flags, struct page **pages)
{
	return nr < 0 ? -EINVAL
		      : (int)hold_pages(start, (unsigned long)nr, pages, false, flags, DMK_HERE);
}

long get_user_pages_unlocked(unsigned long start, unsigned long nr, struct page **pages,
			     unsigned int flags)
{
	return hold_pages(start, nr, pages, false, flags, DMK_HERE);
}

/* The forms whose caller has the lock of the program's memory. */
static void expect_lock(const char *call, struct dmk_place place)
{
	if (down_write_trylock(&dmk_user_mm.mmap_lock)) {
		up_write(&dmk_user_mm.mmap_lock);
		dmk_complain(place.caller,
			     "%s() without mmap_read_lock(current->mm): the program's memory may "
			     "change under it; take the lock, or use %s_fast()",
			     call, call);
	}
}

long dmk_pin_user_pages(unsigned long start, unsigned long nr, unsigned int flags,
			struct page **pages)
{
	expect_lock("pin_user_pages", DMK_HERE);
	return pages ? hold_pages(start, nr, pages, true, flags, DMK_HERE) : -EINVAL;
}

long dmk_get_user_pages(unsigned long start, unsigned long nr, unsigned int flags,
			struct page **pages)
{
	expect_lock("get_user_pages", DMK_HERE);
	return hold_pages(start, nr, pages, false, flags, DMK_HERE);
}

/* --- giving back ------------------------------------------------------------------------------ */

/* The lock is held. */
static void take_out(struct pinned *pinned)
{
	struct pinned **at = bucket_of(pinned->page);

	while (*at != pinned)
		at = &(*at)->next;
	*at = pinned->next;
	__atomic_store_n(&nr_pinned, nr_pinned - 1, __ATOMIC_RELEASE);
}

/* What the end of a record shows about its driver. */
static void judge(const struct pinned *pinned, bool written, const void *caller)
{
	if (pinned->pins)
		dmk_complain(caller,
			     "a page that pin_user_pages() held was given back by put_page(): use "
			     "unpin_user_page()");
	if (written && !pinned->writes)
		dmk_complain(caller,
			     "user memory at %p was held for reading, without FOLL_WRITE, and was "
			     "written: the program does not see it",
			     pinned->address);
	else if (written && !pinned->dirty)
		dmk_printk(KERN_WARNING
			   "user memory at %p was written and never marked dirty: the data are "
			   "lost when the page is swapped out (unpin_user_pages_dirty_lock())\n",
			   pinned->address);
}

void dmk_user_page_ends(struct page *page, struct dmk_place place)
{
	struct pinned *pinned;
	bool written = false;

	pthread_mutex_lock(&lock);
	pinned = find(page);
	if (pinned) {
		written = exchange(pinned, false);
		take_out(pinned);
	}
	pthread_mutex_unlock(&lock);
	if (!pinned)
		return;
	judge(pinned, written, place.caller);
	free(pinned);
}

/* Whether a pin of the page is taken back now: it is a user's that was pinned, or an area's. */
static bool take_pin(struct page *page, bool dirty, const void *caller)
{
	struct pinned *pinned;
	bool is_user = page->flags & DMK_PAGE_USER, had = true;

	pthread_mutex_lock(&lock);
	pinned = find(page);
	if (pinned) {
		had = pinned->pins > 0;
		pinned->pins -= had;
		pinned->dirty |= dirty;
	}
	pthread_mutex_unlock(&lock);
	if (had && (pinned || !is_user))
		return true;
	dmk_complain(caller, "unpin_user_page(%p): the page is not pinned", page);
	return false;
}

static void unpin(struct page **pages, unsigned long nr, bool dirty, struct dmk_place place)
{
	for (unsigned long i = 0; i < nr; i++)
		if (dmk_is_page(pages[i], "unpin_user_page", place) &&
		    take_pin(pages[i], dirty, place.caller))
			put_page(pages[i]);
}

void unpin_user_page(struct page *page)
{
	unpin(&page, 1, false, DMK_HERE);
}

void unpin_user_pages(struct page **pages, unsigned long nr)
{
	unpin(pages, nr, false, DMK_HERE);
}

void unpin_user_pages_dirty_lock(struct page **pages, unsigned long nr, bool dirty)
{
	unpin(pages, nr, dirty, DMK_HERE);
}

bool set_page_dirty(struct page *page)
{
	struct pinned *pinned;
	bool was_clean = false;

	pthread_mutex_lock(&lock);
	pinned = find(page);
	if (pinned) {
		was_clean = !pinned->dirty;
		pinned->dirty = true;
	}
	pthread_mutex_unlock(&lock);
	return was_clean;
}

int set_page_dirty_lock(struct page *page)
{
	return set_page_dirty(page);
}

void dmk_pins_stop(void)
{
	struct pinned *pinned = NULL;
	unsigned int left = nr_pinned;

	for (unsigned int i = 0; i < BUCKETS; i++) {
		while (bucket[i]) {
			pinned = bucket[i];
			if (left)
				dmk_complain(pinned->caller,
					     "%u page%s of user memory %s held and never given back "
					     "(unpin_user_page(), put_page()); one of them at %p",
					     left, left == 1 ? "" : "s", left == 1 ? "was" : "were",
					     pinned->address);
			left = 0;
			take_out(pinned);
			free(pinned);
		}
	}
}
