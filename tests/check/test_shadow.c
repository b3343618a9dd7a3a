/* SPDX-License-Identifier: MIT */
/* The shadow at work: many records, lost ones, and a random driver that does everything right. */
#include <time.h>

#include "world.h"

char world_devices[4];

#define AT 0x100000ULL

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void expect_silence(struct world *world)
{
	if (dmk_checker_findings(world->checker))
		show_findings(world);
	assert_int_equal(dmk_checker_findings(world->checker), 0);
}

/* A linear search anywhere would take minutes here; a second is much more than is needed. */
static void test_100000_live_mappings_stay_quick(void **state)
{
	enum { LIVE = 100000 };
	struct dmk_check_totals totals;
	struct world world;
	double start;

	world_open(&world, NULL, 64);
	start = seconds();
	for (uint64_t i = 0; i < LIVE; i++)
		map(&world, AT + i * 128, 100, DMK_FROM_DEVICE, HERE);
	for (uint64_t i = 0; i < LIVE; i++)
		card_writes(&world, AT + (i * 7919 % LIVE) * 128, 100);
	for (uint64_t i = 0; i < LIVE; i++)
		sync_cpu(&world, AT + (i * 104729 % LIVE) * 128 + 10, 90, DMK_FROM_DEVICE, HERE);
	for (uint64_t i = 0; i < LIVE; i++)
		unmap(&world, AT + (i * 7919 % LIVE) * 128, 100, DMK_FROM_DEVICE, HERE);
	print_message("%.0f ns an event\n", (seconds() - start) * 1e9 / (5.0 * LIVE));
	assert_true(seconds() - start < 10);
	expect_silence(&world);
	dmk_checker_totals(world.checker, &totals);
	assert_int_equal(totals.maps, LIVE);
	assert_int_equal(totals.unmaps, LIVE);
	assert_int_equal(totals.syncs, LIVE);
	assert_int_equal(totals.device_accesses, LIVE);
	assert_int_equal(totals.bytes_mapped, 100ull * LIVE);
	assert_int_equal(totals.live_high_water, LIVE);
	assert_int_equal(totals.lost_records, 0);
	world_close(&world);
}

static void
test_CHK_05_what_follows_from_lost_records_is_not_reported_and_the_loss_is_counted(void **state)
{
	struct dmk_check_options options = { .max_records = 10 };
	struct dmk_check_totals totals;
	struct world world;

	world_open(&world, &options, 1);
	for (uint64_t i = 0; i < 100; i++)
		map(&world, AT + i * 4096, 64, DMK_FROM_DEVICE, HERE);
	for (uint64_t i = 0; i < 100; i++) {
		card_writes(&world, AT + i * 4096, 64);
		sync_cpu(&world, AT + i * 4096, 64, DMK_FROM_DEVICE, HERE);
	}
	for (uint64_t i = 0; i < 100; i++)
		unmap(&world, AT + i * 4096, 64, DMK_FROM_DEVICE, HERE);
	expect_silence(&world);
	dmk_checker_totals(world.checker, &totals);
	assert_int_equal(totals.lost_records, 90);
	world_end(&world);
	expect_silence(&world);
	world_close(&world);
}

static void test_CHK_05_with_records_lost_the_others_are_still_judged(void **state)
{
	struct dmk_check_options options = { .max_records = 10 };
	struct world world;

	world_open(&world, &options, 1);
	for (uint64_t i = 0; i < 12; i++)
		map(&world, AT + i * 4096, 64, DMK_FROM_DEVICE, HERE);
	/* another size, of a record that is kept */
	unmap(&world, AT, 65, DMK_FROM_DEVICE, HERE);
	unmap(&world, AT + 4096, 64, DMK_TO_DEVICE, HERE);        /* another direction */
	unmap(&world, AT + 50 * 4096, 64, DMK_FROM_DEVICE, HERE); /* never mapped, and never lost */
	assert_int_equal(dmk_checker_findings(world.checker), 3);
	unmap(&world, AT + 11 * 4096, 64, DMK_FROM_DEVICE, HERE);
	unmap(&world, AT + 10 * 4096, 64, DMK_FROM_DEVICE, HERE);
	assert_int_equal(dmk_checker_findings(world.checker), 3);
	/* All the lost ones are accounted for: from here on nothing is held back. */
	card_writes(&world, AT + 60 * 4096, 4);
	assert_int_equal(dmk_checker_findings(world.checker), 4);
	world_close(&world);
}

