/* SPDX-License-Identifier: MIT */
/*
 * Ethernet: what all its interfaces have in common, their addresses, and the header of a received
 * frame.
 */
#include "net.h"

#include <linux/if_arp.h>

void ether_setup(struct net_device *dev)
{
	dev->type = ARPHRD_ETHER;
	dev->hard_header_len = ETH_HLEN;
	dev->min_header_len = ETH_HLEN;
	dev->mtu = ETH_DATA_LEN;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_DATA_LEN;
	dev->addr_len = ETH_ALEN;
	dev->tx_queue_len = 1000;
	dev->flags = IFF_BROADCAST | IFF_MULTICAST;
	eth_broadcast_addr(dev->broadcast);
}

struct ethhdr *eth_hdr(const struct sk_buff *skb)
{
	return (struct ethhdr *)skb_mac_header(skb);
}

static unsigned int whose(const struct ethhdr *header, const struct net_device *dev)
{
	if (is_broadcast_ether_addr(header->h_dest))
		return PACKET_BROADCAST;
	if (is_multicast_ether_addr(header->h_dest))
		return PACKET_MULTICAST;
	return ether_addr_equal(header->h_dest, dev->dev_addr) ? PACKET_HOST : PACKET_OTHERHOST;
}

__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev)
{
	const struct ethhdr *header;

	skb->dev = dev;
	skb_reset_mac_header(skb);
	if (skb_headlen(skb) < ETH_HLEN) {
		dmk_complain(
			__builtin_return_address(0),
			"eth_type_trans() of a frame with %u bytes in its linear part: the header's %u belong there",
			skb_headlen(skb), ETH_HLEN);
		return 0;
	}
	header = (const struct ethhdr *)skb->data;
	skb_pull(skb, ETH_HLEN);
	skb->pkt_type = whose(header, dev);
	if (be16_to_cpu(header->h_proto) >= ETH_P_802_3_MIN)
		return header->h_proto;
	return cpu_to_be16(ETH_P_802_2);
}

int eth_prepare_mac_addr_change(struct net_device *dev, void *address)
{
	const struct sockaddr *wanted = address;

	if (netif_running(dev))
		return -EBUSY;
	return is_valid_ether_addr((const u8 *)wanted->sa_data) ? 0 : -EADDRNOTAVAIL;
}

void eth_commit_mac_addr_change(struct net_device *dev, void *address)
{
	const struct sockaddr *wanted = address;

	eth_hw_addr_set(dev, (const u8 *)wanted->sa_data);
}

int eth_mac_addr(struct net_device *dev, void *address)
{
	int err = eth_prepare_mac_addr_change(dev, address);

	if (!err)
		eth_commit_mac_addr_change(dev, address);
	return err;
}

int eth_validate_addr(struct net_device *dev)
{
	return is_valid_ether_addr(dev->dev_addr) ? 0 : -EADDRNOTAVAIL;
}

u32 ethtool_op_get_link(struct net_device *dev)
{
	return netif_carrier_ok(dev);
}
