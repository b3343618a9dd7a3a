// SPDX-License-Identifier: MIT
/* A frame buffer in write-combined memory that programs map. */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/dma-mapping.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/iopoll.h>
#include <linux/miscdevice.h>
#include <linux/fs.h>
#include <linux/mm.h>

static int lab_go(void __iomem *io, dma_addr_t dma, u32 len, u32 off, u32 cmd)
{
	u32 st;

	iowrite32(lower_32_bits(dma), io + 0x10);
	iowrite32(upper_32_bits(dma), io + 0x14);
	iowrite32(len, io + 0x18);
	iowrite32(off, io + 0x1c);
	iowrite32(cmd, io + 0x20);
	if (readl_poll_timeout(io + 8, st, !(st & 1), 10, 100000))
		return -ETIMEDOUT;
	return st & 2 ? -EIO : 0;
}

struct fb {
	struct pci_dev *pdev;
	void __iomem *io;
	void *mem;
	dma_addr_t dma;
	struct miscdevice misc;
};
#define FB_SIZE (16 * PAGE_SIZE)

static int fb_mmap(struct file *f, struct vm_area_struct *vma)
{
	struct fb *fb = container_of(f->private_data, struct fb, misc);

	return dma_mmap_wc(&fb->pdev->dev, vma, fb->mem, fb->dma, FB_SIZE);
}

static long fb_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
{
	struct fb *fb = container_of(f->private_data, struct fb, misc);

	if (cmd != 1 || arg >= 16)
		return -EINVAL;
	wmb();
	return lab_go(fb->io, fb->dma + arg * PAGE_SIZE, PAGE_SIZE, 0, 1);
}

static const struct file_operations fops = {.owner = THIS_MODULE,
					    .mmap = fb_mmap,
					    .unlocked_ioctl = fb_ioctl};

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct fb *fb = devm_kzalloc(&pdev->dev, sizeof(*fb), GFP_KERNEL);
	int ret;

	if (!fb)
		return -ENOMEM;
	fb->pdev = pdev;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = pcim_iomap_regions(pdev, BIT(0), "fb");
	if (ret)
		return ret;
	fb->io = pcim_iomap_table(pdev)[0];
	pci_set_master(pdev);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	fb->mem = dma_alloc_wc(&pdev->dev, FB_SIZE, &fb->dma, GFP_KERNEL);
	if (!fb->mem)
		return -ENOMEM;
	memset(fb->mem, 0xa5, FB_SIZE);
	fb->misc = (struct miscdevice){.minor = MISC_DYNAMIC_MINOR, .name = "wcfb", .fops = &fops};
	ret = misc_register(&fb->misc);
	if (ret) {
		dma_free_wc(&pdev->dev, FB_SIZE, fb->mem, fb->dma);
		return ret;
	}
	pci_set_drvdata(pdev, fb);
	return 0;
}

static void remove(struct pci_dev *pdev)
{
	struct fb *fb = pci_get_drvdata(pdev);

	misc_deregister(&fb->misc);
	dma_free_wc(&pdev->dev, FB_SIZE, fb->mem, fb->dma);
}

static const struct pci_device_id ids[] = {{PCI_DEVICE(0x1234, 0x11e9)}, {}};
MODULE_DEVICE_TABLE(pci, ids);
static struct pci_driver drv = {
	.name = "wcfb",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};
module_pci_driver(drv);
MODULE_LICENSE("GPL");
