/* SPDX-License-Identifier: MIT */
/*
 * Pools of small blocks of consistent memory: the calls, and a pool's life. What a pool is made of
 * is in pool_parts.h.
 *
 *	a pool:  LIVE --destroy--> gone             every block is back
 *	              --destroy--> ORPHAN --> gone  when the last block comes back, or the core stops
 *
 * An ORPHAN gives out nothing; it is what keeps memory that a device may still write to from being
 * somebody else's.
 */
#include <dmakit/fail.h>
#include <linux/errno.h>

#include "coherent.h"
#include "core.h"
#include "lock.h"
#include "pool.h"
#include "pool_parts.h"
#include "text.h"

/* Every pool there is. Its lock is taken before a pool's. */
static struct {
	struct dmk_lock lock;
	struct dmk_pool *first;
} pools;

static bool arguments_good(size_t size, size_t align, size_t boundary)
{
	return size && size <= ~(size_t)0 / 4 && align <= ~(size_t)0 / 4 &&
	       dmk_is_power_of_two(align) &&
	       (!boundary || (dmk_is_power_of_two(boundary) && boundary >= size));
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

static void announce_page(const struct dmk_pool *pool, const struct dmk_pool_page *page, bool taken,
			  struct dmk_place place)
{
	const struct dmk_told_pieces told = dmk_tell_pieces(&page->memory);

	dmk_tell(&(struct dmk_event){.kind = DMK_EVENT_POOL_PAGE,
				     .dev = pool->dev,
				     .pool = pool,
				     .name = pool->name,
				     .dma = page->memory.dma,
				     .cpu = page->memory.cpu,
				     .phys = page->memory.phys,
				     .size = page->memory.size,
				     .sg = told.sg,
				     .nents = told.n,
				     .result = taken,
				     .caller = place.caller,
				     .frame = place.frame});
	dmk_tell_end(&told);
}

/* --- create ----------------------------------------------------------------------------------- */

static void release_managed(struct dmk_dev *dev, struct dmk_managed *self);

static void set_name(struct dmk_pool *pool, const char *name)
{
	for (size_t i = 0; name && name[i] && i < DMK_POOL_NAME - 1; i++)
		pool->name[i] = name[i];
}

static struct dmk_pool *pool_new(const char *name, struct dmk_dev *dev, size_t size, size_t align,
				 size_t boundary)
{
	struct dmk_pool *pool = dmk_meta_alloc(sizeof(*pool), true);

	if (!pool)
		return NULL;
	pool->table = dmk_pool_table_new(DMK_POOL_FIRST);
	if (!pool->table) {
		dmk_meta_free(pool, sizeof(*pool));
		return NULL;
	}
	pool->dev = dev;
	pool->managed.release = release_managed;
	set_name(pool, name);
	dmk_pool_shape(pool, size, align, boundary);
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

/* --- alloc ------------------------------------------------------------------------------------ */

/* The way of most: a block that this CPU has at hand. NULL: another way must be gone. */
static inline void *take_at_hand(struct dmk_pool *pool, dmk_dma *dma)
{
	unsigned long flags;
	const unsigned int cpu = dmk_cpu_enter(&flags);
	struct dmk_pool_cache *cache = dmk_pool_is_open(pool) ? dmk_pool_cache_of(pool, cpu) : NULL;
	void *block = cache ? dmk_pool_pop(cache, cpu, dma) : NULL;

	dmk_cpu_leave(flags);
	return block;
}

/*
 * The first time that a CPU comes here it gets a cache, if there is memory for one; else it goes to
 * the depot for each block.
 */
static void ready_cache(struct dmk_pool *pool)
{
	unsigned long flags = dmk_lock_take(&pool->lock);
	const unsigned int cpu = dmk_cpu_ask();
	const bool lacks = cpu && pool->reciprocal && !pool->caches[cpu];
	struct dmk_pool_cache *cache;

	dmk_lock_drop(&pool->lock, flags);
	if (!lacks)
		return;
	cache = dmk_pool_cache_new();
	if (!cache)
		return;
	flags = dmk_lock_take(&pool->lock);
	if (!pool->caches[cpu]) {
		/*
		 * Release: the CPU may be another one by now; pairs with the acquire in
		 * dmk_pool_cache_of().
		 */
		__atomic_store_n(&pool->caches[cpu], cache, __ATOMIC_RELEASE);
		cache = NULL;
	}
	dmk_lock_drop(&pool->lock, flags);
	dmk_meta_free(cache, sizeof(*cache));
}

/* With the lock. */
static void *take_from_depot(struct dmk_pool *pool, dmk_dma *dma)
{
	const unsigned int cpu = dmk_cpu_ask();
	struct dmk_pool_block block;

	if (!dmk_pool_depot_take(pool, &block))
		return NULL;
	dmk_pool_mark(block.who, (uint8_t)(cpu ? cpu : DMK_CPUS));
	*dma = DMK_DMA(block.dma);
	return block.cpu;
}

/*
 * With the lock, whose holder no handler interrupts: so this CPU's cache may be used here as well.
 */
static void *take_with_lock(struct dmk_pool *pool, dmk_dma *dma)
{
	const unsigned int cpu = dmk_cpu_ask();
	struct dmk_pool_cache *cache = pool->caches[cpu];

	if (!cache)
		return take_from_depot(pool, dma);
	if (!cache->nr)
		dmk_pool_fill(pool, cache);
	return dmk_pool_pop(cache, cpu, dma);
}

static void *take_and_lock(struct dmk_pool *pool, dmk_dma *dma)
{
	unsigned long flags = dmk_lock_take(&pool->lock);
	void *block = take_with_lock(pool, dma);

	dmk_lock_drop(&pool->lock, flags);
	return block;
}

/* There is no memory for a page more: what other CPUs have at hand is everybody's now. */
static void *take_from_others(struct dmk_pool *pool, dmk_dma *dma)
{
	unsigned long flags = dmk_lock_take(&pool->lock);
	void *block = NULL;
	bool settled;

	dmk_pool_close(pool);
	dmk_lock_drop(&pool->lock, flags);
	settled = dmk_cpu_settle();
	flags = dmk_lock_take(&pool->lock);
	for (unsigned int cpu = 1; settled && cpu < DMK_CPUS; cpu++) {
		if (pool->caches[cpu])
			dmk_pool_spill(pool, pool->caches[cpu], 0);
	}
	if (!pool->orphan)
		block = take_from_depot(pool, dma);
	dmk_pool_open(pool);
	dmk_lock_drop(&pool->lock, flags);
	return block;
}

/* The way of one allocation in many: a page more. */
static __attribute__((__noinline__)) void *
take_from_new_page(struct dmk_pool *pool, unsigned int flags, dmk_dma *dma, struct dmk_place place)
{
	struct dmk_pool_page *page;
	void *block = NULL;

	/* What is new may be others' before it is this call's. */
	while (!block) {
		page = dmk_pool_page_new(pool, flags);
		if (!page)
			return take_from_others(pool, dma);
		if (dmk_heard())
			announce_page(pool, page, true, place);
		if (!dmk_pool_page_add(pool, page)) {
			if (dmk_heard())
				announce_page(pool, page, false, place);
			dmk_pool_page_free(pool, page);
			return NULL;
		}
		block = take_and_lock(pool, dma);
	}
	return block;
}

static void *take_slowly(struct dmk_pool *pool, unsigned int flags, dmk_dma *dma,
			 struct dmk_place place)
{
	void *block;

	if (dmk_observed() && !(flags & DMK_ALLOC_ATOMIC) && dmk_in_atomic())
		announce_sleep(pool->dev, "dma_pool_alloc", place);
	if (dmk_should_fail(DMK_FAIL_POOL, place.caller))
		return NULL;
	ready_cache(pool);
	block = take_and_lock(pool, dma);
	return block ? block : take_from_new_page(pool, flags, dma, place);
}

/* Whatever is more than taking a block that is at hand. */
static __attribute__((__noinline__)) void *alloc_slowly(struct dmk_pool *pool, unsigned int flags,
							bool zero, dmk_dma *dma,
							struct dmk_place place)
{
	void *block;

	/* Without the lock: whoever calls while it becomes one calls too late. */
	if (__atomic_load_n(&pool->orphan, __ATOMIC_RELAXED))
		return NULL;
	block = take_slowly(pool, flags, dma, place);
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
						 .caller = place.caller,
						 .frame = place.frame});
	return block;
}

