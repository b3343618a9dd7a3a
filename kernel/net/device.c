/* SPDX-License-Identifier: MIT */
/*
 * Interfaces: their making and registering, up and down, addresses, features, statistics. How
 * frames travel is not here.
 *
 * Everything that configures an interface holds rtnl, a mutex, first of all locks. The list of
 * registered interfaces has a lock of its own, so that who only looks one up need not wait for a
 * driver's ndo_open().
 */
#include "net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <dmakit/fail.h>
#include <linux/mutex.h>

enum { QUEUES_MAX = 64, NAMES_MAX = 100, HOLD_PATIENCE_MS = 1000 };

static DEFINE_MUTEX(rtnl);
static const struct task_struct *rtnl_owner;
static struct class net_class = { .name = "net" };

/* guards the list, and what struct dmk_netdev says it does */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(registered);
static int last_index;

/* --- rtnl ------------------------------------------------------------------------------------- */

void rtnl_lock(void)
{
	mutex_lock(&rtnl);
	__atomic_store_n(&rtnl_owner, current, __ATOMIC_RELAXED);
}

void rtnl_unlock(void)
{
	__atomic_store_n(&rtnl_owner, NULL, __ATOMIC_RELAXED);
	mutex_unlock(&rtnl);
}

int rtnl_trylock(void)
{
	if (!mutex_trylock(&rtnl))
		return 0;
	__atomic_store_n(&rtnl_owner, current, __ATOMIC_RELAXED);
	return 1;
}

int rtnl_is_locked(void)
{
	return mutex_is_locked(&rtnl);
}

static void want_rtnl(const char *what, const void *caller)
{
	if (__atomic_load_n(&rtnl_owner, __ATOMIC_RELAXED) != current)
		dmk_complain(caller, "%s() is called without rtnl_lock()", what);
}

void dmk_assert_rtnl(const char *what)
{
	want_rtnl(what, __builtin_return_address(0));
}

/* --- making one ------------------------------------------------------------------------------- */

static void free_addresses(struct netdev_hw_addr_list *list)
{
	struct netdev_hw_addr *address, *next;

	list_for_each_entry_safe(address, next, &list->list, list)
		free(address);
}

/* The last reference on its struct device is gone. */
static void release(struct device *device)
{
	struct net_device *dev = to_net_dev(device);

	dmk_skb_forget(dev->dmk);
	dmk_net_release(dev->dmk);
	dmk_queues_free(dev);
	free_addresses(&dev->uc);
	free_addresses(&dev->mc);
	free((void *)dev->dev_addr);
	free(dev->dmk);
	dmk_kfree_at(dev, (struct dmk_place){ 0 });
}

static int init(struct net_device *dev)
{
	dev->dmk = calloc(1, sizeof(*dev->dmk));
	dev->dev_addr = calloc(1, MAX_ADDR_LEN);
	if (!dev->dmk || !dev->dev_addr)
		return -ENOMEM;
	dev->dmk->dev = dev;
	dmk_net_init(dev->dmk);
	INIT_LIST_HEAD(&dev->dmk->link);
	INIT_LIST_HEAD(&dev->napi_list);
	INIT_LIST_HEAD(&dev->uc.list);
	INIT_LIST_HEAD(&dev->mc.list);
	spin_lock_init(&dev->addr_list_lock);
	set_bit(__LINK_STATE_PRESENT, &dev->state);
	return dmk_queues_init(dev);
}

static struct net_device *new_netdev(int size, const char *name,
				     void (*setup)(struct net_device *dev), unsigned int txqs,
				     unsigned int rxqs, struct dmk_place place)
{
	struct net_device *dev;

	if (size < 0 || !txqs || !rxqs || txqs > QUEUES_MAX || rxqs > QUEUES_MAX ||
	    strlen(name) >= IFNAMSIZ) {
		dmk_complain(
			place.caller,
			"alloc_netdev() of \"%s\" with %u and %u queues: 1 to %d, and names below 16 letters",
			name, txqs, rxqs, QUEUES_MAX);
		return NULL;
	}
	dev = dmk_kmalloc_at(ALIGN(sizeof(*dev), NETDEV_ALIGN) + size, GFP_KERNEL | __GFP_ZERO,
			     place);
	if (!dev)
		return NULL;
	device_initialize(&dev->dev);
	dev->dev.release = release;
	dev->dev.class = &net_class;
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	dev->num_tx_queues = dev->real_num_tx_queues = txqs;
	dev->num_rx_queues = dev->real_num_rx_queues = rxqs;
	if (init(dev)) {
		dmk_queues_free(dev);
		free(dev->dmk);
		free((void *)dev->dev_addr);
		dev->dev.release = NULL;
		put_device(&dev->dev);
		dmk_kfree_at(dev, place);
		return NULL;
	}
	setup(dev);
	return dev;
}

