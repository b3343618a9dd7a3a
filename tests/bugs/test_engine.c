// SPDX-License-Identifier: MIT
/*
 * Broken clients of the DMA engine, and broken controllers, each with its near miss. Copies are
 * done by the threads that every machine has; what has a peripheral at its other end is tried on a
 * controller that does what it is told (tests/contract/fake_dma.h).
 */
#include "broken.h"

#include "fake_dma.h"

#include <linux/dma-mapping.h>
#include <linux/wait.h>

/* --- a client of the threads that copy -------------------------------------------------------- */

struct client {
	struct dma_chan *chan;
	struct device *master;
	u8 *memory;
	dma_addr_t dma;
	struct completion done;
	wait_queue_head_t queue;
};

static void done(void *param)
{
	complete(&((struct client *)param)->done);
}

/* Inlined, all of them: a finding's stack shows the test's line. */
static inline struct client *open_client(enum dma_data_direction dir)
{
	struct client *client = calloc(1, sizeof(*client));

	assert_non_null(client);
	client->chan = must_request(DMA_MEMSET);
	client->master = dmaengine_get_dma_device(client->chan);
	client->memory = must_kmalloc(SIZE);
	client->dma = must_map(client->master, client->memory, SIZE, dir);
	init_completion(&client->done);
	init_waitqueue_head(&client->queue);
	return client;
}

static inline struct dma_async_tx_descriptor *prepare(struct client *client, dma_addr_t dma,
						      size_t size)
{
	struct dma_async_tx_descriptor *tx = dmaengine_prep_dma_memset(client->chan, dma, 1, size,
								       DMA_PREP_INTERRUPT);

	assert_non_null(tx);
	tx->callback = done;
	tx->callback_param = client;
	return tx;
}

static inline void run_to_end(struct client *client, struct dma_async_tx_descriptor *tx)
{
	dmaengine_submit(tx);
	dma_async_issue_pending(client->chan);
	assert_true(wait_for_completion_timeout(&client->done, 5 * HZ));
}

static inline void release(struct client *client)
{
	dma_release_channel(client->chan);
	free(client);
}

static inline void unmap(struct client *client, enum dma_data_direction dir)
{
	dma_unmap_single(client->master, client->dma, SIZE, dir);
	kfree(client->memory);
}

static inline void close_client(struct client *client)
{
	unmap(client, DMA_FROM_DEVICE);
	release(client);
}

/* --- ENG-01: submitted, issued, once ---------------------------------------------------------- */

BROKEN(ENG_01, waits_for_what_it_did_not_issue)
{
	struct client *client = open_client(DMA_FROM_DEVICE);

	dmaengine_submit(prepare(client, client->dma, SIZE));
	assert_false(wait_for_completion_timeout(&client->done, 1));
	expect_finding("ENG-01", 1);
	expect_words("ENG-01", "timed out");
	dmaengine_terminate_sync(client->chan);
	close_client(client);
}

BROKEN(ENG_01, waits_in_a_queue_for_what_it_did_not_issue)
{
	struct client *client = open_client(DMA_FROM_DEVICE);

	dmaengine_submit(prepare(client, client->dma, SIZE));
	assert_false(wait_event_timeout(client->queue, completion_done(&client->done), 1));
	expect_finding("ENG-01", 1);
	expect_words("ENG-01", "timed out");
	dmaengine_terminate_sync(client->chan);
	close_client(client);
}

NEAR_MISS(ENG_01, waits_for_what_it_issued)
{
	struct client *client = open_client(DMA_FROM_DEVICE);

	run_to_end(client, prepare(client, client->dma, SIZE));
	close_client(client);
}

/* Its peripheral was not ready: the transfer is called off. */
NEAR_MISS(ENG_01, calls_off_what_it_did_not_issue)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	struct completion ready;

	init_completion(&ready);
	dmaengine_submit(prepare(client, client->dma, SIZE));
	assert_false(wait_for_completion_timeout(&ready, 1));
	dmaengine_terminate_sync(client->chan);
	close_client(client);
}

BROKEN(ENG_01, releases_with_what_it_did_not_issue)
{
	struct client *client = open_client(DMA_FROM_DEVICE);

	for (int i = 0; i < 3; i++)
		dmaengine_submit(prepare(client, client->dma, SIZE));
	close_client(client);
	expect_finding("ENG-01", 3);
}

static dma_cookie_t refuse(struct dma_async_tx_descriptor *tx)
{
	vchan_tx_desc_free(tx);
	return -ENOMEM;
}

