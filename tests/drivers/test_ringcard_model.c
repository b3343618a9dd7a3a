// SPDX-License-Identifier: MIT
/*
 * models/ringcard.c against docs/ringcard.md, on a machine made of a byte array: each access is
 * looked at, no thread, no time.
 */
#include "card_alone.h"

extern const struct dmk_model dmk_model_ringcard;

/* --- the card's side of the document ---------------------------------------------------------- */

enum {
	CONTROL = 0x004,
	STATUS = 0x008,
	IRQ_STATUS = 0x00c,
	IRQ_ENABLE = 0x010,
	ERROR = 0x014,
	RX = 0x020,
	TX = 0x040,
	BASE_LOW = 0,
	BASE_HIGH = 4,
	SIZE = 8,
	HEAD = 12,
	TAIL = 16,
	GEN_TYPE = 0x060,
	GEN_LENGTH = 0x064,
	GEN_COUNT = 0x06c,
	RX_FRAMES = 0x080,
	RX_DROPPED = 0x088,
	TX_FRAMES = 0x090,
	TX_ERRORS = 0x098,

	LAST = 1,
	IRQ = 2,
	OWN = 0x8000,
	RX_RING = 0x100,
	TX_RING = 0x200,
	BUFFERS = 0x1000,
	RING = 4,
};

static void put(struct dmk_instance *card, unsigned int offset, uint32_t value)
{
	dmk_model_ringcard.write(card, card->state, 0, offset, 4, value);
}

static uint32_t get(struct dmk_instance *card, unsigned int offset)
{
	return dmk_model_ringcard.read(card, card->state, 0, offset, 4);
}

struct descriptor {
	uint64_t address;
	uint16_t length, flags, done, status;
};

static struct descriptor *descriptor(struct dmk_instance *card, unsigned int ring,
				     unsigned int index)
{
	return (struct descriptor *)(card->memory + ring) + index;
}

static void give(struct dmk_instance *card, unsigned int ring, unsigned int index, uint64_t address,
		 uint16_t length, uint16_t flags)
{
	*descriptor(card, ring, index) =
		(struct descriptor){.address = address, .length = length, .flags = flags | OWN};
}

static uint64_t buffer_dma(unsigned int n)
{
	return MEMORY_BASE + BUFFERS + n * 2048;
}

static uint8_t *buffer(struct dmk_instance *card, unsigned int n)
{
	return card->memory + BUFFERS + n * 2048;
}

static void start_rings(struct dmk_instance *card, uint32_t control)
{
	put(card, RX + BASE_LOW, MEMORY_BASE + RX_RING);
	put(card, RX + SIZE, RING);
	put(card, TX + BASE_LOW, MEMORY_BASE + TX_RING);
	put(card, TX + SIZE, RING);
	put(card, CONTROL, control);
	put(card, IRQ_ENABLE, 0xf);
}

static int set_up(void **state)
{
	struct dmk_instance *card = card_new(&dmk_model_ringcard);

	*state = card;
	return dmk_model_ringcard.start(card, card->state);
}

