/* SPDX-License-Identifier: MIT */
/*
 * A pool's pages: how blocks lie in them, how they are found again, and the depot of free blocks.
 * The calls are in pool.c.
 */
#include "pool.h"
#include "pool_parts.h"

/* --- the shape of a page ---------------------------------------------------------------------- */

static size_t blocks_in(size_t bytes, size_t size, size_t stride)
{
	return bytes < size ? 0 : (bytes - size) / stride + 1;
}

/* A few pages' worth at most: what one CPU has at hand the others have not. */
static unsigned int cache_size(size_t per_page)
{
	if (per_page < 4)
		return 4;
	return per_page < DMK_POOL_CACHE ? (unsigned int)per_page & ~1U : DMK_POOL_CACHE;
}

void dmk_pool_shape(struct dmk_pool *pool, size_t size, size_t align, size_t boundary)
{
	size_t rest;

	pool->size = size;
	pool->stride = (size_t)dmk_align_up(size, align);
	pool->page_size = (size_t)dmk_align_up(pool->stride, DMK_PAGE_SIZE);
	/*
	 * Blocks that are aligned to as much as the boundary or more start on one, and are not
	 * longer.
	 */
	pool->group_size = boundary > align && boundary < pool->page_size ? boundary
									  : pool->page_size;
	pool->per_group = blocks_in(pool->group_size, size, pool->stride);
	rest = pool->page_size % pool->group_size;
	pool->per_page = pool->page_size / pool->group_size * pool->per_group +
			 blocks_in(rest, size, pool->stride);
	/*
	 * Rounded up by less than stride / 2^32 each: exact for as many bytes as 2^32 / stride, and
	 * a stride is at most a page.
	 */
	if (pool->group_size == pool->page_size && pool->page_size <= 65536)
		pool->reciprocal = ((1ULL << 32) + pool->stride - 1) / pool->stride;
	pool->most = cache_size(pool->per_page);
}

static size_t block_offset(const struct dmk_pool *pool, size_t index)
{
	return index / pool->per_group * pool->group_size + index % pool->per_group * pool->stride;
}

uint32_t dmk_pool_index(const struct dmk_pool *pool, size_t offset)
{
	const size_t in_group = offset % pool->group_size;
	const size_t index = offset / pool->group_size * pool->per_group + in_group / pool->stride;

	return in_group / pool->stride < pool->per_group && index < pool->per_page &&
			       block_offset(pool, index) == offset
		       ? (uint32_t)index
		       : ~0U;
}

/* --- the table -------------------------------------------------------------------------------- */

static size_t table_size(size_t nr)
{
	return sizeof(struct dmk_pool_table) +
	       nr * sizeof(((struct dmk_pool_table *)NULL)->entries[0]);
}

struct dmk_pool_table *dmk_pool_table_new(size_t nr)
{
	struct dmk_pool_table *table = dmk_meta_alloc(table_size(nr), false);

	if (!table)
		return NULL;
	table->nr = nr;
	table->shift = 64;
	for (; nr > 1; nr /= 2)
		table->shift--;
	return table;
}

void dmk_pool_tables_free(struct dmk_pool_table *table)
{
	while (table) {
		struct dmk_pool_table *older = table->older;

		dmk_meta_free(table, table_size(table->nr));
		table = older;
	}
}

static void table_add(struct dmk_pool_table *table, uint64_t frame, struct dmk_pool_page *page)
{
	size_t at = (size_t)((frame * 0x9e3779b97f4a7c15ULL) >> table->shift);
	struct dmk_pool_entry *entry;

	while (table->entries[at].page)
		at = (at + 1) & (table->nr - 1);
	entry = &table->entries[at];
	entry->dma = page->memory.dma.v;
	entry->cpu = page->memory.cpu;
	entry->who = page->who;
	/*
	 * Release: who sees the page sees what the entry says of it, and that its blocks are
	 * nobody's.
	 */
	__atomic_store_n(&entry->page, page, __ATOMIC_RELEASE);
	table->used++;
}

static struct dmk_range frames_of(const struct dmk_pool *pool, const struct dmk_pool_page *page)
{
	const uint64_t first = page->memory.dma.v;

	return (struct dmk_range){first >> DMK_PAGE_SHIFT,
				  (first + (pool->page_size - 1)) >> DMK_PAGE_SHIFT};
}

static void table_add_page(const struct dmk_pool *pool, struct dmk_pool_table *table,
			   struct dmk_pool_page *page)
{
	const struct dmk_range frames = frames_of(pool, page);

	for (uint64_t frame = frames.first; frame <= frames.last; frame++)
		table_add(table, frame, page);
}

/*
 * Whoever reads the older one still finds all that was in it; the newest pages are looked for again
 * under the lock.
 */
