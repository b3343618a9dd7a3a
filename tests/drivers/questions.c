// SPDX-License-Identifier: MIT
/*
 * Calls of a driver that can fail, one in each function (STR-12): the function makes it, undoes it,
 * and says whether it failed. The functions are in a section of their own, by which who counts them
 * knows them.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/err.h>
#include <linux/etherdevice.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "questions.h"

static struct pci_dev *pdev; /* enabled, its BAR 0 not claimed */
static struct device *dev;

#define ASKS(name) static int __attribute__((__section__("asking"), __noinline__)) name(void)

/* A call that gives memory or the like, and what undoes it. */
#define GIVES(name, type, call, undo)                           \
	ASKS(name)                                              \
	{                                                       \
		type got = call;                                \
                                                                \
		if (IS_ERR_OR_NULL((void *)(unsigned long)got)) \
			return -ENOMEM;                         \
		undo;                                           \
		return 0;                                       \
	}

/* A call that returns an errno. */
#define RETURNS(name, before, call, undo) \
	ASKS(name)                        \
	{                                 \
		before;                   \
		int err = call;           \
                                          \
		if (err < 0)              \
			return err;       \
		undo;                     \
		return 0;                 \
	}

static unsigned char *buffer; /* a page, lent to who maps */
static struct kmem_cache *cache;
static struct dma_pool *pool;
static dma_addr_t dma;
static struct scatterlist list[2];
static struct sg_table table;
static struct sk_buff *frame;
static DEFINE_IDR(idr);
static DEFINE_IDA(ida);
static DEFINE_XARRAY_ALLOC(xa);
static const struct file_operations no_fops;
static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "asking", .fops = &no_fops };

static void nothing(void *data)
{
}

static int sleeper(void *data)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static irqreturn_t handler(int irq, void *data)
{
	return IRQ_NONE;
}

GIVES(ask_kmalloc, void *, kmalloc(100, GFP_KERNEL), kfree(got))
GIVES(ask_kzalloc, void *, kzalloc(9000, GFP_KERNEL), kfree(got))
GIVES(ask_kcalloc, void *, kcalloc(10, 10, GFP_KERNEL), kfree(got))
GIVES(ask_krealloc, void *, krealloc(NULL, 100, GFP_KERNEL), kfree(got))
GIVES(ask_kstrdup, char *, kstrdup("text", GFP_KERNEL), kfree(got))
GIVES(ask_kmemdup, void *, kmemdup("text", 5, GFP_KERNEL), kfree(got))
GIVES(ask_kasprintf, char *, kasprintf(GFP_KERNEL, "%d", 5), kfree(got))
GIVES(ask_kvmalloc, void *, kvmalloc(20000, GFP_KERNEL), kvfree(got))
GIVES(ask_vmalloc, void *, vmalloc(20000), vfree(got))
GIVES(ask_page, struct page *, alloc_page(GFP_KERNEL), __free_page(got))
GIVES(ask_free_page, unsigned long, get_zeroed_page(GFP_KERNEL), free_page(got))
GIVES(ask_exact, void *, alloc_pages_exact(9000, GFP_KERNEL), free_pages_exact(got, 9000))
GIVES(ask_cache, struct kmem_cache *, kmem_cache_create("asking", 64, 0, 0, NULL),
      kmem_cache_destroy(got))
GIVES(ask_cache_alloc, void *, kmem_cache_zalloc(cache, GFP_KERNEL), kmem_cache_free(cache, got))

GIVES(ask_devm_kzalloc, void *, devm_kzalloc(dev, 100, GFP_KERNEL), devm_kfree(dev, got))
GIVES(ask_devm_kcalloc, void *, devm_kcalloc(dev, 10, 10, GFP_KERNEL), devm_kfree(dev, got))
GIVES(ask_devm_kstrdup, char *, devm_kstrdup(dev, "text", GFP_KERNEL), devm_kfree(dev, got))
GIVES(ask_devm_kasprintf, char *, devm_kasprintf(dev, GFP_KERNEL, "%d", 5), devm_kfree(dev, got))
GIVES(ask_devm_pages, unsigned long, devm_get_free_pages(dev, GFP_KERNEL, 0),
      devm_free_pages(dev, got))
