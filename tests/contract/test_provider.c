// SPDX-License-Identifier: MIT
/*
 * ENG, as each controller that copies memory has to keep it, whichever it is: the threads that copy
 * on a machine that has no other, the simulated controller with --device dmac, and on QEMU's boards
 * the hardware that is modelled there, by the reference drivers. What only one of them can is in a
 * test of its own.
 */
#include "engine.h"

#include <linux/kthread.h>

enum { SIZE = 3 * PAGE_SIZE + 123, ROOM = 1 << 14 };

static bool can(struct dma_chan *chan, enum dma_transaction_type type)
{
	return dma_has_cap(type, chan->device->cap_mask);
}

/* Where nothing else is, the threads are; on a board it is not them. */
static void test_ENG_05_hardware_comes_before_the_threads(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);

	if (!machine()->pci)
		assert_non_null(chan->device->dev->of_node);
	dma_release_channel(chan);
}

static void test_ENG_01_a_copy_begins_when_it_is_issued_and_is_called_back(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct lent from = lend(chan, SIZE, DMA_TO_DEVICE, 3);
	struct lent to = lend(chan, SIZE, DMA_FROM_DEVICE, -1);
	struct dma_tx_state seen;
	dma_cookie_t cookie;

	expect_calls(1);
	cookie = copy(chan, &to, &from, 7);
	assert_int_equal(dmaengine_tx_status(chan, cookie, &seen), DMA_IN_PROGRESS);
	assert_int_equal(seen.used, cookie);
	dma_async_issue_pending(chan);
	must_be_called();
	assert_int_equal(dmaengine_tx_status(chan, cookie, &seen), DMA_COMPLETE);
	assert_int_equal(seen.residue, 0);
	assert_int_equal(calls.what[0], 7);
	assert_int_equal(calls.result[0].result, DMA_TRANS_NOERROR);
	assert_int_equal(calls.result[0].residue, 0);
	take_back(&from);
	take_back(&to);
	assert_true(bytes_are(to.bytes, SIZE, 3));
	kfree(from.bytes);
	kfree(to.bytes);
	dma_release_channel(chan);
}

static u64 next_random(u64 *random)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return *random >> 16;
}

/* Bytes [first, first + size) of @bytes are those of @expected, and all others are @border. */
static void expect_between_borders(const u8 *bytes, size_t first, size_t size, const u8 *expected,
				   u8 border)
{
	assert_memory_equal(bytes + first, expected, size);
	for (size_t i = 0; i < ROOM; i++)
		if ((i < first || i >= first + size) && bytes[i] != border)
			fail_msg("byte %zu beside [%zu, %zu) was written", i, first, first + size);
}

struct room {
	u8 *from, *to;
	dma_addr_t source, target;
	struct device *master;
};

static void room_map(struct room *room, int round)
{
	fill_bytes(room->from, ROOM, round);
	memset(room->to, round, ROOM);
	room->source = must_map(room->master, room->from, ROOM, DMA_TO_DEVICE);
	room->target = must_map(room->master, room->to, ROOM, DMA_BIDIRECTIONAL);
}

static void room_unmap(struct room *room)
{
	dma_unmap_single(room->master, room->source, ROOM, DMA_TO_DEVICE);
	dma_unmap_single(room->master, room->target, ROOM, DMA_BIDIRECTIONAL);
}

/* One copy and one fill after the other, at any place, of any length. */
static void work_in_room(struct dma_chan *chan, struct room *room, u64 *random, int round)
{
	const bool fills = round % 4 == 3 && can(chan, DMA_MEMSET);
	/* Short ones are where alignment matters. */
	const size_t most = next_random(random) % 3 ? ROOM - 1 : 80;
	const size_t size = 1 + next_random(random) % most;
	const size_t source = next_random(random) % (ROOM - size + 1);
	const size_t target = next_random(random) % (ROOM - size + 1);

	room_map(room, round);
	expect_calls(1);
	if (fills)
		submit(dmaengine_prep_dma_memset(chan, room->target + target, ~round, size, 0), 1);
	else
		submit(dmaengine_prep_dma_memcpy(chan, room->target + target, room->source + source,
						 size, 0),
		       1);
	dma_async_issue_pending(chan);
	must_be_called();
	room_unmap(room);
	assert_int_equal(calls.result[0].result, DMA_TRANS_NOERROR);
	assert_true(bytes_are(room->from, ROOM, round));
	if (fills)
		memset(room->from + source, ~round, size);
	expect_between_borders(room->to, target, size, room->from + source, round);
}

