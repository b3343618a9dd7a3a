/* SPDX-License-Identifier: MIT */
/*
 * dmakit/net.h: a test in the place of the protocols. Frames to send become sk_buffs here, and
 * received ones become bytes again.
 */
#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/mutex.h>

enum { UNREAD_MAX = 4096, ROOM_PATIENCE_MS = 2000, PIECE_MAX = PAGE_SIZE };

struct dmk_received {
	struct dmk_received *next;
	size_t size;
	unsigned char bytes[];
};

/* guards received frames and counters of all interfaces */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;

/* --- what the rest of the stack tells --------------------------------------------------------- */

static void make_condition(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &attr);
	pthread_condattr_destroy(&attr);
}

void dmk_net_init(struct dmk_netdev *netdev)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_condition);
	netdev->end = &netdev->first;
}

void dmk_net_release(struct dmk_netdev *netdev)
{
	struct dmk_received *frame;

	while ((frame = netdev->first)) {
		netdev->first = frame->next;
		free(frame);
	}
}

void dmk_net_changed(void)
{
	pthread_mutex_lock(&lock);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

void dmk_net_count(struct dmk_netdev *netdev, enum dmk_net_count what)
{
	struct dmk_net_counters *counters = &netdev->counters;
	uint64_t *const counter[] = {
		[DMK_NET_GIVEN] = &counters->given,	[DMK_NET_CONSUMED] = &counters->consumed,
		[DMK_NET_DROPPED] = &counters->dropped, [DMK_NET_BUSY] = &counters->busy,
		[DMK_NET_PURGED] = &counters->purged,	[DMK_NET_TIMEOUTS] = &counters->timeouts,
	};

	pthread_mutex_lock(&lock);
	++*counter[what];
	if (what == DMK_NET_BUSY)
		counters->given--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* The header that eth_type_trans() took off stands before the data still. */
void dmk_net_deliver(struct dmk_netdev *netdev, const struct sk_buff *skb)
{
	unsigned int header = skb->data - skb_mac_header(skb);
	struct dmk_received *frame = malloc(sizeof(*frame) + header + skb->len);
	bool room;

	if (frame) {
		frame->next = NULL;
		frame->size = header + skb->len;
		memcpy(frame->bytes, skb_mac_header(skb), header);
		skb_copy_bits(skb, 0, frame->bytes + header, skb->len);
	}
	pthread_mutex_lock(&lock);
	room = frame && netdev->nr_received < UNREAD_MAX;
	netdev->counters.received++;
	if (room) {
		*netdev->end = frame;
		netdev->end = &frame->next;
		netdev->nr_received++;
	} else {
		netdev->counters.lost++;
	}
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	if (!room)
		free(frame);
}

static struct timespec in_ms(int ms)
{
	struct timespec when;

	clock_gettime(CLOCK_MONOTONIC, &when);
	when.tv_sec += ms / 1000;
	when.tv_nsec += (long)(ms % 1000) * 1000000;
	if (when.tv_nsec >= 1000000000) {
		when.tv_nsec -= 1000000000;
		when.tv_sec++;
	}
	return when;
}

/*
 * Sleep until something happened; not longer than a moment, since not all that is waited for is
 * told.
 */
static bool wait_a_moment(const struct timespec *deadline)
{
	struct timespec moment = in_ms(2), now = in_ms(0);

	if (now.tv_sec > deadline->tv_sec ||
	    (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec))
		return false;
	pthread_mutex_lock(&lock);
	pthread_cond_timedwait(&changed, &lock, &moment);
	pthread_mutex_unlock(&lock);
	return true;
}

/* --- the interface ---------------------------------------------------------------------------- */

bool dmk_net_interface(unsigned int index, char *name, size_t size)
{
	return dmk_netdev_name(index, name, size);
}

/* Runs @call with rtnl held on the interface of that name; it is there until the call returned. */
static int locked(const char *name, int (*call)(struct net_device *dev, void *data), void *data)
{
	struct dmk_netdev *netdev = dmk_netdev_get(name);
	int result = -ENODEV;

	if (!netdev)
		return -ENODEV;
	/* Who unregisters it holds rtnl and waits for us: then it is gone for us too. */
	while (!rtnl_trylock()) {
		const struct timespec moment = { 0, 200000 };

		if (READ_ONCE(netdev->dev->reg_state) != NETREG_REGISTERED)
			goto put;
		nanosleep(&moment, NULL);
	}
	if (netdev->dev->reg_state == NETREG_REGISTERED)
		result = call(netdev->dev, data);
	rtnl_unlock();
put:
	dmk_netdev_put(netdev);
	return result;
}

static int call_up(struct net_device *dev, void *data)
{
	return dev_open(dev, NULL);
}

int dmk_net_up(const char *name)
{
	return locked(name, call_up, NULL);
}

static int call_down(struct net_device *dev, void *data)
{
	dev_close(dev);
	return 0;
}

int dmk_net_down(const char *name)
{
	return locked(name, call_down, NULL);
}

static int call_mtu(struct net_device *dev, void *data)
{
	return dev_set_mtu(dev, *(unsigned int *)data);
}

int dmk_net_set_mtu(const char *name, unsigned int mtu)
{
	return mtu > INT_MAX ? -EINVAL : locked(name, call_mtu, &mtu);
}

static int call_address(struct net_device *dev, void *data)
{
	struct sockaddr address = { .sa_family = dev->type };

	memcpy(address.sa_data, data, DMK_NET_ADDRESS);
	if (!dev->netdev_ops->ndo_set_mac_address)
		return -EOPNOTSUPP;
	if (!netif_device_present(dev))
		return -ENODEV;
	return dev->netdev_ops->ndo_set_mac_address(dev, &address);
}

int dmk_net_set_address(const char *name, const uint8_t address[DMK_NET_ADDRESS])
{
	return locked(name, call_address, (void *)address);
}

struct wanted_features {
	uint64_t wanted, mask;
};

static int call_features(struct net_device *dev, void *data)
{
	const struct wanted_features *request = data;

	if (request->mask & ~dev->hw_features)
		return -EOPNOTSUPP;
	dev->wanted_features = (dev->wanted_features & ~request->mask) |
			       (request->wanted & request->mask);
	netdev_update_features(dev);
	return (dev->features ^ request->wanted) & request->mask ? -EIO : 0;
}

int dmk_net_set_features(const char *name, uint64_t wanted, uint64_t mask)
{
	return locked(name, call_features, &(struct wanted_features){ wanted, mask });
}

static int call_promiscuous(struct net_device *dev, void *data)
{
	bool on = *(bool *)data;

	if (!on && !dev->promiscuity)
		return -ENOENT;
	dev->promiscuity += on ? 1 : -1;
	if (dev->promiscuity)
		dev->flags |= IFF_PROMISC;
	else
		dev->flags &= ~IFF_PROMISC;
	dmk_rx_mode_changed(dev);
	return 0;
}

int dmk_net_promiscuous(const char *name, bool on)
{
	return locked(name, call_promiscuous, &on);
}

struct membership {
	const uint8_t *group;
	bool join;
};

static struct netdev_hw_addr *member(struct net_device *dev, const uint8_t *group)
{
	struct netdev_hw_addr *address;

	netdev_for_each_mc_addr(address, dev)
		if (ether_addr_equal(address->addr, group))
			return address;
	return NULL;
}

/*
 * With the address lock held. @spare becomes the new entry, and NULL, if there is need of it; what
 * went is in it otherwise.
 */
static int change_membership(struct net_device *dev, const struct membership *request,
			     struct netdev_hw_addr **spare)
{
	struct netdev_hw_addr *address = member(dev, request->group);

	if (!request->join && !address)
		return -ENOENT;
	if (!address) {
		address = *spare;
		*spare = NULL;
		memcpy(address->addr, request->group, DMK_NET_ADDRESS);
		list_add_tail(&address->list, &dev->mc.list);
		dev->mc.count++;
	}
	address->refcount += request->join ? 1 : -1;
	if (!address->refcount) {
		list_del(&address->list);
		dev->mc.count--;
		free(address);
	}
	return 0;
}

static int call_multicast(struct net_device *dev, void *data)
{
	struct netdev_hw_addr *spare = calloc(1, sizeof(*spare));
	int err;

	if (!spare)
		return -ENOMEM;
	netif_addr_lock_bh(dev);
	err = change_membership(dev, data, &spare);
	netif_addr_unlock_bh(dev);
	free(spare);
	if (!err)
		dmk_rx_mode_changed(dev);
	return err;
}

int dmk_net_multicast(const char *name, const uint8_t group[DMK_NET_ADDRESS], bool join)
{
	if (!is_multicast_ether_addr(group))
		return -EINVAL;
	return locked(name, call_multicast, &(struct membership){ group, join });
}

static int call_info(struct net_device *dev, void *data)
{
	const struct ethtool_ops *ethtool = dev->ethtool_ops;
	struct ethtool_drvinfo driver = { 0 };
	struct dmk_net_info *info = data;

	memset(info, 0, sizeof(*info));
	if (ethtool && ethtool->get_drvinfo)
		ethtool->get_drvinfo(dev, &driver);
	snprintf(info->driver, sizeof(info->driver), "%.31s", driver.driver);
	snprintf(info->bus, sizeof(info->bus), "%.31s", driver.bus_info);
	memcpy(info->address, dev->dev_addr, DMK_NET_ADDRESS);
	info->mtu = dev->mtu;
	info->min_mtu = dev->min_mtu;
	info->max_mtu = dev->max_mtu;
	info->queues = dev->real_num_tx_queues;
	info->features = dev->features;
	info->can_change = dev->hw_features;
	info->up = dev->flags & IFF_UP;
	info->link = ethtool && ethtool->get_link ? ethtool->get_link(dev) : netif_carrier_ok(dev);
	info->promiscuous = dev->flags & IFF_PROMISC;
	return 0;
}

int dmk_net_info(const char *name, struct dmk_net_info *info)
{
	return locked(name, call_info, info);
}

int dmk_net_link(const char *name, int timeout_ms)
{
	const struct timespec deadline = in_ms(timeout_ms);
	bool link;

	do {
		struct dmk_netdev *netdev = dmk_netdev_get(name);

		if (!netdev)
			return -ENODEV;
		link = netif_carrier_ok(netdev->dev);
		dmk_netdev_put(netdev);
	} while (!link && wait_a_moment(&deadline));
	return link ? 0 : -ETIMEDOUT;
}

static int call_counters(struct net_device *dev, void *data)
{
	struct dmk_net_counters *counters = data;
	struct rtnl_link_stats64 stats;

	dev_get_stats(dev, &stats);
	pthread_mutex_lock(&lock);
	*counters = dev->dmk->counters;
	pthread_mutex_unlock(&lock);
	counters->waiting = dmk_queues_waiting(dev);
	counters->rx_packets = stats.rx_packets;
	counters->rx_bytes = stats.rx_bytes;
	counters->rx_errors = stats.rx_errors;
	counters->rx_dropped = stats.rx_dropped;
	counters->rx_missed = stats.rx_missed_errors;
	counters->tx_packets = stats.tx_packets;
	counters->tx_bytes = stats.tx_bytes;
	counters->tx_errors = stats.tx_errors;
	counters->tx_dropped = stats.tx_dropped;
	return 0;
}

int dmk_net_counters(const char *name, struct dmk_net_counters *counters)
{
	return locked(name, call_counters, counters);
}

struct statistic {
	unsigned int index;
	char *text;
	uint64_t *value;
};

static int call_statistic(struct net_device *dev, void *data)
{
	const struct ethtool_ops *ops = dev->ethtool_ops;
	const struct statistic *request = data;
	struct ethtool_stats header = { 0 };
	uint64_t *values;
	uint8_t *names;
	int n, err = 0;

	if (!ops || !ops->get_sset_count || !ops->get_strings || !ops->get_ethtool_stats)
		return -ENOENT;
	n = ops->get_sset_count(dev, ETH_SS_STATS);
	if (n < 0 || request->index >= (unsigned int)n)
		return -ENOENT;
	names = calloc(n, ETH_GSTRING_LEN);
	values = calloc(n, sizeof(*values));
	if (!names || !values) {
		err = -ENOMEM;
		goto free_both;
	}
	header.n_stats = n;
	ops->get_strings(dev, ETH_SS_STATS, names);
	ops->get_ethtool_stats(dev, &header, (u64 *)values);
	snprintf(request->text, ETH_GSTRING_LEN, "%.31s",
		 (char *)names + request->index * ETH_GSTRING_LEN);
	*request->value = values[request->index];

free_both:
	free(values);
	free(names);
	return err;
}

int dmk_net_statistic(const char *name, unsigned int index, char *text, uint64_t *value)
{
	return locked(name, call_statistic, &(struct statistic){ index, text, value });
}

/* --- frames to send --------------------------------------------------------------------------- */

static uint64_t next_number(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

/* Filled in by chance, or made sensible. */
static struct dmk_net_shape decide(const struct dmk_net_shape *asked, size_t size,
				   const struct net_device *dev)
{
	struct dmk_net_shape shape = *asked;

	if (shape.seed) {
		shape.linear = DMK_NET_HEADER +
			       next_number(&shape.seed) % (size - DMK_NET_HEADER + 1);
		shape.piece = 1 + next_number(&shape.seed) % PIECE_MAX;
		shape.offset = next_number(&shape.seed) % PIECE_MAX;
	}
	if (!shape.linear || shape.linear > size || !(dev->features & NETIF_F_SG))
		shape.linear = size;
	if (shape.linear < DMK_NET_HEADER)
		shape.linear = DMK_NET_HEADER;
	if (!shape.piece || shape.piece > PIECE_MAX)
		shape.piece = PIECE_MAX;
	if (shape.piece * MAX_SKB_FRAGS < size - shape.linear)
		shape.piece = DIV_ROUND_UP(size - shape.linear, MAX_SKB_FRAGS);
	shape.offset = shape.offset % PIECE_MAX;
	shape.high = shape.high && (dev->features & NETIF_F_HIGHDMA);
	return shape;
}

/* One page if the piece fits behind the offset, else two side by side. */
static int add_piece(struct sk_buff *skb, const unsigned char *bytes, unsigned int size,
		     const struct dmk_net_shape *shape)
{
	gfp_t gfp = shape->high ? GFP_HIGHUSER : GFP_KERNEL;
	struct page *page = alloc_pages(gfp, get_order(shape->offset + size));
	unsigned int at = shape->offset, left = size;

	if (!page)
		return -ENOMEM;
	while (left) {
		unsigned int here = min_t(unsigned int, left, PAGE_SIZE - offset_in_page(at));

		memcpy_to_page(page + (at >> PAGE_SHIFT), offset_in_page(at), (const char *)bytes,
			       here);
		bytes += here;
		at += here;
		left -= here;
	}
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, shape->offset, size, PAGE_SIZE);
	return 0;
}

static struct sk_buff *make_frame(struct net_device *dev, const unsigned char *bytes, size_t size,
				  const struct dmk_net_shape *asked, struct dmk_place place)
{
	struct dmk_net_shape shape = decide(asked, size, dev);
	struct sk_buff *skb =
		dmk_skb_alloc(shape.linear + dev->needed_headroom + dev->needed_tailroom, place);
	size_t done = shape.linear, n;

	if (!skb)
		return NULL;
	skb_reserve(skb, dev->needed_headroom);
	skb->dev = dev;
	skb_put_data(skb, bytes, shape.linear);
	for (; done < size; done += n) {
		n = min_t(size_t, shape.piece, size - done);
		if (add_piece(skb, bytes + done, n, &shape)) {
			kfree_skb(skb);
			return NULL;
		}
	}
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	skb->mac_len = ETH_HLEN;
	skb->protocol = eth_hdr(skb)->h_proto;
	return skb;
}

static int send_on(struct dmk_netdev *netdev, const void *frame, size_t size,
		   const struct dmk_net_shape *shape, struct dmk_place place)
{
	const struct timespec deadline = in_ms(ROOM_PATIENCE_MS);
	struct net_device *dev = netdev->dev;
	struct sk_buff *skb;
	int err;

	if (size < DMK_NET_HEADER)
		return -EINVAL;
	if (size > READ_ONCE(dev->mtu) + DMK_NET_HEADER)
		return -EMSGSIZE;
	if (!netif_running(dev))
		return -ENETDOWN;
	skb = make_frame(dev, frame, size, shape, place);
	if (!skb)
		return -ENOMEM;
	do {
		err = dmk_queue_send(dev, skb);
	} while (err == -ENOBUFS && wait_a_moment(&deadline));
	if (err)
		kfree_skb(skb);
	return err;
}

static int send_named(const char *name, const void *frame, size_t size,
		      const struct dmk_net_shape *shape, struct dmk_place place)
{
	struct dmk_netdev *netdev = dmk_netdev_get(name);
	int err;

	if (!netdev)
		return -ENODEV;
	err = send_on(netdev, frame, size, shape, place);
	dmk_netdev_put(netdev);
	return err;
}

int dmk_net_send(const char *name, const void *frame, size_t size)
{
	return send_named(name, frame, size, &(struct dmk_net_shape){ 0 }, DMK_HERE);
}

int dmk_net_send_shaped(const char *name, const void *frame, size_t size,
			const struct dmk_net_shape *shape)
{
	return send_named(name, frame, size, shape, DMK_HERE);
}

int dmk_net_flush(const char *name, int timeout_ms)
{
	const struct timespec deadline = in_ms(timeout_ms);
	bool busy;

	do {
		struct dmk_netdev *netdev = dmk_netdev_get(name);
		const struct dmk_net_counters *counters;

		if (!netdev)
			return -ENODEV;
		busy = dmk_queues_waiting(netdev->dev);
		counters = &netdev->counters;
		pthread_mutex_lock(&lock);
		busy |= counters->given != counters->consumed + counters->dropped;
		pthread_mutex_unlock(&lock);
		dmk_netdev_put(netdev);
	} while (busy && wait_a_moment(&deadline));
	return busy ? -ETIMEDOUT : 0;
}

/* --- received frames -------------------------------------------------------------------------- */

static struct dmk_received *take(struct dmk_netdev *netdev)
{
	struct dmk_received *frame;

	pthread_mutex_lock(&lock);
	frame = netdev->first;
	if (frame) {
		netdev->first = frame->next;
		if (!netdev->first)
			netdev->end = &netdev->first;
		netdev->nr_received--;
	}
	pthread_mutex_unlock(&lock);
	return frame;
}

long dmk_net_receive(const char *name, void *buffer, size_t size, int timeout_ms)
{
	const struct timespec deadline = in_ms(timeout_ms);
	struct dmk_received *frame;
	long result;

	do {
		struct dmk_netdev *netdev = dmk_netdev_get(name);

		if (!netdev)
			return -ENODEV;
		frame = take(netdev);
		dmk_netdev_put(netdev);
	} while (!frame && wait_a_moment(&deadline));
	if (!frame)
		return -EAGAIN;
	memcpy(buffer, frame->bytes, frame->size < size ? frame->size : size);
	result = (long)frame->size;
	free(frame);
	return result;
}
