// SPDX-License-Identifier: MIT
/*
 * A driver that has its card move bytes straight to and from the caller's memory: pages pinned,
 * made a scatterlist, mapped, given back. A misc device; write and read are the two directions. The
 * card is edu, its buffer at most at once.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_START BIT(0)
#define EDU_DMA_TO_MEMORY BIT(1)
#define EDU_BUFFER 0x40000
#define EDU_BUFFER_SIZE 4080 /* QEMU's card refuses a transfer of the last bytes */
#define MOST_PAGES 2

struct direct {
	struct pci_dev *pdev;
	void __iomem *regs;
	struct mutex lock;
	struct miscdevice misc;
};

static int direct_move(struct direct *direct, dma_addr_t dma, size_t at, size_t n, bool to_memory)
{
	u32 command;

	writeq(to_memory ? EDU_BUFFER + at : dma, direct->regs + EDU_DMA_SRC);
	writeq(to_memory ? dma : EDU_BUFFER + at, direct->regs + EDU_DMA_DST);
	writeq(n, direct->regs + EDU_DMA_COUNT);
	writel(EDU_DMA_START | (to_memory ? EDU_DMA_TO_MEMORY : 0), direct->regs + EDU_DMA_COMMAND);
	return readl_poll_timeout(direct->regs + EDU_DMA_COMMAND, command,
				  !(command & EDU_DMA_START), 10, 1000000);
}

static int direct_move_list(struct direct *direct, struct sg_table *table, bool to_memory)
{
	struct scatterlist *sg;
	size_t at = 0;
	int i, err;

	for_each_sgtable_dma_sg(table, sg, i) {
		err = direct_move(direct, sg_dma_address(sg), at, sg_dma_len(sg), to_memory);
		if (err)
			return err;
		at += sg_dma_len(sg);
	}
	return 0;
}

static ssize_t direct_transfer(struct file *file, unsigned long address, size_t size,
			       bool to_memory)
{
	struct direct *direct = container_of(file->private_data, struct direct, misc);
	enum dma_data_direction dir = to_memory ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	struct page *pages[MOST_PAGES];
	struct sg_table table;
	int nr, pinned, err;

	size = min_t(size_t, size, EDU_BUFFER_SIZE);
	if (!size)
		return 0;
	nr = DIV_ROUND_UP(offset_in_page(address) + size, PAGE_SIZE);
	pinned = pin_user_pages_fast(address, nr, to_memory ? FOLL_WRITE : 0, pages);
	if (pinned < 0)
		return pinned;
	err = -EFAULT;
	if (pinned < nr)
		goto unpin;
	err = sg_alloc_table_from_pages(&table, pages, nr, offset_in_page(address), size,
					GFP_KERNEL);
	if (err)
		goto unpin;
	err = dma_map_sgtable(&direct->pdev->dev, &table, dir, 0);
	if (err)
		goto free_table;
	mutex_lock(&direct->lock);
	err = direct_move_list(direct, &table, to_memory);
	mutex_unlock(&direct->lock);
	dma_unmap_sgtable(&direct->pdev->dev, &table, dir, 0);
free_table:
	sg_free_table(&table);
unpin:
	unpin_user_pages_dirty_lock(pages, pinned, to_memory && !err);
	return err ? err : size;
}

static ssize_t direct_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	return direct_transfer(file, (unsigned long)buf, size, true);
}

static ssize_t direct_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	return direct_transfer(file, (unsigned long)buf, size, false);
}

static const struct file_operations direct_fops = {
	.owner = THIS_MODULE,
	.read = direct_read,
	.write = direct_write,
};

static int direct_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct direct *direct;
	int err;

	direct = devm_kzalloc(&pdev->dev, sizeof(*direct), GFP_KERNEL);
	if (!direct)
		return -ENOMEM;
	err = pcim_enable_device(pdev);
	if (err)
		return dev_err_probe(&pdev->dev, err, "it can't be enabled\n");
	direct->regs = pcim_iomap_region(pdev, 0, "direct");
	if (IS_ERR(direct->regs))
		return dev_err_probe(&pdev->dev, PTR_ERR(direct->regs), "no registers\n");
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(28));
	if (err)
		return dev_err_probe(&pdev->dev, err, "no 28-bit DMA\n");
	pci_set_master(pdev);
	direct->pdev = pdev;
	mutex_init(&direct->lock);
	direct->misc.minor = MISC_DYNAMIC_MINOR;
	direct->misc.name = "direct";
	direct->misc.fops = &direct_fops;
	direct->misc.parent = &pdev->dev;
	pci_set_drvdata(pdev, direct);
	return misc_register(&direct->misc);
}

static void direct_remove(struct pci_dev *pdev)
{
	struct direct *direct = pci_get_drvdata(pdev);

	misc_deregister(&direct->misc);
}

static const struct pci_device_id direct_ids[] = {{PCI_DEVICE(0x1234, 0x11e8)}, {}};
MODULE_DEVICE_TABLE(pci, direct_ids);

static struct pci_driver direct_driver = {
	.name = "direct",
	.id_table = direct_ids,
	.probe = direct_probe,
	.remove = direct_remove,
};
module_pci_driver(direct_driver);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("edu: the caller's own pages");
