// SPDX-License-Identifier: MIT
/*
 * The stack above a network driver, on a machine of its own: frames, queues, polling, and what it
 * says of a driver that is wrong.
 */
#include "../kernel/fake.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <dmakit/net.h>
#include <linux/if_vlan.h>

#include "soft.h"

static int boot(void **state)
{
	fake_boot("", 64);
	fake_forget();
	*state = soft_new();
	return 0;
}

static int down_machine(void **state)
{
	soft_free(*state);
	fake_shutdown();
	return 0;
}

#define EVENTUALLY(condition)                                                                      \
	do {                                                                                       \
		int tries;                                                                         \
		for (tries = 0; tries < 10000 && !(condition); tries++)                            \
			usleep(500);                                                               \
		assert_true(condition);                                                            \
	} while (0)

#define assert_said(text) assert_true(fake_said(text))

static void up(struct soft *soft)
{
	assert_int_equal(soft_register(soft), 0);
	assert_int_equal(dmk_net_up("eth0"), 0);
}

static struct dmk_net_counters counters(void)
{
	struct dmk_net_counters counters;

	assert_int_equal(dmk_net_counters("eth0", &counters), 0);
	return counters;
}

static uint8_t frame[DMK_NET_FRAME_MAX], back[DMK_NET_FRAME_MAX];

static void fill(size_t size, unsigned int salt)
{
	for (size_t i = 0; i < size; i++)
		frame[i] = (uint8_t)(i * 7 + salt * 13 + (i >> 8));
}

/* --- frames ----------------------------------------------------------------------------------- */

static void test_a_frame_has_the_room_that_was_asked_for(void **state)
{
	struct soft *soft = *state;
	struct sk_buff *skb = netdev_alloc_skb(soft->dev, 100);
	u8 *before;

	assert_int_equal(skb->len, 0);
	assert_int_equal(skb_headroom(skb), NET_SKB_PAD);
	assert_true(skb_tailroom(skb) >= 100);
	assert_ptr_equal(skb->dev, soft->dev);
	memset(skb_put(skb, 100), 0xa5, 100);
	before = skb->data;
	assert_ptr_equal(skb_push(skb, 14), before - 14);
	assert_int_equal(skb->len, 114);
	assert_int_equal(*(u8 *)skb_pull(skb, 14), 0xa5);
	assert_null(skb_pull(skb, 101));
	skb_trim(skb, 10);
	assert_int_equal(skb->len, 10);
	assert_ptr_equal(skb_tail_pointer(skb), skb->data + 10);
	dev_kfree_skb(skb);
	assert_string_equal(fake_log(), "");
}

static void test_more_than_there_is_room_for_is_said_and_goes_nowhere(void **state)
{
	struct sk_buff *skb = alloc_skb(64, GFP_KERNEL);
	u8 *beyond;

	assert_int_equal(skb_tailroom(skb), 64);
	skb_put(skb, 60);
	beyond = skb_put(skb, 5);
	assert_said("skb_put() of 5 bytes, and the frame has room for 4");
	memset(beyond, 0, 5);
	assert_true(beyond < skb->head || beyond >= skb->head + 64);
	assert_int_equal(skb->len, 60);
	fake_forget();
	skb_push(skb, 1);
	assert_said("skb_push() of 1 bytes, and the frame has 0 of headroom");
	fake_forget();
	skb_reserve(skb, 4);
	assert_said("skb_reserve()");
	kfree_skb(skb);
}

static void test_a_second_free_is_said_and_does_no_harm(void **state)
{
	struct sk_buff *skb = alloc_skb(64, GFP_KERNEL);

	kfree_skb(skb_get(skb));
	assert_string_equal(fake_log(), "");
	kfree_skb(skb);
	assert_string_equal(fake_log(), "");
	kfree_skb(skb);
	assert_said("kfree_skb() of an sk_buff that was freed already");
	kfree_skb(NULL);
}

