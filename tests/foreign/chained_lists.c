// SPDX-License-Identifier: MIT
/* Two scatterlists chained to one, there and back. */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/dma-mapping.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/iopoll.h>
#include <linux/scatterlist.h>

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

#define N 6

static struct scatterlist a[N + 1], b[N];
static void __iomem *io;
static void *page[2 * N];
static int xfer(struct device *dev, enum dma_data_direction dir, u32 cmd)
{
	struct scatterlist *sg;
	int i, n, ret = 0;
	u32 off = 0;

	n = dma_map_sg(dev, a, 2 * N, dir);
	if (!n)
		return -ENOMEM;
	for_each_sg(a, sg, n, i) {
		ret = lab_go(io, sg_dma_address(sg), sg_dma_len(sg), off, cmd);
		if (ret)
			break;
		off += sg_dma_len(sg);
	}
	dma_unmap_sg(dev, a, 2 * N, dir);
	return ret;
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int i, j, ret = pcim_enable_device(pdev);

	if (ret)
		return ret;
	io = pcim_iomap(pdev, 0, 0);
	if (!io)
		return -ENOMEM;
	pci_set_master(pdev);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	sg_init_table(a, N + 1);
	sg_init_table(b, N);
	sg_chain(a, N + 1, b);
	for (i = 0; i < 2 * N; i++) {
		page[i] = (void *)__get_free_page(GFP_KERNEL);
		if (!page[i]) {
			ret = -ENOMEM;
			goto out;
		}
		memset(page[i], i + 1, PAGE_SIZE);
		sg_set_buf(i < N ? &a[i] : &b[i - N], page[i], 1024 + 128 * i);
	}
	ret = xfer(&pdev->dev, DMA_TO_DEVICE, 1);
	for (i = 0; !ret && i < 2 * N; i++)
		memset(page[i], 0, PAGE_SIZE);
	if (!ret)
		ret = xfer(&pdev->dev, DMA_FROM_DEVICE, 3);
	for (i = 0; !ret && i < 2 * N; i++)
		for (j = 0; j < PAGE_SIZE; j++)
			if (((u8 *)page[i])[j] != (j < 1024 + 128 * i ? i + 1 : 0)) {
				dev_err(&pdev->dev, "page %d byte %d\n", i, j);
				ret = -EIO;
				break;
			}
out:
	for (i = 0; i < 2 * N; i++)
		free_page((unsigned long)page[i]);
	return ret;
}

static void remove(struct pci_dev *pdev)
{
}

static const struct pci_device_id ids[] = {{PCI_DEVICE(0x1234, 0x11e9)}, {}};
MODULE_DEVICE_TABLE(pci, ids);
static struct pci_driver drv = {
	.name = "chained",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};
module_pci_driver(drv);
MODULE_LICENSE("GPL");