static void test_the_live_records_can_be_walked(void **state)
{
	struct dmk_finding finding;
	struct world world;
	size_t n = 0;

	world_open(&world, NULL, 1);
	for (uint64_t i = 0; i < 1000; i++)
		map(&world, AT + i * 4096, 64, DMK_FROM_DEVICE, HERE);
	while (dmk_checker_live(world.checker, n, &finding)) {
		assert_int_equal(finding.buffer.size, 64);
		assert_int_equal(finding.mapped.depth, 1);
		n++;
	}
	assert_int_equal(n, 1000);
	unmap(&world, AT + 500 * 4096, 64, DMK_FROM_DEVICE, HERE);
	assert_true(dmk_checker_live(world.checker, 998, &finding));
	assert_false(dmk_checker_live(world.checker, 999, &finding));
	world_close(&world);
}

static void test_CTX_03_binding_again_and_again_leaves_nothing(void **state)
{
	struct dmk_check_totals totals;
	struct world world;

	world_open(&world, NULL, 1);
	for (int i = 0; i < 1000; i++) {
		EVENT(&world, .kind = DMK_EVENT_DEVICE_ADD,
		      .dev = (struct dmk_dev *)&world_devices[2], .name = "again",
		      .requester = 0x99);
		EVENT(&world, .kind = DMK_EVENT_BIND, .dev = (struct dmk_dev *)&world_devices[2],
		      .name = "forgetful");
		EVENT(&world, .kind = DMK_EVENT_SET_MASK,
		      .dev = (struct dmk_dev *)&world_devices[2], .mask = ~0ULL, .streaming = true,
		      .coherent = true);
		map_unasked(&world, (struct dmk_dev *)&world_devices[2], AT, 64, DMK_TO_DEVICE,
			    HERE);
		ask(&world, (struct dmk_dev *)&world_devices[2], AT);
		EVENT(&world, .kind = DMK_EVENT_UNBIND, .dev = (struct dmk_dev *)&world_devices[2]);
		EVENT(&world, .kind = DMK_EVENT_DEVICE_REMOVE,
		      .dev = (struct dmk_dev *)&world_devices[2]);
	}
	assert_int_equal(dmk_checker_findings(world.checker), 1);
	assert_int_equal(dmk_checker_finding(world.checker, 0)->count, 1000);
	dmk_checker_totals(world.checker, &totals);
	assert_int_equal(totals.leaks, 1000);
	assert_int_equal(totals.live_high_water, 1);
	world_close(&world);
}

/* A new device at the address of an old one has no past. */
static void test_a_device_inherits_nothing_from_the_last_one_at_its_address(void **state)
{
	struct dmk_dev *dev = (struct dmk_dev *)&world_devices[2];
	struct world world;

	world_open(&world, NULL, 1);
	EVENT(&world, .kind = DMK_EVENT_DEVICE_ADD, .dev = dev, .name = "first", .requester = 0x99);
	map_unasked(&world, dev, AT, 64, DMK_TO_DEVICE, HERE);
	ask(&world, dev, AT);
	unmap_as(&world, dev, DMK_MAP_SINGLE, BUS(AT), 64, DMK_TO_DEVICE, HERE);
	EVENT(&world, .kind = DMK_EVENT_DEVICE_REMOVE, .dev = dev);
	EVENT(&world, .kind = DMK_EVENT_DEVICE_ADD, .dev = dev, .name = "second",
	      .requester = 0x99);
	unmap_as(&world, dev, DMK_MAP_SINGLE, BUS(AT), 64, DMK_TO_DEVICE, HERE);
	assert_int_equal(dmk_checker_findings(world.checker), 1);
	assert_non_null(strstr(dmk_checker_finding(world.checker, 0)->what, "nothing is mapped"));
	world_close(&world);
}

/* --- a random driver -------------------------------------------------------------------------- */

enum { SLOTS = 64, SLOT = 4096, STEPS = 200000 };

struct slot {
	enum { FREE, MAPPED, LISTED, ALLOCATED, BLOCK } use;
	uint64_t offset, size;
	enum dmk_direction dir;
	struct dmk_event_sg sg[3];
};

static uint64_t random_below(uint64_t *seed, uint64_t limit)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*seed >> 33) % limit;
}

static char pool;

