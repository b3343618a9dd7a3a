/* SPDX-License-Identifier: MIT */
/*
 * Pointers by number: a sorted table under a lock. Simple, right, and fast enough for a driver's
 * few thousand.
 */
#ifndef _LINUX_XARRAY_H
#define _LINUX_XARRAY_H

#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/gfp_types.h>
#include <linux/limits.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct dmk_xa_slot {
	unsigned long index;
	void *entry;
};

struct xarray {
	spinlock_t xa_lock;
	unsigned int flags;
	size_t n, room;
	struct dmk_xa_slot *slot; /* ascending by index; of the C heap */
};

struct xa_limit {
	u32 min, max;
};

#define XA_LIMIT(_min, _max) ((struct xa_limit){ .min = (_min), .max = (_max) })
#define xa_limit_32b XA_LIMIT(0, UINT_MAX)
#define xa_limit_31b XA_LIMIT(0, INT_MAX)
#define xa_limit_16b XA_LIMIT(0, USHRT_MAX)
#define XA_FLAGS_ALLOC 4U
#define XA_FLAGS_ALLOC1 12U
#define XA_FLAGS_LOCK_IRQ 1U
#define XA_FLAGS_LOCK_BH 2U

#define XARRAY_INIT(name, _flags) { .xa_lock = __SPIN_LOCK_UNLOCKED(name), .flags = (_flags) }
#define DEFINE_XARRAY_FLAGS(name, flags) struct xarray name = XARRAY_INIT(name, flags)
#define DEFINE_XARRAY(name) DEFINE_XARRAY_FLAGS(name, 0)
#define DEFINE_XARRAY_ALLOC(name) DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC)
#define DEFINE_XARRAY_ALLOC1(name) DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC1)

#define xa_lock(xa) spin_lock(&(xa)->xa_lock)
#define xa_unlock(xa) spin_unlock(&(xa)->xa_lock)
#define xa_lock_irqsave(xa, flags) spin_lock_irqsave(&(xa)->xa_lock, flags)
#define xa_unlock_irqrestore(xa, flags) spin_unlock_irqrestore(&(xa)->xa_lock, flags)

static inline void *xa_mk_value(unsigned long value)
{
	return (void *)(value << 1 | 1);
}

static inline unsigned long xa_to_value(const void *entry)
{
	return (unsigned long)entry >> 1;
}

static inline bool xa_is_value(const void *entry)
{
	return (unsigned long)entry & 1;
}

static inline bool xa_is_err(const void *entry)
{
	return IS_ERR(entry);
}

static inline int xa_err(void *entry)
{
	return IS_ERR(entry) ? PTR_ERR(entry) : 0;
}

void xa_init_flags(struct xarray *xa, unsigned int flags) DMK_SYM(xa_init_flags);
#define xa_init(xa) xa_init_flags((xa), 0)
void xa_destroy(struct xarray *xa) DMK_SYM(xa_destroy);
void *xa_load(struct xarray *xa, unsigned long index) DMK_SYM(xa_load);
/** xa_store - NULL erases. Return: what was there, or an error for xa_err(). */
void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp) DMK_SYM(xa_store);
void *xa_erase(struct xarray *xa, unsigned long index) DMK_SYM(xa_erase);
int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp) DMK_SYM(xa_insert);
void *xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp)
	DMK_SYM(xa_cmpxchg);
/** xa_alloc - the lowest free index within @limit. Return: 0, -EBUSY: none free, -ENOMEM. */
int xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, gfp_t gfp)
	DMK_SYM(xa_alloc);
int xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, u32 *next,
		    gfp_t gfp) DMK_SYM(xa_alloc_cyclic);
bool xa_empty(const struct xarray *xa) DMK_SYM(xa_empty);
/** xa_find - the first entry at or after *@index and up to @max; xa_find_after: after it. */
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max, unsigned int filter)
	DMK_SYM(xa_find);
void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max, unsigned int filter)
	DMK_SYM(xa_find_after);
#define XA_PRESENT 8U
#define xa_for_each_range(xa, index, entry, start, last)                                           \
	for (index = (start), entry = xa_find((xa), &index, (last), XA_PRESENT); entry;            \
	     entry = xa_find_after((xa), &index, (last), XA_PRESENT))
#define xa_for_each_start(xa, index, entry, start) \
	xa_for_each_range(xa, index, entry, start, ULONG_MAX)
#define xa_for_each(xa, index, entry) xa_for_each_range(xa, index, entry, 0, ULONG_MAX)

#endif
