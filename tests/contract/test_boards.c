// SPDX-License-Identifier: MIT
/*
 * ENG on the controllers of QEMU's boards, by their reference drivers: what test_provider.c asks of
 * every controller is not asked here again, but what these two alone can and how their errors are
 * told. QEMU's models report no wrong address, so their registers are made to report something
 * else, while a descriptor is under way: the interrupt that would end it is held back until then.
 */
#include "engine.h"

#include <signal.h>

#include "../qemu/bench_card.h"

enum { SIZE = 3 * PAGE_SIZE + 123 };

/* A channel, and its controller from below. */
struct below {
	struct dma_chan *chan;
	struct platform_device *pdev;
	void __iomem *regs;
	int irq; /* by which the channel's descriptors end */
};

static struct below must_get_below(enum dma_transaction_type type, bool irq_of_channel)
{
	struct below below = {.chan = must_request(type)};
	struct resource *window;

	assert_non_null(below.chan->device->dev->of_node);
	below.pdev = to_platform_device(below.chan->device->dev);
	window = platform_get_resource(below.pdev, IORESOURCE_MEM, 0);
	below.regs = ioremap(window->start, resource_size(window));
	below.irq = platform_get_irq(below.pdev, irq_of_channel ? 1 + below.chan->chan_id : 0);
	assert_non_null(below.regs);
	assert_true(below.irq > 0);
	return below;
}

static void put_below(struct below *below)
{
	iounmap(below->regs);
	dma_release_channel(below->chan);
}

static bool on_zcu102(void)
{
	return machine_is("qemu-zcu102");
}

/* --- errors ----------------------------------------------------------------------------------- */

static void go_wrong_zdma(struct below *below)
{
	enum { NO_SUCH_REGISTER = 0x008 };

	readl(below->regs + NO_SUCH_REGISTER);
}

static void pl330_debug(struct below *below, u32 instruction)
{
	writel(instruction, below->regs + 0xd08);
	writel(0, below->regs + 0xd0c);
	writel(0, below->regs + 0xd04);
}

/* Its faults have an interrupt of their own, which comes before the one that is held back. */
static void go_wrong_pl330(struct below *below)
{
	const u32 send_event_31 = 31u << 27 | 0x34u << 16;

	pl330_debug(below, send_event_31 | below->chan->chan_id << 8 | 1);
	for (int i = 0; i < 5000 && !__atomic_load_n(&calls.n, __ATOMIC_ACQUIRE); i++)
		usleep_range(1000, 2000);
}

static void test_ENG_04_an_error_of_the_hardware_is_told_and_the_next_goes_on(void **state)
{
	struct below below = must_get_below(DMA_MEMCPY, !on_zcu102());
	struct lent from = lend(below.chan, SIZE, DMA_TO_DEVICE, 3);
	struct lent to = lend(below.chan, SIZE, DMA_FROM_DEVICE, -1);
	dma_cookie_t bad, good;

	expect_calls(2);
	disable_irq(below.irq);
	bad = copy(below.chan, &to, &from, 1);
	good = copy(below.chan, &to, &from, 2);
	dma_async_issue_pending(below.chan);
	if (on_zcu102())
		go_wrong_zdma(&below);
	else
		go_wrong_pl330(&below);
	enable_irq(below.irq);
	must_be_called();
	assert_int_equal(calls.what[0], 1);
	assert_int_equal(calls.result[0].result, DMA_TRANS_ABORTED);
	assert_int_equal(calls.result[1].result, DMA_TRANS_NOERROR);
	assert_int_equal(dmaengine_tx_status(below.chan, bad, NULL), DMA_ERROR);
	assert_int_equal(dmaengine_tx_status(below.chan, good, NULL), DMA_COMPLETE);
	take_back(&from);
	take_back(&to);
	assert_true(bytes_are(to.bytes, SIZE, 3));
	assert_non_null(strstr(kernel_log(), on_zcu102() ? "says error" : "faulted: type"));
	kfree(from.bytes);
	kfree(to.bytes);
	put_below(&below);
}

/* What has ended and was not heard of yet, when it is terminated, is not heard of later. */
static void test_ENG_04_an_end_that_comes_too_late_ends_nothing(void **state)
{
	struct below below = must_get_below(DMA_MEMCPY, !on_zcu102());
	struct lent from = lend(below.chan, SIZE, DMA_TO_DEVICE, 3);
	struct lent to = lend(below.chan, SIZE, DMA_FROM_DEVICE, -1);

	expect_calls(1);
	disable_irq(below.irq);
	copy(below.chan, &to, &from, 1);
	dma_async_issue_pending(below.chan);
	assert_int_equal(dmaengine_terminate_async(below.chan), 0);
	copy(below.chan, &to, &from, 2);
	dma_async_issue_pending(below.chan);
	enable_irq(below.irq);
	must_be_called();
	dmaengine_synchronize(below.chan);
	assert_int_equal(calls.n, 1);
	assert_int_equal(calls.what[0], 2);
	give_up(&from);
	give_up(&to);
	put_below(&below);
}

