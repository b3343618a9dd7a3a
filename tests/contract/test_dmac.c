// SPDX-License-Identifier: MIT
/*
 * ENG on a controller that has hardware: the simulated one of docs/dmac.md, by its driver,
 * drivers/dmac/dmac.c, on each machine.
 */
#include "engine.h"

#include <linux/of.h>

enum { SIZE = 3 * PAGE_SIZE + 123, LONG = 1 << 16 };

/* --- clients ---------------------------------------------------------------------------------- */

static bool is_dmac(struct dma_chan *chan, void *param)
{
	return chan->device->dev->of_node &&
	       of_device_is_compatible(chan->device->dev->of_node, "dmakit,dmac");
}

/* --- ENG-01, ENG-05: memory to memory --------------------------------------------------------- */

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

/* Begun and paused before its end. Return: its cookie. */
static dma_cookie_t pause_a_copy(struct dma_chan *chan, const struct lent *to,
				 const struct lent *from, struct dma_tx_state *seen)
{
	/* A host that is busy elsewhere may see nothing but the end. */
	for (int i = 0; i < 100; i++) {
		dma_cookie_t cookie = copy(chan, to, from, 1);

		expect_calls(1);
		dma_async_issue_pending(chan);
		do
			dmaengine_tx_status(chan, cookie, seen);
		while (seen->residue == LONG);
		assert_int_equal(dmaengine_pause(chan), 0);
		if (dmaengine_tx_status(chan, cookie, seen) == DMA_PAUSED)
			return cookie;
		must_be_called();
		assert_int_equal(dmaengine_resume(chan), 0);
	}
	fail_msg("no copy could be paused");
	return 0;
}

static void test_ENG_01_pause_holds_it_and_the_residue_says_where(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct lent from = lend(chan, LONG, DMA_TO_DEVICE, 1);
	struct lent to = lend(chan, LONG, DMA_FROM_DEVICE, -1);
	struct dma_tx_state seen;
	dma_cookie_t cookie = pause_a_copy(chan, &to, &from, &seen);
	const u32 residue = seen.residue;

	assert_true(residue > 0 && residue < LONG);
	assert_int_equal(residue % 256, 0);
	usleep_range(2000, 3000);
	assert_int_equal(dmaengine_tx_status(chan, cookie, &seen), DMA_PAUSED);
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

/* The first try hangs, however long it takes to begin; a later one is done. */
static void test_ENG_04_a_channel_that_hangs_is_ended_and_works_again(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct lent from = lend(chan, SIZE, DMA_TO_DEVICE, 2);
	struct lent to = lend(chan, SIZE, DMA_FROM_DEVICE, -1);
	int tries = 0;

	expect_calls(1);
	do {
		copy(chan, &to, &from, ++tries);
		dma_async_issue_pending(chan);
		if (wait_for_completion_timeout(&calls.last, HZ / 20))
			break;
		assert_int_equal(dmaengine_terminate_sync(chan), 0);
	} while (!calls.n && tries < 100);
	assert_true(tries > 1);
	assert_int_equal(calls.n, 1);
	assert_int_equal(calls.what[0], tries);
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
		int n;

		expect_calls(1);
		copy(chan, &to, &from, 1);
		dma_async_issue_pending(chan);
		copy(chan, &to, &from, 2);
		assert_non_null(dmaengine_prep_dma_memcpy(chan, to.dma, from.dma, LONG, 0));
		usleep_range(i * 100, i * 100 + 50);
		assert_int_equal(dmaengine_terminate_sync(chan), 0);
		n = calls.n;
		/* An unmap while it is the controller's would be a finding. */
		take_back(&from);
		take_back(&to);
		kfree(from.bytes);
		kfree(to.bytes);
		usleep_range(300, 400);
		assert_int_equal(calls.n, n);
	}
	dma_release_channel(chan);
}

/* --- peripherals ------------------------------------------------------------------------------ */

/* One that the machine was given, and nobody's but this file's. */
static struct {
	struct device *dev;
	void __iomem *regs;
	phys_addr_t phys;
} peripheral;

static int peripheral_probe(struct platform_device *pdev)
{
	peripheral.regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(peripheral.regs))
		return PTR_ERR(peripheral.regs);
	peripheral.phys = platform_get_resource(pdev, IORESOURCE_MEM, 0)->start;
	peripheral.dev = &pdev->dev;
	return 0;
}

static const struct of_device_id peripheral_ids[] = {{.compatible = "dmakit,uart"},
						     {.compatible = "dmakit,i2s"},
						     {}};
