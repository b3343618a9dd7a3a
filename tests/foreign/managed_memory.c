// SPDX-License-Identifier: MIT
/* Managed memory, a managed pool with a boundary; nothing is freed by hand that need not be. */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/dma-mapping.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/iopoll.h>
#include <linux/dmapool.h>

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

struct desc {
	__le64 next, addr;
	__le32 len, flags;
	u8 pad[40];
};

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct dma_pool *pool;
	struct desc *d[32];
	dma_addr_t h[32];
	void *ring, *lo;
	dma_addr_t rd, ld;
	int i, ret, n = 0;
	void __iomem *io;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	io = pcim_iomap(pdev, 0, 0);
	if (!io)
		return -ENOMEM;
	pci_set_master(pdev);
	if (dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)) &&
	    dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32)))
		return dev_err_probe(dev, -EIO, "no DMA\n");
	pool = dmam_pool_create("descs", dev, sizeof(struct desc), 64, 256);
	if (!pool)
		return -ENOMEM;
	ring = dmam_alloc_coherent(dev, 3 * PAGE_SIZE, &rd, GFP_KERNEL);
	lo = dmam_alloc_attrs(dev, 100, &ld, GFP_KERNEL, DMA_ATTR_WRITE_COMBINE);
	if (!ring || !lo)
		return -ENOMEM;
	for (; n < 32; n++) {
		d[n] = dma_pool_zalloc(pool, GFP_KERNEL, &h[n]);
		if (!d[n])
			break;
		if ((h[n] & 63) || (h[n] >> 8) != ((h[n] + sizeof(struct desc) - 1) >> 8))
			dev_err(dev, "block crosses\n");
		d[n]->addr = cpu_to_le64(rd);
	}
	ret = n == 32 ? 0 : -ENOMEM;
	for (i = 0; i < n && !ret; i++)
		ret = lab_go(io, h[i], sizeof(struct desc), i * sizeof(struct desc), 1);
	for (i = 0; i < n; i++)
		dma_pool_free(pool, d[i], h[i]);
	dmam_free_coherent(dev, 3 * PAGE_SIZE, ring, rd);
	return ret;
}

static void remove(struct pci_dev *pdev)
{
}

static const struct pci_device_id ids[] = {{PCI_DEVICE(0x1234, 0x11e9)}, {}};
MODULE_DEVICE_TABLE(pci, ids);
static struct pci_driver drv = {
	.name = "managed",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};
module_pci_driver(drv);
MODULE_LICENSE("GPL");
