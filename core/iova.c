/* SPDX-License-Identifier: MIT */
/*
 * I/O virtual addresses, in three layers.
 *
 *	cache	of one CPU: ranges of 1, 2, 4 ... 1,024 granules that were given back, last in first out. Nobody else's business, and so
 *		without a lock and without an atomic read-modify-write (cpu_parts.h): nearly every
 *		take and give ends here, whatever is live
 *	depot	batches of such ranges that caches had too many of; the space's lock guards it
 *	tree	what is free and nobody's, in runs as long as can be (free_tree.h); the same lock
 *
 * A range given back on another CPU than took it goes to that one's cache, and with a batch of
 * others through the depot to whoever lacks some: one lock for 64 of them. A CPU or thread that is
 * gone for good has left its ranges in its cache: whoever gets its number next has them at once,
 * and everybody has them when addresses run out.
 *
 * Running out: what lies in caches and in the depot may be just what is missing. So before a take
 * fails, all of it goes back to the tree and what touches becomes one. That is not cheap; so then
 * the caches stay closed until SCARCE calls have ended well, and while they are a take that fails
 * costs one look at the tree.
 *
 * All that is for the order in which it costs least: newest first. Where another is wanted
 * (iova_held.h) there are no caches and no depot, and what is given back waits in one list.
 *
 * Sizes are rounded up to a power of two and so aligned up to 1,024 granules, and above that
 * aligned as if they were: a range crosses no boundary that is a multiple of its rounded size.
 */
#include <linux/errno.h>

#include "cpu_parts.h"
#include "free_tree.h"
#include "iova.h"

enum {
	ORDERS = DMK_IOVA_READY_ORDER + 1,
	MOST = 128, /* ranges of one order in a cache */
	BATCH = MOST / 2,
	DEPOT_MOST = 512,    /* batches of one order */
	CARVE = 16,          /* small ranges taken from the tree at once */
	CARVE_GRANULES = 64, /* ... and together */
	SCARCE = 1024,
	LINE = 64,
};

/** Addresses of ranges, newest last. */
struct cache {
	uint32_t n[ORDERS];
	char apart[LINE - ORDERS * sizeof(uint32_t)];
	uint64_t first[ORDERS][MOST];
};

struct batch {
	struct batch *next;
	unsigned int n;
	uint64_t first[BATCH];
};

struct dmk_iova_space {
	/* Not written once it is in use, but when a CPU comes first, and when addresses run out. */
	unsigned int shift;
	uint64_t rest;     /* a granule - 1 */
	uint64_t capacity; /* granules that are not reserved */
	uint64_t prefer;   /* the last granule that is taken first */
	struct dmk_cpu_parts caches;
	char apart[LINE];

	struct dmk_lock lock; /* guards all below */
	unsigned int scarce;  /* calls before caches are opened again; 0: they are open */
	bool drained;         /* nothing lies ready */
	struct dmk_free_tree tree;
	struct {
		struct batch *first;
		unsigned int n;
	} depot[ORDERS];
	struct batch *empty;
	struct dmk_iova_held held;
};

/** What is asked for. */
struct wish {
	uint64_t span, limit; /* bytes after the first, rounded up; no byte above it */
	unsigned int order;
	bool ready; /* a range that lies ready will do, if it is below the limit */
	struct dmk_free_wish tree;
};

/*
 * Ranges in a cache: of large ones fewer, so that together they are no more than 1 << 14 granules.
 */
static const unsigned int most_of[ORDERS] = {MOST, MOST, MOST,     MOST,     MOST,    MOST,
					     MOST, MOST, MOST / 2, MOST / 4, MOST / 8};

/* --- to and from the tree; with the lock ------------------------------------------------------ */

static void tree_give(struct dmk_iova_space *space, uint64_t first, uint64_t granules)
{
	dmk_free_tree_give(&space->tree, first >> space->shift,
			   (first >> space->shift) + (granules - 1));
}

static void tree_give_all(struct dmk_iova_space *space, const uint64_t *first, unsigned int n,
			  unsigned int order)
{
	for (unsigned int i = 0; i < n; i++)
		tree_give(space, first[i], 1ULL << order);
	dmk_free_tree_trim(&space->tree);
}

