// SPDX-License-Identifier: MIT
/*
 * A driver for the ZDMA of Xilinx's Zynq UltraScale+ (docs/zdma.md): a DMA controller that copies
 * and fills memory. Registers and descriptors: UG1085, chapter "DMA Controller", and UG1087, module
 * ZDMA. A channel is a device of its own, so that this provides controllers with one channel each.
 *
 * A copy is a chain of descriptors in memory, two for each piece: where from and where to. They are
 * linked, so that they lie anywhere, and are taken from a pool when the copy is prepared. A fill
 * has no memory: its registers say all ("simple", write only).
 *
 * Who may touch what: channel->vc.lock guards `running` and the registers. A descriptor that is on
 * its way is `running` and on no list; the interrupt takes it back, and nobody else. What is
 * terminated meanwhile stays `running`, marked, until the hardware has ended it: only then is its
 * memory nobody's, and synchronize waits for that.
 */
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/dmapool.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_dma.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include <drivers/dma/virt-dma.h>

#define ZDMA_ISR            0x100 /* a 1 clears */
#define ZDMA_IEN            0x108 /* a 1 lets it interrupt */
#define ZDMA_IDS            0x10c /* a 1 does not */
#define ZDMA_INVALID_ACCESS BIT(0)
#define ZDMA_READ_SOURCE    BIT(6) /* the source's descriptor could not be read */
#define ZDMA_READ_TARGET    BIT(7)
#define ZDMA_READ_DATA      BIT(8)
#define ZDMA_WRITE_DATA     BIT(9)
#define ZDMA_DONE           BIT(10)
#define ZDMA_ERRORS                                                                   \
	(ZDMA_INVALID_ACCESS | ZDMA_READ_SOURCE | ZDMA_READ_TARGET | ZDMA_READ_DATA | \
	 ZDMA_WRITE_DATA)
#define ZDMA_EVERYTHING 0xfff

#define ZDMA_CTRL0            0x110
#define ZDMA_CTRL0_PREFETCH   BIT(7)
#define ZDMA_CTRL0_CHAIN      BIT(6)
#define ZDMA_CTRL0_WRITE_ONLY BIT(4)
#define ZDMA_TARGET_ADDRESS   0x138 /* low, high; then size and what a descriptor's `control` is */
#define ZDMA_TARGET_SIZE      0x140
#define ZDMA_TARGET_CONTROL   0x144
#define ZDMA_PATTERN          0x148 /* 16 bytes, of which the bus takes as many as it is wide */
#define ZDMA_SOURCE_CHAIN     0x158 /* low, high */
#define ZDMA_TARGET_CHAIN     0x160
#define ZDMA_TOTAL_BYTES      0x188 /* since it was cleared, by a 1 for each bit */
#define ZDMA_CTRL2            0x200
#define ZDMA_CTRL2_ENABLE     BIT(0)

#define ZDMA_ADDRESS_BITS 49
#define ZDMA_PIECE_MAX    (BIT(30) - 1)
#define ZDMA_PIECES_MAX   4096 /* in one descriptor of a client's, and U32_MAX bytes */
#define ZDMA_PATIENCE     HZ   /* for the end of what was terminated */

/* What the hardware reads, at a multiple of its size. */
struct zdma_hw {
	__le64 address;
	__le32 size;
	__le32 control;
	__le64 next; /* a bus address */
	__le64 reserved;
};

static_assert(sizeof(struct zdma_hw) == 32);

#define ZDMA_HW_LINKED BIT(1)
#define ZDMA_HW_STOP   (2 << 3) /* of a source: the chain ends here */

/* One piece of a copy: a block of the pool. */
struct zdma_link {
	struct zdma_hw source, target;
};

struct zdma_piece {
	struct zdma_link *link;
	dma_addr_t dma;
};

struct zdma_job {
	struct virt_dma_desc vd;
	u32 size;     /* bytes that are written, in all */
	bool dropped; /* terminated while it runs */
	bool fills;
	u8 value;
	dma_addr_t target; /* of a fill */
	unsigned int pieces;
	struct zdma_piece piece[];
};

struct zdma_channel {
	struct virt_dma_chan vc;
	struct dma_device dma;
	struct device *dev;
	void __iomem *regs;
	struct dma_pool *pool;
	wait_queue_head_t ended;
	struct zdma_job *running;
	dma_cookie_t failed; /* the last one that did */
	u32 mode;            /* what CTRL0 holds; 0: not known */
};

