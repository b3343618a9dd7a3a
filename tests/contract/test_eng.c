// SPDX-License-Identifier: MIT
/*
 * ENG: the DMA engine. Clients on the controller that is always there, which copies with threads,
 * and on one that does what a test tells it to (fake_dma.h). What every controller has to keep, the
 * threads too, is in test_provider.c.
 */
#include "engine.h"
#include "fake_dma.h"

#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/of.h>
#include <linux/of_dma.h>

#include <fcntl.h>
#include <stdio.h>

#include <dmakit/file.h>

#include "../../kernel/device/device.h"

enum { SIZE = 3 * PAGE_SIZE + 123, MANY = 4096 };

static dma_cookie_t submit_fake(struct dma_chan *chan, long what)
{
	return submit(dmaengine_prep_dma_memcpy(chan, fake.dma, fake.dma + 16, 16,
						DMA_PREP_INTERRUPT),
		      what);
}

/* --- ENG-01 ----------------------------------------------------------------------------------- */

static void test_ENG_01_nothing_moves_before_it_is_issued(void **state)
{
	struct dma_tx_state seen;
	struct dma_chan *chan;
	dma_cookie_t cookie;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	expect_calls(1);
	cookie = submit_fake(chan, 1);
	assert_null(vchan_next_desc(to_virt_chan(chan)));
	assert_int_equal(dmaengine_tx_status(chan, cookie, &seen), DMA_IN_PROGRESS);
	dma_async_issue_pending(chan);
	assert_int_equal(dmaengine_tx_status(chan, cookie, &seen), DMA_IN_PROGRESS);
	assert_int_equal(seen.residue, 16);
	assert_int_equal(seen.used, cookie);
	fake_end(chan, DMA_TRANS_NOERROR);
	must_be_called();
	assert_int_equal(dmaengine_tx_status(chan, cookie, &seen), DMA_COMPLETE);
	assert_int_equal(seen.residue, 0);
	dma_release_channel(chan);
	fake_unregister();
}

static bool only_the_second(struct dma_chan *chan, void *param)
{
	return chan->device == &fake.device && chan->chan_id == 1;
}

static void test_ENG_01_a_filter_chooses_and_what_is_taken_is_not_given(void **state)
{
	const dma_cap_mask_t mask = capable_of(DMA_SLAVE);
	struct dma_chan *chan;

	fake_register(2);
	chan = dma_request_channel(mask, only_the_second, NULL);
	assert_ptr_equal(chan, &fake.vc[1].chan);
	assert_null(dma_request_channel(mask, only_the_second, NULL));
	assert_null(dma_get_slave_channel(chan));
	dma_release_channel(chan);
	assert_ptr_equal(dma_get_slave_channel(chan), chan);
	dma_release_channel(chan);
	fake_unregister();
}

static void test_ENG_01_a_capability_that_nobody_has_gives_no_channel(void **state)
{
	const dma_cap_mask_t mask = capable_of(DMA_PQ);

	assert_null(dma_request_channel(mask, NULL, NULL));
	assert_int_equal(PTR_ERR(dma_request_chan_by_mask(&mask)), -ENODEV);
}

static void test_ENG_01_by_name_a_map_says_which(void **state)
{
	static struct dma_slave_map map = {.slave = "rx"};
	struct dma_chan *chan;

	map.devname = dev_name(dev2);
	assert_int_equal(PTR_ERR(dma_request_chan(dev2, "rx")), -EPROBE_DEFER);
	fake_register(2);
	fake.device.filter.fn = only_the_second;
	fake.device.filter.map = &map;
	fake.device.filter.mapcnt = 1;
	assert_int_equal(PTR_ERR(dma_request_chan(dev2, "tx")), -EPROBE_DEFER);
	chan = dma_request_chan(dev2, "rx");
	assert_ptr_equal(chan, &fake.vc[1].chan);
	assert_ptr_equal(chan->slave, dev2);
	dma_release_channel(chan);
	assert_null(chan->slave);
	fake_unregister();
}

