/* SPDX-License-Identifier: MIT */
/*
 * Channels of the DMA engine, by what they can do.
 */
#ifndef CONTRACT_CHANNELS_H
#define CONTRACT_CHANNELS_H

#include "harness.h"

#include <linux/dmaengine.h>

static inline dma_cap_mask_t capable_of(enum dma_transaction_type type)
{
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(type, mask);
	return mask;
}

/** may_request - a channel that can do @type, hardware's before the threads'; NULL: none is left */
static inline struct dma_chan *may_request(enum dma_transaction_type type)
{
	const dma_cap_mask_t mask = capable_of(type);

	return dma_request_channel(mask, NULL, NULL);
}

static inline struct dma_chan *must_request(enum dma_transaction_type type)
{
	struct dma_chan *chan = may_request(type);

	assert_non_null(chan);
	return chan;
}

#endif
