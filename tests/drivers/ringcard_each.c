// SPDX-License-Identifier: MIT
/*
 * A little of everything that the ringcard driver does, once, for runs in which a call of it fails
 * (STR-12). It judges no answer: any may be an error. What is looked at is that the card can be
 * opened and closed, and that a second try is no worse than the first.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "../../drivers/ringcard/ringcard.h"

static unsigned char frame[RING_FRAME_MAX];

static void send_and_receive(struct dmk_file *card, long length)
{
	dmk_write(card, frame, (size_t)length);
	if (dmk_poll(card, POLLIN, 100) & POLLIN)
		dmk_read(card, frame, sizeof(frame));
}

DMK_TEST(frames_go_round)
{
	struct ring_stats stats;
	uint32_t on = 1, off = 0;
	struct dmk_file *card;

	if (dmk_open("/dev/ring0", O_RDWR | O_NONBLOCK, &card))
		return;
	dmk_ioctl(card, RING_IOC_LOOPBACK, (unsigned long)&on);
	for (int i = 0; i < 2; i++) {
		send_and_receive(card, RING_HEADER);
		send_and_receive(card, RING_FRAME_MAX);
	}
	dmk_ioctl(card, RING_IOC_LOOPBACK, (unsigned long)&off);
	memset(&stats, 0, sizeof(stats));
	DMK_EXPECT(dmk_ioctl(card, RING_IOC_STATS, (unsigned long)&stats) == 0);
	dmk_close(card);
}
