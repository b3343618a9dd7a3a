/* SPDX-License-Identifier: MIT */
/*
 * I/O page tables in RAM: one interface over formats (VT-d second level, VMSAv8-64). Not an
 * allocator of IOVAs, and not what makes an IOMMU forget: whoever unmaps invalidates. Only of its
 * own tables it tells the IOMMU itself, before one goes.
 */
#ifndef DMK_CORE_PGTABLE_H
#define DMK_CORE_PGTABLE_H

#include <dmakit/iommu.h>

#include "core.h"

enum {
	DMK_PROT_READ = 1,
	DMK_PROT_WRITE = 2,
	DMK_PROT_CACHED = 4, /* the device's accesses snoop the CPU's caches */
	/*
	 * What was mapped as one thing begins and ends here: bits that no IOMMU looks at, so that
	 * an unmap knows by itself what it is about, and a wrong one takes nothing of others
	 * (STR-04).
	 */
	DMK_PROT_FIRST = 8,
	DMK_PROT_LAST = 16,
	DMK_PROT_GAP =
		/*
		 * this run ends here, and what it is part of goes on after some granules of nothing
		 */
		32,
};

struct dmk_pgtable;

/** dmk_pgtables_start - before the first is made: no system's work is under way. */
void dmk_pgtables_start(void);
/** dmk_pgtable_make - an empty table for @iommu; NULL: no memory. May sleep. */
struct dmk_pgtable *dmk_pgtable_make(const struct dmk_iommu *iommu);
/** dmk_pgtable_tag - what the IOMMU calls it, before a device is attached: dmk_iommu_attach.id */
void dmk_pgtable_tag(struct dmk_pgtable *table, uint16_t id);
/** dmk_pgtable_free - with all that is still mapped in it. May wait for the system's work on it. */
void dmk_pgtable_free(struct dmk_pgtable *table);
dmk_phys dmk_pgtable_root(const struct dmk_pgtable *table);
unsigned int dmk_pgtable_levels(const struct dmk_pgtable *table);
/** Pages that the tables themselves hold, the root included (IOM-05). */
size_t dmk_pgtable_pages(const struct dmk_pgtable *table);

/**
 * dmk_pgtable_extent - bytes from @iova, where something mapped with FIRST begins, to its LAST; 0:
 * nothing begins there
 */
uint64_t dmk_pgtable_extent(struct dmk_pgtable *table, uint64_t iova);
/**
 * dmk_pgtable_take - unmap that, as dmk_pgtable_unmap() does
 * Return: what dmk_pgtable_extent() would have; of several callers at once one gets it, and the
 *         others 0.
 */
uint64_t dmk_pgtable_take(struct dmk_pgtable *table, uint64_t iova);

/**
 * dmk_pgtable_map - map [@iova, + @size) to [@phys, + @size), in pages as large as alignment allows
 * @iova, @phys, @size: multiples of the granule
 * Ranges that others map and unmap at the same time must be disjoint; nothing else is asked of
 * callers. Any context.
 * Return: 0; -ENOMEM, nothing is mapped; -EEXIST, something was mapped there, and is as it was.
 */
int dmk_pgtable_map(struct dmk_pgtable *table, uint64_t iova, dmk_phys phys, uint64_t size,
		    unsigned int prot, bool may_sleep);

/**
 * dmk_pgtable_unmap - the opposite, of any run of granules that maps covered; a large page goes
 * whole or stays: unmap what was mapped
 *                     in one call together. Tables stay, also empty ones, and the IOMMU still knows
 *                     what it knows.
 * Return: bytes that were mapped; less than @size: there were holes.
 */
uint64_t dmk_pgtable_unmap(struct dmk_pgtable *table, uint64_t iova, uint64_t size);
/**
 * dmk_pgtable_prune - give back the tables of [@iova, + @size) that nothing is in (IOM-05)
 * A few stay in hand for a while, so that what is mapped next finds them; they go by themselves.
 * Where nothing can be done later they go at once. The IOMMU is told of those that go, and waited
 * for. Any context; a thread that maps in one of them meanwhile waits.
 */
void dmk_pgtable_prune(struct dmk_pgtable *table, uint64_t iova, uint64_t size);

/**
 * dmk_pgtable_prune_next - the same, for one range after another, all of which were unmapped before
 * the first of these calls
 * @seen: 0 before the first call; says which table was looked at, which need not be once more
 */
void dmk_pgtable_prune_next(struct dmk_pgtable *table, uint64_t iova, uint64_t size,
			    uint64_t *seen);

/** dmk_pgtable_walk - what @iova is mapped to; false: nothing. */
bool dmk_pgtable_walk(struct dmk_pgtable *table, uint64_t iova, dmk_phys *phys, unsigned int *prot,
		      uint64_t *page_size);

#endif
