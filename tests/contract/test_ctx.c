// SPDX-License-Identifier: MIT
/*
 * CTX: many threads, and many lives.
 */
#include "harness.h"

#include <linux/kthread.h>

#include <malloc.h>

enum { THREADS = 4, ROUNDS = 300, SIZE = 600 };

struct worker {
	struct device *device;
	struct dma_pool *pool;
	unsigned int salt, failures;
	struct completion done;
};

/* A failure for want of memory is an answer; a wrong byte is not. */
static void one_round(struct worker *worker, u8 *memory, unsigned int round)
{
	enum dma_data_direction dir = round % 2 ? DMA_TO_DEVICE : DMA_BIDIRECTIONAL;
	dma_addr_t dma;
	void *block;

	fill_bytes(memory, SIZE, worker->salt + round);
	dma = dma_map_single(worker->device, memory, SIZE, dir);
	if (!dma_mapping_error(worker->device, dma)) {
		dma_sync_single_for_cpu(worker->device, dma, SIZE, dir);
		dma_sync_single_for_device(worker->device, dma, SIZE, dir);
		dma_unmap_single(worker->device, dma, SIZE, dir);
		worker->failures += !bytes_are(memory, SIZE, worker->salt + round);
	}

	block = dma_pool_alloc(worker->pool, GFP_KERNEL, &dma);
	if (block) {
		memset(block, worker->salt, 64);
		worker->failures += ((u8 *)block)[63] != worker->salt;
		dma_pool_free(worker->pool, block, dma);
	}

	block = dma_alloc_coherent(worker->device, SIZE, &dma, GFP_KERNEL);
	if (block) {
		memset(block, worker->salt, SIZE);
		worker->failures += ((u8 *)block)[SIZE - 1] != worker->salt;
		dma_free_coherent(worker->device, SIZE, block, dma);
	}
}

static int work(void *argument)
{
	struct worker *worker = argument;
	u8 *memory = kmalloc(SIZE, GFP_KERNEL);

	for (unsigned int round = 0; memory && round < ROUNDS; round++)
		one_round(worker, memory, round);
	worker->failures += !memory;
	kfree(memory);
	complete(&worker->done);
	return 0;
}

static void many_threads(struct device *even, struct device *odd)
{
	static struct worker worker[THREADS];
	struct dma_pool *pool[2] = {
		dma_pool_create("even", even, 64, 16, 0),
		dma_pool_create("odd", odd, 64, 16, 0),
	};

	assert_non_null(pool[0]);
	assert_non_null(pool[1]);
	memset(worker, 0, sizeof(worker));
	for (int i = 0; i < THREADS; i++) {
		worker[i].device = i % 2 ? odd : even;
		worker[i].pool = pool[i % 2];
		worker[i].salt = i * 40;
		init_completion(&worker[i].done);
		assert_false(IS_ERR(kthread_run(work, &worker[i], "worker/%d", i)));
	}
	for (int i = 0; i < THREADS; i++) {
		wait_for_completion(&worker[i].done);
		assert_int_equal(worker[i].failures, 0);
	}
	dma_pool_destroy(pool[0]);
	dma_pool_destroy(pool[1]);
}

static void test_CTX_02_many_threads_use_one_device_at_once(void **state)
{
	many_threads(dev, dev);
}

static void test_CTX_02_many_threads_use_two_devices_at_once(void **state)
{
	many_threads(dev, dev2);
}

static void do_something(void)
{
	void *memory = must_kmalloc(SIZE);
	dma_addr_t dma = must_map(dev, memory, SIZE, DMA_TO_DEVICE), coherent;

	assert_non_null(dmam_alloc_coherent(dev, 4096, &coherent, GFP_KERNEL));
	assert_non_null(dmam_pool_create("managed", dev, 64, 16, 0));
	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	kfree(memory);
}

/*
 * Nothing grows: neither the machine's memory, which would be exhausted where there is little of
 * it, nor the program's own, which is counted after the first lives have filled what is kept for
 * reuse. 16 bytes a life would show.
 */
static void test_CTX_03_a_thousand_lives_of_a_driver_use_nothing_up(void **state)
{
	/*
	 * Where unmaps wait, a thread more that has some keeps a list of them and addresses at
	 * hand.
	 */
	const size_t kept = strstr(machine()->bootargs, "iommu.strict=0") ? 2 * (20 << 10) : 0;
	const size_t allowed = 16 * 900 + kept;
	size_t heap = 0;

	for (int life = 0; life < 1000; life++) {
		do_something();
		lab_unbind();
		lab_bind();
		if (life == 100)
			heap = mallinfo2().uordblks;
	}
	if (!dmk_boot_checker())
		assert_true(mallinfo2().uordblks < heap + allowed);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_CTX_02_many_threads_use_one_device_at_once),
		CONTRACT_TEST_WITH(test_CTX_02_many_threads_use_one_device_at_once,
				   "swiotlb=force"),
		CONTRACT_TEST(test_CTX_02_many_threads_use_two_devices_at_once),
		CONTRACT_TEST(test_CTX_03_a_thousand_lives_of_a_driver_use_nothing_up),
		{"test_CTX_03_a_thousand_lives_unwatched",
		 test_CTX_03_a_thousand_lives_of_a_driver_use_nothing_up, NULL, true},
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
