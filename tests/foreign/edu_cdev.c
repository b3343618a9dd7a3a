// SPDX-License-Identifier: MIT
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/init.h>
#include <linux/pci.h>
#include <linux/fs.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/uaccess.h>
#include <linux/slab.h>
#include <linux/interrupt.h>
#include <linux/dma-mapping.h>
#include <linux/ioctl.h>
#include <linux/wait.h>
#include <linux/sched.h>
#include <linux/delay.h>
#include <linux/types.h>
#include <linux/version.h>

#define DRV           "edu_cdev"
#define EDU_IOC_MAGIC 'E'
#define EDU_IOC_FACT  _IOWR(EDU_IOC_MAGIC, 1, __u32)
#define EDU_IOC_DMA   _IO(EDU_IOC_MAGIC, 2)

struct edu_priv {
	struct pci_dev *pdev;
	void __iomem *mmio;
	struct cdev cdev;
	struct mutex lock;
	wait_queue_head_t wq;
	int done;
	void *buf;
	dma_addr_t dma;
};

static dev_t devno;
static struct class *cls;

static irqreturn_t edu_isr(int irq, void *data)
{
	struct edu_priv *p = data;
	u32 st = ioread32(p->mmio + 0x24);

	if (!st)
		return IRQ_NONE;
	iowrite32(st, p->mmio + 0x64);
	p->done = 1;
	wake_up_interruptible(&p->wq);
	return IRQ_HANDLED;
}

static int edu_open(struct inode *inode, struct file *filp)
{
	filp->private_data = container_of(inode->i_cdev, struct edu_priv, cdev);
	return 0;
}

static int edu_release(struct inode *inode, struct file *filp)
{
	return 0;
}

static int edu_xfer(struct edu_priv *p, dma_addr_t src, dma_addr_t dst, u32 len, u32 cmd)
{
	long t;

	p->done = 0;
	iowrite32(lower_32_bits(src), p->mmio + 0x80);
	iowrite32(upper_32_bits(src), p->mmio + 0x84);
	iowrite32(lower_32_bits(dst), p->mmio + 0x88);
	iowrite32(upper_32_bits(dst), p->mmio + 0x8c);
	iowrite32(len, p->mmio + 0x90);
	iowrite32(cmd | 1 | 4, p->mmio + 0x98);
	t = wait_event_interruptible_timeout(p->wq, p->done, HZ);
	if (t == 0)
		return -ETIMEDOUT;
	return t < 0 ? t : 0;
}

static long edu_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct edu_priv *p = filp->private_data;
	u32 v;
	int ret = 0;

	if (mutex_lock_interruptible(&p->lock))
		return -ERESTARTSYS;
	switch (cmd) {
	case EDU_IOC_FACT:
		if (copy_from_user(&v, (void __user *)arg, sizeof(v))) {
			ret = -EFAULT;
			break;
		}
		iowrite32(v, p->mmio + 0x08);
		while (ioread32(p->mmio + 0x20) & 1)
			cpu_relax();
		v = ioread32(p->mmio + 0x08);
		if (copy_to_user((void __user *)arg, &v, sizeof(v)))
			ret = -EFAULT;
		break;
	case EDU_IOC_DMA:
		memset(p->buf, 0xa5, 1024);
		ret = edu_xfer(p, p->dma, 0x40000, 1024, 0);
		break;
	default:
		ret = -ENOTTY;
	}
	mutex_unlock(&p->lock);
	return ret;
}

static ssize_t edu_read(struct file *filp, char __user *ubuf, size_t count, loff_t *ppos)
{
	struct edu_priv *p = filp->private_data;
	int ret;

	count = min_t(size_t, count, 2048);
	if (!count)
		return 0;
	mutex_lock(&p->lock);
	ret = edu_xfer(p, 0x40000, p->dma, count, 2);
	if (!ret && copy_to_user(ubuf, p->buf, count))
		ret = -EFAULT;
	mutex_unlock(&p->lock);
	return ret ? ret : count;
}

