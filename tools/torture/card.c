// SPDX-License-Identifier: MIT
/*
 * The driver of the "lab" cards (dmakit/lab.h lists their registers), which move bytes when told.
 */
#include "torture.h"

#include <dmakit/lab.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>

struct card torture_card[TORTURE_CARDS];

/*
 * What the cards' address lines are, in the order the cards are found: the widest, the usual, and
 * three that often bounce.
 */
static const unsigned int card_bits[TORTURE_CARDS] = {64, 32, 30, 24, 32};

/* --- moving bytes ----------------------------------------------------------------------------- */

/* With the card's lock held. */
static void command(struct card *card, dma_addr_t dma, size_t size, unsigned int usec, u32 what)
{
	writel(lower_32_bits(dma), card->regs + DMK_LAB_ADDRESS);
	writel(upper_32_bits(dma), card->regs + DMK_LAB_ADDRESS_HIGH);
	writel(size, card->regs + DMK_LAB_LENGTH);
	writel(0, card->regs + DMK_LAB_OFFSET);
	writel(usec, card->regs + DMK_LAB_DELAY);
	writel(what | DMK_LAB_START, card->regs + DMK_LAB_COMMAND);
}

static int result(struct card *card)
{
	if (!(readl(card->regs + DMK_LAB_STATUS) & DMK_LAB_FAILED))
		return 0;
	return -(int)readl(card->regs + DMK_LAB_ERROR);
}

/* The lock, and the card idle. */
static unsigned long take_card(struct card *card)
{
	unsigned long flags;

	for (;;) {
		spin_lock_irqsave(&card->lock, flags);
		if (!card->busy)
			return flags;
		spin_unlock_irqrestore(&card->lock, flags);
		udelay(5);
	}
}

int card_read(struct card *card, dma_addr_t dma, void *bytes, size_t size)
{
	unsigned long flags = take_card(card);
	int err;

	command(card, dma, size, 0, 0);
	memcpy_fromio(bytes, card->buffer, size);
	err = result(card);
	spin_unlock_irqrestore(&card->lock, flags);
	return err;
}

int card_write(struct card *card, dma_addr_t dma, const void *bytes, size_t size)
{
	unsigned long flags = take_card(card);
	int err;

	memcpy_toio(card->buffer, bytes, size);
	command(card, dma, size, 0, DMK_LAB_TO_MEMORY);
	err = result(card);
	spin_unlock_irqrestore(&card->lock, flags);
	return err;
}

int card_write_slowly(struct card *card, dma_addr_t dma, const void *bytes, size_t size,
		      unsigned int usec)
{
	unsigned long flags;
	int err;

	spin_lock_irqsave(&card->lock, flags);
	if (card->busy) {
		spin_unlock_irqrestore(&card->lock, flags);
		return -EBUSY;
	}
	card->busy = true;
	memcpy_toio(card->buffer, bytes, size);
	command(card, dma, size, usec, DMK_LAB_TO_MEMORY);
	spin_unlock_irqrestore(&card->lock, flags);

	/* Nobody else gives a command while busy is set: the registers are this thread's. */
	while (readl(card->regs + DMK_LAB_STATUS) & DMK_LAB_BUSY)
		usleep_range(10, 50);
	err = result(card);
	spin_lock_irqsave(&card->lock, flags);
	card->busy = false;
	spin_unlock_irqrestore(&card->lock, flags);
	return err;
}

/* --- its interrupt ---------------------------------------------------------------------------- */

static irqreturn_t handler(int irq, void *data)
{
	struct card *card = data;
	u32 status = readl(card->regs + DMK_LAB_IRQ_STATUS);

	if (!status)
		return IRQ_NONE;
	writel(status, card->regs + DMK_LAB_IRQ_ACK);
	card->job(card->argument);
	complete(&card->job_done);
	return IRQ_HANDLED;
}

bool card_in_interrupt(struct card *card, void (*job)(void *argument), void *argument)
{
	unsigned long came;

	mutex_lock(&card->job_lock);
	card->job = job;
	card->argument = argument;
	reinit_completion(&card->job_done);
	writel(1, card->regs + DMK_LAB_IRQ_RAISE);
	came = wait_for_completion_timeout(&card->job_done, msecs_to_jiffies(30000));
	mutex_unlock(&card->job_lock);
	return came;
}

