// SPDX-License-Identifier: MIT
/*
 * A driver that uses what the device half offers, for its tests to look at. Driver world: kernel
 * headers only.
 */
#include <linux/atomic.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/isa.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mm_area.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "card.h"

struct card_state card;

static int number = 7;
module_param_named(number, card.int_param, int, 0644);
module_param_named(flag, card.bool_param, bint, 0644);
module_param_array_named(list, card.array_param, int, &card.array_count, 0644);
static char *text = "nothing";
module_param(text, charp, 0444);
module_param_string(short_text, card.string_param, sizeof(card.string_param), 0644);
MODULE_PARM_DESC(number, "a number");

struct card_device {
	struct pci_dev *pdev;
	void __iomem *io;
	char *page;
	struct cdev cdev;
	dev_t devt;
	wait_queue_head_t queue;
	atomic_t ready;
};

static struct class *card_class;
static struct card_device *only;

static int card_open(struct inode *inode, struct file *file)
{
	file->private_data = container_of(inode->i_cdev, struct card_device, cdev);
	card.opens++;
	return 0;
}

static int card_close(struct inode *inode, struct file *file)
{
	card.releases++;
	return 0;
}

static ssize_t card_read(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	struct card_device *dev = file->private_data;

	return simple_read_from_buffer(buffer, size, position, dev->page, CARD_SIZE);
}

static ssize_t card_write(struct file *file, const char __user *buffer, size_t size,
			  loff_t *position)
{
	struct card_device *dev = file->private_data;

	return simple_write_to_buffer(dev->page, CARD_SIZE, position, buffer, size);
}

static loff_t card_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, CARD_SIZE);
}

static long card_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct card_device *dev = file->private_data;
	struct {
		u32 a, b;
		u64 sum;
	} request;

	switch (command) {
	case CARD_IOC_SUM:
		if (copy_from_user(&request, (void __user *)argument, sizeof(request)))
			return -EFAULT;
		request.sum = (u64)request.a + request.b;
		return copy_to_user((void __user *)argument, &request, sizeof(request)) ? -EFAULT
											: 0;
	case CARD_IOC_WAKE:
		card_wake();
		return 0;
	case CARD_IOC_SLEEP:
		return wait_event_interruptible(dev->queue, atomic_read(&dev->ready));
	default:
		return -ENOTTY;
	}
}

static __poll_t card_poll(struct file *file, poll_table *table)
{
	struct card_device *dev = file->private_data;

	poll_wait(file, &dev->queue, table);
	return atomic_read(&dev->ready) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int card_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct card_device *dev = file->private_data;

	if (card.mmap_registers)
		return vm_iomap_memory(vma, pci_resource_start(dev->pdev, 0),
				       pci_resource_len(dev->pdev, 0));
	return remap_pfn_range(vma, vma->vm_start, virt_to_phys(dev->page) >> PAGE_SHIFT,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct file_operations card_fops = {
	.owner = THIS_MODULE,
	.open = card_open,
	.release = card_close,
	.read = card_read,
	.write = card_write,
	.llseek = card_llseek,
	.unlocked_ioctl = card_ioctl,
	.poll = card_poll,
	.mmap = card_mmap,
};

void card_wake(void)
{
	atomic_set(&only->ready, 1);
	wake_up_interruptible(&only->queue);
}

static irqreturn_t card_irq(int irq, void *data)
{
	card.irqs++;
	return IRQ_HANDLED;
}

static void note_action(void *data)
{
	card.actions[card.nr_actions++] = (int)(long)data;
	card.removed_at_action = card.removes;
}

static ssize_t greeting_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "hello from %s\n", dev_name(dev));
}

static ssize_t greeting_store(struct device *dev, struct device_attribute *attr, const char *buf,
			      size_t count)
{
	return sysfs_streq(buf, "hi") ? (ssize_t)count : -EINVAL;
}
static DEVICE_ATTR_RW(greeting);

static struct attribute *card_attrs[] = {&dev_attr_greeting.attr, NULL};
ATTRIBUTE_GROUPS(card);

static int make_file(struct card_device *dev)
{
	struct device *node;
	int error = alloc_chrdev_region(&dev->devt, 0, 2, "card");

	if (error)
		return error;
	cdev_init(&dev->cdev, &card_fops);
	error = cdev_add(&dev->cdev, dev->devt, 2);
	if (error)
		goto unregister;
	node = device_create(card_class, &dev->pdev->dev, dev->devt, dev, "card-file");
	error = PTR_ERR_OR_ZERO(node);
	if (!error)
		return 0;
	cdev_del(&dev->cdev);
unregister:
	unregister_chrdev_region(dev->devt, 2);
	return error;
}

