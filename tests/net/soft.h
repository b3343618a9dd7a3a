/* SPDX-License-Identifier: MIT */
/*
 * An interface without a card, for testing the stack: what it is given to send its poll function
 * hands up again, and knobs make it wrong in one way each.
 */
#ifndef TESTS_NET_SOFT_H
#define TESTS_NET_SOFT_H

#include <linux/etherdevice.h>
#include <linux/netdevice.h>

struct soft {
	struct net_device *dev;
	struct napi_struct napi;
	struct sk_buff_head pending;
	int ring; /* frames it takes before it stops its queue */

	/* knobs */
	int open_error;
	int budget_lie;    /* added to what the poll function returns */
	bool no_complete;  /* the poll function forgets napi_complete_done() */
	bool always_complete;
	bool no_type;      /* no eth_type_trans() */
	bool swallow;      /* frames are taken and kept */
	int odd_answer;    /* returned by the transmit function, the frame kept from it */
	bool busy, busy_freed, leave_locked, free_twice;
	bool no_bql_reset;
	bool bql;

	/* what happened */
	int destroyed; /* reg_state when its private data went */
	int opened, stopped, timeouts, rx_modes, most_at_once, xmit_atomic;
	unsigned int high; /* pieces in high memory */
};

struct soft *soft_new(void);
void soft_free(struct soft *soft);
/** Unregistered by soft_free(). */
int soft_register(struct soft *soft);
/** Frames that it swallowed come back. */
void soft_release(struct soft *soft);

#endif
