/* SPDX-License-Identifier: MIT */
/*
 * What an interface is up to: its flags.
 */
#ifndef _LINUX_IF_H
#define _LINUX_IF_H

#include <linux/types.h>

#define IFNAMSIZ 16
#define IFALIASZ 256

#define IFF_UP 0x1
#define IFF_BROADCAST 0x2
#define IFF_DEBUG 0x4
#define IFF_LOOPBACK 0x8
#define IFF_POINTOPOINT 0x10
#define IFF_NOTRAILERS 0x20
#define IFF_RUNNING 0x40
#define IFF_NOARP 0x80
#define IFF_PROMISC 0x100
#define IFF_ALLMULTI 0x200
#define IFF_MULTICAST 0x1000

#endif
