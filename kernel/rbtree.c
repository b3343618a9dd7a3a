// SPDX-License-Identifier: MIT
/*
 * Red-black trees, after Guibas and Sedgewick as Cormen, Leiserson, Rivest and Stein tell it
 * (Introduction to Algorithms, chapter 13): no red node has a red child, and each way down passes
 * as many black nodes. A missing child is black.
 *
 * Left and right are mirrors of each other: what is done on one side is said once, with the side as
 * an argument.
 */
#include <linux/rbtree.h>

enum side { LEFT, RIGHT };

static struct rb_node **child(struct rb_node *node, enum side side)
{
	return side == LEFT ? &node->rb_left : &node->rb_right;
}

static bool is_red(const struct rb_node *node)
{
	return node && !(node->__rb_parent_color & 1);
}

static void set_parent(struct rb_node *node, struct rb_node *parent)
{
	node->__rb_parent_color = (unsigned long)parent | (node->__rb_parent_color & 1);
}

static void set_red(struct rb_node *node, bool red)
{
	node->__rb_parent_color = (node->__rb_parent_color & ~1UL) | !red;
}

static enum side side_of(const struct rb_node *node, const struct rb_node *parent)
{
	return parent->rb_left == node ? LEFT : RIGHT;
}

/* Where the tree points to @node from: its parent, or the root. */
static struct rb_node **link_of(const struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent = rb_parent(node);

	return parent ? child(parent, side_of(node, parent)) : &root->rb_node;
}

/* @node goes down to @side, and its child on the other side comes up. */
static void rotate(struct rb_node *node, enum side side, struct rb_root *root)
{
	struct rb_node *up = *child(node, !side), *inner = *child(up, side);

	*link_of(node, root) = up;
	set_parent(up, rb_parent(node));
	*child(node, !side) = inner;
	if (inner)
		set_parent(inner, node);
	*child(up, side) = node;
	set_parent(node, up);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent;

	set_red(node, true);
	while (is_red(parent = rb_parent(node))) {
		struct rb_node *above = rb_parent(parent); /* a red node is not the root */
		enum side side = side_of(parent, above);
		struct rb_node *uncle = *child(above, !side);

		if (is_red(uncle)) {
			set_red(parent, false);
			set_red(uncle, false);
			set_red(above, true);
			node = above;
			continue;
		}
		if (side_of(node, parent) != side) {
			rotate(parent, side, root);
			parent = node;
		}
		set_red(parent, false);
		set_red(above, true);
		rotate(above, !side, root);
		break;
	}
	set_red(root->rb_node, false);
}

/* Ways through @node, which may be missing, have one black node too few. */
static void mend(struct rb_node *node, struct rb_node *parent, struct rb_root *root)
{
	while (node != root->rb_node && !is_red(node)) {
		enum side side = parent->rb_left == node ? LEFT : RIGHT;
		struct rb_node *sibling = *child(parent, !side);

		if (is_red(sibling)) {
			set_red(sibling, false);
			set_red(parent, true);
			rotate(parent, side, root);
			sibling = *child(parent, !side);
		}
		if (!is_red(sibling->rb_left) && !is_red(sibling->rb_right)) {
			set_red(sibling, true);
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (!is_red(*child(sibling, !side))) {
			set_red(*child(sibling, side), false);
			set_red(sibling, true);
			rotate(sibling, !side, root);
			sibling = *child(parent, !side);
		}
		set_red(sibling, is_red(parent));
		set_red(parent, false);
		set_red(*child(sibling, !side), false);
		rotate(parent, side, root);
		node = root->rb_node;
	}
	if (node)
		set_red(node, false);
}

void rb_replace_node(struct rb_node *victim, struct rb_node *new, struct rb_root *root)
{
	*link_of(victim, root) = new;
	*new = *victim;
	if (new->rb_left)
		set_parent(new->rb_left, new);
	if (new->rb_right)
		set_parent(new->rb_right, new);
}

/* Take out a node that has one child at most. */
static void unlink(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent = rb_parent(node);
	struct rb_node *below = node->rb_left ? node->rb_left : node->rb_right;

	*link_of(node, root) = below;
	if (below)
		set_parent(below, parent);
	if (!is_red(node))
		mend(below, parent, root);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *next;

	if (!node->rb_left || !node->rb_right) {
		unlink(node, root);
		return;
	}
	/* The next has no left child: it goes from its place, and then stands for the node. */
	next = rb_next(node);
	unlink(next, root);
	rb_replace_node(node, next, root);
}

/* --- walks ------------------------------------------------------------------------------------ */

static struct rb_node *end_of(struct rb_node *node, enum side side)
{
	while (node && *child(node, side))
		node = *child(node, side);
	return node;
}

static struct rb_node *neighbour(const struct rb_node *node, enum side side)
{
	struct rb_node *parent;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (*child((struct rb_node *)node, side))
		return end_of(*child((struct rb_node *)node, side), !side);
	while ((parent = rb_parent(node)) && side_of(node, parent) == side)
		node = parent;
	return parent;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return end_of(root->rb_node, LEFT);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return end_of(root->rb_node, RIGHT);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return neighbour(node, RIGHT);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return neighbour(node, LEFT);
}

/* The leaf that comes first below @node: left as far as it goes, else right. */
static struct rb_node *deepest(struct rb_node *node)
{
	while (node && (node->rb_left || node->rb_right))
		node = node->rb_left ? node->rb_left : node->rb_right;
	return node;
}

struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return deepest(root->rb_node);
}

struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	struct rb_node *parent = node ? rb_parent(node) : NULL;

	if (parent && side_of(node, parent) == LEFT && parent->rb_right)
		return deepest(parent->rb_right);
	return parent;
}
