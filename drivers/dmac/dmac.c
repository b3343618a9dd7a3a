// SPDX-License-Identifier: MIT
/*
 * A provider for the DMA engine: the controller of docs/dmac.md, which follows descriptors in
 * memory, and whose channels serve the peripheral whose request line they are given.
 *
 * The lesson is how little is left to do where virt-dma keeps the queues. A client's transfer is
 * one dmac_desc, a chain of the controller's descriptors in memory from a pool. dmac_start_next()
 * gives the oldest to the hardware; the interrupt completes it and starts the next; and
 * dmac_terminate_all() stops the channel before it takes a descriptor away. All of that is under
 * the channel's lock, vc.lock, so that no interrupt of an older transfer can complete a newer one.
 */
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/dmapool.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_dma.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <drivers/dma/virt-dma.h>

#define DMAC_ID            0x000
#define DMAC_ID_VALUE      0x444d0001
#define DMAC_CAPS          0x004
#define DMAC_CAPS_CHANNELS 0x000000ff
#define DMAC_CAPS_LINES    0x0000ff00
#define DMAC_CONTROL       0x008
#define DMAC_CONTROL_RESET 0x80000000
#define DMAC_IRQ_STATUS    0x00c
#define DMAC_CHANNEL(n)    (0x100 + 0x40 * (n))

/* Of a channel. */
#define DMAC_CH_CONTROL        0x00
#define DMAC_CH_CONTROL_ENABLE 0x00000001
#define DMAC_CH_CONTROL_PAUSE  0x00000002
#define DMAC_CH_CONTROL_ABORT  0x80000000
#define DMAC_CH_IRQ_STATUS     0x08
#define DMAC_CH_IRQ_ENABLE     0x0c
#define DMAC_CH_IRQ_DONE       0x01
#define DMAC_CH_IRQ_END        0x02
#define DMAC_CH_IRQ_ERROR      0x04
#define DMAC_CH_IRQ_ALL        0x07
#define DMAC_CH_ERROR          0x10
#define DMAC_CH_ERROR_READ     3
#define DMAC_CH_ERROR_WRITE    4
#define DMAC_CH_NEXT_LOW       0x14
#define DMAC_CH_NEXT_HIGH      0x18
#define DMAC_CH_CURRENT_LOW    0x1c
#define DMAC_CH_CURRENT_HIGH   0x20
#define DMAC_CH_RESIDUE        0x24
#define DMAC_CH_REQUEST        0x28
#define DMAC_CH_PORT_LOW       0x2c
#define DMAC_CH_PORT_HIGH      0x30
#define DMAC_CH_PORT_CONFIG    0x34

/* What a descriptor's control word says. */
#define DMAC_COPY      0x444d0000
#define DMAC_FILL      0x444d0001
#define DMAC_TO_PORT   0x444d0002
#define DMAC_FROM_PORT 0x444d0003
#define DMAC_WANTS_IRQ 0x00000010
#define DMAC_LAST      0x00000020

#define DMAC_LENGTH_MAX (16u << 20) /* of one descriptor */
#define DMAC_BURST_MAX  16
#define DMAC_WIDTHS                                                         \
	(BIT(DMA_SLAVE_BUSWIDTH_1_BYTE) | BIT(DMA_SLAVE_BUSWIDTH_2_BYTES) | \
	 BIT(DMA_SLAVE_BUSWIDTH_4_BYTES))

/* As the controller reads it. */
struct dmac_hw {
	__le64 next, source, destination;
	__le32 length, control;
};

struct dmac_item {
	struct dmac_hw *hw;
	dma_addr_t dma;
	u32 length;
};

struct dmac_desc {
	struct virt_dma_desc vd;
	struct dma_pool *pool;
	bool cyclic;
	u32 port_config;
	phys_addr_t port;
	unsigned int nr;
	struct dmac_item item[];
};

struct dmac_chan {
	struct virt_dma_chan vc;
	struct dmac *dmac;
	void __iomem *regs;
	u32 request;
	struct dma_slave_config config;
	struct dmac_desc *running; /* what the hardware has; guarded by vc.lock, and so is paused */
	bool paused;
};

struct dmac {
	struct dma_device engine;
	void __iomem *regs;
	struct dma_pool *pool;
	unsigned int lines, nr;
	struct dmac_chan chan[];
};

static struct dmac_chan *to_dmac_chan(struct dma_chan *chan)
{
	return container_of(to_virt_chan(chan), struct dmac_chan, vc);
}