struct net_device *alloc_netdev_mqs(int size, const char *name, unsigned char name_assign_type,
				    void (*setup)(struct net_device *dev), unsigned int txqs,
				    unsigned int rxqs)
{
	dmk_might_sleep_at("alloc_netdev", DMK_HERE);
	return new_netdev(size, name, setup, txqs, rxqs, DMK_HERE);
}

struct net_device *alloc_etherdev_mqs(int size, unsigned int txqs, unsigned int rxqs)
{
	dmk_might_sleep_at("alloc_etherdev", DMK_HERE);
	return new_netdev(size, "eth%d", ether_setup, txqs, rxqs, DMK_HERE);
}

void free_netdev(struct net_device *dev)
{
	if (!dev)
		return;
	dmk_might_sleep_at("free_netdev", DMK_HERE);
	if (dev->reg_state == NETREG_REGISTERED) {
		dmk_complain(__builtin_return_address(0),
			     "free_netdev(%s): it is registered; unregister_netdev() first",
			     dev->name);
		unregister_netdev(dev);
	}
	dmk_napi_forget(dev);
	dev->reg_state = NETREG_RELEASED;
	put_device(&dev->dev);
}

static void devm_free(void *netdev)
{
	free_netdev(netdev);
}

struct net_device *devm_alloc_etherdev_mqs(struct device *dev, int size, unsigned int txqs,
					   unsigned int rxqs)
{
	struct net_device *netdev = new_netdev(size, "eth%d", ether_setup, txqs, rxqs, DMK_HERE);

	if (!netdev || devm_add_action_or_reset(dev, devm_free, netdev))
		return NULL;
	return netdev;
}

/* --- registering ------------------------------------------------------------------------------ */

/* With the lock held. */
static struct dmk_netdev *find(const char *name)
{
	struct dmk_netdev *netdev;

	list_for_each_entry(netdev, &registered, link)
		if (!strcmp(netdev->dev->name, name))
			return netdev;
	return NULL;
}

/* With the lock held: "eth%d" becomes the first that is free. */
static int choose_name(struct net_device *dev)
{
	char pattern[IFNAMSIZ], name[2 * IFNAMSIZ];
	const char *number = strstr(dev->name, "%d");
	int i;

	if (!number)
		return find(dev->name) ? -EEXIST : 0;
	snprintf(pattern, sizeof(pattern), "%.*s", (int)(number - dev->name), dev->name);
	for (i = 0; i < NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "%s%d%s", pattern, i, number + 2);
		if (strlen(name) >= IFNAMSIZ || find(name))
			continue;
		strcpy(dev->name, name);
		return 0;
	}
	return -ENFILE;
}

static int enlist(struct net_device *dev)
{
	int err;

	pthread_mutex_lock(&lock);
	err = choose_name(dev);
	if (!err) {
		dev->ifindex = ++last_index;
		list_add_tail(&dev->dmk->link, &registered);
		dev->dmk->listed = true;
	}
	pthread_mutex_unlock(&lock);
	return err;
}

