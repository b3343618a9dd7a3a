// SPDX-License-Identifier: MIT
/*
 * I/O virtual addresses from many threads (CTX-02): who takes is not who gives back, threads end
 * and leave what they had at hand, and addresses run out meanwhile, so that what others have at
 * hand is taken from them. Run under ThreadSanitizer too.
 */
#include "unit.h"

#include "../../core/iova.h"

#include <pthread.h>

enum { PAGE = 4096, THREADS = 4, LIVES = 3, STEPS = 3000, LIVE = 48, DESK = 64 };

static const struct fake_options plain = {.bus = FAKE_IDENTITY};

struct range {
	uint64_t first, size;
};

static struct {
	struct dmk_iova_space *space;
	uint64_t pages;
	uint8_t *owner; /* a byte a page: who has it */
	pthread_mutex_t lock;
	struct range desk[DESK]; /* ranges on the way from who took them to who gives them back */
	unsigned int failed;
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct worker {
	pthread_t thread;
	uint64_t seed;
	uint8_t number;
	bool wrong;
	struct range live[LIVE];
	unsigned int n;
};

/* Nobody else has it, and from now on somebody has; or the other way round. */
static void own(struct worker *worker, const struct range *range, uint8_t was, uint8_t is)
{
	for (uint64_t i = 0; i < range->size / PAGE; i++)
		worker->wrong |= __atomic_exchange_n(&shared.owner[range->first / PAGE + i], is,
						     __ATOMIC_RELAXED) != was;
}

static void take(struct worker *worker)
{
	struct range range = {
		.size = (1 + fake_below(&worker->seed, fake_below(&worker->seed, 8) ? 8 : 300)) *
			PAGE};

	if (!dmk_iova_take(shared.space, range.size, PAGE, ~0ULL, 0, &range.first)) {
		__atomic_add_fetch(&shared.failed, 1, __ATOMIC_RELAXED);
		return;
	}
	own(worker, &range, 0, 1);
	worker->live[worker->n++] = range;
}

static void give(struct worker *worker, struct range range)
{
	own(worker, &range, 1, 0);
	dmk_iova_give(shared.space, range.first, range.size);
}

/* Puts one on the desk, and takes what lay there. */
static void swap(struct worker *worker)
{
	const unsigned int i = (unsigned int)fake_below(&worker->seed, DESK);
	struct range mine = worker->live[--worker->n], other;

	pthread_mutex_lock(&shared.lock);
	other = shared.desk[i];
	shared.desk[i] = mine;
	pthread_mutex_unlock(&shared.lock);
	if (other.size)
		give(worker, other);
}

static void *work(void *data)
{
	struct worker *worker = data;

	for (int step = 0; step < STEPS; step++) {
		if (worker->n < LIVE && fake_below(&worker->seed, 2))
			take(worker);
		else if (worker->n && fake_below(&worker->seed, 2))
			swap(worker);
		else if (worker->n)
			give(worker, worker->live[--worker->n]);
	}
	while (worker->n)
		give(worker, worker->live[--worker->n]);
	return NULL;
}

static void expect_all_is_back(void)
{
	const char *wrong;
	uint64_t used, whole;

	wrong = dmk_iova_wrong(shared.space, &used);
	if (wrong)
		fail_msg("%s", wrong);
	assert_int_equal(used, 0);
	assert_true(dmk_iova_take(shared.space, shared.pages * PAGE, PAGE, ~0ULL, 0, &whole));
}

static void run(uint64_t pages)
{
	struct worker workers[THREADS] = {0};

	assert_int_equal(fake_start(&plain), 0);
	shared.pages = pages;
	shared.failed = 0;
	shared.space = dmk_iova_make(0, pages * PAGE - 1, 12);
	shared.owner = calloc(1, pages);
	for (unsigned int i = 0; i < THREADS * LIVES; i++) {
		struct worker *worker = &workers[i % THREADS];

		if (i >= THREADS)
			pthread_join(worker->thread, NULL);
		worker->seed = 0x10a + i;
		assert_int_equal(pthread_create(&worker->thread, NULL, work, worker), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_false(workers[i].wrong);
	}
	for (unsigned int i = 0; i < DESK; i++) {
		if (shared.desk[i].size)
			give(&workers[0], shared.desk[i]);
		shared.desk[i].size = 0;
	}
	assert_false(workers[0].wrong);
	expect_all_is_back();
	free(shared.owner);
	dmk_iova_free(shared.space);
	fake_stop();
}

static void test_CTX_02_threads_never_share_a_range(void **state)
{
	run(1 << 20);
	assert_int_equal(shared.failed, 0);
}

static void test_CTX_02_threads_share_a_space_that_runs_out(void **state)
{
	run(1 << 12);
	assert_true(shared.failed);
	assert_true(fake_settled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_CTX_02_threads_never_share_a_range),
		cmocka_unit_test(test_CTX_02_threads_share_a_space_that_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