void *dmk_pool_alloc(struct dmk_pool *pool, unsigned int flags, bool zero, dmk_dma *dma)
{
	void *block;

	if (!pool)
		return NULL;
	block = __builtin_expect(dmk_attention != 0, 0) ? NULL : take_at_hand(pool, dma);
	if (__builtin_expect(!block, 0))
		return alloc_slowly(pool, flags, zero, dma, DMK_PLACE_HERE);
	if (zero)
		__builtin_memset(block, 0, pool->size);
	return block;
}

/* --- free ------------------------------------------------------------------------------------- */

/*
 * The way of most: to what this CPU has at hand. false: nothing was done. What a driver gives back
 * is often what it took last; that lies right behind the top, with its state, and then it need not
 * be looked for.
 */
static inline bool put_at_hand(struct dmk_pool *pool, void *cpu_addr, dmk_dma dma)
{
	struct dmk_pool_cache *cache = NULL;
	struct dmk_pool_block *top;
	unsigned long flags;
	const unsigned int cpu = dmk_cpu_enter(&flags);
	bool done = false;

	if (dmk_pool_is_open(pool))
		cache = dmk_pool_cache_of(pool, cpu);
	if (!cache || cache->nr >= pool->most)
		goto leave;
	top = &cache->blocks[cache->nr];
	if ((top->cpu != cpu_addr || top->dma != dma.v) &&
	    !dmk_pool_find_at_hand(pool, cpu_addr, dma, top))
		goto leave;
	done = dmk_pool_claim(top->who, cpu) == DMK_REASON_NONE;
	cache->nr += done;
leave:
	dmk_cpu_leave(flags);
	return done;
}

