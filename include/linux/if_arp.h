/* SPDX-License-Identifier: MIT */
/*
 * What kind of hardware an interface's addresses are of. Here it is Ethernet.
 */
#ifndef _LINUX_IF_ARP_H
#define _LINUX_IF_ARP_H

#include <linux/netdevice.h>

#define ARPHRD_ETHER 1

#endif
