/* SPDX-License-Identifier: MIT */
/*
 * What a pool is made of, as pool.c and pool_page.c see it, and the way of most calls, inlined.
 *
 *	page	a run of the device's memory, cut into blocks. A byte a block says who has it. All of that lies beside the device's
 *		memory, so that no device can break it (POL-05)
 *	depot	the free blocks of all pages, on a stack for each page; the pool's lock guards it
 *	cache	free blocks that one CPU has at hand; nobody else's business, and so without a lock
 *
 * A block is in one of these states, which its two bytes tell:
 *
 *	                        owner    remote
 *	in the depot            0        0
 *	out, by CPU c           c        0         c is DMK_CPUS for who has no number
 *	in a cache              0        0         its owner gave it back
 *	in a cache              c        1         another CPU than c gave it back
 *
 * Giving a block back is claiming it: of two who try, one may. Its owner claims by storing owner =
 * 0, without an atomic operation, for no other CPU stores to the byte of a block that is out. Any
 * other CPU claims by exchanging remote for 1. So a block that is given back twice is found out, by
 * whoever comes second; unless its owner and another CPU give it back at the very same time. Then
 * both may get through, and the block is (0, 1) in two caches: whoever next takes it from one sees
 * that and leaves it alone. While somebody watches, all claims are made under the lock, and the
 * second is always told.
 *
 * Memory order: a CPU gets a block from its cache, which it filled itself; or through the depot's
 * lock; or by giving back what a driver handed it, with whatever the driver hands things over. Each
 * of them orders what was stored before, so the bytes themselves are relaxed; the exchange is
 * acquire and release for the one hand-over that has nothing else, between two claims.
 *
 * Blocks in caches are not lost to others: when a device has no memory left for another page, what
 * all CPUs have at hand goes to the depot. A pool that is closed is used under its lock only;
 * whoever closes it waits until the last call that did not see that is over (dmk_cpu_settle()), and
 * then the caches are the lock's. Opening it again is a release, and looking whether it is open an
 * acquire: so the next call without the lock finds its cache as it was left.
 */
#ifndef DMK_CORE_POOL_PARTS_H
#define DMK_CORE_POOL_PARTS_H

#include "coherent.h"
#include "core.h"
#include "cpu.h"
#include "lock.h"

enum {
	DMK_POOL_NAME = 32,
	DMK_POOL_CACHE = 32,
	DMK_POOL_FIRST = 16,
	DMK_POOL_LINE = 64, /* what processors fetch at once, as far as it matters for speed */
	DMK_POOL_LINED = DMK_POOL_LINE / 2, /* blocks whose states share that */
};

/** Who has a block; relaxed but where it says otherwise. */
struct dmk_pool_who {
	uint8_t owner, remote;
};

/**
 * A page, and its part of the depot; the lock's. The states of its blocks are in the same
 * allocation, at the begin of a line.
 */
struct dmk_pool_page {
	struct dmk_pool_page *next;      /* of all the pool's */
	struct dmk_pool_page *next_free; /* of those that have blocks in the depot */
	struct dmk_block memory;         /* stays until the pool is gone */
	struct dmk_pool_who *who;        /* a block each */
	unsigned int nr_free;
	uint16_t free[]; /* stack of block numbers */
};

/**
 * A block, with its addresses: those that its driver gave it back by are the next one's, which need
 * not wait for them to be computed.
 */
struct dmk_pool_block {
	void *cpu;
	uint64_t dma;
	struct dmk_pool_who *who;
};

/**
 * Of one CPU, which alone uses it while the pool is open; its own allocation, so that no two share
 * a cache line for long. All of .blocks are blocks of the pool, those from .nr on such as were at
 * hand a while ago; before there were any, with a state that is nobody's.
 */
struct dmk_pool_cache {
	unsigned int nr;
	struct dmk_pool_who nobody;
	char apart[DMK_POOL_LINE - 8];
	struct dmk_pool_block blocks[DMK_POOL_CACHE];
	char apart_too[DMK_POOL_LINE];
};