/* The controller had no room: there is nothing to issue, and nothing is lent to it. */
NEAR_MISS(ENG_01, releases_after_what_was_refused)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	struct dma_async_tx_descriptor *tx = prepare(client, client->dma, SIZE);

	tx->tx_submit = refuse;
	assert_int_equal(dmaengine_submit(tx), -ENOMEM);
	dma_async_issue_pending(client->chan);
	close_client(client);
}

BROKEN(ENG_01, asks_and_asks_about_what_it_did_not_issue)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	dma_cookie_t cookie = dmaengine_submit(prepare(client, client->dma, SIZE));

	for (int i = 0; i < 1000; i++)
		assert_int_equal(dmaengine_tx_status(client->chan, cookie, NULL), DMA_IN_PROGRESS);
	expect_finding("ENG-01", 1);
	dmaengine_terminate_sync(client->chan);
	close_client(client);
}

NEAR_MISS(ENG_01, asks_before_it_issues)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	dma_cookie_t cookie = dmaengine_submit(prepare(client, client->dma, SIZE));

	assert_int_equal(dmaengine_tx_status(client->chan, cookie, NULL), DMA_IN_PROGRESS);
	assert_int_equal(dma_sync_wait(client->chan, cookie), DMA_COMPLETE);
	close_client(client);
}

BROKEN(ENG_01, submits_twice)
{
	struct dma_async_tx_descriptor *tx;
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	tx = dmaengine_prep_dma_memcpy(chan, fake.dma, fake.dma + 16, 16, 0);
	assert_non_null(tx);
	dmaengine_submit(tx);
	dmaengine_submit(tx);
	expect_finding("ENG-01", 1);
	expect_words("ENG-01", "a second time");
	dmaengine_terminate_sync(chan);
	dma_release_channel(chan);
	fake_unregister();
}

NEAR_MISS(ENG_01, submits_again_what_is_for_reuse)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	struct dma_async_tx_descriptor *tx = prepare(client, client->dma, SIZE);

	assert_int_equal(dmaengine_desc_set_reuse(tx), 0);
	run_to_end(client, tx);
	run_to_end(client, tx);
	assert_int_equal(dmaengine_desc_free(tx), 0);
	close_client(client);
}

BROKEN(ENG_01, reads_the_cookie_from_the_descriptor)
{
	struct dma_async_tx_descriptor *tx;
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	tx = dmaengine_prep_dma_memcpy(chan, fake.dma, fake.dma + 16, 16, 0);
	assert_non_null(tx);
	assert_int_equal(dmaengine_desc_set_reuse(tx), 0);
	dmaengine_submit(tx);
	dma_async_issue_pending(chan);
	fake_end(chan, DMA_TRANS_NOERROR);
	/* Reused only to be still there. */
	dmaengine_tx_status(chan, tx->cookie, NULL);
	expect_finding("ENG-01", 1);
	expect_words("ENG-01", "cookie 0");
	dmaengine_synchronize(chan);
	assert_int_equal(dmaengine_desc_free(tx), 0);
	dma_release_channel(chan);
	fake_unregister();
}

BROKEN(ENG_01, takes_an_error_for_a_cookie)
{
	struct client *client = open_client(DMA_FROM_DEVICE);

	run_to_end(client, prepare(client, client->dma, SIZE));
	dmaengine_tx_status(client->chan, -ENOMEM, NULL);
	expect_finding("ENG-01", 1);
	close_client(client);
}

NEAR_MISS(ENG_01, asks_long_after)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	dma_cookie_t cookie = dmaengine_submit(prepare(client, client->dma, SIZE));

	dma_async_issue_pending(client->chan);
	assert_true(wait_for_completion_timeout(&client->done, 5 * HZ));
	for (int i = 0; i < 5; i++)
		run_to_end(client, prepare(client, client->dma, SIZE));
	assert_int_equal(dmaengine_tx_status(client->chan, cookie, NULL), DMA_COMPLETE);
	close_client(client);
}

BROKEN(ENG_01, sets_the_callback_too_late)
{
	struct client client;
	struct dma_chan *chan;
	struct dma_async_tx_descriptor *tx;

	fake_register(1);
	init_completion(&client.done);
	chan = must_request(DMA_MEMCPY);
	tx = dmaengine_prep_dma_memcpy(chan, fake.dma, fake.dma + 16, 16, DMA_PREP_INTERRUPT);
	assert_non_null(tx);
	dmaengine_submit(tx);
	tx->callback = done;
	tx->callback_param = &client;
	dma_async_issue_pending(chan);
	fake_end(chan, DMA_TRANS_NOERROR);
	assert_true(wait_for_completion_timeout(&client.done, 5 * HZ));
	expect_finding("ENG-01", 1);
	expect_words("ENG-01", "was changed");
	dma_release_channel(chan);
	fake_unregister();
}

