/* SPDX-License-Identifier: MIT */
/*
 * Received frames: poll functions (NAPI), run in softirq context by a tasklet, and what becomes of
 * a frame that a driver hands up.
 *
 *	disabled --napi_enable--> idle --napi_schedule--> scheduled (on the list) --> polling
 *	--napi_complete_done--> idle
 *	    ^                                                  ^-- the whole budget used, or scheduled meanwhile --'
 *	    '---napi_disable: waits for idle, or for the end of the poll---'
 *
 * One lock guards the state of all; a poll function runs without it. The wait in napi_disable()
 * ends with what the poll function does, or, when that kept the instance for itself, with a
 * complaint: a kernel would wait for ever.
 */
#include "net.h"

#include <time.h>

enum { ROUNDS = 16, BACKLOG = 1000, STUCK_SECONDS = 1 };

/* guards every struct napi_struct's state, the list, the backlog */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(ready);
static struct sk_buff_head backlog; /* its own lock is not used */
static struct tasklet_struct receiver;

static bool is(const struct napi_struct *napi, int bit)
{
	return test_bit(bit, &napi->state);
}

/* --- polling ---------------------------------------------------------------------------------- */

static const void *place_of(const struct napi_struct *napi)
{
	return (const char *)napi->poll + 1;
}

/* With the lock held. */
static void make_ready(struct napi_struct *napi)
{
	if (!is(napi, NAPI_STATE_LISTED)) {
		set_bit(NAPI_STATE_LISTED, &napi->state);
		list_add_tail(&napi->poll_list, &ready);
	}
	tasklet_schedule(&receiver);
}

bool napi_schedule_prep(struct napi_struct *napi)
{
	bool mine;

	pthread_mutex_lock(&lock);
	mine = napi->dmk_enabled && !is(napi, NAPI_STATE_DISABLE) && !is(napi, NAPI_STATE_SCHED);
	if (mine)
		set_bit(NAPI_STATE_SCHED, &napi->state);
	else
		set_bit(NAPI_STATE_MISSED, &napi->state);
	pthread_mutex_unlock(&lock);
	return mine;
}

void __napi_schedule(struct napi_struct *napi)
{
	bool prepared;

	pthread_mutex_lock(&lock);
	prepared = is(napi, NAPI_STATE_SCHED) && napi->dmk_enabled;
	if (prepared)
		make_ready(napi);
	pthread_mutex_unlock(&lock);
	if (!prepared)
		dmk_complain(
			__builtin_return_address(0),
			"__napi_schedule() without a napi_schedule_prep() that said true: it may be polled by two at once");
}

bool napi_complete_done(struct napi_struct *napi, int work_done)
{
	bool was, polling, done = true;

	pthread_mutex_lock(&lock);
	was = is(napi, NAPI_STATE_SCHED);
	polling = napi->dmk_polling;
	if (was && polling) {
		clear_bit(NAPI_STATE_SCHED, &napi->state);
		done = !test_and_clear_bit(NAPI_STATE_MISSED, &napi->state) ||
		       is(napi, NAPI_STATE_DISABLE);
		if (!done) {
			set_bit(NAPI_STATE_SCHED, &napi->state);
			make_ready(napi);
		}
	}
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	if (!was || !polling)
		dmk_complain(__builtin_return_address(0),
			     polling ? "napi_complete_done() twice in one poll"
				     : "napi_complete_done() outside of the poll function");
	return done;
}

/*
 * With the lock held, after a poll that used its whole budget. Returns whether it may not have been
 * so.
 */
static bool go_on(struct napi_struct *napi)
{
	if (!is(napi, NAPI_STATE_SCHED) || is(napi, NAPI_STATE_LISTED))
		return false;
	if (is(napi, NAPI_STATE_DISABLE))
		clear_bit(NAPI_STATE_SCHED, &napi->state);
	else
		make_ready(napi);
	return true;
}

/*
 * The instance may be forgotten as soon as dmk_polling is false, so nothing of it is looked at
 * then.
 */
