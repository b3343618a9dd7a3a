/* SPDX-License-Identifier: MIT */
/* The recorder alone: events made up here to a timeline; what is kept of many; JSON and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "report/json.h"
#include "run/intervals.h"
#include "run/record.h"

#include <dmakit/device.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct dmk_dev card, other;
#define CARD  (&card)
#define OTHER (&other)
enum { CARD_ON_BUS = 0x08, OTHER_ON_BUS = 0x10 };

static struct dmk_recorder *recorder;

static void happen(struct dmk_event event)
{
	const struct dmk_observer *observer = dmk_recorder_observer(recorder);

	observer->event(observer->ctx, &event);
}

static void start(uint64_t limit)
{
	recorder = dmk_recorder_new(&(struct dmk_recorder_options){.limit = limit});
	happen((struct dmk_event){.kind = DMK_EVENT_DEVICE_ADD,
				  .dev = CARD,
				  .requester = CARD_ON_BUS,
				  .name = "card"});
	happen((struct dmk_event){.kind = DMK_EVENT_DEVICE_ADD,
				  .dev = OTHER,
				  .requester = OTHER_ON_BUS,
				  .name = "other"});
}

/* What was kept, after it went to JSON and came back. */
static struct dmk_timeline *stop(void)
{
	struct dmk_timeline *made = dmk_recorder_timeline(recorder, NULL), *read;
	json_t *json = dmk_timeline_json(made), *again;

	read = dmk_timeline_read(json);
	again = dmk_timeline_json(read);
	assert_true(json_equal(json, again));
	json_decref(json);
	json_decref(again);
	dmk_timeline_free(made);
	dmk_recorder_free(recorder);
	return read;
}

static void map(struct dmk_dev *dev, uint64_t dma, uint64_t size)
{
	happen((struct dmk_event){.kind = DMK_EVENT_MAP,
				  .map_kind = DMK_MAP_SINGLE,
				  .dev = dev,
				  .dma = DMK_DMA(dma),
				  .phys = DMK_PHYS(dma + 0x100000),
				  .size = size,
				  .dir = DMK_FROM_DEVICE,
				  .caller = (void *)0x40});
}

static void unmap(struct dmk_dev *dev, uint64_t dma, uint64_t size)
{
	happen((struct dmk_event){.kind = DMK_EVENT_UNMAP,
				  .map_kind = DMK_MAP_SINGLE,
				  .dev = dev,
				  .dma = DMK_DMA(dma),
				  .size = size,
				  .dir = DMK_FROM_DEVICE,
				  .caller = (void *)0x41});
}

static void device_writes(uint32_t requester, uint64_t dma, uint64_t size)
{
	happen((struct dmk_event){.kind = DMK_EVENT_DEVICE_ACCESS,
				  .requester = requester,
				  .dma = DMK_DMA(dma),
				  .size = size,
				  .write = true});
}

static void cpu_reads(uint64_t phys, uint64_t size, uintptr_t caller)
{
	happen((struct dmk_event){.kind = DMK_EVENT_CPU_ACCESS,
				  .phys = DMK_PHYS(phys),
				  .size = size,
				  .caller = (void *)caller});
}

static void is_event(const struct dmk_timeline *timeline, size_t i, enum dmk_timeline_what what,
		     int buffer, uint64_t at, uint64_t size)
{
	assert_in_range(i, 0, timeline->nr_events - 1);
	assert_string_equal(dmk_timeline_what_name(timeline->event[i].what),
			    dmk_timeline_what_name(what));
	assert_int_equal(timeline->event[i].buffer, buffer);
	assert_int_equal(timeline->event[i].at, at);
	assert_int_equal(timeline->event[i].size, size);
}