/* The devices of dma.dts, on the machine that has them. */
static struct device *tree_controller, *tree_client;

static int tree_probe(struct platform_device *pdev)
{
	if (of_device_is_compatible(pdev->dev.of_node, "test,dma-client"))
		tree_client = &pdev->dev;
	else
		tree_controller = &pdev->dev;
	return 0;
}

static void test_ENG_01_by_name_a_devicetree_says_which(void **state)
{
	static const struct of_device_id ids[] = {
		{.compatible = "test,dma-controller"}, {.compatible = "test,dma-client"}, {}};
	static struct platform_driver driver = {
		.probe = tree_probe, .driver = {.name = "tree", .of_match_table = ids}};
	struct dma_chan *chan;

	tree_client = NULL;
	assert_int_equal(platform_driver_register(&driver), 0);
	if (!tree_client)
		goto no_such_tree;
	fake_register(2);
	assert_int_equal(PTR_ERR(dma_request_chan(tree_client, "rx")), -EPROBE_DEFER);
	assert_int_equal(of_dma_controller_register(tree_controller->of_node,
						    of_dma_xlate_by_chan_id, &fake.device),
			 0);
	chan = dma_request_chan(tree_client, "rx");
	assert_ptr_equal(chan, &fake.vc[1].chan);
	assert_int_equal(PTR_ERR(dma_request_chan(tree_client, "rx")), -ENODEV);
	dma_release_channel(chan);
	chan = dma_request_chan(tree_client, "tx");
	assert_ptr_equal(chan, &fake.vc[0].chan);
	dma_release_channel(chan);
	/* No such channel, no such driver yet, no such name. */
	assert_int_equal(PTR_ERR(dma_request_chan(tree_client, "none")), -ENODEV);
	assert_int_equal(PTR_ERR(dma_request_chan(tree_client, "later")), -EPROBE_DEFER);
	assert_int_equal(PTR_ERR(dma_request_chan(tree_client, "audio")), -ENODEV);
	of_dma_controller_free(tree_controller->of_node);
	fake_unregister();
no_such_tree:
	platform_driver_unregister(&driver);
}

static void test_ENG_01_what_a_peripherals_channel_can_is_told(void **state)
{
	struct dma_slave_config config = {.dst_addr_width = DMA_SLAVE_BUSWIDTH_3_BYTES};
	struct dma_slave_caps caps;
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_SLAVE);
	assert_int_equal(dma_get_slave_caps(chan, &caps), 0);
	assert_int_equal(caps.src_addr_widths, BIT(DMA_SLAVE_BUSWIDTH_4_BYTES));
	assert_int_equal(caps.residue_granularity, DMA_RESIDUE_GRANULARITY_SEGMENT);
	assert_true(caps.cmd_terminate);
	assert_false(caps.cmd_pause);
	assert_int_equal(dmaengine_slave_config(chan, &config), -EINVAL);
	assert_int_equal(dmaengine_pause(chan), -ENOSYS);
	dma_release_channel(chan);
	fake_unregister();
	/* Memory to memory has no peripheral. */
	chan = must_request(DMA_MEMSET);
	assert_int_equal(dma_get_slave_caps(chan, &caps), -ENXIO);
	dma_release_channel(chan);
}

static int periods;

static void period_passed(void *param)
{
	periods++;
	complete(param);
}

