/* SPDX-License-Identifier: MIT */
/*
 * Network interfaces and their drivers: registering, opening and stopping, the transmit queues,
 * polling (NAPI), statistics.
 *
 * The stack above a driver is small and honest: it queues frames, hands them over with the queue's
 * lock held, asks again when the driver was busy, takes received frames and checks that they are
 * complete. It knows no protocol. Who uses an interface is a test or the default exercise, through
 * dmakit/net.h.
 */
#ifndef _LINUX_NETDEVICE_H
#define _LINUX_NETDEVICE_H

#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/netdev_features.h>
#include <linux/prefetch.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <linux/version.h>

#define MAX_ADDR_LEN 32
#define NETDEV_ALIGN 32
#define NAPI_POLL_WEIGHT 64
#define MAX_NEST_DEV 8
#define LL_MAX_HEADER 32

/**
 * What ndo_start_xmit() returns. BUSY is for a driver that stopped its queue: the frame is still
 * the stack's, which asks again.
 */
enum netdev_tx {
	NETDEV_TX_OK = 0x00,
	NETDEV_TX_BUSY = 0x10,
};
typedef enum netdev_tx netdev_tx_t;

#define NET_RX_SUCCESS 0
#define NET_RX_DROP 1
#define NET_XMIT_SUCCESS 0x00
#define NET_XMIT_DROP 0x01

#define NET_ADDR_PERM 0
#define NET_ADDR_RANDOM 1
#define NET_ADDR_STOLEN 2
#define NET_ADDR_SET 3

#define NET_NAME_UNKNOWN 0
#define NET_NAME_ENUM 1

/* The driver's own: it may count here, or fill ndo_get_stats64(). */
struct net_device_stats {
	unsigned long rx_packets;
	unsigned long tx_packets;
	unsigned long rx_bytes;
	unsigned long tx_bytes;
	unsigned long rx_errors;
	unsigned long tx_errors;
	unsigned long rx_dropped;
	unsigned long tx_dropped;
	unsigned long multicast;
	unsigned long collisions;
	unsigned long rx_length_errors;
	unsigned long rx_over_errors;
	unsigned long rx_crc_errors;
	unsigned long rx_frame_errors;
	unsigned long rx_fifo_errors;
	unsigned long rx_missed_errors;
	unsigned long tx_aborted_errors;
	unsigned long tx_carrier_errors;
	unsigned long tx_fifo_errors;
	unsigned long tx_heartbeat_errors;
	unsigned long tx_window_errors;
	unsigned long rx_compressed;
	unsigned long tx_compressed;
};

struct netdev_hw_addr {
	struct list_head list;
	unsigned char addr[MAX_ADDR_LEN];
	unsigned char type;
	int refcount;
};

struct netdev_hw_addr_list {
	struct list_head list;
	int count;
};

#define netdev_hw_addr_list_count(l) ((l)->count)
#define netdev_hw_addr_list_empty(l) ((l)->count == 0)
#define netdev_hw_addr_list_for_each(address, l) list_for_each_entry(address, &(l)->list, list)
#define netdev_uc_count(dev) netdev_hw_addr_list_count(&(dev)->uc)
#define netdev_uc_empty(dev) netdev_hw_addr_list_empty(&(dev)->uc)
#define netdev_for_each_uc_addr(address, dev) netdev_hw_addr_list_for_each(address, &(dev)->uc)
#define netdev_mc_count(dev) netdev_hw_addr_list_count(&(dev)->mc)
#define netdev_mc_empty(dev) netdev_hw_addr_list_empty(&(dev)->mc)
#define netdev_for_each_mc_addr(address, dev) netdev_hw_addr_list_for_each(address, &(dev)->mc)

/* --- polling ---------------------------------------------------------------------------------- */

enum { NAPI_STATE_SCHED, NAPI_STATE_MISSED, NAPI_STATE_DISABLE, NAPI_STATE_LISTED };

