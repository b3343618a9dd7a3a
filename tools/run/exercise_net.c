/* SPDX-License-Identifier: MIT */
/*
 * The default exercise of network interfaces: up, frames of all sizes and shapes, other settings,
 * down with frames on their way, and up again. It judges no answer but one: a frame that comes back
 * (where the card can loop it does) has the bytes of one that was sent.
 */
#include "run/run.h"

#include <dmakit/net.h>

#include <stdint.h>
#include <string.h>

enum {
	ETHERTYPE = 0x88b5, /* for experiments */
	MARK = 0x646d6b21,
	MARKED = DMK_NET_HEADER + 8, /* header, mark, number */
	SHORTEST = 60,               /* what is shorter may come back longer */
	FRAMES = 300,
	LINK_MS = 300,
	LAST_MS = 50, /* for the last frames to come back */
	LARGEST = 16384,
};

static uint8_t out[LARGEST], in[LARGEST];

static struct {
	const char *name;
	uint64_t random;
	/* of the next frame; none is used twice, so that one that comes late is no other */
	uint32_t number;
	size_t size[FRAMES]; /* of the last ones, by number; 0: not sent */
	bool loops; /* nothing is received but what was sent */
	bool said;
	unsigned int calls;
} interface;

static uint64_t chance(uint64_t limit)
{
	interface.random = interface.random * 6364136223846793005ull + 1442695040888963407ull;
	return (interface.random >> 33) % limit;
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get32(const uint8_t *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Bytes of frame @number, as they leave and as they have to come back. */
static void make(uint8_t *frame, size_t size, uint32_t number)
{
	memset(frame, 0xff, 6);
	memset(frame + 6, 2, 6);
	frame[12] = ETHERTYPE >> 8;
	frame[13] = ETHERTYPE & 0xff;
	for (size_t i = DMK_NET_HEADER; i < size; i++)
		frame[i] = (uint8_t)(i * 7 + number * 31 + (i >> 8));
	if (size < MARKED)
		return;
	put32(frame + DMK_NET_HEADER, MARK);
	put32(frame + DMK_NET_HEADER + 4, number);
}

static bool is_ours(long size)
{
	return size >= MARKED && in[12] == ETHERTYPE >> 8 && in[13] == (ETHERTYPE & 0xff) &&
	       get32(in + DMK_NET_HEADER) == MARK;
}

/* Longer than what a card may have padded, and not one that was sent: said once. */
static void check_stranger(long size)
{
	if (!interface.loops || interface.said || size <= SHORTEST ||
	    (size <= LARGEST && is_ours(size)))
		return;
	interface.said = true;
	dmk_run_problem(
		"a frame of %ld bytes came from %s, which loops back what it is sent, and nobody sent it",
		size, interface.name);
}

/* What came back; the wait for each is @patience ms. */
static void look(int patience)
{
	long size;

	while ((size = dmk_net_receive(interface.name, in, sizeof(in), patience)) >= 0) {
		uint32_t number = get32(in + DMK_NET_HEADER + 4);
		bool recent = interface.number - number - 1 < FRAMES;
		size_t sent = size <= LARGEST && is_ours(size) && recent
				      ? interface.size[number % FRAMES]
				      : 0;

		interface.calls++;
		check_stranger(size);
		if (!sent)
			continue;
		make(out, sent, number);
		if ((size_t)size != sent && !(sent < SHORTEST && size == SHORTEST))
			dmk_run_problem("a frame of %zu bytes came back from %s with %ld", sent,
					interface.name, size);
		else if (memcmp(in, out, sent))
			dmk_run_problem(
				"a frame of %zu bytes came back from %s with other bytes than it was sent with",
				sent, interface.name);
		else
			continue;
		interface.size[number % FRAMES] = 0; /* said once */
	}
}

static void send(size_t size)
{
	const uint32_t number = interface.number++;
	const struct dmk_net_shape shape = {.seed = chance(3) ? chance(UINT32_MAX) + 1 : 0,
					    .high = chance(2)};

	make(out, size, number);
	interface.calls++;
	interface.size[number % FRAMES] = 0;
	if (!dmk_net_send_shaped(interface.name, out, size, &shape))
		interface.size[number % FRAMES] = size;
}

static size_t size_of(unsigned int number, unsigned int mtu)
{
	static const size_t edges[] = {DMK_NET_HEADER,
				       MARKED,
				       59,
				       60,
				       61,
				       63,
				       64,
				       65,
				       127,
				       128,
				       255,
				       256,
				       257,
				       511,
				       512,
				       1024};
	const size_t most = mtu + DMK_NET_HEADER > LARGEST ? LARGEST : mtu + DMK_NET_HEADER;

	if (number < sizeof(edges) / sizeof(*edges) && edges[number] <= most)
		return edges[number];
	return number % 10 ? DMK_NET_HEADER + chance(most - DMK_NET_HEADER + 1) : most;
}

static void traffic(unsigned int frames)
{
	struct dmk_net_info info;

	if (dmk_net_info(interface.name, &info))
		return;
	for (unsigned int i = 0; i < frames && !dmk_kernel_died(); i++) {
		send(size_of(i, info.mtu));
		look(0);
	}
	dmk_net_flush(interface.name, LAST_MS);
	look(LAST_MS);
}

/* The counters are asked for while there is traffic, too: a driver must bear that. */
static void ask(void)
{
	struct dmk_net_counters counters;
	uint64_t value;
	char text[32];

	dmk_net_counters(interface.name, &counters);
	for (unsigned int i = 0; !dmk_net_statistic(interface.name, i, text, &value); i++)
		interface.calls++;
}

static void configure(const struct dmk_net_info *info)
{
	const uint8_t group[DMK_NET_ADDRESS] = {1, 0, 0x5e, 0, 0, 1};

	dmk_net_promiscuous(interface.name, true);
	dmk_net_multicast(interface.name, group, true);
	traffic(FRAMES / 10);
	ask();
	dmk_net_multicast(interface.name, group, false);
	dmk_net_promiscuous(interface.name, false);
	dmk_net_set_address(interface.name, info->address);
	if (info->max_mtu && !dmk_net_set_mtu(interface.name, info->max_mtu))
		traffic(FRAMES / 10);
	if (!dmk_net_set_mtu(interface.name, info->min_mtu))
		traffic(FRAMES / 10);
	dmk_net_set_mtu(interface.name, info->mtu);
	interface.calls += 9;
}

static bool bring_up(void)
{
	interface.calls++;
	if (dmk_net_up(interface.name))
		return false;
	dmk_net_link(interface.name, LINK_MS);
	return true;
}

/* Down with frames on their way, and the same once more: what the first time left behind. */
static void exercise_interface(void)
{
	struct dmk_net_info info;

	if (dmk_net_info(interface.name, &info))
		return;
	interface.said = false;
	interface.loops = (info.can_change & DMK_NET_LOOPBACK) &&
			  !dmk_net_set_features(interface.name, DMK_NET_LOOPBACK, DMK_NET_LOOPBACK);
	for (unsigned int round = 0; round < 2 && bring_up(); round++) {
		traffic(FRAMES);
		configure(&info);
		for (unsigned int i = 0; i < 40; i++)
			send(size_of(i, info.mtu));
		dmk_net_down(interface.name);
		ask();
	}
	/* Up, as a user would leave it: the driver is removed so. */
	if (bring_up())
		traffic(FRAMES / 10);
}

unsigned int dmk_run_exercise_net(void)
{
	char name[DMK_NET_NAME];

	interface.random = dmk_run.options.seed;
	for (unsigned int i = 0; dmk_net_interface(i, name, sizeof(name)) && !dmk_kernel_died();
	     i++) {
		interface.name = name;
		exercise_interface();
		dmk_run.report.exercised_interfaces++;
	}
	return interface.calls;
}
