// SPDX-License-Identifier: MIT
/*
 * What a program does with /dev/i2s0. The interface does not wait, and a busy host may be late: so
 * what is compared is what can't depend on that, and being late is an answer that is allowed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "i2s.h"

enum { FRAMES = I2S_RING / 4, PATIENCE = 20000, TRIES = 2000 };

static uint32_t frames[FRAMES];

static struct dmk_file *open_i2s(int flags)
{
	struct dmk_file *i2s = NULL;

	return dmk_open("/dev/i2s0", flags, &i2s) ? NULL : i2s;
}

static struct i2s_info info_of(struct dmk_file *i2s)
{
	struct i2s_info info = {0};

	DMK_EXPECT(dmk_ioctl(i2s, I2S_IOC_INFO, (unsigned long)&info) == 0);
	return info;
}

static long set(struct dmk_file *i2s, unsigned int command, uint32_t value)
{
	return dmk_ioctl(i2s, command, (unsigned long)&value);
}

/* Fill the frames; what the interface will make of the first @n. */
static uint32_t fill(unsigned int n, unsigned int salt)
{
	uint32_t word = (uint32_t)dmk_test_seed() * 2654435761u + salt, sum = 0;

	for (unsigned int i = 0; i < FRAMES; i++) {
		word = word * 1664525 + 1013904223;
		frames[i] = word;
		if (i < n)
			sum = sum * 31 + word;
	}
	return sum;
}

DMK_TEST(what_is_written_is_played_in_order)
{
	static const unsigned int table[] = {1, 8, 100, 1000, FRAMES};
	struct dmk_file *i2s = open_i2s(O_WRONLY);

	DMK_REQUIRE(i2s);
	for (unsigned int i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const unsigned int n = table[i];
		const uint32_t sum = fill(n, i);
		struct i2s_info info;

		DMK_EXPECT(set(i2s, I2S_IOC_SUM, n) == 0);
		DMK_EXPECT(dmk_write(i2s, frames, 4 * n) == 4 * n);
		DMK_EXPECT(dmk_fsync(i2s) == 0);
		info = info_of(i2s);
		DMK_EXPECT(info.played >= n);
		DMK_EXPECT(info.sum == sum);
	}
	dmk_close(i2s);
}

/* More than a ring: it begins by itself, and goes on for as long as we keep up. */
DMK_TEST(a_stream_goes_on_for_as_long_as_it_is_fed)
{
	struct dmk_file *i2s = open_i2s(O_WRONLY);
	long n = 0;

	DMK_REQUIRE(i2s);
	fill(0, 1);
	for (int i = 0; i < 3 && n >= 0; i++)
		n = dmk_write(i2s, frames, sizeof(frames));
	DMK_EXPECT(n == (long)sizeof(frames) || n == -EPIPE || n > 0);
	DMK_EXPECT(info_of(i2s).played > 0 || n < 0);
	n = dmk_fsync(i2s);
	DMK_EXPECT(n == 0 || n == -EPIPE);
	dmk_close(i2s);
}

DMK_TEST(what_is_captured_counts_up)
{
	struct dmk_file *i2s = open_i2s(O_RDONLY);
	uint32_t next = 0;
	unsigned int rounds = 0;

	DMK_REQUIRE(i2s);
	while (rounds < 3 * FRAMES) {
		long n = dmk_read(i2s, frames, sizeof(frames));

		if (n == -EPIPE) {
			next = 0;
			rounds += FRAMES;
			continue;
		}
		DMK_REQUIRE(n > 0 && n % 4 == 0);
		/* Late by a whole ring nobody can see: then it is another round's. */
		for (long i = 0; i < n / 4; i++)
			DMK_REQUIRE(frames[i] % FRAMES == (next + i) % FRAMES);
		next += n / 4;
		rounds += n / 4;
	}
	dmk_close(i2s);
}