static void test_ENG_01_a_cyclic_one_calls_back_each_period_until_it_is_ended(void **state)
{
	struct dma_slave_config config = {.dst_addr_width = DMA_SLAVE_BUSWIDTH_4_BYTES};
	struct dma_async_tx_descriptor *tx;
	struct completion passed;
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_CYCLIC);
	init_completion(&passed);
	periods = 0;
	assert_int_equal(dmaengine_slave_config(chan, &config), 0);
	tx = dmaengine_prep_dma_cyclic(chan, fake.dma, 64, 16, DMA_MEM_TO_DEV, DMA_PREP_INTERRUPT);
	assert_non_null(tx);
	tx->callback = period_passed;
	tx->callback_param = &passed;
	dmaengine_submit(tx);
	dma_async_issue_pending(chan);
	for (int i = 1; i <= 5; i++) {
		spin_lock_irq(&fake.vc->lock);
		vchan_cyclic_callback(vchan_next_desc(fake.vc));
		spin_unlock_irq(&fake.vc->lock);
		assert_true(wait_for_completion_timeout(&passed, 5 * HZ));
		assert_int_equal(periods, i);
	}
	dmaengine_terminate_sync(chan);
	assert_int_equal(fake.descriptors, 0);
	dma_release_channel(chan);
	fake_unregister();
}

static void test_ENG_01_a_descriptor_for_reuse_is_submitted_again(void **state)
{
	struct dma_async_tx_descriptor *tx;
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	tx = dmaengine_prep_dma_memcpy(chan, fake.dma, fake.dma, 16, DMA_PREP_INTERRUPT);
	assert_int_equal(dmaengine_desc_free(tx), -EPERM);
	assert_int_equal(dmaengine_desc_set_reuse(tx), 0);
	for (int i = 0; i < 3; i++) {
		expect_calls(1);
		submit(tx, i);
		dma_async_issue_pending(chan);
		fake_end(chan, DMA_TRANS_NOERROR);
		must_be_called();
		assert_int_equal(fake.descriptors, 1);
	}
	assert_int_equal(dmaengine_desc_free(tx), 0);
	assert_int_equal(fake.descriptors, 0);
	dma_release_channel(chan);
	fake_unregister();
}