static struct dmac_desc *to_dmac_desc(struct virt_dma_desc *vd)
{
	return container_of(vd, struct dmac_desc, vd);
}

/* --- descriptors ------------------------------------------------------------------------------ */

static void dmac_free_desc(struct virt_dma_desc *vd)
{
	struct dmac_desc *desc = to_dmac_desc(vd);

	while (desc->nr--)
		dma_pool_free(desc->pool, desc->item[desc->nr].hw, desc->item[desc->nr].dma);
	kfree(desc);
}

/* Preparing is allowed in any context: nothing here sleeps. */
static struct dmac_desc *dmac_new_desc(struct dmac_chan *chan, unsigned int nr)
{
	struct dmac_desc *desc = kzalloc(struct_size(desc, item, nr), GFP_NOWAIT);

	if (!desc)
		return NULL;
	desc->pool = chan->dmac->pool;
	for (; desc->nr < nr; desc->nr++) {
		struct dmac_item *item = &desc->item[desc->nr];

		item->hw = dma_pool_zalloc(desc->pool, GFP_NOWAIT, &item->dma);
		if (!item->hw)
			goto free;
	}
	return desc;

free:
	dmac_free_desc(&desc->vd);
	return NULL;
}

/* Item @i, and the way to it from the one before. */
static void dmac_fill(struct dmac_desc *desc, unsigned int i, u32 control, u64 source,
		      u64 destination, u32 length)
{
	struct dmac_item *item = &desc->item[i];

	item->length = length;
	item->hw->source = cpu_to_le64(source);
	item->hw->destination = cpu_to_le64(destination);
	item->hw->length = cpu_to_le32(length);
	item->hw->control = cpu_to_le32(control);
	if (i)
		desc->item[i - 1].hw->next = cpu_to_le64(item->dma);
}

/* What the channel's client said of its peripheral. False: the controller can't. */
static bool dmac_set_port(struct dmac_chan *chan, struct dmac_desc *desc,
			  enum dma_transfer_direction direction)
{
	const struct dma_slave_config *config = &chan->config;
	const bool out = direction == DMA_MEM_TO_DEV;
	const u32 width = out ? config->dst_addr_width : config->src_addr_width;
	const u32 burst = max(out ? config->dst_maxburst : config->src_maxburst, 1u);

	if (width > 4 || !(DMAC_WIDTHS & BIT(width)) || burst > DMAC_BURST_MAX)
		return false;
	desc->port = out ? config->dst_addr : config->src_addr;
	desc->port_config = ilog2(width) | (burst - 1) << 8;
	return true;
}

/* All are filled: the chain ends here. */
static struct dma_async_tx_descriptor *dmac_end(struct dmac_chan *chan, struct dmac_desc *desc,
						unsigned long flags)
{
	desc->item[desc->nr - 1].hw->control |= cpu_to_le32(DMAC_LAST);
	return vchan_tx_prep(&chan->vc, &desc->vd, flags);
}

/* Bytes at @memory, from or to the peripheral. */
static void dmac_fill_slave(struct dmac_desc *desc, unsigned int i,
			    enum dma_transfer_direction direction, dma_addr_t memory, u32 length)
{
	if (direction == DMA_MEM_TO_DEV)
		dmac_fill(desc, i, DMAC_TO_PORT, memory, 0, length);
	else
		dmac_fill(desc, i, DMAC_FROM_PORT, 0, memory, length);
}

/* --- preparing -------------------------------------------------------------------------------- */

/* A length in pieces that a descriptor can have; what does not move on is @step 0. */
static struct dma_async_tx_descriptor *dmac_prep(struct dma_chan *c, u32 control, u64 source,
						 u64 step, dma_addr_t destination, size_t size,
						 unsigned long flags)
{
	struct dmac_chan *chan = to_dmac_chan(c);
	const unsigned int nr = DIV_ROUND_UP(size, DMAC_LENGTH_MAX);
	struct dmac_desc *desc = size ? dmac_new_desc(chan, nr) : NULL;
	unsigned int i;

	if (!desc)
		return NULL;
	for (i = 0; i < nr; i++) {
		const size_t at = (size_t)i * DMAC_LENGTH_MAX;

		dmac_fill(desc, i, control, source + at * step, destination + at,
			  min_t(size_t, size - at, DMAC_LENGTH_MAX));
	}
	return dmac_end(chan, desc, flags);
}

