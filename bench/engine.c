/* SPDX-License-Identifier: MIT */
/*
 * DMA engine: what a descriptor costs from prepared to called back, what taking a channel costs,
 * and what the threads that copy make of it, beside plain memcpy() of the same memory.
 */
#include "bench.h"
#include "null_engine.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/slab.h>

enum {
	TINY = 64,
	WINDOW = 256,       /* copies under way at a time */
	DESCRIPTORS = 4096, /* of a null provider, in all */
	MANY = 4096,
	SETTLE_US = 2000, /* until a thread without work sleeps */
	SPINS = 100,
	SIZES = 8,
};

/* One thread's: how many it submitted, and how many of them it was called back for. */
struct client {
	unsigned long called __attribute__((__aligned__(128))); /* atomic */
	unsigned long sent;
	unsigned int next; /* channel */
};

struct engine {
	struct null_engine *null; /* NULL: the threads that copy */
	u8 *memory;               /* of them: from, then to */
	dma_addr_t from, to;
	struct client client[BENCH_THREADS];
	unsigned int nr;
	struct dma_chan *chan[]; /* by thread */
};

/* --- memory ----------------------------------------------------------------------------------- */

/*
 * From, then to. Rows of as many bytes have the same: where pages happen to lie makes a tenth of a
 * copy's time, and is no difference between two who copy.
 */
static struct memory {
	u8 *at;
	size_t bytes;
	unsigned int users;
} memories[SIZES];

static u8 *memory_get(size_t bytes)
{
	struct memory *memory = memories;

	while (memory->users && memory->bytes != bytes)
		if (++memory == memories + SIZES)
			bench_die("more sizes of copies than SIZES");
	if (!memory->users++) {
		memory->bytes = bytes;
		memory->at = kmalloc(2 * bytes, GFP_KERNEL);
		if (!memory->at)
			bench_die("no memory to copy");
		memset(memory->at, 1, 2 * bytes);
	}
	return memory->at;
}

static void memory_put(size_t bytes)
{
	for (unsigned int i = 0; i < SIZES; i++)
		if (memories[i].users && memories[i].bytes == bytes && !--memories[i].users)
			kfree(memories[i].at);
}

/* --- life ------------------------------------------------------------------------------------- */

/* Null providers can't XOR. */
static struct dma_chan *take_copier(void)
{
	dma_cap_mask_t mask;
	struct dma_chan *chan;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	dma_cap_set(DMA_XOR, mask);
	chan = dma_request_chan_by_mask(&mask);
	return IS_ERR(chan) ? NULL : chan;
}

static struct engine *engine_new(const struct row *row, struct null_engine *null)
{
	const unsigned int nr = row->live * row_threads(row);
	struct engine *engine = bench_calloc(1, sizeof(*engine) + nr * sizeof(engine->chan[0]));

	engine->null = null;
	engine->nr = nr;
	for (unsigned int i = 0; i < nr; i++) {
		engine->chan[i] = null ? null_engine_take(null) : take_copier();
		if (!engine->chan[i])
			bench_die("too few DMA channels");
	}
	return engine;
}

static struct null_engine *make_null(unsigned int channels)
{
	const unsigned int depth = DESCRIPTORS / channels < 64 ? DESCRIPTORS / channels : 64;
	struct null_engine *null = null_engine_new(bench_wide, channels, depth < 2 ? 2 : depth,
						   NULL);

	if (!null)
		bench_die("no memory for a DMA controller");
	return null;
}

static void *prepare_null(const struct row *row)
{
	return engine_new(row, make_null(row->live * row_threads(row)));
}

static void *prepare_copier(const struct row *row)
{
	struct engine *engine = engine_new(row, NULL);
	struct device *master = dmaengine_get_dma_device(engine->chan[0]);

	engine->memory = memory_get(row->bytes);
	engine->from = dma_map_single(master, engine->memory, row->bytes, DMA_TO_DEVICE);
	engine->to = dma_map_single(master, engine->memory + row->bytes, row->bytes,
				    DMA_FROM_DEVICE);
	if (dma_mapping_error(master, engine->from) || dma_mapping_error(master, engine->to))
		bench_die("what is to be copied can't be mapped");
	return engine;
}