static void test_ENG_01_mappings_go_with_the_descriptor(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct device *master = dmaengine_get_dma_device(chan);
	struct dmaengine_unmap_data *unmap = dmaengine_get_unmap_data(master, 2, GFP_KERNEL);
	struct dma_async_tx_descriptor *tx;
	struct page *from = alloc_page(GFP_KERNEL), *to = alloc_page(GFP_KERNEL);

	assert_non_null(unmap);
	assert_null(dmaengine_get_unmap_data(master, 257, GFP_KERNEL));
	fill_bytes(page_address(from), PAGE_SIZE, 5);
	unmap->len = PAGE_SIZE;
	unmap->addr[0] = dma_map_page(master, from, 0, PAGE_SIZE, DMA_TO_DEVICE);
	assert_false(dma_mapping_error(master, unmap->addr[0]));
	unmap->to_cnt = 1;
	unmap->addr[1] = dma_map_page(master, to, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	assert_false(dma_mapping_error(master, unmap->addr[1]));
	unmap->from_cnt = 1;
	tx = dmaengine_prep_dma_memcpy(chan, unmap->addr[1], unmap->addr[0], PAGE_SIZE,
				       DMA_PREP_INTERRUPT);
	assert_non_null(tx);
	dma_set_unmap(tx, unmap);
	dmaengine_unmap_put(unmap);
	expect_calls(1);
	submit(tx, 1);
	dma_async_issue_pending(chan);
	must_be_called();
	assert_true(bytes_are(page_address(to), PAGE_SIZE, 5));
	__free_page(from);
	__free_page(to);
	dma_release_channel(chan);
}

static void test_ENG_01_shared_channels_are_found_while_somebody_shares(void **state)
{
	struct dma_chan *chan;

	fake_register(2);
	assert_null(dma_find_channel(DMA_CYCLIC));
	dmaengine_get();
	chan = dma_find_channel(DMA_CYCLIC);
	assert_non_null(chan);
	assert_ptr_equal(chan->device, &fake.device);
	assert_int_equal(fake.resources, 2);
	assert_null(dma_find_channel(DMA_PQ));
	/* Shared by all, or one client's: not both. */
	assert_null(dma_get_any_slave_channel(&fake.device));
	dmaengine_put();
	assert_null(dma_find_channel(DMA_CYCLIC));
	assert_int_equal(fake.resources, 0);
	fake_unregister();
}

static void test_ENG_01_cookies_rise_and_wrap(void **state)
{
	assert_int_equal(dma_async_is_complete(5, 4, 7), DMA_IN_PROGRESS);
	assert_int_equal(dma_async_is_complete(4, 4, 7), DMA_COMPLETE);
	assert_int_equal(dma_async_is_complete(8, 4, 7), DMA_COMPLETE);
	/* Wrapped: 0x7fffffff has ended, 1 and 2 are under way. */
	assert_int_equal(dma_async_is_complete(0x7fffffff, 0x7fffffff, 2), DMA_COMPLETE);
	assert_int_equal(dma_async_is_complete(1, 0x7fffffff, 2), DMA_IN_PROGRESS);
}

/* --- ENG-02 ----------------------------------------------------------------------------------- */

static void test_ENG_02_a_capability_without_its_function_is_refused(void **state)
{
	struct dma_device device = {.dev = dev};

	INIT_LIST_HEAD(&device.channels);
	assert_int_equal(dma_async_device_register(&device), -EIO);
	device.device_tx_status = fake_status;
	device.device_issue_pending = fake_issue;
	dma_cap_set(DMA_MEMCPY, device.cap_mask);
	assert_int_equal(dma_async_device_register(&device), -EIO);
	device.dev = NULL;
	assert_int_equal(dma_async_device_register(&device), -EINVAL);
}

static void read_summary(char *text, size_t size)
{
	struct dmk_file *file;
	long n;

	assert_int_equal(dmk_open("/sys/kernel/debug/dmaengine/summary", O_RDONLY, &file), 0);
	n = dmk_read(file, text, size - 1);
	assert_true(n >= 0);
	text[n] = 0;
	dmk_close(file);
}

static void test_ENG_02_who_has_which_channel_is_listed(void **state)
{
	char text[256], line[64], shown[256];
	struct dma_chan *chan;

	fake_register(3);
	chan = dma_get_any_slave_channel(&fake.device);
	dmk_dma_engine_list(text, sizeof(text));
	read_summary(shown, sizeof(shown));
	assert_string_equal(shown, text);
	snprintf(line, sizeof(line), "(%s): 3 channels, 1 in use\n", dev_name(dev));
	assert_non_null(strstr(text, line));
	snprintf(line, sizeof(line), " %s: in use\n", dma_chan_name(chan));
	assert_non_null(strstr(text, line));
	dma_release_channel(chan);
	fake_unregister();
}

static void test_ENG_02_a_channel_that_is_gone_is_listed_no_more(void **state)
{
	struct dma_chan *chan;
	char text[256];

	fake_register(2);
	chan = must_request(DMA_SLAVE);
	dma_async_device_channel_unregister(&fake.device, chan);
	dma_async_device_channel_unregister(&fake.device, chan);
	dmk_dma_engine_list(text, sizeof(text));
	assert_non_null(strstr(text, "1 channel, 1 in use\n"));
	assert_null(strstr(text, ": in use"));
	dma_release_channel(chan);
	fake_unregister();
}

static void test_ENG_02_it_lives_until_the_last_channel_is_given_back(void **state)
{
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_SLAVE);
	dma_async_device_unregister(&fake.device);
	assert_false(fake.released);
	assert_null(dma_get_slave_channel(&fake.vc[0].chan));
	dma_release_channel(chan);
	assert_true(fake.released);
	fake_gone();
}

/* --- ENG-03 ----------------------------------------------------------------------------------- */