static void take(struct world *w, struct slot *slot, uint64_t at, uint64_t *seed)
{
	slot->dir = random_below(seed, 3);
	slot->offset = random_below(seed, 100);
	slot->size = 1 + random_below(seed, SLOT - slot->offset);
	slot->use = MAPPED + random_below(seed, 4);
	memory_taken(w, at, SLOT, HERE);
	switch (slot->use) {
	case MAPPED:
		map(w, at + slot->offset, slot->size, slot->dir, HERE);
		break;
	case LISTED:
		for (int i = 0; i < 3; i++)
			slot->sg[i] = (struct dmk_event_sg){DMK_PHYS(at + i * 1024), 1024,
							    DMK_DMA(BUS(at)), 3072};
		map_list(w, slot, slot->sg, 3, 1, slot->dir, HERE);
		slot->offset = 0;
		slot->size = 3072;
		break;
	case ALLOCATED:
		slot->offset = 0;
		slot->size = SLOT;
		alloc(w, at, SLOT, HERE);
		break;
	default:
		slot->offset = 64;
		slot->size = 64;
		pool_page(w, &pool, at, true);
		block_taken(w, &pool, at + 64, HERE);
		break;
	}
}

static void give(struct world *w, struct slot *slot, uint64_t at)
{
	switch (slot->use) {
	case MAPPED:
		unmap(w, at + slot->offset, slot->size, slot->dir, HERE);
		break;
	case LISTED:
		unmap_list(w, slot, slot->sg, 3, slot->dir, HERE);
		break;
	case ALLOCATED:
		free_as(w, DEV, at, at, SLOT, 0, HERE);
		break;
	default:
		block_freed(w, &pool, at + 64, at + 64, 0, HERE);
		pool_page(w, &pool, at, false);
		break;
	}
	memory_freed(w, at, SLOT, HERE);
	slot->use = FREE;
}

static void use(struct world *w, const struct slot *slot, uint64_t at, uint64_t *seed)
{
	uint64_t skip = random_below(seed, slot->size),
		 size = 1 + random_below(seed, slot->size - skip);
	bool streaming = slot->use == MAPPED;

	at += slot->offset + skip;
	if (streaming && random_below(seed, 2))
		sync_cpu(w, at, size, slot->dir, HERE);
	if (streaming)
		sync_device(w, at, size, slot->dir, HERE);
	if (slot->use >= ALLOCATED || slot->dir != DMK_TO_DEVICE)
		card_writes(w, at, size);
	if (slot->use >= ALLOCATED || slot->dir != DMK_FROM_DEVICE)
		card_reads(w, at, size);
}

static void play_correctly(uint64_t first_seed, uint64_t steps)
{
	struct slot slot[SLOTS] = { 0 };
	uint64_t seed = first_seed;
	struct world world;

	world_open(&world, NULL, 64);
	pool_made(&world, &pool, "random", HERE);
	for (uint64_t step = 0; step < steps; step++) {
		uint64_t i = random_below(&seed, SLOTS), at = AT + i * SLOT;

		if (slot[i].use == FREE)
			take(&world, &slot[i], at, &seed);
		else if (random_below(&seed, 3))
			use(&world, &slot[i], at, &seed);
		else
			give(&world, &slot[i], at);
	}
	for (uint64_t i = 0; i < SLOTS; i++)
		if (slot[i].use != FREE)
			give(&world, &slot[i], AT + i * SLOT);
	pool_gone(&world, &pool, 0, HERE);
	world_end(&world);
	if (dmk_checker_findings(world.checker))
		print_message("seed %llu\n", (unsigned long long)first_seed);
	expect_silence(&world);
	world_close(&world);
}

static void test_CHK_04_a_random_driver_that_is_right_is_never_reported(void **state)
{
	for (uint64_t seed = 1; seed <= 5; seed++)
		play_correctly(seed, STEPS / 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_100000_live_mappings_stay_quick),
		cmocka_unit_test(
			test_CHK_05_what_follows_from_lost_records_is_not_reported_and_the_loss_is_counted),
		cmocka_unit_test(test_CHK_05_with_records_lost_the_others_are_still_judged),
		cmocka_unit_test(test_the_live_records_can_be_walked),
		cmocka_unit_test(test_CTX_03_binding_again_and_again_leaves_nothing),
		cmocka_unit_test(test_a_device_inherits_nothing_from_the_last_one_at_its_address),
		cmocka_unit_test(test_CHK_04_a_random_driver_that_is_right_is_never_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