static ssize_t edu_write(struct file *filp, const char __user *ubuf, size_t count, loff_t *ppos)
{
	struct edu_priv *p = filp->private_data;
	int ret;

	if (count > 2048)
		count = 2048;
	if (!count)
		return 0;
	mutex_lock(&p->lock);
	if (copy_from_user(p->buf, ubuf, count))
		ret = -EFAULT;
	else
		ret = edu_xfer(p, p->dma, 0x40000, count, 0);
	mutex_unlock(&p->lock);
	return ret ? ret : count;
}

static const struct file_operations edu_fops = {
	.owner = THIS_MODULE,
	.open = edu_open,
	.release = edu_release,
	.read = edu_read,
	.write = edu_write,
	.unlocked_ioctl = edu_ioctl,
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	.llseek = no_llseek,
#endif
};

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu_priv *p;
	struct device *d;
	int ret;

	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	p->pdev = pdev;
	mutex_init(&p->lock);
	init_waitqueue_head(&p->wq);
	ret = pci_enable_device(pdev);
	if (ret)
		goto free;
	ret = pci_request_regions(pdev, DRV);
	if (ret)
		goto disable;
	p->mmio = pci_iomap(pdev, 0, pci_resource_len(pdev, 0));
	if (!p->mmio) {
		ret = -ENOMEM;
		goto regions;
	}
	pci_set_master(pdev);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(28));
	if (ret) {
		dev_err(&pdev->dev, "no 28 bit DMA\n");
		goto unmap;
	}
	p->buf = dma_alloc_coherent(&pdev->dev, 4096, &p->dma, GFP_KERNEL);
	if (!p->buf) {
		ret = -ENOMEM;
		goto unmap;
	}
	ret = request_irq(pdev->irq, edu_isr, IRQF_SHARED, DRV, p);
	if (ret)
		goto dmafree;
	cdev_init(&p->cdev, &edu_fops);
	p->cdev.owner = THIS_MODULE;
	ret = cdev_add(&p->cdev, devno, 1);
	if (ret)
		goto irq;
	d = device_create(cls, &pdev->dev, devno, NULL, "edu%d", MINOR(devno));
	if (IS_ERR(d)) {
		ret = PTR_ERR(d);
		goto cdev;
	}
	pci_set_drvdata(pdev, p);
	dev_info(&pdev->dev, "edu id %08x irq %d\n", ioread32(p->mmio), pdev->irq);
	return 0;
cdev:
	cdev_del(&p->cdev);
irq:
	free_irq(pdev->irq, p);
dmafree:
	dma_free_coherent(&pdev->dev, 4096, p->buf, p->dma);
unmap:
	pci_iounmap(pdev, p->mmio);
regions:
	pci_release_regions(pdev);
disable:
	pci_disable_device(pdev);
free:
	kfree(p);
	return ret;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu_priv *p = pci_get_drvdata(pdev);

	device_destroy(cls, devno);
	cdev_del(&p->cdev);
	free_irq(pdev->irq, p);
	dma_free_coherent(&pdev->dev, 4096, p->buf, p->dma);
	pci_iounmap(pdev, p->mmio);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
	kfree(p);
}

static struct pci_device_id edu_ids[] = {{PCI_DEVICE(0x1234, 0x11e8)},
					 {
						 0,
					 }};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = DRV,
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

static int __init edu_init(void)
{
	int ret;

	ret = alloc_chrdev_region(&devno, 0, 1, DRV);
	if (ret < 0)
		return ret;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	cls = class_create("edu");
#else
	cls = class_create(THIS_MODULE, "edu");
#endif
	if (IS_ERR(cls)) {
		unregister_chrdev_region(devno, 1);
		return PTR_ERR(cls);
	}
	ret = pci_register_driver(&edu_driver);
	if (ret) {
		class_destroy(cls);
		unregister_chrdev_region(devno, 1);
	}
	return ret;
}

static void __exit edu_exit(void)
{
	pci_unregister_driver(&edu_driver);
	class_destroy(cls);
	unregister_chrdev_region(devno, 1);
}

module_init(edu_init);
module_exit(edu_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("dmakit");
MODULE_DESCRIPTION("edu");
MODULE_VERSION("1.0");
