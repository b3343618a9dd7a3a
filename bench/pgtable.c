/* SPDX-License-Identifier: MIT */
/*
 * The core's I/O page tables, alone: entries written and cleared. What an IOMMU is told is not in
 * it, and addresses are not allocated.
 */
#include "bench.h"
#include "null_iommu.h"

#include "../core/pgtable.h"

#define PAGE 4096ULL
#define BASE 0x40000000ULL
#define PHYS 0x101000ULL /* no large page begins there */
enum { WINDOW = 512, PROT = DMK_PROT_READ | DMK_PROT_WRITE | DMK_PROT_FIRST | DMK_PROT_LAST };

static void *prepare(const struct row *row)
{
	struct dmk_pgtable *table = dmk_pgtable_make(&bench_null_iommu);

	if (!table)
		bench_die("no memory for a page table");
	return table;
}

static void finish(const struct row *row, void *state)
{
	dmk_pgtable_free(state);
}

static void map(struct dmk_pgtable *table, uint64_t iova, uint64_t size)
{
	if (dmk_pgtable_map(table, iova, DMK_PHYS(PHYS), size, PROT, false))
		bench_die("a page table refuses a map");
}

static void unmap(struct dmk_pgtable *table, uint64_t iova, uint64_t size)
{
	if (dmk_pgtable_unmap(table, iova, size) != size)
		bench_die("a page table lost what was mapped");
}

/* One address after the other, of those that one table of the last level holds. */
static void pages(struct work *work, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		map(work->state, BASE + i % WINDOW * PAGE, PAGE);
		unmap(work->state, BASE + i % WINDOW * PAGE, PAGE);
	}
}

/* The same, and a table that nothing is in any more is given back. */
static void pruned(struct work *work, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		map(work->state, BASE, PAGE);
		unmap(work->state, BASE, PAGE);
		dmk_pgtable_prune(work->state, BASE, PAGE);
	}
}

static void runs(struct work *work, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		map(work->state, BASE, WINDOW * PAGE);
		unmap(work->state, BASE, WINDOW * PAGE);
	}
}

#define TABLE(function)                                                        \
	.where = AT_PC, .run = function, .prepare = prepare, .finish = finish, \
	.floor = "address arithmetic"

static const struct row rows[] = {
	{.name = "page table map + unmap, 4 KiB", TABLE(pages), .goal = 15},
	{.name = "page table map + unmap, 512 x 4 KiB", TABLE(runs), .goal = 500},
	{.name = "page table map + unmap, 4 KiB, table made and freed", TABLE(pruned)},
};

const struct rows bench_pgtable = BENCH_ROWS(rows);
