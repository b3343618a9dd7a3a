/* SPDX-License-Identifier: MIT */
/*
 * The paths of the DMA engine that take the same with few channels and with many (ENG-03), counted
 * as hot.c does it: a descriptor from prepared to called back, of a controller that moves nothing,
 * and a channel requested and released. On a machine that is booted, in one thread: others sleep.
 */
#include "counted.h"

#include "../../bench/null_engine.h"
#include "../../kernel/dmaengine/engine.h"

#include <unistd.h>

#include <linux/device.h>
#include <linux/dma-mapping.h>

#include <dmakit/boot.h>
#include <dmakit/kernel.h>

enum { FEWER = 8, MANY = 4096, DEPTH = 2, SETTLE_US = 100000 };

static struct device dev;
static unsigned long calls;

static void called_back(void *unused)
{
	calls++;
}

static void release_nothing(struct device *unused)
{
}

static void start(void)
{
	const struct dmk_boot_options options = {.machine = "pc", .no_checker = true};
	char error[512];

	must(!dmk_boot(&options, error, sizeof(error)));
	device_initialize(&dev);
	dev.release = release_nothing;
	dev_set_name(&dev, "counted");
	dmk_dev_init(&dev.dmk, "counted", dmk_kernel_machine()->pci->dma, &dev);
	must(!dma_set_mask_and_coherent(&dev, DMA_BIT_MASK(64)));
}

static void one_descriptor(struct dma_chan *chan)
{
	struct dma_async_tx_descriptor *tx =
		dmaengine_prep_dma_memcpy(chan, 0, 0, 64, DMA_PREP_INTERRUPT | DMA_CTRL_ACK);

	must(tx);
	tx->callback = called_back;
	dmaengine_submit(tx);
	dma_async_issue_pending(chan);
}

static void descriptors(unsigned int channels)
{
	struct null_engine *engine = null_engine_new(&dev, channels, DEPTH, dmk_vchan_call_back);
	static struct dma_chan *chan[MANY];

	must(engine);
	for (unsigned int i = 0; i < channels; i++)
		must((chan[i] = null_engine_take(engine)) != NULL);
	calls = 0;
	COUNT(TIMES, one_descriptor(chan[i % channels]););
	must(calls == FEW + TIMES);
	for (unsigned int i = 0; i < channels; i++)
		dma_release_channel(chan[i]);
	null_engine_free(engine);
}

static void one_channel(const dma_cap_mask_t *mask)
{
	struct dma_chan *chan = dma_request_channel(*mask, NULL, NULL);

	must(chan);
	dma_release_channel(chan);
}

static void channels(unsigned int nr)
{
	struct null_engine *engine = null_engine_new(&dev, nr, DEPTH, dmk_vchan_call_back);
	dma_cap_mask_t mask;

	must(engine);
	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	/* The first request starts the threads that copy. */
	one_channel(&mask);
	usleep(SETTLE_US);
	COUNT(TIMES, one_channel(&mask););
	null_engine_free(engine);
}

static const struct {
	const char *name;
	void (*run)(unsigned int channels);
	unsigned int channels;
} paths[] = {
	{"DMA descriptor, 8 channels", descriptors, FEWER},
	{"DMA descriptor, 4,096 channels", descriptors, MANY},
	{"DMA channel request + release, 8 channels", channels, FEWER},
	{"DMA channel request + release, 4,096 channels", channels, MANY},
};

int main(void)
{
	start();
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		path_name = paths[i].name;
		paths[i].run(paths[i].channels);
		printf("%lu %s\n", path_times, path_name);
		fflush(stdout);
	}
	put_device(&dev);
	dmk_shutdown();
	dmk_boot_end();
	return 0;
}
