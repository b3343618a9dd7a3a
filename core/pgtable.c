/* SPDX-License-Identifier: MIT */
/*
 * I/O page tables: which table is where, what is in it, when it goes.
 *
 * Beside each table in RAM, which an IOMMU reads, stands a node in the core's own records, which no device reaches: its address, how
 * many of its entries are in use, the nodes below. Walks go over nodes; tables are only written. A node once made stays as long as
 * the whole, so that a walk needs no lock; its table comes with the first entry and goes with the last (IOM-05).
 *
 *	absent  --- table_up(): a table is made, linked from above --->  present
 *	present --- table_down(): empty, unlinked, forgotten       --->  absent
 *
 * Locks: a node's lock guards its table, its count and its entries. Who needs several takes them from the top down. A node is present
 * only while the one above it is, and then the entry above leads to it: both locks are held when that changes. What two callers map and
 * unmap at the same time is disjoint, so entries need no more than the lock of their table.
 *
 * Order: an entry that leads to a table is stored with release, after the table's own entries (and the clean of them, where the IOMMU
 * doesn't see the CPU's caches); it pairs with the IOMMU's dependent read.
 */
#include <linux/errno.h>

#include "copy.h"
#include "lock.h"
#include "pgtable_format.h"

enum { LEVELS_MOST = 6 };

/** A table in RAM; on a list when it was emptied. */
struct table {
	struct table *next;
	dmk_phys phys;
};

struct node {
	struct dmk_lock lock;
	unsigned int level;
	unsigned int used;    /* entries */
	struct table *table;  /* NULL: absent */
	uint64_t *entry;      /* its entries, in the direct map */
	struct node *below[]; /* level above 0 only; set once */
};

struct dmk_pgtable {
	const struct dmk_iommu *iommu;
	const struct dmk_table_ops *ops;
	unsigned int shift; /* of a granule */
	unsigned int bits;  /* of an index */
	unsigned int levels;
	uint16_t id; /* as the IOMMU knows it */
	size_t pages;
	struct node *root;
};

/** The nodes from the root to where an address is looked at. */
struct path {
	struct node *node[LEVELS_MOST]; /* by level */
	unsigned int top, bottom;
};

/* --- geometry ----------------------------------------------------------------------------------------------------- */

static unsigned int level_shift(const struct dmk_pgtable *table, unsigned int level)
{
	return table->shift + level * table->bits;
}

static unsigned int index_at(const struct dmk_pgtable *table, uint64_t iova, unsigned int level)
{
	return (unsigned int)(iova >> level_shift(table, level)) & ((1U << table->bits) - 1);
}

static unsigned int entries(const struct dmk_pgtable *table)
{
	return 1U << table->bits;
}

static size_t table_size(const struct dmk_pgtable *table)
{
	return (size_t)1 << table->shift;
}

/* --- nodes -------------------------------------------------------------------------------------------------------- */

static size_t node_size(const struct dmk_pgtable *table, unsigned int level)
{
	return sizeof(struct node) + (level ? entries(table) * sizeof(struct node *) : 0);
}

/* With its lock held. */
static void use(struct node *node, int entries_more)
{
	__atomic_store_n(&node->used, node->used + (unsigned int)entries_more, __ATOMIC_RELAXED);
}

static struct node *node_below(struct node *node, unsigned int index)
{
	/* Acquire: pairs with the release of who made it. */
	return __atomic_load_n(&node->below[index], __ATOMIC_ACQUIRE);
}

