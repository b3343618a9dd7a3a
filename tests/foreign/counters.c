// SPDX-License-Identifier: MIT
/*
 * A driver that is looked at more than it is used, in the manner of Linux 5.10: a class made with
 * its owner, a cdev of many minors, attributes, a file in /proc of records, one in debugfs, a
 * kernel object of its own; a tree of counts, a ring, a high-resolution timer and its tasklet. The
 * card is edu, which sends the interrupts that the driver raises.
 */
#include <linux/cdev.h>
#include <linux/circ_buf.h>
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kobject.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/rbtree.h>
#include <linux/seq_file.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/current.h>

#define MINORS 4
#define RING 64
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64

struct counter {
	struct rb_node node;
	unsigned int bit;
	unsigned long count;
};

struct counters {
	struct pci_dev *pdev;
	void __iomem *regs;
	spinlock_t lock; /* tree and ring */
	struct rb_root tree;
	struct circ_buf ring;
	wait_queue_head_t wait;
	struct tasklet_struct tasklet;
	struct hrtimer timer;
	seqcount_t seq;
	u64 total;
	unsigned int period_ms;
	struct cdev cdev;
	struct proc_dir_entry *proc;
	struct dentry *debug;
	struct kobject *kobj;
};

static struct class *counters_class;
static dev_t counters_dev;
static struct counters *the_counters;

/* Called with the lock held. */
static struct counter *find_or_add(struct counters *c, unsigned int bit)
{
	struct rb_node **link = &c->tree.rb_node, *parent = NULL;
	struct counter *counter;

	while (*link) {
		parent = *link;
		counter = rb_entry(parent, struct counter, node);
		if (counter->bit == bit)
			return counter;
		link = bit < counter->bit ? &parent->rb_left : &parent->rb_right;
	}
	counter = kzalloc(sizeof(*counter), GFP_ATOMIC);
	if (!counter)
		return NULL;
	counter->bit = bit;
	rb_link_node(&counter->node, parent, link);
	rb_insert_color(&counter->node, &c->tree);
	return counter;
}

static void count_bits(struct counters *c, u32 status)
{
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		struct counter *counter = status & BIT(bit) ? find_or_add(c, bit) : NULL;

		if (!counter)
			continue;
		counter->count++;
		if (CIRC_SPACE(c->ring.head, c->ring.tail, RING)) {
			c->ring.buf[c->ring.head] = 'a' + bit % 26;
			c->ring.head = (c->ring.head + 1) & (RING - 1);
		}
	}
}

static irqreturn_t counters_irq(int irq, void *data)
{
	struct counters *c = data;
	u32 status = readl(c->regs + EDU_IRQ_STATUS);

	if (!status)
		return IRQ_NONE;
	writel(status, c->regs + EDU_IRQ_ACK);
	spin_lock(&c->lock);
	count_bits(c, status);
	write_seqcount_begin(&c->seq);
	c->total++;
	write_seqcount_end(&c->seq);
	spin_unlock(&c->lock);
	wake_up_interruptible(&c->wait);
	return IRQ_HANDLED;
}

static void counters_tasklet(unsigned long data)
{
	struct counters *c = (struct counters *)data;

	writel(BIT(31), c->regs + EDU_IRQ_RAISE);
}

static enum hrtimer_restart counters_timer(struct hrtimer *timer)
{
	struct counters *c = container_of(timer, struct counters, timer);
	unsigned int period = READ_ONCE(c->period_ms);

	tasklet_schedule(&c->tasklet);
	if (!period)
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ms_to_ktime(period));
	return HRTIMER_RESTART;
}

/* --- the files -------------------------------------------------------------------------------- */

static int counters_open(struct inode *inode, struct file *file)
{
	file->private_data = container_of(inode->i_cdev, struct counters, cdev);
	return nonseekable_open(inode, file);
}

static bool take_byte(struct counters *c, char *byte)
{
	unsigned long flags;
	bool some;

	spin_lock_irqsave(&c->lock, flags);
	some = CIRC_CNT(c->ring.head, c->ring.tail, RING) > 0;
	if (some) {
		*byte = c->ring.buf[c->ring.tail];
		c->ring.tail = (c->ring.tail + 1) & (RING - 1);
	}
	spin_unlock_irqrestore(&c->lock, flags);
	return some;
}

static ssize_t counters_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct counters *c = file->private_data;
	char byte;

	if (!size)
		return 0;
	if (!take_byte(c, &byte)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(c->wait, take_byte(c, &byte)))
			return -ERESTARTSYS;
	}
	if (iminor(file_inode(file)) % 2)
		byte = toupper(byte);
	return put_user(byte, buf) ? -EFAULT : 1;
}

static ssize_t counters_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	struct counters *c = file->private_data;
	unsigned int bit;
	int err = kstrtouint_from_user(buf, size, 0, &bit);

	if (err)
		return err;
	if (bit > 30)
		return -ERANGE;
	writel(BIT(bit), c->regs + EDU_IRQ_RAISE);
	return size;
}

static __poll_t counters_poll(struct file *file, poll_table *table)
{
	struct counters *c = file->private_data;

	poll_wait(file, &c->wait, table);
	return CIRC_CNT(READ_ONCE(c->ring.head), READ_ONCE(c->ring.tail), RING)
		       ? EPOLLIN | EPOLLRDNORM
		       : 0;
}

static const struct file_operations counters_fops = {
	.owner = THIS_MODULE,
	.open = counters_open,
	.read = counters_read,
	.write = counters_write,
	.poll = counters_poll,
	.llseek = no_llseek,
};

