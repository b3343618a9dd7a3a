// SPDX-License-Identifier: MIT
/*
 * A lazy domain from many threads (IOM-02, CTX-02): no address is used again before an invalidation
 * that came after its unmap, while a timer flushes, lists of CPUs run full, addresses run out, and
 * the domain ends with work outstanding. And any domain: pages, lists and linked memory are where
 * they should be, in tables that all threads share and that come and go. Run under ThreadSanitizer
 * too.
 */
#include "unit.h"

#include "fake_iommu.h"

#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>

#include <pthread.h>

/* The rest of the kernel's part that <linux/mm.h> refers to. */
void *dmk_page_address_high(const struct page *page)
{
	return NULL;
}

enum { PAGE = 4096, THREADS = 4, STEPS = 2500, LIVE = 16, LIMIT_BITS = 22 };

/* What told[] says of a page that is mapped. */
#define OUT ~0ULL

static uint64_t invalidations; /* atomic */
static uint64_t
	told[1 << (LIMIT_BITS -
		   12)]; /* by page: invalidations there were before its unmap; OUT: it is mapped */
static struct dmk_bus bus;
static struct dmk_dev dev;
static bool working;               /* atomic */

/* --- an IOMMU that counts --------------------------------------------------------------------- */

static void invalidate_all(void *ctx, uint16_t id)
{
	__atomic_add_fetch(&invalidations, 1, __ATOMIC_RELAXED);
}

static const struct dmk_iommu_ops ops = {
	.group_of = fake_group_each,
	.attach = fake_attach,
	.detach = fake_detach,
	.invalidate = fake_invalidate,
	.invalidate_all = invalidate_all,
	.sync = fake_iommu_sync,
};

static const struct dmk_iommu iommu = {FAKE_IOMMU(&ops)};

/* --- threads ---------------------------------------------------------------------------------- */

struct worker {
	pthread_t thread;
	uint64_t seed;
	const char *wrong;
	dmk_dma live[LIVE];
	unsigned int n, failed;
};

static void take(struct worker *worker)
{
	const uint64_t phys = LOW(fake_below(&worker->seed, 64) * PAGE);
	dmk_dma dma = dmk_map_phys(&dev, DMK_PHYS(phys), PAGE, DMK_BIDIRECTIONAL, 1 << 8,
				   DMK_MAP_PHYS);
	uint64_t *page = &told[dma.v >> 12];

	if (dma.v == DMK_MAPPING_ERROR.v) {
		worker->failed++;
		return;
	}
	if (dma.v >> LIMIT_BITS)
		worker->wrong = "an address is above the mask";
	else if (*page == OUT)
		worker->wrong = "an address was given out twice";
	else if (*page && *page == __atomic_load_n(&invalidations, __ATOMIC_RELAXED) + 1)
		worker->wrong = "an address was used again before it was forgotten";
	if (worker->wrong)
		return;
	*page = OUT;
	worker->live[worker->n++] = dma;
}

static void give(struct worker *worker)
{
	const unsigned int i = (unsigned int)fake_below(&worker->seed, worker->n);
	const dmk_dma dma = worker->live[i];

	worker->live[i] = worker->live[--worker->n];
	told[dma.v >> 12] = __atomic_load_n(&invalidations, __ATOMIC_RELAXED) + 1;
	dmk_unmap(&dev, dma, PAGE, DMK_BIDIRECTIONAL, 0, DMK_MAP_PHYS);
}

static void *work(void *data)
{
	struct worker *worker = data;

	for (int step = 0; step < STEPS && !worker->wrong; step++) {
		if (worker->n < LIVE && fake_below(&worker->seed, 2))
			take(worker);
		else if (worker->n)
			give(worker);
	}
	while (worker->n)
		give(worker);
	return NULL;
}

static void *flush_now_and_then(void *data)
{
	while (__atomic_load_n(&working, __ATOMIC_RELAXED)) {
		fake_run_deferred();
		sched_yield();
	}
	return NULL;
}

static void run_in_domain(uint64_t mask, uint64_t seed)
{
	struct worker workers[THREADS] = {0};

	memset(told, 0, sizeof(told));
	dmk_dev_init(&dev, "dev", &bus, NULL);
	assert_int_equal(dmk_dev_attach(&dev, 1), 0);
	assert_int_equal(dmk_set_mask(&dev, mask, true, true), 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		workers[i].seed = seed + i;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		if (workers[i].wrong)
			fail_msg("%s", workers[i].wrong);
		/*
		 * Between a flush and the take that it was for, others may have used up what it
		 * brought.
		 */
		assert_in_range(workers[i].failed, 0, STEPS / 20);
	}
	/* The domain ends; what the timer still owes it is nobody's then. */
	dmk_dev_exit(&dev);
}

static void run(uint64_t mask)
{
	pthread_t timer;

	assert_int_equal(fake_start(&(struct fake_options){.bus = FAKE_IDENTITY,
							   .parameters = "iommu.strict=0"}),
			 0);
	bus = *fake_dev.bus;
	bus.iommu = &iommu;
	working = true;
	invalidations = 0;
	assert_int_equal(pthread_create(&timer, NULL, flush_now_and_then, NULL), 0);
	for (unsigned int round = 0; round < 4; round++)
		run_in_domain(mask, 0x1a2 + round * THREADS);
	__atomic_store_n(&working, false, __ATOMIC_RELAXED);
	pthread_join(timer, NULL);
	fake_stop();
}

