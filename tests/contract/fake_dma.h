/* SPDX-License-Identifier: MIT */
/*
 * A DMA controller for tests: it moves nothing, and ends descriptors when a test tells it to. It
 * stands for the first card, whose memory it takes.
 */
#ifndef CONTRACT_FAKE_DMA_H
#define CONTRACT_FAKE_DMA_H

#include "channels.h"

#include <drivers/dma/virt-dma.h>

#include <stdlib.h>

enum { FAKE_BYTES = 64 };

/*
 * It ends descriptors when it is told to. What it keeps is in the host's memory: a tiny machine
 * would not have enough.
 */
struct fake_desc {
	struct virt_dma_desc vd;
	size_t len;
};

struct fake {
	struct dma_device device;
	struct virt_dma_chan *vc;
	unsigned int channels;
	int resources;   /* channels whose resources are allocated */
	int descriptors; /* that live; atomic: the tasklet frees them */
	bool released;
	u8 *memory; /* that its descriptors are for: it moves nothing */
	dma_addr_t dma;
};

static struct fake fake;

static inline void fake_desc_free(struct virt_dma_desc *vd)
{
	__atomic_fetch_sub(&fake.descriptors, 1, __ATOMIC_RELAXED);
	free(container_of(vd, struct fake_desc, vd));
}

static inline struct dma_async_tx_descriptor *fake_new(struct dma_chan *chan, size_t len,
						       unsigned long flags)
{
	struct fake_desc *desc = calloc(1, sizeof(*desc));

	if (!desc)
		return NULL;
	__atomic_fetch_add(&fake.descriptors, 1, __ATOMIC_RELAXED);
	desc->len = len;
	return vchan_tx_prep(to_virt_chan(chan), &desc->vd, flags);
}

static inline struct dma_async_tx_descriptor *
fake_memcpy(struct dma_chan *chan, dma_addr_t to, dma_addr_t from, size_t len, unsigned long flags)
{
	return fake_new(chan, len, flags);
}

static inline struct dma_async_tx_descriptor *
fake_slave_sg(struct dma_chan *chan, struct scatterlist *sgl, unsigned int sg_len,
	      enum dma_transfer_direction direction, unsigned long flags, void *context)
{
	return fake_new(chan, sg_dma_len(sgl), flags);
}

static inline struct dma_async_tx_descriptor *
fake_cyclic(struct dma_chan *chan, dma_addr_t buf_addr, size_t buf_len, size_t period_len,
	    enum dma_transfer_direction direction, unsigned long flags)
{
	return fake_new(chan, buf_len, flags);
}

static inline int fake_alloc(struct dma_chan *chan)
{
	fake.resources++;
	return 0;
}

static inline void fake_free(struct dma_chan *chan)
{
	fake.resources--;
	vchan_free_chan_resources(to_virt_chan(chan));
}

static inline enum dma_status fake_status(struct dma_chan *chan, dma_cookie_t cookie,
					  struct dma_tx_state *state)
{
	struct virt_dma_chan *vc = to_virt_chan(chan);
	enum dma_status status = dma_cookie_status(chan, cookie, state);
	struct virt_dma_desc *vd;
	unsigned long flags;

	spin_lock_irqsave(&vc->lock, flags);
	vd = vchan_find_desc(vc, cookie);
	if (vd)
		dma_set_residue(state, container_of(vd, struct fake_desc, vd)->len);
	spin_unlock_irqrestore(&vc->lock, flags);
	return status;
}

static inline void fake_issue(struct dma_chan *chan)
{
	struct virt_dma_chan *vc = to_virt_chan(chan);
	unsigned long flags;

	spin_lock_irqsave(&vc->lock, flags);
	vchan_issue_pending(vc);
	spin_unlock_irqrestore(&vc->lock, flags);
}

static inline int fake_terminate(struct dma_chan *chan)
{
	struct virt_dma_chan *vc = to_virt_chan(chan);
	unsigned long flags;
	LIST_HEAD(head);

	spin_lock_irqsave(&vc->lock, flags);
	vchan_get_all_descriptors(vc, &head);
	spin_unlock_irqrestore(&vc->lock, flags);
	vchan_dma_desc_free_list(vc, &head);
	return 0;
}

static inline void fake_synchronize(struct dma_chan *chan)
{
	vchan_synchronize(to_virt_chan(chan));
}

static inline int fake_config(struct dma_chan *chan, struct dma_slave_config *config)
{
	return config->dst_addr_width == DMA_SLAVE_BUSWIDTH_3_BYTES ? -EINVAL : 0;
}

static inline void fake_release(struct dma_device *device)
{
	fake.released = true;
}

static inline void fake_register(unsigned int channels)
{
	fake = (struct fake){
		.channels = channels,
		.vc = calloc(channels, sizeof(*fake.vc)),
		.device =
			{
				.dev = dev,
				.directions = BIT(DMA_MEM_TO_DEV) | BIT(DMA_DEV_TO_MEM),
				.src_addr_widths = BIT(DMA_SLAVE_BUSWIDTH_4_BYTES),
				.residue_granularity = DMA_RESIDUE_GRANULARITY_SEGMENT,
				.descriptor_reuse = true,
				.device_alloc_chan_resources = fake_alloc,
				.device_free_chan_resources = fake_free,
				.device_prep_dma_memcpy = fake_memcpy,
				.device_prep_slave_sg = fake_slave_sg,
				.device_prep_dma_cyclic = fake_cyclic,
				.device_config = fake_config,
				.device_terminate_all = fake_terminate,
				.device_synchronize = fake_synchronize,
				.device_tx_status = fake_status,
				.device_issue_pending = fake_issue,
				.device_release = fake_release,
			},
	};
	assert_non_null(fake.vc);
	fake.memory = must_kmalloc(FAKE_BYTES);
	fake.dma = must_map(dev, fake.memory, FAKE_BYTES, DMA_BIDIRECTIONAL);
	dma_cap_set(DMA_MEMCPY, fake.device.cap_mask);
	dma_cap_set(DMA_SLAVE, fake.device.cap_mask);
	dma_cap_set(DMA_CYCLIC, fake.device.cap_mask);
	INIT_LIST_HEAD(&fake.device.channels);
	for (unsigned int i = 0; i < channels; i++) {
		fake.vc[i].desc_free = fake_desc_free;
		vchan_init(&fake.vc[i], &fake.device);
	}
	assert_int_equal(dma_async_device_register(&fake.device), 0);
}

static inline void fake_gone(void)
{
	dma_unmap_single(dev, fake.dma, FAKE_BYTES, DMA_BIDIRECTIONAL);
	kfree(fake.memory);
	free(fake.vc);
}

static inline void fake_unregister(void)
{
	assert_false(fake.released);
	dma_async_device_unregister(&fake.device);
	assert_true(fake.released);
	assert_int_equal(fake.resources, 0);
	assert_int_equal(fake.descriptors, 0);
	fake_gone();
}

/* The first that is issued ends, as @result says. */
static inline void fake_end(struct dma_chan *chan, enum dmaengine_tx_result result)
{
	struct virt_dma_chan *vc = to_virt_chan(chan);
	struct virt_dma_desc *vd;
	unsigned long flags;

	spin_lock_irqsave(&vc->lock, flags);
	vd = vchan_next_desc(vc);
	if (vd) {
		list_del(&vd->node);
		vd->tx_result.result = result;
		vchan_cookie_complete(vd);
	}
	spin_unlock_irqrestore(&vc->lock, flags);
	assert_non_null(vd);
}

#endif
