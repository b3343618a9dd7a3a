/* SPDX-License-Identifier: MIT */
/*
 * What is told of turns (dmk_check_options.turn), against a model that knows each byte: two devices
 * map the same memory here and there, and each syncs as it likes.
 */
#include "world.h"

char world_devices[4];

enum { BYTES = 512, BUFFERS = 3, DEVICES = 2, AT = 0x200000 };

struct buffer {
	unsigned int first, size; /* size 0: not mapped */
	bool device[BYTES];       /* by offset */
};

static struct buffer buffers[DEVICES][BUFFERS];
static bool told[BYTES];
static uint64_t seed;

static unsigned int any(unsigned int limit)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % limit;
}

static void on_turn(void *ctx, uint64_t phys, uint64_t size, bool device)
{
	assert_ptr_equal(ctx, told);
	assert_true(size);
	for (uint64_t i = 0; i < size; i++) {
		assert_in_range(phys + i, AT, AT + BYTES - 1);
		told[phys + i - AT] = device;
	}
}

static struct dmk_dev *dev_of(unsigned int device)
{
	return device ? DEV2 : DEV;
}

/* A device's own buffers don't overlap, so that an address means one of them. */
static bool is_free(unsigned int device, unsigned int first, unsigned int size)
{
	for (unsigned int i = 0; i < BUFFERS; i++) {
		const struct buffer *other = &buffers[device][i];

		if (other->size && first < other->first + other->size &&
		    other->first < first + size)
			return false;
	}
	return true;
}

static void open_buffer(struct world *world, unsigned int device, struct buffer *buffer)
{
	const unsigned int first = any(BYTES - 1), size = 1 + any(BYTES - first);

	if (!is_free(device, first, size))
		return;
	buffer->first = first;
	buffer->size = size;
	memset(buffer->device, true, size);
	map_unasked(world, dev_of(device), AT + first, size, DMK_TO_DEVICE, HERE);
	ask(world, dev_of(device), AT + first);
}

static void sync_part(struct world *world, unsigned int device, struct buffer *buffer, bool cpu)
{
	const unsigned int first = any(buffer->size), size = 1 + any(buffer->size - first);

	EVENT(world, .kind = cpu ? DMK_EVENT_SYNC_FOR_CPU : DMK_EVENT_SYNC_FOR_DEVICE,
	      .dev = dev_of(device), .dma = DMK_DMA(BUS(AT + buffer->first + first)), .size = size,
	      .dir = DMK_TO_DEVICE, .caller = HERE);
	memset(buffer->device + first, !cpu, size);
}

static void step(struct world *world)
{
	const unsigned int device = any(DEVICES);
	struct buffer *buffer = &buffers[device][any(BUFFERS)];

	if (!buffer->size) {
		open_buffer(world, device, buffer);
	} else if (any(4)) {
		sync_part(world, device, buffer, any(2));
	} else {
		unmap_as(world, dev_of(device), DMK_MAP_SINGLE, BUS(AT + buffer->first),
			 buffer->size, DMK_TO_DEVICE, HERE);
		buffer->size = 0;
	}
}

static bool is_a_devices(unsigned int byte)
{
	for (unsigned int i = 0; i < DEVICES * BUFFERS; i++) {
		const struct buffer *buffer = &buffers[i / BUFFERS][i % BUFFERS];

		if (byte - buffer->first < buffer->size && buffer->device[byte - buffer->first])
			return true;
	}
	return false;
}

static void random_turns(uint64_t first_seed)
{
	const struct dmk_check_options options = {.turn = on_turn, .memory_ctx = told};
	struct world world;

	seed = first_seed;
	memset(buffers, 0, sizeof(buffers));
	memset(told, 0, sizeof(told));
	world_open(&world, &options, 1);
	EVENT(&world, .kind = DMK_EVENT_SET_MASK, .dev = DEV2, .mask = ~0ULL, .streaming = true);
	for (unsigned int i = 0; i < 300; i++) {
		step(&world);
		for (unsigned int byte = 0; byte < BYTES; byte++)
			if (told[byte] != is_a_devices(byte))
				fail_msg("seed %llu, step %u: byte %u is told to be %s",
					 (unsigned long long)first_seed, i, byte,
					 told[byte] ? "the device's" : "not the device's");
	}
	if (dmk_checker_findings(world.checker))
		show_findings(&world);
	assert_int_equal(dmk_checker_findings(world.checker), 0);
	world_close(&world);
}

static void test_STR_03_each_byte_is_told_to_be_whose_it_is(void **state)
{
	for (uint64_t i = 1; i <= 20; i++)
		random_turns(i);
}

static void test_STR_03_what_nobody_judges_is_not_told_to_be_a_devices(void **state)
{
	const struct dmk_check_options options = {.turn = on_turn, .memory_ctx = told};
	struct world world;

	memset(told, 0, sizeof(told));
	world_open(&world, &options, 1);
	map(&world, AT, 64, DMK_FROM_DEVICE, HERE);
	map(&world, AT + 64, 64, DMK_FROM_DEVICE, HERE);
	assert_true(told[0] && told[127] && !told[128]);
	EVENT(&world, .kind = DMK_EVENT_NEED_SYNC, .dev = DEV, .dma = DMK_DMA(BUS(AT)));
	assert_true(!told[0] && told[64]);
	EVENT(&world, .kind = DMK_EVENT_NEED_SYNC, .dev = DEV, .dma = DMK_MAPPING_ERROR);
	assert_false(told[64]);
	alloc(&world, AT + 256, 64, HERE);
	assert_false(told[256]);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_STR_03_each_byte_is_told_to_be_whose_it_is),
		cmocka_unit_test(test_STR_03_what_nobody_judges_is_not_told_to_be_a_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