/* --- ENG-01: a peripheral's channel ----------------------------------------------------------- */

static const struct dma_slave_config to_card = {.dst_addr = 0xfe000000,
						.dst_addr_width = DMA_SLAVE_BUSWIDTH_4_BYTES,
						.src_addr_width = DMA_SLAVE_BUSWIDTH_4_BYTES};

/* Inlined, too. */
static inline struct dma_chan *open_peripheral(void)
{
	fake_register(1);
	return must_request(DMA_SLAVE);
}

static inline void close_peripheral(struct dma_chan *chan)
{
	dmaengine_terminate_sync(chan);
	dma_release_channel(chan);
	fake_unregister();
}

static inline void send_bytes(struct dma_chan *chan)
{
	struct dma_async_tx_descriptor *tx = dmaengine_prep_slave_single(chan, fake.dma, 16,
									 DMA_MEM_TO_DEV, 0);

	assert_non_null(tx);
	dmaengine_submit(tx);
	dma_async_issue_pending(chan);
	fake_end(chan, DMA_TRANS_NOERROR);
}

BROKEN(ENG_01, does_not_configure)
{
	struct dma_chan *chan = open_peripheral();

	for (int i = 0; i < 2; i++)
		send_bytes(chan);
	expect_finding("ENG-01", 1);
	expect_words("ENG-01", "dmaengine_slave_config");
	close_peripheral(chan);
}

BROKEN(ENG_01, does_not_see_that_it_is_not_configured)
{
	struct dma_slave_config wrong = to_card;
	struct dma_chan *chan = open_peripheral();

	wrong.dst_addr_width = DMA_SLAVE_BUSWIDTH_3_BYTES;
	dmaengine_slave_config(chan, &wrong);
	send_bytes(chan);
	expect_finding("ENG-01", 1);
	expect_words("ENG-01", "had failed with -22");
	close_peripheral(chan);
}

NEAR_MISS(ENG_01, configures_what_is_accepted)
{
	struct dma_slave_config config = to_card;
	struct dma_chan *chan = open_peripheral();

	config.dst_addr_width = DMA_SLAVE_BUSWIDTH_3_BYTES;
	assert_int_equal(dmaengine_slave_config(chan, &config), -EINVAL);
	config = to_card;
	assert_int_equal(dmaengine_slave_config(chan, &config), 0);
	send_bytes(chan);
	close_peripheral(chan);
}

BROKEN(ENG_01, configures_a_width_that_is_not_there)
{
	struct dma_slave_config config = to_card;
	struct dma_chan *chan = open_peripheral();
	struct dma_async_tx_descriptor *tx;

	config.src_addr_width = DMA_SLAVE_BUSWIDTH_8_BYTES;
	assert_int_equal(dmaengine_slave_config(chan, &config), 0);
	tx = dmaengine_prep_slave_single(chan, fake.dma, 16, DMA_DEV_TO_MEM, 0);
	assert_non_null(tx);
	dmaengine_submit(tx);
	expect_finding("ENG-01", 1);
	expect_words("ENG-01", "a width of 8 bytes");
	close_peripheral(chan);
}

/* --- ENG-02: controllers ---------------------------------------------------------------------- */

/* A controller with one descriptor of the client's under way. */
static inline struct virt_dma_desc *take_issued(struct dma_chan *chan)
{
	struct dma_async_tx_descriptor *tx =
		dmaengine_prep_dma_memcpy(chan, fake.dma, fake.dma + 16, 16, DMA_PREP_INTERRUPT);
	struct virt_dma_desc *vd;

	assert_non_null(tx);
	dmaengine_submit(tx);
	dma_async_issue_pending(chan);
	vd = vchan_next_desc(to_virt_chan(chan));
	assert_non_null(vd);
	return vd;
}

static unsigned int calls;

static void count_call(void *param)
{
	calls++;
}

static inline void call_back(struct dma_chan *chan, bool locked)
{
	struct virt_dma_chan *vc = to_virt_chan(chan);
	struct dmaengine_desc_callback cb = {.callback = count_call, .dmk_chan = chan};

	spin_lock_irq(&vc->lock);
	if (!locked)
		spin_unlock_irq(&vc->lock);
	dmaengine_desc_callback_invoke(&cb, NULL);
	if (locked)
		spin_unlock_irq(&vc->lock);
}

