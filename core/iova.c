/* SPDX-License-Identifier: MIT */
/*
 * I/O virtual addresses, in two layers.
 *
 * What is free lies in a treap by address, each node knowing the longest run below it: a run for any size, alignment and limit is found
 * from the top in logarithmic time, and that there is none is known at its root. In front of it stand bins of runs of 1, 2, 4 … 1,024
 * granules that were given back, last in first out: nearly every take and give of a driver ends there and costs a few instructions,
 * whatever is live. A bin that is full gives the older half of its runs back to the tree.
 *
 * Sizes are rounded up to a power of two and so aligned up to 1,024 granules, and in the tree aligned as if they were: a range crosses no
 * boundary that is a multiple of its rounded size.
 *
 * Nodes are records of the core's. Giving a range back must not fail, and may need one: so each range that is out has one laid by.
 */
#include <linux/errno.h>

#include "iova.h"
#include "lock.h"

enum {
	BINS = DMK_IOVA_READY_ORDER + 1,
	BIN_MOST = 1024, /* runs in a bin */
	BIN_LOOK = 4,    /* of them looked at for one below a limit */
};

/** A free run, in granules. */
struct free_run {
	struct free_run *left, *right;
	uint64_t first, last;
	uint64_t longest; /* here and below */
	uint32_t weight;  /* a heap by it: random, so that the tree is balanced */
};

struct bin {
	unsigned int n;
	uint64_t first[BIN_MOST];
};

struct dmk_iova_space {
	struct dmk_lock lock; /* guards all below */
	unsigned int shift;
	struct free_run *root;
	struct free_run *spare; /* by left */
	uint64_t nr_spare, nr_runs;
	uint64_t out; /* ranges not in the tree: taken, or in a bin */
	uint32_t random;
	uint64_t used, high_water; /* granules that callers hold */
	struct bin bin[BINS];
};

/* --- the tree ---------------------------------------------------------------------------------------------------- */

static uint64_t run_length(const struct free_run *run)
{
	return run->last - run->first + 1;
}

static uint64_t longest(const struct free_run *run)
{
	return run ? run->longest : 0;
}

static void measure(struct free_run *run)
{
	uint64_t most = run_length(run);

	if (longest(run->left) > most)
		most = longest(run->left);
	if (longest(run->right) > most)
		most = longest(run->right);
	run->longest = most;
}

/* All of @tree before @first to @low, the rest to @high. */
static void split(struct free_run *tree, uint64_t first, struct free_run **low,
		  struct free_run **high)
{
	if (!tree) {
		*low = *high = NULL;
	} else if (tree->first < first) {
		split(tree->right, first, &tree->right, high);
		*low = tree;
		measure(tree);
	} else {
		split(tree->left, first, low, &tree->left);
		*high = tree;
		measure(tree);
	}
}

/* Every run of @low lies before every run of @high. */
static struct free_run *join(struct free_run *low, struct free_run *high)
{
	if (!low || !high)
		return low ? low : high;
	if (low->weight > high->weight) {
		low->right = join(low->right, high);
		measure(low);
		return low;
	}
	high->left = join(low, high->left);
	measure(high);
	return high;
}

static struct free_run *spare_take(struct dmk_iova_space *space)
{
	struct free_run *run = space->spare;

	space->spare = run->left;
	space->nr_spare--;
	return run;
}

static void spare_give(struct dmk_iova_space *space, struct free_run *run)
{
	run->left = space->spare;
	space->spare = run;
	space->nr_spare++;
}

/* xorshift32, Marsaglia, "Xorshift RNGs", 2003. */
static uint32_t next_weight(struct dmk_iova_space *space)
{
	space->random ^= space->random << 13;
	space->random ^= space->random >> 17;
	space->random ^= space->random << 5;
	return space->random;
}

static struct free_run *rightmost(struct free_run *run)
{
	while (run && run->right)
		run = run->right;
	return run;
}

static struct free_run *leftmost(struct free_run *run)
{
	while (run && run->left)
		run = run->left;
	return run;
}

/* Puts a run in, one with its neighbours where they touch. */
static void tree_give(struct dmk_iova_space *space, uint64_t first, uint64_t last)
{
	struct free_run *low, *high, *before, *after, *run, *rest;

	split(space->root, first, &low, &high);
	before = rightmost(low);
	after = leftmost(high);
	if (before && before->last + 1 == first) {
		first = before->first;
		split(low, before->first, &low, &run);
		spare_give(space, run);
		space->nr_runs--;
	}
	if (after && last + 1 == after->first) {
		last = after->last;
		split(high, after->first + 1, &run, &rest);
		high = rest;
		spare_give(space, run);
		space->nr_runs--;
	}
	run = spare_take(space);
	*run = (struct free_run){.first = first, .last = last, .weight = next_weight(space)};
	measure(run);
	space->nr_runs++;
	space->root = join(join(low, run), high);
}

