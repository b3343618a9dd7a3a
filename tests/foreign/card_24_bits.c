// SPDX-License-Identifier: MIT
/* A card of 24 address bits, and a driver that asks for memory it reaches. */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/dma-mapping.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/iopoll.h>

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

static void __iomem *io;
static u8 *bounce;
static dma_addr_t dma;
static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int i, ret = pcim_enable_device(pdev);

	if (ret)
		return ret;
	io = pcim_iomap(pdev, 0, 0);
	if (!io)
		return -ENOMEM;
	pci_set_master(pdev);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(24));
	if (ret) {
		dev_info(&pdev->dev, "this machine can't serve 24 bits\n");
		return ret;
	}
	bounce = kmalloc(8192, GFP_KERNEL | GFP_DMA);
	if (!bounce)
		return -ENOMEM;
	for (i = 0; i < 8192; i++)
		bounce[i] = i;
	dma = dma_map_single(&pdev->dev, bounce, 8192, DMA_TO_DEVICE);
	if (dma_mapping_error(&pdev->dev, dma)) {
		kfree(bounce);
		return -ENOMEM;
	}
	ret = lab_go(io, dma, 8192, 0, 1);
	dma_unmap_single(&pdev->dev, dma, 8192, DMA_TO_DEVICE);
	kfree(bounce);
	return ret;
}

static void remove(struct pci_dev *pdev)
{
}

static const struct pci_device_id ids[] = {{PCI_DEVICE(0x1234, 0x11e9)}, {}};
MODULE_DEVICE_TABLE(pci, ids);
static struct pci_driver drv = {
	.name = "card24",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};
module_pci_driver(drv);
MODULE_LICENSE("GPL");