static void test_ENG_04_a_fault_of_the_manager_is_overcome(void **state)
{
	const u32 go_channel_31 = 31u << 27 | 0xa0u << 16;
	struct below below;
	struct lent to;

	if (on_zcu102())
		return;
	below = must_get_below(DMA_MEMSET, true);
	pl330_debug(&below, go_channel_31);
	to = lend(below.chan, SIZE, DMA_FROM_DEVICE, -1);
	expect_calls(1);
	submit(dmaengine_prep_dma_memset(below.chan, to.dma, 0x77, SIZE, 0), 1);
	dma_async_issue_pending(below.chan);
	must_be_called();
	assert_int_equal(calls.result[0].result, DMA_TRANS_NOERROR);
	for (int i = 0; i < 1000 && !strstr(kernel_log(), "manager faulted"); i++)
		usleep_range(1000, 2000);
	assert_non_null(strstr(kernel_log(), "manager faulted"));
	take_back(&to);
	assert_int_equal(to.bytes[SIZE - 1], 0x77);
	kfree(to.bytes);
	put_below(&below);
}

static void test_ENG_01_what_is_too_much_for_it_is_no_descriptor(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);

	assert_null(dmaengine_prep_dma_memcpy(chan, 0, 0, 0, 0));
	assert_null(dmaengine_prep_dma_memcpy(chan, 0, 0, 1ULL << 32, 0));
	assert_null(dmaengine_prep_dma_memset(chan, 0, 0, 1ULL << 32, 0));
	/* A program is longer when it moves single bytes. */
	if (!on_zcu102())
		assert_null(dmaengine_prep_dma_memcpy(chan, 1, 0, 64 << 20, 0));
	dma_release_channel(chan);
}

/* --- the machine's end ------------------------------------------------------------------------ */

static void kill_qemu(void)
{
	assert_int_equal(kill(bench_qemu(), SIGKILL), 0);
	for (int i = 0; i < 5000 && !dmk_kernel_died(); i++)
		usleep_range(1000, 2000);
	assert_non_null(dmk_kernel_died());
}

/* What is asked of hardware that is gone fails or is never called back, and is let go of. */
static void test_ENG_04_nobody_waits_for_hardware_that_is_gone(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct lent from = lend(chan, SIZE, DMA_TO_DEVICE, 3);
	struct lent to = lend(chan, SIZE, DMA_FROM_DEVICE, -1);

	expect_calls(2);
	kill_qemu();
	copy(chan, &to, &from, 1);
	copy(chan, &to, &from, 2);
	dma_async_issue_pending(chan);
	assert_int_equal(dmaengine_terminate_sync(chan), 0);
	for (int i = 0; i < calls.n; i++)
		assert_int_equal(calls.result[i].result, DMA_TRANS_ABORTED);
	give_up(&from);
	give_up(&to);
	dma_release_channel(chan);
}

/* --- what they alone can ---------------------------------------------------------------------- */

enum { ALIGNMENTS = 16, CELL = 256 };

static const size_t lengths[] = {1, 3, 7, 8, 9, 16, 31, 127, 135, 200};

static void expect_cells(const struct lent *to, const struct lent *from, size_t length)
{
	u8 *expected = must_kmalloc(CELL);

	for (int i = 0; i < ALIGNMENTS * ALIGNMENTS; i++) {
		const size_t target = i / ALIGNMENTS, source = i % ALIGNMENTS;

		memset(expected, 0, CELL);
		memcpy(expected + target, from->bytes + source, length);
		if (memcmp(to->bytes + i * CELL, expected, CELL))
			fail_msg("%zu bytes from ...%zu to ...%zu are wrong", length, source,
				 target);
	}
	kfree(expected);
}

/* Bytes until the first aligned address, wide elements, bytes: each way that they can meet. */
static void test_ENG_05_every_alignment_of_both_ends(void **state)
{
	enum { CELLS = ALIGNMENTS * ALIGNMENTS };
	struct dma_chan *chan = must_request(DMA_MEMCPY);

	for (size_t n = 0; n < ARRAY_SIZE(lengths); n++) {
		struct lent from = lend(chan, CELL, DMA_TO_DEVICE, n);
		struct lent to = lend(chan, CELLS * CELL, DMA_FROM_DEVICE, -1);

		expect_calls(CELLS);
		for (int i = 0; i < CELLS; i++)
			submit(dmaengine_prep_dma_memcpy(chan, to.dma + i * CELL + i / ALIGNMENTS,
							 from.dma + i % ALIGNMENTS, lengths[n], 0),
			       i);
		dma_async_issue_pending(chan);
		must_be_called();
		take_back(&from);
		take_back(&to);
		expect_cells(&to, &from, lengths[n]);
		kfree(from.bytes);
		kfree(to.bytes);
	}
	dma_release_channel(chan);
}