static struct platform_driver peripheral_driver = {
	.probe = peripheral_probe,
	.driver = {.name = "peripheral", .of_match_table = peripheral_ids},
};

static void begin_peripheral(void)
{
	memset(&peripheral, 0, sizeof(peripheral));
	assert_int_equal(platform_driver_register(&peripheral_driver), 0);
	assert_non_null(peripheral.dev);
}

static void end_peripheral(void)
{
	platform_driver_unregister(&peripheral_driver);
}

static void poke(unsigned int offset, u32 value)
{
	writel(value, peripheral.regs + offset);
}

static u32 peek(unsigned int offset)
{
	return readl(peripheral.regs + offset);
}

static struct dma_chan *must_request_named(const char *name, struct dma_slave_config config)
{
	struct dma_chan *chan = dma_request_chan(peripheral.dev, name);

	assert_false(IS_ERR(chan));
	assert_int_equal(dmaengine_slave_config(chan, &config), 0);
	return chan;
}

/* docs/uart.md */
enum { UART_CONTROL = 0x04, UART_DATA = 0x14, UART_WATERMARK = 0x1c, UART_RECEIVED = 0x24 };
enum { UART_ON = 15 }; /* looped back, by DMA both ways */

static struct dma_slave_config uart_config(u32 burst)
{
	return (struct dma_slave_config){
		.src_addr = peripheral.phys + UART_DATA,
		.dst_addr = peripheral.phys + UART_DATA,
		.src_addr_width = DMA_SLAVE_BUSWIDTH_1_BYTE,
		.dst_addr_width = DMA_SLAVE_BUSWIDTH_1_BYTE,
		.src_maxburst = burst,
		.dst_maxburst = burst,
	};
}

/* The same bytes from as many places to one; in bursts that they are no multiple of. */
static void test_ENG_01_a_list_goes_out_and_what_comes_in_is_one_piece(void **state)
{
	static const size_t part[] = {100, 33, 7};
	enum { ALL = 140, BURST = 8 };
	struct scatterlist sg[ARRAY_SIZE(part)];
	struct dma_chan *rx, *tx;
	u8 *bytes[ARRAY_SIZE(part)];
	struct device *master;
	struct lent in;
	int nents;

	begin_peripheral();
	rx = must_request_named("rx", uart_config(BURST));
	tx = must_request_named("tx", uart_config(BURST));
	assert_ptr_not_equal(rx, tx);
	master = dmaengine_get_dma_device(tx);
	in = lend(rx, ALL, DMA_FROM_DEVICE, -1);
	sg_init_table(sg, ARRAY_SIZE(part));
	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		bytes[i] = must_kmalloc(part[i]);
		fill_bytes(bytes[i], part[i], i);
		sg_set_buf(&sg[i], bytes[i], part[i]);
	}
	nents = dma_map_sg(master, sg, ARRAY_SIZE(part), DMA_TO_DEVICE);
	assert_true(nents > 0);
	poke(UART_WATERMARK, BURST | BURST << 8);
	poke(UART_CONTROL, UART_ON);
	expect_calls(2);
	submit(dmaengine_prep_slave_single(rx, in.dma, ALL, DMA_DEV_TO_MEM, 0), 1);
	submit(dmaengine_prep_slave_sg(tx, sg, nents, DMA_MEM_TO_DEV, 0), 0);
	dma_async_issue_pending(rx);
	dma_async_issue_pending(tx);
	must_be_called();
	for (int i = 0; i < 2; i++)
		assert_int_equal(calls.result[i].result, DMA_TRANS_NOERROR);
	dma_unmap_sg(master, sg, ARRAY_SIZE(part), DMA_TO_DEVICE);
	take_back(&in);
	for (size_t i = 0, at = 0; i < ARRAY_SIZE(part); at += part[i++]) {
		assert_true(bytes_are(in.bytes + at, part[i], i));
		kfree(bytes[i]);
	}
	kfree(in.bytes);
	dma_release_channel(rx);
	dma_release_channel(tx);
	end_peripheral();
}

