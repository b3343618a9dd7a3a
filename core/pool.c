/* SPDX-License-Identifier: MIT */
/*
 * Pools of small blocks of consistent memory. A pool has pages; a page has blocks, a stack of the free ones and a bit for each that
 * is out. All of that lies beside the device's memory, so that no device can break a free list (POL-05).
 *
 *	a pool:  LIVE --destroy--> gone             every block is back
 *	              --destroy--> ORPHAN --> gone  when the last block comes back, or the core stops
 *
 * An ORPHAN gives out nothing; it is what keeps memory that a device may still write to from being somebody else's.
 */
#include <dmakit/fail.h>
#include <linux/errno.h>

#include "coherent.h"
#include "core.h"
#include "lock.h"
#include "pool.h"
#include "text.h"
#include "window.h"

enum { NAME_SIZE = 32, FIRST_BUCKETS = 16 };

struct pool_page {
	struct pool_page *next;      /* in its bucket */
	struct pool_page *next_free; /* of those that have free blocks */
	struct dmk_block memory;
	unsigned int nr_free;
	uint64_t *out;   /* a bit a block */
	uint16_t free[]; /* stack of block numbers; @out lies after it */
};

struct dmk_pool {
	struct dmk_pool *next; /* of all pools */
	char name[NAME_SIZE];
	struct dmk_dev *dev; /* NULL: gone */
	bool is_managed, orphan;
	struct dmk_managed managed;

	/* A page's blocks: groups that no block leaves, in each of them blocks a stride apart. */
	size_t size, stride, page_size, group_size;
	size_t per_group, per_page;
	size_t granule; /* a page's physical address is a multiple of it */

	struct dmk_lock lock;     /* guards what follows, and the pages */
	struct pool_page *usable; /* pages with free blocks, the one last used first */
	struct pool_page **buckets;
	size_t nr_buckets, nr_pages, nr_out;
};

/* Every pool there is. Its lock is taken before a pool's. */
static struct {
	struct dmk_lock lock;
	struct dmk_pool *first;
} pools;

/* --- the shape of a page ------------------------------------------------------------------------------------------ */

static bool arguments_good(size_t size, size_t align, size_t boundary)
{
	return size && size <= ~(size_t)0 / 4 && align <= ~(size_t)0 / 4 &&
	       dmk_is_power_of_two(align) &&
	       (!boundary || (dmk_is_power_of_two(boundary) && boundary >= size));
}

static size_t blocks_in(size_t bytes, size_t size, size_t stride)
{
	return bytes < size ? 0 : (bytes - size) / stride + 1;
}

static void set_shape(struct dmk_pool *pool, size_t size, size_t align, size_t boundary)
{
	size_t rest;

	pool->size = size;
	pool->stride = (size_t)dmk_align_up(size, align);
	pool->page_size = (size_t)dmk_align_up(pool->stride, DMK_PAGE_SIZE);
	pool->granule = (size_t)dmk_power_of_two_for(pool->page_size);
	/* Blocks that are aligned to as much as the boundary or more start on one, and are not longer. */
	pool->group_size = boundary > align && boundary < pool->page_size ? boundary
									  : pool->page_size;
	pool->per_group = blocks_in(pool->group_size, size, pool->stride);
	rest = pool->page_size % pool->group_size;
	pool->per_page = pool->page_size / pool->group_size * pool->per_group +
			 blocks_in(rest, size, pool->stride);
}

static size_t block_offset(const struct dmk_pool *pool, size_t index)
{
	return index / pool->per_group * pool->group_size + index % pool->per_group * pool->stride;
}

/* The number of the block that starts @offset bytes into a page; false: none starts there. */
static bool block_index(const struct dmk_pool *pool, size_t offset, size_t *index)
{
	const size_t in_group = offset % pool->group_size;

	*index = offset / pool->group_size * pool->per_group + in_group / pool->stride;
	return in_group / pool->stride < pool->per_group && *index < pool->per_page &&
	       block_offset(pool, *index) == offset;
}

