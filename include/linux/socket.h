/* SPDX-License-Identifier: MIT */
/*
 * A hardware address as ndo_set_mac_address() gets it. The shape is libc's too: a file includes
 * that or this.
 */
#ifndef _LINUX_SOCKET_H
#define _LINUX_SOCKET_H

#include <linux/types.h>

typedef unsigned short sa_family_t;

#ifndef _SYS_SOCKET_H
struct sockaddr {
	sa_family_t sa_family;
	char sa_data[14];
};
#endif

#endif