static void table_replace(struct dmk_pool *pool, struct dmk_pool_table *table)
{
	for (struct dmk_pool_page *page = pool->pages; page; page = page->next)
		table_add_page(pool, table, page);
	table->older = pool->table;
	/* Release: pairs with the acquire in dmk_pool_entry_at(). */
	__atomic_store_n(&pool->table, table, __ATOMIC_RELEASE);
}

/* --- pages ------------------------------------------------------------------------------------ */

/*
 * The states of blocks follow the record, and begin and end with a line: what one page's have is
 * written to, and no other's.
 */
static size_t page_record_size(const struct dmk_pool *pool)
{
	return sizeof(struct dmk_pool_page) + pool->per_page * sizeof(uint16_t) +
	       (DMK_POOL_LINE - 1) +
	       (size_t)dmk_align_up(pool->per_page * sizeof(struct dmk_pool_who), DMK_POOL_LINE);
}

static struct dmk_pool_who *who_of(const struct dmk_pool *pool, struct dmk_pool_page *page)
{
	const uintptr_t end = (uintptr_t)&page->free[pool->per_page];

	return (struct dmk_pool_who *)((char *)&page->free[pool->per_page] +
				       (dmk_align_up(end, DMK_POOL_LINE) - end));
}

struct dmk_pool_page *dmk_pool_page_new(struct dmk_pool *pool, unsigned int flags)
{
	const bool may_sleep = !(flags & DMK_ALLOC_ATOMIC) && !dmk_in_atomic();
	const size_t record = page_record_size(pool);
	struct dmk_pool_page *page = dmk_meta_alloc(record, may_sleep);

	if (!page)
		return NULL;
	if (dmk_block_take(pool->dev, pool->page_size, flags, &page->memory) != DMK_REASON_NONE) {
		dmk_meta_free(page, record);
		return NULL;
	}
	page->who = who_of(pool, page);
	for (size_t i = 0; i < pool->per_page; i++)
		page->free[i] = (uint16_t)(pool->per_page - 1 - i);
	page->nr_free = (unsigned int)pool->per_page;
	return page;
}

void dmk_pool_page_free(const struct dmk_pool *pool, struct dmk_pool_page *page)
{
	dmk_block_give(pool->dev, &page->memory);
	dmk_meta_free(page, page_record_size(pool));
}

static void page_link(struct dmk_pool *pool, struct dmk_pool_page *page)
{
	table_add_page(pool, pool->table, page);
	page->next = pool->pages;
	pool->pages = page;
	page->next_free = pool->usable;
	pool->usable = page;
}

/* Adds it if the table has room for it. false: @wanted is the size of one that has. */
static bool try_add(struct dmk_pool *pool, struct dmk_pool_page *page, bool crowded, size_t *wanted)
{
	const struct dmk_range frames = frames_of(pool, page);
	const size_t n = (size_t)(frames.last - frames.first + 1);
	unsigned long flags = dmk_lock_take(&pool->lock);
	const size_t used = pool->table->used + n;
	bool fits = crowded ? used < pool->table->nr : used * 2 <= pool->table->nr;

	if (fits)
		page_link(pool, page);
	*wanted = (size_t)dmk_power_of_two_for(used * 4);
	dmk_lock_drop(&pool->lock, flags);
	return fits;
}

bool dmk_pool_page_add(struct dmk_pool *pool, struct dmk_pool_page *page)
{
	struct dmk_pool_table *table;
	unsigned long flags;
	size_t wanted;

	while (!try_add(pool, page, false, &wanted)) {
		table = dmk_pool_table_new(wanted);
		/* A crowded table is slow, not wrong. */
		if (!table)
			return try_add(pool, page, true, &wanted);
		flags = dmk_lock_take(&pool->lock);
		if (table->nr > pool->table->nr) {
			table_replace(pool, table);
			table = NULL;
		}
		dmk_lock_drop(&pool->lock, flags);
		dmk_pool_tables_free(table);
	}
	return true;
}

/* --- the depot: with the lock ----------------------------------------------------------------- */

bool dmk_pool_depot_take(struct dmk_pool *pool, struct dmk_pool_block *block)
{
	struct dmk_pool_page *page = pool->usable;
	size_t index, offset;

	if (!page)
		return false;
	index = page->free[--page->nr_free];
	offset = block_offset(pool, index);
	*block = (struct dmk_pool_block){(char *)page->memory.cpu + offset,
					 page->memory.dma.v + offset, &page->who[index]};
	if (!page->nr_free)
		pool->usable = page->next_free;
	return true;
}

void dmk_pool_depot_give(struct dmk_pool *pool, const struct dmk_pool_block *block)
{
	struct dmk_pool_page *page = dmk_pool_entry_at(pool, block->dma)->page;

	dmk_pool_mark(block->who, 0);
	if (page->nr_free == pool->per_page)
		return;
	if (!page->nr_free) {
		page->next_free = pool->usable;
		pool->usable = page;
	}
	page->free[page->nr_free++] = (uint16_t)(block->who - page->who);
}