static void test_ENG_01_less_than_was_waited_for_is_told_by_the_residue(void **state)
{
	enum { WANTED = 100, SENT = 40 };
	struct dma_tx_state seen = {.residue = WANTED};
	dma_cookie_t cookie;
	struct dma_chan *rx;
	struct lent in;

	begin_peripheral();
	rx = must_request_named("rx", uart_config(1));
	in = lend(rx, WANTED, DMA_FROM_DEVICE, -1);
	poke(UART_CONTROL, UART_ON);
	expect_calls(1);
	cookie = submit(dmaengine_prep_slave_single(rx, in.dma, WANTED, DMA_DEV_TO_MEM, 0), 1);
	dma_async_issue_pending(rx);
	for (int i = 0; i < SENT; i++)
		writeb(i + 1, peripheral.regs + UART_DATA);
	for (int i = 0; i < 5000 && seen.residue > WANTED - SENT; i++) {
		usleep_range(50, 100);
		dmaengine_tx_status(rx, cookie, &seen);
	}
	assert_int_equal(dmaengine_pause(rx), 0);
	assert_int_equal(dmaengine_tx_status(rx, cookie, &seen), DMA_PAUSED);
	assert_int_equal(seen.residue, WANTED - SENT);
	assert_int_equal(dmaengine_terminate_sync(rx), 0);
	assert_int_equal(calls.n, 0);
	take_back(&in);
	for (int i = 0; i < WANTED; i++)
		assert_int_equal(in.bytes[i], i < SENT ? i + 1 : 0);
	kfree(in.bytes);
	dma_release_channel(rx);
	end_peripheral();
}

static void test_ENG_04_a_port_without_a_register_ends_it_with_an_error(void **state)
{
	struct dma_slave_config config;
	struct dma_chan *tx;
	struct lent out;

	begin_peripheral();
	config = uart_config(4);
	config.dst_addr = peripheral.phys + 0x8000;
	tx = must_request_named("tx", config);
	out = lend(tx, 64, DMA_TO_DEVICE, 1);
	poke(UART_CONTROL, UART_ON);
	expect_calls(2);
	submit(dmaengine_prep_slave_single(tx, out.dma, 64, DMA_MEM_TO_DEV, 0), 0);
	config = uart_config(4);
	assert_int_equal(dmaengine_slave_config(tx, &config), 0);
	submit(dmaengine_prep_slave_single(tx, out.dma, 64, DMA_MEM_TO_DEV, 0), 1);
	dma_async_issue_pending(tx);
	must_be_called();
	assert_int_equal(calls.result[0].result, DMA_TRANS_ABORTED);
	assert_int_equal(calls.result[0].residue, 64);
	assert_int_equal(calls.result[1].result, DMA_TRANS_NOERROR);
	take_back(&out);
	kfree(out.bytes);
	dma_release_channel(tx);
	end_peripheral();
}

static void test_ENG_02_what_the_controller_cannot_is_not_prepared(void **state)
{
	static const struct dma_slave_config bad[] = {
		{.dst_addr_width = DMA_SLAVE_BUSWIDTH_UNDEFINED},
		{.dst_addr_width = DMA_SLAVE_BUSWIDTH_3_BYTES},
		{.dst_addr_width = DMA_SLAVE_BUSWIDTH_8_BYTES},
		{.dst_addr_width = DMA_SLAVE_BUSWIDTH_64_BYTES},
		{.dst_addr_width = DMA_SLAVE_BUSWIDTH_4_BYTES, .dst_maxburst = 17},
	};
	struct dma_slave_caps caps;
	struct dma_chan *tx;

	begin_peripheral();
	tx = must_request_named("tx", bad[0]);
	assert_int_equal(dma_get_slave_caps(tx, &caps), 0);
	assert_true(caps.cmd_pause && caps.cmd_terminate);
	assert_int_equal(caps.residue_granularity, DMA_RESIDUE_GRANULARITY_BURST);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct dma_slave_config config = bad[i];

		dmaengine_slave_config(tx, &config);
		assert_null(dmaengine_prep_slave_single(tx, 0, 64, DMA_MEM_TO_DEV, 0));
		assert_null(dmaengine_prep_dma_cyclic(tx, 0, 64, 16, DMA_MEM_TO_DEV, 0));
	}
	assert_null(dmaengine_prep_dma_cyclic(tx, 0, 64, 24, DMA_MEM_TO_DEV, 0));
	assert_null(dmaengine_prep_dma_cyclic(tx, 0, 64, 0, DMA_MEM_TO_DEV, 0));
	assert_null(dmaengine_prep_dma_memcpy(tx, 0, 0, 0, 0));
	assert_null(dmaengine_prep_slave_single(tx, 0, 64, DMA_MEM_TO_MEM, 0));
	dma_release_channel(tx);
	end_peripheral();
}

/* --- rings ------------------------------------------------------------------------------------ */

