// SPDX-License-Identifier: MIT
/*
 * A driver for the hba (docs/hba.md): a SCSI host adapter that has 32 commands under way at once.
 *
 * The memory is not the driver's: the midlayer gives it a list, hba_map() lends it to the card, and
 * any part of that can fail at any time, because addresses and bounce buffers are shared with every
 * other device. Then all that was done for the command is undone, SCSI_MLQUEUE_HOST_BUSY says "not
 * now", and the command comes again when something has ended. Nothing is lost and nobody waits
 * where nobody may.
 *
 * Who may touch what: a command's tag is its slot of the card, and a slot's memory belongs to
 * queuecommand until the doorbell, then to whoever finds hba_request.block set with the lock held:
 * the interrupt, or an error handler, and never both.
 */
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <scsi/scsi.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>
#include <scsi/scsi_tcq.h>

#define HBA_VENDOR 0x1234
#define HBA_DEVICE 0x7363
#define HBA_BAR    0

#define HBA_ID             0x000
#define HBA_ID_VALUE       0x48420001
#define HBA_CONTROL        0x004
#define HBA_CONTROL_ENABLE BIT(0)
#define HBA_CONTROL_RESET  BIT(31)
#define HBA_IRQ_STATUS     0x00c
#define HBA_IRQ_ENABLE     0x010
#define HBA_IRQ_DONE       BIT(0)
#define HBA_IRQ_ERROR      BIT(1)
#define HBA_ERROR          0x014
#define HBA_TABLE_LOW      0x020
#define HBA_TABLE_HIGH     0x024
#define HBA_DOORBELL       0x028
#define HBA_ABORT          0x02c
#define HBA_ACTIVE         0x030
#define HBA_DONE           0x034
#define HBA_ADDRESS_BITS   0x03c

#define HBA_SLOTS       16 /* of the card's 32 */
#define HBA_SEGMENTS    32 /* of the 64 that a list may have */
#define HBA_SEGMENT_MAX 65536
#define HBA_BOUNDARY    0xffff /* no segment crosses a multiple of 64 KiB */
#define HBA_SECTORS     128 /* in one command */
#define HBA_TARGETS     16

enum hba_outcome {
	HBA_OK,
	HBA_NO_TARGET,
	HBA_DMA_ERROR,
	HBA_BAD_BLOCK,
	HBA_BUS_ERROR,
	HBA_NO_REPLY = 0xffff, /* none of the card's: what stands there until it has answered */
};

enum hba_direction { HBA_NO_DATA, HBA_TO_DISK, HBA_TO_MEMORY };

struct hba_segment {
	__le64 address;
	__le32 length;
	__le32 zero;
};

/* A command block with its list behind it: one block of the pool for a command. */
struct hba_block {
	u8 cdb[16];
	u8 cdb_length;
	u8 target;
	u8 lun;
	u8 direction;
	__le32 segments;
	__le64 list;
	__le64 sense;
	__le32 sense_size;
	__le32 zero;
	/* the card's answer */
	__le32 moved;
	u8 status;
	u8 sense_length;
	__le16 outcome;
	__le64 zero_too;

	struct hba_segment segment[HBA_SEGMENTS];
};
static_assert(offsetof(struct hba_block, moved) == 48);
static_assert(offsetof(struct hba_block, segment) == 64);

/*
 * Behind each scsi_cmnd. What is needed to take the memory back is here, and not in the block,
 * where the card writes.
 */
struct hba_request {
	struct hba_block *block; /* NULL: the card has nothing of this command */
	dma_addr_t block_dma;
	dma_addr_t sense_dma;
};

struct hba {
	struct pci_dev *pdev;
	struct device *dev;
	void __iomem *regs;
	spinlock_t lock;

	__le64 *table; /* a block's address for each slot */
	dma_addr_t table_dma;
	struct dma_pool *blocks;
};

/* --- lending memory to the card --------------------------------------------------------------- */

/*
 * Three things can fail, and each that did not is undone again, newest first. -ENOMEM may be
 * another word for "too many at once", so it is no error of the command's.
 *
 * Return: segments.
 */