static void test_a_mapping_has_a_life(void **state)
{
	struct dmk_timeline *timeline;

	start(0);
	map(CARD, 0x5000, 256);
	device_writes(CARD_ON_BUS, 0x5010, 16);
	happen((struct dmk_event){.kind = DMK_EVENT_SYNC_FOR_CPU,
				  .dev = CARD,
				  .dma = DMK_DMA(0x5010),
				  .size = 16,
				  .dir = DMK_FROM_DEVICE});
	cpu_reads(0x105010, 4, 0x42);
	unmap(CARD, 0x5000, 256);
	device_writes(CARD_ON_BUS, 0x5010, 16);
	timeline = stop();
	assert_int_equal(timeline->nr_buffers, 1);
	assert_int_equal(timeline->nr_events, 6);
	is_event(timeline, 0, DMK_TIMELINE_MAP, 0, 0, 256);
	is_event(timeline, 1, DMK_TIMELINE_DEVICE_WRITE, 0, 0x10, 16);
	is_event(timeline, 2, DMK_TIMELINE_SYNC_FOR_CPU, 0, 0x10, 16);
	is_event(timeline, 3, DMK_TIMELINE_CPU_READ, 0, 0x10, 4);
	is_event(timeline, 4, DMK_TIMELINE_UNMAP, 0, 0, 256);
	is_event(timeline, 5, DMK_TIMELINE_DEVICE_WRITE, -1, 0x5010, 16);
	assert_int_equal(timeline->buffer[0].from, timeline->event[0].time);
	assert_int_equal(timeline->buffer[0].until, timeline->event[4].time);
	assert_int_equal(timeline->site[timeline->buffer[0].site].address, 0x40);
	assert_int_equal(timeline->site[timeline->buffer[0].end_site].address, 0x41);
	assert_int_equal(timeline->buffer[0].direction, DMK_FROM_DEVICE);
	for (size_t i = 1; i < timeline->nr_events; i++)
		assert_true(timeline->event[i].time >= timeline->event[i - 1].time);
	assert_true(timeline->end >= timeline->event[5].time);
	dmk_timeline_free(timeline);
}

/* Each device has addresses of its own; of buffers on top of each other the newest is meant. */
static void test_an_address_is_looked_for_among_the_devices_own(void **state)
{
	struct dmk_timeline *timeline;

	start(0);
	map(CARD, 0x5000, 256);
	map(OTHER, 0x5000, 256);
	map(OTHER, 0x5080, 16);
	device_writes(OTHER_ON_BUS, 0x5000, 1);
	device_writes(OTHER_ON_BUS, 0x5088, 1);
	device_writes(CARD_ON_BUS, 0x5088, 1);
	device_writes(0x77, 0x5088, 1);
	unmap(OTHER, 0x5080, 16);
	unmap(OTHER, 0x5080, 16);
	timeline = stop();
	is_event(timeline, 3, DMK_TIMELINE_DEVICE_WRITE, 1, 0, 1);
	is_event(timeline, 4, DMK_TIMELINE_DEVICE_WRITE, 2, 8, 1);
	is_event(timeline, 5, DMK_TIMELINE_DEVICE_WRITE, 0, 0x88, 1);
	is_event(timeline, 6, DMK_TIMELINE_DEVICE_WRITE, -1, 0x5088, 1);
	assert_string_equal(timeline->device[timeline->event[6].device].name, "requester 0x77");
	is_event(timeline, 7, DMK_TIMELINE_UNMAP, 2, 0, 16);
	is_event(timeline, 8, DMK_TIMELINE_UNMAP, -1, 0x5080, 16);
	assert_true(timeline->buffer[1].until == DMK_TIMELINE_NEVER);
	dmk_timeline_free(timeline);
}

static void test_accesses_in_a_row_are_one(void **state)
{
	struct dmk_timeline *timeline;

	start(0);
	map(CARD, 0x5000, 256);
	for (unsigned int i = 0; i < 64; i++)
		device_writes(CARD_ON_BUS, 0x5000 + 4 * i, 4);
	cpu_reads(0x105000, 4, 0x42);
	cpu_reads(0x105004, 4, 0x42);
	cpu_reads(0x105008, 4, 0x43); /* another place */
	cpu_reads(0x105080, 4, 0x43); /* not beside it */
	unmap(CARD, 0x5000, 256);
	timeline = stop();
	assert_int_equal(timeline->nr_events, 6);
	is_event(timeline, 1, DMK_TIMELINE_DEVICE_WRITE, 0, 0, 256);
	assert_int_equal(timeline->event[1].count, 64);
	is_event(timeline, 2, DMK_TIMELINE_CPU_READ, 0, 0, 8);
	assert_int_equal(timeline->event[2].count, 2);
	is_event(timeline, 3, DMK_TIMELINE_CPU_READ, 0, 8, 4);
	is_event(timeline, 4, DMK_TIMELINE_CPU_READ, 0, 0x80, 4);
	dmk_timeline_free(timeline);
}