static struct dma_async_tx_descriptor *dmac_prep_memcpy(struct dma_chan *c, dma_addr_t destination,
							dma_addr_t source, size_t size,
							unsigned long flags)
{
	return dmac_prep(c, DMAC_COPY, source, 1, destination, size, flags);
}

static struct dma_async_tx_descriptor *dmac_prep_memset(struct dma_chan *c, dma_addr_t destination,
							int value, size_t size, unsigned long flags)
{
	return dmac_prep(c, DMAC_FILL, value & 0xff, 0, destination, size, flags);
}

static struct dma_async_tx_descriptor *
dmac_prep_slave_sg(struct dma_chan *c, struct scatterlist *sgl, unsigned int sg_len,
		   enum dma_transfer_direction direction, unsigned long flags, void *context)
{
	struct dmac_chan *chan = to_dmac_chan(c);
	struct dmac_desc *desc;
	struct scatterlist *sg;
	unsigned int i;

	if (!is_slave_direction(direction) || !sg_len)
		return NULL;
	desc = dmac_new_desc(chan, sg_len);
	if (!desc)
		return NULL;
	if (!dmac_set_port(chan, desc, direction))
		goto free;
	for_each_sg(sgl, sg, sg_len, i) {
		if (!sg_dma_len(sg) || sg_dma_len(sg) > DMAC_LENGTH_MAX)
			goto free;
		dmac_fill_slave(desc, i, direction, sg_dma_address(sg), sg_dma_len(sg));
	}
	return dmac_end(chan, desc, flags);

free:
	dmac_free_desc(&desc->vd);
	return NULL;
}

/* A ring: after the last period comes the first, and each says when it is over. */
static struct dma_async_tx_descriptor *dmac_prep_cyclic(struct dma_chan *c, dma_addr_t buffer,
							size_t size, size_t period,
							enum dma_transfer_direction direction,
							unsigned long flags)
{
	struct dmac_chan *chan = to_dmac_chan(c);
	struct dmac_desc *desc;
	unsigned int i, nr;

	if (!is_slave_direction(direction) || !size || !period || size % period ||
	    period > DMAC_LENGTH_MAX)
		return NULL;
	nr = size / period;
	desc = dmac_new_desc(chan, nr);
	if (!desc)
		return NULL;
	if (!dmac_set_port(chan, desc, direction)) {
		dmac_free_desc(&desc->vd);
		return NULL;
	}
	for (i = 0; i < nr; i++) {
		dmac_fill_slave(desc, i, direction, buffer + i * period, period);
		desc->item[i].hw->control |= cpu_to_le32(DMAC_WANTS_IRQ);
	}
	desc->item[nr - 1].hw->next = cpu_to_le64(desc->item[0].dma);
	desc->cyclic = true;
	return vchan_tx_prep(&chan->vc, &desc->vd, flags);
}

/* --- the hardware ----------------------------------------------------------------------------- */

static void dmac_write_address(struct dmac_chan *chan, unsigned int reg, u64 address)
{
	writel(lower_32_bits(address), chan->regs + reg);
	writel(upper_32_bits(address), chan->regs + reg + 4);
}

/* The channel does nothing, and vc.lock is held. */
static void dmac_start_next(struct dmac_chan *chan)
{
	struct virt_dma_desc *vd = vchan_next_desc(&chan->vc);
	struct dmac_desc *desc;

	chan->running = NULL;
	if (!vd)
		return;
	list_del(&vd->node);
	desc = to_dmac_desc(vd);
	chan->running = desc;
	writel(chan->request, chan->regs + DMAC_CH_REQUEST);
	dmac_write_address(chan, DMAC_CH_PORT_LOW, desc->port);
	writel(desc->port_config, chan->regs + DMAC_CH_PORT_CONFIG);
	dmac_write_address(chan, DMAC_CH_NEXT_LOW, desc->item[0].dma);
	/* writel() comes after the stores to the descriptors. */
	writel(DMAC_CH_CONTROL_ENABLE | (chan->paused ? DMAC_CH_CONTROL_PAUSE : 0),
	       chan->regs + DMAC_CH_CONTROL);
}

static u64 dmac_current(struct dmac_chan *chan)
{
	const u32 low = readl(chan->regs + DMAC_CH_CURRENT_LOW);

	return (u64)readl(chan->regs + DMAC_CH_CURRENT_HIGH) << 32 | low;
}