static int counters_proc_show(struct seq_file *m, void *v)
{
	struct counters *c = PDE_DATA(file_inode(m->file));
	struct rb_node *node;

	spin_lock_irq(&c->lock);
	for (node = rb_first(&c->tree); node; node = rb_next(node)) {
		struct counter *counter = rb_entry(node, struct counter, node);

		seq_printf(m, "%2u %lu\n", counter->bit, counter->count);
	}
	spin_unlock_irq(&c->lock);
	return 0;
}

static ssize_t total_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct counters *c = dev_get_drvdata(dev);
	unsigned int start;
	u64 total;

	do {
		start = read_seqcount_begin(&c->seq);
		total = c->total;
	} while (read_seqcount_retry(&c->seq, start));
	return sprintf(buf, "%llu\n", total);
}

static DEVICE_ATTR_RO(total);

static ssize_t period_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sprintf(buf, "%u\n", the_counters->period_ms);
}

static ssize_t period_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			    size_t size)
{
	int err = kstrtouint(buf, 0, &the_counters->period_ms);

	if (err)
		return err;
	if (the_counters->period_ms)
		hrtimer_start(&the_counters->timer, ms_to_ktime(the_counters->period_ms),
			      HRTIMER_MODE_REL);
	return size;
}

static struct kobj_attribute period_attr = __ATTR(period_ms, 0644, period_show, period_store);

/* --- the card --------------------------------------------------------------------------------- */

static void remove_files(struct counters *c)
{
	int i;

	if (c->kobj)
		sysfs_remove_file(c->kobj, &period_attr.attr);
	kobject_put(c->kobj);
	debugfs_remove_recursive(c->debug);
	proc_remove(c->proc);
	for (i = 0; i < MINORS; i++)
		device_destroy(counters_class, counters_dev + i);
	cdev_del(&c->cdev);
}

static int make_files(struct counters *c)
{
	int i, err;

	cdev_init(&c->cdev, &counters_fops);
	err = cdev_add(&c->cdev, counters_dev, MINORS);
	if (err)
		return err;
	for (i = 0; i < MINORS; i++) {
		struct device *dev = device_create(counters_class, &c->pdev->dev, counters_dev + i,
						   c, "counter%d", i);

		if (IS_ERR(dev) || device_create_file(dev, &dev_attr_total))
			goto fail;
	}
	c->proc = proc_create_single_data("counters", 0, NULL, counters_proc_show, c);
	c->kobj = kobject_create_and_add("counters", kernel_kobj);
	if (!c->proc || !c->kobj || sysfs_create_file(c->kobj, &period_attr.attr))
		goto fail;
	c->debug = debugfs_create_dir("counters", NULL);
	debugfs_create_u32("period_ms", 0444, c->debug, &c->period_ms);
	return 0;
fail:
	remove_files(c);
	return -ENOMEM;
}

static int counters_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct counters *c;
	int err;

	c = devm_kzalloc(&pdev->dev, sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c->ring.buf = devm_kzalloc(&pdev->dev, RING, GFP_KERNEL);
	if (!c->ring.buf)
		return -ENOMEM;
	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(pdev, BIT(0), "counters");
	if (err)
		return err;
	c->regs = pcim_iomap_table(pdev)[0];
	c->pdev = pdev;
	c->tree = RB_ROOT;
	spin_lock_init(&c->lock);
	seqcount_init(&c->seq);
	init_waitqueue_head(&c->wait);
	tasklet_init(&c->tasklet, counters_tasklet, (unsigned long)c);
	hrtimer_init(&c->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	c->timer.function = counters_timer;
	the_counters = c;
	pci_set_drvdata(pdev, c);
	err = request_irq(pdev->irq, counters_irq, IRQF_SHARED, "counters", c);
	if (err)
		return err;
	err = make_files(c);
	if (err)
		free_irq(pdev->irq, c);
	return err;
}

static void counters_remove(struct pci_dev *pdev)
{
	struct counters *c = pci_get_drvdata(pdev);
	struct counter *counter, *next;

	remove_files(c);
	WRITE_ONCE(c->period_ms, 0);
	hrtimer_cancel(&c->timer);
	tasklet_kill(&c->tasklet);
	free_irq(pdev->irq, c);
	rbtree_postorder_for_each_entry_safe(counter, next, &c->tree, node)
		kfree(counter);
}

static const struct pci_device_id counters_ids[] = {{PCI_DEVICE(0x1234, 0x11e8)}, {}};
MODULE_DEVICE_TABLE(pci, counters_ids);

static struct pci_driver counters_driver = {
	.name = "counters",
	.id_table = counters_ids,
	.probe = counters_probe,
	.remove = counters_remove,
};

static int __init counters_init(void)
{
	int err = alloc_chrdev_region(&counters_dev, 0, MINORS, "counters");

	if (err)
		return err;
	counters_class = class_create(THIS_MODULE, "counters");
	if (IS_ERR(counters_class)) {
		err = PTR_ERR(counters_class);
		goto unregister;
	}
	err = pci_register_driver(&counters_driver);
	if (!err)
		return 0;
	class_destroy(counters_class);
unregister:
	unregister_chrdev_region(counters_dev, MINORS);
	return err;
}

static void __exit counters_exit(void)
{
	pci_unregister_driver(&counters_driver);
	class_destroy(counters_class);
	unregister_chrdev_region(counters_dev, MINORS);
}

module_init(counters_init);
module_exit(counters_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("edu: interrupts counted, and shown in many places");