RETURNS(ask_devm_action, , devm_add_action(dev, nothing, NULL),
	devm_remove_action(dev, nothing, NULL))
RETURNS(ask_devm_action_or_reset, , devm_add_action_or_reset(dev, nothing, NULL),
	devm_remove_action(dev, nothing, NULL))

GIVES(ask_coherent, void *, dma_alloc_coherent(dev, 100, &dma, GFP_KERNEL),
      dma_free_coherent(dev, 100, got, dma))
GIVES(ask_managed_coherent, void *, dmam_alloc_coherent(dev, 100, &dma, GFP_KERNEL),
      dmam_free_coherent(dev, 100, got, dma))
GIVES(ask_dma_pages, struct page *, dma_alloc_pages(dev, 4096, &dma, DMA_TO_DEVICE, GFP_KERNEL),
      dma_free_pages(dev, 4096, got, dma, DMA_TO_DEVICE))
GIVES(ask_noncoherent, void *, dma_alloc_noncoherent(dev, 4096, &dma, DMA_TO_DEVICE, GFP_KERNEL),
      dma_free_noncoherent(dev, 4096, got, dma, DMA_TO_DEVICE))
GIVES(ask_noncontiguous, struct sg_table *,
      dma_alloc_noncontiguous(dev, 4096, DMA_TO_DEVICE, GFP_KERNEL, 0),
      dma_free_noncontiguous(dev, 4096, got, DMA_TO_DEVICE))
GIVES(ask_pool, struct dma_pool *, dma_pool_create("asking", dev, 64, 64, 0), dma_pool_destroy(got))
GIVES(ask_managed_pool, struct dma_pool *, dmam_pool_create("asking", dev, 64, 64, 0),
      dmam_pool_destroy(got))
GIVES(ask_pool_alloc, void *, dma_pool_zalloc(pool, GFP_KERNEL, &dma),
      dma_pool_free(pool, got, dma))
RETURNS(ask_single, dma = dma_map_single(dev, buffer, 100, DMA_TO_DEVICE),
	dma_mapping_error(dev, dma), dma_unmap_single(dev, dma, 100, DMA_TO_DEVICE))
RETURNS(ask_page_map, dma = dma_map_page(dev, virt_to_page(buffer), 0, 100, DMA_TO_DEVICE),
	dma_mapping_error(dev, dma), dma_unmap_page(dev, dma, 100, DMA_TO_DEVICE))
RETURNS(ask_list, sg_init_one(list, buffer, 100),
	dma_map_sg(dev, list, 1, DMA_TO_DEVICE) ? 0 : -EIO,
	dma_unmap_sg(dev, list, 1, DMA_TO_DEVICE))
RETURNS(ask_mask, , dma_set_mask(dev, DMA_BIT_MASK(32)), )
RETURNS(ask_coherent_mask, , dma_set_coherent_mask(dev, DMA_BIT_MASK(32)), )
RETURNS(ask_both_masks, , dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32)), )
RETURNS(ask_table, , sg_alloc_table(&table, 300, GFP_KERNEL), sg_free_table(&table))
RETURNS(ask_table_of_pages, struct page *pages[1] = { virt_to_page(buffer) },
	sg_alloc_table_from_pages(&table, pages, 1, 0, 100, GFP_KERNEL), sg_free_table(&table))

RETURNS(ask_enable, pci_disable_device(pdev), pci_enable_device(pdev), )
RETURNS(ask_region, , pci_request_region(pdev, 0, "asking"), pci_release_region(pdev, 0))
RETURNS(ask_regions, , pci_request_regions(pdev, "asking"), pci_release_regions(pdev))
GIVES(ask_iomap, void __iomem *, pci_iomap(pdev, 0, 0), pci_iounmap(pdev, got))
GIVES(ask_managed_iomap, void __iomem *, pcim_iomap(pdev, 0, 0), pcim_iounmap(pdev, got))
RETURNS(ask_managed_regions, , pcim_iomap_regions(pdev, 1, "asking"), pcim_iounmap_regions(pdev, 1))
GIVES(ask_managed_region, void __iomem *, pcim_iomap_region(pdev, 0, "asking"),
      pcim_iounmap_region(pdev, 0))
