/* SPDX-License-Identifier: MIT */
/*
 * Pools from many threads, with every thread's cache, blocks that are freed by another thread than
 * had them, and frees that are wrong; held to a model: a block that is out is one thread's, and
 * what the thread wrote stays in it. After every step, in a second test that takes turns, the
 * pool's own books are looked at. Run under ThreadSanitizer, and with CPUs of the system, too.
 */
#include "unit.h"

#include <pthread.h>
#include <sched.h>

#include "../../core/pool.h"

enum {
	THREADS = 6,
	LIVE = 150,
	RING = 64,
	ROUNDS = 6000,
	LARGE = 65536 /* bytes: more than there is memory for in blocks of these */
};

struct block {
	void *cpu;
	dmk_dma dma;
};

/* Blocks on the way from a thread to the next. */
static struct ring {
	pthread_mutex_t lock;
	struct block blocks[RING];
	unsigned int nr;
} rings[THREADS];

struct worker {
	pthread_t thread;
	unsigned int index;
	uint64_t seed;
	struct dmk_pool *pool, *other;
	size_t size;
	unsigned int flags;
	unsigned int failed;
	struct block live[LIVE];
	unsigned int nr;
	const char *wrong;
};

static struct worker workers[THREADS];

#define WORK_EXPECT(worker, condition)                \
	do {                                          \
		if (!(condition) && !(worker)->wrong) \
			(worker)->wrong = #condition; \
	} while (0)

/*
 * Every byte of a block says where it is: two who have the same would not agree on nothing else in
 * it.
 */
static void fill(struct worker *worker, const struct block *block)
{
	memset(block->cpu, (int)worker->index + 1, worker->size);
}

static void check(struct worker *worker, const struct block *block, unsigned int owner)
{
	const uint8_t *bytes = block->cpu;

	WORK_EXPECT(worker, bytes[0] == owner + 1 && bytes[worker->size / 2] == owner + 1 &&
				    bytes[worker->size - 1] == owner + 1);
}

/* Set while threads take turns: what was there before the pool had pages. */
static struct fake_held *alone;

/* Blocks are a page of the pool each: those that are out are all that there are. */
static bool all_are_out(const struct worker *worker)
{
	size_t out = 0;

	for (unsigned int i = 0; i < THREADS; i++)
		out += workers[i].nr + rings[i].nr;
	return fake_held().pages - alone->pages == out * (worker->size / 4096);
}

static void take(struct worker *worker)
{
	struct block block;

	if (worker->nr == LIVE)
		return;
	block.cpu = dmk_pool_alloc(worker->pool, worker->flags, fake_below(&worker->seed, 4) == 0,
				   &block.dma);
	WORK_EXPECT(worker, block.cpu || worker->size == LARGE);
	if (!block.cpu && alone)
		WORK_EXPECT(worker, all_are_out(worker));
	worker->failed += !block.cpu;
	if (!block.cpu)
		return;
	fill(worker, &block);
	worker->live[worker->nr++] = block;
}

static struct block lose(struct worker *worker)
{
	const size_t at = fake_below(&worker->seed, worker->nr);
	const struct block block = worker->live[at];

	worker->live[at] = worker->live[--worker->nr];
	check(worker, &block, worker->index);
	return block;
}

static void give(struct worker *worker)
{
	struct block block;

	if (!worker->nr)
		return;
	block = lose(worker);
	/* Wrong ones first: none of them changes anything. */
	if (fake_below(&worker->seed, 8) == 0) {
		dmk_pool_free(worker->other, block.cpu, block.dma);
		dmk_pool_free(worker->pool, (char *)block.cpu + 1, block.dma);
		dmk_pool_free(worker->pool, block.cpu, DMK_DMA(block.dma.v + 1));
	}
	dmk_pool_free(worker->pool, block.cpu, block.dma);
}

static void hand_on(struct worker *worker)
{
	struct ring *ring = &rings[(worker->index + 1) % THREADS];

	if (!worker->nr)
		return;
	pthread_mutex_lock(&ring->lock);
	if (ring->nr < RING)
		ring->blocks[ring->nr++] = lose(worker);
	pthread_mutex_unlock(&ring->lock);
}