/* As Linux's own test of controllers does it: any place, any length, and what is beside stays. */
static void test_ENG_05_it_writes_what_it_is_told_and_no_more(void **state)
{
	enum { ROUNDS = 120 };
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct room room = {.from = must_kmalloc(ROOM),
			    .to = must_kmalloc(ROOM),
			    .master = dmaengine_get_dma_device(chan)};
	u64 random = contract_seed();

	for (int round = 0; round < ROUNDS; round++)
		work_in_room(chan, &room, &random, round);
	kfree(room.from);
	kfree(room.to);
	dma_release_channel(chan);
}

static void test_ENG_05_a_long_copy_is_whole(void **state)
{
	enum { LONG = (1 << 20) + 77 };
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct device *master = dmaengine_get_dma_device(chan);
	struct lent from, to;

	if (!machine_is("tiny") && dma_max_mapping_size(master) > LONG) {
		from = lend(chan, LONG, DMA_TO_DEVICE, 1);
		to = lend(chan, LONG, DMA_FROM_DEVICE, -1);
		expect_calls(1);
		copy(chan, &to, &from, 1);
		dma_async_issue_pending(chan);
		must_be_called();
		take_back(&from);
		take_back(&to);
		assert_true(bytes_are(to.bytes, LONG, 1));
		kfree(from.bytes);
		kfree(to.bytes);
	}
	dma_release_channel(chan);
}

/* Columns of 16 bytes out of rows of 64 go side by side. */
static void test_ENG_05_columns_are_taken_out_of_rows(void **state)
{
	enum { ROWS = 20 };
	struct dma_interleaved_template *template;
	struct dma_chan *chan = may_request(DMA_INTERLEAVE);
	struct lent from, to;

	if (!chan)
		return;
	template = kzalloc(sizeof(*template) + sizeof(struct data_chunk), GFP_KERNEL);
	assert_non_null(template);
	from = lend(chan, ROWS * 64, DMA_TO_DEVICE, 5);
	to = lend(chan, ROWS * 16, DMA_FROM_DEVICE, -1);
	template->src_start = from.dma;
	template->dst_start = to.dma;
	template->dir = DMA_MEM_TO_MEM;
	template->src_inc = template->dst_inc = template->src_sgl = true;
	template->numf = ROWS;
	template->frame_size = 1;
	template->sgl[0] = (struct data_chunk){.size = 16, .icg = 48};
	expect_calls(1);
	submit(dmaengine_prep_interleaved_dma(chan, template, 0), 1);
	dma_async_issue_pending(chan);
	must_be_called();
	take_back(&from);
	take_back(&to);
	for (int i = 0; i < ROWS; i++)
		assert_memory_equal(to.bytes + 16 * i, from.bytes + 64 * i, 16);
	kfree(template);
	kfree(from.bytes);
	kfree(to.bytes);
	dma_release_channel(chan);
}

static void test_ENG_04_descriptors_end_in_order(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMSET);
	struct lent to = lend(chan, CALLS * 16, DMA_FROM_DEVICE, -1);

	expect_calls(CALLS);
	for (int i = 0; i < CALLS; i++)
		submit(dmaengine_prep_dma_memset(chan, to.dma + 16 * i, i, 16 * (CALLS - i),
						 DMA_PREP_INTERRUPT),
		       i);
	dma_async_issue_pending(chan);
	must_be_called();
	take_back(&to);
	for (int i = 0; i < CALLS; i++) {
		assert_int_equal(calls.what[i], i);
		assert_int_equal(to.bytes[16 * i], i);
	}
	kfree(to.bytes);
	dma_release_channel(chan);
}

