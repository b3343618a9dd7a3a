// SPDX-License-Identifier: MIT
/*
 * What a user of drivers/sb16 does: plays, and, where a tape recorder is at the card's jacks, hears
 * what was played.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "sb16.h"

enum { MUCH = 5 * SB16_HALF };

static unsigned char out[MUCH], in[MUCH];

static struct dmk_file *open_card(int flags)
{
	struct dmk_file *card = NULL;

	return dmk_open("/dev/sb16-0", flags, &card) ? NULL : card;
}

/* QEMU's card records nothing. */
static bool records(void)
{
	return strncmp(dmk_test_machine(), "qemu", 4) != 0;
}

static void fill(unsigned int salt)
{
	uint32_t word = ((uint32_t)dmk_test_seed() + salt) * 2654435761u + 1;

	for (size_t i = 0; i < MUCH; i++) {
		word = word * 1664525 + 1013904223;
		out[i] = word >> 24;
	}
}

static int set_format(struct dmk_file *card, unsigned int rate, unsigned int bits,
		      unsigned int channels)
{
	struct sb16_format format = {rate, bits, channels};

	return dmk_ioctl(card, SB16_IOC_FORMAT, (unsigned long)&format);
}

static struct sb16_info info_of(struct dmk_file *card)
{
	struct sb16_info info;

	memset(&info, 0, sizeof(info));
	dmk_ioctl(card, SB16_IOC_INFO, (unsigned long)&info);
	return info;
}

static int play(struct dmk_file *card, size_t size)
{
	long done = dmk_write(card, out, size);

	return done == (long)size ? dmk_fsync(card) : done < 0 ? done : -EIO;
}

/* As fast as a card goes: this waits for a real one. */
static void play_and_count(unsigned int rate, unsigned int bits, unsigned int channels)
{
	struct dmk_file *card = open_card(O_WRONLY);
	struct sb16_info before, after;

	DMK_REQUIRE(card);
	fill(bits);
	DMK_EXPECT(set_format(card, rate, bits, channels) == 0);
	before = info_of(card);
	DMK_EXPECT(play(card, MUCH) == 0);
	after = info_of(card);
	DMK_EXPECT(after.halves == MUCH / SB16_HALF);
	DMK_EXPECT(after.interrupts - before.interrupts == MUCH / SB16_HALF);
	dmk_close(card);
}

DMK_TEST(eight_bits_are_played_half_by_half)
{
	play_and_count(44100, 8, 1);
}

DMK_TEST(sixteen_bits_are_played_half_by_half)
{
	play_and_count(44100, 16, 2);
}

DMK_TEST(a_short_sound_is_played_at_once)
{
	struct dmk_file *card = open_card(O_WRONLY);

	DMK_REQUIRE(card);
	fill(3);
	DMK_EXPECT(play(card, 1000) == 0);
	DMK_EXPECT(info_of(card).halves == 1);
	/* QEMU has its controller begin anew. */
	DMK_EXPECT(info_of(card).left == (records() ? 0 : 1000));
	DMK_EXPECT(play(card, 0) == 0);
	DMK_EXPECT(play(card, SB16_HALF) == 0);
	DMK_EXPECT(play(card, 2 * SB16_HALF) == 0);
	DMK_EXPECT(info_of(card).halves == 4);
	dmk_close(card);
}

DMK_TEST(the_card_says_what_it_is)
{
	struct dmk_file *card = open_card(O_WRONLY);
	struct sb16_info info;

	DMK_REQUIRE(card);
	info = info_of(card);
	DMK_EXPECT(info.version >= 0x400);
	DMK_EXPECT(info.irq == 5);
	DMK_EXPECT(info.dma == 1);
	DMK_EXPECT(info.dma16 == 5);
	dmk_close(card);
}