struct napi_struct {
	struct list_head poll_list; /* of those to be polled */
	unsigned long state;        /* guarded by kernel/net/napi.c's lock, as poll_list */
	int weight;
	int (*poll)(struct napi_struct *napi, int budget);
	struct net_device *dev;
	struct list_head dev_list; /* of the interface's */
	struct list_head rx_list;  /* empty: frames are not gathered */
	int rx_count;
	bool dmk_enabled;
	bool dmk_polling;
};

/**
 * netif_napi_add - @poll takes received frames, at most @budget a call, in softirq context; not
 * enabled yet
 *
 * The poll function returns how many it took. Fewer than @budget: it has called
 * napi_complete_done() before, and turned the card's interrupt on again. All of @budget: it has
 * not, and is called again. Called with budget 0 it may only clean up transmitted frames.
 */
void dmk_netif_napi_add(struct net_device *dev, struct napi_struct *napi,
			int (*poll)(struct napi_struct *napi, int budget), int weight);
#define netif_napi_add_weight(dev, napi, poll, weight) \
	dmk_netif_napi_add((dev), (napi), (poll), (weight))
#define netif_napi_add_tx_weight(dev, napi, poll, weight) \
	dmk_netif_napi_add((dev), (napi), (poll), (weight))
#define netif_napi_add_tx(dev, napi, poll) \
	dmk_netif_napi_add((dev), (napi), (poll), NAPI_POLL_WEIGHT)

/* Up to Linux 6.0 the weight was said. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
static inline void netif_napi_add(struct net_device *dev, struct napi_struct *napi,
				  int (*poll)(struct napi_struct *napi, int budget))
{
	dmk_netif_napi_add(dev, napi, poll, NAPI_POLL_WEIGHT);
}
#else
static inline void netif_napi_add(struct net_device *dev, struct napi_struct *napi,
				  int (*poll)(struct napi_struct *napi, int budget), int weight)
{
	dmk_netif_napi_add(dev, napi, poll, weight);
}
#define netif_tx_napi_add(dev, napi, poll, weight) \
	dmk_netif_napi_add((dev), (napi), (poll), (weight))
#endif

/**
 * netif_napi_del - forget it; disabled before, unless it never was enabled. free_netdev() does it
 * too. Sleeps.
 */
void netif_napi_del(struct napi_struct *napi) DMK_SYM(netif_napi_del);
#define __netif_napi_del(napi) netif_napi_del(napi)
void napi_enable(struct napi_struct *napi) DMK_SYM(napi_enable);
/** napi_disable - wait until it is not being polled, and keep it so. Sleeps. */
void napi_disable(struct napi_struct *napi) DMK_SYM(napi_disable);
void napi_synchronize(const struct napi_struct *napi) DMK_SYM(napi_synchronize);
/**
 * napi_schedule_prep - true: the caller turns the card's interrupt off and calls __napi_schedule()
 */
bool napi_schedule_prep(struct napi_struct *napi) DMK_SYM(napi_schedule_prep);
void __napi_schedule(struct napi_struct *napi) DMK_SYM(__napi_schedule);
#define __napi_schedule_irqoff(napi) __napi_schedule(napi)
/**
 * napi_complete_done - nothing is left to do: false: it will be polled again, so leave the card's
 * interrupt off. In poll alone.
 */
bool napi_complete_done(struct napi_struct *napi, int work_done) DMK_SYM(napi_complete_done);

static inline bool napi_complete(struct napi_struct *napi)
{
	return napi_complete_done(napi, 0);
}

static inline bool napi_schedule(struct napi_struct *napi)
{
	if (!napi_schedule_prep(napi))
		return false;
	__napi_schedule(napi);
	return true;
}

static inline bool napi_schedule_irqoff(struct napi_struct *napi)
{
	return napi_schedule(napi);
}

static inline bool napi_is_scheduled(struct napi_struct *napi)
{
	return test_bit(NAPI_STATE_SCHED, &napi->state);
}