/*
 * Marks it as back, so that a second free finds that out; it can be given out again after
 * put_block() only.
 */
static enum dmk_reason claim_block(struct dmk_pool *pool, void *cpu, dmk_dma dma,
				   struct dmk_pool_block *block)
{
	unsigned long flags = dmk_lock_take(&pool->lock);
	enum dmk_reason reason = pool->dev ? dmk_pool_find(pool, cpu, dma, block)
					   : DMK_REASON_NOT_FOUND;

	if (reason == DMK_REASON_NONE)
		reason = dmk_pool_claim(block->who, dmk_cpu_ask());
	if (reason == DMK_REASON_NONE)
		pool->nr_claimed++;
	dmk_lock_drop(&pool->lock, flags);
	return reason;
}

/* Returns whether that was the last thing that kept an orphan. */
static bool put_block(struct dmk_pool *pool, const struct dmk_pool_block *block)
{
	unsigned long flags = dmk_lock_take(&pool->lock);
	struct dmk_pool_cache *cache = pool->orphan ? NULL : pool->caches[dmk_cpu_ask()];
	bool last;

	if (cache && cache->nr >= pool->most)
		dmk_pool_spill(pool, cache, pool->most / 2);
	if (cache)
		cache->blocks[cache->nr++] = *block;
	else
		dmk_pool_depot_give(pool, block);
	pool->nr_claimed--;
	last = pool->orphan && !--pool->nr_out;
	dmk_lock_drop(&pool->lock, flags);
	return last;
}