DMK_TEST(one_user_at_a_time_and_one_direction)
{
	struct dmk_file *card = open_card(O_WRONLY), *second = NULL;

	DMK_REQUIRE(card);
	DMK_EXPECT(dmk_open("/dev/sb16-0", O_RDONLY, &second) == -EBUSY);
	DMK_EXPECT(dmk_open("/dev/sb16-0", O_RDWR, &second) == -EINVAL);
	DMK_EXPECT(set_format(card, 22050, 12, 1) == -EINVAL);
	DMK_EXPECT(set_format(card, 1, 8, 1) == -EINVAL);
	DMK_EXPECT(play(card, 100) == 0);
	DMK_EXPECT(set_format(card, 22050, 16, 1) == -EBUSY);
	dmk_close(card);
}

DMK_TEST(what_is_held_goes_on_where_it_was)
{
	struct dmk_file *card = open_card(O_WRONLY);
	unsigned int on = 1, off = 0, halves;

	DMK_REQUIRE(card);
	fill(4);
	DMK_REQUIRE(dmk_write(card, out, SB16_BUFFER) == SB16_BUFFER);
	DMK_EXPECT(dmk_ioctl(card, SB16_IOC_PAUSE, (unsigned long)&on) == 0);
	halves = info_of(card).halves;
	DMK_EXPECT(info_of(card).left == info_of(card).left);
	DMK_EXPECT(dmk_ioctl(card, SB16_IOC_PAUSE, (unsigned long)&off) == 0);
	DMK_EXPECT(dmk_fsync(card) == 0);
	DMK_EXPECT(halves <= 2);
	DMK_EXPECT(info_of(card).halves == 2);
	dmk_close(card);
}

DMK_TEST(closing_while_it_plays_leaves_nothing_behind)
{
	struct dmk_file *card = open_card(O_WRONLY);

	DMK_REQUIRE(card);
	fill(5);
	DMK_EXPECT(dmk_write(card, out, MUCH) > 0);
	dmk_close(card);
	card = open_card(O_WRONLY);
	DMK_REQUIRE(card);
	DMK_EXPECT(play(card, 100) == 0);
	dmk_close(card);
}

static bool record(unsigned int bits, unsigned int channels, long size)
{
	struct dmk_file *card = open_card(O_RDONLY);
	long got = 0, part = 1;

	if (!card || set_format(card, 44100, bits, channels))
		part = 0;
	for (; part > 0 && got < size; got += part)
		part = dmk_read(card, in + got, size - got < 3000 ? size - got : 3000);
	if (card)
		dmk_close(card);
	return part > 0;
}

/* Something recorded first: then the tape is a new one. */
static void play_and_record(unsigned int bits, unsigned int channels, size_t size)
{
	struct dmk_file *card;

	if (!records())
		return;
	DMK_REQUIRE(record(bits, channels, SB16_HALF));
	fill(bits + channels);
	card = open_card(O_WRONLY);
	DMK_REQUIRE(card);
	DMK_EXPECT(set_format(card, 44100, bits, channels) == 0);
	DMK_EXPECT(play(card, size) == 0);
	dmk_close(card);
	DMK_REQUIRE(record(bits, channels, size));
	DMK_EXPECT(memcmp(in, out, size) == 0);
}

DMK_TEST(what_is_played_in_eight_bits_is_heard)
{
	play_and_record(8, 1, MUCH);
	play_and_record(8, 2, 1000);
}

DMK_TEST(what_is_played_in_sixteen_bits_is_heard)
{
	play_and_record(16, 2, MUCH);
	play_and_record(16, 1, SB16_HALF + 2);
}

DMK_TEST(after_the_tape_there_is_silence)
{
	long wrong = 0;

	if (!records())
		return;
	DMK_REQUIRE(record(8, 1, MUCH));
	DMK_REQUIRE(record(8, 1, MUCH));
	for (long i = 0; i < MUCH; i++)
		wrong += in[i] != 0x80;
	DMK_EXPECT(wrong == 0);
}
