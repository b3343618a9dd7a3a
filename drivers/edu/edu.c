// SPDX-License-Identifier: MIT
/*
 * A driver for QEMU's teaching card "edu" (1234:11e8): a factorial, 4 KiB of memory, and a DMA
 * engine that reaches 28 bits of address. Its registers:
 * https://www.qemu.org/docs/master/specs/edu.html
 *
 * It shows the two ways to give a device memory, one function each: edu_move_coherent() and
 * edu_move_streaming(). What both share is the rule that memory is taken back only from a device
 * that is done with it, and edu_run() is where that is made sure.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "edu.h"

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8
#define EDU_BAR    0
#define EDU_CARDS  8 /* one program's worth; each has a bit in edu_numbers */

/* Registers. Those from 0x80 on take 4 or 8 bytes; an address of 28 bits needs no more than 4. */
#define EDU_ID               0x00
#define EDU_ID_MASK          0x000000ff
#define EDU_ID_VALUE         0x000000ed
#define EDU_LIVE             0x04
#define EDU_FACTORIAL        0x08
#define EDU_STATUS           0x20
#define EDU_STATUS_COMPUTING 0x01
#define EDU_STATUS_IRQ       0x80
#define EDU_IRQ_STATUS       0x24
#define EDU_IRQ_ACK          0x64
#define EDU_DMA_SOURCE       0x80
#define EDU_DMA_TARGET       0x88
#define EDU_DMA_COUNT        0x90
#define EDU_DMA_COMMAND      0x98
#define EDU_DMA_START        0x01
#define EDU_DMA_TO_MEMORY    0x02
#define EDU_DMA_IRQ          0x04
#define EDU_MEMORY           0x40000 /* where the card's own memory is, as its DMA engine counts */

#define EDU_PATIENCE msecs_to_jiffies(2000) /* a transfer takes 100 ms */

struct edu {
	struct pci_dev *pdev;
	void __iomem *regs;
	struct miscdevice misc;
	char name[8];
	unsigned int number;

	struct mutex lock;      /* the card does one thing at a time */
	wait_queue_head_t wait; /* woken by each interrupt */
	bool busy;              /* for poll() */
	bool dead;              /* it did not stop when it should have: not used any more */

	void *buffer; /* EDU_SIZE bytes, consistent */
	dma_addr_t buffer_dma;
};

struct edu_file {
	struct edu *edu;
	enum edu_mode mode;
};

static unsigned long edu_numbers;

/* --- the card --------------------------------------------------------------------------------- */

static bool edu_transferring(struct edu *edu)
{
	return readl(edu->regs + EDU_DMA_COMMAND) & EDU_DMA_START;
}

static bool edu_computing(struct edu *edu)
{
	return readl(edu->regs + EDU_STATUS) & EDU_STATUS_COMPUTING;
}

/*
 * The line may be shared (INTx), so look whether it was us. An interrupt only says "look at the
 * registers": one that comes late, for a transfer that was given up, then does no harm.
 */
static irqreturn_t edu_interrupt(int irq, void *data)
{
	struct edu *edu = data;
	u32 status = readl(edu->regs + EDU_IRQ_STATUS);

	if (!status)
		return IRQ_NONE;

	writel(status, edu->regs + EDU_IRQ_ACK);
	wake_up_interruptible(&edu->wait);
	return IRQ_HANDLED;
}

/*
 * The card can't be told to give up a transfer, so wait for its end, without letting a signal cut
 * that short: the caller takes the memory back when we return. A card that doesn't end is cut off
 * from memory instead.
 */
static void edu_quiesce(struct edu *edu)
{
	unsigned int tries;

	for (tries = 0; tries < 100; tries++) {
		if (!edu_transferring(edu))
			return;
		msleep(10);
	}

	dev_err(&edu->pdev->dev, "transfer doesn't end, card is cut off\n");
	edu->dead = true;
	pci_clear_master(edu->pdev);
}

/*
 * One transfer, start to end. On return, with an error too, the card no longer touches @dma.
 *
 * Success means that the transfer has ended, no more: the card doesn't report an address that it
 * could not reach.
 */