static inline bool napi_disable_pending(struct napi_struct *napi)
{
	return test_bit(NAPI_STATE_DISABLE, &napi->state);
}

enum gro_result { GRO_MERGED, GRO_MERGED_FREE, GRO_HELD, GRO_NORMAL, GRO_CONSUMED };
typedef enum gro_result gro_result_t;

/**
 * napi_gro_receive, netif_receive_skb - a received frame for the stack: skb->protocol is set
 * (eth_type_trans())
 * netif_rx - from any context: taken up by a softirq
 *
 * Owner:   the stack, whatever is returned. No frames are joined.
 * Context: softirq (poll functions), interrupts on; netif_rx() any.
 */
gro_result_t napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb)
	DMK_SYM(napi_gro_receive);
int netif_receive_skb(struct sk_buff *skb) DMK_SYM(netif_receive_skb);
int netif_rx(struct sk_buff *skb) DMK_SYM(netif_rx);
#define netif_rx_ni(skb) netif_rx(skb)
#define netif_rx_any_context(skb) netif_rx(skb)

/* --- interfaces ------------------------------------------------------------------------------- */

enum { __QUEUE_STATE_DRV_XOFF, __QUEUE_STATE_STACK_XOFF, __QUEUE_STATE_FROZEN };
enum {
	__LINK_STATE_START,
	__LINK_STATE_PRESENT,
	__LINK_STATE_NOCARRIER,
	__LINK_STATE_LINKWATCH_PENDING,
	__LINK_STATE_DORMANT
};
enum {
	NETREG_UNINITIALIZED,
	NETREG_REGISTERED,
	NETREG_UNREGISTERING,
	NETREG_UNREGISTERED,
	NETREG_RELEASED
};

struct dmk_netdev;
struct dmk_netqueue;

struct netdev_queue {
	struct net_device *dev;
	unsigned long state;
	spinlock_t _xmit_lock; /* held while the driver is given a frame */
	unsigned long trans_start; /* jiffies: the last frame that it took */
	struct dmk_netqueue *dmk;
};

/** Called with rtnl held, unless said otherwise. Each may be NULL but for start_xmit. */
struct net_device_ops {
	int (*ndo_init)(struct net_device *dev);
	void (*ndo_uninit)(struct net_device *dev);
	/** Up: allocate, start the card, netif_start_queue(). An error: all is undone. Sleeps. */
	int (*ndo_open)(struct net_device *dev);
	/** Down: no frame is being handed over, and none comes before the next open. Sleeps. */
	int (*ndo_stop)(struct net_device *dev);
	/**
	 * Take a frame, with the queue's lock held, softirqs off: may not sleep. OK: the driver's,
	 * sent or dropped. BUSY: the stack's, and only where the queue was stopped.
	 */
	netdev_tx_t (*ndo_start_xmit)(struct sk_buff *skb, struct net_device *dev);
	u16 (*ndo_select_queue)(struct net_device *dev, struct sk_buff *skb,
				struct net_device *sb_dev);
	/** With the address lock held: may not sleep. */
	void (*ndo_set_rx_mode)(struct net_device *dev);
	int (*ndo_set_mac_address)(struct net_device *dev, void *address);
	int (*ndo_validate_addr)(struct net_device *dev);
	int (*ndo_change_mtu)(struct net_device *dev, int mtu);
	/** A queue was stopped for longer than watchdog_timeo. From a timer: may not sleep. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 6, 0)
	void (*ndo_tx_timeout)(struct net_device *dev, unsigned int txqueue);
#else
	void (*ndo_tx_timeout)(struct net_device *dev);
#endif
	void (*ndo_get_stats64)(struct net_device *dev, struct rtnl_link_stats64 *stats);
	struct net_device_stats *(*ndo_get_stats)(struct net_device *dev);
	netdev_features_t (*ndo_fix_features)(struct net_device *dev, netdev_features_t features);
	int (*ndo_set_features)(struct net_device *dev, netdev_features_t features);
};

struct net_device {
	char name[IFNAMSIZ];
	unsigned long state;
	const struct net_device_ops *netdev_ops;
	const struct ethtool_ops *ethtool_ops;
	unsigned int flags;
	unsigned long priv_flags;
	netdev_features_t features;        /* in use */
	netdev_features_t hw_features;     /* that a user may change */
	netdev_features_t wanted_features; /* that a user asked for */
	netdev_features_t vlan_features, hw_enc_features, mpls_features;

