// SPDX-License-Identifier: MIT
/*
 * What a program does with /dev/ring0: frames sent come back, frames generated arrive, what is not
 * wanted is given back to the card. The counts that can be exact are exact; where memory may be
 * short, what is demanded is that nothing is lost unseen.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "ringcard.h"

enum { PATIENCE = 5000 }; /* milliseconds */

static struct dmk_file *open_card(int flags)
{
	struct dmk_file *card = NULL;

	return dmk_open("/dev/ring0", O_RDWR | flags, &card) ? NULL : card;
}

static long set(struct dmk_file *card, unsigned int command, uint32_t value)
{
	return dmk_ioctl(card, command, (unsigned long)&value);
}

static struct ring_stats stats_of(struct dmk_file *card)
{
	struct ring_stats stats;

	memset(&stats, 0, sizeof(stats));
	dmk_ioctl(card, RING_IOC_STATS, (unsigned long)&stats);
	return stats;
}

static long generate(struct dmk_file *card, uint32_t type, uint32_t length, uint32_t count,
		     uint32_t interval)
{
	struct ring_generate request = {
		.type = type, .length = length, .count = count, .interval = interval};

	return dmk_ioctl(card, RING_IOC_GENERATE, (unsigned long)&request);
}

/* One received frame, or 0 when none comes. */
static long receive(struct dmk_file *card, unsigned char *frame)
{
	if (!(dmk_poll(card, POLLIN, PATIENCE) & POLLIN))
		return 0;
	return dmk_read(card, frame, RING_FRAME_MAX);
}

/* Nothing of an earlier test is left. */
static void drain(struct dmk_file *card)
{
	static unsigned char frame[RING_FRAME_MAX];

	set(card, RING_IOC_LOOPBACK, 0);
	generate(card, 0, RING_HEADER, 0, 1);
	set(card, RING_IOC_FILTER, RING_ACCEPT_ALL);
	while (dmk_poll(card, POLLIN, 20) & POLLIN)
		dmk_read(card, frame, sizeof(frame));
}

static void fill(unsigned char *frame, long length, unsigned int salt)
{
	uint32_t word = (uint32_t)dmk_test_seed() * 2654435761u + salt;
	long i;

	for (i = 0; i < length; i++) {
		word = word * 1664525 + 1013904223;
		frame[i] = word >> 24;
	}
}

/* A generated frame is as the register document says. */
static bool is_generated(const unsigned char *frame, long length, unsigned int type)
{
	uint32_t sequence = frame[4] | frame[5] << 8 | frame[6] << 16 | (uint32_t)frame[7] << 24;
	long i;

	if (frame[0] != type || frame[1] || frame[2] != (length & 0xff) || frame[3] != length >> 8)
		return false;
	for (i = RING_HEADER; i < length; i++)
		if (frame[i] != ((sequence + i) & 0xff))
			return false;
	return true;
}

DMK_TEST(a_frame_sent_in_loopback_comes_back_as_it_was)
{
	static const long lengths[] = {RING_HEADER, 17, 64, 1040, 1041, 1500, RING_FRAME_MAX};
	static unsigned char out[RING_FRAME_MAX], in[RING_FRAME_MAX];
	struct dmk_file *card = open_card(0);
	unsigned int i;

	DMK_REQUIRE(card);
	drain(card);
	DMK_EXPECT(set(card, RING_IOC_LOOPBACK, 1) == 0);
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		fill(out, lengths[i], i);
		memset(in, 0xee, sizeof(in));
		DMK_EXPECT(dmk_write(card, out, lengths[i]) == lengths[i]);
		DMK_EXPECT(receive(card, in) == lengths[i]);
		DMK_EXPECT(memcmp(in, out, lengths[i]) == 0);
	}
	dmk_close(card);
}

DMK_TEST(many_frames_go_around_the_rings_in_order)
{
	static unsigned char out[700], in[RING_FRAME_MAX];
	struct dmk_file *card = open_card(0);
	unsigned int i;

	DMK_REQUIRE(card);
	drain(card);
	DMK_EXPECT(set(card, RING_IOC_LOOPBACK, 1) == 0);
	for (i = 0; i < 100; i++) {
		fill(out, sizeof(out), 1000 + i);
		DMK_REQUIRE(dmk_write(card, out, sizeof(out)) == sizeof(out));
		DMK_REQUIRE(receive(card, in) == sizeof(out));
		DMK_EXPECT(memcmp(in, out, sizeof(out)) == 0);
	}
	dmk_close(card);
}

DMK_TEST(frames_that_arrive_by_themselves_are_read_whole)
{
	static unsigned char frame[RING_FRAME_MAX];
	struct dmk_file *card = open_card(0);
	unsigned int i;

	DMK_REQUIRE(card);
	drain(card);
	DMK_EXPECT(generate(card, 7, 300, 10, 100) == 0);
	for (i = 0; i < 10; i++) {
		DMK_REQUIRE(receive(card, frame) == 300);
		DMK_EXPECT(is_generated(frame, 300, 7));
	}
	dmk_close(card);
}

/*
 * A refused frame's buffer is used again, so the next frame in it must be seen as it is, not as the
 * one before was.
 */
