/* SPDX-License-Identifier: MIT */
/*
 * The way to a driver's ndo_start_xmit(): frames wait in a queue, one thread at a time hands them
 * over, with the queue's lock held and softirqs off. What stands still goes on when the driver
 * wakes the queue, or, after NETDEV_TX_BUSY, some milliseconds later.
 *
 *	closed --open--> idle --a frame, or woken--> running --nothing to hand over--> idle
 *	   ^-------------------close-------------------'  (close waits until nobody runs it)
 *
 * Who finds a queue running leaves it alone: the one who runs it looks again, under the lock,
 * before it stops. A driver that wakes its queue clears the stop bit first and calls in afterwards,
 * so one of the two sees it.
 */
#include "net.h"

#include <stdlib.h>

enum { BYTES_UNDER_WAY = 256 << 10, RETRY_JIFFIES = 2 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards every struct dmk_netqueue */
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(scheduled);
static struct tasklet_struct transmitter;

/* The driver changes them at any time. */
static bool stands_still(const struct netdev_queue *queue)
{
	return __atomic_load_n(&queue->state, __ATOMIC_ACQUIRE);
}

static unsigned long last_sent(const struct netdev_queue *queue)
{
	return __atomic_load_n(&queue->trans_start, __ATOMIC_RELAXED);
}

/* --- handing over ----------------------------------------------------------------------------- */

/* The driver's function as a place: an address behind a call is looked up as the one before it. */
static const void *place_of(const void *function)
{
	return (const char *)function + 1;
}

static void check_context(const struct net_device *dev, unsigned int before)
{
	const void *place = place_of(dev->netdev_ops->ndo_start_xmit);
	unsigned int after = dmk_preempt_count();

	if (after == before)
		return;
	dmk_complain(place, "ndo_start_xmit() of %s returned with %s", netdev_name(dev),
		     after > before ? "a lock held that it took"
				    : "a lock released that it did not take");
	dmk_preempt_add((int)(before - after));
}

/*
 * NETDEV_TX_BUSY without a stopped queue: nothing says when to ask again, so the stack asks for
 * ever.
 */
static void check_busy(const struct netdev_queue *queue, const struct sk_buff *skb)
{
	const struct net_device *dev = queue->dev;
	const void *place = place_of(dev->netdev_ops->ndo_start_xmit);

	if (dmk_skb_is_freed(skb))
		dmk_complain(
			place,
			"ndo_start_xmit() of %s freed the frame and returned NETDEV_TX_BUSY: the stack sends it again",
			netdev_name(dev));
	else if (!netif_xmit_stopped(queue))
		dmk_complain(
			place,
			"ndo_start_xmit() of %s returned NETDEV_TX_BUSY and its queue is not stopped, so it is asked again for "
			"ever; a frame that can't be mapped is dropped: dev_kfree_skb_any(), tx_dropped++, NETDEV_TX_OK",
			netdev_name(dev));
}

static netdev_tx_t give(struct netdev_queue *queue, struct sk_buff *skb)
{
	struct net_device *dev = queue->dev;
	unsigned int before = dmk_preempt_count();
	netdev_tx_t result;

	dmk_skb_given(skb, dev->dmk);
	dmk_net_count(dev->dmk, DMK_NET_GIVEN);
	result = dev->netdev_ops->ndo_start_xmit(skb, dev);
	check_context(dev, before);
	if (result == NETDEV_TX_OK) {
		txq_trans_cond_update(queue);
		return result;
	}
	if (result != NETDEV_TX_BUSY)
		dmk_complain(
			place_of(dev->netdev_ops->ndo_start_xmit),
			"ndo_start_xmit() of %s returned %d, which is neither NETDEV_TX_OK nor NETDEV_TX_BUSY",
			netdev_name(dev), result);
	check_busy(queue, skb);
	if (dmk_skb_is_freed(skb))
		return NETDEV_TX_OK;
	dmk_net_count(dev->dmk, DMK_NET_BUSY);
	dmk_skb_given(skb, NULL);
	return NETDEV_TX_BUSY;
}

/* Between the look and the lock the driver may have stopped it. */
static bool hand_over(struct netdev_queue *queue, struct sk_buff *skb)
{
	netdev_tx_t result = NETDEV_TX_BUSY;

	__netif_tx_lock(queue, 0);
	if (!stands_still(queue))
		result = give(queue, skb);
	__netif_tx_unlock(queue);
	return result == NETDEV_TX_OK;
}

/* With the lock held. */
static void purge(struct dmk_netqueue *q, struct sk_buff_head *dropped)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&q->waiting)))
		__skb_queue_tail(dropped, skb);
}