	unsigned int mtu, min_mtu, max_mtu; /* bytes behind the header; max_mtu 0: any */
	unsigned short type;
	unsigned short hard_header_len, needed_headroom, needed_tailroom;
	unsigned char addr_len, min_header_len, addr_assign_type;
	const unsigned char *dev_addr; /* written with eth_hw_addr_set() */
	unsigned char perm_addr[MAX_ADDR_LEN];
	unsigned char broadcast[MAX_ADDR_LEN];
	unsigned short dev_id, dev_port;
	spinlock_t addr_list_lock; /* guards uc, mc, promiscuity, allmulti */
	struct netdev_hw_addr_list uc, mc;
	unsigned int promiscuity, allmulti;
	bool uc_promisc;

	unsigned long mem_start, mem_end, base_addr;
	int irq;
	unsigned char if_port, dma;
	int ifindex;
	int reg_state;
	bool needs_free_netdev;
	void (*priv_destructor)(struct net_device *dev);

	struct netdev_queue *_tx;
	unsigned int num_tx_queues, real_num_tx_queues;
	unsigned int num_rx_queues, real_num_rx_queues;
	unsigned int tx_queue_len; /* frames that wait in the stack, a queue */
	int watchdog_timeo;        /* jiffies; 0: five seconds */
	struct list_head napi_list;

	struct net_device_stats stats;
	struct device dev; /* its parent is the card */
	struct dmk_netdev *dmk; /* the stack's own */
};

#define to_net_dev(device) container_of((device), struct net_device, dev)
#define SET_NETDEV_DEV(netdev, pdev) ((netdev)->dev.parent = (pdev))
#define SET_NETDEV_DEVTYPE(netdev, devtype) ((netdev)->dev.type = (devtype))

static inline void *netdev_priv(const struct net_device *dev)
{
	return (char *)dev + ALIGN(sizeof(struct net_device), NETDEV_ALIGN);
}

static inline const char *netdev_name(const struct net_device *dev)
{
	return dev->name[0] && !strchr(dev->name, '%') ? dev->name : "(unnamed net_device)";
}

struct net_device *alloc_netdev_mqs(int size, const char *name, unsigned char name_assign_type,
				    void (*setup)(struct net_device *dev), unsigned int txqs,
				    unsigned int rxqs) DMK_SYM(alloc_netdev_mqs);
#define alloc_netdev_mq(size, name, assign, setup, queues) \
	alloc_netdev_mqs((size), (name), (assign), (setup), (queues), (queues))
#define alloc_netdev(size, name, assign, setup) \
	alloc_netdev_mqs((size), (name), (assign), (setup), 1, 1)
/** free_netdev - after unregister_netdev(), or without a register_netdev(). NULL is nothing. */
void free_netdev(struct net_device *dev) DMK_SYM(free_netdev);
/**
 * register_netdev - from now on the interface may be opened; register_netdevice - with rtnl held
 * Return: 0, -EINVAL (no ndo_start_xmit), -EEXIST (the name is taken), -ENFILE (100 interfaces of
 *         that name), -ENOMEM, or what ndo_init() said. On error free_netdev() is due, and nothing
 *         else.
 */
int register_netdev(struct net_device *dev) DMK_SYM(register_netdev);
int register_netdevice(struct net_device *dev) DMK_SYM(register_netdevice);
int devm_register_netdev(struct device *dev, struct net_device *netdev)
	DMK_SYM(devm_register_netdev);
