/* SPDX-License-Identifier: MIT */
/*
 * I/O page tables: what is in them. Which table is where, and when it goes, is pgtable_nodes.c's
 * and pgtable_kept.c's; how it all fits together stands in pgtable_private.h.
 */
#include <linux/errno.h>

#include "pgtable_private.h"

/* Down to the lowest table for @iova, and locks its node. */
static struct dmk_node *find_locked(struct dmk_pgtable *table, uint64_t iova, unsigned long *flags)
{
	struct dmk_node *node = dmk_node_near(table, iova);
	struct dmk_path path;

	for (;;) {
		if (node) {
			*flags = dmk_lock_take(&node->lock);
			if (node->entry)
				return node;
			/*
			 * It went between the look and the lock, or long ago: nothing of ours was
			 * in it.
			 */
			dmk_lock_drop(&node->lock, *flags);
		}
		dmk_path_find(table, iova, &path);
		node = path.node[path.bottom];
	}
}

static bool in_reach(const struct dmk_pgtable *table, uint64_t iova)
{
	return !(iova >> dmk_level_shift(table, table->levels));
}

/* --- map -------------------------------------------------------------------------------------- */

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

	if (run->size < table->large || (run->iova | run->phys) & (table->large - 1))
		return 0;
	while (level) {
		const uint64_t size = 1ULL << dmk_level_shift(table, level);

		if (table->iommu->page_sizes & size && !((run->iova | run->phys) & (size - 1)) &&
		    run->size >= size)
			break;
		level--;
	}
	return level;
}

static bool all_empty(const uint64_t *entry, unsigned int n)
{
	uint64_t any = 0;

	for (; n >= 4; n -= 4, entry += 4)
		any |= entry[0] | entry[1] | entry[2] | entry[3];
	while (n--)
		any |= *entry++;
	return !any;
}

/* @n entries, each a page of @step bytes behind the one before. */
static void write_run(uint64_t *entry, uint64_t value, uint64_t step, unsigned int n)
{
	for (; n >= 4; n -= 4, entry += 4, value += 4 * step) {
		dmk_set_entry(&entry[0], value);
		dmk_set_entry(&entry[1], value + step);
		dmk_set_entry(&entry[2], value + 2 * step);
		dmk_set_entry(&entry[3], value + 3 * step);
	}
	for (; n; n--, value += step)
		dmk_set_entry(entry++, value);
}

/*
 * As many entries of one table as the run fills. The marks are on the first and the last one of the
 * whole run.
 */
static void write_entries(const struct dmk_pgtable *table, const struct dmk_node *node,
			  const struct run *run, unsigned int index, unsigned int n)
{
	const unsigned int shift = dmk_level_shift(table, node->level);
	const unsigned int ends = DMK_PROT_LAST | DMK_PROT_GAP, marks = DMK_PROT_FIRST | ends;
	const uint64_t *leaf = table->leaf[node->level > 0];
	const uint64_t inner = leaf[run->prot & ~marks], phys = run->phys & table->address;
	uint64_t *entry = &node->entry[index];

	write_run(entry, phys | inner, 1ULL << shift, n);
	if (run->at_start)
		dmk_set_entry(entry, entry[0] | leaf[run->prot & ~ends]);
	if ((uint64_t)n << shift == run->size)
		dmk_set_entry(&entry[n - 1],
			      entry[n - 1] | leaf[run->prot & ~(unsigned int)DMK_PROT_FIRST]);
}

/* Return: bytes, or -EEXIST. The table is there, and locked. */
static int64_t fill_entries(struct dmk_pgtable *table, struct dmk_node *node, const struct run *run)
{
	const unsigned int shift = dmk_level_shift(table, node->level);
	const unsigned int index = dmk_index_at(table, run->iova, node->level);
	const unsigned int room = dmk_entries(table) - index;
	const uint64_t left = run->size >> shift;
	const unsigned int n = left < room ? (unsigned int)left : room;

	if (!all_empty(&node->entry[index], n))
		return -EEXIST;
	write_entries(table, node, run, index, n);
	dmk_node_use(node, n);
	dmk_node_filled(node);
	dmk_clean_entries(table, node, index, n);
	return (int64_t)((uint64_t)n << shift);
}

/* Where large pages are to go, empty tables may be in hand. Return: one was, and is gone. */
static bool make_way(struct dmk_pgtable *table, const struct dmk_node *node, const struct run *run)
{
	const unsigned int first = dmk_index_at(table, run->iova, node->level);
	const uint64_t n = run->size >> dmk_level_shift(table, node->level);
	bool went = false;

	for (unsigned int i = first; i < dmk_entries(table) && i - first < n; i++) {
		const struct dmk_node *below = dmk_node_below(node, i);

		if (!below || !dmk_node_present(below) || dmk_node_used(below))
			continue;
		dmk_node_down(table, below);
		went |= !dmk_node_present(below);
	}
	return went;
}