GIVES(ask_ioremap, void __iomem *, ioremap(pci_resource_start(pdev, 0), 64), iounmap(got))
GIVES(ask_devm_ioremap, void __iomem *, devm_ioremap(dev, pci_resource_start(pdev, 0), 64),
      devm_iounmap(dev, got))
RETURNS(ask_vectors, , pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI | PCI_IRQ_MSIX),
	pci_free_irq_vectors(pdev))
RETURNS(ask_irq, , request_irq(pdev->irq, handler, IRQF_SHARED, "asking", &list),
	free_irq(pdev->irq, &list))
RETURNS(ask_devm_irq, , devm_request_irq(dev, pdev->irq, handler, IRQF_SHARED, "asking", &list),
	devm_free_irq(dev, pdev->irq, &list))

RETURNS(ask_number, dev_t number, alloc_chrdev_region(&number, 0, 1, "asking"),
	unregister_chrdev_region(number, 1))
RETURNS(ask_numbers, , register_chrdev_region(MKDEV(240, 0), 1, "asking"),
	unregister_chrdev_region(MKDEV(240, 0), 1))
RETURNS(ask_chrdev, , register_chrdev(241, "asking", &no_fops), unregister_chrdev(241, "asking"))
GIVES(ask_cdev_alloc, struct cdev *, cdev_alloc(), cdev_del(got))
RETURNS(ask_cdev, static struct cdev cdev;
	cdev_init(&cdev, &no_fops), cdev_add(&cdev, MKDEV(242, 0), 1), cdev_del(&cdev))
RETURNS(ask_misc, , misc_register(&misc), misc_deregister(&misc))
GIVES(ask_class, struct class *, class_create("asking"), class_destroy(got))
GIVES(ask_workqueue, struct workqueue_struct *, alloc_workqueue("asking", 0, 0),
      destroy_workqueue(got))
GIVES(ask_ordered, struct workqueue_struct *, alloc_ordered_workqueue("asking", 0),
      destroy_workqueue(got))
GIVES(ask_thread, struct task_struct *, kthread_create(sleeper, NULL, "asking"), kthread_stop(got))
GIVES(ask_running_thread, struct task_struct *, kthread_run(sleeper, NULL, "asking"),
      kthread_stop(got))

RETURNS(ask_idr, , idr_alloc(&idr, &idr, 0, 0, GFP_KERNEL), idr_remove(&idr, err))
RETURNS(ask_idr_cyclic, , idr_alloc_cyclic(&idr, &idr, 0, 0, GFP_KERNEL), idr_remove(&idr, err))
RETURNS(ask_ida, , ida_alloc(&ida, GFP_KERNEL), ida_free(&ida, err))
RETURNS(ask_xa_store, , xa_err(xa_store(&xa, 5, &xa, GFP_KERNEL)), xa_erase(&xa, 5))
RETURNS(ask_xa_insert, , xa_insert(&xa, 5, &xa, GFP_KERNEL), xa_erase(&xa, 5))
RETURNS(ask_xa_alloc, u32 id, xa_alloc(&xa, &id, &xa, xa_limit_32b, GFP_KERNEL), xa_erase(&xa, id))

GIVES(ask_etherdev, struct net_device *, alloc_etherdev(100), free_netdev(got))
ASKS(ask_devm_etherdev) /* it is freed with the device */
{
	return devm_alloc_etherdev(dev, 100) ? 0 : -ENOMEM;
}
GIVES(ask_skb, struct sk_buff *, alloc_skb(100, GFP_KERNEL), kfree_skb(got))
GIVES(ask_received_skb, struct sk_buff *, dev_alloc_skb(100), kfree_skb(got))
GIVES(ask_clone, struct sk_buff *, skb_clone(frame, GFP_KERNEL), kfree_skb(got))
GIVES(ask_copy, struct sk_buff *, skb_copy(frame, GFP_KERNEL), kfree_skb(got))