static void test_ENG_03_thousands_of_channels_with_work_under_way(void **state)
{
	struct dma_chan **chan = calloc(MANY, sizeof(*chan));

	assert_non_null(chan);
	fake_register(MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		chan[i] = dma_get_any_slave_channel(&fake.device);
		assert_non_null(chan[i]);
	}
	assert_null(dma_get_any_slave_channel(&fake.device));
	expect_calls(MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		submit_fake(chan[i], i);
		dma_async_issue_pending(chan[i]);
	}
	for (unsigned int i = 0; i < MANY; i++)
		fake_end(chan[i], DMA_TRANS_NOERROR);
	must_be_called();
	/* One is given back in the middle, and is the next. */
	dma_release_channel(chan[MANY / 2]);
	assert_ptr_equal(dma_get_any_slave_channel(&fake.device), chan[MANY / 2]);
	for (unsigned int i = 0; i < MANY; i++)
		dma_release_channel(chan[i]);
	fake_unregister();
	free(chan);
}

/* As many as there are: 8, or what dmakit.dma_channels= says. */
static void test_ENG_03_threads_have_work_under_way_on_each_channel(void **state)
{
	struct dma_chan **chan = calloc(MANY, sizeof(*chan)), *more;
	const dma_cap_mask_t mask = capable_of(DMA_MEMSET);
	u8 *bytes = must_kmalloc(4 * MANY);
	struct device *master;
	unsigned int n = 0;
	dma_addr_t dma;

	assert_non_null(chan);
	while (n < MANY && (more = dma_request_channel(mask, NULL, NULL)))
		chan[n++] = more;
	assert_true(n == 8 || n == MANY);
	master = dmaengine_get_dma_device(chan[0]);
	dma = must_map(master, bytes, 4 * n, DMA_FROM_DEVICE);
	expect_calls(n);
	for (unsigned int i = 0; i < n; i++)
		submit(dmaengine_prep_dma_memset(chan[i], dma + 4 * i, 1 + i % 251, 4, 0), i);
	for (unsigned int i = n; i--;)
		dma_async_issue_pending(chan[i]);
	must_be_called();
	dma_unmap_single(master, dma, 4 * n, DMA_FROM_DEVICE);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(bytes[4 * i + i % 4], 1 + i % 251);
	for (unsigned int i = 0; i < n; i++)
		dma_release_channel(chan[i]);
	kfree(bytes);
	free(chan);
}

/* --- ENG-04 ----------------------------------------------------------------------------------- */

static void test_ENG_04_a_failed_one_says_so_and_the_next_goes_on(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct device *master = dmaengine_get_dma_device(chan);
	u8 *bytes = must_kmalloc(2 * 64);
	dma_cookie_t bad[3], good;
	dma_addr_t dma;

	memset(bytes, 1, 2 * 64);
	memset(bytes + 64, 0, 64);
	dma = must_map(master, bytes, 2 * 64, DMA_BIDIRECTIONAL);
	expect_calls(ARRAY_SIZE(bad) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = submit(dmaengine_prep_dma_memcpy(chan, dma, 1ULL << 52, 64,
							  DMA_PREP_INTERRUPT),
				1);
	good = submit(dmaengine_prep_dma_memcpy(chan, dma + 64, dma, 64, DMA_PREP_INTERRUPT), 2);
	dma_async_issue_pending(chan);
	must_be_called();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(calls.what[i], 1);
		assert_int_equal(calls.result[i].result, DMA_TRANS_READ_FAILED);
		assert_int_equal(calls.result[i].residue, 64);
		assert_int_equal(dmaengine_tx_status(chan, bad[i], NULL), DMA_ERROR);
	}
	assert_int_equal(calls.result[ARRAY_SIZE(bad)].result, DMA_TRANS_NOERROR);
	assert_int_equal(dmaengine_tx_status(chan, good, NULL), DMA_COMPLETE);
	dma_unmap_single(master, dma, 2 * 64, DMA_BIDIRECTIONAL);
	assert_int_equal(bytes[64], 1);
	kfree(bytes);
	dma_release_channel(chan);
	/* That memory is no one's is a mistake of the client's too. */
	expect_finding("STR-10", ARRAY_SIZE(bad));
}

