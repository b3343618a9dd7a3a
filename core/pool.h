/* SPDX-License-Identifier: MIT */
/*
 * Pools, as the rest of the core sees them.
 */
#ifndef DMK_CORE_POOL_H
#define DMK_CORE_POOL_H

#include "core.h"

/**
 * dmk_pool_consistent - whether every block is in the depot, in one cache or out, and each page is
 * found; for tests
 * Context: no other call for the pool under way.
 */
bool dmk_pool_consistent(const struct dmk_pool *pool);

/**
 * dmk_pools_forget_device - its pools give out nothing any more, and it reaches them no more; their
 * memory stays until the core stops.
 */
void dmk_pools_forget_device(struct dmk_dev *dev);
/** dmk_pools_stop - all that is left goes. */
void dmk_pools_stop(void);

#endif
