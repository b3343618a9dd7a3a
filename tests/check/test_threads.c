/* SPDX-License-Identifier: MIT */
/*
 * Many threads at once: no finding for what is right, none lost for what is wrong (CTX-02). Run
 * under ThreadSanitizer, too.
 */
#include <pthread.h>

#include <dmakit/advice.h>

#include "world.h"

char world_devices[4];

enum { THREADS = 4, ROUNDS = 5000 };

static struct world world;

static void *work(void *argument)
{
	const uint64_t base = (1 + (uintptr_t)argument) << 24;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		uint64_t at = base + i % 16 * 4096;

		map(&world, at, 128, DMK_FROM_DEVICE, HERE);
		card_writes(&world, at, 128);
		sync_cpu(&world, at, 64, DMK_FROM_DEVICE, HERE);
		unmap(&world, at, 128, DMK_FROM_DEVICE, HERE);
		alloc(&world, at, 4096, HERE);
		card_reads(&world, at, 4096);
		free_as(&world, DEV, at, at, 4096, 0, HERE);
		if (i % 100 == 0)
			unmap(&world, base + 0x100000, 64, DMK_TO_DEVICE, HERE);
	}
	return NULL;
}

static void work_in_threads(void)
{
	pthread_t thread[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, work, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

static void test_CTX_02_events_from_many_threads_are_judged_as_from_one(void **state)
{
	struct dmk_check_totals totals;

	world_open(&world, NULL, 64);
	work_in_threads();
	world_end(&world);
	dmk_checker_totals(world.checker, &totals);
	assert_int_equal(totals.maps, THREADS * ROUNDS);
	assert_int_equal(totals.allocs, THREADS * ROUNDS);
	assert_int_equal(totals.leaks, 0);
	if (dmk_checker_findings(world.checker) != 1)
		show_findings(&world);
	assert_int_equal(dmk_checker_findings(world.checker), 1);
	assert_string_equal(dmk_checker_finding(world.checker, 0)->rule->id, "STR-04");
	assert_int_equal(dmk_checker_finding(world.checker, 0)->count, THREADS * ROUNDS / 100);
	world_close(&world);
}

static uint64_t mapped_in_all;

static bool add_times(void *ctx, const struct dmk_advice_row *row)
{
	if (!strcmp(row->cell[0].text, "dma_map_single"))
		mapped_in_all += row->cell[1].number;
	assert_int_equal(row->cell[8].number, 0); /* left */
	return true;
}

static void test_CTX_02_the_advisor_counts_the_calls_of_many_threads(void **state)
{
	struct dmk_advisor *advisor = dmk_advisor_new(NULL);
	unsigned int sites = 0;

	assert_non_null(advisor);
	world.observer = dmk_advisor_observer(advisor);
	world_boot(&world, 64);
	work_in_threads();
	world_end(&world);
	while (strcmp(dmk_advice_section(sites)->id, "sites"))
		sites++;
	assert_true(dmk_advisor_rows(advisor, sites, add_times, NULL));
	assert_int_equal(mapped_in_all, THREADS * ROUNDS);
	dmk_advisor_free(advisor);
}

/* --- plain ones beside each other ------------------------------------------------------------- */

enum { RING = 64, TWICE = 500 };

static uint64_t handed[RING]; /* from a thread that maps to one that unmaps */

/* All in the same two leaves: one's cell beside another's. */
static void *own_pages(void *argument)
{
	const uint64_t base = 0x30000000 + (uintptr_t)argument * 2048;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		const uint64_t at = base + i % 60 * 4096;

		map(&world, at, 2048, DMK_FROM_DEVICE, HERE);
		card_writes(&world, at, 2048);
		unmap(&world, at, 2048, DMK_FROM_DEVICE, HERE);
		if (i % TWICE == 0) /* twice: judged, among all that is plain */
			unmap(&world, at, 2048, DMK_FROM_DEVICE, HERE);
	}
	return NULL;
}

static void *maps_for_another(void *unused)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		const uint64_t at = 0x50000000 + i % 200 * 4096;

		while (__atomic_load_n(&handed[i % RING], __ATOMIC_ACQUIRE))
			sched_yield();
		map(&world, at, 4096, DMK_TO_DEVICE, HERE);
		__atomic_store_n(&handed[i % RING], at, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void *unmaps_of_another(void *unused)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t at;

		while (!(at = __atomic_load_n(&handed[i % RING], __ATOMIC_ACQUIRE)))
			sched_yield();
		card_reads(&world, at, 4096);
		unmap(&world, at, 4096, DMK_TO_DEVICE, HERE);
		__atomic_store_n(&handed[i % RING], 0, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void test_CTX_02_threads_are_plain_beside_each_other(void **state)
{
	struct dmk_check_totals totals;
	pthread_t thread[THREADS];

	world_open(&world, NULL, 64);
	for (uintptr_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, own_pages, (void *)i), 0);
	assert_int_equal(pthread_create(&thread[2], NULL, maps_for_another, NULL), 0);
	assert_int_equal(pthread_create(&thread[3], NULL, unmaps_of_another, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	world_end(&world);
	dmk_checker_totals(world.checker, &totals);
	assert_int_equal(totals.maps, 3 * ROUNDS);
	assert_int_equal(totals.unmaps, 3 * ROUNDS + 2 * ROUNDS / TWICE);
	assert_int_equal(totals.device_accesses, 3 * ROUNDS);
	assert_int_equal(totals.leaks, 0);
	if (dmk_checker_findings(world.checker) != 1)
		show_findings(&world);
	assert_int_equal(dmk_checker_findings(world.checker), 1);
	assert_string_equal(dmk_checker_finding(world.checker, 0)->rule->id, "STR-04");
	assert_int_equal(dmk_checker_finding(world.checker, 0)->count, 2 * ROUNDS / TWICE);
	world_close(&world);
}

static void *one_map(void *argument)
{
	map(&world, 0x60000000 + (uintptr_t)argument * 4096, 2048, DMK_TO_DEVICE, HERE);
	unmap(&world, 0x60000000 + (uintptr_t)argument * 4096, 2048, DMK_TO_DEVICE, HERE);
	return NULL;
}

static void test_CTX_03_threads_that_come_and_go_find_a_seat(void **state)
{
	struct dmk_check_totals totals;
	pthread_t thread;

	world_open(&world, NULL, 64);
	for (uintptr_t i = 0; i < 300; i++) {
		assert_int_equal(pthread_create(&thread, NULL, one_map, (void *)(i % 32)), 0);
		pthread_join(thread, NULL);
	}
	dmk_checker_totals(world.checker, &totals);
	assert_int_equal(totals.maps, 300);
	assert_int_equal(totals.live_high_water, 1);
	world_end(&world);
	assert_int_equal(dmk_checker_findings(world.checker), 0);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_CTX_02_the_advisor_counts_the_calls_of_many_threads),
		cmocka_unit_test(test_CTX_02_events_from_many_threads_are_judged_as_from_one),
		cmocka_unit_test(test_CTX_02_threads_are_plain_beside_each_other),
		cmocka_unit_test(test_CTX_03_threads_that_come_and_go_find_a_seat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
