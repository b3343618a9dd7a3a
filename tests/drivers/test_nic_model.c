// SPDX-License-Identifier: MIT
/*
 * models/nic.c against docs/nic.md, on a machine made of a byte array: each access is looked at, no
 * thread, no time.
 */
#include "card_alone.h"

extern const struct dmk_model dmk_model_nic;

/* --- the card's side of the document ---------------------------------------------------------- */

enum {
	CONTROL = 0x004,
	STATUS = 0x008,
	IRQ_STATUS = 0x00c,
	IRQ_ENABLE = 0x010,
	ERROR = 0x014,
	MAC_LOW = 0x018,
	MAC_HIGH = 0x01c,
	RX_MODE = 0x020,
	SENT = 0x028,
	TX = 0x030,
	RX = 0x050,
	DONE = 0x064,
	BASE = 0,
	SIZE = 8,
	HEAD = 12,
	TAIL = 16,
	GROUP = 0x080,
	RX_FRAMES = 0x0c0,
	RX_DROPPED = 0x0c8,
	RX_FILTERED = 0x0cc,
	RX_ERRORS = 0x0d0,
	TX_FRAMES = 0x0d4,
	TX_ERRORS = 0x0dc,

	LAST = 1,
	LOOPBACK = 4,
	TX_RING = 0x100,
	RX_RING = 0x200,
	DONE_RING = 0x300,
	SENT_WORD = 0x400,
	BUFFERS = 0x1000,
	RING = 8,
	BUFFER = 0x2800,
};

struct descriptor {
	uint64_t address;
	uint16_t length, flags;
	uint32_t zero;
};

struct done {
	uint16_t index, length, flags, zero[3];
	uint32_t phase;
};

static void put(struct dmk_instance *card, unsigned int offset, uint32_t value)
{
	dmk_model_nic.write(card, card->state, 0, offset, 4, value);
}

static uint32_t get(struct dmk_instance *card, unsigned int offset)
{
	return (uint32_t)dmk_model_nic.read(card, card->state, 0, offset, 4);
}

static uint64_t buffer_dma(unsigned int n)
{
	return MEMORY_BASE + BUFFERS + n * BUFFER;
}

static uint8_t *buffer(struct dmk_instance *card, unsigned int n)
{
	return card->memory + BUFFERS + n * BUFFER;
}

static struct done *done(struct dmk_instance *card, unsigned int n)
{
	return (struct done *)(card->memory + DONE_RING) + n;
}

static uint32_t sent(struct dmk_instance *card)
{
	uint32_t word;

	memcpy(&word, card->memory + SENT_WORD, sizeof(word));
	return word;
}

static void give(struct dmk_instance *card, unsigned int ring, unsigned int index, uint64_t address,
		 uint16_t length, uint16_t flags)
{
	((struct descriptor *)(card->memory + ring))[index] =
		(struct descriptor){.address = address, .length = length, .flags = flags};
}

static void start_rings(struct dmk_instance *card, uint32_t control)
{
	put(card, SENT, MEMORY_BASE + SENT_WORD);
	put(card, TX + BASE, MEMORY_BASE + TX_RING);
	put(card, TX + SIZE, RING);
	put(card, RX + BASE, MEMORY_BASE + RX_RING);
	put(card, RX + SIZE, RING);
	put(card, DONE, MEMORY_BASE + DONE_RING);
	put(card, CONTROL, control);
	put(card, IRQ_ENABLE, 0x1f);
	card->nr_log = 0;
}

/* A frame to all, of @size bytes, in buffer 0; sent from descriptor @index. */
static void send(struct dmk_instance *card, unsigned int index, uint16_t size)
{
	memset(buffer(card, 0), 0xff, 6);
	for (unsigned int i = 6; i < size; i++)
		buffer(card, 0)[i] = (uint8_t)(i * 3);
	give(card, TX_RING, index, buffer_dma(0), size, LAST);
	put(card, TX + TAIL, (index + 1) % RING);
	settle(card);
}

static int set_up(void **state)
{
	struct dmk_instance *card = card_new(&dmk_model_nic);

	card->chance = 7;
	*state = card;
	return dmk_model_nic.start(card, card->state);
}