static int use_vectors(struct card_device *dev)
{
	if (!card.want_vectors)
		return 0;
	card.vectors = pci_alloc_irq_vectors(dev->pdev, 1, card.want_vectors, card.vector_flags);
	if (card.vectors < 0)
		return card.vectors;
	return devm_request_irq(&dev->pdev->dev, pci_irq_vector(dev->pdev, 0), card_irq,
				IRQF_SHARED, "card", dev);
}

static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct card_device *dev;
	int error;

	card.probes++;
	card.id_data = id->driver_data;
	if (card.fail_probe_with)
		devm_add_action(&pdev->dev, note_action, (void *)9);
	if (card.defer_once) {
		card.defer_once = 0;
		return -EPROBE_DEFER;
	}
	if (card.fail_probe_with)
		return card.fail_probe_with;
	card.data_survived = pci_get_drvdata(pdev) != NULL;
	dev = devm_kzalloc(&pdev->dev, sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;
	dev->pdev = pdev;
	init_waitqueue_head(&dev->queue);
	devm_add_action(&pdev->dev, note_action, (void *)1);
	error = pcim_enable_device(pdev);
	if (error)
		return error;
	pci_set_master(pdev);
	error = pcim_iomap_regions(pdev, 1 << 0, "card");
	if (error)
		return error;
	dev->io = pcim_iomap_table(pdev)[0];
	devm_add_action(&pdev->dev, note_action, (void *)2);
	card.io = dev->io;
	card.bar_start = pci_resource_start(pdev, 0);
	card.bar_bus = pci_bus_address(pdev, 0);
	card.bar_len = pci_resource_len(pdev, 0);
	dev->page = (char *)devm_get_free_pages(&pdev->dev, GFP_KERNEL | __GFP_ZERO, 0);
	if (!dev->page)
		return -ENOMEM;
	error = use_vectors(dev);
	if (error)
		return error;
	pci_set_drvdata(pdev, dev);
	error = make_file(dev);
	if (!error)
		only = dev;
	return error;
}

static void card_remove(struct pci_dev *pdev)
{
	struct card_device *dev = pci_get_drvdata(pdev);

	device_destroy(card_class, dev->devt);
	cdev_del(&dev->cdev);
	unregister_chrdev_region(dev->devt, 2);
	card.removes++;
	only = NULL;
}

static const struct pci_device_id card_ids[] = {
	{PCI_DEVICE_SUB(0x1de5, 0x0001, 0x1af4, 0xdead), .driver_data = 1},
	{PCI_DEVICE_SUB(0x1de5, 0x0001, PCI_ANY_ID, 0x1100), .driver_data = 2},
	{PCI_DEVICE(0x1de5, 0x0001), .driver_data = 3},
	{}};
MODULE_DEVICE_TABLE(pci, card_ids);

static struct pci_driver card_driver = {
	.name = "card",
	.id_table = card_ids,
	.probe = card_probe,
	.remove = card_remove,
	.dev_groups = card_groups,
};

/* --- platform and ISA ------------------------------------------------------------------------- */

static const struct of_device_id codec_ids[] = {{.compatible = "test,codec", .data = "generic"},
						{.compatible = "test,codec-v2", .data = "second"},
						{}};
MODULE_DEVICE_TABLE(of, codec_ids);

static int codec_probe(struct platform_device *pdev)
{
	void __iomem *io = devm_platform_ioremap_resource(pdev, 0);
	u32 rate = 0;

	if (IS_ERR(io))
		return PTR_ERR(io);
	card.codec_probes++;
	of_property_read_u32(pdev->dev.of_node, "rate", &rate);
	card.codec_rate = (int)rate;
	of_property_read_u64(pdev->dev.of_node, "wide", &card.codec_wide);
	card.codec_flag = of_property_read_bool(pdev->dev.of_node, "flag");
	of_property_read_string_index(pdev->dev.of_node, "label", 1, &card.codec_label);
	card.codec_irq[0] = platform_get_irq(pdev, 1);
	card.codec_irq[1] = platform_get_irq_byname(pdev, "rx");
	card.matched = of_device_get_match_data(&pdev->dev);
	writel(0x11223344, io + 8);
	return 0;
}

static void codec_remove(struct platform_device *pdev)
{
	card.codec_removes++;
}

static struct platform_driver codec_driver = {
	.probe = codec_probe,
	.remove = codec_remove,
	.driver = {.name = "codec", .of_match_table = codec_ids},
};

