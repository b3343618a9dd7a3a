// SPDX-License-Identifier: MIT
/*
 * ENG on a controller that has hardware: the simulated one of docs/dmac.md, by its driver,
 * drivers/dmac/dmac.c, on each machine.
 */
#include "harness.h"

#include <linux/dmaengine.h>
#include <linux/of.h>

enum { SIZE = 3 * PAGE_SIZE + 123, LONG = 1 << 16 };

/* --- clients ---------------------------------------------------------------------------------- */

static bool is_dmac(struct dma_chan *chan, void *param)
{
	return chan->device->dev->of_node &&
	       of_device_is_compatible(chan->device->dev->of_node, "dmakit,dmac");
}

static struct dma_chan *must_request(enum dma_transaction_type type)
{
	struct dma_chan *chan;
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(type, mask);
	chan = dma_request_channel(mask, is_dmac, NULL);
	assert_non_null(chan);
	return chan;
}

/* What the callbacks said, in their order. */
enum { CALLS = 64 };

static struct {
	long what[CALLS];
	struct dmaengine_result result[CALLS];
	int n, wanted;
	struct completion last;
} calls;

static void expect_calls(int n)
{
	memset(&calls, 0, sizeof(calls));
	init_completion(&calls.last);
	calls.wanted = n;
}

static void called_with(void *param, const struct dmaengine_result *result)
{
	if (calls.n < CALLS) {
		calls.what[calls.n] = (long)param;
		calls.result[calls.n] = *result;
	}
	if (++calls.n == calls.wanted)
		complete(&calls.last);
}

static void must_be_called(void)
{
	assert_true(wait_for_completion_timeout(&calls.last, 5 * HZ));
}

static dma_cookie_t submit(struct dma_async_tx_descriptor *tx, long what)
{
	dma_cookie_t cookie;

	assert_non_null(tx);
	tx->callback_result = called_with;
	tx->callback_param = (void *)what;
	cookie = dmaengine_submit(tx);
	assert_false(dma_submit_error(cookie));
	return cookie;
}

/* A buffer, mapped for the controller. */
struct lent {
	struct device *master;
	u8 *bytes;
	dma_addr_t dma;
	size_t size;
	enum dma_data_direction dir;
};

static struct lent lend(struct dma_chan *chan, size_t size, enum dma_data_direction dir, int salt)
{
	struct lent lent = {dmaengine_get_dma_device(chan), must_kmalloc(size), 0, size, dir};

	if (salt < 0)
		memset(lent.bytes, 0, size);
	else
		fill_bytes(lent.bytes, size, salt);
	lent.dma = must_map(lent.master, lent.bytes, size, dir);
	return lent;
}

static void take_back(struct lent *lent)
{
	dma_unmap_single(lent->master, lent->dma, lent->size, lent->dir);
}

static dma_cookie_t copy(struct dma_chan *chan, const struct lent *to, const struct lent *from,
			 long what)
{
	return submit(dmaengine_prep_dma_memcpy(chan, to->dma, from->dma, to->size,
						DMA_PREP_INTERRUPT),
		      what);
}

/* --- ENG-01, ENG-05: memory to memory --------------------------------------------------------- */

static void test_ENG_05_the_controller_copies_between_two_mappings(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct lent from = lend(chan, SIZE, DMA_TO_DEVICE, 3);
	struct lent to = lend(chan, SIZE, DMA_FROM_DEVICE, -1);
	struct dma_tx_state seen;
	dma_cookie_t cookie;

	expect_calls(1);
	cookie = copy(chan, &to, &from, 7);
	assert_int_equal(dmaengine_tx_status(chan, cookie, &seen), DMA_IN_PROGRESS);
	dma_async_issue_pending(chan);
	must_be_called();
	assert_int_equal(dmaengine_tx_status(chan, cookie, &seen), DMA_COMPLETE);
	assert_int_equal(seen.residue, 0);
	assert_int_equal(calls.what[0], 7);
	assert_int_equal(calls.result[0].result, DMA_TRANS_NOERROR);
	take_back(&from);
	take_back(&to);
	assert_true(bytes_are(to.bytes, SIZE, 3));
	kfree(from.bytes);
	kfree(to.bytes);
	dma_release_channel(chan);
}

static void test_ENG_05_the_controller_fills(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMSET);
	struct lent to = lend(chan, SIZE, DMA_FROM_DEVICE, -1);

	expect_calls(1);
	submit(dmaengine_prep_dma_memset(chan, to.dma, 0x5a, SIZE, DMA_PREP_INTERRUPT), 1);
	dma_async_issue_pending(chan);
	must_be_called();
	take_back(&to);
	for (size_t i = 0; i < SIZE; i++)
		assert_int_equal(to.bytes[i], 0x5a);
	kfree(to.bytes);
	dma_release_channel(chan);
}

