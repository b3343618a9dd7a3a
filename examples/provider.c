// SPDX-License-Identifier: MIT
/*
 * A provider for the DMA engine in 200 lines: the lab card as a controller that copies. It moves
 * bytes between memory and a buffer of its own, so a copy is, piece by piece, a read into the
 * buffer and a write out of it, an interrupt after each. drivers/dmac has peripherals, too.
 */
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <dmakit/lab.h>
#include <drivers/dma/virt-dma.h>

struct copy {
	struct virt_dma_desc vd;
	dma_addr_t to, from;
	size_t size, done; /* bytes */
	bool in_buffer;    /* of the piece at done: it was read */
};

struct provider {
	struct dma_device engine;
	struct virt_dma_chan vc;
	void __iomem *regs;
	struct copy *running; /* what the card works at; guarded by vc.lock */
};

static struct provider *to_provider(struct dma_chan *chan)
{
	return container_of(to_virt_chan(chan), struct provider, vc);
}

static void free_copy(struct virt_dma_desc *vd)
{
	kfree(container_of(vd, struct copy, vd));
}

static struct dma_async_tx_descriptor *prepare(struct dma_chan *chan, dma_addr_t to,
					       dma_addr_t from, size_t size, unsigned long flags)
{
	struct copy *copy = size ? kzalloc(sizeof(*copy), GFP_NOWAIT) : NULL;

	if (!copy)
		return NULL;
	copy->to = to;
	copy->from = from;
	copy->size = size;
	return vchan_tx_prep(to_virt_chan(chan), &copy->vd, flags);
}

static size_t piece_of(const struct copy *copy)
{
	return min_t(size_t, copy->size - copy->done, DMK_LAB_BUFFER);
}

/* From here to the interrupt vc.lock is held. */
static void move_piece(struct provider *provider)
{
	const struct copy *copy = provider->running;
	const dma_addr_t dma = (copy->in_buffer ? copy->to : copy->from) + copy->done;

	writel(lower_32_bits(dma), provider->regs + DMK_LAB_ADDRESS);
	writel(upper_32_bits(dma), provider->regs + DMK_LAB_ADDRESS_HIGH);
	writel(piece_of(copy), provider->regs + DMK_LAB_LENGTH);
	writel(DMK_LAB_START | DMK_LAB_RAISE | (copy->in_buffer ? DMK_LAB_TO_MEMORY : 0),
	       provider->regs + DMK_LAB_COMMAND);
}

static void start_next(struct provider *provider)
{
	struct virt_dma_desc *vd = vchan_next_desc(&provider->vc);

	provider->running = NULL;
	if (!vd)
		return;
	list_del(&vd->node);
	provider->running = container_of(vd, struct copy, vd);
	move_piece(provider);
}

static void piece_ended(struct provider *provider)
{
	struct copy *copy = provider->running;

	if (readl(provider->regs + DMK_LAB_STATUS) & DMK_LAB_FAILED) {
		copy->vd.tx_result.result = copy->in_buffer ? DMA_TRANS_WRITE_FAILED
							    : DMA_TRANS_READ_FAILED;
		copy->vd.tx_result.residue = copy->size - copy->done;
	} else {
		if (copy->in_buffer)
			copy->done += piece_of(copy);
		copy->in_buffer = !copy->in_buffer;
		if (copy->done < copy->size) {
			move_piece(provider);
			return;
		}
	}
	vchan_cookie_complete(&copy->vd);
	start_next(provider);
}

static irqreturn_t interrupt(int irq, void *data)
{
	struct provider *provider = data;
	const u32 raised = readl(provider->regs + DMK_LAB_IRQ_STATUS);

	spin_lock(&provider->vc.lock);
	writel(raised, provider->regs + DMK_LAB_IRQ_ACK);
	/* Not of one that was terminated, nor of the piece before. */
	if (raised && provider->running && !(readl(provider->regs + DMK_LAB_STATUS) & DMK_LAB_BUSY))
		piece_ended(provider);
	spin_unlock(&provider->vc.lock);
	return raised ? IRQ_HANDLED : IRQ_NONE;
}

static void issue_pending(struct dma_chan *chan)
{
	struct provider *provider = to_provider(chan);
	unsigned long flags;

	spin_lock_irqsave(&provider->vc.lock, flags);
	if (vchan_issue_pending(&provider->vc) && !provider->running)
		start_next(provider);
	spin_unlock_irqrestore(&provider->vc.lock, flags);
}

static int terminate_all(struct dma_chan *chan)
{
	struct provider *provider = to_provider(chan);
	unsigned long flags;
	LIST_HEAD(ended);

	spin_lock_irqsave(&provider->vc.lock, flags);
	writel(1, provider->regs + DMK_LAB_RESET);
	if (provider->running)
		vchan_terminate_vdesc(&provider->running->vd);
	provider->running = NULL;
	vchan_get_all_descriptors(&provider->vc, &ended);
	spin_unlock_irqrestore(&provider->vc.lock, flags);
	vchan_dma_desc_free_list(&provider->vc, &ended);
	return 0;
}

static void synchronize(struct dma_chan *chan)
{
	vchan_synchronize(to_virt_chan(chan));
}

static void free_chan(struct dma_chan *chan)
{
	vchan_free_chan_resources(to_virt_chan(chan));
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct provider *provider = devm_kzalloc(&pdev->dev, sizeof(*provider), GFP_KERNEL);
	struct dma_device *engine;
	int error;

	if (!provider)
		return -ENOMEM;
	error = pcim_enable_device(pdev) ?: pcim_iomap_regions(pdev, BIT(0), "provider");
	if (!error)
		error = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (!error && pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES) < 0)
		error = -ENOSPC;
	if (error)
		return error;
	pci_set_master(pdev);
	provider->regs = pcim_iomap_table(pdev)[0];
	error = devm_request_irq(&pdev->dev, pci_irq_vector(pdev, 0), interrupt, IRQF_SHARED,
				 "provider", provider);
	if (error)
		return error;

	engine = &provider->engine;
	engine->dev = &pdev->dev;
	dma_cap_set(DMA_MEMCPY, engine->cap_mask);
	engine->device_prep_dma_memcpy = prepare;
	engine->device_issue_pending = issue_pending;
	engine->device_tx_status = dma_cookie_status;
	engine->device_terminate_all = terminate_all;
	engine->device_synchronize = synchronize;
	engine->device_free_chan_resources = free_chan;
	engine->residue_granularity = DMA_RESIDUE_GRANULARITY_DESCRIPTOR;
	INIT_LIST_HEAD(&engine->channels);
	provider->vc.desc_free = free_copy;
	vchan_init(&provider->vc, engine);
	return dmaenginem_async_device_register(engine);
}

static const struct pci_device_id ids[] = {{PCI_DEVICE(0x1234, 0x11e9)}, {0}};
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver driver = {.name = "provider", .id_table = ids, .probe = probe};
module_pci_driver(driver);
MODULE_LICENSE("Dual MIT/GPL");
