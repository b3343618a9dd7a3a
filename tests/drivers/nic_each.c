// SPDX-License-Identifier: MIT
/*
 * A little of everything that the network driver does, twice, for runs in which a call of it fails
 * (STR-12). It judges no answer: a frame may be dropped and an interface not come up. What is
 * looked at is that it goes down again, and that a second try is no worse.
 */
#include <dmakit/net.h>
#include <dmakit/test.h>

enum { PATIENCE = 2000 /* ms */, JUMBO = 9004 };

static uint8_t out[JUMBO + 14], in[JUMBO + 14];

/* Copied; one buffer; many pieces; more than one buffer. */
static void send_and_receive(void)
{
	static const struct dmk_net_shape whole,
		pieces = {.linear = 60, .piece = 300, .offset = 12};
	static const struct {
		unsigned int size;
		const struct dmk_net_shape *shape;
	} frames[] = {{60, &whole}, {1400, &whole}, {1400, &pieces}, {5000, &pieces}};
	unsigned int i;

	for (i = 0; i < sizeof(frames) / sizeof(*frames); i++)
		dmk_net_send_shaped("eth0", out, frames[i].size, frames[i].shape);
	dmk_net_flush("eth0", PATIENCE);
	for (i = 0; i < sizeof(frames) / sizeof(*frames); i++)
		dmk_net_receive("eth0", in, sizeof(in), 20);
}

DMK_TEST(the_interface_goes_up_and_down_with_frames_in_between)
{
	static const uint8_t group[] = {1, 0, 0x5e, 0, 0, 1};
	struct dmk_net_info info;
	unsigned int i;

	if (dmk_net_info("eth0", &info))
		return;
	for (i = 0; i < 6; i++)
		out[i] = 0xff;
	out[12] = 0x88;
	out[13] = 0xb5;
	dmk_net_set_features("eth0", DMK_NET_LOOPBACK, DMK_NET_LOOPBACK);
	for (i = 0; i < 2; i++) {
		if (dmk_net_up("eth0"))
			continue;
		dmk_net_link("eth0", PATIENCE);
		dmk_net_multicast("eth0", group, true);
		send_and_receive();
		dmk_net_set_mtu("eth0", i ? 1500 : JUMBO);
		send_and_receive();
		dmk_net_multicast("eth0", group, false);
		DMK_EXPECT(dmk_net_down("eth0") == 0);
	}
}

/* Last: it is up, and busy, when the driver goes. */
DMK_TEST(frames_are_under_way_when_the_driver_goes)
{
	if (!dmk_net_up("eth0"))
		dmk_net_send("eth0", out, 1400);
}