static void poll_one(struct napi_struct *napi)
{
	const char *name = netdev_name(napi->dev);
	const void *place = place_of(napi);
	int budget = napi->weight, work;
	unsigned int before = dmk_preempt_count();
	bool right = true;

	dmk_interleave();
	work = napi->poll(napi, budget);
	if (dmk_preempt_count() != before) {
		dmk_complain(
			place,
			"the poll function of %s returned with a lock held, or one released that it did not take",
			name);
		dmk_preempt_add((int)(before - dmk_preempt_count()));
	}
	if (work < 0 || work > budget)
		dmk_complain(place,
			     "the poll function of %s returned %d: it is 0 to its budget of %d",
			     name, work, budget);
	pthread_mutex_lock(&lock);
	if (work >= budget)
		right = go_on(napi);
	if (!right)
		dmk_complain(
			place,
			"the poll function of %s used its whole budget and had called napi_complete_done(): one or the other",
			name);
	napi->dmk_polling = false;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static struct napi_struct *next_ready(void)
{
	struct napi_struct *napi;

	pthread_mutex_lock(&lock);
	napi = list_first_entry_or_null(&ready, struct napi_struct, poll_list);
	if (napi) {
		list_del_init(&napi->poll_list);
		clear_bit(NAPI_STATE_LISTED, &napi->state);
		napi->dmk_polling = true;
	}
	pthread_mutex_unlock(&lock);
	return napi;
}

/* --- life ------------------------------------------------------------------------------------- */

void dmk_netif_napi_add(struct net_device *dev, struct napi_struct *napi,
			int (*poll)(struct napi_struct *napi, int budget), int weight)
{
	*napi = (struct napi_struct){ .weight = weight, .poll = poll, .dev = dev };
	INIT_LIST_HEAD(&napi->poll_list);
	INIT_LIST_HEAD(&napi->rx_list);
	pthread_mutex_lock(&lock);
	list_add_tail(&napi->dev_list, &dev->napi_list);
	pthread_mutex_unlock(&lock);
}

void napi_enable(struct napi_struct *napi)
{
	bool was;

	pthread_mutex_lock(&lock);
	was = napi->dmk_enabled;
	if (!was)
		napi->state = 0;
	napi->dmk_enabled = true;
	pthread_mutex_unlock(&lock);
	if (was)
		dmk_complain(__builtin_return_address(0),
			     "napi_enable() of one that is enabled; a kernel stops there");
}

static bool is_busy(const struct napi_struct *napi)
{
	return napi->dmk_polling || is(napi, NAPI_STATE_LISTED);
}

static struct timespec stuck_at(void)
{
	struct timespec when;

	clock_gettime(CLOCK_REALTIME, &when);
	when.tv_sec += STUCK_SECONDS;
	return when;
}

/* With the lock held. false: nobody polls it, nobody will, and it is not complete. */
static bool wait_until_complete(struct napi_struct *napi)
{
	struct timespec when = stuck_at();

	while (is_busy(napi) || is(napi, NAPI_STATE_SCHED)) {
		int err = pthread_cond_timedwait(&changed, &lock, &when);

		if (!err || is_busy(napi))
			when = stuck_at();
		else if (is(napi, NAPI_STATE_SCHED))
			return false;
	}
	return true;
}

void napi_disable(struct napi_struct *napi)
{
	const void *caller = __builtin_return_address(0);
	bool was, complete = true;

	dmk_might_sleep_at("napi_disable", DMK_HERE);
	pthread_mutex_lock(&lock);
	was = napi->dmk_enabled;
	set_bit(NAPI_STATE_DISABLE, &napi->state);
	if (was && !in_serving_softirq())
		complete = wait_until_complete(napi);
	napi->dmk_enabled = false;
	napi->state = 0;
	pthread_mutex_unlock(&lock);
	if (!was)
		dmk_complain(
			caller,
			"napi_disable() of one that is not enabled; a kernel waits there for ever");
	if (!complete)
		dmk_complain(
			caller,
			"napi_disable() waits for a poll function that took less than its budget and did not call "
			"napi_complete_done(); a kernel waits there for ever");
}

void napi_synchronize(const struct napi_struct *napi)
{
	dmk_might_sleep_at("napi_synchronize", DMK_HERE);
	pthread_mutex_lock(&lock);
	while (is_busy(napi))
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

/* With the lock held. Whether it was enabled still; it is polled no more. */
static bool forget(struct napi_struct *napi)
{
	bool was = napi->dmk_enabled;

	napi->dmk_enabled = false;
	while (napi->dmk_polling && !in_serving_softirq())
		pthread_cond_wait(&changed, &lock);
	list_del_init(&napi->poll_list);
	list_del_init(&napi->dev_list);
	napi->state = 0;
	return was;
}

static void say_enabled(const void *caller, const struct net_device *dev)
{
	dmk_complain(caller,
		     "a napi_struct of %s is deleted and was not disabled: napi_disable() first",
		     netdev_name(dev));
}

void netif_napi_del(struct napi_struct *napi)
{
	bool was;

	dmk_might_sleep_at("netif_napi_del", DMK_HERE);
	if (!napi->dev_list.next)
		return;
	pthread_mutex_lock(&lock);
	was = forget(napi);
	pthread_mutex_unlock(&lock);
	if (was)
		say_enabled(__builtin_return_address(0), napi->dev);
}

void dmk_napi_forget(struct net_device *dev)
{
	struct napi_struct *napi;
	bool was = false;

	pthread_mutex_lock(&lock);
	while ((napi = list_first_entry_or_null(&dev->napi_list, struct napi_struct, dev_list)))
		was |= forget(napi);
	pthread_mutex_unlock(&lock);
	if (was)
		say_enabled(dev->dmk->caller, dev);
}

/* --- frames ----------------------------------------------------------------------------------- */

/* What a protocol would need of a frame; says what is missing. */
static const char *missing(const struct sk_buff *skb)
{
	if (!skb->dev)
		return "skb->dev is not set: it says which interface received it";
	if (!skb->protocol || !skb_mac_header_was_set(skb))
		return "skb->protocol is not set: eth_type_trans() does that, and takes the header off";
	return NULL;
}

/* A protocol reads the whole of it, by and by: that it may is judged where the driver said so. */
static void stack_reads(const struct sk_buff *skb, const char *function, struct dmk_place place)
{
	dmk_memory_read(virt_to_phys(skb->data), skb_headlen(skb), function, place);
	for (unsigned int i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		dmk_memory_read(page_to_phys(skb_frag_page(frag)) + skb_frag_off(frag),
				skb_frag_size(frag), function, place);
	}
}

static int receive(struct sk_buff *skb, const char *function, struct dmk_place place)
{
	const char *what = missing(skb);

	if (what) {
		dmk_complain(place.caller, "%s() of a frame that is not complete: %s", function,
			     what);
		dev_kfree_skb_any(skb);
		return NET_RX_DROP;
	}
	if (place.caller && netif_running(skb->dev))
		stack_reads(skb, function, place);
	if (netif_running(skb->dev))
		dmk_net_deliver(skb->dev->dmk, skb);
	consume_skb(skb);
	return NET_RX_SUCCESS;
}

static void check_context(const char *function, const void *caller)
{
	if (in_hardirq() || irqs_disabled() || !in_softirq())
		dmk_complain(
			caller,
			"%s() outside of a softirq, or with interrupts off: netif_rx() may be called there",
			function);
}

gro_result_t napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb)
{
	const struct dmk_place place = DMK_HERE;

	check_context("napi_gro_receive", place.caller);
	receive(skb, "napi_gro_receive", place);
	return GRO_NORMAL;
}

int netif_receive_skb(struct sk_buff *skb)
{
	const struct dmk_place place = DMK_HERE;

	check_context("netif_receive_skb", place.caller);
	return receive(skb, "netif_receive_skb", place);
}

int netif_rx(struct sk_buff *skb)
{
	const char *what = missing(skb);
	bool room;

	if (what)
		return receive(skb, "netif_rx", DMK_HERE);
	if (netif_running(skb->dev))
		stack_reads(skb, "netif_rx", DMK_HERE);
	pthread_mutex_lock(&lock);
	room = skb_queue_len(&backlog) < BACKLOG;
	if (room)
		__skb_queue_tail(&backlog, skb);
	pthread_mutex_unlock(&lock);
	if (!room) {
		dev_kfree_skb_any(skb);
		return NET_RX_DROP;
	}
	tasklet_schedule(&receiver);
	return NET_RX_SUCCESS;
}

static struct sk_buff *next_of_backlog(void)
{
	struct sk_buff *skb;

	pthread_mutex_lock(&lock);
	skb = __skb_dequeue(&backlog);
	pthread_mutex_unlock(&lock);
	return skb;
}

void dmk_backlog_flush(struct net_device *dev)
{
	struct sk_buff_head mine;
	struct sk_buff *skb, *next;

	__skb_queue_head_init(&mine);
	pthread_mutex_lock(&lock);
	for (skb = backlog.next; skb != (struct sk_buff *)&backlog; skb = next) {
		next = skb->next;
		if (skb->dev != dev)
			continue;
		__skb_unlink(skb, &backlog);
		__skb_queue_tail(&mine, skb);
	}
	pthread_mutex_unlock(&lock);
	__skb_queue_purge(&mine);
}

/* A few, and then it is the turn of other tasklets. */
static void receive_ready(struct tasklet_struct *unused)
{
	struct napi_struct *napi;
	struct sk_buff *skb;
	unsigned int round;
	bool more;

	for (round = 0; round < ROUNDS && (napi = next_ready()); round++)
		poll_one(napi);
	for (round = 0; round < NAPI_POLL_WEIGHT && (skb = next_of_backlog()); round++)
		receive(skb, "netif_rx", (struct dmk_place){ NULL });
	pthread_mutex_lock(&lock);
	more = !list_empty(&ready) || !skb_queue_empty(&backlog);
	pthread_mutex_unlock(&lock);
	if (more)
		tasklet_schedule(&receiver);
}

void dmk_napi_start(void)
{
	__skb_queue_head_init(&backlog);
	tasklet_setup(&receiver, receive_ready);
}

void dmk_napi_stop(void)
{
	tasklet_kill(&receiver);
	__skb_queue_purge(&backlog);
	INIT_LIST_HEAD(&ready);
}