static int tear_down(void **state)
{
	struct dmk_instance *card = *state;

	dmk_model_nic.stop(card, card->state);
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
		{0x000, 0x4e430001},   {CONTROL, 0},        {STATUS, 4},
		{IRQ_STATUS, 0},       {IRQ_ENABLE, 0},     {ERROR, 0},
		{MAC_LOW, 0x07000002}, {MAC_HIGH, 0x0707},  {RX_MODE, 0},
		{0x024, 64},           {SENT, 0},           {TX + SIZE, 0},
		{RX + TAIL, 0},        {DONE, 0},           {GROUP, 0},
		{TX_ERRORS, 0},        {0x06c, 0xffffffff}, {0xffc, 0xffffffff},
	};
	struct dmk_instance *card = *state;

	put(card, MAC_LOW, 1);
	put(card, RX_MODE, 3);
	put(card, GROUP + 4, 0x80000001);
	put(card, CONTROL, 0x80000000);
	for (unsigned int i = 0; i < sizeof(table) / sizeof(*table); i++)
		assert_int_equal(get(card, table[i].offset), table[i].value);
}

static void test_a_frame_in_loopback_is_written_before_it_is_told(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 7);
	give(card, RX_RING, 0, buffer_dma(1), 4096, 0);
	put(card, RX + TAIL, 1);
	send(card, 0, 100);

	assert_memory_equal(buffer(card, 1), buffer(card, 0), 100);
	assert_int_equal(sent(card), 1);
	assert_int_equal(done(card, 0)->length, 100);
	assert_int_equal(done(card, 0)->flags, 3);
	assert_int_equal(done(card, 0)->phase, 1);
	assert_int_equal(get(card, IRQ_STATUS), 3);
	assert_int_equal(get(card, RX_FRAMES), 1);
	assert_int_equal(get(card, TX_FRAMES), 1);

	/*
	 * Descriptor, data, the receive descriptor, the word that it is sent; then the data in
	 * memory, then its completion.
	 */
	assert_int_equal(card->nr_log, 6);
	assert_true(!card->log[0].write && card->log[0].dma == MEMORY_BASE + TX_RING &&
		    card->log[0].size == 16);
	assert_true(!card->log[1].write && card->log[1].dma == buffer_dma(0) &&
		    card->log[1].size == 100);
	assert_true(!card->log[2].write && card->log[2].dma == MEMORY_BASE + RX_RING &&
		    card->log[2].size == 16);
	assert_true(card->log[3].write && card->log[3].dma == MEMORY_BASE + SENT_WORD &&
		    card->log[3].size == 4);
	assert_true(card->log[4].write && card->log[4].dma == buffer_dma(1) &&
		    card->log[4].size == 100);
	assert_true(card->log[5].write && card->log[5].dma == MEMORY_BASE + DONE_RING &&
		    card->log[5].size == 16);
	/*
	 * When the driver is told, no work on the buffer is open: the first buffer's ended before
	 * the word, the second's before.
	 */
	assert_int_equal(card->log[1].open_work, 1);
	assert_int_equal(card->log[3].open_work, 1);
	assert_int_equal(card->log[4].open_work, 1);
	assert_int_equal(card->log[5].open_work, 0);
	assert_int_equal(card->level, 1);
	put(card, IRQ_STATUS, 0x1f);
	assert_int_equal(card->level, 0);
}

static void test_a_frame_is_gathered_from_parts_and_scattered_over_buffers(void **state)
{
	struct dmk_instance *card = *state;
	unsigned int i;

	start_rings(card, 7);
	for (i = 0; i < 4; i++)
		give(card, RX_RING, i, buffer_dma(2 + i), 50, 0);
	put(card, RX + TAIL, 4);
	memset(buffer(card, 0), 0xff, 20);
	memset(buffer(card, 1), 0xb2, 110);
	give(card, TX_RING, 0, buffer_dma(0), 20, 0);
	give(card, TX_RING, 1, buffer_dma(1), 110, LAST);
	put(card, TX + TAIL, 2);
	settle(card);

	assert_int_equal(sent(card), 2);
	for (i = 0; i < 3; i++) {
		assert_int_equal(done(card, i)->index, i);
		assert_int_equal(done(card, i)->length, i < 2 ? 50 : 30);
		assert_int_equal(done(card, i)->flags, i == 0 ? 1 : i == 2 ? 2 : 0);
	}
	assert_int_equal(done(card, 3)->phase, 0);
	assert_memory_equal(buffer(card, 2), buffer(card, 0), 20);
	assert_memory_equal(buffer(card, 2) + 20, buffer(card, 1), 30);
	assert_memory_equal(buffer(card, 4), buffer(card, 1), 30);
	assert_int_equal(buffer(card, 4)[30], 0);
}

static void test_a_frame_waits_for_as_many_buffers_as_it_needs(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 7);
	give(card, RX_RING, 0, buffer_dma(1), 60, 0);
	put(card, RX + TAIL, 1);
	send(card, 0, 100);
	assert_int_equal(get(card, RX_FRAMES), 0);
	assert_true(get(card, IRQ_STATUS) & 0x10);
	assert_int_equal(buffer(card, 1)[0], 0);
	give(card, RX_RING, 1, buffer_dma(2), 60, 0);
	put(card, RX + TAIL, 2);
	settle(card);
	assert_int_equal(get(card, RX_FRAMES), 1);
	assert_memory_equal(buffer(card, 2), buffer(card, 0) + 60, 40);
}

