// SPDX-License-Identifier: MIT
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/kthread.h>
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>
#include <linux/atomic.h>
#include <linux/io.h>
#include <linux/bitfield.h>

#define EDU_STATUS_BUSY BIT(0)

static unsigned int poll_ms = 5;
module_param(poll_ms, uint, 0644);
MODULE_PARM_DESC(poll_ms, "poll period in milliseconds");
static bool use_streaming = true;
module_param(use_streaming, bool, 0444);
static char *label = "edu";
module_param(label, charp, 0);

struct edu {
	struct pci_dev *pdev;
	void __iomem *regs;
	struct completion done;
	struct task_struct *thread;
	atomic_t rounds;
	u8 *buf;
	int irq;
};

static irqreturn_t edu_irq(int irq, void *arg)
{
	struct edu *edu = arg;
	u32 status = readl(edu->regs + 0x24);

	if (!status)
		return IRQ_NONE;
	writel(status, edu->regs + 0x64);
	complete(&edu->done);
	return IRQ_HANDLED;
}

static int edu_round(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t dma;
	int i;

	for (i = 0; i < 512; i++)
		edu->buf[i] = i ^ 0x3c;
	dma = dma_map_single(dev, edu->buf, 512, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, dma))
		return -ENOMEM;
	reinit_completion(&edu->done);
	writel(dma, edu->regs + 0x80);
	writel(0, edu->regs + 0x84);
	writel(0x40000, edu->regs + 0x88);
	writel(0, edu->regs + 0x8c);
	writel(512, edu->regs + 0x90);
	writel(1 | 4, edu->regs + 0x98);
	if (!wait_for_completion_timeout(&edu->done, msecs_to_jiffies(2000))) {
		dev_warn(dev, "timeout\n");
		dma_unmap_single(dev, dma, 512, DMA_TO_DEVICE);
		return -ETIMEDOUT;
	}
	dma_unmap_single(dev, dma, 512, DMA_TO_DEVICE);

	memset(edu->buf, 0, 512);
	dma = dma_map_single(dev, edu->buf, 512, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, dma))
		return -ENOMEM;
	reinit_completion(&edu->done);
	writel(0x40000, edu->regs + 0x80);
	writel(0, edu->regs + 0x84);
	writel(dma, edu->regs + 0x88);
	writel(0, edu->regs + 0x8c);
	writel(512, edu->regs + 0x90);
	writel(1 | 2 | 4, edu->regs + 0x98);
	if (!wait_for_completion_timeout(&edu->done, msecs_to_jiffies(2000))) {
		dma_unmap_single(dev, dma, 512, DMA_FROM_DEVICE);
		return -ETIMEDOUT;
	}
	dma_unmap_single(dev, dma, 512, DMA_FROM_DEVICE);
	for (i = 0; i < 512; i++)
		if (edu->buf[i] != (u8)(i ^ 0x3c)) {
			dev_err(dev, "byte %d is %02x\n", i, edu->buf[i]);
			return -EIO;
		}
	return 0;
}

static int edu_thread(void *arg)
{
	struct edu *edu = arg;

	while (!kthread_should_stop()) {
		int ret = edu_round(edu);

		if (ret)
			dev_err_ratelimited(&edu->pdev->dev, "round failed: %pe\n", ERR_PTR(ret));
		else
			atomic_inc(&edu->rounds);
		msleep_interruptible(poll_ms);
	}
	return 0;
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu;
	int ret;

	edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	edu->pdev = pdev;
	init_completion(&edu->done);
	ret = pcim_enable_device(pdev);
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "enable\n");
	ret = pcim_iomap_regions(pdev, BIT(0), KBUILD_MODNAME);
	if (ret)
		return ret;
	edu->regs = pcim_iomap_table(pdev)[0];
	pci_set_master(pdev);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(28));
	if (ret)
		return ret;
	edu->buf = devm_kmalloc(&pdev->dev, 512, GFP_KERNEL);
	if (!edu->buf)
		return -ENOMEM;
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI | PCI_IRQ_LEGACY);
	if (ret < 0)
		return ret;
	edu->irq = pci_irq_vector(pdev, 0);
	ret = request_irq(edu->irq, edu_irq, IRQF_SHARED, dev_name(&pdev->dev), edu);
	if (ret) {
		pci_free_irq_vectors(pdev);
		return ret;
	}
	pci_set_drvdata(pdev, edu);
	edu->thread = kthread_run(edu_thread, edu, "edu/%s", pci_name(pdev));
	if (IS_ERR(edu->thread)) {
		free_irq(edu->irq, edu);
		pci_free_irq_vectors(pdev);
		return PTR_ERR(edu->thread);
	}
	msleep(50);
	dev_info(&pdev->dev, "%s: %d rounds\n", label, atomic_read(&edu->rounds));
	return 0;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	kthread_stop(edu->thread);
	free_irq(edu->irq, edu);
	pci_free_irq_vectors(pdev);
	dev_info(&pdev->dev, "%d rounds in all\n", atomic_read(&edu->rounds));
}

static const struct pci_device_id ids[] = {{PCI_DEVICE(0x1234, 0x11e8)}, {}};
MODULE_DEVICE_TABLE(pci, ids);
static struct pci_driver edu_driver = {
	.name = KBUILD_MODNAME, .id_table = ids, .probe = edu_probe, .remove = edu_remove};
module_pci_driver(edu_driver);
MODULE_LICENSE("Dual MIT/GPL");
