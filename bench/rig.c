/* SPDX-License-Identifier: MIT */
/*
 * What all rows of a run have in common, on a machine that is up: two devices, and memory far away.
 */
#include "bench.h"

#include <stdlib.h>

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <dmakit/kernel.h>

struct device *bench_wide, *bench_narrow;
void *bench_far[BENCH_THREADS];

static void release(struct device *dev)
{
	kfree(dev);
}

struct device *bench_device_new(const struct dmk_bus *bus, uint64_t mask)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		bench_die("no memory for a device");
	device_initialize(dev);
	dev->release = release;
	dev_set_name(dev, "bench");
	dmk_dev_init(&dev->dmk, "bench", bus ? bus : dmk_kernel_machine()->pci->dma, dev);
	if (dma_set_mask_and_coherent(dev, mask))
		bench_die("the machine refuses a mask");
	return dev;
}

void bench_device_end(struct device *dev)
{
	put_device(dev);
}

void bench_rig_start(void)
{
	bench_wide = bench_device_new(NULL, DMA_BIT_MASK(64));
	bench_narrow = bench_device_new(NULL, DMA_BIT_MASK(32));
	for (unsigned int i = 0; i < BENCH_THREADS; i++) {
		bench_far[i] = kmalloc(65536, GFP_KERNEL);
		if (!bench_far[i] || virt_to_phys(bench_far[i]) < (1ULL << 32))
			bench_die("no memory above 4 GiB: nothing would bounce");
	}
}

void bench_rig_end(void)
{
	for (unsigned int i = 0; i < BENCH_THREADS; i++)
		kfree(bench_far[i]);
	bench_device_end(bench_narrow);
	bench_device_end(bench_wide);
}

void *bench_calloc(size_t n, size_t size)
{
	void *memory = calloc(n, size);

	if (!memory)
		bench_die("out of memory");
	return memory;
}