/**
 * Where a page is, constant. Every call looks at it, so that few of them write to a line that
 * others read.
 */
struct dmk_pool_entry {
	uint64_t dma; /* of the page's first byte, as .cpu */
	char *cpu;
	struct dmk_pool_who *who;
	struct dmk_pool_page *page; /* written last; NULL: no entry here, and none behind it */
};

/**
 * Pages by the frames of bus addresses that they lie in: open addressing, at most half full if
 * there is memory for that. Read without the lock: entries are only added, and a table that was
 * outgrown stays until the pool is gone.
 */
struct dmk_pool_table {
	struct dmk_pool_table *older;
	size_t nr, used; /* nr: a power of two; used: the lock's */
	unsigned int shift;
	struct dmk_pool_entry entries[];
};

struct dmk_pool {
	/* What every call looks at, and nearly none writes. */
	struct dmk_pool_table *table; /* release, after its entries; acquire */
	unsigned int closed;          /* release; acquire: to be used under the lock only */
	unsigned int most;            /* blocks in a cache */
	size_t page_size, stride, per_page;
	/*
	 * Of stride: (n * it) >> 32 is n / stride for n < 64 KiB; 0: blocks don't just follow each
	 * other, and there are no caches
	 */
	uint64_t reciprocal;
	size_t size;
	struct dmk_dev *dev; /* NULL: gone */

	struct dmk_pool *next; /* of all pools */
	char name[DMK_POOL_NAME];
	bool is_managed;
	struct dmk_managed managed;
	/* Groups that no block leaves, in each of them blocks a stride apart. */
	size_t group_size, per_group;

	struct dmk_lock lock; /* guards what follows, and the pages' lists */
	bool orphan;          /* counts once in .closed */
	struct dmk_pool_page *pages, *usable;
	size_t nr_claimed; /* blocks on the way back, by calls that hold no lock at the moment */
	size_t nr_out;     /* of an orphan: what it waits for */

	/*
	 * By the CPU's number; [0] stays NULL. Stored once (release), under the lock; a CPU reads
	 * its own (acquire).
	 */
	struct dmk_pool_cache *caches[DMK_CPUS];
};

/* --- blocks ----------------------------------------------------------------------------------- */

static inline const struct dmk_pool_entry *dmk_pool_entry_at(const struct dmk_pool *pool,
							     uint64_t dma)
{
	/* Acquire: pairs with the release of a new table, and of a new entry. */
	const struct dmk_pool_table *table = __atomic_load_n(&pool->table, __ATOMIC_ACQUIRE);
	size_t at = (size_t)(((dma >> DMK_PAGE_SHIFT) * 0x9e3779b97f4a7c15ULL) >> table->shift);

	while (__atomic_load_n(&table->entries[at].page, __ATOMIC_ACQUIRE)) {
		if (dma - table->entries[at].dma < pool->page_size)
			return &table->entries[at];
		at = (at + 1) & (table->nr - 1);
	}
	return NULL;
}

/**
 * dmk_pool_find_at_hand - dmk_pool_find() for a pool that has caches, and so a reciprocal; false:
 * not NONE, and @block is as it was.
 */
static inline bool dmk_pool_find_at_hand(const struct dmk_pool *pool, void *cpu, dmk_dma dma,
					 struct dmk_pool_block *block)
{
	const struct dmk_pool_entry *entry = dmk_pool_entry_at(pool, dma.v);
	uint64_t offset, index;

	if (__builtin_expect(!entry, 0))
		return false;
	offset = dma.v - entry->dma;
	index = (offset * pool->reciprocal) >> 32;
	if (index * pool->stride != offset || index >= pool->per_page || entry->cpu + offset != cpu)
		return false;
	*block = (struct dmk_pool_block){cpu, dma.v, entry->who + index};
	return true;
}