static void test_ENG_04_terminate_loses_none_and_nobody_is_called(void **state)
{
	struct dma_chan *chan;

	fake_register(1);
	chan = must_request(DMA_MEMCPY);
	expect_calls(1);
	for (int i = 0; i < 10; i++)
		submit_fake(chan, i);
	dma_async_issue_pending(chan);
	submit_fake(chan, 10);
	dmaengine_prep_dma_memcpy(chan, fake.dma, fake.dma, 16, 0);
	assert_int_equal(fake.descriptors, 12);
	dmaengine_terminate_sync(chan);
	assert_int_equal(fake.descriptors, 0);
	assert_int_equal(calls.n, 0);
	/* And the channel works on. */
	submit_fake(chan, 11);
	dma_async_issue_pending(chan);
	fake_end(chan, DMA_TRANS_NOERROR);
	must_be_called();
	assert_int_equal(calls.what[0], 11);
	dma_release_channel(chan);
	fake_unregister();
}

struct ending {
	struct dma_chan *chan;
	dma_addr_t dma;
	unsigned int called; /* atomic */
	u64 random;
	struct completion over;
};

static void count_call(void *called)
{
	__atomic_add_fetch((unsigned int *)called, 1, __ATOMIC_RELEASE);
}

/* Some jobs, small and large, of which some have ended when all are. */
static void end_at_some_moment(struct ending *ending)
{
	struct dma_async_tx_descriptor *tx;
	unsigned int called, jobs;

	ending->random = ending->random * 6364136223846793005ULL + 1442695040888963407ULL;
	jobs = 1 + (ending->random >> 40) % 24;
	for (unsigned int i = 0; i < jobs; i++) {
		tx = dmaengine_prep_dma_memset(ending->chan, ending->dma, i,
					       i % 3 ? 64 : SIZE, DMA_PREP_INTERRUPT);
		assert_non_null(tx);
		tx->callback = count_call;
		tx->callback_param = &ending->called;
		dmaengine_submit(tx);
		if (i == jobs / 2)
			dma_async_issue_pending(ending->chan);
	}
	dma_async_issue_pending(ending->chan);
	for (unsigned int i = (ending->random >> 33) % 2000; i; i--)
		cpu_relax();
	dmaengine_terminate_sync(ending->chan);
	called = __atomic_load_n(&ending->called, __ATOMIC_ACQUIRE);
	for (unsigned int i = 0; i < 200; i++)
		cpu_relax();
	assert_int_equal(__atomic_load_n(&ending->called, __ATOMIC_ACQUIRE), called);
}

static int end_again_and_again(void *data)
{
	struct ending *ending = data;

	for (int round = 0; round < 200; round++)
		end_at_some_moment(ending);
	complete(&ending->over);
	return 0;
}

static void test_ENG_04_threads_end_at_any_moment_and_call_nobody_afterwards(void **state)
{
	enum { CLIENTS = 3 };
	static struct ending ending[CLIENTS];
	u8 *bytes[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		bytes[i] = must_kmalloc(SIZE);
		ending[i] = (struct ending){.chan = must_request(DMA_MEMSET),
					    .random = contract_seed() + i};
		ending[i].dma = must_map(dmaengine_get_dma_device(ending[i].chan), bytes[i], SIZE,
					 DMA_FROM_DEVICE);
		init_completion(&ending[i].over);
		assert_false(IS_ERR(kthread_run(end_again_and_again, &ending[i], "client")));
	}
	for (int i = 0; i < CLIENTS; i++) {
		wait_for_completion(&ending[i].over);
		dma_unmap_single(dmaengine_get_dma_device(ending[i].chan), ending[i].dma, SIZE,
				 DMA_FROM_DEVICE);
		dma_release_channel(ending[i].chan);
		kfree(bytes[i]);
	}
}

