// SPDX-License-Identifier: MIT
/*
 * A controller that copies and fills by the CPU, and whose channels each have a fault, for one
 * transfer in four: what drivers/engtest is to find. The first has none. It takes DMA addresses for
 * physical ones, as they are on a plain PC.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <drivers/dma/virt-dma.h>

enum faulty_fault {
	FAULTY_NONE,
	FAULTY_DROP,    /* the last byte is not written */
	FAULTY_BEYOND,  /* one too many is */
	FAULTY_BEFORE,  /* ... at the other end */
	FAULTY_SOURCE,  /* a byte of the source is written */
	FAULTY_EARLY,   /* ended before it has begun */
	FAULTY_NEVER,   /* it does not end */
	FAULTY_TWICE,   /* called back for twice */
	FAULTY_FAILED,  /* an error, and nothing is written */
	FAULTY_UNASKED, /* another value, or another place is read */
	FAULTY_CHANNELS,
};

#define FAULTY_EVERY  4
#define FAULTY_BUFFER 16384 /* of the test; each begins at a multiple of it */

struct faulty_desc {
	struct virt_dma_desc vd;
	dma_addr_t to, from;
	size_t length;
	int value;
};

struct faulty_chan {
	struct virt_dma_chan vc;
	enum faulty_fault fault;
	unsigned int transfers;
	struct work_struct work;
	struct list_head stuck; /* guarded by vc.lock */
};

static struct {
	struct platform_device *pdev;
	struct dma_device device;
	struct faulty_chan chan[FAULTY_CHANNELS];
} faulty;

static struct faulty_chan *to_faulty(struct dma_chan *chan)
{
	return container_of(to_virt_chan(chan), struct faulty_chan, vc);
}

static void faulty_move(const struct faulty_desc *desc, size_t length)
{
	if (desc->from)
		memcpy(phys_to_virt(desc->to), phys_to_virt(desc->from), length);
	else
		memset(phys_to_virt(desc->to), desc->value, length);
}

static void faulty_spoil(u8 *byte)
{
	*byte = ~*byte;
}

/* What of it happens before the end is told. */
static void faulty_begin(struct faulty_desc *desc, enum faulty_fault fault)
{
	u8 *to = phys_to_virt(desc->to);

	if (fault == FAULTY_EARLY || fault == FAULTY_FAILED)
		return;
	faulty_move(desc, desc->length - (fault == FAULTY_DROP));
	if (fault == FAULTY_BEYOND && (desc->to + desc->length) % FAULTY_BUFFER)
		faulty_spoil(to + desc->length);
	if (fault == FAULTY_BEFORE && desc->to % FAULTY_BUFFER)
		faulty_spoil(to - 1);
	if (fault == FAULTY_SOURCE && desc->from)
		faulty_spoil(phys_to_virt(desc->from));
	if (fault == FAULTY_UNASKED)
		faulty_spoil(to + desc->length / 2);
}

static void faulty_end(struct faulty_chan *chan, struct faulty_desc *desc, enum faulty_fault fault)
{
	const struct faulty_desc copy = *desc;

	if (fault == FAULTY_FAILED)
		desc->vd.tx_result = (struct dmaengine_result){DMA_TRANS_WRITE_FAILED,
							       desc->length};
	if (fault == FAULTY_TWICE)
		dmaengine_desc_get_callback_invoke(&desc->vd.tx, NULL);
	spin_lock_irq(&chan->vc.lock);
	if (fault == FAULTY_NEVER)
		list_add_tail(&desc->vd.node, &chan->stuck);
	else
		vchan_cookie_complete(&desc->vd);
	spin_unlock_irq(&chan->vc.lock);
	if (fault == FAULTY_EARLY) {
		usleep_range(2000, 3000);
		faulty_move(&copy, copy.length);
	}
}

static void faulty_work(struct work_struct *work)
{
	struct faulty_chan *chan = container_of(work, struct faulty_chan, work);

	for (;;) {
		enum faulty_fault fault = FAULTY_NONE;
		struct faulty_desc *desc;
		struct virt_dma_desc *vd;

		spin_lock_irq(&chan->vc.lock);
		vd = vchan_next_desc(&chan->vc);
		if (vd)
			list_del(&vd->node);
		spin_unlock_irq(&chan->vc.lock);
		if (!vd)
			return;
		desc = container_of(vd, struct faulty_desc, vd);
		if (++chan->transfers % FAULTY_EVERY == 0)
			fault = chan->fault;
		faulty_begin(desc, fault);
		faulty_end(chan, desc, fault);
	}
}

