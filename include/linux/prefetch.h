/* SPDX-License-Identifier: MIT */
/*
 * Hints that something will be read soon.
 */
#ifndef _LINUX_PREFETCH_H
#define _LINUX_PREFETCH_H

#include <linux/cache.h>

#define prefetch(address) __builtin_prefetch(address)
#define prefetchw(address) __builtin_prefetch((address), 1)
#define net_prefetch(address) __builtin_prefetch(address)
#define net_prefetchw(address) __builtin_prefetch((address), 1)

#endif
