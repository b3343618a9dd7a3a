/* SPDX-License-Identifier: MIT */
/*
 * XArrays, and the older IDR and IDA as thin coats over them: a sorted table in the C heap.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#include <linux/idr.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#define RESERVED ((void *)-0x401L) /* an ida's entry: a number without a pointer */

static void lock(struct xarray *xa, unsigned long *flags)
{
	spin_lock_irqsave(&xa->xa_lock, *flags);
}

static void unlock(struct xarray *xa, unsigned long flags)
{
	spin_unlock_irqrestore(&xa->xa_lock, flags);
}

/* The first slot at or after @index. */
static size_t position(const struct xarray *xa, unsigned long index)
{
	size_t low = 0, high = xa->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (xa->slot[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct xarray *xa, size_t at, unsigned long index)
{
	return at < xa->n && xa->slot[at].index == index;
}

static int insert_at(struct xarray *xa, size_t at, unsigned long index, void *entry)
{
	if (xa->n == xa->room) {
		size_t room = xa->room ? xa->room * 2 : 8;
		struct dmk_xa_slot *slot = realloc(xa->slot, room * sizeof(*slot));

		if (!slot)
			return -ENOMEM;
		xa->slot = slot;
		xa->room = room;
	}
	memmove(&xa->slot[at + 1], &xa->slot[at], (xa->n - at) * sizeof(*xa->slot));
	xa->slot[at] = (struct dmk_xa_slot){ index, entry };
	xa->n++;
	return 0;
}

/* The table goes with its last entry: an array that is empty holds nothing. */
static void *remove_at(struct xarray *xa, size_t at)
{
	void *entry = xa->slot[at].entry;

	memmove(&xa->slot[at], &xa->slot[at + 1], (xa->n - at - 1) * sizeof(*xa->slot));
	if (--xa->n == 0) {
		free(xa->slot);
		xa->slot = NULL;
		xa->room = 0;
	}
	return entry;
}

/* With the lock held. */
static void *store(struct xarray *xa, unsigned long index, void *entry)
{
	size_t at = position(xa, index);
	void *old = NULL;
	int err;

	if (is_at(xa, at, index)) {
		old = xa->slot[at].entry;
		if (entry)
			xa->slot[at].entry = entry;
		else
			remove_at(xa, at);
		return old;
	}
	err = entry ? insert_at(xa, at, index, entry) : 0;
	return err ? ERR_PTR(err) : NULL;
}

static void *load(const struct xarray *xa, unsigned long index)
{
	size_t at = position(xa, index);

	return is_at(xa, at, index) ? xa->slot[at].entry : NULL;
}

/* The lowest free index in [low, high]; false: none. */
static bool lowest_free(const struct xarray *xa, unsigned long low, unsigned long high,
			unsigned long *index)
{
	size_t at;

	for (at = position(xa, low); low <= high; at++, low++) {
		if (is_at(xa, at, low))
			continue;
		*index = low;
		return true;
	}
	return false;
}

static int alloc_between(struct xarray *xa, unsigned long low, unsigned long high, void *entry,
			 unsigned long *index)
{
	if (!lowest_free(xa, low, high, index))
		return -EBUSY;
	return insert_at(xa, position(xa, *index), *index, entry);
}

/* --- XArray ----------------------------------------------------------------------------------- */

void xa_init_flags(struct xarray *xa, unsigned int flags)
{
	*xa = (struct xarray)XARRAY_INIT(*xa, flags);
}

void xa_destroy(struct xarray *xa)
{
	unsigned long flags;

	lock(xa, &flags);
	free(xa->slot);
	xa->slot = NULL;
	xa->n = xa->room = 0;
	unlock(xa, flags);
}

void *xa_load(struct xarray *xa, unsigned long index)
{
	unsigned long flags;
	void *entry;

	lock(xa, &flags);
	entry = load(xa, index);
	unlock(xa, flags);
	return entry;
}

DMK_ENTRY void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	unsigned long flags;
	void *old;

	if (entry && dmk_memory_fails(gfp, DMK_HERE))
		return ERR_PTR(-ENOMEM);
	lock(xa, &flags);
	old = store(xa, index, entry);
	unlock(xa, flags);
	return old;
}

void *xa_erase(struct xarray *xa, unsigned long index)
{
	return xa_store(xa, index, NULL, 0);
}

DMK_ENTRY void *xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry,
			   gfp_t gfp)
{
	unsigned long flags;
	void *found;

	if (entry && !old && dmk_memory_fails(gfp, DMK_HERE))
		return ERR_PTR(-ENOMEM);
	lock(xa, &flags);
	found = load(xa, index);
	if (found == old) {
		void *result = store(xa, index, entry);

		if (IS_ERR(result) && !old)
			found = result;
	}
	unlock(xa, flags);
	return found;
}

int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	void *found;

	if (dmk_memory_fails(gfp, DMK_HERE))
		return -ENOMEM;
	found = xa_cmpxchg(xa, index, NULL, entry, gfp);

	return !found ? 0 : IS_ERR(found) ? PTR_ERR(found) : -EBUSY;
}

DMK_ENTRY int xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, gfp_t gfp)
{
	unsigned long index = 0, flags;
	int err;

	if (dmk_memory_fails(gfp, DMK_HERE))
		return -ENOMEM;
	if (!limit.min && xa->flags == XA_FLAGS_ALLOC1)
		limit.min = 1;
	lock(xa, &flags);
	err = alloc_between(xa, limit.min, limit.max, entry, &index);
	unlock(xa, flags);
	if (!err)
		*id = index;
	return err;
}

