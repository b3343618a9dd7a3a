/* SPDX-License-Identifier: MIT */
/*
 * A treap of free runs. Each node knows the order of the largest aligned block in it and below, so
 * that a search for such a block enters no part that has none: it is one way down, and a second one
 * along the limit.
 */
#include <linux/errno.h>

#include "free_tree.h"

enum { SPARE_KEPT = 256, TRIM_STEP = 4 };

/* --- nodes laid by ---------------------------------------------------------------------------- */

/*
 * With @out ranges out there are at most @out + 1 free runs, and on the way to fewer one more is
 * needed at most: so many nodes there are, in the tree or laid by.
 */
static uint64_t nodes_needed(uint64_t out)
{
	return out + 2;
}

static struct dmk_free_run *spare_take(struct dmk_free_tree *tree)
{
	struct dmk_free_run *run = tree->spare;

	tree->spare = run->left;
	tree->nr_spare--;
	return run;
}

static void spare_give(struct dmk_free_tree *tree, struct dmk_free_run *run)
{
	run->left = tree->spare;
	tree->spare = run;
	tree->nr_spare++;
}

bool dmk_free_tree_ready(struct dmk_free_tree *tree, uint64_t more, bool may_sleep)
{
	while (tree->nr_runs + tree->nr_spare < nodes_needed(tree->out + more)) {
		struct dmk_free_run *run = dmk_meta_alloc(sizeof(*run), may_sleep);

		if (!run)
			return false;
		spare_give(tree, run);
	}
	return true;
}

void dmk_free_tree_trim(struct dmk_free_tree *tree)
{
	const uint64_t kept = 2 * nodes_needed(tree->out) + SPARE_KEPT;

	for (int i = 0; i < TRIM_STEP && tree->nr_spare && tree->nr_runs + tree->nr_spare > kept;
	     i++)
		dmk_meta_free(spare_take(tree), sizeof(struct dmk_free_run));
}

/* --- one run ---------------------------------------------------------------------------------- */

/*
 * A run of 2^k and more has a block of 2^(k-1) wherever it begins, and one of 2^k if it begins
 * well.
 */
static unsigned int block_in(uint64_t first, uint64_t last)
{
	const unsigned int order = dmk_highest_bit(last - first + 1);
	const uint64_t rest = (1ULL << order) - 1, start = dmk_align_up(first, rest + 1);

	return start <= last && last - start >= rest ? order : order - 1;
}

static unsigned int most(const struct dmk_free_run *run)
{
	return run ? run->most : 0;
}

static void measure(struct dmk_free_run *run)
{
	unsigned int order = run->block;

	if (most(run->left) > order)
		order = most(run->left);
	if (most(run->right) > order)
		order = most(run->right);
	run->most = (uint8_t)order;
}

static void set_run(struct dmk_free_run *run, uint64_t first, uint64_t last)
{
	run->first = first;
	run->last = last;
	run->block = (uint8_t)block_in(first, last);
}

/* --- the tree --------------------------------------------------------------------------------- */

/* All of @run before @first to @low, the rest to @high. */
static void split(struct dmk_free_run *run, uint64_t first, struct dmk_free_run **low,
		  struct dmk_free_run **high)
{
	if (!run) {
		*low = *high = NULL;
	} else if (run->first < first) {
		split(run->right, first, &run->right, high);
		*low = run;
		measure(run);
	} else {
		split(run->left, first, low, &run->left);
		*high = run;
		measure(run);
	}
}

/* Every run of @low lies before every run of @high. */
static struct dmk_free_run *join(struct dmk_free_run *low, struct dmk_free_run *high)
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

/* @run, which is in the tree, has another size now. */
static void changed(struct dmk_free_run *at, const struct dmk_free_run *run)
{
	if (at != run)
		changed(run->first < at->first ? at->left : at->right, run);
	measure(at);
}

static struct dmk_free_run *inserted(struct dmk_free_run *at, struct dmk_free_run *run)
{
	if (!at || at->weight < run->weight) {
		split(at, run->first, &run->left, &run->right);
		at = run;
	} else if (run->first < at->first) {
		at->left = inserted(at->left, run);
	} else {
		at->right = inserted(at->right, run);
	}
	measure(at);
	return at;
}

