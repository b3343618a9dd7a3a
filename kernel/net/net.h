/* SPDX-License-Identifier: MIT */
/*
 * What the files of kernel/net share. Each file has one lock of its own, under which it calls at
 * most a timer, a tasklet or the page allocator; the driver's functions are called with none of
 * them held.
 */
#ifndef DMK_KERNEL_NET_H
#define DMK_KERNEL_NET_H

#include "../internal.h"

#include <dmakit/net.h>
#include <linux/etherdevice.h>
#include <linux/netdevice.h>

struct dmk_received; /* host.c: a frame that waits for a test */

/**
 * The stack's part of an interface. It lies in the C heap, and lives as long as the struct
 * net_device.
 */
struct dmk_netdev {
	struct net_device *dev;
	/* of the registered ones; guarded by device.c's lock, as the next three */
	struct list_head link;
	unsigned int users;     /* calls of dmakit/net.h under way */
	int holds;              /* dev_hold() */
	bool listed;
	const void *caller; /* who registered it */

	struct timer_list watchdog, retry;
	spinlock_t timeout_lock; /* held around ndo_tx_timeout(), which may not sleep */

	/* host.c's: what was received, and the counts of both ways. Guarded by its lock. */
	struct dmk_received *first, **end;
	unsigned int nr_received;
	struct dmk_net_counters counters;
};

/** The stack's part of a transmit queue: frames that wait. Guarded by queue.c's lock. */
struct dmk_netqueue {
	struct netdev_queue *queue;
	struct sk_buff_head waiting; /* its own lock is not used */
	bool open;      /* frames may be queued */
	/* a thread hands frames to the driver; it looks again, under the lock, before it ends */
	bool running;
	struct list_head scheduled; /* to be run by the softirq */
	unsigned long long sent, completed; /* bytes, BQL */
};

/* --- skbuff.c --------------------------------------------------------------------------------- */

void dmk_skb_stop(void);
/** A frame for the stack itself: never made to fail. */
struct sk_buff *dmk_skb_alloc(unsigned int size, struct dmk_place place);
/**
 * The driver has it now, given by @from: when it is freed that is counted there. @from NULL: taken
 * back.
 */
void dmk_skb_given(struct sk_buff *skb, struct dmk_netdev *from);
/** Whether it has been freed since. */
bool dmk_skb_is_freed(const struct sk_buff *skb);
/** No frame refers to @from any more. */
void dmk_skb_forget(struct dmk_netdev *from);

/* --- queue.c ---------------------------------------------------------------------------------- */

void dmk_queue_start(void);
void dmk_queue_stop(void);
int dmk_queues_init(struct net_device *dev);
void dmk_queues_free(struct net_device *dev);
void dmk_queues_open(struct net_device *dev);
void dmk_queues_close(struct net_device *dev);
/** After ndo_stop(): what must be so then. */
void dmk_queues_check_stopped(struct net_device *dev);
/** The frame is the stack's when 0 is returned; -ENOBUFS, -ENETDOWN, -ENOLINK. */
int dmk_queue_send(struct net_device *dev, struct sk_buff *skb);
unsigned int dmk_queues_waiting(struct net_device *dev);

/* --- napi.c ----------------------------------------------------------------------------------- */

void dmk_napi_start(void);
void dmk_napi_stop(void);
/** All of the interface's are forgotten; those that are enabled still are complained of. */
void dmk_napi_forget(struct net_device *dev);
/** Frames of netif_rx() that wait for the softirq. */
void dmk_backlog_flush(struct net_device *dev);

/* --- device.c --------------------------------------------------------------------------------- */

void dmk_netdevs_stop(void);
/** The registered interface of that name, counted as used until dmk_netdev_put(); NULL: none. */
struct dmk_netdev *dmk_netdev_get(const char *name);
void dmk_netdev_put(struct dmk_netdev *netdev);
bool dmk_netdev_name(unsigned int index, char *name, size_t size);
/** With rtnl held. */
void dmk_rx_mode_changed(struct net_device *dev);

/* --- host.c ----------------------------------------------------------------------------------- */

void dmk_net_init(struct dmk_netdev *netdev);
void dmk_net_release(struct dmk_netdev *netdev);
/** Take a received frame's bytes. The frame stays the caller's. */
void dmk_net_deliver(struct dmk_netdev *netdev, const struct sk_buff *skb);
enum dmk_net_count {
	DMK_NET_GIVEN,
	DMK_NET_CONSUMED,
	DMK_NET_DROPPED,
	DMK_NET_BUSY,
	DMK_NET_PURGED,
	DMK_NET_TIMEOUTS
};
void dmk_net_count(struct dmk_netdev *netdev, enum dmk_net_count what);
/** Something that a waiting thread looks for may have changed. */
void dmk_net_changed(void);

#endif