static struct zdma_channel *to_channel(struct dma_chan *chan)
{
	return container_of(to_virt_chan(chan), struct zdma_channel, vc);
}

static struct zdma_job *to_job(struct virt_dma_desc *vd)
{
	return container_of(vd, struct zdma_job, vd);
}

static void zdma_write(struct zdma_channel *channel, unsigned int offset, u32 value)
{
	writel(value, channel->regs + offset);
}

static u32 zdma_read(struct zdma_channel *channel, unsigned int offset)
{
	return readl(channel->regs + offset);
}

/* --- starting: the channel's lock is held ----------------------------------------------------- */

static void zdma_write_address(struct zdma_channel *channel, unsigned int offset, dma_addr_t dma)
{
	zdma_write(channel, offset, lower_32_bits(dma));
	zdma_write(channel, offset + 4, upper_32_bits(dma));
}

static void zdma_set_mode(struct zdma_channel *channel, u32 mode)
{
	if (channel->mode != mode)
		zdma_write(channel, ZDMA_CTRL0, mode);
	channel->mode = mode;
}

static void zdma_begin_copy(struct zdma_channel *channel, const struct zdma_job *job)
{
	const dma_addr_t first = job->piece[0].dma;

	zdma_set_mode(channel, ZDMA_CTRL0_PREFETCH | ZDMA_CTRL0_CHAIN);
	zdma_write_address(channel, ZDMA_SOURCE_CHAIN, first + offsetof(struct zdma_link, source));
	zdma_write_address(channel, ZDMA_TARGET_CHAIN, first + offsetof(struct zdma_link, target));
}

static void zdma_begin_fill(struct zdma_channel *channel, const struct zdma_job *job)
{
	zdma_set_mode(channel, ZDMA_CTRL0_PREFETCH | ZDMA_CTRL0_WRITE_ONLY);
	for (unsigned int i = 0; i < 4; i++)
		zdma_write(channel, ZDMA_PATTERN + 4 * i, job->value * 0x01010101u);
	zdma_write_address(channel, ZDMA_TARGET_ADDRESS, job->target);
	zdma_write(channel, ZDMA_TARGET_SIZE, job->size);
	zdma_write(channel, ZDMA_TARGET_CONTROL, 0);
}

/*
 * The next one, if the hardware is idle and there is one. The descriptors were written when the job
 * was prepared; writel() lets them arrive before the bit that makes the hardware read them.
 */
static void zdma_begin(struct zdma_channel *channel)
{
	struct virt_dma_desc *vd = vchan_next_desc(&channel->vc);
	struct zdma_job *job;

	if (channel->running || !vd)
		return;
	list_del(&vd->node);
	job = to_job(vd);
	job->dropped = false;
	channel->running = job;
	if (job->fills)
		zdma_begin_fill(channel, job);
	else
		zdma_begin_copy(channel, job);
	zdma_write(channel, ZDMA_TOTAL_BYTES, ~0u);
	zdma_write(channel, ZDMA_CTRL2, ZDMA_CTRL2_ENABLE);
}

/* --- ending ----------------------------------------------------------------------------------- */

static u32 zdma_left(struct zdma_channel *channel, const struct zdma_job *job)
{
	const u32 done = zdma_read(channel, ZDMA_TOTAL_BYTES);

	return done < job->size ? job->size - done : 0;
}

static enum dmaengine_tx_result zdma_result(u32 status)
{
	if (status & ZDMA_READ_DATA)
		return DMA_TRANS_READ_FAILED;
	if (status & ZDMA_WRITE_DATA)
		return DMA_TRANS_WRITE_FAILED;
	return status & ZDMA_ERRORS ? DMA_TRANS_ABORTED : DMA_TRANS_NOERROR;
}

/* The hardware is done with what runs. The channel's lock is held. */
static void zdma_end(struct zdma_channel *channel, u32 status)
{
	struct zdma_job *job = channel->running;
	const enum dmaengine_tx_result result = zdma_result(status);

	if (!job)
		return;
	channel->running = NULL;
	job->vd.tx_result.result = result;
	job->vd.tx_result.residue = result ? zdma_left(channel, job) : 0;
	if (result)
		channel->failed = job->vd.tx.cookie;
	if (job->dropped)
		vchan_terminate_vdesc(&job->vd);
	else
		vchan_cookie_complete(&job->vd);
}

/*
 * An error stops the hardware in the middle of its chain; the next chain begins from its start
 * again.
 */
