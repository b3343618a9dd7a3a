// SPDX-License-Identifier: MIT
/*
 * A little of everything that the sound driver does, twice, for runs in which a call of it fails
 * (STR-12). It judges no answer: any may be an error. What is looked at is that either side can be
 * opened, used and closed, or refuses, and that a second try is no worse.
 */
#include <fcntl.h>
#include <poll.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "../../drivers/sound/sound.h"

enum { PATIENCE = 1000 };

static unsigned char bytes[5000];

static void play_and_record(struct dmk_file *card, bool play, bool record)
{
	struct sound_info info;
	uint32_t loop = play && record;

	dmk_ioctl(card, SOUND_IOC_LOOP, (unsigned long)&loop);
	/* The first read has nothing to take, and starts the recording. */
	if (record)
		dmk_read(card, bytes, sizeof(bytes));
	if (play && dmk_write(card, bytes, sizeof(bytes)) > 0)
		dmk_fsync(card);
	if (record && dmk_poll(card, POLLIN, PATIENCE) & POLLIN)
		dmk_read(card, bytes, sizeof(bytes));
	DMK_EXPECT(dmk_ioctl(card, SOUND_IOC_INFO, (unsigned long)&info) == 0);
}

static void use(int flags, bool play, bool record)
{
	struct dmk_file *card;

	if (dmk_open("/dev/sound0", flags | O_NONBLOCK, &card))
		return;
	play_and_record(card, play, record);
	dmk_close(card);
}

DMK_TEST(either_side_and_both_are_opened_used_and_closed)
{
	for (int i = 0; i < 2; i++) {
		use(O_WRONLY, true, false);
		use(O_RDONLY, false, true);
		use(O_RDWR, true, true);
	}
}