static bool tree_take(struct dmk_iova_space *space, const struct dmk_free_wish *wish,
		      uint64_t pieces, uint64_t *first)
{
	struct dmk_free_wish preferred = *wish;

	if (preferred.limit > space->prefer)
		preferred.limit = space->prefer;
	if (!dmk_free_tree_ready(&space->tree, pieces, false))
		return false;
	if (!dmk_free_tree_take(&space->tree, &preferred, pieces, first) &&
	    (preferred.limit == wish->limit ||
	     !dmk_free_tree_take(&space->tree, wish, pieces, first)))
		return false;
	*first <<= space->shift;
	return true;
}

static unsigned int pieces_of(unsigned int order)
{
	const unsigned int pieces = CARVE_GRANULES >> order;

	return pieces > CARVE ? CARVE : pieces ? pieces : 1;
}

/* Several at once, the highest for the caller and the next ones at hand below it. */
static bool carve(struct dmk_iova_space *space, struct cache *cache, const struct wish *wish,
		  uint64_t *first)
{
	const unsigned int pieces = pieces_of(wish->order);
	const uint64_t n = wish->tree.n * pieces;
	const struct dmk_free_wish block = {n, n, wish->tree.limit, dmk_highest_bit(n)};
	uint64_t *to = cache->first[wish->order], at;

	if (pieces == 1 || cache->n[wish->order] || !tree_take(space, &block, pieces, &at))
		return false;
	for (unsigned int i = 0; i + 1 < pieces; i++, at += wish->span + 1)
		*to++ = at;
	cache->n[wish->order] = pieces - 1;
	*first = at;
	return true;
}

/* --- caches and the depot; with the lock, or by the cache's CPU ------------------------------- */

/* The newest that lies low enough. */
static bool cache_take(struct cache *cache, const struct wish *wish, uint64_t *first)
{
	uint64_t *const ranges = cache->first[wish->order];

	for (unsigned int i = cache->n[wish->order]; i--;) {
		if (ranges[i] + wish->span > wish->limit)
			continue;
		*first = ranges[i];
		ranges[i] = ranges[--cache->n[wish->order]];
		return true;
	}
	return false;
}

static inline bool cache_give(struct cache *cache, unsigned int order, uint64_t first)
{
	const unsigned int n = cache->n[order];

	if (n >= most_of[order])
		return false;
	cache->first[order][n] = first;
	cache->n[order] = n + 1;
	return true;
}

static void batch_done(struct dmk_iova_space *space, struct batch *batch)
{
	batch->next = space->empty;
	space->empty = batch;
}

/* The half that was given back longest ago makes room. */
static void spill(struct dmk_iova_space *space, struct cache *cache, unsigned int order)
{
	const unsigned int half = most_of[order] / 2;
	uint64_t *const ranges = cache->first[order];
	struct batch *batch = NULL;

	if (space->depot[order].n < DEPOT_MOST)
		batch = space->empty ? space->empty : dmk_meta_alloc(sizeof(*batch), false);
	if (batch) {
		if (batch == space->empty)
			space->empty = batch->next;
		batch->n = half;
		__builtin_memcpy(batch->first, ranges, half * sizeof(*ranges));
		batch->next = space->depot[order].first;
		space->depot[order].first = batch;
		space->depot[order].n++;
	} else {
		tree_give_all(space, ranges, half, order);
	}
	cache->n[order] -= half;
	__builtin_memmove(ranges, ranges + half, cache->n[order] * sizeof(*ranges));
}

/* A batch, where there is room for one; it goes below what is there. */
static bool fill(struct dmk_iova_space *space, struct cache *cache, unsigned int order)
{
	struct batch *batch = space->depot[order].first;
	const unsigned int n = cache->n[order];
	uint64_t *const ranges = cache->first[order];

	if (!batch || n + batch->n > most_of[order])
		return false;
	space->depot[order].first = batch->next;
	space->depot[order].n--;
	__builtin_memmove(ranges + batch->n, ranges, n * sizeof(*ranges));
	__builtin_memcpy(ranges, batch->first, batch->n * sizeof(*ranges));
	cache->n[order] = n + batch->n;
	batch_done(space, batch);
	return true;
}