/* --- pages; the pool's lock is held but where it says otherwise ---------------------------------------------------- */

static bool is_out(const struct pool_page *page, size_t index)
{
	return page->out[index / 64] >> (index % 64) & 1;
}

static void flip_out(struct pool_page *page, size_t index)
{
	page->out[index / 64] ^= 1ULL << (index % 64);
}

static size_t page_record_size(const struct dmk_pool *pool)
{
	return dmk_align_up(sizeof(struct pool_page) + pool->per_page * sizeof(uint16_t),
			    sizeof(uint64_t)) +
	       (pool->per_page + 63) / 64 * sizeof(uint64_t);
}

static struct pool_page **bucket_of(const struct dmk_pool *pool, uint64_t phys)
{
	return &pool->buckets[phys / pool->granule % pool->nr_buckets];
}

static struct pool_page *page_at(const struct dmk_pool *pool, uint64_t phys)
{
	struct pool_page *page = *bucket_of(pool, phys);

	while (page && phys - page->memory.phys.v >= pool->page_size)
		page = page->next;
	return page;
}

/* Pages without the lock: a new one, with every block free, lowest first. */
static struct pool_page *page_new(struct dmk_pool *pool, unsigned int flags)
{
	const bool may_sleep = !(flags & DMK_ALLOC_ATOMIC) && !dmk_in_atomic();
	const size_t record = page_record_size(pool);
	struct pool_page *page = dmk_meta_alloc(record, may_sleep);

	if (!page)
		return NULL;
	if (dmk_block_take(pool->dev, pool->page_size, flags, &page->memory) != DMK_REASON_NONE) {
		dmk_meta_free(page, record);
		return NULL;
	}
	page->out = (uint64_t *)((char *)page + record) - (pool->per_page + 63) / 64;
	for (size_t i = 0; i < pool->per_page; i++)
		page->free[i] = (uint16_t)(pool->per_page - 1 - i);
	page->nr_free = (unsigned int)pool->per_page;
	return page;
}

static void page_free(const struct dmk_pool *pool, struct pool_page *page)
{
	dmk_block_give(pool->dev, &page->memory);
	dmk_meta_free(page, page_record_size(pool));
}

static void page_add(struct dmk_pool *pool, struct pool_page *page)
{
	struct pool_page **bucket = bucket_of(pool, page->memory.phys.v);

	page->next = *bucket;
	*bucket = page;
	page->next_free = pool->usable;
	pool->usable = page;
	pool->nr_pages++;
}

static void rehash(struct dmk_pool *pool, struct pool_page **buckets, size_t nr_buckets)
{
	struct pool_page **old = pool->buckets;
	const size_t nr_old = pool->nr_buckets;

	pool->buckets = buckets;
	pool->nr_buckets = nr_buckets;
	for (size_t i = 0; i < nr_old; i++) {
		while (old[i]) {
			struct pool_page *page = old[i],
					 **bucket = bucket_of(pool, page->memory.phys.v);

			old[i] = page->next;
			page->next = *bucket;
			*bucket = page;
		}
	}
}

/* Without the lock. Longer chains are slow, not wrong: no memory for more buckets is no failure. */
static void more_buckets(struct dmk_pool *pool, size_t nr_pages)
{
	size_t nr_old, nr_new = dmk_power_of_two_for(nr_pages) * 2;
	struct pool_page **buckets, **old;
	unsigned long flags;

	buckets = dmk_meta_alloc(nr_new * sizeof(struct pool_page *), false);
	if (!buckets)
		return;
	flags = dmk_lock_take(&pool->lock);
	old = pool->buckets;
	nr_old = pool->nr_buckets;
	if (nr_old < nr_new) {
		rehash(pool, buckets, nr_new);
	} else {
		old = buckets;
		nr_old = nr_new;
	}
	dmk_lock_drop(&pool->lock, flags);
	dmk_meta_free(old, nr_old * sizeof(struct pool_page *));
}