/* As far as the first table goes. Return: bytes, or a negative errno. */
static int64_t map_part(struct dmk_pgtable *table, const struct run *run, bool may_sleep)
{
	const unsigned int level = level_for(table, run);
	struct dmk_node *node = level ? NULL : dmk_node_near(table, run->iova);
	unsigned long flags[DMK_LEVELS_MOST];
	struct dmk_path path;
	int64_t done;

	if (node) {
		flags[0] = dmk_lock_take(&node->lock);
		done = node->entry ? fill_entries(table, node, run) : 0;
		dmk_lock_drop(&node->lock, flags[0]);
		if (done)
			return done;
	}
	if (!dmk_path_make(table, run->iova, level, may_sleep, &path))
		return -ENOMEM;
	done = dmk_node_up(table, run->iova, &path, may_sleep, flags);
	if (done)
		return done;
	done = fill_entries(table, path.node[level], run);
	dmk_path_unlock(&path, flags);
	if (done == -EEXIST && level && make_way(table, path.node[level], run))
		return map_part(table, run, may_sleep);
	return done;
}

/* One granule in a table that is there. False: it is not, or something is mapped. */
static bool map_one(struct dmk_pgtable *table, uint64_t iova, dmk_phys phys, unsigned int prot)
{
	struct dmk_node *node = dmk_node_near(table, iova);
	unsigned long flags;
	uint64_t *entry;
	bool free;

	if (!node)
		return false;
	flags = dmk_lock_take(&node->lock);
	entry = dmk_leaf_at(table, node, iova);
	free = node->entry && !*entry;
	if (free) {
		dmk_set_entry(entry, (phys.v & table->address) | table->leaf[0][prot]);
		dmk_node_use(node, 1);
		dmk_node_filled(node);
		dmk_clean_entries(table, node, (unsigned int)(entry - node->entry), 1);
	}
	dmk_lock_drop(&node->lock, flags);
	return free;
}

/* Out of line, so that the short way pays for none of it. */
static __attribute__((__noinline__)) int map_run(struct dmk_pgtable *table, uint64_t iova,
						 dmk_phys phys, uint64_t size, unsigned int prot,
						 bool may_sleep)
{
	struct run run = {
		.iova = iova, .phys = phys.v, .size = size, .prot = prot, .at_start = true};
	int64_t done;

	while (run.size) {
		done = map_part(table, &run, may_sleep);
		if (done < 0)
			goto unmap;
		run.iova += (uint64_t)done;
		run.phys += (uint64_t)done;
		run.size -= (uint64_t)done;
		run.at_start = false;
	}
	return 0;

unmap:
	dmk_pgtable_unmap(table, iova, size - run.size);
	dmk_pgtable_prune(table, iova, size);
	return (int)done;
}

int dmk_pgtable_map(struct dmk_pgtable *table, uint64_t iova, dmk_phys phys, uint64_t size,
		    unsigned int prot, bool may_sleep)
{
	if (size >> table->shift == 1 && map_one(table, iova, phys, prot))
		return 0;
	return map_run(table, iova, phys, size, prot, may_sleep);
}

/* --- unmap ------------------------------------------------------------------------------------ */

/*
 * One granule, of which the table says all of @marks. False: something else is there, or no table.
 */
static bool take_one(struct dmk_pgtable *table, uint64_t iova, uint64_t marks)
{
	struct dmk_node *node = dmk_node_near(table, iova);
	unsigned long flags;
	uint64_t *entry;
	bool one;

	if (!node)
		return false;
	flags = dmk_lock_take(&node->lock);
	entry = dmk_leaf_at(table, node, iova);
	one = node->entry && *entry && (*entry & marks) == marks;
	if (one) {
		dmk_set_entry(entry, 0);
		dmk_node_unuse(node, 1);
		dmk_clean_entries(table, node, (unsigned int)(entry - node->entry), 1);
	}
	dmk_lock_drop(&node->lock, flags);
	return one;
}

/* Return: how many of them were not empty. */
static unsigned int clear_run(uint64_t *entry, unsigned int n)
{
	unsigned int cleared = 0;

	for (; n >= 4; n -= 4, entry += 4) {
		cleared += (entry[0] != 0) + (entry[1] != 0) + (entry[2] != 0) + (entry[3] != 0);
		dmk_set_entry(&entry[0], 0);
		dmk_set_entry(&entry[1], 0);
		dmk_set_entry(&entry[2], 0);
		dmk_set_entry(&entry[3], 0);
	}
	for (; n; n--, entry++) {
		cleared += *entry != 0;
		dmk_set_entry(entry, 0);
	}
	return cleared;
}