/* --- ENG-05: the threads that copy ------------------------------------------------------------ */

static void test_ENG_05_threads_xor_and_interleave(void **state)
{
	struct dma_chan *chan = must_request(DMA_XOR);
	struct device *master = dmaengine_get_dma_device(chan);
	struct dma_interleaved_template *template = kzalloc(sizeof(*template) +
							    sizeof(struct data_chunk), GFP_KERNEL);
	u8 *bytes = must_kmalloc(4 * 256);
	dma_addr_t dma, from[3];

	assert_non_null(template);
	for (int i = 0; i < 4 * 256; i++)
		bytes[i] = i * 31 + i / 256;
	dma = must_map(master, bytes, 4 * 256, DMA_BIDIRECTIONAL);
	for (int i = 0; i < 3; i++)
		from[i] = dma + 256 * i;
	expect_calls(2);
	submit(chan->device->device_prep_dma_xor(chan, dma + 768, from, 3, 256, 0), 1);
	/* Columns of 16 bytes out of rows of 64 go side by side. */
	template->src_start = dma;
	template->dst_start = dma + 512;
	template->dir = DMA_MEM_TO_MEM;
	template->src_inc = template->dst_inc = template->src_sgl = true;
	template->numf = 4;
	template->frame_size = 1;
	template->sgl[0] = (struct data_chunk){.size = 16, .icg = 48};
	submit(dmaengine_prep_interleaved_dma(chan, template, 0), 2);
	dma_async_issue_pending(chan);
	must_be_called();
	dma_unmap_single(master, dma, 4 * 256, DMA_BIDIRECTIONAL);
	for (int i = 0; i < 256; i++)
		assert_int_equal(bytes[768 + i], (u8)(i * 31) ^ (u8)((256 + i) * 31 + 1) ^
							 (u8)((512 + i) * 31 + 2));
	for (int i = 0; i < 64; i++)
		assert_int_equal(bytes[512 + i], (u8)((i / 16 * 64 + i % 16) * 31));
	kfree(template);
	kfree(bytes);
	dma_release_channel(chan);
}

