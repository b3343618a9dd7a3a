/* SPDX-License-Identifier: MIT */
/*
 * /dev/ring0, as a program sees it: a write is one frame sent, a read is one frame received. A
 * frame longer than the buffer of a read is cut; the rest of it is gone.
 */
#ifndef RINGCARD_H
#define RINGCARD_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define RING_HEADER      16   /* bytes; byte 0 is the frame's type */
#define RING_FRAME_MAX   2048 /* bytes, header included */
#define RING_ACCEPT_ALL  0x100
#define RING_ACCEPT_NONE 0x101

struct ring_generate {
	__u32 type;     /* byte 0 of the frames */
	__u32 length;   /* bytes, RING_HEADER to RING_FRAME_MAX */
	__u32 count;    /* how many; 0 stops */
	__u32 interval; /* microseconds, at least 1 */
};

struct ring_stats {
	__u64 accepted;   /* frames handed on */
	__u64 given_back; /* frames that only their header was looked at */
	__u64 dropped;    /* accepted, but no new buffer could be had, or nobody reads */
	__u64 rx_errors;
	__u64 sent;
	__u64 tx_errors;
	__u64 unwound; /* frames not sent because a part of them could not be mapped */
};

#define RING_IOC_FILTER   _IOW('r', 1, __u32) /* the type that is accepted, or RING_ACCEPT_… */
#define RING_IOC_LOOPBACK _IOW('r', 2, __u32)
#define RING_IOC_GENERATE _IOW('r', 3, struct ring_generate)
#define RING_IOC_STATS    _IOR('r', 4, struct ring_stats)

#endif