/*
 * Clears what is mapped of [@iova, + @size) in one table; @done: bytes looked at. Return: bytes
 * that were mapped.
 */
static uint64_t clear_entries(struct dmk_pgtable *table, struct dmk_node *node, uint64_t iova,
			      uint64_t size, uint64_t *done)
{
	const unsigned int shift = dmk_level_shift(table, node->level);
	const unsigned int first = dmk_index_at(table, iova, node->level);
	const uint64_t part = iova & ((1ULL << shift) - 1), left = size >> shift;
	unsigned int room = dmk_entries(table) - first, n, cleared;

	/* Part of a large page is not taken from it. */
	if (part || !left) {
		*done = (1ULL << shift) - part;
		return 0;
	}
	room = left < room ? (unsigned int)left : room;
	n = node->level ? 0 : room;
	while (n < room && !dmk_node_links(node, first + n))
		n++;
	cleared = clear_run(&node->entry[first], n);
	dmk_node_unuse(node, cleared);
	dmk_clean_entries(table, node, first, n ? n : 1);
	*done = (uint64_t)n << shift;
	return (uint64_t)cleared << shift;
}

uint64_t dmk_pgtable_unmap(struct dmk_pgtable *table, uint64_t iova, uint64_t size)
{
	uint64_t unmapped = 0, done;
	unsigned long flags;

	if (size >> table->shift == 1 && take_one(table, iova, 0))
		return size;
	while (size && in_reach(table, iova)) {
		struct dmk_node *node = find_locked(table, iova, &flags);

		unmapped += clear_entries(table, node, iova, size, &done);
		dmk_lock_drop(&node->lock, flags);
		if (done >= size)
			break;
		iova += done;
		size -= done;
	}
	return unmapped;
}

/** How far something that was mapped as one was followed. */
struct extent {
	uint64_t bytes;
	bool began, ended;
	bool gap; /* what comes may be nothing for some granules */
};

/* As far as one table goes, which is locked. @take: its entries are cleared. */
static void follow_here(struct dmk_pgtable *table, struct dmk_node *node, uint64_t iova, bool take,
			struct extent *extent)
{
	const unsigned int shift = dmk_level_shift(table, node->level);
	const unsigned int first = dmk_index_at(table, iova, node->level);
	unsigned int index = first, cleared = 0;

	for (; index < dmk_entries(table) && !extent->ended && !dmk_node_links(node, index);
	     index++) {
		const uint64_t entry = node->entry[index];

		if (!entry && !extent->gap)
			break;
		if (!extent->began && !(entry & table->first))
			break;
		extent->began = true;
		extent->ended = entry & table->last;
		extent->gap = entry ? (entry & table->gap) != 0 : extent->gap;
		cleared += entry != 0;
		if (take)
			dmk_set_entry(&node->entry[index], 0);
	}
	/* The first may be a part: a gap that ends in what an entry above this one's leads to. */
	if (index > first)
		extent->bytes += ((uint64_t)(index - first) << shift) -
				 (iova & ((1ULL << shift) - 1));
	if (take && cleared) {
		dmk_node_unuse(node, cleared);
		dmk_clean_entries(table, node, first, index - first);
	}
}

static uint64_t follow(struct dmk_pgtable *table, uint64_t iova, bool take)
{
	struct extent extent = {.bytes = 0};
	uint64_t before;
	unsigned long flags;

	do {
		struct dmk_node *node;

		if (!in_reach(table, iova + extent.bytes))
			return 0;
		before = extent.bytes;
		node = find_locked(table, iova + before, &flags);
		follow_here(table, node, iova + before, take, &extent);
		dmk_lock_drop(&node->lock, flags);
	} while (!extent.ended && extent.bytes > before);
	return extent.ended ? extent.bytes : 0;
}

uint64_t dmk_pgtable_extent(struct dmk_pgtable *table, uint64_t iova)
{
	return follow(table, iova, false);
}

uint64_t dmk_pgtable_take(struct dmk_pgtable *table, uint64_t iova)
{
	return take_one(table, iova, table->first | table->last) ? 1ULL << table->shift
								 : follow(table, iova, true);
}

/* A look without the lock: who fills or empties it meanwhile sees to it himself. */
static inline void keep_if_empty(struct dmk_pgtable *table, struct dmk_node *node)
{
	if (!dmk_node_used(node) && node != table->root)
		dmk_kept_add(table, node);
}

static void prune_all(struct dmk_pgtable *table, uint64_t iova, uint64_t size)
{
	struct dmk_path path;
	struct dmk_node *node;
	uint64_t span;

	while (size && in_reach(table, iova)) {
		dmk_path_find(table, iova, &path);
		node = path.node[path.bottom];
		keep_if_empty(table, node);
		/*
		 * On to the next table of the last level, or past an entry above that leads to
		 * none.
		 */
		span = 1ULL << dmk_level_shift(table, node->level ? node->level : 1);
		span -= iova & (span - 1);
		if (span >= size)
			break;
		iova += span;
		size -= span;
	}
}