static void test_clones_share_bytes_until_the_last_is_gone(void **state)
{
	struct sk_buff *skb = alloc_skb(64, GFP_KERNEL), *clone, *copy;

	memset(skb_put(skb, 20), 7, 20);
	clone = skb_clone(skb, GFP_KERNEL);
	copy = skb_copy(skb, GFP_KERNEL);
	assert_true(skb_cloned(skb) && skb_cloned(clone) && !skb_cloned(copy));
	assert_ptr_equal(clone->data, skb->data);
	assert_ptr_not_equal(copy->data, skb->data);
	kfree_skb(skb);
	assert_int_equal(clone->data[19], 7);
	assert_false(skb_cloned(clone));
	assert_int_equal(copy->data[19], 7);
	kfree_skb(clone);
	kfree_skb(copy);
	assert_string_equal(fake_log(), "");
}

static struct sk_buff *in_pieces(unsigned int linear, unsigned int pieces, unsigned int each)
{
	struct sk_buff *skb = alloc_skb(linear, GFP_KERNEL);
	unsigned int i, at = linear;

	fill(linear + pieces * each, 3);
	memcpy(skb_put(skb, linear), frame, linear);
	for (i = 0; i < pieces; i++, at += each) {
		struct page *page = alloc_page(GFP_KERNEL);

		memcpy((u8 *)page_address(page) + 100, frame + at, each);
		skb_add_rx_frag(skb, i, page, 100, each, PAGE_SIZE);
	}
	return skb;
}

/* Against the bytes that it was made of: each way to look at or cut a frame in pieces. */
static void test_a_frame_in_pieces_is_its_bytes(void **state)
{
	unsigned long before = nr_free_pages();
	struct sk_buff *skb;
	unsigned int length;

	for (length = 0; length <= 1030; length += 103) {
		skb = in_pieces(30, 5, 200);
		assert_int_equal(skb->len, 1030);
		assert_int_equal(skb_headlen(skb), 30);
		assert_int_equal(skb_copy_bits(skb, 0, back, 1030), 0);
		assert_memory_equal(back, frame, 1030);
		assert_int_equal(skb_copy_bits(skb, 1030 - length, back, length), 0);
		assert_memory_equal(back, frame + 1030 - length, length);
		assert_int_equal(skb_copy_bits(skb, 1, back, 1030), -EFAULT);

		assert_true(pskb_may_pull(skb, length));
		assert_true(skb_headlen(skb) >= length);
		assert_int_equal(skb_copy_bits(skb, 0, back, 1030), 0);
		assert_memory_equal(back, frame, 1030);
		assert_int_equal(pskb_trim(skb, length), 0);
		assert_int_equal(skb->len, length);
		assert_int_equal(skb_linearize(skb), 0);
		assert_int_equal(skb_headlen(skb), length);
		assert_memory_equal(skb->data, frame, length);
		assert_int_equal(skb_put_padto(skb, 60), 0);
		assert_true(skb->len >= 60);
		kfree_skb(skb);
	}
	assert_string_equal(fake_log(), "");
	assert_true(nr_free_pages() + 8 >= before);
}

static void test_fragments_become_frames(void **state)
{
	unsigned int size = SKB_DATA_ALIGN(NET_SKB_PAD + 500) +
			    SKB_DATA_ALIGN(sizeof(struct skb_shared_info)),
		     i;
	unsigned long before = nr_free_pages();
	struct sk_buff *skb[40];

	for (i = 0; i < ARRAY_SIZE(skb); i++) {
		void *data = napi_alloc_frag(size);

		assert_non_null(data);
		assert_true(IS_ALIGNED((unsigned long)data, 64));
		skb[i] = napi_build_skb(data, size);
		skb_reserve(skb[i], NET_SKB_PAD);
		memset(skb_put(skb[i], 500), i, 500);
		assert_int_equal(skb_tailroom(skb[i]),
				 size - SKB_DATA_ALIGN(sizeof(struct skb_shared_info)) -
					 NET_SKB_PAD - 500);
	}
	for (i = 0; i < ARRAY_SIZE(skb); i++) {
		assert_int_equal(skb[i]->data[0], i);
		assert_int_equal(skb[i]->data[499], i);
		kfree_skb(skb[i]);
	}
	/* All but the block that the next ones are cut of. */
	assert_string_equal(fake_log(), "");
	assert_true(nr_free_pages() + 8 >= before);
	skb[0] = build_skb(kmalloc(1024, GFP_KERNEL), 0);
	assert_int_equal(skb_end_offset(skb[0]), SKB_WITH_OVERHEAD(1024));
	kfree_skb(skb[0]);
	skb_free_frag(netdev_alloc_frag(100));
	assert_null(build_skb(frame, 64));
	assert_said("build_skb() of 64 bytes");
}