/* docs/i2s.md */
enum {
	I2S_CONTROL = 0x04,
	I2S_TX_DATA = 0x14,
	I2S_RX_DATA = 0x18,
	I2S_WATERMARK = 0x1c,
	I2S_PLAYED = 0x20,
	I2S_UNDERRUNS = 0x28,
	I2S_OVERRUNS = 0x2c,
	I2S_SUM = 0x30,
	I2S_SUM_FRAMES = 0x34,
};
enum { I2S_PLAY = 1, I2S_CAPTURE = 2 };
enum { PERIOD = 512, PERIODS = 4, RING = PERIOD * PERIODS, FRAMES = RING / 4 };

static struct {
	struct dma_chan *chan;
	u32 *frames;
	dma_addr_t dma;
	dma_cookie_t cookie;
	int periods;
	struct completion enough;
	int wanted;
} ring;

static void period_passed(void *param)
{
	if (++ring.periods == ring.wanted)
		complete(&ring.enough);
}

static void begin_ring(const char *name, enum dma_transfer_direction direction)
{
	struct dma_slave_config config = {
		.src_addr = peripheral.phys + I2S_RX_DATA,
		.dst_addr = peripheral.phys + I2S_TX_DATA,
		.src_addr_width = DMA_SLAVE_BUSWIDTH_4_BYTES,
		.dst_addr_width = DMA_SLAVE_BUSWIDTH_4_BYTES,
		.src_maxburst = 8,
		.dst_maxburst = 8,
	};

	memset(&ring, 0, sizeof(ring));
	init_completion(&ring.enough);
	ring.chan = must_request_named(name, config);
	ring.frames = dma_alloc_coherent(dmaengine_get_dma_device(ring.chan), RING, &ring.dma,
					 GFP_KERNEL);
	assert_non_null(ring.frames);
	memset(ring.frames, 0, RING);
	poke(I2S_WATERMARK, 0x0808);
}

static void start_ring(enum dma_transfer_direction direction, int periods, u32 control)
{
	struct dma_async_tx_descriptor *tx = dmaengine_prep_dma_cyclic(ring.chan, ring.dma, RING,
								       PERIOD, direction,
								       DMA_PREP_INTERRUPT);

	assert_non_null(tx);
	tx->callback = period_passed;
	ring.wanted = periods;
	ring.cookie = dmaengine_submit(tx);
	dma_async_issue_pending(ring.chan);
	poke(I2S_CONTROL, control);
	assert_true(wait_for_completion_timeout(&ring.enough, 5 * HZ));
}

static u32 ring_residue(void)
{
	struct dma_tx_state seen;

	dmaengine_tx_status(ring.chan, ring.cookie, &seen);
	return seen.residue;
}

/* After the end nobody is called, and nothing moves. */
static void end_ring(void)
{
	int periods;

	assert_int_equal(dmaengine_terminate_sync(ring.chan), 0);
	periods = ring.periods;
	usleep_range(1000, 2000);
	assert_int_equal(ring.periods, periods);
	dma_free_coherent(dmaengine_get_dma_device(ring.chan), RING, ring.frames, ring.dma);
	dma_release_channel(ring.chan);
}

static void test_ENG_01_a_ring_is_played_over_and_over_until_it_is_ended(void **state)
{
	u32 sum = 0, residue, again;

	begin_peripheral();
	begin_ring("tx", DMA_MEM_TO_DEV);
	for (u32 i = 0; i < FRAMES; i++)
		ring.frames[i] = i * 2654435761u;
	for (u32 i = 0; i < FRAMES + FRAMES / 2; i++)
		sum = sum * 31 + ring.frames[i % FRAMES];
	poke(I2S_SUM_FRAMES, FRAMES + FRAMES / 2);
	start_ring(DMA_MEM_TO_DEV, 2 * PERIODS, I2S_PLAY);
	assert_int_equal(dmaengine_tx_status(ring.chan, ring.cookie, NULL), DMA_IN_PROGRESS);
	residue = ring_residue();
	assert_true(residue > 0 && residue <= RING);
	assert_true(peek(I2S_PLAYED) >= FRAMES + FRAMES / 2);
	assert_int_equal(peek(I2S_SUM), sum);
	/* Paused, it stands still, and the peripheral runs dry. */
	assert_int_equal(dmaengine_pause(ring.chan), 0);
	residue = ring_residue();
	for (int i = 0; i < 5000 && !peek(I2S_UNDERRUNS); i++)
		usleep_range(100, 200);
	assert_true(peek(I2S_UNDERRUNS) > 0);
	assert_int_equal(ring_residue(), residue);
	assert_int_equal(dmaengine_resume(ring.chan), 0);
	for (int i = 0; i < 5000 && (again = ring_residue()) == residue; i++)
		usleep_range(100, 200);
	assert_int_not_equal(again, residue);
	end_ring();
	end_peripheral();
}