/*
 * Bytes of the running transfer that are not moved. The hardware goes on meanwhile: what is left of
 * a descriptor counts only if it was the same one before and after. vc.lock is held.
 */
static u32 dmac_residue(struct dmac_chan *chan, const struct dmac_desc *desc)
{
	u64 current_dma, again = dmac_current(chan);
	u32 left, total = 0;
	unsigned int i;

	do {
		current_dma = again;
		left = readl(chan->regs + DMAC_CH_RESIDUE);
		again = dmac_current(chan);
	} while (again != current_dma);

	for (i = desc->nr; i--;) {
		if (desc->item[i].dma == current_dma)
			return total + min(left, desc->item[i].length);
		total += desc->item[i].length;
	}
	return total;
}

static enum dmaengine_tx_result dmac_result(u32 error)
{
	return error == DMAC_CH_ERROR_READ    ? DMA_TRANS_READ_FAILED
	       : error == DMAC_CH_ERROR_WRITE ? DMA_TRANS_WRITE_FAILED
					      : DMA_TRANS_ABORTED;
}

/* vc.lock is held. What a channel raised before it was stopped was acknowledged then. */
static void dmac_chan_interrupt(struct dmac_chan *chan)
{
	struct dmac_desc *desc = chan->running;
	const u32 status = readl(chan->regs + DMAC_CH_IRQ_STATUS);

	writel(status, chan->regs + DMAC_CH_IRQ_STATUS);
	if (!desc)
		return;
	if (status & DMAC_CH_IRQ_ERROR) {
		desc->vd.tx_result.result = dmac_result(readl(chan->regs + DMAC_CH_ERROR));
		desc->vd.tx_result.residue = dmac_residue(chan, desc);
	} else if (desc->cyclic) {
		vchan_cyclic_callback(&desc->vd);
		return;
	} else if (!(status & DMAC_CH_IRQ_END)) {
		return;
	}
	vchan_cookie_complete(&desc->vd);
	dmac_start_next(chan);
}

static irqreturn_t dmac_interrupt(int irq, void *data)
{
	struct dmac *dmac = data;
	const u32 pending = readl(dmac->regs + DMAC_IRQ_STATUS);
	unsigned int i;

	for (i = 0; i < dmac->nr; i++) {
		struct dmac_chan *chan = &dmac->chan[i];

		if (!(pending & BIT(i)))
			continue;
		spin_lock(&chan->vc.lock);
		dmac_chan_interrupt(chan);
		spin_unlock(&chan->vc.lock);
	}
	return pending ? IRQ_HANDLED : IRQ_NONE;
}

/* --- running ---------------------------------------------------------------------------------- */

static void dmac_issue_pending(struct dma_chan *c)
{
	struct dmac_chan *chan = to_dmac_chan(c);
	unsigned long flags;

	spin_lock_irqsave(&chan->vc.lock, flags);
	if (vchan_issue_pending(&chan->vc) && !chan->running)
		dmac_start_next(chan);
	spin_unlock_irqrestore(&chan->vc.lock, flags);
}

static enum dma_status dmac_tx_status(struct dma_chan *c, dma_cookie_t cookie,
				      struct dma_tx_state *state)
{
	struct dmac_chan *chan = to_dmac_chan(c);
	struct virt_dma_desc *vd;
	enum dma_status status;
	unsigned long flags;
	unsigned int i;
	u32 residue = 0;

	spin_lock_irqsave(&chan->vc.lock, flags);
	status = dma_cookie_status(c, cookie, state);
	if (status == DMA_COMPLETE)
		goto unlock;
	vd = vchan_find_desc(&chan->vc, cookie);
	if (chan->running && chan->running->vd.tx.cookie == cookie) {
		residue = dmac_residue(chan, chan->running);
		if (chan->paused)
			status = DMA_PAUSED;
	} else if (vd) {
		for (i = 0; i < to_dmac_desc(vd)->nr; i++)
			residue += to_dmac_desc(vd)->item[i].length;
	}
	dma_set_residue(state, residue);
unlock:
	spin_unlock_irqrestore(&chan->vc.lock, flags);
	return status;
}

static int dmac_config(struct dma_chan *c, struct dma_slave_config *config)
{
	to_dmac_chan(c)->config = *config;
	return 0;
}