static void test_of_many_the_first_and_the_last_are_kept(void **state)
{
	struct dmk_timeline *timeline;

	start(10);
	map(CARD, 0xf000, 16); /* stays */
	for (unsigned int i = 0; i < 1000; i++) {
		map(CARD, 0x5000 + i, 1);
		unmap(CARD, 0x5000 + i, 1);
	}
	timeline = stop();
	assert_int_equal(timeline->seen, 2001);
	assert_int_equal(timeline->nr_events, 10);
	assert_int_equal(timeline->dropped, 1991);
	assert_int_equal(timeline->gap_from, timeline->event[4].time);
	assert_int_equal(timeline->gap_until, timeline->event[5].time);
	/* that which stays, two at the beginning, and of the last five events three */
	assert_int_equal(timeline->nr_buffers, 6);
	is_event(timeline, 4, DMK_TIMELINE_UNMAP, 2, 0, 1);
	is_event(timeline, 5, DMK_TIMELINE_UNMAP, 3, 0, 1);
	is_event(timeline, 9, DMK_TIMELINE_UNMAP, 5, 0, 1);
	assert_int_equal(timeline->buffer[5].dma, 0x5000 + 999);
	assert_true(timeline->buffer[0].until == DMK_TIMELINE_NEVER);
	dmk_timeline_free(timeline);
}

static void test_a_list_is_one_buffer(void **state)
{
	const struct dmk_event_sg piece[] = {
		{DMK_PHYS(0x100000), 4096, DMK_DMA(0x8000), 4096},
		{DMK_PHYS(0x300000), 100, DMK_DMA(0x2000), 100},
	};
	struct dmk_event list = {.kind = DMK_EVENT_MAP,
				 .map_kind = DMK_MAP_SG,
				 .dev = CARD,
				 .dma = piece[0].dma,
				 .cpu = piece,
				 .sg = piece,
				 .nents = 2,
				 .mapped_nents = 2,
				 .dir = DMK_TO_DEVICE};
	struct dmk_timeline *timeline;

	start(0);
	happen(list);
	device_writes(CARD_ON_BUS, 0x2010, 4);
	cpu_reads(0x300020, 4, 0x42);
	list.kind = DMK_EVENT_UNMAP;
	happen(list);
	device_writes(CARD_ON_BUS, 0x2010, 4);
	timeline = stop();
	assert_int_equal(timeline->nr_buffers, 1);
	assert_int_equal(timeline->buffer[0].size, 4196);
	assert_int_equal(timeline->buffer[0].nr_pieces, 2);
	assert_int_equal(timeline->buffer[0].piece[1].dma, 0x2000);
	is_event(timeline, 1, DMK_TIMELINE_DEVICE_WRITE, 0, 4096 + 0x10, 4);
	is_event(timeline, 2, DMK_TIMELINE_CPU_READ, 0, 4096 + 0x20, 4);
	is_event(timeline, 3, DMK_TIMELINE_UNMAP, 0, 0, 4196);
	is_event(timeline, 4, DMK_TIMELINE_DEVICE_WRITE, -1, 0x2010, 4);
	dmk_timeline_free(timeline);
}

static void test_a_block_lies_in_its_pools_memory(void **state)
{
	struct dmk_event event = {.dev = CARD,
				  .pool = "pool",
				  .name = "rings",
				  .dma = DMK_DMA(0x4000),
				  .phys = DMK_PHYS(0x4000),
				  .size = 4096};
	struct dmk_timeline *timeline;

	start(0);
	event.kind = DMK_EVENT_POOL_PAGE;
	event.result = 1;
	happen(event);
	event.kind = DMK_EVENT_POOL_ALLOC;
	event.size = 64; /* the first block begins where its page does */
	happen(event);
	device_writes(CARD_ON_BUS, 0x4004, 4);
	event.kind = DMK_EVENT_POOL_FREE;
	happen(event);
	device_writes(CARD_ON_BUS, 0x4004, 4);
	event.reason = DMK_REASON_NOT_FOUND;
	happen(event);
	event.kind = DMK_EVENT_POOL_PAGE;
	event.reason = DMK_REASON_NONE;
	event.result = 0;
	event.size = 4096;
	happen(event);
	timeline = stop();
	assert_int_equal(timeline->nr_buffers, 2);
	assert_string_equal(timeline->buffer[1].pool, "rings");
	is_event(timeline, 2, DMK_TIMELINE_DEVICE_WRITE, 1, 4, 4);
	is_event(timeline, 3, DMK_TIMELINE_FREE, 1, 0, 64);
	is_event(timeline, 4, DMK_TIMELINE_DEVICE_WRITE, 0, 4, 4);
	assert_true(timeline->event[5].result < 0);
	is_event(timeline, 6, DMK_TIMELINE_FREE, 0, 0, 4096);
	assert_true(timeline->buffer[0].until == timeline->event[6].time);
	dmk_timeline_free(timeline);
}

