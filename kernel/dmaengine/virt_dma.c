// SPDX-License-Identifier: MIT
/*
 * Queues of descriptors: include/drivers/dma/virt-dma.h.
 *
 * A descriptor is on one list, or in the hands of who took it off with the lock held. The tasklet
 * takes all that is completed at once (ENG-03), so that one that was terminated since is called
 * back no more: it was on the list, or it wasn't (ENG-04).
 */
#include "engine.h"

#include <drivers/dma/virt-dma.h>

static struct virt_dma_desc *to_virt_desc(struct dma_async_tx_descriptor *tx)
{
	return container_of(tx, struct virt_dma_desc, tx);
}

/* --- from prepared to issued ------------------------------------------------------------------ */

dma_cookie_t vchan_tx_submit(struct dma_async_tx_descriptor *tx)
{
	struct virt_dma_chan *vc = to_virt_chan(tx->chan);
	unsigned long flags;
	dma_cookie_t cookie;

	spin_lock_irqsave(&vc->lock, flags);
	cookie = dma_cookie_assign(tx);
	list_move_tail(&to_virt_desc(tx)->node, &vc->desc_submitted);
	spin_unlock_irqrestore(&vc->lock, flags);
	return cookie;
}

int vchan_tx_desc_free(struct dma_async_tx_descriptor *tx)
{
	struct virt_dma_chan *vc = to_virt_chan(tx->chan);
	struct virt_dma_desc *vd = to_virt_desc(tx);
	unsigned long flags;

	spin_lock_irqsave(&vc->lock, flags);
	list_del(&vd->node);
	spin_unlock_irqrestore(&vc->lock, flags);
	vc->desc_free(vd);
	return 0;
}

struct dma_async_tx_descriptor *vchan_tx_prep(struct virt_dma_chan *vc, struct virt_dma_desc *vd,
					      unsigned long tx_flags)
{
	unsigned long flags;

	dma_async_tx_descriptor_init(&vd->tx, &vc->chan);
	vd->tx.flags = tx_flags;
	vd->tx.tx_submit = vchan_tx_submit;
	vd->tx.desc_free = vchan_tx_desc_free;
	vd->tx_result = (struct dmaengine_result){DMA_TRANS_NOERROR, 0};
	if (dmk_observed())
		dmk_engine_tell(DMK_ENGINE_PREPARED, &vd->tx);
	spin_lock_irqsave(&vc->lock, flags);
	list_add_tail(&vd->node, &vc->desc_allocated);
	spin_unlock_irqrestore(&vc->lock, flags);
	return &vd->tx;
}

struct virt_dma_desc *vchan_find_desc(struct virt_dma_chan *vc, dma_cookie_t cookie)
{
	struct virt_dma_desc *vd;

	list_for_each_entry(vd, &vc->desc_issued, node)
		if (vd->tx.cookie == cookie)
			return vd;
	return NULL;
}

/* --- the end ---------------------------------------------------------------------------------- */

void vchan_vdesc_fini(struct virt_dma_desc *vd)
{
	struct virt_dma_chan *vc = to_virt_chan(vd->tx.chan);
	unsigned long flags;

	if (!dmaengine_desc_test_reuse(&vd->tx)) {
		vc->desc_free(vd);
		return;
	}
	spin_lock_irqsave(&vc->lock, flags);
	list_add_tail(&vd->node, &vc->desc_allocated);
	spin_unlock_irqrestore(&vc->lock, flags);
}

static void complete(struct virt_dma_desc *vd)
{
	struct dmaengine_desc_callback cb;
	const struct dmaengine_result result = vd->tx_result;

	const bool again = dmaengine_desc_test_reuse(&vd->tx);

	dmaengine_desc_get_callback(&vd->tx, &cb);
	dma_descriptor_unmap(&vd->tx);
	list_del(&vd->node);
	if (again)
		vchan_vdesc_fini(vd);
	dmaengine_desc_callback_invoke(&cb, &result);
	if (!again)
		vchan_vdesc_fini(vd);
}

/*
 * A callback may look at its descriptor's metadata, so that it is freed after it; and may submit
 * one that is for reuse again, so that this is put back before.
 */
void dmk_vchan_call_back(struct list_head *done)
{
	struct virt_dma_desc *vd, *next;

	list_for_each_entry_safe(vd, next, done, node)
		complete(vd);
}

static void vchan_tasklet(struct tasklet_struct *tasklet)
{
	struct virt_dma_chan *vc = from_tasklet(vc, tasklet, task);
	struct dmaengine_desc_callback cb = {NULL};
	LIST_HEAD(done);

	spin_lock_irq(&vc->lock);
	list_splice_tail_init(&vc->desc_completed, &done);
	if (vc->cyclic)
		dmaengine_desc_get_callback(&vc->cyclic->tx, &cb);
	vc->cyclic = NULL;
	spin_unlock_irq(&vc->lock);

	dmaengine_desc_callback_invoke(&cb, NULL);
	dmk_vchan_call_back(&done);
}

void vchan_dma_desc_free_list(struct virt_dma_chan *vc, struct list_head *head)
{
	struct virt_dma_desc *vd, *next;

	list_for_each_entry_safe(vd, next, head, node) {
		list_del(&vd->node);
		dma_descriptor_unmap(&vd->tx);
		vchan_vdesc_fini(vd);
	}
}

void vchan_free_chan_resources(struct virt_dma_chan *vc)
{
	struct virt_dma_desc *vd;
	unsigned long flags;
	LIST_HEAD(head);

	spin_lock_irqsave(&vc->lock, flags);
	vchan_get_all_descriptors(vc, &head);
	list_for_each_entry(vd, &head, node)
		dmaengine_desc_clear_reuse(&vd->tx);
	spin_unlock_irqrestore(&vc->lock, flags);
	vchan_dma_desc_free_list(vc, &head);
}

void vchan_synchronize(struct virt_dma_chan *vc)
{
	unsigned long flags;
	LIST_HEAD(head);

	dmk_tasklet_rest(&vc->task); /* dmaengine_synchronize() says that it may sleep */
	spin_lock_irqsave(&vc->lock, flags);
	list_splice_tail_init(&vc->desc_terminated, &head);
	spin_unlock_irqrestore(&vc->lock, flags);
	vchan_dma_desc_free_list(vc, &head);
}

void vchan_init(struct virt_dma_chan *vc, struct dma_device *dmadev)
{
	dma_cookie_init(&vc->chan);
	spin_lock_init(&vc->lock);
	INIT_LIST_HEAD(&vc->desc_allocated);
	INIT_LIST_HEAD(&vc->desc_submitted);
	INIT_LIST_HEAD(&vc->desc_issued);
	INIT_LIST_HEAD(&vc->desc_completed);
	INIT_LIST_HEAD(&vc->desc_terminated);
	tasklet_setup(&vc->task, vchan_tasklet);
	vc->cyclic = NULL;
	vc->chan.device = dmadev;
	vc->chan.dmk_lock = &vc->lock;
	list_add_tail(&vc->chan.device_node, &dmadev->channels);
}