static void test_a_header_says_who_a_frame_is_for(void **state)
{
	static const struct {
		u8 to[ETH_ALEN];
		unsigned int type;
	} table[] = {
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, PACKET_BROADCAST },
		{ { 0x01, 0, 0x5e, 0, 0, 1 }, PACKET_MULTICAST },
		{ { 2, 0, 0, 0, 0, 7 }, PACKET_HOST },
		{ { 2, 0, 0, 0, 0, 8 }, PACKET_OTHERHOST },
	};
	struct soft *soft = *state;

	eth_hw_addr_set(soft->dev, table[2].to);
	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
		struct sk_buff *skb = netdev_alloc_skb(soft->dev, 60);

		memcpy(skb_put_zero(skb, 60), table[i].to, ETH_ALEN);
		skb->data[12] = 0x08;
		assert_int_equal(eth_type_trans(skb, soft->dev), cpu_to_be16(ETH_P_IP));
		assert_int_equal(skb->pkt_type, table[i].type);
		assert_int_equal(skb->len, 46);
		assert_memory_equal(eth_hdr(skb)->h_dest, table[i].to, ETH_ALEN);
		kfree_skb(skb);
	}
}

/* --- interfaces ------------------------------------------------------------------------------- */

static void test_an_interface_has_the_first_free_name(void **state)
{
	struct soft *soft = *state, *second = soft_new(), *third = soft_new();
	char name[DMK_NET_NAME];

	assert_int_equal(soft_register(soft), 0);
	assert_int_equal(soft_register(second), 0);
	assert_string_equal(second->dev->name, "eth1");
	strcpy(third->dev->name, "eth1");
	assert_int_equal(soft_register(third), -EEXIST);
	assert_true(dmk_net_interface(1, name, sizeof(name)));
	assert_string_equal(name, "eth1");
	assert_false(dmk_net_interface(2, name, sizeof(name)));
	soft_free(third);
	soft_free(second);
	assert_int_equal(dmk_net_up("eth1"), -ENODEV);
}

static void test_an_open_that_fails_leaves_it_down(void **state)
{
	struct soft *soft = *state;
	uint8_t none[ETH_ALEN] = { 0 };

	soft->open_error = -ENOMEM;
	assert_int_equal(soft_register(soft), 0);
	assert_int_equal(dmk_net_up("eth0"), -ENOMEM);
	assert_false(netif_running(soft->dev));
	assert_int_equal(dmk_net_send("eth0", frame, 60), -ENETDOWN);
	soft->open_error = 0;
	eth_hw_addr_set(soft->dev, none);
	assert_int_equal(dmk_net_up("eth0"), -EADDRNOTAVAIL);
	eth_hw_addr_random(soft->dev);
	assert_int_equal(dmk_net_up("eth0"), 0);
	assert_int_equal(dmk_net_up("eth0"), 0);
	assert_int_equal(soft->opened, 1);
	assert_int_equal(dmk_net_down("eth0"), 0);
	assert_int_equal(dmk_net_down("eth0"), 0);
	assert_int_equal(soft->stopped, 1);
}

