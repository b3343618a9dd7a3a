/* SPDX-License-Identifier: MIT */
/*
 * /dev/uart0, as a program sees it: characters are written and read. One program has it at a time.
 * What comes while nobody has it is lost, and so is what comes when 8 KiB wait to be read.
 */
#ifndef UART_H
#define UART_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct uart_info {
	__u32 sent, received;    /* characters since open() */
	__u32 line_errors, lost; /* of those received: broken ones, and those that nobody took */
	__u32 timeouts;          /* writes that were not done in time */
};

#define UART_IOC_INFO _IOR('u', 1, struct uart_info)
#define UART_IOC_LOOP _IOW('u', 2, __u32) /* 1: what is sent is received; 0 with each open() */

#endif
