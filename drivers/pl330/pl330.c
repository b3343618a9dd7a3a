// SPDX-License-Identifier: MIT
/*
 * A driver for ARM's PL330 (docs/pl330.md): a DMA controller whose channels run programs out of
 * memory. Instructions and registers: ARM DDI 0424, chapters 3 and 4. It copies and fills memory;
 * peripherals' requests are not used.
 *
 * A program is made when a descriptor is prepared, in a block of its own:
 *
 *	DMAMOV source, target		then for each of up to three runs, of bytes up to the first
 *	DMAMOV control			aligned address, of the widest elements, and of bytes again:
 *	loops of DMALD, DMAST		bursts of 16 elements, and single ones for what is left
 *	DMAWMB, DMASEV n, DMAEND	all has been written: interrupt n
 *
 * Channel n raises event n. The controller has one pair of registers through which all channels are
 * started and killed: pl330->lock guards them, inside a channel's lock, which guards what it runs.
 * A descriptor that is on its way is `running` and on no list.
 */
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/dmapool.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_dma.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include <drivers/dma/virt-dma.h>

#define PL330_MANAGER_FAULT     0x030 /* bit 0: the manager has faulted */
#define PL330_CHANNEL_FAULTS    0x034 /* a bit for each channel that has */
#define PL330_FAULT_TYPE(n)     (0x040 + 4 * (n))
#define PL330_FAULT_WRITE       BIT(17)
#define PL330_FAULT_READ        BIT(18)
#define PL330_INTEN             0x020 /* which events interrupt */
#define PL330_INTMIS            0x028 /* which do now */
#define PL330_INTCLR            0x02c
#define PL330_STATUS(n)         (0x100 + 8 * (n))
#define PL330_STATUS_STATE      0xf                  /* 0: stopped */
#define PL330_TARGET(n)         (0x404 + 0x20 * (n)) /* where it writes next */
#define PL330_DBGSTATUS         0xd00                /* bit 0: busy */
#define PL330_DBGCMD            0xd04
#define PL330_DBGINST0          0xd08
#define PL330_DBGINST1          0xd0c
#define PL330_CR0               0xe00
#define PL330_CR0_CHANNELS(cr0) (((cr0) >> 4 & 7) + 1)
#define PL330_CR0_EVENTS(cr0)   (((cr0) >> 17 & 0x1f) + 1)
#define PL330_CR0_MANAGER_NS    BIT(2) /* the manager is not in the secure world */
#define PL330_CRD               0xe14
#define PL330_CRD_WIDTH(crd)    ((crd)&7) /* of the bus: log2 of its bytes */
#define PL330_ID                0xfe0     /* of four registers with a byte each; two say PL330 */

#define PL330_CHANNELS_MAX 8
#define PL330_BURST_MAX    16  /* elements */
#define PL330_LOOP_MAX     256 /* times; two loops go into each other, and no third */
#define PL330_SPINS_US     1000

/* A block: the program from its start, and at its end what a fill writes. */
#define PL330_BLOCK   512
#define PL330_PATTERN 16
#define PL330_PROGRAM (PL330_BLOCK - PL330_PATTERN)

struct pl330_job {
	struct virt_dma_desc vd;
	u8 *block;
	dma_addr_t dma;
	u32 size, target;
};

struct pl330_channel {
	struct virt_dma_chan vc;
	struct pl330 *pl330;
	unsigned int number;
	struct pl330_job *running;
	dma_cookie_t failed; /* the last one that did */
};

struct pl330 {
	struct dma_device dma;
	struct device *dev;
	void __iomem *regs;
	struct dma_pool *pool;
	unsigned int channels, width; /* log2 of the widest element's bytes */
	bool non_secure;
	spinlock_t lock; /* of the DBG registers */
	struct pl330_channel channel[PL330_CHANNELS_MAX];
};

static struct pl330_channel *to_channel(struct dma_chan *chan)
{
	return container_of(to_virt_chan(chan), struct pl330_channel, vc);
}

static struct pl330_job *to_job(struct virt_dma_desc *vd)
{
	return container_of(vd, struct pl330_job, vd);
}

/* --- programs --------------------------------------------------------------------------------- */

/* What a program is made of; once it is too long, nothing more is put into it. */
struct pl330_code {
	u8 *bytes;
	unsigned int used;
	bool full;
};