static struct dmk_free_run *removed(struct dmk_free_run *at, const struct dmk_free_run *run)
{
	if (at == run)
		return join(at->left, at->right);
	if (run->first < at->first)
		at->left = removed(at->left, run);
	else
		at->right = removed(at->right, run);
	measure(at);
	return at;
}

/* xorshift32, Marsaglia, "Xorshift RNGs", 2003. */
static uint32_t next_weight(struct dmk_free_tree *tree)
{
	tree->random ^= tree->random << 13;
	tree->random ^= tree->random >> 17;
	tree->random ^= tree->random << 5;
	return tree->random;
}

static void insert(struct dmk_free_tree *tree, uint64_t first, uint64_t last)
{
	struct dmk_free_run *run = spare_take(tree);

	run->weight = next_weight(tree);
	set_run(run, first, last);
	tree->nr_runs++;
	tree->root = inserted(tree->root, run);
}

static void erase(struct dmk_free_tree *tree, struct dmk_free_run *run)
{
	tree->root = removed(tree->root, run);
	tree->nr_runs--;
	spare_give(tree, run);
}

static void resize(struct dmk_free_tree *tree, struct dmk_free_run *run, uint64_t first,
		   uint64_t last)
{
	set_run(run, first, last);
	changed(tree->root, run);
}

/* --- take ------------------------------------------------------------------------------------- */

/* The highest place in one run. */
static bool place_in(const struct dmk_free_run *run, const struct dmk_free_wish *wish,
		     uint64_t *first)
{
	const uint64_t last = run->last < wish->limit ? run->last : wish->limit;

	if (last < run->first || last - run->first < wish->n - 1)
		return false;
	*first = (last - (wish->n - 1)) & ~(wish->align - 1);
	return *first >= run->first;
}

/*
 * The highest run that has a place. For a power of two at a multiple of itself each run below the
 * limit that is entered has one: only what lies around the limit is looked at in vain. For other
 * sizes and alignments some more may be.
 */
static struct dmk_free_run *find(struct dmk_free_run *run, const struct dmk_free_wish *wish,
				 uint64_t *first)
{
	struct dmk_free_run *found;

	if (!run || run->most < wish->order)
		return NULL;
	if (run->first <= wish->limit) {
		found = find(run->right, wish, first);
		if (found)
			return found;
		if (place_in(run, wish, first))
			return run;
	}
	return find(run->left, wish, first);
}

/* Out of the run that holds it. Two pieces may be left of one. */
static void cut(struct dmk_free_tree *tree, struct dmk_free_run *run, uint64_t first, uint64_t last)
{
	const struct dmk_range whole = {run->first, run->last};

	if (whole.first == first && whole.last == last) {
		erase(tree, run);
	} else if (whole.first == first) {
		resize(tree, run, last + 1, whole.last);
	} else {
		resize(tree, run, whole.first, first - 1);
		if (whole.last > last)
			insert(tree, last + 1, whole.last);
	}
}

bool dmk_free_tree_take(struct dmk_free_tree *tree, const struct dmk_free_wish *wish,
			uint64_t pieces, uint64_t *first)
{
	struct dmk_free_run *run = find(tree->root, wish, first);

	if (!run)
		return false;
	cut(tree, run, *first, *first + (wish->n - 1));
	tree->out += pieces;
	return true;
}

/* --- give ------------------------------------------------------------------------------------- */

/* The runs on both sides of what is not in the tree. */
static void neighbours(const struct dmk_free_tree *tree, uint64_t first,
		       struct dmk_free_run **before, struct dmk_free_run **after)
{
	*before = *after = NULL;
	for (struct dmk_free_run *run = tree->root; run;) {
		if (run->first < first) {
			*before = run;
			run = run->right;
		} else {
			*after = run;
			run = run->left;
		}
	}
}

