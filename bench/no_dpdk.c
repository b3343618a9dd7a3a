/* SPDX-License-Identifier: MIT */
/* In the place of peer_dpdk.c where DPDK was not there. */
#include "peers.h"

const struct peer bench_dpdk = {.name = "DPDK's mempool",
				.package = "librte-mempool-ring23 or its headers"};
