/* SPDX-License-Identifier: MIT */
/*
 * Plain or judged, the findings are the same: a driver that does most things right and some wrong,
 * at random, in front of two checkers. One takes note of what is plain and judges the rest; the
 * other, which has to count its records, judges all. Threads: test_threads.c.
 */
#include "world.h"

char world_devices[4];

enum { SEEDS = 150, EVENTS = 1200, LIVE = 24, PLACES = 6 };

struct lent {
	struct dmk_dev *dev;
	uint64_t phys, size;
	int dir, kind;
	unsigned long attrs;
};

/* The driver, and the two who watch it. */
struct play {
	struct world plain, judged;
	uint64_t seed;
	struct lent lent[LIVE];
	unsigned int nr;
	struct {
		uint64_t phys, size;
	} used[EVENTS];
	unsigned int nr_used, allocated;
};

static unsigned int below(struct play *play, unsigned int limit)
{
	play->seed = play->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (play->seed >> 33) % limit;
}

static bool one_in(struct play *play, unsigned int n)
{
	return !below(play, n);
}

/* A few pages at the seam of two leaves, and elsewhere. */
static uint64_t some_memory(struct play *play)
{
	static const uint64_t base[] = {0x10000000, 0x1003c000, 0x20000000};
	uint64_t at = base[below(play, 3)] + below(play, 6) * 4096;

	return at + (one_in(play, 3)   ? below(play, 64) * 64
		     : one_in(play, 4) ? below(play, 4096)
				       : 0);
}

static uint64_t some_size(struct play *play)
{
	static const uint64_t size[] = {64, 256, 1500, 2048, 4096, 6000, 65536};

	return one_in(play, 8) ? 1 + below(play, 300) : size[below(play, 7)];
}

static const void *some_place(struct play *play, unsigned int call)
{
	return (const void *)(uintptr_t)(0x500000 + (call * PLACES + below(play, PLACES)) * 16);
}

static void both(struct play *play, const struct dmk_event *event)
{
	announce(&play->plain, event);
	announce(&play->judged, event);
}

#define BOTH(play, ...) both(play, &(struct dmk_event){__VA_ARGS__})

static struct dmk_dev *some_device(struct play *play)
{
	if (one_in(play, 60))
		return NULL;
	return one_in(play, 8) ? DEV2 : DEV;
}

/* Which of two equal pieces is seen first is anybody's guess: there are no two. */
static uint64_t unlike_any(struct play *play, uint64_t phys, uint64_t size)
{
	for (unsigned int i = 0; i < play->nr_used; i++)
		if (play->used[i].phys == phys && play->used[i].size == size)
			return unlike_any(play, phys, size + 1);
	play->used[play->nr_used].phys = phys;
	play->used[play->nr_used++].size = size;
	return size;
}

static void maps(struct play *play)
{
	static const int kind[] = {DMK_MAP_SINGLE, DMK_MAP_PAGE, DMK_MAP_PHYS};
	static const unsigned long attrs[] = {1 << 5, 1 << 8, 1 << 11};
	struct lent *lent = &play->lent[play->nr];

	if (play->nr == LIVE)
		return;
	*lent = (struct lent){.dev = some_device(play),
			      .phys = some_memory(play),
			      .size = some_size(play),
			      .dir = below(play, 3),
			      .kind = kind[below(play, 3)],
			      .attrs = one_in(play, 8) ? attrs[below(play, 3)] : 0};
	lent->size = unlike_any(play, lent->phys, lent->size);
	play->nr++;
	BOTH(play, .kind = DMK_EVENT_MAP, .map_kind = lent->kind, .dev = lent->dev,
	     .dma = DMK_DMA(BUS(lent->phys)), .phys = DMK_PHYS(lent->phys), .size = lent->size,
	     .dir = lent->dir, .attrs = lent->attrs, .bounced = one_in(play, 9),
	     .coherent = !one_in(play, 4), .caller = some_place(play, 0));
	if (one_in(play, 20))
		lent = &play->lent[below(play, play->nr)];
	BOTH(play, .kind = DMK_EVENT_MAPPING_ERROR, .dev = lent->dev,
	     .dma = DMK_DMA(BUS(lent->phys)));
}