/* A block that the thread before had is freed here. */
static void take_over(struct worker *worker)
{
	struct ring *ring = &rings[worker->index];
	struct block block = {NULL};

	pthread_mutex_lock(&ring->lock);
	if (ring->nr)
		block = ring->blocks[--ring->nr];
	pthread_mutex_unlock(&ring->lock);
	if (!block.cpu)
		return;
	check(worker, &block, (worker->index + THREADS - 1) % THREADS);
	dmk_pool_free(worker->pool, block.cpu, block.dma);
}

static void step(struct worker *worker)
{
	switch (fake_below(&worker->seed, 8)) {
	case 0:
	case 1:
	case 2:
		take(worker);
		break;
	case 3:
		give(worker);
		break;
	case 4:
	case 5:
		hand_on(worker);
		break;
	default:
		take_over(worker);
		break;
	}
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	for (unsigned int round = 0; round < ROUNDS; round++)
		step(worker);
	return NULL;
}

static void setup(size_t size, bool one_cpu, bool watched)
{
	uint64_t seed = fake_seed();
	struct dmk_pool *pool, *other;

	fake_fail_at(0);
	fake_one_cpu = one_cpu;
	fake_start(&(struct fake_options){0});
	pool = dmk_pool_create("blocks", &fake_dev, size, 4, 0, false);
	other = dmk_pool_create("others", &fake_dev, size, 4, 0, false);
	fake_watch(watched);
	for (unsigned int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.index = i,
					     .seed = fake_random(&seed) | 1,
					     .pool = pool,
					     .other = other,
					     .size = size,
					     .flags = size == LARGE ? 0 : DMK_ALLOC_ATOMIC};
		rings[i].nr = 0;
		pthread_mutex_init(&rings[i].lock, NULL);
	}
}

/* All back, by threads that mostly never had them. */
static void teardown(struct fake_held before)
{
	struct dmk_pool *pool = workers[0].pool;
	unsigned int failed = 0;

	assert_true(dmk_pool_consistent(pool));
	for (unsigned int i = 0; i < THREADS; i++)
		failed += workers[i].failed;
	assert_int_equal(failed != 0, workers[0].size == LARGE);
	for (unsigned int i = 0; i < THREADS; i++) {
		if (workers[i].wrong)
			fail_msg("thread %u: expected %s", i, workers[i].wrong);
		while (rings[i].nr) {
			const struct block block = rings[i].blocks[--rings[i].nr];

			dmk_pool_free(pool, block.cpu, block.dma);
		}
		while (workers[i].nr) {
			const struct block block = lose(&workers[i]);

			dmk_pool_free(pool, block.cpu, block.dma);
			/*
			 * And once more: it is told apart from a block that is out, and changes
			 * nothing.
			 */
			dmk_pool_free(pool, block.cpu, block.dma);
		}
	}
	assert_true(dmk_pool_consistent(pool));
	fake_watch(false);
	dmk_pool_destroy(workers[0].other);
	dmk_pool_destroy(pool);
	assert_null(strstr(fake_log, "blocks out"));
	assert_int_equal(fake_held().pages, before.pages);
	fake_stop();
	fake_one_cpu = false;
}

static void run(size_t size, bool one_cpu, bool watched)
{
	struct fake_held before;

	setup(size, one_cpu, watched);
	before = fake_held();
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	teardown(before);
}

static void test_POL_05_CTX_02_many_threads(void **state)
{
	run(64, false, false);
	run(700, false, false);
}

static void test_POL_05_CTX_02_many_threads_watched(void **state)
{
	run(60, false, true);
}

static void test_POL_03_CTX_02_many_threads_with_too_little_memory(void **state)
{
	run(LARGE, false, false);
}

static void test_POL_05_CTX_02_threads_without_a_cpu(void **state)
{
	run(64, true, false);
}

/* Threads take turns, and the books are looked at after each step. */
static unsigned int turn, turns_left;
static pthread_mutex_t turn_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_over = PTHREAD_COND_INITIALIZER;

static void *work_in_turns(void *arg)
{
	struct worker *worker = arg;

	pthread_mutex_lock(&turn_lock);
	while (turns_left) {
		if (turn != worker->index) {
			pthread_cond_wait(&turn_over, &turn_lock);
			continue;
		}
		for (unsigned int i = 0; i < 8; i++) {
			step(worker);
			WORK_EXPECT(worker, dmk_pool_consistent(worker->pool));
		}
		turns_left--;
		turn = (unsigned int)fake_below(&worker->seed, THREADS);
		pthread_cond_broadcast(&turn_over);
	}
	pthread_mutex_unlock(&turn_lock);
	return NULL;
}