/** unregister_netdev - the opposite; brings the interface down first. Sleeps. */
void unregister_netdev(struct net_device *dev) DMK_SYM(unregister_netdev);
void unregister_netdevice(struct net_device *dev) DMK_SYM(unregister_netdevice);
void dev_hold(struct net_device *dev) DMK_SYM(dev_hold);
void dev_put(struct net_device *dev) DMK_SYM(dev_put);

/**
 * dev_open, dev_close - up and down, with rtnl held. dev_open(): 0 (also when up already), -ENODEV,
 * or what the driver said.
 */
struct netlink_ext_ack;
int dev_open(struct net_device *dev, struct netlink_ext_ack *extack) DMK_SYM(dev_open);
void dev_close(struct net_device *dev) DMK_SYM(dev_close);
int dev_set_mtu(struct net_device *dev, int mtu) DMK_SYM(dev_set_mtu);
void dev_addr_set(struct net_device *dev, const u8 *address) DMK_SYM(dev_addr_set);
void __dev_addr_set(struct net_device *dev, const void *address, size_t size)
	DMK_SYM(__dev_addr_set);
struct rtnl_link_stats64 *dev_get_stats(struct net_device *dev, struct rtnl_link_stats64 *stats)
	DMK_SYM(dev_get_stats);
void netdev_stats_to_stats64(struct rtnl_link_stats64 *to, const struct net_device_stats *from)
	DMK_SYM(netdev_stats_to_stats64);
/**
 * netdev_update_features - ask the driver anew which of the wanted features it can do; with rtnl
 * held
 */
void netdev_update_features(struct net_device *dev) DMK_SYM(netdev_update_features);
int netif_set_real_num_tx_queues(struct net_device *dev, unsigned int n)
	DMK_SYM(netif_set_real_num_tx_queues);
int netif_set_real_num_rx_queues(struct net_device *dev, unsigned int n)
	DMK_SYM(netif_set_real_num_rx_queues);

static inline void netif_addr_lock_bh(struct net_device *dev)
{
	spin_lock_bh(&dev->addr_list_lock);
}

static inline void netif_addr_unlock_bh(struct net_device *dev)
{
	spin_unlock_bh(&dev->addr_list_lock);
}

static inline bool netif_running(const struct net_device *dev)
{
	return test_bit(__LINK_STATE_START, &dev->state);
}

static inline bool netif_device_present(const struct net_device *dev)
{
	return test_bit(__LINK_STATE_PRESENT, &dev->state);
}

/**
 * netif_device_detach - the card is asleep or gone: no frame is handed over until
 * netif_device_attach()
 */
void netif_device_detach(struct net_device *dev) DMK_SYM(netif_device_detach);
void netif_device_attach(struct net_device *dev) DMK_SYM(netif_device_attach);

static inline bool netif_carrier_ok(const struct net_device *dev)
{
	return !test_bit(__LINK_STATE_NOCARRIER, &dev->state);
}

/**
 * netif_carrier_on, netif_carrier_off - there is a link partner, or none: without one no frame is
 * handed over. Any context.
 */
void netif_carrier_on(struct net_device *dev) DMK_SYM(netif_carrier_on);
void netif_carrier_off(struct net_device *dev) DMK_SYM(netif_carrier_off);

/* --- transmit queues -------------------------------------------------------------------------- */

/** dmk_netif_schedule - the queue may go on: from a softirq, soon */
void dmk_netif_schedule(struct netdev_queue *queue);

static inline struct netdev_queue *netdev_get_tx_queue(const struct net_device *dev,
						       unsigned int index)
{
	return &dev->_tx[index];
}

static inline struct netdev_queue *skb_get_tx_queue(const struct net_device *dev,
						    const struct sk_buff *skb)
{
	return netdev_get_tx_queue(dev, skb->queue_mapping);
}

static inline void netif_tx_start_queue(struct netdev_queue *queue)
{
	clear_bit(__QUEUE_STATE_DRV_XOFF, &queue->state);
}