DMK_TEST(only_frames_of_the_type_asked_for_are_accepted)
{
	static unsigned char frame[RING_FRAME_MAX];
	struct dmk_file *card = open_card(0);
	struct ring_stats before, after;
	unsigned int round;

	DMK_REQUIRE(card);
	drain(card);
	before = stats_of(card);
	DMK_EXPECT(set(card, RING_IOC_FILTER, 5) == 0);
	for (round = 0; round < 4; round++) {
		unsigned int tries = 0;

		DMK_EXPECT(generate(card, 4, 200 + round, 20, 50) == 0);
		do {
			dmk_test_sleep(2);
			after = stats_of(card);
		} while (after.given_back - before.given_back < 20 * (round + 1) && tries++ < 1000);
		DMK_EXPECT(after.given_back - before.given_back == 20 * (round + 1));

		DMK_EXPECT(generate(card, 5, 400 + round, 1, 50) == 0);
		DMK_REQUIRE(receive(card, frame) == 400 + round);
		DMK_EXPECT(is_generated(frame, 400 + round, 5));
	}
	after = stats_of(card);
	DMK_EXPECT(after.accepted - before.accepted == 4);
	DMK_EXPECT(after.dropped == before.dropped && after.rx_errors == before.rx_errors);
	dmk_close(card);
}

DMK_TEST(a_frame_longer_than_the_readers_buffer_is_cut)
{
	static unsigned char frame[RING_FRAME_MAX];
	struct dmk_file *card = open_card(0);

	DMK_REQUIRE(card);
	drain(card);
	DMK_EXPECT(generate(card, 9, 100, 2, 10) == 0);
	DMK_EXPECT(dmk_poll(card, POLLIN, PATIENCE) & POLLIN);
	DMK_EXPECT(dmk_read(card, frame, 20) == 20);
	DMK_EXPECT(frame[0] == 9);
	DMK_EXPECT(receive(card, frame) == 100);
	dmk_close(card);
}

DMK_TEST(a_reader_that_will_not_wait_is_told_that_nothing_is_there)
{
	unsigned char frame[RING_HEADER];
	struct dmk_file *card = open_card(O_NONBLOCK);

	DMK_REQUIRE(card);
	drain(card);
	DMK_EXPECT(dmk_read(card, frame, sizeof(frame)) == -EAGAIN);
	DMK_EXPECT(dmk_poll(card, POLLIN, 0) == 0);
	DMK_EXPECT(dmk_poll(card, POLLOUT, PATIENCE) == POLLOUT);
	dmk_close(card);
}

/*
 * As many as the rings hold, several times, with nobody reading: writers wait for room, and all
 * frames are accounted for.
 */
DMK_TEST(a_writer_waits_for_room_and_no_frame_is_lost_unseen)
{
	static unsigned char out[RING_FRAME_MAX];
	struct dmk_file *card = open_card(0);
	struct ring_stats before, after;
	unsigned int i, sent = 0, tries = 0;

	DMK_REQUIRE(card);
	drain(card);
	before = stats_of(card);
	for (i = 0; i < 50; i++) {
		long result;

		fill(out, sizeof(out), i);
		result = dmk_write(card, out, sizeof(out));
		DMK_EXPECT(result == sizeof(out) || result == -ENOMEM);
		sent += result == sizeof(out);
	}
	do {
		dmk_test_sleep(2);
		after = stats_of(card);
	} while (after.sent - before.sent < sent && tries++ < 1000);
	DMK_EXPECT(after.sent - before.sent == sent);
	DMK_EXPECT(sent > 0);
	DMK_EXPECT(after.tx_errors == before.tx_errors);
	dmk_close(card);
}

DMK_TEST(what_makes_no_sense_is_refused)
{
	static unsigned char frame[RING_FRAME_MAX + 1];
	struct dmk_file *card = open_card(0);
	uint32_t value = 0;

	DMK_REQUIRE(card);
	DMK_EXPECT(dmk_write(card, frame, RING_HEADER - 1) == -EINVAL);
	DMK_EXPECT(dmk_write(card, frame, RING_FRAME_MAX + 1) == -EMSGSIZE);
	DMK_EXPECT(dmk_ioctl(card, 0x1234, (unsigned long)&value) == -ENOTTY);
	DMK_EXPECT(set(card, RING_IOC_FILTER, RING_ACCEPT_NONE + 1) == -EINVAL);
	DMK_EXPECT(generate(card, 0x100, 64, 1, 1) == -EINVAL);
	DMK_EXPECT(generate(card, 1, RING_HEADER - 1, 1, 1) == -EINVAL);
	DMK_EXPECT(generate(card, 1, RING_FRAME_MAX + 1, 1, 1) == -EINVAL);
	DMK_EXPECT(generate(card, 1, 64, 1, 0) == -EINVAL);
	dmk_close(card);
}

/*
 * Last: the driver is removed while frames are still arriving. What that must not do is said by the
 * report.
 */
DMK_TEST(the_card_may_be_busy_when_the_driver_goes)
{
	static unsigned char frame[RING_FRAME_MAX];
	struct dmk_file *card = open_card(0);
	unsigned int i;

	DMK_REQUIRE(card);
	drain(card);
	DMK_EXPECT(set(card, RING_IOC_LOOPBACK, 1) == 0);
	DMK_EXPECT(generate(card, 3, 1000, 1000000, 5) == 0);
	for (i = 0; i < 10; i++)
		DMK_EXPECT(dmk_write(card, frame, 600) == 600);
	DMK_EXPECT(receive(card, frame) > 0);
	dmk_close(card);
}
