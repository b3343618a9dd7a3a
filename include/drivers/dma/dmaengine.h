/* SPDX-License-Identifier: MIT */
/*
 * What providers of <linux/dmaengine.h> share: cookies, and calling back. A provider's own lock
 * guards a channel's cookies.
 */
#ifndef DMAENGINE_H
#define DMAENGINE_H

#include <linux/bug.h>
#include <linux/dmaengine.h>

static inline void dma_cookie_init(struct dma_chan *chan)
{
	chan->cookie = DMA_MIN_COOKIE;
	chan->completed_cookie = DMA_MIN_COOKIE;
}

/** dma_cookie_assign - at submit: the next one; after the highest comes the lowest again */
static inline dma_cookie_t dma_cookie_assign(struct dma_async_tx_descriptor *tx)
{
	struct dma_chan *chan = tx->chan;

	chan->cookie = chan->cookie < 0x7fffffff ? chan->cookie + 1 : DMA_MIN_COOKIE;
	tx->cookie = chan->cookie;
	if (dmk_observed())
		dmk_engine_tell(DMK_ENGINE_QUEUED, tx);
	return tx->cookie;
}

/** dma_cookie_complete - it and all before it have ended */
static inline void dma_cookie_complete(struct dma_async_tx_descriptor *tx)
{
	if (dmk_observed())
		dmk_engine_tell(DMK_ENGINE_ENDED, tx);
	tx->chan->completed_cookie = tx->cookie;
	tx->cookie = 0;
}

static inline enum dma_status dma_cookie_status(struct dma_chan *chan, dma_cookie_t cookie,
						struct dma_tx_state *state)
{
	const dma_cookie_t used = READ_ONCE(chan->cookie);
	const dma_cookie_t complete = READ_ONCE(chan->completed_cookie);

	barrier();
	dma_set_tx_state(state, complete, used, 0);
	return dma_async_is_complete(cookie, complete, used);
}

static inline void dma_set_residue(struct dma_tx_state *state, u32 residue)
{
	if (state)
		state->residue = residue;
}

static inline void dma_set_in_flight_bytes(struct dma_tx_state *state, u32 in_flight_bytes)
{
	if (state)
		state->in_flight_bytes = in_flight_bytes;
}

/** What is called at a descriptor's end: copied before the descriptor is given back. */
struct dmaengine_desc_callback {
	dma_async_tx_callback callback;
	dma_async_tx_callback_result callback_result;
	void *callback_param;
	struct dma_chan *dmk_chan; /* whose, or NULL */
};

/*
 * A callback of @chan begins in this thread, which tells what to give to the other when it has
 * ended; only while somebody watches.
 */
const struct dma_chan *dmk_engine_call_begins(struct dma_chan *chan);
void dmk_engine_call_ended(const struct dma_chan *before);

static inline void dmaengine_desc_get_callback(struct dma_async_tx_descriptor *tx,
					       struct dmaengine_desc_callback *cb)
{
	*cb = (struct dmaengine_desc_callback){tx->callback, tx->callback_result,
					       tx->callback_param, tx->chan};
	if (dmk_observed())
		dmk_engine_tell(DMK_ENGINE_CALLBACK, tx);
}

static inline void dmaengine_desc_callback_invoke(struct dmaengine_desc_callback *cb,
						  const struct dmaengine_result *result)
{
	static const struct dmaengine_result good = {DMA_TRANS_NOERROR, 0};
	const struct dma_chan *before = NULL;

	if (dmk_observed() && (cb->callback || cb->callback_result))
		before = dmk_engine_call_begins(cb->dmk_chan);
	if (cb->callback_result)
		cb->callback_result(cb->callback_param, result ? result : &good);
	else if (cb->callback)
		cb->callback(cb->callback_param);
	if (dmk_observed())
		dmk_engine_call_ended(before);
}

static inline void dmaengine_desc_get_callback_invoke(struct dma_async_tx_descriptor *tx,
						      const struct dmaengine_result *result)
{
	struct dmaengine_desc_callback cb;

	dmaengine_desc_get_callback(tx, &cb);
	dmaengine_desc_callback_invoke(&cb, result);
}

static inline bool dmaengine_desc_callback_valid(struct dmaengine_desc_callback *cb)
{
	return cb->callback || cb->callback_result;
}

#endif