static int hba_map(struct hba *hba, struct scsi_cmnd *cmd, struct hba_request *request)
{
	struct hba_block *block;
	dma_addr_t sense;
	int nseg;

	block = dma_pool_zalloc(hba->blocks, GFP_ATOMIC, &request->block_dma);
	if (!block)
		return -ENOMEM;

	nseg = scsi_dma_map(cmd);
	if (nseg < 0)
		goto free_block;

	sense = dma_map_single(hba->dev, cmd->sense_buffer, SCSI_SENSE_BUFFERSIZE, DMA_FROM_DEVICE);
	if (dma_mapping_error(hba->dev, sense))
		goto unmap_data;

	request->sense_dma = sense;
	request->block = block;
	return nseg;

unmap_data:
	scsi_dma_unmap(cmd);
free_block:
	dma_pool_free(hba->blocks, block, request->block_dma);
	return -ENOMEM;
}

/*
 * The card is done with it, or was stopped. From here on sense data and what was read are the
 * CPU's.
 */
static void hba_unmap(struct hba *hba, struct scsi_cmnd *cmd, struct hba_request *request)
{
	dma_unmap_single(hba->dev, request->sense_dma, SCSI_SENSE_BUFFERSIZE, DMA_FROM_DEVICE);
	scsi_dma_unmap(cmd);
	dma_pool_free(hba->blocks, request->block, request->block_dma);
	request->block = NULL;
}

/* --- sending ---------------------------------------------------------------------------------- */

static enum hba_direction hba_direction(const struct scsi_cmnd *cmd)
{
	switch (cmd->sc_data_direction) {
	case DMA_TO_DEVICE:
		return HBA_TO_DISK;
	case DMA_FROM_DEVICE:
		return HBA_TO_MEMORY;
	default:
		return HBA_NO_DATA;
	}
}

static void hba_fill(struct hba_request *request, struct scsi_cmnd *cmd, int nseg)
{
	struct hba_block *block = request->block;
	struct scatterlist *sg;
	int i;

	memcpy(block->cdb, cmd->cmnd, cmd->cmd_len);
	block->cdb_length = cmd->cmd_len;
	block->target = cmd->device->id;
	block->lun = cmd->device->lun;
	block->direction = hba_direction(cmd);
	block->segments = cpu_to_le32(nseg);
	block->list = cpu_to_le64(request->block_dma + offsetof(struct hba_block, segment));
	block->sense = cpu_to_le64(request->sense_dma);
	block->sense_size = cpu_to_le32(SCSI_SENSE_BUFFERSIZE);
	block->outcome = cpu_to_le16(HBA_NO_REPLY);

	/*
	 * As many as were mapped, which may be fewer than the list has, with the lengths that they
	 * have for the card.
	 */
	scsi_for_each_sg(cmd, sg, nseg, i) {
		block->segment[i].address = cpu_to_le64(sg_dma_address(sg));
		block->segment[i].length = cpu_to_le32(sg_dma_len(sg));
	}
}

/* Nobody may sleep here, and several run at once, each with a slot of its own. */
static int hba_queuecommand(struct Scsi_Host *shost, struct scsi_cmnd *cmd)
{
	struct hba_request *request = scsi_cmd_priv(cmd);
	int slot = scsi_cmd_to_rq(cmd)->tag;
	struct hba *hba = shost_priv(shost);
	int nseg;

	nseg = hba_map(hba, cmd, request);
	if (nseg < 0)
		return SCSI_MLQUEUE_HOST_BUSY;

	hba_fill(request, cmd, nseg);
	hba->table[slot] = cpu_to_le64(request->block_dma);
	/*
	 * writel() comes after every earlier store to memory. From here on the command may end at
	 * any time.
	 */
	writel(slot, hba->regs + HBA_DOORBELL);
	return 0;
}

/* --- answers ---------------------------------------------------------------------------------- */

static int hba_result(const struct hba_block *block)
{
	switch (le16_to_cpu(block->outcome)) {
	case HBA_OK:
		return block->status;
	case HBA_NO_TARGET:
		return DID_BAD_TARGET << 16;
	case HBA_BUS_ERROR:
		return DID_SOFT_ERROR << 16;
	default:
		return DID_ERROR << 16;
	}
}

/* With the lock held. A number that a device wrote is believed as far as it can be true. */
static void hba_finish(struct hba *hba, struct scsi_cmnd *cmd)
{
	struct hba_request *request = scsi_cmd_priv(cmd);
	u32 moved = le32_to_cpu(request->block->moved);

	cmd->result = hba_result(request->block);
	scsi_set_resid(cmd, scsi_bufflen(cmd) - min(moved, scsi_bufflen(cmd)));
	hba_unmap(hba, cmd, request);
	scsi_done(cmd);
}