static inline void netif_tx_stop_queue(struct netdev_queue *queue)
{
	set_bit(__QUEUE_STATE_DRV_XOFF, &queue->state);
}

static inline void netif_tx_wake_queue(struct netdev_queue *queue)
{
	if (test_and_clear_bit(__QUEUE_STATE_DRV_XOFF, &queue->state))
		dmk_netif_schedule(queue);
}

static inline bool netif_tx_queue_stopped(const struct netdev_queue *queue)
{
	return test_bit(__QUEUE_STATE_DRV_XOFF, &queue->state);
}

/* By the driver, or because enough bytes are on their way (BQL). */
static inline bool netif_xmit_stopped(const struct netdev_queue *queue)
{
	return __atomic_load_n(&queue->state, __ATOMIC_ACQUIRE) &
	       (BIT(__QUEUE_STATE_DRV_XOFF) | BIT(__QUEUE_STATE_STACK_XOFF));
}

static inline void netif_start_queue(struct net_device *dev)
{
	netif_tx_start_queue(netdev_get_tx_queue(dev, 0));
}

static inline void netif_stop_queue(struct net_device *dev)
{
	netif_tx_stop_queue(netdev_get_tx_queue(dev, 0));
}

static inline void netif_wake_queue(struct net_device *dev)
{
	netif_tx_wake_queue(netdev_get_tx_queue(dev, 0));
}

static inline bool netif_queue_stopped(const struct net_device *dev)
{
	return netif_tx_queue_stopped(netdev_get_tx_queue(dev, 0));
}

static inline void netif_start_subqueue(struct net_device *dev, u16 index)
{
	netif_tx_start_queue(netdev_get_tx_queue(dev, index));
}

static inline void netif_stop_subqueue(struct net_device *dev, u16 index)
{
	netif_tx_stop_queue(netdev_get_tx_queue(dev, index));
}

static inline void netif_wake_subqueue(struct net_device *dev, u16 index)
{
	netif_tx_wake_queue(netdev_get_tx_queue(dev, index));
}

static inline bool __netif_subqueue_stopped(const struct net_device *dev, u16 index)
{
	return netif_tx_queue_stopped(netdev_get_tx_queue(dev, index));
}

static inline bool netif_subqueue_stopped(const struct net_device *dev, const struct sk_buff *skb)
{
	return __netif_subqueue_stopped(dev, skb->queue_mapping);
}

static inline void netif_tx_start_all_queues(struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->num_tx_queues; i++)
		netif_tx_start_queue(netdev_get_tx_queue(dev, i));
}

static inline void netif_tx_stop_all_queues(struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->num_tx_queues; i++)
		netif_tx_stop_queue(netdev_get_tx_queue(dev, i));
}

static inline void netif_tx_wake_all_queues(struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->num_tx_queues; i++)
		netif_tx_wake_queue(netdev_get_tx_queue(dev, i));
}

static inline void __netif_tx_lock(struct netdev_queue *queue, int cpu)
{
	spin_lock(&queue->_xmit_lock);
}

static inline bool __netif_tx_trylock(struct netdev_queue *queue)
{
	return spin_trylock(&queue->_xmit_lock);
}

static inline void __netif_tx_unlock(struct netdev_queue *queue)
{
	spin_unlock(&queue->_xmit_lock);
}

static inline void __netif_tx_lock_bh(struct netdev_queue *queue)
{
	spin_lock_bh(&queue->_xmit_lock);
}

static inline void __netif_tx_unlock_bh(struct netdev_queue *queue)
{
	spin_unlock_bh(&queue->_xmit_lock);
}

/** netif_tx_lock - all queues at once; in their order, which is the order everywhere */
static inline void netif_tx_lock(struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->num_tx_queues; i++)
		spin_lock(&dev->_tx[i]._xmit_lock);
}

static inline void netif_tx_unlock(struct net_device *dev)
{
	unsigned int i = dev->num_tx_queues;

	while (i--)
		spin_unlock(&dev->_tx[i]._xmit_lock);
}