/* The highest place for @n granules, aligned, in [first, last] of one run and not above @limit. */
static bool place_in(const struct free_run *run, uint64_t n, uint64_t align, uint64_t limit,
		     uint64_t *first)
{
	const uint64_t last = run->last < limit ? run->last : limit;

	if (last < run->first || last - run->first + 1 < n)
		return false;
	*first = (last - n + 1) & ~(align - 1);
	return *first >= run->first;
}

/* The highest run that has a place. What is too short for @n is never entered; what alignment spoils is. */
static struct free_run *find(struct free_run *run, uint64_t n, uint64_t align, uint64_t limit,
			     uint64_t *first)
{
	struct free_run *found;

	if (longest(run) < n)
		return NULL;
	if (run->first <= limit) {
		found = find(run->right, n, align, limit, first);
		if (found)
			return found;
		if (place_in(run, n, align, limit, first))
			return run;
	}
	return find(run->left, n, align, limit, first);
}

/* Cuts [@first, @last] out of the free run that holds it. Two pieces may be left of one: the caller saw to a spare node. */
static void tree_cut(struct dmk_iova_space *space, struct free_run *run, uint64_t first,
		     uint64_t last)
{
	const struct dmk_range whole = {run->first, run->last};
	struct free_run *low, *middle, *high;

	split(space->root, run->first, &low, &high);
	split(high, run->first + 1, &middle, &high);
	spare_give(space, middle);
	space->nr_runs--;
	space->root = join(low, high);
	if (whole.first < first)
		tree_give(space, whole.first, first - 1);
	if (whole.last > last)
		tree_give(space, last + 1, whole.last);
}

/* --- nodes laid by ------------------------------------------------------------------------------------------------ */

/*
 * With @out ranges out there are at most @out + 1 free runs, when all of them are given back at once in the worst order: so many nodes
 * there must be, in the tree or laid by.
 */
static bool nodes_for(struct dmk_iova_space *space, uint64_t out, bool may_sleep)
{
	while (space->nr_runs + space->nr_spare < out + 2) {
		struct free_run *run = dmk_meta_alloc(sizeof(*run), may_sleep);

		if (!run)
			return false;
		spare_give(space, run);
	}
	return true;
}

/* --- bins --------------------------------------------------------------------------------------------------------- */

static unsigned int order_of(uint64_t granules)
{
	unsigned int order = 0;

	while (order < 63 && 1ULL << order < granules)
		order++;
	return order;
}

static void bin_spill(struct dmk_iova_space *space, unsigned int order, unsigned int keep)
{
	struct bin *bin = &space->bin[order];
	const unsigned int spill = bin->n > keep ? bin->n - keep : 0;

	for (unsigned int i = 0; i < spill; i++)
		tree_give(space, bin->first[i], bin->first[i] + ((1ULL << order) - 1));
	space->out -= spill;
	bin->n -= spill;
	__builtin_memmove(bin->first, bin->first + spill, bin->n * sizeof(bin->first[0]));
}

/* The newest that lies low enough. */
static bool bin_take(struct bin *bin, unsigned int order, uint64_t limit, uint64_t *first)
{
	for (unsigned int i = 0; i < BIN_LOOK && i < bin->n; i++) {
		uint64_t *at = &bin->first[bin->n - 1 - i];

		if (*at > limit || limit - *at < (1ULL << order) - 1)
			continue;
		*first = *at;
		*at = bin->first[--bin->n];
		return true;
	}
	return false;
}

/* --- take and give ------------------------------------------------------------------------------------------------- */

static bool tree_take(struct dmk_iova_space *space, uint64_t n, uint64_t align, uint64_t limit,
		      uint64_t *first)
{
	struct free_run *run;

	run = find(space->root, n, align, limit, first);
	if (!run)
		return false;
	tree_cut(space, run, *first, *first + (n - 1));
	space->out++;
	return true;
}

static bool take(struct dmk_iova_space *space, uint64_t n, unsigned int order, uint64_t align,
		 uint64_t limit, uint64_t *first)
{
	if (order < BINS && align <= 1ULL << order &&
	    bin_take(&space->bin[order], order, limit, first))
		return true;
	if (!nodes_for(space, space->out + 1, false))
		return false;
	if (tree_take(space, n, align, limit, first))
		return true;
	/* What lies in bins may be what is missing. */
	for (unsigned int i = 0; i < BINS; i++)
		bin_spill(space, i, 0);
	return tree_take(space, n, align, limit, first);
}