static void announce_sleep(struct dmk_dev *dev, const char *call, struct dmk_place place)
{
	dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_SLEEP_IN_ATOMIC,
					 .dev = dev,
					 .name = call,
					 .interrupt = dmk_in_interrupt(),
					 .caller = place.caller,
					 .frame = place.frame});
}

static void announce_page(const struct dmk_pool *pool, const struct pool_page *page, bool taken,
			  struct dmk_place place)
{
	dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_POOL_PAGE,
					 .dev = pool->dev,
					 .pool = pool,
					 .name = pool->name,
					 .dma = page->memory.dma,
					 .cpu = page->memory.cpu,
					 .phys = page->memory.phys,
					 .size = page->memory.size,
					 .result = taken,
					 .caller = place.caller,
					 .frame = place.frame});
}

/* --- create ------------------------------------------------------------------------------------------------------- */

static void release_managed(struct dmk_dev *dev, struct dmk_managed *self);

static void set_name(struct dmk_pool *pool, const char *name)
{
	for (size_t i = 0; name && name[i] && i < NAME_SIZE - 1; i++)
		pool->name[i] = name[i];
}

static struct dmk_pool *pool_new(const char *name, struct dmk_dev *dev, size_t size, size_t align,
				 size_t boundary)
{
	struct dmk_pool *pool = dmk_meta_alloc(sizeof(*pool), true);

	if (!pool)
		return NULL;
	pool->nr_buckets = FIRST_BUCKETS;
	pool->buckets = dmk_meta_alloc(FIRST_BUCKETS * sizeof(struct pool_page *), true);
	if (!pool->buckets) {
		dmk_meta_free(pool, sizeof(*pool));
		return NULL;
	}
	pool->dev = dev;
	pool->managed.release = release_managed;
	set_name(pool, name);
	set_shape(pool, size, align, boundary);
	return pool;
}

static void pool_add(struct dmk_pool *pool)
{
	unsigned long flags = dmk_lock_take(&pools.lock);

	pool->next = pools.first;
	pools.first = pool;
	dmk_lock_drop(&pools.lock, flags);
}

static enum dmk_reason create(const char *name, struct dmk_dev *dev, size_t size, size_t align,
			      size_t boundary, bool managed, struct dmk_pool **made)
{
	struct dmk_pool *pool;

	if (!dev || !dev->bus)
		return DMK_REASON_BAD_DEVICE;
	if (!arguments_good(size, align, boundary))
		return DMK_REASON_BAD_ARGUMENT;
	pool = pool_new(name, dev, size, align, boundary);
	if (!pool)
		return DMK_REASON_NO_ROOM;
	pool_add(pool);
	pool->is_managed = managed;
	if (managed)
		dmk_managed_add(dev, &pool->managed);
	*made = pool;
	return DMK_REASON_NONE;
}

/* align 0 is as good as 1: no alignment asked for. */
struct dmk_pool *dmk_pool_create(const char *name, struct dmk_dev *dev, size_t size, size_t align,
				 size_t boundary, bool managed)
{
	struct dmk_pool *pool = NULL;
	enum dmk_reason reason;

	if (dmk_observed() && dmk_in_atomic())
		announce_sleep(dev, "dma_pool_create", DMK_PLACE_HERE);
	reason = dmk_should_fail(DMK_FAIL_POOL, DMK_CALLER)
			 ? DMK_REASON_NO_ROOM
			 : create(name, dev, size, align ? align : 1, boundary, managed, &pool);
	if (dmk_observed())
		dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_POOL_CREATE,
						 .dev = dev,
						 .pool = pool,
						 .name = name,
						 .size = size,
						 .align = align,
						 .boundary = boundary,
						 .reason = reason,
						 .result = pool                           ? 0
							   : reason == DMK_REASON_NO_ROOM ? -ENOMEM
											  : -EINVAL,
						 .interrupt = dmk_in_interrupt(),
						 DMK_EVENT_HERE});
	return pool;
}

/* --- alloc -------------------------------------------------------------------------------------------------------- */