BROKEN(ENG_02, calls_back_with_its_lock_held)
{
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	call_back(chan, true);
	expect_finding("ENG-02", 1);
	dma_release_channel(chan);
	fake_unregister();
}

NEAR_MISS(ENG_02, calls_back_without_its_lock)
{
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	call_back(chan, false);
	dma_release_channel(chan);
	fake_unregister();
}

BROKEN(ENG_02, goes_while_a_client_has_a_channel)
{
	fake_register(1);
	fake.device.device_release = NULL;
	must_request(DMA_MEMCPY);
	dma_async_device_unregister(&fake.device);
	expect_finding("ENG-02", 1);
	fake_gone();
}

NEAR_MISS(ENG_02, goes_and_is_freed_when_the_last_client_has_gone)
{
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	dma_async_device_unregister(&fake.device);
	dma_release_channel(chan);
	assert_true(fake.released);
	fake_gone();
}

/* --- ENG-04: the end -------------------------------------------------------------------------- */

BROKEN(ENG_04, completes_out_of_order)
{
	struct virt_dma_desc *first, *second;
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	first = take_issued(chan);
	spin_lock_irq(&fake.vc->lock);
	list_del(&first->node);
	spin_unlock_irq(&fake.vc->lock);
	second = take_issued(chan);
	spin_lock_irq(&fake.vc->lock);
	list_del(&second->node);
	vchan_cookie_complete(second);
	vchan_cookie_complete(first);
	spin_unlock_irq(&fake.vc->lock);
	expect_finding("ENG-04", 1);
	expect_words("ENG-04", "after a later one");
	close_peripheral(chan);
}

NEAR_MISS(ENG_04, completes_in_order)
{
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	take_issued(chan);
	take_issued(chan);
	fake_end(chan, DMA_TRANS_NOERROR);
	fake_end(chan, DMA_TRANS_READ_FAILED);
	close_peripheral(chan);
}

BROKEN(ENG_04, unmaps_without_synchronize)
{
	struct dma_chan *chan;
	struct buffer buffer;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	buffer = open_buffer(DMA_BIDIRECTIONAL);
	dmaengine_submit(dmaengine_prep_dma_memcpy(chan, buffer.dma, buffer.dma + 16, 16, 0));
	dma_async_issue_pending(chan);
	dmaengine_terminate_async(chan);
	close_buffer(&buffer);
	expect_finding("ENG-04", 1);
	expect_words("ENG-04", "dmaengine_synchronize");
	close_peripheral(chan);
}

NEAR_MISS(ENG_04, unmaps_after_synchronize)
{
	struct dma_chan *chan;
	struct buffer buffer;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	buffer = open_buffer(DMA_BIDIRECTIONAL);
	dmaengine_submit(dmaengine_prep_dma_memcpy(chan, buffer.dma, buffer.dma + 16, 16, 0));
	dma_async_issue_pending(chan);
	dmaengine_terminate_async(chan);
	dmaengine_synchronize(chan);
	close_buffer(&buffer);
	close_peripheral(chan);
}

/* What was never issued nobody works on. */
NEAR_MISS(ENG_04, unmaps_what_was_called_off)
{
	struct client *client = open_client(DMA_FROM_DEVICE);

	dmaengine_submit(prepare(client, client->dma, SIZE));
	dmaengine_terminate_async(client->chan);
	close_client(client);
}

/* The controller unmaps what its descriptors took along, when it is told to end them. */
NEAR_MISS(ENG_04, leaves_the_unmapping_to_the_descriptor)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	struct dmaengine_unmap_data *unmap = dmaengine_get_unmap_data(client->master, 1,
								      GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);
	struct dma_async_tx_descriptor *tx;

	assert_non_null(unmap);
	assert_non_null(page);
	unmap->len = PAGE_SIZE;
	unmap->from_cnt = 1;
	unmap->addr[0] = dma_map_page(client->master, page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	assert_false(dma_mapping_error(client->master, unmap->addr[0]));
	tx = prepare(client, unmap->addr[0], PAGE_SIZE);
	dma_set_unmap(tx, unmap);
	dmaengine_unmap_put(unmap);
	dmaengine_submit(tx);
	dma_async_issue_pending(client->chan);
	dmaengine_terminate_async(client->chan);
	dmaengine_synchronize(client->chan);
	__free_page(page);
	close_client(client);
}

