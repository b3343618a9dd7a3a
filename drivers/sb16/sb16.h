/* SPDX-License-Identifier: MIT */
/*
 * /dev/sb16-0, as a program sees it: what is written is played, what is read was recorded. One user
 * at a time, who does one or the other. fsync() returns when all that was written was played.
 */
#ifndef SB16_H
#define SB16_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct sb16_format {
	__u32 rate;     /* samples in a second, 4000 to 44100; of each side */
	__u32 bits;     /* 8, unsigned; or 16, signed, little endian */
	__u32 channels; /* 1, or 2: left and right in turn */
};

struct sb16_info {
	__u32 version; /* of the card's DSP: major and minor in a byte each */
	__u32 halves;  /* halves of the buffer that were played or recorded since it was opened */
	__u32 interrupts; /* of the card's whole life */
	__u32 left;       /* bytes from where the DMA controller is to the buffer's end */
	__u32 irq, dma, dma16;
};

/** -EBUSY once something was played or recorded, -EINVAL. At first 22050 Hz, 8 bits, 1 channel. */
#define SB16_IOC_FORMAT _IOW('S', 1, struct sb16_format)
#define SB16_IOC_INFO   _IOR('S', 2, struct sb16_info)
/** 1: hold playing or recording where it is; 0: go on. */
#define SB16_IOC_PAUSE _IOW('S', 3, __u32)

#define SB16_HALF   4096            /* bytes of which the card interrupts */
#define SB16_BUFFER (2 * SB16_HALF) /* what the DMA controller goes round in */

#endif
