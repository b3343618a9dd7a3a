/* SPDX-License-Identifier: MIT */
/*
 * A driver's network interfaces, from a test: bring one up, send frames, take the received ones,
 * look at the counters. Host world.
 *
 *	uint8_t frame[60] = { … };
 *
 *	DMK_REQUIRE(dmk_net_up("eth0") == 0);
 *	DMK_EXPECT(dmk_net_send("eth0", frame, sizeof(frame)) == 0);
 *	DMK_EXPECT(dmk_net_receive("eth0", buffer, sizeof(buffer), 1000) == sizeof(frame));
 *	DMK_EXPECT(dmk_net_down("eth0") == 0);
 *
 * A frame is what is on the wire without checksum and preamble: it begins with the 14 bytes of the
 * Ethernet header. Frames that a card receives wait for dmk_net_receive(), 4,096 of an interface at
 * most; later ones are lost, and counted.
 *
 * Every call is made from a thread that may sleep. An error is a negative errno: -ENODEV where
 * there is no such interface.
 */
#ifndef DMAKIT_NET_H
#define DMAKIT_NET_H

#include <dmakit/types.h>

enum {
	DMK_NET_NAME = 16,
	DMK_NET_ADDRESS = 6,
	DMK_NET_HEADER = 14,
	DMK_NET_FRAME_MAX = 65535, /* bytes */
};

/** What is in a driver's features (netdev_features_t) that a test may ask for; Linux's numbers. */
#define DMK_NET_SCATTER (1ull << 0)
#define DMK_NET_HIGH_MEMORY (1ull << 5)
#define DMK_NET_LOOPBACK (1ull << 17)

/**
 * dmk_net_interface - walk the interfaces that are registered; false: no such index. @name: at
 * least DMK_NET_NAME bytes.
 */
bool dmk_net_interface(unsigned int index, char *name, size_t size);

struct dmk_net_info {
	char driver[32], bus[32]; /* as the driver says it to ethtool; empty: it doesn't */
	uint8_t address[DMK_NET_ADDRESS];
	unsigned int mtu, min_mtu, max_mtu; /* bytes behind the header */
	unsigned int queues;                /* to transmit */
	uint64_t features, can_change;      /* netdev_features_t */
	bool up, link, promiscuous;
};
int dmk_net_info(const char *name, struct dmk_net_info *info);

/** dmk_net_up - ndo_open(). Return: 0, also when it is up already; or what the driver said. */
int dmk_net_up(const char *name);
/** dmk_net_down - ndo_stop(); frames that wait in the stack are dropped. */
int dmk_net_down(const char *name);
/** dmk_net_link - wait until there is a link. 0, or -ETIMEDOUT. */
int dmk_net_link(const char *name, int timeout_ms);

/** dmk_net_set_mtu - 0, -EINVAL (out of the driver's range), or what the driver said */
int dmk_net_set_mtu(const char *name, unsigned int mtu);
/** dmk_net_set_address - 0, -EOPNOTSUPP, or what the driver said: -EBUSY, -EADDRNOTAVAIL */
int dmk_net_set_address(const char *name, const uint8_t address[DMK_NET_ADDRESS]);
/**
 * dmk_net_set_features - turn the features in @mask on or off, as @wanted has them; -EOPNOTSUPP:
 * not all of them can be changed
 */
int dmk_net_set_features(const char *name, uint64_t wanted, uint64_t mask);
/**
 * dmk_net_promiscuous, dmk_net_multicast - take all frames; take those to a group. Each counts its
 * users. -ENOENT: not joined.
 */
int dmk_net_promiscuous(const char *name, bool on);
int dmk_net_multicast(const char *name, const uint8_t group[DMK_NET_ADDRESS], bool join);

/**
 * dmk_net_send - one frame to be sent; @size: DMK_NET_HEADER to MTU + DMK_NET_HEADER
 *
 * All of it lies in one piece of memory. Waits for up to two seconds where as many frames wait as
 * the stack's queue has room for.
 * Return: 0: it is queued, and what becomes of it is the driver's matter. -EINVAL, -EMSGSIZE: the
 *         size; -ENETDOWN: the interface is not up; -ENOLINK: no link; -ENOBUFS: still no room in
 *         the queue; -ENOMEM: no memory for the frame.
 */
int dmk_net_send(const char *name, const void *frame, size_t size);

/**
 * How a frame lies in memory. Where the driver can't do scatter/gather, or high memory, it is made
 * so that it can take it.
 */
struct dmk_net_shape {
	unsigned int linear; /* bytes in the linear part, DMK_NET_HEADER to the frame's; 0: all */
	/*
	 * bytes of each piece behind it, 1 to 4,096; 0: 4,096. At most 17 pieces: the last ones are
	 * longer
	 */
	unsigned int piece;
	unsigned int offset; /* of each piece in its page */
	uint64_t seed;       /* not 0: the three above are chosen by this number */
	bool high;           /* pieces in high memory, if the machine has any */
};
int dmk_net_send_shaped(const char *name, const void *frame, size_t size,
			const struct dmk_net_shape *shape);

/**
 * dmk_net_flush - wait until no frame waits in the stack and the driver has freed all that it was
 * given
 * Return: 0, or -ETIMEDOUT: some are held still; a driver may keep them until it is given the next,
 *         or is stopped.
 */
int dmk_net_flush(const char *name, int timeout_ms);

/**
 * dmk_net_receive - the oldest received frame, header and all; cut to @size
 * Return: its bytes before it was cut; -EAGAIN: none came in @timeout_ms milliseconds.
 */
long dmk_net_receive(const char *name, void *buffer, size_t size, int timeout_ms);

struct dmk_net_counters {
	/* the driver's own: ndo_get_stats64() */
	uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped, rx_missed;
	uint64_t tx_packets, tx_bytes, tx_errors, tx_dropped;

	/* what the stack saw */
	uint64_t given;    /* frames that the driver took */
	uint64_t consumed; /* of these: freed as sent (consume_skb and the like) */
	uint64_t dropped;  /* of these: freed as dropped (kfree_skb and the like) */
	uint64_t busy;     /* times that the driver said NETDEV_TX_BUSY */
	uint64_t waiting;  /* frames in the stack's queues now */
	/* frames that the stack dropped: the interface went down, or lost its link */
	uint64_t purged;
	uint64_t received; /* frames that the driver delivered */
	uint64_t lost;     /* of these: nobody took them, and there were too many */
	uint64_t timeouts; /* times that ndo_tx_timeout() was called */
};
int dmk_net_counters(const char *name, struct dmk_net_counters *counters);
/**
 * dmk_net_statistic - walk the driver's own counters (ethtool -S); -ENOENT: no such index. @text:
 * at least 32 bytes.
 */
int dmk_net_statistic(const char *name, unsigned int index, char *text, uint64_t *value);

#endif
