/* SPDX-License-Identifier: MIT */
/*
 * Queues of descriptors, for providers: a channel that has as many descriptors as clients submit,
 * whatever its hardware has room for (ENG-01).
 *
 *	prepared --submit--> submitted --issue_pending--> issued --(the provider)--> completed
 *	completed --> called back, and freed
 *
 * Each state is a list; all of them are guarded by .lock. Callbacks are called in a tasklet, in the
 * order of completion, with no lock held.
 */
#ifndef VIRT_DMA_H
#define VIRT_DMA_H

#include <linux/dmaengine.h>
#include <linux/interrupt.h>

#include "dmaengine.h"

struct virt_dma_desc {
	struct dma_async_tx_descriptor tx;
	struct dmaengine_result tx_result;
	struct list_head node; /* guarded by the channel's lock */
};

struct virt_dma_chan {
	struct dma_chan chan;
	struct tasklet_struct task;
	/* the provider's: how one is freed. Any context. */
	void (*desc_free)(struct virt_dma_desc *vd);

	spinlock_t lock;
	struct list_head desc_allocated, desc_submitted, desc_issued, desc_completed;
	struct list_head desc_terminated;
	struct virt_dma_desc *cyclic; /* a period of it has passed */
};

static inline struct virt_dma_chan *to_virt_chan(struct dma_chan *chan)
{
	return container_of(chan, struct virt_dma_chan, chan);
}

/** vchan_init - a channel of @dmadev, on its list; before dma_async_device_register() */
void vchan_init(struct virt_dma_chan *vc, struct dma_device *dmadev) DMK_SYM(vchan_init);
/** vchan_tx_prep - what a prepare function ends with */
struct dma_async_tx_descriptor *vchan_tx_prep(struct virt_dma_chan *vc, struct virt_dma_desc *vd,
					      unsigned long flags) DMK_SYM(vchan_tx_prep);
dma_cookie_t vchan_tx_submit(struct dma_async_tx_descriptor *tx) DMK_SYM(vchan_tx_submit);
int vchan_tx_desc_free(struct dma_async_tx_descriptor *tx) DMK_SYM(vchan_tx_desc_free);
/** vchan_find_desc - of those that are issued; NULL: none has that cookie. .lock is held. */
struct virt_dma_desc *vchan_find_desc(struct virt_dma_chan *vc, dma_cookie_t cookie)
	DMK_SYM(vchan_find_desc);
void vchan_dma_desc_free_list(struct virt_dma_chan *vc, struct list_head *head)
	DMK_SYM(vchan_dma_desc_free_list);

/** vchan_issue_pending - .lock is held. Return: whether anything is issued. */
static inline bool vchan_issue_pending(struct virt_dma_chan *vc)
{
	if (dmk_observed())
		dmk_engine_does(DMK_ENGINE_ISSUE, &vc->chan);
	list_splice_tail_init(&vc->desc_submitted, &vc->desc_issued);
	return !list_empty(&vc->desc_issued);
}

/** vchan_cookie_complete - @vd, taken off the issued ones, has ended. .lock is held. */
static inline void vchan_cookie_complete(struct virt_dma_desc *vd)
{
	struct virt_dma_chan *vc = to_virt_chan(vd->tx.chan);

	dma_cookie_complete(&vd->tx);
	list_add_tail(&vd->node, &vc->desc_completed);
	tasklet_schedule(&vc->task);
}

/** vchan_vdesc_fini - a descriptor ends: it is freed, or waits to be submitted again */
void vchan_vdesc_fini(struct virt_dma_desc *vd) DMK_SYM(vchan_vdesc_fini);

/** vchan_cyclic_callback - a period of @vd has passed. .lock is held. */
static inline void vchan_cyclic_callback(struct virt_dma_desc *vd)
{
	struct virt_dma_chan *vc = to_virt_chan(vd->tx.chan);

	vc->cyclic = vd;
	tasklet_schedule(&vc->task);
}

/** vchan_terminate_vdesc - @vd is freed by vchan_synchronize(). .lock is held. */
static inline void vchan_terminate_vdesc(struct virt_dma_desc *vd)
{
	struct virt_dma_chan *vc = to_virt_chan(vd->tx.chan);

	list_add_tail(&vd->node, &vc->desc_terminated);
	if (vc->cyclic == vd)
		vc->cyclic = NULL;
}

/** vchan_next_desc - the first that is issued, still on its list; NULL: none. .lock is held. */
static inline struct virt_dma_desc *vchan_next_desc(struct virt_dma_chan *vc)
{
	return list_first_entry_or_null(&vc->desc_issued, struct virt_dma_desc, node);
}

/** vchan_get_all_descriptors - what is on any list goes to @head. .lock is held. */
static inline void vchan_get_all_descriptors(struct virt_dma_chan *vc, struct list_head *head)
{
	list_splice_tail_init(&vc->desc_allocated, head);
	list_splice_tail_init(&vc->desc_submitted, head);
	list_splice_tail_init(&vc->desc_issued, head);
	list_splice_tail_init(&vc->desc_completed, head);
	list_splice_tail_init(&vc->desc_terminated, head);
	vc->cyclic = NULL; /* it is one of them, and may be freed before the tasklet looks */
}

/** vchan_free_chan_resources - what is left is freed, also what may be reused */
void vchan_free_chan_resources(struct virt_dma_chan *vc) DMK_SYM(vchan_free_chan_resources);
/** vchan_synchronize - no callback runs any more; what was terminated is freed. May sleep. */
void vchan_synchronize(struct virt_dma_chan *vc) DMK_SYM(vchan_synchronize);

#endif
