/* SPDX-License-Identifier: MIT */
/*
 * Interfaces that are Ethernet: their making, their addresses, the header of a frame.
 */
#ifndef _LINUX_ETHERDEVICE_H
#define _LINUX_ETHERDEVICE_H

#include <linux/if_ether.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/string.h>

/**
 * alloc_etherdev_mqs - an interface with @size bytes for the driver behind it, zeroed
 * (netdev_priv()), not yet registered @txqs, @rxqs: queues, 1 to 64
 *
 * Owner:   the caller, until free_netdev().
 * Context: may sleep.
 * Return:  NULL: no memory, or no such number of queues.
 */
struct net_device *alloc_etherdev_mqs(int size, unsigned int txqs, unsigned int rxqs)
	DMK_SYM(alloc_etherdev_mqs);
#define alloc_etherdev(size) alloc_etherdev_mq((size), 1)
#define alloc_etherdev_mq(size, queues) alloc_etherdev_mqs((size), (queues), (queues))
struct net_device *devm_alloc_etherdev_mqs(struct device *dev, int size, unsigned int txqs,
					   unsigned int rxqs) DMK_SYM(devm_alloc_etherdev_mqs);
#define devm_alloc_etherdev(dev, size) devm_alloc_etherdev_mqs((dev), (size), 1, 1)
/** ether_setup - what all Ethernet interfaces have in common; alloc_etherdev() has done it. */
void ether_setup(struct net_device *dev) DMK_SYM(ether_setup);

/**
 * eth_type_trans - a received frame's header is looked at and taken off: who it is for, and which
 * protocol it has
 * Return: what belongs into skb->protocol.
 */
__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev) DMK_SYM(eth_type_trans);
/**
 * eth_mac_addr - an ndo_set_mac_address() for cards that take a new address only while down: 0,
 * -EBUSY, -EADDRNOTAVAIL
 */
int eth_mac_addr(struct net_device *dev, void *address) DMK_SYM(eth_mac_addr);
int eth_prepare_mac_addr_change(struct net_device *dev, void *address)
	DMK_SYM(eth_prepare_mac_addr_change);
void eth_commit_mac_addr_change(struct net_device *dev, void *address)
	DMK_SYM(eth_commit_mac_addr_change);
int eth_validate_addr(struct net_device *dev) DMK_SYM(eth_validate_addr);

static inline bool is_zero_ether_addr(const u8 *address)
{
	return !(address[0] | address[1] | address[2] | address[3] | address[4] | address[5]);
}

static inline bool is_multicast_ether_addr(const u8 *address)
{
	return address[0] & 1;
}

static inline bool is_unicast_ether_addr(const u8 *address)
{
	return !is_multicast_ether_addr(address);
}

static inline bool is_local_ether_addr(const u8 *address)
{
	return address[0] & 2;
}

static inline bool is_broadcast_ether_addr(const u8 *address)
{
	return (address[0] & address[1] & address[2] & address[3] & address[4] & address[5]) ==
	       0xff;
}

/** is_valid_ether_addr - one that an interface can have: not zero, not of a group */
static inline bool is_valid_ether_addr(const u8 *address)
{
	return !is_multicast_ether_addr(address) && !is_zero_ether_addr(address);
}

static inline void ether_addr_copy(u8 *to, const u8 *from)
{
	memcpy(to, from, ETH_ALEN);
}

static inline bool ether_addr_equal(const u8 *a, const u8 *b)
{
	return !memcmp(a, b, ETH_ALEN);
}

static inline void eth_zero_addr(u8 *address)
{
	memset(address, 0, ETH_ALEN);
}

static inline void eth_broadcast_addr(u8 *address)
{
	memset(address, 0xff, ETH_ALEN);
}

/** eth_random_addr - one of those that are nobody's: locally administered */
static inline void eth_random_addr(u8 *address)
{
	get_random_bytes(address, ETH_ALEN);
	address[0] = (address[0] & 0xfe) | 2;
}

static inline void eth_hw_addr_set(struct net_device *dev, const u8 *address)
{
	dev_addr_set(dev, address);
}

static inline void eth_hw_addr_random(struct net_device *dev)
{
	u8 address[ETH_ALEN];

	eth_random_addr(address);
	dev_addr_set(dev, address);
	dev->addr_assign_type = NET_ADDR_RANDOM;
}

static inline u64 ether_addr_to_u64(const u8 *address)
{
	u64 value = 0;
	int i;

	for (i = 0; i < ETH_ALEN; i++)
		value = value << 8 | address[i];
	return value;
}

static inline void u64_to_ether_addr(u64 value, u8 *address)
{
	int i;

	for (i = ETH_ALEN - 1; i >= 0; i--, value >>= 8)
		address[i] = value;
}

/** eth_skb_pad - to the shortest frame there is. On error (-ENOMEM) the frame is freed. */
static inline int eth_skb_pad(struct sk_buff *skb)
{
	return skb_put_padto(skb, ETH_ZLEN);
}

#endif
