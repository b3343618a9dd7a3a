// SPDX-License-Identifier: MIT
#include <linux/module.h>
#include <linux/miscdevice.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <linux/dma-mapping.h>
#include <linux/uaccess.h>
#include <linux/poll.h>
#include <linux/delay.h>
#include <asm/io.h>
#include <asm/page.h>

#define PAGES 8
static struct pci_dev *the_dev;
static void __iomem *io;
static unsigned long pages_addr;
static void *coh;
static dma_addr_t coh_dma;
static DEFINE_MUTEX(lock);

static int go(dma_addr_t dma, u32 len, u32 off, u32 cmd)
{
	int i;

	iowrite32(lower_32_bits(dma), io + 0x10);
	iowrite32(upper_32_bits(dma), io + 0x14);
	iowrite32(len, io + 0x18);
	iowrite32(off, io + 0x1c);
	iowrite32(cmd, io + 0x20);
	for (i = 0; i < 1000; i++) {
		if (!(ioread32(io + 8) & 1))
			return ioread32(io + 8) & 2 ? -EIO : 0;
		udelay(10);
	}
	return -ETIMEDOUT;
}

static ssize_t sg_write(struct file *f, const char __user *ubuf, size_t n, loff_t *pos)
{
	struct sg_table sgt;
	struct scatterlist *sg;
	int i, nents, ret;
	u32 off = 0;
	size_t left;

	n = min_t(size_t, n, PAGES * PAGE_SIZE);
	if (!n)
		return 0;
	left = n;
	ret = sg_alloc_table(&sgt, DIV_ROUND_UP(n, PAGE_SIZE), GFP_KERNEL);
	if (ret)
		return ret;
	for_each_sg(sgt.sgl, sg, sgt.orig_nents, i) {
		struct page *pg = alloc_page(GFP_KERNEL);
		size_t part = min_t(size_t, left, PAGE_SIZE);

		if (!pg) {
			ret = -ENOMEM;
			goto free;
		}
		sg_set_page(sg, pg, part, 0);
		if (copy_from_user(page_address(pg), ubuf + i * PAGE_SIZE, part)) {
			ret = -EFAULT;
			goto free;
		}
		left -= part;
	}
	mutex_lock(&lock);
	nents = dma_map_sg(&the_dev->dev, sgt.sgl, sgt.orig_nents, DMA_TO_DEVICE);
	if (!nents) {
		ret = -EIO;
		goto unlock;
	}
	for_each_sg(sgt.sgl, sg, nents, i) {
		ret = go(sg_dma_address(sg), sg_dma_len(sg), off, 1);
		if (ret)
			break;
		off += sg_dma_len(sg);
	}
	dma_unmap_sg(&the_dev->dev, sgt.sgl, sgt.orig_nents, DMA_TO_DEVICE);
unlock:
	mutex_unlock(&lock);
free:
	for_each_sg(sgt.sgl, sg, sgt.orig_nents, i)
		if (sg_page(sg))
			__free_page(sg_page(sg));
	sg_free_table(&sgt);
	return ret ? ret : n;
}

static ssize_t sg_read(struct file *f, char __user *ubuf, size_t n, loff_t *pos)
{
	dma_addr_t dma;
	int ret;

	n = min_t(size_t, n, 2 * PAGE_SIZE);
	if (!n)
		return 0;
	mutex_lock(&lock);
	dma = dma_map_single(&the_dev->dev, (void *)pages_addr, n, DMA_FROM_DEVICE);
	if (dma_mapping_error(&the_dev->dev, dma)) {
		mutex_unlock(&lock);
		return -ENOMEM;
	}
	ret = go(dma, n, 0, 3);
	dma_unmap_single(&the_dev->dev, dma, n, DMA_FROM_DEVICE);
	if (!ret && copy_to_user(ubuf, (void *)pages_addr, n))
		ret = -EFAULT;
	mutex_unlock(&lock);
	return ret ? ret : n;
}

static int sg_mmap(struct file *f, struct vm_area_struct *vma)
{
	size_t len = vma->vm_end - vma->vm_start;

	if (vma->vm_pgoff == 0) {
		if (len > 2 * PAGE_SIZE)
			return -EINVAL;
		return remap_pfn_range(vma, vma->vm_start,
				       virt_to_phys((void *)pages_addr) >> PAGE_SHIFT, len,
				       vma->vm_page_prot);
	}
	vma->vm_pgoff = 0;
	return dma_mmap_coherent(&the_dev->dev, vma, coh, coh_dma, 4 * PAGE_SIZE);
}

static __poll_t sg_poll(struct file *f, poll_table *wait)
{
	return EPOLLIN | EPOLLOUT | POLLRDNORM;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.read = sg_read,
	.write = sg_write,
	.mmap = sg_mmap,
	.poll = sg_poll,
	.llseek = noop_llseek,
};
static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR, .name = "labsg", .fops = &fops, .mode = 0666};

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = pci_enable_device(pdev);

	if (ret)
		return ret;
	the_dev = pdev;
	io = ioremap(pci_resource_start(pdev, 0), pci_resource_len(pdev, 0));
	if (!io) {
		ret = -ENOMEM;
		goto e1;
	}
	pci_set_master(pdev);
	if (dma_set_mask(&pdev->dev, DMA_BIT_MASK(64)) ||
	    dma_set_coherent_mask(&pdev->dev, DMA_BIT_MASK(64))) {
		ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
		if (ret)
			goto e2;
	}
	pages_addr = __get_free_pages(GFP_KERNEL | __GFP_ZERO, 1);
	if (!pages_addr) {
		ret = -ENOMEM;
		goto e2;
	}
	coh = dma_alloc_coherent(&pdev->dev, 4 * PAGE_SIZE, &coh_dma, GFP_KERNEL);
	if (!coh) {
		ret = -ENOMEM;
		goto e3;
	}
	ret = misc_register(&misc);
	if (ret)
		goto e4;
	return 0;
e4:
	dma_free_coherent(&pdev->dev, 4 * PAGE_SIZE, coh, coh_dma);
e3:
	free_pages(pages_addr, 1);
e2:
	iounmap(io);
e1:
	pci_disable_device(pdev);
	return ret;
}
static void remove(struct pci_dev *pdev)
{
	misc_deregister(&misc);
	dma_free_coherent(&pdev->dev, 4 * PAGE_SIZE, coh, coh_dma);
	free_pages(pages_addr, 1);
	iounmap(io);
	pci_disable_device(pdev);
}
static const struct pci_device_id ids[] = {{PCI_DEVICE(0x1234, 0x11e9)}, {}};
MODULE_DEVICE_TABLE(pci, ids);
static struct pci_driver drv = {.name = "labsg", .id_table = ids, .probe = probe, .remove = remove};
module_pci_driver(drv);
MODULE_LICENSE("GPL");