/* Two pieces a frame, each with a gap of its own on each side. */
static void test_ENG_05_a_chain_has_pieces_of_several_sizes(void **state)
{
	enum { FRAMES = 9, FROM = 10 + 3 + 20 + 4, TO = 10 + 5 + 20 + 6 };
	struct dma_chan *chan = may_request(DMA_INTERLEAVE);
	struct dma_interleaved_template *xt = kzalloc(sizeof(*xt) + 2 * sizeof(struct data_chunk),
						      GFP_KERNEL);
	struct lent from, to;

	assert_non_null(xt);
	if (!chan || !chan->device->dev->of_node)
		goto none;
	from = lend(chan, FRAMES * FROM, DMA_TO_DEVICE, 5);
	to = lend(chan, FRAMES * TO, DMA_FROM_DEVICE, -1);
	xt->src_start = from.dma;
	xt->dst_start = to.dma;
	xt->dir = DMA_MEM_TO_MEM;
	xt->src_inc = xt->dst_inc = xt->src_sgl = xt->dst_sgl = true;
	xt->numf = FRAMES;
	xt->frame_size = 2;
	xt->sgl[0] = (struct data_chunk){.size = 10, .src_icg = 3, .dst_icg = 5};
	xt->sgl[1] = (struct data_chunk){.size = 20, .src_icg = 4, .dst_icg = 6};
	expect_calls(1);
	submit(dmaengine_prep_interleaved_dma(chan, xt, 0), 1);
	dma_async_issue_pending(chan);
	must_be_called();
	take_back(&from);
	take_back(&to);
	for (int i = 0; i < FRAMES; i++) {
		const u8 *read = from.bytes + i * FROM, *written = to.bytes + i * TO;

		assert_memory_equal(written, read, 10);
		assert_memory_equal(written + 10, "\0\0\0\0", 5);
		assert_memory_equal(written + 15, read + 13, 20);
		assert_memory_equal(written + 35, "\0\0\0\0\0", 6);
	}
	kfree(from.bytes);
	kfree(to.bytes);
none:
	kfree(xt);
	if (chan)
		dma_release_channel(chan);
}

/* --- memory ----------------------------------------------------------------------------------- */

/* One page there and one here, both ways. */
static void copy_pages(struct dma_chan *chan, struct page *one, struct page *other)
{
	struct device *master = dmaengine_get_dma_device(chan);
	dma_addr_t source, target;

	fill_bytes(page_address(one), PAGE_SIZE, 6);
	memset(page_address(other), 0, PAGE_SIZE);
	source = dma_map_page(master, one, 0, PAGE_SIZE, DMA_TO_DEVICE);
	target = dma_map_page(master, other, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	assert_false(dma_mapping_error(master, source) || dma_mapping_error(master, target));
	expect_calls(1);
	submit(dmaengine_prep_dma_memcpy(chan, target, source, PAGE_SIZE, 0), 1);
	dma_async_issue_pending(chan);
	must_be_called();
	dma_unmap_page(master, source, PAGE_SIZE, DMA_TO_DEVICE);
	dma_unmap_page(master, target, PAGE_SIZE, DMA_FROM_DEVICE);
	assert_true(bytes_are(page_address(other), PAGE_SIZE, 6));
}

static void expect_below_4_gib(gfp_t zone)
{
	struct page *page = alloc_pages(GFP_KERNEL | zone, 0);

	assert_non_null(page);
	assert_true(page_to_phys(page) <= U32_MAX);
	__free_pages(page, 0);
}

/* As far as the hardware reaches, and with a mask that bounces. */
static void test_MSK_06_memory_above_4_gib_is_reached_or_bounced(void **state)
{
	struct dma_chan *chan = must_request(DMA_MEMCPY);
	struct page *high, *low;

	if (!machine_has_ram_above(U32_MAX))
		goto none;
	high = alloc_pages(GFP_KERNEL, 0);
	low = alloc_pages(GFP_KERNEL | GFP_DMA32, 0);
	assert_non_null(high);
	assert_non_null(low);
	assert_true(page_to_phys(high) > U32_MAX);
	assert_true(page_to_phys(low) <= U32_MAX);
	expect_below_4_gib(GFP_DMA);
	expect_below_4_gib(GFP_DMA32);
	copy_pages(chan, high, low);
	copy_pages(chan, low, high);
	assert_int_equal(dma_set_mask(dmaengine_get_dma_device(chan), DMA_BIT_MASK(32)), 0);
	copy_pages(chan, high, low);
	copy_pages(chan, low, high);
	__free_pages(high, 0);
	__free_pages(low, 0);
none:
	dma_release_channel(chan);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_ENG_04_an_error_of_the_hardware_is_told_and_the_next_goes_on),
		CONTRACT_TEST(test_ENG_04_an_end_that_comes_too_late_ends_nothing),
		CONTRACT_TEST(test_ENG_04_a_fault_of_the_manager_is_overcome),
		CONTRACT_TEST(test_ENG_01_what_is_too_much_for_it_is_no_descriptor),
		CONTRACT_TEST(test_ENG_04_nobody_waits_for_hardware_that_is_gone),
		CONTRACT_TEST(test_ENG_05_every_alignment_of_both_ends),
		CONTRACT_TEST(test_ENG_05_a_chain_has_pieces_of_several_sizes),
		CONTRACT_TEST(test_MSK_06_memory_above_4_gib_is_reached_or_bounced),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