static void test_ENG_04_descriptors_end_in_order_on_each_of_many_channels(void **state)
{
	enum { CHANNELS = 8, EACH = 4 };
	struct dma_chan *chan[CHANNELS];
	struct lent from[CHANNELS], to[CHANNELS][EACH];

	expect_calls(CHANNELS * EACH);
	for (int i = 0; i < CHANNELS; i++) {
		chan[i] = must_request(DMA_MEMCPY);
		from[i] = lend(chan[i], 600, DMA_TO_DEVICE, i);
		for (int j = 0; j < EACH; j++) {
			to[i][j] = lend(chan[i], 600, DMA_FROM_DEVICE, -1);
			copy(chan[i], &to[i][j], &from[i], i * EACH + j);
		}
	}
	for (int i = 0; i < CHANNELS; i++)
		dma_async_issue_pending(chan[i]);
	must_be_called();
	for (int i = 0; i < CHANNELS; i++) {
		int last = -1;

		for (int n = 0; n < calls.n; n++) {
			if (calls.what[n] / EACH != i)
				continue;
			assert_true(calls.what[n] > last);
			last = calls.what[n];
		}
		for (int j = 0; j < EACH; j++) {
			take_back(&to[i][j]);
			assert_true(bytes_are(to[i][j].bytes, 600, i));
			kfree(to[i][j].bytes);
		}
		take_back(&from[i]);
		kfree(from[i].bytes);
		dma_release_channel(chan[i]);
	}
}

static void test_ENG_01_all_channels_taken_leaves_none(void **state)
{
	struct dma_chan *chan[8];
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	for (int i = 0; i < 8; i++)
		chan[i] = must_request(DMA_MEMCPY);
	assert_null(dma_request_channel(mask, is_dmac, NULL));
	for (int i = 0; i < 8; i++)
		dma_release_channel(chan[i]);
}

/* --- ENG-01: pause, resume, residue ----------------------------------------------------------- */

/* Slow: a step moves 256 bytes. */
static const struct dmk_device_request slow[] = {
	{"dmac", {{"quantum", "256"}, {"usec", "200"}}, 2}};

static void test_ENG_01_pause_holds_it_and_the_residue_says_where(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct lent from = lend(chan, LONG, DMA_TO_DEVICE, 1);
	struct lent to = lend(chan, LONG, DMA_FROM_DEVICE, -1);
	struct dma_tx_state seen;
	dma_cookie_t cookie;
	u32 residue = LONG;

	expect_calls(1);
	cookie = copy(chan, &to, &from, 1);
	dma_async_issue_pending(chan);
	while (residue == LONG) {
		assert_int_equal(dmaengine_tx_status(chan, cookie, &seen), DMA_IN_PROGRESS);
		assert_true(seen.residue <= residue);
		residue = seen.residue;
		usleep_range(50, 100);
	}
	assert_int_equal(dmaengine_pause(chan), 0);
	assert_int_equal(dmaengine_tx_status(chan, cookie, &seen), DMA_PAUSED);
	residue = seen.residue;
	assert_true(residue > 0 && residue < LONG);
	assert_int_equal(residue % 256, 0);
	usleep_range(2000, 3000);
	dmaengine_tx_status(chan, cookie, &seen);
	assert_int_equal(seen.residue, residue);
	assert_int_equal(calls.n, 0);
	assert_int_equal(dmaengine_resume(chan), 0);
	must_be_called();
	take_back(&from);
	take_back(&to);
	assert_true(bytes_are(to.bytes, LONG, 1));
	kfree(from.bytes);
	kfree(to.bytes);
	dma_release_channel(chan);
}

/* --- ENG-04: errors and ends ------------------------------------------------------------------ */

static const struct dmk_device_request failing[] = {{"dmac", {{"fail", "2"}}, 1}};

static void test_ENG_04_a_failed_descriptor_says_so_and_the_next_goes_on(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct lent from = lend(chan, SIZE, DMA_TO_DEVICE, 9), to[3];

	expect_calls(3);
	for (int i = 0; i < 3; i++) {
		to[i] = lend(chan, SIZE, DMA_FROM_DEVICE, -1);
		copy(chan, &to[i], &from, i);
	}
	dma_async_issue_pending(chan);
	must_be_called();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(calls.what[i], i);
		assert_int_equal(calls.result[i].result,
				 i == 1 ? DMA_TRANS_ABORTED : DMA_TRANS_NOERROR);
		assert_int_equal(calls.result[i].residue, i == 1 ? SIZE : 0);
		take_back(&to[i]);
		if (i != 1)
			assert_true(bytes_are(to[i].bytes, SIZE, 9));
		kfree(to[i].bytes);
	}
	take_back(&from);
	kfree(from.bytes);
	dma_release_channel(chan);
}