/**
 * dmk_pool_index - the number of the block that starts @offset bytes into a page, or one that no
 * block has.
 */
uint32_t dmk_pool_index(const struct dmk_pool *pool, size_t offset);

/**
 * dmk_pool_find - what a driver names by these addresses: NONE, NOT_FOUND or MISMATCH. Whether it
 * is out is not asked.
 */
static inline enum dmk_reason dmk_pool_find(const struct dmk_pool *pool, void *cpu, dmk_dma dma,
					    struct dmk_pool_block *block)
{
	const struct dmk_pool_entry *entry = dmk_pool_entry_at(pool, dma.v);
	uint32_t index;

	if (!entry)
		return DMK_REASON_NOT_FOUND;
	index = dmk_pool_index(pool, (size_t)(dma.v - entry->dma));
	if (index >= pool->per_page || entry->cpu + (dma.v - entry->dma) != cpu)
		return DMK_REASON_MISMATCH;
	*block = (struct dmk_pool_block){cpu, dma.v, entry->who + index};
	return DMK_REASON_NONE;
}

static inline uint8_t dmk_pool_owner(const struct dmk_pool_who *who)
{
	return __atomic_load_n(&who->owner, __ATOMIC_RELAXED);
}

static inline uint8_t dmk_pool_remote(const struct dmk_pool_who *who)
{
	return __atomic_load_n(&who->remote, __ATOMIC_RELAXED);
}

/**
 * dmk_pool_mark - whose it is: @owner 0 is nobody's. Owner before remote: in between it looks like
 * given back, never like out.
 */
static inline void dmk_pool_mark(struct dmk_pool_who *who, uint8_t owner)
{
	__atomic_store_n(&who->owner, owner, __ATOMIC_RELAXED);
	if (__builtin_expect(dmk_pool_remote(who), 0))
		__atomic_store_n(&who->remote, 0, __ATOMIC_RELEASE);
}

/** dmk_pool_exchange - 1 for what @byte was; acquire and release */
#if defined(__riscv) && !defined(__riscv_zabha)
/*
 * No such instruction for bytes: the word around it, again when another byte of that was stored to
 * meanwhile. Little-endian.
 */