static int dmac_set_paused(struct dma_chan *c, bool paused)
{
	struct dmac_chan *chan = to_dmac_chan(c);
	unsigned long flags;

	spin_lock_irqsave(&chan->vc.lock, flags);
	chan->paused = paused;
	writel(paused ? DMAC_CH_CONTROL_PAUSE : 0, chan->regs + DMAC_CH_CONTROL);
	spin_unlock_irqrestore(&chan->vc.lock, flags);
	return 0;
}

static int dmac_pause(struct dma_chan *c)
{
	return dmac_set_paused(c, true);
}

static int dmac_resume(struct dma_chan *c)
{
	return dmac_set_paused(c, false);
}

/* With the abort's write the channel is still: its memory may be taken back. */
static int dmac_terminate_all(struct dma_chan *c)
{
	struct dmac_chan *chan = to_dmac_chan(c);
	unsigned long flags;
	LIST_HEAD(head);

	spin_lock_irqsave(&chan->vc.lock, flags);
	writel(DMAC_CH_CONTROL_ABORT, chan->regs + DMAC_CH_CONTROL);
	writel(DMAC_CH_IRQ_ALL, chan->regs + DMAC_CH_IRQ_STATUS);
	chan->paused = false;
	if (chan->running)
		vchan_terminate_vdesc(&chan->running->vd);
	chan->running = NULL;
	vchan_get_all_descriptors(&chan->vc, &head);
	spin_unlock_irqrestore(&chan->vc.lock, flags);
	vchan_dma_desc_free_list(&chan->vc, &head);
	return 0;
}

static void dmac_synchronize(struct dma_chan *c)
{
	vchan_synchronize(to_virt_chan(c));
}

static void dmac_free_chan_resources(struct dma_chan *c)
{
	dmac_terminate_all(c);
	vchan_free_chan_resources(to_virt_chan(c));
}

/* A client's cell is the request line; any free channel serves it. */
static struct dma_chan *dmac_xlate(struct of_phandle_args *args, struct of_dma *of_dma)
{
	struct dmac *dmac = of_dma->of_dma_data;
	struct dma_chan *c;

	if (args->args_count != 1 || args->args[0] >= dmac->lines)
		return NULL;
	c = dma_get_any_slave_channel(&dmac->engine);
	if (c)
		to_dmac_chan(c)->request = args->args[0];
	return c;
}

/* --- life ------------------------------------------------------------------------------------- */

static void dmac_reset(struct dmac *dmac)
{
	writel(DMAC_CONTROL_RESET, dmac->regs + DMAC_CONTROL);
	/* Reading back makes sure that the reset has reached it. */
	readl(dmac->regs + DMAC_CONTROL);
}

static void dmac_describe(struct dmac *dmac, struct device *dev)
{
	struct dma_device *engine = &dmac->engine;

	engine->dev = dev;
	dma_cap_set(DMA_MEMCPY, engine->cap_mask);
	dma_cap_set(DMA_MEMSET, engine->cap_mask);
	dma_cap_set(DMA_SLAVE, engine->cap_mask);
	dma_cap_set(DMA_CYCLIC, engine->cap_mask);
	engine->directions = BIT(DMA_MEM_TO_DEV) | BIT(DMA_DEV_TO_MEM) | BIT(DMA_MEM_TO_MEM);
	engine->src_addr_widths = DMAC_WIDTHS;
	engine->dst_addr_widths = DMAC_WIDTHS;
	engine->min_burst = 1;
	engine->max_burst = DMAC_BURST_MAX;
	engine->residue_granularity = DMA_RESIDUE_GRANULARITY_BURST;
	engine->descriptor_reuse = true;
	engine->device_free_chan_resources = dmac_free_chan_resources;
	engine->device_prep_dma_memcpy = dmac_prep_memcpy;
	engine->device_prep_dma_memset = dmac_prep_memset;
	engine->device_prep_slave_sg = dmac_prep_slave_sg;
	engine->device_prep_dma_cyclic = dmac_prep_cyclic;
	engine->device_config = dmac_config;
	engine->device_pause = dmac_pause;
	engine->device_resume = dmac_resume;
	engine->device_terminate_all = dmac_terminate_all;
	engine->device_synchronize = dmac_synchronize;
	engine->device_tx_status = dmac_tx_status;
	engine->device_issue_pending = dmac_issue_pending;
}

