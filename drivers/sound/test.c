// SPDX-License-Identifier: MIT
/*
 * What a program does with /dev/sound0: what is played is what was written, what is recorded is
 * what the card heard; and a side that the machine can't serve is off while the other works.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "sound.h"

enum { SAW = 251, MUCH = 50000, PATIENCE = 5000 };

static unsigned char out[MUCH], in[MUCH];

static struct dmk_file *open_card(int flags)
{
	struct dmk_file *card = NULL;

	return dmk_open("/dev/sound0", flags, &card) ? NULL : card;
}

/* Any side that there is will do. */
static struct sound_info info_of(void)
{
	struct dmk_file *card = open_card(O_WRONLY);
	struct sound_info info;

	if (!card)
		card = open_card(O_RDONLY);
	memset(&info, 0, sizeof(info));
	if (card) {
		dmk_ioctl(card, SOUND_IOC_INFO, (unsigned long)&info);
		dmk_close(card);
	}
	return info;
}

static long set_loop(struct dmk_file *card, uint32_t on)
{
	return dmk_ioctl(card, SOUND_IOC_LOOP, (unsigned long)&on);
}

static void fill(unsigned char *bytes, size_t size)
{
	uint32_t word = (uint32_t)dmk_test_seed() * 2654435761u + 1;

	for (size_t i = 0; i < size; i++) {
		word = word * 1664525 + 1013904223;
		bytes[i] = word >> 24;
	}
}

static uint32_t sum_of(uint32_t sum, const unsigned char *bytes, size_t size)
{
	while (size--)
		sum = sum * 31 + *bytes++;
	return sum;
}

/* Machines where nothing that a device can reach lies within 24 bits. */
static bool out_of_reach(const char *machine)
{
	return strcmp(machine, "rpi-like") == 0 || strcmp(machine, "restricted") == 0;
}

DMK_TEST(a_side_that_the_machine_cannot_serve_is_off_and_the_other_works)
{
	struct sound_info info = info_of();
	struct dmk_file *card = NULL;

	DMK_EXPECT(info.can_play);
	DMK_EXPECT(!info.can_record == out_of_reach(dmk_test_machine()));
	if (!info.can_record) {
		DMK_EXPECT(dmk_open("/dev/sound0", O_RDONLY, &card) == -ENODEV);
		DMK_EXPECT(dmk_open("/dev/sound0", O_RDWR, &card) == -ENODEV);
	}
}

DMK_TEST(what_is_written_is_played)
{
	static const size_t sizes[] = { 1, 4095, 4096, 4097, MUCH };
	struct sound_info before = info_of(), after;
	struct dmk_file *card = open_card(O_WRONLY);
	uint32_t sum = before.sum, played = before.played;

	DMK_REQUIRE(card);
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		fill(out, sizes[i]);
		out[0] = i;
		DMK_EXPECT(dmk_write(card, out, sizes[i]) == (long)sizes[i]);
		sum = sum_of(sum, out, sizes[i]);
		played += sizes[i];
	}
	DMK_EXPECT(dmk_fsync(card) == 0);
	dmk_close(card);
	after = info_of();
	DMK_EXPECT(after.played == played);
	DMK_EXPECT(after.sum == sum);
}

DMK_TEST(what_the_card_hears_is_read)
{
	struct dmk_file *card = open_card(O_RDONLY);
	long got = 0, jumps = 0;

	if (!info_of().can_record)
		return;
	DMK_REQUIRE(card);
	DMK_REQUIRE(set_loop(card, 0) == 0);
	while (got < 4000) {
		long part = dmk_read(card, in + got, 3000);

		DMK_REQUIRE(part > 0);
		got += part;
	}
	/* Four periods have room: these were not lost. */
	for (long i = 1; i < 4000; i++)
		jumps += in[i] != (in[i - 1] + 1) % SAW;
	DMK_EXPECT(jumps == 0);
	dmk_close(card);
}

DMK_TEST(what_is_played_in_a_loop_is_recorded)
{
	struct dmk_file *card;
	long put = 0, got = 0;

	if (!info_of().can_record)
		return;
	card = open_card(O_RDWR);
	DMK_REQUIRE(card);
	DMK_REQUIRE(set_loop(card, 1) == 0);
	fill(out, MUCH);
	while (got < MUCH / 1024 * 1024) {
		long part = put < MUCH ? dmk_write(card, out + put,
						   MUCH - put < 7000 ? MUCH - put : 7000)
				       : 0;

		DMK_REQUIRE(part >= 0);
		put += part;
		/* Whole periods come back; the last, broken one never does. */
		while (got + 1024 <= put) {
			part = dmk_read(card, in + got, 1024);
			DMK_REQUIRE(part > 0);
			got += part;
		}
	}
	DMK_EXPECT(memcmp(in, out, got) == 0);
	DMK_EXPECT(set_loop(card, 0) == -EBUSY);
	dmk_close(card);
	card = open_card(O_RDWR);
	DMK_REQUIRE(card);
	DMK_EXPECT(set_loop(card, 0) == 0);
	dmk_close(card);
}

DMK_TEST(who_is_too_slow_is_told_what_was_lost)
{
	struct dmk_file *card;
	struct sound_info info;
	unsigned int tries = 0;

	if (!info_of().can_record)
		return;
	card = open_card(O_RDONLY);
	DMK_REQUIRE(card);
	DMK_REQUIRE(set_loop(card, 0) == 0);
	DMK_REQUIRE(dmk_read(card, in, 16) == 16);
	do {
		dmk_test_sleep(2);
		dmk_ioctl(card, SOUND_IOC_INFO, (unsigned long)&info);
	} while (!info.lost && tries++ < 1000);
	DMK_EXPECT(info.lost > 0);
	DMK_EXPECT(dmk_poll(card, POLLIN, PATIENCE) & POLLIN);
	DMK_EXPECT(dmk_read(card, in, 2000) == 1024 - 16);
	dmk_close(card);
}

DMK_TEST(either_side_has_one_user)
{
	struct dmk_file *card = open_card(O_WRONLY), *second = NULL;

	DMK_REQUIRE(card);
	DMK_EXPECT(dmk_open("/dev/sound0", O_WRONLY, &second) == -EBUSY);
	if (info_of().can_record) {
		DMK_EXPECT(dmk_open("/dev/sound0", O_RDONLY, &second) == 0);
		dmk_close(second);
	}
	DMK_EXPECT(dmk_poll(card, POLLOUT, PATIENCE) & POLLOUT);
	dmk_close(card);
}

DMK_TEST(who_will_not_wait_is_told_so)
{
	struct dmk_file *card = open_card(O_WRONLY | O_NONBLOCK);
	long result = 0;

	DMK_REQUIRE(card);
	for (unsigned int i = 0; i < 20 && result >= 0; i++)
		result = dmk_write(card, out, MUCH);
	DMK_EXPECT(result == -EAGAIN);
	/*
	 * Closed while the card plays: what was not played yet is forgotten, and nothing of it is
	 * touched any more.
	 */
	dmk_close(card);
}