static struct node *node_make(struct dmk_pgtable *table, struct node *above, unsigned int index,
			      bool may_sleep)
{
	struct node *node = dmk_meta_alloc(node_size(table, above->level - 1), may_sleep);
	struct node *other = NULL;

	if (!node)
		return NULL;
	node->level = above->level - 1;
	if (__atomic_compare_exchange_n(&above->below[index], &other, node, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return node;
	dmk_meta_free(node, node_size(table, node->level));
	return other;
}

/* Down to @level, with nodes made on the way. */
static bool path_make(struct dmk_pgtable *table, uint64_t iova, unsigned int level, bool may_sleep,
		      struct path *path)
{
	struct node *node = table->root;

	path->top = node->level;
	path->bottom = level;
	path->node[path->top] = node;
	while (node->level > level) {
		const unsigned int index = index_at(table, iova, node->level);
		struct node *below = node_below(node, index);

		if (!below)
			below = node_make(table, node, index, may_sleep);
		if (!below)
			return false;
		node = below;
		path->node[node->level] = node;
	}
	return true;
}

static bool present(const struct node *node)
{
	return __atomic_load_n(&node->table, __ATOMIC_RELAXED) != NULL;
}

/* Down to where an entry of @iova is: the last table that is there. */
static void path_find(const struct dmk_pgtable *table, uint64_t iova, struct path *path)
{
	struct node *node = table->root;

	path->top = node->level;
	path->node[path->top] = node;
	while (node->level) {
		struct node *below = node_below(node, index_at(table, iova, node->level));

		if (!below || !present(below))
			break;
		node = below;
		path->node[node->level] = node;
	}
	path->bottom = node->level;
}

static void path_lock(const struct path *path, unsigned long flags[LEVELS_MOST])
{
	for (unsigned int level = path->top + 1; level-- > path->bottom;)
		flags[level] = dmk_lock_take(&path->node[level]->lock);
}

/* The last taken first, so that the interrupt mask ends as it began. */
static void path_unlock(const struct path *path, const unsigned long flags[LEVELS_MOST])
{
	for (unsigned int level = path->bottom; level <= path->top; level++)
		dmk_lock_drop(&path->node[level]->lock, flags[level]);
}

/* --- tables in RAM --------------------------------------------------------------------------------------------------- */

static void table_free(struct dmk_pgtable *table, struct table *page)
{
	dmk_core.os.ops->pages_free(dmk_core.os.ctx, page->phys, table_size(table));
	dmk_meta_free(page, sizeof(*page));
	__atomic_fetch_sub(&table->pages, 1, __ATOMIC_RELAXED);
}

static struct table *table_alloc(struct dmk_pgtable *table, bool may_sleep)
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
	struct table *page = dmk_meta_alloc(sizeof(*page), may_sleep);

	if (!page)
		return NULL;
	if (os->ops->pages_alloc(os->ctx, &request, &page->phys)) {
		dmk_meta_free(page, sizeof(*page));
		return NULL;
	}
	__builtin_memset(dmk_direct(page->phys), 0, table_size(table));
	if (!table->iommu->coherent_walk)
		dmk_cache_clean(page->phys, table_size(table));
	__atomic_fetch_add(&table->pages, 1, __ATOMIC_RELAXED);
	return page;
}

static void clean(const struct dmk_pgtable *table, const struct node *node, unsigned int first,
		  unsigned int n)
{
	if (!table->iommu->coherent_walk)
		dmk_cache_clean(DMK_PHYS(node->table->phys.v + first * sizeof(uint64_t)),
				n * sizeof(uint64_t));
}

static void set_entry(uint64_t *entry, uint64_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static unsigned int absent_on(const struct path *path)
{
	unsigned int n = 0;

	for (unsigned int level = path->bottom; level <= path->top; level++)
		n += !present(path->node[level]);
	return n;
}

static void put_back(struct dmk_pgtable *table, struct table *pages)
{
	while (pages) {
		struct table *next = pages->next;

		table_free(table, pages);
		pages = next;
	}
}

/* Links the tables that are missing, the topmost link last, so that the IOMMU sees a whole chain or none. All locks are held. */
static void link_missing(struct dmk_pgtable *table, uint64_t iova, const struct path *path,
			 struct table **pages)
{
	for (unsigned int level = path->bottom; !path->node[level]->table; level++) {
		struct node *node = path->node[level];
		struct table *page = *pages;

		*pages = page->next;
		page->next = NULL;
		node->entry = (uint64_t *)dmk_direct(page->phys);
		use(node, (level > path->bottom) - (int)node->used);
		__atomic_store_n(&node->table, page, __ATOMIC_RELAXED);
	}
	for (unsigned int level = path->bottom; level < path->top; level++) {
		struct node *above = path->node[level + 1];
		const unsigned int index = index_at(table, iova, level + 1);

		if (above->entry[index])
			break;
		set_entry(&above->entry[index], table->ops->link(path->node[level]->table->phys));
		clean(table, above, index, 1);
	}
}

/* The lowest table that was there before: the one that gets a new link. */
static struct node *lowest_present(const struct path *path)
{
	unsigned int level = path->bottom;

	while (!path->node[level]->table)
		level++;
	return path->node[level];
}

/*
 * Makes all tables of the path, and holds the lowest: one more of its entries counts as used, until let_go().
 * Return: 0, -ENOMEM, -EEXIST: a large page is in the way.
 */
static int table_up(struct dmk_pgtable *table, uint64_t iova, const struct path *path,
		    bool may_sleep)
{
	unsigned long flags[LEVELS_MOST];
	struct table *pages = NULL, *page;
	struct node *lowest;
	unsigned int have = 0;
	int result = 0;

	for (;;) {
		for (; have < absent_on(path); have++) {
			page = table_alloc(table, may_sleep);
			if (!page) {
				put_back(table, pages);
				return -ENOMEM;
			}
			page->next = pages;
			pages = page;
		}
		path_lock(path, flags);
		if (absent_on(path) <= have)
			break;
		path_unlock(path, flags);
	}
	lowest = lowest_present(path);
	if (lowest->level > path->bottom) {
		if (lowest->entry[index_at(table, iova, lowest->level)]) {
			result = -EEXIST;
		} else {
			use(lowest, 1);
			link_missing(table, iova, path, &pages);
		}
	}
	if (!result)
		use(path->node[path->bottom], 1);
	path_unlock(path, flags);
	put_back(table, pages);
	return result;
}

/*
 * Unlinks the lowest table of the path and those above it, as far as nothing is in them, and has the IOMMU forget that it ever saw them:
 * with the locks held, because it may remember the way to the old table, and what somebody mapped in a new one would not be found.
 */
static void table_down(struct dmk_pgtable *table, uint64_t iova, const struct path *path)
{
	const struct dmk_iommu *iommu = table->iommu;
	unsigned long flags[LEVELS_MOST];
	struct table *pages = NULL;
	unsigned int level;
	uint64_t first;

	path_lock(path, flags);
	for (level = path->bottom; level < path->top; level++) {
		struct node *node = path->node[level], *above = path->node[level + 1];
		struct table *page = node->table;
		const unsigned int index = index_at(table, iova, level + 1);

		if (!page || node->used)
			break;
		set_entry(&above->entry[index], 0);
		clean(table, above, index, 1);
		use(above, -1);
		node->entry = NULL;
		__atomic_store_n(&node->table, NULL, __ATOMIC_RELAXED);
		page->next = pages;
		pages = page;
	}
	if (pages) {
		first = iova >> level_shift(table, level) << level_shift(table, level);
		iommu->ops->invalidate(iommu->ctx, table->id, first,
				       first + ((1ULL << level_shift(table, level)) - 1), true);
		iommu->ops->sync(iommu->ctx);
	}
	path_unlock(path, flags);
	put_back(table, pages);
}

/* --- map ------------------------------------------------------------------------------------------------------------ */

/** What is left to map. */
struct run {
	uint64_t iova, phys, size;
	unsigned int prot;
	bool at_start; /* nothing of it is mapped yet */
};

/* The largest page that fits here: aligned on both sides, and no longer than what is left. */
static unsigned int level_for(const struct dmk_pgtable *table, const struct run *run)
{
	unsigned int level = table->levels - 1;

	while (level) {
		const uint64_t size = 1ULL << level_shift(table, level);

		if (table->iommu->page_sizes & size && !((run->iova | run->phys) & (size - 1)) &&
		    run->size >= size)
			break;
		level--;
	}
	return level;
}

static bool all_empty(const uint64_t *entry, unsigned int n)
{
	while (n--)
		if (*entry++)
			return false;
	return true;
}

/* The marks are on the first and the last entry of the whole run. */
static unsigned int prot_of(const struct run *run, bool first, bool last)
{
	unsigned int prot = run->prot;

	if (!first || !run->at_start)
		prot &= ~(unsigned int)DMK_PROT_FIRST;
	return last ? prot : prot & ~(unsigned int)(DMK_PROT_LAST | DMK_PROT_GAP);
}

/* As many entries of one table as the run fills. Return: how many, or -EEXIST. The table is there, and locked. */
static int fill_entries(struct dmk_pgtable *table, struct node *node, const struct run *run)
{
	const unsigned int shift = level_shift(table, node->level);
	const unsigned int index = index_at(table, run->iova, node->level);
	const uint64_t left = run->size >> shift;
	const unsigned int room = entries(table) - index,
			   n = left < room ? (unsigned int)left : room;
	uint64_t phys = run->phys;

	if (!all_empty(&node->entry[index], n))
		return -EEXIST;
	for (unsigned int i = 0; i < n; i++, phys += 1ULL << shift)
		set_entry(&node->entry[index + i],
			  table->ops->leaf(DMK_PHYS(phys), node->level,
					   prot_of(run, i == 0,
						   (uint64_t)(i + 1) << shift == run->size)));
	use(node, (int)n);
	clean(table, node, index, n);
	return (int)n;
}

static int map_entries(struct dmk_pgtable *table, const struct run *run, bool may_sleep)
{
	const unsigned int level = level_for(table, run);
	struct path path;
	struct node *node;
	unsigned long flags;
	bool empty;
	int n;

	if (!path_make(table, run->iova, level, may_sleep, &path))
		return -ENOMEM;
	node = path.node[level];
	flags = dmk_lock_take(&node->lock);
	if (node->table) {
		n = fill_entries(table, node, run);
		dmk_lock_drop(&node->lock, flags);
		return n;
	}
	dmk_lock_drop(&node->lock, flags);
	n = table_up(table, run->iova, &path, may_sleep);
	if (n)
		return n;
	flags = dmk_lock_take(&node->lock);
	n = fill_entries(table, node, run);
	use(node, -1);
	empty = !node->used;
	dmk_lock_drop(&node->lock, flags);
	/* It was somebody else's after all, and has gone since. */
	if (empty)
		table_down(table, run->iova, &path);
	return n;
}

int dmk_pgtable_map(struct dmk_pgtable *table, uint64_t iova, dmk_phys phys, uint64_t size,
		    unsigned int prot, bool may_sleep)
{
	struct run run = {
		.iova = iova, .phys = phys.v, .size = size, .prot = prot, .at_start = true};
	int n;

	while (run.size) {
		n = map_entries(table, &run, may_sleep);
		if (n < 0)
			goto unmap;
		/* The level is that of the run before it moved on. */
		const uint64_t done = (uint64_t)n << level_shift(table, level_for(table, &run));

		run.iova += done;
		run.phys += done;
		run.size -= done;
		run.at_start = false;
	}
	return 0;

unmap:
	/* Nobody knew of these addresses: no IOMMU has looked at them but by mistake, and what it saw was right. */
	dmk_pgtable_unmap(table, iova, run.iova - iova);
	dmk_pgtable_prune(table, iova, size);
	return n;
}

/* --- unmap ----------------------------------------------------------------------------------------------------------- */

/* Clears what is mapped of [@iova, + @size) in one table; @done: bytes looked at. Return: bytes that were mapped. */
static uint64_t clear_entries(struct dmk_pgtable *table, struct node *node, uint64_t iova,
			      uint64_t size, uint64_t *done)
{
	const unsigned int shift = level_shift(table, node->level);
	const unsigned int first = index_at(table, iova, node->level);
	unsigned int index = first, cleared = 0;
	const uint64_t part = iova & ((1ULL << shift) - 1);

	*done = 0;
	/* Part of a large page is not taken from it. */
	if (part || size < 1ULL << shift) {
		*done = (1ULL << shift) - part;
		return 0;
	}
	for (; index < entries(table) && size - *done >= 1ULL << shift;
	     index++, *done += 1ULL << shift) {
		if (node->level && node_below(node, index) && present(node_below(node, index)))
			break;
		cleared += node->entry[index] != 0;
		set_entry(&node->entry[index], 0);
	}
	use(node, -(int)cleared);
	clean(table, node, first, index - first ? index - first : 1);
	return (uint64_t)cleared << shift;
}

static uint64_t unmap_entries(struct dmk_pgtable *table, uint64_t iova, uint64_t size,
			      uint64_t *done)
{
	struct path path;
	struct node *node;
	unsigned long flags;
	uint64_t unmapped = 0;

	for (;;) {
		path_find(table, iova, &path);
		node = path.node[path.bottom];
		flags = dmk_lock_take(&node->lock);
		if (node->table)
			break;
		/* It went between the look and the lock: nothing of ours was in it. */
		dmk_lock_drop(&node->lock, flags);
	}
	unmapped = clear_entries(table, node, iova, size, done);
	dmk_lock_drop(&node->lock, flags);
	return unmapped;
}

uint64_t dmk_pgtable_unmap(struct dmk_pgtable *table, uint64_t iova, uint64_t size)
{
	uint64_t unmapped = 0, done;

	while (size) {
		unmapped += unmap_entries(table, iova, size, &done);
		if (done >= size)
			break;
		iova += done;
		size -= done;
	}
	return unmapped;
}

void dmk_pgtable_prune(struct dmk_pgtable *table, uint64_t iova, uint64_t size)
{
	struct path path;
	uint64_t span;

	while (size) {
		path_find(table, iova, &path);
		/* A look without the lock: who fills or empties it meanwhile sees to it himself. */
		if (path.bottom < path.top &&
		    !__atomic_load_n(&path.node[path.bottom]->used, __ATOMIC_RELAXED))
			table_down(table, iova, &path);
		/* On to the next table of the last level, or past an entry above that leads to none. */
		span = 1ULL << level_shift(table, path.bottom ? path.bottom : 1);
		span -= iova & (span - 1);
		if (span >= size)
			break;
		iova += span;
		size -= span;
	}
}

/* --- look ------------------------------------------------------------------------------------------------------------- */

bool dmk_pgtable_walk(struct dmk_pgtable *table, uint64_t iova, dmk_phys *phys, unsigned int *prot,
		      uint64_t *page_size)
{
	struct path path;
	struct node *node;
	unsigned long flags;
	uint64_t entry;

	if (iova >> level_shift(table, table->levels))
		return false;
	path_find(table, iova, &path);
	node = path.node[path.bottom];
	*page_size = 1ULL << level_shift(table, node->level);
	flags = dmk_lock_take(&node->lock);
	entry = node->table ? node->entry[index_at(table, iova, node->level)] : 0;
	dmk_lock_drop(&node->lock, flags);
	if (!entry)
		return false;
	*phys = DMK_PHYS(table->ops->leaf_phys(entry).v + (iova & (*page_size - 1)));
	*prot = table->ops->leaf_prot(entry);
	return true;
}

/* To the end of what is mapped in one table from @iova on, or to the entry that is marked. Return: bytes; 0: there is a hole. */
static uint64_t extent_here(struct dmk_pgtable *table, uint64_t iova, bool first, bool *ended,
			    bool *gap)
{
	struct path path;
	struct node *node;
	unsigned long flags;
	unsigned int index;
	uint64_t size = 0;

	path_find(table, iova, &path);
	node = path.node[path.bottom];
	flags = dmk_lock_take(&node->lock);
	for (index = index_at(table, iova, node->level);
	     node->table && index < entries(table) && !*ended; index++) {
		const uint64_t entry = node->entry[index];
		unsigned int prot;

		if (!entry ||
		    (node->level && node_below(node, index) && present(node_below(node, index))))
			break;
		prot = table->ops->leaf_prot(entry);
		if (first && !(prot & DMK_PROT_FIRST))
			break;
		first = false;
		size += 1ULL << level_shift(table, node->level);
		*ended = prot & DMK_PROT_LAST;
		*gap = prot & DMK_PROT_GAP;
	}
	dmk_lock_drop(&node->lock, flags);
	return size;
}

uint64_t dmk_pgtable_extent(struct dmk_pgtable *table, uint64_t iova)
{
	const uint64_t end = 1ULL << level_shift(table, table->levels);
	uint64_t size = 0, part;
	bool ended = false, gap = false;

	while (!ended && iova + size < end) {
		part = extent_here(table, iova + size, !size, &ended, &gap);
		if (!part && !gap)
			return 0;
		size += part ? part : table_size(table);
	}
	return ended ? size : 0;
}

void dmk_pgtable_tag(struct dmk_pgtable *table, uint16_t id)
{
	table->id = id;
}

dmk_phys dmk_pgtable_root(const struct dmk_pgtable *table)
{
	return table->root->table->phys;
}

unsigned int dmk_pgtable_levels(const struct dmk_pgtable *table)
{
	return table->levels;
}

size_t dmk_pgtable_pages(const struct dmk_pgtable *table)
{
	return __atomic_load_n(&table->pages, __ATOMIC_RELAXED);
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

static unsigned int lowest_bit(uint64_t value)
{
	unsigned int bit = 0;

	while (!(value >> bit & 1))
		bit++;
	return bit;
}

static bool set_geometry(struct dmk_pgtable *table)
{
	const struct dmk_iommu *iommu = table->iommu;

	if (!iommu->page_sizes)
		return false;
	table->shift = lowest_bit(iommu->page_sizes);
	table->bits = table->shift - 3;
	table->levels = 1;
	while (level_shift(table, table->levels) < iommu->iova_bits)
		table->levels++;
	table->ops = iommu->format == DMK_TABLE_VTD ? &dmk_table_vtd : &dmk_table_lpae;
	return table->shift >= DMK_PAGE_SHIFT && table->levels <= LEVELS_MOST;
}

struct dmk_pgtable *dmk_pgtable_make(const struct dmk_iommu *iommu)
{
	struct dmk_pgtable *table = dmk_meta_alloc(sizeof(*table), true);

	if (!table)
		return NULL;
	table->iommu = iommu;
	if (!set_geometry(table))
		goto free_table;
	table->root = dmk_meta_alloc(node_size(table, table->levels - 1), true);
	if (!table->root)
		goto free_table;
	table->root->level = table->levels - 1;
	table->root->table = table_alloc(table, true);
	if (!table->root->table)
		goto free_root;
	table->root->entry = (uint64_t *)dmk_direct(table->root->table->phys);
	return table;

free_root:
	dmk_meta_free(table->root, node_size(table, table->levels - 1));
free_table:
	dmk_meta_free(table, sizeof(*table));
	return NULL;
}

static void free_nodes(struct dmk_pgtable *table, struct node *node)
{
	for (unsigned int i = 0; node->level && i < entries(table); i++)
		if (node->below[i])
			free_nodes(table, node->below[i]);
	if (node->table)
		table_free(table, node->table);
	dmk_meta_free(node, node_size(table, node->level));
}

void dmk_pgtable_free(struct dmk_pgtable *table)
{
	if (!table)
		return;
	free_nodes(table, table->root);
	dmk_meta_free(table, sizeof(*table));
}
