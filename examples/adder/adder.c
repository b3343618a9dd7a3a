// SPDX-License-Identifier: MIT
/*
 * A driver for the card of adder_model.c: what a program writes to /dev/adder0 the card adds up,
 * and a read tells the sum. Short on purpose: drivers/edu is the one to learn from.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define ADDER_ADDRESS      0x04
#define ADDER_ADDRESS_HIGH 0x08
#define ADDER_LENGTH       0x0c
#define ADDER_START        0x10
#define ADDER_STATUS       0x14
#define ADDER_STATUS_DONE  0x01
#define ADDER_SUM          0x18

static unsigned int most = 65536;
module_param(most, uint, 0444);
MODULE_PARM_DESC(most, "bytes that are added up at once");

struct adder {
	struct pci_dev *pdev;
	void __iomem *regs;
	struct miscdevice misc;
	struct mutex lock; /* one sum at a time */
	struct completion done;
	u32 status; /* of the last; written by the handler before done */
};

static irqreturn_t adder_interrupt(int irq, void *data)
{
	struct adder *adder = data;
	u32 status = readl(adder->regs + ADDER_STATUS);

	if (!status)
		return IRQ_NONE;
	writel(status, adder->regs + ADDER_STATUS);
	adder->status = status;
	complete(&adder->done);
	return IRQ_HANDLED;
}

static int adder_add(struct adder *adder, void *data, size_t size)
{
	struct device *dev = &adder->pdev->dev;
	dma_addr_t dma = dma_map_single(dev, data, size, DMA_TO_DEVICE);

	if (dma_mapping_error(dev, dma))
		return -ENOMEM;
	reinit_completion(&adder->done);
	writel(lower_32_bits(dma), adder->regs + ADDER_ADDRESS);
	writel(upper_32_bits(dma), adder->regs + ADDER_ADDRESS_HIGH);
	writel(size, adder->regs + ADDER_LENGTH);
	writel(1, adder->regs + ADDER_START);
	wait_for_completion(&adder->done);
	dma_unmap_single(dev, dma, size, DMA_TO_DEVICE);
	return adder->status & ADDER_STATUS_DONE ? 0 : -EIO;
}

static struct adder *adder_of(struct file *file)
{
	return container_of(file->private_data, struct adder, misc);
}

static ssize_t adder_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	struct adder *adder = adder_of(file);
	void *data;
	int error;

	if (!size)
		return 0;
	size = min_t(size_t, size, min(most, 65536u));
	data = memdup_user(from, size);
	if (IS_ERR(data))
		return PTR_ERR(data);
	mutex_lock(&adder->lock);
	error = adder_add(adder, data, size);
	mutex_unlock(&adder->lock);
	kfree(data);
	return error ? error : size;
}

static ssize_t adder_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	struct adder *adder = adder_of(file);
	char text[16];
	int n = scnprintf(text, sizeof(text), "%u\n", readl(adder->regs + ADDER_SUM));

	return simple_read_from_buffer(to, size, at, text, n);
}

static const struct file_operations adder_fops = {
	.owner = THIS_MODULE,
	.read = adder_read,
	.write = adder_write,
};

static int adder_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct adder *adder = devm_kzalloc(&pdev->dev, sizeof(*adder), GFP_KERNEL);
	int error;

	if (!adder)
		return -ENOMEM;
	adder->pdev = pdev;
	mutex_init(&adder->lock);
	init_completion(&adder->done);
	error = pcim_enable_device(pdev);
	if (error)
		return error;
	adder->regs = pcim_iomap(pdev, 0, 0);
	if (!adder->regs)
		return -ENOMEM;
	error = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(40));
	if (error)
		return error;
	error = devm_request_irq(&pdev->dev, pdev->irq, adder_interrupt, IRQF_SHARED, "adder",
				 adder);
	if (error)
		return error;
	pci_set_master(pdev);
	adder->misc = (struct miscdevice){
		.minor = MISC_DYNAMIC_MINOR, .name = "adder0", .fops = &adder_fops};
	pci_set_drvdata(pdev, adder);
	return misc_register(&adder->misc);
}

static void adder_remove(struct pci_dev *pdev)
{
	struct adder *adder = pci_get_drvdata(pdev);

	misc_deregister(&adder->misc);
}

static const struct pci_device_id adder_ids[] = {{PCI_DEVICE(0x1234, 0x0add)}, {}};
MODULE_DEVICE_TABLE(pci, adder_ids);

static struct pci_driver adder_driver = {
	.name = "adder",
	.id_table = adder_ids,
	.probe = adder_probe,
	.remove = adder_remove,
};
module_pci_driver(adder_driver);

MODULE_DESCRIPTION("sums by DMA, an example");
MODULE_LICENSE("Dual MIT/GPL");