static int tear_down(void **state)
{
	struct dmk_instance *card = *state;

	dmk_model_ringcard.stop(card, card->state);
	card_free(card);
	return 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_registers_have_their_reset_values(void **state)
{
	static const struct {
		unsigned int offset;
		uint32_t value;
	} table[] = {
		{0x000, 0x52430001}, {CONTROL, 0},        {STATUS, 0},    {IRQ_STATUS, 0},
		{IRQ_ENABLE, 0},     {ERROR, 0},          {RX + SIZE, 0}, {TX + TAIL, 0},
		{GEN_LENGTH, 64},    {0x068, 10},         {GEN_COUNT, 0}, {TX_ERRORS, 0},
		{0x018, 0xffffffff}, {0xffc, 0xffffffff},
	};
	struct dmk_instance *card = *state;

	for (unsigned int i = 0; i < sizeof(table) / sizeof(*table); i++)
		assert_int_equal(get(card, table[i].offset), table[i].value);
	put(card, GEN_TYPE, 7);
	put(card, CONTROL, 0x80000000);
	assert_int_equal(get(card, GEN_TYPE), 0);
}

static void test_a_generated_frame_is_written_before_its_descriptor_is_given_back(void **state)
{
	struct dmk_instance *card = *state;
	struct descriptor *d = descriptor(card, RX_RING, 0);

	start_rings(card, 1);
	give(card, RX_RING, 0, buffer_dma(0), 2048, 0);
	put(card, RX + TAIL, 1);
	put(card, GEN_TYPE, 9);
	put(card, GEN_LENGTH, 100);
	put(card, GEN_COUNT, 1);
	settle(card);

	assert_int_equal(d->flags, 0);
	assert_int_equal(d->done, 100);
	assert_int_equal(d->status, 1);
	assert_int_equal(buffer(card, 0)[0], 9);
	assert_int_equal(buffer(card, 0)[2], 100);
	assert_int_equal(buffer(card, 0)[50], 50);
	assert_int_equal(get(card, RX_FRAMES), 1);
	assert_int_equal(get(card, RX + HEAD), 1);

	/* Descriptor read whole, data written, then bytes 8 to 15 in one write. */
	assert_int_equal(card->nr_log, 3);
	assert_true(card->log[0].dma == MEMORY_BASE + RX_RING && card->log[0].size == 16 &&
		    !card->log[0].write);
	assert_true(card->log[1].dma == buffer_dma(0) && card->log[1].size == 100 &&
		    card->log[1].write);
	assert_true(card->log[2].dma == MEMORY_BASE + RX_RING + 8 && card->log[2].size == 8 &&
		    card->log[2].write);
	/* With the descriptor the buffer is the driver's, so by then the work on it has ended. */
	assert_int_equal(card->log[1].open_work, 2);
	assert_int_equal(card->log[2].open_work, 1);
	assert_true(get(card, IRQ_STATUS) & 1);
	assert_int_equal(card->level, 1);
	assert_true(card->messages > 0);
	put(card, IRQ_STATUS, 0xf);
	assert_int_equal(card->level, 0);
}

static void test_a_frame_of_several_parts_comes_back_in_loopback(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 7);
	give(card, RX_RING, 0, buffer_dma(0), 2048, 0);
	put(card, RX + TAIL, 1);
	memset(buffer(card, 1), 0xa1, 16);
	memset(buffer(card, 2), 0xb2, 1024);
	memset(buffer(card, 3), 0xc3, 7);
	give(card, TX_RING, 0, buffer_dma(1), 16, 0);
	give(card, TX_RING, 1, buffer_dma(2), 1024, 0);
	give(card, TX_RING, 2, buffer_dma(3), 7, LAST | IRQ);
	put(card, TX + TAIL, 3);
	settle(card);

	assert_int_equal(descriptor(card, RX_RING, 0)->done, 1047);
	assert_memory_equal(buffer(card, 0), buffer(card, 1), 16);
	assert_memory_equal(buffer(card, 0) + 16, buffer(card, 2), 1024);
	assert_memory_equal(buffer(card, 0) + 1040, buffer(card, 3), 7);
	for (int i = 0; i < 3; i++)
		assert_int_equal(descriptor(card, TX_RING, i)->flags & OWN, 0);
	assert_true(get(card, IRQ_STATUS) & 2);
	assert_int_equal(get(card, TX_FRAMES), 1);
}

static void test_frames_wait_for_a_descriptor_and_the_33rd_is_dropped(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 1);
	put(card, GEN_COUNT, 40);
	settle(card);
	assert_int_equal(get(card, RX_DROPPED), 8);
	assert_true(get(card, IRQ_STATUS) & 4);

	give(card, RX_RING, 0, buffer_dma(0), 2048, 0);
	give(card, RX_RING, 1, buffer_dma(1), 2048, 0);
	put(card, RX + TAIL, 2);
	settle(card);
	assert_int_equal(get(card, RX_FRAMES), 2);
	assert_int_equal(buffer(card, 1)[4], 1);
}

static void test_a_frame_longer_than_the_buffer_is_truncated(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 1);
	memset(buffer(card, 0), 0xee, 64);
	give(card, RX_RING, 0, buffer_dma(0), 20, 0);
	put(card, RX + TAIL, 1);
	put(card, GEN_COUNT, 1);
	settle(card);
	assert_int_equal(descriptor(card, RX_RING, 0)->done, 20);
	assert_int_equal(descriptor(card, RX_RING, 0)->status, 5);
	assert_int_equal(buffer(card, 0)[20], 0xee);
}