static void finish(const struct row *row, void *state)
{
	struct engine *engine = state;
	struct device *master = dmaengine_get_dma_device(engine->chan[0]);

	if (engine->memory) {
		dma_unmap_single(master, engine->from, row->bytes, DMA_TO_DEVICE);
		dma_unmap_single(master, engine->to, row->bytes, DMA_FROM_DEVICE);
		memory_put(row->bytes);
	}
	for (unsigned int i = 0; i < engine->nr; i++)
		dma_release_channel(engine->chan[i]);
	if (engine->null)
		null_engine_free(engine->null);
	free(engine);
}

/* --- descriptors ------------------------------------------------------------------------------ */

/* There may be fewer processors than threads that have to do with it. */
static void rest(unsigned int *spins)
{
	if (++*spins < SPINS)
		cpu_relax();
	else
		sched_yield();
}

static void called_back(void *client)
{
	__atomic_add_fetch(&((struct client *)client)->called, 1, __ATOMIC_RELEASE);
}

static unsigned long under_way(struct client *client)
{
	return client->sent - __atomic_load_n(&client->called, __ATOMIC_ACQUIRE);
}

static void wait_until(struct client *client, unsigned long few)
{
	unsigned int spins = 0;

	while (under_way(client) > few)
		rest(&spins);
}

enum operation { COPY, FILL, XOR };

static inline __attribute__((__always_inline__)) struct dma_async_tx_descriptor *
prepare_one(struct engine *engine, struct dma_chan *chan, size_t bytes, enum operation operation)
{
	const unsigned long flags = DMA_PREP_INTERRUPT | DMA_CTRL_ACK;
	dma_addr_t from[] = {engine->from, engine->from};

	if (operation == FILL)
		return dmaengine_prep_dma_memset(chan, engine->to, 1, bytes, flags);
	if (operation == XOR)
		return chan->device->device_prep_dma_xor(chan, engine->to, from, 2, bytes, flags);
	return dmaengine_prep_dma_memcpy(chan, engine->to, engine->from, bytes, flags);
}

static inline __attribute__((__always_inline__)) void send(struct engine *engine,
							   struct client *client,
							   struct dma_chan *chan, size_t bytes,
							   enum operation operation)
{
	struct dma_async_tx_descriptor *tx;
	unsigned int spins = 0;

	while (!(tx = prepare_one(engine, chan, bytes, operation)))
		rest(&spins);
	tx->callback = called_back;
	tx->callback_param = client;
	client->sent++;
	dmaengine_submit(tx);
}

/* @n descriptors over the thread's channels, @batch at a time on each. */
static inline __attribute__((__always_inline__)) void send_all(struct work *work, unsigned int n,
							       unsigned int batch,
							       unsigned int window,
							       enum operation operation)
{
	const struct row *row = work->row;
	struct engine *engine = work->state;
	struct client *client = &engine->client[work->index];
	struct dma_chan **chan = &engine->chan[work->index * row->live];

	for (unsigned int i = 0; i < n; i += batch) {
		client->next = client->next + 1 < row->live ? client->next + 1 : 0;
		for (unsigned int k = 0; k < batch; k++)
			send(engine, client, chan[client->next], row->bytes, operation);
		dma_async_issue_pending(chan[client->next]);
		wait_until(client, window);
	}
}

static void settle(struct work *work)
{
	wait_until(&((struct engine *)work->state)->client[work->index], 0);
}

static void one_by_one(struct work *work, unsigned int n)
{
	send_all(work, n, 1, WINDOW, COPY);
	settle(work);
}

static void fills(struct work *work, unsigned int n)
{
	send_all(work, n, 1, WINDOW, FILL);
	settle(work);
}

static void xors(struct work *work, unsigned int n)
{
	send_all(work, n, 1, WINDOW, XOR);
	settle(work);
}

enum { BATCHED = 32 };

static void in_batches(struct work *work, unsigned int n)
{
	send_all(work, n, BATCHED, WINDOW, COPY);
	settle(work);
}

/* Each waited for before the next. */
static void alone(struct work *work, unsigned int n)
{
	send_all(work, n, 1, 0, COPY);
}

