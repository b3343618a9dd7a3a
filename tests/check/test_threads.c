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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_CTX_02_the_advisor_counts_the_calls_of_many_threads),
		cmocka_unit_test(test_CTX_02_events_from_many_threads_are_judged_as_from_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