/* Whether what is not @pool's is another one's. */
static bool of_other_pool(const struct dmk_pool *pool, dmk_dma dma)
{
	unsigned long flags = dmk_lock_take(&pools.lock), inner;
	struct dmk_pool *other;
	bool found = false;

	for (other = pools.first; other && !found; other = other->next) {
		if (other == pool || !other->dev)
			continue;
		inner = dmk_lock_take(&other->lock);
		found = dmk_pool_entry_at(other, dma.v);
		dmk_lock_drop(&other->lock, inner);
	}
	dmk_lock_drop(&pools.lock, flags);
	return found;
}

static void pool_end(struct dmk_pool *pool, struct dmk_place place);

static __attribute__((__noinline__)) void free_slowly(struct dmk_pool *pool, void *cpu, dmk_dma dma,
						      struct dmk_place place)
{
	struct dmk_pool_block block;
	enum dmk_reason reason = claim_block(pool, cpu, dma, &block);

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
						 .caller = place.caller,
						 .frame = place.frame});
	if (reason == DMK_REASON_NONE && put_block(pool, &block))
		pool_end(pool, place);
}

void dmk_pool_free(struct dmk_pool *pool, void *cpu, dmk_dma dma)
{
	if (!pool)
		return;
	if (__builtin_expect(dmk_attention != 0, 0) || !put_at_hand(pool, cpu, dma))
		free_slowly(pool, cpu, dma, DMK_PLACE_HERE);
}

/* --- destroy ---------------------------------------------------------------------------------- */

static void free_pages(struct dmk_pool *pool, struct dmk_place place)
{
	while (pool->pages) {
		struct dmk_pool_page *page = pool->pages;

		pool->pages = page->next;
		if (dmk_heard())
			announce_page(pool, page, false, place);
		dmk_pool_page_free(pool, page);
	}
}

/*
 * No other CPU is in a call with it: who gave the last block back has told whoever destroys, or was
 * found out under the lock.
 */
static void pool_free(struct dmk_pool *pool, struct dmk_place place)
{
	for (unsigned int cpu = 0; cpu < DMK_CPUS; cpu++)
		dmk_meta_free(pool->caches[cpu], sizeof(struct dmk_pool_cache));
	free_pages(pool, place);
	dmk_pool_tables_free(pool->table);
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

/* With the lock: for good. */
static void set_orphan(struct dmk_pool *pool)
{
	if (!pool->orphan)
		dmk_pool_close(pool);
	__atomic_store_n(&pool->orphan, true, __ATOMIC_RELAXED);
}

/* With the lock. Returns how many blocks are out; with none it is no orphan. */
static size_t make_orphan(struct dmk_pool *pool)
{
	const size_t nr_out = dmk_pool_count_out(pool) + pool->nr_claimed;

	/* The caller's own, so that the last block's free does not take the pool from under it. */
	pool->nr_out = nr_out ? nr_out + 1 : 0;
	if (nr_out)
		set_orphan(pool);
	return nr_out;
}

/*
 * Takes a live pool out of its drivers' hands: off the list when all blocks are back, else an
 * orphan. The pointer may be that of a pool that is gone: it is not followed before it is found.
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
		*nr_out = make_orphan(pool);
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

/* --- life ------------------------------------------------------------------------------------- */

void dmk_pools_forget_device(struct dmk_dev *dev)
{
	unsigned long flags = dmk_lock_take(&pools.lock), inner;
	struct dmk_pool *pool;

	for (pool = pools.first; pool; pool = pool->next) {
		if (pool->dev != dev)
			continue;
		inner = dmk_lock_take(&pool->lock);
		if (!pool->orphan)
			pool->nr_out = dmk_pool_count_out(pool) + pool->nr_claimed;
		set_orphan(pool);
		pool->dev = NULL;
		for (struct dmk_pool_page *page = pool->pages; page; page = page->next)
			dmk_block_detach(dev, &page->memory);
		dmk_lock_drop(&pool->lock, inner);
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