BROKEN(ENG_04, releases_a_channel_that_works)
{
	struct dma_async_tx_descriptor *tx;
	struct dma_slave_config config = to_card;
	struct dma_chan *chan = open_peripheral();

	assert_int_equal(dmaengine_slave_config(chan, &config), 0);
	tx = dmaengine_prep_dma_cyclic(chan, fake.dma, 64, 16, DMA_MEM_TO_DEV, 0);
	assert_non_null(tx);
	dmaengine_submit(tx);
	dma_async_issue_pending(chan);
	dma_release_channel(chan);
	expect_finding("ENG-04", 1);
	expect_words("ENG-04", "cyclic");
	fake_unregister();
}

BROKEN(ENG_04, frees_what_is_under_way)
{
	struct dma_async_tx_descriptor *tx;
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	tx = dmaengine_prep_dma_memcpy(chan, fake.dma, fake.dma + 16, 16, 0);
	assert_non_null(tx);
	assert_int_equal(dmaengine_desc_set_reuse(tx), 0);
	dmaengine_submit(tx);
	dma_async_issue_pending(chan);
	assert_int_equal(dmaengine_desc_free(tx), 0);
	expect_finding("ENG-04", 1);
	close_peripheral(chan);
}

/* --- STR-07: what is worked on is taken away -------------------------------------------------- */

BROKEN(ENG_04_STR_07, frees_a_ring_that_goes_on)
{
	struct dma_async_tx_descriptor *tx;
	struct dma_slave_config config = to_card;
	struct dma_chan *chan = open_peripheral();
	dma_addr_t dma = 0;
	void *ring = dma_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL);

	assert_non_null(ring);
	assert_int_equal(dmaengine_slave_config(chan, &config), 0);
	tx = dmaengine_prep_dma_cyclic(chan, dma, SIZE, SIZE / 4, DMA_MEM_TO_DEV, 0);
	assert_non_null(tx);
	dmaengine_submit(tx);
	dma_async_issue_pending(chan);
	/* A period has passed, and it goes on. */
	spin_lock_irq(&fake.vc->lock);
	vchan_cyclic_callback(vchan_next_desc(fake.vc));
	spin_unlock_irq(&fake.vc->lock);
	dma_free_coherent(dev, SIZE, ring, dma);
	expect_finding("STR-07", 1);
	expect_words("STR-07", "cyclic");
	close_peripheral(chan);
}

NEAR_MISS(ENG_04_STR_07, frees_a_ring_that_was_ended)
{
	struct dma_async_tx_descriptor *tx;
	struct dma_slave_config config = to_card;
	struct dma_chan *chan = open_peripheral();
	dma_addr_t dma = 0;
	void *ring = dma_alloc_coherent(dev, SIZE, &dma, GFP_KERNEL);

	assert_non_null(ring);
	assert_int_equal(dmaengine_slave_config(chan, &config), 0);
	tx = dmaengine_prep_dma_cyclic(chan, dma, SIZE, SIZE / 4, DMA_MEM_TO_DEV, 0);
	assert_non_null(tx);
	dmaengine_submit(tx);
	dma_async_issue_pending(chan);
	dmaengine_terminate_sync(chan);
	dma_free_coherent(dev, SIZE, ring, dma);
	close_peripheral(chan);
}

/* The callback of one unmaps the buffer of the next. */
static struct buffer others;

static void unmap_the_others(void *param)
{
	close_buffer(&others);
	complete(param);
}

static inline void unmap_in_callback(struct dma_chan *chan, bool next)
{
	struct buffer mine = open_buffer(DMA_BIDIRECTIONAL);
	struct dma_async_tx_descriptor *tx =
		dmaengine_prep_dma_memcpy(chan, mine.dma, mine.dma + 16, 16, DMA_PREP_INTERRUPT);
	struct completion called;

	init_completion(&called);
	assert_non_null(tx);
	tx->callback = unmap_the_others;
	tx->callback_param = &called;
	dmaengine_submit(tx);
	others = mine;
	if (next) {
		others = open_buffer(DMA_BIDIRECTIONAL);
		dmaengine_submit(
			dmaengine_prep_dma_memcpy(chan, others.dma, others.dma + 16, 16, 0));
	}
	dma_async_issue_pending(chan);
	fake_end(chan, DMA_TRANS_NOERROR);
	assert_true(wait_for_completion_timeout(&called, 5 * HZ));
	if (next)
		close_buffer(&mine);
}

BROKEN(ENG_04_STR_07, unmaps_the_next_ones_buffer_in_a_callback)
{
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	unmap_in_callback(chan, true);
	expect_finding("STR-07", 1);
	close_peripheral(chan);
}