static void delist(struct net_device *dev)
{
	pthread_mutex_lock(&lock);
	list_del_init(&dev->dmk->link);
	dev->dmk->listed = false;
	while (dev->dmk->users)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static int add_device(struct net_device *dev)
{
	int err = dev_set_name(&dev->dev, "%s", dev->name);

	return err ? err : device_add(&dev->dev);
}

static int register_one(struct net_device *dev, const void *caller)
{
	int err;

	want_rtnl("register_netdevice", caller);
	if (dev->reg_state != NETREG_UNINITIALIZED || !dev->netdev_ops ||
	    !dev->netdev_ops->ndo_start_xmit) {
		dmk_complain(caller, "register_netdev(): %s",
			     dev->reg_state != NETREG_UNINITIALIZED ? "it was registered before"
								    : "it has no ndo_start_xmit()");
		return -EINVAL;
	}
	if (dmk_should_fail(DMK_FAIL_MEMORY, caller))
		return -ENOMEM;
	if (dev->netdev_ops->ndo_init) {
		err = dev->netdev_ops->ndo_init(dev);
		if (err)
			return err > 0 ? -EIO : err;
	}
	dev->dmk->caller = caller;
	err = enlist(dev);
	if (err)
		goto uninit;
	err = add_device(dev);
	if (err)
		goto delist;
	if (dev->addr_assign_type == NET_ADDR_PERM)
		memcpy(dev->perm_addr, dev->dev_addr, dev->addr_len);
	dev->wanted_features |= dev->features & dev->hw_features;
	dev->reg_state = NETREG_REGISTERED;
	return 0;

delist:
	delist(dev);
uninit:
	if (dev->netdev_ops->ndo_uninit)
		dev->netdev_ops->ndo_uninit(dev);
	return err;
}

int register_netdevice(struct net_device *dev)
{
	dmk_might_sleep_at("register_netdevice", DMK_HERE);
	return register_one(dev, __builtin_return_address(0));
}

int register_netdev(struct net_device *dev)
{
	int err;

	dmk_might_sleep_at("register_netdev", DMK_HERE);
	rtnl_lock();
	err = register_one(dev, __builtin_return_address(0));
	rtnl_unlock();
	return err;
}

/* Who holds it may let go from another thread, soon. */
static void wait_for_holds(struct net_device *dev, const void *caller)
{
	unsigned int waited;
	int holds = 1;

	for (waited = 0; holds && waited < HOLD_PATIENCE_MS; waited++) {
		pthread_mutex_lock(&lock);
		holds = dev->dmk->holds;
		pthread_mutex_unlock(&lock);
		if (holds)
			nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
	if (holds)
		dmk_complain(
			caller,
			"unregister_netdev(%s) waits for %d dev_put(); a kernel waits there for ever",
			dev->name, holds);
}

/* The interface is nobody's afterwards but the driver's. */
static void unregister_one(struct net_device *dev, const void *caller)
{
	want_rtnl("unregister_netdevice", caller);
	if (dev->reg_state != NETREG_REGISTERED) {
		dmk_complain(caller, "unregister_netdev(%s): it is not registered",
			     netdev_name(dev));
		return;
	}
	dev_close(dev);
	dev->reg_state = NETREG_UNREGISTERING;
	delist(dev);
	dmk_backlog_flush(dev);
	if (dev->netdev_ops->ndo_uninit)
		dev->netdev_ops->ndo_uninit(dev);
	device_del(&dev->dev);
	wait_for_holds(dev, caller);
	dev->reg_state = NETREG_UNREGISTERED;
	if (dev->priv_destructor)
		dev->priv_destructor(dev);
	if (dev->needs_free_netdev)
		free_netdev(dev);
}

void unregister_netdevice(struct net_device *dev)
{
	dmk_might_sleep_at("unregister_netdevice", DMK_HERE);
	unregister_one(dev, __builtin_return_address(0));
}

void unregister_netdev(struct net_device *dev)
{
	dmk_might_sleep_at("unregister_netdev", DMK_HERE);
	rtnl_lock();
	unregister_one(dev, __builtin_return_address(0));
	rtnl_unlock();
}

static void devm_unregister(void *netdev)
{
	unregister_netdev(netdev);
}

int devm_register_netdev(struct device *dev, struct net_device *netdev)
{
	int err;

	dmk_might_sleep_at("devm_register_netdev", DMK_HERE);
	rtnl_lock();
	err = register_one(netdev, __builtin_return_address(0));
	rtnl_unlock();
	return err ? err : devm_add_action_or_reset(dev, devm_unregister, netdev);
}

void dev_hold(struct net_device *dev)
{
	pthread_mutex_lock(&lock);
	dev->dmk->holds++;
	pthread_mutex_unlock(&lock);
}

void dev_put(struct net_device *dev)
{
	bool held;

	pthread_mutex_lock(&lock);
	held = dev->dmk->holds > 0;
	dev->dmk->holds -= held;
	pthread_mutex_unlock(&lock);
	if (!held)
		dmk_complain(__builtin_return_address(0), "dev_put(%s) without a dev_hold()",
			     netdev_name(dev));
}

struct dmk_netdev *dmk_netdev_get(const char *name)
{
	struct dmk_netdev *netdev;

	pthread_mutex_lock(&lock);
	netdev = find(name);
	if (netdev)
		netdev->users++;
	pthread_mutex_unlock(&lock);
	return netdev;
}

void dmk_netdev_put(struct dmk_netdev *netdev)
{
	pthread_mutex_lock(&lock);
	netdev->users--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

bool dmk_netdev_name(unsigned int index, char *name, size_t size)
{
	struct dmk_netdev *netdev;
	bool found = false;

	pthread_mutex_lock(&lock);
	list_for_each_entry(netdev, &registered, link) {
		if (index--)
			continue;
		snprintf(name, size, "%s", netdev->dev->name);
		found = true;
		break;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

/* Devices are gone, and their drivers with them: what is here still was never unregistered. */
void dmk_netdevs_stop(void)
{
	struct dmk_netdev *netdev, *next;

	list_for_each_entry_safe(netdev, next, &registered, link) {
		dmk_complain(netdev->caller, "%s was registered and never unregistered",
			     netdev->dev->name);
		list_del_init(&netdev->link);
	}
	last_index = 0;
}

/* --- up and down ------------------------------------------------------------------------------ */

void dmk_rx_mode_changed(struct net_device *dev)
{
	if (!(dev->flags & IFF_UP) || !netif_device_present(dev) ||
	    !dev->netdev_ops->ndo_set_rx_mode)
		return;
	netif_addr_lock_bh(dev);
	dev->netdev_ops->ndo_set_rx_mode(dev);
	netif_addr_unlock_bh(dev);
}

static int open_one(struct net_device *dev)
{
	const struct net_device_ops *ops = dev->netdev_ops;
	int err = 0;

	set_bit(__LINK_STATE_START, &dev->state);
	if (ops->ndo_validate_addr)
		err = ops->ndo_validate_addr(dev);
	if (!err && ops->ndo_open)
		err = ops->ndo_open(dev);
	if (err) {
		clear_bit(__LINK_STATE_START, &dev->state);
		return err;
	}
	dev->flags |= IFF_UP;
	dmk_rx_mode_changed(dev);
	dmk_queues_open(dev);
	return 0;
}

int dev_open(struct net_device *dev, struct netlink_ext_ack *extack)
{
	want_rtnl("dev_open", __builtin_return_address(0));
	if (dev->flags & IFF_UP)
		return 0;
	if (dev->reg_state != NETREG_REGISTERED || !netif_device_present(dev))
		return -ENODEV;
	return open_one(dev);
}

void dev_close(struct net_device *dev)
{
	want_rtnl("dev_close", __builtin_return_address(0));
	if (!(dev->flags & IFF_UP))
		return;
	clear_bit(__LINK_STATE_START, &dev->state);
	dmk_queues_close(dev);
	if (dev->netdev_ops->ndo_stop)
		dev->netdev_ops->ndo_stop(dev);
	dev->flags &= ~IFF_UP;
	dmk_queues_check_stopped(dev);
}

/* --- configuration ---------------------------------------------------------------------------- */

int dev_set_mtu(struct net_device *dev, int mtu)
{
	int err = 0;

	want_rtnl("dev_set_mtu", __builtin_return_address(0));
	if (mtu == (int)dev->mtu)
		return 0;
	if (mtu < 0 || mtu < (int)dev->min_mtu || (dev->max_mtu && mtu > (int)dev->max_mtu))
		return -EINVAL;
	if (!netif_device_present(dev))
		return -ENODEV;
	if (dev->netdev_ops->ndo_change_mtu)
		err = dev->netdev_ops->ndo_change_mtu(dev, mtu);
	else
		WRITE_ONCE(dev->mtu, mtu);
	return err;
}

void __dev_addr_set(struct net_device *dev, const void *address, size_t size)
{
	memcpy((void *)dev->dev_addr, address, min_t(size_t, size, MAX_ADDR_LEN));
}

void dev_addr_set(struct net_device *dev, const u8 *address)
{
	__dev_addr_set(dev, address, dev->addr_len);
}

void netdev_update_features(struct net_device *dev)
{
	netdev_features_t wanted = (dev->features & ~dev->hw_features) | dev->wanted_features;
	int err = 0;

	want_rtnl("netdev_update_features", __builtin_return_address(0));
	if (dev->netdev_ops->ndo_fix_features)
		wanted = dev->netdev_ops->ndo_fix_features(dev, wanted);
	if (wanted == dev->features)
		return;
	if (dev->netdev_ops->ndo_set_features)
		err = dev->netdev_ops->ndo_set_features(dev, wanted);
	if (!err)
		dev->features = wanted;
}

static int set_real(struct net_device *dev, unsigned int n, unsigned int most, unsigned int *real,
		    const char *what, const void *caller)
{
	if (!n || n > most)
		return -EINVAL;
	if (dev->reg_state == NETREG_REGISTERED)
		want_rtnl(what, caller);
	*real = n;
	return 0;
}

int netif_set_real_num_tx_queues(struct net_device *dev, unsigned int n)
{
	return set_real(dev, n, dev->num_tx_queues, &dev->real_num_tx_queues,
			"netif_set_real_num_tx_queues", __builtin_return_address(0));
}

int netif_set_real_num_rx_queues(struct net_device *dev, unsigned int n)
{
	return set_real(dev, n, dev->num_rx_queues, &dev->real_num_rx_queues,
			"netif_set_real_num_rx_queues", __builtin_return_address(0));
}

/* --- statistics and messages ------------------------------------------------------------------ */

void netdev_stats_to_stats64(struct rtnl_link_stats64 *to, const struct net_device_stats *from)
{
	*to = (struct rtnl_link_stats64){
		.rx_packets = from->rx_packets,
		.tx_packets = from->tx_packets,
		.rx_bytes = from->rx_bytes,
		.tx_bytes = from->tx_bytes,
		.rx_errors = from->rx_errors,
		.tx_errors = from->tx_errors,
		.rx_dropped = from->rx_dropped,
		.tx_dropped = from->tx_dropped,
		.multicast = from->multicast,
		.collisions = from->collisions,
		.rx_length_errors = from->rx_length_errors,
		.rx_over_errors = from->rx_over_errors,
		.rx_crc_errors = from->rx_crc_errors,
		.rx_frame_errors = from->rx_frame_errors,
		.rx_fifo_errors = from->rx_fifo_errors,
		.rx_missed_errors = from->rx_missed_errors,
		.tx_aborted_errors = from->tx_aborted_errors,
		.tx_carrier_errors = from->tx_carrier_errors,
		.tx_fifo_errors = from->tx_fifo_errors,
		.tx_heartbeat_errors = from->tx_heartbeat_errors,
		.tx_window_errors = from->tx_window_errors,
		.rx_compressed = from->rx_compressed,
		.tx_compressed = from->tx_compressed,
	};
}

struct rtnl_link_stats64 *dev_get_stats(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	const struct net_device_ops *ops = dev->netdev_ops;

	memset(stats, 0, sizeof(*stats));
	if (ops->ndo_get_stats64)
		ops->ndo_get_stats64(dev, stats);
	else
		netdev_stats_to_stats64(stats,
					ops->ndo_get_stats ? ops->ndo_get_stats(dev) : &dev->stats);
	return stats;
}

void dmk_netdev_printk(int level, const struct net_device *dev, const char *format, ...)
{
	char text[DMK_MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	dmk_vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (dev && dev->dev.parent)
		dmk_dev_printk(level, dev->dev.parent, "%s: %s", netdev_name(dev), text);
	else
		dmk_dev_printk(level, NULL, "%s: %s", dev ? netdev_name(dev) : "(NULL net_device)",
			       text);
}