static inline uint8_t dmk_pool_exchange(uint8_t *byte)
{
	uint32_t *word = (uint32_t *)((uintptr_t)byte & ~(uintptr_t)3);
	const unsigned int shift = ((uintptr_t)byte & 3) * 8;
	uint32_t before = __atomic_load_n(word, __ATOMIC_RELAXED), after;

	do {
		after = (before & ~(0xffU << shift)) | 1U << shift;
	} while (!__atomic_compare_exchange_n(word, &before, after, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return (uint8_t)(before >> shift);
}
#else
static inline uint8_t dmk_pool_exchange(uint8_t *byte)
{
	return __atomic_exchange_n(byte, 1, __ATOMIC_ACQ_REL);
}
#endif

/**
 * dmk_pool_claim - NONE: the caller, who is CPU @cpu, may put it back. DOUBLE_FREE: somebody has.
 */
static inline enum dmk_reason dmk_pool_claim(struct dmk_pool_who *who, unsigned int cpu)
{
	const uint8_t owner = dmk_pool_owner(who);

	if (__builtin_expect(!owner || dmk_pool_remote(who), 0))
		return DMK_REASON_DOUBLE_FREE;
	if (owner == cpu) {
		__atomic_store_n(&who->owner, 0, __ATOMIC_RELAXED);
		return DMK_REASON_NONE;
	}
	return dmk_pool_exchange(&who->remote) ? DMK_REASON_DOUBLE_FREE : DMK_REASON_NONE;
}

/** dmk_pool_is_back - whether what is in a cache was given back once: see above */
static inline bool dmk_pool_is_back(const struct dmk_pool_who *who)
{
	return !dmk_pool_owner(who) == !dmk_pool_remote(who);
}

/**
 * dmk_pool_is_open - whether this CPU may use its cache without the lock; between dmk_cpu_enter()
 * and dmk_cpu_leave()
 */
static inline bool dmk_pool_is_open(const struct dmk_pool *pool)
{
	/* Acquire: pairs with the release in dmk_pool_open(). */
	return __builtin_expect(!__atomic_load_n(&pool->closed, __ATOMIC_ACQUIRE), 1);
}

static inline struct dmk_pool_cache *dmk_pool_cache_of(const struct dmk_pool *pool,
						       unsigned int cpu)
{
	return __atomic_load_n(&pool->caches[cpu], __ATOMIC_ACQUIRE);
}

/** dmk_pool_pop - a block from the cache of CPU @cpu, which is then out; NULL: it has none. */
static inline void *dmk_pool_pop(struct dmk_pool_cache *cache, unsigned int cpu, dmk_dma *dma)
{
	while (cache->nr) {
		const struct dmk_pool_block *top = &cache->blocks[--cache->nr];

		if (__builtin_expect(!dmk_pool_is_back(top->who), 0))
			continue;
		dmk_pool_mark(top->who, (uint8_t)cpu);
		*dma = DMK_DMA(top->dma);
		return top->cpu;
	}
	return NULL;
}

/* --- pool_page.c ------------------------------------------------------------------------------ */

/** dmk_pool_shape - how blocks lie in pages. The arguments are good (POL-01). */
void dmk_pool_shape(struct dmk_pool *pool, size_t size, size_t align, size_t boundary);

/** dmk_pool_table_new - NULL: no memory. @nr a power of two. */
struct dmk_pool_table *dmk_pool_table_new(size_t nr);
void dmk_pool_tables_free(struct dmk_pool_table *table);

/**
 * dmk_pool_page_new - memory of the device's, with every block free; belongs to no pool yet.
 * Without the lock; may sleep as @flags say.
 */
struct dmk_pool_page *dmk_pool_page_new(struct dmk_pool *pool, unsigned int flags);
void dmk_pool_page_free(const struct dmk_pool *pool, struct dmk_pool_page *page);
/**
 * dmk_pool_page_add - its blocks are the depot's from now on. Without the lock. false: no memory to
 * remember it by.
 */
bool dmk_pool_page_add(struct dmk_pool *pool, struct dmk_pool_page *page);

/** dmk_pool_cache_new - an empty one; NULL: no memory. Without the lock. */
struct dmk_pool_cache *dmk_pool_cache_new(void);

/* With the lock. */

/**
 * dmk_pool_close - nobody uses a cache without the lock, once dmk_cpu_settle() has returned true;
 * dmk_pool_open - the opposite
 */
static inline void dmk_pool_close(struct dmk_pool *pool)
{
	__atomic_store_n(&pool->closed, pool->closed + 1, __ATOMIC_RELAXED);
}

static inline void dmk_pool_open(struct dmk_pool *pool)
{
	__atomic_store_n(&pool->closed, pool->closed - 1, __ATOMIC_RELEASE);
}

/**
 * dmk_pool_depot_take - a block, which is nobody's yet; false: there is none. dmk_pool_depot_give -
 * the opposite, of one claimed.
 */
bool dmk_pool_depot_take(struct dmk_pool *pool, struct dmk_pool_block *block);
void dmk_pool_depot_give(struct dmk_pool *pool, const struct dmk_pool_block *block);
/**
 * dmk_pool_fill - half a cache, and more where the states of those blocks would share a line with
 * what another CPU gets
 * dmk_pool_spill - all but the @kept that were used last go to the depot
 */
void dmk_pool_fill(struct dmk_pool *pool, struct dmk_pool_cache *cache);
void dmk_pool_spill(struct dmk_pool *pool, struct dmk_pool_cache *cache, unsigned int kept);
/** dmk_pool_count_out - how many blocks drivers have */
size_t dmk_pool_count_out(const struct dmk_pool *pool);

#endif