NEAR_MISS(ENG_04_STR_07, unmaps_its_own_buffer_in_a_callback)
{
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	unmap_in_callback(chan, false);
	close_peripheral(chan);
}

/* --- ENG-06: memory --------------------------------------------------------------------------- */

BROKEN(ENG_06, maps_for_its_own_device)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory, SIZE, DMA_FROM_DEVICE);

	run_to_end(client, prepare(client, dma, SIZE));
	expect_finding("ENG-06", 1);
	expect_words("ENG-06", "dmaengine_get_dma_device");
	dma_unmap_single(dev, dma, SIZE, DMA_FROM_DEVICE);
	kfree(memory);
	close_client(client);
}

/* Its own device does the rest. */
NEAR_MISS(ENG_06, maps_for_the_controller)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	struct buffer buffer = open_buffer(DMA_TO_DEVICE);

	run_to_end(client, prepare(client, client->dma, SIZE));
	close_buffer(&buffer);
	close_client(client);
}

BROKEN(ENG_06, does_not_map)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	u8 *memory = must_kmalloc(SIZE);

	run_to_end(client, prepare(client, virt_to_phys(memory), SIZE));
	expect_finding("ENG-06", 1);
	kfree(memory);
	close_client(client);
}

/* A flash memory's window, say: nobody maps it. */
NEAR_MISS(ENG_06, sends_to_what_is_no_memory)
{
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	dmaengine_submit(dmaengine_prep_dma_memcpy(chan, 1ULL << 52, fake.dma, 16, 0));
	close_peripheral(chan);
}

BROKEN(ENG_06, goes_beyond_the_mapping)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	u8 *memory = must_kmalloc(2 * SIZE);
	dma_addr_t dma = must_map(client->master, memory, SIZE, DMA_FROM_DEVICE);

	run_to_end(client, prepare(client, dma + SIZE / 2, SIZE));
	expect_finding("ENG-06", 1);
	expect_words("ENG-06", "beyond the end");
	dma_unmap_single(client->master, dma, SIZE, DMA_FROM_DEVICE);
	kfree(memory);
	close_client(client);
}

BROKEN(ENG_06, writes_what_is_mapped_to_be_read)
{
	struct client *client = open_client(DMA_TO_DEVICE);

	run_to_end(client, prepare(client, client->dma, SIZE));
	expect_finding("ENG-06", 1);
	expect_words("ENG-06", "DMA_TO_DEVICE");
	unmap(client, DMA_TO_DEVICE);
	release(client);
}

BROKEN(ENG_06, unmaps_before_it_issues)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	u8 *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(client->master, memory, SIZE, DMA_FROM_DEVICE);

	dmaengine_submit(prepare(client, dma, SIZE));
	dma_unmap_single(client->master, dma, SIZE, DMA_FROM_DEVICE);
	dma_async_issue_pending(client->chan);
	assert_true(wait_for_completion_timeout(&client->done, 5 * HZ));
	expect_finding("ENG-06", 1);
	expect_words("ENG-06", "unmapped before");
	kfree(memory);
	close_client(client);
}

/* Pages side by side, which an IOMMU makes one segment of. */
static inline void send_list(struct dma_chan *chan, bool entries)
{
	struct dma_slave_config config = to_card;
	struct dma_async_tx_descriptor *tx;
	struct page *page = alloc_pages(GFP_KERNEL, 2);
	struct sg_table table;
	struct scatterlist *sg;
	unsigned int i, n;

	assert_non_null(page);
	assert_int_equal(sg_alloc_table(&table, 4, GFP_KERNEL), 0);
	for_each_sgtable_sg(&table, sg, i)
		sg_set_page(sg, page + i, PAGE_SIZE, 0);
	n = dma_map_sg(dev, table.sgl, 4, DMA_TO_DEVICE);
	assert_int_not_equal(n, 0);
	assert_int_equal(dmaengine_slave_config(chan, &config), 0);
	tx = dmaengine_prep_slave_sg(chan, table.sgl, entries ? 4 : n, DMA_MEM_TO_DEV, 0);
	assert_non_null(tx);
	dmaengine_submit(tx);
	if (entries && n < 4)
		expect_finding("ENG-06", 1);
	dmaengine_terminate_sync(chan);
	dma_unmap_sg(dev, table.sgl, 4, DMA_TO_DEVICE);
	sg_free_table(&table);
	__free_pages(page, 2);
}

BROKEN(ENG_06, prepares_a_lists_entries)
{
	struct dma_chan *chan = open_peripheral();

	send_list(chan, true);
	close_peripheral(chan);
}