static void free_purged(struct net_device *dev, struct sk_buff_head *dropped)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(dropped))) {
		dmk_net_count(dev->dmk, DMK_NET_PURGED);
		dev_kfree_skb_any(skb);
	}
}

/* With the lock held: the next frame that may be handed over; NULL ends the run. */
static struct sk_buff *next_frame(struct dmk_netqueue *q, struct sk_buff_head *dropped)
{
	struct net_device *dev = q->queue->dev;

	if (!q->open || !netif_carrier_ok(dev))
		purge(q, dropped);
	else if (netif_device_present(dev) && !stands_still(q->queue))
		return __skb_dequeue(&q->waiting);
	return NULL;
}

/*
 * The caller has set running. Interrupts may be off where the driver's may not: so the callers are
 * threads and the softirq.
 */
static void run(struct dmk_netqueue *q)
{
	struct net_device *dev = q->queue->dev;
	struct sk_buff_head dropped;
	struct sk_buff *skb;
	bool taken = true;

	__skb_queue_head_init(&dropped);
	local_bh_disable();
	pthread_mutex_lock(&lock);
	while (taken && (skb = next_frame(q, &dropped))) {
		pthread_mutex_unlock(&lock);
		taken = hand_over(q->queue, skb);
		pthread_mutex_lock(&lock);
		if (!taken)
			__skb_queue_head(&q->waiting, skb);
	}
	if (!taken && q->open)
		mod_timer(&dev->dmk->retry, jiffies + RETRY_JIFFIES);
	pthread_mutex_unlock(&lock);
	free_purged(dev, &dropped);
	local_bh_enable();

	/*
	 * The frames between the two locks: a queue that was woken or given one meanwhile is not
	 * left standing.
	 */
	pthread_mutex_lock(&lock);
	q->running = false;
	if (taken && q->open && skb_queue_len(&q->waiting) && !stands_still(q->queue) &&
	    list_empty(&q->scheduled)) {
		list_add_tail(&q->scheduled, &scheduled);
		tasklet_schedule(&transmitter);
	}
	pthread_cond_broadcast(&idle);
	pthread_mutex_unlock(&lock);
	dmk_net_changed();
}

/* With the lock held; returns whether the caller is to run it. */
static bool may_run(struct dmk_netqueue *q)
{
	bool mine = q->open && !q->running;

	if (mine)
		q->running = true;
	return mine;
}

static void transmit_scheduled(struct tasklet_struct *unused)
{
	struct dmk_netqueue *q;
	bool mine;

	for (;;) {
		pthread_mutex_lock(&lock);
		q = list_first_entry_or_null(&scheduled, struct dmk_netqueue, scheduled);
		if (q) {
			list_del_init(&q->scheduled);
			mine = may_run(q);
		}
		pthread_mutex_unlock(&lock);
		if (!q)
			return;
		if (mine)
			run(q);
	}
}

void dmk_netif_schedule(struct netdev_queue *queue)
{
	struct dmk_netqueue *q = queue->dmk;

	pthread_mutex_lock(&lock);
	if (q->open && list_empty(&q->scheduled)) {
		list_add_tail(&q->scheduled, &scheduled);
		tasklet_schedule(&transmitter);
	}
	pthread_mutex_unlock(&lock);
}

static void schedule_all(struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->num_tx_queues; i++)
		dmk_netif_schedule(netdev_get_tx_queue(dev, i));
}

static void retry(struct timer_list *timer)
{
	schedule_all(container_of(timer, struct dmk_netdev, retry)->dev);
}

static unsigned int choose(struct net_device *dev, struct sk_buff *skb)
{
	unsigned int queue = 0, i;

	if (dev->real_num_tx_queues == 1)
		return 0;
	if (dev->netdev_ops->ndo_select_queue)
		queue = dev->netdev_ops->ndo_select_queue(dev, skb, NULL);
	else
		for (i = 0; i < 2 * ETH_ALEN; i++)
			queue = queue * 31 + skb->data[i];
	return queue % dev->real_num_tx_queues;
}

int dmk_queue_send(struct net_device *dev, struct sk_buff *skb)
{
	struct dmk_netqueue *q;
	bool mine = false;
	int err = 0;

	if (!netif_carrier_ok(dev))
		return -ENOLINK;
	skb->queue_mapping = choose(dev, skb);
	q = netdev_get_tx_queue(dev, skb->queue_mapping)->dmk;
	pthread_mutex_lock(&lock);
	if (!q->open)
		err = -ENETDOWN;
	else if (skb_queue_len(&q->waiting) >= max(dev->tx_queue_len, 1U))
		err = -ENOBUFS;
	if (!err) {
		__skb_queue_tail(&q->waiting, skb);
		mine = may_run(q);
	}
	pthread_mutex_unlock(&lock);
	if (mine)
		run(q);
	return err;
}

