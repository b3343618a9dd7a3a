/* SPDX-License-Identifier: MIT */
/*
 * /dev/memcopy, as a program sees it: a write is a piece of bytes, which a DMA engine copies while
 * the program goes on; a read gives the oldest piece's copy, and waits for it. A piece that is
 * longer than the buffer of a read is cut; the rest of it is gone. Where there is no piece, a read
 * gives 0. docs/memcopy.md.
 */
#ifndef MEMCOPY_H
#define MEMCOPY_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define MEMCOPY_PIECE_MAX (128 << 10) /* bytes of a piece */
#define MEMCOPY_FILE_MAX  (512 << 10) /* bytes that a file has not read yet; then a write waits */

struct memcopy_info {
	char channel[32]; /* empty: there is none, and the CPU copies all */
	__u64 offloaded;  /* pieces that the engine copied */
	__u64 by_cpu;     /* pieces that it was not asked for: short, odd, or no room */
	__u64 failed;     /* pieces that it reported an error for: the CPU copied them then */
	__u64 timed_out;  /* pieces that it did not end: the same */
};

#define MEMCOPY_IOC_INFO _IOR('m', 1, struct memcopy_info)

#endif