static void test_what_is_configured_is_checked(void **state)
{
	static const uint8_t group[] = { 1, 0, 0x5e, 0, 0, 1 }, mine[] = { 2, 0, 0, 0, 0, 9 };
	struct soft *soft = *state;
	struct dmk_net_info info;

	up(soft);
	assert_int_equal(dmk_net_set_mtu("eth0", 67), -EINVAL);
	assert_int_equal(dmk_net_set_mtu("eth0", 1501), -EINVAL);
	assert_int_equal(dmk_net_set_mtu("eth0", 1000), 0);
	assert_int_equal(dmk_net_send("eth0", frame, 1015), -EMSGSIZE);
	assert_int_equal(dmk_net_send("eth0", frame, 13), -EINVAL);
	assert_int_equal(dmk_net_set_address("eth0", mine), -EBUSY);
	assert_int_equal(dmk_net_promiscuous("eth0", false), -ENOENT);
	soft->rx_modes = 0;
	assert_int_equal(dmk_net_promiscuous("eth0", true), 0);
	assert_int_equal(dmk_net_multicast("eth0", mine, true), -EINVAL);
	assert_int_equal(dmk_net_multicast("eth0", group, true), 0);
	assert_int_equal(dmk_net_multicast("eth0", group, true), 0);
	assert_int_equal(netdev_mc_count(soft->dev), 1);
	assert_int_equal(dmk_net_multicast("eth0", group, false), 0);
	assert_int_equal(dmk_net_multicast("eth0", group, false), 0);
	assert_int_equal(dmk_net_multicast("eth0", group, false), -ENOENT);
	assert_int_equal(netdev_mc_count(soft->dev), 0);
	assert_int_equal(soft->rx_modes, 5); /* each in atomic context */
	assert_int_equal(dmk_net_set_features("eth0", DMK_NET_LOOPBACK, DMK_NET_LOOPBACK),
			 -EOPNOTSUPP);
	assert_int_equal(dmk_net_set_features("eth0", 0, DMK_NET_SCATTER), 0);
	assert_int_equal(dmk_net_down("eth0"), 0);
	assert_int_equal(dmk_net_set_address("eth0", group), -EADDRNOTAVAIL);
	assert_int_equal(dmk_net_set_address("eth0", mine), 0);
	assert_int_equal(dmk_net_info("eth0", &info), 0);
	assert_memory_equal(info.address, mine, ETH_ALEN);
	assert_int_equal(info.mtu, 1000);
	assert_false(info.features & DMK_NET_SCATTER);
	assert_true(info.promiscuous && !info.up && info.link);
	assert_string_equal(fake_log(), "");
}

/* --- traffic ---------------------------------------------------------------------------------- */

static void test_frames_of_all_shapes_come_back_as_they_were(void **state)
{
	struct soft *soft = *state;
	unsigned int i;

	fake_seed();
	up(soft);
	soft->bql = true;
	for (i = 0; i < 2000; i++) {
		const struct dmk_net_shape shape = {.seed = fake_random(~0ull) | 1,
						    .high = fake_random(2)};
		size_t size = DMK_NET_HEADER + fake_random(1501);

		fill(size, i);
		assert_int_equal(dmk_net_send_shaped("eth0", frame, size, &shape), 0);
		assert_int_equal(dmk_net_receive("eth0", back, sizeof(back), 5000), size);
		assert_memory_equal(back, frame, size);
	}
	assert_int_equal(dmk_net_flush("eth0", 5000), 0);
	assert_int_equal(counters().given, 2000);
	assert_int_equal(counters().consumed, 2000);
	assert_int_equal(counters().received, 2000);
	assert_int_equal(soft->xmit_atomic, 2000);
	assert_string_equal(fake_log(), "");
}

static void test_pieces_in_high_memory_are_for_those_that_take_them(void **state)
{
	static const netdev_features_t features[] = {NETIF_F_SG | NETIF_F_HIGHDMA, NETIF_F_SG,
						     NETIF_F_HIGHDMA};
	const struct dmk_net_shape shape = { .linear = DMK_NET_HEADER, .piece = 100, .high = true };
	struct soft *soft = *state;

	up(soft);
	for (unsigned int i = 0; i < ARRAY_SIZE(features); i++) {
		soft->dev->features = features[i];
		soft->high = 0;
		fill(900, i);
		assert_int_equal(dmk_net_send_shaped("eth0", frame, 900, &shape), 0);
		assert_int_equal(dmk_net_receive("eth0", back, sizeof(back), 5000), 900);
		assert_memory_equal(back, frame, 900);
		assert_int_equal(soft->high != 0, i == 0);
	}
}

static void test_a_stopped_queue_goes_on_when_it_is_woken(void **state)
{
	struct soft *soft = *state;
	unsigned int i;

	up(soft);
	soft->swallow = true;
	for (i = 0; i < 20; i++) {
		fill(60, i);
		assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	}
	assert_int_equal(counters().given, 8);
	assert_int_equal(counters().waiting, 12);
	assert_int_equal(dmk_net_flush("eth0", 5), -ETIMEDOUT);
	soft_release(soft);
	for (i = 0; i < 20; i++) {
		fill(60, i);
		assert_int_equal(dmk_net_receive("eth0", back, sizeof(back), 5000), 60);
		assert_memory_equal(back, frame, 60);
	}
	assert_int_equal(counters().busy, 0);
}