static void dmac_init_channels(struct dmac *dmac)
{
	unsigned int i;

	INIT_LIST_HEAD(&dmac->engine.channels);
	for (i = 0; i < dmac->nr; i++) {
		struct dmac_chan *chan = &dmac->chan[i];

		chan->dmac = dmac;
		chan->regs = dmac->regs + DMAC_CHANNEL(i);
		chan->vc.desc_free = dmac_free_desc;
		vchan_init(&chan->vc, &dmac->engine);
		writel(DMAC_CH_IRQ_ALL, chan->regs + DMAC_CH_IRQ_ENABLE);
	}
}

/* Channels may share one interrupt, or some; whichever comes, all are looked at. */
static int dmac_request_irqs(struct platform_device *pdev, struct dmac *dmac)
{
	const int nr = max(platform_irq_count(pdev), 1);
	int i;

	for (i = 0; i < nr; i++) {
		int irq = platform_get_irq(pdev, i), err;

		if (irq < 0)
			return irq;
		err = devm_request_irq(&pdev->dev, irq, dmac_interrupt, IRQF_SHARED, "dmac", dmac);
		if (err)
			return err;
	}
	return 0;
}

/* A handler that runs is waited for; one that comes later finds nothing to do. */
static void dmac_stop(struct platform_device *pdev, struct dmac *dmac)
{
	int nr = platform_irq_count(pdev);
	unsigned int i;

	dmac_reset(dmac);
	while (nr-- > 0)
		synchronize_irq(platform_get_irq(pdev, nr));
	for (i = 0; i < dmac->nr; i++)
		tasklet_kill(&dmac->chan[i].vc.task);
}

/* What needs no undoing of ours: managed. */
static struct dmac *dmac_setup(struct platform_device *pdev)
{
	void __iomem *regs = devm_platform_ioremap_resource(pdev, 0);
	struct device *dev = &pdev->dev;
	unsigned int nr;
	struct dmac *dmac;
	u32 caps;
	int err;

	if (IS_ERR(regs))
		return ERR_CAST(regs);
	if (readl(regs + DMAC_ID) != DMAC_ID_VALUE)
		return ERR_PTR(dev_err_probe(dev, -ENODEV, "not a controller of revision 1\n"));
	caps = readl(regs + DMAC_CAPS);
	nr = min_t(u32, caps & DMAC_CAPS_CHANNELS, 32);
	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (err)
		return ERR_PTR(err);
	dma_set_max_seg_size(dev, DMAC_LENGTH_MAX);

	dmac = devm_kzalloc(dev, struct_size(dmac, chan, nr), GFP_KERNEL);
	if (!dmac)
		return ERR_PTR(-ENOMEM);
	dmac->regs = regs;
	dmac->nr = nr;
	dmac->lines = (caps & DMAC_CAPS_LINES) >> 8;
	dmac->pool = dmam_pool_create("dmac", dev, sizeof(struct dmac_hw), sizeof(struct dmac_hw),
				      0);
	return dmac->pool ? dmac : ERR_PTR(-ENOMEM);
}

static int dmac_probe(struct platform_device *pdev)
{
	struct dmac *dmac = dmac_setup(pdev);
	int err;

	if (IS_ERR(dmac))
		return PTR_ERR(dmac);
	platform_set_drvdata(pdev, dmac);
	dmac_reset(dmac);
	dmac_init_channels(dmac);
	dmac_describe(dmac, &pdev->dev);

	err = dmac_request_irqs(pdev, dmac);
	if (err)
		return err;
	err = dma_async_device_register(&dmac->engine);
	if (err)
		return err;
	err = of_dma_controller_register(pdev->dev.of_node, dmac_xlate, dmac);
	if (!err)
		return 0;
	dma_async_device_unregister(&dmac->engine);
	dmac_stop(pdev, dmac);
	return err;
}

static void dmac_remove(struct platform_device *pdev)
{
	struct dmac *dmac = platform_get_drvdata(pdev);

	of_dma_controller_free(pdev->dev.of_node);
	dma_async_device_unregister(&dmac->engine);
	dmac_stop(pdev, dmac);
}

static const struct of_device_id dmac_ids[] = {{.compatible = "dmakit,dmac"}, {}};
MODULE_DEVICE_TABLE(of, dmac_ids);

static struct platform_driver dmac_driver = {
	.probe = dmac_probe,
	.remove = dmac_remove,
	.driver =
		{
			.name = "dmac",
			.of_match_table = dmac_ids,
			.suppress_bind_attrs = true,
		},
};
module_platform_driver(dmac_driver);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("dmac: a DMA controller for the DMA engine, as a lesson");