static void put(struct pl330_code *code, u8 byte)
{
	if (code->used == PL330_PROGRAM)
		code->full = true;
	else
		code->bytes[code->used++] = byte;
}

enum pl330_register { PL330_SAR = 0, PL330_CCR = 1, PL330_DAR = 2 };

static void put_move(struct pl330_code *code, enum pl330_register reg, u32 value)
{
	put(code, 0xbc);
	put(code, reg);
	for (unsigned int i = 0; i < 4; i++)
		put(code, value >> 8 * i);
}

/* What each DMALD and DMAST moves: @burst elements of 1 << @width bytes; a fill's source stays. */
static void put_control(struct pl330_code *code, unsigned int width, unsigned int burst, bool fills)
{
	const u32 half = width << 1 | (burst - 1) << 4;

	put_move(code, PL330_CCR, half << 14 | half | BIT(14) | (fills ? 0 : BIT(0)));
}

static void put_load_and_store(struct pl330_code *code)
{
	put(code, 0x04); /* DMALD */
	put(code, 0x08); /* DMAST */
}

static void put_loop(struct pl330_code *code, unsigned int counter, unsigned int times)
{
	put(code, 0x20 | counter << 1);
	put(code, times - 1);
}

/* DMALPEND: back to @start, where the instruction after the loop's first is. */
static void put_loop_end(struct pl330_code *code, unsigned int counter, unsigned int start)
{
	const unsigned int back = code->used - start;

	put(code, 0x38 | counter << 2);
	put(code, back);
}

/* Load and store @times times, at most PL330_LOOP_MAX. */
static void put_inner(struct pl330_code *code, unsigned int times)
{
	unsigned int start;

	if (times > 1)
		put_loop(code, 0, times);
	start = code->used;
	put_load_and_store(code);
	if (times > 1)
		put_loop_end(code, 0, start);
}

static void put_repeated(struct pl330_code *code, unsigned int times)
{
	unsigned int outer, start;

	for (; times >= PL330_LOOP_MAX && !code->full; times -= outer * PL330_LOOP_MAX) {
		outer = min_t(unsigned int, times / PL330_LOOP_MAX, PL330_LOOP_MAX);
		put_loop(code, 1, outer);
		start = code->used;
		put_inner(code, PL330_LOOP_MAX);
		put_loop_end(code, 1, start);
	}
	if (times)
		put_inner(code, times);
}

/* @elements of 1 << @width bytes, in bursts as far as they fill them. */
static void put_run(struct pl330_code *code, unsigned int width, u32 elements, bool fills)
{
	const u32 bursts = elements / PL330_BURST_MAX, rest = elements % PL330_BURST_MAX;

	if (bursts) {
		put_control(code, width, PL330_BURST_MAX, fills);
		put_repeated(code, bursts);
	}
	if (rest) {
		put_control(code, width, rest, fills);
		put_load_and_store(code);
	}
}

static void put_end(struct pl330_code *code, unsigned int event)
{
	put(code, 0x13); /* DMAWMB */
	put(code, 0x34); /* DMASEV */
	put(code, event << 3);
	put(code, 0x00); /* DMAEND */
}

/*
 * All of it: elements are as wide as the bus and both addresses allow, which @apart, the bits in
 * which these differ, says.
 */
static bool write_program(struct pl330_channel *channel, struct pl330_job *job, u32 source,
			  bool fills)
{
	const u32 apart = fills ? 0 : source ^ job->target;
	struct pl330_code code = {.bytes = job->block};
	unsigned int width = channel->pl330->width;
	u32 head, middle;

	while (apart & ((1u << width) - 1))
		width--;
	head = min_t(u32, -job->target & ((1u << width) - 1), job->size);
	middle = (job->size - head) >> width;
	put_move(&code, PL330_SAR, source);
	put_move(&code, PL330_DAR, job->target);
	put_run(&code, 0, head, fills);
	put_run(&code, width, middle, fills);
	put_run(&code, 0, job->size - head - (middle << width), fills);
	put_end(&code, channel->number);
	return !code.full;
}

/* --- the hardware ----------------------------------------------------------------------------- */

static u32 pl330_read(struct pl330 *pl330, unsigned int offset)
{
	return readl(pl330->regs + offset);
}