static void run_in_turns(size_t size)
{
	struct fake_held before;

	setup(size, false, false);
	before = fake_held();
	alone = size == LARGE ? &before : NULL;
	turns_left = 600;
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&workers[i].thread, NULL, work_in_turns, &workers[i]), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	alone = NULL;
	teardown(before);
}

static void test_POL_05_the_books_after_every_step(void **state)
{
	run_in_turns(100);
}

/* And when there is no memory, no thread has a block at hand that another one could have had. */
static void test_POL_03_out_of_memory_is_all_blocks_out(void **state)
{
	run_in_turns(LARGE);
}

static pthread_barrier_t met;

static void *take_and_give(void *arg)
{
	struct worker *worker = arg;

	take(worker);
	give(worker);
	pthread_barrier_wait(&met);
	pthread_barrier_wait(&met);
	return NULL;
}

/* One page for 64 blocks; a thread that has some of them at hand does nothing more, or is gone. */
static void take_what_another_has(bool gone)
{
	struct worker *worker = &workers[0], *other = &workers[1];
	struct fake_held before;

	setup(64, false, false);
	before = fake_held();
	worker->flags = other->flags = 0;
	pthread_barrier_init(&met, NULL, 2);
	assert_int_equal(pthread_create(&other->thread, NULL, take_and_give, other), 0);
	pthread_barrier_wait(&met);
	if (gone) {
		pthread_barrier_wait(&met);
		pthread_join(other->thread, NULL);
	}
	for (unsigned int i = 0; i < 64; i++) {
		take(worker);
		fake_fail_at(1);
	}
	assert_int_equal(worker->nr, 64);
	assert_int_equal(fake_held().pages - before.pages, 1);
	assert_null(dmk_pool_alloc(worker->pool, 0, false, &worker->live[64].dma));
	fake_fail_at(0);
	if (!gone) {
		pthread_barrier_wait(&met);
		pthread_join(other->thread, NULL);
	}
	pthread_barrier_destroy(&met);
	teardown(before);
}

static void test_POL_03_what_another_thread_has_at_hand(void **state)
{
	take_what_another_has(false);
	take_what_another_has(true);
}

/*
 * What a thread had that is gone, its pool has; and one that comes back to a pool with blocks of
 * others claims them once.
 */
static void *free_twice(void *arg)
{
	struct worker *worker = arg;

	dmk_pool_free(worker->pool, worker->live[0].cpu, worker->live[0].dma);
	dmk_pool_free(worker->pool, worker->live[0].cpu, worker->live[0].dma);
	return NULL;
}

static void test_POL_05_freed_by_another_thread_and_then_again(void **state)
{
	struct worker *worker = &workers[0];
	struct fake_held before;
	struct block next[3];

	setup(64, false, false);
	before = fake_held();
	take(worker);
	assert_int_equal(pthread_create(&worker->thread, NULL, free_twice, worker), 0);
	pthread_join(worker->thread, NULL);
	/* The one whose it was comes third. */
	dmk_pool_free(worker->pool, worker->live[0].cpu, worker->live[0].dma);
	assert_true(dmk_pool_consistent(worker->pool));
	for (unsigned int i = 0; i < 3; i++)
		next[i].cpu = dmk_pool_alloc(worker->pool, 0, false, &next[i].dma);
	assert_true(next[0].cpu != next[1].cpu && next[1].cpu != next[2].cpu &&
		    next[0].cpu != next[2].cpu);
	for (unsigned int i = 0; i < 3; i++)
		dmk_pool_free(worker->pool, next[i].cpu, next[i].dma);
	worker->nr = 0;
	teardown(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_POL_05_CTX_02_many_threads),
		cmocka_unit_test(test_POL_05_CTX_02_many_threads_watched),
		cmocka_unit_test(test_POL_05_CTX_02_threads_without_a_cpu),
		cmocka_unit_test(test_POL_03_CTX_02_many_threads_with_too_little_memory),
		cmocka_unit_test(test_POL_05_the_books_after_every_step),
		cmocka_unit_test(test_POL_03_out_of_memory_is_all_blocks_out),
		cmocka_unit_test(test_POL_03_what_another_thread_has_at_hand),
		cmocka_unit_test(test_POL_05_freed_by_another_thread_and_then_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