static void test_ENG_05_threads_reach_highmem(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct device *master = dmaengine_get_dma_device(chan);
	struct page *from = alloc_pages(GFP_HIGHUSER, 0), *to = alloc_pages(GFP_HIGHUSER, 0);
	dma_addr_t source, target;

	assert_non_null(from);
	assert_non_null(to);
	fill_bytes(kmap(from), PAGE_SIZE, 9);
	kunmap(from);
	source = dma_map_page(master, from, 0, PAGE_SIZE, DMA_TO_DEVICE);
	target = dma_map_page(master, to, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	assert_false(dma_mapping_error(master, source) || dma_mapping_error(master, target));
	expect_calls(1);
	submit(dmaengine_prep_dma_memcpy(chan, target, source, PAGE_SIZE, 0), 1);
	dma_async_issue_pending(chan);
	must_be_called();
	dma_unmap_page(master, source, PAGE_SIZE, DMA_TO_DEVICE);
	dma_unmap_page(master, target, PAGE_SIZE, DMA_FROM_DEVICE);
	assert_true(bytes_are(kmap(to), PAGE_SIZE, 9));
	kunmap(to);
	__free_pages(from, 0);
	__free_pages(to, 0);
	dma_release_channel(chan);
}

static void test_ENG_05_what_is_not_issued_is_not_under_way(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct device *master = dmaengine_get_dma_device(chan);
	u8 *bytes = must_kmalloc(2 * 64);
	dma_addr_t dma = must_map(master, bytes, 2 * 64, DMA_BIDIRECTIONAL);

	submit(dmaengine_prep_dma_memcpy(chan, dma + 64, dma, 64, 0), 1);
	dma_unmap_single(master, dma, 2 * 64, DMA_BIDIRECTIONAL);
	expect_no_findings();
	dmaengine_terminate_sync(chan);
	kfree(bytes);
	dma_release_channel(chan);
}

/* So many that the last is not done when its buffer is taken away. */
static void test_ENG_05_an_unmap_while_they_copy_is_reported(void **state)
{
	enum { JOBS = 20000, BYTES = 1 << 13 };
	struct dma_chan *chan = must_request(DMA_MEMSET);
	struct device *master = dmaengine_get_dma_device(chan);
	u8 *busy = must_kmalloc(BYTES), *taken = must_kmalloc(BYTES);
	dma_addr_t first = must_map(master, busy, BYTES, DMA_FROM_DEVICE);
	dma_addr_t last = must_map(master, taken, BYTES, DMA_FROM_DEVICE);
	struct dma_async_tx_descriptor *tx;

	for (int i = 0; i <= JOBS; i++) {
		tx = dmaengine_prep_dma_memset(chan, i < JOBS ? first : last, 1, BYTES, 0);
		assert_non_null(tx);
		dmaengine_submit(tx);
	}
	dma_async_issue_pending(chan);
	dma_unmap_single(master, last, BYTES, DMA_FROM_DEVICE);
	expect_finding("STR-07", 1);
	dmaengine_terminate_sync(chan);
	dma_unmap_single(master, first, BYTES, DMA_FROM_DEVICE);
	kfree(busy);
	kfree(taken);
	dma_release_channel(chan);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_ENG_01_nothing_moves_before_it_is_issued),
		CONTRACT_TEST(test_ENG_01_a_filter_chooses_and_what_is_taken_is_not_given),
		CONTRACT_TEST(test_ENG_01_a_capability_that_nobody_has_gives_no_channel),
		CONTRACT_TEST(test_ENG_01_by_name_a_map_says_which),
		CONTRACT_TEST(test_ENG_01_by_name_a_devicetree_says_which),
		CONTRACT_TEST(test_ENG_01_what_a_peripherals_channel_can_is_told),
		CONTRACT_TEST(test_ENG_01_a_cyclic_one_calls_back_each_period_until_it_is_ended),
		CONTRACT_TEST(test_ENG_01_a_descriptor_for_reuse_is_submitted_again),
		CONTRACT_TEST(test_ENG_01_mappings_go_with_the_descriptor),
		CONTRACT_TEST(test_ENG_01_shared_channels_are_found_while_somebody_shares),
		CONTRACT_TEST(test_ENG_01_cookies_rise_and_wrap),
		CONTRACT_TEST(test_ENG_02_a_capability_without_its_function_is_refused),
		CONTRACT_TEST(test_ENG_02_who_has_which_channel_is_listed),
		CONTRACT_TEST(test_ENG_02_a_channel_that_is_gone_is_listed_no_more),
		CONTRACT_TEST(test_ENG_02_it_lives_until_the_last_channel_is_given_back),
		CONTRACT_TEST(test_ENG_03_thousands_of_channels_with_work_under_way),
		CONTRACT_TEST(test_ENG_03_threads_have_work_under_way_on_each_channel),
		CONTRACT_TEST(test_ENG_04_a_failed_one_says_so_and_the_next_goes_on),
		CONTRACT_TEST(test_ENG_04_terminate_loses_none_and_nobody_is_called),
		CONTRACT_TEST(test_ENG_04_threads_end_at_any_moment_and_call_nobody_afterwards),
		CONTRACT_TEST(test_ENG_05_threads_xor_and_interleave),
		CONTRACT_TEST(test_ENG_05_threads_reach_highmem),
		CONTRACT_TEST(test_ENG_05_what_is_not_issued_is_not_under_way),
		CONTRACT_TEST(test_ENG_05_an_unmap_while_they_copy_is_reported),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