/* Memory that no machine has: also behind an IOMMU, where nothing is mapped. */
static void test_ENG_04_an_address_that_is_none_is_reported_by_direction(void **state)
{
	const dma_addr_t nowhere = 0x7ffffff00000ull;
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct lent buffer = lend(chan, SIZE, DMA_BIDIRECTIONAL, 4);

	expect_anything();
	expect_calls(2);
	submit(dmaengine_prep_dma_memcpy(chan, buffer.dma, nowhere, SIZE, 0), 0);
	submit(dmaengine_prep_dma_memcpy(chan, nowhere, buffer.dma, SIZE, 0), 1);
	dma_async_issue_pending(chan);
	must_be_called();
	assert_int_equal(calls.result[0].result, DMA_TRANS_READ_FAILED);
	assert_int_equal(calls.result[1].result, DMA_TRANS_WRITE_FAILED);
	assert_int_equal(calls.result[1].residue, SIZE);
	take_back(&buffer);
	assert_true(bytes_are(buffer.bytes, SIZE, 4));
	kfree(buffer.bytes);
	dma_release_channel(chan);
}

static const struct dmk_device_request hanging[] = {{"dmac", {{"hang", "1"}}, 1}};

static void test_ENG_04_a_channel_that_hangs_is_ended_and_works_again(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct lent from = lend(chan, SIZE, DMA_TO_DEVICE, 2);
	struct lent to = lend(chan, SIZE, DMA_FROM_DEVICE, -1);
	dma_cookie_t cookie;

	expect_calls(1);
	cookie = copy(chan, &to, &from, 1);
	dma_async_issue_pending(chan);
	usleep_range(3000, 4000);
	assert_int_equal(dmaengine_tx_status(chan, cookie, NULL), DMA_IN_PROGRESS);
	assert_int_equal(dmaengine_terminate_sync(chan), 0);
	assert_int_equal(calls.n, 0);
	copy(chan, &to, &from, 2);
	dma_async_issue_pending(chan);
	must_be_called();
	assert_int_equal(calls.what[0], 2);
	take_back(&from);
	take_back(&to);
	assert_true(bytes_are(to.bytes, SIZE, 2));
	kfree(from.bytes);
	kfree(to.bytes);
	dma_release_channel(chan);
}

static void test_ENG_04_terminate_in_the_middle_calls_nobody_and_lets_go_of_memory(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);

	/* Each time at another place of the first; others are submitted, or only prepared. */
	for (int i = 0; i < 8; i++) {
		struct lent from = lend(chan, LONG, DMA_TO_DEVICE, i);
		struct lent to = lend(chan, LONG, DMA_FROM_DEVICE, -1);

		expect_calls(1);
		copy(chan, &to, &from, 1);
		dma_async_issue_pending(chan);
		copy(chan, &to, &from, 2);
		assert_non_null(dmaengine_prep_dma_memcpy(chan, to.dma, from.dma, LONG, 0));
		usleep_range(i * 100, i * 100 + 50);
		assert_int_equal(dmaengine_terminate_sync(chan), 0);
		assert_int_equal(calls.n, 0);
		/* An unmap while it is the controller's would be a finding. */
		take_back(&from);
		take_back(&to);
		kfree(from.bytes);
		kfree(to.bytes);
	}
	usleep_range(1000, 2000);
	assert_int_equal(calls.n, 0);
	dma_release_channel(chan);
}

int main(int argc, char **argv)
{
	static const struct dmk_device_request plain[] = {{.model = "dmac"}};
	static const struct contract_test tests[] = {
		CONTRACT_TEST_ON(test_ENG_05_the_controller_copies_between_two_mappings, plain),
		CONTRACT_TEST_ON(test_ENG_05_the_controller_fills, plain),
		CONTRACT_TEST_ON(test_ENG_04_descriptors_end_in_order_on_each_of_many_channels,
				 plain),
		CONTRACT_TEST_ON(test_ENG_01_all_channels_taken_leaves_none, plain),
		CONTRACT_TEST_ON(test_ENG_01_pause_holds_it_and_the_residue_says_where, slow),
		CONTRACT_TEST_ON(test_ENG_04_a_failed_descriptor_says_so_and_the_next_goes_on,
				 failing),
		CONTRACT_TEST_ON(test_ENG_04_an_address_that_is_none_is_reported_by_direction,
				 plain),
		CONTRACT_TEST_ON(test_ENG_04_a_channel_that_hangs_is_ended_and_works_again,
				 hanging),
		CONTRACT_TEST_ON(
			test_ENG_04_terminate_in_the_middle_calls_nobody_and_lets_go_of_memory,
			slow),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
