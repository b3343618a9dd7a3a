/* SPDX-License-Identifier: MIT */
/*
 * /dev/sound0, as a program sees it: a write is played, a read is what was recorded. Either side
 * has one user at a time. fsync() returns when all that was written has been played.
 */
#ifndef SOUND_H
#define SOUND_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct sound_info {
	__u32 can_play, can_record; /* what this machine can serve */
	__u32 played;               /* bytes, of the card's whole life; wraps */
	__u32 sum;                  /* over them: for each byte, sum = sum * 31 + byte */
	__u32 lost;                 /* recorded periods that nobody took in time */
};

#define SOUND_IOC_INFO _IOR('s', 1, struct sound_info)
#define SOUND_IOC_LOOP \
	_IOW('s', 2, __u32) /* 1: what is played is recorded; -EBUSY once playing or recording */

#endif
