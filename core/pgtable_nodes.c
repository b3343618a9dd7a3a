/* SPDX-License-Identifier: MIT */
/*
 * I/O page tables: which table is where, and how one comes and goes. What is in them is
 * pgtable.c's.
 */
#include <linux/errno.h>

#include "copy.h"
#include "pgtable_private.h"

static size_t table_size(const struct dmk_pgtable *table)
{
	return (size_t)1 << table->shift;
}

static size_t node_size(const struct dmk_pgtable *table, unsigned int level)
{
	return sizeof(struct dmk_node) +
	       (level ? dmk_entries(table) * sizeof(struct dmk_node *) : 0);
}

/* --- paths ------------------------------------------------------------------------------------ */

static struct dmk_node *node_make(struct dmk_pgtable *table, struct dmk_node *above,
				  unsigned int index, bool may_sleep)
{
	struct dmk_node *node = dmk_meta_alloc(node_size(table, above->level - 1), may_sleep);
	struct dmk_node *other = NULL;

	if (!node)
		return NULL;
	node->level = above->level - 1;
	node->number = above->number << table->bits | index;
	if (__atomic_compare_exchange_n(&above->below[index], &other, node, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return node;
	dmk_meta_free(node, node_size(table, node->level));
	return other;
}

static struct dmk_node *path_begin(struct dmk_pgtable *table, struct dmk_path *path)
{
	path->top = table->root->level;
	path->node[path->top] = table->root;
	return table->root;
}

bool dmk_path_make(struct dmk_pgtable *table, uint64_t iova, unsigned int level, bool may_sleep,
		   struct dmk_path *path)
{
	struct dmk_node *node = path_begin(table, path);

	path->bottom = level;
	while (node->level > level) {
		const unsigned int index = dmk_index_at(table, iova, node->level);
		struct dmk_node *below = dmk_node_below(node, index);

		node = below ? below : node_make(table, node, index, may_sleep);
		if (!node)
			return false;
		path->node[node->level] = node;
	}
	dmk_node_remember(table, node);
	return true;
}

void dmk_path_find(struct dmk_pgtable *table, uint64_t iova, struct dmk_path *path)
{
	struct dmk_node *node = path_begin(table, path);

	while (node->level) {
		struct dmk_node *below = dmk_node_below(node,
							dmk_index_at(table, iova, node->level));

		if (!below || !dmk_node_present(below))
			break;
		node = below;
		path->node[node->level] = node;
	}
	path->bottom = node->level;
	dmk_node_remember(table, node);
}

static void path_lock(const struct dmk_path *path, unsigned long flags[DMK_LEVELS_MOST])
{
	for (unsigned int level = path->top + 1; level-- > path->bottom;)
		flags[level] = dmk_lock_take(&path->node[level]->lock);
}

/* The last taken first, so that the interrupt mask ends as it began. */
void dmk_path_unlock(const struct dmk_path *path, const unsigned long flags[DMK_LEVELS_MOST])
{
	for (unsigned int level = path->bottom; level <= path->top; level++)
		dmk_lock_drop(&path->node[level]->lock, flags[level]);
}

static unsigned int absent_on(const struct dmk_path *path)
{
	unsigned int n = 0;

	for (unsigned int level = path->bottom; level <= path->top; level++)
		n += !dmk_node_present(path->node[level]);
	return n;
}

/* --- pages ------------------------------------------------------------------------------------ */

/** Tables in RAM that hang nowhere. */
struct pages {
	dmk_phys phys[DMK_LEVELS_MOST];
	unsigned int n;
};

static void pages_free(struct dmk_pgtable *table, struct pages *pages)
{
	while (pages->n) {
		dmk_core.os.ops->pages_free(dmk_core.os.ctx, pages->phys[--pages->n],
					    table_size(table));
		__atomic_fetch_sub(&table->pages, 1, __ATOMIC_RELAXED);
	}
}

static bool pages_add(struct dmk_pgtable *table, struct pages *pages, bool may_sleep)
{
	const struct dmk_os *os = &dmk_core.os;
	const uint64_t reach = table->iommu->phys_bits >= 64
				       ? ~0ULL
				       : (1ULL << table->iommu->phys_bits) - 1;
	const struct dmk_page_request request = {
		.size = table_size(table),
		.align = table_size(table),
		.last = DMK_PHYS(reach < dmk_layout.direct_last ? reach : dmk_layout.direct_last),
		.may_sleep = may_sleep,
	};
	dmk_phys *phys = &pages->phys[pages->n];

	if (os->ops->pages_alloc(os->ctx, &request, phys))
		return false;
	__builtin_memset(dmk_direct(*phys), 0, table_size(table));
	if (!table->iommu->coherent_walk)
		dmk_cache_clean(*phys, table_size(table));
	__atomic_fetch_add(&table->pages, 1, __ATOMIC_RELAXED);
	pages->n++;
	return true;
}

void dmk_clean_blind(const struct dmk_node *node, unsigned int first, unsigned int n)
{
	dmk_cache_clean(DMK_PHYS(node->phys.v + first * sizeof(uint64_t)), n * sizeof(uint64_t));
}

/* --- up --------------------------------------------------------------------------------------- */

static void give_table(struct dmk_node *node, struct pages *pages)
{
	node->phys = pages->phys[--pages->n];
	__atomic_store_n(&node->entry, (uint64_t *)dmk_direct(node->phys), __ATOMIC_RELAXED);
}

static void link_below(struct dmk_pgtable *table, uint64_t iova, struct dmk_node *above,
		       const struct dmk_node *below)
{
	const unsigned int index = dmk_index_at(table, iova, above->level);

	/* Release: pairs with the IOMMU's reads through it. */
	__atomic_store_n(&above->entry[index], table->ops->link(below->phys), __ATOMIC_RELEASE);
	dmk_clean_entries(table, above, index, 1);
	dmk_node_use(above, 1);
}

/*
 * Tables for the nodes that have none, linked from the lowest up, so that the IOMMU sees a whole
 * chain or none. All locks are held.
 * Return: -EEXIST: where the chain has to be linked to what is there, something is mapped.
 */
static int make_present(struct dmk_pgtable *table, uint64_t iova, const struct dmk_path *path,
			struct pages *pages)
{
	const struct dmk_node *lowest;
	unsigned int level = path->bottom;

	while (!dmk_node_present(path->node[level]))
		level++;
	lowest = path->node[level];
	if (level > path->bottom && lowest->entry[dmk_index_at(table, iova, level)])
		return -EEXIST;
	for (level = path->bottom; level < lowest->level; level++)
		give_table(path->node[level], pages);
	for (level = path->bottom; level < lowest->level; level++)
		link_below(table, iova, path->node[level + 1], path->node[level]);
	return 0;
}

int dmk_node_up(struct dmk_pgtable *table, uint64_t iova, const struct dmk_path *path,
		bool may_sleep, unsigned long flags[DMK_LEVELS_MOST])
{
	struct pages pages = {.n = 0};
	int result;

	for (;;) {
		while (pages.n < absent_on(path))
			if (!pages_add(table, &pages, may_sleep)) {
				pages_free(table, &pages);
				return -ENOMEM;
			}
		path_lock(path, flags);
		if (absent_on(path) <= pages.n)
			break;
		dmk_path_unlock(path, flags);
	}
	result = make_present(table, iova, path, &pages);
	if (result)
		dmk_path_unlock(path, flags);
	/* Others may have made some of them meanwhile. */
	pages_free(table, &pages);
	return result;
}

/* --- down ------------------------------------------------------------------------------------- */

static void unlink_below(struct dmk_pgtable *table, uint64_t iova, struct dmk_node *above,
			 struct dmk_node *below)
{
	const unsigned int index = dmk_index_at(table, iova, above->level);

	dmk_set_entry(&above->entry[index], 0);
	dmk_clean_entries(table, above, index, 1);
	dmk_node_unuse(above, 1);
	__atomic_store_n(&below->entry, NULL, __ATOMIC_RELAXED);
}

/*
 * The IOMMU has to forget that it ever saw them with the locks held: it may remember the way to the
 * old table, and what somebody mapped in a new one would not be found.
 */
void dmk_node_down(struct dmk_pgtable *table, const struct dmk_node *node)
{
	const struct dmk_iommu *iommu = table->iommu;
	const uint64_t iova = node->number << dmk_level_shift(table, node->level + 1);
	unsigned long flags[DMK_LEVELS_MOST];
	struct pages pages = {.n = 0};
	struct dmk_path path;
	unsigned int level;
	uint64_t first;

	dmk_path_find(table, iova, &path);
	path_lock(&path, flags);
	for (level = path.bottom; level < path.top; level++) {
		struct dmk_node *empty = path.node[level];

		if (!dmk_node_present(empty) || empty->used)
			break;
		unlink_below(table, iova, path.node[level + 1], empty);
		pages.phys[pages.n++] = empty->phys;
	}
	if (pages.n) {
		first = iova >> dmk_level_shift(table, level) << dmk_level_shift(table, level);
		iommu->ops->invalidate(iommu->ctx, table->id, first,
				       first + ((1ULL << dmk_level_shift(table, level)) - 1), true);
		iommu->ops->sync(iommu->ctx);
	}
	dmk_path_unlock(&path, flags);
	pages_free(table, &pages);
}

/* --- life ------------------------------------------------------------------------------------- */

struct dmk_node *dmk_node_root(struct dmk_pgtable *table)
{
	struct pages pages = {.n = 0};
	struct dmk_node *root = dmk_meta_alloc(node_size(table, table->levels - 1), true);

	if (!root)
		return NULL;
	root->level = table->levels - 1;
	if (!pages_add(table, &pages, true)) {
		dmk_meta_free(root, node_size(table, root->level));
		return NULL;
	}
	give_table(root, &pages);
	return root;
}

void dmk_nodes_free(struct dmk_pgtable *table, struct dmk_node *node)
{
	struct pages pages = {.phys = {node->phys}, .n = dmk_node_present(node) ? 1 : 0};

	for (unsigned int i = 0; node->level && i < dmk_entries(table); i++)
		if (node->below[i])
			dmk_nodes_free(table, node->below[i]);
	pages_free(table, &pages);
	dmk_meta_free(node, node_size(table, node->level));
}