static void *take_block(struct dmk_pool *pool, dmk_dma *dma)
{
	struct pool_page *page = pool->usable;
	size_t index, offset;

	if (!page)
		return NULL;
	index = page->free[--page->nr_free];
	if (!page->nr_free)
		pool->usable = page->next_free;
	flip_out(page, index);
	pool->nr_out++;
	offset = block_offset(pool, index);
	*dma = DMK_DMA(page->memory.dma.v + offset);
	return (char *)page->memory.cpu + offset;
}

/* The way of one allocation in many: a page more. */
static __attribute__((__noinline__)) void *
take_from_new_page(struct dmk_pool *pool, unsigned int flags, dmk_dma *dma, struct dmk_place place)
{
	struct pool_page *page = page_new(pool, flags);
	unsigned long irq_flags;
	size_t nr_pages;
	bool crowded;
	void *block;

	if (!page)
		return NULL;
	if (dmk_observed())
		announce_page(pool, page, true, place);
	irq_flags = dmk_lock_take(&pool->lock);
	page_add(pool, page);
	block = take_block(pool, dma);
	nr_pages = pool->nr_pages;
	crowded = nr_pages > pool->nr_buckets;
	dmk_lock_drop(&pool->lock, irq_flags);
	if (crowded)
		more_buckets(pool, nr_pages);
	return block;
}

void *dmk_pool_alloc(struct dmk_pool *pool, unsigned int flags, bool zero, dmk_dma *dma)
{
	unsigned long irq_flags;
	void *block;

	if (!pool || pool->orphan)
		return NULL;
	if (dmk_observed() && !(flags & DMK_ALLOC_ATOMIC) && dmk_in_atomic())
		announce_sleep(pool->dev, "dma_pool_alloc", DMK_PLACE_HERE);
	if (dmk_should_fail(DMK_FAIL_POOL, DMK_CALLER))
		return NULL;
	irq_flags = dmk_lock_take(&pool->lock);
	block = take_block(pool, dma);
	dmk_lock_drop(&pool->lock, irq_flags);
	if (!block)
		block = take_from_new_page(pool, flags, dma, DMK_PLACE_HERE);
	if (!block)
		return NULL;
	if (zero)
		__builtin_memset(block, 0, pool->size);
	if (dmk_observed())
		dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_POOL_ALLOC,
						 .dev = pool->dev,
						 .pool = pool,
						 .name = pool->name,
						 .dma = *dma,
						 .cpu = block,
						 .size = pool->size,
						 .interrupt = dmk_in_interrupt(),
						 DMK_EVENT_HERE});
	return block;
}

/* --- free --------------------------------------------------------------------------------------------------------- */

struct found {
	struct pool_page *page;
	size_t index;
};

static bool phys_of(const struct dmk_pool *pool, dmk_dma dma, dmk_phys *phys)
{
	return pool->dev &&
	       dmk_window_to_phys(pool->dev->bus, (struct dmk_range){dma.v, dma.v}, phys);
}

/* Whether a driver may free this, and what it is. With the lock. */
static enum dmk_reason find_block(const struct dmk_pool *pool, const void *cpu, dmk_dma dma,
				  struct found *found)
{
	size_t offset;
	dmk_phys phys;

	found->page = phys_of(pool, dma, &phys) ? page_at(pool, phys.v) : NULL;
	if (!found->page)
		return DMK_REASON_NOT_FOUND;
	offset = (size_t)(dma.v - found->page->memory.dma.v);
	if (!block_index(pool, offset, &found->index) ||
	    (const char *)found->page->memory.cpu + offset != cpu)
		return DMK_REASON_MISMATCH;
	return is_out(found->page, found->index) ? DMK_REASON_NONE : DMK_REASON_DOUBLE_FREE;
}

/* Marks it as back, so that a second free finds that out; it can be given out again after put_block() only. */
static enum dmk_reason claim_block(struct dmk_pool *pool, const void *cpu, dmk_dma dma,
				   struct found *found)
{
	unsigned long flags = dmk_lock_take(&pool->lock);
	enum dmk_reason reason = find_block(pool, cpu, dma, found);

