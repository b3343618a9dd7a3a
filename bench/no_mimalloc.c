/* SPDX-License-Identifier: MIT */
/* In the place of peer_mimalloc.c where libmimalloc-dev was not there. */
#include "peers.h"

const struct peer bench_mimalloc = {.name = "mimalloc", .package = "libmimalloc-dev"};
