// SPDX-License-Identifier: MIT
/*
 * The nic driver where bounce slots run out in the middle of a frame (STR-12): two cards on a
 * machine of 128 slots that bounces everything. Their receive buffers hold 124 of them, so a frame
 * in five parts finds room for four at most.
 */
#include <string.h>

#include <dmakit/net.h>
#include <dmakit/test.h>

enum { PARTS = 5, FRAMES = 200 };

static uint8_t frame[PARTS * 100], back[sizeof(frame)];

static struct dmk_net_counters counters(void)
{
	struct dmk_net_counters counters;

	memset(&counters, 0, sizeof(counters));
	dmk_net_counters("eth0", &counters);
	return counters;
}

static int send_parts(unsigned int parts)
{
	memset(frame, 0xff, 6);
	return dmk_net_send_shaped("eth0", frame, parts * 100,
				   &(struct dmk_net_shape){.linear = 100, .piece = 100});
}

DMK_TEST(a_frame_of_which_one_part_cannot_be_mapped_is_dropped_and_the_stack_told_ok)
{
	struct dmk_net_counters after;
	unsigned int i;

	DMK_REQUIRE(dmk_net_set_features("eth0", DMK_NET_LOOPBACK, DMK_NET_LOOPBACK) == 0);
	DMK_REQUIRE(dmk_net_up("eth1") == 0 && dmk_net_up("eth0") == 0);
	for (i = 0; i < FRAMES; i++)
		DMK_EXPECT(send_parts(PARTS) == 0);
	DMK_EXPECT(dmk_net_flush("eth0", 5000) == 0);
	after = counters();
	DMK_EXPECT(after.given == FRAMES && after.dropped == FRAMES);
	DMK_EXPECT(after.tx_dropped == FRAMES && after.tx_packets == 0);
	DMK_EXPECT(after.busy == 0);
}

/* Had the parts that could be mapped been left so, there would be no slot for these. */
DMK_TEST(what_was_mapped_of_it_is_free_for_the_next_frame)
{
	unsigned int i;

	for (i = 0; i < FRAMES; i++) {
		frame[50] = i;
		DMK_EXPECT(send_parts(1) == 0);
		DMK_REQUIRE(dmk_net_receive("eth0", back, sizeof(back), 5000) == 100);
		DMK_EXPECT(!memcmp(back, frame, 100));
	}
	DMK_EXPECT(counters().tx_dropped == FRAMES);
}

DMK_TEST(with_the_other_card_down_there_is_room_again)
{
	DMK_EXPECT(dmk_net_down("eth1") == 0);
	DMK_EXPECT(send_parts(PARTS) == 0);
	DMK_EXPECT(dmk_net_receive("eth0", back, sizeof(back), 5000) == sizeof(frame));
	DMK_EXPECT(!memcmp(back, frame, sizeof(frame)));
	DMK_EXPECT(dmk_net_down("eth0") == 0);
}
