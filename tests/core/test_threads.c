/* SPDX-License-Identifier: MIT */
/*
 * Every call from many threads at once, on one device and on another (CTX-02). Run under
 * ThreadSanitizer too.
 */
#include "unit.h"

#include <pthread.h>

enum { THREADS = 6, ROUNDS = 1500 };

static struct dmk_pool *shared_pool;

struct worker {
	pthread_t thread;
	unsigned int index;
	uint64_t seed;
	const char *wrong;
};

#define WORK_EXPECT(worker, condition)                \
	do {                                          \
		if (!(condition) && !(worker)->wrong) \
			(worker)->wrong = #condition; \
	} while (0)

static void work_bounce(struct worker *worker, struct dmk_dev *dev)
{
	const uint64_t phys = HIGH(worker->index * 0x10000 + fake_below(&worker->seed, 3000));
	const size_t size = 1 + fake_below(&worker->seed, 8000);
	uint8_t *ram = fake_ram(phys), *device;
	dmk_dma dma;

	memset(ram, (int)worker->index, size);
	dma = dmk_map_phys(dev, DMK_PHYS(phys), size, DMK_BIDIRECTIONAL, 1 << 8, DMK_MAP_PAGE);
	if (dma.v == ~0ULL)
		return;
	device = fake_device_ram(dma);
	WORK_EXPECT(worker, device[0] == worker->index && device[size - 1] == worker->index);
	memset(device, (int)worker->index + 100, size);
	dmk_sync_for_cpu(dev, dma, 1, DMK_BIDIRECTIONAL);
	WORK_EXPECT(worker, ram[0] == worker->index + 100);
	dmk_unmap(dev, dma, size, DMK_BIDIRECTIONAL, 0, DMK_MAP_PAGE);
	WORK_EXPECT(worker, ram[size - 1] == worker->index + 100);
}

static void work_coherent(struct worker *worker, struct dmk_dev *dev)
{
	const size_t size = 1 + fake_below(&worker->seed, 9000);
	const unsigned int flags = fake_below(&worker->seed, 2)   ? DMK_ALLOC_ATOMIC
				   : fake_below(&worker->seed, 2) ? DMK_ALLOC_MANAGED
								  : 0;
	dmk_dma dma;
	uint8_t *cpu = dmk_alloc(dev, size, &dma, flags, 1 << 8);

	if (!cpu)
		return;
	WORK_EXPECT(worker, !cpu[0] && !cpu[size - 1]);
	memset(cpu, (int)worker->index + 1, size);
	WORK_EXPECT(worker, cpu[size / 2] == worker->index + 1);
	dmk_free(dev, size + 1, cpu, dma, 0);
	dmk_free(dev, size, cpu, dma, 0);
}

static void work_turns(struct worker *worker, struct dmk_dev *dev)
{
	const size_t size = 1 + fake_below(&worker->seed, 9000);
	const unsigned int flags = fake_below(&worker->seed, 2) ? DMK_ALLOC_ATOMIC : 0;
	struct sg_table *table = dmk_alloc_noncontiguous(dev, size, DMK_BIDIRECTIONAL, flags,
							 1 << 8);
	dmk_dma dma;
	uint8_t *cpu = dmk_alloc_cached(dev, size, &dma, DMK_BIDIRECTIONAL, flags, 1 << 8), *view;

	if (cpu) {
		WORK_EXPECT(worker, !cpu[0] && !cpu[size - 1]);
		memset(cpu, (int)worker->index + 1, size);
		dmk_free(dev, size, cpu, dma, 0);
		WORK_EXPECT(worker, cpu[size - 1] == worker->index + 1);
		dmk_free_cached(dev, size, cpu, dma, DMK_BIDIRECTIONAL);
	}
	if (!table)
		return;
	view = dmk_vmap_noncontiguous(dev, size, table);
	WORK_EXPECT(worker, view && !view[0] && !view[size - 1]);
	memset(view, (int)worker->index + 1, size);
	WORK_EXPECT(worker, view[size / 2] == worker->index + 1);
	if (fake_below(&worker->seed, 2))
		dmk_vunmap_noncontiguous(dev, view);
	dmk_free_noncontiguous(dev, size, table, DMK_BIDIRECTIONAL);
}

static void work_pool(struct worker *worker, struct dmk_dev *dev)
{
	struct dmk_pool *own = dmk_pool_create("own", dev, 200, 8, 0, fake_below(&worker->seed, 2));
	struct dmk_pool *pool = fake_below(&worker->seed, 2) ? own : shared_pool;
	uint8_t *cpu[8];
	dmk_dma dma[8];

	for (unsigned int i = 0; i < 8; i++) {
		cpu[i] = dmk_pool_alloc(pool, 0, true, &dma[i]);
		WORK_EXPECT(worker, cpu[i] && !cpu[i][0] && !cpu[i][199]);
		memset(cpu[i], (int)(worker->index + i), 200);
	}
	for (unsigned int i = 0; i < 8; i++) {
		WORK_EXPECT(worker, cpu[i][199] == worker->index + i);
		dmk_pool_free(pool == own ? shared_pool : own, cpu[i], dma[i]);
		dmk_pool_free(pool, cpu[i], dma[i]);
	}
	dmk_pool_destroy(own);
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	for (int round = 0; round < ROUNDS; round++) {
		struct dmk_dev *dev = fake_below(&worker->seed, 2) ? &fake_dev : &fake_other;

		/* One of them has time for what the others leave for later. */
		if (worker->index == 0)
			fake_run_deferred();
		switch (fake_below(&worker->seed, 5)) {
		case 4:
			work_turns(worker, dev);
			break;
		case 0:
			work_coherent(worker, dev);
			break;
		case 1:
			work_pool(worker, dev);
			break;
		default:
			work_bounce(worker, dev);
			break;
		}
	}
	return NULL;
}

static void run(enum fake_bus bus, bool watched)
{
	struct worker workers[THREADS];
	struct dmk_bounce_stats stats;
	struct fake_held before;

	fake_start(&(struct fake_options){
		.bus = bus, .caps = DMK_CAP_BOUNCE, .parameters = "swiotlb=128"});
	before = fake_held();
	shared_pool = dmk_pool_create("shared", &fake_dev, 200, 8, 0, false);
	fake_watch(watched);
	for (unsigned int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.index = i, .seed = 0x5eed + i};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (unsigned int i = 0; i < THREADS; i++) {
		if (workers[i].wrong)
			fail_msg("thread %u: expected %s", i, workers[i].wrong);
	}
	dmk_pool_destroy(shared_pool);
	dmk_bounce_statistics(&fake_dev, &stats);
	assert_int_equal(stats.used, 0);
	/* But for what pools grew by; fake_stop() sees that it all goes back. */
	assert_in_range(fake_held().pages, before.pages, before.pages + 1024);
	assert_in_range(fake_held().metas, before.metas, before.metas + 64);
	fake_stop();
}

static void test_CTX_02_many_threads(void **state)
{
	run(FAKE_IDENTITY, false);
}

static void test_CTX_02_many_threads_watched(void **state)
{
	run(FAKE_NONCOHERENT, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_CTX_02_many_threads),
		cmocka_unit_test(test_CTX_02_many_threads_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