void dmk_free_tree_add(struct dmk_free_tree *tree, uint64_t first, uint64_t last)
{
	struct dmk_free_run *before, *after;
	uint64_t end = last;

	neighbours(tree, first, &before, &after);
	if (after && after->first == last + 1)
		end = after->last;
	if (before && before->last + 1 == first) {
		if (end != last)
			erase(tree, after);
		resize(tree, before, before->first, end);
	} else if (end != last) {
		resize(tree, after, first, end);
	} else {
		insert(tree, first, last);
	}
}

void dmk_free_tree_give(struct dmk_free_tree *tree, uint64_t first, uint64_t last)
{
	dmk_free_tree_add(tree, first, last);
	tree->out--;
}

/* --- reserve, count --------------------------------------------------------------------------- */

/* The lowest run that holds some of [@first, @last]. */
static struct dmk_free_run *run_at(struct dmk_free_run *run, uint64_t first, uint64_t last)
{
	struct dmk_free_run *found = NULL;

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

int dmk_free_tree_reserve(struct dmk_free_tree *tree, uint64_t first, uint64_t last)
{
	struct dmk_free_run *run;
	struct dmk_range part;

	while ((run = run_at(tree->root, first, last))) {
		if (!dmk_free_tree_ready(tree, 1, false))
			return -ENOMEM;
		dmk_range_common((struct dmk_range){run->first, run->last},
				 (struct dmk_range){first, last}, &part);
		cut(tree, run, part.first, part.last);
		tree->out++;
	}
	return 0;
}

bool dmk_free_tree_has_any(const struct dmk_free_tree *tree, uint64_t first, uint64_t last)
{
	return run_at(tree->root, first, last);
}

static uint64_t total(const struct dmk_free_run *run)
{
	return run ? total(run->left) + (run->last - run->first + 1) + total(run->right) : 0;
}

uint64_t dmk_free_tree_total(const struct dmk_free_tree *tree)
{
	return total(tree->root);
}

static void free_runs(struct dmk_free_run *run)
{
	if (!run)
		return;
	free_runs(run->left);
	free_runs(run->right);
	dmk_meta_free(run, sizeof(*run));
}

void dmk_free_tree_end(struct dmk_free_tree *tree)
{
	free_runs(tree->root);
	while (tree->spare)
		dmk_meta_free(spare_take(tree), sizeof(struct dmk_free_run));
}

/* --- what must hold --------------------------------------------------------------------------- */

struct walk {
	const struct dmk_free_run *before;
	uint64_t runs;
	const char *wrong;
};

static void say(struct walk *walk, bool holds, const char *what)
{
	if (!holds && !walk->wrong)
		walk->wrong = what;
}

static void walk_runs(struct walk *walk, const struct dmk_free_run *run)
{
	unsigned int order;

	if (!run || walk->wrong)
		return;
	walk_runs(walk, run->left);
	say(walk, run->first <= run->last, "a run ends before it begins");
	say(walk, !walk->before || walk->before->last + 1 < run->first,
	    "runs overlap, touch, or are not in order");
	say(walk, run->block == block_in(run->first, run->last), "a run's largest block is wrong");
	say(walk, !run->left || run->left->weight <= run->weight,
	    "a node is lighter than one below");
	say(walk, !run->right || run->right->weight <= run->weight,
	    "a node is lighter than one below");
	order = most(run->left) > most(run->right) ? most(run->left) : most(run->right);
	say(walk, run->most == (order > run->block ? order : run->block),
	    "the largest block below is wrong");
	walk->before = run;
	walk->runs++;
	walk_runs(walk, run->right);
}

const char *dmk_free_tree_wrong(const struct dmk_free_tree *tree)
{
	struct walk walk = {.before = NULL};
	uint64_t spare = 0;

	walk_runs(&walk, tree->root);
	for (const struct dmk_free_run *run = tree->spare; run; run = run->left)
		spare++;
	say(&walk, walk.runs == tree->nr_runs, "the number of runs is wrong");
	say(&walk, spare == tree->nr_spare, "the number of spare nodes is wrong");
	say(&walk, tree->nr_runs <= tree->out + 1, "there are more runs than ranges out make");
	say(&walk, tree->nr_runs + tree->nr_spare >= nodes_needed(tree->out),
	    "a node is missing for a range to be given back");
	return walk.wrong;
}
