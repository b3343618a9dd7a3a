// SPDX-License-Identifier: MIT
/* A camera-like driver: pages that are contiguous for the card at most, seen through a view. */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/dma-mapping.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/iopoll.h>
#include <linux/highmem.h>

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

struct cam {
	struct pci_dev *pdev;
	void __iomem *io;
	struct sg_table *sgt;
	u8 *va;
};
#define CAM_SIZE (60 * 1024)

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct cam *cam = devm_kzalloc(dev, sizeof(*cam), GFP_KERNEL);
	struct scatterlist *sg;
	int ret, i;
	u32 off = 0;

	if (!cam)
		return -ENOMEM;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = pcim_iomap_regions(pdev, BIT(0), "cam");
	if (ret)
		return ret;
	cam->io = pcim_iomap_table(pdev)[0];
	pci_set_master(pdev);
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	cam->sgt = dma_alloc_noncontiguous(dev, CAM_SIZE, DMA_BIDIRECTIONAL, GFP_KERNEL, 0);
	if (!cam->sgt)
		return -ENOMEM;
	cam->va = dma_vmap_noncontiguous(dev, CAM_SIZE, cam->sgt);
	if (!cam->va) {
		ret = -ENOMEM;
		goto free;
	}
	for (i = 0; i < CAM_SIZE; i++)
		cam->va[i] = i * 7;
	flush_kernel_vmap_range(cam->va, CAM_SIZE);
	dma_sync_sgtable_for_device(dev, cam->sgt, DMA_BIDIRECTIONAL);
	for_each_sgtable_dma_sg(cam->sgt, sg, i) {
		ret = lab_go(cam->io, sg_dma_address(sg), sg_dma_len(sg), off, 1);
		if (ret)
			goto unmap;
		off += sg_dma_len(sg);
	}
	dma_sync_sgtable_for_cpu(dev, cam->sgt, DMA_BIDIRECTIONAL);
	invalidate_kernel_vmap_range(cam->va, CAM_SIZE);
	memset(cam->va, 0, CAM_SIZE);
	flush_kernel_vmap_range(cam->va, CAM_SIZE);
	dma_sync_sgtable_for_device(dev, cam->sgt, DMA_BIDIRECTIONAL);
	off = 0;
	for_each_sgtable_dma_sg(cam->sgt, sg, i) {
		ret = lab_go(cam->io, sg_dma_address(sg), sg_dma_len(sg), off, 3);
		if (ret)
			goto unmap;
		off += sg_dma_len(sg);
	}
	dma_sync_sgtable_for_cpu(dev, cam->sgt, DMA_BIDIRECTIONAL);
	invalidate_kernel_vmap_range(cam->va, CAM_SIZE);
	for (i = 0; i < CAM_SIZE; i++)
		if (cam->va[i] != (u8)(i * 7)) {
			dev_err(dev, "byte %d is %#x\n", i, cam->va[i]);
			ret = -EIO;
			goto unmap;
		}
	dev_info(dev, "%u segments\n", cam->sgt->nents);
	pci_set_drvdata(pdev, cam);
	return 0;
unmap:
	dma_vunmap_noncontiguous(dev, cam->va);
free:
	dma_free_noncontiguous(dev, CAM_SIZE, cam->sgt, DMA_BIDIRECTIONAL);
	return ret;
}

static void remove(struct pci_dev *pdev)
{
	struct cam *cam = pci_get_drvdata(pdev);

	dma_vunmap_noncontiguous(&pdev->dev, cam->va);
	dma_free_noncontiguous(&pdev->dev, CAM_SIZE, cam->sgt, DMA_BIDIRECTIONAL);
}

static const struct pci_device_id ids[] = {{PCI_DEVICE(0x1234, 0x11e9)}, {}};
MODULE_DEVICE_TABLE(pci, ids);
static struct pci_driver drv = {
	.name = "cam",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};
module_pci_driver(drv);
MODULE_LICENSE("GPL");