static inline void netif_tx_lock_bh(struct net_device *dev)
{
	local_bh_disable();
	netif_tx_lock(dev);
}

static inline void netif_tx_unlock_bh(struct net_device *dev)
{
	netif_tx_unlock(dev);
	local_bh_enable();
}

/** netif_tx_disable - stop all queues; when it returns the driver is being given no frame */
static inline void netif_tx_disable(struct net_device *dev)
{
	netif_tx_lock_bh(dev);
	netif_tx_stop_all_queues(dev);
	netif_tx_unlock_bh(dev);
}

static inline void txq_trans_cond_update(struct netdev_queue *queue)
{
	__atomic_store_n(&queue->trans_start, jiffies, __ATOMIC_RELAXED);
}

static inline void netif_trans_update(struct net_device *dev)
{
	txq_trans_cond_update(netdev_get_tx_queue(dev, 0));
}

/**
 * netdev_tx_sent_queue - @bytes were given to the card; netdev_tx_completed_queue - they, in so
 * many frames, came back
 *
 * Byte queue limits: with more than 256 KiB on their way the stack waits until some came back.
 * (Linux's limit adapts itself; the rules are the same.) More coming back than were sent, and bytes
 * that are still on their way when the interface is down, are reported: the queue would stand still
 * some day. netdev_tx_reset_queue() forgets what was on its way, when the driver gave it up.
 */
void netdev_tx_sent_queue(struct netdev_queue *queue, unsigned int bytes)
	DMK_SYM(netdev_tx_sent_queue);
void netdev_tx_completed_queue(struct netdev_queue *queue, unsigned int frames, unsigned int bytes)
	DMK_SYM(netdev_tx_completed_queue);
void netdev_tx_reset_queue(struct netdev_queue *queue) DMK_SYM(netdev_tx_reset_queue);
#define netdev_sent_queue(dev, bytes) netdev_tx_sent_queue(netdev_get_tx_queue((dev), 0), (bytes))
#define netdev_completed_queue(dev, frames, bytes) \
	netdev_tx_completed_queue(netdev_get_tx_queue((dev), 0), (frames), (bytes))
#define netdev_reset_queue(dev) netdev_tx_reset_queue(netdev_get_tx_queue((dev), 0))

/* --- messages: "driver card interface: text" -------------------------------------------------- */

void dmk_netdev_printk(int level, const struct net_device *dev, const char *format, ...)
	__printf(3, 4);