NEAR_MISS(ENG_06, prepares_a_lists_segments)
{
	struct dma_chan *chan = open_peripheral();

	send_list(chan, false);
	close_peripheral(chan);
}

NEAR_MISS(ENG_06, reads_columns_of_what_is_mapped)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	struct dma_interleaved_template *template =
		kzalloc(sizeof(*template) + sizeof(struct data_chunk), GFP_KERNEL);
	dma_addr_t from;
	u8 *rows = must_kmalloc(SIZE);

	assert_non_null(template);
	from = must_map(client->master, rows, SIZE, DMA_TO_DEVICE);
	template->src_start = from + SIZE / 4 - 16;
	template->dst_start = client->dma;
	template->dir = DMA_MEM_TO_MEM;
	template->src_inc = template->dst_inc = template->src_sgl = true;
	template->numf = 4;
	template->frame_size = 1;
	template->sgl[0] = (struct data_chunk){.size = 16, .icg = SIZE / 4 - 16};
	dmaengine_submit(dmaengine_prep_interleaved_dma(client->chan, template, 0));
	assert_int_equal(dma_sync_wait(client->chan, client->chan->cookie), DMA_COMPLETE);
	dma_unmap_single(client->master, from, SIZE, DMA_TO_DEVICE);
	kfree(rows);
	kfree(template);
	close_client(client);
}

/* --- ENG-07: what goes back ------------------------------------------------------------------- */

BROKEN(ENG_07, prepares_and_does_not_submit)
{
	struct client *client = open_client(DMA_FROM_DEVICE);

	prepare(client, client->dma, SIZE);
	close_client(client);
	expect_finding("ENG-07", 1);
}

NEAR_MISS(ENG_07, calls_off_what_is_prepared)
{
	struct client *client = open_client(DMA_FROM_DEVICE);

	prepare(client, client->dma, SIZE);
	dmaengine_terminate_sync(client->chan);
	close_client(client);
}

BROKEN(ENG_07, does_not_free_what_is_for_reuse)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	struct dma_async_tx_descriptor *tx = prepare(client, client->dma, SIZE);

	assert_int_equal(dmaengine_desc_set_reuse(tx), 0);
	run_to_end(client, tx);
	close_client(client);
	expect_finding("ENG-07", 1);
}

BROKEN(ENG_07, does_not_release_its_channel)
{
	must_request(DMA_MEMCPY);
	expect_at_exit("ENG-07", 1);
}

/* --- CTX-01 ----------------------------------------------------------------------------------- */

static void end_it_all(void *param)
{
	struct client *client = param;

	dmaengine_terminate_sync(client->chan);
	complete(&client->done);
}

static void only_tell_it_to_end(void *param)
{
	struct client *client = param;

	dmaengine_terminate_async(client->chan);
	complete(&client->done);
}

static inline void end_in_callback(dma_async_tx_callback callback)
{
	struct client *client = open_client(DMA_FROM_DEVICE);
	struct dma_async_tx_descriptor *tx = prepare(client, client->dma, SIZE);

	tx->callback = callback;
	run_to_end(client, tx);
	dmaengine_synchronize(client->chan);
	close_client(client);
}

BROKEN(ENG_04_CTX_01, waits_for_callbacks_in_a_callback)
{
	end_in_callback(end_it_all);
	expect_finding("CTX-01", 1);
	expect_words("CTX-01", "dmaengine_synchronize");
}

NEAR_MISS(ENG_04_CTX_01, ends_it_in_a_callback_and_waits_outside)
{
	end_in_callback(only_tell_it_to_end);
}

static void wait_for_myself(void *param)
{
	dmaengine_synchronize(param);
}