static irqreturn_t zdma_irq(int irq, void *data)
{
	struct zdma_channel *channel = data;
	u32 status;

	spin_lock(&channel->vc.lock);
	status = zdma_read(channel, ZDMA_ISR) & (ZDMA_DONE | ZDMA_ERRORS);
	if (status) {
		zdma_write(channel, ZDMA_ISR, status);
		zdma_end(channel, status);
		zdma_begin(channel);
	}
	spin_unlock(&channel->vc.lock);
	if (!status)
		return IRQ_NONE;
	if (status & ZDMA_ERRORS)
		dev_err_ratelimited(channel->dev, "the hardware says error: status %#x\n", status);
	wake_up(&channel->ended);
	return IRQ_HANDLED;
}

/* --- descriptors ------------------------------------------------------------------------------ */

static void zdma_job_free(struct virt_dma_desc *vd)
{
	struct zdma_channel *channel = to_channel(vd->tx.chan);
	struct zdma_job *job = to_job(vd);

	for (unsigned int i = 0; i < job->pieces; i++)
		dma_pool_free(channel->pool, job->piece[i].link, job->piece[i].dma);
	kfree(job);
}

/* Preparing is for any context. */
static struct zdma_job *zdma_job_new(struct dma_chan *chan, unsigned int pieces)
{
	struct zdma_channel *channel = to_channel(chan);
	struct zdma_job *job = kzalloc(struct_size(job, piece, pieces), GFP_NOWAIT);

	if (!job)
		return NULL;
	job->vd.tx.chan = chan;
	for (; job->pieces < pieces; job->pieces++) {
		struct zdma_piece *piece = &job->piece[job->pieces];

		piece->link = dma_pool_zalloc(channel->pool, GFP_NOWAIT, &piece->dma);
		if (!piece->link)
			goto free_job;
	}
	return job;

free_job:
	zdma_job_free(&job->vd);
	return NULL;
}

static void zdma_set_hw(struct zdma_hw *hw, dma_addr_t address, size_t size, dma_addr_t next)
{
	hw->address = cpu_to_le64(address);
	hw->size = cpu_to_le32(size);
	hw->control = cpu_to_le32(ZDMA_HW_LINKED);
	hw->next = cpu_to_le64(next);
}

/* Piece @i; its successor, if it has one, is linked to it. */
static void zdma_set_piece(struct zdma_job *job, unsigned int i, dma_addr_t target,
			   dma_addr_t source, size_t size)
{
	const bool last = i + 1 == job->pieces;
	const dma_addr_t next = job->piece[last ? i : i + 1].dma;
	struct zdma_link *link = job->piece[i].link;

	zdma_set_hw(&link->source, source, size, next + offsetof(struct zdma_link, source));
	zdma_set_hw(&link->target, target, size, next + offsetof(struct zdma_link, target));
	if (last)
		link->source.control |= cpu_to_le32(ZDMA_HW_STOP);
	job->size += size;
}

static struct dma_async_tx_descriptor *zdma_prep_copy(struct dma_chan *chan, dma_addr_t target,
						      dma_addr_t source, size_t size,
						      unsigned long flags)
{
	struct zdma_job *job;
	size_t at = 0, n;

	if (!size || size > U32_MAX)
		return NULL;
	job = zdma_job_new(chan, DIV_ROUND_UP(size, ZDMA_PIECE_MAX));
	if (!job)
		return NULL;
	for (unsigned int i = 0; i < job->pieces; i++, at += n) {
		n = min_t(size_t, size - at, ZDMA_PIECE_MAX);
		zdma_set_piece(job, i, target + at, source + at, n);
	}
	return vchan_tx_prep(to_virt_chan(chan), &job->vd, flags);
}

static struct dma_async_tx_descriptor *zdma_prep_fill(struct dma_chan *chan, dma_addr_t target,
						      int value, size_t size, unsigned long flags)
{
	struct zdma_job *job;

	if (!size || size > ZDMA_PIECE_MAX)
		return NULL;
	job = zdma_job_new(chan, 0);
	if (!job)
		return NULL;
	job->fills = true;
	job->value = value;
	job->target = target;
	job->size = size;
	return vchan_tx_prep(to_virt_chan(chan), &job->vd, flags);
}