#define netdev_emerg(dev, fmt, ...) dmk_netdev_printk(0, dev, fmt, ##__VA_ARGS__)
#define netdev_alert(dev, fmt, ...) dmk_netdev_printk(1, dev, fmt, ##__VA_ARGS__)
#define netdev_crit(dev, fmt, ...) dmk_netdev_printk(2, dev, fmt, ##__VA_ARGS__)
#define netdev_err(dev, fmt, ...) dmk_netdev_printk(3, dev, fmt, ##__VA_ARGS__)
#define netdev_warn(dev, fmt, ...) dmk_netdev_printk(4, dev, fmt, ##__VA_ARGS__)
#define netdev_notice(dev, fmt, ...) dmk_netdev_printk(5, dev, fmt, ##__VA_ARGS__)
#define netdev_info(dev, fmt, ...) dmk_netdev_printk(6, dev, fmt, ##__VA_ARGS__)
#ifdef DEBUG
#define netdev_dbg(dev, fmt, ...) dmk_netdev_printk(7, dev, fmt, ##__VA_ARGS__)
#else
#define netdev_dbg(dev, fmt, ...)                                                                  \
	do {                                                                                       \
		if (0)                                                                             \
			dmk_netdev_printk(7, dev, fmt, ##__VA_ARGS__);                             \
	} while (0)
#endif
#define netdev_err_once(dev, fmt, ...) dmk_dev_once(netdev_err, dev, fmt, ##__VA_ARGS__)
#define netdev_warn_once(dev, fmt, ...) dmk_dev_once(netdev_warn, dev, fmt, ##__VA_ARGS__)
#define netdev_info_once(dev, fmt, ...) dmk_dev_once(netdev_info, dev, fmt, ##__VA_ARGS__)

enum {
	NETIF_MSG_DRV = 0x0001,
	NETIF_MSG_PROBE = 0x0002,
	NETIF_MSG_LINK = 0x0004,
	NETIF_MSG_TIMER = 0x0008,
	NETIF_MSG_IFDOWN = 0x0010,
	NETIF_MSG_IFUP = 0x0020,
	NETIF_MSG_RX_ERR = 0x0040,
	NETIF_MSG_TX_ERR = 0x0080,
	NETIF_MSG_TX_QUEUED = 0x0100,
	NETIF_MSG_INTR = 0x0200,
	NETIF_MSG_TX_DONE = 0x0400,
	NETIF_MSG_RX_STATUS = 0x0800,
	NETIF_MSG_PKTDATA = 0x1000,
	NETIF_MSG_HW = 0x2000,
	NETIF_MSG_WOL = 0x4000,
};
#define netif_msg_drv(p) ((p)->msg_enable & NETIF_MSG_DRV)
#define netif_msg_probe(p) ((p)->msg_enable & NETIF_MSG_PROBE)
#define netif_msg_link(p) ((p)->msg_enable & NETIF_MSG_LINK)
#define netif_msg_timer(p) ((p)->msg_enable & NETIF_MSG_TIMER)
#define netif_msg_ifdown(p) ((p)->msg_enable & NETIF_MSG_IFDOWN)
#define netif_msg_ifup(p) ((p)->msg_enable & NETIF_MSG_IFUP)
#define netif_msg_rx_err(p) ((p)->msg_enable & NETIF_MSG_RX_ERR)
#define netif_msg_tx_err(p) ((p)->msg_enable & NETIF_MSG_TX_ERR)
#define netif_msg_tx_queued(p) ((p)->msg_enable & NETIF_MSG_TX_QUEUED)
#define netif_msg_intr(p) ((p)->msg_enable & NETIF_MSG_INTR)
#define netif_msg_tx_done(p) ((p)->msg_enable & NETIF_MSG_TX_DONE)
#define netif_msg_rx_status(p) ((p)->msg_enable & NETIF_MSG_RX_STATUS)
#define netif_msg_hw(p) ((p)->msg_enable & NETIF_MSG_HW)

/**
 * netif_msg_init - the mask for a module's debug parameter: @value levels, lowest first; out of
 * range: @initial
 */
static inline u32 netif_msg_init(int value, int initial)
{
	if (value < 0 || value >= 32)
		return initial;
	return value ? (1U << value) - 1 : 0;
}

#define dmk_netif_printk(priv, type, print, dev, fmt, ...)                                         \
	do {                                                                                       \
		if (netif_msg_##type(priv))                                                        \
			print(dev, fmt, ##__VA_ARGS__);                                            \
	} while (0)
#define netif_err(priv, type, dev, fmt, ...) \
	dmk_netif_printk(priv, type, netdev_err, dev, fmt, ##__VA_ARGS__)
#define netif_warn(priv, type, dev, fmt, ...) \
	dmk_netif_printk(priv, type, netdev_warn, dev, fmt, ##__VA_ARGS__)
#define netif_notice(priv, type, dev, fmt, ...) \
	dmk_netif_printk(priv, type, netdev_notice, dev, fmt, ##__VA_ARGS__)
#define netif_info(priv, type, dev, fmt, ...) \
	dmk_netif_printk(priv, type, netdev_info, dev, fmt, ##__VA_ARGS__)
#define netif_dbg(priv, type, dev, fmt, ...) \
	dmk_netif_printk(priv, type, netdev_dbg, dev, fmt, ##__VA_ARGS__)

#endif
