/* SPDX-License-Identifier: MIT */
/*
 * Red-black trees: ordered by who uses them. A node sits in the user's struct; the user walks to
 * its place, links it there, and has the tree balanced. Nothing is allocated and nothing is locked.
 */
#ifndef _LINUX_RBTREE_H
#define _LINUX_RBTREE_H

#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/stddef.h>
#include <linux/types.h>

/** @__rb_parent_color: the parent's address and, in bit 0, the colour: 1 is black */
struct rb_node {
	unsigned long __rb_parent_color;
	struct rb_node *rb_right;
	struct rb_node *rb_left;
} __attribute__((aligned(sizeof(long))));

struct rb_root {
	struct rb_node *rb_node;
};

/** A tree that knows its first node. */
struct rb_root_cached {
	struct rb_root rb_root;
	struct rb_node *rb_leftmost;
};

#define RB_ROOT ((struct rb_root){ NULL })
#define RB_ROOT_CACHED ((struct rb_root_cached){ { NULL }, NULL })

#define rb_parent(node) ((struct rb_node *)((node)->__rb_parent_color & ~3UL))
#define rb_entry(node, type, member) container_of(node, type, member)
#define rb_entry_safe(node, type, member)                                        \
	({                                                                       \
		__auto_type dmk_node = (node);                                   \
		dmk_node ? container_of(dmk_node, type, member) : (type *)NULL; \
	})

#define RB_EMPTY_ROOT(root) (!(root)->rb_node)
/* A node that is in no tree, once RB_CLEAR_NODE() said so. */
#define RB_EMPTY_NODE(node) ((node)->__rb_parent_color == (unsigned long)(node))
#define RB_CLEAR_NODE(node) ((node)->__rb_parent_color = (unsigned long)(node))

/** rb_insert_color - balance the tree after rb_link_node() */
void rb_insert_color(struct rb_node *node, struct rb_root *root) DMK_SYM(rb_insert_color);
void rb_erase(struct rb_node *node, struct rb_root *root) DMK_SYM(rb_erase);
/** rb_replace_node - @new takes the place of @victim, whose key it has */
void rb_replace_node(struct rb_node *victim, struct rb_node *new, struct rb_root *root)
	DMK_SYM(rb_replace_node);
/** In order. NULL: there is none. */
struct rb_node *rb_first(const struct rb_root *root) DMK_SYM(rb_first);
struct rb_node *rb_last(const struct rb_root *root) DMK_SYM(rb_last);
struct rb_node *rb_next(const struct rb_node *node) DMK_SYM(rb_next);
struct rb_node *rb_prev(const struct rb_node *node) DMK_SYM(rb_prev);
/** Children before their parents: for who frees all. */
struct rb_node *rb_first_postorder(const struct rb_root *root) DMK_SYM(rb_first_postorder);
struct rb_node *rb_next_postorder(const struct rb_node *node) DMK_SYM(rb_next_postorder);

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	node->__rb_parent_color = (unsigned long)parent;
	node->rb_left = node->rb_right = NULL;
	*link = node;
}

#define rb_first_cached(root) ((root)->rb_leftmost)

static inline void rb_insert_color_cached(struct rb_node *node, struct rb_root_cached *root,
					  bool leftmost)
{
	if (leftmost)
		root->rb_leftmost = node;
	rb_insert_color(node, &root->rb_root);
}

static inline void rb_erase_cached(struct rb_node *node, struct rb_root_cached *root)
{
	if (root->rb_leftmost == node)
		root->rb_leftmost = rb_next(node);
	rb_erase(node, &root->rb_root);
}

/** rb_add - insert, behind what is equal. @less: whether the first stands before the second */
static inline void rb_add(struct rb_node *node, struct rb_root *root,
			  bool (*less)(struct rb_node *a, const struct rb_node *b))
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = less(node, parent) ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(node, parent, link);
	rb_insert_color(node, root);
}

/** rb_find - a node for which @compare says 0. NULL: none */
static inline struct rb_node *rb_find(const void *key, const struct rb_root *root,
				      int (*compare)(const void *key, const struct rb_node *node))
{
	struct rb_node *node = root->rb_node;

	while (node) {
		int order = compare(key, node);

		if (!order)
			return node;
		node = order < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

#define rbtree_postorder_for_each_entry_safe(at, n, root, field)                                \
	for (at = rb_entry_safe(rb_first_postorder(root), __typeof__(*at), field);              \
	     at && ({                                                                           \
		     n = rb_entry_safe(rb_next_postorder(&at->field), __typeof__(*at), field);  \
		     1;                                                                         \
	     });                                                                                \
	     at = n)

#endif
