/* SPDX-License-Identifier: MIT */
#include "null_engine.h"

#include <stdlib.h>

#include <drivers/dma/virt-dma.h>

struct null_desc {
	struct virt_dma_desc vd;
	struct null_desc *next;
};

/*
 * Free descriptors: the client, one thread, takes them off .free, and when that is empty all that
 * came back, which whoever ends them pushes. Its exchange (acquire) pairs with their release.
 */
struct null_chan {
	struct virt_dma_chan vc;
	struct null_desc *free, *back;
} __attribute__((__aligned__(64)));

struct null_engine {
	struct dma_device device;
	void (*call_back)(struct list_head *ended);
	struct null_chan *chan;
	struct null_desc *desc;
};

static struct null_chan *to_null(struct dma_chan *chan)
{
	return container_of(to_virt_chan(chan), struct null_chan, vc);
}

static void desc_free(struct virt_dma_desc *vd)
{
	struct null_desc *desc = container_of(vd, struct null_desc, vd);
	struct null_chan *chan = to_null(vd->tx.chan);

	desc->next = __atomic_load_n(&chan->back, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&chan->back, &desc->next, desc, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
}

static struct dma_async_tx_descriptor *prep(struct dma_chan *chan, dma_addr_t to, dma_addr_t from,
					    size_t size, unsigned long flags)
{
	struct null_chan *null = to_null(chan);
	struct null_desc *desc = null->free;

	if (!desc)
		desc = __atomic_exchange_n(&null->back, NULL, __ATOMIC_ACQUIRE);
	if (!desc)
		return NULL;
	null->free = desc->next;
	return vchan_tx_prep(&null->vc, &desc->vd, flags);
}

static void issue_pending(struct dma_chan *chan)
{
	struct null_engine *engine = container_of(chan->device, struct null_engine, device);
	struct virt_dma_chan *vc = to_virt_chan(chan);
	struct virt_dma_desc *vd;
	unsigned long flags;
	LIST_HEAD(ended);

	spin_lock_irqsave(&vc->lock, flags);
	vchan_issue_pending(vc);
	while ((vd = vchan_next_desc(vc))) {
		list_del(&vd->node);
		if (!engine->call_back) {
			vchan_cookie_complete(vd);
			continue;
		}
		dma_cookie_complete(&vd->tx);
		list_add_tail(&vd->node, &ended);
	}
	spin_unlock_irqrestore(&vc->lock, flags);
	if (engine->call_back)
		engine->call_back(&ended);
}

static void synchronize(struct dma_chan *chan)
{
	vchan_synchronize(to_virt_chan(chan));
}

static void free_resources(struct dma_chan *chan)
{
	vchan_free_chan_resources(to_virt_chan(chan));
}

static bool has_memory(struct null_engine *engine, unsigned int channels, unsigned int depth)
{
	engine->chan = aligned_alloc(64, channels * sizeof(engine->chan[0]));
	engine->desc = calloc((size_t)channels * depth, sizeof(engine->desc[0]));
	return engine->chan && engine->desc;
}

static void channel_init(struct null_engine *engine, unsigned int index, unsigned int depth)
{
	struct null_chan *chan = &engine->chan[index];

	*chan = (struct null_chan){.vc.desc_free = desc_free};
	for (unsigned int i = 0; i < depth; i++) {
		struct null_desc *desc = &engine->desc[(size_t)index * depth + i];

		desc->next = chan->free;
		chan->free = desc;
	}
	vchan_init(&chan->vc, &engine->device);
}

static void forget(struct null_engine *engine)
{
	free(engine->desc);
	free(engine->chan);
	free(engine);
}

struct null_engine *null_engine_new(struct device *dev, unsigned int channels, unsigned int depth,
				    void (*call_back)(struct list_head *ended))
{
	struct null_engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return NULL;
	engine->call_back = call_back;
	engine->device = (struct dma_device){
		.dev = dev,
		.directions = BIT(DMA_MEM_TO_MEM),
		.device_free_chan_resources = free_resources,
		.device_prep_dma_memcpy = prep,
		.device_synchronize = synchronize,
		.device_tx_status = dma_cookie_status,
		.device_issue_pending = issue_pending,
	};
	dma_cap_set(DMA_MEMCPY, engine->device.cap_mask);
	dma_cap_set(DMA_SLAVE, engine->device.cap_mask); /* what any channel is asked for by */
	INIT_LIST_HEAD(&engine->device.channels);
	if (has_memory(engine, channels, depth)) {
		for (unsigned int i = 0; i < channels; i++)
			channel_init(engine, i, depth);
		if (!dma_async_device_register(&engine->device))
			return engine;
	}
	forget(engine);
	return NULL;
}

void null_engine_free(struct null_engine *engine)
{
	dma_async_device_unregister(&engine->device);
	forget(engine);
}

struct dma_chan *null_engine_take(struct null_engine *engine)
{
	return dma_get_any_slave_channel(&engine->device);
}
