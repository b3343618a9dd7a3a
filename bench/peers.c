/* SPDX-License-Identifier: MIT */
/*
 * The rows of other people's allocators: the same things done to them as to a dma_pool.
 */
#include "peers.h"
#include "bench.h"
#include "handover.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 256 };

static const struct peer *const peers[] = {&bench_dpdk, &bench_mimalloc};
static enum { UNKNOWN, RUNS, REFUSES } states[2]; /* of each, found when the first row asks */

struct peered {
	const struct peer *peer;
	void *allocator;
	struct handover *hand;
	void *blocks[];
};

static bool is_there(unsigned int index)
{
	if (peers[index]->package)
		return false;
	if (states[index] == UNKNOWN)
		states[index] = peers[index]->start() ? RUNS : REFUSES;
	return states[index] == RUNS;
}

const char *bench_peer_missing(unsigned int index)
{
	static char text[2][160];

	if (index >= 2 || (!peers[index]->package && states[index] != REFUSES))
		return NULL;
	if (peers[index]->package)
		snprintf(text[index], sizeof(text[index]),
			 "%s: %s was not there when this was built (make bench installs it)",
			 peers[index]->name, peers[index]->package);
	else
		snprintf(text[index], sizeof(text[index]), "%s: it does not start here",
			 peers[index]->name);
	return text[index];
}

static bool dpdk_there(void)
{
	return is_there(0);
}

static bool mimalloc_there(void)
{
	return is_there(1);
}

static void *prepare(const struct row *row, const struct peer *peer)
{
	const unsigned int nr = row->live * row_threads(row);
	struct peered *peered = bench_calloc(1, sizeof(*peered) + nr * sizeof(void *));

	peered->peer = peer;
	peered->hand = handover_new();
	peered->allocator = peer->make(row->bytes, row->least ? BATCH * BATCHES : nr);
	if (!peered->allocator)
		bench_die("another's allocator has no memory");
	for (unsigned int i = 0; i < nr; i++)
		peered->blocks[i] = peer->alloc(peered->allocator, row->bytes);
	return peered;
}

static void *prepare_dpdk(const struct row *row)
{
	return prepare(row, &bench_dpdk);
}

static void *prepare_mimalloc(const struct row *row)
{
	return prepare(row, &bench_mimalloc);
}

static void finish(const struct row *row, void *state)
{
	struct peered *peered = state;

	for (unsigned int i = 0; i < row->live * row_threads(row); i++)
		peered->peer->free(peered->allocator, peered->blocks[i]);
	peered->peer->end(peered->allocator);
	free(peered->hand);
	free(peered);
}

/* Said once in each thread but the first, which the start is said for. */
static void introduce(struct work *work)
{
	static __thread bool known[2];
	const struct peer *peer = ((struct peered *)work->state)->peer;
	bool *mine = &known[peer == peers[1]];

	if (work->index && !*mine)
		peer->thread();
	*mine = true;
}

static void pairs(struct work *work, unsigned int n)
{
	struct peered *peered = work->state;

	introduce(work);
	peered->peer->pairs(peered->allocator, work->row->bytes, n);
}

static void exchange(struct work *work, unsigned int n)
{
	struct peered *peered = work->state;
	unsigned int at[CHUNK];

	while (n) {
		const unsigned int some = n < CHUNK ? n : CHUNK;

		for (unsigned int i = 0; i < some; i++)
			at[i] = bench_mine(work);
		peered->peer->exchange(peered->allocator, work->row->bytes, peered->blocks, at,
				       some);
		n -= some;
	}
}

/* --- freed by another thread ------------------------------------------------------------------ */

static bool make_item(void *state, struct item *item)
{
	struct peered *peered = state;

	item->what = (uintptr_t)peered->peer->alloc(peered->allocator, 64);
	return item->what;
}

static void take_item(void *state, const struct item *item)
{
	struct peered *peered = state;

	peered->peer->free(peered->allocator, (void *)(uintptr_t)item->what);
}

static void hand_over(struct work *work, unsigned int n)
{
	introduce(work);
	handover_run(work, ((struct peered *)work->state)->hand, n, work->state, make_item,
		     take_item);
}

/* --- the rows --------------------------------------------------------------------------------- */

#define PEER(word, text, prepares, asked, function, size)                               \
	.name = text, .kind = BENCH_PEER, .who = word, .where = AT_PC, .run = function, \
	.bytes = size, .prepare = prepares, .finish = finish, .there = asked
#define DPDK(text, function, size) \
	PEER("DPDK", "DPDK mempool, " text, prepare_dpdk, dpdk_there, function, size)
#define CURVE .curve = "dma_pool, 64 B", .over_threads = true
#define MIMALLOC(text, function, size) \
	PEER("mimalloc", "mimalloc, " text, prepare_mimalloc, mimalloc_there, function, size)

static const struct row rows[] = {
	{DPDK("64 B", pairs, 64), CURVE},
	{DPDK("64 B, 2 threads", pairs, 64), .threads = 2, CURVE},
	{DPDK("64 B, 4 threads", pairs, 64), .threads = 4, CURVE},
	{DPDK("64 B, freed by another thread", hand_over, 64), .threads = 2,
	 .least = HANDOVER_LEAST},
	{DPDK("256 B, 16,384 live", exchange, 256), .live = 16384},
	{MIMALLOC("64 B", pairs, 64)},
	{MIMALLOC("64 B, 2 threads", pairs, 64), .threads = 2},
	{MIMALLOC("64 B, 4 threads", pairs, 64), .threads = 4},
	{MIMALLOC("64 B, freed by another thread", hand_over, 64), .threads = 2,
	 .least = HANDOVER_LEAST},
	{MIMALLOC("256 B, 16,384 live", exchange, 256), .live = 16384},
};

const struct rows bench_peers = BENCH_ROWS(rows);