static void pl330_write(struct pl330 *pl330, unsigned int offset, u32 value)
{
	writel(value, pl330->regs + offset);
}

/*
 * One instruction, run at once by the manager, or by @channel if that is not NULL.
 * Return: 0, or -ETIMEDOUT: the one before was not done.
 */
static int pl330_execute(struct pl330 *pl330, const struct pl330_channel *channel, u16 first,
			 u32 operand)
{
	const u32 thread = channel ? channel->number << 8 | BIT(0) : 0;
	unsigned long flags;
	u32 status;
	int err;

	spin_lock_irqsave(&pl330->lock, flags);
	err = readl_poll_timeout_atomic(pl330->regs + PL330_DBGSTATUS, status, !(status & BIT(0)),
					1, PL330_SPINS_US);
	if (!err) {
		pl330_write(pl330, PL330_DBGINST0, (u32)first << 16 | thread);
		pl330_write(pl330, PL330_DBGINST1, operand);
		pl330_write(pl330, PL330_DBGCMD, 0);
	}
	spin_unlock_irqrestore(&pl330->lock, flags);
	return err;
}

static int pl330_go(struct pl330_channel *channel, dma_addr_t program)
{
	struct pl330 *pl330 = channel->pl330;
	const u8 opcode = 0xa0 | (pl330->non_secure ? BIT(1) : 0); /* DMAGO */

	return pl330_execute(pl330, NULL, channel->number << 8 | opcode, program);
}

/*
 * The channel runs nothing any more, and what it had begun on the bus has ended; an event of it
 * that is still to be seen is taken back. Return: 0 or -ETIMEDOUT.
 */
static int pl330_kill(struct pl330_channel *channel)
{
	struct pl330 *pl330 = channel->pl330;
	int err = pl330_execute(pl330, channel, 0x01, 0); /* DMAKILL */
	u32 status;

	if (!err)
		err = readl_poll_timeout_atomic(pl330->regs + PL330_STATUS(channel->number), status,
						!(status & PL330_STATUS_STATE), 1, PL330_SPINS_US);
	pl330_write(pl330, PL330_INTCLR, BIT(channel->number));
	if (err)
		dev_err(pl330->dev, "channel %u can't be killed\n", channel->number);
	return err;
}

/* --- starting and ending: the channel's lock is held ------------------------------------------ */

static u32 pl330_left(struct pl330_channel *channel, const struct pl330_job *job)
{
	const u32 done = pl330_read(channel->pl330, PL330_TARGET(channel->number)) - job->target;

	return done < job->size ? job->size - done : 0;
}

/* What runs has ended, with @residue bytes to go. */
static void pl330_end(struct pl330_channel *channel, enum dmaengine_tx_result result, u32 residue)
{
	struct pl330_job *job = channel->running;

	channel->running = NULL;
	job->vd.tx_result.result = result;
	job->vd.tx_result.residue = residue;
	if (result)
		channel->failed = job->vd.tx.cookie;
	vchan_cookie_complete(&job->vd);
}

/* The next one that can be started, if the hardware is idle. */
static void pl330_begin(struct pl330_channel *channel)
{
	struct virt_dma_desc *vd;

	while (!channel->running && (vd = vchan_next_desc(&channel->vc))) {
		list_del(&vd->node);
		channel->running = to_job(vd);
		if (pl330_go(channel, channel->running->dma))
			pl330_end(channel, DMA_TRANS_ABORTED, channel->running->size);
	}
}

/* --- interrupts ------------------------------------------------------------------------------- */

static irqreturn_t pl330_event(int irq, void *data)
{
	struct pl330_channel *channel = data;
	struct pl330 *pl330 = channel->pl330;
	const u32 mine = BIT(channel->number);
	bool raised;

	spin_lock(&channel->vc.lock);
	raised = pl330_read(pl330, PL330_INTMIS) & mine;
	if (raised)
		pl330_write(pl330, PL330_INTCLR, mine);
	if (raised && channel->running) {
		pl330_end(channel, DMA_TRANS_NOERROR, 0);
		pl330_begin(channel);
	}
	spin_unlock(&channel->vc.lock);
	return raised ? IRQ_HANDLED : IRQ_NONE;
}