#define ROW(name) { #name, name }

const struct question questions[] = {ROW(ask_kmalloc),
				     ROW(ask_kzalloc),
				     ROW(ask_kcalloc),
				     ROW(ask_krealloc),
				     ROW(ask_kstrdup),
				     ROW(ask_kmemdup),
				     ROW(ask_kasprintf),
				     ROW(ask_kvmalloc),
				     ROW(ask_vmalloc),
				     ROW(ask_page),
				     ROW(ask_free_page),
				     ROW(ask_exact),
				     ROW(ask_cache),
				     ROW(ask_cache_alloc),
				     ROW(ask_devm_kzalloc),
				     ROW(ask_devm_kcalloc),
				     ROW(ask_devm_kstrdup),
				     ROW(ask_devm_kasprintf),
				     ROW(ask_devm_pages),
				     ROW(ask_devm_action),
				     ROW(ask_devm_action_or_reset),
				     ROW(ask_coherent),
				     ROW(ask_managed_coherent),
				     ROW(ask_dma_pages),
				     ROW(ask_noncoherent),
				     ROW(ask_noncontiguous),
				     ROW(ask_pool),
				     ROW(ask_managed_pool),
				     ROW(ask_pool_alloc),
				     ROW(ask_single),
				     ROW(ask_page_map),
				     ROW(ask_list),
				     ROW(ask_mask),
				     ROW(ask_coherent_mask),
				     ROW(ask_both_masks),
				     ROW(ask_table),
				     ROW(ask_table_of_pages),
				     ROW(ask_enable),
				     ROW(ask_region),
				     ROW(ask_regions),
				     ROW(ask_iomap),
				     ROW(ask_managed_iomap),
				     ROW(ask_managed_regions),
				     ROW(ask_managed_region),
				     ROW(ask_ioremap),
				     ROW(ask_devm_ioremap),
				     ROW(ask_vectors),
				     ROW(ask_irq),
				     ROW(ask_devm_irq),
				     ROW(ask_number),
				     ROW(ask_numbers),
				     ROW(ask_chrdev),
				     ROW(ask_cdev_alloc),
				     ROW(ask_cdev),
				     ROW(ask_misc),
				     ROW(ask_class),
				     ROW(ask_workqueue),
				     ROW(ask_ordered),
				     ROW(ask_thread),
				     ROW(ask_running_thread),
				     ROW(ask_idr),
				     ROW(ask_idr_cyclic),
				     ROW(ask_ida),
				     ROW(ask_xa_store),
				     ROW(ask_xa_insert),
				     ROW(ask_xa_alloc),
				     ROW(ask_etherdev),
				     ROW(ask_devm_etherdev),
				     ROW(ask_skb),
				     ROW(ask_received_skb),
				     ROW(ask_clone),
				     ROW(ask_copy),
				     {}};

static int asking_probe(struct pci_dev *found, const struct pci_device_id *id)
{
	int err = pci_enable_device(found);

	if (err)
		return err;
	pdev = found;
	dev = &found->dev;
	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
	buffer = (unsigned char *)get_zeroed_page(GFP_KERNEL);
	cache = kmem_cache_create("lent", 64, 0, 0, NULL);
	pool = dma_pool_create("lent", dev, 64, 64, 0);
	frame = alloc_skb(100, GFP_KERNEL);
	return err || !buffer || !cache || !pool || !frame ? -ENOMEM : 0;
}

static void asking_remove(struct pci_dev *gone)
{
	kfree_skb(frame);
	dma_pool_destroy(pool);
	kmem_cache_destroy(cache);
	free_page((unsigned long)buffer);
	idr_destroy(&idr);
	ida_destroy(&ida);
	xa_destroy(&xa);
	pci_disable_device(gone);
}

static const struct pci_device_id asking_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, asking_ids);

static struct pci_driver asking_driver = {
	.name = "asking",
	.id_table = asking_ids,
	.probe = asking_probe,
	.remove = asking_remove,
};
module_pci_driver(asking_driver);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("each call that can fail, once");
