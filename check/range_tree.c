/* SPDX-License-Identifier: MIT */
/* The treap behind ranges.h. Priorities are hashes of node addresses: no generator, no state. */
#include "range_tree.h"

#include "tables.h"

static uint64_t priority(const struct dmk_range *range)
{
	return dmk_hash((uintptr_t)range);
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
	if (dmk_range_before(root, at)) {
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
	if (priority(low) > priority(high)) {
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
	if (!root || priority(range) > priority(root)) {
		split(root, range, &range->left, &range->right);
		root = range;
	} else if (dmk_range_before(range, root)) {
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
	if (dmk_range_before(range, root))
		root->left = removed(root->left, range);
	else
		root->right = removed(root->right, range);
	update(root);
	return root;
}

void dmk_tree_insert(struct dmk_range **root, struct dmk_range *range)
{
	range->left = NULL;
	range->right = NULL;
	*root = insert(*root, range);
}

void dmk_tree_remove(struct dmk_range **root, struct dmk_range *range)
{
	*root = removed(*root, range);
}

struct dmk_range *dmk_tree_touching(struct dmk_range *node, uint64_t first, uint64_t last,
				    const struct dmk_range *after)
{
	struct dmk_range *found;

	if (!node || node->max_last < first)
		return NULL;
	if (after && !dmk_range_before(after, node))
		return dmk_tree_touching(node->right, first, last, after);
	found = dmk_tree_touching(node->left, first, last, after);
	if (found)
		return found;
	if (node->first > last)
		return NULL;
	if (node->last >= first)
		return node;
	return dmk_tree_touching(node->right, first, last, NULL);
}

struct dmk_range *dmk_tree_below(struct dmk_range *node, uint64_t address)
{
	struct dmk_range *best = NULL;

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

struct dmk_range *dmk_tree_above(struct dmk_range *node, uint64_t address)
{
	struct dmk_range *best = NULL;

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