static enum dmaengine_tx_result pl330_result(u32 type)
{
	if (type & PL330_FAULT_READ)
		return DMA_TRANS_READ_FAILED;
	return type & PL330_FAULT_WRITE ? DMA_TRANS_WRITE_FAILED : DMA_TRANS_ABORTED;
}

/* With the channel's lock held: what it ran is over, and was not done. */
static void pl330_give_up(struct pl330_channel *channel, enum dmaengine_tx_result result)
{
	const u32 left = channel->running ? pl330_left(channel, channel->running) : 0;

	pl330_kill(channel);
	if (channel->running)
		pl330_end(channel, result, left);
	pl330_begin(channel);
}

/* Whoever terminated it meanwhile has killed it: then it has no fault any more. */
static void pl330_channel_faulted(struct pl330_channel *channel)
{
	struct pl330 *pl330 = channel->pl330;
	u32 type = 0;
	bool faulted;

	spin_lock(&channel->vc.lock);
	faulted = pl330_read(pl330, PL330_CHANNEL_FAULTS) & BIT(channel->number);
	if (faulted) {
		type = pl330_read(pl330, PL330_FAULT_TYPE(channel->number));
		pl330_give_up(channel, pl330_result(type));
	}
	spin_unlock(&channel->vc.lock);
	if (faulted)
		dev_err_ratelimited(pl330->dev, "channel %u faulted: type %#x\n", channel->number,
				    type);
}

/* A channel that the manager did not start stands still, and has not raised its event. */
static void pl330_not_started(struct pl330_channel *channel)
{
	struct pl330 *pl330 = channel->pl330;
	u32 status;

	spin_lock(&channel->vc.lock);
	status = pl330_read(pl330, PL330_STATUS(channel->number));
	if (channel->running && !(status & PL330_STATUS_STATE) &&
	    !(pl330_read(pl330, PL330_INTMIS) & BIT(channel->number)))
		pl330_give_up(channel, DMA_TRANS_ABORTED);
	spin_unlock(&channel->vc.lock);
}

static void pl330_manager_faulted(struct pl330 *pl330)
{
	dev_err_ratelimited(pl330->dev, "the manager faulted\n");
	pl330_execute(pl330, NULL, 0x01, 0);
	for (unsigned int i = 0; i < pl330->channels; i++)
		pl330_not_started(&pl330->channel[i]);
}

/* A faulted thread does nothing until it is killed, and keeps the line up until then. */
static irqreturn_t pl330_abort(int irq, void *data)
{
	struct pl330 *pl330 = data;
	const u32 faults = pl330_read(pl330, PL330_CHANNEL_FAULTS);
	const u32 manager = pl330_read(pl330, PL330_MANAGER_FAULT) & BIT(0);

	for (unsigned int i = 0; i < pl330->channels; i++)
		if (faults & BIT(i))
			pl330_channel_faulted(&pl330->channel[i]);
	if (manager)
		pl330_manager_faulted(pl330);
	return faults || manager ? IRQ_HANDLED : IRQ_NONE;
}

/* --- descriptors ------------------------------------------------------------------------------ */

static void pl330_job_free(struct virt_dma_desc *vd)
{
	struct pl330_job *job = to_job(vd);

	dma_pool_free(to_channel(vd->tx.chan)->pl330->pool, job->block, job->dma);
	kfree(job);
}

/* Preparing is for any context. */
static struct pl330_job *pl330_job_new(struct pl330_channel *channel, dma_addr_t target,
				       size_t size)
{
	struct pl330_job *job;

	if (!size || size > U32_MAX)
		return NULL;
	job = kzalloc(sizeof(*job), GFP_NOWAIT);
	if (!job)
		return NULL;
	job->vd.tx.chan = &channel->vc.chan;
	job->target = target;
	job->size = size;
	job->block = dma_pool_zalloc(channel->pl330->pool, GFP_NOWAIT, &job->dma);
	if (job->block)
		return job;
	kfree(job);
	return NULL;
}

static struct dma_async_tx_descriptor *prepared(struct pl330_channel *channel,
						struct pl330_job *job, u32 source, bool fills,
						unsigned long flags)
{
	if (write_program(channel, job, source, fills))
		return vchan_tx_prep(&channel->vc, &job->vd, flags);
	pl330_job_free(&job->vd);
	return NULL;
}