static struct lent *some_lent(struct play *play)
{
	return play->nr ? &play->lent[below(play, play->nr)] : NULL;
}

static void unmaps(struct play *play)
{
	struct lent *lent = some_lent(play), as;

	if (!lent)
		return;
	as = *lent;
	if (!one_in(play, 12))
		*lent = play->lent[--play->nr];
	if (one_in(play, 24))
		as.size += 64;
	if (one_in(play, 24))
		as.dir = below(play, 3);
	if (one_in(play, 24))
		as.kind = DMK_MAP_PAGE;
	if (one_in(play, 40))
		as.dev = some_device(play);
	if (one_in(play, 40))
		as.phys += 64;
	BOTH(play, .kind = DMK_EVENT_UNMAP, .map_kind = as.kind, .dev = as.dev,
	     .dma = DMK_DMA(BUS(as.phys)), .size = as.size, .dir = as.dir, .attrs = as.attrs,
	     .caller = some_place(play, 1));
}

static void device_works(struct play *play)
{
	struct lent *lent = some_lent(play);
	uint64_t at, size;
	bool write;

	if (!lent)
		return;
	at = below(play, lent->size);
	size = 1 + below(play, lent->size - at);
	write = one_in(play, 20) ? one_in(play, 2) : lent->dir != DMK_TO_DEVICE;
	if (one_in(play, 30))
		size += 4096;
	BOTH(play, .kind = DMK_EVENT_DEVICE_ACCESS,
	     .requester = lent->dev == DEV ? REQUESTER : REQUESTER2,
	     .dma = DMK_DMA(BUS(lent->phys) + at), .size = size, .write = write);
}

static void cpu_works(struct play *play)
{
	struct lent *lent = some_lent(play);

	if (!lent)
		return;
	if (one_in(play, 2))
		BOTH(play,
		     .kind = one_in(play, 2) ? DMK_EVENT_SYNC_FOR_CPU : DMK_EVENT_SYNC_FOR_DEVICE,
		     .dev = lent->dev, .dma = DMK_DMA(BUS(lent->phys)),
		     .size = one_in(play, 4) ? lent->size / 2 : lent->size, .dir = lent->dir,
		     .map_kind = lent->kind, .caller = some_place(play, 2));
	else
		BOTH(play, .kind = DMK_EVENT_CPU_ACCESS, .phys = DMK_PHYS(lent->phys), .size = 8,
		     .write = one_in(play, 2), .caller = some_place(play, 3));
}

static void memory_goes(struct play *play)
{
	const bool odd = one_in(play, 3);

	BOTH(play, .kind = one_in(play, 3) ? DMK_EVENT_MEMORY_FREE : DMK_EVENT_MEMORY_ALLOC,
	     .phys = DMK_PHYS((some_memory(play) & ~63ULL) + (odd ? 24 : 0)),
	     .size = odd ? 40 : 64 << below(play, 8), .name = "kmalloc",
	     .caller = some_place(play, 4));
}

static void consistent_comes_and_goes(struct play *play)
{
	static const uint64_t page[] = {0x10001000, 0x1003f000, 0x20004000};
	const unsigned int i = below(play, 3);
	const uint64_t phys = page[i];

	play->allocated ^= 1u << i;
	BOTH(play, .kind = play->allocated >> i & 1 ? DMK_EVENT_ALLOC : DMK_EVENT_FREE, .dev = DEV,
	     .dma = DMK_DMA(BUS(phys + (1 << 28))), .phys = DMK_PHYS(phys),
	     .cpu = (void *)(uintptr_t)(phys + (1ULL << 40)), .size = 4096,
	     .caller = some_place(play, 6));
}