unsigned int dmk_queues_waiting(struct net_device *dev)
{
	unsigned int i, n = 0;

	pthread_mutex_lock(&lock);
	for (i = 0; i < dev->num_tx_queues; i++)
		n += skb_queue_len(&dev->_tx[i].dmk->waiting) + dev->_tx[i].dmk->running;
	pthread_mutex_unlock(&lock);
	return n;
}

/* --- bytes under way -------------------------------------------------------------------------- */

static void set_limit(struct dmk_netqueue *q)
{
	if (q->sent - q->completed > BYTES_UNDER_WAY)
		set_bit(__QUEUE_STATE_STACK_XOFF, &q->queue->state);
}

void netdev_tx_sent_queue(struct netdev_queue *queue, unsigned int bytes)
{
	pthread_mutex_lock(&lock);
	queue->dmk->sent += bytes;
	set_limit(queue->dmk);
	pthread_mutex_unlock(&lock);
}

void netdev_tx_completed_queue(struct netdev_queue *queue, unsigned int frames, unsigned int bytes)
{
	struct dmk_netqueue *q = queue->dmk;
	unsigned long long under_way;
	bool goes_on = false;

	pthread_mutex_lock(&lock);
	under_way = q->sent - q->completed;
	q->completed += min_t(unsigned long long, bytes, under_way);
	if (q->sent - q->completed <= BYTES_UNDER_WAY)
		goes_on = test_and_clear_bit(__QUEUE_STATE_STACK_XOFF, &queue->state);
	pthread_mutex_unlock(&lock);
	if (bytes > under_way)
		dmk_complain(
			__builtin_return_address(0),
			"netdev_tx_completed_queue(): %u bytes came back, and %llu were on their way; a kernel stops there",
			bytes, under_way);
	if (goes_on)
		dmk_netif_schedule(queue);
}

void netdev_tx_reset_queue(struct netdev_queue *queue)
{
	pthread_mutex_lock(&lock);
	queue->dmk->completed = queue->dmk->sent;
	clear_bit(__QUEUE_STATE_STACK_XOFF, &queue->state);
	pthread_mutex_unlock(&lock);
}

void dmk_queues_check_stopped(struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->num_tx_queues; i++) {
		struct dmk_netqueue *q = dev->_tx[i].dmk;
		unsigned long long under_way;

		pthread_mutex_lock(&lock);
		under_way = q->sent - q->completed;
		q->completed = q->sent;
		pthread_mutex_unlock(&lock);
		if (under_way && dev->netdev_ops->ndo_stop)
			dmk_complain(
				place_of(dev->netdev_ops->ndo_stop),
				"%s is down, and %llu bytes that netdev_tx_sent_queue() counted never came back: in a kernel its "
				"queue would stand still some day; netdev_tx_reset_queue() forgets them",
				netdev_name(dev), under_way);
		clear_bit(__QUEUE_STATE_STACK_XOFF, &dev->_tx[i].state);
	}
}

/* --- the watchdog ----------------------------------------------------------------------------- */

static unsigned long patience(const struct net_device *dev)
{
	return dev->watchdog_timeo > 0 ? dev->watchdog_timeo : 5 * HZ;
}

static bool is_late(const struct net_device *dev, const struct netdev_queue *queue)
{
	return netif_xmit_stopped(queue) && time_after(jiffies, last_sent(queue) + patience(dev));
}

/* Frozen: while the driver is told, no queue is handed a frame, and it may take their locks. */
static void freeze(struct net_device *dev, bool on)
{
	unsigned int i;

	for (i = 0; i < dev->num_tx_queues; i++) {
		struct netdev_queue *queue = netdev_get_tx_queue(dev, i);

		__netif_tx_lock(queue, 0);
		if (on)
			set_bit(__QUEUE_STATE_FROZEN, &queue->state);
		else
			clear_bit(__QUEUE_STATE_FROZEN, &queue->state);
		__netif_tx_unlock(queue);
	}
	if (!on)
		schedule_all(dev);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 6, 0)
static void tell_timeout(struct net_device *dev, unsigned int queue)
{
	dev->netdev_ops->ndo_tx_timeout(dev, queue);
}
#else
static void tell_timeout(struct net_device *dev, unsigned int queue)
{
	dev->netdev_ops->ndo_tx_timeout(dev);
}
#endif