static void link_at(enum dmk_event_kind kind, uint64_t dma, uint64_t size)
{
	happen((struct dmk_event){.kind = kind,
				  .map_kind = DMK_MAP_LINK,
				  .dev = CARD,
				  .dma = DMK_DMA(dma),
				  .phys = DMK_PHYS(0x700000 + dma),
				  .size = size});
}

static void test_what_is_linked_goes_with_its_addresses(void **state)
{
	struct dmk_timeline *timeline;

	start(0);
	link_at(DMK_EVENT_IOVA_ALLOC, 0x10000, 0x4000);
	link_at(DMK_EVENT_MAP, 0x10000, 0x1000);
	link_at(DMK_EVENT_MAP, 0x11000, 0x1000);
	link_at(DMK_EVENT_MAP, 0x12000, 0x1000);
	link_at(DMK_EVENT_IOVA_UNLINK, 0x11000, 0x1000);
	link_at(DMK_EVENT_IOVA_FREE, 0x10000, 0x3000);
	timeline = stop();
	assert_int_equal(timeline->nr_buffers, 4);
	assert_int_equal(timeline->nr_events, 8);
	is_event(timeline, 4, DMK_TIMELINE_UNMAP, 2, 0, 0x1000);
	is_event(timeline, 7, DMK_TIMELINE_FREE, 0, 0, 0x4000);
	for (size_t i = 0; i < 4; i++)
		assert_true(timeline->buffer[i].until != DMK_TIMELINE_NEVER);
	dmk_timeline_free(timeline);
}

static void test_a_transfer_ends_what_it_began(void **state)
{
	struct dmk_event event = {.kind = DMK_EVENT_TRANSFER_BEGIN,
				  .requester = CARD_ON_BUS,
				  .dma = DMK_DMA(0x5000),
				  .size = 64,
				  .cookie = 7,
				  .dir = DMK_FROM_DEVICE};
	struct dmk_timeline *timeline;

	start(4);
	map(CARD, 0x5000, 256);
	happen(event);
	unmap(CARD, 0x5000, 256);
	for (unsigned int i = 0; i < 10; i++) /* all that names the buffer is dropped */
		device_writes(CARD_ON_BUS, 0x9000, 1);
	event.kind = DMK_EVENT_TRANSFER_END;
	event.dma = DMK_DMA(0);
	happen(event);
	happen(event); /* nobody began it */
	timeline = stop();
	is_event(timeline, 3, DMK_TIMELINE_TRANSFER_END, 0, 0, 64);
	assert_int_equal(timeline->event[3].id, 7);
	dmk_timeline_free(timeline);
}

static void test_a_finding_is_about_what_happened_before_it(void **state)
{
	struct dmk_timeline *timeline;

	start(0);
	map(CARD, 0x5000, 256);
	map(CARD, 0x6000, 256);
	device_writes(CARD_ON_BUS, 0x50fc, 8);
	dmk_recorder_found(recorder, &(struct dmk_found){3, CARD, DMK_MAPPING_ERROR});
	dmk_recorder_found(recorder, &(struct dmk_found){4, CARD, DMK_DMA(0x6000)});
	dmk_recorder_found(recorder, &(struct dmk_found){5, CARD, DMK_DMA(0x7000)});
	timeline = stop();
	is_event(timeline, 3, DMK_TIMELINE_FINDING, 0, 0xfc, 0);
	is_event(timeline, 4, DMK_TIMELINE_FINDING, 1, 0, 0);
	is_event(timeline, 5, DMK_TIMELINE_FINDING, -1, 0, 0);
	assert_int_equal(timeline->event[3].id, 3);
	assert_int_equal(timeline->event[5].id, 5);
	dmk_timeline_free(timeline);
}

