/* SPDX-License-Identifier: MIT */
/*
 * /dev/edu0, as a program sees it.
 *
 * read() and write() move bytes out of and into the card's memory at the file's position. How the
 * driver gets them there is the file's mode: through one consistent buffer that lives as long as
 * the driver (the default), or through a streaming mapping that is made for each call. mmap() shows
 * the consistent buffer; EDU_IOC_PUSH and EDU_IOC_PULL move it to the card and back.
 */
#ifndef EDU_H
#define EDU_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * Bytes of the card's memory that are used. It has 4,096, but QEMU 7.2 takes the end of a transfer
 * for its last byte, and ends itself when that byte is the 4,096th.
 */
#define EDU_SIZE 4092

enum edu_mode { EDU_COHERENT, EDU_STREAMING };

struct edu_move {
	__u32 offset; /* both in the buffer and in the card's memory */
	__u32 length; /* bytes, at least 1; offset + length is at most EDU_SIZE */
};

#define EDU_IOC_FACTORIAL _IOWR('e', 1, __u32) /* n in, n! modulo 2^32 out */
#define EDU_IOC_MODE      _IOW('e', 2, __u32)  /* enum edu_mode */
#define EDU_IOC_PUSH      _IOW('e', 3, struct edu_move)
#define EDU_IOC_PULL      _IOW('e', 4, struct edu_move)

#endif