/*
 * This CPU's. NULL: it has no number, or there is no memory, or addresses are scarce: it goes to
 * the tree.
 */
static struct cache *cache_here(struct dmk_iova_space *space)
{
	if (space->held.reuse != DMK_IOVA_NEWEST)
		return NULL;
	return space->scarce ? NULL : dmk_cpu_parts_here(&space->caches, sizeof(struct cache));
}

/* --- scarce ----------------------------------------------------------------------------------- */

static void empty_cache(struct dmk_iova_space *space, struct cache *cache)
{
	for (unsigned int order = 0; order < ORDERS; order++) {
		tree_give_all(space, cache->first[order], cache->n[order], order);
		cache->n[order] = 0;
	}
}

static void empty_depot(struct dmk_iova_space *space, unsigned int order)
{
	while (space->depot[order].first) {
		struct batch *batch = space->depot[order].first;

		space->depot[order].first = batch->next;
		tree_give_all(space, batch->first, batch->n, order);
		dmk_meta_free(batch, sizeof(*batch));
	}
	space->depot[order].n = 0;
}

static void drain(struct dmk_iova_space *space)
{
	for (unsigned int cpu = 1; cpu < DMK_CPUS; cpu++)
		if (space->caches.part[cpu])
			empty_cache(space, space->caches.part[cpu]);
	for (unsigned int order = 0; order < ORDERS; order++)
		empty_depot(space, order);
	space->drained = true;
}

/*
 * All that lies ready goes back to the tree, and for a while nothing will lie ready. false: other
 * CPUs can't be waited for.
 */
static bool become_scarce(struct dmk_iova_space *space, unsigned long *flags)
{
	bool gathered;

	space->scarce = SCARCE;
	gathered = dmk_cpu_parts_gather(&space->caches, &space->lock, flags);
	if (gathered && !space->drained)
		drain(space);
	return gathered;
}

/* A call ended well. */
static void less_scarce(struct dmk_iova_space *space)
{
	if (space->scarce > 1)
		space->scarce--;
	else if (space->scarce && dmk_cpu_parts_open(&space->caches))
		space->scarce = space->drained = 0;
}

/* --- take and give ---------------------------------------------------------------------------- */

static bool take_with_lock(struct dmk_iova_space *space, const struct wish *wish, uint64_t *first)
{
	struct cache *cache = wish->ready ? cache_here(space) : NULL;

	if (cache && (cache_take(cache, wish, first) ||
		      (fill(space, cache, wish->order) && cache_take(cache, wish, first)) ||
		      carve(space, cache, wish, first)))
		return true;
	if (dmk_iova_held_take(&space->held, &wish->tree, first)) {
		*first <<= space->shift;
		return true;
	}
	return tree_take(space, &wish->tree, 1, first);
}

/* All of it to the tree, where what touches becomes one. Returns whether there was any. */
static bool let_go(struct dmk_iova_space *space)
{
	struct dmk_iova_range range;
	bool any = false;

	while (dmk_iova_held_any(&space->held, &range)) {
		tree_give(space, range.first << space->shift, range.n);
		any = true;
	}
	dmk_free_tree_trim(&space->tree);
	return any;
}

static bool take_and_lock(struct dmk_iova_space *space, const struct wish *wish, uint64_t *first)
{
	unsigned long flags = dmk_lock_take(&space->lock);
	bool taken = take_with_lock(space, wish, first);

	if (!taken && let_go(space))
		taken = take_with_lock(space, wish, first);
	if (!taken && !space->drained && become_scarce(space, &flags))
		taken = take_with_lock(space, wish, first);
	if (taken)
		less_scarce(space);
	dmk_lock_drop(&space->lock, flags);
	return taken;
}

/*
 * The size in bits of the smallest power of two that is no less than a granule and than @size; 64:
 * there is none, or no @size.
 */
static inline unsigned int bits_of(const struct dmk_iova_space *space, uint64_t size)
{
	return size - 1 <= space->rest ? space->shift : dmk_highest_bit(size - 1) + 1;
}

