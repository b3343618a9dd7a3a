/* SPDX-License-Identifier: MIT */
/*
 * Hash tables of a fixed size: an array of hlist_head with a power of two of slots. The caller
 * locks.
 */
#ifndef _LINUX_HASHTABLE_H
#define _LINUX_HASHTABLE_H

#include <linux/array_size.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/log2.h>

#define DECLARE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)]
#define DEFINE_HASHTABLE(name, bits)                                                               \
	struct hlist_head name[1 << (bits)] = { [0 ...((1 << (bits)) - 1)] = HLIST_HEAD_INIT }

#define HASH_SIZE(table) ARRAY_SIZE(table)
#define HASH_BITS(table) ilog2(HASH_SIZE(table))

/* Of a key of 4 bytes or less, or of 8. */
#define hash_min(value, bits) \
	(sizeof(value) <= 4 ? hash_32((u32)(value), bits) : hash_64((u64)(value), bits))

static inline void dmk_hash_init(struct hlist_head *table, unsigned int slots)
{
	while (slots--)
		INIT_HLIST_HEAD(&table[slots]);
}

static inline bool dmk_hash_empty(struct hlist_head *table, unsigned int slots)
{
	while (slots--)
		if (!hlist_empty(&table[slots]))
			return false;
	return true;
}

#define hash_init(table) dmk_hash_init(table, HASH_SIZE(table))
#define hash_empty(table) dmk_hash_empty(table, HASH_SIZE(table))
#define hash_add(table, node, key) hlist_add_head(node, &(table)[hash_min(key, HASH_BITS(table))])

static inline bool hash_hashed(struct hlist_node *node)
{
	return !hlist_unhashed(node);
}

static inline void hash_del(struct hlist_node *node)
{
	hlist_del_init(node);
}

#define hash_for_each(table, slot, entry, member)                                                  \
	for ((slot) = 0; (slot) < HASH_SIZE(table); (slot)++)                                      \
		hlist_for_each_entry(entry, &(table)[slot], member)
#define hash_for_each_safe(table, slot, next, entry, member)                                       \
	for ((slot) = 0; (slot) < HASH_SIZE(table); (slot)++)                                      \
		hlist_for_each_entry_safe(entry, next, &(table)[slot], member)
/* All that share @key's slot: compare the keys. */
#define hash_for_each_possible(table, entry, member, key)                                          \
	hlist_for_each_entry(entry, &(table)[hash_min(key, HASH_BITS(table))], member)
#define hash_for_each_possible_safe(table, entry, next, member, key)                               \
	hlist_for_each_entry_safe(entry, next, &(table)[hash_min(key, HASH_BITS(table))], member)

#endif
