// SPDX-License-Identifier: MIT
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/version.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <linux/fs.h>
#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/errno.h>
#include <asm/uaccess.h>

static int major;
static int debug;
module_param(debug, int, S_IRUGO | S_IWUSR);
static unsigned char *buffer;
static dma_addr_t handle;
static void __iomem *regs;
static volatile int finished;
static DECLARE_WAIT_QUEUE_HEAD(queue);

static irqreturn_t intr(int irq, void *dev_id)
{
	u32 s = readl(regs + 0x24);

	if (!s)
		return IRQ_NONE;
	writel(s, regs + 0x64);
	finished = 1;
	wake_up(&queue);
	return IRQ_HANDLED;
}

static int old_open(struct inode *i, struct file *f)
{
	return nonseekable_open(i, f);
}
static ssize_t old_write(struct file *f, const char __user *b, size_t n, loff_t *o)
{
	return -ENODEV;
}
static struct file_operations old_fops = {.owner = THIS_MODULE,
					  .open = old_open,
					  .write = old_write};

static int old_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int err;

	if ((err = pci_enable_device(pdev)))
		return err;
	if ((err = pci_set_dma_mask(pdev, DMA_BIT_MASK(28))) ||
	    (err = pci_set_consistent_dma_mask(pdev, DMA_BIT_MASK(28)))) {
		printk(KERN_ERR "old: no suitable DMA\n");
		return err;
	}
	pci_set_master(pdev);
	regs = pci_ioremap_bar(pdev, 0);
	buffer = kmalloc(1024, GFP_KERNEL);
	if (!buffer || !regs)
		return -ENOMEM;
	if (pci_enable_msi(pdev))
		printk(KERN_INFO "old: no MSI\n");
	err = request_irq(pdev->irq, intr, IRQF_SHARED, "old", pdev);
	if (err)
		return err;
	handle = pci_map_single(pdev, buffer, 1024, PCI_DMA_TODEVICE);
	if (pci_dma_mapping_error(pdev, handle))
		return -EIO;
	writel(handle, regs + 0x80);
	writel(0, regs + 0x84);
	writel(0x40000, regs + 0x88);
	writel(0, regs + 0x8c);
	writel(1024, regs + 0x90);
	writel(5, regs + 0x98);
	wait_event_timeout(queue, finished, HZ);
	if (!finished)
		printk(KERN_WARNING "old: not finished\n");
	pci_unmap_single(pdev, handle, 1024, PCI_DMA_TODEVICE);
	major = register_chrdev(0, "old", &old_fops);
	if (debug)
		printk("old: major %d, HZ %d version %d\n", major, HZ,
		       LINUX_VERSION_CODE >= KERNEL_VERSION(5, 10, 0));
	return 0;
}
static void old_remove(struct pci_dev *pdev)
{
	unregister_chrdev(major, "old");
	free_irq(pdev->irq, pdev);
	pci_disable_msi(pdev);
	kfree(buffer);
	iounmap(regs);
	pci_disable_device(pdev);
}
static struct pci_device_id old_ids[] = {{0x1234, 0x11e8, PCI_ANY_ID, PCI_ANY_ID, 0, 0, 0}, {0}};
static struct pci_driver old_drv = {
	.name = "old", .id_table = old_ids, .probe = old_probe, .remove = old_remove};
static int __init init_old(void)
{
	return pci_register_driver(&old_drv);
}
static void __exit exit_old(void)
{
	pci_unregister_driver(&old_drv);
}
module_init(init_old);
module_exit(exit_old);
MODULE_LICENSE("GPL");
