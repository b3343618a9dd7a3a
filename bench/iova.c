/* SPDX-License-Identifier: MIT */
/*
 * The core's allocator of I/O virtual addresses, alone. A domain's is behind no interface of a
 * driver's, so this is the core's own one.
 */
#include "bench.h"
#include "handover.h"

#include <stdlib.h>

#include "../core/iova.h"

#define PAGE      4096u
#define LAST_IOVA ((1ULL << 48) - 1)
enum { FEWEST = 64, MOST = 256 }; /* pages of a large range */

struct range {
	uint64_t first, size;
};

struct spaced {
	struct dmk_iova_space *space;
	struct handover *hand;
	unsigned int nr;
	struct range live[]; /* by thread */
};

static void take(struct spaced *spaced, struct range *range, uint64_t size)
{
	range->size = size;
	if (!dmk_iova_take(spaced->space, size, PAGE, LAST_IOVA, 0, &range->first))
		bench_die("no addresses left");
}

static void give(struct spaced *spaced, const struct range *range)
{
	dmk_iova_give(spaced->space, range->first, range->size);
}

/* A page, or where the row is of large ranges, that many at random. */
static uint64_t size_for(struct work *work)
{
	return work->row->bytes == PAGE
		       ? PAGE
		       : (FEWEST + bench_below(work, MOST - FEWEST + 1)) * (uint64_t)PAGE;
}

static void *prepare(const struct row *row)
{
	const unsigned int nr = row->live * row_threads(row);
	struct spaced *spaced = bench_calloc(1, sizeof(*spaced) + nr * sizeof(spaced->live[0]));
	struct work work = {.row = row, .random = 1};

	spaced->space = dmk_iova_make(PAGE, LAST_IOVA, 12);
	if (!spaced->space)
		bench_die("no memory for addresses");
	spaced->hand = handover_new();
	spaced->nr = nr;
	for (unsigned int i = 0; i < nr; i++)
		take(spaced, &spaced->live[i], size_for(&work));
	return spaced;
}

static void finish(const struct row *row, void *state)
{
	struct spaced *spaced = state;

	for (unsigned int i = 0; i < spaced->nr; i++)
		give(spaced, &spaced->live[i]);
	dmk_iova_free(spaced->space);
	free(spaced->hand);
	free(spaced);
}

static void pairs(struct work *work, unsigned int n)
{
	struct spaced *spaced = work->state;

	for (unsigned int i = 0; i < n; i++) {
		struct range range;

		take(spaced, &range, PAGE);
		give(spaced, &range);
	}
}

static void exchange(struct work *work, unsigned int n)
{
	struct spaced *spaced = work->state;

	for (unsigned int i = 0; i < n; i++) {
		struct range *range = &spaced->live[bench_mine(work)];

		give(spaced, range);
		take(spaced, range, size_for(work));
	}
}

static bool make_item(void *state, struct item *item)
{
	struct range range;

	take(state, &range, PAGE);
	item->what = range.first;
	return true;
}

static void take_item(void *state, const struct item *item)
{
	const struct range range = {item->what, PAGE};

	give(state, &range);
}

static void hand_over(struct work *work, unsigned int n)
{
	handover_run(work, ((struct spaced *)work->state)->hand, n, work->state, make_item,
		     take_item);
}

/* --- the rows --------------------------------------------------------------------------------- */

#define IOVA(function, size) \
	.where = AT_PC, .run = function, .prepare = prepare, .finish = finish, .bytes = size
#define LIST    .floor = "inline free list"
#define LARGE   IOVA(exchange, MOST *PAGE), LIST
#define CURVE   .curve = "IOVA, 64..256 pages"
#define CURVE_1 .curve = "IOVA, 1 page"

static const struct row rows[] = {
	{.name = "IOVA alloc + free, 1 page",
	 IOVA(pairs, PAGE),
	 LIST,
	 .goal = 6,
	 CURVE_1,
	 .over_threads = true},
	{.name = "IOVA alloc + free, 1 page, 2 threads",
	 .threads = 2,
	 IOVA(pairs, PAGE),
	 LIST,
	 CURVE_1,
	 .over_threads = true},
	{.name = "IOVA alloc + free, 1 page, 4 threads",
	 .threads = 4,
	 IOVA(pairs, PAGE),
	 LIST,
	 CURVE_1,
	 .over_threads = true},
	{.name = "IOVA alloc, freed by another thread, 1 page",
	 .threads = 2,
	 IOVA(hand_over, PAGE),
	 .goal = 20,
	 .floor = "handed to another thread",
	 .least = HANDOVER_LEAST},
	{.name = "IOVA free + alloc, 1 page, 1 live",
	 IOVA(exchange, PAGE),
	 LIST,
	 .live = 1,
	 CURVE_1},
	{.name = "IOVA free + alloc, 1 page, 1,024 live",
	 IOVA(exchange, PAGE),
	 LIST,
	 .live = 1024,
	 CURVE_1},
	{.name = "IOVA free + alloc, 1 page, 16,384 live",
	 IOVA(exchange, PAGE),
	 LIST,
	 .live = 16384,
	 CURVE_1},
	{.name = "IOVA free + alloc, 1 page, 1 M live",
	 IOVA(exchange, PAGE),
	 LIST,
	 .live = 1 << 20,
	 CURVE_1},
	{.name = "IOVA free + alloc, 64..256 pages, 1 live", LARGE, CURVE, .live = 1},
	{.name = "IOVA free + alloc, 64..256 pages, 1,024 live",
	 LARGE,
	 CURVE,
	 .live = 1024,
	 .goal = 60},
	{.name = "IOVA free + alloc, 64..256 pages, 16,384 live",
	 LARGE,
	 CURVE,
	 .live = 16384,
	 .goal = 100},
	{.name = "IOVA free + alloc, 64..256 pages, 1 M live", LARGE, CURVE, .live = 1 << 20},
	{.name = "IOVA free + alloc, 64..256 pages, 2 threads",
	 .threads = 2,
	 LARGE,
	 .live = 1024,
	 .goal = 150},
};

const struct rows bench_iova = BENCH_ROWS(rows);