/* The submitter's part: nothing is waited for. */
static void submitted(struct work *work, unsigned int n)
{
	send_all(work, n, 1, ~0U, COPY);
}

static void settle_asleep(struct work *work)
{
	settle(work);
	usleep(SETTLE_US);
}

/* --- channels --------------------------------------------------------------------------------- */

static void *prepare_channels(const struct row *row)
{
	return make_null(row->live);
}

static void finish_channels(const struct row *row, void *state)
{
	null_engine_free(state);
}

static void channels(struct work *work, unsigned int n)
{
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	for (unsigned int i = 0; i < n; i++) {
		struct dma_chan *chan = dma_request_channel(mask, NULL, NULL);

		if (!chan)
			bench_die("no DMA channel");
		dma_release_channel(chan);
	}
}

/* --- plain memcpy of the same memory ---------------------------------------------------------- */

static void *prepare_memcpy(const struct row *row)
{
	return memory_get(row->bytes);
}

static void finish_memcpy(const struct row *row, void *state)
{
	memory_put(row->bytes);
}

static void plain(struct work *work, unsigned int n)
{
	const size_t bytes = work->row->bytes;
	u8 *from = work->state;

	for (unsigned int i = 0; i < n; i++) {
		memcpy(from + bytes, from, bytes);
		bench_keep((uintptr_t)from);
	}
}

static void plain_fill(struct work *work, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		memset(work->state, 1, work->row->bytes);
		bench_keep((uintptr_t)work->state);
	}
}

/* As a compiler has it. */
static void plain_xor(struct work *work, unsigned int n)
{
	const size_t words = work->row->bytes / sizeof(u64);
	const u64 *a = work->state, *b = work->state;
	u64 *to = (u64 *)work->state + words;

	for (unsigned int i = 0; i < n; i++) {
		for (size_t k = 0; k < words; k++)
			to[k] = a[k] ^ b[k];
		bench_keep((uintptr_t)to);
		__asm__ volatile("" : "+r"(b)); /* it may be another one */
	}
}

/* --- the rows --------------------------------------------------------------------------------- */

#define NULLS(channels_, function)                                                  \
	.where = AT_PC, .run = function, .prepare = prepare_null, .finish = finish, \
	.live = channels_, .least = 2048, .bytes = TINY, .floor = "handed to another thread"
#define COPIER(channels_, function, size)                                             \
	.where = AT_PC, .run = function, .prepare = prepare_copier, .finish = finish, \
	.live = channels_, .bytes = size
#define CURVE(text) .curve = "DMA descriptor, " text, .over_channels = true
#define TINIES(text, channels_)                                                             \
	{                                                                                   \
		.name = "DMA descriptor, copying threads, 64 B, " text " channels",         \
		COPIER(channels_, one_by_one, TINY), .least = 512, CURVE("copying threads") \
	}
#define MEMCPY(text, size)                                                                       \
	{                                                                                        \
		.name = "memcpy, machine's memory, " text, .kind = BENCH_FLOOR, .who = "memcpy", \
		.where = AT_PC, .run = plain, .bytes = size, .prepare = prepare_memcpy,          \
		.finish = finish_memcpy                                                          \
	}
#define COPIES(text, size, times)                                                        \
	.name = "DMA copy, threads, " text, COPIER(1, one_by_one, size), .least = times, \
	.same = "memcpy, machine's memory, " text, .same_is = "memcpy"
#define NINE_TENTHS .goal_times = 1 / 0.9