/* --- beside each other ------------------------------------------------------------------------ */

enum { WORKERS = 4 };

struct worker {
	struct dma_chan *chan;
	unsigned int salt;
	int wrong; /* the round in which it was, or -1 */
	struct completion done;
};

static void worker_called(void *param)
{
	complete(param);
}

/* Not by must_...(): a test that fails does so in its own thread. */
static bool worker_copies(struct worker *worker, const struct lent *to, const struct lent *from)
{
	struct dma_async_tx_descriptor *tx = dmaengine_prep_dma_memcpy(worker->chan, to->dma,
								       from->dma, to->size,
								       DMA_PREP_INTERRUPT);
	struct completion called;

	if (!tx)
		return false;
	init_completion(&called);
	tx->callback = worker_called;
	tx->callback_param = &called;
	dmaengine_submit(tx);
	dma_async_issue_pending(worker->chan);
	return wait_for_completion_timeout(&called, 5 * HZ);
}

static int work(void *data)
{
	enum { ROUNDS = 25 };
	struct worker *worker = data;

	for (int i = 0; i < ROUNDS && worker->wrong < 0; i++) {
		struct lent from = lend(worker->chan, SIZE, DMA_TO_DEVICE, worker->salt + i);
		struct lent to = lend(worker->chan, SIZE, DMA_FROM_DEVICE, -1);
		bool called = worker_copies(worker, &to, &from);

		if (!called)
			dmaengine_terminate_sync(worker->chan);
		take_back(&from);
		take_back(&to);
		if (!called || !bytes_are(to.bytes, SIZE, worker->salt + i))
			worker->wrong = i;
		kfree(from.bytes);
		kfree(to.bytes);
	}
	complete(&worker->done);
	return 0;
}

static void test_ENG_05_channels_work_beside_each_other(void **state)
{
	struct worker worker[WORKERS];

	for (int i = 0; i < WORKERS; i++) {
		worker[i].chan = must_request(DMA_MEMCPY);
		worker[i].salt = 100 * i;
		worker[i].wrong = -1;
		init_completion(&worker[i].done);
	}
	for (int i = 0; i < WORKERS; i++)
		assert_false(IS_ERR(kthread_run(work, &worker[i], "worker%d", i)));
	for (int i = 0; i < WORKERS; i++) {
		wait_for_completion(&worker[i].done);
		if (worker[i].wrong >= 0)
			fail_msg("channel %d went wrong in round %d", i, worker[i].wrong);
		dma_release_channel(worker[i].chan);
	}
}

/* --- ends ------------------------------------------------------------------------------------- */

static void test_ENG_04_what_is_terminated_calls_nobody_and_lets_go_of_memory(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);

	for (int round = 0; round < 8; round++) {
		struct lent from = lend(chan, SIZE, DMA_TO_DEVICE, round);
		struct lent to = lend(chan, SIZE, DMA_FROM_DEVICE, -1);
		int before;

		expect_calls(CALLS);
		for (int i = 0; i < 5; i++)
			copy(chan, &to, &from, i);
		if (round)
			dma_async_issue_pending(chan);
		copy(chan, &to, &from, 5);
		assert_non_null(dmaengine_prep_dma_memcpy(chan, to.dma, from.dma, SIZE, 0));
		assert_int_equal(dmaengine_terminate_sync(chan), 0);
		before = calls.n;
		assert_true(before <= (round ? 5 : 0));
		/* An unmap while it is the controller's would be a finding. */
		give_up(&from);
		give_up(&to);
		usleep_range(500, 600);
		assert_int_equal(calls.n, before);
	}
	dma_release_channel(chan);
}