/* A controller that calls back in a thread, where sleeping is allowed. */
BROKEN(ENG_04_CTX_01, waits_for_callbacks_in_a_threads_callback)
{
	struct dmaengine_desc_callback cb = {.callback = wait_for_myself};

	fake_register(1);
	cb.dmk_chan = must_request(DMA_MEMCPY);
	cb.callback_param = cb.dmk_chan;
	dmaengine_desc_callback_invoke(&cb, NULL);
	expect_finding("CTX-01", 1);
	dma_release_channel(cb.dmk_chan);
	fake_unregister();
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_ENG_01_bug_waits_for_what_it_did_not_issue),
		CONTRACT_TEST(test_ENG_01_bug_waits_in_a_queue_for_what_it_did_not_issue),
		CONTRACT_TEST(test_ENG_01_near_waits_for_what_it_issued),
		CONTRACT_TEST(test_ENG_01_near_calls_off_what_it_did_not_issue),
		CONTRACT_TEST(test_ENG_01_near_releases_after_what_was_refused),
		CONTRACT_TEST(test_ENG_01_bug_releases_with_what_it_did_not_issue),
		CONTRACT_TEST(test_ENG_01_bug_asks_and_asks_about_what_it_did_not_issue),
		CONTRACT_TEST(test_ENG_01_near_asks_before_it_issues),
		CONTRACT_TEST(test_ENG_01_bug_submits_twice),
		CONTRACT_TEST(test_ENG_01_near_submits_again_what_is_for_reuse),
		CONTRACT_TEST(test_ENG_01_bug_reads_the_cookie_from_the_descriptor),
		CONTRACT_TEST(test_ENG_01_bug_takes_an_error_for_a_cookie),
		CONTRACT_TEST(test_ENG_01_near_asks_long_after),
		CONTRACT_TEST(test_ENG_01_bug_sets_the_callback_too_late),
		CONTRACT_TEST(test_ENG_01_bug_does_not_configure),
		CONTRACT_TEST(test_ENG_01_bug_does_not_see_that_it_is_not_configured),
		CONTRACT_TEST(test_ENG_01_near_configures_what_is_accepted),
		CONTRACT_TEST(test_ENG_01_bug_configures_a_width_that_is_not_there),
		CONTRACT_TEST(test_ENG_02_bug_calls_back_with_its_lock_held),
		CONTRACT_TEST(test_ENG_02_near_calls_back_without_its_lock),
		CONTRACT_TEST(test_ENG_02_bug_goes_while_a_client_has_a_channel),
		CONTRACT_TEST(test_ENG_02_near_goes_and_is_freed_when_the_last_client_has_gone),
		CONTRACT_TEST(test_ENG_04_bug_completes_out_of_order),
		CONTRACT_TEST(test_ENG_04_near_completes_in_order),
		CONTRACT_TEST(test_ENG_04_bug_unmaps_without_synchronize),
		CONTRACT_TEST(test_ENG_04_near_unmaps_after_synchronize),
		CONTRACT_TEST(test_ENG_04_near_unmaps_what_was_called_off),
		CONTRACT_TEST(test_ENG_04_near_leaves_the_unmapping_to_the_descriptor),
		CONTRACT_TEST(test_ENG_04_bug_releases_a_channel_that_works),
		CONTRACT_TEST(test_ENG_04_bug_frees_what_is_under_way),
		CONTRACT_TEST(test_ENG_04_STR_07_bug_frees_a_ring_that_goes_on),
		CONTRACT_TEST(test_ENG_04_STR_07_near_frees_a_ring_that_was_ended),
		CONTRACT_TEST(test_ENG_04_STR_07_bug_unmaps_the_next_ones_buffer_in_a_callback),
		CONTRACT_TEST(test_ENG_04_STR_07_near_unmaps_its_own_buffer_in_a_callback),
		CONTRACT_TEST(test_ENG_06_bug_maps_for_its_own_device),
		CONTRACT_TEST(test_ENG_06_near_maps_for_the_controller),
		CONTRACT_TEST(test_ENG_06_bug_does_not_map),
		CONTRACT_TEST(test_ENG_06_near_sends_to_what_is_no_memory),
		CONTRACT_TEST(test_ENG_06_bug_goes_beyond_the_mapping),
		CONTRACT_TEST(test_ENG_06_bug_writes_what_is_mapped_to_be_read),
		CONTRACT_TEST(test_ENG_06_bug_unmaps_before_it_issues),
		CONTRACT_TEST(test_ENG_06_bug_prepares_a_lists_entries),
		CONTRACT_TEST(test_ENG_06_near_prepares_a_lists_segments),
		CONTRACT_TEST(test_ENG_06_near_reads_columns_of_what_is_mapped),
		CONTRACT_TEST(test_ENG_07_bug_prepares_and_does_not_submit),
		CONTRACT_TEST(test_ENG_07_near_calls_off_what_is_prepared),
		CONTRACT_TEST(test_ENG_07_bug_does_not_free_what_is_for_reuse),
		CONTRACT_TEST(test_ENG_07_bug_does_not_release_its_channel),
		CONTRACT_TEST(test_ENG_04_CTX_01_bug_waits_for_callbacks_in_a_callback),
		CONTRACT_TEST(test_ENG_04_CTX_01_near_ends_it_in_a_callback_and_waits_outside),
		CONTRACT_TEST(test_ENG_04_CTX_01_bug_waits_for_callbacks_in_a_threads_callback),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