static void test_a_poll_takes_no_more_than_its_budget_and_goes_on(void **state)
{
	struct soft *soft = *state;
	unsigned int i;

	soft->ring = 1000;
	up(soft);
	soft->swallow = true;
	for (i = 0; i < 300; i++)
		assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	soft_release(soft);
	EVENTUALLY(counters().received == 300);
	assert_int_equal(soft->most_at_once, NAPI_POLL_WEIGHT);
	assert_string_equal(fake_log(), "");
}

static void test_without_a_link_nothing_is_sent_and_what_waits_is_dropped(void **state)
{
	struct soft *soft = *state;
	unsigned int i;

	up(soft);
	soft->swallow = true;
	for (i = 0; i < 12; i++)
		assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	netif_carrier_off(soft->dev);
	assert_int_equal(dmk_net_link("eth0", 0), -ETIMEDOUT);
	assert_int_equal(dmk_net_send("eth0", frame, 60), -ENOLINK);
	EVENTUALLY(counters().purged == 4);
	netif_carrier_on(soft->dev);
	assert_int_equal(dmk_net_link("eth0", 0), 0);
	soft_release(soft);
	EVENTUALLY(counters().received == 8);
}

static void test_a_queue_that_stays_stopped_is_a_timeout(void **state)
{
	struct soft *soft = *state;
	unsigned int i;

	up(soft);
	soft->swallow = true;
	for (i = 0; i < 9; i++)
		assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	EVENTUALLY(__atomic_load_n(&soft->timeouts, __ATOMIC_RELAXED) > 0);
	EVENTUALLY(counters().given == 9);
	assert_true(counters().timeouts > 0);
	assert_said("watchdog: transmit queue 0 was stopped");
}

static void test_down_gives_back_all_that_waits(void **state)
{
	struct soft *soft = *state;
	unsigned int i;

	up(soft);
	soft->swallow = true;
	for (i = 0; i < 30; i++)
		assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	assert_int_equal(dmk_net_down("eth0"), 0);
	assert_int_equal(counters().purged, 22);
	assert_int_equal(counters().dropped, 8);
	assert_int_equal(dmk_net_up("eth0"), 0);
	soft->swallow = false;
	assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	EVENTUALLY(counters().received == 1);
	assert_string_equal(fake_log(), "");
}

static void test_bytes_under_way_have_a_limit(void **state)
{
	struct soft *soft = *state;
	unsigned int i;

	soft->ring = 10000;
	soft->bql = soft->swallow = true;
	up(soft);
	for (i = 0; i < 300; i++)
		assert_int_equal(dmk_net_send("eth0", frame, 1514), 0);
	assert_int_equal(counters().given, 256 * 1024 / 1514 + 1);
	soft_release(soft);
	EVENTUALLY(counters().received == 300);
	assert_string_equal(fake_log(), "");
}

static void *interferer(void *unused)
{
	for (unsigned int i = 0; i < 60; i++) {
		dmk_net_up("eth0");
		usleep(500);
		dmk_net_down("eth0");
	}
	return NULL;
}

/*
 * Two threads send, one brings the interface up and down, and then it is unregistered under them.
 */
static void *sender(void *stop)
{
	static const uint8_t small[60];

	while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED))
		if (dmk_net_send("eth0", small, sizeof(small)))
			usleep(50);
	return NULL;
}

static void test_it_may_go_down_and_away_while_others_send(void **state)
{
	struct soft *soft = *state;
	pthread_t thread[3];
	bool stop = false;

	soft->bql = true;
	assert_int_equal(soft_register(soft), 0);
	pthread_create(&thread[0], NULL, interferer, NULL);
	pthread_create(&thread[1], NULL, sender, &stop);
	pthread_create(&thread[2], NULL, sender, &stop);
	pthread_join(thread[0], NULL);
	dmk_net_up("eth0");
	assert_int_equal(soft->destroyed, 0);
	unregister_netdev(soft->dev);
	assert_int_equal(soft->destroyed, NETREG_UNREGISTERED);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread[1], NULL);
	pthread_join(thread[2], NULL);
	assert_string_equal(fake_log(), "");
}

