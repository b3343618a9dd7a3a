/* SPDX-License-Identifier: MIT */
/*
 * A DMA controller that moves nothing: a descriptor has ended as soon as it is issued. What is left
 * is the framework's own work: queues, cookies, callbacks.
 */
#ifndef BENCH_NULL_ENGINE_H
#define BENCH_NULL_ENGINE_H

#include <linux/dmaengine.h>

struct null_engine;

/**
 * null_engine_new - register one for @dev, with @channels that copy
 * @depth: descriptors that each channel has; preparing one more returns NULL until one has ended
 * @call_back: for those that have ended, by .node, in the thread that issued them; NULL: their
 *             channel's tasklet does it
 * Return: NULL: no memory.
 */
struct null_engine *null_engine_new(struct device *dev, unsigned int channels, unsigned int depth,
				    void (*call_back)(struct list_head *ended));
/** null_engine_free - all of its channels have been given back */
void null_engine_free(struct null_engine *engine);
/** null_engine_take - a channel that nobody has; NULL: none is left */
struct dma_chan *null_engine_take(struct null_engine *engine);

#endif