/* Whether each piece of a frame is one for the hardware, and their sum. */
static bool zdma_can_interleave(const struct dma_interleaved_template *xt)
{
	u64 frame = 0;

	if (xt->dir != DMA_MEM_TO_MEM || !xt->src_inc || !xt->dst_inc || !xt->numf ||
	    !xt->frame_size || xt->numf > ZDMA_PIECES_MAX / xt->frame_size)
		return false;
	for (size_t i = 0; i < xt->frame_size; i++) {
		if (!xt->sgl[i].size || xt->sgl[i].size > ZDMA_PIECE_MAX)
			return false;
		frame += xt->sgl[i].size;
	}
	return frame * xt->numf <= U32_MAX;
}

static struct dma_async_tx_descriptor *zdma_prep_interleaved(struct dma_chan *chan,
							     struct dma_interleaved_template *xt,
							     unsigned long flags)
{
	dma_addr_t source = xt->src_start, target = xt->dst_start;
	struct zdma_job *job;

	if (!zdma_can_interleave(xt))
		return NULL;
	job = zdma_job_new(chan, xt->numf * xt->frame_size);
	if (!job)
		return NULL;
	for (unsigned int i = 0; i < job->pieces; i++) {
		struct data_chunk *chunk = &xt->sgl[i % xt->frame_size];

		zdma_set_piece(job, i, target, source, chunk->size);
		source += chunk->size + dmaengine_get_src_icg(xt, chunk);
		target += chunk->size + dmaengine_get_dst_icg(xt, chunk);
	}
	return vchan_tx_prep(to_virt_chan(chan), &job->vd, flags);
}

/* --- what clients ask ------------------------------------------------------------------------- */

static void zdma_issue_pending(struct dma_chan *chan)
{
	struct zdma_channel *channel = to_channel(chan);
	unsigned long flags;

	spin_lock_irqsave(&channel->vc.lock, flags);
	if (vchan_issue_pending(&channel->vc))
		zdma_begin(channel);
	spin_unlock_irqrestore(&channel->vc.lock, flags);
}

static enum dma_status zdma_tx_status(struct dma_chan *chan, dma_cookie_t cookie,
				      struct dma_tx_state *state)
{
	struct zdma_channel *channel = to_channel(chan);
	struct virt_dma_desc *vd;
	enum dma_status status;
	unsigned long flags;

	spin_lock_irqsave(&channel->vc.lock, flags);
	status = dma_cookie_status(chan, cookie, state);
	vd = status == DMA_COMPLETE ? NULL : vchan_find_desc(&channel->vc, cookie);
	if (vd)
		dma_set_residue(state, to_job(vd)->size);
	else if (channel->running && channel->running->vd.tx.cookie == cookie)
		dma_set_residue(state, zdma_left(channel, channel->running));
	if (status == DMA_COMPLETE && cookie == channel->failed)
		status = DMA_ERROR;
	spin_unlock_irqrestore(&channel->vc.lock, flags);
	return status;
}

static int zdma_terminate(struct dma_chan *chan)
{
	struct zdma_channel *channel = to_channel(chan);
	unsigned long flags;
	LIST_HEAD(head);

	spin_lock_irqsave(&channel->vc.lock, flags);
	vchan_get_all_descriptors(&channel->vc, &head);
	if (channel->running)
		channel->running->dropped = true;
	chan->completed_cookie = chan->cookie; /* all that was submitted has ended */
	spin_unlock_irqrestore(&channel->vc.lock, flags);
	vchan_dma_desc_free_list(&channel->vc, &head);
	return 0;
}

/* Hardware that is gone, and reads as ones, uses no memory any more. */
static bool zdma_is_rid_of(struct zdma_channel *channel)
{
	unsigned long flags;
	bool runs;

	spin_lock_irqsave(&channel->vc.lock, flags);
	runs = channel->running && channel->running->dropped;
	if (runs && zdma_read(channel, ZDMA_ISR) == ~0u) {
		zdma_end(channel, ZDMA_ERRORS);
		runs = false;
	}
	spin_unlock_irqrestore(&channel->vc.lock, flags);
	return !runs;
}

/*
 * Nothing of the hardware's ends a copy at once; it is waited for. If it never ends, its memory is
 * never freed either: the hardware may still use it.
 */
static void zdma_synchronize(struct dma_chan *chan)
{
	struct zdma_channel *channel = to_channel(chan);

	if (!wait_event_timeout(channel->ended, zdma_is_rid_of(channel), ZDMA_PATIENCE))
		dev_err(channel->dev, "what was terminated does not end\n");
	vchan_synchronize(&channel->vc);
}

static void zdma_free_resources(struct dma_chan *chan)
{
	zdma_terminate(chan);
	zdma_synchronize(chan);
	vchan_free_chan_resources(to_virt_chan(chan));
}