/* --- what is said of drivers ------------------------------------------------------------------ */

static void test_busy_without_a_stopped_queue_is_said(void **state)
{
	struct soft *soft = *state;

	up(soft);
	soft->busy = true;
	assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	assert_said("returned NETDEV_TX_BUSY and its queue is not stopped");
	soft->busy = false;
	EVENTUALLY(counters().received == 1);
	assert_true(counters().busy >= 1);
}

static void test_an_answer_that_is_none_is_said_and_taken_for_busy(void **state)
{
	struct soft *soft = *state;

	up(soft);
	soft->odd_answer = -5;
	fill(60, 1);
	assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	EVENTUALLY(counters().busy >= 1);
	assert_said("returned -5, which is neither");
	assert_false(fake_said("its queue is not stopped"));
	soft->odd_answer = 0;
	netif_wake_queue(soft->dev);
	assert_int_equal(dmk_net_receive("eth0", back, sizeof(back), 5000), 60);
	assert_memory_equal(back + 12, frame + 12, 48);
}

static void test_busy_and_freed_is_said(void **state)
{
	struct soft *soft = *state;

	up(soft);
	soft->busy = soft->busy_freed = true;
	assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	assert_said("freed the frame and returned NETDEV_TX_BUSY");
	assert_int_equal(dmk_net_flush("eth0", 1000), 0);
}

static void test_a_frame_freed_twice_by_a_driver_is_said(void **state)
{
	struct soft *soft = *state;

	up(soft);
	soft->free_twice = true;
	assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	assert_said("dev_kfree_skb_any() of an sk_buff that was freed already");
}

static void test_a_lock_left_held_is_said(void **state)
{
	struct soft *soft = *state;

	up(soft);
	soft->leave_locked = true;
	assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	assert_said("ndo_start_xmit() of eth0 returned with a lock held that it took");
}

static void test_a_poll_that_never_completes_is_said_when_it_is_disabled(void **state)
{
	struct soft *soft = *state;

	up(soft);
	soft->no_complete = true;
	assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	EVENTUALLY(counters().received == 1);
	assert_int_equal(dmk_net_down("eth0"), 0);
	assert_said("did not call napi_complete_done()");
}

static void test_a_poll_that_counts_wrongly_is_said(void **state)
{
	struct soft *soft = *state;

	up(soft);
	soft->budget_lie = 64;
	assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	EVENTUALLY(fake_said("returned 65: it is 0 to its budget of 64"));
	EVENTUALLY(fake_said("used its whole budget and had called napi_complete_done()"));
}

static void test_a_frame_without_its_protocol_is_said_and_dropped(void **state)
{
	struct soft *soft = *state;

	up(soft);
	soft->no_type = true;
	assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	EVENTUALLY(fake_said("skb->protocol is not set"));
	assert_int_equal(dmk_net_receive("eth0", back, sizeof(back), 0), -EAGAIN);
}

static void test_bytes_that_never_come_back_are_said(void **state)
{
	struct soft *soft = *state;

	up(soft);
	soft->bql = soft->swallow = soft->no_bql_reset = true;
	assert_int_equal(dmk_net_send("eth0", frame, 60), 0);
	assert_int_equal(dmk_net_down("eth0"), 0);
	assert_said("60 bytes that netdev_tx_sent_queue() counted never came back");
	fake_forget();
	netdev_completed_queue(soft->dev, 1, 60);
	assert_said("60 bytes came back, and 0 were on their way");
}

static void test_deleting_a_poll_that_was_never_added_or_is_deleted_does_nothing(void **state)
{
	struct soft *soft = *state;
	struct napi_struct never = { .dev = soft->dev, .dmk_enabled = true };

	netif_napi_del(&never);
	assert_true(never.dmk_enabled);
	assert_null(never.dev_list.next);
	netif_napi_del(&soft->napi);
	netif_napi_del(&soft->napi);
	assert_string_equal(fake_log(), "");
}

