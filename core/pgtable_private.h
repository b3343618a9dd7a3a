/* SPDX-License-Identifier: MIT */
/*
 * A page table as pgtable.c, pgtable_nodes.c and pgtable_kept.c see it.
 *
 * Beside each table in RAM, which an IOMMU reads, stands a node in the core's own records, which no
 * device reaches: its address, how many of its entries are in use, the nodes below. Walks go over
 * nodes; tables are only written. A node once made stays as long as the whole, and what it is about
 * never changes, so that a walk needs no lock; its table comes with the first entry, and goes some
 * time after the last (IOM-05).
 *
 *	absent  --- dmk_node_up(): a table is made, linked from above --->  present
 *	present --- dmk_node_down(): empty, unlinked, forgotten       --->  absent
 *
 * Locks: a node's lock guards its table, its count and its entries. Who needs several takes them
 *         from the top down. A node is present
 * only while the one above it is, and then the entry above leads to it: both locks are held when
 * that changes. What two callers map and unmap at the same time is disjoint, so entries need no
 * more than the lock of their table.
 *
 * The cursor: for each of the last tables of level 0 that were used, by their number, the node. It
 * is nobody's and has no lock: a node says itself which table it is, so whoever reads an old one
 * sees that and walks from the root; and since nodes stay, an old one can be read.
 *
 * Order: an entry that leads to a table is stored with release, after the table's own entries (and
 * the clean of them, where the IOMMU doesn't see the CPU's caches); it pairs with the IOMMU's
 * dependent read. Entries that map are told to no IOMMU by their store: the driver tells its
 * device, later, and orders that itself.
 */
#ifndef DMK_CORE_PGTABLE_PRIVATE_H
#define DMK_CORE_PGTABLE_PRIVATE_H

#include "lock.h"
#include "pgtable_format.h"

enum {
	DMK_LEVELS_MOST = 6,
	DMK_CURSORS = 64, /* tables: of 2 MiB each, with granules of 4 KiB */
	DMK_PROTS = 64,   /* what DMK_PROT_ can be together */
	DMK_KEPT = 4,     /* empty tables in hand */
};

struct dmk_node {
	struct dmk_lock lock;
	unsigned int level;
	uint64_t number;          /* of its table among those of its level */
	unsigned int used;        /* entries */
	unsigned int fills;       /* how often some were filled */
	uint64_t *entry;          /* its entries, in the direct map; NULL: absent */
	dmk_phys phys;            /* of its table */
	struct dmk_node *below[]; /* level above 0 only; set once */
};

struct dmk_pgtable {
	const struct dmk_iommu *iommu;
	const struct dmk_table_ops *ops;
	unsigned int shift; /* of a granule */
	unsigned int bits;  /* of an index */
	unsigned int span;  /* shift of what a table of level 0 maps */
	unsigned int levels;
	bool blind;     /* the IOMMU doesn't see the CPU's caches */
	uint16_t id;    /* as the IOMMU knows it */
	uint64_t large; /* bytes of the smallest page that is not a granule; ~0: there is none */
	uint64_t first, last, gap; /* the marks in an entry */
	uint64_t address;          /* the bits of an entry that are its address */
	uint64_t leaf
		[2]
		[DMK_PROTS]; /* an entry without its address, at level 0 and above, by DMK_PROT_ */
	size_t pages;
	struct dmk_node *root;
	struct dmk_node *cursor[DMK_CURSORS];
	struct dmk_node *kept[DMK_KEPT]; /* pgtable_kept.c's, and all below */
	unsigned int seen[DMK_KEPT];
	struct dmk_pgtable *next_keeping;
	bool keeping;
	unsigned int round;
};

/** The nodes from the root to where an address is looked at. */
struct dmk_path {
	struct dmk_node *node[DMK_LEVELS_MOST]; /* by level */
	unsigned int top, bottom;
};

static inline unsigned int dmk_level_shift(const struct dmk_pgtable *table, unsigned int level)
{
	return table->shift + level * table->bits;
}

static inline unsigned int dmk_entries(const struct dmk_pgtable *table)
{
	return 1U << table->bits;
}

static inline unsigned int dmk_index_at(const struct dmk_pgtable *table, uint64_t iova,
					unsigned int level)
{
	return (unsigned int)(iova >> dmk_level_shift(table, level)) & (dmk_entries(table) - 1);
}

static inline uint64_t dmk_number_at(const struct dmk_pgtable *table, uint64_t iova,
				     unsigned int level)
{
	return iova >> dmk_level_shift(table, level + 1);
}

/** dmk_leaf_at - the entry for @iova in a table of level 0, which is present */
static inline uint64_t *dmk_leaf_at(const struct dmk_pgtable *table, const struct dmk_node *node,
				    uint64_t iova)
{
	return &node->entry[(iova >> table->shift) & (dmk_entries(table) - 1)];
}

