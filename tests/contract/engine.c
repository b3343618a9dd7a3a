// SPDX-License-Identifier: MIT
/*
 * The tests' client of the DMA engine.
 */
#include "engine.h"

struct calls calls;

void expect_calls(int n)
{
	memset(&calls, 0, sizeof(calls));
	init_completion(&calls.last);
	calls.wanted = n;
}

static void called_with(void *param, const struct dmaengine_result *result)
{
	const int n = __atomic_fetch_add(&calls.n, 1, __ATOMIC_ACQ_REL);

	if (n < CALLS) {
		calls.what[n] = (long)param;
		calls.result[n] = *result;
	}
	if (n + 1 == calls.wanted)
		complete(&calls.last);
}

void must_be_called(void)
{
	assert_true(wait_for_completion_timeout(&calls.last, 5 * HZ));
}

dma_cookie_t submit(struct dma_async_tx_descriptor *tx, long what)
{
	dma_cookie_t cookie;

	assert_non_null(tx);
	tx->callback_result = called_with;
	tx->callback_param = (void *)what;
	cookie = dmaengine_submit(tx);
	assert_false(dma_submit_error(cookie));
	return cookie;
}

struct lent lend(struct dma_chan *chan, size_t size, enum dma_data_direction dir, int salt)
{
	struct lent lent = {dmaengine_get_dma_device(chan), must_kmalloc(size), 0, size, dir};

	if (salt < 0)
		memset(lent.bytes, 0, size);
	else
		fill_bytes(lent.bytes, size, salt);
	lent.dma = must_map(lent.master, lent.bytes, size, dir);
	return lent;
}

void take_back(struct lent *lent)
{
	dma_unmap_single(lent->master, lent->dma, lent->size, lent->dir);
}

void give_up(struct lent *lent)
{
	take_back(lent);
	kfree(lent->bytes);
}

dma_cookie_t copy(struct dma_chan *chan, const struct lent *to, const struct lent *from, long what)
{
	return submit(dmaengine_prep_dma_memcpy(chan, to->dma, from->dma, to->size,
						DMA_PREP_INTERRUPT),
		      what);
}