void dmk_pgtable_prune(struct dmk_pgtable *table, uint64_t iova, uint64_t size)
{
	struct dmk_node *node = dmk_node_near(table, iova);

	/* Nearly always: a small range, all of it in one table. */
	if (node && dmk_node_present(node) && (iova + (size - 1)) >> table->span == node->number)
		keep_if_empty(table, node);
	else
		prune_all(table, iova, size);
}

void dmk_pgtable_prune_next(struct dmk_pgtable *table, uint64_t iova, uint64_t size, uint64_t *seen)
{
	const uint64_t number = iova >> table->span;

	if (*seen == number + 1 && (iova + (size - 1)) >> table->span == number)
		return;
	dmk_pgtable_prune(table, iova, size);
	*seen = number + 1;
}

/* --- look ------------------------------------------------------------------------------------- */

bool dmk_pgtable_walk(struct dmk_pgtable *table, uint64_t iova, dmk_phys *phys, unsigned int *prot,
		      uint64_t *page_size)
{
	struct dmk_node *node;
	unsigned long flags;
	uint64_t entry;

	if (!in_reach(table, iova))
		return false;
	node = find_locked(table, iova, &flags);
	entry = node->entry[dmk_index_at(table, iova, node->level)];
	if (dmk_node_links(node, dmk_index_at(table, iova, node->level)))
		entry = 0; /* made a moment ago */
	dmk_lock_drop(&node->lock, flags);
	*page_size = 1ULL << dmk_level_shift(table, node->level);
	if (!entry)
		return false;
	*phys = DMK_PHYS(table->ops->leaf_phys(entry).v + (iova & (*page_size - 1)));
	*prot = table->ops->leaf_prot(entry);
	return true;
}

void dmk_pgtable_tag(struct dmk_pgtable *table, uint16_t id)
{
	table->id = id;
}

dmk_phys dmk_pgtable_root(const struct dmk_pgtable *table)
{
	return table->root->phys;
}

unsigned int dmk_pgtable_levels(const struct dmk_pgtable *table)
{
	return table->levels;
}

size_t dmk_pgtable_pages(const struct dmk_pgtable *table)
{
	return __atomic_load_n(&table->pages, __ATOMIC_RELAXED);
}

/* --- life ------------------------------------------------------------------------------------- */

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
	uint64_t large;

	if (!iommu->page_sizes)
		return false;
	table->shift = lowest_bit(iommu->page_sizes);
	table->bits = table->shift - 3;
	table->span = table->shift + table->bits;
	table->levels = 1;
	while (dmk_level_shift(table, table->levels) < iommu->iova_bits)
		table->levels++;
	large = iommu->page_sizes & (iommu->page_sizes - 1);
	table->large = large ? large & -large : ~0ULL;
	return table->shift >= DMK_PAGE_SHIFT && table->levels <= DMK_LEVELS_MOST;
}

/*
 * An entry is what its address, its rights and its marks are, each for itself: known once, and put
 * together for each page.
 */
static void set_format(struct dmk_pgtable *table)
{
	const struct dmk_table_ops *ops = table->iommu->format == DMK_TABLE_VTD ? &dmk_table_vtd
										: &dmk_table_lpae;
	uint64_t *leaf = table->leaf[0];

	for (unsigned int prot = 0; prot < DMK_PROTS; prot++) {
		leaf[prot] = ops->leaf(DMK_PHYS(0), 0, prot);
		table->leaf[1][prot] = ops->leaf(DMK_PHYS(0), 1, prot);
	}
	table->first = leaf[DMK_PROT_FIRST] & ~leaf[0];
	table->last = leaf[DMK_PROT_LAST] & ~leaf[0];
	table->gap = leaf[DMK_PROT_GAP] & ~leaf[0];
	table->address = ops->leaf(DMK_PHYS(~0ULL), 0, 0) & ~leaf[0];
	table->ops = ops;
	table->blind = !table->iommu->coherent_walk;
}

struct dmk_pgtable *dmk_pgtable_make(const struct dmk_iommu *iommu)
{
	struct dmk_pgtable *table = dmk_meta_alloc(sizeof(*table), true);

	if (!table)
		return NULL;
	table->iommu = iommu;
	set_format(table);
	if (set_geometry(table))
		table->root = dmk_node_root(table);
	if (table->root)
		return table;
	dmk_meta_free(table, sizeof(*table));
	return NULL;
}

void dmk_pgtable_free(struct dmk_pgtable *table)
{
	if (!table)
		return;
	dmk_kept_end(table);
	dmk_nodes_free(table, table->root);
	dmk_meta_free(table, sizeof(*table));
}