static struct dma_async_tx_descriptor *pl330_prep_copy(struct dma_chan *chan, dma_addr_t target,
						       dma_addr_t source, size_t size,
						       unsigned long flags)
{
	struct pl330_channel *channel = to_channel(chan);
	struct pl330_job *job = pl330_job_new(channel, target, size);

	return job ? prepared(channel, job, source, false, flags) : NULL;
}

/* A copy from an address that stays: the block's own end, where the value is. */
static struct dma_async_tx_descriptor *pl330_prep_fill(struct dma_chan *chan, dma_addr_t target,
						       int value, size_t size, unsigned long flags)
{
	struct pl330_channel *channel = to_channel(chan);
	struct pl330_job *job = pl330_job_new(channel, target, size);

	if (!job)
		return NULL;
	memset(job->block + PL330_PROGRAM, value, PL330_PATTERN);
	return prepared(channel, job, job->dma + PL330_PROGRAM, true, flags);
}

/* --- what clients ask ------------------------------------------------------------------------- */

static void pl330_issue_pending(struct dma_chan *chan)
{
	struct pl330_channel *channel = to_channel(chan);
	unsigned long flags;

	spin_lock_irqsave(&channel->vc.lock, flags);
	if (vchan_issue_pending(&channel->vc))
		pl330_begin(channel);
	spin_unlock_irqrestore(&channel->vc.lock, flags);
}

static enum dma_status pl330_tx_status(struct dma_chan *chan, dma_cookie_t cookie,
				       struct dma_tx_state *state)
{
	struct pl330_channel *channel = to_channel(chan);
	struct virt_dma_desc *vd;
	enum dma_status status;
	unsigned long flags;

	spin_lock_irqsave(&channel->vc.lock, flags);
	status = dma_cookie_status(chan, cookie, state);
	vd = status == DMA_COMPLETE ? NULL : vchan_find_desc(&channel->vc, cookie);
	if (vd)
		dma_set_residue(state, to_job(vd)->size);
	else if (channel->running && channel->running->vd.tx.cookie == cookie)
		dma_set_residue(state, pl330_left(channel, channel->running));
	if (status == DMA_COMPLETE && cookie == channel->failed)
		status = DMA_ERROR;
	spin_unlock_irqrestore(&channel->vc.lock, flags);
	return status;
}

/*
 * A killed channel has no access to memory left: what it ran is freed with the rest. One that can't
 * be killed may still run it, so then that is never freed.
 */
static int pl330_terminate(struct dma_chan *chan)
{
	struct pl330_channel *channel = to_channel(chan);
	unsigned long flags;
	LIST_HEAD(head);
	int err = 0;

	spin_lock_irqsave(&channel->vc.lock, flags);
	vchan_get_all_descriptors(&channel->vc, &head);
	if (channel->running)
		err = pl330_kill(channel);
	if (channel->running && !err)
		list_add_tail(&channel->running->vd.node, &head);
	channel->running = NULL;
	chan->completed_cookie = chan->cookie; /* all that was submitted has ended */
	spin_unlock_irqrestore(&channel->vc.lock, flags);
	vchan_dma_desc_free_list(&channel->vc, &head);
	return err;
}

static void pl330_synchronize(struct dma_chan *chan)
{
	vchan_synchronize(to_virt_chan(chan));
}

static void pl330_free_resources(struct dma_chan *chan)
{
	pl330_terminate(chan);
	pl330_synchronize(chan);
	vchan_free_chan_resources(to_virt_chan(chan));
}

/* --- life ------------------------------------------------------------------------------------- */

static void pl330_describe(struct pl330 *pl330)
{
	struct dma_device *dma = &pl330->dma;

	dma->dev = pl330->dev;
	dma->directions = BIT(DMA_MEM_TO_MEM);
	dma->residue_granularity = DMA_RESIDUE_GRANULARITY_BURST;
	dma->descriptor_reuse = true;
	dma->device_free_chan_resources = pl330_free_resources;
	dma->device_prep_dma_memcpy = pl330_prep_copy;
	dma->device_prep_dma_memset = pl330_prep_fill;
	dma->device_terminate_all = pl330_terminate;
	dma->device_synchronize = pl330_synchronize;
	dma->device_tx_status = pl330_tx_status;
	dma->device_issue_pending = pl330_issue_pending;
	dma_cap_set(DMA_MEMCPY, dma->cap_mask);
	dma_cap_set(DMA_MEMSET, dma->cap_mask);
	INIT_LIST_HEAD(&dma->channels);
}

