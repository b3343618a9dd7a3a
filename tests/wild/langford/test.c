// SPDX-License-Identifier: MIT
/*
 * What a program does with the radio: its lines by ioctl, samples by read and write. The samples
 * that are sent come back (card.c), behind and before words that the receiver counts.
 */
#include <dmakit/file.h>
#include <dmakit/test.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum {
	BUFFER = 262144, /* bytes that the driver moves at once */
	GET_ATTENUATOR = 100,
	GET_ENABLE = 200,
	GET_LOCKED = 301,
	GET_INPUTS = 305,
	GET_PHASE = 400,
	GET_OUTPUTS = 624,
	SENT = 8 * BUFFER,
	SIGNAL = 0x5a, /* in the top byte of each word that is sent */
};

static struct dmk_file *open_radio(void)
{
	struct dmk_file *file = NULL;

	DMK_EXPECT(dmk_open("/dev/langford0", O_RDWR, &file) == 0);
	return file;
}

static long get(struct dmk_file *file, unsigned int command)
{
	int value = 0;

	return dmk_ioctl(file, command, (unsigned long)&value) ? -1 : value;
}

static void set(struct dmk_file *file, unsigned int command, int value)
{
	DMK_EXPECT(dmk_ioctl(file, command, (unsigned long)&value) == 0);
}

/* Words that the receiver counted go up by one from each to the next; returns how many did not. */
static unsigned int gaps(const uint32_t *word, size_t n)
{
	unsigned int found = 0;

	for (size_t i = 1; i < n; i++)
		found += word[i] != word[i - 1] + 1;
	return found;
}

DMK_TEST(samples_are_received_in_order)
{
	struct dmk_file *file = open_radio(), *second = open_radio();
	uint32_t *word = malloc(6 * BUFFER);

	DMK_REQUIRE(file && second && word);
	DMK_EXPECT(dmk_close(second) == 0); /* the first goes on */
	DMK_EXPECT(dmk_read(file, word, 6 * BUFFER) == 6 * BUFFER);
	DMK_EXPECT(gaps(word, 6 * BUFFER / 4) == 0);
	DMK_EXPECT(dmk_read(file, word, 100) == 100);
	DMK_EXPECT(gaps(word, 25) == 0);
	DMK_EXPECT(dmk_close(file) == 0);
	free(word);
}

DMK_TEST(lines_are_set_and_read)
{
	struct dmk_file *file = open_radio();

	DMK_REQUIRE(file);
	set(file, GET_ATTENUATOR + 1, 0x31);
	set(file, GET_ENABLE + 1, 1);
	set(file, GET_PHASE + 1, 0x12345678);
	set(file, GET_OUTPUTS + 1, 0x15);
	DMK_EXPECT(get(file, GET_ATTENUATOR) == 0x31);
	DMK_EXPECT(get(file, GET_ENABLE) == 1);
	DMK_EXPECT(get(file, GET_PHASE) == 0x12345678);
	DMK_EXPECT(get(file, GET_OUTPUTS) == 0x15);
	DMK_EXPECT(get(file, GET_LOCKED) == 1);
	DMK_EXPECT(get(file, GET_INPUTS) == 0x15);
	set(file, GET_ATTENUATOR + 1, 256); /* too large: said in the log, and kept as it was */
	set(file, GET_ENABLE + 1, 2);
	set(file, GET_OUTPUTS + 1, 32);
	DMK_EXPECT(get(file, GET_ATTENUATOR) == 0x31);
	DMK_EXPECT(dmk_ioctl(file, GET_LOCKED, 0) == -ENOMEM); /* its word for a bad pointer */
	set(file, 1, 0);                                       /* no such command: it says 0 */
	DMK_EXPECT(dmk_lseek(file, 0, SEEK_SET) == -ESPIPE);
	DMK_EXPECT(dmk_close(file) == 0);
}

static uint32_t sample(size_t i)
{
	return (uint32_t)SIGNAL << 24 | (uint32_t)i;
}

/* Read until what was sent begins, then compare it. @room words of @word. */
static void expect_signal(struct dmk_file *file, uint32_t *word, size_t room, size_t wanted)
{
	size_t i = 0, n = 0;

	for (int round = 0; round < 4000 && i == n; round++) {
		n = room;
		DMK_REQUIRE(dmk_read(file, word, n * 4) == (long)(n * 4));
		for (i = 0; i < n && word[i] >> 24 != SIGNAL;)
			i++;
	}
	for (size_t at = 0; at < wanted; at++, i++) {
		if (i == n) {
			DMK_REQUIRE(dmk_read(file, word, n * 4) == (long)(n * 4));
			i = 0;
		}
		if (word[i] != sample(at)) {
			dmk_test_failed(__FILE__, __LINE__, "word %zu is %#x", at, word[i]);
			return;
		}
	}
}

DMK_TEST(samples_that_are_sent_come_back)
{
	struct dmk_file *file = open_radio();
	uint32_t *word = malloc(SENT + 4);

	DMK_REQUIRE(file && word);
	for (size_t i = 0; i <= SENT / 4; i++)
		word[i] = sample(i);
	/* One word more: the driver keeps the last until another comes. */
	DMK_EXPECT(dmk_write(file, word, SENT + 4) == SENT + 4);
	expect_signal(file, word, BUFFER / 4, SENT / 4);
	DMK_EXPECT(dmk_close(file) == 0);
	free(word);
}