static int edu_run(struct edu *edu, dma_addr_t dma, u32 offset, u32 length, bool to_memory)
{
	u32 command = EDU_DMA_START | EDU_DMA_IRQ | (to_memory ? EDU_DMA_TO_MEMORY : 0);
	long left;

	if (edu->dead)
		return -EIO;

	WRITE_ONCE(edu->busy, true);
	writel(to_memory ? EDU_MEMORY + offset : dma, edu->regs + EDU_DMA_SOURCE);
	writel(to_memory ? dma : EDU_MEMORY + offset, edu->regs + EDU_DMA_TARGET);
	writel(length, edu->regs + EDU_DMA_COUNT);
	/*
	 * writel() comes after every earlier store to memory, so the card finds there what was
	 * written.
	 */
	writel(command, edu->regs + EDU_DMA_COMMAND);

	left = wait_event_interruptible_timeout(edu->wait, !edu_transferring(edu), EDU_PATIENCE);
	if (left <= 0)
		edu_quiesce(edu);

	WRITE_ONCE(edu->busy, false);
	wake_up_interruptible(&edu->wait);
	if (left < 0)
		return left;
	return left ? 0 : -ETIMEDOUT;
}

static int edu_factorial(struct edu *edu, u32 *value)
{
	long left;

	writel(EDU_STATUS_IRQ, edu->regs + EDU_STATUS);
	writel(*value, edu->regs + EDU_FACTORIAL);
	left = wait_event_interruptible_timeout(edu->wait, !edu_computing(edu), EDU_PATIENCE);
	if (left < 0)
		return left;
	if (!left)
		return -ETIMEDOUT;

	*value = readl(edu->regs + EDU_FACTORIAL);
	return 0;
}

/* --- two ways to give it memory --------------------------------------------------------------- */

/*
 * Consistent memory: both sides see each other's stores, no call in between. Mapped once, in probe.
 */
static int edu_move_coherent(struct edu *edu, void __user *user, u32 offset, u32 length,
			     bool to_memory)
{
	int err;

	if (!to_memory && copy_from_user(edu->buffer, user, length))
		return -EFAULT;
	err = edu_run(edu, edu->buffer_dma, offset, length, to_memory);
	if (err)
		return err;
	if (to_memory && copy_to_user(user, edu->buffer, length))
		return -EFAULT;
	return 0;
}

/*
 * Streaming: ordinary memory is lent to the card for one transfer. From map to unmap the CPU leaves
 * it alone.
 */
static int edu_move_streaming(struct edu *edu, void __user *user, u32 offset, u32 length,
			      bool to_memory)
{
	enum dma_data_direction dir = to_memory ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	struct device *dev = &edu->pdev->dev;
	dma_addr_t dma;
	void *data;
	int err;

	/*
	 * Zeroed: should the transfer fail unseen, the user gets zeroes, and not what was in memory
	 * before.
	 */
	data = kzalloc(length, GFP_KERNEL);
	if (!data)
		return -ENOMEM;

	err = -EFAULT;
	if (!to_memory && copy_from_user(data, user, length))
		goto free_data;

	/*
	 * Any mapping can fail: no bounce buffer free, no address free. That is an error, and no
	 * reason to stop the machine.
	 */
	dma = dma_map_single(dev, data, length, dir);
	err = -ENOMEM;
	if (dma_mapping_error(dev, dma))
		goto free_data;

	err = edu_run(edu, dma, offset, length, to_memory);
	dma_unmap_single(dev, dma, length, dir);

	/* Only now do the bytes belong to the CPU again. */
	if (!err && to_memory && copy_to_user(user, data, length))
		err = -EFAULT;
free_data:
	kfree(data);
	return err;
}

/* --- the file --------------------------------------------------------------------------------- */

static int edu_open(struct inode *inode, struct file *file)
{
	struct edu *edu = container_of(file->private_data, struct edu, misc);
	struct edu_file *handle = kzalloc(sizeof(*handle), GFP_KERNEL);

	if (!handle)
		return -ENOMEM;

	handle->edu = edu;
	handle->mode = EDU_COHERENT;
	file->private_data = handle;
	return 0;
}