static void test_ENG_04_a_channel_works_after_it_was_terminated(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct lent from = lend(chan, SIZE, DMA_TO_DEVICE, 8);
	struct lent to = lend(chan, SIZE, DMA_FROM_DEVICE, -1);

	for (int i = 0; i < 8; i++) {
		copy(chan, &to, &from, 1);
		dma_async_issue_pending(chan);
		assert_int_equal(dmaengine_terminate_async(chan), 0);
	}
	dmaengine_synchronize(chan);
	expect_calls(1);
	copy(chan, &to, &from, 2);
	dma_async_issue_pending(chan);
	must_be_called();
	assert_int_equal(calls.what[0], 2);
	take_back(&from);
	take_back(&to);
	assert_true(bytes_are(to.bytes, SIZE, 8));
	kfree(from.bytes);
	kfree(to.bytes);
	dma_release_channel(chan);
}

/* Taken for a new one each time, also when it was dropped in between. */
static void test_ENG_01_a_copy_for_reuse_is_submitted_again(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMSET);
	struct lent to = lend(chan, SIZE, DMA_FROM_DEVICE, -1);
	struct dma_async_tx_descriptor *tx = dmaengine_prep_dma_memset(chan, to.dma, 0x21, SIZE,
								       DMA_PREP_INTERRUPT);
	struct dma_tx_state seen;

	assert_non_null(tx);
	assert_int_equal(dmaengine_desc_set_reuse(tx), 0);
	for (int i = 0; i < 3; i++) {
		dma_cookie_t cookie;

		expect_calls(1);
		cookie = submit(tx, i);
		assert_int_equal(dmaengine_tx_status(chan, cookie, &seen), DMA_IN_PROGRESS);
		dma_async_issue_pending(chan);
		must_be_called();
		assert_int_equal(dmaengine_tx_status(chan, cookie, &seen), DMA_COMPLETE);
		assert_int_equal(seen.residue, 0);
		dma_sync_single_for_cpu(to.master, to.dma, SIZE, DMA_FROM_DEVICE);
		assert_int_equal(to.bytes[SIZE - 1], 0x21);
		to.bytes[SIZE - 1] = 0;
		dma_sync_single_for_device(to.master, to.dma, SIZE, DMA_FROM_DEVICE);
		submit(tx, i);
		dma_async_issue_pending(chan);
		dmaengine_terminate_sync(chan);
	}
	assert_int_equal(dmaengine_desc_free(tx), 0);
	give_up(&to);
	dma_release_channel(chan);
}

static void test_CTX_03_a_driver_that_came_back_copies_again(void **state)
{
	struct dma_chan *chan;
	struct lent from, to;

	assert_int_equal(dmk_module_unload(NULL), 0);
	assert_int_equal(dmk_module_load(NULL), 0);
	chan = must_request(DMA_MEMCPY);
	from = lend(chan, SIZE, DMA_TO_DEVICE, 2);
	to = lend(chan, SIZE, DMA_FROM_DEVICE, -1);
	expect_calls(1);
	copy(chan, &to, &from, 1);
	dma_async_issue_pending(chan);
	must_be_called();
	take_back(&from);
	take_back(&to);
	assert_true(bytes_are(to.bytes, SIZE, 2));
	kfree(from.bytes);
	kfree(to.bytes);
	dma_release_channel(chan);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_ENG_05_hardware_comes_before_the_threads),
		CONTRACT_TEST(test_ENG_01_a_copy_begins_when_it_is_issued_and_is_called_back),
		CONTRACT_TEST(test_ENG_05_it_writes_what_it_is_told_and_no_more),
		CONTRACT_TEST(test_ENG_05_a_long_copy_is_whole),
		CONTRACT_TEST(test_ENG_05_columns_are_taken_out_of_rows),
		CONTRACT_TEST(test_ENG_04_descriptors_end_in_order),
		CONTRACT_TEST(test_ENG_05_channels_work_beside_each_other),
		CONTRACT_TEST(test_ENG_04_what_is_terminated_calls_nobody_and_lets_go_of_memory),
		CONTRACT_TEST(test_ENG_04_a_channel_works_after_it_was_terminated),
		CONTRACT_TEST(test_ENG_01_a_copy_for_reuse_is_submitted_again),
		CONTRACT_TEST(test_CTX_03_a_driver_that_came_back_copies_again),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