/* Whatever is more than taking what is at hand. */
static __attribute__((__noinline__)) bool take_slowly(struct dmk_iova_space *space, uint64_t size,
						      uint64_t align, uint64_t limit,
						      uint64_t boundary, uint64_t *first)
{
	const unsigned int bits = bits_of(space, size);
	struct wish wish = {.limit = limit, .order = bits - space->shift};

	if (size & space->rest || bits > 62 || limit < space->rest)
		return false;
	wish.span = (1ULL << bits) - 1;
	/* A power of two at a multiple of itself crosses no multiple of a larger one. */
	if (boundary && wish.span > boundary)
		return false;
	wish.ready = wish.order < ORDERS && align <= wish.span + 1;
	wish.tree.n = wish.order < ORDERS ? 1ULL << wish.order : size >> space->shift;
	wish.tree.align = (align > wish.span ? align : wish.span + 1) >> space->shift;
	wish.tree.limit = (limit - space->rest) >> space->shift;
	wish.tree.order = dmk_highest_bit(wish.tree.n);
	return take_and_lock(space, &wish, first);
}

/*
 * The newest range at hand, if it will do. @boundary - 1: where there is no boundary that is more
 * than any span.
 */
bool dmk_iova_take(struct dmk_iova_space *space, uint64_t size, uint64_t align, uint64_t limit,
		   uint64_t boundary, uint64_t *first)
{
	const unsigned int bits = bits_of(space, size), order = bits - space->shift;
	const uint64_t span = (1ULL << (bits & 63)) - 1;
	struct cache *cache;
	unsigned long flags;
	unsigned int n;

	if (order >= ORDERS || size & space->rest || align > span + 1 || boundary - 1 < span - 1)
		return take_slowly(space, size, align, limit, boundary, first);
	cache = dmk_cpu_parts_mine(&space->caches, dmk_cpu_enter(&flags));
	n = cache ? cache->n[order] : 0;
	if (__builtin_expect(!n || cache->first[order][n - 1] + span > limit, 0)) {
		dmk_cpu_leave(flags);
		return take_slowly(space, size, align, limit, boundary, first);
	}
	*first = cache->first[order][n - 1];
	cache->n[order] = n - 1;
	dmk_cpu_leave(flags);
	return true;
}

static __attribute__((__noinline__)) void give_slowly(struct dmk_iova_space *space, uint64_t first,
						      uint64_t size)
{
	const unsigned int order = bits_of(space, size) - space->shift;
	const uint64_t granules = order < ORDERS ? 1ULL << order : size >> space->shift;
	unsigned long flags = dmk_lock_take(&space->lock);
	struct cache *cache = order < ORDERS ? cache_here(space) : NULL;

	if (cache && !cache_give(cache, order, first)) {
		spill(space, cache, order);
		cache_give(cache, order, first);
	} else if (!cache && !dmk_iova_held_give(&space->held, first >> space->shift, granules)) {
		tree_give(space, first, granules);
		dmk_free_tree_trim(&space->tree);
	}
	less_scarce(space);
	dmk_lock_drop(&space->lock, flags);
}

void dmk_iova_give(struct dmk_iova_space *space, uint64_t first, uint64_t size)
{
	const unsigned int order = bits_of(space, size) - space->shift;
	struct cache *cache;
	unsigned long flags;
	bool given;

	if (order >= ORDERS) {
		give_slowly(space, first, size);
		return;
	}
	cache = dmk_cpu_parts_mine(&space->caches, dmk_cpu_enter(&flags));
	given = cache && cache_give(cache, order, first);
	dmk_cpu_leave(flags);
	if (__builtin_expect(!given, 0))
		give_slowly(space, first, size);
}

/* --- life ------------------------------------------------------------------------------------- */

struct dmk_iova_space *dmk_iova_make(uint64_t first, uint64_t last, unsigned int shift)
{
	struct dmk_iova_space *space = dmk_meta_alloc(sizeof(*space), true);
	const uint64_t rest = (1ULL << shift) - 1;