static void test_IOM_02_threads_use_no_address_before_it_is_forgotten(void **state)
{
	run((1 << LIMIT_BITS) - 1);
	assert_true(invalidations);
}

/* 127 addresses for 64 mappings: most of them wait for a flush at any time. */
static void test_IOM_02_threads_find_addresses_that_wait_in_lists_of_others(void **state)
{
	fake_settled = 0;
	run(0x7ffff);
	assert_true(fake_settled);
}

/* --- what the tables say ---------------------------------------------------------------------- */

enum { SHARED_ROUNDS = 800 };

static struct device card;

/* VT-d specification 4.1, section 3.7. */
static bool leads_to(uint64_t dma, uint64_t phys)
{
	uint64_t there;

	return fake_walk(&fake_box[1].to, dma, &there, NULL) && there == phys;
}

struct job {
	uint64_t random;
	unsigned int me;
};

static uint64_t memory_of(struct job *job)
{
	return LOW((job->me * 64 + fake_below(&job->random, 32)) * PAGE);
}

static void maps(struct job *job)
{
	const size_t size = 1 + fake_below(&job->random, 3 * PAGE);
	const uint64_t phys = memory_of(job) + fake_below(&job->random, PAGE);
	const dma_addr_t dma = dma_map_phys(&card, phys, size, DMA_BIDIRECTIONAL, 0);

	assert_int_not_equal(dma, DMK_MAPPING_ERROR.v);
	assert_true(leads_to(dma, phys));
	assert_true(leads_to(dma + size - 1, phys + size - 1));
	dma_unmap_phys(&card, dma, size, DMA_BIDIRECTIONAL, 0);
}

static void maps_list(struct job *job)
{
	struct scatterlist sg[4], *entry;
	uint64_t phys[4];
	dma_addr_t dma;
	int i;

	sg_init_table(sg, 4);
	for_each_sg(sg, entry, 4, i) {
		phys[i] = memory_of(job);
		sg_set_page(entry, phys_to_page(phys[i]), PAGE, 0);
	}
	assert_int_equal(dma_map_sg(&card, sg, 4, DMA_TO_DEVICE), 1);
	dma = sg_dma_address(sg);
	for (i = 0; i < 4; i++)
		assert_true(leads_to(dma + i * PAGE, phys[i]));
	dma_unmap_sg(&card, sg, 4, DMA_TO_DEVICE);
}

static void links(struct job *job)
{
	const size_t n = 1 + fake_below(&job->random, 3);
	const uint64_t phys = memory_of(job);
	struct dma_iova_state iova;

	assert_true(dma_iova_try_alloc(&card, &iova, 0, n * PAGE));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
			dma_iova_link(&card, &iova, phys, i * PAGE, PAGE, DMA_TO_DEVICE, 0), 0);
	assert_int_equal(dma_iova_sync(&card, &iova, 0, n * PAGE), 0);
	for (size_t i = 0; i < n; i++)
		assert_true(leads_to(iova.addr + i * PAGE, phys));
	dma_iova_destroy(&card, &iova, n * PAGE, DMA_TO_DEVICE, 0);
}

static void *share(void *data)
{
	static void (*const tasks[])(struct job * job) = {maps, maps, maps_list, links};
	struct job *job = data;

	for (unsigned int round = 0; round < SHARED_ROUNDS; round++) {
		tasks[fake_below(&job->random, 4)](job);
		if (job->me == 0 && round % 32 == 0)
			fake_run_deferred();
	}
	return NULL;
}

static void share_a_domain(const char *parameters)
{
	const uint64_t seed = fake_seed();
	struct job job[THREADS];
	pthread_t thread[THREADS];

	assert_int_equal(fake_start(&(struct fake_options){.bus = FAKE_IDENTITY,
							   .parameters = parameters}),
			 0);
	bus = *fake_dev.bus;
	bus.iommu = &iommu;
	memset(&card, 0, sizeof(card));
	dmk_dev_init(&card.dmk, "card", &bus, NULL);
	assert_int_equal(dmk_dev_attach(&card.dmk, 1), 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		job[i] = (struct job){seed + i, i};
		pthread_create(&thread[i], NULL, share, &job[i]);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	while (fake_run_deferred())
		;
	dmk_dev_exit(&card.dmk);
	fake_stop();
}

static void test_CTX_02_threads_share_a_domain_that_is_strict(void **state)
{
	share_a_domain("iommu.strict=1");
}

static void test_CTX_02_threads_share_a_domain_that_is_lazy(void **state)
{
	share_a_domain("iommu.strict=0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_IOM_02_threads_use_no_address_before_it_is_forgotten),
		cmocka_unit_test(test_IOM_02_threads_find_addresses_that_wait_in_lists_of_others),
		cmocka_unit_test(test_CTX_02_threads_share_a_domain_that_is_strict),
		cmocka_unit_test(test_CTX_02_threads_share_a_domain_that_is_lazy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
