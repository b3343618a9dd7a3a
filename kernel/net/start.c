/* SPDX-License-Identifier: MIT */
/*
 * The network's beginning and end: after interrupts and softirqs, before devices, and the reverse.
 */
#include "net.h"

int dmk_network_start(void)
{
	dmk_queue_start();
	dmk_napi_start();
	return 0;
}

void dmk_network_stop(void)
{
	dmk_netdevs_stop();
	dmk_queue_stop();
	dmk_napi_stop();
	dmk_skb_stop();
}
