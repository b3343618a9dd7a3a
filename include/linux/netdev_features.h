/* SPDX-License-Identifier: MIT */
/*
 * What a card can do by itself. The stack makes use of scatter/gather, high memory and loopback;
 * the others may be set, and no frame asks for them: every checksum is in the frame already, and no
 * frame is longer than the MTU.
 */
#ifndef _LINUX_NETDEV_FEATURES_H
#define _LINUX_NETDEV_FEATURES_H

#include <linux/types.h>

typedef u64 netdev_features_t;

enum {
	NETIF_F_SG_BIT,
	NETIF_F_IP_CSUM_BIT,
	__UNUSED_NETIF_F_1,
	NETIF_F_HW_CSUM_BIT,
	NETIF_F_IPV6_CSUM_BIT,
	NETIF_F_HIGHDMA_BIT,
	NETIF_F_FRAGLIST_BIT,
	NETIF_F_HW_VLAN_CTAG_TX_BIT,
	NETIF_F_HW_VLAN_CTAG_RX_BIT,
	NETIF_F_HW_VLAN_CTAG_FILTER_BIT,
	NETIF_F_VLAN_CHALLENGED_BIT,
	NETIF_F_GSO_BIT,
	NETIF_F_GRO_BIT,
	NETIF_F_TSO_BIT,
	NETIF_F_TSO6_BIT,
	NETIF_F_RXHASH_BIT,
	NETIF_F_RXCSUM_BIT,
	NETIF_F_LOOPBACK_BIT,
	NETIF_F_RXFCS_BIT,
	NETIF_F_RXALL_BIT,
};

#define __NETIF_F_BIT(bit) ((netdev_features_t)1 << (bit))
#define __NETIF_F(name) __NETIF_F_BIT(NETIF_F_##name##_BIT)
#define NETIF_F_SG __NETIF_F(SG)
#define NETIF_F_IP_CSUM __NETIF_F(IP_CSUM)
#define NETIF_F_HW_CSUM __NETIF_F(HW_CSUM)
#define NETIF_F_IPV6_CSUM __NETIF_F(IPV6_CSUM)
#define NETIF_F_HIGHDMA __NETIF_F(HIGHDMA)
#define NETIF_F_FRAGLIST __NETIF_F(FRAGLIST)
#define NETIF_F_HW_VLAN_CTAG_TX __NETIF_F(HW_VLAN_CTAG_TX)
#define NETIF_F_HW_VLAN_CTAG_RX __NETIF_F(HW_VLAN_CTAG_RX)
#define NETIF_F_HW_VLAN_CTAG_FILTER __NETIF_F(HW_VLAN_CTAG_FILTER)
#define NETIF_F_VLAN_CHALLENGED __NETIF_F(VLAN_CHALLENGED)
#define NETIF_F_GSO __NETIF_F(GSO)
#define NETIF_F_GRO __NETIF_F(GRO)
#define NETIF_F_TSO __NETIF_F(TSO)
#define NETIF_F_TSO6 __NETIF_F(TSO6)
#define NETIF_F_RXHASH __NETIF_F(RXHASH)
#define NETIF_F_RXCSUM __NETIF_F(RXCSUM)
#define NETIF_F_LOOPBACK __NETIF_F(LOOPBACK)
#define NETIF_F_RXFCS __NETIF_F(RXFCS)
#define NETIF_F_RXALL __NETIF_F(RXALL)
#define NETIF_F_CSUM_MASK (NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM | NETIF_F_HW_CSUM)

#endif