static void test_the_phase_turns_with_each_pass(void **state)
{
	struct dmk_instance *card = *state;
	unsigned int i;

	start_rings(card, 7);
	for (i = 0; i < 3 * RING; i++) {
		give(card, RX_RING, i % RING, buffer_dma(1), 200, 0);
		put(card, RX + TAIL, (i + 1) % RING);
		send(card, i % RING, 60);
		assert_int_equal(done(card, i % RING)->phase, !(i / RING % 2));
	}
	assert_int_equal(get(card, RX_FRAMES), 3 * RING);
}

static void test_the_17th_frame_that_waits_is_dropped(void **state)
{
	struct dmk_instance *card = *state;
	unsigned int i;

	start_rings(card, 7);
	for (i = 0; i < 20; i++)
		send(card, i % RING, 60);
	assert_int_equal(get(card, RX_DROPPED), 4);
}

static void test_only_frames_that_the_filters_want_arrive(void **state)
{
	static const struct {
		const char *what;
		uint8_t to[6];
		uint32_t mode;
		bool arrives;
	} table[] = {
		{"the card's own", {2, 0, 0, 7, 7, 7}, 0, true},
		{"another's", {2, 0, 0, 7, 7, 8}, 0, false},
		{"another's, promiscuous", {2, 0, 0, 7, 7, 8}, 1, true},
		{"all groups is not everybody", {2, 0, 0, 7, 7, 8}, 2, false},
		{"a group that was joined", {1, 0, 0x5e, 0, 0, 1}, 0, true},
		{"a group whose filter is not valid", {1, 0, 0x5e, 0, 0, 2}, 0, false},
		{"another group", {1, 0, 0x5e, 0, 0, 3}, 0, false},
		{"another group, all groups", {1, 0, 0x5e, 0, 0, 3}, 2, true},
	};
	struct dmk_instance *card = *state;

	start_rings(card, 7);
	put(card, GROUP + 8, 0x005e0001);
	put(card, GROUP + 12, 0x80000100);
	put(card, GROUP + 16, 0x005e0001);
	put(card, GROUP + 20, 0x00000200);
	for (unsigned int i = 0; i < sizeof(table) / sizeof(*table); i++) {
		uint32_t before = get(card, RX_FILTERED);

		put(card, RX_MODE, table[i].mode);
		memcpy(buffer(card, 0), table[i].to, 6);
		give(card, TX_RING, i, buffer_dma(0), 60, LAST);
		put(card, TX + TAIL, (i + 1) % RING);
		settle(card);
		if ((get(card, RX_FILTERED) == before) != table[i].arrives)
			fail_msg("%s", table[i].what);
	}
}

static void test_what_is_no_frame_is_not_sent_and_counts_as_sent(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 2);
	give(card, TX_RING, 0, buffer_dma(0), 13, LAST);
	put(card, TX + TAIL, 1);
	settle(card);
	assert_int_equal(get(card, ERROR), 16);
	assert_int_equal(sent(card), 1);
	give(card, TX_RING, 1, buffer_dma(0), 9000, 0);
	give(card, TX_RING, 2, buffer_dma(0), 19, LAST);
	put(card, TX + TAIL, 3);
	settle(card);
	give(card, TX_RING, 3, buffer_dma(0), 100, 0);
	put(card, TX + TAIL, 4);
	settle(card);
	give(card, TX_RING, 4, buffer_dma(0), 100, 0);
	give(card, TX_RING, 5, buffer_dma(0), 0, LAST);
	put(card, TX + TAIL, 6);
	settle(card);
	assert_int_equal(sent(card), 6);
	assert_int_equal(get(card, TX_ERRORS), 4);
	assert_int_equal(get(card, TX_FRAMES), 0);
	assert_int_equal(get(card, CONTROL), 2);
}

static void test_a_buffer_that_cannot_be_reached_is_a_dma_error(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 7);
	give(card, TX_RING, 0, 0xdead00000000ull, 100, LAST);
	put(card, TX + TAIL, 1);
	settle(card);
	assert_int_equal(get(card, ERROR), 2);
	assert_int_equal(sent(card), 1);
	give(card, RX_RING, 0, ~0ull - 3, 2048, 0);
	put(card, RX + TAIL, 1);
	send(card, 1, 60);
	assert_int_equal(get(card, ERROR), 3);
	assert_int_equal(done(card, 0)->flags, 7);
	assert_int_equal(get(card, RX_ERRORS), 1);
	assert_int_equal(get(card, CONTROL), 7);
	put(card, ERROR, 3);
	assert_int_equal(get(card, ERROR), 0);
}