/* Paused, the place stands, and the interface misses frames; then it goes on from there. */
DMK_TEST(a_pause_holds_the_place)
{
	struct dmk_file *i2s = open_i2s(O_WRONLY | O_NONBLOCK);
	struct i2s_info before, after;

	DMK_REQUIRE(i2s);
	fill(0, 2);
	DMK_EXPECT(dmk_write(i2s, frames, sizeof(frames)) == (long)sizeof(frames));
	/* The ring is full: one frame more makes it begin. */
	dmk_write(i2s, frames, 4);
	for (int i = 0; i < TRIES && !info_of(i2s).played; i++)
		dmk_test_sleep(1);
	DMK_EXPECT(set(i2s, I2S_IOC_PAUSE, 1) == 0);
	before = info_of(i2s);
	for (int i = 0; i < TRIES && !info_of(i2s).underruns; i++)
		dmk_test_sleep(1);
	after = info_of(i2s);
	DMK_EXPECT(after.underruns > 0);
	DMK_EXPECT(after.play_at == before.play_at);
	DMK_EXPECT(set(i2s, I2S_IOC_PAUSE, 0) == 0);
	for (int i = 0; i < TRIES && info_of(i2s).play_at == before.play_at; i++)
		dmk_test_sleep(1);
	DMK_EXPECT(info_of(i2s).play_at > before.play_at);
	dmk_close(i2s);
}

/* Nobody feeds it: it plays the ring over and over, and the next write is told. */
DMK_TEST(who_comes_too_late_is_told_once)
{
	struct dmk_file *i2s = open_i2s(O_WRONLY | O_NONBLOCK);
	const uint32_t late = i2s ? info_of(i2s).late : 0;
	long n = 0;

	DMK_REQUIRE(i2s);
	DMK_EXPECT(dmk_write(i2s, frames, sizeof(frames)) == (long)sizeof(frames));
	dmk_write(i2s, frames, 4);
	for (int i = 0; i < TRIES && info_of(i2s).play_at < 2 * I2S_RING; i++)
		dmk_test_sleep(1);
	n = dmk_write(i2s, frames, 4);
	DMK_EXPECT(n == -EPIPE);
	DMK_EXPECT(info_of(i2s).late == late + 1);
	DMK_EXPECT(dmk_write(i2s, frames, 4) == 4);
	dmk_close(i2s);
}

DMK_TEST(what_is_played_is_captured_with_the_loop)
{
	struct dmk_file *i2s = open_i2s(O_RDWR);
	uint32_t heard[256];
	bool found = false;

	DMK_REQUIRE(i2s);
	DMK_EXPECT(set(i2s, I2S_IOC_LOOP, 1) == 0);
	for (unsigned int i = 0; i < FRAMES; i++)
		frames[i] = 0x5a5a0000 + i;
	DMK_EXPECT(dmk_read(i2s, heard, 4) == 4);
	DMK_EXPECT(dmk_write(i2s, frames, sizeof(frames)) == (long)sizeof(frames));
	/* One more begins it. Late or not: some of it is heard. */
	dmk_write(i2s, frames, 4);
	for (int i = 0; i < TRIES && !found; i++) {
		long n = dmk_read(i2s, heard, sizeof(heard));

		for (long j = 0; j < n / 4; j++)
			found |= heard[j] >> 16 == 0x5a5a;
	}
	DMK_EXPECT(found);
	DMK_EXPECT(set(i2s, I2S_IOC_LOOP, 0) == 0);
	dmk_close(i2s);
}

DMK_TEST(a_side_has_one_user_and_whole_frames)
{
	struct dmk_file *play = open_i2s(O_WRONLY), *capture = open_i2s(O_RDONLY), *third = NULL;

	DMK_REQUIRE(play && capture);
	DMK_EXPECT(dmk_open("/dev/i2s0", O_RDWR, &third) == -EBUSY);
	DMK_EXPECT(dmk_write(play, frames, 6) == -EINVAL);
	DMK_EXPECT(dmk_read(capture, frames, 3) == -EINVAL);
	DMK_EXPECT(dmk_ioctl(play, 0, 0) == -ENOTTY);
	DMK_EXPECT(dmk_fsync(play) == 0);
	dmk_close(play);
	dmk_close(capture);
}