static const struct row rows[] = {
	{.name = "DMA descriptor, no controller, 8 channels",
	 NULLS(8, one_by_one),
	 CURVE("no controller")},
	{.name = "DMA descriptor, no controller, 64 channels",
	 NULLS(64, one_by_one),
	 CURVE("no controller")},
	{.name = "DMA descriptor, no controller, 512 channels",
	 NULLS(512, one_by_one),
	 CURVE("no controller")},
	{.name = "DMA descriptor, no controller, 4,096 channels",
	 NULLS(MANY, one_by_one),
	 CURVE("no controller")},
	{.name = "DMA descriptor, no controller, 32 at a time", NULLS(8, in_batches)},
	{.name = "DMA descriptor, no controller, 2 threads",
	 .threads = 2,
	 NULLS(8, one_by_one),
	 .same = "DMA descriptor, no controller, 8 channels"},
	{.name = "DMA channel request + release, 8 channels",
	 .where = AT_PC,
	 .run = channels,
	 .prepare = prepare_channels,
	 .finish = finish_channels,
	 .live = 8,
	 .alone = true,
	 .floor = "spinlock pair",
	 .curve = "DMA channel request + release",
	 .over_channels = true},
	{.name = "DMA channel request + release, 4,096 channels",
	 .where = AT_PC,
	 .run = channels,
	 .prepare = prepare_channels,
	 .finish = finish_channels,
	 .live = MANY,
	 .alone = true,
	 .floor = "spinlock pair",
	 .curve = "DMA channel request + release",
	 .over_channels = true},
	TINIES("8", 8),
	TINIES("64", 64),
	TINIES("512", 512),
	TINIES("4,096", MANY),
	MEMCPY("4 KiB", 4 << 10),
	MEMCPY("16 KiB", 16 << 10),
	MEMCPY("64 KiB", 64 << 10),
	MEMCPY("256 KiB", 256 << 10),
	MEMCPY("1 MiB", 1 << 20),
	{.name = "memset, machine's memory, 64 KiB",
	 .kind = BENCH_FLOOR,
	 .who = "memset",
	 .where = AT_PC,
	 .run = plain_fill,
	 .bytes = 64 << 10,
	 .prepare = prepare_memcpy,
	 .finish = finish_memcpy},
	{.name = "XOR of two, machine's memory, 64 KiB",
	 .kind = BENCH_FLOOR,
	 .who = "a loop",
	 .where = AT_PC,
	 .run = plain_xor,
	 .bytes = 64 << 10,
	 .prepare = prepare_memcpy,
	 .finish = finish_memcpy},
	{.name = "DMA fill, threads, 64 KiB",
	 COPIER(1, fills, 64 << 10),
	 .least = 64,
	 .same = "memset, machine's memory, 64 KiB",
	 .same_is = "memset"},
	{.name = "DMA XOR of two, threads, 64 KiB",
	 COPIER(1, xors, 64 << 10),
	 .least = 64,
	 .same = "XOR of two, machine's memory, 64 KiB",
	 .same_is = "a loop"},
	{.name = "DMA descriptor, copying threads, 64 B, 2 clients",
	 .threads = 2,
	 COPIER(8, one_by_one, TINY),
	 .least = 512,
	 .same = "DMA descriptor, copying threads, 64 B, 8 channels",
	 .same_is = "1 client"},
	{COPIES("4 KiB", 4 << 10, 1024)},
	{COPIES("16 KiB", 16 << 10, 256)},
	{COPIES("64 KiB", 64 << 10, 128), NINE_TENTHS},
	{COPIES("256 KiB", 256 << 10, 32), NINE_TENTHS},
	{COPIES("1 MiB", 1 << 20, 16), NINE_TENTHS},
	{.name = "DMA copy, one waited for, 4 KiB",
	 COPIER(1, alone, 4 << 10),
	 .least = 256,
	 .same = "memcpy, machine's memory, 4 KiB",
	 .same_is = "memcpy"},
	{.name = "DMA copy, one waited for, 64 KiB",
	 COPIER(1, alone, 64 << 10),
	 .least = 32,
	 .same = "memcpy, machine's memory, 64 KiB",
	 .same_is = "memcpy"},
	{.name = "DMA copy, the submitter's part",
	 COPIER(1, submitted, 4 << 10),
	 .least = 64,
	 .settle = settle,
	 .same = "memcpy, machine's memory, 4 KiB",
	 .same_is = "memcpy"},
	{.name = "DMA copy, the submitter's part, thread asleep",
	 COPIER(1, submitted, 4 << 10),
	 .most = 1,
	 .settle = settle_asleep,
	 .same = "memcpy, machine's memory, 4 KiB",
	 .same_is = "memcpy"},
};

const struct rows bench_engine = BENCH_ROWS(rows);
