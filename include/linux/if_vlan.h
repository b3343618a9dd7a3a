/* SPDX-License-Identifier: MIT */
/*
 * Sizes of frames with a VLAN tag. Nobody here asks a card to insert or take off a tag: no frame to
 * send has one beside its data.
 */
#ifndef _LINUX_IF_VLAN_H
#define _LINUX_IF_VLAN_H

#include <linux/etherdevice.h>
#include <linux/netdevice.h>

#define VLAN_HLEN 4
#define VLAN_ETH_HLEN 18
#define VLAN_ETH_ZLEN 64
#define VLAN_ETH_DATA_LEN 1500
#define VLAN_ETH_FRAME_LEN 1518

struct vlan_hdr {
	__be16 h_vlan_TCI;
	__be16 h_vlan_encapsulated_proto;
};

struct vlan_ethhdr {
	unsigned char h_dest[ETH_ALEN];
	unsigned char h_source[ETH_ALEN];
	__be16 h_vlan_proto;
	__be16 h_vlan_TCI;
	__be16 h_vlan_encapsulated_proto;
};

#define skb_vlan_tag_present(skb) ((skb)->vlan_all)
#define skb_vlan_tag_get(skb) ((skb)->vlan_tci)

#endif