static void transfers(struct play *play, unsigned int round)
{
	struct lent *lent = some_lent(play);

	if (lent && one_in(play, 2))
		BOTH(play, .kind = DMK_EVENT_TRANSFER_BEGIN, .requester = REQUESTER,
		     .dma = DMK_DMA(BUS(lent->phys)), .size = lent->size, .dir = lent->dir,
		     .cookie = round % 4);
	else
		BOTH(play, .kind = DMK_EVENT_TRANSFER_END, .cookie = round % 4);
}

static void rarely(struct play *play)
{
	switch (below(play, 5)) {
	case 0:
		BOTH(play, .kind = DMK_EVENT_UNBIND, .dev = DEV2);
		break;
	case 4:
		BOTH(play, .kind = DMK_EVENT_BIND, .dev = DEV2, .name = "paperdriver");
		break;
	case 1:
		BOTH(play, .kind = DMK_EVENT_SET_MASK, .dev = some_device(play), .mask = ~0U,
		     .streaming = true, .result = one_in(play, 3) ? -5 : 0,
		     .caller = some_place(play, 5));
		break;
	case 2:
		BOTH(play, .kind = DMK_EVENT_NEED_SYNC, .dev = DEV2,
		     .dma = DMK_DMA(BUS(some_memory(play))));
		break;
	default:
		BOTH(play, .kind = DMK_EVENT_DEVICE_REMOVE, .dev = DEV2);
		BOTH(play, .kind = DMK_EVENT_DEVICE_ADD, .dev = DEV2, .name = "0000:00:04.0",
		     .requester = REQUESTER2);
		BOTH(play, .kind = DMK_EVENT_BIND, .dev = DEV2, .name = "paperdriver");
		break;
	}
}

static void step(struct play *play, unsigned int round)
{
	const unsigned int what = below(play, 1000);

	if (what < 380)
		maps(play);
	else if (what < 740)
		unmaps(play);
	else if (what < 880)
		device_works(play);
	else if (what < 910)
		cpu_works(play);
	else if (what < 965)
		memory_goes(play);
	else if (what < 970)
		consistent_comes_and_goes(play);
	else if (what < 996)
		transfers(play, round);
	else
		rarely(play);
}

static void assert_alike(struct play *play)
{
	const size_t n = dmk_checker_findings(play->judged.checker);
	struct dmk_check_totals plain, judged;

	for (size_t i = 0; i < n && i < dmk_checker_findings(play->plain.checker); i++) {
		const struct dmk_finding *a = dmk_checker_finding(play->plain.checker, i);
		const struct dmk_finding *b = dmk_checker_finding(play->judged.checker, i);

		assert_string_equal(a->what, b->what);
		assert_string_equal(a->rule->id, b->rule->id);
		assert_int_equal(a->count, b->count);
		assert_int_equal(a->nr_history, b->nr_history);
	}
	assert_int_equal(dmk_checker_findings(play->plain.checker), n);
	dmk_checker_totals(play->plain.checker, &plain);
	dmk_checker_totals(play->judged.checker, &judged);
	assert_memory_equal(&plain, &judged, sizeof(plain));
}

static void test_CHK_04_what_is_plain_is_what_no_judge_would_report(void **state)
{
	const struct dmk_check_options judge_all = {.max_records = 1 << 20};
	size_t findings = 0;

	for (unsigned int seed = 1; seed <= SEEDS; seed++) {
		struct play play = {.seed = seed};
		const unsigned int line = seed % 3 ? 64 : 1;

		world_open(&play.plain, NULL, line);
		world_open(&play.judged, &judge_all, line);
		for (unsigned int round = 0; round < EVENTS; round++)
			step(&play, round);
		world_end(&play.plain);
		world_end(&play.judged);
		print_message("seed %u: %zu findings\n", seed,
			      dmk_checker_findings(play.judged.checker));
		assert_alike(&play);
		findings += dmk_checker_findings(play.judged.checker);
		world_close(&play.plain);
		world_close(&play.judged);
	}
	assert_true(findings > SEEDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_CHK_04_what_is_plain_is_what_no_judge_would_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
