// SPDX-License-Identifier: MIT
/*
 * What a program does with eth0: frames that are sent in loopback come back as they were, whatever
 * shape they had in memory; frames for somebody else don't; what is lost is counted. Where memory
 * or bounce slots may be short a frame may be dropped; then the driver has counted it, and every
 * other frame is right.
 */
#include <string.h>

#include <errno.h>

#include <dmakit/net.h>
#include <dmakit/test.h>

enum {
	PATIENCE = 20000 /* ms */,
	ETHERTYPE = 0x88b5 /* for experiments (IEEE 802) */,
	JUMBO = 9004,
	LARGEST = JUMBO + 14
};

static const uint8_t everyone[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static uint8_t out[LARGEST], in[LARGEST];

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

/* Frame @number, of @size bytes: the same each time. The number is in it where there is room. */
static void make(uint8_t *frame, size_t size, const uint8_t *to, uint32_t number)
{
	uint64_t state = dmk_test_seed() * 2654435761u + number;

	memset(frame, 0, DMK_NET_HEADER);
	memcpy(frame, to, 6);
	frame[6] = 2;
	frame[12] = ETHERTYPE >> 8;
	frame[13] = ETHERTYPE & 0xff;
	for (size_t i = DMK_NET_HEADER; i < size; i++)
		frame[i] = (uint8_t)next_random(&state);
	for (size_t i = 0; i < 4 && DMK_NET_HEADER + i < size; i++)
		frame[DMK_NET_HEADER + i] = (uint8_t)(number >> 8 * i);
}

static uint32_t number_of(const uint8_t *frame)
{
	return frame[14] | frame[15] << 8 | frame[16] << 16 | (uint32_t)frame[17] << 24;
}

static struct dmk_net_counters counters(void)
{
	struct dmk_net_counters counters;

	memset(&counters, 0, sizeof(counters));
	dmk_net_counters("eth0", &counters);
	return counters;
}

static uint64_t card_counter(const char *name)
{
	char text[32];
	uint64_t value;

	for (unsigned int i = 0; !dmk_net_statistic("eth0", i, text, &value); i++)
		if (!strcmp(text, name))
			return value;
	return 0;
}

/* Frames that the card or the driver had no room for, and has counted. */
static uint64_t lost(void)
{
	struct dmk_net_counters now = counters();

	return now.tx_dropped + now.rx_dropped + card_counter("card_rx_dropped");
}

static bool bring_up(void)
{
	if (dmk_net_set_features("eth0", DMK_NET_LOOPBACK, DMK_NET_LOOPBACK))
		return false;
	if (dmk_net_up("eth0") || dmk_net_link("eth0", PATIENCE))
		return false;
	while (dmk_net_receive("eth0", in, sizeof(in), 20) > 0)
		;
	return true;
}

static void take_down(void)
{
	DMK_EXPECT(dmk_net_flush("eth0", PATIENCE) == 0);
	DMK_EXPECT(dmk_net_down("eth0") == 0);
}

/* Sent and received again, or counted as lost. Returns whether it came. */
static bool round_trip(size_t size, const struct dmk_net_shape *shape, uint32_t number)
{
	uint64_t before = lost();
	long result;

	make(out, size, everyone, number);
	memset(in, 0xee, size);
	result = dmk_net_send_shaped("eth0", out, size, shape);
	DMK_EXPECT(result == 0 || result == -ENOMEM);
	if (result)
		return false;
	do {
		result = dmk_net_receive("eth0", in, sizeof(in), 100);
	} while (result == -EAGAIN && lost() == before && dmk_net_flush("eth0", PATIENCE));
	if (result == -EAGAIN)
		result = dmk_net_receive("eth0", in, sizeof(in), lost() == before ? PATIENCE : 0);
	if (result < 0) {
		DMK_EXPECT(lost() > before);
		return false;
	}
	DMK_EXPECT(result == (long)size);
	DMK_EXPECT(memcmp(in, out, size) == 0);
	return result == (long)size;
}

DMK_TEST(an_interface_says_what_it_is)
{
	struct dmk_net_info info;

	DMK_REQUIRE(dmk_net_info("eth0", &info) == 0);
	DMK_EXPECT(!strcmp(info.driver, "nic") && strlen(info.bus) > 0);
	DMK_EXPECT(info.address[0] == 2 && !info.up);
	DMK_EXPECT(info.mtu == 1500 && info.max_mtu == JUMBO);
	DMK_EXPECT(info.features & DMK_NET_SCATTER);
	DMK_EXPECT(dmk_net_send("eth0", out, 60) == -ENETDOWN);
}

DMK_TEST(a_frame_sent_in_loopback_comes_back_as_it_was)
{
	/* About what is copied, what is one buffer, and what fills the last one. */
	static const size_t sizes[] = {14, 15, 60, 63, 64, 65, 255, 256, 257, 1023, 1500, 1514};
	unsigned int came = 0, i;

	DMK_REQUIRE(bring_up());
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		came += round_trip(sizes[i], &(struct dmk_net_shape){0}, i);
	DMK_EXPECT(came > 0);
	take_down();
}

DMK_TEST(a_frame_in_many_pieces_comes_back_as_it_was)
{
	unsigned int came = 0, pieces;

	DMK_REQUIRE(bring_up());
	for (pieces = 1; pieces <= 17; pieces++) {
		const struct dmk_net_shape shape = {.linear = 14 + pieces,
						    .piece = 80,
						    .offset = 7 * pieces,
						    .high = pieces & 1};

		came += round_trip(shape.linear + 80 * pieces, &shape, 100 + pieces);
	}
	DMK_EXPECT(came > 0);
	take_down();
}

DMK_TEST(a_frame_longer_than_a_buffer_comes_back_as_it_was)
{
	static const size_t sizes[] = {4095, 4096, 4097, 8191, 8192, 8193, 8192 + 200, LARGEST};
	unsigned int came = 0, i;

	DMK_EXPECT(dmk_net_set_mtu("eth0", JUMBO + 1) == -EINVAL);
	DMK_REQUIRE(dmk_net_set_mtu("eth0", JUMBO) == 0);
	DMK_REQUIRE(bring_up());
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		came += round_trip(sizes[i], &(struct dmk_net_shape){.seed = dmk_test_seed() + i},
				   200 + i);
	DMK_EXPECT(came > 0);
	take_down();
	DMK_EXPECT(dmk_net_set_mtu("eth0", 1500) == 0);
}

/*
 * Several at a time, so that the rings go around full, empty, and in between. Each that comes is
 * compared with what was sent.
 */
DMK_TEST(thousands_of_frames_of_all_sizes_and_shapes_come_back_or_are_counted)
{
	enum { FRAMES = 3000, WINDOW = 12 };
	static uint16_t size[FRAMES];
	uint64_t state = dmk_test_seed(), before;
	uint32_t sent = 0, came = 0, refused = 0, expected = 0;
	long result = 0;

	DMK_REQUIRE(dmk_net_set_mtu("eth0", JUMBO) == 0);
	DMK_REQUIRE(bring_up());
	before = lost();
	while (sent < FRAMES || result > 0) {
		if (sent < FRAMES) {
			const struct dmk_net_shape shape = {.seed = next_random(&state) | 1,
							    .high = next_random(&state) & 1};
			uint64_t limit = next_random(&state) % 8 ? 1600 : LARGEST - 18;

			size[sent] = (uint16_t)(18 + next_random(&state) % limit);
			make(out, size[sent], everyone, sent);
			result = dmk_net_send_shaped("eth0", out, size[sent], &shape);
			DMK_EXPECT(result == 0 || result == -ENOMEM);
			refused += result != 0;
			sent++;
		}
		if (sent == FRAMES)
			dmk_net_flush("eth0", PATIENCE);
		result = dmk_net_receive(
			"eth0", in, sizeof(in),
			sent == FRAMES || sent - refused - came - (lost() - before) > WINDOW ? 50
											     : 0);
		if (result < 0)
			continue;
		/* In the order in which they were sent, and none twice. */
		DMK_REQUIRE(result >= 18 && number_of(in) < sent && number_of(in) >= expected);
		expected = number_of(in) + 1;
		make(out, size[expected - 1], everyone, expected - 1);
		DMK_EXPECT(result == size[expected - 1] && !memcmp(in, out, (size_t)result));
		came++;
	}
	DMK_EXPECT(came > 0);
	DMK_EXPECT(came + refused + (lost() - before) == FRAMES);
	take_down();
	DMK_EXPECT(dmk_net_set_mtu("eth0", 1500) == 0);
}

/*
 * More than the ring holds, and nobody looks: the queue is stopped and woken, and every frame is
 * accounted for.
 */
DMK_TEST(a_full_ring_stops_the_queue_and_no_frame_is_lost_unseen)
{
	struct dmk_net_counters before, after;
	unsigned int i, sent = 0, tries = 0;

	DMK_REQUIRE(bring_up());
	before = counters();
	for (i = 0; i < 400; i++) {
		make(out, 600, everyone, i);
		sent += dmk_net_send_shaped("eth0", out, 600,
					    &(struct dmk_net_shape){.linear = 100, .piece = 50}) ==
			0;
	}
	DMK_EXPECT(dmk_net_flush("eth0", PATIENCE) == 0);
	/* The driver counts some frames at a time, after it has freed them. */
	do {
		dmk_test_sleep(1);
		after = counters();
	} while (after.consumed - before.consumed != after.tx_packets - before.tx_packets &&
		 tries++ < 1000);
	DMK_EXPECT(sent > 0 && after.given - before.given == sent);
	DMK_EXPECT(after.consumed - before.consumed == after.tx_packets - before.tx_packets);
	DMK_EXPECT(after.dropped - before.dropped == after.tx_dropped - before.tx_dropped);
	DMK_EXPECT(after.consumed + after.dropped - before.consumed - before.dropped == sent);
	DMK_EXPECT(after.busy == before.busy && after.timeouts == before.timeouts);
	take_down();
}

/*
 * Whether frame @number to @to arrives: it does, unless it is counted as filtered. Sent again only
 * when it was lost, so one is under way.
 */
static bool arrives(const uint8_t *to, uint32_t number)
{
	unsigned int tries, waited;

	make(out, 100, to, number);
	for (tries = 0; tries < 100; tries++) {
		const uint64_t filtered = card_counter("card_rx_filtered"), before = lost();

		if (dmk_net_send("eth0", out, 100))
			continue;
		for (waited = 0; waited < PATIENCE && lost() == before; waited += 10) {
			if (dmk_net_receive("eth0", in, sizeof(in), 10) == 100)
				return !memcmp(in, out, 100);
			if (card_counter("card_rx_filtered") > filtered)
				return false;
		}
	}
	DMK_EXPECT(!"neither arrived nor filtered");
	return false;
}

DMK_TEST(only_frames_that_are_for_it_arrive)
{
	static const uint8_t other[] = {2, 9, 9, 9, 9, 9}, mine[] = {2, 1, 2, 3, 4, 5};
	uint8_t group[] = {1, 0, 0x5e, 0, 0, 0};
	struct dmk_net_info info;
	unsigned int i;

	DMK_REQUIRE(bring_up());
	DMK_REQUIRE(dmk_net_info("eth0", &info) == 0);
	DMK_EXPECT(arrives(info.address, 1));
	DMK_EXPECT(arrives(everyone, 2));
	DMK_EXPECT(!arrives(other, 3));
	DMK_EXPECT(!arrives(group, 4));
	DMK_EXPECT(dmk_net_promiscuous("eth0", true) == 0);
	DMK_EXPECT(arrives(other, 5));
	DMK_EXPECT(dmk_net_promiscuous("eth0", false) == 0);
	DMK_EXPECT(!arrives(other, 6));

	/* The card has eight filters for groups; with more of them it takes all. */
	for (i = 0; i < 9; i++) {
		group[5] = (uint8_t)i;
		DMK_EXPECT(dmk_net_multicast("eth0", group, true) == 0);
		DMK_EXPECT(arrives(group, 10 + i));
		group[5] = 100;
		DMK_EXPECT(arrives(group, 20 + i) == (i == 8));
	}
	for (i = 0; i < 9; i++) {
		group[5] = (uint8_t)i;
		DMK_EXPECT(dmk_net_multicast("eth0", group, false) == 0);
	}
	group[5] = 0;
	DMK_EXPECT(!arrives(group, 30));

	DMK_EXPECT(dmk_net_set_address("eth0", group) == -EADDRNOTAVAIL);
	DMK_EXPECT(dmk_net_set_address("eth0", mine) == 0);
	DMK_EXPECT(arrives(mine, 31));
	DMK_EXPECT(!arrives(info.address, 32));
	take_down();
}

DMK_TEST(it_may_go_down_and_up_with_frames_under_way)
{
	unsigned int round, i, came = 0;

	for (round = 0; round < 20; round++) {
		DMK_REQUIRE(bring_up());
		came += round_trip(200 + 60 * round, &(struct dmk_net_shape){.seed = 1 + round},
				   round);
		for (i = 0; i < round; i++) {
			make(out, 1000, everyone, i);
			dmk_net_send_shaped("eth0", out, 1000,
					    &(struct dmk_net_shape){.seed = 1 + i});
		}
		DMK_EXPECT(dmk_net_down("eth0") == 0);
		DMK_EXPECT(counters().given == counters().consumed + counters().dropped);
	}
	DMK_EXPECT(came > 0);
}

/*
 * Last: the driver is removed while frames are still on their way. What that must not do is said by
 * the report.
 */
DMK_TEST(the_card_may_be_busy_when_the_driver_goes)
{
	unsigned int i;

	DMK_REQUIRE(bring_up());
	for (i = 0; i < 30; i++) {
		make(out, 1400, everyone, i);
		dmk_net_send_shaped("eth0", out, 1400, &(struct dmk_net_shape){.seed = 1 + i});
	}
}
