// SPDX-License-Identifier: MIT
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/of.h>
#include <linux/of_device.h>
#include <linux/io.h>
#include <linux/interrupt.h>
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>
#include <linux/timer.h>
#include <linux/spinlock.h>

struct lab {
	struct device *dev;
	void __iomem *regs;
	void __iomem *mem;
	spinlock_t lock;
	u32 pending;
	struct work_struct work;
	struct timer_list timer;
	struct delayed_work dwork;
	struct tasklet_struct tasklet;
	unsigned int ticks, works, tasklets;
	void *ring;
	dma_addr_t ring_dma;
	u8 *buf;
	dma_addr_t buf_dma;
};

static irqreturn_t lab_hard(int irq, void *data)
{
	struct lab *lab = data;
	u32 st = readl_relaxed(lab->regs + 0x2c);

	if (!st)
		return IRQ_NONE;
	spin_lock(&lab->lock);
	lab->pending |= st;
	spin_unlock(&lab->lock);
	writel(st, lab->regs + 0x34);
	tasklet_schedule(&lab->tasklet);
	return IRQ_WAKE_THREAD;
}

static irqreturn_t lab_thread(int irq, void *data)
{
	struct lab *lab = data;
	unsigned long flags;
	u32 st;

	spin_lock_irqsave(&lab->lock, flags);
	st = lab->pending;
	lab->pending = 0;
	spin_unlock_irqrestore(&lab->lock, flags);
	if (st & 1)
		schedule_work(&lab->work);
	return IRQ_HANDLED;
}

static void lab_work(struct work_struct *w)
{
	struct lab *lab = container_of(w, struct lab, work);

	dma_sync_single_for_cpu(lab->dev, lab->buf_dma, 256, DMA_FROM_DEVICE);
	if (lab->buf[3] != 0x11)
		dev_err(lab->dev, "bad byte %#x\n", lab->buf[3]);
	dma_sync_single_for_device(lab->dev, lab->buf_dma, 256, DMA_FROM_DEVICE);
	lab->works++;
}

static void lab_tasklet(unsigned long data)
{
	struct lab *lab = (struct lab *)data;

	lab->tasklets++;
}

static void lab_timer(struct timer_list *t)
{
	struct lab *lab = from_timer(lab, t, timer);

	lab->ticks++;
	mod_timer(&lab->timer, jiffies + msecs_to_jiffies(10));
}

static void lab_dwork(struct work_struct *w)
{
	struct lab *lab = container_of(to_delayed_work(w), struct lab, dwork);

	memset_io(lab->mem, 0x11, 256);
	writeq(lab->buf_dma, lab->regs + 0x10);
	writel(256, lab->regs + 0x18);
	writel(0, lab->regs + 0x1c);
	writel(0, lab->regs + 0x28);
	writel(7, lab->regs + 0x20);
}

static ssize_t ticks_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct lab *lab = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", lab->ticks);
}
static ssize_t ticks_store(struct device *dev, struct device_attribute *attr, const char *buf,
			   size_t count)
{
	struct lab *lab = dev_get_drvdata(dev);
	int ret = kstrtouint(buf, 0, &lab->ticks);

	return ret ? ret : count;
}
static DEVICE_ATTR_RW(ticks);
static struct attribute *lab_attrs[] = {&dev_attr_ticks.attr, NULL};
ATTRIBUTE_GROUPS(lab);

static int lab_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct lab *lab;
	struct resource *res;
	int irq, ret;
	u32 v;

	lab = devm_kzalloc(dev, sizeof(*lab), GFP_KERNEL);
	if (!lab)
		return -ENOMEM;
	lab->dev = dev;
	spin_lock_init(&lab->lock);
	lab->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(lab->regs))
		return PTR_ERR(lab->regs);
	res = platform_get_resource(pdev, IORESOURCE_MEM, 1);
	lab->mem = devm_ioremap_resource(dev, res);
	if (IS_ERR(lab->mem))
		return PTR_ERR(lab->mem);
	if (readl(lab->regs) != 0x1ab00)
		return dev_err_probe(dev, -ENODEV, "not a lab: %#x\n", readl(lab->regs));
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	lab->ring = dmam_alloc_coherent(dev, PAGE_SIZE, &lab->ring_dma, GFP_KERNEL);
	if (!lab->ring)
		return -ENOMEM;
	lab->buf = devm_kmalloc(dev, 256, GFP_KERNEL);
	if (!lab->buf)
		return -ENOMEM;
	INIT_WORK(&lab->work, lab_work);
	INIT_DELAYED_WORK(&lab->dwork, lab_dwork);
	tasklet_init(&lab->tasklet, lab_tasklet, (unsigned long)lab);
	timer_setup(&lab->timer, lab_timer, 0);
	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;
	ret = devm_request_threaded_irq(dev, irq, lab_hard, lab_thread, IRQF_ONESHOT, dev_name(dev),
					lab);
	if (ret)
		return ret;
	lab->buf_dma = dma_map_single(dev, lab->buf, 256, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, lab->buf_dma))
		return -EIO;
	platform_set_drvdata(pdev, lab);
	mod_timer(&lab->timer, jiffies + 1);
	schedule_delayed_work(&lab->dwork, msecs_to_jiffies(20));
	writeq(lab->ring_dma, lab->regs + 0x10);
	writel(64, lab->regs + 0x18);
	writel(0, lab->regs + 0x1c);
	writel(1, lab->regs + 0x20);
	ret = readl_poll_timeout(lab->regs + 0x08, v, !(v & 1), 10, 100000);
	if (ret)
		dev_warn(dev, "busy\n");
	msleep(40);
	return 0;
}

static void lab_remove(struct platform_device *pdev)
{
	struct lab *lab = platform_get_drvdata(pdev);

	cancel_delayed_work_sync(&lab->dwork);
	del_timer_sync(&lab->timer);
	tasklet_kill(&lab->tasklet);
	cancel_work_sync(&lab->work);
	dma_unmap_single(lab->dev, lab->buf_dma, 256, DMA_FROM_DEVICE);
	dev_info(lab->dev, "ticks %u works %u tasklets %u\n", lab->ticks, lab->works,
		 lab->tasklets);
}

static const struct of_device_id lab_of[] = {{.compatible = "dmakit,lab"}, {/* sentinel */}};
MODULE_DEVICE_TABLE(of, lab_of);
static struct platform_driver lab_driver = {
	.probe = lab_probe,
	.remove = lab_remove,
	.driver = {.name = "lab", .of_match_table = of_match_ptr(lab_of), .dev_groups = lab_groups},
};
module_platform_driver(lab_driver);
MODULE_LICENSE("GPL v2");
