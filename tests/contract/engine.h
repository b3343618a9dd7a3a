/* SPDX-License-Identifier: MIT */
/*
 * A client of the DMA engine, for tests: descriptors and who was called back, and buffers that are
 * lent to a controller. Which controller it is, the machine and the program's drivers say.
 */
#ifndef CONTRACT_ENGINE_H
#define CONTRACT_ENGINE_H

#include "channels.h"

/* --- callbacks, in the order they came -------------------------------------------------------- */

enum { CALLS = 64 };

struct calls {
	long what[CALLS];
	struct dmaengine_result result[CALLS];
	int n; /* atomic: channels call back beside each other */
	int wanted;
	struct completion last;
};

extern struct calls calls;

/** expect_calls - from now on @n callbacks are waited for; what came before is forgotten. */
void expect_calls(int n);
void must_be_called(void);

/** submit - @tx must be one, and gets a callback that notes @what. */
dma_cookie_t submit(struct dma_async_tx_descriptor *tx, long what);

/* --- buffers ---------------------------------------------------------------------------------- */

/** A buffer, mapped for a controller. */
struct lent {
	struct device *master;
	u8 *bytes;
	dma_addr_t dma;
	size_t size;
	enum dma_data_direction dir;
};

/** lend - with the pattern of @salt in it; below 0: zeros. */
struct lent lend(struct dma_chan *chan, size_t size, enum dma_data_direction dir, int salt);
/** take_back - unmapped, so that it can be looked at; give_up - and freed. */
void take_back(struct lent *lent);
void give_up(struct lent *lent);

/** copy - all of @to from @from, submitted. */
dma_cookie_t copy(struct dma_chan *chan, const struct lent *to, const struct lent *from, long what);

#endif