static int edu_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t edu_move(struct edu_file *handle, char __user *user, size_t count, loff_t *pos,
			bool to_memory)
{
	struct edu *edu = handle->edu;
	u32 length = min_t(size_t, count, EDU_SIZE - *pos);
	int err;

	if (mutex_lock_interruptible(&edu->lock))
		return -ERESTARTSYS;
	if (handle->mode == EDU_COHERENT)
		err = edu_move_coherent(edu, user, *pos, length, to_memory);
	else
		err = edu_move_streaming(edu, user, *pos, length, to_memory);
	mutex_unlock(&edu->lock);
	if (err)
		return err;

	*pos += length;
	return length;
}

static ssize_t edu_read(struct file *file, char __user *user, size_t count, loff_t *pos)
{
	if (*pos < 0)
		return -EINVAL;
	if (*pos >= EDU_SIZE || !count)
		return 0;
	return edu_move(file->private_data, user, count, pos, true);
}

static ssize_t edu_write(struct file *file, const char __user *user, size_t count, loff_t *pos)
{
	if (*pos < 0)
		return -EINVAL;
	if (!count)
		return 0;
	if (*pos >= EDU_SIZE)
		return -ENOSPC;
	return edu_move(file->private_data, (char __user *)user, count, pos, false);
}

static loff_t edu_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, EDU_SIZE);
}

static long edu_ioctl_factorial(struct edu *edu, u32 __user *user)
{
	u32 value;
	int err;

	if (copy_from_user(&value, user, sizeof(value)))
		return -EFAULT;
	if (mutex_lock_interruptible(&edu->lock))
		return -ERESTARTSYS;
	err = edu_factorial(edu, &value);
	mutex_unlock(&edu->lock);
	if (!err && copy_to_user(user, &value, sizeof(value)))
		err = -EFAULT;
	return err;
}

static long edu_ioctl_mode(struct edu_file *handle, const u32 __user *user)
{
	u32 mode;

	if (copy_from_user(&mode, user, sizeof(mode)))
		return -EFAULT;
	if (mode != EDU_COHERENT && mode != EDU_STREAMING)
		return -EINVAL;

	handle->mode = mode;
	return 0;
}

static long edu_ioctl_move(struct edu *edu, const struct edu_move __user *user, bool to_memory)
{
	struct edu_move move;
	int err;

	if (copy_from_user(&move, user, sizeof(move)))
		return -EFAULT;
	/* Two comparisons and no sum: a sum of numbers from a user can wrap. */
	if (!move.length || move.offset >= EDU_SIZE || move.length > EDU_SIZE - move.offset)
		return -EINVAL;

	if (mutex_lock_interruptible(&edu->lock))
		return -ERESTARTSYS;
	err = edu_run(edu, edu->buffer_dma + move.offset, move.offset, move.length, to_memory);
	mutex_unlock(&edu->lock);
	return err;
}

static long edu_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct edu_file *handle = file->private_data;
	void __user *user = (void __user *)argument;

	switch (command) {
	case EDU_IOC_FACTORIAL:
		return edu_ioctl_factorial(handle->edu, user);
	case EDU_IOC_MODE:
		return edu_ioctl_mode(handle, user);
	case EDU_IOC_PUSH:
		return edu_ioctl_move(handle->edu, user, false);
	case EDU_IOC_PULL:
		return edu_ioctl_move(handle->edu, user, true);
	}
	return -ENOTTY;
}

/*
 * Which pages, and whether the user's view may be cached, is dma_mmap_coherent()'s business and
 * differs between machines.
 */
static int edu_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct edu_file *handle = file->private_data;
	struct edu *edu = handle->edu;

	return dma_mmap_coherent(&edu->pdev->dev, vma, edu->buffer, edu->buffer_dma, EDU_SIZE);
}