static int old_match(struct device *dev, unsigned int id)
{
	return id != 1;
}

static int old_probe(struct device *dev, unsigned int id)
{
	card.isa_probes++;
	card.isa_mask = *dev->dma_mask;
	return 0;
}

static void old_remove(struct device *dev, unsigned int id)
{
	card.isa_removes++;
}

static struct isa_driver old_driver = {
	.match = old_match,
	.probe = old_probe,
	.remove = old_remove,
	.driver = {.name = "old"},
};

static int __init card_init(void)
{
	int error;

	(void)number;
	card.charp_param = text;
	card_class = class_create("card");
	error = PTR_ERR_OR_ZERO(card_class);
	if (!error)
		error = pci_register_driver(&card_driver);
	if (!error)
		error = platform_driver_register(&codec_driver);
	if (!error)
		error = isa_register_driver(&old_driver, 3);
	return error;
}
module_init(card_init);

static void __exit card_exit(void)
{
	isa_unregister_driver(&old_driver);
	platform_driver_unregister(&codec_driver);
	pci_unregister_driver(&card_driver);
	class_destroy(card_class);
}
module_exit(card_exit);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("a card for tests");

/* --- calls for the test ----------------------------------------------------------------------- */

unsigned int card_readl(void *at)
{
	return readl(at);
}

void card_writel(unsigned int value, void *at)
{
	writel(value, at);
}

unsigned int card_deref_read(void *at)
{
	return *(volatile u32 *)at;
}

unsigned char card_deref_read8(void *at)
{
	return *(volatile u8 *)at;
}

unsigned long long card_deref_read64(void *at)
{
	return *(volatile u64 *)at;
}

void card_deref_write(unsigned int value, void *at)
{
	*(volatile u32 *)at = value;
}

void card_deref_or(unsigned int value, void *at)
{
	*(volatile u32 *)at |= value;
}

void *card_ioremap(unsigned long long phys, unsigned long size)
{
	return ioremap(phys, size);
}

void card_iounmap(void *at)
{
	iounmap(at);
}

unsigned long card_copy_to_user(void *to, const void *from, unsigned long size)
{
	return copy_to_user(to, from, size);
}

unsigned long card_copy_from_user(void *to, const void *from, unsigned long size)
{
	return copy_from_user(to, from, size);
}

long card_strncpy_from_user(char *to, const char *from, long size)
{
	return strncpy_from_user(to, from, size);
}

void *card_memremap(unsigned long long phys, unsigned long size)
{
	return memremap(phys, size, MEMREMAP_WB);
}

void card_memunmap(void *at)
{
	memunmap(at);
}

int card_request(unsigned long long start, unsigned long long size)
{
	return request_mem_region(start, size, "test") ? 0 : -EBUSY;
}

void card_release(unsigned long long start, unsigned long long size)
{
	release_mem_region(start, size);
}

int card_bad_config(void)
{
	u32 value = 1;

	if (pci_read_config_dword(only->pdev, -4, &value) != PCIBIOS_BAD_REGISTER_NUMBER ||
	    value != ~0U)
		return -1;
	if (pci_read_config_dword(only->pdev, 2, &value) != PCIBIOS_BAD_REGISTER_NUMBER)
		return -2;
	if (pci_write_config_dword(only->pdev, 1 << 20, 0) != PCIBIOS_BAD_REGISTER_NUMBER)
		return -3;
	if (pci_request_region(only->pdev, 99, "x") != -EINVAL || pci_iomap(only->pdev, -1, 0))
		return -4;
	if (pci_irq_vector(only->pdev, 1000) != -EINVAL ||
	    pci_alloc_irq_vectors(only->pdev, 3, 2, PCI_IRQ_ALL_TYPES) != -EINVAL)
		return -5;
	return 0;
}

int card_platform_nonsense(void)
{
	struct platform_device *pdev = platform_device_register_simple("made-up", -1, NULL, 0);
	struct platform_device *again = platform_device_register_simple("made-up", -1, NULL, 0);
	int result = 0;

	if (IS_ERR(pdev) || PTR_ERR(again) != -EEXIST ||
	    platform_get_irq_optional(pdev, 0) != -ENXIO)
		result = -1;
	if (ioremap(0, 0) || ioremap(~0ULL - 10, 100) || ioremap(4096, 4096))
		result = -2;
	if (device_create(NULL, NULL, 0, NULL, "x") != ERR_PTR(-ENODEV) ||
	    driver_register(&(struct device_driver){.name = "x"}) != -EINVAL)
		result = -3;
	platform_device_unregister(pdev);
	return result;
}
