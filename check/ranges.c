/* SPDX-License-Identifier: MIT */
/*
 * The treap behind ranges.h. Its priorities are hashes of node addresses: no generator, no state.
 */
#include "ranges.h"

void dmk_range_set(struct dmk_range *range, uint64_t first, uint64_t size)
{
	uint64_t reach = size ? size - 1 : 0;

	range->first = first;
	range->last = reach > ~0ULL - first ? ~0ULL : first + reach;
}

static bool comes_before(const struct dmk_range *a, const struct dmk_range *b)
{
	if (a->first != b->first)
		return a->first < b->first;
	return (uintptr_t)a < (uintptr_t)b;
}

static void update(struct dmk_range *node)
{
	node->max_last = node->last;
	if (node->left && node->left->max_last > node->max_last)
		node->max_last = node->left->max_last;
	if (node->right && node->right->max_last > node->max_last)
		node->max_last = node->right->max_last;
}

/* Two trees out of one: what comes before @at, and the rest. */
static void split(struct dmk_range *root, const struct dmk_range *at, struct dmk_range **before,
		  struct dmk_range **rest)
{
	if (!root) {
		*before = NULL;
		*rest = NULL;
		return;
	}
	if (comes_before(root, at)) {
		split(root->right, at, &root->right, rest);
		*before = root;
	} else {
		split(root->left, at, before, &root->left);
		*rest = root;
	}
	update(root);
}

static struct dmk_range *join(struct dmk_range *low, struct dmk_range *high)
{
	struct dmk_range *root;

	if (!low)
		return high;
	if (!high)
		return low;
	if (low->priority > high->priority) {
		root = low;
		root->right = join(low->right, high);
	} else {
		root = high;
		root->left = join(low, high->left);
	}
	update(root);
	return root;
}

static struct dmk_range *insert(struct dmk_range *root, struct dmk_range *range)
{
	if (!root || range->priority > root->priority) {
		split(root, range, &range->left, &range->right);
		root = range;
	} else if (comes_before(range, root)) {
		root->left = insert(root->left, range);
	} else {
		root->right = insert(root->right, range);
	}
	update(root);
	return root;
}

static struct dmk_range *removed(struct dmk_range *root, struct dmk_range *range)
{
	if (root == range)
		return join(root->left, root->right);
	if (comes_before(range, root))
		root->left = removed(root->left, range);
	else
		root->right = removed(root->right, range);
	update(root);
	return root;
}

static uint64_t mixed(uint64_t value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdULL;
	value ^= value >> 33;
	value *= 0xc4ceb9fe1a85ec53ULL;
	return value ^ (value >> 33);
}

void dmk_ranges_insert(struct dmk_ranges *ranges, struct dmk_range *range)
{
	range->left = NULL;
	range->right = NULL;
	range->priority = mixed((uintptr_t)range);
	ranges->root = insert(ranges->root, range);
}

void dmk_ranges_remove(struct dmk_ranges *ranges, struct dmk_range *range)
{
	ranges->root = removed(ranges->root, range);
}

static struct dmk_range *lowest(struct dmk_range *node, uint64_t first, uint64_t last,
				const struct dmk_range *after)
{
	struct dmk_range *found;

	if (!node || node->max_last < first)
		return NULL;
	if (after && !comes_before(after, node))
		return lowest(node->right, first, last, after);
	found = lowest(node->left, first, last, after);
	if (found)
		return found;
	if (node->first > last)
		return NULL;
	if (node->last >= first)
		return node;
	return lowest(node->right, first, last, NULL);
}

struct dmk_range *dmk_ranges_touching(const struct dmk_ranges *ranges, uint64_t first,
				      uint64_t last, const struct dmk_range *after)
{
	return lowest(ranges->root, first, last, after);
}

struct dmk_range *dmk_ranges_below(const struct dmk_ranges *ranges, uint64_t address)
{
	struct dmk_range *node = ranges->root, *best = NULL;

	while (node) {
		if (node->first <= address) {
			best = node;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return best;
}

struct dmk_range *dmk_ranges_above(const struct dmk_ranges *ranges, uint64_t address)
{
	struct dmk_range *node = ranges->root, *best = NULL;

	while (node) {
		if (node->first > address) {
			best = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return best;
}