/* --- life ------------------------------------------------------------------------------------- */

static struct dma_chan *zdma_xlate(struct of_phandle_args *args, struct of_dma *of_dma)
{
	struct zdma_channel *channel = of_dma->of_dma_data;

	return dma_get_slave_channel(&channel->vc.chan);
}

static void zdma_describe(struct zdma_channel *channel)
{
	struct dma_device *dma = &channel->dma;

	dma->dev = channel->dev;
	dma->directions = BIT(DMA_MEM_TO_MEM);
	dma->residue_granularity = DMA_RESIDUE_GRANULARITY_BURST;
	dma->descriptor_reuse = true;
	dma->device_free_chan_resources = zdma_free_resources;
	dma->device_prep_dma_memcpy = zdma_prep_copy;
	dma->device_prep_dma_memset = zdma_prep_fill;
	dma->device_prep_interleaved_dma = zdma_prep_interleaved;
	dma->device_terminate_all = zdma_terminate;
	dma->device_synchronize = zdma_synchronize;
	dma->device_tx_status = zdma_tx_status;
	dma->device_issue_pending = zdma_issue_pending;
	dma_cap_set(DMA_MEMCPY, dma->cap_mask);
	dma_cap_set(DMA_MEMSET, dma->cap_mask);
	dma_cap_set(DMA_INTERLEAVE, dma->cap_mask);
	INIT_LIST_HEAD(&dma->channels);
	channel->vc.desc_free = zdma_job_free;
	vchan_init(&channel->vc, dma);
}

/* Whoever had it before may have left it at work. */
static void zdma_quieten(struct zdma_channel *channel)
{
	zdma_write(channel, ZDMA_IDS, ZDMA_EVERYTHING);
	zdma_write(channel, ZDMA_CTRL2, 0);
	zdma_write(channel, ZDMA_ISR, ZDMA_EVERYTHING);
}

static int zdma_get_irq(struct platform_device *pdev, struct zdma_channel *channel)
{
	const int irq = platform_get_irq(pdev, 0);

	if (irq < 0)
		return irq;
	return devm_request_irq(channel->dev, irq, zdma_irq, 0, dev_name(channel->dev), channel);
}

static int zdma_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct zdma_channel *channel = devm_kzalloc(dev, sizeof(*channel), GFP_KERNEL);
	int err;

	if (!channel)
		return -ENOMEM;
	channel->dev = dev;
	init_waitqueue_head(&channel->ended);
	channel->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(channel->regs))
		return PTR_ERR(channel->regs);
	if (zdma_read(channel, ZDMA_ISR) == ~0u)
		return dev_err_probe(dev, -ENODEV, "nothing answers\n");
	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(ZDMA_ADDRESS_BITS));
	if (err)
		return dev_err_probe(dev, err, "memory is out of its reach\n");
	channel->pool = dmam_pool_create(dev_name(dev), dev, sizeof(struct zdma_link),
					 sizeof(struct zdma_link), 0);
	if (!channel->pool)
		return -ENOMEM;
	zdma_describe(channel);
	zdma_quieten(channel);
	err = zdma_get_irq(pdev, channel);
	if (err)
		return dev_err_probe(dev, err, "no interrupt\n");
	zdma_write(channel, ZDMA_IEN, ZDMA_DONE | ZDMA_ERRORS);

	err = dma_async_device_register(&channel->dma);
	if (err)
		return err;
	err = of_dma_controller_register(dev->of_node, zdma_xlate, channel);
	if (err)
		goto unregister;
	platform_set_drvdata(pdev, channel);
	return 0;

unregister:
	dma_async_device_unregister(&channel->dma);
	return err;
}

static void zdma_remove(struct platform_device *pdev)
{
	struct zdma_channel *channel = platform_get_drvdata(pdev);

	of_dma_controller_free(pdev->dev.of_node);
	dma_async_device_unregister(&channel->dma);
	zdma_write(channel, ZDMA_IDS, ZDMA_EVERYTHING);
	zdma_read(channel, ZDMA_ISR); /* so that it has arrived */
}

static const struct of_device_id zdma_ids[] = {{.compatible = "xlnx,zynqmp-dma-1.0"}, {}};
MODULE_DEVICE_TABLE(of, zdma_ids);

static struct platform_driver zdma_driver = {
	.probe = zdma_probe,
	.remove = zdma_remove,
	.driver = {.name = "zdma", .of_match_table = zdma_ids},
};
module_platform_driver(zdma_driver);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("ZDMA of the Zynq UltraScale+");