static void test_ENG_01_a_ring_is_recorded_into_and_the_residue_is_the_place(void **state)
{
	u32 at;

	begin_peripheral();
	begin_ring("rx", DMA_DEV_TO_MEM);
	start_ring(DMA_DEV_TO_MEM, PERIODS + 1, I2S_CAPTURE);
	assert_int_equal(dmaengine_pause(ring.chan), 0);
	at = (RING - ring_residue()) / 4;
	/* Behind the place is what is oldest; from there on each frame is one more. */
	for (u32 i = 1; i < FRAMES; i++)
		assert_int_equal(ring.frames[(at + i) % FRAMES],
				 ring.frames[(at + i - 1) % FRAMES] + 1);
	assert_true(ring.frames[at % FRAMES] > 0);
	end_ring();
	end_peripheral();
}

/* Prepared and submitted behind a ring: it waits until the ring is ended, and goes with it. */
static void test_ENG_04_what_waits_behind_a_ring_ends_with_it(void **state)
{
	struct dma_async_tx_descriptor *tx;

	begin_peripheral();
	begin_ring("tx", DMA_MEM_TO_DEV);
	start_ring(DMA_MEM_TO_DEV, 1, I2S_PLAY);
	expect_calls(1);
	tx = dmaengine_prep_slave_single(ring.chan, ring.dma, 64, DMA_MEM_TO_DEV, 0);
	submit(tx, 1);
	dma_async_issue_pending(ring.chan);
	usleep_range(1000, 2000);
	end_ring();
	assert_int_equal(calls.n, 0);
	end_peripheral();
}

static const struct dmk_device_request ring_fails[] = {{"dmac", {{"fail", "3"}}, 1},
						       {.model = "i2s"}};

static struct dmaengine_result ring_result;

/* Periods call too; an error is the last call. */
static void ring_called(void *param, const struct dmaengine_result *result)
{
	if (result->result == DMA_TRANS_NOERROR)
		return;
	ring_result = *result;
	complete(&ring.enough);
}

static void test_ENG_04_a_ring_that_fails_says_so(void **state)
{
	struct dma_async_tx_descriptor *tx;

	begin_peripheral();
	begin_ring("tx", DMA_MEM_TO_DEV);
	tx = dmaengine_prep_dma_cyclic(ring.chan, ring.dma, RING, PERIOD, DMA_MEM_TO_DEV, 0);
	assert_non_null(tx);
	tx->callback_result = ring_called;
	ring.cookie = dmaengine_submit(tx);
	dma_async_issue_pending(ring.chan);
	poke(I2S_CONTROL, I2S_PLAY);
	assert_true(wait_for_completion_timeout(&ring.enough, 5 * HZ));
	assert_int_equal(ring_result.result, DMA_TRANS_ABORTED);
	assert_int_equal(ring_result.residue, RING - 2 * PERIOD);
	assert_int_equal(dmaengine_tx_status(ring.chan, ring.cookie, NULL), DMA_COMPLETE);
	end_ring();
	end_peripheral();
}

int main(int argc, char **argv)
{
	static const struct dmk_device_request plain[] = {{.model = "dmac"}};
	static const struct dmk_device_request uart[] = {{.model = "uart"}};
	static const struct dmk_device_request i2s[] = {{.model = "i2s"}};
	static const struct contract_test tests[] = {
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
		CONTRACT_TEST_ON(test_ENG_01_a_list_goes_out_and_what_comes_in_is_one_piece, uart),
		CONTRACT_TEST_ON(test_ENG_01_less_than_was_waited_for_is_told_by_the_residue, uart),
		CONTRACT_TEST_ON(test_ENG_04_a_port_without_a_register_ends_it_with_an_error, uart),
		CONTRACT_TEST_ON(test_ENG_02_what_the_controller_cannot_is_not_prepared, uart),
		CONTRACT_TEST_ON(test_ENG_01_a_ring_is_played_over_and_over_until_it_is_ended, i2s),
		CONTRACT_TEST_ON(test_ENG_01_a_ring_is_recorded_into_and_the_residue_is_the_place,
				 i2s),
		CONTRACT_TEST_ON(test_ENG_04_what_waits_behind_a_ring_ends_with_it, i2s),
		CONTRACT_TEST_ON(test_ENG_04_a_ring_that_fails_says_so, ring_fails),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
