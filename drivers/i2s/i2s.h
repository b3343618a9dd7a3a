/* SPDX-License-Identifier: MIT */
/*
 * /dev/i2s0, as a program sees it: a write is played, a read is what was captured, both in frames
 * of 4 bytes. Either side has one user at a time.
 *
 * Playing begins when the ring is full, or with fsync(), which returns when all that was written
 * has been played. Who comes too late gets -EPIPE: from the ring was played, or into it recorded,
 * what should not have been; the next call begins anew.
 */
#ifndef I2S_H
#define I2S_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define I2S_RING 16384 /* bytes, of each side */

struct i2s_info {
	__u32 played, captured;    /* frames since the side began; wraps */
	__u32 underruns, overruns; /* frames that were missed since then */
	__u32 late;                /* how often a program was, since the driver came */
	__u32 play_at, capture_at; /* bytes that the controller has moved since the side began */
	__u32 sum;                 /* over the first frames played: sum = sum * 31 + frame */
};

#define I2S_IOC_INFO _IOR('i', 1, struct i2s_info)
#define I2S_IOC_LOOP _IOW('i', 2, __u32)  /* 1: what is played is captured */
#define I2S_IOC_SUM _IOW('i', 3, __u32)   /* over how many frames the sum goes */
#define I2S_IOC_PAUSE _IOW('i', 4, __u32) /* 1: nothing is moved, either side; 0: it goes on */

#endif