/*
 * Whether the state of the block that the depot would give next is in one line with that of @block.
 */
static bool next_is_near(const struct dmk_pool *pool, const struct dmk_pool_block *block)
{
	const struct dmk_pool_page *page = pool->usable;

	return page &&
	       !(((uintptr_t)block->who ^ (uintptr_t)&page->who[page->free[page->nr_free - 1]]) &
		 ~(uintptr_t)(DMK_POOL_LINE - 1));
}

struct dmk_pool_cache *dmk_pool_cache_new(void)
{
	struct dmk_pool_cache *cache = dmk_meta_alloc(sizeof(*cache), false);

	for (unsigned int i = 0; cache && i < DMK_POOL_CACHE; i++)
		cache->blocks[i].who = &cache->nobody;
	return cache;
}

void dmk_pool_fill(struct dmk_pool *pool, struct dmk_pool_cache *cache)
{
	unsigned int n = 0;

	while (n < pool->most &&
	       (n < pool->most / 2 || next_is_near(pool, &cache->blocks[n - 1])) &&
	       dmk_pool_depot_take(pool, &cache->blocks[n]))
		n++;
	cache->nr = n;
	/* What the depot would give first lies on top. */
	for (unsigned int i = 0; i < n / 2; i++) {
		const struct dmk_pool_block block = cache->blocks[i];

		cache->blocks[i] = cache->blocks[n - 1 - i];
		cache->blocks[n - 1 - i] = block;
	}
}

void dmk_pool_spill(struct dmk_pool *pool, struct dmk_pool_cache *cache, unsigned int kept)
{
	const unsigned int n = cache->nr > kept ? cache->nr - kept : 0;

	for (unsigned int i = 0; i < n; i++) {
		if (dmk_pool_is_back(cache->blocks[i].who))
			dmk_pool_depot_give(pool, &cache->blocks[i]);
	}
	cache->nr -= n;
	for (unsigned int i = 0; i < cache->nr; i++)
		cache->blocks[i] = cache->blocks[i + n];
}

/* --- counting --------------------------------------------------------------------------------- */

size_t dmk_pool_count_out(const struct dmk_pool *pool)
{
	size_t out = 0;

	for (const struct dmk_pool_page *page = pool->pages; page; page = page->next) {
		for (size_t i = 0; i < pool->per_page; i++)
			out += dmk_pool_owner(&page->who[i]) && !dmk_pool_remote(&page->who[i]);
	}
	return out;
}

/* false: it was seen before. */
static bool see_once(uint8_t *seen, size_t index)
{
	const bool before = seen[index / 8] >> (index % 8) & 1;

	seen[index / 8] |= (uint8_t)(1 << index % 8);
	return !before;
}

/* Whether a cache's block is what its addresses say, and nobody's. */
static bool block_consistent(const struct dmk_pool *pool, const struct dmk_pool_block *block)
{
	struct dmk_pool_block found;

	return dmk_pool_find(pool, block->cpu, DMK_DMA(block->dma), &found) == DMK_REASON_NONE &&
	       found.who == block->who && dmk_pool_is_back(block->who);
}

static bool page_consistent(const struct dmk_pool *pool, const struct dmk_pool_page *page)
{
	/* Blocks of a byte at least; pages of more than one block are no larger. */
	uint8_t seen[DMK_PAGE_SIZE / 8] = {0};
	size_t free = 0, out = 0;

	for (uint32_t i = 0; i < page->nr_free; i++) {
		if (!see_once(seen, page->free[i]))
			return false;
		free++;
	}
	for (unsigned int cpu = 1; cpu < DMK_CPUS; cpu++) {
		const struct dmk_pool_cache *cache = pool->caches[cpu];

		for (unsigned int i = 0; cache && i < cache->nr; i++) {
			const struct dmk_pool_block *block = &cache->blocks[i];

			if (block->dma - page->memory.dma.v >= pool->page_size)
				continue;
			if (!block_consistent(pool, block) ||
			    !see_once(seen, (size_t)(block->who - page->who)))
				return false;
			free++;
		}
	}
	for (size_t i = 0; i < pool->per_page; i++)
		out += page->who[i].owner && !page->who[i].remote;
	return free + out == pool->per_page;
}

bool dmk_pool_consistent(const struct dmk_pool *pool)
{
	const struct dmk_pool_page *page;

	for (page = pool->pages; page; page = page->next) {
		const uint64_t first = page->memory.dma.v;
		const struct dmk_pool_entry *entry = dmk_pool_entry_at(pool, first);

		if (!entry || entry->page != page ||
		    dmk_pool_entry_at(pool, first + (pool->page_size - 1))->page != page ||
		    !page_consistent(pool, page))
			return false;
	}
	for (page = pool->usable; page; page = page->next_free) {
		if (!page->nr_free)
			return false;
	}
	return true;
}