	if (reason == DMK_REASON_NONE)
		flip_out(found->page, found->index);
	dmk_lock_drop(&pool->lock, flags);
	return reason;
}

/* Returns whether that was the last thing that kept an orphan. */
static bool put_block(struct dmk_pool *pool, const struct found *found)
{
	unsigned long flags = dmk_lock_take(&pool->lock);
	struct pool_page *page = found->page;
	bool last;

	if (!page->nr_free) {
		page->next_free = pool->usable;
		pool->usable = page;
	}
	page->free[page->nr_free++] = (uint16_t)found->index;
	last = !--pool->nr_out && pool->orphan;
	dmk_lock_drop(&pool->lock, flags);
	return last;
}

/* Whether what is not @pool's is another one's. */
static bool of_other_pool(const struct dmk_pool *pool, dmk_dma dma)
{
	unsigned long flags = dmk_lock_take(&pools.lock), inner;
	struct dmk_pool *other;
	bool found = false;
	dmk_phys phys;

	for (other = pools.first; other && !found; other = other->next) {
		if (other == pool || !phys_of(other, dma, &phys))
			continue;
		inner = dmk_lock_take(&other->lock);
		found = page_at(other, phys.v);
		dmk_lock_drop(&other->lock, inner);
	}
	dmk_lock_drop(&pools.lock, flags);
	return found;
}

static void pool_end(struct dmk_pool *pool, struct dmk_place place);

void dmk_pool_free(struct dmk_pool *pool, void *cpu, dmk_dma dma)
{
	struct found found;
	enum dmk_reason reason;

	if (!pool)
		return;
	reason = claim_block(pool, cpu, dma, &found);
	if (reason == DMK_REASON_NOT_FOUND && of_other_pool(pool, dma))
		reason = DMK_REASON_MISMATCH;
	if (dmk_observed())
		dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_POOL_FREE,
						 .dev = pool->dev,
						 .pool = pool,
						 .name = pool->name,
						 .dma = dma,
						 .cpu = cpu,
						 .size = pool->size,
						 .reason = reason,
						 .interrupt = dmk_in_interrupt(),
						 DMK_EVENT_HERE});
	if (reason == DMK_REASON_NONE && put_block(pool, &found))
		pool_end(pool, DMK_PLACE_HERE);
}

/* --- destroy ------------------------------------------------------------------------------------------------------ */

static void free_pages(struct dmk_pool *pool, struct dmk_place place)
{
	for (size_t i = 0; i < pool->nr_buckets; i++) {
		while (pool->buckets[i]) {
			struct pool_page *page = pool->buckets[i];

			pool->buckets[i] = page->next;
			if (dmk_observed())
				announce_page(pool, page, false, place);
			page_free(pool, page);
		}
	}
}

static void pool_free(struct dmk_pool *pool, struct dmk_place place)
{
	free_pages(pool, place);
	dmk_meta_free(pool->buckets, pool->nr_buckets * sizeof(struct pool_page *));
	dmk_meta_free(pool, sizeof(*pool));
}

static struct dmk_pool **place_of(const struct dmk_pool *pool)
{
	struct dmk_pool **at = &pools.first;

	while (*at && *at != pool)
		at = &(*at)->next;
	return at;
}

/* An orphan whose last block came back; of two who see that, one finds it on the list. */
static void pool_end(struct dmk_pool *pool, struct dmk_place place)
{
	unsigned long flags = dmk_lock_take(&pools.lock);
	struct dmk_pool **at = place_of(pool);
	bool mine = *at;

	if (mine)
		*at = pool->next;
	dmk_lock_drop(&pools.lock, flags);
	if (mine)
		pool_free(pool, place);
}

/*
 * Takes a live pool out of its drivers' hands: off the list when all blocks are back, else an orphan. The pointer may be that of a
 * pool that is gone: it is not followed before it is found.
 */