static inline void dmk_set_entry(uint64_t *entry, uint64_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELAXED);
}

void dmk_clean_blind(const struct dmk_node *node, unsigned int first, unsigned int n);

/** dmk_clean_entries - where the IOMMU does not see what the CPU has in its caches */
static inline void dmk_clean_entries(const struct dmk_pgtable *table, const struct dmk_node *node,
				     unsigned int first, unsigned int n)
{
	if (__builtin_expect(table->blind, 0))
		dmk_clean_blind(node, first, n);
}

static inline struct dmk_node *dmk_node_below(const struct dmk_node *node, unsigned int index)
{
	/* Acquire: pairs with the release of who made it. */
	return __atomic_load_n(&node->below[index], __ATOMIC_ACQUIRE);
}

/** dmk_node_present - a look without the lock; with it, it stays so. */
static inline bool dmk_node_present(const struct dmk_node *node)
{
	return __atomic_load_n(&node->entry, __ATOMIC_RELAXED) != NULL;
}

/** dmk_node_used - a look without the lock */
static inline unsigned int dmk_node_used(const struct dmk_node *node)
{
	return __atomic_load_n(&node->used, __ATOMIC_RELAXED);
}

/** dmk_node_use - @n entries more, or less; with the lock. */
static inline void dmk_node_use(struct dmk_node *node, unsigned int n)
{
	__atomic_store_n(&node->used, node->used + n, __ATOMIC_RELAXED);
}

static inline void dmk_node_unuse(struct dmk_node *node, unsigned int n)
{
	__atomic_store_n(&node->used, node->used - n, __ATOMIC_RELAXED);
}

static inline void dmk_node_filled(struct dmk_node *node)
{
	__atomic_store_n(&node->fills, node->fills + 1, __ATOMIC_RELAXED);
}

/** dmk_node_links - whether the entry leads to a table; with the lock. */
static inline bool dmk_node_links(const struct dmk_node *node, unsigned int index)
{
	const struct dmk_node *below = node->level ? dmk_node_below(node, index) : NULL;

	return below && dmk_node_present(below);
}

/** dmk_node_near - the node of level 0 for @iova, if the cursor knows it */
static inline struct dmk_node *dmk_node_near(const struct dmk_pgtable *table, uint64_t iova)
{
	const uint64_t number = iova >> table->span;
	/*
	 * Acquire: pairs with the release in dmk_node_remember(): what the node is about was
	 * written before.
	 */
	struct dmk_node *node = __atomic_load_n(&table->cursor[number % DMK_CURSORS],
						__ATOMIC_ACQUIRE);

	return node && node->number == number ? node : NULL;
}

static inline void dmk_node_remember(struct dmk_pgtable *table, struct dmk_node *node)
{
	if (!node->level)
		__atomic_store_n(&table->cursor[node->number % DMK_CURSORS], node,
				 __ATOMIC_RELEASE);
}

/** dmk_path_make - down to @level, with nodes made on the way; false: no memory. */
bool dmk_path_make(struct dmk_pgtable *table, uint64_t iova, unsigned int level, bool may_sleep,
		   struct dmk_path *path);
/** dmk_path_find - down to where an entry of @iova is: the last table that is there */
void dmk_path_find(struct dmk_pgtable *table, uint64_t iova, struct dmk_path *path);
/** dmk_path_unlock - the opposite of dmk_node_up() */
void dmk_path_unlock(const struct dmk_path *path, const unsigned long flags[DMK_LEVELS_MOST]);

/**
 * dmk_node_up - make all tables of the path, and lock it
 * Return: 0; -ENOMEM, -EEXIST (a large page is in the way): nothing is locked, and nothing was
 *         made.
 */
int dmk_node_up(struct dmk_pgtable *table, uint64_t iova, const struct dmk_path *path,
		bool may_sleep, unsigned long flags[DMK_LEVELS_MOST]);
/**
 * dmk_node_down - unlink the table and those above it, as far as nothing is in them, and give them
 * back when the IOMMU forgot them
 */
void dmk_node_down(struct dmk_pgtable *table, const struct dmk_node *node);

struct dmk_node *dmk_node_root(struct dmk_pgtable *table);
void dmk_nodes_free(struct dmk_pgtable *table, struct dmk_node *node);

/** dmk_kept_add - the node's table was seen empty: it stays in hand for a while */
void dmk_kept_add(struct dmk_pgtable *table, struct dmk_node *node);
/** dmk_kept_end - the table's owner is about to free it. May wait. */
void dmk_kept_end(struct dmk_pgtable *table);

#endif