	if (!space)
		return NULL;
	space->shift = shift;
	space->rest = rest;
	space->prefer = ~0ULL;
	space->tree.random = 0x9e3779b9;
	if (!dmk_free_tree_ready(&space->tree, 0, true)) {
		dmk_iova_free(space);
		return NULL;
	}
	/* Whole granules only. */
	dmk_free_tree_add(&space->tree, (first >> shift) + (first & rest ? 1 : 0),
			  (last >> shift) - ((last & rest) == rest ? 0 : 1));
	space->capacity = dmk_free_tree_total(&space->tree);
	return space;
}

void dmk_iova_prefer(struct dmk_iova_space *space, uint64_t last)
{
	space->prefer = last >> space->shift;
}

void dmk_iova_reuse(struct dmk_iova_space *space, enum dmk_iova_reuse reuse, uint64_t seed)
{
	space->held.reuse = reuse;
	space->held.random = seed;
}

int dmk_iova_reserve(struct dmk_iova_space *space, uint64_t first, uint64_t last)
{
	unsigned long flags = dmk_lock_take(&space->lock);
	int result = dmk_free_tree_reserve(&space->tree, first >> space->shift,
					   last >> space->shift);

	space->capacity = dmk_free_tree_total(&space->tree);
	dmk_lock_drop(&space->lock, flags);
	return result;
}

static void free_batches(struct batch *batch)
{
	while (batch) {
		struct batch *next = batch->next;

		dmk_meta_free(batch, sizeof(*batch));
		batch = next;
	}
}

void dmk_iova_free(struct dmk_iova_space *space)
{
	if (!space)
		return;
	dmk_cpu_parts_free(&space->caches, sizeof(struct cache));
	for (unsigned int order = 0; order < ORDERS; order++)
		free_batches(space->depot[order].first);
	free_batches(space->empty);
	dmk_iova_held_end(&space->held);
	dmk_free_tree_end(&space->tree);
	dmk_meta_free(space, sizeof(*space));
}

/* --- what must hold --------------------------------------------------------------------------- */

/* What lies ready, in granules. @wrong: what is wrong with it. */
static uint64_t count_ready(struct dmk_iova_space *space, const uint64_t *first, unsigned int n,
			    unsigned int order, const char **wrong)
{
	const uint64_t granules = 1ULL << order;

	for (unsigned int i = 0; i < n; i++) {
		const uint64_t at = first[i] >> space->shift;

		if (first[i] & ((granules << space->shift) - 1))
			*wrong = "a range that lies ready is not aligned";
		if (dmk_free_tree_has_any(&space->tree, at, at + (granules - 1)))
			*wrong = "a range that lies ready is in the tree as well";
	}
	return n * granules;
}

static uint64_t look_at(struct dmk_iova_space *space, unsigned int order, const char **wrong)
{
	uint64_t ready = 0;
	unsigned int n = 0;

	for (unsigned int cpu = 1; cpu < DMK_CPUS; cpu++) {
		struct cache *cache = space->caches.part[cpu];

		if (!cache)
			continue;
		if (cache->n[order] > most_of[order])
			*wrong = "a cache is more than full";
		ready += count_ready(space, cache->first[order], cache->n[order], order, wrong);
	}
	for (struct batch *batch = space->depot[order].first; batch; batch = batch->next, n++)
		ready += count_ready(space, batch->first, batch->n, order, wrong);
	if (n != space->depot[order].n)
		*wrong = "the number of batches is wrong";
	if (space->drained && ready)
		*wrong = "something lies ready although addresses are scarce";
	return ready;
}

const char *dmk_iova_wrong(struct dmk_iova_space *space, uint64_t *used)
{
	const char *wrong = dmk_free_tree_wrong(&space->tree);
	uint64_t idle = dmk_free_tree_total(&space->tree);

	for (unsigned int order = 0; order < ORDERS; order++)
		idle += look_at(space, order, &wrong);
	for (uint64_t i = 0; i < space->held.nr; i++)
		idle += space->held.range[(space->held.begin + i) & (space->held.room - 1)].n;
	if (space->drained && !space->scarce)
		wrong = "addresses are not scarce, and yet nothing may lie ready";
	*used = (space->capacity - idle) << space->shift;
	return wrong;
}