/* The command in @slot that the card has, or NULL. With the lock held. */
static struct scsi_cmnd *hba_command(struct Scsi_Host *shost, unsigned int slot)
{
	struct scsi_cmnd *cmd = scsi_host_find_tag(shost, slot);
	struct hba_request *request;

	if (!cmd)
		return NULL;
	request = scsi_cmd_priv(cmd);
	return request->block ? cmd : NULL;
}

static void hba_finish_all(struct Scsi_Host *shost)
{
	struct hba *hba = shost_priv(shost);
	unsigned long done, slot;

	spin_lock(&hba->lock);
	done = readl(hba->regs + HBA_DONE);
	/* Cleared before the commands are given back: their slots may be used again at once. */
	writel(done, hba->regs + HBA_DONE);
	for_each_set_bit(slot, &done, HBA_SLOTS) {
		struct scsi_cmnd *cmd = hba_command(shost, slot);

		if (cmd)
			hba_finish(hba, cmd);
	}
	spin_unlock(&hba->lock);
}

/* Acknowledge first: what ends after that raises the interrupt again, and is not missed. */
static irqreturn_t hba_interrupt(int irq, void *data)
{
	struct Scsi_Host *shost = data;
	struct hba *hba = shost_priv(shost);
	u32 status = readl(hba->regs + HBA_IRQ_STATUS);

	/* All ones: the card is gone. */
	if (!status || status == ~0u)
		return IRQ_NONE;

	writel(status, hba->regs + HBA_IRQ_STATUS);
	if (status & HBA_IRQ_ERROR) {
		u32 error = readl(hba->regs + HBA_ERROR);

		writel(error, hba->regs + HBA_ERROR);
		dev_warn(hba->dev, "card reports error %#x\n", error);
	}
	hba_finish_all(shost);
	return IRQ_HANDLED;
}

/* --- when a command doesn't come back --------------------------------------------------------- */

/*
 * Memory is taken back from a card that has let go of it, and not before: ACTIVE says whether it
 * has. It may have ended just now, and even been given back by the interrupt; then there is nothing
 * left to do.
 */
static int hba_abort(struct scsi_cmnd *cmd)
{
	struct hba *hba = shost_priv(cmd->device->host);
	struct hba_request *request = scsi_cmd_priv(cmd);
	int slot = scsi_cmd_to_rq(cmd)->tag;
	unsigned long flags;
	int answer = SUCCESS;

	spin_lock_irqsave(&hba->lock, flags);
	if (!request->block)
		goto unlock;

	writel(slot, hba->regs + HBA_ABORT);
	if (readl(hba->regs + HBA_ACTIVE) & BIT(slot)) {
		answer = FAILED;
		goto unlock;
	}
	writel(BIT(slot), hba->regs + HBA_DONE);
	hba_unmap(hba, cmd, request);
unlock:
	spin_unlock_irqrestore(&hba->lock, flags);
	return answer;
}

static void hba_reset(struct hba *hba)
{
	writel(HBA_CONTROL_RESET, hba->regs + HBA_CONTROL);
	/*
	 * Reading back makes sure that the reset has reached the card: from here on it touches no
	 * memory.
	 */
	readl(hba->regs + HBA_CONTROL);
}

static void hba_start(struct hba *hba)
{
	writel(lower_32_bits(hba->table_dma), hba->regs + HBA_TABLE_LOW);
	writel(upper_32_bits(hba->table_dma), hba->regs + HBA_TABLE_HIGH);
	writel(HBA_IRQ_DONE | HBA_IRQ_ERROR, hba->regs + HBA_IRQ_ENABLE);
	writel(HBA_CONTROL_ENABLE, hba->regs + HBA_CONTROL);
}

/*
 * The midlayer gives each command that was on the card another try; here they only lose their
 * memory.
 */
static int hba_host_reset(struct scsi_cmnd *cmd)
{
	struct Scsi_Host *shost = cmd->device->host;
	struct hba *hba = shost_priv(shost);
	unsigned long flags;
	unsigned int slot;

	spin_lock_irqsave(&hba->lock, flags);
	hba_reset(hba);
	for (slot = 0; slot < HBA_SLOTS; slot++) {
		struct scsi_cmnd *other = hba_command(shost, slot);

		if (other)
			hba_unmap(hba, other, scsi_cmd_priv(other));
	}
	hba_start(hba);
	spin_unlock_irqrestore(&hba->lock, flags);
	return SUCCESS;
}

/* --- life ------------------------------------------------------------------------------------- */