/* A channel needs an event of its number, and the event's line. */
static int pl330_add_channel(struct platform_device *pdev, struct pl330 *pl330, unsigned int number)
{
	struct pl330_channel *channel = &pl330->channel[number];
	const int irq = platform_get_irq(pdev, 1 + number);

	if (irq < 0)
		return irq;
	channel->pl330 = pl330;
	channel->number = number;
	channel->vc.desc_free = pl330_job_free;
	vchan_init(&channel->vc, &pl330->dma);
	return devm_request_irq(pl330->dev, irq, pl330_event, 0, dev_name(pl330->dev), channel);
}

static int pl330_add_channels(struct platform_device *pdev, struct pl330 *pl330)
{
	const int irq = platform_get_irq(pdev, 0);
	int err = irq < 0 ? irq : 0;

	for (unsigned int i = 0; i < pl330->channels && !err; i++)
		err = pl330_add_channel(pdev, pl330, i);
	if (err)
		return err;
	return devm_request_irq(pl330->dev, irq, pl330_abort, 0, dev_name(pl330->dev), pl330);
}

static int pl330_identify(struct pl330 *pl330)
{
	const u32 cr0 = pl330_read(pl330, PL330_CR0), crd = pl330_read(pl330, PL330_CRD);
	const u32 part = (pl330_read(pl330, PL330_ID) & 0xff) |
			 (pl330_read(pl330, PL330_ID + 4) & 0x0f) << 8;

	if (part != 0x330)
		return -ENODEV;
	pl330->channels = min(PL330_CR0_CHANNELS(cr0), PL330_CR0_EVENTS(cr0));
	pl330->non_secure = cr0 & PL330_CR0_MANAGER_NS;
	pl330->width = min_t(unsigned int, PL330_CRD_WIDTH(crd), ilog2(PL330_PATTERN));
	return 0;
}

static int pl330_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct pl330 *pl330 = devm_kzalloc(dev, sizeof(*pl330), GFP_KERNEL);
	int err;

	if (!pl330)
		return -ENOMEM;
	pl330->dev = dev;
	spin_lock_init(&pl330->lock);
	pl330->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(pl330->regs))
		return PTR_ERR(pl330->regs);
	err = pl330_identify(pl330);
	if (err)
		return dev_err_probe(dev, err, "no PL330 answers\n");
	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
	if (err)
		return dev_err_probe(dev, err, "memory is out of its reach\n");
	pl330->pool = dmam_pool_create(dev_name(dev), dev, PL330_BLOCK, PL330_BLOCK, 0);
	if (!pl330->pool)
		return -ENOMEM;
	pl330_describe(pl330);
	pl330_write(pl330, PL330_INTEN, 0);
	err = pl330_add_channels(pdev, pl330);
	if (err)
		return dev_err_probe(dev, err, "an interrupt is missing\n");
	pl330_write(pl330, PL330_INTCLR, BIT(pl330->channels) - 1);
	pl330_write(pl330, PL330_INTEN, BIT(pl330->channels) - 1);

	err = dma_async_device_register(&pl330->dma);
	if (err)
		return err;
	err = of_dma_controller_register(dev->of_node, of_dma_xlate_by_chan_id, &pl330->dma);
	if (err)
		goto unregister;
	platform_set_drvdata(pdev, pl330);
	return 0;

unregister:
	dma_async_device_unregister(&pl330->dma);
	return err;
}

static void pl330_remove(struct platform_device *pdev)
{
	struct pl330 *pl330 = platform_get_drvdata(pdev);

	of_dma_controller_free(pdev->dev.of_node);
	dma_async_device_unregister(&pl330->dma);
	pl330_write(pl330, PL330_INTEN, 0);
	pl330_read(pl330, PL330_INTMIS); /* so that it has arrived */
}

static const struct of_device_id pl330_ids[] = {{.compatible = "arm,pl330"}, {}};
MODULE_DEVICE_TABLE(of, pl330_ids);

static struct platform_driver pl330_driver = {
	.probe = pl330_probe,
	.remove = pl330_remove,
	.driver = {.name = "pl330", .of_match_table = pl330_ids},
};
module_platform_driver(pl330_driver);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("ARM PL330");