/* Readable and writable as long as no transfer is under way. */
static __poll_t edu_poll(struct file *file, poll_table *table)
{
	struct edu_file *handle = file->private_data;

	poll_wait(file, &handle->edu->wait, table);
	if (READ_ONCE(handle->edu->busy))
		return 0;
	return EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
}

static const struct file_operations edu_fops = {
	.owner = THIS_MODULE,
	.open = edu_open,
	.release = edu_release,
	.read = edu_read,
	.write = edu_write,
	.llseek = edu_llseek,
	.unlocked_ioctl = edu_ioctl,
	.mmap = edu_mmap,
	.poll = edu_poll,
};

/* --- life ------------------------------------------------------------------------------------- */

static int edu_take_number(struct edu *edu)
{
	for (edu->number = 0; edu->number < EDU_CARDS; edu->number++)
		if (!test_and_set_bit(edu->number, &edu_numbers))
			return 0;
	return -ENOSPC;
}

/*
 * All ones are what a read gives when no card answers; the liveness register gives back what was
 * written, inverted.
 */
static bool edu_answers(struct edu *edu)
{
	const u32 word = 0x5a17c0de;

	if ((readl(edu->regs + EDU_ID) & EDU_ID_MASK) != EDU_ID_VALUE)
		return false;

	writel(word, edu->regs + EDU_LIVE);
	return readl(edu->regs + EDU_LIVE) == ~word;
}

/*
 * What is managed (pcim_, devm_, dmam_) is given back by itself, after remove() or when this fails.
 */
static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct edu *edu;
	int err;

	edu = devm_kzalloc(dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	edu->pdev = pdev;
	mutex_init(&edu->lock);
	init_waitqueue_head(&edu->wait);
	pci_set_drvdata(pdev, edu);

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(pdev, BIT(EDU_BAR), KBUILD_MODNAME);
	if (err)
		return err;
	edu->regs = pcim_iomap_table(pdev)[EDU_BAR];
	if (!edu_answers(edu))
		return dev_err_probe(dev, -ENODEV, "card doesn't answer\n");

	/*
	 * Before the first mapping: from here on no address that needs more than 28 bits is handed
	 * to the card.
	 */
	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(28));
	if (err)
		return dev_err_probe(dev, err, "no DMA within 28 bits on this machine\n");
	edu->buffer = dmam_alloc_coherent(dev, EDU_SIZE, &edu->buffer_dma, GFP_KERNEL);
	if (!edu->buffer)
		return -ENOMEM;
	pci_set_master(pdev);

	/* MSI where there is one, else the line. */
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (err < 0)
		goto clear_master;
	err = request_irq(pci_irq_vector(pdev, 0), edu_interrupt, IRQF_SHARED, KBUILD_MODNAME, edu);
	if (err)
		goto free_vectors;

	err = edu_take_number(edu);
	if (err)
		goto free_irq;
	snprintf(edu->name, sizeof(edu->name), "edu%u", edu->number);
	edu->misc.minor = MISC_DYNAMIC_MINOR;
	edu->misc.name = edu->name;
	edu->misc.fops = &edu_fops;
	edu->misc.parent = dev;
	/* Last: a program may call as soon as the file is there. */
	err = misc_register(&edu->misc);
	if (err)
		goto free_number;
	return 0;

free_number:
	clear_bit(edu->number, &edu_numbers);
free_irq:
	free_irq(pci_irq_vector(pdev, 0), edu);
free_vectors:
	pci_free_irq_vectors(pdev);
clear_master:
	pci_clear_master(pdev);
	return err;
}

/*
 * No file is open: an open one keeps the module, and nothing else can unbind (suppress_bind_attrs).
 * So nothing is under way.
 */
static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	misc_deregister(&edu->misc);
	clear_bit(edu->number, &edu_numbers);
	free_irq(pci_irq_vector(pdev, 0), edu);
	pci_free_irq_vectors(pdev);
	pci_clear_master(pdev);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = "edu",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.driver = {
		.suppress_bind_attrs = true,
	},
};
module_pci_driver(edu_driver);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("QEMU's edu card: factorial and DMA, as a lesson");