static void test_calls_out_of_order_are_said(void **state)
{
	struct soft *soft = *state;

	napi_disable(&soft->napi);
	assert_said("napi_disable() of one that is not enabled");
	fake_forget();
	napi_enable(&soft->napi);
	napi_enable(&soft->napi);
	assert_said("napi_enable() of one that is enabled");
	fake_forget();
	__napi_schedule(&soft->napi);
	assert_said("__napi_schedule() without a napi_schedule_prep()");
	fake_forget();
	unregister_netdev(soft->dev);
	assert_said("it is not registered");
	fake_forget();
	ASSERT_RTNL();
	assert_said("is called without rtnl_lock()");
	fake_forget();
	dev_put(soft->dev);
	assert_said("without a dev_hold()");
	fake_forget();
	soft_free(soft);
	assert_said("is deleted and was not disabled");
	*state = soft_new();
}

/* One place, however a compiler unrolls who calls it. */
static __attribute__((__noinline__)) void leave_a_frame(struct net_device *dev)
{
	netdev_alloc_skb(dev, 100);
	__asm__ volatile("" ::: "memory");
}

static void test_what_a_driver_leaves_is_said_at_the_end(void **state)
{
	struct soft *soft = *state;

	for (unsigned int i = 0; i < 3; i++)
		leave_a_frame(soft->dev);
	soft_free(soft);
	fake_shutdown();
	assert_said("3 sk_buffs were allocated and never freed");
	fake_boot("", 64);
	*state = soft_new();
}

static void test_sleeping_in_start_xmit_is_seen(void **state)
{
	struct soft *soft = *state;

	local_bh_disable();
	napi_enable(&soft->napi);
	fake_forget();
	napi_disable(&soft->napi);
	assert_int_equal(fake_count(DMK_EVENT_SLEEP_IN_ATOMIC), 1);
	local_bh_enable();
}

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, boot, down_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(test_a_frame_has_the_room_that_was_asked_for),
		BOOTED(test_more_than_there_is_room_for_is_said_and_goes_nowhere),
		BOOTED(test_a_second_free_is_said_and_does_no_harm),
		BOOTED(test_clones_share_bytes_until_the_last_is_gone),
		BOOTED(test_a_frame_in_pieces_is_its_bytes),
		BOOTED(test_fragments_become_frames),
		BOOTED(test_a_header_says_who_a_frame_is_for),
		BOOTED(test_an_interface_has_the_first_free_name),
		BOOTED(test_an_open_that_fails_leaves_it_down),
		BOOTED(test_what_is_configured_is_checked),
		BOOTED(test_frames_of_all_shapes_come_back_as_they_were),
		BOOTED(test_pieces_in_high_memory_are_for_those_that_take_them),
		BOOTED(test_a_stopped_queue_goes_on_when_it_is_woken),
		BOOTED(test_a_poll_takes_no_more_than_its_budget_and_goes_on),
		BOOTED(test_without_a_link_nothing_is_sent_and_what_waits_is_dropped),
		BOOTED(test_a_queue_that_stays_stopped_is_a_timeout),
		BOOTED(test_down_gives_back_all_that_waits),
		BOOTED(test_bytes_under_way_have_a_limit),
		BOOTED(test_it_may_go_down_and_away_while_others_send),
		BOOTED(test_busy_without_a_stopped_queue_is_said),
		BOOTED(test_an_answer_that_is_none_is_said_and_taken_for_busy),
		BOOTED(test_busy_and_freed_is_said),
		BOOTED(test_a_frame_freed_twice_by_a_driver_is_said),
		BOOTED(test_a_lock_left_held_is_said),
		BOOTED(test_a_poll_that_never_completes_is_said_when_it_is_disabled),
		BOOTED(test_a_poll_that_counts_wrongly_is_said),
		BOOTED(test_a_frame_without_its_protocol_is_said_and_dropped),
		BOOTED(test_bytes_that_never_come_back_are_said),
		BOOTED(test_deleting_a_poll_that_was_never_added_or_is_deleted_does_nothing),
		BOOTED(test_calls_out_of_order_are_said),
		BOOTED(test_what_a_driver_leaves_is_said_at_the_end),
		BOOTED(test_sleeping_in_start_xmit_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