static struct scsi_host_template hba_template = {
	.module = THIS_MODULE,
	.name = "hba",
	.proc_name = "hba",
	.queuecommand = hba_queuecommand,
	.eh_abort_handler = hba_abort,
	.eh_host_reset_handler = hba_host_reset,
	.cmd_size = sizeof(struct hba_request),
	.can_queue = HBA_SLOTS,
	.cmd_per_lun = HBA_SLOTS,
	.this_id = -1,
	/*
	 * What the card can do with one command: the midlayer makes no list that is not within it.
	 */
	.sg_tablesize = HBA_SEGMENTS,
	.max_sectors = HBA_SECTORS,
	.max_segment_size = HBA_SEGMENT_MAX,
	.dma_boundary = HBA_BOUNDARY,
};

/*
 * The mask is what this card can reach, which it says itself; what the machine makes of it is the
 * machine's matter.
 */
static int hba_set_mask(struct hba *hba)
{
	u32 bits = readl(hba->regs + HBA_ADDRESS_BITS);

	if (bits < 32 || bits > 64)
		return -EINVAL;
	if (!dma_set_mask_and_coherent(hba->dev, DMA_BIT_MASK(bits)))
		return 0;
	return dma_set_mask_and_coherent(hba->dev, DMA_BIT_MASK(32));
}

/* What needs no undoing of ours: managed. */
static int hba_setup(struct hba *hba)
{
	struct pci_dev *pdev = hba->pdev;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(pdev, BIT(HBA_BAR), KBUILD_MODNAME);
	if (err)
		return err;
	hba->regs = pcim_iomap_table(pdev)[HBA_BAR];
	if (readl(hba->regs + HBA_ID) != HBA_ID_VALUE)
		return dev_err_probe(hba->dev, -ENODEV, "not a card of revision 1\n");

	/* Whatever it was doing before us, it stops. */
	hba_reset(hba);
	err = hba_set_mask(hba);
	if (err)
		return dev_err_probe(hba->dev, err, "no DMA on this machine\n");

	hba->table = dmam_alloc_coherent(hba->dev, 32 * sizeof(*hba->table), &hba->table_dma,
					 GFP_KERNEL);
	if (!hba->table)
		return -ENOMEM;
	hba->blocks = dmam_pool_create("hba blocks", hba->dev, sizeof(struct hba_block), 16, 0);
	return hba->blocks ? 0 : -ENOMEM;
}

static int hba_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct Scsi_Host *shost;
	struct hba *hba;
	int err;

	shost = scsi_host_alloc(&hba_template, sizeof(*hba));
	if (!shost)
		return -ENOMEM;
	shost->max_id = HBA_TARGETS;
	shost->max_lun = 1;
	shost->max_cmd_len = 16;
	hba = shost_priv(shost);
	hba->pdev = pdev;
	hba->dev = &pdev->dev;
	spin_lock_init(&hba->lock);
	pci_set_drvdata(pdev, shost);

	err = hba_setup(hba);
	if (err)
		goto put_host;
	pci_set_master(pdev);

	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (err < 0)
		goto clear_master;
	err = request_irq(pci_irq_vector(pdev, 0), hba_interrupt, IRQF_SHARED, KBUILD_MODNAME,
			  shost);
	if (err)
		goto free_vectors;
	hba_start(hba);

	err = scsi_add_host(shost, &pdev->dev);
	if (err)
		goto reset;
	scsi_scan_host(shost);
	return 0;

reset:
	hba_reset(hba);
	free_irq(pci_irq_vector(pdev, 0), shost);
free_vectors:
	pci_free_irq_vectors(pdev);
clear_master:
	pci_clear_master(pdev);
put_host:
	scsi_host_put(shost);
	return err;
}

/* The midlayer goes first: when it has let go of the host, no command is on the card. */
static void hba_remove(struct pci_dev *pdev)
{
	struct Scsi_Host *shost = pci_get_drvdata(pdev);

	scsi_remove_host(shost);
	hba_reset(shost_priv(shost));
	free_irq(pci_irq_vector(pdev, 0), shost);
	pci_free_irq_vectors(pdev);
	pci_clear_master(pdev);
	scsi_host_put(shost);
}

static const struct pci_device_id hba_ids[] = {
	{ PCI_DEVICE(HBA_VENDOR, HBA_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, hba_ids);

static struct pci_driver hba_driver = {
	.name = "hba",
	.id_table = hba_ids,
	.probe = hba_probe,
	.remove = hba_remove,
};
module_pci_driver(hba_driver);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("hba: a SCSI host adapter, as a lesson");
