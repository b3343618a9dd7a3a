/* SPDX-License-Identifier: MIT */
/*
 * Lists that anybody adds to without a lock, and whose whole is taken at once.
 */
#ifndef _LINUX_LLIST_H
#define _LINUX_LLIST_H

#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/stddef.h>
#include <linux/types.h>

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

#define LLIST_HEAD_INIT(name) { NULL }
#define LLIST_HEAD(name) struct llist_head name = LLIST_HEAD_INIT(name)

static inline void init_llist_head(struct llist_head *head)
{
	head->first = NULL;
}

#define llist_entry(node, type, member) container_of(node, type, member)

static inline bool llist_empty(const struct llist_head *head)
{
	return !__atomic_load_n(&head->first, __ATOMIC_RELAXED);
}

/**
 * llist_add_batch - @first to @last, linked already, before what is there. True: nothing was there.
 * Its release pairs with the acquire of llist_del_all().
 */
static inline bool llist_add_batch(struct llist_node *first, struct llist_node *last,
				   struct llist_head *head)
{
	struct llist_node *old = __atomic_load_n(&head->first, __ATOMIC_RELAXED);

	do
		last->next = old;
	while (!__atomic_compare_exchange_n(&head->first, &old, first, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
	return !old;
}

static inline bool llist_add(struct llist_node *node, struct llist_head *head)
{
	return llist_add_batch(node, node, head);
}

/** llist_del_all - the newest first; llist_reverse_order() turns it round */
static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	return __atomic_exchange_n(&head->first, NULL, __ATOMIC_ACQ_REL);
}

static inline struct llist_node *llist_reverse_order(struct llist_node *node)
{
	struct llist_node *turned = NULL;

	while (node) {
		struct llist_node *next = node->next;

		node->next = turned;
		turned = node;
		node = next;
	}
	return turned;
}

static inline struct llist_node *llist_next(struct llist_node *node)
{
	return node->next;
}

#define llist_for_each(at, node) for ((at) = (node); at; (at) = (at)->next)
#define llist_for_each_safe(at, n, node) \
	for ((at) = (node); (at) && ((n) = (at)->next, true); (at) = (n))
#define dmk_llist_entry_or_null(node, type, member)                              \
	({                                                                       \
		struct llist_node *dmk_node = (node);                            \
		dmk_node ? container_of(dmk_node, type, member) : (type *)NULL; \
	})
#define llist_for_each_entry(at, node, member)                                             \
	for ((at) = dmk_llist_entry_or_null((node), __typeof__(*(at)), member); at;        \
	     (at) = dmk_llist_entry_or_null((at)->member.next, __typeof__(*(at)), member))
#define llist_for_each_entry_safe(at, n, node, member)                                           \
	for ((at) = dmk_llist_entry_or_null((node), __typeof__(*(at)), member);                  \
	     (at) && ((n) = dmk_llist_entry_or_null((at)->member.next, __typeof__(*(n)), member), \
		      true);                                                                     \
	     (at) = (n))

#endif