static void test_a_ring_that_is_wrong_is_turned_off(void **state)
{
	struct dmk_instance *card = *state;

	put(card, CONTROL, 3);
	assert_int_equal(get(card, CONTROL), 0);
	assert_int_equal(get(card, ERROR), 12);
	put(card, ERROR, 12);
	start_rings(card, 7);
	put(card, TX + TAIL, RING);
	assert_int_equal(get(card, CONTROL), 5);
	put(card, SENT, 0x10);
	put(card, CONTROL, 7);
	send(card, 0, 60);
	assert_int_equal(get(card, CONTROL), 5);
	give(card, RX_RING, 0, buffer_dma(1), 0, 0);
	put(card, RX + TAIL, 1);
	settle(card);
	assert_int_equal(get(card, CONTROL), 4);
	assert_int_equal(get(card, ERROR), 12);
}

static void test_after_a_reset_the_card_touches_no_memory(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 7);
	give(card, RX_RING, 0, buffer_dma(1), 2048, 0);
	put(card, RX + TAIL, 1);
	give(card, TX_RING, 0, buffer_dma(0), 100, LAST);
	put(card, TX + TAIL, 1);
	run(card, 1);
	assert_true(card->open_work > 0);
	put(card, CONTROL, 0x80000000);
	card->nr_log = 0;
	settle(card);
	assert_int_equal(card->nr_log, 0);
	assert_int_equal(get(card, STATUS), 4);
}

static void test_what_is_stopped_only_is_dropped_while_it_runs(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 3);
	put(card, TX + SIZE, 16);
	put(card, RX + BASE, 0x1000);
	put(card, SENT, 0x1000);
	put(card, DONE, 0x1000);
	assert_int_equal(get(card, TX + SIZE), RING);
	assert_int_equal(get(card, RX + BASE), MEMORY_BASE + RX_RING);
	assert_int_equal(get(card, SENT), MEMORY_BASE + SENT_WORD);
	assert_int_equal(get(card, DONE), MEMORY_BASE + DONE_RING);
	put(card, CONTROL, 0);
	put(card, TX + SIZE, 17);
	assert_int_equal(get(card, TX + SIZE), RING);
	put(card, TX + SIZE, 16);
	assert_int_equal(get(card, TX + SIZE), 16);
}

static void test_without_a_link_transmit_waits(void **state)
{
	struct dmk_instance *card = *state;

	card->property.name = "link_after";
	card->property.value = 100;
	assert_int_equal(dmk_model_nic.start(card, card->state), 0);
	assert_int_equal(get(card, STATUS), 0);
	start_rings(card, 2);
	memset(buffer(card, 0), 0xff, 60);
	give(card, TX_RING, 0, buffer_dma(0), 60, LAST);
	put(card, TX + TAIL, 1);
	assert_int_equal(get(card, TX_FRAMES), 0);
	settle(card);
	assert_true(get(card, IRQ_STATUS) & 4);
	assert_int_equal(get(card, TX_FRAMES), 1);
}

static void test_enabling_an_interrupt_that_is_due_raises_it(void **state)
{
	struct dmk_instance *card = *state;

	start_rings(card, 2);
	put(card, IRQ_ENABLE, 0);
	send(card, 0, 60);
	assert_int_equal(card->messages, 0);
	put(card, IRQ_ENABLE, 2);
	assert_int_equal(card->messages, 1);
	put(card, IRQ_ENABLE, 2);
	assert_int_equal(card->messages, 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_registers_have_their_reset_values),
		CASE(test_a_frame_in_loopback_is_written_before_it_is_told),
		CASE(test_a_frame_is_gathered_from_parts_and_scattered_over_buffers),
		CASE(test_a_frame_waits_for_as_many_buffers_as_it_needs),
		CASE(test_the_phase_turns_with_each_pass),
		CASE(test_the_17th_frame_that_waits_is_dropped),
		CASE(test_only_frames_that_the_filters_want_arrive),
		CASE(test_what_is_no_frame_is_not_sent_and_counts_as_sent),
		CASE(test_a_buffer_that_cannot_be_reached_is_a_dma_error),
		CASE(test_a_ring_that_is_wrong_is_turned_off),
		CASE(test_after_a_reset_the_card_touches_no_memory),
		CASE(test_what_is_stopped_only_is_dropped_while_it_runs),
		CASE(test_without_a_link_transmit_waits),
		CASE(test_enabling_an_interrupt_that_is_due_raises_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