static void test_a_buffer_that_cannot_be_reached_is_a_dma_error(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 3);
	give(card, RX_RING, 0, 0xdead00000000ull, 2048, 0);
	put(card, RX + TAIL, 1);
	put(card, GEN_COUNT, 1);
	give(card, TX_RING, 0, ~0ull - 3, 100, LAST);
	put(card, TX + TAIL, 1);
	settle(card);
	assert_int_equal(get(card, ERROR), 3);
	assert_int_equal(descriptor(card, RX_RING, 0)->status, 3);
	assert_int_equal(descriptor(card, TX_RING, 0)->status, 3);
	assert_int_equal(get(card, CONTROL), 3);
	put(card, ERROR, 3);
	assert_int_equal(get(card, ERROR), 0);
}

static void test_a_descriptor_that_is_not_owned_is_a_ring_error(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 3);
	put(card, RX + TAIL, 1);
	put(card, GEN_COUNT, 1);
	put(card, TX + TAIL, 1);
	settle(card);
	assert_int_equal(get(card, ERROR), 4 | 8);
	assert_int_equal(get(card, CONTROL), 0);
	assert_int_equal(get(card, STATUS), 0);
}

static void test_a_frame_without_end_is_given_back_as_such(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 2);
	give(card, TX_RING, 0, buffer_dma(0), 100, 0);
	put(card, TX + TAIL, 1);
	settle(card);
	assert_int_equal(get(card, ERROR), 16);
	assert_int_equal(descriptor(card, TX_RING, 0)->status, 9);

	give(card, TX_RING, 1, buffer_dma(0), 1025, LAST);
	put(card, TX + TAIL, 2);
	settle(card);
	assert_int_equal(descriptor(card, TX_RING, 1)->status, 9);
	assert_int_equal(get(card, TX_ERRORS), 2);
}

static void test_after_a_reset_the_card_touches_no_memory(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 7);
	give(card, RX_RING, 0, buffer_dma(0), 2048, 0);
	put(card, RX + TAIL, 1);
	give(card, TX_RING, 0, buffer_dma(1), 100, LAST);
	put(card, TX + TAIL, 1);
	put(card, GEN_COUNT, 5);
	run(card, 2);
	assert_true(card->open_work > 0);
	put(card, CONTROL, 0x80000000);
	card->nr_log = 0;
	settle(card);
	assert_int_equal(card->nr_log, 0);
	assert_int_equal(get(card, STATUS), 0);
}

static void test_a_ring_that_is_disabled_ends_the_frame_it_began_and_takes_no_other(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 1);
	give(card, RX_RING, 0, buffer_dma(0), 2048, 0);
	give(card, RX_RING, 1, buffer_dma(1), 2048, 0);
	put(card, RX + TAIL, 2);
	put(card, GEN_COUNT, 2);
	run(card, 1);
	put(card, CONTROL, 0);
	assert_int_equal(get(card, STATUS), 1);
	put(card, RX + SIZE, 8);
	assert_int_equal(get(card, RX + SIZE), RING);
	settle(card);
	assert_int_equal(get(card, STATUS), 0);
	assert_int_equal(get(card, RX_FRAMES), 1);
	assert_int_equal(descriptor(card, RX_RING, 1)->flags & OWN, OWN);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		ROW(test_registers_have_their_reset_values),
		ROW(test_a_generated_frame_is_written_before_its_descriptor_is_given_back),
		ROW(test_a_frame_of_several_parts_comes_back_in_loopback),
		ROW(test_frames_wait_for_a_descriptor_and_the_33rd_is_dropped),
		ROW(test_a_frame_longer_than_the_buffer_is_truncated),
		ROW(test_a_buffer_that_cannot_be_reached_is_a_dma_error),
		ROW(test_a_descriptor_that_is_not_owned_is_a_ring_error),
		ROW(test_a_frame_without_end_is_given_back_as_such),
		ROW(test_after_a_reset_the_card_touches_no_memory),
		ROW(test_a_ring_that_is_disabled_ends_the_frame_it_began_and_takes_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