static enum dmk_reason detach(struct dmk_pool *pool, size_t *nr_out)
{
	unsigned long flags = dmk_lock_take(&pools.lock), inner;
	struct dmk_pool **at = place_of(pool);
	enum dmk_reason reason = DMK_REASON_NONE;

	*nr_out = 0;
	if (!*at) {
		reason = DMK_REASON_NOT_FOUND;
	} else if (pool->orphan) {
		reason = DMK_REASON_DOUBLE_FREE;
	} else {
		inner = dmk_lock_take(&pool->lock);
		*nr_out = pool->nr_out;
		pool->orphan = pool->nr_out;
		/* The caller's own, so that the last block's free does not take the pool from under it. */
		pool->nr_out += pool->orphan;
		dmk_lock_drop(&pool->lock, inner);
		if (!*nr_out)
			*at = pool->next;
	}
	dmk_lock_drop(&pools.lock, flags);
	return reason;
}

/* The end of what detach() began with an orphan: it goes if its last block came back meanwhile. */
static void let_go(struct dmk_pool *pool, struct dmk_place place)
{
	unsigned long flags = dmk_lock_take(&pool->lock);
	bool last = !--pool->nr_out;

	dmk_lock_drop(&pool->lock, flags);
	if (last)
		pool_end(pool, place);
}

static void say_blocks_out(const struct dmk_pool *pool, size_t nr_out)
{
	struct dmk_text text = {.used = 0};

	dmk_text_say(&text, "pool ");
	dmk_text_say(&text, pool->name);
	dmk_text_say(&text, " is destroyed with ");
	dmk_text_number(&text, nr_out);
	dmk_text_say(&text, " blocks out; their memory stays until they are back");
	dmk_log(DMK_LOG_ERR, pool->dev, text.data);
}

static void destroy(struct dmk_pool *pool, bool managed, struct dmk_place place)
{
	const bool interrupt = dmk_in_interrupt();
	size_t nr_out = 0;
	enum dmk_reason reason = interrupt ? DMK_REASON_BAD_CONTEXT : detach(pool, &nr_out);
	/* Not to be followed for a name when it is nobody's pool. */
	bool known = reason != DMK_REASON_NOT_FOUND;

	if (dmk_observed())
		dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_POOL_DESTROY,
						 .dev = known ? pool->dev : NULL,
						 .pool = pool,
						 .name = known ? pool->name : NULL,
						 .nents = (unsigned int)nr_out,
						 .reason = reason,
						 .managed = managed,
						 .interrupt = interrupt,
						 .caller = place.caller,
						 .frame = place.frame});
	if (reason != DMK_REASON_NONE)
		return;
	if (dmk_observed() && dmk_in_atomic())
		announce_sleep(pool->dev, "dma_pool_destroy", place);
	if (pool->is_managed && !managed)
		dmk_managed_remove(pool->dev, &pool->managed);
	if (!nr_out) {
		pool_free(pool, place);
		return;
	}
	say_blocks_out(pool, nr_out);
	let_go(pool, place);
}

void dmk_pool_destroy(struct dmk_pool *pool)
{
	if (pool)
		destroy(pool, false, DMK_PLACE_HERE);
}

static void release_managed(struct dmk_dev *dev, struct dmk_managed *self)
{
	destroy((struct dmk_pool *)((char *)self - offsetof(struct dmk_pool, managed)), true,
		DMK_PLACE_HERE);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void dmk_pools_forget_device(struct dmk_dev *dev)
{
	unsigned long flags = dmk_lock_take(&pools.lock);
	struct dmk_pool *pool;

	for (pool = pools.first; pool; pool = pool->next) {
		if (pool->dev != dev)
			continue;
		pool->orphan = true;
		pool->dev = NULL;
	}
	dmk_lock_drop(&pools.lock, flags);
}

void dmk_pools_stop(void)
{
	while (pools.first) {
		struct dmk_pool *pool = pools.first;

		pools.first = pool->next;
		pool_free(pool, (struct dmk_place){NULL, NULL});
	}
}