bool dmk_iova_take(struct dmk_iova_space *space, uint64_t size, uint64_t align, uint64_t limit,
		   uint64_t boundary, uint64_t *first)
{
	const uint64_t asked = size >> space->shift;
	const unsigned int order = order_of(asked);
	uint64_t n = order < BINS ? 1ULL << order : asked, natural = 1ULL << order;
	unsigned long flags;
	bool taken;

	if (!asked || size & ((1ULL << space->shift) - 1) || limit < (1ULL << space->shift) - 1)
		return false;
	/* A power of two at a multiple of itself crosses no multiple of a larger one. */
	if (boundary && (natural << space->shift) - 1 > boundary)
		return false;
	align >>= space->shift;
	if (align < natural)
		align = natural;
	flags = dmk_lock_take(&space->lock);
	/* The last whole granule at or below the limit. */
	taken = take(space, n, order, align,
		     ((limit + 1) >> space->shift ? (limit + 1) >> space->shift
						  : 1ULL << (64 - space->shift)) -
			     1,
		     first);
	if (taken) {
		space->used += n;
		if (space->used > space->high_water)
			space->high_water = space->used;
	}
	dmk_lock_drop(&space->lock, flags);
	*first <<= space->shift;
	return taken;
}

void dmk_iova_give(struct dmk_iova_space *space, uint64_t first, uint64_t size)
{
	const uint64_t asked = size >> space->shift, granule = first >> space->shift;
	const unsigned int order = order_of(asked);
	const uint64_t n = order < BINS ? 1ULL << order : asked;
	unsigned long flags = dmk_lock_take(&space->lock);

	space->used -= n;
	if (order < BINS) {
		if (space->bin[order].n == BIN_MOST)
			bin_spill(space, order, BIN_MOST / 2);
		space->bin[order].first[space->bin[order].n++] = granule;
	} else {
		tree_give(space, granule, granule + (n - 1));
		space->out--;
	}
	dmk_lock_drop(&space->lock, flags);
}

void dmk_iova_usage(struct dmk_iova_space *space, uint64_t *used, uint64_t *high_water)
{
	unsigned long flags = dmk_lock_take(&space->lock);

	*used = space->used << space->shift;
	*high_water = space->high_water << space->shift;
	dmk_lock_drop(&space->lock, flags);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

struct dmk_iova_space *dmk_iova_make(uint64_t first, uint64_t last, unsigned int shift)
{
	struct dmk_iova_space *space = dmk_meta_alloc(sizeof(*space), true);
	const uint64_t granule = 1ULL << shift;

	if (!space)
		return NULL;
	space->shift = shift;
	space->random = 0x9e3779b9;
	if (!nodes_for(space, 0, true)) {
		dmk_iova_free(space);
		return NULL;
	}
	/* Whole granules only. */
	tree_give(space, (first >> shift) + (first & (granule - 1) ? 1 : 0),
		  (last >> shift) - ((last & (granule - 1)) == granule - 1 ? 0 : 1));
	return space;
}

static void free_tree(struct free_run *run)
{
	if (!run)
		return;
	free_tree(run->left);
	free_tree(run->right);
	dmk_meta_free(run, sizeof(*run));
}

void dmk_iova_free(struct dmk_iova_space *space)
{
	struct free_run *run, *next;

	if (!space)
		return;
	free_tree(space->root);
	for (run = space->spare; run; run = next) {
		next = run->left;
		dmk_meta_free(run, sizeof(*run));
	}
	dmk_meta_free(space, sizeof(*space));
}

/* The free run that holds some of [@first, @last], the lowest. */
static struct free_run *run_at(struct free_run *run, uint64_t first, uint64_t last)
{
	struct free_run *found = NULL;

	while (run) {
		if (run->last < first) {
			run = run->right;
		} else {
			if (run->first <= last)
				found = run;
			run = run->left;
		}
	}
	return found;
}

int dmk_iova_reserve(struct dmk_iova_space *space, uint64_t first, uint64_t last)
{
	const struct dmk_range wanted = {first >> space->shift, last >> space->shift};
	struct dmk_range part;
	struct free_run *run;
	unsigned long flags;
	int result = 0;

	flags = dmk_lock_take(&space->lock);
	while ((run = run_at(space->root, wanted.first, wanted.last))) {
		dmk_range_common((struct dmk_range){run->first, run->last}, wanted, &part);
		/* A range that is never given back: it is out for good. */
		if (!nodes_for(space, space->out + 1, false)) {
			result = -ENOMEM;
			break;
		}
		tree_cut(space, run, part.first, part.last);
		space->out++;
	}
	dmk_lock_drop(&space->lock, flags);
	return result;
}