static void watch(struct timer_list *timer)
{
	struct dmk_netdev *netdev = container_of(timer, struct dmk_netdev, watchdog);
	struct net_device *dev = netdev->dev;
	unsigned int i, late = dev->num_tx_queues;

	spin_lock(&netdev->timeout_lock);
	if (netif_device_present(dev) && netif_running(dev) && netif_carrier_ok(dev)) {
		for (i = 0; i < dev->num_tx_queues && late == dev->num_tx_queues; i++)
			if (is_late(dev, netdev_get_tx_queue(dev, i)))
				late = i;
	}
	if (late < dev->num_tx_queues) {
		netdev_err(
			dev,
			"watchdog: transmit queue %u was stopped %u ms ago and not woken since\n",
			late, jiffies_to_msecs(jiffies - last_sent(&dev->_tx[late])));
		dmk_net_count(netdev, DMK_NET_TIMEOUTS);
		freeze(dev, true);
		tell_timeout(dev, late);
		freeze(dev, false);
	}
	spin_unlock(&netdev->timeout_lock);
	if (netif_running(dev))
		mod_timer(timer, jiffies + patience(dev));
}

/* --- link, presence --------------------------------------------------------------------------- */

static void link_changed(struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->num_tx_queues; i++)
		txq_trans_cond_update(netdev_get_tx_queue(dev, i));
	schedule_all(dev);
	dmk_net_changed();
}

void netif_carrier_on(struct net_device *dev)
{
	if (test_and_clear_bit(__LINK_STATE_NOCARRIER, &dev->state))
		link_changed(dev);
}

void netif_carrier_off(struct net_device *dev)
{
	if (!test_and_set_bit(__LINK_STATE_NOCARRIER, &dev->state))
		link_changed(dev);
}

void netif_device_detach(struct net_device *dev)
{
	if (test_and_clear_bit(__LINK_STATE_PRESENT, &dev->state) && netif_running(dev))
		netif_tx_stop_all_queues(dev);
}

void netif_device_attach(struct net_device *dev)
{
	if (test_and_set_bit(__LINK_STATE_PRESENT, &dev->state) || !netif_running(dev))
		return;
	netif_tx_wake_all_queues(dev);
	link_changed(dev);
}

/* --- life ------------------------------------------------------------------------------------- */

int dmk_queues_init(struct net_device *dev)
{
	unsigned int i;

	dev->_tx = calloc(dev->num_tx_queues, sizeof(*dev->_tx));
	if (!dev->_tx)
		return -ENOMEM;
	for (i = 0; i < dev->num_tx_queues; i++) {
		struct netdev_queue *queue = &dev->_tx[i];

		queue->dev = dev;
		queue->dmk = calloc(1, sizeof(*queue->dmk));
		if (!queue->dmk)
			return -ENOMEM;
		spin_lock_init(&queue->_xmit_lock);
		queue->dmk->queue = queue;
		__skb_queue_head_init(&queue->dmk->waiting);
		INIT_LIST_HEAD(&queue->dmk->scheduled);
	}
	timer_setup(&dev->dmk->watchdog, watch, 0);
	timer_setup(&dev->dmk->retry, retry, 0);
	spin_lock_init(&dev->dmk->timeout_lock);
	return 0;
}

/* Also after dmk_queues_init() failed half way. */
void dmk_queues_free(struct net_device *dev)
{
	unsigned int i;

	for (i = 0; dev->_tx && i < dev->num_tx_queues; i++)
		free(dev->_tx[i].dmk);
	free(dev->_tx);
	dev->_tx = NULL;
}

void dmk_queues_open(struct net_device *dev)
{
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < dev->num_tx_queues; i++) {
		txq_trans_cond_update(netdev_get_tx_queue(dev, i));
		dev->_tx[i].dmk->open = true;
	}
	pthread_mutex_unlock(&lock);
	if (dev->netdev_ops->ndo_tx_timeout)
		mod_timer(&dev->dmk->watchdog, jiffies + patience(dev));
}

static void close_one(struct net_device *dev, struct dmk_netqueue *q, struct sk_buff_head *dropped)
{
	pthread_mutex_lock(&lock);
	q->open = false;
	list_del_init(&q->scheduled);
	while (q->running)
		pthread_cond_wait(&idle, &lock);
	list_del_init(&q->scheduled);
	purge(q, dropped);
	pthread_mutex_unlock(&lock);
}

/* When it returns the driver is being given nothing, and told of no timeout. */
void dmk_queues_close(struct net_device *dev)
{
	struct sk_buff_head dropped;
	unsigned int i;

	__skb_queue_head_init(&dropped);
	for (i = 0; i < dev->num_tx_queues; i++)
		close_one(dev, dev->_tx[i].dmk, &dropped);
	free_purged(dev, &dropped);
	timer_delete_sync(&dev->dmk->retry);
	timer_delete_sync(&dev->dmk->watchdog);
}

void dmk_queue_start(void)
{
	tasklet_setup(&transmitter, transmit_scheduled);
}

void dmk_queue_stop(void)
{
	tasklet_kill(&transmitter);
}