DMK_ENTRY int xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit,
			      u32 *next, gfp_t gfp)
{
	unsigned long index = 0, flags;
	bool wrapped = false;
	int err;

	if (dmk_memory_fails(gfp, DMK_HERE))
		return -ENOMEM;
	lock(xa, &flags);
	err = alloc_between(xa, max(limit.min, *next), limit.max, entry, &index);
	if (err == -EBUSY) {
		wrapped = true;
		err = alloc_between(xa, limit.min, limit.max, entry, &index);
	}
	unlock(xa, flags);
	if (err)
		return err;
	*id = index;
	*next = index == limit.max ? limit.min : index + 1;
	return wrapped;
}

bool xa_empty(const struct xarray *xa)
{
	return !READ_ONCE(xa->n);
}

void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max, unsigned int filter)
{
	unsigned long flags;
	void *entry = NULL;
	size_t at;

	lock(xa, &flags);
	at = position(xa, *index);
	if (at < xa->n && xa->slot[at].index <= max) {
		*index = xa->slot[at].index;
		entry = xa->slot[at].entry;
	}
	unlock(xa, flags);
	return entry;
}

void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max, unsigned int filter)
{
	unsigned long next = *index + 1;
	void *entry;

	if (!next)
		return NULL;
	entry = xa_find(xa, &next, max, filter);
	if (entry)
		*index = next;
	return entry;
}

/* --- IDR -------------------------------------------------------------------------------------- */

/* A number may stand for NULL: the table can't hold that, so another value does. */
static void *wrap(void *pointer)
{
	return pointer ? pointer : RESERVED;
}

static void *unwrap(void *entry)
{
	return entry == RESERVED ? NULL : entry;
}

void idr_init(struct idr *idr)
{
	*idr = (struct idr)IDR_INIT(*idr);
}

void idr_destroy(struct idr *idr)
{
	xa_destroy(&idr->dmk);
}

static struct xa_limit idr_limit(int start, int end)
{
	return XA_LIMIT(start, end > 0 ? end - 1 : INT_MAX);
}

int idr_alloc(struct idr *idr, void *pointer, int start, int end, gfp_t gfp)
{
	u32 id;
	int err;

	if (dmk_memory_fails(gfp, DMK_HERE))
		return -ENOMEM;
	err = start < 0 ? -EINVAL
			: xa_alloc(&idr->dmk, &id, wrap(pointer), idr_limit(start, end), gfp);

	return err == -EBUSY ? -ENOSPC : err ? err : (int)id;
}

int idr_alloc_cyclic(struct idr *idr, void *pointer, int start, int end, gfp_t gfp)
{
	u32 id;
	int err;

	if (dmk_memory_fails(gfp, DMK_HERE))
		return -ENOMEM;
	err = xa_alloc_cyclic(&idr->dmk, &id, wrap(pointer), idr_limit(start, end), &idr->next,
			      gfp);

	return err == -EBUSY ? -ENOSPC : err < 0 ? err : (int)id;
}

void *idr_find(const struct idr *idr, unsigned long id)
{
	return unwrap(xa_load((struct xarray *)&idr->dmk, id));
}

void *idr_remove(struct idr *idr, unsigned long id)
{
	return unwrap(xa_erase(&idr->dmk, id));
}

void *idr_replace(struct idr *idr, void *pointer, unsigned long id)
{
	void *old = xa_load(&idr->dmk, id);

	if (!old)
		return ERR_PTR(-ENOENT);
	return unwrap(xa_store(&idr->dmk, id, wrap(pointer), 0));
}

void *idr_get_next(struct idr *idr, int *next)
{
	unsigned long index = *next;
	void *entry = xa_find(&idr->dmk, &index, INT_MAX, XA_PRESENT);

	if (entry)
		*next = index;
	return unwrap(entry);
}

int idr_for_each(const struct idr *idr, int (*fn)(int id, void *p, void *data), void *data)
{
	struct xarray *xa = (struct xarray *)&idr->dmk;
	unsigned long index;
	void *entry;
	int err;

	xa_for_each(xa, index, entry) {
		err = fn(index, unwrap(entry), data);
		if (err)
			return err;
	}
	return 0;
}

bool idr_is_empty(const struct idr *idr)
{
	return xa_empty(&idr->dmk);
}

/* --- IDA -------------------------------------------------------------------------------------- */

void ida_init(struct ida *ida)
{
	*ida = (struct ida)IDA_INIT(*ida);
}

void ida_destroy(struct ida *ida)
{
	xa_destroy(&ida->dmk);
}

int ida_alloc_range(struct ida *ida, unsigned int min, unsigned int max, gfp_t gfp)
{
	u32 id;
	int err;

	if (dmk_memory_fails(gfp, DMK_HERE))
		return -ENOMEM;
	err = xa_alloc(&ida->dmk, &id, RESERVED, XA_LIMIT(min, max > INT_MAX ? INT_MAX : max), gfp);

	return err == -EBUSY ? -ENOSPC : err ? err : (int)id;
}

void ida_free(struct ida *ida, unsigned int id)
{
	if (!xa_erase(&ida->dmk, id))
		dmk_complain(__builtin_return_address(0), "ida_free(%u): it is not allocated", id);
}