static void *one_of_several(void *which)
{
	const uint64_t base = 0x10000 * (1 + (uint64_t)(uintptr_t)which);

	for (unsigned int i = 0; i < 500; i++) {
		map(CARD, base + 16 * (i % 8), 16);
		device_writes(CARD_ON_BUS, base + 16 * (i % 8), 8);
		unmap(CARD, base + 16 * (i % 8), 16);
	}
	return NULL;
}

static void test_threads_are_told_apart(void **state)
{
	struct dmk_timeline *timeline;
	pthread_t thread[3];

	start(0);
	for (uintptr_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, one_of_several, (void *)i), 0);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	timeline = stop();
	assert_int_equal(timeline->nr_events, 3 * 500 * 3);
	assert_int_equal(timeline->nr_threads, 4); /* and the one that added the devices */
	for (size_t i = 0; i < timeline->nr_events; i++)
		assert_true(timeline->event[i].buffer >= 0);
	dmk_timeline_free(timeline);
}

/* --- intervals, against the plain way --------------------------------------------------------- */

enum { SLOTS = 64 };

static void test_intervals_are_found_as_in_a_list(void **state)
{
	struct dmk_interval slot[SLOTS] = {{NULL}}, *root = NULL;
	bool used[SLOTS] = {false};
	uint64_t serial = 0, seed = 42;

	for (unsigned int turn = 0; turn < 4000; turn++) {
		const struct dmk_interval *best = NULL;
		unsigned int i;
		uint64_t at;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		i = seed >> 58;
		at = seed >> 20 & 255;
		if (used[i]) {
			dmk_intervals_remove(&root, &slot[i]);
		} else {
			slot[i].first = at;
			slot[i].last = at + (seed >> 30 & 63);
			slot[i].serial = ++serial;
			slot[i].owner = &slot[i];
			dmk_intervals_add(&root, &slot[i]);
		}
		used[i] = !used[i];
		at = seed >> 40 & 255;
		for (i = 0; i < SLOTS; i++)
			if (used[i] && slot[i].first <= at && slot[i].last >= at &&
			    (!best || slot[i].serial > best->serial))
				best = &slot[i];
		assert_ptr_equal(dmk_intervals_find(root, at, NULL, NULL), best);
		best = dmk_intervals_inside(root, at, at + 40, NULL, NULL);
		for (i = 0; i < SLOTS && !best; i++)
			assert_false(used[i] && slot[i].first >= at && slot[i].last <= at + 40);
		assert_true(!best || (best->first >= at && best->last <= at + 40));
	}
}

static void test_what_is_damaged_is_left_out(void **state)
{
	static const char *const text[] = {
		"null",
		"[]",
		"{}",
		"{\"events\": 3, \"buffers\": [1, null, {\"device\": 99}]}",
		"{\"events\": [[], [1], [1, 99], [1, 0, 5, 5, 5, \"0xzz\", -1], 7, {}]}",
		"{\"gap\": 1, \"sites\": [0], \"threads\": [[]], \"devices\": {}}",
	};

	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++) {
		json_t *json = json_loads(text[i], JSON_DECODE_ANY, NULL);
		struct dmk_timeline *timeline = dmk_timeline_read(json);

		for (size_t event = 0; timeline && event < timeline->nr_events; event++)
			assert_int_equal(timeline->event[event].buffer, -1);
		dmk_timeline_free(timeline);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mapping_has_a_life),
		cmocka_unit_test(test_an_address_is_looked_for_among_the_devices_own),
		cmocka_unit_test(test_accesses_in_a_row_are_one),
		cmocka_unit_test(test_of_many_the_first_and_the_last_are_kept),
		cmocka_unit_test(test_a_list_is_one_buffer),
		cmocka_unit_test(test_a_block_lies_in_its_pools_memory),
		cmocka_unit_test(test_what_is_linked_goes_with_its_addresses),
		cmocka_unit_test(test_a_transfer_ends_what_it_began),
		cmocka_unit_test(test_a_finding_is_about_what_happened_before_it),
		cmocka_unit_test(test_threads_are_told_apart),
		cmocka_unit_test(test_intervals_are_found_as_in_a_list),
		cmocka_unit_test(test_what_is_damaged_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
