// SPDX-License-Identifier: MIT
/*
 * The ringcard driver where bounce slots run out in the middle of a frame (STR-12): eight cards on
 * a machine of 128 slots that bounces everything. Their receive buffers hold 120 of them; the first
 * card is slow, so what is sent stays mapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "../../drivers/ringcard/ringcard.h"

static unsigned char frame[RING_FRAME_MAX];
static unsigned int frames; /* under way when the first test ends */

static struct ring_stats stats_of(struct dmk_file *card)
{
	struct ring_stats stats;

	memset(&stats, 0, sizeof(stats));
	dmk_ioctl(card, RING_IOC_STATS, (unsigned long)&stats);
	return stats;
}

/*
 * A frame takes three slots or more, and fewer than ten are left. How many frames go before the
 * first is refused is the bounce buffer's matter; that some of a refused frame's parts were mapped
 * is sure as long as a frame of one part still goes.
 */
DMK_TEST(a_frame_of_which_one_part_cannot_be_mapped_is_unwound_and_refused)
{
	unsigned int sent = 0, refused;
	struct dmk_file *card;
	long result;

	DMK_REQUIRE(dmk_open("/dev/ring0", O_RDWR | O_NONBLOCK, &card) == 0);
	while ((result = dmk_write(card, frame, sizeof(frame))) == sizeof(frame) && sent < 5)
		sent++;
	DMK_EXPECT(result == -ENOMEM);
	for (refused = 1; refused < 30; refused++)
		DMK_EXPECT(dmk_write(card, frame, sizeof(frame)) == -ENOMEM);
	DMK_EXPECT(stats_of(card).unwound == refused);

	/*
	 * Had the parts that could be mapped been left so, there would be no slot for this one now.
	 */
	DMK_EXPECT(dmk_write(card, frame, RING_HEADER) == RING_HEADER);
	frames = sent + 1;
	dmk_close(card);
}

DMK_TEST(when_slots_are_free_again_frames_are_sent_again)
{
	struct dmk_file *card;
	unsigned int tries = 0;

	DMK_REQUIRE(frames);
	DMK_REQUIRE(dmk_open("/dev/ring0", O_RDWR | O_NONBLOCK, &card) == 0);
	while (stats_of(card).sent < frames && tries++ < 1000)
		dmk_test_sleep(5);
	DMK_EXPECT(stats_of(card).sent == frames);
	DMK_EXPECT(dmk_write(card, frame, sizeof(frame)) == sizeof(frame));
	dmk_close(card);
}