static void faulty_desc_free(struct virt_dma_desc *vd)
{
	kfree(container_of(vd, struct faulty_desc, vd));
}

static struct dma_async_tx_descriptor *faulty_prep(struct dma_chan *chan, dma_addr_t to,
						   dma_addr_t from, size_t length, int value,
						   unsigned long flags)
{
	struct faulty_desc *desc = kzalloc(sizeof(*desc), GFP_NOWAIT);

	if (!desc)
		return NULL;
	desc->to = to;
	desc->from = from;
	desc->length = length;
	desc->value = value;
	return vchan_tx_prep(to_virt_chan(chan), &desc->vd, flags);
}

static struct dma_async_tx_descriptor *faulty_copy(struct dma_chan *chan, dma_addr_t to,
						   dma_addr_t from, size_t length,
						   unsigned long flags)
{
	return faulty_prep(chan, to, from, length, 0, flags);
}

static struct dma_async_tx_descriptor *faulty_fill(struct dma_chan *chan, dma_addr_t to, int value,
						   size_t length, unsigned long flags)
{
	return faulty_prep(chan, to, 0, length, value, flags);
}

static void faulty_issue(struct dma_chan *chan)
{
	struct virt_dma_chan *vc = to_virt_chan(chan);
	unsigned long flags;

	spin_lock_irqsave(&vc->lock, flags);
	if (vchan_issue_pending(vc))
		schedule_work(&to_faulty(chan)->work);
	spin_unlock_irqrestore(&vc->lock, flags);
}

static int faulty_terminate(struct dma_chan *chan)
{
	struct virt_dma_chan *vc = to_virt_chan(chan);
	unsigned long flags;
	LIST_HEAD(head);

	spin_lock_irqsave(&vc->lock, flags);
	vchan_get_all_descriptors(vc, &head);
	list_splice_tail_init(&to_faulty(chan)->stuck, &head);
	spin_unlock_irqrestore(&vc->lock, flags);
	vchan_dma_desc_free_list(vc, &head);
	return 0;
}

static void faulty_synchronize(struct dma_chan *chan)
{
	flush_work(&to_faulty(chan)->work);
	vchan_synchronize(to_virt_chan(chan));
}

static void faulty_free_resources(struct dma_chan *chan)
{
	flush_work(&to_faulty(chan)->work);
	vchan_free_chan_resources(to_virt_chan(chan));
}

static int faulty_register(void)
{
	faulty.device = (struct dma_device){
		.dev = &faulty.pdev->dev,
		.directions = BIT(DMA_MEM_TO_MEM),
		.device_free_chan_resources = faulty_free_resources,
		.device_prep_dma_memcpy = faulty_copy,
		.device_prep_dma_memset = faulty_fill,
		.device_terminate_all = faulty_terminate,
		.device_synchronize = faulty_synchronize,
		.device_tx_status = dma_cookie_status,
		.device_issue_pending = faulty_issue,
	};
	dma_cap_set(DMA_MEMCPY, faulty.device.cap_mask);
	dma_cap_set(DMA_MEMSET, faulty.device.cap_mask);
	INIT_LIST_HEAD(&faulty.device.channels);
	for (unsigned int i = 0; i < FAULTY_CHANNELS; i++) {
		faulty.chan[i].fault = i;
		faulty.chan[i].vc.desc_free = faulty_desc_free;
		INIT_LIST_HEAD(&faulty.chan[i].stuck);
		INIT_WORK(&faulty.chan[i].work, faulty_work);
		vchan_init(&faulty.chan[i].vc, &faulty.device);
	}
	return dma_async_device_register(&faulty.device);
}

static int __init faulty_init(void)
{
	int err;

	faulty.pdev = platform_device_register_simple("faulty", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(faulty.pdev))
		return PTR_ERR(faulty.pdev);
	err = dma_set_mask_and_coherent(&faulty.pdev->dev, DMA_BIT_MASK(64));
	if (!err)
		err = faulty_register();
	if (err)
		platform_device_unregister(faulty.pdev);
	return err;
}
module_init(faulty_init);

static void __exit faulty_exit(void)
{
	dma_async_device_unregister(&faulty.device);
	platform_device_unregister(faulty.pdev);
}
module_exit(faulty_exit);

MODULE_LICENSE("Dual MIT/GPL");
