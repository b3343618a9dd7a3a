/* SPDX-License-Identifier: MIT */
/*
 * Floors: a few lines of C each, which nobody goes below. Ours and others stand beside them.
 */
#include "bench.h"
#include "handover.h"

#include <stdlib.h>
#include <string.h>

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>

enum { BLOCK = 64, BLOCKS = 1024, COPY_MOST = 65536 };

/* --- address arithmetic ----------------------------------------------------------------------- */

static void *prepare_page(const struct row *row)
{
	return alloc_page(GFP_KERNEL);
}

static void finish_page(const struct row *row, void *state)
{
	__free_page(state);
}

/*
 * What a direct map can't do without: from a page to its address, and the device's mask compared.
 */
static void address(struct work *work, unsigned int n)
{
	struct page *page = work->state;
	const u64 *mask = bench_wide->dma_mask;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t phys = page_to_phys(page);

		bench_keep(phys + 2047 <= *mask ? phys : ~0ULL);
	}
}

/* --- a list of free blocks -------------------------------------------------------------------- */

static void *prepare_blocks(const struct row *row)
{
	char *blocks = bench_calloc(BLOCKS, BLOCK);

	for (unsigned int i = 0; i + 1 < BLOCKS; i++)
		*(void **)(blocks + BLOCK * i) = blocks + BLOCK * (i + 1);
	return blocks;
}

static void finish_memory(const struct row *row, void *state)
{
	free(state);
}

static void free_list(struct work *work, unsigned int n)
{
	void **head = work->state;

	for (unsigned int i = 0; i < n; i++) {
		void **block = head;

		head = *block;
		__asm__ volatile("" : "+r"(head) : "r"(block) : "memory");
		*block = head;
		head = block;
		__asm__ volatile("" : "+r"(head) : : "memory");
	}
}

/* --- a lock ----------------------------------------------------------------------------------- */

static void spinlock(struct work *work, unsigned int n)
{
	static int held;

	for (unsigned int i = 0; i < n; i++) {
		while (__atomic_exchange_n(&held, 1, __ATOMIC_ACQUIRE))
			;
		__atomic_store_n(&held, 0, __ATOMIC_RELEASE);
	}
}

/* --- memcpy ----------------------------------------------------------------------------------- */

static void *prepare_copy(const struct row *row)
{
	char *memory = aligned_alloc(4096, 2 * COPY_MOST);

	if (!memory)
		bench_die("out of memory");
	memset(memory, 1, 2 * COPY_MOST);
	return memory;
}

static void copy(struct work *work, unsigned int n)
{
	char *to = work->state, *from = to + COPY_MOST;
	const size_t bytes = work->row->bytes;

	for (unsigned int i = 0; i < n; i++) {
		memcpy(to, from, bytes);
		bench_keep((uintptr_t)to);
	}
}

/* --- from one thread to another --------------------------------------------------------------- */

static bool make_nothing(void *state, struct item *item)
{
	item->what = (uintptr_t)state;
	return true;
}

static void take_nothing(void *state, const struct item *item)
{
	bench_keep(item->what);
}

static void hand_over(struct work *work, unsigned int n)
{
	handover_run(work, work->state, n, work->state, make_nothing, take_nothing);
}

static void *prepare_handover(const struct row *row)
{
	return handover_new();
}

/* --- the rows --------------------------------------------------------------------------------- */

#define FLOOR(row_name, word, function) \
	.name = row_name, .kind = BENCH_FLOOR, .who = word, .where = AT_ANY, .run = function
#define COPY(text, size)                                                                       \
	{                                                                                      \
		FLOOR("memcpy " text, "memcpy", copy), .bytes = size, .prepare = prepare_copy, \
						       .finish = finish_memory                 \
	}

static const struct row rows[] = {
	{FLOOR("address arithmetic", "arithmetic", address), .prepare = prepare_page,
	 .finish = finish_page},
	{FLOOR("inline free list", "free list", free_list), .prepare = prepare_blocks,
	 .finish = finish_memory},
	{FLOOR("spinlock pair", "spinlock", spinlock)},
	COPY("64 B", 64),
	COPY("512 B", 512),
	COPY("4 KiB", 4096),
	COPY("64 KiB", 65536),
	{FLOOR("handed to another thread", "handed over", hand_over), .threads = 2,
	 .least = HANDOVER_LEAST, .prepare = prepare_handover, .finish = finish_memory},
};

const struct rows bench_floors = BENCH_ROWS(rows);
