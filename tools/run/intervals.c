/* SPDX-License-Identifier: MIT */
/* A treap of intervals: by first address, then age; each node knows the greatest end below it. */
#include "run/intervals.h"

#include <stddef.h>

static bool before(const struct dmk_interval *a, const struct dmk_interval *b)
{
	return a->first != b->first ? a->first < b->first : a->serial < b->serial;
}

static struct dmk_interval *settled(struct dmk_interval *node)
{
	node->max = node->last;
	if (node->left && node->left->max > node->max)
		node->max = node->left->max;
	if (node->right && node->right->max > node->max)
		node->max = node->right->max;
	return node;
}

static struct dmk_interval *join(struct dmk_interval *low, struct dmk_interval *high)
{
	if (!low || !high)
		return low ? low : high;
	if (low->weight >= high->weight) {
		low->right = join(low->right, high);
		return settled(low);
	}
	high->left = join(low, high->left);
	return settled(high);
}

/* What comes before @at into *low, the rest into *high. */
static void split(struct dmk_interval *tree, const struct dmk_interval *at,
		  struct dmk_interval **low, struct dmk_interval **high)
{
	if (!tree) {
		*low = *high = NULL;
	} else if (before(tree, at)) {
		split(tree->right, at, &tree->right, high);
		*low = settled(tree);
	} else {
		split(tree->left, at, low, &tree->left);
		*high = settled(tree);
	}
}

/* Any spread will do: the serial number's bits, stirred. */
static uint32_t weight_of(uint64_t serial)
{
	serial = (serial ^ (serial >> 31)) * 0x9e3779b97f4a7c15ULL;
	return (uint32_t)(serial >> 32);
}

void dmk_intervals_add(struct dmk_interval **root, struct dmk_interval *node)
{
	struct dmk_interval *low, *high;

	node->left = node->right = NULL;
	node->weight = weight_of(node->serial);
	split(*root, node, &low, &high);
	*root = join(join(low, settled(node)), high);
}

static struct dmk_interval *without(struct dmk_interval *tree, const struct dmk_interval *node)
{
	if (!tree)
		return NULL;
	if (tree == node)
		return join(tree->left, tree->right);
	if (before(node, tree))
		tree->left = without(tree->left, node);
	else
		tree->right = without(tree->right, node);
	return settled(tree);
}

void dmk_intervals_remove(struct dmk_interval **root, struct dmk_interval *node)
{
	*root = without(*root, node);
}

struct dmk_interval *dmk_intervals_find(struct dmk_interval *root, uint64_t address,
					bool (*wanted)(const void *owner, const void *ctx),
					const void *ctx)
{
	struct dmk_interval *found, *other = NULL;

	if (!root || root->max < address)
		return NULL;
	found = dmk_intervals_find(root->left, address, wanted, ctx);
	if (root->first <= address && root->last >= address &&
	    (!wanted || wanted(root->owner, ctx)) && (!found || root->serial > found->serial))
		found = root;
	if (root->first <= address)
		other = dmk_intervals_find(root->right, address, wanted, ctx);
	return other && (!found || other->serial > found->serial) ? other : found;
}

struct dmk_interval *dmk_intervals_inside(struct dmk_interval *root, uint64_t first, uint64_t last,
					  bool (*wanted)(const void *owner, const void *ctx),
					  const void *ctx)
{
	struct dmk_interval *found;

	if (!root || root->max < first)
		return NULL;
	if (root->first >= first) {
		found = dmk_intervals_inside(root->left, first, last, wanted, ctx);
		if (found)
			return found;
		if (root->last <= last && (!wanted || wanted(root->owner, ctx)))
			return root;
	}
	return root->first > last ? NULL
				  : dmk_intervals_inside(root->right, first, last, wanted, ctx);
}