/* --- its life --------------------------------------------------------------------------------- */

static int set_mask(struct card *card, struct device *dev, unsigned int bits)
{
	card->bits = bits;
	if (!dma_set_mask_and_coherent(dev, DMA_BIT_MASK(bits)))
		return 0;
	/* A machine that can't serve so few bits: as a driver that can also do it the usual way. */
	card->bits = 32;
	return dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
}

/* What the guest's driver takes at each visit: all of it is given back by the driver core. */
static int take_managed(struct device *dev)
{
	dma_addr_t dma;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (!devm_kmalloc(dev, 100 << i, GFP_KERNEL))
			return -ENOMEM;
		if (!dmam_alloc_coherent(dev, PAGE_SIZE << i, &dma, GFP_KERNEL))
			return -ENOMEM;
	}
	return dmam_pool_create("guest", dev, CARD_BLOCK, 16, 0) ? 0 : -ENOMEM;
}

static struct card *card_for(struct pci_dev *pdev)
{
	struct card *unused = NULL;
	unsigned int i;

	for (i = 0; i < TORTURE_CARDS; i++) {
		if (torture_card[i].pdev == pdev)
			return &torture_card[i];
		if (!torture_card[i].pdev && !unused)
			unused = &torture_card[i];
	}
	if (unused)
		unused->pdev = pdev;
	return unused;
}

static int take_registers(struct card *card, struct pci_dev *pdev)
{
	int err = pcim_enable_device(pdev);

	if (err)
		return err;
	err = pcim_iomap_regions(pdev, BIT(0) | BIT(1), "torture");
	if (err)
		return err;
	card->regs = pcim_iomap_table(pdev)[0];
	card->buffer = pcim_iomap_table(pdev)[1];
	pci_set_master(pdev);
	return 0;
}

static int take_interrupt(struct card *card, struct pci_dev *pdev)
{
	int err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);

	if (err < 0)
		return err;
	card->irq = pci_irq_vector(pdev, 0);
	err = request_irq(card->irq, handler, IRQF_SHARED, "torture", card);
	if (err)
		pci_free_irq_vectors(pdev);
	return err;
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct card *card = card_for(pdev);
	int err;

	if (!card)
		return -ENOSPC;
	err = take_registers(card, pdev);
	if (err)
		return err;
	err = set_mask(card, &pdev->dev, card_bits[card - torture_card]);
	if (err)
		return err;
	if (card == &torture_card[TORTURE_GUEST]) {
		err = take_managed(&pdev->dev);
		if (err)
			return err;
		pci_set_drvdata(pdev, card);
		card->dev = &pdev->dev;
		return 0;
	}
	spin_lock_init(&card->lock);
	mutex_init(&card->job_lock);
	init_completion(&card->job_done);
	err = take_interrupt(card, pdev);
	if (err)
		return err;
	card->pool = dma_pool_create("torture", &pdev->dev, CARD_BLOCK, 16, 0);
	if (!card->pool) {
		err = -ENOMEM;
		goto free_interrupt;
	}
	pci_set_drvdata(pdev, card);
	card->dev = &pdev->dev;
	return 0;

free_interrupt:
	free_irq(card->irq, card);
	pci_free_irq_vectors(pdev);
	return err;
}

static void remove(struct pci_dev *pdev)
{
	struct card *card = pci_get_drvdata(pdev);

	card->dev = NULL;
	pci_clear_master(pdev);
	if (card == &torture_card[TORTURE_GUEST])
		return;
	dma_pool_destroy(card->pool);
	free_irq(card->irq, card);
	pci_free_irq_vectors(pdev);
}

static const struct pci_device_id ids[] = {{PCI_DEVICE(0x1234, 0x11e9)}, {}};
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver driver = {
	.name = "torture",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};
module_pci_driver(driver);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Moves bytes for the random test");

/* --- the guest -------------------------------------------------------------------------------- */

bool card_visit(struct card *card)
{
	if (card->dev)
		device_release_driver(&card->pdev->dev);
	/* It does not bind where its probe found no memory: another time it may. */
	if (device_attach(&card->pdev->dev) < 0)
		return false;
	if (!card->dev)
		return false;
	card->visits++;
	return true;
}
