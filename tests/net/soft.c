/* SPDX-License-Identifier: MIT */
#include "soft.h"

#include <linux/slab.h>

static DEFINE_SPINLOCK(forgotten);

static struct soft *to_soft(struct net_device *dev)
{
	return *(struct soft **)netdev_priv(dev);
}

static int soft_open(struct net_device *dev)
{
	struct soft *soft = to_soft(dev);

	if (soft->open_error)
		return soft->open_error;
	soft->opened++;
	napi_enable(&soft->napi);
	netif_start_queue(dev);
	return 0;
}

static int soft_stop(struct net_device *dev)
{
	struct soft *soft = to_soft(dev);

	soft->stopped++;
	netif_stop_queue(dev);
	napi_disable(&soft->napi);
	skb_queue_purge(&soft->pending);
	if (!soft->no_bql_reset)
		netdev_reset_queue(dev);
	return 0;
}

/* Returns how many there are then. */
static int put(struct sk_buff_head *list, struct sk_buff *skb)
{
	unsigned long flags;
	int n;

	spin_lock_irqsave(&list->lock, flags);
	__skb_queue_tail(list, skb);
	n = skb_queue_len(list);
	spin_unlock_irqrestore(&list->lock, flags);
	return n;
}

static netdev_tx_t soft_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct soft *soft = to_soft(dev);

	soft->xmit_atomic += in_atomic();
	for (int i = 0; i < skb_shinfo(skb)->nr_frags; i++)
		soft->high += PageHighMem(skb_frag_page(&skb_shinfo(skb)->frags[i]));
	if (soft->odd_answer) {
		netif_stop_queue(dev);
		return (netdev_tx_t)soft->odd_answer;
	}
	if (soft->busy) {
		if (soft->busy_freed)
			dev_kfree_skb_any(skb);
		return NETDEV_TX_BUSY;
	}
	if (soft->leave_locked)
		spin_lock(&forgotten);
	if (soft->free_twice)
		dev_kfree_skb_any(skb);
	if (soft->free_twice) {
		dev_kfree_skb_any(skb);
		return NETDEV_TX_OK;
	}
	if (soft->bql)
		netdev_sent_queue(dev, skb->len);
	if (put(&soft->pending, skb) >= soft->ring)
		netif_stop_queue(dev);
	if (!soft->swallow)
		napi_schedule(&soft->napi);
	return NETDEV_TX_OK;
}

static void hand_up(struct soft *soft, struct sk_buff *sent)
{
	struct sk_buff *skb = napi_alloc_skb(&soft->napi, sent->len);

	skb_copy_bits(sent, 0, skb_put(skb, sent->len), sent->len);
	if (!soft->no_type)
		skb->protocol = eth_type_trans(skb, soft->dev);
	napi_gro_receive(&soft->napi, skb);
}

static int soft_poll(struct napi_struct *napi, int budget)
{
	struct soft *soft = container_of(napi, struct soft, napi);
	struct sk_buff *sent;
	int work = 0;

	while (work < budget && (sent = skb_dequeue(&soft->pending))) {
		hand_up(soft, sent);
		if (soft->bql)
			netdev_completed_queue(soft->dev, 1, sent->len);
		napi_consume_skb(sent, budget);
		work++;
	}
	if (work > soft->most_at_once)
		soft->most_at_once = work;
	netif_wake_queue(soft->dev);
	if ((work < budget && !soft->no_complete) || soft->always_complete)
		napi_complete_done(napi, work);
	return work + soft->budget_lie;
}

static void soft_rx_mode(struct net_device *dev)
{
	to_soft(dev)->rx_modes += in_atomic();
}

static void soft_timeout(struct net_device *dev, unsigned int queue)
{
	struct soft *soft = to_soft(dev);

	__atomic_fetch_add(&soft->timeouts, 1, __ATOMIC_RELAXED);
	skb_queue_purge(&soft->pending);
	netif_trans_update(dev);
	netif_wake_queue(dev);
}

static void soft_destroy(struct net_device *dev)
{
	to_soft(dev)->destroyed = dev->reg_state;
}

static const struct net_device_ops soft_ops = {
	.ndo_open = soft_open,
	.ndo_stop = soft_stop,
	.ndo_start_xmit = soft_xmit,
	.ndo_set_rx_mode = soft_rx_mode,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_tx_timeout = soft_timeout,
};

struct soft *soft_new(void)
{
	struct soft *soft = kzalloc(sizeof(*soft), GFP_KERNEL);

	soft->dev = alloc_etherdev(sizeof(soft));
	*(struct soft **)netdev_priv(soft->dev) = soft;
	soft->dev->netdev_ops = &soft_ops;
	soft->dev->priv_destructor = soft_destroy;
	soft->dev->watchdog_timeo = HZ / 20;
	soft->dev->features = soft->dev->hw_features = NETIF_F_SG | NETIF_F_HIGHDMA;
	soft->ring = 8;
	skb_queue_head_init(&soft->pending);
	eth_hw_addr_random(soft->dev);
	netif_napi_add(soft->dev, &soft->napi, soft_poll);
	return soft;
}

int soft_register(struct soft *soft)
{
	return register_netdev(soft->dev);
}

void soft_release(struct soft *soft)
{
	soft->swallow = false;
	napi_schedule(&soft->napi);
}

void soft_free(struct soft *soft)
{
	if (soft->dev->reg_state == NETREG_REGISTERED)
		unregister_netdev(soft->dev);
	free_netdev(soft->dev);
	kfree(soft);
}
